//! What the API server adds to an object before it keeps it.

mod job;
mod pod;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(crate) use self::job::{NAME_LABELS, UID_LABELS, job, job_identity};
pub(crate) use self::pod::{pod, pod_spec, pod_template_object, qos_class};
use crate::history::Actor;
use crate::kind::Kind;
use crate::object;
use crate::store::Store;

/// A namespace with what every namespace has.
pub(crate) fn create_namespace(store: &mut Store, name: &str, actor: &Actor, now: Timestamp) {
    let mut object = json!({ "metadata": { "name": name } });
    namespace(&mut object);
    store.insert(Kind::Namespace, object, actor, now);
    populate_namespace(store, name, now);
}

/// What controllers put into every new namespace.
pub(crate) fn populate_namespace(store: &mut Store, name: &str, now: Timestamp) {
    let account = json!({ "metadata": { "name": "default", "namespace": name } });
    store.insert(Kind::ServiceAccount, account, &Actor::Operator, now);
    let authority = json!({
        "metadata": { "name": "kube-root-ca.crt", "namespace": name },
        "data": { "ca.crt": "" },
    });
    store.insert(Kind::ConfigMap, authority, &Actor::Operator, now);
}

/// A namespace's name label, finalizer and phase.
pub(crate) fn namespace(object: &mut Value) {
    let name = object::name(object).to_owned();
    let labels = object::metadata_mut(object).entry("labels").or_insert_with(|| json!({}));
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("kubernetes.io/metadata.name".to_owned(), name.into());
    }
    object["spec"] = json!({ "finalizers": ["kubernetes"] });
    object["status"] = json!({ "phase": "Active" });
}

/// A Secret's type, and its `stringData` as `data`.
pub(crate) fn secret(object: &mut Value) {
    let Some(members) = object.as_object_mut() else { return };
    if let Some(Value::Object(texts)) = members.shift_remove("stringData") {
        let data = object::map_mut(object, "data");
        for (key, text) in texts {
            data.insert(key, base64(text.as_str().unwrap_or_default().as_bytes()).into());
        }
    }
    set_default(object, "type", || "Opaque".into());
}

/// Sets a member that is missing or null.
pub(crate) fn set_default(object: &mut Value, key: &str, value: impl FnOnce() -> Value) {
    let Some(members) = object.as_object_mut() else { return };
    match members.get(key) {
        Some(Value::Null) | None => {
            members.insert(key.to_owned(), value());
        }
        Some(_) => {}
    }
}

/// Standard base64 with padding, as byte fields are written.
pub(crate) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let group =
            chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            if position > chunk.len() {
                text.push('=');
            } else {
                let index = group >> (18 - 6 * position) & 63;
                text.push(char::from(LETTERS[index as usize]));
            }
        }
    }
    text
}
