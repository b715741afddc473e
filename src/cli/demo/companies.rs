//! The invented companies: a simulated service, mirrors that are gone with the program, and a configuration of both.

use std::num::NonZeroU32;
use std::path::PathBuf;

use jiff::Timestamp;
use sandbox::{Sandbox, SandboxOptions};
use secrecy::SecretString;

use super::super::Global;
use super::folder::DemoFolder;
use crate::config::{Company, Config, Environment, ForgottenFile};

/// Requests per minute on the simulated service, which has no cap of its own.
const REQUESTS_PER_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(9_999);

/// What the invented companies stand on; ends when dropped.
pub(crate) struct Demo {
    /// The mirrors; deleted at the end.
    _folder: Option<DemoFolder>,
    /// Lives as long as it is asked.
    _sandbox: Sandbox,
}

impl Demo {
    /// Starts the simulated service; gives the configuration that points at it. `now` is the day its calendars run to.
    pub(crate) async fn start(global: &Global, now: Timestamp) -> anyhow::Result<(Config, Self)> {
        let options = SandboxOptions { inspections: global.demo_inspections, ..SandboxOptions::new(now) };
        let sandbox = Sandbox::start(options).await?;
        // The mirror of invented companies is gone with the program, unless a place for it is named.
        let given = global.data_dir.clone().map(|folder| Environment::capture().expand(folder)).transpose()?;
        let folder = if global.no_mirror || given.is_some() { None } else { Some(DemoFolder::new()?) };
        let data_dir = folder.as_ref().map(|folder| folder.path().to_owned()).or(given);
        let mut config = config(&sandbox, &global.companies, data_dir.filter(|_| !global.no_mirror))?;
        if let Some(folder) = &config.data_dir {
            let forgotten = ForgottenFile::read(folder)?;
            for company in &mut config.companies {
                company.forgotten = forgotten.of(&company.name);
            }
        }
        Ok((config, Self { _folder: folder, _sandbox: sandbox }))
    }
}

/// A configuration of the invented companies.
fn config(sandbox: &Sandbox, wanted: &[String], data_dir: Option<PathBuf>) -> anyhow::Result<Config> {
    let mut companies = Vec::new();
    for company in sandbox.companies() {
        if !wanted.is_empty() && !wanted.iter().any(|name| name == company.name) {
            continue;
        }
        companies.push(Company {
            name: company.name.parse()?,
            display_name: Some(company.display_name.to_string()),
            timezone: jiff::tz::TimeZone::get(company.timezone)?,
            api_key: SecretString::from(company.api_key.clone()),
            requests_per_minute: REQUESTS_PER_MINUTE,
            known_services: vec!["Pool, Spa & Deck Inspection".to_owned()],
            naming: domain::Naming::default(),
            week_starts: domain::WeekStart::default(),
            monthly_budget: None,
            keeping: crate::config::Keeping::default(),
            forgotten: spectora::Forgotten::default(),
        });
    }
    if companies.is_empty() {
        let names: Vec<&str> = sandbox.companies().iter().map(|company| company.name).collect();
        anyhow::bail!("no such company in the demo; there are: {}", names.join(", "));
    }
    companies.sort_by(|left, right| left.name.cmp(&right.name));
    Ok(Config {
        companies,
        base_url: Some(sandbox.base_url()),
        paths: std::collections::BTreeMap::new(),
        data_dir,
        changed_since_filter: None,
        corrections: std::sync::Arc::default(),
        files: Vec::new(),
        sources: vec!["the built-in demo companies".to_owned()],
        warnings: Vec::new(),
    })
}
