use super::html::{self, Addition};
use super::section::{Kind, Mark, mark};
use super::{Line, LogReader, plain_text, read_all, terminal};

fn html_of(log: &str) -> String {
    read_all(log.as_bytes()).iter().map(html::line).collect::<Vec<_>>().join("\n")
}

#[test]
fn styles_become_classes() {
    for (log, want) in [
        ("plain", "plain"),
        ("<a href=\"x\">&'", "&lt;a href=&quot;x&quot;&gt;&amp;&#39;"),
        ("\x1b[31mred\x1b[0m not", "<span class=\"fg-1\">red</span> not"),
        ("\x1b[1;4;9mx\x1b[m", "<span class=\"bold underline strike\">x</span>"),
        ("\x1b[2;3mx\x1b[22;23my", "<span class=\"dim italic\">x</span>y"),
        ("\x1b[91;104mx", "<span class=\"fg-9 bg-12\">x</span>"),
        (
            "\x1b[31;42mx\x1b[39my\x1b[49mz",
            "<span class=\"fg-1 bg-2\">x</span><span class=\"bg-2\">y</span>z",
        ),
        ("\x1b[7;31mx", "<span class=\"inverse bg-1\">x</span>"),
        ("\x1b[38;5;9mx", "<span class=\"fg-9\">x</span>"),
        ("\x1b[38;5;16mx", "<span style=\"color:#000000\">x</span>"),
        ("\x1b[38;5;208mx", "<span style=\"color:#ff8700\">x</span>"),
        ("\x1b[48;5;255mx", "<span style=\"background:#eeeeee\">x</span>"),
        ("\x1b[38;2;1;2;255mx", "<span style=\"color:#0102ff\">x</span>"),
        ("\x1b[38:2:1:2:3mx", "<span style=\"color:#010203\">x</span>"),
        ("\x1b[1;38;5;208;4mx", "<span class=\"bold underline\" style=\"color:#ff8700\">x</span>"),
        ("\x1b[38mx", "x"),
        ("\x1b[999;1mx", "<span class=\"bold\">x</span>"),
        ("\x1b[31mred\nstill\x1b[0m", "<span class=\"fg-1\">red</span>\n<span class=\"fg-1\">still</span>"),
    ] {
        assert_eq!(html_of(log), want, "{log:?}");
    }
}

/// agent-protocol 6.4: line ends and time stamps.
#[test]
fn lines_as_the_agent_sends_them() {
    for (log, want) in [
        ("a\r\r\nb\r\nc\n", "a\nb\nc\n"),
        ("no end", "no end\n"),
        ("", ""),
        ("\n\n", "\n\n"),
        ("\x1b_bk;t=1700000000000\x07hello\r\r\n", "hello\n"),
        ("\x1b_bk;t=1\x1b\\hello", "hello\n"),
        ("10%\r50%\r100%\n", "100%\n"),
        ("100%\r50%\n", "50%%\n"),
        ("100%\r\x1b[K50%\n", "50%\n"),
        ("100%\x1b[2K\rx\n", "x\n"),
        ("abc\x1b[2D\x1b[1KX\n", " Xc\n"),
        ("a\x1b[3Cb\x1b[2Gc\n", "ac  b\n"),
        ("ab\x08c\n", "ac\n"),
        ("a\tb\n", "a\tb\n"),
        ("\x1b]0;title\x07a\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\\n", "alink\n"),
        ("\x1b(Ba\x1b=b\x1b[?25lc\x1b[2Jd\n", "abcd\n"),
        ("a\x00\x01b\n", "ab\n"),
        ("open \x1b[31", "open \n"),
        ("open \x1b_bk;t=", "open \n"),
        ("open \x1b", "open \n"),
    ] {
        assert_eq!(plain_text(log.as_bytes()), want, "{log:?}");
    }
}

#[test]
fn the_first_time_stamp_of_a_line_counts() {
    let lines = read_all(b"\x1b_bk;t=5\x07a\r\x1b_bk;t=9\x07b\nc\n\x1b_other\x07d\n");
    let times: Vec<_> = lines.iter().map(|line| line.at_milliseconds).collect();
    assert_eq!(times, [Some(5), None, None]);
    assert_eq!(
        html::row(4, &lines[0]),
        "<div class=\"line\" data-line=\"4\" title=\"1970-01-01T00:00:00.005Z\">b</div>"
    );
}

/// agent-protocol 6.4: chunks are cut without looking.
#[test]
fn any_cut_gives_the_same_lines() {
    let log = "\x1b_bk;t=12\x07\x1b[38;5;208mzażółć\x1b[0m \r\r\n+++ gęś\nlast".as_bytes();
    let whole = read_all(log);
    for cut in 0..=log.len() {
        let mut reader = LogReader::default();
        let mut lines = reader.push(&log[..cut]);
        lines.extend(reader.push(&log[cut..]));
        lines.extend(reader.finish());
        assert_eq!(lines, whole, "cut at {cut}");
    }
}

#[test]
fn bytes_that_are_no_text_do_not_disturb() {
    assert_eq!(plain_text(b"a\xff\xfeb\n"), "a\u{fffd}\u{fffd}b\n");
}

#[test]
fn a_line_without_end_is_cut_and_marked() {
    let log = "x".repeat(100_000) + "\rab\nnext\n";
    let text = plain_text(log.as_bytes());
    assert_eq!(text.chars().count(), 65_536 + "\nnext\n".len());
    assert!(text.starts_with("abx") && text.ends_with("x…\nnext\n"));
}

fn one(log: &str) -> Line {
    read_all(log.as_bytes()).remove(0)
}

#[test]
fn section_headers() {
    let header = |kind, title: &str| Mark::Header { kind, title: title.to_owned() };
    for (log, want) in [
        ("--- Tests", header(Kind::Folded, "Tests")),
        ("+++ Tests", header(Kind::Open, "Tests")),
        ("~~~ Preparing", header(Kind::Muted, "Preparing")),
        ("\x1b[90m--- x\x1b[0m", header(Kind::Folded, "x")),
        ("---", header(Kind::Folded, "")),
        ("----- a ruler", Mark::Text),
        (" --- indented", Mark::Text),
        ("^^^ +++", Mark::Open),
        ("text", Mark::Text),
    ] {
        assert_eq!(mark(&one(log)), want, "{log:?}");
    }
}

#[test]
fn a_log_with_sections() {
    let lines = read_all(b"start\n--- <one>\na\n~~~ two\nb\n^^^ +++\n+++ three\nc\n--- four\nd\n");
    let shown = html::log(&lines, false);
    let skeleton: String = shown
        .split("<details ")
        .map(|part| part.split("</summary>").next().unwrap_or_default())
        .skip(1)
        .collect::<Vec<_>>()
        .join("|");
    assert_eq!(
        skeleton,
        "class=\"section folded\"><summary>&lt;one&gt;\
         |class=\"section muted\" open><summary>two\
         |class=\"section open\" open><summary>three\
         |class=\"section folded\"><summary>four"
    );
    assert!(html::log(&lines, true).contains("class=\"section folded\" open><summary>four"));
    let quiet = read_all(b"~~~ one\na\n~~~ two\nb\n");
    let shown = html::log(&quiet, false);
    assert!(shown.contains("class=\"section muted\"><summary>one"), "{shown}");
    assert!(shown.contains("class=\"section muted\" open><summary>two"), "{shown}");
}

#[test]
fn additions_count_on() {
    let lines = read_all(b"+++ x\na\n");
    assert_eq!(
        html::additions(10, &lines),
        [
            Addition::Section { kind: "open", summary: "x".to_owned() },
            Addition::Row("<div class=\"line\" data-line=\"12\">a</div>".to_owned()),
        ]
    );
}

#[test]
fn for_a_terminal() {
    for (log, want) in [
        ("plain", "plain"),
        ("\x1b_bk;t=1\x07\x1b[1;31mx\x1b[0my", "\x1b[1;31mx\x1b[0my"),
        ("\x1b[95;48;5;208mx", "\x1b[95;48;2;255;135;0mx\x1b[0m"),
        ("a\r\x1b[Kb", "b"),
        ("+++ title", "\x1b[1m+++ title\x1b[0m"),
        ("~~~ setup", "\x1b[2m~~~ setup\x1b[0m"),
    ] {
        assert_eq!(terminal::line(&one(log)), want, "{log:?}");
    }
}
