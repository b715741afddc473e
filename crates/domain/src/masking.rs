//! Records with what a role may not show taken out of them or made blurred.
//!
//! Each function leaves a record as the caller may see it: nothing of what [`Fields`] hides is left in it. What is
//! masked is made of the parts that may be shown, never by cutting at the whole.

use super::{
    Address, Agent, AgentOnInspection, AgentStatistics, Attachment, Client, FieldAccess, Fields, Inspection, Money,
    Text,
};

/// What stands in the place of a note of which only that it is there may be shown.
pub const MASKED_NOTE: &str = "(not shown)";
/// What stands for the letters and digits that are left out.
const LEFT_OUT: &str = "***";
/// The digits of a telephone number that stay.
const DIGITS_LEFT: usize = 2;
/// Quotes are rounded to this many ten-thousandths: a hundred.
const ROUNDED_TO: i64 = 100 * 10_000;
/// Words after which a house's parts are numbered.
const UNIT_WORDS: &[&str] = &[
    "apt",
    "apartment",
    "unit",
    "suite",
    "ste",
    "lot",
    "bldg",
    "building",
    "fl",
    "floor",
    "rm",
    "room",
    "no",
    "spc",
    "space",
    "trlr",
    "box",
];

/// An amount in ten-thousandths as it is shown where money is masked: the nearest hundred, halves away from zero.
pub const fn rounded_money(ten_thousandths: i64) -> i64 {
    let half = if ten_thousandths < 0 { -ROUNDED_TO / 2 } else { ROUNDED_TO / 2 };
    match ten_thousandths.checked_add(half) {
        Some(sum) => sum / ROUNDED_TO * ROUNDED_TO,
        None => ten_thousandths / ROUNDED_TO * ROUNDED_TO,
    }
}

/// The first letter and the domain of an e-mail address. One without a domain leaves its first letter alone.
pub fn masked_email(email: &Text) -> Option<Text> {
    let text = email.as_str();
    let first: String = text.chars().take(1).filter(|c| *c != '@').collect();
    let domain = text.rsplit_once('@').map(|(_, domain)| format!("@{domain}")).unwrap_or_default();
    Text::line(&format!("{first}{LEFT_OUT}{domain}"))
}

/// The last two digits of a telephone number; none of so few that little else is left.
pub fn masked_phone(phone: &Text) -> Option<Text> {
    let digits: Vec<char> = phone.as_str().chars().filter(char::is_ascii_digit).collect();
    let kept: String = match digits.len().checked_sub(DIGITS_LEFT) {
        Some(before) if DIGITS_LEFT <= before => digits.iter().skip(before).collect(),
        _ => String::new(),
    };
    Text::line(&format!("{LEFT_OUT}{kept}"))
}

/// A street without numbers: the words before the first one that begins a unit, but for those that hold a digit and are
/// no ordinal (`1601 16th St #5` is `16th St`). `None` where nothing is left.
pub fn masked_street(street: &Text) -> Option<Text> {
    let is_unit = |word: &&str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
        word.starts_with('#') || UNIT_WORDS.contains(&bare.as_str())
    };
    let words = street.as_str().split_whitespace().take_while(|word| !is_unit(word));
    let kept: Vec<&str> = words.filter(|word| !word.contains(|c: char| c.is_numeric()) || is_ordinal(word)).collect();
    Text::line(kept.join(" ").trim_matches(|c: char| !c.is_alphanumeric()))
}

fn is_ordinal(word: &str) -> bool {
    let bare = word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase();
    let digits = bare.trim_end_matches(|c: char| c.is_ascii_lowercase());
    let ending = bare.get(digits.len()..).unwrap_or_default();
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(ending, "st" | "nd" | "rd" | "th")
}

/// What is left of a value: itself, what `masked` makes of it, or nothing.
fn left<T>(access: FieldAccess, value: &mut Option<T>, masked: impl FnOnce(&T) -> Option<T>) {
    match access {
        FieldAccess::Full => {}
        FieldAccess::Masked => *value = value.as_ref().and_then(masked),
        FieldAccess::Off => *value = None,
    }
}

impl Fields {
    /// Whether every kind of field is shown as it is.
    pub fn are_full(self) -> bool {
        self == Self::default()
    }

    /// Whether sums of money may be shown at all.
    pub fn shows_money(self) -> bool {
        self.money != FieldAccess::Off
    }

    /// An amount as it may be shown.
    pub fn money(self, amount: Option<Money>) -> Option<Money> {
        match self.money {
            FieldAccess::Full => amount,
            FieldAccess::Masked => amount.map(|one| Money::from_ten_thousandths(rounded_money(one.ten_thousandths()))),
            FieldAccess::Off => None,
        }
    }

    fn email(self, email: &mut Option<Text>) {
        left(self.contact, email, masked_email);
    }

    fn phone(self, phone: &mut Option<Text>) {
        left(self.contact, phone, masked_phone);
    }

    fn note(self, note: &mut Option<Text>) {
        left(self.notes, note, |_| Text::line(MASKED_NOTE));
    }

    /// An inspection as it may be shown.
    pub fn mask_inspection(self, inspection: &mut Inspection) {
        if self.are_full() {
            return;
        }
        // Nobody knows what is in attributes that this program does not know.
        inspection.other.clear();
        inspection.quote = self.money(inspection.quote);
        if self.money != FieldAccess::Full {
            inspection.paid = None;
        }
        for text in [&mut inspection.notes, &mut inspection.request_notes, &mut inspection.cancel_reason] {
            self.note(text);
        }
        self.mask_address(&mut inspection.address);
        for agent in [&mut inspection.buying_agent, &mut inspection.selling_agent].into_iter().flatten() {
            self.mask_agent_on_inspection(agent);
        }
        for client in [&mut inspection.client, &mut inspection.client_2].into_iter().flatten() {
            self.mask_client(client);
        }
        match (&mut inspection.attachments, self.notes) {
            (Some(files), FieldAccess::Masked) => files.iter_mut().for_each(|file| self.mask_attachment(file)),
            (_, FieldAccess::Full) | (None, _) => {}
            (files, FieldAccess::Off) => *files = None,
        }
    }

    fn mask_address(self, address: &mut Address) {
        if self.street == FieldAccess::Full {
            return;
        }
        left(self.street, &mut address.street, masked_street);
        // What is in one line may say more than its parts do, so it is made of those anew.
        let place =
            [&address.city, &address.state].into_iter().flatten().map(Text::as_str).collect::<Vec<_>>().join(", ");
        // A ZIP code is an area; what stands after its five digits is a side of a street.
        if let Some(zip) = &mut address.zip
            && let Some(five) = super::zip::five_digits(zip.as_str())
            && let Some(area) = Text::line(five)
        {
            *zip = area;
        }
        let zip = address.zip.as_ref().map(Text::as_str).unwrap_or_default();
        let street = address.street.as_ref().map(|street| format!("{street}, ")).unwrap_or_default();
        address.full = Text::line(&format!("{street}{place} {zip}"));
    }

    fn mask_agent_on_inspection(self, agent: &mut AgentOnInspection) {
        self.email(&mut agent.email);
        self.phone(&mut agent.phone);
    }

    /// An agent as they may be shown.
    pub fn mask_agent(self, agent: &mut Agent) {
        if self.are_full() {
            return;
        }
        agent.other.clear();
        self.email(&mut agent.email);
        self.phone(&mut agent.phone);
        self.note(&mut agent.notes);
    }

    /// What the service counts of an agent, as it may be shown.
    pub fn mask_statistics(self, statistics: &mut AgentStatistics) {
        if self.are_full() {
            return;
        }
        statistics.other.clear();
        for amount in [
            &mut statistics.total_revenue,
            &mut statistics.buying_revenue,
            &mut statistics.selling_revenue,
            &mut statistics.average_revenue,
        ] {
            *amount = self.money(*amount);
        }
    }

    /// A client as they may be shown. Where a client lives is a street and a contact detail both: the stricter holds.
    pub fn mask_client(self, client: &mut Client) {
        if self.are_full() {
            return;
        }
        client.other.clear();
        self.email(&mut client.email);
        for phone in [&mut client.phone, &mut client.mobile_phone, &mut client.home_phone] {
            self.phone(phone);
        }
        left(self.contact.max(self.street), &mut client.address, masked_street);
        for note in [&mut client.notes, &mut client.private_notes] {
            self.note(note);
        }
    }

    /// A file as it may be shown: masked, that it is there and of which kind. An address opens the file to whoever has it.
    pub fn mask_attachment(self, file: &mut Attachment) {
        if self.notes == FieldAccess::Full {
            return;
        }
        file.other.clear();
        file.url = None;
        for text in [&mut file.name, &mut file.description, &mut file.file_name] {
            *text = None;
        }
    }

    /// What a client is looked for in by the caller: contact details only where they are shown as they are.
    pub fn client_text(self, client: &Client) -> String {
        if self.contact == FieldAccess::Full {
            return client.search_text();
        }
        let parts = [&client.first_name, &client.last_name, &client.city];
        parts.into_iter().flatten().map(Text::as_str).collect::<Vec<_>>().join(" ")
    }

    /// What an agent is looked for in by the caller.
    pub fn agent_text(self, agent: &Agent) -> String {
        let contact = [&agent.email, &agent.phone];
        let contact = contact.into_iter().filter(|_| self.contact == FieldAccess::Full);
        let parts = [&agent.first_name, &agent.last_name, &agent.agency_name, &agent.team_name, &agent.city];
        parts.into_iter().chain(contact).flatten().map(Text::as_str).collect::<Vec<_>>().join(" ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text::line(text).unwrap()
    }

    #[test]
    fn masks_keep_what_they_say_and_no_more() {
        for (street, left) in [
            ("1234 Main St", Some("Main St")),
            ("1601 16th St #5", Some("16th St")),
            ("12 1/2 Elm Ave Apt 4", Some("Elm Ave")),
            ("Hauptstrasse 12", Some("Hauptstrasse")),
            ("77", None),
            ("9 Oak Ct, Unit 3, Denver", Some("Oak Ct")),
            ("PO Box 12", Some("PO")),
        ] {
            assert_eq!(masked_street(&text(street)).as_ref().map(Text::as_str), left, "{street}");
        }
        for (phone, left) in [("(303) 555-0142", "***42"), ("555", "***"), ("+1 303 555 0107 x", "***07")] {
            assert_eq!(masked_phone(&text(phone)).unwrap().as_str(), left);
        }
        for (email, left) in
            [("ann.lee@example.com", "a***@example.com"), ("nobody", "n***"), ("@example.com", "***@example.com")]
        {
            assert_eq!(masked_email(&text(email)).unwrap().as_str(), left);
        }
        for (amount, rounded) in [(450, 500), (449, 400), (50, 100), (49, 0), (-450, -500), (100, 100)] {
            assert_eq!(rounded_money(amount * 10_000), rounded * 10_000, "{amount}");
        }
        assert_eq!(rounded_money(i64::MAX) % ROUNDED_TO, 0);
    }
}
