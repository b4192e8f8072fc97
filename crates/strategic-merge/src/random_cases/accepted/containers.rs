//! Menus of containers.

use super::menu::Menu::{Flag, Keyed as List, Map, Number, Object, Text, Texts, Whole};
use super::menu::{Keyed, Keys, Menu, Shape};
use super::volumes::{DEVICES, MOUNTS};

const WORDS: Menu = Texts(&["sh", "-c", "run", "-v", "x"]);
const RESOURCES: &[&str] = &["cpu", "memory", "ephemeral-storage"];
const SMALL: &[&str] = &["1", "0", "0.5", "500e-3"];
const LARGE: &[&str] = &["4", "1Gi", "1024Mi", "5e3"];

/// Lists of environment sources.
const ENV_FROM: &[&str] = &[
    "[]",
    r#"[{"configMapRef":{"name":"m"}}]"#,
    r#"[{"prefix":"P_","secretRef":{"name":"s","optional":true}},{"configMapRef":{"name":"n"}}]"#,
];
const HEADERS: &[&str] = &[r#"[{"name":"X-A","value":"1"}]"#, r#"[{"name":"X-B","value":""}]"#, "[]"];
const RESIZES: &[&str] = &[r#"[{"resourceName":"cpu","restartPolicy":"NotRequired"}]"#, "[]"];
/// Seccomp profiles.
pub(super) const SECCOMP: &[&str] = &[r#"{"type":"RuntimeDefault"}"#, r#"{"type":"Unconfined"}"#];

/// A container of a pod.
pub(super) static CONTAINER: Shape = Shape {
    required: &["image"],
    fields: &[
        ("args", WORDS),
        ("command", WORDS),
        ("env", List(&ENV)),
        ("envFrom", Whole(ENV_FROM)),
        ("image", IMAGES),
        ("imagePullPolicy", PULL_POLICIES),
        ("lifecycle", Object(&LIFECYCLE)),
        ("livenessProbe", Object(&PROBE)),
        ("ports", List(&PORTS)),
        ("readinessProbe", Object(&PROBE)),
        ("resizePolicy", Whole(RESIZES)),
        ("resources", Object(&REQUIREMENTS)),
        ("securityContext", Object(&SECURITY)),
        ("startupProbe", Object(&PROBE)),
        ("stdin", Flag),
        ("stdinOnce", Flag),
        ("terminationMessagePath", Text(&["/x", "/y"])),
        ("terminationMessagePolicy", Text(&["File", "FallbackToLogsOnError"])),
        ("tty", Flag),
        ("volumeDevices", DEVICES),
        ("volumeMounts", List(&MOUNTS)),
        ("workingDir", Text(&["/x", ""])),
    ],
    ..Shape::PLAIN
};

/// A container that runs before the others and ends: without probes and hooks.
pub(super) static INIT_CONTAINER: Shape = Shape {
    required: &["image"],
    fields: &[
        ("args", WORDS),
        ("command", WORDS),
        ("env", List(&ENV)),
        ("envFrom", Whole(ENV_FROM)),
        ("image", IMAGES),
        ("imagePullPolicy", PULL_POLICIES),
        ("ports", List(&PORTS)),
        ("resources", Object(&REQUIREMENTS)),
        ("securityContext", Object(&SECURITY)),
        ("volumeMounts", List(&MOUNTS)),
    ],
    ..Shape::PLAIN
};

const IMAGES: Menu = Text(&["app:1", "app:latest", "registry.example.com/app@sha256:0"]);
const PULL_POLICIES: Menu = Text(&["Always", "IfNotPresent", "Never"]);

static ENV: Keyed = Keyed {
    key: "name",
    keys: Keys::Text(&["A", "B", "C", "D", "E"]),
    lasting: 0,
    fixed: &[],
    element: &Shape {
        one_of: &["value", "valueFrom"],
        fields: &[("value", Text(&["", "x", "$(A)"])), ("valueFrom", Object(&VALUE_FROM))],
        ..Shape::PLAIN
    },
};

static VALUE_FROM: Shape = Shape {
    one_of: &["configMapKeyRef", "fieldRef", "resourceFieldRef", "secretKeyRef"],
    chooses: true,
    fields: &[
        ("configMapKeyRef", Object(&KEY_REF)),
        (
            "fieldRef",
            Object(&Shape {
                required: &["fieldPath"],
                fields: &[
                    ("apiVersion", Text(&["v1"])),
                    ("fieldPath", Text(&["metadata.name", "spec.nodeName"])),
                ],
                ..Shape::PLAIN
            }),
        ),
        (
            "resourceFieldRef",
            Object(&Shape {
                required: &["resource"],
                fields: &[
                    ("divisor", Text(&["1", "1m"])),
                    ("resource", Text(&["limits.cpu", "requests.cpu"])),
                ],
                ..Shape::PLAIN
            }),
        ),
        ("secretKeyRef", Object(&KEY_REF)),
    ],
    ..Shape::PLAIN
};

static KEY_REF: Shape = Shape {
    required: &["key", "name"],
    fields: &[("key", Text(&["k", "l"])), ("name", Text(&["x", "y"])), ("optional", Flag)],
    ..Shape::PLAIN
};

static PORTS: Keyed = Keyed {
    key: "containerPort",
    keys: Keys::Number(&[80, 81, 82, 8080]),
    lasting: 0,
    fixed: &[],
    element: &Shape {
        fields: &[("hostIP", Text(&["10.0.0.1", ""])), ("protocol", Text(&["TCP", "UDP", "SCTP"]))],
        ..Shape::PLAIN
    },
};

static REQUIREMENTS: Shape = Shape {
    whole: true,
    fields: &[("limits", Map(RESOURCES, LARGE)), ("requests", Map(RESOURCES, SMALL))],
    ..Shape::PLAIN
};

static EXEC: Shape = Shape {
    required: &["command"],
    fields: &[("command", Whole(&[r#"["true"]"#, r#"["sh","-c"]"#]))],
    ..Shape::PLAIN
};

static HTTP_GET: Shape = Shape {
    required: &["port", "path"],
    fields: &[
        ("host", Text(&["10.0.0.1", ""])),
        ("httpHeaders", Whole(HEADERS)),
        ("path", Text(&["/x", "/y"])),
        ("port", Whole(&["80", "81", r#""web""#])),
        ("scheme", Text(&["HTTP", "HTTPS"])),
    ],
    ..Shape::PLAIN
};

static TCP: Shape = Shape {
    required: &["port"],
    fields: &[("host", Text(&["10.0.0.1", ""])), ("port", Whole(&["80", r#""web""#]))],
    ..Shape::PLAIN
};

static PROBE: Shape = Shape {
    one_of: &["exec", "grpc", "httpGet", "tcpSocket"],
    chooses: true,
    fields: &[
        ("exec", Object(&EXEC)),
        ("failureThreshold", Number(&[1, 3, 5])),
        (
            "grpc",
            Object(&Shape {
                required: &["port"],
                fields: &[("port", Number(&[80, 81])), ("service", Text(&["s", ""]))],
                ..Shape::PLAIN
            }),
        ),
        ("httpGet", Object(&HTTP_GET)),
        ("initialDelaySeconds", Number(&[0, 5])),
        ("periodSeconds", Number(&[1, 10])),
        ("tcpSocket", Object(&TCP)),
        ("timeoutSeconds", Number(&[1, 2])),
    ],
    ..Shape::PLAIN
};

static HANDLER: Shape = Shape {
    one_of: &["exec", "httpGet", "sleep"],
    chooses: true,
    fields: &[
        ("exec", Object(&EXEC)),
        ("httpGet", Object(&HTTP_GET)),
        (
            "sleep",
            Object(&Shape {
                required: &["seconds"],
                fields: &[("seconds", Number(&[1, 5]))],
                ..Shape::PLAIN
            }),
        ),
    ],
    ..Shape::PLAIN
};

static LIFECYCLE: Shape = Shape {
    whole: true,
    fields: &[("postStart", Object(&HANDLER)), ("preStop", Object(&HANDLER))],
    ..Shape::PLAIN
};

static SECURITY: Shape = Shape {
    whole: true,
    fields: &[
        ("allowPrivilegeEscalation", Flag),
        (
            "capabilities",
            Object(&Shape {
                whole: true,
                fields: &[
                    ("add", Texts(&["NET_ADMIN", "CHOWN", "KILL"])),
                    ("drop", Texts(&["ALL", "CHOWN", "KILL"])),
                ],
                ..Shape::PLAIN
            }),
        ),
        ("readOnlyRootFilesystem", Flag),
        ("runAsGroup", Number(&[0, 1000])),
        ("runAsNonRoot", Flag),
        ("runAsUser", Number(&[0, 1000])),
        ("seLinuxOptions", Object(&SE_LINUX)),
        ("seccompProfile", Whole(SECCOMP)),
    ],
    ..Shape::PLAIN
};

/// Labels of SELinux.
pub(super) static SE_LINUX: Shape = Shape {
    whole: true,
    fields: &[
        ("level", Text(&["s0", ""])),
        ("role", Text(&["r", ""])),
        ("type", Text(&["t", ""])),
        ("user", Text(&["u", ""])),
    ],
    ..Shape::PLAIN
};
