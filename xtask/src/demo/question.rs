//! Asking before something happens that somebody may not want.

use std::io::{self, IsTerminal as _, Write as _};

use anyhow::{Context as _, ensure};

/// Whether there is anybody to ask.
pub(super) fn can_ask() -> bool {
    io::stdin().is_terminal()
}

/// Asks whether to go on.
///
/// # Errors
/// When the answer is not yes.
pub(super) async fn go_on() -> anyhow::Result<()> {
    let answer = tokio::task::spawn_blocking(|| {
        print!("{:>12} Go on? [y/N] ", "");
        io::stdout().flush()?;
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        io::Result::Ok(answer)
    });
    let answer = answer.await.context("ask")?.context("read the answer")?;
    ensure!(matches!(answer.trim().to_lowercase().as_str(), "y" | "yes"), "not done, as you wish");
    Ok(())
}
