//! The field that was asked for.

/// A path of the first column of `explain`, or the beginning of one.
pub(super) struct FieldPath {
    /// Its names, from the root.
    names: Vec<String>,
}

/// What may be left out: nearly everything that is asked for is in there.
const POD: &str = "spec.template.spec";

impl FieldPath {
    pub(super) fn new(text: &str) -> Self {
        Self { names: names(text) }
    }

    /// Whether a field is the one asked for, or in it.
    pub(super) fn covers(&self, field: &str) -> bool {
        let names_of_field = names(field);
        let pod = names(POD);
        names_of_field.starts_with(&self.names)
            || names_of_field.strip_prefix(&pod[..]).is_some_and(|rest| rest.starts_with(&self.names))
    }
}

/// `a.b[c.d].e` as `a`, `b`, `c.d`, `e`. A dot before a bracket, as jsonpath has it, makes no difference.
fn names(text: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut inside = false;
    for c in text.chars() {
        match c {
            '[' if !inside => {
                inside = true;
                names.push(String::new());
            }
            ']' if inside => {
                inside = false;
                names.push(String::new());
            }
            '.' if !inside => names.push(String::new()),
            other => names.last_mut().expect("there is always one").push(other),
        }
    }
    names.retain(|name| !name.is_empty());
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_and_what_is_in_it() {
        let field = "spec.template.spec.containers[agent].env[A].value";
        for (asked, covered) in [
            (field, true),
            ("spec.template.spec.containers[agent]", true),
            ("containers[agent]", true),
            ("containers.agent.env", true),
            (".spec.template.spec.containers", true),
            ("containers[age]", false),
            ("env", false),
            ("", true),
        ] {
            assert_eq!(FieldPath::new(asked).covers(field), covered, "{asked}");
        }
        let label = "metadata.labels[buildkite.com/job-uuid]";
        assert!(FieldPath::new("metadata.labels[buildkite.com/job-uuid]").covers(label));
        assert!(!FieldPath::new("labels").covers(label));
    }
}
