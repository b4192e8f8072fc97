//! What one cluster is: its directory, addresses and ports. Written by `up`, read by everything else.

use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

/// Everything the supervisor needs to know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Spec {
    /// The state directory, absolute.
    pub(crate) dir: PathBuf,
    /// Whether there is a node that runs pods.
    pub(crate) node: bool,
    /// Whether the cluster ends when the supervisor's standard input does.
    pub(crate) tied: bool,
    /// Addresses and ports.
    pub(crate) network: Network,
    /// OCI layouts to import on the node.
    pub(crate) images: Vec<PathBuf>,
}

/// Addresses and ports of one cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Network {
    /// Where pods and the control plane reach this machine.
    pub(crate) host: Ipv4Addr,
    /// Where the control plane listens.
    pub(crate) inside: Ipv4Addr,
    /// The machine's end of the wire to the node's network namespace.
    pub(crate) link: Option<String>,
    /// Ports at `inside`.
    pub(crate) api_port: u16,
    /// etcd, for the API server.
    pub(crate) etcd_port: u16,
    /// etcd, for its peers, of which there are none.
    pub(crate) etcd_peer_port: u16,
}

/// Prefix length of the wire between machine and node: two addresses and no more.
pub(crate) const LINK_PREFIX: u8 = 30;
/// Addresses of pods. The same in every cluster, as each has a network namespace of its own.
pub(crate) const POD_SUBNET: &str = "10.88.0.0/16";
/// Addresses of Services.
pub(crate) const SERVICE_SUBNET: &str = "10.96.0.0/16";
/// The Service `kubernetes`, the first of the subnet.
pub(crate) const API_SERVICE: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 1);
/// Where pods are told to look for names. Nothing answers there.
pub(crate) const DNS_SERVICE: Ipv4Addr = Ipv4Addr::new(10, 96, 0, 10);
/// Wires that can stand side by side: a third octet each.
pub(crate) const LINKS: u8 = 250;

impl Network {
    /// A control plane on the loopback interface, at ports the caller found free.
    pub(crate) fn loopback([api_port, etcd_port, etcd_peer_port]: [u16; 3]) -> Self {
        let address = Ipv4Addr::LOCALHOST;
        Self { host: address, inside: address, link: None, api_port, etcd_port, etcd_peer_port }
    }

    /// A cluster in a network namespace of its own, at the end of wire `number`.
    pub(crate) fn wired(number: u8) -> Self {
        Self {
            host: Ipv4Addr::new(10, 199, number, 1),
            inside: Ipv4Addr::new(10, 199, number, 2),
            link: Some(format!("ask8s{number}")),
            api_port: 6443,
            etcd_port: 2379,
            etcd_peer_port: 2380,
        }
    }

    /// The API server's address for clients of any kind.
    pub(crate) fn api_url(&self) -> String {
        format!("https://{}:{}", self.inside, self.api_port)
    }

    /// Addresses the API server's certificate must hold.
    pub(crate) fn server_addresses(&self) -> Vec<IpAddr> {
        vec![self.inside.into(), Ipv4Addr::LOCALHOST.into(), API_SERVICE.into()]
    }
}

/// Paths below a state directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout<'a>(pub(crate) &'a Path);

impl Layout<'_> {
    /// Links to the programs in use.
    pub(crate) fn bin(self) -> PathBuf {
        self.0.join("bin")
    }
    /// Keys and certificates.
    pub(crate) fn pki(self) -> PathBuf {
        self.0.join("pki")
    }
    /// Configuration files of the programs.
    pub(crate) fn etc(self) -> PathBuf {
        self.0.join("etc")
    }
    /// One file per program; all that is left after the end.
    pub(crate) fn logs(self) -> PathBuf {
        self.0.join("logs")
    }
    /// etcd's data.
    pub(crate) fn etcd(self) -> PathBuf {
        self.0.join("etcd")
    }
    /// State of kubelet, containerd and the pod network.
    pub(crate) fn node(self) -> PathBuf {
        self.0.join("node")
    }
    /// What containerd keeps on the disk.
    pub(crate) fn containerd(self) -> PathBuf {
        self.node().join("containerd")
    }
    /// The admin's kubeconfig.
    pub(crate) fn kubeconfig(self) -> PathBuf {
        self.0.join("admin.kubeconfig")
    }
    /// The specification, for commands that come later.
    pub(crate) fn spec(self) -> PathBuf {
        self.0.join("cluster.json")
    }
    /// Process id of the supervisor's outer end.
    pub(crate) fn pid(self) -> PathBuf {
        self.0.join("supervisor.pid")
    }
    /// Name of the node, and of everything of this cluster that has no directory.
    pub(crate) fn id(self) -> String {
        let digest = Sha256::digest(self.0.as_os_str().as_encoded_bytes());
        format!("ask8s-{}", &super::image::hex(&digest)[..8])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wires_do_not_share_names_or_addresses() {
        let (one, two) = (Network::wired(1), Network::wired(2));
        assert_ne!(one.link, two.link);
        assert_ne!(one.host.octets()[..3], two.host.octets()[..3]);
        assert_eq!(one.api_url(), "https://10.199.1.2:6443");
    }

    #[test]
    fn link_names_fit_the_kernels_fifteen_bytes() {
        let link = Network::wired(LINKS).link.unwrap();
        assert!(format!("{link}p").len() <= 15, "{link}");
    }

    #[test]
    fn a_specification_survives_its_file() {
        let spec = Spec {
            dir: "/tmp/x".into(),
            node: true,
            tied: true,
            network: Network::wired(3),
            images: vec!["/tmp/i.tar".into()],
        };
        let text = serde_json::to_string(&spec).unwrap();
        assert_eq!(serde_json::from_str::<Spec>(&text).unwrap(), spec);
    }

    #[test]
    fn directories_give_different_ids() {
        assert_ne!(Layout(Path::new("/a")).id(), Layout(Path::new("/b")).id());
    }
}
