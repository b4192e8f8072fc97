//! Pages of `docs/cli`: what the binaries print for `--help`, with all their subcommands.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::workspace::build;

/// Binaries that users start.
const BINARIES: &[&str] = &["agent-stack-k8s", "buildkite-sim"];

/// One page per binary, by its path.
///
/// # Errors
/// When a binary does not build or refuses `--help`.
pub(super) fn pages(root: &Path) -> Result<BTreeMap<PathBuf, String>> {
    // The build of the tests, so that nothing is compiled twice.
    let built = build::build(build::Extent::Everything, root)?;
    let mut pages = BTreeMap::new();
    for name in BINARIES {
        let binary = built.binary(name)?;
        let mut page = format!(
            "# `{name}`\n\n\
             Written by `cargo xtask codegen` from the program's own help.\n"
        );
        append(&mut page, binary, &[*name])?;
        pages.insert(root.join(format!("docs/cli/{name}.md")), page);
    }
    Ok(pages)
}

/// Adds the help of one command and of those below it.
fn append(page: &mut String, binary: &Path, words: &[&str]) -> Result<()> {
    let help = help(binary, &words[1..])?;
    if words.len() > 1 {
        page.push_str(&format!("\n## `{}`\n", words.join(" ")));
    }
    page.push_str(&format!("\n```text\n{}\n```\n", help.trim_end()));
    for command in subcommands(&help) {
        let mut words = words.to_vec();
        words.push(&command);
        append(page, binary, &words)?;
    }
    Ok(())
}

/// What the program prints, with a fixed width and nothing of this machine's environment in it.
fn help(binary: &Path, command: &[&str]) -> Result<String> {
    let output = Command::new(binary)
        .args(command)
        .arg("--help")
        .env_clear()
        .env("COLUMNS", "100")
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start {}", binary.display()))?;
    if !output.status.success() {
        bail!("`{} --help` ended with {}", binary.display(), output.status);
    }
    let text = String::from_utf8(output.stdout).context("help is not UTF-8")?;
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    Ok(lines.join("\n"))
}

/// Names below `Commands:`, without the built-in `help`.
fn subcommands(help: &str) -> Vec<String> {
    help.lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subcommands_are_read_from_the_help() {
        let help = "Usage: x\n\nCommands:\n  serve  Serve\n           more text\n  run    Run\n  \
                    help   Print this\n\nOptions:\n  -h, --help\n";
        assert_eq!(subcommands(help), ["serve", "run"]);
        assert_eq!(subcommands("Usage: x\n"), Vec::<String>::new());
    }
}
