//! Sums over many rows are worked out beside the threads that serve.

use std::num::NonZero;
use std::sync::{Arc, LazyLock};
use std::thread::available_parallelism;

use tokio::sync::Semaphore;

use domain::FactTable;

/// The most sums worked out at once, in the whole program; each keeps a processor busy. As many as there are processors,
/// and never so many that nothing else finds a thread.
pub fn sums_max() -> usize {
    const SUMS_MAX: usize = 16;
    available_parallelism().map_or(2, NonZero::get).min(SUMS_MAX)
}

static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(sums_max()));

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

/// As [`summed`], and remembered with the rows: the next question with the same key has it at once. The key names everything
/// that the result depends on but the rows themselves, the time of day too where that matters.
pub async fn remembered<T: Send + Sync + 'static>(
    facts: &Arc<FactTable>,
    key: String,
    work: impl FnOnce(&FactTable) -> T + Send + 'static,
) -> Arc<T> {
    if let Some(known) = facts.memo().get(&key) {
        return known;
    }
    let work = move |facts: &FactTable| {
        // Somebody else may have worked it out while this waited for a place.
        facts.memo().get(&key).unwrap_or_else(|| {
            let made = Arc::new(work(facts));
            facts.memo().put(key, Arc::clone(&made));
            made
        })
    };
    summed(facts, work).await
}
