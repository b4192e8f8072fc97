//! A controller that works: its probes and its metrics.

use crate::{
    bench::{Bench, Port},
    http,
};

/// What a plain scrape holds; the names are those of `docs/spec/metrics.md`.
const METRICS: [&str; 17] = [
    "# TYPE buildkite_job_end_to_end_seconds histogram",
    "buildkite_job_end_to_end_seconds_count 0",
    "buildkite_monitor_monitor_up 1",
    "# TYPE buildkite_monitor_job_queries_total counter",
    "buildkite_limiter_max_in_flight 25",
    "buildkite_limiter_tokens_available 25",
    "buildkite_limiter_onadd_events_total 0",
    "buildkite_deduper_jobs_running 0",
    "buildkite_scheduler_job_create_calls_total 0",
    "buildkite_job_watcher_onupdate_events_total 0",
    "buildkite_pod_watcher_num_job_cancel_checkers 0",
    "buildkite_build_info{version=\"",
    "# TYPE process_cpu_seconds_total counter",
    "process_cpu_seconds_total ",
    "process_resident_memory_bytes ",
    "process_open_fds ",
    "process_start_time_seconds ",
];

#[tokio::test]
async fn one_listener_serves_probes_and_metrics_when_the_ports_are_equal() {
    let bench = Bench::new().await;
    let program = bench.start("");
    let ready = bench.ready(&program).await;
    assert_eq!(ready.headers["content-type"], "text/plain; charset=utf-8");
    for check in ["[+]token", "[+]registered", "[+]jobs", "[+]pods", "[+]list"] {
        assert!(ready.body.lines().any(|line| line.starts_with(check)), "no `{check}` in\n{}", ready.body);
    }
    for path in ["/livez", "/readyz", "/startupz", "/metrics"] {
        let answer = http::request("HEAD", bench.port, path, "*/*").await.unwrap();
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{path}");
        assert_eq!(http::request("POST", bench.port, path, "*/*").await.unwrap().status, 405, "{path}");
    }
    assert_eq!(http::get(bench.port, "/elsewhere").await.status, 404);

    let plain = http::get(bench.port, "/metrics").await;
    assert_eq!(plain.status, 200);
    assert_eq!(plain.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    for line in METRICS {
        assert!(plain.body.lines().any(|have| have.starts_with(line)), "no `{line}` in\n{}", plain.body);
    }
    let open = http::request("GET", bench.port, "/metrics", "application/openmetrics-text").await.unwrap();
    assert_eq!(open.headers["content-type"], "application/openmetrics-text; version=1.0.0; charset=utf-8");
    assert!(open.body.ends_with("# EOF\n"), "{}", open.body);
    assert_eq!(program.stop().await.status.code(), Some(0));
}

#[tokio::test]
async fn two_ports_are_two_listeners() {
    let bench = Bench::new().await;
    let reserved = Port::reserve();
    let metrics = reserved.number;
    let program = bench.start(&format!("prometheus-port: {metrics}\n"));
    bench.ready(&program).await;
    for (port, path, status) in [
        (bench.port, "/livez", 200),
        (bench.port, "/metrics", 404),
        (metrics, "/metrics", 200),
        (metrics, "/livez", 404),
    ] {
        assert_eq!(http::get(port, path).await.status, status, "{path}");
    }
    program.stop().await;
}

#[tokio::test]
async fn port_zero_is_off() {
    let bench = Bench::new().await;
    let program = bench.start("prometheus-port: 0\n");
    bench.ready(&program).await;
    assert_eq!(http::get(bench.port, "/metrics").await.status, 404);
    program.stop().await;
}
