//! What a client may do, and its questions about that.

use shared_json::{Value, list, object};

use super::route::{Resource, Review};
use super::{Answer, Request, body};
use crate::object;
use crate::options::Access;
use crate::refusal::{Cause, Details, Refusal};
use crate::world::World;

/// Refuses what the client may not do.
pub(crate) fn check(world: &World, resource: &Resource, verb: &str) -> Result<(), Refusal> {
    let Access::Only { user, .. } = &world.options.access else { return Ok(()) };
    let Resource { kind, namespace, name, .. } = resource;
    let (group, what) = (kind.group(), resource.qualified());
    if world.options.access.allows(group, &what, verb, name) {
        return Ok(());
    }
    let place = if namespace.is_empty() {
        "at the cluster scope".to_owned()
    } else {
        format!("in the namespace {namespace:?}")
    };
    let about = if group.is_empty() { kind.plural().to_owned() } else { kind.qualified() };
    let named = if name.is_empty() { String::new() } else { format!(" {name:?}") };
    let message = format!(
        "{about}{named} is forbidden: User {user:?} cannot {verb} resource {what:?} in API group {group:?} {place}"
    );
    let mut refusal = Refusal::new(403, "Forbidden", message);
    let (name, group, kind) = (name.clone(), group.to_owned(), kind.plural().to_owned());
    refusal.details = Some(Box::new(Details { name, group, kind, ..Details::default() }));
    Err(refusal)
}

pub(crate) fn answer(world: &World, request: &Request, review: &Review) -> Result<Answer, Refusal> {
    let kind = match review {
        Review::Access => "SelfSubjectAccessReview",
        Review::Rules => "SelfSubjectRulesReview",
    };
    let asked = body::typed(request, kind, "authorization.k8s.io/v1")?;
    let status = match review {
        Review::Access => access(world, &asked)?,
        Review::Rules => rules(world),
    };
    let answer = object! {
        "kind": kind,
        "apiVersion": "authorization.k8s.io/v1",
        "metadata": object! {},
        "spec": asked.get("spec").cloned().unwrap_or_else(|| object! {}),
        "status": status,
    };
    Ok(Answer::json(201, &answer))
}

fn access(world: &World, asked: &Value) -> Result<Value, Refusal> {
    let spec = &asked["spec"];
    let attributes = spec.get("resourceAttributes").filter(|attributes| attributes.is_object());
    let Some(attributes) = attributes else {
        if spec.get("nonResourceAttributes").is_some_and(Value::is_object) {
            return Ok(object! { "allowed": matches!(world.options.access, Access::All) });
        }
        let why = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
        let field = "spec.resourceAttributes";
        let cause = Cause::invalid(field, &Value::Null, why);
        return Err(Refusal::invalid_kind("authorization.k8s.io", "", "", vec![cause]));
    };
    let text = |key: &str| object::text(attributes, &[key]);
    let what = match text("subresource") {
        "" => text("resource").to_owned(),
        below => format!("{}/{below}", text("resource")),
    };
    let allowed = world.options.access.allows(text("group"), &what, text("verb"), text("name"));
    Ok(object! { "allowed": allowed })
}

fn rules(world: &World) -> Value {
    let everything = object! { "verbs": list!["*"], "apiGroups": list!["*"], "resources": list!["*"] };
    let rules: Vec<Value> = match &world.options.access {
        Access::All => vec![everything],
        Access::Only { rules, .. } => rules
            .iter()
            .map(|rule| {
                let mut json =
                    object! { "verbs": rule.verbs.clone(), "apiGroups": rule.groups.clone(), "resources": rule.resources.clone() };
                if !rule.names.is_empty() {
                    json["resourceNames"] = rule.names.clone().into();
                }
                json
            })
            .collect(),
    };
    object! { "resourceRules": rules, "nonResourceRules": list![], "incomplete": false }
}
