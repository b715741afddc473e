//! Where ZIP codes are, and how far apart at least.

use domain::zip::five_digits;

/// A place takes so many bytes.
const RECORD: usize = 7;
/// Places in the order of ZIP codes; `data/README.md` says where they are from and `scripts/zip-places.py` how they lie.
static PLACES: &[u8] = include_bytes!("../data/zip-places.bin");
/// The mean radius of the earth, in kilometres.
const EARTH_KM: f64 = 6371.0;

/// The middle of a ZIP code's area, and its size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    /// In degrees.
    pub latitude: f64,
    /// In degrees.
    pub longitude: f64,
    /// The radius of a circle as large as the area, in kilometres; at most 63.5.
    pub radius_km: f64,
}

/// Where a ZIP code of the United States is; the longer form is taken by its first five digits. `None` for what is no ZIP
/// code and for those that are no area, such as post-office boxes.
pub fn place_of(zip: &str) -> Option<Place> {
    let wanted: u32 = five_digits(zip)?.parse().ok()?;
    let record = |at: usize| PLACES.get(at * RECORD..(at + 1) * RECORD);
    let key = |record: &[u8]| record.iter().take(3).fold(0, |key, byte| key << 8 | u32::from(*byte));
    let (mut low, mut high) = (0, PLACES.len() / RECORD);
    while low < high {
        let middle = usize::midpoint(low, high);
        if key(record(middle)?) >> 7 < wanted { low = middle + 1 } else { high = middle }
    }
    let [first, second, third, a, b, c, d] = *record(low)? else { return None };
    let key = key(&[first, second, third]);
    (key >> 7 == wanted).then(|| Place {
        latitude: f64::from(u16::from_be_bytes([a, b])) / 65_535.0 * 180.0 - 90.0,
        longitude: f64::from(u16::from_be_bytes([c, d])) / 65_535.0 * 360.0 - 180.0,
        radius_km: f64::from(key & 0x7f) / 2.0,
    })
}

impl Place {
    /// From middle to middle in a straight line, in kilometres.
    pub(crate) fn km_to(self, other: Self) -> f64 {
        let half_chord = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
        let along = half_chord(other.latitude - self.latitude);
        let across = half_chord(other.longitude - self.longitude);
        let cosines = self.latitude.to_radians().cos() * other.latitude.to_radians().cos();
        2.0 * EARTH_KM * (along + cosines * across).sqrt().min(1.0).asin()
    }

    /// What lies between the two areas at least, as far as circles tell: 0 where they touch.
    pub(crate) fn km_apart(self, other: Self) -> f64 {
        (self.km_to(other) - self.radius_km - other.radius_km).max(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_where_maps_have_them() {
        // Known from elsewhere: Denver 80202 and Golden 80401 in Colorado, New York 10001, Honolulu 96813, Adjuntas 00601.
        for (zip, latitude, longitude) in [
            ("80202", 39.752, -104.999),
            ("80202-1234", 39.752, -104.999),
            ("10001", 40.751, -73.997),
            ("96813", 21.319, -157.848),
            ("00601", 18.181, -66.750),
        ] {
            let place = place_of(zip).unwrap();
            let off = place.km_to(Place { latitude, longitude, radius_km: 0.0 });
            assert!(off < place.radius_km + 2.0, "{zip}: {off} km off");
        }
        for none in ["", "1234", "abcde", "00000", "99999", "80é02", "8020²", "80202-12", "01310-100"] {
            assert_eq!(place_of(none), None, "{none}");
        }
    }

    #[test]
    fn records_are_whole_and_in_order() {
        assert_eq!(PLACES.len() % RECORD, 0);
        assert!(PLACES.chunks(RECORD).is_sorted_by_key(|record| record[..3].to_vec()));
    }

    #[test]
    fn distances_are_those_of_maps() {
        let (denver, new_york) = (place_of("80202").unwrap(), place_of("10001").unwrap());
        assert!((denver.km_to(new_york) - 2620.0).abs() < 20.0, "{}", denver.km_to(new_york));
        assert!(denver.km_to(denver) < 1e-9 && denver.km_apart(denver) < 1e-9);
    }
}
