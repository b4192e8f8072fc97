//! The table of pull policies (job-manifest 10.9).

use serde_json::{Value, json};

use super::config;
use super::row::build;

const AGENT_IMAGE: &str = "buildkite/agent:3.92.1";
const TAG: &str = "golang:1.23.5";
const DIGEST: &str = "golang:1.23.5@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// Row, default, check default, user image, own policy; check, container-0, agent and checkout, copy-agent.
/// A = Always, I = IfNotPresent, N = Never, `.` = unset or none.
const ROWS: [(&str, &str); 24] = [
    ("job-manifest C-148", ". . none .  . I I A"),
    ("job-manifest C-149", ". . tag .  A I I A"),
    ("job-manifest C-150", ". . digest .  I I I A"),
    ("job-manifest C-151", ". . tag A  A I I A"),
    ("job-manifest C-152", "A . none .  . I I A"),
    ("job-manifest C-153", ". A none .  . I I A"),
    ("job-manifest C-154", "A . tag .  A I I A"),
    ("job-manifest C-155", ". A tag .  A I I A"),
    ("job-manifest C-156", "A . digest .  A I I A"),
    ("job-manifest C-157", ". A digest .  A I I A"),
    ("job-manifest C-158", ". . tag I  I I I A"),
    ("job-manifest C-159", "I . none .  . I I I"),
    ("job-manifest C-160", ". I none .  . A I A"),
    ("job-manifest C-161", "I . tag .  I I I I"),
    ("job-manifest C-162", ". I tag .  I A I A"),
    ("job-manifest C-163", "I . digest .  I I I I"),
    ("job-manifest C-164", ". I digest .  I I I A"),
    ("job-manifest C-165", ". . tag N  N N I A"),
    ("job-manifest C-166", "N . none .  . N N N"),
    ("job-manifest C-167", ". N none .  . A I A"),
    ("job-manifest C-168", "N . tag .  N N N N"),
    ("job-manifest C-169", ". N tag .  N A I A"),
    ("job-manifest C-170", "N . digest .  N N N N"),
    ("job-manifest C-171", ". N digest .  N I I A"),
];

/// job-manifest C-172, R-89, R-107, R-108, R-109, R-110
#[test]
fn the_pull_policy_table_holds() {
    for (cite, row) in ROWS {
        let cells: Vec<&str> = row.split_whitespace().collect();
        let [default, check_default, image, own, check, command, agent, setup] = cells[..] else {
            panic!("{cite} has eight cells")
        };
        let mut config = json!({ "image": AGENT_IMAGE });
        set(&mut config, "default-image-pull-policy", default);
        set(&mut config, "default-image-check-pull-policy", check_default);
        let mut container = json!({ "image": if image == "tag" { TAG } else { DIGEST } });
        set(&mut container, "imagePullPolicy", own);
        let containers = if image == "none" { json!([]) } else { json!([container]) };
        let row = json!({ "plugin": { "podSpec": { "containers": containers } } });
        let built = build(&config::builder(&config).unwrap(), &row).unwrap();
        let job = built.to_json();
        let pod = &job["spec"]["template"]["spec"];
        let policy = |list: &str, name: &str| {
            let mut containers = pod[list].as_array().unwrap().iter();
            containers
                .find(|container| container["name"] == name)
                .map(|found| found["imagePullPolicy"].clone())
        };
        assert_eq!(policy("initContainers", "imagecheck-0"), word(check).map(Value::from), "{cite} check");
        assert_eq!(policy("initContainers", "imagecheck-1"), None, "{cite}: one check per image");
        assert_eq!(policy("containers", "container-0"), word(command).map(Value::from), "{cite} container-0");
        assert_eq!(policy("containers", "agent"), word(agent).map(Value::from), "{cite} agent");
        assert_eq!(policy("containers", "checkout"), word(agent).map(Value::from), "{cite} checkout");
        assert_eq!(policy("initContainers", "copy-agent"), word(setup).map(Value::from), "{cite} copy-agent");
    }
}

fn set(object: &mut Value, key: &str, cell: &str) {
    if let Some(word) = word(cell) {
        object[key] = word.into();
    }
}

fn word(cell: &str) -> Option<&'static str> {
    match cell {
        "A" => Some("Always"),
        "I" => Some("IfNotPresent"),
        "N" => Some("Never"),
        _ => None,
    }
}
