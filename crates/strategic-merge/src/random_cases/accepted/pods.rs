//! Menus of a pod template.

use super::containers::{CONTAINER, INIT_CONTAINER};
use super::menu::Menu::{Flag, Keyed as List, Map, Number, Object, Text, Texts, Whole};
use super::menu::{Keyed, Keys, Shape};

pub(super) static TEMPLATE: Shape = Shape {
    required: &["metadata", "spec"],
    fields: &[("metadata", Object(&METADATA)), ("spec", Object(&POD_SPEC))],
    ..Shape::PLAIN
};

const NAMES: &[&str] = &["example.com/a", "b", "c", "d"];
const WORDS: &[&str] = &["x", "y", "z", ""];

static METADATA: Shape = Shape {
    fields: &[
        ("annotations", Map(NAMES, WORDS)),
        ("finalizers", Texts(&["example.com/a", "example.com/b", "example.com/c", "example.com/d"])),
        ("labels", Map(NAMES, WORDS)),
        (
            "ownerReferences",
            List(&Keyed {
                key: "uid",
                keys: Keys::Text(&["1", "2", "3"]),
                lasting: 0,
                fixed: &[],
                element: &Shape {
                    required: &["apiVersion", "kind", "name"],
                    fields: &[
                        ("apiVersion", Text(&["v1"])),
                        ("blockOwnerDeletion", Flag),
                        ("kind", Text(&["Secret", "ConfigMap"])),
                        ("name", Text(&["x", "y"])),
                    ],
                    ..Shape::PLAIN
                },
            }),
        ),
    ],
    ..Shape::PLAIN
};

static POD_SPEC: Shape = Shape {
    required: &["containers", "volumes"],
    fields: &[
        ("activeDeadlineSeconds", Number(&[1, 600])),
        ("affinity", Object(&AFFINITY)),
        ("automountServiceAccountToken", Flag),
        ("containers", List(&CONTAINERS)),
        ("dnsConfig", Object(&DNS)),
        ("dnsPolicy", Text(&["ClusterFirst", "Default"])),
        ("enableServiceLinks", Flag),
        ("hostAliases", List(&HOST_ALIASES)),
        ("hostname", Text(&["h", "g"])),
        ("imagePullSecrets", List(&named(&["x", "y", "z"]))),
        ("initContainers", List(&INIT_CONTAINERS)),
        ("nodeSelector", Map(NAMES, WORDS)),
        ("overhead", Map(&["cpu", "memory"], &["0.5", "1Gi", "1024Mi", "2e3"])),
        ("preemptionPolicy", Text(&["Never", "PreemptLowerPriority"])),
        ("priorityClassName", Text(&["high", "low"])),
        ("readinessGates", Whole(&[r#"[{"conditionType":"example.com/a"}]"#, "[]"])),
        ("resourceClaims", List(&CLAIMS)),
        ("restartPolicy", Text(&["Always", "OnFailure", "Never"])),
        ("runtimeClassName", Text(&["fast", "slow"])),
        ("schedulerName", Text(&["mine", "default-scheduler"])),
        ("schedulingGates", List(&named(&["example.com/x", "example.com/y", "example.com/z"]))),
        ("securityContext", Object(&SECURITY)),
        ("serviceAccountName", Text(&["one", "two"])),
        ("setHostnameAsFQDN", Flag),
        ("shareProcessNamespace", Flag),
        ("subdomain", Text(&["s", "t"])),
        // A hook may sleep for five seconds, and no longer than this.
        ("terminationGracePeriodSeconds", Number(&[10, 30, 60])),
        ("tolerations", Whole(TOLERATIONS)),
        ("topologySpreadConstraints", List(&SPREAD)),
        ("volumes", List(&super::volumes::VOLUMES)),
    ],
    ..Shape::PLAIN
};

static CONTAINERS: Keyed = Keyed {
    key: "name",
    keys: Keys::Text(&["app", "log", "web", "db"]),
    lasting: 1,
    fixed: &[],
    element: &CONTAINER,
};

static INIT_CONTAINERS: Keyed = Keyed {
    key: "name",
    keys: Keys::Text(&["setup", "fetch", "warm"]),
    lasting: 0,
    fixed: &[],
    element: &INIT_CONTAINER,
};

/// A list whose elements have nothing but a name.
const fn named(keys: &'static [&'static str]) -> Keyed {
    Keyed { key: "name", keys: Keys::Text(keys), lasting: 0, fixed: &[], element: &Shape::PLAIN }
}

static HOST_ALIASES: Keyed = Keyed {
    key: "ip",
    keys: Keys::Text(&["10.0.0.1", "10.0.0.2", "fd00::1"]),
    lasting: 0,
    fixed: &[],
    element: &Shape { fields: &[("hostnames", Texts(&["a", "b.c", "d"]))], ..Shape::PLAIN },
};

static CLAIMS: Keyed = Keyed {
    key: "name",
    keys: Keys::Text(&["gpu", "nic"]),
    lasting: 0,
    fixed: &[],
    element: &Shape {
        one_of: &["resourceClaimName", "resourceClaimTemplateName"],
        chooses: true,
        fields: &[("resourceClaimName", Text(&["x", "y"])), ("resourceClaimTemplateName", Text(&["x", "y"]))],
        ..Shape::PLAIN
    },
};

const SELECTORS: &[&str] =
    &[r#"{"matchLabels":{"a":"x"}}"#, r#"{"matchExpressions":[{"key":"a","operator":"Exists"}]}"#];

static SPREAD: Keyed = Keyed {
    key: "topologyKey",
    keys: Keys::Text(&["zone", "rack", "host"]),
    lasting: 0,
    fixed: &[],
    element: &Shape {
        required: &["maxSkew", "whenUnsatisfiable"],
        fields: &[
            ("labelSelector", Whole(SELECTORS)),
            ("maxSkew", Number(&[1, 2, 3])),
            ("nodeAffinityPolicy", Text(&["Honor", "Ignore"])),
            ("nodeTaintsPolicy", Text(&["Honor", "Ignore"])),
            ("whenUnsatisfiable", Text(&["DoNotSchedule", "ScheduleAnyway"])),
        ],
        ..Shape::PLAIN
    },
};

const TOLERATIONS: &[&str] = &[
    "[]",
    r#"[{"key":"a","operator":"Exists"}]"#,
    r#"[{"key":"a","value":"x","effect":"NoExecute","tolerationSeconds":0},{"operator":"Exists"}]"#,
];

const NODE_TERMS: &[&str] =
    &[r#"{"nodeSelectorTerms":[{"matchExpressions":[{"key":"a","operator":"In","values":["x","y"]}]}]}"#];
const PREFERRED_NODES: &[&str] = &[
    r#"[{"weight":1,"preference":{"matchExpressions":[{"key":"a","operator":"Exists"}]}}]"#,
    r#"[{"weight":2,"preference":{"matchFields":[{"key":"metadata.name","operator":"In","values":["n"]}]}}]"#,
];
const POD_TERMS: &[&str] =
    &[r#"[{"topologyKey":"zone","labelSelector":{"matchLabels":{"a":"x"}}}]"#, r#"[{"topologyKey":"rack"}]"#];
const PREFERRED_PODS: &[&str] =
    &[r#"[{"weight":5,"podAffinityTerm":{"topologyKey":"zone","labelSelector":{}}}]"#, "[]"];

static AFFINITY: Shape = Shape {
    whole: true,
    fields: &[
        (
            "nodeAffinity",
            Object(&Shape {
                whole: true,
                fields: &[
                    ("preferredDuringSchedulingIgnoredDuringExecution", Whole(PREFERRED_NODES)),
                    ("requiredDuringSchedulingIgnoredDuringExecution", Whole(NODE_TERMS)),
                ],
                ..Shape::PLAIN
            }),
        ),
        ("podAffinity", Object(&POD_AFFINITY)),
        ("podAntiAffinity", Object(&POD_AFFINITY)),
    ],
    ..Shape::PLAIN
};

static POD_AFFINITY: Shape = Shape {
    whole: true,
    fields: &[
        ("preferredDuringSchedulingIgnoredDuringExecution", Whole(PREFERRED_PODS)),
        ("requiredDuringSchedulingIgnoredDuringExecution", Whole(POD_TERMS)),
    ],
    ..Shape::PLAIN
};

static DNS: Shape = Shape {
    whole: true,
    fields: &[
        ("nameservers", Texts(&["10.0.0.1", "10.0.0.2", "fd00::1"])),
        ("options", Whole(&[r#"[{"name":"ndots","value":"2"}]"#, r#"[{"name":"edns0"}]"#])),
        ("searches", Texts(&["a.b", "c", "d"])),
    ],
    ..Shape::PLAIN
};

static SECURITY: Shape = Shape {
    whole: true,
    fields: &[
        ("fsGroup", Number(&[0, 1000])),
        ("fsGroupChangePolicy", Text(&["Always", "OnRootMismatch"])),
        ("runAsGroup", Number(&[0, 1000])),
        ("runAsNonRoot", Flag),
        ("runAsUser", Number(&[0, 1000])),
        ("seLinuxOptions", Object(&super::containers::SE_LINUX)),
        ("seccompProfile", Whole(super::containers::SECCOMP)),
        ("supplementalGroups", Whole(&["[1,2]", "[3]", "[]"])),
        ("sysctls", Whole(&[r#"[{"name":"net.ipv4.tcp_syncookies","value":"1"}]"#, "[]"])),
    ],
    ..Shape::PLAIN
};
