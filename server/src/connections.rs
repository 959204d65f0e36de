//! Connections: taken, served, and ended when nobody asks for anything on them any more.
//!
//! Each holds a file descriptor, and whoever connects needs no key for it. So none is kept by saying nothing, nor by
//! saying a request byte by byte.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Bytes, HttpBody};
use axum::extract::ConnectInfo;
use axum::http::{Request, Version};
use axum::response::Response;
use axum::routing::future::RouteFuture;
use axum::{BoxError, Router};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::Instant;
use tower::Service;

use crate::shutdown::Shutdown;

/// Where the system has no descriptor left, one is free a little later.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_secs(1);

/// How long a connection is kept for what does not come.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of the first request: as long as for a body.
    pub first: Duration,
    /// For the head of the next one. Longer than proxies and clients keep a connection to send more on, so that none
    /// sends a request on one that ends this moment.
    pub next: Duration,
    /// For a sign of life from a client of HTTP/2 that is asked for one.
    pub alive: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            first: Duration::from_secs(10),
            next: Duration::from_secs(100),
            alive: Duration::from_secs(20),
        }
    }
}

/// Serves until it is told to stop; then no new connection is taken, and it ends with the last request under way.
pub async fn serve(listener: TcpListener, router: Router, patience: Patience, shutdown: Shutdown) {
    let served = watch::Sender::new(());
    loop {
        let (stream, from) = tokio::select! {
            connected = accept(&listener) => connected,
            () = shutdown.requested() => break,
        };
        let (router, shutdown, under_way) = (router.clone(), shutdown.clone(), served.subscribe());
        tokio::spawn(async move {
            serve_one(stream, (router, from), patience, shutdown).await;
            drop(under_way);
        });
    }
    drop(listener);
    served.closed().await;
}

/// What goes wrong with one connection is no reason to take no others.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        let error = match listener.accept().await {
            Ok(connected) => return connected,
            Err(error) => error,
        };
        let of_the_client = matches!(
            error.kind(),
            io::ErrorKind::ConnectionRefused
                | io::ErrorKind::ConnectionAborted
                | io::ErrorKind::ConnectionReset
        );
        if !of_the_client {
            tracing::error!(%error, "No connection can be taken: {error}");
            tokio::time::sleep(OUT_OF_DESCRIPTORS).await;
        }
    }
}

async fn serve_one(
    stream: TcpStream,
    (router, from): (Router, SocketAddr),
    patience: Patience,
    shutdown: Shutdown,
) {
    let asked = Asked::default();
    let service = Served {
        router,
        from,
        asked: asked.clone(),
    };
    let builder = builder(patience);
    let service = TowerToHyperService::new(service);
    let mut connection = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), service));
    let mut stop = pin!(shutdown.requested());
    let (mut ending, mut watched, mut look_at) = (false, true, Instant::now() + patience.first);
    loop {
        tokio::select! {
            // Who hung up, or does not speak HTTP, is nobody's fault here.
            _ = connection.as_mut() => break,
            () = &mut stop, if !ending => {
                ending = true;
                connection.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep_until(look_at), if watched && !ending => match asked.last() {
                // Not even one whole request.
                None => break,
                Some((Version::HTTP_2, last)) if last + patience.next <= Instant::now() => {
                    ending = true;
                    // What is under way is answered to its end.
                    connection.as_mut().graceful_shutdown();
                }
                Some((Version::HTTP_2, last)) => look_at = last + patience.next,
                // The time for the next head is watched where heads are read.
                Some(_) => watched = false,
            }
        }
    }
}

fn builder(patience: Patience) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience.next);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(patience.alive)
        .keep_alive_timeout(patience.alive);
    builder
}

/// The version and the time of the last request whose head is there.
#[derive(Debug, Clone, Default)]
struct Asked(Arc<Mutex<Option<(Version, Instant)>>>);

impl Asked {
    fn note(&self, version: Version) {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((version, Instant::now()));
    }

    fn last(&self) -> Option<(Version, Instant)> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The router, as one client sees it.
#[derive(Debug, Clone)]
struct Served {
    router: Router,
    from: SocketAddr,
    asked: Asked,
}

impl<B> Service<Request<B>> for Served
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    type Response = Response;
    type Error = Infallible;
    type Future = RouteFuture<Infallible>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        self.asked.note(request.version());
        request.extensions_mut().insert(ConnectInfo(self.from));
        self.router.call(request)
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;

    const IMPATIENT: Patience = Patience {
        first: Duration::from_millis(300),
        next: Duration::from_millis(600),
        alive: Duration::from_millis(200),
    };
    const ASKS: &[u8] = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    async fn start() -> (SocketAddr, Shutdown, tokio::task::JoinHandle<()>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slowly = get(async |ConnectInfo(from): ConnectInfo<SocketAddr>| {
            tokio::time::sleep(Duration::from_millis(900)).await;
            from.to_string()
        });
        let router = Router::new()
            .route("/", get(async || "ok"))
            .route("/slowly", slowly);
        let shutdown = Shutdown::new();
        let serving = tokio::spawn(serve(listener, router, IMPATIENT, shutdown.clone()));
        (address, shutdown, serving)
    }

    async fn connect(address: SocketAddr, says: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(says).await.unwrap();
        stream
    }

    /// What is said until the server hangs up, and how long that takes.
    async fn rest(mut stream: TcpStream) -> (String, Duration) {
        let (began, mut said) = (Instant::now(), Vec::new());
        let read = tokio::time::timeout(Duration::from_secs(10), stream.read_to_end(&mut said));
        read.await.unwrap().unwrap();
        (String::from_utf8_lossy(&said).into_owned(), began.elapsed())
    }

    fn within(took: Duration, from: u64, to: u64) -> bool {
        (from..to).contains(&u64::try_from(took.as_millis()).unwrap())
    }

    #[tokio::test]
    async fn a_connection_is_kept_for_a_next_request_and_not_for_ever() {
        let (address, ..) = start().await;
        let mut stream = connect(address, ASKS).await;
        for _ in 0..2 {
            // Longer than the first request may take.
            tokio::time::sleep(Duration::from_millis(400)).await;
            stream.write_all(ASKS).await.unwrap();
        }
        let (said, took) = rest(stream).await;
        assert_eq!(said.matches("200 OK").count(), 3, "{said}");
        assert!(within(took, 500, 3_000), "{took:?}");
        // The second one comes byte by byte.
        let stream = connect(address, &[ASKS, b"GET / HT"].concat()).await;
        let (said, took) = rest(stream).await;
        assert_eq!(said.matches("200 OK").count(), 1, "{said}");
        assert!(within(took, 500, 3_000), "{took:?}");
    }

    #[tokio::test]
    async fn an_answer_may_take_longer_than_a_request() {
        let (address, ..) = start().await;
        let stream = connect(
            address,
            b"GET /slowly HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )
        .await;
        let own = stream.local_addr().unwrap().to_string();
        let (said, took) = rest(stream).await;
        assert!(said.ends_with(&own), "{said}");
        assert!(within(took, 800, 5_000), "{took:?}");
    }

    #[tokio::test]
    async fn told_to_stop_it_ends_with_the_last_request_under_way() {
        let (address, shutdown, serving) = start().await;
        let idle = connect(address, ASKS).await;
        let busy = connect(address, b"GET /slowly HTTP/1.1\r\nHost: x\r\n\r\n").await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        shutdown.request();
        let (said, took) = rest(idle).await;
        assert!(said.contains("200 OK") && within(took, 0, 400), "{took:?} {said}");
        assert!(!serving.is_finished());
        assert!(TcpStream::connect(address).await.is_err(), "no new one is taken");
        let (said, _) = rest(busy).await;
        assert!(said.contains("200 OK"), "{said}");
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_client_of_http_2_that_asks_for_nothing_more_is_sent_away() {
        let (address, ..) = start().await;
        // The preface, settings, and a request for `/` with literal headers.
        let headers = b"\x82\x84\x86\x41\x01x";
        let frame = |kind: u8, flags: u8, stream: u8, body: &[u8]| {
            let length = u8::try_from(body.len()).unwrap();
            [&[0, 0, length, kind, flags, 0, 0, 0, stream], body].concat()
        };
        let begins = [
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
            frame(4, 0, 0, &[]),
            frame(1, 5, 1, headers),
        ];
        let stream = connect(address, &begins.concat()).await;
        // It answers no ping either.
        let (said, took) = rest(stream).await;
        assert!(said.contains("ok"), "{said:?}");
        assert!(within(took, 100, 3_000), "{took:?}");
    }
}
