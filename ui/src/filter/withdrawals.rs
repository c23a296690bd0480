//! The terms of the Withdrawals tab.

use super::{Fault, Grammar, Op, Term, age, since};
use app::view::WithdrawalFilter;
use domain::policy::Flag;
use domain::withdrawal::WithdrawalState;
use domain::{Money, Timestamp};

const GRAMMAR: Grammar = Grammar {
    keys: &["user", "bank", "amt", "age", "state", "flag", "since"],
    compares: &["amt", "age"],
    leaves_out: &["state", "flag"],
    joins: &["state"],
};

/// Reads a filter as of `now`.
pub fn parse(text: &str, now: Timestamp) -> Result<WithdrawalFilter, Fault> {
    let mut filter = WithdrawalFilter::default();
    filter.words = GRAMMAR.read(text, |term, key, op| keyed(&mut filter, term, key, op, now))?;
    Ok(filter)
}

fn keyed(filter: &mut WithdrawalFilter, term: &Term, key: &str, op: Op, now: Timestamp) -> Result<(), Fault> {
    match key {
        "user" => filter.user = Some(term.value.trim_start_matches('@').to_owned()),
        "bank" => filter.bank = Some(term.value.clone()),
        "state" => {
            let list = if term.negated { &mut filter.not_states } else { &mut filter.states };
            for word in term.value.split('|') {
                list.extend(states(word).ok_or_else(|| term.fault(format!("no state “{word}”")))?);
            }
        }
        "flag" => {
            let flag = flag(&term.value)
                .ok_or_else(|| term.fault("flags are new, velocity, bank, shared, aff (or their letters)"))?;
            if term.negated { filter.not_flags.push(flag) } else { filter.flags.push(flag) }
        }
        "age" => {
            let (before, after) = age(term, op, now)?;
            filter.before = before.or(filter.before);
            filter.after = after.or(filter.after);
        }
        "since" => filter.after = Some(since(term, now)?),
        _ => amount(filter, term, op)?,
    }
    Ok(())
}

fn amount(filter: &mut WithdrawalFilter, term: &Term, op: Op) -> Result<(), Fault> {
    let minor = naira(&term.value).ok_or_else(|| term.fault("an amount is 50000, 50k or 1.5m"))?.minor();
    let (least, most) = match op {
        Op::Is => (Some(minor), Some(minor)),
        Op::Least => (Some(minor), None),
        Op::Above => (minor.checked_add(1), None),
        Op::Most => (None, Some(minor)),
        Op::Below => (None, Some(minor - 1)),
    };
    if let Some(least) = least {
        filter.min_payout = Some(Money::ngn_minor(least));
    }
    if let Some(most) = most {
        filter.max_payout = Some(Money::ngn_minor(most));
    }
    Ok(())
}

/// The states of a word: one, `open` or `closed`.
fn states(word: &str) -> Option<Vec<WithdrawalState>> {
    let all = WithdrawalState::ALL.into_iter();
    match word {
        "open" => Some(all.filter(|s| s.is_open()).collect()),
        "closed" => Some(all.filter(|s| !s.is_open()).collect()),
        _ => word.parse().ok().map(|state| vec![state]),
    }
}

fn flag(word: &str) -> Option<Flag> {
    match word.to_ascii_lowercase().as_str() {
        "n" | "new" | "new_payee" => Some(Flag::NewPayee),
        "v" | "velocity" => Some(Flag::Velocity),
        "b" | "bank" | "bank_changed" => Some(Flag::BankChanged),
        "d" | "shared" | "shared_account" => Some(Flag::SharedAccount),
        "a" | "aff" | "affiliate" => Some(Flag::Affiliate),
        _ => None,
    }
}

/// `50000`, `50,000`, `50k`, `1.5m` in NGN.
fn naira(text: &str) -> Option<Money> {
    let text = text.replace([',', '_'], "");
    let (digits, factor) = match text.char_indices().last()? {
        (at, 'k' | 'K') => (&text[..at], 1_000),
        (at, 'm' | 'M') => (&text[..at], 1_000_000),
        _ => (text.as_str(), 1),
    };
    let money = Money::parse(digits, domain::Currency::Ngn).ok()?;
    money.minor().checked_mul(factor).map(Money::ngn_minor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use WithdrawalState as S;

    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_secs(1_795_252_560); // 2026-11-21T09:16:00Z

    #[test]
    fn the_example_of_the_guide_is_read() {
        let text = "user:kemi bank:gt* amt>=50000 age>2h state:requested|signing flag:new -flag:aff \"two words\"";
        let filter = parse(text, NOW).unwrap();
        assert_eq!(
            filter,
            WithdrawalFilter {
                states: vec![S::Requested, S::Signing],
                user: Some("kemi".into()),
                bank: Some("gt*".into()),
                min_payout: Some(Money::ngn_minor(5_000_000)),
                before: Some(NOW.minus(Duration::from_secs(7_200))),
                flags: vec![Flag::NewPayee],
                not_flags: vec![Flag::Affiliate],
                words: vec!["two words".into()],
                ..WithdrawalFilter::default()
            }
        );
    }

    #[test]
    fn joined_and_left_out_terms() {
        let states = |text: &str| parse(text, NOW).map(|f| (f.states, f.not_states));
        assert_eq!(states("state:paid or state:failed"), Ok((vec![S::Paid, S::Failed], vec![])));
        assert_eq!(states("not state:paid and -state:failed"), Ok((vec![], vec![S::Paid, S::Failed])));
        let open = states("state:open").unwrap().0;
        assert_eq!((open.len(), open.contains(&S::Unknown), open.contains(&S::Paid)), (8, true, false));
        let amount = parse("amt<1.5m amt>50k", NOW).unwrap();
        assert_eq!(amount.min_payout, Some(Money::ngn_minor(5_000_001)));
        assert_eq!(amount.max_payout, Some(Money::ngn_minor(149_999_999)));
        assert_eq!(parse("since:09:00", NOW).unwrap().after, Some(NOW.minus(Duration::from_secs(960))));
        assert_eq!(parse("vc-w-4390-1", NOW).unwrap().words, ["vc-w-4390-1"]);
    }

    #[test]
    fn a_fault_names_its_place() {
        for (text, from, to) in [
            ("user:kemi state:opne", 10, 20),
            ("amt>=lots", 0, 9),
            ("age>2", 0, 5),
            ("age:2h", 0, 6),
            ("ban:gt", 0, 6),
            ("-user:kemi", 0, 10),
            ("kemi or lara", 8, 12),
            ("\"open", 0, 5),
            ("state:", 0, 6),
            ("a not", 2, 5),
            ("user>=3", 0, 7),
        ] {
            let fault = parse(text, NOW).expect_err(text);
            assert_eq!((fault.from, fault.to), (from, to), "{text}: {}", fault.why);
        }
    }

    proptest::proptest! {
        #[test] // Any text is either read or has a fault inside the text.
        fn any_text_is_read_or_blamed(text in "[a-z0-9:<>=\"| @*-]{0,40}") {
            if let Err(fault) = parse(&text, NOW) {
                proptest::prop_assert!(fault.from < fault.to && fault.to <= text.chars().count());
            }
        }
    }
}
