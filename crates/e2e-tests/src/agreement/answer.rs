//! What the API answered.

use anyhow::{Result, bail};
use serde_json::{Value, json};

use super::Outcome;
use super::matching::{mismatch, surplus};

/// An answer with its whole body.
#[derive(Debug)]
pub struct Answer {
    /// What was asked, for messages.
    pub request: String,
    /// The HTTP status.
    pub status: u16,
    /// The body: JSON, or its text if it is none.
    pub body: Value,
}

impl Answer {
    /// The body of an answer with this status.
    ///
    /// # Errors
    /// When the status is another one.
    pub fn is(self, status: u16) -> Result<Value> {
        if self.status != status {
            bail!("{}\n  expected status {status}, got {}: {}", self.request, self.status, self.body);
        }
        Ok(self.body)
    }

    /// The body of an answer with this status whose body holds `expected`.
    ///
    /// # Errors
    /// When status or body are not as expected; see `matching` for what an expectation may say.
    pub fn has(self, status: u16, expected: &Value) -> Result<Value> {
        let request = self.request.clone();
        let body = self.is(status)?;
        match mismatch(expected, &body) {
            None => Ok(body),
            Some(place) => bail!("{request}\n  {place}\n  in {body}"),
        }
    }

    /// A refusal with exactly this `Status`; null `details` must be absent, and a message that
    /// begins with `~` is a part of the real one.
    ///
    /// # Errors
    /// When anything of it differs.
    pub fn refused(self, code: u16, reason: &str, message: &str, details: Value) -> Outcome {
        let request = self.request.clone();
        let body = self.is(code)?;
        let expected = json!({
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "reason": if reason.is_empty() { Value::Null } else { json!(reason) },
            "details": details,
            "code": code,
        });
        match mismatch(&expected, &body).or_else(|| surplus(&expected, &body)) {
            None => Ok(()),
            Some(place) => bail!("{request}\n  {place}\n  in {body}"),
        }
    }

    /// A refusal as [`refused`](Self::refused) has it, with one or more causes:
    /// `(field, reason, message)`.
    ///
    /// # Errors
    /// When anything of it differs.
    pub fn invalid(self, kind: &str, group: &str, name: &str, causes: &[(&str, &str, &str)]) -> Outcome {
        let of = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
        let message = format!("{of} \"{name}\" is invalid: {}", summary(causes));
        let causes: Vec<Value> = causes
            .iter()
            .map(|(field, reason, message)| json!({ "reason": reason, "message": message, "field": field }))
            .collect();
        let mut details = json!({ "causes": causes });
        for (member, value) in [("kind", kind), ("group", group), ("name", name)] {
            if !value.is_empty() {
                details[member] = json!(value);
            }
        }
        // Of a message that is known in part, the causes say enough.
        let message = if message.contains(": ~") { "~is invalid: " } else { &message };
        self.refused(422, "Invalid", message, details)
    }
}

/// The causes in one text, as the server's message has them: what is said twice only once.
fn summary(causes: &[(&str, &str, &str)]) -> String {
    let mut listed: Vec<String> = Vec::new();
    for (field, _, message) in causes {
        let cause = format!("{field}: {message}");
        if !listed.contains(&cause) {
            listed.push(cause);
        }
    }
    match listed.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    }
}
