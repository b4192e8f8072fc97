//! Recognising the date forms that the agent's reader turns into timestamps.

/// The timestamp as RFC 3339 text (the form it takes in JSON), or `None` when the text is no date.
pub(crate) fn normalize(text: &str) -> Option<String> {
    let mut rest = Cursor(text);
    let year = rest.digits(4, 4)?;
    rest.literal("-")?;
    let month = rest.digits(1, 2)?;
    rest.literal("-")?;
    let day = rest.digits(1, 2)?;
    if !(1..=12).contains(&month) || day < 1 || day > days_in(year, month) {
        return None;
    }
    let date = format!("{year:04}-{month:02}-{day:02}");
    if rest.0.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let separator = rest.0.chars().next()?;
    rest.0 = rest.0.strip_prefix(['T', 't', ' '])?;
    let hour = rest.digits(1, 2)?;
    rest.literal(":")?;
    let minute = rest.digits(1, 2)?;
    rest.literal(":")?;
    let second = rest.digits(1, 2)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let fraction = rest.fraction()?;
    // After a blank no zone may follow; after `T` one must.
    let zone = match (separator, rest.0) {
        (' ', "") => "Z".to_owned(),
        (' ', _) => return None,
        (_, "Z") => "Z".to_owned(),
        (_, offset) => checked_offset(offset)?,
    };
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}{fraction}{zone}"))
}

struct Cursor<'a>(&'a str);

impl Cursor<'_> {
    fn digits(&mut self, least: usize, most: usize) -> Option<u32> {
        let count = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if count < least {
            return None;
        }
        let (digits, rest) = self.0.split_at(count);
        self.0 = rest;
        digits.parse().ok()
    }

    fn literal(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    fn fraction(&mut self) -> Option<String> {
        let Some(rest) = self.0.strip_prefix('.') else {
            return Some(String::new());
        };
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        if count == 0 || count > 9 {
            return None;
        }
        self.0 = &rest[count..];
        let digits = rest[..count].trim_end_matches('0');
        Some(if digits.is_empty() { String::new() } else { format!(".{digits}") })
    }
}

fn checked_offset(text: &str) -> Option<String> {
    let mut rest = Cursor(text.strip_prefix(['+', '-'])?);
    let hour = rest.digits(2, 2)?;
    rest.literal(":")?;
    let minute = rest.digits(2, 2)?;
    (rest.0.is_empty() && hour <= 24 && minute < 60).then(|| text.to_owned())
}

fn days_in(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 => 28 + u32::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
