//! The namespace goes, with everything in it, and comes back.

use std::time::Duration;

use buildkite_sim::JobState;
use e2e_tests::job_watch::Seen;
use e2e_tests::player::Player;
use e2e_tests::scenario::{READY, Scenario};
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::json;

use crate::drain::enqueue;
use crate::verdicts::{assert_verdict, verdict};

const MINUTE: Duration = Duration::from_secs(60);

/// lifecycle L11, F3: no slot is held for what went with the namespace, Buildkite is told of it, and jobs run once there is
/// a namespace again
#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_that_is_deleted_costs_no_slot() {
    let (testbed, _order) = Testbed::shared().await;
    let mut scenario = Scenario::prepare(testbed, "namespace", |options| {
        options.with("max-in-flight", 2).with("reservation-expiry-seconds", 20)
    })
    .await;
    // The controller stands elsewhere: its own rights do not go with the namespace.
    scenario.kubeconfig = scenario.testbed.kubeconfig.clone();
    scenario.start_controller();
    scenario.controller().wait_ready(READY).await;
    let gone = enqueue(&scenario.buildkite.simulator, 2);
    let two = |seen: &Seen| seen.unfinished() == 2;
    scenario.watch.until("both slots are taken", MINUTE, two).await;

    let name = scenario.namespace.name.clone();
    let namespaces: Api<Namespace> = Api::all(scenario.namespace.admin.clone());
    namespaces.delete(&name, &DeleteParams::background()).await.expect("it is there");
    wait::until("the namespace is gone", MINUTE, || async {
        match namespaces.get_opt(&name).await {
            Ok(None) => Ok(()),
            other => Err(format!("{other:?}\n{}", scenario.controller().log())),
        }
    })
    .await;
    wait::until("no slot is held", MINUTE, || async {
        let metrics = scenario.controller().metrics().await.map_err(|error| format!("{error:#}"))?;
        if metrics.contains("buildkite_limiter_jobs_in_flight 0\n") {
            Ok(())
        } else {
            Err(format!("{metrics}\n{}", scenario.controller().log()))
        }
    })
    .await;

    let again = serde_json::from_value(json!({ "metadata": { "name": name } })).expect("a Namespace");
    namespaces.create(&PostParams::default(), &again).await.expect("its name is free");
    let token = scenario.buildkite.agent_token().expose().to_owned();
    scenario.namespace.set_agent_token(&token).await.expect("there is a namespace");
    for job in gone {
        assert_verdict(
            &verdict(&scenario, job).await,
            "pod-failed",
            &["the pod ended before the agent started"],
        );
    }
    let _player = Player::start(scenario.namespace.api::<Pod>(), &scenario.buildkite.simulator, true);
    for job in enqueue(&scenario.buildkite.simulator, 3) {
        let job = verdict(&scenario, job).await;
        assert_eq!((job.state, job.exit_status), (JobState::Finished, Some(0)), "{job:#?}");
    }
    scenario.end().await;
}
