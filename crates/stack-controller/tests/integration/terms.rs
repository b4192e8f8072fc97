//! Two controllers with one id, of which one leads.

use std::time::Duration;

use buildkite_sim::JobState;
use tokio::time::{Instant, sleep};

use crate::site::{Call, Instance, Site, until};

const SECOND: Duration = Duration::from_secs(1);
const SETTINGS: &str = "leader-lease: true\nmax-in-flight: 4\nreservation-expiry-seconds: 60\n";

/// The first leads, the second stands by.
async fn two(site: &Site) -> (Instance, Instance) {
    let first = site.start("first", 1);
    first.polls(5 * SECOND).await;
    let second = site.start("second", 2);
    until("the second stands by", 5 * SECOND, || second.ready().0).await;
    (first, second)
}

fn last(calls: &[Call]) -> Instant {
    calls.last().expect("there was a call").at
}

fn first(calls: &[Call]) -> Instant {
    calls.first().expect("there was a call").at
}

/// lifecycle D10, L4: whoever stands by is ready and leaves Buildkite alone; after a crash of the leader it goes on
/// with what is there, and no job is lost or doubled.
#[tokio::test(start_paused = true)]
async fn a_crashed_leader_is_followed() {
    let site = Site::new(SETTINGS);
    let (leader, standby) = two(&site).await;
    site.enqueue(40);
    until("some Jobs are made", 60 * SECOND, || site.cluster.count(cluster_sim::Kind::Job) >= 10).await;
    assert_eq!(standby.buildkite.calls().len(), 0);
    assert!(standby.ready().1.contains("standing by: first leads"), "{:?}", standby.ready());

    leader.task.abort();
    let died = Instant::now();
    standby.polls(20 * SECOND).await;
    let after = first(&standby.buildkite.calls()) - died;
    assert!((12 * SECOND..18 * SECOND).contains(&after), "after {after:?}");
    site.drained(40).await;
    assert!(standby.ready().0, "{:?}", standby.ready());
}

/// lifecycle D10: a leader that is cut off from Kubernetes alone leaves Buildkite alone before the next one begins,
/// and stands by when it is back, all in one process.
#[tokio::test(start_paused = true)]
async fn a_leader_that_cannot_renew_stops_before_the_next_begins() {
    let site = Site::new(SETTINGS);
    let (cut_off, next) = two(&site).await;
    site.enqueue(40);
    until("some Jobs are made", 60 * SECOND, || site.cluster.count(cluster_sim::Kind::Job) >= 10).await;
    cut_off.kubernetes.cut(true);
    let cut = Instant::now();
    next.polls(20 * SECOND).await;
    let (old, new) = (last(&cut_off.buildkite.calls()), first(&next.buildkite.calls()));
    assert!(old <= cut + 10 * SECOND, "it went on for {:?}", old - cut);
    assert!(old < new, "two at a time");
    assert!(!cut_off.ready().0);

    sleep(30 * SECOND).await;
    cut_off.kubernetes.cut(false);
    let mended = cut_off.kubernetes.calls().len();
    site.drained(40).await;
    let again: Vec<Call> = cut_off.buildkite.calls().into_iter().filter(|call| call.at > old).collect();
    assert!(again.is_empty(), "it spoke to Buildkite again: {again:?}");
    let since = cut_off.kubernetes.calls().split_off(mended);
    assert!(since.iter().all(|call| call.what.contains("/leases/")), "{since:?}");
    assert!(cut_off.ready().0 && cut_off.ready().1.contains("second leads"), "{:?}", cut_off.ready());

    // And back again.
    next.task.abort();
    let before = cut_off.buildkite.calls().len();
    until("it leads again", 20 * SECOND, || cut_off.buildkite.calls().len() > before).await;
    site.enqueue(5);
    until("the rest is over", 600 * SECOND, || {
        site.buildkite.jobs().iter().all(|job| job.finished_at.is_some())
    })
    .await;
}

/// lifecycle 1.6, D10, X18: a stop ends with the stack taken back and then the Lease; the next one registers after
/// that, and is never told that there is no such stack.
#[tokio::test(start_paused = true)]
async fn a_stop_hands_over_in_order() {
    let site = Site::new(SETTINGS);
    let (leader, next) = two(&site).await;
    site.enqueue(40);
    until("some Jobs are made", 60 * SECOND, || site.cluster.count(cluster_sim::Kind::Job) >= 10).await;
    leader.stop.cancel();
    leader.task.await.unwrap().unwrap();
    let ended = Instant::now();
    let taken_back = leader.buildkite.calls().last().cloned().unwrap();
    assert!(
        taken_back.what.starts_with("POST ") && taken_back.what.ends_with("/deregister"),
        "{taken_back:?}"
    );
    let given_up = leader.kubernetes.calls().last().cloned().unwrap();
    assert!(given_up.what.starts_with("PUT ") && given_up.what.contains("/leases/"), "{given_up:?}");
    next.polls(3 * SECOND).await;
    assert!(first(&next.buildkite.calls()) - ended <= 2 * SECOND + SECOND / 5);
    assert!(taken_back.at <= given_up.at && given_up.at <= first(&next.buildkite.calls()));
    site.drained(40).await;
    assert_eq!(site.buildkite.statistics().count("list-scheduled-jobs", 404), 0);
}

/// lifecycle X18: whoever lost the lead while it was stopping leaves the stack registered for the next one.
#[tokio::test(start_paused = true)]
async fn a_leader_that_is_cut_off_while_stopping_leaves_the_stack_alone() {
    let site = Site::new(SETTINGS);
    let leader = site.start("first", 1);
    leader.polls(5 * SECOND).await;
    leader.buildkite.cut(true);
    leader.kubernetes.cut(true);
    sleep(8 * SECOND).await;
    leader.stop.cancel();
    let stopped = Instant::now();
    leader.task.await.unwrap().unwrap();
    assert!(stopped.elapsed() <= 6 * SECOND, "{:?}", stopped.elapsed());
    assert!(leader.buildkite.calls().iter().all(|call| !call.what.contains("deregister")));
}

/// controller-config 4.8: switched off, there is no Lease, and everything runs at once.
#[tokio::test(start_paused = true)]
async fn without_a_lease_one_instance_just_works() {
    let site = Site::new("leader-lease: false\nmax-in-flight: 4\n");
    let only = site.start("only", 1);
    site.enqueue(10);
    only.polls(2 * SECOND).await;
    site.drained(10).await;
    assert!(only.kubernetes.calls().iter().all(|call| !call.what.contains("leases")));
    assert!(only.ready().0, "{:?}", only.ready());
    only.stop.cancel();
    only.task.await.unwrap().unwrap();
}

/// lifecycle D10, V1: what was reserved and could not be created goes on when the same instance leads again, long
/// before the reservation would have lapsed.
#[tokio::test(start_paused = true)]
async fn reservations_outlive_an_outage_that_costs_the_lead() {
    let site = Site::new("leader-lease: true\nmax-in-flight: 4\n");
    let only = site.start("only", 1);
    only.polls(5 * SECOND).await;
    sleep(3 * SECOND).await;
    only.kubernetes.cut(true);
    site.enqueue(12);
    until("it stands by", 40 * SECOND, || !only.ready().0).await;
    sleep(30 * SECOND).await;
    let reserved = |state| site.buildkite.jobs().iter().filter(|job| job.state == state).count();
    assert_eq!(reserved(JobState::Reserved), 4);
    only.kubernetes.cut(false);
    let mended = Instant::now();
    site.drained(12).await;
    assert!(mended.elapsed() < 60 * SECOND, "{:?}", mended.elapsed());
}
