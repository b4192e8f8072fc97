//! How much a pod uses, as Kubernetes counts it (job-manifest R-194, `max-resources`).

use shared_json::Value;

use crate::object::{CONTAINERS, INIT_CONTAINERS, Object, as_object, list, text};
use crate::text::quantity::parse_nanos;

/// What a container or a pod can say of a resource.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Limits,
    Requests,
}

impl Part {
    /// The key inside `resources`.
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Limits => "limits",
            Self::Requests => "requests",
        }
    }

    /// What `resources` gives for a resource.
    pub(super) fn amount<'a>(self, resources: &'a Value, name: &str) -> Option<&'a str> {
        let amount = resources.get(self.key())?.get(name)?;
        // The reader has made text of all quantities; anything else would be more than is allowed.
        Some(amount.as_str().unwrap_or("?"))
    }
}

/// A quantity in billionths; one that cannot be read is beyond measure.
fn nanos(amount: &str) -> i128 {
    parse_nanos(amount).unwrap_or(i128::MAX)
}

/// Whether an amount is more than the policy allows; one that cannot be read is.
pub(super) fn exceeds(amount: Option<i128>, most: &str) -> bool {
    match (amount, parse_nanos(most)) {
        (Some(amount), Some(most)) => amount > most,
        _ => true,
    }
}

/// What a pod uses, and the place that says so.
pub(super) struct Use {
    /// In billionths.
    pub(super) amount: i128,
    pub(super) path: String,
}

/// The use of a resource by a whole pod.
///
/// A limit of the pod itself stands for those of its containers. A request of the pod itself does not: the
/// API server takes it only where it covers those of the containers, and one that does not know requests
/// of pods drops it, so the larger of both is what counts.
pub(super) fn used_by(pod: &Object, part: Part, name: &str) -> Use {
    let together = used_by_containers(pod, part, name);
    let own = pod.get("resources").and_then(|resources| part.amount(resources, name));
    match own.map(nanos) {
        Some(amount) if part == Part::Limits || amount >= together.amount => {
            Use { amount, path: format!("resources.{}.{name}", part.key()) }
        }
        _ => together,
    }
}

/// Init containers run one after the other, before all others but beside the sidecars that started before
/// them; so the pod needs what its largest moment needs.
fn used_by_containers(pod: &Object, part: Part, name: &str) -> Use {
    let of = |container: &Value| used_by_container(as_object(container), part, name);
    let mut sidecars: i128 = 0;
    let mut largest_start: i128 = 0;
    for container in list(pod, INIT_CONTAINERS) {
        let with_sidecars = sidecars.saturating_add(of(container));
        if text(as_object(container), "restartPolicy") == "Always" {
            sidecars = with_sidecars;
        } else {
            largest_start = largest_start.max(with_sidecars);
        }
    }
    let running = list(pod, CONTAINERS).iter().map(of).fold(sidecars, i128::saturating_add);
    let (amount, list) =
        if largest_start > running { (largest_start, INIT_CONTAINERS) } else { (running, CONTAINERS) };
    Use { amount, path: format!("{list}[*].resources.{}.{name}", part.key()) }
}

/// A container without a request requests its limit: the API server fills it in when the pod is made.
fn used_by_container(container: &Object, part: Part, name: &str) -> i128 {
    let Some(resources) = container.get("resources") else { return 0 };
    let own = part.amount(resources, name);
    let amount = match part {
        Part::Limits => own,
        Part::Requests => own.or_else(|| Part::Limits.amount(resources, name)),
    };
    // A negative amount, which the API server refuses, makes no room for others.
    amount.map_or(0, |amount| nanos(amount).max(0))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{Part, used_by};
    use crate::object::as_object;
    use crate::text::quantity::format_nanos;

    #[track_caller]
    fn check(pod: &Value, requests: &str, limits: &str) {
        let pod = shared_json::Value::from(pod);
        let pod = as_object(&pod);
        let used = |part| format_nanos(used_by(pod, part, "cpu").amount);
        assert_eq!(
            (used(Part::Requests).as_str(), used(Part::Limits).as_str()),
            (requests, limits),
            "{pod:?}"
        );
    }

    fn container(requests: u32, limits: u32) -> Value {
        json!({ "resources": { "requests": { "cpu": requests.to_string() }, "limits": { "cpu": limits.to_string() } } })
    }

    fn sidecar(requests: u32, limits: u32) -> Value {
        let mut container = container(requests, limits);
        container["restartPolicy"] = "Always".into();
        container
    }

    /// job-manifest R-194
    #[test]
    fn a_pod_needs_what_its_largest_moment_needs() {
        check(&json!({}), "0", "0");
        check(&json!({ "containers": [{}, container(1, 2), container(2, 3)] }), "3", "5");
        // Sidecars run beside the containers, other init containers before them.
        let init = [container(6, 6), sidecar(1, 2)];
        check(&json!({ "containers": [container(1, 1)], "initContainers": init }), "6", "6");
        let init = [container(2, 2), sidecar(1, 2)];
        check(&json!({ "containers": [container(2, 2)], "initContainers": init }), "3", "4");
        // The same init container behind the sidecar runs beside it.
        let init = [sidecar(1, 2), container(6, 6)];
        check(&json!({ "containers": [container(1, 1)], "initContainers": init }), "7", "8");
        let init = [sidecar(1, 1), container(5, 5), sidecar(1, 1), container(4, 4)];
        check(&json!({ "containers": [container(3, 3)], "initContainers": init }), "6", "6");
    }

    /// job-manifest R-194
    #[test]
    fn a_limit_without_a_request_requests_as_much() {
        let limit_only = json!({ "resources": { "limits": { "cpu": "3" } } });
        let request_only = json!({ "resources": { "requests": { "cpu": "3" } } });
        check(&json!({ "containers": [limit_only, request_only] }), "6", "3");
        check(&json!({ "containers": [{ "resources": { "requests": { "memory": "1" } } }] }), "0", "0");
    }

    /// job-manifest R-194
    #[test]
    fn resources_of_the_pod_itself() {
        let containers = json!([container(1, 4), container(1, 4)]);
        check(&json!({ "containers": containers, "resources": { "limits": { "cpu": "5" } } }), "2", "5");
        check(&json!({ "containers": containers, "resources": { "requests": { "cpu": "3" } } }), "3", "8");
        // A request that does not cover the containers is no excuse.
        check(&json!({ "containers": containers, "resources": { "requests": { "cpu": "500m" } } }), "2", "8");
        check(&json!({ "containers": containers, "resources": { "requests": { "memory": "3" } } }), "2", "8");
    }

    /// job-manifest R-194
    #[test]
    fn amounts_beyond_measure() {
        let huge = json!({ "resources": { "requests": { "cpu": "1e999" }, "limits": { "cpu": "-1e999" } } });
        let pod = json!({ "containers": [huge, huge], "initContainers": [huge] }).into();
        assert_eq!(used_by(as_object(&pod), Part::Requests, "cpu").amount, i128::MAX);
        assert_eq!(used_by(as_object(&pod), Part::Limits, "cpu").amount, 0);
    }
}
