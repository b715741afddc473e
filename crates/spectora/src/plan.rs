//! What of a query is sent. A service may refuse filters, sort keys and includes; a plan leaves them out, and what a
//! plan had to leave out is noted only when the request then went through.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::capabilities::{Capabilities, Part};
use super::corrections::Corrections;
use super::query::{Direction, Filter as _, Query, Resource, Spelled as _};

/// What a query value is encoded with: brackets and commas stay plain in names, never in values.
const VALUE: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b':');

/// What is left out first when the service does not say what it refuses: what only a prototype hints at. What public
/// code was seen to use stays.
const UNCERTAIN: &[Part] = &[
    Part::Filter("include_archived_by_inspector"),
    Part::Filter("include_deleted"),
    Part::Filter("include_canceled"),
    Part::Filter("agreements_signed"),
    Part::Filter("canceled"),
    Part::Filter("agent_id"),
    Part::Sort("cancel_reason"),
    Part::Sort("confirmed"),
    Part::Sort("quote"),
    Part::Include("buyer_2"),
    Part::Include("buyer"),
    Part::Include("agent_team"),
    Part::Include("agent"),
];

/// How one query is put to the service.
#[derive(Clone, Debug, Default)]
pub(super) struct Plan {
    omitted: BTreeSet<Part>,
    /// Left out since the last success because the service named it.
    named: Vec<Part>,
    /// Left out since the last success without being named; the last one may be what the service minds.
    guessed: Vec<Part>,
    /// How the service spells filters.
    corrections: Arc<Corrections>,
}

impl Plan {
    /// Leaves out what is known to be of no use.
    pub(super) fn new<R: Resource>(
        query: &Query<R>,
        capabilities: &Capabilities,
        corrections: &Arc<Corrections>,
    ) -> Self {
        let is_unused = |part: &Part| {
            matches!(part, Part::Filter(name) if corrections.filter(R::ENDPOINT, name).is_none())
                || capabilities.is_useless(R::ENDPOINT, *part)
        };
        let omitted = parts(query).into_iter().filter(is_unused).collect();
        Self { omitted, corrections: Arc::clone(corrections), ..Self::default() }
    }

    /// Whether this part is sent.
    pub(super) fn sends(&self, part: Part) -> bool {
        !self.omitted.contains(&part)
    }

    /// What is left out.
    pub(super) fn omitted(&self) -> &BTreeSet<Part> {
        &self.omitted
    }

    /// What is left out, as a text that is the same for the same listing.
    pub(super) fn omitted_text(&self) -> String {
        let words: Vec<&str> = self.omitted.iter().map(|part| part.spelling()).collect();
        words.join(",")
    }

    /// The whole query string with the page asked for.
    pub(super) fn request<R: Resource>(&self, query: &Query<R>, paging: &str) -> String {
        let text = self.text(query);
        let parts: Vec<&str> = [paging, &text].into_iter().filter(|part| !part.is_empty()).collect();
        parts.join("&")
    }

    /// Whether something was left out since the last success that the service did not name.
    pub(super) fn has_guessed(&self) -> bool {
        !self.guessed.is_empty()
    }

    /// The plan with only what the service named left out beyond `before`.
    pub(super) fn without_guesses(&self, before: &Self) -> Self {
        let omitted = before.omitted.iter().chain(&self.named).copied().collect();
        Self { omitted, named: self.named.clone(), guessed: Vec::new(), corrections: Arc::clone(&self.corrections) }
    }

    /// Filters, sort keys and includes as a query string, without the page.
    ///
    /// Of several filters by one name only the first is sent: what the service makes of a name given twice is not
    /// documented, and all of them are applied again here.
    pub(super) fn text<R: Resource>(&self, query: &Query<R>) -> String {
        let mut parts = Vec::new();
        let mut names = HashSet::new();
        for filter in query.filters.iter().filter(|filter| self.sends(Part::Filter(filter.name()))) {
            if names.insert(filter.name()) {
                let name = self.corrections.filter(R::ENDPOINT, filter.name()).unwrap_or_else(|| filter.name());
                parts.push(format!("filter[{name}]={}", utf8_percent_encode(&filter.value(), VALUE)));
            }
        }
        let sort: Vec<String> = query
            .sort
            .iter()
            .map(|(direction, key)| (direction, key.spelling()))
            .filter(|(_, key)| self.sends(Part::Sort(key)))
            .map(
                |(direction, key)| if *direction == Direction::Descending { format!("-{key}") } else { key.to_owned() },
            )
            .collect();
        if !sort.is_empty() {
            parts.push(format!("sort={}", sort.join(",")));
        }
        let include: Vec<&str> = query
            .include
            .iter()
            .map(|include| include.spelling())
            .filter(|word| self.sends(Part::Include(word)))
            .collect();
        if !include.is_empty() {
            parts.push(format!("include={}", include.join(",")));
        }
        parts.join("&")
    }

    /// Leaves out one more part after a refusal for the reason `detail`. False when there is nothing to leave out.
    pub(super) fn adapt<R: Resource>(&mut self, query: &Query<R>, detail: &str) -> bool {
        let sent: Vec<Part> = parts(query).into_iter().filter(|part| self.sends(*part)).collect();
        let spelled = |part: &Part| match part {
            Part::Filter(name) => self.corrections.filter(R::ENDPOINT, name).unwrap_or(name).to_owned(),
            other => other.spelling().to_owned(),
        };
        let quoted =
            |part: &&Part| matches!(part, Part::Filter(_)) && detail.contains(&format!("filter[{}]", spelled(part)));
        let mentioned = |part: &&Part| {
            let name = spelled(part);
            detail.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == name)
        };
        let longest = |found: Vec<&Part>| found.into_iter().max_by_key(|part| part.spelling().len()).copied();
        let named =
            sent.iter().find(quoted).copied().or_else(|| longest(sent.iter().filter(|part| mentioned(part)).collect()));
        if let Some(part) = named {
            self.named.push(part);
            self.omitted.insert(part);
            return true;
        }
        let guess = UNCERTAIN.iter().find(|uncertain| sent.contains(uncertain)).copied();
        if let Some(part) = guess {
            self.guessed.push(part);
            self.omitted.insert(part);
        }
        guess.is_some()
    }

    /// The request went through: what the service named was refused, and of what was guessed the last one. An earlier
    /// guess may have been wrong, so it is sent again next time.
    pub(super) fn succeeded<R: Resource>(&mut self, capabilities: &Capabilities) {
        let refused = std::mem::take(&mut self.named).into_iter().chain(std::mem::take(&mut self.guessed).pop());
        for part in refused {
            capabilities.refuse(R::ENDPOINT, part);
        }
    }
}

/// All parts of a query, filters first.
fn parts<R: Resource>(query: &Query<R>) -> Vec<Part> {
    let filters = query.filters.iter().map(|filter| Part::Filter(filter.name()));
    let sort = query.sort.iter().map(|(_, key)| Part::Sort(key.spelling()));
    let include = query.include.iter().map(|include| Part::Include(include.spelling()));
    filters.chain(sort).chain(include).collect()
}
