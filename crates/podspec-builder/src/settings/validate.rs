//! Checks of a configuration (job-manifest 9.2), made once, before the first job.

use std::fmt;

use redaction::told;

use super::{PodPolicy, Settings, patch};
use crate::error::{quoted, quoted_address};
use crate::text::image::{IMAGE_HINT, ImageReference};
use crate::text::quantity;

/// Why a configuration cannot be used. Holds at least one problem; several only where R-180 says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The problems, in the order of the checks.
    pub problems: Vec<SettingsProblem>,
}

/// One problem of a configuration. Credentials are hidden in its texts as in [`crate::BuildError`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsProblem {
    /// Id of the rule, such as `E-27`.
    pub id: &'static str,
    /// Path of the configuration key, such as `agent-config.additional-hooks[0].path`.
    pub key: String,
    /// What is wrong, a lowercase fragment.
    pub message: String,
    /// The way out.
    pub hint: String,
}

impl SettingsProblem {
    pub(crate) fn new(
        id: &'static str,
        key: impl Into<String>,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self { id, key: told(key.into()), message: told(message.into()), hint: told(hint.into()) }
    }
}

impl From<SettingsProblem> for SettingsError {
    fn from(problem: SettingsProblem) -> Self {
        Self { problems: vec![problem] }
    }
}

impl fmt::Display for SettingsProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}; {}", self.key, self.message, self.hint)
    }
}

/// One problem a line.
impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SettingsError {}

/// The checks that follow decoding, in the order of R-180.
pub(crate) fn validate(settings: &Settings) -> Result<(), SettingsError> {
    required_values(settings)?;
    image(settings)?;
    additional_hooks(settings)?;
    patch::check(settings)?;
    limit("E-32", "image-check-container-cpu-limit", &settings.image_check_container_cpu_limit)?;
    limit("E-33", "image-check-container-memory-limit", &settings.image_check_container_memory_limit)?;
    default_class(settings)?;
    pod_policy(settings)
}

/// Reports all problems of the policy together.
fn pod_policy(settings: &Settings) -> Result<(), SettingsError> {
    let problems: Vec<_> = settings.pod_policy.iter().flat_map(PodPolicy::problems).collect();
    if problems.is_empty() { Ok(()) } else { Err(SettingsError { problems }) }
}

fn required_values(settings: &Settings) -> Result<(), SettingsProblem> {
    for (key, text) in
        [("job-prefix", &settings.job_prefix), ("agent-token-secret", &settings.agent_token_secret)]
    {
        if text.is_empty() {
            let hint = "remove the key to get its default";
            return Err(SettingsProblem::new("E-26", key, "`` is empty", hint));
        }
    }
    for (key, number) in [
        ("job-active-deadline-seconds", settings.job_active_deadline_seconds),
        ("default-termination-grace-period-seconds", settings.default_termination_grace_period_seconds),
    ] {
        if number < 1 {
            let message = format!("`{number}` is less than a second");
            return Err(SettingsProblem::new("E-26", key, message, "write 1 or more, or remove the key"));
        }
    }
    Ok(())
}

fn image(settings: &Settings) -> Result<(), SettingsProblem> {
    match ImageReference::parse(&settings.image) {
        Ok(_) => Ok(()),
        Err(reason) => Err(SettingsProblem::new(
            "E-25",
            "image",
            format!("{} is not an image reference: {reason}", quoted_address(&settings.image)),
            IMAGE_HINT,
        )),
    }
}

/// Reports all problems of all hooks together.
fn additional_hooks(settings: &Settings) -> Result<(), SettingsError> {
    let hooks = settings.agent_config.iter().flat_map(|config| &config.additional_hooks);
    let mut problems = Vec::new();
    for (index, hook) in hooks.enumerate() {
        let key = format!("agent-config.additional-hooks[{index}]");
        if hook.path.is_empty() {
            let hint = "say where the hooks are mounted";
            problems.push(SettingsProblem::new("E-27", format!("{key}.path"), "is missing or empty", hint));
        }
        match &hook.volume {
            None => problems.push(SettingsProblem::new(
                "E-28",
                format!("{key}.volume"),
                "is missing",
                "give the Kubernetes volume that holds the hooks",
            )),
            Some(volume) if volume.get("name").and_then(|name| name.as_str()).is_none_or(str::is_empty) => {
                problems.push(SettingsProblem::new(
                    "E-29",
                    format!("{key}.volume.name"),
                    "is missing or empty",
                    "give the volume a name of its own",
                ));
            }
            Some(_) => {}
        }
    }
    if problems.is_empty() { Ok(()) } else { Err(SettingsError { problems }) }
}

fn limit(id: &'static str, key: &str, text: &str) -> Result<(), SettingsProblem> {
    if quantity::is_valid(text) {
        return Ok(());
    }
    let message = format!("{} is not a Kubernetes quantity", quoted(text));
    Err(SettingsProblem::new(id, key, message, QUANTITY_HINT))
}

/// How quantities are written.
pub(super) const QUANTITY_HINT: &str = "write for example 500m, 2 or 1.5Gi";

fn default_class(settings: &Settings) -> Result<(), SettingsProblem> {
    let name = &settings.default_resource_class_name;
    let key = "default-resource-class-name";
    match &settings.resource_classes {
        _ if name.is_empty() => Ok(()),
        None => Err(SettingsProblem::new(
            "E-34",
            key,
            format!("names the class {}, but `resource-classes` is not given", quoted(name)),
            "define the class there, or remove this key",
        )),
        Some(classes) if !classes.contains_key(name) => Err(SettingsProblem::new(
            "E-35",
            key,
            format!("names the class {}, which `resource-classes` does not hold", quoted(name)),
            "define the class there, or name one of those",
        )),
        Some(_) => Ok(()),
    }
}
