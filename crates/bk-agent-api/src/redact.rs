//! Removing credentials from texts that people or logs will see.

use std::borrow::Cow;

/// What stands in place of a credential.
const PLACEHOLDER: &str = "[redacted]";

/// Prefixes that open a credential; the word characters after them are the secret.
const PREFIXES: [&str; 2] = ["bkjat_", "bkct_"];

/// Replaces everything that looks like a Buildkite credential: `bkjat_` (job acquisition tokens)
/// and `bkct_` (cluster tokens) with the word characters that follow.
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    if !PREFIXES.iter().any(|prefix| text.contains(prefix)) {
        return Cow::Borrowed(text);
    }
    let mut output = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((at, prefix)) = next_prefix(rest) {
        let secret = &rest[at + prefix.len()..];
        let length = secret.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(secret.len());
        output.push_str(&rest[..at]);
        output.push_str(if length == 0 { prefix } else { PLACEHOLDER });
        rest = &secret[length..];
    }
    output.push_str(rest);
    Cow::Owned(output)
}

/// Like [`redact`], and removes one known secret as well, whatever it looks like.
pub(crate) fn redact_with(text: &str, secret: &str) -> String {
    redact(text).replace(secret, PLACEHOLDER)
}

fn next_prefix(text: &str) -> Option<(usize, &'static str)> {
    PREFIXES.iter().filter_map(|prefix| Some((text.find(prefix)?, *prefix))).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// lifecycle T9
    #[test]
    fn credentials_are_replaced_wherever_they_stand() {
        let check = |text: &str, want: &str| assert_eq!(redact(text), want);
        check("nothing here", "nothing here");
        check("bkjat_example_0000", "[redacted]");
        check(r#"{"t":"bkjat_a1_B2","u":"bkct_x"}"#, r#"{"t":"[redacted]","u":"[redacted]"}"#);
        check("bkjat_a bkjat_b-c", "[redacted] [redacted]-c");
        check("the prefix bkjat_ alone", "the prefix bkjat_ alone");
        check("bkjat_\u{e9}t\u{e9}.", "[redacted].");
        assert_eq!(redact_with("you sent s3cret!", "s3cret"), "you sent [redacted]!");
    }
}
