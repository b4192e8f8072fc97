//! Kubernetes resource quantities (job-manifest R-19).

pub(crate) use strategic_merge::quantity::parse_nanos;

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

#[cfg(test)]
mod tests {
    use super::{format_nanos, parse_nanos};

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
}
