//! Control routes of its own: users and groups, what they say and press, and what they see.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Telegram;
use super::limits::Rates;
use super::people::{Seen, Words};
use super::world::{Chat, User, bot_json, member_json};
use crate::http::{Ask, Reply};

const RECORDED_MESSAGES: usize = 5_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewUser {
    id: i64,
    first_name: Option<String>,
    last_name: Option<String>,
    username: Option<String>,
    language_code: Option<String>,
    /// Whether the bot may write first, as after an earlier /start.
    #[serde(default)]
    started: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewGroup {
    id: i64,
    title: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// The bot's status: `member`, `administrator`, `left`, `kicked`; a change is told to the bot.
    bot_status: Option<String>,
    #[serde(default)]
    admins: Vec<i64>,
    #[serde(default)]
    members: Vec<i64>,
    /// The group has become this supergroup.
    migrated_to: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Say {
    user: i64,
    chat: Option<i64>,
    #[serde(default)]
    text: String,
    #[serde(default)]
    photo: bool,
    reply_to: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Press {
    user: i64,
    chat: Option<i64>,
    message_id: Option<i64>,
    /// The label, a part of it, or the index over all rows.
    button: Option<Value>,
    /// Callback data that no button need have.
    data: Option<String>,
    #[serde(default)]
    inaccessible: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    user: i64,
    #[serde(default)]
    blocked: bool,
    deactivated: Option<bool>,
}

impl Telegram {
    pub(super) async fn control_route(&self, ask: &Ask) -> Option<Reply> {
        let outcome = match (ask.method.as_str(), ask.path.as_str()) {
            ("POST", "/_users") => self.new_user(ask),
            ("POST", "/_groups") => self.new_group(ask),
            ("POST", "/_say") => self.control_say(ask),
            ("POST", "/_press") => self.control_press(ask),
            ("POST", "/_update") => self.raw_updates(ask),
            ("POST", "/_block") => self.control_block(ask),
            ("GET", "/_chat") => Ok(self.show_chat(ask).await),
            ("GET", "/_limits") => Ok(Reply::json(200, self.limits().rates())),
            ("POST", "/_limits") => ask.json::<Rates>().map(|rates| {
                self.limits().set(rates);
                Reply::done()
            }),
            _ => return None,
        };
        Some(outcome.unwrap_or_else(|refusal| refusal))
    }

    fn new_user(&self, ask: &Ask) -> Result<Reply, Reply> {
        let new: NewUser = ask.json()?;
        let mut user = User::new(new.id, new.first_name.as_deref().unwrap_or("Ada"));
        (user.last_name, user.username, user.started) = (new.last_name, new.username, new.started);
        if new.language_code.is_some() {
            user.language_code = new.language_code;
        }
        let shown = user.json();
        self.add_user(user);
        Ok(Reply::json(200, &shown))
    }

    /// Makes a group or changes one.
    fn new_group(&self, ask: &Ask) -> Result<Reply, Reply> {
        let new: NewGroup = ask.json()?;
        let now = self.core.clock.now();
        let mut world = self.world();
        let was = world.chats.get(&new.id).map_or("left", |chat| chat.bot_status.as_str()).to_owned();
        let chat = world.chat(new.id);
        if let Some(kind) = new.kind {
            chat.kind = kind;
        }
        if let Some(title) = new.title {
            chat.title = title;
        }
        if let Some(status) = new.bot_status {
            chat.bot_status = status;
        }
        chat.migrated_to = new.migrated_to.or(chat.migrated_to);
        chat.members.extend(new.members.iter().map(|user| (*user, "member".to_owned())));
        chat.members.extend(new.admins.iter().map(|user| (*user, "administrator".to_owned())));
        let is = chat.bot_status.clone();
        let adder = new.admins.first().or(new.members.first()).copied().unwrap_or(5_500);
        for user in new.admins.iter().chain(&new.members) {
            world.user(*user);
        }
        let from = world.user(adder).json();
        let shown = world.chats.get(&new.id).map(|chat: &Chat| world.chat_json(chat)).unwrap_or_default();
        if was != is {
            let change = json!({
                "chat": shown, "from": from, "date": now.div_euclid(1_000),
                "old_chat_member": member_json(&bot_json(), &was), "new_chat_member": member_json(&bot_json(), &is),
            });
            self.updates.push("my_chat_member", &change);
        }
        Ok(Reply::json(200, &shown))
    }

    /// One saying, or a list of them.
    fn control_say(&self, ask: &Ask) -> Result<Reply, Reply> {
        if ask.body.trim_ascii_start().starts_with(b"[") {
            let said: Result<Vec<Value>, Reply> =
                ask.json::<Vec<Say>>()?.into_iter().map(|say| self.say_one(say)).collect();
            return said.map(|said| Reply::json(200, &said));
        }
        self.say_one(ask.json()?).map(|said| Reply::json(200, &said))
    }

    fn say_one(&self, say: Say) -> Result<Value, Reply> {
        let words = Words { text: say.text, photo: say.photo, reply_to: say.reply_to };
        let said = self.say(say.user, say.chat.unwrap_or(say.user), words);
        let (update_id, message_id) = said.map_err(|why| Reply::refused(&why))?;
        Ok(json!({ "update_id": update_id, "message_id": message_id }))
    }

    fn control_press(&self, ask: &Ask) -> Result<Reply, Reply> {
        let press: Press = ask.json()?;
        let chat = press.chat.unwrap_or(press.user);
        let (message, data) = match press.data {
            Some(data) => (press.message_id, data),
            None => {
                let wanted = press.button.ok_or_else(|| Reply::refused("button or data is needed"))?;
                let (message, data) = self.find_button(chat, press.message_id, &wanted)?;
                (Some(message), data)
            }
        };
        let (id, update_id) = self.press(press.user, chat, message, &data, press.inaccessible);
        Ok(Reply::json(
            200,
            &json!({ "callback_query_id": id, "update_id": update_id, "message_id": message, "data": data }),
        ))
    }

    /// The button meant: on the given message, else on the newest one that has it. Its whole label is tried first.
    fn find_button(&self, chat: i64, message: Option<i64>, wanted: &Value) -> Result<(i64, String), Reply> {
        let (seen, _) = self.look(chat);
        let candidates: Vec<&Seen> =
            seen.iter().rev().filter(|each| message.is_none_or(|id| id == each.message_id)).collect();
        let index = wanted.as_u64().and_then(|index| usize::try_from(index).ok());
        let label = wanted.as_str().unwrap_or_default().to_lowercase();
        for whole in [true, false] {
            for each in &candidates {
                let found = match index {
                    Some(index) => each.buttons.get(index),
                    None => each.buttons.iter().find(|button| {
                        let text = button.text.to_lowercase();
                        if whole { text == label } else { text.contains(&label) }
                    }),
                };
                if let Some(button) = found {
                    let data = button.callback_data.clone();
                    return data
                        .map(|data| (each.message_id, data))
                        .ok_or_else(|| Reply::refused("this button opens a link"));
                }
            }
        }
        let there: Vec<&str> =
            candidates.iter().flat_map(|each| &each.buttons).map(|button| button.text.as_str()).collect();
        Err(Reply::json(404, &json!({ "error": "no such button", "buttons": there })))
    }

    /// One raw update, or a list of them.
    fn raw_updates(&self, ask: &Ask) -> Result<Reply, Reply> {
        let updates = match ask.json::<Value>()? {
            Value::Array(updates) => updates,
            update => vec![update],
        };
        let ids: Option<Vec<i64>> = updates.into_iter().map(|update| self.updates.push_raw(update)).collect();
        let ids = ids.ok_or_else(|| Reply::refused("an update is an object"))?;
        Ok(Reply::json(200, &json!({ "update_id": ids.last(), "update_ids": ids })))
    }

    fn control_block(&self, ask: &Ask) -> Result<Reply, Reply> {
        let block: Block = ask.json()?;
        if let Some(deactivated) = block.deactivated {
            self.world().user(block.user).deactivated = deactivated;
            return Ok(Reply::done());
        }
        let update_id = self.block(block.user, block.blocked);
        Ok(Reply::json(200, &json!({ "update_id": update_id })))
    }

    /// `GET /_chat?user=…|chat=…[&after=REVISION&timeout_ms=M]`: the latter waits until the bot has changed the chat.
    async fn show_chat(&self, ask: &Ask) -> Reply {
        let Some(chat) = ask.query_number("chat").or_else(|| ask.query_number("user")) else {
            return Reply::refused("user or chat is needed");
        };
        if let Some(after) = ask.query_number("after").and_then(|after| u64::try_from(after).ok()) {
            let patience = ask.query_number("timeout_ms").and_then(|ms| u64::try_from(ms).ok()).unwrap_or(5_000);
            let deadline = tokio::time::Instant::now() + Duration::from_millis(patience);
            loop {
                let changed = self.chats_changed.notified();
                tokio::pin!(changed);
                changed.as_mut().enable();
                let reached = self.revision(chat) > after;
                if reached || tokio::time::timeout_at(deadline, changed).await.is_err() {
                    break;
                }
            }
        }
        let (messages, revision) = self.look(chat);
        let world = self.world();
        let deleted = world.chats.get(&chat).map(|room| room.deleted.clone());
        let blocked = world.users.get(&chat).is_some_and(|user| user.blocked);
        Reply::json(
            200,
            &json!({ "chat": chat, "revision": revision, "messages": messages, "deleted": deleted, "blocked": blocked }),
        )
    }

    /// Members of `/_record`: the bot's messages over all chats, answered presses, acknowledged updates.
    pub(super) fn created_members(&self) -> Vec<(&'static str, String)> {
        let chats: Vec<i64> = self.world().chats.keys().copied().collect();
        let mut messages: Vec<Value> = Vec::new();
        for chat in chats {
            let (seen, _) = self.look(chat);
            messages.extend(seen.iter().filter(|each| each.from_bot).map(|each| {
                let mut value = json!(each);
                if let Some(fields) = value.as_object_mut() {
                    fields.insert("chat".to_owned(), json!(chat));
                }
                value
            }));
        }
        messages.sort_by_key(|message| message.get("date").and_then(Value::as_i64));
        let surplus = messages.len().saturating_sub(RECORDED_MESSAGES);
        messages.drain(..surplus);
        let (acked, waiting) = self.updates.shown();
        vec![
            ("messages", json!(messages).to_string()),
            ("answered_callbacks", json!(self.world().answered).to_string()),
            ("updates_acked", json!(acked).to_string()),
            ("updates_waiting", waiting.to_string()),
        ]
    }
}
