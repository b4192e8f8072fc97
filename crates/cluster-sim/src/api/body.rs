//! Reading what a request brings.

use std::fmt::Write as _;

use shared_json::{Text, Value};

use super::{Request, shape};
use crate::kind::Kind;
use crate::object;
use crate::refusal::Refusal;

/// Content types of objects. The real server takes YAML and protobuf as well.
const OBJECT_TYPES: &str = "application/json, application/yaml, application/vnd.kubernetes.protobuf";

/// Bytes of a body that a complaint repeats.
const SUMMARY_BYTES: usize = 30;

/// An object of `kind` out of a create or update.
pub(crate) fn object(request: &Request, kind: Kind) -> Result<Value, Refusal> {
    let mut value = typed(request, kind.name(), kind.api_version())?;
    let refuse = |why: &str| {
        let (name, version) = (kind.name(), kind.version());
        Refusal::bad_request(format!("{name} in version {version:?} cannot be handled as a {name}: {why}"))
    };
    let unknown = shape::settle(kind, &mut value).map_err(|why| refuse(&why))?;
    check_strictly(request, &unknown).map_err(|why| refuse(&why))?;
    Ok(value)
}

/// Unknown fields are an error for clients that want to know.
pub(super) fn check_strictly(request: &Request, unknown: &[String]) -> Result<(), String> {
    if unknown.is_empty() || request.query.text("fieldValidation") != "Strict" {
        return Ok(());
    }
    let fields: Vec<String> = unknown.iter().map(|field| format!("unknown field {field:?}")).collect();
    Err(format!("strict decoding error: {}", fields.join(", ")))
}

/// Like [`object`], for kinds that are not kept, such as reviews.
pub(crate) fn typed(
    request: &Request,
    kind: &'static str,
    api_version: &'static str,
) -> Result<Value, Refusal> {
    check_type(request)?;
    let mut value = parse(&request.body, kind)?;
    if !value.is_object() {
        let what = go_type(&value);
        let problem = format!(
            "couldn't get version/kind; json parse error: json: cannot unmarshal {what} into Go value of type struct \
             {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \
             \"json:\\\"kind,omitempty\\\"\" }}"
        );
        return Err(unrecognized(kind, &problem, &request.body));
    }
    check_kind(&value, kind, api_version)?;
    value["kind"] = kind.into();
    value["apiVersion"] = api_version.into();
    Ok(value)
}

fn check_type(request: &Request) -> Result<(), Refusal> {
    match request.content_type.as_str() {
        "" | "application/json" => Ok(()),
        _ => Err(unsupported(OBJECT_TYPES)),
    }
}

/// 415 that names what is taken.
pub(crate) fn unsupported(accepted: &str) -> Refusal {
    Refusal::unsupported_media_type(format!(
        "the body of the request was in an unknown format - accepted media types include: {accepted}"
    ))
}

fn check_kind(value: &Value, kind: &str, api_version: &str) -> Result<(), Refusal> {
    let (given_kind, given_version) = (object::text(value, &["kind"]), object::text(value, &["apiVersion"]));
    let version = given_version.rsplit('/').next().unwrap_or_default();
    if !given_kind.is_empty() && given_kind != kind {
        let target = if given_version.is_empty() { api_version } else { given_version };
        let why = if Kind::of(value).is_some() {
            let package = api_version.split_once('/').map_or("core", |(group, _)| group);
            let package = package.split('.').next().unwrap_or_default();
            format!("converting (v1.{given_kind}) to ({package}.{kind}): unknown conversion")
        } else {
            format!(
                "no kind {given_kind:?} is registered for version {target:?} in scheme \
                 \"pkg/api/legacyscheme/scheme.go:30\""
            )
        };
        return Err(Refusal::bad_request(format!(
            "{given_kind} in version {version:?} cannot be handled as a {kind}: {why}"
        )));
    }
    if !given_version.is_empty() && given_version != api_version {
        return Err(Refusal::bad_request(format!(
            "the API version in the data ({given_version}) does not match the expected API version \
             ({api_version})"
        )));
    }
    Ok(())
}

/// JSON, whatever it describes.
fn parse(body: &[u8], kind: &str) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|error| {
        let problem = if body.is_empty() {
            "couldn't get version/kind; json parse error: unexpected end of JSON input".to_owned()
        } else {
            format!("couldn't get version/kind; json parse error: {error}")
        };
        unrecognized(kind, &problem, body)
    })
}

fn unrecognized(kind: &str, problem: &str, body: &[u8]) -> Refusal {
    let summary = summarize(body);
    Refusal::bad_request(format!(
        "the object provided is unrecognized (must be of type {kind}): {problem} ({summary})"
    ))
}

/// A body as a complaint repeats it: its first bytes, in hexadecimal.
fn summarize(body: &[u8]) -> String {
    let mut text = String::new();
    for byte in body.iter().take(SUMMARY_BYTES) {
        write!(text, "{byte:02x}").expect("writing to a string");
    }
    match body.len() {
        0 => "<empty>".to_owned(),
        length if length > SUMMARY_BYTES => format!("{text} ..."),
        _ => text,
    }
}

fn go_type(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Refuses an object that names another namespace than the path does, and fills in a missing one.
pub(crate) fn settle_namespace(value: &mut Value, kind: Kind, namespace: &str) -> Result<(), Refusal> {
    if !value["metadata"].is_object() {
        value["metadata"] = Value::Object(shared_json::Map::new());
    }
    let given = object::namespace(value);
    if !kind.is_namespaced() {
        if !given.is_empty() {
            let metadata = object::metadata_mut(value);
            metadata.remove("namespace");
        }
        return Ok(());
    }
    if !given.is_empty() && given != namespace {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    object::metadata_mut(value).insert("namespace", Text::copied(namespace).into());
    Ok(())
}

/// Removes members that are null, at any depth: to the API they are not there.
pub(crate) fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.make_mut().iter_mut().for_each(drop_nulls),
        _ => {}
    }
}
