//! The agent's part on a control plane without a node: takes a job, starts it and ends it, over the
//! same wire as the real one.

use anyhow::{Context, Result, bail};
use axum::Router;
use axum::body::Body;
use buildkite_sim::Simulator;
use http::{Method, Request, header};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use tower::ServiceExt as _;
use uuid::Uuid;

/// An agent that has registered for one job.
#[derive(Clone)]
pub struct Agent {
    router: Router,
    token: String,
    job: Uuid,
}

impl Agent {
    /// Registers with the cluster's token and acquires the job, as `buildkite-agent` does in a pod.
    ///
    /// # Errors
    /// When the server refuses either; a job that is over answers 422.
    pub async fn acquire(simulator: &Simulator, job: Uuid) -> Result<Self> {
        let token = simulator.agent_token().context("the simulator has no token")?;
        let mut agent = Self { router: simulator.router(), token: token.expose().to_owned(), job };
        let registration = json!({
            "name": format!("test-{job}"),
            "hostname": "test",
            "version": "3.136.2",
            "ignore_in_dispatches": true,
            "meta_data": [],
            "features": ["acquire-job"],
        });
        let session = agent.call(Method::POST, "/v3/register", &registration).await?;
        agent.token = text(&session, "access_token")?;
        agent.call(Method::POST, "/v3/connect", &Value::Null).await?;
        let taken = agent.call(Method::PUT, &format!("/v3/jobs/{job}/acquire"), &Value::Null).await?;
        agent.token = text(&taken, "token")?;
        Ok(agent)
    }

    /// Says that the job runs.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn start(&self, simulator: &Simulator) -> Result<()> {
        let body = json!({ "started_at": simulator.now().to_string() });
        self.call(Method::PUT, &format!("/v3/jobs/{}/start", self.job), &body).await?;
        Ok(())
    }

    /// Says how the job ended.
    ///
    /// # Errors
    /// When the server refuses it.
    pub async fn finish(&self, simulator: &Simulator, exit_status: i32) -> Result<()> {
        let body = json!({
            "exit_status": exit_status.to_string(),
            "finished_at": simulator.now().to_string(),
            "chunks_failed_count": 0,
        });
        self.call(Method::PUT, &format!("/v3/jobs/{}/finish", self.job), &body).await?;
        Ok(())
    }

    /// One request; the JSON of a good answer.
    async fn call(&self, method: Method, path: &str, body: &Value) -> Result<Value> {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, "simulator")
            .header(header::AUTHORIZATION, format!("Token {}", self.token))
            .header(header::CONTENT_TYPE, "application/json")
            .header("X-Buildkite-Lock-Acquire-Job", "1")
            .body(if body.is_null() { Body::empty() } else { Body::from(body.to_string()) })
            .context("not a request")?;
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status();
        let bytes = response.into_body().collect().await.context("the answer was lost")?.to_bytes();
        if !status.is_success() {
            bail!("{path} answered {status}: {}", String::from_utf8_lossy(&bytes));
        }
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

/// A text field of an answer.
fn text(answer: &Value, field: &str) -> Result<String> {
    let value = answer[field].as_str();
    value.map(str::to_owned).with_context(|| format!("no {field} in {answer}"))
}

#[cfg(test)]
mod tests {
    use buildkite_sim::{BuildState, JobState, Options};

    use super::*;

    #[tokio::test]
    async fn a_job_goes_through_an_agents_hands() {
        let simulator = Simulator::new(Options::default());
        let step = json!({ "command": "true", "key": "one" });
        let jobs = simulator.enqueue_jobs(1, &step).unwrap();
        let agent = Agent::acquire(&simulator, jobs[0]).await.unwrap();
        agent.start(&simulator).await.unwrap();
        assert_eq!(simulator.job(jobs[0]).unwrap().state, JobState::Running);
        agent.finish(&simulator, 0).await.unwrap();
        assert_eq!(simulator.builds()[0].state, BuildState::Passed);
        let again = Agent::acquire(&simulator, jobs[0]).await.err().unwrap();
        assert!(again.to_string().contains("422"), "{again:#}");
    }
}
