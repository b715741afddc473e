//! The files in which AI assistants list their MCP servers: where they are, and how an entry is put in and taken out
//! without touching anything else.
//!
//! Nothing here knows what a server does, and nothing is written without being shown first: [`Change::plan`] reads a file
//! and says what would be different, [`Change::write`] does it and keeps a copy of the file as it was.

mod change;
mod edit;
mod entry;
mod known;

pub use change::{Change, ChangeError, Current, Wanted};
pub use edit::{EditError, Found, entries};
pub use entry::{Entry, Program};
pub use known::{Assistant, File, Format, Places, System};
