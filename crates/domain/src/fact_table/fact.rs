//! One inspection, as small as it goes: a million of them are kept in memory.

/// A number that is not known stands as this one.
const NONE: u32 = u32::MAX;
/// The same of instants and money.
const NONE_WIDE: i64 = i64::MIN;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(u32);

        impl $name {
            /// `None` for the one number that stands for none.
            pub(super) fn new(number: u32) -> Option<Self> {
                (number != NONE).then_some(Self(number))
            }

            /// The number itself.
            pub fn index(self) -> usize {
                self.0 as usize
            }

            pub(super) fn of(number: Option<Self>) -> u32 {
                number.map_or(NONE, |number| number.0)
            }
        }
    };
}

number! {
    /// An agent's place among the agents of one table.
    AgentNumber
}
number! {
    /// An inspector's place among the inspectors of one table.
    InspectorNumber
}
number! {
    /// A client, as one table numbers them.
    ClientNumber
}
number! {
    /// A name's number, which is the store's own: a service, an add-on, a ZIP code, a city, a reason, an agency.
    WordNumber
}

impl WordNumber {
    /// The name that the store numbers so; `None` for a number that no store gives (below 0, or above four billion).
    pub fn by_key(key: i64) -> Option<Self> {
        u32::try_from(key).ok().and_then(Self::new)
    }

    /// The store's number.
    pub fn key(self) -> i64 {
        self.0.into()
    }
}

/// Which services and add-ons were sold together; the default is none. Means something in its own table alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sold(pub(super) u32);

impl Sold {
    /// The place among the combinations of the table.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Who assists together; the default is nobody. Means something in its own table alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Assistants(pub(super) u32);

impl Assistants {
    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// One inspection as numbers. Instants are milliseconds since 1970, days count from 1970-01-01 in the company's zone.
#[derive(Clone, Copy, Debug)]
pub struct Fact {
    pub(super) pk: i64,
    pub(super) starts_at: i64,
    /// Not a number where it is not known.
    pub(super) hours: f64,
    pub(super) created_at: i64,
    pub(super) canceled_at: i64,
    pub(super) published_at: i64,
    pub(super) quote: i64,
    pub(super) day: i32,
    pub(super) inspector: u32,
    pub(super) buying_agent: u32,
    pub(super) selling_agent: u32,
    pub(super) zip: u32,
    pub(super) city: u32,
    pub(super) reason: u32,
    pub(super) client: u32,
    pub(super) sold: Sold,
    pub(super) assistants: Assistants,
    pub(super) minute: u16,
    pub(super) paid: Option<bool>,
    pub(super) confirmed: Option<bool>,
    pub(super) agreements_signed: Option<bool>,
}

/// What a million of them take is said in ARCHITECTURE.md.
const _: () = assert!(size_of::<Fact>() == 104);

/// As it is kept; the least value stands for none, so it becomes the one above.
pub(super) fn wide(value: Option<i64>) -> i64 {
    value.map_or(NONE_WIDE, |value| value.max(NONE_WIDE + 1))
}

/// What is left of a row: without what is known of payment, with the quote that `money` makes of it, without its reason.
pub(super) fn left(fact: Fact, hides_money: bool, hides_notes: bool, money: impl Fn(i64) -> Option<i64>) -> Fact {
    let mut left = fact;
    if hides_money {
        left.quote = wide(fact.quote().and_then(money));
        left.paid = None;
    }
    if hides_notes {
        left.reason = NONE;
    }
    left
}

fn known(value: i64) -> Option<i64> {
    (value != NONE_WIDE).then_some(value)
}

impl Fact {
    /// The inspection; its id where that is a decimal.
    pub fn pk(&self) -> i64 {
        self.pk
    }

    /// When it begins.
    pub fn starts_at(&self) -> i64 {
        self.starts_at
    }

    /// On which day.
    pub fn day(&self) -> i64 {
        self.day.into()
    }

    /// The minute of that day at which it begins.
    pub fn minute(&self) -> u16 {
        self.minute
    }

    /// How long it takes, in hours.
    pub fn hours(&self) -> Option<f64> {
        (!self.hours.is_nan()).then_some(self.hours)
    }

    /// When it was booked.
    pub fn created_at(&self) -> Option<i64> {
        known(self.created_at)
    }

    /// When it was called off.
    pub fn canceled_at(&self) -> Option<i64> {
        known(self.canceled_at)
    }

    /// Whether it was called off.
    pub fn is_canceled(&self) -> bool {
        self.canceled_at != NONE_WIDE
    }

    /// When its report was published.
    pub fn published_at(&self) -> Option<i64> {
        known(self.published_at)
    }

    /// The quoted price, in ten-thousandths.
    pub fn quote(&self) -> Option<i64> {
        known(self.quote)
    }

    /// The primary inspector.
    pub fn inspector(&self) -> Option<InspectorNumber> {
        InspectorNumber::new(self.inspector)
    }

    /// The agent on the buying side.
    pub fn buying_agent(&self) -> Option<AgentNumber> {
        AgentNumber::new(self.buying_agent)
    }

    /// The agent on the selling side.
    pub fn selling_agent(&self) -> Option<AgentNumber> {
        AgentNumber::new(self.selling_agent)
    }

    /// The ZIP code.
    pub fn zip(&self) -> Option<WordNumber> {
        WordNumber::new(self.zip)
    }

    /// The city.
    pub fn city(&self) -> Option<WordNumber> {
        WordNumber::new(self.city)
    }

    /// The reason of the cancellation.
    pub fn reason(&self) -> Option<WordNumber> {
        WordNumber::new(self.reason)
    }

    /// Whether it is paid.
    pub fn paid(&self) -> Option<bool> {
        self.paid
    }

    /// Whether it is confirmed.
    pub fn confirmed(&self) -> Option<bool> {
        self.confirmed
    }

    /// Whether the agreements are signed.
    pub fn agreements_signed(&self) -> Option<bool> {
        self.agreements_signed
    }

    /// The client, the first named where there are several.
    pub fn client(&self) -> Option<ClientNumber> {
        ClientNumber::new(self.client)
    }

    /// What was sold; see [`FactTable::sold`](super::FactTable::sold).
    pub fn sold(&self) -> Sold {
        self.sold
    }

    /// Who assists; see [`FactTable::assistants`](super::FactTable::assistants).
    pub fn assistants(&self) -> Assistants {
        self.assistants
    }
}
