//! `[withdrawals]`, `[rates]`, `[limits]`, `[bot]`, `[notify]` and `[timing]`: what use cases go by.

use super::kind::{self, COUNT, DECIMAL, NGN, NGN_OR_ZERO, PER, SWITCH, TEXT, USD, USD_OR_ZERO, WAIT, WAIT_OR_NONE};
use super::kind::{at_least_one, counter, not_negative};
use super::reader::Reader;
use app::settings::{BotSettings, LimitSettings, RateSettings, RejectReason, Settings, Timing, WithdrawalSettings};
use domain::Rate;
use domain::policy::VelocityLimits;
use std::collections::BTreeSet;
use std::time::Duration;

/// The only approver's four-eyes actions wait so long where the money is real.
const SOLO_DELAY: Duration = Duration::from_secs(30 * 60);
/// The word for "what fits the environment".
const AUTO: &str = "auto";
/// A reference may be sent again no sooner, whatever the configuration would like.
const RESEND_AFTER_MIN: Duration = Duration::from_secs(30 * 60);
/// No wait is scaled below this, so that nothing spins.
const SHORTEST: Duration = Duration::from_millis(10);

/// Multiplies waits in SANDBOX.
#[derive(Clone, Copy)]
pub(super) struct Scale(Option<Rate>);

impl Scale {
    /// `timing.scale`; real services keep their own time.
    pub(super) fn take(reader: &mut Reader, sandbox: bool) -> Self {
        let one = Rate::new(1, 1);
        let Some(default) = one else {
            return Self(None);
        };
        let scale = reader.take("timing.scale", DECIMAL, default);
        if scale == default {
            return Self(None);
        }
        reader.require(sandbox, "timing.scale", &[], "is accepted only in SANDBOX");
        Self(sandbox.then_some(scale))
    }

    /// The wait as it is scaled; none stays none.
    pub(super) fn of(self, wait: Duration) -> Duration {
        let Some(scale) = self.0.filter(|_| !wait.is_zero()) else {
            return wait;
        };
        let (num, den) = scale.parts();
        let (num, den) = (u128::from(num.unsigned_abs()), u128::from(den.unsigned_abs()).max(1));
        let micros = wait.as_micros().saturating_mul(num) / den;
        // A century is for ever, and is far from any overflow of later sums.
        let micros = u64::try_from(micros).unwrap_or(u64::MAX).min(100 * 366 * 86_400 * 1_000_000);
        Duration::from_micros(micros).max(SHORTEST)
    }
}

/// `[withdrawals]`.
pub(super) fn withdrawals(r: &mut Reader, sandbox: bool, scale: Scale) -> WithdrawalSettings {
    let d = kind::defaults().withdrawals;
    let wait = |r: &mut Reader, key: &str, default| scale.of(r.take(key, WAIT, default));
    let settings = WithdrawalSettings {
        min_affiliate: r.take("withdrawals.min_affiliate", USD, d.min_affiliate),
        min_reply: r.take("withdrawals.min_reply", NGN, d.min_reply),
        max_usd: r.take("withdrawals.max_usd", USD, d.max_usd),
        fee_affiliate: r.take("withdrawals.fee_affiliate", USD_OR_ZERO, d.fee_affiliate),
        fee_reply: r.take("withdrawals.fee_reply", NGN_OR_ZERO, d.fee_reply),
        confirm_within: wait(r, "withdrawals.confirm_within", d.confirm_within),
        rate_hold: wait(r, "withdrawals.rate_hold", d.rate_hold),
        grace: scale.of(r.take("withdrawals.grace", WAIT_OR_NONE, d.grace)),
        approval_expires: wait(r, "withdrawals.approval_expires", d.approval_expires),
        two_signatures_above: r.take("withdrawals.two_signatures_above", USD_OR_ZERO, d.two_signatures_above),
        per_hour: count(r, "withdrawals.per_hour", d.per_hour),
        per_day: count(r, "withdrawals.per_day", d.per_day),
        velocity: velocity(r, d.velocity),
        hourly_ceiling: r.take("withdrawals.hourly_ceiling", NGN, d.hourly_ceiling),
        auto_approve: r.take("withdrawals.auto_approve", SWITCH, d.auto_approve),
        auto_approve_max: r.take("withdrawals.auto_approve_max", USD_OR_ZERO, d.auto_approve_max),
        auto_approve_after: r.take("withdrawals.auto_approve_after", COUNT.must(not_negative), d.auto_approve_after),
        retry_count: count_or_none(r, "withdrawals.retry_count", d.retry_count),
        retry_backoff: wait(r, "withdrawals.retry_backoff", d.retry_backoff),
        reject_reasons: reject_reasons(r, d.reject_reasons),
        reference_suffix: r.take("withdrawals.reference_suffix", TEXT.must(|text| suffix(text)), d.reference_suffix),
        narration: r.take("withdrawals.narration", TEXT.must(|text| narration(text)), d.narration),
        telegram_approvals: r.take("withdrawals.telegram_approvals", SWITCH, d.telegram_approvals),
        solo_delay: solo_delay(r, sandbox, scale),
        solo_daily_cap: r.take("withdrawals.solo_daily_cap", USD_OR_ZERO, d.solo_daily_cap),
    };
    relations(r, &settings);
    settings
}

/// Rules between keys.
fn relations(r: &mut Reader, s: &WithdrawalSettings) {
    const MIN: &str = "withdrawals.min_affiliate";
    let (min, max) = (s.min_affiliate.minor(), s.max_usd.minor());
    r.require(max >= min, "withdrawals.max_usd", &[MIN], "must not be below withdrawals.min_affiliate");
    let key = "withdrawals.fee_affiliate";
    r.require(s.fee_affiliate.minor() < min, key, &[MIN], "must be below withdrawals.min_affiliate");
    let below = s.fee_reply.minor() < s.min_reply.minor();
    let key = "withdrawals.fee_reply";
    r.require(below, key, &["withdrawals.min_reply"], "must be below withdrawals.min_reply");
    // Two names cannot be replaced by none.
    let within = s.auto_approve_max.minor() <= s.two_signatures_above.minor();
    let (key, other) = ("withdrawals.auto_approve_max", "withdrawals.two_signatures_above");
    r.require(within, key, &[other], "must not be above withdrawals.two_signatures_above");
    r.require(s.per_day <= 1_000, "withdrawals.per_day", &[], "must be at most 1000");
}

fn count(r: &mut Reader, key: &str, default: u32) -> u32 {
    counter(r.take(key, COUNT.must(at_least_one), i64::from(default)))
}

fn count_or_none(r: &mut Reader, key: &str, default: u32) -> u32 {
    counter(r.take(key, COUNT.must(not_negative), i64::from(default)))
}

fn velocity(r: &mut Reader, d: VelocityLimits) -> VelocityLimits {
    VelocityLimits {
        count_day: r.take("withdrawals.velocity.count_day", COUNT.must(not_negative), d.count_day),
        sum_day: r.take("withdrawals.velocity.sum_day", NGN_OR_ZERO, d.sum_day),
        account_fresh: r.take("withdrawals.velocity.account_fresh", WAIT_OR_NONE, d.account_fresh),
        income_fresh: r.take("withdrawals.velocity.income_fresh", WAIT_OR_NONE, d.income_fresh),
    }
}

/// `auto`, or a duration that holds in every environment.
fn solo_delay(r: &mut Reader, sandbox: bool, scale: Scale) -> Duration {
    const KEY: &str = "withdrawals.solo_delay";
    let word = r.take(KEY, TEXT, AUTO.to_owned());
    if word == AUTO {
        return if sandbox { Duration::ZERO } else { SOLO_DELAY };
    }
    match kind::parse_duration(&word) {
        Some(delay) => scale.of(delay),
        None => {
            r.refuse(KEY, "must be \"auto\" or a duration such as \"30m\"");
            SOLO_DELAY
        }
    }
}

fn reject_reasons(r: &mut Reader, defaults: Vec<RejectReason>) -> Vec<RejectReason> {
    const KEY: &str = "withdrawals.reject_reasons";
    let tables = r.tables(KEY);
    if tables.is_empty() {
        return defaults;
    }
    let mut seen = BTreeSet::new();
    let mut reasons = Vec::new();
    for table in tables {
        let (code_key, text_key) = (format!("{table}.code"), format!("{table}.text"));
        let code = r.take(&code_key, TEXT.must(|text| code(text)), String::new());
        let text = r.take(&text_key, TEXT.must(|text| sentence(text)), String::new());
        r.need(&code_key);
        r.need(&text_key);
        r.require(code.is_empty() || seen.insert(code.clone()), &code_key, &[], "must be unique");
        reasons.push(RejectReason { code, text });
    }
    reasons
}

/// `[rates]`.
pub(super) fn rates(r: &mut Reader) -> RateSettings {
    let d = kind::defaults().rates;
    let settings = RateSettings {
        max_age: r.take("rates.max_age", WAIT, d.max_age),
        deviation_bps: count(r, "rates.deviation_bps", d.deviation_bps),
        min: r.take("rates.min", DECIMAL, d.min),
        max: r.take("rates.max", DECIMAL, d.max),
    };
    let (a, b) = (settings.min.parts(), settings.max.parts());
    let below = i128::from(a.0) * i128::from(b.1) < i128::from(b.0) * i128::from(a.1);
    r.require(below, "rates.max", &["rates.min"], "must be above rates.min");
    r.require(settings.deviation_bps < 10_000, "rates.deviation_bps", &[], "must be below 10000");
    settings
}

/// `[limits]`.
pub(super) fn limits(r: &mut Reader) -> LimitSettings {
    let d = kind::defaults().limits;
    LimitSettings {
        spending: r.take("limits.spending", PER, d.spending),
        menus: r.take("limits.menus", PER, d.menus),
        http: r.take("limits.http", PER, d.http),
        mute_after: count(r, "limits.mute_after", d.mute_after),
        adjustment_single: r.take("limits.adjustment_single", USD_OR_ZERO, d.adjustment_single),
    }
}

/// `[bot]`.
pub(super) fn bot(r: &mut Reader) -> BotSettings {
    let d = kind::defaults().bot;
    let percent = count_or_none(r, "bot.affiliate_percent", d.affiliate_percent);
    r.require(percent <= 100, "bot.affiliate_percent", &[], "must be at most 100");
    BotSettings {
        main_menu_image: r.take("bot.main_menu_image", kind::PATH, d.main_menu_image),
        support: r.take("bot.support", kind::TEXT_OR_NONE, d.support),
        affiliate_percent: percent,
        credentials_shown: r.take("bot.credentials_shown", WAIT, d.credentials_shown),
    }
}

/// `[timing]`.
pub(super) fn timing(r: &mut Reader, sandbox: bool, scale: Scale) -> Timing {
    let d: Timing = Settings::sandbox().timing;
    let mut wait = |name: &str, default| scale.of(r.take(&format!("timing.{name}"), WAIT, default));
    let timing = Timing {
        connect: wait("connect", d.connect),
        read_total: wait("read_total", d.read_total),
        transfer_total: wait("transfer_total", d.transfer_total),
        follow: wait("follow", d.follow),
        lookup_first: wait("lookup_first", d.lookup_first),
        lookup_spacing: wait("lookup_spacing", d.lookup_spacing),
        resend_after: wait("resend_after", d.resend_after),
        invariants: wait("invariants", d.invariants),
        float: wait("float", d.float),
        rates: wait("rates", d.rates),
        banks: wait("banks", d.banks),
        reconcile: wait("reconcile", d.reconcile),
        rail_pause: wait("rail_pause", d.rail_pause),
        notice_dedupe: wait("notice_dedupe", d.notice_dedupe),
        lease_seen: wait("lease_seen", d.lease_seen),
        stale_after: wait("stale_after", d.stale_after),
    };
    let long_enough = sandbox || timing.resend_after >= RESEND_AFTER_MIN;
    r.require(long_enough, "timing.resend_after", &[], "must be at least 30m outside SANDBOX");
    let others = &["timing.connect"];
    r.require(timing.transfer_total > timing.connect, "timing.transfer_total", others, "must be above timing.connect");
    r.require(timing.read_total > timing.connect, "timing.read_total", others, "must be above timing.connect");
    timing
}

fn is_word(text: &str, max: usize, also: &str) -> bool {
    text.len() <= max && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || also.contains(c))
}

fn code(code: &str) -> Option<&'static str> {
    let fits = !code.is_empty() && is_word(code, 40, "_");
    (!fits).then_some("must be 1 to 40 of a-z, 0-9 and _")
}

fn sentence(text: &str) -> Option<&'static str> {
    (!(1..=300).contains(&text.chars().count())).then_some("must be 1 to 300 characters")
}

fn narration(text: &str) -> Option<&'static str> {
    let fits =
        (1..=100).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b" .-".contains(&b));
    (!fits).then_some("must be 1 to 100 of letters, digits, blanks, . and -")
}

fn suffix(text: &str) -> Option<&'static str> {
    let fits = text.len() <= 30 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    (!fits).then_some("must be at most 30 of letters, digits, - and _")
}
