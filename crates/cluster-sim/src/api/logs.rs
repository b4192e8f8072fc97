//! What containers have written.

use bytes::Bytes;
use shared_json::Value;

use super::route::Resource;
use super::{Answer, Request};
use crate::kind::Kind;
use crate::object;
use crate::refusal::Refusal;
use crate::world::World;

/// A log that somebody reads as it grows.
#[derive(Clone, Debug)]
pub(crate) struct Follow {
    pod_uid: String,
    container: String,
    /// Bytes that were sent, or skipped.
    sent: usize,
}

pub(crate) fn answer(world: &World, request: &Request, resource: &Resource) -> Result<Answer, Refusal> {
    let pod = &super::find(world, resource)?.object;
    let query = &request.query;
    let container = choose(pod, query.text("container"))?;
    if object::text(pod, &["spec", "nodeName"]).is_empty() {
        return Ok(Answer::Text(204, Bytes::new()));
    }
    let uid = object::uid(pod);
    let Some(log) = world.kubelet.log(uid, &container) else {
        let reason = waiting_reason(pod, &container);
        let name = &resource.name;
        let message = match reason {
            Some(reason) => format!("container {container:?} in pod {name:?} is waiting to start: {reason}"),
            None => format!("container {container:?} in pod {name:?} is not available"),
        };
        return Err(Refusal::bad_request(message));
    };
    let lines = query.number("tailLines")?.and_then(|lines| usize::try_from(lines).ok());
    let mut start = lines.map_or(0, |lines| tail(log, lines));
    if query.flag("follow") == Some(true) {
        return Ok(Answer::Follow(Follow { pod_uid: uid.to_owned(), container, sent: start }));
    }
    let limit = query.number("limitBytes")?.and_then(|bytes| usize::try_from(bytes).ok());
    start = start.min(log.len());
    let end = limit.map_or(log.len(), |limit| log.len().min(start + limit));
    Ok(Answer::Text(200, Bytes::copy_from_slice(&log[start..end])))
}

/// Where the last lines begin.
fn tail(log: &[u8], lines: usize) -> usize {
    if lines == 0 {
        return log.len();
    }
    let body = log.strip_suffix(b"\n").unwrap_or(log);
    let breaks = body.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
    breaks.map(|(index, _)| index + 1).nth(lines - 1).unwrap_or_default()
}

fn names<'a>(pod: &'a Value, list: &str) -> Vec<&'a str> {
    let containers = pod["spec"][list].as_array();
    containers.into_iter().flatten().map(|container| object::text(container, &["name"])).collect()
}

fn choose(pod: &Value, wanted: &str) -> Result<String, Refusal> {
    let (main, init) = (names(pod, "containers"), names(pod, "initContainers"));
    let name = object::name(pod);
    if !wanted.is_empty() {
        if main.contains(&wanted) || init.contains(&wanted) {
            return Ok(wanted.to_owned());
        }
        return Err(Refusal::bad_request(format!("container {wanted} is not valid for pod {name}")));
    }
    match main.as_slice() {
        [only] => Ok((*only).to_owned()),
        _ => {
            let mut message = format!(
                "a container name must be specified for pod {name}, choose one of: [{}]",
                main.join(" ")
            );
            if !init.is_empty() {
                message.push_str(&format!(" or one of the init containers: [{}]", init.join(" ")));
            }
            Err(Refusal::bad_request(message))
        }
    }
}

fn status<'a>(pod: &'a Value, container: &str) -> Option<&'a Value> {
    let lists = ["containerStatuses", "initContainerStatuses"];
    let mut all = lists.iter().filter_map(|list| pod["status"][*list].as_array()).flatten();
    all.find(|status| object::text(status, &["name"]) == container)
}

fn waiting_reason(pod: &Value, container: &str) -> Option<String> {
    let reason = object::text(status(pod, container)?, &["state", "waiting", "reason"]);
    (!reason.is_empty()).then(|| reason.to_owned())
}

impl Follow {
    /// What was written since the last call, and whether more may come.
    pub(crate) fn advance(&mut self, world: &World) -> (Bytes, bool) {
        let log = world.kubelet.log(&self.pod_uid, &self.container).unwrap_or_default();
        let start = self.sent.min(log.len());
        self.sent = log.len();
        let place = world.store.by_uid(&self.pod_uid);
        let pod = place.and_then(|(_, namespace, name)| world.store.get(Kind::Pod, namespace, name));
        let runs = pod
            .and_then(|pod| status(pod, &self.container))
            .is_some_and(|status| object::at(status, &["state", "running"]).is_some());
        (Bytes::copy_from_slice(&log[start..]), runs)
    }
}
