//! Menus of volumes.

use super::menu::Menu::{Flag, Keyed as List, Map, Number, Object, Text, Whole};
use super::menu::{Keyed, Keys, Menu, Shape};

pub(super) static VOLUMES: Keyed = Keyed {
    key: "name",
    keys: Keys::Text(&["a", "b", "c", "d", "e"]),
    lasting: 3,
    fixed: &[r#"{"name":"block","persistentVolumeClaim":{"claimName":"block"}}"#],
    element: &VOLUME,
};

const ITEMS: &[&str] = &[r#"[{"key":"k","path":"p"}]"#, r#"[{"key":"k","path":"q","mode":0}]"#, "[]"];
const FIELDS: &[&str] = &[
    r#"[{"path":"p","fieldRef":{"fieldPath":"metadata.name"}}]"#,
    r#"[{"path":"q","resourceFieldRef":{"containerName":"app","resource":"limits.cpu"}}]"#,
];
const PROJECTED: &[&str] = &[
    r#"[{"secret":{"name":"s"}},{"configMap":{"name":"m","items":[{"key":"k","path":"p"}]}}]"#,
    r#"[{"serviceAccountToken":{"path":"t","expirationSeconds":600}}]"#,
    r#"[{"downwardAPI":{"items":[{"path":"l","fieldRef":{"fieldPath":"metadata.labels"}}]}}]"#,
];
const MODES: Menu = Number(&[0, 256, 420]);
const NAMES: Menu = Text(&["x", "y"]);

static VOLUME: Shape = Shape {
    one_of: &[
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "hostPath",
        "image",
        "nfs",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ],
    chooses: true,
    fields: &[
        (
            "configMap",
            Object(&Shape {
                required: &["name"],
                fields: &[
                    ("defaultMode", MODES),
                    ("items", Whole(ITEMS)),
                    ("name", NAMES),
                    ("optional", Flag),
                ],
                ..Shape::PLAIN
            }),
        ),
        ("csi", Object(&CSI)),
        (
            "downwardAPI",
            Object(&Shape {
                whole: true,
                fields: &[("defaultMode", MODES), ("items", Whole(FIELDS))],
                ..Shape::PLAIN
            }),
        ),
        (
            "emptyDir",
            Object(&Shape {
                whole: true,
                fields: &[("medium", Text(&["Memory", ""])), ("sizeLimit", Text(&["1Gi", "1024Mi", "0.5"]))],
                ..Shape::PLAIN
            }),
        ),
        ("ephemeral", Object(&EPHEMERAL)),
        (
            "hostPath",
            Object(&Shape {
                required: &["path"],
                fields: &[("path", Text(&["/x", "/y"])), ("type", Text(&["", "Directory", "File"]))],
                ..Shape::PLAIN
            }),
        ),
        (
            "image",
            Object(&Shape {
                required: &["reference"],
                fields: &[
                    ("pullPolicy", Text(&["Always", "IfNotPresent"])),
                    ("reference", Text(&["data:1", "data:2", "data:latest"])),
                ],
                ..Shape::PLAIN
            }),
        ),
        (
            "nfs",
            Object(&Shape {
                required: &["path", "server"],
                fields: &[("path", Text(&["/x", "/y"])), ("readOnly", Flag), ("server", NAMES)],
                ..Shape::PLAIN
            }),
        ),
        (
            "persistentVolumeClaim",
            Object(&Shape {
                required: &["claimName"],
                fields: &[("claimName", NAMES), ("readOnly", Flag)],
                ..Shape::PLAIN
            }),
        ),
        (
            "projected",
            Object(&Shape {
                required: &["sources"],
                fields: &[("defaultMode", MODES), ("sources", Whole(PROJECTED))],
                ..Shape::PLAIN
            }),
        ),
        (
            "secret",
            Object(&Shape {
                required: &["secretName"],
                fields: &[
                    ("defaultMode", MODES),
                    ("items", Whole(ITEMS)),
                    ("optional", Flag),
                    ("secretName", NAMES),
                ],
                ..Shape::PLAIN
            }),
        ),
    ],
    ..Shape::PLAIN
};

static CSI: Shape = Shape {
    required: &["driver"],
    fields: &[
        ("driver", Text(&["one.example.com", "two.example.com"])),
        ("fsType", Text(&["ext4", ""])),
        ("nodePublishSecretRef", Whole(&[r#"{"name":"s"}"#])),
        ("readOnly", Flag),
        ("volumeAttributes", Map(&["a", "b", "c"], &["x", ""])),
    ],
    ..Shape::PLAIN
};

static EPHEMERAL: Shape = Shape {
    required: &["volumeClaimTemplate"],
    fields: &[(
        "volumeClaimTemplate",
        Object(&Shape {
            required: &["spec"],
            fields: &[
                (
                    "metadata",
                    Object(&Shape {
                        whole: true,
                        fields: &[
                            ("annotations", Map(&["a", "b"], &["x", ""])),
                            ("labels", Map(&["a", "b"], &["x", ""])),
                        ],
                        ..Shape::PLAIN
                    }),
                ),
                (
                    "spec",
                    Object(&Shape {
                        required: &["accessModes", "resources"],
                        fields: &[
                            ("accessModes", Whole(&[r#"["ReadWriteOnce"]"#, r#"["ReadOnlyMany"]"#])),
                            ("resources", Whole(&[r#"{"requests":{"storage":"1Gi"}}"#])),
                            ("storageClassName", Text(&["fast", "slow"])),
                        ],
                        ..Shape::PLAIN
                    }),
                ),
            ],
            ..Shape::PLAIN
        }),
    )],
    ..Shape::PLAIN
};

pub(super) static MOUNTS: Keyed = Keyed {
    key: "mountPath",
    keys: Keys::Text(&["/a", "/b", "/c/d", "/e/"]),
    lasting: 0,
    fixed: &[],
    element: &Shape {
        required: &["name"],
        fields: &[
            ("mountPropagation", Text(&["None", "HostToContainer"])),
            // Volumes that last.
            ("name", Text(&["a", "b", "c"])),
            ("readOnly", Flag),
            ("subPath", Text(&["x", "y/z", ""])),
        ],
        ..Shape::PLAIN
    },
};

pub(super) const DEVICES: Menu = List(&Keyed {
    key: "devicePath",
    keys: Keys::Text(&["/dev/a"]),
    lasting: 0,
    fixed: &[],
    element: &Shape { required: &["name"], fields: &[("name", Text(&["block"]))], ..Shape::PLAIN },
});
