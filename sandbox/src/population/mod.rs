//! Simulated Telegram users.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::watch;

use crate::SandboxConfig;
use crate::chance::Chance;
use crate::names;
use crate::stand::stopped;
use crate::telegram::{Telegram, User};

const FIRST_ID: i64 = 710_000_001;

pub(crate) struct Population {
    telegram: Arc<Telegram>,
    ids: Vec<i64>,
    begun: AtomicBool,
}

impl Population {
    pub(crate) fn new(telegram: Arc<Telegram>, config: &SandboxConfig) -> Self {
        let mut chance = Chance::new(config.seed);
        let ids: Vec<i64> = (0..i64::from(config.population)).map(|index| FIRST_ID + index).collect();
        for id in &ids {
            let (first, last_name, username) = names::person(&mut chance);
            let user = User { last_name, username, started: true, ..User::new(*id, &first) };
            telegram.add_user(user);
        }
        Self { telegram, ids, begun: AtomicBool::new(false) }
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        self.ids.clone()
    }

    /// True for the first caller.
    pub(crate) fn begin(&self) -> bool {
        !self.begun.swap(true, Ordering::SeqCst)
    }

    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<()>) {
        let _ = &self.telegram;
        stopped(&mut stop).await;
    }
}
