//! Job states as Buildkite words them (`stacks-api` section 7).

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::lenient::{null_as_default, object};

macro_rules! job_states {
    ($($variant:ident = $word:literal: $meaning:literal,)*) => {
        /// The state of a job. What a state means for us is decided elsewhere.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum JobState {
            $(#[doc = $meaning] $variant,)*
            /// A word we do not know: never act on it.
            Unknown(Box<str>),
        }

        impl JobState {
            /// Every known state.
            pub const KNOWN: &'static [Self] = &[$(Self::$variant,)*];

            /// The state of this word.
            #[must_use]
            pub fn from_word(word: &str) -> Self {
                match word {
                    $($word => Self::$variant,)*
                    other => Self::Unknown(other.into()),
                }
            }

            /// The word Buildkite uses.
            #[must_use]
            pub fn as_word(&self) -> &str {
                match self {
                    $(Self::$variant => $word,)*
                    Self::Unknown(word) => word,
                }
            }
        }
    };
}

job_states! {
    Scheduled = "scheduled": "waiting for an agent, or a reservation lapsed",
    Reserved = "reserved": "held by a stack",
    Assigned = "assigned": "handed to an agent",
    Accepted = "accepted": "accepted by an agent, not yet started",
    Running = "running": "started",
    Canceling = "canceling": "cancel requested",
    TimingOut = "timing_out": "the job's timeout was hit",
    Finished = "finished": "ended, with any exit status",
    Canceled = "canceled": "ended by cancel",
    TimedOut = "timed_out": "ended by timeout",
    Expired = "expired": "never picked up in time",
    Skipped = "skipped": "superseded",
    Broken = "broken": "the configuration prevents running",
    Passed = "passed": "another API's word for finished",
    Failed = "failed": "another API's word for finished",
    Pending = "pending": "just created",
    Waiting = "waiting": "behind a wait step",
    WaitingFailed = "waiting_failed": "behind a wait step of a failed build",
    Blocked = "blocked": "a block step",
    BlockedFailed = "blocked_failed": "a block step of a failed build",
    Unblocked = "unblocked": "a block step that was released",
    UnblockedFailed = "unblocked_failed": "a released block step of a failed build",
    Limiting = "limiting": "entering a concurrency group",
    Limited = "limited": "held by a concurrency group",
    PlatformLimiting = "platform_limiting": "entering a platform limit",
    PlatformLimited = "platform_limited": "held by a platform limit",
}

impl fmt::Display for JobState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_word())
    }
}

/// States of the jobs asked for. A job that is not in the map is *unknown* to the server, which
/// is not the same as finished.
pub type JobStates = BTreeMap<Uuid, JobState>;

pub(crate) fn parse_states(body: &[u8]) -> serde_json::Result<JobStates> {
    #[derive(Deserialize)]
    struct Body {
        #[serde(default, deserialize_with = "null_as_default")]
        states: BTreeMap<String, Value>,
    }
    let body: Body = object(body)?;
    let state = |(id, word): (String, Value)| Some((id.parse().ok()?, JobState::from_word(word.as_str()?)));
    Ok(body.states.into_iter().filter_map(state).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_documented_words_are_known() {
        assert_eq!(JobState::KNOWN.len(), 26);
        for state in JobState::KNOWN {
            assert_eq!(JobState::from_word(state.as_word()), *state);
        }
        assert_eq!(JobState::from_word("paused"), JobState::Unknown("paused".into()));
    }

    #[test]
    fn states_are_read_item_by_item() {
        let id = "0198aa03-0000-7000-8000-0000000000b1";
        let body =
            format!(r#"{{"states": {{"{id}": "reserved", "junk": "running", "{}": null}}}}"#, Uuid::nil());
        let states = parse_states(body.as_bytes()).unwrap();
        assert_eq!(states, BTreeMap::from([(id.parse().unwrap(), JobState::Reserved)]));
        assert!(parse_states(b"{}").unwrap().is_empty());
    }
}
