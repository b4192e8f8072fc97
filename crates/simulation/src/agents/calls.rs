//! What agents say to Buildkite, and how often they try (agent-protocol 4, 6, 9).

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    Agents, Phase, Step,
    line::{Answer, Call},
};
use crate::facts::{CutOff, Note};

/// What an agent exits with when the job is not to be had.
const REJECTED: i32 = 27;
/// What it exits with when it may not register.
const REFUSED: i32 = 1;

const REGISTER_TRIES: u32 = 30;
const REGISTER_PAUSE: Duration = Duration::from_secs(10);
const ACQUIRE_TRIES: u32 = 7;
/// From the first question for the job to the end of its patience.
const ACQUIRE_WITHIN: Duration = Duration::from_secs(330);
const START_TRIES: u32 = 7;
const FINISH_TRIES: u32 = 12;
const HEARTBEAT_TRIES: u32 = 10;
const HEARTBEAT_PAUSE: Duration = Duration::from_secs(5);
const DISCONNECT_TRIES: u32 = 4;
const DISCONNECT_PAUSE: Duration = Duration::from_secs(1);
/// An agent waits so long for containers that have given up already, and ends its job with -1 (10.5).
const AGENT_WAITS: Duration = Duration::from_secs(300);

/// The pauses of 1, 2, 4 … seconds.
fn doubling(tries: u32) -> Duration {
    Duration::from_secs(1 << tries.min(10))
}

impl Agents {
    fn call(&self, uid: &str, method: &'static str, what: &str, body: Value) -> Call {
        let agent = &self.agents[uid];
        let path = format!("/jobs/{}/{what}", agent.part.job);
        Call { method, path, token: agent.token.clone(), body }
    }

    fn session_call(&self, uid: &str, path: &str, body: Value) -> Call {
        Call { method: "POST", path: path.to_owned(), token: self.agents[uid].session.clone(), body }
    }

    /// A call has failed: `true` when it is tried again, after so long.
    fn again(&mut self, uid: &str, most: u32, pause: Duration, step: Step) -> bool {
        let agent = self.agent(uid);
        agent.tries += 1;
        let goes_on = agent.tries < most;
        if goes_on {
            self.plan(uid, pause, step);
        }
        goes_on
    }

    fn cut_off(&mut self, uid: &str, how: CutOff) {
        let job = self.agents[uid].part.job;
        self.bench.note(&Note::AgentCutOff { job, how });
    }

    pub(super) async fn register(&mut self, uid: &str) {
        let part = Arc::clone(&self.agents[uid].part);
        if let Some(code) = part.dies {
            self.agent(uid).code = code;
            self.leave(uid);
            return;
        }
        let body = json!({ "name": "agent", "hostname": part.pod, "ignore_in_dispatches": true });
        let token = self.agents[uid].registration.clone();
        let call = Call { method: "POST", path: "/register".to_owned(), token, body };
        match self.try_call(uid, call).await {
            Answer::Status(200, answer) => {
                let agent = self.agent(uid);
                answer["access_token"].as_str().unwrap_or_default().clone_into(&mut agent.session);
                (agent.tries, agent.heard, agent.asked) = (0, Instant::now(), Some(Instant::now()));
                self.plan(uid, self.lost_after / 3, Step::Heartbeat(0));
                self.acquire(uid).await;
            }
            Answer::Status(..) => self.give_up(uid, REFUSED),
            Answer::UnderWay(after) => self.plan(uid, after, Step::Register),
            Answer::Failed(took) => {
                if !self.again(uid, REGISTER_TRIES, took + REGISTER_PAUSE, Step::Register) {
                    self.give_up(uid, REFUSED);
                }
            }
        }
    }

    /// Without a job, as far as it knows.
    fn give_up(&mut self, uid: &str, code: i32) {
        self.cut_off(uid, CutOff::BeforeJob);
        self.depart(uid, code);
    }

    pub(super) async fn acquire(&mut self, uid: &str) {
        let mut call = self.call(uid, "PUT", "acquire", Value::Null);
        call.token = self.agents[uid].session.clone();
        let took = match self.try_call(uid, call).await {
            Answer::Status(200, answer) => {
                let agent = self.agent(uid);
                answer["token"].as_str().unwrap_or_default().clone_into(&mut agent.token);
                agent.tries = 0;
                let job = agent.part.job;
                self.by_job.insert(job, uid.to_owned());
                return self.start(uid).await;
            }
            Answer::Status(422, _) => return self.depart(uid, REJECTED),
            // It waits for something else.
            Answer::Status(423, _) => Duration::ZERO,
            Answer::Status(..) => return self.give_up(uid, 0),
            Answer::UnderWay(after) => return self.plan(uid, after, Step::Acquire),
            Answer::Failed(took) => took,
        };
        // Its request may have been heard, and Buildkite wants a start soon after.
        self.cut_off(uid, CutOff::Silent);
        let pause =
            took + doubling(self.agents[uid].tries) + Duration::from_millis(self.random.u64(0..5_000));
        let late = self.agents[uid].asked.is_some_and(|first| first.elapsed() + pause > ACQUIRE_WITHIN);
        if late || !self.again(uid, ACQUIRE_TRIES, pause, Step::Acquire) {
            self.give_up(uid, 0);
        }
    }

    pub(super) async fn start(&mut self, uid: &str) {
        match self.try_call(uid, self.call(uid, "PUT", "start", json!({}))).await {
            Answer::Status(200, _) => self.work(uid),
            // The job is abandoned.
            Answer::Status(..) => self.depart(uid, 0),
            Answer::UnderWay(after) => {
                self.cut_off(uid, CutOff::Silent);
                self.plan(uid, after, Step::Start);
            }
            Answer::Failed(took) => {
                self.cut_off(uid, CutOff::Silent);
                let pause = took + doubling(self.agents[uid].tries);
                if !self.again(uid, START_TRIES, pause, Step::Start) {
                    self.depart(uid, 0);
                }
            }
        }
    }

    fn work(&mut self, uid: &str) {
        let agent = self.agent(uid);
        (agent.phase, agent.tries) = (Phase::Running, 0);
        let (part, alone, canceled) = (Arc::clone(&agent.part), agent.alone, agent.canceled);
        if alone {
            self.plan(uid, AGENT_WAITS, Step::End { code: -1, signal: false });
        } else {
            self.plan(uid, part.lasts, Step::End { code: part.code, signal: false });
        }
        if canceled {
            self.wind_down(uid);
        }
    }

    pub(super) async fn beat(&mut self, uid: &str, tries: u32) {
        if self.agents[uid].phase == Phase::Leaving {
            return;
        }
        // What is said beside it has its own way.
        let on_its_way = std::mem::take(&mut self.agent(uid).on_its_way);
        let answer = self.try_call(uid, self.session_call(uid, "/heartbeat", json!({}))).await;
        self.agent(uid).on_its_way = on_its_way;
        let next = match answer {
            Answer::Status(..) => {
                self.agent(uid).heard = Instant::now();
                (self.lost_after / 3, 0)
            }
            Answer::UnderWay(after) => (after, tries),
            Answer::Failed(took) if tries + 1 < HEARTBEAT_TRIES => (took + HEARTBEAT_PAUSE, tries + 1),
            Answer::Failed(took) => (took + self.lost_after / 3, 0),
        };
        let (after, tries) = next;
        if self.agents[uid].heard.elapsed() + after >= self.lost_after {
            self.cut_off(uid, CutOff::Silent);
        }
        self.plan(uid, after, Step::Heartbeat(tries));
    }

    /// The job has ended: says so, and everything in the pod ends.
    pub(super) async fn end(&mut self, uid: &str, code: i32, signal: bool) {
        let agent = self.agent(uid);
        (agent.phase, agent.code, agent.signal, agent.tries) = (Phase::Finishing, code, signal, 0);
        agent.on_its_way = false;
        self.finish(uid).await;
    }

    pub(super) async fn finish(&mut self, uid: &str) {
        let agent = self.agent(uid);
        let (code, signal, first) = (agent.code, agent.signal, agent.tries == 0);
        let mut body = json!({ "exit_status": code.to_string(), "chunks_failed_count": 0 });
        if signal {
            body["signal"] = json!("SIGTERM");
            body["signal_reason"] = json!("agent_stop");
        }
        let call = self.call(uid, "PUT", "finish", body);
        match self.try_call(uid, call).await {
            Answer::Status(..) => {
                self.agent(uid).tries = 0;
                self.disconnect(uid).await;
            }
            Answer::UnderWay(after) => self.plan(uid, after, Step::Finish),
            Answer::Failed(took) => {
                if first {
                    let part = Arc::clone(&self.agents[uid].part);
                    for container in &part.containers {
                        self.exit_soon(uid, container.clone(), code & 0xff);
                    }
                }
                let tries = i32::try_from(self.agents[uid].tries).unwrap_or(i32::MAX);
                let pause = Duration::from_secs_f64(2.0 * 1.6_f64.powi(tries) + self.random.f64());
                if !self.again(uid, FINISH_TRIES, took + pause, Step::Finish) {
                    self.cut_off(uid, CutOff::Silent);
                    self.depart(uid, code);
                }
            }
        }
    }

    /// Whether it is heard or not, it leaves.
    pub(super) async fn disconnect(&mut self, uid: &str) {
        let again = match self.try_call(uid, self.session_call(uid, "/disconnect", Value::Null)).await {
            Answer::Status(..) => false,
            Answer::UnderWay(after) => {
                self.plan(uid, after, Step::Disconnect);
                true
            }
            Answer::Failed(took) => {
                self.again(uid, DISCONNECT_TRIES, took + DISCONNECT_PAUSE, Step::Disconnect)
            }
        };
        if !again {
            self.leave(uid);
        }
    }
}
