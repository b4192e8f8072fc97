//! The controller's program: reads the settings, puts the crates together, runs them.

use std::process::ExitCode;

fn main() -> ExitCode {
    agent_stack_k8s::main()
}
