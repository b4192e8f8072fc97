//! Free ports for programs that want to be told one.

use std::net::{IpAddr, TcpListener};
use std::ops::Range;
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that kernels give to outgoing connections and to whoever asks for any, so that nobody takes one
/// by chance between our look and the program's; and apart from those that the end-to-end tests name.
const RANGE: Range<u16> = 10_000..12_000;

/// A TCP port of `address` that nobody listens on right now, and that this process names only once.
///
/// # Errors
/// When no port of the range can be had: the reason is that of the last one tried.
pub(crate) fn free(address: IpAddr) -> std::io::Result<u16> {
    static NAMED: AtomicU16 = AtomicU16::new(0);
    let length = RANGE.end - RANGE.start;
    // Processes that run at once begin at different places.
    let first =
        u16::try_from(std::process::id() % u32::from(length)).expect("less than the range").wrapping_mul(97);
    let mut refused = std::io::Error::other("no port was tried");
    for _ in RANGE {
        let place = first.wrapping_add(NAMED.fetch_add(1, Ordering::Relaxed)) % length;
        let port = RANGE.start + place;
        match TcpListener::bind((address, port)) {
            Ok(_) => return Ok(port),
            Err(error) => refused = error,
        }
    }
    Err(refused)
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_port_is_named_once_and_is_free() {
        let address = IpAddr::from(Ipv4Addr::LOCALHOST);
        let (first, second) = (free(address).unwrap(), free(address).unwrap());
        assert_ne!(first, second);
        assert!(RANGE.contains(&first) && RANGE.contains(&second));
        let held = TcpListener::bind((address, first));
        assert!((0..10).all(|_| free(address).unwrap() != first), "{held:?}");
    }
}
