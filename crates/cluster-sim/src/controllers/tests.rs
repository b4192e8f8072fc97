//! Every way in which a Job can end, and what is left of it afterwards.

pub(crate) mod bench;
mod cleanup;
mod endings;
