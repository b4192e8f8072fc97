//! A Job's status: read, changed, written.

use jiff::Timestamp;
use shared_json::{Array, Map, Text, Value, object};

use crate::object;

/// The condition that says how a Job ended.
pub(in crate::controllers) fn finished(job: &Value) -> Option<&Value> {
    let conditions = object::at(job, &["status", "conditions"])?.as_array()?;
    conditions
        .iter()
        .find(|it| (it["type"] == "Complete" || it["type"] == "Failed") && it["status"] == "True")
}

/// Number of pods in a state: nothing is written for none.
pub(super) type Count = u64;

/// The status of a Job.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Status {
    pub(super) conditions: Array,
    pub(super) start_time: Option<Timestamp>,
    pub(super) completion_time: Option<Timestamp>,
    pub(super) active: Count,
    pub(super) succeeded: Count,
    pub(super) failed: Count,
    pub(super) terminating: Option<Count>,
    pub(super) uncounted: Uncounted,
    pub(super) ready: Option<Count>,
}

/// UIDs of pods that have ended and still have their finalizer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Uncounted {
    pub(super) succeeded: Vec<String>,
    pub(super) failed: Vec<String>,
}

/// How a Job is about to end, or has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) success: bool,
    pub(super) reason: String,
    pub(super) message: String,
}

impl Outcome {
    /// The condition that announces it.
    pub(super) const fn announced(&self) -> &'static str {
        if self.success { "SuccessCriteriaMet" } else { "FailureTarget" }
    }

    /// The condition that ends the Job.
    pub(super) const fn enacted(&self) -> &'static str {
        if self.success { "Complete" } else { "Failed" }
    }
}

impl Status {
    pub(super) fn read(job: &Value) -> Self {
        let status = &job["status"];
        let uids = |key: &str| -> Vec<String> {
            let list = status["uncountedTerminatedPods"][key].as_array();
            list.into_iter().flatten().filter_map(|uid| uid.as_str().map(str::to_owned)).collect()
        };
        let count = |key: &str| status[key].as_u64();
        Self {
            conditions: status["conditions"].as_array().cloned().unwrap_or_default(),
            start_time: object::time(status, &["startTime"]),
            completion_time: object::time(status, &["completionTime"]),
            active: count("active").unwrap_or_default(),
            succeeded: count("succeeded").unwrap_or_default(),
            failed: count("failed").unwrap_or_default(),
            terminating: count("terminating"),
            uncounted: Uncounted { succeeded: uids("succeeded"), failed: uids("failed") },
            ready: count("ready"),
        }
    }

    pub(super) fn to_json(&self) -> Value {
        let mut status = Map::new();
        if !self.conditions.is_empty() {
            status.insert("conditions", self.conditions.clone().into());
        }
        for (key, time) in [("startTime", self.start_time), ("completionTime", self.completion_time)] {
            if let Some(time) = time {
                status.insert(key.to_owned(), object::seconds(time).into());
            }
        }
        let counts = [("active", self.active), ("succeeded", self.succeeded), ("failed", self.failed)];
        for (key, count) in counts {
            if count > 0 {
                status.insert(key.to_owned(), count.into());
            }
        }
        if let Some(terminating) = self.terminating {
            status.insert("terminating", terminating.into());
        }
        let mut uncounted = Map::new();
        let Uncounted { succeeded, failed } = &self.uncounted;
        for (key, uids) in [("succeeded", succeeded), ("failed", failed)] {
            if !uids.is_empty() {
                uncounted.insert(key.to_owned(), uids.clone().into());
            }
        }
        status.insert("uncountedTerminatedPods", uncounted.into());
        if let Some(ready) = self.ready {
            status.insert("ready", ready.into());
        }
        Value::Object(status)
    }

    /// The outcome that an earlier look announced.
    pub(super) fn announced(&self) -> Option<Outcome> {
        ["SuccessCriteriaMet", "FailureTarget"].iter().find_map(|kind| {
            let found = self.conditions.iter().find(|it| it["type"] == *kind && it["status"] == "True")?;
            let text = |key: &str| found[key].as_str().unwrap_or_default().to_owned();
            let success = *kind == "SuccessCriteriaMet";
            Some(Outcome { success, reason: text("reason"), message: text("message") })
        })
    }

    /// Counts pods whose finalizer is gone; true if there were any.
    pub(super) fn count_released(&mut self, tracked: &[&str]) -> bool {
        let mut counted = 0;
        let Uncounted { succeeded, failed } = &mut self.uncounted;
        for (uids, total) in [(succeeded, &mut self.succeeded), (failed, &mut self.failed)] {
            let before = uids.len();
            uids.retain(|uid| tracked.contains(&uid.as_str()));
            let released = before - uids.len();
            *total += released as Count;
            counted += released;
        }
        counted > 0
    }

    /// Writes a condition; true if that changed anything. What never held is not written as not holding.
    pub(super) fn set_condition(
        &mut self,
        kind: &str,
        holds: bool,
        reason: &str,
        message: &str,
        now: Timestamp,
    ) -> bool {
        let status = if holds { "True" } else { "False" };
        let now = Text::from(object::seconds(now));
        let condition = object! {
            "type": Text::copied(kind), "status": status, "lastProbeTime": &now, "lastTransitionTime": &now,
            "reason": Text::copied(reason), "message": Text::copied(message),
        };
        match self.conditions.make_mut().iter_mut().find(|it| it["type"] == kind) {
            Some(place) => {
                let same = ["status", "reason", "message"].iter().all(|key| place[*key] == condition[*key]);
                if !same {
                    *place = condition;
                }
                !same
            }
            None if holds => {
                self.conditions.push(condition);
                true
            }
            None => false,
        }
    }
}
