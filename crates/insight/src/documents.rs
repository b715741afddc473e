//! Which documents usually come with an add-on, and which have not come.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use domain::{Attachment, Inspection, Status, fold};

/// Jobs that ended less than so many days ago may still get their documents: no habit is learned from them.
pub const SETTLED_DAYS: i64 = 7;
/// The fewest jobs with an add-on that show a habit.
const JOBS_MIN: u64 = 5;
/// A document usually comes when this share of the jobs with the add-on has it.
const SHARE_MIN: f64 = 0.6;
/// It belongs to the add-on when jobs without the add-on have it at most this much as often.
const SHARE_ELSEWHERE: f64 = 0.2;
/// It is late after the time within which this share of them came.
const IN_TIME: f64 = 0.9;
const DAY_SECONDS: f64 = 86_400.0;

/// A document that usually comes with an add-on.
#[derive(Clone, Debug, PartialEq)]
pub struct Habit {
    /// The add-on.
    pub add_on: String,
    /// The document, by its folded name or kind.
    label: String,
    /// Nine of ten came within so many days after the job, rounded up.
    pub days: i64,
}

/// The habits that earlier jobs show: those whose files are known and that ended at least [`SETTLED_DAYS`] before `now`.
/// At most one for an add-on. Reports are no documents of an add-on.
pub fn habits(history: &[Inspection], now: Timestamp) -> Vec<Habit> {
    let settled: Vec<(&Inspection, Timestamp, &[Attachment])> = history
        .iter()
        .filter_map(|job| Some((job, ended(job)?, job.attachments.as_deref()?)))
        .filter(|(job, end, _)| {
            let days = now.duration_since(*end).as_hours() / 24;
            SETTLED_DAYS <= days && !matches!(job.status(now), Status::Canceled | Status::Deleted)
        })
        .collect();
    let mut add_ons: BTreeMap<String, String> = BTreeMap::new();
    for add_on in settled.iter().flat_map(|(job, ..)| &job.add_ons) {
        add_ons.entry(fold(add_on.as_str())).or_insert_with(|| add_on.to_string());
    }
    add_ons.iter().filter_map(|(folded, add_on)| habit(folded, add_on, &settled)).collect()
}

fn habit(folded: &str, add_on: &str, settled: &[(&Inspection, Timestamp, &[Attachment])]) -> Option<Habit> {
    let (mut with, mut without) = (0_u64, 0_u64);
    let mut seen: BTreeMap<String, (u64, u64, Vec<f64>)> = BTreeMap::new();
    for (job, end, files) in settled {
        let has_add_on = job.add_ons.iter().any(|one| fold(one.as_str()) == folded);
        *(if has_add_on { &mut with } else { &mut without }) += 1;
        let mut of_job: BTreeSet<String> = BTreeSet::new();
        for file in documents(files) {
            for label in labels(file) {
                let (here, elsewhere, days) = seen.entry(label.clone()).or_default();
                if of_job.insert(label) {
                    *(if has_add_on { here } else { elsewhere }) += 1;
                }
                if let Some(at) = file.created_at.filter(|_| has_add_on) {
                    days.push(at.duration_since(*end).as_secs_f64() / DAY_SECONDS);
                }
            }
        }
    }
    let share = |count: u64, of: u64| if of == 0 { 0.0 } else { count as f64 / of as f64 };
    if with < JOBS_MIN {
        return None;
    }
    let (label, (_, _, mut days)) = seen
        .into_iter()
        .filter(|(_, (here, elsewhere, _))| {
            let here = share(*here, with);
            SHARE_MIN <= here && share(*elsewhere, without) <= SHARE_ELSEWHERE * here
        })
        .max_by(|left, right| left.1.0.cmp(&right.1.0).then_with(|| right.0.cmp(&left.0)))?;
    days.sort_by(f64::total_cmp);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a place among a few numbers")]
    let place = ((days.len() as f64 * IN_TIME).ceil() as usize).saturating_sub(1);
    #[expect(clippy::cast_possible_truncation, reason = "days of one job")]
    let days = days.get(place).map_or(SETTLED_DAYS, |days| (days.ceil() as i64).max(1));
    Some(Habit { add_on: add_on.to_owned(), label, days })
}

/// The add-ons of a job whose usual document has not come and is late, each with the days after which it is.
pub fn late(job: &Inspection, habits: &[Habit], now: Timestamp) -> Vec<(String, i64)> {
    let (Some(files), Some(end)) = (job.attachments.as_deref(), ended(job)) else { return Vec::new() };
    let booked: BTreeSet<String> = job.add_ons.iter().map(|one| fold(one.as_str())).collect();
    let is_missing = |habit: &&Habit| {
        booked.contains(&fold(&habit.add_on))
            && !documents(files).any(|file| labels(file).contains(&habit.label))
            && SignedDuration::from_hours(24 * habit.days) < now.duration_since(end)
    };
    habits.iter().filter(is_missing).map(|habit| (habit.add_on.clone(), habit.days)).collect()
}

/// When a job ended; one without a length where it began.
fn ended(job: &Inspection) -> Option<Timestamp> {
    if job.duration_hours.is_some() { job.ends_at() } else { job.starts_at }
}

fn documents(files: &[Attachment]) -> impl Iterator<Item = &Attachment> {
    files.iter().filter(|file| file.report != Some(true))
}

/// What a document goes by: its title, and the service's word for its kind where that says anything.
fn labels(file: &Attachment) -> Vec<String> {
    let kind = file.kind.as_ref().map(|kind| fold(kind.as_str())).filter(|kind| kind != "other");
    let name = file.name.as_ref().map(|name| fold(name.as_str()));
    let labels = [name.map(|name| format!("name {name}")), kind.map(|kind| format!("kind {kind}"))];
    labels.into_iter().flatten().collect()
}
