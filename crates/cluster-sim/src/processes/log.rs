//! A job's log on its way to the Agent API (agent-protocol 6.4).

use std::time::Duration;

use tokio::{
    io::AsyncReadExt as _,
    net::unix::pipe::Receiver,
    sync::mpsc,
    time::{MissedTickBehavior, interval, timeout},
};
use tracing::warn;

use super::agent_api::{AcquiredJob, AgentApi};
use crate::Clock;

/// Pieces that may wait for the uploader; a program that prints faster waits for it.
const WAITING: usize = 64;
/// Bytes that are read at once.
const READ_BYTES: usize = 16 * 1024;
/// What a program printed is read for so long after its end; only a descendant that left its group can
/// still hold the pipe then.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Where the steps of a job write.
#[derive(Debug, Clone)]
pub(super) struct Log(mpsc::Sender<Vec<u8>>);

impl Log {
    /// A log, and the one that uploads it once there is a job.
    pub(super) fn new(clock: Clock) -> (Self, Uploader) {
        let (sender, pieces) = mpsc::channel(WAITING);
        let uploader = Uploader {
            pieces,
            clock,
            waiting: Vec::new(),
            line_starts: true,
            offset: 0,
            sequence: 1,
            failed: 0,
        };
        (Self(sender), uploader)
    }

    /// Adds a line of ours.
    pub(super) async fn line(&self, text: impl AsRef<str>) {
        self.bytes(format!("{}\n", text.as_ref()).into_bytes()).await;
    }

    async fn bytes(&self, bytes: Vec<u8>) {
        // Without an uploader there is nobody left to read it.
        let _ = self.0.send(bytes).await;
    }

    /// Adds everything that a program prints. Ends with the pipe; may be dropped at any time without losing
    /// anything, as nothing is read before there is a place for it.
    pub(super) async fn copy(&self, output: &mut Receiver) {
        let mut buffer = vec![0; READ_BYTES];
        while let Ok(place) = self.0.reserve().await
            && let Ok(count @ 1..) = output.read(&mut buffer).await
        {
            place.send(buffer[..count].to_vec());
        }
    }

    /// Adds what is left in the pipe of a program that has ended.
    pub(super) async fn last_words(&self, output: &mut Receiver) {
        let _ = timeout(LAST_WORDS, self.copy(output)).await;
    }
}

/// Sends a log in pieces, in order.
#[derive(Debug)]
pub(super) struct Uploader {
    pieces: mpsc::Receiver<Vec<u8>>,
    clock: Clock,
    /// Bytes that are still to be sent.
    waiting: Vec<u8>,
    /// The next byte begins a line.
    line_starts: bool,
    /// Bytes sent so far.
    offset: usize,
    /// Number of the next piece.
    sequence: u64,
    /// Pieces that were given up.
    failed: u64,
}

impl Uploader {
    /// Uploads until every [`Log`] is gone; the answer is the number of pieces that were lost.
    pub(super) async fn run(mut self, api: &AgentApi, job: &AcquiredJob) -> u64 {
        let mut ticks = interval(job.chunk_interval());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                piece = self.pieces.recv() => match piece {
                    Some(piece) => {
                        self.add(&piece);
                        self.send(api, job, job.chunk_bytes()).await;
                    }
                    None => break,
                },
                _ = ticks.tick() => self.send(api, job, 1).await,
            }
        }
        self.send(api, job, 1).await;
        self.failed
    }

    /// Takes what was printed, with the time in front of each line as the agent writes it.
    fn add(&mut self, piece: &[u8]) {
        let now = self.clock.now().as_millisecond();
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            if self.line_starts {
                self.waiting.extend_from_slice(format!("\x1b_bk;t={now}\x07").as_bytes());
            }
            self.waiting.extend_from_slice(part);
            self.line_starts = part.ends_with(b"\n");
        }
    }

    /// Sends pieces as long as at least `least` bytes wait.
    async fn send(&mut self, api: &AgentApi, job: &AcquiredJob, least: usize) {
        while !self.waiting.is_empty() && self.waiting.len() >= least {
            let size = self.waiting.len().min(job.chunk_bytes());
            let piece: Vec<u8> = self.waiting.drain(..size).collect();
            if let Err(error) = api.chunk(&job.id, self.sequence, self.offset, &piece).await {
                warn!(%error, job = job.id, "a piece of a log is lost");
                self.failed += 1;
            }
            self.offset += size;
            self.sequence += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(pieces: &[&str]) -> String {
        let (_, mut uploader) = Log::new(Clock::new(|| jiff::Timestamp::from_second(1).unwrap()));
        for piece in pieces {
            uploader.add(piece.as_bytes());
        }
        String::from_utf8(uploader.waiting).unwrap().replace("\x1b_bk;t=1000\x07", "@")
    }

    #[test]
    fn each_line_begins_with_its_time() {
        for (pieces, want) in [
            (&["a\n", "b\n"][..], "@a\n@b\n"),
            (&["a", "b\n", "c"], "@ab\n@c"),
            (&["a\n\nb"], "@a\n@\n@b"),
            (&[""], ""),
        ] {
            assert_eq!(shown(pieces), want, "{pieces:?}");
        }
    }
}
