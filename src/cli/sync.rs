//! `sync`: brings the mirrors up to date by hand.

use std::collections::HashMap;
use std::io::IsTerminal as _;
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::Duration;

use clap::Args;
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::open::{Opened, usable};
use super::{EXIT_ANSWER_IS_ERROR, Global, output};
use jiff::{SignedDuration, Timestamp};

use mirror::Kind;
use sync::{Plan, Progress, Scope, SyncReport, Syncer};

/// Reads what changed; the first time, everything. Stopped in the middle, it goes on where it was.
#[derive(Debug, Args)]
pub(super) struct SyncArgs {
    /// Read everything again; this also finds what was deleted.
    #[arg(long)]
    full: bool,
    /// Read everything, and believe it when many known records are no longer listed.
    #[arg(long)]
    accept_gone: bool,
    /// Only say what would be done and what it would cost (counting takes up to four calls the first time).
    #[arg(long)]
    dry_run: bool,
}

impl SyncArgs {
    /// What changed; the first time, everything.
    pub(super) fn usual() -> Self {
        Self { full: false, accept_gone: false, dry_run: false }
    }
}

pub(super) async fn run(global: &Global, args: &SyncArgs) -> anyhow::Result<ExitCode> {
    let opened = Opened::new(global).await?;
    let app = opened.app()?;
    if opened.config.data_dir.is_none() {
        anyhow::bail!("there is no mirror to sync: leave out --no-mirror");
    }
    let scope = match (args.accept_gone, args.full) {
        (true, _) => Scope::AcceptGone,
        (false, true) => Scope::Full,
        (false, false) => Scope::Auto,
    };
    let mut all_done = true;
    for (company, syncer) in app.mirrors() {
        let Some(syncer) = usable(company, syncer) else {
            all_done = false;
            continue;
        };
        if args.dry_run {
            output::line(&format!("{company}:\n{}", described(&syncer.counted_plan(scope).await?)));
            continue;
        }
        announce(syncer, scope, opened.clock.now()).await;
        let bars = Bars::new();
        let started = std::time::Instant::now();
        let result = syncer.sync(scope, &bars).await;
        bars.finish();
        match result {
            Ok(report) => {
                all_done &= report.is_complete();
                output::line(&summary(&report, syncer, started.elapsed()).await?);
            }
            Err(error) => {
                all_done = false;
                output::line(&format!("{company}: {error}\n  -> {}", error.remedy()));
            }
        }
    }
    Ok(if all_done { ExitCode::SUCCESS } else { ExitCode::from(EXIT_ANSWER_IS_ERROR) })
}

/// Says how long a long sync will take, before it begins; a short one needs no announcement.
async fn announce(syncer: &Syncer, scope: Scope, now: Timestamp) {
    // What cannot be counted now fails again in a moment, and is told then.
    let Ok(plan) = syncer.counted_plan(scope).await else { return };
    if plan.minutes() == 0 {
        return;
    }
    let ready = SignedDuration::from_mins(i64::try_from(plan.minutes()).unwrap_or(i64::MAX / 60));
    let ready = now.checked_add(ready).map(|at| at.to_zoned_datetime(syncer.mirror().timezone().clone()));
    let ready = ready.map_or_else(|_| "later".to_owned(), |at| at.strftime("%-I:%M %p %Z").to_string());
    eprintln!(
        "{}: about {} API calls at {} a minute, done at about {ready}",
        syncer.company(),
        plan.calls(),
        plan.per_minute
    );
}

fn described(plan: &Plan) -> String {
    let mut lines: Vec<String> = plan
        .steps
        .iter()
        .map(|step| {
            let calls = step.calls.map_or("unknown".to_owned(), |calls| calls.to_string());
            format!("  {:<17} {:<46} {calls:>6} calls", step.kind.name(), step.way.name())
        })
        .collect();
    if lines.is_empty() {
        lines.push("  nothing is due".to_owned());
    }
    let mut sum = format!("  together {} calls", plan.calls());
    if 0 < plan.minutes() {
        sum.push_str(&format!(", at least {} minutes at {} calls a minute", plan.minutes(), plan.per_minute));
    }
    if let Some(left) = plan.left {
        let fits = if plan.calls() <= left { "fits into" } else { "DOES NOT FIT into" };
        sum.push_str(&format!("; {fits} the {left} calls this month's budget leaves"));
    }
    lines.push(sum);
    lines.join("\n")
}

async fn summary(report: &SyncReport, syncer: &Syncer, took: Duration) -> anyhow::Result<String> {
    let status = syncer.status().await?;
    let mut text = format!("{}: {} calls in {:.1} s\n", report.company, report.calls, took.as_secs_f64());
    for (kind, _, here) in &status.kinds {
        let steps = report.steps.iter().filter(|step| step.kind == *kind);
        let mut count = mirror::StoreCount::default();
        steps.for_each(|step| count.add(step.count));
        text.push_str(&format!(
            "  {:<17} {here:>8} here, {} new, {} changed, {} gone\n",
            kind.name(),
            count.new,
            count.changed,
            count.gone
        ));
    }
    let budget = status.month.budget.map(|budget| format!(" of {budget}")).unwrap_or_default();
    text.push_str(&format!(
        "  {:.1} MB on disk; {}{budget} calls this month",
        status.bytes as f64 / 1e6,
        status.month.total
    ));
    if status.month.is_low() {
        text.push_str(" (more than 80 %)");
    }
    let gaps = report.gaps.iter().map(|(kind, gap)| mcp::mirror_gap_words(*kind, *gap));
    let failed = report.failed.iter().map(|(kind, error)| format!("{}: {}", kind.name(), error.for_note()));
    for missing in gaps.chain(failed) {
        text.push_str(&format!("\n  INCOMPLETE  {missing}"));
    }
    Ok(text)
}

/// Bars on a terminal; elsewhere a line a few seconds apart.
struct Bars {
    shown: MultiProgress,
    bars: Mutex<HashMap<Kind, ProgressBar>>,
    last_line: Mutex<Option<std::time::Instant>>,
    is_terminal: bool,
}

/// Where there is no terminal, lines are at least this far apart.
const LINE_EVERY: Duration = Duration::from_secs(5);

impl Bars {
    fn new() -> Self {
        Self {
            shown: MultiProgress::new(),
            bars: Mutex::default(),
            last_line: Mutex::default(),
            is_terminal: std::io::stderr().is_terminal(),
        }
    }

    fn finish(&self) {
        for bar in self.bars.lock().unwrap_or_else(std::sync::PoisonError::into_inner).values() {
            bar.finish();
        }
    }
}

impl Progress for Bars {
    fn stored(&self, kind: Kind, rows: u64, of: Option<u64>) {
        if self.is_terminal {
            let mut bars = self.bars.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            let bar = bars.entry(kind).or_insert_with(|| {
                let bar = self.shown.add(ProgressBar::new(of.unwrap_or(rows)));
                let style = ProgressStyle::with_template("{prefix:17} {bar:32} {pos}/{len} {elapsed}");
                bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
                bar.set_prefix(kind.name());
                bar
            });
            bar.set_length(of.unwrap_or(rows).max(rows));
            bar.set_position(rows);
            return;
        }
        let mut last = self.last_line.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if last.is_none_or(|last| LINE_EVERY <= last.elapsed()) || Some(rows) == of {
            *last = Some(std::time::Instant::now());
            let of = of.map(|of| format!(" of {of}")).unwrap_or_default();
            eprintln!("{}: {rows}{of}", kind.name());
        }
    }
}
