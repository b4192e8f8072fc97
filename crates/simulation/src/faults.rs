//! What goes wrong between controllers or agents and the two servers.
//!
//! One [`Faults`] decides for all requests of a run, in the order in which they are sent, from one seeded
//! source. [`wire::Wire`] is the tower service that carries a decision out for controllers; agents do it themselves.

mod spoilt;
mod wire;

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::watch, time::Instant};

use crate::{
    plan::{FaultKind, Rates, Side, Weather},
    run::Counts,
};

pub(crate) use wire::{Line, Wire};

/// The faults of a run, shared by all wires.
#[derive(Debug, Clone)]
pub(crate) struct Faults {
    state: Arc<Mutex<State>>,
    /// Faults have ceased: watches that were spoilt before go on as they should.
    calm: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    random: fastrand::Rng,
    weather: Weather,
    latency: Duration,
    outages: Vec<Outage>,
    counts: Counts,
}

#[derive(Debug)]
struct Outage {
    side: Side,
    how: FaultKind,
    until: Instant,
}

/// What a request is, as far as faults care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// One answer.
    Plain,
    /// A further page of a list.
    Continued,
    /// A stream of events.
    Watch,
    /// A Job is to be made.
    Create,
    /// An object is to be changed or removed, or a verdict told: a hundred jobs need that once or twice.
    Seldom,
}

/// What becomes of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ruling {
    /// On the way there.
    pub(crate) before: Duration,
    /// The fault, if one strikes.
    pub(crate) fault: Option<FaultKind>,
    /// On the way back.
    pub(crate) after: Duration,
    /// For whatever the fault leaves open.
    pub(crate) chance: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64, weather: Weather, latency: Duration) -> Self {
        let random = fastrand::Rng::with_seed(seed ^ 0x6661_756c);
        let state = State { random, weather, latency, outages: Vec::new(), counts: Counts::new() };
        Self { state: Arc::new(Mutex::new(state)), calm: watch::Sender::new(false) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Decides about a request that is sent now.
    pub(crate) fn rule(&self, side: Side, shape: Shape) -> Ruling {
        let mut state = self.state();
        let State { random, weather, latency, outages, counts } = &mut *state;
        let mut way = || {
            let most = u64::try_from(latency.as_micros()).unwrap_or_default();
            if most == 0 { Duration::ZERO } else { Duration::from_micros(random.u64(0..=most)) }
        };
        let (before, after) = (way(), way());
        let now = Instant::now();
        outages.retain(|outage| outage.until > now);
        let concerns = |outage: &&Outage| {
            outage.side == side && (outage.how != FaultKind::Forbidden || shape == Shape::Create)
        };
        let outage = outages.iter().find(concerns).map(|outage| outage.how);
        let rates = match side {
            Side::Buildkite => &weather.buildkite,
            Side::Kubernetes => &weather.kubernetes,
            Side::Agents => &weather.agents,
        };
        let fault = outage.or_else(|| draw(random, rates, shape));
        if let Some(kind) = fault {
            *counts.entry((side, kind)).or_default() += 1;
        }
        let chance = if fault.is_some() { random.u64(..) } else { 0 };
        Ruling { before, fault, after, chance }
    }

    /// A server goes away.
    pub(crate) fn outage(&self, side: Side, how: FaultKind, lasts: Duration) {
        self.state().outages.push(Outage { side, how, until: Instant::now() + lasts });
    }

    /// Nothing goes wrong any more.
    pub(crate) fn calm(&self) {
        let mut state = self.state();
        state.weather = Weather::default();
        state.outages.clear();
        drop(state);
        self.calm.send_replace(true);
    }

    /// Whether faults have ceased, to wait on.
    fn is_calm(&self) -> watch::Receiver<bool> {
        self.calm.subscribe()
    }

    pub(crate) fn counts(&self) -> Counts {
        self.state().counts.clone()
    }
}

/// Requests that are sent seldom meet so many times the faults, or few runs would show what becomes of them.
const SELDOM: u32 = 4;
/// As often as that they fail where most requests do: a share of a million, for one kind.
const SELDOM_AT_MOST: u32 = 60_000;

/// Rates are shares of a million and small: one draw decides which of them strikes.
fn draw(random: &mut fastrand::Rng, rates: &Rates, shape: Shape) -> Option<FaultKind> {
    if rates.0.is_empty() {
        return None;
    }
    let mut at = random.u32(..1_000_000);
    for (kind, rate) in &rates.0 {
        let fits = match kind {
            FaultKind::Expired => matches!(shape, Shape::Continued | Shape::Watch),
            kind if kind.is_about_watches() => shape == Shape::Watch,
            _ => true,
        };
        if !fits {
            continue;
        }
        let rate = if shape == Shape::Seldom { (rate * SELDOM).min(SELDOM_AT_MOST) } else { *rate };
        if at < rate {
            return Some(*kind);
        }
        at -= rate;
    }
    None
}
