//! Work on files happens on threads of its own, and never on all of them: standard input and output, and looking up
//! addresses, wait on the same pool of threads, and a busy file must not stop a reply that needs none.

use tokio::sync::Semaphore;

use super::MirrorError;

/// The most readings of mirrors under way at once, in the whole program.
pub const READINGS_MAX: usize = 4;
/// The most changes of mirrors and of the ledger under way at once, in the whole program. Apart from the readings: a
/// change may wait seconds for another process, and readings never do.
pub const CHANGES_MAX: usize = 4;

static READINGS: Semaphore = Semaphore::const_new(READINGS_MAX);
static CHANGES: Semaphore = Semaphore::const_new(CHANGES_MAX);

type Work<T> = Box<dyn FnOnce() -> Result<T, MirrorError> + Send>;

/// Reads on a thread of its own, once there is a place.
pub fn reading<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MirrorError> + Send + 'static,
) -> impl Future<Output = Result<T, MirrorError>> + Send {
    on_a_thread(&READINGS, Box::new(work))
}

/// Changes on a thread of its own, once there is a place.
pub fn changing<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, MirrorError> + Send + 'static,
) -> impl Future<Output = Result<T, MirrorError>> + Send {
    on_a_thread(&CHANGES, Box::new(work))
}

async fn on_a_thread<T: Send + 'static>(places: &'static Semaphore, work: Work<T>) -> Result<T, MirrorError> {
    let place = places.acquire().await.map_err(|_| MirrorError::Closed)?;
    let work = move || {
        // Held until the work is done, whether or not anybody still waits for it.
        let _place = place;
        work()
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| MirrorError::Closed)?
}
