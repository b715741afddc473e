//! What a client is made of.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use jiff::tz::TimeZone;
use secrecy::SecretString;

use super::corrections::Corrections;
use super::cost::RequestWatch;
use super::forgotten::Forgotten;
use super::http::Http;
use super::limits::ClientLimits;
use super::meter::CallMeter;
use super::origin::BaseUrl;
use super::query::{ChangedSinceName, Endpoint};
use domain::{CompanyName, Naming};

/// Everything a client of one company needs.
#[derive(Clone)]
pub struct ClientSettings {
    /// Whose client it is; for logs.
    pub company: CompanyName,
    /// Connections to the service.
    pub http: Http,
    /// Where the service is.
    pub base_url: BaseUrl,
    /// The company's key.
    pub api_key: SecretString,
    /// The zone of the company's civil days.
    pub timezone: TimeZone,
    /// Paths that differ from [`Endpoint::default_path`].
    pub paths: BTreeMap<Endpoint, String>,
    /// The most requests in any sixty seconds.
    pub requests_per_minute: NonZeroU32,
    /// The limits of one call.
    pub limits: ClientLimits,
    /// Services whose own names hold a comma, so that they are not split.
    pub known_services: Vec<String>,
    /// What the company says about names.
    pub naming: Naming,
    /// The one name to try for a filter by the time of change; `None` tries the likely ones.
    pub changed_since: Option<ChangedSinceName>,
    /// What the service calls and writes otherwise than expected.
    pub corrections: Arc<Corrections>,
    /// Whom no record tells of.
    pub forgotten: Forgotten,
    /// Where calls are counted and capped together with other processes; `None` counts in this process only.
    pub meter: Option<Arc<dyn CallMeter>>,
    /// Hears of every request.
    pub watch: Option<Arc<dyn RequestWatch>>,
}
