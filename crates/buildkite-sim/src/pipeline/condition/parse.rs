//! The grammar of conditions, by recursive descent.

use regex::RegexBuilder;

use super::scan::Scanner;
use super::{ConditionError, Expression, Operator};
use crate::pipeline::read;
use crate::pipeline::variables;

/// Nesting beyond this is refused instead of overflowing the stack.
const DEEPEST: usize = 64;

pub(super) fn parse(source: &str) -> Result<Expression, ConditionError> {
    let mut parser = Parser { scanner: Scanner::new(source), depth: 0 };
    parser.scanner.skip_blanks();
    if parser.scanner.rest().is_empty() {
        return Err(parser.scanner.error("the condition is empty"));
    }
    let expression = parser.or()?;
    if parser.scanner.rest().is_empty() { Ok(expression) } else { Err(parser.unexpected()) }
}

struct Parser<'a> {
    scanner: Scanner<'a>,
    depth: usize,
}

impl Parser<'_> {
    fn or(&mut self) -> Result<Expression, ConditionError> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.scanner.error("the condition is nested too deeply"));
        }
        let mut left = self.and()?;
        while self.symbol("||") {
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        self.depth -= 1;
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, ConditionError> {
        let mut left = self.unary()?;
        while self.symbol("&&") {
            left = Expression::And(Box::new(left), Box::new(self.unary()?));
        }
        Ok(left)
    }

    fn unary(&mut self) -> Result<Expression, ConditionError> {
        let mut negations = 0_u32;
        while self.symbol("!") {
            negations += 1;
        }
        let compare = self.compare()?;
        // An even number of negations still turns a value into true or false.
        let folds = if negations == 0 { 0 } else { 2 - negations % 2 };
        Ok((0..folds).fold(compare, |inner, _| Expression::Not(Box::new(inner))))
    }

    fn compare(&mut self) -> Result<Expression, ConditionError> {
        let left = self.primary()?;
        let Some(operator) = self.operator() else {
            return match left {
                Expression::Pattern(_) => {
                    Err(self.scanner.error("a regular expression stands to the right of =~ or !~"))
                }
                _ => Ok(left),
            };
        };
        let right = self.primary()?;
        let takes_pattern = matches!(operator, Operator::Matches | Operator::MatchesNot);
        let is_pattern = matches!(right, Expression::Pattern(_));
        if matches!(left, Expression::Pattern(_)) || (is_pattern && !takes_pattern) {
            return Err(self.scanner.error("a regular expression stands to the right of =~ or !~"));
        }
        if takes_pattern && !is_pattern {
            return Err(self
                .scanner
                .error("the right side of =~ must be a regular expression, such as /^main/"));
        }
        Ok(Expression::Compare { operator, left: Box::new(left), right: Box::new(right) })
    }

    fn operator(&mut self) -> Option<Operator> {
        for (symbol, operator) in [
            ("==", Operator::Equal),
            ("!=", Operator::Differs),
            ("=~", Operator::Matches),
            ("!~", Operator::MatchesNot),
        ] {
            if self.symbol(symbol) {
                return Some(operator);
            }
        }
        let word = self.scanner.peek_word();
        (word == "includes").then(|| {
            self.scanner.skip_word(word);
            self.scanner.skip_blanks();
            Operator::Includes
        })
    }

    fn primary(&mut self) -> Result<Expression, ConditionError> {
        if self.symbol("(") {
            let inner = self.or()?;
            return if self.symbol(")") { Ok(inner) } else { Err(self.unexpected()) };
        }
        for quote in ['"', '\''] {
            if self.scanner.take(quote.encode_utf8(&mut [0; 4])) {
                let text = self.scanner.quoted(quote, false)?;
                self.scanner.skip_blanks();
                return Ok(Expression::Text(text));
            }
        }
        if self.scanner.take("/") {
            return self.pattern();
        }
        if let Some(number) = self.integer() {
            return Ok(Expression::Integer(number));
        }
        self.word()
    }

    fn pattern(&mut self) -> Result<Expression, ConditionError> {
        let source = self.scanner.quoted('/', true)?;
        let ignore_case = self.scanner.take("i");
        let pattern = RegexBuilder::new(&source)
            .case_insensitive(ignore_case)
            .build()
            .map_err(|error| self.scanner.error(format!("not a regular expression: {error}")))?;
        self.scanner.skip_blanks();
        Ok(Expression::Pattern(pattern))
    }

    fn integer(&mut self) -> Option<i64> {
        let rest = self.scanner.rest();
        let digits = rest.strip_prefix('-').unwrap_or(rest);
        let length = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let text = &rest[..rest.len() - digits.len() + length];
        let number = text.parse().ok().filter(|_| length > 0)?;
        self.scanner.skip_word(text);
        self.scanner.skip_blanks();
        Some(number)
    }

    fn word(&mut self) -> Result<Expression, ConditionError> {
        let word = self.scanner.peek_word();
        let expression = match word {
            "" => return Err(self.unexpected()),
            "true" => Expression::Bool(true),
            "false" => Expression::Bool(false),
            "null" => Expression::Null,
            "build.env" => return self.call(word),
            _ => Expression::Variable(self.variable(word)?),
        };
        self.scanner.skip_word(word);
        self.scanner.skip_blanks();
        Ok(expression)
    }

    fn call(&mut self, word: &str) -> Result<Expression, ConditionError> {
        self.scanner.skip_word(word);
        self.scanner.skip_blanks();
        if self.symbol("(")
            && let Expression::Text(name) = self.primary()?
            && self.symbol(")")
        {
            return Ok(Expression::Environment(name));
        }
        Err(self.scanner.error("write build.env(\"NAME\")"))
    }

    fn variable(&self, word: &str) -> Result<&'static str, ConditionError> {
        if let Some(known) = variables::NAMES.iter().find(|name| **name == word) {
            return Ok(known);
        }
        if word == "build.state" || word.starts_with("step.") {
            return Err(self.scanner.error(format!(
                "`{word}` is not known when steps are created; it exists only in notifications"
            )));
        }
        if variables::NOT_SIMULATED.contains(&word) {
            return Err(self.scanner.error(format!("`{word}` is not supported by this simulator")));
        }
        let hint = read::suggestion(word, variables::NAMES.iter().copied());
        Err(self.scanner.error(format!("unknown variable `{word}`{hint}")))
    }

    /// Takes a symbol and the blanks after it. `!` is not taken from `!=` and `!~`.
    fn symbol(&mut self, symbol: &str) -> bool {
        let rest = self.scanner.rest();
        if symbol == "!" && (rest.starts_with("!=") || rest.starts_with("!~")) {
            return false;
        }
        let taken = self.scanner.take(symbol);
        if taken {
            self.scanner.skip_blanks();
        }
        taken
    }

    fn unexpected(&self) -> ConditionError {
        let rest = self.scanner.rest();
        let word = self.scanner.peek_word();
        match (rest.chars().next(), word) {
            (None, _) => self.scanner.error("the condition ends too early"),
            (Some('='), _) => self.scanner.error("use == to compare"),
            (Some('$'), _) => {
                self.scanner.error("conditions do not see shell variables; use build.env(\"NAME\")")
            }
            (_, "and" | "or" | "not") => {
                self.scanner.error(format!("`{word}` is not an operator; use the symbols &&, || and !"))
            }
            (Some(c), "") => self.scanner.error(format!("unexpected `{c}`")),
            (Some(_), word) => self.scanner.error(format!("unexpected `{word}`")),
        }
    }
}
