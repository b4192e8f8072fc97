//! Answers about the token and the stack.

use serde::Deserialize;

use super::lenient::{object, text_or_nothing};

/// What `GET /token` says. Empty texts read as absent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct TokenIdentity {
    /// Id of the token, not the token.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub uuid: Option<String>,
    /// What its owner calls it.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub description: Option<String>,
    /// Informational; the values are not documented.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub token_type: Option<String>,
    /// Slug of the organization.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub organization_slug: Option<String>,
    /// Id of the cluster; absent means an unclustered token, which cannot run a stack.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub cluster_uuid: Option<String>,
    /// Name of the cluster.
    #[serde(default, deserialize_with = "text_or_nothing")]
    pub cluster_name: Option<String>,
}

/// A registered stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stack {
    /// The queue's resolved key: the one to list with (`stacks-api` P14).
    pub queue_key: String,
    /// The spelling of the queue that the server accepted.
    pub accepted_spelling: String,
    /// Id of the stack.
    pub id: Option<String>,
    /// `connected`, `disconnected` or `lost`.
    pub state: Option<String>,
}

pub(crate) fn parse_identity(body: &[u8]) -> serde_json::Result<TokenIdentity> {
    object(body)
}

/// `spelling` is the queue key that was sent; it stands in if the answer names none.
pub(crate) fn parse_stack(body: &[u8], spelling: &str) -> serde_json::Result<Stack> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "text_or_nothing")]
        id: Option<String>,
        #[serde(default, deserialize_with = "text_or_nothing")]
        cluster_queue_key: Option<String>,
        #[serde(default, deserialize_with = "text_or_nothing")]
        state: Option<String>,
    }
    let Body { id, cluster_queue_key, state } = object(body)?;
    Ok(Stack {
        queue_key: cluster_queue_key.unwrap_or_else(|| spelling.to_owned()),
        accepted_spelling: spelling.to_owned(),
        id,
        state,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unclustered_tokens_have_no_cluster() {
        let cluster = |body: &str| parse_identity(body.as_bytes()).unwrap().cluster_uuid;
        assert_eq!(cluster(r#"{"cluster_uuid": "c"}"#).as_deref(), Some("c"));
        for body in [r#"{"cluster_uuid": ""}"#, r#"{"cluster_uuid": null}"#, "{}"] {
            assert_eq!(cluster(body), None, "{body}");
        }
    }

    /// stacks-api P14
    #[test]
    fn the_resolved_queue_key_counts() {
        let key = |body: &str| parse_stack(body.as_bytes(), "__default__").unwrap().queue_key;
        assert_eq!(key(r#"{"cluster_queue_key": "linux-small", "state": "connected"}"#), "linux-small");
        assert_eq!(key(r#"{"cluster_queue_key": null}"#), "__default__");
    }
}
