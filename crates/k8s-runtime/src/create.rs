//! What became of a create (`lifecycle` L9, L10, F8).

use std::time::Duration;

use serde::Deserialize;

use crate::call::{NoAnswer, Reply};
use crate::error::Refusal;

/// One field the API server found wrong.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct FieldCause {
    /// Path of the field, for example `spec.template.spec.containers[0].image`.
    #[serde(default)]
    pub field: String,
    /// What is wrong with it.
    #[serde(default)]
    pub message: String,
    /// The machine-readable word, for example `FieldValueRequired`.
    #[serde(default)]
    pub reason: String,
}

/// Why a create was forbidden; what follows differs (`lifecycle` F8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForbiddenCause {
    /// A quota is used up: a lack of capacity, not a mistake.
    Quota,
    /// Our service account lacks the right.
    Rights,
    /// The namespace is being deleted.
    NamespaceTerminating,
    /// An admission webhook, policy or Pod Security says no to this object.
    Admission,
}

/// The outcome of creating a Job. All but `Created`, `AlreadyExists` and `Uncertain` mean for
/// certain that nothing was created by this call.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "an outcome that nobody looks at is a lost job"]
pub enum CreateOutcome {
    /// The Job exists now.
    Created {
        /// UID of the new Job.
        uid: String,
    },
    /// The name is taken; by whom, a live read tells (`lifecycle` D4).
    AlreadyExists,
    /// 400 or 422: the object is wrong.
    Invalid {
        /// The API server's sentence.
        message: String,
        /// The offending fields.
        causes: Vec<FieldCause>,
    },
    /// 403.
    Forbidden {
        /// The API server's sentence.
        message: String,
        /// Which kind of no.
        cause: ForbiddenCause,
    },
    /// The object exceeds a size limit.
    TooLarge {
        /// The API server's sentence.
        message: String,
    },
    /// 401: our credentials were refused.
    Unauthorized {
        /// The API server's sentence.
        message: String,
    },
    /// Any other final no, for example 404 for a namespace that does not exist.
    Rejected(Refusal),
    /// 429, or a conflict inside the API server: nothing was created, try again later.
    Throttled {
        /// How long the server asks us to wait.
        retry_after: Option<Duration>,
        /// The API server's sentence.
        message: String,
    },
    /// Time limit, broken connection, 5xx: the Job may exist. Only a live read can tell
    /// (`lifecycle` L10).
    Uncertain {
        /// How long the server asks us to wait.
        retry_after: Option<Duration>,
        /// What is known.
        reason: String,
    },
}

impl CreateOutcome {
    /// Classifies an answer, or the lack of one.
    pub(crate) fn classify(answer: Result<Reply, NoAnswer>) -> Self {
        let reply = match answer {
            Ok(reply) => reply,
            Err(NoAnswer { reason }) => return Self::Uncertain { retry_after: None, reason },
        };
        if reply.is_success() {
            return match created_uid(&reply.body) {
                Some(uid) => Self::Created { uid },
                None => {
                    let reason = "the answer names no UID".to_owned();
                    Self::Uncertain { retry_after: None, reason }
                }
            };
        }
        Self::refused(reply.refusal())
    }

    fn refused(refusal: Refusal) -> Self {
        let Refusal { status, ref reason, ref message, retry_after, .. } = refusal;
        if is_size_limit(status, message) {
            let message = match status {
                422 => "the object is larger than the cluster's storage takes".to_owned(),
                _ => refusal.message,
            };
            return Self::TooLarge { message };
        }
        match (status, reason.as_str()) {
            (409, "AlreadyExists") => Self::AlreadyExists,
            (409 | 429, _) => Self::Throttled { retry_after, message: refusal.message },
            (400 | 422, _) => Self::Invalid { message: refusal.message, causes: refusal.causes },
            (401, _) => Self::Unauthorized { message: refusal.message },
            (403, _) => Self::Forbidden { cause: forbidden_cause(message), message: refusal.message },
            (408 | 500.., _) => Self::Uncertain { retry_after, reason: refusal.to_string() },
            _ => Self::Rejected(refusal),
        }
    }

    /// True if it is certain that this call created nothing and that the slot may be released
    /// (`lifecycle` L9). `AlreadyExists` is not among them: the name may be ours.
    #[must_use]
    pub const fn is_definite_failure(&self) -> bool {
        match self {
            Self::Created { .. } | Self::AlreadyExists | Self::Uncertain { .. } => false,
            Self::Invalid { .. }
            | Self::Forbidden { .. }
            | Self::TooLarge { .. }
            | Self::Unauthorized { .. }
            | Self::Rejected(_)
            | Self::Throttled { .. } => true,
        }
    }

    /// The outcome as a metrics label: Kubernetes' own word, empty for success.
    #[must_use]
    pub fn reason_label(&self) -> &str {
        match self {
            Self::Created { .. } => "",
            Self::AlreadyExists => "AlreadyExists",
            Self::Invalid { .. } => "Invalid",
            Self::Forbidden { .. } => "Forbidden",
            Self::TooLarge { .. } => "RequestEntityTooLarge",
            Self::Unauthorized { .. } => "Unauthorized",
            Self::Rejected(Refusal { reason, .. }) if !reason.is_empty() => reason,
            Self::Throttled { .. } => "TooManyRequests",
            Self::Rejected(_) | Self::Uncertain { .. } => "Unknown",
        }
    }
}

fn created_uid(body: &[u8]) -> Option<String> {
    let object: serde_json::Value = serde_json::from_slice(body).ok()?;
    let uid = object.pointer("/metadata/uid")?.as_str()?;
    (!uid.is_empty()).then(|| uid.to_owned())
}

/// The limit may be the API server's own (413) or etcd's. Etcd's arrives as an internal error, or,
/// for Jobs, in disguise: the API server tries again with the object it has already completed, and
/// its validation then complains about the selector it generated itself. Our Jobs never bring one.
fn is_size_limit(status: u16, message: &str) -> bool {
    let from_etcd = ["request is too large", "larger than max"];
    match status {
        413 => true,
        422 => message.contains("`selector` not auto-generated"),
        500.. => from_etcd.iter().any(|text| message.contains(text)),
        _ => false,
    }
}

/// Kubernetes gives one status and reason to all of these; only the sentence differs.
fn forbidden_cause(message: &str) -> ForbiddenCause {
    if message.contains("exceeded quota") {
        ForbiddenCause::Quota
    } else if message.contains("because it is being terminated") {
        ForbiddenCause::NamespaceTerminating
    } else if message.contains("cannot create resource") {
        ForbiddenCause::Rights
    } else {
        ForbiddenCause::Admission
    }
}

#[cfg(test)]
mod tests;
