//! What can go wrong, in a form each reader understands: an OAuth client, a person at a page, an owner at the shell.

use std::path::PathBuf;

/// The file of people, tokens and grants cannot be used. Holds no secret and no name.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It cannot be opened or made.
    #[error("{path} cannot be used: {reason}")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A newer program wrote it.
    #[error("{path} was written by a newer version of this program")]
    Newer {
        /// The file.
        path: PathBuf,
    },
    /// Work on it did not come to its end.
    #[error("work on the file of people and tokens was broken off")]
    BrokenOff,
    /// The database says no.
    #[error("the file of people and tokens: {0}")]
    Database(#[from] rusqlite::Error),
}

impl StoreError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Unusable { .. } => {
                "let this user read and write the file, or name another one with `access_file` under [http]"
            }
            Self::Newer { .. } => "use the newer version of spectora-mcp",
            Self::BrokenOff => "try again",
            Self::Database(_) => {
                "check who may write to the file (access.db in the data folder, unless `access_file` under [http] names \
                 another) and whether the disk is full; where it is damaged, delete it: people and tokens must then be added \
                 again"
            }
        }
    }
}

/// What an owner asked for cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum AccessError {
    /// The file.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A name that cannot be one.
    #[error("`{0}` is no name")]
    BadName(String),
    /// There is one already.
    #[error("there is a {what} called `{name}` already")]
    Taken {
        /// A person or a token.
        what: &'static str,
        /// Which.
        name: String,
    },
    /// Too easy to guess.
    #[error("a passphrase has at least {min} characters")]
    ShortPassphrase {
        /// The least.
        min: usize,
    },
    /// Nothing of that name.
    #[error("nobody and nothing here is called `{0}`")]
    Unknown(String),
    /// The redirect of a client to be added.
    #[error("{0}")]
    Redirect(String),
    /// A passphrase that cannot be hashed: out of memory.
    #[error("the passphrase cannot be hashed: {0}")]
    Hash(String),
}

impl AccessError {
    /// What to do about it.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Store(error) => error.remedy(),
            Self::BadName(_) => "give 1 to 60 letters, digits, blanks, `.`, `-`, `_` or `@`",
            Self::Taken { .. } => "revoke it first (`spectora-mcp access revoke NAME`), or choose another name",
            Self::ShortPassphrase { .. } => "take four random words, or leave it out and have one made",
            Self::Unknown(_) => "`spectora-mcp access list` shows all",
            Self::Redirect(_) => "give the address that the application's documentation names for its log-in",
            Self::Hash(_) => "close other programs, then try again",
        }
    }
}

impl From<rusqlite::Error> for AccessError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// An answer of `/token`, `/register` or `/revoke` that refuses (RFC 6749, 7591, 8707): a code clients act on, and words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OAuthError {
    /// Such as `invalid_grant`.
    pub code: &'static str,
    /// For whoever reads the log of the client.
    pub description: String,
}

impl OAuthError {
    pub(super) fn new(code: &'static str, description: impl Into<String>) -> Self {
        Self { code, description: description.into() }
    }

    /// The status of the answer.
    pub fn status(&self) -> u16 {
        match self.code {
            "invalid_client" => 401,
            "temporarily_unavailable" => 503,
            "server_error" => 500,
            "slow_down" => 429,
            _ => 400,
        }
    }
}

impl From<StoreError> for OAuthError {
    fn from(_: StoreError) -> Self {
        Self::new("temporarily_unavailable", "the server cannot read its grants now; try again")
    }
}

impl From<rusqlite::Error> for OAuthError {
    fn from(error: rusqlite::Error) -> Self {
        StoreError::from(error).into()
    }
}

/// Why a page cannot go on; shown to a person, never sent to a redirect.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The request of the application is wrong.
    #[error("The application asked for something this server cannot give: {0}.")]
    Request(String),
    /// Who asks is not known.
    #[error("This application is not known here: {0}.")]
    Client(String),
    /// The page was opened in another browser, was used, or is too old.
    #[error("This page is no longer good. Go back to the application and connect again.")]
    Stale,
    /// Name or passphrase is wrong. Which is not said.
    #[error("Name or passphrase is wrong.")]
    WrongPassphrase,
    /// Too many wrong ones.
    #[error("Too many wrong passphrases. Wait {0} and try again.")]
    Locked(String),
    /// Too many pages for one network.
    #[error("Too many pages were asked for from where you are. Wait a minute and try again.")]
    TooMany,
    /// The store.
    #[error("This server cannot sign anybody in right now. Try again in a minute.")]
    Unavailable,
}

impl From<StoreError> for PageError {
    fn from(error: StoreError) -> Self {
        let _ = error;
        Self::Unavailable
    }
}

impl From<rusqlite::Error> for PageError {
    fn from(_: rusqlite::Error) -> Self {
        Self::Unavailable
    }
}
