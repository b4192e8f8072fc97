//! Good, thin and bad answers about jobs.

use serde_json::json;

use super::*;

const B1: &str = "0198aa03-0000-7000-8000-0000000000b1";
const B2: &str = "0198aa03-0000-7000-8000-0000000000b2";

fn page(body: &Value) -> ScheduledPage {
    parse_page(body.to_string().as_bytes()).unwrap()
}

fn id(text: &str) -> Uuid {
    text.parse().unwrap()
}

#[test]
fn a_full_page() {
    let page = page(&json!({
        "jobs": [{
            "id": B1, "priority": -3, "agent_query_rules": ["queue=linux-small", "arch=amd64"],
            "scheduled_at": "2026-09-02T08:15:01.250Z",
            "pipeline": {"slug": "storefront", "uuid": "p"},
            "build": {"number": 512, "branch": "main", "uuid": "b"},
            "step": {"key": null}, "extra": {"ignored": true}
        }],
        "page_info": {"has_next_page": true, "end_cursor": "b3BhcXVl"},
        "cluster_queue": {"id": "q", "dispatch_paused": false}
    }));
    let job = &page.jobs[0];
    assert_eq!((job.id, job.priority), (id(B1), -3));
    assert_eq!(job.agent_query_rules, ["queue=linux-small", "arch=amd64"]);
    assert_eq!(job.scheduled_at.unwrap().to_string(), "2026-09-02T08:15:01.25Z");
    assert_eq!(job.pipeline_slug.as_deref(), Some("storefront"));
    assert_eq!((job.build_number, job.build_branch.as_deref()), (Some(512), Some("main")));
    assert_eq!(job.step_key, None);
    assert_eq!(page.next_cursor(None), Some("b3BhcXVl"));
}

/// stacks-api P13
/// lifecycle D3
#[test]
fn one_bad_job_never_fails_the_page() {
    let page = page(&json!({ "jobs": [
        {"id": "not-a-uuid"},
        {"id": B1, "pipeline": null, "build": {"number": "many"}, "step": 7, "priority": null,
         "agent_query_rules": null, "scheduled_at": "yesterday"},
        {"id": B2, "agent_query_rules": ["queue=a", 5]},
        "nonsense",
        {"id": B2},
    ]}));
    assert_eq!(page.malformed, 3);
    let ids: Vec<_> = page.jobs.iter().map(|job| job.id).collect();
    assert_eq!(ids, [id(B1), id(B2)]);
    assert_eq!(page.jobs[0].priority, 0);
    assert!(page.jobs[0].agent_query_rules.is_empty());
}

#[test]
fn thin_pages_are_empty_pages() {
    for body in ["{}", r#"{"jobs":null,"page_info":null,"cluster_queue":null}"#, r#"{"jobs":[]}"#] {
        assert_eq!(parse_page(body.as_bytes()).unwrap(), ScheduledPage::default(), "{body}");
    }
}

#[test]
fn what_is_no_page_does_not_parse() {
    for body in ["", "<html>", "[]", "null", r#"{"jobs": "many"}"#, r#"{"jobs": [}"#] {
        assert!(parse_page(body.as_bytes()).is_err(), "{body}");
    }
}

/// stacks-api P1
#[test]
fn a_pause_is_seen_under_either_name() {
    let table = [
        (json!({"dispatch_paused": true}), true),
        (json!({"paused": true}), true),
        (json!({"dispatch_paused": false, "paused": true}), true),
        (json!({"dispatch_paused": true, "paused": null}), true),
        (json!({"dispatch_paused": false, "paused": false}), false),
        (json!({"dispatch_paused": null}), false),
        (json!({}), false),
    ];
    for (queue, want) in table {
        assert_eq!(page(&json!({ "cluster_queue": queue })).dispatch_paused, want, "{queue}");
    }
}

/// stacks-api P11
#[test]
fn paging_cannot_loop() {
    let cursor = |more, end: Option<&str>, used| {
        let page = page(&json!({"page_info": {"has_next_page": more, "end_cursor": end}}));
        page.next_cursor(used).map(str::to_owned)
    };
    assert_eq!(cursor(true, Some("b"), Some("a")), Some("b".to_owned()));
    assert_eq!(cursor(true, None, Some("a")), None);
    assert_eq!(cursor(true, Some(""), Some("a")), None);
    assert_eq!(cursor(true, Some("a"), Some("a")), None);
    assert_eq!(cursor(false, Some("b"), Some("a")), None);
}

/// stacks-api P18
/// lifecycle V4, V9
#[test]
fn only_what_was_asked_for_and_granted_is_reserved() {
    let asked = [id(B2), id(B1)];
    let check = |body: Value, want: &[Uuid]| {
        let reservation = parse_reservation(body.to_string().as_bytes(), &asked).unwrap();
        assert_eq!(reservation.reserved, want, "{body}");
        assert_eq!(reservation.reserved.len() + reservation.not_reserved.len(), 2);
    };
    check(json!({"reserved": [B1], "not_reserved": [B2]}), &[id(B1)]);
    check(json!({"reserved": [B1, B2]}), &asked);
    check(json!({"reserved": [B1, Uuid::nil(), "junk"]}), &[id(B1)]);
    check(json!({"reserved": null}), &[]);
    check(json!({}), &[]);
}

/// stacks-api P22
#[test]
fn details_are_read_and_not_printed() {
    let body = json!({"id": B1, "command": null, "env": {"A": "hunter2", "B": null, "C": 7}});
    let job = parse_job(body.to_string().as_bytes(), id(B1)).unwrap();
    assert_eq!(job.env["A"], "hunter2");
    assert_eq!((job.env["B"].as_str(), job.env["C"].as_str()), ("", "7"));
    assert_eq!(job.command, "");
    assert!(!format!("{job:?}").contains("hunter2"));
}
