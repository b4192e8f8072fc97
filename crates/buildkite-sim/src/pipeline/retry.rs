//! `retry.automatic` and `soft_fail`: what a failure means.

use serde_json::Value;

use super::error::PipelineError;
use super::read::{self, Place};

/// How often a failure is tried again when a rule does not say (pipeline-format 8.11).
const DEFAULT_LIMIT: u32 = 2;
const HIGHEST_LIMIT: i64 = 10;
const SIGNAL_REASONS: &[&str] = &[
    "*",
    "none",
    "cancel",
    "agent_stop",
    "agent_refused",
    "agent_incompatible",
    "process_run_error",
    "signature_rejected",
    "stack_error",
];

/// Either everything or a list of values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum AnyOf<T> {
    /// `"*"`.
    #[default]
    Any,
    /// One of these.
    OneOf(Vec<T>),
}

/// How a job ended, as far as the rules look at it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure<'a> {
    /// −1 when the agent was lost.
    pub exit_status: i64,
    /// Signal name with or without `SIG`, if one ended the command.
    pub signal: Option<&'a str>,
    /// `cancel`, `agent_stop`, `stack_error`, …
    pub signal_reason: Option<&'a str>,
}

/// One rule of `retry.automatic`; all of its conditions must hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryRule {
    /// Exit statuses; `Any` means any but 0.
    pub exit_status: AnyOf<i64>,
    /// Signal names in lower case without `sig`; `none` stands for "no signal".
    pub signal: AnyOf<String>,
    /// Signal reasons; `none` stands for "no reason".
    pub signal_reason: AnyOf<String>,
    /// How many retries; 0 means never.
    pub limit: u32,
}

impl RetryRule {
    /// Whether the rule speaks about this failure.
    pub fn matches(&self, failure: Failure<'_>) -> bool {
        let signal = failure.signal.filter(|name| !name.is_empty()).map(plain_signal);
        let reason = failure.signal_reason.filter(|reason| !reason.is_empty());
        let status = match &self.exit_status {
            AnyOf::Any => failure.exit_status != 0,
            AnyOf::OneOf(list) => list.contains(&failure.exit_status),
        };
        status && names_match(&self.signal, signal.as_deref()) && names_match(&self.signal_reason, reason)
    }
}

/// How often a job that failed this way is retried in all: the first matching rule decides.
pub fn retry_limit(rules: &[RetryRule], failure: Failure<'_>) -> u32 {
    rules.iter().find(|rule| rule.matches(failure)).map_or(0, |rule| rule.limit)
}

/// Which failures are forgiven.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum SoftFail {
    /// None.
    #[default]
    Never,
    /// Every one.
    Always,
    /// Those with one of these exit statuses.
    On(Vec<i64>),
}

impl SoftFail {
    /// Whether a job that ended with this exit status counts as soft-failed.
    pub fn covers(&self, exit_status: i64) -> bool {
        match self {
            Self::Never => false,
            Self::Always => exit_status != 0,
            Self::On(list) => list.contains(&exit_status),
        }
    }
}

/// Reads `soft_fail` (pipeline-format 7; S117–S119).
pub(super) fn read_soft_fail(place: &Place, value: &Value) -> Result<SoftFail, PipelineError> {
    if let Some(flag) = read::as_boolish(value) {
        return Ok(if flag { SoftFail::Always } else { SoftFail::Never });
    }
    let Value::Array(entries) = value else {
        return Err(place.invalid("`soft_fail` takes true, false or a list such as [{exit_status: 1}]"));
    };
    let mut statuses = Vec::new();
    let mut always = false;
    for entry in entries {
        let Value::Object(map) = entry else {
            return Err(place.invalid("an entry of `soft_fail` is written {exit_status: 1}"));
        };
        let mut fields = read::Fields::new(place, "`soft_fail` entry", map);
        match fields.take("exit_status") {
            Some(Value::String(text)) if text == "*" => always = true,
            Some(status) => statuses.push(exit_status(place, status)?),
            None => return Err(place.invalid("an entry of `soft_fail` needs `exit_status`")),
        }
        fields.finish()?;
    }
    Ok(if always { SoftFail::Always } else { SoftFail::On(statuses) })
}

/// Reads `retry` (pipeline-format 8.11; S109–S114).
pub(super) fn read_retry(place: &Place, value: &Value) -> Result<Vec<RetryRule>, PipelineError> {
    let Value::Object(map) = value else {
        return Err(place.invalid("`retry` is a mapping; write retry: {automatic: true}"));
    };
    let mut fields = read::Fields::new(place, "`retry`", map);
    if fields.take("manual").is_some() {
        return Err(place.unsupported("`retry.manual`"));
    }
    let automatic = fields.take("automatic");
    fields.finish()?;
    match automatic {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(rules)) => rules.iter().map(|rule| read_rule(place, rule)).collect(),
        Some(value) => match read::as_boolish(value) {
            Some(true) => Ok(vec![RetryRule {
                exit_status: AnyOf::Any,
                signal: AnyOf::Any,
                signal_reason: AnyOf::Any,
                limit: DEFAULT_LIMIT,
            }]),
            Some(false) => Ok(Vec::new()),
            None => Ok(vec![read_rule(place, value)?]),
        },
    }
}

fn read_rule(place: &Place, value: &Value) -> Result<RetryRule, PipelineError> {
    let Value::Object(map) = value else {
        return Err(place.invalid("a rule of `retry.automatic` is a mapping such as {exit_status: 1}"));
    };
    let mut fields = read::Fields::new(place, "`retry.automatic` rule", map);
    let exit_status = match fields.take("exit_status") {
        None => AnyOf::Any,
        Some(Value::String(text)) if text == "*" => AnyOf::Any,
        Some(Value::Array(list)) => {
            AnyOf::OneOf(list.iter().map(|one| exit_status(place, one)).collect::<Result<_, _>>()?)
        }
        Some(one) => AnyOf::OneOf(vec![exit_status(place, one)?]),
    };
    let signal = match names(fields.str_or_list("signal")?) {
        AnyOf::Any => AnyOf::Any,
        AnyOf::OneOf(list) => AnyOf::OneOf(list.iter().map(|name| plain_signal(name)).collect()),
    };
    let reasons = fields.str_or_list("signal_reason")?;
    if let Some(unknown) = reasons.iter().find(|reason| !SIGNAL_REASONS.contains(&reason.as_str())) {
        return Err(place
            .invalid(format!("unknown signal_reason \"{unknown}\"; known: {}", SIGNAL_REASONS.join(", "))));
    }
    let limit = match fields.integer("limit")? {
        None => DEFAULT_LIMIT,
        Some(limit) if (0..=HIGHEST_LIMIT).contains(&limit) => {
            u32::try_from(limit).expect("checked to be between 0 and 10")
        }
        Some(limit) => {
            return Err(place.invalid(format!("`limit` is between 0 and 10, not {limit}")));
        }
    };
    fields.finish()?;
    Ok(RetryRule { exit_status, signal, signal_reason: names(reasons), limit })
}

fn exit_status(place: &Place, value: &Value) -> Result<i64, PipelineError> {
    read::as_integer(value)
        .filter(|status| (-1..=255).contains(status))
        .ok_or_else(|| place.invalid(format!("exit statuses are -1 to 255, or \"*\", not {value}")))
}

fn names(list: Vec<String>) -> AnyOf<String> {
    if list.is_empty() || list.iter().any(|name| name == "*") { AnyOf::Any } else { AnyOf::OneOf(list) }
}

fn plain_signal(name: &str) -> String {
    let lower = name.to_ascii_lowercase();
    lower.strip_prefix("sig").map_or(lower.clone(), str::to_owned)
}

fn names_match(wanted: &AnyOf<String>, got: Option<&str>) -> bool {
    match wanted {
        AnyOf::Any => true,
        AnyOf::OneOf(list) => list.iter().any(|name| name == got.unwrap_or("none")),
    }
}
