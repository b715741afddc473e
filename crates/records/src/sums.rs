//! Sums over many rows are worked out beside the threads that serve.

use std::sync::Arc;

use tokio::sync::Semaphore;

use domain::FactTable;

/// The most sums worked out at once, in the whole program; each keeps a processor busy.
pub const SUMS_MAX: usize = 2;

static PLACES: Semaphore = Semaphore::const_new(SUMS_MAX);

/// What `work` makes of the rows, on a thread of its own, once there is a place. A fault in it is one of the caller.
pub async fn summed<T: Send + 'static>(
    facts: &Arc<FactTable>,
    work: impl FnOnce(&FactTable) -> T + Send + 'static,
) -> T {
    // The places are never closed; without one the work is done all the same.
    let place = PLACES.acquire().await.ok();
    let facts = Arc::clone(facts);
    let work = move || {
        let _place = place;
        work(&facts)
    };
    match tokio::task::spawn_blocking(work).await {
        Ok(sum) => sum,
        Err(fault) => match fault.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Called off: the program is ending, and nobody waits for the answer.
            Err(_) => std::future::pending().await,
        },
    }
}
