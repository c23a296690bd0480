//! Who is on this Telegram and what lies in their chats, and how each is written on the wire. No I/O.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value, json};

use super::keep::{Reserve, Touched};
use crate::clock::Millis;

/// Older messages of a chat are forgotten: a stand-in may run for days.
pub(super) const MESSAGES_KEPT: usize = 200;
pub(crate) const BOT_ID: i64 = 7_000_000_001;
pub(crate) const BOT_NAME: &str = "viralcore_sandbox_bot";

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) first_name: String,
    pub(crate) last_name: Option<String>,
    pub(crate) username: Option<String>,
    pub(crate) language_code: Option<String>,
    /// Has written to the bot at least once.
    pub(crate) started: bool,
    pub(crate) blocked: bool,
    pub(crate) deactivated: bool,
}

/// One of a few words.
type Word = &'static str;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Media {
    /// `photo` or `document`.
    #[serde(deserialize_with = "media_kind")]
    pub(crate) kind: Word,
    pub(crate) file_id: String,
    pub(crate) file_name: String,
    pub(crate) size: usize,
}

fn media_kind<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Word, D::Error> {
    Ok(if String::deserialize(deserializer)? == "photo" { "photo" } else { "document" })
}

/// What a message says, as far as an edit can change it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Content {
    /// The text, or the caption under media.
    pub(crate) text: String,
    pub(crate) entities: Vec<Value>,
    pub(crate) media: Option<Media>,
    pub(crate) markup: Option<Value>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Message {
    pub(crate) id: i64,
    /// The sender's id; the bot's own messages carry [`BOT_ID`].
    pub(crate) from: i64,
    pub(crate) at: Millis,
    pub(crate) edited_at: Option<Millis>,
    pub(crate) reply_to: Option<i64>,
    pub(crate) content: Content,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Chat {
    pub(crate) id: i64,
    /// `private`, `group`, `supergroup` or `channel`.
    pub(crate) kind: String,
    pub(crate) title: String,
    /// Member status by user id, for groups.
    pub(crate) members: BTreeMap<i64, String>,
    /// The bot's own status in a group.
    pub(crate) bot_status: String,
    pub(crate) migrated_to: Option<i64>,
    #[serde(skip)]
    pub(crate) messages: BTreeMap<i64, Message>,
    #[serde(skip)]
    pub(crate) deleted: VecDeque<i64>,
    #[serde(skip)]
    pub(super) next_message: i64,
    /// Messages that have changed since they were last saved; none without a place to save them.
    #[serde(skip)]
    pub(super) changed: Option<BTreeSet<i64>>,
    /// Grows with every change that the bot makes here.
    pub(crate) revision: u64,
}

pub(crate) struct Callback {
    pub(crate) at: Millis,
    pub(crate) user: i64,
    pub(crate) answered: bool,
}

#[derive(Default)]
pub(crate) struct World {
    pub(crate) users: HashMap<i64, User>,
    pub(crate) chats: HashMap<i64, Chat>,
    pub(crate) callbacks: HashMap<String, Callback>,
    pub(crate) answered: VecDeque<Value>,
    /// Uploaded files by id: kind, name and size; the bytes are not kept.
    pub(crate) files: HashMap<String, Media>,
    pub(crate) commands: Value,
    counter: u64,
    /// Message ids begin here in every chat.
    first_message: i64,
    /// Whether what changes is noted, to be saved.
    kept: bool,
    pub(super) touched: Touched,
    message_ids: Reserve,
    other_ids: Reserve,
}

impl User {
    pub(crate) fn new(id: i64, first_name: &str) -> Self {
        Self {
            id,
            first_name: first_name.to_owned(),
            last_name: None,
            username: None,
            language_code: Some("en".to_owned()),
            started: false,
            blocked: false,
            deactivated: false,
        }
    }

    pub(crate) fn json(&self) -> Value {
        let mut user = json!({ "id": self.id, "is_bot": false, "first_name": self.first_name });
        set(&mut user, "last_name", self.last_name.as_deref());
        set(&mut user, "username", self.username.as_deref());
        set(&mut user, "language_code", self.language_code.as_deref());
        user
    }
}

fn set(object: &mut Value, name: &str, value: Option<&str>) {
    if let (Some(fields), Some(value)) = (object.as_object_mut(), value) {
        fields.insert(name.to_owned(), json!(value));
    }
}

pub(crate) fn bot_json() -> Value {
    json!({ "id": BOT_ID, "is_bot": true, "first_name": "ViralCore Sandbox", "username": BOT_NAME })
}

impl Chat {
    pub(crate) fn new(id: i64, kind: &str, title: &str) -> Self {
        Self {
            id,
            kind: kind.to_owned(),
            title: title.to_owned(),
            members: BTreeMap::new(),
            bot_status: "member".to_owned(),
            migrated_to: None,
            messages: BTreeMap::new(),
            deleted: VecDeque::new(),
            next_message: 1,
            changed: None,
            revision: 0,
        }
    }

    /// Everything else about it.
    pub(super) fn without_messages(&self) -> Self {
        Self {
            members: self.members.clone(),
            bot_status: self.bot_status.clone(),
            migrated_to: self.migrated_to,
            revision: self.revision,
            ..Self::new(self.id, &self.kind, &self.title)
        }
    }

    pub(crate) fn is_group(&self) -> bool {
        self.kind != "private"
    }

    /// Appends a message and returns its id.
    fn post(&mut self, from: i64, at: Millis, reply_to: Option<i64>, content: Content) -> i64 {
        let id = self.next_message;
        self.next_message += 1;
        self.mark(id);
        self.messages.insert(id, Message { id, from, at, edited_at: None, reply_to, content });
        while self.messages.len() > MESSAGES_KEPT {
            self.messages.pop_first();
        }
        self.touch(from);
        id
    }

    pub(crate) fn delete(&mut self, message: i64) -> bool {
        let existed = self.messages.remove(&message).is_some();
        if existed {
            self.mark(message);
            self.deleted.push_back(message);
            if self.deleted.len() > MESSAGES_KEPT {
                self.deleted.pop_front();
            }
            self.touch(BOT_ID);
        }
        existed
    }

    /// A message of one's own, to be changed.
    pub(crate) fn edit(&mut self, id: i64) -> Option<&mut Message> {
        self.mark(id);
        self.messages.get_mut(&id)
    }

    fn mark(&mut self, message: i64) {
        if let Some(changed) = &mut self.changed {
            changed.insert(message);
        }
    }

    pub(crate) fn touch(&mut self, by: i64) {
        if by == BOT_ID {
            self.revision += 1;
        }
    }
}

impl World {
    pub(crate) fn next(&mut self) -> u64 {
        self.counter += 1;
        self.other_ids.up_to(i64::try_from(self.counter).unwrap_or(i64::MAX));
        self.counter
    }

    /// From here on what changes is noted and ids are above those reserved before.
    pub(super) fn begin_keeping(&mut self, message: i64, message_ids: Reserve, other: i64, other_ids: Reserve) {
        (self.first_message, self.message_ids) = (message.saturating_add(1), message_ids);
        (self.counter, self.other_ids) = (u64::try_from(other).unwrap_or(0), other_ids);
        self.kept = true;
    }

    /// Appends a message to a chat and returns its id.
    pub(crate) fn post(&mut self, chat: i64, from: i64, at: Millis, reply_to: Option<i64>, content: Content) -> i64 {
        let next = self.chat(chat).next_message;
        self.message_ids.up_to(next);
        self.chat(chat).post(from, at, reply_to, content)
    }

    pub(crate) fn put_user(&mut self, user: User) {
        self.user(user.id);
        self.users.insert(user.id, user);
    }

    pub(crate) fn put_file(&mut self, media: Media) {
        if self.kept {
            self.touched.files.push(media.file_id.clone());
        }
        self.files.insert(media.file_id.clone(), media);
    }

    pub(crate) fn put_callback(&mut self, id: &str, callback: Callback) {
        if self.kept {
            self.touched.callbacks.push(id.to_owned());
        }
        self.callbacks.insert(id.to_owned(), callback);
    }

    /// The user, made up when unseen.
    pub(crate) fn user(&mut self, id: i64) -> &mut User {
        if self.kept {
            self.touched.users.insert(id);
        }
        self.users.entry(id).or_insert_with(|| User::new(id, &format!("User {id}")))
    }

    /// The chat; a private one is made when unseen, a group too.
    pub(crate) fn chat(&mut self, id: i64) -> &mut Chat {
        let kind = match id {
            0.. => "private",
            ..=-1_000_000_000_000 => "supergroup",
            _ => "group",
        };
        let chat = self.chats.entry(id).or_insert_with(|| Chat::new(id, kind, &format!("Group {id}")));
        chat.next_message = chat.next_message.max(self.first_message);
        if self.kept {
            self.touched.chats.insert(id);
            chat.changed.get_or_insert_default();
        }
        chat
    }

    pub(crate) fn chat_json(&self, chat: &Chat) -> Value {
        if chat.is_group() {
            return json!({ "id": chat.id, "type": chat.kind, "title": chat.title });
        }
        let mut value = json!({ "id": chat.id, "type": "private" });
        if let Some(user) = self.users.get(&chat.id) {
            set(&mut value, "first_name", Some(&user.first_name));
            set(&mut value, "last_name", user.last_name.as_deref());
            set(&mut value, "username", user.username.as_deref());
        }
        value
    }

    fn sender_json(&self, id: i64) -> Value {
        if id == BOT_ID { bot_json() } else { self.users.get(&id).map_or_else(bot_json, User::json) }
    }

    /// A message as methods return it and updates carry it.
    pub(crate) fn message_json(&self, chat: &Chat, message: &Message) -> Value {
        let mut fields = self.bare_message(chat, message);
        let original = message.reply_to.and_then(|id| chat.messages.get(&id));
        if let Some(original) = original {
            fields.insert("reply_to_message".to_owned(), Value::Object(self.bare_message(chat, original)));
        }
        Value::Object(fields)
    }

    fn bare_message(&self, chat: &Chat, message: &Message) -> Map<String, Value> {
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| drop(fields.insert(name.to_owned(), value));
        put("message_id", json!(message.id));
        put("from", self.sender_json(message.from));
        put("chat", self.chat_json(chat));
        put("date", json!(message.at.div_euclid(1_000)));
        if let Some(at) = message.edited_at {
            put("edit_date", json!(at.div_euclid(1_000)));
        }
        let content = &message.content;
        let (text, entities) = match &content.media {
            Some(media) => {
                put(media.kind, media_json(media));
                ("caption", "caption_entities")
            }
            None => ("text", "entities"),
        };
        if !content.text.is_empty() {
            put(text, json!(content.text));
        }
        if !content.entities.is_empty() {
            put(entities, json!(content.entities));
        }
        if let Some(markup) = content.markup.as_ref().filter(|markup| markup.get("inline_keyboard").is_some()) {
            put("reply_markup", markup.clone());
        }
        fields
    }
}

fn media_json(media: &Media) -> Value {
    let unique = media.file_id.chars().rev().take(12).collect::<String>();
    if media.kind == "photo" {
        return json!([
            { "file_id": format!("{}-s", media.file_id), "file_unique_id": format!("{unique}s"), "width": 90, "height": 60,
              "file_size": media.size.min(1_500) },
            { "file_id": media.file_id, "file_unique_id": unique, "width": 1_200, "height": 800, "file_size": media.size },
        ]);
    }
    json!({ "file_id": media.file_id, "file_unique_id": unique, "file_name": media.file_name, "file_size": media.size,
            "mime_type": "application/octet-stream" })
}

/// A chat member object with every field that its status requires.
pub(crate) fn member_json(user: &Value, status: &str) -> Value {
    match status {
        "creator" => json!({ "status": "creator", "user": user, "is_anonymous": false }),
        "administrator" => json!({
            "status": "administrator", "user": user, "can_be_edited": false, "is_anonymous": false,
            "can_manage_chat": true, "can_delete_messages": true, "can_manage_video_chats": true,
            "can_restrict_members": true, "can_promote_members": false, "can_change_info": true,
            "can_invite_users": true, "can_post_stories": false, "can_edit_stories": false,
            "can_delete_stories": false, "can_pin_messages": true, "can_manage_topics": false,
        }),
        "kicked" => json!({ "status": "kicked", "user": user, "until_date": 0 }),
        other => json!({ "status": other, "user": user }),
    }
}
