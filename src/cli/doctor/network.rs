//! How the service is reached from here: the address, a proxy, and whose certificates are believed.

use super::Finding;
use crate::config::{Config, Environment};
use spectora::BaseUrl;

/// What the settings of this machine's network mean for Spectora.
pub(super) fn examine(config: &Config, environment: &Environment) -> Vec<Finding> {
    let given = config.base_url.as_deref();
    let Ok(origin) = given.unwrap_or(BaseUrl::DEFAULT).parse::<BaseUrl>() else { return Vec::new() };
    // What is on this machine is reached without a proxy.
    if origin.is_loopback() {
        return vec![Finding::fine("service", format!("{origin}, on this machine, instead of Spectora itself"))];
    }
    let mut findings = Vec::new();
    if given.is_some_and(|_| origin.to_string().trim_end_matches('/') != BaseUrl::DEFAULT) {
        findings.push(Finding::fine("service", format!("{origin}, instead of {}", BaseUrl::DEFAULT)));
    }
    if let Some((name, host)) = environment.proxy() {
        let except = environment.get("NO_PROXY").or_else(|| environment.get("no_proxy"));
        let except = except.map(|hosts| format!(", except for {hosts} (NO_PROXY)")).unwrap_or_default();
        findings.push(Finding::fine("network", format!("through the proxy {host} ({name}){except}")));
    }
    for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
        let Some(place) = environment.get(name) else { continue };
        findings.push(if std::path::Path::new(&place).exists() {
            Finding::fine("network", format!("certificates are checked by those in {place} ({name})"))
        } else {
            let next = format!("correct {name}, or unset it to use this system's own authorities");
            Finding::wrong("network", format!("{name} names {place}, which is not there"), next)
        });
    }
    findings
}
