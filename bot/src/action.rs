//! What buttons mean. A button carries `<keyboard id>.<index>`; the keyboard's row says whose it is and what each index
//! does, so nothing that comes back from a phone is believed.

use crate::conversation::ServerChange;
use app::notice::{OpsManual, OpsWithdrawal};
use app::panels::ProviderChange;
use domain::boost::PostLink;
use domain::invoice::Method;
use domain::withdrawal::Source;
use domain::{BoostId, InvoiceId, ItemId, MachineId, Money, VpsId, WithdrawalId};
use serde::{Deserialize, Serialize};

const VERSION: u32 = 1;

/// A screen that can be gone to from anywhere, at any time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Place {
    /// The main menu.
    Menu,
    /// The affiliate program.
    Affiliate,
    /// Balances.
    Balance,
    /// The panel of those who earn by replies.
    Replies,
    /// The list of withdrawals.
    Withdrawals,
    /// One withdrawal.
    Withdrawal(WithdrawalId),
    /// Post credits and the list of boost orders.
    Boosts,
    /// One boost order.
    Boost(BoostId),
    /// Servers that can be ordered now: a page, from 0.
    Shop(usize),
    /// One of them.
    Offer(ItemId),
    /// The user's servers and orders of them: a page, from 0.
    Servers(usize),
    /// One server.
    Server(MachineId),
    /// One order of a server.
    ServerOrder(VpsId),
    /// What is sold: a shelf of it.
    Shelf(Shelf),
    /// Plans that were made for the user: those that can be used, or all.
    Plans {
        /// Ended ones, too.
        all: bool,
    },
    /// The user's invoices.
    Invoices,
    /// One of them.
    Invoice(InvoiceId),
    /// What went in and out: a page, from 0.
    History(usize),
    /// For operators: a page of the providers, from 0.
    Providers(usize),
    /// For operators: one provider, by its row's id.
    Provider(i64),
}

/// A shelf of what is sold (`viralcore-rules.md` 6.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shelf {
    /// X or Telegram.
    Services,
    /// What there is for X.
    X,
    /// Posts on X, by tiers.
    XEngagement,
    /// Followers on X.
    XFollowers,
    /// Giveaways: agreed with the team.
    Giveaway,
    /// Special plans for X: agreed with the team.
    Special,
    /// A plan of one's own: agreed with the team.
    CustomOrder,
    /// What there is for Telegram.
    Telegram,
    /// Posts on Telegram, by comments.
    TgEngagement,
    /// More for Telegram: agreed with the team.
    TgExtra,
}

/// What a button does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Action {
    /// Shows a screen and drops what was being done.
    Go(Place),
    /// Drops what was being done and says so.
    Cancel,
    /// Begins a withdrawal.
    Withdraw(Source),
    /// Begins a boost order for a link.
    Boost(PostLink),
    /// Begins an order of a server.
    Order {
        /// The item.
        item: ItemId,
        /// The label of the memory option, exactly.
        memory: String,
    },
    /// Begins to buy a product, by its key.
    Buy(String),
    /// Begins to put money in the wallet: so much, or an amount that is asked for.
    Topup(Option<Money>),
    /// Asks for the transaction that pays an invoice.
    Hash(InvoiceId),
    /// Shows what paying the rest of an invoice from the wallet comes to.
    Finish(InvoiceId),
    /// Asks for the credentials of a server: a message that they can be shown in.
    Credentials(MachineId),
    /// Shows them in the message that the button is under, for a while.
    Reveal(MachineId),
    /// Hides them at once.
    Hide,
    /// The systems that can be installed on a server.
    Systems(MachineId),
    /// Begins a change of a server.
    Change {
        /// Which.
        machine: MachineId,
        /// What.
        change: ServerChange,
    },
    /// One step back; only while its step lasts, as all that follow.
    Back,
    /// This many: posts, days, the option of a poll.
    Number(i64),
    /// This account, profile or channel.
    Told(String),
    /// This much into the wallet.
    Amount(Money),
    /// Asks with which coin.
    Coins,
    /// Asks on which network of USDT.
    Networks,
    /// Pays so: an invoice, or a last look where a balance pays.
    Pay(Method),
    /// Asks for an e-mail address.
    Email,
    /// The transaction that was pasted is for this invoice.
    HashFor(InvoiceId),
    /// Another page of the list, from 0.
    Page(usize),
    /// The whole list of banks again.
    AllBanks,
    /// This bank.
    Bank {
        /// The rail's code.
        code: String,
        /// Its name.
        name: String,
    },
    /// The saved account with this id.
    Saved(i64),
    /// The name is right.
    NameRight,
    /// A new quote for the same request.
    Requote,
    /// Asks for the name of another account to boost for.
    NewName,
    /// Boosts for the account with this name.
    Name(String),
    /// Boosts for this account, from this plan.
    BoostFor {
        /// The account.
        handle: String,
        /// The plan's code.
        plan: String,
    },
    /// For operators: asks a provider for its balance.
    TestProvider(i64),
    /// For operators: begins a change of a provider.
    ChangeProvider {
        /// Its row's id.
        provider: i64,
        /// What is to change.
        change: ProviderChange,
    },
    /// For operators: this is the reason.
    Reason(String),
    /// Moves money, takes a credit, makes an invoice, changes a provider or a server: single use.
    Confirm,
    /// In an ops chat: approve.
    Approve,
    /// In an ops chat: choose a reason.
    Reject,
    /// In an ops chat: refuse for this reason.
    RejectFor(String),
    /// In an ops chat: back to the two buttons.
    Undecided,
    /// In an ops chat: the order was delivered.
    Fulfilled,
    /// In an ops chat: choose why the money of an order goes back.
    GiveBack,
    /// In an ops chat: the money of an order goes back, for this reason.
    GiveBackFor(String),
}

impl Action {
    /// True when the button works for as long as the message is there.
    pub(crate) const fn is_lasting(&self) -> bool {
        matches!(
            self,
            Self::Go(_)
                | Self::Cancel
                | Self::Withdraw(_)
                | Self::Boost(_)
                | Self::Order { .. }
                | Self::Buy(_)
                | Self::Topup(_)
                | Self::Hash(_)
                | Self::Finish(_)
                | Self::Credentials(_)
                | Self::Reveal(_)
                | Self::Hide
                | Self::Systems(_)
                | Self::Change { .. }
                | Self::TestProvider(_)
                | Self::ChangeProvider { .. }
        )
    }

    /// True when it is carried out once, so that a second tap is told so.
    pub(crate) const fn is_single(&self) -> bool {
        matches!(self, Self::Confirm | Self::Pay(Method::Crypto(_)))
    }
}

/// What the buttons under a message in an ops chat decide.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum OpsAbout {
    /// A withdrawal, with the version that the chat saw.
    Withdrawal(OpsWithdrawal),
    /// An order that people fulfil.
    Order(OpsManual),
}

/// The actions of one keyboard, as its row keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Sheet {
    v: u32,
    /// By index.
    pub actions: Vec<Action>,
    /// What an ops chat decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ops: Option<OpsAbout>,
}

impl Sheet {
    /// A user's keyboard.
    pub(crate) fn new(actions: Vec<Action>) -> Self {
        Self { v: VERSION, actions, ops: None }
    }

    /// A keyboard under what an ops chat decides.
    pub(crate) fn ops(actions: Vec<Action>, about: OpsAbout) -> Self {
        Self { v: VERSION, actions, ops: Some(about) }
    }

    /// From a row; `None` for one that this program does not know.
    pub(crate) fn read(row: &str) -> Option<Self> {
        serde_json::from_str::<Self>(row).ok().filter(|sheet| sheet.v == VERSION)
    }

    /// As a row.
    pub(crate) fn row(&self) -> String {
        // A plain structure of texts and numbers always serialises.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What the button at an index of a keyboard carries.
pub(crate) fn callback_data(keyboard: &str, index: usize) -> String {
    format!("{keyboard}.{index}")
}

/// The keyboard and index of callback data, if it has the form of ours.
pub(crate) fn parse_callback(data: &str) -> Option<(&str, usize)> {
    let (keyboard, index) = data.split_once('.')?;
    let id_fits = (1..=40).contains(&keyboard.len()) && keyboard.bytes().all(|b| b.is_ascii_alphanumeric());
    let digits = (1..=3).contains(&index.len()) && index.bytes().all(|b| b.is_ascii_digit());
    if id_fits && digits { Some((keyboard, index.parse().ok()?)) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn callback_data_is_read_strictly() {
        for (data, parsed) in [
            ("0a1b2c3d4e5f6.0", Some(("0a1b2c3d4e5f6", 0))),
            ("abc.17", Some(("abc", 17))),
            ("abc", None),
            ("abc.", None),
            (".1", None),
            ("abc.-1", None),
            ("abc.+1", None),
            ("abc.1.2", None),
            ("a'b.1", None),
            ("admin_approve_withdrawal_7", None),
        ] {
            assert_eq!(parse_callback(data), parsed, "{data}");
        }
        assert!(callback_data(&"k".repeat(40), 999).len() <= 64);
    }

    #[test]
    fn a_sheet_is_read_back_and_an_unknown_one_is_not() {
        let sheet = Sheet::new(vec![Action::Go(Place::Withdrawal(WithdrawalId::new(7))), Action::Confirm]);
        assert_eq!(Sheet::read(&sheet.row()), Some(sheet));
        for row in ["", "{}", r#"{"v":2,"actions":[]}"#, r#"{"v":1,"actions":["fly"]}"#] {
            assert_eq!(Sheet::read(row), None, "{row}");
        }
    }
}
