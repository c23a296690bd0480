//! One message to Telegram, and what its answer means (`telegram.md` section 6).

use super::picture::Picture;
use crate::action::Sheet;
use crate::api::{Api, CallError, message_id};
use crate::context::Context;
use crate::html::{Html, TEXT_MAX};
use crate::render;
use crate::text;
use crate::view::{Answer, Key, Letter, Reveal};
use app::notice::Notice;
use app::telegram::{KeyboardRow, OutboxMessage, Turn};
use app::vps::CredentialsError;
use domain::UserId;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use teloxide::payloads::{AnswerCallbackQuery, DeleteMessage, EditMessageCaption, EditMessageText, SendMessage};
use teloxide::types::{
    CallbackQueryId, ChatId, InlineKeyboardButton, InlineKeyboardMarkup, LinkPreviewOptions, MessageId, ParseMode,
    ReplyMarkup,
};

/// What became of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// Sent; Telegram's id for it, if it has one.
    Sent(Option<i64>),
    /// Not now: Telegram asked for so much time.
    Wait(Duration),
    /// No answer, or a failure of theirs.
    Again(String),
    /// Never.
    Refused {
        /// Telegram's words.
        error: String,
        /// Messages do not reach this user at all.
        unreachable: bool,
    },
}

/// Where an edit has nothing to change, a new message takes its place.
const NOTHING_TO_EDIT: [&str; 5] = [
    "message to edit not found",
    "message can't be edited",
    "there is no text in the message",
    "there is no caption in the message",
    "MESSAGE_ID_INVALID",
];

/// Carries messages.
pub(super) struct Courier {
    context: Arc<Context>,
    api: Api,
    picture: Picture,
}

impl Courier {
    /// A courier of one bot.
    pub(super) fn new(context: Arc<Context>, api: Api) -> Self {
        let picture = Picture::new(context.app.settings().bot.main_menu_image.clone());
        Self { context, api, picture }
    }

    /// Carries one message.
    pub(super) async fn deliver(&self, message: &OutboxMessage) -> Delivery {
        let delivery = self.to(message.chat, message).await;
        match delivery {
            Ok(delivery) => delivery,
            Err(CallError::Refused { migrate_to: Some(new), .. }) => {
                tracing::warn!(
                    chat.old = message.chat,
                    chat.new = new,
                    "A group became a supergroup: its id in the configuration changes"
                );
                self.to(new, message).await.unwrap_or_else(|error| judge(message.chat, &error))
            }
            Err(error) => judge(message.chat, &error),
        }
    }

    async fn to(&self, chat: i64, message: &OutboxMessage) -> Result<Delivery, CallError> {
        match message.method.as_str() {
            "answer" => match serde_json::from_str(&message.payload) {
                Ok(answer) => Ok(self.answer(&answer).await),
                Err(_) => Ok(unreadable()),
            },
            "notice" => match serde_json::from_str::<Notice>(&message.payload) {
                Ok(notice) => self.notice(chat, &notice).await,
                Err(_) => Ok(unreadable()),
            },
            "reveal" => match serde_json::from_str::<Reveal>(&message.payload) {
                Ok(reveal) => self.reveal(chat, &reveal).await,
                Err(_) => Ok(unreadable()),
            },
            method => match serde_json::from_str::<Letter>(&message.payload) {
                Ok(letter) => self.letter(chat, method, &letter).await,
                Err(_) => Ok(unreadable()),
            },
        }
    }

    async fn letter(&self, chat: i64, method: &str, letter: &Letter) -> Result<Delivery, CallError> {
        match method {
            "send" => self.send(chat, letter).await,
            "photo" => match self.picture.send(&self.context.app, &self.api, chat, letter).await? {
                Some(sent) => Ok(sent),
                None => self.send(chat, letter).await,
            },
            "edit" => self.edit(chat, letter).await,
            "hide" => self.hide(chat, letter).await,
            "delete" => self.delete(chat, letter).await,
            _ => Ok(unreadable()),
        }
    }

    /// An answer is of use at once or not at all.
    async fn answer(&self, answer: &Answer) -> Delivery {
        let mut call = AnswerCallbackQuery::new(CallbackQueryId(answer.id.clone()));
        if !answer.text.is_empty() {
            call.text = Some(answer.text.clone());
            call.show_alert = Some(answer.alert);
        }
        match self.api.call(&call).await {
            Ok(_) => Delivery::Sent(None),
            Err(error) if error.says(&["query is too old", "query ID is invalid", "query id is invalid"]) => {
                Delivery::Sent(None)
            }
            Err(error) => Delivery::Refused { error: error.to_string(), unreachable: false },
        }
    }

    async fn notice(&self, chat: i64, notice: &Notice) -> Result<Delivery, CallError> {
        let (view, about) = render::notice(notice);
        let actions = view.actions();
        let mut keyboard = String::new();
        if !actions.is_empty() {
            keyboard = self.context.app.short_id();
            let sheet = match about {
                Some(about) => Sheet::ops(actions, about),
                None => Sheet::new(actions),
            };
            let row =
                KeyboardRow { id: keyboard.clone(), user: UserId::new(chat), actions: sheet.row(), used_at: None };
            let turn = Turn { keyboards: vec![row], ..Turn::default() };
            // The buttons must be known before anybody can press them.
            if let Err(error) = self.context.app.complete(turn, self.context.app.now()).await {
                return Ok(Delivery::Again(error.to_string()));
            }
        }
        let letter =
            Letter { html: view.html.clone(), keys: view.keys(&keyboard), edits: None, caption: false, protect: false };
        self.send(chat, &letter).await
    }

    async fn send(&self, chat: i64, letter: &Letter) -> Result<Delivery, CallError> {
        let mut call = SendMessage::new(ChatId(chat), letter.html.as_str());
        call.parse_mode = Some(ParseMode::Html);
        call.link_preview_options = Some(no_preview());
        call.reply_markup = markup(&letter.keys).map(ReplyMarkup::InlineKeyboard);
        call.protect_content = letter.protect.then_some(true);
        let first = self.api.call(&call).await;
        let result = match first {
            Err(error) if is_our_defect(&error) => {
                note_defect("sendMessage", &error);
                call.text = plain(&letter.html);
                call.parse_mode = None;
                call.reply_markup = call.reply_markup.filter(|_| !error.says(&["BUTTON_"]));
                self.api.call(&call).await
            }
            other => other,
        };
        result.map(|sent| Delivery::Sent(message_id(&sent)))
    }

    async fn edit(&self, chat: i64, letter: &Letter) -> Result<Delivery, CallError> {
        let Some(id) = letter.edits else { return self.send(chat, letter).await };
        let first = self.edit_once(chat, id, letter, true).await;
        let result = match first {
            Err(error) if is_our_defect(&error) => {
                note_defect("editMessage", &error);
                self.edit_once(chat, id, letter, false).await
            }
            other => other,
        };
        match result {
            Ok(_) => Ok(Delivery::Sent(Some(id))),
            Err(error) if error.says(&["message is not modified"]) => Ok(Delivery::Sent(Some(id))),
            Err(error) if error.says(&NOTHING_TO_EDIT) => self.send(chat, letter).await,
            Err(error) => Err(error),
        }
    }

    async fn edit_once(&self, chat: i64, id: i64, letter: &Letter, html: bool) -> Result<Box<RawValue>, CallError> {
        // Telegram's message ids are 32 bits wide; another one cannot be edited.
        let Ok(id) = i32::try_from(id) else {
            return Err(CallError::Refused {
                code: 400,
                description: "message to edit not found".to_owned(),
                retry_after: None,
                migrate_to: None,
            });
        };
        let text = if html { letter.html.as_str().to_owned() } else { plain(&letter.html) };
        let parse_mode = html.then_some(ParseMode::Html);
        if letter.caption {
            let mut call = EditMessageCaption::new(ChatId(chat), MessageId(id));
            call.caption = Some(text);
            call.parse_mode = parse_mode;
            call.reply_markup = markup(&letter.keys);
            return self.api.call(&call).await;
        }
        let mut call = EditMessageText::new(ChatId(chat), MessageId(id), text);
        call.parse_mode = parse_mode;
        call.link_preview_options = Some(no_preview());
        call.reply_markup = markup(&letter.keys);
        self.api.call(&call).await
    }

    /// Credentials of the chat's own user, in the message that was made for them and nowhere else. They are asked for
    /// here, so that they lie in no row but their own, and not shown once their time is over.
    async fn reveal(&self, chat: i64, reveal: &Reveal) -> Result<Delivery, CallError> {
        let (app, now) = (&self.context.app, self.context.app.now());
        if reveal.until <= now {
            return Ok(Delivery::Refused { error: "their time was over".to_owned(), unreachable: false });
        }
        let html = match app.vps_credentials(UserId::new(chat), reveal.machine, now).await {
            Ok(credentials) => text::servers::credentials(&credentials, self.context.facts.credentials_shown),
            Err(CredentialsError::Store(error)) => return Ok(Delivery::Again(error.to_string())),
            Err(why) => text::servers::no_credentials(&why),
        };
        let keys = reveal.keys.clone();
        let letter = Letter { html, keys, edits: Some(reveal.edits), caption: false, protect: true };
        match self.edit_once(chat, reveal.edits, &letter, true).await {
            Ok(_) => Ok(Delivery::Sent(Some(reveal.edits))),
            Err(error) if error.says(&["message is not modified"]) => Ok(Delivery::Sent(Some(reveal.edits))),
            Err(error) => Err(error),
        }
    }

    /// Takes what was shown off the screen. Where the message is gone there is nothing left to hide.
    async fn hide(&self, chat: i64, letter: &Letter) -> Result<Delivery, CallError> {
        let Some(id) = letter.edits else { return Ok(unreadable()) };
        match self.edit_once(chat, id, letter, true).await {
            Err(error) if error.code() == Some(400) => Ok(Delivery::Sent(None)),
            other => other.map(|_| Delivery::Sent(Some(id))),
        }
    }

    /// A message that cannot be deleted stays; what follows it is what matters.
    async fn delete(&self, chat: i64, letter: &Letter) -> Result<Delivery, CallError> {
        let Some(id) = letter.edits.and_then(|id| i32::try_from(id).ok()) else { return Ok(Delivery::Sent(None)) };
        match self.api.call(&DeleteMessage::new(ChatId(chat), MessageId(id))).await {
            Err(error) if error.code() == Some(400) => Ok(Delivery::Sent(None)),
            other => other.map(|_| Delivery::Sent(None)),
        }
    }
}

fn unreadable() -> Delivery {
    Delivery::Refused { error: "the message's row cannot be read".to_owned(), unreachable: false }
}

fn note_defect(method: &str, error: &CallError) {
    tracing::error!(method, error = %error, "Telegram did not take a message's form; it goes out plainer");
}

/// Refusals that only a defect of ours explains; a plainer message is better than none.
fn is_our_defect(error: &CallError) -> bool {
    error.code() == Some(400)
        && error.says(&["can't parse entities", "is too long", "TOO_LONG", "BUTTON_DATA_INVALID", "BUTTON_URL_INVALID"])
}

/// What an error means for a message.
pub(super) fn judge(chat: i64, error: &CallError) -> Delivery {
    match error {
        CallError::Refused { code: 429, retry_after, .. } => {
            Delivery::Wait(Duration::from_secs(retry_after.unwrap_or(1)))
        }
        // The token: polling says so; messages wait meanwhile.
        CallError::Refused { code: 401 | 404, .. } => Delivery::Again(error.to_string()),
        error if error.is_transient() => Delivery::Again(error.to_string()),
        error => {
            if chat < 0 {
                tracing::error!(chat, error = %error, "A group cannot be written to: notices there are lost");
            }
            Delivery::Refused { error: error.to_string(), unreachable: error.code() == Some(403) && chat > 0 }
        }
    }
}

fn plain(html: &Html) -> String {
    let text = html.plain();
    if text.encode_utf16().count() <= TEXT_MAX {
        return text;
    }
    // A character is at most two units.
    text.chars().take(TEXT_MAX / 2 - 1).chain(std::iter::once('…')).collect()
}

fn no_preview() -> LinkPreviewOptions {
    LinkPreviewOptions {
        is_disabled: true,
        url: None,
        prefer_small_media: false,
        prefer_large_media: false,
        show_above_text: false,
    }
}

pub(super) fn markup(keys: &[Vec<Key>]) -> Option<InlineKeyboardMarkup> {
    let button = |key: &Key| match (&key.data, &key.url) {
        (Some(data), _) => Some(InlineKeyboardButton::callback(&key.label, data)),
        (None, Some(url)) => Some(InlineKeyboardButton::url(&key.label, url.parse().ok()?)),
        (None, None) => None,
    };
    let rows: Vec<Vec<InlineKeyboardButton>> =
        keys.iter().map(|row| row.iter().filter_map(button).collect()).filter(|row: &Vec<_>| !row.is_empty()).collect();
    (!rows.is_empty()).then(|| InlineKeyboardMarkup::new(rows))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_meaning() {
        let refused = |code, description: &str, retry_after| CallError::Refused {
            code,
            description: description.to_owned(),
            retry_after,
            migrate_to: None,
        };
        let lost = CallError::Lost("timed out");
        let dead = |unreachable| move |delivery: Delivery| matches!(delivery, Delivery::Refused { unreachable: u, .. } if u == unreachable);
        let again = |delivery: Delivery| matches!(delivery, Delivery::Again(_));
        assert!(again(judge(7, &lost)));
        assert!(again(judge(7, &refused(502, "", None))));
        assert!(again(judge(7, &refused(401, "Unauthorized", None))));
        assert_eq!(judge(7, &refused(429, "", Some(41))), Delivery::Wait(Duration::from_secs(41)));
        assert!(dead(true)(judge(7, &refused(403, "Forbidden: bot was blocked by the user", None))));
        assert!(dead(false)(judge(-7, &refused(403, "Forbidden: bot was kicked from the group chat", None))));
        assert!(dead(false)(judge(7, &refused(400, "Bad Request: chat not found", None))));
    }

    #[test]
    fn a_plain_text_fits() {
        let text = plain(&Html::new().bold(&"🎉".repeat(5_000)));
        assert!(text.encode_utf16().count() <= TEXT_MAX && text.ends_with('…'));
    }
}
