//! k8s-runtime
