//! The kinds of objects that are kept.

/// A kind of object, with what the API calls it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `batch/v1` Job.
    Job,
    /// `v1` Pod.
    Pod,
    /// `v1` Secret.
    Secret,
    /// `v1` ConfigMap.
    ConfigMap,
    /// `v1` PodTemplate.
    PodTemplate,
    /// `v1` Event.
    Event,
    /// `coordination.k8s.io/v1` Lease.
    Lease,
    /// `v1` Namespace.
    Namespace,
    /// `v1` ServiceAccount.
    ServiceAccount,
    /// `v1` Node.
    Node,
}

impl Kind {
    /// Every kind, in the order of its index.
    pub const ALL: [Self; 10] = [
        Self::Job,
        Self::Pod,
        Self::Secret,
        Self::ConfigMap,
        Self::PodTemplate,
        Self::Event,
        Self::Lease,
        Self::Namespace,
        Self::ServiceAccount,
        Self::Node,
    ];

    /// Position in [`Kind::ALL`].
    pub(crate) const fn index(self) -> usize {
        self as usize
    }

    /// As `kind` says it, for example `Job`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Job => "Job",
            Self::Pod => "Pod",
            Self::Secret => "Secret",
            Self::ConfigMap => "ConfigMap",
            Self::PodTemplate => "PodTemplate",
            Self::Event => "Event",
            Self::Lease => "Lease",
            Self::Namespace => "Namespace",
            Self::ServiceAccount => "ServiceAccount",
            Self::Node => "Node",
        }
    }

    /// As paths say it, for example `jobs`.
    #[must_use]
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Job => "jobs",
            Self::Pod => "pods",
            Self::Secret => "secrets",
            Self::ConfigMap => "configmaps",
            Self::PodTemplate => "podtemplates",
            Self::Event => "events",
            Self::Lease => "leases",
            Self::Namespace => "namespaces",
            Self::ServiceAccount => "serviceaccounts",
            Self::Node => "nodes",
        }
    }

    /// API group; empty for the core group.
    #[must_use]
    pub const fn group(self) -> &'static str {
        match self {
            Self::Job => "batch",
            Self::Lease => "coordination.k8s.io",
            _ => "",
        }
    }

    /// Version within the group.
    #[must_use]
    pub const fn version(self) -> &'static str {
        "v1"
    }

    /// As `apiVersion` says it, for example `batch/v1`.
    #[must_use]
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::Job => "batch/v1",
            Self::Lease => "coordination.k8s.io/v1",
            _ => "v1",
        }
    }

    /// True for what lives in a namespace.
    #[must_use]
    pub const fn is_namespaced(self) -> bool {
        !matches!(self, Self::Namespace | Self::Node)
    }

    /// True for what counts the changes of its specification in `metadata.generation`.
    pub(crate) const fn has_generation(self) -> bool {
        matches!(self, Self::Job | Self::Pod)
    }

    /// Name as error texts have it: `jobs.batch`, `pods`.
    pub(crate) fn qualified(self) -> String {
        match self.group() {
            "" => self.plural().to_owned(),
            group => format!("{}.{group}", self.plural()),
        }
    }

    /// The kind that an object says it is.
    #[must_use]
    pub fn of(object: &shared_json::Value) -> Option<Self> {
        let kind = object.get("kind")?.as_str()?;
        let version = object.get("apiVersion")?.as_str()?;
        Self::ALL.into_iter().find(|known| known.name() == kind && known.api_version() == version)
    }
}
