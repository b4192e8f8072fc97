//! Volumes and the sources in common use. Fields as of the Kubernetes API v0.36.3 (job-manifest R-27).

use super::affinity::LABEL_SELECTOR;
use super::claim::EPHEMERAL_VOLUME_SOURCE;
use super::cloud_volume::{
    AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE, AZURE_DISK_VOLUME_SOURCE, AZURE_FILE_VOLUME_SOURCE,
    CEPH_FS_VOLUME_SOURCE, CINDER_VOLUME_SOURCE, FC_VOLUME_SOURCE, FLEX_VOLUME_SOURCE, FLOCKER_VOLUME_SOURCE,
    GCE_PERSISTENT_DISK_VOLUME_SOURCE, GIT_REPO_VOLUME_SOURCE, GLUSTERFS_VOLUME_SOURCE, ISCSI_VOLUME_SOURCE,
    PHOTON_PERSISTENT_DISK_VOLUME_SOURCE, PORTWORX_VOLUME_SOURCE, QUOBYTE_VOLUME_SOURCE, RBD_VOLUME_SOURCE,
    SCALE_IO_VOLUME_SOURCE, STORAGE_OS_VOLUME_SOURCE, VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE,
};
use super::env::{OBJECT_FIELD_SELECTOR, RESOURCE_FIELD_SELECTOR};
use super::pod::LOCAL_OBJECT_REFERENCE;
use super::{
    Kind::{Bool, Integer, List, Map, Object, Quantity, Text},
    Schema,
};

pub(super) static VOLUME: Schema = Schema {
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
};

pub(super) static CSI_VOLUME_SOURCE: Schema = Schema {
    name: "CSIVolumeSource",
    fields: &[
        ("driver", Text),
        ("fsType", Text),
        ("nodePublishSecretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("readOnly", Bool),
        ("volumeAttributes", Map(&Text)),
    ],
};

pub(super) static CLUSTER_TRUST_BUNDLE_PROJECTION: Schema = Schema {
    name: "ClusterTrustBundleProjection",
    fields: &[
        ("labelSelector", Object(&LABEL_SELECTOR)),
        ("name", Text),
        ("optional", Bool),
        ("path", Text),
        ("signerName", Text),
    ],
};

pub(super) static CONFIG_MAP_PROJECTION: Schema = Schema {
    name: "ConfigMapProjection",
    fields: &[("items", List(&Object(&KEY_TO_PATH))), ("name", Text), ("optional", Bool)],
};

pub(super) static CONFIG_MAP_VOLUME_SOURCE: Schema = Schema {
    name: "ConfigMapVolumeSource",
    fields: &[
        ("defaultMode", Integer),
        ("items", List(&Object(&KEY_TO_PATH))),
        ("name", Text),
        ("optional", Bool),
    ],
};

pub(super) static DOWNWARD_API_PROJECTION: Schema =
    Schema { name: "DownwardAPIProjection", fields: &[("items", List(&Object(&DOWNWARD_API_VOLUME_FILE)))] };

pub(super) static DOWNWARD_API_VOLUME_FILE: Schema = Schema {
    name: "DownwardAPIVolumeFile",
    fields: &[
        ("fieldRef", Object(&OBJECT_FIELD_SELECTOR)),
        ("mode", Integer),
        ("path", Text),
        ("resourceFieldRef", Object(&RESOURCE_FIELD_SELECTOR)),
    ],
};

pub(super) static DOWNWARD_API_VOLUME_SOURCE: Schema = Schema {
    name: "DownwardAPIVolumeSource",
    fields: &[("defaultMode", Integer), ("items", List(&Object(&DOWNWARD_API_VOLUME_FILE)))],
};

pub(super) static EMPTY_DIR_VOLUME_SOURCE: Schema =
    Schema { name: "EmptyDirVolumeSource", fields: &[("medium", Text), ("sizeLimit", Quantity)] };

pub(super) static HOST_PATH_VOLUME_SOURCE: Schema =
    Schema { name: "HostPathVolumeSource", fields: &[("path", Text), ("type", Text)] };

pub(super) static IMAGE_VOLUME_SOURCE: Schema =
    Schema { name: "ImageVolumeSource", fields: &[("pullPolicy", Text), ("reference", Text)] };

pub(super) static KEY_TO_PATH: Schema =
    Schema { name: "KeyToPath", fields: &[("key", Text), ("mode", Integer), ("path", Text)] };

pub(super) static NFS_VOLUME_SOURCE: Schema =
    Schema { name: "NFSVolumeSource", fields: &[("path", Text), ("readOnly", Bool), ("server", Text)] };

pub(super) static PERSISTENT_VOLUME_CLAIM_VOLUME_SOURCE: Schema =
    Schema { name: "PersistentVolumeClaimVolumeSource", fields: &[("claimName", Text), ("readOnly", Bool)] };

pub(super) static POD_CERTIFICATE_PROJECTION: Schema = Schema {
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
};

pub(super) static PROJECTED_VOLUME_SOURCE: Schema = Schema {
    name: "ProjectedVolumeSource",
    fields: &[("defaultMode", Integer), ("sources", List(&Object(&VOLUME_PROJECTION)))],
};

pub(super) static SECRET_PROJECTION: Schema = Schema {
    name: "SecretProjection",
    fields: &[("items", List(&Object(&KEY_TO_PATH))), ("name", Text), ("optional", Bool)],
};

pub(super) static SECRET_VOLUME_SOURCE: Schema = Schema {
    name: "SecretVolumeSource",
    fields: &[
        ("defaultMode", Integer),
        ("items", List(&Object(&KEY_TO_PATH))),
        ("optional", Bool),
        ("secretName", Text),
    ],
};

pub(super) static SERVICE_ACCOUNT_TOKEN_PROJECTION: Schema = Schema {
    name: "ServiceAccountTokenProjection",
    fields: &[("audience", Text), ("expirationSeconds", Integer), ("path", Text)],
};

pub(super) static VOLUME_PROJECTION: Schema = Schema {
    name: "VolumeProjection",
    fields: &[
        ("clusterTrustBundle", Object(&CLUSTER_TRUST_BUNDLE_PROJECTION)),
        ("configMap", Object(&CONFIG_MAP_PROJECTION)),
        ("downwardAPI", Object(&DOWNWARD_API_PROJECTION)),
        ("podCertificate", Object(&POD_CERTIFICATE_PROJECTION)),
        ("secret", Object(&SECRET_PROJECTION)),
        ("serviceAccountToken", Object(&SERVICE_ACCOUNT_TOKEN_PROJECTION)),
    ],
};
