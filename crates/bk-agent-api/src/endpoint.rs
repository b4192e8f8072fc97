//! The base URL of the API.

use std::fmt;

use url::Url;

/// Why a text cannot be the API's base URL.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    /// Not a URL at all.
    #[error("the endpoint `{text}` is not a URL: {reason}")]
    NotAUrl {
        /// The text as given.
        text: String,
        /// What the parser says.
        reason: String,
    },
    /// A URL, but not one that HTTP can use.
    #[error("the endpoint `{text}` must start with http:// or https:// and name a host")]
    NotHttp {
        /// The text as given.
        text: String,
    },
    /// A URL with user, password, query or fragment; the text is not repeated, it may be secret.
    #[error("the endpoint must be a plain base URL, without user, password, query or fragment")]
    NotPlain,
}

/// The base URL of the API, for example `https://agent.buildkite.com/v3`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint(String);

impl Endpoint {
    /// Checks a base URL; a trailing slash does not matter.
    ///
    /// # Errors
    /// [`EndpointError`] names what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, EndpointError> {
        let url = Url::parse(text.trim())
            .map_err(|error| EndpointError::NotAUrl { text: text.to_owned(), reason: error.to_string() })?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        if !plain {
            return Err(EndpointError::NotPlain);
        }
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(EndpointError::NotHttp { text: text.to_owned() });
        }
        Ok(Self(url.as_str().trim_end_matches('/').to_owned()))
    }

    /// The base URL without a trailing slash.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trailing_slashes_do_not_matter() {
        for text in ["https://agent.example.test/v3", "https://agent.example.test/v3/"] {
            assert_eq!(Endpoint::parse(text).unwrap().as_str(), "https://agent.example.test/v3");
        }
        assert_eq!(Endpoint::parse("http://[::1]:8080").unwrap().as_str(), "http://[::1]:8080");
    }

    #[test]
    fn malformed_endpoints_are_final() {
        let check = |text: &str| Endpoint::parse(text).unwrap_err();
        assert!(matches!(check("agent.example.test/v3"), EndpointError::NotAUrl { .. }));
        assert!(matches!(check("ftp://agent.example.test"), EndpointError::NotHttp { .. }));
        let secret = check("https://user:hunter2@agent.example.test/");
        assert_eq!(secret, EndpointError::NotPlain);
        assert!(!secret.to_string().contains("hunter2"));
        assert_eq!(check("https://agent.example.test/v3?a=b"), EndpointError::NotPlain);
    }
}
