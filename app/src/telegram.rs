//! The bot's side of the store: inbox, conversations, keyboards, outbox. What a screen shows is the bot's.
//!
//! Promises: an update is kept before it is acknowledged and handled once; what a turn changes (the update's end, the
//! conversation, keyboards, messages, a command's effect) is committed together or not at all. Turns without a command
//! share set-based batches. What a user typed or reads lies sealed in the store.

use crate::command::{RequestWithdrawal, RequestWithdrawalError};
use crate::{App, StoreError};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::{Timestamp, UserId, WithdrawalId};
use store::inbox::{self, Keyboard, Update};
use store::outbox::{self, Message, NewMessage};
use store::{Store, Tx, rail, users};
use tokio::sync::{mpsc, oneshot};

pub use store::inbox::{Keyboard as KeyboardRow, Update as InboxUpdate};
pub use store::outbox::{Kind as MessageKind, Message as OutboxMessage, NewMessage as OutboxNew};

const OFFSET: &str = "telegram.offset";

/// An update is parked as dead after so many failed tries.
pub const TRIES_MAX: i64 = 5;

/// What one handled update changes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// The update; `None` for a turn that no update caused.
    pub update_id: Option<i64>,
    /// The conversation afterwards.
    pub conversation: Option<(UserId, String)>,
    /// Keyboards under the messages.
    pub keyboards: Vec<Keyboard>,
    /// What is sent.
    pub messages: Vec<NewMessage>,
    /// What is sent when its moment comes, whatever happens to this process until then.
    pub later: Vec<(Timestamp, NewMessage)>,
}

/// A user as Telegram names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Telegram's id.
    pub id: UserId,
    /// Without `@`; may be empty.
    pub username: String,
    /// The first name.
    pub first_name: String,
}

/// A withdrawal that was requested, as the user is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requested {
    /// Which.
    pub id: WithdrawalId,
    /// True when this request had been made before (a second tap).
    pub replayed: bool,
}

type Waiting = (Turn, Timestamp, oneshot::Sender<Result<(), StoreError>>);

/// Collects plain turns and commits them in batches.
pub(crate) struct Turns(mpsc::UnboundedSender<Waiting>);

impl Turns {
    pub(crate) fn start(store: Store) -> Self {
        let (sender, queue) = mpsc::unbounded_channel();
        tokio::spawn(commit_turns(store, queue));
        Self(sender)
    }
}

async fn commit_turns(store: Store, mut queue: mpsc::UnboundedReceiver<Waiting>) {
    let mut batch: Vec<Waiting> = Vec::with_capacity(256);
    while queue.recv_many(&mut batch, 256).await > 0 {
        let (turns, answers): (Vec<_>, Vec<_>) = batch.drain(..).map(|(turn, at, answer)| ((turn, at), answer)).unzip();
        let turns = &turns;
        let together = store.write(|mut tx| async move { commit_all(&mut tx, turns).await }).await;
        let alone = together.is_err();
        for ((turn, at), answer) in turns.iter().zip(answers) {
            // A batch that failed as a whole is tried one by one, so that one bad turn does not take others with it.
            let result = if alone {
                let one = &[(turn.clone(), *at)];
                store.write(|mut tx| async move { commit_all(&mut tx, one).await }).await
            } else {
                Ok(())
            };
            let _ = answer.send(result);
        }
    }
}

async fn commit_all(tx: &mut Tx, turns: &[(Turn, Timestamp)]) -> Result<(), StoreError> {
    let Some(now) = turns.iter().map(|(_, at)| *at).max() else { return Ok(()) };
    let updates: Vec<i64> = turns.iter().filter_map(|(turn, _)| turn.update_id).collect();
    if !updates.is_empty() && inbox::done(tx, &updates, now).await? != updates.len() as u64 {
        return Err(StoreError::Stale);
    }
    // The last word of each user counts; a user's turns are in order.
    let mut conversations: std::collections::BTreeMap<UserId, String> = std::collections::BTreeMap::new();
    conversations.extend(turns.iter().filter_map(|(turn, _)| turn.conversation.clone()));
    let conversations: Vec<(UserId, String)> = conversations.into_iter().collect();
    inbox::save_conversations(tx, &conversations, now).await?;
    let keyboards: Vec<Keyboard> = turns.iter().flat_map(|(turn, _)| turn.keyboards.iter().cloned()).collect();
    inbox::insert_keyboards(tx, &keyboards, now).await?;
    let messages: Vec<NewMessage> = turns.iter().flat_map(|(turn, _)| turn.messages.iter().cloned()).collect();
    outbox::insert(tx, &messages, now).await?;
    for (at, message) in turns.iter().flat_map(|(turn, _)| &turn.later) {
        outbox::insert_for(tx, std::slice::from_ref(message), *at, now).await?;
    }
    Ok(())
}

/// Marks text that is sealed.
const SEALED: &str = "sealed:";

impl App {
    /// What users type and read holds account numbers and names: it lies sealed in the store, where there is a key.
    fn seal_text(&self, text: &str) -> String {
        match self.vault() {
            Some(vault) => format!("{SEALED}{}", STANDARD.encode(vault.seal("telegram", text, self.nonce()))),
            None => text.to_owned(),
        }
    }

    /// Opens sealed text in place. What cannot be opened stays as it is and is refused by whoever reads it.
    fn open_text(&self, text: &mut String) {
        let Some(sealed) = text.strip_prefix(SEALED) else { return };
        let opened = STANDARD.decode(sealed).ok().and_then(|sealed| self.vault()?.open("telegram", &sealed).ok());
        if let Some(opened) = opened {
            *text = opened;
        }
    }

    fn seal_turn(&self, mut turn: Turn) -> Turn {
        if let Some((_, state)) = &mut turn.conversation {
            *state = self.seal_text(state);
        }
        turn.keyboards.iter_mut().for_each(|keyboard| keyboard.actions = self.seal_text(&keyboard.actions));
        let messages = turn.messages.iter_mut().chain(turn.later.iter_mut().map(|(_, message)| message));
        messages.for_each(|message| message.payload = self.seal_text(&message.payload));
        turn
    }

    /// Keeps updates and the offset that acknowledges them, together. Only then may Telegram be told.
    pub async fn ingest(&self, updates: &[Update], next_offset: i64, now: Timestamp) -> Result<(), StoreError> {
        let offset = next_offset.to_string();
        let offset = offset.as_str();
        let sealed: Vec<Update> =
            updates.iter().map(|update| Update { body: self.seal_text(&update.body), ..update.clone() }).collect();
        let updates = sealed.as_slice();
        self.store()
            .write(|mut tx| async move {
                inbox::insert(&mut tx, updates, now).await?;
                rail::set_setting(&mut tx, OFFSET, offset, "system", now).await
            })
            .await
    }

    /// The offset that was kept last; 0 at the beginning.
    pub async fn update_offset(&self) -> Result<i64, StoreError> {
        let kept = self.store().read(|mut tx| async move { rail::setting(&mut tx, OFFSET).await }).await?;
        Ok(kept.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// Open updates after an id, oldest first.
    pub async fn open_updates(&self, after: i64, limit: i64) -> Result<Vec<Update>, StoreError> {
        let mut updates = self.store().read(|mut tx| async move { inbox::open(&mut tx, after, limit).await }).await?;
        updates.iter_mut().for_each(|update| self.open_text(&mut update.body));
        Ok(updates)
    }

    /// Counts a failed try of an update. True when it is parked now.
    pub async fn update_failed(&self, update_id: i64, error: &str) -> Result<bool, StoreError> {
        self.store().write(|mut tx| async move { inbox::failed(&mut tx, update_id, error, TRIES_MAX).await }).await
    }

    /// Makes a user known or refreshes the names; a referrer is kept on first contact only. True when new.
    pub async fn meet(&self, contact: &Contact, referrer: Option<UserId>, now: Timestamp) -> Result<bool, StoreError> {
        let username = domain::text::clean_line(&contact.username, 40);
        let first_name = domain::text::clean_line(&contact.first_name, 64);
        let (username, first_name) = (username.as_str(), first_name.as_str());
        let event_id = self.fresh_id();
        let event_id = event_id.as_str();
        let new = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let new = users::upsert(tx, contact.id, username, first_name, referrer, now).await?;
                if new {
                    crate::record::registered(tx, event_id, contact.id, now).await?;
                }
                Ok::<_, StoreError>(new)
            })
            .await?;
        if new {
            self.metrics().count("user_registrations_total", &[]);
        }
        Ok(new)
    }

    /// A user's conversation as the bot kept it.
    pub async fn conversation(&self, user: UserId) -> Result<Option<String>, StoreError> {
        let mut kept = self.store().read(|mut tx| async move { inbox::conversation(&mut tx, user).await }).await?;
        kept.iter_mut().for_each(|state| self.open_text(state));
        Ok(kept)
    }

    /// The keyboard with an opaque id; the bot checks whose it is.
    pub async fn keyboard(&self, id: &str) -> Result<Option<Keyboard>, StoreError> {
        let mut kept = self.store().read(|mut tx| async move { inbox::keyboard(&mut tx, id).await }).await?;
        kept.iter_mut().for_each(|keyboard| self.open_text(&mut keyboard.actions));
        Ok(kept)
    }

    /// Commits a turn without a command. [`StoreError::Stale`] when its update had been handled before.
    pub async fn complete(&self, turn: Turn, now: Timestamp) -> Result<(), StoreError> {
        let closed = || StoreError::Driver("the store is closed".to_owned());
        let (answer, committed) = oneshot::channel();
        let turn = self.seal_turn(turn);
        self.turns().0.send((turn, now, answer)).map_err(|_| closed())?;
        committed.await.map_err(|_| closed())?
    }

    /// Requests a withdrawal and commits the turn that `render` makes of the result, together. A second tap on the same
    /// button finds the first one's withdrawal. `render` may run more than once.
    pub async fn complete_request(
        &self,
        update_id: i64,
        keyboard: &str,
        request: &RequestWithdrawal,
        render: impl Fn(&Result<Requested, RequestWithdrawalError>) -> Turn,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let ids = crate::withdrawals::RequestIds::fresh(self, now).await;
        let (ids, render) = (&ids, &render);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                inbox::done_one(tx, update_id, now).await?;
                match inbox::use_keyboard(tx, keyboard, now).await {
                    Ok(()) | Err(StoreError::Stale) => {}
                    Err(error) => return Err(error),
                }
                let result = self.request_in(tx, request, ids, now).await;
                if let Err(RequestWithdrawalError::Store(error)) = result {
                    return Err(error);
                }
                self.commit_turn(tx, Turn { update_id: None, ..render(&result) }, now).await
            })
            .await
    }

    /// Commits the turn that tells what came of a button whose action was carried out already, under an operation id of
    /// its own: the button is used up.
    pub async fn complete_action(&self, keyboard: &str, turn: Turn, now: Timestamp) -> Result<(), StoreError> {
        let turn = &turn;
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                match inbox::use_keyboard(tx, keyboard, now).await {
                    Ok(()) | Err(StoreError::Stale) => {}
                    Err(error) => return Err(error),
                }
                self.commit_turn(tx, turn.clone(), now).await
            })
            .await
    }

    /// Commits a turn in a transaction that does more than that.
    pub(crate) async fn commit_turn(&self, tx: &mut Tx, turn: Turn, now: Timestamp) -> Result<(), StoreError> {
        commit_all(tx, &[(self.seal_turn(turn), now)]).await
    }

    /// Messages that are due, most urgent first.
    pub async fn due_messages(&self, now: Timestamp, limit: i64) -> Result<Vec<Message>, StoreError> {
        let mut due = self.store().read(|mut tx| async move { outbox::ready(&mut tx, now, limit).await }).await?;
        due.iter_mut().for_each(|message| self.open_text(&mut message.payload));
        Ok(due)
    }

    /// Marks messages sent: (id, Telegram's message id).
    pub async fn messages_sent(&self, list: &[(i64, Option<i64>)], now: Timestamp) -> Result<(), StoreError> {
        self.store().write(|mut tx| async move { outbox::sent(&mut tx, list, now).await }).await
    }

    /// Puts a message off; `counted` is false while Telegram only asked us to wait.
    pub async fn message_later(&self, id: i64, at: Timestamp, counted: bool, error: &str) -> Result<(), StoreError> {
        self.store().write(|mut tx| async move { outbox::later(&mut tx, id, at, counted, error).await }).await
    }

    /// Gives a message up; `unreachable` marks the user.
    pub async fn message_failed(
        &self,
        id: i64,
        error: &str,
        unreachable: Option<UserId>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.store()
            .write(|mut tx| async move {
                outbox::failed(&mut tx, id, error, now).await?;
                match unreachable {
                    Some(user) => users::set_unreachable(&mut tx, user, true).await,
                    None => Ok(()),
                }
            })
            .await
    }

    /// Something that the bot keeps by name, such as the file id of the main menu's picture.
    pub async fn kept(&self, key: &str) -> Result<Option<String>, StoreError> {
        self.store().read(|mut tx| async move { rail::setting(&mut tx, key).await }).await
    }

    /// Keeps something by name.
    pub async fn keep(&self, key: &str, value: &str, now: Timestamp) -> Result<(), StoreError> {
        self.store().write(|mut tx| async move { rail::set_setting(&mut tx, key, value, "system", now).await }).await
    }
}
