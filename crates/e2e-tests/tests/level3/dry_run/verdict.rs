//! What the two answers say together.

use std::collections::BTreeMap;
use std::fmt;

use e2e_tests::agreement::Answer;
use serde_json::Value;
use strategic_merge::MergeError;
use strategic_merge::random_cases::{Accepted, Deliberate, Outcome};

use super::place;

/// What came of our merge.
pub(super) enum Ours {
    /// The server's answer to the merged object.
    Answered(Answer),
    /// We made none.
    Refused(MergeError),
}

impl Ours {
    fn is_accepted(&self) -> bool {
        matches!(self, Self::Answered(answer) if is_accepted(answer))
    }

    /// Why there is no result.
    fn reason(&self) -> String {
        match self {
            Self::Answered(answer) => answer.body["message"].to_string(),
            Self::Refused(error) => format!("{}: {error}", error.rule()),
        }
    }
}

/// How a case ended.
pub(super) enum Verdict {
    /// Both accepted, with one result.
    Agreed(Option<&'static str>),
    /// Both refused with one answer: what it says.
    RefusedAlike(Option<&'static str>, String),
    /// Both refused a case that was drawn to differ, each for what it met first: its row, and both reasons.
    RefusedApart(&'static str, String),
    /// They differ as this row says.
    Explained {
        row: &'static str,
        /// Whether the server accepted both nevertheless.
        is_accepted: bool,
    },
    /// They differ, and nothing says why.
    Unexplained(String),
}

impl Verdict {
    /// Judges the answers to a patch (`theirs`) and to the object that we merged.
    pub(super) fn of(case: &Accepted, merged: &Value, theirs: &Answer, ours: &Ours) -> Self {
        let row = case.deliberate.map(|deliberate| deliberate.row);
        match (is_accepted(theirs), ours) {
            (true, Ours::Answered(answer)) if compared(&answer.body) == compared(&theirs.body) => {
                return Self::Agreed(row);
            }
            (false, Ours::Answered(answer)) if answer.body == theirs.body => {
                return Self::RefusedAlike(row, answer.body["message"].to_string());
            }
            _ => {}
        }
        // What a case was drawn for may be wrong as well. No other case has a reason to be refused in two ways, and
        // none for us to refuse it: the server's word against it would be chance.
        if let (Some(row), false, false) = (row, is_accepted(theirs), ours.is_accepted()) {
            let reasons = format!("theirs {}; ours {}", theirs.body["message"], ours.reason());
            return Self::RefusedApart(row, reasons);
        }
        match case.deliberate {
            Some(deliberate) if explains(deliberate, merged, theirs, ours) => Self::Explained {
                row: deliberate.row,
                is_accepted: is_accepted(theirs) && ours.is_accepted(),
            },
            _ => Self::Unexplained(shown(case, theirs, ours)),
        }
    }
}

fn is_accepted(answer: &Answer) -> bool {
    answer.status == 200
}

/// Whether a case's difference is the one that it was drawn for.
fn explains(deliberate: &Deliberate, merged: &Value, theirs: &Answer, ours: &Ours) -> bool {
    let is_in_place = |places: Vec<String>| {
        let place = format!("template.{}", deliberate.place);
        places.iter().all(|other| place::is_within(other, &place))
    };
    match (deliberate.outcome, ours) {
        (Outcome::WeRefuse(rule), Ours::Refused(error)) => error.rule() == rule && is_accepted(theirs),
        (Outcome::TheyRefuse, _) => {
            !is_accepted(theirs) && ours.is_accepted() && is_in_place(refused_places(theirs, merged))
        }
        (Outcome::Differs | Outcome::Varies, Ours::Answered(answer)) => {
            is_accepted(theirs)
                && is_accepted(answer)
                && is_in_place(place::differing(&compared(&theirs.body), &compared(&answer.body)))
        }
        _ => false,
    }
}

/// What the server found wrong, by place; nothing if it could not even merge.
fn refused_places(answer: &Answer, merged: &Value) -> Vec<String> {
    let causes = answer.body["details"]["causes"].as_array();
    let fields = causes.into_iter().flatten().filter_map(|cause| cause["field"].as_str());
    fields.map(|field| place::named(field, merged)).collect()
}

/// An object without what differs between any two writes.
fn compared(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for field in ["generation", "managedFields", "resourceVersion"] {
            metadata.shift_remove(field);
        }
    }
    object
}

fn shown(case: &Accepted, theirs: &Answer, ours: &Ours) -> String {
    let Accepted { template, patch, deliberate } = case;
    let (answer, places) = match ours {
        Ours::Answered(answer) => (
            format!("{} {}", answer.status, answer.body),
            place::differing(&compared(&theirs.body), &compared(&answer.body)),
        ),
        Ours::Refused(error) => (error.to_string(), Vec::new()),
    };
    format!(
        "drawn for {deliberate:?}, differs at {places:?}\n  template {template}\n  patch {patch}\n  \
         theirs {} {}\n  ours {answer}",
        theirs.status, theirs.body,
    )
}

/// What the cases of one row came to.
#[derive(Debug, Default)]
struct Row {
    drawn: usize,
    explained: usize,
}

/// What all cases came to.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) compared: usize,
    /// Cases in which the server accepted both.
    pub(super) accepted: usize,
    /// Why cases were refused with one answer.
    pub(super) refused: Vec<String>,
    /// Cases that were refused both ways, but not with one answer.
    refused_apart: Vec<String>,
    pub(super) unexplained: Vec<String>,
    rows: BTreeMap<&'static str, Row>,
}

impl Tally {
    pub(super) fn add(&mut self, seed: u64, verdict: Verdict) {
        self.compared += 1;
        let row = match verdict {
            Verdict::Agreed(row) => {
                self.accepted += 1;
                row
            }
            Verdict::RefusedAlike(row, reason) => {
                self.refused.push(format!("seed {seed}: {reason}"));
                row
            }
            Verdict::RefusedApart(row, reasons) => {
                self.refused_apart.push(format!("seed {seed}, {row}: {reasons}"));
                Some(row)
            }
            Verdict::Explained { row, is_accepted } => {
                self.accepted += usize::from(is_accepted);
                self.rows.entry(row).or_default().explained += 1;
                Some(row)
            }
            Verdict::Unexplained(shown) => {
                self.unexplained.push(format!("seed {seed}: {shown}"));
                None
            }
        };
        if let Some(row) = row {
            self.rows.entry(row).or_default().drawn += 1;
        }
    }

    /// Rows of which no case differed, but for those that leave it to chance.
    pub(super) fn never_seen(&self) -> Vec<&'static str> {
        let is_due = |deliberate: &&Deliberate| {
            deliberate.outcome != Outcome::Varies
                && self.rows.get(deliberate.row).is_none_or(|row| row.explained == 0)
        };
        let mut rows: Vec<_> =
            Deliberate::all().iter().filter(is_due).map(|deliberate| deliberate.row).collect();
        rows.dedup();
        rows
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { compared, accepted, refused, refused_apart, unexplained, rows } = self;
        writeln!(f, "{compared} pod templates compared, {accepted} accepted both ways")?;
        let (alike, apart) = (refused.len(), refused_apart.len());
        writeln!(f, "{alike} refused alike, {apart} refused apart, {} unexplained", unexplained.len())?;
        for case in refused_apart {
            writeln!(f, "refused apart: {case}")?;
        }
        for (row, Row { drawn, explained }) in rows {
            writeln!(f, "{row:>5}: {drawn} drawn, {explained} differ as it says")?;
        }
        Ok(())
    }
}

#[test]
fn refusals_for_different_reasons_are_told_apart() {
    let answer = |message: &str| Answer {
        request: String::new(),
        status: 422,
        body: serde_json::json!({ "message": message }),
    };
    let case = |deliberate| Accepted { template: Value::Null, patch: Value::Null, deliberate };
    let (drawn, plain) = (case(Deliberate::all().first()), case(None));
    let judge = |case: &Accepted, ours: &str| {
        let ours = Ours::Answered(answer(ours));
        match Verdict::of(case, &Value::Null, &answer("port"), &ours) {
            Verdict::RefusedAlike(..) => "alike",
            Verdict::RefusedApart(..) => "apart",
            Verdict::Unexplained(_) => "unexplained",
            Verdict::Agreed(_) | Verdict::Explained { .. } => "other",
        }
    };
    let found = [judge(&plain, "port"), judge(&plain, "name"), judge(&drawn, "port"), judge(&drawn, "name")];
    assert_eq!(found, ["alike", "unexplained", "alike", "apart"]);
}
