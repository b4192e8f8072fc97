//! `cargo xtask demo` as users start it: on the current cluster, and on one of its own.

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};
use std::time::Duration;

use e2e_tests::testbed::Testbed;
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};

/// Longest that a demo may take beside other tests.
const DEADLINE: Duration = Duration::from_secs(180);

/// A step that ends by itself only long after its test.
const ENDLESS: &str = "\
steps:
  - command: sleep 600
    plugins:
      - kubernetes:
          checkout: { skip: true }
          podSpec: { containers: [{ image: busybox:1.36 }] }
";

/// `cargo xtask demo` with the programs that are built already.
fn demo(testbed: &Testbed) -> Command {
    let xtask = std::env::var_os("TESTBED_XTASK_BIN").expect("TESTBED_XTASK_BIN is set");
    let binaries = testbed.controller.parent().expect("a program lies in a directory");
    let path = std::env::var("PATH").expect("PATH is set");
    let mut command = Command::new(xtask);
    command
        .args(["demo", "--binaries"])
        .arg(binaries)
        .env("PATH", format!("{}:{path}", testbed.bin.display()))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// A demo on the cluster of the tests, which is the current one, in a namespace of that name.
fn on_current(testbed: &Testbed, namespace: &str) -> Command {
    let mut command = demo(testbed);
    command.args(["--cluster", "current", "--namespace", namespace]).env("KUBECONFIG", &testbed.kubeconfig);
    command
}

/// The same with everything it asks for.
fn agreed(testbed: &Testbed, namespace: &str, pipeline: &Path) -> Command {
    let mut command = on_current(testbed, namespace);
    let address = testbed.host_address.to_string();
    command.args(["--yes", "--advertise", &address, "--pipeline"]).arg(pipeline);
    command
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pipelines").join(name)
}

fn new_name() -> String {
    format!("demo-{}", uuid::Uuid::new_v4().simple())
}

/// Exit code, standard output and standard error of a demo that ends by itself.
async fn end(mut command: Command) -> (Option<i32>, String, String) {
    let output = tokio::time::timeout(DEADLINE, command.output()).await.expect("it ends in time");
    read(output.expect("xtask starts"))
}

fn read(output: Output) -> (Option<i32>, String, String) {
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

/// A demo that is to be disturbed.
struct Running {
    process: Child,
    seen: String,
}

impl Running {
    /// Starts it and waits until it has printed `sign`.
    async fn until(mut command: Command, sign: &str) -> Self {
        let mut process = command.spawn().expect("xtask starts");
        let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
        let mut seen = String::new();
        let reading =
            async { while !seen.contains(sign) && output.read_line(&mut seen).await.expect("text") > 0 {} };
        tokio::time::timeout(DEADLINE, reading).await.expect("the sign comes in time");
        assert!(seen.contains(sign), "{seen}");
        // Whatever comes later is taken, so that nothing waits for a reader.
        tokio::spawn(async move { output.read_to_end(&mut Vec::new()).await });
        Self { process, seen }
    }

    fn id(&self) -> u32 {
        self.process.id().expect("it runs")
    }

    /// Waits for its end; exit code and standard error.
    async fn end(self) -> (Option<i32>, String) {
        let output = tokio::time::timeout(DEADLINE, self.process.wait_with_output()).await;
        let (code, _, errors) = read(output.expect("it ends in time").expect("its status is known"));
        (code, errors)
    }
}

fn signal(signal: Signal, process: u32) {
    let process = i32::try_from(process).expect("a process id is a small number");
    kill(Pid::from_raw(process), signal).expect("the process is ours");
}

/// The controller that a demo runs.
fn controller_of(demo: u32) -> Option<u32> {
    let children = std::fs::read_to_string(format!("/proc/{demo}/task/{demo}/children")).ok()?;
    let mut children = children.split_whitespace().filter_map(|pid| pid.parse().ok());
    children.find(|pid: &u32| {
        let program = std::fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
        program.ends_with("agent-stack-k8s")
    })
}

async fn exists(testbed: &Testbed, namespace: &str) -> bool {
    let namespaces: Api<Namespace> = Api::all(testbed.admin().await);
    namespaces.get_opt(namespace).await.expect("the cluster answers").is_some()
}

/// What went wrong is one sentence, and it is the last that is said.
#[track_caller]
fn assert_sentence(errors: &str, part: &str) {
    let lines: Vec<&str> = errors.lines().collect();
    assert!(lines.len() == 1 && lines[0].starts_with("error: ") && lines[0].contains(part), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_goes_green_on_the_current_cluster_and_leaves_no_namespace() {
    let (testbed, _order) = Testbed::shared().await;
    let namespace = new_name();
    let (code, output, errors) = end(agreed(&testbed, &namespace, &fixture("hello.yml"))).await;
    assert_eq!(code, Some(0), "{output}{errors}");
    for part in [
        "context    testbed",
        &format!("namespace  {namespace}"),
        "page  http://",
        "| the sidecar says hello",
        "| all green",
        "Green",
    ] {
        assert!(output.contains(part), "no {part:?} in:\n{output}");
    }
    assert!(!output.contains('\x1b'), "colours without a terminal:\n{output}");
    assert!(!exists(&testbed, &namespace).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_red_build_is_exit_1() {
    let (testbed, _order) = Testbed::shared().await;
    let (code, output, errors) = end(agreed(&testbed, &new_name(), &fixture("failing.yml"))).await;
    assert_eq!(code, Some(1), "{output}{errors}");
    assert!(output.contains("failed with exit status 3"), "{output}");
    assert_sentence(&errors, "the build did not go green");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_terminal_and_without_yes_nothing_is_touched() {
    let (testbed, _order) = Testbed::shared().await;
    let namespace = new_name();
    let mut command = on_current(&testbed, &namespace);
    command.args(["--advertise", &testbed.host_address.to_string()]);
    let (code, output, errors) = end(command).await;
    assert_eq!(code, Some(1), "{output}");
    assert_sentence(&errors, "--yes");
    assert!(errors.contains("testbed") && errors.contains("https://"), "{errors}");
    assert!(!exists(&testbed, &namespace).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_pods_do_not_reach_is_named() {
    let (testbed, _order) = Testbed::shared().await;
    let namespace = new_name();
    let mut command = on_current(&testbed, &namespace);
    // An address for documentation, which leads nowhere.
    command.args(["--yes", "--advertise", "203.0.113.7"]);
    let (code, output, errors) = end(command).await;
    assert_eq!(code, Some(1), "{output}");
    assert_sentence(&errors, "cannot fetch http://203.0.113.7:");
    assert!(!exists(&testbed, &namespace).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_namespace_of_others_is_left_alone() {
    let (testbed, _order) = Testbed::shared().await;
    let (code, output, errors) = end(agreed(&testbed, "kube-public", &fixture("hello.yml"))).await;
    assert_eq!(code, Some(1), "{output}");
    assert_sentence(&errors, "kube-public");
    assert!(exists(&testbed, "kube-public").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_removes_everything() {
    let (testbed, _order) = Testbed::shared().await;
    let folder = TempDir::new().expect("a folder can be made");
    let pipeline = folder.path().join("endless.yml");
    std::fs::write(&pipeline, ENDLESS).expect("a file can be written");
    let namespace = new_name();
    let running = Running::until(agreed(&testbed, &namespace, &pipeline), "$ sleep 600").await;
    assert!(exists(&testbed, &namespace).await, "{}", running.seen);
    let controller = controller_of(running.id()).expect("the controller runs");
    signal(Signal::SIGINT, running.id());
    let (code, errors) = running.end().await;
    assert_eq!(code, Some(1));
    assert_sentence(&errors, "interrupted");
    assert!(!exists(&testbed, &namespace).await);
    assert!(!Path::new(&format!("/proc/{controller}")).exists(), "the controller still runs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_controller_that_dies_is_told_with_its_last_words() {
    let (testbed, _order) = Testbed::shared().await;
    let namespace = new_name();
    let mut command = agreed(&testbed, &namespace, &fixture("hello.yml"));
    command.arg("--keep");
    let running = Running::until(command, "Keeping").await;
    signal(Signal::SIGTERM, controller_of(running.id()).expect("the controller runs"));
    let (code, errors) = running.end().await;
    assert_eq!(code, Some(1));
    assert!(errors.contains("the controller ended by itself"), "{errors}");
    assert!(errors.contains("asked to stop"), "the end of its log: {errors}");
    assert!(!exists(&testbed, &namespace).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cluster_hello_goes_green_on_this_machine_alone() {
    let (testbed, _order) = Testbed::shared().await;
    let (code, output, errors) = end(demo(&testbed)).await;
    assert_eq!(code, Some(0), "{output}{errors}");
    for part in ["processes of this machine", "| the sidecar says hello", "| all green", "Green"] {
        assert!(output.contains(part), "no {part:?} in:\n{output}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cluster_a_file_that_means_containers_needs_a_yes() {
    let (testbed, _order) = Testbed::shared().await;
    let asked = |more: &[&str]| {
        let mut command = demo(&testbed);
        command.arg("--pipeline").arg(fixture("failing.yml")).args(more);
        command
    };
    let (code, output, errors) = end(asked(&[])).await;
    assert_eq!(code, Some(1), "{output}");
    assert_sentence(&errors, "--yes");
    assert!(!output.contains("about to fail"), "{output}");
    let (code, output, errors) = end(asked(&["--yes"])).await;
    assert_eq!(code, Some(1), "{output}");
    assert!(errors.ends_with("error: the build did not go green; its log is above\n"), "{errors}");
    assert!(output.contains("failed with exit status 3"), "{output}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_cluster_an_interrupt_ends_the_steps() {
    let (testbed, _order) = Testbed::shared().await;
    let folder = TempDir::new().expect("a folder can be made");
    let pipeline = folder.path().join("endless.yml");
    std::fs::write(&pipeline, ENDLESS).expect("a file can be written");
    let mut command = demo(&testbed);
    command.arg("--yes").arg("--pipeline").arg(&pipeline);
    let running = Running::until(command, "$ sleep 600").await;
    signal(Signal::SIGINT, running.id());
    let (code, errors) = running.end().await;
    assert_eq!(code, Some(1));
    assert!(errors.ends_with("error: interrupted\n"), "{errors}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_goes_green_on_a_cluster_of_its_own_which_is_kept_until_an_interrupt() {
    let (testbed, _order) = Testbed::shared().await;
    let target = TempDir::new().expect("a folder can be made");
    let mut command = demo(&testbed);
    command.args(["--cluster", "local", "--keep"]).env("CARGO_TARGET_DIR", target.path());
    let running = Running::until(command, "Keeping").await;
    assert!(running.seen.contains("| all green"), "{}", running.seen);
    let state = target.path().join("testbed/demo");
    assert!(state.join("admin.kubeconfig").exists(), "the cluster is kept");
    signal(Signal::SIGINT, running.id());
    let (code, errors) = running.end().await;
    assert_eq!(code, Some(0), "{errors}");
    let entries = std::fs::read_dir(&state).expect("the state directory is there");
    let left: Vec<_> = entries.map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left, ["logs"], "of the cluster only the logs stay");
}
