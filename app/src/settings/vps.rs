//! Settings of buying and running machines at SmartVPS.

use providers::smartvps::Refusal;
use std::time::Duration;

/// How machines are bought and looked after.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is a key of config.toml with its sentence there")]
pub struct VpsSettings {
    pub total: Duration,
    pub buy_total: Duration,
    /// Texts that prove that a purchase did not happen.
    pub refusals: Vec<Refusal>,
    /// Orders that are worked on at once; of one package one at a time.
    pub concurrency: usize,
    /// A list that could not be read, and a purchase that never left, are tried again after this.
    pub retry: Duration,
    /// An order without stock looks again after this, if no sync brings it forward,
    pub stock_look: Duration,
    /// and waits for an operator after that.
    pub stock_wait: Duration,
    /// A new machine is asked for its password after this, then twice as late each time,
    pub poll_first: Duration,
    /// but at least so often,
    pub poll_max: Duration,
    /// and is shown to an operator when it has none after that.
    pub credentials_wait: Duration,
    /// A machine's action that its status does not confirm for so long is over, as unknown.
    pub action_wait: Duration,
    /// How often machines are asked how they are,
    pub status_every: Duration,
    /// and how many of them at a time.
    pub status_batch: i64,
}

impl Default for VpsSettings {
    fn default() -> Self {
        let secs = Duration::from_secs;
        Self {
            total: secs(60),
            buy_total: secs(180),
            refusals: Refusal::defaults(),
            concurrency: 16,
            retry: secs(30),
            stock_look: secs(120),
            stock_wait: secs(86_400),
            poll_first: secs(15),
            poll_max: secs(120),
            credentials_wait: secs(45 * 60),
            action_wait: secs(30 * 60),
            status_every: secs(600),
            status_batch: 10,
        }
    }
}
