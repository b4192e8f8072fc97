//! Whole Jobs: every job of `fixtures/jobs/` as one snapshot.

use std::path::{Path, PathBuf};

use podspec_builder::{Builder, Built, JobRequest, JobUuid, Settings};
use serde_json::{Value, json};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/jobs")
}

/// A job as the Stacks API gives it, the plugin list written as YAML.
fn request(job: &Value) -> JobRequest {
    let mut request =
        JobRequest::new(JobUuid::new(job["id"].as_str().unwrap()).unwrap(), job["command"].as_str().unwrap());
    for (key, value) in job["env"].as_object().unwrap() {
        request.env.insert(key.clone(), value.as_str().unwrap().to_owned());
    }
    if let Some(plugins) = job.get("plugins") {
        request.env.insert("BUILDKITE_PLUGINS".to_owned(), plugins.to_string());
    }
    let rules = job["agent_query_rules"].as_array().unwrap();
    request.agent_query_rules = rules.iter().map(|rule| rule.as_str().unwrap().to_owned()).collect();
    request.priority = job["priority"].as_i64().unwrap();
    request
}

fn build(builder: &Builder, job: &Value) -> Built {
    let request = request(job);
    builder.build(&request, &builder.parse_plugin(&request).unwrap(), None).unwrap()
}

fn jobs() -> Vec<(String, Value)> {
    let mut jobs: Vec<(String, Value)> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| {
            let text = std::fs::read_to_string(&path).unwrap();
            (path.file_stem().unwrap().to_str().unwrap().to_owned(), serde_yaml::from_str(&text).unwrap())
        })
        .collect();
    jobs.sort_by(|left, right| left.0.cmp(&right.0));
    assert!(!jobs.is_empty());
    jobs
}

/// job-manifest R-15, R-16, R-136
#[test]
fn whole_jobs() {
    let builder = Builder::new(Settings::default()).unwrap();
    for (name, job) in jobs() {
        let built = build(&builder, &job);
        let text = serde_yaml::to_string(&built.job).unwrap();
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(folder());
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name.as_str(), text));
        let template = &built.job["spec"]["template"]["metadata"];
        assert_eq!(built.job["metadata"]["labels"], template["labels"]);
        assert_eq!(built.job["metadata"]["annotations"], template["annotations"]);
    }
}

/// A parallel step: each job builds on its own, and only what names it differs.
/// job-manifest C-381
#[test]
fn parallel_jobs_differ_in_their_names_only() {
    let builder = Builder::new(Settings::default()).unwrap();
    let (_, job) = jobs().into_iter().next().unwrap();
    let built: Vec<String> = ["aaaa", "bbbb", "cccc", "dddd"]
        .map(|id| {
            let mut job = job.clone();
            job["id"] = id.into();
            build(&builder, &job).job.to_string().replace(id, "ID")
        })
        .into();
    assert!(built.iter().all(|text| text == &built[0]));
    assert!(built[0].contains(r#""name":"BUILDKITE_AGENT_ACQUIRE_JOB","value":"ID""#));
}

/// job-manifest R-1, R-2, R-3, kubernetes-plugin B14
#[test]
fn equal_arguments_give_equal_bytes() {
    let builder = Builder::new(Settings::default()).unwrap();
    let jobs = jobs();
    let bytes = |job: &Value| serde_json::to_vec(&build(&builder, job).job).unwrap();
    let first: Vec<Vec<u8>> = jobs.iter().map(|(_, job)| bytes(job)).collect();
    std::thread::scope(|scope| {
        for _ in 0..25 {
            scope.spawn(|| {
                for _ in 0..4 {
                    for ((name, job), want) in jobs.iter().zip(&first) {
                        assert_eq!(&bytes(job), want, "{name}");
                    }
                }
            });
        }
    });
}

/// job-manifest R-2
#[test]
fn keys_are_in_byte_order() {
    fn check(value: &Value) {
        match value {
            Value::Object(map) => {
                assert!(map.keys().is_sorted(), "{:?}", map.keys().collect::<Vec<_>>());
                map.values().for_each(check);
            }
            Value::Array(list) => list.iter().for_each(check),
            _ => {}
        }
    }
    let builder = Builder::new(Settings::default()).unwrap();
    for (_, job) in jobs() {
        check(&build(&builder, &job).to_json());
    }
}

/// Whoever embeds the builder takes the Job as their own type, here that of the Kubernetes version that the
/// tests have.
#[test]
fn jobs_are_typed_on_demand() {
    let builder = Builder::new(Settings::default()).unwrap();
    for (name, job) in jobs() {
        let built = build(&builder, &job);
        let typed: k8s_openapi::api::batch::v1::Job = built.to_typed().unwrap();
        let metadata = &typed.metadata;
        assert_eq!(built.to_json()["metadata"]["name"], metadata.name.clone().unwrap(), "{name}");
        assert!(!typed.spec.unwrap().template.spec.unwrap().containers.is_empty(), "{name}");
    }
    assert!(build(&builder, &jobs()[0].1).to_typed::<u8>().is_err());
}

/// A block with as many keys as one likes is read, merged and sorted in no time that would be noticed: looked
/// up one by one, each of these would take minutes.
/// job-manifest R-2, R-22, R-155
#[test]
fn a_hundred_thousand_keys_are_no_trouble() {
    let keys = |value: &str| {
        (0..100_000).rev().map(|at| (format!("key-{at}"), Value::from(value))).collect::<Value>()
    };
    let block = json!({
        "metadata": { "labels": keys("l"), "annotations": keys("a") },
        "podSpec": { "nodeSelector": keys("x") },
        "podSpecPatch": { "nodeSelector": keys("y") },
    });
    let plugins = json!([{ "github.com/buildkite-plugins/kubernetes-buildkite-plugin": block }]);
    let mut request = JobRequest::new(JobUuid::new("uuid-1").unwrap(), "true");
    request.env.insert("BUILDKITE_PLUGINS".to_owned(), plugins.to_string());
    let builder = Builder::new(Settings::default()).unwrap();
    let built = builder.build(&request, &builder.parse_plugin(&request).unwrap(), None).unwrap();
    assert_eq!(built.job["spec"]["template"]["spec"]["nodeSelector"]["key-77777"], "y");
    assert_eq!(built.job["metadata"]["annotations"]["key-77777"], "a");
    assert!(built.job.is_sorted());
}
