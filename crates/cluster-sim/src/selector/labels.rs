//! Label selectors as lists and watches take them: `a=b,c!=d,e in (f,g),h notin (i),j,!k,l>1`.

use std::collections::BTreeSet;
use std::iter::Peekable;
use std::str::CharIndices;

use shared_json::{Map, Value};

use super::words;
use crate::object;

/// Requirements on labels, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Labels(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    operator: Operator,
    values: BTreeSet<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    /// Also `=` and `==`.
    In,
    /// Also `!=`; holds without the label.
    NotIn,
    Exists,
    Absent,
    Greater,
    Less,
}

impl Requirement {
    fn matches(&self, labels: Option<&Map>) -> bool {
        let value = labels.and_then(|labels| labels.get(&self.key)).and_then(Value::as_str);
        match (self.operator, value) {
            (Operator::In, Some(value)) => self.values.contains(value),
            (Operator::NotIn, Some(value)) => !self.values.contains(value),
            (Operator::Exists, value) => value.is_some(),
            (Operator::NotIn | Operator::Absent, None) => true,
            (Operator::Greater, Some(value)) => self.compare(value).is_some_and(|(left, right)| left > right),
            (Operator::Less, Some(value)) => self.compare(value).is_some_and(|(left, right)| left < right),
            (Operator::Absent, Some(_)) | (Operator::In | Operator::Greater | Operator::Less, None) => false,
        }
    }

    fn compare(&self, value: &str) -> Option<(i64, i64)> {
        Some((value.parse().ok()?, self.values.first()?.parse().ok()?))
    }
}

impl Labels {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn matches(&self, object: &Value) -> bool {
        if self.0.is_empty() {
            return true;
        }
        let labels = object::at(object, &["metadata", "labels"]).and_then(Value::as_object);
        self.0.iter().all(|requirement| requirement.matches(labels))
    }

    /// The one value that a label must have, if there is only one.
    pub(crate) fn value_of(&self, key: &str) -> Option<&str> {
        let is_it = |requirement: &&Requirement| {
            requirement.key == key && requirement.operator == Operator::In && requirement.values.len() == 1
        };
        let requirement = self.0.iter().find(is_it)?;
        requirement.values.first().map(String::as_str)
    }

    /// Reads a selector; the error is the API's own sentence.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut parser = Parser { text, chars: text.char_indices().peekable() };
        let mut requirements = Vec::new();
        loop {
            match parser.peek(false) {
                Token::Word(_) | Token::Symbol("!") => {
                    let requirement = parser
                        .requirement()
                        .map_err(|error| format!("unable to parse requirement: {error}"))?;
                    requirements.push(requirement);
                    match parser.next(false) {
                        Token::End => break,
                        Token::Symbol(",") => match parser.peek(false) {
                            Token::Word(_) | Token::Symbol("!") => {}
                            other => {
                                return Err(format!(
                                    "found '{}', expected: identifier after ','",
                                    other.literal()
                                ));
                            }
                        },
                        other => {
                            let found = other.literal();
                            return Err(format!("found '{found}', expected: ',' or 'end of string'"));
                        }
                    }
                }
                Token::End => break,
                other => {
                    let found = other.literal();
                    return Err(format!("found '{found}', expected: !, identifier, or 'end of string'"));
                }
            }
        }
        requirements.sort_by(|left: &Requirement, right| left.key.cmp(&right.key));
        Ok(Self(requirements))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token<'a> {
    Word(&'a str),
    Symbol(&'static str),
    End,
}

impl Token<'_> {
    fn literal(&self) -> &str {
        match self {
            Self::Word(word) => word,
            Self::Symbol(symbol) => symbol,
            Self::End => "",
        }
    }
}

#[derive(Clone)]
struct Parser<'a> {
    text: &'a str,
    chars: Peekable<CharIndices<'a>>,
}

const SYMBOLS: [&str; 9] = ["==", "!=", "=", "!", "(", ")", ",", ">", "<"];

impl<'a> Parser<'a> {
    fn peek(&self, operators: bool) -> Token<'a> {
        self.clone().next(operators)
    }

    /// The next token; `in` and `notin` are words of the language where an operator may stand.
    fn next(&mut self, operators: bool) -> Token<'a> {
        while self.chars.next_if(|(_, c)| matches!(c, ' ' | '\t' | '\r' | '\n')).is_some() {}
        let Some((start, _)) = self.chars.peek().copied() else { return Token::End };
        let rest = &self.text[start..];
        if let Some(symbol) = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol)) {
            for _ in 0..symbol.len() {
                self.chars.next();
            }
            return Token::Symbol(symbol);
        }
        let is_end = |c: char| "=!(),>< \t\r\n".contains(c);
        while self.chars.next_if(|(_, c)| !is_end(*c)).is_some() {}
        let end = self.chars.peek().map_or(self.text.len(), |(end, _)| *end);
        match &self.text[start..end] {
            "in" if operators => Token::Symbol("in"),
            "notin" if operators => Token::Symbol("notin"),
            word => Token::Word(word),
        }
    }

    fn requirement(&mut self) -> Result<Requirement, String> {
        let mut first = self.next(false);
        let absent = first == Token::Symbol("!");
        if absent {
            first = self.next(false);
        }
        let Token::Word(key) = first else {
            return Err(format!("found '{}', expected: identifier", first.literal()));
        };
        check("<nil>", key, &words::label_key(key))?;
        let ends = matches!(self.peek(false), Token::End | Token::Symbol(","));
        if absent || ends {
            let operator = if absent { Operator::Absent } else { Operator::Exists };
            return Ok(Requirement { key: key.to_owned(), operator, values: BTreeSet::new() });
        }
        let (operator, values) = match self.next(true) {
            Token::Symbol("in") => (Operator::In, self.set()?),
            Token::Symbol("notin") => (Operator::NotIn, self.set()?),
            Token::Symbol("=" | "==") => (Operator::In, self.value()?),
            Token::Symbol("!=") => (Operator::NotIn, self.value()?),
            Token::Symbol(">") => (Operator::Greater, self.value()?),
            Token::Symbol("<") => (Operator::Less, self.value()?),
            other => {
                let found = other.literal();
                return Err(format!("found '{found}', expected: in, notin, =, ==, !=, gt, lt"));
            }
        };
        for (index, value) in values.iter().enumerate() {
            if matches!(operator, Operator::Greater | Operator::Less) && value.parse::<i64>().is_err() {
                let why = "for 'Gt', 'Lt' operators, the value must be an integer".to_owned();
                check(&format!("values[{index}]"), value, &[why])?;
            }
            check(&format!("values[{index}][{key}]"), value, &words::label_value(value))?;
        }
        Ok(Requirement { key: key.to_owned(), operator, values })
    }

    fn value(&mut self) -> Result<BTreeSet<String>, String> {
        match self.peek(false) {
            Token::End | Token::Symbol(",") => return Ok(BTreeSet::from([String::new()])),
            _ => {}
        }
        match self.next(false) {
            Token::Word(word) => Ok(BTreeSet::from([word.to_owned()])),
            other => Err(format!("found '{}', expected: identifier", other.literal())),
        }
    }

    fn set(&mut self) -> Result<BTreeSet<String>, String> {
        let open = self.next(false);
        if open != Token::Symbol("(") {
            return Err(format!("found '{}' expected: '('", open.literal()));
        }
        let first = self.peek(false);
        let mut values = BTreeSet::new();
        match first {
            Token::Word(_) | Token::Symbol(",") => self.members(&mut values)?,
            Token::Symbol(")") => {
                values.insert(String::new());
            }
            other => {
                let found = other.literal();
                return Err(format!("found '{found}', expected: ',', ')' or identifier"));
            }
        }
        self.next(false);
        Ok(values)
    }

    /// Up to the closing parenthesis, which stays.
    fn members(&mut self, values: &mut BTreeSet<String>) -> Result<(), String> {
        loop {
            match self.next(false) {
                Token::Word(word) => {
                    values.insert(word.to_owned());
                    match self.peek(false) {
                        Token::Symbol(",") => {}
                        Token::Symbol(")") => return Ok(()),
                        other => {
                            return Err(format!("found '{}', expected: ',' or ')'", other.literal()));
                        }
                    }
                }
                Token::Symbol(",") => {
                    let next = self.peek(false);
                    if values.is_empty() || matches!(next, Token::Symbol(")" | ",")) {
                        values.insert(String::new());
                    }
                    if next == Token::Symbol(")") {
                        return Ok(());
                    }
                }
                other => return Err(format!("found '{}', expected: ',', or identifier", other.literal())),
            }
        }
    }
}

fn check(path: &str, value: &str, wrong: &[String]) -> Result<(), String> {
    if wrong.is_empty() {
        return Ok(());
    }
    Err(format!("{path}: Invalid value: {value:?}: {}", wrong.join("; ")))
}

#[cfg(test)]
mod tests {
    use shared_json::object;

    use super::*;

    #[test]
    fn objects_are_selected_by_labels() {
        let object =
            object! { "metadata": object! { "labels": object! { "app": "web", "tier": "1", "x.io/y": "" } } };
        let bare = object! { "metadata": object! {} };
        let check = |text: &str, labelled: bool, unlabelled: bool| {
            let labels = Labels::parse(text).unwrap();
            assert_eq!((labels.matches(&object), labels.matches(&bare)), (labelled, unlabelled), "{text}");
        };
        check("", true, true);
        check("app", true, false);
        check("!app", false, true);
        check("app=web", true, false);
        check("app==web,tier=1", true, false);
        check("app=db", false, false);
        check("app!=db", true, true);
        check("app!=web", false, true);
        check("app in (web, db)", true, false);
        check("app notin (db)", true, true);
        check("app notin (web)", false, true);
        check(" x.io/y in (,a) ", true, false);
        check("x.io/y=", true, false);
        check("tier>0", true, false);
        check("tier<1", false, false);
        check("in in (in)", false, false);
    }

    #[test]
    fn bad_selectors_are_refused_with_the_apis_words() {
        let check = |text: &str, want: &str| assert_eq!(Labels::parse(text).unwrap_err(), want, "{text}");
        check("=a", "found '=', expected: !, identifier, or 'end of string'");
        check("a,", "found '', expected: identifier after ','");
        check("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt");
        check("a in b", "unable to parse requirement: found 'b' expected: '('");
        check("a in (b", "unable to parse requirement: found '', expected: ',' or ')'");
        check("a=b)", "found ')', expected: ',' or 'end of string'");
        let error = Labels::parse("a=-").unwrap_err();
        assert!(
            error.starts_with("unable to parse requirement: values[0][a]: Invalid value: \"-\": a valid")
        );
    }
}
