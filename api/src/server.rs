//! Connections: how many, for how long, and from whom. Over hyper, because the bounds on slow clients are there.

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How patient we are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// A request's head must be there by then; an idle connection ends then.
    pub(crate) head_within: Duration,
    /// No connection is older, so that whoever trickles bytes cannot stay.
    pub(crate) age_max: Duration,
    /// What has begun may take so long after the end was announced.
    pub(crate) finish_within: Duration,
    /// Connections at once.
    pub(crate) connections_max: usize,
    /// From one address, trusted proxies excepted.
    pub(crate) per_address_max: usize,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            head_within: Duration::from_secs(10),
            age_max: Duration::from_secs(120),
            finish_within: Duration::from_secs(5),
            connections_max: 512,
            per_address_max: 32,
        }
    }
}

const HEAD_BYTES_MAX: usize = 32 * 1024;
const HEADERS_MAX: usize = 64;

/// Who is at the other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Takes connections until `shutdown`, then lets those that are open finish.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    trusted: Vec<IpAddr>,
    bounds: Bounds,
    mut shutdown: watch::Receiver<bool>,
) {
    let slots = Arc::new(Semaphore::new(bounds.connections_max));
    let counts = Counts::default();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            () = stopped(&mut shutdown) => break,
            Some(_) = connections.join_next(), if !connections.is_empty() => continue,
            // No more than there are slots: the others wait in the system's queue until one ends.
            accepted = accept(&listener, &slots) => accepted,
        };
        let Some((stream, from, slot)) = accepted else { continue };
        let address = from.ip().to_canonical();
        let max = if trusted.contains(&address) { bounds.connections_max } else { bounds.per_address_max };
        let Some(count) = counts.enter(address, max) else { continue };
        let (router, shutdown) = (router.clone(), shutdown.clone());
        connections.spawn(async move {
            connection(stream, Peer(address), router, bounds, shutdown).await;
            drop((slot, count));
        });
    }
    drop(listener);
    let finish = async { while connections.join_next().await.is_some() {} };
    let _ = timeout(bounds.finish_within, finish).await; // What is left is cut off when the set is dropped.
}

async fn accept(
    listener: &TcpListener,
    slots: &Arc<Semaphore>,
) -> Option<(TcpStream, SocketAddr, tokio::sync::OwnedSemaphorePermit)> {
    let slot = Arc::clone(slots).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, from)) => Some((stream, from, slot)),
        Err(error) => {
            // The client went away, or the system is out of descriptors, which passes.
            tracing::debug!(%error, "A connection could not be taken");
            sleep(Duration::from_millis(50)).await;
            None
        }
    }
}

async fn connection(
    stream: TcpStream,
    peer: Peer,
    router: Router,
    bounds: Bounds,
    mut shutdown: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(peer);
        router.call(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(bounds.head_within)
        .max_buf_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return log_end(ended),
        () = stopped(&mut shutdown) => {}
        () = sleep(bounds.age_max) => {}
    }
    connection.as_mut().graceful_shutdown();
    if let Ok(ended) = timeout(bounds.finish_within, connection).await {
        log_end(ended);
    }
}

/// A connection that breaks is the client's doing and everyday.
fn log_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        tracing::debug!(%error, "A connection broke");
    }
}

async fn stopped(shutdown: &mut watch::Receiver<bool>) {
    // An error says that whoever could stop us is gone, which is as good.
    let _ = shutdown.wait_for(|stop| *stop).await;
}

/// Open connections by address.
#[derive(Clone, Default)]
struct Counts(Arc<Mutex<HashMap<IpAddr, usize>>>);

/// One open connection; leaves the count when it is dropped.
struct Counted {
    counts: Counts,
    address: IpAddr,
}

impl Counts {
    fn enter(&self, address: IpAddr, max: usize) -> Option<Counted> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= max {
            return None;
        }
        *count += 1;
        drop(open);
        Some(Counted { counts: self.clone(), address })
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        let mut open = self.counts.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.address) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::get;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    struct Running {
        at: SocketAddr,
        stop: watch::Sender<bool>,
        task: tokio::task::JoinHandle<()>,
    }

    async fn start(bounds: Bounds) -> Running {
        let slow = async || {
            sleep(Duration::from_millis(300)).await;
            "done"
        };
        let router = Router::new().route("/", get(async || "here")).route("/slow", get(slow));
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (at, stop) = (listener.local_addr().unwrap(), watch::Sender::new(false));
        let task = tokio::spawn(serve(listener, router, Vec::new(), bounds, stop.subscribe()));
        Running { at, stop, task }
    }

    /// What comes back until the other end closes, and how long that took.
    async fn until_closed(stream: &mut TcpStream) -> (String, Duration) {
        let (mut got, started) = (Vec::new(), std::time::Instant::now());
        let _ = timeout(Duration::from_secs(10), stream.read_to_end(&mut got)).await.unwrap();
        (String::from_utf8_lossy(&got).into_owned(), started.elapsed())
    }

    #[tokio::test]
    async fn whoever_is_slow_is_cut_off() {
        let ms = Duration::from_millis;
        let bounds = Bounds { head_within: ms(200), age_max: ms(600), finish_within: ms(100), ..Bounds::default() };
        let running = start(bounds).await;
        let mut silent = TcpStream::connect(running.at).await.unwrap();
        let mut half = TcpStream::connect(running.at).await.unwrap();
        half.write_all(b"GET / HTTP/1.1\r\nhost: h").await.unwrap();
        let mut busy = TcpStream::connect(running.at).await.unwrap();
        let busy = tokio::spawn(async move {
            // Never idle for long, and still not older than the bound.
            let started = std::time::Instant::now();
            let mut answer = [0_u8; 1024];
            while busy.write_all(b"GET / HTTP/1.1\r\nhost: h\r\n\r\n").await.is_ok()
                && busy.read(&mut answer).await.is_ok_and(|n| n > 0)
            {
                sleep(Duration::from_millis(50)).await;
            }
            started.elapsed()
        });
        for stream in [&mut silent, &mut half] {
            let (_, took) = until_closed(stream).await;
            assert!(took < ms(3_000), "{took:?}");
        }
        let took = busy.await.unwrap();
        assert!(took >= ms(500) && took < ms(3_000), "{took:?}");
    }

    #[tokio::test]
    async fn what_has_begun_is_finished_when_it_ends() {
        let running = start(Bounds::default()).await;
        let mut idle = TcpStream::connect(running.at).await.unwrap();
        let mut begun = TcpStream::connect(running.at).await.unwrap();
        begun.write_all(b"GET /slow HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
        sleep(Duration::from_millis(100)).await;
        running.stop.send_replace(true);
        assert!(until_closed(&mut begun).await.0.ends_with("done"));
        until_closed(&mut idle).await;
        timeout(Duration::from_secs(4), running.task).await.unwrap().unwrap();
        assert!(TcpStream::connect(running.at).await.is_err());
    }

    #[tokio::test]
    async fn one_address_has_a_bounded_number_of_connections() {
        let running = start(Bounds { per_address_max: 2, ..Bounds::default() }).await;
        let mut open = Vec::new();
        for _ in 0..2 {
            open.push(TcpStream::connect(running.at).await.unwrap());
        }
        sleep(Duration::from_millis(50)).await;
        let mut third = TcpStream::connect(running.at).await.unwrap();
        assert_eq!(until_closed(&mut third).await.0, "");
        drop(open);
        sleep(Duration::from_millis(50)).await;
        let mut next = TcpStream::connect(running.at).await.unwrap();
        next.write_all(b"GET / HTTP/1.1\r\nhost: h\r\nconnection: close\r\n\r\n").await.unwrap();
        assert!(until_closed(&mut next).await.0.ends_with("here"));
    }

    #[test]
    fn connections_of_an_address_are_counted_while_they_are_open() {
        let (counts, address) = (Counts::default(), IpAddr::from([192, 0, 2, 1]));
        let first = counts.enter(address, 2);
        let second = counts.enter(address, 2);
        assert!(first.is_some() && second.is_some() && counts.enter(address, 2).is_none());
        assert!(counts.enter(IpAddr::from([192, 0, 2, 2]), 2).is_some());
        drop((first, second));
        assert!(counts.0.lock().unwrap().is_empty());
    }
}
