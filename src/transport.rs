//! How MCP reaches this program: stdio for desktop clients, streamable HTTP for the rest.

mod connections;
mod gate;
mod http;
mod limits;
mod lines;
mod login;
mod pages;
mod preview;
mod proxies;
mod sessions;
mod stdio;
mod unreadable;

pub use http::{
    Checked, Delivered, Deliveries, HttpServer, HttpSettings, Readiness, WayIn, serve_http, serve_metrics, tls,
};
pub(crate) use present::escaped;
pub use preview::{Answers, PreviewServer};
pub use stdio::serve_stdio;
