//! Which agent tags can become Kubernetes labels (job-manifest 8.1).

/// Longest key (without its prefix) and value of a label, in bytes.
const MAX_LENGTH: usize = 63;

/// Whether a tag key can stand after `tag.buildkite.com/`.
pub(crate) fn is_valid_key(text: &str) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    let bytes = text.as_bytes();
    bytes.len() <= MAX_LENGTH
        && bytes.first().is_some_and(plain)
        && bytes.last().is_some_and(plain)
        && bytes.iter().all(|byte| plain(byte) || matches!(byte, b'-' | b'_' | b'.'))
}

/// Whether a tag value can be a label's value.
pub(crate) fn is_valid_value(text: &str) -> bool {
    text.is_empty() || is_valid_key(text)
}

#[cfg(test)]
mod tests {
    use super::{is_valid_key, is_valid_value};

    /// job-manifest R-171
    #[test]
    fn keys() {
        for (key, want) in [
            ("queue", true),
            ("a", true),
            ("A-b_c.9", true),
            ("", false),
            ("a/b", false),
            ("bad key", false),
            ("-a", false),
            ("a-", false),
            (&"a".repeat(63), true),
            (&"a".repeat(64), false),
        ] {
            assert_eq!(is_valid_key(key), want, "{key:?}");
        }
    }

    /// job-manifest R-172
    #[test]
    fn values() {
        for (value, want) in [
            ("", true),
            ("kubernetes", true),
            ("a b", false),
            ("*", false),
            ("kubernetes=2", false),
            ("é", false),
        ] {
            assert_eq!(is_valid_value(value), want, "{value:?}");
        }
    }
}
