//! Steps: which kind, and the attributes that all kinds share (pipeline-format 6, 7, 9, 12).

use serde_json::{Map, Value};

use super::command;
use super::condition::Condition;
use super::error::PipelineError;
use super::input;
use super::model::{Dependency, GroupStep, Step, StepBase, WaitStep};
use super::read::{self, Fields, Place};

/// Which attributes a kind of step has beyond its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Command,
    Wait,
    Block,
    Input,
    Group,
}

impl Kind {
    pub(super) fn owner(self) -> &'static str {
        match self {
            Self::Command => "command step",
            Self::Wait => "wait step",
            Self::Block => "block step",
            Self::Input => "input step",
            Self::Group => "group step",
        }
    }
}

/// Reads a list of steps; `outer` is the pipeline or the group around it.
pub(super) fn read_steps(outer: &Place, list: &[Value], in_group: bool) -> Result<Vec<Step>, PipelineError> {
    list.iter().enumerate().map(|(index, value)| read_step(outer, index, value, in_group)).collect()
}

fn read_step(outer: &Place, index: usize, value: &Value, in_group: bool) -> Result<Step, PipelineError> {
    match value {
        Value::String(word) => read_word(&outer.step(index, None), word),
        Value::Object(map) => {
            let place = outer.step(index, name_of(map));
            let kind = kind_of(&place, map)?;
            if kind == Kind::Group && in_group {
                return Err(place.invalid("groups cannot be nested"));
            }
            match nested(kind, map) {
                Some(inner) => read_mapping(&place, kind, inner),
                None => read_mapping(&place, kind, map),
            }
        }
        Value::Null => Err(outer.step(index, None).invalid("this step is empty")),
        _ => Err(outer.step(index, None).invalid("a step is a word or a mapping")),
    }
}

/// What people call the step: for error messages.
fn name_of(map: &Map<String, Value>) -> Option<&str> {
    ["label", "name", "key", "id", "identifier", "group", "block", "input", "trigger"]
        .iter()
        .find_map(|key| map.get(*key).and_then(Value::as_str))
        .filter(|name| !name.is_empty())
}

fn read_word(place: &Place, word: &str) -> Result<Step, PipelineError> {
    match word {
        "wait" | "waiter" => Ok(Step::Wait(WaitStep::default())),
        "block" | "manual" => Ok(Step::Block(input::plain())),
        "input" => Ok(Step::Input(input::plain())),
        _ => Err(place.invalid(format!(
            "\"{word}\" is not a step; a bare string is wait, block or input, \
             a command is written `- command: {word}`"
        ))),
    }
}

fn kind_of(place: &Place, map: &Map<String, Value>) -> Result<Kind, PipelineError> {
    let has = |key: &str| map.contains_key(key);
    if let Some(kind) = map.get("type") {
        return match kind.as_str() {
            Some("command" | "commands" | "script") => Ok(Kind::Command),
            Some("wait" | "waiter") => Ok(Kind::Wait),
            Some("block" | "manual") => Ok(Kind::Block),
            Some("input") => Ok(Kind::Input),
            Some("group") => Ok(Kind::Group),
            Some("trigger") => Err(place.unsupported_steps("trigger")),
            _ => Err(place.invalid(format!("unknown step type {kind}"))),
        };
    }
    if has("command") || has("commands") || has("plugins") {
        Ok(Kind::Command)
    } else if has("wait") || has("waiter") {
        Ok(Kind::Wait)
    } else if has("block") {
        Ok(Kind::Block)
    } else if has("input") {
        Ok(Kind::Input)
    } else if has("manual") {
        Ok(Kind::Block)
    } else if has("trigger") {
        Err(place.unsupported_steps("trigger"))
    } else if has("group") {
        Ok(Kind::Group)
    } else if map.get("script").is_some_and(Value::is_object) {
        Ok(Kind::Command)
    } else {
        Err(place.invalid("this step has no type; add one of command, plugins, wait, block, input, group"))
    }
}

/// The attributes of `- command: {…}` and its kin (pipeline-format 6.3).
fn nested(kind: Kind, map: &Map<String, Value>) -> Option<&Map<String, Value>> {
    let keys: &[&str] = match kind {
        Kind::Command => &["command", "commands", "script"],
        Kind::Wait => &["wait", "waiter"],
        Kind::Block => &["block", "manual"],
        Kind::Input => &["input"],
        Kind::Group => &[],
    };
    if map.len() != 1 {
        return None;
    }
    keys.iter().find_map(|key| map.get(*key).and_then(Value::as_object))
}

fn read_mapping(place: &Place, kind: Kind, map: &Map<String, Value>) -> Result<Step, PipelineError> {
    let mut fields = Fields::new(place, kind.owner(), map);
    fields.take("type");
    let base = read_base(place, kind, &mut fields)?;
    let step = match kind {
        Kind::Command => Step::Command(Box::new(command::read(place, base, &mut fields)?)),
        Kind::Wait => Step::Wait(read_wait(base, &mut fields)?),
        Kind::Block => Step::Block(input::read(place, base, &["block", "manual"], &mut fields)?),
        Kind::Input => Step::Input(input::read(place, base, &["input"], &mut fields)?),
        Kind::Group => Step::Group(read_group(place, base, &mut fields)?),
    };
    fields.finish()?;
    Ok(step)
}

fn read_wait(base: StepBase, fields: &mut Fields<'_>) -> Result<WaitStep, PipelineError> {
    let label = fields.text_alias(&["wait", "waiter"])?.filter(|text| !text.is_empty());
    let continue_on_failure = fields.flag("continue_on_failure")?;
    Ok(WaitStep { base: StepBase { label: label.or(base.label), ..base }, continue_on_failure })
}

fn read_group(place: &Place, base: StepBase, fields: &mut Fields<'_>) -> Result<GroupStep, PipelineError> {
    let name = fields.text("group")?.filter(|text| !text.is_empty());
    let steps = match fields.take("steps") {
        Some(Value::Array(list)) if !list.is_empty() => read_steps(place, list, true)?,
        _ => return Err(place.invalid("a group needs at least one step under `steps`")),
    };
    Ok(GroupStep { base: StepBase { label: name.or(base.label), ..base }, steps })
}

fn read_base(place: &Place, kind: Kind, fields: &mut Fields<'_>) -> Result<StepBase, PipelineError> {
    let key = fields.text_alias(&["key", "id", "identifier"])?.filter(|key| !key.is_empty());
    if let Some(key) = &key {
        check_key(place, key)?;
    }
    let mut base = StepBase {
        key,
        label: fields.text_alias(&["label", "name"])?.filter(|label| !label.is_empty()),
        depends_on: read_dependencies(place, fields.take("depends_on"))?,
        allow_dependency_failure: fields.flag("allow_dependency_failure")?,
        condition: read_condition(place, fields)?,
        ..StepBase::default()
    };
    if kind != Kind::Group {
        base.branches = fields
            .str_or_list("branches")?
            .iter()
            .flat_map(|patterns| patterns.split_whitespace())
            .map(str::to_owned)
            .collect();
    }
    if base.condition.is_some() && !base.branches.is_empty() {
        return Err(
            place.invalid("`if` and `branches` cannot be used together; move the branch test into `if`")
        );
    }
    if matches!(kind, Kind::Command | Kind::Group) {
        base.skip = read_skip(place, fields.take("skip"))?;
        fields.refuse("if_changed")?;
        fields.refuse("notify")?;
    }
    Ok(base)
}

fn check_key(place: &Place, key: &str) -> Result<(), PipelineError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_-:.,".contains(c);
    if key.len() > 100 || !key.chars().all(allowed) {
        return Err(place.invalid(format!(
            "key \"{key}\": a key holds letters, digits and _ - : . , only, at most 100 of them"
        )));
    }
    if uuid::Uuid::try_parse(key).is_ok() {
        return Err(place.invalid(format!("key \"{key}\" must not look like a UUID")));
    }
    Ok(())
}

fn read_condition(place: &Place, fields: &mut Fields<'_>) -> Result<Option<Condition>, PipelineError> {
    match fields.text("if")?.filter(|text| !text.trim().is_empty()) {
        None => Ok(None),
        Some(text) => match Condition::parse(&text) {
            Ok(condition) => Ok(Some(condition)),
            Err(error) => Err(place.invalid(format!("`if`: {error}"))),
        },
    }
}

fn read_dependencies(place: &Place, value: Option<&Value>) -> Result<Option<Vec<Dependency>>, PipelineError> {
    match value {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(Vec::new())),
        Some(Value::String(key)) => Ok(Some(vec![Dependency { step: key.clone(), allow_failure: false }])),
        Some(Value::Array(list)) => {
            list.iter().map(|entry| read_dependency(place, entry)).collect::<Result<_, _>>().map(Some)
        }
        Some(Value::Object(_)) => Err(place.invalid("put the mapping in a list: depends_on: [{step: lint}]")),
        Some(_) => Err(place.invalid("`depends_on` is a key or a list of keys")),
    }
}

fn read_dependency(place: &Place, entry: &Value) -> Result<Dependency, PipelineError> {
    match entry {
        Value::String(key) => Ok(Dependency { step: key.clone(), allow_failure: false }),
        Value::Object(map) => {
            let mut fields = Fields::new(place, "`depends_on` entry", map);
            let step = fields.text("step")?;
            let allow_failure = fields.flag("allow_failure")?;
            fields.finish()?;
            match step {
                Some(step) => Ok(Dependency { step, allow_failure }),
                None => Err(place.invalid("an entry of `depends_on` needs `step`")),
            }
        }
        _ => Err(place.invalid("an entry of `depends_on` is a key or {step: key}")),
    }
}

fn read_skip(place: &Place, value: Option<&Value>) -> Result<Option<String>, PipelineError> {
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match (read::as_boolish(value), value) {
            (Some(true), _) => Ok(Some(String::new())),
            (Some(false), _) => Ok(None),
            (None, Value::String(reason)) if reason.is_empty() => Ok(None),
            (None, Value::String(reason)) => match reason.chars().count() {
                0..=70 => Ok(Some(reason.clone())),
                length => Err(place
                    .invalid(format!("a skip reason is limited to 70 characters; this one has {length}"))),
            },
            _ => Err(place.invalid("`skip` is true, false or a reason")),
        },
    }
}
