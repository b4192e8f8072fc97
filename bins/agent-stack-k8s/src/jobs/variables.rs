//! Variables of the job that are given beside it.

use super::source::{self, Unreadable};

/// `NAME=VALUE`, or the name of a file with one such line for each variable. Empty lines and lines that begin
/// with `#` are left out.
pub(super) fn read(given: &str) -> Result<Vec<(String, String)>, Unreadable> {
    if given.contains('=') {
        return Ok(vec![pair("--job-env", given)?]);
    }
    let source = source::read(given)?;
    let lines = (1..).zip(source.text.lines());
    let meant = lines.filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'));
    meant.map(|(number, line)| pair(&format!("{}:{number}", source.name), line)).collect()
}

fn pair(place: &str, text: &str) -> Result<(String, String), Unreadable> {
    let Some((name, value)) = text.split_once('=') else {
        return Err(Unreadable::new(format!("{place}: expected NAME=VALUE")));
    };
    if !is_name(name) {
        return Err(Unreadable::new(format!(
            "{place}: `{name}` is no name of a variable; begin it with a letter or `_` and go on with those and digits"
        )));
    }
    Ok((name.to_owned(), value.to_owned()))
}

/// Whether a shell can hold a variable of this name.
fn is_name(text: &str) -> bool {
    let mut bytes = text.bytes();
    let starts = bytes.next().is_some_and(|byte| byte.is_ascii_alphabetic() || byte == b'_');
    starts && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
