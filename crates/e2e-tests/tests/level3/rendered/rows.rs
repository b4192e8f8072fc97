//! The rows of `fixtures/manifest` that are to be built, each as a job file and a configuration file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::{Renderer, Shown};

const KUBERNETES: &str = "github.com/buildkite-plugins/kubernetes-buildkite-plugin";

/// A row that expects a Job.
pub(super) struct Row {
    /// File and what is given, with a number where that is said again.
    name: String,
    row: Value,
}

/// All rows that expect a Job, in the order of their files.
pub(super) fn all() -> Result<Vec<Row>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/manifest");
    let mut paths: Vec<PathBuf> =
        std::fs::read_dir(&folder)?.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
    paths.retain(|path| path.extension().is_some_and(|end| end == "yaml"));
    paths.sort();
    let mut all = Vec::new();
    for path in paths {
        let file = path.file_stem().context("a file has a name")?.to_string_lossy().into_owned();
        let rows: Vec<Value> = serde_yaml::from_str(&std::fs::read_to_string(&path)?)?;
        let mut times: BTreeMap<String, usize> = BTreeMap::new();
        for row in rows {
            let given = row["given"].as_str().context("a row says what is given")?;
            let times = times.entry(given.to_owned()).or_default();
            *times += 1;
            let name =
                if *times == 1 { format!("{file}: {given}") } else { format!("{file}: {given} ({times})") };
            if row["expect"].get("error").is_none() {
                all.push(Row { name, row });
            }
        }
    }
    Ok(all)
}

impl Row {
    /// Renders the row's job.
    pub(super) async fn rendered(self, renderer: &Renderer) -> Result<Option<Shown>> {
        let Self { name, row } = self;
        // Names of rows are words.
        let number = uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_URL, name.as_bytes());
        let job = renderer.file(&format!("{number}.job.json"), &job(&row).to_string())?;
        let config = renderer.file(&format!("{number}.config.json"), &config(&row["config"]).to_string())?;
        let mut words = vec![Path::new("--job"), &job, Path::new("--config"), &config];
        let template;
        if let Some(spec) = row.get("template") {
            let manifest = json!({ "kind": "PodTemplate", "template": { "spec": spec } });
            template = renderer.file(&format!("{number}.template.json"), &manifest.to_string())?;
            words.extend([Path::new("--pod-template"), &template]);
        }
        let rendered = renderer.render(&words).await.with_context(|| name.clone())?;
        let job = rendered.jobs.into_iter().next().ok_or(rendered.said);
        Ok(Some(Shown { name, job }))
    }
}

/// The job, as the Stacks API answers it.
fn job(row: &Value) -> Value {
    let mut env: Map<String, Value> = row["env"].as_object().cloned().unwrap_or_default();
    let plugins = match (row.get("plugin"), row.get("plugins")) {
        (Some(block), _) => Some(json!([{ KUBERNETES: block }]).to_string()),
        (None, Some(Value::String(text))) => Some(text.clone()),
        (None, Some(list)) => Some(list.to_string()),
        (None, None) => None,
    };
    if let Some(plugins) = plugins {
        env.insert("BUILDKITE_PLUGINS".to_owned(), plugins.replace("KUBERNETES", KUBERNETES).into());
    }
    json!({
        "id": "uuid-1",
        "command": row.get("command").unwrap_or(&json!("echo hi")),
        "env": env,
        "agent_query_rules": row.get("rules").unwrap_or(&json!([])),
        "priority": row.get("priority").unwrap_or(&json!(0)),
    })
}

/// The configuration file: as the row has it, durations with their unit.
fn config(row: &Value) -> Value {
    let mut config = row.as_object().cloned().unwrap_or_default();
    with_unit(&mut config, "job-ttl");
    if let Some(Value::Object(agent)) = config.get_mut("agent-config") {
        with_unit(agent, "container-start-timeout");
    }
    config.entry("image").or_insert_with(|| json!("buildkite/agent:3.0.0"));
    Value::Object(config)
}

fn with_unit(map: &mut Map<String, Value>, key: &str) {
    if let Some(seconds) = map.remove(&format!("{key}-seconds")) {
        map.insert(key.to_owned(), json!(format!("{seconds}s")));
    }
}
