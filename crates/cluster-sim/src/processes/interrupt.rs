//! Why a job's processes have to end before they want to.

use tokio::sync::watch;

/// A reason; a later one is stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Interrupt {
    /// Buildkite cancels the job, or it ran too long.
    Cancel,
    /// The pod is being deleted.
    AgentStop,
    /// The pod is gone: there is nobody left to report to.
    Gone,
}

impl Interrupt {
    /// As the Agent API says it (agent-protocol 6.6).
    pub(super) fn signal_reason(self) -> &'static str {
        match self {
            Self::Cancel => "cancel",
            Self::AgentStop | Self::Gone => "agent_stop",
        }
    }
}

/// Hears of an interrupt.
#[derive(Debug, Clone)]
pub(super) struct Interrupted(watch::Receiver<Option<Interrupt>>);

/// Tells of an interrupt.
#[derive(Debug)]
pub(super) struct Interrupter(watch::Sender<Option<Interrupt>>);

/// Both ends.
pub(super) fn channel() -> (Interrupter, Interrupted) {
    let (sender, receiver) = watch::channel(None);
    (Interrupter(sender), Interrupted(receiver))
}

impl Interrupter {
    /// Tells it, unless something stronger was told before.
    pub(super) fn tell(&self, interrupt: Interrupt) {
        self.0.send_if_modified(|told| {
            let is_stronger = *told < Some(interrupt);
            if is_stronger {
                *told = Some(interrupt);
            }
            is_stronger
        });
    }
}

impl Interrupted {
    /// What was told so far.
    pub(super) fn so_far(&self) -> Option<Interrupt> {
        *self.0.borrow()
    }

    /// Waits for an interrupt that is at least this strong.
    pub(super) async fn at_least(&mut self, least: Interrupt) -> Interrupt {
        loop {
            match self.0.wait_for(|told| *told >= Some(least)).await.map(|told| *told) {
                Ok(Some(interrupt)) => return interrupt,
                // Nobody is left who could tell.
                Ok(None) | Err(_) => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_weaker_reason_does_not_replace_a_stronger_one() {
        let (interrupter, interrupted) = channel();
        assert_eq!(interrupted.so_far(), None);
        for (told, want) in [
            (Interrupt::Cancel, Interrupt::Cancel),
            (Interrupt::Gone, Interrupt::Gone),
            (Interrupt::AgentStop, Interrupt::Gone),
        ] {
            interrupter.tell(told);
            assert_eq!(interrupted.so_far(), Some(want));
        }
    }
}
