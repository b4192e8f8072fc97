//! Walking a pipeline file in the order in which an upload does.
//!
//! All of the file is walked, since an upload replaces variables in all of it and refuses it for what is wrong in
//! any part; only command steps are kept.

use std::collections::BTreeMap;

use yaml_source::{Entry, Mapping, Node, Span};

use super::kind::{self, Kind};
use super::{BESIDE_THE_JOB, CommandStep, Inherited, Matrix, Pipeline, PipelineError, attributes, refused};
use crate::interpolation::Interpolation;
use crate::step_plugins::step_plugins;

/// What steps inherit, `env` aside.
const INHERITED: [&str; 3] = ["agents", "image", "priority"];

/// A step's key, and its older names.
const KEY: [&str; 3] = ["key", "id", "identifier"];

pub(super) struct Reader {
    /// Nothing is replaced without it.
    interpolation: Option<Interpolation>,
    /// Number of the next step.
    next: usize,
    /// Where the keys of steps were given, those of groups and of steps without jobs among them.
    keys: BTreeMap<String, Span>,
    steps: Vec<CommandStep>,
}

impl Reader {
    pub(super) fn new(interpolation: Option<Interpolation>) -> Self {
        Self { interpolation, next: 0, keys: BTreeMap::new(), steps: Vec::new() }
    }

    pub(super) fn pipeline(mut self, root: &Node) -> Result<Pipeline, PipelineError> {
        if let Some(steps) = root.as_sequence() {
            self.steps(steps, &Inherited::default(), false)?;
            return Ok(Pipeline { steps: self.steps });
        }
        let Some(mapping) = root.as_mapping() else {
            return Err(refused(root, "a pipeline is a mapping with `steps`, or a list of steps"));
        };
        let (top, unknown_variables) = self.top(root, mapping)?;
        let inherited = Inherited { unknown_variables, ..inherited(top.as_mapping().unwrap_or(mapping))? };
        let steps = mapping.get("steps").ok_or_else(|| refused(root, "the pipeline has no `steps`"))?;
        if !steps.is_null() {
            let wrong = || refused(steps, "`steps` is a list; begin each step with `- `");
            self.steps(steps.as_sequence().ok_or_else(wrong)?, &inherited, false)?;
        }
        Ok(Pipeline { steps: self.steps })
    }

    /// What stands beside the steps, and the variables in it that matter to their jobs. `env` comes first, whatever
    /// its place; `secrets` is left alone.
    fn top(&mut self, root: &Node, mapping: &Mapping) -> Result<(Node, Vec<String>), PipelineError> {
        let Some(interpolation) = &mut self.interpolation else { return Ok((root.clone(), Vec::new())) };
        let mut entries = Vec::with_capacity(mapping.len());
        if let Some(entry) = mapping.entry("env") {
            entries.push(Entry { value: interpolation.env(&entry.value)?, ..entry.clone() });
        }
        let mut unknown = interpolation.take_unknown();
        for entry in mapping.iter() {
            match entry.key.text.as_str() {
                "env" | "steps" => {}
                "secrets" => entries.push(entry.clone()),
                _ => entries.push(interpolation.entry(entry)?),
            }
            let names = interpolation.take_unknown();
            if INHERITED.contains(&entry.key.text.as_str()) {
                add(&mut unknown, &names);
            }
        }
        Ok((root.with_entries(entries), unknown))
    }

    fn steps(&mut self, steps: &[Node], inherited: &Inherited, in_group: bool) -> Result<(), PipelineError> {
        steps.iter().try_for_each(|step| match (step.as_str(), step.as_mapping()) {
            (Some(word), _) => self.word(step, word),
            (None, Some(mapping)) => self.step(step, mapping, inherited, in_group),
            (None, None) => Err(refused(step, "a step is a mapping, or a word")),
        })
    }

    fn word(&mut self, step: &Node, word: &str) -> Result<(), PipelineError> {
        self.next += 1;
        if kind::WORDS.contains(&word) {
            return Ok(());
        }
        Err(refused(step, format!("`{word}` is no step; a command is written `- command: {word}`")))
    }

    fn step(
        &mut self,
        step: &Node,
        mapping: &Mapping,
        inherited: &Inherited,
        in_group: bool,
    ) -> Result<(), PipelineError> {
        let kind = kind::of(step, mapping)?;
        if kind == Kind::Group {
            if in_group {
                return Err(refused(step, "a group cannot stand inside of a group"));
            }
            return self.group(step, mapping, inherited);
        }
        let index = self.next;
        self.next += 1;
        let (entries, unknown) = self.attributes(mapping)?;
        if kind == Kind::Command {
            let whole = step.with_entries(entries);
            let whole = whole.as_mapping().unwrap_or(mapping);
            let mut read = command_step(step, kind::attributes(whole), inherited, index)?;
            add(&mut read.unknown_variables, &unknown);
            self.key(step, read.key.as_deref())?;
            self.steps.push(read);
            return Ok(());
        }
        self.key(step, key_among(&entries))
    }

    /// Buildkite takes no build with two steps of one key (pipeline-format 7, S014).
    fn key(&mut self, step: &Node, key: Option<&str>) -> Result<(), PipelineError> {
        let Some(key) = key.filter(|key| !key.is_empty()) else { return Ok(()) };
        match self.keys.insert(key.to_owned(), step.site()) {
            None => Ok(()),
            Some(Span { line, .. }) => {
                let way_out = "give each step a key of its own";
                Err(refused(step, format!("the step in line {line} has the key `{key}` as well; {way_out}")))
            }
        }
    }

    /// A group's own attributes do not reach the jobs of its steps.
    fn group(&mut self, step: &Node, mapping: &Mapping, inherited: &Inherited) -> Result<(), PipelineError> {
        let steps = mapping.get("steps").unwrap_or(step);
        let list = steps.as_sequence().filter(|list| !list.is_empty());
        let list = list.ok_or_else(|| refused(steps, "a group has `steps`, a list with at least one"))?;
        let mut own: Vec<Entry> = mapping.iter().filter(|entry| entry.key.text != "steps").cloned().collect();
        if let Some(interpolation) = &mut self.interpolation {
            own = own.iter().map(|entry| interpolation.entry(entry)).collect::<Result<_, _>>()?;
            interpolation.take_unknown();
        }
        self.key(step, key_among(&own))?;
        self.steps(list, inherited, true)
    }

    /// The attributes of a step, and the variables in them that matter to its jobs.
    fn attributes(&mut self, mapping: &Mapping) -> Result<(Vec<Entry>, Vec<String>), PipelineError> {
        let Some(interpolation) = &mut self.interpolation else {
            return Ok((mapping.iter().cloned().collect(), Vec::new()));
        };
        let (mut entries, mut unknown) = (Vec::with_capacity(mapping.len()), Vec::new());
        for entry in mapping.iter() {
            let entry = interpolation.attribute(entry)?;
            let names = interpolation.take_unknown();
            if !BESIDE_THE_JOB.contains(&entry.key.text.as_str()) {
                add(&mut unknown, &names);
            }
            entries.push(entry);
        }
        Ok((entries, unknown))
    }
}

/// The key of a step that has no jobs; what is no text is no key here.
fn key_among(entries: &[Entry]) -> Option<&str> {
    let given = KEY.iter().find_map(|name| entries.iter().find(|entry| entry.key.text == *name));
    given.and_then(|entry| entry.value.as_str())
}

fn inherited(top: &Mapping) -> Result<Inherited, PipelineError> {
    Ok(Inherited {
        env: attributes::env(top)?,
        agents: attributes::agents(top)?.unwrap_or_default(),
        image: attributes::text(top, &["image"])?,
        priority: attributes::integer(top, "priority")?.unwrap_or_default(),
        unknown_variables: Vec::new(),
    })
}

fn command_step(
    step: &Node,
    mapping: &Mapping,
    inherited: &Inherited,
    index: usize,
) -> Result<CommandStep, PipelineError> {
    let mut env = inherited.env.clone();
    env.extend(attributes::env(mapping)?);
    let own = attributes::text(mapping, &["image"])?;
    // An upload leaves these out where there is nothing in them.
    let named =
        |names: &[&str]| attributes::text(mapping, names).map(|name| name.filter(|name| !name.is_empty()));
    Ok(CommandStep {
        span: step.site(),
        index,
        key: named(&KEY)?,
        label: named(&["label", "name"])?,
        command: attributes::command(mapping)?,
        env,
        agents: attributes::agents(mapping)?.unwrap_or_else(|| inherited.agents.clone()),
        image: own.or_else(|| inherited.image.clone()),
        priority: attributes::integer(mapping, "priority")?.unwrap_or(inherited.priority),
        plugins: mapping.get("plugins").map(step_plugins).transpose()?.unwrap_or_default(),
        matrix: mapping.get("matrix").filter(|node| !node.is_null()).map(Matrix::read).transpose()?,
        parallelism: attributes::integer(mapping, "parallelism")?,
        unknown_variables: inherited.unknown_variables.clone(),
    })
}

/// Adds the names that are not there yet.
fn add(names: &mut Vec<String>, more: &[String]) {
    for name in more {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
}
