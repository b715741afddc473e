//! What one question costs: the requests that leave for it, wherever in this process they are made.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::Either;
use jiff::Timestamp;

tokio::task_local! {
    /// Whose requests the task under way makes.
    static QUESTION: Arc<Tally>;
}

/// So many requests of a question are told one by one.
const TOLD_MAX: usize = 256;

/// The [`SentRequest::fault`] of a request whose key was refused.
pub const KEY_REFUSED: &str = "key_refused";

/// One request to the service, without anything of what was asked or answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentRequest {
    /// When it left.
    pub left_at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// The host of the configured origin.
    pub host: Arc<str>,
    /// The port there.
    pub port: u16,
    /// The path without what it was about, such as `/v2/inspections/{id}`.
    pub template: String,
    /// Which try of the same request it was, from 1.
    pub attempt: u32,
    /// The HTTP status, where one came.
    pub status: Option<u16>,
    /// What went wrong, in a word, whatever the status.
    pub fault: Option<&'static str>,
}

/// What a question cost.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cost {
    /// How many requests left for it until it was answered, each try counted: its own, and those of a sync that it began.
    /// What another question or a schedule began is not among them, and neither is what goes on after the answer.
    pub requests: u64,
    /// Those that ended by then, at most the first 256.
    pub sent: Vec<SentRequest>,
}

/// Hears of every request. It must not wait for anything.
pub trait RequestWatch: Send + Sync + 'static {
    /// A request has ended; `is_told` says that the [`Cost`] of a question will name it too.
    fn ended(&self, request: &SentRequest, is_told: bool);
}

/// The requests of one question.
#[derive(Debug)]
struct Tally {
    left: AtomicU64,
    /// Those that ended; `None` once the question is answered.
    ended: Mutex<Option<Vec<SentRequest>>>,
}

/// The answer to a question, and what it cost.
pub async fn costed<T>(question: impl Future<Output = T>) -> (T, Cost) {
    let tally = Arc::new(Tally { left: AtomicU64::new(0), ended: Mutex::new(Some(Vec::new())) });
    let answer = QUESTION.scope(Arc::clone(&tally), question).await;
    let sent = tally.ended.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    (answer, Cost { requests: tally.left.load(Ordering::Relaxed), sent })
}

/// The same work, for a task of its own, which counts for the question that begins it; for none where none does.
pub fn for_this_question<T>(work: impl Future<Output = T>) -> impl Future<Output = T> {
    // Not an `async` block, which would hold the work twice: a thousand schedules would be felt.
    match QUESTION.try_with(Arc::clone) {
        Ok(question) => Either::Left(QUESTION.scope(question, work)),
        Err(_) => Either::Right(work),
    }
}

/// A request leaves.
pub(super) fn left() {
    QUESTION.try_with(|tally| tally.left.fetch_add(1, Ordering::Relaxed)).ok();
}

/// A request has ended. Says whether its question will tell of it.
pub(super) fn ended(request: &SentRequest) -> bool {
    let told = QUESTION.try_with(|tally| {
        let mut ended = tally.ended.lock().unwrap_or_else(PoisonError::into_inner);
        match ended.as_mut().filter(|ended| ended.len() < TOLD_MAX) {
            Some(ended) => {
                ended.push(request.clone());
                true
            }
            None => false,
        }
    });
    told.unwrap_or(false)
}
