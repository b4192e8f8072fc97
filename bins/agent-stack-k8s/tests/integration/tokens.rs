//! Tokens that are missing or wrong: the program runs on, is not ready, says why, and heals by itself.

use crate::{
    bench::{Bench, KEY, Port, SECRET, TOKEN},
    http,
    process::Running,
};

/// Not ready for this reason, and alive all the same.
async fn expect_waiting(bench: &Bench, program: &Running, reason: &str) {
    let answer = bench.not_ready(program, "[-]token", reason).await;
    assert_eq!(answer.status, 503);
    for path in ["/livez", "/startupz"] {
        let answer = http::get(bench.port, path).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    }
}

#[tokio::test]
async fn a_wrong_token_is_waited_out() {
    const WRONG: &str = "bkct_wrong_but_secret";
    let bench = Bench::new().await;
    bench.cluster.set_secret(SECRET, KEY, WRONG);
    let program = bench.start("debug: true\n");
    let reason = "the agent token was refused";
    expect_waiting(&bench, &program, reason).await;
    let way_out =
        "put a valid cluster agent token into the Secret `buildkite-agent-token` in the namespace `ci`";
    expect_waiting(&bench, &program, way_out).await;
    let answer = http::get(bench.port, "/readyz").await;
    let log = program.log();
    assert_eq!(log.lines().filter(|line| line.contains("refuses the agent token")).count(), 1, "{log}");
    let ended = program.stop().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output());
    for text in [ended.output(), answer.body] {
        assert!(!text.contains(WRONG), "{text}");
    }
}

#[tokio::test]
async fn a_missing_secret_is_waited_for() {
    let bench = Bench::new().await;
    let program = bench.start("agent-token-secret: later\n");
    expect_waiting(
        &bench,
        &program,
        "there is no Secret `later` in the namespace `ci`; create it: kubectl -n ci",
    )
    .await;
    assert_eq!(bench.simulator.statistics().total("token"), 0);
    bench.cluster.set_secret("later", KEY, TOKEN);
    bench.ready(&program).await;
    assert_eq!(program.stop().await.status.code(), Some(0));
}

#[tokio::test]
async fn a_secret_without_the_key_or_without_a_text_is_waited_for() {
    for (key, text, reason) in [
        ("TOKEN", "x", "lacks the key `BUILDKITE_AGENT_TOKEN`"),
        (KEY, " \n", "holds no usable token under `BUILDKITE_AGENT_TOKEN`"),
    ] {
        let bench = Bench::new().await;
        bench.cluster.set_secret(SECRET, key, text);
        let program = bench.start("");
        expect_waiting(&bench, &program, reason).await;
        assert_eq!(program.stop().await.status.code(), Some(0));
    }
}

#[tokio::test]
async fn a_token_of_another_cluster_than_the_file_names_is_used_with_a_warning() {
    let bench = Bench::new().await;
    let program = bench.start("cluster-uuid: 0190c6a5-0000-7000-8000-00000000000a\n");
    bench.ready(&program).await;
    let ended = program.stop().await;
    let warnings =
        ended.stdout.lines().filter(|line| line.contains("another cluster than `cluster-uuid` names"));
    assert_eq!(warnings.count(), 1, "{}", ended.stdout);
    assert!(
        !ended.output().contains("0190c6a5"),
        "values of old settings are never printed\n{}",
        ended.output()
    );
}

#[tokio::test]
async fn nothing_of_buildkite_being_away_ends_the_program() {
    let mut bench = Bench::new().await;
    let nobody = Port::reserve();
    bench.buildkite = format!("http://127.0.0.1:{}", nobody.number);
    let program = bench.start("");
    expect_waiting(&bench, &program, "could not connect").await;
    program.says("cannot reach Buildkite").await;
    let ended = program.stop().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output());
}
