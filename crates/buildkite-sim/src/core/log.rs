//! One job's log, put together from chunks that come out of order and twice (agent-protocol 6.4).

use std::collections::{BTreeMap, BTreeSet};

/// The bytes of a log so far.
#[derive(Debug, Default)]
pub(crate) struct LogBuffer {
    bytes: Vec<u8>,
    early: BTreeMap<usize, Vec<u8>>,
    seen: BTreeSet<u64>,
}

impl LogBuffer {
    /// Takes one chunk; a sequence number that was seen before changes nothing.
    pub(crate) fn add(&mut self, sequence: u64, offset: usize, chunk: Vec<u8>, limit: usize) -> bool {
        if offset >= limit || !self.seen.insert(sequence) {
            return false;
        }
        self.early.insert(offset, chunk);
        let before = self.bytes.len();
        while let Some(entry) = self.early.first_entry() {
            let offset = *entry.key();
            if offset > self.bytes.len() {
                break;
            }
            let chunk = entry.remove();
            // A chunk that overlaps what is there can only repeat it: take what is new.
            let known = self.bytes.len() - offset;
            self.bytes.extend(chunk.into_iter().skip(known));
        }
        self.bytes.truncate(limit);
        self.bytes.len() != before
    }

    /// Gives up on missing chunks: what came after a hole follows directly.
    pub(crate) fn close(&mut self) {
        for (_, chunk) in std::mem::take(&mut self.early) {
            self.bytes.extend(chunk);
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(chunks: &[(u64, usize, &str)], want: &str) {
        let mut log = LogBuffer::default();
        for (sequence, offset, text) in chunks {
            log.add(*sequence, *offset, text.as_bytes().to_vec(), 1000);
        }
        assert_eq!(String::from_utf8_lossy(log.bytes()), want);
    }

    /// agent-protocol A8
    #[test]
    fn chunks_are_assembled_by_offset() {
        check(&[(1, 0, "ab"), (2, 2, "cd")], "abcd");
        check(&[(0, 0, "ab"), (1, 2, "cd")], "abcd");
        check(&[(2, 2, "cd"), (3, 4, "ef"), (1, 0, "ab")], "abcdef");
        check(&[(1, 0, "ab"), (1, 0, "ab"), (2, 2, "c")], "abc");
        check(&[(1, 0, "ab"), (3, 4, "ef")], "ab");
    }

    /// agent-protocol A6
    #[test]
    fn a_hole_is_closed_at_the_end() {
        let mut log = LogBuffer::default();
        log.add(1, 0, b"ab".to_vec(), 1000);
        log.add(3, 4, b"ef".to_vec(), 1000);
        log.close();
        assert_eq!(log.bytes(), b"abef");
    }

    #[test]
    fn what_exceeds_the_limit_is_dropped() {
        let mut log = LogBuffer::default();
        assert!(log.add(1, 0, b"abcd".to_vec(), 3));
        assert!(!log.add(2, 4, b"ef".to_vec(), 3));
        assert_eq!(log.bytes(), b"abc");
    }
}
