//! What answer headers say about pace and time.

use std::time::Duration;

use http::{HeaderMap, StatusCode};
use jiff::Timestamp;

/// The longest wait a server can impose on us (`lifecycle` 2.4).
pub const MAX_SERVER_WAIT: Duration = Duration::from_secs(300);

/// The `RateLimit-*` headers of one answer (`stacks-api` section 3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RateLimit {
    /// Name of the limit, for example `batch-reserve`.
    pub scope: Option<String>,
    /// Requests per window.
    pub limit: Option<u32>,
    /// Requests left in this window.
    pub remaining: Option<u32>,
    /// Time until the window resets.
    pub reset: Option<Duration>,
}

/// The headers that a caller may need, of any answer, good or bad.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerHeaders {
    /// Rate limit of the endpoint.
    pub rate_limit: RateLimit,
    /// `Retry-After`, at most [`MAX_SERVER_WAIT`]. On a 200 of the list call: wait before polling.
    pub retry_after: Option<Duration>,
    /// The server's clock, to find a skew of ours.
    pub date: Option<Timestamp>,
}

impl AnswerHeaders {
    /// Reads the headers; what is malformed counts as absent.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
        let date = text("date").and_then(http_date);
        Self {
            rate_limit: RateLimit {
                scope: text("ratelimit-scope").map(str::to_owned),
                limit: text("ratelimit-limit").and_then(|value| value.parse().ok()),
                remaining: text("ratelimit-remaining").and_then(|value| value.parse().ok()),
                reset: text("ratelimit-reset").and_then(seconds),
            },
            retry_after: text("retry-after").and_then(|value| retry_after(value, date)),
            date,
        }
    }

    /// How long the server wants us to stay away after an answer with this status.
    ///
    /// `RateLimit-Reset` stands on every answer, so it counts only where the limit is the reason.
    pub(crate) fn wait_asked(&self, status: StatusCode) -> Option<Duration> {
        let limited = matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
        let reset = self.rate_limit.reset.filter(|_| limited);
        self.retry_after.max(reset).filter(|wait| !wait.is_zero())
    }
}

/// Seconds, whole or decimal, or an HTTP date measured against the answer's own `Date`.
fn retry_after(value: &str, date: Option<Timestamp>) -> Option<Duration> {
    seconds(value).or_else(|| {
        let wait = http_date(value)?.duration_since(date?);
        Some(Duration::try_from(wait).unwrap_or_default().min(MAX_SERVER_WAIT))
    })
}

fn seconds(value: &str) -> Option<Duration> {
    let seconds: f64 = value.parse().ok()?;
    // Rejects NaN along with negative numbers.
    (seconds >= 0.0).then(|| Duration::from_secs_f64(seconds.min(MAX_SERVER_WAIT.as_secs_f64())))
}

fn http_date(value: &str) -> Option<Timestamp> {
    jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&'static str, &'static str)]) -> AnswerHeaders {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, http::HeaderValue::from_static(value));
        }
        AnswerHeaders::read(&headers)
    }

    #[test]
    fn retry_after_comes_in_three_forms() {
        let check = |value: &'static str, want: Option<f64>| {
            let headers = read(&[("date", "Wed, 02 Sep 2026 08:15:00 GMT"), ("retry-after", value)]);
            assert_eq!(headers.retry_after, want.map(Duration::from_secs_f64), "{value}");
        };
        check("8", Some(8.0));
        check("0.5", Some(0.5));
        check("Wed, 02 Sep 2026 08:15:09 GMT", Some(9.0));
        check("Wed, 02 Sep 2026 08:14:00 GMT", Some(0.0));
        check("86400", Some(300.0));
        check("-1", None);
        check("NaN", None);
        check("soon", None);
        let dateless = read(&[("retry-after", "Wed, 02 Sep 2026 08:15:09 GMT")]);
        assert_eq!(dateless.retry_after, None, "no clock of ours is asked");
    }

    #[test]
    fn rate_limits_are_read() {
        let headers = read(&[
            ("RateLimit-Scope".to_lowercase().leak(), "batch-reserve"),
            ("ratelimit-limit", "10"),
            ("ratelimit-remaining", "0"),
            ("ratelimit-reset", "1"),
        ]);
        let want = RateLimit {
            scope: Some("batch-reserve".to_owned()),
            limit: Some(10),
            remaining: Some(0),
            reset: Some(Duration::from_secs(1)),
        };
        assert_eq!(headers.rate_limit, want);
        assert_eq!(headers.wait_asked(StatusCode::OK), None);
        assert_eq!(headers.wait_asked(StatusCode::INTERNAL_SERVER_ERROR), None);
        assert_eq!(headers.wait_asked(StatusCode::TOO_MANY_REQUESTS), Some(Duration::from_secs(1)));
    }

    #[test]
    fn the_larger_of_both_counts() {
        let headers = read(&[("retry-after", "3"), ("ratelimit-reset", "7")]);
        assert_eq!(headers.wait_asked(StatusCode::TOO_MANY_REQUESTS), Some(Duration::from_secs(7)));
        assert_eq!(headers.wait_asked(StatusCode::BAD_GATEWAY), Some(Duration::from_secs(3)));
    }
}
