//! The pod spec and what belongs to the pod as a whole. Fields as of the Kubernetes API v0.36.3 (job-manifest R-27).

use super::affinity::{AFFINITY, LABEL_SELECTOR};
use super::container::{
    APP_ARMOR_PROFILE, CONTAINER, CONTAINER_PORT, CONTAINER_RESIZE_POLICY, CONTAINER_RESTART_RULE, LIFECYCLE,
    PROBE, RESOURCE_REQUIREMENTS, SE_LINUX_OPTIONS, SECCOMP_PROFILE, SECURITY_CONTEXT, VOLUME_DEVICE,
    VOLUME_MOUNT, WINDOWS_SECURITY_CONTEXT_OPTIONS,
};
use super::env::{ENV_FROM_SOURCE, ENV_VAR};
use super::volume::VOLUME;
use super::{
    Kind::{Bool, Integer, List, Map, Object, Quantity, Text},
    Schema,
};

pub(super) static POD_SPEC: Schema = Schema {
    name: "PodSpec",
    fields: &[
        ("activeDeadlineSeconds", Integer),
        ("affinity", Object(&AFFINITY)),
        ("automountServiceAccountToken", Bool),
        ("containers", List(&Object(&CONTAINER))),
        ("dnsConfig", Object(&POD_DNS_CONFIG)),
        ("dnsPolicy", Text),
        ("enableServiceLinks", Bool),
        ("ephemeralContainers", List(&Object(&EPHEMERAL_CONTAINER))),
        ("hostAliases", List(&Object(&HOST_ALIAS))),
        ("hostIPC", Bool),
        ("hostNetwork", Bool),
        ("hostPID", Bool),
        ("hostUsers", Bool),
        ("hostname", Text),
        ("hostnameOverride", Text),
        ("imagePullSecrets", List(&Object(&LOCAL_OBJECT_REFERENCE))),
        ("initContainers", List(&Object(&CONTAINER))),
        ("nodeName", Text),
        ("nodeSelector", Map(&Text)),
        ("os", Object(&POD_OS)),
        ("overhead", Map(&Quantity)),
        ("preemptionPolicy", Text),
        ("priority", Integer),
        ("priorityClassName", Text),
        ("readinessGates", List(&Object(&POD_READINESS_GATE))),
        ("resourceClaims", List(&Object(&POD_RESOURCE_CLAIM))),
        ("resources", Object(&RESOURCE_REQUIREMENTS)),
        ("restartPolicy", Text),
        ("runtimeClassName", Text),
        ("schedulerName", Text),
        ("schedulingGates", List(&Object(&POD_SCHEDULING_GATE))),
        ("schedulingGroup", Object(&POD_SCHEDULING_GROUP)),
        ("securityContext", Object(&POD_SECURITY_CONTEXT)),
        ("serviceAccount", Text),
        ("serviceAccountName", Text),
        ("setHostnameAsFQDN", Bool),
        ("shareProcessNamespace", Bool),
        ("subdomain", Text),
        ("terminationGracePeriodSeconds", Integer),
        ("tolerations", List(&Object(&TOLERATION))),
        ("topologySpreadConstraints", List(&Object(&TOPOLOGY_SPREAD_CONSTRAINT))),
        ("volumes", List(&Object(&VOLUME))),
    ],
};

pub(super) static EPHEMERAL_CONTAINER: Schema = Schema {
    name: "EphemeralContainer",
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
        ("targetContainerName", Text),
        ("terminationMessagePath", Text),
        ("terminationMessagePolicy", Text),
        ("tty", Bool),
        ("volumeDevices", List(&Object(&VOLUME_DEVICE))),
        ("volumeMounts", List(&Object(&VOLUME_MOUNT))),
        ("workingDir", Text),
    ],
};

pub(super) static HOST_ALIAS: Schema =
    Schema { name: "HostAlias", fields: &[("hostnames", List(&Text)), ("ip", Text)] };

pub(super) static LOCAL_OBJECT_REFERENCE: Schema =
    Schema { name: "LocalObjectReference", fields: &[("name", Text)] };

pub(super) static POD_DNS_CONFIG: Schema = Schema {
    name: "PodDNSConfig",
    fields: &[
        ("nameservers", List(&Text)),
        ("options", List(&Object(&POD_DNS_CONFIG_OPTION))),
        ("searches", List(&Text)),
    ],
};

pub(super) static POD_DNS_CONFIG_OPTION: Schema =
    Schema { name: "PodDNSConfigOption", fields: &[("name", Text), ("value", Text)] };

pub(super) static POD_OS: Schema = Schema { name: "PodOS", fields: &[("name", Text)] };

pub(super) static POD_READINESS_GATE: Schema =
    Schema { name: "PodReadinessGate", fields: &[("conditionType", Text)] };

pub(super) static POD_RESOURCE_CLAIM: Schema = Schema {
    name: "PodResourceClaim",
    fields: &[("name", Text), ("resourceClaimName", Text), ("resourceClaimTemplateName", Text)],
};

pub(super) static POD_SCHEDULING_GATE: Schema =
    Schema { name: "PodSchedulingGate", fields: &[("name", Text)] };

pub(super) static POD_SCHEDULING_GROUP: Schema =
    Schema { name: "PodSchedulingGroup", fields: &[("podGroupName", Text)] };

pub(super) static POD_SECURITY_CONTEXT: Schema = Schema {
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
        ("supplementalGroups", List(&Integer)),
        ("supplementalGroupsPolicy", Text),
        ("sysctls", List(&Object(&SYSCTL))),
        ("windowsOptions", Object(&WINDOWS_SECURITY_CONTEXT_OPTIONS)),
    ],
};

pub(super) static SYSCTL: Schema = Schema { name: "Sysctl", fields: &[("name", Text), ("value", Text)] };

pub(super) static TOLERATION: Schema = Schema {
    name: "Toleration",
    fields: &[
        ("effect", Text),
        ("key", Text),
        ("operator", Text),
        ("tolerationSeconds", Integer),
        ("value", Text),
    ],
};

pub(super) static TOPOLOGY_SPREAD_CONSTRAINT: Schema = Schema {
    name: "TopologySpreadConstraint",
    fields: &[
        ("labelSelector", Object(&LABEL_SELECTOR)),
        ("matchLabelKeys", List(&Text)),
        ("maxSkew", Integer),
        ("minDomains", Integer),
        ("nodeAffinityPolicy", Text),
        ("nodeTaintsPolicy", Text),
        ("topologyKey", Text),
        ("whenUnsatisfiable", Text),
    ],
};
