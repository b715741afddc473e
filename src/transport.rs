//! How MCP reaches this program: stdio and streamable HTTP.
