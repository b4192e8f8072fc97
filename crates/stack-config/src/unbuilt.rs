//! Settings of features that this version lacks. Their defaults are accepted, anything else is
//! refused by name: ignoring it would run another controller than the operator asked for.

use crate::load::Use;
use crate::problem::Problem;
use crate::reader::Reader;
use crate::settings::Settings;

/// Id of these refusals, for programs.
const NOT_BUILT_YET: &str = "not-built-yet";

/// What is asked for and is not there.
pub(crate) fn refusals(reader: &mut Reader<'_>, settings: &Settings, purpose: Use) -> Vec<Problem> {
    let per_pipeline = reader.int("max-in-flight-per-pipeline", 0..=i64::MAX).unwrap_or(0);
    let profiler = reader.text("profiler-address").unwrap_or_default();
    let payloads = reader.bool("log-http-payloads").unwrap_or(false);
    let queues = reader.file_only("queues").is_some();
    let mut asked = Vec::new();
    let mut ask = |asked_for: bool, key: &'static str, hint: &'static str| {
        if asked_for {
            asked.push((key, hint));
        }
    };
    let tokens = settings.buildkite.job_acquisition_tokens && purpose == Use::Controller;
    ask(tokens, "enable-job-acquisition-tokens", "set it to false: pods then refer to agent-token-secret");
    ask(per_pipeline > 0, "max-in-flight-per-pipeline", "remove it: max-in-flight limits all jobs together");
    ask(!profiler.is_empty(), "profiler-address", "remove it");
    ask(payloads, "log-http-payloads", "remove it: at level debug requests are logged without their bodies");
    ask(queues, "queues", "run one controller per queue, each with its own `id` and `queue`");
    let refusal = |(key, hint): (&str, &str)| {
        let problem = Problem::new(key, "is not built yet in this version", reader.source(key));
        problem.id(NOT_BUILT_YET).hint(hint)
    };
    asked.into_iter().map(refusal).collect()
}
