//! A catalogue that was read again: tables of single cases, and laws over arbitrary catalogues.

#![allow(missing_docs, reason = "a test")]

use domain::catalogue::{Changes, Field, Fields, Guarded, Known, Offer, OfferState, Rules, diff};
use domain::decimal::Decimal;
use domain::smm::ServiceType;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

const RULES: Rules = Rules { guard_percent: Some(50), jump_percent: 30 };

fn dec(text: &str) -> Decimal {
    Decimal::parse(text).unwrap()
}

fn offer(service: &str, rate: &str) -> Offer {
    Offer {
        service: service.into(),
        name: format!("Views {service}"),
        category: "X".into(),
        kind: Some(ServiceType::Default),
        kind_text: "Default".into(),
        rate: dec(rate),
        min: 100,
        max: 10_000,
        refill: true,
        cancel: false,
        dripfeed: true,
        description: String::new(),
    }
}

fn known(service: &str, rate: &str, state: OfferState) -> Known {
    let rate_before = (state == OfferState::Held).then(|| dec("1"));
    let id = service.parse().unwrap_or(0);
    Known { id, version: 1, offer: offer(service, rate), state, rate_before, locked: Fields::default() }
}

/// What is kept after the changes were written.
fn apply(known: &[Known], changes: &Changes<'_>) -> Vec<Known> {
    let mut kept: Vec<Known> = known.to_vec();
    for change in &changes.changed {
        let row = kept.iter_mut().find(|row| row.id == change.was.id).unwrap();
        assert_eq!(row, change.was);
        row.offer = change.offer.clone();
        (row.state, row.rate_before, row.version) = (change.state, change.rate_before, row.version + 1);
    }
    for gone in &changes.gone {
        kept.iter_mut().find(|row| row.id == gone.id).unwrap().state = OfferState::Gone;
    }
    let next = kept.iter().map(|row| row.id).max().unwrap_or(0) + 1;
    for (id, offer) in (next..).zip(&changes.imported) {
        let offer = (*offer).clone();
        kept.push(Known { id, version: 1, offer, state: OfferState::On, rate_before: None, locked: Fields::default() });
    }
    kept
}

#[test]
fn a_first_catalogue_is_imported_and_the_same_one_changes_nothing() {
    let mut unknown = offer("7", "0.5");
    unknown.kind = None;
    let read = [offer("1", "0.9"), offer("2", "0"), unknown];
    let changes = diff(&[], &read, &RULES).unwrap();
    assert_eq!((changes.imported.len(), changes.errors.len()), (3, 0), "a type that nobody knows is imported too");
    let kept = apply(&[], &changes);
    assert_eq!(diff(&kept, &read, &RULES), Ok(Changes::default()));
    assert_eq!(diff(&[], &[], &RULES), Ok(Changes::default()), "an empty catalogue where nothing was known");
}

#[test]
fn what_becomes_of_one_offer() {
    use OfferState::{Gone, Held, Off, On};
    // (state, rate kept, rate read or none) -> (state, rate before) or none when nothing changes.
    for (was, kept, read, becomes) in [
        (On, "1", Some("1"), None),
        (On, "1", Some("1.3"), Some((On, None))), // up to the limit
        (On, "1", Some("1.300000001"), Some((Held, Some("1")))),
        (On, "1", Some("0.1"), Some((On, None))),             // a fall is taken
        (On, "0", Some("0.000001"), Some((Held, Some("0")))), // from free to not free
        (On, "1", None, Some((Gone, None))),
        (Gone, "1", None, None),
        (Gone, "1", Some("1"), Some((On, None))),
        (Gone, "1", Some("2"), Some((Held, Some("1")))), // back at another price
        (Held, "2", Some("2"), None),
        (Held, "2", Some("5"), Some((Held, Some("1")))),
        (Held, "2", Some("1.2"), Some((On, None))), // back to near the price before the jump
        (Held, "2", None, Some((Gone, Some("1")))),
        (Off, "1", Some("9"), Some((Off, None))), // read anew, and kept off
        (Off, "1", Some("1"), None),
        (Off, "1", None, None),
    ] {
        let case = format!("{was:?} {kept} {read:?}");
        let rows = [known("1", kept, was)];
        let read: Vec<Offer> = read.iter().map(|rate| offer("1", rate)).chain([offer("2", "1")]).collect();
        let after = apply(&rows, &diff(&rows, &read, &RULES).unwrap());
        match becomes {
            None => assert_eq!(after[0], rows[0], "{case}"),
            Some((state, before)) => {
                assert_eq!((after[0].state, after[0].rate_before), (state, before.map(dec)), "{case}");
            }
        }
    }
}

#[test]
fn an_offer_that_left_while_it_was_held_is_held_when_it_is_back() {
    let mut row = known("1", "2", OfferState::Gone);
    row.rate_before = Some(dec("1"));
    let (dear, usual) = ([offer("1", "2")], [offer("1", "1.1")]);
    assert_eq!(diff(std::slice::from_ref(&row), &dear, &RULES).unwrap().changed[0].state, OfferState::Held);
    let rows = [row];
    let back = &diff(&rows, &usual, &RULES).unwrap().changed[0];
    assert!(back.is_return() && back.rate_before.is_none());
}

#[test]
fn bad_rows_cost_only_themselves() {
    let mut below = offer("2", "-1");
    below.name = "Likes".into();
    let (mut nameless, mut limits) = (offer("", "1"), offer("4", "1"));
    nameless.name = String::new();
    limits.min = 20_000;
    let rows = [known("2", "1", OfferState::On), known("3", "1", OfferState::On)];
    let read = [offer("3", "1"), below, nameless, limits, offer("3", "5"), offer("5", "1"), offer("5", "2")];
    let changes = diff(&rows, &read, &RULES).unwrap();
    assert_eq!(
        changes.errors,
        [
            "Service Likes: its rate is below zero",
            "Service : it has no id",
            "Service Views 4: its limits are not limits",
            "Service Views 3: its id 3 is listed twice",
            "Service Views 5: its id 5 is listed twice",
        ]
    );
    assert_eq!(changes.imported, [&read[5]], "the first of an id counts");
    assert_eq!(changes.gone, [&rows[0]], "what cannot be read is not there");
    assert_eq!(changes.changed, []);
}

#[test]
fn locked_fields_are_kept() {
    for field in Field::ALL {
        let mut row = known("1", "1", OfferState::On);
        row.locked = Fields::default().with(field, true);
        let read = [Offer {
            service: "1".into(),
            name: "Other".into(),
            category: "Other".into(),
            kind: Some(ServiceType::Package),
            kind_text: "Default".into(),
            rate: dec("9"),
            min: 1,
            max: 2,
            refill: false,
            cancel: true,
            dripfeed: false,
            description: "Other".into(),
        }];
        let rows = [row];
        let changes = diff(&rows, &read, &RULES).unwrap();
        let (old, new) = (&rows[0].offer, &changes.changed[0].offer);
        let kept = [
            new.name == old.name,
            new.category == old.category,
            new.kind == old.kind,
            new.rate == old.rate,
            new.min == old.min,
            new.max == old.max,
            new.refill == old.refill,
            new.cancel == old.cancel,
            new.dripfeed == old.dripfeed,
            new.description == old.description,
        ];
        assert_eq!(kept.map(u8::from).iter().sum::<u8>(), 1, "{field:?}");
        assert!(kept[field as usize], "{field:?}");
        let state = if field == Field::Rate { OfferState::On } else { OfferState::Held };
        assert_eq!(changes.changed[0].state, state, "a locked price does not jump");
    }
}

#[test]
fn a_mass_disappearance_is_not_believed() {
    let rows: Vec<Known> = (1..=20).map(|n| known(&n.to_string(), "1", OfferState::On)).collect();
    let read = |left: usize| (1..=left).map(|n| offer(&n.to_string(), "1")).collect::<Vec<_>>();
    assert_eq!(diff(&rows, &read(10), &RULES).unwrap().gone.len(), 10, "half is the limit");
    let doubted = Guarded { known: 20, missing: 11, read: 9 };
    assert_eq!(diff(&rows, &read(9), &RULES), Err(doubted));
    assert_eq!(doubted.to_string(), "11 of 20 services are missing at once (9 were read): nothing was changed");
    let believed = Rules { guard_percent: None, ..RULES };
    assert_eq!(diff(&rows, &read(0), &believed).unwrap().gone.len(), 20, "an operator said so");
    // Of few offers any number may vanish, but not all of them: an empty answer is what a panel in trouble gives.
    assert_eq!(diff(&rows[..19], &read(1), &RULES).unwrap().gone.len(), 18);
    assert_eq!(diff(&rows[..2], &[], &RULES), Err(Guarded { known: 2, missing: 2, read: 0 }));
    // What is gone or kept off already is not missed.
    let mut off = rows;
    for row in &mut off {
        row.state = if row.id % 2 == 0 { OfferState::Gone } else { OfferState::Off };
    }
    assert_eq!(diff(&off, &[], &RULES), Ok(Changes::default()));
}

#[test]
fn what_an_operator_types_is_checked() {
    let good = offer("1", "1");
    let mut set = good.clone();
    for (field, value) in [
        (Field::Rate, "0.25"),
        (Field::Kind, "Custom Comments"),
        (Field::Max, "500"),
        (Field::Refill, "no"),
        (Field::Name, " Views "),
    ] {
        set.set(field, value).unwrap();
    }
    assert_eq!((set.rate, set.max, set.refill, set.name.as_str()), (dec("0.25"), 500, false, "Views"));
    assert_eq!(set.kind, Some(ServiceType::CustomComments));
    for (field, value) in [
        (Field::Rate, "1e5"),
        (Field::Rate, "-1"),
        (Field::Kind, "Hologram"),
        (Field::Max, "99"),
        (Field::Min, "many"),
        (Field::Cancel, "perhaps"),
        (Field::Name, " "),
    ] {
        let mut tried = good.clone();
        assert!(tried.set(field, value).is_err(), "{field:?} {value}");
        assert_eq!(tried, good, "a refusal changes nothing");
        assert_eq!(field.word().parse(), Ok(field));
    }
}

fn states() -> impl Strategy<Value = OfferState> {
    prop_oneof![
        5 => Just(OfferState::On),
        1 => Just(OfferState::Gone),
        1 => Just(OfferState::Held),
        1 => Just(OfferState::Off)
    ]
}

fn rates() -> impl Strategy<Value = Decimal> {
    (0..4_000_i128, 0..4_u32).prop_map(|(digits, scale)| Decimal::new(digits, scale).unwrap())
}

fn offers() -> impl Strategy<Value = Vec<Offer>> {
    let one = (0..40_u32, -1..4_i128, 0..3_i64, any::<[bool; 3]>(), proptest::option::of(0..17_usize), "[ab]{0,1}");
    let one = one.prop_map(|(service, digits, min, [refill, cancel, dripfeed], kind, name)| Offer {
        service: if service == 0 { String::new() } else { service.to_string() },
        name,
        category: String::new(),
        kind: kind.map(|kind| ServiceType::ALL[kind]),
        kind_text: "Default".into(),
        rate: Decimal::new(digits, 1).unwrap(),
        min,
        max: 1,
        refill,
        cancel,
        dripfeed,
        description: String::new(),
    });
    proptest::collection::vec(one, 0..60)
}

fn rows() -> impl Strategy<Value = Vec<Known>> {
    let one = (states(), rates(), 0..1_024_u16, any::<bool>());
    proptest::collection::vec(one, 0..40).prop_map(|rows| {
        let rows = rows.into_iter().enumerate().map(|(at, (state, before, locked, was_held))| {
            let held = state == OfferState::Held || state == OfferState::Gone && was_held;
            Known {
                id: at as i64 + 1,
                version: 1,
                offer: Offer { rate: dec("0.1"), ..offer(&(at + 1).to_string(), "1") },
                state,
                rate_before: held.then_some(before),
                locked: Field::ALL.into_iter().filter(|field| locked >> *field as u16 & 1 == 1).collect(),
            }
        });
        rows.collect()
    })
}

proptest! {
    #[test] // Whatever is read: what is written afterwards agrees with it, and reading it again changes nothing.
    fn the_result_is_the_catalogue(known in rows(), read in offers(), jump_percent in 0..200_i64) {
        let rules = Rules { guard_percent: None, jump_percent };
        let changes = diff(&known, &read, &rules).unwrap();
        let after = apply(&known, &changes);
        prop_assert_eq!(diff(&after, &read, &rules).map(|again| (again.imported, again.changed, again.gone)), Ok(Default::default()));

        let mut first: BTreeMap<&str, &Offer> = BTreeMap::new();
        for offer in read.iter().filter(|offer| offer.problem().is_none()) {
            first.entry(&offer.service).or_insert(offer);
        }
        let ids: BTreeSet<&str> = after.iter().map(|row| row.offer.service.as_str()).collect();
        prop_assert_eq!(ids.len(), after.len(), "an id has one row");
        prop_assert_eq!(read.len(), first.len() + changes.errors.len(), "each row is used or has its sentence");
        for row in &after {
            let was = known.iter().find(|was| was.id == row.id);
            match (first.get(row.offer.service.as_str()), was) {
                (Some(read), None) => prop_assert_eq!((&row.offer, row.state), (*read, OfferState::On)),
                (Some(read), Some(was)) => {
                    let kept = |field, new: bool, old: bool| if was.locked.has(field) { old } else { new };
                    prop_assert!(kept(Field::Rate, row.offer.rate == read.rate, row.offer.rate == was.offer.rate));
                    prop_assert!(kept(Field::Kind, row.offer.kind == read.kind, row.offer.kind == was.offer.kind));
                    prop_assert!(kept(Field::Name, row.offer.name == read.name, row.offer.name == was.offer.name));
                    prop_assert!(kept(Field::Min, row.offer.min == read.min, row.offer.min == was.offer.min));
                    prop_assert!(kept(Field::Cancel, row.offer.cancel == read.cancel, row.offer.cancel == was.offer.cancel));
                    prop_assert_ne!(row.state, OfferState::Gone);
                    prop_assert_eq!(row.state == OfferState::Off, was.state == OfferState::Off);
                    if row.state == OfferState::On {
                        // Never sold at more than the rise that is taken.
                        let usual = was.rate_before.unwrap_or(was.offer.rate);
                        let allowed = usual.checked_mul(Decimal::whole(100 + jump_percent).unwrap()).unwrap();
                        prop_assert!(row.offer.rate.checked_mul(dec("100")).unwrap() <= allowed);
                        prop_assert_eq!(row.rate_before, None);
                    }
                }
                (None, Some(was)) => {
                    prop_assert_eq!(&row.offer, &was.offer);
                    let gone = if was.state == OfferState::Off { OfferState::Off } else { OfferState::Gone };
                    prop_assert_eq!(row.state, gone);
                }
                (None, None) => prop_assert!(false, "a row from nowhere"),
            }
        }
    }

    #[test] // The guard decides by what it says: the share that is missing, or an empty answer.
    fn the_guard_is_its_rule(known in rows(), read in offers(), percent in 0..=100_i64) {
        let guarded = diff(&known, &read, &Rules { guard_percent: Some(percent), jump_percent: 30 });
        let changes = diff(&known, &read, &Rules { guard_percent: None, jump_percent: 30 }).unwrap();
        let expected = known.iter().filter(|row| matches!(row.state, OfferState::On | OfferState::Held)).count();
        let usable = read.len() - changes.errors.len();
        let missing = changes.gone.len();
        let too_many = expected >= 20 && missing as i64 * 100 > expected as i64 * percent;
        let doubted = missing > 0 && (too_many || usable == 0);
        prop_assert_eq!(guarded.is_err(), doubted);
        if let Ok(believed) = guarded {
            prop_assert_eq!(believed, changes);
        }
    }
}
