//! `branches`: patterns with `*`, negated by a leading `!` (pipeline-format 7).

/// Whether a step with these patterns belongs to a build of `branch`: some plain pattern matches
/// (or there is none), and no negated one does.
pub(super) fn admit(patterns: &[String], branch: &str) -> bool {
    let (negated, plain): (Vec<_>, Vec<_>) =
        patterns.iter().map(String::as_str).partition(|pattern| pattern.starts_with('!'));
    let refused = negated.iter().any(|pattern| matches(&pattern[1..], branch));
    let wanted = plain.is_empty() || plain.iter().any(|pattern| matches(pattern, branch));
    wanted && !refused
}

fn matches(pattern: &str, branch: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else {
        return pattern == branch;
    };
    let Some(mut left) = branch.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let last = parts.pop().expect("split yields at least one part");
    for part in parts {
        match left.find(part) {
            Some(at) => left = &left[at + part.len()..],
            None => return false,
        }
    }
    left.ends_with(last)
}
