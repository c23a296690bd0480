//! The checked configuration as use cases need it. Made by the binary from `config.toml` and the environment; every
//! value in here passed its rule, durations are already scaled in SANDBOX.

use domain::bucket::Size;
use domain::operator::{Operator, Role};
use domain::policy::VelocityLimits;
use domain::{Currency, Money, Rate};
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
    /// Commission of a referrer, in parts per hundred, for the texts.
    pub affiliate_percent: u32,
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
}

impl Settings {
    /// How many names may approve.
    pub fn approvers(&self) -> usize {
        self.operators.iter().filter(|operator| operator.role >= Role::Approver).count()
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
            bot: BotSettings { main_menu_image: None, support: None, affiliate_percent: 10 },
        }
    }
}
