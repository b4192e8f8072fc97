//! Where a candidate stands: by its priority and age (P1), or behind the others although neither says so (V1).

use std::{cmp::Reverse, time::Instant};

use super::held::KEPT_FOR;

/// Start order: priority descending, then age, then first seen (P1).
pub(crate) type Order = (Reverse<i64>, i64, u64);

/// Why a job stands behind all that could start (V1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WhyBehind {
    /// It was reserved in vain for [`KEPT_FOR`](crate::KEPT_FOR), and whether anybody can start nobody knows: another
    /// is to be tried. It has its own place again once a create is accepted, whoever's.
    NobodyStarted,
    /// It had its own place again after others had started, and came to nothing for as long once more. It stays behind
    /// until its priority changes.
    OthersStarted,
}

/// The place of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    /// What its priority and age make of it.
    own: Order,
    /// Where it stands.
    order: Order,
    standing: Standing,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// In its own place, and never was behind.
    Own,
    /// Behind until a create is accepted, so many having been accepted before.
    Yields { accepted: u64 },
    /// In its own place again, since then.
    Restored { since: Instant },
    /// Behind for good.
    Behind,
}

impl Place {
    pub(super) fn new(own: Order) -> Self {
        Self { own, order: own, standing: Standing::Own }
    }

    pub(crate) fn order(&self) -> Order {
        self.order
    }

    /// Where it came in: it keeps that whatever the list says of it.
    pub(super) fn first_seen(&self) -> u64 {
        self.own.2
    }

    /// What the list says of it now. Another priority is a word of its owner's, and brings it back to its own place.
    /// Says whether it did.
    pub(super) fn listed(&mut self, own: Order) -> bool {
        let reordered = own.0 != self.own.0;
        self.own = own;
        if reordered {
            self.standing = Standing::Own;
        }
        if !self.is_behind() {
            self.order = own;
        }
        reordered
    }

    /// Sends it there. Says why, unless that has been said. What lapses soon after it was restored was reserved before
    /// that: the others have not been able to start for as long.
    pub(super) fn put_behind(&mut self, order: Order, accepted: u64, now: Instant) -> Option<WhyBehind> {
        self.order = order;
        let (standing, why) = match self.standing {
            Standing::Own => (Standing::Yields { accepted }, Some(WhyBehind::NobodyStarted)),
            Standing::Restored { since } if now < since + KEPT_FOR => (Standing::Yields { accepted }, None),
            Standing::Restored { .. } => (Standing::Behind, Some(WhyBehind::OthersStarted)),
            Standing::Yields { .. } => (Standing::Yields { accepted }, None),
            Standing::Behind => (Standing::Behind, None),
        };
        self.standing = standing;
        why
    }

    /// So many creates have been accepted. Says whether it waits for one more.
    pub(super) fn restore(&mut self, accepted: u64, now: Instant) -> bool {
        match self.standing {
            Standing::Yields { accepted: before } if before < accepted => {
                self.standing = Standing::Restored { since: now };
                self.order = self.own;
                false
            }
            Standing::Yields { .. } => true,
            Standing::Own | Standing::Restored { .. } | Standing::Behind => false,
        }
    }

    fn is_behind(&self) -> bool {
        matches!(self.standing, Standing::Yields { .. } | Standing::Behind)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// lifecycle V1: nobody could start in the ten minutes that have just lapsed, but for their last seconds
    #[test]
    fn what_lapses_as_an_outage_ends_costs_nobody_its_place() {
        let start = Instant::now();
        let minutes = |count: u64| start + Duration::from_secs(60 * count);
        let (own, last) = ((Reverse(5), 0, 1), (Reverse(0), 9, 9));
        let mut place = Place::new(own);
        assert_eq!(place.put_behind(last, 0, minutes(10)), Some(WhyBehind::NobodyStarted));
        assert!(!place.restore(1, minutes(20)) && place.order() == own);
        assert_eq!(place.put_behind(last, 1, minutes(21)), None);
        assert_eq!(place.order(), last);
        assert!(!place.restore(2, minutes(22)) && place.order() == own, "as soon as somebody starts");
        assert_eq!(place.put_behind(last, 3, minutes(32)), Some(WhyBehind::OthersStarted));
        assert!(!place.restore(4, minutes(33)) && place.order() == last);
    }
}
