//! Kubernetes resource quantities (job-manifest R-19).

/// Reads a quantity as a whole number of billionths, rounded away from zero like Kubernetes does and
/// limited to what fits. `None` means that the text is no quantity.
pub(crate) fn parse_nanos(text: &str) -> Option<i128> {
    let text = text.trim();
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let digits_end = unsigned.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(unsigned.len());
    let (number, suffix) = unsigned.split_at(digits_end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if fraction.contains('.') || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let size = scaled(whole, fraction, &Scale::parse(suffix)?);
    Some(if negative { -size } else { size })
}

/// Whether the text is a quantity.
pub(crate) fn is_valid(text: &str) -> bool {
    parse_nanos(text).is_some()
}

/// Writes billionths as a quantity, in the largest unit that is exact; binary units from `Mi` on.
pub(crate) fn format_nanos(nanos: i128) -> String {
    const ONE: i128 = 1_000_000_000;
    const MILLI: i128 = 1_000_000;
    if nanos % MILLI != 0 {
        return format!("{nanos}n");
    }
    if nanos % ONE != 0 {
        return format!("{}m", nanos / MILLI);
    }
    let whole = nanos / ONE;
    for (suffix, exponent) in [("Ti", 40), ("Gi", 30), ("Mi", 20)] {
        if whole != 0 && whole % (1 << exponent) == 0 {
            return format!("{}{suffix}", whole >> exponent);
        }
    }
    whole.to_string()
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

/// The number after `e`; exponents beyond any use are cut rather than refused.
fn exponent(text: &str) -> Option<i32> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i32>().unwrap_or(i32::MAX).min(1_000);
    Some(if negative { -size } else { size })
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
    use super::{format_nanos, is_valid, parse_nanos};

    /// job-manifest
    #[test]
    fn quantities_are_written_exactly() {
        for text in ["0", "1", "-2", "100m", "2500m", "6Gi", "64Mi", "3Ti", "1024", "1n", "-6Gi", "1500"] {
            assert_eq!(format_nanos(parse_nanos(text).unwrap()), text);
        }
        for (text, want) in [("4096Mi", "4Gi"), ("1.5Gi", "1536Mi"), ("0.5", "500m"), ("1u", "1000n")] {
            assert_eq!(format_nanos(parse_nanos(text).unwrap()), want);
        }
        assert_eq!(parse_nanos(&format_nanos(i128::MAX)), Some(i128::MAX));
    }

    /// job-manifest R-19
    #[test]
    fn what_is_a_quantity() {
        for text in [
            "0",
            "1",
            "+1",
            "-1",
            "1.5",
            ".5",
            "5.",
            "100m",
            "1n",
            "1u",
            "1k",
            "1M",
            "1G",
            "1T",
            "1P",
            "1E",
            "1Ki",
            "1Mi",
            "1Gi",
            "1Ti",
            "1Pi",
            "1Ei",
            "1e3",
            "1E3",
            "1e-3",
            "1e+3",
            " 2 ",
            "1.5Gi",
            "1e999999999999",
        ] {
            assert!(is_valid(text), "{text:?} is a quantity");
        }
        for text in [
            "", " ", ".", "+", "-", "abc", "1 Gi", "1ki", "1K", "1KiB", "1e", "1e+", "1e1.5", "1..2", "m",
            "--1", "1mm", "٣",
        ] {
            assert!(!is_valid(text), "{text:?} is no quantity");
        }
    }

    /// job-manifest R-19
    #[test]
    fn quantities_compare_by_value() {
        for (left, right) in [
            ("1", "1000m"),
            ("0.5", "500m"),
            ("4096Mi", "4Gi"),
            ("1e3", "1k"),
            ("1.5Gi", "1536Mi"),
            ("1000u", "1m"),
        ] {
            assert_eq!(parse_nanos(left), parse_nanos(right), "{left} = {right}");
        }
        assert!(parse_nanos("50m") < parse_nanos("100m"));
        assert!(parse_nanos("129Mi") > parse_nanos("64Mi"));
        assert!(parse_nanos("-1") < parse_nanos("0"));
        assert!(parse_nanos("0.0000000001") > parse_nanos("0"), "rounds away from zero");
    }
}
