//! What is wrong with a patch, told as errors of a job.

use strategic_merge::{Document, MergeError};

use super::Author;
use crate::error::BuildError;

/// E-15 to E-20. What the merge finds wrong with the pod is told of the patch that came upon it: without
/// the patch the same pod would have been built.
pub(crate) fn patch_problem(error: &MergeError, author: Author) -> BuildError {
    let hint = error.hint();
    match error.document {
        Document::Patch => author.error(error.rule(), &error.path, error.problem.to_string(), &hint),
        Document::Original => {
            let message = format!("`{}` of the pod that is patched: {}", error.path, error.problem);
            author.error(error.rule(), "", message, &hint)
        }
    }
}
