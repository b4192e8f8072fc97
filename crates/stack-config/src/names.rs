//! What Kubernetes takes as names, labels and annotation keys.

/// DNS-1123 label: at most 63 of `a-z`, `0-9`, `-`, starting and ending with a letter or digit.
pub(crate) fn is_dns_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    let fits = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    !bytes.is_empty()
        && bytes.len() <= 63
        && bytes.iter().all(|byte| fits(byte) || *byte == b'-')
        && bytes.first().is_some_and(fits)
        && bytes.last().is_some_and(fits)
}

/// DNS-1123 subdomain: at most 253 bytes, labels joined by dots.
pub(crate) fn is_dns_subdomain(text: &str) -> bool {
    text.len() <= 253 && text.split('.').all(is_dns_label)
}

/// A label's value: empty, or at most 63 of letters, digits, `-`, `_`, `.`, starting and ending with
/// a letter or digit.
pub(crate) fn is_label_value(text: &str) -> bool {
    text.is_empty() || is_qualified_part(text)
}

/// A label's or annotation's key: an optional subdomain and `/`, then a name.
pub(crate) fn is_qualified_name(text: &str) -> bool {
    match text.split_once('/') {
        Some((prefix, name)) => is_dns_subdomain(prefix) && is_qualified_part(name),
        None => is_qualified_part(text),
    }
}

fn is_qualified_part(text: &str) -> bool {
    let bytes = text.as_bytes();
    !bytes.is_empty()
        && bytes.len() <= 63
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
        && bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubernetes_names() {
        let long = "a".repeat(63);
        let longer = "a".repeat(64);
        for (text, label, subdomain, value, key) in [
            ("a", true, true, true, true),
            ("a-b", true, true, true, true),
            ("A", false, false, true, true),
            ("a.b", false, true, true, true),
            ("a_b", false, false, true, true),
            ("-a", false, false, false, false),
            ("a-", false, false, false, false),
            ("", false, false, true, false),
            ("x.io/a_B", false, false, false, true),
            ("X/a", false, false, false, false),
            ("x/", false, false, false, false),
            (&long, true, true, true, true),
            (&longer, false, false, false, false),
        ] {
            assert_eq!(is_dns_label(text), label, "label {text}");
            assert_eq!(is_dns_subdomain(text), subdomain, "subdomain {text}");
            assert_eq!(is_label_value(text), value, "value {text}");
            assert_eq!(is_qualified_name(text), key, "key {text}");
        }
    }
}
