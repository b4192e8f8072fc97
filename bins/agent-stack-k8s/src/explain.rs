//! `explain`: where each field of a Job comes from (`docs/spec/controller-config.md` 8.1, 8.3).
//!
//! What an origin is and how it is found is `podspec-builder`'s; here it is chosen and printed.

mod field_path;
mod text;

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::{ArgGroup, Args, ValueEnum};
use podspec_builder::{Explained, Field, Origin};
use serde_json::{Value, json};
use stack_config::{ConfigError, Loaded, Source};

use self::field_path::FieldPath;
use crate::jobs::report::{Failure, before, tell, tell_refusal, tell_warnings};
use crate::jobs::{JobArgs, Jobs, Workshop};
use crate::render::print;
use crate::start::{FAILED, USAGE};

/// Print where each field of the Jobs that `render` prints comes from
///
/// An origin is the step's plugin block or its patch, a PodTemplate, a setting or the controller's patch, a variable or
/// another part of the job, the default of a setting, or a rule of docs/spec/job-manifest.md. It is found by building
/// the Job again without each of them, or with another in its place where none can be left out: a field comes from what
/// it cannot be without.
///
/// Exit status: 0 explained, 1 refused or invalid configuration, 2 a command line or a file that cannot be read, the
/// value of a flag included, or a FIELD that no Job has. When one step is refused the others are explained all the same.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("what").required(true).multiple(true).args(["file", "job"])))]
#[command(override_usage = "\
agent-stack-k8s explain [OPTIONS] <FILE> [FIELD]
       agent-stack-k8s explain [OPTIONS] --job <FILE> [FIELD]")]
#[command(after_help = "\
Examples:
  agent-stack-k8s explain pipeline.yml --config config.yaml
  agent-stack-k8s explain pipeline.yml --step test containers[agent].image
  agent-stack-k8s explain --job job.json spec.template.spec.volumes --format json

A FIELD is written as the first column shows it, and what begins with it is shown as well. Elements of \
lists go by their names, else by their numbers from 0; `spec.template.spec.` may be left out.

Behind an origin, `same as` names inputs that say the same: the field is another only without all of them. \
`also` names others that it depends on. A note on standard error names inputs that can neither be left out nor \
be others: what they change is not known.")]
pub(crate) struct Explain {
    /// A pipeline file; `-` reads standard input
    file: Option<String>,
    /// Only this field and what is in it
    field: Option<String>,
    /// How the fields are printed
    #[arg(long, value_enum, default_value_t = Format::Text, value_name = "FORMAT")]
    format: Format,
    #[command(flatten)]
    pub(crate) jobs: JobArgs,
}

/// How fields are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Text,
    /// For programs: an object with a list `jobs`
    Json,
}

/// Explains, and says with which status the program ends. `settings` are those of [`JobArgs::settings`].
pub(crate) fn explain(asked: &Explain, settings: Result<Loaded, ConfigError>) -> ExitCode {
    match try_explain(asked, settings) {
        Ok(status) => status,
        Err(failure) => failure.tell(),
    }
}

fn try_explain(asked: &Explain, settings: Result<Loaded, ConfigError>) -> Result<ExitCode, Failure> {
    let workshop = Workshop::new(settings)?;
    // With `--job` the first word that is left is the field.
    let (file, field) = match (&asked.jobs.job, &asked.file, &asked.field) {
        (Some(_), Some(_), Some(extra)) => {
            tell(&format!("error: unexpected argument `{extra}`: with --job there is one FIELD at most"));
            return Ok(ExitCode::from(USAGE));
        }
        (Some(_), field, None) => (None, field.as_deref()),
        (_, file, field) => (file.as_deref(), field.as_deref()),
    };
    let jobs = Jobs::read(&asked.jobs, file)?;
    let wanted = field.map(FieldPath::new);
    let (mut told, mut known, mut refused) = (Vec::new(), Vec::new(), false);
    for job in &jobs.asked {
        match workshop.explain(&jobs, job) {
            Ok(mut explained) => {
                tell_warnings(&job.place, &explained.warnings);
                tell_unknown(&job.place, &explained.unknown);
                known.extend(explained.fields.iter().map(|field| field.path.clone()));
                explained
                    .fields
                    .retain(|field| wanted.as_ref().is_none_or(|wanted| wanted.covers(&field.path)));
                told.push((job.place.as_str(), explained));
            }
            Err(error) => {
                tell_refusal(&job.place, &error);
                refused = true;
            }
        }
    }
    if let Some(field) =
        field.filter(|_| !told.is_empty() && told.iter().all(|(_, job)| job.fields.is_empty()))
    {
        let meant = field_path::nearest(field, known.iter().map(String::as_str));
        let hint = meant.map(|meant| format!("did you mean `{meant}`? ")).unwrap_or_default();
        tell(&format!("error: no Job has a field `{field}`; {hint}without FIELD all are listed"));
        return Ok(ExitCode::from(USAGE));
    }
    let printed = match asked.format {
        Format::Text => text::of(&told, &workshop.given, wanted.is_some()),
        Format::Json if told.is_empty() => String::new(),
        Format::Json => format!("{:#}\n", json_of(&told, &workshop)),
    };
    Ok(if print(&printed) && !refused { ExitCode::SUCCESS } else { ExitCode::from(FAILED) })
}

/// What no experiment could be made with.
fn tell_unknown(place: &str, unknown: &[Origin]) {
    for origin in unknown {
        tell(&format!(
            "note: {}what {origin} changes is not known: nothing can be built without it or with another",
            before(place)
        ));
    }
}

fn json_of(told: &[(&str, Explained)], workshop: &Workshop) -> Value {
    let given = &workshop.given;
    let job = |(place, explained): &(&str, Explained)| {
        let fields: Vec<Value> = explained.fields.iter().map(|field| field_json(field, given)).collect();
        let name = &explained.job["metadata"]["name"];
        let unknown = origins_json(&explained.unknown, given);
        json!({ "place": place, "name": name, "fields": fields, "unknown": unknown })
    };
    json!({ "jobs": told.iter().map(job).collect::<Vec<_>>() })
}

fn field_json(field: &Field, given: &BTreeMap<String, Source>) -> Value {
    json!({
        "path": field.path,
        "pointer": field.pointer,
        "value": field.value,
        "origin": origin_json(&field.origin, given),
        "same": origins_json(&field.same, given),
        "also": origins_json(&field.also, given),
    })
}

fn origins_json(origins: &[Origin], given: &BTreeMap<String, Source>) -> Vec<Value> {
    origins.iter().map(|origin| origin_json(origin, given)).collect()
}

fn origin_json(origin: &Origin, given: &BTreeMap<String, Source>) -> Value {
    let mut json = json!({ "kind": origin.kind(), "name": origin.name() });
    if let Origin::Default { rule, .. } = origin {
        json["rule"] = (*rule).into();
    }
    if let Some(given) = text::given(origin, given) {
        json["given"] = given.to_string().into();
    }
    json
}
