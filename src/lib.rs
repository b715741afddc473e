//! A read-only MCP server for the data of home-inspection companies that use Spectora.
//!
//! In reading order; each module may use those below it, never those above. ARCHITECTURE.md has the map.

pub mod cli;
pub mod app;
pub mod config;
pub mod transport;
pub mod operations;
