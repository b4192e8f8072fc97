//! `cargo xtask test`: every check and every test level, with one table at the end.
//!
//! All tests are built by one cargo call, so that each dependency is compiled once; the test
//! programs are then started one by one, which gives an outcome per test for `conformance`.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::conformance;
use crate::terminal::say;
use crate::workspace;
use crate::workspace::build::{self, Built, Extent};

mod checks;
mod harness;
mod level;
mod report;
pub(crate) mod results;

use level::Level;
use report::{Line, Report};

/// What to run; everything by default.
#[derive(Debug, clap::Args)]
#[command(after_help = "Levels:\n  \
    1  unit tests, tables, properties, documentation examples (no network, no root)\n  \
    2  the real clients over the in-process simulators, with the clock paused\n  \
    3  a real control plane, the test plays the kubelet (Linux)\n  \
    4  real kubelet, containerd and agent (Linux, root)\n\n\
    A level that this machine cannot run is reported as skipped with the reason. \
    With CI=true a skip, or a level without tests, is a failure, and the cluster is built from its \
    pins: programs from KUBEBUILDER_ASSETS and the PATH are passed over.")]
pub(crate) struct Args {
    /// Run only this level (repeatable) and leave out formatting, lints and documentation
    #[arg(long, value_name = "1|2|3|4", value_parser = clap::value_parser!(u8).range(1..=4))]
    level: Vec<u8>,
    /// Run only tests whose path contains this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
}

/// Runs what `args` asks for; the last line counts passed, failed and skipped.
///
/// # Errors
/// When anything failed, or with `CI=true` was skipped.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = workspace::root();
    let strict = workspace::is_strict();
    let levels: Vec<Level> = Level::ALL
        .into_iter()
        .filter(|level| args.level.is_empty() || args.level.contains(&level.number()))
        .collect();
    let mut report = Report::new(strict);
    if args.level.is_empty() {
        for check in checks::ALL {
            report.add(run_check(check, &root));
        }
    }
    match run_levels(&levels, args.filter.as_deref(), level::Testbed::new(strict), &root) {
        Ok(lines) => lines.into_iter().for_each(|line| report.add(line)),
        Err(error) => report.add(Line::broken("tests", &format!("{error:#}"))),
    }
    if strict && args.level.is_empty() && args.filter.is_none() {
        report.add(check_conformance());
    }
    report.print();
    if report.is_good() {
        return Ok(());
    }
    bail!("not everything passed")
}

/// One check, with its output on the terminal.
fn run_check(check: &checks::Check, root: &Path) -> Line {
    if let Some(reason) = check.obstacle() {
        return Line::skipped(check.name, reason);
    }
    say!("\n== {}: {}", check.name, check.shown());
    let started = Instant::now();
    let outcome = check.run(root);
    Line::check(check.name, outcome, started.elapsed())
}

/// Whether every rule that must have a test has one that passed just now. Only where all levels must run: a rule
/// may have its test at any of them.
fn check_conformance() -> Line {
    say!("\n== conformance");
    let started = Instant::now();
    Line::check("conformance", conformance::run(&conformance::Args::default()), started.elapsed())
}

/// Builds the tests, starts the cluster if a level needs one, and runs the levels in order.
fn run_levels(
    levels: &[Level],
    filter: Option<&str>,
    mut testbed: level::Testbed,
    root: &Path,
) -> Result<Vec<Line>> {
    let mut lines = Vec::new();
    let mut runnable = Vec::new();
    for level in levels {
        match level.obstacle() {
            Some(reason) => lines.push(Line::skipped(level.name(), &reason)),
            None => runnable.push(*level),
        }
    }
    if runnable.is_empty() {
        return Ok(lines);
    }
    say!("\n== build the tests");
    let started = Instant::now();
    let extent = match runnable.as_slice() {
        // Alone it leaves out the unit tests of what scenarios share, and a browser client with it.
        [Level::One] => Extent::WithoutScenarios,
        _ => Extent::Everything,
    };
    let built = build::build(extent, root)?;
    lines.push(Line::check("build", Ok(()), started.elapsed()));
    for level in runnable {
        say!("\n== level {}: {}", level.number(), level.meaning());
        let started = Instant::now();
        let line = match run_level(level, &built, filter, &mut testbed, root) {
            Ok(tests) => Line::level(level, &tests, started.elapsed()),
            Err(error) => Line::broken(level.name(), &format!("{error:#}")),
        };
        line.print();
        lines.push(line);
    }
    Ok(lines)
}

/// Runs the programs of one level and writes down how each test ended.
fn run_level(
    level: Level,
    built: &Built,
    filter: Option<&str>,
    testbed: &mut level::Testbed,
    root: &Path,
) -> Result<Vec<results::TestResult>> {
    let environment = testbed.environment(level, built)?;
    let plan = harness::Plan {
        environment: &environment,
        filter,
        threads: level.threads(),
        each: level.shows_each_test(),
        deadline: Duration::from_secs(30 * 60),
    };
    let mut tests = Vec::new();
    for program in built.programs().iter().filter(|program| level.owns(program)) {
        tests.extend(harness::run(program, &plan)?);
    }
    match level {
        Level::One => tests.extend(harness::run_doctests(built.extent, root, &plan)?),
        Level::Two => tests.extend(harness::run_simulation(root, &plan)?),
        Level::Three | Level::Four => {}
    }
    // A filtered run says nothing about the other tests, so it leaves the old results alone.
    if filter.is_none() {
        results::write(root, level.number(), &tests)
            .with_context(|| format!("cannot write the results of level {}", level.number()))?;
    }
    Ok(tests)
}
