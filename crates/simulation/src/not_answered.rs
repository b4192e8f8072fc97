//! What no plan holds: what the stack does not answer yet, and what it answers and is tried elsewhere.

/// A rule that is not built, and what that means for plans.
#[derive(Debug, Clone, Copy)]
pub struct NotAnswered {
    /// Its id in `docs/spec/lifecycle.md`, or the ids of a family.
    pub rule: &'static str,
    /// What is left out because of it.
    pub left_out: &'static str,
}

/// Every rule whose faults no plan contains. A rule that gets built leaves the list in the same commit.
pub const NOT_ANSWERED_YET: &[NotAnswered] = &[
    NotAnswered { rule: "T1-T10", left_out: "job acquisition tokens: pods refer to the agent token" },
    NotAnswered { rule: "L21-L25", left_out: "several queues, caps per queue and per pipeline" },
    NotAnswered {
        rule: "5.1",
        left_out: "`pre-agent-retries`: another attempt when a pod is lost before its agent",
    },
    NotAnswered { rule: "F6", left_out: "a command image that cannot be pulled while the agent runs" },
    NotAnswered { rule: "F10", left_out: "containers that run on after the agent, such as endless sidecars" },
    NotAnswered { rule: "F11", left_out: "what is told when a container is killed for its memory" },
    NotAnswered { rule: "F12", left_out: "what is told about an eviction after the agent has started" },
    NotAnswered { rule: "F13", left_out: "nodes that never come back" },
    NotAnswered { rule: "F14", left_out: "Jobs that reach their deadline" },
    NotAnswered { rule: "F15", left_out: "starting a deleted job anew before its reservation lapses" },
    NotAnswered { rule: "F16", left_out: "notifications, which nobody sends yet" },
    NotAnswered { rule: "F17", left_out: "agents that hang after their job has ended" },
    NotAnswered { rule: "F18", left_out: "plugins that crash: played agents have none" },
    NotAnswered { rule: "F19", left_out: "a token that cannot be issued" },
];

/// A rule that is built and that no plan calls for.
#[derive(Debug, Clone, Copy)]
pub struct NotSimulated {
    /// Its id in `docs/spec/lifecycle.md`.
    pub rule: &'static str,
    /// What is in no plan.
    pub what: &'static str,
    /// The file of a test of it, below the root of the repository, and the test's name.
    pub tested: (&'static str, &'static str),
}

const FAILURES: &str = "crates/e2e-tests/tests/level3/failures.rs";

/// Everything of the kind that is known: what gets into plans leaves the list.
pub const NOT_SIMULATED: &[NotSimulated] = &[
    NotSimulated {
        rule: "L17",
        what: "Jobs of ours that somebody suspends",
        tested: (FAILURES, "a_suspended_job_that_is_cancelled_is_deleted"),
    },
    NotSimulated {
        rule: "P3",
        what: "a work queue that is full",
        tested: ("crates/limiter/src/tests.rs", "a_full_queue_evicts_the_last_in_order"),
    },
    NotSimulated {
        rule: "D10",
        what: "two instances without a Lease",
        tested: (
            "crates/e2e-tests/tests/level3/lease.rs",
            "two_instances_without_a_lease_lose_and_double_nothing",
        ),
    },
    NotSimulated {
        rule: "F5",
        what: "containers other than the first init container that lack their image",
        tested: (
            "crates/job-lifecycle/src/rules/tests/images.rs",
            "the_verdict_names_each_container_with_its_image_sorted",
        ),
    },
    NotSimulated {
        rule: "F8",
        what: "creates that the API server calls invalid, or that a webhook or a quota on Jobs refuses",
        tested: ("crates/k8s-runtime/src/create/tests.rs", "status_bodies_fall_into_outcomes"),
    },
    NotSimulated {
        rule: "F9",
        what: "jobs that expire, are skipped or time out",
        tested: ("crates/job-lifecycle/src/matrix/tests.rs", "every_cell_is_what_the_table_says"),
    },
    NotSimulated {
        rule: "F9",
        what: "jobs that Buildkite does not know any more",
        tested: (
            "crates/job-lifecycle/src/rules/tests/clean_up.rs",
            "an_absence_counts_when_a_second_answer_confirms_it",
        ),
    },
    NotSimulated {
        rule: "1.4",
        what: "the agent token's Secret is deleted",
        tested: ("crates/stack-controller/src/session/tests.rs", "a_missing_secret_is_waited_for"),
    },
    NotSimulated {
        rule: "L11",
        what: "a namespace that is deleted",
        tested: ("crates/e2e-tests/tests/level3/namespace.rs", "a_namespace_that_is_deleted_costs_no_slot"),
    },
    NotSimulated {
        rule: "2.5",
        what: "answers 400, 404 and 422 of Buildkite itself to calls that are in order",
        tested: (
            "crates/stack-controller/src/session/tests.rs",
            "polling_survives_every_answer_and_slows_down",
        ),
    },
    NotSimulated {
        rule: "2.5",
        what: "answers of the API server that cannot be read",
        tested: ("crates/k8s-runtime/src/create/tests.rs", "without_a_readable_answer_nothing_is_certain"),
    },
];

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs, path::Path};

    use super::{NOT_ANSWERED_YET, NOT_SIMULATED};
    use crate::plan::{FaultKind, Plan, Size, What};

    /// The rows of the table with this header.
    fn table(header: &str) -> Vec<String> {
        let text = include_str!("../../../docs/reliability.md");
        let (_, listed) = text.split_once(header).unwrap();
        listed.lines().skip(2).take_while(|line| line.starts_with('|')).map(str::to_owned).collect()
    }

    /// What is not tried is told where the promises stand, and nothing else is told to be untried.
    #[test]
    fn the_documentation_has_the_same_lists() {
        let list = NOT_ANSWERED_YET.iter();
        let known: Vec<String> =
            list.map(|missing| format!("| {} | {} |", missing.rule, missing.left_out)).collect();
        assert_eq!(table("| Rule | Left out of every plan |"), known);
        let list = NOT_SIMULATED.iter();
        let known: Vec<String> = list
            .map(|missing| {
                let (file, test) = missing.tested;
                let file = file.trim_start_matches("crates/");
                format!("| {} | {} | `{file}`: `{test}` |", missing.rule, missing.what)
            })
            .collect();
        assert_eq!(table("| Rule | Built, and in no plan | Tried by |"), known);
    }

    /// What is said to be tried elsewhere is.
    #[test]
    fn the_tests_that_are_named_exist() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for (file, test) in NOT_SIMULATED.iter().map(|missing| missing.tested) {
            let text = fs::read_to_string(root.join(file)).unwrap();
            assert!(text.contains(&format!("fn {test}(")), "{file} has no test {test}");
        }
    }

    /// Every rule that a plan may call for comes up, and none that is not answered.
    #[test]
    fn plans_hold_what_is_answered_and_nothing_else() {
        let (mut rules, mut kinds) = (BTreeSet::new(), BTreeSet::new());
        for plan in (0..300).map(|seed| Plan::draw(seed, Size { jobs: 60 })) {
            for rates in [&plan.site.weather.buildkite, &plan.site.weather.kubernetes] {
                kinds.extend(rates.0.iter().map(|(kind, _)| *kind));
            }
            for item in &plan.items {
                match &item.what {
                    What::Build { jobs, .. } => rules.extend(jobs.iter().filter_map(|job| job.fate.rule())),
                    What::DeleteLease | What::TakeLease => drop(rules.insert("D10")),
                    What::Outage { how, .. } => drop(kinds.insert(*how)),
                    _ => {}
                }
            }
        }
        assert_eq!(rules, ["D10", "F1", "F2", "F3", "F3b", "F4", "F5", "F7", "F8", "L7"].into());
        assert_eq!(kinds, FaultKind::ALL.into(), "some kinds of faults never strike");
        let unanswered = |rule: &&&str| NOT_ANSWERED_YET.iter().any(|missing| missing.rule == **rule);
        assert_eq!(rules.iter().find(unanswered), None);
    }
}
