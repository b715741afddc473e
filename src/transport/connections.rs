//! Connections: how many, how long each may take to say what it wants, encrypted or not, and how they end.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

use super::proxies::Peer;

/// The most connections at once; more wait to be taken.
const CONNECTIONS_MAX: usize = 4_096;
/// How long a client may take to send the head of a request, and how long a connection may be idle.
const HEAD_TIME_MAX: Duration = Duration::from_secs(30);
/// How long the handshake of an encrypted connection may take.
const HANDSHAKE_TIME_MAX: Duration = Duration::from_secs(10);
/// How long open requests may take to end once the server is told to stop.
const DRAIN_TIME_MAX: Duration = Duration::from_secs(10);
/// How long to wait where the system has no more connections to give.
const PAUSE: Duration = Duration::from_millis(100);

/// Serves `router` at `listener` until `stop`, then lets open requests end for at most ten seconds.
pub(super) async fn run(listener: TcpListener, router: Router, tls: Option<TlsAcceptor>, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let graceful = GracefulShutdown::new();
    let accepting = async {
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    drop(stream.set_nodelay(true));
                    let answering = Answering { router: router.clone(), peer: Peer(peer.ip()) };
                    tokio::spawn(connection(stream, place, answering, tls.clone(), graceful.watcher()));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection cannot be taken");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
    };
    tokio::select! {
        () = accepting => {}
        () = stop.cancelled() => {}
    }
    drop(listener);
    if tokio::time::timeout(DRAIN_TIME_MAX, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests that did not end in time are broken off");
    }
}

/// What answers at a connection, and who is at its other end.
struct Answering {
    router: Router,
    peer: Peer,
}

async fn connection(
    stream: TcpStream,
    _place: OwnedSemaphorePermit,
    answering: Answering,
    tls: Option<TlsAcceptor>,
    watcher: Watcher,
) {
    match tls {
        None => converse(stream, answering, watcher).await,
        Some(tls) => match tokio::time::timeout(HANDSHAKE_TIME_MAX, tls.accept(stream)).await {
            Ok(Ok(stream)) => converse(stream, answering, watcher).await,
            Ok(Err(error)) => tracing::debug!(%error, "an encrypted connection was not made"),
            Err(_) => tracing::debug!("an encrypted connection was not made in time"),
        },
    }
}

async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    Answering { router, peer }: Answering,
    watcher: Watcher,
) {
    let service = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(peer);
        service.call(request)
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME_MAX)
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = watcher.watch(served).await {
        tracing::debug!(%error, "a connection ended");
    }
}
