//! Environment variables and where they come from. Fields as of the Kubernetes API v0.36.3 (job-manifest R-27).

use super::{
    Kind::{Bool, Object, Quantity, Text},
    Schema,
};

pub(super) static ENV_VAR: Schema = Schema {
    name: "EnvVar",
    fields: &[("name", Text), ("value", Text), ("valueFrom", Object(&ENV_VAR_SOURCE))],
};

pub(super) static CONFIG_MAP_ENV_SOURCE: Schema =
    Schema { name: "ConfigMapEnvSource", fields: &[("name", Text), ("optional", Bool)] };

pub(super) static CONFIG_MAP_KEY_SELECTOR: Schema =
    Schema { name: "ConfigMapKeySelector", fields: &[("key", Text), ("name", Text), ("optional", Bool)] };

pub(super) static ENV_FROM_SOURCE: Schema = Schema {
    name: "EnvFromSource",
    fields: &[
        ("configMapRef", Object(&CONFIG_MAP_ENV_SOURCE)),
        ("prefix", Text),
        ("secretRef", Object(&SECRET_ENV_SOURCE)),
    ],
};

pub(super) static ENV_VAR_SOURCE: Schema = Schema {
    name: "EnvVarSource",
    fields: &[
        ("configMapKeyRef", Object(&CONFIG_MAP_KEY_SELECTOR)),
        ("fieldRef", Object(&OBJECT_FIELD_SELECTOR)),
        ("fileKeyRef", Object(&FILE_KEY_SELECTOR)),
        ("resourceFieldRef", Object(&RESOURCE_FIELD_SELECTOR)),
        ("secretKeyRef", Object(&SECRET_KEY_SELECTOR)),
    ],
};

pub(super) static FILE_KEY_SELECTOR: Schema = Schema {
    name: "FileKeySelector",
    fields: &[("key", Text), ("optional", Bool), ("path", Text), ("volumeName", Text)],
};

pub(super) static OBJECT_FIELD_SELECTOR: Schema =
    Schema { name: "ObjectFieldSelector", fields: &[("apiVersion", Text), ("fieldPath", Text)] };

pub(super) static RESOURCE_FIELD_SELECTOR: Schema = Schema {
    name: "ResourceFieldSelector",
    fields: &[("containerName", Text), ("divisor", Quantity), ("resource", Text)],
};

pub(super) static SECRET_ENV_SOURCE: Schema =
    Schema { name: "SecretEnvSource", fields: &[("name", Text), ("optional", Bool)] };

pub(super) static SECRET_KEY_SELECTOR: Schema =
    Schema { name: "SecretKeySelector", fields: &[("key", Text), ("name", Text), ("optional", Bool)] };
