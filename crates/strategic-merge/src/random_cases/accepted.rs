//! Pod templates and patches that an API server accepts, most of them, and cases that show a deliberate
//! difference.
//!
//! They are drawn along menus of valid values, not along the table of types: a mistake in the table must
//! not hide itself.

mod containers;
mod deliberate;
mod menu;
mod originals;
mod patches;
mod pods;
mod volumes;

use fastrand::Rng;
use serde_json::Value;

pub use deliberate::{Deliberate, Outcome};

/// A pod template and a patch for it.
#[derive(Debug, Clone)]
pub struct Accepted {
    /// A PodTemplateSpec.
    pub template: Value,
    /// A strategic merge patch for it.
    pub patch: Value,
    /// The difference from Kubernetes' own merge that the case shows; without one there shall be none.
    pub deliberate: Option<&'static Deliberate>,
}

/// How many of a hundred cases show a deliberate difference.
const DELIBERATE_PERCENT: u8 = 16;

/// The case of a seed.
#[must_use]
pub fn accepted(seed: u64) -> Accepted {
    let mut draw = Draw { rng: Rng::with_seed(seed) };
    let mut template = Value::Object(draw.object(&pods::TEMPLATE));
    let mut patch = Value::Object(draw.patch_of_object(template.as_object(), &pods::TEMPLATE));
    let deliberate = draw.chance(DELIBERATE_PERCENT).then(|| draw.deliberate());
    if let Some(deliberate) = deliberate {
        deliberate.write_into(&mut template, &mut patch);
    }
    Accepted { template, patch, deliberate }
}

/// Draws one case.
struct Draw {
    rng: Rng,
}

impl Draw {
    /// True in `percent` of all draws.
    fn chance(&mut self, percent: u8) -> bool {
        self.rng.u8(0..100) < percent
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.rng.usize(0..from.len())]
    }

    /// Some of the elements, in any order.
    fn some<T: Copy>(&mut self, from: &[T], at_most: usize) -> Vec<T> {
        let mut all = from.to_vec();
        self.rng.shuffle(&mut all);
        all.truncate(self.rng.usize(0..=at_most.min(from.len())));
        all
    }
}
