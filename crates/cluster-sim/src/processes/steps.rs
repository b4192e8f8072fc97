//! The clients of an agent, as processes of this machine: what a bootstrap does, as far as it can be done
//! without images.

use std::{
    future::pending,
    io,
    path::{Path, PathBuf},
    process::ExitStatus,
    time::Duration,
};

use indexmap::IndexMap;
use serde_json::Value;
use tokio::{net::unix::pipe::Receiver, process::Command, time::sleep};

use super::{
    Machine,
    agent_api::{AcquiredJob, JobEnd},
    group::Group,
    interrupt::{Interrupt, Interrupted},
    log::Log,
    plan::{Client, Plan, Work},
};

/// Variables that a container keeps; the job's own value of any other wins (agent-protocol 10.3).
const KEPT: [&str; 3] = ["BUILDKITE_BOOTSTRAP_PHASES", "BUILDKITE_COMMAND", "BUILDKITE_CONTAINER_ID"];
/// Variables that name places inside of images.
const PLACES: [&str; 1] = ["BUILDKITE_SOCKETS_PATH"];
/// Status of a container whose client was interrupted or was killed by a signal.
const KILLED: i32 = 255;

/// Everything that the clients of one job share.
pub(super) struct Steps<'a> {
    pub(super) machine: &'a Machine,
    pub(super) plan: &'a Plan,
    pub(super) job: &'a AcquiredJob,
    /// What the agent hands to in-job commands: its endpoint and the job's token.
    pub(super) agent_variables: Vec<(&'static str, String)>,
    /// The job's own directory.
    pub(super) root: &'a Path,
    pub(super) log: Log,
    pub(super) interrupted: Interrupted,
}

/// How a client ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ClientEnd {
    /// Exit code of its container.
    pub(super) code: i32,
    /// What it means for the job; nothing when it did its part (agent-protocol 10.4).
    pub(super) verdict: Option<JobEnd>,
}

impl ClientEnd {
    fn exited(code: i32) -> Self {
        let verdict = (code != 0).then_some(JobEnd { status: code, signal_reason: None });
        Self { code, verdict }
    }

    /// It could not be started at all.
    fn not_run() -> Self {
        let verdict = JobEnd { status: -1, signal_reason: Some("process_run_error") };
        Self { code: KILLED, verdict: Some(verdict) }
    }

    fn interrupted(reason: Interrupt, status: i32) -> Self {
        let verdict = JobEnd { status, signal_reason: Some(reason.signal_reason()) };
        Self { code: KILLED, verdict: Some(verdict) }
    }
}

/// How a process ended.
enum Ended {
    Exited(ExitStatus),
    /// After it was asked to.
    Interrupted(Interrupt),
    /// It did not end when it was asked to.
    Killed(Interrupt),
    Broken(io::Error),
}

impl Steps<'_> {
    /// Where a step runs when there was no checkout (agent-protocol 10.3).
    pub(super) fn build_path(root: &Path) -> PathBuf {
        root.join("build")
    }

    fn checkout_path(&self) -> PathBuf {
        Self::build_path(self.root).join("buildkite")
    }

    /// Does a client's work.
    pub(super) async fn run(&self, client: &Client) -> ClientEnd {
        match client.work {
            Work::Checkout => self.checkout(client).await,
            Work::Command => self.command(client).await,
        }
    }

    async fn command(&self, client: &Client) -> ClientEnd {
        let environment = self.environment(client);
        let variable = |name: &str| environment.get(name).map(String::as_str).unwrap_or_default();
        let text = variable("BUILDKITE_COMMAND");
        self.log.line(format!("~~~ Running container {}", client.name)).await;
        if let Some(plugin) = foreign_plugin(variable("BUILDKITE_PLUGINS")) {
            return self
                .refuse(&format!("the plugin `{plugin}` would have to run, and no plugin runs here"))
                .await;
        }
        if text.trim().is_empty() {
            return self.refuse("there is no command to run").await;
        }
        let has_agent = self.machine.has_program("buildkite-agent");
        if !has_agent && text.contains("buildkite-agent") {
            self.log.line("# There is no buildkite-agent on PATH: what calls it fails.").await;
        }
        self.log.line(format!("$ {}", text.trim_end())).await;
        let shell = self.plan.shell();
        let checkout = self.checkout_path();
        let directory = if checkout.is_dir() { checkout } else { Self::build_path(self.root) };
        let Some((program, flags)) = shell.split_first() else {
            return self.refuse("BUILDKITE_SHELL is empty").await;
        };
        let mut command = self.process(program, &environment, &directory);
        command.args(flags).arg(text);
        let end = self.execute(&mut command).await;
        let paths = variable("BUILDKITE_ARTIFACT_PATHS");
        if !paths.is_empty() && self.interrupted.so_far().is_none() {
            self.upload(paths, has_agent, &environment, &directory).await;
        }
        end
    }

    async fn refuse(&self, reason: &str) -> ClientEnd {
        self.log.line("^^^ +++").await;
        self.log.line(format!("Error: {reason}")).await;
        ClientEnd::not_run()
    }

    /// `artifact_paths`, which need the agent's own program.
    async fn upload(
        &self,
        paths: &str,
        has_agent: bool,
        environment: &IndexMap<String, String>,
        directory: &Path,
    ) {
        self.log.line("~~~ Uploading artifacts").await;
        if !has_agent {
            self.log.line("# There is no buildkite-agent on PATH: no artifact is uploaded.").await;
            return;
        }
        let mut command = self.process("buildkite-agent", environment, directory);
        command.args(["artifact", "upload", paths]);
        self.execute(&mut command).await;
    }

    async fn checkout(&self, client: &Client) -> ClientEnd {
        let mut environment = self.environment(client);
        environment.insert("GIT_TERMINAL_PROMPT".to_owned(), "0".to_owned());
        let variable = |name: &str| environment.get(name).map(String::as_str).unwrap_or_default();
        self.log.line("~~~ Preparing working directory").await;
        let repository = variable("BUILDKITE_REPO");
        if repository.is_empty() || self.machine.no_repository.as_deref() == Some(repository) {
            self.log.line("# The build names no repository: nothing is checked out.").await;
            return ClientEnd::exited(0);
        }
        let target = match variable("BUILDKITE_COMMIT") {
            "" | "HEAD" => format!("origin/{}", variable("BUILDKITE_BRANCH")),
            commit => commit.to_owned(),
        };
        if target.starts_with('-') {
            return self.refuse(&format!("`{target}` is no commit")).await;
        }
        let build = Self::build_path(self.root);
        let path = self.checkout_path();
        self.log.line(format!("$ git clone -- {repository} {}", path.display())).await;
        let mut clone = self.process("git", &environment, &build);
        clone.args(["clone", "--no-checkout", "--", repository]).arg(&path);
        let end = self.execute(&mut clone).await;
        if end.verdict.is_some() {
            return end;
        }
        self.log.line(format!("$ git checkout -f --detach {target}")).await;
        let mut checkout = self.process("git", &environment, &path);
        checkout.args(["checkout", "-f", "--detach", &target, "--"]);
        self.execute(&mut checkout).await
    }

    /// The variables of a client: its container's, the job's over them, then the agent's.
    fn environment(&self, client: &Client) -> IndexMap<String, String> {
        let mut environment = client.variables.clone();
        for (name, value) in &self.job.env {
            if !KEPT.contains(&name.as_str()) || !environment.contains_key(name) {
                environment.insert(name.clone(), value.clone());
            }
        }
        let path = |path: PathBuf| path.display().to_string();
        let own = [
            ("BUILDKITE_BUILD_PATH", path(Self::build_path(self.root))),
            ("BUILDKITE_BUILD_CHECKOUT_PATH", path(self.checkout_path())),
            ("BUILDKITE_SHELL", self.plan.shell().join(" ")),
        ];
        for (name, value) in own.into_iter().chain(self.agent_variables.iter().cloned()) {
            environment.insert(name.to_owned(), value);
        }
        environment.retain(|name, _| !PLACES.contains(&name.as_str()));
        environment
    }

    fn process(&self, program: &str, environment: &IndexMap<String, String>, directory: &Path) -> Command {
        self.machine.command(program, environment, directory)
    }

    /// Runs a process to its end, or until the job is interrupted.
    async fn execute(&self, command: &mut Command) -> ClientEnd {
        let ended = match Group::start(command) {
            Ok((group, output)) => self.accompany(group, output).await,
            Err(error) => Ended::Broken(error),
        };
        match ended {
            Ended::Exited(status) => {
                let code = status.code().unwrap_or(KILLED);
                if code != 0 {
                    self.log.line("^^^ +++").await;
                    self.log.line(format!("Error: the command ended with {}", told(status))).await;
                }
                ClientEnd::exited(code)
            }
            Ended::Interrupted(reason) => ClientEnd::interrupted(reason, -1),
            Ended::Killed(reason) => {
                self.log.line("^^^ +++").await;
                self.log.line("Error: the command did not end in time after SIGTERM and was killed").await;
                ClientEnd::interrupted(reason, 137)
            }
            Ended::Broken(error) => {
                let program = command.as_std().get_program().to_string_lossy().into_owned();
                self.refuse(&format!("{program} cannot be run: {error}")).await
            }
        }
    }

    async fn accompany(&self, mut group: Group, mut output: Receiver) -> Ended {
        let mut interrupted = self.interrupted.clone();
        let reason = tokio::select! {
            biased;
            status = self.to_its_end(&mut group, &mut output) => {
                return status.map_or_else(Ended::Broken, Ended::Exited);
            }
            reason = interrupted.at_least(Interrupt::Cancel) => reason,
        };
        group.terminate();
        let grace: Duration = self.plan.signal_grace();
        let ended = tokio::select! {
            biased;
            status = self.to_its_end(&mut group, &mut output) => {
                return status.map_or_else(Ended::Broken, |_| Ended::Interrupted(reason));
            }
            gone = interrupted.at_least(Interrupt::Gone) => Ended::Interrupted(gone),
            () = sleep(grace) => Ended::Killed(reason),
        };
        group.kill();
        match self.to_its_end(&mut group, &mut output).await {
            Ok(_) => ended,
            Err(error) => Ended::Broken(error),
        }
    }

    async fn to_its_end(&self, group: &mut Group, output: &mut Receiver) -> io::Result<ExitStatus> {
        let status = tokio::select! {
            biased;
            () = async { self.log.copy(output).await; pending().await } => unreachable!("it only copies"),
            status = group.ended() => status,
        };
        self.log.last_words(output).await;
        status
    }
}

fn told(status: ExitStatus) -> String {
    match status.code() {
        Some(code) => format!("status {code}"),
        None => status.to_string(),
    }
}

/// The first plugin that is not the stack's own.
fn foreign_plugin(plugins: &str) -> Option<String> {
    let list: Value = serde_json::from_str(plugins).unwrap_or_default();
    let names = list.as_array().into_iter().flatten().filter_map(|plugin| match plugin {
        Value::String(name) => Some(name.clone()),
        Value::Object(object) => object.keys().next().cloned(),
        _ => None,
    });
    let is_own = |name: &String| {
        let source = name.split('#').next().unwrap_or_default();
        let last = source.trim_end_matches(".git").rsplit('/').next().unwrap_or_default();
        last.trim_end_matches("-buildkite-plugin") == "kubernetes"
    };
    names.into_iter().find(|name| !is_own(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kubernetes_plugin_is_the_only_one_that_needs_no_code() {
        for (plugins, want) in [
            ("", None),
            ("[]", None),
            (r#"[{"kubernetes":{}}]"#, None),
            (r#"[{"github.com/buildkite-plugins/kubernetes-buildkite-plugin":{}}]"#, None),
            (r#"[{"https://github.com/buildkite-plugins/kubernetes-buildkite-plugin.git#v1":{}}]"#, None),
            (r#"[{"kubernetes":{}},{"docker#v5.11.0":{"image":"x"}}]"#, Some("docker#v5.11.0")),
            (r#"["artifacts#v1"]"#, Some("artifacts#v1")),
        ] {
            assert_eq!(foreign_plugin(plugins).as_deref(), want, "{plugins}");
        }
    }
}
