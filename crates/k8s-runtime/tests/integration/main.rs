//! The runtime over a real `kube::Client` whose other end is an API server of this process.

#![expect(clippy::unwrap_used, reason = "test code")]

mod api_server;
mod calls;
mod watch;
