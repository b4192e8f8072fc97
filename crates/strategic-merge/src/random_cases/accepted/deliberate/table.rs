//! The deliberate differences that are drawn, by row.

use super::{Deliberate, Outcome};
use Outcome::{Differs, TheyRefuse, Varies, WeRefuse};

pub(super) static ALL: &[Deliberate] = &[
    // A list that is both replaced and deleted from, and the reference walks a patch in any order.
    Deliberate {
        row: "D-4",
        place: "spec.containers[app].args",
        outcome: Varies,
        original: r#"{"spec":{"containers":[{"name":"app","args":["p","q"]}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","args":["p","r"],"$deleteFromPrimitiveList/args":["p"]}]}}"#,
    },
    Deliberate {
        row: "D-4",
        place: "metadata.finalizers",
        outcome: Varies,
        original: r#"{"metadata":{"finalizers":["example.com/p","example.com/q"]}}"#,
        patch: r#"{"metadata":{"finalizers":["example.com/p"],"$deleteFromPrimitiveList/finalizers":["example.com/p"]}}"#,
    },
    // An element that is deleted and given anew has lost its place for the reference, which orders by a list
    // that the deletion shifted.
    Deliberate {
        row: "D-5",
        place: "spec.containers[app].env",
        outcome: Differs,
        original: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"B"},{"name":"A"},{"name":"C"}]}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"A","$patch":"delete"},{"name":"A","value":"x"}],"$setElementOrder/env":[{"name":"A"}]}]}}"#,
    },
    // `$patch: replace` behind the last element that the order names.
    Deliberate {
        row: "D-5",
        place: "spec.containers[app].env",
        outcome: TheyRefuse,
        original: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"A"},{"name":"B"}]}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"C"},{"$patch":"replace"}],"$setElementOrder/env":[{"name":"C"}]}]}}"#,
    },
    // Nothing to order.
    Deliberate {
        row: "D-5",
        place: "spec.containers[app].env",
        outcome: TheyRefuse,
        original: r#"{"spec":{"containers":[{"name":"app","env":null}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","env":[],"$setElementOrder/env":[]}]}}"#,
    },
    // Elements with one key that a second field tells apart.
    Deliberate {
        row: "D-13",
        place: "spec.containers[app].ports",
        outcome: Differs,
        original: r#"{"spec":{"containers":[{"name":"app","ports":[{"containerPort":53,"protocol":"TCP"},{"containerPort":53,"protocol":"UDP"}]}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","ports":[{"containerPort":53,"protocol":"UDP","name":"dns"}]}]}}"#,
    },
    Deliberate {
        row: "D-13",
        place: "spec.topologySpreadConstraints",
        outcome: TheyRefuse,
        original: r#"{"spec":{"topologySpreadConstraints":[{"topologyKey":"zone","maxSkew":1,"whenUnsatisfiable":"DoNotSchedule"},{"topologyKey":"zone","maxSkew":2,"whenUnsatisfiable":"ScheduleAnyway"}]}}"#,
        patch: r#"{"spec":{"topologySpreadConstraints":[{"topologyKey":"zone","maxSkew":5,"whenUnsatisfiable":"ScheduleAnyway"}]}}"#,
    },
    // Another member of a one-of group.
    Deliberate {
        row: "D-31",
        place: "spec.volumes[switch]",
        outcome: TheyRefuse,
        original: r#"{"spec":{"volumes":[{"name":"switch","emptyDir":{}}]}}"#,
        patch: r#"{"spec":{"volumes":[{"name":"switch","secret":{"secretName":"s"}}]}}"#,
    },
    Deliberate {
        row: "D-31",
        place: "spec.containers[app].env[X]",
        outcome: TheyRefuse,
        original: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"X","value":"x"}]}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"X","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}}]}]}}"#,
    },
    Deliberate {
        row: "D-31",
        place: "spec.containers[app].env[X]",
        outcome: TheyRefuse,
        original: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"X","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}}]}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"X","value":"x"}]}]}}"#,
    },
    Deliberate {
        row: "D-31",
        place: "spec.containers[app].env[X].valueFrom",
        outcome: TheyRefuse,
        original: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"X","valueFrom":{"fieldRef":{"fieldPath":"spec.nodeName"}}}]}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"X","valueFrom":{"secretKeyRef":{"name":"s","key":"k"}}}]}]}}"#,
    },
    Deliberate {
        row: "D-31",
        place: "spec.containers[app].livenessProbe",
        outcome: TheyRefuse,
        original: r#"{"spec":{"containers":[{"name":"app","livenessProbe":{"exec":{"command":["true"]},"httpGet":null,"tcpSocket":null,"grpc":null}}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","livenessProbe":{"httpGet":{"path":"/","port":80}}}]}}"#,
    },
    // What the original lacks is taken, and cleaned.
    Deliberate {
        row: "D-55",
        place: "spec.containers[app].livenessProbe",
        outcome: Differs,
        original: r#"{"spec":{"containers":[{"name":"app","livenessProbe":null}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","livenessProbe":{"$patch":"replace","exec":{"command":["true"]}}}]}}"#,
    },
    Deliberate {
        row: "D-55",
        place: "spec.nodeSelector",
        outcome: Differs,
        original: r#"{"spec":{"nodeSelector":null}}"#,
        patch: r#"{"spec":{"nodeSelector":{"$patch":"replace","a":"x"}}}"#,
    },
    Deliberate {
        row: "D-55",
        place: "spec.containers[fresh].env",
        outcome: Differs,
        original: "{}",
        patch: r#"{"spec":{"containers":[{"name":"fresh","image":"app:1","env":[{"name":"X","$patch":"delete"}]}]}}"#,
    },
    Deliberate {
        row: "D-55",
        place: "spec.containers[app].env",
        outcome: WeRefuse("E-17"),
        original: r#"{"spec":{"containers":[{"name":"app","env":null}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"X","$patch":"remove"}]}]}}"#,
    },
    // Words that say what happens anyway, or the opposite of what would happen.
    Deliberate {
        row: "D-56",
        place: "spec.securityContext",
        outcome: TheyRefuse,
        original: r#"{"spec":{"securityContext":{"runAsUser":1}}}"#,
        patch: r#"{"spec":{"securityContext":{"$patch":"merge","runAsUser":2}}}"#,
    },
    Deliberate {
        row: "D-56",
        place: "spec.containers[app]",
        outcome: TheyRefuse,
        original: "{}",
        patch: r#"{"spec":{"containers":[{"name":"app","$patch":"merge","image":"app:2"}]}}"#,
    },
    Deliberate {
        row: "D-56",
        place: "spec.tolerations",
        outcome: WeRefuse("E-17"),
        original: r#"{"spec":{"tolerations":[{"key":"a","operator":"Exists"}]}}"#,
        patch: r#"{"spec":{"tolerations":[{"key":"b","operator":"Exists","$patch":"delete"}]}}"#,
    },
    Deliberate {
        row: "D-56",
        place: "spec.containers[app].env",
        outcome: WeRefuse("E-17"),
        original: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"A","value":"x"}]}]}}"#,
        patch: r#"{"spec":{"containers":[{"name":"app","env":[{"name":"B","value":"y","$patch":"replace"}]}]}}"#,
    },
];
