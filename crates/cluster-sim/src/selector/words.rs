//! What names, label keys and label values may look like, and what the API says about those that do not.

const LABEL_KEY: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an \
     alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is \
     '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const LABEL_VALUE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or \
     '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex \
     used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const SUBDOMAIN: &str = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or \
     '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL: &str = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must \
     start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const CONFIG_KEY: &str = "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. \
     'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')";

/// Longest label, in bytes.
const LABEL_MAX: usize = 63;
/// Longest name of an object, in bytes.
const SUBDOMAIN_MAX: usize = 253;

/// The API counts bytes in labels and calls them characters in names.
fn too_long(limit: usize, unit: &str) -> String {
    format!("must be no more than {limit} {unit}")
}

/// Letters and digits at both ends, `inner` as well between.
fn is_word(text: &str, edge: impl Fn(u8) -> bool, inner: impl Fn(u8) -> bool) -> bool {
    let bytes = text.as_bytes();
    match bytes {
        [] => false,
        [only] => edge(*only),
        [first, middle @ .., last] => {
            edge(*first) && edge(*last) && middle.iter().all(|byte| edge(*byte) || inner(*byte))
        }
    }
}

fn is_lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit()
}

fn is_alphanumeric(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
}

fn is_label(text: &str) -> bool {
    is_word(text, is_lower, |byte| byte == b'-')
}

fn is_label_word(text: &str) -> bool {
    is_word(text, is_alphanumeric, |byte| matches!(byte, b'-' | b'_' | b'.'))
}

/// What is wrong with the name of an object, such as a Job.
pub(crate) fn subdomain(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > SUBDOMAIN_MAX {
        wrong.push(too_long(SUBDOMAIN_MAX, "characters"));
    }
    if !text.split('.').all(is_label) {
        wrong.push(SUBDOMAIN.to_owned());
    }
    wrong
}

/// What is wrong with the name of a namespace or container.
pub(crate) fn label(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > LABEL_MAX {
        wrong.push(too_long(LABEL_MAX, "characters"));
    }
    if !is_label(text) {
        let is_dotted = text.split('.').all(is_label);
        wrong.push(if is_dotted { "must not contain dots".to_owned() } else { LABEL.to_owned() });
    }
    wrong
}

/// What is wrong with the key of a label, annotation or finalizer.
pub(crate) fn label_key(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => name,
        [prefix, name] => {
            if prefix.is_empty() {
                wrong.push("prefix part must be non-empty".to_owned());
            } else {
                wrong.extend(subdomain(prefix).into_iter().map(|text| format!("prefix part {text}")));
            }
            name
        }
        _ => {
            let tail = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')";
            return vec![format!("a valid label key {LABEL_KEY} {tail}")];
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX {
        wrong.push(format!("name part {}", too_long(LABEL_MAX, "bytes")));
    }
    if !is_label_word(name) {
        wrong.push(format!("name part {LABEL_KEY}"));
    }
    wrong
}

/// What is wrong with the value of a label.
pub(crate) fn label_value(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > LABEL_MAX {
        wrong.push(too_long(LABEL_MAX, "bytes"));
    }
    if !text.is_empty() && !is_label_word(text) {
        wrong.push(LABEL_VALUE.to_owned());
    }
    wrong
}

/// What is wrong with a key of a Secret or ConfigMap.
pub(crate) fn config_key(text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    if text.len() > SUBDOMAIN_MAX {
        wrong.push(too_long(SUBDOMAIN_MAX, "characters"));
    }
    if text.is_empty() || !text.bytes().all(|byte| is_alphanumeric(byte) || b"-_.".contains(&byte)) {
        wrong.push(CONFIG_KEY.to_owned());
    }
    if text == "." || text == ".." {
        wrong.push(format!("must not be '{text}'"));
    } else if text.starts_with("..") {
        wrong.push("must not start with '..'".to_owned());
    }
    wrong
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_judged_as_the_api_does() {
        let check = |wrong: Vec<String>, want: &[&str]| {
            let starts =
                wrong.iter().map(|text| text.split_whitespace().take(3).collect::<Vec<_>>().join(" "));
            assert_eq!(starts.collect::<Vec<_>>(), want);
        };
        check(subdomain("a.b-c.1"), &[]);
        check(subdomain("A"), &["a lowercase RFC"]);
        check(subdomain("a..b"), &["a lowercase RFC"]);
        check(subdomain(&"a".repeat(254)), &["must be no"]);
        check(label("a.b"), &["must not contain"]);
        check(label("-a"), &["a lowercase RFC"]);
        check(label_key("buildkite.com/job-uuid"), &[]);
        check(label_key("/x"), &["prefix part must"]);
        check(label_key("a/b/c"), &["a valid label"]);
        check(label_key(""), &["name part must", "name part must"]);
        check(label_value(""), &[]);
        check(label_value("a b"), &["a valid label"]);
        check(config_key("..x"), &["must not start"]);
    }
}
