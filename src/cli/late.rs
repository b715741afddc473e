//! What `serve` answers from. It is opened when the first question (or a client's hello) comes, so that a client hears
//! of the tools at once, whatever is wrong with the configuration and however long a key takes to get.

mod reload;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Global;
use super::open::Opened;
use super::remedy;
use crate::app::App;
use crate::config::{Environment, draft};
use crate::operations::{CompanyState, Metrics, States};
use crate::transport::{Delivered, Deliveries, Readiness};
use answers::Companies;
use domain::CompanyName;
use mcp::{CompaniesSource, ToolFailure};
use reload::Stamps;

/// After a failure the next question tries again, but not sooner than this: after the configuration is mended the
/// assistant need not be started anew.
const RETRY_AFTER: Duration = Duration::from_secs(2);

type Opening = Shared<BoxFuture<'static, Result<Arc<Companies>, Refused>>>;

/// What cannot be opened, and since when that is known.
#[derive(Clone)]
struct Refused {
    failure: ToolFailure,
    at: Instant,
}

/// What is open for as long as the server runs.
struct Serving {
    app: App,
    /// The demo's service and folder last as long as they are asked.
    opened: Arc<Opened>,
}

/// The companies of a server that speaks before they are opened.
pub(super) struct Late {
    global: Global,
    names: Mutex<Arc<[CompanyName]>>,
    /// Counts what is asked of the service.
    metrics: Arc<Metrics>,
    /// The invented companies, which are there from the start.
    demo: Mutex<Option<Opened>>,
    opening: Mutex<Option<Opening>>,
    serving: Mutex<Option<Arc<Serving>>>,
    /// The first reading of the invented companies.
    filling: Mutex<Option<Shared<BoxFuture<'static, ()>>>>,
    /// What reads the configuration again.
    following: Mutex<Option<JoinHandle<()>>>,
    /// Told when it is to be read again now.
    asked_to_reload: Notify,
    stop: CancellationToken,
}

impl Late {
    /// Opens nothing but the demo's service. A configuration that cannot be used is told of on standard error, and to
    /// each call.
    pub(super) async fn new(global: &Global, metrics: Arc<Metrics>) -> anyhow::Result<Arc<Self>> {
        let demo = if global.is_demo() { Some(Opened::new(global).await?) } else { None };
        let names = match &demo {
            Some(opened) => opened.config.companies.iter().map(|company| company.name.clone()).collect(),
            None => match draft(&global.overrides(), &Environment::capture()) {
                Ok(draft) => draft.names(),
                Err(error) => {
                    eprintln!("error: {error}\nwhat to do: {}", error.remedy());
                    eprintln!("The tools are served all the same; each call says this.");
                    Vec::new()
                }
            },
        };
        Ok(Arc::new(Self {
            global: global.clone(),
            names: Mutex::new(names.into()),
            metrics,
            demo: Mutex::new(demo),
            opening: Mutex::default(),
            serving: Mutex::default(),
            filling: Mutex::default(),
            following: Mutex::default(),
            asked_to_reload: Notify::new(),
            stop: CancellationToken::new(),
        }))
    }

    /// Has the configuration read again now, whether or not a file changed.
    pub(super) fn reload(&self) {
        self.asked_to_reload.notify_one();
    }

    /// How the companies stand, for whoever sends numbers; nothing of this is kept alive by it.
    pub(super) fn states(self: &Arc<Self>) -> States {
        let late = Arc::downgrade(self);
        Arc::new(move || {
            let late = late.upgrade();
            async move {
                match late {
                    Some(late) => LateSource(late).states().await,
                    None => Vec::new(),
                }
            }
            .boxed()
        })
    }

    /// Stops what runs in the background and closes the files.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        // Nothing is opened after this: its folder would be left behind.
        let (opening, demo) = (locked(&self.opening).take(), locked(&self.demo).take());
        // One that is under way ends first, so that it does not leave behind what it makes.
        if let Some(opening) = opening {
            drop(opening.await);
        }
        let filling = locked(&self.filling).take();
        if let Some(filling) = filling {
            filling.await;
        }
        let following = locked(&self.following).take();
        if let Some(following) = following {
            drop(following.await);
        }
        let serving = locked(&self.serving).take();
        if let Some(serving) = &serving {
            serving.app.end().await;
        }
        let closing = tokio::task::spawn_blocking(move || {
            drop(demo);
            serving.map(|serving| serving.app.close())
        });
        drop(closing.await);
    }

    /// The opening under way or done; begins one where there is none, or where the last failed a while ago.
    fn opening(self: &Arc<Self>) -> Opening {
        let mut opening = locked(&self.opening);
        if let Some(known) = opening.as_ref() {
            let failed = known.peek().and_then(|done| done.as_ref().err().map(|refused| refused.at.elapsed()));
            if failed.is_none_or(|since| since < RETRY_AFTER) {
                return known.clone();
            }
        }
        // A task of its own: a caller who gives up does not stop it for the others.
        let running = tokio::spawn(Arc::clone(self).open());
        let begun = async move {
            let opened = running.await.unwrap_or_else(|_| Err(ToolFailure::internal()));
            opened.map_err(|failure| Refused { failure, at: Instant::now() })
        };
        let begun = begun.boxed().shared();
        *opening = Some(begun.clone());
        begun
    }

    async fn open(self: Arc<Self>) -> Result<Arc<Companies>, ToolFailure> {
        if self.stop.is_cancelled() {
            return Err(ToolFailure::new("the server is being stopped", "start it again"));
        }
        let demo = locked(&self.demo).take();
        let is_demo = demo.is_some();
        let stamps = if is_demo { Stamps::default() } else { Stamps::of(&self.global, &Stamps::default()).await };
        let opened = match demo {
            Some(opened) => Ok(opened),
            None => Opened::new(&self.global).await,
        };
        let opened = Arc::new(opened.map_err(|error| failure(&error))?);
        let app = opened.counted_app(&self.metrics).map_err(|error| failure(&error))?;
        app.keep_fresh(&self.stop);
        let companies = Arc::new(app.companies());
        *locked(&self.names) = app.names();
        let serving = Arc::new(Serving { app, opened });
        *locked(&self.serving) = Some(Arc::clone(&serving));
        if !is_demo {
            let following = Arc::clone(&self).follow(stamps);
            *locked(&self.following) = Some(tokio::spawn(following));
        }
        if is_demo {
            let stop = self.stop.clone();
            let filling = tokio::spawn(async move {
                if let Some(Err(error)) = Box::pin(stop.run_until_cancelled(serving.app.fill())).await {
                    tracing::warn!(%error, "the demo's mirror is not filled");
                }
            });
            *locked(&self.filling) = Some(filling.map(drop).boxed().shared());
        }
        Ok(companies)
    }
}

/// The companies as the server and the webhooks ask for them.
#[derive(Clone)]
pub(super) struct LateSource(pub(super) Arc<Late>);

impl CompaniesSource for LateSource {
    fn names(&self) -> Arc<[CompanyName]> {
        Arc::clone(&locked(&self.0.names))
    }

    fn companies(&self) -> BoxFuture<'_, Result<Arc<Companies>, ToolFailure>> {
        let opening = self.0.opening();
        async move { opening.await.map_err(|refused| refused.failure) }.boxed()
    }

    /// The invented companies are read in a moment; a question about them waits for that instead of failing.
    fn filled(&self) -> Option<BoxFuture<'_, ()>> {
        let filling = locked(&self.0.filling).clone()?;
        filling.peek().is_none().then(|| filling.boxed())
    }
}

impl Deliveries for LateSource {
    fn deliver(&self, company: String, secret: String, body: Vec<u8>) -> BoxFuture<'_, Delivered> {
        async move {
            if self.companies().await.is_err() {
                return Delivered::Later;
            }
            let serving = locked(&self.0.serving).clone();
            match serving.and_then(|serving| serving.app.deliveries()) {
                Some(deliveries) => deliveries.deliver(company, secret, body).await,
                None => Delivered::Unknown,
            }
        }
        .boxed()
    }
}

impl Readiness for LateSource {
    fn ready(&self) -> BoxFuture<'_, Result<(), String>> {
        async move {
            self.companies().await.map_err(|_| "the companies cannot be opened".to_owned())?;
            let serving = locked(&self.0.serving).clone();
            match serving {
                Some(serving) => serving.app.ready().await,
                None => Err("it is being stopped".to_owned()),
            }
        }
        .boxed()
    }

    fn states(&self) -> BoxFuture<'_, Vec<CompanyState>> {
        async move {
            // A monitor does not open anything.
            let serving = locked(&self.0.serving).clone();
            match serving {
                Some(serving) => serving.app.states().await,
                None => Vec::new(),
            }
        }
        .boxed()
    }
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error as every call tells it.
fn failure(error: &anyhow::Error) -> ToolFailure {
    let next =
        remedy::of(error).unwrap_or_else(|| "run `spectora-mcp doctor` on the machine that serves this".to_owned());
    let next = format!("{next}. Then ask again; if it stays, restart spectora-mcp (its entry in the assistant)");
    ToolFailure::new(format!("spectora-mcp cannot be used as it is set up: {error:#}"), next)
}
