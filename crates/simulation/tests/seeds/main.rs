//! What takes a minute and an optimized build: `cargo xtask test` runs it as a part of level 2, and by hand it is
//! `cargo test --profile simulation -p simulation --features seeds,planted-defects --test seeds`.

use std::sync::{Mutex, MutexGuard, PoisonError};

mod again;
mod clean;
#[cfg(feature = "planted-defects")]
mod defects;

/// A planted defect is in every run of the process, and each of these tests takes all processors: one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}
