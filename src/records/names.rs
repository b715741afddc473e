//! Which one is meant by a name: forgiving, and never a guess between two.

use super::RecordsError;
use crate::domain::{fold, has_words};
use crate::mirror::NameEntry;

/// The most names shown when a name does not settle it.
const CANDIDATES_MAX: usize = 8;
/// How similar a name must be to be worth showing (Jaro-Winkler, 0 to 1).
const SHOWN_MIN: f64 = 0.75;
/// How similar a name must be to be taken for the one that was meant.
const TAKEN_MIN: f64 = 0.93;
/// By how much it must be more similar than the next.
const AHEAD_MIN: f64 = 0.03;

/// The one that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameMatch {
    /// Which.
    pub entry: NameEntry,
    /// False when the name was typed with a slip: then say whom it was taken for.
    pub exact: bool,
}

/// The one of `entries` that `given` means: the same name, else the only one that has all the words, else the only one
/// that is nearly the same.
pub(super) fn resolve(what: &'static str, given: &str, entries: &[NameEntry]) -> Result<NameMatch, RecordsError> {
    let wanted = fold(given);
    let folded: Vec<(String, &NameEntry)> = entries.iter().map(|entry| (fold(&entry.name), entry)).collect();
    let exact: Vec<&NameEntry> = folded.iter().filter(|(name, _)| *name == wanted).map(|(_, entry)| *entry).collect();
    let loose: Vec<&NameEntry> = if exact.is_empty() && !wanted.is_empty() {
        folded.iter().filter(|(_, entry)| has_words(&entry.name, &wanted)).map(|(_, entry)| *entry).collect()
    } else {
        exact
    };
    match loose.as_slice() {
        [one] => Ok(NameMatch { entry: (*one).clone(), exact: true }),
        [] => nearly(what, given, &wanted, &folded),
        several => Err(RecordsError::AmbiguousName {
            what,
            given: given.to_owned(),
            candidates: several.iter().take(CANDIDATES_MAX).map(|entry| described(entry)).collect(),
        }),
    }
}

fn described(entry: &NameEntry) -> String {
    let beside = entry.beside.as_ref().map(|beside| format!(" of {beside}")).unwrap_or_default();
    let id = entry.id.as_ref().map(|id| format!(" (id {id})")).unwrap_or_default();
    format!("{}{beside}{id}", entry.name)
}

fn nearly(
    what: &'static str,
    given: &str,
    wanted: &str,
    folded: &[(String, &NameEntry)],
) -> Result<NameMatch, RecordsError> {
    // The words in another order are as near.
    let sorted = |text: &str| {
        let mut words: Vec<&str> = text.split(' ').collect();
        words.sort_unstable();
        words.join(" ")
    };
    let wanted_sorted = sorted(wanted);
    let score =
        |name: &str| strsim::jaro_winkler(wanted, name).max(strsim::jaro_winkler(&wanted_sorted, &sorted(name)));
    let mut scored: Vec<(f64, &NameEntry)> =
        folded.iter().map(|(name, entry)| (score(name), *entry)).filter(|(score, _)| SHOWN_MIN <= *score).collect();
    scored.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.name.cmp(&right.1.name)));
    match scored.as_slice() {
        [(best, entry), rest @ ..]
            if TAKEN_MIN <= *best && rest.first().is_none_or(|(next, _)| *next + AHEAD_MIN <= *best) =>
        {
            Ok(NameMatch { entry: (*entry).clone(), exact: false })
        }
        _ => Err(RecordsError::UnknownName {
            what,
            given: given.to_owned(),
            nearest: scored.iter().take(CANDIDATES_MAX).map(|(_, entry)| described(entry)).collect(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: &str, name: &str, beside: &str) -> NameEntry {
        NameEntry { id: Some(id.to_owned()), name: name.to_owned(), beside: Some(beside.to_owned()) }
    }

    #[track_caller]
    fn check(given: &str, expect: Result<(&str, bool), &str>) {
        let entries = [
            entry("1", "José O'Neil", "Blue Door"),
            entry("2", "Maria Lopez", "Blue Door"),
            entry("3", "Maria Lopez", "Red Roof"),
            entry("4", "Marcus Feld", "Red Roof"),
        ];
        match (resolve("agent", given, &entries), expect) {
            (Ok(found), Ok((id, exact))) => assert_eq!((found.entry.id.as_deref(), found.exact), (Some(id), exact)),
            (Err(error), Err(part)) => {
                let shown = format!("{error:?}");
                assert!(shown.contains(part), "{shown}");
            }
            (found, expect) => panic!("{found:?} instead of {expect:?}"),
        }
    }

    #[test]
    fn names_are_forgiven_and_never_guessed_between() {
        check("jose oneil", Ok(("1", true)));
        check("JOSÉ O'NEIL", Ok(("1", true)));
        check("O'Neil, José", Ok(("1", true)));
        check("feld", Ok(("4", true)));
        check("Marcus Fled", Ok(("4", false)));
        check("maria lopez", Err("Maria Lopez of Red Roof (id 3)"));
        check("mar", Err("AmbiguousName"));
        check("zzyzx", Err("UnknownName"));
    }
}
