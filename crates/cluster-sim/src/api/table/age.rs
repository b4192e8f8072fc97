//! How long ago something was, in as few letters as say it.

use jiff::Timestamp;
use shared_json::Value;

use crate::object;

/// From a time in an object until now.
pub(super) fn since(object: &Value, path: &[&str], now: Timestamp) -> String {
    object::time(object, path).map_or_else(|| "<unknown>".to_owned(), |then| between(then, now))
}

pub(super) fn between(then: Timestamp, now: Timestamp) -> String {
    words(now.as_second() - then.as_second())
}

/// The larger unit, and the next one while it still matters.
fn words(seconds: i64) -> String {
    let (minutes, hours) = (seconds / 60, seconds / 3600);
    let (days, years) = (hours / 24, hours / 24 / 365);
    let pair = |whole: i64, unit: &str, rest: i64, rest_unit: &str| match rest {
        0 => format!("{whole}{unit}"),
        _ => format!("{whole}{unit}{rest}{rest_unit}"),
    };
    match seconds {
        ..-1 => "<invalid>".to_owned(),
        -1 => "0s".to_owned(),
        0..120 => format!("{seconds}s"),
        _ if minutes < 10 => pair(minutes, "m", seconds % 60, "s"),
        _ if minutes < 180 => format!("{minutes}m"),
        _ if hours < 8 => pair(hours, "h", minutes % 60, "m"),
        _ if hours < 48 => format!("{hours}h"),
        _ if days < 8 => pair(days, "d", hours % 24, "h"),
        _ if years < 2 => format!("{days}d"),
        _ if years < 8 => pair(years, "y", days % 365, "d"),
        _ => format!("{years}y"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_short() {
        let check = |seconds, want| assert_eq!(words(seconds), want);
        check(-5, "<invalid>");
        check(-1, "0s");
        check(119, "119s");
        check(120, "2m");
        check(125, "2m5s");
        check(601, "10m");
        check(3 * 3600 + 60, "3h1m");
        check(9 * 3600, "9h");
        check(50 * 3600, "2d2h");
        check(9 * 86_400, "9d");
        check(3 * 365 * 86_400, "3y");
    }
}
