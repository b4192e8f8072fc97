//! What a cluster can be told at start.

use std::ops::RangeInclusive;
use std::time::Duration;

/// Everything that can be set about a cluster.
#[derive(Clone, Debug)]
pub struct Options {
    /// Seed of every UID, generated name and other choice.
    pub seed: u64,
    /// Namespaces that exist from the start, beside `default` and `kube-system`.
    pub namespaces: Vec<String>,
    /// Keep every write for [`Cluster::drain_history`](crate::Cluster::drain_history).
    pub record: bool,
    /// Controllers and kubelet write Events about what goes well, not only about what does not.
    pub events: bool,
    /// Pods are scheduled and run by script; off, whoever uses the API plays the kubelet.
    pub kubelet: bool,
    /// Writes per kind that watches and continued lists may look back at.
    pub history_limit: usize,
    /// How long the Job controller takes to act on a change; drawn from the seed, each time anew.
    pub job_controller_delay: RangeInclusive<Duration>,
    /// What clients of the API may do.
    pub access: Access,
    /// How often an open watch that asked for bookmarks gets one.
    pub bookmark_interval: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seed: 1,
            namespaces: Vec::new(),
            record: false,
            events: true,
            kubelet: true,
            history_limit: 2_000,
            job_controller_delay: Duration::from_millis(20)..=Duration::from_millis(20),
            access: Access::All,
            bookmark_interval: Duration::from_secs(60),
        }
    }
}

/// What clients of the API may do. Whoever may not gets 403, and access reviews say so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Access {
    /// Everything.
    All,
    /// What one of these allows, as the user of this name.
    Only {
        /// For example `system:serviceaccount:default:controller`.
        user: String,
        /// The rights.
        rules: Vec<AccessRule>,
    },
}

/// Rights as a Role has them; `*` stands for everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AccessRule {
    /// API groups; the core group is the empty text.
    pub groups: Vec<String>,
    /// Plurals, with `/status` or `/log` for what lies below.
    pub resources: Vec<String>,
    /// Verbs, for example `create`, `deletecollection`.
    pub verbs: Vec<String>,
    /// Names of objects; empty allows all.
    pub names: Vec<String>,
}

impl AccessRule {
    fn allows(&self, group: &str, resource: &str, verb: &str, name: &str) -> bool {
        let has = |list: &[String], wanted: &str| list.iter().any(|item| item == "*" || item == wanted);
        has(&self.groups, group)
            && has(&self.resources, resource)
            && has(&self.verbs, verb)
            && (self.names.is_empty() || has(&self.names, name))
    }
}

impl Access {
    /// Whether an act is allowed; `resource` may end in `/status` and the like.
    #[must_use]
    pub fn allows(&self, group: &str, resource: &str, verb: &str, name: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only { rules, .. } => rules.iter().any(|rule| rule.allows(group, resource, verb, name)),
        }
    }
}
