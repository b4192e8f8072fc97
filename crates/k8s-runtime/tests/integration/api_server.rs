//! An API server that answers by script, under the real client.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use k8s_runtime::Runtime;
use kube::client::Body;

/// What the fake does with a request.
pub(crate) enum Play {
    /// Answers and ends.
    Answer(u16, String),
    /// Answers 429 with `Retry-After` in seconds.
    RetryAfter(u64),
    /// Begins to answer and then says nothing more.
    ThenSilence(String),
    /// Never answers.
    Silence,
    /// Breaks the connection.
    Broken,
}

/// A request as the fake saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    /// Path and query.
    pub(crate) uri: String,
    pub(crate) content_type: String,
    pub(crate) body: serde_json::Value,
}

/// All requests so far.
pub(crate) type Log = Arc<Mutex<Vec<Seen>>>;

/// A runtime in the namespace `ci` whose requests are answered by `script`.
pub(crate) fn runtime(script: impl FnMut(&Seen) -> Play + Send + 'static) -> (Runtime, Log) {
    let log = Log::default();
    let script = Arc::new(Mutex::new(script));
    let record = log.clone();
    let service = tower::service_fn(move |request: Request<Body>| {
        let (record, script) = (record.clone(), script.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect_bytes().await.unwrap();
            let seen = Seen {
                method: parts.method.to_string(),
                uri: parts.uri.to_string(),
                content_type: parts
                    .headers
                    .get("content-type")
                    .map_or_else(String::new, |value| value.to_str().unwrap().to_owned()),
                body: serde_json::from_slice(&body).unwrap_or_default(),
            };
            let play = (script.lock().unwrap())(&seen);
            record.lock().unwrap().push(seen);
            perform(play).await
        }
    });
    (Runtime::from_client(kube::Client::new(service, "ci"), "ci"), log)
}

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

async fn perform(play: Play) -> Result<Answer, std::io::Error> {
    let full = |text: String| Full::new(Bytes::from(text)).boxed_unsync();
    match play {
        Play::Answer(status, text) => Ok(Response::builder().status(status).body(full(text)).unwrap()),
        Play::RetryAfter(seconds) => {
            let answer = Response::builder().status(429).header("retry-after", seconds);
            Ok(answer.body(full("{}".to_owned())).unwrap())
        }
        Play::ThenSilence(text) => {
            let frames = BodyStream::new(Full::new(Bytes::from(text))).chain(stream::pending());
            Ok(Response::new(StreamBody::new(frames).boxed_unsync()))
        }
        Play::Silence => std::future::pending().await,
        Play::Broken => Err(std::io::Error::other("connection reset")),
    }
}
