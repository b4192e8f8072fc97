//! `run --cluster embedded`: the real controller, a Kubernetes in memory, and steps as processes.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::{finish, program};

/// Longest that anything here may take; most take a second or two.
const DEADLINE: Duration = Duration::from_secs(60);

/// A folder for pipeline files and for the jobs' directories.
struct Stage {
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let stage = Self { folder: TempDir::new().unwrap() };
        fs::create_dir(stage.scratch()).unwrap();
        stage
    }

    /// Where the jobs' directories are made.
    fn scratch(&self) -> PathBuf {
        self.folder.path().join("scratch")
    }

    /// Jobs' directories that are still there.
    fn left(&self) -> Vec<PathBuf> {
        fs::read_dir(self.scratch()).unwrap().map(|entry| entry.unwrap().path()).collect()
    }

    fn run_file(&self, file: &Path, more: &[&str]) -> Command {
        let mut command = program();
        command
            .arg("run")
            .arg(file)
            .args(["--cluster", "embedded", "--listen", "127.0.0.1:0"])
            .args(more)
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.scratch())
            .env("MY_SECRET", "do not show");
        command
    }

    fn run(&self, pipeline: &str, more: &[&str]) -> Command {
        let file = self.folder.path().join("p.yml");
        fs::write(&file, pipeline).unwrap();
        self.run_file(&file, more)
    }
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/pipelines").join(name)
}

/// Exit status, standard output and standard error.
async fn end(mut command: Command) -> (i32, String, String) {
    finish(command.spawn().unwrap()).await
}

/// Starts it and reads until a line holds `sign`; the answer is that line and the rest.
fn until(mut command: Command, sign: &str) -> (Child, String, impl Iterator<Item = String>) {
    let mut child = command.spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut seen = Vec::new();
    let found = lines.by_ref().find(|line| {
        seen.push(line.clone());
        line.contains(sign)
    });
    let line = found.unwrap_or_else(|| panic!("no {sign:?} in {seen:#?}"));
    (child, line, lines)
}

fn interrupt(child: &Child) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), Signal::SIGINT).unwrap();
}

/// The number after `name=` in a line.
fn number(line: &str, name: &str) -> i32 {
    let (_, rest) = line.split_once(&format!("{name}=")).unwrap();
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// Waits until there is no such process, not even one that nobody has asked for its status.
async fn gone(process: i32) {
    let started = Instant::now();
    loop {
        let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        let state = state.rsplit(')').next().unwrap_or_default().trim_start().chars().next();
        if matches!(state, None | Some('Z')) {
            return;
        }
        assert!(started.elapsed() < DEADLINE, "process {process} still runs");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[track_caller]
fn has(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hello_goes_green_with_its_sidecar_and_leaves_nothing() {
    let stage = Stage::new();
    let (status, out, err) = end(stage.run_file(&fixture("hello.yml"), &["--yes"])).await;
    assert_eq!(status, 0, "{out}{err}");
    has(
        &out,
        &[
            "| hello from ",
            "| the sidecar says hello",
            "| all green",
            "This step runs as processes of this machine in ",
            "images (busybox:1.36), volumes, users and limits are ignored.",
            "Build #1 passed",
        ],
    );
    has(&err, &["steps       processes of this machine"]);
    assert!(!out.contains("The sidecar"), "it ran until it was stopped:\n{out}");
    assert_eq!(stage.left(), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_exits_3_fails_the_build_and_what_waits_for_it() {
    let stage = Stage::new();
    let pipeline =
        "[{label: bad, command: 'echo about to fail; exit 3'}, wait, {label: never, command: make}]";
    let (status, out, err) = end(stage.run(pipeline, &[])).await;
    assert_eq!(status, 1, "{out}{err}");
    has(
        &out,
        &[
            "bad   | about to fail",
            "Error: the command ended with status 3",
            "failed with exit status 3",
            "never > not run, something before it failed",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn command_containers_take_turns_and_the_first_that_fails_ends_the_step() {
    let stage = Stage::new();
    let (status, out, err) = end(stage.run_file(&fixture("two-containers.yml"), &["--yes"])).await;
    assert_eq!(status, 0, "{out}{err}");
    let (first, second) = (out.find("| first container").unwrap(), out.find("| second container").unwrap());
    assert!(first < second, "{out}");
    let pipeline = "
- label: two
  plugins:
    - kubernetes:
        checkout: { skip: true }
        podSpec:
          containers:
            - { name: one, image: a, command: ['exit 4'] }
            - { name: two, image: b, command: ['echo out of turn'] }
";
    let (status, out, err) = end(stage.run(pipeline, &["--yes"])).await;
    assert_eq!(status, 1, "{out}{err}");
    has(&out, &["failed with exit status 4", "images (a, b)"]);
    assert!(!out.contains("| out of turn"), "{out}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_sees_nothing_of_this_environment_but_path_and_home() {
    let stage = Stage::new();
    let pipeline = "[{label: a, command: 'env; echo pwd=$$(pwd)', env: {MINE: yes}, key: k}]";
    let (status, out, err) = end(stage.run(pipeline, &["--env", "OURS=too"])).await;
    assert_eq!(status, 0, "{out}{err}");
    let scratch = stage.scratch().display().to_string();
    has(
        &out,
        &[
            "| MINE=yes",
            "| OURS=too",
            "| BUILDKITE_STEP_KEY=k",
            &format!("| HOME={}", stage.folder.path().display()),
            &format!("| pwd={scratch}/job-"),
            "# The build names no repository: nothing is checked out.",
        ],
    );
    for hidden in ["MY_SECRET", "BUILDKITE_AGENT_TOKEN", "TMPDIR", "CARGO"] {
        assert!(!out.contains(hidden), "{hidden} is in:\n{out}");
    }
    assert_eq!(stage.left(), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_that_is_given_is_checked_out() {
    let stage = Stage::new();
    let repository = stage.folder.path().join("repository");
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.args(["-c", "user.name=a", "-c", "user.email=a@example.test", "-C"]).arg(&repository);
        let done = command.args(arguments).env("HOME", stage.folder.path()).stdout(Stdio::null()).status();
        assert!(done.unwrap().success(), "{arguments:?}");
    };
    fs::create_dir(&repository).unwrap();
    git(&["init", "--quiet", "--initial-branch", "main"]);
    fs::write(repository.join("hello.txt"), "from the repository\n").unwrap();
    git(&["add", "hello.txt"]);
    git(&["commit", "--quiet", "-m", "first"]);
    let pipeline = "[{label: read, command: cat hello.txt}]";
    let url = repository.display().to_string();
    let (status, out, err) = end(stage.run(pipeline, &["--repository", &url])).await;
    assert_eq!(status, 0, "{out}{err}");
    has(&out, &["| from the repository"]);
    let (status, out, err) = end(stage.run(pipeline, &["--repository", &url, "--branch", "none"])).await;
    assert_eq!(status, 1, "{out}{err}");
    has(&out, &["origin/none"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_does_not_run_here_is_refused_or_told() {
    let stage = Stage::new();
    let pipeline = "[{label: a, command: make, plugins: [docker#v5: {image: x}]}]";
    let (status, out, err) = end(stage.run(pipeline, &[])).await;
    assert_eq!(status, 1, "{out}{err}");
    has(&out, &["would have to run, and no plugin runs here", "process_run_error"]);
    let pipeline = "
- label: a
  command: sleep 1
  plugins:
    - kubernetes:
        checkout: { skip: true }
        sidecars:
          - { name: gone, image: a, command: [sh, -c, 'echo my last words; exit 5'] }
          - { name: unknown, image: b }
          - { name: missing, image: c, command: [there-is-no-such-program] }
        podSpec:
          initContainers: [{ name: before, image: d, command: [\"true\"] }]
          containers: [{ image: e }]
";
    let (status, out, err) = end(stage.run(pipeline, &["--yes"])).await;
    assert_eq!(status, 0, "{out}{err}");
    has(
        &out,
        &[
            "The sidecar gone ended by itself (exit status: 5)",
            "my last words",
            "The container unknown is left out: it has no `command`",
            "The sidecar missing cannot be run",
            "The container before is left out: init containers are not run here",
        ],
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_means_containers_needs_a_yes() {
    let stage = Stage::new();
    let (status, out, err) = end(stage.run_file(&fixture("hello.yml"), &[])).await;
    assert_eq!(status, 2, "{out}{err}");
    assert_eq!(out, "", "nothing has run");
    has(&err, &["hello.yml has a `kubernetes` plugin", "processes of this machine", "--yes agrees"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_interrupt_cancels_the_build_and_lets_steps_clean_up() {
    let stage = Stage::new();
    let pipeline = r#"
- label: endless
  command: |
    trap 'echo the trap saw SIGTERM; exit 0' TERM
    sleep 600 &
    sh -c 'echo "pid=$$PPID child=$$0"' "$$!"
    wait
"#;
    let (child, line, rest) = until(stage.run(pipeline, &[]), "| pid=");
    interrupt(&child);
    let rest: Vec<String> = rest.collect();
    let (status, _, err) = finish(child).await;
    assert_eq!(status, 130, "{rest:#?}{err}");
    has(&rest.join("\n"), &["Canceling the build", "| the trap saw SIGTERM", "Build #1 canceled"]);
    gone(number(&line, "pid")).await;
    gone(number(&line, "child")).await;
    assert_eq!(stage.left(), Vec::<PathBuf>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_interrupt_leaves_at_once_and_kills_what_does_not_listen() {
    let stage = Stage::new();
    let pipeline = r#"
- label: deaf
  command: |
    trap '' TERM
    sh -c 'echo "pid=$$PPID"'
    while true; do sleep 1; done
"#;
    let (child, line, mut rest) = until(stage.run(pipeline, &[]), "| pid=");
    interrupt(&child);
    assert!(rest.any(|line| line.contains("Canceling the build")));
    interrupt(&child);
    let rest: Vec<String> = rest.collect();
    let (status, _, err) = finish(child).await;
    assert_eq!(status, 130, "{rest:#?}{err}");
    gone(number(&line, "pid")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_that_is_canceled_while_its_build_goes_on_is_stopped() {
    let stage = Stage::new();
    let pipeline = r#"
- label: slow
  cancel_on_build_failing: true
  command: |
    sh -c 'echo "pid=$$PPID"'
    sleep 600
- label: bad
  command: sleep 1; exit 1
"#;
    let (child, line, rest) = until(stage.run(pipeline, &[]), "| pid=");
    let rest: Vec<String> = rest.collect();
    let (status, _, err) = finish(child).await;
    assert_eq!(status, 1, "{rest:#?}{err}");
    has(&rest.join("\n"), &["slow > canceled"]);
    gone(number(&line, "pid")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_kept_until_an_interrupt() {
    let stage = Stage::new();
    let (child, line, _rest) =
        until(stage.run("[{label: a, command: 'true'}]", &["--keep"]), "Keeping the page");
    let address = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap();
    let address = address.trim_start_matches("http://").trim_end_matches('/').to_owned();
    tokio::net::TcpStream::connect(address).await.expect("the page is there");
    interrupt(&child);
    assert_eq!(finish(child).await.0, 0);
}
