//! F5: an image cannot be pulled, or a container cannot be made (5.2).

use std::time::{Duration, Instant};

use super::{Due, Finding, Proof};
use crate::{ContainerRole, ContainerWait, JobSeen, Observed, PodClocks, PodSeen, Verdict, verdict};

/// What a waiting reason stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Class {
    /// It will never work, whatever container it is.
    Hopeless,
    /// The image does not come.
    Pull,
    /// The registry is away; outages pass, so it has twice the time.
    Registry,
    /// The container cannot be made: a missing ConfigMap, a hook that fails, …
    Create,
}

impl Class {
    /// The class of a reason; `None` for what is normal, and for what is not known.
    pub(crate) fn of(reason: &str) -> Option<Self> {
        Some(match reason {
            "InvalidImageName" => Self::Hopeless,
            "ErrImagePull"
            | "ImagePullBackOff"
            | "ImageInspectError"
            | "ErrImageNeverPull"
            | "SignatureValidationFailed" => Self::Pull,
            "RegistryUnavailable" => Self::Registry,
            "CreateContainerConfigError"
            | "CreateContainerError"
            | "PreCreateHookError"
            | "PreStartHookError"
            | "PostStartHookError"
            | "RunContainerError" => Self::Create,
            _ => return None,
        })
    }

    fn grace(self, patience: Duration) -> Duration {
        match self {
            Self::Hopeless => Duration::ZERO,
            Self::Pull | Self::Create => patience,
            Self::Registry => patience.saturating_mul(2),
        }
    }
}

/// Containers that this rule deals with: of foreign ones only those without hope (5.1).
pub(crate) fn failing(pod: &PodSeen) -> impl Iterator<Item = (&ContainerWait, Class)> {
    pod.waiting.iter().filter_map(|wait| {
        let class = Class::of(&wait.reason)?;
        (class == Class::Hopeless || wait.role != ContainerRole::Foreign).then_some((wait, class))
    })
}

pub(super) fn find(observed: &Observed<'_>, pod: &PodSeen, clocks: &PodClocks, now: Instant) -> Finding {
    if pod.deleting {
        return Finding::Nothing;
    }
    let mut due: Vec<(&ContainerWait, Class)> = Vec::new();
    let mut first: Option<Instant> = None;
    for (wait, class) in failing(pod) {
        let since = clocks.failing.get(&wait.name).copied().unwrap_or(now);
        let at = since + class.grace(observed.patience.image_pull);
        first = Some(first.map_or(at, |first| first.min(at)));
        if at <= now {
            due.push((wait, class));
        }
    }
    match first {
        None => Finding::Nothing,
        Some(at) if at > now => Finding::NotBefore(at),
        Some(since) => {
            let names = due.iter().map(|(wait, _)| wait.name.clone()).collect();
            let verdict = told(observed.job, pod, due);
            Finding::Due(Due { since, verdict, proof: Proof::Failing(names) })
        }
    }
}

fn told(job: &JobSeen, pod: &PodSeen, mut due: Vec<(&ContainerWait, Class)>) -> Verdict {
    due.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
    let create_only = due.iter().all(|(_, class)| *class == Class::Create);
    let (code, what) = if create_only {
        ("container-create-failed", "cannot be made")
    } else {
        ("image-pull-failed", "cannot get its image")
    };
    let culprit = due.iter().find(|(_, class)| create_only || *class != Class::Create);
    let name = culprit.map(|(wait, _)| wait.name.as_str()).unwrap_or_default();
    let reason = culprit.map(|(wait, _)| wait.reason.as_str()).unwrap_or_default();
    let mut facts: Vec<String> = due.iter().map(|(wait, _)| container_fact(wait)).collect();
    facts.extend(verdict::job_facts(job));
    facts.extend(verdict::pod_facts(pod));
    Verdict { code, summary: format!("the container {name} {what} ({reason})"), facts }
}

fn container_fact(wait: &ContainerWait) -> String {
    let ContainerWait { name, image, reason, message, role: _ } = wait;
    let message = message.trim();
    let told = if message.is_empty() { String::new() } else { format!(": {message}") };
    format!("  {name}  {image:?}  {reason}{told}")
}
