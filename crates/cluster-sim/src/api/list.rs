//! Listing: selectors, pages, past versions.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use jiff::Timestamp;
use shared_json::{Text, Value, object};

use super::query::Query;
use super::route::Resource;
use super::{Answer, Request, table};
use crate::kind::Kind;
use crate::object;
use crate::refusal::{Cause, Refusal};
use crate::selector::{Fields, Labels, Selector};
use crate::store::Version;
use crate::world::World;

const EXPIRED: &str = "The resourceVersion for the provided list is too old.";
const INCONSISTENT: &str = "The provided continue parameter is too old to display a consistent list result. You can \
     start a new list without the continue parameter, or use the continue token in this response to retrieve the \
     remainder of the results. Continuing with the provided token results in an inconsistent list - objects that \
     were created, modified, or deleted between the time the first chunk was returned and now may show up in the \
     list.";

/// How a list goes on.
pub(crate) struct Next {
    /// The token.
    token: String,
    /// How many objects follow, if nothing was selected.
    remaining: Option<usize>,
}

/// A place in a list.
struct Token {
    /// `None`: whatever the revision is by then.
    revision: Option<u64>,
    /// The key to go on from, `namespace/name` or, in one namespace, `name`.
    start: String,
}

pub(crate) fn answer(
    world: &World,
    request: &Request,
    resource: &Resource,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let query = &request.query;
    let selector = selector(query, resource)?;
    check_options(query)?;
    let limit = usize::try_from(query.number("limit")?.unwrap_or_default()).unwrap_or_default();
    let token = match query.text("continue") {
        "" => None,
        text => Some(Token::parse(text, query)?),
    };
    let kind = resource.kind;
    let current = world.store.revision();
    let revision = match &token {
        Some(token) => token.revision,
        None => exact_revision(query, limit, current)?,
    };
    let namespace = resource.list_namespace();
    let mut chosen: Vec<Arc<Version>> = match revision {
        Some(revision) if revision < current => {
            let found = world.store.as_of(kind, namespace, revision);
            let mut all = found.ok_or_else(|| expired(token.as_ref()))?;
            all.retain(|version| selector.matches(&version.object));
            all
        }
        _ => world.store.select(kind, namespace, &selector),
    };
    if let Some(token) = &token {
        chosen.retain(|version| key(resource, &version.object) >= token.start);
    }
    let revision = revision.unwrap_or(current);
    let mut next = None;
    if limit > 0 && chosen.len() > limit {
        let remaining = selector.is_empty().then(|| chosen.len() - limit);
        chosen.truncate(limit);
        let last = chosen.last().expect("the limit is not zero");
        let start = format!("{}\0", key(resource, &last.object));
        next = Some(Next { token: Token { revision: Some(revision), start }.encode(), remaining });
    }
    if let Some(wanted) = table::wanted(request) {
        return Ok(table::of_list(kind, &chosen, wanted, revision, next.map(Next::into_parts), now));
    }
    Ok(Answer::Json(200, document(kind, revision, &chosen, next)))
}

impl Next {
    pub(crate) fn into_parts(self) -> (String, Option<usize>) {
        (self.token, self.remaining)
    }
}

/// Labels and fields that a request asks for; a name in a watch's path counts as one.
pub(crate) fn selector(query: &Query, resource: &Resource) -> Result<Selector, Refusal> {
    let labels = Labels::parse(query.text("labelSelector")).map_err(Refusal::bad_request)?;
    let fields = match query.text("fieldSelector") {
        "" if !resource.name.is_empty() => Fields::named(&resource.name),
        text => Fields::parse(resource.kind, text).map_err(Refusal::bad_request)?,
    };
    Ok(Selector { labels, fields })
}

fn check_options(query: &Query) -> Result<(), Refusal> {
    let mut wrong = Vec::new();
    let (matching, version) = (query.text("resourceVersionMatch"), query.text("resourceVersion"));
    if !matching.is_empty() {
        let field = "resourceVersionMatch";
        if version.is_empty() {
            let why = "resourceVersionMatch is forbidden unless resourceVersion is provided";
            wrong.push(Cause::forbidden(field, why));
        }
        if !query.text("continue").is_empty() {
            let why = "resourceVersionMatch is forbidden when continue is provided";
            wrong.push(Cause::forbidden(field, why));
        }
        if !matches!(matching, "Exact" | "NotOlderThan") {
            let known = ["Exact", "NotOlderThan", ""];
            wrong.push(Cause::unsupported(field, &format!("{matching:?}"), &known));
        }
        if matching == "Exact" && version == "0" {
            let why = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            wrong.push(Cause::forbidden(field, why));
        }
    }
    if query.get("sendInitialEvents").is_some() {
        wrong.push(Cause::forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"));
    }
    if wrong.is_empty() { Ok(()) } else { Err(invalid_options(wrong)) }
}

pub(crate) fn invalid_options(causes: Vec<Cause>) -> Refusal {
    Refusal::invalid_kind("meta.k8s.io", "ListOptions", "", causes)
}

/// The revision that a parameter names; 0 for none.
pub(crate) fn revision(query: &Query) -> Result<u64, Refusal> {
    let text = query.text("resourceVersion");
    if text.is_empty() {
        return Ok(0);
    }
    text.parse().map_err(|_| {
        let why = format!("strconv.ParseUint: parsing {text:?}: invalid syntax");
        let cause = Cause::invalid("resourceVersion", &Text::copied(text).into(), &why);
        let message = format!("resourceVersion: {}", cause.message);
        // The cache that serves watches forgets to say whose fault it is.
        if query.flag("watch") == Some(true) {
            return Refusal::new(500, "", message);
        }
        Refusal::bad_request(message)
    })
}

/// The past revision that a list is to show, if any.
fn exact_revision(query: &Query, limit: usize, current: u64) -> Result<Option<u64>, Refusal> {
    let wanted = revision(query)?;
    let matching = query.text("resourceVersionMatch");
    if wanted > current {
        let mut refusal = Refusal::new(
            504,
            "Timeout",
            format!("Timeout: Too large resource version: {wanted}, current: {current}"),
        );
        let details = refusal.details.get_or_insert_default();
        details.causes.push(Cause::plain("ResourceVersionTooLarge", "Too large resource version"));
        details.retry_after_seconds = 1;
        return Err(refusal);
    }
    // A limit with a version has always meant that very version.
    let exact = matching == "Exact" || (matching.is_empty() && limit > 0);
    Ok((exact && wanted > 0).then_some(wanted))
}

fn expired(token: Option<&Token>) -> Refusal {
    let Some(token) = token else { return Refusal::expired(EXPIRED) };
    let mut refusal = Refusal::expired(INCONSISTENT);
    refusal.continue_token = Some(Token { revision: None, start: token.start.clone() }.encode());
    refusal
}

fn key(resource: &Resource, object: &Value) -> String {
    if resource.namespace.is_empty() && resource.kind.is_namespaced() {
        return format!("{}/{}", object::namespace(object), object::name(object));
    }
    object::name(object).to_owned()
}

impl Token {
    fn encode(&self) -> String {
        let revision = self.revision.map_or_else(|| Value::from(-1), Value::from);
        let text = object! { "v": "meta.k8s.io/v1", "rv": revision, "start": &self.start }.to_string();
        URL_SAFE_NO_PAD.encode(text)
    }

    fn parse(text: &str, query: &Query) -> Result<Self, Refusal> {
        let invalid = |why: &str| Refusal::bad_request(format!("continue key is not valid: {why}"));
        let bytes =
            URL_SAFE_NO_PAD.decode(text).map_err(|_| invalid("illegal base64 data at input byte 0"))?;
        let value: Value = serde_json::from_slice(&bytes).map_err(|error| invalid(&error.to_string()))?;
        if value["v"] != "meta.k8s.io/v1" {
            return Err(invalid("server does not recognize this encoded version"));
        }
        let start = object::text(&value, &["start"]).to_owned();
        let revision = value["rv"].as_i64().unwrap_or_default();
        if revision == 0 {
            return Err(invalid("incorrect encoded start resourceVersion (version meta.k8s.io/v1)"));
        }
        if start.is_empty() {
            return Err(invalid("encoded start key empty (version meta.k8s.io/v1)"));
        }
        if !matches!(query.text("resourceVersion"), "" | "0") {
            let why = "specifying resource version is not allowed when using continue";
            return Err(Refusal::bad_request(why));
        }
        Ok(Self { revision: u64::try_from(revision).ok(), start })
    }
}

/// A list as JSON.
pub(crate) fn document(kind: Kind, revision: u64, chosen: &[Arc<Version>], next: Option<Next>) -> Bytes {
    let size: usize = chosen.iter().map(|version| version.json().len() + 1).sum();
    let mut text = Vec::with_capacity(size + 200);
    let mut metadata = object! { "resourceVersion": revision.to_string() };
    if let Some(next) = next {
        metadata["continue"] = next.token.into();
        if let Some(remaining) = next.remaining {
            metadata["remainingItemCount"] = remaining.into();
        }
    }
    let (name, version) = (kind.name(), kind.api_version());
    let head =
        format!("{{\"kind\":\"{name}List\",\"apiVersion\":\"{version}\",\"metadata\":{metadata},\"items\":[");
    text.extend_from_slice(head.as_bytes());
    for (index, version) in chosen.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        version.write_item(&mut text);
    }
    text.extend_from_slice(b"]}");
    text.into()
}
