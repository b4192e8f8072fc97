//! Events, as controllers and the kubelet write them.

use jiff::Timestamp;
use shared_json::{Text, Value, object};

use crate::history::Actor;
use crate::kind::Kind;
use crate::object;
use crate::store::Store;

/// What an event says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note<'a> {
    /// Who says it, for example `job-controller`.
    pub(crate) component: &'a str,
    pub(crate) warning: bool,
    pub(crate) reason: &'a str,
    pub(crate) text: &'a str,
}

/// Writes an event about an object. What was said before about the same object is counted, not said again.
pub(crate) fn write(store: &mut Store, about: &Value, note: &Note<'_>, actor: &Actor, now: Timestamp) {
    let namespace = match object::namespace(about) {
        "" => "default",
        namespace => namespace,
    };
    // The name tells repetitions from news, so no table of what was said is needed.
    let name = format!(
        "{}.{:016x}",
        object::name(about),
        digest(&[object::uid(about), note.component, note.reason, note.text])
    );
    if let Some(earlier) = store.get(Kind::Event, namespace, &name) {
        let mut next = (**earlier).clone();
        next["count"] = (next["count"].as_u64().unwrap_or(1) + 1).into();
        next["lastTimestamp"] = object::seconds(now).into();
        store.replace(Kind::Event, next, actor, now);
        return;
    }
    let component = Text::copied(note.component);
    let event = object! {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": object! { "name": name, "namespace": Text::copied(namespace) },
        "involvedObject": object! {
            "kind": &about["kind"],
            "namespace": &about["metadata"]["namespace"],
            "name": &about["metadata"]["name"],
            "uid": &about["metadata"]["uid"],
            "apiVersion": &about["apiVersion"],
            "resourceVersion": &about["metadata"]["resourceVersion"],
        },
        "reason": Text::copied(note.reason),
        "message": Text::copied(note.text),
        "source": object! { "component": &component },
        "firstTimestamp": object::seconds(now),
        "lastTimestamp": object::seconds(now),
        "count": 1,
        "type": if note.warning { "Warning" } else { "Normal" },
        "eventTime": Value::Null,
        "reportingComponent": component,
        "reportingInstance": "",
    };
    store.insert(Kind::Event, event, actor, now);
}

/// FNV-1a over the parts, each closed by a zero.
fn digest(parts: &[&str]) -> u64 {
    let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
    bytes
        .fold(0xcbf2_9ce4_8422_2325, |digest, byte| (digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
