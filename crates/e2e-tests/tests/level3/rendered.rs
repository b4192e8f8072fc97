//! Every fixture as `render` prints it, shown to a real API server that is asked without storing anything: strictly,
//! so that no field is unknown or given twice, and both as a Job and as the pod that would come of it.

mod refusals;
mod rows;
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use e2e_tests::agreement::Stage;
use e2e_tests::testbed::Testbed;
use futures::StreamExt as _;
use kube::Client;
use serde_json::{Value, json};
use tempfile::TempDir;

use refusals::{NOT_RENDERED, REFUSED};

/// Questions at a time.
const AT_ONCE: usize = 4;

/// A Job to show, or why there is none.
struct Shown {
    /// File and place in it.
    name: String,
    job: Result<Value, String>,
}

/// Runs the product's own `render`.
struct Renderer {
    program: PathBuf,
    folder: TempDir,
}

/// What came of one call.
struct Rendered {
    jobs: Vec<Value>,
    /// What was said beside them.
    said: String,
}

impl Renderer {
    fn new(testbed: &Testbed) -> Self {
        Self { program: testbed.controller.clone(), folder: TempDir::new().expect("a folder can be made") }
    }

    /// Writes a file that a call may name; its path.
    fn file(&self, name: &str, text: &str) -> Result<PathBuf> {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).with_context(|| format!("cannot write {name}"))?;
        Ok(path)
    }

    /// Renders what these words name.
    async fn render(&self, words: &[&Path]) -> Result<Rendered> {
        let output = tokio::process::Command::new(&self.program)
            .arg("render")
            .args(words)
            .args(["--format", "json"])
            .env_clear()
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .context("the controller's program can be started")?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if !matches!(output.status.code(), Some(0 | 1)) {
            bail!("{words:?}: {}\n{said}", output.status);
        }
        if output.stdout.is_empty() {
            return Ok(Rendered { jobs: Vec::new(), said });
        }
        let mut printed: Value = serde_json::from_slice(&output.stdout).context("render prints JSON")?;
        let jobs = match printed.get_mut("items").map(Value::take) {
            Some(Value::Array(items)) => items,
            _ => vec![printed],
        };
        Ok(Rendered { jobs, said })
    }
}

/// Everything there is to show.
async fn everything(renderer: &Renderer) -> Result<Vec<Shown>> {
    let mut shown = samples::of_jobs()?;
    shown.extend(samples::of_pipelines(renderer).await?);
    let rows = rows::all()?;
    let rendered: Vec<Result<Option<Shown>>> =
        futures::stream::iter(rows).map(|row| row.rendered(renderer)).buffered(AT_ONCE).collect().await;
    for row in rendered {
        shown.extend(row?);
    }
    Ok(shown)
}

/// Makes what the server looks for when it is asked about a pod.
async fn make_what_pods_name(stage: &Stage, shown: &[Shown]) -> Result<()> {
    let pods = || {
        shown.iter().filter_map(|shown| shown.job.as_ref().ok()).map(|job| &job["spec"]["template"]["spec"])
    };
    let names =
        |field: &'static str| -> BTreeSet<&str> { pods().filter_map(|pod| pod[field].as_str()).collect() };
    let mut made = Vec::new();
    for name in names("serviceAccountName").into_iter().chain(names("serviceAccount")) {
        made.push(stage.post("serviceaccounts", &json!({ "metadata": { "name": name } })).await?);
    }
    for name in names("priorityClassName") {
        let class = json!({ "metadata": { "name": name }, "value": 1 });
        made.push(stage.post("/apis/scheduling.k8s.io/v1/priorityclasses", &class).await?);
    }
    for answer in made {
        // What a name of two fields, or another test, has made already.
        if ![201, 409].contains(&answer.status) {
            bail!("{}: {}", answer.request, answer.body);
        }
    }
    Ok(())
}

/// Why the server does not take a Job or its pod.
async fn refusal(stage: &Stage, job: &Value) -> Result<Option<String>> {
    let template = &job["spec"]["template"];
    let mut pod = json!({ "apiVersion": "v1", "kind": "Pod", "metadata": template["metadata"], "spec": template["spec"] });
    pod["metadata"]["name"] = json!("shown");
    for (resource, object) in [("jobs", job), ("pods", &pod)] {
        let path = format!("{resource}?dryRun=All&fieldValidation=Strict");
        let answer = stage.post(&path, object).await?;
        if answer.status != 201 {
            return Ok(Some(format!("{resource} {}: {}", answer.status, answer.body["message"])));
        }
    }
    Ok(None)
}

/// What differs from a list of names, each with a part of the reason.
fn differences(what: &str, expected: &[(&str, &str)], found: &BTreeMap<&str, String>) -> Vec<String> {
    let mut differences = Vec::new();
    for (name, reason) in found {
        match expected.iter().find(|(expected, _)| expected == name) {
            Some((_, part)) if reason.contains(part) => {}
            Some((_, part)) => differences.push(format!("{name} is {what}, but not for `{part}`: {reason}")),
            None => differences.push(format!("{name} is {what}: {reason}")),
        }
    }
    let missing = expected.iter().filter(|(name, _)| !found.contains_key(name));
    differences.extend(missing.map(|(name, _)| format!("{name} is not {what}")));
    differences
}

/// job-manifest
#[tokio::test(flavor = "multi_thread")]
async fn a_real_api_server_accepts_every_rendered_fixture() {
    let (testbed, _order) = Testbed::shared().await;
    let mut config = testbed.admin_config().await;
    // What is refused shall be seen, not tried again.
    config.default_retry = false;
    let client = Client::try_from(config).expect("the kubeconfig makes a client");
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let stage = Stage::create(client, format!("rendered-{}", &unique[..8]), None)
        .await
        .expect("a namespace can be made");
    let renderer = Renderer::new(&testbed);
    let shown = everything(&renderer).await.unwrap_or_else(|error| panic!("{error:#}"));
    make_what_pods_name(&stage, &shown).await.unwrap_or_else(|error| panic!("{error:#}"));

    let mut names = BTreeSet::new();
    for Shown { name, .. } in &shown {
        assert!(names.insert(name), "{name} stands for two Jobs");
    }
    let ask = |shown: &Shown| {
        let (stage, job) = (&stage, shown.job.clone());
        async move {
            match job {
                Ok(job) => refusal(stage, &job).await,
                Err(_) => Ok(None),
            }
        }
    };
    let answers: Vec<_> = futures::stream::iter(shown.iter().map(ask)).buffered(AT_ONCE).collect().await;
    let (mut refused, mut not_rendered) = (BTreeMap::new(), BTreeMap::new());
    for (shown, answer) in shown.iter().zip(answers) {
        let answer = answer.unwrap_or_else(|error| panic!("{}: {error:#}", shown.name));
        refused.extend(answer.map(|reason| (shown.name.as_str(), reason)));
        not_rendered.extend(shown.job.as_ref().err().map(|said| (shown.name.as_str(), said.clone())));
    }
    let said =
        format!("{} Jobs shown, {} refused as expected\n", shown.len() - not_rendered.len(), refused.len());
    // Not by a macro: the harness keeps to itself what tests print that pass.
    std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).expect("stderr can be written to");
    let mut differences_found = differences("refused", REFUSED, &refused);
    differences_found.extend(differences("not rendered", NOT_RENDERED, &not_rendered));
    assert!(
        differences_found.is_empty(),
        "{} differences\n{}",
        differences_found.len(),
        differences_found.join("\n")
    );
}
