//! The form in which manifests are compared.

use serde_json::{Value, json};
use strategic_merge::schema::{Kind, table};

use crate::as_json::normal_form;

#[track_caller]
fn check(pod: &Value, want: &Value) {
    let kind = Kind::Object(&table::POD_SPEC);
    let normal = normal_form(pod, kind);
    assert_eq!(&normal, want, "{pod}");
    assert_eq!(normal_form(&normal, kind), normal, "normal form is idempotent");
}

/// job-manifest R-184
#[test]
fn members_that_say_nothing_are_dropped() {
    check(
        &json!({
            "hostname": "", "hostNetwork": false, "tolerations": [], "securityContext": {}, "priority": 0,
            "restartPolicy": "Always", "dnsPolicy": "ClusterFirst", "schedulerName": "default-scheduler",
            "nodeName": null, "subdomain": "s",
        }),
        &json!({ "subdomain": "s" }),
    );
    let container = |member: Value| json!({ "containers": [member] });
    check(
        &container(json!({
            "name": "a",
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "Always",
            "ports": [{ "containerPort": 80, "protocol": "TCP" }, { "containerPort": 53, "protocol": "UDP" }],
            "livenessProbe": { "httpGet": { "path": "/", "scheme": "HTTP", "port": 80 }, "periodSeconds": 10,
                "timeoutSeconds": 1, "successThreshold": 1, "failureThreshold": 3 },
            "env": [{ "name": "X", "value": "" }],
            "resources": { "limits": {}, "requests": {} },
        })),
        &container(json!({
            "name": "a",
            "imagePullPolicy": "Always",
            "ports": [{ "containerPort": 80 }, { "containerPort": 53, "protocol": "UDP" }],
            "livenessProbe": { "httpGet": { "port": 80 } },
            "env": [{ "name": "X" }],
        })),
    );
}

/// job-manifest R-184
#[test]
fn what_presence_means_stays() {
    let pod = json!({
        "automountServiceAccountToken": false,
        "enableServiceLinks": true,
        "hostUsers": false,
        "nodeSelector": { "empty": "" },
        "securityContext": { "fsGroup": 0, "runAsGroup": 0, "runAsNonRoot": false, "runAsUser": 0 },
        "terminationGracePeriodSeconds": 0,
        "tolerations": [{ "key": "a", "tolerationSeconds": 0 }],
        "topologySpreadConstraints": [{ "labelSelector": {}, "topologyKey": "z" }],
        "volumes": [
            { "emptyDir": {}, "name": "v" },
            { "name": "s", "secret": { "defaultMode": 0, "secretName": "x" } },
        ],
    });
    check(&pod, &pod);
    check(&json!({ "terminationGracePeriodSeconds": 30 }), &json!({ "terminationGracePeriodSeconds": 30 }));
}

/// job-manifest R-184
#[test]
fn quantities_are_compared_by_size() {
    let resources = |cpu: Value, memory: &str, size: &str| {
        json!({
            "resources": { "limits": { "cpu": cpu, "memory": memory } },
            "volumes": [{ "emptyDir": { "sizeLimit": size }, "name": "v" }],
        })
    };
    check(&resources(json!("500m"), "4096Mi", "1Ki"), &resources(json!("0.5"), "4294967296", "1024"));
    check(&resources(json!(0.5), "4Gi", "1.0Ki"), &resources(json!("0.5"), "4294967296", "1024"));
    check(&resources(json!("0"), "banana", "1"), &resources(json!("0"), "banana", "1"));
    check(
        &json!({ "volumes": [{ "emptyDir": { "sizeLimit": "0Gi" }, "name": "v" }] }),
        &json!({ "volumes": [{ "emptyDir": {}, "name": "v" }] }),
    );
}
