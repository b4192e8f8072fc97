//! Answers that say no, as the API writes them.

use shared_json::{Value, object};

use crate::kind::Kind;

/// Why a request was refused: a `Status` of the API.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} {reason}: {message}")]
pub struct Refusal {
    /// HTTP status.
    pub code: u16,
    /// The machine-readable word, for example `AlreadyExists`; may be empty.
    pub reason: &'static str,
    /// The sentence for people.
    pub message: String,
    /// What the sentence is about.
    pub details: Option<Box<Details>>,
    /// A token with which a list can go on although its version is lost.
    pub continue_token: Option<String>,
}

/// What a refusal is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// Name of the object.
    pub name: String,
    /// Group of its kind.
    pub group: String,
    /// Its kind, or, in most refusals, the plural.
    pub kind: String,
    /// Its UID.
    pub uid: String,
    /// The fields that are wrong.
    pub causes: Vec<Cause>,
    /// Seconds to wait before trying again; 0 says nothing.
    pub retry_after_seconds: u32,
}

/// One field that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The machine-readable word, for example `FieldValueRequired`.
    pub reason: &'static str,
    /// What is wrong.
    pub message: String,
    /// Path of the field.
    pub field: String,
}

impl Cause {
    fn new(reason: &'static str, field: &str, message: String) -> Self {
        Self { reason, message, field: field.to_owned() }
    }

    /// A value that does not fit; `value` as JSON, which for text includes the quotes.
    pub(crate) fn invalid(field: &str, value: &Value, why: &str) -> Self {
        Self::new("FieldValueInvalid", field, format!("Invalid value: {value}: {why}"))
    }

    pub(crate) fn required(field: &str, why: &str) -> Self {
        let tail = if why.is_empty() { String::new() } else { format!(": {why}") };
        Self::new("FieldValueRequired", field, format!("Required value{tail}"))
    }

    pub(crate) fn forbidden(field: &str, why: &str) -> Self {
        Self::new("FieldValueForbidden", field, format!("Forbidden: {why}"))
    }

    /// A value that is none of those there are; `value` as it is to be printed.
    pub(crate) fn unsupported(field: &str, value: &str, supported: &[&str]) -> Self {
        let list: Vec<String> = supported.iter().map(|word| format!("{word:?}")).collect();
        let message = format!("Unsupported value: {value}: supported values: {}", list.join(", "));
        Self::new("FieldValueNotSupported", field, message)
    }

    pub(crate) fn duplicate(field: &str, value: &Value) -> Self {
        Self::new("FieldValueDuplicate", field, format!("Duplicate value: {value}"))
    }

    pub(crate) fn not_found(field: &str, value: &Value) -> Self {
        Self::new("FieldValueNotFound", field, format!("Not found: {value}"))
    }

    pub(crate) fn too_long(field: &str, limit: usize) -> Self {
        Self::new("FieldValueTooLong", field, format!("Too long: may not be more than {limit} bytes"))
    }

    /// A cause about no field.
    pub(crate) fn plain(reason: &'static str, message: &str) -> Self {
        Self::new(reason, "", message.to_owned())
    }
}

impl Details {
    fn to_json(&self) -> Value {
        let mut details = object! {};
        for (key, text) in
            [("name", &self.name), ("group", &self.group), ("kind", &self.kind), ("uid", &self.uid)]
        {
            if !text.is_empty() {
                details[key] = text.into();
            }
        }
        if !self.causes.is_empty() {
            let cause = |cause: &Cause| {
                let mut json = object! { "reason": cause.reason, "message": &cause.message };
                if !cause.field.is_empty() {
                    json["field"] = (&cause.field).into();
                }
                json
            };
            details["causes"] = self.causes.iter().map(cause).collect();
        }
        if self.retry_after_seconds > 0 {
            details["retryAfterSeconds"] = self.retry_after_seconds.into();
        }
        details
    }
}

impl Refusal {
    /// A refusal about nothing in particular.
    pub(crate) fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: None, continue_token: None }
    }

    fn about(mut self, kind: Kind, name: &str) -> Self {
        let details = self.details.get_or_insert_default();
        name.clone_into(&mut details.name);
        kind.group().clone_into(&mut details.group);
        kind.plural().clone_into(&mut details.kind);
        self
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(400, "BadRequest", message)
    }

    pub(crate) fn not_found(kind: Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", kind.qualified());
        Self::new(404, "NotFound", message).about(kind, name)
    }

    pub(crate) fn already_exists(kind: Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    pub(crate) fn conflict(kind: Kind, name: &str, why: &str) -> Self {
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// A failed precondition of a delete: the one place where the API names the kind in place of the plural.
    pub(crate) fn precondition(kind: Kind, name: &str, why: &str) -> Self {
        let qualified = match kind.group() {
            "" => kind.name().to_owned(),
            group => format!("{}.{group}", kind.name()),
        };
        let message = format!("Operation cannot be fulfilled on {qualified} \"{name}\": {why}");
        let mut refusal = Self::new(409, "Conflict", message).about(kind, name);
        if let Some(details) = &mut refusal.details {
            kind.name().clone_into(&mut details.kind);
        }
        refusal
    }

    pub(crate) fn forbidden(kind: Kind, name: &str, why: &str) -> Self {
        let message = format!("{} \"{name}\" is forbidden: {why}", kind.qualified());
        Self::new(403, "Forbidden", message).about(kind, name)
    }

    /// 422 with everything that is wrong; `causes` must not be empty.
    pub(crate) fn invalid(kind: Kind, name: &str, causes: Vec<Cause>) -> Self {
        Self::invalid_kind(kind.group(), kind.name(), name, causes)
    }

    /// As [`Self::invalid`], for what is no kind of ours, such as `DeleteOptions`.
    pub(crate) fn invalid_kind(group: &str, kind: &str, name: &str, causes: Vec<Cause>) -> Self {
        let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let mut texts: Vec<String> = Vec::new();
        for cause in &causes {
            let text = format!("{}: {}", cause.field, cause.message);
            if !texts.contains(&text) {
                texts.push(text);
            }
        }
        let list = match texts.as_slice() {
            [only] => only.clone(),
            all => format!("[{}]", all.join(", ")),
        };
        let mut refusal = Self::new(422, "Invalid", format!("{qualified} \"{name}\" is invalid: {list}"));
        let (name, group, kind) = (name.to_owned(), group.to_owned(), kind.to_owned());
        refusal.details = Some(Box::new(Details { name, group, kind, causes, ..Details::default() }));
        refusal
    }

    /// 410: the history does not reach back that far.
    pub(crate) fn expired(message: impl Into<String>) -> Self {
        Self::new(410, "Expired", message)
    }

    pub(crate) fn unsupported_media_type(message: impl Into<String>) -> Self {
        Self::new(415, "UnsupportedMediaType", message)
    }

    /// The `Status` object.
    #[must_use]
    pub fn to_status(&self) -> Value {
        let mut metadata = object! {};
        if let Some(token) = &self.continue_token {
            metadata["continue"] = token.into();
        }
        let mut status = object! {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": metadata,
            "status": "Failure",
            "message": &self.message,
        };
        if !self.reason.is_empty() {
            status["reason"] = self.reason.into();
        }
        if let Some(details) = &self.details {
            status["details"] = details.to_json();
        }
        status["code"] = self.code.into();
        status
    }
}
