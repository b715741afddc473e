//! Wrong passphrases, from one place and from many.

use super::*;

/// A browser at the sign-in page.
struct Browser<'a> {
    world: &'a World,
    page: Page,
    cookie: SecretString,
}

impl<'a> Browser<'a> {
    async fn new(world: &'a World) -> Self {
        let (page, cookie) = world.login.begin(&world.query(&[]), None).await.unwrap();
        Self { world, page, cookie }
    }

    /// Why this did not sign in, from this address.
    async fn attempt(&self, address: &str, name: &str, passphrase: &str) -> Option<PageError> {
        let form = filled(&self.page, &[("name", name), ("passphrase", passphrase)]);
        let network = Network::of(address.parse().unwrap());
        match self.world.login.sign_in(&form, Some(&self.cookie), network).await {
            Ok(SignedIn::Consent { .. } | SignedIn::Page { .. }) => None,
            Ok(SignedIn::Again { error, .. }) | Err(error) => Some(error),
        }
    }

    async fn is_wrong(&self, address: &str, name: &str) -> bool {
        match self.attempt(address, name, "wrong wrong wrong").await {
            Some(PageError::WrongPassphrase) => true,
            Some(PageError::Locked(_)) => false,
            other => panic!("{other:?}"),
        }
    }

    async fn is_locked(&self, address: &str, name: &str) -> bool {
        matches!(self.attempt(address, name, PASSPHRASE).await, Some(PageError::Locked(_)))
    }
}

#[tokio::test]
async fn wrong_passphrases_wait_longer_and_longer() {
    let world = World::new().await;
    let browser = Browser::new(&world).await;
    // Who is here is not told: nobody waits like somebody.
    for name in ["ann", "nobody"] {
        for _ in 0..5 {
            assert!(browser.is_wrong("127.0.0.1", name).await, "{name}");
        }
        assert!(browser.is_locked("127.0.0.1", name).await, "{name}");
    }
    world.pass(31);
    assert!(browser.is_wrong("127.0.0.1", "ann").await);
    world.pass(31);
    assert!(browser.is_locked("127.0.0.1", "Ann").await);
    world.pass(60);
    // The request itself has waited less than ten minutes.
    assert_eq!(browser.attempt("127.0.0.1", "Ann", PASSPHRASE).await, None);
}

#[tokio::test]
async fn a_stranger_elsewhere_keeps_nobody_out() {
    let world = World::new().await;
    let browser = Browser::new(&world).await;
    for _ in 0..5 {
        assert!(browser.is_wrong("198.51.100.7", "ann").await);
        assert!(browser.is_wrong("2001:db8:1:1::7", "ann").await);
    }
    // The stranger's whole /64 waits, under every spelling of the name, and in another process too.
    assert!(browser.is_locked("198.51.100.7", " ANN ").await);
    assert!(browser.is_locked("2001:db8:1:1:ffff::8", "ann").await);
    let other = AccessStore::at(world.store.path(), Arc::clone(&world.clock) as _);
    let elsewhere = Network::of("198.51.100.7".parse().unwrap());
    assert_eq!(browser.attempt("192.0.2.1", "ann", PASSPHRASE).await, None);
    assert!(matches!(other.sign_in("ann", &PASSPHRASE.into(), elsewhere), Err(PageError::Locked(_))));
    // No address stands in the file.
    for file in std::fs::read_dir(world.store.path().parent().unwrap()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        assert!(!bytes.windows(12).any(|window| window == b"198.51.100.7"));
    }
    // Who was given a new passphrase starts anew, from everywhere.
    world.store.revoke("ann").unwrap();
    world.store.add_person("Ann", &PASSPHRASE.into(), &given("owner")).unwrap();
    assert_eq!(world.store.sign_in("ann", &PASSPHRASE.into(), elsewhere).unwrap(), "Ann");
}

/// Counts the guesses that are looked at, of so many.
fn guesses(world: &World, count: u32, guess: impl Fn(u32) -> (String, Network)) -> usize {
    let looked_at = |turn: &u32| {
        world.store.with(|file| {
            let (name, network) = guess(*turn);
            match attempts::Attempt::new(&name, network).begin(file, world.store.now()) {
                Ok(()) => Ok::<_, PageError>(true),
                Err(PageError::Locked(_)) => Ok(false),
                Err(error) => Err(error),
            }
        })
    };
    (0..count).filter(|turn| looked_at(turn).unwrap()).count()
}

#[tokio::test]
async fn a_flood_is_bounded_whatever_it_varies() {
    let world = World::new().await;
    let from = |turn: u32| Network::of(std::net::Ipv4Addr::from_bits(0xC633_6400 + turn).into());
    // Many addresses, one name: a hundred at once, then twenty an hour.
    assert_eq!(guesses(&world, 400, |turn| ("ann".to_owned(), from(turn))), 100);
    world.pass(3_600);
    assert_eq!(guesses(&world, 400, |turn| ("ann".to_owned(), from(1_000 + turn))), 20);
    // Others are not kept out by that.
    assert_eq!(guesses(&world, 1, |_| ("olga".to_owned(), from(0))), 1);
    // One address, many names. What comes by a proxy on this machine may be anybody.
    let one = Network::of([203, 0, 113, 9].into());
    assert_eq!(guesses(&world, 200, |turn| (format!("name{turn}"), one)), 30);
    assert_eq!(guesses(&world, 200, |turn| (format!("name{turn}"), Network::of([127, 0, 0, 1].into()))), 100);
    world.pass(2 * 86_400);
    world.store.tidy().unwrap();
    let left = world.store.read(|file| {
        Ok::<_, StoreError>(file.query_row("SELECT count(*) FROM failures", [], |row| row.get::<_, i64>(0))?)
    });
    assert_eq!(left.unwrap(), 0);
}
