//! Terminal colours.

/// A colour as an escape sequence names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Color {
    /// 0–7 normal, 8–15 bright: which shade that is belongs to whoever shows it.
    Named(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

impl Color {
    /// Entry of the 256-colour table: 16 names, a cube of 6×6×6, a ramp of 24 greys.
    pub(super) fn indexed(index: u8) -> Self {
        match index {
            0..=15 => Self::Named(index),
            16..=231 => {
                let cube = index - 16;
                Self::Rgb(shade(cube / 36), shade(cube / 6 % 6), shade(cube % 6))
            }
            232..=255 => {
                let grey = 8 + 10 * (index - 232);
                Self::Rgb(grey, grey, grey)
            }
        }
    }
}

/// The steps of the cube are not even: the first one is larger.
fn shade(level: u8) -> u8 {
    if level == 0 { 0 } else { 55 + 40 * level }
}
