//! The one statement that we make to Buildkite about a job that no agent will run (`lifecycle.md` 5.1).
//!
//! The first line begins with a reason code that stays the same, so that people can search for it and
//! machines can sort by it. The text is plain and aligned; cutting it to the size that Buildkite takes is
//! the client's work.

use std::fmt::Write as _;

use crate::{
    AgentSeen, ContainerEnd, JobEnd, JobSeen, PodSeen,
    rules::{init_failed, no_pod},
};

/// A finished statement: the job will not run, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Stable, machine-readable reason, e.g. `pod-failed`.
    pub code: &'static str,
    /// One sentence: what happened.
    pub summary: String,
    /// What was seen, one fact per line.
    pub facts: Vec<String>,
}

/// A Kubernetes event of the Job or the Pod.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventSeen {
    /// The kind of the object: `Job` or `Pod`.
    pub kind: String,
    /// `FailedScheduling`, `Failed`, …
    pub reason: String,
    /// The event's message.
    pub message: String,
    /// How often it was seen.
    pub count: u32,
}

impl Verdict {
    /// F8: the job cannot become a Job: the builder refused it, or the API server did.
    ///
    /// `error` is the whole text for the user; its first line is taken as the summary.
    pub fn invalid_job(error: &str) -> Self {
        let mut lines = error.lines();
        let summary = lines.next().unwrap_or("the job cannot be built").to_owned();
        Self { code: "invalid-job", summary, facts: lines.map(str::to_owned).collect() }
    }

    /// P8: every attempt to start the job failed.
    pub fn gave_up(attempts: u32, last_error: &str) -> Self {
        Self {
            code: "start-failed",
            summary: format!("the job could not be started in {attempts} attempts"),
            facts: vec![format!("last error: {last_error}")],
        }
    }

    /// F3, F3b: the Job ended before its agent had acquired the job. F2 when it never had a pod, F4 when an init
    /// container is the cause: the more precise one is told, whichever was noticed first.
    pub fn ended_before_acquire(job: &JobSeen, pod: Option<&PodSeen>) -> Self {
        let agent = match job.end {
            // Every container of its pod ended well, whatever was seen of them.
            Some(JobEnd::Complete) => AgentSeen::Terminated { exit_code: 0 },
            _ => pod.map(|pod| pod.agent).unwrap_or_default(),
        };
        let (code, summary) = match agent {
            AgentSeen::Terminated { exit_code } => ("agent-exited", agent_exit(exit_code)),
            AgentSeen::NotStarted | AgentSeen::Running => {
                let precise = match pod {
                    Some(pod) => init_failed::told(job, pod),
                    None => no_pod::ended_without_pod(job),
                };
                if let Some(verdict) = precise {
                    return verdict;
                }
                ("pod-failed", pod_failure(job, pod))
            }
        };
        let mut facts = job_facts(job);
        facts.extend(pod.into_iter().flat_map(pod_facts));
        Self { code, summary, facts }
    }

    /// The text of the finish call's `detail`, with the events that were found.
    pub fn detail(&self, events: &[EventSeen]) -> String {
        let mut detail = format!("{}: {}\n", self.code, self.summary);
        for fact in &self.facts {
            detail.push_str(fact);
            detail.push('\n');
        }
        if !events.is_empty() {
            detail.push_str("Events:\n");
        }
        for event in events {
            let EventSeen { kind, reason, message, count } = event;
            let times = if *count > 1 { format!(" ({count} times)") } else { String::new() };
            // Writing to a String cannot fail.
            let _ = writeln!(detail, "  {kind} {reason}{times}: {}", message.trim());
        }
        detail.truncate(detail.trim_end().len());
        detail
    }
}

fn agent_exit(exit_code: i32) -> String {
    let why = match exit_code {
        27 => ": Buildkite refused to hand out the job, because it is taken, over or cancelled",
        0 => ": Buildkite did not hand out the job in time, or the agent was stopped",
        _ => "",
    };
    format!("the agent exited with status {exit_code} before it acquired the job{why}")
}

/// What is known of the Job, one fact per line.
pub(crate) fn job_facts(job: &JobSeen) -> Vec<String> {
    let mut facts = vec![format!("Job {}/{}", job.namespace, job.name)];
    if let Some(created) = job.created_at {
        facts.push(format!("created {created}"));
    }
    if let Some(JobEnd::Failed { reason, message }) = &job.end {
        facts.push(labelled("Job failed", &[reason, message]));
    }
    facts
}

fn pod_failure(job: &JobSeen, pod: Option<&PodSeen>) -> String {
    let disrupted = pod.and_then(|pod| pod.disruption.as_ref().map(|(reason, _)| reason.as_str()));
    let named = pod.and_then(|pod| pod.reason.as_deref());
    let ended = pod.and_then(|pod| pod.ended.iter().find(|end| end.exit_code != 0));
    let cause = match (named.or(disrupted), ended, &job.end) {
        (Some(reason), _, _) => format!(" ({reason})"),
        (None, Some(end), _) => format!(" (container {} exited with {})", end.name, end.exit_code),
        (None, None, Some(JobEnd::Failed { reason, .. })) if !reason.is_empty() => format!(" ({reason})"),
        (None, None, _) => String::new(),
    };
    format!("the pod ended before the agent started{cause}")
}

/// What is known of the Pod, one fact per line.
pub(crate) fn pod_facts(pod: &PodSeen) -> Vec<String> {
    let node = pod.node.as_deref().unwrap_or("not assigned to a node");
    let mut facts = vec![format!("Pod {} ({node})", pod.name)];
    if pod.reason.is_some() || pod.message.is_some() {
        let parts = [pod.reason.as_deref().unwrap_or_default(), pod.message.as_deref().unwrap_or_default()];
        facts.push(labelled("Pod status", &parts));
    }
    if let Some((reason, message)) = &pod.disruption {
        facts.push(labelled("Pod disrupted", &[reason, message]));
    }
    let width = pod.ended.iter().map(|end| end.name.chars().count()).max().unwrap_or_default();
    facts.extend(pod.ended.iter().map(|end| container_fact(end, width)));
    facts
}

fn container_fact(end: &ContainerEnd, width: usize) -> String {
    let signal = end.signal.map(|signal| format!(", signal {signal}")).unwrap_or_default();
    let mut fact = format!("  {:width$}  exit {}{signal}  {}", end.name, end.exit_code, end.reason);
    for line in end.message.trim().lines() {
        fact.push_str("\n    ");
        fact.push_str(line);
    }
    fact
}

fn labelled(label: &str, parts: &[impl AsRef<str>]) -> String {
    let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).filter(|part| !part.is_empty()).collect();
    format!("{label}: {}", parts.join(": "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ContainerRole;

    fn job() -> JobSeen {
        JobSeen {
            namespace: "ci".into(),
            name: "buildkite-1".into(),
            end: Some(JobEnd::Failed {
                reason: "BackoffLimitExceeded".into(),
                message: "Job has failed".into(),
            }),
            ..JobSeen::default()
        }
    }

    #[track_caller]
    fn check(verdict: &Verdict, events: &[EventSeen], want: &str) {
        assert_eq!(verdict.detail(events), want.trim());
    }

    /// lifecycle F3
    #[test]
    fn an_evicted_pod_is_named_with_its_cause_and_events() {
        let pod = PodSeen {
            name: "buildkite-1-x7k2p".into(),
            node: Some("node-a".into()),
            reason: Some("Evicted".into()),
            message: Some("The node was low on resource: memory.".into()),
            disruption: Some(("TerminationByKubelet".into(), "low on memory".into())),
            ..PodSeen::default()
        };
        let event = EventSeen {
            kind: "Pod".into(),
            reason: "Evicted".into(),
            message: "low on memory\n".into(),
            count: 2,
        };
        check(
            &Verdict::ended_before_acquire(&job(), Some(&pod)),
            &[event],
            "
pod-failed: the pod ended before the agent started (Evicted)
Job ci/buildkite-1
Job failed: BackoffLimitExceeded: Job has failed
Pod buildkite-1-x7k2p (node-a)
Pod status: Evicted: The node was low on resource: memory.
Pod disrupted: TerminationByKubelet: low on memory
Events:
  Pod Evicted (2 times): low on memory",
        );
    }

    /// lifecycle F2, F3, F3b, F4
    #[test]
    fn the_summary_tells_what_ended_first() {
        let init = ContainerEnd {
            name: "copy-agent".into(),
            role: ContainerRole::Init,
            exit_code: 137,
            signal: None,
            reason: "OOMKilled".into(),
            message: "out of memory".into(),
        };
        let oom = PodSeen { name: "p".into(), ended: vec![init], ..PodSeen::default() };
        let rejected = PodSeen {
            name: "p".into(),
            agent: AgentSeen::Terminated { exit_code: 27 },
            ..PodSeen::default()
        };
        let mut sidecar = oom.clone();
        sidecar.ended[0].role = ContainerRole::Sidecar;
        let cases = [
            (None, "ended-without-pod", "the Job ended and never had a pod (BackoffLimitExceeded)"),
            (
                Some(&oom),
                "init-container-failed",
                "the init container copy-agent exited with status 137 (OOMKilled)",
            ),
            (
                Some(&sidecar),
                "pod-failed",
                "the pod ended before the agent started (container copy-agent exited with 137)",
            ),
            (
                Some(&rejected),
                "agent-exited",
                "the agent exited with status 27 before it acquired the job: Buildkite refused to hand out the job, \
                 because it is taken, over or cancelled",
            ),
        ];
        for (pod, code, summary) in cases {
            let verdict = Verdict::ended_before_acquire(&job(), pod);
            assert_eq!((verdict.code, verdict.summary.as_str()), (code, summary));
        }
        let counted = JobSeen { pods_ended: true, ..job() };
        let verdict = Verdict::ended_before_acquire(&counted, None);
        assert_eq!(
            (verdict.code, verdict.summary.as_str()),
            ("pod-failed", "the pod ended before the agent started (BackoffLimitExceeded)")
        );
        let complete = JobSeen { end: Some(JobEnd::Complete), ..counted };
        let verdict = Verdict::ended_before_acquire(&complete, None);
        assert_eq!(verdict.code, "agent-exited", "its pod succeeded, so its agent ran");
        let facts = Verdict::ended_before_acquire(&job(), Some(&oom)).facts;
        assert_eq!(
            facts.last().map(String::as_str),
            Some("  copy-agent  exit 137  OOMKilled\n    out of memory")
        );
    }

    /// lifecycle F8, P8
    #[test]
    fn refusals_keep_the_whole_error() {
        check(&Verdict::invalid_job("E-17: no\nhint: yes"), &[], "invalid-job: E-17: no\nhint: yes");
        check(
            &Verdict::gave_up(10, "conflict"),
            &[],
            "start-failed: the job could not be started in 10 attempts\nlast error: conflict",
        );
    }
}
