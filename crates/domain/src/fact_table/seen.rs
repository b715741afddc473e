//! A table as somebody may see it who may not see everything.

use std::sync::Arc;

use super::super::masking::rounded_money;
use super::super::{FieldAccess, Fields};
use super::{Fact, FactTable, InspectorNumber, fact};

/// What of a table is seen; the default is everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// How much of each kind of field.
    pub fields: Fields,
    /// Only what this inspector leads or assists with; with an empty choice, nothing.
    pub own: Option<Own>,
    /// Only these days, both included, since 1970-01-01.
    pub days: Option<(i64, i64)>,
}

/// Whose work alone is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Own {
    /// The inspector's number in the table; `None` for one whom no row names.
    pub inspector: Option<InspectorNumber>,
}

impl FactTable {
    /// The table as it is seen: rows that may not be are not there, and what is left of them holds nothing that is hidden.
    /// Whoever works something out from it asks [`Self::fields`] before showing a sum of money or a reason, since what
    /// is hidden looks like what is not known.
    #[must_use]
    pub fn seen(&self, sight: &Sight) -> Self {
        let is_seen = |fact: &Fact| {
            sight.days.is_none_or(|(from, to)| (from..=to).contains(&fact.day()))
                && sight.own.is_none_or(|own| own.inspector.is_some_and(|one| self.is_work_of(fact, one)))
        };
        let hides_money = sight.fields.money != FieldAccess::Full;
        let hides_notes = sight.fields.notes != FieldAccess::Full;
        let left = |rows: &[Fact]| {
            let seen = rows.iter().filter(|fact| is_seen(fact)).copied();
            seen.map(|fact| {
                fact::left(fact, hides_money, hides_notes, |quote| match sight.fields.money {
                    FieldAccess::Off => None,
                    _ => Some(rounded_money(quote)),
                })
            })
            .collect::<Vec<_>>()
        };
        Self {
            since: self.since,
            rows: left(&self.rows),
            deleted: left(&self.deleted),
            names: Arc::clone(&self.names),
            fields: sight.fields,
            own: sight.own,
            ..Self::default()
        }
    }

    /// How much of each kind of field is seen.
    pub fn fields(&self) -> Fields {
        self.fields
    }

    /// Whether sums of money may be shown.
    pub fn shows_money(&self) -> bool {
        self.fields.shows_money()
    }

    /// Whose work alone is seen; `None` where everybody's is.
    pub fn own(&self) -> Option<Own> {
        self.own
    }

    /// Whether an inspector leads an inspection or assists with it.
    pub fn is_work_of(&self, fact: &Fact, inspector: InspectorNumber) -> bool {
        fact.inspector() == Some(inspector) || self.assistants(fact).contains(&inspector)
    }
}
