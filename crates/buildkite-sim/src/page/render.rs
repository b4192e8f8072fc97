//! From views to HTML. Pure: the time is an argument.

use std::fmt::Write as _;

use jiff::Timestamp;

use super::layout::{badge, document, dot};
use super::markdown;
use super::time::{clock, elapsed};
use super::view::{AnnotationBox, BuildHead, BuildPage, JobRow, Question, StepRow};
use crate::ansi::Line;
use crate::ansi::html::{escape, log};
use crate::pipeline::model::InputField;

/// The list of builds, the newest first.
pub(super) fn builds(builds: &[BuildHead], now: Timestamp) -> String {
    let mut rows = String::new();
    for build in builds {
        rows.push_str(&build_row(build, now));
    }
    if rows.is_empty() {
        rows.push_str(
            "<p class=\"empty\">No builds yet. Start one with \
             <code>buildkite-sim run pipeline.yml --endpoint URL</code>.</p>",
        );
    }
    document("Builds", true, &format!("<h1>Builds</h1><div id=\"builds\">{rows}</div>"))
}

fn build_row(build: &BuildHead, now: Timestamp) -> String {
    let BuildHead { path, pipeline, number, state, message, branch, .. } = build;
    let mut dots = String::new();
    for state in &build.job_states {
        dots.push_str(&dot(state));
    }
    let took = also(elapsed(build.started_at, build.finished_at, now));
    format!(
        "<a class=\"build\" href=\"{path}\" data-state=\"{state}\">{}\
         <span class=\"what\"><b>{}</b> <small>{} #{number}</small></span>\
         <span class=\"dots\">{dots}</span>\
         <span class=\"facts\">{} · {}{took}</span></a>",
        badge(state),
        escape(message),
        escape(pipeline),
        escape(branch),
        clock(build.created_at),
    )
}

/// A build with the log of one job. Without `lines` the log's place stays empty: the script asks
/// so, because it fetches logs by itself.
pub(super) fn build(page: &BuildPage, lines: Option<&[Line]>, now: Timestamp) -> String {
    let head = &page.head;
    let mut body = String::new();
    write!(body, "<div id=\"head\">{}</div>", head_html(head, now)).expect("writing to a string");
    write!(body, "<div id=\"annotations\">{}</div>", annotations(&page.annotations))
        .expect("writing to a string");
    body.push_str("<div class=\"columns\">");
    write!(body, "<nav id=\"steps\">{}</nav>", steps(page, now)).expect("writing to a string");
    match &page.shown {
        Some(job) => body.push_str(&job_section(head, job, lines, now)),
        None => body.push_str("<section class=\"empty\">This build has no jobs yet.</section>"),
    }
    body.push_str("</div>");
    let title = format!("{} #{} {}", head.pipeline, head.number, head.state.replace('_', " "));
    document(&title, !head.is_over, &body)
}

/// One more fact in a row of them, if there is one.
fn also(fact: Option<String>) -> String {
    fact.map(|fact| format!(" · {fact}")).unwrap_or_default()
}

fn head_html(head: &BuildHead, now: Timestamp) -> String {
    let took = also(elapsed(head.started_at, head.finished_at, now));
    let cancel = if head.is_over {
        String::new()
    } else {
        format!("<form method=\"post\" action=\"{}/cancel\"><button>Cancel build</button></form>", head.path)
    };
    format!(
        "<div class=\"title\" id=\"build\" data-state=\"{}\">{}<h1>{}</h1>{cancel}</div>\
         <p class=\"facts\">{} #{} · {} · {} · created {}{took}</p>",
        escape(&head.state),
        badge(&head.state),
        escape(&head.message),
        escape(&head.pipeline),
        head.number,
        escape(&head.branch),
        escape(&head.commit),
        clock(head.created_at),
    )
}

fn annotations(boxes: &[AnnotationBox]) -> String {
    let one = |annotation: &AnnotationBox| {
        format!(
            "<div class=\"annotation\" data-style=\"{}\" data-context=\"{}\">{}</div>",
            escape(&annotation.style),
            escape(&annotation.context),
            markdown::to_html(&annotation.body),
        )
    };
    boxes.iter().map(one).collect()
}

fn steps(page: &BuildPage, now: Timestamp) -> String {
    let mut html = String::new();
    let mut group: Option<&str> = None;
    for step in &page.steps {
        if step.group.as_deref() != group {
            group = step.group.as_deref();
            if let Some(name) = group {
                write!(html, "<h3>{}</h3>", escape(name)).expect("writing to a string");
            }
        }
        html.push_str(&step_html(page, step, now));
    }
    html
}

fn step_html(page: &BuildPage, step: &StepRow, now: Timestamp) -> String {
    let path = &page.head.path;
    let mut html = format!(
        "<div class=\"step {}{}\" id=\"step-{}\" data-state=\"{}\">",
        step.kind,
        if step.group.is_some() { " inner" } else { "" },
        escape(step.key.as_deref().unwrap_or(&step.id)),
        escape(&step.state),
    );
    if step.kind == "wait" {
        write!(html, "<hr title=\"{}\">", escape(&step.label)).expect("writing to a string");
    } else if step.jobs.is_empty() {
        let cause = if step.cause.is_empty() { step.state.replace('_', " ") } else { step.cause.clone() };
        write!(
            html,
            "<span class=\"job\">{}<span>{}</span><small>{}</small></span>",
            dot(&step.state),
            escape(&step.label),
            escape(&cause),
        )
        .expect("writing to a string");
    }
    if let Some(question) = &step.question {
        html.push_str(&question_html(path, step, question));
    }
    for job in &step.jobs {
        let shown = page.shown.as_ref().is_some_and(|shown| shown.id == job.id);
        html.push_str(&job_link(path, job, shown, now));
    }
    html.push_str("</div>");
    html
}

fn job_link(path: &str, job: &JobRow, shown: bool, now: Timestamp) -> String {
    let took = elapsed(job.started_at, job.finished_at, now).unwrap_or_else(|| job.state.replace('_', " "));
    let again = if job.attempt > 1 { format!(" (attempt {})", job.attempt) } else { String::new() };
    let current = if shown { " aria-current=\"true\"" } else { "" };
    format!(
        "<a class=\"job\" href=\"{path}?job={}\" data-job=\"{}\" data-state=\"{}\"{current}>{}\
         <span>{}{again}</span><small>{took}</small></a>",
        job.id,
        job.id,
        escape(&job.state),
        dot(&job.state),
        escape(&job.label),
    )
}

fn question_html(path: &str, step: &StepRow, question: &Question) -> String {
    let mut fields = String::new();
    for field in &question.fields {
        fields.push_str(&field_html(field));
    }
    let prompt = escape(&question.prompt);
    let submit = escape(&question.submit);
    format!(
        "<form class=\"question\" method=\"post\" action=\"{path}/unblock\">\
         <input type=\"hidden\" name=\"step\" value=\"{}\"><p>{prompt}</p>{fields}\
         <button>{submit}</button></form>",
        escape(&step.id)
    )
}

fn field_html(field: &InputField) -> String {
    let name = format!("field:{}", escape(&field.key));
    let default = field.default.as_deref().unwrap_or_default();
    let required = if field.required { " required" } else { "" };
    let input = if field.options.is_empty() {
        let format = match &field.format {
            Some(format) => format!(" pattern=\"{}\"", escape(format)),
            None => String::new(),
        };
        format!("<input name=\"{name}\" value=\"{}\"{format}{required}>", escape(default))
    } else {
        let mut options = String::new();
        for option in &field.options {
            let chosen = default.split('\n').any(|value| value == option.value);
            let selected = if chosen { " selected" } else { "" };
            write!(
                options,
                "<option value=\"{}\"{selected}>{}</option>",
                escape(&option.value),
                escape(&option.label)
            )
            .expect("writing to a string");
        }
        let multiple = if field.multiple { " multiple" } else { "" };
        format!("<select name=\"{name}\"{multiple}{required}>{options}</select>")
    };
    let hint = field.hint.as_deref().map(escape).unwrap_or_default();
    format!("<label>{}{input}<small>{hint}</small></label>", escape(&field.label))
}

fn job_section(head: &BuildHead, job: &JobRow, lines: Option<&[Line]>, now: Timestamp) -> String {
    let mut facts = vec![format!("queue {}", escape(&job.queue))];
    facts.extend(job.agent.as_deref().map(|agent| format!("agent {}", escape(agent))));
    facts.extend(job.exit_status.map(|status| format!("exit status {status}")));
    facts.extend((!job.reason.is_empty()).then(|| escape(&job.reason)));
    facts.extend(elapsed(job.started_at, job.finished_at, now));
    let shown = lines.map(|lines| log(lines, !job.is_over)).unwrap_or_default();
    let count = lines.map_or(0, <[Line]>::len);
    let path = &head.path;
    format!(
        "<section id=\"job\" data-job=\"{0}\" data-state=\"{1}\">\
         <div id=\"job-head\"><div class=\"title\">{2}<h2>{3}</h2>\
         <a href=\"{path}/jobs/{0}/log.txt\">plain text</a></div>\
         <p class=\"facts\">{4}</p>{5}{6}</div>\
         <div class=\"log\" id=\"log\" data-from=\"{path}/jobs/{0}/log.json\" \
         data-count=\"{count}\">{shown}</div></section>",
        job.id,
        escape(&job.state),
        badge(&job.state),
        escape(&job.label),
        facts.join(" · "),
        history(job),
        artifacts(path, job),
    )
}

fn history(job: &JobRow) -> String {
    let mut rows = String::new();
    for (at, state, cause) in &job.history {
        write!(rows, "<tr><td>{}<td>{}<td>{}", clock(*at), escape(state), escape(cause))
            .expect("writing to a string");
    }
    format!("<details class=\"history\"><summary>History</summary><table>{rows}</table></details>")
}

fn artifacts(path: &str, job: &JobRow) -> String {
    if job.artifacts.is_empty() {
        return String::new();
    }
    let mut rows = String::new();
    for (name, size) in &job.artifacts {
        write!(rows, "<li>{} <small>{size} bytes</small>", escape(name)).expect("writing to a string");
    }
    let count = job.artifacts.len();
    format!(
        "<details class=\"history\" data-build=\"{path}\"><summary>Artifacts ({count})</summary>\
         <ul>{rows}</ul></details>"
    )
}

/// A page that says what is not there.
pub(super) fn not_found(what: &str) -> String {
    document("Not found", false, &format!("<h1>Not found</h1><p>{}</p>", escape(what)))
}
