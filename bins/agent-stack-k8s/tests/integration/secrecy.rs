//! Nothing that is secret is ever shown, not even at level debug.

use buildkite_sim::{Effect, Fault, JobState};
use serde_json::json;
use tokio::time::timeout;

use crate::{
    bench::{Bench, TOKEN},
    http,
    process::DEADLINE,
};

/// In the environment of a job that runs, and of one that cannot be made.
const PASSWORD: &str = "porcupines-rattle-at-night";

#[tokio::test]
async fn tokens_and_variables_are_never_shown() {
    let bench = Bench::new().await;
    let step = |containers: serde_json::Value| {
        let plugin = json!({ "kubernetes": { "podSpec": { "containers": containers } } });
        json!({ "command": "make", "env": { "PASSWORD": PASSWORD }, "plugins": [plugin] })
    };
    let variable = json!([{ "name": "PASSWORD", "value": PASSWORD }]);
    let good = step(json!([{ "image": "busybox", "env": variable }]));
    let bad = step(json!([{ "image": "no image!", "env": variable }]));
    bench.simulator.inject_fault(Fault::always("list-scheduled-jobs", Effect::status(500)).times(1));
    let program = bench.start("debug: true\n");
    bench.ready(&program).await;
    bench.simulator.enqueue_jobs(1, &good).unwrap();
    let refused = bench.simulator.enqueue_jobs(1, &bad).unwrap()[0];

    let jobs = timeout(DEADLINE, bench.cluster.jobs(1)).await.unwrap();
    assert!(jobs[0].to_string().contains(PASSWORD), "the pod gets its variable");
    assert!(!jobs[0].to_string().contains(TOKEN), "the pod's token comes from the Secret");
    let ended = bench.simulator.until(|simulator| {
        let job = simulator.job(refused)?;
        (job.state == JobState::Finished).then_some(job)
    });
    let ended = timeout(DEADLINE, ended).await.unwrap();
    let verdict = format!("{ended:?}");

    let mut shown = vec![verdict];
    for path in ["/livez", "/readyz", "/startupz", "/metrics"] {
        let answer = http::get(bench.port, path).await;
        shown.push(format!("{:?}\n{}", answer.headers, answer.body));
    }
    let log = program.stop().await.output();
    assert!(log.contains("level=debug"), "the log is as talkative as it gets\n{log}");
    shown.push(log);
    for text in shown {
        assert!(!text.contains(TOKEN), "{text}");
        assert!(!text.contains(PASSWORD), "{text}");
    }
}
