//! In which time zone a ZIP code lies, for a proposal that a person confirms.

/// The zone of each run of three-digit beginnings, up to and with the number; several states lie in two zones, so the border
/// is that of most people there.
const ZONES: &[(u16, &str)] = &[
    (5, NEW_YORK),
    (9, "America/Puerto_Rico"),
    (323, NEW_YORK),
    (325, CHICAGO),
    (349, NEW_YORK),
    (372, CHICAGO),
    (379, NEW_YORK),
    (397, CHICAGO),
    (419, NEW_YORK),
    (424, CHICAGO),
    (459, NEW_YORK),
    (462, INDIANAPOLIS),
    (464, CHICAGO),
    (475, INDIANAPOLIS),
    (477, CHICAGO),
    (479, INDIANAPOLIS),
    (499, "America/Detroit"),
    (576, CHICAGO),
    (577, DENVER),
    (588, CHICAGO),
    (599, DENVER),
    (690, CHICAGO),
    (693, DENVER),
    (797, CHICAGO),
    (831, DENVER),
    (834, BOISE),
    (835, LOS_ANGELES),
    (837, BOISE),
    (838, LOS_ANGELES),
    (847, DENVER),
    (865, "America/Phoenix"),
    (885, DENVER),
    (966, LOS_ANGELES),
    (968, "Pacific/Honolulu"),
    (969, "Pacific/Guam"),
    (994, LOS_ANGELES),
    (999, "America/Anchorage"),
];
const NEW_YORK: &str = "America/New_York";
const CHICAGO: &str = "America/Chicago";
const DENVER: &str = "America/Denver";
const BOISE: &str = "America/Boise";
const LOS_ANGELES: &str = "America/Los_Angeles";
const INDIANAPOLIS: &str = "America/Indiana/Indianapolis";

/// The zone of a ZIP code of the United States, by its first three digits; `None` for anything else.
fn of_zip(zip: &str) -> Option<&'static str> {
    let beginning: u16 = domain::zip::five_digits(zip)?.get(..3)?.parse().ok()?;
    let last = beginning.max(5);
    // Georgia has a few at the end of Mississippi's.
    if matches!(beginning, 398 | 399) {
        return Some(NEW_YORK);
    }
    ZONES.iter().find(|(end, _)| last <= *end).map(|(_, zone)| *zone)
}

/// The zone of most of these ZIP codes.
pub(super) fn of_most<'a>(zips: impl Iterator<Item = &'a str>) -> Option<&'static str> {
    let mut counts: std::collections::BTreeMap<&str, u32> = std::collections::BTreeMap::new();
    zips.filter_map(of_zip).for_each(|zone| *counts.entry(zone).or_default() += 1);
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(zone, _)| zone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_those_of_well_known_places() {
        for (zip, zone) in [
            ("02139", NEW_YORK),
            ("00901", "America/Puerto_Rico"),
            ("30303", NEW_YORK),
            ("39901", NEW_YORK),
            ("32501", CHICAGO),
            ("33602", NEW_YORK),
            ("37203", CHICAGO),
            ("37902", NEW_YORK),
            ("40202", NEW_YORK),
            ("42101", CHICAGO),
            ("46204", INDIANAPOLIS),
            ("46402", CHICAGO),
            ("48226", "America/Detroit"),
            ("60601", CHICAGO),
            ("57701", DENVER),
            ("69101", DENVER),
            ("78701", CHICAGO),
            ("79901", DENVER),
            ("80202-1234", DENVER),
            ("83702", BOISE),
            ("83814", LOS_ANGELES),
            ("84101", DENVER),
            ("85004", "America/Phoenix"),
            ("87102", DENVER),
            ("89101", LOS_ANGELES),
            ("96813", "Pacific/Honolulu"),
            ("98101", LOS_ANGELES),
            ("99501", "America/Anchorage"),
        ] {
            assert_eq!(of_zip(zip), Some(zone), "{zip}");
            assert!(jiff::tz::TimeZone::get(zone).is_ok());
        }
        assert_eq!(of_zip("K1A 0B1"), None);
        assert_eq!(of_most(["80202", "80203", "33602", "x"].into_iter()), Some(DENVER));
        assert_eq!(of_most(std::iter::empty()), None);
    }
}
