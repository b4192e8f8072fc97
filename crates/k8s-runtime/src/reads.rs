//! Smaller reads: a Secret's key, a PodTemplate, events, the server's version.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::call::{escape, get};
use crate::error::ApiError;
use crate::runtime::Runtime;

/// A value of a Secret. `Debug` hides it, there is no `Display`.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretText(String);

impl SecretText {
    /// The secret itself.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(hidden)")
    }
}

/// What a Secret holds under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretRead {
    /// The value.
    Found(SecretText),
    /// There is no such Secret.
    NoSecret,
    /// The Secret lacks the key, or what stands there is no text.
    NoKey,
}

/// An event about an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventView {
    /// `Normal` or `Warning`.
    pub kind: String,
    /// The machine-readable word, for example `FailedScheduling`.
    pub reason: String,
    /// The sentence for people.
    pub message: String,
    /// How often it happened.
    pub count: u32,
    /// When it happened last.
    pub last_seen: Option<Timestamp>,
}

/// Version of the API server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServerVersion {
    /// For example `v1.36.2`.
    pub git_version: String,
}

impl Runtime {
    /// Reads one key of a Secret.
    ///
    /// # Errors
    /// [`ApiError`]; that Secret or key do not exist is no error.
    pub async fn read_secret_key(&self, name: &str, key: &str) -> Result<SecretRead, ApiError> {
        #[derive(Deserialize)]
        struct Secret {
            #[serde(default)]
            data: Option<BTreeMap<String, String>>,
        }
        let path = format!("{}/{}", self.collection("api/v1", "secrets"), escape(name));
        let attempted = format!("get secret `{name}`");
        let Some(secret) = self.fetch_if_found::<Secret>(&attempted, get(path)).await? else {
            return Ok(SecretRead::NoSecret);
        };
        let encoded = secret.data.unwrap_or_default().remove(key);
        let bytes = encoded.and_then(|text| STANDARD.decode(text).ok());
        let text = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
        Ok(text.map_or(SecretRead::NoKey, |text| SecretRead::Found(SecretText(text))))
    }

    /// Reads a PodTemplate, whole.
    ///
    /// # Errors
    /// [`ApiError`]; that there is none is no error.
    pub async fn get_pod_template(&self, name: &str) -> Result<Option<Value>, ApiError> {
        let path = format!("{}/{}", self.collection("api/v1", "podtemplates"), escape(name));
        self.fetch_if_found(&format!("get pod template `{name}`"), get(path)).await
    }

    /// Events about the object with this UID, oldest first.
    ///
    /// # Errors
    /// [`ApiError`]
    pub async fn events_for(&self, uid: &str) -> Result<Vec<EventView>, ApiError> {
        #[derive(Deserialize)]
        struct List {
            #[serde(default)]
            items: Option<Vec<EventWire>>,
        }
        let selector = escape(&format!("involvedObject.uid={uid}"));
        let path = format!("{}?fieldSelector={selector}", self.collection("api/v1", "events"));
        let list: List = self.fetch(&format!("list the events of `{uid}`"), get(path)).await?;
        let mut events: Vec<EventView> =
            list.items.unwrap_or_default().into_iter().map(EventView::from).collect();
        events.sort_by_key(|event| event.last_seen);
        Ok(events)
    }

    /// Asks the API server for its version: the cheapest sign of life.
    ///
    /// # Errors
    /// [`ApiError`]
    pub async fn server_version(&self) -> Result<ServerVersion, ApiError> {
        self.fetch("get the version of the Kubernetes API", get("/version".to_owned())).await
    }
}

/// An event as it comes, in the old form (count, timestamps) or the new one (series, event time).
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EventWire {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    count: Option<u32>,
    #[serde(default)]
    last_timestamp: Option<Timestamp>,
    #[serde(default)]
    first_timestamp: Option<Timestamp>,
    #[serde(default)]
    event_time: Option<Timestamp>,
    #[serde(default)]
    series: Option<Series>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Series {
    #[serde(default)]
    count: Option<u32>,
    #[serde(default)]
    last_observed_time: Option<Timestamp>,
}

impl From<EventWire> for EventView {
    fn from(wire: EventWire) -> Self {
        let (series_count, series_time) =
            wire.series.map_or((None, None), |series| (series.count, series.last_observed_time));
        Self {
            kind: wire.kind.unwrap_or_default(),
            reason: wire.reason.unwrap_or_default(),
            message: wire.message.unwrap_or_default(),
            count: series_count.or(wire.count).unwrap_or(1),
            last_seen: series_time.or(wire.last_timestamp).or(wire.event_time).or(wire.first_timestamp),
        }
    }
}
