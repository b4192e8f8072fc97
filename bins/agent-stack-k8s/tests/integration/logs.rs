//! What the log looks like.

use serde_json::Value;

use crate::bench::Bench;

/// The whole log of a controller that was ready once, at level debug.
async fn log_with(settings: &str) -> String {
    let bench = Bench::new().await;
    let program = bench.start(&format!("debug: true\n{settings}"));
    bench.ready(&program).await;
    let ended = program.stop().await;
    assert_eq!(ended.status.code(), Some(0), "{}", ended.output());
    assert_eq!(ended.stderr, "");
    assert!(!ended.stdout.contains('\u{1b}'), "no colour without a terminal\n{}", ended.stdout);
    ended.stdout
}

#[tokio::test]
async fn json_is_one_object_per_line() {
    let log = log_with("log-format: json\norg: acme\n").await;
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    for line in &lines {
        for key in ["timestamp", "level", "message"] {
            assert!(line[key].is_string(), "no {key} in {line}");
        }
    }
    let starting = lines.iter().find(|line| line["message"] == "starting").unwrap();
    assert_eq!(starting["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(starting["config"], "config.yaml");
    assert!(starting["settings"].as_str().unwrap().contains("queue (config.yaml:2:8)"), "{starting}");
    assert!(lines.iter().any(|line| line["level"] == "WARN"), "the old setting is warned about");
}

#[tokio::test]
async fn logfmt_is_the_default() {
    let log = log_with("").await;
    for line in log.lines() {
        for key in ["ts=", " level=", " message="] {
            assert!(line.contains(key), "no `{key}` in {line}");
        }
    }
}

#[tokio::test]
async fn the_level_holds() {
    let bench = Bench::new().await;
    let program = bench.start("log-level: error\n");
    bench.ready(&program).await;
    let ended = program.stop().await;
    assert_eq!(ended.stdout, "", "nothing went wrong");
}
