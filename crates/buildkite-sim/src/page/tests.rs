use jiff::Timestamp;

use super::view::{AnnotationBox, BuildHead, BuildPage, JobRow, Question, StepRow};
use super::{markdown, render, time};
use crate::ansi::read_all;
use crate::pipeline::model::{InputField, InputOption};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_700_000_000 + second).unwrap()
}

fn job(id: &str, label: &str, state: &str) -> JobRow {
    JobRow {
        id: id.to_owned(),
        label: label.to_owned(),
        state: state.to_owned(),
        exit_status: Some(0),
        reason: String::new(),
        agent: Some("agent-1".to_owned()),
        queue: "kubernetes".to_owned(),
        attempt: 1,
        started_at: Some(at(1)),
        finished_at: Some(at(4)),
        is_over: true,
        history: vec![(at(1), "running".to_owned(), "started".to_owned())],
        artifacts: vec![("out/a.txt".to_owned(), 12)],
    }
}

fn step(key: &str, kind: &'static str, jobs: Vec<JobRow>) -> StepRow {
    StepRow {
        id: format!("id-{key}"),
        key: Some(key.to_owned()),
        label: key.to_owned(),
        kind,
        state: "passed".to_owned(),
        group: None,
        cause: String::new(),
        jobs,
        question: None,
    }
}

fn page() -> BuildPage {
    BuildPage {
        head: BuildHead {
            path: "/acme/hello/builds/7".to_owned(),
            pipeline: "hello".to_owned(),
            number: 7,
            state: "passed".to_owned(),
            message: "Fix <it>".to_owned(),
            branch: "main".to_owned(),
            commit: "HEAD".to_owned(),
            created_at: at(0),
            started_at: Some(at(1)),
            finished_at: Some(at(66)),
            is_over: true,
            job_states: vec!["passed".to_owned(), "soft_failed".to_owned()],
        },
        steps: vec![step("unit", "command", vec![job("j1", "make test", "passed")])],
        annotations: vec![AnnotationBox {
            context: "ci".to_owned(),
            style: "success".to_owned(),
            body: "**all** <good>".to_owned(),
        }],
        shown: Some(job("j1", "make test", "passed")),
    }
}

#[track_caller]
fn has(html: &str, parts: &[&str]) {
    for part in parts {
        assert!(html.contains(part), "{part} is not in {html}");
    }
}

#[test]
fn a_green_build_has_the_marks_that_tests_look_for() {
    let lines = read_all(b"\x1b[32mhello\x1b[0m & <bye>\n");
    let html = render::build(&page(), Some(&lines), at(100));
    has(
        &html,
        &[
            "<title>hello #7 passed</title>",
            "id=\"build\" data-state=\"passed\"",
            "<h1>Fix &lt;it&gt;</h1>",
            "data-job=\"j1\" data-state=\"passed\" aria-current=\"true\"",
            "<section id=\"job\" data-job=\"j1\" data-state=\"passed\">",
            "<span class=\"fg-2\">hello</span> &amp; &lt;bye&gt;",
            "data-from=\"/acme/hello/builds/7/jobs/j1/log.json\" data-count=\"1\"",
            "class=\"annotation\" data-style=\"success\" data-context=\"ci\"",
            "<strong>all</strong> &lt;good&gt;",
            "Artifacts (1)",
            "1 min 05 s",
        ],
    );
    assert!(!html.contains("<body data-live>"), "an ended build asks for no news");
    assert!(!html.contains("Cancel build"), "an ended build cannot be canceled");
}

#[test]
fn a_build_that_has_not_started_has_no_duration_and_no_dot_for_it() {
    let mut page = page();
    page.head.started_at = None;
    page.head.finished_at = None;
    has(&render::build(&page, None, at(100)), &["</time></p>"]);
    has(&render::builds(&[page.head], at(100)), &["</time></span></a>"]);
}

#[test]
fn a_running_build_asks_for_news_and_can_be_canceled() {
    let mut page = page();
    page.head.is_over = false;
    page.head.state = "running".to_owned();
    let html = render::build(&page, None, at(100));
    has(&html, &["<body data-live>", "action=\"/acme/hello/builds/7/cancel\"", "data-count=\"0\""]);
}

#[test]
fn a_waiting_block_step_is_a_form() {
    let field = InputField {
        key: "name".to_owned(),
        label: "Your name".to_owned(),
        hint: Some("any".to_owned()),
        required: true,
        default: Some("\"Ada\"".to_owned()),
        format: Some("[A-Z].*".to_owned()),
        multiple: false,
        options: Vec::new(),
    };
    let option = |value: &str| InputOption { label: value.to_owned(), value: value.to_owned(), hint: None };
    let select = InputField {
        key: "env".to_owned(),
        label: "Where".to_owned(),
        default: Some("b\nc".to_owned()),
        required: false,
        multiple: true,
        format: None,
        options: vec![option("a"), option("b"), option("c")],
        ..field.clone()
    };
    let mut page = page();
    let mut block = step("gate", "block", Vec::new());
    block.state = "blocked".to_owned();
    block.question = Some(Question {
        prompt: "Really?".to_owned(),
        submit: "Ship".to_owned(),
        fields: vec![field, select],
    });
    page.steps.push(block);
    has(
        &render::build(&page, None, at(0)),
        &[
            "id=\"step-gate\" data-state=\"blocked\"",
            "action=\"/acme/hello/builds/7/unblock\"",
            "name=\"step\" value=\"id-gate\"",
            "name=\"field:name\" value=\"&quot;Ada&quot;\" pattern=\"[A-Z].*\" required",
            "<select name=\"field:env\" multiple><option value=\"a\">a</option>\
             <option value=\"b\" selected>b</option><option value=\"c\" selected>c</option>",
            "<button>Ship</button>",
        ],
    );
}

#[test]
fn the_list_of_builds() {
    has(
        &render::builds(&[page().head], at(100)),
        &[
            "href=\"/acme/hello/builds/7\" data-state=\"passed\"",
            "Fix &lt;it&gt;",
            "hello #7",
            "class=\"dot\" data-state=\"soft_failed\"",
        ],
    );
    has(&render::builds(&[], at(0)), &["No builds yet"]);
}

#[test]
fn groups_waits_and_steps_without_jobs() {
    let mut page = page();
    page.shown = None;
    page.steps = vec![step("a", "command", Vec::new()), step("w", "wait", Vec::new())];
    page.steps[0].group = Some("Tests & more".to_owned());
    page.steps[0].cause = "if: build.tag != null".to_owned();
    let html = render::build(&page, None, at(0));
    has(&html, &["<h3>Tests &amp; more</h3>", "if: build.tag != null", "<hr title=\"w\">", "no jobs yet"]);
}

#[test]
fn durations() {
    for (seconds, want) in [
        (0, "0.0 s"),
        (9, "9.0 s"),
        (42, "42 s"),
        (65, "1 min 05 s"),
        (3599, "59 min 59 s"),
        (7620, "2 h 07 min"),
        (-5, "0.0 s"),
    ] {
        assert_eq!(time::duration(at(0), at(seconds)), want, "{seconds}");
    }
}

#[test]
fn annotations_in_markdown() {
    for (body, want) in [
        ("one\ntwo\n\nthree", "<p>one\ntwo</p><p>three</p>"),
        ("# Title\ntext", "<h4>Title</h4><p>text</p>"),
        ("- a\n- b\n\nc", "<ul><li>a</li><li>b</li></ul><p>c</p>"),
        ("a `b<c` **d**", "<p>a <code>b&lt;c</code> <strong>d</strong></p>"),
        ("```sh\nls <x>\n```\nend", "<pre><code>ls &lt;x&gt;\n</code></pre><p>end</p>"),
        ("```\nopen", "<pre><code>open\n</code></pre>"),
        ("<script>x</script>", "<p>&lt;script&gt;x&lt;/script&gt;</p>"),
        ("#hash", "<p>#hash</p>"),
    ] {
        assert_eq!(markdown::to_html(body), want, "{body}");
    }
}
