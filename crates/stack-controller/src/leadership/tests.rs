//! Instances over one API of this process, under paused time.

use std::sync::{Mutex, MutexGuard};

use axum::{
    Json, Router,
    body::Bytes,
    extract::State,
    http::{Method, StatusCode, Uri},
    response::{IntoResponse as _, Response},
};
use serde_json::{Value, json};

use super::*;

/// What the API does with requests at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    /// Carries nothing out and does not answer.
    Deaf,
    /// Carries everything out and does not answer.
    Mute,
    /// Answers reads; carries writes out and does not answer.
    MuteWrites,
    /// Refuses everything with this status.
    Refusing(u16),
    /// Answers reads; refuses writes with this status.
    RefusingWrites(u16),
}

struct Shared {
    mood: Mood,
    /// Verbs on leases that an access review allows.
    allowed: Vec<&'static str>,
    lease: Option<Value>,
    version: u64,
    /// Requests that arrived.
    requests: u32,
}

/// As much of an API server as leading takes.
#[derive(Clone)]
struct Api(Arc<Mutex<Shared>>);

impl Api {
    fn new() -> Self {
        let shared =
            Shared { mood: Mood::Well, allowed: VERBS.to_vec(), lease: None, version: 0, requests: 0 };
        Self(Arc::new(Mutex::new(shared)))
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap()
    }

    fn holder(&self) -> String {
        let shared = self.shared();
        let spec = shared.lease.as_ref().map(|lease| lease["spec"]["holderIdentity"].clone());
        spec.and_then(|holder| holder.as_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Another instance's settings on this API.
    fn settings(&self, identity: &str, lease: LeaderLease) -> LeadershipSettings {
        let router = Router::new().fallback(answer).with_state(self.clone());
        LeadershipSettings {
            lease,
            controller_id: "ci".to_owned(),
            identity: identity.to_owned(),
            wall_clock: Arc::new(|| Timestamp::UNIX_EPOCH),
            runtime: Runtime::from_client(kube::Client::new(router, "ci"), "ci"),
            seed: 7,
        }
    }

    fn instance(&self, identity: &str, lease: LeaderLease) -> Instance {
        let (health, leads) = (Health::default(), Gauge::default());
        let leadership = Leadership::new(&self.settings(identity, lease), health.clone(), leads.clone());
        Instance { leadership, health, leads }
    }
}

struct Instance {
    leadership: Leadership,
    health: Health,
    leads: Gauge,
}

impl Instance {
    /// What `/readyz` says.
    fn ready(&self) -> (bool, String) {
        let report = self.health.ready(now());
        (report.ok, report.text)
    }
}

async fn answer(State(api): State<Api>, method: Method, uri: Uri, body: Bytes) -> Response {
    let mood = {
        let mut shared = api.shared();
        shared.requests += 1;
        shared.mood
    };
    match mood {
        Mood::Deaf => std::future::pending::<()>().await,
        Mood::Refusing(code) => return status(code),
        Mood::RefusingWrites(code) if method != Method::GET => return status(code),
        Mood::Well | Mood::Mute | Mood::MuteWrites | Mood::RefusingWrites(_) => {}
    }
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let response = carry_out(&mut api.shared(), &method, uri.path(), body);
    if mood == Mood::Mute || (mood == Mood::MuteWrites && method != Method::GET) {
        std::future::pending::<()>().await;
    }
    response
}

fn carry_out(shared: &mut Shared, method: &Method, path: &str, mut body: Value) -> Response {
    if path.ends_with("/selfsubjectaccessreviews") {
        let verb = body["spec"]["resourceAttributes"]["verb"].as_str().unwrap_or_default();
        body["status"] = json!({ "allowed": shared.allowed.contains(&verb) });
        return (StatusCode::CREATED, Json(body)).into_response();
    }
    let collection = "/apis/coordination.k8s.io/v1/namespaces/ci/leases";
    let one = format!("{collection}/agent-stack-k8s-ci");
    let version = shared.lease.as_ref().map(|lease| lease["metadata"]["resourceVersion"].clone());
    match (method.as_str(), version) {
        ("GET", Some(_)) if path == one => Json(shared.lease.clone()).into_response(),
        ("POST", Some(_)) if path == collection => status(409),
        ("POST", None) if path == collection => store(shared, body),
        ("PUT", Some(version)) if path == one && body["metadata"]["resourceVersion"] == version => {
            store(shared, body)
        }
        ("PUT", Some(_)) if path == one => status(409),
        _ => status(404),
    }
}

fn store(shared: &mut Shared, mut object: Value) -> Response {
    if shared.lease.as_ref() == Some(&object) {
        // As the real one: an update that changes nothing is none.
        return Json(object).into_response();
    }
    shared.version += 1;
    object["metadata"]["resourceVersion"] = json!(shared.version.to_string());
    shared.lease = Some(object.clone());
    Json(object).into_response()
}

fn status(code: u16) -> Response {
    let body =
        json!({ "kind": "Status", "status": "Failure", "code": code, "message": format!("answers {code}") });
    (StatusCode::from_u16(code).unwrap(), Json(body)).into_response()
}

const SECOND: Duration = Duration::from_secs(1);

/// Waits to lead in the background; the end says when it does.
fn candidate(mut instance: Instance) -> tokio::task::JoinHandle<(Instance, Instant)> {
    tokio::spawn(async move {
        instance.leadership.acquire().await;
        (instance, Instant::now())
    })
}

/// lifecycle D10: one leads, the other is ready and waits; after a requested stop it takes little more than a look.
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_given_up_passes_to_the_next() {
    let api = Api::new();
    let mut first = api.instance("first", LeaderLease::Required);
    first.leadership.acquire().await;
    assert_eq!((api.holder().as_str(), first.leads.get()), ("first", 1));
    let second = api.instance("second", LeaderLease::Required);
    let health = second.health.clone();
    let second = candidate(second);
    assert!(timeout(120 * SECOND, first.leadership.keep()).await.is_err(), "it renews for ever");
    assert!(!second.is_finished());
    let report = health.ready(now());
    assert!(report.ok && report.text.contains("standing by: first leads"), "{}", report.text);

    let stopped = Instant::now();
    first.leadership.resign().await;
    assert_eq!(first.leads.get(), 0);
    let (second, led) = second.await.unwrap();
    assert!(led - stopped <= 2 * SECOND + SECOND / 10, "{:?}", led - stopped);
    assert_eq!((api.holder().as_str(), second.leads.get()), ("second", 1));
    let lease = api.shared().lease.clone().unwrap();
    assert_eq!(lease["spec"]["leaseTransitions"], 1);
}

/// lifecycle D10: whoever dies is followed when the Lease has lapsed, by the clock of the next.
#[tokio::test(start_paused = true)]
async fn a_lease_that_nobody_renews_passes_to_the_next_after_it_lapsed() {
    let api = Api::new();
    let mut first = api.instance("first", LeaderLease::Required);
    first.leadership.acquire().await;
    let second = candidate(api.instance("second", LeaderLease::Required));
    assert!(timeout(60 * SECOND, first.leadership.keep()).await.is_err());
    let died = Instant::now();
    drop(first);
    let (_, led) = second.await.unwrap();
    assert!((13 * SECOND..18 * SECOND).contains(&(led - died)), "{:?}", led - died);
}

/// lifecycle D10: the moment at which a Lease lapses shortens the pause before it, and none after it.
#[tokio::test(start_paused = true)]
async fn a_lapsed_lease_that_cannot_be_claimed_is_asked_for_at_a_walk() {
    let api = Api::new();
    let mut first = api.instance("first", LeaderLease::Required);
    first.leadership.acquire().await;
    drop(first);
    api.shared().mood = Mood::RefusingWrites(503);
    let second = candidate(api.instance("second", LeaderLease::Required));
    tokio::time::sleep(30 * SECOND).await;
    let before = api.shared().requests;
    tokio::time::sleep(60 * SECOND).await;
    let asked = api.shared().requests - before;
    assert!((20..=130).contains(&asked), "{asked} requests in a minute");
    api.shared().mood = Mood::Well;
    timeout(10 * SECOND, second).await.unwrap().unwrap();
}

/// lifecycle D10: a leader that cannot renew ends before another can begin, whether its renewals are lost, or only
/// their answers.
#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_ends_first() {
    for mood in [Mood::Deaf, Mood::Mute, Mood::Refusing(503), Mood::Refusing(403)] {
        let api = Api::new();
        let mut first = api.instance("first", LeaderLease::Required);
        first.leadership.acquire().await;
        let cut = Instant::now();
        api.shared().mood = mood;
        let (_, lost) =
            timeout(60 * SECOND, async { (first.leadership.keep().await, Instant::now()) }).await.unwrap();
        assert!(lost - cut <= 10 * SECOND, "{mood:?}: {:?}", lost - cut);
        assert_eq!(first.leads.get(), 0);
        assert!(!first.ready().0, "{mood:?}");
        // As soon as it can be reached, the same instance may go on: the Lease is still its own.
        api.shared().mood = Mood::Well;
        timeout(10 * SECOND, first.leadership.acquire()).await.unwrap();
        assert_eq!(first.leads.get(), 1);
    }
}

/// lifecycle D10: answers that are lost for a while cost nothing.
#[tokio::test(start_paused = true)]
async fn a_short_outage_is_survived() {
    for mood in [Mood::Deaf, Mood::Mute, Mood::Refusing(500), Mood::Refusing(429)] {
        let api = Api::new();
        let mut first = api.instance("first", LeaderLease::Required);
        first.leadership.acquire().await;
        for _ in 0..10 {
            assert!(timeout(3 * SECOND, first.leadership.keep()).await.is_err(), "{mood:?}");
            api.shared().mood = mood;
            assert!(timeout(3 * SECOND, first.leadership.keep()).await.is_err(), "{mood:?}");
            api.shared().mood = Mood::Well;
        }
        assert!(timeout(60 * SECOND, first.leadership.keep()).await.is_err(), "{mood:?}");
    }
}

/// lifecycle D10: somebody took the Lease by hand, or removed it.
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_taken_away_is_noticed_at_the_next_renewal() {
    for steal in [true, false] {
        let api = Api::new();
        let mut first = api.instance("first", LeaderLease::Required);
        first.leadership.acquire().await;
        if steal {
            let mut shared = api.shared();
            let mut stolen = shared.lease.clone().unwrap();
            stolen["spec"]["holderIdentity"] = json!("thief");
            drop(store(&mut shared, stolen));
        } else {
            api.shared().lease = None;
        }
        timeout(3 * SECOND, first.leadership.keep()).await.expect("it noticed");
        let leads_again = timeout(10 * SECOND, first.leadership.acquire()).await.is_ok();
        assert_eq!(leads_again, !steal, "the thief's time has to lapse first");
    }
}

/// lifecycle D10: an instance that stops before it knows what became of its writes still gives the Lease up.
#[tokio::test(start_paused = true)]
async fn a_stop_in_the_middle_of_an_acquisition_leaves_the_lease_free() {
    let api = Api::new();
    let mut first = api.instance("first", LeaderLease::Required);
    api.shared().mood = Mood::MuteWrites;
    assert!(timeout(6 * SECOND, first.leadership.acquire()).await.is_err());
    assert_eq!(api.holder(), "first", "the create arrived");
    api.shared().mood = Mood::Well;
    first.leadership.resign().await;
    assert_eq!(api.holder(), "");

    let mut idle = api.instance("idle", LeaderLease::Required);
    api.shared().mood = Mood::Deaf;
    let before = Instant::now();
    idle.leadership.resign().await;
    assert_eq!(before.elapsed(), Duration::ZERO, "whoever never wrote has nothing to give up");
}

/// controller-config 4.8, 12.4: without the right to a Lease that is required nobody leads; the text names the verbs.
#[tokio::test(start_paused = true)]
async fn a_missing_right_is_named_until_it_is_there() {
    let api = Api::new();
    let mut first = api.instance("first", LeaderLease::Required);
    api.shared().mood = Mood::Refusing(403);
    assert!(timeout(60 * SECOND, first.leadership.acquire()).await.is_err());
    let (ready, text) = first.ready();
    assert!(!ready);
    for part in ["[-]lease", "answers 403", "get, create and update on leases", "leader-lease"] {
        assert!(text.contains(part), "no {part} in {text}");
    }
    assert!(first.health.live(now()).ok, "a restart would cure nothing");
    api.shared().mood = Mood::Well;
    timeout(6 * SECOND, first.leadership.acquire()).await.expect("it tries again");
}

/// controller-config 4.8: what an instance makes of its rights when the setting says nothing.
#[tokio::test(start_paused = true)]
async fn without_the_setting_rights_decide() {
    for (allowed, mood, with_lease) in [
        (VERBS.to_vec(), Mood::Well, true),
        (vec!["get", "create"], Mood::Well, false),
        (vec![], Mood::Well, false),
        (VERBS.to_vec(), Mood::Refusing(404), false),
    ] {
        let api = Api::new();
        api.shared().allowed = allowed.clone();
        api.shared().mood = mood;
        let mut first = api.instance("first", LeaderLease::WhenAllowed);
        timeout(SECOND, first.leadership.acquire()).await.unwrap();
        assert_eq!(api.shared().lease.is_some(), with_lease, "{allowed:?} {mood:?}");
        assert_eq!(first.leads.get(), 1);
        assert!(timeout(60 * SECOND, first.leadership.keep()).await.is_err());
        first.leadership.resign().await;
        assert_eq!((first.leads.get(), api.holder().as_str()), (0, ""));
    }
    // An outage is no answer.
    let api = Api::new();
    api.shared().mood = Mood::Refusing(503);
    let mut first = api.instance("first", LeaderLease::WhenAllowed);
    assert!(timeout(60 * SECOND, first.leadership.acquire()).await.is_err());
    assert!(!first.ready().0);
    api.shared().mood = Mood::Well;
    timeout(2 * SECOND, first.leadership.acquire()).await.unwrap();
    assert!(api.shared().lease.is_some());
    // Switched off, nobody is asked.
    let api = Api::new();
    api.shared().mood = Mood::Deaf;
    let mut first = api.instance("first", LeaderLease::Off);
    timeout(SECOND, first.leadership.acquire()).await.unwrap();
}

/// lifecycle D10
#[test]
fn the_lease_is_named_after_the_id() {
    for (id, want) in [
        ("", "agent-stack-k8s"),
        ("ci", "agent-stack-k8s-ci"),
        ("ci-2", "agent-stack-k8s-ci-2"),
        ("Build_Farm", "agent-stack-k8s-build-farm-"),
    ] {
        let name = lease_name(id);
        assert!(
            name.starts_with(want) && name.len() == want.len() + usize::from(want.ends_with('-')) * 8,
            "{name}"
        );
    }
    assert_ne!(lease_name("A_b"), lease_name("a_B"));
}
