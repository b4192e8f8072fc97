//! job-lifecycle
