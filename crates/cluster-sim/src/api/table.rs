//! Objects as tables, for people: what `kubectl get` asks for.

mod age;
mod cells;

use std::sync::Arc;

use jiff::Timestamp;
use shared_json::{Text, Value, object};

use super::{Answer, Request};
use crate::kind::Kind;
use crate::store::Version;

/// How much of each object goes with its row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Nothing.
    Rows,
    /// Its metadata.
    Metadata,
    /// All of it.
    Objects,
}

/// Whether the client wants a table.
pub(crate) fn wanted(request: &Request) -> Option<Wanted> {
    let first = request.accept.split(',').find(|part| part.trim().starts_with("application/json"))?;
    let has = |wanted: &str| first.split(';').any(|part| part.trim() == wanted);
    if !(has("as=table") && has("g=meta.k8s.io")) {
        return None;
    }
    Some(match request.query.text("includeObject") {
        "None" => Wanted::Rows,
        "Object" => Wanted::Objects,
        _ => Wanted::Metadata,
    })
}

pub(crate) fn of_one(kind: Kind, version: &Arc<Version>, wanted: Wanted, now: Timestamp) -> Answer {
    let revision = crate::object::resource_version(&version.object);
    of_list(kind, std::slice::from_ref(version), wanted, revision, None, now)
}

pub(crate) fn of_list(
    kind: Kind,
    chosen: &[Arc<Version>],
    wanted: Wanted,
    revision: u64,
    next: Option<(String, Option<usize>)>,
    now: Timestamp,
) -> Answer {
    let objects = chosen.iter().map(|version| &*version.object);
    let mut table = table(kind, objects, wanted, now);
    table["metadata"] = object! { "resourceVersion": revision.to_string() };
    if let Some((token, remaining)) = next {
        table["metadata"]["continue"] = token.into();
        if let Some(remaining) = remaining {
            table["metadata"]["remainingItemCount"] = remaining.into();
        }
    }
    Answer::json(200, &table)
}

/// The table of one event of a watch.
pub(crate) fn of_event(kind: Kind, object: &Value, wanted: Wanted, now: Timestamp) -> Value {
    let mut table = table(kind, std::iter::once(object), wanted, now);
    let version = crate::object::text(object, &["metadata", "resourceVersion"]);
    table["metadata"] = object! { "resourceVersion": Text::copied(version) };
    table
}

fn table<'a>(kind: Kind, objects: impl Iterator<Item = &'a Value>, wanted: Wanted, now: Timestamp) -> Value {
    let columns: Vec<Value> = cells::columns(kind)
        .iter()
        .map(|(name, priority)| {
            let format = if *name == "Name" { "name" } else { "" };
            object! { "name": *name, "type": "string", "format": format, "description": "", "priority": *priority }
        })
        .collect();
    let rows: Vec<Value> = objects
        .map(|object| {
            let mut row = object! { "cells": cells::of(kind, object, now) };
            match wanted {
                Wanted::Rows => {}
                Wanted::Objects => row["object"] = object.clone(),
                Wanted::Metadata => {
                    row["object"] = object! {
                        "kind": "PartialObjectMetadata",
                        "apiVersion": "meta.k8s.io/v1",
                        "metadata": &object["metadata"],
                    };
                }
            }
            row
        })
        .collect();
    object! {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": object! {},
        "columnDefinitions": columns,
        "rows": rows,
    }
}
