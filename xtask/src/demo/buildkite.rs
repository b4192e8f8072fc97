//! The simulated Buildkite: in this process, on an address that pods reach.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::str::FromStr;

use anyhow::Context as _;
use buildkite_sim::{Options, Simulator, Token};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Queue of the controller and of steps that name none.
pub(super) const QUEUE: &str = "kubernetes";

/// Taken if it is free, so that the page's address is the same every time.
pub(super) const USUAL_PORT: u16 = 8091;

/// Where pods are told to find this machine: an address or a name, with a port if it matters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Advertised {
    /// As it stands in a URL: an IPv6 address has its brackets.
    pub(super) host: String,
    port: Option<u16>,
}

impl FromStr for Advertised {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Ok(address) = text.trim_matches(['[', ']']).parse::<IpAddr>() {
            return Ok(address.into());
        }
        if text.contains('/') {
            return Err("write an address or a host name alone, not a URL".to_owned());
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) => {
                let port: u16 = port.parse().map_err(|_| format!("`{port}` is not a port"))?;
                (host, Some(port))
            }
            None => (text, None),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-');
        let is_host = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok() || host.chars().all(is_name);
        if host.is_empty() || !is_host {
            return Err("write an address or a host name, with `:PORT` if it matters".to_owned());
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl From<IpAddr> for Advertised {
    fn from(address: IpAddr) -> Self {
        let host = match address {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => format!("[{address}]"),
        };
        Self { host, port: None }
    }
}

impl fmt::Display for Advertised {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(formatter, "{}:{port}", self.host),
            None => formatter.write_str(&self.host),
        }
    }
}

/// A simulator that serves; it ends with this value.
#[derive(Debug)]
pub(super) struct Buildkite {
    /// Port that it listens on.
    pub(super) port: u16,
    /// Where pods find it, without a path.
    pub(super) url: String,
    /// Where this machine finds it, without a path; the page is there.
    pub(super) local_url: String,
    /// It listens on every interface, as the address given is none of this machine's own.
    pub(super) is_open: bool,
    /// What agents and controllers sign in with.
    pub(super) agent_token: Token,
    server: JoinHandle<()>,
}

impl Buildkite {
    /// What others may do meanwhile, if they reach the port at all.
    pub(super) fn warning(&self, host: &str, namespace: &str) -> Option<String> {
        warning(host, self.port, self.is_open, namespace)
    }
}

/// `None` if only this machine reaches the port: it listens on a loopback address and nowhere else.
fn warning(host: &str, port: u16, is_open: bool, namespace: &str) -> Option<String> {
    let where_open = if is_open {
        format!("{host} is no address of this machine itself, so port {port} is open on all of its addresses")
    } else if own_address(host).is_some_and(|own| own.is_loopback()) {
        return None;
    } else {
        format!("port {port} is open on {host}")
    };
    Some(format!("{where_open}: whoever\nreaches it can run pipelines in namespace {namespace} meanwhile"))
}

fn own_address(host: &str) -> Option<IpAddr> {
    host.trim_matches(['[', ']']).parse().ok()
}

impl Drop for Buildkite {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Starts a simulator for pods that are told `advertised`.
///
/// # Errors
/// When the port is taken.
pub(super) async fn start(advertised: &Advertised) -> anyhow::Result<Buildkite> {
    let (listener, is_open) = listen(advertised).await?;
    let address = listener.local_addr().context("read the simulator's address")?;
    // Unguessable: with `--cluster current` others may reach the port.
    let agent_token = Token::new(format!("bkct_demo_{}", uuid::Uuid::new_v4().simple()));
    let simulator = Simulator::new(Options {
        agent_tokens: vec![agent_token.clone()],
        default_queue: QUEUE.to_owned(),
        ..Options::default()
    });
    let server = tokio::spawn(async move {
        let router = simulator.router();
        // It ends with this process or with its handle.
        let _ = simulator.serve(listener, router, std::future::pending()).await;
    });
    let port = address.port();
    let local = if is_open { SocketAddr::from((Ipv4Addr::LOCALHOST, port)) } else { address };
    Ok(Buildkite {
        port,
        url: format!("http://{}:{port}", advertised.host),
        local_url: format!("http://{local}"),
        is_open,
        agent_token,
        server,
    })
}

/// Listens on the advertised address if this machine has it, else on every address.
async fn listen(advertised: &Advertised) -> anyhow::Result<(TcpListener, bool)> {
    if let Some(own) = own_address(&advertised.host) {
        match bind(own, advertised.port).await {
            Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => {}
            bound => return Ok((bound.with_context(|| format!("listen on {advertised}"))?, false)),
        }
    }
    let everywhere = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let bound = bind(everywhere, advertised.port).await;
    Ok((bound.with_context(|| format!("listen for {advertised} on every address"))?, true))
}

async fn bind(address: IpAddr, port: Option<u16>) -> io::Result<TcpListener> {
    match port {
        Some(port) => TcpListener::bind((address, port)).await,
        None => match TcpListener::bind((address, USUAL_PORT)).await {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => TcpListener::bind((address, 0)).await,
            bound => bound,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_others_reach_is_told() {
        let told = |host, is_open| warning(host, 8091, is_open, "demo");
        let whoever = ": whoever\nreaches it can run pipelines in namespace demo meanwhile";
        assert_eq!(told("10.0.0.5", false), Some(format!("port 8091 is open on 10.0.0.5{whoever}")));
        assert!(told("[fd00::1]", false).is_some());
        assert!(told("host.docker.internal", true).is_some_and(|text| text.contains("all of its addresses")));
        assert_eq!(told("127.0.0.1", false), None);
        assert_eq!(told("[::1]", false), None);
    }

    #[test]
    fn addresses_and_names_are_read_with_and_without_a_port() {
        for (text, host, port) in [
            ("10.0.0.5", "10.0.0.5", None),
            ("10.0.0.5:9000", "10.0.0.5", Some(9000)),
            ("host.docker.internal", "host.docker.internal", None),
            ("host.docker.internal:80", "host.docker.internal", Some(80)),
            ("fd00::1", "[fd00::1]", None),
            ("[fd00::1]:80", "[fd00::1]", Some(80)),
        ] {
            assert_eq!(text.parse(), Ok(Advertised { host: host.to_owned(), port }), "{text}");
        }
        for text in ["", ":80", "a:b", "http://10.0.0.5", "10.0.0.5:99999", "a b"] {
            assert!(text.parse::<Advertised>().is_err(), "{text}");
        }
    }
}
