//! Fitting texts into the limits of the API without cutting a character in two.

use std::borrow::Cow;

/// Longest `detail` of a finish call, in bytes (`stacks-api` 6.7).
pub const DETAIL_LIMIT_BYTES: usize = 4096;

/// Longest notification we send, in characters: one below the documented limit (`lifecycle` 5.1).
pub const NOTIFICATION_LIMIT_CHARS: usize = 255;

/// Stands where the middle of a detail was taken out. Of fixed length, so that a cropped ASCII
/// text has exactly the limit's length.
const DETAIL_MARKER: &str = "\n[... the middle was left out ...]\n";

/// Crops a detail to [`DETAIL_LIMIT_BYTES`], marker included, keeping its start and its end: the
/// start says what happened, the end often why.
#[must_use]
pub fn crop_detail(text: &str) -> Cow<'_, str> {
    if text.len() <= DETAIL_LIMIT_BYTES {
        return Cow::Borrowed(text);
    }
    let budget = DETAIL_LIMIT_BYTES - DETAIL_MARKER.len();
    let head = &text[..text.floor_char_boundary(budget / 2)];
    let tail = &text[text.ceil_char_boundary(text.len() - (budget - budget / 2))..];
    let head_budget = budget - tail.len();
    // Bytes that the tail could not use for want of a boundary go to the head.
    let head = if head_budget > budget / 2 { &text[..text.floor_char_boundary(head_budget)] } else { head };
    Cow::Owned(format!("{head}{DETAIL_MARKER}{tail}"))
}

/// Crops a notification to [`NOTIFICATION_LIMIT_CHARS`] characters, the last one an ellipsis.
#[must_use]
pub fn crop_notification(text: &str) -> Cow<'_, str> {
    crop_chars(text, NOTIFICATION_LIMIT_CHARS)
}

/// Crops to a number of characters, the last one an ellipsis if anything was cut.
pub(crate) fn crop_chars(text: &str, limit: usize) -> Cow<'_, str> {
    if text.chars().nth(limit).is_none() {
        return Cow::Borrowed(text);
    }
    let cut: String = text.chars().take(limit - 1).collect();
    Cow::Owned(cut.trim_end().to_owned() + "\u{2026}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// lifecycle C61
    /// stacks-api P2
    #[test]
    fn details_keep_start_and_end_within_the_limit() {
        let short = "x".repeat(4096);
        assert_eq!(crop_detail(&short), short);

        let ascii = format!("image-pull-failed: first{}last", "x".repeat(5000));
        let cropped = crop_detail(&ascii);
        assert_eq!(cropped.len(), 4096);
        assert!(cropped.starts_with("image-pull-failed: first") && cropped.ends_with("last"));

        for character in ["\u{e9}", "\u{2502}", "\u{1f980}"] {
            for shift in 0..4 {
                let text = "x".repeat(shift) + &character.repeat(3000);
                let cropped = crop_detail(&text);
                assert!(cropped.len() <= 4096 && cropped.len() > 4088, "{}", cropped.len());
                assert!(cropped.contains(DETAIL_MARKER));
            }
        }
    }

    /// stacks-api P2
    #[test]
    fn notifications_are_counted_in_characters() {
        let check = |text: &str, want: &str| assert_eq!(crop_notification(text), want);
        check("Pulling images", "Pulling images");
        check(&"\u{e9}".repeat(255), &"\u{e9}".repeat(255));
        check(&"\u{e9}".repeat(256), &("\u{e9}".repeat(254) + "\u{2026}"));
    }
}
