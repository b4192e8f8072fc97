//! Wrong blocks and pipelines beyond the catalogue, each with what is wrong, and right ones that look like them.

use crate::{PIPELINE, PLUGIN, Schema, yaml};

#[track_caller]
fn check(schema: &Schema, text: &str, accepted: bool, why: &str) {
    let document = yaml(text).unwrap().remove(0);
    let complaints = schema.complaints(&document);
    assert_eq!(complaints.is_empty(), accepted, "{why}: {text}\n{complaints}");
}

/// kubernetes-plugin 2, 3, 10; job-manifest 3
#[test]
fn blocks_are_refused() {
    for (text, why) in [
        ("text", "the block is text"),
        ("[]", "the block is a list"),
        ("{podSpec: []}", "podSpec is a list"),
        ("{podSpec: {containers: {image: a}}}", "containers is a mapping"),
        ("{podSpec: {containers: [~]}}", "null in a list"),
        ("{podSpec: {containers: [a]}}", "a container is text"),
        ("{podSpec: {terminationGracePeriodSeconds: \"30\"}}", "a number in quotes"),
        ("{podSpec: {terminationGracePeriodSeconds: 1.5}}", "a fraction"),
        ("{podSpec: {securityContext: {runAsUser: \"1000\"}}}", "a user id in quotes"),
        ("{podSpec: {hostNetwork: \"true\"}}", "a boolean in quotes"),
        ("{podSpec: {$patch: delete}}", "a directive outside of a patch"),
        ("{podSpec: {tolerations: [{effect: Never}]}}", "an unknown effect"),
        ("{podSpec: {volumes: [{name: v, hostPath: {path: /a, type: Folder}}]}}", "an unknown type of path"),
        ("{podSpec: {volumes: [{emptyDir: {}}]}}", "a volume without a name"),
        ("{podSpec: {containers: [{volumeMounts: [{name: v}]}]}}", "a mount without a path"),
        ("{podSpec: {containers: [{resources: {limits: {cpu: two}}}]}}", "no quantity"),
        ("{podSpec: {containers: [{resources: {limits: {memory: 1 Gi}}}]}}", "a blank inside of a quantity"),
        ("{podSpec: {containers: [{resources: {limits: {memory: true}}}]}}", "a boolean as a quantity"),
        ("{podSpec: {nodeSelector: {ssd: true}}}", "a boolean in a map of text"),
        ("{podTemplate: 3}", "a name that is a number"),
        ("{podSpecPatch: text}", "a patch that is text"),
        ("{podSpecPatch: [{image: a}]}", "a list of containers without their names"),
        ("{podSpecPatch: {containers: [{image: a}]}}", "an entry of a patch without a name"),
        (
            "{podSpecPatch: {containers: [{$patch: replace, image: a}]}}",
            "replace beside other keys and no name",
        ),
        ("{podSpecPatch: {containers: [{name: a, $patch: remove}]}}", "an unknown directive's value"),
        ("{podSpecPatch: {volumes: [{name: v, $retainKeys: name}]}}", "$retainKeys is text"),
        ("{podSpecPatch: {$setElementOrder/tolerations: []}}", "an order for a list that is replaced"),
        ("{podSpecPatch: {$setElementOrder/container: []}}", "an order for a list that is not there"),
        (
            "{podSpecPatch: {containers: [{name: a, env: [{value: x}]}]}}",
            "a variable of a patch without a name",
        ),
        ("{podSpecPatch: {tolerations: [~]}}", "null in a list of a patch"),
        ("{gitEnvFrom: [git]}", "a source that is text"),
        ("{gitEnvFrom: [{secretRef: {names: git}}]}", "an unknown key of a reference"),
        ("{sidecars: {image: redis}}", "one sidecar instead of a list"),
        ("{sidecars: [{image: redis, command: redis-server}]}", "a command that is text"),
        ("{metadata: {labels: [a]}}", "labels as a list"),
        ("{metadata: {label: {a: b}}}", "a misspelt key"),
        ("{metadata: {annotations: {a: true}}}", "an annotation that is a boolean"),
        ("{extraVolumeMounts: {name: a, mountPath: /a}}", "one mount instead of a list"),
        ("{checkout: false}", "checkout as a boolean"),
        ("{checkout: {skip: \"true\"}}", "a boolean in quotes"),
        ("{checkout: {cloneFlags: [--depth=1]}}", "flags as a list"),
        ("{checkout: {gitMirrors: {lockTimeout: 5m}}}", "a duration instead of seconds"),
        ("{checkout: {gitMirrors: {volume: mirrors}}}", "a volume that is text"),
        ("{checkout: {submoduleCloneConfig: [1]}}", "a setting that is a number"),
        ("{commandParams: {interposer: Vector}}", "an interposer in another letter case"),
        ("{commandParams: {interposer: [vector]}}", "an interposer in a list"),
        ("{sidecarParams: {interposer: vector}}", "an interposer of sidecars"),
        ("{jobActiveDeadlineSeconds: \"3600\"}", "a number in quotes"),
        ("{jobActiveDeadlineSeconds: 1.5}", "a fraction"),
        ("{PodSpec: {}}", "another letter case"),
    ] {
        check(&PLUGIN, text, false, why);
    }
}

/// kubernetes-plugin 2, 4, 12; job-manifest 3
#[test]
fn blocks_are_accepted() {
    for (text, why) in [
        ("{}", "an empty block"),
        ("{podSpec: ~, checkout: ~, sidecars: ~, jobActiveDeadlineSeconds: ~}", "null is absent"),
        ("{podSpec: {containers: [{image: a, env: ~, resources: {limits: {cpu: ~}}}]}}", "null inside"),
        (
            "{podSpec: {containers: [{image: a, resources: {limits: {cpu: 2, memory: \" 1.5Gi \"}}}]}}",
            "quantities",
        ),
        (
            "{podSpec: {containers: [{readinessProbe: {httpGet: {port: http}}}, {readinessProbe: {httpGet: {port: 80}}}]}}",
            "ports",
        ),
        (
            "{podSpec: {containers: [{imagePullPolicy: \"${POLICY}\", image: \"{{matrix}}\"}]}}",
            "variables and tokens",
        ),
        ("{podSpecPatch: [{name: container-0, image: a}]}", "the list of containers of early documents"),
        (
            "{podSpecPatch: {containers: [{name: a, $patch: delete}, {$patch: replace}]}}",
            "directives of entries",
        ),
        (
            "{podSpecPatch: {$setElementOrder/containers: [{name: a}], containers: [{name: a, command: ~}]}}",
            "an order",
        ),
        ("{podSpecPatch: {nodeSelector: {$patch: replace, a: b}, securityContext: {runAsUser: ~}}}", "maps"),
        ("{podSpecPatch: {volumes: [{name: v, $retainKeys: [name, emptyDir], emptyDir: {}}]}}", "kept keys"),
        ("{podSpecPatch: {affinity: {nodeAffinity: {$patch: delete}}}}", "a directive further down"),
        (
            "{podSpecPatch: {containers: [{name: a, $$patch: delete}], $$setElementOrder/volumes: []}}",
            "as uploaded",
        ),
        ("{podSpecPatch: {containers: [{name: a, $setElementOrder/args: [x]}]}}", "an order of texts"),
        ("{metadata: {labels: {a: ~}}}", "a label that is absent"),
        ("{commandParams: {interposer: \"\"}}", "an empty interposer is none"),
        ("{jobActiveDeadlineSeconds: -1}", "a number that leaves the default"),
        (
            "{podSpec: {containers: [{name: a, restartPolicyRules: [{action: Restart}]}], hostnameOverride: h}}",
            "new fields",
        ),
    ] {
        check(&PLUGIN, text, true, why);
    }
}

/// pipeline-format 5 to 16
#[test]
fn pipelines_are_refused() {
    for (text, why) in [
        ("make all", "a text"),
        ("{env: {A: b}}", "no steps"),
        ("[{command: make}, 3]", "a number among the steps"),
        ("[{commands: make, podSpec: {}}]", "a key of the plugin on a step"),
        ("[{type: wat}]", "an unknown type"),
        ("[{script: make}]", "a script that is text says no kind"),
        ("[{type: wait, command: make}]", "a wait that has a command"),
        ("[{type: trigger}]", "a trigger of nothing"),
        ("[{group: G}]", "a group without steps"),
        ("[{group: G, steps: [{type: group, steps: [wait]}]}]", "a group inside of a group, by type"),
        ("[{command: {agents: {queue: k}, comand: make}}]", "an unknown attribute one level down"),
        ("[{command: make, retry: {automatic: {limit: many}}}]", "a limit that is a word"),
        ("[{command: make, retry: {automatic: {signal_reason: [oom]}}}]", "an unknown reason in a list"),
        ("[{command: make, timeout: 0}]", "no time at all, in the older spelling"),
        ("[{command: make, plugins: [{kubernetes#v1: {podSpec: {}}}]}]", "a version of the built-in plugin"),
        (
            "[{command: make, plugins: {kubernetes: {pod: {}}}}]",
            "an unknown key of the block in the map form",
        ),
        ("[{command: make, plugins: [{buildkite-plugins/kubernetes: [podSpec]}]}]", "a block that is a list"),
        ("[{command: make, plugins: [{docker#v5: image}]}]", "a configuration that is text"),
        ("[{command: make, agents: [kubernetes]}]", "an agent rule without a value"),
        ("[{command: make, matrix: {setup: [a], env: {}}}]", "an unknown key of a matrix"),
        ("[{command: make, matrix: {setup: [a], adjustments: [{skip: true}]}}]", "an adjustment of nothing"),
        ("[{command: make, checkout: {commit_verification: maybe}}]", "an unknown word"),
        ("[{command: make, checkout: {ssh_secret: bk_key}}]", "a secret's name that is not allowed"),
        ("[{command: make, cache: {paths: [a], size: 5g}}]", "a cache that is too small"),
        ("[{command: make, cache: true}]", "a cache that is `true`"),
        ("[{input: Go, fields: [{text: A, key: a, options: []}]}]", "options of a text field"),
        ("[{trigger: app, build: {env: [A=1]}}]", "variables as a list"),
        ("{notify: [email], steps: []}", "a service that needs an address"),
        ("{notify: [{if: build.tag != null}], steps: []}", "a notification of nobody"),
    ] {
        check(&PIPELINE, text, false, why);
    }
}

/// pipeline-format 5 to 16, 18
#[test]
fn pipelines_are_accepted() {
    for (text, why) in [
        ("[]", "a bare list"),
        ("{steps: ~, x-anchors: {a: 1}, plugins: [a#v1]}", "other keys at the top"),
        ("[wait, waiter, block, manual, input]", "all words"),
        ("[{type: script, command: make}, {type: waiter}, {type: manual, label: Go}]", "older types"),
        ("[{wait: {continue_on_failure: \"true\"}}, {block: ~}, {input: {fields: []}}]", "older forms"),
        ("[{command: {command: make, label: x}}, {script: {command: make}}]", "nested forms"),
        (
            "[{command: make, id: a, name: b, timeout: 10, artifacts: x, agent_query_rules: [a=b]}]",
            "older spellings",
        ),
        ("[{command: make, parallelism: \"${N}\", priority: \"3\"}]", "numbers as text"),
        (
            "[{command: make, secrets: [{key: A, environment_variable: B}], cache: false}]",
            "forms of the backend",
        ),
        (
            "[{command: make, plugins: [kubernetes, {kubernetes: ~}, {\"./x\": {a: [1]}}]}]",
            "plugins without a block",
        ),
        ("[{command: make, key: \"${P:-a b}\", skip: \"\", soft_fail: \"${S}\"}]", "variables"),
        (
            "[{group: ~, label: G, steps: [wait, {block: b}, {trigger: t}], notify: [{email: a@example.com}]}]",
            "a group",
        ),
        (
            "[{input: Go, fields: [{select: A, key: a/b, multiple: true, default: [x], options: [{label: X, value: x}]}]}]",
            "a select",
        ),
        (
            "{notify: [github_check, {github_check: {title: t}}, {slack: \"#a\", if: \"true\"}], steps: []}",
            "notifications",
        ),
        ("[{command: [a, ~, 1, true]}]", "lines that become text"),
    ] {
        check(&PIPELINE, text, true, why);
    }
}
