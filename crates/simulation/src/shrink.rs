//! Making a failure small: the shortest prefix of its plan that still fails, and then without whatever is not needed.

use std::time::{Duration, Instant};

use crate::{plan::Plan, run::Outcome, trace::Detail, watched::watched_run};

/// A failure that was made small.
#[derive(Debug)]
pub struct Shrunk {
    /// What is left of the plan.
    pub plan: Plan,
    /// Its outcome, with the trace.
    pub outcome: Outcome,
    /// Items of the shortest prefix that fails.
    pub prefix: usize,
    /// Time ran out before every shorter plan was tried.
    pub cut_short: bool,
    /// Runs that it took.
    pub runs: u32,
}

/// Shrinks a plan that fails with a rule, for about so long.
///
/// Whoever reads the result must see the same rule broken, so a plan that breaks another one does not count.
#[must_use]
pub fn shrink(plan: &Plan, rule: &str, at_most: Duration) -> Shrunk {
    let mut search = Search { rule, runs: 0, deadline: Instant::now() + at_most, cut_short: false };
    let mut plan = search.shortest_prefix(plan);
    let prefix = plan.items.len();
    search.drop_chunks(&mut plan);
    let outcome = watched_run(&plan, Detail::Everything);
    Shrunk { plan, outcome, prefix, cut_short: search.cut_short, runs: search.runs }
}

struct Search<'a> {
    rule: &'a str,
    runs: u32,
    deadline: Instant,
    cut_short: bool,
}

impl Search<'_> {
    fn fails(&mut self, plan: &Plan) -> bool {
        self.runs += 1;
        let outcome = watched_run(plan, Detail::Nothing);
        outcome.violation.is_some_and(|violation| violation.rule == self.rule)
    }

    fn is_out_of_time(&mut self) -> bool {
        self.cut_short |= Instant::now() >= self.deadline;
        self.cut_short
    }

    /// Halves what is left as long as that fails, for a bound; then tries every shorter one, the shortest first,
    /// because what a shorter plan does is not always what the beginning of a longer one does.
    fn shortest_prefix(&mut self, plan: &Plan) -> Plan {
        let (mut works, mut fails) = (0, plan.items.len());
        while fails - works > 1 && !self.is_out_of_time() {
            let middle = works + (fails - works) / 2;
            if self.fails(&plan.prefix(middle)) {
                fails = middle;
            } else {
                works = middle;
            }
        }
        for length in 1..fails {
            if self.is_out_of_time() {
                break;
            }
            let shorter = plan.prefix(length);
            if self.fails(&shorter) {
                return shorter;
            }
        }
        plan.prefix(fails)
    }

    /// Leaves out ever smaller pieces from the middle.
    fn drop_chunks(&mut self, plan: &mut Plan) {
        let mut size = plan.items.len() / 2;
        while size > 0 {
            let mut end = plan.items.len();
            while end > 0 && !self.is_out_of_time() {
                let start = end.saturating_sub(size);
                let fewer = plan.without(start..end);
                if self.fails(&fewer) {
                    *plan = fewer;
                }
                end = start;
            }
            size /= 2;
        }
    }
}
