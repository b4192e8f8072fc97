//! How a job may end, from what the plan has in store for it.

use std::time::Duration;

use crate::facts::CutOff;
use crate::plan::{Fate, Harm, JobPlan, Whose};

/// Ends that fit a job's fate. What befalls it from outside adds to this ([`Expected::touched`]).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Expected {
    /// Exit statuses that its agent may report; empty allows every one.
    exits: Vec<i32>,
    /// The controller may give one of these verdicts.
    verdicts: Vec<&'static str>,
    /// Its agent may be lost after it has taken the job.
    lost: bool,
    /// Its node may be lost: then nobody can see what runs there.
    hidden: bool,
    /// Somebody else may have a Job of its name.
    clash: bool,
    /// Something from outside hit it.
    touched: bool,
}

/// Verdicts about a pod that does not get as far as its agent.
const STUCK: [&str; 3] = ["image-pull-failed", "container-create-failed", "pending-timeout"];
/// Verdicts about a Job that ended or lost its pod before its agent acquired.
const BROKEN: [&str; 4] = ["pod-failed", "agent-exited", "init-container-failed", "ended-without-pod"];
/// A job that cannot be started for ten attempts or minutes (P8): only faults can explain it.
pub(super) const GAVE_UP: &str = "start-failed";

impl Expected {
    /// The ends that a plan allows.
    pub(super) fn of(plan: &JobPlan, pod_pending: Duration) -> Self {
        // From the creation of the pod to its agent the plan's delay is the longest part, not the only one.
        let slow = plan.slow_start + Duration::from_secs(15) > pod_pending;
        let mut expected = match &plan.fate {
            Fate::Runs { code, .. } => Self { exits: vec![*code], ..Self::default() },
            Fate::Refused => Self::verdicts(&["invalid-job"]),
            Fate::ImagePull { .. } | Fate::NeverScheduled => Self::verdicts(&STUCK),
            Fate::NoPod { .. } => Self::verdicts(&["no-pod", "pending-timeout"]),
            Fate::EndsWithoutPod { .. } => Self::verdicts(&["ended-without-pod"]),
            Fate::InitFails { .. } | Fate::AgentDies { .. } => Self::verdicts(&BROKEN),
            Fate::Interference { how, .. } => {
                let hidden = matches!(how, Harm::NodeLost { .. });
                let mut broken = Self { exits: Vec::new(), lost: true, hidden, ..Self::verdicts(&BROKEN) };
                broken.verdicts.extend(STUCK.iter().filter(|_| hidden));
                broken
            }
        };
        if slow {
            expected.verdicts.extend(STUCK);
        }
        expected
    }

    /// Another attempt passes.
    fn verdicts(codes: &[&'static str]) -> Self {
        Self { exits: vec![0], verdicts: codes.to_vec(), ..Self::default() }
    }

    /// Somebody outside laid hands on it.
    pub(super) fn touched(&mut self) {
        self.touched = true;
    }

    /// Somebody else has a Job of its name: what is none of Buildkite's ends it (D4).
    pub(super) fn clashes(&mut self, whose: Whose) {
        self.clash = true;
        if whose == Whose::Stranger {
            self.verdicts.push("invalid-job");
        }
    }

    /// Whether somebody else may have a Job of its name.
    pub(super) fn has_clash(&self) -> bool {
        self.clash
    }

    /// One of its pods is where nobody sees it.
    pub(super) fn node_lost(&mut self) {
        if !self.hidden {
            (self.hidden, self.lost) = (true, true);
            self.exits.clear();
            self.verdicts.extend(BROKEN.iter().chain(&STUCK));
        }
    }

    /// Its agent did not get through to Buildkite.
    pub(super) fn cut_off(&mut self, how: CutOff) {
        self.lost = true;
        match how {
            CutOff::BeforeJob => self.verdicts.extend(BROKEN),
            CutOff::Silent => {}
            CutOff::Alone if self.exits.is_empty() => {}
            CutOff::Alone => self.exits.push(-1),
        }
    }

    /// Whether somebody outside laid hands on it.
    pub(super) fn is_touched(&self) -> bool {
        self.touched
    }

    /// Whether the controller may end it with this code.
    pub(super) fn allows_verdict(&self, code: &str) -> bool {
        let broken = self.touched && (BROKEN.contains(&code) || STUCK.contains(&code) || code == "no-pod");
        broken || self.verdicts.contains(&code)
    }

    /// Whether its agent may report this status.
    pub(super) fn allows_exit(&self, status: i32) -> bool {
        self.touched || self.exits.is_empty() || self.exits.contains(&status)
    }

    /// Whether its agent may run where nobody sees it.
    pub(super) fn may_be_hidden(&self) -> bool {
        self.hidden
    }

    /// Whether its agent may vanish after it took the job.
    pub(super) fn allows_loss(&self) -> bool {
        self.touched || self.lost
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(fate: Fate) -> Expected {
        Expected::of(&JobPlan::new(fate, Duration::from_secs(1)), Duration::from_secs(90))
    }

    #[test]
    fn a_job_that_runs_ends_with_its_own_status_and_no_verdict() {
        let mut runs = plan(Fate::Runs { lasts: Duration::from_secs(1), code: 3 });
        assert!(runs.allows_exit(3) && !runs.allows_exit(0));
        assert!(!runs.allows_verdict("pod-failed") && !runs.allows_loss());
        runs.touched();
        assert!(runs.allows_verdict("pod-failed") && runs.allows_loss() && runs.allows_exit(143));
        assert!(!runs.allows_verdict("invalid-job"), "nobody outside can make it invalid");
    }

    /// lifecycle D4
    #[test]
    fn a_taken_name_ends_a_job_only_if_a_stranger_has_it() {
        let fate = || Fate::Runs { lasts: Duration::from_secs(1), code: 0 };
        let mut other = plan(fate());
        other.clashes(Whose::OtherController);
        assert!(!other.allows_verdict("invalid-job") && !other.allows_loss());
        let mut stranger = plan(fate());
        stranger.clashes(Whose::Stranger);
        assert!(stranger.allows_verdict("invalid-job") && !stranger.allows_verdict("start-failed"));
    }

    /// agent-protocol 6.1, 10.5
    #[test]
    fn an_agent_that_does_not_get_through_may_be_lost() {
        let fate = || Fate::Runs { lasts: Duration::from_secs(1), code: 3 };
        let mut silent = plan(fate());
        silent.cut_off(CutOff::Silent);
        assert!(silent.allows_loss() && !silent.allows_verdict("agent-exited") && !silent.allows_exit(-1));
        let mut alone = plan(fate());
        alone.cut_off(CutOff::Alone);
        assert!(alone.allows_exit(-1) && alone.allows_exit(3) && !alone.allows_exit(143));
        let mut jobless = plan(fate());
        jobless.cut_off(CutOff::BeforeJob);
        assert!(jobless.allows_verdict("agent-exited") && !jobless.allows_verdict("pending-timeout"));
    }

    /// lifecycle F2
    #[test]
    fn a_job_that_ends_without_a_pod_is_told_so() {
        let ended = plan(Fate::EndsWithoutPod { after: Duration::from_secs(3) });
        assert!(ended.allows_verdict("ended-without-pod") && ended.allows_exit(0));
        assert!(!ended.allows_verdict("no-pod") && !ended.allows_verdict("pod-failed"));
    }

    #[test]
    fn a_job_that_is_refused_ends_with_that_verdict() {
        let refused = plan(Fate::Refused);
        assert!(refused.allows_verdict("invalid-job") && !refused.allows_verdict("pod-failed"));
    }
}
