//! Kubernetes resource quantities (job-manifest R-19).

/// Billionths of one, the smallest unit.
const NANOS: i128 = 1_000_000_000;

/// Reads a quantity, blanks around it included, as a whole number of billionths, rounded away from zero like
/// Kubernetes does and limited to what fits. `None` means that the text is no quantity.
///
/// ```
/// use strategic_merge::quantity::parse_nanos;
///
/// assert_eq!(parse_nanos("1.5Gi"), parse_nanos("1536Mi"));
/// assert!(parse_nanos("50m") < parse_nanos("100m"));
/// assert_eq!(parse_nanos("1 GiB"), None);
/// ```
#[must_use]
pub fn parse_nanos(text: &str) -> Option<i128> {
    let (is_negative, unsigned) = sign(text.trim())?;
    let digits_end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(digits_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let size = scaled(whole, fraction, &Scale::parse(suffix)?);
    Some(if is_negative { -size } else { size })
}

/// The same quantity as a decimal number without suffix, for example `0.5` for `500m`. Quantities of one
/// size give one text.
#[must_use]
pub fn decimal(text: &str) -> Option<String> {
    let nanos = parse_nanos(text)?;
    let sign = if nanos < 0 { "-" } else { "" };
    let (whole, rest) = (nanos / NANOS, (nanos % NANOS).abs());
    let fraction = format!("{rest:09}");
    let number = format!("{sign}{}.{}", whole.abs(), fraction.trim_end_matches('0'));
    Some(number.trim_end_matches('.').to_owned())
}

/// What a suffix multiplies with.
struct Scale {
    binary_exponent: u32,
    decimal_exponent: i32,
}

impl Scale {
    fn parse(suffix: &str) -> Option<Self> {
        let decimal = |decimal_exponent| Some(Self { binary_exponent: 0, decimal_exponent });
        let binary = |binary_exponent| Some(Self { binary_exponent, decimal_exponent: 0 });
        match suffix {
            "" => decimal(0),
            "n" => decimal(-9),
            "u" => decimal(-6),
            "m" => decimal(-3),
            "k" => decimal(3),
            "M" => decimal(6),
            "G" => decimal(9),
            "T" => decimal(12),
            "P" => decimal(15),
            "E" => decimal(18),
            "Ki" => binary(10),
            "Mi" => binary(20),
            "Gi" => binary(30),
            "Ti" => binary(40),
            "Pi" => binary(50),
            "Ei" => binary(60),
            _ => decimal(exponent(suffix.strip_prefix(['e', 'E'])?)?),
        }
    }
}

/// Whether there is a minus, and what follows the sign. `None` for an empty text.
fn sign(text: &str) -> Option<(bool, &str)> {
    match text.as_bytes().first()? {
        b'-' => Some((true, &text[1..])),
        b'+' => Some((false, &text[1..])),
        _ => Some((false, text)),
    }
}

/// The number after `e`; exponents beyond any use are cut rather than refused.
fn exponent(text: &str) -> Option<i32> {
    let (is_negative, digits) = sign(text)?;
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i32>().unwrap_or(i32::MAX).min(1_000);
    Some(if is_negative { -size } else { size })
}

/// `whole.fraction × scale` in billionths: multiplied first, divided last, so that only the end rounds.
fn scaled(whole: &str, fraction: &str, scale: &Scale) -> i128 {
    let mut amount: i128 = 0;
    for byte in whole.bytes().chain(fraction.bytes()) {
        amount = amount.saturating_mul(10).saturating_add(i128::from(byte - b'0'));
    }
    amount = amount.saturating_mul(1 << scale.binary_exponent);
    let fraction_digits = i32::try_from(fraction.len()).unwrap_or(i32::MAX);
    let exponent = scale.decimal_exponent.saturating_add(9).saturating_sub(fraction_digits);
    for _ in 0..exponent.max(0) {
        amount = amount.saturating_mul(10);
    }
    for _ in exponent.min(0)..0 {
        if amount <= 1 {
            break;
        }
        amount = amount / 10 + i128::from(amount % 10 != 0);
    }
    amount
}

#[cfg(test)]
mod tests {
    use super::*;

    /// job-manifest R-19, E-5
    #[test]
    fn a_quantity_is_a_number_and_one_suffix() {
        let suffixes = ["", "n", "u", "m", "k", "M", "G", "T", "P", "E", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
        let exponents = ["e3", "E3", "e-3", "e+3", "e999999999999"];
        for suffix in suffixes.into_iter().chain(exponents) {
            for number in ["0", "1", "+1", "-1", "1.5", ".5", "5."] {
                let text = format!(" {number}{suffix} ");
                assert!(parse_nanos(&text).is_some(), "{text:?} is a quantity");
            }
        }
        for text in [
            "", " ", ".", "+", "-", "abc", "1 Gi", "1ki", "1K", "1KiB", "1e", "1e+", "1e1.5", "1..2", "m",
            "--1", "1mm", "٣", "e3", "-m", "1_000",
        ] {
            assert!(parse_nanos(text).is_none(), "{text:?} is no quantity");
        }
    }

    /// job-manifest R-184
    #[test]
    fn one_size_has_one_decimal() {
        for (text, want) in [
            ("0", "0"),
            ("-0", "0"),
            ("0.0Gi", "0"),
            ("1", "1"),
            ("1000m", "1"),
            ("0.5", "0.5"),
            ("500m", "0.5"),
            ("-500m", "-0.5"),
            ("1Ki", "1024"),
            ("1.5Gi", "1610612736"),
            ("1e3", "1000"),
            ("1n", "0.000000001"),
            ("0.1n", "0.000000001"),
            ("1500u", "0.0015"),
        ] {
            assert_eq!(decimal(text).as_deref(), Some(want), "{text}");
        }
        assert_eq!(decimal("banana"), None);
        assert!(decimal("1e1000").is_some(), "limited to what fits");
    }
}
