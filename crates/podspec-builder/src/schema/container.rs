//! Containers and what belongs to one. Fields as of the Kubernetes API v0.36.3 (job-manifest R-27).

use super::env::{ENV_FROM_SOURCE, ENV_VAR};
use super::{
    Kind::{Bool, Integer, IntegerOrText, List, Map, Object, Quantity, Text},
    Schema,
};

pub(super) static CONTAINER: Schema = Schema {
    name: "Container",
    fields: &[
        ("args", List(&Text)),
        ("command", List(&Text)),
        ("env", List(&Object(&ENV_VAR))),
        ("envFrom", List(&Object(&ENV_FROM_SOURCE))),
        ("image", Text),
        ("imagePullPolicy", Text),
        ("lifecycle", Object(&LIFECYCLE)),
        ("livenessProbe", Object(&PROBE)),
        ("name", Text),
        ("ports", List(&Object(&CONTAINER_PORT))),
        ("readinessProbe", Object(&PROBE)),
        ("resizePolicy", List(&Object(&CONTAINER_RESIZE_POLICY))),
        ("resources", Object(&RESOURCE_REQUIREMENTS)),
        ("restartPolicy", Text),
        ("restartPolicyRules", List(&Object(&CONTAINER_RESTART_RULE))),
        ("securityContext", Object(&SECURITY_CONTEXT)),
        ("startupProbe", Object(&PROBE)),
        ("stdin", Bool),
        ("stdinOnce", Bool),
        ("terminationMessagePath", Text),
        ("terminationMessagePolicy", Text),
        ("tty", Bool),
        ("volumeDevices", List(&Object(&VOLUME_DEVICE))),
        ("volumeMounts", List(&Object(&VOLUME_MOUNT))),
        ("workingDir", Text),
    ],
};

pub(super) static APP_ARMOR_PROFILE: Schema =
    Schema { name: "AppArmorProfile", fields: &[("localhostProfile", Text), ("type", Text)] };

pub(super) static CAPABILITIES: Schema =
    Schema { name: "Capabilities", fields: &[("add", List(&Text)), ("drop", List(&Text))] };

pub(super) static CONTAINER_PORT: Schema = Schema {
    name: "ContainerPort",
    fields: &[
        ("containerPort", Integer),
        ("hostIP", Text),
        ("hostPort", Integer),
        ("name", Text),
        ("protocol", Text),
    ],
};

pub(super) static CONTAINER_RESIZE_POLICY: Schema =
    Schema { name: "ContainerResizePolicy", fields: &[("resourceName", Text), ("restartPolicy", Text)] };

pub(super) static CONTAINER_RESTART_RULE: Schema = Schema {
    name: "ContainerRestartRule",
    fields: &[("action", Text), ("exitCodes", Object(&CONTAINER_RESTART_RULE_ON_EXIT_CODES))],
};

pub(super) static CONTAINER_RESTART_RULE_ON_EXIT_CODES: Schema = Schema {
    name: "ContainerRestartRuleOnExitCodes",
    fields: &[("operator", Text), ("values", List(&Integer))],
};

pub(super) static EXEC_ACTION: Schema = Schema { name: "ExecAction", fields: &[("command", List(&Text))] };

pub(super) static GRPC_ACTION: Schema =
    Schema { name: "GRPCAction", fields: &[("port", Integer), ("service", Text)] };

pub(super) static HTTP_GET_ACTION: Schema = Schema {
    name: "HTTPGetAction",
    fields: &[
        ("host", Text),
        ("httpHeaders", List(&Object(&HTTP_HEADER))),
        ("path", Text),
        ("port", IntegerOrText),
        ("scheme", Text),
    ],
};

pub(super) static HTTP_HEADER: Schema =
    Schema { name: "HTTPHeader", fields: &[("name", Text), ("value", Text)] };

pub(super) static LIFECYCLE: Schema = Schema {
    name: "Lifecycle",
    fields: &[
        ("postStart", Object(&LIFECYCLE_HANDLER)),
        ("preStop", Object(&LIFECYCLE_HANDLER)),
        ("stopSignal", Text),
    ],
};

pub(super) static LIFECYCLE_HANDLER: Schema = Schema {
    name: "LifecycleHandler",
    fields: &[
        ("exec", Object(&EXEC_ACTION)),
        ("httpGet", Object(&HTTP_GET_ACTION)),
        ("sleep", Object(&SLEEP_ACTION)),
        ("tcpSocket", Object(&TCP_SOCKET_ACTION)),
    ],
};

pub(super) static PROBE: Schema = Schema {
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
};

pub(super) static RESOURCE_CLAIM: Schema =
    Schema { name: "ResourceClaim", fields: &[("name", Text), ("request", Text)] };

pub(super) static RESOURCE_REQUIREMENTS: Schema = Schema {
    name: "ResourceRequirements",
    fields: &[
        ("claims", List(&Object(&RESOURCE_CLAIM))),
        ("limits", Map(&Quantity)),
        ("requests", Map(&Quantity)),
    ],
};

pub(super) static SE_LINUX_OPTIONS: Schema = Schema {
    name: "SELinuxOptions",
    fields: &[("level", Text), ("role", Text), ("type", Text), ("user", Text)],
};

pub(super) static SECCOMP_PROFILE: Schema =
    Schema { name: "SeccompProfile", fields: &[("localhostProfile", Text), ("type", Text)] };

pub(super) static SECURITY_CONTEXT: Schema = Schema {
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
};

pub(super) static SLEEP_ACTION: Schema = Schema { name: "SleepAction", fields: &[("seconds", Integer)] };

pub(super) static TCP_SOCKET_ACTION: Schema =
    Schema { name: "TCPSocketAction", fields: &[("host", Text), ("port", IntegerOrText)] };

pub(super) static VOLUME_DEVICE: Schema =
    Schema { name: "VolumeDevice", fields: &[("devicePath", Text), ("name", Text)] };

pub(super) static VOLUME_MOUNT: Schema = Schema {
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
};

pub(super) static WINDOWS_SECURITY_CONTEXT_OPTIONS: Schema = Schema {
    name: "WindowsSecurityContextOptions",
    fields: &[
        ("gmsaCredentialSpec", Text),
        ("gmsaCredentialSpecName", Text),
        ("hostProcess", Bool),
        ("runAsUserName", Text),
    ],
};
