//! What a change of the configuration does to a Job.

use serde_json::Value;
use similar::TextDiff;

use super::output::yaml;

/// Lines of YAML around each change.
const CONTEXT: usize = 3;

/// The change from one Job to the other as a unified diff; empty if there is none. Each comes with the name of its
/// configuration; one that is refused has no lines.
pub(super) fn of(place: &str, before: (&str, Option<&Value>), after: (&str, Option<&Value>)) -> String {
    let text = |job: Option<&Value>| job.map(yaml).unwrap_or_default();
    let header = |name: &str| if place.is_empty() { name.to_owned() } else { format!("{name}\t{place}") };
    let (old, new) = (text(before.1), text(after.1));
    TextDiff::from_lines(&old, &new)
        .unified_diff()
        .context_radius(CONTEXT)
        .header(&header(before.0), &header(after.0))
        .to_string()
}
