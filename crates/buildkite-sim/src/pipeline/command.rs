//! Command steps (pipeline-format 8) and the top-level attributes they inherit.

use indexmap::IndexMap;
use serde_json::Value;

use super::error::PipelineError;
use super::matrix::Matrix;
use super::model::{Checkout, CommandStep, Concurrency, ConcurrencyMethod, StepBase};
use super::plugins;
use super::read::{self, Fields, Place};
use super::retry;

const LONGEST_GROUP: usize = 200;

/// Reads the attributes after the shared ones.
pub(super) fn read(
    place: &Place,
    base: StepBase,
    fields: &mut Fields<'_>,
) -> Result<CommandStep, PipelineError> {
    for refused in ["cache", "secrets", "signature"] {
        fields.refuse(refused)?;
    }
    let matrix = match fields.take("matrix") {
        None | Some(Value::Null) => None,
        Some(value) => Some(Matrix::read(place, value)?),
    };
    let parallelism = fields.count_alias(&["parallelism"])?;
    if matrix.is_some() && parallelism.is_some() {
        return Err(place.invalid("`parallelism` and `matrix` cannot be combined on one step"));
    }
    Ok(CommandStep {
        base,
        command: read_command(place, fields.take_alias(&["command", "commands"])?)?,
        agents: read_agents(place, fields.take_alias(&["agents", "agent_query_rules"])?)?,
        env: read_env(place, fields.take("env"))?,
        artifact_paths: fields.str_or_list_alias(&["artifact_paths", "artifacts"])?,
        plugins: match fields.take("plugins") {
            None => Vec::new(),
            Some(value) => plugins::read_plugins(place, value)?,
        },
        image: fields.text("image")?,
        cancel_on_build_failing: fields.flag("cancel_on_build_failing")?,
        concurrency: read_concurrency(place, fields)?,
        priority: fields.integer("priority")?,
        timeout_in_minutes: fields.count_alias(&["timeout_in_minutes", "timeout"])?,
        parallelism,
        matrix,
        soft_fail: match fields.take("soft_fail") {
            None | Some(Value::Null) => retry::SoftFail::Never,
            Some(value) => retry::read_soft_fail(place, value)?,
        },
        retry: match fields.take("retry") {
            None | Some(Value::Null) => Vec::new(),
            Some(value) => retry::read_retry(place, value)?,
        },
        checkout: read_checkout(place, fields.take("checkout"))?,
    })
}

fn read_command(place: &Place, value: Option<&Value>) -> Result<Option<String>, PipelineError> {
    let line = |value: &Value| match value {
        Value::Null => Ok(String::new()),
        _ => read::as_text(value).ok_or_else(|| {
            place.invalid(format!("a command is text, not {value}; quote it when it holds \": \""))
        }),
    };
    match value {
        None | Some(Value::Null) => Ok(None),
        Some(Value::Array(lines)) => {
            let lines: Vec<String> = lines.iter().map(line).collect::<Result<_, _>>()?;
            Ok(Some(lines.join("\n")))
        }
        Some(one) => line(one).map(Some),
    }
}

/// Reads `agents` of a step or of the pipeline into `key=value` rules (pipeline-format 8.2).
pub(super) fn read_agents(
    place: &Place,
    value: Option<&Value>,
) -> Result<Option<Vec<String>>, PipelineError> {
    let rules = match value {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(tag, value)| match read::as_text(value) {
                Some(value) => Ok(rule(tag, &value)),
                None => Err(place.invalid(format!("agent tag `{tag}` takes one value"))),
            })
            .collect::<Result<Vec<_>, _>>()?,
        Some(Value::Array(list)) => list
            .iter()
            .map(|entry| match read::as_text(entry) {
                Some(text) => match text.split_once('=') {
                    Some((tag, value)) => Ok(rule(tag, value)),
                    None => {
                        Err(place.invalid(format!("agent rule \"{text}\" has no \"=\"; write queue={text}")))
                    }
                },
                None => Err(place.invalid("an agent rule is written \"key=value\"")),
            })
            .collect::<Result<Vec<_>, _>>()?,
        Some(_) => {
            return Err(
                place.invalid("`agents` is a mapping (queue: kubernetes) or a list (\"queue=kubernetes\")")
            );
        }
    };
    Ok(Some(rules))
}

fn rule(tag: &str, value: &str) -> String {
    // An empty value means any value, like `*`.
    let value = if value.trim().is_empty() { "*" } else { value.trim() };
    format!("{}={value}", tag.trim())
}

/// Reads `env` of a step or of the pipeline (pipeline-format 8.7).
pub(super) fn read_env(
    place: &Place,
    value: Option<&Value>,
) -> Result<IndexMap<String, String>, PipelineError> {
    match value {
        None | Some(Value::Null) => Ok(IndexMap::new()),
        Some(Value::Object(map)) => map
            .iter()
            .map(|(name, value)| match value {
                Value::Null => Ok((name.clone(), String::new())),
                _ => match read::as_text(value) {
                    Some(text) => Ok((name.clone(), text)),
                    None => Err(place.invalid(format!("environment variable `{name}` must be a string"))),
                },
            })
            .collect(),
        Some(_) => Err(place.invalid("`env` must be a mapping, such as {A: \"1\"}")),
    }
}

/// Reads the native `checkout` map; the keys that need more than a variable are refused.
pub(super) fn read_checkout(place: &Place, value: Option<&Value>) -> Result<Checkout, PipelineError> {
    let map = match value {
        None | Some(Value::Null) => return Ok(Checkout::default()),
        Some(Value::Object(map)) => map,
        Some(_) => return Err(place.invalid("write checkout: {skip: true}")),
    };
    let mut fields = Fields::new(place, "`checkout`", map);
    for (key, refused) in [
        ("depth", "`checkout.depth`"),
        ("flags", "`checkout.flags`"),
        ("sparse", "`checkout.sparse`"),
        ("ssh_secret", "`checkout.ssh_secret`"),
        ("commit_verification", "`checkout.commit_verification`"),
    ] {
        if fields.take(key).is_some() {
            return Err(place.unsupported(refused));
        }
    }
    let checkout = Checkout {
        skip: fields.optional_flag("skip")?,
        submodules: fields.optional_flag("submodules")?,
        lfs: fields.optional_flag("lfs")?,
    };
    fields.finish()?;
    Ok(checkout)
}

fn read_concurrency(place: &Place, fields: &mut Fields<'_>) -> Result<Option<Concurrency>, PipelineError> {
    let limit = fields.count_alias(&["concurrency"])?;
    let group = fields.text("concurrency_group")?;
    let method = fields.text("concurrency_method")?;
    let (limit, group) = match (limit, group) {
        (Some(limit), Some(group)) => (limit, group),
        (Some(_), None) => return Err(place.invalid("`concurrency` needs `concurrency_group`")),
        (None, Some(_)) => return Err(place.invalid("`concurrency_group` needs `concurrency`")),
        (None, None) if method.is_some() => {
            return Err(place.invalid("`concurrency_method` needs `concurrency`"));
        }
        (None, None) => return Ok(None),
    };
    if group.is_empty() || group.chars().count() > LONGEST_GROUP {
        return Err(place.invalid("`concurrency_group` has 1 to 200 characters"));
    }
    let method = match method.as_deref() {
        None | Some("ordered") => ConcurrencyMethod::Ordered,
        Some("eager") => ConcurrencyMethod::Eager,
        Some(_) => return Err(place.invalid("`concurrency_method` is ordered or eager")),
    };
    Ok(Some(Concurrency { limit, group, method }))
}
