//! What `breakdown` must answer, worked out from its arguments by plain loops over the truth.

use std::collections::{BTreeMap, BTreeSet};

use domain::{DateRange, NamedPeriod, Text, WeekStart, date_of as date_of_day, epoch_day, fold};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use sandbox::{CompanyTruth, InspectionRow, RecordKind, Truth};
use serde_json::Value;

use crate::metrics::{Days, Plain, rows_of};
use crate::support::{civil, civil_of, middle, now};

/// The label of what has none.
pub(super) const NONE: &str = "(none)";
/// How long a day is, in seconds.
const DAY: i64 = 24 * 3600;

/// An inspection with all that a question may be about.
pub(super) struct Job {
    /// What the loops of other insights take.
    pub(super) is: Plain,
    /// The company's name.
    pub(super) company: &'static str,
    /// When it was booked, and the day of that.
    created: Option<(i64, Date)>,
    /// When it was called off, and the day of that.
    called_off: Option<(i64, Date)>,
    /// The day on which its report was published.
    published_on: Option<Date>,
    /// The hour of its start.
    pub(super) hour: i8,
    /// The day that today is, where it is.
    today: Date,
    pub(super) paid: Option<bool>,
    pub(super) confirmed: Option<bool>,
    pub(super) signed: Option<bool>,
    client: u32,
    /// What the buying agent is called.
    pub(super) agent: Option<String>,
    pub(super) team: Option<String>,
    pub(super) tags: Vec<String>,
    /// Whether its client had another on an earlier day.
    pub(super) is_repeat: bool,
    /// Whether it is the first that its agent ever sent.
    pub(super) is_first: bool,
}

impl Job {
    pub(super) fn begun(&self) -> bool {
        self.is.start < now()
    }

    pub(super) fn performed(&self) -> bool {
        self.is.performed()
    }

    pub(super) fn unpaid(&self) -> bool {
        self.performed() && self.paid == Some(false)
    }

    pub(super) fn upcoming(&self) -> bool {
        !self.is.canceled && !self.begun()
    }

    /// Whether it starts on one of these days.
    pub(super) fn on(&self, days: Days) -> bool {
        days.hold(self.is.day)
    }

    pub(super) fn booked_on(&self, days: Days) -> bool {
        self.created.is_some_and(|(_, day)| days.hold(day))
    }

    pub(super) fn called_off_on(&self, days: Days) -> bool {
        self.called_off.is_some_and(|(_, day)| days.hold(day))
    }

    pub(super) fn published_on(&self, days: Days) -> bool {
        self.published_on.is_some_and(|day| days.hold(day))
    }

    /// How many days ago it was.
    pub(super) fn age(&self) -> i64 {
        epoch_day(self.today) - epoch_day(self.is.day)
    }

    /// Whether it was called off with at most so many hours left, or afterwards.
    pub(super) fn called_off_late(&self, hours: i64) -> bool {
        self.called_off.is_some_and(|(at, _)| self.is.start.as_second() - at <= hours * 3600)
    }

    pub(super) fn sold(&self, name: &str) -> bool {
        self.is.services.iter().chain(&self.is.add_ons).any(|one| one == name)
    }

    pub(super) fn is_in(&self, city: &str) -> bool {
        self.is.city.as_deref() == Some(city)
    }

    pub(super) fn is_first_company(&self) -> bool {
        self.company == "spectora_company1"
    }

    /// The day that places it, by the date asked for.
    fn day(&self, date_of: &str) -> Option<Date> {
        match date_of {
            "start" => Some(self.is.day),
            "created" => self.created.map(|(_, day)| day),
            "canceled" => self.called_off.map(|(_, day)| day),
            "published" => self.published_on,
            _ => panic!("{date_of} is no date"),
        }
    }

    fn status(&self) -> &'static str {
        match () {
            () if self.is.canceled => "canceled",
            () if !self.begun() => "upcoming",
            () if self.is.published.is_none() => "unpublished",
            () => "published",
        }
    }

    /// The groups it is in.
    pub(super) fn labels(&self, by: &str, date_of: &str, weeks: WeekStart) -> Vec<String> {
        let day = || self.day(date_of).unwrap();
        let form = |how: &str| vec![day().strftime(how).to_string()];
        let one = |label: &Option<String>| vec![label.clone().unwrap_or_else(|| NONE.to_owned())];
        let many = |labels: &[String]| if labels.is_empty() { vec![NONE.to_owned()] } else { labels.to_vec() };
        match by {
            "inspector" => one(&self.is.inspector),
            "any_inspector" => {
                let all: Vec<String> = self.is.inspector.iter().chain(&self.is.assists).cloned().collect();
                many(&all)
            }
            "agent" => one(&self.agent),
            "agency" => one(&self.is.agency),
            "team" => one(&self.team),
            "tag" => many(&self.tags),
            "service" => many(&self.is.services),
            "add_on" => many(&self.is.add_ons),
            "add_ons" => {
                let mut names = many(&self.is.add_ons);
                names.sort();
                vec![names.join(" + ")]
            }
            "zip" => one(&self.is.zip),
            "city" => one(&self.is.city),
            "weekday" => form("%A"),
            "start_hour" => {
                let half = if self.hour < 12 { "AM" } else { "PM" };
                vec![format!("{} {half}", if self.hour % 12 == 0 { 12 } else { self.hour % 12 })]
            }
            "day" => form("%Y-%m-%d"),
            "week" => vec![date_of_day(weeks.first_day(epoch_day(day()))).to_string()],
            "month" => form("%Y-%m"),
            "quarter" => vec![format!("{}-Q{}", day().year(), (day().month() + 2) / 3)],
            "year" => form("%Y"),
            "status" => vec![self.status().to_owned()],
            "reason" => one(&self.is.reason),
            "paid" => vec![self.paid.map_or("unknown", |paid| if paid { "paid" } else { "unpaid" }).to_owned()],
            "unpaid_age" => {
                let age = match self.age() {
                    _ if !self.unpaid() => NONE,
                    ..=30 => "0-30 days",
                    31..=60 => "31-60 days",
                    61..=90 => "61-90 days",
                    _ => "over 90 days",
                };
                vec![age.to_owned()]
            }
            "company" => vec![self.company.to_owned()],
            _ => panic!("{by} is no group"),
        }
    }
}

/// All jobs of both companies.
pub(super) struct Books {
    pub(super) jobs: Vec<Job>,
    pub(super) today: Date,
    pub(super) weeks: WeekStart,
    pub(super) agencies: BTreeMap<String, String>,
    pub(super) companies: Vec<&'static str>,
}

impl Books {
    pub(super) fn of(truth: &Truth, zone: &TimeZone) -> Self {
        let today = civil(zone, now()).date();
        let mut jobs = Vec::new();
        for company in &truth.companies {
            let names = agent_names(company);
            let kept = company.inspections.iter().filter(|row| row.deleted_at.is_none());
            let both = rows_of(company, zone).into_iter().zip(kept);
            let mut theirs: Vec<Job> =
                both.filter_map(|(is, row)| job(company, row, is, &names, zone, today)).collect();
            for at in 0..theirs.len() {
                let this = &theirs[at];
                let before = |one: &Job| one.performed() && one.client == this.client && one.is.day < this.is.day;
                let is_repeat = this.performed() && theirs.iter().any(before);
                let earlier = |one: &Job| one.is.buyer == this.is.buyer && one.order() < this.order();
                let is_first = this.is.buyer.is_some() && this.begun() && !theirs.iter().any(earlier);
                (theirs[at].is_repeat, theirs[at].is_first) = (is_repeat, is_first);
            }
            jobs.extend(theirs);
        }
        let companies = truth.companies.iter().map(|company| company.name).collect();
        let named = jobs.iter().filter_map(|job| job.is.agency.clone());
        let agencies = named.map(|name| (fold(&name), name)).collect();
        Self { jobs, today, weeks: WeekStart::Monday, agencies, companies }
    }
}

impl Job {
    fn order(&self) -> (i64, i64) {
        (self.is.start.as_second(), self.is.id)
    }
}

/// What each agent is called: with the id where another one has the same name.
fn agent_names(company: &CompanyTruth) -> Vec<String> {
    let names: Vec<String> =
        company.agents.iter().map(|agent| Text::line(&agent.name()).unwrap().to_string()).collect();
    let mut known: BTreeMap<String, u64> = BTreeMap::new();
    for name in &names {
        *known.entry(fold(name)).or_default() += 1;
    }
    let full = |(name, agent): (&String, &sandbox::AgentRow)| {
        if known[&fold(name)] == 1 { name.clone() } else { format!("{name} (id {})", agent.connection_id) }
    };
    names.iter().zip(&company.agents).map(full).collect()
}

/// An inspection as its record says it; `None` for one that does not say when it starts.
fn job(
    company: &CompanyTruth,
    row: &InspectionRow,
    mut is: Plain,
    agents: &[String],
    zone: &TimeZone,
    today: Date,
) -> Option<Job> {
    assert_eq!(is.id.to_string(), row.id.to_string());
    let put = company.put.get(&(RecordKind::Inspection, row.id));
    let put = |name: &str| put.and_then(|put| put.get(name));
    let at = |name: &str, known: Option<i64>| match put(name).map(Value::as_str) {
        Some(said) => said.map(|said| said.parse::<Timestamp>().unwrap().as_second()),
        None => known,
    };
    let flag = |name: &str, known: bool| put(name).map_or(Some(known), Value::as_bool);
    is.cents = is.cents.filter(|_| put("quote").is_none());
    is.hours = is.hours.filter(|_| put("duration").is_none());
    is.published = at("published_at", row.published_at).map(|at| Timestamp::from_second(at).unwrap());
    if put("assignments").is_some() {
        (is.inspector, is.assists) = (None, Vec::new());
    }
    if put("service_names").is_some() {
        (is.services, is.add_ons) = (Vec::new(), Vec::new());
    }
    let dated = |at: i64| (at, civil_of(zone, at).date());
    let agent = row.buying_agent.map(|index| &company.agents[index as usize]);
    let starts = at("datetime", Some(row.starts_at))?;
    Some(Job {
        company: company.name,
        created: at("created_at", Some(row.created_at)).map(dated),
        called_off: at("canceled_at", row.canceled_at).map(dated),
        published_on: is.published.map(|at| dated(at.as_second()).1),
        hour: civil_of(zone, starts).hour(),
        today,
        paid: flag("paid", row.paid),
        confirmed: flag("confirmed", row.confirmed),
        signed: flag("agreements_signed", row.agreements_signed),
        client: row.client,
        agent: row.buying_agent.map(|index| agents[index as usize].clone()),
        team: agent.and_then(|agent| agent.team).map(|team| company.teams[team].name.clone()),
        tags: agent.map(|agent| agent.tags.iter().map(|tag| (*tag).to_owned()).collect()).unwrap_or_default(),
        is_repeat: false,
        is_first: false,
        is,
    })
}

/// Every measure there is.
pub(super) const MEASURES: [&str; 22] = [
    "booked",
    "performed",
    "canceled",
    "cancellation_rate",
    "late_canceled_24h",
    "late_canceled_48h",
    "quoted_revenue",
    "average_quote",
    "median_quote",
    "hours",
    "attach_rate",
    "unpaid",
    "unpaid_quoted",
    "unpublished",
    "hours_start_to_publish",
    "hours_to_publish",
    "lead_days",
    "first_time_agents",
    "repeat_clients",
    "agreements_unsigned",
    "upcoming",
    "upcoming_quoted",
];

/// Whether a measure looks at a job at all.
fn looks_at(measure: &str, job: &Job, date_of: &str) -> bool {
    let counted = date_of != "start" || job.begun();
    match measure {
        "booked" | "cancellation_rate" => counted,
        "lead_days" => counted && job.created.is_some(),
        "performed" | "attach_rate" => job.performed(),
        "quoted_revenue" | "average_quote" | "median_quote" => job.performed() && job.is.cents.is_some(),
        "hours" => job.performed() && job.is.hours.is_some(),
        "canceled" => counted && job.is.canceled,
        "late_canceled_24h" => counted && job.called_off_late(24),
        "late_canceled_48h" => counted && job.called_off_late(48),
        "unpaid" => job.unpaid(),
        "unpaid_quoted" => job.unpaid() && job.is.cents.is_some(),
        "unpublished" => job.performed() && job.is.published.is_none(),
        "hours_start_to_publish" => job.performed() && job.is.published.is_some(),
        "hours_to_publish" => job.performed() && job.is.published.is_some() && job.is.hours.is_some(),
        "first_time_agents" => job.is_first,
        "repeat_clients" => job.is_repeat,
        "agreements_unsigned" => !job.is.canceled && job.signed == Some(false),
        "upcoming" => job.upcoming(),
        "upcoming_quoted" => job.upcoming() && job.is.cents.is_some(),
        _ => panic!("{measure} is no measure"),
    }
}

/// A measure of some jobs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    Count(u64),
    Cents(u64),
    Hours(f64),
    /// A part, and what it is a part of.
    Rate(u64, u64),
    /// A mean or median in dollars, and of how many.
    Price(Option<f64>, usize),
    /// A median of hours or days, and of how many.
    Middle(Option<f64>, usize),
}

impl Number {
    /// What it is sorted by.
    pub(super) fn size(self) -> Option<f64> {
        match self {
            Self::Count(count) | Self::Cents(count) => Some(count as f64),
            Self::Hours(hours) => Some(hours),
            Self::Rate(part, of) => (of != 0).then(|| part as f64 / of as f64),
            Self::Price(number, _) | Self::Middle(number, _) => number,
        }
    }

    /// Whether numbers of groups add up to that of all.
    pub(super) fn is_sum(self) -> bool {
        matches!(self, Self::Count(_) | Self::Cents(_) | Self::Hours(_))
    }
}

pub(super) fn number(measure: &str, jobs: &[&Job], date_of: &str) -> Number {
    let of: Vec<&Job> = jobs.iter().copied().filter(|job| looks_at(measure, job, date_of)).collect();
    let n = of.len() as u64;
    let cents = || of.iter().filter_map(|job| job.is.cents).sum::<u64>();
    let share = |holds: fn(&Job) -> bool| Number::Rate(of.iter().filter(|job| holds(job)).count() as u64, n);
    let median = |value: &dyn Fn(&Job) -> f64| middle(of.iter().map(|job| value(job)).collect());
    let until_published =
        |job: &Job| (job.is.published.unwrap().as_second() - job.is.start.as_second()) as f64 / 3600.0;
    match measure {
        "cancellation_rate" => share(|job| job.is.canceled),
        "attach_rate" => share(|job| !job.is.add_ons.is_empty()),
        "quoted_revenue" | "unpaid_quoted" | "upcoming_quoted" => Number::Cents(cents()),
        "average_quote" => Number::Price((n != 0).then(|| cents() as f64 / 100.0 / n as f64), of.len()),
        "median_quote" => Number::Price(median(&|job| job.is.cents.unwrap() as f64 / 100.0), of.len()),
        "hours" => Number::Hours(of.iter().filter_map(|job| job.is.hours).sum()),
        "hours_start_to_publish" => Number::Middle(median(&until_published), of.len()),
        "hours_to_publish" => Number::Middle(median(&|job| until_published(job) - job.is.hours.unwrap()), of.len()),
        "lead_days" => {
            let lead = |job: &Job| (job.is.start.as_second() - job.created.unwrap().0) as f64 / DAY as f64;
            Number::Middle(median(&lead), of.len())
        }
        _ => Number::Count(n),
    }
}

/// The jobs behind a number: of a share, those that are its part.
pub(super) fn behind<'a>(measure: &str, jobs: &[&'a Job], date_of: &str) -> Vec<&'a Job> {
    let part = |job: &Job| match measure {
        "cancellation_rate" => job.is.canceled,
        "attach_rate" => !job.is.add_ons.is_empty(),
        _ => true,
    };
    jobs.iter().copied().filter(|job| looks_at(measure, job, date_of) && part(job)).collect()
}

/// Jobs of the period, and of the one it is compared with.
#[derive(Clone, Default)]
pub(super) struct Twice<'a> {
    pub(super) jobs: Vec<&'a Job>,
    pub(super) before: Vec<&'a Job>,
}

impl<'a> Twice<'a> {
    fn part(&mut self, is_before: bool) -> &mut Vec<&'a Job> {
        if is_before { &mut self.before } else { &mut self.jobs }
    }

    pub(super) fn extend(&mut self, other: &Self) {
        self.jobs.extend(&other.jobs);
        self.before.extend(&other.before);
    }
}

/// What the arguments ask for.
pub(super) struct Expected<'a> {
    pub(super) measures: Vec<String>,
    pub(super) by: Vec<String>,
    pub(super) date_of: String,
    pub(super) weeks: WeekStart,
    /// The agencies by their names without case and accents.
    pub(super) agencies: &'a BTreeMap<String, String>,
    pub(super) is_compared: bool,
    /// By their labels; those of which no measure counts anything are left out.
    pub(super) groups: BTreeMap<Vec<String>, Twice<'a>>,
    /// Every job once.
    pub(super) all: Twice<'a>,
    /// The same of each company asked.
    pub(super) companies: BTreeMap<&'static str, Twice<'a>>,
    pub(super) adds_up: bool,
}

/// The list a name stands before; empty without one.
pub(super) fn list(arguments: &Value, name: &str) -> Vec<String> {
    let all = arguments.get(name).and_then(Value::as_array).into_iter().flatten();
    all.map(|one| one.as_str().unwrap().to_owned()).collect()
}

fn word<'v>(arguments: &'v Value, name: &str) -> Option<&'v str> {
    arguments.get(name).and_then(Value::as_str)
}

fn period(arguments: &Value, books: &Books) -> DateRange {
    let day = |name: &str| word(arguments, name).map(|day| day.parse::<Date>().unwrap());
    match (day("from"), day("to")) {
        (None, None) => {
            let named = NamedPeriod::by_name(word(arguments, "period").unwrap_or("last_month")).unwrap();
            named.resolve(books.today, books.weeks)
        }
        (from, to) => DateRange::new(from.unwrap_or(date(1970, 1, 1)), to.unwrap_or(date(2199, 12, 31))).unwrap(),
    }
}

/// Whether the filters let a job through.
fn fits(arguments: &Value, job: &Job) -> bool {
    let is = |name: &str, own: Option<&String>| {
        word(arguments, name).is_none_or(|wanted| own.is_some_and(|own| fold(own) == fold(wanted)))
    };
    let has =
        |name: &str, own: &[String]| word(arguments, name).is_none_or(|wanted| own.iter().any(|one| one == wanted));
    let flag = |name: &str, own: Option<bool>| {
        arguments.get(name).is_none_or(|wanted| own.is_some() && wanted.as_bool() == own)
    };
    let status = list(arguments, "status");
    let in_status = |one: &String| one == job.status() || one == "performed" && job.performed();
    is("inspector", job.is.inspector.as_ref())
        && is("agent", job.is.buyer.as_ref())
        && is("agency", job.is.agency.as_ref())
        && is("team", job.team.as_ref())
        && is("zip", job.is.zip.as_ref())
        && is("city", job.is.city.as_ref())
        && has("tag", &job.tags)
        && has("service", &job.is.services)
        && has("add_on", &job.is.add_ons)
        && (status.is_empty() || status.iter().any(in_status))
        && flag("paid", job.paid)
        && flag("confirmed", job.confirmed)
}

impl<'a> Expected<'a> {
    pub(super) fn of(arguments: &Value, books: &'a Books) -> Self {
        let mut measures = list(arguments, "measures");
        if measures.is_empty() {
            measures = ["booked", "performed", "canceled"].map(str::to_owned).to_vec();
        }
        let by = list(arguments, "by");
        let date_of = word(arguments, "date_of").unwrap_or("start").to_owned();
        let days = period(arguments, books);
        let compared = match word(arguments, "compare") {
            Some("previous") => Some(days.previous(books.today)),
            Some("last_year") => Some(days.year_before(books.today)),
            _ => None,
        };
        let asked = list(arguments, "company");
        let is_asked = |company: &&str| asked.is_empty() || asked.iter().any(|one| one == company);
        let mut companies: BTreeMap<&'static str, Twice<'_>> =
            books.companies.iter().copied().filter(is_asked).map(|company| (company, Twice::default())).collect();
        let (mut groups, mut all) = (BTreeMap::<Vec<String>, Twice<'_>>::new(), Twice::default());
        for (days, is_before) in [(Some(days), false), (compared, true)] {
            let Some(days) = days else { continue };
            for job in books.jobs.iter().filter(|job| is_asked(&job.company) && fits(arguments, job)) {
                if !job.day(&date_of).is_some_and(|day| Days(days.from(), days.to()).hold(day)) {
                    continue;
                }
                all.part(is_before).push(job);
                companies.get_mut(job.company).unwrap().part(is_before).push(job);
                let mut places: BTreeSet<Vec<String>> = BTreeSet::from([Vec::new()]);
                for by in &by {
                    let longer = |place: &Vec<String>| {
                        let place = place.clone();
                        job.labels(by, &date_of, books.weeks)
                            .into_iter()
                            .map(move |label| [&place[..], &[label]].concat())
                    };
                    places = places.iter().flat_map(longer).collect();
                }
                for place in places {
                    groups.entry(place).or_default().part(is_before).push(job);
                }
            }
        }
        let several = ["any_inspector", "tag", "service", "add_on"];
        let adds_up = !by.iter().any(|by| several.contains(&by.as_str()));
        let (weeks, agencies, is_compared) = (books.weeks, &books.agencies, compared.is_some());
        let mut expected =
            Self { measures, by, date_of, weeks, agencies, is_compared, groups, all, companies, adds_up };
        let mut groups = std::mem::take(&mut expected.groups);
        let is_by_date = expected.is_by_date();
        groups.retain(|_, group| {
            expected.counted(&group.jobs) != 0 || !is_by_date && expected.counted(&group.before) != 0
        });
        Self { groups, ..expected }
    }

    /// Whether groups are of dates, which no two periods have in common: rows are not compared then.
    pub(super) fn is_by_date(&self) -> bool {
        let dates = ["day", "week", "month", "quarter", "year"];
        self.by.iter().any(|by| dates.contains(&by.as_str()))
    }

    pub(super) fn number(&self, measure: &str, jobs: &[&Job]) -> Number {
        number(measure, jobs, &self.date_of)
    }

    /// How many of a group's inspections are counted by something that was asked for.
    pub(super) fn counted(&self, jobs: &[&Job]) -> usize {
        let counts = |job: &&&Job| self.measures.iter().any(|measure| looks_at(measure, job, &self.date_of));
        jobs.iter().filter(counts).count()
    }
}
