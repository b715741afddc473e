//! What an answer stands on, in words.

use records::{Basis, CoverageGap, Gap, Hidden, Kind, Listing, Note, Period, Source};
use serde_json::{Map, Value, json};

use super::answer::seconds;
use super::zone_name;

/// A basis as it is shown, with room for what the tool itself has to say.
#[derive(Clone, Debug)]
pub(super) struct ShownBasis {
    fields: Map<String, Value>,
    notes: Vec<String>,
    lacks_a_company: bool,
}

impl ShownBasis {
    /// Whether a whole company is missing: then nothing over all companies is certain.
    pub(super) fn lacks_a_company(&self) -> bool {
        self.lacks_a_company
    }

    /// Adds a note.
    pub(super) fn note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.push(note.into());
        self
    }

    /// Adds a note before all others.
    pub(super) fn first_note(&mut self, note: impl Into<String>) -> &mut Self {
        self.notes.insert(0, note.into());
        self
    }

    /// Nothing was read for the answer: this is where it comes from instead.
    pub(super) fn source(&mut self, source: &str) -> &mut Self {
        self.fields.insert("source".to_owned(), source.into());
        self
    }

    /// The field of an answer.
    pub(super) fn into_value(self) -> Value {
        let mut fields = self.fields;
        if !self.notes.is_empty() {
            put_notes(&mut fields, self.notes.into_iter().map(Value::from).collect());
        }
        fields.into()
    }
}

/// Puts the notes where they stand: before the days, after what is missing.
pub(super) fn put_notes(fields: &mut Map<String, Value>, notes: Vec<Value>) {
    let days: Vec<(String, Value)> =
        ["period", "compared"].iter().filter_map(|name| fields.remove_entry(*name)).collect();
    fields.insert("notes".to_owned(), notes.into());
    fields.extend(days);
}

/// A basis as it is shown.
pub(super) fn shown(basis: &Basis) -> ShownBasis {
    let mut fields = Map::new();
    fields.insert("as_of".to_owned(), seconds(basis.as_of).into());
    let source = match basis.source {
        Source::Mirror => "mirror",
        Source::Service => "service",
    };
    fields.insert("source".to_owned(), source.into());
    fields.insert("complete".to_owned(), basis.is_complete().into());
    if !basis.is_complete() {
        fields.insert("missing".to_owned(), basis.gaps.iter().map(gap_words).collect::<Vec<_>>().into());
    }
    add_periods(&mut fields, &basis.periods);
    let notes = basis.notes.iter().map(note_words).collect();
    ShownBasis { fields, notes, lacks_a_company: basis.lacks_a_company() }
}

/// The days. Companies in different zones can have different ones: then `period` and `compared` have those of each.
fn add_periods(fields: &mut Map<String, Value>, periods: &[Period]) {
    let Some(first) = periods.first() else { return };
    let range = |days: domain::DateRange| json!({"from": days.from().to_string(), "to": days.to().to_string()});
    let with = |mut days: Value, name: &str, value: &str| {
        if let Some(days) = days.as_object_mut() {
            days.insert(name.to_owned(), value.into());
        }
        days
    };
    if periods.iter().all(|one| one.days == first.days && one.compared == first.compared) {
        let name = zone_name(&first.timezone);
        let zone = if periods.len() == 1 { name.as_str() } else { "each company's own" };
        fields.insert("period".to_owned(), with(range(first.days), "timezone", zone));
        if let Some(compared) = first.compared {
            fields.insert("compared".to_owned(), range(compared));
        }
        return;
    }
    let each = |days: &dyn Fn(&Period) -> Option<Value>| -> Vec<Value> {
        periods.iter().filter_map(|one| Some(with(days(one)?, "company", one.company.as_str()))).collect()
    };
    let days = each(&|one| Some(with(range(one.days), "timezone", &zone_name(&one.timezone))));
    fields.insert("period".to_owned(), json!({"companies": days}));
    let compared = each(&|one| one.compared.map(range));
    if !compared.is_empty() {
        fields.insert("compared".to_owned(), json!({"companies": compared}));
    }
}

fn listing(listing: Listing) -> &'static str {
    match listing {
        Listing::Inspections => "inspections",
        Listing::Clients => "clients",
        Listing::Agents => "agents",
        Listing::AgentStatistics => "agent statistics",
        Listing::Attachments => "attachments",
    }
}

/// What a mirror lacks of a kind of record, in words.
pub fn mirror_gap_words(kind: Kind, gap: CoverageGap) -> String {
    let name = kind.name();
    match gap {
        CoverageGap::Unsettled => format!("{name}: being worked out again after a change of settings"),
        CoverageGap::FirstReading => format!("{name}: the first reading is not finished"),
        CoverageGap::PartialRecords => format!(
            "{name}: this API key seems to see a part of them only (Spectora's own statistics about agents count far \
             more); a key made by a user with full rights shows all"
        ),
        CoverageGap::PartialQuotes => {
            "quotes: no inspection shows one with this API key; its user may lack financial access".to_owned()
        }
        CoverageGap::Shortfall(count) => format!("{name}: the service counts {count} more than it lists"),
        CoverageGap::Unlisted(count) => format!("{name}: the service has at least {count} that it does not list"),
        CoverageGap::Held(count) => format!(
            "{name}: {count} are still counted here that the service no longer lists; they are taken out once that is \
             certain"
        ),
        CoverageGap::Miscount(more) if 0 < more => {
            format!("{name}: the service counts {more} more than are known here")
        }
        CoverageGap::Miscount(fewer) => format!("{name}: the service counts {} fewer than are known here", -fewer),
    }
}

fn gap_words(gap: &Gap) -> String {
    match gap {
        Gap::Mirror(kind, gap) => mirror_gap_words(*kind, *gap),
        Gap::CanceledUnseen => "canceled inspections: the service shows none of them with this key".to_owned(),
        Gap::Moved(what, Some(count)) => format!("{count} {} that moved while they were read", listing(*what)),
        Gap::Moved(what, None) => format!("{} that moved while they were read", listing(*what)),
        Gap::AfterPages(what, pages) => format!("{} after the first {pages} pages", listing(*what)),
        Gap::AfterPage(what, page) => format!("{} after page {page} of the service", listing(*what)),
        Gap::Beyond(Some(day)) => format!("what lies beyond {day}: not searched yet, so there is no total"),
        Gap::Beyond(None) => "everything: the search ran out of time".to_owned(),
        Gap::Before(day, failure) => format!(
            "what lies before {day}: the first reading has not come that far, and the service did not answer ({failure})"
        ),
        Gap::FirstReading => "records that the first reading has not come to".to_owned(),
        Gap::AfterInspections(count) => format!("jobs after the first {count}"),
        Gap::AgentsUnread(reason) => format!("agents: they cannot be read ({reason}), so they go by their ids"),
        Gap::Statistics(Some(reason)) => format!("statistics: {reason}"),
        Gap::Statistics(None) => "statistics: the service has none about this agent".to_owned(),
        Gap::Forecast(company, weeks) => format!("{company}: a forecast needs {weeks} complete weeks of regular work"),
        Gap::Changes(company) => format!("{company}: some changes are not read yet"),
        Gap::ChangesFailed(company, reason) => format!("{company}: {reason}"),
        Gap::Company(company, reason) => format!("all of {company}: {reason}"),
    }
}

fn note_words(note: &Note) -> String {
    match note {
        Note::Undated(count) => format!("{count} inspections without a date are left out"),
        Note::ServiceZip => {
            "the ZIP filter is Spectora's own here: jobs stored with the longer form (ZIP+4) may be missing".to_owned()
        }
        Note::MirrorUnread(reason) => format!("the local mirror cannot be read, so Spectora was asked ({reason})"),
        Note::NotAskedForChanges => {
            "the service could not be asked for changes just now; this is as of `as_of`".to_owned()
        }
        Note::ReadingChanges => "changes are still being read; this is as of `as_of`".to_owned(),
        Note::OtherReadsChanges => "changes are still being read by another process; this is as of `as_of`".to_owned(),
        Note::ChangesUnread(reason) => format!("changes could not be read ({reason}); this is as of `as_of`"),
        Note::ReadBackTo(day) => format!("the first reading has come back to {day} so far; this needs no more"),
        Note::AgentsKnownSince(day) => {
            format!("what is known of agents goes back to {day} so far; first-time ones are not told yet")
        }
        Note::RepeatsUnknownBefore(day) => {
            format!("repeat agents are not known yet: jobs before {day} are still read")
        }
        Note::ChangesKnownSince(day) => format!("moves, price changes and deletions are known since {day} only"),
        Note::Former(Some(day)) => format!("no longer in Spectora (since {day}); this is how it was"),
        Note::Former(None) => "no longer in Spectora; this is how it was".to_owned(),
        Note::TakenFor { given, name } => format!("`{given}` was taken for {name}"),
        Note::AgentGone(name) => format!("{name} is no longer in Spectora"),
        Note::OtherAgentGone { name, id } => {
            format!("another {name} (id {id}) is no longer in Spectora and is not counted here")
        }
        Note::AgencyAsOfNow => "agency as of now: all jobs of an agent, past ones too, count for the agency the agent \
                                belongs to now"
            .to_owned(),
        Note::Narrowed(to) => format!("all numbers are of inspections with {} alone", to.join(", ")),
        Note::NotPrimary(inspector) => format!(
            "there is no such inspection with {inspector} as the primary inspector; inspector_scorecard counts assists"
        ),
        Note::Of(company, note) => format!("{company}: {}", note_words(note)),
        Note::NearestNotCounted { company, given, nearest } => {
            format!("{company}: nobody is called `{given}`; the nearest, {nearest}, is not counted")
        }
        Note::InspectorInSeveral(given) => format!(
            "an inspector `{given}` is in several companies; nothing in the records says whether it is one person"
        ),
        Note::NotThere(company, what) => format!("{company}: {what}"),
        Note::NotAsked(company, reason) => format!("{company} could not be asked: {reason}"),
        Note::NothingFits(company) => format!("no inspection in {company} fits; is the inspector's name right?"),
        Note::ThoseOf(what, name) => format!("those of {what} {name} alone"),
        Note::AttachmentsNotRead => "attachments are not read (include attachments)".to_owned(),
        Note::AttachmentsUnread(None) => {
            "attachments cannot be read with inspections here: use list_attachments for one of them".to_owned()
        }
        Note::AttachmentsUnread(Some(reason)) => format!("attachments could not be read: {reason}"),
        Note::Attachments { judged_by, unknown } => {
            let note = format!(
                "attachments as of now; whether a document is late is judged by {judged_by} earlier inspections"
            );
            match unknown {
                0 => note,
                unknown => format!("{note}; not known for {unknown} inspections (list_attachments reads one)"),
            }
        }
        Note::HopsUnchecked(hops) => format!("{hops} ways between jobs are not checked: no known ZIP code or length"),
        Note::OverlapsUnchecked(jobs) => format!("{jobs} jobs without a time or length are not checked for overlaps"),
        Note::OnlyDays(from, to) => format!("your role shows the inspections from {from} to {to} alone"),
        Note::OnlyInspector(name) => format!("your role shows the work of {name} alone"),
        Note::MoneyRounded => {
            "your role shows quotes rounded to the nearest hundred; sums and means are of rounded ones".to_owned()
        }
        Note::NotSearched(Hidden::Contact) => {
            "your role does not search e-mail addresses and telephone numbers".to_owned()
        }
        Note::NotSearched(Hidden::Street) => "your role searches streets only as far as it shows them".to_owned(),
        Note::NotSearched(_) => "your role searches only what it shows".to_owned(),
    }
}
