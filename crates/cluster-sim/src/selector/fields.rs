//! Field selectors: `metadata.name=x,status.phase!=Running`. Each kind knows a few fields.

use std::borrow::Cow;

use shared_json::Value;

use crate::kind::Kind;
use crate::object;

/// Requirements on fields, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fields(Vec<Term>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Term {
    field: String,
    equal: bool,
    value: String,
}

const POD: [&str; 8] = [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
];

const EVENT: [&str; 11] = [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];

fn is_known(kind: Kind, field: &str) -> bool {
    match field {
        "metadata.name" => true,
        "metadata.namespace" => kind.is_namespaced(),
        _ => match kind {
            Kind::Pod => POD.contains(&field),
            Kind::Event => EVENT.contains(&field),
            Kind::Job => field == "status.successful",
            Kind::Secret => field == "type",
            Kind::Namespace => field == "status.phase",
            Kind::Node => field == "spec.unschedulable",
            _ => false,
        },
    }
}

fn unknown(kind: Kind, field: &str) -> String {
    match kind {
        Kind::Job => format!("field label {field:?} not supported for Job"),
        Kind::Pod | Kind::Event | Kind::Secret | Kind::Namespace | Kind::Node => {
            format!("field label not supported: {field}")
        }
        _ => {
            format!("{field:?} is not a known field selector: only \"metadata.name\", \"metadata.namespace\"")
        }
    }
}

impl Fields {
    /// Where in an object of this kind the fields lie that selectors may name.
    pub(crate) fn paths(kind: Kind) -> impl Iterator<Item = &'static [&'static str]> {
        let own: &'static [&'static [&'static str]] = match kind {
            Kind::Pod => &[
                &["spec", "nodeName"],
                &["spec", "restartPolicy"],
                &["spec", "schedulerName"],
                &["spec", "serviceAccountName"],
                &["spec", "hostNetwork"],
                &["status", "phase"],
                &["status", "podIP"],
                &["status", "nominatedNodeName"],
            ],
            Kind::Event => {
                &[&["involvedObject"], &["reason"], &["reportingComponent"], &["source"], &["type"]]
            }
            Kind::Job => &[&["status", "succeeded"]],
            Kind::Secret => &[&["type"]],
            Kind::Namespace => &[&["status", "phase"]],
            Kind::Node => &[&["spec", "unschedulable"]],
            _ => &[],
        };
        let names: &'static [&'static [&'static str]] = &[&["metadata", "name"], &["metadata", "namespace"]];
        names.iter().chain(own).copied()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only the object of this name.
    pub(crate) fn named(name: &str) -> Self {
        Self(vec![Term { field: "metadata.name".to_owned(), equal: true, value: name.to_owned() }])
    }

    /// The value that a field must have.
    pub(crate) fn value_of(&self, field: &str) -> Option<&str> {
        let term = self.0.iter().find(|term| term.field == field && term.equal)?;
        Some(&term.value)
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        self.0.iter().all(|term| (read(object, &term.field) == term.value) == term.equal)
    }

    /// Reads a selector for objects of a kind; the error is the API's own sentence.
    pub(crate) fn parse(kind: Kind, text: &str) -> Result<Self, String> {
        let mut parts = split(text);
        parts.sort_unstable();
        let mut terms = Vec::new();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            let Some((field, equal, value)) = split_term(part) else {
                return Err(format!("invalid selector: '{text}'; can't understand '{part}'"));
            };
            let value = unescape(value)?;
            terms.push(Term { field: field.to_owned(), equal, value });
        }
        for term in &terms {
            if !is_known(kind, &term.field) {
                return Err(unknown(kind, &term.field));
            }
        }
        Ok(Self(terms))
    }
}

/// At commas that are not escaped.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut escaped) = (0, false);
    for (index, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            ',' => {
                parts.push(&text[start..index]);
                start = index + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    parts
}

fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let is_operator = |index: &usize| term[*index..].starts_with("!=") || term[*index..].starts_with('=');
    let index = term.char_indices().map(|(index, _)| index).find(is_operator)?;
    let (field, rest) = term.split_at(index);
    if let Some(value) = rest.strip_prefix("!=") {
        return Some((field, false, value));
    }
    let value = rest.strip_prefix("==").or_else(|| rest.strip_prefix('='))?;
    Some((field, true, value))
}

fn unescape(value: &str) -> Result<String, String> {
    if !value.contains(['\\', ',', '=']) {
        return Ok(value.to_owned());
    }
    let mut text = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some(c @ ('\\' | ',' | '=')) => text.push(c),
                Some(c) => return Err(format!("invalid field selector: invalid escape sequence: \\{c}")),
                None => return Err("invalid field selector: invalid escape sequence: \\".to_owned()),
            },
            ',' | '=' => return Err(format!("invalid field selector: unescaped rune {c:?} in {value:?}")),
            c => text.push(c),
        }
    }
    Ok(text)
}

fn read<'a>(object: &'a Value, field: &str) -> Cow<'a, str> {
    let plain = |path: &[&str]| Cow::Borrowed(object::text(object, path));
    match field {
        "spec.hostNetwork" | "spec.unschedulable" => {
            let path: Vec<&str> = field.split('.').collect();
            let on = object::at(object, &path).and_then(Value::as_bool).unwrap_or_default();
            Cow::Owned(on.to_string())
        }
        "status.successful" => {
            let count = object::at(object, &["status", "succeeded"]).and_then(Value::as_i64);
            Cow::Owned(count.unwrap_or_default().to_string())
        }
        "source" => match object::text(object, &["source", "component"]) {
            "" => plain(&["reportingComponent"]),
            source => Cow::Borrowed(source),
        },
        "metadata.name" => plain(&["metadata", "name"]),
        "metadata.namespace" => plain(&["metadata", "namespace"]),
        "status.phase" => plain(&["status", "phase"]),
        _ => {
            let mut value = Some(object);
            for key in field.split('.') {
                value = value.and_then(|value| value.get(key));
            }
            Cow::Borrowed(value.and_then(Value::as_str).unwrap_or_default())
        }
    }
}

#[cfg(test)]
mod tests {
    use shared_json::object;

    use super::*;

    #[test]
    fn objects_are_selected_by_fields() {
        let pod = object! {
            "metadata": object! { "name": "a", "namespace": "n" },
            "spec": object! { "nodeName": "node" },
            "status": object! { "phase": "Running" },
        };
        let check = |text: &str, want: bool| {
            assert_eq!(Fields::parse(Kind::Pod, text).unwrap().matches(&pod), want, "{text}");
        };
        check("", true);
        check("metadata.name=a", true);
        check("metadata.name==a,status.phase!=Failed", true);
        check("status.phase!=Running", false);
        check("spec.nodeName=", false);
        check("spec.hostNetwork=false", true);
        check("metadata.name=a\\,b", false);
    }

    /// What is kept of past states answers every selector as the object itself would.
    #[test]
    fn every_known_field_lies_at_a_path() {
        let known = POD.map(|field| (Kind::Pod, field)).into_iter();
        let known = known.chain(EVENT.map(|field| (Kind::Event, field))).chain([
            (Kind::Job, "status.successful"),
            (Kind::Secret, "type"),
            (Kind::Namespace, "status.phase"),
            (Kind::Node, "spec.unschedulable"),
        ]);
        for (kind, field) in known {
            let field = if field == "status.successful" { "status.succeeded" } else { field };
            let covers = |path: &[&str]| {
                let path = path.join(".");
                field == path || field.starts_with(&format!("{path}."))
            };
            assert!(Fields::paths(kind).any(covers), "{kind:?} {field}");
        }
    }

    #[test]
    fn fields_that_a_kind_does_not_know_are_refused() {
        let check = |kind, text: &str, want: &str| {
            assert_eq!(Fields::parse(kind, text).unwrap_err(), want);
        };
        check(Kind::Pod, "spec.x=1", "field label not supported: spec.x");
        check(Kind::Job, "spec.x=1", "field label \"spec.x\" not supported for Job");
        check(
            Kind::Lease,
            "spec.x=1",
            "\"spec.x\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"",
        );
        check(Kind::Pod, "nonsense", "invalid selector: 'nonsense'; can't understand 'nonsense'");
    }
}
