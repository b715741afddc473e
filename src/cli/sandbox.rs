//! `sandbox`: the simulated service on its own.

use std::net::{Ipv4Addr, SocketAddr};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use super::{Global, output, serve};
use domain::{Clock as _, SystemClock};
use sandbox::{Difference, Faults, Limits, Profile, RetryAfter, Sandbox, SandboxOptions};

/// Two invented companies behind the same paths, filters, limits and faults as the real service is thought to have.
#[derive(Debug, Args)]
pub(super) struct SandboxArgs {
    /// The port on this machine; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
    /// What the companies are made from; the same seed on the same day makes the same companies.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many inspections, over both companies.
    #[arg(long, value_name = "N")]
    inspections: Option<u64>,
    /// Which filters work: full, minimal, strict or blind.
    #[arg(long, default_value = "full")]
    profile: Profile,
    /// Let `filter[updated_at_greater_than]` work.
    #[arg(long)]
    changed_since: bool,
    /// The most requests per minute and key; more are answered 429.
    #[arg(long, value_name = "N")]
    per_minute: Option<u32>,
    /// The most requests per month and key.
    #[arg(long, value_name = "N")]
    monthly: Option<u64>,
    /// How a 429 says when to come back: seconds, date or absent.
    #[arg(long, value_parser = retry_after, default_value = "seconds")]
    retry_after: RetryAfter,
    /// A fault, such as `inspections:3=503` or `*:20%=any`; may be given several times.
    #[arg(long = "fault", value_name = "RULE")]
    faults: Vec<String>,
    /// What it calls or writes otherwise than expected, such as `attribute:inspections.datetime=starts_at`, `page:first=0` or
    /// `envelope:data=results`; may be given several times.
    #[arg(long = "differs", value_name = "WHAT")]
    differences: Vec<Difference>,
}

fn retry_after(text: &str) -> Result<RetryAfter, String> {
    match text {
        "seconds" => Ok(RetryAfter::Seconds),
        "date" => Ok(RetryAfter::Date),
        "absent" => Ok(RetryAfter::Absent),
        _ => Err("one of seconds, date, absent".to_owned()),
    }
}

pub(super) async fn run(_global: &Global, args: &SandboxArgs) -> anyhow::Result<ExitCode> {
    let mut options = SandboxOptions::new(SystemClock.now());
    options.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, args.port));
    options.clock = Arc::new(SystemClock);
    options.seed = args.seed;
    options.inspections = args.inspections;
    options.profile = args.profile;
    options.changed_since = args.changed_since;
    options.limits = Limits { per_minute: args.per_minute, monthly: args.monthly, retry_after: args.retry_after };
    options.faults = Faults::parse(args.faults.iter().map(String::as_str)).map_err(anyhow::Error::msg)?;
    options.differences.clone_from(&args.differences);
    let sandbox = Sandbox::start(options).await?;
    output::line(&sandbox::summary(&sandbox));
    serve::told_to_stop().await;
    sandbox.stop().await;
    Ok(ExitCode::SUCCESS)
}
