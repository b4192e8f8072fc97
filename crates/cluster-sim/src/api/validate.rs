//! What the API refuses to keep, field by field, in its own words and order. Only what this stack and its tests
//! write is checked.

mod data;
mod job;
mod meta;
mod pod;

use shared_json::{Text, Value};

use crate::kind::Kind;
use crate::object;
use crate::refusal::Cause;

/// What is wrong with an object that is to be created.
pub(crate) fn on_create(kind: Kind, object: &Value) -> Vec<Cause> {
    let mut wrong = Vec::new();
    meta::check(kind, object, &mut wrong);
    meta::check_standard(kind, object, &mut wrong);
    content(kind, object, &mut wrong);
    wrong
}

/// What is wrong with the change of an object.
pub(crate) fn on_update(kind: Kind, object: &Value, existing: &Value, is_status: bool) -> Vec<Cause> {
    let mut wrong = Vec::new();
    // First what is common to all kinds. Most kinds then check the same again, and so does this, or the causes
    // would be fewer.
    meta::check(kind, object, &mut wrong);
    meta::check_change(object, existing, &mut wrong);
    if is_status {
        meta::check_change(object, existing, &mut wrong);
        meta::check_standard(kind, object, &mut wrong);
        if kind == Kind::Job {
            job::check_status(object, existing, &mut wrong);
        }
        return wrong;
    }
    if kind == Kind::Job {
        meta::check(kind, object, &mut wrong);
        meta::check_standard(kind, object, &mut wrong);
        job::check(object, &mut wrong);
        meta::check_change(object, existing, &mut wrong);
        meta::check_standard(kind, object, &mut wrong);
        job::check_change(object, existing, &mut wrong);
        return wrong;
    }
    meta::check_change(object, existing, &mut wrong);
    meta::check_standard(kind, object, &mut wrong);
    match kind {
        Kind::Pod => {
            meta::check(kind, object, &mut wrong);
            meta::check_standard(kind, object, &mut wrong);
            content(kind, object, &mut wrong);
            pod::check_change(object, existing, &mut wrong);
        }
        Kind::Secret | Kind::ConfigMap => {
            data::check_change(kind, object, existing, &mut wrong);
            meta::check(kind, object, &mut wrong);
            meta::check_standard(kind, object, &mut wrong);
            content(kind, object, &mut wrong);
        }
        _ => content(kind, object, &mut wrong),
    }
    wrong
}

fn content(kind: Kind, object: &Value, wrong: &mut Vec<Cause>) {
    match kind {
        Kind::Job => job::check(object, wrong),
        Kind::Pod => pod::check_spec(&object["spec"], "spec", wrong),
        Kind::PodTemplate => {
            pod::check_template(&object["template"], "template", wrong);
        }
        Kind::Secret | Kind::ConfigMap => data::check(kind, object, wrong),
        Kind::Lease => lease(object, wrong),
        Kind::Event => event(object, wrong),
        Kind::Namespace | Kind::ServiceAccount | Kind::Node => {}
    }
}

fn lease(lease: &Value, wrong: &mut Vec<Cause>) {
    let number = |key: &str| object::at(lease, &["spec", key]).and_then(Value::as_i64);
    if let Some(seconds) = number("leaseDurationSeconds").filter(|seconds| *seconds <= 0) {
        let why = "must be greater than 0";
        wrong.push(Cause::invalid("spec.leaseDurationSeconds", &seconds.into(), why));
    }
    if let Some(count) = number("leaseTransitions").filter(|count| *count < 0) {
        let why = "must be greater than or equal to 0";
        wrong.push(Cause::invalid("spec.leaseTransitions", &count.into(), why));
    }
}

fn event(event: &Value, wrong: &mut Vec<Cause>) {
    let about = object::text(event, &["involvedObject", "namespace"]);
    let own = object::namespace(event);
    if about != own && !(about.is_empty() && own == "default") {
        let why = "does not match event.namespace";
        wrong.push(Cause::invalid("involvedObject.namespace", &Text::copied(about).into(), why));
    }
}

/// A number that must not be negative.
fn not_negative(object: &Value, key: &str, path: &str, wrong: &mut Vec<Cause>) {
    if let Some(number) = object.get(key).and_then(Value::as_i64).filter(|number| *number < 0) {
        let why = "must be greater than or equal to 0";
        wrong.push(Cause::invalid(&format!("{path}.{key}"), &number.into(), why));
    }
}

/// What is wrong with a word, as causes about a field.
fn words(path: &str, text: &str, problems: Vec<String>, wrong: &mut Vec<Cause>) {
    wrong.extend(problems.into_iter().map(|why| Cause::invalid(path, &Text::copied(text).into(), &why)));
}
