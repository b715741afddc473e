//! `service_mix`.

use futures_util::FutureExt as _;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::super::super::answer::{Answer, Row};
use super::super::super::{Tool, ToolFailure, basis, declare, mark, schema};
use super::super::{Detail, Limit, limit_or, parse};
use super::{
    Page, agent_name, combined, inspector_name, money, named_rate, put_page, rate_value, rounded, rounded3, short_rate,
    word,
};
use answers::{Asked, Companies, Company, MixPart, Only};
use domain::{CompanyName, FactTable};
use insight::{Mark, MixBy, MixCell, MixKey, MixRow, ServiceMix, Trend};

/// What the marks of groups are worth; tried on made-up companies, see the bench `judgements`.
const GROWTH: &str = "growing and shrinking compare a group with the rest of the company; about one in twenty of the groups \
                      tested is marked by chance alone, so act on those marked strong: hardly ever chance";
const BELOW_NORM: &str = "below_norm: sold less than in the other groups; hardly ever chance";
/// Groups shown unless asked otherwise.
const SHOWN: usize = 10;
/// Growing and shrinking groups named.
const GOING: usize = 5;
/// Services and add-ons shown with a group.
const TOP: usize = 3;

pub(super) fn tools(companies: &[CompanyName]) -> Vec<Tool> {
    vec![Tool {
        declaration: declare(
            "service_mix",
            "Service mix",
            "Use this for what is sold where: services and add-ons by ZIP, city, month, inspector, agent or agency, with \
             attach rates, growth, and add-ons sold less than the company's norm.",
            super::input::<Wanted>(companies, "last_quarter"),
            schema::paged_insight(),
            true,
        ),
        run: |context, arguments| answer(context, arguments).boxed(),
    }]
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum By {
    #[default]
    Zip,
    City,
    Month,
    Inspector,
    Agent,
    Agency,
}

impl By {
    fn mix(self) -> MixBy {
        match self {
            Self::Zip => MixBy::Zip,
            Self::City => MixBy::City,
            Self::Month => MixBy::Month,
            Self::Inspector => MixBy::Inspector,
            Self::Agent => MixBy::Agent,
            Self::Agency => MixBy::Agency,
        }
    }
}

/// What groups are ordered by, the most first; growth is the change of the volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Sort {
    #[default]
    Volume,
    Attach,
    Growth,
}

impl Sort {
    /// The groups in this order; equals stay in that of their volume, and what has no such number comes last.
    fn sorted(self, mix: &ServiceMix) -> Vec<&MixRow> {
        let mut rows: Vec<&MixRow> = mix.rows.iter().collect();
        let growth = |row: &MixRow| Some(i128::from(row.volume) - i128::from(row.volume_before?));
        let share = |row: &MixRow| row.attach.map_or(-1.0, |rate| rate.rate);
        match self {
            Self::Volume => {}
            Self::Attach => rows.sort_by(|left, right| share(right).total_cmp(&share(left))),
            Self::Growth => rows.sort_by_key(|row| std::cmp::Reverse(growth(row))),
        }
        rows
    }
}

#[derive(Debug, Deserialize, JsonSchema)]
struct Wanted {
    #[serde(flatten)]
    asked: Asked,
    /// Default zip.
    #[serde(default)]
    by: By,
    #[serde(flatten)]
    only: Only,
    #[serde(default)]
    #[schemars(description = "Default volume.")]
    sort: Sort,
    /// Groups, default 10.
    limit: Option<Limit>,
    cursor: Option<String>,
    #[serde(default)]
    detail: Detail,
}

async fn answer(companies: &Companies, arguments: Map<String, Value>) -> Result<Answer, ToolFailure> {
    let mark = mark(companies, "service_mix", &arguments);
    let wanted: Wanted = parse(arguments)?;
    let page = Page::of(mark, wanted.cursor.as_deref(), limit_or(wanted.limit, SHOWN))?;
    let by = wanted.by.mix();
    let answered = companies.service_mix(&wanted.asked, &wanted.only, by).await?;
    let of_company = |part: &MixPart| {
        let company = &part.mix.company;
        (company.volume, None, part.facts.shows_money().then_some(company.revenue))
    };
    let sums: Vec<_> = answered.parts.iter().map(|(_, part)| of_company(part)).collect();
    let rows = answered.parts.iter().map(|(_, part)| part.mix.rows.len()).max().unwrap_or(0);
    let mut basis = basis::shown(&answered.basis);
    let mixes = || answered.parts.iter().map(|(_, part)| &part.mix);
    if mixes().any(|mix| mix.tested != 0) {
        basis.note(GROWTH);
    }
    if mixes().flat_map(|mix| &mix.rows).any(|row| below_norm(row).next().is_some()) {
        basis.note(BELOW_NORM);
    }
    Ok(page.answer(rows, combined(&sums), basis, |place| {
        let part = |(company, MixPart { facts, mix }): &(&Company, MixPart)| {
            let mut part = Row::default();
            part.put("company", Some(company.name.to_string()))
                .put("volume", Some(mix.company.volume))
                .put("volume_before", mix.company.volume_before)
                .put("attach", mix.company.attach.as_ref().map(rate_value))
                .put("attach_before", mix.company.attach_before.as_ref().map(rate_value))
                .put("services", top(facts, &mix.company.services))
                .put("add_ons", top(facts, &mix.company.add_ons))
                .put("groups_tested", (mix.tested != 0).then_some(mix.tested))
                .put("marked_by_chance_about", (mix.tested != 0).then(|| rounded(mix.tested as f64 / 20.0)))
                .put("growing", going(facts, mix, Trend::Growing))
                .put("shrinking", going(facts, mix, Trend::Shrinking));
            let show = |row: &&MixRow| group(facts, row, wanted.detail);
            let rows = wanted.sort.sorted(mix);
            let after = put_page(&mut part, "groups", &rows, &place, show);
            let volume = after.iter().map(|row| row.volume).sum::<u64>();
            part.put("volume_not_shown", (!after.is_empty()).then_some(volume));
            Value::Object(part.0)
        };
        answered.parts.iter().map(part).collect()
    }))
}

/// What is sold most; nothing where nothing is sold.
fn top(facts: &FactTable, cells: &[MixCell]) -> Option<Vec<Value>> {
    let sold = cells.iter().filter(|cell| cell.share.count != 0).take(TOP);
    let shown: Vec<Value> = sold.map(|cell| named_rate(word(facts, cell.word), &cell.share)).collect();
    (!shown.is_empty()).then_some(shown)
}

/// Groups that go one way, strong marks first, then the largest change; `change` is that of the volume, as a share of the one before.
fn going(facts: &FactTable, mix: &ServiceMix, trend: Trend) -> Option<Vec<Value>> {
    let change = |row: &MixRow| row.volume.abs_diff(row.volume_before.unwrap_or(0));
    let of_row = |row: &MixRow| row.mark.filter(|mark| mark.trend == trend);
    let mut rows: Vec<(&MixRow, Mark)> = mix.rows.iter().filter_map(|row| Some((row, of_row(row)?))).collect();
    rows.sort_by_key(|(row, mark)| std::cmp::Reverse((mark.is_strong, change(row))));
    let shown = |(row, mark): (&MixRow, Mark)| {
        let before = row.volume_before.unwrap_or(0);
        let change = (before != 0).then(|| rounded3(row.volume as f64 / before as f64 - 1.0));
        let mut shown = Row::default();
        shown
            .put("name", Some(group_name(facts, row)))
            .put("volume", Some(row.volume))
            .put("volume_before", Some(before))
            .put("change", change)
            .put("strong", mark.is_strong.then_some(true));
        Value::Object(shown.0)
    };
    let shown: Vec<Value> = rows.into_iter().take(GOING).map(shown).collect();
    (!shown.is_empty()).then_some(shown)
}

/// The add-ons a group sells less than the others.
fn below_norm(row: &MixRow) -> impl Iterator<Item = &MixCell> {
    row.add_ons.iter().filter(|cell| cell.below_norm)
}

fn group_name(facts: &FactTable, row: &MixRow) -> String {
    match row.key {
        None => "(none)".to_owned(),
        Some(MixKey::Word(key)) => word(facts, key),
        Some(MixKey::Month(year, month)) => format!("{year}-{month:02}"),
        Some(MixKey::Inspector(key)) => inspector_name(facts, Some(key)),
        Some(MixKey::Agent(key)) => agent_name(facts, key),
    }
}

fn group(facts: &FactTable, row: &MixRow, detail: Detail) -> Map<String, Value> {
    let mut shown = Row::default();
    shown
        .put("group", Some(group_name(facts, row)))
        .put("volume", Some(row.volume))
        .put("volume_before", row.volume_before)
        .put("attach", row.attach.as_ref().map(if detail == Detail::Full { rate_value } else { short_rate }))
        .put("add_ons", top(facts, &row.add_ons))
        .list("below_norm", below_norm(row).map(|cell| word(facts, cell.word)));
    if detail == Detail::Full {
        shown
            .put("quoted_revenue", money(facts, row.revenue))
            .put("attach_before", row.attach_before.as_ref().map(rate_value))
            .put("services", top(facts, &row.services));
    }
    shown.0
}
