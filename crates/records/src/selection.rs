//! Which inspections are wanted, decided here and not by the service: filters are applied to what came back.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use domain::{
    AgentOnInspection, Client, ConnectionId, DateRange, Inspection, InspectionId, InspectorId, Money, Status, Text,
    fold, has_words, zip,
};
use spectora::InspectionFilter;

/// Which side of the deal an agent is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentRole {
    /// The buying side.
    Buying,
    /// The selling side.
    Selling,
}

/// An inspector, by id or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InspectorWanted {
    /// By id.
    Id(InspectorId),
    /// Every word of this must begin a word of the name; case, accents and punctuation do not count.
    Name(String),
}

impl InspectorWanted {
    /// As it was given: digits are an id.
    pub fn given(given: String) -> Self {
        match given.parse() {
            Ok(id) if given.bytes().all(|b| b.is_ascii_digit()) => Self::Id(id),
            _ => Self::Name(given),
        }
    }

    /// The inspector who is meant, by id where there is one.
    pub fn meant(meant: super::InspectorMeant) -> Self {
        let id = meant.entry.id.as_deref().and_then(|id| id.parse().ok());
        id.map_or(Self::Name(meant.entry.name), Self::Id)
    }
}

/// Which inspections are wanted; all of it must hold.
#[derive(Clone, Debug, Default)]
pub struct InspectionSelection {
    /// Beginning on one of these civil days of the company.
    pub period: Option<DateRange>,
    /// Standing at one of these. Empty means every one that is not deleted.
    pub statuses: Vec<Status>,
    /// Inspected by this person, as the primary one or not.
    pub inspector: Option<InspectorWanted>,
    /// With this agent.
    pub agent: Option<ConnectionId>,
    /// On this side; either side when `None`.
    pub agent_role: Option<AgentRole>,
    /// Every word of this begins a word of the clients' names.
    pub client: Option<String>,
    /// Every word of this begins a word of one service or add-on.
    pub service: Option<String>,
    /// In this ZIP code, by its first five digits.
    pub zip: Option<String>,
    /// Every word of this begins a word of the address.
    pub address: Option<String>,
    /// Paid or not.
    pub paid: Option<bool>,
    /// Confirmed or not.
    pub confirmed: Option<bool>,
}

/// In which order inspections are wanted.
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

/// Where a list stopped: the unique key of its last row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// When the last row begins, to the millisecond: finer differences order nothing.
    pub starts_at: Timestamp,
    /// Its quote, when the list is in the order of quotes.
    pub quote: Option<String>,
    /// Its id.
    pub id: InspectionId,
    /// Whether a row at this very place is still wanted: another company may have one with the same start and id.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub inclusive: bool,
}

/// The instant to the millisecond, as stores and lists have it.
fn to_the_millisecond(at: Timestamp) -> Timestamp {
    Timestamp::from_millisecond(at.as_millisecond()).unwrap_or(at)
}

impl InspectionOrder {
    /// Whether a list that goes on at `after` shows a row at `position`.
    pub(super) fn goes_on(self, after: &Position, position: &Position) -> bool {
        let order = self.compare(after, position);
        order.is_lt() || (after.inclusive && order.is_eq())
    }

    pub(super) fn by_quote(self) -> bool {
        matches!(self, Self::QuoteHighest | Self::QuoteLowest)
    }

    /// Whether `left` comes before `right`. Rows that begin together stand in the order of their ids.
    pub fn compare(self, left: &Position, right: &Position) -> std::cmp::Ordering {
        use std::cmp::Ordering;
        let by_time = |left: &Position, right: &Position| {
            right.starts_at.cmp(&left.starts_at).then_with(|| right.id.cmp(&left.id))
        };
        let amount = |position: &Position| position.quote.as_deref().and_then(|text| text.parse::<Money>().ok());
        match self {
            Self::Newest => by_time(left, right),
            Self::Oldest => by_time(right, left),
            Self::QuoteHighest | Self::QuoteLowest => {
                let order = match (amount(left), amount(right)) {
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
        Some(Position {
            starts_at: to_the_millisecond(inspection.starts_at?),
            quote: inspection.quote.filter(|_| self.by_quote()).map(|quote| quote.to_string()),
            id: inspection.id.clone(),
            inclusive: false,
        })
    }
}

/// The longest word of `text`, for the service's own full-text search.
pub(super) fn search_word(text: &str) -> Option<String> {
    text.split_whitespace().max_by_key(|word| word.chars().count()).map(str::to_owned)
}

/// Whether every word of `wanted` (folded) begins a word of the client's name, contact details or city.
pub(super) fn client_matches(client: &Client, wanted: &str) -> bool {
    let parts = [
        &client.first_name,
        &client.last_name,
        &client.email,
        &client.phone,
        &client.mobile_phone,
        &client.home_phone,
        &client.city,
    ];
    let all = parts.iter().filter_map(|part| part.as_ref()).map(Text::as_str).collect::<Vec<_>>().join(" ");
    has_words(&all, wanted)
}

impl InspectionSelection {
    /// The part of the selection the service is asked to apply. What it ignores is applied by [`Self::holds`] all
    /// the same.
    pub(super) fn filters(&self, zone: &TimeZone) -> Vec<InspectionFilter> {
        let mut filters = vec![InspectionFilter::IncludeCanceled, InspectionFilter::IncludeArchived];
        if self.statuses.contains(&Status::Deleted) {
            filters.push(InspectionFilter::IncludeDeleted);
        }
        if self.statuses == [Status::Canceled] {
            filters.push(InspectionFilter::Canceled(true));
        }
        if let Some((start, end)) = self.period.map(|period| period.instants(zone)) {
            filters.push(InspectionFilter::StartsAtOrAfter(start));
            filters.push(InspectionFilter::StartsBefore(end));
        }
        filters.extend(self.agent.clone().map(InspectionFilter::Connection));
        if let Some(InspectorWanted::Id(id)) = &self.inspector {
            filters.push(InspectionFilter::Inspector(id.clone()));
        }
        filters.extend(self.zip.as_deref().and_then(zip::asked_of_service).map(InspectionFilter::Zip));
        filters.extend(self.paid.map(InspectionFilter::Paid));
        filters.extend(self.confirmed.map(InspectionFilter::Confirmed));
        filters
    }

    /// Whether the service alone can apply all of it, so that its count is the total.
    pub(super) fn is_all_filters(&self) -> bool {
        let statuses_are_filters = self.statuses.is_empty() || self.statuses == [Status::Canceled];
        statuses_are_filters
            && self.agent_role.is_none()
            && !matches!(self.inspector, Some(InspectorWanted::Name(_)))
            && self.client.is_none()
            && self.service.is_none()
            && self.address.is_none()
            && self.paid.is_none()
            && self.confirmed.is_none()
            && self.zip.as_deref().is_none_or(|wanted| zip::asked_of_service(wanted).is_some())
    }

    /// Whether `inspection` is wanted, as things stand at `now`.
    pub(super) fn holds(&self, inspection: &Inspection, now: Timestamp, zone: &TimeZone) -> bool {
        let status = inspection.status(now);
        let status_holds =
            if self.statuses.is_empty() { status != Status::Deleted } else { self.statuses.contains(&status) };
        let period_holds = self.period.is_none_or(|period| {
            let (start, end) = period.instants(zone);
            inspection.starts_at.is_some_and(|starts_at| start <= starts_at && starts_at < end)
        });
        let any_text = |texts: &[&[Text]], wanted: &Option<String>| {
            let has =
                |wanted: &String| texts.iter().copied().flatten().any(|text| has_words(text.as_str(), &fold(wanted)));
            wanted.as_ref().is_none_or(has)
        };
        status_holds
            && period_holds
            && self.inspector_holds(inspection)
            && self.agent_holds(inspection)
            && self.client_holds(inspection)
            && any_text(&[&inspection.services, &inspection.add_ons, &inspection.not_add_ons], &self.service)
            && self.address_holds(inspection)
            && self.paid.is_none_or(|wanted| inspection.paid == Some(wanted))
            && self.confirmed.is_none_or(|wanted| inspection.confirmed == Some(wanted))
    }

    /// The words may be of several clients of one inspection.
    fn client_holds(&self, inspection: &Inspection) -> bool {
        let all = || inspection.client_names.iter().map(Text::as_str).collect::<Vec<_>>().join(" ");
        self.client.as_ref().is_none_or(|wanted| has_words(&all(), &fold(wanted)))
    }

    fn inspector_holds(&self, inspection: &Inspection) -> bool {
        match &self.inspector {
            None => true,
            Some(InspectorWanted::Id(id)) => {
                inspection.inspectors.iter().any(|inspector| inspector.id.as_ref() == Some(id))
            }
            Some(InspectorWanted::Name(name)) => {
                let wanted = fold(name);
                let mut names = inspection.inspectors.iter().filter_map(|inspector| inspector.name.as_ref());
                names.any(|name| has_words(name.as_str(), &wanted))
            }
        }
    }

    fn agent_holds(&self, inspection: &Inspection) -> bool {
        let Some(wanted) = &self.agent else { return true };
        let is_wanted =
            |agent: &Option<AgentOnInspection>| agent.as_ref().is_some_and(|agent| agent.id.as_ref() == Some(wanted));
        let buying = is_wanted(&inspection.buying_agent);
        let selling = is_wanted(&inspection.selling_agent);
        match self.agent_role {
            None => buying || selling,
            Some(AgentRole::Buying) => buying,
            Some(AgentRole::Selling) => selling,
        }
    }

    fn address_holds(&self, inspection: &Inspection) -> bool {
        let address = &inspection.address;
        let zip_holds = self
            .zip
            .as_ref()
            .is_none_or(|wanted| address.zip.as_ref().is_some_and(|known| zip::is_area(known.as_str(), wanted)));
        let words_hold = self.address.as_ref().is_none_or(|wanted| {
            let parts = [&address.full, &address.street, &address.city, &address.state, &address.zip];
            let all = parts.iter().filter_map(|part| part.as_ref()).map(Text::as_str).collect::<Vec<_>>().join(" ");
            has_words(&all, &fold(wanted))
        });
        zip_holds && words_hold
    }
}
