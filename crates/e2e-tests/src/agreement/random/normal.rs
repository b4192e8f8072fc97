//! What of an answer must be the same on every server.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

/// What a server has called things, in the order of their first appearance.
pub(super) struct Names {
    namespace: String,
    versions: Vec<String>,
    uids: Vec<String>,
    /// UID, version and the version before, by object.
    objects: BTreeMap<String, [String; 3]>,
}

impl Names {
    pub(super) fn new(namespace: &str) -> Self {
        Self {
            namespace: namespace.to_owned(),
            versions: Vec::new(),
            uids: Vec::new(),
            objects: BTreeMap::new(),
        }
    }

    /// Remembers how the server calls an object now.
    pub(super) fn learn(&mut self, name: &str, answer: &Value) {
        let metadata = &answer["metadata"];
        let (Some(uid), Some(version)) = (metadata["uid"].as_str(), metadata["resourceVersion"].as_str())
        else {
            return;
        };
        let known = self.objects.entry(name.to_owned()).or_default();
        if known[1] != version {
            known[2] = std::mem::replace(&mut known[1], version.to_owned());
        }
        uid.clone_into(&mut known[0]);
    }

    /// A body with the server's own words in it.
    pub(super) fn fill(&self, name: &str, body: &Value) -> Value {
        let unknown = [String::from("unknown"), String::from("1"), String::from("1")];
        let [uid, version, old] = self.objects.get(name).unwrap_or(&unknown);
        match body {
            Value::String(text) => match text.as_str() {
                "$uid" => json!(uid),
                "$version" => json!(version),
                "$old" if old.is_empty() => json!("1"),
                "$old" => json!(old),
                "$namespace" => json!(self.namespace),
                _ => body.clone(),
            },
            Value::Array(items) => items.iter().map(|item| self.fill(name, item)).collect(),
            Value::Object(members) => {
                let filled = members.iter().map(|(member, value)| (member.clone(), self.fill(name, value)));
                Value::Object(filled.collect())
            }
            _ => body.clone(),
        }
    }

    /// An answer as every server gives it.
    pub(super) fn normal(&mut self, kind: &str, mut answer: Value) -> Value {
        if answer["kind"].as_str().is_some_and(|kind| kind.ends_with("List")) {
            // It moves with everything else that happens on the server.
            answer["metadata"] = json!({});
        }
        if let Some(items) = answer.get_mut("items").and_then(Value::as_array_mut) {
            items.retain(|item| !is_from_elsewhere(item));
        }
        if kind == "pods" {
            answer = match answer.get_mut("items") {
                Some(pods) => pods.as_array().into_iter().flatten().map(pod).collect(),
                None => pod(&answer),
            };
        }
        self.rename(&mut answer);
        answer
    }

    fn rename(&mut self, value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(|item| self.rename(item)),
            Value::Object(members) => {
                members.remove("managedFields");
                for (member, value) in members.iter_mut() {
                    match (member.as_str(), value.as_str()) {
                        ("resourceVersion", Some(text)) => {
                            *value = index(&mut self.versions, text, "version")
                        }
                        ("uid", Some(text)) => *value = index(&mut self.uids, text, "uid"),
                        ("message", Some(text)) => *value = json!(self.message(text)),
                        (member, Some(_)) if member.ends_with("Timestamp") => *value = json!("a time"),
                        (_, Some(text)) if text == self.namespace => *value = json!("the namespace"),
                        _ => self.rename(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// A text with versions, UIDs and the namespace in words, and without the storage's own.
    fn message(&self, text: &str) -> String {
        let mut text = text.replace(&self.namespace, "the namespace");
        for (number, uid) in self.uids.iter().enumerate() {
            text = text.replace(uid, &format!("uid {number}"));
        }
        for (number, version) in self.versions.iter().enumerate() {
            text = text.replace(&format!("({version})"), &format!("(version {number})"));
        }
        match (text.find("StorageError"), text.find("Precondition failed")) {
            (Some(start), Some(end)) if start < end => format!("{}{}", &text[..start], &text[end..]),
            _ => text,
        }
    }
}

/// Whether a controller has put it into the namespace, when it got to it.
pub(super) fn is_from_elsewhere(object: &Value) -> bool {
    object["metadata"]["name"] == "kube-root-ca.crt"
}

/// The how-manieth this is.
fn index(known: &mut Vec<String>, text: &str, what: &str) -> Value {
    let number = known.iter().position(|one| one == text).unwrap_or_else(|| {
        known.push(text.to_owned());
        known.len() - 1
    });
    json!(format!("{what} {number}"))
}

/// What of a pod is not filled in by admission; refusals stay as they are.
fn pod(answer: &Value) -> Value {
    if answer["kind"] == "Status" {
        return answer.clone();
    }
    let mut kept = Map::new();
    kept.insert("metadata".to_owned(), answer["metadata"].clone());
    kept.insert("phase".to_owned(), answer["status"]["phase"].clone());
    kept.insert("deadline".to_owned(), answer["spec"]["activeDeadlineSeconds"].clone());
    Value::Object(kept)
}
