//! `serve`, and the server that `run` starts for itself.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;

use anyhow::Context;
use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response};
use buildkite_sim::{Options, Simulator, Token};
use http::{Method, StatusCode};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use crate::arguments::{ServeArguments, ServerArguments};

/// Header of [`Key`].
pub(crate) const KEY_HEADER: &str = "buildkite-sim-key";

/// Shows that a request comes from this very process; its `Debug` shows nothing of it.
#[derive(Clone)]
pub(crate) struct Key(String);

impl Key {
    fn new() -> Self {
        Self(uuid::Uuid::new_v4().simple().to_string())
    }

    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Key(hidden)")
    }
}

/// A simulator and the port it will be served on.
pub(crate) struct Server {
    pub(crate) simulator: Simulator,
    listener: TcpListener,
    /// What agents are told to connect to, without a path.
    pub(crate) url: String,
    /// Where this process reaches it.
    pub(crate) local_url: String,
    token: String,
    pub(crate) queues: Vec<String>,
    /// Without it nobody may start or change anything, where that is closed to others.
    pub(crate) key: Option<Key>,
}

impl Server {
    /// As [`Server::bind`], and closed to everybody but this process: where jobs are processes of this machine,
    /// whoever can start a build can run programs. The page stays open.
    pub(crate) async fn bind_closed(arguments: ServerArguments) -> anyhow::Result<Self> {
        let token = arguments.token.clone().unwrap_or_else(|| format!("bkct_{}", Key::new().expose()));
        let mut server = Self::bind(ServerArguments { token: Some(token), ..arguments }).await?;
        server.key = Some(Key::new());
        Ok(server)
    }

    /// Takes the port.
    pub(crate) async fn bind(arguments: ServerArguments) -> anyhow::Result<Self> {
        let ServerArguments { listen, token, queues, public_url } = arguments;
        let listener = TcpListener::bind(listen).await.with_context(|| {
            format!(
                "failed to listen on {listen}; choose another address with --listen, port 0 takes a free one"
            )
        })?;
        let address = listener.local_addr().context("failed to read the listening address")?;
        let public_url = public_url.map(|url| url.as_str().trim_end_matches('/').to_owned());
        let mut options = Options::default();
        if let Some(token) = token {
            options.agent_tokens = vec![Token::new(token)];
        }
        if let Some((first, others)) = queues.split_first() {
            options.default_queue = first.clone();
            options.queues = others.to_vec();
        }
        options.base_url = public_url.clone();
        let local_url = format!("http://{}", reachable(address));
        Ok(Self {
            token: options
                .agent_tokens
                .iter()
                .map(|token| token.expose().to_owned())
                .next()
                .unwrap_or_default(),
            queues: std::iter::once(&options.default_queue).chain(&options.queues).cloned().collect(),
            simulator: Simulator::new(options),
            listener,
            url: public_url.unwrap_or_else(|| local_url.clone()),
            local_url,
            key: None,
        })
    }

    /// Serves until the future is dropped.
    pub(crate) async fn serve(self) -> anyhow::Result<()> {
        let router = self.router();
        let never = std::future::pending();
        self.simulator.serve(self.listener, router, never).await.context("failed to serve")
    }

    fn router(&self) -> Router {
        let router = self.simulator.router();
        let Some(key) = self.key.clone() else { return router };
        let check = move |request: Request, next: Next| closed(key.clone(), request, next);
        router.layer(middleware::from_fn(check))
    }

    /// What somebody needs to know to use it.
    pub(crate) fn instructions(&self) -> String {
        let Self { url, token, queues, .. } = self;
        let queue = &queues[0];
        format!(
            "\
page        {url}/
endpoint    {url}/v3
queues      {}

Start an agent on this machine:

  BUILDKITE_AGENT_ENDPOINT={url}/v3 BUILDKITE_AGENT_TOKEN={token} \\
    buildkite-agent start --tags queue={queue} --build-path \"$(mktemp -d)\"

Point a controller at it: its endpoint must be an address that pods reach.

  kubectl create secret generic buildkite-agent-token --from-literal=BUILDKITE_AGENT_TOKEN={token}
  # in the controller's configuration
  agent-token-secret: buildkite-agent-token
  tags: [queue={queue}]
  agent-config:
    endpoint: {url}/v3
",
            queues.join(", ")
        )
    }
}

/// Lets only whoever has the key change something by the control API.
async fn closed(key: Key, request: Request, next: Next) -> Response {
    let is_control = request.uri().path().starts_with("/control");
    let shown = request.headers().get(KEY_HEADER).map(http::HeaderValue::as_bytes);
    if is_control && request.method() != Method::GET && shown != Some(key.expose().as_bytes()) {
        let message = "this simulator runs jobs as processes of its machine: only the process that started it \
                       may start or change builds";
        return (StatusCode::FORBIDDEN, axum::Json(serde_json::json!({ "message": message })))
            .into_response();
    }
    next.run(request).await
}

/// A wildcard address cannot be connected to everywhere; the loopback address of its family can.
fn reachable(address: SocketAddr) -> SocketAddr {
    let loopback: std::net::IpAddr = match address {
        SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
    };
    if address.ip().is_unspecified() { SocketAddr::new(loopback, address.port()) } else { address }
}

/// Runs the command.
pub(crate) async fn serve(arguments: ServeArguments) -> anyhow::Result<u8> {
    let server = Server::bind(arguments.server).await?;
    let mut out = io::stdout();
    writeln!(
        out,
        "{}\nRun a pipeline on it:\n\n  buildkite-sim run pipeline.yml --endpoint {}\n",
        server.instructions(),
        server.url
    )?;
    out.flush()?;
    let mut terminated = signal(SignalKind::terminate())?;
    tokio::select! {
        biased;
        served = server.serve() => served.map(|()| 0),
        interrupted = tokio::signal::ctrl_c() => interrupted.map(|()| 0).map_err(Into::into),
        _ = terminated.recv() => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use tower::ServiceExt as _;

    use super::*;

    fn arguments() -> ServerArguments {
        ServerArguments {
            listen: "127.0.0.1:0".parse().unwrap(),
            token: Some("secret-1".to_owned()),
            queues: vec!["a".to_owned(), "b".to_owned()],
            public_url: Some("http://sim.example.test:8091/".parse().unwrap()),
        }
    }

    #[tokio::test]
    async fn instructions_name_what_was_given() {
        let server = Server::bind(arguments()).await.unwrap();
        let text = server.instructions();
        for part in [
            "http://sim.example.test:8091/v3",
            "BUILDKITE_AGENT_TOKEN=secret-1",
            "queues      a, b",
            "--tags queue=a",
            "endpoint: http://sim.example.test:8091/v3",
        ] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
        assert!(server.local_url.starts_with("http://127.0.0.1:"));
    }

    #[tokio::test]
    async fn a_closed_server_starts_nothing_for_others() {
        let open = Server::bind(arguments()).await.unwrap();
        let closed = Server::bind_closed(ServerArguments { token: None, ..arguments() }).await.unwrap();
        assert!(!closed.instructions().contains("bkct_local_simulator"), "its token cannot be guessed");
        let key = closed.key.clone().unwrap();
        let build = r#"{"pipeline": {"steps": [{"command": "make"}]}}"#;
        for (server, method, path, shown, want) in [
            (&open, Method::POST, "/control/builds", None, StatusCode::CREATED),
            (&closed, Method::POST, "/control/builds", None, StatusCode::FORBIDDEN),
            (&closed, Method::POST, "/control/builds", Some("guess"), StatusCode::FORBIDDEN),
            (&closed, Method::POST, "/control/builds", Some(key.expose()), StatusCode::CREATED),
            (&closed, Method::GET, "/control/builds", None, StatusCode::OK),
            (&closed, Method::GET, "/", None, StatusCode::OK),
        ] {
            let mut request = Request::builder().method(&method).uri(path);
            if let Some(shown) = shown {
                request = request.header(KEY_HEADER, shown);
            }
            let request = request.body(Body::from(build)).unwrap();
            let answer = server.router().oneshot(request).await.unwrap();
            assert_eq!(answer.status(), want, "{method} {path} {shown:?}");
        }
    }

    #[tokio::test]
    async fn a_port_that_is_taken_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let listen = taken.local_addr().unwrap();
        let error = Server::bind(ServerArguments { listen, ..arguments() }).await.err().unwrap();
        assert!(format!("{error:#}").contains(&format!("failed to listen on {listen}")), "{error:#}");
    }

    #[test]
    fn wildcard_addresses_are_reached_over_loopback() {
        for (listen, want) in
            [("0.0.0.0:80", "127.0.0.1:80"), ("[::]:80", "[::1]:80"), ("10.0.0.1:80", "10.0.0.1:80")]
        {
            assert_eq!(reachable(listen.parse().unwrap()).to_string(), want);
        }
    }
}
