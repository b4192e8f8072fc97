//! The API from outside: requests in, answers out.

#![expect(clippy::unwrap_used, reason = "test code")]

mod access;
mod bad_input;
mod client;
mod deletion;
mod load;
mod objects;
mod paging;
mod patches;
mod processes;
mod runtime;
mod tables;
mod watches;
