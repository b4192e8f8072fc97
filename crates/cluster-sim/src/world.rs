//! The whole state: objects and whoever acts on them by itself.

use std::fmt;

use jiff::Timestamp;

use crate::controllers::Controllers;
use crate::history::{Actor, Change};
use crate::kubelet::Kubelet;
use crate::namespaces::Namespaces;
use crate::options::Options;
use crate::store::Store;
use crate::{defaults, object};

/// More rounds than this at one instant mean that two controllers undo each other's work.
const MOST_ROUNDS: u32 = 1_000;

/// Objects, controllers and kubelet.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) options: Options,
    pub(crate) store: Store,
    pub(crate) controllers: Controllers,
    pub(crate) kubelet: Kubelet,
    namespaces: Namespaces,
    recorded: Vec<Change>,
    listener: Option<Listener>,
    /// The latest time that anything was done at; time does not run backwards in here.
    now: Timestamp,
    /// Grows when all open watches are to end.
    pub(crate) watch_epoch: u64,
    /// Grows with every notice that is no write: signals to containers, log lines.
    notices: u64,
}

/// Who hears of every write.
struct Listener(Box<dyn FnMut(&Change) + Send>);

impl fmt::Debug for Listener {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Listener")
    }
}

impl World {
    pub(crate) fn new(options: Options, now: Timestamp) -> Self {
        let mut world = Self {
            store: Store::new(&options),
            controllers: Controllers::new(&options),
            kubelet: Kubelet::new(&options),
            namespaces: Namespaces::default(),
            recorded: Vec::new(),
            listener: None,
            now,
            watch_epoch: 0,
            notices: 0,
            options,
        };
        let extra = std::mem::take(&mut world.options.namespaces);
        for name in ["default", "kube-system"].into_iter().chain(extra.iter().map(String::as_str)) {
            defaults::create_namespace(&mut world.store, name, &Actor::Operator, now);
        }
        world.options.namespaces = extra;
        world.settle(now);
        world
    }

    /// The time to write down, given what the clock says.
    pub(crate) fn time(&self, clock: Timestamp) -> Timestamp {
        clock.max(self.now)
    }

    /// Lets everybody react to what was done, and everything that is due by `now` happen, each at its own time.
    pub(crate) fn settle(&mut self, now: Timestamp) {
        self.rest();
        self.pass_time(now);
    }

    /// Lets everything that is due by `now` happen, each at its own time. Costs nothing if nothing is: between two
    /// calls of [`World::settle`] everybody is at rest.
    pub(crate) fn pass_time(&mut self, now: Timestamp) {
        let now = self.time(now);
        while let Some(deadline) = self.next_deadline().filter(|deadline| *deadline <= now) {
            self.now = deadline.max(self.now);
            self.rest();
        }
        self.now = now;
    }

    /// Lets controllers act at the present instant until nothing changes.
    fn rest(&mut self) {
        for _ in 0..MOST_ROUNDS {
            // One by one: whoever keeps a state makes the next write to its object a copy of it.
            for change in self.store.take_fresh() {
                self.controllers.observe(&change);
                self.kubelet.observe(&change);
                self.namespaces.observe(&change);
                if let Some(Listener(hear)) = &mut self.listener {
                    hear(&change);
                }
                if self.options.record {
                    self.recorded.push(change);
                }
            }
            let before = self.store.revision();
            self.controllers.run(&mut self.store, self.now);
            self.kubelet.run(&mut self.store, self.now);
            self.namespaces.run(&mut self.store, self.now);
            let due = self.next_deadline().is_some_and(|deadline| deadline <= self.now);
            if self.store.revision() == before && !due {
                return;
            }
        }
        panic!("controllers do not come to rest at {}", object::micros(self.now));
    }

    /// When something happens by itself next.
    pub(crate) fn next_deadline(&self) -> Option<Timestamp> {
        [self.controllers.next_deadline(), self.kubelet.next_deadline()].into_iter().flatten().min()
    }

    pub(crate) fn drain_recorded(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.recorded)
    }

    /// Who hears of every write from now on.
    pub(crate) fn listen(&mut self, listener: impl FnMut(&Change) + Send + 'static) {
        self.listener = Some(Listener(Box::new(listener)));
    }

    /// A number that grows with everything that an observer might want to know.
    pub(crate) fn pulse(&self) -> u64 {
        self.store.revision() + self.notices + self.kubelet.notices()
    }

    /// Ends all open watches.
    pub(crate) fn close_watches(&mut self) {
        self.watch_epoch += 1;
        self.notices += 1;
    }
}
