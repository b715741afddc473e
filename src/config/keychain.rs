//! Keys in the keychain of the system: Apple's Keychain, and the Credential Manager of Windows. Elsewhere there is none that
//! is always there (a server has no session to unlock one), so keys are in private files.

use secrecy::SecretString;

/// Under this name the keychain lists the keys; the account is the company's name.
#[cfg(any(target_os = "macos", windows))]
const SERVICE: &str = "spectora-mcp";

/// Whether this system has one.
pub const HAS_KEYCHAIN: bool = cfg!(any(target_os = "macos", windows));

#[cfg(any(target_os = "macos", windows))]
mod system {
    use std::sync::Once;

    use secrecy::{ExposeSecret as _, SecretString};

    use super::SERVICE;

    fn entry(account: &str) -> Result<keyring_core::Entry, String> {
        static STORE: Once = Once::new();
        STORE.call_once(|| {
            #[cfg(target_os = "macos")]
            let store = apple_native_keyring_store::keychain::Store::new();
            #[cfg(windows)]
            let store = windows_native_keyring_store::Store::new();
            if let Ok(store) = store {
                keyring_core::set_default_store(store);
            }
        });
        keyring_core::Entry::new(SERVICE, account).map_err(|error| error.to_string())
    }

    pub(super) fn read(account: &str) -> Result<String, String> {
        entry(account)?.get_password().map_err(|error| error.to_string())
    }

    pub(super) fn write(account: &str, key: &SecretString) -> Result<(), String> {
        entry(account)?.set_password(key.expose_secret()).map_err(|error| error.to_string())
    }

    pub(super) fn delete(account: &str) -> Result<(), String> {
        match entry(account)?.delete_credential() {
            Ok(()) | Err(keyring_core::Error::NoEntry) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

#[cfg(not(any(target_os = "macos", windows)))]
mod system {
    use secrecy::SecretString;

    const NONE: &str = "this system has no keychain that the program can use; put the key into a file";

    pub(super) fn read(_: &str) -> Result<String, String> {
        Err(NONE.to_owned())
    }

    pub(super) fn write(_: &str, _: &SecretString) -> Result<(), String> {
        Err(NONE.to_owned())
    }

    pub(super) fn delete(_: &str) -> Result<(), String> {
        Err(NONE.to_owned())
    }
}

/// The key under this account. `Err` says why there is none, never what it is.
pub(super) fn read(account: &str) -> Result<String, String> {
    system::read(account).map_err(|reason| format!("the keychain: {reason}"))
}

/// Stores a key under this account, in place of one that is there.
pub fn write(account: &str, key: &SecretString) -> Result<(), String> {
    system::write(account, key)
}

/// Deletes the key under this account; one that is not there is no fault.
pub fn delete(account: &str) -> Result<(), String> {
    system::delete(account)
}
