//! The ledger and its holds against a plain model in memory: whatever is asked, in whatever order and grouping, both
//! say the same, and nothing is broken afterwards.

use crate::scene::*;
use domain::id::JournalId;
use domain::ledger::{Account, Journal, Purse, Refusal};
use domain::{Currency, UserId};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, Ordering};
use store::holds::{self, Close};
use store::ledger::{PostError, Posted};
use store::{Store, StoreError};

#[derive(Clone, Debug)]
enum Step {
    /// Journals of one batch: (key, from, to, amount); user 0 is ours.
    Batch(Vec<(u8, i64, i64, i64)>),
    /// The same, each through the queue, at once.
    Queue(Vec<(u8, i64, i64, i64)>),
    /// Undo the journal that was posted under the first key, under the second.
    Reverse(u8, u8),
    /// Hold an amount of a user's purse for an object.
    Hold { object: u8, user: i64, amount: i64 },
    /// End an object's hold.
    Close { object: u8, capture: bool },
}

fn any_step() -> impl Strategy<Value = Step> {
    let line = || (0..24_u8, 0..4_i64, 0..4_i64, -3..90_i64);
    prop_oneof![
        4 => prop::collection::vec(line(), 0..7).prop_map(Step::Batch),
        2 => prop::collection::vec(line(), 1..4).prop_map(Step::Queue),
        2 => (0..24_u8, 0..24_u8).prop_map(|(of, key)| Step::Reverse(of, key)),
        3 => (0..3_u8, 1..4_i64, 1..60_i64).prop_map(|(object, user, amount)| Step::Hold { object, user, amount }),
        2 => (0..3_u8, any::<bool>()).prop_map(|(object, capture)| Step::Close { object, capture }),
    ]
}

/// What the books should say. Users' numbers begin at `base`, keys and objects with it.
struct Model {
    base: i64,
    balances: HashMap<Account, i64>,
    posted: HashMap<String, (Journal, JournalId)>,
    reversed: Vec<JournalId>,
    holds: HashMap<u8, (Account, Account, i64, i64)>,
    numbers: HashMap<u8, i64>,
}

/// What should become of a journal.
#[derive(Debug, PartialEq)]
enum Fate {
    Posted,
    Replayed(JournalId),
    KeyReused,
    Unbalanced,
    Insufficient,
    NotReversible,
}

impl Model {
    fn purse(&self, user: i64) -> Account {
        if user == 0 { adjust() } else { wallet(self.base + user) }
    }

    fn journal(&self, line: &(u8, i64, i64, i64)) -> Journal {
        transfer(format!("m{}:{}", self.base, line.0), self.purse(line.1), self.purse(line.2), line.3)
    }

    fn fate(&self, journal: &Journal) -> Fate {
        if let Some((earlier, id)) = self.posted.get(journal.key.as_str()) {
            let same = earlier.entries == journal.entries && earlier.reverses == journal.reverses;
            return if same { Fate::Replayed(*id) } else { Fate::KeyReused };
        }
        if let Some(of) = journal.reverses {
            let is_reversal = self.posted.values().any(|(j, id)| *id == of && j.reverses.is_some());
            if is_reversal || self.reversed.contains(&of) {
                return Fate::NotReversible;
            }
        }
        if journal.entries.iter().any(|entry| entry.amount.is_zero()) {
            return Fate::Unbalanced;
        }
        let mut after = self.balances.clone();
        for entry in &journal.entries {
            *after.entry(entry.account.clone()).or_default() += entry.amount.minor();
        }
        let overdrawn = journal.entries.iter().any(|e| e.account.is_user() && after[&e.account] < 0);
        if overdrawn { Fate::Insufficient } else { Fate::Posted }
    }

    /// Says what should have happened, compares, and remembers.
    fn expect(&mut self, journal: &Journal, answer: &Result<Posted, PostError>) {
        let fate = self.fate(journal);
        let said = match answer {
            Ok(Posted { id, replayed: true }) => Fate::Replayed(*id),
            Ok(Posted { replayed: false, .. }) => Fate::Posted,
            Err(PostError::Refused(Refusal::KeyReused(_))) => Fate::KeyReused,
            Err(PostError::Refused(Refusal::Unbalanced)) => Fate::Unbalanced,
            Err(PostError::Refused(Refusal::InsufficientFunds { .. })) => Fate::Insufficient,
            Err(PostError::AlreadyReversed | PostError::Store(StoreError::Constraint(_))) => Fate::NotReversible,
            Err(other) => panic!("{other:?}"),
        };
        assert_eq!(said, fate, "{journal:?}");
        if let (Fate::Posted, Ok(posted)) = (fate, answer) {
            for entry in &journal.entries {
                *self.balances.entry(entry.account.clone()).or_default() += entry.amount.minor();
            }
            self.reversed.extend(journal.reverses);
            self.posted.insert(journal.key.as_str().to_owned(), (journal.clone(), posted.id));
        }
    }
}

async fn batch(store: &Store, journals: &[Journal]) -> Vec<Result<Posted, PostError>> {
    let answers: Result<_, StoreError> = transact!(store, |tx, journals| store::ledger::post_all(tx, journals).await);
    answers.unwrap()
}

async fn play(store: &Store, model: &mut Model, step: &Step) {
    match step {
        Step::Batch(lines) => {
            let journals: Vec<Journal> = lines.iter().map(|line| model.journal(line)).collect();
            for (journal, answer) in journals.iter().zip(batch(store, &journals).await) {
                model.expect(journal, &answer);
            }
        }
        Step::Queue(lines) => {
            // The queue keeps the order in which they were put in.
            let journals: Vec<Journal> = lines.iter().map(|line| model.journal(line)).collect();
            let mut asked = Vec::new();
            for journal in &journals {
                let mut answer = Box::pin(store.post(journal.clone()));
                // Polled once it is in the queue, in this order.
                let first = std::future::poll_fn(|cx| std::task::Poll::Ready(answer.as_mut().poll(cx))).await;
                asked.push((answer, first));
            }
            for (journal, (answer, first)) in journals.iter().zip(asked) {
                let answer = match first {
                    std::task::Poll::Ready(answer) => answer,
                    std::task::Poll::Pending => answer.await,
                };
                model.expect(journal, &answer);
            }
        }
        Step::Reverse(of, key) => {
            let Some((original, id)) = model.posted.get(&format!("m{}:{of}", model.base)) else { return };
            let mut undo = Journal { reverses: Some(*id), ..original.clone() };
            undo.key = crate::scene::key(format!("m{}:{key}", model.base));
            for entry in &mut undo.entries {
                entry.amount = entry.amount.checked_neg().unwrap();
            }
            let answer = post(store, &undo).await;
            model.expect(&undo, &answer);
        }
        Step::Hold { object, user, amount } => hold(store, model, *object, *user, *amount).await,
        Step::Close { object, capture } => close(store, model, *object, *capture).await,
    }
}

async fn hold(store: &Store, model: &mut Model, object: u8, user: i64, amount: i64) {
    let n = *model.numbers.entry(object).and_modify(|n| *n += 1).or_insert(1);
    let (from, held) = (model.purse(user), Account::held(UserId::new(model.base + user), Purse::Wallet));
    let journal = transfer(format!("h{}:{object}:{n}", model.base), from.clone(), held.clone(), amount);
    let name = format!("object:{}:{object}", model.base);
    let (journal, name, account) = (&journal, &name, &held);
    let outcome: Result<Posted, PostError> = transact!(store, |tx| {
        let posted = store::ledger::post(tx, journal).await?;
        holds::open(tx, name, n, account, usd(amount), posted.id, T0).await?;
        Ok(posted)
    });
    if model.holds.contains_key(&object) {
        // Refused by its funds or by the hold that is open; either way nothing of it is there.
        assert!(outcome.is_err(), "two open holds of one object");
        return;
    }
    model.expect(journal, &outcome);
    if let Ok(posted) = outcome {
        assert!(!posted.replayed);
        let id = read!(store, |tx| holds::find_open(tx, name).await).unwrap().id;
        model.holds.insert(object, (from, held, amount, id));
    }
}

async fn close(store: &Store, model: &mut Model, object: u8, capture: bool) {
    let Some((from, held, amount, id)) = model.holds.remove(&object) else { return };
    let to = if capture { Account::platform("revenue", Currency::Usd) } else { from };
    let journal = transfer(format!("c{}:{id}", model.base), held, to, amount);
    let how = if capture { Close::Captured } else { Close::Released };
    let journal = &journal;
    let outcome: Result<Posted, PostError> = transact!(store, |tx| {
        let posted = store::ledger::post(tx, journal).await?;
        holds::close(tx, id, how, posted.id, T0).await?;
        Ok(posted)
    });
    model.expect(journal, &outcome);
    assert!(outcome.is_ok());
}

pub(crate) async fn the_ledger_agrees_with_a_plain_model(store: &Store) {
    static BASE: AtomicI64 = AtomicI64::new(1_000);
    let mut runner =
        TestRunner::new(Config { cases: 24, max_shrink_iters: 200, failure_persistence: None, ..Config::default() });
    let handle = tokio::runtime::Handle::current();
    let outcome = tokio::task::block_in_place(|| {
        runner.run(&prop::collection::vec(any_step(), 1..16), |steps| {
            let base = BASE.fetch_add(100, Ordering::SeqCst);
            let mut model = Model {
                base,
                balances: HashMap::new(),
                posted: HashMap::new(),
                reversed: Vec::new(),
                holds: HashMap::new(),
                numbers: HashMap::new(),
            };
            handle.block_on(async {
                for step in &steps {
                    play(store, &mut model, step).await;
                }
                for user in 1..4 {
                    let purse = model.purse(user);
                    let expected = model.balances.get(&purse).copied().unwrap_or(0);
                    assert_eq!(balance(store, &purse).await, expected, "{}", purse.name());
                }
            });
            Ok(())
        })
    });
    outcome.unwrap();
    assert_sound(store).await;
}
