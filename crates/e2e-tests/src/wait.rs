//! Waiting for a state with a deadline.

use std::time::Duration;

use tokio::time::Instant;

/// How often a state is looked at that nobody announces.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Looks at a state until it is as wanted, and returns what the look found.
///
/// # Panics
/// When `deadline` has passed; the text names `what` was awaited and the last answer.
pub async fn until<T, L, F>(what: &str, deadline: Duration, mut look: L) -> T
where
    L: FnMut() -> F,
    F: Future<Output = Result<T, String>>,
{
    let end = Instant::now() + deadline;
    loop {
        match look().await {
            Ok(found) => return found,
            Err(why) if Instant::now() >= end => {
                panic!("{what}: not within {} s; last seen: {why}", deadline.as_secs_f64())
            }
            Err(_) => tokio::time::sleep(LOOK_EVERY).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_state_that_comes_is_returned() {
        let mut looks = 0;
        let found = until("third look", Duration::from_secs(1), || {
            looks += 1;
            let answer = if looks == 3 { Ok(looks) } else { Err(format!("look {looks}")) };
            async { answer }
        })
        .await;
        assert_eq!(found, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_state_that_stays_away_is_named() {
        let waiting = tokio::spawn(until("never", Duration::from_secs(1), || async {
            Err::<(), _>("nothing".to_owned())
        }));
        let panic = waiting.await.unwrap_err().into_panic();
        let text = panic.downcast_ref::<String>().unwrap();
        assert_eq!(text, "never: not within 1 s; last seen: nothing");
    }
}
