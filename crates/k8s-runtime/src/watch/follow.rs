//! The state machine of a watch.

use std::collections::VecDeque;
use std::mem;
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt};
use futures::{Stream, stream};
use kube::api::WatchEvent as RawEvent;
use serde::Deserialize;
use tokio::time::{Instant, sleep, timeout};

use super::{WatchEvent, WatchFailure, WatchStage};
use crate::call::{CALL_TIMEOUT, escape, get, no_answer};
use crate::error::{ApiError, Refusal};
use crate::names::Selector;
use crate::runtime::Runtime;
use crate::view::View;

/// After this time the API server ends a watch by itself and we resume it.
const WATCH_TIMEOUT: Duration = Duration::from_secs(120);

/// A watch that is silent for longer than this is dead: the server would have ended it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(WATCH_TIMEOUT.as_secs() + 15);

/// Objects per page of a list: some megabytes of pods at most.
const PAGE_SIZE: u32 = 500;

/// Bounds of the pause after a failure; it doubles from one to the other.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// A watch that ends sooner than this counts as a quiet failure, or a server that hangs up at once
/// would be asked again without end.
const SHORTEST_WATCH: Duration = Duration::from_secs(1);

/// After so many failures in a row we stop resuming and list again: whatever is wrong may be our
/// version.
const RESUME_ATTEMPTS: u32 = 5;

type RawStream<V> = BoxStream<'static, kube::Result<RawEvent<V>>>;

enum State<V> {
    Begin,
    Listing(Listing<V>),
    Listed { version: String },
    Following { version: String, stream: RawStream<V>, since: Instant },
}

struct Listing<V> {
    items: VecDeque<V>,
    next: NextPage,
}

enum NextPage {
    First,
    Token(String),
    /// Nothing more to fetch; the list is as of this version.
    None {
        version: String,
    },
}

struct Watcher<V> {
    runtime: Runtime,
    selector: String,
    state: State<V>,
    failures: u32,
    pause: Option<Duration>,
}

pub(super) fn watch<V: View>(
    runtime: Runtime,
    selector: &Selector,
) -> impl Stream<Item = WatchEvent<V>> + Send + Unpin + use<V> {
    let selector = escape(selector.as_str());
    let watcher = Watcher { runtime, selector, state: State::Begin, failures: 0, pause: None };
    stream::unfold(watcher, |mut watcher| async move { Some((watcher.next_event().await, watcher)) }).boxed()
}

impl<V: View> Watcher<V> {
    async fn next_event(&mut self) -> WatchEvent<V> {
        loop {
            if let Some(pause) = self.pause.take() {
                sleep(pause).await;
            }
            let event = match mem::replace(&mut self.state, State::Begin) {
                State::Begin => {
                    let items = VecDeque::new();
                    self.state = State::Listing(Listing { items, next: NextPage::First });
                    Some(WatchEvent::ListStarted)
                }
                State::Listing(listing) => self.list(listing).await,
                State::Listed { version } => Some(self.connect(version).await),
                State::Following { version, stream, since } => self.follow(version, stream, since).await,
            };
            if let Some(event) = event {
                return event;
            }
        }
    }

    /// Hands out the items at hand, else fetches a page, else is done.
    async fn list(&mut self, mut listing: Listing<V>) -> Option<WatchEvent<V>> {
        if let Some(item) = listing.items.pop_front() {
            self.state = State::Listing(listing);
            return Some(WatchEvent::Listed(item));
        }
        let token = match listing.next {
            NextPage::First => None,
            NextPage::Token(token) => Some(token),
            NextPage::None { version } => {
                self.state = State::Listed { version };
                self.failures = 0;
                return Some(WatchEvent::ListDone);
            }
        };
        match fetch_page(&self.runtime, &self.selector, token.as_deref()).await {
            Ok(page) => {
                self.state = State::Listing(page);
                None
            }
            Err(error) => Some(self.fail(stage_of(WatchStage::List, &error), error, State::Begin)),
        }
    }

    async fn connect(&mut self, version: String) -> WatchEvent<V> {
        self.runtime.await_turn().await;
        let path = format!(
            "{}?watch=1&labelSelector={}&resourceVersion={}&timeoutSeconds={}&allowWatchBookmarks=true",
            self.collection(),
            self.selector,
            escape(&version),
            WATCH_TIMEOUT.as_secs(),
        );
        let client = self.runtime.client().clone();
        let error = match timeout(CALL_TIMEOUT, client.request_events::<V>(get(path))).await {
            Ok(Ok(stream)) => {
                let since = Instant::now();
                self.state = State::Following { version, stream: stream.boxed(), since };
                return WatchEvent::Connected;
            }
            Ok(Err(error)) => self.describe(&error),
            Err(_) => self.silence(CALL_TIMEOUT),
        };
        self.fail(stage_of(WatchStage::Connect, &error), error, State::Listed { version })
    }

    async fn follow(
        &mut self,
        version: String,
        mut stream: RawStream<V>,
        since: Instant,
    ) -> Option<WatchEvent<V>> {
        let error = match timeout(IDLE_TIMEOUT, stream.next()).await {
            Ok(Some(Ok(RawEvent::Added(object) | RawEvent::Modified(object)))) => {
                self.go_on(object.resource_version().to_owned(), stream, since);
                return Some(WatchEvent::Applied(object));
            }
            Ok(Some(Ok(RawEvent::Deleted(object)))) => {
                self.go_on(object.resource_version().to_owned(), stream, since);
                return Some(WatchEvent::Deleted(object));
            }
            Ok(Some(Ok(RawEvent::Bookmark(bookmark)))) => {
                self.go_on(bookmark.metadata.resource_version, stream, since);
                return None;
            }
            Ok(None) => {
                self.state = State::Listed { version };
                if since.elapsed() < SHORTEST_WATCH {
                    self.failures += 1;
                    self.pause = Some(pause_after(self.failures));
                } else {
                    self.failures = 0;
                }
                return None;
            }
            Ok(Some(Ok(RawEvent::Error(status)))) => self.describe(&kube::Error::Api(status)),
            Ok(Some(Err(error))) => self.describe(&error),
            Err(_) => self.silence(IDLE_TIMEOUT),
        };
        Some(self.fail(stage_of(WatchStage::Follow, &error), error, State::Listed { version }))
    }

    fn go_on(&mut self, version: String, stream: RawStream<V>, since: Instant) {
        self.failures = 0;
        self.state = State::Following { version, stream, since };
    }

    /// Notes a failure and where to go on, after a pause.
    fn fail(&mut self, stage: WatchStage, error: ApiError, resume: State<V>) -> WatchEvent<V> {
        self.failures += 1;
        // An event that cannot be read would be read again and again from the same version.
        let unreadable = matches!(error, ApiError::Unreadable { .. });
        let lost = stage == WatchStage::Expired || unreadable || self.failures > RESUME_ATTEMPTS;
        self.state = if lost { State::Begin } else { resume };
        self.pause = Some(pause_after(self.failures).max(error.retry_after().unwrap_or_default()));
        WatchEvent::Failed(WatchFailure { stage, error, consecutive: self.failures })
    }

    fn describe(&self, error: &kube::Error) -> ApiError {
        let attempted = format!("watch {}", V::PLURAL);
        match error {
            // kube reads a line that is no event as a `Status`, of which every field is optional.
            kube::Error::Api(status) if status.code == 0 && status.message.is_empty() => {
                let reason = "a line is neither an event nor a status".to_owned();
                ApiError::Unreadable { attempted, reason }
            }
            kube::Error::Api(status) => {
                let seconds = status.details.as_ref().map_or(0, |details| details.retry_after_seconds);
                let refusal = Refusal {
                    status: status.code,
                    reason: status.reason.clone(),
                    message: status.message.clone(),
                    causes: Vec::new(),
                    retry_after: (seconds > 0).then(|| Duration::from_secs(seconds.into())),
                };
                ApiError::Refused { attempted, refusal }
            }
            kube::Error::SerdeError(error) => ApiError::Unreadable { attempted, reason: error.to_string() },
            other => ApiError::NoAnswer { attempted, reason: no_answer(other).reason },
        }
    }

    fn silence(&self, limit: Duration) -> ApiError {
        let attempted = format!("watch {}", V::PLURAL);
        ApiError::NoAnswer { attempted, reason: format!("silent for {limit:?}") }
    }

    fn collection(&self) -> String {
        self.runtime.collection(V::GROUP, V::PLURAL)
    }
}

/// One page of the list. No method, because a reference to the watcher cannot be held while waiting:
/// the stream inside is not `Sync`.
async fn fetch_page<V: View>(
    runtime: &Runtime,
    selector: &str,
    token: Option<&str>,
) -> Result<Listing<V>, ApiError> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Meta {
        resource_version: String,
        #[serde(rename = "continue")]
        token: String,
    }
    #[derive(Deserialize)]
    struct Page<V> {
        #[serde(default)]
        metadata: Meta,
        items: Option<Vec<V>>,
    }
    let attempted = format!("list {}", V::PLURAL);
    let mut path =
        format!("{}?labelSelector={}&limit={PAGE_SIZE}", runtime.collection(V::GROUP, V::PLURAL), selector);
    if let Some(token) = token {
        path = path + "&continue=" + &escape(token);
    }
    let page: Page<V> = runtime.fetch(&attempted, get(path)).await?;
    let next = if !page.metadata.token.is_empty() {
        NextPage::Token(page.metadata.token)
    } else if page.metadata.resource_version.is_empty() {
        let reason = "the list has no resource version".to_owned();
        return Err(ApiError::Unreadable { attempted, reason });
    } else {
        NextPage::None { version: page.metadata.resource_version }
    };
    Ok(Listing { items: page.items.unwrap_or_default().into(), next })
}

/// 410 means the same at every stage.
fn stage_of(stage: WatchStage, error: &ApiError) -> WatchStage {
    let expired = error.refusal().is_some_and(|refusal| {
        refusal.status == 410 || matches!(refusal.reason.as_str(), "Expired" | "Gone")
    });
    if expired { WatchStage::Expired } else { stage }
}

/// Doubles with each failure in a row; between half and the whole of it, so that watches that
/// broke together do not come back together.
fn pause_after(failures: u32) -> Duration {
    let doubling = 2u32.saturating_pow(failures.saturating_sub(1));
    let pause = FIRST_PAUSE.saturating_mul(doubling).min(LONGEST_PAUSE);
    pause.mul_f64(0.5 + fastrand::f64() / 2.0)
}
