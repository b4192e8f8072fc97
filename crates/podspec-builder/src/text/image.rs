//! Container image references (job-manifest 8.2). Host names may be upper case and IPv6 hosts stand in
//! brackets, which is why the grammar is written out here.

use std::fmt;

/// How a reference is written, for those who wrote none.
pub(crate) const IMAGE_HINT: &str = "an image is [registry/]name[:tag][@digest], the name in lower case";

/// Longest path of a name, without its registry.
const MAX_PATH_LENGTH: usize = 255;

/// An image reference that fits the grammar, in parts that borrow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ImageReference<'a> {
    /// What follows `@`.
    pub(crate) digest: Option<&'a str>,
}

impl<'a> ImageReference<'a> {
    /// Reads a reference.
    pub(crate) fn parse(text: &'a str) -> Result<Self, BadImage> {
        if text.is_empty() {
            return Err(BadImage::NoName);
        }
        let Some((path, digest)) = split(text) else {
            let lower = text.to_lowercase();
            return Err(if split(&lower).is_some() { BadImage::UpperCase } else { BadImage::BadFormat });
        };
        if path.len() > MAX_PATH_LENGTH {
            return Err(BadImage::NameTooLong);
        }
        if let Some(digest) = digest {
            check_digest(digest)?;
        }
        Ok(Self { digest })
    }

    /// Whether the reference pins its content, with or without a tag.
    pub(crate) fn has_digest(&self) -> bool {
        self.digest.is_some()
    }
}

/// The reference with everything that container runtimes fill in: what a pattern is held against.
/// A text that is no reference is completed as far as it looks like one.
pub(crate) fn completed(text: &str) -> String {
    // `sha256:` and its digits name an image that the node has, whatever its name and registry: runtimes
    // look for the id first, although the text could also be the tag of an image named `sha256`.
    if is_digest(text) && check_digest(text).is_ok() {
        return text.to_owned();
    }
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (text, None),
    };
    let (registry, path) = match named.split_once('/') {
        Some((LEGACY_DEFAULT_REGISTRY, path)) => (DEFAULT_REGISTRY, path),
        Some((first, path)) if looks_like_registry(first) => (first, path),
        _ => (DEFAULT_REGISTRY, named),
    };
    let library = if registry == DEFAULT_REGISTRY && !path.contains('/') { "library/" } else { "" };
    let tagged = path.rsplit('/').next().is_some_and(|last| last.contains(':'));
    match digest {
        Some(digest) => format!("{registry}/{library}{path}@{digest}"),
        None if tagged => format!("{registry}/{library}{path}"),
        None => format!("{registry}/{library}{path}:latest"),
    }
}

const DEFAULT_REGISTRY: &str = "docker.io";
/// Another name of the same registry, which runtimes replace.
const LEGACY_DEFAULT_REGISTRY: &str = "index.docker.io";

/// Whether runtimes take what stands before the first `/` for a registry and not for a part of the path.
fn looks_like_registry(text: &str) -> bool {
    text == "localhost" || text.contains(['.', ':']) || text.bytes().any(|byte| byte.is_ascii_uppercase())
}

/// Why a text is no image reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BadImage {
    NoName,
    UpperCase,
    BadFormat,
    NameTooLong,
    DigestFormat,
    UnsupportedAlgorithm,
    DigestLength,
}

impl fmt::Display for BadImage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoName => "no name",
            Self::UpperCase => "upper case in name",
            Self::BadFormat => "bad format",
            Self::NameTooLong => "name too long",
            Self::DigestFormat => "bad digest format",
            Self::UnsupportedAlgorithm => "unsupported algorithm",
            Self::DigestLength => "bad digest length",
        })
    }
}

/// Path and digest of a text that fits the grammar.
fn split(text: &str) -> Option<(&str, Option<&str>)> {
    let (named, digest) = match text.split_once('@') {
        Some((named, digest)) => (named, Some(digest)),
        None => (text, None),
    };
    if digest.is_some_and(|digest| !is_digest(digest)) {
        return None;
    }
    let last_slash = named.rfind('/').map_or(0, |at| at + 1);
    let name = match named[last_slash..].find(':') {
        Some(colon) if is_tag(&named[last_slash + colon + 1..]) => &named[..last_slash + colon],
        Some(_) => return None,
        None => named,
    };
    let path = match name.split_once('/') {
        Some((first, rest)) if is_registry(first) => rest,
        _ => name,
    };
    path.split('/').all(is_path_component).then_some((path, digest))
}

fn is_registry(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            let hexadecimal = |byte: u8| byte.is_ascii_hexdigit() || byte == b':';
            if address.is_empty() || !address.bytes().all(hexadecimal) {
                return false;
            }
            match port {
                "" => return true,
                _ => ("ipv6", port.strip_prefix(':')),
            }
        }
        None => match text.split_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => return text.split('.').all(is_host_label),
        },
    };
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    host.split('.').all(is_host_label) && port.is_some_and(is_port)
}

fn is_host_label(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.first().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.last().is_some_and(u8::is_ascii_alphanumeric)
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-')
}

/// Runs of lower-case letters and digits between single `.`, `_`, `__` or any number of `-`.
fn is_path_component(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    if !text.starts_with(plain) || !text.ends_with(plain) {
        return false;
    }
    text.split(plain).all(|separator| {
        matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
    })
}

fn is_tag(text: &str) -> bool {
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let bytes = text.as_bytes();
    bytes.len() <= 128
        && bytes.first().is_some_and(word)
        && bytes.iter().all(|byte| word(byte) || matches!(byte, b'.' | b'-'))
}

fn is_digest(text: &str) -> bool {
    let Some((algorithm, hexadecimal)) = text.split_once(':') else { return false };
    let component = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic())
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(component)
        && hexadecimal.len() >= 32
        && hexadecimal.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn check_digest(text: &str) -> Result<(), BadImage> {
    let (algorithm, hexadecimal) = text.split_once(':').expect("the grammar found a colon");
    if algorithm.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(BadImage::DigestFormat);
    }
    let length = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ => return Err(BadImage::UnsupportedAlgorithm),
    };
    if hexadecimal.len() != length {
        return Err(BadImage::DigestLength);
    }
    if hexadecimal.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(BadImage::DigestFormat);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{BadImage, ImageReference, completed};

    /// job-manifest R-196
    #[test]
    fn completed_references() {
        let digest = format!("sha256:{}", hexadecimal(64));
        for (text, want) in [
            ("alpine", "docker.io/library/alpine:latest"),
            ("alpine:3.20", "docker.io/library/alpine:3.20"),
            ("a/b", "docker.io/a/b:latest"),
            ("docker.io/alpine", "docker.io/library/alpine:latest"),
            ("docker.io/a/b:1", "docker.io/a/b:1"),
            ("index.docker.io/alpine:1", "docker.io/library/alpine:1"),
            ("localhost/x", "localhost/x:latest"),
            ("localhost:5000/x", "localhost:5000/x:latest"),
            ("ghcr.io/x/y:1", "ghcr.io/x/y:1"),
            ("HOST/x:1", "HOST/x:1"),
            ("[::1]:5000/x", "[::1]:5000/x:latest"),
            (&format!("alpine@{digest}"), &format!("docker.io/library/alpine@{digest}")),
            (&format!("alpine:1@{digest}"), &format!("docker.io/library/alpine:1@{digest}")),
            // The id of an image, not the image `sha256` of the default registry.
            (&digest, &digest),
            (&format!("docker.io/{digest}"), &format!("docker.io/library/{digest}")),
            ("sha256:1", "docker.io/library/sha256:1"),
            ("", "docker.io/library/:latest"),
            ("/", "docker.io//:latest"),
        ] {
            assert_eq!(completed(text), want, "{text:?}");
        }
    }

    #[track_caller]
    fn check(text: &str, want: Result<bool, BadImage>) {
        assert_eq!(ImageReference::parse(text).map(|image| image.has_digest()), want, "{text:?}");
    }

    fn hexadecimal(count: usize) -> String {
        "0123456789abcdef".chars().cycle().take(count).collect()
    }

    /// job-manifest, C-331, C-332
    #[test]
    fn good_references() {
        for text in [
            "alpine",
            "a/b:c",
            "localhost:5000/x",
            "HOST.com/x",
            "HOST/x",
            "a_b",
            "a__b",
            "a---b",
            "a.b/c.d",
            "[::1]:5000/x",
            "[::1]/x",
            &hexadecimal(64),
            "x:_tag",
            "gcr.io/a/b/c:v1.2-3",
        ] {
            check(text, Ok(false));
        }
        check(&format!("x@sha256:{}", hexadecimal(64)), Ok(true));
        check(&format!("x:tag@sha256:{}", hexadecimal(64)), Ok(true));
        check(&format!("x@sha512:{}", hexadecimal(128)), Ok(true));
    }

    /// job-manifest, C-333, C-334, C-335, C-336, C-337, C-338
    #[test]
    fn bad_references() {
        check("", Err(BadImage::NoName));
        check("Alpine", Err(BadImage::UpperCase));
        check("a/B:c", Err(BadImage::UpperCase));
        for text in [
            "alpine:",
            "a b",
            "a//b",
            "-a",
            "a___b",
            "a..b",
            "x@latest",
            " alpine",
            "alpine\n",
            "${IMG}",
            "x@sha256:abc",
            "/x",
            "x/",
            "[::1]",
            "[g]/x",
            "h:x/y",
            "[::1]x/y",
            "B d",
        ] {
            check(text, Err(BadImage::BadFormat));
        }
        check(&"a".repeat(256), Err(BadImage::NameTooLong));
        check(&format!("registry.example/{}", "a".repeat(255)), Ok(false));
        check(&format!("x@sha256:{}", hexadecimal(32)), Err(BadImage::DigestLength));
        check(&format!("x@sha256:{}A", hexadecimal(63)), Err(BadImage::DigestFormat));
        check(&format!("x@SHA256:{}", hexadecimal(64)), Err(BadImage::DigestFormat));
        check(&format!("x@md5:{}", hexadecimal(32)), Err(BadImage::UnsupportedAlgorithm));
    }
}
