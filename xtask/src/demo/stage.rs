//! Everything that runs for the demo, and how it goes away again.

use anyhow::Context as _;
use serde_json::Value;

use super::buildkite::Buildkite;
use super::controller::Controller;
use super::kubectl::Kubectl;
use super::objects;
use super::screen::Screen;
use crate::cluster::Running;

/// What has been started so far; [`Stage::clear`] takes all of it away.
#[derive(Debug, Default)]
pub(super) struct Stage {
    /// A cluster of the demo's own.
    pub(super) cluster: Option<Running>,
    /// A namespace in somebody else's cluster.
    pub(super) namespace: Option<Namespace>,
    pub(super) buildkite: Option<Buildkite>,
    pub(super) controller: Option<Controller>,
    /// How the build ended, once it has.
    pub(super) passed: Option<bool>,
}

/// The demo's namespace.
#[derive(Debug, Clone)]
pub(super) struct Namespace {
    pub(super) kubectl: Kubectl,
    pub(super) name: String,
    /// Value of its label, which no other namespace has.
    pub(super) run: String,
}

impl Namespace {
    /// Makes it.
    ///
    /// # Errors
    /// When there is one of that name.
    pub(super) async fn create(&self) -> anyhow::Result<()> {
        let made = self.kubectl.create(&objects::namespace(&self.name, &self.run)).await;
        made.with_context(|| {
            format!("the demo makes a namespace `{}` of its own and deletes it at the end", self.name)
        })
    }

    /// A kubeconfig for the controller, with its own ServiceAccount.
    pub(super) async fn controller_kubeconfig(&self) -> anyhow::Result<Value> {
        let view = ["config", "view", "--minify", "--flatten", "--raw", "--output=json"];
        let view = self.kubectl.run(&view).await.context("read the kubeconfig")?;
        let view: Value = serde_json::from_str(&view).context("read the kubeconfig")?;
        let token = ["create", "token", objects::CONTROLLER, "--namespace", &self.name, "--duration=24h"];
        let token = self.kubectl.run(&token).await.context("make a token for the controller")?;
        Ok(objects::kubeconfig(&view["clusters"][0]["cluster"], &self.name, token.trim()))
    }

    /// Deletes it and waits until it is gone; one that is not ours is left alone.
    async fn delete(&self) -> anyhow::Result<()> {
        let selector = format!("--selector={}={}", objects::RUN_LABEL, self.run);
        let found = self.kubectl.run(&["get", "namespace", &selector, "--output=name"]).await?;
        let found = found.trim();
        if found.is_empty() {
            return Ok(());
        }
        self.kubectl.run(&["delete", found, "--wait=false"]).await?;
        let pods = ["delete", "pod", "--all", "--grace-period=1", "--wait=false", "--namespace", &self.name];
        // Agents would use all of their grace to look for a Buildkite that is gone.
        self.kubectl.run(&pods).await?;
        self.kubectl.run(&["wait", found, "--for=delete", "--timeout=120s"]).await?;
        Ok(())
    }
}

impl Stage {
    /// Whether there is anything to clear.
    fn is_empty(&self) -> bool {
        self.cluster.is_none()
            && self.namespace.is_none()
            && self.buildkite.is_none()
            && self.controller.is_none()
    }

    /// Stops and removes everything, in the order that leaves nobody waiting.
    ///
    /// # Errors
    /// When the namespace could not be deleted, with how to do that by hand.
    pub(super) async fn clear(self, screen: Screen) -> anyhow::Result<()> {
        if self.is_empty() {
            return Ok(());
        }
        let Self { cluster, namespace, buildkite, controller, passed: _ } = self;
        let rest = match (&namespace, &cluster) {
            (Some(namespace), _) => format!(" and deleting namespace {}", namespace.name),
            (None, Some(_)) => " and taking the cluster down".to_owned(),
            (None, None) => String::new(),
        };
        screen.step("Stopping", &format!("what was started{rest}"));
        if let Some(controller) = controller {
            controller.stop().await;
        }
        if let Some(namespace) = namespace {
            let by_hand = format!("{} delete namespace {}", namespace.kubectl.shown(), namespace.name);
            namespace.delete().await.with_context(|| format!("delete the namespace; by hand: {by_hand}"))?;
        }
        drop(buildkite);
        // It waits for the supervisor, which takes everything of the cluster with it.
        tokio::task::spawn_blocking(move || drop(cluster)).await.context("take the cluster down")
    }
}
