//! What the stack does not answer yet, and what is therefore left out of every plan.

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
    NotAnswered { rule: "F6", left_out: "a command image that cannot be pulled while the agent runs" },
    NotAnswered { rule: "F10", left_out: "containers that run on after the agent, such as endless sidecars" },
    NotAnswered { rule: "F11", left_out: "what is told when a container is killed for its memory" },
    NotAnswered { rule: "F12", left_out: "what is told about an eviction after the agent has started" },
    NotAnswered { rule: "F13", left_out: "nodes that never come back" },
    NotAnswered { rule: "F14", left_out: "Jobs that reach their deadline" },
    NotAnswered { rule: "F15", left_out: "starting a deleted job anew before its reservation lapses" },
    NotAnswered { rule: "F16", left_out: "notifications, which nobody sends yet" },
    NotAnswered { rule: "F17", left_out: "agents that hang after their job has ended" },
    NotAnswered { rule: "F19", left_out: "a token that cannot be issued" },
];

/// Whether a fault that this rule answers may be in a plan.
pub(crate) fn is_answered(rule: &str) -> bool {
    NOT_ANSWERED_YET.iter().all(|missing| missing.rule != rule)
}

#[cfg(test)]
mod tests {
    use super::NOT_ANSWERED_YET;

    /// What is not tried is told where the promises stand, and nothing else is told to be untried.
    #[test]
    fn the_documentation_has_the_same_list() {
        let text = include_str!("../../../docs/reliability.md");
        let (_, listed) = text.split_once("| Rule | Left out of every plan |").unwrap();
        let told: Vec<String> =
            listed.lines().skip(2).take_while(|line| line.starts_with('|')).map(str::to_owned).collect();
        let list = NOT_ANSWERED_YET.iter();
        let known: Vec<String> =
            list.map(|missing| format!("| {} | {} |", missing.rule, missing.left_out)).collect();
        assert_eq!(told, known);
    }
}
