//! Where spans and numbers are sent, by the option and by the standard variables of OpenTelemetry.

use url::Url;

use super::Environment;
use super::error::ConfigError;
use crate::operations::Collector;
use domain::is_this_machine;

/// What both signals' addresses begin with.
const BOTH: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";

/// The collector that `given` (`--otlp`) names, else the variables do; `None` where nothing is to be sent. The address of
/// one signal stands as it is, the one of both is continued by `/v1/traces` and `/v1/metrics`.
pub fn collector(given: Option<&str>, environment: &Environment) -> Result<Option<Collector>, ConfigError> {
    let is_off = |name: &str, off: &str| environment.get(name).is_some_and(|value| value.eq_ignore_ascii_case(off));
    let signal = |signal: &str| -> Result<Option<Url>, ConfigError> {
        let upper = signal.to_uppercase();
        let (own, base) = match given {
            Some(given) => (None, Some(("--otlp".to_owned(), given.to_owned()))),
            None if is_off("OTEL_SDK_DISABLED", "true") || is_off(&format!("OTEL_{upper}_EXPORTER"), "none") => {
                (None, None)
            }
            None => {
                let named = |name: String| environment.get(&name).map(|value| (name, value));
                (named(format!("OTEL_EXPORTER_OTLP_{upper}_ENDPOINT")), named(BOTH.to_owned()))
            }
        };
        let base = base.map(|(place, base)| (place, format!("{}/v1/{signal}", base.trim().trim_end_matches('/'))));
        own.or(base).map(|(place, address)| address_of(place, &address)).transpose()
    };
    let (traces, metrics) = (signal("traces")?, signal("metrics")?);
    let mut addresses = traces.iter().chain(&metrics).peekable();
    if addresses.peek().is_none() {
        return Ok(None);
    }
    let addresses: Vec<&Url> = addresses.collect();
    let is_here = addresses.iter().all(|address| is_this_machine(address));
    let is_plain = addresses.iter().all(|address| address.scheme() == "http");
    Ok(Some(Collector { is_here, is_plain, traces: traces.map(Into::into), metrics: metrics.map(Into::into) }))
}

fn address_of(place: String, address: &str) -> Result<Url, ConfigError> {
    let is_web = |address: &Url| matches!(address.scheme(), "http" | "https") && address.has_host();
    Url::parse(address).ok().filter(is_web).ok_or(ConfigError::Collector { place })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(given: Option<&str>, variables: &[(&str, &str)]) -> Option<(Option<String>, Option<String>)> {
        let collector = collector(given, &Environment::of(variables)).unwrap()?;
        Some((collector.traces, collector.metrics))
    }

    #[test]
    fn nothing_is_sent_unless_an_address_is_given() {
        assert_eq!(addresses(None, &[]), None);
        assert_eq!(addresses(None, &[(BOTH, " ")]), None);
        assert_eq!(addresses(None, &[(BOTH, "http://c:4318"), ("OTEL_SDK_DISABLED", "true")]), None);
    }

    #[test]
    fn an_address_is_of_both_signals_or_of_one() {
        let both = |base: &str| Some((Some(format!("{base}/v1/traces")), Some(format!("{base}/v1/metrics"))));
        assert_eq!(addresses(None, &[(BOTH, "http://c:4318/")]), both("http://c:4318"));
        assert_eq!(
            addresses(Some("https://c.example.com/otlp"), &[(BOTH, "http://c")]),
            both("https://c.example.com/otlp")
        );
        let traces = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://t:1/in");
        assert_eq!(addresses(None, &[traces]), Some((Some("http://t:1/in".to_owned()), None)));
        assert_eq!(
            addresses(None, &[traces, (BOTH, "http://c:4318"), ("OTEL_METRICS_EXPORTER", "none")]),
            Some((Some("http://t:1/in".to_owned()), None))
        );
    }

    #[test]
    fn what_is_no_address_is_said_without_repeating_it() {
        let error = collector(None, &Environment::of(&[(BOTH, "secret:4317")])).unwrap_err();
        assert!(error.to_string().contains(BOTH) && !error.to_string().contains("secret"), "{error}");
    }

    #[test]
    fn only_what_is_all_here_needs_no_proxy_and_no_authorities() {
        let here = collector(Some("http://127.0.0.1:4318"), &Environment::of(&[])).unwrap().unwrap();
        assert!(here.is_here && here.is_plain);
        let away = collector(Some("https://c.example.com"), &Environment::of(&[])).unwrap().unwrap();
        assert!(!away.is_here && !away.is_plain);
    }
}
