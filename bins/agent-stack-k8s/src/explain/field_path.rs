//! The field that was asked for, and the one that may be meant where there is none.

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

/// The field, or what holds some, that may be meant by a text that is the path of none: one that ends with it, else
/// the one that is most like it. `fields` are paths of the first column.
pub(super) fn nearest<'f>(text: &str, fields: impl Iterator<Item = &'f str>) -> Option<&'f str> {
    let asked = names(text);
    let pod = names(POD);
    let (mut best, mut least) = (None, usize::MAX);
    for place in fields.flat_map(holders) {
        let names = names(place);
        if !asked.is_empty() && names.ends_with(&asked) {
            return Some(place);
        }
        let inside = names.strip_prefix(&pod[..]).filter(|inside| !inside.is_empty());
        for names in [Some(&names[..]), inside].into_iter().flatten() {
            let distance = strsim::damerau_levenshtein(&asked.join("."), &names.join("."));
            if distance < least {
                (best, least) = (Some(place), distance);
            }
        }
    }
    // One letter in four, as in `contianer`; more is another word.
    best.filter(|_| least * 4 <= asked.join(".").chars().count().max(4))
}

/// `a.b[c.d]` as `a`, `a.b` and itself.
fn holders(field: &str) -> impl Iterator<Item = &str> {
    let mut inside = false;
    let ends = field.char_indices().filter(move |(_, c)| {
        let ends_here = !inside && matches!(c, '.' | '[');
        inside = if inside { *c != ']' } else { *c == '[' };
        ends_here
    });
    ends.map(|(at, _)| &field[..at]).chain([field])
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

    #[test]
    fn what_may_be_meant() {
        let fields = [
            "metadata.labels[buildkite.com/job-uuid]",
            "spec.ttlSecondsAfterFinished",
            "spec.template.spec.containers[agent].env[A].value",
            "spec.template.spec.containers[agent].image",
        ];
        for (asked, meant) in [
            ("spec.ttlSecondAfterFinished", Some("spec.ttlSecondsAfterFinished")),
            ("contianers", Some("spec.template.spec.containers")),
            ("containers[agnet].image", Some("spec.template.spec.containers[agent].image")),
            ("spec.template.spec.container.agent.image", Some("spec.template.spec.containers[agent].image")),
            // A part without what holds it.
            ("env[A]", Some("spec.template.spec.containers[agent].env[A]")),
            ("labels", Some("metadata.labels")),
            ("metadata.labels[buildkite.com/job-uid]", Some("metadata.labels[buildkite.com/job-uuid]")),
            ("nope", None),
            ("", None),
        ] {
            assert_eq!(nearest(asked, fields.into_iter()), meant, "{asked}");
        }
    }
}
