//! From parser events to the tree: anchors and aliases, tags, merge keys, equal keys.

use std::collections::HashMap;
use std::sync::Arc;

use granit_parser::{ErrorKind, Event, Parser, ScalarStyle, StructureStyle, Tag, options};

use crate::error::{YamlError, is_tab_error};
use crate::node::{Content, Document, Inner, Node, Style};
use crate::scalar::{self, Dialect, Resolved};
use crate::span::{Lines, Span};
use crate::tabs::Tabs;

/// What aliases may unfold to; far above any pipeline, far below what hurts.
const MOST_NODES: u64 = 1_000_000;
/// Nesting with aliases followed; recursion over the tree stays well inside a small stack.
const MOST_LEVELS: u32 = 512;
const CORE: &str = "tag:yaml.org,2002:";

/// Reads all documents of a text. `file` names the source in errors.
///
/// A text of comments and blanks only has no documents. A text without a single byte neither; a
/// caller to whom that matters checks the text.
///
/// # Errors
///
/// The first thing that the agent's reader would refuse: syntax, an unknown or self-containing
/// alias, a merge of something that is no mapping, a key that is null, a list or a mapping
/// (pipeline-format 3.1).
pub fn parse(file: &str, text: &str, dialect: Dialect) -> Result<Vec<Document>, YamlError> {
    let tabs = Tabs::new(text);
    let first = match attempt(file, text, dialect, tabs.clone()) {
        Err(Failure { tab_line: Some(line), error }) => (line, error),
        result => return result.map_err(|failure| failure.error),
    };
    // The parser refuses tabs at the start of lines in brackets too, where the agent's reader takes
    // them. With blanks in their place, which move nothing, it goes on; `tabs` judges the original.
    let (mut line, error) = first;
    let mut patched = text.to_owned();
    for _ in 0..MOST_TAB_LINES {
        let Some(blanked) = blank_tabs(&patched, line) else {
            return Err(error);
        };
        patched = blanked;
        line = match attempt(file, &patched, dialect, tabs.clone()) {
            Err(Failure { tab_line: Some(line), .. }) => line,
            Err(Failure { tab_line: None, error: other }) => {
                return Err(if tabs.first().is_some_and(|at| at < other.span.start) { error } else { other });
            }
            Ok(documents) => return Ok(documents),
        };
    }
    Err(error)
}

/// Lines with tabs inside brackets below a block mapping; more than anyone writes by hand.
const MOST_TAB_LINES: usize = 1000;

struct Failure {
    error: YamlError,
    /// The line (from 1) whose tabs the parser objects to.
    tab_line: Option<u32>,
}

impl From<YamlError> for Failure {
    fn from(error: YamlError) -> Self {
        Self { error, tab_line: None }
    }
}

fn attempt(file: &str, text: &str, dialect: Dialect, tabs: Tabs) -> Result<Vec<Document>, Failure> {
    let lines = Lines::new(text);
    // Comments are not needed in the tree, and the parser bounds how many it buffers.
    let options = options! { emit_comments: false, emit_unresolved_aliases: true, emit_anchor_events: true };
    let mut loader = Loader {
        file,
        dialect,
        documents: Vec::new(),
        stack: Vec::new(),
        anchors: HashMap::new(),
        names: Vec::new(),
        root: None,
        tabs,
    };
    for next in Parser::new_from_str_with_options(text, options) {
        let (event, span) = next.map_err(|scan| {
            let error = YamlError::syntax(file, &lines, &scan);
            if !is_tab_error(scan.kind()) {
                return error.into();
            }
            // Within a plain scalar the parser is still on the line before.
            let before = matches!(scan.kind(), ErrorKind::TabInPlainScalar);
            match loader.tabs.next(error.span.start) {
                Some(at) if before && lines.span(at, at).line == error.span.line + 1 => {
                    let error = YamlError::tab(file, lines.span(at, at + 1));
                    Failure { tab_line: Some(error.span.line), error }
                }
                _ => Failure { tab_line: Some(error.span.line), error },
            }
        })?;
        let mut range = span.byte_range().unwrap_or_default();
        if let Event::SequenceStart(StructureStyle::Block, ..) = event {
            range.start = first_dash(text, range.start);
        }
        loader.event(event, lines.span(range.start, range.end))?;
    }
    match loader.tabs.first() {
        None => Ok(loader.documents),
        Some(at) => Err(YamlError::tab(file, lines.span(at, at + 1)).into()),
    }
}

/// The text with blanks for the tabs at the start of one line; `None` if there are none.
fn blank_tabs(text: &str, line: u32) -> Option<String> {
    let index = line.saturating_sub(1) as usize;
    let start: usize = text.split_inclusive('\n').take(index).map(str::len).sum();
    let blanks = text[start..].bytes().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let (before, rest) = text.split_at(start);
    let (leading, behind) = rest.split_at(blanks);
    leading.contains('\t').then(|| format!("{before}{}{behind}", " ".repeat(blanks)))
}

pub(crate) struct Loader<'a> {
    file: &'a str,
    pub(crate) dialect: Dialect,
    documents: Vec<Document>,
    stack: Vec<Frame>,
    /// `None` while the anchored collection is still open: an alias then contains itself.
    anchors: HashMap<usize, Option<Node>>,
    names: Vec<String>,
    root: Option<Node>,
    tabs: Tabs,
}

struct Frame {
    start: Span,
    style: Style,
    anchor: usize,
    tag: Option<String>,
    last_end: usize,
    items: Items,
}

enum Items {
    Sequence(Vec<Node>),
    Mapping { pairs: Vec<(Node, Node)>, key: Option<Node> },
}

impl Loader<'_> {
    fn event(&mut self, event: Event<'_>, span: Span) -> Result<(), YamlError> {
        self.tabs.token(span.start);
        match event {
            Event::DocumentEnd => self.end_document(span),
            Event::Scalar(written, style, anchor, tag) => {
                match style {
                    ScalarStyle::Literal | ScalarStyle::Folded => self.tabs.block_scalar(span.start),
                    _ => self.tabs.excuse(span.range()),
                }
                let node = self.scalar(&written, style, tag.as_deref(), span)?;
                if anchor > 0 {
                    self.anchors.insert(anchor, Some(node.clone()));
                }
                return self.place(node, span.end);
            }
            Event::SequenceStart(style, anchor, tag) => {
                self.open(style, anchor, tag.as_deref(), span, Items::Sequence(Vec::new()));
            }
            Event::MappingStart(style, anchor, tag) => {
                let items = Items::Mapping { pairs: Vec::new(), key: None };
                self.open(style, anchor, tag.as_deref(), span, items);
            }
            Event::SequenceEnd | Event::MappingEnd => return self.close(span),
            Event::Alias(id) => return self.alias(id, span),
            Event::UnresolvedAlias(name) => return Err(self.unknown_alias(&name, span)),
            Event::Anchor(_, name) => self.names.push(name.into_owned()),
            _ => {}
        }
        Ok(())
    }

    fn end_document(&mut self, span: Span) {
        let root = self.root.take();
        let empty = root.as_ref().is_none_or(|root| {
            let span = root.span();
            root.is_null() && span.start == span.end
        });
        let root = root.unwrap_or_else(|| empty_node(span));
        self.documents.push(Document { root, empty });
        self.anchors.clear();
        self.names.clear();
    }

    fn open(&mut self, style: StructureStyle, anchor: usize, tag: Option<&Tag>, start: Span, items: Items) {
        if anchor > 0 {
            self.anchors.insert(anchor, None);
        }
        self.stack.push(Frame {
            start,
            style: match style {
                StructureStyle::Flow => Style::Flow,
                StructureStyle::Block => Style::Block,
            },
            anchor,
            tag: tag.map(Tag::original),
            last_end: start.end,
            items,
        });
    }

    fn close(&mut self, end_mark: Span) -> Result<(), YamlError> {
        let frame = self.stack.pop().expect("the parser closes only what it opened");
        // The end mark of a block collection is the next token, which may be lines away.
        let end = match frame.style {
            Style::Flow => end_mark.end,
            _ => frame.last_end,
        };
        let span = Span { end: end.max(frame.start.start), ..frame.start };
        if frame.style == Style::Flow {
            self.tabs.excuse(span.range());
        }
        let content = match frame.items {
            Items::Sequence(items) => Content::Sequence(items),
            Items::Mapping { pairs, .. } => Content::Mapping(self.mapping(pairs)?),
        };
        let node = self.node(content, span, frame.style, frame.tag)?;
        if frame.anchor > 0 {
            self.anchors.insert(frame.anchor, Some(node.clone()));
        }
        self.place(node, end)
    }

    fn alias(&mut self, id: usize, span: Span) -> Result<(), YamlError> {
        let target = match self.anchors.get(&id) {
            Some(Some(node)) => node.clone(),
            _ => {
                let error = self.error(span, "this alias stands inside the value that it names");
                return Err(error.with_hint("a value cannot contain itself"));
            }
        };
        let node = Node { alias: Some(span), ..target };
        self.place(node, span.end)
    }

    fn unknown_alias(&self, name: &str, span: Span) -> YamlError {
        let message = format!("alias `*{name}` has no matching anchor `&{name}` before it");
        let error = self.error(span, message);
        if name.contains(['.', '/', '*']) {
            return error.with_hint(format!(
                "a value that starts with \"*\" is an alias; to write a pattern, quote it: \"*{name}\""
            ));
        }
        match self.names.last() {
            Some(_) => error.with_hint(format!("anchors so far: &{}", self.names.join(", &"))),
            None => error,
        }
    }

    /// Puts a finished node where it belongs.
    fn place(&mut self, node: Node, end: usize) -> Result<(), YamlError> {
        let Some(frame) = self.stack.last_mut() else {
            self.root = Some(node);
            return Ok(());
        };
        frame.last_end = frame.last_end.max(end);
        match &mut frame.items {
            Items::Sequence(items) => items.push(node),
            Items::Mapping { pairs, key } => match key.take() {
                Some(key) => pairs.push((key, node)),
                None => *key = Some(node),
            },
        }
        Ok(())
    }

    fn scalar(
        &self,
        written: &str,
        style: ScalarStyle,
        tag: Option<&Tag>,
        span: Span,
    ) -> Result<Node, YamlError> {
        // The parser writes `~` where nothing is written.
        let absent = style == ScalarStyle::Plain && span.start == span.end;
        let written = if absent { "" } else { written };
        let own_tag = tag.and_then(|tag| tag.suffix_in_namespace(CORE));
        let resolved = match (tag, own_tag) {
            (None, _) if style == ScalarStyle::Plain => scalar::plain(written, self.dialect),
            (None, _) => Resolved::Text,
            (Some(_), Some(name)) => scalar::tagged(&name, written, self.dialect).map_err(|()| {
                self.error(span, format!("`{written}` cannot be read as `!!{name}`"))
                    .with_hint("remove the tag, or write a value that fits it")
            })?,
            // A custom tag is dropped, and with it the guess at a type (pipeline-format 3.1).
            (Some(_), None) => Resolved::Text,
        };
        let style = match style {
            ScalarStyle::Plain => Style::Plain,
            ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted => Style::Quoted,
            ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
        };
        let content = Content::Scalar { resolved, written: written.to_owned() };
        self.node(content, span, style, tag.map(Tag::original))
    }

    fn node(
        &self,
        content: Content,
        span: Span,
        style: Style,
        tag: Option<String>,
    ) -> Result<Node, YamlError> {
        let (weight, depth) = match &content {
            Content::Scalar { .. } => (1, 0),
            Content::Sequence(items) => measure(items.iter()),
            Content::Mapping(mapping) => measure(mapping.iter().map(|entry| &entry.value)),
        };
        if weight > MOST_NODES {
            let message = format!("aliases unfold to more than {MOST_NODES} values here");
            return Err(self.error(span, message));
        }
        if depth > MOST_LEVELS {
            let message = format!("values are nested more than {MOST_LEVELS} levels deep here");
            return Err(self.error(span, message));
        }
        let inner = Inner { content, span, style, tag, weight, depth };
        Ok(Node { inner: Arc::new(inner), alias: None })
    }

    pub(crate) fn error(&self, span: Span, message: impl Into<String>) -> YamlError {
        YamlError::new(self.file, span, message)
    }
}

/// Where a block list starts. For one that is not indented below its key the parser points behind
/// the first dash.
fn first_dash(text: &str, start: usize) -> usize {
    if text[start..].starts_with('-') {
        return start;
    }
    let before = text[..start].trim_end();
    if before.ends_with('-') { before.len() - 1 } else { start }
}

/// Weight and depth of what these are the children of.
pub(crate) fn measure<'n>(children: impl Iterator<Item = &'n Node>) -> (u64, u32) {
    children.fold((1, 1), |(weight, depth), child| {
        (weight.saturating_add(child.inner.weight), depth.max(child.inner.depth.saturating_add(1)))
    })
}

fn empty_node(span: Span) -> Node {
    Node {
        inner: Arc::new(Inner {
            content: Content::Scalar { resolved: Resolved::Null, written: String::new() },
            span,
            style: Style::Plain,
            tag: None,
            weight: 1,
            depth: 0,
        }),
        alias: None,
    }
}
