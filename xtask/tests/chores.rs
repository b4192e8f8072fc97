//! The chores as programs: what whoever types them, or pipes them into another program, gets.

use std::process::{Command, Stdio};

/// Whoever pipes a chore into `head` closes the pipe long before the chore has said everything.
#[test]
fn a_reader_that_leaves_is_no_failure() {
    let chores: [&[&str]; 2] = [&["conformance"], &["cluster", "status", "--name", "nobody-has-this-one"]];
    for chore in chores {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(env!("CARGO_BIN_EXE_xtask"));
        let ended = command.args(chore).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        let errors = String::from_utf8_lossy(&ended.stderr).into_owned();
        assert!(!errors.contains("panicked"), "{chore:?}: {errors}");
        assert_ne!(ended.status.code(), Some(101), "{chore:?}: {errors}");
    }
}
