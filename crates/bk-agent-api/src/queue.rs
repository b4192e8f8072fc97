//! The many spellings of the default queue (`stacks-api` section 8).

/// Everything a configuration may say for "the default queue of the cluster".
pub const DEFAULT_QUEUE_ALIASES: [&str; 5] = ["", "_default", "__default__", "~", "-"];

/// True if this configured key means the default queue.
#[must_use]
pub fn is_default_queue(key: &str) -> bool {
    DEFAULT_QUEUE_ALIASES.contains(&key)
}

/// The keys to register with, in order: a named queue as it is; for the default queue the
/// documented spelling, then the one known from practice.
#[must_use]
pub fn queue_spellings(key: &str) -> Vec<String> {
    if is_default_queue(key) {
        vec!["__default__".to_owned(), "_default".to_owned()]
    } else {
        vec![key.to_owned()]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings() {
        for alias in ["", "_default", "__default__", "~", "-"] {
            assert_eq!(queue_spellings(alias), ["__default__", "_default"], "{alias:?}");
        }
        assert_eq!(queue_spellings("linux-small"), ["linux-small"]);
        assert!(!is_default_queue("default"));
    }
}
