//! Which step runs when, and what a build comes to (pipeline-format 8 to 15).

use buildkite_sim::{BuildState, JobState, Outcome};
use indexmap::IndexMap;
use uuid::Uuid;

use crate::client::World;

/// Plays "key:status" in order and compares the steps then.
async fn play(yaml: &str, script: &[(&str, &str)], want: &str, state: BuildState) {
    let world = World::new();
    let build = world.build(yaml);
    for (key, status) in script {
        world.finish(world.job_of(build, key), status).await;
    }
    assert_eq!(world.steps(build), want, "{yaml}");
    assert_eq!(world.build_state(build), state, "{yaml}");
}

/// pipeline-format 9
#[tokio::test]
async fn wait() {
    use BuildState::{Failed, Failing, Passed, Running, Scheduled};
    let yaml = "steps: [{command: a, key: a}, {command: b, key: b}, wait, {command: c, key: c}]";
    play(yaml, &[], "a=running b=running wait=waiting c=waiting", Scheduled).await;
    play(yaml, &[("a", "0")], "a=passed b=running wait=waiting c=waiting", Running).await;
    play(yaml, &[("a", "1")], "a=failed b=running wait=waiting c=waiting", Failing).await;
    play(yaml, &[("a", "0"), ("b", "0")], "a=passed b=passed wait=passed c=running", Running).await;
    let script = [("a", "0"), ("b", "0"), ("c", "0")];
    play(yaml, &script, "a=passed b=passed wait=passed c=passed", Passed).await;
    let script = [("a", "1"), ("b", "0")];
    play(yaml, &script, "a=failed b=passed wait=waiting_failed c=waiting_failed", Failed).await;
}

/// pipeline-format 9, 12
#[tokio::test]
async fn groups_that_look_alike_are_not_one() {
    use BuildState::{Passed, Running};
    for group in ["group: ~", "group: Tests", "group: ~, label: Tests, depends_on: t"] {
        let yaml = format!(
            "steps: [{{command: t, key: t}}, {{{group}, steps: [{{command: a, key: a}}]}}, wait,
              {{{group}, steps: [{{command: b, key: b}}, wait, {{command: c, key: c}}]}}, {{command: d, key: d}}]"
        );
        let own = group.contains("depends_on");
        let b = if own { "b=running" } else { "b=waiting" };
        let want = format!("t=passed a=running wait=waiting {b} wait=waiting c=waiting d=waiting");
        play(&yaml, &[("t", "0")], &want, Running).await;
        let want = "t=passed a=passed wait=passed b=running wait=waiting c=waiting d=running";
        play(&yaml, &[("t", "0"), ("a", "0")], want, Running).await;
        let script = [("t", "0"), ("a", "0"), ("b", "0"), ("c", "0"), ("d", "0")];
        play(&yaml, &script, "t=passed a=passed wait=passed b=passed wait=passed c=passed d=passed", Passed)
            .await;
    }
}

/// pipeline-format 9
#[tokio::test]
async fn wait_with_continue_on_failure() {
    let yaml = "steps: [{command: a, key: a}, {wait: ~, continue_on_failure: true}, {command: b, key: b},
      wait, {command: c, key: c}]";
    let script = [("a", "1"), ("b", "0")];
    let want = "a=failed wait=passed b=passed wait=waiting_failed c=waiting_failed";
    play(yaml, &script, want, BuildState::Failed).await;
}

/// pipeline-format 7
#[tokio::test]
async fn depends_on() {
    use BuildState::{Failed, Failing, Running, Scheduled};
    let yaml = "steps: [{command: a, key: a}, wait, {command: b, key: b, depends_on: []},
      {command: c, key: c, depends_on: a}, {command: d, key: d}]";
    play(yaml, &[], "a=running wait=waiting b=running c=waiting d=waiting", Scheduled).await;
    let want = "a=passed wait=passed b=running c=running d=running";
    play(yaml, &[("a", "0")], want, Running).await;
    let want = "a=failed wait=waiting_failed b=running c=waiting_failed d=waiting_failed";
    play(yaml, &[("a", "1")], want, Failing).await;
    let yaml =
        "steps: [{command: a, key: a}, {command: b, key: b, depends_on: [{step: a, allow_failure: true}]},
      {command: c, key: c, depends_on: a, allow_dependency_failure: true}]";
    play(yaml, &[("a", "1")], "a=failed b=running c=running", Failing).await;
    let yaml = "steps: [{command: a, key: a}, {command: b, key: b, depends_on: gone}]";
    play(yaml, &[], "a=running b=waiting", Scheduled).await;
    play(yaml, &[("a", "0")], "a=passed b=waiting_failed", Failed).await;
}

/// pipeline-format 12
#[tokio::test]
async fn groups() {
    let yaml = "steps: [{group: G, key: g, depends_on: a, steps: [{command: x, key: x}, wait, {command: y, key: y}]},
      {command: a, key: a}, {command: b, key: b, depends_on: g}, {command: c, key: c}]";
    use BuildState::{Passed, Running, Scheduled};
    play(yaml, &[], "x=waiting wait=waiting y=waiting a=running b=waiting c=running", Scheduled).await;
    let want = "x=running wait=waiting y=waiting a=passed b=waiting c=running";
    play(yaml, &[("a", "0")], want, Running).await;
    let script = [("a", "0"), ("x", "0"), ("y", "0")];
    let want = "x=passed wait=passed y=passed a=passed b=running c=running";
    play(yaml, &script, want, Running).await;
    let script = [("a", "0"), ("x", "0"), ("y", "0"), ("b", "0"), ("c", "0")];
    let want = "x=passed wait=passed y=passed a=passed b=passed c=passed";
    play(yaml, &script, want, Passed).await;
}

/// pipeline-format 7, 14
#[tokio::test]
async fn skip_and_if() {
    let yaml =
        "steps: [{command: a, key: a, skip: broken today}, {command: b, key: b, if: build.branch == 'x'},
      wait, {command: c, key: c, depends_on: [a, b]}]";
    let world = World::new();
    let build = world.build(yaml);
    assert_eq!(world.steps(build), "a=skipped b=skipped wait=passed c=running");
    assert_eq!(world.state(world.job_of(build, "a")), JobState::Skipped);
    assert_eq!(world.state(world.job_of(build, "b")), JobState::Broken);
    let nothing = world.build("steps: [{command: a, key: a, skip: true}]");
    assert_eq!(world.build_state(nothing), BuildState::NotRun);
}

/// pipeline-format 7
#[tokio::test]
async fn soft_fail() {
    use BuildState::{Failed, Running};
    let yaml = "steps: [{command: a, key: a, soft_fail: [{exit_status: 3}]}, wait, {command: b, key: b}]";
    play(yaml, &[("a", "3")], "a=soft_failed wait=passed b=running", Running).await;
    play(yaml, &[("a", "4")], "a=failed wait=waiting_failed b=waiting_failed", Failed).await;
    let yaml = "steps: [{command: a, key: a, soft_fail: true}]";
    play(yaml, &[("a", "1")], "a=soft_failed", BuildState::Passed).await;
}

/// pipeline-format 8.11
#[tokio::test]
async fn automatic_retries() {
    use BuildState::{Failed, Passed, Running};
    let yaml = "steps: [{command: a, key: a, retry: {automatic: [{exit_status: 3, limit: 2}]}}]";
    play(yaml, &[("a", "3")], "a=running", Running).await;
    play(yaml, &[("a", "3"), ("a", "0")], "a=passed", Passed).await;
    play(yaml, &[("a", "3"), ("a", "3"), ("a", "3")], "a=failed", Failed).await;
    play(yaml, &[("a", "4")], "a=failed", Failed).await;
    let world = World::new();
    let build = world.build(yaml);
    let first = world.job_of(build, "a");
    world.finish(first, "3").await;
    let second = world.job_of(build, "a");
    let (old, new) = (world.simulator.job(first).unwrap(), world.simulator.job(second).unwrap());
    assert_eq!((old.retries, old.retried_by), (0, Some(second)));
    assert_eq!((new.retries, new.state), (1, JobState::Scheduled));
    assert_eq!(old.outcome, Some(Outcome::HardFailed));
}

/// pipeline-format 8.11, stacks-api P23
#[tokio::test]
async fn stack_errors_can_be_retried() {
    let world = World::new();
    world.stack_with_jobs(0).await;
    let yaml = "steps: [{command: a, key: a, retry: {automatic: [{signal_reason: stack_error, limit: 1}]}}]";
    let build = world.build(yaml);
    let first = world.job_of(build, "a");
    let finish = format!("POST /stacks/k8s/jobs/{first}/finish");
    world.stack(&finish, serde_json::json!({ "detail": "no node" })).await.expect(200);
    let second = world.job_of(build, "a");
    assert_ne!(first, second);
    world.finish(second, "1").await;
    assert_eq!(world.build_state(build), BuildState::Failed);
}

/// pipeline-format 8.9, 15
#[tokio::test]
async fn many_jobs_make_one_step() {
    let world = World::new();
    let build = world.build("steps: [{command: a, key: a, parallelism: 2}, {command: 'echo {{matrix}}', key: m, matrix: [x, y]}, wait]");
    let jobs: Vec<Uuid> = world.simulator.build(build).unwrap().jobs().map(|job| job.id).collect();
    assert_eq!(jobs.len(), 4);
    assert_eq!(world.simulator.job(jobs[3]).unwrap().command, "echo y");
    for job in &jobs[..3] {
        world.finish(*job, "0").await;
    }
    assert_eq!(world.steps(build), "a=passed m=running wait=waiting");
    world.finish(jobs[3], "1").await;
    assert_eq!(world.steps(build), "a=passed m=failed wait=waiting_failed");
}

/// pipeline-format 10
#[tokio::test]
async fn block_and_input() {
    let yaml = "steps: [{command: a, key: a}, {block: Go?, key: go, blocked_state: running, fields: [
        {text: Version, key: version, default: v1, format: 'v[0-9]+'},
        {select: Where, key: where, options: [{label: A, value: a}, {label: B, value: b}]}]},
      {command: b, key: b}]";
    let world = World::new();
    let build = world.build(yaml);
    let answers = |where_: &str| IndexMap::from([("where".to_owned(), where_.to_owned())]);
    let unblock = |answers: IndexMap<String, String>| world.simulator.unblock(build, None, &answers);
    assert!(unblock(answers("a")).is_err(), "nothing is blocked yet");
    world.finish(world.job_of(build, "a"), "0").await;
    assert_eq!(world.build_state(build), BuildState::Blocked);
    assert_eq!(world.simulator.build(build).unwrap().blocked_state, Some("running"));
    assert!(unblock(IndexMap::new()).is_err(), "an answer is needed");
    assert!(unblock(answers("c")).is_err(), "not an option");
    let mut wrong = answers("a");
    wrong.insert("version".to_owned(), "1".to_owned());
    assert!(unblock(wrong).is_err(), "not the format");
    unblock(answers("b")).unwrap();
    assert_eq!(world.steps(build), "a=passed go=passed b=running");
    let meta_data = world.simulator.build(build).unwrap().meta_data;
    assert_eq!(meta_data["version"], "v1");
    assert_eq!(meta_data["where"], "b");
}

/// pipeline-format 10
#[tokio::test]
async fn an_input_holds_back_only_what_depends_on_it() {
    let world = World::new();
    let build = world.build(
        "steps: [{input: Name, key: name}, {command: a, key: a}, {command: b, key: b, depends_on: name}]",
    );
    assert_eq!(world.steps(build), "name=blocked a=running b=waiting");
    world.finish(world.job_of(build, "a"), "0").await;
    assert_eq!(world.build_state(build), BuildState::Blocked);
    world.simulator.unblock(build, Some("name"), &IndexMap::new()).unwrap();
    world.finish(world.job_of(build, "b"), "0").await;
    assert_eq!(world.build_state(build), BuildState::Passed);
}

/// pipeline-format 10
#[tokio::test]
async fn blocks_open_by_themselves_when_asked() {
    let world = World::new();
    let pipeline = "steps: [{block: Go?}, {command: a, key: a}]";
    let pipeline = buildkite_sim::pipeline::parse_yaml(pipeline, "p.yml").unwrap();
    let mut request = buildkite_sim::BuildRequest::new(pipeline);
    request.unblock = true;
    let build = world.simulator.create_build(request).unwrap();
    assert_eq!(world.steps(build), "block=passed a=running");
}

/// pipeline-format 8.6
#[tokio::test]
async fn concurrency_groups() {
    for (method, second) in [("ordered", JobState::Limited), ("eager", JobState::Scheduled)] {
        let world = World::new();
        let group = format!("concurrency: 1, concurrency_group: deploy, concurrency_method: {method}");
        let one =
            world.build(&format!("steps: [{{command: t, key: t}}, wait, {{command: a, key: a, {group}}}]"));
        let two = world.build(&format!("steps: [{{command: a, key: a, {group}}}]"));
        let (first, other) = (world.job_of(one, "a"), world.job_of(two, "a"));
        assert_eq!(world.state(other), second, "{method}");
        if second == JobState::Scheduled {
            world.finish(world.job_of(one, "t"), "0").await;
            assert_eq!(world.state(first), JobState::Limited, "the place is taken");
            world.finish(other, "1").await;
            assert_eq!(world.state(first), JobState::Scheduled);
        } else {
            world.finish(world.job_of(one, "t"), "0").await;
            assert_eq!(world.state(first), JobState::Scheduled);
            world.finish(first, "0").await;
            assert_eq!(world.state(other), JobState::Scheduled);
        }
    }
}

/// pipeline-format 8.6
#[tokio::test]
async fn a_step_that_fails_early_leaves_its_concurrency_group() {
    let world = World::new();
    let group = "concurrency: 1, concurrency_group: deploy";
    let one = world.build(&format!("steps: [{{command: t, key: t}}, wait, {{command: a, key: a, {group}}}]"));
    let two = world.build(&format!("steps: [{{command: a, key: a, {group}}}]"));
    world.finish(world.job_of(one, "t"), "1").await;
    assert_eq!(world.state(world.job_of(two, "a")), JobState::Scheduled);
}

/// pipeline-format 8
#[tokio::test]
async fn cancel_on_build_failing() {
    let world = World::new();
    let build = world.build(
        "steps: [{command: a, key: a}, {command: b, key: b, cancel_on_build_failing: true}, {command: c, key: c}]",
    );
    world.run(world.job_of(build, "b")).await;
    world.finish(world.job_of(build, "a"), "1").await;
    assert_eq!(world.state(world.job_of(build, "b")), JobState::Canceling);
    assert_eq!(world.state(world.job_of(build, "c")), JobState::Scheduled);
}

/// pipeline-format 6
#[tokio::test]
async fn builds_that_cannot_run_are_refused() {
    let world = World::new();
    for (yaml, part) in [
        ("steps: [{command: a, key: k}, {command: b, key: k}]", "k"),
        ("steps: [{command: a, agents: {queue: gone}}]", "gone"),
        ("steps: [{trigger: other}]", "trigger"),
        ("steps: [", "pipeline.yml"),
    ] {
        let refusal = world.simulator.create_build_from_yaml(yaml).unwrap_err();
        assert_eq!(refusal.status, 422);
        assert!(refusal.message.contains(part), "{refusal}");
    }
    assert!(world.simulator.builds().is_empty());
}
