//! Variables of the job that are given beside it.

use super::source::{self, Unreadable};

/// `NAME=VALUE`, or the name of a file with one such line for each variable. Empty lines and lines that begin
/// with `#` are left out.
pub(super) fn read(given: &str) -> Result<Vec<(String, String)>, Unreadable> {
    if let Some(pair) = pair(given) {
        return Ok(vec![pair]);
    }
    let source = source::read(given)?;
    let lines = (1..).zip(source.text.lines());
    let meant = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    meant
        .map(|(number, line)| {
            pair(line)
                .ok_or_else(|| Unreadable::new(format!("{}:{number}: expected NAME=VALUE", source.name)))
        })
        .collect()
}

fn pair(text: &str) -> Option<(String, String)> {
    let (name, value) = text.split_once('=')?;
    (!name.is_empty()).then(|| (name.to_owned(), value.to_owned()))
}
