//! Where a controller dies: between two polls of its main task, or around one of its requests.

use std::{
    future::Future,
    pin::Pin,
    sync::{Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
};

use tokio::sync::Notify;

use crate::plan::{CrashPoint, RequestKind};

/// One life of a controller and what ends it.
#[derive(Debug, Default)]
pub(crate) struct Fuse {
    state: Mutex<State>,
    blown: Notify,
}

#[derive(Debug, Default)]
struct State {
    point: Option<CrashPoint>,
    blown: bool,
}

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Blow {
    /// Nothing.
    No,
    /// The controller dies before it arrives.
    Before,
    /// The controller dies after it was carried out.
    After,
}

impl Fuse {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The controller dies at this point, and not at one that was set before and has not been reached.
    pub(crate) fn arm(&self, point: CrashPoint) {
        self.state().point = Some(point);
        // Its main task counts polls: it must get one.
        self.blown.notify_one();
    }

    /// The controller dies now.
    pub(crate) fn blow(&self) {
        self.state().blown = true;
        self.blown.notify_one();
    }

    /// Nothing that the controller does counts any more.
    pub(crate) fn is_blown(&self) -> bool {
        self.state().blown
    }

    /// A point that has not been reached is forgotten.
    pub(crate) fn disarm(&self) {
        self.state().point = None;
    }

    /// A request leaves the controller.
    pub(crate) fn request(&self, kind: RequestKind) -> Blow {
        let mut state = self.state();
        let (wanted, left, blow) = match &mut state.point {
            Some(CrashPoint::BeforeRequest(wanted, left)) => (*wanted, left, Blow::Before),
            Some(CrashPoint::AfterRequest(wanted, left)) => (*wanted, left, Blow::After),
            _ => return Blow::No,
        };
        if wanted != RequestKind::Any && wanted != kind {
            return Blow::No;
        }
        *left = left.saturating_sub(1);
        if *left > 0 {
            return Blow::No;
        }
        state.point = None;
        blow
    }

    /// The main task is polled.
    fn poll(&self) -> bool {
        let mut state = self.state();
        if let Some(CrashPoint::Polls(left)) = &mut state.point {
            if *left == 0 {
                state.blown = true;
            } else {
                *left -= 1;
            }
        }
        state.blown
    }

    /// Runs a controller until it ends or dies; `None` when it died. What it has spawned dies with it.
    pub(crate) async fn guard<F: Future>(&self, controller: F) -> Option<F::Output> {
        let counted = Counted { fuse: self, controller: Box::pin(controller) };
        let mut counted = std::pin::pin!(counted);
        loop {
            tokio::select! {
                biased;
                () = self.blown.notified() => {
                    if self.is_blown() {
                        return None;
                    }
                }
                ended = &mut counted => return ended,
            }
        }
    }
}

/// Counts the polls of a controller's main task.
struct Counted<'a, F> {
    fuse: &'a Fuse,
    controller: Pin<Box<F>>,
}

impl<F: Future> Future for Counted<'_, F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.fuse.poll() {
            return Poll::Ready(None);
        }
        self.controller.as_mut().poll(context).map(Some)
    }
}
