//! Test functions as they stand in the sources, each with the text that may hold citations: its doc
//! comment, its string literals, those of the items of the same file that it uses, and the fixtures
//! that any of these name by a path below `fixtures/`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::workspace;
use crate::workspace::build::UNIT;

/// A test function.
#[derive(Debug)]
pub(crate) struct Test {
    /// Package name.
    pub(crate) package: String,
    /// Name of the test target, or [`UNIT`] for tests inside `src`.
    pub(crate) target: String,
    /// Path as the test program prints it: `module::tests::name`.
    pub(crate) path: String,
    /// Doc comment, literals and fixtures, one after the other.
    pub(crate) text: String,
}

impl fmt::Display for Test {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {} {}", self.package, self.target, self.path)
    }
}

/// Every test function of the workspace.
///
/// # Errors
/// When a source file cannot be read or is not Rust.
pub(crate) fn tests(root: &Path) -> Result<Vec<Test>> {
    let mut tests = Vec::new();
    for package in workspace::members()?.workspace_packages() {
        let folder = package.manifest_path.parent().expect("a manifest lies in a folder").as_std_path();
        for (target, base) in [(Some(UNIT), "src"), (None, "tests")] {
            for file in rust_files(&folder.join(base))? {
                let relative = file.strip_prefix(folder.join(base)).expect("found below it");
                let (target, module) = place(relative, target);
                let text = std::fs::read_to_string(&file)
                    .with_context(|| format!("cannot read {}", file.display()))?;
                let found =
                    functions(&text, &module).with_context(|| format!("cannot parse {}", file.display()))?;
                for function in found {
                    tests.push(Test {
                        package: package.name.to_string(),
                        target: target.clone(),
                        text: with_fixtures(function.text, root),
                        path: function.path,
                    });
                }
            }
        }
    }
    Ok(tests)
}

/// All Rust files below a folder, which need not exist.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        if !folder.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&folder)? {
            let path = entry?.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Target and module path of a file. Below `tests` the first part names the target.
fn place(relative: &Path, target: Option<&str>) -> (String, Vec<String>) {
    let mut parts: Vec<String> = relative
        .with_extension("")
        .components()
        .map(|part| part.as_os_str().to_string_lossy().into_owned())
        .collect();
    let target = match target {
        Some(target) => target.to_owned(),
        None => parts.remove(0),
    };
    if parts.last().is_some_and(|last| last == "main" || last == "lib") && parts.len() == 1 {
        parts.clear();
    }
    (target, parts)
}

/// A test function of one file.
#[derive(Debug, PartialEq, Eq)]
struct Function {
    path: String,
    text: String,
}

/// What one item of a file says and which names it uses.
#[derive(Debug, Default)]
struct Said {
    text: String,
    uses: BTreeSet<String>,
}

/// The test functions of a file whose module path is `module`.
fn functions(source: &str, module: &[String]) -> Result<Vec<Function>> {
    let stream: TokenStream = source.parse().map_err(|error| anyhow::anyhow!("not Rust: {error}"))?;
    let mut file = File::default();
    file.walk(stream, module);
    let File { tests, items } = file;
    Ok(tests.into_iter().map(|(path, said)| Function { path, text: closure(said, &items) }).collect())
}

/// The text of an item and of everything in the same file that it uses, directly or not.
fn closure(said: Said, items: &BTreeMap<String, Said>) -> String {
    let Said { mut text, uses } = said;
    let mut seen = BTreeSet::new();
    let mut queue: Vec<String> = uses.into_iter().collect();
    while let Some(name) = queue.pop() {
        let Some(used) = items.get(&name) else { continue };
        if seen.insert(name) {
            text.push('\n');
            text.push_str(&used.text);
            queue.extend(used.uses.iter().cloned());
        }
    }
    text
}

/// Adds the files below `fixtures/` that the text names, a folder with all it holds.
fn with_fixtures(mut text: String, root: &Path) -> String {
    let named = regex::Regex::new(r"fixtures/[A-Za-z0-9_./-]+").expect("the pattern is fixed");
    let paths: BTreeSet<PathBuf> = named.find_iter(&text).map(|found| root.join(found.as_str())).collect();
    let mut queue: Vec<PathBuf> = paths.into_iter().collect();
    while let Some(path) = queue.pop() {
        if let Ok(entries) = std::fs::read_dir(&path) {
            queue.extend(entries.flatten().map(|entry| entry.path()));
        } else if let Ok(fixture) = std::fs::read_to_string(&path) {
            text.push('\n');
            text.push_str(&fixture);
        }
    }
    text
}

/// Test functions and named items met on a walk through a file.
#[derive(Debug, Default)]
struct File {
    tests: Vec<(String, Said)>,
    items: BTreeMap<String, Said>,
}

impl File {
    /// Walks items: attributes collect until a `mod`, `fn`, `const` or `static` takes them.
    fn walk(&mut self, stream: TokenStream, module: &[String]) {
        let mut attributes: Vec<TokenStream> = Vec::new();
        let mut after_bang = false;
        let mut tokens = stream.into_iter().peekable();
        while let Some(token) = tokens.next() {
            let macro_body = std::mem::replace(
                &mut after_bang,
                matches!(&token, TokenTree::Punct(punct) if punct.as_char() == '!'),
            );
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '#' => {
                    if let Some(TokenTree::Group(group)) = tokens.peek()
                        && group.delimiter() == Delimiter::Bracket
                    {
                        attributes.push(group.stream());
                        tokens.next();
                    }
                }
                TokenTree::Ident(keyword) => {
                    let keyword = keyword.to_string();
                    if !["mod", "fn", "const", "static", "impl"].contains(&keyword.as_str()) {
                        continue;
                    }
                    // `const fn` is a function.
                    if keyword == "const"
                        && matches!(tokens.peek(), Some(TokenTree::Ident(next)) if next == "fn")
                    {
                        continue;
                    }
                    let mut head: Vec<TokenTree> = Vec::new();
                    let mut body = None;
                    for token in tokens.by_ref() {
                        match token {
                            TokenTree::Group(group)
                                if group.delimiter() == Delimiter::Brace
                                    && !["const", "static"].contains(&keyword.as_str()) =>
                            {
                                body = Some(group.stream());
                                break;
                            }
                            TokenTree::Punct(punct) if punct.as_char() == ';' => break,
                            other => head.push(other),
                        }
                    }
                    self.item(&keyword, head, body, std::mem::take(&mut attributes), module);
                }
                // `proptest! { … }` holds tests; any other brace or `;` ends an item of no interest.
                TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                    attributes.clear();
                    if macro_body {
                        self.walk(group.stream(), module);
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == ';' => attributes.clear(),
                TokenTree::Group(_) | TokenTree::Punct(_) | TokenTree::Literal(_) => {}
            }
        }
    }

    /// Files one item under its name, as a test if it has a test attribute.
    fn item(
        &mut self,
        keyword: &str,
        head: Vec<TokenTree>,
        body: Option<TokenStream>,
        attributes: Vec<TokenStream>,
        module: &[String],
    ) {
        let name = match head.first() {
            Some(TokenTree::Ident(name)) => name.to_string(),
            _ => String::new(),
        };
        if keyword == "mod" || keyword == "impl" {
            let mut inner = module.to_vec();
            if keyword == "mod" {
                inner.push(name);
            }
            if let Some(body) = body {
                self.walk(body, &inner);
            }
            return;
        }
        let mut said = Said::default();
        let is_test = attributes.iter().any(is_test_attribute);
        for attribute in attributes {
            collect(attribute, &mut said);
        }
        collect(head.into_iter().collect(), &mut said);
        collect(body.unwrap_or_default(), &mut said);
        if is_test {
            let path: Vec<&str> = module.iter().map(String::as_str).chain([name.as_str()]).collect();
            self.tests.push((path.join("::"), said));
        } else {
            let entry = self.items.entry(name).or_default();
            entry.text.push_str(&said.text);
            entry.uses.extend(said.uses);
        }
    }
}

/// `#[test]`, `#[tokio::test(…)]` and their like: the last word before any arguments is `test`.
fn is_test_attribute(attribute: &TokenStream) -> bool {
    let mut last = String::new();
    for token in attribute.clone() {
        match token {
            TokenTree::Ident(word) => last = word.to_string(),
            TokenTree::Punct(punct) if punct.as_char() == ':' => {}
            _ => break,
        }
    }
    last == "test"
}

/// Adds string literals (doc comments are such) and names to `said`.
fn collect(stream: TokenStream, said: &mut Said) {
    for token in stream {
        match token {
            TokenTree::Group(group) => collect(group.stream(), said),
            TokenTree::Literal(literal) => {
                let literal = literal.to_string();
                if literal.contains('"') {
                    // Quotes go, so that a list may run over several lines of doc comment.
                    said.text.push_str(literal.trim_matches(['"', '#', 'r']));
                    said.text.push('\n');
                }
            }
            TokenTree::Ident(name) => {
                said.uses.insert(name.to_string());
            }
            TokenTree::Punct(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = r#"
        const CASES: &[(&str, u8)] = &[("lifecycle C1", 1)];
        fn helper() { let _ = CASES; }
        /// not a test: lifecycle L9
        fn plain() {}
        /// lifecycle L8
        struct Shape { edge: u8 }
        mod inner {
            /// lifecycle L1,
            /// L2
            #[test]
            fn by_comment() { assert_eq!(1 + 1, 2, "job-manifest R-3"); }
            #[tokio::test(start_paused = true)]
            async fn by_table() -> Result<(), ()> { helper(); }
            proptest! {
                /// lifecycle L5
                #[test]
                fn by_property(x in 0..5) { check(x); }
            }
        }
    "#;

    #[test]
    fn a_test_says_its_comment_its_literals_and_those_it_uses() {
        let found = functions(SOURCE, &["outer".to_owned()]).unwrap();
        let paths: Vec<&str> = found.iter().map(|found| found.path.as_str()).collect();
        let want = ["by_comment", "by_table", "by_property"].map(|name| format!("outer::inner::{name}"));
        assert_eq!(paths, want);
        assert!(found[0].text.contains("lifecycle L1,\n L2"), "{}", found[0].text);
        assert!(found[0].text.contains("job-manifest R-3"));
        assert!(found[1].text.contains("lifecycle C1"));
        assert!(!found[0].text.contains("L8"));
        assert!(!found[1].text.contains("L9"));
        assert!(found[2].text.contains("lifecycle L5"));
    }

    #[test]
    fn a_file_has_a_target_and_a_module() {
        let cases: &[(&str, Option<&str>, &str, &[&str])] = &[
            ("lib.rs", Some(UNIT), UNIT, &[]),
            ("main.rs", Some(UNIT), UNIT, &[]),
            ("a/b.rs", Some(UNIT), UNIT, &["a", "b"]),
            ("level4/main.rs", None, "level4", &[]),
            ("level4/hello.rs", None, "level4", &["hello"]),
            ("single.rs", None, "single", &[]),
        ];
        for (file, fixed, target, module) in cases {
            let got = place(Path::new(file), *fixed);
            assert_eq!(got.0, *target, "{file}");
            assert_eq!(got.1, *module, "{file}");
        }
    }
}
