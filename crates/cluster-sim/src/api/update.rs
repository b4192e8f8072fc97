//! Changing objects: whole, or by patches.

use std::sync::Arc;

use jiff::Timestamp;
use shared_json::Value;

use super::route::{Resource, Subresource};
use super::{Answer, Request, body, create, json_patch, merge_patch, shape, validate};
use crate::history::Actor;
use crate::kind::Kind;
use crate::refusal::{Cause, Details, Refusal};
use crate::world::World;
use crate::{defaults, object};

const MODIFIED: &str =
    "the object has been modified; please apply your changes to the latest version and try again";

pub(crate) fn put(
    world: &mut World,
    request: &Request,
    resource: &Resource,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let dry_run = request.query.dry_run("UpdateOptions")?;
    let kind = resource.kind;
    let mut object = body::object(request, kind)?;
    body::settle_namespace(&mut object, kind, &resource.namespace)?;
    settle_name(&mut object, resource)?;
    let Some(existing) = world.store.get(kind, &resource.namespace, &resource.name) else {
        // These two kinds are created by an update, if nothing says that they were there.
        if matches!(kind, Kind::Lease | Kind::Event) && resource.subresource == Subresource::None {
            check_uid(resource, &object, &Value::Null)?;
            object::metadata_mut(&mut object).remove("resourceVersion");
            let created = create::write(world, resource, object, &request.actor, now, dry_run)?;
            return Ok(Answer::object(201, &created));
        }
        return Err(Refusal::not_found(kind, &resource.name));
    };
    check_uid(resource, &object, existing)?;
    let says = |key| !object::text(&object, &["metadata", key]).is_empty();
    world.store.set_precondition(says("uid") || says("resourceVersion"));
    let too_large = request.body.len() > create::STORED_MAX;
    let written = write_with(world, resource, object, &request.actor, now, dry_run || too_large)?;
    if too_large {
        return Err(Refusal::new(500, "", "etcdserver: request is too large"));
    }
    Ok(Answer::object(200, &written))
}

/// Refuses an object that names itself otherwise than the path does, and fills in a missing name.
fn settle_name(object: &mut Value, resource: &Resource) -> Result<(), Refusal> {
    let (given, name) = (object::name(object), &resource.name);
    if !given.is_empty() && given != name {
        let message = format!("the name of the object ({given}) does not match the name on the URL ({name})");
        return Err(Refusal::bad_request(message));
    }
    object::metadata_mut(object).insert("name", name.into());
    Ok(())
}

/// A UID in an update is a precondition; the complaint is the storage's own.
fn check_uid(resource: &Resource, object: &Value, existing: &Value) -> Result<(), Refusal> {
    let (wanted, uid) = (object::uid(object), object::uid(existing));
    if wanted.is_empty() || wanted == uid {
        return Ok(());
    }
    let Resource { kind, namespace, name, .. } = resource;
    let slash = if namespace.is_empty() { "" } else { "/" };
    let why = format!(
        "StorageError: invalid object, Code: 4, Key: /registry/{}/{namespace}{slash}{name}, ResourceVersion: 0, \
         AdditionalErrorMsg: Precondition failed: UID in precondition: {wanted}, UID in object meta: {uid}",
        kind.plural()
    );
    Err(Refusal::conflict(*kind, name, &why))
}

pub(crate) fn patch(
    world: &mut World,
    request: &Request,
    resource: &Resource,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let is_merge = match request.content_type.as_str() {
        "application/merge-patch+json" => true,
        "application/json-patch+json" => false,
        // The strategic and the applied ones among them, which the real server takes.
        _ => return Err(super::generic(415)),
    };
    let dry_run = request.query.dry_run("PatchOptions")?;
    let kind = resource.kind;
    let patch: Value = serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::bad_request(format!("error decoding patch: {error}")))?;
    let existing = super::find(world, resource)?;
    let existing = Arc::clone(&existing.object);
    let (patched, precondition) = if is_merge {
        let says = |key: &str| patch.pointer(&format!("/metadata/{key}")).is_some_and(Value::is_string);
        let precondition = says("uid") || says("resourceVersion");
        if !patch.is_object() {
            return Err(Refusal::bad_request("error decoding patch: the patch is no object"));
        }
        (merge_patch::apply((*existing).clone(), patch), precondition)
    } else {
        let precondition = json_patch::tests(&patch, &["/metadata/uid", "/metadata/resourceVersion"]);
        (json_patch::apply((*existing).clone(), &patch)?, precondition)
    };
    let mut patched = patched;
    if !patched.is_object() {
        return Err(unreadable(&patched, "the patched document is no object"));
    }
    if object::text(&patched, &["kind"]) != kind.name()
        || object::text(&patched, &["apiVersion"]) != kind.api_version()
    {
        let why = "the patch changes the kind or the version of the object";
        return Err(unreadable(&patched, why));
    }
    let before = patched.clone();
    let unknown = shape::settle(kind, &mut patched).map_err(|why| unreadable(&before, &why))?;
    body::check_strictly(request, &unknown).map_err(|why| unreadable(&before, &why))?;
    body::settle_namespace(&mut patched, kind, &resource.namespace)?;
    settle_name(&mut patched, resource)?;
    world.store.set_precondition(precondition);
    let written = write_with(world, resource, patched, &request.actor, now, dry_run)?;
    Ok(Answer::object(200, &written))
}

/// A patch whose result is no object of the kind.
fn unreadable(patched: &Value, why: &str) -> Refusal {
    let text = Value::from(patched.to_string());
    let cause = Cause::invalid("patch", &text, why);
    let message = format!(" \"\" is invalid: patch: {}", cause.message);
    let mut refusal = Refusal::new(422, "Invalid", message);
    refusal.details = Some(Box::new(Details { causes: vec![cause], ..Details::default() }));
    refusal
}

/// Replaces an object that exists, as an update does.
pub(crate) fn write(
    world: &mut World,
    resource: &Resource,
    object: Value,
    actor: &Actor,
    now: Timestamp,
) -> Result<Arc<Value>, Refusal> {
    write_with(world, resource, object, actor, now, false)
}

fn write_with(
    world: &mut World,
    resource: &Resource,
    mut object: Value,
    actor: &Actor,
    now: Timestamp,
    dry_run: bool,
) -> Result<Arc<Value>, Refusal> {
    let (kind, name) = (resource.kind, resource.name.as_str());
    let existing = world.store.get(kind, &resource.namespace, name);
    let existing = Arc::clone(existing.ok_or_else(|| Refusal::not_found(kind, name))?);
    check_version(kind, name, &object, &existing)?;
    prepare(resource, &mut object, &existing);
    let is_status = resource.subresource == Subresource::Status;
    let wrong = validate::on_update(kind, &object, &existing, is_status);
    if !wrong.is_empty() {
        return Err(Refusal::invalid(kind, name, wrong));
    }
    if dry_run {
        return Ok(Arc::new(object));
    }
    // Who takes away the last finalizer is answered with what was sent, although it is not stored any more.
    let goes = !object::has_finalizers(&object)
        && object::is_deleting(&existing)
        && object::deletion_grace_seconds(&existing).unwrap_or_default() == 0;
    let last = goes.then(|| {
        let mut last = object.clone();
        let version = existing["metadata"]["resourceVersion"].clone();
        object::metadata_mut(&mut last).insert("resourceVersion", version);
        Arc::new(last)
    });
    let written = world.store.replace(kind, object, actor, now);
    Ok(last.unwrap_or(written))
}

fn check_version(kind: Kind, name: &str, object: &Value, existing: &Value) -> Result<(), Refusal> {
    let given = object::text(object, &["metadata", "resourceVersion"]);
    if given.is_empty() || given == "0" {
        if kind != Kind::Lease {
            return Ok(());
        }
        let why = "must be specified for an update";
        let cause = Cause::invalid("metadata.resourceVersion", &Value::from(0), why);
        return Err(Refusal::invalid_kind(kind.group(), kind.plural(), name, vec![cause]));
    }
    if given.parse::<u64>().is_err() {
        return Err(Refusal::new(500, "", format!("strconv.ParseUint: parsing {given:?}: invalid syntax")));
    }
    if given == object::text(existing, &["metadata", "resourceVersion"]) {
        return Ok(());
    }
    Err(Refusal::conflict(kind, name, MODIFIED))
}

/// Brings back what an update may not change, and lets a status update change nothing else.
fn prepare(resource: &Resource, object: &mut Value, existing: &Value) {
    let kind = resource.kind;
    let member = |key: &str| existing.get(key).cloned();
    let restore = |object: &mut Value, key: &str| match member(key) {
        Some(value) => object[key] = value,
        None => {
            object.as_object_mut().map(|members| members.remove(key));
        }
    };
    if resource.subresource == Subresource::Status {
        restore(object, "spec");
        if kind == Kind::Pod {
            let owners = object::at(existing, &["metadata", "ownerReferences"]).cloned();
            let metadata = object::metadata_mut(object);
            match owners {
                Some(owners) => metadata.insert("ownerReferences", owners),
                None => metadata.remove("ownerReferences"),
            };
        }
    } else {
        match kind {
            Kind::Job | Kind::Pod | Kind::Namespace | Kind::Node => restore(object, "status"),
            _ => {}
        }
        match kind {
            Kind::Job => defaults::job(object),
            Kind::Pod => defaults::pod(object),
            Kind::PodTemplate => defaults::pod_template_object(object),
            Kind::Secret => defaults::secret(object),
            _ => {}
        }
    }
    let old = existing["metadata"].as_object().cloned().unwrap_or_default();
    let metadata = object::metadata_mut(object);
    for key in ["generation", "creationTimestamp"] {
        match old.get(key) {
            Some(value) => metadata.insert(key.to_owned(), value.clone()),
            None => metadata.remove(key),
        };
    }
    if let Some(value) = old.get("deletionTimestamp") {
        metadata.insert("deletionTimestamp", value.clone());
    }
    for key in ["uid", "deletionGracePeriodSeconds"] {
        if let Some(value) = old.get(key).filter(|_| metadata.get(key).is_none_or(|given| given == "")) {
            metadata.insert(key.to_owned(), value.clone());
        }
    }
}
