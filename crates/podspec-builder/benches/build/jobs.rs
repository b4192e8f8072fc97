//! The two jobs by which the cost of a build is judged.

use podspec_builder::{Builder, Built, JobRequest, JobUuid, Settings};
use serde_json::{Value, json};

/// A builder and a job for it.
pub(crate) struct Case {
    pub(crate) builder: Builder,
    pub(crate) job: JobRequest,
}

impl Case {
    /// From the text of the plugin list to the Job, as the controller does it.
    pub(crate) fn build(&self) -> Built {
        let plugins = self.builder.parse_plugin(&self.job).expect("the block is fine");
        self.builder.build(&self.job, &plugins, None).expect("the job can be built")
    }
}

/// What most steps are: one container with image and command, under default settings.
pub(crate) fn one_container() -> Case {
    let block =
        json!({ "podSpec": { "containers": [{ "image": "golang:1.25", "command": ["make test"] }] } });
    Case { builder: Builder::new(Settings::default()).expect("defaults are fine"), job: job(&block) }
}

/// A patch of the controller, a patch of the block, two sidecars, and some of everything else.
pub(crate) fn two_patches_and_sidecars() -> Case {
    let settings = Settings {
        pod_spec_patch: Some(json!({
            "serviceAccountName": "buildkite-jobs",
            "nodeSelector": { "kubernetes.io/arch": "amd64", "pool": "builders" },
            "tolerations": [{ "key": "builders", "operator": "Exists", "effect": "NoSchedule" }],
            "containers": [
                { "name": "agent", "resources": { "requests": { "cpu": "100m", "memory": "128Mi" } } },
                { "name": "checkout", "resources": { "limits": { "cpu": 1 } }, "env": [{ "name": "GIT_TRACE", "value": "1" }] },
            ],
            "initContainers": [{ "name": "copy-agent", "securityContext": { "runAsNonRoot": true } }],
        })),
        ..Settings::default()
    };
    let block = json!({
        "metadata": { "labels": { "team": "payments" }, "annotations": { "example.com/owner": "payments-on-call" } },
        "gitEnvFrom": [{ "secretRef": { "name": "git-credentials" } }],
        "extraVolumeMounts": [{ "name": "cache", "mountPath": "/var/cache/build" }],
        "podSpec": {
            "volumes": [{ "name": "cache", "persistentVolumeClaim": { "claimName": "build-cache" } }],
            "containers": [
                {
                    "name": "app",
                    "image": "registry.example.com/payments/builder:2026-11",
                    "command": ["make", "integration-test"],
                    "env": [
                        { "name": "DATABASE_URL", "value": "postgres://localhost:5432/payments_test" },
                        { "name": "RAILS_ENV", "value": "test" },
                        { "name": "API_TOKEN", "valueFrom": { "secretKeyRef": { "name": "api", "key": "token" } } },
                    ],
                    "resources": { "requests": { "cpu": 2, "memory": "4Gi" } },
                },
                { "name": "report", "image": "registry.example.com/tools/junit:1", "command": ["junit-upload"], "args": ["tmp/junit.xml"] },
            ],
        },
        "sidecars": [
            {
                "name": "database",
                "image": "postgres:18",
                "env": [{ "name": "POSTGRES_PASSWORD", "value": "test" }],
                "ports": [{ "containerPort": 5432 }],
                "readinessProbe": { "exec": { "command": ["pg_isready"] }, "periodSeconds": 2 },
            },
            { "name": "cache", "image": "redis:8", "args": ["--save", ""] },
        ],
        "podSpecPatch": {
            "terminationGracePeriodSeconds": 120,
            "containers": [
                {
                    "name": "app",
                    "env": [{ "name": "RAILS_ENV", "value": "ci" }, { "name": "CI_NODE_TOTAL", "value": "4" }],
                    "resources": { "limits": { "memory": "6Gi" } },
                },
                { "name": "checkout", "env": [{ "name": "GIT_TRACE", "$patch": "delete" }] },
            ],
            "initContainers": [{ "name": "database", "resources": { "requests": { "memory": "512Mi" } } }],
        },
    });
    Case { builder: Builder::new(settings).expect("the settings are fine"), job: job(&block) }
}

fn job(block: &Value) -> JobRequest {
    let uuid = JobUuid::new("0195e5a7-0c3a-4a5b-9d68-6f1f3c2b1a00").expect("it is a uuid");
    let mut job = JobRequest::new(uuid, "make test");
    let plugins = json!([{ "github.com/buildkite-plugins/kubernetes-buildkite-plugin": block }]);
    for (key, value) in [
        ("BUILDKITE_BRANCH", "feature/faster-checkout"),
        ("BUILDKITE_BUILD_URL", "https://buildkite.com/example-organization/payments/builds/1234"),
        ("BUILDKITE_PIPELINE_SLUG", "payments"),
        ("BUILDKITE_PLUGINS", &plugins.to_string()),
        ("BUILDKITE_REPO", "git@github.com:example-organization/payments.git"),
        ("BUILDKITE_STEP_KEY", "test"),
    ] {
        job.env.insert(key.to_owned(), value.to_owned());
    }
    job.agent_query_rules = vec!["queue=kubernetes".to_owned()];
    job
}
