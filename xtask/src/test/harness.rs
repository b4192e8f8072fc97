//! Starting test programs and reading what they print.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use super::results::{Outcome, TestResult};
use crate::terminal::say;
use crate::workspace;
use crate::workspace::build::{Extent, Program};

/// How the programs of a level are run.
pub(super) struct Plan<'a> {
    /// Variables on top of those of this process.
    pub(super) environment: &'a BTreeMap<String, String>,
    /// Only tests whose path contains this.
    pub(super) filter: Option<&'a str>,
    /// Tests of one program that run at the same time; the machine's cores when `None`.
    pub(super) threads: Option<usize>,
    /// Show a line for each test rather than one for the program.
    pub(super) each: bool,
    /// A program that takes longer is killed and counts as failed.
    pub(super) deadline: Duration,
}

/// Runs one test program and shows what failed.
///
/// # Errors
/// When the program cannot be started; a program that crashes is a failed test instead.
pub(super) fn run(program: &Program, plan: &Plan<'_>) -> Result<Vec<TestResult>> {
    let mut command = Command::new(&program.executable);
    command
        .current_dir(&program.folder)
        .env("CARGO_MANIFEST_DIR", &program.folder)
        .env("CARGO_PKG_NAME", &program.package);
    command.args(plan.filter);
    if let Some(threads) = plan.threads {
        command.arg(format!("--test-threads={threads}"));
    }
    let name = format!("{} {}", program.package, program.target);
    supervise(&mut command, plan, &name, |path| TestResult {
        package: program.package.clone(),
        target: program.target.clone(),
        path,
        outcome: Outcome::Failed,
    })
}

/// Compiles and runs the examples in the documentation.
///
/// # Errors
/// When cargo cannot be started.
pub(super) fn run_doctests(extent: Extent, root: &Path, plan: &Plan<'_>) -> Result<Vec<TestResult>> {
    let mut command = workspace::cargo();
    command
        .args(["test", "--quiet", "--doc", "--locked", "--no-fail-fast"])
        .args(extent.selection())
        .arg("--")
        .args(["--format", "pretty"])
        .args(plan.filter)
        .current_dir(root);
    supervise(&mut command, plan, "documentation examples", |path| TestResult {
        package: "documentation".to_owned(),
        target: "doc".to_owned(),
        path,
        outcome: Outcome::Failed,
    })
}

/// Compiles the simulation with optimization and runs its seeds.
///
/// # Errors
/// When cargo cannot be started.
pub(super) fn run_simulation(root: &Path, plan: &Plan<'_>) -> Result<Vec<TestResult>> {
    let mut command = workspace::cargo();
    command
        .args(["test", "--locked", "--no-fail-fast", "--profile", "simulation"])
        .args(["--package", "simulation", "--features", "seeds,planted-defects", "--test", "seeds"])
        // Each test runs its seeds on all processors.
        // What it prints belongs to its result: what was injected, and what no plan has in it.
        .args(["--", "--format", "pretty", "--test-threads=1", "--show-output"])
        .args(plan.filter)
        .current_dir(root);
    supervise(&mut command, plan, "simulation seeds", |path| TestResult {
        package: "simulation".to_owned(),
        target: "seeds".to_owned(),
        path,
        outcome: Outcome::Failed,
    })
}

/// Runs a command that prints in the format of Rust's test harness.
fn supervise(
    command: &mut Command,
    plan: &Plan<'_>,
    name: &str,
    result: impl Fn(String) -> TestResult,
) -> Result<Vec<TestResult>> {
    let started = Instant::now();
    let mut child = command
        .envs(plan.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let watchdog = Watchdog::start(&child, plan.deadline);
    let mut tests = Vec::new();
    let mut transcript = String::new();
    let output = BufReader::new(child.stdout.take().expect("stdout is piped"));
    for line in output.lines() {
        let line = line.with_context(|| format!("cannot read the output of {name}"))?;
        if let Some((path, outcome)) = read_line(&line) {
            if plan.each {
                let seconds = started.elapsed().as_secs();
                say!("  {:<8} {path}  (at {seconds} s)", outcome.name());
            }
            tests.push(TestResult { outcome, ..result(path) });
        }
        transcript.push_str(&line);
        transcript.push('\n');
    }
    let status = child.wait().with_context(|| format!("{name} vanished"))?;
    let killed = watchdog.stop();
    let failed = tests.iter().filter(|test| test.outcome == Outcome::Failed).count();
    if failed == 0 && !status.success() {
        // It died outside a test: there must be a failure to show for it.
        tests.push(result(format!("({name} ended with {status})")));
    }
    if killed {
        say!("  {name} ran longer than {} min and was killed", plan.deadline.as_secs() / 60);
    }
    if failed > 0 || !status.success() {
        say!("{transcript}");
    } else if let Some(printed) = printed_by_passed(&transcript) {
        say!("{printed}");
    }
    if !plan.each && !tests.is_empty() {
        say!("  {name:<44} {:>5} tests {:>7.1} s", tests.len(), started.elapsed().as_secs_f64());
    }
    Ok(tests)
}

/// What tests that passed have printed, if the program was told to show it: it stands between two headings, of which
/// the second begins a list of names.
fn printed_by_passed(transcript: &str) -> Option<&str> {
    const HEADING: &str = "\nsuccesses:\n";
    let (_, rest) = transcript.split_once(HEADING)?;
    let (printed, _) = rest.split_once(HEADING)?;
    Some(printed.trim())
}

/// Kills a program that outlives its deadline.
struct Watchdog {
    finished: mpsc::Sender<()>,
    thread: std::thread::JoinHandle<bool>,
}

impl Watchdog {
    /// Watches `child` from a thread of its own.
    fn start(child: &Child, deadline: Duration) -> Self {
        let (finished, ended) = mpsc::channel();
        let id = i32::try_from(child.id()).expect("process ids fit into i32");
        let thread = std::thread::spawn(move || {
            let late = ended.recv_timeout(deadline) == Err(mpsc::RecvTimeoutError::Timeout);
            if late {
                let process = nix::unistd::Pid::from_raw(id);
                // Failure means that it has just ended by itself.
                let _ = nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGKILL);
            }
            late
        });
        Self { finished, thread }
    }

    /// Ends the watch; true if the deadline had passed.
    fn stop(self) -> bool {
        // The receiver is gone when the deadline has passed.
        let _ = self.finished.send(());
        self.thread.join().expect("the watchdog does not panic")
    }
}

/// Reads `test some::path ... ok`.
fn read_line(line: &str) -> Option<(String, Outcome)> {
    let (path, outcome) = line.strip_prefix("test ")?.rsplit_once(" ... ")?;
    let outcome = match outcome.split([',', ' ']).next()? {
        "ok" => Outcome::Passed,
        "FAILED" => Outcome::Failed,
        "ignored" => Outcome::Skipped,
        _ => return None,
    };
    let path = path.strip_suffix(" - should panic").unwrap_or(path);
    Some((path.to_owned(), outcome))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_harness_are_read() {
        let cases = [
            ("test a::b ... ok", Some(("a::b", Outcome::Passed))),
            ("test a::b ... FAILED", Some(("a::b", Outcome::Failed))),
            ("test a::b ... ignored, why", Some(("a::b", Outcome::Skipped))),
            ("test a - should panic ... ok", Some(("a", Outcome::Passed))),
            (
                "test crates/x/src/lib.rs - f (line 3) ... ok",
                Some(("crates/x/src/lib.rs - f (line 3)", Outcome::Passed)),
            ),
            ("test result: ok. 3 passed; 0 failed", None),
            ("running 3 tests", None),
            ("testing ... ok", None),
        ];
        for (line, want) in cases {
            let got = read_line(line);
            let got = got.as_ref().map(|(path, outcome)| (path.as_str(), *outcome));
            assert_eq!(got, want, "{line}");
        }
    }

    #[test]
    fn what_passed_tests_print_is_found() {
        let shown = "test a ... ok\n\nsuccesses:\n\n---- a stdout ----\n3 runs\n\n\nsuccesses:\n    a\n\ntest result: ok.\n";
        assert_eq!(printed_by_passed(shown), Some("---- a stdout ----\n3 runs"));
        assert_eq!(printed_by_passed("test a ... ok\n\ntest result: ok.\n"), None);
    }
}
