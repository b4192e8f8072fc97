//! Each failure rule from its trigger to its last step, with what must hold it back.

mod clean_up;
mod images;
mod no_pod;
mod pending;

use super::*;
use crate::{
    AgentSeen, BuildkiteState, ContainerRole, ContainerWait, JobEnd, Patience, PodClocks, VerdictProgress,
    decide as decide_all,
};

const LIFETIME: Duration = Duration::from_secs(900);
const UID: &str = "uid-1";

/// A job that we hold, some time after its first sighting; every test changes what it is about.
#[derive(Clone)]
struct Scene {
    start: Instant,
    /// Seconds since the start.
    now: u64,
    job: JobSeen,
    ended_at: Option<Instant>,
    podless_since: Option<Instant>,
    pod: Option<PodSeen>,
    clocks: Option<PodClocks>,
    state: Option<StateSeen>,
    live: Option<LiveSeen>,
    facts_since: Option<Instant>,
    removed_pod: Option<String>,
    job_handled: bool,
    rooms_made: u32,
    reserved: bool,
    verdict: VerdictProgress,
    patience: Patience,
}

impl Scene {
    /// An active Job that has a start time and no pod.
    fn new(state: BuildkiteState) -> Self {
        let start = Instant::now();
        Self {
            start,
            now: 0,
            job: JobSeen { name: "buildkite-1".into(), started: true, ..JobSeen::default() },
            ended_at: None,
            podless_since: Some(start),
            pod: None,
            clocks: None,
            state: Some(StateSeen::new(state, start)),
            live: None,
            facts_since: None,
            removed_pod: None,
            job_handled: false,
            rooms_made: 0,
            reserved: true,
            verdict: VerdictProgress::None,
            patience: Patience::default(),
        }
    }

    /// The same with a pod that waits for its containers.
    fn with_pod(state: BuildkiteState, pod: PodSeen) -> Self {
        let mut scene = Self::new(state);
        scene.job.has_pods = true;
        scene.podless_since = None;
        scene.clocks = Some(PodClocks::new(&pod, scene.start));
        scene.pod = Some(pod);
        scene
    }

    /// Time passes, and Buildkite answers the same once more.
    fn at(mut self, seconds: u64) -> Self {
        self.now = seconds;
        let now = self.instant();
        if let Some(seen) = &mut self.state {
            seen.asked_at = now;
        }
        self
    }

    fn instant(&self) -> Instant {
        self.start + Duration::from_secs(self.now)
    }

    /// A live read of this moment that shows what the watches show.
    fn live(&self) -> LiveSeen {
        LiveSeen {
            asked_at: self.instant(),
            answered_at: self.instant(),
            job: Some((UID.to_owned(), self.job.clone())),
            pods: self.pod.iter().cloned().collect(),
            quota: false,
        }
    }

    fn looked(mut self) -> Self {
        self.live = Some(self.live());
        self
    }

    fn decide(&self) -> Decision {
        let observed = Observed {
            job: &self.job,
            uid: UID,
            ended_at: self.ended_at,
            podless_since: self.podless_since,
            pod: self.pod.as_ref(),
            pod_clocks: self.clocks.as_ref(),
            agent_started: self.pod.as_ref().is_some_and(|pod| pod.agent.has_started()),
            state: self.state,
            live: self.live.as_ref(),
            facts_since: self.facts_since,
            removed_pod: self.removed_pod.as_deref(),
            job_handled: self.job_handled,
            rooms_made: self.rooms_made,
            reserved_until: self.reserved.then(|| self.instant() + LIFETIME),
            reservation_lifetime: LIFETIME,
            verdict: self.verdict,
            patience: &self.patience,
        };
        decide_all(&observed, self.instant())
    }

    /// What is done, in a word.
    #[track_caller]
    fn check(&self, want: &str) {
        assert_eq!(word(self.decide().action), want);
    }
}

/// An action in a word; a verdict by its code, a deletion by its object and reason.
fn word(action: Option<Action>) -> String {
    match action {
        None => "nothing".to_owned(),
        Some(Action::ReadState) => "read state".to_owned(),
        Some(Action::Reserve) => "reserve".to_owned(),
        Some(Action::LookLive { events: true }) => "look, with events".to_owned(),
        Some(Action::LookLive { events: false }) => "look".to_owned(),
        Some(Action::Finish(verdict)) => format!("tell {}", verdict.code),
        Some(Action::DeletePod { uid, why, .. }) => format!("delete {uid}: {why:?}"),
        Some(Action::DeleteJob { why }) => format!("delete Job: {why:?}"),
        Some(Action::ShortenDeadline) => "shorten".to_owned(),
    }
}

fn pod() -> PodSeen {
    PodSeen {
        uid: "pod-1".into(),
        owner: Some(UID.into()),
        name: "buildkite-1-x".into(),
        ..PodSeen::default()
    }
}

fn waits(name: &str, role: ContainerRole, reason: &str) -> ContainerWait {
    let (name, reason, image) = (name.into(), reason.into(), "registry.example/app:1".into());
    ContainerWait { name, role, image, reason, message: String::new() }
}

fn failed() -> Option<JobEnd> {
    Some(JobEnd::Failed { reason: "BackoffLimitExceeded".into(), message: String::new() })
}

/// lifecycle 1.3 rule 2, 5.1: both answers that a verdict rests on are of one moment
#[test]
fn the_answer_that_got_old_is_asked_for_again() {
    for (state_at, live_at, want) in [
        (900, 900, "tell pending-timeout"),
        (900, 902, "tell pending-timeout"),
        (902, 900, "tell pending-timeout"),
        (900, 903, "read state"),
        (903, 900, "look"),
    ] {
        let scene = Scene::with_pod(BuildkiteState::Reserved, pod()).at(live_at).looked().at(state_at);
        scene.check(want);
    }
}

/// lifecycle 1.3 rule 2, 5.1: a client that is held back, and a state that is asked for every five seconds
#[test]
fn a_slow_live_read_is_not_made_again_because_the_state_is_newer() {
    for (state_at, want) in [
        (915, "tell pending-timeout"),
        (920, "tell pending-timeout"),
        (922, "tell pending-timeout"),
        (923, "look"),
    ] {
        let mut scene = Scene::with_pod(BuildkiteState::Reserved, pod()).at(900).looked().at(state_at);
        if let Some(live) = &mut scene.live {
            live.answered_at += Duration::from_secs(20);
        }
        scene.check(want);
    }
}
