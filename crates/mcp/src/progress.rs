//! Telling a client that asked for it how far a long call is.

use std::pin::pin;
use std::time::Duration;

use futures_util::future::{Either, select};
use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::Peer;
use tokio::sync::mpsc;

use records::{Kind, Progress};

tokio::task_local! {
    /// Where the call under way reports to; nowhere when its client did not ask.
    static REPORT: Option<mpsc::Sender<String>>;
}

/// Reports that may wait to be sent; more are left out, since only the latest matters.
const WAITING_MAX: usize = 16;
/// How long an answer waits for the last reports to be sent.
const LAST_REPORTS_TIME_MAX: Duration = Duration::from_secs(1);

/// Runs a call whose client asked to hear of its progress under this token, if it did.
pub(super) async fn reporting<T>(
    token: Option<ProgressToken>,
    peer: Peer<RoleServer>,
    call: impl Future<Output = T>,
) -> T {
    let Some(token) = token else { return REPORT.scope(None, call).await };
    let (sender, mut receiver) = mpsc::channel::<String>(WAITING_MAX);
    let send = async move {
        let mut step = 0.0;
        while let Some(message) = receiver.recv().await {
            step += 1.0;
            let report = ProgressNotificationParam::new(token.clone(), step).with_message(message);
            if peer.notify_progress(report).await.is_err() {
                break;
            }
        }
    };
    let call = async { REPORT.scope(Some(sender), call).await };
    match select(pin!(call), pin!(send)).await {
        Either::Left((answer, send)) => {
            // A report on its way would come after the answer, and after that none may come.
            drop(tokio::time::timeout(LAST_REPORTS_TIME_MAX, send).await);
            answer
        }
        // The call goes on when its client has stopped listening.
        Either::Right(((), call)) => call.await,
    }
}

/// Passes the steps of a sync on to whoever hears of the call under way.
#[derive(Clone)]
pub(super) struct Reporter(Option<mpsc::Sender<String>>);

impl Reporter {
    /// For the call under way.
    pub(super) fn current() -> Self {
        Self(REPORT.try_with(Clone::clone).ok().flatten())
    }
}

impl Progress for Reporter {
    fn stored(&self, kind: Kind, rows: u64, of: Option<u64>) {
        if let Some(sender) = &self.0 {
            let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
            drop(sender.try_send(format!("{}: {rows}{of}", kind.name())));
        }
    }
}
