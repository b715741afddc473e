//! What comes along with an answer for pictures alone: the `_meta` of a tool's result, which no model reads.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

/// Where ZIP codes are, when agents sent work, and what people call the companies.
#[derive(Clone, Debug, Default)]
pub struct Beside {
    places: BTreeMap<String, (f64, f64)>,
    referrals: BTreeMap<(String, String), Vec<f64>>,
    companies: BTreeMap<String, String>,
}

impl Beside {
    /// What a result's `_meta` tells; what it does not tell is not drawn.
    pub fn of(meta: &Map<String, Value>) -> Self {
        let told = |name: &str| meta.get(name).and_then(Value::as_object).into_iter().flatten();
        let place = |at: &Value| Some((at.get(0)?.as_f64()?, at.get(1)?.as_f64()?));
        let days = |all: &Value| all.as_array().map(|all| all.iter().filter_map(Value::as_f64).collect());
        let of_company = |(company, agents): (&String, &Value)| -> Vec<((String, String), Vec<f64>)> {
            let agents = agents.as_object().into_iter().flatten();
            agents.filter_map(|(id, all)| Some(((company.clone(), id.clone()), days(all)?))).collect()
        };
        Self {
            places: told("spectora/places").filter_map(|(zip, at)| Some((zip.clone(), place(at)?))).collect(),
            referrals: told("spectora/referrals").flat_map(of_company).collect(),
            companies: told("spectora/companies")
                .filter_map(|(name, display)| Some((name.clone(), display.as_str()?.to_owned())))
                .collect(),
        }
    }

    /// Adds what comes along with a further page of the same answer.
    pub fn extend(&mut self, more: Self) {
        self.places.extend(more.places);
        self.referrals.extend(more.referrals);
        self.companies.extend(more.companies);
    }

    /// Where a ZIP code is, in degrees: latitude and longitude.
    pub(crate) fn place(&self, zip: &str) -> Option<(f64, f64)> {
        self.places.get(zip).copied()
    }

    /// How many days ago an agent's referrals were, the latest first.
    pub(crate) fn referrals(&self, company: &str, agent: &str) -> &[f64] {
        self.referrals.get(&(company.to_owned(), agent.to_owned())).map(Vec::as_slice).unwrap_or_default()
    }

    /// What people call the company, where there is one only.
    pub(crate) fn only_company(&self) -> Option<String> {
        let mut all = self.companies.values();
        all.next().filter(|_| all.next().is_none()).cloned()
    }

    /// What people call a company; its name where nobody told.
    pub(crate) fn company(&self, name: String) -> String {
        self.companies.get(&name).cloned().unwrap_or(name)
    }
}
