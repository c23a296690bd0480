//! A panel on a plain socket: it answers as a test says and keeps every body that it was sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::Secret;
use domain::smm::Adapter;
use providers::smm::{Fields, NewOrder, Panel};
use providers::{HttpClient, Smm, Timeouts};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

// Not shaped like a key, so that only knowing it can hide it.
pub(crate) const KEY: &str = "plain-canary";

/// What one request is answered with.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    /// A complete answer.
    Full { status: u16, headers: &'static str, body: Vec<u8> },
    /// These bytes, then an orderly end.
    Cut(String),
    /// These bytes, then a reset.
    Reset(String),
    /// Nothing, and the connection stays.
    Silence,
}

/// A complete answer without headers of its own.
pub(crate) fn full(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer::Full { status, headers: "", body: body.into() }
}

/// One request as it arrived.
#[derive(Clone, Debug)]
pub(crate) struct Heard {
    /// The request line and the headers, in lower case.
    pub(crate) head: String,
    pub(crate) body: String,
    /// The how manieth connection it came on.
    pub(crate) connection: usize,
}

pub(crate) struct Stand {
    pub(crate) panel: Panel,
    heard: Arc<Mutex<Vec<Heard>>>,
}

impl Stand {
    /// Answers each request with what `answer` makes of its body.
    pub(crate) async fn start(answer: impl Fn(&str) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let at = listener.local_addr().unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let (shared, answer) = (Arc::clone(&heard), Arc::new(answer));
        tokio::spawn(async move {
            for connection in 1.. {
                let Ok((stream, _)) = listener.accept().await else { return };
                tokio::spawn(converse(stream, connection, Arc::clone(&answer), Arc::clone(&shared)));
            }
        });
        Self { panel: panel(&format!("http://{at}/api/v2")), heard }
    }

    /// Answers everything with the same.
    pub(crate) async fn always(answer: Answer) -> Self {
        Self::start(move |_| answer.clone()).await
    }

    pub(crate) fn heard(&self) -> Vec<Heard> {
        self.heard.lock().unwrap().clone()
    }

    /// The bodies that it was sent, in order.
    pub(crate) fn bodies(&self) -> Vec<String> {
        self.heard().into_iter().map(|heard| heard.body).collect()
    }
}

pub(crate) fn panel(url: &str) -> Panel {
    Panel {
        name: "plugsmms".to_owned(),
        url: url.to_owned(),
        key: Secret::new(KEY),
        adapter: Adapter::Current,
        refusals: Vec::new(),
    }
}

pub(crate) fn smm(ms: u64) -> Smm {
    let ms = Duration::from_millis(ms);
    let timeouts = Timeouts { connect: ms, smm_add: ms, smm_read: ms, smm_services: ms, ..Timeouts::default() };
    Smm::new(HttpClient::new(timeouts).unwrap())
}

pub(crate) fn order() -> NewOrder {
    let fields =
        Fields::Default { link: "https://x.com/a/status/1".to_owned(), quantity: 100, runs: None, interval: None };
    NewOrder { service: "6073".to_owned(), fields }
}

async fn converse(
    mut stream: TcpStream,
    connection: usize,
    answer: Arc<impl Fn(&str) -> Answer>,
    heard: Arc<Mutex<Vec<Heard>>>,
) {
    let mut buffer = Vec::new();
    let mut chunk = [0; 4096];
    while let Ok(read @ 1..) = stream.read(&mut chunk).await {
        buffer.extend_from_slice(&chunk[..read]);
        let text = String::from_utf8_lossy(&buffer).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let head = head.to_lowercase();
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next()?.parse().ok());
        if body.len() < length.unwrap_or(0) {
            continue;
        }
        buffer.clear();
        let reply = answer(body);
        heard.lock().unwrap().push(Heard { head, body: body.to_owned(), connection });
        match reply {
            Answer::Full { status, headers, body } => {
                let head = format!("HTTP/1.1 {status} Any\r\n{headers}content-length: {}\r\n\r\n", body.len());
                if stream.write_all(head.as_bytes()).await.is_err() || stream.write_all(&body).await.is_err() {
                    return;
                }
            }
            Answer::Cut(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                return;
            }
            Answer::Reset(text) => {
                let _ = stream.write_all(text.as_bytes()).await;
                let _ = stream.set_zero_linger();
                return;
            }
            Answer::Silence => {}
        }
    }
}
