//! An agent played by hand: the few requests that bring a job to its end.

use axum::body::Body;
use buildkite_sim::Simulator;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tower::ServiceExt;
use uuid::Uuid;

/// A registered agent.
pub(crate) struct Agent {
    simulator: Simulator,
    token: String,
}

impl Agent {
    /// Signs in with the simulator's first token.
    pub(crate) async fn register(simulator: &Simulator) -> Self {
        let token = simulator.agent_token().unwrap().expose().to_owned();
        let mut agent = Self { simulator: simulator.clone(), token };
        let body = json!({ "name": "by-hand", "meta_data": ["queue=kubernetes"] }).to_string();
        let answer = agent.send(Method::POST, "/v3/register", body).await;
        agent.token = answer["access_token"].as_str().unwrap().to_owned();
        agent.send(Method::POST, "/v3/connect", String::new()).await;
        agent
    }

    /// Runs a job: takes it, writes `log`, ends it with `exit_status`.
    pub(crate) async fn work(&self, job: Uuid, log: &str, exit_status: i32) {
        let path = format!("/v3/jobs/{job}");
        self.send(Method::PUT, &format!("{path}/acquire"), String::new()).await;
        let now = self.simulator.now();
        let start = json!({ "started_at": now }).to_string();
        self.send(Method::PUT, &format!("{path}/start"), start).await;
        let running = |simulator: &Simulator| {
            let job = simulator.job(job)?;
            (job.state == buildkite_sim::JobState::Running).then_some(())
        };
        self.simulator.until(running).await;
        let chunk = format!("{path}/chunks?sequence=1&offset=0&size={}", log.len());
        self.send(Method::POST, &chunk, log.to_owned()).await;
        let end = json!({
            "exit_status": exit_status.to_string(),
            "finished_at": self.simulator.now(),
            "chunks_failed_count": 0,
        });
        self.send(Method::PUT, &format!("{path}/finish"), end.to_string()).await;
    }

    async fn send(&self, method: Method, path: &str, body: String) -> Value {
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(header::AUTHORIZATION, format!("Token {}", self.token))
            .body(Body::from(body))
            .unwrap();
        let answer = self.simulator.router().oneshot(request).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert!(status.is_success(), "{method} {path}: {status} {}", String::from_utf8_lossy(&body));
        serde_json::from_slice(&body).unwrap_or(Value::Null)
    }
}
