//! One client over standard input and output. Standard output belongs to the protocol.

use rmcp::ServiceExt as _;

use super::lines::Lines;
use mcp::SpectoraServer;

/// Serves until the client closes standard input.
///
/// # Errors
/// When the client never spoke MCP, or the connection broke in the middle.
pub async fn serve_stdio(server: SpectoraServer) -> std::io::Result<()> {
    let running = match server.serve(Lines::new(tokio::io::stdin(), tokio::io::stdout())).await {
        Ok(running) => running,
        // A client that leaves before it says hello is no fault of ours.
        Err(rmcp::service::ServerInitializeError::ConnectionClosed(_)) => return Ok(()),
        Err(error) => return Err(std::io::Error::other(error)),
    };
    running.waiting().await.map(drop).map_err(std::io::Error::other)
}
