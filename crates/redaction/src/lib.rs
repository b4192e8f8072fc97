//! What may be told of a text that somebody else wrote: credentials are recognised by their shape and hidden.
//!
//! Every message that quotes a user's text goes through [`redact`], whoever prints it (controller-config 8.3,
//! lifecycle T9). Texts that are known to be an image or an address go through [`without_userinfo`] before. Names
//! are judged by [`is_secret_name`], where only the name says what a value may be. The crate guesses nothing else:
//! a password that looks like a word is told unless one of the three knows better.
//!
//! ```
//! assert_eq!(redaction::redact("unknown key `bkjat_a1B2`"), "unknown key `[redacted]`");
//! assert_eq!(redaction::without_userinfo("me:hunter2@registry.example/x y"), "[redacted]@registry.example/x y");
//! ```
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

use std::borrow::Cow;

/// What stands in place of a secret.
pub const PLACEHOLDER: &str = "[redacted]";

/// Prefixes that open a credential of Buildkite: job acquisition tokens, cluster tokens, tokens of users.
const PREFIXES: [&str; 3] = ["bkjat_", "bkct_", "bkua_"];

/// Hides every credential that can be told by its shape: tokens of Buildkite up to the end of the word, and what
/// stands before the `@` of an address (`scheme://user:password@host`).
#[must_use]
pub fn redact(text: &str) -> Cow<'_, str> {
    match without_tokens(text) {
        Cow::Borrowed(text) => without_passwords(text),
        Cow::Owned(text) => match without_passwords(&text) {
            Cow::Borrowed(_) => Cow::Owned(text),
            Cow::Owned(text) => Cow::Owned(text),
        },
    }
}

/// As [`redact`], for a text that its owner gives away: it stays where it is if there is nothing to hide.
#[must_use]
pub fn redacted(text: String) -> String {
    match redact(&text) {
        Cow::Borrowed(_) => text,
        Cow::Owned(text) => text,
    }
}

/// As [`redacted`], and on one line: a message is a line, whatever the text that it quotes holds.
#[must_use]
pub fn told(text: String) -> String {
    let text = redacted(text);
    if text.contains(char::is_control) { text.replace(char::is_control, ONE_LINE) } else { text }
}

/// What stands in place of a line feed or another control character.
const ONE_LINE: &str = "\u{fffd}";

/// A text that should be one image reference or one address, without user and password, however malformed it is:
/// all that stands before the last `@` is hidden, unless a digest stands behind it or a scheme before it.
#[must_use]
pub fn without_userinfo(text: &str) -> Cow<'_, str> {
    let is_userinfo = |at: &usize| !is_digest(&text[at + 1..]);
    let Some(at) = text.match_indices('@').map(|(at, _)| at).rfind(is_userinfo) else { return redact(text) };
    let scheme = text[..at].find("://").map_or("", |end| &text[..end + 3]);
    Cow::Owned(redacted(format!("{scheme}{PLACEHOLDER}{}", &text[at..])))
}

/// Whether what bears this name may be a secret: the name speaks of one, in any letter case and spelling.
#[must_use]
pub fn is_secret_name(name: &str) -> bool {
    const WORDS: [&str; 8] = [
        "password",
        "passwd",
        "passphrase",
        "secret",
        "token",
        "credential",
        "authorization",
        "connectionstring",
    ];
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    WORDS.iter().any(|word| plain.contains(word)) || plain.ends_with("key") && plain != "key"
}

fn without_tokens(text: &str) -> Cow<'_, str> {
    let Some(first) = next_prefix(text) else { return Cow::Borrowed(text) };
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    let mut next = Some(first);
    while let Some((at, prefix)) = next {
        let secret = &rest[at + prefix.len()..];
        let length = token_length(secret);
        shown.push_str(&rest[..at]);
        shown.push_str(if length == 0 { prefix } else { PLACEHOLDER });
        rest = &secret[length..];
        next = next_prefix(rest);
    }
    shown.push_str(rest);
    Cow::Owned(shown)
}

fn next_prefix(text: &str) -> Option<(usize, &'static str)> {
    PREFIXES.iter().filter_map(|prefix| Some((text.find(prefix)?, *prefix))).min()
}

/// Bytes of the secret that a text begins with. Dots and hyphens belong to it, but not those of a sentence.
fn token_length(text: &str) -> usize {
    let end =
        text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '-' | '.'))).unwrap_or(text.len());
    text[..end].trim_end_matches(['-', '.']).len()
}

fn without_passwords(text: &str) -> Cow<'_, str> {
    const SCHEME: &str = "://";
    let mut shown = String::new();
    let mut told = 0;
    for (scheme, _) in text.match_indices(SCHEME) {
        let start = scheme + SCHEME.len();
        let is_end = |c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '`' | '"' | '\'');
        let end = text[start..].find(is_end).map_or(text.len(), |length| start + length);
        if start >= told
            && let Some(at) = text[start..end].rfind('@')
        {
            shown.push_str(&text[told..start]);
            shown.push_str(PLACEHOLDER);
            told = start + at;
        }
    }
    if told == 0 {
        return Cow::Borrowed(text);
    }
    shown.push_str(&text[told..]);
    Cow::Owned(shown)
}

/// Whether a text looks like the digest of an image, if a bad one; a host and its port do not.
fn is_digest(text: &str) -> bool {
    text.split_once(':').is_some_and(|(algorithm, digits)| {
        let is_known =
            matches!(algorithm.to_ascii_lowercase().as_str(), "sha256" | "sha384" | "sha512" | "md5");
        is_known && digits.bytes().all(|byte| byte.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::{is_secret_name, redact, redacted, told, without_userinfo};

    /// lifecycle T9; controller-config 8.3
    #[test]
    fn credentials_are_hidden_wherever_they_stand() {
        for (text, want) in [
            ("", ""),
            ("nothing here", "nothing here"),
            ("bkjat_example_0000", "[redacted]"),
            (r#"{"t":"bkjat_a1_B2","u":"bkct_x"}"#, r#"{"t":"[redacted]","u":"[redacted]"}"#),
            ("bkjat_a bkua_b-c.d", "[redacted] [redacted]"),
            ("the prefix bkjat_ alone", "the prefix bkjat_ alone"),
            ("bkjat_\u{e9}t\u{e9}.", "[redacted]."),
            ("`xbkjat_abc`", "`x[redacted]`"),
            (
                "see https://me:pw@host/a@b, http://t@[::1]:80",
                "see https://[redacted]@host/a@b, http://[redacted]@[::1]:80",
            ),
            ("https://host/@scope/x mail@host", "https://host/@scope/x mail@host"),
            ("https://a:bkjat_x@h/bkct_y", "https://[redacted]@h/[redacted]"),
            ("a://b@c://d@e", "a://[redacted]@c://[redacted]@e"),
            ("://@", "://[redacted]@"),
        ] {
            assert_eq!(redact(text), want, "{text}");
            assert_eq!(redacted(text.to_owned()), want, "{text}");
        }
    }

    /// job-manifest 9.1
    #[test]
    fn what_is_told_is_one_line() {
        for (text, want) in [
            ("two words", "two words"),
            ("two\nlines\t\u{7f}", "two\u{fffd}lines\u{fffd}\u{fffd}"),
            ("bkjat_a\nerror: made up", "[redacted]\u{fffd}error: made up"),
        ] {
            assert_eq!(told(text.to_owned()), want);
        }
    }

    /// controller-config 8.3
    #[test]
    fn images_and_addresses_lose_user_and_password() {
        for (text, want) in [
            ("alpine:3.20", "alpine:3.20"),
            ("B d", "B d"),
            ("x@sha256:abc", "x@sha256:abc"),
            ("user:hunter2@X y", "[redacted]@X y"),
            ("ghp_abc@ghcr.io/x", "[redacted]@ghcr.io/x"),
            ("user:pw@h:80", "[redacted]@h:80"),
            ("user:p@ss/w@host/x@sha256:abc", "[redacted]@host/x@sha256:abc"),
            ("docker://user:hun/ter2@host/x y", "docker://[redacted]@host/x y"),
            ("x@latest", "[redacted]@latest"),
            ("bkjat_abc x", "[redacted] x"),
            ("host/bkjat_abc@sha256:ff", "host/[redacted]@sha256:ff"),
            ("@", "[redacted]@"),
        ] {
            assert_eq!(without_userinfo(text), want, "{text}");
        }
    }

    /// controller-config 8.3
    #[test]
    fn names_that_speak_of_secrets() {
        for name in [
            "PASSWORD",
            "dbPassword",
            "AWS_SECRET_ACCESS_KEY",
            "api-key",
            "GIT_TOKEN",
            "Authorization",
            "apikey",
        ] {
            assert!(is_secret_name(name), "{name}");
        }
        for name in ["", "image", "name", "key", "keys", "containerPort"] {
            assert!(!is_secret_name(name), "{name}");
        }
    }
}
