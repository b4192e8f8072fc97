//! Annotations on a build's page (agent-protocol 8.2).

use uuid::Uuid;

use super::World;
use super::build::Annotation;
use super::refusal::Refusal;

/// An annotation as it came.
#[derive(Clone, Debug)]
pub(crate) struct NewAnnotation {
    pub(crate) context: String,
    pub(crate) scope: String,
    pub(crate) style: Option<String>,
    pub(crate) body: String,
    pub(crate) append: bool,
    pub(crate) priority: i64,
}

const BODY_LIMIT: usize = 1024 * 1024;

impl World {
    /// Creates, replaces or extends an annotation.
    pub(crate) fn annotate(&mut self, job: Uuid, new: NewAnnotation) -> Result<(), Refusal> {
        let NewAnnotation { context, scope, style, body, append, priority } = new;
        let key = annotation_key(job, &scope, &context)?;
        if !matches!(style.as_deref(), None | Some("info" | "success" | "warning" | "error")) {
            return Err(Refusal::invalid("style must be info, success, warning or error"));
        }
        if !(1..=10).contains(&priority) {
            return Err(Refusal::invalid("priority must be between 1 and 10"));
        }
        let build = self.job(job)?.build;
        let annotations = &mut self.known_build(build).annotations;
        let old = annotations.get(&key);
        let text = match old.filter(|_| append) {
            Some(old) => old.body.clone() + &body,
            None => body,
        };
        if text.len() > BODY_LIMIT {
            return Err(Refusal::invalid("an annotation may have 1 MiB"));
        }
        let style = style.or_else(|| old.and_then(|old| old.style.clone()));
        annotations.insert(key, Annotation { context, scope, style, body: text, priority, job });
        self.touch();
        Ok(())
    }

    /// Removes an annotation.
    pub(crate) fn remove_annotation(&mut self, job: Uuid, scope: &str, context: &str) -> Result<(), Refusal> {
        let key = annotation_key(job, scope, context)?;
        let build = self.job(job)?.build;
        let removed = self.known_build(build).annotations.shift_remove(&key);
        self.touch();
        removed.map(|_| ()).ok_or_else(|| Refusal::not_found("annotation"))
    }
}

fn annotation_key(job: Uuid, scope: &str, context: &str) -> Result<(String, Option<Uuid>, String), Refusal> {
    let owner = match scope {
        "build" => None,
        "job" => Some(job),
        _ => return Err(Refusal::invalid("scope must be build or job")),
    };
    Ok((scope.to_owned(), owner, context.to_owned()))
}
