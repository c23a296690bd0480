//! Fetches updates: raw, kept in the inbox before the next call acknowledges them, so that nothing is lost and nothing
//! is read twice. Another program on the same token is never fought: it is told and waited for.

use crate::api::{Api, CallError};
use crate::context::Context;
use crate::event;
use app::App;
use app::StoreError;
use app::notice::Notice;
use app::telegram::{InboxUpdate, MessageKind, OutboxNew, Turn};
use serde::Deserialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use teloxide::payloads::{DeleteWebhook, GetMe, SetMyCommands};
use teloxide::types::BotCommand;
use tokio::sync::watch;

/// What the bot asks to be told of.
const ALLOWED: [&str; 3] = ["message", "callback_query", "my_chat_member"];
/// A short answer without updates is not followed at once.
const BREATH: Duration = Duration::from_millis(100);
const WAIT_FIRST: Duration = Duration::from_millis(500);
const WAIT_MOST: Duration = Duration::from_secs(60);
/// While another program polls.
const CONFLICT: Duration = Duration::from_secs(5);

/// Why polling ended before shutdown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Telegram does not accept the token")]
pub(crate) struct TokenRefused;

/// Waits between failures: doubling, so that nothing spins.
struct Wait {
    next: Duration,
}

impl Wait {
    const fn new() -> Self {
        Self { next: WAIT_FIRST }
    }

    fn after(&mut self, error: &CallError) -> Duration {
        let wait = match error {
            CallError::Refused { retry_after: Some(seconds), .. } => Duration::from_secs(*seconds),
            CallError::Refused { code: 409, .. } => self.next.max(CONFLICT),
            _ => self.next,
        };
        self.next = (self.next * 2).min(WAIT_MOST);
        wait
    }

    fn rested(&mut self) {
        self.next = WAIT_FIRST;
    }
}

/// True when shutdown came first.
async fn paused(wait: Duration, shutdown: &mut watch::Receiver<bool>) -> bool {
    tokio::select! {
        () = tokio::time::sleep(wait) => false,
        _ = shutdown.wait_for(|stop| *stop) => true,
    }
}

fn is_token_refused(error: &CallError) -> bool {
    matches!(error.code(), Some(401 | 404))
}

/// Asks who the bot is, takes the webhook away and shows the commands; `None` at shutdown.
pub(crate) async fn introduce(api: &Api, shutdown: &mut watch::Receiver<bool>) -> Result<Option<String>, TokenRefused> {
    #[derive(Deserialize)]
    struct Me {
        username: String,
    }
    let username = loop {
        let Some(me) = insist(api, &GetMe::new(), shutdown).await? else { return Ok(None) };
        if let Ok(Me { username }) = serde_json::from_str(me.get()) {
            break username;
        }
        tracing::error!("getMe told no name; it is asked again");
        if paused(CONFLICT, shutdown).await {
            return Ok(None);
        }
    };
    // While a webhook is set, Telegram refuses to be polled. What waits is kept.
    if insist(api, &DeleteWebhook::new(), shutdown).await?.is_none() {
        return Ok(None);
    }
    let commands = SetMyCommands::new([
        BotCommand::new("start", "The menu"),
        BotCommand::new("balance", "My balance"),
        BotCommand::new("withdrawals", "My withdrawals"),
        BotCommand::new("vps", "Order a VPS"),
        BotCommand::new("servers", "My servers"),
        BotCommand::new("cancel", "Stop what I am doing"),
    ]);
    if let Err(error) = api.call(&commands).await {
        tracing::warn!(error = %error, "The list of commands was not set");
    }
    Ok(Some(username))
}

/// Calls until there is an answer; `None` at shutdown.
async fn insist<P>(
    api: &Api,
    call: &P,
    shutdown: &mut watch::Receiver<bool>,
) -> Result<Option<Box<RawValue>>, TokenRefused>
where
    P: teloxide::requests::Payload + serde::Serialize + Sync,
{
    let mut wait = Wait::new();
    loop {
        let answer = tokio::select! {
            answer = api.call(call) => answer,
            _ = shutdown.wait_for(|stop| *stop) => return Ok(None),
        };
        match answer {
            Ok(result) => return Ok(Some(result)),
            Err(error) if is_token_refused(&error) => return Err(TokenRefused),
            Err(error) => {
                tracing::warn!(method = P::NAME, error = %error, "Telegram could not be asked");
                if paused(wait.after(&error), shutdown).await {
                    return Ok(None);
                }
            }
        }
    }
}

/// Polls until shutdown.
pub(crate) async fn run(
    context: Arc<Context>,
    api: Api,
    poll_timeout: Duration,
    mut shutdown: watch::Receiver<bool>,
) -> Result<(), TokenRefused> {
    let mut wait = Wait::new();
    let mut offset = None;
    loop {
        if *shutdown.borrow() {
            return Ok(());
        }
        let from = match offset {
            Some(from) => from,
            None => match context.app.update_offset().await {
                Ok(kept) => *offset.insert(kept),
                Err(error) => {
                    tracing::warn!(error = %error, "The offset could not be read");
                    paused(WAIT_FIRST, &mut shutdown).await;
                    continue;
                }
            },
        };
        let began = tokio::time::Instant::now();
        // A poll that is dropped has acknowledged nothing beyond what is kept.
        let polled = tokio::select! {
            polled = get_updates(&api, from, poll_timeout) => polled,
            _ = shutdown.wait_for(|stop| *stop) => return Ok(()),
        };
        match polled {
            Ok(batch) if batch.is_empty() => {
                wait.rested();
                if began.elapsed() < BREATH && paused(BREATH, &mut shutdown).await {
                    return Ok(());
                }
            }
            Ok(batch) => {
                wait.rested();
                match keep(&context.app, &batch, from).await {
                    Ok(next) => {
                        offset = Some(next);
                        context.arrived.notify_one();
                    }
                    Err(error) => {
                        tracing::warn!(error = %error, "Updates could not be kept; they are asked for again");
                        paused(WAIT_FIRST, &mut shutdown).await;
                    }
                }
            }
            Err(error) if is_token_refused(&error) => {
                tracing::error!("Telegram does not accept the token: polling stops");
                return Err(TokenRefused);
            }
            Err(error) => {
                failed(&context.app, &error).await;
                paused(wait.after(&error), &mut shutdown).await;
            }
        }
    }
}

async fn get_updates(api: &Api, offset: i64, timeout: Duration) -> Result<Vec<Box<RawValue>>, CallError> {
    let parameters = json!({
        "offset": offset, "limit": 100, "timeout": timeout.as_secs(), "allowed_updates": ALLOWED,
    });
    let result = api.raw("getUpdates", &parameters, timeout + Duration::from_secs(10)).await?;
    serde_json::from_str(result.get()).map_err(|_| CallError::Lost("the updates were not a list"))
}

/// Keeps a batch and answers the offset that acknowledges it.
async fn keep(app: &App, batch: &[Box<RawValue>], offset: i64) -> Result<i64, StoreError> {
    let updates: Vec<InboxUpdate> = batch.iter().filter_map(|raw| row(raw.get())).collect();
    if updates.len() < batch.len() {
        tracing::error!(count = batch.len() - updates.len(), "Updates without an id were left out");
    }
    // The greatest of this batch, not of ever: after a quiet week Telegram may begin anywhere.
    let next = updates.iter().map(|update| update.update_id + 1).max().unwrap_or(offset);
    app.ingest(&updates, next, app.now()).await?;
    Ok(next)
}

fn row(body: &str) -> Option<InboxUpdate> {
    let (update_id, user) = event::envelope(body)?;
    Some(InboxUpdate { update_id, user, body: body.to_owned(), attempts: 0 })
}

/// Keeps one update that a webhook brought. The webhook is answered after this, not before.
pub(crate) async fn accept(app: &App, body: &str, now: domain::Timestamp) -> Result<bool, StoreError> {
    let Some(update) = row(body) else { return Ok(false) };
    let next = app.update_offset().await?.max(update.update_id + 1);
    app.ingest(&[update], next, now).await?;
    Ok(true)
}

async fn failed(app: &App, error: &CallError) {
    if error.code() != Some(409) {
        tracing::warn!(error = %error, "Updates could not be fetched");
        return;
    }
    tracing::error!(error = %error, "Another program uses this bot's token: waiting for it to stop");
    app.metrics().count("telegram_conflicts_total", &[]);
    let now = app.now();
    let notice = Notice::OpsAlarm {
        kind: "telegram".to_owned(),
        title: "Another program uses the bot's token".to_owned(),
        text: format!(
            "Telegram refuses to be polled: {error}. Updates wait there for up to 24 hours. Stop the other program; \
                       polling goes on by itself."
        ),
        correlation: String::new(),
    };
    let Ok(payload) = serde_json::to_string(&notice) else { return };
    let hour = now.micros() / 3_600_000_000;
    let message = |chat: &i64| OutboxNew {
        chat: *chat,
        kind: MessageKind::Ops,
        method: "notice".to_owned(),
        payload: payload.clone(),
        // Told once an hour.
        key: Some(format!("ops:telegram_conflict:{hour}:{chat}")),
        event_id: None,
        correlation: String::new(),
    };
    let messages: Vec<OutboxNew> = app.settings().ops_chats.iter().map(message).collect();
    if messages.is_empty() {
        return;
    }
    if let Err(error) = app.complete(Turn { messages, ..Turn::default() }, now).await {
        tracing::warn!(error = %error, "An alarm could not be kept");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_obey_what_is_asked() {
        let refused =
            |code, retry_after| CallError::Refused { code, description: String::new(), retry_after, migrate_to: None };
        let mut wait = Wait::new();
        let lost = CallError::Lost("timed out");
        assert_eq!(wait.after(&lost), WAIT_FIRST);
        assert_eq!(wait.after(&lost), WAIT_FIRST * 2);
        assert_eq!(wait.after(&refused(429, Some(41))), Duration::from_secs(41));
        assert!(wait.after(&refused(409, None)) >= CONFLICT);
        for _ in 0..20 {
            wait.after(&lost);
        }
        assert_eq!(wait.after(&lost), WAIT_MOST);
        wait.rested();
        assert_eq!(wait.after(&lost), WAIT_FIRST);
    }
}
