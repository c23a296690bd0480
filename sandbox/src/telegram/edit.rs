//! Methods that change or remove what was sent, and the answers to button presses.

use serde_json::{Value, json};

use super::params::Params;
use super::send::{check_caption, check_text, formatted};
use super::world::{BOT_ID, Content, World};
use super::{ApiError, Telegram, keyboard};

const QUERY_LIFE_MS: i64 = 60_000;
const DELETE_LIFE_MS: i64 = 48 * 3_600 * 1_000;
const ANSWER_MAX: usize = 200;
const ANSWERS_KEPT: usize = 5_000;
const NOT_MODIFIED: &str = "message is not modified: specified new message content and reply markup are exactly the \
                            same as a current content and reply markup of the message";

impl Telegram {
    pub(super) fn edit_text(&self, params: &Params) -> Result<Value, ApiError> {
        let text = check_text(formatted(params, "text", "parse_mode")?, "MESSAGE_TOO_LONG")?;
        self.edit(params, |_, old| match &old.media {
            Some(_) => Err(ApiError::bad("there is no text in the message to edit")),
            None => Ok(Content { text: text.text, entities: text.entities, media: None, markup: None }),
        })
    }

    pub(super) fn edit_caption(&self, params: &Params) -> Result<Value, ApiError> {
        let caption = check_caption(formatted(params, "caption", "parse_mode")?)?;
        self.edit(params, |_, old| match &old.media {
            None => Err(ApiError::bad("there is no caption in the message to edit")),
            media => Ok(Content { text: caption.text, entities: caption.entities, media: media.clone(), markup: None }),
        })
    }

    pub(super) fn edit_markup(&self, params: &Params) -> Result<Value, ApiError> {
        self.edit(params, |_, old| Ok(old.clone()))
    }

    pub(super) fn edit_media(&self, params: &Params) -> Result<Value, ApiError> {
        self.edit(params, |world, _| self.input_media(world, params))
    }

    /// Replaces the content of one of the bot's messages; the markup is always the call's own, as on the real server.
    fn edit(
        &self,
        params: &Params,
        change: impl FnOnce(&mut World, &Content) -> Result<Content, ApiError>,
    ) -> Result<Value, ApiError> {
        let mut world = self.world();
        let chat = self.open_chat(&world, params)?;
        let id = params.int("message_id").ok_or_else(|| ApiError::bad("message identifier is not specified"))?;
        let old = world.chats.get(&chat).and_then(|room| room.messages.get(&id));
        let old = match old {
            None => return Err(ApiError::bad("message to edit not found")),
            Some(message) if message.from != BOT_ID => return Err(ApiError::bad("message can't be edited")),
            Some(message) => message.content.clone(),
        };
        let mut new = change(&mut world, &old)?;
        new.markup = keyboard::check(params.json("reply_markup"))?;
        if new == old {
            return Err(ApiError::bad(NOT_MODIFIED));
        }
        let now = self.core.clock.now();
        let room = world.chat(chat);
        if let Some(message) = room.edit(id) {
            message.content = new;
            message.edited_at = Some(now);
        }
        room.touch(BOT_ID);
        self.chats_changed.notify_waiters();
        let room = world.chats.get(&chat).ok_or_else(|| ApiError::bad("chat not found"))?;
        let message = room.messages.get(&id).ok_or_else(|| ApiError::bad("message to edit not found"))?;
        Ok(world.message_json(room, message))
    }

    pub(super) fn delete_message(&self, params: &Params) -> Result<Value, ApiError> {
        let mut world = self.world();
        let chat = self.open_chat(&world, params)?;
        let id = params.int("message_id").ok_or_else(|| ApiError::bad("message identifier is not specified"))?;
        self.delete(&mut world, chat, id)?;
        self.chats_changed.notify_waiters();
        Ok(json!(true))
    }

    /// `deleteMessages` skips what is not there.
    pub(super) fn delete_messages(&self, params: &Params) -> Result<Value, ApiError> {
        let mut world = self.world();
        let chat = self.open_chat(&world, params)?;
        let ids = params.json("message_ids").unwrap_or_default();
        for id in ids.as_array().into_iter().flatten().filter_map(Value::as_i64) {
            let _ = self.delete(&mut world, chat, id);
        }
        self.chats_changed.notify_waiters();
        Ok(json!(true))
    }

    fn delete(&self, world: &mut World, chat: i64, id: i64) -> Result<(), ApiError> {
        let now = self.core.clock.now();
        let room = world.chat(chat);
        match room.messages.get(&id) {
            None => Err(ApiError::bad("message to delete not found")),
            Some(message) if now - message.at > DELETE_LIFE_MS => Err(ApiError::bad("message can't be deleted")),
            Some(_) => {
                room.delete(id);
                Ok(())
            }
        }
    }

    pub(super) fn answer_callback(&self, params: &Params) -> Result<Value, ApiError> {
        let now = self.core.clock.now();
        let text = params.text("text");
        if text.as_ref().is_some_and(|text| text.chars().count() > ANSWER_MAX) {
            return Err(ApiError::bad("MESSAGE_TOO_LONG"));
        }
        let id = params.text("callback_query_id").unwrap_or_default();
        let mut world = self.world();
        let user = match world.callbacks.get_mut(&id) {
            Some(callback) if now - callback.at <= QUERY_LIFE_MS => {
                callback.answered = true;
                callback.user
            }
            _ => return Err(ApiError::bad("query is too old and response timeout expired or query id is invalid")),
        };
        world.answered.push_back(json!({
            "callback_query_id": id, "user": user, "text": text, "show_alert": params.flag("show_alert"),
        }));
        if world.answered.len() > ANSWERS_KEPT {
            world.answered.pop_front();
        }
        Ok(json!(true))
    }
}
