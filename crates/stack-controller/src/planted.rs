//! Deliberate defects, each one that the field has had, to show that the simulation finds them.
//!
//! Without the feature `planted-defects`, which no binary enables, [`is`] is a constant `false` and nothing of
//! this is compiled in. With it a defect is planted for everything that runs on the calling thread.

macro_rules! defects {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A defect that can be planted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Defect {
            $($(#[$doc])* $variant,)*
        }

        #[cfg(feature = "planted-defects")]
        impl Defect {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name on command lines and in reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

defects! {
    /// B4: a create whose answer is lost counts as failed, and its slot is free at once.
    UncertainCreateReleases = "uncertain-create-releases",
    /// B1, H4: Jobs that were there before the start are not charged.
    ExistingJobsNotCharged = "existing-jobs-not-charged",
    /// B3: a deletion that only a new list shows leaves the slot taken.
    MissedDeleteLeaks = "missed-delete-leaks",
    /// B6: what is in flight above the limit is forgotten.
    DebtForgotten = "debt-forgotten",
    /// B5, L8: an end that is told again releases the slot of somebody else.
    ForeignCompletionReleases = "foreign-completion-releases",
    /// B8, L7: a Job ends with any condition that announces its end.
    EarlyConditionReleases = "early-condition-releases",
    /// B1, L4: admissions begin before the first complete list.
    AdmitsBeforeList = "admits-before-list",
    /// H6, L9: a refused job keeps its slot.
    RefusalKeepsSlot = "refusal-keeps-slot",
    /// B7: a failed attempt is dropped without another try.
    FailedCreateDropped = "failed-create-dropped",
    /// B9: a reserve call that failed is forgotten with all of its jobs.
    FailedReserveForgets = "failed-reserve-forgets",
    /// 1.8: reservations are not renewed.
    NeverRenews = "never-renews",
    /// V5: reservations are renewed with two thirds left, not with one.
    RenewsOnTheWrongThird = "renews-on-the-wrong-third",
    /// V1: each attempt that fails keeps its reservation and makes room for another one.
    LookAheadUnbounded = "look-ahead-unbounded",
    /// V1, P1: who was reserved in vain stands behind the others although they start.
    PlaceNeverGivenBack = "place-never-given-back",
    /// C3, P1: jobs are started in the order of their age alone.
    PriorityIgnored = "priority-ignored",
    /// P1: of jobs of one priority the youngest goes first.
    YoungestFirst = "youngest-first",
    /// B10, P2: the first sighting of a job counts, whatever lists say of it later.
    FirstSightingCounts = "first-sighting-counts",
    /// P7: a stop that was asked for ends no admissions.
    AdmitsWhileStopping = "admits-while-stopping",
    /// V7: the lifetime of reservations is left to the server.
    LifetimeLeftToServer = "lifetime-left-to-server",
    /// P5, 2.6: the pause of the queue is not heeded.
    PauseIgnored = "pause-ignored",
    /// H11: a job that was cancelled while it waited is tried again and again.
    CancelledCandidatesTried = "cancelled-candidates-tried",
    /// D4: a Job that exists already is taken for somebody else's.
    AdoptionRefused = "adoption-refused",
    /// 1.7: objects are removed before the verdict is sent.
    VerdictAfterCleanUp = "verdict-after-clean-up",
    /// X13: it is forgotten that a verdict was given.
    VerdictForgotten = "verdict-forgotten",
    /// X14: a deletion that failed is not tried again.
    FailedDeletionForgotten = "failed-deletion-forgotten",
    /// X4: live reads are answered from the watches' view.
    StaleViewTrusted = "stale-view-trusted",
    /// X7: objects are deleted by name alone.
    DeletesByName = "deletes-by-name",
    /// F3: a verdict rests on a state from before the end.
    VerdictOnOldState = "verdict-on-old-state",
    /// X5: as long as a pod's phase is `Pending`, its agent counts as not started.
    PhaseTakenForAgent = "phase-taken-for-agent",
    /// D5, X20: a finished Job is deleted and made anew without end, instead of a verdict.
    RoomWithoutEnd = "room-without-end",
    /// D6: how a Job ended is forgotten once it is gone, told or not.
    EndForgottenWithItsJob = "end-forgotten-with-its-job",
    /// D10, X26: the Lease's age is told by the wall clock.
    LeaseByWallClock = "lease-by-wall-clock",
    /// D10: whoever lost the Lease goes on.
    LostLeaseIgnored = "lost-lease-ignored",
}

#[cfg(feature = "planted-defects")]
mod here {
    use std::{
        cell::{Cell, RefCell},
        collections::BTreeMap,
    };

    use limiter::ListedJob;
    use uuid::Uuid;

    use super::Defect;

    thread_local! {
        static PLANTED: Cell<Option<Defect>> = const { Cell::new(None) };
        /// Priorities at first sight.
        static FIRST_SEEN: RefCell<BTreeMap<Uuid, i64>> = const { RefCell::new(BTreeMap::new()) };
    }

    /// Plants a defect in everything that runs on this thread from now on; `None` heals it.
    pub fn plant(defect: Option<Defect>) {
        PLANTED.set(defect);
        FIRST_SEEN.take();
        k8s_runtime::planted::delete_by_name(defect == Some(Defect::DeletesByName));
    }

    /// Whether this defect is planted.
    #[must_use]
    pub fn is(defect: Defect) -> bool {
        PLANTED.get() == Some(defect)
    }

    /// An entry of a list, as defects read it.
    #[must_use]
    pub fn misread(mut job: ListedJob) -> ListedJob {
        match PLANTED.get() {
            Some(Defect::PriorityIgnored) => job.priority = 0,
            Some(Defect::YoungestFirst) => job.scheduled_at = job.scheduled_at.map(|at| -at),
            Some(Defect::FirstSightingCounts) => {
                job.priority =
                    FIRST_SEEN.with_borrow_mut(|seen| *seen.entry(job.job).or_insert(job.priority));
            }
            _ => {}
        }
        job
    }
}

#[cfg(feature = "planted-defects")]
pub use here::{is, misread, plant};

/// Nothing is planted.
#[cfg(not(feature = "planted-defects"))]
#[must_use]
pub const fn is(_: Defect) -> bool {
    false
}

/// An entry of a list, as it is.
#[cfg(not(feature = "planted-defects"))]
#[must_use]
pub const fn misread(job: limiter::ListedJob) -> limiter::ListedJob {
    job
}
