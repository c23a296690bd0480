//! One chain's ledger: what was paid, in which block it is, and what a node makes of it.

use serde::{Deserialize, Serialize};

use super::net::{Net, digest, hex};
use crate::clock::Millis;
use crate::journal::{Journal, line};

/// One transaction. It keeps the block that it is in.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Tx {
    pub(crate) n: u64,
    pub(crate) hash: String,
    pub(crate) from: String,
    pub(crate) pays: Vec<Pay>,
    pub(crate) fail: bool,
    pub(crate) memo: Option<String>,
    pub(crate) sent_at: Millis,
    pub(crate) height: i64,
    /// When its block is made.
    pub(crate) at: Millis,
    /// It is in no block for as long as this is so.
    pub(crate) held: bool,
    /// It is gone, as if it had never been.
    pub(crate) dropped: bool,
    /// Its logs say that they are of a block that was replaced.
    pub(crate) removed: bool,
    /// Its receipt still names this block.
    pub(crate) old_block: Option<String>,
}

/// One transfer within.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Pay {
    pub(crate) to: String,
    /// Decimal digits.
    pub(crate) units: String,
    /// `None` for the chain's own coin.
    pub(crate) token: Option<String>,
    pub(crate) how: How,
}

/// How it is paid where a chain knows several ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum How {
    Plain,
    /// A contract passes it on.
    Internal,
    /// Tron: a token that is no contract.
    Trc10,
    /// Aptos: as a coin of the first kind.
    Legacy,
}

impl Pay {
    pub(crate) fn units(&self) -> u128 {
        self.units.parse().unwrap_or(0)
    }
}

/// A line of the journal.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    Tx(Tx),
    /// From this height on all blocks are others.
    Fork(i64),
}

/// How a node differs from an honest one.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Habits {
    /// It is so far behind.
    pub(crate) stale_ms: Millis,
    /// It says that more was paid.
    pub(crate) lies: bool,
    /// It knows no transaction.
    pub(crate) hides: bool,
    /// BSC: it knows the tag `finalized`.
    pub(crate) finalized: bool,
    /// What it says that its chain is, in place of the truth.
    pub(crate) chain_id: Option<u64>,
}

impl Default for Habits {
    fn default() -> Self {
        Self { stale_ms: 0, lies: false, hides: false, finalized: true, chain_id: None }
    }
}

pub(crate) struct Ledger {
    pub(crate) net: Net,
    seed: u64,
    /// The oldest first.
    pub(crate) txs: Vec<Tx>,
    pub(crate) forks: Vec<i64>,
    pub(crate) journal: Option<Journal>,
}

impl Ledger {
    pub(crate) fn new(net: Net, seed: u64) -> Self {
        Self { net, seed, txs: Vec::new(), forks: Vec::new(), journal: None }
    }

    pub(crate) fn close(&mut self) {
        if let Some(journal) = &mut self.journal {
            journal.close();
        }
    }

    /// What makes the next transaction different from all others, also of another run.
    pub(crate) fn next(&self, now: Millis) -> (u64, String) {
        let n = self.txs.last().map_or(1, |last| last.n + 1);
        (n, format!("{}:{}:{n}:{now}", self.net.word(), self.seed))
    }

    /// Takes a transaction; false when its hash is taken.
    pub(crate) fn add(&mut self, tx: Tx) -> bool {
        if self.txs.iter().any(|known| known.hash == tx.hash) {
            return false;
        }
        self.keep(&Line::Tx(tx.clone()));
        self.txs.push(tx);
        true
    }

    /// Changes the transaction of that hash, and all blocks from its own on if `forks`.
    pub(crate) fn change(&mut self, hash: &str, forks: bool, change: impl FnOnce(&mut Tx)) -> Option<Tx> {
        let index = self.txs.iter().position(|tx| tx.hash == hash)?;
        if forks {
            let from = self.txs.get(index)?.height;
            self.forks.push(from);
            self.keep(&Line::Fork(from));
        }
        let tx = self.txs.get_mut(index)?;
        change(tx);
        let tx = tx.clone();
        self.keep(&Line::Tx(tx.clone()));
        Some(tx)
    }

    fn keep(&mut self, what: &Line) {
        if let Some(journal) = &mut self.journal {
            journal.append_or_note(&line(what));
        }
    }

    /// The hash of a block; another one for each time that it was replaced.
    pub(crate) fn block_hash(&self, height: i64) -> String {
        let forks = self.forks.iter().filter(|from| **from <= height).count();
        let hash = hex(&digest(&format!("{}:{}:block:{height}:{forks}", self.net.word(), self.seed)));
        format!("0x{hash}")
    }

    /// Every transaction as JSON text.
    pub(crate) fn shown(&self) -> String {
        serde_json::to_string(&self.txs).unwrap_or_else(|_| "[]".to_owned())
    }
}

/// How far a transaction has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    Waiting,
    InBlock,
    Final,
}

/// What a node sees.
pub(crate) struct View<'a> {
    pub(crate) ledger: &'a Ledger,
    pub(crate) now: Millis,
    pub(crate) habits: &'a Habits,
}

impl View<'_> {
    /// A transaction and how far it has come, as this node tells it.
    pub(crate) fn find(&self, hash: &str) -> Option<(Tx, Stage)> {
        let net = self.ledger.net;
        let hash = net.normal(hash);
        let tx = self.ledger.txs.iter().find(|tx| tx.hash == hash)?;
        if tx.dropped || tx.sent_at > self.now || self.habits.hides {
            return None;
        }
        let stage = match () {
            () if tx.held || tx.at > self.now => Stage::Waiting,
            () if net == Net::Aptos || tx.height <= net.final_head(self.now) => Stage::Final,
            () => Stage::InBlock,
        };
        let mut tx = tx.clone();
        if self.habits.lies {
            for pay in &mut tx.pays {
                pay.units = pay.units().saturating_mul(10).to_string();
            }
        }
        Some((tx, stage))
    }

    pub(crate) fn head(&self) -> i64 {
        self.ledger.net.head(self.now)
    }

    pub(crate) fn final_head(&self) -> i64 {
        self.ledger.net.final_head(self.now)
    }
}
