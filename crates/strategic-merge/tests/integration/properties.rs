//! What holds for every object and every patch.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use strategic_merge::Form;
use strategic_merge::random_cases::{CHOICES, Case, Deliberate, Outcome, Style, accepted, case};
use strategic_merge::schema::Kind;
use strategic_merge::schema::table::POD_TEMPLATE_SPEC;

use crate::as_json::{merge, normal_form, read};

/// Seeds per property, or what `STRATEGIC_MERGE_CASES` says: a million of each take some minutes with
/// `--profile simulation`.
fn seeds(default: u64) -> std::ops::Range<u64> {
    let asked = std::env::var("STRATEGIC_MERGE_CASES").ok().and_then(|text| text.parse().ok());
    0..asked.unwrap_or(default)
}

/// The result of a case.
#[track_caller]
fn merged(seed: u64, case: &Case) -> Value {
    let mut merged = case.original.clone();
    merge(&mut merged, &case.patch, case.schema())
        .unwrap_or_else(|error| panic!("seed {seed}: {error}\n{}\n{}", case.original, case.patch));
    merged
}

/// Whatever is written, the answer is an object or an error, twice the same, and an object holds no
/// directive and no null that the original did not hold (job-manifest ).
#[test]
fn nothing_makes_it_panic() {
    let mut errors = BTreeSet::new();
    let mut successes = 0;
    for seed in seeds(30_000) {
        let case = case(seed, Style::Wild);
        let mut findings = Vec::new();
        for form in [Form::Object, Form::Patch] {
            if let Ok(value) = read(&case.patch, Kind::Object(case.schema()), form, "", &mut findings) {
                let kind = Kind::Object(case.schema());
                let normal = normal_form(&value, kind);
                assert_eq!(normal_form(&normal, kind), normal, "seed {seed}");
            }
        }
        let mut first = case.original.clone();
        let outcome = merge(&mut first, &case.patch, case.schema());
        let mut second = case.original.clone();
        assert_eq!(outcome, merge(&mut second, &case.patch, case.schema()), "seed {seed}");
        assert_eq!(first, second, "seed {seed}");
        match outcome {
            Ok(()) => successes += 1,
            Err(error) => {
                assert_eq!(first, case.original, "seed {seed}");
                errors.insert(error.rule());
            }
        }
    }
    assert!(successes > 1_000, "{successes}");
    let every_rule = ["E-15", "E-16", "E-17", "E-18", "E-19", "E-20", "E-21"];
    assert!(every_rule.iter().all(|rule| errors.contains(rule)), "{errors:?}");
}

/// job-manifest R-156
#[test]
fn no_directive_and_no_null_gets_into_a_result() {
    fn check(value: &Value, seed: u64) {
        match value {
            Value::Null => panic!("seed {seed}: a null"),
            Value::Array(elements) => elements.iter().for_each(|element| check(element, seed)),
            Value::Object(members) => members.iter().for_each(|(key, member)| {
                assert!(!key.starts_with('$'), "seed {seed}: {key}");
                check(member, seed);
            }),
            _ => {}
        }
    }
    for seed in seeds(10_000) {
        check(&merged(seed, &case(seed, Style::WellFormed)), seed);
    }
}

/// A patch that is applied twice has the effect of once, unless one of its lists holds a key twice: where the
/// original lacks the list such elements stay side by side (job-manifest R-156), and the second time they merge.
#[test]
fn patches_are_idempotent() {
    for seed in seeds(10_000) {
        let mut case = case(seed, Style::WellFormed);
        let once = merged(seed, &case);
        case.original = once.clone();
        let twice = merged(seed, &case);
        assert_eq!(once, twice, "seed {seed}: {}", case.patch);
    }
}

/// job-manifest 14: merging nothing, or what is there already, changes nothing.
#[test]
fn what_is_there_already_changes_nothing() {
    for seed in seeds(5_000) {
        let mut case = case(seed, Style::Plain);
        case.patch = json!({});
        assert_eq!(merged(seed, &case), case.original, "seed {seed}");
        case.patch = case.original.clone();
        assert_eq!(merged(seed, &case), case.original, "seed {seed}");
    }
}

/// Applying one patch after the other has the effect of applying the second to the first and then the
/// outcome; only the order of merged lists may differ. Holds where patches neither delete nor choose.
#[test]
fn a_patch_of_a_patch_is_a_patch() {
    for seed in seeds(5_000) {
        let base = case(seed, Style::Plain);
        let second = case(seed + (CHOICES << 32), Style::Plain);
        if base.type_name != second.type_name {
            continue;
        }
        let step = Case { patch: second.patch.clone(), original: merged(seed, &base), ..base.clone() };
        let one_by_one = merged(seed, &step);
        let combined = Case { original: base.patch.clone(), ..step.clone() };
        let at_once = Case { patch: merged(seed, &combined), ..base.clone() };
        assert_eq!(sorted(&one_by_one), sorted(&merged(seed, &at_once)), "seed {seed}");
    }
}

/// The value with every list sorted.
fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(elements) => {
            let mut elements: Vec<Value> = elements.iter().map(sorted).collect();
            elements.sort_by_key(ToString::to_string);
            Value::Array(elements)
        }
        Value::Object(members) => {
            let mut members: Map<String, Value> =
                members.iter().map(|(key, member)| (key.clone(), sorted(member))).collect();
            members.sort_keys();
            Value::Object(members)
        }
        scalar => scalar.clone(),
    }
}

/// job-manifest R-164: nothing is lost or doubled, elements that only the original has keep their order, and
/// so do those of the patch.
#[test]
fn orders_are_kept() {
    for seed in seeds(10_000) {
        let case = case(seed, Style::Plain);
        let result = merged(seed, &case);
        for (list, key) in
            [("containers", "name"), ("volumes", "name"), ("env", "name"), ("hostAliases", "ip")]
        {
            let keys = |document: &Value| -> Vec<Value> {
                let list = document.get(list).and_then(Value::as_array);
                list.into_iter().flatten().map(|element| element[key].clone()).collect()
            };
            let (old, new, got) = (keys(&case.original), keys(&case.patch), keys(&result));
            let mut all = old.clone();
            for key in &new {
                if !all.contains(key) {
                    all.push(key.clone());
                }
            }
            assert_eq!(got.len(), all.len(), "seed {seed}: {list}");
            let position = |key: &Value| got.iter().position(|other| other == key).unwrap();
            let only_old: Vec<usize> = old.iter().filter(|key| !new.contains(key)).map(position).collect();
            assert!(only_old.is_sorted(), "seed {seed}: {list}");
            let mut first_of_new: Vec<&Value> = Vec::new();
            for key in &new {
                if !first_of_new.contains(&key) {
                    first_of_new.push(key);
                }
            }
            assert!(first_of_new.into_iter().map(position).is_sorted(), "seed {seed}: {list}");
        }
    }
}

/// job-manifest 14: normal form is idempotent, and reading changes only how quantities are written.
#[test]
fn reading_and_normal_form_settle() {
    for seed in seeds(5_000) {
        let case = case(seed, Style::Plain);
        let kind = Kind::Object(case.schema());
        let normal = normal_form(&case.original, kind);
        assert_eq!(normal_form(&normal, kind), normal, "seed {seed}");
        let mut findings = Vec::new();
        let once = read(&case.original, kind, Form::Object, "", &mut findings).unwrap();
        assert!(findings.is_empty(), "seed {seed}: {findings:?}");
        assert_eq!(normal_form(&once, kind), normal, "seed {seed}");
        assert_eq!(read(&once, kind, Form::Object, "", &mut findings).unwrap(), once, "seed {seed}");
    }
}

/// Cases for an API server merge, unless they show that we refuse one; templates are nothing but what the
/// table of types knows.
#[test]
fn cases_for_an_api_server_are_well_formed() {
    let mut shown = BTreeSet::new();
    for seed in seeds(3_000) {
        let case = accepted(seed);
        let kind = Kind::Object(&POD_TEMPLATE_SPEC);
        let mut findings = Vec::new();
        let template = read(&case.template, kind, Form::Object, "", &mut findings).unwrap();
        assert_eq!(normal_form(&template, kind), normal_form(&case.template, kind), "seed {seed}");
        assert!(findings.is_empty(), "seed {seed}: {findings:?}");
        let mut merged = case.template.clone();
        let outcome = merge(&mut merged, &case.patch, &POD_TEMPLATE_SPEC).map_err(|error| error.rule());
        let wanted = match case.deliberate.map(|deliberate| deliberate.outcome) {
            Some(Outcome::WeRefuse(rule)) => Err(rule),
            _ => Ok(()),
        };
        assert_eq!(outcome, wanted, "seed {seed}: {}\n{}", case.template, case.patch);
        shown.extend(case.deliberate.map(|deliberate| (deliberate.row, deliberate.place)));
    }
    let all: BTreeSet<_> = Deliberate::all().iter().map(|one| (one.row, one.place)).collect();
    assert_eq!(shown, all);
}
