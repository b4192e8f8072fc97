//! Leases: read, create, replace. Who may take one, and when, is not decided here (`lifecycle` D10).

use std::time::Duration;

use http::{Method, Request};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::call::{NoAnswer, Reply, escape, get, request};
use crate::error::ApiError;
use crate::runtime::Runtime;

const GROUP: &str = "apis/coordination.k8s.io/v1";
const PLURAL: &str = "leases";
const JSON: &str = "application/json";

/// A Lease as it was read. Two are equal when nothing of the object has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseView {
    /// `metadata.resourceVersion`.
    pub version: String,
    /// `spec.holderIdentity`; empty when nobody holds it.
    pub holder: String,
    /// `spec.leaseDurationSeconds`: for how long after a renewal others keep away. `None` when it is not there or not
    /// positive.
    pub duration: Option<Duration>,
    /// `spec.renewTime` as its holder wrote it, by the holder's clock; only good for telling two renewals apart.
    pub renewed_at: String,
    object: Value,
}

/// What a write puts into a Lease.
#[derive(Debug, Clone, Copy)]
pub struct LeaseClaim<'a> {
    /// The new holder; `None` gives it up.
    pub holder: Option<&'a str>,
    /// For how long others are asked to keep away, in whole seconds, at least one.
    pub duration: Duration,
    /// The moment by our clock, for people who read the object.
    pub now: Timestamp,
}

/// What became of a write.
#[derive(Debug)]
#[must_use = "whoever does not look at the outcome does not know who leads"]
pub enum LeaseWrite {
    /// The Lease is as we wrote it.
    Written(LeaseView),
    /// The Lease was made, changed or removed by somebody since it was read, perhaps by an earlier write of ours.
    Conflict,
    /// It may have been written or not.
    Failed(ApiError),
}

impl LeaseView {
    /// Reads an object; `None` when it has no resource version, and so is none that an API server answered.
    #[must_use]
    pub fn from_object(object: Value) -> Option<Self> {
        let text =
            |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        let version = text("/metadata/resourceVersion");
        if version.is_empty() {
            return None;
        }
        let seconds = object.pointer("/spec/leaseDurationSeconds").and_then(Value::as_u64);
        Some(Self {
            version,
            holder: text("/spec/holderIdentity"),
            duration: seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs),
            renewed_at: text("/spec/renewTime"),
            object,
        })
    }

    /// The object after the claim. What others wrote into it stays, and so does the resource version, which makes
    /// the write fail when the Lease has changed meanwhile.
    ///
    /// An update that changes nothing gets no new resource version, and others would take it for no renewal. So when
    /// the clock stands still, the time is a microsecond later than what is there.
    #[must_use]
    pub fn claimed(&self, claim: &LeaseClaim<'_>) -> Value {
        let stands_still = micro_time(claim.now) == self.renewed_at;
        let now = if stands_still { claim.now + Duration::from_micros(1) } else { claim.now };
        let claim = &LeaseClaim { now, ..*claim };
        let mut object = self.object.clone();
        let transitions = object.pointer("/spec/leaseTransitions").and_then(Value::as_u64).unwrap_or(0);
        if !object["spec"].is_object() {
            object["spec"] = json!({});
        }
        let spec = &mut object["spec"];
        write_claim(spec, claim);
        if let Some(holder) = claim.holder
            && holder != self.holder
        {
            spec["acquireTime"] = json!(micro_time(claim.now));
            spec["leaseTransitions"] = json!(transitions + 1);
        }
        object
    }
}

/// A new Lease with this claim.
#[must_use]
pub fn new_lease(name: &str, claim: &LeaseClaim<'_>) -> Value {
    let mut spec = json!({ "acquireTime": micro_time(claim.now), "leaseTransitions": 0 });
    write_claim(&mut spec, claim);
    json!({ "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": name }, "spec": spec })
}

fn write_claim(spec: &mut Value, claim: &LeaseClaim<'_>) {
    spec["holderIdentity"] = json!(claim.holder.unwrap_or_default());
    spec["leaseDurationSeconds"] = json!(claim.duration.as_secs().max(1));
    spec["renewTime"] = json!(micro_time(claim.now));
}

/// The API takes times of Leases with six digits behind the point and with no other number of them.
fn micro_time(at: Timestamp) -> String {
    format!("{at:.6}")
}

impl Runtime {
    /// Reads a Lease.
    ///
    /// # Errors
    /// [`ApiError`]; that there is none is no error.
    pub async fn get_lease(&self, name: &str) -> Result<Option<LeaseView>, ApiError> {
        let attempted = format!("get lease `{name}`");
        let object = self.fetch_if_found::<Value>(&attempted, get(self.lease(name))).await?;
        object.map(|object| readable(&attempted, object)).transpose()
    }

    /// Makes a Lease that is not there yet.
    pub async fn create_lease(&self, name: &str, claim: &LeaseClaim<'_>) -> LeaseWrite {
        let path = self.collection(GROUP, PLURAL);
        let body = new_lease(name, claim).to_string().into_bytes();
        let attempted = format!("create lease `{name}`");
        self.write(&attempted, request(Method::POST, path, JSON, body)).await
    }

    /// Writes a claim into a Lease, if it is still as it was read.
    pub async fn replace_lease(&self, name: &str, lease: &LeaseView, claim: &LeaseClaim<'_>) -> LeaseWrite {
        let body = lease.claimed(claim).to_string().into_bytes();
        let attempted = format!("update lease `{name}`");
        self.write(&attempted, request(Method::PUT, self.lease(name), JSON, body)).await
    }

    async fn write(&self, attempted: &str, request: Request<Vec<u8>>) -> LeaseWrite {
        let is_create = request.method() == Method::POST;
        let reply = match self.send(request).await {
            Ok(reply) => reply,
            Err(NoAnswer { reason }) => {
                return LeaseWrite::Failed(ApiError::NoAnswer { attempted: attempted.to_owned(), reason });
            }
        };
        match reply.status {
            409 => LeaseWrite::Conflict,
            // A create that finds nothing lacks its namespace.
            404 if !is_create => LeaseWrite::Conflict,
            _ if reply.is_success() => match read(attempted, &reply) {
                Ok(lease) => LeaseWrite::Written(lease),
                Err(error) => LeaseWrite::Failed(error),
            },
            _ => LeaseWrite::Failed(ApiError::Refused {
                attempted: attempted.to_owned(),
                refusal: reply.refusal(),
            }),
        }
    }

    fn lease(&self, name: &str) -> String {
        format!("{}/{}", self.collection(GROUP, PLURAL), escape(name))
    }
}

fn read(attempted: &str, reply: &Reply) -> Result<LeaseView, ApiError> {
    let object = serde_json::from_slice(&reply.body).map_err(|error| ApiError::Unreadable {
        attempted: attempted.to_owned(),
        reason: error.to_string(),
    })?;
    readable(attempted, object)
}

fn readable(attempted: &str, object: Value) -> Result<LeaseView, ApiError> {
    LeaseView::from_object(object).ok_or_else(|| ApiError::Unreadable {
        attempted: attempted.to_owned(),
        reason: "the Lease has no resource version".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(holder: Option<&'static str>) -> LeaseClaim<'static> {
        let now = "2026-09-02T08:00:00.5Z".parse().unwrap();
        LeaseClaim { holder, duration: Duration::from_secs(15), now }
    }

    /// lifecycle D10
    #[test]
    fn a_claim_keeps_what_is_not_its_own() {
        let mut object = new_lease("agent-stack-k8s", &claim(Some("a")));
        assert_eq!(
            object["spec"],
            json!({
                "holderIdentity": "a", "leaseDurationSeconds": 15, "leaseTransitions": 0,
                "acquireTime": "2026-09-02T08:00:00.500000Z", "renewTime": "2026-09-02T08:00:00.500000Z",
            })
        );
        assert_eq!(LeaseView::from_object(object.clone()), None, "nobody has stored it yet");
        object["metadata"]["resourceVersion"] = json!("7");
        object["metadata"]["labels"] = json!({ "team": "ci" });
        let lease = LeaseView::from_object(object).unwrap();
        assert_eq!((lease.version.as_str(), lease.holder.as_str()), ("7", "a"));

        let later = LeaseClaim { now: "2026-09-02T08:00:02Z".parse().unwrap(), ..claim(Some("a")) };
        let renewed = lease.claimed(&later);
        assert_eq!(renewed["metadata"]["resourceVersion"], "7");
        assert_eq!(renewed["metadata"]["labels"]["team"], "ci");
        assert_eq!(renewed["spec"]["acquireTime"], "2026-09-02T08:00:00.500000Z");
        assert_eq!(renewed["spec"]["renewTime"], "2026-09-02T08:00:02.000000Z");
        assert_eq!(renewed["spec"]["leaseTransitions"], 0);

        let taken = lease.claimed(&LeaseClaim { holder: Some("b"), ..later });
        assert_eq!(taken["spec"]["acquireTime"], "2026-09-02T08:00:02.000000Z");
        assert_eq!(taken["spec"]["leaseTransitions"], 1);

        let free = LeaseView::from_object(lease.claimed(&claim(None))).unwrap();
        assert_eq!(free.holder, "");
        assert_eq!(free.claimed(&later)["spec"]["leaseTransitions"], 1);
    }

    /// lifecycle D10: an update without a change is none, so each renewal changes something, whatever the clock shows.
    #[test]
    fn a_clock_that_stands_still_renews_all_the_same() {
        let mut object = new_lease("x", &claim(Some("a")));
        let mut seen = std::collections::BTreeSet::new();
        for version in 1..5 {
            object["metadata"]["resourceVersion"] = json!(version.to_string());
            let lease = LeaseView::from_object(object).unwrap();
            object = lease.claimed(&claim(Some("a")));
            assert_ne!(LeaseView::from_object(object.clone()).unwrap(), lease);
            seen.insert(object["spec"]["renewTime"].to_string());
        }
        assert_eq!(seen.len(), 2);
    }

    /// lifecycle D10: a Lease that somebody made by hand is one all the same.
    #[test]
    fn a_lease_without_a_spec_is_free() {
        let bare = json!({ "metadata": { "name": "x", "resourceVersion": "1" } });
        let lease = LeaseView::from_object(bare).unwrap();
        assert_eq!((lease.holder.as_str(), lease.duration), ("", None));
        assert_eq!(lease.claimed(&claim(Some("a")))["spec"]["holderIdentity"], "a");
        let zero = json!({ "metadata": { "resourceVersion": "1" }, "spec": { "leaseDurationSeconds": 0 } });
        assert_eq!(LeaseView::from_object(zero).unwrap().duration, None);
    }
}
