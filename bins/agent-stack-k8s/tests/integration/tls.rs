//! Both APIs over https, from one process: with two crypto providers in it the first client would panic.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
};

use axum::{Router, serve::Listener};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::json;
use tokio::{
    net::{TcpListener, TcpStream},
    task::JoinSet,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
    server::TlsStream,
};

use crate::bench::Bench;

/// A listener that takes TLS connections only.
struct TlsListener {
    tcp: TcpListener,
    tls: TlsAcceptor,
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        loop {
            let (stream, address) = Listener::accept(&mut self.tcp).await;
            if let Ok(stream) = self.tls.accept(stream).await {
                return (stream, address);
            }
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.tcp.local_addr()
    }
}

fn acceptor(certified: &CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(certified.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(servers: &mut JoinSet<()>, tls: &TlsAcceptor, router: Router) -> String {
    let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let address = tcp.local_addr().unwrap();
    let listener = TlsListener { tcp, tls: tls.clone() };
    servers.spawn(async move { axum::serve(listener, router).await.unwrap() });
    format!("https://{address}")
}

#[tokio::test]
async fn both_apis_are_reached_over_https() {
    let host = IpAddr::from(Ipv4Addr::LOCALHOST).to_string();
    let certified = generate_simple_self_signed([host]).unwrap();
    let (tls, mut servers) = (acceptor(&certified), JoinSet::new());
    let mut bench = Bench::new().await;
    let cluster = serve(&mut servers, &tls, bench.cluster.router()).await;
    bench.write_kubeconfig(&json!({
        "server": cluster,
        "certificate-authority-data": STANDARD.encode(certified.cert.pem()),
    }));
    bench.buildkite = serve(&mut servers, &tls, bench.simulator.router()).await;
    let roots = bench.write("roots.pem", &certified.cert.pem());
    for http2 in ["false", "true"] {
        let settings = format!("agent-config:\n  endpoint: {}/v3\n  no-http2: {http2}\n", bench.buildkite);
        let program = bench.start_with(&settings, &[("SSL_CERT_FILE", roots.to_str().unwrap())]);
        bench.ready(&program).await;
        let ended = program.stop().await;
        assert_eq!((ended.status.code(), ended.stderr.as_str()), (Some(0), ""), "{}", ended.stdout);
    }
}
