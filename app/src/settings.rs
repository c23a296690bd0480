//! The checked configuration as use cases need it. Made by the binary from `config.toml` and the environment; every
//! value in here passed its rule, durations are already scaled in SANDBOX.

mod ipstock;
mod payments;
mod vps;

pub use ipstock::{DefaultPrice, IpstockSettings};
pub use payments::{ChainsSettings, PaymentsSettings, PricesSettings};
pub use vps::VpsSettings;

use domain::boost::{BoostPlan, Platform, Schedule, Shortfall, Targets};
use domain::breaker::BreakerSettings;
use domain::bucket::Size;
use domain::money::Plan;
use domain::operator::{Operator, Role};
use domain::policy::VelocityLimits;
use domain::routing::Policy;
use domain::smm::Adapter;
use domain::{Currency, Money, Rate, Secret};
use std::path::PathBuf;
use std::time::Duration;

/// Where the program runs, shown on every screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Environment {
    /// Stand-ins; no real money.
    Sandbox,
    /// The providers' test modes.
    Test,
    /// Real money.
    Prod,
}

/// A reason that an operator can choose, and what the user is told.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct RejectReason {
    /// A stable word: `name_mismatch`.
    pub code: String,
    /// The sentence that the user gets.
    pub text: String,
}

/// Everything about withdrawals.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is a key of config.toml with its sentence there")]
pub struct WithdrawalSettings {
    pub min_affiliate: Money,
    pub min_reply: Money,
    /// The largest single withdrawal, USD; a reply withdrawal is compared at the day's rate.
    pub max_usd: Money,
    /// Kept by us of each withdrawal, in the purse's currency.
    pub fee_affiliate: Money,
    pub fee_reply: Money,
    pub confirm_within: Duration,
    pub rate_hold: Duration,
    pub grace: Duration,
    pub approval_expires: Duration,
    pub two_signatures_above: Money,
    pub per_hour: u32,
    pub per_day: u32,
    pub velocity: VelocityLimits,
    /// Platform-wide; above it sending waits.
    pub hourly_ceiling: Money,
    pub auto_approve: bool,
    pub auto_approve_max: Money,
    pub auto_approve_after: i64,
    pub retry_count: u32,
    pub retry_backoff: Duration,
    pub reject_reasons: Vec<RejectReason>,
    pub reference_suffix: String,
    pub narration: String,
    /// Linked approvers may decide at level 2 in Telegram.
    pub telegram_approvals: bool,
    /// How long a four-eyes action of the only approver waits.
    pub solo_delay: Duration,
    /// What the only approver may decide by four-eyes actions in a day, USD.
    pub solo_daily_cap: Money,
}

/// When things are tried and how long they may take.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is a key of config.toml with its sentence there")]
pub struct Timing {
    pub connect: Duration,
    pub read_total: Duration,
    pub transfer_total: Duration,
    pub follow: Duration,
    pub lookup_first: Duration,
    pub lookup_spacing: Duration,
    pub resend_after: Duration,
    pub invariants: Duration,
    pub float: Duration,
    pub rates: Duration,
    pub banks: Duration,
    pub reconcile: Duration,
    pub rail_pause: Duration,
    pub notice_dedupe: Duration,
    pub lease_seen: Duration,
    pub stale_after: Duration,
}

/// Which rates may be used.
#[derive(Clone, Debug)]
pub struct RateSettings {
    /// Older ones may not.
    pub max_age: Duration,
    /// A larger deviation from Flutterwave's stops conversion, in parts per ten thousand.
    pub deviation_bps: u32,
    /// Operators' lower bound, NGN for a USD.
    pub min: Rate,
    /// Operators' upper bound.
    pub max: Rate,
}

/// How much a user may do.
#[derive(Clone, Debug)]
pub struct LimitSettings {
    /// Spending or calling-out commands.
    pub spending: Size,
    /// Menus.
    pub menus: Size,
    /// HTTP requests from one address.
    pub http: Size,
    /// Refusals within the bucket's time after which a user is muted.
    pub mute_after: u32,
    /// An adjustment up to this posts at once with a reason, USD; above it a second name signs.
    pub adjustment_single: Money,
}

/// The bot's surroundings.
#[derive(Clone, Debug)]
pub struct BotSettings {
    /// The picture of the main menu.
    pub main_menu_image: Option<PathBuf>,
    /// Where users find help: a Telegram link or name; nothing is shown without it.
    pub support: Option<String>,
    /// Commission of a referrer, in parts per hundred, in the texts and in the books.
    pub affiliate_percent: u32,
    /// How long the credentials of a server stand in the chat before they are hidden.
    pub credentials_shown: Duration,
}

/// Boost orders and who places them.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is a key of config.toml with its sentence there")]
pub struct BoostSettings {
    pub plans: Vec<BoostPlan>,
    pub schedule: Schedule,
    /// Between the parts of a schedule; the first goes out after one.
    pub interval: Duration,
    pub drip_feed: bool,
    pub policy: Policy,
    pub shortfall: Shortfall,
    /// How often a part's shortfall is ordered again before it is refunded.
    pub top_ups: i64,
    /// Placements on their way at once, over all providers.
    pub concurrency: usize,
    /// A link that has a running order at a panel is tried again after this,
    pub active_wait: Duration,
    /// and given up after that.
    pub active_give_up: Duration,
    /// A provider that refused a part is passed over for it this long.
    pub avoid: Duration,
    /// How often open orders are asked after at first; four times as seldom when they are a day old.
    pub track: Duration,
    /// Final orders are asked after this long.
    pub track_final: Duration,
    pub add_total: Duration,
    pub services_total: Duration,
    /// How often balances are read.
    pub balance: Duration,
    /// How often catalogues are read; zero is only by hand.
    pub sync: Duration,
    /// A sync after which more than this share of the catalogue is gone changes nothing, in percent.
    pub sync_guard_percent: i64,
    /// A price that jumps by more than this is held for a review, in percent.
    pub price_jump_percent: i64,
    /// Nothing is ordered that costs more than this share of what the credit cost, in percent; 0 is no ceiling.
    pub cost_ceiling_percent: i64,
    pub breaker: BreakerSettings,
    /// The adapter of the provider `plugsmms` where no operator chose (PLUGSMM_USE_NEW_API).
    pub plugsmms_adapter: Adapter,
    /// Orders are followed (PLUGSMM_ENABLE_ORDER_TRACKING); off, that provider's orders are done when they are placed.
    pub plugsmms_tracking: bool,
}

/// A provider that is added when there is none of its name.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "each is a key of config.toml with its sentence there")]
pub struct ProviderSeed {
    pub name: String,
    pub url: String,
    pub key: Option<Secret>,
    pub priority: i64,
    pub currency: String,
    /// Decimal text in that currency.
    pub low_balance: String,
    /// (our service's key, the provider's id of the service).
    pub services: Vec<(String, String)>,
    /// Its address and key are our stand-in's, which are others at each start: they are written over the provider's.
    pub stand_in: bool,
}

/// All of it.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "sections of config.toml")]
pub struct Settings {
    pub environment: Environment,
    pub operators: Vec<Operator>,
    pub withdrawals: WithdrawalSettings,
    pub timing: Timing,
    pub rates: RateSettings,
    pub limits: LimitSettings,
    pub ops_chats: Vec<i64>,
    pub bot: BotSettings,
    pub boosts: BoostSettings,
    pub smm_providers: Vec<ProviderSeed>,
    pub vps: VpsSettings,
    pub ipstock: IpstockSettings,
    pub chains: ChainsSettings,
    pub prices: PricesSettings,
    pub payments: PaymentsSettings,
}

impl Settings {
    /// How many names may approve.
    pub fn approvers(&self) -> usize {
        self.operators.iter().filter(|operator| operator.role >= Role::Approver).count()
    }

    /// A referrer's share of a confirmed purchase, in parts per ten thousand: `bot.affiliate_percent`.
    pub fn affiliate_bps(&self) -> u32 {
        self.bot.affiliate_percent.saturating_mul(100)
    }

    /// The settings of the shipped `config.toml` for SANDBOX, for tests and as the single place of the defaults.
    pub fn sandbox() -> Self {
        let usd = |units: i64| Money::usd_minor(units * 1_000_000);
        let ngn = |units: i64| Money::ngn_minor(units * 100);
        let secs = Duration::from_secs;
        let reason = |code: &str, text: &str| RejectReason { code: code.to_owned(), text: text.to_owned() };
        Self {
            environment: Environment::Sandbox,
            operators: Vec::new(),
            withdrawals: WithdrawalSettings {
                min_affiliate: usd(1),
                min_reply: ngn(100),
                max_usd: usd(500),
                fee_affiliate: Money::zero(Currency::Usd),
                fee_reply: Money::zero(Currency::Ngn),
                confirm_within: secs(600),
                rate_hold: secs(86_400),
                grace: secs(20),
                approval_expires: secs(86_400),
                two_signatures_above: usd(300),
                per_hour: 5,
                per_day: 3,
                velocity: VelocityLimits {
                    count_day: 2,
                    sum_day: ngn(1_000_000),
                    account_fresh: secs(86_400),
                    income_fresh: secs(3_600),
                },
                hourly_ceiling: ngn(5_000_000),
                auto_approve: false,
                auto_approve_max: Money::zero(Currency::Usd),
                auto_approve_after: 1_000,
                retry_count: 3,
                retry_backoff: secs(60),
                reject_reasons: vec![
                    reason("name_mismatch", "The account name does not match the name on your profile."),
                    reason(
                        "account_problem",
                        "The bank could not confirm this account. Please check the details and ask again.",
                    ),
                    reason("earnings_review", "Your earnings are being reviewed. Please contact support."),
                    reason("duplicate", "This looks like a repeat of another request of yours."),
                    reason(
                        "rate_over",
                        "The exchange rate you agreed to has run out. Please ask again at today's rate.",
                    ),
                ],
                reference_suffix: String::new(),
                narration: "ViralCore Withdrawal".to_owned(),
                telegram_approvals: false,
                solo_delay: Duration::ZERO,
                solo_daily_cap: usd(2_000),
            },
            timing: Timing {
                connect: secs(5),
                read_total: secs(35),
                transfer_total: secs(40),
                follow: secs(15),
                lookup_first: secs(10),
                lookup_spacing: secs(600),
                resend_after: secs(1_800),
                invariants: secs(60),
                float: secs(60),
                rates: secs(3_600),
                banks: secs(86_400),
                reconcile: secs(86_400),
                rail_pause: secs(60),
                notice_dedupe: secs(300),
                lease_seen: secs(5),
                stale_after: secs(30),
            },
            rates: RateSettings {
                max_age: secs(36 * 3_600),
                deviation_bps: 500,
                min: Rate::parse("500").unwrap_or_else(|_| unreachable!("a literal rate")),
                max: Rate::parse("5000").unwrap_or_else(|_| unreachable!("a literal rate")),
            },
            limits: LimitSettings {
                spending: Size { capacity: 10, per: secs(60) },
                menus: Size { capacity: 60, per: secs(60) },
                http: Size { capacity: 100, per: secs(60) },
                mute_after: 20,
                adjustment_single: usd(200),
            },
            ops_chats: Vec::new(),
            bot: BotSettings {
                main_menu_image: None,
                support: None,
                affiliate_percent: 10,
                credentials_shown: Duration::from_secs(60),
            },
            boosts: BoostSettings::default(),
            smm_providers: ProviderSeed::presets(),
            vps: VpsSettings::default(),
            ipstock: IpstockSettings::default(),
            chains: ChainsSettings::stand_ins(),
            prices: PricesSettings::default(),
            payments: PaymentsSettings::default(),
        }
    }
}

impl Default for BoostSettings {
    fn default() -> Self {
        let secs = Duration::from_secs;
        // `viralcore-rules.md` tables 1.1 and 1.2: what is ordered, and what a post costs.
        let plan = |code: &str, platform, [views, likes, comments, reposts]: [i64; 4], cents: i64| BoostPlan {
            plan: Plan::new(code).unwrap_or_else(|| unreachable!("a literal plan")),
            platform,
            targets: Targets { views, likes, comments, reposts },
            price: Money::usd_minor(cents * 10_000),
        };
        Self {
            plans: vec![
                plan("t1", Platform::X, [2_000, 30, 10, 5], 50),
                plan("t2", Platform::X, [5_000, 50, 20, 10], 100),
                plan("t3", Platform::X, [7_000, 75, 30, 15], 150),
                plan("t4", Platform::X, [10_000, 100, 40, 20], 200),
                plan("t5", Platform::X, [15_000, 150, 60, 30], 300),
                plan("tgt5", Platform::Telegram, [0, 0, 5, 0], 10),
                plan("tgt", Platform::Telegram, [0, 0, 10, 0], 20),
                plan("tgt15", Platform::Telegram, [0, 0, 15, 0], 30),
                plan("tgt20", Platform::Telegram, [0, 0, 20, 0], 40),
                plan("tgt25", Platform::Telegram, [0, 0, 25, 0], 50),
                plan("tgt30", Platform::Telegram, [0, 0, 30, 0], 60),
            ],
            schedule: Schedule::Halves,
            interval: secs(1_800),
            drip_feed: false,
            policy: Policy::Priority,
            shortfall: Shortfall::TopUp,
            top_ups: 2,
            concurrency: 16,
            active_wait: secs(600),
            active_give_up: secs(7_200),
            avoid: secs(600),
            track: secs(60),
            track_final: secs(3 * 86_400),
            add_total: secs(30),
            services_total: secs(60),
            balance: secs(300),
            sync: secs(6 * 3_600),
            sync_guard_percent: 50,
            price_jump_percent: 30,
            cost_ceiling_percent: 100,
            breaker: BreakerSettings::default(),
            plugsmms_adapter: Adapter::Current,
            plugsmms_tracking: true,
        }
    }
}

impl ProviderSeed {
    /// The three that the business began with, in their order of preference (`viralcore-rules.md` 3.5).
    pub fn presets() -> Vec<Self> {
        let preset = |name: &str, host: &str, priority, views: &str, likes: &str| Self {
            name: name.to_owned(),
            url: format!("https://{host}/api/v2"),
            key: None,
            priority,
            currency: "USD".to_owned(),
            low_balance: "5".to_owned(),
            services: vec![("x_views".to_owned(), views.to_owned()), ("x_likes".to_owned(), likes.to_owned())],
            stand_in: false,
        };
        vec![
            preset("smmflare", "smmflare.com", 1, "8381", "8646"),
            preset("plugsmms", "plugsmmservice.com", 2, "6073", "11023"),
            preset("smmstone", "smmstone.com", 3, "5480", "6662"),
        ]
    }
}
