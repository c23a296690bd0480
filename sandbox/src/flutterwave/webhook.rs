//! Webhooks on their way out: what is due, what was sent and what was answered. Three attempts, 30 minutes apart on
//! this service's clock; anything but exactly 200 counts as failed.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac as _};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::clock::{Clock, Millis, iso};

const ATTEMPTS_MAX: u8 = 3;
const RETRY_AFTER_MS: Millis = 30 * 60 * 1_000;
const SENT_KEPT: usize = 2_000;

#[derive(Clone, Default)]
struct Target {
    url: String,
    secret: String,
    /// Whether the newer HMAC header goes along.
    signed: bool,
}

/// One webhook waiting to be sent.
#[derive(Clone)]
pub(crate) struct Due {
    pub(crate) at: Millis,
    pub(crate) body: String,
    pub(crate) forged: bool,
    pub(crate) attempt: u8,
    /// The transfer's own `callback_url` instead of the configured address.
    pub(crate) callback_url: Option<String>,
    /// The transfer whose end it tells.
    pub(crate) tells: Option<i64>,
}

/// What became of one attempt.
pub(crate) struct Outcome {
    /// The status that was answered.
    pub(crate) answered: Option<u16>,
    /// Whether another attempt follows.
    pub(crate) again: bool,
}

#[derive(Serialize)]
struct Sent {
    url: String,
    at: String,
    attempt: u8,
    forged: bool,
    /// Null when there was no answer.
    answered: Option<u16>,
    body: Option<Box<RawValue>>,
}

pub(crate) struct Webhooks {
    target: Mutex<Target>,
    due: Mutex<Vec<Due>>,
    sent: Mutex<VecDeque<Sent>>,
    client: reqwest::Client,
}

impl Webhooks {
    pub(crate) fn new() -> Self {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap_or_default();
        Self { target: Mutex::default(), due: Mutex::default(), sent: Mutex::default(), client }
    }

    pub(crate) fn set_target(&self, url: &str, secret: &str, signed: bool) {
        *lock(&self.target) = Target { url: url.to_owned(), secret: secret.to_owned(), signed };
    }

    pub(crate) fn queue(&self, due: Due) {
        lock(&self.due).push(due);
    }

    pub(crate) fn next_due(&self) -> Option<Millis> {
        lock(&self.due).iter().map(|due| due.at).min()
    }

    /// Takes those that are due by now.
    pub(crate) fn take(&self, now: Millis) -> Vec<Due> {
        let mut due = lock(&self.due);
        let (ready, later) = due.drain(..).partition(|each| each.at <= now);
        *due = later;
        ready
    }

    /// Sends one and queues its retry when it was not answered with 200.
    pub(crate) async fn send(&self, due: Due, clock: &Clock) -> Outcome {
        let target = lock(&self.target).clone();
        let url = due.callback_url.clone().unwrap_or(target.url);
        if url.is_empty() {
            return Outcome { answered: None, again: false };
        }
        let secret = if due.forged { "not-the-secret" } else { &target.secret };
        let mut request = self
            .client
            .post(&url)
            .header("content-type", "application/json")
            .header("verif-hash", secret)
            .body(due.body.clone());
        if target.signed {
            request = request.header("flutterwave-signature", signature(secret, &due.body));
        }
        let answered = request.send().await.ok().map(|answer| answer.status().as_u16());
        {
            let mut sent = lock(&self.sent);
            if sent.len() >= SENT_KEPT {
                sent.pop_front();
            }
            sent.push_back(Sent {
                url,
                at: iso(clock.now()),
                attempt: due.attempt,
                forged: due.forged,
                answered,
                body: RawValue::from_string(due.body.clone()).ok(),
            });
        }
        let again = answered != Some(200) && !due.forged && due.attempt < ATTEMPTS_MAX;
        if again {
            self.queue(Due { at: clock.now() + RETRY_AFTER_MS, attempt: due.attempt + 1, ..due });
            clock.wake();
        }
        Outcome { answered, again }
    }

    /// The `webhooks` member of the record, as JSON text.
    pub(crate) fn shown(&self) -> String {
        serde_json::to_string(&*lock(&self.sent)).unwrap_or_else(|_| "[]".to_owned())
    }
}

/// Base64 of the HMAC-SHA256 over the raw body.
fn signature(secret: &str, body: &str) -> String {
    match Hmac::<sha2::Sha256>::new_from_slice(secret.as_bytes()) {
        Ok(mut mac) => {
            mac.update(body.as_bytes());
            STANDARD.encode(mac.finalize().into_bytes())
        }
        Err(_) => String::new(),
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
