//! A queue of what is due when.

use std::collections::BTreeMap;

use jiff::Timestamp;

/// Things that are due at some time, first come first served among those of one instant.
#[derive(Debug)]
pub(crate) struct Timers<T> {
    queue: BTreeMap<(Timestamp, u64), T>,
    next: u64,
}

impl<T> Default for Timers<T> {
    fn default() -> Self {
        Self { queue: BTreeMap::new(), next: 0 }
    }
}

impl<T> Timers<T> {
    pub(crate) fn add(&mut self, at: Timestamp, what: T) {
        self.queue.insert((at, self.next), what);
        self.next += 1;
    }

    /// When the next thing is due.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        self.queue.first_key_value().map(|((at, _), _)| *at)
    }

    /// The next thing that is due by `now`.
    pub(crate) fn pop_due(&mut self, now: Timestamp) -> Option<T> {
        let first = self.queue.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }

    /// Drops what comes next as long as it is void, so that nobody waits for it.
    pub(crate) fn skip(&mut self, void: impl Fn(Timestamp, &T) -> bool) {
        while let Some(first) = self.queue.first_entry() {
            if !void(first.key().0, first.get()) {
                return;
            }
            first.remove();
        }
    }
}

/// `at` plus `by`, which never leaves the range of times that can be written.
pub(crate) fn later(at: Timestamp, by: std::time::Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}
