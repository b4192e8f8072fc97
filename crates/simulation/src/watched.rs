//! A run in which a panic counts as a broken rule, wherever it happened.

use std::{
    cell::{Cell, RefCell},
    panic::{self, AssertUnwindSafe},
    sync::Once,
};

use jiff::Timestamp;

use crate::{
    checker::Violation,
    plan::Plan,
    run::{Outcome, run},
    trace::Detail,
};

thread_local! {
    /// The first panic of the run on this thread. Runtimes catch panics of tasks, so they would pass unseen.
    static PANIC: RefCell<Option<String>> = const { RefCell::new(None) };
    /// A run is under way on this thread.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
}

static HOOK: Once = Once::new();

/// Carries out a plan; a panic of any task of it is a violation.
#[must_use]
pub fn watched_run(plan: &Plan, detail: Detail) -> Outcome {
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if RUNNING.get() {
                PANIC.with_borrow_mut(|seen| {
                    seen.get_or_insert_with(|| info.to_string());
                });
            } else {
                usual(info);
            }
        }));
    });
    PANIC.take();
    RUNNING.set(true);
    let ended = panic::catch_unwind(AssertUnwindSafe(|| run(plan, detail)));
    RUNNING.set(false);
    let mut outcome = ended.unwrap_or_else(|_| Outcome::of_nothing(plan.seed));
    if let Some(message) = PANIC.take() {
        let at = Timestamp::UNIX_EPOCH;
        outcome.violation = Some(Violation { rule: "no panic", job: None, at, message });
    }
    outcome
}
