//! An open watch.

use anyhow::{Context, Result, bail, ensure};
use bytes::{Buf as _, BytesMut};
use http_body_util::BodyExt as _;
use kube::client::Body;
use serde_json::Value;

use super::matching::mismatch;
use super::stage::ANSWER;

const BOOKMARK: &str = "BOOKMARK";
const ASKS_FOR_BOOKMARKS: &str = "allowWatchBookmarks=true";

/// Whether a bookmark says more than a version, such as that a list is complete.
fn is_marked(object: &Value) -> bool {
    !object["metadata"]["annotations"].is_null()
}

/// The events of a watch, one by one.
pub struct Watch {
    request: String,
    body: Body,
    received: BytesMut,
}

impl Watch {
    pub(super) fn new(request: String, body: Body) -> Self {
        Self { request, body, received: BytesMut::new() }
    }

    /// The next event; `None` when the server has ended the watch.
    ///
    /// # Errors
    /// When nothing comes for a while, or what comes is not an event.
    pub async fn next(&mut self) -> Result<Option<Value>> {
        loop {
            if let Some(end) = self.received.iter().position(|byte| *byte == b'\n') {
                let line = self.received.split_to(end);
                self.received.advance(1);
                let event = serde_json::from_slice(&line);
                return event.with_context(|| format!("not an event: {}", String::from_utf8_lossy(&line)));
            }
            let frame = tokio::time::timeout(ANSWER, self.body.frame())
                .await
                .with_context(|| format!("{}: no event within {} s", self.request, ANSWER.as_secs()))?;
            match frame {
                None => return Ok(None),
                Some(frame) => {
                    if let Ok(data) = frame?.into_data() {
                        self.received.extend_from_slice(&data);
                    }
                }
            }
        }
    }

    /// The object of the next event, which must be of this type and hold `expected`. A bookmark that only tells how far
    /// the server is may come before it at any time, to whoever has asked for bookmarks.
    ///
    /// # Errors
    /// When another event comes, or none.
    pub async fn expect(&mut self, kind: &str, expected: &Value) -> Result<Value> {
        let any_bookmark = kind == BOOKMARK && !is_marked(expected);
        let mut event = loop {
            let Some(event) = self.next().await? else {
                bail!("{}\n  expected {kind} {expected}, got the end", self.request);
            };
            let is_progress = event["type"] == BOOKMARK && !is_marked(&event["object"]);
            if any_bookmark || !is_progress || !self.request.contains(ASKS_FOR_BOOKMARKS) {
                break event;
            }
        };
        let place = mismatch(expected, &event["object"]).filter(|_| event["type"] == kind);
        if event["type"] != kind || place.is_some() {
            let place = place.unwrap_or_default();
            bail!("{}\n  expected {kind} {expected}, got {event} {place}", self.request);
        }
        Ok(event["object"].take())
    }

    /// Nothing but the end of the watch comes.
    ///
    /// # Errors
    /// When an event comes.
    pub async fn ends(&mut self) -> Result<()> {
        let event = self.next().await?;
        ensure!(event.is_none(), "{}\n  expected the end, got {event:?}", self.request);
        Ok(())
    }

    /// Every event up to and with the first that is as `wanted`.
    ///
    /// # Errors
    /// When it does not come; the error shows the others.
    pub async fn up_to(
        &mut self,
        what: &str,
        wanted: impl Fn(&Value) -> bool + Send + Sync,
    ) -> Result<Vec<Value>> {
        let mut events = Vec::new();
        loop {
            let event = match self.next().await {
                Ok(Some(event)) => event,
                Ok(None) => bail!("{}: ended before {what}, after {events:?}", self.request),
                Err(error) => return Err(error.context(format!("no {what} after {events:?}"))),
            };
            let is_wanted = wanted(&event);
            events.push(event);
            if is_wanted {
                return Ok(events);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn watch(query: &str, objects: &[(&str, Value)]) -> Watch {
        let line =
            |(kind, object): &(&str, Value)| format!("{}\n", json!({ "type": kind, "object": object }));
        let body: String = objects.iter().map(line).collect();
        Watch::new(format!("GET /secrets?{query}"), Body::from(body.into_bytes()))
    }

    /// A bookmark tells progress whenever the server likes, but only to who asked.
    #[tokio::test]
    async fn a_bookmark_may_come_at_any_time_to_who_asked() {
        let progress = json!({ "metadata": { "resourceVersion": "7" } });
        let complete = json!({ "metadata": { "annotations": { "k8s.io/initial-events-end": "true" } } });
        let added = json!({ "metadata": { "name": "a" } });
        let events = [
            (BOOKMARK, progress.clone()),
            ("ADDED", added.clone()),
            (BOOKMARK, progress.clone()),
            (BOOKMARK, complete.clone()),
            (BOOKMARK, progress.clone()),
        ];
        let mut asked = watch(ASKS_FOR_BOOKMARKS, &events);
        asked.expect("ADDED", &added).await.unwrap();
        asked.expect(BOOKMARK, &complete).await.unwrap();
        asked.expect(BOOKMARK, &progress).await.unwrap();
        let mut not_asked = watch("watch=true", &events);
        not_asked.expect("ADDED", &added).await.unwrap_err();
        let mut incomplete = watch(ASKS_FOR_BOOKMARKS, &[(BOOKMARK, complete), ("ADDED", added.clone())]);
        incomplete.expect("ADDED", &added).await.unwrap_err();
    }
}
