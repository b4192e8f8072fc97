//! Names that live on, and features that are not there: controller-config 9.

use super::*;

/// controller-config K17, and the table of section 9.
#[test]
fn leftovers() {
    let file = "org: a\ncluster-uuid: b\nbuildkite-token: secret-value\ngraphql-results-limit: 5\nstale-job-data-timeout: 10s\n";
    let from_file = loaded(file);
    assert_eq!(from_file.warnings.len(), 5);
    assert!(warnings(&from_file).iter().all(|warning| !warning.contains("secret-value")));
    assert_eq!(from_file.settings.buildkite.claimed_cluster_uuid.as_deref(), Some("b"));
    assert!(warnings(&from_file).iter().any(|warning| warning.contains("pagination-page-size")));
    let flags = with("", &[], &["--org", "x", "--cluster-uuid", "y"]).unwrap();
    assert_eq!(flags.warnings.len(), 2);
    assert_eq!(flags.warnings[0].source, Source::Flag("org".to_owned()));
    // One warning per setting, however many forms it comes in; the variable ORG alone gets none.
    let both =
        with("graphql-endpoint: x", &[("GRAPHQL_ENDPOINT", "y"), ("ORG", "z")], &["--graph-ql-endpoint=q"])
            .unwrap();
    assert_eq!(both.warnings.len(), 1);
    let test_token =
        with("integration-test-buildkite-token: x", &[("INTEGRATION_TEST_BUILDKITE_TOKEN", "y")], &[])
            .unwrap();
    assert_eq!(test_token.warnings, []);
    let experimental =
        with("experimental-stacks-api-support: false", &[], &["--experimental-job-reservation-support"])
            .unwrap();
    assert!(warnings(&experimental)[0].contains("has no effect"));
    assert!(warnings(&experimental)[1].contains("cannot be switched off"));
    assert_eq!(loaded("org: ~").warnings.len(), 1);
}

/// controller-config 9: aliases.
#[test]
fn aliases() {
    let volume = "{name: w, emptyDir: {}}";
    let alias = loaded(&format!("workspaceVolume: {volume}"));
    assert_eq!(alias.settings.builder.workspace_volume.as_ref().unwrap()["name"], "w");
    assert!(warnings(&alias)[0].contains("workspace-volume"));
    assert!(refused(&format!("workspaceVolume: {volume}\nworkspace-volume: {volume}")).contains("given too"));

    let timeout = loaded("container-start-timeout: 10m").settings.builder.agent_config.unwrap();
    assert_eq!(timeout.container_start_timeout_nanos, Some(600_000_000_000));
    // The alias alone must not relax the agent's default.
    assert_eq!(timeout.verification_failure_behavior.as_deref(), Some("block"));
    let both = "container-start-timeout: 10m\nagent-config: {container-start-timeout: ";
    assert_eq!(
        loaded(&format!("{both}600s}}")).settings.builder.agent_config.unwrap().verification_failure_behavior,
        None
    );
    assert!(refused(&format!("{both}5m}}")).contains("differs from"));

    let list =
        loaded("tags: a=b,c=d\nadditional-redacted-vars: A_*,B_*\nagent-config: {experiment: \"x,y\"}");
    assert_eq!(list.settings.buildkite.tags.len(), 2);
    assert_eq!(list.settings.builder.additional_redacted_vars, ["A_*", "B_*"]);
    assert_eq!(list.settings.builder.agent_config.as_ref().unwrap().experiment, ["x", "y"]);
    assert_eq!(list.warnings.len(), 3);
}

/// What is not built yet is refused by name; its default is not: controller-config 4.8.
#[test]
fn unbuilt_settings() {
    for (file, key) in [
        ("enable-job-acquisition-tokens: true", "enable-job-acquisition-tokens"),
        ("queues: [{name: a}]", "queues"),
        ("max-in-flight-per-pipeline: 5", "max-in-flight-per-pipeline"),
        ("profiler-address: localhost:6060", "profiler-address"),
        ("log-http-payloads: true", "log-http-payloads"),
    ] {
        let error = with(file, &[], &[]).expect_err(file);
        assert_eq!((error.kind, error.problems[0].id), (ErrorKind::Config, None), "{file}");
        let shown = error.to_string();
        assert!(shown.starts_with(&format!("{key}: ")) && shown.contains("not built yet"), "{file}: {shown}");
    }
    // Who runs no controller gets them all (controller-config 8.3).
    let all = "enable-job-acquisition-tokens: true\nqueues: [{name: a}]\nmax-in-flight-per-pipeline: 5\n\
               profiler-address: localhost:6060\nlog-http-payloads: true\nlog-level: debug\n";
    let read = |_: &str| Ok(all.to_owned());
    let (args, variables) = (args(&["-f", "x"]), BTreeMap::new());
    let inputs = Inputs { args: &args, variables: &variables, read_file: &read, version: "1.2.3" };
    assert_eq!(load_for_render(&inputs).unwrap().warnings, []);
    let defaults = loaded(
        "enable-job-acquisition-tokens: false\nmax-in-flight-per-pipeline: 0\nprofiler-address: \"\"\n\
         log-http-payloads: false\nenable-completion-watcher: true\n",
    );
    assert!(warnings(&defaults).iter().all(|warning| !warning.contains("not built")));
}
