//! Simulator, namespace, controller and watch, wired for one scenario.

use std::path::PathBuf;
use std::time::Duration;

use buildkite_sim::BuildSnapshot;
use k8s_openapi::api::batch::v1::Job;
use uuid::Uuid;

use crate::buildkite::{Buildkite, QUEUE};
use crate::controller::{self, Controller};
use crate::job_watch::JobWatch;
use crate::namespace::Namespace;
use crate::testbed::Testbed;

/// Patience with a controller that starts.
pub const READY: Duration = Duration::from_secs(60);
/// Patience with a build of a few steps on a busy machine.
pub const BUILD: Duration = Duration::from_secs(300);

/// Everything that one scenario stands on.
pub struct Scenario {
    /// The cluster.
    pub testbed: Testbed,
    /// Buildkite.
    pub buildkite: Buildkite,
    /// Where the Jobs are.
    pub namespace: Namespace,
    /// What Jobs there really were.
    pub watch: JobWatch,
    /// Settings of the controller, to start another one like it.
    pub options: controller::Options,
    /// How a controller that is started finds the API server.
    pub kubeconfig: PathBuf,
    /// The controller; `None` while a scenario has it killed.
    pub controller: Option<Controller>,
}

impl Scenario {
    /// Starts all parts and waits until the controller is ready. `change` sets what the scenario
    /// needs in the controller's config file.
    ///
    /// # Panics
    /// When a part does not start: a scenario cannot go on without it.
    pub async fn start(
        testbed: Testbed,
        name: &str,
        change: impl FnOnce(controller::Options) -> controller::Options,
    ) -> Self {
        let mut scenario = Self::prepare(testbed, name, change).await;
        scenario.start_controller();
        scenario.controller().wait_ready(READY).await;
        scenario
    }

    /// Starts all parts but the controller.
    ///
    /// # Panics
    /// When a part does not start: a scenario cannot go on without it.
    pub async fn prepare(
        testbed: Testbed,
        name: &str,
        change: impl FnOnce(controller::Options) -> controller::Options,
    ) -> Self {
        let simulator = buildkite_sim::Options::default();
        let buildkite =
            Buildkite::start(testbed.host_address, simulator).await.expect("the simulator listens");
        let namespace = Namespace::create(&testbed, name, buildkite.agent_token().expose())
            .await
            .expect("the namespace can be made");
        let watch = JobWatch::start(namespace.api::<Job>());
        let options = change(controller::Options::new(&buildkite.endpoint(), QUEUE));
        let kubeconfig = namespace.kubeconfig().to_owned();
        Self { testbed, buildkite, namespace, watch, options, kubeconfig, controller: None }
    }

    /// Starts a controller with the scenario's settings and does not wait for it.
    ///
    /// # Panics
    /// When the process cannot be started.
    pub fn start_controller(&mut self) {
        let binary = &self.testbed.controller;
        let controller = Controller::start(binary, &self.namespace, &self.options, &self.kubeconfig);
        self.controller = Some(controller.expect("the controller can be started"));
    }

    /// The running controller.
    ///
    /// # Panics
    /// While there is none.
    #[must_use]
    pub fn controller(&self) -> &Controller {
        self.controller.as_ref().expect("the scenario has a controller now")
    }

    /// Runs a file of `fixtures/pipelines` to its end.
    ///
    /// # Panics
    /// When it does not end in time; the text holds the logs of jobs and controller.
    pub async fn run(&self, fixture: &str) -> BuildSnapshot {
        let build = self.buildkite.create_build(fixture, |_| {});
        self.settled(build).await
    }

    /// Waits until a build has ended or is blocked.
    ///
    /// # Panics
    /// When it does not end in time; the text holds the logs of jobs and controller.
    pub async fn settled(&self, build: Uuid) -> BuildSnapshot {
        let settled = self.buildkite.simulator.build_settled(build);
        match tokio::time::timeout(BUILD, settled).await {
            Ok(build) => build,
            Err(_) => panic!(
                "the build did not end within {} s\n{}\ncontroller:\n{}",
                BUILD.as_secs(),
                self.buildkite.describe(build),
                self.controller.as_ref().map(Controller::log).unwrap_or_default(),
            ),
        }
    }

    /// Everything about a build and the controller, for the text of an assertion.
    #[must_use]
    pub fn describe(&self, build: Uuid) -> String {
        let log = self.controller.as_ref().map(Controller::log).unwrap_or_default();
        format!("{}\ncontroller:\n{log}", self.buildkite.describe(build))
    }

    /// Stops the controller in good order and removes the namespace.
    ///
    /// # Panics
    /// When the controller does not end with 0: a requested stop is no failure.
    pub async fn end(self) {
        let Self { controller, namespace, .. } = self;
        if let Some(controller) = controller {
            let (status, log) =
                controller.terminate(Duration::from_secs(30)).await.expect("the controller can be stopped");
            assert!(status.success(), "the controller ended with {status}\n{log}");
        }
        namespace.delete().await.expect("the namespace can be deleted");
    }
}
