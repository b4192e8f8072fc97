//! Fields for people: a line each, in columns.

use std::collections::BTreeMap;

use podspec_builder::{Explained, Field, Origin};
use serde_json::Value;
use stack_config::Source;

/// Longer values are cut, unless one field was asked for.
const VALUE_WIDTH: usize = 48;

/// All Jobs, each under a line that names it if there are several.
pub(super) fn of(told: &[(&str, Explained)], given: &BTreeMap<String, Source>, whole_values: bool) -> String {
    let jobs = told.iter().filter(|(_, explained)| !explained.fields.is_empty());
    let text = |(place, explained): &(&str, Explained)| {
        let title = if told.len() > 1 { format!("# {place}\n") } else { String::new() };
        title + &fields(&explained.fields, given, whole_values)
    };
    jobs.map(text).collect::<Vec<_>>().join("\n")
}

fn fields(fields: &[Field], given: &BTreeMap<String, Source>, whole_values: bool) -> String {
    let value = |field: &Field| {
        let text = match &field.value {
            Value::String(text) if is_plain(text) => text.clone(),
            other => other.to_string(),
        };
        if whole_values { text } else { cut(&text) }
    };
    let shown = fields.iter().filter(|field| whole_values || !repeats_its_place(field));
    let rows: Vec<(&str, String, String)> =
        shown.map(|field| (field.path.as_str(), value(field), origins(field, given))).collect();
    let width = |widths: &mut dyn Iterator<Item = usize>| widths.max().unwrap_or_default();
    let paths = width(&mut rows.iter().map(|(path, _, _)| path.chars().count()));
    let values = width(&mut rows.iter().map(|(_, value, _)| value.chars().count().min(VALUE_WIDTH)));
    rows.iter().map(|(path, value, origin)| format!("{path:<paths$}  {value:<values$}  {origin}\n")).collect()
}

/// Whether a field is the name of a variable or of a volume's mount: its place says it already.
fn repeats_its_place(field: &Field) -> bool {
    let Some(element) = field.path.strip_suffix(".name") else { return false };
    let name = field.value.as_str().unwrap_or_default();
    let list = element.strip_suffix(&format!("[{name}]"));
    list.is_some_and(|list| list.ends_with(".env") || list.ends_with(".volumeMounts"))
}

/// Texts that read the same without quotes.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.trim() == text && !text.chars().any(char::is_control)
}

fn cut(text: &str) -> String {
    if text.chars().count() <= VALUE_WIDTH {
        return text.to_owned();
    }
    let kept: String = text.chars().take(VALUE_WIDTH - 1).collect();
    format!("{kept}…")
}

fn origins(field: &Field, given: &BTreeMap<String, Source>) -> String {
    let list = |word: &str, origins: &[Origin]| {
        let told: Vec<String> = origins.iter().map(ToString::to_string).collect();
        if told.is_empty() { String::new() } else { format!("; {word} {}", told.join(", ")) }
    };
    let place = self::given(&field.origin, given).map(|source| format!(" ({source})")).unwrap_or_default();
    format!("{}{place}{}{}", field.origin, list("same as", &field.same), list("also", &field.also))
}

/// Where a setting was given: a place in the configuration file, a flag or a variable.
pub(super) fn given<'g>(origin: &Origin, given: &'g BTreeMap<String, Source>) -> Option<&'g Source> {
    let (Origin::Setting(key) | Origin::SettingsPatch(key)) = origin else { return None };
    let top = key.split(['.', '[']).next().unwrap_or(key);
    given.get(top)
}
