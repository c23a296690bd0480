//! Reads what a screen needs, and nothing more. What leaves the machine is waited for with the
//! handler's place given up: the bank's look-up of a name, and an operator's test of a provider.

use crate::action::Action;
use crate::cache::Known;
use crate::context::Context;
use crate::event::Event;
use crate::model::{Desk, Look, Model, Needs};
use crate::text;
use crate::view::{self, Ids, Origin, Out, View};
use app::StoreError;
use app::command::{ActError, Payee, ResolveAccountError};
use app::invoices::{HistoryLine, InvoiceError, Offer, Order};
use app::telegram::Turn;
use domain::invoice::Method;
use domain::nuban::is_account_number;
use domain::{Timestamp, UserId};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a role is remembered.
const ROLE_FOR: Duration = Duration::from_secs(60);
/// So many of a user's boost orders are read: those that can still be running are among them.
const BOOSTS: i64 = 50;
/// So many of a user's invoices are read: open ones are among them.
const INVOICES: i64 = 20;
/// Lines of the history on a page, and how far back pages go.
const HISTORY: usize = 12;
const HISTORY_PAGES: usize = 50;
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
    calls_out
        || matches!(
            event,
            Event::Press {
                action: Action::Confirm | Action::Pay(Method::Crypto(_)) | Action::HashFor(_),
                live: true,
                ..
            } | Event::Press { action: Action::TestProvider(_), .. }
        )
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
        let choices = match needs.choices {
            Some(platform) => Some(app.boost_choices(self.user, platform).await?),
            None => None,
        };
        let boosts = match needs.boosts {
            true => Some(app.boosts_of_user(self.user, BOOSTS).await?),
            false => None,
        };
        let shop = match needs.shop {
            Some(page) => Some(app.vps_shop(page).await?),
            None => None,
        };
        let offer = match needs.offer {
            Some(item) => app.vps_item(item).await?,
            None => None,
        };
        let servers = match needs.servers {
            true => Some(app.servers(self.user).await?),
            false => None,
        };
        let server = match needs.server {
            Some(machine) => app.server(self.user, machine).await?,
            None => None,
        };
        let products = match needs.products {
            true => Some(app.products(true).await?.into_iter().map(|row| row.item).collect()),
            false => None,
        };
        let plans = match needs.plans {
            true => Some(app.plans_of(self.user).await?),
            false => None,
        };
        let names = match needs.names {
            true => Some(app.linked_accounts(self.user).await?),
            false => None,
        };
        let offered = match &needs.offered {
            Some(order) => Some(self.offered(order, seat).await?),
            None => None,
        };
        let invoices = match needs.invoices {
            true => Some(app.invoices_of(self.user, INVOICES).await?),
            false => None,
        };
        let invoice = match needs.invoice {
            Some(id) => app.invoice_of(self.user, id).await?,
            None => None,
        };
        let history = match needs.history {
            Some(page) => Some(self.history(page).await?),
            None => None,
        };
        let desk = match needs.desk {
            Some(look) => self.desk(look).await?,
            None => None,
        };
        let first_name = first_name.to_owned();
        let (facts, now, user) = (self.context.facts.clone(), self.now, self.user);
        Ok(Model {
            facts,
            now,
            user,
            first_name,
            reply_guy,
            profile,
            bounds,
            quote,
            banks,
            account,
            choices,
            boosts,
            shop,
            offer,
            servers,
            server,
            products,
            plans,
            names,
            offered,
            invoices,
            invoice,
            history,
            desk,
        })
    }

    /// What an order costs and how it can be paid now. Prices are read first where those that are kept are old; without
    /// them coins are simply not offered.
    async fn offered(&self, order: &Order, seat: &mut Seat) -> Result<Result<Offer, InvoiceError>, StoreError> {
        let app = &self.context.app;
        if let Err(why) = seat.outside(app.ready_prices(self.now)).await {
            tracing::warn!(error = %why, "Coins are not offered at old prices");
        }
        match app.offer(self.user, order, self.now).await {
            Err(InvoiceError::Store(error)) => Err(error),
            offered => Ok(offered),
        }
    }

    /// A page of what went in and out, and whether there are more.
    async fn history(&self, page: usize) -> Result<(Vec<HistoryLine>, bool), StoreError> {
        let before = page.min(HISTORY_PAGES) * HISTORY;
        let limit = i64::try_from(before + HISTORY + 1).unwrap_or(i64::MAX);
        let lines = self.context.app.history_of(self.user, limit).await?;
        let more = lines.len() > before + HISTORY && page < HISTORY_PAGES;
        Ok((lines.into_iter().skip(before).take(HISTORY).collect(), more))
    }

    /// What an operator sees; nothing for others, whose try is audited.
    async fn desk(&self, look: Look) -> Result<Option<Desk>, StoreError> {
        let app = &self.context.app;
        let Some(actor) = app.operator_looks(self.user.get(), "providers", self.now).await else { return Ok(None) };
        let rows = app.providers(self.now).await?;
        let detail = match look.provider {
            Some(id) => app.provider(&id.to_string(), self.now).await?,
            None => None,
        };
        let refused = match (&detail, look.change) {
            (Some(detail), Some(change)) => {
                match app.may_change_provider(&actor, &detail.row.name, change, self.now).await {
                    Err(ActError::Store(error)) => return Err(error),
                    may => may.is_err(),
                }
            }
            _ => false,
        };
        Ok(Some(Desk { role: actor.role, rows, detail, refused }))
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
        let asked = self.context.app.resolve_account(code, number, self.now);
        let origin = Origin { press: None, ..self.origin.clone() };
        let (answer, _) =
            self.patiently(asked, &origin, Out::Say(View::of(text::withdraw::asking(bank_name))), seat).await?;
        Ok(answer)
    }

    /// Calls out. When that takes a while, `meanwhile` is said; true when it was.
    pub(crate) async fn patiently<T>(
        &self,
        call: impl Future<Output = T>,
        origin: &Origin,
        meanwhile: Out,
        seat: &mut Seat,
    ) -> Result<(T, bool), StoreError> {
        let app = &self.context.app;
        let call = async {
            tokio::pin!(call);
            tokio::select! {
                answer = &mut call => Ok((answer, false)),
                () = tokio::time::sleep(PATIENCE) => {
                    let rows = view::rows(origin, vec![meanwhile], &Ids::fresh(app), None);
                    let turn = Turn { messages: rows.messages, ..Turn::default() };
                    app.complete(turn, self.now).await?;
                    Ok((call.await, true))
                }
            }
        };
        seat.outside(call).await
    }
}
