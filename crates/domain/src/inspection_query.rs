//! Which inspections are wanted, and in which order: one question, whatever answers it.
//!
//! [`InspectionQuery::holds`] says what every field means. A store that finds rows by other means (SQL, the service's
//! filters) must find the same ones; a property test holds them to it.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{
    AgentOnInspection, ConnectionId, Inspection, InspectionId, InspectorId, InspectorOnInspection, Money, SearchTerms,
    Status, StatusWanted, Text, fold, id_told, zip,
};

/// Which side of the deal an agent is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentSide {
    /// The buying side.
    Buying,
    /// The selling side.
    Selling,
}

impl AgentSide {
    /// Both sides.
    pub const ALL: &'static [Self] = &[Self::Buying, Self::Selling];

    /// The word in arguments.
    pub fn name(self) -> &'static str {
        match self {
            Self::Buying => "buying",
            Self::Selling => "selling",
        }
    }

    /// The side with this name.
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|side| side.name() == name)
    }
}

/// An agent, by the connection id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentWanted {
    /// Who.
    pub id: ConnectionId,
    /// On this side; on either when `None`.
    pub side: Option<AgentSide>,
}

/// An inspector.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InspectorWanted {
    /// One person.
    Person {
        /// By this id.
        id: Option<InspectorId>,
        /// And, where an inspection names somebody without an id, by one of these names (folded).
        names: BTreeSet<String>,
    },
    /// Anyone whose name, as the inspection has it, has these words.
    Called(SearchTerms),
}

impl InspectorWanted {
    /// As it was given, where no names are known: digits are an id, and so is what is [told](id_told) as one. `None` where there is no word in it.
    pub fn given(given: &str) -> Option<Self> {
        let given = id_told(given);
        match given.parse() {
            Ok(id) if given.bytes().all(|b| b.is_ascii_digit()) => {
                Some(Self::Person { id: Some(id), names: BTreeSet::new() })
            }
            _ => SearchTerms::of(given).map(Self::Called),
        }
    }

    /// Whether they inspect it, as the primary one or not.
    pub fn inspects(&self, inspection: &Inspection) -> bool {
        inspection.inspectors.iter().any(|one| self.is(one))
    }

    fn is(&self, inspector: &InspectorOnInspection) -> bool {
        let name = inspector.name.as_ref().map(Text::as_str);
        match self {
            Self::Person { id: wanted, names } => match &inspector.id {
                Some(id) => wanted.as_ref() == Some(id),
                None => name.is_some_and(|name| names.contains(&fold(name))),
            },
            Self::Called(words) => name.is_some_and(|name| words.fit(name)),
        }
    }
}

/// Which inspections are wanted; all of it must hold. The default is every one that has a beginning and is not deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InspectionQuery {
    /// Beginning at or after the first instant and before the second.
    pub starts: Option<(Timestamp, Timestamp)>,
    /// One of these at [`Self::now`]. Empty means every one that is not deleted.
    pub statuses: Vec<StatusWanted>,
    /// The present time, on which statuses depend; compared to the millisecond, as all times are.
    pub now: Timestamp,
    /// Inspected by this person, as the primary one or not.
    pub inspector: Option<InspectorWanted>,
    /// And by this one, whose work alone the caller may see.
    pub own: Option<InspectorWanted>,
    /// With this agent.
    pub agent: Option<AgentWanted>,
    /// Its buying agent is one of these.
    pub buyers: Option<BTreeSet<ConnectionId>>,
    /// These words begin words of one client's name.
    pub client: Option<SearchTerms>,
    /// These words begin words of one service or add-on.
    pub service: Option<SearchTerms>,
    /// With an add-on of this name (folded).
    pub add_on: Option<String>,
    /// In this city (folded).
    pub city: Option<String>,
    /// In this ZIP code, see [`zip::is_area`].
    pub zip: Option<String>,
    /// These words begin words of the address, see [`Inspection::address_text`].
    pub address: Option<SearchTerms>,
    /// Paid or not; where it is not known, neither.
    pub paid: Option<bool>,
    /// Confirmed or not; where it is not known, neither.
    pub confirmed: Option<bool>,
}

impl InspectionQuery {
    /// Whether `inspection` is wanted. Without a beginning it is in no list.
    pub fn holds(&self, inspection: &Inspection) -> bool {
        inspection.starts_at.is_some_and(|at| self.starts_hold(at))
            && self.status_holds(inspection)
            && self.inspector.as_ref().is_none_or(|wanted| wanted.inspects(inspection))
            && self.own.as_ref().is_none_or(|wanted| wanted.inspects(inspection))
            && self.agent.as_ref().is_none_or(|wanted| wanted.is_on(inspection))
            && self.buyers.as_ref().is_none_or(|wanted| has_buyer(inspection, wanted))
            && self.add_on.as_ref().is_none_or(|wanted| inspection.add_ons.iter().any(|one| is_called(one, wanted)))
            && self.city.as_ref().is_none_or(|wanted| inspection.address.city.iter().any(|one| is_called(one, wanted)))
            && any_has(self.client.as_ref(), &[&inspection.client_names])
            && any_has(self.service.as_ref(), &[&inspection.services, &inspection.add_ons, &inspection.not_add_ons])
            && self.zip_holds(inspection.address.zip.as_ref())
            && self.address.as_ref().is_none_or(|words| words.fit(&inspection.address_text()))
            && self.paid.is_none_or(|wanted| inspection.paid == Some(wanted))
            && self.confirmed.is_none_or(|wanted| inspection.confirmed == Some(wanted))
    }

    /// Whether canceled inspections can be among those wanted.
    pub fn asks_for_canceled(&self) -> bool {
        self.statuses.is_empty() || self.statuses.contains(&StatusWanted::Is(Status::Canceled))
    }

    fn starts_hold(&self, at: Timestamp) -> bool {
        let at = at.as_millisecond();
        self.starts.is_none_or(|(from, before)| from.as_millisecond() <= at && at < before.as_millisecond())
    }

    fn status_holds(&self, inspection: &Inspection) -> bool {
        let is_one = self.statuses.iter().any(|wanted| wanted.holds(inspection, self.now));
        is_one || (self.statuses.is_empty() && inspection.deleted_at.is_none())
    }

    fn zip_holds(&self, known: Option<&Text>) -> bool {
        self.zip.as_ref().is_none_or(|wanted| known.is_some_and(|known| zip::is_area(known.as_str(), wanted)))
    }
}

impl AgentWanted {
    fn is_on(&self, inspection: &Inspection) -> bool {
        let is =
            |agent: &Option<AgentOnInspection>| agent.as_ref().is_some_and(|agent| agent.id.as_ref() == Some(&self.id));
        match self.side {
            None => is(&inspection.buying_agent) || is(&inspection.selling_agent),
            Some(AgentSide::Buying) => is(&inspection.buying_agent),
            Some(AgentSide::Selling) => is(&inspection.selling_agent),
        }
    }
}

fn has_buyer(inspection: &Inspection, wanted: &BTreeSet<ConnectionId>) -> bool {
    let buyer = inspection.buying_agent.as_ref().and_then(|agent| agent.id.as_ref());
    buyer.is_some_and(|buyer| wanted.contains(buyer))
}

fn is_called(text: &Text, folded: &str) -> bool {
    fold(text.as_str()) == folded
}

/// Whether one of the texts has all the words; true where none are wanted.
fn any_has(wanted: Option<&SearchTerms>, texts: &[&[Text]]) -> bool {
    wanted.is_none_or(|words| texts.iter().copied().flatten().any(|text| words.fit(text.as_str())))
}

/// In which order inspections are wanted. Those that begin together stand in the order of their ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InspectionOrder {
    /// Latest beginning first.
    #[default]
    Newest,
    /// Earliest beginning first.
    Oldest,
    /// Highest quote first; without a quote last.
    QuoteHighest,
    /// Lowest quote first; without a quote last.
    QuoteLowest,
}

/// Where a list goes on: the unique key of its last row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "WirePosition", into = "WirePosition")]
pub struct Position {
    /// When the last row begins, to the millisecond: finer differences order nothing.
    pub starts_at: Timestamp,
    /// Its quote, when the list is in the order of quotes.
    pub quote: Option<Money>,
    /// Its id.
    pub id: InspectionId,
    /// Whether a row at this very place is still wanted: another company may have one with the same start and id.
    pub inclusive: bool,
}

/// A position as it travels: milliseconds, quote, id, inclusive.
type WirePosition = (i64, Option<Money>, InspectionId, bool);

impl TryFrom<WirePosition> for Position {
    type Error = jiff::Error;

    fn try_from((at, quote, id, inclusive): WirePosition) -> Result<Self, Self::Error> {
        Ok(Self { starts_at: Timestamp::from_millisecond(at)?, quote, id, inclusive })
    }
}

impl From<Position> for WirePosition {
    fn from(position: Position) -> Self {
        (position.starts_at.as_millisecond(), position.quote, position.id, position.inclusive)
    }
}

impl InspectionOrder {
    /// Every order, the default first.
    pub const ALL: &'static [Self] = &[Self::Newest, Self::Oldest, Self::QuoteHighest, Self::QuoteLowest];

    /// The word in arguments.
    pub fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Oldest => "oldest",
            Self::QuoteHighest => "quote_highest",
            Self::QuoteLowest => "quote_lowest",
        }
    }

    /// Whether a list that goes on at `after` shows a row at `position`.
    pub fn goes_on(self, after: &Position, position: &Position) -> bool {
        let order = self.compare(after, position);
        order.is_lt() || (after.inclusive && order.is_eq())
    }

    /// Whether it is an order of quotes.
    pub fn by_quote(self) -> bool {
        matches!(self, Self::QuoteHighest | Self::QuoteLowest)
    }

    /// Whether `left` comes before `right`.
    pub fn compare(self, left: &Position, right: &Position) -> Ordering {
        let by_time = |left: &Position, right: &Position| {
            right.starts_at.cmp(&left.starts_at).then_with(|| right.id.cmp(&left.id))
        };
        match self {
            Self::Newest => by_time(left, right),
            Self::Oldest => by_time(right, left),
            Self::QuoteHighest | Self::QuoteLowest => {
                let order = match (left.quote, right.quote) {
                    (Some(left), Some(right)) if self == Self::QuoteHighest => right.cmp(&left),
                    (Some(left), Some(right)) => left.cmp(&right),
                    (Some(_), None) => Ordering::Less,
                    (None, Some(_)) => Ordering::Greater,
                    (None, None) => Ordering::Equal,
                };
                order.then_with(|| by_time(left, right))
            }
        }
    }

    /// The key of a row; `None` for one without a beginning, which no order can place.
    pub fn position(self, inspection: &Inspection) -> Option<Position> {
        let starts_at = inspection.starts_at?;
        Some(Position {
            starts_at: Timestamp::from_millisecond(starts_at.as_millisecond()).unwrap_or(starts_at),
            quote: inspection.quote.filter(|_| self.by_quote()),
            id: inspection.id.clone(),
            inclusive: false,
        })
    }
}
