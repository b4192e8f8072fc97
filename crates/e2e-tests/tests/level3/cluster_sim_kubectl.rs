//! A real `kubectl` against `cluster-sim` over TCP: what people type works.

use std::path::PathBuf;
use std::process::Stdio;

use cluster_sim::{Cluster, Kind, Options};
use e2e_tests::testbed::Testbed;
use tempfile::TempDir;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::task::JoinHandle;

const JOB: &str = "\
apiVersion: batch/v1
kind: Job
metadata:
  name: hello
  labels: {app: hello}
spec:
  backoffLimit: 0
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: busybox:1.36
        command: [echo, hello]
";

/// A cluster that listens, and a `kubectl` that knows only it.
struct Stage {
    cluster: Cluster,
    kubectl: PathBuf,
    home: TempDir,
    server: JoinHandle<()>,
}

impl Stage {
    async fn start() -> Self {
        let kubectl = Testbed::from_environment().bin.join("kubectl");
        let cluster = Cluster::new(Options::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let home = tempfile::tempdir().expect("a temporary folder");
        let kubeconfig = cluster.kubeconfig(listener.local_addr().expect("a listener has an address"));
        std::fs::write(home.path().join("config"), kubeconfig).expect("the folder can be written to");
        let served = cluster.clone();
        let server = tokio::spawn(async move {
            served.serve(listener, std::future::pending()).await.expect("serving does not end by itself");
        });
        Self { cluster, kubectl, home, server }
    }

    /// Standard output of a call that ends well, given this standard input.
    async fn call(&self, arguments: &[&str], input: &str) -> String {
        let mut child = Command::new(&self.kubectl)
            .args(arguments)
            .env_clear()
            .env("HOME", self.home.path())
            .env("KUBECONFIG", self.home.path().join("config"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("kubectl can be started");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        stdin.write_all(input.as_bytes()).await.expect("kubectl reads its input");
        drop(stdin);
        let output = child.wait_with_output().await.expect("kubectl ends");
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "kubectl {arguments:?}: {}\n{out}{err}", output.status);
        out.into_owned()
    }

    /// Output of a call without input that ends well, and that holds each of these parts.
    async fn shows(&self, arguments: &[&str], parts: &[&str]) -> String {
        let out = self.call(arguments, "").await;
        // Columns are as wide as their longest cell.
        let text = out.split_whitespace().collect::<Vec<_>>().join(" ");
        for part in parts {
            assert!(text.contains(part), "kubectl {arguments:?}: no {part:?} in\n{out}");
        }
        out
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.server.abort();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn kubectl_gets_describes_reads_logs_and_deletes() {
    let stage = Stage::start().await;
    stage.shows(&["version"], &["Server Version: v1.36"]).await;
    stage.shows(&["get", "namespaces"], &["NAME STATUS AGE", "default Active"]).await;
    assert_eq!(
        stage.call(&["create", "--validate=false", "-f", "-"], JOB).await,
        "job.batch/hello created\n"
    );
    let complete = ["wait", "--for=condition=complete", "job/hello", "--timeout=30s"];
    stage.shows(&complete, &["job.batch/hello condition met"]).await;

    stage.shows(&["get", "jobs"], &["NAME STATUS COMPLETIONS DURATION AGE hello Complete 1/1"]).await;
    stage
        .shows(&["get", "pods", "-l", "job-name=hello"], &["READY STATUS RESTARTS AGE", "0/1 Completed 0"])
        .await;
    stage.shows(&["get", "pods", "-o", "wide"], &["NODE", "NOMINATED NODE"]).await;
    stage.shows(&["get", "job", "hello", "-o", "yaml"], &["kind: Job", "succeeded: 1"]).await;
    let named = stage.call(&["get", "pods", "-o", "name"], "").await;
    let pod = named.trim();

    let job =
        ["Name: hello", "Pods Statuses: 0 Active (0 Ready) / 1 Succeeded / 0 Failed", "SuccessfulCreate"];
    stage.shows(&["describe", "job", "hello"], &job).await;
    let words = ["Controlled By: Job/hello", "Reason: Completed", "Exit Code: 0"];
    stage.shows(&["describe", pod], &words).await;
    stage.shows(&["get", "events"], &["LAST SEEN TYPE REASON OBJECT MESSAGE", "job/hello"]).await;
    let uid = stage.cluster.objects(Kind::Pod, "default")[0]["metadata"]["uid"].to_string();
    stage.cluster.append_log(uid.trim_matches('"'), "main", b"one\nhello\n");
    assert_eq!(stage.call(&["logs", "job/hello"], "").await, "one\nhello\n");
    assert_eq!(stage.call(&["logs", pod, "-c", "main", "--tail=1"], "").await, "hello\n");

    let deleted = stage.shows(&["delete", "job", "hello"], &["\"hello\" deleted"]).await;
    assert!(deleted.starts_with("job.batch"), "{deleted}");
    stage.shows(&["wait", "--for=delete", pod, "--timeout=30s"], &[]).await;
    assert_eq!(stage.call(&["get", "jobs,pods"], "").await, "");
}
