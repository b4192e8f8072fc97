//! Free ports for programs that want to be told one.

use std::{
    net::{IpAddr, TcpListener},
    ops::Range,
    sync::atomic::{AtomicU32, Ordering},
};

/// Below the ports that kernels give to outgoing connections and to whoever asks for any: so nobody takes one by
/// chance between our look and the program's.
const RANGE: Range<u16> = 12_000..32_000;

/// A TCP port of `address` that nobody listens on right now, and that this process names only once.
///
/// # Panics
/// When the address is not one of this machine.
#[must_use]
pub fn free(address: IpAddr) -> u16 {
    static NAMED: AtomicU32 = AtomicU32::new(0);
    // Processes that run at once begin at different places.
    let first = std::process::id().wrapping_mul(97);
    let mut refused = None;
    for _ in RANGE {
        let place =
            first.wrapping_add(NAMED.fetch_add(1, Ordering::Relaxed)) % u32::from(RANGE.end - RANGE.start);
        let port = RANGE.start + u16::try_from(place).expect("the range is one of ports");
        match TcpListener::bind((address, port)) {
            Ok(_) => return port,
            Err(error) => refused = Some(error),
        }
    }
    panic!("cannot listen on {address}: {refused:?}")
}
