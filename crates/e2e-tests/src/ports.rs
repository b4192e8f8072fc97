//! Free ports for programs that want to be told one.

use std::net::{IpAddr, TcpListener};

/// A TCP port of `address` that nobody listens on right now.
///
/// # Panics
/// When the address is not one of this machine.
#[must_use]
pub fn free(address: IpAddr) -> u16 {
    TcpListener::bind((address, 0))
        .and_then(|listener| listener.local_addr())
        .unwrap_or_else(|error| panic!("cannot listen on {address}: {error}"))
        .port()
}
