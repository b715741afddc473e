//! The long-lived parts, built once from the settled configuration.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::config::Config;
use crate::domain::{Clock, CompanyName};
use crate::mcp::{ServedCompany, SpectoraServer};
use crate::records::Records;
use crate::spectora::{
    BaseUrl, BaseUrlError, ClientBuildError, ClientLimits, ClientSettings, Endpoint, SpectoraClient,
};

/// The parts do not fit together.
#[derive(Debug, thiserror::Error)]
pub enum AppError {
    /// The address is not one a key is sent to.
    #[error("base_url: {0}")]
    BaseUrl(#[from] BaseUrlError),
    /// No client can be made for a company.
    #[error("company {company}: {source}")]
    Client {
        /// Which.
        company: CompanyName,
        /// Why.
        source: ClientBuildError,
    },
}

/// A client for each company, in the order of their names.
pub fn clients(config: &Config, clock: &Arc<dyn Clock>) -> Result<Vec<SpectoraClient>, AppError> {
    let base_url: BaseUrl = config.base_url.as_deref().unwrap_or(BaseUrl::DEFAULT).parse()?;
    let paths: BTreeMap<Endpoint, String> = Endpoint::ALL
        .iter()
        .filter_map(|endpoint| Some((*endpoint, config.paths.get(endpoint.name())?.clone())))
        .collect();
    let one = |company: &crate::config::Company| {
        let settings = ClientSettings {
            company: company.name.clone(),
            base_url: base_url.clone(),
            api_key: company.api_key.clone(),
            timezone: company.timezone.clone(),
            paths: paths.clone(),
            requests_per_minute: company.requests_per_minute,
            limits: ClientLimits::default(),
            known_services: company.known_services.clone(),
            meter: None,
            changed_since: None,
        };
        SpectoraClient::new(settings, Arc::clone(clock))
            .map_err(|source| AppError::Client { company: company.name.clone(), source })
    };
    config.companies.iter().map(one).collect()
}

/// The MCP server for these companies. No request is made.
pub fn server(config: &Config, clock: &Arc<dyn Clock>) -> Result<SpectoraServer, AppError> {
    let clients = clients(config, clock)?;
    let companies = config.companies.iter().zip(clients).map(|(company, client)| ServedCompany {
        name: company.name.clone(),
        display_name: company.display_name.clone(),
        records: Arc::new(Records::new(client, Arc::clone(clock))),
    });
    Ok(SpectoraServer::new(companies.collect(), Arc::clone(clock)))
}
