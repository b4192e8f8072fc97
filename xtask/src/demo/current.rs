//! `--cluster current`: a cluster that somebody else uses too, so nothing happens before a yes.

use std::net::IpAddr;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::buildkite::Buildkite;
use super::kubectl::Kubectl;
use super::objects;
use super::question;
use super::screen::Screen;

/// How long the probe pod may take, most of it for the image.
const PROBE_WITHIN: Duration = Duration::from_secs(180);

/// What the kubeconfig's current context leads to.
#[derive(Debug)]
pub(super) struct Context {
    /// Its name.
    pub(super) name: String,
    /// Address of the API server.
    pub(super) server: String,
}

/// Reads the current context from what `kubectl config view --minify` prints.
///
/// # Errors
/// When there is none, or it lacks a cluster.
pub(super) async fn context(kubectl: &Kubectl) -> anyhow::Result<Context> {
    let view = kubectl.run(&["config", "view", "--minify", "--output=json"]).await;
    let view = view.context("read the current kubeconfig context (KUBECONFIG or ~/.kube/config)")?;
    let view: Value = serde_json::from_str(&view).context("read what kubectl says about the context")?;
    let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    Ok(Context {
        name: text(&view["current-context"]).context("the kubeconfig has no current context")?,
        server: text(&view["clusters"][0]["cluster"]["server"])
            .context("the current kubeconfig context names no server")?,
    })
}

/// Names what will be touched and asks.
///
/// # Errors
/// When the answer is not yes, or nobody can be asked.
pub(super) async fn confirm(
    context: &Context,
    namespace: &str,
    yes: bool,
    screen: Screen,
) -> anyhow::Result<()> {
    screen.step("Using", "the current context of the kubeconfig");
    screen.note(&format!(
        "context    {}\nserver     {}\nnamespace  {namespace}, made now and deleted at the end",
        context.name, context.server
    ));
    if yes {
        return Ok(());
    }
    ensure!(
        question::can_ask(),
        "context `{}` at {} is used only after a yes, and there is no terminal to ask on: --yes agrees",
        context.name,
        context.server
    );
    question::go_on().await
}

/// Addresses of this machine that pods of another machine or of a container may reach.
pub(super) fn candidates() -> Vec<IpAddr> {
    let interfaces = nix::ifaddrs::getifaddrs().into_iter().flatten();
    let addresses = interfaces.filter_map(|interface| {
        let address = interface.address?;
        Some(IpAddr::from(address.as_sockaddr_in()?.ip()))
    });
    let mut addresses: Vec<IpAddr> = addresses.filter(|address| !address.is_loopback()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

/// Lets a pod of the agent's image fetch the simulator's page.
///
/// # Errors
/// Says which of the two failed, the image or the way to this machine, and what to do.
pub(super) async fn probe(
    kubectl: &Kubectl,
    namespace: &str,
    buildkite: &Buildkite,
    host: &str,
) -> anyhow::Result<()> {
    kubectl.create(&objects::probe(namespace, host, buildkite.port)).await.context("make the probe pod")?;
    let deadline = Instant::now() + PROBE_WITHIN;
    let get = ["get", "pod", objects::PROBE, "--namespace", namespace, "--output=json"];
    loop {
        let pod = kubectl.run(&get).await.context("look at the probe pod")?;
        let pod: Value = serde_json::from_str(&pod).context("read the probe pod")?;
        match finding(&pod) {
            Finding::Reached => return Ok(()),
            Finding::NotReached => bail!(
                "a pod of this cluster cannot fetch {}/: give --advertise an address of this machine that \
                 its pods reach, and let TCP port {} through",
                buildkite.url,
                buildkite.port
            ),
            Finding::NoImage(why) => bail!(
                "this cluster cannot get the agent image {} ({why}): load it onto the nodes or give them a \
                 way to its registry",
                objects::agent_image()
            ),
            Finding::Open(state) if Instant::now() > deadline => bail!(
                "the probe pod has not run within {} s ({state}): see that a node of this cluster can take \
                 pods",
                PROBE_WITHIN.as_secs()
            ),
            Finding::Open(_) => tokio::time::sleep(Duration::from_millis(300)).await,
        }
    }
}

/// What a look at the probe pod tells.
#[derive(Debug, PartialEq, Eq)]
enum Finding {
    Reached,
    NotReached,
    NoImage(String),
    /// Nothing yet; where it stands.
    Open(String),
}

fn finding(pod: &Value) -> Finding {
    let status = &pod["status"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    match status["phase"].as_str() {
        Some("Succeeded") => return Finding::Reached,
        Some("Failed") => return Finding::NotReached,
        _ => {}
    }
    let waiting = &status["containerStatuses"][0]["state"]["waiting"];
    let (reason, message) = (text(&waiting["reason"]), text(&waiting["message"]));
    if matches!(
        reason.as_str(),
        "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" | "InvalidImageName" | "ImageInspectError"
    ) {
        return Finding::NoImage(if message.is_empty() { reason } else { format!("{reason}: {message}") });
    }
    let conditions = status["conditions"].as_array().into_iter().flatten();
    let unmet = conditions.filter(|condition| condition["status"] == "False").map(|condition| {
        let words = [&condition["reason"], &condition["message"]].map(text);
        words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(": ")
    });
    let state = std::iter::once(reason).chain(unmet).find(|state| !state.is_empty());
    Finding::Open(state.unwrap_or_else(|| "no node has reported it".to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_probe_pod_tells_an_image_from_a_way() {
        let waiting =
            |reason: &str| json!({ "state": { "waiting": { "reason": reason, "message": "no such host" } } });
        for (status, want) in [
            (json!({}), Finding::Open("no node has reported it".to_owned())),
            (json!({ "phase": "Succeeded" }), Finding::Reached),
            (json!({ "phase": "Failed" }), Finding::NotReached),
            (
                json!({ "phase": "Pending", "containerStatuses": [waiting("ErrImagePull")] }),
                Finding::NoImage("ErrImagePull: no such host".to_owned()),
            ),
            (
                json!({ "phase": "Pending", "containerStatuses": [waiting("ContainerCreating")] }),
                Finding::Open("ContainerCreating".to_owned()),
            ),
            (
                json!({ "phase": "Pending", "conditions": [
                    { "type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room" },
                ] }),
                Finding::Open("Unschedulable: no room".to_owned()),
            ),
        ] {
            assert_eq!(finding(&json!({ "status": status })), want, "{status}");
        }
    }
}
