//! Reading and running rows.

use std::path::Path;

use podspec_builder::{AgentTokenSource, Builder, Built, JobRequest, JobUuid};
use serde_json::{Value, json};

use super::config;
use super::view::View;

const KUBERNETES: &str = "github.com/buildkite-plugins/kubernetes-buildkite-plugin";

/// Runs every row of a fixture and reports all that fail.
#[track_caller]
pub(crate) fn check_file(path: &str) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = std::fs::read_to_string(root.join(path)).unwrap();
    let rows: Vec<Value> = serde_yaml::from_str(&text).unwrap();
    assert!(!rows.is_empty(), "{path} has no rows");
    let failures: Vec<String> = rows.iter().flat_map(failures_of).collect();
    assert!(failures.is_empty(), "{path}:\n{}", failures.join("\n"));
}

fn failures_of(row: &Value) -> Vec<String> {
    let name = format!("{}: {}", row["cite"].as_str().unwrap_or("?"), row["given"].as_str().unwrap_or("?"));
    let mut failures = Vec::new();
    for key in row.as_object().unwrap().keys() {
        if !KEYS.contains(&key.as_str()) {
            failures.push(format!("unknown key `{key}`"));
        }
    }
    let outcome = run(row);
    let expected = &row["expect"];
    match (&outcome, expected.get("error")) {
        (Ok(built), None) => View::new(built).check(expected, &mut failures),
        (Ok(_), Some(id)) => failures.push(format!("expected {id}, but it was built")),
        (Err(error), None) => failures.push(format!("not built: {} {error}", error.id)),
        (Err(error), Some(id)) => {
            if id != &json!(error.id) {
                failures.push(format!("expected {id}, got {} {error}", error.id));
            }
            for said in expected["says"].as_array().into_iter().flatten().filter_map(Value::as_str) {
                if !error.to_string().contains(said) {
                    failures.push(format!("`{error}` does not say `{said}`"));
                }
            }
        }
    }
    failures.into_iter().map(|failure| format!("  {name}: {failure}")).collect()
}

const KEYS: [&str; 13] = [
    "cite", "given", "config", "plugin", "plugins", "env", "command", "rules", "queue", "token", "template",
    "priority", "expect",
];

/// An error of the configuration or of the job, alike.
#[derive(Debug)]
pub(crate) struct Refusal {
    id: &'static str,
    text: String,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.text)
    }
}

fn run(row: &Value) -> Result<Built, Refusal> {
    let builder = config::builder(&row["config"])
        .map_err(|error| Refusal { id: error.problems[0].id, text: error.to_string() })?;
    build(&builder, row).map_err(|error| Refusal { id: error.id, text: error.to_string() })
}

/// Builds the job of a row.
pub(crate) fn build(builder: &Builder, row: &Value) -> Result<Built, podspec_builder::BuildError> {
    let job = request(row);
    let plugins = builder.parse_plugin(&job)?;
    builder.build(&job, &plugins, row.get("template"))
}

/// The job of a row.
pub(crate) fn request(row: &Value) -> JobRequest {
    let command = row.get("command").map_or("echo hi", |command| command.as_str().unwrap());
    let mut job = JobRequest::new(JobUuid::new("uuid-1").unwrap(), command);
    for (key, value) in row["env"].as_object().into_iter().flatten() {
        job.env.insert(key.clone(), value.as_str().unwrap().to_owned());
    }
    let plugins = match (row.get("plugin"), row.get("plugins")) {
        (Some(block), None) => Some(json!([{ KUBERNETES: block }]).to_string()),
        (None, Some(Value::String(text))) => Some(text.clone()),
        (None, Some(list)) => Some(list.to_string()),
        (None, None) => None,
        (Some(_), Some(_)) => panic!("a row has plugin or plugins"),
    };
    job.env
        .extend(plugins.map(|text| ("BUILDKITE_PLUGINS".to_owned(), text.replace("KUBERNETES", KUBERNETES))));
    let rules = row["rules"].as_array().into_iter().flatten();
    job.agent_query_rules = rules.map(|rule| rule.as_str().unwrap().to_owned()).collect();
    job.priority = row["priority"].as_i64().unwrap_or(0);
    job.queue = row["queue"].as_str().map(str::to_owned);
    job.agent_token_source = row.get("token").map(|token| AgentTokenSource {
        name: token["name"].as_str().unwrap().to_owned(),
        key: token["key"].as_str().unwrap().to_owned(),
    });
    job
}
