//! The two text formats of metrics (`docs/spec/metrics.md` 1): OpenMetrics for those who ask for it, the older
//! Prometheus format for everybody else, as the Go stack answers.

use std::collections::BTreeSet;

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const PLAIN: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Content type and text for a client that sent this `Accept` header, from the text in OpenMetrics.
pub(crate) fn negotiate(accepted: Option<&str>, open_metrics: String) -> (&'static str, String) {
    if accepted.is_some_and(|accepted| accepted.contains("application/openmetrics-text")) {
        (OPEN_METRICS, open_metrics)
    } else {
        (PLAIN, plain(&open_metrics))
    }
}

/// The older format names a counter with its `_total` also where it describes it, knows fewer types, and has no
/// mark at the end.
fn plain(open_metrics: &str) -> String {
    let types = || open_metrics.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let counters: BTreeSet<&str> =
        types().filter(|(_, kind)| *kind == "counter").map(|(name, _)| name).collect();
    let mut text = String::with_capacity(open_metrics.len());
    for line in open_metrics.lines() {
        let Some(comment) = line.strip_prefix("# ") else {
            text.push_str(line);
            text.push('\n');
            continue;
        };
        let mut words = comment.splitn(3, ' ');
        let (Some(what @ ("HELP" | "TYPE")), Some(name)) = (words.next(), words.next()) else { continue };
        let rest = match words.next().unwrap_or_default() {
            "unknown" if what == "TYPE" => "untyped",
            rest => rest,
        };
        let suffix = if counters.contains(name) { "_total" } else { "" };
        text.push_str(&format!("# {what} {name}{suffix} {rest}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = "\
# HELP jobs Jobs so far.
# TYPE jobs counter
jobs_total 3
# HELP slots Free slots.
# TYPE slots gauge
slots 2
# HELP wait_seconds Waits.
# TYPE wait_seconds histogram
# UNIT wait_seconds seconds
wait_seconds_sum 0.5
wait_seconds_count 1
wait_seconds_bucket{le=\"+Inf\"} 1
# TYPE odd unknown
odd 1
# EOF
";

    const PLAIN_TEXT: &str = "\
# HELP jobs_total Jobs so far.
# TYPE jobs_total counter
jobs_total 3
# HELP slots Free slots.
# TYPE slots gauge
slots 2
# HELP wait_seconds Waits.
# TYPE wait_seconds histogram
wait_seconds_sum 0.5
wait_seconds_count 1
wait_seconds_bucket{le=\"+Inf\"} 1
# TYPE odd untyped
odd 1
";

    #[test]
    fn open_metrics_is_for_those_who_ask() {
        let prometheus =
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        for (accepted, content_type, text) in [
            (Some(prometheus), OPEN_METRICS, OPEN),
            (Some("text/plain"), PLAIN, PLAIN_TEXT),
            (Some("*/*"), PLAIN, PLAIN_TEXT),
            (None, PLAIN, PLAIN_TEXT),
        ] {
            assert_eq!(negotiate(accepted, OPEN.to_owned()), (content_type, text.to_owned()), "{accepted:?}");
        }
    }
}
