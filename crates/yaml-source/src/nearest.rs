//! "Did you mean": the known key that a misspelt one is nearest to (job-manifest R-21).

/// The known word that equals `word` after folding case, `-` and `_`, or else the closest one
/// within edit distance 2 (less for words of up to four characters, where two edits leave nothing).
#[must_use]
pub fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    let folded = fold(word);
    let most = match folded.chars().count() {
        0..=2 => 0,
        3..=4 => 1,
        _ => 2,
    };
    known
        .into_iter()
        .map(|candidate| {
            let other = fold(candidate);
            let distance = if other == folded { 0 } else { edits(&folded, &other).max(1) };
            (distance, candidate)
        })
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> String {
    let kept = word.chars().filter(|character| !matches!(character, '-' | '_'));
    kept.flat_map(char::to_lowercase).collect()
}

/// Edit distance with transposition of neighbours counted once.
fn edits(left: &str, right: &str) -> usize {
    strsim::osa_distance(left, right)
}
