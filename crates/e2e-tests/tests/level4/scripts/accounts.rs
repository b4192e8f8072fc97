//! Accounts and groups that an image has already (job-manifest 6.3, R-147).

use serde_json::json;

use super::image::{Started, each, without_members};
use super::pod::Pod;

/// Names that a shell or a tool could damage, and one like a known one.
const NAMES: [&str; 11] = [
    "ubuntu",
    "first.last",
    "two words",
    r"DOMAIN\nick",
    r"back\slash\\",
    "$HOME",
    "*",
    "größe",
    "o'brien",
    "a\"b",
    "root2",
];

/// job-manifest R-147, D-19
#[test]
fn an_account_of_the_images_is_used() {
    each(|kind| {
        let root = kind.root();
        // Ids that are alike, and the id in the place of the group's.
        let mut passwd =
            "root:x:0:0:root:/root:/bin/sh\nother:x:20000:2000::/:/bin/sh\na:x:200:200::/:/bin/sh\n"
                .to_owned();
        for (id, name) in (2000..).zip(NAMES) {
            passwd += &format!("{name}:x:{id}:1500:A name, 2nd:/home/somebody:/usr/sbin/nologin\n");
        }
        root.write("/etc/passwd", &passwd);
        for (id, name) in (2000..).zip(NAMES) {
            let output = root.run(&Pod::of(&json!({ "runAsUser": id })).checkout());
            assert!(output.status.success(), "{kind:?} {name:?}: {output:?}");
            let started = Started::of(&root).unwrap();
            assert_eq!(started.identity[..2], [&id.to_string(), "1500"], "{kind:?} {name:?}");
            assert_eq!(started.environment["HOME"], "/workspace");
            assert_eq!(started.passwd, passwd, "{kind:?} {name:?}");
        }
    });
}

/// job-manifest R-147, D-19
#[test]
fn a_group_of_the_images_is_used() {
    each(|kind| {
        for name in ["staff", "two words", r"DOMAIN\nick", "$HOME", "o'brien"] {
            let root = kind.root();
            let groups =
                format!("root:x:0:\nother:x:10010:\nmembers:x:1000:1001\n{name}:x:1001:\nlast:x:1002:\n");
            root.write("/etc/group", &groups);
            let output = root.run(&Pod::of(&json!({ "runAsUser": 1000, "runAsGroup": 1001 })).checkout());
            assert!(output.status.success(), "{kind:?} {name:?}: {output:?}");
            let started = Started::of(&root).unwrap();
            assert_eq!(started.identity[..2], ["1000", "1001"], "{kind:?} {name:?}");
            assert_eq!(started.groups, without_members(&groups), "{kind:?} {name:?}");
            assert!(started.passwd.contains("\nbuildkite-agent:"));
        }
    });
}

/// job-manifest R-147: both exist, as in an image of Ubuntu, whatever group the account has.
#[test]
fn an_account_keeps_its_own_group() {
    each(|kind| {
        let root = kind.root();
        root.shell("echo ubuntu:x:1000:1500::/home:/bin/sh >>/etc/passwd; echo staff:x:1001: >>/etc/group");
        let output = root.run(&Pod::of(&json!({ "runAsUser": 1000, "runAsGroup": 1001 })).checkout());
        assert!(output.status.success(), "{kind:?}: {output:?}");
        assert_eq!(Started::of(&root).unwrap().identity[..2], ["1000", "1500"], "{kind:?}");
    });
}

/// job-manifest R-147: files as images have them: made by `printf`, with comments, or for name services.
#[test]
fn account_files_of_any_form_are_read() {
    each(|kind| {
        for accounts in [
            "root:x:0:0:root:/root:/bin/sh\nubuntu:x:1000:1500::/home/ubuntu:/bin/sh",
            "root:x:0:0:root:/root:/bin/sh\n# people\n\n\nubuntu:x:1000:1500::/home/ubuntu:/bin/sh\n+::::::\n",
            "ubuntu:x:1000:1500::/home/ubuntu:/bin/sh\nroot:x:0:0:root:/root:/bin/sh\nagain:x:1000:7::/:/bin/sh\n",
        ] {
            let root = kind.root();
            root.write("/etc/passwd", accounts);
            let output = root.run(&Pod::of(&json!({ "runAsUser": 1000 })).checkout());
            assert!(output.status.success(), "{kind:?} {accounts:?}: {output:?}");
            let started = Started::of(&root).unwrap();
            assert_eq!(started.identity[..2], ["1000", "1500"], "{kind:?} {accounts:?}");
            assert_eq!(started.passwd, accounts, "{kind:?}");
        }
        // The same for groups.
        let root = kind.root();
        root.write("/etc/group", "root:x:0:\nstaff:x:1001:");
        let output = root.run(&Pod::of(&json!({ "runAsUser": 1000, "runAsGroup": 1001 })).checkout());
        assert!(output.status.success(), "{kind:?}: {output:?}");
        assert_eq!(Started::of(&root).unwrap().groups, ["root:x:0", "staff:x:1001"], "{kind:?}");
    });
}
