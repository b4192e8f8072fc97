//! "Select graphic rendition": the parameters of `ESC [ … m`.

use super::{Color, Style};

/// Applies one sequence's parameters (semicolons or colons between them) to `style`.
pub(super) fn apply(style: &mut Style, parameters: &str) {
    let numbers: Vec<u16> = parameters
        .split([';', ':'])
        .map(|number| if number.is_empty() { 0 } else { number.parse().unwrap_or(u16::MAX) })
        .collect();
    let mut rest = &numbers[..];
    while let Some((&code, after)) = rest.split_first() {
        rest = match code {
            38 => extended(&mut style.foreground, after),
            48 => extended(&mut style.background, after),
            _ => {
                simple(style, code);
                after
            }
        };
    }
}

/// `5;n` or `2;r;g;b` after 38 or 48; returns what follows.
fn extended<'a>(target: &mut Option<Color>, rest: &'a [u16]) -> &'a [u16] {
    let byte = |number: u16| u8::try_from(number).unwrap_or(u8::MAX);
    match rest {
        [5, index, after @ ..] => {
            *target = Some(Color::indexed(byte(*index)));
            after
        }
        [2, red, green, blue, after @ ..] => {
            *target = Some(Color::Rgb(byte(*red), byte(*green), byte(*blue)));
            after
        }
        _ => &[],
    }
}

fn simple(style: &mut Style, code: u16) {
    let named = |first: u16| Some(Color::Named(u8::try_from(code - first).expect("a range of 8")));
    let bright =
        |first: u16| Some(Color::Named(u8::try_from(code - first + 8).expect("a range of 8, moved up by 8")));
    match code {
        0 => *style = Style::default(),
        1 => style.bold = true,
        2 => style.dim = true,
        3 => style.italic = true,
        4 => style.underline = true,
        7 => style.inverse = true,
        9 => style.strike = true,
        22 => {
            style.bold = false;
            style.dim = false;
        }
        23 => style.italic = false,
        24 => style.underline = false,
        27 => style.inverse = false,
        29 => style.strike = false,
        30..=37 => style.foreground = named(30),
        39 => style.foreground = None,
        40..=47 => style.background = named(40),
        49 => style.background = None,
        90..=97 => style.foreground = bright(90),
        100..=107 => style.background = bright(100),
        // Blinking, fonts and the like change nothing here.
        _ => {}
    }
}
