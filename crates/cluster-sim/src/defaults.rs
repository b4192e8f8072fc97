//! What the API server adds to an object before it keeps it.

mod job;
mod pod;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use shared_json::{Text, Value, list, object};

pub(crate) use self::job::{NAME_LABELS, UID_LABELS, job, job_identity};
pub(crate) use self::pod::{pod, pod_spec, pod_template_object, qos_class};
use crate::history::Actor;
use crate::kind::Kind;
use crate::object;
use crate::store::Store;

/// A namespace with what every namespace has.
pub(crate) fn create_namespace(store: &mut Store, name: &str, actor: &Actor, now: Timestamp) {
    let mut object = object! { "metadata": object! { "name": Text::copied(name) } };
    namespace(&mut object);
    store.insert(Kind::Namespace, object, actor, now);
    populate_namespace(store, name, now);
}

/// What controllers put into every new namespace.
pub(crate) fn populate_namespace(store: &mut Store, name: &str, now: Timestamp) {
    let account = object! { "metadata": object! { "name": "default", "namespace": Text::copied(name) } };
    store.insert(Kind::ServiceAccount, account, &Actor::Operator, now);
    let authority = object! {
        "metadata": object! { "name": "kube-root-ca.crt", "namespace": Text::copied(name) },
        "data": object! { "ca.crt": "" },
    };
    store.insert(Kind::ConfigMap, authority, &Actor::Operator, now);
}

/// A namespace's name label, finalizer and phase.
pub(crate) fn namespace(object: &mut Value) {
    let name = object::name(object).to_owned();
    let labels = object::metadata_mut(object).get_or_insert_with("labels", || object! {});
    if let Some(labels) = labels.as_object_mut() {
        labels.insert("kubernetes.io/metadata.name", name.into());
    }
    object["spec"] = object! { "finalizers": list!["kubernetes"] };
    object["status"] = object! { "phase": "Active" };
}

/// Why pods of this service account are refused: it does not exist. Without a name it is `default`.
pub(crate) fn missing_account(store: &Store, namespace: &str, account: &str) -> Option<String> {
    let account = if account.is_empty() { "default" } else { account };
    if store.get(Kind::ServiceAccount, namespace, account).is_some() {
        return None;
    }
    Some(format!(
        "error looking up service account {namespace}/{account}: serviceaccount {account:?} not found"
    ))
}

/// A Secret's type, and its `stringData` as `data`.
pub(crate) fn secret(object: &mut Value) {
    let Some(members) = object.as_object_mut() else { return };
    if let Some(Value::Object(texts)) = members.remove("stringData") {
        let data = object::map_mut(object, "data");
        for (key, text) in texts {
            data.insert(key, STANDARD.encode(text.as_str().unwrap_or_default()).into());
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
