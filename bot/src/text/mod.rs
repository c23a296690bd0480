//! Every sentence that people read in Telegram: short, neutral, with what comes next. No screen or sender words its own.

pub(crate) mod boost;
pub(crate) mod boost_news;
pub(crate) mod invoice;
pub(crate) mod invoice_news;
pub(crate) mod menu;
pub(crate) mod notice;
pub(crate) mod ops;
pub(crate) mod pay;
pub(crate) mod providers;
pub(crate) mod purses;
pub(crate) mod servers;
pub(crate) mod shop;
pub(crate) mod sold_news;
pub(crate) mod vps;
pub(crate) mod vps_news;
pub(crate) mod withdraw;

use crate::html::Html;
use app::limits::Throttled;
use domain::withdrawal::Source;
use domain::{Currency, Money, Timestamp};
use std::time::Duration;

/// Nigeria keeps one hour ahead of UTC all year.
const LAGOS: Duration = Duration::from_secs(3_600);
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `$25.00`, `₦39,000.00`, `-$5.00`.
pub(crate) fn money(amount: Money) -> String {
    let text = amount.grouped();
    let (sign, digits) = text.strip_prefix('-').map_or(("", text.as_str()), |digits| ("-", digits));
    match amount.currency() {
        Currency::Usd => format!("{sign}${digits}"),
        Currency::Ngn => format!("{sign}₦{digits}"),
        Currency::Credits(_) if digits == "1" => format!("{sign}1 post"),
        Currency::Credits(_) => format!("{sign}{digits} posts"),
    }
}

/// `14:05` in Lagos.
pub(crate) fn clock(at: Timestamp) -> String {
    at.plus(LAGOS).clock()
}

/// `21 Nov`.
pub(crate) fn day(at: Timestamp) -> String {
    let date = at.plus(LAGOS).date();
    let mut parts = date.split('-').skip(1);
    let month = parts.next().and_then(|month| month.parse::<usize>().ok()).and_then(|n| MONTHS.get(n.wrapping_sub(1)));
    let day = parts.next().map(|day| day.trim_start_matches('0'));
    month.zip(day).map_or(date.clone(), |(month, day)| format!("{day} {month}"))
}

/// `21 Nov 2026, 10:16`.
pub(crate) fn moment(at: Timestamp) -> String {
    let year: String = at.plus(LAGOS).date().chars().take_while(|c| *c != '-').collect();
    format!("{} {year}, {}", day(at), clock(at))
}

/// `7 seconds`, `2 minutes`, `24 hours`; rounded up, so that nobody comes too early.
pub(crate) fn span(time: Duration) -> String {
    let secs = time.as_secs() + u64::from(time.subsec_nanos() > 0);
    let (count, unit) = match secs.max(1) {
        secs @ 0..=90 => (secs, "second"),
        secs @ 91..=5_399 => (secs.div_ceil(60), "minute"),
        secs => (secs.div_ceil(3_600), "hour"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

/// The purse as its owner calls it.
pub(crate) const fn earnings(source: Source) -> &'static str {
    match source {
        Source::Affiliate => "affiliate earnings",
        Source::Reply => "reply earnings",
    }
}

/// A purse's word as its owner calls it.
pub(crate) fn purse(word: &str) -> String {
    match (word, word.strip_prefix("posts:")) {
        ("affiliate", _) => "affiliate earnings".to_owned(),
        ("reply", _) => "reply earnings".to_owned(),
        ("wallet", _) => "wallet".to_owned(),
        (_, Some(plan)) => format!("{} credits", plan_name(plan)),
        _ => "balance".to_owned(),
    }
}

/// A plan as its buyer calls it.
pub(crate) fn plan_name(code: &str) -> String {
    match (code, numbered(code, "t"), numbered(code, "tgt"), numbered(code, "ct")) {
        ("tgt", ..) => "Telegram (10 comments)".to_owned(),
        ("ct", ..) => "Custom plan".to_owned(),
        (_, Some(tier), ..) => format!("Tier {tier}"),
        (_, _, Some(comments), _) => format!("Telegram ({comments} comments)"),
        (_, _, _, Some(id)) => format!("Custom plan {id}"),
        _ => code.to_owned(),
    }
}

/// The digits behind `prefix`, where there is nothing else.
fn numbered<'a>(code: &'a str, prefix: &str) -> Option<&'a str> {
    code.strip_prefix(prefix).filter(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// Somebody is too fast.
pub(crate) fn slow_down(throttled: &Throttled) -> String {
    let wait = span(throttled.retry_after);
    if throttled.muted {
        return format!("That was a lot at once, so I will rest for {wait}. Please come back after that.");
    }
    format!("A little slower, please 🙂 You can go on in {wait}.")
}

/// A button of an earlier step.
pub(crate) const STALE: &str = "This button is from an earlier step. Please use the newest message, or send /start.";

/// A money button for the second time.
pub(crate) const USED: &str =
    "This button was used already. The newest message, My Boosts, My servers or My Withdrawals show what came of it.";

/// A button that is nobody's, or somebody else's.
pub(crate) const STRANGE: &str = "This button does not work for you. Please send /start for a menu of your own.";

/// Something failed on our side after all tries.
pub(crate) fn hiccup() -> Html {
    Html::new().text(
        "Sorry, something went wrong on our side with your last message. Please try it again, or send /start for the menu.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_and_times_read_well() {
        assert_eq!(money(Money::usd_minor(1_025_500_000)), "$1,025.50");
        assert_eq!(money(Money::ngn_minor(-3_900_000)), "-₦39,000.00");
        let at = Timestamp::parse_rfc3339("2026-11-30T23:16:00Z").unwrap();
        assert_eq!(
            (clock(at).as_str(), day(at).as_str(), moment(at).as_str()),
            ("00:16", "1 Dec", "1 Dec 2026, 00:16")
        );
        for (millis, words) in [
            (0, "1 second"),
            (900, "1 second"),
            (1_000, "1 second"),
            (6_001, "7 seconds"),
            (90_000, "90 seconds"),
            (91_000, "2 minutes"),
            (600_000, "10 minutes"),
            (3_600_000, "60 minutes"),
            (86_400_000, "24 hours"),
        ] {
            assert_eq!(span(Duration::from_millis(millis)), words);
        }
    }

    #[test]
    fn plans_have_names() {
        for (code, name) in [
            ("t3", "Tier 3"),
            ("tgt", "Telegram (10 comments)"),
            ("tgt15", "Telegram (15 comments)"),
            ("ct7", "Custom plan 7"),
            ("x_poll", "x_poll"),
            ("tgtx", "tgtx"),
        ] {
            assert_eq!(plan_name(code), name);
        }
    }

    #[test]
    fn what_answers_a_press_fits() {
        let worst = Throttled { retry_after: Duration::from_secs(3_600), muted: true, first: true };
        for text in [STALE, USED, STRANGE, &slow_down(&worst)] {
            assert!(text.chars().count() <= 200, "{text}");
        }
    }
}
