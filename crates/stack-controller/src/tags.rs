//! Which listed jobs are ours (`docs/spec/lifecycle.md` 2.7).

use std::collections::BTreeMap;

/// The rule that names a class of resources and takes no part in matching.
const RESOURCE_CLASS: &str = "resource_class";
/// The rule that names the queue.
const QUEUE: &str = "queue";

/// The tags of this controller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tags {
    tags: BTreeMap<String, String>,
    /// On the default queue the job's `queue` rule is not compared.
    default_queue: bool,
}

/// Whether a job is ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match<'a> {
    /// Every rule is met.
    Ours,
    /// This rule is not.
    Differs(&'a str),
    /// This rule has no `=`: dropping it could run the job on the wrong stack.
    Malformed(&'a str),
}

impl Tags {
    /// The controller's tags; `queue` is the queue that is polled, `None` for the default queue.
    pub fn new(mut tags: BTreeMap<String, String>, queue: Option<&str>) -> Self {
        if let Some(queue) = queue {
            tags.insert(QUEUE.to_owned(), queue.to_owned());
        }
        Self { tags, default_queue: queue.is_none() }
    }

    /// Compares a job's rules with the tags. Tags that no rule names do not matter.
    pub fn matches<'a>(&self, rules: &'a [String]) -> Match<'a> {
        for rule in rules {
            let Some((key, value)) = rule.split_once('=') else { return Match::Malformed(rule) };
            // On a named queue the rule is the queue polled, whatever the job says (1); on the default
            // queue it is left out.
            if key == RESOURCE_CLASS || key == QUEUE {
                continue;
            }
            match self.tags.get(key) {
                Some(have) if value == "*" || have == value => {}
                _ => return Match::Differs(rule),
            }
        }
        Match::Ours
    }

    /// Whether the default queue is polled.
    pub fn is_default_queue(&self) -> bool {
        self.default_queue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(queue: Option<&str>, rules: &[&str], want: &str) {
        let tags = [("arch", "arm64"), ("os", "linux")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        let tags = Tags::new(tags.into(), queue);
        let rules: Vec<String> = rules.iter().map(ToString::to_string).collect();
        let got = match tags.matches(&rules) {
            Match::Ours => "ours".to_owned(),
            Match::Differs(rule) => format!("differs: {rule}"),
            Match::Malformed(rule) => format!("malformed: {rule}"),
        };
        assert_eq!(got, want, "{rules:?}");
    }

    #[test]
    fn every_rule_must_be_met() {
        check(Some("small"), &[], "ours");
        check(Some("small"), &["queue=small", "arch=arm64"], "ours");
        check(Some("small"), &["arch=arm64"], "ours");
        check(Some("small"), &["arch=*"], "ours");
        check(Some("small"), &["arch=amd64"], "differs: arch=amd64");
        check(Some("small"), &["gpu=*"], "differs: gpu=*");
        check(Some("small"), &["resource_class=large"], "ours");
        check(Some("small"), &["arch"], "malformed: arch");
        check(Some("small"), &["os=linux=old"], "differs: os=linux=old");
        check(None, &["queue=default", "os=linux"], "ours");
    }
}
