//! Several queues: controller-config 6.1.

use super::*;

/// What several queues are read as where they are taken, each as `name cap tags`; or what they are refused for.
fn queues(file: &str) -> Result<Vec<String>, String> {
    let read = |_: &str| Ok(file.to_owned());
    let (args, variables) = (args(&["-f", "c.yaml"]), BTreeMap::new());
    let inputs = Inputs { args: &args, variables: &variables, read_file: &read, version: "1.2.3" };
    let loaded = load_for_render(&inputs).map_err(|error| error.to_string())?;
    let queues = loaded.settings.buildkite.queues.iter().map(|queue| {
        let tags: Vec<String> = queue.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let cap = queue.max_in_flight.map_or(0, std::num::NonZeroUsize::get);
        format!("{} {cap} {}", queue.name, tags.join(","))
    });
    Ok(queues.chain(warnings(&loaded)).collect())
}

/// controller-config 6.1, 10 (check 13), K28
#[test]
fn several_queues() {
    let taken: &[(&str, &[&str])] = &[
        ("queues: [{name: a}, {name: b}]", &["a 0 ", "b 0 "]),
        ("queues: [{name: a}]\ntags: [os=linux]", &["a 0 os=linux"]),
        (
            "queues: [{name: a, max-in-flight: 3, tags: [x=y]}, {name: \"~\"}]\ntags: [os=linux]",
            &["a 3 x=y", " 0 os=linux"],
        ),
        ("queues: [{name: a, max-in-flight: 0, tags: ~}]", &["a 0 "]),
        (
            "queues: [{name: a, max-in-flight: 30}]",
            &[
                "a 30 ",
                "queues[0].max-in-flight: is 30, but max-in-flight stops all queues at 25 (c.yaml:1:35)",
            ],
        ),
        ("queues: ~", &[]),
    ];
    for (file, want) in taken {
        assert_eq!(queues(file).unwrap(), *want, "{file}");
    }
    let refused = [
        ("queues: []", "queues: is an empty list; name the queues, or remove it"),
        (
            "queue: a\nqueues: [{name: b}]",
            "queues: is given beside `queue` or a `queue` tag; keep one of them",
        ),
        ("tags: [queue=a]\nqueues: [{name: b}]", "queues: is given beside `queue` or a `queue` tag"),
        ("queues: [{name: a}, {name: a}]", "queues[1]: is the queue `a` once more"),
        ("queues: [{name: \"-\"}, {name: _default}]", "queues[1]: is the cluster's default queue once more"),
        ("queues: [{name: a, tags: [queue=b]}]", "queues[0].tags: holds a `queue` tag"),
        ("queues: [{name: a, tags: [b]}]", "queues[0].tags[0]: `b` is not of the form key=value"),
        ("queues: [{max-in-flight: 1}]", "queues[0]: has no `name`; write the key of the queue"),
        ("queues: [{name: a b}]", "queues[0].name: `a b` holds a blank or a comma"),
        ("queues: [{name: a, max-in-flight: -1}]", "queues[0].max-in-flight: is -1, but must be at least 0"),
        ("queues: [{nme: a}]", "queues[0].nme: is not a known key; did you mean `name`?"),
        ("queues: [a, b]", "queues[0]: expected a mapping, found text; write the queue as `- name: …`"),
        ("queues: a", "queues: expected a list, found text; write each queue as `- name: …`"),
    ];
    for (file, message) in refused {
        let shown = queues(file).expect_err(file);
        assert!(shown.starts_with(message), "{file}: {shown}");
    }
}
