//! Shell quoting, byte for byte as the interposers promise it (job-manifest 8.3).

/// Quotes each word and joins them with single blanks.
pub(crate) fn join<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let mut text = String::new();
    for (index, word) in words.into_iter().enumerate() {
        if index > 0 {
            text.push(' ');
        }
        push_word(&mut text, word);
    }
    text
}

fn push_word(text: &mut String, word: &str) {
    if word.is_empty() {
        text.push_str("''");
    } else if word.contains([' ', '\t', '\n']) {
        push_in_single_quotes(text, word);
    } else {
        push_with_backslashes(text, word);
    }
}

fn push_in_single_quotes(text: &mut String, word: &str) {
    for (index, stretch) in word.split('\'').enumerate() {
        if index > 0 {
            text.push_str("\\'");
        }
        if !stretch.is_empty() {
            text.push('\'');
            text.push_str(stretch);
            text.push('\'');
        }
    }
}

fn push_with_backslashes(text: &mut String, word: &str) {
    for (index, c) in word.char_indices() {
        let special = matches!(
            c,
            '\\' | '\''
                | '"'
                | '`'
                | '$'
                | '{'
                | '['
                | '|'
                | '&'
                | ';'
                | '<'
                | '>'
                | '('
                | ')'
                | '*'
                | '?'
                | '!'
        );
        if special || (index == 0 && matches!(c, '~' | '#')) {
            text.push('\\');
        }
        text.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::join;

    #[track_caller]
    fn check(word: &str, want: &str) {
        assert_eq!(join([word]), want, "quoting {word:?}");
    }

    /// job-manifest R-176, C-339, C-340, C-341, C-342, C-343
    #[test]
    fn words_are_quoted_as_the_tables_say() {
        for (word, want) in [
            ("", "''"),
            ("a b", "'a b'"),
            ("a=b", "a=b"),
            ("#c", "\\#c"),
            ("a#b", "a#b"),
            ("a~", "a~"),
            ("%^", "%^"),
            ("é", "é"),
            ("it's", "it\\'s"),
            ("$X", "\\$X"),
            ("~/x", "\\~/x"),
            ("x;y|z&", "x\\;y\\|z\\&"),
            ("[x]", "\\[x]"),
            ("{x}", "\\{x}"),
            ("!", "\\!"),
            ("\\", "\\\\"),
            ("it's ok", "'it'\\''s ok'"),
            ("' '", "\\'' '\\'"),
            ("a\tb", "'a\tb'"),
            ("a\nb", "'a\nb'"),
        ] {
            check(word, want);
        }
    }

    /// The quoting table of section 7: kubernetes-plugin B4
    #[test]
    fn the_plugin_table_holds() {
        for (word, want) in [
            ("^TestX$", "^TestX\\$"),
            ("*.txt", "\\*.txt"),
            ("a'b c", "'a'\\''b c'"),
            ("$HOME", "\\$HOME"),
            ("~x", "\\~x"),
            ("x~", "x~"),
            ("K=v w", "'K=v w'"),
            ("#tag", "\\#tag"),
        ] {
            check(word, want);
        }
    }
}
