//! Asking the API server what we may do.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use crate::call::request;
use crate::error::ApiError;
use crate::runtime::Runtime;

/// One right, in our namespace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessRule {
    /// API group; empty for the core group.
    pub group: String,
    /// Plural of the resource.
    pub resource: String,
    /// Verb, for example `create`.
    pub verb: String,
    /// One object only, if named.
    pub name: Option<String>,
}

impl AccessRule {
    /// A right on all objects of a resource.
    #[must_use]
    pub fn new(group: &str, resource: &str, verb: &str) -> Self {
        Self { group: group.to_owned(), resource: resource.to_owned(), verb: verb.to_owned(), name: None }
    }

    /// The same right on one object.
    #[must_use]
    pub fn named(mut self, name: &str) -> Self {
        self.name = Some(name.to_owned());
        self
    }
}

/// Whether we have a right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessReview {
    /// The right asked about.
    pub rule: AccessRule,
    /// The answer.
    pub allowed: bool,
    /// The API server's explanation; often empty.
    pub reason: String,
}

impl Runtime {
    /// Asks for each right in turn whether we have it.
    ///
    /// # Errors
    /// [`ApiError`] if the question itself fails.
    pub async fn check_access(&self, rules: &[AccessRule]) -> Result<Vec<AccessReview>, ApiError> {
        let mut reviews = Vec::with_capacity(rules.len());
        for rule in rules {
            reviews.push(self.review(rule).await?);
        }
        Ok(reviews)
    }

    async fn review(&self, rule: &AccessRule) -> Result<AccessReview, ApiError> {
        #[derive(Default, Deserialize)]
        #[serde(default)]
        struct Status {
            allowed: bool,
            reason: String,
        }
        #[derive(Deserialize)]
        struct Review {
            #[serde(default)]
            status: Status,
        }
        let AccessRule { group, resource, verb, name } = rule;
        let body = json!({
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": { "resourceAttributes": {
                "namespace": self.namespace(),
                "group": group,
                "resource": resource,
                "verb": verb,
                "name": name.as_deref().unwrap_or_default(),
            }},
        });
        let path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews".to_owned();
        let request = request(Method::POST, path, "application/json", body.to_string().into_bytes());
        let review: Review = self.fetch(&format!("ask for the right to {verb} {resource}"), request).await?;
        let Status { allowed, reason } = review.status;
        Ok(AccessReview { rule: rule.clone(), allowed, reason })
    }
}
