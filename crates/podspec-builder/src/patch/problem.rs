//! What is wrong with a patch, told as errors of a job.

use strategic_merge::{Document, MergeError, MergeProblem};

use super::Author;
use crate::error::BuildError;

/// E-15 to E-20. What the merge finds wrong with the pod is told of the patch that came upon it: without
/// the patch the same pod would have been built.
pub(crate) fn patch_problem(error: &MergeError, author: Author) -> BuildError {
    let hint = hint(&error.problem);
    match error.document {
        Document::Patch => {
            author.error(error.rule(), &error.path, error.problem.to_string(), hint.as_deref())
        }
        Document::Original => {
            let message = format!("`{}` of the pod that is patched: {}", error.path, error.problem);
            author.error(error.rule(), "", message, hint.as_deref())
        }
    }
}

fn hint(problem: &MergeProblem) -> Option<String> {
    match problem {
        MergeProblem::NoMergeKey { key } => {
            Some(format!("elements of this list are told apart by `{key}`: give it to each of them"))
        }
        MergeProblem::RetainKeys { .. } => Some("list every key of the mapping that is to stay".to_owned()),
        MergeProblem::OrderContradicted => {
            Some("name every element there and write both in the same order".to_owned())
        }
        _ => None,
    }
}
