//! Every pipeline of `fixtures/pipelines/run` at once: each proves from inside its pod that a feature does what it
//! should, or fails as it should.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use buildkite_sim::{BuildFacts, BuildRequest, BuildSnapshot, JobSnapshot, Options};
use e2e_tests::buildkite::{Buildkite, QUEUE};
use e2e_tests::controller::{self, Controller};
use e2e_tests::git::{GitServer, PrivateRepository};
use e2e_tests::job_watch::{JobWatch, Seen};
use e2e_tests::namespace::Namespace;
use e2e_tests::node_pipelines::{self, NodePipeline};
use e2e_tests::scenario::READY;
use e2e_tests::testbed::Testbed;
use e2e_tests::wait;
use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{DynamicObject, ListParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, ResourceExt as _};
use serde_json::Value;

/// Patience with all builds together, on a busy machine.
const BATCH: Duration = Duration::from_secs(420);
/// Patience with what is left of pods and Jobs when all builds are over.
const CLEAN: Duration = Duration::from_secs(60);
/// Lines of a controller's log that a report shows.
const TAIL: usize = 60;

/// The repositories that pipelines name, and the plugin that one of them uses.
struct Repositories {
    git: GitServer,
    private: PrivateRepository,
    urls: BTreeMap<&'static str, String>,
}

impl Repositories {
    async fn start(testbed: &Testbed) -> Result<Self> {
        let address = testbed.host_address;
        let hello = ("hello.txt", "from the repository\n");
        let git = GitServer::start(address, &[("a.txt", "1\n"), ("b.txt", "2\n"), hello]).await?;
        let part = git.add("part", &[("part.txt", "from the submodule\n")]).await?;
        let nested = git.add("nested", &[hello]).await?;
        git.add_submodule("nested", "part", &part).await?;
        let environment = "#!/bin/sh\nexport GREETING=\"hello $BUILDKITE_PLUGIN_GREET_NAME\"\n";
        let pre_command = "#!/bin/sh\necho \"the plugin came along with $GREETING\"\n";
        let files = [("hooks/environment", environment), ("hooks/pre-command", pre_command)];
        git.add("greet-buildkite-plugin", &files).await?;
        let files = [("hello.txt", "from the private repository\n")];
        let private = PrivateRepository::start(address, "ci:open-sesame", &files).await?;
        let urls = [("plain", &git.url), ("nested", &nested), ("private", &private.url)]
            .map(|(name, url)| (name, url.clone()))
            .into();
        Ok(Self { git, private, urls })
    }

    fn build(&self, pipeline: &NodePipeline) -> BuildRequest {
        let repository = self.urls.get(pipeline.repository.as_str());
        let repository = repository.unwrap_or_else(|| panic!("{}: no such repository", pipeline.name));
        let env = [("GIT_SERVER".to_owned(), self.git.authority.clone())].into_iter().collect();
        let facts = BuildFacts { repository: repository.clone(), env, ..BuildFacts::default() };
        BuildRequest::from_file(&pipeline.text, &pipeline.name, facts)
            .unwrap_or_else(|refusal| panic!("{}: {}", pipeline.name, refusal.message))
    }
}

/// Creates what pods refer to.
async fn create_objects(namespace: &Namespace, repositories: &Repositories) -> Result<()> {
    let fill = |text: &str| text.replace("${GIT_HTTP_SERVER}", &repositories.private.authority);
    for object in node_pipelines::objects(fill) {
        let kind = object["kind"].as_str().unwrap_or_default();
        let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", kind));
        let api: Api<DynamicObject> =
            Api::namespaced_with(namespace.admin.clone(), &namespace.name, &resource);
        let typed = serde_json::from_value(object.clone()).context("not an object")?;
        api.create(&PostParams::default(), &typed)
            .await
            .with_context(|| format!("cannot create {object}"))?;
    }
    Ok(())
}

/// A controller that runs, its limit, and what Jobs it really had.
struct Running {
    controller: Controller,
    limit: u64,
    watch: JobWatch,
}

/// Starts the controller for a queue, with the settings of its file.
fn start(testbed: &Testbed, namespace: &Namespace, endpoint: &str, queue: &str) -> Result<Running> {
    let text = std::fs::read_to_string(node_pipelines::controller(queue))?;
    let settings: BTreeMap<String, Value> = serde_yaml::from_str(&text)?;
    let limit = settings["max-in-flight"].as_u64().context("a controller has a limit")?;
    let watch = JobWatch::of_controller(namespace.api::<Job>(), queue);
    let mut options = controller::Options::new(endpoint, queue).with("id", queue);
    for (name, mut value) in settings {
        if name == "agent-config" {
            value["endpoint"] = Value::from(endpoint);
        }
        options = options.with(&name, value);
    }
    let controller = Controller::start(&testbed.controller, namespace, &options, namespace.kubeconfig())?;
    Ok(Running { controller, limit, watch })
}

/// Nothing runs any more: each Job has ended or is gone, and so has each pod.
async fn assert_nothing_is_left(controllers: &mut BTreeMap<String, Running>, namespace: &Namespace) {
    for Running { watch, .. } in controllers.values_mut() {
        watch.until("every Job is over", CLEAN, |seen: &Seen| seen.unfinished() == 0).await;
    }
    let pods = namespace.api::<Pod>();
    wait::until("every pod is over", CLEAN, || async {
        let pods = pods.list(&ListParams::default()).await.map_err(|error| error.to_string())?;
        let phase =
            |pod: &Pod| pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
        let running: Vec<String> = pods
            .iter()
            .filter(|pod| !["Succeeded", "Failed"].contains(&phase(pod).as_str()))
            .map(|pod| format!("{} {}", pod.name_any(), phase(pod)))
            .collect();
        if running.is_empty() { Ok(()) } else { Err(running.join(", ")) }
    })
    .await;
}

/// The end of each controller's log.
fn logs(controllers: &BTreeMap<String, Running>) -> String {
    let tail = |(queue, running): (&String, &Running)| {
        let log = running.controller.log();
        let lines: Vec<&str> = log.lines().collect();
        format!("controller of {queue}:\n{}\n", lines[lines.len().saturating_sub(TAIL)..].join("\n"))
    };
    controllers.iter().map(tail).collect()
}

/// The files of fixtures/pipelines/run cite their rules.
#[tokio::test(flavor = "multi_thread")]
async fn every_feature_shows_itself_on_the_node() {
    let (testbed, _order) = Testbed::shared().await;
    let pipelines = node_pipelines::all();
    let mut queues: Vec<&str> = pipelines.iter().map(|pipeline| pipeline.queue.as_str()).collect();
    queues.sort_unstable();
    queues.dedup();
    let others = queues.iter().filter(|queue| **queue != QUEUE).map(|queue| (*queue).to_owned()).collect();
    let options = Options { queues: others, ..Options::default() };
    let buildkite = Buildkite::start(testbed.host_address, options).await.expect("the simulator listens");
    let namespace = Namespace::create(&testbed, "features", buildkite.agent_token().expose())
        .await
        .expect("the namespace can be made");
    let repositories = Repositories::start(&testbed).await.expect("repositories can be served");
    create_objects(&namespace, &repositories).await.expect("the objects can be made");
    let running = |queue: &&str| {
        let running = start(&testbed, &namespace, &buildkite.endpoint(), queue);
        ((*queue).to_owned(), running.expect("the controller can be started"))
    };
    let mut controllers: BTreeMap<String, Running> = queues.iter().map(running).collect();
    for running in controllers.values() {
        running.controller.wait_ready(READY).await;
    }

    let started = Instant::now();
    let builds: Vec<(NodePipeline, uuid::Uuid)> = pipelines
        .into_iter()
        .map(|pipeline| {
            let build = buildkite.simulator.create_build(repositories.build(&pipeline));
            let build = build.unwrap_or_else(|refusal| panic!("{}: {}", pipeline.name, refusal.message));
            (pipeline, build)
        })
        .collect();
    let settled = builds.iter().map(|(_, build)| buildkite.simulator.build_settled(*build));
    // Those that are over are judged in any case.
    let in_time = tokio::time::timeout(BATCH, futures::future::join_all(settled)).await.is_ok();
    let duration = started.elapsed();
    let snapshot = |build| buildkite.simulator.build(build).expect("a build stays");
    let log = |job: &JobSnapshot| {
        buildkite_sim::ansi::plain_text(&buildkite.simulator.log(job.id, 0).unwrap_or_default())
    };
    let ended: Vec<(&NodePipeline, BuildSnapshot)> =
        builds.iter().map(|(pipeline, build)| (pipeline, snapshot(*build))).collect();
    let reports: Vec<String> =
        ended.iter().filter_map(|(pipeline, build)| pipeline.problems(build, log)).collect();
    assert!(
        in_time && reports.is_empty(),
        "{} of {} pipelines are not as they should be after {} s\n{}\n{}",
        reports.len(),
        ended.len(),
        duration.as_secs(),
        reports.join("\n"),
        logs(&controllers)
    );

    assert_nothing_is_left(&mut controllers, &namespace).await;
    for (queue, Running { controller, limit, watch }) in controllers {
        let seen = watch.seen();
        assert!(!seen.ever.is_empty(), "the watch over {queue} saw nothing");
        assert!(seen.most_unfinished as u64 <= limit, "{} Jobs of {queue} at a time", seen.most_unfinished);
        assert!(seen.uids.values().all(|uids| uids.len() == 1), "a Job was made twice");
        let (status, log) = controller.terminate(READY).await.expect("the controller can be stopped");
        assert!(status.success(), "the controller ended with {status}\n{log}");
    }
    namespace.delete().await.expect("the namespace can be deleted");
    let said = format!("{} pipelines in {:.1} s\n", ended.len(), duration.as_secs_f32());
    // Not by a macro: the harness keeps to itself what tests print that pass.
    std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).expect("stderr can be written to");
}
