//! Settings of features that this version lacks. Their defaults are accepted, anything else is
//! refused by name: ignoring it would run another controller than the operator asked for.

use crate::load::Use;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::settings::Settings;

/// What is asked for and is not there. Whoever only builds Jobs needs none of it.
pub(crate) fn refusals(reader: &mut Reader<'_>, settings: &Settings, purpose: Use) -> Vec<Problem> {
    let per_pipeline = reader.int("max-in-flight-per-pipeline", 0..=i64::MAX).unwrap_or(0);
    let profiler = reader.text("profiler-address").unwrap_or_default();
    let payloads = reader.bool("log-http-payloads").unwrap_or(false);
    if purpose == Use::Render {
        return Vec::new();
    }
    let buildkite = &settings.buildkite;
    let asked = [
        (
            buildkite.job_acquisition_tokens,
            "enable-job-acquisition-tokens",
            "set it to false: pods then refer to agent-token-secret",
        ),
        (per_pipeline > 0, "max-in-flight-per-pipeline", "remove it: max-in-flight limits all jobs together"),
        (!profiler.is_empty(), "profiler-address", "remove it"),
        (payloads, "log-http-payloads", "remove it: at level debug requests are logged without their bodies"),
        (
            !buildkite.queues.is_empty(),
            "queues",
            "run one controller per queue, each with its own `id` and `queue`",
        ),
    ];
    let refusal = |(_, key, hint): (bool, &str, &str)| {
        Problem::new(key, "is not built yet in this version", reader.source(key)).hint(hint)
    };
    asked.into_iter().filter(|(asked_for, ..)| *asked_for).map(refusal).collect()
}
