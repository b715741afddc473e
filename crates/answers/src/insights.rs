//! The questions about sums that have names: each is a [`Question`](super::Question), and what is worked out of each
//! company's rows.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use domain::{
    Agent, AgentNumber, AgentStatistics, Attachment, CompanyName, DateRange, Fact, FactTable, Inspection, InspectionId,
    InspectionOrder, InspectionQuery, InspectorWanted, NamedPeriod, SharedNames, date_of,
};
use insight::{
    AgentAnalysis, Briefing, CapacityBase, CapacityPlan, Compared, Counting, Definition, Disagreement, Finding, Habit,
    InspectorWeeks, Looked, Metric, MixBy, REPEAT_DAYS, SETTLED_DAYS, Scope, Scorecard, ScorecardRow, ServiceMix,
    agent_analysis, briefing, disagreements, habits, inspector_weeks, quality, scorecard, service_mix,
};
use jiff::Timestamp;
use records::{Basis, Gap, InspectorMeant, Need, Note, Period, Records, RecordsError, remembered, summed};
use schemars::JsonSchema;
use serde::Deserialize;

use super::people::People;
use super::{
    AnswerError, Answered, Apart, Companies, Company, Compare, Days, History, Only, PersonRole, Question, today,
};

/// The most jobs a briefing looks at in one company: a week of more than a hundred a day.
const BRIEFING_JOBS_MAX: usize = 1_000;
/// How far back documents are looked at for what usually comes, in days before today.
const HISTORY_DAYS: i64 = 60;
/// The last jobs of an agent who is looked at alone.
const LAST_JOBS: usize = 3;

/// What questions about sums are given besides what they narrow inspections to.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
pub struct Asked {
    /// The companies; all when not given.
    pub company: Option<Vec<String>>,
    /// The days.
    #[serde(flatten)]
    pub days: Days,
    /// What they are compared with.
    #[serde(default)]
    pub compare: Compare,
}

impl Asked {
    fn question<'a>(&'a self, only: &'a Only, default: NamedPeriod, history: History) -> Question<'a> {
        Question {
            companies: self.company.as_deref(),
            days: Some((&self.days, default, self.compare)),
            only,
            also: &[],
            inspector: PersonRole::Narrows,
            agent: PersonRole::Narrows,
            history,
        }
    }
}

const ITS_DAYS: History = History::Period { days_before: 0 };

/// A company's inspectors side by side.
pub struct ScorecardPart {
    /// The rows, for their names.
    pub facts: Arc<FactTable>,
    /// The scorecard.
    pub card: Scorecard,
    /// Whether rates of cancellation may be shown.
    pub sees_canceled: bool,
    /// Whether it is one inspector's own work alone, so that there is no whole company to compare with.
    pub is_own: bool,
}

/// One company's agents.
pub struct AgentsPart {
    /// The rows, for their names.
    pub facts: Arc<FactTable>,
    /// The numbers of all agents.
    pub analysis: AgentAnalysis,
    /// The one agent asked for.
    pub only: Option<Apart<AgentNumber>>,
    /// Whether rates of cancellation may be shown.
    pub sees_canceled: bool,
    /// How many agents the service has statistics about.
    pub with_statistics: usize,
    /// Those whose statistics disagree with the inspections.
    pub differing: Vec<Disagreement>,
    /// What the service's statistics seem to count.
    pub definition: Definition,
    /// The last jobs of the one agent asked for, latest first.
    pub jobs: Vec<Inspection>,
}

/// What a company sells where.
pub struct MixPart {
    /// The rows, for their names.
    pub facts: Arc<FactTable>,
    /// The mix.
    pub mix: ServiceMix,
}

/// A company's weeks ahead.
pub struct CapacityPart {
    /// The rows, for their names.
    pub facts: Arc<FactTable>,
    /// The forecast; `None` where there are too few weeks.
    pub plan: Option<CapacityPlan>,
    /// Each inspector's weeks, unless one alone was asked for.
    pub inspectors: Option<Arc<Vec<InspectorWeeks>>>,
}

/// A company's day.
pub struct BriefingPart {
    /// The jobs with their backgrounds.
    pub briefing: Briefing,
    /// Names that more than one person has.
    pub shared_names: SharedNames,
}

/// What distorts a company's numbers.
pub struct QualityPart {
    /// The findings.
    pub findings: Vec<Finding>,
    /// The service's statistics beside the inspections.
    pub compared: Compared,
}

/// The inspections behind a number.
pub struct ExplainedPart {
    /// All rows, for their names.
    pub facts: Arc<FactTable>,
    /// Those that count, latest first.
    pub counted: Vec<Fact>,
}

impl Companies {
    /// Inspectors side by side, last month unless days are given. One inspector is shown beside the whole company;
    /// everything else narrows what is counted.
    pub async fn scorecard(&self, asked: &Asked, only: &Only) -> Result<Answered<'_, ScorecardPart>, AnswerError> {
        let question =
            Question { inspector: PersonRole::Apart, ..asked.question(only, NamedPeriod::LastMonth, ITS_DAYS) };
        self.ask(&question, |part| async move {
            let (scope, before) = (part.scope, part.before);
            let mut card = part.sum(move |facts, now| scorecard(facts, &scope, before.as_ref(), now)).await;
            let mut basis = part.basis;
            // Who repeats is told by the year before, which a first reading may not have come to.
            if let Some(since) = part.facts.since.filter(|since| scope.from - REPEAT_DAYS < *since) {
                card.rows.iter_mut().chain([&mut card.company]).for_each(|row| row.repeat_agents = None);
                basis.notes.push(Note::RepeatsUnknownBefore(date_of(since)));
            }
            // Whom the own work was done with is not told of.
            let own = part.facts.own();
            if let Some(own) = own {
                card.rows.retain(|row| own.inspector.is_some() && row.inspector == own.inspector);
                if card.rows.is_empty() {
                    card.rows.push(ScorecardRow::nothing(own.inspector, before.is_some()));
                }
            }
            if let Some(one) = part.inspector {
                card.rows.retain(|row| one.number.is_some() && row.inspector == one.number);
                // Who was asked for has a row, whatever there is to count.
                if card.rows.is_empty() && own.is_none_or(|own| own.inspector == one.number) {
                    card.rows.push(ScorecardRow::nothing(one.number, before.is_some()));
                }
            }
            let sees_canceled = basis.sees_canceled();
            Ok((ScorecardPart { facts: part.facts, card, sees_canceled, is_own: own.is_some() }, basis))
        })
        .await
    }

    /// What is sold where, last quarter unless days are given.
    pub async fn service_mix(
        &self,
        asked: &Asked,
        only: &Only,
        by: MixBy,
    ) -> Result<Answered<'_, MixPart>, AnswerError> {
        self.ask(&asked.question(only, NamedPeriod::LastQuarter, ITS_DAYS), |part| async move {
            let (scope, before) = (part.scope, part.before);
            let mix = part.sum(move |facts, now| service_mix(facts, &scope, before.as_ref(), by, now)).await;
            let mut basis = part.basis;
            if by == MixBy::Agency {
                basis.note(Note::AgencyAsOfNow);
            }
            Ok((MixPart { facts: part.facts, mix }, basis))
        })
        .await
    }

    /// Agents who refer, the last 365 days unless days are given; one agent stands apart.
    pub async fn agents(&self, asked: &Asked, only: &Only) -> Result<Answered<'_, AgentsPart>, AnswerError> {
        // Rhythms and first times need all there ever was.
        let question =
            Question { agent: PersonRole::Apart, ..asked.question(only, NamedPeriod::Last365Days, History::All) };
        self.ask(&question, |part| async move {
            let records = &part.company.records;
            let statistics = statistics_of(records).await?;
            let whole = records.facts(Need::All).await?.0;
            let with_statistics = statistics.len();
            let now = part.now.as_millisecond();
            let compare = move |facts: &FactTable| disagreements(facts, &statistics, now);
            let Compared { differing, definition, .. } = summed(&whole, compare).await;
            let (scope, before) = (part.scope, part.before);
            let analysis = part.sum(move |facts, now| agent_analysis(facts, &scope, before.as_ref(), now)).await;
            let only = part.agent;
            let jobs = match only.as_ref().and_then(|only| only.number) {
                Some(only) => last_jobs(part.company, &part.facts, only, part.now).await?,
                None => Vec::new(),
            };
            let sees_canceled = part.basis.sees_canceled();
            let agents = AgentsPart {
                facts: part.facts,
                analysis,
                only,
                sees_canceled,
                with_statistics,
                differing,
                definition,
                jobs,
            };
            Ok((agents, part.basis))
        })
        .await
    }

    /// The `weeks` ahead, from all history.
    pub async fn capacity(
        &self,
        companies: Option<&[String]>,
        only: &Only,
        weeks: usize,
    ) -> Result<Answered<'_, CapacityPart>, AnswerError> {
        let question = Question {
            companies,
            days: None,
            only,
            also: &[],
            inspector: PersonRole::Narrows,
            agent: PersonRole::Narrows,
            history: History::All,
        };
        let with_inspectors = only.inspector.is_none();
        self.ask(&question, |part| async move {
            let day = domain::epoch_day(today(part.company, part.now));
            let week_starts = part.company.records.week_starts();
            let (now, this_week) = (part.now.as_millisecond(), week_starts.first_day(day));
            let base = format!("capacity of {weeks} weeks after {this_week}, {week_starts:?}");
            let base =
                remembered(&part.facts, base, move |facts| CapacityBase::of(facts, weeks, day, week_starts)).await;
            let plan = base.as_ref().as_ref().map(|base| base.at(now));
            let inspectors = if with_inspectors {
                let begun = part.facts.begun(now);
                let key = format!("inspectors before {this_week}, {week_starts:?}, {begun} begun");
                let weeks = move |facts: &FactTable| {
                    let mut weeks = inspector_weeks(facts, day, now, week_starts);
                    // Whom the own work was done with is not told of.
                    weeks.retain(|one| facts.own().is_none_or(|own| one.inspector == own.inspector));
                    weeks
                };
                Some(remembered(&part.facts, key, weeks).await)
            } else {
                None
            };
            let mut basis = part.basis;
            if plan.is_none() {
                basis.gaps.push(Gap::Forecast(part.company.name.clone(), insight::WEEKS_MIN));
            }
            Ok((CapacityPart { facts: part.facts, plan, inspectors }, basis))
        })
        .await
    }

    /// What distorts the numbers of the last 365 days, unless days are given.
    pub async fn quality(
        &self,
        companies: Option<&[String]>,
        days: &Days,
    ) -> Result<Answered<'_, QualityPart>, AnswerError> {
        let question = Question {
            companies,
            days: Some((days, NamedPeriod::Last365Days, Compare::None)),
            only: &Only::default(),
            also: &[],
            inspector: PersonRole::Narrows,
            agent: PersonRole::Narrows,
            history: History::All,
        };
        self.ask(&question, |part| async move {
            let records = &part.company.records;
            let statistics = statistics_of(records).await?;
            let (agents, _): (Arc<Vec<Agent>>, _) = records.agents().await?;
            let Scope { from, to } = part.scope;
            let together = records.begun_together(from, to).await?;
            let naming = records.naming().clone();
            let (findings, compared) = part
                .sum(move |facts, now| {
                    let looked = Looked { facts, agents: &agents, together: &together, naming: &naming, now };
                    let compared = disagreements(facts, &statistics, now);
                    (quality(&looked, from, to), compared)
                })
                .await;
            Ok((QualityPart { findings, compared }, part.basis))
        })
        .await
    }

    /// The inspections that `metric` counts, last month unless days are given.
    pub async fn explain(
        &self,
        companies: Option<&[String]>,
        days: &Days,
        only: &Only,
        metric: Metric,
    ) -> Result<Answered<'_, ExplainedPart>, AnswerError> {
        self.may_count(metric, false, "metric")?;
        let days_before = if metric == Metric::RepeatAgents { REPEAT_DAYS } else { 0 };
        // People come after counting: who repeats is told by all that an agent sent, and a number may be that of an
        // assistant or of the selling side.
        let question = Question {
            companies,
            days: Some((days, NamedPeriod::LastMonth, Compare::None)),
            only,
            also: &[],
            inspector: PersonRole::Apart,
            agent: PersonRole::Apart,
            history: History::Period { days_before },
        };
        self.ask(&question, |part| async move {
            let scope = part.scope;
            let (inspector, agent) =
                (part.inspector.as_ref().map(|one| one.number), part.agent.as_ref().map(|one| one.number));
            let counted = part.sum(move |facts, now| {
                let counting = Counting::new(facts, &scope, now);
                let counts = |fact: &&Fact| {
                    counting.counts(metric, fact)
                        && inspector
                            .is_none_or(|one| one.is_some_and(|one| counting.is_of_inspector(metric, fact, one)))
                        && agent.is_none_or(|one| one.is_some_and(|one| Counting::is_of_agent(metric, fact, one)))
                };
                let mut rows: Vec<Fact> = facts.around(scope.from, scope.to).iter().filter(counts).copied().collect();
                rows.sort_by_key(|fact| (-fact.starts_at(), fact.pk()));
                rows
            });
            let counted = counted.await;
            let mut basis = part.basis;
            basis.notes.extend(part.inspector.map(|one| Note::ThoseOf("inspector", one.entry.name)));
            basis.notes.extend(part.agent.map(|one| Note::ThoseOf("agent", one.entry.name)));
            Ok((ExplainedPart { facts: part.facts, counted }, basis))
        })
        .await
    }

    /// The jobs of each company's `days` with what is known of their agents and,
    /// where asked for, of their files.
    pub async fn briefing(
        &self,
        companies: Option<&[String]>,
        inspector: Option<&str>,
        with_attachments: bool,
        days: &BTreeMap<CompanyName, DateRange>,
    ) -> Result<Answered<'_, BriefingPart>, AnswerError> {
        let now = self.now();
        let people = People::find(&self.chosen(companies), inspector, None).await?;
        let companies = people.companies();
        // Where no names are known, the words are looked for as they are.
        let as_given = inspector.and_then(InspectorWanted::given);
        let answered = self.each(&companies, |company| {
            let period = days.get(&company.name).map(|days| super::of_company(company, *days, None));
            let inspector = people.inspector(company).map(InspectorMeant::wanted).or_else(|| as_given.clone());
            async move {
                let Some(period) = period else { return Err(RecordsError::NoMirror) };
                company_briefing(company, period, inspector, with_attachments, now).await
            }
        });
        let mut answered = answered.await?;
        people.say(&mut answered.basis);
        Ok(answered)
    }
}

/// What the service counts of agents, to compare with; nothing where the caller may not see that.
async fn statistics_of(records: &Records) -> Result<Arc<Vec<AgentStatistics>>, RecordsError> {
    if records.shows_totals() { Ok(records.statistics().await?.0) } else { Ok(Arc::default()) }
}

/// The last jobs up to now that an agent sent, canceled ones included, among the inspections asked about.
async fn last_jobs(
    company: &Company,
    facts: &FactTable,
    agent: AgentNumber,
    now: Timestamp,
) -> Result<Vec<Inspection>, RecordsError> {
    let is_past = |fact: &&Fact| fact.buying_agent() == Some(agent) && fact.starts_at() < now.as_millisecond();
    let mut jobs = Vec::new();
    for fact in facts.rows().iter().rev().filter(is_past).take(LAST_JOBS) {
        if let Ok(id) = facts.id(fact).parse() {
            jobs.extend(company.records.inspection(&id).await?.map(|(inspection, _)| inspection));
        }
    }
    Ok(jobs)
}

async fn company_briefing(
    company: &Company,
    period: Period,
    inspector: Option<InspectorWanted>,
    with_attachments: bool,
    now: Timestamp,
) -> Result<(BriefingPart, Basis), RecordsError> {
    let records = &company.records;
    let starts = Some(period.days.instants(records.timezone()));
    let query = InspectionQuery { starts, now, inspector, ..InspectionQuery::default() };
    let list = records.inspections(&query, InspectionOrder::Oldest, None, BRIEFING_JOBS_MAX).await?;
    // What is known of agents goes back as far as the mirror does; the jobs themselves need their days alone.
    let (facts, read) = records.facts(Need::Since(period.days.from())).await?;
    let mut basis = list.basis;
    basis.notes.extend(facts.since.map(|since| Note::AgentsKnownSince(date_of(since))));
    // Both parts come from one mirror, and say the same of it.
    basis.as_of = basis.as_of.min(read.as_of);
    if list.more {
        basis.gaps.push(Gap::AfterInspections(BRIEFING_JOBS_MAX));
    }
    let mut rows: Vec<Inspection> = list.rows.into_iter().map(Arc::unwrap_or_clone).collect();
    let mut habits = Vec::new();
    if with_attachments {
        let (usual, note) = read_attachments(company, period.days, &mut rows, now).await;
        habits = usual;
        basis.notes.push(note);
    } else {
        basis.notes.push(Note::AttachmentsNotRead);
    }
    let briefing = briefing(rows, &facts, &habits, now);
    if briefing.unchecked_hops != 0 {
        basis.notes.push(Note::HopsUnchecked(briefing.unchecked_hops));
    }
    if briefing.without_span != 0 {
        basis.notes.push(Note::OverlapsUnchecked(briefing.without_span));
    }
    basis.periods.push(period);
    let shared_names =
        SharedNames { inspectors: facts.shared_inspector_names().clone(), agents: facts.shared_agent_names().clone() };
    Ok((BriefingPart { briefing, shared_names }, basis))
}

/// Adds what files the inspections have, as the service says now, and gives the documents that usually come, with what
/// this stands on. What cannot be read is said and nothing else fails.
async fn read_attachments(
    company: &Company,
    range: DateRange,
    rows: &mut [Inspection],
    now: Timestamp,
) -> (Vec<Habit>, Note) {
    let today = today(company, now);
    let before = |days: i64| today.saturating_sub(jiff::Span::new().days(days));
    let read = async {
        let Some(here) = company.records.inspections_with_attachments(range, false).await? else { return Ok(None) };
        let earlier = match DateRange::new(before(HISTORY_DAYS), before(SETTLED_DAYS)) {
            Ok(days) => company.records.inspections_with_attachments(days, true).await?,
            Err(_) => None,
        };
        Ok::<_, RecordsError>(Some((here, earlier.unwrap_or_default())))
    };
    let (here, earlier) = match read.await {
        Ok(Some(read)) => read,
        Ok(None) => return (Vec::new(), Note::AttachmentsUnread(None)),
        Err(error) => return (Vec::new(), Note::AttachmentsUnread(Some(error.for_note()))),
    };
    let mut known: HashMap<InspectionId, Vec<Attachment>> =
        here.into_iter().filter_map(|one| Some((one.id, one.attachments?))).collect();
    for row in rows.iter_mut() {
        row.attachments = known.remove(&row.id);
    }
    let unknown = rows.iter().filter(|row| row.attachments.is_none()).count();
    (habits(&earlier, now), Note::Attachments { judged_by: earlier.len(), unknown })
}
