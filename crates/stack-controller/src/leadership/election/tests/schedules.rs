//! Several candidates, one API server, and a network that loses, delays and reorders: never two leaders, and one
//! again when it is quiet.

use k8s_runtime::new_lease;
use proptest::{collection::vec, prelude::*};

use super::*;

/// What happens next. Numbers choose a candidate, or a request that nobody waits for any more.
#[derive(Debug, Clone)]
enum Op {
    /// An idle candidate sends what it wants to do.
    Send(usize),
    /// The server carries out a candidate's request.
    Serve(usize),
    /// The answer arrives.
    Answer(usize),
    /// The candidate waits no longer. Its request may still reach the server, or never.
    GiveUp(usize),
    /// The server carries out a request of those.
    ServeStray(usize),
    /// The candidate steps down and gives the Lease up, if it knows itself to hold it.
    Resign(usize),
    /// The process dies, and another starts in its place.
    Crash(usize),
    /// Time passes, in milliseconds.
    Pass(u64),
}

fn op() -> impl Strategy<Value = Op> {
    let who = || 0..CANDIDATES;
    prop_oneof![
        8 => who().prop_map(Op::Send),
        8 => who().prop_map(Op::Serve),
        8 => who().prop_map(Op::Answer),
        2 => who().prop_map(Op::GiveUp),
        2 => (0..8_usize).prop_map(Op::ServeStray),
        1 => who().prop_map(Op::Resign),
        1 => who().prop_map(Op::Crash),
        6 => (0..6_000_u64).prop_map(Op::Pass),
        1 => (0..20_000_u64).prop_map(Op::Pass),
    ]
}

const CANDIDATES: usize = 3;

/// What a candidate asks of the server.
#[derive(Debug, Clone)]
enum Request {
    Read,
    Create(Value),
    Replace(Value),
}

#[derive(Debug)]
enum Reply {
    Read(Option<LeaseView>),
    Written(LeaseView),
    Conflict,
}

/// One stored object with optimistic locking.
#[derive(Debug, Default)]
struct Server {
    object: Option<Value>,
    version: u64,
}

impl Server {
    fn serve(&mut self, request: Request) -> Reply {
        let stored = self.object.as_ref().map(|object| object["metadata"]["resourceVersion"].clone());
        match (request, stored) {
            (Request::Read, _) => Reply::Read(self.object.clone().and_then(LeaseView::from_object)),
            (Request::Create(object), None) => self.store(object),
            (Request::Replace(object), Some(version)) if object["metadata"]["resourceVersion"] == version => {
                self.store(object)
            }
            _ => Reply::Conflict,
        }
    }

    fn store(&mut self, mut object: Value) -> Reply {
        if self.object.as_ref() == Some(&object) {
            // As the real one: an update that changes nothing is none.
            return Reply::Written(LeaseView::from_object(object).unwrap());
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.object = Some(object.clone());
        Reply::Written(LeaseView::from_object(object).unwrap())
    }
}

/// A request that its candidate waits for.
#[derive(Debug)]
struct Waiting {
    sent_at: Instant,
    request: Option<Request>,
    reply: Option<Reply>,
}

#[derive(Debug)]
struct Candidate {
    election: Election,
    /// How fast its monotonic clock runs.
    rate: f64,
    /// What its wall clock shows, which is whatever it is.
    wall: i64,
    wall_step: i64,
    waiting: Option<Waiting>,
}

#[derive(Debug)]
struct World {
    start: Instant,
    passed: Duration,
    server: Server,
    candidates: Vec<Candidate>,
    strays: Vec<Request>,
    processes: u32,
}

impl World {
    fn new(clocks: &[(f64, i64, i64)]) -> Self {
        let mut world = Self {
            start: Instant::now(),
            passed: Duration::ZERO,
            server: Server::default(),
            candidates: Vec::new(),
            strays: Vec::new(),
            processes: 0,
        };
        for (rate, wall, wall_step) in clocks {
            let election = world.process();
            let (rate, wall, wall_step) = (*rate, *wall, *wall_step);
            world.candidates.push(Candidate { election, rate, wall, wall_step, waiting: None });
        }
        world
    }

    fn process(&mut self) -> Election {
        self.processes += 1;
        Election::new(format!("process-{}", self.processes), TIMING)
    }

    fn now_of(&self, who: usize) -> Instant {
        self.start + self.passed.mul_f64(self.candidates[who].rate)
    }

    fn leaders(&self) -> Vec<&str> {
        let leads = |who: &usize| self.candidates[*who].election.leads(self.now_of(*who));
        (0..CANDIDATES).filter(leads).map(|who| self.candidates[who].election.identity()).collect()
    }

    fn apply(&mut self, op: &Op) {
        match *op {
            Op::Send(who) => self.send(who),
            Op::Serve(who) => {
                if let Some(waiting) = &mut self.candidates[who].waiting
                    && let Some(request) = waiting.request.take()
                {
                    waiting.reply = Some(self.server.serve(request));
                }
            }
            Op::Answer(who) => self.answer(who),
            Op::GiveUp(who) => {
                self.strays.extend(self.candidates[who].waiting.take().and_then(|sent| sent.request))
            }
            Op::ServeStray(which) => {
                if which < self.strays.len() {
                    let request = self.strays.swap_remove(which);
                    drop(self.server.serve(request));
                }
            }
            Op::Resign(who) => self.resign(who),
            Op::Crash(who) => {
                self.apply(&Op::GiveUp(who));
                self.candidates[who].election = self.process();
            }
            Op::Pass(milliseconds) => self.passed += Duration::from_millis(milliseconds),
        }
    }

    fn send(&mut self, who: usize) {
        let sent_at = self.now_of(who);
        let candidate = &mut self.candidates[who];
        if candidate.waiting.is_some() {
            return;
        }
        let claim = claim(Some(candidate.election.identity()), candidate.wall);
        let request = match candidate.election.next(sent_at) {
            Step::Read => Request::Read,
            Step::Create => Request::Create(new_lease("agent-stack-k8s", &claim)),
            Step::Replace(lease) => Request::Replace(lease.claimed(&claim)),
        };
        candidate.wall += candidate.wall_step;
        candidate.waiting = Some(Waiting { sent_at, request: Some(request), reply: None });
    }

    fn answer(&mut self, who: usize) {
        let now = self.now_of(who);
        let Candidate { election, waiting, .. } = &mut self.candidates[who];
        if waiting.as_ref().is_none_or(|waiting| waiting.reply.is_none()) {
            return;
        }
        let Some(Waiting { sent_at, reply: Some(reply), .. }) = waiting.take() else { return };
        match reply {
            Reply::Read(lease) => election.observed(lease, now),
            Reply::Written(lease) => election.written(lease, sent_at, now),
            Reply::Conflict => election.conflicted(),
        }
    }

    fn resign(&mut self, who: usize) {
        let sent_at = self.now_of(who);
        let Candidate { election, waiting, wall, .. } = &mut self.candidates[who];
        if waiting.is_some() {
            return;
        }
        election.step_down();
        if election.holder() == election.identity()
            && let Step::Replace(lease) = election.next(sent_at)
        {
            let request = Some(Request::Replace(lease.claimed(&claim(None, *wall))));
            *waiting = Some(Waiting { sent_at, request, reply: None });
        }
    }
}

proptest! {
    /// lifecycle D10: with clocks that differ by a tenth in speed and by anything in what they show, whatever is lost,
    /// late or repeated, at most one candidate believes to lead at any moment; and a minute of quiet brings a leader.
    #[test]
    fn there_are_never_two_leaders(
        clocks in vec((0.9..1.1_f64, -1_000_000..1_000_000_i64, -2..3_i64), CANDIDATES),
        ops in vec(op(), 0..300),
    ) {
        let mut world = World::new(&clocks);
        for (number, op) in ops.iter().enumerate() {
            world.apply(op);
            let leaders = world.leaders();
            prop_assert!(leaders.len() <= 1, "after step {number} {op:?}: {leaders:?}");
        }
        for _ in 0..60 {
            for who in 0..CANDIDATES {
                for op in [Op::Send(who), Op::Serve(who), Op::Answer(who)] {
                    world.apply(&op);
                    prop_assert!(world.leaders().len() <= 1, "in the quiet: {:?}", world.leaders());
                }
            }
            world.apply(&Op::Pass(1_000));
        }
        prop_assert_eq!(world.leaders().len(), 1);
    }
}
