//! One list of inspections over several companies.

use std::sync::Arc;

use domain::{
    AgentSide, AgentWanted, CompanyName, Inspection, InspectionOrder, InspectionQuery, InspectorWanted, Position,
    SearchTerms, SharedNames,
};
use records::{Basis, InspectorMeant, NarrowedBy, Note, RecordsError};
use serde::{Deserialize, Serialize};

use super::people::{People, told_apart};
use super::{AnswerError, Answered, Companies, Company, Days, of_company};

/// What is asked of every company.
#[derive(Clone, Debug, Default)]
pub struct InspectionsAsked {
    /// The companies; all when not given.
    pub companies: Option<Vec<String>>,
    /// The days.
    pub days: Days,
    /// An inspector, by id or name.
    pub inspector: Option<String>,
    /// An agent, by connection id or name.
    pub agent: Option<String>,
    /// On this side; either when `None`.
    pub side: Option<AgentSide>,
    /// Words of a service, forgiving where names are known.
    pub service: Option<String>,
    /// What else they are narrowed to by names, which a mirror alone knows.
    pub named: Vec<(NarrowedBy, String)>,
    /// What else is wanted; days, people and services are settled for each company.
    pub query: InspectionQuery,
}

/// A row's place in the list: in one company, then among rows of several that begin together.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(from = "(String, Position)", into = "(String, Position)")]
pub struct Place {
    company: String,
    position: Position,
}

impl From<(String, Position)> for Place {
    fn from((company, position): (String, Position)) -> Self {
        Self { company, position }
    }
}

impl From<Place> for (String, Position) {
    fn from(place: Place) -> Self {
        (place.company, place.position)
    }
}

impl Place {
    /// Where the list of one company goes on after this row, which may be another company's.
    fn within(&self, company: &CompanyName) -> Position {
        Position { inclusive: self.company.as_str() < company.as_str(), ..self.position.clone() }
    }
}

/// A row of the list.
pub struct ListedInspection<'a> {
    /// Whose.
    pub company: &'a Company,
    /// The inspection.
    pub inspection: Arc<Inspection>,
    /// Names that more than one person of the company has, as far as is known.
    pub shared_names: Arc<SharedNames>,
}

/// A page of the list.
pub struct InspectionsAnswer<'a> {
    /// The rows in order, each with its place.
    pub rows: Vec<(Place, ListedInspection<'a>)>,
    /// How many there are in all, where that is certain.
    pub total: Option<u64>,
    /// Whether more follow.
    pub more: bool,
    /// Where to go on when the search stopped before it found enough.
    pub resume: Option<Place>,
    /// What it stands on.
    pub basis: Basis,
}

impl Companies {
    /// The first `limit` inspections in `order`, after `after` where it is given.
    pub async fn inspections(
        &self,
        asked: &InspectionsAsked,
        order: InspectionOrder,
        after: Option<&Place>,
        limit: usize,
    ) -> Result<InspectionsAnswer<'_>, AnswerError> {
        let now = self.now();
        let chosen = self.chosen(asked.companies.as_deref());
        let agency = asked.named.iter().find(|(by, _)| *by == NarrowedBy::Agency).map(|(_, given)| given.as_str());
        let agent = asked.agent.as_deref();
        let people = match People::find(&chosen, asked.inspector.as_deref(), agent).await {
            Ok(people) => people,
            Err(error) => return Err(told_apart(&chosen, agent, agency, error).await),
        };
        let companies = people.companies();
        let mut queries = Vec::new();
        for company in &companies {
            let days = asked.days.of(company, now)?;
            let starts = days.map(|days| days.instants(company.records.timezone()));
            let agent = people.agent(company).map(|agent| AgentWanted { id: agent.id, side: asked.side });
            // Where no names are known, the words are looked for as they are.
            let as_given = || asked.inspector.as_deref().and_then(InspectorWanted::given);
            let inspector = people.inspector(company).map(InspectorMeant::wanted).or_else(as_given);
            let query = InspectionQuery { starts, now, agent, inspector, ..asked.query.clone() };
            queries.push((company.name.clone(), query, days.map(|days| of_company(company, days, None))));
        }
        let answered = self.each(&companies, |company| {
            let known = queries.iter().find(|(name, ..)| *name == company.name).cloned();
            let after = after.map(|place| place.within(&company.name));
            async move {
                let Some((_, mut query, period)) = known else { return Err(RecordsError::NoMirror) };
                let mut taken = None;
                if let Some(service) = &asked.service {
                    let (name, note) = company.records.resolve_service(service).await?;
                    query.service = SearchTerms::of(&name);
                    taken = note;
                }
                let named = company.records.add_named(&mut query, &asked.named).await?;
                let list = company.records.inspections(&query, order, after.as_ref(), limit).await?;
                let mut basis = list.basis.clone();
                basis.notes.extend(taken);
                basis.notes.extend(named);
                if list.rows.is_empty() && after.is_none() && asked.inspector.is_some() {
                    basis.notes.push(Note::NothingFits(company.name.clone()));
                }
                basis.periods.extend(period);
                Ok((list, basis))
            }
        });
        let Answered { parts, mut basis } = match answered.await {
            Ok(answered) => answered,
            Err(error) => return Err(told_apart(&chosen, agent, agency, error).await),
        };
        people.say(&mut basis);
        let mut rows = Vec::new();
        let mut total = Some(0);
        let mut more = false;
        let mut resume: Option<Position> = None;
        for (company, list) in parts {
            more |= list.more;
            total = total.zip(list.total).map(|(sum, one)| sum + one);
            if let Some(searched) = list.searched_to {
                // Going on from the earliest stop of all companies repeats nothing and leaves nothing out.
                let earlier = resume.take().filter(|other| order.compare(other, &searched).is_lt());
                resume = earlier.or(Some(searched));
            }
            let shared_names = Arc::new(list.shared_names);
            for inspection in list.rows {
                if let Some(position) = order.position(&inspection) {
                    let place = Place { company: company.name.to_string(), position };
                    let shared_names = Arc::clone(&shared_names);
                    rows.push((place, ListedInspection { company, inspection, shared_names }));
                }
            }
        }
        rows.sort_by(|(left, _), (right, _)| {
            order.compare(&left.position, &right.position).then_with(|| left.company.cmp(&right.company))
        });
        if let Some(stop) = &resume {
            rows.retain(|(place, _)| order.compare(&place.position, stop).is_le());
        }
        // No company's name is after this: what stands at the stop itself was searched in every company.
        let mut resume = resume.map(|position| Place { company: char::MAX.to_string(), position });
        if limit < rows.len() {
            rows.truncate(limit);
            more = true;
            resume = None;
        }
        Ok(InspectionsAnswer { rows, total, more, resume, basis })
    }
}
