//! Which proxy leads to the API server.
//!
//! kube 5.0 matches `NO_PROXY` against the proxy's own address and ignores proxies in a cluster,
//! so the choice is made here.

use std::net::IpAddr;

use http::Uri;

/// The proxy variables of the environment, as given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProxyEnvironment {
    /// `HTTPS_PROXY` or `https_proxy`.
    pub https_proxy: Option<String>,
    /// `HTTP_PROXY` or `http_proxy`.
    pub http_proxy: Option<String>,
    /// `NO_PROXY` or `no_proxy`.
    pub no_proxy: Option<String>,
}

impl ProxyEnvironment {
    /// Reads the variables of this process, upper case first.
    #[must_use]
    pub fn from_env() -> Self {
        let read = |upper: &str, lower: &str| {
            let value = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
            value(upper).or_else(|| value(lower))
        };
        Self {
            https_proxy: read("HTTPS_PROXY", "https_proxy"),
            http_proxy: read("HTTP_PROXY", "http_proxy"),
            no_proxy: read("NO_PROXY", "no_proxy"),
        }
    }

    /// The proxy for this server, if any. Loopback addresses never go through one.
    pub(crate) fn proxy_for(&self, server: &Uri) -> Option<&str> {
        let proxy = match server.scheme_str() {
            Some("https") => self.https_proxy.as_deref(),
            _ => self.http_proxy.as_deref(),
        }?;
        let host = server.host()?.trim_matches(['[', ']']).to_ascii_lowercase();
        let address: Option<IpAddr> = host.parse().ok();
        let loopback = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        let exempt = |entry: &str| matches(entry, &host, address);
        let exempted = self.no_proxy.as_deref().is_some_and(|list| list.split(',').any(exempt));
        (!loopback && !exempted).then_some(proxy)
    }
}

/// One entry of `NO_PROXY`: `*`, an address, a network, or a domain with everything below it.
fn matches(entry: &str, host: &str, address: Option<IpAddr>) -> bool {
    let entry = entry.trim().to_ascii_lowercase();
    let entry = entry.trim_start_matches("*.").trim_start_matches('.');
    if entry.is_empty() {
        return false;
    }
    if entry == "*" || entry.trim_matches(['[', ']']) == host {
        return true;
    }
    match address {
        Some(address) => entry
            .split_once('/')
            .and_then(|(network, bits)| in_network(address, network.parse().ok()?, bits.parse().ok()?))
            .unwrap_or(false),
        None => host.strip_suffix(entry).is_some_and(|rest| rest.ends_with('.')),
    }
}

fn in_network(address: IpAddr, network: IpAddr, prefix: u32) -> Option<bool> {
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (u128::from(address.to_bits()), u128::from(network.to_bits()), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        _ => return None,
    };
    let host_bits = u32::checked_sub(width, prefix)?;
    // A shift by the full width would overflow: the network of everything.
    let cut = |value: u128| value.checked_shr(host_bits).unwrap_or(0);
    Some(cut(address) == cut(network))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_matched_against_the_server() {
        let proxied = |server: &str, no_proxy: &str| {
            let environment = ProxyEnvironment {
                https_proxy: Some("http://proxy.test:3128".to_owned()),
                http_proxy: None,
                no_proxy: Some(no_proxy.to_owned()),
            };
            environment.proxy_for(&server.parse().unwrap()).is_some()
        };
        // server, NO_PROXY, goes through the proxy
        let table = [
            ("https://k8s.example.test:6443", "", true),
            ("https://k8s.example.test:6443", "proxy.test", true),
            ("https://k8s.example.test:6443", "*", false),
            ("https://k8s.example.test:6443", "other.test, .example.test", false),
            ("https://k8s.example.test:6443", "*.EXAMPLE.test", false),
            ("https://k8s.example.test:6443", "example.test", false),
            ("https://notexample.test", "example.test", true),
            ("https://10.96.0.1", "10.96.0.0/12", false),
            ("https://10.96.0.1", "10.97.0.0/16", true),
            ("https://10.96.0.1", "10.96.0.1", false),
            ("https://10.96.0.1", "0.0.0.0/0", false),
            ("https://10.96.0.1", "10.96.0.0/64", true),
            ("https://[fd00::1]", "fd00::/8", false),
            ("https://[fd00::1]:443", "fd00::1", false),
            ("https://127.0.0.1:6443", "", false),
            ("https://localhost:6443", "", false),
            ("http://k8s.example.test", "", false),
        ];
        for (server, no_proxy, want) in table {
            assert_eq!(proxied(server, no_proxy), want, "{server} with NO_PROXY={no_proxy}");
        }
    }
}
