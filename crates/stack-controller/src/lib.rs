//! stack-controller
