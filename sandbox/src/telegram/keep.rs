//! The state on disk: what changed is gathered and appended a few times a second. Ids are reserved in blocks before
//! they are given out, so that none comes twice even when what it named was lost.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;

use super::Telegram;
use super::updates::{Hook, Update};
use super::world::{Callback, Chat, MESSAGES_KEPT, Media, Message, User, World};
use crate::clock::Millis;
use crate::journal::{Journal, Opened, Place, line, unused};

const EVERY: Duration = Duration::from_millis(250);
/// How many ids are reserved at once.
const BLOCK: i64 = 1_000;
/// Messages of a chat that are written when the file is written anew.
const MESSAGES_SAVED: usize = 60;
const FILES_SAVED: usize = 5_000;
const CALLBACK_LIFE_MS: Millis = 120_000;
/// The file is written anew when it has grown by this much.
const GROWTH_MAX: u64 = 16 * 1024 * 1024;
/// Updates may come more often than once a second.
const UPDATES_A_SECOND: i64 = 10;

/// The highest ids that may have been given out.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
pub(super) struct Ids {
    pub(super) update: i64,
    pub(super) message: i64,
    /// Files and callback queries.
    pub(super) other: i64,
}

/// What is saved as a whole.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Settings {
    pub(super) allowed: Vec<String>,
    pub(super) hook: Option<Hook>,
    pub(super) commands: Value,
}

/// One line: the newest state of one thing.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Line {
    Ids(Ids),
    Settings(Settings),
    User(User),
    Chat(Box<Chat>),
    Message { chat: i64, message: Message },
    Gone { chat: i64, message: i64 },
    File(Media),
    Callback { id: String, at: Millis, user: i64 },
    Update(Box<RawValue>),
    Done(Vec<i64>),
}

struct Inner {
    journal: Journal,
    ids: Ids,
    settings: Settings,
    /// The file's size when it was last written anew.
    fresh_size: u64,
    /// Changes could not be appended: everything is to be written.
    behind: bool,
}

/// The file and the marks in it.
pub(super) struct Keep {
    inner: Mutex<Inner>,
    /// Held while changes are gathered and written, so that they are written in their order.
    saving: Mutex<()>,
}

/// Which of the ids.
type Which = fn(&mut Ids) -> &mut i64;

/// One kind of ids, as who gives them out sees it. Without a file nothing is reserved.
#[derive(Default)]
pub(super) struct Reserve {
    source: Option<(Arc<Keep>, Which)>,
    reserved: i64,
}

/// Things that have changed since they were last saved.
#[derive(Default)]
pub(super) struct Touched {
    pub(super) users: BTreeSet<i64>,
    pub(super) chats: BTreeSet<i64>,
    pub(super) files: Vec<String>,
    pub(super) callbacks: Vec<String>,
}

/// What was found on disk.
pub(super) struct Restored {
    pub(super) keep: Arc<Keep>,
    pub(super) ids: Ids,
    pub(super) settings: Settings,
    pub(super) waiting: VecDeque<Update>,
    /// The time that had been reached.
    pub(super) at: Millis,
}

impl Reserve {
    fn of(keep: &Arc<Keep>, reserved: i64, which: Which) -> Self {
        Self { source: Some((Arc::clone(keep), which)), reserved }
    }

    /// Must be called before `id` is given out.
    pub(super) fn up_to(&mut self, id: i64) {
        if let Some((keep, which)) = self.source.as_ref().filter(|_| id > self.reserved) {
            self.reserved = id.saturating_add(BLOCK);
            let mut inner = keep.lock();
            *which(&mut inner.ids) = self.reserved;
            let text = line(&Line::Ids(inner.ids));
            inner.journal.append_or_note(&text);
        }
    }
}

/// Reads what there is into `world`, or begins with ids that no earlier sandbox has given out.
pub(super) fn restore(place: &Place<'_>, world: &mut World) -> std::io::Result<Restored> {
    let Opened { journal, lines, lost } = Journal::open::<Line>(place, "telegram")?;
    let doubtful = lines.is_empty() || lost > 0;
    let (mut ids, mut settings) = (Ids::default(), Settings::default());
    let (mut waiting, mut at) = (VecDeque::new(), 0);
    for each in lines {
        match each {
            Line::Ids(reserved) => ids = reserved,
            Line::Settings(newest) => settings = newest,
            Line::User(user) => drop(world.users.insert(user.id, user)),
            Line::Chat(chat) => world.take_chat(*chat),
            Line::Message { chat, message } => {
                at = at.max(message.edited_at.unwrap_or(message.at));
                let messages = &mut world.chat(chat).messages;
                messages.insert(message.id, message);
                while messages.len() > MESSAGES_KEPT {
                    messages.pop_first();
                }
            }
            Line::Gone { chat, message } => drop(world.chat(chat).messages.remove(&message)),
            Line::File(media) => drop(world.files.insert(media.file_id.clone(), media)),
            Line::Callback { id, at: pressed, user } => {
                at = at.max(pressed);
                world.callbacks.insert(id, Callback { at: pressed, user, answered: false });
            }
            Line::Update(raw) => waiting.extend(Update::read(&raw)),
            Line::Done(ids) => waiting.retain(|update: &Update| !ids.contains(&update.id)),
        }
    }
    if doubtful {
        ids.update = ids.update.max(unused().saturating_mul(UPDATES_A_SECOND));
        ids.message = ids.message.max(unused());
        ids.other = ids.other.max(unused().saturating_mul(1_000));
    }
    let inner = Inner { journal, ids, settings: settings.clone(), fresh_size: 0, behind: false };
    let keep = Arc::new(Keep { inner: Mutex::new(inner), saving: Mutex::default() });
    world.begin_keeping(
        ids.message,
        Reserve::of(&keep, ids.message, |ids| &mut ids.message),
        ids.other,
        Reserve::of(&keep, ids.other, |ids| &mut ids.other),
    );
    Ok(Restored { keep, ids, settings, waiting, at })
}

impl Restored {
    pub(super) fn update_ids(&self) -> Reserve {
        Reserve::of(&self.keep, self.ids.update, |ids| &mut ids.update)
    }
}

impl Keep {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Telegram {
    /// Saves what has changed, again and again, where there is a place for it.
    pub(super) async fn keep_saving(self: &Arc<Self>) {
        if self.keep.is_none() {
            return std::future::pending().await;
        }
        loop {
            tokio::time::sleep(EVERY).await;
            let this = Arc::clone(self);
            let _ = tokio::task::spawn_blocking(move || this.save()).await;
        }
    }

    /// Saves what is unsaved, and nothing from here on.
    pub(crate) fn close(&self) {
        if let Some(keep) = &self.keep {
            let _saving = keep.saving.lock().unwrap_or_else(PoisonError::into_inner);
            self.save_changes(keep);
            keep.lock().journal.close();
        }
    }

    fn save(&self) {
        if let Some(keep) = &self.keep {
            let _saving = keep.saving.lock().unwrap_or_else(PoisonError::into_inner);
            self.save_changes(keep);
        }
    }

    fn save_changes(&self, keep: &Keep) {
        let inner = keep.lock();
        if !inner.journal.is_open() {
            return;
        }
        let whole = inner.behind || inner.journal.size() > inner.fresh_size.saturating_add(GROWTH_MAX);
        drop(inner);
        if whole {
            if let Err(problem) = self.save_whole(keep) {
                let mut inner = keep.lock();
                inner.behind = true;
                inner.journal.note(&problem);
            }
            return;
        }
        let (mut text, settings) = {
            let mut world = self.world();
            let text = world.changes() + &self.updates.changes();
            (text, self.updates.settings(world.commands.clone()))
        };
        let mut inner = keep.lock();
        if settings != inner.settings {
            text.push_str(&line(&Line::Settings(settings.clone())));
            inner.settings = settings;
        }
        inner.behind = !inner.journal.append_or_note(&text);
    }

    /// Writes the file anew, with what is worth it.
    pub(super) fn save_whole(&self, keep: &Keep) -> std::io::Result<()> {
        let (mut lines, settings) = {
            let mut world = self.world();
            let mut lines = world.all_lines(self.core.clock.now());
            world.changes();
            lines.extend(self.updates.all_lines());
            (lines, self.updates.settings(world.commands.clone()))
        };
        lines.push(line(&Line::Settings(settings.clone())));
        let mut inner = keep.lock();
        let ids = line(&Line::Ids(inner.ids));
        inner.journal.rewrite(std::iter::once(ids).chain(lines))?;
        inner.fresh_size = inner.journal.size();
        inner.behind = false;
        inner.settings = settings;
        Ok(())
    }
}

impl World {
    fn take_chat(&mut self, chat: Chat) {
        let known = self.chats.remove(&chat.id);
        let messages = known.map(|known| known.messages).unwrap_or_default();
        self.chats.insert(chat.id, Chat { messages, ..chat });
    }

    /// Takes what has changed, as lines.
    fn changes(&mut self) -> String {
        let touched = std::mem::take(&mut self.touched);
        let mut text = String::new();
        let mut put = |each: Line| text.push_str(&line(&each));
        for user in touched.users.iter().filter_map(|id| self.users.get(id)) {
            put(Line::User(user.clone()));
        }
        for id in &touched.chats {
            let Some(chat) = self.chats.get_mut(id) else { continue };
            put(Line::Chat(Box::new(chat.without_messages())));
            for message in chat.changed.take().unwrap_or_default() {
                put(match chat.messages.get(&message) {
                    Some(message) => Line::Message { chat: *id, message: message.clone() },
                    None => Line::Gone { chat: *id, message },
                });
            }
        }
        for media in touched.files.iter().filter_map(|id| self.files.get(id)) {
            put(Line::File(media.clone()));
        }
        for (id, callback) in touched.callbacks.into_iter().filter_map(|id| self.callbacks.get_key_value(&id)) {
            put(Line::Callback { id: id.clone(), at: callback.at, user: callback.user });
        }
        text
    }

    fn all_lines(&self, now: Millis) -> Vec<String> {
        let mut lines: Vec<String> = self.users.values().map(|user| line(&Line::User(user.clone()))).collect();
        for (id, chat) in &self.chats {
            lines.push(line(&Line::Chat(Box::new(chat.without_messages()))));
            let old = chat.messages.len().saturating_sub(MESSAGES_SAVED);
            let newest = chat.messages.values().skip(old);
            lines.extend(newest.map(|message| line(&Line::Message { chat: *id, message: message.clone() })));
        }
        // A file's id ends in its number.
        let mut files: Vec<&Media> = self.files.values().collect();
        files.sort_by(|one, other| {
            one.file_id.bytes().rev().take(12).rev().cmp(other.file_id.bytes().rev().take(12).rev())
        });
        let old = files.len().saturating_sub(FILES_SAVED);
        lines.extend(files.into_iter().skip(old).map(|media| line(&Line::File(media.clone()))));
        let fresh = self.callbacks.iter().filter(|(_, callback)| now - callback.at < CALLBACK_LIFE_MS);
        lines.extend(fresh.map(|(id, each)| line(&Line::Callback { id: id.clone(), at: each.at, user: each.user })));
        lines
    }
}

/// The line of an update that waits, from its JSON text.
pub(super) fn update_line(text: &str) -> String {
    format!("{{\"update\":{text}}}\n")
}

/// The line of updates that do not wait any more.
pub(super) fn done_line(ids: &[i64]) -> String {
    line(&Line::Done(ids.to_vec()))
}
