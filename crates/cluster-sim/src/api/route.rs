//! From a path to what it is about.

use http::Method;
use shared_json::Value;

use super::discovery;
use super::query::Query;
use crate::kind::Kind;

/// What a path is about.
pub(crate) enum Target {
    /// `/healthz` and its like.
    Health,
    /// A fixed document.
    Discovery(fn() -> Value),
    /// A question about rights.
    Review(Review),
    /// Objects.
    Resource(Resource),
    /// A group or root that does not exist.
    Unknown,
    /// Something unknown in a group that does exist.
    UnknownResource,
}

/// Which question about rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Review {
    /// `SelfSubjectAccessReview`: one right.
    Access,
    /// `SelfSubjectRulesReview`: all rights in a namespace.
    Rules,
}

/// What lies below an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subresource {
    /// The object itself.
    None,
    /// Its status.
    Status,
    /// A pod's log.
    Log,
    /// A pod's node.
    Binding,
    /// A polite deletion of a pod.
    Eviction,
}

impl Subresource {
    const fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Status => "/status",
            Self::Log => "/log",
            Self::Binding => "/binding",
            Self::Eviction => "/eviction",
        }
    }
}

/// A collection, an object or something below it.
#[derive(Clone, Debug)]
pub(crate) struct Resource {
    pub(crate) kind: Kind,
    /// Empty for kinds without namespaces, and for all namespaces.
    pub(crate) namespace: String,
    /// Empty for a collection.
    pub(crate) name: String,
    pub(crate) subresource: Subresource,
}

impl Resource {
    pub(crate) fn new(kind: Kind, namespace: &str, name: &str) -> Self {
        let (namespace, name) = (namespace.to_owned(), name.to_owned());
        Self { kind, namespace, name, subresource: Subresource::None }
    }

    /// The namespace to list, `None` for all.
    pub(crate) fn list_namespace(&self) -> Option<&str> {
        (!self.namespace.is_empty()).then_some(self.namespace.as_str())
    }

    /// Plural, with what lies below, as rights name it.
    pub(crate) fn qualified(&self) -> String {
        format!("{}{}", self.kind.plural(), self.subresource.word())
    }

    /// What a method does here, in the words of rights; `None` if it is not allowed.
    pub(crate) fn verb(&self, method: &Method, query: &Query) -> Option<&'static str> {
        let in_place = !self.kind.is_namespaced() || !self.namespace.is_empty();
        match (self.name.is_empty(), self.subresource, method.as_str()) {
            (true, _, "GET") if query.flag("watch") == Some(true) => Some("watch"),
            (true, _, "GET") => Some("list"),
            (true, _, "POST") if in_place => Some("create"),
            (true, _, "DELETE") if in_place && self.kind != Kind::Namespace => Some("deletecollection"),
            (false, Subresource::None, "GET") => Some("get"),
            (false, Subresource::None | Subresource::Status, "PUT") => Some("update"),
            (false, Subresource::None | Subresource::Status, "PATCH") => Some("patch"),
            (false, Subresource::None, "DELETE") => Some("delete"),
            (false, Subresource::Status | Subresource::Log, "GET") => Some("get"),
            (false, Subresource::Binding | Subresource::Eviction, "POST") => Some("create"),
            _ => None,
        }
    }
}

/// Finds out what a path is about.
pub(crate) fn target(path: &str) -> Target {
    let decode = |part: &str| match part.contains('%') {
        true => percent_decode(part),
        false => part.to_owned(),
    };
    let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(decode).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["healthz" | "livez" | "readyz", ..] => Target::Health,
        ["version"] => Target::Discovery(discovery::version),
        [] => Target::Discovery(discovery::root),
        ["api"] => Target::Discovery(discovery::core_versions),
        ["apis"] => Target::Discovery(discovery::groups),
        ["api", "v1"] => Target::Discovery(discovery::core),
        ["apis", "batch"] => Target::Discovery(discovery::batch_group),
        ["apis", "coordination.k8s.io"] => Target::Discovery(discovery::coordination_group),
        ["apis", "authorization.k8s.io"] => Target::Discovery(discovery::authorization_group),
        ["apis", "batch", "v1"] => Target::Discovery(discovery::batch),
        ["apis", "coordination.k8s.io", "v1"] => Target::Discovery(discovery::coordination),
        ["apis", "authorization.k8s.io", "v1"] => Target::Discovery(discovery::authorization),
        ["apis", "authorization.k8s.io", "v1", "selfsubjectaccessreviews"] => Target::Review(Review::Access),
        ["apis", "authorization.k8s.io", "v1", "selfsubjectrulesreviews"] => Target::Review(Review::Rules),
        ["api", "v1", rest @ ..] => resource("", rest),
        ["apis", group @ ("batch" | "coordination.k8s.io"), "v1", rest @ ..] => resource(group, rest),
        _ => Target::Unknown,
    }
}

fn resource(group: &str, parts: &[&str]) -> Target {
    let kind = |plural: &str, namespaced: bool| {
        let fits = |kind: &Kind| kind.group() == group && kind.plural() == plural;
        Kind::ALL.into_iter().find(fits).filter(|kind| kind.is_namespaced() || !namespaced)
    };
    let (namespace, rest) = match parts {
        ["namespaces", namespace, plural, rest @ ..] if kind(plural, true).is_some() => (*namespace, {
            let _ = rest;
            &parts[2..]
        }),
        _ => ("", parts),
    };
    let (plural, name, below) = match rest {
        [plural] => (*plural, "", None),
        [plural, name] => (*plural, *name, None),
        [plural, name, below] => (*plural, *name, Some(*below)),
        _ => return Target::UnknownResource,
    };
    let Some(kind) = kind(plural, !namespace.is_empty()) else { return Target::UnknownResource };
    if kind.is_namespaced() && namespace.is_empty() && !name.is_empty() {
        return Target::UnknownResource;
    }
    let subresource = match (below, kind) {
        (None, _) => Subresource::None,
        (Some("status"), Kind::Job | Kind::Pod | Kind::Namespace | Kind::Node) => Subresource::Status,
        (Some("log"), Kind::Pod) => Subresource::Log,
        (Some("binding"), Kind::Pod) => Subresource::Binding,
        (Some("eviction"), Kind::Pod) => Subresource::Eviction,
        _ => return Target::UnknownResource,
    };
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    Target::Resource(Resource { kind, namespace, name, subresource })
}

/// `%2F` and the like; what is no escape stays.
fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let digit = |offset: usize| bytes.get(index + offset).and_then(|byte| char::from(*byte).to_digit(16));
        match (bytes[index], digit(1), digit(2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).expect("two hexadecimal digits"));
                index += 3;
            }
            (byte, ..) => {
                decoded.push(byte);
                index += 1;
            }
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}
