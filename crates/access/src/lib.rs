//! Who may ask over HTTP: people with passphrases, static tokens, and the applications that people let in.
//!
//! The login is a small OAuth 2.1 authorization server for this one resource: code with PKCE S256, opaque tokens, a plain
//! sign-in and consent page (drawn elsewhere). Everything secret is stored as a hash, in one file that processes share.
//! What a role allows is not known here: a person and a token have the name of one.

mod attempts;
mod clients;
mod document;
mod error;
mod fetch;
mod grants;
mod issuer;
mod login;
mod outside;
mod people;
mod redirects;
mod secret;
mod store;
#[cfg(test)]
mod tests;

pub use attempts::Network;
pub use clients::{Client, ClientKind};
pub use error::{AccessError, OAuthError, PageError, StoreError};
pub use grants::{ListedGrant, TokenAnswer, Verified};
pub use issuer::{Issuer, IssuerError, IssuerSettings};
pub use login::{Asking, Login, LoginSettings, Page, SCOPE, SCOPE_OFFLINE, SESSION_SECONDS, SignedIn};
pub use outside::{Seen, look_from_outside, status_from_outside};
pub use people::{Given, Listed};
pub use redirects::RedirectRules;
pub use store::AccessStore;
