//! Random requests, the same to both sides, whose answers must be the same.
//!
//! A [`Sequence`] works on a few objects of kinds that no controller touches. What differs from
//! one server to the next (UIDs, resource versions, times, the namespace) is replaced by the order
//! of its first appearance, so that a version that is given anew, or not given anew, shows.

mod normal;
mod requests;

use anyhow::{Context as _, Result};
use fastrand::Rng;
use http::Method;
use kube::Client;
use serde_json::{Value, json};

use super::stage::{JSON, Types};
use super::{Outcome, Stage};
use normal::Names;

/// Kinds whose objects only their writers change; pods are bound to a node without a kubelet.
const KINDS: [&str; 4] = ["secrets", "configmaps", "leases", "pods"];
/// Objects of one sequence.
const OBJECTS: [&str; 2] = ["a", "b"];

/// One request; `$uid`, `$version`, `$old` and `$namespace` in its body stand for what the server
/// has told about the object.
#[derive(Debug, Clone)]
struct Step {
    method: Method,
    path: String,
    content: &'static str,
    object: &'static str,
    body: Value,
}

/// Requests that follow from a seed.
#[derive(Debug)]
pub struct Sequence {
    kind: &'static str,
    steps: Vec<Step>,
}

impl Sequence {
    /// `length` requests about objects of one kind.
    #[must_use]
    pub fn new(seed: u64, length: usize) -> Self {
        let mut rng = Rng::with_seed(seed);
        let kind = KINDS[rng.usize(..KINDS.len())];
        let steps = (0..length).map(|_| requests::step(&mut rng, kind)).collect();
        Self { kind, steps }
    }

    /// What this side answers, and what a watch saw of it.
    async fn play(&self, stage: &Stage) -> Result<Vec<Value>> {
        let list = stage.get(self.kind).await?.is(200)?;
        let from = super::stage::version(&list).to_owned();
        let mut names = Names::new(&stage.namespace);
        let mut answers = Vec::new();
        for step in &self.steps {
            let body = names.fill(step.object, &step.body);
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let content = if body.is_empty() { "" } else { step.content };
            let answer = stage.send(step.method.clone(), &step.path, Types::sent(content), body).await?;
            names.learn(step.object, &answer.body);
            answers.push(json!({ "status": answer.status, "body": names.normal(self.kind, answer.body) }));
        }
        let last = json!({ "metadata": { "name": "last" } });
        let last = if self.kind == "pods" { super::graceful::bound(stage, "last") } else { last };
        let last = stage.send(Method::POST, self.kind, Types::sent(JSON), last.to_string()).await?;
        last.is(201).context("the last object")?;
        let mut watch = stage.watch(&format!("{}?resourceVersion={from}", self.kind)).await?;
        let is_last = |event: &Value| event["object"]["metadata"]["name"] == "last";
        let events = watch.up_to("the last object", is_last).await?;
        for event in events.iter().filter(|event| !normal::is_from_elsewhere(&event["object"])) {
            let object = names.normal(self.kind, event["object"].clone());
            answers.push(json!({ "event": event["type"], "object": object }));
        }
        Ok(answers)
    }
}

/// Plays the sequence of a seed to both sides, each in a namespace of this name.
///
/// # Errors
/// At the first answer or event that is not the same; the error shows the requests before it.
pub async fn compare(one: &Client, other: &Client, namespace: &str, seed: u64, length: usize) -> Outcome {
    let sequence = Sequence::new(seed, length);
    let left = Stage::create(one.clone(), namespace.to_owned(), None).await?;
    let right = Stage::create(other.clone(), namespace.to_owned(), None).await?;
    let (wanted, got) = (sequence.play(&left).await?, sequence.play(&right).await?);
    for (number, (wanted, got)) in wanted.iter().zip(&got).enumerate() {
        if wanted != got {
            let before: Vec<String> = sequence
                .steps
                .iter()
                .take(number + 1)
                .map(|step| format!("    {} {} {}", step.method, step.path, step.body))
                .collect();
            let shown = before.len().saturating_sub(8);
            anyhow::bail!(
                "seed {seed}, {}, answer {number}:\n  expected {wanted}\n  got      {got}\n  after\n{}",
                sequence.kind,
                before[shown..].join("\n")
            );
        }
    }
    anyhow::ensure!(wanted.len() == got.len(), "seed {seed}: {} events, {}", wanted.len(), got.len());
    Ok(())
}
