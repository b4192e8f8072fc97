//! Objects (job-manifest 7.2).

use serde_json::{Value, json};
use strategic_merge::{Document, MAX_DEPTH, MergeProblem, schema::table};

use crate::as_json::merge;

use crate::{check, yaml};

/// job-manifest R-153, R-155, R-156, R-157, R-158, R-182
#[test]
fn members_are_replaced_deleted_and_added() {
    for (id, original, patch, want) in [
        ("job-manifest C-263", "{hostname: h, dnsPolicy: D}", "{hostname: g}", "{hostname: g, dnsPolicy: D}"),
        ("job-manifest C-264", "{hostname: h, dnsPolicy: D}", "{hostname: null}", "{dnsPolicy: D}"),
        ("job-manifest C-265", "{hostname: h}", "{dnsPolicy: null}", "{hostname: h}"),
        (
            "job-manifest C-266",
            "",
            "{securityContext: {runAsUser: null, runAsGroup: 1}}",
            "{securityContext: {runAsGroup: 1}}",
        ),
        (
            "job-manifest C-267",
            "{nodeSelector: {a: '1', b: '2'}}",
            "{nodeSelector: {b: '3', c: '4', a: null}}",
            "{nodeSelector: {b: '3', c: '4'}}",
        ),
        (
            "job-manifest C-296",
            "{resources: {requests: {cpu: '1', memory: 1Gi}}}",
            "{resources: {requests: {cpu: '2'}, limits: {cpu: '3'}}}",
            "{resources: {requests: {cpu: '2', memory: 1Gi}, limits: {cpu: '3'}}}",
        ),
        (
            "job-manifest C-303",
            "{containers: [{name: a, command: [x]}]}",
            "{containers: [{name: a, command: x}]}",
            "{containers: [{name: a, command: x}]}",
        ),
        ("job-manifest C-304", "{hostname: h}", "{unknown: 1}", "{hostname: h, unknown: 1}"),
        ("job-manifest C-305", "{unknown: {a: 1}}", "{unknown: {b: 2}}", "E-21"),
        ("job-manifest C-306, E-21 and R-159", "{unknown: [1]}", "{unknown: [2]}", "E-21"),
        (
            "unknown but not merged",
            "{hostname: h}",
            "{unknown: {a: [1]}}",
            "{hostname: h, unknown: {a: [1]}}",
        ),
        ("no object as told", "{hostname: {a: 1}}", "{hostname: {a: 2}}", "E-21"),
        ("explicit values", "{hostNetwork: true}", "{hostNetwork: false}", "{hostNetwork: false}"),
        (
            "an empty map changes nothing",
            "{nodeSelector: {a: b}}",
            "{nodeSelector: {}}",
            "{nodeSelector: {a: b}}",
        ),
        ("an empty list replaces", "{tolerations: [{key: a}]}", "{tolerations: []}", "{tolerations: []}"),
        ("null over nothing", "{hostname: null}", "{hostname: h}", "{hostname: h}"),
    ] {
        check(id, original, patch, want);
    }
}

/// job-manifest R-150, R-156, E-17
#[test]
fn patch_words_work_on_objects() {
    for (id, original, patch, want) in [
        (
            "job-manifest C-268",
            "{nodeSelector: {a: '1', b: '2'}}",
            "{nodeSelector: {c: '4', $patch: replace}}",
            "{nodeSelector: {c: '4'}}",
        ),
        (
            "job-manifest C-269",
            "{nodeSelector: {a: '1', b: '2'}}",
            "{nodeSelector: {c: '4', $patch: delete}}",
            "{nodeSelector: {}}",
        ),
        (
            "job-manifest C-270, first half",
            "{hostname: h}",
            "{nodeSelector: {c: '4', $patch: delete}}",
            "{hostname: h}",
        ),
        (
            "job-manifest C-270, second half",
            "{hostname: h}",
            "{nodeSelector: {c: '4', $patch: replace}}",
            "{hostname: h, nodeSelector: {c: '4'}}",
        ),
        ("job-manifest C-271", "{hostname: h}", "{$patch: replace, dnsPolicy: D}", "{dnsPolicy: D}"),
        ("job-manifest C-272", "{hostname: h}", "{$patch: delete}", "{}"),
        (
            "job-manifest C-273",
            "{hostname: h}",
            "{$patch: merge, dnsPolicy: D}",
            "{hostname: h, dnsPolicy: D}",
        ),
        ("unknown word", "{hostname: h}", "{$patch: remove}", "E-17"),
        ("no word", "{hostname: h}", "{$patch: [delete]}", "E-17"),
        ("unknown word deeper", "", "{securityContext: {$patch: x}}", "E-17"),
        (
            "job-manifest C-328",
            "{hostname: h}",
            "{securityContext: {runAsUser: 1, seLinuxOptions: {$patch: delete, role: r}}}",
            "{hostname: h, securityContext: {runAsUser: 1}}",
        ),
        (
            "what replaces is cleaned",
            "{securityContext: {runAsGroup: 1}}",
            "{securityContext: {$patch: replace, runAsUser: null, seLinuxOptions: {role: null, $retainKeys: []}}}",
            "{securityContext: {seLinuxOptions: {}}}",
        ),
        (
            "what is in a replaced list is cleaned",
            "{tolerations: [{key: a}]}",
            "{tolerations: [{key: b, value: null}, null, {$retainKeys: []}, {}]}",
            "{tolerations: [{key: b}, {}]}",
        ),
    ] {
        check(id, original, patch, want);
    }
}

/// job-manifest R-151, E-18
#[test]
fn retain_keys_leaves_only_what_it_names() {
    let volume = "{volumes: [{name: v, emptyDir: {}}]}";
    for (id, original, patch, want) in [
        (
            "job-manifest C-308",
            volume,
            "{volumes: [{name: v, hostPath: {path: /x}, $retainKeys: [name, hostPath]}]}",
            "{volumes: [{name: v, hostPath: {path: /x}}]}",
        ),
        (
            "job-manifest C-311",
            volume,
            "{volumes: [{name: v, hostPath: {path: /x}, $retainKeys: [name]}]}",
            "E-18",
        ),
        ("job-manifest C-312", volume, "{volumes: [{name: v, $retainKeys: name}]}", "E-18"),
        ("not text", volume, "{volumes: [{name: v, $retainKeys: [name, 1]}]}", "E-18"),
        ("malformed where nothing is", "", "{volumes: [{name: v, $retainKeys: name}]}", "E-18"),
        (
            "job-manifest C-313",
            "{securityContext: {runAsUser: 1, runAsGroup: 2}}",
            "{securityContext: {$retainKeys: [runAsUser]}}",
            "{securityContext: {runAsUser: 1}}",
        ),
        (
            "nulls and directives need no mention",
            "{containers: [{name: a, args: [x, y], tty: true}]}",
            "{containers: [{name: a, tty: null, $deleteFromPrimitiveList/args: [x], $retainKeys: [name, args]}]}",
            "{containers: [{name: a, args: [y]}]}",
        ),
    ] {
        check(id, original, patch, want);
    }
}

/// job-manifest R-191, D-31
#[test]
fn one_member_of_a_group_displaces_the_others() {
    let env = |value: &str| format!("{{containers: [{{name: a, env: [{{name: X, {value}}}]}}]}}");
    let field = "valueFrom: {fieldRef: {fieldPath: spec.nodeName}}";
    let probe = |value: &str| format!("{{containers: [{{name: a, livenessProbe: {{{value}}}}}]}}");
    for (id, original, patch, want) in [
        ("job-manifest C-297", env("value: '1'"), env(field), env(field)),
        ("job-manifest C-298", env("value: '1'"), env(&format!("value: null, {field}")), env(field)),
        (
            "back to a value, and the key of a Secret for a field",
            env(field),
            env("valueFrom: {secretKeyRef: {name: s, key: k}}"),
            env("valueFrom: {secretKeyRef: {name: s, key: k}}"),
        ),
        (
            "other members of a probe stay",
            probe("exec: {command: [x]}, periodSeconds: 3"),
            probe("tcpSocket: {port: 1}"),
            probe("tcpSocket: {port: 1}, periodSeconds: 3"),
        ),
        (
            "job-manifest C-309",
            "{volumes: [{name: v, emptyDir: {}}]}".to_owned(),
            "{volumes: [{name: v, hostPath: {path: /x}}]}".to_owned(),
            "{volumes: [{name: v, hostPath: {path: /x}}]}".to_owned(),
        ),
        (
            "job-manifest C-310",
            "{volumes: [{name: v, emptyDir: {}}]}".to_owned(),
            "{volumes: [{name: v, hostPath: {path: /x}, emptyDir: null}]}".to_owned(),
            "{volumes: [{name: v, hostPath: {path: /x}}]}".to_owned(),
        ),
        (
            "what is to be nothing displaces nothing",
            "{volumes: [{name: v, emptyDir: {}}]}".to_owned(),
            "{volumes: [{name: v, hostPath: null, secret: {$patch: delete}}]}".to_owned(),
            "{volumes: [{name: v, emptyDir: {}}]}".to_owned(),
        ),
        (
            "a claim has one source",
            "{resourceClaims: [{name: c, resourceClaimName: x}]}".to_owned(),
            "{resourceClaims: [{name: c, resourceClaimTemplateName: y}]}".to_owned(),
            "{resourceClaims: [{name: c, resourceClaimTemplateName: y}]}".to_owned(),
        ),
    ] {
        check(id, &original, &patch, &want);
    }
}

/// job-manifest C-329, C-330, R-153, R-169, D-4
#[test]
fn errors_do_not_depend_on_the_order_of_keys() {
    let lists = ["volumes: [{}]", "containers: [{}]", "hostAliases: [{}]"];
    for start in 0..lists.len() {
        let patch: Vec<&str> = (0..lists.len()).map(|index| lists[(start + index) % lists.len()]).collect();
        let patch = yaml(&format!("{{{}}}", patch.join(", ")));
        let error = merge(&mut json!({}), &patch, &table::POD_SPEC).unwrap_err();
        let want = "patch, at `containers[0]`: the element lacks its merge key `name`";
        assert_eq!((error.rule(), error.to_string().as_str()), ("E-15", want));
    }
    check("a key that is an object", "", "{containers: [{name: {a: b}}]}", "E-20");
    check("a key that is a list", "{containers: [{name: [a]}]}", "{containers: [{name: a}]}", "E-20");
}

/// New members come in byte order behind the old ones, however the patch was written (job-manifest R-2).
#[test]
fn members_keep_their_order() {
    for patch in [r#"{"b": 1, "a": 2, "hostname": "g"}"#, r#"{"hostname": "g", "a": 2, "b": 1}"#] {
        let mut pod = serde_json::from_str(r#"{"x": 1, "hostname": "h", "dnsPolicy": "D"}"#).unwrap();
        merge(&mut pod, &serde_json::from_str(patch).unwrap(), &table::POD_SPEC).unwrap();
        assert_eq!(pod.to_string(), r#"{"x":1,"hostname":"g","dnsPolicy":"D","a":2,"b":1}"#);
    }
    let mut pod = serde_json::from_str(r#"{"a": 1, "b": 2, "c": 3}"#).unwrap();
    merge(&mut pod, &json!({ "a": null }), &table::POD_SPEC).unwrap();
    assert_eq!(pod.to_string(), r#"{"b":2,"c":3}"#);
}

#[test]
fn documents_are_objects_of_bounded_depth() {
    let mut list = json!([]);
    let error = merge(&mut list, &json!({}), &table::POD_SPEC).unwrap_err();
    assert_eq!((error.document, error.problem), (Document::Original, MergeProblem::NotAnObject));
    let error = merge(&mut json!({}), &json!("x"), &table::POD_SPEC).unwrap_err();
    assert_eq!((error.rule(), error.to_string().as_str()), ("E-4", "patch: not an object"));

    let nested = |levels: usize| (1..levels).fold(json!({}), |inner, _| json!({ "unknown": inner }));
    let mut pod = json!({});
    merge(&mut pod, &nested(MAX_DEPTH), &table::POD_SPEC).unwrap();
    assert_eq!(pod, nested(MAX_DEPTH));
    let error = merge(&mut pod, &nested(MAX_DEPTH + 1), &table::POD_SPEC).unwrap_err();
    assert_eq!((error.document, error.problem), (Document::Patch, MergeProblem::TooDeep));
    let error = merge(&mut nested(MAX_DEPTH + 1), &json!({}), &table::POD_SPEC).unwrap_err();
    assert_eq!((error.document, error.problem), (Document::Original, MergeProblem::TooDeep));
}

/// Each error says where, and what (job-manifest 9.1).
#[test]
fn errors_name_the_place() {
    for (original, patch, want) in [
        (
            "{containers: [{name: a, env: [{value: x}]}]}",
            "{containers: [{name: b}, {name: a, env: [{name: y}]}]}",
            "original, at `containers[0].env[0]`: the element lacks its merge key `name`",
        ),
        ("", "{containers: [a]}", "patch, at `containers`: the elements are not all objects"),
        (
            "",
            "{containers: [{name: a, ports: [{containerPort: 1, $patch: drop}]}]}",
            "patch, at `containers[0].ports[0]`: `$patch: drop` is none of replace, delete and merge",
        ),
        (
            "{securityContext: {}}",
            "{securityContext: {runAsUser: 1, $retainKeys: []}}",
            "patch, at `securityContext`: `$retainKeys` does not name `runAsUser`, which the patch gives",
        ),
        (
            "{containers: []}",
            "{containers: [{name: a}], $setElementOrder/containers: [{name: b}]}",
            "patch, at `containers`: the elements do not follow the list's `$setElementOrder`",
        ),
        (
            "{containers: [{name: a}]}",
            "{containers: [{name: a, $deleteFromPrimitiveList/args: x}]}",
            "patch, at `containers[0].$deleteFromPrimitiveList/args`: the directive is not a list",
        ),
        ("{x: {y: {}}}", "{x: {y: {}}}", "patch, at `x`: there is no type to merge by"),
    ] {
        let mut merged: Value = yaml(original);
        let error = merge(&mut merged, &yaml(patch), &table::POD_SPEC).unwrap_err();
        assert_eq!(error.to_string(), want);
    }
}
