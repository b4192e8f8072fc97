//! The API of the cluster: a request and the state give the next state and an answer. Nothing in here waits;
//! a watch is answered by a description of what to follow.

mod body;
mod collection;
mod create;
mod discovery;
mod json_patch;
mod list;
mod logs;
mod merge_patch;
mod query;
mod remove;
mod review;
mod route;
mod shape;
mod table;
mod update;
mod validate;
mod watch;

use std::sync::Arc;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;
use shared_json::{Value, object};

pub(crate) use self::logs::Follow;
pub(crate) use self::query::Query;
use self::route::{Resource, Subresource, Target};
pub(crate) use self::watch::{LAST_BOOKMARK, Position, Watch};
use crate::history::Actor;
use crate::kind::Kind;
use crate::refusal::Refusal;
use crate::world::World;

/// One request, whole.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: Query,
    /// `Accept`, lower case; empty if there is none.
    pub(crate) accept: String,
    /// `Content-Type` without parameters, lower case.
    pub(crate) content_type: String,
    pub(crate) actor: Actor,
    pub(crate) body: Bytes,
}

/// What to send back.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A whole JSON body.
    Json(u16, Bytes),
    /// Text, such as logs and health.
    Text(u16, Bytes),
    /// A stream of events.
    Watch(Box<Watch>),
    /// A log that may grow.
    Follow(Follow),
}

impl Answer {
    pub(crate) fn json(code: u16, body: &Value) -> Self {
        Self::Json(code, serde_json::to_vec(body).expect("JSON values can be encoded").into())
    }

    pub(crate) fn refusal(refusal: &Refusal) -> Self {
        Self::json(refusal.code, &refusal.to_status())
    }

    fn text(code: u16, body: &'static str) -> Self {
        Self::Text(code, Bytes::from_static(body.as_bytes()))
    }

    fn object(code: u16, object: &Arc<Value>) -> Self {
        Self::json(code, object)
    }
}

/// Answers a request.
pub(crate) fn respond(world: &mut World, request: &Request, now: Timestamp) -> Answer {
    let is_get = request.method == Method::GET || request.method == Method::HEAD;
    match route::target(&request.path) {
        Target::Unknown => Answer::text(404, "404 page not found\n"),
        Target::UnknownResource => Answer::refusal(&generic(404)),
        Target::Health if is_get => Answer::text(200, "ok"),
        Target::Discovery(document) if is_get => Answer::json(200, &document()),
        Target::Health | Target::Discovery(_) => Answer::refusal(&generic(405)),
        Target::Review(review) if request.method == Method::POST => {
            review::answer(world, request, &review).unwrap_or_else(|refusal| Answer::refusal(&refusal))
        }
        Target::Review(_) => Answer::refusal(&generic(405)),
        Target::Resource(resource) => resource_answer(world, request, &resource, now)
            .unwrap_or_else(|refusal| Answer::refusal(&refusal)),
    }
}

fn resource_answer(
    world: &mut World,
    request: &Request,
    resource: &Resource,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let Some(verb) = resource.verb(&request.method, &request.query) else { return Err(generic(405)) };
    review::check(world, resource, verb)?;
    match (verb, resource.subresource) {
        ("get", Subresource::Log) => logs::answer(world, request, resource),
        ("get", _) => {
            let version = find(world, resource)?;
            if let Some(table) = table::wanted(request) {
                return Ok(table::of_one(resource.kind, version, table, now));
            }
            Ok(Answer::Json(200, version.json().clone()))
        }
        ("list", _) => list::answer(world, request, resource, now),
        ("watch", _) => watch::answer(world, request, resource),
        ("create", Subresource::Binding | Subresource::Eviction) => {
            create::act(world, request, resource, now)
        }
        ("create", _) => create::answer(world, request, resource, now),
        ("update", _) => update::put(world, request, resource, now),
        ("patch", _) => update::patch(world, request, resource, now),
        ("delete", _) => remove::one(world, request, resource, now),
        ("deletecollection", _) => collection::delete(world, request, resource, now),
        _ => Err(generic(405)),
    }
}

fn find<'a>(world: &'a World, resource: &Resource) -> Result<&'a Arc<crate::store::Version>, Refusal> {
    let version = world.store.version(resource.kind, &resource.namespace, &resource.name);
    version.ok_or_else(|| Refusal::not_found(resource.kind, &resource.name))
}

/// The answer of the server's routing, which knows no kinds.
pub(crate) fn generic(code: u16) -> Refusal {
    let (reason, message) = match code {
        404 => ("NotFound", "the server could not find the requested resource"),
        405 => ("MethodNotAllowed", "the server does not allow this method on the requested resource"),
        415 => ("UnsupportedMediaType", "415: Unsupported Media Type"),
        _ => ("Invalid", "the server rejected our request due to an error in our request"),
    };
    let mut refusal = Refusal::new(code, reason, message);
    refusal.details = Some(Box::default());
    refusal
}

/// Creates or replaces an object without a request; see [`crate::Cluster::apply`].
pub(crate) fn apply(world: &mut World, mut object: Value, now: Timestamp) -> Result<Arc<Value>, Refusal> {
    let Some(kind) = Kind::of(&object) else {
        let named = object! { "kind": object.get("kind"), "apiVersion": object.get("apiVersion") };
        return Err(Refusal::bad_request(format!("no kind of this cluster: {named}")));
    };
    shape::settle(kind, &mut object).map_err(Refusal::bad_request)?;
    let metadata = crate::object::metadata_mut(&mut object);
    if kind.is_namespaced() {
        metadata.get_or_insert_with("namespace", || "default".into());
    }
    let (namespace, name) =
        (crate::object::namespace(&object).to_owned(), crate::object::name(&object).to_owned());
    let exists = world.store.get(kind, &namespace, &name).is_some();
    let resource = Resource::new(kind, &namespace, if exists { &name } else { "" });
    if exists {
        return update::write(world, &resource, object, &Actor::Operator, now);
    }
    create::write(world, &resource, object, &Actor::Operator, now, false)
}
