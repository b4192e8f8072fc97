//! The tables of pipeline-format 3.1 to 3.3 and of controller-config 2, row by row.
#![expect(clippy::unwrap_used, reason = "a table of what must hold")]

use yaml_source::{Dialect, Node, Style, YamlError, parse};

#[track_caller]
fn root(text: &str) -> Node {
    let documents = parse("t.yml", text, Dialect::Pipeline).unwrap();
    assert_eq!(documents.len(), 1, "documents in {text:?}");
    documents[0].root().clone()
}

#[track_caller]
fn json(text: &str) -> String {
    root(text).to_json().to_string()
}

#[track_caller]
fn refused(text: &str) -> YamlError {
    match parse("t.yml", text, Dialect::Pipeline) {
        Ok(documents) => panic!("accepted {text:?} as {:?}", documents[0].root().to_json()),
        Err(error) => error,
    }
}

/// pipeline-format 3.1: anchors, aliases, merges, equal keys.
#[test]
fn structure() {
    let rows = [
        // Anchors and aliases; an alias may be used several times.
        ("a: &x [1]\nb: *x\nc: *x", r#"{"a":[1],"b":[1],"c":[1]}"#),
        // A later anchor of the same name replaces the earlier from there on.
        ("a: &x 1\nb: *x\nc: &x 2\nd: *x", r#"{"a":1,"b":1,"c":2,"d":2}"#),
        // Aliases as keys.
        (
            "v: &docker_version docker#v1\np:\n  *docker_version : {image: x}",
            r#"{"v":"docker#v1","p":{"docker#v1":{"image":"x"}}}"#,
        ),
        // Merge keys, in each form.
        ("a: &a {k: 1}\nb: {<<: *a}", r#"{"a":{"k":1},"b":{"k":1}}"#),
        ("a: &a {k: 1}\nb: &b {l: 2}\nc: {<<: [*a, *b]}", r#"{"a":{"k":1},"b":{"l":2},"c":{"k":1,"l":2}}"#),
        ("c: {<<: {inline: map}}", r#"{"c":{"inline":"map"}}"#),
        ("a: &a {k: 1}\nb: {!!merge <<: *a}", r#"{"a":{"k":1},"b":{"k":1}}"#),
        // Quoted, it is an ordinary key.
        (r#"{"<<": 1}"#, r#"{"<<":1}"#),
        // Own keys win wherever they stand; the earlier merge wins; nothing is merged deeply.
        ("a: &a {k: 1}\nb: {<<: *a, k: 2}", r#"{"a":{"k":1},"b":{"k":2}}"#),
        ("a: &a {k: 1}\nb: {k: 2, <<: *a}", r#"{"a":{"k":1},"b":{"k":2}}"#),
        ("a: &a {k: 1}\nb: &b {k: 2}\nc: {<<: [*b, *a]}", r#"{"a":{"k":1},"b":{"k":2},"c":{"k":2}}"#),
        ("a: &a {n: {x: 1, y: 2}}\nb: {<<: *a, n: {x: 3}}", r#"{"a":{"n":{"x":1,"y":2}},"b":{"n":{"x":3}}}"#),
        // A merged mapping may have merged itself.
        (
            "a: &a {k: 1}\nb: &b {<<: *a, l: 2}\nc: {<<: *b}",
            r#"{"a":{"k":1},"b":{"l":2,"k":1},"c":{"l":2,"k":1}}"#,
        ),
        // Equal keys: the last wins.
        ("{A: one, B: x, A: two}", r#"{"A":"two","B":"x"}"#),
        // Keys become text.
        ("{1: a, 0x10: b, True: c, 1.5: d}", r#"{"1":"a","16":"b","true":"c","1.500000e+00":"d"}"#),
        // Custom tags are dropped, and the value is text.
        ("if: !build.pull_request.draft", r#"{"if":""}"#),
        ("a: !x 12", r#"{"a":"12"}"#),
        ("a: !x {b: 1}", r#"{"a":{"b":1}}"#),
        // YAML's own tags are not.
        ("a: !!str 12\nb: !!int \"12\"\nc: !!float 1", r#"{"a":"12","b":12,"c":1}"#),
        // JSON is YAML, a trailing comma included.
        (r#"{"steps": [{"command": "a:b"},]}"#, r#"{"steps":[{"command":"a:b"}]}"#),
        ("[]", "[]"),
        ("\u{feff}a: 1", r#"{"a":1}"#),
        ("a: 1\n...\n", r#"{"a":1}"#),
        // Tabs are blanks in brackets, in scalars, and between tokens of a line.
        ("a: [\n\t1,\n\t2\n]", r#"{"a":[1,2]}"#),
        ("{\n\t\"a\": 1\n}", r#"{"a":1}"#),
        ("a: |\n  x\n  \ty\n  \t\nb: 1", r#"{"a":"x\n\ty\n\t\n","b":1}"#),
        ("a:\t1\t# c", r#"{"a":1}"#),
        ("a: \"x\n  \ty\"", r#"{"a":"x y"}"#),
        // Key order is kept.
        ("z: 1\na: 2\nm: 3", r#"{"z":1,"a":2,"m":3}"#),
    ];
    for (text, want) in rows {
        assert_eq!(json(text), want, "{text}");
    }
}

/// pipeline-format 3.1, 3.3: what is refused, where, and the way out.
#[test]
fn refusals() {
    let rows = [
        ("steps:\n\t- command: make", "2:", "contains a tab"),
        ("\ta: 1", "1:1", "contains a tab"),
        ("a: 1\n\tb: 2", "2:", "contains a tab"),
        ("a: 1\n\t\nb: 2", "2:1", "contains a tab"),
        ("a:\n  b: 1\n  \t# comment", "3:3", "contains a tab"),
        ("x: &x\n  y: *x\nsteps: [wait]", "2:6", "stands inside the value"),
        ("steps:\n- <<: *defaults\n  command: make", "2:7", "no matching anchor `&defaults`"),
        ("steps:\n- command: make\n  <<: defaults", "3:7", "`<<` needs an alias to a mapping"),
        ("a: {<<: [{b: 1}, 2]}", "1:18", "got integer"),
        ("{~: x}", "1:2", "is a null"),
        ("? [a]\n: x", "1:3", "is a list"),
        ("? {a: b}\n: x", "1:3", "is a mapping"),
        ("steps:\n- command: echo \"built: yes\"", "2:", "\": \" must be quoted"),
        ("steps:\n- label: {{matrix}}", "2:", "quotes"),
        ("artifact_paths: *.log", "1:17", "quote it: \"*.log\""),
        ("slack: @oncall", "1:8", "\"@\" cannot start a plain value"),
        ("slack: `x`", "1:8", "cannot start a plain value"),
        ("slack: %x", "1:8", ""),
        ("steps:\n- wait\n  continue_on_failure: true", "", ""),
        ("a: !!int foo", "1:", "cannot be read as `!!int`"),
        ("a: [1, 2", "", ""),
        ("a: \"x", "", ""),
    ];
    for (text, place, message) in rows {
        let shown = refused(text).to_string();
        assert!(shown.starts_with(&format!("t.yml:{place}")), "{text:?}: {shown}");
        assert!(shown.contains(message), "{text:?}: {shown}");
    }
}

/// pipeline-format 3.2: what plain scalars resolve to, and the text they become.
#[test]
fn plain_scalars() {
    let rows: [(&str, &str, Option<&str>); 45] = [
        ("1", "integer", Some("1")),
        ("-3", "integer", Some("-3")),
        ("+1", "integer", Some("1")),
        ("1_000", "integer", Some("1000")),
        ("0x10", "integer", Some("16")),
        ("0b11", "integer", Some("3")),
        ("0o17", "integer", Some("15")),
        ("-0x10", "integer", Some("-16")),
        ("0755", "integer", Some("493")),
        ("0", "integer", Some("0")),
        ("08", "number", Some("8")),
        ("09", "number", Some("9")),
        ("1.10", "number", Some("1.1")),
        ("1.0", "number", Some("1")),
        ("2.50", "number", Some("2.5")),
        ("1e3", "number", Some("1000")),
        ("12e03", "number", Some("12000")),
        ("1000000.0", "number", Some("1e+06")),
        ("1234567.5", "number", Some("1.2345675e+06")),
        ("123456.5", "number", Some("123456.5")),
        ("0.0001", "number", Some("0.0001")),
        ("0.00001", "number", Some("1e-05")),
        (".5", "number", Some("0.5")),
        (".inf", "number", Some("+Inf")),
        ("-.inf", "number", Some("-Inf")),
        (".nan", "number", Some("NaN")),
        ("true", "boolean", Some("true")),
        ("True", "boolean", Some("true")),
        ("TRUE", "boolean", Some("true")),
        ("false", "boolean", Some("false")),
        ("yes", "text", Some("yes")),
        ("no", "text", Some("no")),
        ("on", "text", Some("on")),
        ("y", "text", Some("y")),
        ("~", "null", Some("")),
        ("null", "null", Some("")),
        ("NULL", "null", Some("")),
        ("", "null", Some("")),
        ("2024-01-02", "timestamp", None),
        ("2024-01-02T03:04:05Z", "timestamp", None),
        ("2024-13-02", "text", Some("2024-13-02")),
        ("12345678901234567890", "integer", None),
        ("9223372036854775807", "integer", Some("9223372036854775807")),
        ("1:30", "text", Some("1:30")),
        ("1.2.3", "text", Some("1.2.3")),
    ];
    for (written, kind, as_text) in rows {
        let document = root(&format!("v: {written}"));
        let node = document.get("v").unwrap();
        assert_eq!(node.type_name(), kind, "{written:?}");
        assert_eq!(node.to_text().as_deref(), as_text, "{written:?}");
        assert_eq!(node.written(), Some(written));
    }
}

/// pipeline-format 3.2, last row: quoted and block scalars are text.
#[test]
fn quoted_scalars() {
    for text in ["v: '1'", "v: \"true\"", "v: |-\n  1", "v: >-\n  ~"] {
        let document = root(text);
        let node = document.get("v").unwrap();
        assert_eq!(node.type_name(), "text", "{text}");
        assert_ne!(node.style(), Style::Plain);
    }
}

/// pipeline-format 3.3: characters with other meanings.
#[test]
fn characters_that_bite() {
    assert_eq!(json("slack: #builds"), r#"{"slack":null}"#);
    assert_eq!(json("a: b #c"), r#"{"a":"b"}"#);
    assert_eq!(json("a: b#c"), r#"{"a":"b#c"}"#);
    assert_eq!(
        json("commands: [echo ok, echo result: done]"),
        r#"{"commands":["echo ok",{"echo result":"done"}]}"#
    );
    assert_eq!(json("a: http://x:80/y"), r#"{"a":"http://x:80/y"}"#);
}

/// pipeline-format 2: documents.
#[test]
fn documents() {
    let count = |text: &str| {
        let documents = parse("t.yml", text, Dialect::Pipeline).unwrap();
        let empty = documents.iter().filter(|document| document.is_empty()).count();
        (documents.len(), empty)
    };
    assert_eq!(count(""), (0, 0));
    assert_eq!(count("# nothing\n\n"), (0, 0));
    assert_eq!(count("a: 1\n---\nb: 2\n"), (2, 0));
    assert_eq!(count("a: 1\n---\n"), (2, 1));
    assert_eq!(count("---\na: 1\n---\n---\nb: 1"), (3, 1));
    assert_eq!(count("---\n~\n"), (1, 0));
    // Anchors end with their document.
    assert!(refused("a: &x 1\n---\nb: *x").to_string().contains("*x"));
}

/// Each node knows its bytes; aliases know where they stand.
#[test]
fn spans() {
    let text =
        "env:\n  A: \"x y\"\n  B: [1,\n    2]\nré: &a {k: v}\nt: *a\nlast:\n  - 1\n  - zwei\n\n# end\n";
    let document = root(text);
    let slice = |node: &Node| &text[node.span().range()];
    let env = document.get("env").unwrap();
    assert_eq!(slice(env), "A: \"x y\"\n  B: [1,\n    2]");
    assert_eq!(slice(env.get("A").unwrap()), "\"x y\"");
    assert_eq!(slice(env.get("B").unwrap()), "[1,\n    2]");
    assert_eq!(env.get("B").unwrap().span().to_string(), "3:6");
    let accented = document.as_mapping().unwrap().entry("ré").unwrap();
    assert_eq!(accented.key.span.to_string(), "5:1");
    assert_eq!(accented.value.span().column, 8);
    let alias = document.get("t").unwrap();
    assert_eq!(slice(alias), "{k: v}");
    assert_eq!(&text[alias.alias().unwrap().range()], "*a");
    assert_eq!(alias.site().to_string(), "6:4");
    assert_eq!(slice(document.get("last").unwrap()), "- 1\n  - zwei");

    let flat = root("steps:\n- a\n-\n  b: c\n");
    assert_eq!(flat.get("steps").unwrap().span().to_string(), "2:1");
    let mapping = &flat.get("steps").unwrap().as_sequence().unwrap()[1];
    assert_eq!(mapping.span().to_string(), "4:3");
}

/// JSON has spans too, and equal keys are reported with both places.
#[test]
fn json_text() {
    let text = "{\"a\": {\"b\": [1, true, null, \"x\\u00e9\"]}, \"a\": 2}";
    let document = root(text);
    let mapping = document.as_mapping().unwrap();
    let duplicate = &mapping.duplicates()[0];
    assert_eq!((duplicate.first.column, duplicate.second.column), (2, 42));
    assert_eq!(document.to_json().to_string(), "{\"a\":2}");
    assert_eq!(json("[1, true, null, \"x\\u00e9\", 1.5e3, -0.25]"), "[1,true,null,\"xé\",1500,-0.25]");
}

/// Merged entries and converted keys are marked.
#[test]
fn entries_tell_where_they_come_from() {
    let document = root("a: &a {k: 1}\nb: {<<: *a, 2: x}");
    let entries: Vec<_> = document.get("b").unwrap().as_mapping().unwrap().iter().collect();
    assert_eq!(
        (entries[0].key.text.as_str(), entries[0].merged, entries[0].key.converted),
        ("2", false, true)
    );
    assert_eq!(
        (entries[1].key.text.as_str(), entries[1].merged, entries[1].key.converted),
        ("k", true, false)
    );
}

/// Aliases cannot be used to exhaust memory or the stack.
#[test]
fn unfolding_is_bounded() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let last = level - 1;
        let items = vec![format!("*a{last}"); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert!(refused(&text).to_string().contains("unfold to more than"));

    let mut chain = "a0: &a0 [x]\n".to_owned();
    for level in 1..2000 {
        let last = level - 1;
        chain.push_str(&format!("a{level}: &a{level} [*a{last}]\n"));
    }
    assert!(refused(&chain).to_string().contains("levels deep"));
}

/// controller-config 2: the old boolean words, octal numbers, exponents.
#[test]
fn config_dialect() {
    let document = parse(
        "c.yml",
        "a: yes\nb: Off\nc: n\nd: 0755\ne: 1e6\nf: 2024-01-02\n'yes': 1\non: 2\ng: 'yes'\nh: 0o755\ni: 0x1ed\nj: 0b11\nk: 1_000",
        Dialect::Config,
    )
    .unwrap()[0]
        .root()
        .clone();
    assert_eq!(document.get("a").unwrap().as_bool(), Some(true));
    assert_eq!(document.get("a").unwrap().written(), Some("yes"));
    assert_eq!(document.get("b").unwrap().as_bool(), Some(false));
    assert_eq!(document.get("c").unwrap().as_bool(), Some(false));
    assert_eq!(document.get("d").unwrap().as_i64(), Some(493));
    assert_eq!(document.get("e").unwrap().as_f64(), Some(1e6));
    assert_eq!(document.get("f").unwrap().as_str(), Some("2024-01-02"));
    assert_eq!(document.get("yes").unwrap().as_i64(), Some(1));
    assert_eq!(document.get("on").unwrap().as_i64(), Some(2));
    assert_eq!(document.get("g").unwrap().as_str(), Some("yes"));
    assert_eq!(document.get("h").unwrap().as_i64(), Some(493));
    assert_eq!(document.get("i").unwrap().as_i64(), Some(493));
    assert_eq!(document.get("j").unwrap().as_i64(), Some(3));
    assert_eq!(document.get("k").unwrap().as_i64(), Some(1000));
}
