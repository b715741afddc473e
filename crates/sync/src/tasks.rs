//! Tasks that run beside questions.

use std::panic::{AssertUnwindSafe, resume_unwind};
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How long tasks may take to end once they are told to.
const ENDING_TIME_MAX: Duration = Duration::from_secs(3);

/// The owner of tasks nobody waits for: they end with it, and one that fails is told in the log.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    tracker: TaskTracker,
    stop: CancellationToken,
}

impl Tasks {
    /// Runs `work` until it ends or all are told to; `None` then. What it asks of the service counts for the question that
    /// begins it, if one does.
    pub fn spawn<T: Send + 'static>(
        &self,
        name: &'static str,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<Option<T>> {
        let stop = self.stop.clone();
        let work = spectora::for_this_question(work);
        self.tracker.spawn(async move {
            let guarded = AssertUnwindSafe(work).catch_unwind();
            match stop.run_until_cancelled(guarded).await? {
                Ok(done) => Some(done),
                Err(panic) => {
                    tracing::error!(task = name, "a background task failed");
                    resume_unwind(panic)
                }
            }
        })
    }

    /// Told when all are to end.
    pub fn stop(&self) -> &CancellationToken {
        &self.stop
    }

    /// Tells all to end, and waits for it a moment.
    pub async fn end(&self) {
        self.stop.cancel();
        self.tracker.close();
        if tokio::time::timeout(ENDING_TIME_MAX, self.tracker.wait()).await.is_err() {
            tracing::warn!("background tasks did not end in time");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_end_with_their_owner_and_failing_ones_stop_no_other() {
        let tasks = Tasks::default();
        let endless = tasks.spawn("endless", std::future::pending::<()>());
        let failing = tasks.spawn("failing", async { panic!("a fault") });
        let done = tasks.spawn("done", async { 7 });
        assert!(failing.await.unwrap_err().is_panic());
        assert_eq!(done.await.unwrap(), Some(7));
        assert!(!endless.is_finished());
        tasks.end().await;
        assert_eq!(endless.await.unwrap(), None);
        let late = tasks.spawn("late", std::future::pending::<()>());
        assert_eq!(late.await.unwrap(), None, "what begins after the end ends at once");
    }
}
