//! What stands behind the question mark.

use crate::refusal::{Cause, Refusal};

/// Parameters of a request, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(text: &str) -> Self {
        Self(url::form_urlencoded::parse(text.as_bytes()).into_owned().collect())
    }

    /// The first value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Empty if it is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default()
    }

    /// A parameter without a value is true, and so is everything but `0` and `false`.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        self.get(name).map(|value| value != "0" && !value.eq_ignore_ascii_case("false"))
    }

    /// A whole number; the refusal is in the API's words.
    pub(crate) fn number(&self, name: &str) -> Result<Option<i64>, Refusal> {
        let Some(text) = self.get(name).filter(|text| !text.is_empty()) else { return Ok(None) };
        let number = text.parse().map_err(|_| {
            let problem = if text.trim_start_matches(['+', '-']).bytes().all(|byte| byte.is_ascii_digit())
                && text.len() > 1
            {
                "value out of range"
            } else {
                "invalid syntax"
            };
            Refusal::bad_request(format!("strconv.ParseInt: parsing {text:?}: {problem}"))
        })?;
        Ok(Some(number))
    }

    /// Whether nothing is to be kept; anything but `All` is refused.
    pub(crate) fn dry_run(&self, options: &str) -> Result<bool, Refusal> {
        match self.get("dryRun") {
            None | Some("") => Ok(false),
            Some("All") => Ok(true),
            Some(other) => {
                let cause = Cause::unsupported("dryRun", &format!("[{other:?}]"), &["All"]);
                Err(Refusal::invalid_kind("meta.k8s.io", options, "", vec![cause]))
            }
        }
    }
}
