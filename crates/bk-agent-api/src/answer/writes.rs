//! Answers to finish, notifications and token issue.

use std::collections::HashMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::lenient::{items, null_as_default, object, or_nothing};
use crate::token::JobAcquisitionToken;

/// What became of a verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FinishOutcome {
    /// Buildkite recorded it.
    Recorded,
    /// 404, 409 or 422: the job is unknown, already over, or an agent has it (`lifecycle` 5.1).
    AlreadyOver {
        /// The HTTP status.
        status: u16,
        /// What the answer says.
        message: String,
    },
}

/// A notification that was not stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RejectedNotification {
    /// Position in the list that was passed in.
    pub index: usize,
    /// Why.
    pub reason: String,
}

/// Tokens of one admission batch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IssuedTokens {
    /// One per job that got one, in the order asked.
    pub issued: Vec<IssuedToken>,
    /// Jobs without a token, those that the answer does not mention included: never start a
    /// workload for them.
    pub not_issued: Vec<Uuid>,
}

/// The token of one job.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuedToken {
    /// The job.
    pub job_uuid: Uuid,
    /// Its token.
    pub token: JobAcquisitionToken,
    /// When it ends, if the answer says so.
    pub expires_at: Option<Timestamp>,
}

/// `offset` is the chunk's position in the whole list.
pub(crate) fn parse_rejections(body: &[u8], offset: usize) -> serde_json::Result<Vec<RejectedNotification>> {
    #[derive(Deserialize)]
    struct Group {
        #[serde(default, deserialize_with = "null_as_default")]
        error: String,
        #[serde(default, deserialize_with = "null_as_default")]
        indexes: Vec<usize>,
    }
    #[derive(Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "null_as_default")]
        errors: Vec<Value>,
    }
    if body.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let body: Body = object(body)?;
    let groups: Vec<Group> = items(body.errors).0;
    let rejections = groups.into_iter().flat_map(|Group { error, indexes }| {
        indexes.into_iter().map(move |index| RejectedNotification {
            index: index.saturating_add(offset),
            reason: error.clone(),
        })
    });
    Ok(rejections.collect())
}

pub(crate) fn parse_issued(body: &[u8], asked: &[Uuid]) -> serde_json::Result<IssuedTokens> {
    #[derive(Deserialize)]
    struct Item {
        job_uuid: Uuid,
        job_acquisition_token: String,
        #[serde(default, deserialize_with = "or_nothing")]
        expires_at: Option<Timestamp>,
    }
    #[derive(Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "null_as_default")]
        job_acquisition_tokens: Vec<Value>,
    }
    let body: Body = object(body)?;
    let mut granted: HashMap<Uuid, Item> = items::<Item>(body.job_acquisition_tokens)
        .0
        .into_iter()
        .filter(|item| !item.job_acquisition_token.is_empty())
        .map(|item| (item.job_uuid, item))
        .collect();
    let mut tokens = IssuedTokens::default();
    for &job_uuid in asked {
        match granted.remove(&job_uuid) {
            Some(item) => tokens.issued.push(IssuedToken {
                job_uuid,
                token: JobAcquisitionToken::new(item.job_acquisition_token),
                expires_at: item.expires_at,
            }),
            None => tokens.not_issued.push(job_uuid),
        }
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rejections_point_into_the_whole_list() {
        let body = json!({"errors": [{"error": "detail is required", "indexes": [1]},
                                     {"error": "count exceeded", "indexes": [4, 9]}]});
        let rejections = parse_rejections(body.to_string().as_bytes(), 1000).unwrap();
        let found: Vec<_> = rejections.iter().map(|r| (r.index, r.reason.as_str())).collect();
        assert_eq!(found, [(1001, "detail is required"), (1004, "count exceeded"), (1009, "count exceeded")]);
        for body in ["", "{}", r#"{"errors": null}"#, r#"{"errors": []}"#] {
            assert!(parse_rejections(body.as_bytes(), 0).unwrap().is_empty(), "{body}");
        }
    }

    /// stacks-api P28
    #[test]
    fn whoever_is_not_mentioned_has_no_token() {
        let ids: Vec<Uuid> = (1..=4).map(Uuid::from_u128).collect();
        let body = json!({
            "job_acquisition_tokens": [
                {"job_uuid": ids[2], "job_acquisition_token": "bkjat_example_0000",
                 "expires_at": "2026-09-02T08:31:01.000Z"},
                {"job_uuid": ids[3], "job_acquisition_token": null},
                {"job_uuid": Uuid::from_u128(9), "job_acquisition_token": "bkjat_not_asked"}],
            "not_issued": [ids[1]]});
        let tokens = parse_issued(body.to_string().as_bytes(), &ids).unwrap();
        assert_eq!(tokens.issued.len(), 1);
        assert_eq!(tokens.issued[0].job_uuid, ids[2]);
        assert_eq!(tokens.issued[0].token.reveal(), "bkjat_example_0000");
        assert_eq!(tokens.issued[0].expires_at.unwrap().to_string(), "2026-09-02T08:31:01Z");
        assert_eq!(tokens.not_issued, [ids[0], ids[1], ids[3]]);
        assert!(!format!("{tokens:?}").contains("bkjat"));
    }
}
