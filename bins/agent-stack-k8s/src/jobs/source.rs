//! Files that are named on the command line.

use std::{
    fmt,
    io::{self, Read as _},
};

use yaml_source::{Dialect, Document, Node};

/// A file's text under the name that messages give it.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) name: String,
    pub(super) text: String,
}

/// A file that is not there, or not what it should be. Displays as `file:line:column: what`.
#[derive(Debug)]
pub(crate) struct Unreadable(String);

impl Unreadable {
    pub(super) fn new(what: impl Into<String>) -> Self {
        Self(what.into())
    }
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads a file, or standard input for `-`.
pub(super) fn read(path: &str) -> Result<Source, Unreadable> {
    let (name, text) = if path == "-" {
        let mut text = String::new();
        ("standard input".to_owned(), io::stdin().read_to_string(&mut text).map(|_| text))
    } else {
        (path.to_owned(), std::fs::read_to_string(path))
    };
    match text {
        Ok(text) => Ok(Source { name, text }),
        Err(error) => Err(Unreadable(format!("cannot read `{name}`: {error}"))),
    }
}

impl Source {
    /// The only document, YAML or JSON.
    pub(super) fn document(&self, dialect: Dialect) -> Result<Document, Unreadable> {
        let mut documents = yaml_source::parse(&self.name, &self.text, dialect)
            .map_err(|error| Unreadable(error.to_string()))?;
        documents.retain(|document| !document.is_empty());
        match documents.len() {
            1 => Ok(documents.remove(0)),
            0 => Err(Unreadable(format!("{}: holds nothing", self.name))),
            several => Err(Unreadable(format!("{}: holds {several} documents; give one", self.name))),
        }
    }

    /// An error about a node.
    pub(super) fn refuse(&self, node: &Node, what: &str) -> Unreadable {
        Unreadable(format!("{}:{}: {what}", self.name, node.site()))
    }
}
