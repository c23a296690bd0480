//! What the parts of the bot share.

use crate::cache::Cache;
use crate::model::Facts;
use app::App;
use tokio::sync::Notify;

/// What the parts of the bot share.
pub(crate) struct Context {
    /// The business.
    pub app: App,
    /// The same for everybody.
    pub facts: Facts,
    /// What is remembered of users.
    pub cache: Cache,
    /// Updates were kept: the worker looks at once. Those of other processes it finds by the store's changes.
    pub arrived: Notify,
}

impl Context {
    /// Puts the parts together; `bot_name` is Telegram's word for the bot.
    pub(crate) fn new(app: App, bot_name: String) -> Self {
        let settings = app.settings();
        let support = settings.bot.support.as_deref();
        let url = support.and_then(crate::screens::support_url);
        if support.is_some() && url.is_none() {
            tracing::warn!("bot.support is neither a link nor a Telegram name: Support is not shown");
        }
        let facts = Facts {
            bot_name,
            support: url,
            affiliate_percent: settings.bot.affiliate_percent,
            rate_hold: settings.withdrawals.rate_hold,
            plans: settings.boosts.plans.clone().into(),
            schedule: settings.boosts.schedule,
            interval: settings.boosts.interval,
            credentials_shown: settings.bot.credentials_shown,
            topup_min: settings.payments.min_topup,
        };
        Self { app, facts, cache: Cache::default(), arrived: Notify::new() }
    }
}
