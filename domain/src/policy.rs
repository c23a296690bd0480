//! What a withdrawal's review takes: which velocity rules it hits, its risk level and how many names must sign.
//!
//! Pure over facts that were read from committed rows; a decision stores the rules hit with their inputs and
//! [`VERSION`], so that it can be explained later (`money-safety.md` section 12).

use crate::Money;
use std::time::Duration;

/// Raised whenever a rule changes.
pub const VERSION: u32 = 1;

/// A mark on a withdrawal. The letters stand in the console's FLAGS column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    /// `N`: nothing was ever paid to this account for this user.
    NewPayee,
    /// `B`: the bank account was changed within 24 hours before the request.
    BankChanged,
    /// `V`: more money, or more often, than the velocity rules allow.
    Velocity,
    /// `D`: another user is, or was, paid to the same account.
    SharedAccount,
    /// `A`: paid from affiliate earnings. Tells, adds no risk.
    Affiliate,
}

impl Flag {
    /// Every flag, in the order of the column.
    pub const ALL: [Self; 5] =
        [Self::NewPayee, Self::Velocity, Self::BankChanged, Self::SharedAccount, Self::Affiliate];

    /// The letter.
    pub const fn letter(self) -> char {
        match self {
            Self::NewPayee => 'N',
            Self::BankChanged => 'B',
            Self::Velocity => 'V',
            Self::SharedAccount => 'D',
            Self::Affiliate => 'A',
        }
    }

    /// The words of the legend.
    pub const fn legend(self) -> &'static str {
        match self {
            Self::NewPayee => "new payee",
            Self::BankChanged => "bank changed",
            Self::Velocity => "velocity",
            Self::SharedAccount => "account used by another user",
            Self::Affiliate => "affiliate",
        }
    }

    /// True when the flag makes the review a typed one.
    pub const fn is_risk(self) -> bool {
        !matches!(self, Self::Affiliate)
    }

    /// Letters of several flags, as they are stored.
    pub fn letters(flags: &[Self]) -> String {
        Self::ALL.iter().filter(|flag| flags.contains(flag)).map(|flag| flag.letter()).collect()
    }

    /// The flags that letters stand for; unknown letters are left out.
    pub fn from_letters(letters: &str) -> Vec<Self> {
        Self::ALL.into_iter().filter(|flag| letters.contains(flag.letter())).collect()
    }
}

/// What the committed rows say about a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Withdrawals that were paid to this user on this account.
    pub paid_to_account: i64,
    /// How long the user has had this bank account with us.
    pub account_age: Duration,
    /// True when the user had another bank account before this one.
    pub had_other_account: bool,
    /// Other users with the same account.
    pub other_users_on_account: i64,
    /// The user's withdrawals of the last 24 hours, this one included.
    pub count_day: i64,
    /// Their sum in NGN, this one included.
    pub sum_day: Money,
    /// How long ago the user last got money into a purse; `None` if never.
    pub last_income_age: Option<Duration>,
    /// Paid from affiliate earnings.
    pub affiliate: bool,
}

/// The bounds that facts are held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VelocityLimits {
    /// Withdrawals a day without a flag; more are flagged, not refused.
    pub count_day: i64,
    /// Their sum in NGN without a flag.
    pub sum_day: Money,
    /// A bank account younger than this counts as changed.
    pub account_fresh: Duration,
    /// Money withdrawn sooner than this after it came in is flagged.
    pub income_fresh: Duration,
}

/// A rule that was hit, with what it saw.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Hit {
    /// The flag that it sets.
    pub flag: Flag,
    /// The rule in words, with its inputs.
    pub why: String,
}

/// The rules that the facts hit.
pub fn screen(facts: &Facts, limits: &VelocityLimits) -> Vec<Hit> {
    let mut hits = Vec::new();
    let mut hit = |flag, why: String| hits.push(Hit { flag, why });
    if facts.paid_to_account == 0 {
        hit(Flag::NewPayee, "first payout to this account".to_owned());
    }
    if facts.had_other_account && facts.account_age < limits.account_fresh {
        hit(
            Flag::BankChanged,
            format!("account added {} before the request", crate::time::short_age(facts.account_age)),
        );
    }
    if facts.count_day > limits.count_day {
        hit(Flag::Velocity, format!("{} withdrawals in 24 h, {} are usual", facts.count_day, limits.count_day));
    }
    if facts.sum_day.minor() > limits.sum_day.minor() {
        hit(Flag::Velocity, format!("{} in 24 h, {} is usual", facts.sum_day, limits.sum_day));
    }
    if let Some(age) = facts.last_income_age.filter(|age| *age < limits.income_fresh) {
        hit(Flag::Velocity, format!("money came in {} before the request", crate::time::short_age(age)));
    }
    if facts.other_users_on_account > 0 {
        hit(Flag::SharedAccount, format!("{} other user(s) with this account", facts.other_users_on_account));
    }
    if facts.affiliate {
        hit(Flag::Affiliate, "affiliate earnings".to_owned());
    }
    hits
}

/// How much care a decision takes (`console-design.md` section 4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(into = "u8")]
pub enum Level {
    /// Reading.
    Read,
    /// Can be undone.
    Reversible,
    /// Money within one's own limit: a review, then `y`.
    Money,
    /// Risky: a review, then the total typed; terminal only.
    Risky,
    /// Two names.
    TwoNames,
}

impl From<Level> for u8 {
    fn from(level: Level) -> u8 {
        match level {
            Level::Read => 0,
            Level::Reversible => 1,
            Level::Money => 2,
            Level::Risky => 3,
            Level::TwoNames => 4,
        }
    }
}

/// The level of approving one withdrawal.
pub fn level(flags: &[Flag], amount_usd: Money, two_signatures_above: Money) -> Level {
    if amount_usd.minor() > two_signatures_above.minor() {
        return Level::TwoNames;
    }
    if flags.iter().any(|flag| flag.is_risk()) { Level::Risky } else { Level::Money }
}

/// Names that must sign at a level, where `approvers` names could. With one approver only, the second signature
/// becomes a delay.
pub fn signatures_needed(level: Level, approvers: usize) -> u32 {
    if level == Level::TwoNames && approvers > 1 { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: VelocityLimits = VelocityLimits {
        count_day: 3,
        sum_day: Money::ngn_minor(100_000_000),
        account_fresh: Duration::from_secs(86_400),
        income_fresh: Duration::from_secs(3_600),
    };

    fn quiet() -> Facts {
        Facts {
            paid_to_account: 2,
            account_age: Duration::from_secs(900_000),
            had_other_account: true,
            other_users_on_account: 0,
            count_day: 3,
            sum_day: Money::ngn_minor(100_000_000),
            last_income_age: Some(Duration::from_secs(3_600)),
            affiliate: false,
        }
    }

    #[test]
    fn each_rule_is_hit_just_beyond_its_bound() {
        assert_eq!(screen(&quiet(), &LIMITS), []);
        for (facts, flag) in [
            (Facts { paid_to_account: 0, ..quiet() }, Flag::NewPayee),
            (Facts { account_age: Duration::from_secs(86_399), ..quiet() }, Flag::BankChanged),
            (Facts { count_day: 4, ..quiet() }, Flag::Velocity),
            (Facts { sum_day: Money::ngn_minor(100_000_001), ..quiet() }, Flag::Velocity),
            (Facts { last_income_age: Some(Duration::from_secs(3_599)), ..quiet() }, Flag::Velocity),
            (Facts { other_users_on_account: 1, ..quiet() }, Flag::SharedAccount),
            (Facts { affiliate: true, ..quiet() }, Flag::Affiliate),
        ] {
            let hits: Vec<Flag> = screen(&facts, &LIMITS).into_iter().map(|hit| hit.flag).collect();
            assert_eq!(hits, [flag], "{facts:?}");
        }
    }

    #[test]
    fn the_level_follows_flags_and_amount() {
        let usd = |n: i64| Money::usd_minor(n * 1_000_000);
        for (flags, amount, expected, names) in [
            (&[][..], 500, Level::Money, 1),
            (&[Flag::Affiliate][..], 500, Level::Money, 1),
            (&[Flag::NewPayee][..], 10, Level::Risky, 1),
            (&[][..], 501, Level::TwoNames, 2),
        ] {
            let got = level(flags, usd(amount), usd(500));
            assert_eq!((got, signatures_needed(got, 2)), (expected, names));
        }
        assert_eq!(signatures_needed(Level::TwoNames, 1), 1);
        assert_eq!(
            Flag::from_letters(&Flag::letters(&[Flag::Velocity, Flag::NewPayee])),
            [Flag::NewPayee, Flag::Velocity]
        );
    }
}
