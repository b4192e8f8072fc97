//! The client over real sockets.

#![expect(clippy::unwrap_used, reason = "test code")]

use std::error::Error as _;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::routing::{get, post};
use bk_agent_api::{
    AgentToken, Client, Endpoint, Error, ReqwestTransport, RetryPolicy, StackKey, TokenHandle,
    TransportErrorKind,
};
use tokio::net::TcpListener;

fn install_tls() {
    // Whoever comes second finds it installed, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn client(base: &str) -> Client {
    install_tls();
    client_over(ReqwestTransport::new().unwrap(), base)
}

fn client_over(transport: ReqwestTransport, base: &str) -> Client {
    let tokens = TokenHandle::new(AgentToken::new("bkct_example_0000").unwrap());
    Client::builder(transport, Endpoint::parse(base).unwrap(), tokens).retry_policy(RetryPolicy::NONE).build()
}

async fn serve(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/v3")
}

#[tokio::test]
async fn a_call_arrives_with_its_headers() {
    let identity = get(|headers: HeaderMap| async move {
        let authorized = headers[header::AUTHORIZATION] == "Token bkct_example_0000";
        format!(r#"{{"cluster_uuid": "{authorized}"}}"#)
    });
    let base = serve(Router::new().route("/v3/token", identity)).await;
    let identity = client(&base).token_identity().await.unwrap().value;
    assert_eq!(identity.cluster_uuid.as_deref(), Some("true"));
}

#[tokio::test]
async fn redirects_are_not_followed() {
    let elsewhere = || async { (StatusCode::FOUND, [(header::LOCATION, "/v3/token")]) };
    let router = Router::new()
        .route("/v3/stacks/s/deregister", post(elsewhere))
        .route("/v3/token", get(|| async { "{}" }));
    let base = serve(router).await;
    let key = StackKey::new("s").unwrap();
    let error = client(&base).deregister(&key).await.unwrap_err();
    assert!(matches!(error, Error::Unexpected { status: 302, .. }), "{error:?}");
}

/// stacks-api P22
#[tokio::test]
async fn an_unreachable_endpoint_is_named_by_cause_only() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let error = client(&format!("http://{address}/v3")).token_identity().await.unwrap_err();
    let Error::Transport { ref source, .. } = error else { panic!("{error:?}") };
    assert_eq!(source.kind, TransportErrorKind::Connect);
    let text = error.source().unwrap().to_string();
    assert!(text.contains("refused") && !text.contains("/v3"), "{text}");
}

/// Reads the beginning of a TLS connection, tells which protocols the client offers, and hangs up.
fn offered_protocols(listener: std::net::TcpListener) -> Vec<String> {
    let (mut connection, _) = listener.accept().unwrap();
    let mut acceptor = rustls::server::Acceptor::default();
    loop {
        acceptor.read_tls(&mut connection).unwrap();
        if let Some(accepted) = acceptor.accept().unwrap_or_else(|(error, _)| panic!("{error}")) {
            let hello = accepted.client_hello();
            let offered = hello.alpn().into_iter().flatten();
            return offered.map(|name| String::from_utf8(name.to_vec()).unwrap()).collect();
        }
    }
}

#[tokio::test]
async fn http2_is_offered_unless_it_is_switched_off() {
    install_tls();
    for (transport, want) in [
        (ReqwestTransport::new().unwrap(), &["h2", "http/1.1"][..]),
        (ReqwestTransport::http1_only().unwrap(), &["http/1.1"]),
    ] {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let base = format!("https://{}/v3", listener.local_addr().unwrap());
        let offered = tokio::task::spawn_blocking(move || offered_protocols(listener));
        let error = client_over(transport, &base).token_identity().await.unwrap_err();
        assert!(matches!(error, Error::Transport { .. }), "{error:?}");
        assert_eq!(offered.await.unwrap(), want);
    }
}
