//! Types of the Kubernetes API v1.36.3 that a Job's pod reaches: fields, list kinds, merge keys, one-of
//! groups and defaults. Written by `cargo xtask codegen` from the published API description, which is
//! why it is one file: nobody edits it, and a type is found by its name.

use super::Kind::{Any, Bool, Integer, IntegerOrText, List, Map, Object, Quantity, Text};
use super::ListStrategy::{MergeObjects, MergeScalars, Replace};
use super::{DefaultValue, ListType, MergeKey, Schema, TieBreak};

/// Every type, by name in byte order.
pub(crate) static ALL: &[&Schema] = &[
    &AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE,
    &AFFINITY,
    &APP_ARMOR_PROFILE,
    &AZURE_DISK_VOLUME_SOURCE,
    &AZURE_FILE_VOLUME_SOURCE,
    &CSI_VOLUME_SOURCE,
    &CAPABILITIES,
    &CEPH_FS_VOLUME_SOURCE,
    &CINDER_VOLUME_SOURCE,
    &CLUSTER_TRUST_BUNDLE_PROJECTION,
    &CONFIG_MAP_ENV_SOURCE,
    &CONFIG_MAP_KEY_SELECTOR,
    &CONFIG_MAP_PROJECTION,
    &CONFIG_MAP_VOLUME_SOURCE,
    &CONTAINER,
    &CONTAINER_PORT,
    &CONTAINER_RESIZE_POLICY,
    &CONTAINER_RESTART_RULE,
    &CONTAINER_RESTART_RULE_ON_EXIT_CODES,
    &DOWNWARD_API_PROJECTION,
    &DOWNWARD_API_VOLUME_FILE,
    &DOWNWARD_API_VOLUME_SOURCE,
    &EMPTY_DIR_VOLUME_SOURCE,
    &ENV_FROM_SOURCE,
    &ENV_VAR,
    &ENV_VAR_SOURCE,
    &EPHEMERAL_CONTAINER,
    &EPHEMERAL_VOLUME_SOURCE,
    &EXEC_ACTION,
    &FC_VOLUME_SOURCE,
    &FILE_KEY_SELECTOR,
    &FLEX_VOLUME_SOURCE,
    &FLOCKER_VOLUME_SOURCE,
    &GCE_PERSISTENT_DISK_VOLUME_SOURCE,
    &GRPC_ACTION,
    &GIT_REPO_VOLUME_SOURCE,
    &GLUSTERFS_VOLUME_SOURCE,
    &HTTP_GET_ACTION,
    &HTTP_HEADER,
    &HOST_ALIAS,
    &HOST_PATH_VOLUME_SOURCE,
    &ISCSI_VOLUME_SOURCE,
    &IMAGE_VOLUME_SOURCE,
    &JOB_SPEC,
    &KEY_TO_PATH,
    &LABEL_SELECTOR,
    &LABEL_SELECTOR_REQUIREMENT,
    &LIFECYCLE,
    &LIFECYCLE_HANDLER,
    &LOCAL_OBJECT_REFERENCE,
    &MANAGED_FIELDS_ENTRY,
    &NFS_VOLUME_SOURCE,
    &NODE_AFFINITY,
    &NODE_SELECTOR,
    &NODE_SELECTOR_REQUIREMENT,
    &NODE_SELECTOR_TERM,
    &OBJECT_FIELD_SELECTOR,
    &OBJECT_META,
    &OWNER_REFERENCE,
    &PERSISTENT_VOLUME_CLAIM_SPEC,
    &PERSISTENT_VOLUME_CLAIM_TEMPLATE,
    &PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE,
    &PHOTON_PERSISTENT_DISK_VOLUME_SOURCE,
    &POD_AFFINITY,
    &POD_AFFINITY_TERM,
    &POD_ANTI_AFFINITY,
    &POD_CERTIFICATE_PROJECTION,
    &POD_DNS_CONFIG,
    &POD_DNS_CONFIG_OPTION,
    &POD_FAILURE_POLICY,
    &POD_FAILURE_POLICY_ON_EXIT_CODES_REQUIREMENT,
    &POD_FAILURE_POLICY_ON_POD_CONDITIONS_PATTERN,
    &POD_FAILURE_POLICY_RULE,
    &POD_OS,
    &POD_READINESS_GATE,
    &POD_RESOURCE_CLAIM,
    &POD_SCHEDULING_GATE,
    &POD_SCHEDULING_GROUP,
    &POD_SECURITY_CONTEXT,
    &POD_SPEC,
    &POD_TEMPLATE_SPEC,
    &PORTWORX_VOLUME_SOURCE,
    &PREFERRED_SCHEDULING_TERM,
    &PROBE,
    &PROJECTED_VOLUME_SOURCE,
    &QUOBYTE_VOLUME_SOURCE,
    &RBD_VOLUME_SOURCE,
    &RESOURCE_CLAIM,
    &RESOURCE_FIELD_SELECTOR,
    &RESOURCE_REQUIREMENTS,
    &SE_LINUX_OPTIONS,
    &SCALE_IO_VOLUME_SOURCE,
    &SECCOMP_PROFILE,
    &SECRET_ENV_SOURCE,
    &SECRET_KEY_SELECTOR,
    &SECRET_PROJECTION,
    &SECRET_VOLUME_SOURCE,
    &SECURITY_CONTEXT,
    &SERVICE_ACCOUNT_TOKEN_PROJECTION,
    &SLEEP_ACTION,
    &STORAGE_OS_VOLUME_SOURCE,
    &SUCCESS_POLICY,
    &SUCCESS_POLICY_RULE,
    &SYSCTL,
    &TCP_SOCKET_ACTION,
    &TOLERATION,
    &TOPOLOGY_SPREAD_CONSTRAINT,
    &TYPED_LOCAL_OBJECT_REFERENCE,
    &TYPED_OBJECT_REFERENCE,
    &VOLUME,
    &VOLUME_DEVICE,
    &VOLUME_MOUNT,
    &VOLUME_PROJECTION,
    &VOLUME_RESOURCE_REQUIREMENTS,
    &VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE,
    &WEIGHTED_POD_AFFINITY_TERM,
    &WINDOWS_SECURITY_CONTEXT_OPTIONS,
];

/// AWSElasticBlockStoreVolumeSource.
pub static AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE: Schema = Schema {
    name: "AWSElasticBlockStoreVolumeSource",
    fields: &[
        ("fsType", Text),
        ("partition", Integer),
        ("readOnly", Bool),
        ("volumeID", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// Affinity.
pub static AFFINITY: Schema = Schema {
    name: "Affinity",
    fields: &[
        ("nodeAffinity", Object(&NODE_AFFINITY)),
        ("podAffinity", Object(&POD_AFFINITY)),
        ("podAntiAffinity", Object(&POD_ANTI_AFFINITY)),
    ],
    one_of: &[],
    defaults: &[],
};

/// AppArmorProfile.
pub static APP_ARMOR_PROFILE: Schema = Schema {
    name: "AppArmorProfile",
    fields: &[
        ("localhostProfile", Text),
        ("type", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// AzureDiskVolumeSource.
pub static AZURE_DISK_VOLUME_SOURCE: Schema = Schema {
    name: "AzureDiskVolumeSource",
    fields: &[
        ("cachingMode", Text),
        ("diskName", Text),
        ("diskURI", Text),
        ("fsType", Text),
        ("kind", Text),
        ("readOnly", Bool),
    ],
    one_of: &[],
    defaults: &[("cachingMode", DefaultValue::Text("ReadWrite")), ("fsType", DefaultValue::Text("ext4")), ("kind", DefaultValue::Text("Shared"))],
};

/// AzureFileVolumeSource.
pub static AZURE_FILE_VOLUME_SOURCE: Schema = Schema {
    name: "AzureFileVolumeSource",
    fields: &[
        ("readOnly", Bool),
        ("secretName", Text),
        ("shareName", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// CSIVolumeSource.
pub static CSI_VOLUME_SOURCE: Schema = Schema {
    name: "CSIVolumeSource",
    fields: &[
        ("driver", Text),
        ("fsType", Text),
        ("nodePublishSecretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("readOnly", Bool),
        ("volumeAttributes", Map(&Text)),
    ],
    one_of: &[],
    defaults: &[],
};

/// Capabilities.
pub static CAPABILITIES: Schema = Schema {
    name: "Capabilities",
    fields: &[
        ("add", List(&ListType { element: Text, strategy: Replace })),
        ("drop", List(&ListType { element: Text, strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// CephFSVolumeSource.
pub static CEPH_FS_VOLUME_SOURCE: Schema = Schema {
    name: "CephFSVolumeSource",
    fields: &[
        ("monitors", List(&ListType { element: Text, strategy: Replace })),
        ("path", Text),
        ("readOnly", Bool),
        ("secretFile", Text),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("user", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// CinderVolumeSource.
pub static CINDER_VOLUME_SOURCE: Schema = Schema {
    name: "CinderVolumeSource",
    fields: &[
        ("fsType", Text),
        ("readOnly", Bool),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("volumeID", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// ClusterTrustBundleProjection.
pub static CLUSTER_TRUST_BUNDLE_PROJECTION: Schema = Schema {
    name: "ClusterTrustBundleProjection",
    fields: &[
        ("labelSelector", Object(&LABEL_SELECTOR)),
        ("name", Text),
        ("optional", Bool),
        ("path", Text),
        ("signerName", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// ConfigMapEnvSource.
pub static CONFIG_MAP_ENV_SOURCE: Schema = Schema {
    name: "ConfigMapEnvSource",
    fields: &[
        ("name", Text),
        ("optional", Bool),
    ],
    one_of: &[],
    defaults: &[],
};

/// ConfigMapKeySelector.
pub static CONFIG_MAP_KEY_SELECTOR: Schema = Schema {
    name: "ConfigMapKeySelector",
    fields: &[
        ("key", Text),
        ("name", Text),
        ("optional", Bool),
    ],
    one_of: &[],
    defaults: &[],
};

/// ConfigMapProjection.
pub static CONFIG_MAP_PROJECTION: Schema = Schema {
    name: "ConfigMapProjection",
    fields: &[
        ("items", List(&ListType { element: Object(&KEY_TO_PATH), strategy: Replace })),
        ("name", Text),
        ("optional", Bool),
    ],
    one_of: &[],
    defaults: &[],
};

/// ConfigMapVolumeSource.
pub static CONFIG_MAP_VOLUME_SOURCE: Schema = Schema {
    name: "ConfigMapVolumeSource",
    fields: &[
        ("defaultMode", Integer),
        ("items", List(&ListType { element: Object(&KEY_TO_PATH), strategy: Replace })),
        ("name", Text),
        ("optional", Bool),
    ],
    one_of: &[],
    defaults: &[("defaultMode", DefaultValue::Integer(420))],
};

/// Container.
pub static CONTAINER: Schema = Schema {
    name: "Container",
    fields: &[
        ("args", List(&ListType { element: Text, strategy: Replace })),
        ("command", List(&ListType { element: Text, strategy: Replace })),
        ("env", List(&ListType { element: Object(&ENV_VAR), strategy: MergeObjects(MergeKey { field: "name", tie_break: None }) })),
        ("envFrom", List(&ListType { element: Object(&ENV_FROM_SOURCE), strategy: Replace })),
        ("image", Text),
        ("imagePullPolicy", Text),
        ("lifecycle", Object(&LIFECYCLE)),
        ("livenessProbe", Object(&PROBE)),
        ("name", Text),
        ("ports", List(&ListType { element: Object(&CONTAINER_PORT), strategy: MergeObjects(MergeKey { field: "containerPort", tie_break: Some(TieBreak { field: "protocol", default: Some("TCP") }) }) })),
        ("readinessProbe", Object(&PROBE)),
        ("resizePolicy", List(&ListType { element: Object(&CONTAINER_RESIZE_POLICY), strategy: Replace })),
        ("resources", Object(&RESOURCE_REQUIREMENTS)),
        ("restartPolicy", Text),
        ("restartPolicyRules", List(&ListType { element: Object(&CONTAINER_RESTART_RULE), strategy: Replace })),
        ("securityContext", Object(&SECURITY_CONTEXT)),
        ("startupProbe", Object(&PROBE)),
        ("stdin", Bool),
        ("stdinOnce", Bool),
        ("terminationMessagePath", Text),
        ("terminationMessagePolicy", Text),
        ("tty", Bool),
        ("volumeDevices", List(&ListType { element: Object(&VOLUME_DEVICE), strategy: MergeObjects(MergeKey { field: "devicePath", tie_break: None }) })),
        ("volumeMounts", List(&ListType { element: Object(&VOLUME_MOUNT), strategy: MergeObjects(MergeKey { field: "mountPath", tie_break: None }) })),
        ("workingDir", Text),
    ],
    one_of: &[],
    defaults: &[("terminationMessagePath", DefaultValue::Text("/dev/termination-log")), ("terminationMessagePolicy", DefaultValue::Text("File"))],
};

/// ContainerPort.
pub static CONTAINER_PORT: Schema = Schema {
    name: "ContainerPort",
    fields: &[
        ("containerPort", Integer),
        ("hostIP", Text),
        ("hostPort", Integer),
        ("name", Text),
        ("protocol", Text),
    ],
    one_of: &[],
    defaults: &[("protocol", DefaultValue::Text("TCP"))],
};

/// ContainerResizePolicy.
pub static CONTAINER_RESIZE_POLICY: Schema = Schema {
    name: "ContainerResizePolicy",
    fields: &[
        ("resourceName", Text),
        ("restartPolicy", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// ContainerRestartRule.
pub static CONTAINER_RESTART_RULE: Schema = Schema {
    name: "ContainerRestartRule",
    fields: &[
        ("action", Text),
        ("exitCodes", Object(&CONTAINER_RESTART_RULE_ON_EXIT_CODES)),
    ],
    one_of: &[],
    defaults: &[],
};

/// ContainerRestartRuleOnExitCodes.
pub static CONTAINER_RESTART_RULE_ON_EXIT_CODES: Schema = Schema {
    name: "ContainerRestartRuleOnExitCodes",
    fields: &[
        ("operator", Text),
        ("values", List(&ListType { element: Integer, strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// DownwardAPIProjection.
pub static DOWNWARD_API_PROJECTION: Schema = Schema {
    name: "DownwardAPIProjection",
    fields: &[
        ("items", List(&ListType { element: Object(&DOWNWARD_API_VOLUME_FILE), strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// DownwardAPIVolumeFile.
pub static DOWNWARD_API_VOLUME_FILE: Schema = Schema {
    name: "DownwardAPIVolumeFile",
    fields: &[
        ("fieldRef", Object(&OBJECT_FIELD_SELECTOR)),
        ("mode", Integer),
        ("path", Text),
        ("resourceFieldRef", Object(&RESOURCE_FIELD_SELECTOR)),
    ],
    one_of: &[],
    defaults: &[],
};

/// DownwardAPIVolumeSource.
pub static DOWNWARD_API_VOLUME_SOURCE: Schema = Schema {
    name: "DownwardAPIVolumeSource",
    fields: &[
        ("defaultMode", Integer),
        ("items", List(&ListType { element: Object(&DOWNWARD_API_VOLUME_FILE), strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[("defaultMode", DefaultValue::Integer(420))],
};

/// EmptyDirVolumeSource.
pub static EMPTY_DIR_VOLUME_SOURCE: Schema = Schema {
    name: "EmptyDirVolumeSource",
    fields: &[
        ("medium", Text),
        ("sizeLimit", Quantity),
    ],
    one_of: &[],
    defaults: &[],
};

/// EnvFromSource.
pub static ENV_FROM_SOURCE: Schema = Schema {
    name: "EnvFromSource",
    fields: &[
        ("configMapRef", Object(&CONFIG_MAP_ENV_SOURCE)),
        ("prefix", Text),
        ("secretRef", Object(&SECRET_ENV_SOURCE)),
    ],
    one_of: &[],
    defaults: &[],
};

/// EnvVar.
pub static ENV_VAR: Schema = Schema {
    name: "EnvVar",
    fields: &[
        ("name", Text),
        ("value", Text),
        ("valueFrom", Object(&ENV_VAR_SOURCE)),
    ],
    one_of: &["value", "valueFrom"],
    defaults: &[],
};

/// EnvVarSource.
pub static ENV_VAR_SOURCE: Schema = Schema {
    name: "EnvVarSource",
    fields: &[
        ("configMapKeyRef", Object(&CONFIG_MAP_KEY_SELECTOR)),
        ("fieldRef", Object(&OBJECT_FIELD_SELECTOR)),
        ("fileKeyRef", Object(&FILE_KEY_SELECTOR)),
        ("resourceFieldRef", Object(&RESOURCE_FIELD_SELECTOR)),
        ("secretKeyRef", Object(&SECRET_KEY_SELECTOR)),
    ],
    one_of: &["configMapKeyRef", "fieldRef", "fileKeyRef", "resourceFieldRef", "secretKeyRef"],
    defaults: &[],
};

/// EphemeralContainer.
pub static EPHEMERAL_CONTAINER: Schema = Schema {
    name: "EphemeralContainer",
    fields: &[
        ("args", List(&ListType { element: Text, strategy: Replace })),
        ("command", List(&ListType { element: Text, strategy: Replace })),
        ("env", List(&ListType { element: Object(&ENV_VAR), strategy: MergeObjects(MergeKey { field: "name", tie_break: None }) })),
        ("envFrom", List(&ListType { element: Object(&ENV_FROM_SOURCE), strategy: Replace })),
        ("image", Text),
        ("imagePullPolicy", Text),
        ("lifecycle", Object(&LIFECYCLE)),
        ("livenessProbe", Object(&PROBE)),
        ("name", Text),
        ("ports", List(&ListType { element: Object(&CONTAINER_PORT), strategy: MergeObjects(MergeKey { field: "containerPort", tie_break: Some(TieBreak { field: "protocol", default: Some("TCP") }) }) })),
        ("readinessProbe", Object(&PROBE)),
        ("resizePolicy", List(&ListType { element: Object(&CONTAINER_RESIZE_POLICY), strategy: Replace })),
        ("resources", Object(&RESOURCE_REQUIREMENTS)),
        ("restartPolicy", Text),
        ("restartPolicyRules", List(&ListType { element: Object(&CONTAINER_RESTART_RULE), strategy: Replace })),
        ("securityContext", Object(&SECURITY_CONTEXT)),
        ("startupProbe", Object(&PROBE)),
        ("stdin", Bool),
        ("stdinOnce", Bool),
        ("targetContainerName", Text),
        ("terminationMessagePath", Text),
        ("terminationMessagePolicy", Text),
        ("tty", Bool),
        ("volumeDevices", List(&ListType { element: Object(&VOLUME_DEVICE), strategy: MergeObjects(MergeKey { field: "devicePath", tie_break: None }) })),
        ("volumeMounts", List(&ListType { element: Object(&VOLUME_MOUNT), strategy: MergeObjects(MergeKey { field: "mountPath", tie_break: None }) })),
        ("workingDir", Text),
    ],
    one_of: &[],
    defaults: &[("terminationMessagePath", DefaultValue::Text("/dev/termination-log")), ("terminationMessagePolicy", DefaultValue::Text("File"))],
};

/// EphemeralVolumeSource.
pub static EPHEMERAL_VOLUME_SOURCE: Schema = Schema {
    name: "EphemeralVolumeSource",
    fields: &[
        ("volumeClaimTemplate", Object(&PERSISTENT_VOLUME_CLAIM_TEMPLATE)),
    ],
    one_of: &[],
    defaults: &[],
};

/// ExecAction.
pub static EXEC_ACTION: Schema = Schema {
    name: "ExecAction",
    fields: &[
        ("command", List(&ListType { element: Text, strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// FCVolumeSource.
pub static FC_VOLUME_SOURCE: Schema = Schema {
    name: "FCVolumeSource",
    fields: &[
        ("fsType", Text),
        ("lun", Integer),
        ("readOnly", Bool),
        ("targetWWNs", List(&ListType { element: Text, strategy: Replace })),
        ("wwids", List(&ListType { element: Text, strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// FileKeySelector.
pub static FILE_KEY_SELECTOR: Schema = Schema {
    name: "FileKeySelector",
    fields: &[
        ("key", Text),
        ("optional", Bool),
        ("path", Text),
        ("volumeName", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// FlexVolumeSource.
pub static FLEX_VOLUME_SOURCE: Schema = Schema {
    name: "FlexVolumeSource",
    fields: &[
        ("driver", Text),
        ("fsType", Text),
        ("options", Map(&Text)),
        ("readOnly", Bool),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
    ],
    one_of: &[],
    defaults: &[],
};

/// FlockerVolumeSource.
pub static FLOCKER_VOLUME_SOURCE: Schema = Schema {
    name: "FlockerVolumeSource",
    fields: &[
        ("datasetName", Text),
        ("datasetUUID", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// GCEPersistentDiskVolumeSource.
pub static GCE_PERSISTENT_DISK_VOLUME_SOURCE: Schema = Schema {
    name: "GCEPersistentDiskVolumeSource",
    fields: &[
        ("fsType", Text),
        ("partition", Integer),
        ("pdName", Text),
        ("readOnly", Bool),
    ],
    one_of: &[],
    defaults: &[],
};

/// GRPCAction.
pub static GRPC_ACTION: Schema = Schema {
    name: "GRPCAction",
    fields: &[
        ("port", Integer),
        ("service", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// GitRepoVolumeSource.
pub static GIT_REPO_VOLUME_SOURCE: Schema = Schema {
    name: "GitRepoVolumeSource",
    fields: &[
        ("directory", Text),
        ("repository", Text),
        ("revision", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// GlusterfsVolumeSource.
pub static GLUSTERFS_VOLUME_SOURCE: Schema = Schema {
    name: "GlusterfsVolumeSource",
    fields: &[
        ("endpoints", Text),
        ("path", Text),
        ("readOnly", Bool),
    ],
    one_of: &[],
    defaults: &[],
};

/// HTTPGetAction.
pub static HTTP_GET_ACTION: Schema = Schema {
    name: "HTTPGetAction",
    fields: &[
        ("host", Text),
        ("httpHeaders", List(&ListType { element: Object(&HTTP_HEADER), strategy: Replace })),
        ("path", Text),
        ("port", IntegerOrText),
        ("scheme", Text),
    ],
    one_of: &[],
    defaults: &[("path", DefaultValue::Text("/")), ("scheme", DefaultValue::Text("HTTP"))],
};

/// HTTPHeader.
pub static HTTP_HEADER: Schema = Schema {
    name: "HTTPHeader",
    fields: &[
        ("name", Text),
        ("value", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// HostAlias.
pub static HOST_ALIAS: Schema = Schema {
    name: "HostAlias",
    fields: &[
        ("hostnames", List(&ListType { element: Text, strategy: Replace })),
        ("ip", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// HostPathVolumeSource.
pub static HOST_PATH_VOLUME_SOURCE: Schema = Schema {
    name: "HostPathVolumeSource",
    fields: &[
        ("path", Text),
        ("type", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// ISCSIVolumeSource.
pub static ISCSI_VOLUME_SOURCE: Schema = Schema {
    name: "ISCSIVolumeSource",
    fields: &[
        ("chapAuthDiscovery", Bool),
        ("chapAuthSession", Bool),
        ("fsType", Text),
        ("initiatorName", Text),
        ("iqn", Text),
        ("iscsiInterface", Text),
        ("lun", Integer),
        ("portals", List(&ListType { element: Text, strategy: Replace })),
        ("readOnly", Bool),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("targetPortal", Text),
    ],
    one_of: &[],
    defaults: &[("iscsiInterface", DefaultValue::Text("default"))],
};

/// ImageVolumeSource.
pub static IMAGE_VOLUME_SOURCE: Schema = Schema {
    name: "ImageVolumeSource",
    fields: &[
        ("pullPolicy", Text),
        ("reference", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// JobSpec.
pub static JOB_SPEC: Schema = Schema {
    name: "JobSpec",
    fields: &[
        ("activeDeadlineSeconds", Integer),
        ("backoffLimit", Integer),
        ("backoffLimitPerIndex", Integer),
        ("completionMode", Text),
        ("completions", Integer),
        ("managedBy", Text),
        ("manualSelector", Bool),
        ("maxFailedIndexes", Integer),
        ("parallelism", Integer),
        ("podFailurePolicy", Object(&POD_FAILURE_POLICY)),
        ("podReplacementPolicy", Text),
        ("selector", Object(&LABEL_SELECTOR)),
        ("successPolicy", Object(&SUCCESS_POLICY)),
        ("suspend", Bool),
        ("template", Object(&POD_TEMPLATE_SPEC)),
        ("ttlSecondsAfterFinished", Integer),
    ],
    one_of: &[],
    defaults: &[("completionMode", DefaultValue::Text("NonIndexed"))],
};

/// KeyToPath.
pub static KEY_TO_PATH: Schema = Schema {
    name: "KeyToPath",
    fields: &[
        ("key", Text),
        ("mode", Integer),
        ("path", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// LabelSelector.
pub static LABEL_SELECTOR: Schema = Schema {
    name: "LabelSelector",
    fields: &[
        ("matchExpressions", List(&ListType { element: Object(&LABEL_SELECTOR_REQUIREMENT), strategy: Replace })),
        ("matchLabels", Map(&Text)),
    ],
    one_of: &[],
    defaults: &[],
};

/// LabelSelectorRequirement.
pub static LABEL_SELECTOR_REQUIREMENT: Schema = Schema {
    name: "LabelSelectorRequirement",
    fields: &[
        ("key", Text),
        ("operator", Text),
        ("values", List(&ListType { element: Text, strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// Lifecycle.
pub static LIFECYCLE: Schema = Schema {
    name: "Lifecycle",
    fields: &[
        ("postStart", Object(&LIFECYCLE_HANDLER)),
        ("preStop", Object(&LIFECYCLE_HANDLER)),
        ("stopSignal", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// LifecycleHandler.
pub static LIFECYCLE_HANDLER: Schema = Schema {
    name: "LifecycleHandler",
    fields: &[
        ("exec", Object(&EXEC_ACTION)),
        ("httpGet", Object(&HTTP_GET_ACTION)),
        ("sleep", Object(&SLEEP_ACTION)),
        ("tcpSocket", Object(&TCP_SOCKET_ACTION)),
    ],
    one_of: &["exec", "httpGet", "sleep", "tcpSocket"],
    defaults: &[],
};

/// LocalObjectReference.
pub static LOCAL_OBJECT_REFERENCE: Schema = Schema {
    name: "LocalObjectReference",
    fields: &[
        ("name", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// ManagedFieldsEntry.
pub static MANAGED_FIELDS_ENTRY: Schema = Schema {
    name: "ManagedFieldsEntry",
    fields: &[
        ("apiVersion", Text),
        ("fieldsType", Text),
        ("fieldsV1", Any),
        ("manager", Text),
        ("operation", Text),
        ("subresource", Text),
        ("time", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// NFSVolumeSource.
pub static NFS_VOLUME_SOURCE: Schema = Schema {
    name: "NFSVolumeSource",
    fields: &[
        ("path", Text),
        ("readOnly", Bool),
        ("server", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// NodeAffinity.
pub static NODE_AFFINITY: Schema = Schema {
    name: "NodeAffinity",
    fields: &[
        ("preferredDuringSchedulingIgnoredDuringExecution", List(&ListType { element: Object(&PREFERRED_SCHEDULING_TERM), strategy: Replace })),
        ("requiredDuringSchedulingIgnoredDuringExecution", Object(&NODE_SELECTOR)),
    ],
    one_of: &[],
    defaults: &[],
};

/// NodeSelector.
pub static NODE_SELECTOR: Schema = Schema {
    name: "NodeSelector",
    fields: &[
        ("nodeSelectorTerms", List(&ListType { element: Object(&NODE_SELECTOR_TERM), strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// NodeSelectorRequirement.
pub static NODE_SELECTOR_REQUIREMENT: Schema = Schema {
    name: "NodeSelectorRequirement",
    fields: &[
        ("key", Text),
        ("operator", Text),
        ("values", List(&ListType { element: Text, strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// NodeSelectorTerm.
pub static NODE_SELECTOR_TERM: Schema = Schema {
    name: "NodeSelectorTerm",
    fields: &[
        ("matchExpressions", List(&ListType { element: Object(&NODE_SELECTOR_REQUIREMENT), strategy: Replace })),
        ("matchFields", List(&ListType { element: Object(&NODE_SELECTOR_REQUIREMENT), strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// ObjectFieldSelector.
pub static OBJECT_FIELD_SELECTOR: Schema = Schema {
    name: "ObjectFieldSelector",
    fields: &[
        ("apiVersion", Text),
        ("fieldPath", Text),
    ],
    one_of: &[],
    defaults: &[("apiVersion", DefaultValue::Text("v1"))],
};

/// ObjectMeta.
pub static OBJECT_META: Schema = Schema {
    name: "ObjectMeta",
    fields: &[
        ("annotations", Map(&Text)),
        ("creationTimestamp", Text),
        ("deletionGracePeriodSeconds", Integer),
        ("deletionTimestamp", Text),
        ("finalizers", List(&ListType { element: Text, strategy: MergeScalars })),
        ("generateName", Text),
        ("generation", Integer),
        ("labels", Map(&Text)),
        ("managedFields", List(&ListType { element: Object(&MANAGED_FIELDS_ENTRY), strategy: Replace })),
        ("name", Text),
        ("namespace", Text),
        ("ownerReferences", List(&ListType { element: Object(&OWNER_REFERENCE), strategy: MergeObjects(MergeKey { field: "uid", tie_break: None }) })),
        ("resourceVersion", Text),
        ("selfLink", Text),
        ("uid", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// OwnerReference.
pub static OWNER_REFERENCE: Schema = Schema {
    name: "OwnerReference",
    fields: &[
        ("apiVersion", Text),
        ("blockOwnerDeletion", Bool),
        ("controller", Bool),
        ("kind", Text),
        ("name", Text),
        ("uid", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// PersistentVolumeClaimSpec.
pub static PERSISTENT_VOLUME_CLAIM_SPEC: Schema = Schema {
    name: "PersistentVolumeClaimSpec",
    fields: &[
        ("accessModes", List(&ListType { element: Text, strategy: Replace })),
        ("dataSource", Object(&TYPED_LOCAL_OBJECT_REFERENCE)),
        ("dataSourceRef", Object(&TYPED_OBJECT_REFERENCE)),
        ("resources", Object(&VOLUME_RESOURCE_REQUIREMENTS)),
        ("selector", Object(&LABEL_SELECTOR)),
        ("storageClassName", Text),
        ("volumeAttributesClassName", Text),
        ("volumeMode", Text),
        ("volumeName", Text),
    ],
    one_of: &[],
    defaults: &[("volumeMode", DefaultValue::Text("Filesystem"))],
};

/// PersistentVolumeClaimTemplate.
pub static PERSISTENT_VOLUME_CLAIM_TEMPLATE: Schema = Schema {
    name: "PersistentVolumeClaimTemplate",
    fields: &[
        ("metadata", Object(&OBJECT_META)),
        ("spec", Object(&PERSISTENT_VOLUME_CLAIM_SPEC)),
    ],
    one_of: &[],
    defaults: &[],
};

/// PersistentVolumeClaimVolumeSource.
pub static PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE: Schema = Schema {
    name: "PersistentVolumeClaimVolumeSource",
    fields: &[
        ("claimName", Text),
        ("readOnly", Bool),
    ],
    one_of: &[],
    defaults: &[],
};

/// PhotonPersistentDiskVolumeSource.
pub static PHOTON_PERSISTENT_DISK_VOLUME_SOURCE: Schema = Schema {
    name: "PhotonPersistentDiskVolumeSource",
    fields: &[
        ("fsType", Text),
        ("pdID", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodAffinity.
pub static POD_AFFINITY: Schema = Schema {
    name: "PodAffinity",
    fields: &[
        ("preferredDuringSchedulingIgnoredDuringExecution", List(&ListType { element: Object(&WEIGHTED_POD_AFFINITY_TERM), strategy: Replace })),
        ("requiredDuringSchedulingIgnoredDuringExecution", List(&ListType { element: Object(&POD_AFFINITY_TERM), strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodAffinityTerm.
pub static POD_AFFINITY_TERM: Schema = Schema {
    name: "PodAffinityTerm",
    fields: &[
        ("labelSelector", Object(&LABEL_SELECTOR)),
        ("matchLabelKeys", List(&ListType { element: Text, strategy: Replace })),
        ("mismatchLabelKeys", List(&ListType { element: Text, strategy: Replace })),
        ("namespaceSelector", Object(&LABEL_SELECTOR)),
        ("namespaces", List(&ListType { element: Text, strategy: Replace })),
        ("topologyKey", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodAntiAffinity.
pub static POD_ANTI_AFFINITY: Schema = Schema {
    name: "PodAntiAffinity",
    fields: &[
        ("preferredDuringSchedulingIgnoredDuringExecution", List(&ListType { element: Object(&WEIGHTED_POD_AFFINITY_TERM), strategy: Replace })),
        ("requiredDuringSchedulingIgnoredDuringExecution", List(&ListType { element: Object(&POD_AFFINITY_TERM), strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodCertificateProjection.
pub static POD_CERTIFICATE_PROJECTION: Schema = Schema {
    name: "PodCertificateProjection",
    fields: &[
        ("certificateChainPath", Text),
        ("credentialBundlePath", Text),
        ("keyPath", Text),
        ("keyType", Text),
        ("maxExpirationSeconds", Integer),
        ("signerName", Text),
        ("userAnnotations", Map(&Text)),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodDNSConfig.
pub static POD_DNS_CONFIG: Schema = Schema {
    name: "PodDNSConfig",
    fields: &[
        ("nameservers", List(&ListType { element: Text, strategy: Replace })),
        ("options", List(&ListType { element: Object(&POD_DNS_CONFIG_OPTION), strategy: Replace })),
        ("searches", List(&ListType { element: Text, strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodDNSConfigOption.
pub static POD_DNS_CONFIG_OPTION: Schema = Schema {
    name: "PodDNSConfigOption",
    fields: &[
        ("name", Text),
        ("value", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodFailurePolicy.
pub static POD_FAILURE_POLICY: Schema = Schema {
    name: "PodFailurePolicy",
    fields: &[
        ("rules", List(&ListType { element: Object(&POD_FAILURE_POLICY_RULE), strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodFailurePolicyOnExitCodesRequirement.
pub static POD_FAILURE_POLICY_ON_EXIT_CODES_REQUIREMENT: Schema = Schema {
    name: "PodFailurePolicyOnExitCodesRequirement",
    fields: &[
        ("containerName", Text),
        ("operator", Text),
        ("values", List(&ListType { element: Integer, strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodFailurePolicyOnPodConditionsPattern.
pub static POD_FAILURE_POLICY_ON_POD_CONDITIONS_PATTERN: Schema = Schema {
    name: "PodFailurePolicyOnPodConditionsPattern",
    fields: &[
        ("status", Text),
        ("type", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodFailurePolicyRule.
pub static POD_FAILURE_POLICY_RULE: Schema = Schema {
    name: "PodFailurePolicyRule",
    fields: &[
        ("action", Text),
        ("onExitCodes", Object(&POD_FAILURE_POLICY_ON_EXIT_CODES_REQUIREMENT)),
        ("onPodConditions", List(&ListType { element: Object(&POD_FAILURE_POLICY_ON_POD_CONDITIONS_PATTERN), strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodOS.
pub static POD_OS: Schema = Schema {
    name: "PodOS",
    fields: &[
        ("name", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodReadinessGate.
pub static POD_READINESS_GATE: Schema = Schema {
    name: "PodReadinessGate",
    fields: &[
        ("conditionType", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodResourceClaim.
pub static POD_RESOURCE_CLAIM: Schema = Schema {
    name: "PodResourceClaim",
    fields: &[
        ("name", Text),
        ("resourceClaimName", Text),
        ("resourceClaimTemplateName", Text),
    ],
    one_of: &["resourceClaimName", "resourceClaimTemplateName"],
    defaults: &[],
};

/// PodSchedulingGate.
pub static POD_SCHEDULING_GATE: Schema = Schema {
    name: "PodSchedulingGate",
    fields: &[
        ("name", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodSchedulingGroup.
pub static POD_SCHEDULING_GROUP: Schema = Schema {
    name: "PodSchedulingGroup",
    fields: &[
        ("podGroupName", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodSecurityContext.
pub static POD_SECURITY_CONTEXT: Schema = Schema {
    name: "PodSecurityContext",
    fields: &[
        ("appArmorProfile", Object(&APP_ARMOR_PROFILE)),
        ("fsGroup", Integer),
        ("fsGroupChangePolicy", Text),
        ("runAsGroup", Integer),
        ("runAsNonRoot", Bool),
        ("runAsUser", Integer),
        ("seLinuxChangePolicy", Text),
        ("seLinuxOptions", Object(&SE_LINUX_OPTIONS)),
        ("seccompProfile", Object(&SECCOMP_PROFILE)),
        ("supplementalGroups", List(&ListType { element: Integer, strategy: Replace })),
        ("supplementalGroupsPolicy", Text),
        ("sysctls", List(&ListType { element: Object(&SYSCTL), strategy: Replace })),
        ("windowsOptions", Object(&WINDOWS_SECURITY_CONTEXT_OPTIONS)),
    ],
    one_of: &[],
    defaults: &[],
};

/// PodSpec.
pub static POD_SPEC: Schema = Schema {
    name: "PodSpec",
    fields: &[
        ("activeDeadlineSeconds", Integer),
        ("affinity", Object(&AFFINITY)),
        ("automountServiceAccountToken", Bool),
        ("containers", List(&ListType { element: Object(&CONTAINER), strategy: MergeObjects(MergeKey { field: "name", tie_break: None }) })),
        ("dnsConfig", Object(&POD_DNS_CONFIG)),
        ("dnsPolicy", Text),
        ("enableServiceLinks", Bool),
        ("ephemeralContainers", List(&ListType { element: Object(&EPHEMERAL_CONTAINER), strategy: MergeObjects(MergeKey { field: "name", tie_break: None }) })),
        ("hostAliases", List(&ListType { element: Object(&HOST_ALIAS), strategy: MergeObjects(MergeKey { field: "ip", tie_break: None }) })),
        ("hostIPC", Bool),
        ("hostNetwork", Bool),
        ("hostPID", Bool),
        ("hostUsers", Bool),
        ("hostname", Text),
        ("hostnameOverride", Text),
        ("imagePullSecrets", List(&ListType { element: Object(&LOCAL_OBJECT_REFERENCE), strategy: MergeObjects(MergeKey { field: "name", tie_break: None }) })),
        ("initContainers", List(&ListType { element: Object(&CONTAINER), strategy: MergeObjects(MergeKey { field: "name", tie_break: None }) })),
        ("nodeName", Text),
        ("nodeSelector", Map(&Text)),
        ("os", Object(&POD_OS)),
        ("overhead", Map(&Quantity)),
        ("preemptionPolicy", Text),
        ("priority", Integer),
        ("priorityClassName", Text),
        ("readinessGates", List(&ListType { element: Object(&POD_READINESS_GATE), strategy: Replace })),
        ("resourceClaims", List(&ListType { element: Object(&POD_RESOURCE_CLAIM), strategy: MergeObjects(MergeKey { field: "name", tie_break: None }) })),
        ("resources", Object(&RESOURCE_REQUIREMENTS)),
        ("restartPolicy", Text),
        ("runtimeClassName", Text),
        ("schedulerName", Text),
        ("schedulingGates", List(&ListType { element: Object(&POD_SCHEDULING_GATE), strategy: MergeObjects(MergeKey { field: "name", tie_break: None }) })),
        ("schedulingGroup", Object(&POD_SCHEDULING_GROUP)),
        ("securityContext", Object(&POD_SECURITY_CONTEXT)),
        ("serviceAccount", Text),
        ("serviceAccountName", Text),
        ("setHostnameAsFQDN", Bool),
        ("shareProcessNamespace", Bool),
        ("subdomain", Text),
        ("terminationGracePeriodSeconds", Integer),
        ("tolerations", List(&ListType { element: Object(&TOLERATION), strategy: Replace })),
        ("topologySpreadConstraints", List(&ListType { element: Object(&TOPOLOGY_SPREAD_CONSTRAINT), strategy: MergeObjects(MergeKey { field: "topologyKey", tie_break: Some(TieBreak { field: "whenUnsatisfiable", default: None }) }) })),
        ("volumes", List(&ListType { element: Object(&VOLUME), strategy: MergeObjects(MergeKey { field: "name", tie_break: None }) })),
    ],
    one_of: &[],
    defaults: &[("dnsPolicy", DefaultValue::Text("ClusterFirst")), ("enableServiceLinks", DefaultValue::Bool(true)), ("restartPolicy", DefaultValue::Text("Always")), ("schedulerName", DefaultValue::Text("default-scheduler")), ("terminationGracePeriodSeconds", DefaultValue::Integer(30))],
};

/// PodTemplateSpec.
pub static POD_TEMPLATE_SPEC: Schema = Schema {
    name: "PodTemplateSpec",
    fields: &[
        ("metadata", Object(&OBJECT_META)),
        ("spec", Object(&POD_SPEC)),
    ],
    one_of: &[],
    defaults: &[],
};

/// PortworxVolumeSource.
pub static PORTWORX_VOLUME_SOURCE: Schema = Schema {
    name: "PortworxVolumeSource",
    fields: &[
        ("fsType", Text),
        ("readOnly", Bool),
        ("volumeID", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// PreferredSchedulingTerm.
pub static PREFERRED_SCHEDULING_TERM: Schema = Schema {
    name: "PreferredSchedulingTerm",
    fields: &[
        ("preference", Object(&NODE_SELECTOR_TERM)),
        ("weight", Integer),
    ],
    one_of: &[],
    defaults: &[],
};

/// Probe.
pub static PROBE: Schema = Schema {
    name: "Probe",
    fields: &[
        ("exec", Object(&EXEC_ACTION)),
        ("failureThreshold", Integer),
        ("grpc", Object(&GRPC_ACTION)),
        ("httpGet", Object(&HTTP_GET_ACTION)),
        ("initialDelaySeconds", Integer),
        ("periodSeconds", Integer),
        ("successThreshold", Integer),
        ("tcpSocket", Object(&TCP_SOCKET_ACTION)),
        ("terminationGracePeriodSeconds", Integer),
        ("timeoutSeconds", Integer),
    ],
    one_of: &["exec", "grpc", "httpGet", "tcpSocket"],
    defaults: &[("failureThreshold", DefaultValue::Integer(3)), ("periodSeconds", DefaultValue::Integer(10)), ("successThreshold", DefaultValue::Integer(1)), ("timeoutSeconds", DefaultValue::Integer(1))],
};

/// ProjectedVolumeSource.
pub static PROJECTED_VOLUME_SOURCE: Schema = Schema {
    name: "ProjectedVolumeSource",
    fields: &[
        ("defaultMode", Integer),
        ("sources", List(&ListType { element: Object(&VOLUME_PROJECTION), strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[("defaultMode", DefaultValue::Integer(420))],
};

/// QuobyteVolumeSource.
pub static QUOBYTE_VOLUME_SOURCE: Schema = Schema {
    name: "QuobyteVolumeSource",
    fields: &[
        ("group", Text),
        ("readOnly", Bool),
        ("registry", Text),
        ("tenant", Text),
        ("user", Text),
        ("volume", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// RBDVolumeSource.
pub static RBD_VOLUME_SOURCE: Schema = Schema {
    name: "RBDVolumeSource",
    fields: &[
        ("fsType", Text),
        ("image", Text),
        ("keyring", Text),
        ("monitors", List(&ListType { element: Text, strategy: Replace })),
        ("pool", Text),
        ("readOnly", Bool),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("user", Text),
    ],
    one_of: &[],
    defaults: &[("keyring", DefaultValue::Text("/etc/ceph/keyring")), ("pool", DefaultValue::Text("rbd")), ("user", DefaultValue::Text("admin"))],
};

/// ResourceClaim.
pub static RESOURCE_CLAIM: Schema = Schema {
    name: "ResourceClaim",
    fields: &[
        ("name", Text),
        ("request", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// ResourceFieldSelector.
pub static RESOURCE_FIELD_SELECTOR: Schema = Schema {
    name: "ResourceFieldSelector",
    fields: &[
        ("containerName", Text),
        ("divisor", Quantity),
        ("resource", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// ResourceRequirements.
pub static RESOURCE_REQUIREMENTS: Schema = Schema {
    name: "ResourceRequirements",
    fields: &[
        ("claims", List(&ListType { element: Object(&RESOURCE_CLAIM), strategy: Replace })),
        ("limits", Map(&Quantity)),
        ("requests", Map(&Quantity)),
    ],
    one_of: &[],
    defaults: &[],
};

/// SELinuxOptions.
pub static SE_LINUX_OPTIONS: Schema = Schema {
    name: "SELinuxOptions",
    fields: &[
        ("level", Text),
        ("role", Text),
        ("type", Text),
        ("user", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// ScaleIOVolumeSource.
pub static SCALE_IO_VOLUME_SOURCE: Schema = Schema {
    name: "ScaleIOVolumeSource",
    fields: &[
        ("fsType", Text),
        ("gateway", Text),
        ("protectionDomain", Text),
        ("readOnly", Bool),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("sslEnabled", Bool),
        ("storageMode", Text),
        ("storagePool", Text),
        ("system", Text),
        ("volumeName", Text),
    ],
    one_of: &[],
    defaults: &[("fsType", DefaultValue::Text("xfs")), ("storageMode", DefaultValue::Text("ThinProvisioned"))],
};

/// SeccompProfile.
pub static SECCOMP_PROFILE: Schema = Schema {
    name: "SeccompProfile",
    fields: &[
        ("localhostProfile", Text),
        ("type", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// SecretEnvSource.
pub static SECRET_ENV_SOURCE: Schema = Schema {
    name: "SecretEnvSource",
    fields: &[
        ("name", Text),
        ("optional", Bool),
    ],
    one_of: &[],
    defaults: &[],
};

/// SecretKeySelector.
pub static SECRET_KEY_SELECTOR: Schema = Schema {
    name: "SecretKeySelector",
    fields: &[
        ("key", Text),
        ("name", Text),
        ("optional", Bool),
    ],
    one_of: &[],
    defaults: &[],
};

/// SecretProjection.
pub static SECRET_PROJECTION: Schema = Schema {
    name: "SecretProjection",
    fields: &[
        ("items", List(&ListType { element: Object(&KEY_TO_PATH), strategy: Replace })),
        ("name", Text),
        ("optional", Bool),
    ],
    one_of: &[],
    defaults: &[],
};

/// SecretVolumeSource.
pub static SECRET_VOLUME_SOURCE: Schema = Schema {
    name: "SecretVolumeSource",
    fields: &[
        ("defaultMode", Integer),
        ("items", List(&ListType { element: Object(&KEY_TO_PATH), strategy: Replace })),
        ("optional", Bool),
        ("secretName", Text),
    ],
    one_of: &[],
    defaults: &[("defaultMode", DefaultValue::Integer(420))],
};

/// SecurityContext.
pub static SECURITY_CONTEXT: Schema = Schema {
    name: "SecurityContext",
    fields: &[
        ("allowPrivilegeEscalation", Bool),
        ("appArmorProfile", Object(&APP_ARMOR_PROFILE)),
        ("capabilities", Object(&CAPABILITIES)),
        ("privileged", Bool),
        ("procMount", Text),
        ("readOnlyRootFilesystem", Bool),
        ("runAsGroup", Integer),
        ("runAsNonRoot", Bool),
        ("runAsUser", Integer),
        ("seLinuxOptions", Object(&SE_LINUX_OPTIONS)),
        ("seccompProfile", Object(&SECCOMP_PROFILE)),
        ("windowsOptions", Object(&WINDOWS_SECURITY_CONTEXT_OPTIONS)),
    ],
    one_of: &[],
    defaults: &[],
};

/// ServiceAccountTokenProjection.
pub static SERVICE_ACCOUNT_TOKEN_PROJECTION: Schema = Schema {
    name: "ServiceAccountTokenProjection",
    fields: &[
        ("audience", Text),
        ("expirationSeconds", Integer),
        ("path", Text),
    ],
    one_of: &[],
    defaults: &[("expirationSeconds", DefaultValue::Integer(3600))],
};

/// SleepAction.
pub static SLEEP_ACTION: Schema = Schema {
    name: "SleepAction",
    fields: &[
        ("seconds", Integer),
    ],
    one_of: &[],
    defaults: &[],
};

/// StorageOSVolumeSource.
pub static STORAGE_OS_VOLUME_SOURCE: Schema = Schema {
    name: "StorageOSVolumeSource",
    fields: &[
        ("fsType", Text),
        ("readOnly", Bool),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("volumeName", Text),
        ("volumeNamespace", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// SuccessPolicy.
pub static SUCCESS_POLICY: Schema = Schema {
    name: "SuccessPolicy",
    fields: &[
        ("rules", List(&ListType { element: Object(&SUCCESS_POLICY_RULE), strategy: Replace })),
    ],
    one_of: &[],
    defaults: &[],
};

/// SuccessPolicyRule.
pub static SUCCESS_POLICY_RULE: Schema = Schema {
    name: "SuccessPolicyRule",
    fields: &[
        ("succeededCount", Integer),
        ("succeededIndexes", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// Sysctl.
pub static SYSCTL: Schema = Schema {
    name: "Sysctl",
    fields: &[
        ("name", Text),
        ("value", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// TCPSocketAction.
pub static TCP_SOCKET_ACTION: Schema = Schema {
    name: "TCPSocketAction",
    fields: &[
        ("host", Text),
        ("port", IntegerOrText),
    ],
    one_of: &[],
    defaults: &[],
};

/// Toleration.
pub static TOLERATION: Schema = Schema {
    name: "Toleration",
    fields: &[
        ("effect", Text),
        ("key", Text),
        ("operator", Text),
        ("tolerationSeconds", Integer),
        ("value", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// TopologySpreadConstraint.
pub static TOPOLOGY_SPREAD_CONSTRAINT: Schema = Schema {
    name: "TopologySpreadConstraint",
    fields: &[
        ("labelSelector", Object(&LABEL_SELECTOR)),
        ("matchLabelKeys", List(&ListType { element: Text, strategy: Replace })),
        ("maxSkew", Integer),
        ("minDomains", Integer),
        ("nodeAffinityPolicy", Text),
        ("nodeTaintsPolicy", Text),
        ("topologyKey", Text),
        ("whenUnsatisfiable", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// TypedLocalObjectReference.
pub static TYPED_LOCAL_OBJECT_REFERENCE: Schema = Schema {
    name: "TypedLocalObjectReference",
    fields: &[
        ("apiGroup", Text),
        ("kind", Text),
        ("name", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// TypedObjectReference.
pub static TYPED_OBJECT_REFERENCE: Schema = Schema {
    name: "TypedObjectReference",
    fields: &[
        ("apiGroup", Text),
        ("kind", Text),
        ("name", Text),
        ("namespace", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// Volume.
pub static VOLUME: Schema = Schema {
    name: "Volume",
    fields: &[
        ("awsElasticBlockStore", Object(&AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE)),
        ("azureDisk", Object(&AZURE_DISK_VOLUME_SOURCE)),
        ("azureFile", Object(&AZURE_FILE_VOLUME_SOURCE)),
        ("cephfs", Object(&CEPH_FS_VOLUME_SOURCE)),
        ("cinder", Object(&CINDER_VOLUME_SOURCE)),
        ("configMap", Object(&CONFIG_MAP_VOLUME_SOURCE)),
        ("csi", Object(&CSI_VOLUME_SOURCE)),
        ("downwardAPI", Object(&DOWNWARD_API_VOLUME_SOURCE)),
        ("emptyDir", Object(&EMPTY_DIR_VOLUME_SOURCE)),
        ("ephemeral", Object(&EPHEMERAL_VOLUME_SOURCE)),
        ("fc", Object(&FC_VOLUME_SOURCE)),
        ("flexVolume", Object(&FLEX_VOLUME_SOURCE)),
        ("flocker", Object(&FLOCKER_VOLUME_SOURCE)),
        ("gcePersistentDisk", Object(&GCE_PERSISTENT_DISK_VOLUME_SOURCE)),
        ("gitRepo", Object(&GIT_REPO_VOLUME_SOURCE)),
        ("glusterfs", Object(&GLUSTERFS_VOLUME_SOURCE)),
        ("hostPath", Object(&HOST_PATH_VOLUME_SOURCE)),
        ("image", Object(&IMAGE_VOLUME_SOURCE)),
        ("iscsi", Object(&ISCSI_VOLUME_SOURCE)),
        ("name", Text),
        ("nfs", Object(&NFS_VOLUME_SOURCE)),
        ("persistentVolumeClaim", Object(&PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE)),
        ("photonPersistentDisk", Object(&PHOTON_PERSISTENT_DISK_VOLUME_SOURCE)),
        ("portworxVolume", Object(&PORTWORX_VOLUME_SOURCE)),
        ("projected", Object(&PROJECTED_VOLUME_SOURCE)),
        ("quobyte", Object(&QUOBYTE_VOLUME_SOURCE)),
        ("rbd", Object(&RBD_VOLUME_SOURCE)),
        ("scaleIO", Object(&SCALE_IO_VOLUME_SOURCE)),
        ("secret", Object(&SECRET_VOLUME_SOURCE)),
        ("storageos", Object(&STORAGE_OS_VOLUME_SOURCE)),
        ("vsphereVolume", Object(&VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE)),
    ],
    one_of: &["awsElasticBlockStore", "azureDisk", "azureFile", "cephfs", "cinder", "configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "fc", "flexVolume", "flocker", "gcePersistentDisk", "gitRepo", "glusterfs", "hostPath", "image", "iscsi", "nfs", "persistentVolumeClaim", "photonPersistentDisk", "portworxVolume", "projected", "quobyte", "rbd", "scaleIO", "secret", "storageos", "vsphereVolume"],
    defaults: &[],
};

/// VolumeDevice.
pub static VOLUME_DEVICE: Schema = Schema {
    name: "VolumeDevice",
    fields: &[
        ("devicePath", Text),
        ("name", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// VolumeMount.
pub static VOLUME_MOUNT: Schema = Schema {
    name: "VolumeMount",
    fields: &[
        ("mountPath", Text),
        ("mountPropagation", Text),
        ("name", Text),
        ("readOnly", Bool),
        ("recursiveReadOnly", Text),
        ("subPath", Text),
        ("subPathExpr", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// VolumeProjection.
pub static VOLUME_PROJECTION: Schema = Schema {
    name: "VolumeProjection",
    fields: &[
        ("clusterTrustBundle", Object(&CLUSTER_TRUST_BUNDLE_PROJECTION)),
        ("configMap", Object(&CONFIG_MAP_PROJECTION)),
        ("downwardAPI", Object(&DOWNWARD_API_PROJECTION)),
        ("podCertificate", Object(&POD_CERTIFICATE_PROJECTION)),
        ("secret", Object(&SECRET_PROJECTION)),
        ("serviceAccountToken", Object(&SERVICE_ACCOUNT_TOKEN_PROJECTION)),
    ],
    one_of: &[],
    defaults: &[],
};

/// VolumeResourceRequirements.
pub static VOLUME_RESOURCE_REQUIREMENTS: Schema = Schema {
    name: "VolumeResourceRequirements",
    fields: &[
        ("limits", Map(&Quantity)),
        ("requests", Map(&Quantity)),
    ],
    one_of: &[],
    defaults: &[],
};

/// VsphereVirtualDiskVolumeSource.
pub static VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE: Schema = Schema {
    name: "VsphereVirtualDiskVolumeSource",
    fields: &[
        ("fsType", Text),
        ("storagePolicyID", Text),
        ("storagePolicyName", Text),
        ("volumePath", Text),
    ],
    one_of: &[],
    defaults: &[],
};

/// WeightedPodAffinityTerm.
pub static WEIGHTED_POD_AFFINITY_TERM: Schema = Schema {
    name: "WeightedPodAffinityTerm",
    fields: &[
        ("podAffinityTerm", Object(&POD_AFFINITY_TERM)),
        ("weight", Integer),
    ],
    one_of: &[],
    defaults: &[],
};

/// WindowsSecurityContextOptions.
pub static WINDOWS_SECURITY_CONTEXT_OPTIONS: Schema = Schema {
    name: "WindowsSecurityContextOptions",
    fields: &[
        ("gmsaCredentialSpec", Text),
        ("gmsaCredentialSpecName", Text),
        ("hostProcess", Bool),
        ("runAsUserName", Text),
    ],
    one_of: &[],
    defaults: &[],
};
