//! Variables in pipelines, as an upload replaces them (pipeline-format 4).

#![expect(clippy::unwrap_used, reason = "test code")]

use std::collections::BTreeMap;

use pipeline_model::{CommandStep, Pipeline, Variables, interpolate};
use serde_json::json;
use yaml_source::{Dialect, parse};

fn known() -> BTreeMap<String, String> {
    let pairs = [("A", "apple"), ("EMPTY", ""), ("É", "accent"), ("WORD", "Füße")];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// pipeline-format 4.1: what an upload makes of a text
const TEXTS: &[(&str, &str)] = &[
    ("", ""),
    ("no variable", "no variable"),
    // A name ends where no letter, digit or underscore follows.
    ("$A", "apple"),
    ("${A}", "apple"),
    ("$A-$A.$A", "apple-apple.apple"),
    ("${A}s $As $A_s $A1", "apples   "),
    ("$É${É}", "accentaccent"),
    ("$NONE|${NONE}|$EMPTY|", "|||"),
    // Defaults.
    ("${A:-x} ${EMPTY:-x} ${NONE:-x}", "apple x x"),
    ("${A-x} ${EMPTY-x} ${NONE-x}", "apple  x"),
    ("${NONE:-} ${NONE-}", " "),
    ("${NONE:-a b} ${NONE:-:-} ${NONE:--}", "a b :- -"),
    ("${NONE:-$A} ${NONE:-${A}} ${NONE:-${NONE:-${NONE-deep}}}", "apple apple deep"),
    ("${NONE:-$$A} ${NONE:-\\$A} ${NONE:-$(cmd)} ${NONE:-$}", "$A $A $(cmd) $"),
    ("${NONE:-{}} ${NONE:-\"x\"}", "{} \"x\""),
    ("${A:-${NONE?not looked at}}", "apple"),
    // Required.
    ("${A?missing} ${EMPTY?missing}", "apple "),
    // Substrings, in bytes.
    ("${A:2} ${A:0:2} ${A:1:3}", "ple ap ppl"),
    ("${A: -3} ${A: -3:2} ${A:1: -1}", "ple pl ppl"),
    ("${A:9}|${A:0:99}|${A:4:-4}|${NONE:1:2}|", "|apple|||"),
    ("${A: -9} ${A:-9}", "apple apple"),
    ("${A:+1} ${A: 1 : 2 }", "pple pp"),
    ("${WORD:0:1}|${WORD:0:2}|${WORD:1:2}", "F|F\u{fffd}|ü"),
    ("${A:1:9223372036854775807}", "pple"),
    // Escapes: one dollar, and what follows is text.
    ("$$A \\$A $${A} \\${A}", "$A $A ${A} ${A}"),
    ("$${A%suffix} $${A##*/} $${!A} $${{ a }}", "${A%suffix} ${A##*/} ${!A} ${{ a }}"),
    ("$$ $$$ $$$$ a$$$A", "$ $$ $$ a$apple"),
    ("$$patch $$(date)", "$patch $(date)"),
    ("\\\\ \\\\A \\\\$A \\\\\\$A \\n \\", "\\\\ \\\\A \\\\apple \\\\$A \\n \\"),
    // Dollars that are just that.
    ("$(cmd $A) $((1+1)) $(", "$(cmd apple) $((1+1)) $("),
    ("$1 $? $@ $# $_x $- $5 $} $", "$1 $? $@ $# $_x $- $5 $} $"),
    ("a}b{c} {{matrix}} {{ matrix.os }}", "a}b{c} {{matrix}} {{ matrix.os }}"),
];

#[test]
fn texts_become_what_an_upload_makes_of_them() {
    let variables = Variables::all(known());
    for (text, want) in TEXTS {
        let got = interpolate(text, &variables).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!((got.text.as_str(), got.unknown.len()), (*want, 0), "{text}");
    }
}

/// pipeline-format 4.1: everything else behind `${` is an error
#[test]
fn what_an_upload_refuses_is_refused() {
    let name = "a variable, whose name starts with a letter";
    for (text, want) in [
        ("${A:?msg}", "the whole numbers of a substring"),
        ("${A:+x}", "the whole numbers of a substring"),
        ("${A:=x}", "the whole numbers of a substring"),
        ("${A:}", "the whole numbers of a substring"),
        ("${A:1:}", "the whole numbers of a substring"),
        ("${A:1:2:3}", "the whole numbers of a substring"),
        ("${A:99999999999999999999}", "the whole numbers of a substring"),
        ("${A=x}", "an upload cannot interpret ${A=…}; write $${A=…} to leave it to the shell"),
        ("${A%x}", "an upload cannot interpret ${A%…}"),
        ("${A##x}", "an upload cannot interpret ${A#…}"),
        ("${A/x/y}", "an upload cannot interpret ${A/…}"),
        ("${A^^}", "an upload cannot interpret ${A^…}"),
        ("${A,,}", "an upload cannot interpret ${A,…}"),
        ("${A@Q}", "an upload cannot interpret ${A@…}"),
        ("${A }", "an upload cannot interpret ${A …}"),
        (
            "${#A}",
            "`${#` is no variable, whose name starts with a letter; write $${# to leave it to the shell",
        ),
        ("${!A}", "`${!` is no"),
        ("${_A}", "`${_` is no"),
        ("${1}", "`${1` is no"),
        ("${*}", "`${*` is no"),
        ("${}", "`${}` is no"),
        ("${", "`${` is no"),
        ("${{ matrix.os }}", "write {{matrix.name}} without the dollar sign, or `$${{` to keep it"),
        ("${A", "the expansion of $A is never closed; add `}`, or write $${A to leave it to the shell"),
        ("${A:-x", "$A is never closed"),
        ("${A:2", "$A is never closed"),
        ("${NONE:-${A}", "$NONE is never closed"),
        ("${NONE?no $A here}", "$NONE: no apple here"),
        ("${NONE?}", "$NONE: not set"),
        // What is wrong in a default is wrong wherever the default stands.
        ("${A:-${B%x}}", "an upload cannot interpret ${B%…}"),
    ] {
        let error = interpolate(text, &Variables::all(known())).unwrap_err().to_string();
        assert!(error.contains(want) || error.contains(name) && want == name, "{text}: {error}");
    }
    let deep = format!("{}{}", "${B:-".repeat(100_000), "}".repeat(100_000));
    let error = interpolate(&deep, &Variables::all(known())).unwrap_err();
    assert_eq!(error.to_string(), "expansions are nested more than 64 levels deep");
}

/// pipeline-format 4.2: variables that only the upload will know stay, a default is taken, escapes are undone
#[test]
fn what_is_not_known_stays_as_it_is_written() {
    for (text, want, unknown) in [
        ("$A $NONE ${NONE} $$NONE", "apple $NONE ${NONE} $NONE", &["NONE"][..]),
        ("$B ${C:0:7} ${B?say $$X} $A", "$B ${C:0:7} ${B?say $$X} apple", &["B", "C"]),
        ("${B:-x} ${B-y} ${B:-$C} ${EMPTY:-z}", "x y $C z", &["C"]),
        ("$$B \\$B", "$B $B", &[]),
    ] {
        let got = interpolate(text, &Variables::some(known())).unwrap();
        let names: Vec<&str> = got.unknown.iter().map(String::as_str).collect();
        assert_eq!((got.text.as_str(), &names[..]), (want, unknown), "{text}");
    }
}

fn uploaded(text: &str, variables: Variables) -> Result<Vec<CommandStep>, String> {
    let documents = parse("p.yml", text, Dialect::Pipeline).unwrap();
    let pipeline = Pipeline::read_uploaded(documents[0].root(), variables);
    pipeline.map(|pipeline| pipeline.steps).map_err(|error| error.to_string())
}

fn step(text: &str) -> CommandStep {
    let mut steps = uploaded(text, Variables::all(known())).unwrap();
    assert_eq!(steps.len(), 1, "{text}");
    steps.remove(0)
}

/// pipeline-format 4, 4.3: keys and values of every attribute, in plugins too; results are texts
#[test]
fn every_text_of_a_step_is_replaced() {
    let step = step(
        "env: {TOP: \"$A\"}\nsteps:\n- key: k-$A\n  label: l $A\n  command: [echo $A, '$$A']\n  env: {\"E_$A\": \"${A}\", N: 1}\n  \
         agents: {\"$A\": \"$A\", queue: \"${NONE:-q}\"}\n  image: img:$A\n  priority: \"${NONE:-3}\"\n  \
         matrix: {setup: {\"$A\": [\"$A\", b]}, adjustments: [{with: {\"$A\": \"x$A\"}}]}\n  \
         plugins:\n  - \"$A#v1\": {\"$A\": [\"$A\", 1], a: \"$(cmd)\"}\n  \
         - kubernetes: {podSpecPatch: {containers: [{name: agent, $$patch: delete}]}}\n",
    );
    assert_eq!((step.key.as_deref(), step.label.as_deref()), (Some("k-apple"), Some("l apple")));
    assert_eq!(step.command, "echo apple\n$A");
    let env: Vec<(&str, &str)> = step.env.iter().map(|(name, value)| (&**name, &**value)).collect();
    assert_eq!(env, [("E_apple", "apple"), ("N", "1"), ("TOP", "apple")]);
    assert_eq!(step.agents, ["apple=apple", "queue=q"]);
    assert_eq!((step.image.as_deref(), step.priority), (Some("img:apple"), 3));
    let combinations: Vec<String> =
        step.matrix.unwrap().combinations().iter().map(ToString::to_string).collect();
    assert_eq!(combinations, ["apple=apple", "apple=b", "apple=xapple"]);
    assert_eq!(
        step.plugins,
        [
            json!({ "github.com/buildkite-plugins/apple-buildkite-plugin#v1": { "apple": ["apple", 1], "a": "$(cmd)" } }),
            json!({ "github.com/buildkite-plugins/kubernetes-buildkite-plugin":
                { "podSpecPatch": { "containers": [{ "name": "agent", "$patch": "delete" }] } } }),
        ]
    );
}

/// pipeline-format 7: a key or label of which nothing is left is none
#[test]
fn empty_names_are_left_out() {
    let step = step("steps: [{command: a, key: $NONE, label: \"${NONE}\"}]\n");
    assert_eq!((step.key, step.label), (None, None));
}

/// pipeline-format 4.2: the pipeline's own variables, top to bottom, over those of the upload; a step's own are not
/// known yet
#[test]
fn the_pipelines_own_variables_count() {
    for (text, want) in [
        ("env: {X: \"1\"}\nsteps: [{command: $X}]\n", "1"),
        ("steps: [{command: $X}]\nenv: {X: 1.10}\n", "1.1"),
        ("env: {A: own}\nsteps: [{command: $A}]\n", "own"),
        ("env: {X: \"$A pie\", Y: \"$X!\"}\nsteps: [{command: $Y}]\n", "apple pie!"),
        ("env: {Y: \"<$X>\", X: 1}\nsteps: [{command: $Y}]\n", "<>"),
        ("env: {A: \"$A$A\"}\nsteps: [{command: $A}]\n", "appleapple"),
        ("env: {\"${A}_x\": v}\nsteps: [{command: $apple_x}]\n", "v"),
        ("env: {X: ~}\nsteps: [{command: 'a${X-unset}'}]\n", "a"),
        ("env: {X: $$A}\nsteps: [{command: $X}]\n", "$A"),
        ("steps: [{command: '<$X>', env: {X: 1}}]\n", "<>"),
        ("steps: [{command: '$A {{matrix}}', matrix: [a]}]\n", "apple {{matrix}}"),
        ("steps: [{group: g, steps: [{command: $A}]}]\n", "apple"),
        ("steps: [{command: {command: $A}}]\n", "apple"),
        ("x: &x {command: $A}\nsteps: [*x]\n", "apple"),
        ("- command: $A\n", "apple"),
    ] {
        assert_eq!(step(text).command, want, "{text}");
    }
}

/// pipeline-format 4: what is not replaced, and that the rest of the file is looked at
#[test]
fn an_upload_looks_at_the_whole_file() {
    for text in [
        "secrets: [\"${A%x}\"]\nsteps: [{command: a}]\n",
        "steps: [{command: a, signature: {value: \"${A%x}\"}}]\n",
        "steps: [{command: a, matrix: {setup: [a], adjustments: [{with: a, skip: \"${A%x}\"}, {with: b}]}}]\n",
    ] {
        assert_eq!(step(text).command, "a", "{text}");
    }
    for (text, want) in [
        ("steps:\n- command: a\n  label: ${A%x}\n", "3:10"),
        ("steps:\n- wait: ~\n  if: ${A%x}\n- command: a\n", "3:7"),
        ("steps:\n- block: ${A%x}\n- command: a\n", "2:10"),
        ("steps:\n- group: ${A%x}\n  steps: [{command: a}]\n", "2:10"),
        ("steps:\n- command: a\n  plugins:\n  - x: {'${A%x}': 1}\n", "4:9"),
        ("x: ${A%x}\nsteps:\n- command: a\n", "1:4"),
        ("env:\n  A: ${A%x}\nsteps:\n- command: a\n", "2:6"),
    ] {
        let want =
            format!("{want}: an upload cannot interpret ${{A%…}}; write $${{A%…}} to leave it to the shell");
        assert_eq!(uploaded(text, Variables::all(known())).unwrap_err(), want, "{text}");
    }
}

/// Only what reaches a job is worth a word; a number that is not known is none.
#[test]
fn each_step_names_the_variables_that_it_lacks() {
    let text = "\
env: {TOP: $FROM_ENV}
image: $IMAGE
notify: [{slack: $CHANNEL}]
steps:
- command: $TOP $X ${Y:-y} $A
  label: $LABEL
  if: $IF
  plugins: [{docker#$V: {a: $X}}]
- wait: $NOT_A_JOB
- group: $GROUP
  steps:
  - command: b
    parallelism: $COUNT
    priority: ${PRIORITY}
";
    let steps = uploaded(text, Variables::some(known())).unwrap();
    let names: Vec<String> = steps.iter().map(|step| step.unknown_variables.join(" ")).collect();
    assert_eq!(names, ["FROM_ENV IMAGE X V", "FROM_ENV IMAGE COUNT PRIORITY"]);
    assert_eq!(steps[0].command, "$FROM_ENV $X y apple");
    assert_eq!((steps[1].parallelism, steps[1].priority), (None, 0));
}
