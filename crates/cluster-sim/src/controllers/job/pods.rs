//! Creating and deleting a Job's pods.

use jiff::Timestamp;
use shared_json::{Map, Text, Value, list, object};

use super::TRACKING;
use super::facts::Child;
use crate::controllers::RefusePod;
use crate::controllers::events::{self, Note};
use crate::defaults;
use crate::deletion::{self, DeleteOptions};
use crate::history::Actor;
use crate::kind::Kind;
use crate::object;
use crate::store::Store;

/// Most characters of a generated name before the random ones.
const NAME_PREFIX: usize = 58;

/// Writes an event about a Job.
pub(super) fn tell(store: &mut Store, job: &Value, warning: bool, reason: &str, text: &str, now: Timestamp) {
    let note = Note { component: "job-controller", warning, reason, text };
    events::write(store, job, &note, &Actor::JobController, now);
}

/// Creates one pod from the Job's template; false if it was refused.
pub(super) fn create(
    store: &mut Store,
    job: &Value,
    refuse: &mut RefusePod,
    all_events: bool,
    now: Timestamp,
) -> bool {
    let (job_name, namespace) = (object::name(job), object::namespace(job));
    let prefix = format!("{job_name}-");
    let short: String = prefix.chars().take(NAME_PREFIX).collect();
    let name = loop {
        let name = store.generated_name(&short);
        if store.get(Kind::Pod, namespace, &name).is_none() {
            break name;
        }
    };
    let account = object::text(job, &["spec", "template", "spec", "serviceAccountName"]);
    let missing = || defaults::missing_account(store, namespace, account);
    if let Some(why) = refuse(job).or_else(missing) {
        let text = format!("Error creating: pods \"{name}\" is forbidden: {why}");
        tell(store, job, true, "FailedCreate", &text, now);
        return false;
    }
    let template = &job["spec"]["template"];
    let mut metadata = Map::new();
    metadata.insert("name", (&name).into());
    metadata.insert("generateName", prefix.into());
    metadata.insert("namespace", Text::copied(namespace).into());
    for key in ["labels", "annotations"] {
        if let Some(values @ Value::Object(_)) = template["metadata"].get(key) {
            metadata.insert(key.to_owned(), values.clone());
        }
    }
    let owner = list![object! {
        "apiVersion": "batch/v1", "kind": "Job", "name": Text::copied(job_name), "uid": Text::copied(object::uid(job)),
        "controller": true, "blockOwnerDeletion": true,
    }];
    metadata.insert("ownerReferences", owner);
    metadata.insert("finalizers", list![TRACKING]);
    let mut pod =
        object! { "apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": &template["spec"] };
    defaults::pod(&mut pod);
    pod["status"] = object! { "phase": "Pending", "qosClass": defaults::qos_class(&pod) };
    store.insert(Kind::Pod, pod, &Actor::JobController, now);
    if all_events {
        tell(store, job, false, "SuccessfulCreate", &format!("Created pod: {name}"), now);
    }
    true
}

/// Deletes a pod with its own grace.
pub(super) fn delete(store: &mut Store, job: &Value, pod: &Child, all_events: bool, now: Timestamp) {
    let (namespace, name) = (&*pod.namespace, &*pod.name);
    let options = DeleteOptions { uid: Some(pod.uid.clone()), ..DeleteOptions::background() };
    let actor = Actor::JobController;
    let deleted = deletion::delete(store, Kind::Pod, namespace, name, &options, &actor, now);
    if deleted.is_ok() && all_events {
        tell(store, job, false, "SuccessfulDelete", &format!("Deleted pod: {name}"), now);
    }
}

/// Which pods to give up when there are too many: those that have come least far, the newest first.
pub(super) fn surplus(children: &[Child], count: usize) -> Vec<&Child> {
    let mut active: Vec<&Child> = children.iter().filter(|child| child.is_active()).collect();
    active.sort_by_key(|child| (child.running, child.ready, std::cmp::Reverse(child.created.clone())));
    active.truncate(count);
    active
}
