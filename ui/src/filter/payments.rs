//! The terms of the Payments tab: of invoices `state:open|late by:crypto user:kemi needs words`, of transfers
//! `state:orphan chain:bsc user:kemi needs words`.

use super::{Fault, Grammar, Op, Term};
use app::view::payments::{InvoiceFilter, PaymentFilter};
use domain::invoice::{InvoiceState, PaymentState};

const INVOICES: Grammar =
    Grammar { keys: &["state", "by", "user", "flag"], compares: &[], leaves_out: &["state"], joins: &["state", "by"] };
const TRANSFERS: Grammar = Grammar {
    keys: &["state", "chain", "user", "flag"],
    compares: &[],
    leaves_out: &["state"],
    joins: &["state", "chain"],
};
const METHODS: [&str; 4] = ["crypto", "bank", "wallet", "affiliate"];
const CHAINS: [&str; 5] = ["bsc", "solana", "tron", "aptos", "flutterwave"];

/// Reads a filter of invoices. `state:open` is what is still to be found out or decided; `waiting` is the state of that
/// name alone.
pub fn invoices(text: &str) -> Result<InvoiceFilter, Fault> {
    let mut filter = InvoiceFilter::default();
    let mut left_out = Vec::new();
    let words = INVOICES.read(text, |term, key, _: Op| {
        match key {
            "user" => filter.user = Some(term.value.trim_start_matches('@').to_owned()),
            "by" => filter.methods.extend(listed(term, &METHODS)?),
            "flag" if term.value == "needs" => filter.attention = true,
            "flag" => return Err(term.fault("the flag is needs: somebody must look at it")),
            _ => {
                for word in term.value.split('|') {
                    let found = invoice_state(term, word)?;
                    match (found, term.negated) {
                        (None, false) => filter.open = true,
                        (None, true) => return Err(term.fault("leave states out by their own words")),
                        (Some(state), false) => filter.states.push(state),
                        (Some(state), true) => left_out.push(state),
                    }
                }
            }
        }
        Ok(())
    })?;
    filter.words = words;
    filter.attention |= take(&mut filter.words, "needs");
    filter.states = remaining(filter.states, &left_out, &InvoiceState::ALL, text)?;
    Ok(filter)
}

/// `None` is all that is open.
fn invoice_state(term: &Term, word: &str) -> Result<Option<InvoiceState>, Fault> {
    match word {
        "open" => Ok(None),
        "waiting" => Ok(Some(InvoiceState::Open)),
        _ => word.parse().map(Some).map_err(|_| {
            let words: Vec<&str> = InvoiceState::ALL.iter().map(|state| state.word()).collect();
            term.fault(format!("no state “{word}”; there are waiting, {}", words.join(", ")))
        }),
    }
}

/// Reads a filter of transfers.
pub fn transfers(text: &str) -> Result<PaymentFilter, Fault> {
    let mut filter = PaymentFilter::default();
    let mut left_out = Vec::new();
    let words = TRANSFERS.read(text, |term, key, _: Op| {
        match key {
            "user" => filter.user = Some(term.value.trim_start_matches('@').to_owned()),
            "chain" => filter.chains.extend(listed(term, &CHAINS)?),
            "flag" if term.value == "needs" => filter.attention = true,
            "flag" => return Err(term.fault("the flag is needs: somebody must look at it")),
            _ => {
                for word in term.value.split('|') {
                    if word == "open" && !term.negated {
                        filter.open = true;
                        continue;
                    }
                    let state = word.parse::<PaymentState>().map_err(|_| {
                        let words: Vec<&str> = PaymentState::ALL.iter().map(|state| state.word()).collect();
                        term.fault(format!("no state “{word}”; there are open, {}", words.join(", ")))
                    })?;
                    if term.negated { left_out.push(state) } else { filter.states.push(state) }
                }
            }
        }
        Ok(())
    })?;
    filter.words = words;
    filter.attention |= take(&mut filter.words, "needs");
    filter.states = remaining(filter.states, &left_out, PaymentState::ALL, text)?;
    Ok(filter)
}

fn listed(term: &Term, known: &[&str]) -> Result<Vec<String>, Fault> {
    let unknown = |word: &str| term.fault(format!("no “{word}”; there are {}", known.join(", ")));
    if term.negated {
        return Err(term.fault("this term cannot be left out"));
    }
    term.value
        .split('|')
        .map(|word| known.contains(&word).then(|| word.to_owned()).ok_or_else(|| unknown(word)))
        .collect()
}

/// Takes a word out of the free ones; true when it was there.
fn take(words: &mut Vec<String>, word: &str) -> bool {
    let count = words.len();
    words.retain(|each| each != word);
    words.len() < count
}

/// The states without those that are left out.
fn remaining<S: Clone + PartialEq>(asked: Vec<S>, left_out: &[S], all: &[S], text: &str) -> Result<Vec<S>, Fault> {
    if left_out.is_empty() {
        return Ok(asked);
    }
    let from = if asked.is_empty() { all.to_vec() } else { asked };
    let rest: Vec<S> = from.into_iter().filter(|state| !left_out.contains(state)).collect();
    if rest.is_empty() {
        return Err(Fault { from: 0, to: text.chars().count(), why: "every state is left out".into() });
    }
    Ok(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_term_is_read() {
        let filter = invoices("state:short|late by:crypto|bank user:@kemi needs inv-88").unwrap();
        assert_eq!((filter.states, filter.open), (vec![InvoiceState::Short, InvoiceState::Late], false));
        assert_eq!((filter.methods, filter.user.as_deref()), (vec!["crypto".to_owned(), "bank".into()], Some("kemi")));
        assert!(filter.attention && filter.words == ["inv-88"]);
        assert!(invoices("state:open").unwrap().open);
        assert_eq!(invoices("state:waiting").unwrap().states, [InvoiceState::Open]);
        assert!(!invoices("-state:paid").unwrap().states.contains(&InvoiceState::Paid));
        let filter = transfers("state:orphan chain:bsc|flutterwave needs").unwrap();
        assert_eq!(
            (filter.states, filter.chains),
            (vec![PaymentState::Orphan], vec!["bsc".to_owned(), "flutterwave".into()])
        );
        assert!(filter.attention && transfers("state:open").unwrap().open);
    }

    #[test]
    fn a_fault_names_its_place() {
        for (text, from, to) in
            [("state:payed", 0, 11), ("x by:cash", 2, 9), ("-state:open", 0, 11), ("flag:new", 0, 8)]
        {
            let fault = invoices(text).expect_err(text);
            assert_eq!((fault.from, fault.to), (from, to), "{text}: {}", fault.why);
        }
        let fault = transfers("chain:btc").unwrap_err();
        assert_eq!((fault.from, fault.to), (0, 9));
    }

    proptest::proptest! {
        #[test] // Any text is either read or has a fault inside the text.
        fn any_text_is_read_or_blamed(text in "[a-z0-9:<>=\"| @*-]{0,40}") {
            for fault in [invoices(&text).err(), transfers(&text).err()].into_iter().flatten() {
                proptest::prop_assert!(fault.from < fault.to && fault.to <= text.chars().count());
            }
        }
    }
}
