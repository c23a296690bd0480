//! Double-entry ledger: every movement of money is one [`Journal`] with its entries.
//! Pure: no clock, no I/O; callers pass `now`, ids and the balances in. Start reading at [`decide`].
//!
//! Invariants
//! - The entries of a journal sum to zero in each currency, so all accounts do.
//! - A user account never goes below zero; what is held lies in its purse's `:held` account.
//! - A journal's key is used once: the same body again is a replay, another body is refused.

use crate::id::JournalId;
use crate::money::{Currency, Money, MoneyError, Plan};
use crate::withdrawal::UnknownWord;
use crate::{IdempotencyKey, Timestamp, UserId};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::fmt;
use std::str::FromStr;

/// What a user can spend, by kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Purse {
    /// USD paid in, for purchases.
    Wallet,
    /// USD earned by referring.
    Affiliate,
    /// NGN earned by replying.
    Reply,
    /// Post credits of one plan.
    Posts(Plan),
}

impl Purse {
    /// The currency that the purse is in.
    pub const fn currency(self) -> Currency {
        match self {
            Self::Wallet | Self::Affiliate => Currency::Usd,
            Self::Reply => Currency::Ngn,
            Self::Posts(plan) => Currency::Credits(plan),
        }
    }
}

impl fmt::Display for Purse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wallet => f.write_str("wallet"),
            Self::Affiliate => f.write_str("affiliate"),
            Self::Reply => f.write_str("reply"),
            Self::Posts(plan) => write!(f, "posts:{}", plan.as_str()),
        }
    }
}

impl FromStr for Purse {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "wallet" => Ok(Self::Wallet),
            "affiliate" => Ok(Self::Affiliate),
            "reply" => Ok(Self::Reply),
            _ => text
                .strip_prefix("posts:")
                .and_then(Plan::new)
                .map(Self::Posts)
                .ok_or_else(|| UnknownWord(crate::text::clean_line(text, 24))),
        }
    }
}

impl From<crate::withdrawal::Source> for Purse {
    fn from(source: crate::withdrawal::Source) -> Self {
        match source {
            crate::withdrawal::Source::Affiliate => Self::Affiliate,
            crate::withdrawal::Source::Reply => Self::Reply,
        }
    }
}

/// An account: its name and currency. Only `user:` accounts have a floor (zero) and a cached balance.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    name: String,
    currency: Currency,
}

impl Account {
    /// What a user can spend.
    pub fn purse(user: UserId, purse: Purse) -> Self {
        Self { name: format!("user:{user}:{purse}"), currency: purse.currency() }
    }

    /// What is held of a purse.
    pub fn held(user: UserId, purse: Purse) -> Self {
        Self { name: format!("user:{user}:{purse}:held"), currency: purse.currency() }
    }

    /// One of ours: `fees`, `fx`, `adjust`, `clearing:flutterwave`, …
    pub fn platform(name: &str, currency: Currency) -> Self {
        Self { name: format!("platform:{name}"), currency }
    }

    /// The world's banks, where payouts end.
    pub fn bank(currency: Currency) -> Self {
        Self { name: "external:bank".to_owned(), currency }
    }

    /// An account by the name that the store keeps.
    pub fn named(name: impl Into<String>, currency: Currency) -> Self {
        Self { name: name.into(), currency }
    }

    /// The name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// True when the account may not go below zero and keeps a balance.
    pub fn is_user(&self) -> bool {
        self.name.starts_with("user:")
    }
}

/// One line of a journal. A positive amount raises what the account holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The account, whose currency is the amount's.
    pub account: Account,
    /// The amount, never zero.
    pub amount: Money,
}

/// A movement of money, whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// What it means, once.
    pub key: IdempotencyKey,
    /// The kind of movement: `withdrawal.requested`, `adjustment`, …
    pub kind: &'static str,
    /// The journal that this one undoes.
    pub reverses: Option<JournalId>,
    /// Who: `user:5501`, `operator:ada`, `system`.
    pub actor: String,
    /// Why, in words for a person or the id of what caused it.
    pub cause: String,
    /// When it was decided.
    pub at: Timestamp,
    /// The lines.
    pub entries: Vec<Entry>,
}

impl Journal {
    /// A journal without lines yet.
    pub fn new(
        key: IdempotencyKey,
        kind: &'static str,
        actor: impl Into<String>,
        cause: impl Into<String>,
        at: Timestamp,
    ) -> Self {
        Self { key, kind, reverses: None, actor: actor.into(), cause: cause.into(), at, entries: Vec::with_capacity(2) }
    }

    /// Moves `amount` from one account to another of the same currency.
    #[must_use]
    pub fn transfer(mut self, from: Account, to: Account, amount: Money) -> Self {
        let out = amount.checked_neg().unwrap_or(amount);
        self.entries.push(Entry { account: from, amount: out });
        self.entries.push(Entry { account: to, amount });
        self
    }

    /// Exchanges: `give` leaves `from`, `get` reaches `to`, through `platform:fx` of both currencies.
    #[must_use]
    pub fn exchange(self, from: Account, give: Money, to: Account, get: Money) -> Self {
        let (give_fx, get_fx) = (Account::platform("fx", give.currency()), Account::platform("fx", get.currency()));
        self.transfer(from, give_fx, give).transfer(get_fx, to, get)
    }

    /// SHA-256 over what the journal says, without its time: the same command decided again later is a replay.
    pub fn digest(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(self.kind.as_bytes());
        hash.update([0]);
        hash.update(self.reverses.map_or(0, JournalId::get).to_be_bytes());
        for entry in &self.entries {
            hash.update(entry.account.name.as_bytes());
            hash.update([0]);
            hash.update(entry.account.currency.to_string().as_bytes());
            hash.update([0]);
            hash.update(entry.amount.minor().to_be_bytes());
        }
        hash.finalize().into()
    }

    /// Well-formed: two lines or more, none zero, each in its account's currency, summing to zero per currency.
    pub fn check(&self) -> Result<(), Refusal> {
        if self.entries.len() < 2 {
            return Err(Refusal::Unbalanced);
        }
        let mut sums: HashMap<Currency, Money> = HashMap::with_capacity(2);
        for Entry { account, amount } in &self.entries {
            if amount.is_zero() || account.currency != amount.currency() {
                return Err(Refusal::Unbalanced);
            }
            let sum = sums.entry(amount.currency()).or_insert(Money::zero(amount.currency()));
            *sum = sum.checked_add(*amount)?;
        }
        if sums.values().all(|sum| sum.is_zero()) { Ok(()) } else { Err(Refusal::Unbalanced) }
    }
}

/// Why a journal was not posted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// A user account would go below zero.
    #[error("{account} holds {available}, {needed} are needed")]
    InsufficientFunds {
        /// The account's name.
        account: String,
        /// What it holds.
        available: Money,
        /// What the journal takes.
        needed: Money,
    },
    /// The key stands for another body.
    #[error("key {0} was already used for a different journal")]
    KeyReused(IdempotencyKey),
    /// The lines do not make a journal.
    #[error("the entries of a journal must sum to zero in each currency")]
    Unbalanced,
    /// A sum does not fit.
    #[error("amount too large")]
    Overflow,
}

impl From<MoneyError> for Refusal {
    fn from(error: MoneyError) -> Self {
        match error {
            MoneyError::CurrencyMismatch => Self::Unbalanced,
            _ => Self::Overflow,
        }
    }
}

/// What became of a journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Posted now.
    Posted,
    /// Was already posted, with the same body.
    Replayed(JournalId),
    /// The same as the journal at this place of the batch, which is posted.
    Repeats(usize),
    /// Not posted; nothing changed.
    Refused(Refusal),
}

/// A user account as the store knows it before the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Minor units that the account holds.
    pub posted: i64,
    /// Counts its entries.
    pub version: i64,
}

/// Decides a batch of journals in order, each on the balances that those before it left.
///
/// `known` are journals of the store with keys of this batch; `balances` the user accounts that the batch touches, and
/// are changed by what is posted (an absent one is empty). The answer has one verdict per journal, in order.
pub fn decide(
    journals: &[Journal],
    known: &HashMap<String, (JournalId, [u8; 32])>,
    balances: &mut HashMap<Account, Balance>,
) -> Vec<Verdict> {
    let mut fresh: HashMap<&str, (usize, [u8; 32])> = HashMap::with_capacity(journals.len());
    let mut verdicts = Vec::with_capacity(journals.len());
    for (at, journal) in journals.iter().enumerate() {
        let digest = journal.digest();
        let verdict = match (known.get(journal.key.as_str()), fresh.get(journal.key.as_str())) {
            (Some((id, earlier)), _) if *earlier == digest => Verdict::Replayed(*id),
            (None, Some((first, earlier))) if *earlier == digest => Verdict::Repeats(*first),
            (Some(_), _) | (None, Some(_)) => Verdict::Refused(Refusal::KeyReused(journal.key.clone())),
            (None, None) => match apply(journal, balances) {
                Ok(()) => {
                    fresh.insert(journal.key.as_str(), (at, digest));
                    Verdict::Posted
                }
                Err(refusal) => Verdict::Refused(refusal),
            },
        };
        verdicts.push(verdict);
    }
    verdicts
}

/// Applies one journal to the balances, or leaves them as they are.
fn apply(journal: &Journal, balances: &mut HashMap<Account, Balance>) -> Result<(), Refusal> {
    journal.check()?;
    // The balances after each line, one per account, so that a refusal half-way changes nothing.
    let mut after: Vec<(&Account, Balance)> = Vec::with_capacity(journal.entries.len());
    for Entry { account, amount } in journal.entries.iter().filter(|entry| entry.account.is_user()) {
        let index = after.iter().position(|(seen, _)| *seen == account).unwrap_or_else(|| {
            after.push((account, balances.get(account).copied().unwrap_or(Balance { posted: 0, version: 0 })));
            after.len() - 1
        });
        let balance = &mut after[index].1;
        balance.posted = balance.posted.checked_add(amount.minor()).ok_or(Refusal::Overflow)?;
        balance.version += 1;
    }
    for (account, balance) in &after {
        if balance.posted < 0 {
            let before = balances.get(*account).map_or(0, |b| b.posted);
            return Err(Refusal::InsufficientFunds {
                account: account.name.clone(),
                available: Money::new(before, account.currency),
                needed: Money::new(before.saturating_sub(balance.posted), account.currency),
            });
        }
    }
    for (account, balance) in after {
        balances.insert(account.clone(), balance);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const NOW: Timestamp = Timestamp::from_secs(1_700_000_000);

    fn journal(key: &str, from: Account, to: Account, minor: i64) -> Journal {
        let amount = Money::new(minor, from.currency());
        Journal::new(IdempotencyKey::new(key).unwrap(), "test", "system", "", NOW).transfer(from, to, amount)
    }

    fn wallet(user: i64) -> Account {
        Account::purse(UserId::new(user), Purse::Wallet)
    }

    fn adjust() -> Account {
        Account::platform("adjust", Currency::Usd)
    }

    #[test]
    fn a_batch_is_decided_in_order() {
        let mut balances = HashMap::new();
        let batch = [
            journal("a", adjust(), wallet(1), 100),
            journal("b", wallet(1), wallet(2), 60),
            journal("c", wallet(1), wallet(2), 60),
            journal("b", wallet(1), wallet(2), 60),
            journal("b", wallet(1), wallet(2), 61),
            journal("d", wallet(1), wallet(2), 40),
        ];
        let verdicts = decide(&batch, &HashMap::new(), &mut balances);
        assert_eq!(verdicts[0], Verdict::Posted);
        assert_eq!(verdicts[1], Verdict::Posted);
        assert!(matches!(&verdicts[2], Verdict::Refused(Refusal::InsufficientFunds { available, needed, .. })
            if available.minor() == 40 && needed.minor() == 60));
        assert_eq!(verdicts[3], Verdict::Repeats(1)); // two taps in one batch are one command
        assert!(matches!(&verdicts[4], Verdict::Refused(Refusal::KeyReused(_))));
        assert_eq!(verdicts[5], Verdict::Posted);
        assert_eq!(balances[&wallet(1)], Balance { posted: 0, version: 3 });
        assert_eq!(balances[&wallet(2)], Balance { posted: 100, version: 2 });
    }

    #[test]
    fn a_known_key_is_a_replay_or_a_refusal() {
        let same = journal("k", adjust(), wallet(1), 5);
        let known = HashMap::from([("k".to_owned(), (JournalId::new(9), same.digest()))]);
        let verdicts = decide(&[same, journal("k", adjust(), wallet(1), 6)], &known, &mut HashMap::new());
        assert_eq!(verdicts[0], Verdict::Replayed(JournalId::new(9)));
        assert!(matches!(verdicts[1], Verdict::Refused(Refusal::KeyReused(_))));
    }

    #[test]
    fn a_journal_must_balance_per_currency() {
        let mut lame = journal("k", adjust(), wallet(1), 5);
        lame.entries[0].amount = Money::usd_minor(-4);
        assert_eq!(lame.check(), Err(Refusal::Unbalanced));
        let mut mixed = journal("k", adjust(), wallet(1), 5);
        mixed.entries[0].amount = Money::ngn_minor(-5);
        assert_eq!(mixed.check(), Err(Refusal::Unbalanced));
        let fx = Journal::new(IdempotencyKey::new("fx").unwrap(), "t", "s", "", NOW).exchange(
            wallet(1),
            Money::usd_minor(1_000_000),
            Account::bank(Currency::Ngn),
            Money::ngn_minor(156_025),
        );
        assert_eq!(fx.check(), Ok(()));
    }

    fn any_journal() -> impl Strategy<Value = Journal> {
        (0..40_u32, 0..4_i64, 0..4_i64, any::<bool>(), -5..200_i64).prop_map(|(key, from, to, fund, minor)| {
            let from = if fund { adjust() } else { wallet(from) };
            journal(&format!("k{key}"), from, Account::held(UserId::new(to), Purse::Wallet), minor)
        })
    }

    proptest! {
        #[test] // Whatever is posted, in whatever order, no user account goes below zero and no money appears.
        fn no_money_appears_and_no_purse_is_overdrawn(journals in prop::collection::vec(any_journal(), 0..64)) {
            let mut balances = HashMap::new();
            let verdicts = decide(&journals, &HashMap::new(), &mut balances);
            let mut sums: HashMap<Account, i64> = HashMap::new();
            for (journal, verdict) in journals.iter().zip(&verdicts) {
                if *verdict == Verdict::Posted {
                    for entry in &journal.entries {
                        *sums.entry(entry.account.clone()).or_default() += entry.amount.minor();
                    }
                }
            }
            prop_assert_eq!(sums.values().sum::<i64>(), 0);
            for (account, balance) in &balances {
                prop_assert!(balance.posted >= 0);
                prop_assert_eq!(sums.get(account).copied().unwrap_or(0), balance.posted);
            }
            let posted_keys: Vec<_> = journals.iter().zip(&verdicts).filter(|(_, v)| **v == Verdict::Posted).map(|(j, _)| &j.key).collect();
            let distinct: std::collections::HashSet<_> = posted_keys.iter().collect();
            prop_assert_eq!(distinct.len(), posted_keys.len());
        }
    }
}
