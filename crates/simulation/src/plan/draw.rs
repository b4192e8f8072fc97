//! Drawing a plan from a seed.
//!
//! Every run leaves some kinds of trouble out altogether: a fault that is always there hides what only shows
//! without it.

use std::time::Duration;

use cluster_sim::NODES;
use fastrand::Rng;

use super::{
    Clash, CrashPoint, Fate, FaultKind, Harm, Item, JobPlan, Plan, Rates, RequestKind, Side, Site, Weather,
    What, Whose,
};

/// From a free slot to the start of a pod, and from the end of an agent to that of its Job.
const AROUND_A_RUN: Duration = Duration::from_secs(3);
/// Without a limit about so many run at once.
const LARGEST_BACKLOG: usize = 25;

/// How large a run is.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    /// Jobs, the probe at the end not counted.
    pub jobs: usize,
}

impl Plan {
    /// The plan of a seed.
    #[must_use]
    pub fn draw(seed: u64, size: Size) -> Self {
        let mut random = Rng::with_seed(seed ^ 0x706c_616e);
        let mut site = site(&mut random);
        // What came to plans later has sources of its own, so that the rest of a plan stays as it was.
        let mut agents = Rng::with_seed(seed ^ 0x6167_656e_7473);
        site.weather.agents = rates(&mut agents, Side::Agents);
        of_the_way(&mut Rng::with_seed(seed ^ 0x7072_6f78_6965_7300), &mut site.weather.buildkite);
        let mut surroundings = Rng::with_seed(seed ^ 0x7374_6174_6573);
        site.state_check_interval = state_check_interval(&mut surroundings);
        // A longer history would only keep every old pod in memory.
        site.history_limit = pick(&mut surroundings, &[250, 250, 100, 50]);
        let mut items = builds(&mut random, size, &site);
        specialities(&mut Rng::with_seed(seed ^ 0x7370_6563), &mut items);
        missing_pods(&mut Rng::with_seed(seed ^ 0x706f_6473), &mut items);
        // Work goes on after the last arrival: as long as the backlog lasts, something may happen to it.
        let horizon = worked_off(&items, &site) + Duration::from_secs(60);
        let mut nodes = Rng::with_seed(seed ^ 0x006e_6f64_6573);
        let reprioritized = reprioritizing(&mut Rng::with_seed(seed ^ 0x7072_696f), &items);
        meddling(&mut random, &mut items);
        trouble(&mut random, &site, horizon, size, &mut items);
        for _ in 0..agents.usize(0..=2) {
            let what = outage(&mut agents, &[Side::Agents]);
            items.push(Item { at: horizon.mul_f64(agents.f64()), what });
        }
        items.extend(missing_rights(&mut Rng::with_seed(seed ^ 0x7269_6768_7473), horizon));
        for _ in 0..pick(&mut nodes, &[0, 0, 0, 1, 1, 2]) {
            let back_after = seconds(&mut nodes, 5.0, 240.0);
            let what = What::NodeLost { node: nodes.u32(..NODES), back_after };
            items.push(Item { at: horizon.mul_f64(nodes.f64()), what });
        }
        items.extend(reprioritized);
        items.extend(meddled_leases(&mut Rng::with_seed(seed ^ 0x6c65_6173_6500), &site, horizon));
        items.sort_by_key(|item| item.at);
        Self { seed, site, items }
    }
}

/// When about the last job has run, if nothing comes between.
fn worked_off(items: &[Item], site: &Site) -> Duration {
    let slots = if site.limit == 0 { LARGEST_BACKLOG } else { site.limit };
    let mut free_at = Duration::ZERO;
    for item in items {
        let What::Build { jobs, .. } = &item.what else { continue };
        let work: Duration = jobs.iter().map(takes).sum();
        free_at = free_at.max(item.at) + work.div_f64(slots as f64);
    }
    free_at
}

/// How long a job holds its slot, roughly.
fn takes(job: &JobPlan) -> Duration {
    let runs = if let Fate::Runs { lasts, .. } = job.fate { lasts } else { Duration::from_secs(20) };
    job.slow_start + job.slow_command + runs + AROUND_A_RUN
}

fn seconds(random: &mut Rng, from: f64, to: f64) -> Duration {
    Duration::from_secs_f64(from + random.f64() * (to - from))
}

fn pick<T: Copy>(random: &mut Rng, from: &[T]) -> T {
    from[random.usize(..from.len())]
}

fn site(random: &mut Rng) -> Site {
    let instances = pick(random, &[1, 1, 2]);
    Site {
        limit: pick(random, &[1, 2, 3, 5, 8, 13, 25, 25, 40, 0]),
        instances,
        lease: instances > 1 || random.bool(),
        reservation_expiry: reservation_expiry(random),
        job_ttl: Duration::from_secs(pick(random, &[10, 30, 60])),
        creation_concurrency: pick(random, &[1, 3, 25]),
        pod_pending: Duration::from_secs(pick(random, &[45, 90, 180])),
        image_pull_backoff: Duration::from_secs(pick(random, &[10, 30])),
        empty_job: Duration::from_secs(pick(random, &[10, 30])),
        page_size: pick(random, &[20, 100, 1000, 1000]),
        state_check_interval: Duration::ZERO,
        history_limit: 250,
        job_controller_delay: Duration::from_millis(pick(random, &[1, 20, 200, 2000])),
        agent_lost_after: Duration::from_secs(pick(random, &[60, 180])),
        latency: Duration::from_millis(pick(random, &[0, 0, 5, 50])),
        weather: Weather {
            buildkite: rates(random, Side::Buildkite),
            kubernetes: rates(random, Side::Kubernetes),
            agents: Rates::default(),
        },
    }
}

/// Whatever waits for a long one to lapse costs time and tries nothing, so they are rare.
fn reservation_expiry(random: &mut Rng) -> Duration {
    Duration::from_secs(pick(random, &[60, 60, 90, 90, 120, 120, 180, 300, 900]))
}

/// Mostly the default. What is a deadline of its own must not depend on it.
fn state_check_interval(random: &mut Rng) -> Duration {
    Duration::from_secs(pick(random, &[5, 5, 1, 30, 120, 300]))
}

fn rates(random: &mut Rng, side: Side) -> Rates {
    // A share of a million requests; watches are few and live long, so they get more.
    let strength = pick(random, &[0, 500, 2_000, 10_000, 40_000]);
    let mut rates = Vec::new();
    for kind in FaultKind::ALL {
        // Rights are missing for everybody and for long, or not at all; proxies have a source of their own.
        if kind == FaultKind::Forbidden || kind.is_of_the_way() {
            continue;
        }
        let wanted = random.bool();
        if side != Side::Kubernetes && (kind.is_about_watches() || kind == FaultKind::Expired) {
            continue;
        }
        let rare = matches!(kind, FaultKind::LateRequest | FaultKind::Hang);
        let rate = match kind {
            _ if !wanted || strength == 0 => continue,
            kind if kind.is_about_watches() => 30_000 + strength,
            _ if rare => strength / 4,
            _ => strength,
        };
        rates.push((kind, rate));
    }
    Rates(rates)
}

/// What proxies answer instead of Buildkite, in some runs.
fn of_the_way(random: &mut Rng, rates: &mut Rates) {
    let rate = pick(random, &[0, 0, 0, 500, 5_000]);
    for kind in FaultKind::ALL.into_iter().filter(|kind| kind.is_of_the_way()) {
        if random.bool() && rate > 0 {
            rates.0.push((kind, rate));
        }
    }
}

fn builds(random: &mut Rng, size: Size, site: &Site) -> Vec<Item> {
    let mut items = Vec::new();
    let mut at = Duration::from_millis(random.u64(0..3000));
    let mut left = size.jobs;
    // Between a queue that mostly idles and one that always has a backlog.
    let pace = pick(random, &[0.2, 0.6, 1.0, 2.0]) * 12.0
        / (if site.limit == 0 { LARGEST_BACKLOG } else { site.limit }) as f64;
    let trouble = pick(random, &[0, 5, 15, 40]);
    while left > 0 {
        let most = pick(random, &[1, 4, 12, 40]);
        let count = random.usize(1..=most).min(left);
        let jobs = (0..count).map(|_| job(random, trouble)).collect();
        items.push(Item { at, what: What::Build { first: size.jobs - left, jobs } });
        left -= count;
        at += Duration::from_secs_f64(random.f64() * 2.0 * pace * count as f64);
    }
    items
}

fn job(random: &mut Rng, trouble: u32) -> JobPlan {
    let priority = if random.u8(..4) == 0 { random.i64(-5..=5) } else { 0 };
    let slow = random.u8(..20) == 0;
    let slow_start =
        if slow { seconds(random, 5.0, 40.0) } else { Duration::from_millis(random.u64(10..1500)) };
    let fate = if random.u32(..100) < trouble { trouble_of_job(random) } else { runs(random) };
    JobPlan { priority, ..JobPlan::new(fate, slow_start) }
}

fn runs(random: &mut Rng) -> Fate {
    let lasts = match random.u8(..10) {
        0 => Duration::from_millis(random.u64(0..500)),
        1 => seconds(random, 20.0, 90.0),
        _ => seconds(random, 1.0, 15.0),
    };
    let code = if random.u8(..6) == 0 { pick(random, &[1, 2, 42, 137, 255]) } else { 0 };
    Fate::Runs { lasts, code }
}

/// What makes some jobs of some runs special.
fn specialities(random: &mut Rng, items: &mut [Item]) {
    let (clashes, retries) = (pick(random, &[0, 0, 0, 3, 15]), pick(random, &[0, 0, 20, 80]));
    let (slow, always) = (pick(random, &[0, 0, 5, 30]), pick(random, &[0, 0, 50]));
    for item in items {
        let What::Build { jobs, .. } = &mut item.what else { continue };
        for job in jobs {
            let mut is = |share: u32| random.u32(..100) < share;
            let (clashes, retries, slow) = (is(clashes), is(retries), is(slow));
            job.always = is(always);
            if clashes {
                job.clash = Some(clash(random));
            }
            if retries {
                job.retries = random.u32(1..=2);
            }
            if slow {
                job.slow_command = seconds(random, 1.0, 60.0);
            }
        }
    }
}

/// Some jobs that would run get a Job that ends before it has a pod.
fn missing_pods(random: &mut Rng, items: &mut [Item]) {
    let share = pick(random, &[0, 0, 0, 2, 10]);
    for item in items {
        let What::Build { jobs, .. } = &mut item.what else { continue };
        for job in jobs {
            if random.u32(..100) < share && matches!(job.fate, Fate::Runs { .. }) {
                // Sooner than the shortest grace of F1, or we would end it.
                job.fate = Fate::EndsWithoutPod { after: seconds(random, 0.0, 8.0) };
            }
        }
    }
}

/// Somebody removes the Lease or takes it, in some of the runs that have one.
fn meddled_leases(random: &mut Rng, site: &Site, horizon: Duration) -> Vec<Item> {
    let count = if site.lease { pick(random, &[0, 0, 0, 1, 2]) } else { 0 };
    let at = (0..count).map(|_| horizon.mul_f64(random.f64()));
    let times: Vec<Duration> = at.collect();
    let what = |random: &mut Rng| if random.bool() { What::DeleteLease } else { What::TakeLease };
    times.into_iter().map(|at| Item { at, what: what(random) }).collect()
}

fn clash(random: &mut Rng) -> Clash {
    let whose = pick(random, &[Whose::OtherController, Whose::Stranger]);
    Clash { whose, lasts: seconds(random, 0.0, 120.0) }
}

fn trouble_of_job(random: &mut Rng) -> Fate {
    match random.u8(..13) {
        0 => Fate::Refused,
        12 => {
            let recovers_after = random.bool().then(|| seconds(random, 1.0, 60.0));
            Fate::NoPod { quota: random.bool(), recovers_after }
        }
        1 => {
            let reason = pick(
                random,
                &["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "CreateContainerConfigError"],
            );
            Fate::ImagePull { reason, recovers_after: None }
        }
        2 => {
            let recovers_after = Some(seconds(random, 1.0, 60.0));
            Fate::ImagePull { reason: "ErrImagePull", recovers_after }
        }
        3 => Fate::InitFails { code: pick(random, &[1, 2, 126]), oom: false },
        4 => Fate::InitFails { code: 137, oom: true },
        5 => Fate::NeverScheduled,
        6 => Fate::AgentDies { code: pick(random, &[27, 28, 1, 0, 137]) },
        _ => {
            let how = harm(random);
            let after = match random.u8(..3) {
                0 => Duration::from_millis(random.u64(0..400)),
                1 => Duration::from_millis(random.u64(0..3000)),
                _ => seconds(random, 1.0, 15.0),
            };
            Fate::Interference { after, how }
        }
    }
}

fn harm(random: &mut Rng) -> Harm {
    match random.u8(..6) {
        0 => Harm::Evicted,
        1 => Harm::Preempted,
        2 => Harm::NodeLost { back_after: seconds(random, 5.0, 240.0) },
        3 => Harm::Deleted { force: random.bool() },
        4 => Harm::AgentOom,
        _ => Harm::CommandOom,
    }
}

/// What people do to single jobs.
fn meddling(random: &mut Rng, items: &mut Vec<Item>) {
    let share = pick(random, &[0, 2, 5, 20]);
    let mut more = Vec::new();
    for item in items.iter() {
        let What::Build { first, jobs } = &item.what else { continue };
        for number in *first..first + jobs.len() {
            if random.u32(..100) >= share {
                continue;
            }
            let after = match random.u8(..3) {
                0 => Duration::from_millis(random.u64(0..2000)),
                1 => seconds(random, 0.0, 15.0),
                _ => seconds(random, 0.0, 90.0),
            };
            let what = match random.u8(..10) {
                0..=4 => What::CancelJob(number),
                5 | 6 => What::CancelBuild(number),
                7 | 8 => What::DeletePod { job: number, force: random.bool() },
                // Its reservation lapses, and it is listed again.
                _ => What::DeleteJob(number),
            };
            if matches!(what, What::DeleteJob(_)) && random.bool() {
                // No watch tells of it: only the next list does.
                let unseen = [What::CloseWatches, what.clone(), What::Compact];
                more.extend(unseen.map(|what| Item { at: item.at + after, what }));
                continue;
            }
            more.push(Item { at: item.at + after, what });
        }
    }
    items.extend(more);
}

/// Somebody waits for a job and gives it another priority, mostly a higher one.
fn reprioritizing(random: &mut Rng, builds: &[Item]) -> Vec<Item> {
    let share = pick(random, &[0, 0, 5, 30]);
    let mut items = Vec::new();
    for item in builds {
        let What::Build { first, jobs } = &item.what else { continue };
        for job in *first..first + jobs.len() {
            if random.u32(..100) < share {
                let (at, priority) = (item.at + seconds(random, 0.0, 60.0), random.i64(-2..=9));
                items.push(Item { at, what: What::Reprioritize { job, priority } });
            }
        }
    }
    items
}

/// What befalls queue, controllers and servers.
fn trouble(random: &mut Rng, site: &Site, horizon: Duration, size: Size, items: &mut Vec<Item>) {
    // Larger runs last longer, and get more of everything.
    let scale = 1 + size.jobs / 200;
    let mut some = |random: &mut Rng, most: usize, one: &mut dyn FnMut(&mut Rng, Duration) -> What| {
        let most = most * scale;
        let count = if random.bool() { random.usize(0..=most) } else { 0 };
        for _ in 0..count {
            let at = horizon.mul_f64(random.f64());
            let what = one(random, at);
            items.push(Item { at, what });
        }
    };
    some(random, 6, &mut |random, _| crash(random, site));
    some(random, 2, &mut |random, _| What::Stop {
        instance: random.usize(..site.instances),
        restart_after: seconds(random, 0.0, 30.0),
        limit: new_limit(random),
    });
    some(random, 3, &mut |random, _| outage(random, &[Side::Buildkite, Side::Kubernetes]));
    some(random, 2, &mut |random, _| What::StallJobController { lasts: seconds(random, 1.0, 60.0) });
    some(random, 3, &mut |_, _| What::Compact);
    some(random, 3, &mut |_, _| What::CloseWatches);
    some(random, 3, &mut |random, _| What::ClockJump {
        instance: random.usize(..site.instances),
        milliseconds: random.i64(-600_000..600_000),
    });
    some(random, 1, &mut |random, _| What::RotateToken { old_refused_after: seconds(random, 1.0, 60.0) });
    pauses(random, horizon, scale, items);
}

fn pauses(random: &mut Rng, horizon: Duration, scale: usize, items: &mut Vec<Item>) {
    let count = if random.u8(..3) == 0 { random.usize(1..=2 * scale) } else { 0 };
    for _ in 0..count {
        let at = horizon.mul_f64(random.f64());
        items.push(Item { at, what: What::PauseQueue });
        items.push(Item { at: at + seconds(random, 1.0, 60.0), what: What::ResumeQueue });
    }
}

fn new_limit(random: &mut Rng) -> Option<usize> {
    random.bool().then(|| pick(random, &[1, 2, 5, 13, 25]))
}

fn crash(random: &mut Rng, site: &Site) -> What {
    use RequestKind::{Any, CreateJob, Delete, Finish, GetJob, Patch, Reserve, States};
    let kind =
        pick(random, &[Any, Any, Reserve, GetJob, States, CreateJob, CreateJob, Finish, Delete, Patch]);
    let most = if kind == Any { 40 } else { 3 };
    let point = match random.u8(..3) {
        0 => CrashPoint::Polls(random.u32(0..200)),
        1 => CrashPoint::BeforeRequest(kind, random.u32(1..=most)),
        _ => CrashPoint::AfterRequest(kind, random.u32(1..=most)),
    };
    let restart_after = match random.u8(..3) {
        0 => Duration::from_millis(random.u64(0..500)),
        1 => seconds(random, 1.0, 30.0),
        _ => seconds(random, 10.0, 240.0),
    };
    What::Crash { instance: random.usize(..site.instances), point, restart_after, limit: new_limit(random) }
}

/// Somebody takes away the right to create Jobs, and notices much later. Rare, because it costs much time.
fn missing_rights(random: &mut Rng, horizon: Duration) -> Option<Item> {
    let at = horizon.mul_f64(random.f64() / 2.0);
    let lasts = seconds(random, 30.0, 1800.0);
    let what = What::Outage { side: Side::Kubernetes, how: FaultKind::Forbidden, lasts };
    (random.u8(..8) == 0).then_some(Item { at, what })
}

fn outage(random: &mut Rng, sides: &[Side]) -> What {
    use FaultKind::{Hang, LostAnswer, LostRequest, ServerError, TooMany, Unavailable};
    What::Outage {
        side: pick(random, sides),
        how: pick(random, &[Hang, LostAnswer, LostRequest, ServerError, TooMany, Unavailable]),
        lasts: seconds(random, 2.0, 120.0),
    }
}
