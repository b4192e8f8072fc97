//! Following changes.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use shared_json::{Value, object};

use super::query::Query;
use super::route::Resource;
use super::{Answer, Request, list, table};
use crate::history::Verb;
use crate::kind::Kind;
use crate::object;
use crate::refusal::{Cause, Refusal};
use crate::selector::Selector;
use crate::store::{Entry, Version, event};
use crate::world::World;

/// The server ends watches that name no time of their own after this much, and up to twice as much.
const LONGEST: Duration = Duration::from_secs(1800);

/// How long before its end a watch gets a last bookmark.
pub(crate) const LAST_BOOKMARK: Duration = Duration::from_secs(2);

/// An open watch.
#[derive(Debug)]
pub(crate) struct Watch {
    pub(crate) kind: Kind,
    namespace: Option<String>,
    selector: Selector,
    table: Option<table::Wanted>,
    pub(crate) position: Position,
    pub(crate) bookmarks: bool,
    /// After so much time the server ends it.
    pub(crate) timeout: Duration,
    /// Lines to send before any change.
    pub(crate) first: VecDeque<Bytes>,
    /// Of all watches; a greater one in the world ends this one.
    pub(crate) epoch: u64,
}

/// How far a watch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Position {
    /// Everything up to this revision was sent.
    At(u64),
    /// Nothing more will come.
    Ended,
}

pub(crate) fn answer(world: &mut World, request: &Request, resource: &Resource) -> Result<Answer, Refusal> {
    let query = &request.query;
    let selector = list::selector(query, resource)?;
    let initial = check_options(query)?;
    let wanted = list::revision(query)?;
    let seconds = query.number("timeoutSeconds")?.unwrap_or_default();
    let timeout = match u64::try_from(seconds) {
        Ok(0) | Err(_) => LONGEST.mul_f64(1.0 + world.store.rng().f64()),
        Ok(seconds) => Duration::from_secs(seconds),
    };
    let mut watch = Watch {
        kind: resource.kind,
        namespace: resource.list_namespace().map(str::to_owned),
        selector,
        table: table::wanted(request),
        position: Position::At(wanted),
        bookmarks: query.flag("allowWatchBookmarks") == Some(true),
        timeout,
        first: VecDeque::new(),
        epoch: world.watch_epoch,
    };
    let current = world.store.revision();
    let everything = initial.unwrap_or(wanted == 0);
    if everything {
        watch.begin_with_everything(world, initial == Some(true));
    } else if wanted == 0 {
        watch.position = Position::At(current);
    } else if wanted < world.store.oldest(resource.kind) {
        let oldest = world.store.oldest(resource.kind);
        let refusal = Refusal::expired(format!("too old resource version: {wanted} ({oldest})"));
        watch.first.push_back(error_line(&refusal));
        watch.position = Position::Ended;
    }
    Ok(Answer::Watch(Box::new(watch)))
}

/// What is wrong with the combination of parameters; else what `sendInitialEvents` says.
fn check_options(query: &Query) -> Result<Option<bool>, Refusal> {
    let initial = query.flag("sendInitialEvents");
    let matching = query.text("resourceVersionMatch");
    let field = "resourceVersionMatch";
    let mut wrong = Vec::new();
    if initial.is_some() && matching != "NotOlderThan" {
        wrong.push(Cause::forbidden(
            field,
            "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ));
    }
    if !matching.is_empty() {
        if initial.is_none() {
            let why = "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided";
            wrong.push(Cause::forbidden(field, why));
        }
        if matching != "NotOlderThan" {
            wrong.push(Cause::unsupported(field, &format!("{matching:?}"), &["NotOlderThan"]));
        }
        if !query.text("continue").is_empty() {
            let why = "resourceVersionMatch is forbidden when continue is provided";
            wrong.push(Cause::forbidden(field, why));
        }
    }
    if wrong.is_empty() { Ok(initial) } else { Err(list::invalid_options(wrong)) }
}

/// An error in the middle of a watch.
fn error_line(refusal: &Refusal) -> Bytes {
    let mut line = object! { "type": "ERROR", "object": refusal.to_status() }.to_string();
    line.push('\n');
    line.into()
}

impl Watch {
    fn begin_with_everything(&mut self, world: &World, says_when_done: bool) {
        let revision = world.store.revision();
        let mut lines = VecDeque::new();
        for version in world.store.versions(self.kind, self.namespace.as_deref()) {
            if self.selector.matches(&version.object) {
                lines.push_back(self.added(version, world));
            }
        }
        if says_when_done && self.bookmarks {
            lines.push_back(self.bookmark_with(revision, true));
        }
        self.first = lines;
        self.position = Position::At(revision);
    }

    fn added(&self, version: &Arc<Version>, world: &World) -> Bytes {
        match self.table {
            None => event(Verb::Added, version.json()),
            Some(wanted) => {
                let table = table::of_event(self.kind, &version.object, wanted, world.time(Timestamp::MIN));
                event(Verb::Added, table.to_string().as_bytes())
            }
        }
    }

    /// Lines for what happened since the last call.
    pub(crate) fn advance(&mut self, world: &World) -> VecDeque<Bytes> {
        let mut lines = std::mem::take(&mut self.first);
        let Position::At(position) = self.position else { return lines };
        if world.watch_epoch > self.epoch {
            self.position = Position::Ended;
            return lines;
        }
        let Some(entries) = world.store.since(self.kind, position) else {
            let oldest = world.store.oldest(self.kind);
            let refusal = Refusal::expired(format!("too old resource version: {position} ({oldest})"));
            lines.push_back(error_line(&refusal));
            self.position = Position::Ended;
            return lines;
        };
        for entry in entries {
            if let Some(line) = self.line(entry, world) {
                lines.push_back(line);
            }
        }
        self.position = Position::At(position.max(world.store.revision()));
        lines
    }

    fn line(&self, entry: &Entry, world: &World) -> Option<Bytes> {
        let object = &entry.written.selectable;
        if self.namespace.as_deref().is_some_and(|namespace| namespace != object::namespace(object)) {
            return None;
        }
        let matches = |object: &Value| self.selector.matches(object);
        let line = entry.line(matches)?;
        let Some(wanted) = self.table else { return Some(line) };
        // Only people watch tables, so reading the line again costs nothing that matters.
        let mut value: Value = serde_json::from_slice(&line).ok()?;
        value["object"] = table::of_event(self.kind, &value["object"], wanted, world.time(Timestamp::MIN));
        let mut text = value.to_string();
        text.push('\n');
        Some(text.into())
    }

    /// The line that says how far this watch has come.
    pub(crate) fn bookmark(&self) -> Option<Bytes> {
        match self.position {
            Position::At(revision) if self.bookmarks => Some(self.bookmark_with(revision, false)),
            _ => None,
        }
    }

    fn bookmark_with(&self, revision: u64, ends_initial: bool) -> Bytes {
        let mut metadata =
            object! { "resourceVersion": revision.to_string(), "creationTimestamp": Value::Null };
        if ends_initial {
            metadata["annotations"] = object! { "k8s.io/initial-events-end": "true" };
        }
        let mut object = object! {
            "kind": self.kind.name(),
            "apiVersion": self.kind.api_version(),
            "metadata": metadata,
        };
        match self.kind {
            Kind::Job => {
                let template = object! {
                    "metadata": object! { "creationTimestamp": Value::Null },
                    "spec": object! { "containers": Value::Null },
                };
                object["spec"] = object! { "template": template };
                object["status"] = object! {};
            }
            Kind::Pod => {
                object["spec"] = object! { "containers": Value::Null };
                object["status"] = object! {};
            }
            _ => {}
        }
        let mut line = object! { "type": "BOOKMARK", "object": object }.to_string();
        line.push('\n');
        line.into()
    }
}
