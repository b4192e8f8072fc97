//! Printing for people, who may stop reading: `cargo xtask conformance | head` is no failure.

use std::fmt::Arguments;
use std::io::{self, Write as _};

/// Prints a line as `println!` does, and goes on in silence when nobody reads any more.
macro_rules! say {
    () => { $crate::terminal::line(format_args!("")) };
    ($($text:tt)*) => { $crate::terminal::line(format_args!($($text)*)) };
}
pub(crate) use say;

/// Writes one line to standard output; see [`say!`].
pub(crate) fn line(text: Arguments<'_>) {
    let mut out = io::stdout().lock();
    // Without a reader there is nobody left to tell; whatever the chore does, it goes on doing.
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
}
