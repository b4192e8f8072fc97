//! Making a server forget its history, once for all cases that wait for it.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::sync::Barrier;

/// Patience with the other cases and with the server.
const PATIENCE: Duration = Duration::from_secs(90);

/// What one side does about it.
type Erase = Box<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// Erases when as many cases ask for it as take part.
#[derive(Clone)]
pub struct Eraser(Arc<Shared>);

struct Shared {
    barrier: Barrier,
    erase: Erase,
}

impl Eraser {
    /// `erase` is called once, when `participants` cases have asked.
    #[must_use]
    pub fn new(participants: usize, erase: Erase) -> Self {
        Self(Arc::new(Shared { barrier: Barrier::new(participants), erase }))
    }

    /// Returns when it is done.
    pub(super) async fn erase(&self) -> Result<()> {
        let Self(shared) = self;
        let all = async {
            if shared.barrier.wait().await.is_leader() {
                (shared.erase)().await;
            }
            shared.barrier.wait().await;
        };
        tokio::time::timeout(PATIENCE, all).await.context("not every case got as far as this")
    }
}
