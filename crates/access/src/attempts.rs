//! Wrong passphrases, and who has to wait after them: counted by name and network, so that a stranger elsewhere does not
//! keep a person out; and, with wider bounds, by name over all networks and by network over all names, so that guessing
//! from many places is bounded too.

use std::net::{IpAddr, Ipv6Addr};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rusqlite::{OptionalExtension as _, Transaction, params};

use super::error::PageError;
use super::secret::SecretHash;

/// So many wrong passphrases for a name from one network are free; each one after that doubles the wait.
const FREE: i64 = 5;
/// The first wait, in milliseconds.
const WAIT_MS: i64 = 30_000;
/// The longest wait, in milliseconds.
const WAIT_MS_MAX: i64 = 3_600_000;
/// So many wrong ones are free for a name over all networks, and for all names from a network that many may share.
const FREE_WIDE: i64 = 100;
/// So many are free for all names from one network.
const FREE_OF_NETWORK: i64 = 30;
/// One of those is forgotten after so many milliseconds.
const FORGOTTEN_MS: i64 = 180_000;
/// The most counts that are kept; of more, the oldest go.
const COUNTS_MAX: i64 = 100_000;
/// Wrong passphrases are forgotten after so many milliseconds without another one.
const KEPT_MS: i64 = 24 * 3_600_000;

/// Where somebody calls from, as far as limits care: an IPv4 address, or the /64 of an IPv6 address, which is what one
/// subscriber has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network(IpAddr);

impl Network {
    /// The one this address is in.
    pub fn of(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V6(address) => {
                let subscriber = address.to_bits() & (u128::MAX << 64);
                // This machine's own address is not in a subscriber's network.
                Self(if address.is_loopback() { address } else { Ipv6Addr::from_bits(subscriber) }.into())
            }
            address @ IpAddr::V4(_) => Self(address),
        }
    }

    /// Whether everybody may seem to come from here: a proxy or tunnel on this machine, whose word is not taken.
    pub fn is_shared(self) -> bool {
        self.0.is_loopback()
    }

    /// The address does not stand in the file.
    fn key(self) -> String {
        URL_SAFE_NO_PAD.encode(SecretHash::of(&self.0.to_string()).bytes())
    }
}

/// How wrong passphrases make wait.
#[derive(Clone, Copy)]
enum Bound {
    /// After [`FREE`], twice as long each time.
    Growing,
    /// After so many, until one of them is forgotten.
    Wide(i64),
}

/// A count as it stands.
#[derive(Clone, Copy, Default)]
struct Count {
    failures: i64,
    /// When the last one was, or up to when those of a wide bound were forgotten.
    at: i64,
}

impl Bound {
    /// The count after what was forgotten until now.
    fn settled(self, count: Count, now: i64) -> Count {
        match self {
            Self::Growing => count,
            Self::Wide(_) => {
                let forgotten = ((now - count.at) / FORGOTTEN_MS).clamp(0, count.failures);
                Count { failures: count.failures - forgotten, at: count.at + forgotten * FORGOTTEN_MS }
            }
        }
    }

    /// How long to wait still, in milliseconds, after a count that was settled.
    fn wait(self, count: Count, now: i64) -> i64 {
        // A last failure that lies ahead was written under a wrong clock.
        if now < count.at {
            return 0;
        }
        let wait = match self {
            Self::Growing if count.failures < FREE => 0,
            Self::Growing => (WAIT_MS << (count.failures - FREE).min(16)).min(WAIT_MS_MAX),
            Self::Wide(free) if count.failures < free => 0,
            Self::Wide(_) => FORGOTTEN_MS,
        };
        (count.at + wait - now).max(0)
    }

    /// The count with one more.
    fn with_another(self, count: Count, now: i64) -> Count {
        let at = match self {
            Self::Wide(_) if count.failures != 0 => count.at.min(now),
            _ => now,
        };
        Count { failures: count.failures + 1, at }
    }
}

/// A wait in words.
fn in_words(ms: i64) -> String {
    match (ms + 59_999) / 60_000 {
        0 | 1 => "a minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

/// An attempt of somebody at a network to sign in under a name.
pub(super) struct Attempt {
    /// Of this name from this network; then of this name; then from this network.
    counts: [(String, Bound); 3],
}

impl Attempt {
    pub(super) fn new(name: &str, network: Network) -> Self {
        let (name, key) = (name.trim().to_lowercase(), network.key());
        let of_network = if network.is_shared() { FREE_WIDE } else { FREE_OF_NETWORK };
        let counts = [
            (format!("{}{key}", of_pairs(&name)), Bound::Growing),
            (of_name(&name), Bound::Wide(FREE_WIDE)),
            (format!("network/{key}"), Bound::Wide(of_network)),
        ];
        Self { counts }
    }

    /// Counts it before it is known to be wrong, since many guesses at once must not all be free; refused while there is
    /// something to wait for.
    pub(super) fn begin(&self, file: &Transaction<'_>, now: i64) -> Result<(), PageError> {
        let mut next = Vec::with_capacity(self.counts.len());
        for (who, bound) in &self.counts {
            let count = bound.settled(count_of(file, who)?, now);
            match bound.wait(count, now) {
                0 => next.push((who, bound.with_another(count, now))),
                wait => return Err(PageError::Locked(in_words(wait))),
            }
        }
        for (who, count) in next {
            file.execute(
                "INSERT INTO failures (who, count, last_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (who) DO UPDATE SET count = ?2, last_at = ?3",
                params![who, count.failures, count.at],
            )?;
        }
        Ok(())
    }

    /// It was right: it counts no more, and neither do the wrong ones of this name from this network.
    pub(super) fn succeeded(&self, file: &Transaction<'_>) -> Result<(), rusqlite::Error> {
        let [(pair, _), wide @ ..] = &self.counts;
        file.execute("DELETE FROM failures WHERE who = ?1", [pair])?;
        for (who, _) in wide {
            file.execute("UPDATE failures SET count = max(count - 1, 0) WHERE who = ?1", [who])?;
        }
        Ok(())
    }
}

fn of_name(name: &str) -> String {
    format!("name/{name}")
}

fn of_pairs(name: &str) -> String {
    format!("pair/{name}/")
}

fn count_of(file: &Transaction<'_>, who: &str) -> Result<Count, rusqlite::Error> {
    let row = file.query_row("SELECT count, last_at FROM failures WHERE who = ?1", [who], |row| {
        Ok(Count { failures: row.get(0)?, at: row.get(1)? })
    });
    Ok(row.optional()?.unwrap_or_default())
}

/// Forgets the wrong passphrases of a name, from wherever they came.
pub(super) fn forget(file: &Transaction<'_>, name: &str) -> Result<(), rusqlite::Error> {
    let name = name.trim().to_lowercase();
    let pairs = of_pairs(&name);
    file.execute(
        "DELETE FROM failures WHERE who = ?1 OR substr(who, 1, length(?2)) = ?2",
        params![of_name(&name), pairs],
    )?;
    Ok(())
}

/// Removes counts that are old, and the oldest of too many.
pub(super) fn tidy(file: &Transaction<'_>, now: i64) -> Result<(), rusqlite::Error> {
    file.execute("DELETE FROM failures WHERE last_at < ?1", [now - KEPT_MS])?;
    file.execute(
        "DELETE FROM failures WHERE who IN (SELECT who FROM failures ORDER BY last_at DESC LIMIT -1 OFFSET ?1)",
        [COUNTS_MAX],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let wait = |failures| Bound::Growing.wait(Count { failures, at: 1_000 }, 1_000);
        assert_eq!((wait(4), wait(5), wait(6), wait(5_000)), (0, 30_000, 60_000, WAIT_MS_MAX));
        assert_eq!(Bound::Growing.wait(Count { failures: 50, at: 1_001 }, 1_000), 0);
        assert_eq!((in_words(30_000), in_words(61_000)), ("a minute".to_owned(), "2 minutes".to_owned()));
    }

    #[test]
    fn wide_bounds_forget_one_at_a_time() {
        let bound = Bound::Wide(3);
        let mut count = Count::default();
        let mut taken = 0;
        // One attempt every ten seconds, for an hour.
        for now in (1..=360).map(|turn| turn * 10_000) {
            count = bound.settled(count, now);
            if bound.wait(count, now) == 0 {
                count = bound.with_another(count, now);
                taken += 1;
            }
        }
        assert_eq!(taken, 3 + 3_600_000 / FORGOTTEN_MS - 1);
    }

    #[test]
    fn an_ipv6_subscriber_is_one_network() {
        let of = |text: &str| Network::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::9"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert!(of("::1").is_shared() && of("127.0.0.2").is_shared() && !of("::2").is_shared());
        assert!(!of("192.0.2.1").key().contains("192"));
    }
}
