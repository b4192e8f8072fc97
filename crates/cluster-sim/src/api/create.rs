//! Creating objects.

use std::sync::Arc;

use jiff::Timestamp;
use shared_json::{Text, Value, list, object};

use super::route::{Resource, Subresource};
use super::{Answer, Request, body, validate};
use crate::deletion::{self, DeleteOptions};
use crate::history::Actor;
use crate::kind::Kind;
use crate::refusal::{Cause, Details, Refusal};
use crate::world::World;
use crate::{defaults, object};

/// Longest name that a prefix and a suffix make.
const GENERATED_MAX: usize = 63;
/// Letters that generated names end with.
const SUFFIX: usize = 5;

/// What the storage takes, in bytes. The real one counts its own encoding, this the client's.
pub(super) const STORED_MAX: usize = 1536 * 1024;

pub(crate) fn answer(
    world: &mut World,
    request: &Request,
    resource: &Resource,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let dry_run = request.query.dry_run("CreateOptions")?;
    let object = body::object(request, resource.kind)?;
    let too_large = request.body.len() > STORED_MAX;
    let created = write(world, resource, object, &request.actor, now, dry_run || too_large)?;
    if too_large {
        return Err(not_stored(resource.kind, &created));
    }
    Ok(Answer::object(201, &created))
}

/// The storage's refusal of a large object. For a Job it arrives in disguise: the server tries once more with what
/// it has completed already, and finds the labels of the first try.
pub(super) fn not_stored(kind: Kind, object: &Value) -> Refusal {
    if kind != Kind::Job {
        return Refusal::new(500, "", "etcdserver: request is too large");
    }
    let selector = &object["spec"]["selector"];
    let cause = Cause::invalid("spec.selector", selector, "`selector` not auto-generated");
    Refusal::invalid(kind, object::name(object), vec![cause])
}

/// Creates an object in the namespace of `resource`.
pub(crate) fn write(
    world: &mut World,
    resource: &Resource,
    mut object: Value,
    actor: &Actor,
    now: Timestamp,
    dry_run: bool,
) -> Result<Arc<Value>, Refusal> {
    let kind = resource.kind;
    body::settle_namespace(&mut object, kind, &resource.namespace)?;
    let version_given = !object::text(&object, &["metadata", "resourceVersion"]).is_empty();
    let metadata = object::metadata_mut(&mut object);
    for key in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "selfLink"] {
        metadata.remove(key);
    }
    metadata.remove("resourceVersion");
    metadata.remove("generation");
    let generated = generate_name(world, &mut object);
    let name = object::name(&object).to_owned();
    check_namespace(world, kind, &resource.namespace, &name)?;
    prepare(world, kind, &mut object)?;
    let wrong = validate::on_create(kind, &object);
    if !wrong.is_empty() {
        return Err(Refusal::invalid(kind, &name, wrong));
    }
    if version_given {
        return Err(Refusal::new(500, "", "resourceVersion should not be set on objects to be created"));
    }
    if let Some(existing) = world.store.get(kind, &resource.namespace, &name) {
        let mut refusal = Refusal::already_exists(kind, &name);
        if object::is_deleting(existing) {
            refusal.message.insert_str(0, "object is being deleted: ");
        }
        if generated {
            refusal.message.push_str(", the server was not able to generate a unique name for the object");
            refusal.details.get_or_insert_default().retry_after_seconds = 1;
        }
        return Err(refusal);
    }
    if dry_run {
        object::metadata_mut(&mut object).insert("creationTimestamp", object::seconds(now).into());
        return Ok(Arc::new(object));
    }
    let created = world.store.insert(kind, object, actor, now);
    if kind == Kind::Namespace {
        defaults::populate_namespace(&mut world.store, &name, now);
    }
    Ok(created)
}

/// Makes up a name if the object wants one; true if so.
fn generate_name(world: &mut World, object: &mut Value) -> bool {
    let prefix = object::text(object, &["metadata", "generateName"]);
    if prefix.is_empty() || !object::name(object).is_empty() {
        return false;
    }
    let mut end = prefix.len().min(GENERATED_MAX - SUFFIX);
    while !prefix.is_char_boundary(end) {
        end -= 1;
    }
    let name = world.store.generated_name(&prefix[..end]);
    object::metadata_mut(object).insert("name", name.into());
    true
}

fn check_namespace(world: &World, kind: Kind, namespace: &str, name: &str) -> Result<(), Refusal> {
    if !kind.is_namespaced() {
        return Ok(());
    }
    let Some(found) = world.store.get(Kind::Namespace, "", namespace) else {
        return Err(Refusal::not_found(Kind::Namespace, namespace));
    };
    if !object::is_deleting(found) {
        return Ok(());
    }
    let why = format!("unable to create new content in namespace {namespace} because it is being terminated");
    let mut refusal = Refusal::forbidden(kind, name, &why);
    let details = refusal.details.get_or_insert_default();
    let text = format!("namespace {namespace} is being terminated");
    details.causes.push(Cause {
        reason: "NamespaceTerminating",
        message: text,
        field: "metadata.namespace".to_owned(),
    });
    Err(refusal)
}

/// Fills in what nobody wrote, and empties what clients may not write.
fn prepare(world: &mut World, kind: Kind, object: &mut Value) -> Result<(), Refusal> {
    match kind {
        Kind::Job => {
            let uid = world.store.new_uid();
            object::metadata_mut(object).insert("uid", uid.into());
            defaults::job(object);
            if object["spec"].is_object() {
                defaults::job_identity(object);
            }
            object["status"] = object! {};
        }
        Kind::Pod => {
            defaults::pod(object);
            let (namespace, name) = (object::namespace(object), object::name(object));
            let account = object::text(object, &["spec", "serviceAccountName"]);
            if let Some(why) = defaults::missing_account(&world.store, namespace, account) {
                return Err(Refusal::forbidden(Kind::Pod, name, &why));
            }
            object["status"] = object! { "phase": "Pending", "qosClass": defaults::qos_class(object) };
        }
        Kind::PodTemplate => defaults::pod_template_object(object),
        Kind::Secret => defaults::secret(object),
        Kind::Namespace => defaults::namespace(object),
        Kind::Lease => defaults::set_default(object, "spec", || object! {}),
        Kind::ConfigMap | Kind::Event | Kind::ServiceAccount | Kind::Node => {}
    }
    Ok(())
}

/// What is created below a pod is an act: a binding or an eviction.
pub(crate) fn act(
    world: &mut World,
    request: &Request,
    resource: &Resource,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let (namespace, name) = (resource.namespace.as_str(), resource.name.as_str());
    let existing = world.store.get(Kind::Pod, namespace, name);
    let existing = Arc::clone(existing.ok_or_else(|| Refusal::not_found(Kind::Pod, name))?);
    if resource.subresource == Subresource::Eviction {
        body::typed(request, "Eviction", "policy/v1")?;
        let options = DeleteOptions::default();
        deletion::delete(&mut world.store, Kind::Pod, namespace, name, &options, &request.actor, now)?;
    } else {
        let binding = body::typed(request, "Binding", "v1")?;
        let node = object::text(&binding, &["target", "name"]);
        let bound = object::text(&existing, &["spec", "nodeName"]);
        if !bound.is_empty() {
            let why = format!("pod {name} is already assigned to node {bound:?}");
            let mut refusal = Refusal::conflict(Kind::Pod, name, &why);
            let qualified = "pods/binding";
            refusal.message = format!("Operation cannot be fulfilled on {qualified} \"{name}\": {why}");
            let (name, kind) = (name.to_owned(), qualified.to_owned());
            refusal.details = Some(Box::new(Details { name, kind, ..Details::default() }));
            return Err(refusal);
        }
        world.store.replace(Kind::Pod, bound_to(&existing, node, now), &request.actor, now);
    }
    let status = object! { "kind": "Status", "apiVersion": "v1", "metadata": object! {}, "status": "Success", "code": 201 };
    Ok(Answer::json(201, &status))
}

/// A pod with its node and the condition that says so.
fn bound_to(pod: &Value, node: &str, now: Timestamp) -> Value {
    let mut pod = pod.clone();
    object::map_mut(&mut pod, "spec").insert("nodeName", Text::copied(node).into());
    let generation = object::generation(&pod);
    let condition = object! {
        "type": "PodScheduled",
        "observedGeneration": generation,
        "status": "True",
        "lastProbeTime": Value::Null,
        "lastTransitionTime": object::seconds(now),
    };
    let status = object::map_mut(&mut pod, "status");
    let conditions = status.get_or_insert_with("conditions", || list![]);
    if let Some(list) = conditions.as_array_mut() {
        list.retain(|condition| object::text(condition, &["type"]) != "PodScheduled");
        list.push(condition);
    }
    pod
}
