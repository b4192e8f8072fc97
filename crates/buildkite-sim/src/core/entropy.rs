//! Ids and tokens from one seed, so that a run can be repeated exactly.

use jiff::Timestamp;
use uuid::Uuid;

use crate::options::Token;

/// The simulator's only source of chance.
#[derive(Debug)]
pub(crate) struct Entropy {
    chance: fastrand::Rng,
    made: u32,
}

impl Entropy {
    pub(crate) fn new(seed: u64) -> Self {
        Self { chance: fastrand::Rng::with_seed(seed), made: 0 }
    }

    /// An id that sorts by the time at which it was made, and by order within a millisecond.
    pub(crate) fn uuid(&mut self, now: Timestamp) -> Uuid {
        let mut random = [0_u8; 10];
        self.chance.fill(&mut random);
        // Version and variant take the top of bytes 0 and 2: 4 + 8 + 6 + 8 bits are left.
        let byte =
            |shift: u32, mask: u32| u8::try_from((self.made >> shift) & mask).expect("masked to one byte");
        random[0] = byte(22, 0x0f);
        random[1] = byte(14, 0xff);
        random[2] = byte(8, 0x3f);
        random[3] = byte(0, 0xff);
        self.made = (self.made + 1) & 0x03ff_ffff;
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or_default();
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
    }

    /// A credential that starts with `prefix`; long enough for the agent to redact it.
    pub(crate) fn token(&mut self, prefix: &str) -> Token {
        Token::new(format!("{prefix}{:016x}{:016x}", self.chance.u64(..), self.chance.u64(..)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_one_millisecond_sort_by_creation() {
        let mut entropy = Entropy::new(7);
        let now: Timestamp = "2026-09-02T08:15:00Z".parse().unwrap();
        let ids: Vec<Uuid> = (0..5000).map(|_| entropy.uuid(now)).collect();
        assert!(ids.is_sorted());
        assert_eq!(ids[4999].get_version_num(), 7);
    }
}
