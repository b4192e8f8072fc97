//! Each value of a full file reaches its place in the settings.

use serde_json::json;

use super::*;

/// Each value of a full file lands.
#[test]
fn every_key_lands() {
    use podspec_builder::{Interposer, PullPolicy};

    let loaded = loaded(include_str!("../all-keys.yaml"));
    assert_eq!(loaded.warnings, []);
    let (settings, buildkite) = (&loaded.settings, &loaded.settings.buildkite);
    let seconds = Duration::from_secs;
    assert_eq!(settings.id, "my-id");
    assert_eq!((buildkite.stack_key.as_str(), buildkite.queue.as_str()), ("my-id", "my-queue"));
    assert_eq!(buildkite.tags.len(), 3);
    assert_eq!((buildkite.endpoint.as_str(), buildkite.http2), ("https://agent.example/v3", false));
    assert_eq!(buildkite.agent_token_secret, "my-token");
    assert_eq!((buildkite.http_timeout, buildkite.poll_interval), (seconds(10), seconds(2)));
    assert_eq!((buildkite.page_size.get(), buildkite.pages_per_poll.get()), (500, 5));
    assert_eq!(buildkite.reservation_expiry, seconds(1800));
    assert_eq!(settings.kubernetes.namespace, "my-namespace");
    assert_eq!(settings.kubernetes.leader_lease, LeaderLease::Required);
    let limit = settings.kubernetes.rate_limit.unwrap();
    assert_eq!((limit.per_second.get(), limit.burst.get()), (20, 30));
    let limits = &settings.limits;
    assert_eq!(limits.max_in_flight.unwrap().get(), 100);
    assert_eq!((limits.work_queue_limit.get(), limits.job_creation_concurrency.get()), (2000, 7));
    assert_eq!(settings.grace.cancel_check_interval, seconds(10));
    assert_eq!((settings.http.health_port, settings.http.prometheus_port), (9216, 9216));
    let logging = &settings.logging;
    assert_eq!((logging.level, logging.format, logging.color), (LogLevel::Warn, LogFormat::Json, false));

    let builder = &settings.builder;
    assert_eq!(
        (builder.controller_id.as_str(), builder.image.as_str()),
        ("my-id", "registry.example/agent:1")
    );
    assert_eq!((builder.job_prefix.as_str(), builder.job_ttl), ("ci-", seconds(300)));
    assert_eq!(builder.agent_token_secret, "my-token");
    assert_eq!(builder.job_active_deadline_seconds, 3600);
    assert_eq!(builder.default_termination_grace_period_seconds, 120);
    assert_eq!(builder.default_image_pull_policy, Some(PullPolicy::Never));
    assert_eq!(builder.default_image_check_pull_policy, Some(PullPolicy::IfNotPresent));
    assert!(builder.skip_image_check_containers && builder.prohibit_kubernetes_plugin);
    assert!(builder.allow_pod_spec_patch_unsafe_command_modification);
    assert_eq!(builder.image_check_container_cpu_limit, "1000m");
    assert_eq!(builder.image_check_container_memory_limit, "256Mi");
    assert_eq!(builder.workspace_volume.as_ref().unwrap()["name"], "scratch");
    assert_eq!(builder.workspace_mount_sub_path_expr, "$(JOB)/a");
    let order = json!([{ "name": "checkout" }]);
    let variable = json!({ "name": "HOME", "$patch": "delete" });
    assert_eq!(
        builder.pod_spec_patch,
        Some(json!({
            "hostNetwork": false, "hostname": null, "tolerations": [], "$setElementOrder/containers": order,
            "containers": [{ "name": "checkout", "image": "registry.example/git:V1", "env": [variable] }],
        }))
    );
    assert_eq!(builder.additional_redacted_vars, ["MY_*"]);
    assert_eq!(builder.default_resource_class_name, "small");
    let class = &builder.resource_classes.as_ref().unwrap()["small"];
    assert_eq!(class.resource.as_ref().unwrap()["limits"]["memory"], "1Gi");
    assert_eq!(class.pod_resource.as_ref().unwrap()["requests"]["cpu"], 1);
    assert_eq!(class.node_selector["pool"], "small");

    let checkout = &builder.default_checkout_params;
    assert_eq!((checkout.skip, checkout.no_submodules), (Some(false), Some(true)));
    assert_eq!(checkout.checkout_flags.as_deref(), Some("-f"));
    assert_eq!(checkout.clean_flags.as_deref(), Some(""));
    assert_eq!(checkout.clone_flags.as_deref(), Some("-v --depth 1"));
    assert_eq!(checkout.fetch_flags.as_deref(), Some("-v"));
    assert_eq!(checkout.submodule_clone_config, ["k=v"]);
    assert_eq!(checkout.git_mirrors.path.as_deref(), Some("/mirrors"));
    assert_eq!(checkout.git_mirrors.volume.as_ref().unwrap()["name"], "mirrors");
    assert_eq!(checkout.git_mirrors.clone_flags.as_deref(), Some("-v"));
    assert_eq!((checkout.git_mirrors.lock_timeout, checkout.git_mirrors.skip_update), (600, Some(true)));
    assert_eq!(checkout.git_credentials_secret.as_ref().unwrap()["secretName"], "git");
    assert_eq!((checkout.env_from.len(), checkout.extra_volume_mounts.len()), (1, 1));
    let command = &builder.default_command_params;
    assert_eq!(command.interposer, Some(Interposer::Vector));
    assert_eq!((command.env_from.len(), command.extra_volume_mounts.len()), (1, 1));
    let sidecar = &builder.default_sidecar_params;
    assert_eq!((sidecar.env_from.len(), sidecar.extra_volume_mounts.len()), (1, 1));
    assert_eq!(builder.default_metadata.labels["team"], "ci");
    assert_eq!(builder.default_metadata.annotations["example.com/note"], "yes");
}

/// What an operator writes comes out as it was written, and builds.
/// job-manifest C-356; controller-config K2
#[test]
fn a_whole_example() {
    use podspec_builder::{Builder, Interposer, JobRequest, JobUuid, PullPolicy};

    let loaded = loaded(include_str!("../example.yaml"));
    assert_eq!(loaded.warnings, []);
    let settings = loaded.settings;
    assert_eq!((settings.buildkite.queue.as_str(), settings.id.as_str()), ("heavy", "ci-a"));
    let builder = &settings.builder;
    assert_eq!((builder.job_prefix.as_str(), builder.job_ttl), ("testkite-", Duration::from_secs(300)));
    assert_eq!(builder.default_termination_grace_period_seconds, 80);
    assert_eq!(builder.default_command_params.interposer, Some(Interposer::Vector));
    assert_eq!(builder.image_check_container_cpu_limit, "201m");
    assert_eq!(builder.image_check_container_memory_limit, "129Mi");
    assert_eq!(builder.default_image_pull_policy, Some(PullPolicy::Never));
    assert_eq!(builder.default_image_check_pull_policy, Some(PullPolicy::IfNotPresent));
    let claim = &builder.workspace_volume.as_ref().unwrap()["ephemeral"]["volumeClaimTemplate"]["spec"];
    assert_eq!(claim["storageClassName"], "fast");
    let patch = builder.pod_spec_patch.as_ref().unwrap();
    assert_eq!(patch["containers"][0]["resources"]["requests"]["cpu"], 1);

    let builder = Builder::new(settings.builder).unwrap();
    let job = JobRequest::new(JobUuid::new("uuid-1").unwrap(), "true");
    let built = builder.build(&job, &builder.parse_plugin(&job).unwrap(), None).unwrap();
    let job = built.to_json();
    let pod = &job["spec"]["template"]["spec"];
    assert_eq!(job["metadata"]["name"], "testkite-uuid-1");
    assert_eq!(
        (&pod["serviceAccountName"], &pod["nodeSelector"]["pool"]),
        (&json!("ci-runner"), &json!("7"))
    );
    let requests = json!({ "cpu": "1", "memory": "512Mi" });
    assert_eq!(pod["containers"][0]["resources"]["requests"], requests);
    let token = json!({ "secretKeyRef": { "name": "forge", "key": "token" } });
    assert_eq!(pod["containers"][0]["env"][0], json!({ "name": "FORGE_TOKEN", "valueFrom": token }));
}

/// controller-config 5.10: each key of `pod-policy` lands.
#[test]
fn every_key_of_pod_policy_lands() {
    let policy = loaded(include_str!("../all-keys.yaml")).settings.builder.pod_policy.unwrap();
    let texts = |texts: &[&str]| Some(texts.iter().map(|text| (*text).to_owned()).collect::<Vec<String>>());
    let map = |entries: &[(&str, &str)]| -> BTreeMap<String, String> {
        entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let want = podspec_builder::PodPolicy {
        allowed_images: texts(&["registry.example/**", "docker.io/library/*"]),
        denied_images: texts(&["**:latest"]),
        allow_privileged: Some(false),
        allow_host_namespaces: Some(false),
        allow_host_path: texts(&["/plugins"]),
        allowed_service_accounts: texts(&["ci-*"]),
        max_container_resources: map(&[("cpu", "8"), ("memory", "32Gi"), ("example.com/gpu", "1")]),
        max_pod_resources: map(&[("cpu", "1.5e1"), ("memory", "64Gi")]),
        required_labels: map(&[("team", "*")]),
        allowed_secret_refs: texts(&["*"]),
        allowed_node_selectors: texts(&["pool"]),
        allowed_tolerations: texts(&["gpu", "*"]),
    };
    assert_eq!(policy, want);
}

/// controller-config 5.4: each key of `agent-config` lands.
#[test]
fn every_key_of_agent_config_lands() {
    let config = loaded(include_str!("../all-keys.yaml")).settings.builder.agent_config.unwrap();
    let hooks_volume =
        serde_json::json!({"name": "hooks", "configMap": {"name": "hooks", "defaultMode": 0o755}});
    let text = |text: &str| Some(text.to_owned());
    let volume = |value: &serde_json::Value| Some(value.clone());
    let secret = |name: &str| serde_json::json!({"name": name, "secret": {"secretName": name}});
    let want = podspec_builder::AgentConfig {
        endpoint: text("https://agent.example/v3"),
        no_http2: Some(true),
        experiment: vec!["a".to_owned(), "b".to_owned()],
        shell: text("/bin/bash -e -c"),
        no_color: Some(true),
        strict_single_hooks: Some(true),
        no_multipart_artifact_upload: Some(true),
        trace_context_encoding: text("json"),
        tracing_backend: text("opentelemetry"),
        tracing_service_name: text("ci"),
        tracing_propagate_traceparent: Some(true),
        disable_warnings_for: vec!["x".to_owned()],
        debug_signing: Some(true),
        git_skip_fetch_existing_commits: Some(true),
        container_start_timeout_nanos: Some(600_000_000_000),
        hooks_path: text("/hooks"),
        hooks_volume: volume(&hooks_volume),
        additional_hooks_paths: vec!["/image/hooks".to_owned()],
        additional_hooks: vec![podspec_builder::AdditionalHook {
            path: "/more".to_owned(),
            volume: volume(&serde_json::json!({"name": "more", "emptyDir": {}})),
        }],
        plugins_path: text("/plugins"),
        plugins_volume: volume(&serde_json::json!({"name": "plugins", "hostPath": {"path": "/plugins"}})),
        no_pty: Some(true),
        no_command_eval: Some(true),
        no_local_hooks: Some(true),
        no_plugins: Some(true),
        plugin_validation: Some(false),
        signing_jwks_file: text("key.json"),
        signing_jwks_key_id: text("my-key"),
        signing_jwks_volume: volume(&secret("signing")),
        verification_jwks_file: text("/keys/verify.json"),
        verification_jwks_volume: volume(&secret("verification")),
        verification_failure_behavior: text("block"),
    };
    assert_eq!(config, want);
}
