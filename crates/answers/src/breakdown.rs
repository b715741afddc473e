//! Inspections counted by what they have, over one company or several together.

use std::collections::HashMap;

use domain::{FieldAccess, NamedPeriod, epoch_day};
use insight::{
    Breakdown, BreakdownWanted, Calendar, Cell, Counting, DateOf, GroupBy, GroupLabel, Kept, Measure, Metric, behind,
    breakdown,
};
use records::{Basis, Hidden, NarrowedBy, Note, RecordsError};

use super::{
    AnswerError, Answered, Companies, Company, Compare, Days, ExplainedPart, History, Only, Part, PersonRole, Question,
    today,
};

/// Which inspections are asked about, and what they are grouped by.
#[derive(Clone, Debug, Default)]
pub struct Selected {
    /// By names.
    pub only: Only,
    /// The team of the buying agent.
    pub team: Option<String>,
    /// A tag of the buying agent.
    pub tag: Option<String>,
    /// By what they are.
    pub kept: Kept,
    /// The date that places them.
    pub date_of: DateOf,
    /// What they are grouped by; at most two.
    pub by: Vec<GroupBy>,
}

/// A question about groups of inspections.
#[derive(Clone, Debug, Default)]
pub struct BreakdownAsked {
    /// The companies; all when not given.
    pub companies: Option<Vec<String>>,
    /// The days; last month when none are given.
    pub days: Days,
    /// What they are compared with.
    pub compare: Compare,
    /// The numbers; one at least.
    pub measures: Vec<Measure>,
    /// Which inspections, by what.
    pub selected: Selected,
}

/// One group.
#[derive(Clone, Debug, PartialEq)]
pub struct BreakdownRow {
    /// What it is called, for each kind of group asked for.
    pub labels: Vec<GroupLabel>,
    /// Its inspections.
    pub cell: Cell,
    /// Those of the period compared with.
    pub before: Option<Cell>,
}

/// Groups of all companies together.
#[derive(Debug)]
pub struct BreakdownAnswer<'a> {
    /// In no order.
    pub rows: Vec<BreakdownRow>,
    /// Each inspection once.
    pub totals: BreakdownRow,
    /// The same by company.
    pub companies: Vec<(&'a Company, BreakdownRow)>,
    /// What it stands on.
    pub basis: Basis,
}

/// One company's groups.
struct Groups {
    now: Breakdown,
    before: Option<Breakdown>,
}

impl Selected {
    fn also(&self) -> Vec<(NarrowedBy, String)> {
        let given = [(NarrowedBy::Team, &self.team), (NarrowedBy::Tag, &self.tag)];
        given.into_iter().filter_map(|(by, given)| Some((by, given.clone()?))).collect()
    }

    fn calendar(&self, part: &Part<'_>) -> Calendar {
        Calendar {
            date_of: self.date_of,
            zone: part.company.records.timezone().clone(),
            week_starts: part.company.records.week_starts(),
            today: epoch_day(today(part.company, part.now)),
        }
    }

    /// Another date than the beginning may place inspections of any day.
    fn history(&self, needs_all: bool) -> History {
        let is_by_start = self.date_of == DateOf::Start && !needs_all;
        if is_by_start { History::Period { days_before: 0 } } else { History::All }
    }
}

impl Companies {
    /// The groups asked for, of all companies together.
    pub async fn breakdown(&self, asked: &BreakdownAsked) -> Result<BreakdownAnswer<'_>, AnswerError> {
        let selected = &asked.selected;
        self.may_tell(selected)?;
        for measure in &asked.measures {
            self.may_count(measure.metric(), measure.is_money(), "measures")?;
        }
        let also = selected.also();
        let question = Question {
            companies: asked.companies.as_deref(),
            days: Some((&asked.days, NamedPeriod::LastMonth, asked.compare)),
            only: &selected.only,
            also: &also,
            inspector: PersonRole::Narrows,
            agent: PersonRole::Narrows,
            history: selected.history(asked.measures.iter().any(|measure| measure.metric().needs_all_history())),
        };
        let answered = self.ask(&question, |part| async move {
            let (scope, before) = (part.scope, part.before);
            let calendar = selected.calendar(&part);
            let wanted = BreakdownWanted { measures: asked.measures.clone(), by: selected.by.clone(), calendar };
            let (whole, kept) = (part.whole.clone(), selected.kept.clone());
            let groups = part.sum(move |facts, now| {
                let of = |scope| {
                    let counting = Counting::new(&whole, scope, now);
                    let counting = counting.dated(wanted.calendar.date_of, &wanted.calendar.zone);
                    breakdown(facts, &counting, &wanted, |fact| kept.keeps(fact, now))
                };
                Groups { now: of(&scope), before: before.as_ref().map(of) }
            });
            let groups = groups.await;
            let mut basis = part.basis;
            if selected.by.contains(&GroupBy::Agency) {
                basis.note(Note::AgencyAsOfNow);
            }
            Ok((groups, basis))
        });
        Ok(asked.together(answered.await?))
    }

    /// The inspections behind `metric` in the groups called `names`, as [`Self::breakdown`] counts them.
    pub async fn explain_cell(
        &self,
        companies: Option<&[String]>,
        days: &Days,
        selected: &Selected,
        metric: Metric,
        names: &[String],
    ) -> Result<Answered<'_, ExplainedPart>, AnswerError> {
        self.may_tell(selected)?;
        self.may_count(metric, false, "metric")?;
        let also = selected.also();
        let question = Question {
            companies,
            days: Some((days, NamedPeriod::LastMonth, Compare::None)),
            only: &selected.only,
            also: &also,
            inspector: PersonRole::Narrows,
            agent: PersonRole::Narrows,
            history: selected.history(metric.needs_all_history()),
        };
        self.ask(&question, |part| async move {
            let (scope, calendar, whole) = (part.scope, selected.calendar(&part), part.whole.clone());
            let (kept, by, names) = (selected.kept.clone(), selected.by.clone(), names.to_vec());
            let is_elsewhere =
                by.iter().zip(&names).any(|(by, name)| *by == GroupBy::Company && *name != part.company.name.as_str());
            let counted = part.sum(move |facts, now| {
                if is_elsewhere {
                    return Vec::new();
                }
                // Which company it is was settled; among its own rows there is no more to tell apart.
                let told = by.into_iter().zip(names).filter(|(by, _)| *by != GroupBy::Company);
                let (by, names): (Vec<_>, Vec<_>) = told.unzip();
                let counting = Counting::new(&whole, &scope, now).dated(calendar.date_of, &calendar.zone);
                behind(facts, &counting, metric, (&by, &names), &calendar, |fact| kept.keeps(fact, now))
            });
            let counted = counted.await;
            Ok((ExplainedPart { facts: part.facts, counted }, part.basis))
        })
        .await
    }

    /// Refuses groups and filters that would tell what the caller may not see.
    fn may_tell(&self, selected: &Selected) -> Result<(), AnswerError> {
        let fields = self.fields();
        let refused = |what, leave_out| Err(RecordsError::NotShown { what, leave_out: Some(leave_out) }.into());
        if fields.money != FieldAccess::Full && selected.kept.paid.is_some() {
            return refused(Hidden::Money, "paid");
        }
        if fields.money != FieldAccess::Full && selected.by.iter().any(|by| by.tells_payment()) {
            return refused(Hidden::Money, "by");
        }
        if fields.notes != FieldAccess::Full && selected.by.contains(&GroupBy::Reason) {
            return refused(Hidden::Notes, "by");
        }
        Ok(())
    }

    /// Refuses a number that would tell what the caller may not see.
    pub(super) fn may_count(&self, metric: Metric, is_money: bool, argument: &'static str) -> Result<(), AnswerError> {
        let fields = self.fields();
        let refused = |what| Err(RecordsError::NotShown { what, leave_out: Some(argument) }.into());
        let is_of_quotes = matches!(metric, Metric::Quoted | Metric::UpcomingQuoted);
        let is_of_payment = matches!(metric, Metric::Unpaid | Metric::UnpaidQuoted);
        if (is_of_payment && fields.money != FieldAccess::Full)
            || ((is_money || is_of_quotes) && fields.money == FieldAccess::Off)
        {
            return refused(Hidden::Money);
        }
        let permissions = self.permissions();
        let sees_part = permissions.inspector.is_some() || permissions.days != domain::DaysSeen::default();
        if sees_part && metric.needs_all_history() {
            return refused(Hidden::OtherDays);
        }
        Ok(())
    }
}

impl BreakdownAsked {
    fn row(&self, labels: Vec<GroupLabel>) -> BreakdownRow {
        let cell = Cell::new(&self.measures);
        let before = (self.compare != Compare::None).then(|| cell.clone());
        BreakdownRow { labels, cell, before }
    }

    /// All groups with the same names in one.
    fn together<'a>(&self, answered: Answered<'a, Groups>) -> BreakdownAnswer<'a> {
        let mut rows = Rows { asked: self, rows: HashMap::new() };
        let mut totals = self.row(Vec::new());
        let mut companies = Vec::new();
        // A group that is in one period alone has nothing to be compared with.
        let compares_rows = !self.selected.by.iter().any(|by| by.is_of_one_period());
        for (company, groups) in answered.parts {
            let mut of_company = self.row(Vec::new());
            let named = |labels: &[GroupLabel]| {
                let named = labels.iter().zip(&self.selected.by).map(|(label, by)| match by {
                    GroupBy::Company => GroupLabel::new(0, company.name.to_string()),
                    _ => label.clone(),
                });
                named.collect::<Vec<_>>()
            };
            for (labels, cell) in &groups.now.cells {
                rows.of(named(labels), cell).cell.absorb(cell);
            }
            of_company.cell.absorb(&groups.now.totals);
            if let Some(before) = groups.before {
                if let Some(sum) = &mut of_company.before {
                    sum.absorb(&before.totals);
                }
                for (labels, cell) in before.cells.iter().filter(|_| compares_rows) {
                    if let Some(sum) = &mut rows.of(named(labels), cell).before {
                        sum.absorb(cell);
                    }
                }
            }
            totals.cell.absorb(&of_company.cell);
            if let (Some(sum), Some(more)) = (&mut totals.before, &of_company.before) {
                sum.absorb(more);
            }
            companies.push((company, of_company));
        }
        let mut rows: Vec<BreakdownRow> = rows.rows.into_values().map(|(row, _)| row).collect();
        if !compares_rows {
            for row in &mut rows {
                row.before = None;
            }
        }
        BreakdownAnswer { rows, totals, companies, basis: answered.basis }
    }
}

/// The rows of all companies, by what their groups are called whatever the case.
struct Rows<'a> {
    asked: &'a BreakdownAsked,
    /// With how many inspections the spelling stands on.
    rows: HashMap<Vec<(i64, String)>, (BreakdownRow, u64)>,
}

impl Rows<'_> {
    /// The row of these groups. Of several spellings the one with most inspections in one company is shown.
    fn of(&mut self, labels: Vec<GroupLabel>, cell: &Cell) -> &mut BreakdownRow {
        let key = labels.iter().map(|label| (label.place, label.folded.clone())).collect();
        let spelled = |row: &BreakdownRow| row.labels.iter().map(|label| label.name.clone()).collect::<Vec<_>>();
        let (row, most) = self.rows.entry(key).or_insert_with(|| (self.asked.row(labels.clone()), cell.inspections));
        let names: Vec<String> = labels.iter().map(|label| label.name.clone()).collect();
        if *most < cell.inspections || (*most == cell.inspections && names < spelled(row)) {
            row.labels = labels;
            *most = cell.inspections;
        }
        row
    }
}
