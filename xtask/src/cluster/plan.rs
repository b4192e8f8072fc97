//! Which programs a cluster runs, with which arguments, and what each waits for.

use std::path::PathBuf;

use super::config::CONTAINERD_SOCKET;
use super::namespace::KUBELET_ROOT;
use super::spec::{Layout, SERVICE_SUBNET, Spec};

/// One program of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Program {
    /// Name of its log, and for people.
    pub(crate) name: String,
    /// File name below `bin/`.
    pub(crate) file: &'static str,
    /// Arguments.
    pub(crate) args: Vec<String>,
    /// What must hold before it starts.
    pub(crate) after: Vec<Condition>,
    /// Whether it is started again when it ends.
    pub(crate) kind: Kind,
}

/// What a program may wait for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Condition {
    /// A file or socket exists.
    Exists(PathBuf),
    /// A program of kind [`Kind::Once`] has ended well.
    Done(String),
}

/// How long a program lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// As long as the cluster: an end is followed by a new start.
    Service,
    /// Until it has ended well once.
    Once,
}

/// The programs of a cluster, in the order of their start.
pub(crate) fn programs(spec: &Spec) -> Vec<Program> {
    let mut programs = vec![etcd(spec), api_server(spec), controller_manager(spec), scheduler(spec)];
    if spec.node {
        programs.push(containerd(spec));
        programs.extend(imports(spec));
        programs.push(kubelet(spec));
        programs.push(kube_proxy(spec));
    }
    programs
}

fn service(file: &'static str, args: Vec<String>) -> Program {
    Program { name: file.to_owned(), file, args, after: Vec::new(), kind: Kind::Service }
}

fn etcd(spec: &Spec) -> Program {
    let network = &spec.network;
    let client = etcd_url(spec);
    let peer = format!("http://{}:{}", network.inside, network.etcd_peer_port);
    service(
        "etcd",
        vec![
            format!("--data-dir={}", Layout(&spec.dir).etcd().display()),
            format!("--listen-client-urls={client}"),
            format!("--advertise-client-urls={client}"),
            format!("--listen-peer-urls={peer}"),
            format!("--initial-advertise-peer-urls={peer}"),
            format!("--initial-cluster=default={peer}"),
            // The data lives as long as the test.
            "--unsafe-no-fsync".to_owned(),
        ],
    )
}

fn etcd_url(spec: &Spec) -> String {
    format!("http://{}:{}", spec.network.inside, spec.network.etcd_port)
}

fn api_server(spec: &Spec) -> Program {
    let layout = Layout(&spec.dir);
    let pki = |file: &str| layout.pki().join(file).display().to_string();
    let network = &spec.network;
    let mut args = vec![
        format!("--etcd-servers={}", etcd_url(spec)),
        format!("--bind-address={}", network.inside),
        format!("--secure-port={}", network.api_port),
        format!("--advertise-address={}", network.inside),
        format!("--service-cluster-ip-range={SERVICE_SUBNET}"),
        format!("--tls-cert-file={}", pki("apiserver.crt")),
        format!("--tls-private-key-file={}", pki("apiserver.key")),
        format!("--client-ca-file={}", pki("ca.crt")),
        format!("--kubelet-certificate-authority={}", pki("ca.crt")),
        format!("--kubelet-client-certificate={}", pki("kubelet-client.crt")),
        format!("--kubelet-client-key={}", pki("kubelet-client.key")),
        "--kubelet-preferred-address-types=InternalIP".to_owned(),
        "--service-account-issuer=https://kubernetes.default.svc".to_owned(),
        format!("--service-account-key-file={}", pki("service-account.pub")),
        format!("--service-account-signing-key-file={}", pki("service-account.key")),
        "--authorization-mode=Node,RBAC".to_owned(),
        "--enable-admission-plugins=NodeRestriction".to_owned(),
        "--allow-privileged=true".to_owned(),
        "--profiling=false".to_owned(),
    ];
    if !spec.node {
        // No pod asks for the Service, and a loopback address is refused as its endpoint.
        args.push("--endpoint-reconciler-type=none".to_owned());
    }
    service("kube-apiserver", args)
}

fn controller_manager(spec: &Spec) -> Program {
    let layout = Layout(&spec.dir);
    let pki = |file: &str| layout.pki().join(file).display().to_string();
    service(
        "kube-controller-manager",
        vec![
            kubeconfig_flag(spec, "controller-manager"),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
            // Its default is a system directory, which it creates.
            format!("--flex-volume-plugin-dir={}", layout.node().join("volume-plugins").display()),
            "--use-service-account-credentials=true".to_owned(),
            format!("--service-account-private-key-file={}", pki("service-account.key")),
            format!("--root-ca-file={}", pki("ca.crt")),
            // All scenarios share the Job controller. With the default of 20 requests a second it ends
            // four Jobs a second, and a test of many Jobs would measure nothing else.
            "--kube-api-qps=200".to_owned(),
            "--kube-api-burst=400".to_owned(),
            "--profiling=false".to_owned(),
        ],
    )
}

fn scheduler(spec: &Spec) -> Program {
    service(
        "kube-scheduler",
        vec![
            kubeconfig_flag(spec, "scheduler"),
            "--leader-elect=false".to_owned(),
            "--secure-port=0".to_owned(),
            "--profiling=false".to_owned(),
        ],
    )
}

fn containerd(spec: &Spec) -> Program {
    let config = Layout(&spec.dir).etc().join("containerd.toml");
    service("containerd", vec![format!("--config={}", config.display())])
}

fn imports(spec: &Spec) -> Vec<Program> {
    let import = |(number, image): (usize, &PathBuf)| Program {
        name: import_name(number),
        file: "ctr",
        args: ["--address", CONTAINERD_SOCKET, "--namespace", "k8s.io", "images", "import"]
            .into_iter()
            .map(str::to_owned)
            .chain([image.display().to_string()])
            .collect(),
        after: vec![Condition::Exists(CONTAINERD_SOCKET.into())],
        kind: Kind::Once,
    };
    spec.images.iter().enumerate().map(import).collect()
}

fn import_name(number: usize) -> String {
    format!("import-{number}")
}

fn kubelet(spec: &Spec) -> Program {
    let layout = Layout(&spec.dir);
    let args = vec![
        kubeconfig_flag(spec, "kubelet"),
        format!("--config={}", layout.etc().join("kubelet.yaml").display()),
        format!("--root-dir={KUBELET_ROOT}"),
        format!("--cert-dir={}", layout.node().join("kubelet-pki").display()),
        format!("--hostname-override={}", layout.id()),
        format!("--node-ip={}", spec.network.inside),
    ];
    // A node without its images would be Ready too early.
    let after = (0..spec.images.len()).map(|number| Condition::Done(import_name(number))).collect();
    Program { after, ..service("kubelet", args) }
}

fn kube_proxy(spec: &Spec) -> Program {
    let config = Layout(&spec.dir).etc().join("kube-proxy.yaml");
    service("kube-proxy", vec![format!("--config={}", config.display())])
}

fn kubeconfig_flag(spec: &Spec, user: &str) -> String {
    let file = Layout(&spec.dir).etc().join(format!("{user}.kubeconfig"));
    format!("--kubeconfig={}", file.display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::spec::Network;

    fn spec(node: bool) -> Spec {
        Spec {
            dir: "/state/one".into(),
            node,
            tied: false,
            network: if node { Network::wired(0) } else { Network::loopback([1, 2, 3]) },
            images: if node { vec!["/a.tar".into(), "/b.tar".into()] } else { Vec::new() },
        }
    }

    fn names(spec: &Spec) -> Vec<String> {
        programs(spec).into_iter().map(|program| program.name).collect()
    }

    #[test]
    fn a_node_adds_its_programs() {
        let control_plane = ["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"];
        assert_eq!(names(&spec(false)), control_plane);
        let node = ["containerd", "import-0", "import-1", "kubelet", "kube-proxy"];
        assert_eq!(names(&spec(true)), [&control_plane[..], &node[..]].concat());
    }

    #[test]
    fn the_kubelet_waits_for_every_image() {
        let programs = programs(&spec(true));
        let kubelet = programs.iter().find(|program| program.name == "kubelet").unwrap();
        let wanted = ["import-0", "import-1"].map(|name| Condition::Done(name.to_owned()));
        assert_eq!(kubelet.after, wanted);
    }

    #[test]
    fn the_api_server_is_reached_by_pods_only_with_a_node() {
        let args = |node| api_server(&spec(node)).args;
        assert!(args(true).contains(&"--advertise-address=10.199.0.2".to_owned()));
        assert!(args(false).contains(&"--endpoint-reconciler-type=none".to_owned()));
    }
}
