//! What a look-up found, and what a chain's module makes of it before it knows the block.

use domain::Timestamp;

/// What has become of a transaction. One only moves money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// It is final, it succeeded, and it brought so much to our address.
    Confirmed(Deposit),
    /// It is known, or was a moment ago, and not final: ask again.
    Pending {
        /// What is waited for.
        why: String,
    },
    /// Nobody knows it, yet: ask again.
    NotFound,
    /// It is final and failed: nothing was paid.
    FailedOnChain {
        /// In the chain's words.
        why: String,
    },
    /// It is final and brought nothing to our address that can be seen from here.
    WrongRecipient {
        /// What was seen instead, and whether a person should look.
        why: String,
    },
    /// It is final and brought something else to our address, or a token that only looks like ours.
    WrongAsset {
        /// What it was.
        why: String,
    },
    /// Sources contradict each other: a person has to look.
    Disagree {
        /// What they say.
        why: String,
    },
    /// Not enough endpoints could be asked. Nothing is known: ask again.
    Unreachable {
        /// What went wrong with which of them.
        why: String,
    },
}

impl Finding {
    /// A stable word for rows and metrics.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Confirmed(_) => "confirmed",
            Self::Pending { .. } => "pending",
            Self::NotFound => "not_found",
            Self::FailedOnChain { .. } => "failed_on_chain",
            Self::WrongRecipient { .. } => "wrong_recipient",
            Self::WrongAsset { .. } => "wrong_asset",
            Self::Disagree { .. } => "disagree",
            Self::Unreachable { .. } => "unreachable",
        }
    }

    /// Whether asking again later may bring another answer.
    pub const fn is_open(&self) -> bool {
        matches!(self, Self::Pending { .. } | Self::NotFound | Self::Unreachable { .. })
    }

    /// What it says beside its word.
    pub fn why(&self) -> &str {
        match self {
            Self::Confirmed(_) | Self::NotFound => "",
            Self::Pending { why }
            | Self::FailedOnChain { why }
            | Self::WrongRecipient { why }
            | Self::WrongAsset { why }
            | Self::Disagree { why }
            | Self::Unreachable { why } => why,
        }
    }
}

/// What reached us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deposit {
    /// The sum in chain units, above zero.
    pub units: u128,
    /// Where in the transaction: `native`, `log:12`, `log:3+log:7`, `token:2`, `event:1`. With chain and id the key.
    pub positions: String,
    /// Who sent it, as far as the chain tells; at an exchange a hot wallet.
    pub from: Option<String>,
    /// The block's hash; the slot on Solana, the number on Tron and the version on Aptos, where that is final.
    pub block: String,
    /// The block's number, slot or version.
    pub height: i64,
    /// When the block was made.
    pub at: Timestamp,
    /// The text that the sender added.
    pub memo: Option<String>,
    /// The hosts that said so.
    pub sources: Vec<String>,
}

/// What one transaction did to our address, wherever it stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// It brought something.
    Reached(Reached),
    /// It did not.
    Not(Finding),
}

/// The part of a deposit that the transaction itself tells.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reached {
    pub(super) units: u128,
    pub(super) positions: Vec<String>,
    pub(super) from: Option<String>,
    pub(super) memo: Option<String>,
}

impl Reached {
    /// The deposit in its block.
    pub(super) fn in_block(self, block: String, height: i64, at: Timestamp) -> Finding {
        let positions = self.positions.join("+");
        let (units, from, memo) = (self.units, self.from, self.memo);
        Finding::Confirmed(Deposit { units, positions, from, block, height, at, memo, sources: Vec::new() })
    }
}

/// Transfers of the asked asset, added up: what came less what our address sent.
#[derive(Debug, Default)]
pub(super) struct Tally {
    came: u128,
    went: u128,
    positions: Vec<String>,
    from: Option<String>,
    overflow: bool,
}

impl Tally {
    /// So much came. Nothing at all is no transfer: such ones are sent to poison the history.
    pub(super) fn comes(&mut self, units: u128, position: String, from: Option<String>) {
        if units == 0 {
            return;
        }
        self.positions.push(position);
        self.from = self.from.take().or(from);
        match self.came.checked_add(units) {
            Some(sum) => self.came = sum,
            None => self.overflow = true,
        }
    }

    /// So much went.
    pub(super) fn goes(&mut self, units: u128) {
        match self.went.checked_add(units) {
            Some(sum) => self.went = sum,
            None => self.overflow = true,
        }
    }

    /// True when nothing came.
    pub(super) fn is_empty(&self) -> bool {
        self.positions.is_empty()
    }

    /// What is left for us; `None` when nothing came at all.
    pub(super) fn effect(self, memo: Option<String>) -> Option<Effect> {
        if self.is_empty() {
            return None;
        }
        Some(match self.came.checked_sub(self.went).filter(|units| *units > 0 && !self.overflow) {
            Some(units) => Effect::Reached(Reached { units, positions: self.positions, from: self.from, memo }),
            None => Effect::Not(Finding::WrongRecipient {
                why: "our address sent away at least as much as it received: manual review".to_owned(),
            }),
        })
    }
}
