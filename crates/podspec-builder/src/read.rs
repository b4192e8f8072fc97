//! The one reader of user-written objects (job-manifest 3): `strategic-merge`, with what it finds told in
//! our words. Nothing else in the crate looks at raw input.

use pipeline_model::{told_value, too_large_integer};
use shared_json::Value;
use strategic_merge::{Finding, Form, ReadError, ReadProblem};

use crate::error::{BuildError, Warning, quoted};
use crate::schema::{Kind, POD_SPEC, Schema};

/// What happens to keys that the schema does not know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnknownKeys {
    /// Dropped with a warning: the plugin block and pod templates.
    Drop,
    /// An error: the controller configuration.
    Refuse,
}

/// Reads values against the schema and collects warnings.
pub(crate) struct Reader {
    unknown_keys: UnknownKeys,
    /// In the order in which they were met.
    pub(crate) warnings: Vec<Warning>,
}

impl Reader {
    pub(crate) fn new(unknown_keys: UnknownKeys) -> Self {
        Self { unknown_keys, warnings: Vec::new() }
    }

    /// Reads one value that is not null; null means absent and is the caller's to judge.
    ///
    /// # Errors
    /// E-4 or E-5; E-36 for an unknown key that is to be refused.
    pub(crate) fn read(&mut self, kind: Kind, value: &Value, root: &str) -> Result<Value, BuildError> {
        self.read_as(Form::Object, kind, value, root)
    }

    /// Reads a patch of a pod spec: nulls and merge directives stay for the merge.
    ///
    /// # Errors
    /// As [`Reader::read`].
    pub(crate) fn read_patch(&mut self, patch: &Value, root: &str) -> Result<Value, BuildError> {
        self.read_as(Form::Patch, POD_SPEC, patch, root)
    }

    fn read_as(&mut self, form: Form, kind: Kind, value: &Value, root: &str) -> Result<Value, BuildError> {
        let mut findings = Vec::new();
        let read = strategic_merge::read(value, kind, form, root, &mut findings);
        // What was found stands before what ended the reading.
        for finding in findings {
            self.tell(&finding)?;
        }
        Ok(read?)
    }

    fn tell(&mut self, finding: &Finding) -> Result<(), BuildError> {
        let hint = match finding {
            Finding::UnknownKey { key, schema, .. } => hint_for(key, schema),
            _ => None,
        };
        let message = match finding {
            Finding::OtherCase { path, field } => {
                let key = path.rsplit('.').next().unwrap_or(path);
                format!("`{key}` is taken as `{field}`; write it in this case")
            }
            _ if self.unknown_keys == UnknownKeys::Refuse => {
                let error = BuildError::new("E-36", "unknown key").at(finding.path());
                return Err(error.hint(hint.unwrap_or_else(remove_it)));
            }
            Finding::UnknownKey { schema, .. } => {
                let hint = hint.unwrap_or_else(remove_it);
                format!("unknown key of a {}; dropped; {hint}", schema.name())
            }
            _ => "merge directives mean something in patches only; dropped; move it into `podSpecPatch`"
                .to_owned(),
        };
        self.warnings.push(Warning::new(finding.rule(), message).at(finding.path()));
        Ok(())
    }
}

fn remove_it() -> String {
    "remove it".to_owned()
}

fn hint_for(key: &str, schema: &'static Schema) -> Option<String> {
    // An early example of a patch has them beside `initContainers`.
    if schema.name() == "PodSpec" && matches!(key, "requests" | "limits") {
        return Some(
            "write it under `resources` of a container or of an entry of `initContainers`".to_owned(),
        );
    }
    let nearest = pipeline_model::nearest(key, schema.field_names())?;
    Some(format!("did you mean `{nearest}`?"))
}

impl From<ReadError> for BuildError {
    fn from(error: ReadError) -> Self {
        let path = error.path.as_str();
        let (message, hint) = match &error.problem {
            ReadProblem::WrongType { expected, value, .. } => {
                let is_integer = expected.starts_with("whole number");
                let too_large = is_integer.then(|| too_large_integer(value, path)).flatten();
                let told = || (format!("{}{}", error.problem, told_value(value, path)), error.hint());
                too_large.unwrap_or_else(told)
            }
            ReadProblem::BadQuantity { text } => {
                (format!("{} is not a resource quantity", quoted(text)), error.hint())
            }
            problem => (problem.to_string(), error.hint()),
        };
        Self::new(error.rule(), message).at(path).hint(hint)
    }
}
