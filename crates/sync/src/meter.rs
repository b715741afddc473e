//! The ledger as the client's meter.

use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use domain::{Clock, CompanyName, SystemClock};
use mirror::{Ledger, LedgerAnswer, LedgerSettings, MirrorError};
use spectora::{CallMeter, CallOutcome, Departure, Endpoint, Purpose, Ticket, Uncounted};

/// How long a request waits before it asks a ledger again that could not answer.
const RETRY: Duration = Duration::from_millis(250);

/// Counts one company's calls in the shared ledger.
pub struct LedgerMeter {
    ledger: Arc<Ledger>,
    settings: LedgerSettings,
    /// Decides the month a call is counted in.
    clock: Arc<dyn Clock>,
}

/// The calendar month (UTC) as `year * 100 + month`.
pub(super) fn month_of(at: Timestamp) -> u32 {
    let date = at.to_zoned_datetime(jiff::tz::TimeZone::UTC).date();
    u32::from(date.year().unsigned_abs()) * 100 + u32::from(date.month().unsigned_abs())
}

/// The real time, in milliseconds: the cap is about real minutes, whatever clock the questions live by.
fn real_now() -> i64 {
    SystemClock.now().as_millisecond()
}

impl LedgerMeter {
    /// A meter on this ledger.
    pub fn new(ledger: Arc<Ledger>, settings: LedgerSettings, clock: Arc<dyn Clock>) -> Self {
        Self { ledger, settings, clock }
    }

    /// Runs `work` on the ledger outside the async threads.
    async fn with<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Ledger, &LedgerSettings) -> Result<T, MirrorError> + Send + 'static,
    ) -> Result<T, MirrorError> {
        let (ledger, settings) = (Arc::clone(&self.ledger), self.settings.clone());
        match mirror::changing(move || work(&ledger, &settings)).await {
            Ok(value) => Ok(value),
            Err(error) => {
                tracing::warn!(company = self.company().as_str(), %error, "the ledger of calls did not answer");
                Err(error)
            }
        }
    }

    fn company(&self) -> &CompanyName {
        &self.settings.company
    }
}

impl CallMeter for LedgerMeter {
    fn depart(&self, endpoint: Endpoint, purpose: Purpose) -> BoxFuture<'_, Departure> {
        async move {
            let month = month_of(self.clock.now());
            let is_background = purpose == Purpose::Background;
            let asked = self
                .with(move |ledger, settings| {
                    ledger.depart(settings, endpoint.name(), month, real_now(), is_background)
                })
                .await;
            match asked {
                Ok(LedgerAnswer::Go) => Departure::Go(Ticket { endpoint, month }),
                Ok(LedgerAnswer::Wait(ms)) => Departure::Wait(Duration::from_millis(ms.unsigned_abs())),
                Ok(LedgerAnswer::Over { used, budget }) => Departure::OverBudget { used, budget },
                // Nothing leaves uncounted. Another process is done with the file in a moment; the rest does not pass by
                // itself.
                Err(MirrorError::Busy | MirrorError::Closed) => Departure::Wait(RETRY),
                Err(MirrorError::LedgerDamaged { .. }) => Departure::Uncounted(Uncounted::Damaged),
                Err(error) if error.is_disk_full() => Departure::Uncounted(Uncounted::DiskFull),
                Err(_) => Departure::Uncounted(Uncounted::Unusable),
            }
        }
        .boxed()
    }

    fn arrive(&self, ticket: Ticket, outcome: CallOutcome) -> BoxFuture<'_, ()> {
        async move {
            self.with(move |ledger, settings| {
                ledger.arrive(&settings.company, ticket.endpoint.name(), ticket.month, outcome.name())
            })
            .await
            .ok();
        }
        .boxed()
    }

    fn pause(&self, wait: Duration) -> BoxFuture<'_, ()> {
        async move {
            let until = real_now().saturating_add(i64::try_from(wait.as_millis()).unwrap_or(i64::MAX));
            self.with(move |ledger, settings| ledger.pause(&settings.company, until)).await.ok();
        }
        .boxed()
    }
}
