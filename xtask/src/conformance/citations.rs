//! Citations in the text of a test: the name of a specification file, then its ids.

use std::collections::BTreeSet;

use regex::Regex;

use super::definitions::Id;

/// One rule that a test says it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Citation {
    /// Name of the file in `docs/spec`, without ending.
    pub(crate) file: String,
    /// The rule.
    pub(crate) id: Id,
}

/// All citations in `text`: `job-manifest R-29`, `lifecycle F8, F9b and L4`. A list is written out;
/// there are no ranges, because a range would also cite what was added in its middle later.
pub(crate) fn in_text(text: &str, files: &BTreeSet<String>) -> BTreeSet<Citation> {
    let id = r"[A-Z]+-?\d+[a-z]?\b";
    let names: Vec<String> = files.iter().map(|name| regex::escape(name)).collect();
    let pattern = format!(
        r"(?:^|[^\w-])({})(?:\.md)?`?:?\s+({id}(?:\s*(?:,|;|/|\band\b|, and\b)\s*{id})*)",
        names.join("|")
    );
    let cited = Regex::new(&pattern).expect("the pattern is fixed but for escaped names");
    let id = Regex::new(id).expect("the pattern is fixed");
    cited
        .captures_iter(text)
        .flat_map(|found| {
            let file = found[1].to_owned();
            let ids: Vec<Id> = id
                .find_iter(found.get(2).expect("group 2 always takes part").as_str())
                .filter_map(|id| Id::parse(id.as_str()))
                .collect();
            ids.into_iter().map(move |id| Citation { file: file.clone(), id })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, want: &[&str]) {
        let files = BTreeSet::from(["job-manifest".to_owned(), "lifecycle".to_owned()]);
        let got: Vec<String> = in_text(text, &files)
            .iter()
            .map(|citation| format!("{} {}", citation.file, citation.id))
            .collect();
        assert_eq!(got, want, "{text}");
    }

    #[test]
    fn a_citation_is_a_file_and_its_ids() {
        check("job-manifest R-29", &["job-manifest R-29"]);
        check("holds `lifecycle` F9b.", &["lifecycle F9b"]);
        check("lifecycle.md L4 and L16", &["lifecycle L4", "lifecycle L16"]);
        check(
            "job-manifest R-29,\n R-30; lifecycle F8",
            &["job-manifest R-29", "job-manifest R-30", "lifecycle F8"],
        );
    }

    #[test]
    fn other_text_cites_nothing() {
        check("R-29", &[]);
        check("the lifecycle of F8", &[]);
        check("lifecycle 1.4", &[]);
        check("my-lifecycle F8", &[]);
        check("other-file R-29", &[]);
    }
}
