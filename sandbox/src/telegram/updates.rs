//! The update queue: long polling with acknowledgement by offset, one poller at a time, or a webhook instead.
//!
//! Promise: an update leaves the queue only when a call's offset is above it, or when its webhook was answered 2xx.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::ApiError;
use super::keep::{Reserve, Restored, Settings, done_line, update_line};
use super::params::Params;

const ACKED_KEPT: usize = 10_000;
const FIRST_ID: i64 = 700_001;
/// Kinds that a bot gets only when it asks for them.
const NOT_BY_DEFAULT: [&str; 3] = ["chat_member", "message_reaction", "message_reaction_count"];

pub(super) struct Update {
    pub(super) id: i64,
    text: String,
}

#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Hook {
    pub(crate) url: String,
    pub(crate) secret: Option<String>,
    #[serde(skip)]
    last_error: Option<(i64, String)>,
}

#[derive(Default)]
struct Inner {
    waiting: VecDeque<Update>,
    last_id: i64,
    /// An update was put in with an id below an earlier one.
    unordered: bool,
    /// Remembered from the last call that named it; empty is the default set.
    allowed: Vec<String>,
    hook: Option<Hook>,
    /// The newest poller's number: an older one that still waits is terminated.
    poller: u64,
    acked: VecDeque<i64>,
    ids: Reserve,
    /// Lines that are still to be saved; none without a place to save them.
    unsaved: Option<String>,
}

pub(crate) struct Updates {
    inner: Mutex<Inner>,
    changed: Notify,
}

#[derive(Deserialize)]
struct Identified {
    update_id: Option<i64>,
}

impl Updates {
    pub(crate) fn new() -> Self {
        let inner = Inner { last_id: FIRST_ID - 1, ..Inner::default() };
        Self { inner: Mutex::new(inner), changed: Notify::new() }
    }

    /// Takes up the queue that was left.
    pub(super) fn restored(found: Restored) -> Self {
        let ids = found.update_ids();
        let waiting = found.waiting;
        let inner = Inner {
            last_id: found.ids.update.max(FIRST_ID - 1),
            unordered: waiting.iter().zip(waiting.iter().skip(1)).any(|(one, next)| next.id <= one.id),
            waiting,
            allowed: found.settings.allowed,
            hook: found.settings.hook,
            ids,
            unsaved: Some(String::new()),
            ..Inner::default()
        };
        Self { inner: Mutex::new(inner), changed: Notify::new() }
    }

    /// Takes what has changed, as lines.
    pub(super) fn changes(&self) -> String {
        self.lock().unsaved.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Everything, as lines; then nothing of it is unsaved.
    pub(super) fn all_lines(&self) -> Vec<String> {
        let mut inner = self.lock();
        inner.unsaved.as_mut().map(String::clear);
        inner.waiting.iter().map(|update| update_line(&update.text)).collect()
    }

    pub(super) fn settings(&self, commands: Value) -> Settings {
        let inner = self.lock();
        let hook = inner.hook.clone().map(|hook| Hook { last_error: None, ..hook });
        Settings { allowed: inner.allowed.clone(), hook, commands }
    }

    /// Queues `body` as an update of `kind` and returns its id, also when the bot has not asked for this kind.
    pub(crate) fn push(&self, kind: &str, body: &Value) -> i64 {
        let mut inner = self.lock();
        inner.last_id += 1;
        let id = inner.last_id;
        inner.ids.up_to(id);
        if inner.wants(kind) {
            let text = json!({ "update_id": id, kind: body }).to_string();
            inner.put(Update { id, text });
        }
        drop(inner);
        self.changed.notify_waiters();
        id
    }

    /// Queues an update as it is, under its own `update_id` if it has one: so one can be delivered twice.
    pub(crate) fn push_raw(&self, mut update: Value) -> Option<i64> {
        let given = Identified::deserialize(&update).ok()?.update_id;
        let mut inner = self.lock();
        let id = given.unwrap_or(inner.last_id + 1);
        inner.unordered |= id <= inner.last_id;
        inner.ids.up_to(id);
        inner.last_id = inner.last_id.max(id);
        update.as_object_mut()?.insert("update_id".to_owned(), json!(id));
        inner.put(Update { id, text: update.to_string() });
        drop(inner);
        self.changed.notify_waiters();
        Some(id)
    }

    /// `getUpdates`. The result is an array in JSON text.
    pub(crate) async fn get(&self, params: &Params) -> Result<String, ApiError> {
        let limit = usize::try_from(params.int("limit").unwrap_or(100).clamp(1, 100)).unwrap_or(100);
        let timeout = u64::try_from(params.int("timeout").unwrap_or(0).clamp(0, 600)).unwrap_or(0);
        let deadline = Instant::now() + Duration::from_secs(timeout);
        let me = self.begin_poll(params)?;
        self.changed.notify_waiters();
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            {
                let inner = self.lock();
                if inner.hook.is_some() {
                    return Err(webhook_active());
                }
                if inner.poller != me {
                    return Err(ApiError::conflict(
                        "terminated by other getUpdates request; make sure that only one bot instance is running",
                    ));
                }
                if !inner.waiting.is_empty() || Instant::now() >= deadline {
                    let batch: Vec<&str> =
                        inner.waiting.iter().take(limit).map(|update| update.text.as_str()).collect();
                    return Ok(format!("[{}]", batch.join(",")));
                }
            }
            let _ = tokio::time::timeout_at(deadline, changed).await;
        }
    }

    /// Takes over as the poller and acknowledges what lies below the offset.
    fn begin_poll(&self, params: &Params) -> Result<u64, ApiError> {
        let mut inner = self.lock();
        if inner.hook.is_some() {
            return Err(webhook_active());
        }
        if let Some(Value::Array(kinds)) = params.json("allowed_updates") {
            inner.allowed = kinds.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect();
        }
        inner.poller += 1;
        match params.int("offset").unwrap_or(0) {
            0 => {}
            offset @ 1.. => inner.acknowledge_below(offset),
            last => {
                let keep = usize::try_from(last.unsigned_abs()).unwrap_or(usize::MAX);
                let drop_count = inner.waiting.len().saturating_sub(keep);
                let dropped: Vec<i64> = inner.waiting.drain(..drop_count).map(|update| update.id).collect();
                inner.remember(dropped);
            }
        }
        Ok(inner.poller)
    }

    pub(crate) fn set_hook(&self, params: &Params) -> Result<Value, ApiError> {
        let url = params.text("url").unwrap_or_default();
        let loopback =
            ["http://127.0.0.1", "http://localhost", "http://[::1]"].iter().any(|start| url.starts_with(start));
        if !url.is_empty() && !url.starts_with("https://") && !loopback {
            return Err(ApiError::bad("bad webhook: HTTPS url must be provided for webhook"));
        }
        let secret = params.text("secret_token");
        let fits = |secret: &String| {
            (1..=256).contains(&secret.len())
                && secret.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        if secret.as_ref().is_some_and(|secret| !fits(secret)) {
            return Err(ApiError::bad("secret token contains unallowed characters"));
        }
        let mut inner = self.lock();
        if params.flag("drop_pending_updates") {
            let dropped: Vec<i64> = inner.waiting.drain(..).map(|update| update.id).collect();
            inner.note_done(&dropped);
        }
        if let Some(Value::Array(kinds)) = params.json("allowed_updates") {
            inner.allowed = kinds.iter().filter_map(|kind| kind.as_str().map(str::to_owned)).collect();
        }
        inner.hook = (!url.is_empty()).then_some(Hook { url, secret, last_error: None });
        drop(inner);
        self.changed.notify_waiters();
        Ok(json!(true))
    }

    pub(crate) fn hook_info(&self) -> Value {
        let inner = self.lock();
        let hook = inner.hook.clone().unwrap_or_default();
        let mut info = json!({
            "url": hook.url, "has_custom_certificate": false, "pending_update_count": inner.waiting.len(),
            "max_connections": 40, "allowed_updates": inner.allowed,
        });
        if let (Some((at, message)), Some(fields)) = (hook.last_error, info.as_object_mut()) {
            fields.insert("last_error_date".to_owned(), json!(at));
            fields.insert("last_error_message".to_owned(), json!(message));
        }
        info
    }

    pub(crate) fn waiting(&self) -> usize {
        self.lock().waiting.len()
    }

    /// The ids that were acknowledged, oldest first, and how many updates wait.
    pub(crate) fn shown(&self) -> (Vec<i64>, usize) {
        let inner = self.lock();
        (inner.acked.iter().copied().collect(), inner.waiting.len())
    }

    /// Delivers to the webhook while one is set, one update at a time and again until it is taken.
    pub(crate) async fn deliver(&self) {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(60)).build().unwrap_or_default();
        let mut pause = Duration::from_millis(500);
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let next = {
                let inner = self.lock();
                inner.hook.clone().zip(inner.waiting.front().map(|update| (update.id, update.text.clone())))
            };
            let Some((hook, (id, text))) = next else {
                changed.await;
                continue;
            };
            let mut request = client.post(&hook.url).header("content-type", "application/json").body(text);
            if let Some(secret) = &hook.secret {
                request = request.header("X-Telegram-Bot-Api-Secret-Token", secret);
            }
            let problem = match request.send().await {
                Ok(answer) if answer.status().is_success() => None,
                Ok(answer) => Some(format!("Wrong response from the webhook: {}", answer.status())),
                Err(problem) => Some(problem.without_url().to_string()),
            };
            match problem {
                None => {
                    self.lock().acknowledge(|update| update.id == id);
                    pause = Duration::from_millis(500);
                }
                Some(problem) => {
                    if let Some(hook) = &mut self.lock().hook {
                        hook.last_error = Some((0, problem));
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(Duration::from_secs(30));
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Update {
    /// From its JSON text; `None` when it has no id.
    pub(super) fn read(raw: &RawValue) -> Option<Self> {
        let id = serde_json::from_str::<Identified>(raw.get()).ok()?.update_id?;
        Some(Self { id, text: raw.get().to_owned() })
    }
}

impl Inner {
    fn put(&mut self, update: Update) {
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.push_str(&update_line(&update.text));
        }
        self.waiting.push_back(update);
    }

    fn note_done(&mut self, ids: &[i64]) {
        if let Some(unsaved) = self.unsaved.as_mut().filter(|_| !ids.is_empty()) {
            unsaved.push_str(&done_line(ids));
        }
    }

    fn wants(&self, kind: &str) -> bool {
        if self.allowed.is_empty() {
            !NOT_BY_DEFAULT.contains(&kind)
        } else {
            self.allowed.iter().any(|each| each == kind)
        }
    }

    /// Ids nearly always ascend, and a backlog may be long: what is done lies at the front.
    fn acknowledge_below(&mut self, offset: i64) {
        if self.unordered {
            return self.acknowledge(|update| update.id < offset);
        }
        let count = self.waiting.iter().take_while(|update| update.id < offset).count();
        let acked = self.waiting.drain(..count).map(|update| update.id).collect();
        self.remember(acked);
    }

    fn acknowledge(&mut self, done: impl Fn(&Update) -> bool) {
        let mut acked = Vec::new();
        self.waiting.retain(|update| {
            let keep = !done(update);
            if !keep {
                acked.push(update.id);
            }
            keep
        });
        self.remember(acked);
    }

    fn remember(&mut self, acked: Vec<i64>) {
        self.note_done(&acked);
        self.acked.extend(acked);
        let surplus = self.acked.len().saturating_sub(ACKED_KEPT);
        self.acked.drain(..surplus);
    }
}

fn webhook_active() -> ApiError {
    ApiError::conflict(
        "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
    )
}
