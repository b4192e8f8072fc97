//! E-41: everything that the policy forbids, in one error that fits a verdict.

use std::collections::BTreeMap;

use super::judge::{Rule, Violation};
use crate::error::BuildError;

/// Bytes from which on the text is shortened: what a verdict takes (lifecycle 5.1, 4096) without the
/// words around the list. Twelve keys with the two shortened lines each stay below it too.
const LONGEST: usize = 3600;
/// Bytes of a value or a path in a shortened text.
const LONGEST_PIECE: usize = 90;
/// Bytes kept for the line that counts what was left out.
const COUNT: usize = 60;

/// # Errors
/// E-41 if there is a violation.
pub(super) fn error(violations: Vec<Violation>) -> Result<(), BuildError> {
    if violations.is_empty() {
        return Ok(());
    }
    let message = format!("the controller's `pod-policy` does not allow this pod:{}", list(violations));
    Err(BuildError::list("E-41", message)
        .hint("change the step, or ask for another policy of the controller"))
}

/// Equal violations of one rule: an image stands in its container and in the one that checks it.
struct Finding {
    rule: Rule,
    what: String,
    paths: Vec<String>,
}

fn list(mut violations: Vec<Violation>) -> String {
    violations.sort_by_key(|violation| violation.rule);
    let findings = findings(violations);
    let all: String = findings.iter().map(Finding::line).collect();
    if all.len() <= LONGEST { all } else { shortened(&findings) }
}

/// In the order of first appearance.
fn findings(violations: Vec<Violation>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let mut known: BTreeMap<(Rule, String), usize> = BTreeMap::new();
    for Violation { rule, what, path } in violations {
        let next = findings.len();
        let index = *known.entry((rule, what.clone())).or_insert(next);
        if index == next {
            findings.push(Finding { rule, what, paths: Vec::new() });
        }
        findings[index].paths.push(path);
    }
    findings
}

impl Finding {
    fn line(&self) -> String {
        format!("\n- {}: {} ({})", self.rule.key(), self.what, self.paths.join(", "))
    }

    fn short_line(&self) -> String {
        let what = clipped(&self.what);
        let first = self.paths.first().map_or("", String::as_str);
        let others = match self.paths.len() {
            0 | 1 => String::new(),
            several => format!(" and {} more", several - 1),
        };
        format!("\n- {}: {what} ({}{others})", self.rule.key(), clipped(first))
    }
}

/// Names every rule that is violated, gives each the same room, and counts what finds none.
fn shortened(findings: &[Finding]) -> String {
    let by_rule: Vec<&[Finding]> = findings.chunk_by(|left, right| left.rule == right.rule).collect();
    let share = LONGEST / by_rule.len();
    let mut text = String::new();
    for findings in by_rule {
        let mut part = String::new();
        let mut told = 0;
        for finding in findings {
            let line = finding.short_line();
            if told > 0 && part.len() + line.len() + COUNT > share {
                break;
            }
            part.push_str(&line);
            told += 1;
        }
        text.push_str(&part);
        if told < findings.len() {
            let rule = findings[told].rule;
            text.push_str(&format!("\n- {}: and {} more", rule.key(), findings.len() - told));
        }
    }
    text
}

fn clipped(text: &str) -> String {
    if text.len() <= LONGEST_PIECE {
        return text.to_owned();
    }
    format!("{}…", &text[..text.floor_char_boundary(LONGEST_PIECE)])
}
