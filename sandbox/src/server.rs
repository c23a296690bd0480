//! The sockets. Each service has its own listener and its own accept loop over hyper, because faults need what a
//! web framework hides: refusing connections at the TCP level and resetting one in the middle of an answer.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Either, Full, Limited};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

use crate::http::{Ask, Delivery, Reply, parse_form, percent_decode};
use crate::stand::{Host, stopped};

const BODY_BYTES_MAX: usize = 60 * 1024 * 1024;

/// Whether a service takes connections. Each change severs the connections that are open.
pub(crate) struct Gate {
    state: watch::Sender<GateState>,
    refuse_next: AtomicU32,
}

#[derive(Clone, Copy)]
struct GateState {
    open: bool,
    /// Reopens by itself after this long.
    closed_for_ms: Option<u64>,
    /// Open connections bring their answers first.
    gently: bool,
}

impl Default for Gate {
    fn default() -> Self {
        let state = watch::Sender::new(GateState { open: true, closed_for_ms: None, gently: false });
        Self { state, refuse_next: AtomicU32::new(0) }
    }
}

impl Gate {
    pub(crate) fn close(&self, for_ms: Option<u64>) {
        self.state.send_replace(GateState { open: false, closed_for_ms: for_ms, gently: false });
    }

    /// Takes no more connections until it is opened; calls that are under way are answered.
    pub(crate) fn close_gently(&self) {
        self.state.send_replace(GateState { open: false, closed_for_ms: None, gently: true });
    }

    /// Takes connections again. Nothing is severed when it was open.
    pub(crate) fn open(&self) {
        self.refuse_next.store(0, Ordering::SeqCst);
        self.state.send_if_modified(|state| !std::mem::replace(&mut state.open, true));
    }

    /// Resets the next `times` connections unread, and the open ones now, so that no idle one is used instead.
    pub(crate) fn refuse(&self, times: u32) {
        self.refuse_next.fetch_add(times.max(1), Ordering::SeqCst);
        self.state.send_modify(|state| state.gently = false);
    }

    fn refuses(&self) -> bool {
        self.refuse_next.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
    }
}

/// One connection, as far as an answer can act on it.
#[derive(Default)]
pub(crate) struct Line {
    abort: AtomicBool,
    exempt: AtomicBool,
    kill: Notify,
}

impl Line {
    /// Keeps this connection when the gate severs all others; it closes after its answer.
    pub(crate) fn exempt(&self) {
        self.exempt.store(true, Ordering::SeqCst);
    }

    fn reset(&self) {
        self.kill.notify_one();
    }
}

/// A socket that is reset rather than closed when its line was aborted.
struct Socket {
    stream: TcpStream,
    line: Arc<Line>,
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.line.abort.load(Ordering::SeqCst) {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Socket {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

/// Takes connections until the sandbox is dropped; closes and reopens the listener as the gate says.
pub(crate) async fn listen(listener: TcpListener, at: SocketAddr, host: Arc<Host>, mut stop: watch::Receiver<()>) {
    let mut gate = host.core.gate.state.subscribe();
    let mut listener = Some(listener);
    loop {
        let state = *gate.borrow_and_update();
        match (&listener, state.open) {
            (Some(open), true) => {
                tokio::select! {
                    () = stopped(&mut stop) => return,
                    _ = gate.changed() => {}
                    accepted = open.accept() => match accepted {
                        Ok((stream, _)) => welcome(stream, &host, &stop),
                        // Out of descriptors, most likely: let some be freed.
                        Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
                    },
                }
            }
            (Some(_), false) => listener = None,
            (None, false) => {
                tokio::select! {
                    () = stopped(&mut stop) => return,
                    _ = gate.changed() => {}
                    () = reopening(state.closed_for_ms) => host.core.gate.open(),
                }
            }
            (None, true) => match TcpListener::bind(at).await {
                Ok(bound) => listener = Some(bound),
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            },
        }
    }
}

async fn reopening(after_ms: Option<u64>) {
    match after_ms {
        Some(ms) => tokio::time::sleep(Duration::from_millis(ms)).await,
        None => std::future::pending().await,
    }
}

fn welcome(stream: TcpStream, host: &Arc<Host>, stop: &watch::Receiver<()>) {
    if host.core.gate.refuses() {
        host.core.record.unread(&host.core.clock);
        let _ = stream.set_zero_linger();
        return;
    }
    let _ = stream.set_nodelay(true);
    tokio::spawn(converse(stream, Arc::clone(host), stop.clone()));
}

/// Serves one connection to its end, which may be a reset.
async fn converse(stream: TcpStream, host: Arc<Host>, mut stop: watch::Receiver<()>) {
    let line = Arc::new(Line::default());
    let mut gate = host.core.gate.state.subscribe();
    let io = TokioIo::new(Socket { stream, line: Arc::clone(&line) });
    let service = service_fn(|request| respond(Arc::clone(&host), Arc::clone(&line), request));
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(io, service);
    tokio::pin!(connection);
    loop {
        tokio::select! {
            _ = &mut connection => return,
            () = line.kill.notified() => break,
            gently = severed(&mut gate, &line) => {
                if !gently {
                    break;
                }
                connection.as_mut().graceful_shutdown();
            }
            () = stopped(&mut stop) => break,
        }
    }
    line.abort.store(true, Ordering::SeqCst);
}

/// Returns when the gate severs this connection, and whether gently.
async fn severed(gate: &mut watch::Receiver<GateState>, line: &Line) -> bool {
    loop {
        if gate.changed().await.is_err() {
            return false;
        }
        let state = *gate.borrow_and_update();
        // A gate that opens after it closed gently severs nothing.
        let reopened = state.open && state.gently;
        if !reopened && !line.exempt.load(Ordering::SeqCst) {
            return state.gently;
        }
    }
}

type Body = Either<Full<Bytes>, Channel<Bytes, Infallible>>;

async fn respond(host: Arc<Host>, line: Arc<Line>, request: Request<Incoming>) -> io::Result<Response<Body>> {
    let ask = read(request).await?;
    let (reply, delivery) = if host.stand.outlasts_callers() {
        let (host, line) = (Arc::clone(&host), Arc::clone(&line));
        tokio::spawn(async move { host.answer(ask, &line).await }).await.map_err(io::Error::other)?
    } else {
        host.answer(ask, &line).await
    };
    let (length, status) = (reply.body.len(), reply.status);
    let mut response =
        Response::builder().status(status).header("content-type", reply.content_type).header("content-length", length);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    if line.exempt.load(Ordering::SeqCst) {
        response = response.header("connection", "close");
    }
    let body = match delivery {
        Delivery::Whole => Either::Left(Full::new(reply.body)),
        Delivery::Never => std::future::pending().await,
        Delivery::Reset => {
            line.reset();
            std::future::pending().await
        }
        Delivery::HalfThenReset => Either::Right(half(&reply, Some(line))),
        Delivery::HalfThenClose => Either::Right(half(&reply, None)),
        Delivery::Drip(ms) => Either::Right(drip(reply, ms)),
    };
    response.body(body).map_err(io::Error::other)
}

async fn read(request: Request<Incoming>) -> io::Result<Ask> {
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await.map_err(io::Error::other)?.to_bytes();
    let headers = head
        .headers
        .iter()
        .map(|(name, value)| (name.as_str().to_owned(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
        .collect();
    Ok(Ask {
        method: head.method.as_str().to_owned(),
        path: percent_decode(head.uri.path()),
        query: parse_form(head.uri.query().unwrap_or("")),
        headers,
        body,
    })
}

/// The first half of the body; then the body ends short, by a reset when a line is given.
fn half(reply: &Reply, line: Option<Arc<Line>>) -> Channel<Bytes, Infallible> {
    let (mut sender, body) = Channel::new(2);
    let first = reply.body.slice(..reply.body.len() / 2);
    tokio::spawn(async move {
        let _ = sender.send(Frame::data(first)).await;
        if let Some(line) = line {
            // The half must have left before the reset, which discards what the socket still holds.
            tokio::time::sleep(Duration::from_millis(40)).await;
            line.reset();
            tokio::time::sleep(Duration::from_millis(40)).await;
        }
    });
    body
}

fn drip(reply: Reply, each_ms: u64) -> Channel<Bytes, Infallible> {
    let (mut sender, body) = Channel::new(1);
    tokio::spawn(async move {
        for at in 0..reply.body.len() {
            if sender.send(Frame::data(reply.body.slice(at..=at))).await.is_err() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(each_ms)).await;
        }
    });
    body
}
