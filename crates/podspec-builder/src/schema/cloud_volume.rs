//! Volume sources of storage systems. Fields as of the Kubernetes API v0.36.3 (job-manifest R-27).

use super::pod::LOCAL_OBJECT_REFERENCE;
use super::{
    Kind::{Bool, Integer, List, Map, Object, Text},
    Schema,
};

pub(super) static AWS_ELASTIC_BLOCK_STORE_VOLUME_SOURCE: Schema = Schema {
    name: "AWSElasticBlockStoreVolumeSource",
    fields: &[("fsType", Text), ("partition", Integer), ("readOnly", Bool), ("volumeID", Text)],
};

pub(super) static AZURE_DISK_VOLUME_SOURCE: Schema = Schema {
    name: "AzureDiskVolumeSource",
    fields: &[
        ("cachingMode", Text),
        ("diskName", Text),
        ("diskURI", Text),
        ("fsType", Text),
        ("kind", Text),
        ("readOnly", Bool),
    ],
};

pub(super) static AZURE_FILE_VOLUME_SOURCE: Schema = Schema {
    name: "AzureFileVolumeSource",
    fields: &[("readOnly", Bool), ("secretName", Text), ("shareName", Text)],
};

pub(super) static CEPH_FS_VOLUME_SOURCE: Schema = Schema {
    name: "CephFSVolumeSource",
    fields: &[
        ("monitors", List(&Text)),
        ("path", Text),
        ("readOnly", Bool),
        ("secretFile", Text),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("user", Text),
    ],
};

pub(super) static CINDER_VOLUME_SOURCE: Schema = Schema {
    name: "CinderVolumeSource",
    fields: &[
        ("fsType", Text),
        ("readOnly", Bool),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("volumeID", Text),
    ],
};

pub(super) static FC_VOLUME_SOURCE: Schema = Schema {
    name: "FCVolumeSource",
    fields: &[
        ("fsType", Text),
        ("lun", Integer),
        ("readOnly", Bool),
        ("targetWWNs", List(&Text)),
        ("wwids", List(&Text)),
    ],
};

pub(super) static FLEX_VOLUME_SOURCE: Schema = Schema {
    name: "FlexVolumeSource",
    fields: &[
        ("driver", Text),
        ("fsType", Text),
        ("options", Map(&Text)),
        ("readOnly", Bool),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
    ],
};

pub(super) static FLOCKER_VOLUME_SOURCE: Schema =
    Schema { name: "FlockerVolumeSource", fields: &[("datasetName", Text), ("datasetUUID", Text)] };

pub(super) static GCE_PERSISTENT_DISK_VOLUME_SOURCE: Schema = Schema {
    name: "GCEPersistentDiskVolumeSource",
    fields: &[("fsType", Text), ("partition", Integer), ("pdName", Text), ("readOnly", Bool)],
};

pub(super) static GIT_REPO_VOLUME_SOURCE: Schema = Schema {
    name: "GitRepoVolumeSource",
    fields: &[("directory", Text), ("repository", Text), ("revision", Text)],
};

pub(super) static GLUSTERFS_VOLUME_SOURCE: Schema = Schema {
    name: "GlusterfsVolumeSource",
    fields: &[("endpoints", Text), ("path", Text), ("readOnly", Bool)],
};

pub(super) static ISCSI_VOLUME_SOURCE: Schema = Schema {
    name: "ISCSIVolumeSource",
    fields: &[
        ("chapAuthDiscovery", Bool),
        ("chapAuthSession", Bool),
        ("fsType", Text),
        ("initiatorName", Text),
        ("iqn", Text),
        ("iscsiInterface", Text),
        ("lun", Integer),
        ("portals", List(&Text)),
        ("readOnly", Bool),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("targetPortal", Text),
    ],
};

pub(super) static PHOTON_PERSISTENT_DISK_VOLUME_SOURCE: Schema =
    Schema { name: "PhotonPersistentDiskVolumeSource", fields: &[("fsType", Text), ("pdID", Text)] };

pub(super) static PORTWORX_VOLUME_SOURCE: Schema = Schema {
    name: "PortworxVolumeSource",
    fields: &[("fsType", Text), ("readOnly", Bool), ("volumeID", Text)],
};

pub(super) static QUOBYTE_VOLUME_SOURCE: Schema = Schema {
    name: "QuobyteVolumeSource",
    fields: &[
        ("group", Text),
        ("readOnly", Bool),
        ("registry", Text),
        ("tenant", Text),
        ("user", Text),
        ("volume", Text),
    ],
};

pub(super) static RBD_VOLUME_SOURCE: Schema = Schema {
    name: "RBDVolumeSource",
    fields: &[
        ("fsType", Text),
        ("image", Text),
        ("keyring", Text),
        ("monitors", List(&Text)),
        ("pool", Text),
        ("readOnly", Bool),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("user", Text),
    ],
};

pub(super) static SCALE_IO_VOLUME_SOURCE: Schema = Schema {
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
};

pub(super) static STORAGE_OS_VOLUME_SOURCE: Schema = Schema {
    name: "StorageOSVolumeSource",
    fields: &[
        ("fsType", Text),
        ("readOnly", Bool),
        ("secretRef", Object(&LOCAL_OBJECT_REFERENCE)),
        ("volumeName", Text),
        ("volumeNamespace", Text),
    ],
};

pub(super) static VSPHERE_VIRTUAL_DISK_VOLUME_SOURCE: Schema = Schema {
    name: "VsphereVirtualDiskVolumeSource",
    fields: &[("fsType", Text), ("storagePolicyID", Text), ("storagePolicyName", Text), ("volumePath", Text)],
};
