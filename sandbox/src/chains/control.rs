//! Control routes of its own: paying, replacing blocks, and how nodes behave.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::ledger::{How, Pay, Tx};
use super::net::Net;
use super::{ChainStand, MAIN};
use crate::clock::Millis;
use crate::http::{Ask, Reply};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payment {
    /// A word such as `usdt_bsc`; the chain's own coin by default.
    asset: Option<String>,
    /// Any token, in place of an asset.
    token: Option<String>,
    to: String,
    units: Units,
    from: Option<String>,
    /// It is in a block and failed.
    #[serde(default)]
    fail: bool,
    /// In place of one that is made up.
    hash: Option<String>,
    memo: Option<String>,
    /// Others that the same transaction pays.
    #[serde(default)]
    batch: Vec<Part>,
    /// The coin is passed on by a contract.
    #[serde(default)]
    internal: bool,
    /// A token that only has the name.
    #[serde(default)]
    fake: bool,
    /// Aptos: as a coin of the first kind.
    #[serde(default)]
    legacy: bool,
    /// It stays out of blocks until `_release`.
    #[serde(default)]
    held: bool,
    /// When it was sent, in milliseconds; now by default.
    at: Option<Millis>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    to: String,
    units: Units,
}

/// Digits as text, or a number where it fits.
#[derive(Deserialize)]
#[serde(untagged)]
enum Units {
    Text(String),
    Number(u64),
}

impl Units {
    fn digits(&self) -> Option<String> {
        match self {
            Self::Text(text) => text.parse::<u128>().ok().map(|units| units.to_string()),
            Self::Number(units) => Some(units.to_string()),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Reorg {
    hash: String,
    /// It is gone.
    #[serde(default)]
    drop: bool,
    /// It is in a later block.
    #[serde(default)]
    other_block: bool,
    /// Its receipt goes on naming the block that was replaced.
    #[serde(default)]
    old_receipt: bool,
    /// Its logs are marked as removed.
    #[serde(default)]
    removed: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    hash: String,
}

impl ChainStand {
    pub(super) fn control_route(&self, ask: &Ask) -> Option<Reply> {
        Some(match (ask.method.as_str(), ask.path.as_str()) {
            ("POST", "/_pay") => self.pay(ask).unwrap_or_else(|refused| refused),
            ("POST", "/_reorg") => self.reorg(ask).unwrap_or_else(|refused| refused),
            ("POST", "/_release") => self.release(ask).unwrap_or_else(|refused| refused),
            ("POST", "/_nodes") => self.set_node(ask).unwrap_or_else(|refused| refused),
            ("GET", "/_nodes") => Reply::json(200, &*self.nodes()),
            ("GET", "/_txs") => {
                let text = format!("{{\"txs\":{}}}", self.ledger().shown());
                Reply::text(200, crate::http::JSON, text)
            }
            _ => return None,
        })
    }

    fn pay(&self, ask: &Ask) -> Result<Reply, Reply> {
        let payment: Payment = ask.json()?;
        let (net, now) = (self.net, self.core.clock.now());
        let token = match (&payment.token, &payment.asset) {
            (Some(token), _) => Some(token.clone()),
            (None, Some(asset)) => {
                let known = net.token(asset).ok_or_else(|| Reply::refused(&format!("{asset} is not of this chain")))?;
                known.map(str::to_owned)
            }
            (None, None) => None,
        };
        let how = match () {
            () if payment.fake && net == Net::Tron => How::Trc10,
            () if payment.internal => How::Internal,
            () if payment.legacy => How::Legacy,
            () => How::Plain,
        };
        let fake = || net.address(&format!("fake {}", token.as_deref().unwrap_or("coin")));
        let token = if payment.fake { Some(fake()) } else { token };
        let parts = std::iter::once((&payment.to, &payment.units));
        let parts = parts.chain(payment.batch.iter().map(|part| (&part.to, &part.units)));
        let pay = |(to, units): (&String, &Units)| {
            let units = units.digits().ok_or_else(|| Reply::refused("units are digits"))?;
            if !net.is_address(to) {
                return Err(Reply::refused(&format!("{to} is no address here")));
            }
            Ok(Pay { to: net.normal(to), units, token: token.as_ref().map(|token| net.normal(token)), how })
        };
        let pays = parts.map(pay).collect::<Result<Vec<_>, _>>()?;
        let mut ledger = self.ledger();
        let (n, of) = ledger.next(now);
        let sent_at = payment.at.unwrap_or(now);
        let (height, at) = match net {
            Net::Aptos => (2_500_000_000_i64.saturating_add_unsigned(n * 3), sent_at),
            _ => (net.head(sent_at) + 1, net.block_time(net.head(sent_at) + 1)),
        };
        let tx = Tx {
            n,
            hash: net.normal(&payment.hash.unwrap_or_else(|| net.hash(&of))),
            from: net.normal(&payment.from.unwrap_or_else(|| net.address(&format!("from {of}")))),
            pays,
            fail: payment.fail,
            memo: payment.memo,
            sent_at,
            height,
            at,
            held: payment.held,
            dropped: false,
            removed: false,
            old_block: None,
        };
        let answer = json!({ "hash": tx.hash, "height": height, "at": at });
        if !ledger.add(tx) {
            return Err(Reply::json(409, &json!({ "error": "this hash is taken" })));
        }
        Ok(Reply::json(200, &answer))
    }

    fn reorg(&self, ask: &Ask) -> Result<Reply, Reply> {
        let Reorg { hash, drop, other_block, old_receipt, removed } = ask.json()?;
        let net = self.net;
        let mut ledger = self.ledger();
        let hash = net.normal(&hash);
        let was = ledger.txs.iter().find(|tx| tx.hash == hash).map(|tx| tx.height);
        let old = was.map(|height| ledger.block_hash(height)).filter(|_| old_receipt);
        let changed = ledger.change(&hash, true, |tx| {
            (tx.dropped, tx.removed, tx.old_block) = (drop, removed, old);
            if other_block {
                tx.height += 3;
                tx.at = net.block_time(tx.height);
            }
        });
        found(changed)
    }

    /// What was held goes into the next block.
    fn release(&self, ask: &Ask) -> Result<Reply, Reply> {
        let Release { hash } = ask.json()?;
        let (net, now) = (self.net, self.core.clock.now());
        found(self.ledger().change(&net.normal(&hash), false, |tx| {
            tx.held = false;
            (tx.height, tx.at) = match net {
                Net::Aptos => (tx.height, now),
                _ => (net.head(now) + 1, net.block_time(net.head(now) + 1)),
            };
        }))
    }

    /// `{"node": "b", …}`: what is not named is honest again.
    fn set_node(&self, ask: &Ask) -> Result<Reply, Reply> {
        let mut body: Map<String, Value> = ask.json()?;
        let node = body.remove("node").and_then(|name| name.as_str().map(str::to_owned));
        let habits = serde_json::from_value(Value::Object(body)).map_err(|why| Reply::refused(&why.to_string()))?;
        self.nodes().insert(node.unwrap_or_else(|| MAIN.to_owned()), habits);
        Ok(Reply::done())
    }
}

fn found(tx: Option<Tx>) -> Result<Reply, Reply> {
    tx.map(|tx| Reply::json(200, &tx)).ok_or_else(|| Reply::not_found("no such transaction"))
}
