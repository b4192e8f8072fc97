//! The list loop (`docs/spec/lifecycle.md` 2).

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use bk_agent_api::{Error, ListQuery, ScheduledJob};
use limiter::{ListedJob, ListingEnd};
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep},
};
use tracing::{debug, info, warn};
use uuid::Uuid;

use super::{
    Backoff, LONGEST_CALL, SLOW_RETRY, Session, SessionSettings, StartError, error_chain, register_again,
};
use crate::{
    core::event::{Event, Listing},
    health::{Check, Loop},
    metrics::MonitorMetrics,
    tags::{Match, Tags},
};

/// The pause between polls while no slot is free (2.1).
const FULL_INTERVAL: Duration = Duration::from_secs(10);
/// Jobs whose mismatch is remembered, so that each is logged once; beyond it the memory starts afresh.
const REMEMBERED_MISMATCHES: usize = 10_000;

/// How to poll.
#[derive(Debug, Clone)]
pub struct PollSettings {
    /// `poll-interval`.
    pub interval: Duration,
    /// `pagination-page-size`.
    pub page_size: u16,
    /// `pagination-depth-limit`.
    pub pages: u32,
    /// The controller's tags.
    pub tags: Tags,
}

/// Polls until `events` is closed or the session can never work again.
///
/// `full` says whether no slot is free: then polls are rare, and the moment that it changes is a reason to
/// poll at once.
///
/// # Errors
/// [`StartError`] when a registration that had to be repeated is refused for good.
pub async fn poll(
    settings: &SessionSettings,
    poll: PollSettings,
    session: Session,
    metrics: MonitorMetrics,
    events: mpsc::Sender<Event>,
    mut full: watch::Receiver<bool>,
) -> Result<(), StartError> {
    let mut poller = Poller {
        backoff: Backoff::new(settings.seed ^ 1),
        random: fastrand::Rng::with_seed(settings.seed ^ 2),
        settings,
        poll,
        session,
        metrics,
        deep_cursor: None,
        rules: Arc::new([]),
        mismatches: BTreeSet::new(),
    };
    poller.metrics.up.set(1);
    loop {
        settings.health.tick(Loop::Poll, Instant::now().into_std(), LONGEST_CALL);
        let wait = match poller.round().await {
            Ok((listing, wait)) => {
                if events.send(Event::Listed(listing)).await.is_err() {
                    break;
                }
                wait
            }
            Err(error) => poller.recover(&error).await?,
        };
        settings.health.tick(Loop::Poll, Instant::now().into_std(), wait);
        tokio::select! {
            biased;
            () = events.closed() => break,
            () = sleep(wait) => {}
        }
        tokio::select! {
            biased;
            () = events.closed() => break,
            // Without a free slot the pause is longer, until one becomes free. The watch's other end lives as
            // long as the channel's.
            _ = full.wait_for(|full| !*full) => {}
            () = sleep(FULL_INTERVAL.saturating_sub(wait)) => {}
        }
    }
    poller.metrics.up.set(0);
    Ok(())
}

struct Poller<'a> {
    settings: &'a SessionSettings,
    poll: PollSettings,
    session: Session,
    metrics: MonitorMetrics,
    backoff: Backoff,
    random: fastrand::Rng,
    /// Where the rotating deep scan goes on (2.2).
    deep_cursor: Option<String>,
    /// The rules of the job before: most jobs of a queue share them, so they share the memory too.
    rules: Arc<[String]>,
    mismatches: BTreeSet<Uuid>,
}

/// What one round read.
#[derive(Default)]
struct Round {
    jobs: Vec<ListedJob>,
    paused: bool,
    asked_to_wait: Option<Duration>,
}

impl Poller<'_> {
    /// Reads the first pages, and one page of the deep scan when there are more.
    async fn round(&mut self) -> Result<(Listing, Duration), Error> {
        let asked_at = Instant::now();
        self.metrics.job_queries.inc();
        let mut round = Round::default();
        let (end, failed) = self.pages(&mut round).await;
        self.metrics.job_query_seconds.observe(asked_at.elapsed().as_secs_f64());
        let mut wait = self.interval().max(round.asked_to_wait.unwrap_or_default());
        match failed {
            None => self.backoff.reset(),
            Some(error) => {
                self.metrics.job_query_errors.inc();
                // The pages before the failure are good (2.2).
                if round.jobs.is_empty() {
                    return Err(error);
                }
                warn!(
                    error = error_chain(&error),
                    "a later page of the list failed; using the pages before it"
                );
                wait = wait.max(self.backoff.next(error.retry_after()));
            }
        }
        self.settings.health.pass(Check::List, Instant::now().into_std());
        self.metrics.handler_calls.inc();
        Ok((Listing { asked_at: asked_at.into_std(), jobs: round.jobs, end, paused: round.paused }, wait))
    }

    async fn pages(&mut self, round: &mut Round) -> (ListingEnd, Option<Error>) {
        let mut after: Option<String> = None;
        for _ in 0..self.poll.pages {
            match self.page(after.as_deref(), round).await {
                Ok(None) => {
                    self.deep_cursor = None;
                    return (ListingEnd::Complete, None);
                }
                Ok(next) => after = next,
                Err(error) => return (ListingEnd::Partial, Some(error)),
            }
            if round.asked_to_wait.is_some() {
                return (ListingEnd::Partial, None);
            }
        }
        let cursor = self.deep_cursor.take().or(after);
        match self.page(cursor.as_deref(), round).await {
            Ok(next) => {
                self.deep_cursor = next;
                (ListingEnd::Partial, None)
            }
            Err(error) => (ListingEnd::Partial, Some(error)),
        }
    }

    /// Reads one page; returns the cursor of the next one, if there is one.
    async fn page(&mut self, after: Option<&str>, round: &mut Round) -> Result<Option<String>, Error> {
        let Session { client, stack_key, queue_key } = &self.session;
        let query = ListQuery { queue_key, limit: self.poll.page_size, after };
        let answer = client.list_scheduled_jobs(stack_key, &query).await?;
        let page = answer.value;
        round.paused |= page.dispatch_paused;
        round.asked_to_wait = round.asked_to_wait.max(answer.headers.retry_after);
        if page.malformed > 0 {
            warn!(count = page.malformed, "list entries that cannot be read were left out");
        }
        let next = page.next_cursor(after).map(str::to_owned);
        self.metrics.jobs_returned.inc_by(page.jobs.len() as u64);
        for job in page.jobs {
            if self.is_ours(&job) {
                let listed = self.listed(job);
                round.jobs.push(listed);
            }
        }
        Ok(next)
    }

    fn is_ours(&mut self, job: &ScheduledJob) -> bool {
        let verdict = self.poll.tags.matches(&job.agent_query_rules);
        if verdict == Match::Ours {
            return true;
        }
        self.metrics.jobs_filtered_out.inc();
        if self.mismatches.len() >= REMEMBERED_MISMATCHES {
            self.mismatches.clear();
        }
        if self.mismatches.insert(job.id) {
            match verdict {
                Match::Malformed(rule) => {
                    warn!(job_uuid = %job.id, rule, "left to others: an agent query rule without `=`");
                }
                _ => {
                    info!(job_uuid = %job.id, rules = ?job.agent_query_rules, "left to others: its rules do not match our tags")
                }
            }
        }
        false
    }

    fn listed(&mut self, job: ScheduledJob) -> ListedJob {
        if *self.rules != *job.agent_query_rules {
            self.rules = job.agent_query_rules.into();
        }
        ListedJob {
            job: job.id,
            priority: job.priority,
            scheduled_at: job.scheduled_at.map(|at| at.as_millisecond()),
            agent_query_rules: Arc::clone(&self.rules),
        }
    }

    /// The poll interval with a jitter of a tenth, so that many controllers do not poll in step.
    fn interval(&mut self) -> Duration {
        self.poll.interval.mul_f64(0.9 + self.random.f64() / 5.0)
    }

    /// What a failed round calls for (2.5); returns how long to wait.
    async fn recover(&mut self, error: &Error) -> Result<Duration, StartError> {
        let now = Instant::now().into_std();
        self.settings.health.fail(Check::List, error_chain(error), now);
        self.deep_cursor = None;
        let retry_after = error.retry_after();
        match error {
            Error::Unauthorized { .. } => {
                warn!(%error, "Buildkite refuses the agent token; reading the Secret again");
                self.settings.health.fail(Check::Token, error.to_string(), now);
                self.session = register_again(self.settings, &self.session).await?;
                // A token that is good and refused for listing alone must not make us spin.
                Ok(self.backoff.next(retry_after))
            }
            Error::NotFound { .. } => {
                warn!(%error, "Buildkite does not know the stack; registering again");
                self.settings.health.fail(Check::Registered, error.to_string(), now);
                self.session = register_again(self.settings, &self.session).await?;
                // A stack that is registered and still unknown must not make us spin.
                Ok(self.backoff.next(retry_after))
            }
            Error::Forbidden { json_body: true, .. } | Error::Invalid { .. } | Error::Rejected { .. } => {
                warn!(
                    error = error_chain(error),
                    "Buildkite refuses to list jobs; trying again every minute"
                );
                Ok(SLOW_RETRY)
            }
            error => {
                let wait = self.backoff.next(retry_after);
                let seconds = wait.as_secs_f64();
                debug!(seconds, "waiting before the next poll");
                warn!(error = error_chain(error), "could not list scheduled jobs; trying again");
                Ok(wait)
            }
        }
    }
}
