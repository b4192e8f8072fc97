//! Removing credentials from texts that people or logs will see.

use redaction::PLACEHOLDER;
pub use redaction::redact;

/// Like [`redact`], and removes one known secret as well, whatever it looks like.
pub(crate) fn redact_with(text: &str, secret: &str) -> String {
    redact(text).replace(secret, PLACEHOLDER)
}

#[cfg(test)]
mod tests {
    use super::redact_with;

    /// lifecycle T9
    #[test]
    fn a_known_secret_is_replaced_whatever_it_looks_like() {
        assert_eq!(
            redact_with("you sent s3cret and bkjat_a1!", "s3cret"),
            "you sent [redacted] and [redacted]!"
        );
    }
}
