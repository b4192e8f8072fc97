//! The link to a job: the build URL with the job's UUID as its fragment (job-manifest 8.5).
//!
//! The text is taken apart and put together again like Go's `net/url` does, so that the annotation is
//! the same to the byte for everything that parses, and absent for everything that does not.

use std::net::Ipv6Addr;

use shared_json::Text;

/// `build_url` with its fragment replaced, or `None` if it cannot be parsed.
pub(crate) fn job_url(build_url: &str, uuid: &str) -> Option<Text> {
    if is_plain(build_url) {
        return Some(Text::concat(&[build_url, "#", uuid]));
    }
    taken_apart(build_url, uuid).map(Text::from)
}

/// Whether the URL is one of those that Buildkite makes, in which nothing would change: scheme, name of the
/// host and a path of letters.
fn is_plain(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://")) else {
        return false;
    };
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    !host.is_empty() && host.bytes().all(is_plain) && path.bytes().all(|byte| byte == b'/' || is_plain(byte))
}

fn taken_apart(build_url: &str, uuid: &str) -> Option<String> {
    let (url, fragment) = build_url.split_once('#').unwrap_or((build_url, ""));
    if url.bytes().any(|byte| byte.is_ascii_control()) {
        return None;
    }
    decode(fragment)?;
    let mut text = rewrite(url)?;
    text.push('#');
    text.push_str(uuid);
    Some(text)
}

/// The URL without fragment, normalised.
fn rewrite(url: &str) -> Option<String> {
    let (scheme, rest) = split_scheme(url)?;
    let scheme = scheme.to_ascii_lowercase();
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    let mut text = String::new();
    if !scheme.is_empty() {
        text.push_str(&scheme);
        text.push(':');
    }
    if !scheme.is_empty() && !rest.starts_with('/') {
        text.push_str(rest);
    } else {
        push_hierarchy(&mut text, &scheme, rest)?;
    }
    if let Some(query) = query {
        text.push('?');
        text.push_str(query);
    }
    Some(text)
}

/// Authority and path.
fn push_hierarchy(text: &mut String, scheme: &str, rest: &str) -> Option<()> {
    let first_segment = rest.split('/').next().unwrap_or_default();
    if !rest.starts_with('/') && first_segment.contains(':') {
        return None;
    }
    let has_authority = rest.starts_with("//") && (!scheme.is_empty() || !rest.starts_with("///"));
    let (authority, path) = if has_authority {
        let after = &rest[2..];
        let end = after.find('/').unwrap_or(after.len());
        (Some(&after[..end]), &after[end..])
    } else {
        (None, rest)
    };
    if let Some(authority) = authority {
        let (user, host) = match authority.rsplit_once('@') {
            Some((user, host)) => (Some(user), host),
            None => (None, authority),
        };
        let host = rewrite_host(scheme, host)?;
        let user = match user {
            Some(user) => Some(rewrite_user(user)?),
            None => None,
        };
        let something = !host.is_empty() || user.is_some();
        if something || (!scheme.is_empty() && !path.is_empty()) {
            text.push_str("//");
        }
        if let Some(user) = user {
            text.push_str(&user);
            text.push('@');
        }
        text.push_str(&host);
    }
    let path = rewrite_path(path)?;
    if text.is_empty() && path.split('/').next().is_some_and(|segment| segment.contains(':')) {
        text.push_str("./");
    }
    text.push_str(&path);
    Some(())
}

/// Scheme (may be empty) and what follows its colon; `None` if the text starts with a colon.
fn split_scheme(url: &str) -> Option<(&str, &str)> {
    for (index, byte) in url.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return None,
            b':' => return Some((&url[..index], &url[index + 1..])),
            _ => break,
        }
    }
    Some(("", url))
}

fn rewrite_user(user: &str) -> Option<String> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte);
    if !user.bytes().all(allowed) {
        return None;
    }
    let stands = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~$&+,;=".contains(&byte);
    let (name, password) = match user.split_once(':') {
        Some((name, password)) => (name, Some(password)),
        None => (user, None),
    };
    let mut text = encode(&decode(name)?, stands);
    if let Some(password) = password {
        text.push(':');
        text.push_str(&encode(&decode(password)?, stands));
    }
    Some(text)
}

fn rewrite_host(scheme: &str, host: &str) -> Option<String> {
    let decoded = if host.starts_with('[') {
        let close = host.rfind(']')?;
        if !is_optional_port(&host[close + 1..]) {
            return None;
        }
        decode_bracketed(&host[..close], &host[close..])?
    } else {
        if host.contains('[') {
            return None;
        }
        if let Some(colon) = host.rfind(':') {
            let second_colon = host.find(':') != Some(colon);
            if !is_optional_port(&host[colon..]) || (second_colon && matches!(scheme, "http" | "https")) {
                return None;
            }
        }
        decode_host(host)?
    };
    Some(encode(&decoded, may_stand_in_host))
}

/// `address` still has its opening bracket, `tail` starts with the closing one.
fn decode_bracketed(address: &str, tail: &str) -> Option<Vec<u8>> {
    let (plain, zone) = match address.find("%25") {
        Some(at) => (&address[..at], Some(&address[at..])),
        None => (address, None),
    };
    plain[1..].parse::<Ipv6Addr>().ok()?;
    let mut decoded = decode_host(plain)?;
    if let Some(zone) = zone {
        decoded.extend(decode(zone)?);
    }
    decoded.extend(decode_host(tail)?);
    Some(decoded)
}

/// In a host only bytes beyond ASCII, and `%` itself, may be percent-encoded.
fn decode_host(host: &str) -> Option<Vec<u8>> {
    let bytes = host.as_bytes();
    for (index, byte) in bytes.iter().enumerate() {
        let encoded_ascii = *byte == b'%'
            && bytes.get(index + 1).is_some_and(|high| (b'0'..b'8').contains(high))
            && bytes.get(index + 1..index + 3) != Some(b"25");
        let misplaced = byte.is_ascii() && *byte != b'%' && !may_stand_in_host(*byte);
        if encoded_ascii || misplaced {
            return None;
        }
    }
    decode(host)
}

fn may_stand_in_host(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:[]<>\"".contains(&byte)
}

/// Kept if every byte may stand in a path, otherwise decoded and encoded again as a whole.
fn rewrite_path(path: &str) -> Option<String> {
    let decoded = decode(path)?;
    let fine = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@!'()*[]%".contains(&byte);
    if path.bytes().all(fine) {
        return Some(path.to_owned());
    }
    Some(encode(&decoded, |byte| byte.is_ascii_alphanumeric() || b"-_.~$&+,/:;=@".contains(&byte)))
}

fn is_optional_port(text: &str) -> bool {
    match text.strip_prefix(':') {
        Some(digits) => digits.bytes().all(|byte| byte.is_ascii_digit()),
        None => text.is_empty(),
    }
}

/// Replaces percent-encodings by their bytes; `None` if one is malformed.
fn decode(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while let Some(&byte) = bytes.get(index) {
        if byte == b'%' {
            let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
            let value = digit(index + 1)? * 16 + digit(index + 2)?;
            decoded.push(u8::try_from(value).expect("two hexadecimal digits fit a byte"));
            index += 3;
        } else {
            decoded.push(byte);
            index += 1;
        }
    }
    Some(decoded)
}

fn encode(bytes: &[u8], stands: impl Fn(u8) -> bool) -> String {
    let mut text = String::with_capacity(bytes.len());
    for &byte in bytes {
        if byte.is_ascii() && stands(byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{is_plain, job_url, taken_apart};

    #[track_caller]
    fn check(build_url: &str, want: Option<&str>) {
        let want = want.map(|url| format!("{url}#uuid"));
        assert_eq!(job_url(build_url, "uuid").as_deref(), want.as_deref(), "{build_url:?}");
        assert_eq!(taken_apart(build_url, "uuid"), want, "{build_url:?}");
    }

    proptest! {
        /// What is not taken apart would be put together the same. job-manifest R-178
        #[test]
        fn plain_urls_stay_as_they_are(url in "https?://[a-zA-Z0-9._/@:%-]{0,12}[a-zA-Z0-9._/-]{0,12}") {
            if is_plain(&url) {
                prop_assert_eq!(taken_apart(&url, "uuid"), Some(format!("{url}#uuid")));
            }
        }
    }

    /// job-manifest R-178, C-345, C-346, C-348
    #[test]
    fn kept_but_for_scheme_and_fragment() {
        check("", Some(""));
        check("https://buildkite.com/o/p/builds/1", Some("https://buildkite.com/o/p/builds/1"));
        check("https://buildkite.com/o/p/builds/1#old", Some("https://buildkite.com/o/p/builds/1"));
        check("HTTPS://Buildkite.com/o", Some("https://Buildkite.com/o"));
        for url in [
            "https://h/p?",
            "https://h",
            "https://h:/",
            "//h/p",
            "?q",
            "https://h/%41",
            "https://h/a%2Fb",
            "https://h/[x]",
            "https://h/p?q=a b",
            "https://h/p?q=%zz",
            "https://[::1]:80/x",
            "https://[fe80::1%25en0]/x",
            "mailto:a b",
            "file:///etc",
            "ftp://h:1:2/x",
        ] {
            check(url, Some(url));
        }
        check("https://", Some("https:"));
    }

    /// job-manifest R-178, C-347
    #[test]
    fn encoded_again() {
        for (url, want) in [
            ("a b", "a%20b"),
            ("https://h/a b", "https://h/a%20b"),
            ("https://h/ü", "https://h/%C3%BC"),
            ("https://h/{x}", "https://h/%7Bx%7D"),
            ("https://h/a!b'(c)*[d] x%2fy", "https://h/a%21b%27%28c%29%2A%5Bd%5D%20x/y"),
            ("http://us%65r:p%3aq@h/", "http://user:p%3Aq@h/"),
            ("https://bü.h/", "https://b%C3%BC.h/"),
        ] {
            check(url, Some(want));
        }
    }

    /// job-manifest R-179, C-349
    #[test]
    fn not_parseable() {
        for url in [
            ":",
            ":x",
            "%zz",
            "http://[::1",
            "https://h:x/",
            "1foo:bar",
            "ht tp://x",
            "https://h/\u{1}",
            "https://h/\u{7f}",
            "https://h h/",
            "https://h%41/",
            "https://h{x}/",
            "https://[h]/",
            "http://a\"b@h/",
            "https://h/#%zz",
            "https://a[b/",
            "https://h:1:2/",
        ] {
            check(url, None);
        }
    }
}
