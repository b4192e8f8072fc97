//! The rights of the controller: the rules of controller-config 12.4 and nothing else.

use serde_json::{Value, json};

/// Rules of the Role; `agent_token_secret` is the only Secret that may be read.
///
/// # Panics
/// When the file of rules is not a list of rules.
#[must_use]
pub fn rules(agent_token_secret: &str) -> Value {
    let mut rules: Value = serde_yaml::from_str(include_str!("../../../fixtures/rbac/controller.yaml"))
        .expect("the file is a list of rules");
    for rule in rules.as_array_mut().expect("the file is a list") {
        if let Some(names) = rule.get_mut("resourceNames") {
            *names = json!([agent_token_secret]);
        }
    }
    rules
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    /// Verbs per group and resource, as the table of controller-config 12.4 has them.
    fn specified() -> BTreeMap<(String, String), BTreeSet<String>> {
        let spec = include_str!("../../../docs/spec/controller-config.md");
        let section = spec
            .split("### 12.4 ")
            .nth(1)
            .and_then(|rest| rest.split("\n### ").next())
            .expect("the section is there");
        let mut rights: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for row in section.lines().filter(|line| line.starts_with("| `") || line.starts_with("| core")) {
            let cells: Vec<&str> = row.split('|').map(|cell| cell.trim().trim_matches('`')).collect();
            let group = if cells[1] == "core" { "" } else { cells[1] };
            let verbs = cells[3].trim_start_matches("ours adds ").split(", ");
            rights
                .entry((group.to_owned(), cells[2].to_owned()))
                .or_default()
                .extend(verbs.map(str::to_owned));
        }
        rights
    }

    /// The tests run with exactly these rights, so a right that the table lacks is a failure there.
    #[test]
    fn the_role_is_the_table_of_the_specification() {
        let mut rights: BTreeMap<_, BTreeSet<String>> = BTreeMap::new();
        for rule in rules("token").as_array().unwrap() {
            let key = (
                rule["apiGroups"][0].as_str().unwrap().to_owned(),
                rule["resources"][0].as_str().unwrap().to_owned(),
            );
            let verbs = rule["verbs"].as_array().unwrap();
            rights.entry(key).or_default().extend(verbs.iter().map(|verb| verb.as_str().unwrap().to_owned()));
        }
        assert_eq!(rights, specified());
    }
}
