//! What the builder knows about user-written objects: each field's spelling and type (job-manifest 3).
//!
//! The Kubernetes part is the PodSpec of the API v0.36.3. List strategies, merge keys and one-of
//! groups join these tables when patches are built.

mod affinity;
mod claim;
mod cloud_volume;
mod container;
mod env;
mod pod;
mod volume;

/// An object with a fixed set of fields.
pub(crate) struct Schema {
    /// Name of the type, for messages.
    pub(crate) name: &'static str,
    /// Field and type.
    pub(crate) fields: &'static [(&'static str, Kind)],
}

/// Type of a value.
#[derive(Clone, Copy)]
pub(crate) enum Kind {
    /// A string.
    Text,
    /// A whole number.
    Integer,
    /// `true` or `false`.
    Bool,
    /// A resource quantity, written as text or as a number.
    Quantity,
    /// A port: number or text.
    IntegerOrText,
    /// Passed through unread.
    Any,
    /// A list of one type.
    List(&'static Self),
    /// A map with free keys.
    Map(&'static Self),
    /// A nested object.
    Object(&'static Schema),
}

/// A PodSpec.
pub(crate) const POD_SPEC: Kind = Kind::Object(&pod::POD_SPEC);
/// A Volume.
pub(crate) const VOLUME: Kind = Kind::Object(&volume::VOLUME);
/// A SecretVolumeSource.
pub(crate) const SECRET_VOLUME_SOURCE: Kind = Kind::Object(&volume::SECRET_VOLUME_SOURCE);
/// ResourceRequirements.
pub(crate) const RESOURCE_REQUIREMENTS: Kind = Kind::Object(&container::RESOURCE_REQUIREMENTS);
/// A list of Container.
pub(crate) const CONTAINERS: Kind = Kind::List(&Kind::Object(&container::CONTAINER));
/// A list of EnvFromSource.
pub(crate) const ENV_FROM: Kind = Kind::List(&Kind::Object(&env::ENV_FROM_SOURCE));
/// A list of VolumeMount.
pub(crate) const VOLUME_MOUNTS: Kind = Kind::List(&Kind::Object(&container::VOLUME_MOUNT));

impl Kind {
    /// What a value of this kind is called in messages.
    pub(crate) fn expected(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Integer => "whole number",
            Self::Bool => "true or false",
            Self::Quantity => "quantity",
            Self::IntegerOrText => "whole number or text",
            Self::Any => "anything",
            Self::Map(_) | Self::Object(_) => "mapping",
            Self::List(_) => "list",
        }
    }
}
