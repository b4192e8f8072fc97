//! Picking each setting from the strongest source that gives it, and reading it as its type.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use serde_json::Value;
use yaml_source::Node;

use crate::args::Args;
use crate::file::{ConfigFile, join, unknown_key};
use crate::keys::{Kind, scalar_of};
use crate::problem::{Problem, Source, Warning};
use crate::value::{self, Misfit};

/// Service links that Kubernetes puts into the environment of a pod next to a Service of that name.
const SERVICE_LINKS: [&str; 3] = ["tcp://", "udp://", "sctp://"];

/// All sources, and what was found wrong with them so far.
pub(crate) struct Reader<'a> {
    pub(crate) file: &'a ConfigFile,
    args: &'a Args,
    variables: &'a BTreeMap<String, String>,
    /// Values that cannot be read as their type.
    pub(crate) type_problems: Vec<Problem>,
    /// Values out of range.
    pub(crate) range_problems: Vec<Problem>,
    pub(crate) warnings: Vec<Warning>,
    /// Where each setting that was given comes from.
    pub(crate) origins: BTreeMap<String, Source>,
    /// Keys asked for: a setting that nobody reads is a bug.
    pub(crate) asked: BTreeSet<&'static str>,
}

/// A value as its source gives it.
enum Given<'a> {
    Words(Vec<String>),
    Node(&'a Node),
}

impl<'a> Reader<'a> {
    pub(crate) fn new(file: &'a ConfigFile, args: &'a Args, variables: &'a BTreeMap<String, String>) -> Self {
        Self {
            file,
            args,
            variables,
            type_problems: Vec::new(),
            range_problems: Vec::new(),
            warnings: Vec::new(),
            origins: BTreeMap::new(),
            asked: BTreeSet::new(),
        }
    }

    /// Where a setting comes from.
    pub(crate) fn source(&self, key: &str) -> Source {
        self.origins.get(key).cloned().unwrap_or(Source::Default)
    }

    /// The setting is given by some source.
    pub(crate) fn is_given(&self, key: &str) -> bool {
        self.origins.contains_key(key)
    }

    pub(crate) fn warn(&mut self, key: &str, message: impl Into<String>) {
        let source = self.source(key);
        self.warnings.push(Warning::new(key, message, source));
    }

    pub(crate) fn out_of_range(&mut self, key: &str, reason: impl Into<String>) {
        let source = self.source(key);
        self.range_problems.push(Problem::new(key, reason, source));
    }

    pub(crate) fn text(&mut self, key: &'static str) -> Option<String> {
        self.read(key, |word| Ok(word.to_owned()), value::text)
    }

    pub(crate) fn bool(&mut self, key: &'static str) -> Option<bool> {
        if key == "no-color" {
            // By convention any text switches colour off (controller-config 4.5).
            return self.read(key, |word| Ok(value::boolean_word(word).unwrap_or(true)), value::boolean);
        }
        self.read(key, value::boolean_word, value::boolean)
    }

    pub(crate) fn duration(&mut self, key: &'static str) -> Option<Duration> {
        self.read(key, value::duration_word, value::duration)
    }

    /// A whole number; outside `range` it is a problem and counts as not given.
    pub(crate) fn int(&mut self, key: &'static str, range: RangeInclusive<i64>) -> Option<i64> {
        let number = self.read(key, value::integer_word, value::integer)?;
        if range.contains(&number) {
            return Some(number);
        }
        let reason = match (*range.start(), *range.end()) {
            (least, i64::MAX) => format!("is {number}, but must be at least {least}"),
            (least, most) => format!("is {number}, but must be from {least} to {most}"),
        };
        self.out_of_range(key, reason);
        None
    }

    /// One of a few words; the empty text counts as not given.
    pub(crate) fn word<T: FromStr>(&mut self, key: &'static str, words: &str) -> Option<T> {
        let text = self.text(key).filter(|text| !text.is_empty())?;
        match text.parse() {
            Ok(value) => Some(value),
            Err(_) => {
                self.out_of_range(key, format!("`{text}` is not one of {words}, in exactly that spelling"));
                None
            }
        }
    }

    /// A list; a single text in the file is taken as older releases took it.
    pub(crate) fn list(&mut self, key: &'static str) -> Option<Vec<String>> {
        let (given, source) = self.given(key)?;
        match given {
            Given::Words(words) => Some(words.iter().flat_map(|word| value::list_word(word)).collect()),
            Given::Node(node) => self.list_node(node, key, source),
        }
    }

    pub(crate) fn list_node(&mut self, node: &Node, path: &str, source: Source) -> Option<Vec<String>> {
        if let Some(text) = node.as_str() {
            let message = "is a list, each item behind a dash; this text was split at its commas";
            self.warnings.push(Warning::new(path, message, source));
            return Some(value::list_word(text));
        }
        match value::texts(node) {
            Ok(texts) => Some(texts),
            Err((index, misfit)) => {
                let path = index.map_or(path.to_owned(), |index| format!("{path}[{index}]"));
                self.misfit(&path, misfit, source);
                None
            }
        }
    }

    fn read<T>(
        &mut self,
        key: &'static str,
        from_word: impl Fn(&str) -> Result<T, Misfit>,
        from_node: impl Fn(&Node) -> Result<T, Misfit>,
    ) -> Option<T> {
        let (given, source) = self.given(key)?;
        let read = match &given {
            Given::Words(words) => from_word(words.last().map_or("", String::as_str)),
            Given::Node(node) => from_node(node),
        };
        match read {
            Ok(value) => Some(value),
            Err(misfit) => {
                self.misfit(key, misfit, source);
                None
            }
        }
    }

    /// The strongest source that gives `key`: flag, variable, file (controller-config 1).
    fn given(&mut self, key: &'static str) -> Option<(Given<'a>, Source)> {
        self.asked.insert(key);
        let (given, source) = self
            .flag(key)
            .or_else(|| self.variable(key))
            .or_else(|| self.file.get(key).map(|node| (Given::Node(node), self.file.place(node.site()))))?;
        self.origins.insert(key.to_owned(), source.clone());
        Some((given, source))
    }

    fn flag(&self, key: &'static str) -> Option<(Given<'a>, Source)> {
        let words = self.args.given.get(key)?;
        let list = scalar_of(key).kind == Kind::List;
        // An empty list clears; any other empty value counts as not given.
        let empty = words.last().is_none_or(String::is_empty);
        (list || !empty).then(|| (Given::Words(words.clone()), Source::Flag(key.to_owned())))
    }

    fn variable(&mut self, key: &'static str) -> Option<(Given<'a>, Source)> {
        let name = scalar_of(key).variable();
        let word = self.variables.get(&name).filter(|word| !word.is_empty())?;
        let source = Source::Variable(name);
        if key.ends_with("-port") && SERVICE_LINKS.iter().any(|link| word.starts_with(link)) {
            let message = "is ignored: Kubernetes sets this variable for a Service of that name";
            self.warnings.push(Warning::new(key, message, source));
            return None;
        }
        Some((Given::Words(vec![word.clone()]), source))
    }

    pub(crate) fn misfit(&mut self, path: &str, misfit: Misfit, source: Source) {
        let problem = Problem::new(path, misfit.reason, source).id("E-36");
        self.type_problems.push(match misfit.hint {
            Some(hint) => problem.hint(hint),
            None => problem,
        });
    }

    /// A key that only the file can give.
    pub(crate) fn file_only(&mut self, key: &str) -> Option<&'a Node> {
        let node = self.file.get(key)?;
        self.origins.insert(key.to_owned(), self.file.place(node.site()));
        Some(node)
    }

    /// The members of one of our own objects that are known and not null, under their right names.
    pub(crate) fn members(
        &mut self,
        node: &'a Node,
        path: &str,
        known: &[&'static str],
    ) -> Vec<(&'static str, &'a Node)> {
        let Some(mapping) = node.as_mapping() else {
            let reason = format!("expected a mapping, found {}", node.type_name());
            self.misfit(path, Misfit::new(reason), self.file.place(node.site()));
            return Vec::new();
        };
        let mut members = Vec::new();
        for entry in mapping.iter() {
            let key = entry.key.text.as_str();
            let folded = known.iter().find(|name| name.eq_ignore_ascii_case(key)).copied();
            let place = self.file.place(entry.key.span);
            let name = match folded {
                Some(name) if name == key => name,
                Some(name) if mapping.get(name).is_none() => {
                    let message = format!("was read as `{name}`; write it that way");
                    self.warnings.push(Warning::new(join(path, key), message, place));
                    name
                }
                _ => {
                    self.type_problems.push(unknown_key(&join(path, key), key, known.to_vec(), place));
                    continue;
                }
            };
            if !entry.value.is_null() {
                members.push((name, &entry.value));
            }
        }
        members
    }

    /// A value of a structured setting; `None` when it does not fit, which is then a problem.
    pub(crate) fn field<T>(&mut self, read: Result<T, Misfit>, node: &Node, path: &str) -> Option<T> {
        match read {
            Ok(value) => Some(value),
            Err(misfit) => {
                self.misfit(path, misfit, self.file.place(node.site()));
                None
            }
        }
    }

    pub(crate) fn text_field(&mut self, node: &Node, path: &str) -> Option<String> {
        self.field(value::text(node), node, path)
    }

    pub(crate) fn bool_field(&mut self, node: &Node, path: &str) -> Option<bool> {
        self.field(value::boolean(node), node, path)
    }

    pub(crate) fn int_field(&mut self, node: &Node, path: &str) -> Option<i64> {
        self.field(value::integer(node), node, path)
    }

    pub(crate) fn texts_field(&mut self, node: &Node, path: &str) -> Vec<String> {
        match value::texts(node) {
            Ok(texts) => texts,
            Err((index, misfit)) => {
                let path = index.map_or(path.to_owned(), |index| format!("{path}[{index}]"));
                self.misfit(&path, misfit, self.file.place(node.site()));
                Vec::new()
            }
        }
    }

    /// A map of text; keys are the user's own, null values count as absent.
    pub(crate) fn text_map(&mut self, node: &Node, path: &str) -> BTreeMap<String, String> {
        self.map(node, path, value::text)
    }

    /// A map of Kubernetes quantities, which may be written as numbers; the builder judges them.
    pub(crate) fn quantity_map(&mut self, node: &Node, path: &str) -> BTreeMap<String, String> {
        self.map(node, path, value::quantity)
    }

    fn map(
        &mut self,
        node: &Node,
        path: &str,
        read: fn(&Node) -> Result<String, Misfit>,
    ) -> BTreeMap<String, String> {
        let Some(mapping) = node.as_mapping() else {
            let reason = format!("expected a mapping, found {}", node.type_name());
            self.misfit(path, Misfit::new(reason), self.file.place(node.site()));
            return BTreeMap::new();
        };
        let mut map = BTreeMap::new();
        for entry in mapping.iter().filter(|entry| !entry.value.is_null()) {
            let path = join(path, &entry.key.text);
            if let Some(text) = self.field(read(&entry.value), &entry.value, &path) {
                map.insert(entry.key.text.clone(), text);
            }
        }
        map
    }

    /// A Kubernetes object, kept as written; the builder reads it against the Kubernetes schema.
    pub(crate) fn kubernetes_object(&mut self, node: &Node, path: &str) -> Option<Value> {
        if node.as_mapping().is_some() {
            return Some(node.to_json());
        }
        let reason = format!("expected a mapping, found {}", node.type_name());
        self.misfit(path, Misfit::new(reason), self.file.place(node.site()));
        None
    }

    /// A list of Kubernetes objects.
    pub(crate) fn kubernetes_objects(&mut self, node: &Node, path: &str) -> Vec<Value> {
        let Some(items) = node.as_sequence() else {
            let misfit = Misfit::new(format!("expected a list, found {}", node.type_name()));
            self.misfit(path, misfit.hint("write each item behind a dash"), self.file.place(node.site()));
            return Vec::new();
        };
        let items = items.iter().enumerate();
        items.filter_map(|(index, item)| self.kubernetes_object(item, &format!("{path}[{index}]"))).collect()
    }
}
