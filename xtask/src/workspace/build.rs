//! One cargo call that builds every test program and binary, and what came out of it.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context, Result, bail};
use cargo_metadata::Message;

use crate::workspace;

/// A built test program.
#[derive(Debug, Clone)]
pub(crate) struct Program {
    /// Package name.
    pub(crate) package: String,
    /// Name of the test target, or [`UNIT`] for the tests inside `src`.
    pub(crate) target: String,
    /// Folder of the package: test programs are started there, as cargo does.
    pub(crate) folder: PathBuf,
    /// The file to start.
    pub(crate) executable: PathBuf,
}

/// Everything that one build produced.
#[derive(Debug)]
pub(crate) struct Built {
    /// What was built.
    pub(crate) extent: Extent,
    programs: Vec<Program>,
    binaries: Vec<(String, PathBuf)>,
}

/// Name under which tests inside `src` are filed.
pub(crate) const UNIT: &str = "unit";

/// The crate with the tests of levels 2 to 4.
pub(crate) const SCENARIOS: &str = "e2e-tests";

impl Built {
    /// Every test program, in the order of package and target.
    pub(crate) fn programs(&self) -> &[Program] {
        &self.programs
    }

    /// Where a binary of ours lies.
    pub(crate) fn binary(&self, name: &str) -> Result<&Path> {
        self.binaries
            .iter()
            .find(|(found, _)| found == name)
            .map(|(_, path)| path.as_path())
            .with_context(|| format!("the build made no binary `{name}`"))
    }
}

/// What to build.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// Everything but the crate with the scenarios.
    WithoutScenarios,
    /// Everything, the scenarios of all levels included.
    Everything,
}

impl Extent {
    /// What selects it on cargo's command line. Calls with the same selection share what they
    /// compile, because features are resolved over all selected packages.
    pub(crate) fn selection(self) -> &'static [&'static str] {
        match self {
            Self::WithoutScenarios => &["--workspace", "--exclude", SCENARIOS],
            Self::Everything => &["--workspace", "--features", "e2e-tests/level3,e2e-tests/level4"],
        }
    }
}

/// Builds binaries and test programs; cargo's own output goes to the terminal.
///
/// # Errors
/// When something does not compile; cargo has then shown why.
pub(crate) fn build(extent: Extent, root: &Path) -> Result<Built> {
    let mut command = workspace::cargo();
    // `--all-targets` makes cargo resolve features once for tests and binaries alike.
    command.args(["build", "--all-targets", "--locked"]).args(extent.selection());
    command.args(["--message-format", "json-render-diagnostics"]);
    let mut child = command
        .current_dir(root)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo")?;
    let output = child.stdout.take().expect("stdout is piped");
    let mut built = Built { extent, programs: Vec::new(), binaries: Vec::new() };
    for message in Message::parse_stream(std::io::BufReader::new(output)) {
        if let Message::CompilerArtifact(artifact) = message.context("cargo's messages")? {
            built.add(artifact);
        }
    }
    let status = child.wait().context("cargo vanished")?;
    if !status.success() {
        bail!("the workspace does not compile ({status})");
    }
    built.programs.sort_by(|a, b| (&a.package, &a.target).cmp(&(&b.package, &b.target)));
    Ok(built)
}

impl Built {
    /// Keeps an artifact of ours that can be started.
    fn add(&mut self, artifact: cargo_metadata::Artifact) {
        let Some(executable) = artifact.executable else { return };
        let folder =
            artifact.manifest_path.parent().expect("a manifest lies in a folder").as_std_path().to_owned();
        if !artifact.profile.test {
            self.binaries.push((artifact.target.name, executable.into_std_path_buf()));
            return;
        }
        let package =
            folder.file_name().expect("folders are named after their package").to_string_lossy().into_owned();
        let target = if artifact.target.is_test() { artifact.target.name } else { UNIT.to_owned() };
        self.programs.push(Program { package, target, folder, executable: executable.into_std_path_buf() });
    }
}
