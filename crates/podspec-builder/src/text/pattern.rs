//! Patterns of the pod policy (job-manifest 8.6).

/// What one step of a pattern stands for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Token {
    /// This character.
    Literal(char),
    /// `?`: one character other than `/`.
    One,
    /// `*`: any run of characters other than `/`.
    Run,
    /// `**`: any run at all.
    RunAcross,
}

/// Whether the whole text matches.
///
/// All ways to match are followed side by side, so the time grows with the length of the text times that
/// of the pattern and no pattern can make it grow faster.
pub(crate) fn matches(pattern: &str, text: &str) -> bool {
    let tokens = tokens(pattern);
    // `reached[n]`: the text so far can be what the first `n` tokens stand for.
    let mut reached = vec![false; tokens.len() + 1];
    reached[0] = true;
    pass_empty_runs(&tokens, &mut reached);
    let mut next = vec![false; tokens.len() + 1];
    for c in text.chars() {
        next.fill(false);
        for (index, token) in tokens.iter().enumerate().filter(|(index, _)| reached[*index]) {
            match token {
                Token::Literal(literal) if *literal == c => next[index + 1] = true,
                Token::One if c != '/' => next[index + 1] = true,
                Token::Run if c != '/' => next[index] = true,
                Token::RunAcross => next[index] = true,
                Token::Literal(_) | Token::One | Token::Run => {}
            }
        }
        pass_empty_runs(&tokens, &mut next);
        std::mem::swap(&mut reached, &mut next);
    }
    reached[tokens.len()]
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        tokens.push(match c {
            '*' if rest.next_if_eq(&'*').is_some() => Token::RunAcross,
            '*' => Token::Run,
            '?' => Token::One,
            literal => Token::Literal(literal),
        });
    }
    tokens
}

/// A run may be empty: what stands before it stands behind it too.
fn pass_empty_runs(tokens: &[Token], reached: &mut [bool]) {
    for (index, token) in tokens.iter().enumerate() {
        if reached[index] && matches!(token, Token::Run | Token::RunAcross) {
            reached[index + 1] = true;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::matches;

    /// job-manifest R-196
    #[test]
    fn what_patterns_stand_for() {
        for (pattern, yes, no) in [
            ("", &[""][..], &["a", "/"][..]),
            ("a", &["a"], &["", "A", "ab", "ba"]),
            ("*", &["", "a", "a:b@c", "é"], &["/", "a/b"]),
            ("**", &["", "a", "/", "a/b/c"], &[]),
            ("***", &["", "a/b"], &[]),
            ("?", &["a", "é", "*"], &["", "ab", "/"]),
            ("a*", &["a", "ab"], &["b", "a/", "ba"]),
            ("*a", &["a", "ba"], &["ab", "b/a"]),
            ("a**z", &["az", "a/z", "abz"], &["a", "az/"]),
            ("a/*/z", &["a//z", "a/b/z"], &["a/z", "a/b/c/z"]),
            ("**/z", &["/z", "a/b/z"], &["z"]),
            ("*/**", &["/", "a/", "a/b/c"], &["a"]),
            ("[a].$(x)", &["[a].$(x)"], &["a.$(x)"]),
            ("ci-*", &["ci-", "ci-deploy"], &["ci", "CI-a"]),
            ("docker.io/library/*", &["docker.io/library/alpine:3.20"], &["docker.io/library/a/b:1"]),
        ] {
            for text in yes {
                assert!(matches(pattern, text), "`{pattern}` matches `{text}`");
            }
            for text in no {
                assert!(!matches(pattern, text), "`{pattern}` does not match `{text}`");
            }
        }
    }

    /// A backtracking matcher would not live to see the end of this.
    /// job-manifest R-196
    #[test]
    fn no_pattern_explodes() {
        let text = "a".repeat(4_000);
        for piece in ["**a", "*a", "*?", "**", "?*a*"] {
            let pattern = piece.repeat(60);
            assert!(!matches(&format!("{pattern}b"), &text), "{piece}");
            assert!(matches(&pattern, &text), "{piece}");
        }
    }

    /// The words of the rule, tried in every way.
    fn reference(pattern: &[char], text: &[char]) -> bool {
        let splits = || 0..=text.len();
        match pattern {
            [] => text.is_empty(),
            ['*', '*', rest @ ..] => splits().any(|end| reference(rest, &text[end..])),
            ['*', rest @ ..] => {
                splits().any(|end| !text[..end].contains(&'/') && reference(rest, &text[end..]))
            }
            ['?', rest @ ..] => text.first().is_some_and(|c| *c != '/') && reference(rest, &text[1..]),
            [literal, rest @ ..] => text.first() == Some(literal) && reference(rest, &text[1..]),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(5_000))]

        /// job-manifest R-196
        #[test]
        fn the_matcher_agrees_with_the_rule(pattern in "[ab/*?é]{0,7}", text in "[ab/é]{0,8}") {
            let characters = |text: &str| text.chars().collect::<Vec<_>>();
            prop_assert_eq!(matches(&pattern, &text), reference(&characters(&pattern), &characters(&text)));
        }

        /// job-manifest R-196
        #[test]
        fn the_matcher_takes_any_text(pattern in ".{0,12}", text in ".{0,12}") {
            matches(&pattern, &text);
        }
    }
}
