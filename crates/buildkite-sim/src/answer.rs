//! What the HTTP handlers of all APIs share: the caller, bodies and refusals.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::request::Parts;
use http::{StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::json;
use uuid::Uuid;

use crate::core::Refusal;
use crate::simulator::Simulator;

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        (status, axum::Json(json!({ "message": self.message }))).into_response()
    }
}

/// Who asks, and how they reach this server.
#[derive(Clone)]
pub(crate) struct Caller {
    token: Option<String>,
    /// Scheme and host, without a path.
    pub(crate) base_url: String,
}

impl Caller {
    pub(crate) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }
}

impl FromRequestParts<Simulator> for Caller {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, simulator: &Simulator) -> Result<Self, Self::Rejection> {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let token = text(header::AUTHORIZATION)
            .and_then(|value| value.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("token"))
            .map(|(_, token)| token.trim().to_owned());
        let host = text(header::HOST).unwrap_or("localhost");
        let configured = simulator.with(|world, _| world.options.base_url.clone());
        let base_url = configured.unwrap_or_else(|| format!("http://{host}"));
        Ok(Self { token, base_url: base_url.trim_end_matches('/').to_owned() })
    }
}

/// Reads a JSON body, whatever the content type says: agents and clients differ there.
pub(crate) fn read_json<T: DeserializeOwned>(body: &Bytes) -> Result<T, Refusal> {
    serde_json::from_slice(body)
        .map_err(|error| Refusal { status: 400, message: format!("unreadable body: {error}") })
}

/// Reads an id from a path.
pub(crate) fn read_id(text: &str, what: &str) -> Result<Uuid, Refusal> {
    Uuid::parse_str(text).map_err(|_| Refusal { status: 404, message: format!("{what} not found") })
}

/// The answer to routes that do not exist; a catch-all success would wedge agents
/// (agent-protocol 5.3).
pub(crate) async fn not_found() -> Refusal {
    Refusal { status: 404, message: "not found".to_owned() }
}

/// An empty JSON object: agents want JSON wherever they get a body.
pub(crate) fn empty() -> Response {
    axum::Json(json!({})).into_response()
}
