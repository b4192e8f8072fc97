//! Ids that a specification file defines: the first cell of a table row, a bullet or paragraph that
//! opens with the id in bold, a heading, or a paragraph that opens with a sub-rule such as `F9b`.
//! A mention inside a sentence defines nothing.

use std::collections::BTreeSet;
use std::fmt;

/// An id such as `R-29`, `C31` or `F9b`, ordered as a reader counts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Id {
    letters: String,
    number: u32,
    suffix: Option<char>,
    hyphen: bool,
}

impl Id {
    /// Reads an id that makes up the whole text.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let letters: String = text.chars().take_while(char::is_ascii_uppercase).collect();
        let rest = &text[letters.len()..];
        let (hyphen, rest) = match rest.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let digits = rest.trim_end_matches(|suffix: char| suffix.is_ascii_lowercase());
        let mut suffix = rest[digits.len()..].chars();
        let id = Self { number: digits.parse().ok()?, suffix: suffix.next(), letters, hyphen };
        let plain = digits.bytes().all(|digit| digit.is_ascii_digit());
        (plain && !id.letters.is_empty() && suffix.next().is_none()).then_some(id)
    }

    /// The letters with their hyphen: `R-` of `R-29`, `F` of `F9b`.
    pub(crate) fn family(&self) -> String {
        let hyphen = if self.hyphen { "-" } else { "" };
        format!("{}{hyphen}", self.letters)
    }
}

impl fmt::Display for Id {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.family(), self.number)?;
        match self.suffix {
            Some(suffix) => write!(formatter, "{suffix}"),
            None => Ok(()),
        }
    }
}

/// Every id that `text` defines.
pub(crate) fn defined_in(text: &str) -> BTreeSet<Id> {
    text.lines().filter_map(defined_by).collect()
}

/// The id that one line defines, if it defines one.
fn defined_by(line: &str) -> Option<Id> {
    let line = line.trim_start();
    if let Some(row) = line.strip_prefix('|') {
        let cell = row.split('|').next()?.trim();
        return Id::parse(cell.trim_matches('*'));
    }
    if let Some(heading) = line.strip_prefix('#') {
        let heading = heading.trim_start_matches('#').trim_start();
        return Id::parse(first_word(heading));
    }
    let item = line.strip_prefix("- ").or_else(|| line.strip_prefix("* ")).unwrap_or(line);
    if let Some(bold) = item.strip_prefix("**") {
        return Id::parse(first_word(bold.split("**").next()?));
    }
    // `F9b cancelled while …` opens a paragraph of its own below the rule that it refines.
    let id = Id::parse(first_word(line))?;
    id.suffix.is_some().then_some(id)
}

/// The text up to the first blank, without a closing colon or full stop.
fn first_word(text: &str) -> &str {
    text.split_whitespace().next().unwrap_or_default().trim_end_matches([':', '.', ','])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(line: &str, want: Option<&str>) {
        let got = defined_by(line).map(|id| id.to_string());
        assert_eq!(got.as_deref(), want, "{line}");
    }

    #[test]
    fn a_definition_opens_its_line() {
        check("- **R-29** The name", Some("R-29"));
        check("* **L1** In-flight is", Some("L1"));
        check("**V2** Order", Some("V2"));
        check("| C-31 | T | plugin |", Some("C-31"));
        check("| **K9** | unknown key |", Some("K9"));
        check("### F1 Job active", Some("F1"));
        check("F3b: the agent container", Some("F3b"));
        check("F9b cancelled while queued", Some("F9b"));
    }

    #[test]
    fn a_mention_defines_nothing() {
        check("as R-29 says", None);
        check("R-29 says", None);
        check("| rules | R-24, R-25 |", None);
        check("| R-24, R-25 | gone |", None);
        check("| F1 F2 | yes |", None);
        check("- R-5 in a list", None);
        check("**Names.** *BK job*", None);
        check("## 3. Headings", None);
        check("", None);
    }

    #[test]
    fn ids_are_ordered_as_counted() {
        let text = "| C10 |\n| C9 |\n| C9b |\n| C9 |";
        let ids: Vec<String> = defined_in(text).iter().map(Id::to_string).collect();
        assert_eq!(ids, ["C9", "C9b", "C10"]);
    }
}
