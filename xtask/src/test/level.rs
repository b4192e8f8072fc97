//! The four levels, what each needs from the machine, and what its tests find in the environment.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Result, bail};

use super::packages;
use crate::workspace::build::{Built, Program, SCENARIOS, UNIT};

/// A test level; each reuses what the one below has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Level {
    /// Pure tables, properties, snapshots, in-process servers.
    One,
    /// The whole stack against both simulators.
    Two,
    /// A real control plane.
    Three,
    /// A real node.
    Four,
}

impl Level {
    /// All levels in the order in which they run.
    pub(super) const ALL: [Self; 4] = [Self::One, Self::Two, Self::Three, Self::Four];

    /// The number that `--level` takes.
    pub(super) fn number(self) -> u8 {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Three => 3,
            Self::Four => 4,
        }
    }

    /// The name in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One => "level 1",
            Self::Two => "level 2",
            Self::Three => "level 3",
            Self::Four => "level 4",
        }
    }

    /// One line for the terminal.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::One => "unit tests and documentation examples",
            Self::Two => "in-process simulators under paused time",
            Self::Three => "real control plane, no node",
            Self::Four => "real node, real agent",
        }
    }

    /// Whether a test program belongs to this level.
    pub(super) fn owns(self, program: &Program) -> bool {
        let targets: &[&str] = match self {
            Self::One => return program.package != SCENARIOS,
            // What scenarios share is plain code and has plain unit tests.
            Self::Two => &[UNIT, "level2"],
            Self::Three => &["level3"],
            Self::Four => &["level4"],
        };
        program.package == SCENARIOS && targets.contains(&program.target.as_str())
    }

    /// Tests of one program that run side by side. Scenarios mostly wait for the cluster, so their
    /// number is chosen for what a small machine's control plane or node can serve.
    pub(super) fn threads(self) -> Option<usize> {
        match self {
            Self::One | Self::Two => None,
            Self::Three => Some(2),
            Self::Four => Some(4),
        }
    }

    /// Whether tests take long enough that each deserves a line.
    pub(super) fn shows_each_test(self) -> bool {
        matches!(self, Self::Three | Self::Four)
    }

    /// Why this machine cannot run the level, if it cannot.
    pub(super) fn obstacle(self) -> Option<String> {
        let needs_linux = matches!(self, Self::Three | Self::Four);
        if needs_linux && !cfg!(target_os = "linux") {
            return Some("the cluster's parts run on Linux only".to_owned());
        }
        if self == Self::Four && !nix::unistd::geteuid().is_root() {
            return Some("a node needs root".to_owned());
        }
        None
    }
}

/// The cluster of the level that runs; it goes with this value.
#[derive(Debug, Default)]
pub(super) struct Testbed;

impl Testbed {
    /// Starts what the level needs and returns the variables that describe it.
    ///
    /// # Errors
    /// When the cluster does not come up.
    pub(super) fn environment(
        &mut self,
        level: Level,
        built: &Built,
        _root: &Path,
    ) -> Result<BTreeMap<String, String>> {
        let mut environment = BTreeMap::new();
        if !matches!(level, Level::Three | Level::Four) {
            return Ok(environment);
        }
        for (name, binary) in [
            ("TESTBED_CONTROLLER_BIN", "agent-stack-k8s"),
            ("TESTBED_SIMULATOR_BIN", "buildkite-sim"),
            ("TESTBED_XTASK_BIN", "xtask"),
        ] {
            let path = built.binary(binary)?.display().to_string();
            environment.insert(name.to_owned(), path);
        }
        if level == Level::Four {
            packages::ensure(&["chromium", "chromium-driver"])?;
        }
        bail!("the cluster cannot be started from here yet")
    }
}
