//! The filter language of the lists: `user:kemi bank:gt* amt>=50k age>2h state:requested|signing flag:new -flag:aff`.
//!
//! Pure. A filter that cannot be read says where and why, so that the fault can be underlined and the last good result
//! kept. What a keyset query cannot answer (an `or` between different terms, a negated name) is refused by name.

use app::view::WithdrawalFilter;
use domain::policy::Flag;
use domain::withdrawal::WithdrawalState;
use domain::{Money, Timestamp};
use std::time::Duration;

/// What is wrong with a filter: characters `from..to`, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// First character of the fault.
    pub from: usize,
    /// One past its last character.
    pub to: usize,
    /// Why.
    pub why: String,
}

/// One term as written.
#[derive(Debug)]
struct Term {
    from: usize,
    to: usize,
    negated: bool,
    key: Option<(String, Op)>,
    value: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Is,
    Least,
    Most,
    Above,
    Below,
}

impl Term {
    fn fault(&self, why: impl Into<String>) -> Fault {
        Fault { from: self.from, to: self.to, why: why.into() }
    }
}

/// Free words that a query takes.
const WORDS: usize = 3;

/// Keys that a term may have, for completion and for the message of an unknown one.
pub const KEYS: [&str; 7] = ["user", "bank", "amt", "age", "state", "flag", "since"];

/// Reads a filter as of `now`.
pub fn parse(text: &str, now: Timestamp) -> Result<WithdrawalFilter, Fault> {
    let mut filter = WithdrawalFilter::default();
    let mut alternatives: Option<&'static str> = None;
    for term in terms(text)? {
        match (&term.key, term.value.as_str()) {
            (None, "and") => {}
            (None, "or") => alternatives = Some("or"),
            (None, word) if term.negated => {
                return Err(term.fault(format!("only state: and flag: can be left out, not “{word}”")));
            }
            (None, word) => {
                if alternatives.take().is_some() {
                    return Err(term.fault("“or” joins states only; write state:requested|signing"));
                }
                if filter.words.len() == WORDS {
                    return Err(term.fault(format!("at most {WORDS} free words; quote those that belong together")));
                }
                filter.words.push(word.to_owned());
            }
            (Some((key, op)), _) => {
                if alternatives.take().is_some() && key != "state" {
                    return Err(term.fault("“or” joins states only; write state:requested|signing"));
                }
                keyed(&mut filter, &term, key, *op, now)?;
            }
        }
    }
    Ok(filter)
}

fn keyed(filter: &mut WithdrawalFilter, term: &Term, key: &str, op: Op, now: Timestamp) -> Result<(), Fault> {
    let compares = matches!(key, "amt" | "amount" | "age");
    if !compares && op != Op::Is {
        return Err(term.fault(format!("{key} takes a colon, {key}:…")));
    }
    if term.negated && !matches!(key, "state" | "flag") {
        return Err(term.fault(format!("{key} cannot be left out with - or not")));
    }
    if term.value.is_empty() {
        return Err(term.fault(format!("{key}: needs a value")));
    }
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
        "amt" | "amount" => amount(filter, term, op)?,
        "age" => {
            let age = duration(&term.value).ok_or_else(|| term.fault("an age is 90s, 10m, 2h or 3d"))?;
            match op {
                Op::Least | Op::Above => filter.before = Some(now.minus(age)),
                Op::Most | Op::Below => filter.after = Some(now.minus(age)),
                Op::Is => return Err(term.fault("age takes > or <: age>2h")),
            }
        }
        "since" => {
            filter.after =
                Some(time_of_day(&term.value, now).ok_or_else(|| term.fault("a time is 09:00 (UTC) or a date"))?);
        }
        other => {
            return Err(term.fault(format!("no “{other}”; there are {}", KEYS.join(", "))));
        }
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
pub fn naira(text: &str) -> Option<Money> {
    let text = text.replace([',', '_'], "");
    let (digits, factor) = match text.char_indices().last()? {
        (at, 'k' | 'K') => (&text[..at], 1_000),
        (at, 'm' | 'M') => (&text[..at], 1_000_000),
        _ => (text.as_str(), 1),
    };
    let money = Money::parse(digits, domain::Currency::Ngn).ok()?;
    money.minor().checked_mul(factor).map(Money::ngn_minor)
}

/// `90s`, `10m`, `2h`, `3d`, `2h30m`.
pub fn duration(text: &str) -> Option<Duration> {
    let mut total: u64 = 0;
    let mut digits = String::new();
    for c in text.chars() {
        if c.is_ascii_digit() {
            digits.push(c);
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3_600,
            'd' => 86_400,
            _ => return None,
        };
        let n: u64 = digits.parse().ok()?;
        total = total.checked_add(n.checked_mul(unit)?)?;
        digits.clear();
    }
    // A bare number has no unit; guessing one would hide rows.
    (digits.is_empty() && total > 0).then(|| Duration::from_secs(total))
}

/// `09:00` today in UTC, or `2026-11-21`.
pub fn time_of_day(text: &str, now: Timestamp) -> Option<Timestamp> {
    let full = if text.len() == 10 { format!("{text}T00:00:00Z") } else { format!("{}T{text}:00Z", now.date()) };
    Timestamp::parse_rfc3339(&full)
}

/// Splits a filter into terms; quotes keep blanks together.
fn terms(text: &str) -> Result<Vec<Term>, Fault> {
    let chars: Vec<char> = text.chars().collect();
    let mut out = Vec::new();
    let mut negate = None;
    let mut at = 0;
    while at < chars.len() {
        if chars[at] == ' ' {
            at += 1;
            continue;
        }
        let (mut term, next) = term(&chars, at)?;
        at = next;
        if term.key.is_none() && !term.negated && term.value == "not" {
            negate = Some(term.from);
            continue;
        }
        if let Some(from) = negate.take() {
            term.from = from;
            term.negated = !term.negated;
        }
        out.push(term);
    }
    match negate {
        Some(from) => Err(Fault { from, to: chars.len(), why: "“not” needs a term after it".into() }),
        None => Ok(out),
    }
}

fn term(chars: &[char], from: usize) -> Result<(Term, usize), Fault> {
    let mut at = from;
    let negated = chars[at] == '-' && chars.get(at + 1).is_some_and(|c| *c != ' ');
    at += usize::from(negated);
    let mut key = None;
    let mut value = String::new();
    let mut quoted = false;
    while let Some(&c) = chars.get(at).filter(|c| quoted || **c != ' ') {
        at += 1;
        match c {
            '"' => quoted = !quoted,
            ':' | '=' | '>' | '<' if !quoted && key.is_none() && word_key(&value) => {
                let or_equal = chars.get(at) == Some(&'=');
                at += usize::from(or_equal && c != '=');
                let op = match (c, or_equal) {
                    ('>', true) => Op::Least,
                    ('>', false) => Op::Above,
                    ('<', true) => Op::Most,
                    ('<', false) => Op::Below,
                    _ => Op::Is,
                };
                key = Some((std::mem::take(&mut value).to_ascii_lowercase(), op));
            }
            c => value.push(c),
        }
    }
    if quoted {
        return Err(Fault { from, to: chars.len(), why: "the quote is not closed".into() });
    }
    Ok((Term { from, to: at, negated, key, value }, at))
}

fn word_key(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;
    use WithdrawalState as S;

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
