//! What may be written where: one description per object, from which readers take the known keys and their types
//! and `cargo xtask codegen` the JSON Schemas below `schema/`.
//!
//! The descriptions are data of our own, not derived from the Rust types. A derived schema knows what a type holds
//! after reading, which is not what users write: it has no word for a unit, for the release that introduced a key,
//! for a default that another file sets, for the texts that stand for a number until variables are replaced, or
//! for a Kubernetes object that stays JSON. With the description first, the reader cannot accept a key or a type
//! that the schema refuses, because both ask the same table.

/// An object with a fixed set of keys.
#[derive(Debug)]
pub struct ObjectType {
    /// Name of the schema's definition, in camel case, once in all tables.
    pub name: &'static str,
    /// A few words, shown as the title of a hover.
    pub title: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// Its keys, in the order of the documentation.
    pub fields: &'static [Field],
    /// Other keys are allowed, whatever they hold.
    pub open: bool,
    /// Keys of which exactly one must be there.
    pub one_of: &'static [&'static str],
    /// Whole values as JSON.
    pub examples: &'static [&'static str],
}

impl ObjectType {
    /// An object with these keys and no others.
    #[must_use]
    pub const fn new(
        name: &'static str,
        title: &'static str,
        doc: &'static str,
        fields: &'static [Field],
    ) -> Self {
        Self { name, title, doc, fields, open: false, one_of: &[], examples: &[] }
    }

    /// With examples.
    #[must_use]
    pub const fn examples(mut self, examples: &'static [&'static str]) -> Self {
        self.examples = examples;
        self
    }

    /// Exactly one of these keys must be there.
    #[must_use]
    pub const fn one_of(mut self, keys: &'static [&'static str]) -> Self {
        self.one_of = keys;
        self
    }

    /// Other keys are allowed.
    #[must_use]
    pub const fn open(mut self) -> Self {
        self.open = true;
        self
    }

    /// The field with exactly this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    /// The names of all fields, older spellings not among them.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + Clone {
        self.fields.iter().map(|field| field.name)
    }
}

/// One key of an object.
#[derive(Debug)]
pub struct Field {
    /// The key.
    pub name: &'static str,
    /// Spellings that mean the same and should not be written any more, or need not be.
    pub older: &'static [Older],
    /// What its value looks like.
    pub shape: Shape,
    /// What it does, in sentences.
    pub doc: &'static str,
    /// What a number counts, such as `seconds`.
    pub unit: Option<&'static str>,
    /// What holds where the key is absent.
    pub default: Option<Default>,
    /// The release that introduced it, such as `agent-stack-k8s 0.24`.
    pub since: Option<&'static str>,
    /// Values as JSON.
    pub examples: &'static [&'static str],
    /// The object is refused without it.
    pub required: bool,
    /// It still works and should not be used any more; why, or what instead.
    pub deprecated: Option<&'static str>,
}

/// Another spelling of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Older {
    /// Works as well; a matter of taste.
    Alias(&'static str),
    /// Works, and should be replaced.
    Deprecated(&'static str),
}

impl Older {
    /// The spelling.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Alias(name) | Self::Deprecated(name) => name,
        }
    }
}

/// What holds where a key is absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Default {
    /// This value, as JSON.
    Value(&'static str),
    /// What something else says; a phrase that goes behind "Default: ".
    From(&'static str),
}

impl Field {
    /// A key that may be left out.
    #[must_use]
    pub const fn new(name: &'static str, shape: Shape, doc: &'static str) -> Self {
        Self {
            name,
            older: &[],
            shape,
            doc,
            unit: None,
            default: None,
            since: None,
            examples: &[],
            required: false,
            deprecated: None,
        }
    }

    /// With other spellings.
    #[must_use]
    pub const fn older(mut self, older: &'static [Older]) -> Self {
        self.older = older;
        self
    }

    /// With what a number counts.
    #[must_use]
    pub const fn unit(mut self, unit: &'static str) -> Self {
        self.unit = Some(unit);
        self
    }

    /// With the value, as JSON, that absence means.
    #[must_use]
    pub const fn default(mut self, json: &'static str) -> Self {
        self.default = Some(Default::Value(json));
        self
    }

    /// With where the value comes from if absent.
    #[must_use]
    pub const fn default_from(mut self, phrase: &'static str) -> Self {
        self.default = Some(Default::From(phrase));
        self
    }

    /// With the release that introduced it.
    #[must_use]
    pub const fn since(mut self, release: &'static str) -> Self {
        self.since = Some(release);
        self
    }

    /// With values as JSON.
    #[must_use]
    pub const fn examples(mut self, examples: &'static [&'static str]) -> Self {
        self.examples = examples;
        self
    }

    /// The object is refused without it.
    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    /// It works but should not be used any more.
    #[must_use]
    pub const fn deprecated(mut self, instead: &'static str) -> Self {
        self.deprecated = Some(instead);
        self
    }
}

/// What a value looks like.
///
/// Null is no shape of its own in the block: it means that the key is absent (job-manifest R-23). In a pipeline it
/// is one, because there it is refused at most places.
#[derive(Debug, Clone, Copy)]
pub enum Shape {
    /// Null.
    Null,
    /// `false`.
    False,
    /// Anything.
    Any,
    /// Text.
    Text,
    /// Text of a certain form.
    Form(&'static Form),
    /// `true` or `false`.
    Boolean,
    /// `true` or `false`, or the two words as text.
    Boolish,
    /// A whole number, written as such.
    Integer,
    /// A whole number of a pipeline, at least the first and at most the second; also as text of digits.
    Number(i64, i64),
    /// A text, number or boolean that is turned into text.
    Scalar,
    /// One of these texts.
    Words(&'static [&'static str]),
    /// A list.
    List(&'static Self),
    /// A list that is not empty.
    Filled(&'static Self),
    /// A mapping with free keys.
    Map(&'static Self),
    /// A mapping with fixed keys.
    Object(&'static ObjectType),
    /// Any of these, told apart by what they are.
    Either(&'static [Self]),
    /// Something with a definition of its own.
    Named(&'static Named),
    /// A Kubernetes object of this type, kept as written.
    Kubernetes(&'static str),
    /// A strategic merge patch of a Kubernetes object of this type; a list of containers is taken too (W-18).
    Patch(&'static str),
    /// One of several objects: the first whose key is there, else the last.
    ByKey(&'static [(&'static str, &'static ObjectType)]),
    /// Steps of a pipeline; the second kind of list, inside of a group, holds no groups.
    Steps(Within),
    /// The attributes of a step of this kind, one level further down than they should be.
    Nested(StepKind),
    /// A mapping of a plugin's reference to its configuration.
    Plugin,
}

/// Text of a certain form.
#[derive(Debug)]
pub struct Form {
    /// What it is called in a message, for example `a step's key`.
    pub what: &'static str,
    /// A regular expression for the whole text, in the dialect that JavaScript and Rust share.
    pub pattern: Option<&'static str>,
    /// Texts that match this are refused although they have the form.
    pub not: Option<&'static str>,
    /// The most characters it may have.
    pub longest: Option<u32>,
}

/// A shape with a name.
#[derive(Debug)]
pub struct Named {
    /// Name of the schema's definition, in camel case, once in all tables.
    pub name: &'static str,
    /// A few words.
    pub title: &'static str,
    /// What it is for.
    pub doc: &'static str,
    /// What it looks like.
    pub shape: Shape,
    /// Values as JSON.
    pub examples: &'static [&'static str],
}

/// What a list of steps is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// A pipeline.
    Pipeline,
    /// A group.
    Group,
}

/// The kinds of steps (pipeline-format 6.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StepKind {
    /// Runs commands or plugins.
    Command,
    /// Waits for all steps before it.
    Wait,
    /// Waits for somebody to let the build go on.
    Block,
    /// Asks for values without stopping anything.
    Input,
    /// Starts a build of another pipeline.
    Trigger,
    /// Holds other steps together.
    Group,
}

impl StepKind {
    /// All of them, in the order in which a mapping is tried against them.
    pub const ALL: [Self; 6] =
        [Self::Command, Self::Wait, Self::Block, Self::Input, Self::Trigger, Self::Group];
}
