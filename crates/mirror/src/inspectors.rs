//! Which of the ids and names that records give are one inspector.

use std::collections::{BTreeSet, HashMap};

use super::{MirrorError, NameEntry, Parts};

/// The inspectors by their numbers.
#[derive(Clone, Debug, Default)]
pub(super) struct InspectorPeople {
    /// Those that stand for a person: id where one is known, and the name.
    pub(super) people: Vec<Inspector>,
    /// The person behind the number of a name that came without an id.
    same: HashMap<i64, i64>,
}

/// One inspector.
#[derive(Clone, Debug)]
pub(super) struct Inspector {
    pub(super) pk: i64,
    pub(super) id: Option<String>,
    /// What the latest job calls them.
    pub(super) name: Option<String>,
    /// Every name they were seen by, as written.
    names: BTreeSet<String>,
}

impl Inspector {
    /// What to call them.
    pub(super) fn shown(&self) -> String {
        match (&self.name, &self.id) {
            (Some(name), _) => name.clone(),
            (None, Some(id)) => format!("id {id}"),
            (None, None) => "unnamed".to_owned(),
        }
    }

    /// Whether a name they were seen by has all the words (folded).
    pub(super) fn is_called(&self, words: &str) -> bool {
        self.names.iter().any(|name| domain::has_words(name, words))
    }
}

impl InspectorPeople {
    /// The person behind a number.
    pub(super) fn person(&self, pk: i64) -> i64 {
        self.same.get(&pk).copied().unwrap_or(pk)
    }

    /// The numbers that stand for a person.
    pub(super) fn numbers(&self, person: i64) -> impl Iterator<Item = i64> + use<'_> {
        let others = self.same.iter().filter(move |(_, one)| **one == person).map(|(pk, _)| *pk);
        std::iter::once(person).chain(others)
    }

    /// Every person's number with id and name, by name.
    fn entries(&self) -> Vec<(i64, NameEntry)> {
        let entry = |one: &Inspector| (one.pk, NameEntry { id: one.id.clone(), name: one.shown(), beside: None });
        self.people.iter().map(entry).collect()
    }
}

impl Parts<'_> {
    /// Every inspector's number with id and name, by name.
    pub fn known_inspectors(&self) -> Result<Vec<(i64, NameEntry)>, MirrorError> {
        Ok(self.inspector_people()?.entries())
    }

    /// Each id is a person. A name without an id is the person of that name where one id only was ever seen with it;
    /// otherwise it is a person of its own, for between two of one name nobody can tell. It follows from all records
    /// together, so the order in which they came does not matter. In the order of their names.
    pub(super) fn inspector_people(&self) -> Result<InspectorPeople, MirrorError> {
        let mut statement =
            self.connection.prepare_cached("SELECT pk, id, name FROM inspectors ORDER BY folded, id, pk")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let all: Vec<(i64, Option<String>, Option<String>)> = rows.collect::<Result<_, _>>()?;
        let mut names: HashMap<i64, BTreeSet<String>> = HashMap::new();
        let mut by_name: HashMap<String, BTreeSet<i64>> = HashMap::new();
        let with_id: BTreeSet<i64> = all.iter().filter(|(_, id, _)| id.is_some()).map(|(pk, ..)| *pk).collect();
        let mut statement = self.connection.prepare_cached("SELECT inspector, name, folded FROM inspector_names")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (pk, name, folded): (i64, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            names.entry(pk).or_default().insert(name);
            let called = by_name.entry(folded).or_default();
            if with_id.contains(&pk) {
                called.insert(pk);
            }
        }
        let mut found = InspectorPeople::default();
        for (pk, id, name) in all {
            let called = name.as_deref().and_then(|name| by_name.get(&domain::fold(name)));
            let person = called.filter(|called| id.is_none() && called.len() == 1).and_then(BTreeSet::first);
            match person {
                Some(person) => {
                    found.same.insert(pk, *person);
                }
                None => {
                    let names = names.remove(&pk).unwrap_or_default();
                    found.people.push(Inspector { pk, id, name, names });
                }
            }
        }
        Ok(found)
    }
}
