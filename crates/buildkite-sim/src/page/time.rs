//! Times and durations for people.

use jiff::Timestamp;

/// "4.2 s", "3 min 05 s", "2 h 07 min".
pub(super) fn duration(from: Timestamp, to: Timestamp) -> String {
    let milliseconds = to.as_millisecond().saturating_sub(from.as_millisecond()).max(0);
    let seconds = milliseconds / 1000;
    match seconds {
        0..=9 => format!("{seconds}.{} s", milliseconds % 1000 / 100),
        10..=59 => format!("{seconds} s"),
        60..=3599 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// How long something has run, or ran.
pub(super) fn elapsed(
    started: Option<Timestamp>,
    finished: Option<Timestamp>,
    now: Timestamp,
) -> Option<String> {
    started.map(|started| duration(started, finished.unwrap_or(now)))
}

/// Time of day with seconds, and the whole time stamp for machines.
pub(super) fn clock(at: Timestamp) -> String {
    let text = at.to_string();
    let short: String = text.chars().skip(11).take(8).collect();
    format!("<time datetime=\"{text}\" title=\"{text}\">{short}</time>")
}
