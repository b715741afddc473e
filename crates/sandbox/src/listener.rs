//! The listener: connections that a handler can end without a reply.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// How long to wait when the machine has no connection to give, for example for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A listener whose connections carry a [`Peer`].
pub(super) struct ClosableListener(pub(super) TcpListener);

/// The handler's hold on its connection.
#[derive(Clone, Debug)]
pub(super) struct Peer {
    closed: Arc<AtomicBool>,
}

impl Peer {
    /// Ends the connection: nothing more is written to it.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }
}

impl Connected<IncomingStream<'_, ClosableListener>> for Peer {
    fn connect_info(stream: IncomingStream<'_, ClosableListener>) -> Self {
        Self { closed: Arc::clone(&stream.io().closed) }
    }
}

impl Listener for ClosableListener {
    type Io = ClosableStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (ClosableStream, SocketAddr) {
        loop {
            if let Ok((stream, from)) = self.0.accept().await {
                // Without this a reply of many small writes waits for the other side's delayed acknowledgements.
                if stream.set_nodelay(true).is_ok() {
                    return (ClosableStream { stream, closed: Arc::default() }, from);
                }
            } else {
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.0.local_addr()
    }
}

/// One connection.
pub(super) struct ClosableStream {
    stream: TcpStream,
    closed: Arc<AtomicBool>,
}

impl ClosableStream {
    fn open(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        if self.closed.load(Ordering::Acquire) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(Pin::new(&mut self.stream))
    }
}

impl AsyncRead for ClosableStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for ClosableStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        self.open()?.poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.open()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
