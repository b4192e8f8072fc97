//! Nothing that is shipped can have a planted defect.

use std::process::Command;

use serde_json::Value;

const FEATURE: &str = "planted-defects";

fn packages() -> Vec<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs, as it runs this test");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("it is JSON");
    metadata["packages"].as_array().expect("there are packages").clone()
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Cargo joins the features of everything that it builds together: so no dependency may ask for it either.
#[test]
fn nothing_enables_planted_defects_by_itself() {
    let mut who = Vec::new();
    for package in packages() {
        let name = package["name"].as_str().unwrap().to_owned();
        for dependency in package["dependencies"].as_array().unwrap() {
            let asked = strings(&dependency["features"]);
            assert!(!asked.contains(&FEATURE), "{name} enables it in {}", dependency["name"]);
        }
        for (feature, enables) in package["features"].as_object().unwrap() {
            let passes_on = strings(enables).iter().any(|enabled| enabled.ends_with(FEATURE));
            assert!(feature == FEATURE || !passes_on, "{name}: the feature {feature} enables it");
            if feature == FEATURE {
                who.push(name.clone());
            }
        }
    }
    who.sort();
    assert_eq!(who, ["k8s-runtime", "simulation", "stack-controller"]);
}

/// The simulation itself is not shipped.
#[test]
fn the_simulation_is_not_published() {
    let packages = packages();
    let simulation = packages.iter().find(|package| package["name"] == "simulation").unwrap();
    assert_eq!(simulation["publish"], Value::Array(Vec::new()));
}
