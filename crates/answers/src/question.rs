//! The one way every question about sums goes: which companies, whom it means in each, which days, the rows it needs,
//! and what the answer then stands on. What is worked out of the rows is the caller's.

use std::sync::Arc;

use domain::{AgentNumber, FactTable, InspectorNumber, NamedPeriod, date_of, epoch_day};
use insight::Scope;
use jiff::Timestamp;
use records::{Basis, InspectorMeant, NameEntry, NarrowedBy, NarrowingWanted, Need, Period, RecordsError, summed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::people::{People, told_apart};
use super::{AnswerError, Answered, Companies, Company, Compare, Days};

/// What inspections are narrowed to, by names as they are given.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Only {
    /// An inspector: id or name.
    pub inspector: Option<String>,
    /// An agent: id or name.
    pub agent: Option<String>,
    /// An agency.
    pub agency: Option<String>,
    /// A service.
    pub service: Option<String>,
    /// An add-on.
    pub add_on: Option<String>,
    /// A ZIP code.
    pub zip: Option<String>,
    /// A city.
    pub city: Option<String>,
}

impl Only {
    /// What is narrowed to besides people.
    fn without_people(&self, also: &[(NarrowedBy, String)]) -> NarrowingWanted {
        let given = [
            (NarrowedBy::Agency, &self.agency),
            (NarrowedBy::Service, &self.service),
            (NarrowedBy::AddOn, &self.add_on),
            (NarrowedBy::Zip, &self.zip),
            (NarrowedBy::City, &self.city),
        ];
        let given = given.into_iter().filter_map(|(by, given)| Some((by, given.clone()?)));
        let given = given.chain(also.iter().cloned()).collect();
        NarrowingWanted { inspector: None, agent: None, given }
    }
}

/// What naming a person does to a question.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PersonRole {
    /// Only inspections with them are rows.
    #[default]
    Narrows,
    /// The rows stay whole; who it is stands beside them.
    Apart,
}

/// How much of the past the rows must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// The period, what it is compared with, and so many days before the period.
    Period {
        /// The days.
        days_before: i64,
    },
    /// All there ever was.
    All,
}

/// A question about sums.
#[derive(Clone, Copy, Debug)]
pub struct Question<'a> {
    /// The companies asked; all when `None`.
    pub companies: Option<&'a [String]>,
    /// The days given, with what holds when none are and what they are compared with; `None` where it is about none.
    pub days: Option<(&'a Days, NamedPeriod, Compare)>,
    /// What inspections are narrowed to.
    pub only: &'a Only,
    /// What else they are narrowed to by names.
    pub also: &'a [(NarrowedBy, String)],
    /// What naming an inspector does.
    pub inspector: PersonRole,
    /// What naming an agent does.
    pub agent: PersonRole,
    /// How much of the past it needs.
    pub history: History,
}

/// One company's part of a question, with its rows.
pub struct Part<'a> {
    /// Whose.
    pub company: &'a Company,
    /// The rows.
    pub facts: Arc<FactTable>,
    /// All rows, those left out too; they have the same names.
    pub whole: Arc<FactTable>,
    /// The days asked about, as days since 1970-01-01; every day where the question is about none.
    pub scope: Scope,
    /// Those they are compared with.
    pub before: Option<Scope>,
    /// The inspector who stands apart.
    pub inspector: Option<Apart<InspectorNumber>>,
    /// The agent who stands apart.
    pub agent: Option<Apart<AgentNumber>>,
    /// The present time.
    pub now: Timestamp,
    /// What the rows stand on.
    pub basis: Basis,
}

/// A person who was asked for beside the rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Apart<N> {
    /// The number among the rows; `None` where no row names them.
    pub number: Option<N>,
    /// The name, with what tells it from another.
    pub entry: NameEntry,
}

impl Part<'_> {
    /// What `work` makes of the rows, beside the threads that serve. `work` is also told the present time, in milliseconds.
    pub async fn sum<T: Send + 'static>(&self, work: impl FnOnce(&FactTable, i64) -> T + Send + 'static) -> T {
        let now = self.now.as_millisecond();
        summed(&self.facts, move |facts| work(facts, now)).await
    }
}

fn scope(days: domain::DateRange) -> Scope {
    Scope { from: epoch_day(days.from()), to: epoch_day(days.to()) }
}

const EVERY_DAY: Scope = Scope { from: i32::MIN as i64, to: i32::MAX as i64 };

impl History {
    fn need(self, scope: &Scope, before: Option<&Scope>) -> Need {
        match self {
            Self::All => Need::All,
            Self::Period { days_before } => {
                let first = before.map_or(scope.from, |before| scope.from.min(before.from));
                Need::Since(date_of(first.min(scope.from - days_before)))
            }
        }
    }
}

impl Companies {
    /// Asks each company that knows the people named for its rows, and has `answer` make its part of them.
    pub async fn ask<'a, T, F>(
        &'a self,
        question: &Question<'_>,
        answer: impl Fn(Part<'a>) -> F,
    ) -> Result<Answered<'a, T>, AnswerError>
    where
        F: Future<Output = Result<(T, Basis), RecordsError>>,
    {
        let now = self.now();
        let only = question.only;
        let chosen = self.chosen(question.companies);
        let (agent, agency) = (only.agent.as_deref(), only.agency.as_deref());
        let people = match People::find(&chosen, only.inspector.as_deref(), agent).await {
            Ok(people) => people,
            Err(error) => return Err(told_apart(&chosen, agent, agency, error).await),
        };
        let companies = people.companies();
        let mut periods: Vec<Period> = Vec::new();
        if let Some((days, default, compare)) = question.days {
            for company in &companies {
                periods.push(days.or(default, compare, company, now)?);
            }
        }
        let answered = self.each(&companies, |company| {
            let period = periods.iter().find(|period| period.company == company.name).cloned();
            // Where the names are not known yet, the one asked for is somebody whom nobody knows: never all of them.
            let as_given = || only.inspector.as_deref().map(InspectorMeant::unknown);
            let inspector = people.inspector(company).or_else(as_given);
            let agent = people.agent(company);
            let answer = &answer;
            async move {
                let scopes = period.as_ref().map(|period| (scope(period.days), period.compared.map(scope)));
                let (scope, before) = scopes.unwrap_or((EVERY_DAY, None));
                let need = question.history.need(&scope, before.as_ref());
                let narrows = |role| role == PersonRole::Narrows;
                let wanted = NarrowingWanted {
                    inspector: inspector.clone().filter(|_| narrows(question.inspector)),
                    agent: agent.clone().filter(|_| narrows(question.agent)),
                    ..only.without_people(question.also)
                };
                let (whole, facts, mut basis) = company.records.facts_of(&wanted, need).await?;
                basis.periods.extend(period);
                let inspector = match inspector.filter(|_| !narrows(question.inspector)) {
                    Some(one) => Some(Apart { number: facts.inspector_by_key(one.known_number()?), entry: one.entry }),
                    None => None,
                };
                let agent = match agent.filter(|_| !narrows(question.agent)) {
                    Some(one) => Some(Apart { number: facts.agent_by_key(one.known_number()?), entry: one.entry }),
                    None => None,
                };
                answer(Part { company, facts, whole, scope, before, inspector, agent, now, basis }).await
            }
        });
        let mut answered = match answered.await {
            Ok(answered) => answered,
            Err(error) => return Err(told_apart(&chosen, agent, agency, error).await),
        };
        people.say(&mut answered.basis);
        Ok(answered)
    }
}
