//! How a company reads the names of what it sells.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Text, fold};

/// What a company says about the names of its services and add-ons. Names are compared folded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// The one name, by each of its other spellings.
    same: HashMap<String, String>,
    not_add_ons: BTreeSet<String>,
    without_agents: BTreeSet<String>,
}

/// Two settings say different things of one name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is another spelling of two names, or is joined with others itself")]
pub struct NamingError(String);

impl Naming {
    /// From the settings: the spellings that each name stands for; add-ons that are discounts or fees; services that have
    /// no agent on purpose.
    pub fn new(
        same_names: &BTreeMap<String, Vec<String>>,
        not_add_ons: &[String],
        without_agents: &[String],
    ) -> Result<Self, NamingError> {
        let mut naming = Self::default();
        for (name, spellings) in same_names {
            // The name itself may be stored in another case or spacing.
            for spelling in spellings.iter().chain([name]) {
                let known = naming.same.insert(fold(spelling), name.clone());
                if known.is_some_and(|known| known != *name) {
                    return Err(NamingError(spelling.chars().take(80).collect()));
                }
            }
        }
        let folded = |names: &[String]| names.iter().map(|name| fold(naming.one(name))).collect::<BTreeSet<_>>();
        let (not_add_ons, without_agents) = (folded(not_add_ons), folded(without_agents));
        Ok(Self { not_add_ons, without_agents, ..naming })
    }

    /// The one name behind a spelling.
    pub fn one<'a>(&'a self, name: &'a str) -> &'a str {
        if self.same.is_empty() { name } else { self.same.get(&fold(name)).map_or(name, String::as_str) }
    }

    /// These names under their one name each, every one once, in the order they came in.
    pub fn joined(&self, names: Vec<Text>) -> Vec<Text> {
        let mut joined: Vec<Text> = Vec::with_capacity(names.len());
        for name in names {
            let one = Text::line(self.one(name.as_str())).unwrap_or(name);
            if !joined.contains(&one) {
                joined.push(one);
            }
        }
        joined
    }

    /// Whether an add-on counts as one; discounts and fees do not.
    pub fn is_add_on(&self, name: &str) -> bool {
        self.not_add_ons.is_empty() || !self.not_add_ons.contains(&fold(name))
    }

    /// Whether a service has no agent on purpose.
    pub fn is_without_agent(&self, name: &str) -> bool {
        !self.without_agents.is_empty() && self.without_agents.contains(&fold(name))
    }

    /// What the reading of a record depends on, as text: when it changes, records are read again. Services without agents
    /// change no record.
    pub fn mark(&self) -> String {
        let same: BTreeMap<&String, &String> = self.same.iter().collect();
        format!("{same:?} {:?}", self.not_add_ons)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(names: &[&str]) -> Vec<Text> {
        names.iter().filter_map(|name| Text::line(name)).collect()
    }

    #[test]
    fn spellings_become_one_name_and_discounts_no_add_ons() {
        let same = BTreeMap::from([("Radon Test".to_owned(), vec!["Radon Testing".to_owned(), "Rn 222".to_owned()])]);
        let naming = Naming::new(&same, &["veteran discount".to_owned()], &["Pre-Listing".to_owned()]).unwrap();
        let joined = naming.joined(texts(&["radon testing", "Mold", "RN-222", "RADON TEST"]));
        assert_eq!(joined, texts(&["Radon Test", "Mold"]));
        assert!(naming.is_add_on("Radon Test") && !naming.is_add_on("Veteran  Discount"));
        assert!(naming.is_without_agent("pre listing") && !naming.is_without_agent("Mold"));
        assert_ne!(naming.mark(), Naming::default().mark());
    }

    #[test]
    fn a_spelling_of_two_names_is_refused() {
        let two = BTreeMap::from([
            ("Radon Test".to_owned(), vec!["Radon".to_owned()]),
            ("Radon Mitigation".to_owned(), vec!["radon".to_owned()]),
        ]);
        assert!(Naming::new(&two, &[], &[]).is_err());
        let chain = BTreeMap::from([("A".to_owned(), vec!["B".to_owned()]), ("B".to_owned(), vec!["C".to_owned()])]);
        assert!(Naming::new(&chain, &[], &[]).is_err());
    }
}
