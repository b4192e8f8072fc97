//! What really ran and when, whatever the API's objects say about it: for judges.

use jiff::Timestamp;

/// A container started or ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContainerChange {
    /// When the process started or ended.
    pub at: Timestamp,
    /// UID of its pod.
    pub pod_uid: String,
    /// Name of its pod.
    pub pod_name: String,
    /// Namespace of its pod.
    pub namespace: String,
    /// The pod's label `buildkite.com/job-uuid`.
    pub job_uuid: Option<String>,
    /// Its name.
    pub container: String,
    /// What happened.
    pub event: ContainerEvent,
    /// The pod's object was gone by then: the process outlived it.
    pub object_gone: bool,
}

/// What happened to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContainerEvent {
    /// Its process runs.
    Started,
    /// Its process has ended.
    Stopped {
        /// Exit status.
        code: i32,
        /// What ended it.
        cause: StopCause,
    },
}

/// What ended a container. Who deleted a pod is in the history of its object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// Itself: by its script, or because it was told through the handle.
    Itself,
    /// The deletion of its pod: it obeyed SIGTERM or was killed.
    Deletion,
    /// An eviction by the kubelet.
    Eviction,
    /// The pod's own `activeDeadlineSeconds`.
    Deadline,
    /// It used more memory than it may.
    OutOfMemory,
    /// The end of the pod's regular containers, or a failed init container; sidecars only.
    PodEnded,
    /// Its node vanished.
    NodeRemoved,
}
