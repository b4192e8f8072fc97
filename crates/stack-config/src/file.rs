//! The configuration file: one mapping with known keys (controller-config 2).

use yaml_source::{Dialect, Document, Mapping, Node, Span, YamlError, nearest, parse};

use crate::keys;
use crate::problem::{Problem, Source, Warning};

/// The file as read; without one, a file that gives nothing.
#[derive(Debug, Default)]
pub(crate) struct ConfigFile {
    name: String,
    root: Mapping,
}

impl ConfigFile {
    /// Reads the text of `name`.
    pub(crate) fn read(name: &str, text: &str) -> Result<(Self, Vec<Warning>), Vec<Problem>> {
        let mut file = Self { name: name.to_owned(), root: Mapping::default() };
        let documents = parse(name, text, Dialect::Config).map_err(|error| vec![syntax(error)])?;
        let mut warnings = Vec::new();
        let Some(first) = documents.first() else {
            return Ok((file, warnings));
        };
        if let Some(second) = documents[1..].iter().find(|document| !document.is_empty()) {
            warnings.push(file.later_document(second));
        }
        match first.root().as_mapping() {
            Some(mapping) => file.root = mapping.clone(),
            None if first.root().is_null() => {}
            None => {
                let reason =
                    format!("the file must be a mapping of settings, found {}", first.root().type_name());
                return Err(vec![Problem::new("", reason, file.place(first.root().span()))]);
            }
        }
        file.duplicates(first.root(), "", &mut warnings);
        Ok((file, warnings))
    }

    /// The value of a key; null counts as absent.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.root.get(key).filter(|node| !node.is_null())
    }

    /// Where a key stands, whatever its value.
    pub(crate) fn key_place(&self, key: &str) -> Option<Source> {
        self.root.entry(key).map(|entry| self.place(entry.key.span))
    }

    /// The place nearest to a path such as `agent-config.additional-hooks[0].path`: that of the
    /// deepest part that is there.
    pub(crate) fn path_place(&self, path: &str) -> Option<Source> {
        let mut parts = path.split(['.', '[']).map(|part| part.trim_end_matches(']'));
        let mut node = self.root.get(parts.next()?)?;
        for part in parts {
            let next = match part.parse::<usize>() {
                Ok(index) => node.as_sequence().and_then(|items| items.get(index)),
                Err(_) => node.get(part),
            };
            match next {
                Some(next) => node = next,
                None => break,
            }
        }
        Some(self.place(node.site()))
    }

    pub(crate) fn place(&self, span: Span) -> Source {
        Source::File { file: self.name.clone(), line: span.line, column: span.column }
    }

    fn later_document(&self, document: &Document) -> Warning {
        let message = "only the first document of the file counts; this one is ignored";
        Warning::new("---", message, self.place(document.root().span()))
    }

    /// Outermost keys that are no settings.
    pub(crate) fn unknown_keys(&self) -> Vec<Problem> {
        let known = keys::top_level();
        let unknown = self.root.iter().filter(|entry| !known.contains(&entry.key.text.as_str()));
        unknown
            .map(|entry| {
                unknown_key(&entry.key.text, &entry.key.text, suggestions(), self.place(entry.key.span))
            })
            .collect()
    }

    /// Warns about keys given twice, anywhere in the file.
    fn duplicates(&self, node: &Node, path: &str, warnings: &mut Vec<Warning>) {
        if let Some(mapping) = node.as_mapping() {
            for twice in mapping.duplicates() {
                let message =
                    format!("is given twice, first in line {}; the last one counts", twice.first.line);
                warnings.push(Warning::new(join(path, &twice.key), message, self.place(twice.second)));
            }
            for entry in mapping.iter() {
                self.duplicates(&entry.value, &join(path, &entry.key.text), warnings);
            }
        }
        for (index, item) in node.as_sequence().unwrap_or_default().iter().enumerate() {
            self.duplicates(item, &format!("{path}[{index}]"), warnings);
        }
    }
}

fn syntax(error: YamlError) -> Problem {
    let source = Source::File { file: error.file, line: error.span.line, column: error.span.column };
    let problem = Problem::new("", error.message, source);
    match error.hint {
        Some(hint) => problem.hint(hint),
        None => problem,
    }
}

/// What a misspelt key may have meant: not the leftovers, which nobody should add.
fn suggestions() -> Vec<&'static str> {
    keys::SCALARS.iter().map(|scalar| scalar.key).chain(keys::FILE_ONLY).collect()
}

/// An unknown key (E-36) with the nearest known one.
pub(crate) fn unknown_key(path: &str, key: &str, known: Vec<&'static str>, source: Source) -> Problem {
    let problem = Problem::new(path, "is not a known key", source).id("E-36");
    match nearest(key, known) {
        Some(near) => problem.hint(format!("did you mean `{near}`?")),
        None => problem.hint("remove it, or look it up in the list of settings"),
    }
}

pub(crate) fn join(path: &str, key: &str) -> String {
    if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") }
}
