//! The terms of the IPStock tab: of items `state:low|out hidden new words`, of orders
//! `state:open user:kemi item:4 needs words`, of machines `state:running of:nobody user:kemi item:4 words`.

use super::{Fault, Grammar, Op, Term};
use app::view::ipstock::{ItemFilter, ItemState};
use app::view::vps::{MachineFilter, MachinesOf, VpsFilter};
use domain::ItemId;
use domain::vps::{MachineState, VpsState};

const ITEMS: Grammar = Grammar { keys: &["state", "flag"], compares: &[], leaves_out: &["state"], joins: &["state"] };
const ORDERS: Grammar =
    Grammar { keys: &["state", "user", "item", "flag"], compares: &[], leaves_out: &["state"], joins: &["state"] };
const MACHINES: Grammar =
    Grammar { keys: &["state", "of", "user", "item"], compares: &[], leaves_out: &["state"], joins: &["state"] };

/// Reads a filter of items. Those that are hidden or new stand beside the states: `state:low hidden` finds both.
pub fn items(text: &str) -> Result<ItemFilter, Fault> {
    let mut filter = ItemFilter::default();
    let mut left_out = Vec::new();
    let words = ITEMS.read(text, |term, key, _: Op| {
        for word in term.value.split('|') {
            match (key, word, ItemState::ALL.into_iter().find(|state| state.word() == word)) {
                (_, "hidden", _) if !term.negated => filter.hidden = true,
                (_, "new", _) if !term.negated => filter.new = true,
                ("flag", ..) => return Err(term.fault("flags are hidden and new")),
                (_, _, Some(state)) if term.negated => left_out.push(state),
                (_, _, Some(state)) => filter.states.push(state),
                (_, _, None) => return Err(no_state(term, word, &["in", "low", "out", "gone", "hidden", "new"])),
            }
        }
        Ok(())
    })?;
    filter.words = words;
    filter.hidden |= take(&mut filter.words, "hidden");
    filter.new |= take(&mut filter.words, "new");
    filter.states = remaining(filter.states, &left_out, &ItemState::ALL, text)?;
    Ok(filter)
}

/// Reads a filter of orders.
pub fn orders(text: &str) -> Result<VpsFilter, Fault> {
    let mut filter = VpsFilter::default();
    let mut left_out = Vec::new();
    let words = ORDERS.read(text, |term, key, _: Op| {
        match key {
            "user" => filter.user = Some(term.value.trim_start_matches('@').to_owned()),
            "item" => filter.item = Some(item(term)?),
            "flag" if term.value == "needs" => filter.attention = true,
            "flag" => return Err(term.fault("the flag is needs: somebody must look at it")),
            _ => {
                let list = if term.negated { &mut left_out } else { &mut filter.states };
                for word in term.value.split('|') {
                    list.extend(order_states(term, word)?);
                }
            }
        }
        Ok(())
    })?;
    filter.words = words;
    filter.attention |= take(&mut filter.words, "needs");
    filter.states = remaining(filter.states, &left_out, &VpsState::ALL, text)?;
    // The open ones have an index of their own.
    if VpsState::ALL.iter().all(|state| filter.states.contains(state) == state.is_open()) {
        filter.states.clear();
        filter.open = true;
    }
    Ok(filter)
}

fn order_states(term: &Term, word: &str) -> Result<Vec<VpsState>, Fault> {
    let all = VpsState::ALL.into_iter();
    match word {
        "open" => Ok(all.filter(|state| state.is_open()).collect()),
        "closed" => Ok(all.filter(|state| !state.is_open()).collect()),
        _ => {
            let words = || no_state(term, word, &VpsState::ALL.map(VpsState::word));
            Ok(vec![word.parse().map_err(|_| words())?])
        }
    }
}

/// Reads a filter of machines.
pub fn machines(text: &str) -> Result<MachineFilter, Fault> {
    let mut filter = MachineFilter::default();
    let mut left_out = Vec::new();
    let words = MACHINES.read(text, |term, key, _: Op| {
        match key {
            "user" => filter.user = Some(term.value.trim_start_matches('@').to_owned()),
            "item" => filter.item = Some(item(term)?),
            "of" => {
                filter.of = match term.value.as_str() {
                    "customers" => MachinesOf::Customers,
                    "nobody" => MachinesOf::Nobody,
                    _ => return Err(term.fault("machines are of:customers or of:nobody")),
                }
            }
            _ => {
                let list = if term.negated { &mut left_out } else { &mut filter.states };
                for word in term.value.split('|') {
                    let state = word.parse::<MachineState>();
                    let words: Vec<&str> = MachineState::ALL.iter().map(|state| state.word()).collect();
                    list.push(state.map_err(|_| no_state(term, word, &words))?.word().to_owned());
                }
            }
        }
        Ok(())
    })?;
    filter.words = words;
    let all: Vec<String> = MachineState::ALL.iter().map(|state| state.word().to_owned()).collect();
    filter.states = remaining(filter.states, &left_out, &all, text)?;
    Ok(filter)
}

/// Exactly one item, by its number.
fn item(term: &Term) -> Result<ItemId, Fault> {
    let number = term.value.parse::<i64>().ok().filter(|number| *number > 0 && !term.negated);
    number.map(ItemId::new).ok_or_else(|| term.fault("an item is its number: item:4"))
}

fn no_state(term: &Term, word: &str, words: &[&str]) -> Fault {
    term.fault(format!("no state “{word}”; there are {}", words.join(", ")))
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
        let filter = items("state:low|out hidden new linux").unwrap();
        assert_eq!((filter.states, filter.hidden, filter.new), (vec![ItemState::Low, ItemState::Out], true, true));
        assert_eq!(filter.words, ["linux"]);
        assert_eq!(items("-state:gone").unwrap().states, [ItemState::In, ItemState::Low, ItemState::Out]);
        assert!(items("flag:hidden").unwrap().hidden && items("state:new").unwrap().new);
        let filter = orders("state:unknown user:@kemi needs 103.82").unwrap();
        assert_eq!((filter.states, filter.user.as_deref()), (vec![VpsState::Unknown], Some("kemi")));
        assert!(filter.attention && !filter.open && filter.words == ["103.82"]);
        for text in ["state:open", "-state:closed"] {
            let filter = orders(text).unwrap();
            assert!(filter.open && filter.states.is_empty(), "{text}");
        }
        assert_eq!(orders("item:4").unwrap().item, Some(ItemId::new(4)));
        assert_eq!(machines("item:12 of:nobody").unwrap().item, Some(ItemId::new(12)));
        let filter = machines("state:running|busy of:nobody").unwrap();
        assert_eq!((filter.states, filter.of), (vec!["running".to_owned(), "busy".to_owned()], MachinesOf::Nobody));
        assert_eq!(items("").unwrap(), ItemFilter::default());
    }

    #[test]
    fn a_fault_names_its_place() {
        type Parse = fn(&str) -> Option<Fault>;
        let of_items: Parse = |text| items(text).err();
        let of_orders: Parse = |text| orders(text).err();
        let of_machines: Parse = |text| machines(text).err();
        for (parse, text, from, to) in [
            (of_items, "x state:full", 2, 12),
            (of_items, "flag:low", 0, 8),
            (of_items, "-state:in -state:low|out|gone", 0, 29),
            (of_items, "user:kemi", 0, 9),
            (of_orders, "state:bougth", 0, 12),
            (of_orders, "flag:new", 0, 8),
            (of_orders, "item:ubuntu", 0, 11),
            (of_orders, "x item:0", 2, 8),
            (of_machines, "item:4|5", 0, 8),
            (of_machines, "-item:4", 0, 7),
            (of_machines, "of:me", 0, 5),
            (of_machines, "state:on", 0, 8),
        ] {
            let fault = parse(text).expect(text);
            assert_eq!((fault.from, fault.to), (from, to), "{text}: {}", fault.why);
        }
    }

    proptest::proptest! {
        #[test] // Any text is either read or has a fault inside the text.
        fn any_text_is_read_or_blamed(text in "[a-z0-9:<>=\"| @*-]{0,40}") {
            for fault in [items(&text).err(), orders(&text).err(), machines(&text).err()].into_iter().flatten() {
                proptest::prop_assert!(fault.from < fault.to && fault.to <= text.chars().count());
            }
        }
    }
}
