//! What screens are drawn from, and what has to be read for that. Nothing in here awaits.

use crate::conversation::{Draft, ProviderDraft, ServerChange};
use app::boosts::SubmitBoost;
use app::command::{Payee, Quote, QuoteError, RequestWithdrawal, ResolveAccountError};
use app::invoices::{HistoryLine, InvoiceError, InvoiceShown, NewInvoice, Offer, Order};
use app::panels::ProviderChange;
use app::plans::PlanCard;
use app::rates::Bank;
use app::users::Profile;
use app::view::boosts::{BoostBrief, BoostChoice};
use app::view::panels::{ProviderDetail, ProviderRow};
use app::vps::{OfferDetail, OrderVps, ServerDetail, Servers, Shop};
use app::withdrawals::Bounds;
use domain::boost::{BoostPlan, Platform, PostLink, Schedule};
use domain::operator::Role;
use domain::product::Product;
use domain::withdrawal::Source;
use domain::{InvoiceId, ItemId, MachineId, Money, Timestamp, UserId};
use std::sync::Arc;
use std::time::Duration;

/// What is the same for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The bot's name, without `@`.
    pub bot_name: String,
    /// Where users find help.
    pub support: Option<String>,
    /// A referrer's share, in parts per hundred.
    pub affiliate_percent: u32,
    /// How long a confirmed rate is kept.
    pub rate_hold: Duration,
    /// What a post credit of each plan buys.
    pub plans: Arc<[BoostPlan]>,
    /// When the parts of a boost go out.
    pub schedule: Schedule,
    /// Between them.
    pub interval: Duration,
    /// How long credentials stand in the chat.
    pub credentials_shown: Duration,
    /// The least that can be put in a wallet, USD.
    pub topup_min: Money,
}

/// What a screen needs read before it is drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Needs {
    /// Whether the user earns by replies, for the main menu.
    pub role: bool,
    /// Purses, saved accounts, withdrawals.
    pub profile: bool,
    /// What may be withdrawn.
    pub bounds: Option<Source>,
    /// What a typed amount comes to.
    pub quote: Option<Draft>,
    /// Banks that match; all for an empty search.
    pub banks: Option<String>,
    /// Whose account this is: (bank's code, bank's name, number). Calls out.
    pub account: Option<(String, String, String)>,
    /// Accounts and plans for links of this platform.
    pub choices: Option<Platform>,
    /// The newest boost orders.
    pub boosts: bool,
    /// A page of the servers that can be ordered, from 0.
    pub shop: Option<usize>,
    /// One of them in full.
    pub offer: Option<ItemId>,
    /// The user's servers and orders of them.
    pub servers: bool,
    /// One of the servers, with what can be done to it.
    pub server: Option<MachineId>,
    /// What is sold.
    pub products: bool,
    /// Plans that were made for the user.
    pub plans: bool,
    /// Accounts that the user has named.
    pub names: bool,
    /// What this order costs and how it can be paid now. Calls out where prices are old.
    pub offered: Option<Order>,
    /// The newest invoices.
    pub invoices: bool,
    /// One of them.
    pub invoice: Option<InvoiceId>,
    /// What went in and out: a page, from 0.
    pub history: Option<usize>,
    /// What operators see of providers.
    pub desk: Option<Look>,
}

/// What an operator looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Look {
    /// This provider in full, by its row's id.
    pub provider: Option<i64>,
    /// Whether it may be changed so by who looks.
    pub change: Option<ProviderChange>,
}

/// What operators' screens are drawn from.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    /// What the operator may do.
    pub role: Role,
    /// Every provider, the preferred first.
    pub rows: Vec<ProviderRow>,
    /// The one that was asked for, if there is such.
    pub detail: Option<ProviderDetail>,
    /// The change that was asked for is not theirs to make, which was audited.
    pub refused: bool,
}

/// What was read.
#[derive(Debug)]
pub(crate) struct Model {
    /// The same for everybody.
    pub facts: Facts,
    /// The present moment.
    pub now: Timestamp,
    /// The user.
    pub user: UserId,
    /// As Telegram gave it: outside text.
    pub first_name: String,
    /// True for somebody who earns by replies.
    pub reply_guy: bool,
    /// If it was needed.
    pub profile: Option<Profile>,
    /// If they were needed.
    pub bounds: Option<Result<Bounds, QuoteError>>,
    /// If it was needed.
    pub quote: Option<Result<Quote, QuoteError>>,
    /// If they were needed.
    pub banks: Option<Vec<Bank>>,
    /// If it was asked for.
    pub account: Option<Result<Payee, ResolveAccountError>>,
    /// If they were needed.
    pub choices: Option<Vec<BoostChoice>>,
    /// If they were needed, newest first.
    pub boosts: Option<Vec<BoostBrief>>,
    /// If it was needed.
    pub shop: Option<Shop>,
    /// If it was needed; `None` also for what is not sold now.
    pub offer: Option<OfferDetail>,
    /// If they were needed.
    pub servers: Option<Servers>,
    /// If it was needed; `None` also for one that is not this user's.
    pub server: Option<ServerDetail>,
    /// If they were needed, in the order of menus.
    pub products: Option<Vec<Product>>,
    /// If they were needed, oldest first.
    pub plans: Option<Vec<PlanCard>>,
    /// If they were needed, oldest first.
    pub names: Option<Vec<(Platform, String)>>,
    /// If it was needed.
    pub offered: Option<Result<Offer, InvoiceError>>,
    /// If they were needed, newest first.
    pub invoices: Option<Vec<InvoiceShown>>,
    /// If it was needed; `None` also for one that is not this user's.
    pub invoice: Option<InvoiceShown>,
    /// If it was needed: the page's lines, newest first, and whether there are more.
    pub history: Option<(Vec<HistoryLine>, bool)>,
    /// If it was needed; `None` also for who is no operator.
    pub desk: Option<Desk>,
}

/// What a screen asks of the business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Command {
    /// Spends, in the turn's own commit: the user confirmed.
    Spend {
        /// The keyboard that is used up.
        keyboard: String,
        /// What was confirmed.
        what: Spend,
    },
    /// Names a transaction that pays an invoice, in the turn's own commit.
    Claim {
        /// Which.
        invoice: InvoiceId,
        /// As it was sent.
        typed: String,
    },
    /// Notes an account of the user's, then goes on with the link.
    LinkAccount {
        /// What is to be boosted.
        link: PostLink,
        /// The account, as `domain::boost::handle` gives it.
        handle: String,
    },
    /// Does something to a server, or pays for another month of it: the user confirmed.
    ChangeServer {
        /// The keyboard that is used up, which keys the change.
        keyboard: String,
        /// Which.
        machine: MachineId,
        /// What.
        change: ServerChange,
    },
    /// Asks a provider for its balance, then shows it.
    TestProvider {
        /// Its row's id.
        provider: i64,
        /// Its name.
        name: String,
    },
    /// Changes a provider as its review said: the operator confirmed.
    ChangeProvider {
        /// The keyboard that is used up, which keys the operation.
        keyboard: String,
        /// What was confirmed.
        draft: ProviderDraft,
    },
}

/// What a Confirm button spends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spend {
    /// Money: it goes to a bank.
    Withdrawal(RequestWithdrawal),
    /// A post credit.
    Boost(SubmitBoost),
    /// Money: it becomes a server.
    Vps(OrderVps),
    /// An invoice; from a balance it is paid at once.
    Invoice(NewInvoice),
    /// Money: the whole price of an invoice that came short, from the wallet.
    Finish(InvoiceId),
}

/// An account number as people type it: blanks and hyphens between digits are left out.
pub(crate) fn account_digits(typed: &str) -> String {
    typed.chars().filter(|c| !c.is_whitespace() && *c != '-').collect()
}
