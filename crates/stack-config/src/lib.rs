//! stack-config
