//! All objects, one counter of revisions, and as much history as watches may look back at.

pub(crate) mod index;
mod log;
mod version;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use shared_json::Value;

use self::index::Index;
use self::log::Past;
pub(crate) use self::log::{Entry, event};
pub(crate) use self::version::Version;
use crate::history::{Actor, Change, Verb};
use crate::kind::Kind;
use crate::object;
use crate::options::Options;
use crate::selector::Selector;

/// Letters of generated names: without vowels, so that no words come out.
const SUFFIX_LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Letters that generated names end with.
const SUFFIX_LENGTH: usize = 5;

/// Objects of one namespace by name.
type Names = BTreeMap<String, Arc<Version>>;

/// What is kept of one kind.
#[derive(Debug, Default)]
struct Table {
    namespaces: BTreeMap<String, Names>,
    log: VecDeque<Arc<Entry>>,
    /// Writes up to this revision are no longer in `log`.
    forgotten: u64,
    /// Revision of the last write.
    written: u64,
    index: Index,
}

/// The state of the cluster.
#[derive(Debug)]
pub(crate) struct Store {
    tables: Vec<Table>,
    by_uid: BTreeMap<String, (Kind, String, String)>,
    revision: u64,
    rng: fastrand::Rng,
    history_limit: usize,
    /// Writes that controllers have not seen yet.
    fresh: Vec<Change>,
    /// Goes into [`Change::precondition`] of the writes to come.
    precondition: bool,
}

impl Store {
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            tables: Kind::ALL.iter().map(|_| Table::default()).collect(),
            by_uid: BTreeMap::new(),
            revision: 0,
            rng: fastrand::Rng::with_seed(options.seed),
            history_limit: options.history_limit.max(1),
            fresh: Vec::new(),
            precondition: false,
        }
    }

    /// Revision of the last write.
    pub(crate) const fn revision(&self) -> u64 {
        self.revision
    }

    /// Revision of the last write to an object of this kind.
    pub(crate) fn written(&self, kind: Kind) -> u64 {
        self.table(kind).written
    }

    /// Choices that are no more random than the seed.
    pub(crate) fn rng(&mut self) -> &mut fastrand::Rng {
        &mut self.rng
    }

    pub(crate) fn new_uid(&mut self) -> String {
        let bytes: [u8; 16] = self.rng.u128(..).to_be_bytes();
        uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
    }

    /// `prefix` and five letters, as `generateName` works.
    pub(crate) fn generated_name(&mut self, prefix: &str) -> String {
        let mut name = prefix.to_owned();
        for _ in 0..SUFFIX_LENGTH {
            name.push(char::from(SUFFIX_LETTERS[self.rng.usize(..SUFFIX_LETTERS.len())]));
        }
        name
    }

    fn table(&self, kind: Kind) -> &Table {
        &self.tables[kind.index()]
    }

    pub(crate) fn version(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Arc<Version>> {
        self.table(kind).namespaces.get(namespace)?.get(name)
    }

    /// An object; `namespace` is empty for kinds without namespaces.
    pub(crate) fn get(&self, kind: Kind, namespace: &str, name: &str) -> Option<&Arc<Value>> {
        Some(&self.version(kind, namespace, name)?.object)
    }

    /// Where the object with this UID is.
    pub(crate) fn by_uid(&self, uid: &str) -> Option<(Kind, &str, &str)> {
        self.by_uid.get(uid).map(|(kind, namespace, name)| (*kind, namespace.as_str(), name.as_str()))
    }

    pub(crate) fn versions<'a>(
        &'a self,
        kind: Kind,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Version>> {
        let namespaces = &self.table(kind).namespaces;
        let mut chosen: Vec<(&String, &Names)> = match namespace {
            Some(namespace) => namespaces.get_key_value(namespace).into_iter().collect(),
            None => namespaces.iter().collect(),
        };
        // By the whole key, in which a slash follows the namespace: `a-b` comes before `a`.
        chosen.sort_by(|left, right| left.0.bytes().chain([b'/']).cmp(right.0.bytes().chain([b'/'])));
        chosen.into_iter().flat_map(|(_, names)| names.values())
    }

    /// The objects of one namespace that a selector matches, by name; `None` looks in all namespaces.
    pub(crate) fn select(
        &self,
        kind: Kind,
        namespace: Option<&str>,
        selector: &Selector,
    ) -> Vec<Arc<Version>> {
        let matches = |version: &&Arc<Version>| selector.matches(&version.object);
        let (Some(namespace), Some(key)) = (namespace, selector.index_key(kind)) else {
            return self.versions(kind, namespace).filter(matches).cloned().collect();
        };
        let table = self.table(kind);
        let places = table.index.places(key).filter(|(place, _)| place == namespace);
        let found = places.filter_map(|(namespace, name)| self.version(kind, namespace, name));
        found.filter(matches).cloned().collect()
    }

    /// Objects by namespace and name; `None` lists all namespaces.
    pub(crate) fn list<'a>(
        &'a self,
        kind: Kind,
        namespace: Option<&'a str>,
    ) -> impl Iterator<Item = &'a Arc<Value>> {
        self.versions(kind, namespace).map(|version| &version.object)
    }

    /// Adds an object that must not exist yet, by its own namespace and name. Sets `apiVersion`, `kind`, UID
    /// (unless there is one), creation time, generation and resource version.
    pub(crate) fn insert(
        &mut self,
        kind: Kind,
        mut object: Value,
        actor: &Actor,
        now: Timestamp,
    ) -> Arc<Value> {
        self.revision += 1;
        if object.get("kind").is_none() || object.get("apiVersion").is_none() {
            object["kind"] = kind.name().into();
            object["apiVersion"] = kind.api_version().into();
        }
        let has_uid = !object::uid(&object).is_empty();
        let uid = if has_uid { None } else { Some(self.new_uid()) };
        let metadata = object::metadata_mut(&mut object);
        if let Some(uid) = uid {
            metadata.insert("uid", uid.into());
        }
        metadata.insert("resourceVersion", self.revision.to_string().into());
        if kind.has_generation() {
            metadata.insert("generation", 1.into());
        }
        metadata.insert("creationTimestamp", object::seconds(now).into());
        let version = Version::new(kind, Arc::new(object), None);
        let object = Arc::clone(&version.object);
        let (namespace, name) = (object::namespace(&object).to_owned(), object::name(&object).to_owned());
        self.by_uid.insert(object::uid(&object).to_owned(), (kind, namespace.clone(), name.clone()));
        let table = &mut self.tables[kind.index()];
        let before = table.namespaces.entry(namespace).or_default().insert(name, Arc::clone(&version));
        debug_assert!(before.is_none(), "inserted what exists");
        let table = &mut self.tables[kind.index()];
        table.index.update(kind, None, Some(&object));
        self.commit(kind, Verb::Added, &version, None, actor, now);
        object
    }

    /// Writes a new state of an object that exists, and counts the generation when the specification differs.
    /// Nothing is written when nothing changed. An object whose deletion waited only for its finalizers is
    /// removed with the last of them.
    pub(crate) fn replace(
        &mut self,
        kind: Kind,
        mut object: Value,
        actor: &Actor,
        now: Timestamp,
    ) -> Arc<Value> {
        let (namespace, name) = (object::namespace(&object).to_owned(), object::name(&object).to_owned());
        let before = Arc::clone(self.version(kind, &namespace, &name).expect("replaced objects exist"));
        if kind.has_generation() {
            let generation = object::generation(&before.object);
            let given = object::generation(&object);
            // A binding is no change of what was asked for.
            let node = |pod: &Value| object::at(pod, &["spec", "nodeName"]).is_some();
            let binds = kind == Kind::Pod && node(&object) && !node(&before.object);
            let changed = given <= generation && !binds && object.get("spec") != before.object.get("spec");
            let generation = if changed { generation + 1 } else { generation.max(given) };
            object::metadata_mut(&mut object).insert("generation", generation.into());
        }
        let version = object::text(&before.object, &["metadata", "resourceVersion"]).to_owned();
        object::metadata_mut(&mut object).insert("resourceVersion", version.into());
        if object == *before.object {
            return Arc::clone(&before.object);
        }
        if waits_for_finalizers(&before.object) && !object::has_finalizers(&object) {
            let removed = self.remove(kind, &namespace, &name, actor, now);
            return removed.expect("the object was there a moment ago");
        }
        self.revision += 1;
        object::metadata_mut(&mut object).insert("resourceVersion", self.revision.to_string().into());
        let version = Version::new(kind, Arc::new(object), Some(&before));
        let object = Arc::clone(&version.object);
        let table = &mut self.tables[kind.index()];
        table.index.update(kind, Some(&before.object), Some(&object));
        let names = table.namespaces.get_mut(&namespace).expect("seen above");
        names.insert(name, Arc::clone(&version));
        self.commit(kind, Verb::Modified, &version, Some(Past::of(&before)), actor, now);
        object
    }

    /// Writes the status of an object that exists, and nothing else.
    pub(crate) fn replace_status(
        &mut self,
        kind: Kind,
        namespace: &str,
        name: &str,
        status: Value,
        actor: &Actor,
        now: Timestamp,
    ) {
        let before = self.get(kind, namespace, name).expect("replaced objects exist");
        if before.get("status") == Some(&status) {
            return;
        }
        self.amend(kind, namespace, name, actor, now, |object| {
            // The status stays the last member, as in objects that are read.
            let members = object.as_object_mut().expect("kept objects are objects");
            members.remove("status");
            members.insert("status", status);
        });
    }

    /// Writes the finalizers of an object that exists; with the last of them goes an object that is to be deleted
    /// and waits for nothing else.
    pub(crate) fn replace_finalizers(
        &mut self,
        kind: Kind,
        namespace: &str,
        name: &str,
        finalizers: Vec<String>,
        actor: &Actor,
        now: Timestamp,
    ) {
        let before = self.get(kind, namespace, name).expect("replaced objects exist");
        if finalizers.iter().map(String::as_str).eq(object::finalizers(before)) {
            return;
        }
        if finalizers.is_empty() && waits_for_finalizers(before) {
            self.remove(kind, namespace, name, actor, now);
            return;
        }
        self.amend(kind, namespace, name, actor, now, |object| object::set_finalizers(object, finalizers));
    }

    /// Changes an object that exists, without a copy of it if nobody else holds it: most writes by far come this
    /// way. `change` changes something, but neither labels nor names, and counts the generation itself.
    pub(crate) fn amend(
        &mut self,
        kind: Kind,
        namespace: &str,
        name: &str,
        actor: &Actor,
        now: Timestamp,
        change: impl FnOnce(&mut Value),
    ) {
        self.revision += 1;
        let revision = self.revision.to_string();
        let names = self.tables[kind.index()].namespaces.get_mut(namespace);
        let slot = names.and_then(|names| names.get_mut(name)).expect("amended objects exist");
        let past = Past::of(slot);
        Version::advance(slot, kind, |object| {
            change(object);
            object::metadata_mut(object).insert("resourceVersion", revision.into());
        });
        let version = Arc::clone(slot);
        self.commit(kind, Verb::Modified, &version, Some(past), actor, now);
    }

    /// Removes an object at once, whatever its finalizers; the answer is its last state.
    /// [`crate::deletion::delete`] is what deletes as the API does.
    pub(crate) fn remove(
        &mut self,
        kind: Kind,
        namespace: &str,
        name: &str,
        actor: &Actor,
        now: Timestamp,
    ) -> Option<Arc<Value>> {
        let table = &mut self.tables[kind.index()];
        let mut version = table.namespaces.get_mut(namespace)?.remove(name)?;
        table.index.update(kind, Some(&version.object), None);
        self.by_uid.remove(object::uid(&version.object));
        self.revision += 1;
        let (past, revision) = (Past::of(&version), self.revision.to_string());
        Version::advance(&mut version, kind, |object| {
            object::metadata_mut(object).insert("resourceVersion", revision.into());
        });
        self.commit(kind, Verb::Deleted, &version, Some(past), actor, now);
        Some(Arc::clone(&version.object))
    }

    fn commit(
        &mut self,
        kind: Kind,
        verb: Verb,
        version: &Arc<Version>,
        before: Option<Past>,
        actor: &Actor,
        now: Timestamp,
    ) {
        let revision = self.revision;
        let object = Arc::clone(&version.object);
        let (actor, precondition) = (actor.clone(), self.precondition);
        self.fresh.push(Change { revision, at: now, kind, verb, actor, precondition, object });
        let table = &mut self.tables[kind.index()];
        table.written = revision;
        table.log.push_back(Arc::new(Entry::new(revision, verb, Past::of(version), before)));
        while table.log.len() > self.history_limit {
            if let Some(entry) = table.log.pop_front() {
                table.forgotten = entry.revision;
            }
        }
    }

    /// Says of the writes to come that the client meant a certain state or object; see [`Change::precondition`].
    pub(crate) fn set_precondition(&mut self, precondition: bool) {
        self.precondition = precondition;
    }

    /// Writes since the last call.
    pub(crate) fn take_fresh(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.fresh)
    }

    /// Forgets the history up to now.
    pub(crate) fn compact(&mut self) {
        for table in &mut self.tables {
            table.log.clear();
            table.forgotten = self.revision;
        }
    }
}

/// Whether its deletion has been asked for, and nothing but finalizers keeps it.
fn waits_for_finalizers(object: &Value) -> bool {
    object::is_deleting(object) && object::deletion_grace_seconds(object).unwrap_or_default() == 0
}
