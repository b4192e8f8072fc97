//! One suite of API behaviours for the real control plane and for `cluster-sim`.
//!
//! A [`Case`] is a small named function over a [`Stage`], which has a namespace of its own and
//! speaks HTTP and JSON, no types: what is compared is what is on the wire. The suite runs
//! unchanged against both sides; where they differ on purpose, [`DIFFERENCES`] says so and why.
//! Reality is the judge: a case that a real API server contradicts is wrong.
//!
//! There is no node on either side. Where a case needs a kubelet, it writes the pod's status
//! itself.

mod access;
mod answer;
mod collections;
mod creation;
mod deletion;
mod differences;
mod discovery;
mod eraser;
mod events;
mod graceful;
mod history;
mod job_endings;
mod job_pods;
mod job_races;
mod jobs;
mod leases;
mod manifests;
mod matching;
mod owners;
mod paging;
mod patches;
mod random;
mod replacement;
mod run;
mod secrets;
mod selectors;
mod stage;
mod status;
mod suspension;
mod tables;
mod validation;
mod watches;
mod watching;

use std::pin::Pin;

pub use answer::Answer;
pub use differences::{DIFFERENCES, Difference};
pub use eraser::Eraser;
pub use random::{Sequence, compare};
pub use run::{Report, run};
pub use stage::{Side, Stage};
pub use watching::Watch;

/// How a case ends: with nothing, or with what was expected and what came.
pub type Outcome = anyhow::Result<()>;

/// A behaviour of the API.
#[derive(Clone, Copy)]
pub struct Case {
    /// Names the behaviour; unique.
    pub name: &'static str,
    /// Shows it.
    pub run: fn(Stage) -> Pin<Box<dyn Future<Output = Outcome> + Send>>,
}

/// A table of cases from functions; each is named after its function.
macro_rules! behaviours {
    ($($name:ident),* $(,)?) => {
        &[$($crate::agreement::Case {
            name: stringify!($name),
            run: |stage| Box::pin($name(stage)),
        }),*]
    };
}
use behaviours;

/// Every case that needs no more than an API server with its controllers.
#[must_use]
pub fn cases() -> Vec<Case> {
    [
        access::CASES,
        collections::CASES,
        creation::CASES,
        deletion::CASES,
        discovery::CASES,
        events::CASES,
        graceful::CASES,
        job_endings::CASES,
        job_pods::CASES,
        job_races::CASES,
        jobs::CASES,
        leases::CASES,
        manifests::CASES,
        owners::CASES,
        paging::CASES,
        patches::CASES,
        replacement::CASES,
        secrets::CASES,
        selectors::CASES,
        status::CASES,
        suspension::CASES,
        tables::CASES,
        validation::CASES,
        watches::CASES,
    ]
    .concat()
}

/// The cases in which the server forgets its history; they disturb whoever else works with it.
#[must_use]
pub fn cases_of_lost_history() -> Vec<Case> {
    history::CASES.to_vec()
}

/// Those whose name contains the text of the variable `AGREEMENT_CASE`; all without it.
#[must_use]
pub fn chosen(mut cases: Vec<Case>) -> Vec<Case> {
    let wanted = std::env::var("AGREEMENT_CASE").unwrap_or_default();
    cases.retain(|case| case.name.contains(&wanted));
    cases
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A case that vanishes from a table is missed here.
    #[test]
    fn there_are_as_many_cases_as_promised_and_each_has_a_name_of_its_own() {
        let names: Vec<&str> = cases().iter().chain(&cases_of_lost_history()).map(|case| case.name).collect();
        assert!(names.len() >= 120, "{} cases", names.len());
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len(), "two of one name");
    }

    #[test]
    fn a_difference_is_about_a_case_that_is_there() {
        let names: BTreeSet<&str> = cases().iter().map(|case| case.name).collect();
        for difference in DIFFERENCES {
            assert!(names.contains(difference.case.name), "{}", difference.case.name);
        }
    }
}
