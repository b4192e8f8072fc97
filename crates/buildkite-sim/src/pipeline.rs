//! Pipelines: read, checked, and expanded into jobs.
//!
//! [`parse_json`] takes what an agent uploads, [`parse_yaml`] a file; [`expand`] evaluates
//! conditions and multiplies steps. A feature of Buildkite that the simulator does not have is
//! refused by name with the step that uses it, and so is any unknown attribute of a step.
//! Everything here is pure.
//!
//! Refused today: trigger steps; `cache`, `secrets`, `signature`, `notify`, `if_changed`,
//! `retry.manual`, the `checkout` settings beyond `skip`, `submodules` and `lfs`, and
//! `allowed_teams`; at the top level `cache`, `secrets` and `notify`; several documents in a file.
//!
//! ```
//! use buildkite_sim::pipeline::{self, variables::BuildVariables};
//!
//! let pipeline = pipeline::parse_yaml("steps:\n- command: make\n  parallelism: 2\n", "p.yml")?;
//! let plan = pipeline::expand(&pipeline, &BuildVariables::default())?;
//! assert_eq!(plan.job_count(), 2);
//!
//! let refused = pipeline::parse_yaml("- label: deploy\n  trigger: other\n", "p.yml");
//! assert_eq!(
//!     refused.unwrap_err().to_string(),
//!     "step 1 (\"deploy\"): \"trigger\" steps are not supported by this simulator",
//! );
//! # Ok::<(), pipeline::PipelineError>(())
//! ```

mod branches;
mod check;
mod command;
pub mod condition;
mod error;
mod expand;
mod input;
pub mod interpolate;
pub mod matrix;
pub mod model;
pub mod plan;
mod plugins;
mod read;
pub mod retry;
mod steps;
#[cfg(test)]
mod tests;
pub mod variables;

pub use error::PipelineError;
pub use expand::expand;
pub use read::Place;

use serde_json::{Map, Value};
use yaml_source::Dialect;

use self::model::Pipeline;
use self::read::Fields;

/// Top-level attributes that Buildkite would act on and the simulator would not.
const REFUSED_AT_TOP: &[&str] = &["cache", "notify", "secrets"];

/// Reads a pipeline from JSON: a mapping with `steps`, or a list of steps.
///
/// # Errors
/// The first thing that is wrong, unknown or not simulated, with the step it was found in.
pub fn parse_json(value: &Value) -> Result<Pipeline, PipelineError> {
    let place = Place::pipeline();
    let pipeline = match value {
        Value::Array(list) => {
            Pipeline { steps: steps::read_steps(&place, list, false)?, ..Pipeline::default() }
        }
        Value::Object(map) => read_document(&place, map)?,
        _ => return Err(place.invalid("a pipeline is a mapping with `steps`, or a list of steps")),
    };
    check::check(&pipeline)?;
    Ok(pipeline)
}

/// Reads a pipeline from YAML or JSON text as the agent does; `file` names it in errors.
/// Variables are not interpolated: [`interpolate`] does that on the value of [`read_yaml`].
///
/// # Errors
/// As [`parse_json`], and what is not YAML, with file, line and column.
pub fn parse_yaml(text: &str, file: &str) -> Result<Pipeline, PipelineError> {
    parse_json(&read_yaml(text, file)?)
}

/// The only document of a YAML or JSON text as JSON.
///
/// # Errors
/// Text that the agent's reader refuses; no document or several.
pub fn read_yaml(text: &str, file: &str) -> Result<Value, PipelineError> {
    let yaml = |message: String| PipelineError::Yaml { message };
    let documents =
        yaml_source::parse(file, text, Dialect::Pipeline).map_err(|error| yaml(error.to_string()))?;
    match &documents[..] {
        [document] if !document.is_empty() => {
            check::reject_timestamps(document.root())?;
            Ok(document.root().to_json())
        }
        [] | [_] => Err(yaml(format!("{file}: holds no pipeline"))),
        several => {
            Err(yaml(format!("{file}: holds {} documents; this simulator runs one per file", several.len())))
        }
    }
}

fn read_document(place: &Place, map: &Map<String, Value>) -> Result<Pipeline, PipelineError> {
    let mut fields = Fields::new(place, "pipeline", map);
    for refused in REFUSED_AT_TOP {
        fields.refuse(refused)?;
    }
    let steps = match fields.take("steps") {
        Some(Value::Array(list)) => steps::read_steps(place, list, false)?,
        Some(Value::Null) => Vec::new(),
        Some(_) => return Err(place.invalid("`steps` must be a list; put \"- \" before the step")),
        None => return Err(place.invalid(check::missing_steps(map))),
    };
    Ok(Pipeline {
        env: command::read_env(place, fields.take("env"))?,
        agents: command::read_agents(place, fields.take("agents"))?,
        image: fields.text("image")?,
        priority: fields.integer("priority")?,
        checkout: command::read_checkout(place, fields.take("checkout"))?,
        steps,
        inert_keys: fields.left_unless_near()?,
    })
}
