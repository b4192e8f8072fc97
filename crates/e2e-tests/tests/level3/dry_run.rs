//! Our strategic merge against a real API server: a pod template is stored, then the server is asked, twice
//! and without storing anything, what becomes of it by a patch and by our merged object.
//!
//! The answers have passed the server's own merge, defaults, conversion and validation. Where they differ, a
//! row of job-manifest 11 has to say so, and only in the place that the case was drawn for.

mod place;
mod verdict;

use std::io::Write as _;

use anyhow::{Context as _, Result};
use e2e_tests::agreement::Stage;
use e2e_tests::testbed::Testbed;
use futures::StreamExt as _;
use kube::Client;
use serde_json::json;
use strategic_merge::merge;
use strategic_merge::random_cases::{Accepted, accepted};
use strategic_merge::schema::table::POD_TEMPLATE_SPEC;

use verdict::{Ours, Tally, Verdict};

/// Cases, unless the variable `DRY_RUN_CASES` wants more.
const CASES: u64 = 500;
/// How many of a hundred cases have to be accepted both ways.
const ACCEPTED_PERCENT: usize = 80;
/// Cases at a time.
const AT_ONCE: usize = 8;

/// Asks the server about the case of a seed.
async fn compared(stage: &Stage, seed: u64) -> Result<Verdict> {
    let case = accepted(seed);
    let Accepted { template, patch, .. } = &case;
    let name = format!("case-{seed}");
    let object = json!({
        "apiVersion": "v1",
        "kind": "PodTemplate",
        "metadata": { "name": name },
        "template": template,
    });
    let stored = stage.post("podtemplates", &object).await?;
    if stored.status != 201 {
        return Ok(Verdict::Unexplained(format!("the original is refused: {}", stored.body["message"])));
    }
    let stored = stored.body;
    let path = format!("podtemplates/{name}?dryRun=All");
    let theirs = stage.strategic_merge(&path, &json!({ "template": patch })).await?;
    let mut merged = stored.clone();
    let mut template = (&merged["template"]).into();
    let ours = match merge(&mut template, &patch.into(), &POD_TEMPLATE_SPEC) {
        Ok(()) => {
            merged["template"] = template.into();
            Ours::Answered(stage.put(&path, &merged).await?)
        }
        Err(error) => Ours::Refused(error),
    };
    // Thousands of objects would slow down whoever lists them.
    stage.delete(&format!("podtemplates/{name}")).await?.is(200)?;
    Ok(Verdict::of(&case, &merged, &theirs, &ours))
}

/// job-manifest,
/// D-4, D-5, D-13, D-31, D-55, D-56
#[tokio::test(flavor = "multi_thread")]
async fn the_server_makes_the_same_of_a_patch_and_of_our_merge() {
    let (testbed, _order) = Testbed::shared().await;
    let mut config = testbed.admin_config().await;
    // What is refused shall be seen, not tried again.
    config.default_retry = false;
    let client = Client::try_from(config).expect("the kubeconfig makes a client");
    let unique = uuid::Uuid::new_v4().simple().to_string();
    let stage = Stage::create(client, format!("dry-run-{}", &unique[..8]), None)
        .await
        .expect("a namespace can be made");

    let wanted = std::env::var("DRY_RUN_CASES").ok().and_then(|number| number.parse().ok());
    let cases: u64 = wanted.unwrap_or(CASES);
    let stage = &stage;
    let verdicts: Vec<(u64, Result<Verdict>)> = futures::stream::iter(0..cases)
        .map(|seed| async move {
            let verdict = compared(stage, seed).await.with_context(|| format!("seed {seed}"));
            (seed, verdict)
        })
        .buffered(AT_ONCE)
        .collect()
        .await;

    let mut tally = Tally::default();
    for (seed, verdict) in verdicts {
        tally.add(seed, verdict.unwrap_or_else(|error| panic!("{error:#}")));
    }
    // Not by a macro: the harness keeps to itself what tests print that pass.
    std::io::stderr().write_all(tally.to_string().as_bytes()).expect("stderr can be written to");
    assert!(
        tally.unexplained.is_empty(),
        "{} unexplained\n{}",
        tally.unexplained.len(),
        tally.unexplained.join("\n")
    );
    let accepted = tally.accepted;
    assert!(
        accepted * 100 >= ACCEPTED_PERCENT * tally.compared,
        "{accepted} accepted\n{}",
        tally.refused.join("\n")
    );
    assert_eq!(tally.never_seen(), [""; 0], "rows of job-manifest 11 that nothing shows");
}

/// A case that was not drawn to be refused, we merge: were it otherwise, a refusal of ours that the server shares by
/// chance would need a verdict of its own.
#[test]
fn we_refuse_nothing_but_what_was_drawn_for_it() {
    for seed in 0..4 * CASES {
        let Accepted { template, patch, deliberate } = accepted(seed);
        let mut merged = (&template).into();
        let ours = merge(&mut merged, &(&patch).into(), &POD_TEMPLATE_SPEC);
        assert!(ours.is_ok() || deliberate.is_some(), "seed {seed}: {ours:?}");
    }
}
