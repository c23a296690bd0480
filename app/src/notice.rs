//! What users and ops chats are told: data, written to the outbox in the transaction that it tells of. The words are
//! the bot's (`bot/src/text.rs`); nothing in here is a sentence for a user.

use crate::App;
use domain::{BoostId, CaseId, InvoiceId, MachineId, ManualId, Money, Timestamp, UserId, VpsId, WithdrawalId};
use serde::{Deserialize, Serialize};
use store::outbox::{Kind, NewMessage};
use store::{StoreError, Tx, outbox};

/// News.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
pub enum Notice {
    /// To the user: fully approved.
    WithdrawalApproved(WithdrawalNews),
    /// To the user: on its way.
    WithdrawalSent(WithdrawalNews),
    /// To the user: paid.
    WithdrawalPaid(WithdrawalNews),
    /// To the user: failed, the money is back.
    WithdrawalFailed(WithdrawalNews),
    /// To the user: refused, with the reason.
    WithdrawalRejected(WithdrawalNews),
    /// To the user: the bank sent it back, the money is in the purse again.
    WithdrawalReturned(WithdrawalNews),
    /// To the user: an operator changed a balance.
    BalanceAdjusted {
        /// The purse's word.
        purse: String,
        /// What was added or taken.
        amount: Money,
        /// The reason given.
        reason: String,
    },
    /// To the user: how their boost order stands.
    Boost(BoostNews),
    /// To the user: how their order of a machine stands.
    Vps(VpsNews),
    /// To the user: what happened to their machine.
    Machine(MachineNews),
    /// To the user: how their invoice stands.
    Invoice(InvoiceNews),
    /// To the user: how what people deliver to them stands.
    Manual(ManualNews),
    /// To the referrer: what a purchase earned them, or what a refund took back.
    Bonus(BonusNews),
    /// To the ops chats: what people are to do for an order.
    OpsBoost(OpsBoost),
    /// To the ops chats: a purchase that people fulfil.
    OpsManual(OpsManual),
    /// To the ops chats: a request to decide.
    OpsRequested(OpsWithdrawal),
    /// To the ops chats: a sentence with a title; for alarms.
    OpsAlarm {
        /// What kind, stable: `transfer_failed`, `unknown`, `rail`, `invariant`, `switch`, `late_reversal`, `case`.
        kind: String,
        /// In a few words.
        title: String,
        /// What happened and what to do.
        text: String,
        /// Ties it to logs.
        correlation: String,
    },
}

/// What a user is told of a withdrawal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithdrawalNews {
    /// Which.
    pub id: WithdrawalId,
    /// What the bank receives.
    pub payout: Money,
    /// What left, or came back to, the purse.
    pub amount: Money,
    /// The bank's name.
    pub bank: String,
    /// `****1103`.
    pub account: String,
    /// Why, where it was refused or failed.
    pub reason: Option<String>,
    /// True when a person pays it outside.
    pub manual: bool,
    /// The rail's reference, once sent.
    pub reference: Option<String>,
}

/// What the ops chats are told of a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpsWithdrawal {
    /// Which.
    pub id: WithdrawalId,
    /// The row's version, which a decision from the chat names.
    pub version: i64,
    /// Who.
    pub user: UserId,
    /// `@name` or the first name.
    pub username: String,
    /// `affiliate` or `reply`.
    pub source: String,
    /// What leaves the purse.
    pub amount: Money,
    /// What the bank receives.
    pub payout: Money,
    /// The bank's name.
    pub bank: String,
    /// `****1103`.
    pub account: String,
    /// The account's name, masked.
    pub name: String,
    /// Flags in words.
    pub flags: Vec<String>,
    /// `automatic` or `manual`.
    pub mode: String,
    /// True when a linked approver may decide in the chat.
    pub decidable: bool,
}

/// What a user is told of a boost order. Never a provider's name or words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BoostNews {
    /// Which.
    pub id: BoostId,
    /// The link.
    pub link: String,
    /// The plan's code.
    pub plan: String,
    /// What happened.
    pub kind: BoostKind,
    /// What was refunded to the wallet, USD.
    pub refunded: Option<Money>,
    /// The credit is back.
    pub credit_returned: bool,
}

/// What happened to a boost order; each is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoostKind {
    /// It was taken.
    Queued,
    /// It waits: nobody can deliver it at the moment (`BOOST_TEMPORARILY_UNAVAILABLE`).
    Delayed,
    /// The first part is on its way.
    Started,
    /// Half of it is delivered.
    Half,
    /// It is delivered.
    Done,
    /// It ended short.
    Partial,
    /// Nothing could be placed.
    Failed,
    /// It was called off.
    Cancelled,
}

impl BoostKind {
    /// The word, for keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Delayed => "delayed",
            Self::Started => "started",
            Self::Half => "half",
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// What a user is told of an order of a machine. Never a credential: those are fetched by a button.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VpsNews {
    /// Which.
    pub id: VpsId,
    /// Its machine, once there is one.
    pub machine: Option<MachineId>,
    /// The item's title.
    pub title: String,
    /// The memory option's label.
    pub memory: String,
    /// What happened.
    pub kind: VpsKind,
    /// The price, or what came back.
    pub amount: Money,
}

/// What happened to an order of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VpsKind {
    /// The package has nothing free now; it is looked at again.
    Waiting,
    /// It takes longer: a person looks at it.
    Delayed,
    /// The machine is ready; its credentials can be fetched.
    Ready,
    /// Nothing was bought, or it was given up; the money is back.
    Refunded,
}

impl VpsKind {
    /// The word, for keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delayed => "delayed",
            Self::Ready => "ready",
            Self::Refunded => "refunded",
        }
    }
}

/// What a user is told of a machine. Never a credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineNews {
    /// Which.
    pub machine: MachineId,
    /// The item's title.
    pub title: String,
    /// Its address.
    pub ip: String,
    /// What happened.
    pub kind: MachineKind,
    /// The action's word, or the days that are left.
    pub what: Option<String>,
    /// When it ends.
    pub expires_at: Option<Timestamp>,
}

/// What happened to a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MachineKind {
    /// What was asked for is done.
    ActionDone,
    /// It could not be done, or nobody can say.
    ActionFailed,
    /// Its term is longer.
    Renewed,
    /// It was not renewed; the money is back.
    RenewalFailed,
    /// Its term ends soon.
    Expiring,
    /// Its term is over.
    Expired,
    /// The provider has taken it away.
    Gone,
}

impl MachineKind {
    /// The word, for keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::ActionDone => "action_done",
            Self::ActionFailed => "action_failed",
            Self::Renewed => "renewed",
            Self::RenewalFailed => "renewal_failed",
            Self::Expiring => "expiring",
            Self::Expired => "expired",
            Self::Gone => "gone",
        }
    }
}

/// What a user is told of an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InvoiceNews {
    /// Which.
    pub id: InvoiceId,
    /// Its number.
    pub number: String,
    /// What it is for.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// It is for money in the wallet.
    pub topup: bool,
    /// What happened.
    pub kind: InvoiceNewsKind,
    /// The price, USD.
    pub price: Money,
    /// What came so far, USD.
    pub received: Money,
    /// What the kind is about, USD: what is in the wallet now because of it, or was given back.
    pub amount: Option<Money>,
    /// Of a refused payment: `not_found`, `wrong_recipient`, `wrong_asset`, `failed_on_chain`, `dust` or `ruled`.
    pub why: Option<String>,
}

/// What happened to an invoice; each is told once for each time that it becomes true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceNewsKind {
    /// The account for the bank transfer is there.
    AccountReady,
    /// No account could be had: another way to pay is needed.
    NoAccount,
    /// The payment was found and is not final.
    Confirming,
    /// The look-up takes longer: nothing is lost.
    Delayed,
    /// Met.
    Paid,
    /// Too little came; it is in the wallet.
    Short,
    /// Met, and more came; the rest is in the wallet.
    Over,
    /// It came after its time; it is in the wallet.
    Late,
    /// Its time is over, and nothing came.
    Expired,
    /// Money was given back.
    Refunded,
    /// A person decides whose the payment is.
    Disputed,
    /// What was named is no payment of it.
    Refused,
}

impl InvoiceNewsKind {
    /// The word, for keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::AccountReady => "account_ready",
            Self::NoAccount => "no_account",
            Self::Confirming => "confirming",
            Self::Delayed => "delayed",
            Self::Paid => "paid",
            Self::Short => "short",
            Self::Over => "over",
            Self::Late => "late",
            Self::Expired => "expired",
            Self::Refunded => "refunded",
            Self::Disputed => "disputed",
            Self::Refused => "refused",
        }
    }
}

/// What a user is told of a purchase that people fulfil.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManualNews {
    /// Which.
    pub id: ManualId,
    /// Of which invoice.
    pub invoice: InvoiceId,
    /// The invoice's number.
    pub number: String,
    /// What was bought.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// What happened.
    pub kind: ManualKind,
    /// What the operator said of it.
    pub note: Option<String>,
    /// What was given back.
    pub amount: Money,
    /// Until when it is to be delivered.
    pub due_at: Timestamp,
}

/// What happened to a purchase that people fulfil; each is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ManualKind {
    /// People have it.
    Taken,
    /// It is delivered.
    Done,
    /// It was given up; the money is back.
    Refunded,
}

impl ManualKind {
    /// The word, for keys.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Done => "done",
            Self::Refunded => "refunded",
        }
    }
}

/// What a referrer is told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BonusNews {
    /// Who bought: `@name`, or the first name; may be empty.
    pub from: String,
    /// What they paid, USD.
    pub paid: Money,
    /// What it earned, or what was taken back.
    pub amount: Money,
    /// A refund took it back.
    pub taken_back: bool,
}

/// What the ops chats are told of a purchase that people fulfil.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpsManual {
    /// Which.
    pub id: ManualId,
    /// The invoice's number.
    pub number: String,
    /// Whose.
    pub user: UserId,
    /// `@name`, or the first name; may be empty.
    pub username: String,
    /// What was bought.
    pub title: String,
    /// How many.
    pub quantity: i64,
    /// What the buyer told, as labels and values.
    pub details: Vec<(String, String)>,
    /// What was paid, USD.
    pub paid: Money,
    /// Until when it is to be delivered.
    pub due_at: Timestamp,
}

/// What the ops chats are told of an order that people work on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpsBoost {
    /// Which.
    pub id: BoostId,
    /// Whose.
    pub user: UserId,
    /// `x` or `telegram`.
    pub platform: String,
    /// The link.
    pub link: String,
    /// What is to be done: (`comments`, how many).
    pub tasks: Vec<(String, i64)>,
    /// The order waits for an operator to say that it was done.
    pub waits: bool,
}

/// Tells a user; `key` keeps the same news from being told twice.
pub(crate) async fn user(
    tx: &mut Tx,
    user: UserId,
    notice: &Notice,
    key: &str,
    event_id: &str,
    correlation: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let message = NewMessage {
        chat: user.get(),
        kind: Kind::Notice,
        method: "notice".to_owned(),
        payload: encode(notice)?,
        key: Some(format!("notice:{key}")),
        event_id: Some(event_id.to_owned()),
        correlation: correlation.to_owned(),
    };
    outbox::insert(tx, &[message], now).await
}

/// Tells every ops chat. The same `topic` is told once within the configured time.
pub(crate) async fn ops(
    tx: &mut Tx,
    app: &App,
    notice: &Notice,
    topic: &str,
    correlation: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    if app.settings().ops_chats.is_empty() {
        return Ok(());
    }
    let prefix = format!("ops:{topic}:");
    let window = app.settings().timing.notice_dedupe;
    if outbox::last_with_key_prefix(tx, &prefix).await?.is_some_and(|last| now.since(last) < window) {
        return Ok(());
    }
    let payload = encode(notice)?;
    let messages: Vec<NewMessage> = app
        .settings()
        .ops_chats
        .iter()
        .map(|chat| NewMessage {
            chat: *chat,
            kind: Kind::Ops,
            method: "notice".to_owned(),
            payload: payload.clone(),
            key: Some(format!("{prefix}{}:{chat}", now.micros())),
            event_id: None,
            correlation: correlation.to_owned(),
        })
        .collect();
    outbox::insert(tx, &messages, now).await
}

/// An alarm to the ops chats.
#[expect(clippy::too_many_arguments, reason = "a notice's parts")]
pub(crate) async fn alarm(
    tx: &mut Tx,
    app: &App,
    kind: &str,
    topic: &str,
    title: &str,
    text: String,
    correlation: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let notice = Notice::OpsAlarm {
        kind: kind.to_owned(),
        title: title.to_owned(),
        text: domain::text::clean_line(&text, 600),
        correlation: correlation.to_owned(),
    };
    // The title belongs to it: that funds are low does not silence that they are gone.
    ops(tx, app, &notice, &format!("{kind}:{title}:{topic}"), correlation, now).await
}

/// Case ids in sentences.
pub(crate) fn case_name(id: CaseId) -> String {
    format!("c-{id}")
}

fn encode(notice: &Notice) -> Result<String, StoreError> {
    serde_json::to_string(notice).map_err(|error| StoreError::Corrupt(error.to_string()))
}
