//! Follows the configuration while it is served: companies are added, changed and removed, and keys read again.
//!
//! A file that changed is read once it has stayed the same for a moment. What cannot be used changes nothing.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use tokio::time::{Instant, MissedTickBehavior};

use super::super::Global;
use super::{Late, Serving, locked};
use crate::app::CompanyChanges;
use crate::config::{Config, ConfigError, Environment, draft, load};
use domain::{Clock as _, SystemClock};

/// How often it is looked whether a file changed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A key that was refused is looked for anew not more often than this: a command that prints it may ask a person.
const KEYS_AGAIN_AFTER: Duration = Duration::from_secs(60);

/// What tells that a file is another one.
type Stamp = (Option<SystemTime>, u64, u64);

/// The files of a configuration as they were at one time; `None` for one that is not there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Stamps {
    files: Vec<(PathBuf, Option<Stamp>)>,
    /// Year and month: what is left out by age moves with the month.
    month: (i16, i8),
}

impl Stamps {
    /// Of the files that the configuration names now; where it cannot be read, of those it named `before`.
    pub(super) async fn of(global: &Global, before: &Self) -> Self {
        let overrides = global.overrides();
        let before: Vec<PathBuf> = before.files.iter().map(|(file, _)| file.clone()).collect();
        let look = move || {
            let environment = Environment::capture();
            match draft(&overrides, &environment) {
                Ok(draft) => Self::now(draft.files()),
                Err(_) => Self::now(&before),
            }
        };
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    fn now(files: &[PathBuf]) -> Self {
        let today = jiff::tz::TimeZone::UTC.to_datetime(SystemClock.now()).date();
        let files = files.iter().map(|file| (file.clone(), stamp(file))).collect();
        Self { files, month: (today.year(), today.month()) }
    }

    /// The same files now.
    async fn again(&self) -> Self {
        let files: Vec<PathBuf> = self.files.iter().map(|(file, _)| file.clone()).collect();
        tokio::task::spawn_blocking(move || Self::now(&files)).await.unwrap_or_default()
    }
}

fn stamp(file: &std::path::Path) -> Option<Stamp> {
    let metadata = std::fs::metadata(file).ok()?;
    #[cfg(unix)]
    let number = std::os::unix::fs::MetadataExt::ino(&metadata);
    #[cfg(not(unix))]
    let number = 0;
    Some((metadata.modified().ok(), metadata.len(), number))
}

impl Late {
    /// Reads the configuration again when one of its files changed since `stamps`, when it is asked to, and when a key was
    /// refused; until the server stops.
    pub(super) async fn follow(self: Arc<Self>, stamps: Stamps) {
        let (mut used, mut seen) = (stamps.clone(), stamps);
        let mut keys_at = Instant::now().checked_sub(KEYS_AGAIN_AFTER).unwrap_or_else(Instant::now);
        // Refusals may come faster than looks, and must not put them off.
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let Some(serving) = locked(&self.serving).clone() else { return };
            let is_asked = tokio::select! {
                () = self.stop.cancelled() => return,
                () = self.asked_to_reload.notified() => true,
                () = serving.app.key_refused() => {
                    if keys_at.elapsed() < KEYS_AGAIN_AFTER {
                        continue;
                    }
                    keys_at = Instant::now();
                    true
                }
                _ = looks.tick() => false,
            };
            let now = used.again().await;
            // Who writes a file may not be done with it yet.
            let is_settled = now == seen;
            seen = now.clone();
            if is_asked || (is_settled && now != used) {
                let Some(read) = self.stop.run_until_cancelled(self.read_again(&serving, &used)).await else { return };
                (used, seen) = (read.clone(), read);
            }
        }
    }

    /// Gives the files as they were just before they were read.
    async fn read_again(&self, serving: &Arc<Serving>, used: &Stamps) -> Stamps {
        let stamps = Stamps::of(&self.global, used).await;
        let overrides = self.global.overrides();
        let loading = tokio::task::spawn_blocking(move || load(&overrides, &Environment::capture())).await;
        let done = match loading {
            Ok(Ok(config)) => self.change_to(&config, serving).await,
            Ok(Err(error)) => Err(reason(&error)),
            Err(_) => Err("it could not be read".to_owned()),
        };
        match done {
            Ok(CompanyChanges { added: 0, changed: 0, removed: 0 }) => {}
            Ok(CompanyChanges { added, changed, removed }) => eprintln!(
                "the configuration was read again; companies added: {added}, changed: {changed}, removed: {removed}"
            ),
            Err(reason) => {
                eprintln!("error: the configuration was changed and cannot be used, so nothing is different: {reason}");
                let notice =
                    format!("the configuration was changed and cannot be used, so it answers as before: {reason}");
                self.answer_from(serving, Some(&notice));
            }
        }
        stamps
    }

    /// Serves what this configuration says from now on.
    async fn change_to(&self, config: &Config, serving: &Arc<Serving>) -> Result<CompanyChanges, String> {
        let app = serving.app.renewed(config).map_err(|error| error.to_string())?;
        let changes = app.changes_since(&serving.app);
        if changes == CompanyChanges::default() {
            // What was wrong with the files before is mended.
            self.answer_from(serving, None);
            return Ok(changes);
        }
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
        app.forget_failures(&serving.app).await;
        serving.app.retire(&app);
        app.keep_fresh(&self.stop);
        let next = Arc::new(Serving { app, opened: Arc::clone(&serving.opened) });
        *locked(&self.names) = next.app.names();
        self.answer_from(&next, None);
        Ok(changes)
    }

    /// Questions that come from now on are answered from this.
    fn answer_from(&self, serving: &Arc<Serving>, notice: Option<&str>) {
        let companies = serving.app.companies();
        let companies = Arc::new(match notice {
            Some(notice) => companies.with_notice(notice),
            None => companies,
        });
        *locked(&self.opening) = Some(std::future::ready(Ok(companies)).boxed().shared());
        *locked(&self.serving) = Some(Arc::clone(serving));
    }
}

fn reason(error: &ConfigError) -> String {
    format!("{error}; {}", error.remedy())
}
