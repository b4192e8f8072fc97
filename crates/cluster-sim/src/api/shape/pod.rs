//! Pods and their templates. What no rule of this stack looks at is left open.

use super::Shape::{
    self, Always, Any, Bool, Int, KeptBool, KeptInt, KeptText, List, Map, Open, Quantity, Struct, Text, Time,
};
use super::{API_VERSION, KIND, METADATA, meta};

pub(super) const POD: Shape =
    Struct("Pod", &[KIND, API_VERSION, METADATA, ("spec", &SPEC), ("status", &Always(&STATUS))]);

pub(super) const POD_TEMPLATE: Shape =
    Struct("PodTemplate", &[KIND, API_VERSION, METADATA, ("template", &Always(&TEMPLATE))]);

pub(super) const TEMPLATE: Shape = Struct("PodTemplateSpec", &[METADATA, ("spec", &Always(&SPEC))]);

const TEXT_LIST: Shape = List(&Text, "string");
const AMOUNTS: Shape = Map(&Quantity, "v1.ResourceList");

const SPEC: Shape = Struct(
    "PodSpec",
    &[
        ("volumes", &List(&VOLUME, "v1.Volume")),
        ("initContainers", &List(&CONTAINER, "v1.Container")),
        ("containers", &List(&CONTAINER, "v1.Container")),
        ("ephemeralContainers", &List(&Any, "v1.EphemeralContainer")),
        ("restartPolicy", &Text),
        ("terminationGracePeriodSeconds", &KeptInt("int64")),
        ("activeDeadlineSeconds", &KeptInt("int64")),
        ("dnsPolicy", &Text),
        ("nodeSelector", &meta::TEXTS),
        ("serviceAccountName", &Text),
        ("serviceAccount", &Text),
        ("automountServiceAccountToken", &KeptBool),
        ("nodeName", &Text),
        ("hostNetwork", &Bool),
        ("hostPID", &Bool),
        ("hostIPC", &Bool),
        ("shareProcessNamespace", &KeptBool),
        ("securityContext", &Open("PodSecurityContext")),
        ("imagePullSecrets", &List(&REFERENCE, "v1.LocalObjectReference")),
        ("hostname", &Text),
        ("subdomain", &Text),
        ("affinity", &Open("Affinity")),
        ("schedulerName", &Text),
        ("tolerations", &List(&TOLERATION, "v1.Toleration")),
        ("hostAliases", &List(&Any, "v1.HostAlias")),
        ("priorityClassName", &Text),
        ("priority", &KeptInt("int32")),
        ("dnsConfig", &Open("PodDNSConfig")),
        ("readinessGates", &List(&Any, "v1.PodReadinessGate")),
        ("runtimeClassName", &Text),
        ("enableServiceLinks", &KeptBool),
        ("preemptionPolicy", &Text),
        ("overhead", &AMOUNTS),
        ("topologySpreadConstraints", &List(&Any, "v1.TopologySpreadConstraint")),
        ("setHostnameAsFQDN", &KeptBool),
        ("os", &Open("PodOS")),
        ("hostUsers", &KeptBool),
        ("schedulingGates", &List(&Any, "v1.PodSchedulingGate")),
        ("resourceClaims", &List(&Any, "v1.PodResourceClaim")),
        ("resources", &RESOURCES),
        ("hostnameOverride", &KeptText),
        ("schedulingGroup", &Open("PodSchedulingGroup")),
    ],
);

const REFERENCE: Shape = Struct("LocalObjectReference", &[("name", &Text)]);

const TOLERATION: Shape = Struct(
    "Toleration",
    &[
        ("key", &Text),
        ("operator", &Text),
        ("value", &Text),
        ("effect", &Text),
        ("tolerationSeconds", &KeptInt("int64")),
    ],
);

const RESOURCES: Shape = Struct(
    "ResourceRequirements",
    &[("limits", &AMOUNTS), ("requests", &AMOUNTS), ("claims", &List(&Any, "v1.ResourceClaim"))],
);

const CONTAINER: Shape = Struct(
    "Container",
    &[
        ("name", &KeptText),
        ("image", &Text),
        ("command", &TEXT_LIST),
        ("args", &TEXT_LIST),
        ("workingDir", &Text),
        ("ports", &List(&PORT, "v1.ContainerPort")),
        ("envFrom", &List(&ENV_FROM, "v1.EnvFromSource")),
        ("env", &List(&ENV, "v1.EnvVar")),
        ("resources", &Always(&RESOURCES)),
        ("resizePolicy", &List(&Any, "v1.ContainerResizePolicy")),
        ("restartPolicy", &Text),
        ("restartPolicyRules", &List(&Any, "v1.ContainerRestartRule")),
        ("volumeMounts", &List(&MOUNT, "v1.VolumeMount")),
        ("volumeDevices", &List(&Any, "v1.VolumeDevice")),
        ("livenessProbe", &Open("Probe")),
        ("readinessProbe", &Open("Probe")),
        ("startupProbe", &Open("Probe")),
        ("lifecycle", &Open("Lifecycle")),
        ("terminationMessagePath", &Text),
        ("terminationMessagePolicy", &Text),
        ("imagePullPolicy", &Text),
        ("securityContext", &Open("SecurityContext")),
        ("stdin", &Bool),
        ("stdinOnce", &Bool),
        ("tty", &Bool),
    ],
);

const PORT: Shape = Struct(
    "ContainerPort",
    &[
        ("name", &Text),
        ("hostPort", &Int("int32")),
        ("containerPort", &KeptInt("int32")),
        ("protocol", &Text),
        ("hostIP", &Text),
    ],
);

const ENV: Shape = Struct("EnvVar", &[("name", &KeptText), ("value", &Text), ("valueFrom", &VALUE_FROM)]);

const KEY: &[super::Field] = &[("name", &Text), ("key", &KeptText), ("optional", &KeptBool)];

const VALUE_FROM: Shape = Struct(
    "EnvVarSource",
    &[
        ("fieldRef", &Struct("ObjectFieldSelector", &[("apiVersion", &Text), ("fieldPath", &KeptText)])),
        ("resourceFieldRef", &Open("ResourceFieldSelector")),
        ("configMapKeyRef", &Struct("ConfigMapKeySelector", KEY)),
        ("secretKeyRef", &Struct("SecretKeySelector", KEY)),
        ("fileKeyRef", &Open("FileKeySelector")),
    ],
);

const ENV_FROM: Shape = Struct(
    "EnvFromSource",
    &[
        ("prefix", &Text),
        ("configMapRef", &Struct("ConfigMapEnvSource", &[("name", &Text), ("optional", &KeptBool)])),
        ("secretRef", &Struct("SecretEnvSource", &[("name", &Text), ("optional", &KeptBool)])),
    ],
);

const MOUNT: Shape = Struct(
    "VolumeMount",
    &[
        ("name", &KeptText),
        ("readOnly", &Bool),
        ("recursiveReadOnly", &Text),
        ("mountPath", &KeptText),
        ("subPath", &Text),
        ("mountPropagation", &Text),
        ("subPathExpr", &Text),
    ],
);

/// Sources of volumes are many; each is an object.
const VOLUME: Shape = Struct(
    "Volume",
    &[
        ("name", &KeptText),
        ("hostPath", &Open("HostPathVolumeSource")),
        ("emptyDir", &Open("EmptyDirVolumeSource")),
        ("secret", &Open("SecretVolumeSource")),
        ("nfs", &Open("NFSVolumeSource")),
        ("iscsi", &Open("ISCSIVolumeSource")),
        ("persistentVolumeClaim", &Open("PersistentVolumeClaimVolumeSource")),
        ("downwardAPI", &Open("DownwardAPIVolumeSource")),
        ("configMap", &Open("ConfigMapVolumeSource")),
        ("projected", &Open("ProjectedVolumeSource")),
        ("csi", &Open("CSIVolumeSource")),
        ("ephemeral", &Open("EphemeralVolumeSource")),
        ("image", &Open("ImageVolumeSource")),
        ("gitRepo", &Open("GitRepoVolumeSource")),
        ("awsElasticBlockStore", &Open("AWSElasticBlockStoreVolumeSource")),
        ("gcePersistentDisk", &Open("GCEPersistentDiskVolumeSource")),
        ("azureDisk", &Open("AzureDiskVolumeSource")),
        ("azureFile", &Open("AzureFileVolumeSource")),
        ("cephfs", &Open("CephFSVolumeSource")),
        ("rbd", &Open("RBDVolumeSource")),
        ("fc", &Open("FCVolumeSource")),
        ("flexVolume", &Open("FlexVolumeSource")),
        ("vsphereVolume", &Open("VsphereVirtualDiskVolumeSource")),
    ],
);

const STATUS: Shape = Struct(
    "PodStatus",
    &[
        ("observedGeneration", &Int("int64")),
        ("phase", &Text),
        ("conditions", &List(&CONDITION, "v1.PodCondition")),
        ("message", &Text),
        ("reason", &Text),
        ("nominatedNodeName", &Text),
        ("hostIP", &Text),
        ("hostIPs", &List(&Open("HostIP"), "v1.HostIP")),
        ("podIP", &Text),
        ("podIPs", &List(&Open("PodIP"), "v1.PodIP")),
        ("startTime", &Time),
        ("initContainerStatuses", &List(&CONTAINER_STATUS, "v1.ContainerStatus")),
        ("containerStatuses", &List(&CONTAINER_STATUS, "v1.ContainerStatus")),
        ("ephemeralContainerStatuses", &List(&Any, "v1.ContainerStatus")),
        ("qosClass", &Text),
        ("resize", &Text),
        ("resourceClaimStatuses", &List(&Any, "v1.PodResourceClaimStatus")),
        ("resources", &RESOURCES),
        ("allocatedResources", &AMOUNTS),
    ],
);

const CONDITION: Shape = Struct(
    "PodCondition",
    &[
        ("type", &KeptText),
        ("observedGeneration", &Int("int64")),
        ("status", &KeptText),
        ("lastProbeTime", &Time),
        ("lastTransitionTime", &Time),
        ("reason", &Text),
        ("message", &Text),
    ],
);

const CONTAINER_STATUS: Shape = Struct(
    "ContainerStatus",
    &[
        ("name", &KeptText),
        ("state", &Always(&STATE)),
        ("lastState", &Always(&STATE)),
        ("ready", &KeptBool),
        ("restartCount", &KeptInt("int32")),
        ("image", &KeptText),
        ("imageID", &KeptText),
        ("containerID", &Text),
        ("started", &KeptBool),
        ("allocatedResources", &AMOUNTS),
        ("resources", &RESOURCES),
        ("volumeMounts", &List(&Any, "v1.VolumeMountStatus")),
        ("user", &Open("ContainerUser")),
        ("stopSignal", &Text),
    ],
);

const STATE: Shape = Struct(
    "ContainerState",
    &[
        ("waiting", &Struct("ContainerStateWaiting", &[("reason", &Text), ("message", &Text)])),
        ("running", &Struct("ContainerStateRunning", &[("startedAt", &Time)])),
        (
            "terminated",
            &Struct(
                "ContainerStateTerminated",
                &[
                    ("exitCode", &KeptInt("int32")),
                    ("signal", &Int("int32")),
                    ("reason", &Text),
                    ("message", &Text),
                    ("startedAt", &Time),
                    ("finishedAt", &Time),
                    ("containerID", &Text),
                ],
            ),
        ),
    ],
);
