//! Durations as Go writes them, because the agent reads them with Go (job-manifest 8.4).

const SECOND: u64 = 1_000_000_000;

/// Text of a duration in nanoseconds.
pub(crate) fn format_nanos(nanos: i64) -> String {
    let sign = if nanos < 0 { "-" } else { "" };
    let size = nanos.unsigned_abs();
    if size == 0 {
        return "0s".to_owned();
    }
    if size < SECOND {
        let (unit, name) = match size {
            0..1_000 => (1, "ns"),
            1_000..1_000_000 => (1_000, "µs"),
            _ => (1_000_000, "ms"),
        };
        return format!("{sign}{}{name}", decimal(size, unit));
    }
    let minutes = size / SECOND / 60;
    let seconds = decimal(size % (60 * SECOND), SECOND);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
        (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

/// `amount / unit` as a decimal without trailing zeros; `unit` is a power of ten.
fn decimal(amount: u64, unit: u64) -> String {
    let whole = amount / unit;
    let rest = amount % unit;
    if rest == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let fraction = format!("{rest:0width$}");
    format!("{whole}.{}", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::format_nanos;

    /// job-manifest R-177, C-344
    #[test]
    fn durations_read_like_go() {
        const S: i64 = 1_000_000_000;
        for (nanos, want) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500_000, "1.5ms"),
            (100_000_000, "100ms"),
            (1_500, "1.5µs"),
            (1_500_000_000, "1.5s"),
            (90 * S, "1m30s"),
            (300 * S, "5m0s"),
            (3600 * S, "1h0m0s"),
            (-90 * S, "-1m30s"),
            (60_001_000_000, "1m0.001s"),
            (36 * 3600 * S + 1, "36h0m0.000000001s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(format_nanos(nanos), want);
        }
    }
}
