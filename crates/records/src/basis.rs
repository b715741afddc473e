//! What an answer stands on: where it was read, as of when, and what it lacks. Facts only; the words for them are `mcp`'s.

use domain::{CompanyName, DateRange};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use mirror::{Coverage, CoverageGap, Kind};

use super::Hidden;

/// Where an answer comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The local mirror.
    Mirror,
    /// The service, asked for this answer.
    #[default]
    Service,
}

/// What an answer is based on.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis {
    /// Where it comes from; the service when a part of it does.
    pub source: Source,
    /// The oldest instant at which any part of the answer was read.
    pub as_of: Timestamp,
    /// The days it is about, by company; empty when it is about no period.
    pub periods: Vec<Period>,
    /// What the answer should hold and does not; empty when it is complete.
    pub gaps: Vec<Gap>,
    /// What else a reader should know.
    pub notes: Vec<Note>,
}

/// The days of one company's part of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Period {
    /// Whose.
    pub company: CompanyName,
    /// The days, in the company's zone.
    pub days: DateRange,
    /// Those they are compared with.
    pub compared: Option<DateRange>,
    /// The zone they are days of.
    pub timezone: TimeZone,
}

/// What is read page by page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listing {
    /// Inspections.
    Inspections,
    /// Clients.
    Clients,
    /// Agents.
    Agents,
    /// The service's statistics about agents.
    AgentStatistics,
    /// Files of an inspection.
    Attachments,
}

/// Something an answer should hold and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// What the mirror lacks of a kind of record.
    Mirror(Kind, CoverageGap),
    /// Canceled inspections: the service shows none of them with this key.
    CanceledUnseen,
    /// Records that moved while they were read, so many where they are counted.
    Moved(Listing, Option<u64>),
    /// What stands after so many pages of a listing, the most that one question reads.
    AfterPages(Listing, u32),
    /// What stands after this page of the service's own.
    AfterPage(Listing, u32),
    /// What lies beyond this day: it was not searched, so there is no total. `None` when nothing was.
    Beyond(Option<Date>),
    /// What lies before this day: the first reading has not come that far, and the service did not answer.
    Before(Date, String),
    /// Records that the first reading has not come to.
    FirstReading,
    /// Inspections after so many, the most that one answer looks at.
    AfterInspections(usize),
    /// Agents cannot be read, for this reason, so they go by their ids.
    AgentsUnread(String),
    /// The service's statistics about an agent: why they are not there; `None` where the service has none.
    Statistics(Option<String>),
    /// A company's forecast, which needs so many complete weeks of regular work.
    Forecast(CompanyName, usize),
    /// A company's changes that are not read yet.
    Changes(CompanyName),
    /// A company's changes, which could not be read, for this reason.
    ChangesFailed(CompanyName, String),
    /// All of a company, for this reason.
    Company(CompanyName, String),
}

/// Something a reader of an answer should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Note {
    /// So many inspections without a date are left out.
    Undated(u64),
    /// The service's own ZIP filter was used, which may compare whole codes.
    ServiceZip,
    /// The mirror cannot be read, for this reason, so the service was asked.
    MirrorUnread(String),
    /// The service could not be asked for changes just now.
    NotAskedForChanges,
    /// Changes are still being read.
    ReadingChanges,
    /// Changes are still being read by another process.
    OtherReadsChanges,
    /// Changes could not be read, for this reason.
    ChangesUnread(String),
    /// The first reading has come back to this day, and the answer needs no more.
    ReadBackTo(Date),
    /// What is known of agents goes back to this day so far.
    AgentsKnownSince(Date),
    /// Who repeats is not known yet: jobs before this day are still read.
    RepeatsUnknownBefore(Date),
    /// Moves, price changes and deletions are known since this day only.
    ChangesKnownSince(Date),
    /// The record is no longer in the service, since this day where that is known; this is how it was.
    Former(Option<Date>),
    /// What was given was taken for this one.
    TakenFor {
        /// What was given.
        given: String,
        /// Whom or what it was taken for.
        name: String,
    },
    /// This agent is no longer in the service.
    AgentGone(String),
    /// Another agent of that name, with this id, is no longer in the service and not counted.
    OtherAgentGone {
        /// The name both have.
        name: String,
        /// The other one's id.
        id: String,
    },
    /// Numbers by agency count all jobs of an agent, past ones too, for the agency the agent belongs to now.
    AgencyAsOfNow,
    /// All numbers are of inspections with these alone.
    Narrowed(Vec<String>),
    /// Nothing fits with this inspector as the primary one.
    NotPrimary(String),
    /// A note about one company's part.
    Of(CompanyName, Box<Note>),
    /// Nobody is called that in the company; the nearest is not counted.
    NearestNotCounted {
        /// Where.
        company: CompanyName,
        /// What was given.
        given: String,
        /// The nearest.
        nearest: String,
    },
    /// An inspector of that name is in several companies, and may be one person or not.
    InspectorInSeveral(String),
    /// A company that was asked does not know the name or id: what it says.
    NotThere(CompanyName, String),
    /// A company that could not be asked, for this reason, where another one has the record.
    NotAsked(CompanyName, String),
    /// Nothing fits in this company; the inspector's name may be wrong.
    NothingFits(CompanyName),
    /// The rows are those of this person alone: what they are (`inspector`, `agent`), and the name.
    ThoseOf(&'static str, String),
    /// Attachments were not asked for.
    AttachmentsNotRead,
    /// Attachments could not be read, for this reason; `None` where the service does not send them with inspections.
    AttachmentsUnread(Option<String>),
    /// Attachments are as of now.
    Attachments {
        /// Whether a document is late is judged by so many earlier inspections.
        judged_by: usize,
        /// For so many inspections they are not known.
        unknown: usize,
    },
    /// So many ways between jobs are not checked: no known ZIP code or length.
    HopsUnchecked(u64),
    /// So many jobs without a time or length are not checked for overlaps.
    OverlapsUnchecked(u64),
    /// The caller may see these days alone.
    OnlyDays(Date, Date),
    /// The caller may see the work of this inspector alone.
    OnlyInspector(String),
    /// The caller may see quotes rounded to the nearest hundred, and sums of such.
    MoneyRounded,
    /// Words were not looked for in what the caller may not see.
    NotSearched(Hidden),
}

impl Basis {
    /// Read from the service at this instant, and complete.
    pub(crate) fn read_at(as_of: Timestamp) -> Self {
        Self::of(Source::Service, as_of)
    }

    /// Nothing was read: the answer was worked out from what was given.
    pub fn computed_at(as_of: Timestamp) -> Self {
        Self::read_at(as_of)
    }

    /// From this source at this instant, and complete.
    pub(crate) fn of(source: Source, as_of: Timestamp) -> Self {
        Self { source, as_of, periods: Vec::new(), gaps: Vec::new(), notes: Vec::new() }
    }

    /// What an answer from the mirror is based on: as of when, and what the coverage says is lacking.
    pub(crate) fn of_mirror(kind: Kind, coverage: &Coverage, as_of: Timestamp, note: Option<Note>) -> Self {
        let gaps = if coverage.full_at.is_some() { coverage.gaps() } else { Vec::new() };
        let gaps = gaps.into_iter().map(|gap| Gap::Mirror(kind, gap)).collect();
        Self { gaps, notes: note.into_iter().collect(), ..Self::of(Source::Mirror, as_of) }
    }

    /// Whether the answer holds all it should.
    pub fn is_complete(&self) -> bool {
        self.gaps.is_empty()
    }

    /// Whether rates of cancellation may be shown.
    pub fn sees_canceled(&self) -> bool {
        !self.gaps.contains(&Gap::CanceledUnseen)
    }

    /// Whether a whole company is missing: then nothing over all companies is certain.
    pub fn lacks_a_company(&self) -> bool {
        self.gaps.iter().any(|gap| matches!(gap, Gap::Company(..)))
    }

    /// Adds a note, once.
    pub fn note(&mut self, note: Note) {
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Takes in the basis of another part of the same answer.
    pub fn absorb(&mut self, other: Self) {
        self.source = self.source.max(other.source);
        self.as_of = self.as_of.min(other.as_of);
        self.periods.extend(other.periods);
        self.gaps.extend(other.gaps);
        // What is the same in every part is said once.
        for note in other.notes {
            self.note(note);
        }
    }
}
