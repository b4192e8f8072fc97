//! The calls themselves.

use std::ops::Range;
use std::time::Duration;

use futures::StreamExt;
use uuid::Uuid;

use super::Client;
use crate::answer::{
    Answer, Batch, FailedChunk, FinishOutcome, IssuedTokens, JobDetails, JobStates, RejectedNotification,
    Reservation, ScheduledPage, Stack, TokenIdentity, parse_identity, parse_issued, parse_job, parse_page,
    parse_rejections, parse_reservation, parse_stack, parse_states,
};
use crate::call::Call;
use crate::error::Error;
use crate::queue::queue_spellings;
use crate::request::{
    self, FinishReason, ListQuery, MAX_IDS_PER_CALL, Notification, Registration, ReservationExpiry,
    ReservePurpose, TokenLifetime,
};
use crate::stack_key::StackKey;

/// Chunks of one batch that are under way at once (`lifecycle` 2.1).
const CHUNKS_IN_FLIGHT: usize = 4;

impl Client {
    /// Who the token is. An identity without a cluster belongs to a token that cannot run a stack.
    ///
    /// # Errors
    /// [`Error`], after retries.
    pub async fn token_identity(&self) -> Result<Answer<TokenIdentity>, Error> {
        let request = request::token_identity(self.endpoint());
        self.call(Call::Token, request, parse_identity).await
    }

    /// Registers or refreshes the stack. For the default queue the documented spelling is tried
    /// first, then, if the server does not know it, the one known from practice.
    ///
    /// # Errors
    /// [`Error`], after retries; of two spellings refused, the first one's.
    pub async fn register(&self, registration: &Registration) -> Result<Answer<Stack>, Error> {
        let mut refused = None;
        for spelling in queue_spellings(&registration.queue_key) {
            let request = request::register(self.endpoint(), registration, &spelling);
            let answer = self.call(Call::Register, request, |body| parse_stack(body, &spelling)).await;
            match answer {
                Err(error @ (Error::NotFound { .. } | Error::Invalid { status: 422, .. })) => {
                    refused.get_or_insert(error);
                }
                answer => return answer,
            }
        }
        Err(refused.expect("there is at least one spelling, and each either returned or was refused"))
    }

    /// Leaves. One attempt; the caller bounds it in time.
    ///
    /// # Errors
    /// [`Error`]; the backend reaps the stack by itself in time.
    pub async fn deregister(&self, key: &StackKey) -> Result<Answer<()>, Error> {
        let request = request::deregister(self.endpoint(), key);
        self.call(Call::Deregister, request, |_| Ok(())).await
    }

    /// One page of scheduled jobs. One attempt: the next poll is the retry. A good answer may ask
    /// for a pause before the next poll (`headers.retry_after`).
    ///
    /// # Errors
    /// [`Error`]; drop the cursor on any.
    pub async fn list_scheduled_jobs(
        &self,
        key: &StackKey,
        query: &ListQuery<'_>,
    ) -> Result<Answer<ScheduledPage>, Error> {
        let request = request::list_scheduled_jobs(self.endpoint(), key, query);
        self.call(Call::ListScheduledJobs, request, parse_page).await
    }

    /// Claims jobs, or prolongs reservations, in chunks of a thousand. Jobs of a failed chunk may
    /// be reserved all the same (`stacks-api` P21).
    pub async fn reserve(
        &self,
        key: &StackKey,
        ids: &[Uuid],
        expiry: ReservationExpiry,
        purpose: ReservePurpose,
    ) -> Batch<Reservation> {
        let call = match purpose {
            ReservePurpose::Claim => Call::Reserve,
            ReservePurpose::Extend => Call::ExtendReservation,
        };
        let one_chunk = |range: Range<usize>| {
            let ids = &ids[range];
            let request = request::batch_reserve(self.endpoint(), key, ids, expiry);
            self.call(call, request, |body| parse_reservation(body, ids))
        };
        let mut whole = Reservation::default();
        let join = |part: Reservation| {
            whole.reserved.extend(part.reserved);
            whole.not_reserved.extend(part.not_reserved);
        };
        let (failed, retry_after) = in_chunks(ids.len(), one_chunk, join).await;
        Batch { value: whole, failed, retry_after }
    }

    /// Environment and command of a job.
    ///
    /// # Errors
    /// [`Error`], after retries; 404 means that the job is no longer available.
    pub async fn job(&self, key: &StackKey, id: Uuid) -> Result<Answer<JobDetails>, Error> {
        let request = request::get_job(self.endpoint(), key, id);
        self.call(Call::GetJob, request, |body| parse_job(body, id)).await
    }

    /// States of jobs, in chunks of a thousand. A job in neither the map nor a failed chunk is
    /// unknown to the server.
    pub async fn job_states(&self, key: &StackKey, ids: &[Uuid]) -> Batch<JobStates> {
        let one_chunk = |range: Range<usize>| {
            let request = request::get_states(self.endpoint(), key, &ids[range]);
            self.call(Call::GetStates, request, parse_states)
        };
        let mut whole = JobStates::new();
        let (failed, retry_after) =
            in_chunks(ids.len(), one_chunk, |part: JobStates| whole.extend(part)).await;
        Batch { value: whole, failed, retry_after }
    }

    /// Ends a job that no agent will run; to be called once per job. The detail is cropped.
    ///
    /// # Errors
    /// [`Error`], after retries if the reason lasts; that the job is over already is no error.
    pub async fn finish(
        &self,
        key: &StackKey,
        id: Uuid,
        exit_status: i32,
        detail: &str,
        reason: FinishReason,
    ) -> Result<Answer<FinishOutcome>, Error> {
        let call = match reason {
            FinishReason::Lasts => Call::Finish,
            FinishReason::MayPass => Call::FinishOnce,
        };
        let request = request::finish(self.endpoint(), key, id, exit_status, detail);
        let over = |status, message| {
            let value = FinishOutcome::AlreadyOver { status, message };
            Ok(Answer { value, headers: crate::headers::AnswerHeaders::default() })
        };
        match self.call(call, request, |_| Ok(FinishOutcome::Recorded)).await {
            Err(Error::NotFound { json_body: true, message, .. }) => over(404, message),
            Err(Error::Rejected { status: 409, message, .. }) => over(409, message),
            Err(Error::Invalid { status: 422, message, .. }) => over(422, message),
            answer => answer,
        }
    }

    /// Sends breadcrumbs, in chunks of a thousand, each tried once; returns what was not stored.
    pub async fn notify(
        &self,
        key: &StackKey,
        notifications: &[Notification],
    ) -> Batch<Vec<RejectedNotification>> {
        let one_chunk = |range: Range<usize>| {
            let offset = range.start;
            let request = request::notify(self.endpoint(), key, &notifications[range]);
            self.call(Call::Notify, request, move |body| parse_rejections(body, offset))
        };
        let mut whole = Vec::new();
        let (failed, retry_after) =
            in_chunks(notifications.len(), one_chunk, |part: Vec<_>| whole.extend(part)).await;
        Batch { value: whole, failed, retry_after }
    }

    /// Tokens for the jobs of one admission batch, all reserved with this key.
    ///
    /// # Errors
    /// [`Error`], after retries. A 404 means an unknown stack, or a server without this endpoint.
    pub async fn issue_tokens(
        &self,
        key: &StackKey,
        ids: &[Uuid],
        lifetime: TokenLifetime,
    ) -> Result<Answer<IssuedTokens>, Error> {
        let request = request::issue_tokens(self.endpoint(), key, ids, lifetime);
        self.call(Call::IssueTokens, request, |body| parse_issued(body, ids)).await
    }
}

/// Runs a call chunk by chunk, a few at a time, and joins the good answers in order.
async fn in_chunks<T, F>(
    length: usize,
    one_chunk: impl Fn(Range<usize>) -> F,
    mut join: impl FnMut(T),
) -> (Vec<FailedChunk>, Option<Duration>)
where
    F: Future<Output = Result<Answer<T>, Error>>,
{
    let ranges =
        (0..length).step_by(MAX_IDS_PER_CALL).map(|start| start..length.min(start + MAX_IDS_PER_CALL));
    let calls = ranges.map(|range| {
        let call = one_chunk(range.clone());
        async { (range, call.await) }
    });
    let mut answers = futures::stream::iter(calls).buffered(CHUNKS_IN_FLIGHT);
    let mut failed = Vec::new();
    let mut retry_after = None;
    while let Some((range, answer)) = answers.next().await {
        match answer {
            Ok(answer) => {
                retry_after = retry_after.max(answer.headers.retry_after);
                join(answer.value);
            }
            Err(error) => {
                retry_after = retry_after.max(error.retry_after());
                failed.push(FailedChunk { range, error });
            }
        }
    }
    (failed, retry_after)
}
