//! The table of crates: the name, and the first sentence of what each says about itself.

use std::path::Path;

use anyhow::{Context, Result};

use crate::workspace;

const BEGIN: &str = "<!-- crates: written by `cargo xtask codegen` -->";
const END: &str = "<!-- end of crates -->";

/// One row per crate, binaries first.
///
/// # Errors
/// When a crate's root file cannot be read.
pub(super) fn table(root: &Path) -> Result<String> {
    let mut rows = Vec::new();
    for package in workspace::members()?.workspace_packages() {
        let folder = package.manifest_path.parent().expect("a manifest lies in a folder").as_std_path();
        let source = ["src/lib.rs", "src/main.rs"]
            .map(|file| folder.join(file))
            .into_iter()
            .find(|file| file.exists())
            .with_context(|| format!("{} has neither lib.rs nor main.rs", folder.display()))?;
        let text =
            std::fs::read_to_string(&source).with_context(|| format!("cannot read {}", source.display()))?;
        let place = folder.strip_prefix(root).expect("members lie below the root").display().to_string();
        rows.push(format!("| [`{place}`]({place}) | {} |", first_sentence(&text)));
    }
    rows.sort();
    Ok(format!("| Crate | What it is |\n| --- | --- |\n{}\n", rows.join("\n")))
}

/// Puts the table between the markers; `None` when the text has none.
pub(super) fn replace(text: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{BEGIN}\n{table}{END}{after}"))
}

/// The first sentence of a file's `//!` comment, on one line, without its full stop.
fn first_sentence(source: &str) -> String {
    let paragraph: Vec<&str> = source
        .lines()
        .skip_while(|line| !line.starts_with("//!"))
        .map_while(|line| line.strip_prefix("//!"))
        .map(str::trim)
        .skip_while(|line| line.is_empty())
        .take_while(|line| !line.is_empty())
        .collect();
    let paragraph = paragraph.join(" ");
    let end = paragraph.find(". ").unwrap_or(paragraph.len());
    paragraph[..end].trim_end_matches('.').replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_sentence_is_found() {
        let cases = [
            ("//! One. Two.\nfn main() {}", "One"),
            ("//! Runs over\n//! two lines.\n//!\n//! More.", "Runs over two lines"),
            ("#![x]\n//! After a line", "After a line"),
            ("//! `a|b`.", "`a\\|b`"),
            ("fn main() {}", ""),
        ];
        for (source, want) in cases {
            assert_eq!(first_sentence(source), want, "{source}");
        }
    }

    #[test]
    fn only_the_text_between_the_markers_changes() {
        let text = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        let once = replace(&text, "new\n").unwrap();
        assert_eq!(once, format!("a\n{BEGIN}\nnew\n{END}\nb\n"));
        assert_eq!(replace(&once, "new\n").unwrap(), once);
        assert_eq!(replace("no markers", "new\n"), None);
    }
}
