//! agent-stack-k8s
fn main() {}
