//! How MCP reaches this program: stdio for desktop clients, streamable HTTP for the rest.

mod http;
mod lines;
mod stdio;
mod unreadable;

pub use http::{Delivered, Deliveries, HttpSettings, serve_http};
pub use stdio::serve_stdio;
