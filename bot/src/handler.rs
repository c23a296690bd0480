//! One update from its row to the commit of everything that it changes.

use crate::action::{Action, Sheet, parse_callback};
use crate::cache::Known;
use crate::context::Context;
use crate::conversation::{Conversation, ServerChange, Step};
use crate::event::{self, Event, Incoming, Message, Person, Press};
use crate::html::Html;
use crate::load::{self, Seat};
use crate::model::{Command, Model, Spend};
use crate::screens;
use crate::text;
use crate::view::{self, Ids, Origin, Out, Rows, View};
use app::StoreError;
use app::command::ActError;
use app::limits::{Class, Throttled};
use app::telegram::{Contact, InboxUpdate, Turn};
use app::vps::{ActOnMachine, MachineError, RenewError, RenewMachine};
use domain::vps::ActionKind;
use domain::{IdempotencyKey, MachineId, Timestamp, UserId};
use std::sync::Arc;

/// Why an update was not handled.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HandleError {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] event::Unreadable),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl HandleError {
    /// True when the update is not to blame, so the try is not counted.
    pub(crate) const fn is_passing(&self) -> bool {
        matches!(self, Self::Store(StoreError::Busy | StoreError::Contended | StoreError::DiskFull))
    }
}

/// Handles an update. An update that was handled before is left alone.
pub(crate) async fn handle(context: &Context, update: &InboxUpdate, seat: &mut Seat) -> Result<(), HandleError> {
    let handling = Handling { context, update_id: update.update_id, now: context.app.now() };
    let done = match event::read(&update.body)? {
        Incoming::Nothing => handling.done().await,
        Incoming::Reachable(user, reachable) => {
            context.app.set_reachable(user, reachable, handling.now).await?;
            context.cache.forget(user);
            handling.done().await
        }
        Incoming::Moved(old, new) => {
            tracing::warn!(
                chat.old = old,
                chat.new = new,
                "A group became a supergroup: its id in the configuration changes"
            );
            handling.done().await
        }
        Incoming::Message(message) if message.private => handling.message(&message, seat).await,
        Incoming::Message(message) => handling.group_text(&message).await,
        Incoming::Press(press) => match crate::ops_press::chat_of(&handling, &press).await? {
            Some(chat) => crate::ops_press::handle(&handling, &press, chat).await,
            None => handling.press(&press, seat).await,
        },
    };
    match done {
        // Somebody else handled it: nothing of this try was kept.
        Err(HandleError::Store(StoreError::Stale)) => Ok(()),
        other => other,
    }
}

/// What came of a change of a server.
enum Changed {
    Acted(Result<i64, MachineError>),
    Renewed(Result<i64, RenewError>),
}

/// One update being handled.
pub(crate) struct Handling<'a> {
    pub(crate) context: &'a Context,
    pub(crate) update_id: i64,
    pub(crate) now: Timestamp,
}

impl Handling<'_> {
    /// The update led to nothing that is kept.
    pub(crate) async fn done(&self) -> Result<(), HandleError> {
        self.commit(None, Rows::default()).await
    }

    pub(crate) async fn commit(&self, conversation: Option<(UserId, String)>, rows: Rows) -> Result<(), HandleError> {
        let Rows { keyboards, messages, later, .. } = rows;
        let turn = Turn { update_id: Some(self.update_id), conversation, keyboards, messages, later };
        Ok(self.context.app.complete(turn, self.now).await?)
    }

    fn origin(&self, user: UserId, press: Option<&Press>) -> Origin {
        Origin {
            chat: user.get(),
            user,
            press: press.map(|press| {
                // A message in another chat than the user's own is not ours to change.
                let shown = press.message.filter(|shown| shown.chat == user.get());
                (press.id.clone(), shown)
            }),
            correlation: format!("tg:{}", self.update_id),
        }
    }

    /// Text in a group: only an ops chat that asks gets an answer.
    async fn group_text(&self, message: &Message) -> Result<(), HandleError> {
        let asks = message.text.as_deref().is_some_and(|text| text.starts_with('/'));
        if !asks || !self.context.app.settings().ops_chats.contains(&message.chat) {
            return self.done().await;
        }
        let origin = self.origin(UserId::new(message.chat), None);
        let outs = vec![Out::Say(View::of(text::ops::help()))];
        self.commit(None, view::rows(&origin, outs, &Ids::fresh(&self.context.app), None)).await
    }

    /// Somebody is too fast: told once, then met with silence.
    pub(crate) async fn slow_down(&self, origin: &Origin, throttled: &Throttled) -> Result<(), HandleError> {
        if !throttled.first {
            return self.done().await;
        }
        let text = text::slow_down(throttled);
        let out = match &origin.press {
            Some(_) => Out::Toast { text, alert: true },
            None => Out::Say(View::of(Html::new().text(&text))),
        };
        self.commit(None, view::rows(origin, vec![out], &Ids::fresh(&self.context.app), None)).await
    }

    async fn message(&self, message: &Message, seat: &mut Seat) -> Result<(), HandleError> {
        let user = UserId::new(message.from.id);
        let origin = self.origin(user, None);
        if let Err(throttled) = self.context.app.throttle(user, Class::Menu, self.now).await {
            return self.slow_down(&origin, &throttled).await;
        }
        let (event, referrer) = event::message_event(message.text.as_deref());
        let known = self.meet(&message.from, referrer).await?;
        let (known, conversation) = self.conversation(user, known).await?;
        self.turn(user, &message.from, origin, known, conversation, &event, seat).await
    }

    async fn press(&self, press: &Press, seat: &mut Seat) -> Result<(), HandleError> {
        let user = UserId::new(press.from.id);
        let origin = self.origin(user, Some(press));
        if let Err(throttled) = self.context.app.throttle(user, Class::Menu, self.now).await {
            return self.slow_down(&origin, &throttled).await;
        }
        let known = self.meet(&press.from, None).await?;
        let (known, conversation) = self.conversation(user, known).await?;
        let event = self.pressed(user, press, &known, &conversation).await?;
        self.turn(user, &press.from, origin, known, conversation, &event, seat).await
    }

    /// Makes the user known, or their names, where the store does not have them yet.
    async fn meet(&self, from: &Person, referrer: Option<UserId>) -> Result<Known, HandleError> {
        let user = UserId::new(from.id);
        let mut known = self.context.cache.get(user);
        let names = (from.username.clone(), from.first_name.clone());
        if referrer.is_none() && known.names.as_ref() == Some(&names) {
            return Ok(known);
        }
        let contact = Contact { id: user, username: from.username.clone(), first_name: from.first_name.clone() };
        let new = self.context.app.meet(&contact, referrer, self.now).await?;
        known.names = Some(names);
        if new {
            known.conversation = Some(Conversation::start());
            known.reply_guy = Some((false, self.now));
        }
        Ok(known)
    }

    async fn conversation(&self, user: UserId, mut known: Known) -> Result<(Known, Conversation), HandleError> {
        let conversation = match known.conversation.take() {
            Some(conversation) => conversation,
            None => Conversation::read(self.context.app.conversation(user).await?.as_deref()),
        };
        Ok((known, conversation))
    }

    /// What a press means: its keyboard must be one that was drawn for this very user.
    async fn pressed(
        &self,
        user: UserId,
        press: &Press,
        known: &Known,
        conversation: &Conversation,
    ) -> Result<Event, HandleError> {
        let Some((id, index)) = parse_callback(&press.data) else { return Ok(Event::Strange) };
        let is_current = conversation.keyboard.as_deref() == Some(id);
        let remembered =
            known.keyboard(id).filter(|sheet| is_current || sheet.actions.get(index).is_some_and(Action::is_lasting));
        let (sheet, used) = match remembered {
            Some(sheet) => (sheet, false),
            None => match self.context.app.keyboard(id).await? {
                Some(row) if row.user == user => match Sheet::read(&row.actions) {
                    Some(sheet) => (Arc::new(sheet), row.used_at.is_some()),
                    None => return Ok(Event::Strange),
                },
                _ => return Ok(Event::Strange),
            },
        };
        let Some(action) = sheet.actions.get(index).cloned() else { return Ok(Event::Strange) };
        let used = used && action.is_single();
        Ok(Event::Press { action, keyboard: id.to_owned(), live: is_current && !used, used })
    }

    /// Reads what the screen needs, draws it and commits.
    #[expect(clippy::too_many_arguments, reason = "one step of two callers, each value read by them")]
    async fn turn(
        &self,
        user: UserId,
        from: &Person,
        origin: Origin,
        mut known: Known,
        conversation: Conversation,
        event: &Event,
        seat: &mut Seat,
    ) -> Result<(), HandleError> {
        let needs = screens::needs(&conversation, event);
        if load::is_spending(&needs, event)
            && let Err(throttled) = self.context.app.throttle(user, Class::Spending, self.now).await
        {
            return self.slow_down(&origin, &throttled).await;
        }
        let reader = load::Reader { context: self.context, user, now: self.now, origin: &origin };
        let model = reader.model(needs, &from.first_name, &mut known, seat).await?;
        let before = conversation.clone();
        let (after, outs, command) = screens::turn(conversation, event, &model);
        let ids = Ids::fresh(&self.context.app);
        match command {
            None => self.plain(user, &origin, known, &before, after, outs, &ids).await,
            Some(Command::LinkAccount { link, handle }) => {
                // A name alone spends nothing, and naming it twice is the same: so it may come before the turn's commit.
                let linked = self.context.app.link_account(user, link.platform, &handle, self.now).await?;
                let model = reader.model(screens::named_needs(&link), &from.first_name, &mut known, seat).await?;
                let (after, outs) = screens::named(link, handle, linked, &model);
                self.plain(user, &origin, known, &before, after, outs, &ids).await
            }
            Some(Command::TestProvider { provider, name }) => {
                let actor = self.context.app.actor_by_telegram(user.get());
                let asked = self.context.app.test_provider(&actor, &name, self.now);
                let meanwhile = Out::Toast { text: text::providers::asking(&name), alert: false };
                let (result, announced) = reader.patiently(asked, &origin, meanwhile, seat).await?;
                let model = reader.model(screens::provider_needs(provider), &from.first_name, &mut known, seat).await?;
                let outs = screens::tested(provider, &result, &model);
                // A press is answered once: what comes later is a message of its own.
                let press = origin.press.clone().filter(|_| !announced);
                let origin = Origin { press, ..origin.clone() };
                self.plain(user, &origin, known, &before, after, outs, &ids).await
            }
            Some(Command::ChangeProvider { keyboard, draft }) => {
                let actor = self.context.app.actor_by_telegram(user.get());
                // The same button is the same operation, however often it is pressed or this update is handled.
                let op = format!("tg-{keyboard}");
                let (app, d) = (&self.context.app, &draft);
                let result =
                    app.change_provider_to(&actor, &d.name, d.version, d.change, &d.reason, &op, self.now).await;
                if let Err(ActError::Store(error)) = result {
                    return Err(error.into());
                }
                let needs = screens::provider_needs(draft.provider);
                let model = reader.model(needs, &from.first_name, &mut known, seat).await?;
                let outs = screens::changed(&draft, &result, &model);
                self.acted(user, &origin, known, &keyboard, &after, outs, &ids).await
            }
            Some(Command::ChangeServer { keyboard, machine, change }) => {
                let result = self.change_server(user, &keyboard, machine, &change).await?;
                let model = reader.model(screens::server_needs(machine), &from.first_name, &mut known, seat).await?;
                let (after, outs) = match result {
                    Changed::Acted(result) => (after, screens::server_acted(machine, &change, &result, &model)),
                    Changed::Renewed(result) => screens::server_renewed(machine, &result, &model),
                };
                self.acted(user, &origin, known, &keyboard, &after, outs, &ids).await
            }
            Some(Command::Spend { keyboard, what }) => {
                self.spend(user, &origin, known, &after, &keyboard, &what, &model, &ids).await
            }
            Some(Command::Claim { invoice, typed }) => {
                let needs = screens::invoice_needs(invoice);
                let model = reader.model(needs, &from.first_name, &mut known, seat).await?;
                // Whatever comes of it, the row is what counts next.
                known.conversation = None;
                self.context.cache.put(user, known);
                let render = |result: &Result<_, _>| {
                    self.rendered(user, &origin, screens::claimed(invoice, result, &model), &ids)
                };
                let app = &self.context.app;
                Ok(app.complete_claim(self.update_id, user, invoice, &typed, render, self.now).await?)
            }
        }
    }

    /// Does it under the keyboard's key, so that the same summary is the same change, however often this update is
    /// handled.
    async fn change_server(
        &self,
        user: UserId,
        keyboard: &str,
        machine: MachineId,
        change: &ServerChange,
    ) -> Result<Changed, HandleError> {
        let app = &self.context.app;
        let unusable = || StoreError::Corrupt("a keyboard's id".to_owned());
        let key = IdempotencyKey::button(keyboard).ok_or_else(unusable)?;
        let (kind, os) = match change {
            ServerChange::Renew(price) => {
                let ask = RenewMachine { user, machine, price: *price, key };
                return match app.renew_machine(&ask, self.now).await {
                    Err(RenewError::Store(error)) => Err(error.into()),
                    result => Ok(Changed::Renewed(result)),
                };
            }
            ServerChange::Start => (ActionKind::Start, None),
            ServerChange::Stop => (ActionKind::Stop, None),
            ServerChange::Reboot => (ActionKind::Reboot, None),
            ServerChange::Reinstall(os) => (ActionKind::Reinstall, os.parse().ok()),
        };
        match app.act_on_machine(user, &ActOnMachine { machine, kind, os, key }, self.now).await {
            Err(MachineError::Store(error)) => Err(error.into()),
            result => Ok(Changed::Acted(result)),
        }
    }

    #[expect(clippy::too_many_arguments, reason = "the end of `turn`, with what it read")]
    async fn plain(
        &self,
        user: UserId,
        origin: &Origin,
        mut known: Known,
        before: &Conversation,
        after: Conversation,
        outs: Vec<Out>,
        ids: &Ids,
    ) -> Result<(), HandleError> {
        let rows = view::rows(origin, outs, ids, None);
        let after = at_keyboard(after, &rows);
        // A plain menu turn leaves the conversation's row alone.
        let changed = (after != *before).then(|| (user, after.row()));
        let sheets: Vec<(String, Option<Sheet>)> =
            rows.keyboards.iter().map(|row| (row.id.clone(), Sheet::read(&row.actions))).collect();
        known.conversation = Some(after);
        for (id, sheet) in sheets {
            if let Some(sheet) = sheet {
                known.drew(id, Arc::new(sheet));
            }
        }
        // Before the commit, so that the sender, which may learn from these very messages that the user is gone, is the
        // last to speak.
        self.context.cache.put(user, known);
        let committed = self.commit(changed, rows).await;
        if committed.is_err() {
            self.context.cache.forget(user);
        }
        committed
    }

    /// What came of a button whose action was carried out, which uses the button up.
    #[expect(clippy::too_many_arguments, reason = "the end of `turn`, with what it read")]
    async fn acted(
        &self,
        user: UserId,
        origin: &Origin,
        mut known: Known,
        keyboard: &str,
        after: &Conversation,
        outs: Vec<Out>,
        ids: &Ids,
    ) -> Result<(), HandleError> {
        known.conversation = None;
        self.context.cache.put(user, known);
        let rows = view::rows(origin, outs, ids, None);
        let conversation = Some((user, at_keyboard(after.clone(), &rows).row()));
        let Rows { keyboards, messages, later, .. } = rows;
        let turn = Turn { update_id: Some(self.update_id), conversation, keyboards, messages, later };
        Ok(self.context.app.complete_action(keyboard, turn, self.now).await?)
    }

    /// The business decides, and what the screen says of it is committed with the decision.
    #[expect(clippy::too_many_arguments, reason = "the end of `turn`, with what it read")]
    async fn spend(
        &self,
        user: UserId,
        origin: &Origin,
        mut known: Known,
        conversation: &Conversation,
        keyboard: &str,
        what: &Spend,
        model: &Model,
        ids: &Ids,
    ) -> Result<(), HandleError> {
        // Whatever comes of it, the row is what counts next.
        known.conversation = None;
        self.context.cache.put(user, known);
        let turn = |screen| self.rendered(user, origin, screen, ids);
        let app = &self.context.app;
        match what {
            Spend::Withdrawal(request) => {
                let render = |result: &Result<_, _>| turn(screens::requested(conversation, request, result, model));
                app.complete_request(self.update_id, keyboard, request, render, self.now).await?;
            }
            Spend::Boost(request) => {
                let render = |result: &Result<_, _>| turn(screens::submitted(conversation, request, result, model));
                app.complete_boost(self.update_id, keyboard, request, render, self.now).await?;
            }
            Spend::Vps(request) => {
                let render = |result: &Result<_, _>| turn(screens::ordered(request, result, model));
                app.complete_vps_order(self.update_id, keyboard, request, render, self.now).await?;
            }
            Spend::Invoice(request) => {
                let render = |result: &Result<_, _>| turn(screens::invoiced(request, result, model));
                app.complete_invoice(self.update_id, keyboard, request, render, self.now).await?;
            }
            Spend::Finish(invoice) => {
                let render = |result: &Result<_, _>| turn(screens::finished(result, model));
                app.complete_finish(self.update_id, keyboard, user, *invoice, render, self.now).await?;
            }
        }
        Ok(())
    }
}

impl Handling<'_> {
    /// A screen as what a use case commits with what it did.
    fn rendered(&self, user: UserId, origin: &Origin, screen: (Conversation, Vec<Out>), ids: &Ids) -> Turn {
        let rows = view::rows(origin, screen.1, ids, None);
        let after = at_keyboard(screen.0, &rows);
        let Rows { keyboards, messages, later, .. } = rows;
        Turn { update_id: None, conversation: Some((user, after.row())), keyboards, messages, later }
    }
}

/// The step's buttons are those under the message that was just made.
fn at_keyboard(mut conversation: Conversation, rows: &Rows) -> Conversation {
    if conversation.step == Step::Menu {
        conversation.keyboard = None;
    } else if rows.last_keyboard.is_some() {
        conversation.keyboard.clone_from(&rows.last_keyboard);
    }
    conversation
}
