//! The table of `lifecycle.md` 1.3: what Buildkite says × what Kubernetes shows → what we do.

use crate::{AgentSeen, BuildkiteState, JobEnd, JobSeen, PodSeen};

/// A column of the table: what Kubernetes shows of the job.
///
/// The column *no Job* is not here: jobs without one are the limiter's and the start of an attempt's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Workload {
    /// The Job is suspended and has no pod.
    Suspended,
    /// The Job is active and has no pod.
    WithoutPod,
    /// A pod exists; its agent container has neither run nor ended.
    AgentNotStarted,
    /// The agent container runs.
    AgentRunning,
    /// The agent container ended; the Job has not.
    AgentTerminated,
    /// The Job failed and its agent never started.
    EndedWithoutAgent,
    /// The Job ended and its agent had started.
    EndedWithAgent,
}

impl Workload {
    /// Every column, in the order of the table.
    pub const ALL: [Self; 7] = [
        Self::Suspended,
        Self::WithoutPod,
        Self::AgentNotStarted,
        Self::AgentRunning,
        Self::AgentTerminated,
        Self::EndedWithoutAgent,
        Self::EndedWithAgent,
    ];

    /// The column of a Job and the last that was seen of its Pod.
    ///
    /// `agent_started` remembers that the agent ran even when the pod is gone by now. A complete Job says so by itself:
    /// its pod succeeded, whether anybody saw it run or not.
    pub fn of(job: &JobSeen, pod: Option<&PodSeen>, agent_started: bool) -> Self {
        match &job.end {
            Some(JobEnd::Failed { .. }) if !agent_started => return Self::EndedWithoutAgent,
            Some(JobEnd::Failed { .. } | JobEnd::Complete) => return Self::EndedWithAgent,
            None => {}
        }
        match pod.map(|pod| pod.agent) {
            Some(AgentSeen::NotStarted) => Self::AgentNotStarted,
            Some(AgentSeen::Running) => Self::AgentRunning,
            Some(AgentSeen::Terminated { .. }) => Self::AgentTerminated,
            None if job.suspended => Self::Suspended,
            None => Self::WithoutPod,
        }
    }
}

/// A failure or clean-up rule of `lifecycle.md` that a cell names and that no code carries out yet.
///
/// Such a cell means "wait", and the controller logs it once per job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unbuilt {
    /// An agent has the job while ours has not started: tell which container holds it up.
    F6,
    /// Agent runs on although the job is over.
    F10b,
    /// Other containers run on after the agent.
    F10,
}

/// What a cell of the table says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cell {
    /// Nothing, keep watching.
    Wait,
    /// Keep the reservation alive (1.8) and keep watching; F1, F4, F5 and F7 have their triggers from here.
    Renew,
    /// The reservation lapsed: reserve again and keep watching.
    ReReserve,
    /// F3: the pod failed before the agent acquired; tell Buildkite. F2 when there never was a pod.
    F3,
    /// F3b: the agent ended before it acquired; tell Buildkite.
    F3b,
    /// F9: the job is over and its agent has not started; remove pod and Job.
    F9,
    /// F9 after two consecutive absences.
    F9OnceConfirmed,
    /// Somebody else runs the job: delete our Job, which has no pod, after two confirmations.
    OtherOwner,
    /// D5: the ended Job stands in the way of another attempt; delete it.
    D5,
    /// Scheduled again although its agent had started: not made again while the object exists; warn (X20).
    X20,
    /// The job's result is with Buildkite; nothing to tell, nothing to renew.
    Settled,
    /// A state that a job of ours should not be in, or a word that is not documented: wait and warn.
    WaitAndWarn,
    /// A rule that is not carried out yet: wait, and say so.
    WaitFor(Unbuilt),
}

/// The cell of the table.
pub fn cell(state: BuildkiteState, workload: Workload) -> Cell {
    use BuildkiteState as S;
    use Workload as W;
    match (state, workload) {
        (_, W::AgentTerminated) => Cell::WaitFor(Unbuilt::F10),
        (S::Ended, W::AgentRunning) => Cell::WaitFor(Unbuilt::F10b),
        (S::Reserved, W::EndedWithoutAgent) => Cell::F3,
        (S::Reserved, W::EndedWithAgent) => Cell::F3b,
        (S::Reserved, _) => Cell::Renew,
        // The agent is acquiring.
        (_, W::AgentRunning) => Cell::Wait,
        (S::NotRunnable | S::Unknown, _) => Cell::WaitAndWarn,
        (S::Scheduled, W::EndedWithoutAgent) => Cell::D5,
        (S::Scheduled, W::EndedWithAgent) => Cell::X20,
        (S::Scheduled, W::Suspended | W::WithoutPod | W::AgentNotStarted) => Cell::ReReserve,
        (S::AgentOwned | S::WindingDown | S::Ended | S::Absent, W::EndedWithoutAgent | W::EndedWithAgent) => {
            Cell::Settled
        }
        (S::AgentOwned | S::WindingDown, W::Suspended | W::WithoutPod) => Cell::OtherOwner,
        (S::AgentOwned, W::AgentNotStarted) => Cell::WaitFor(Unbuilt::F6),
        // Some agent has it and winds down (1.1); once it is over, F9 removes what is ours.
        (S::WindingDown, W::AgentNotStarted) => Cell::Wait,
        (S::Ended, W::Suspended | W::WithoutPod | W::AgentNotStarted) => Cell::F9,
        (S::Absent, W::Suspended | W::WithoutPod | W::AgentNotStarted) => Cell::F9OnceConfirmed,
    }
}

#[cfg(test)]
mod tests;
