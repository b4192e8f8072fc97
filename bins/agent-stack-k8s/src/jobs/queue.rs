//! Which of several queues a job is of (job-manifest R-195).

use stack_config::Queue;

/// What is told of a job whose queue nothing says.
pub(super) const UNKNOWN: &str = "no rule names its queue, and only Buildkite knows the key of the default queue, so \
                                  the annotation `buildkite.com/queue` is left out; give the rule `queue=…`";

/// Several queues that one controller serves (controller-config 6.1).
#[derive(Debug)]
pub(super) struct Queues {
    /// The queue of a job that names none, if that can be told.
    only: Option<String>,
}

impl Queues {
    /// Nothing where `queues` is not set: then no queue is written down.
    pub(super) fn new(queues: &[Queue]) -> Option<Self> {
        let only = match queues {
            [] => return None,
            [queue] if !queue.name.is_empty() => Some(queue.name.clone()),
            _ => None,
        };
        Some(Self { only })
    }

    /// The queue that the last rule about it names. `*` is any queue and so names none.
    pub(super) fn of(&self, rules: &[String]) -> Option<String> {
        let named = rules.iter().rev().find_map(|rule| rule.strip_prefix("queue="));
        let named = named.filter(|queue| !queue.is_empty() && *queue != "*").map(str::to_owned);
        named.or_else(|| self.only.clone())
    }
}
