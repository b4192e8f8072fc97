//! The four levels, what each needs from the machine, and what its tests find in the environment.

use std::collections::BTreeMap;

use anyhow::{Result, ensure};

use crate::cluster::packages::{self, Program};
use crate::cluster::{self, Options, Running};
use crate::terminal::say;
use crate::workspace::build::{self, Built, SCENARIOS, UNIT};

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
    pub(super) fn owns(self, program: &build::Program) -> bool {
        let targets: &[&str] = match self {
            // What scenarios share is plain code and has plain unit tests. They do not count as
            // level 2, which would otherwise seem to have tests when it has lost its own.
            Self::One => return program.package != SCENARIOS || program.target == UNIT,
            Self::Two => &["level2"],
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
            Self::Three => Some(6),
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
#[derive(Debug)]
pub(super) struct Testbed {
    strict: bool,
    running: Option<Running>,
}

/// What tests of every level call by name: the shells that steps find in images, and git.
const EVERYWHERE: &[Program] = &[
    Program { command: "bash", package: "bash" },
    Program { command: "busybox", package: "busybox" },
    Program { command: "git", package: "git" },
];

/// The browser of the page test, and what drives it.
const BROWSER: &[Program] = &[
    Program { command: "chromium", package: "chromium" },
    Program { command: "chromedriver", package: "chromium-driver" },
];

impl Testbed {
    /// No cluster yet. A `strict` run takes no machine on which some tests would check less.
    pub(super) fn new(strict: bool) -> Self {
        Self { strict, running: None }
    }

    /// Starts what the level needs and returns the variables that describe it.
    ///
    /// # Errors
    /// When the cluster does not come up, or a program is missing that the level cannot do without;
    /// a `strict` run does without none.
    pub(super) fn environment(&mut self, level: Level, built: &Built) -> Result<BTreeMap<String, String>> {
        let mut environment = BTreeMap::new();
        if let Err(error) = packages::ensure_programs(EVERYWHERE) {
            // Where nothing can be installed, most tests of the first levels run all the same.
            ensure!(!self.strict && level <= Level::Two, error);
            say!("some tests will miss something: {error:#}");
        }
        if !matches!(level, Level::Three | Level::Four) {
            return Ok(environment);
        }
        if level == Level::Four {
            packages::ensure_programs(BROWSER)?;
        }
        // Each level has a cluster of its own: a node would run the pods whose kubelet the tests
        // of level 3 play. The one before goes first, to leave the machine to the other.
        self.running = None;
        let dir = cluster::state_dir(&format!("test-level-{}", level.number()));
        let options = Options { dir: dir.clone(), node: level == Level::Four, parts: None, tied: true };
        let running = cluster::start(&options)?;
        for (name, value) in running.access.environment() {
            environment.insert(name.to_owned(), value);
        }
        self.running = Some(running);
        for (name, path) in [
            ("TESTBED_DIR", dir.as_path()),
            ("TESTBED_CONTROLLER_BIN", built.binary("agent-stack-k8s")?),
            ("TESTBED_SIMULATOR_BIN", built.binary("buildkite-sim")?),
            ("TESTBED_XTASK_BIN", built.binary("xtask")?),
        ] {
            environment.insert(name.to_owned(), path.display().to_string());
        }
        Ok(environment)
    }
}
