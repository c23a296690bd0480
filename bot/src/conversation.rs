//! Where a user is: a row, so that no restart loses it. Versioned; a row that this program does not know is a new start.

use app::command::{Payee, Quote};
use app::invoices::Order;
use app::panels::ProviderChange;
use domain::boost::PostLink;
use domain::invoice::Method;
use domain::product::Asks;
use domain::withdrawal::Source;
use domain::{InvoiceId, ItemId, MachineId, Money};
use serde::{Deserialize, Serialize};

/// Raised when [`Conversation`] changes in a way that old rows cannot be read.
const VERSION: u32 = 1;

/// A user's place in the bot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Conversation {
    /// What is being done.
    pub step: Step,
    /// The keyboard that belongs to this step; buttons of others have had their time.
    pub keyboard: Option<String>,
}

/// What is being done. Amounts are kept as they were typed and quoted anew whenever they are shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// Nothing that waits for words.
    #[default]
    Menu,
    /// An amount is awaited.
    Amount {
        /// The purse.
        source: Source,
    },
    /// A bank is awaited: a button or words to search for.
    Bank {
        /// The purse and the amount.
        draft: Draft,
        /// What the list was searched for.
        search: String,
        /// The page shown, from 0.
        page: usize,
    },
    /// An account number is awaited.
    Account {
        /// The purse and the amount.
        draft: Draft,
        /// The bank's code.
        bank_code: String,
        /// The bank's name.
        bank_name: String,
    },
    /// The user says whether the bank's name for the account is right.
    Name {
        /// The purse and the amount.
        draft: Draft,
        /// The account as the bank named it.
        payee: Payee,
    },
    /// The summary is shown; `quote` is `None` while it must be asked for again.
    Review {
        /// The purse and the amount.
        draft: Draft,
        /// The account.
        payee: Payee,
        /// What was shown.
        quote: Option<Quote>,
    },
    /// The name of an X or Telegram account is awaited, for a link.
    BoostName {
        /// What is to be boosted.
        link: PostLink,
    },
    /// The user chooses the account and the plan.
    BoostChoice {
        /// What is to be boosted.
        link: PostLink,
        /// The page shown, from 0.
        page: usize,
        /// The account that was just named: it comes first.
        first: Option<String>,
    },
    /// The order is shown before it takes a credit.
    BoostReview(BoostDraft),
    /// The order of a server is shown before it takes money.
    VpsReview(VpsDraft),
    /// What is to be done to a server is shown before it is done.
    ServerReview {
        /// Which.
        machine: MachineId,
        /// What.
        change: ServerChange,
    },
    /// How many of a product is awaited.
    Quantity {
        /// Its key.
        product: String,
    },
    /// What the product asks for is awaited.
    Details {
        /// Its key.
        product: String,
        /// How many.
        quantity: i64,
        /// What it asks for.
        asks: Asks,
    },
    /// The second thing that it asks for is awaited: the option of a poll, the days.
    Second {
        /// Its key.
        product: String,
        /// How many.
        quantity: i64,
        /// What it asks for.
        asks: Asks,
        /// What was told first: the link.
        first: String,
    },
    /// How much goes into the wallet is awaited.
    TopupAmount,
    /// The user chooses how to pay.
    Pay {
        /// For what.
        order: Order,
        /// How far they are.
        at: PayAt,
    },
    /// The transaction that pays an invoice is awaited.
    Hash {
        /// Which.
        invoice: InvoiceId,
    },
    /// The user says which invoice the transaction is for.
    WhichInvoice {
        /// As it was pasted.
        typed: String,
    },
    /// Paying the rest of an invoice from the wallet is shown before it is done.
    FinishReview {
        /// Which.
        invoice: InvoiceId,
    },
    /// An operator says why a provider is to change.
    ProviderReason {
        /// Its row's id.
        provider: i64,
        /// What is to change.
        change: ProviderChange,
    },
    /// The change is shown before it is made.
    ProviderReview(ProviderDraft),
}

/// How far a choice of paying is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PayAt {
    /// Coins, a bank, a balance.
    Method,
    /// Which coin.
    Coin,
    /// Which network of USDT.
    Network,
    /// An e-mail address for the bank is awaited.
    Email,
    /// The last look before a balance pays or a bank account is asked for.
    Review {
        /// How.
        method: Method,
        /// The e-mail address that was just given.
        email: Option<String>,
    },
}

/// A change of a provider that is being put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProviderDraft {
    /// Its row's id.
    pub provider: i64,
    /// Its name.
    pub name: String,
    /// The row's version as it was shown.
    pub version: i64,
    /// Its state, or the first choice, as it was shown.
    pub was: String,
    /// What is to change.
    pub change: ProviderChange,
    /// Why, in one line.
    pub reason: String,
}

/// What an owner does to a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ServerChange {
    /// On.
    Start,
    /// Off.
    Stop,
    /// Off and on.
    Reboot,
    /// Everything erased, this system installed: the provider's word.
    Reinstall(String),
    /// Another month at this price, USD, as it was shown.
    Renew(Money),
}

/// An order of a server that is being put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct VpsDraft {
    /// The item.
    pub item: ItemId,
    /// The label of the memory option, exactly.
    pub memory: String,
    /// The price as it was shown, USD for a month. It is what the user agrees to: another one is asked for again.
    pub price: Money,
}

/// A boost order that is being put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BoostDraft {
    /// What is to be boosted.
    pub link: PostLink,
    /// The account that it is for.
    pub handle: String,
    /// The plan's code.
    pub plan: String,
    /// Credits of the plan before this order, as they were shown.
    pub left: i64,
}

/// A withdrawal that is being put together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// The purse.
    pub source: Source,
    /// The amount as typed, which the rules had taken.
    pub amount: String,
}

#[derive(Deserialize)]
struct Versioned {
    v: u32,
}

#[derive(Serialize, Deserialize)]
struct Row {
    v: u32,
    #[serde(flatten)]
    conversation: Conversation,
}

impl Conversation {
    /// At the beginning.
    pub(crate) fn start() -> Self {
        Self::default()
    }

    /// The same user at another step; the keyboard follows when the message is made.
    pub(crate) fn at(step: Step) -> Self {
        Self { step, keyboard: None }
    }

    /// From a row. What cannot be read is a new start: the user sees the menu, no money has moved.
    pub(crate) fn read(row: Option<&str>) -> Self {
        let Some(row) = row else { return Self::start() };
        match serde_json::from_str::<Versioned>(row) {
            Ok(Versioned { v: VERSION }) => {}
            _ => return Self::start(),
        }
        serde_json::from_str::<Row>(row).map_or_else(|_| Self::start(), |row| row.conversation)
    }

    /// As a row.
    pub(crate) fn row(&self) -> String {
        let row = Row { v: VERSION, conversation: self.clone() };
        // A plain structure of texts and numbers always serialises.
        serde_json::to_string(&row).unwrap_or_default()
    }
}

impl Step {
    /// A boost order is being put together.
    pub(crate) const fn is_boost(&self) -> bool {
        matches!(self, Self::BoostName { .. } | Self::BoostChoice { .. } | Self::BoostReview(_))
    }

    /// An order of a server is being put together.
    pub(crate) const fn is_vps(&self) -> bool {
        matches!(self, Self::VpsReview(_))
    }

    /// Something is about to be done to a server.
    pub(crate) const fn is_server(&self) -> bool {
        matches!(self, Self::ServerReview { .. })
    }

    /// A product is being chosen.
    pub(crate) const fn is_shop(&self) -> bool {
        matches!(self, Self::Quantity { .. } | Self::Details { .. } | Self::Second { .. })
    }

    /// Something is about to be paid.
    pub(crate) const fn is_pay(&self) -> bool {
        matches!(self, Self::TopupAmount | Self::Pay { .. })
    }

    /// An invoice is being worked on.
    pub(crate) const fn is_invoice(&self) -> bool {
        matches!(self, Self::Hash { .. } | Self::WhichInvoice { .. } | Self::FinishReview { .. })
    }

    /// A change of a provider is being put together.
    pub(crate) const fn is_provider(&self) -> bool {
        matches!(self, Self::ProviderReason { .. } | Self::ProviderReview(_))
    }

    /// The purse and amount of the withdrawal being worked on, once there is an amount.
    pub(crate) fn draft(&self) -> Option<&Draft> {
        match self {
            Self::Menu
            | Self::Amount { .. }
            | Self::BoostName { .. }
            | Self::BoostChoice { .. }
            | Self::BoostReview(_)
            | Self::VpsReview(_)
            | Self::ServerReview { .. }
            | Self::Quantity { .. }
            | Self::Details { .. }
            | Self::Second { .. }
            | Self::TopupAmount
            | Self::Pay { .. }
            | Self::Hash { .. }
            | Self::WhichInvoice { .. }
            | Self::FinishReview { .. }
            | Self::ProviderReason { .. }
            | Self::ProviderReview(_) => None,
            Self::Bank { draft, .. }
            | Self::Account { draft, .. }
            | Self::Name { draft, .. }
            | Self::Review { draft, .. } => Some(draft),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_is_read_back_and_an_unknown_one_is_a_start() {
        let draft = Draft { source: Source::Reply, amount: "250.50".to_owned() };
        let there = Conversation {
            step: Step::Bank { draft, search: "zen".to_owned(), page: 2 },
            keyboard: Some("abc".to_owned()),
        };
        assert_eq!(Conversation::read(Some(&there.row())), there);
        for row in [
            None,
            Some(""),
            Some("{}"),
            Some(r#"{"v":99,"step":"menu","keyboard":null}"#),
            Some(r#"{"v":1,"step":"dance"}"#),
        ] {
            assert_eq!(Conversation::read(row), Conversation::start(), "{row:?}");
        }
        assert!(there.row().starts_with(r#"{"v":1,"#), "{}", there.row());
    }
}
