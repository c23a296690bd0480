//! The main menu's picture: uploaded once, then sent by the file id that Telegram gave. A picture that is missing or
//! refused is done without until the next start.

use super::deliver::{Delivery, markup};
use crate::api::{Api, CallError, message_id};
use crate::html::CAPTION_MAX;
use crate::view::Letter;
use app::App;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;
use teloxide::RequestError;
use teloxide::payloads::{SendPhoto, SendPhotoSetters as _};
use teloxide::requests::Requester as _;
use teloxide::types::{ChatId, FileId, InputFile, ParseMode, ReplyMarkup};
use tokio::sync::Mutex;

const KEY: &str = "bot.main_menu_file_id";

/// The picture.
pub(super) struct Picture {
    path: Option<PathBuf>,
    state: Mutex<State>,
}

enum State {
    Unread,
    Known(String),
    Without,
}

/// What is kept: Telegram's id, and of which file it is.
#[derive(Serialize, Deserialize)]
struct Kept {
    image: String,
    file_id: String,
}

impl Picture {
    /// A picture from a file.
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, state: Mutex::new(State::Unread) }
    }

    /// Sends the letter under the picture; `None` when there is no picture to send.
    pub(super) async fn send(
        &self,
        app: &App,
        api: &Api,
        chat: i64,
        letter: &Letter,
    ) -> Result<Option<Delivery>, CallError> {
        let Some(path) = &self.path else { return Ok(None) };
        if letter.html.shown_len() > CAPTION_MAX {
            return Ok(None);
        }
        let image = fingerprint(path).await;
        let known = {
            let mut state = self.state.lock().await;
            if matches!(*state, State::Unread) {
                *state = read(app, &image).await.map_or(State::Unread, State::Known);
            }
            match &*state {
                State::Without => return Ok(None),
                State::Known(file_id) => Some(file_id.clone()),
                // One uploads, the others wait here and send by its id.
                State::Unread => return self.upload(app, api, chat, letter, path, &image, &mut state).await,
            }
        };
        let Some(file_id) = known else { return Ok(None) };
        match by_id(api, chat, letter, &file_id).await {
            Ok(delivery) => Ok(Some(delivery)),
            // Another bot's id, or a server that has forgotten it: upload again.
            Err(error) if error.says(&["file identifier", "FILE_REFERENCE", "file_id", "PHOTO_"]) => {
                let mut state = self.state.lock().await;
                if matches!(&*state, State::Known(other) if *other == file_id) {
                    *state = State::Unread;
                    return self.upload(app, api, chat, letter, path, &image, &mut state).await;
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the second half of `send`, with what it read")]
    async fn upload(
        &self,
        app: &App,
        api: &Api,
        chat: i64,
        letter: &Letter,
        path: &Path,
        image: &str,
        state: &mut State,
    ) -> Result<Option<Delivery>, CallError> {
        let call = api
            .teloxide()
            .send_photo(ChatId(chat), InputFile::file(path.to_owned()))
            .caption(letter.html.as_str())
            .parse_mode(ParseMode::Html);
        let sent = match markup(&letter.keys) {
            Some(markup) => call.reply_markup(ReplyMarkup::InlineKeyboard(markup)).await,
            None => call.await,
        };
        match sent.map_err(of_teloxide) {
            Ok(message) => {
                let largest = message.photo().and_then(|sizes| sizes.last());
                if let Some(size) = largest {
                    let file_id = size.file.id.0.clone();
                    keep(app, image, &file_id).await;
                    *state = State::Known(file_id);
                }
                Ok(Some(Delivery::Sent(Some(i64::from(message.id.0)))))
            }
            Err(error) if error.code() == Some(400) && error.says(&["chat not found"]) => Err(error),
            Err(error) if error.code() == Some(400) || matches!(error, CallError::Lost("the file")) => {
                tracing::error!(error = %error, "The main menu's picture cannot be sent: the menu goes without it");
                *state = State::Without;
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}

async fn by_id(api: &Api, chat: i64, letter: &Letter, file_id: &str) -> Result<Delivery, CallError> {
    let mut call = SendPhoto::new(ChatId(chat), InputFile::file_id(FileId(file_id.to_owned())));
    call.caption = Some(letter.html.as_str().to_owned());
    call.parse_mode = Some(ParseMode::Html);
    call.reply_markup = markup(&letter.keys).map(ReplyMarkup::InlineKeyboard);
    api.call(&call).await.map(|sent| Delivery::Sent(message_id(&sent)))
}

async fn read(app: &App, image: &str) -> Option<String> {
    let kept = app.kept(KEY).await.ok().flatten()?;
    serde_json::from_str::<Kept>(&kept).ok().filter(|kept| kept.image == image).map(|kept| kept.file_id)
}

async fn keep(app: &App, image: &str, file_id: &str) {
    let kept = Kept { image: image.to_owned(), file_id: file_id.to_owned() };
    let Ok(kept) = serde_json::to_string(&kept) else { return };
    if let Err(error) = app.keep(KEY, &kept, app.now()).await {
        tracing::warn!(error = %error, "The picture's file id was not kept: it is uploaded again after a restart");
    }
}

/// Tells a changed file from the one that was uploaded.
async fn fingerprint(path: &Path) -> String {
    let meta = tokio::fs::metadata(path).await.ok();
    let size = meta.as_ref().map_or(0, std::fs::Metadata::len);
    let changed = meta.and_then(|meta| meta.modified().ok()).and_then(|at| at.duration_since(UNIX_EPOCH).ok());
    format!("{}:{size}:{}", path.display(), changed.map_or(0, |at| at.as_secs()))
}

/// teloxide's errors in our words. Its own text of a network error hides the token.
fn of_teloxide(error: RequestError) -> CallError {
    let refused = |code, description: String, retry_after, migrate_to| CallError::Refused {
        code,
        description: domain::text::clean_line(&description, 200),
        retry_after,
        migrate_to,
    };
    match error {
        RequestError::RetryAfter(seconds) => {
            refused(429, "Too Many Requests".to_owned(), Some(u64::from(seconds.seconds())), None)
        }
        RequestError::MigrateToChatId(ChatId(new)) => refused(400, "the group moved".to_owned(), None, Some(new)),
        RequestError::Api(error) => {
            let text = error.to_string();
            let code = match text.as_str() {
                text if text.contains("Forbidden") => 403,
                text if text.contains("Unauthorized") => 401,
                text if text.contains("Internal Server Error") || text.contains("Bad Gateway") => 502,
                _ => 400,
            };
            refused(code, text, None, None)
        }
        RequestError::Io(_) => CallError::Lost("the file"),
        RequestError::Network(_) => CallError::Lost("the connection broke"),
        RequestError::InvalidJson { .. } => CallError::Lost("the answer was not readable"),
    }
}
