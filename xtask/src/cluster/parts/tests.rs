use super::*;

struct Machine {
    root: tempfile::TempDir,
}

impl Machine {
    fn with(programs: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        for program in programs {
            let path = root.path().join(program);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        Self { root }
    }

    fn locate(&self, part: &Part, version: &str) -> Option<String> {
        let root = self.root.path();
        let places = Places {
            explicit: Some(root.join("explicit")),
            cache: root.join("cache"),
            installed: vec![root.join("assets"), root.join("path")],
        };
        let found = locate(part, &places, "etcd-pin", |_| Some(version.to_owned()))?;
        Some(found.strip_prefix(root).unwrap().display().to_string())
    }
}

const ETCD: &Part = &CONTROL_PLANE[0];
const GOOD: &str = "etcd Version: 3.6.1\nGit SHA: none";

#[track_caller]
fn check(programs: &[&str], version: &str, want: Option<&str>) {
    assert_eq!(Machine::with(programs).locate(ETCD, version).as_deref(), want);
}

#[test]
fn parts_are_found_in_order() {
    let all = ["explicit/etcd", "cache/etcd-pin/etcd", "assets/etcd", "path/etcd"];
    check(&all, GOOD, Some("explicit/etcd"));
    check(&all[1..], GOOD, Some("cache/etcd-pin/etcd"));
    check(&all[2..], GOOD, Some("assets/etcd"));
    check(&all[3..], GOOD, Some("path/etcd"));
    check(&[], GOOD, None);
}

#[test]
fn a_strict_run_takes_no_installed_program() {
    let assets = || Some(PathBuf::from("/assets"));
    let path = OsStr::new("/usr/bin:/bin");
    assert_eq!(installed(assets(), path, false), ["/assets", "/usr/bin", "/bin"].map(PathBuf::from));
    assert_eq!(installed(assets(), path, true), Vec::<PathBuf>::new());
}

#[test]
fn an_installed_program_of_another_version_is_passed_over() {
    check(&["path/etcd"], "etcd Version: 3.5.9", None);
    check(&["explicit/etcd"], "etcd Version: 3.5.9", Some("explicit/etcd"));
}

#[test]
fn a_cached_program_of_other_pins_is_passed_over() {
    check(&["cache/etcd-older/etcd"], GOOD, None);
}

#[test]
fn the_stacks_client_is_never_taken_from_the_path() {
    let machine = Machine::with(&["path/stacksapi-client"]);
    assert_eq!(machine.locate(&STACKS_CLIENT, "v1.0.2"), None);
}

#[test]
fn kubernetes_programs_know_their_version() {
    let kubectl = CONTROL_PLANE.iter().find(|part| part.name == "kubectl").unwrap();
    let flags = linker_flags(kubectl);
    assert!(flags.contains("gitVersion=v1.36.3"), "{flags}");
    assert!(flags.contains("gitMinor=36"), "{flags}");
}

#[test]
fn every_pin_names_its_part_and_exists() {
    for part in CONTROL_PLANE.iter().chain(NODE).chain(TEST_PROGRAMS) {
        let pin = pin(part).unwrap();
        assert!(pin.starts_with(part.name), "{pin}");
    }
}

#[test]
fn go_modules_pin_the_versions_named_here() {
    for part in CONTROL_PLANE.iter().chain(NODE).chain(TEST_PROGRAMS) {
        let go_mod = fs::read_to_string(testbed_dir().join(part.module).join("go.mod")).unwrap();
        let version = format!(" {}", part.version);
        let require = go_mod.lines().find(|line| line.starts_with("require ")).unwrap_or_default();
        // The agent's version is written without the v because its image is tagged so.
        let version = if part.name == "buildkite-agent" { format!(" v{}", part.version) } else { version };
        assert!(require.contains(&version), "{}: {require}", part.name);
    }
}

/// Libraries of Kubernetes v1.x.y are published as v0.x.y.
#[test]
fn the_judge_of_merges_is_of_the_tested_kubernetes() {
    assert_eq!(STRATEGIC_MERGE.version, KUBERNETES.replacen("v1.", "v0.", 1));
    let pins = fs::read_to_string(testbed_dir().join("strategic-merge/go.mod")).unwrap();
    for library in ["api", "apimachinery"] {
        assert!(
            pins.contains(&format!("require k8s.io/{library} {}\n", STRATEGIC_MERGE.version)),
            "{library}"
        );
    }
}

/// What a user gets by default is what the tests ran.
#[test]
fn the_tested_agent_is_the_default_agent() {
    assert_eq!(AGENT.version, podspec_builder::DEFAULT_AGENT_VERSION);
}

/// The types are of the Kubernetes minor version that the tests run.
#[test]
fn the_tested_kubernetes_is_the_one_of_the_types() {
    let mut numbers = KUBERNETES.trim_start_matches('v').split('.');
    let (major, minor) = (numbers.next().unwrap(), numbers.next().unwrap());
    let manifest = crate::workspace::root().join("bins/agent-stack-k8s/Cargo.toml");
    let manifest: toml::Table = fs::read_to_string(manifest).unwrap().parse().unwrap();
    let features = manifest["dependencies"]["k8s-openapi"]["features"].as_array().unwrap();
    assert!(features.contains(&toml::Value::from(format!("v{major}_{minor}"))), "{features:?}");
}
