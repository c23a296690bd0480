//! The terms of the Boosts tab: `state:open part:waiting user:kemi provider:smmstone plan:t3 age>2h needs`.

use super::{Fault, Grammar, Op, Term, age, since};
use app::view::boosts::BoostFilter;
use domain::Timestamp;
use domain::boost::{OrderState, PartState};

const GRAMMAR: Grammar = Grammar {
    keys: &["state", "part", "user", "provider", "plan", "flag", "age", "since"],
    compares: &["age"],
    leaves_out: &["state"],
    joins: &["state", "part"],
};

/// The word that stands for "somebody must look at it", with or without its key.
const NEEDS: &str = "needs";

/// Reads a filter as of `now`.
pub fn parse(text: &str, now: Timestamp) -> Result<BoostFilter, Fault> {
    let mut filter = BoostFilter::default();
    let mut left_out = Vec::new();
    let mut words = GRAMMAR.read(text, |term, key, op| keyed(&mut filter, &mut left_out, term, key, op, now))?;
    let count = words.len();
    words.retain(|word| word != NEEDS);
    filter.attention |= words.len() < count;
    filter.words = words;
    if !left_out.is_empty() {
        let all = if filter.states.is_empty() { OrderState::ALL.to_vec() } else { std::mem::take(&mut filter.states) };
        filter.states = all.into_iter().filter(|state| !left_out.contains(state)).collect();
        if filter.states.is_empty() {
            return Err(Fault { from: 0, to: text.chars().count(), why: "every state is left out".into() });
        }
    }
    // The open ones have an index of their own.
    let open = |states: &[OrderState]| OrderState::ALL.iter().all(|state| states.contains(state) == state.is_open());
    if open(&filter.states) {
        filter.states.clear();
        filter.open = true;
    }
    Ok(filter)
}

fn keyed(
    filter: &mut BoostFilter,
    left_out: &mut Vec<OrderState>,
    term: &Term,
    key: &str,
    op: Op,
    now: Timestamp,
) -> Result<(), Fault> {
    match key {
        "state" => {
            let list = if term.negated { left_out } else { &mut filter.states };
            for word in term.value.split('|') {
                list.extend(states(word).ok_or_else(|| {
                    let words: Vec<&str> = OrderState::ALL.into_iter().map(OrderState::word).collect();
                    term.fault(format!("no state “{word}”; there are open, closed, {}", words.join(", ")))
                })?);
            }
        }
        "part" => {
            for word in term.value.split('|') {
                filter.parts.push(word.parse().map_err(|_| {
                    let words: Vec<&str> = PartState::ALL.into_iter().map(PartState::word).collect();
                    term.fault(format!("no part “{word}”; there are {}", words.join(", ")))
                })?);
            }
        }
        "user" => filter.user = Some(term.value.trim_start_matches('@').to_owned()),
        "provider" => filter.provider = Some(term.value.clone()),
        "plan" => filter.plan = Some(term.value.clone()),
        "flag" if term.value == NEEDS => filter.attention = true,
        "flag" => return Err(term.fault("the flag is needs: somebody must look at it")),
        "age" => {
            let (before, after) = age(term, op, now)?;
            filter.before = before.or(filter.before);
            filter.after = after.or(filter.after);
        }
        _ => filter.after = Some(since(term, now)?),
    }
    Ok(())
}

/// The states of a word: one, `open` or `closed`.
fn states(word: &str) -> Option<Vec<OrderState>> {
    let all = OrderState::ALL.into_iter();
    match word {
        "open" => Some(all.filter(|s| s.is_open()).collect()),
        "closed" => Some(all.filter(|s| !s.is_open()).collect()),
        _ => word.parse().ok().map(|state| vec![state]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use OrderState as S;
    use std::time::Duration;

    const NOW: Timestamp = Timestamp::from_secs(1_795_252_560); // 2026-11-21T09:16:00Z

    #[test]
    fn every_term_is_read() {
        let text = "state:partial|failed part:unknown|waiting user:@kemi provider:smmstone plan:t3 age>2h needs 18203";
        assert_eq!(
            parse(text, NOW).unwrap(),
            BoostFilter {
                states: vec![S::Partial, S::Failed],
                parts: vec![PartState::Unknown, PartState::Waiting],
                open: false,
                attention: true,
                user: Some("kemi".into()),
                provider: Some("smmstone".into()),
                plan: Some("t3".into()),
                before: Some(NOW.minus(Duration::from_secs(7_200))),
                after: None,
                words: vec!["18203".into()],
            }
        );
        assert_eq!(parse("flag:needs since:09:00", NOW).unwrap().after, Some(NOW.minus(Duration::from_secs(960))));
        assert!(parse("\"needs\"", NOW).unwrap().attention);
        assert_eq!(parse("", NOW).unwrap(), BoostFilter::default());
    }

    #[test]
    fn the_open_ones_are_asked_by_their_index_however_they_are_written() {
        for text in ["state:open", "state:queued|active", "state:active or state:queued", "-state:closed"] {
            let filter = parse(text, NOW).unwrap();
            assert!(filter.open && filter.states.is_empty(), "{text}: {filter:?}");
        }
        let most = parse("-state:done", NOW).unwrap();
        assert_eq!((most.open, most.states.len(), most.states.contains(&S::Done)), (false, 5, false));
        assert_eq!(parse("state:queued", NOW).unwrap().states, [S::Queued]);
    }

    #[test]
    fn a_fault_names_its_place() {
        for (text, from, to) in [
            ("plan:t3 state:opne", 8, 18),
            ("part:half", 0, 9),
            ("age:2h", 0, 6),
            ("age>2", 0, 5),
            ("-part:unknown", 0, 13),
            ("amt>=5", 0, 6),
            ("flag:new", 0, 8),
            ("user>x", 0, 6),
            ("-state:open -state:closed", 0, 25),
            ("kemi or state:open x or user:a", 24, 30),
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
