//! Containers of a Job, as they would be started in an image.

use std::ffi::OsString;

use e2e_tests::throw_away_root::{PATH, Process};
use podspec_builder::{Builder, JobRequest, JobUuid, Settings};
use serde_json::{Value, json};

/// A Job's pod.
pub(super) struct Pod {
    spec: Value,
}

impl Pod {
    /// The pod that comes of this plugin block.
    pub(super) fn new(block: &Value) -> Self {
        let plugins = json!([{ "github.com/buildkite-plugins/kubernetes-buildkite-plugin": block }]);
        let mut job = JobRequest::new(JobUuid::new("01900000-0000-7000-8000-000000000000").unwrap(), "true");
        job.env.insert("BUILDKITE_PLUGINS".to_owned(), plugins.to_string());
        let builder = Builder::new(Settings::default()).unwrap();
        let built = builder.build(&job, &builder.parse_plugin(&job).unwrap(), None).unwrap();
        let mut job = serde_json::to_value(&built.job).unwrap();
        Self { spec: job["spec"]["template"]["spec"].take() }
    }

    /// A pod with this security context.
    pub(super) fn of(security: &Value) -> Self {
        Self::new(&json!({ "podSpec": { "securityContext": security } }))
    }

    /// The same with git credentials from a Secret.
    pub(super) fn with_credentials(security: &Value) -> Self {
        let secret = json!({ "gitCredentialsSecret": { "secretName": "credentials" } });
        Self::new(&json!({ "podSpec": { "securityContext": security }, "checkout": secret }))
    }

    /// The init container that fills the workspace.
    pub(super) fn setup(&self) -> Process {
        self.process("initContainers", "copy-agent")
    }

    /// The checkout container.
    pub(super) fn checkout(&self) -> Process {
        self.process("containers", "checkout")
    }

    /// What a container runtime starts: the home directory is root's or none, as the image has no other account.
    fn process(&self, list: &str, name: &str) -> Process {
        let mut containers = self.spec[list].as_array().unwrap().iter();
        let container = containers.find(|container| container["name"] == name).unwrap();
        let words = ["command", "args"].map(|key| container[key].as_array().cloned().unwrap_or_default());
        let words = words.concat().iter().map(|word| OsString::from(word.as_str().unwrap())).collect();
        let id = |key: &str| {
            let places = [&container["securityContext"][key], &self.spec["securityContext"][key]];
            let id = places.iter().find_map(|value| value.as_u64());
            id.map_or(0, |id| u32::try_from(id).unwrap())
        };
        let user = id("runAsUser");
        let home = if user == 0 { "/root" } else { "/" };
        let mut env = vec![("PATH".to_owned(), PATH.to_owned()), ("HOME".to_owned(), home.to_owned())];
        for variable in container["env"].as_array().into_iter().flatten() {
            env.push(
                ["name", "value"].map(|key| variable[key].as_str().unwrap_or_default().to_owned()).into(),
            );
        }
        let folder = container["workingDir"].as_str().unwrap_or("/").to_owned();
        Process { words, env, user, group: id("runAsGroup"), folder }
    }
}

/// The process with more variables, which replace those it has.
pub(super) fn with_env<'a>(
    mut process: Process,
    env: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Process {
    for (name, value) in env {
        process.env.retain(|(known, _)| known != name);
        process.env.push((name.to_owned(), value.to_owned()));
    }
    process
}
