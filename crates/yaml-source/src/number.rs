//! Numbers as the agent reads and writes them: Go's grammar in, Go's default formatting out.

/// A whole number as written: decimal, `0x`, `0b`, `0o`, and octal by a leading zero; `_` ignored.
pub(crate) enum Integer {
    Signed(i64),
    Unsigned(u64),
}

pub(crate) fn integer(written: &str) -> Option<Integer> {
    let plain: String = written.chars().filter(|character| *character != '_').collect();
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain.as_str()),
    };
    let (radix, digits) = radix_of(digits);
    // `from_str_radix` takes a sign of its own; two signs are no number.
    if !digits.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let magnitude = u64::from_str_radix(digits, radix).ok()?;
    if negative {
        let value = 0_i64.checked_sub_unsigned(magnitude)?;
        return Some(Integer::Signed(value));
    }
    Some(match i64::try_from(magnitude) {
        Ok(value) => Integer::Signed(value),
        Err(_) => Integer::Unsigned(magnitude),
    })
}

fn radix_of(digits: &str) -> (u32, &str) {
    let prefixed =
        |lower: &str, upper: &str| digits.strip_prefix(lower).or_else(|| digits.strip_prefix(upper));
    if let Some(rest) = prefixed("0x", "0X") {
        (16, rest)
    } else if let Some(rest) = prefixed("0b", "0B") {
        (2, rest)
    } else if let Some(rest) = prefixed("0o", "0O") {
        (8, rest)
    } else if digits.len() > 1 && digits.starts_with('0') {
        (8, &digits[1..])
    } else {
        (10, digits)
    }
}

/// A decimal fraction or exponent form as YAML 1.2 writes it; `_` ignored.
pub(crate) fn float(written: &str) -> Option<f64> {
    let plain: String = written.chars().filter(|character| *character != '_').collect();
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (&unsigned[..at], Some(&unsigned[at + 1..])),
        None => (unsigned, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mantissa_fits = match mantissa.split_once('.') {
        Some(("", fraction)) => digits(fraction),
        Some((whole, fraction)) => digits(whole) && (fraction.is_empty() || digits(fraction)),
        None => digits(mantissa),
    };
    let exponent_fits =
        exponent.is_none_or(|exponent| digits(exponent.strip_prefix(['-', '+']).unwrap_or(exponent)));
    if !(mantissa_fits && exponent_fits) {
        return None;
    }
    // Out of range is no number for the agent's reader, and becomes text.
    plain.parse::<f64>().ok().filter(|value| value.is_finite())
}

/// A float as text where text is wanted: shortest digits, exponent form from 1e+06 up and
/// below 1e-04 (pipeline-format 3.2).
pub fn float_text(value: f64) -> String {
    if let Some(text) = non_finite_text(value) {
        return text;
    }
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("`{:e}` always writes an exponent");
    let exponent: i32 = exponent.parse().expect("`{:e}` writes a decimal exponent");
    if (-4..6).contains(&exponent) || value == 0.0 {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

/// A float as a mapping key: six decimals and an exponent (`1.5` is `1.500000e+00`,
/// pipeline-format 3.1).
pub fn float_key_text(value: f64) -> String {
    if let Some(text) = non_finite_text(value) {
        return text;
    }
    let scientific = format!("{value:.6e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("`{:e}` always writes an exponent");
    let exponent: i32 = exponent.parse().expect("`{:e}` writes a decimal exponent");
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

fn non_finite_text(value: f64) -> Option<String> {
    if value.is_nan() {
        Some("NaN".to_owned())
    } else if value.is_infinite() {
        Some(if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned())
    } else {
        None
    }
}
