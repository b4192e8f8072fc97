//! The controller's metrics, with the names of `docs/spec/metrics.md`.
//!
//! A struct per component; every label value that is known exists from the start as 0. Metrics are
//! handles: cloning is cheap and all clones count together.

use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram},
    registry::Registry,
};

use job_lifecycle::Unconfirmed;

mod steps;

pub use steps::StepMetrics;

/// All metrics.
#[derive(Debug, Clone)]
pub struct Metrics {
    /// `buildkite_leader`: 1 on the active instance.
    pub leader: Gauge,
    /// `buildkite_job_end_to_end_seconds`.
    pub end_to_end: Histogram,
    /// `buildkite_monitor_*`.
    pub monitor: MonitorMetrics,
    /// `buildkite_limiter_*`.
    pub limiter: LimiterMetrics,
    /// `buildkite_deduper_*`.
    pub deduper: DeduperMetrics,
    /// `buildkite_scheduler_*`.
    pub scheduler: SchedulerMetrics,
    /// `buildkite_job_watcher_*`.
    pub job_watcher: JobWatcherMetrics,
    /// `buildkite_pod_watcher_*`.
    pub pod_watcher: PodWatcherMetrics,
    /// Steps that change or remove objects.
    pub steps: StepMetrics,
    /// Watch events, exported under each component that counted them upstream.
    pub watch: WatchMetrics,
}

/// Label `reason`.
type Reason = [(&'static str, &'static str); 1];

const END_TO_END: [f64; 16] =
    [0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1200.0, 1800.0, 3600.0];
const WAITS: [f64; 10] = [0.01, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0];
const QUERIES: [f64; 12] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];

impl Metrics {
    /// Makes every metric and registers it.
    pub fn register(registry: &mut Registry) -> Self {
        let registry = registry.sub_registry_with_prefix("buildkite");
        let end_to_end = Histogram::new(END_TO_END);
        registry.register(
            "job_end_to_end_seconds",
            "From the first sight of a job in a list to its Job's creation",
            end_to_end.clone(),
        );
        let leader = Gauge::default();
        registry.register("leader", "1 on the active instance", leader.clone());
        let watch = WatchMetrics::default();
        for component in ["limiter", "deduper", "job_watcher"] {
            watch.register(registry.sub_registry_with_prefix(component));
        }
        let steps = StepMetrics::default();
        let section = registry.sub_registry_with_prefix("job_watcher");
        steps.register_jobs(section);
        let job_watcher = JobWatcherMetrics::register(section);
        let section = registry.sub_registry_with_prefix("pod_watcher");
        steps.register_pods(section);
        let pod_watcher = PodWatcherMetrics::register(section);
        Self {
            leader,
            end_to_end,
            monitor: MonitorMetrics::register(registry.sub_registry_with_prefix("monitor")),
            limiter: LimiterMetrics::register(registry.sub_registry_with_prefix("limiter")),
            deduper: DeduperMetrics::register(registry.sub_registry_with_prefix("deduper")),
            scheduler: SchedulerMetrics::register(registry.sub_registry_with_prefix("scheduler")),
            job_watcher,
            pod_watcher,
            steps,
            watch,
        }
    }

    /// An instance that stands by has no slots and no jobs; what it once counted stays.
    pub(crate) fn stand_by(&self) {
        let Self { monitor, limiter, deduper, pod_watcher, .. } = self;
        let of_the_ledger = [
            &monitor.up,
            &limiter.tokens_available,
            &limiter.in_flight,
            &limiter.work_queue_length,
            &deduper.jobs_running,
            &pod_watcher.cancel_checkers,
        ];
        for gauge in of_the_ledger {
            gauge.set(0);
        }
    }
}

/// The poll loop (`metrics.md` 3.2).
#[derive(Debug, Clone)]
pub struct MonitorMetrics {
    /// 1 while the poll loop runs.
    pub up: Gauge,
    /// List rounds.
    pub job_queries: Counter,
    /// List rounds that failed.
    pub job_query_errors: Counter,
    /// Duration of a list round.
    pub job_query_seconds: Histogram,
    /// Jobs in answers.
    pub jobs_returned: Counter,
    /// Jobs whose tags did not match.
    pub jobs_filtered_out: Counter,
    /// Jobs new to the candidate queue.
    pub jobs_handled: Counter,
    /// Batches passed on.
    pub handler_calls: Counter,
}

impl MonitorMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            up: Gauge::default(),
            job_queries: Counter::default(),
            job_query_errors: Counter::default(),
            job_query_seconds: Histogram::new(QUERIES),
            jobs_returned: Counter::default(),
            jobs_filtered_out: Counter::default(),
            jobs_handled: Counter::default(),
            handler_calls: Counter::default(),
        };
        registry.register("monitor_up", "1 while the poll loop runs", metrics.up.clone());
        registry.register("job_queries", "List rounds", metrics.job_queries.clone());
        registry.register("job_query_errors", "List rounds that failed", metrics.job_query_errors.clone());
        registry.register("job_query_seconds", "Duration of a list round", metrics.job_query_seconds.clone());
        registry.register("jobs_returned", "Jobs in list answers", metrics.jobs_returned.clone());
        registry.register(
            "jobs_filtered_out",
            "Listed jobs whose tags did not match",
            metrics.jobs_filtered_out.clone(),
        );
        registry.register("jobs_handled", "Jobs that became candidates", metrics.jobs_handled.clone());
        registry.register("job_handler_calls", "Listings passed on", metrics.handler_calls.clone());
        metrics
    }
}

/// Slots and candidates (`metrics.md` 3.3).
#[derive(Debug, Clone)]
pub struct LimiterMetrics {
    /// The limit, 0 for none.
    pub max_in_flight: Gauge,
    /// Free slots, 0 when there is no limit.
    pub tokens_available: Gauge,
    /// Jobs that hold a slot.
    pub in_flight: Gauge,
    /// Candidates.
    pub work_queue_length: Gauge,
    /// A candidate's wait for its slot.
    pub token_wait: Histogram,
    /// Attempts started.
    pub handler_calls: Counter,
    /// Existing Jobs above the limit at start.
    pub token_underflows: Counter,
    /// Differences between the in-flight set and the ledger that were repaired (L19).
    pub set_repairs: Counter,
    /// Candidates dropped from a full queue (P3).
    pub evicted: Counter,
    /// Attempts that ended because the job was stale.
    pub errors_stale: Counter,
    /// Attempts that ended because the job could not be reserved.
    pub errors_reservation_lost: Counter,
    /// Attempts that ended in a refusal (F8).
    pub errors_rejected: Counter,
    /// Attempts that failed and are tried again.
    pub errors_transient: Counter,
}

impl LimiterMetrics {
    fn register(registry: &mut Registry) -> Self {
        let errors = Family::<Reason, Counter>::default();
        let error = |reason| errors.get_or_create(&[("reason", reason)]).clone();
        // Upstream's values that nothing of ours sets exist as 0 all the same (`metrics.md` 1).
        for reason in ["duplicate", "other"] {
            drop(error(reason));
        }
        let evictions = Family::<Reason, Counter>::default();
        let metrics = Self {
            max_in_flight: Gauge::default(),
            tokens_available: Gauge::default(),
            in_flight: Gauge::default(),
            work_queue_length: Gauge::default(),
            token_wait: Histogram::new(WAITS),
            handler_calls: Counter::default(),
            token_underflows: Counter::default(),
            set_repairs: Counter::default(),
            evicted: evictions.get_or_create(&[("reserved", "false")]).clone(),
            errors_stale: error("stale"),
            errors_reservation_lost: error("reservation_lost"),
            errors_rejected: error("rejected"),
            errors_transient: error("transient"),
        };
        registry.register("max_in_flight", "Configured limit, 0 for none", metrics.max_in_flight.clone());
        registry.register(
            "tokens_available",
            "Free slots; 0 when there is no limit",
            metrics.tokens_available.clone(),
        );
        registry.register("jobs_in_flight", "Jobs that hold a slot", metrics.in_flight.clone());
        registry.register("work_queue_length", "Candidates", metrics.work_queue_length.clone());
        registry.register(
            "token_wait_duration_seconds",
            "A candidate's wait for its slot",
            metrics.token_wait.clone(),
        );
        registry.register("job_handler_calls", "Attempts started", metrics.handler_calls.clone());
        registry.register("job_handler_errors", "Attempts that failed", errors);
        registry.register(
            "token_underflows",
            "Existing Jobs above the limit at start",
            metrics.token_underflows.clone(),
        );
        registry.register("set_repairs", "Slots repaired; must stay 0", metrics.set_repairs.clone());
        registry.register("jobs_evicted", "Candidates dropped from a full queue", evictions);
        registry.register("token_overflows", "Always 0; kept for alerts", Counter::<u64>::default());
        metrics
    }
}

/// The set of jobs that are present (`metrics.md` 3.4).
#[derive(Debug, Clone)]
pub struct DeduperMetrics {
    /// Jobs in the set.
    pub jobs_running: Gauge,
    /// Jobs handed on to be created.
    pub handler_calls: Counter,
    /// Entered the set by admission.
    pub marked_running_handle: Counter,
    /// Entered the set because a Job was seen.
    pub marked_running_on_add: Counter,
    /// Left the set.
    pub unmarked_running_handle: Counter,
    /// Duplicates.
    pub already_running_handle: Counter,
}

impl DeduperMetrics {
    fn register(registry: &mut Registry) -> Self {
        let marked = Family::<Reason, Counter>::default();
        let unmarked = Family::<Reason, Counter>::default();
        let already = Family::<Reason, Counter>::default();
        let by =
            |family: &Family<Reason, Counter>, source| family.get_or_create(&[("source", source)]).clone();
        let metrics = Self {
            jobs_running: Gauge::default(),
            handler_calls: Counter::default(),
            marked_running_handle: by(&marked, "Handle"),
            marked_running_on_add: by(&marked, "OnAdd"),
            unmarked_running_handle: by(&unmarked, "Handle"),
            already_running_handle: by(&already, "Handle"),
        };
        registry.register("jobs_running", "Jobs known, finished ones included", metrics.jobs_running.clone());
        registry.register("job_handler_calls", "Jobs handed on to be created", metrics.handler_calls.clone());
        registry.register("jobs_marked_running", "Jobs that entered the set", marked);
        registry.register("jobs_unmarked_running", "Jobs that left the set", unmarked);
        registry.register("jobs_already_running", "Duplicates", already);
        metrics
    }
}

/// Creation of Jobs (`metrics.md` 3.5).
#[derive(Debug, Clone)]
pub struct SchedulerMetrics {
    /// Create requests.
    pub create_calls: Counter,
    /// Creates accepted, those found after an uncertain create included.
    pub create_success: Counter,
    /// Creates refused or failed, by Kubernetes status reason.
    create_errors: Family<Vec<(&'static str, String)>, Counter>,
    /// Verdicts delivered.
    pub failed_on_buildkite: Counter,
    /// Verdicts given up: none is, so it stays 0 and is kept for alerts.
    pub fail_on_buildkite_errors: Counter,
}

impl SchedulerMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            create_calls: Counter::default(),
            create_success: Counter::default(),
            create_errors: Family::default(),
            failed_on_buildkite: Counter::default(),
            fail_on_buildkite_errors: Counter::default(),
        };
        registry.register("job_create_calls", "Create requests", metrics.create_calls.clone());
        registry.register("job_create_success", "Creates accepted", metrics.create_success.clone());
        registry.register("job_create_errors", "Creates refused or failed", metrics.create_errors.clone());
        registry.register(
            "jobs_failed_on_buildkite",
            "Verdicts delivered",
            metrics.failed_on_buildkite.clone(),
        );
        registry.register(
            "job_fail_on_buildkite_errors",
            "Verdicts that could not be delivered",
            metrics.fail_on_buildkite_errors.clone(),
        );
        metrics
    }

    /// Counts a create that did not make a Job.
    pub fn create_error(&self, reason: &str) {
        self.create_errors.get_or_create(&vec![("reason", reason.to_owned())]).inc();
    }
}

/// What became of Jobs (`metrics.md` 3.6).
#[derive(Debug, Clone)]
pub struct JobWatcherMetrics {
    /// Jobs that ended before their agent acquired (F3, F3b, F4).
    pub failed_before_acquire: Counter,
    /// Jobs that ended without ever having had a pod (F2).
    pub finished_without_pod: Counter,
    /// Jobs that got no pod in time (F1).
    pub stalled_without_pod: Counter,
    /// Verdicts delivered about Jobs that were made.
    pub failed_on_buildkite: Counter,
    /// Live reads that did not confirm what the watches show, by reason.
    skipped: Family<Reason, Counter>,
}

impl JobWatcherMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self {
            failed_before_acquire: Counter::default(),
            finished_without_pod: Counter::default(),
            stalled_without_pod: Counter::default(),
            failed_on_buildkite: Counter::default(),
            skipped: Family::default(),
        };
        for why in
            [Unconfirmed::AgentActive, Unconfirmed::JobGone, Unconfirmed::JobReplaced, Unconfirmed::PodExists]
        {
            drop(metrics.skipped.get_or_create(&[("reason", skip_reason(why))]));
        }
        registry.register(
            "jobs_failed_before_agent_acquire",
            "Jobs that ended before their agent acquired",
            metrics.failed_before_acquire.clone(),
        );
        registry.register(
            "jobs_finished_without_pod",
            "Jobs that ended and never had a pod",
            metrics.finished_without_pod.clone(),
        );
        registry.register(
            "jobs_stalled_without_pod",
            "Jobs that got no pod in time",
            metrics.stalled_without_pod.clone(),
        );
        registry.register(
            "jobs_failed_on_buildkite",
            "Verdicts delivered about Jobs that were made",
            metrics.failed_on_buildkite.clone(),
        );
        registry.register(
            "stalled_cleanup_skipped",
            "Live reads that did not confirm what the watches show",
            metrics.skipped.clone(),
        );
        metrics
    }

    /// Counts a verdict that was decided, by its code.
    pub fn decided(&self, code: &str) {
        let counter = match code {
            "no-pod" => &self.stalled_without_pod,
            "ended-without-pod" => &self.finished_without_pod,
            "pod-failed" | "agent-exited" | "init-container-failed" => &self.failed_before_acquire,
            _ => return,
        };
        counter.inc();
    }

    /// Counts a live read that did not confirm a rule's trigger.
    pub fn cleanup_skipped(&self, why: Unconfirmed) {
        self.skipped.get_or_create(&[("reason", skip_reason(why))]).inc();
    }
}

fn skip_reason(why: Unconfirmed) -> &'static str {
    match why {
        Unconfirmed::AgentActive => "agent_active",
        Unconfirmed::JobGone => "job_gone",
        Unconfirmed::JobReplaced => "job_replaced",
        Unconfirmed::PodExists => "pod_exists",
    }
}

/// Checks of jobs that have not started (`metrics.md` 3.7).
#[derive(Debug, Clone)]
pub struct PodWatcherMetrics {
    /// Jobs whose state is polled.
    pub cancel_checkers: Gauge,
}

impl PodWatcherMetrics {
    fn register(registry: &mut Registry) -> Self {
        let metrics = Self { cancel_checkers: Gauge::default() };
        registry.register(
            "num_job_cancel_checkers",
            "Jobs whose state is polled",
            metrics.cancel_checkers.clone(),
        );
        metrics
    }
}

/// Events of the Job watch; one shared watch feeds what were several informers upstream.
#[derive(Debug, Clone, Default)]
pub struct WatchMetrics {
    /// Jobs listed.
    pub on_add: Counter,
    /// Jobs made or changed.
    pub on_update: Counter,
    /// Jobs deleted.
    pub on_delete: Counter,
}

impl WatchMetrics {
    fn register(&self, registry: &mut Registry) {
        registry.register("onadd_events", "Jobs listed", self.on_add.clone());
        registry.register("onupdate_events", "Jobs made or changed", self.on_update.clone());
        registry.register("ondelete_events", "Jobs deleted", self.on_delete.clone());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every name of `metrics.md` that this version exports, as Prometheus sees it.
    #[test]
    fn names_are_those_of_the_specification() {
        let mut registry = Registry::default();
        let metrics = Metrics::register(&mut registry);
        metrics.scheduler.create_error("Invalid");
        let mut text = String::new();
        prometheus_client::encoding::text::encode(&mut text, &registry).expect("a String takes all text");
        for line in [
            "buildkite_leader 0",
            "buildkite_monitor_monitor_up 0",
            "buildkite_monitor_job_queries_total 0",
            "buildkite_limiter_tokens_available 0",
            "buildkite_limiter_job_handler_errors_total{reason=\"stale\"} 0",
            "buildkite_limiter_onadd_events_total 0",
            "buildkite_deduper_jobs_marked_running_total{source=\"OnAdd\"} 0",
            "buildkite_scheduler_job_create_errors_total{reason=\"Invalid\"} 1",
            "buildkite_pod_watcher_num_job_cancel_checkers 0",
            "buildkite_pod_watcher_pods_forcefully_deleted_total{delete_reason=\"pending_timeout\"} 0",
            "buildkite_job_watcher_jobs_forcefully_deleted_total{delete_reason=\"job_ended\"} 0",
            "buildkite_job_watcher_cleanups_total 0",
            "buildkite_job_watcher_jobs_stalled_without_pod_total 0",
            "buildkite_job_watcher_stalled_cleanup_skipped_total{reason=\"pod_exists\"} 0",
            "buildkite_job_end_to_end_seconds_count 0",
        ] {
            assert!(text.lines().any(|have| have == line), "no line `{line}` in\n{text}");
        }
    }
}
