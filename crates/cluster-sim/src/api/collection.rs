//! Deleting all objects that a selector matches.

use jiff::Timestamp;

use super::route::Resource;
use super::{Answer, Request, list, remove};
use crate::deletion;
use crate::object;
use crate::refusal::Refusal;
use crate::world::World;

/// The answer lists what was there before.
pub(crate) fn delete(
    world: &mut World,
    request: &Request,
    resource: &Resource,
    now: Timestamp,
) -> Result<Answer, Refusal> {
    let (options, dry_run) = remove::options(request)?;
    let selector = list::selector(&request.query, resource)?;
    let kind = resource.kind;
    let chosen = world.store.select(kind, resource.list_namespace(), &selector);
    let revision = world.store.revision();
    world.store.set_precondition(options.uid.is_some() || options.resource_version.is_some());
    for version in &chosen {
        let (namespace, name) = (object::namespace(&version.object), object::name(&version.object));
        if dry_run {
            deletion::check_preconditions(kind, name, &version.object, &options)?;
            continue;
        }
        match deletion::delete(&mut world.store, kind, namespace, name, &options, &request.actor, now) {
            Ok(_) => {}
            Err(refusal) if refusal.code == 404 => {}
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(Answer::Json(200, list::document(kind, revision, &chosen, None)))
}
