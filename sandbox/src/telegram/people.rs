//! What people do on this Telegram: write, press buttons, block the bot. Control routes and the simulated population
//! act through these functions and no others.

use serde::Serialize;
use serde_json::{Value, json};

use super::Telegram;
use super::html::utf16_length;
use super::keyboard::{Button, buttons};
use super::world::{BOT_ID, Callback, Content, Media, User, bot_json, member_json};

const CALLBACKS_KEPT: usize = 20_000;

/// One message in its current state, as a user sees it.
#[derive(Clone, Serialize)]
pub(crate) struct Seen {
    pub(crate) message_id: i64,
    pub(crate) from_bot: bool,
    from: i64,
    date: i64,
    edited: bool,
    /// The text, or the caption under media.
    pub(crate) text: String,
    entities: Vec<Value>,
    photo: bool,
    document: Option<String>,
    file_id: Option<String>,
    reply_to: Option<i64>,
    pub(crate) buttons: Vec<Button>,
    /// A reply keyboard, its removal or a forced reply, as it was sent.
    markup: Option<Value>,
}

/// What a user writes.
#[derive(Default)]
pub(crate) struct Words {
    pub(crate) text: String,
    pub(crate) photo: bool,
    pub(crate) reply_to: Option<i64>,
}

impl Telegram {
    pub(crate) fn add_user(&self, user: User) {
        let mut world = self.world();
        if user.started {
            world.chat(user.id);
        }
        world.put_user(user);
    }

    /// Adds a user who is not known from an earlier run.
    pub(crate) fn know_user(&self, user: User) {
        if !self.world().users.contains_key(&user.id) {
            self.add_user(user);
        }
    }

    /// A user writes in a chat (their own with the bot, or a group). Returns update id and message id.
    pub(crate) fn say(&self, user: i64, chat: i64, words: Words) -> Result<(i64, i64), String> {
        let now = self.core.clock.now();
        let mut world = self.world();
        let writer = world.user(user);
        if writer.blocked || writer.deactivated {
            return Err(format!("user {user} has blocked the bot"));
        }
        if chat == user {
            writer.started = true;
        }
        let media = words.photo.then(|| world.next()).map(|number| Media {
            kind: "photo",
            file_id: format!("AgACAgQAAy{number:012x}"),
            file_name: "photo.jpg".to_owned(),
            size: 48_000,
        });
        if let Some(media) = &media {
            world.put_file(media.clone());
        }
        let entities = user_entities(&words.text);
        let room = world.chat(chat);
        if chat != user {
            room.members.entry(user).or_insert_with(|| "member".to_owned());
        }
        let content = Content { text: words.text, entities, media, markup: None };
        let id = world.post(chat, user, now, words.reply_to, content);
        let message = world.chats.get(&chat).and_then(|room| Some(world.message_json(room, room.messages.get(&id)?)));
        Ok((self.updates.push("message", &message.unwrap_or_default()), id))
    }

    /// A user presses a button. `inaccessible` sends the message as one that is too old to be shown.
    pub(crate) fn press(
        &self,
        user: i64,
        chat: i64,
        message: Option<i64>,
        data: &str,
        inaccessible: bool,
    ) -> (String, i64) {
        let now = self.core.clock.now();
        let mut world = self.world();
        let id = format!("{:x}", crate::chance::mix(world.next()));
        world.put_callback(&id, Callback { at: now, user, answered: false });
        if world.callbacks.len() > CALLBACKS_KEPT {
            world.callbacks.retain(|_, callback| now - callback.at < 120_000);
        }
        let from = world.user(user).json();
        world.chat(chat);
        let mut query = json!({
            "id": id, "from": from, "chat_instance": format!("-{}", crate::chance::mix(chat.unsigned_abs()) >> 1), "data": data,
        });
        if let (Some(message_id), Some(room)) = (message, world.chats.get(&chat)) {
            let shown = match room.messages.get(&message_id) {
                Some(message) if !inaccessible => world.message_json(room, message),
                _ => json!({ "message_id": message_id, "date": 0, "chat": world.chat_json(room) }),
            };
            if let Some(fields) = query.as_object_mut() {
                fields.insert("message".to_owned(), shown);
            }
        }
        let update = self.updates.push("callback_query", &query);
        (id, update)
    }

    /// A user blocks or unblocks the bot; the bot is told, as it is in life.
    pub(crate) fn block(&self, user: i64, blocked: bool) -> i64 {
        let now = self.core.clock.now();
        let mut world = self.world();
        let person = world.user(user);
        person.blocked = blocked;
        person.started = true;
        let from = person.json();
        world.chat(user);
        let chat = world.chats.get(&user).map(|room| world.chat_json(room));
        let status = |blocked: bool| if blocked { "kicked" } else { "member" };
        let change = json!({
            "chat": chat, "from": from, "date": now.div_euclid(1_000),
            "old_chat_member": member_json(&bot_json(), status(!blocked)),
            "new_chat_member": member_json(&bot_json(), status(blocked)),
        });
        self.updates.push("my_chat_member", &change)
    }

    /// A chat's messages, oldest first, and its revision.
    pub(crate) fn look(&self, chat: i64) -> (Vec<Seen>, u64) {
        let world = self.world();
        let Some(room) = world.chats.get(&chat) else { return (Vec::new(), 0) };
        let seen = room.messages.values().map(|message| {
            let content = &message.content;
            let of_kind = |kind: &str| content.media.as_ref().filter(|media| media.kind == kind);
            Seen {
                message_id: message.id,
                from_bot: message.from == BOT_ID,
                from: message.from,
                date: message.at.div_euclid(1_000),
                edited: message.edited_at.is_some(),
                text: content.text.clone(),
                entities: content.entities.clone(),
                photo: of_kind("photo").is_some(),
                document: of_kind("document").map(|media| media.file_name.clone()),
                file_id: content.media.as_ref().map(|media| media.file_id.clone()),
                reply_to: message.reply_to,
                buttons: buttons(content.markup.as_ref()),
                markup: content.markup.clone().filter(|markup| markup.get("inline_keyboard").is_none()),
            }
        });
        (seen.collect(), room.revision)
    }

    /// How many updates the bot has yet to fetch.
    pub(crate) fn backlog(&self) -> usize {
        self.updates.waiting()
    }

    pub(crate) fn revision(&self, chat: i64) -> u64 {
        self.world().chats.get(&chat).map_or(0, |room| room.revision)
    }
}

/// The entities that a client finds in what a user types: a command at the start, web addresses.
fn user_entities(text: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let kind = match bare {
            _ if offset == 0 && bare.starts_with('/') && bare.len() > 1 => Some("bot_command"),
            _ if bare.starts_with("http://") || bare.starts_with("https://") => Some("url"),
            _ => None,
        };
        if let Some(kind) = kind {
            found.push(json!({ "type": kind, "offset": offset, "length": utf16_length(bare) }));
        }
        offset += utf16_length(word);
    }
    found
}
