//! Configuration files of the cluster's programs, as text.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::certs::Subject;
use super::images::PAUSE;
use super::spec::{DNS_SERVICE, Layout, POD_SUBNET, Spec};

/// Socket of containerd; `/run` is the node's own.
pub(crate) const CONTAINERD_SOCKET: &str = "/run/containerd/containerd.sock";

/// Users of the API that get a kubeconfig: file name, user, group.
pub(crate) const CLIENTS: &[(&str, &str, Option<&str>)] = &[
    ("admin", "testbed-admin", Some("system:masters")),
    ("controller-manager", "system:kube-controller-manager", None),
    ("scheduler", "system:kube-scheduler", None),
    ("kube-proxy", "system:kube-proxy", Some("system:node-proxier")),
    ("kubelet-client", "kube-apiserver-kubelet-client", Some("system:masters")),
];

/// Whom certificates are made for. `node` and `addresses` outlive the answer.
pub(crate) fn subjects<'a>(
    node: &'a str,
    node_user: &'a str,
    addresses: &'a [std::net::IpAddr],
) -> Vec<Subject<'a>> {
    let client = |file, common_name, organization| Subject {
        file,
        common_name,
        organization,
        addresses: &[],
        names: &[],
    };
    let mut subjects: Vec<_> = CLIENTS
        .iter()
        .map(|&(file, common_name, organization)| client(file, common_name, organization))
        .collect();
    subjects.push(client("kubelet", node_user, Some("system:nodes")));
    subjects.push(Subject {
        file: "apiserver",
        common_name: "kube-apiserver",
        organization: None,
        addresses,
        names: &["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"],
    });
    subjects.push(Subject {
        file: "kubelet-server",
        common_name: node,
        organization: None,
        addresses,
        names: &[],
    });
    subjects
}

/// A kubeconfig with everything inside, so that it can be copied.
pub(crate) fn kubeconfig(spec: &Spec, user: &str, pki: &BTreeMap<String, String>) -> String {
    use base64::Engine as _;
    let data = |file: String| {
        let pem = pki.get(&file).expect("every user of the API has a certificate");
        base64::engine::general_purpose::STANDARD.encode(pem)
    };
    let text = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "testbed", "cluster": {
            "server": spec.network.api_url(),
            "certificate-authority-data": data("ca.crt".to_owned()),
        }}],
        "users": [{"name": user, "user": {
            "client-certificate-data": data(format!("{user}.crt")),
            "client-key-data": data(format!("{user}.key")),
        }}],
        "contexts": [{"name": "testbed", "context": {"cluster": "testbed", "user": user}}],
        "current-context": "testbed",
    });
    yaml(&text)
}

/// Every file of `etc/`, by name.
pub(crate) fn files(spec: &Spec, runc: &Path) -> BTreeMap<&'static str, String> {
    let mut files = BTreeMap::new();
    if spec.node {
        files.insert("containerd.toml", containerd(spec, runc));
        files.insert("cni/10-testbed.conflist", cni(spec));
        files.insert("kubelet.yaml", yaml(&kubelet(spec)));
        files.insert("kube-proxy.yaml", yaml(&kube_proxy(spec)));
        // Names are not resolved in this cluster, and no question may leave the machine.
        files.insert("resolv.conf", "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n".to_owned());
        files.insert("masquerade.nft", masquerade());
    }
    files
}

fn containerd(spec: &Spec, runc: &Path) -> String {
    let layout = Layout(&spec.dir);
    let quoted = |path: PathBuf| format!("{:?}", path.display().to_string());
    format!(
        r#"version = 3
root = {root}
state = "/run/containerd"
disabled_plugins = ["io.containerd.nri.v1.nri", "io.containerd.snapshotter.v1.blockfile", "io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.snapshotter.v1.zfs"]

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins.'io.containerd.cri.v1.images']
  snapshotter = "overlayfs"
[plugins.'io.containerd.cri.v1.images'.pinned_images]
  sandbox = "{PAUSE}"

[plugins.'io.containerd.cri.v1.runtime']
  # Without CAP_SYS_RESOURCE no container could start with the score that the kubelet asks for.
  restrict_oom_score_adj = true
[plugins.'io.containerd.cri.v1.runtime'.containerd]
  default_runtime_name = "runc"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
  BinaryName = {runc}
  SystemdCgroup = false
[plugins.'io.containerd.cri.v1.runtime'.cni]
  bin_dirs = [{bin}]
  conf_dir = {cni}
"#,
        root = quoted(layout.containerd()),
        runc = quoted(runc.to_owned()),
        bin = quoted(layout.bin()),
        cni = quoted(layout.etc().join("cni")),
    )
}

fn cni(spec: &Spec) -> String {
    let data = Layout(&spec.dir).node().join("cni");
    let config = json!({
        "cniVersion": "1.0.0",
        "name": "testbed",
        "plugins": [{
            "type": "bridge",
            "bridge": "pods",
            "isGateway": true,
            "hairpinMode": true,
            "ipam": {
                "type": "host-local",
                "dataDir": data,
                "ranges": [[{"subnet": POD_SUBNET}]],
                "routes": [{"dst": "0.0.0.0/0"}],
            },
        }],
    });
    format!("{config:#}\n")
}

fn kubelet(spec: &Spec) -> Value {
    let layout = Layout(&spec.dir);
    let pki = layout.pki();
    json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": spec.network.inside,
        "authentication": {
            "anonymous": {"enabled": false},
            "webhook": {"enabled": true},
            "x509": {"clientCAFile": pki.join("ca.crt")},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": pki.join("kubelet-server.crt"),
        "tlsPrivateKeyFile": pki.join("kubelet-server.key"),
        "containerRuntimeEndpoint": format!("unix://{CONTAINERD_SOCKET}"),
        "cgroupDriver": "cgroupfs",
        "cgroupsPerQOS": false,
        "enforceNodeAllocatable": [],
        "failCgroupV1": false,
        "failSwapOn": false,
        "clusterDNS": [DNS_SERVICE],
        "clusterDomain": "cluster.local",
        "resolvConf": layout.etc().join("resolv.conf"),
        "serializeImagePulls": false,
        // The machine's disk is the developer's: only a really full one may evict pods.
        "evictionHard": {
            "imagefs.available": "1%", "memory.available": "50Mi",
            "nodefs.available": "1%", "nodefs.inodesFree": "1%",
        },
        "imageGCHighThresholdPercent": 100,
        "volumePluginDir": layout.node().join("volume-plugins"),
    })
}

fn kube_proxy(spec: &Spec) -> Value {
    json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clientConnection": {"kubeconfig": Layout(&spec.dir).etc().join("kube-proxy.kubeconfig")},
        "clusterCIDR": POD_SUBNET,
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        // Two pods on one bridge answer each other directly, past the translation: it must be undone
        // at the node, which the pods' own addresses would avoid.
        "nftables": {"masqueradeAll": true},
        "hostnameOverride": Layout(&spec.dir).id(),
    })
}

/// Pods reach the machine with the node's address, to which the machine knows the way.
fn masquerade() -> String {
    format!(
        "table ip testbed {{\n  chain postrouting {{\n    type nat hook postrouting priority srcnat;\n    \
         ip saddr {POD_SUBNET} oifname \"eth0\" masquerade\n  }}\n}}\n"
    )
}

fn yaml(value: &Value) -> String {
    serde_yaml::to_string(value).expect("a JSON value is always valid YAML")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::spec::Network;

    fn spec(node: bool) -> Spec {
        Spec { dir: "/state/one".into(), node, tied: false, network: Network::wired(0), images: Vec::new() }
    }

    #[test]
    fn a_control_plane_alone_needs_no_file() {
        assert!(files(&spec(false), Path::new("/usr/sbin/runc")).is_empty());
    }

    #[test]
    fn containerd_keeps_to_its_directory_and_runs_without_cap_sys_resource() {
        let text = &files(&spec(true), Path::new("/usr/sbin/runc"))["containerd.toml"];
        let config: toml::Value = toml::from_str(text).unwrap();
        assert_eq!(config["root"].as_str(), Some("/state/one/node/containerd"));
        let runtime = &config["plugins"]["io.containerd.cri.v1.runtime"];
        assert_eq!(runtime["restrict_oom_score_adj"].as_bool(), Some(true));
        let options = &runtime["containerd"]["runtimes"]["runc"]["options"];
        assert_eq!(options["BinaryName"].as_str(), Some("/usr/sbin/runc"));
        assert_eq!(runtime["cni"]["bin_dirs"][0].as_str(), Some("/state/one/bin"));
    }

    #[test]
    fn a_kubeconfig_holds_its_keys() {
        let pki = ["ca.crt", "admin.crt", "admin.key"].map(|file| (file.to_owned(), file.to_owned()));
        let text = kubeconfig(&spec(false), "admin", &BTreeMap::from(pki));
        let config: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(config["clusters"][0]["cluster"]["server"], "https://10.199.0.2:6443");
        assert_eq!(config["users"][0]["user"]["client-key-data"], "YWRtaW4ua2V5");
    }

    #[test]
    fn the_kubelet_and_the_api_server_are_servers() {
        let addresses = spec(true).network.server_addresses();
        let subjects = subjects("node", "system:node:node", &addresses);
        let servers: Vec<_> = subjects.iter().filter(|s| !s.addresses.is_empty()).map(|s| s.file).collect();
        assert_eq!(servers, ["apiserver", "kubelet-server"]);
    }
}
