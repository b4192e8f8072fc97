//! The page that `buildkite-sim serve` shows: builds, their jobs, live logs, annotations.
//!
//! Everything is rendered here; a small script only fetches news. Marks that tests may rely on:
//! `#build[data-state]` for the build, `[data-job][data-state]` for each job of `#steps`, `#log`
//! for the shown log, whose lines are `.line`, and `.annotation[data-context]`.
//! States are those of the APIs, except that a finished job is `passed`, `soft_failed` or `failed`.

mod layout;
mod markdown;
mod render;
mod routes;
mod source;
#[cfg(test)]
mod tests;
mod time;
mod view;

pub(crate) use routes::routes;
