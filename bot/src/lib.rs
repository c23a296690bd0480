//! Telegram: the users' face of the business, and the operators' on the phone.
//!
//! Start reading at [`run`]. Updates are kept raw before they are acknowledged (`poll`), handled in order per user
//! (`worker`, `handler`) and answered by rows that one sender sends (`sender`). A screen is a pure function (`screens`);
//! every sentence stands in `text`, and every text reaches Telegram through `html`.
//!
//! Promises: a turn's changes are committed together or not at all; a money button works once; nothing that comes back
//! from a phone is believed without its row; the token is in no log and no error.

mod action;
mod api;
mod cache;
mod context;
mod conversation;
mod event;
mod handler;
mod html;
mod load;
mod model;
mod ops_press;
mod poll;
mod render;
mod screens;
mod sender;
mod text;
mod view;
mod worker;

use app::{App, StoreError};
use context::Context;
use domain::{Secret, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How the bot is run.
#[derive(Clone, Debug)]
pub struct BotOptions {
    /// The bot's token.
    pub token: Secret,
    /// The Bot API's URL.
    pub api_url: String,
    /// How long Telegram holds a poll that finds nothing.
    pub poll_timeout: Duration,
    /// Keep Telegram's sending limits. Off only against a stand-in.
    pub send_limits: bool,
    /// Handlers that work at a time.
    pub workers: usize,
}

/// Why the bot ended before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum BotError {
    /// The configuration cannot work.
    #[error("{0}")]
    Unusable(String),
    /// Telegram does not accept the token.
    #[error("Telegram does not accept the token")]
    TokenRefused,
    /// A part ended by a panic; the bot can be started again.
    #[error("{0} ended by a panic")]
    Broken(&'static str),
}

/// Runs the bot until shutdown, then lets what has begun end: handlers first, then the messages that they made.
pub async fn run(app: App, options: BotOptions, mut shutdown: watch::Receiver<bool>) -> Result<(), BotError> {
    let api = api::Api::new(&options.token, &options.api_url, options.poll_timeout)
        .map_err(|error| BotError::Unusable(error.to_string()))?;
    let bot_name = match poll::introduce(&api, &mut shutdown).await {
        Ok(Some(bot_name)) => bot_name,
        Ok(None) => return Ok(()),
        Err(poll::TokenRefused) => return Err(BotError::TokenRefused),
    };
    tracing::info!(bot = %bot_name, "The bot is at work");
    let context = Arc::new(Context::new(app, bot_name));
    // Each part ends after those that feed it.
    let (stop_worker, worker_stops) = watch::channel(false);
    let (stop_sender, sender_stops) = watch::channel(false);
    let worker = worker::Worker::new(Arc::clone(&context), options.workers, worker_stops);
    let sender = sender::Sender::new(Arc::clone(&context), api.clone(), options.send_limits);
    // In sets, so that they end with this function however it ends: two senders would send everything twice.
    let (mut working, mut sending) = (tokio::task::JoinSet::new(), tokio::task::JoinSet::new());
    working.spawn(worker.run());
    sending.spawn(sender.run(sender_stops));
    let polled = tokio::select! {
        polled = poll::run(context, api, options.poll_timeout, shutdown) => {
            polled.map_err(|poll::TokenRefused| BotError::TokenRefused)
        }
        // Neither ends by itself, other than in a panic.
        _ = working.join_next() => Err(BotError::Broken("handling updates")),
        _ = sending.join_next() => Err(BotError::Broken("sending messages")),
    };
    let _ = stop_worker.send(true);
    let _ = working.join_next().await;
    let _ = stop_sender.send(true);
    let _ = sending.join_next().await;
    polled
}

/// Keeps an update that a webhook brought; the running bot handles it. False when it is no update. The webhook is
/// answered after this returns, so that Telegram repeats what was not kept.
pub async fn accept_update(app: &App, raw_json: &str, now: Timestamp) -> Result<bool, StoreError> {
    poll::accept(app, raw_json, now).await
}
