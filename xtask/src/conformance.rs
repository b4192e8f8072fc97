//! `cargo xtask conformance`: which rules of `docs/spec` a test cites that ran and passed.
//!
//! Three inputs meet here: ids that the specification defines, citations that stand in test
//! sources, and the outcome of each test as `cargo xtask test` wrote it down. A citation whose test
//! has not run since the results were written covers nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::terminal::say;
use crate::test::results;
use crate::workspace;

mod citations;
mod definitions;
mod sources;

use citations::Citation;
use definitions::Id;

/// Which families of ids must be covered, per file of `docs/spec`. Other files are only listed.
const REQUIRED: &[(&str, &[&str])] = &[
    ("controller-config", &["K"]),
    ("job-manifest", &["R-", "E-", "W-", "C-"]),
    ("kubernetes-plugin", &["B"]),
    ("lifecycle", &["L", "P", "V", "T", "D", "F", "C"]),
];

/// Files whose required ids are all covered and must stay so: a gap in one of them is a failure.
const COMPLETE: &[&str] = &["job-manifest", "kubernetes-plugin"];

/// What to show beside the counts.
#[derive(Debug, Default, clap::Args)]
pub(crate) struct Args {
    /// List the required ids that no passing test cites
    #[arg(long)]
    missing: bool,
    /// List every id of this file with the tests that cite it, for example `lifecycle`
    #[arg(long, value_name = "FILE")]
    list: Option<String>,
}

/// A test that cites a rule, and how its last run ended.
#[derive(Debug, Clone)]
struct Citing {
    test: String,
    outcome: Option<results::Outcome>,
}

/// Everything known about the ids of one file.
#[derive(Debug, Default)]
struct Chapter {
    ids: BTreeMap<Id, Vec<Citing>>,
}

/// Prints covered / required per file, the total last.
///
/// # Errors
/// When a source cannot be read, a test cites what is not defined, or a file that was declared complete has a
/// gap.
pub(crate) fn run(args: &Args) -> Result<()> {
    let root = workspace::root();
    let mut chapters = read_chapters(&root.join("docs/spec"))?;
    let outcomes = results::Outcomes::read(&root)?;
    if outcomes.is_empty() {
        say!("no test results yet: `cargo xtask test` writes them; until then nothing is covered\n");
    }
    let unknown = attach(&mut chapters, &sources::tests(&root)?, &outcomes);
    match &args.list {
        Some(file) => print_list(&chapters, file.trim_end_matches(".md"))?,
        None => print_report(&chapters, args.missing),
    }
    for (test, citation) in &unknown {
        say!("error: {test} cites {} {}, which is not defined", citation.file, citation.id);
    }
    let gaps: Vec<&str> =
        COMPLETE.iter().copied().filter(|file| !is_covered(file, &chapters[*file])).collect();
    if args.list.is_none() {
        print_total(&chapters);
    }
    if !gaps.is_empty() {
        for file in &gaps {
            say!("{file} is to be complete, but no passing test cites");
            print_missing(file, &chapters[*file]);
        }
        bail!("with gaps: {}", gaps.join(", "));
    }
    if !unknown.is_empty() {
        bail!("{} citations of what is not defined", unknown.len());
    }
    Ok(())
}

/// The ids that each file of the specification defines, by the file's name without ending.
fn read_chapters(folder: &Path) -> Result<BTreeMap<String, Chapter>> {
    let mut chapters = BTreeMap::new();
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_none_or(|ending| ending != "md") {
            continue;
        }
        let text =
            std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_stem().expect("a file with an ending has a stem").to_string_lossy().into_owned();
        let ids = definitions::defined_in(&text).into_iter().map(|id| (id, Vec::new())).collect();
        chapters.insert(name, Chapter { ids });
    }
    Ok(chapters)
}

/// Adds each citation to the rule it names and returns those that name nothing.
fn attach(
    chapters: &mut BTreeMap<String, Chapter>,
    tests: &[sources::Test],
    outcomes: &results::Outcomes,
) -> Vec<(String, Citation)> {
    let files: BTreeSet<String> = chapters.keys().cloned().collect();
    let mut unknown = Vec::new();
    for test in tests {
        for citation in citations::in_text(&test.text, &files) {
            let citing = Citing {
                test: test.to_string(),
                outcome: outcomes.of(&test.package, &test.target, &test.path),
            };
            let known =
                chapters.get_mut(&citation.file).and_then(|chapter| chapter.ids.get_mut(&citation.id));
            match known {
                Some(citings) => citings.push(citing),
                None => unknown.push((citing.test, citation)),
            }
        }
    }
    unknown
}

/// Whether `id` of `file` must have a test.
fn is_required(file: &str, id: &Id) -> bool {
    REQUIRED.iter().any(|(name, families)| *name == file && families.contains(&id.family().as_str()))
}

/// Whether at least one of the tests that cite a rule passed.
fn has_passed(citings: &[Citing]) -> bool {
    citings.iter().any(|citing| citing.outcome == Some(results::Outcome::Passed))
}

/// Covered and required ids of one file.
fn count(file: &str, chapter: &Chapter) -> (usize, usize) {
    let required = chapter.ids.iter().filter(|(id, _)| is_required(file, id));
    required
        .fold((0, 0), |(covered, all), (_, citings)| (covered + usize::from(has_passed(citings)), all + 1))
}

/// Whether nothing that is required is missing.
fn is_covered(file: &str, chapter: &Chapter) -> bool {
    let (covered, required) = count(file, chapter);
    covered == required
}

/// One line per file; files without required ids show what is cited all the same.
fn print_report(chapters: &BTreeMap<String, Chapter>, missing: bool) {
    for (file, chapter) in chapters {
        let (covered, required) = count(file, chapter);
        if required == 0 {
            let cited = chapter.ids.values().filter(|citings| has_passed(citings)).count();
            say!("{file:<20} {cited:>5} / {:<5} listed, not required", chapter.ids.len());
            continue;
        }
        say!("{file:<20} {covered:>5} / {required}");
        if missing {
            print_missing(file, chapter);
        }
    }
}

/// The required ids without a passing test, a few per line.
fn print_missing(file: &str, chapter: &Chapter) {
    let missing: Vec<String> = chapter
        .ids
        .iter()
        .filter(|(id, citings)| is_required(file, id) && !has_passed(citings))
        .map(|(id, citings)| match citings.len() {
            0 => id.to_string(),
            _ => format!("{id}(cited)"),
        })
        .collect();
    for line in missing.chunks(12) {
        say!("    {}", line.join(" "));
    }
}

/// Every id of one file with its tests.
fn print_list(chapters: &BTreeMap<String, Chapter>, file: &str) -> Result<()> {
    let Some(chapter) = chapters.get(file) else {
        let known: Vec<&str> = chapters.keys().map(String::as_str).collect();
        bail!("docs/spec has no file `{file}`; it has {}", known.join(", "));
    };
    for (id, citings) in &chapter.ids {
        let note = if is_required(file, id) { "" } else { " (not required)" };
        say!("{id}{note}");
        for Citing { test, outcome } in citings {
            let outcome = outcome.map_or("not run", results::Outcome::name);
            say!("    {outcome:<8} {test}");
        }
    }
    Ok(())
}

/// The last line: everything that is required, over all files.
fn print_total(chapters: &BTreeMap<String, Chapter>) {
    let (covered, required) = chapters
        .iter()
        .map(|(file, chapter)| count(file, chapter))
        .fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
    say!("{:<20} {covered:>5} / {required}", "total");
}
