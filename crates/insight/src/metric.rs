//! Which inspections a number counts. The tools that show a number and the one that explains it use the same predicate,
//! so that they cannot differ.

use std::sync::OnceLock;

use super::common::{Grouped, Scope, is_performed};
use super::scorecard::Repeats;
use domain::{AgentNumber, DateRange, Fact, FactTable, InspectorNumber, date_of};
use jiff::tz::TimeZone;

/// Milliseconds of an hour.
const HOUR_MS: i64 = 3_600_000;

/// A number of inspections. All count only what began before now, a period that is still running ends now; but for those
/// that [look ahead](Self::looks_ahead), and where another date than the beginning [places](DateOf) inspections in a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Dated in the period and before now, canceled ones included, deleted ones not.
    Booked,
    /// Performed: booked and not canceled.
    Volume,
    /// Booked and canceled.
    Canceled,
    /// Canceled so many hours before the beginning, or later.
    CanceledWithin(u8),
    /// Performed, with a quote.
    Quoted,
    /// Performed, with at least one add-on.
    Attach,
    /// Performed with an assistant; counted for each assistant.
    Assists,
    /// Booked, with a buying agent; counted for that agent.
    Referrals,
    /// Booked, with a selling agent; counted for that agent.
    SellingSide,
    /// Performed, with a length.
    Hours,
    /// Performed on a Saturday or Sunday.
    Weekend,
    /// Performed and published, with a length.
    Published,
    /// Performed and published.
    PublishedAtAll,
    /// Performed, and no report is published.
    Unpublished,
    /// Booked, and it is known when.
    LeadTime,
    /// Performed for a buying agent who had one in the 365 days before.
    RepeatAgents,
    /// The first one of its buying agent that is booked at all, among those that began before now.
    FirstTimeAgents,
    /// Performed for a client who had one performed on an earlier day.
    RepeatClients,
    /// Performed and not paid.
    Unpaid,
    /// Performed and not paid, with a quote.
    UnpaidQuoted,
    /// Not canceled, with agreements that are not signed; still to come or past.
    AgreementsUnsigned,
    /// Not canceled and still to come.
    Upcoming,
    /// Not canceled and still to come, with a quote.
    UpcomingQuoted,
}

impl Metric {
    /// Whether it depends on everything there ever was.
    pub fn needs_all_history(self) -> bool {
        matches!(self, Self::FirstTimeAgents | Self::RepeatClients)
    }

    /// Whether what begins later than now counts in any case.
    fn looks_ahead(self) -> bool {
        matches!(self, Self::AgreementsUnsigned | Self::Upcoming | Self::UpcomingQuoted)
    }
}

impl DateOf {
    /// All there are, in the order shown to users.
    pub const ALL: &'static [Self] = &[Self::Start, Self::Created, Self::Canceled, Self::Published];

    /// The name in arguments.
    pub fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Created => "created",
            Self::Canceled => "canceled",
            Self::Published => "published",
        }
    }
}

/// Which date places an inspection in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateOf {
    /// When it begins.
    #[default]
    Start,
    /// When it was booked.
    Created,
    /// When it was called off.
    Canceled,
    /// When its report was published.
    Published,
}

impl DateOf {
    /// The instant, in milliseconds since 1970; `None` where there is none.
    pub fn instant(self, fact: &Fact) -> Option<i64> {
        match self {
            Self::Start => Some(fact.starts_at()),
            Self::Created => fact.created_at(),
            Self::Canceled => fact.canceled_at(),
            Self::Published => fact.published_at(),
        }
    }
}

/// Which inspections are dated in a period.
#[derive(Clone, Copy, Debug)]
enum Dated {
    /// By the day of their beginning.
    Start(Scope),
    /// By another date: its first instant, and the one after its last.
    Other(DateOf, i64, i64),
}

/// What it takes to say whether an inspection counts.
pub struct Counting<'a> {
    facts: &'a FactTable,
    scope: Scope,
    dated: Dated,
    now: i64,
    repeats: OnceLock<Repeats>,
    firsts: OnceLock<Vec<Option<i64>>>,
    clients: OnceLock<Vec<i64>>,
}

impl<'a> Counting<'a> {
    /// For the inspections of `scope`. `facts` must hold everything an agent sent in the year before, not only what one
    /// inspector did, and for first-time agents and repeat clients all there ever was; `now` is in milliseconds since 1970.
    pub fn new(facts: &'a FactTable, scope: &Scope, now: i64) -> Self {
        let (repeats, firsts, clients) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { facts, scope: *scope, dated: Dated::Start(*scope), now, repeats, firsts, clients }
    }

    /// The same, for inspections that another date places in the days of `scope`, by the calendar of `zone`. They may be
    /// anywhere among the rows.
    #[must_use]
    pub fn dated(self, of: DateOf, zone: &TimeZone) -> Self {
        if of == DateOf::Start {
            return self;
        }
        let days = DateRange::new(date_of(self.scope.from), date_of(self.scope.to));
        // A scope that ends before it begins holds nothing.
        let (first, end) = days.map_or((0, 0), |days| {
            let (first, end) = days.instants(zone);
            (first.as_millisecond(), end.as_millisecond())
        });
        Self { dated: Dated::Other(of, first, end), ..self }
    }

    /// Whether an inspection is dated in the period.
    pub fn is_dated(&self, fact: &Fact) -> bool {
        match self.dated {
            Dated::Start(scope) => scope.holds(fact),
            Dated::Other(of, first, end) => of.instant(fact).is_some_and(|at| (first..end).contains(&at)),
        }
    }

    /// Of these rows those that may be dated in the period, with others beside them.
    pub fn around<'b>(&self, rows: &'b FactTable) -> &'b [Fact] {
        match self.dated {
            Dated::Start(scope) => rows.around(scope.from, scope.to),
            Dated::Other(..) => rows.rows(),
        }
    }

    /// Whether an inspection counts, for whomever.
    pub fn counts(&self, metric: Metric, fact: &Fact) -> bool {
        self.is_dated(fact) && self.counts_dated(metric, fact)
    }

    /// The same of one that is known to be dated in the period.
    pub fn counts_dated(&self, metric: Metric, fact: &Fact) -> bool {
        let performed = || is_performed(fact, self.now);
        let has_begun = fact.starts_at() < self.now;
        let is_by_start = matches!(self.dated, Dated::Start(_));
        (has_begun || !is_by_start || metric.looks_ahead())
            && match metric {
                Metric::Booked => true,
                Metric::Volume => performed(),
                Metric::Canceled => fact.is_canceled(),
                Metric::CanceledWithin(hours) => {
                    let earliest = fact.starts_at().saturating_sub(i64::from(hours) * HOUR_MS);
                    fact.canceled_at().is_some_and(|at| earliest <= at)
                }
                Metric::Quoted => performed() && fact.quote().is_some(),
                Metric::Attach => performed() && self.facts.has_add_on(fact),
                Metric::Assists => performed() && !self.assistants(fact).is_empty(),
                Metric::Referrals => fact.buying_agent().is_some(),
                Metric::SellingSide => fact.selling_agent().is_some(),
                Metric::Hours => performed() && fact.hours().is_some(),
                // 1970-01-01 was a Thursday: days 2 and 3 of such a week are Saturday and Sunday.
                Metric::Weekend => performed() && matches!(fact.day().rem_euclid(7), 2 | 3),
                Metric::Published => performed() && fact.hours().is_some() && fact.published_at().is_some(),
                Metric::PublishedAtAll => performed() && fact.published_at().is_some(),
                Metric::Unpublished => performed() && fact.published_at().is_none(),
                Metric::LeadTime => fact.created_at().is_some(),
                Metric::RepeatAgents => performed() && self.repeats().holds(fact),
                Metric::FirstTimeAgents => has_begun && self.is_first_of_agent(fact),
                Metric::RepeatClients => performed() && self.has_earlier_of_client(fact),
                Metric::Unpaid => performed() && fact.paid() == Some(false),
                Metric::UnpaidQuoted => performed() && fact.paid() == Some(false) && fact.quote().is_some(),
                Metric::AgreementsUnsigned => !fact.is_canceled() && fact.agreements_signed() == Some(false),
                Metric::Upcoming => !fact.is_canceled() && !has_begun,
                Metric::UpcomingQuoted => !fact.is_canceled() && !has_begun && fact.quote().is_some(),
            }
    }

    /// Whether it does not begin before now.
    pub(super) fn is_to_come(&self, fact: &Fact) -> bool {
        self.now <= fact.starts_at()
    }

    fn repeats(&self) -> &Repeats {
        self.repeats.get_or_init(|| Repeats::around(self.facts, &self.scope))
    }

    /// Whether no other one with this buying agent began before it.
    fn is_first_of_agent(&self, fact: &Fact) -> bool {
        let firsts = self.firsts.get_or_init(|| {
            let agent = |fact: &Fact| fact.buying_agent().map(AgentNumber::index);
            let all = Grouped::of(self.facts.rows(), self.facts.agents_len(), agent, |_, fact| fact.pk());
            (0..self.facts.agents_len()).map(|agent| all.of_group(agent).first().copied()).collect()
        });
        let first = fact.buying_agent().and_then(|agent| firsts.get(agent.index()).copied().flatten());
        first == Some(fact.pk())
    }

    /// Whether the client had one performed on an earlier day.
    fn has_earlier_of_client(&self, fact: &Fact) -> bool {
        let first_days = self.clients.get_or_init(|| {
            let mut first_days = vec![i64::MAX; self.facts.clients_len()];
            for fact in self.facts.rows().iter().filter(|fact| is_performed(fact, self.now)) {
                let first = fact.client().and_then(|client| first_days.get_mut(client.index()));
                if let Some(first) = first {
                    *first = fact.day().min(*first);
                }
            }
            first_days
        });
        fact.client().and_then(|client| first_days.get(client.index())).is_some_and(|first| *first < fact.day())
    }

    /// Those who assist with an inspection, the primary inspector left out.
    pub(super) fn assistants(&self, fact: &Fact) -> &'a [InspectorNumber] {
        self.facts.assistants(fact)
    }

    /// Whether an inspection that counts does so for this inspector: the primary one, for assists an assistant.
    pub fn is_of_inspector(&self, metric: Metric, fact: &Fact, inspector: InspectorNumber) -> bool {
        match metric {
            Metric::Assists => self.assistants(fact).contains(&inspector),
            _ => fact.inspector() == Some(inspector),
        }
    }

    /// Whether an inspection that counts does so for this agent: the one on the buying side, for the selling side the one
    /// there.
    pub fn is_of_agent(metric: Metric, fact: &Fact, agent: AgentNumber) -> bool {
        match metric {
            Metric::SellingSide => fact.selling_agent() == Some(agent),
            _ => fact.buying_agent() == Some(agent),
        }
    }
}
