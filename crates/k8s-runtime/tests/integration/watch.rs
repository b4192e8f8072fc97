//! Watches against a scripted API server, under paused time.

use std::time::Duration;

use crate::api_server::{Play, Seen, runtime};
use futures::StreamExt;
use k8s_runtime::{JobView, Runtime, Selector, WatchEvent, WatchStage};
use serde_json::{Value, json};
use tokio::time::Instant;

fn job(name: &str, version: &str) -> Value {
    json!({"metadata": {"name": name, "uid": name, "resourceVersion": version}})
}

fn list(items: &[Value], version: &str, next: &str) -> Play {
    let page = json!({"kind": "JobList", "items": items,
                      "metadata": {"resourceVersion": version, "continue": next}});
    Play::Answer(200, page.to_string())
}

fn lines(events: &[(&str, Value)]) -> String {
    let line = |(kind, object): &(&str, Value)| json!({"type": kind, "object": object}).to_string() + "\n";
    events.iter().map(line).collect()
}

fn status(code: u16, reason: &str) -> Value {
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
           "message": "no", "reason": reason, "code": code})
}

fn is_watch(seen: &Seen) -> bool {
    seen.uri.contains("watch=1")
}

/// The first events of a watch, one word each.
async fn first(count: usize, runtime: &Runtime) -> Vec<String> {
    let events = runtime.watch_jobs(&Selector::of_controller(None));
    events.map(|event| word(&event)).take(count).collect().await
}

fn word(event: &WatchEvent<JobView>) -> String {
    match event {
        WatchEvent::ListStarted => "start".to_owned(),
        WatchEvent::Listed(job) => format!("listed {}", job.name),
        WatchEvent::ListDone => "done".to_owned(),
        WatchEvent::Connected => "connected".to_owned(),
        WatchEvent::Applied(job) => format!("applied {}", job.name),
        WatchEvent::Deleted(job) => format!("deleted {}", job.name),
        WatchEvent::Failed(failure) => format!("{:?} {}", failure.stage, failure.consecutive),
    }
}

#[tokio::test(start_paused = true)]
async fn lists_page_by_page_then_follows_then_resumes() {
    let mut watches = 0;
    let (runtime, log) = runtime(move |seen| {
        if is_watch(seen) {
            watches += 1;
            return match watches {
                1 => Play::Answer(
                    200,
                    lines(&[
                        ("ADDED", job("c", "6")),
                        ("MODIFIED", job("a", "7")),
                        ("DELETED", job("b", "8")),
                        (
                            "BOOKMARK",
                            json!({"kind": "Job", "apiVersion": "batch/v1", "metadata": {"resourceVersion": "9"}}),
                        ),
                    ]),
                ),
                _ => Play::ThenSilence(lines(&[("ADDED", job("d", "10"))])),
            };
        }
        if seen.uri.contains("continue=next%2Fpage") {
            list(&[job("b", "2")], "5", "")
        } else {
            list(&[job("a", "1")], "5", "next/page")
        }
    });
    let words = first(10, &runtime).await;
    let want = [
        "start",
        "listed a",
        "listed b",
        "done",
        "connected",
        "applied c",
        "applied a",
        "deleted b",
        "connected",
        "applied d",
    ];
    assert_eq!(words, want);
    let log = log.lock().unwrap();
    let selector = "labelSelector=buildkite.com%2Fjob-uuid%2C%21buildkite.com%2Fcontroller-id";
    assert_eq!(log[0].uri, format!("/apis/batch/v1/namespaces/ci/jobs?{selector}&limit=500"));
    let watches: Vec<_> = log.iter().filter(|seen| is_watch(seen)).collect();
    assert!(watches[0].uri.contains("resourceVersion=5&timeoutSeconds=120&allowWatchBookmarks=true"));
    assert!(watches[1].uri.contains("resourceVersion=9&"), "resumed after the bookmark");
}

#[tokio::test(start_paused = true)]
async fn a_lost_place_leads_to_a_new_list_however_it_is_told() {
    for as_event in [true, false] {
        let mut watches = 0;
        let (runtime, _) = runtime(move |seen| {
            if !is_watch(seen) {
                return list(&[job("a", "1")], "5", "");
            }
            watches += 1;
            match (watches, as_event) {
                (1, true) => Play::Answer(200, lines(&[("ERROR", status(410, "Expired"))])),
                (1, false) => Play::Answer(410, status(410, "Expired").to_string()),
                _ => Play::ThenSilence(String::new()),
            }
        });
        let mut words = first(if as_event { 9 } else { 8 }, &runtime).await;
        if as_event {
            assert_eq!(words.remove(3), "connected");
        }
        let want = ["start", "listed a", "done", "Expired 1", "start", "listed a", "done", "connected"];
        assert_eq!(words, want, "as event: {as_event}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_list_that_breaks_off_starts_anew() {
    let mut calls = 0;
    let (runtime, _) = runtime(move |seen| {
        calls += 1;
        match calls {
            1 => list(&[job("a", "1")], "5", "next"),
            2 => Play::Answer(410, status(410, "Expired").to_string()),
            3 => Play::Answer(200, "not json".to_owned()),
            4 => list(&[], "", ""),
            _ if is_watch(seen) => Play::Silence,
            _ => list(&[job("a", "1"), job("b", "2")], "6", ""),
        }
    });
    let want = [
        "start",
        "listed a",
        "Expired 1",
        "start",
        "List 2",
        "start",
        "List 3",
        "start",
        "listed a",
        "listed b",
        "done",
    ];
    assert_eq!(first(11, &runtime).await, want);
}

#[tokio::test(start_paused = true)]
async fn failures_are_told_and_answered_with_growing_pauses() {
    let (runtime, log) = runtime(|_| Play::Answer(403, status(403, "Forbidden").to_string()));
    let mut events = runtime.watch_jobs(&Selector::of_controller(Some("ci")));
    let started = Instant::now();
    let mut told = 0;
    while started.elapsed() < Duration::from_secs(600) {
        if let Some(WatchEvent::Failed(failure)) = events.next().await {
            assert!(failure.error.is_denied());
            assert_eq!(failure.stage, WatchStage::List);
            told += 1;
        }
    }
    // Pauses reach their bound of 30 s after a minute, each at least half of it.
    assert!((22..=46).contains(&told), "{told}");
    assert_eq!(log.lock().unwrap().len(), told);
}

#[tokio::test(start_paused = true)]
async fn the_server_may_ask_for_a_longer_pause() {
    let mut calls = 0;
    let (runtime, _) = runtime(move |_| {
        calls += 1;
        if calls == 1 { Play::RetryAfter(20) } else { list(&[], "5", "") }
    });
    let started = Instant::now();
    assert_eq!(first(4, &runtime).await, ["start", "List 1", "start", "done"]);
    assert_eq!(started.elapsed().as_secs(), 20);
}

#[tokio::test(start_paused = true)]
async fn silence_is_noticed_at_every_stage() {
    let mut calls = 0;
    let (runtime, _) = runtime(move |seen| {
        calls += 1;
        match calls {
            1 | 3 => Play::Silence,
            _ if is_watch(seen) => Play::ThenSilence(String::new()),
            _ => list(&[], "5", ""),
        }
    });
    let started = Instant::now();
    let want = ["start", "List 1", "start", "done", "Connect 1", "connected", "Follow 2", "connected"];
    assert_eq!(first(8, &runtime).await, want);
    let elapsed = started.elapsed().as_secs();
    assert!((195..=199).contains(&elapsed), "30 s + 30 s + 135 s and pauses: {elapsed}");
}

#[tokio::test(start_paused = true)]
async fn broken_connections_are_resumed_where_they_broke() {
    let mut watches = 0;
    let (runtime, log) = runtime(move |seen| {
        if !is_watch(seen) {
            return list(&[], "5", "");
        }
        watches += 1;
        match watches {
            1 => {
                Play::ThenSilence(lines(&[("ADDED", job("a", "6")), ("ERROR", status(500, "InternalError"))]))
            }
            2 => Play::Broken,
            _ => Play::ThenSilence(lines(&[("MODIFIED", job("a", "7"))])),
        }
    });
    let want = ["start", "done", "connected", "applied a", "Follow 1", "Connect 2", "connected", "applied a"];
    assert_eq!(first(8, &runtime).await, want);
    assert!(log.lock().unwrap().iter().skip(2).all(|seen| seen.uri.contains("resourceVersion=6&")));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_or_resumed_is_listed_again() {
    let mut watches = 0;
    let (runtime, _) = runtime(move |seen| {
        if !is_watch(seen) {
            return list(&[], "5", "");
        }
        watches += 1;
        match watches {
            1 => Play::ThenSilence(lines(&[("ADDED", json!({"metadata": {"name": 7}}))])),
            2..=7 => Play::Broken,
            _ => Play::Silence,
        }
    });
    let want = [
        "start",
        "done",
        "connected",
        "Follow 1",
        "start",
        "done",
        "Connect 1",
        "Connect 2",
        "Connect 3",
        "Connect 4",
        "Connect 5",
        "Connect 6",
        "start",
        "done",
    ];
    assert_eq!(first(14, &runtime).await, want);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_up_at_once_is_not_hammered() {
    let (runtime, log) =
        runtime(|seen| if is_watch(seen) { Play::Answer(200, String::new()) } else { list(&[], "5", "") });
    let mut events = runtime.watch_jobs(&Selector::of_controller(None));
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(300) {
        events.next().await;
    }
    let requests = log.lock().unwrap().len();
    assert!(requests < 30, "{requests} requests in five minutes");
}
