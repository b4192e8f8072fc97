//! Objects and patches drawn from a seed, for tests.
//!
//! Objects follow the table of types; patches are drawn along the object that they are for, so that most
//! of them meet something. One seed gives one case, on every machine.

mod accepted;
mod objects;
mod patches;
mod wild;

use fastrand::Rng;
use serde_json::Value;

pub use accepted::{Accepted, Deliberate, Outcome, accepted};

use crate::schema::{Schema, table};

/// An object and a patch for it.
#[derive(Debug, Clone, PartialEq)]
pub struct Case {
    /// Name of the type of both.
    pub type_name: &'static str,
    /// What is patched.
    pub original: Value,
    /// What is applied to it.
    pub patch: Value,
}

impl Case {
    /// The type of both.
    #[must_use]
    pub fn schema(&self) -> &'static Schema {
        ROOTS.iter().find(|root| root.name == self.type_name).copied().unwrap_or(&table::POD_SPEC)
    }
}

/// What may occur in a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Only values: no nulls, no directives, no change of a one-of member.
    Plain,
    /// Everything that is well-formed; but a list of a patch holds no key twice.
    WellFormed,
    /// What is well-formed and means the same to us as to Kubernetes' own implementation: without the
    /// deliberate differences of job-manifest 11 (D-4, D-5, D-13, D-31, D-55, D-56).
    Comparable,
    /// Anything that JSON can say, most of it wrong.
    Wild,
}

/// Types that cases are drawn for.
static ROOTS: &[&Schema] =
    &[&table::POD_SPEC, &table::CONTAINER, &table::POD_TEMPLATE_SPEC, &table::JOB_SPEC];

/// How many ways there are to choose the members of one-of groups.
pub const CHOICES: u64 = 64;

/// The case of a seed. But for [`Style::WellFormed`] and [`Style::Wild`], cases whose seeds are equal modulo
/// [`CHOICES`] choose the same member of each one-of group.
#[must_use]
pub fn case(seed: u64, style: Style) -> Case {
    let salt = usize::try_from(seed % CHOICES).expect("it is below 64");
    let mut draw = Draw { rng: Rng::with_seed(seed), style, salt, is_patch: false };
    let schema = match draw.rng.u8(0..10) {
        0..5 => ROOTS[0],
        5..8 => ROOTS[1],
        8 => ROOTS[2],
        _ => ROOTS[3],
    };
    let mut original = Value::Object(draw.object(schema, Identity::ROOT));
    draw.is_patch = true;
    let mut patch = Value::Object(draw.patch_of_object(original.as_object(), schema, Identity::ROOT));
    if style == Style::Wild {
        for _ in 0..draw.rng.usize(1..4) {
            draw.disturb(&mut original);
            draw.disturb(&mut patch);
        }
    }
    Case { type_name: schema.name, original, patch }
}

/// Draws one case.
struct Draw {
    rng: Rng,
    style: Style,
    /// Decides the choice of one-of members.
    salt: usize,
    /// Whether the patch is being drawn, or still the original.
    is_patch: bool,
}

impl Draw {
    /// True in `percent` of all draws.
    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(0..100) < percent
    }

    fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.rng.usize(0..from.len())]
    }

    fn may_delete(&self) -> bool {
        self.style != Style::Plain
    }
}

/// Which element of a keyed list an object belongs to, as a number: one-of members follow from it where
/// original and patch have to choose the same one.
#[derive(Clone, Copy)]
struct Identity(usize);

impl Identity {
    const ROOT: Self = Self(0);

    /// The identity of the element with this key.
    fn of(key: &Value) -> Self {
        Self(key.to_string().bytes().map(usize::from).sum())
    }
}
