//! Secrets this server hands out: random, shown once, stored as a hash only.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rand::Rng as _;
use secrecy::{ExposeSecret as _, SecretString};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

/// Random bytes of a secret: nothing that anybody could guess.
const SECRET_BYTES: usize = 32;
/// Random bytes of a name that is not secret but must be nobody else's.
const ID_BYTES: usize = 12;

/// SHA-256 of a secret: what is stored of it. Enough for secrets of [`SECRET_BYTES`]; passphrases are hashed slowly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SecretHash([u8; 32]);

impl SecretHash {
    pub(super) fn of(secret: &str) -> Self {
        Self(Sha256::digest(secret.as_bytes()).into())
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is what was stored; takes as long whether it is or not.
    pub(super) fn is(&self, stored: &[u8]) -> bool {
        self.0.as_slice().ct_eq(stored).into()
    }
}

/// A new secret, with a beginning that says what it is (`spm_at_…`), so that scanners and people know it.
pub(super) fn new_secret(kind: &str) -> SecretString {
    let mut bytes = [0_u8; SECRET_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    SecretString::from(format!("spm_{kind}_{}", URL_SAFE_NO_PAD.encode(bytes)))
}

/// A new id.
pub(super) fn new_id(kind: &str) -> String {
    let mut bytes = [0_u8; ID_BYTES];
    rand::rng().fill_bytes(&mut bytes);
    format!("{kind}-{}", URL_SAFE_NO_PAD.encode(bytes))
}

pub(super) fn hash_of(secret: &SecretString) -> SecretHash {
    SecretHash::of(secret.expose_secret())
}

/// Whether a code verifier fits its S256 challenge (RFC 7636).
pub(super) fn fits_challenge(verifier: &str, challenge: &str) -> bool {
    let is_verifier = (43..=128).contains(&verifier.len())
        && verifier.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~'));
    let hashed = URL_SAFE_NO_PAD.encode(Sha256::digest(verifier.as_bytes()));
    is_verifier && hashed.as_bytes().ct_eq(challenge.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verifier_fits_its_challenge_only() {
        // The example of RFC 7636, appendix B.
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        let challenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
        assert!(fits_challenge(verifier, challenge));
        assert!(!fits_challenge(&verifier.replace('d', "e"), challenge));
        // Plain: the challenge itself is no verifier of itself.
        assert!(!fits_challenge(challenge, challenge));
        assert!(!fits_challenge("short", challenge));
    }

    #[test]
    fn secrets_differ_and_say_what_they_are() {
        let (one, two) = (new_secret("at"), new_secret("at"));
        assert_ne!(one.expose_secret(), two.expose_secret());
        assert!(one.expose_secret().starts_with("spm_at_") && one.expose_secret().len() == 7 + 43);
        assert!(hash_of(&one).is(hash_of(&one).bytes()) && !hash_of(&one).is(hash_of(&two).bytes()));
    }
}
