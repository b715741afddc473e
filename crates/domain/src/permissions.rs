//! What the caller may see: which companies, tools, fields and days.
//!
//! A role is a name for such permissions. They are settled before a question is answered, and nothing of them is ever
//! taken from a question.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Span;
use jiff::civil::{Date, date};
use serde::{Deserialize, Serialize};

use super::company::CompanyName;

/// More days than these are without a limit.
const DAYS_MAX: u32 = 100_000;
/// An open end is the edge of the calendar that every instant can still be told in.
const EARLIEST: Date = date(1970, 1, 1);
const LATEST: Date = date(2199, 12, 31);

/// How much of one kind of field is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FieldAccess {
    /// As it is.
    #[default]
    Full,
    /// Enough to tell two apart, not enough to use.
    Masked,
    /// Not at all.
    Off,
}

/// How much of each kind of field is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fields {
    /// E-mail addresses and telephone numbers of clients, agents and inspectors. Masked: the first letter and the
    /// domain of an address, the last two digits of a number.
    pub contact: FieldAccess,
    /// The street of an inspection or a client and where exactly it is. Masked: the street without the number. City, state and ZIP
    /// are shown in any case.
    pub street: FieldAccess,
    /// Quotes, amounts, paid or not, and every sum of them. Masked: quotes rounded to the nearest hundred, and sums of
    /// such; paid or not is not shown.
    pub money: FieldAccess,
    /// Notes, reasons of cancellations and other free text that somebody wrote about a job, an agent or a client, and
    /// attached files. Masked: only that there is one. Tags are labels and stay.
    pub notes: FieldAccess,
}

/// The days that are shown, counted from today in the company's zone; `None` is without a limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DaysSeen {
    /// So many days back.
    pub back: Option<u32>,
    /// So many days ahead.
    pub ahead: Option<u32>,
}

impl DaysSeen {
    /// The first and the last day that are shown; `None` where all are.
    pub fn around(self, today: Date) -> Option<(Date, Date)> {
        if self == Self::default() {
            return None;
        }
        let span = |days: u32| Span::new().days(i64::from(days.min(DAYS_MAX)));
        let from = self.back.map_or(EARLIEST, |days| today.saturating_sub(span(days)));
        let to = self.ahead.map_or(LATEST, |days| today.saturating_add(span(days)));
        Some((from.min(today), to.max(today)))
    }
}

/// What the caller may see.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Permissions {
    /// The tools that may be called; `None` is all.
    pub tools: Option<BTreeSet<String>>,
    /// The companies that may be asked about; `None` is all. Others do not exist for the caller.
    pub companies: Option<BTreeSet<CompanyName>>,
    /// How much of each kind of field is shown.
    pub fields: Fields,
    /// The days that are shown.
    pub days: DaysSeen,
    /// Only the work of this inspector (id or whole name), by company where ids differ; `None` is everybody's. Totals of
    /// others are not shown.
    pub inspector: Option<String>,
}

/// Who asks, as a server knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// The name of a person or a token, for logs. Never shown to others.
    pub name: String,
    /// What they may see.
    pub permissions: Arc<Permissions>,
}

/// A role: permissions that are the same in every company, before companies and a person are put in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Role {
    /// The tools; none named is all.
    pub tools: Vec<String>,
    /// How much of each kind of field.
    pub fields: Fields,
    /// Which days.
    pub days: DaysSeen,
    /// Whether only the work of one inspector is shown, who is named with the person or token.
    pub own_work_only: bool,
}

/// Why a role cannot be had.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoleError {
    /// No such role.
    #[error("there is no role `{given}`; there are: {known}")]
    Unknown {
        /// What was given.
        given: String,
        /// What there is.
        known: String,
    },
    /// A role of one inspector's work, and no inspector.
    #[error("the role `{role}` shows one inspector's own work, and it is not said whose")]
    NoInspector {
        /// The role.
        role: String,
    },
}

impl RoleError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "give one of those, or add the role under [roles] in spectora.toml",
            Self::NoInspector { .. } => "name the inspector with --as (the id in Spectora, or the whole name)",
        }
    }
}

/// The roles there are, by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Roles(BTreeMap<String, Role>);

impl Default for Roles {
    /// The four presets: `owner` (everything), `office` (everything but what the jobs earned in all: no tools of
    /// revenue), `inspector` (own work only, no money), `marketing` (agents and areas: no clients' contacts, no street,
    /// no notes).
    fn default() -> Self {
        let office = Role {
            tools: [
                "list_companies",
                "list_agents",
                "get_agent",
                "list_clients",
                "get_client",
                "list_inspections",
                "get_inspection",
                "list_attachments",
                "portal_link",
                "prep_briefing",
                "capacity_plan",
                "whats_new",
                "data_quality",
                "refresh",
                "search",
                "fetch",
            ]
            .map(str::to_owned)
            .to_vec(),
            ..Role::default()
        };
        let inspector = Role {
            fields: Fields { money: FieldAccess::Off, contact: FieldAccess::Full, ..Fields::default() },
            own_work_only: true,
            ..Role::default()
        };
        let marketing = Role {
            fields: Fields {
                contact: FieldAccess::Masked,
                street: FieldAccess::Off,
                money: FieldAccess::Full,
                notes: FieldAccess::Off,
            },
            ..Role::default()
        };
        let presets =
            [("owner", Role::default()), ("office", office), ("inspector", inspector), ("marketing", marketing)];
        Self(presets.into_iter().map(|(name, role)| (name.to_owned(), role)).collect())
    }
}

impl Roles {
    /// The presets, with these beside or in place of them.
    pub fn with(custom: BTreeMap<String, Role>) -> Self {
        let mut roles = Self::default();
        roles.0.extend(custom);
        roles
    }

    /// Their names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// What somebody with this role may see of these companies (none named is all), as this inspector where the role is
    /// about one's own work.
    pub fn permissions(
        &self,
        role: &str,
        companies: &[CompanyName],
        inspector: Option<&str>,
    ) -> Result<Permissions, RoleError> {
        let Some(found) = self.0.get(role) else {
            let known = self.names().collect::<Vec<_>>().join(", ");
            return Err(RoleError::Unknown { given: role.to_owned(), known });
        };
        if found.own_work_only && inspector.is_none() {
            return Err(RoleError::NoInspector { role: role.to_owned() });
        }
        Ok(Permissions {
            tools: (!found.tools.is_empty()).then(|| found.tools.iter().cloned().collect()),
            companies: (!companies.is_empty()).then(|| companies.iter().cloned().collect()),
            fields: found.fields,
            days: found.days,
            inspector: if found.own_work_only { inspector.map(str::to_owned) } else { None },
        })
    }
}

impl Permissions {
    /// Whether this tool may be called.
    pub fn allows_tool(&self, name: &str) -> bool {
        self.tools.as_ref().is_none_or(|tools| tools.contains(name))
    }

    /// Whether this company may be asked about.
    pub fn allows_company(&self, name: &CompanyName) -> bool {
        self.companies.as_ref().is_none_or(|companies| companies.contains(name))
    }

    /// Whether totals of all inspections, everybody's and of all days, may be shown.
    pub fn shows_totals(&self) -> bool {
        self.inspector.is_none() && self.days == DaysSeen::default()
    }

    /// Whether everything is shown: nothing need be looked at.
    pub fn is_everything(&self) -> bool {
        *self == Self::default()
    }
}
