//! Keeping a mirror fresh while the program runs.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;

use super::{Silent, SyncError, Syncer};

/// How often it is looked whether something is due.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// How often it is looked whether deliveries wait; they are rare and a look costs no call.
const DELIVERIES_EVERY: Duration = Duration::from_secs(2);

/// So many companies are brought up to date at once by themselves; what a question waits for does not wait for them.
static TURNS: Semaphore = Semaphore::const_new(8);

/// When a company begins to be kept fresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begins {
    /// At once.
    AtOnce,
    /// Once somebody asks about it, or a delivery comes, and for [`WANTED_FOR`] after the last time; else its files are closed.
    WhenWanted,
}

/// How long a company is kept fresh after it was last wanted, where there are many.
pub const WANTED_FOR: Duration = Duration::from_secs(30 * 60);

/// Syncs when it is due and reads what deliveries name, until `stop`. Another process that does the same is let be: what
/// it stored is not due any more.
pub async fn keep_fresh(syncer: Arc<Syncer>, every: Duration, begins: Begins, stop: CancellationToken) {
    let company = syncer.company().clone();
    let mut next_look = tokio::time::Instant::now();
    // What works is boxed: of a thousand companies nearly all only wait, and a task is as large as the most it may do.
    loop {
        if begins == Begins::WhenWanted && !syncer.is_wanted_within(WANTED_FOR) {
            syncer.mirror().rest();
            if stop.run_until_cancelled(tokio::time::sleep(DELIVERIES_EVERY)).await.is_none() {
                return;
            }
            continue;
        }
        if next_look <= tokio::time::Instant::now() {
            next_look = tokio::time::Instant::now() + LOOK_EVERY;
            match Box::pin(stop.run_until_cancelled(when_due(&syncer, every))).await {
                None => return,
                Some(Ok(())) => {}
                Some(Err(SyncError::Busy)) => tracing::debug!(%company, "another process syncs"),
                Some(Err(error)) => {
                    tracing::warn!(%company, error = error.for_note(), "a sync ended early; it goes on later");
                }
            }
        }
        match Box::pin(stop.run_until_cancelled(syncer.drain())).await {
            None => return,
            Some(Ok((0, _)) | Err(SyncError::Busy)) => {}
            Some(Ok((read, count))) => {
                tracing::info!(%company, read, changed = count.touched(), "read what webhooks named");
            }
            Some(Err(error)) => {
                tracing::warn!(%company, error = error.for_note(), "a record that a webhook named could not be read");
            }
        }
        if stop.run_until_cancelled(tokio::time::sleep(DELIVERIES_EVERY)).await.is_none() {
            return;
        }
    }
}

async fn when_due(syncer: &Arc<Syncer>, every: Duration) -> Result<(), SyncError> {
    let Some(scope) = syncer.due(every).await? else { return Ok(()) };
    let _turn = TURNS.acquire().await;
    let report = syncer.sync(scope, &Silent).await?;
    let count = report.count();
    tracing::info!(
        company = %report.company,
        calls = report.calls,
        new = count.new,
        changed = count.changed,
        gone = count.gone,
        failed = report.failed.len(),
        "the mirror is up to date"
    );
    Ok(())
}
