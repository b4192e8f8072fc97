//! Lists (job-manifest 7.1, 7.3 and 7.4).

use crate::{check, check_names};

/// job-manifest
#[test]
fn containers_merge_by_name() {
    for (id, original, patch, want) in [
        ("job-manifest C-274", "a b c", "{containers: [{name: new}]}", "new a b c"),
        ("job-manifest C-275", "a b c", "{containers: [{name: b}, {name: new}]}", "a b new c"),
        ("job-manifest C-276", "a b c", "{containers: [{name: c}, {name: a}]}", "b c a"),
        ("job-manifest C-277", "a b c", "{containers: [{name: new}, {name: c}]}", "new a b c"),
        (
            "job-manifest C-278",
            "a b c d e",
            "{containers: [{name: e}, {name: x1}, {name: b}, {name: x2}, {name: d}]}",
            "a c e x1 b x2 d",
        ),
        (
            "job-manifest C-279",
            "a b c d e",
            "{containers: [{name: b}, {name: x1}, {name: d}, {name: x2}]}",
            "a b x1 c d x2 e",
        ),
        ("job-manifest C-280", "a b c", "{containers: [{name: b, $patch: delete}]}", "a c"),
        ("job-manifest C-281", "a b c", "{containers: [{name: z, $patch: delete}]}", "a b c"),
        ("job-manifest C-282 and E-15", "a b c", "{containers: [{$patch: delete}]}", "E-15"),
        ("job-manifest C-284", "a b c", "{containers: [{$patch: replace}, {name: new}]}", "new"),
        ("job-manifest C-286 and E-17", "a b c", "{containers: [{name: b, $patch: x}]}", "E-17"),
        ("replace with company", "a b c", "{containers: [{name: b, $patch: replace}]}", "E-17"),
        ("job-manifest C-287", "a b c", "{containers: [{image: i}]}", "E-15"),
        ("a null name", "a b c", "{containers: [{name: null, image: i}]}", "E-15"),
        ("job-manifest C-288", "a b c", "{containers: []}", "a b c"),
        ("job-manifest C-289", "a b c", "{containers: null}", ""),
        ("job-manifest C-290", "", "{containers: [{name: b, $patch: delete}, {name: new}]}", "new"),
        ("job-manifest C-307 and E-16", "a", "{containers: [{name: b}, c]}", "E-16"),
        ("nothing but an order to drop", "a b c", "{containers: [{$patch: replace}]}", ""),
    ] {
        check_names(id, original, patch, want);
    }
}

/// job-manifest, D-56
#[test]
fn elements_merge_with_their_like() {
    let abc = "{containers: [{name: a, image: A}, {name: b, image: B}, {name: c, image: C}]}";
    let replaced = "{containers: [{name: a, image: A}, {name: b, image: P}, {name: c, image: C}]}";
    for (id, original, patch, want) in [
        (
            "job-manifest C-283",
            abc,
            "{containers: [{name: b, $patch: delete}, {name: b, args: [x]}]}",
            "{containers: [{name: b, args: [x]}, {name: a, image: A}, {name: c, image: C}]}",
        ),
        ("job-manifest C-285", abc, "{containers: [{name: b, $patch: merge, image: P}]}", replaced),
        ("job-manifest C-291", abc, "{containers: [{name: b, image: O}, {name: b, image: P}]}", replaced),
        (
            "job-manifest C-292",
            "{containers: [{name: a}]}",
            "{containers: [{name: new, image: O}, {name: new, image: P}]}",
            "{containers: [{name: new, image: P}, {name: a}]}",
        ),
        (
            "job-manifest C-293",
            "{containers: [{name: a}, {name: a}, {name: z}]}",
            "{containers: [{name: a, image: P}]}",
            "{containers: [{name: a, image: P}, {name: a}, {name: z}]}",
        ),
        (
            "job-manifest C-299",
            "{containers: [{name: a, volumeMounts: [{mountPath: /x, name: v, readOnly: true}]}]}",
            "{containers: [{name: a, volumeMounts: [{mountPath: /x, name: w}, {mountPath: /y, name: w}]}]}",
            "{containers: [{name: a, volumeMounts: [{mountPath: /x, name: w, readOnly: true}, \
             {mountPath: /y, name: w}]}]}",
        ),
        (
            "job-manifest C-301",
            "{affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 1}]}}}",
            "{affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 2}]}, \
             podAffinity: {}}}",
            "{affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: [{weight: 2}]}, \
             podAffinity: {}}}",
        ),
        (
            "what is added is cleaned",
            "{containers: [{name: a}]}",
            "{containers: [{name: b, image: null, env: [{name: X, value: null}, {name: Y, $patch: delete}]}]}",
            "{containers: [{name: b, env: [{name: X}]}, {name: a}]}",
        ),
        (
            "what replaces is cleaned and not merged",
            "{containers: [{name: a}]}",
            "{containers: [{name: b, image: null}, {$patch: replace}, {name: b, tty: true}]}",
            "{containers: [{name: b}, {name: b, tty: true}]}",
        ),
    ] {
        check(id, original, patch, want);
    }
}

/// job-manifest, D-51
#[test]
fn a_touched_list_needs_all_its_keys() {
    let broken = "{imagePullSecrets: [{}, {name: a}]}";
    for (id, original, patch, want) in [
        ("job-manifest C-294", broken, "{imagePullSecrets: [{name: b}]}", "E-15"),
        ("touched by nothing", broken, "{imagePullSecrets: []}", "E-15"),
        ("touched by a deletion", broken, "{imagePullSecrets: [{name: a, $patch: delete}]}", "E-15"),
        (
            "dropped as a whole",
            broken,
            "{imagePullSecrets: [{$patch: replace}, {name: b}]}",
            "{imagePullSecrets: [{name: b}]}",
        ),
        ("job-manifest C-295", broken, "{hostname: h}", "{imagePullSecrets: [{}, {name: a}], hostname: h}"),
        ("job-manifest C-255", "", "{imagePullSecrets: [{}]}", "E-15"),
        ("job-manifest C-256", "{imagePullSecrets: [{name: a}]}", "{imagePullSecrets: [{}]}", "E-15"),
        ("deeper where nothing is", "", "{containers: [{name: a, env: [{value: x}]}]}", "E-15"),
    ] {
        check(id, original, patch, want);
    }
}

/// job-manifest R-163, D-13
#[test]
fn a_second_key_decides_among_several() {
    let ports = |ports: &str| format!("{{containers: [{{name: a, ports: [{ports}]}}]}}");
    let dns = "{containerPort: 53, name: t}, {containerPort: 53, protocol: UDP, name: u}";
    let spread = |text: &str| format!("{{topologySpreadConstraints: [{text}]}}");
    let two = "{topologyKey: z, maxSkew: 1, whenUnsatisfiable: DoNotSchedule}, \
               {topologyKey: z, maxSkew: 2, whenUnsatisfiable: ScheduleAnyway}";
    for (id, original, patch, want) in [
        (
            "job-manifest C-260",
            ports(dns),
            ports("{containerPort: 53, protocol: UDP, hostPort: 1}, {containerPort: 80}"),
            ports(
                "{containerPort: 53, name: t}, {containerPort: 53, protocol: UDP, name: u, hostPort: 1}, \
                 {containerPort: 80}",
            ),
        ),
        (
            "TCP is meant where none is named",
            ports("{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP}"),
            ports("{containerPort: 53, hostPort: 1}"),
            ports("{containerPort: 53, protocol: UDP}, {containerPort: 53, protocol: TCP, hostPort: 1}"),
        ),
        (
            "none fits: the first",
            ports(dns),
            ports("{containerPort: 53, protocol: SCTP}"),
            ports(
                "{containerPort: 53, protocol: SCTP, name: t}, {containerPort: 53, protocol: UDP, name: u}",
            ),
        ),
        (
            "one candidate: it changes",
            ports("{containerPort: 53, protocol: TCP}"),
            ports("{containerPort: 53, protocol: UDP}"),
            ports("{containerPort: 53, protocol: UDP}"),
        ),
        (
            "job-manifest C-300",
            spread(two),
            spread("{topologyKey: z, maxSkew: 5}"),
            spread(&two.replace("maxSkew: 1", "maxSkew: 5")),
        ),
        (
            "the second by its name",
            spread(two),
            spread("{topologyKey: z, maxSkew: 5, whenUnsatisfiable: ScheduleAnyway}"),
            spread(&two.replace("maxSkew: 2", "maxSkew: 5")),
        ),
    ] {
        check(id, &original, &patch, &want);
    }
}

/// job-manifest, E-20, D-56
#[test]
fn lists_of_scalars_are_replaced_united_or_thinned() {
    let command = |command: &str| format!("{{containers: [{{name: a, {command}}}]}}");
    let finalizers = |text: &str| {
        format!("{{volumes: [{{name: v, ephemeral: {{volumeClaimTemplate: {{metadata: {{{text}}}}}}}}}]}}")
    };
    let drop_from = "$deleteFromPrimitiveList";
    let alias = |text: &str| format!("{{hostAliases: [{{ip: 1.1.1.1, {text}}}]}}");
    for (id, original, patch, want) in [
        (
            "job-manifest C-314",
            alias("hostnames: [a, b]"),
            alias(&format!("{drop_from}/hostnames: [a]")),
            alias("hostnames: [b]"),
        ),
        (
            "job-manifest C-315",
            command("tty: true"),
            command(&format!("{drop_from}/command: [x]")),
            command("tty: true"),
        ),
        ("job-manifest C-316", String::new(), format!("{{{drop_from}: [x]}}"), "E-20".to_owned()),
        ("not a list", String::new(), format!("{{{drop_from}/command: x}}"), "E-20".to_owned()),
        (
            "objects, too, by what they hold",
            "{tolerations: [{key: a, value: b}, {key: a}]}".to_owned(),
            format!("{{{drop_from}/tolerations: [{{value: b, key: a}}, {{key: c}}]}}"),
            "{tolerations: [{key: a}]}".to_owned(),
        ),
        (
            "job-manifest C-317",
            command("command: [p, q]"),
            command(&format!("command: [p, r], {drop_from}/command: [p]")),
            command("command: [p, r]"),
        ),
        (
            "job-manifest C-318",
            finalizers("finalizers: [p, q, s]"),
            finalizers("finalizers: [s, new, p]"),
            finalizers("finalizers: [q, s, new, p]"),
        ),
        (
            "one after the other is dropped",
            finalizers("finalizers: [p, q, p]"),
            finalizers("finalizers: [r, q, r]"),
            finalizers("finalizers: [r, p, q]"),
        ),
        (
            "no object among scalars",
            finalizers("finalizers: [p]"),
            finalizers("finalizers: [{name: x}]"),
            "E-16".to_owned(),
        ),
        (
            "job-manifest C-302",
            "{tolerations: [{key: a}]}".to_owned(),
            "{tolerations: [{key: b, $patch: delete}]}".to_owned(),
            "E-17".to_owned(),
        ),
        (
            "nor where there is no list",
            String::new(),
            "{tolerations: [{$patch: replace}, {key: b}]}".to_owned(),
            "E-17".to_owned(),
        ),
    ] {
        check(id, &original, &patch, &want);
    }
}
