//! Job acquisition tokens (stacks-api 6.9).

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use super::World;
use super::job::JobState;
use super::refusal::Refusal;
use crate::options::Token;

/// A token that was issued.
#[derive(Clone, Debug)]
pub(super) struct AcquisitionToken {
    pub(super) job: Uuid,
    pub(super) expires_at: Timestamp,
}

/// Answer to a request for tokens.
#[derive(Clone, Debug, Default)]
pub(crate) struct IssuedTokens {
    pub(crate) issued: Vec<(Uuid, Token, Timestamp)>,
    pub(crate) not_issued: Vec<String>,
}

const DEFAULT_LIFETIME_SECONDS: i64 = 900;

impl World {
    /// Good until it expires or its job is acquired.
    pub(super) fn is_live(&self, token: &AcquisitionToken, now: Timestamp) -> bool {
        let free = self
            .jobs
            .get(&token.job)
            .is_some_and(|job| matches!(job.state, JobState::Scheduled | JobState::Reserved));
        free && token.expires_at > now
    }

    /// Issues tokens for those jobs that this stack holds.
    pub(crate) fn issue_tokens(
        &mut self,
        stack: &str,
        jobs: &[String],
        lifetime_seconds: Option<i64>,
        now: Timestamp,
    ) -> Result<IssuedTokens, Refusal> {
        self.stack(stack)?;
        if jobs.is_empty() {
            return Err(Refusal::malformed("job_uuids must name at least one job"));
        }
        let lifetime = lifetime_seconds.unwrap_or(DEFAULT_LIFETIME_SECONDS);
        if !(1..=3600).contains(&lifetime) {
            return Err(Refusal::invalid("token_lifetime_seconds must be between 1 and 3600"));
        }
        let until = now + Duration::from_secs(lifetime.unsigned_abs());
        let mut answer = IssuedTokens::default();
        for text in jobs {
            let held = Uuid::parse_str(text).ok().and_then(|id| {
                let reservation = self.jobs.get(&id)?.reservation.as_ref()?;
                (reservation.stack == stack).then_some((id, reservation.expires_at))
            });
            let Some((job, reserved_until)) = held else {
                answer.not_issued.push(text.clone());
                continue;
            };
            let expires_at = until.min(reserved_until);
            let token = self.entropy.token("bkjat_");
            self.acquisition_tokens.insert(token.expose().to_owned(), AcquisitionToken { job, expires_at });
            answer.issued.push((job, token, expires_at));
        }
        Ok(answer)
    }
}
