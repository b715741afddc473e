//! Answers from the mirror, where it is complete for what is asked.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::cache::Cache;
use super::inspections::CANCELLATION_SAMPLE_MIN;
use super::names::remembered_names;
use super::reach::Standing;
use super::{Basis, Gap, InspectionList, Note, RecordsError, Source, Whole};
use domain::{Inspection, InspectionId, InspectionOrder, InspectionQuery, Position, SharedNames};
use mirror::{Coverage, Found, Kind, Mirror, MirrorError, Pass, Row, Snapshot};
use spectora::{Inspections, SpectoraErrorKind, Wired};
use sync::{Scope, Silent, SyncError, Syncer, Tasks};

/// How long a question waits for changes to be read before it is answered from what there is.
const FRESHENING_TIME_MAX: Duration = Duration::from_secs(5);
/// How often a question looks whether another process has read the changes.
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// How far a mirror can answer for lists of inspections.
struct Reach {
    standing: Standing,
    coverage: Coverage,
    pass: Option<Pass>,
    canceled_unseen: bool,
    undated: u64,
    shared_names: Arc<SharedNames>,
}

/// As of when all of a kind is known; `None` while it is not.
pub(super) fn as_of_all(coverage: &Coverage) -> Option<Timestamp> {
    coverage.full_at.map(|full_at| coverage.fresh_at.map_or(full_at, |fresh_at| fresh_at.max(full_at)))
}

/// Whether none of enough past inspections is canceled, so that canceled ones cannot be seen.
pub(super) fn canceled_unseen(snapshot: &Snapshot<'_>, now: Timestamp) -> Result<bool, MirrorError> {
    Ok(!snapshot.shows_canceled()?
        && CANCELLATION_SAMPLE_MIN <= snapshot.started_before(now, CANCELLATION_SAMPLE_MIN)?)
}

impl Reach {
    /// As of when all of what begins at or after `from` is known; `None` when it is not.
    fn as_of(&self, from: Option<Timestamp>) -> Option<Timestamp> {
        let coverage = &self.coverage;
        let holds_window = coverage.full_at.is_some() && from.is_some_and(|from| coverage.window_from <= Some(from));
        let window = coverage.window_at.filter(|_| holds_window);
        self.standing.as_of(from).map(|at| window.map_or(at, |window| window.max(at)))
    }
}

impl Whole {
    /// Makes sure that what this key may see is what is known by this company's name; before anything is shown.
    pub(super) async fn ensure_company(&self) -> Result<(), RecordsError> {
        match &self.syncer {
            Some(syncer) => {
                syncer.note_wanted();
                Ok(syncer.ensure_company().await?)
            }
            None => Ok(()),
        }
    }

    /// The mirror, after changes were looked for where it is stale. The note says when that failed.
    pub(super) async fn fresh_mirror(&self) -> Result<Option<(&Arc<Mirror>, Option<Note>)>, RecordsError> {
        let Some(syncer) = &self.syncer else { return Ok(None) };
        self.ensure_company().await?;
        let mut coverage = syncer.mirror().read(|snapshot| snapshot.coverage(Kind::Inspections)).await?;
        if coverage.unsettled {
            // Another zone or other services: every day and name here is to be worked out again first.
            match syncer.settle().await {
                Ok(()) | Err(SyncError::Busy) => {}
                Err(error) => return Err(error.into()),
            }
            coverage = syncer.mirror().read(|snapshot| snapshot.coverage(Kind::Inspections)).await?;
        }
        let note = if syncer.is_stale_by(&coverage) { freshen(syncer, &self.tasks).await? } else { None };
        Ok(Some((syncer.mirror(), note)))
    }

    /// What `look` sees in the mirror; where the `coverage` it saw is stale, what it sees once changes were read, with a
    /// note when they could not be. A mirror that is fresh is read once.
    pub(super) async fn read_fresh<T: Send + 'static>(
        &self,
        syncer: &Arc<Syncer>,
        coverage: fn(&T) -> &Coverage,
        look: impl Fn(&mut Snapshot<'_>) -> Result<T, MirrorError> + Clone + Send + 'static,
    ) -> Result<(T, Option<Note>), RecordsError> {
        self.ensure_company().await?;
        let seen = syncer.mirror().read(look.clone()).await?;
        if !coverage(&seen).unsettled && !syncer.is_stale_by(coverage(&seen)) {
            return Ok((seen, None));
        }
        let note = self.fresh_mirror().await?.and_then(|(_, note)| note);
        Ok((syncer.mirror().read(look).await?, note))
    }

    /// The list from the mirror; `None` when the mirror does not have all of it.
    pub(super) async fn mirrored_inspections(
        &self,
        wanted: &InspectionQuery,
        order: InspectionOrder,
        after: Option<&Position>,
        limit: usize,
    ) -> Result<Option<InspectionList>, RecordsError> {
        let Some(syncer) = &self.syncer else { return Ok(None) };
        let from = wanted.starts.map(|(from, _)| from);
        let look = self.list_look(wanted, order, after, limit);
        let ((reach, found), note) = self.read_fresh(syncer, |(reach, _)| &reach.coverage, look).await?;
        let Some(as_of) = reach.as_of(from) else { return Ok(None) };
        let mut basis = Basis::of_mirror(Kind::Inspections, &reach.coverage, as_of, note);
        if wanted.asks_for_canceled() && reach.canceled_unseen {
            basis.gaps.push(Gap::CanceledUnseen);
        }
        if reach.undated != 0 {
            basis.notes.push(Note::Undated(reach.undated));
        }
        self.listed(found, basis, reach.shared_names).map(Some)
    }

    /// What the mirror has of a list it does not have whole, because the service did not answer either.
    pub(super) async fn mirrored_part(
        &self,
        wanted: &InspectionQuery,
        order: InspectionOrder,
        after: Option<&Position>,
        limit: usize,
        failure: &RecordsError,
    ) -> Result<Option<InspectionList>, RecordsError> {
        let Some(syncer) = &self.syncer else { return Ok(None) };
        let (reach, found) = syncer.mirror().read(self.list_look(wanted, order, after, limit)).await?;
        let (Some(reached), Some(pass)) = (reach.coverage.reach, reach.pass) else { return Ok(None) };
        if found.rows.is_empty() {
            return Ok(None);
        }
        let day = self.timezone().to_datetime(reached).date();
        let gaps = vec![Gap::Before(day, failure.to_string())];
        let basis = Basis { gaps, ..Basis::of(Source::Mirror, pass.started_at) };
        let mut list = self.listed(found, basis, reach.shared_names)?;
        list.total = None;
        Ok(Some(list))
    }

    /// What is read of the mirror for a list.
    fn list_look(
        &self,
        wanted: &InspectionQuery,
        order: InspectionOrder,
        after: Option<&Position>,
        limit: usize,
    ) -> impl Fn(&mut Snapshot<'_>) -> Result<(Reach, Found<Arc<Inspection>>), MirrorError> + Clone + Send + use<> {
        let now = self.clock.now();
        let (wanted, after) = (wanted.clone(), after.cloned());
        let (decoded, shared_names) = (Arc::clone(&self.decoded), Arc::clone(&self.shared_names));
        move |snapshot| {
            let (coverage, pass) = (snapshot.coverage(Kind::Inspections)?, snapshot.pass(Kind::Inspections)?);
            let reach = Reach {
                standing: Standing::of(&coverage, pass.as_ref()),
                coverage,
                pass,
                canceled_unseen: canceled_unseen(snapshot, now)?,
                undated: snapshot.undated()?,
                shared_names: remembered_names(snapshot, &shared_names)?,
            };
            Ok((reach, snapshot.inspections(&wanted, order, after.as_ref(), limit, |mark| decoded.get(mark))?))
        }
    }

    fn listed(
        &self,
        found: Found<Arc<Inspection>>,
        basis: Basis,
        shared_names: Arc<SharedNames>,
    ) -> Result<InspectionList, RecordsError> {
        let read = |(row, gone_at)| {
            let inspection = match row {
                Row::Known(inspection) => inspection,
                Row::Raw(mark, raw) => self.decoded.put(mark, self.read_inspection(raw, None)?),
            };
            Ok::<_, RecordsError>(match gone_at {
                // One that vanished from the service counts as deleted since.
                Some(_) => {
                    let mut gone = Arc::unwrap_or_clone(inspection);
                    gone.deleted_at = gone.deleted_at.or(gone_at);
                    Arc::new(gone)
                }
                None => inspection,
            })
        };
        let rows = found.rows.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let shared_names = shared_names.with_those_in(rows.iter().map(AsRef::as_ref));
        Ok(InspectionList { rows, total: found.total, more: found.more, searched_to: None, shared_names, basis })
    }

    /// An inspection of the mirror; one that vanished from the service counts as deleted since.
    pub(super) fn read_inspection(&self, raw: Vec<u8>, gone_at: Option<Timestamp>) -> Result<Inspection, RecordsError> {
        let mut inspection = self.decode::<Inspections>(raw)?;
        inspection.deleted_at = inspection.deleted_at.or(gone_at);
        Ok(inspection)
    }

    pub(super) async fn mirrored_inspection(
        &self,
        id: &InspectionId,
    ) -> Result<Option<(Inspection, Basis)>, RecordsError> {
        let Some((mirror, note)) = self.fresh_mirror().await? else { return Ok(None) };
        let wanted = id.to_string();
        let found = mirror
            .read(move |snapshot| {
                let (coverage, pass) = (snapshot.coverage(Kind::Inspections)?, snapshot.pass(Kind::Inspections)?);
                Ok((coverage, pass, snapshot.raw(Kind::Inspections, &wanted)?))
            })
            .await?;
        let (coverage, pass, Some((raw, gone_at))) = found else { return Ok(None) };
        let Some(as_of) = coverage.fresh_at.max(coverage.full_at).or(pass.map(|pass| pass.started_at)) else {
            return Ok(None);
        };
        // One record that is here is whole, whatever others lack.
        let basis = Basis { notes: note.into_iter().collect(), ..Basis::of(Source::Mirror, as_of) };
        Ok(Some((self.read_inspection(raw, gone_at)?, basis)))
    }

    /// One record of another kind; `None` when the mirror does not have it.
    pub(super) async fn mirrored_one<R: Wired>(
        &self,
        kind: Kind,
        id: &str,
    ) -> Result<Option<(R::Record, Basis)>, RecordsError> {
        let Some((mirror, note)) = self.fresh_mirror().await? else { return Ok(None) };
        let wanted = id.to_owned();
        let found = mirror.read(move |snapshot| Ok((snapshot.coverage(kind)?, snapshot.raw(kind, &wanted)?))).await?;
        let (coverage, Some((raw, None))) = found else { return Ok(None) };
        let Some(as_of) = as_of_all(&coverage) else { return Ok(None) };
        let basis = Basis { notes: note.into_iter().collect(), ..Basis::of(Source::Mirror, as_of) };
        Ok(Some((self.decode::<R>(raw)?, basis)))
    }

    /// All records of a small kind; `None` while the mirror does not have them all.
    pub(super) async fn mirrored_all<R: Wired>(
        &self,
        kind: Kind,
        by_revision: &Cache<u64, Vec<R::Record>>,
    ) -> Result<Option<(Arc<Vec<R::Record>>, Basis)>, RecordsError> {
        let Some((mirror, note)) = self.fresh_mirror().await? else { return Ok(None) };
        let mut coverage = mirror.read(move |snapshot| snapshot.coverage(kind)).await?;
        let rows = match by_revision.get(&coverage.revision) {
            Some(rows) => rows,
            None => {
                let read = mirror.read(move |snapshot| {
                    let coverage = snapshot.coverage(kind)?;
                    let raws = match coverage.full_at {
                        Some(_) => snapshot.raws_after(kind, i64::MIN, usize::MAX, false)?,
                        None => Vec::new(),
                    };
                    Ok((coverage, raws))
                });
                let (read_at, raws) = read.await?;
                coverage = read_at;
                if coverage.full_at.is_none() {
                    return Ok(None);
                }
                let rows = raws.into_iter().map(|(_, raw)| self.decode::<R>(raw)).collect::<Result<Vec<_>, _>>()?;
                by_revision.put(coverage.revision, rows)
            }
        };
        let Some(as_of) = as_of_all(&coverage) else { return Ok(None) };
        Ok(Some((rows, Basis::of_mirror(kind, &coverage, as_of, note))))
    }
}

/// Reads what changed, waiting a few seconds at most; what is not done by then goes on without the question. The note
/// says when the answer may be older than wanted, and why. `Err` when the key turned out to be of another company.
async fn freshen(syncer: &Arc<Syncer>, tasks: &Tasks) -> Result<Option<Note>, RecordsError> {
    if syncer.pauses().await? {
        return Ok(Some(Note::NotAskedForChanges));
    }
    // One question has waited for it already; it takes longer, and no other question need wait as long again.
    if syncer.running_for().is_some_and(|running| FRESHENING_TIME_MAX <= running) {
        return Ok(Some(Note::ReadingChanges));
    }
    let deadline = Instant::now() + FRESHENING_TIME_MAX;
    let running = tasks.spawn("changes", {
        let syncer = Arc::clone(syncer);
        async move { syncer.freshen(Scope::Auto, &Silent).await }
    });
    Ok(match tokio::time::timeout_at(deadline, running).await {
        Ok(Ok(Some(Ok(())))) => None,
        Ok(Ok(Some(Err(SyncError::Busy)))) => wait_for_other(syncer, deadline).await,
        Ok(Ok(Some(Err(SyncError::OtherCompany)))) => return Err(RecordsError::OtherCompany),
        Ok(Ok(Some(Err(SyncError::Service(error)))))
            if matches!(error.kind, SpectoraErrorKind::OtherCompany { .. }) =>
        {
            return Err(RecordsError::OtherCompany);
        }
        Ok(Ok(Some(Err(error)))) => Some(Note::ChangesUnread(error.for_note())),
        Ok(Ok(None) | Err(_)) | Err(_) => Some(Note::ReadingChanges),
    })
}

/// Another process reads the changes; they are seen here once it has stored them.
async fn wait_for_other(syncer: &Arc<Syncer>, deadline: Instant) -> Option<Note> {
    while Instant::now() + LOOK_EVERY < deadline {
        if !syncer.is_stale().await.unwrap_or(false) {
            return None;
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
    Some(Note::OtherReadsChanges)
}
