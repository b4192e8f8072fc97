//! Deleting one object.

use std::sync::Arc;

use jiff::Timestamp;
use shared_json::{Text, Value, object};

use super::route::Resource;
use super::{Answer, Request, body};
use crate::deletion::{self, DeleteOptions, Deleted, Propagation};
use crate::kind::Kind;
use crate::object;
use crate::refusal::{Cause, Refusal};
use crate::world::World;

pub(crate) fn one(
    world: &mut World,
    request: &Request,
    resource: &Resource,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let (options, dry_run) = options(request)?;
    let Resource { kind, namespace, name, .. } = resource;
    world.store.set_precondition(options.uid.is_some() || options.resource_version.is_some());
    if dry_run {
        let existing = &super::find(world, resource)?.object;
        deletion::check_preconditions(*kind, name, existing, &options)?;
        return Ok(answer(*kind, name, &Deleted::Gone(Arc::clone(existing))));
    }
    if *kind == Kind::Namespace {
        return namespace_away(world, request, resource, &options, now);
    }
    let deleted = deletion::delete(&mut world.store, *kind, namespace, name, &options, &request.actor, now)?;
    Ok(answer(*kind, name, &deleted))
}

/// Kinds whose removal is answered with their last state; all others get a `Status`.
const fn answers_object(kind: Kind) -> bool {
    matches!(kind, Kind::Pod | Kind::PodTemplate | Kind::ServiceAccount | Kind::Namespace)
}

fn answer(kind: Kind, name: &str, deleted: &Deleted) -> Answer {
    match deleted {
        Deleted::Gone(last) if !answers_object(kind) => {
            let mut details = object! { "name": Text::copied(name) };
            if !kind.group().is_empty() {
                details["group"] = kind.group().into();
            }
            details["kind"] = kind.plural().into();
            details["uid"] = Text::copied(object::uid(last)).into();
            let status = object! {
                "kind": "Status",
                "apiVersion": "v1",
                "metadata": object! {},
                "status": "Success",
                "details": details,
            };
            Answer::json(200, &status)
        }
        Deleted::Gone(object) | Deleted::Waiting(object) => Answer::object(200, object),
    }
}

/// A namespace is only marked; [`crate::namespaces`] does the rest.
fn namespace_away(
    world: &mut World,
    request: &Request,
    resource: &Resource,
    options: &DeleteOptions,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let name = resource.name.as_str();
    let existing = Arc::clone(&super::find(world, resource)?.object);
    deletion::check_preconditions(Kind::Namespace, name, &existing, options)?;
    if matches!(name, "default" | "kube-system") {
        let why = "this namespace may not be deleted";
        return Err(Refusal::forbidden(Kind::Namespace, name, why));
    }
    let mut next = (*existing).clone();
    let metadata = object::metadata_mut(&mut next);
    metadata.get_or_insert_with("deletionTimestamp", || object::seconds(now).into());
    object::map_mut(&mut next, "status").insert("phase", "Terminating".into());
    let next = world.store.replace(Kind::Namespace, next, &request.actor, now);
    Ok(Answer::object(200, &next))
}

/// How to delete, from the body or, without one, from the query; and whether only to pretend.
pub(super) fn options(request: &Request) -> Result<(DeleteOptions, bool), Refusal> {
    if request.body.is_empty() {
        return from_query(request);
    }
    match request.content_type.as_str() {
        "" | "application/json" => {}
        _ => {
            let accepted = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
            return Err(body::unsupported(accepted));
        }
    }
    let value: Value = serde_json::from_slice(&request.body).map_err(|error| {
        Refusal::bad_request(format!("couldn't get version/kind; json parse error: {error}"))
    })?;
    if !value.is_object() {
        return Err(Refusal::bad_request("couldn't get version/kind; json parse error: no object"));
    }
    let kind = object::text(&value, &["kind"]);
    if !kind.is_empty() && kind != "DeleteOptions" {
        let version = object::text(&value, &["apiVersion"]);
        return Err(Refusal::bad_request(format!(
            "no kind {kind:?} is registered for version {version:?} in scheme \
             \"pkg/api/legacyscheme/scheme.go:30\""
        )));
    }
    from_body(&value)
}

fn from_body(value: &Value) -> Result<(DeleteOptions, bool), Refusal> {
    let text = |path: &[&str]| match object::at(value, path) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text.as_str().to_owned())),
        Some(_) => Err(mistyped(path, "string")),
    };
    let grace_seconds = match value.get("gracePeriodSeconds") {
        None | Some(Value::Null) => None,
        Some(number) => Some(number.as_i64().ok_or_else(|| mistyped(&["gracePeriodSeconds"], "int64"))?),
    };
    let orphan = match value.get("orphanDependents") {
        None | Some(Value::Null) => None,
        Some(flag) => Some(flag.as_bool().ok_or_else(|| mistyped(&["orphanDependents"], "bool"))?),
    };
    let dry_run = value.get("dryRun").and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if let Some(list) = value.get("dryRun").filter(|_| dry_run)
        && list.as_array().into_iter().flatten().any(|item| item != "All")
    {
        return Err(invalid(vec![Cause::unsupported("dryRun", &list.to_string(), &["All"])]));
    }
    let options = DeleteOptions {
        uid: text(&["preconditions", "uid"])?,
        resource_version: text(&["preconditions", "resourceVersion"])?,
        grace_seconds,
        propagation: propagation(text(&["propagationPolicy"])?.as_deref(), orphan)?,
    };
    Ok((options, dry_run))
}

fn from_query(request: &Request) -> Result<(DeleteOptions, bool), Refusal> {
    let query = &request.query;
    let options = DeleteOptions {
        uid: None,
        resource_version: None,
        grace_seconds: query.number("gracePeriodSeconds")?,
        propagation: propagation(query.get("propagationPolicy"), query.flag("orphanDependents"))?,
    };
    Ok((options, query.dry_run("DeleteOptions")?))
}

fn propagation(policy: Option<&str>, orphan: Option<bool>) -> Result<Option<Propagation>, Refusal> {
    let mut wrong = Vec::new();
    if let (Some(policy), Some(_)) = (policy, orphan) {
        let why = "orphanDependents and deletionPropagation cannot be both set";
        wrong.push(Cause::invalid("propagationPolicy", &Text::copied(policy).into(), why));
    }
    let chosen = match policy {
        None => orphan.map(|orphan| if orphan { Propagation::Orphan } else { Propagation::Background }),
        Some("Background") => Some(Propagation::Background),
        Some("Foreground") => Some(Propagation::Foreground),
        Some("Orphan") => Some(Propagation::Orphan),
        Some(other) => {
            let known = ["Foreground", "Background", "Orphan", "nil"];
            wrong.push(Cause::unsupported("propagationPolicy", &format!("{other:?}"), &known));
            None
        }
    };
    if wrong.is_empty() { Ok(chosen) } else { Err(invalid(wrong)) }
}

fn invalid(causes: Vec<Cause>) -> Refusal {
    Refusal::invalid_kind("meta.k8s.io", "DeleteOptions", "", causes)
}

fn mistyped(path: &[&str], wanted: &str) -> Refusal {
    let field = path.join(".");
    Refusal::bad_request(format!(
        "json: cannot unmarshal value into Go struct field DeleteOptions.{field} of type {wanted}"
    ))
}
