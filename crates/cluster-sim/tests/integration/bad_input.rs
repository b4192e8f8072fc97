//! Whatever comes in, the answer is the API's, and nothing breaks. `PROPTEST_CASES` makes it run longer.

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::client::{CONFIG_MAPS, Client, JOBS, PODS, job, pod};

/// Names and fields that lead somewhere.
const WORDS: [&str; 40] = [
    "api",
    "apis",
    "v1",
    "batch",
    "namespaces",
    "default",
    "jobs",
    "pods",
    "secrets",
    "leases",
    "status",
    "log",
    "binding",
    "eviction",
    "a",
    "coordination.k8s.io",
    "events",
    "metadata",
    "spec",
    "template",
    "containers",
    "initContainers",
    "name",
    "labels",
    "finalizers",
    "volumes",
    "env",
    "resources",
    "limits",
    "cpu",
    "data",
    "conditions",
    "generateName",
    "ownerReferences",
    "preconditions",
    "uid",
    "involvedObject",
    "%2F",
    "..",
    "",
];

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => prop::sample::select(&WORDS[..]).prop_map(str::to_owned),
        1 => "[a-z0-9%/.-]{0,12}",
        1 => Just("x".repeat(300)),
    ]
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-5_i64..5).prop_map(Value::from),
        word().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ]
}

fn json_value() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((word(), inner), 0..5)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}

/// A good object with something else put somewhere into it.
fn damaged() -> impl Strategy<Value = Value> {
    let places = prop::collection::vec(any::<prop::sample::Index>(), 0..6);
    (any::<bool>(), places, json_value()).prop_map(|(is_job, places, value)| {
        let mut object = if is_job { job("a") } else { pod("a") };
        let mut place = &mut object;
        for index in places {
            let length = match place {
                Value::Object(members) => members.len(),
                Value::Array(items) => items.len(),
                _ => 0,
            };
            if length == 0 {
                break;
            }
            let index = index.index(length);
            place = match place {
                Value::Object(members) => members.values_mut().nth(index).unwrap(),
                Value::Array(items) => &mut items[index],
                _ => unreachable!("others have no length"),
            };
        }
        *place = value;
        object
    })
}

fn body() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        3 => damaged().prop_map(|value| value.to_string().into_bytes()),
        3 => json_value().prop_map(|value| value.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..60),
        1 => (damaged(), any::<prop::sample::Index>()).prop_map(|(value, index)| {
            let mut text = value.to_string().into_bytes();
            text.truncate(index.index(text.len()));
            text
        }),
        1 => Just(Vec::new()),
        1 => prop::collection::vec(operation(), 0..4).prop_map(|list| Value::from(list).to_string().into_bytes()),
    ]
}

fn operation() -> impl Strategy<Value = Value> {
    let verb = prop::sample::select(&["add", "remove", "replace", "move", "copy", "test", "x"][..]);
    let pointer = prop::collection::vec(word(), 0..5).prop_map(|parts| parts.join("/"));
    (verb, pointer, json_value()).prop_map(|(verb, pointer, value)| {
        json!({ "op": verb, "path": format!("/{pointer}"), "from": "/metadata", "value": value })
    })
}

fn path() -> impl Strategy<Value = String> {
    let below = prop::sample::select(&["", "/a", "/a/status", "/a/log", "/a/binding", "/a/eviction"][..]);
    let known = prop::sample::select(&[JOBS, PODS, CONFIG_MAPS, "/api/v1/namespaces", "/apis"][..]);
    let query = prop_oneof![
        2 => Just(String::new()),
        1 => (query_key(), word()).prop_map(|(key, value)| format!("?{key}={}", escape(&value))),
    ];
    let path = prop_oneof![
        4 => (known, below).prop_map(|(known, below)| format!("{known}{below}")),
        1 => prop::collection::vec(word(), 0..7).prop_map(|parts| format!("/{}", escape(&parts.join("/")))),
    ];
    (path, query).prop_map(|(path, query)| path + &query)
}

fn query_key() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "labelSelector",
            "fieldSelector",
            "limit",
            "continue",
            "resourceVersion",
            "resourceVersionMatch",
            "dryRun",
            "fieldValidation",
            "propagationPolicy",
            "gracePeriodSeconds",
            "orphanDependents",
            "timeoutSeconds",
            "container",
            "tailLines",
        ][..],
    )
}

fn escape(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic() && !"#?<>\"{}|\\^`".contains(*c)).collect()
}

fn content_type() -> impl Strategy<Value = &'static str> {
    prop::sample::select(
        &[
            "application/json",
            "application/json",
            "application/merge-patch+json",
            "application/json-patch+json",
            "application/strategic-merge-patch+json",
            "application/yaml",
            "text/plain",
            "",
        ][..],
    )
}

fn method() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"][..])
}

proptest! {
    #[test]
    fn every_request_gets_the_apis_own_answer(
        requests in prop::collection::vec((method(), path(), content_type(), body()), 1..8)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        runtime.block_on(async {
            let (client, hand) = Client::new();
            client.post(JOBS, &job("a")).await;
            client.post(PODS, &pod("a")).await;
            for (method, path, content_type, body) in requests {
                let (status, answer) = client.raw(method, &path, content_type, body).await;
                prop_assert!((200..300).contains(&status) || (400..=504).contains(&status), "{status}");
                if status < 300 || answer.is_empty() || answer == b"404 page not found\n" {
                    continue;
                }
                let status_object: Value = serde_json::from_slice(&answer).unwrap();
                prop_assert_eq!(&status_object["kind"], "Status");
                prop_assert_eq!(&status_object["code"], status);
                prop_assert!(status != 500 || status_object["message"] != "", "{}", status_object);
                hand.advance(std::time::Duration::from_millis(700));
            }
            let _ = client.cluster.objects(cluster_sim::Kind::Pod, "");
            Ok(())
        })?;
    }
}
