//! Text formats (job-manifest 8): each module reads or writes one of them and knows nothing else.

pub(crate) mod duration;
pub(crate) mod image;
pub(crate) mod job_url;
pub(crate) mod label;
pub(crate) mod pattern;
pub(crate) mod quantity;
pub(crate) mod quote;
