//! Many Jobs at once, through the API and to their end.

use std::time::Duration;

use cluster_sim::{Clock, Cluster, Kind, Options};
use serde_json::json;

use crate::client::{Client, JOBS, PODS, job, names, start};

const COUNT: usize = 300;

#[tokio::test(start_paused = true)]
async fn hundreds_of_jobs_run_and_are_cleaned_up() {
    let options = Options { record: true, ..Options::default() };
    let client = Client::over(Cluster::with_clock(options, Clock::tokio(start())));
    let timers = client.cluster.clone();
    let timers = tokio::spawn(async move { timers.run_timers().await });
    let mut watch = client.watch(&format!("{JOBS}?watch=1")).await;
    let watcher = tokio::spawn(async move {
        let mut gone = 0;
        while gone < COUNT {
            let (kind, _) = watch.next().await.unwrap();
            gone += usize::from(kind == "DELETED");
        }
    });
    for number in 0..COUNT {
        let mut job = job(&format!("job-{number}"));
        job["spec"]["ttlSecondsAfterFinished"] = 10.into();
        job["spec"]["template"]["metadata"] = json!({ "labels": { "number": number.to_string() } });
        assert_eq!(client.post(JOBS, &job).await.0, 201);
        tokio::time::sleep(Duration::from_millis(10)).await;
        let (_, pods) = client.get(&format!("{PODS}?labelSelector=number%3D{number}")).await;
        assert!(names(&pods).len() <= 1);
    }
    watcher.await.unwrap();
    client.cluster.until(|cluster| (cluster.count(Kind::Pod) == 0).then_some(())).await;
    let history = client.cluster.drain_history();
    let ended = |object: &shared_json::Value| object["status"]["succeeded"] == 1;
    let jobs =
        history.iter().filter(|change| change.kind == Kind::Job && change.verb == cluster_sim::Verb::Deleted);
    assert_eq!(jobs.filter(|change| ended(&change.object)).count(), COUNT);
    timers.abort();
}
