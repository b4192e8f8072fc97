//! Go durations: `10m`, `1h30m`, `500ms`, `1.5h`, `1µs` (controller-config 3).

use std::time::Duration;

/// Why a text is no duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// Nothing is written.
    #[error("is empty; a duration is a number with a unit, such as 10m, 1h30m or 500ms")]
    Empty,
    /// A number without a unit.
    #[error("has no unit; a duration is a number with a unit, such as 10m, 1h30m or 500ms")]
    NoUnit,
    /// A unit that does not exist.
    #[error("has an unknown unit; the units are ns, us, ms, s, m and h")]
    UnknownUnit,
    /// Anything else.
    #[error("is not a duration; write a number with a unit, such as 10m, 1h30m or 500ms")]
    Malformed,
    /// Below zero.
    #[error("is negative")]
    Negative,
    /// Beyond what 63 bits of nanoseconds hold, about 292 years.
    #[error("is too long")]
    TooLong,
}

/// Nanoseconds of each unit.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration; a sign is taken, a negative value is not.
///
/// # Errors
///
/// The text is not of the grammar, or not in range.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let (negative, mut rest) = match text.as_bytes().first() {
        None => return Err(DurationError::Empty),
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        Some(_) => (false, text),
    };
    if rest == "0" {
        return Ok(Duration::ZERO);
    }
    if rest.is_empty() {
        return Err(DurationError::Malformed);
    }
    let mut total: u64 = 0;
    while !rest.is_empty() {
        let (nanoseconds, behind) = one_term(rest)?;
        total = total.checked_add(nanoseconds).ok_or(DurationError::TooLong)?;
        rest = behind;
    }
    if total > i64::MAX as u64 {
        return Err(DurationError::TooLong);
    }
    if negative && total > 0 {
        return Err(DurationError::Negative);
    }
    Ok(Duration::from_nanos(total))
}

/// A decimal number and its unit, as nanoseconds, and what follows.
fn one_term(text: &str) -> Result<(u64, &str), DurationError> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(rest) => digits(rest),
        None => ("", rest),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(DurationError::Malformed);
    }
    let unit_end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(unit_end);
    if unit.is_empty() {
        return Err(DurationError::NoUnit);
    }
    let scale = UNITS.iter().find(|(name, _)| *name == unit).ok_or(DurationError::UnknownUnit)?.1;
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| DurationError::TooLong)? };
    let nanoseconds = whole.checked_mul(scale).ok_or(DurationError::TooLong)?;
    let nanoseconds = nanoseconds.checked_add(part_of(fraction, scale)).ok_or(DurationError::TooLong)?;
    Ok((nanoseconds, rest))
}

fn digits(text: &str) -> (&str, &str) {
    let count = text.bytes().take_while(u8::is_ascii_digit).count();
    text.split_at(count)
}

/// The decimal fraction of a unit; digits below a nanosecond are cut off.
fn part_of(fraction: &str, scale: u64) -> u64 {
    // Eighteen digits times the largest scale fit 128 bits with room to spare.
    let kept = &fraction[..fraction.len().min(18)];
    let numerator: u128 = kept.parse().unwrap_or(0);
    let denominator = 10_u128.pow(u32::try_from(kept.len()).expect("at most 18 digits"));
    u64::try_from(numerator * u128::from(scale) / denominator).expect("less than one unit")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// controller-config K7, K8
    #[test]
    fn go_durations() {
        let good = [
            ("0", 0),
            ("+0", 0),
            ("-0s", 0),
            ("10m", 600_000_000_000),
            ("1h30m", 5_400_000_000_000),
            ("500ms", 500_000_000),
            ("1.5h", 5_400_000_000_000),
            ("1µs", 1_000),
            ("1μs", 1_000),
            ("1us", 1_000),
            ("7ns", 7),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("+5s", 5_000_000_000),
            ("1.0000000005s", 1_000_000_000),
            ("2h1m1s", 7_261_000_000_000),
        ];
        for (text, nanoseconds) in good {
            assert_eq!(parse_duration(text), Ok(Duration::from_nanos(nanoseconds)), "{text}");
        }
        let bad = [
            ("", DurationError::Empty),
            ("300", DurationError::NoUnit),
            ("1h30", DurationError::NoUnit),
            ("5 minutes", DurationError::UnknownUnit),
            ("1d", DurationError::UnknownUnit),
            ("5M", DurationError::UnknownUnit),
            ("s", DurationError::Malformed),
            (".s", DurationError::Malformed),
            ("+", DurationError::Malformed),
            ("abc", DurationError::Malformed),
            (" 1s", DurationError::Malformed),
            ("-1s", DurationError::Negative),
            ("300000000h", DurationError::TooLong),
            ("99999999999999999999s", DurationError::TooLong),
        ];
        for (text, error) in bad {
            assert_eq!(parse_duration(text), Err(error), "{text:?}");
        }
    }
}
