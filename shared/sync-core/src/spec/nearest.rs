//! The nearest valid value to what somebody wrote.

/// The word among `known` that `word` was probably meant to be; `None` when all are too far off.
pub(super) fn nearest<'k>(word: &str, known: impl IntoIterator<Item = &'k str>) -> Option<&'k str> {
    // Beyond this length nothing is near, and comparing is not free.
    if word.len() > 200 {
        return None;
    }
    let word = folded(word);
    let most = (word.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &folded(candidate)), candidate))
        .filter(|(distance, _)| *distance <= most)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn folded(word: &str) -> String {
    word.trim().to_lowercase().replace(['-', ' '], "_")
}

/// `expected one of a, b, c`, with `; did you mean b?` where one is near.
pub(super) fn expected_one_of(word: Option<&str>, known: &[&str]) -> String {
    let list = match known {
        [one] => format!("expected {one}"),
        [one, other] => format!("expected {one} or {other}"),
        _ => format!("expected one of {}", known.join(", ")),
    };
    match word.and_then(|word| nearest(word, known.iter().copied())) {
        Some(near) if known.len() > 1 => format!("{list}; did you mean {near}?"),
        _ => list,
    }
}
