//! The README shows the foreign tool as it is built.

use std::path::Path;

fn read(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn the_readme_shows_the_tool_that_is_built() {
    let readme = read("README.md");
    let manifest = read("../../fixtures/embedding/Cargo.toml");
    let (_, dependencies) = manifest.split_once("[dependencies]").unwrap();
    let dependencies = dependencies.split("\n[").next().unwrap().trim();
    let source = read("../../fixtures/embedding/src/main.rs");
    for piece in [dependencies, source.trim()] {
        assert!(readme.contains(piece), "copy from fixtures/embedding into README.md:\n{piece}");
    }
}
