//! Reading what a user wrote (job-manifest 3).

use serde_json::{Value, json};
use strategic_merge::schema::{Kind, Schema, table};
use strategic_merge::{Finding, Form, MAX_DEPTH, ReadError};

use crate::as_json::read;

const POD: Kind = Kind::Object(&table::POD_SPEC);

/// What is read, with the rule and path of each finding.
fn read_pod(form: Form, value: &Value) -> (Result<Value, ReadError>, Vec<String>) {
    let mut findings = Vec::new();
    let read = read(value, POD, form, "podSpec", &mut findings);
    let findings = findings.iter().map(|finding| format!("{} {}", finding.rule(), finding.path())).collect();
    (read, findings)
}

#[track_caller]
fn check(id: &str, form: Form, value: &Value, want: &Value, findings: &[&str]) {
    let (read, found) = read_pod(form, value);
    assert_eq!(read.as_ref(), Ok(want), "{id}: {value}");
    assert_eq!(found, findings, "{id}: {value}");
}

#[track_caller]
fn check_error(id: &str, value: &Value, rule: &str, text: &str) {
    for form in [Form::Object, Form::Patch] {
        let (read, _) = read_pod(form, value);
        let error = read.expect_err(id);
        assert_eq!((error.rule(), error.to_string().as_str()), (rule, text), "{id}");
    }
}

/// job-manifest R-18, E-4
#[test]
fn every_value_has_its_type() {
    let container = |member: Value| json!({ "containers": [member] });
    for (id, value, text) in [
        (
            "job-manifest C-40",
            container(json!({ "command": "echo" })),
            "at `podSpec.containers[0].command`: expected list, found text",
        ),
        (
            "job-manifest C-41",
            container(json!({ "env": [{ "name": "X", "value": 0 }] })),
            "at `podSpec.containers[0].env[0].value`: expected text, found number",
        ),
        (
            "job-manifest C-435",
            container(json!({ "command": ["a", null] })),
            "at `podSpec.containers[0].command[1]`: expected text, found null",
        ),
        (
            "a null element",
            json!({ "containers": [null] }),
            "at `podSpec.containers[0]`: expected mapping, found null",
        ),
        (
            "text for a number",
            json!({ "securityContext": { "runAsUser": "1000" } }),
            "at `podSpec.securityContext.runAsUser`: expected whole number, found text",
        ),
        (
            "a fraction",
            json!({ "securityContext": { "runAsUser": 1.0 } }),
            "at `podSpec.securityContext.runAsUser`: expected whole number, found fraction",
        ),
        (
            "text for a truth value",
            json!({ "hostNetwork": "true" }),
            "at `podSpec.hostNetwork`: expected true or false, found text",
        ),
        (
            "a truth value for text",
            json!({ "hostname": true }),
            "at `podSpec.hostname`: expected text, found true or false",
        ),
        (
            "text for an object",
            json!({ "securityContext": "x" }),
            "at `podSpec.securityContext`: expected mapping, found text",
        ),
        (
            "a map's value",
            json!({ "nodeSelector": { "a": 1 } }),
            "at `podSpec.nodeSelector.a`: expected text, found number",
        ),
        (
            "no port",
            container(json!({ "readinessProbe": { "tcpSocket": { "port": 1.5 } } })),
            "at `podSpec.containers[0].readinessProbe.tcpSocket.port`: expected whole number or text, found fraction",
        ),
    ] {
        check_error(id, &value, "E-4", text);
    }
}

/// job-manifest R-19, E-5
#[test]
fn quantities_are_text_or_numbers() {
    let limits = |cpu: Value| json!({ "resources": { "limits": { "cpu": cpu } } });
    for (written, want) in [
        (json!(2), "2"),
        (json!(0.5), "0.5"),
        (json!(" 1Gi "), "1Gi"),
        (json!("1e3"), "1e3"),
        (json!(-1), "-1"),
    ] {
        check("kept but for blanks", Form::Object, &limits(written), &limits(json!(want)), &[]);
    }
    let text = "at `podSpec.resources.limits.cpu`: `abc` is not a resource quantity";
    check_error("job-manifest C-42", &limits(json!("abc")), "E-5", text);
    let text = "at `podSpec.resources.limits.cpu`: expected quantity, found true or false";
    check_error("job-manifest E-4", &limits(json!(true)), "E-4", text);
}

/// job-manifest R-17, R-20, R-23, R-27, R-182
#[test]
fn what_was_written_is_kept() {
    let as_written = json!({
        "hostNetwork": false,
        "hostname": "",
        "tolerations": [],
        "securityContext": {},
        "terminationGracePeriodSeconds": 0,
        "hostnameOverride": "x",
        "schedulingGroup": { "podGroupName": "g" },
        "containers": [{
            "restartPolicy": "Always",
            "restartPolicyRules": [{ "action": "Restart", "exitCodes": { "operator": "In", "values": [3] } }],
            "lifecycle": { "stopSignal": "SIGUSR1" },
            "env": [{ "name": "X", "valueFrom": { "fileKeyRef": { "key": "k", "path": "p", "volumeName": "v" } } }],
            "livenessProbe": { "httpGet": { "port": "http" } },
            "readinessProbe": { "httpGet": { "port": 80 } },
        }],
        "volumes": [{ "name": "v", "image": { "reference": "r" } }],
    });
    check("explicit values and the newest fields", Form::Object, &as_written, &as_written, &[]);
    let nulls = json!({ "hostname": null, "nodeSelector": { "a": null }, "containers": null });
    check("null is absent", Form::Object, &nulls, &json!({ "nodeSelector": {} }), &[]);
    check("null deletes", Form::Patch, &nulls, &nulls, &[]);
}

/// job-manifest R-21, R-22, W-1, W-17
#[test]
fn unknown_keys_are_dropped_and_near_ones_taken() {
    check(
        "job-manifest C-37",
        Form::Object,
        &json!({ "Containers": [{ "NAME": "a", "Image": "i" }] }),
        &json!({ "containers": [{ "name": "a", "image": "i" }] }),
        &["W-17 podSpec.Containers", "W-17 podSpec.containers[0].NAME", "W-17 podSpec.containers[0].Image"],
    );
    check(
        "job-manifest C-38",
        Form::Object,
        &json!({ "foo": 1, "containers": [{ "name": "a", "bar": {} }] }),
        &json!({ "containers": [{ "name": "a" }] }),
        &["W-1 podSpec.foo", "W-1 podSpec.containers[0].bar"],
    );
    check(
        "the exact key wins",
        Form::Object,
        &json!({ "HOSTNAME": "b", "hostname": "a" }),
        &json!({ "hostname": "a" }),
        &["W-1 podSpec.HOSTNAME"],
    );
    check(
        "the first variant wins",
        Form::Object,
        &json!({ "hostName": "c", "Hostname": "b", "HOSTNAME": "a" }),
        &json!({ "hostname": "a" }),
        &["W-1 podSpec.hostName", "W-1 podSpec.Hostname", "W-17 podSpec.HOSTNAME"],
    );
    check(
        "keys of maps are the user's",
        Form::Object,
        &json!({ "nodeSelector": { "Name": "a", "name": "b", "$foo": "c" } }),
        &json!({ "nodeSelector": { "Name": "a", "name": "b", "$foo": "c" } }),
        &[],
    );
}

/// job-manifest R-21, W-2
#[test]
fn directives_belong_into_patches() {
    check(
        "job-manifest C-436, first half",
        Form::Patch,
        &json!({ "$foo": 1, "$patch": "merge" }),
        &json!({ "$patch": "merge" }),
        &["W-1 podSpec.$foo"],
    );
    let directives = json!({
        "$patch": "replace",
        "$retainKeys": ["hostname"],
        "$setElementOrder/containers": [{ "name": "a" }],
        "$setElementOrder": [],
        "hostname": "h",
    });
    check(
        "job-manifest C-436, second half",
        Form::Object,
        &directives,
        &json!({ "hostname": "h" }),
        &[
            "W-2 podSpec.$patch",
            "W-2 podSpec.$retainKeys",
            "W-2 podSpec.$setElementOrder/containers",
            "W-2 podSpec.$setElementOrder",
        ],
    );
    check("all of them are kept in a patch", Form::Patch, &directives, &directives, &[]);
    check(
        "lists of directives are spelled like others",
        Form::Patch,
        &json!({ "$setElementOrder/Containers": [], "$setElementOrder/foo": [] }),
        &json!({ "$setElementOrder/containers": [] }),
        &["W-17 podSpec.$setElementOrder/Containers", "W-1 podSpec.$setElementOrder/foo"],
    );
    check(
        "maps know them, too",
        Form::Patch,
        &json!({ "nodeSelector": { "$patch": "replace", "$retainKeys": ["a"], "a": "b" } }),
        &json!({ "nodeSelector": { "$patch": "replace", "$retainKeys": ["a"], "a": "b" } }),
        &[],
    );
}

/// job-manifest W-1, E-4, E-5
#[test]
fn findings_and_errors_help() {
    let mut findings = Vec::new();
    read(&json!({ "hostNetwrok": true }), POD, Form::Object, "", &mut findings).unwrap();
    let Finding::UnknownKey { path, key, schema } = &findings[0] else { panic!("{findings:?}") };
    assert_eq!((path.as_str(), key.as_str(), schema.name()), ("hostNetwrok", "hostNetwrok", "PodSpec"));
    assert!(schema.field_names().any(|name| name == "hostNetwork"));
    let hint =
        |kind: Kind, value: Value| read(&value, kind, Form::Object, "", &mut Vec::new()).unwrap_err().hint();
    assert_eq!(hint(Kind::Text, json!(1)), "quote it");
    assert_eq!(hint(Kind::Integer, json!("1")), "write it without quotes");
    assert_eq!(hint(Kind::Integer, json!(1.5)), "only whole numbers, for times whole seconds");
    assert_eq!(hint(Kind::Quantity, json!("x")), "write for example 500m, 2 or 1.5Gi");
    assert_eq!(hint(Kind::Text, json!({})), "write one text");
    let claim = Schema::of("ObjectMeta").unwrap().field("managedFields").unwrap();
    let fields = json!([{ "fieldsV1": { "f:a": [1] } }]);
    let read_fields = read(&fields, claim, Form::Object, "", &mut Vec::new()).unwrap();
    assert_eq!(read_fields, fields, "free data is passed through");
}

#[test]
fn depth_is_bounded() {
    let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({ "unknown": inner }));
    assert_eq!(read_pod(Form::Object, &nested(MAX_DEPTH)).0, Ok(json!({})));
    let error = read_pod(Form::Object, &nested(MAX_DEPTH + 1)).0.unwrap_err();
    assert_eq!((error.rule(), error.to_string().as_str()), ("E-4", "at `podSpec`: nested too deep"));
}
