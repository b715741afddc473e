//! Which of the ids and names that records give are one inspector.

use std::collections::{BTreeSet, HashMap};

use super::{MirrorError, NameEntry, Snapshot};

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
    /// The names (folded) under which jobs that give no id are theirs.
    without_id: BTreeSet<String>,
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
}

impl InspectorPeople {
    /// The person behind a number.
    pub(super) fn person(&self, pk: i64) -> i64 {
        self.same.get(&pk).copied().unwrap_or(pk)
    }
}

/// An inspector whom jobs name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownInspector {
    /// The number in the tables.
    pub number: i64,
    /// Id, where one is known, and name.
    pub entry: NameEntry,
    /// The names (folded) under which jobs that give no id are theirs.
    pub without_id: BTreeSet<String>,
}

impl Snapshot<'_> {
    /// Every inspector, by name.
    pub fn known_inspectors(&self) -> Result<Vec<KnownInspector>, MirrorError> {
        let known = |one: Inspector| KnownInspector {
            number: one.pk,
            entry: NameEntry { name: one.shown(), id: one.id, beside: None },
            without_id: one.without_id,
        };
        Ok(self.inspector_people()?.people.into_iter().map(known).collect())
    }

    /// Each id is a person. A name without an id is the person of that name where one id only was ever seen with it;
    /// otherwise it is a person of its own, for between two of one name nobody can tell. It follows from all records
    /// together, so the order in which they came does not matter. In the order of their names.
    pub(super) fn inspector_people(&self) -> Result<InspectorPeople, MirrorError> {
        let mut statement =
            self.connection.prepare_cached("SELECT pk, id, name FROM inspectors ORDER BY folded, id, pk")?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let all: Vec<(i64, Option<String>, Option<String>)> = rows.collect::<Result<_, _>>()?;
        let with_id: BTreeSet<i64> = all.iter().filter(|(_, id, _)| id.is_some()).map(|(pk, ..)| *pk).collect();
        let mut by_name: HashMap<String, BTreeSet<i64>> = HashMap::new();
        let mut statement = self.connection.prepare_cached("SELECT inspector, folded FROM inspector_names")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let (pk, folded): (i64, String) = (row.get(0)?, row.get(1)?);
            let called = by_name.entry(folded).or_default();
            if with_id.contains(&pk) {
                called.insert(pk);
            }
        }
        let mut found = InspectorPeople::default();
        let mut without_id: HashMap<i64, BTreeSet<String>> = HashMap::new();
        for (pk, id, name) in all {
            let folded = name.as_deref().map(domain::fold).unwrap_or_default();
            let called = by_name.get(&folded).filter(|called| id.is_none() && called.len() == 1);
            let person = called.and_then(BTreeSet::first).copied();
            if id.is_none() && !folded.is_empty() {
                without_id.entry(person.unwrap_or(pk)).or_default().insert(folded);
            }
            match person {
                Some(person) => drop(found.same.insert(pk, person)),
                None => found.people.push(Inspector { pk, id, name, without_id: BTreeSet::new() }),
            }
        }
        for one in &mut found.people {
            one.without_id = without_id.remove(&one.pk).unwrap_or_default();
        }
        Ok(found)
    }
}
