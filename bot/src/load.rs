//! Reads what a screen needs, and nothing more. The only call that leaves the machine is the bank's look-up of a name.

use crate::cache::Known;
use crate::context::Context;
use crate::event::Event;
use crate::model::{Model, Needs};
use crate::text;
use crate::view::{self, Ids, Origin, Out, View};
use app::StoreError;
use app::command::{Payee, ResolveAccountError};
use app::telegram::Turn;
use domain::nuban::is_account_number;
use domain::{Timestamp, UserId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a role is remembered.
const ROLE_FOR: Duration = Duration::from_secs(60);
/// A look-up that takes longer is announced.
const PATIENCE: Duration = Duration::from_millis(1_500);

/// A place among the handlers that work at a time; given up while a call is out, so that slow banks hold up nobody else.
pub(crate) struct Seat {
    all: Arc<Semaphore>,
    taken: Option<OwnedSemaphorePermit>,
}

impl Seat {
    /// Waits for a place.
    pub(crate) async fn take(all: Arc<Semaphore>) -> Self {
        // Nobody closes the semaphore; if somebody did, handlers would simply not be counted any more.
        let taken = Arc::clone(&all).acquire_owned().await.ok();
        Self { all, taken }
    }

    async fn outside<T>(&mut self, call: impl Future<Output = T>) -> T {
        self.taken = None;
        let result = call.await;
        self.taken = Arc::clone(&self.all).acquire_owned().await.ok();
        result
    }
}

/// True for what spends or calls out.
pub(crate) fn is_spending(needs: &Needs, event: &Event) -> bool {
    let calls_out = needs.account.as_ref().is_some_and(|(_, _, number)| is_account_number(number));
    calls_out || matches!(event, Event::Press { action: crate::action::Action::Confirm, live: true, .. })
}

/// Reads for one turn.
pub(crate) struct Reader<'a> {
    /// The bot.
    pub context: &'a Context,
    /// For whom.
    pub user: UserId,
    /// The present moment.
    pub now: Timestamp,
    /// Where words go.
    pub origin: &'a Origin,
}

impl Reader<'_> {
    /// Reads what is needed.
    pub(crate) async fn model(
        &self,
        needs: Needs,
        first_name: &str,
        known: &mut Known,
        seat: &mut Seat,
    ) -> Result<Model, StoreError> {
        let app = &self.context.app;
        let profile = match needs.profile {
            true => Some(app.profile(self.user, self.now).await?),
            false => None,
        };
        if let Some(profile) = &profile {
            known.reply_guy = Some((profile.role == "reply_guy", self.now));
        }
        let reply_guy = if needs.role { self.role(known).await? } else { known.reply_guy.is_some_and(|(is, _)| is) };
        let bounds = match needs.bounds {
            Some(source) => Some(app.withdraw_bounds(source, self.now).await),
            None => None,
        };
        let quote = match &needs.quote {
            Some(draft) => Some(app.quote(self.user, draft.source, &draft.amount, self.now).await),
            None => None,
        };
        let banks = match &needs.banks {
            Some(search) => Some(app.banks(search).await?),
            None => None,
        };
        let account = match &needs.account {
            Some((code, name, number)) => Some(self.account(code, name, number, seat).await?),
            None => None,
        };
        let first_name = first_name.to_owned();
        let (facts, now, user) = (self.context.facts.clone(), self.now, self.user);
        Ok(Model { facts, now, user, first_name, reply_guy, profile, bounds, quote, banks, account })
    }

    async fn role(&self, known: &mut Known) -> Result<bool, StoreError> {
        if let Some((is, at)) = known.reply_guy
            && self.now.since(at) < ROLE_FOR
        {
            return Ok(is);
        }
        let is = self.context.app.user(self.user).await?.is_some_and(|user| user.role == "reply_guy");
        known.reply_guy = Some((is, self.now));
        Ok(is)
    }

    /// Asks the bank; the user is told when that takes a while.
    async fn account(
        &self,
        code: &str,
        bank_name: &str,
        number: &str,
        seat: &mut Seat,
    ) -> Result<Result<Payee, ResolveAccountError>, StoreError> {
        let app = &self.context.app;
        let call = async {
            let asked = app.resolve_account(code, number, self.now);
            tokio::pin!(asked);
            tokio::select! {
                answer = &mut asked => Ok(answer),
                () = tokio::time::sleep(PATIENCE) => {
                    let outs = vec![Out::Say(View::of(text::withdraw::asking(bank_name)))];
                    let origin = Origin { press: None, ..self.origin.clone() };
                    let rows = view::rows(&origin, outs, &Ids::fresh(app), None);
                    let turn = Turn { messages: rows.messages, ..Turn::default() };
                    app.complete(turn, self.now).await?;
                    Ok(asked.await)
                }
            }
        };
        seat.outside(call).await
    }
}
