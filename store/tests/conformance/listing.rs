//! Windows over the withdrawals against a plain sort of all rows.

use crate::engines::{raw, run};
use crate::scene::*;
use domain::withdrawal::WithdrawalState;
use domain::{Money, UserId};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use store::Store;
use store::listing::{self, Filter, Listed};

const BANKS: [(&str, &str); 3] = [("044", "Access Bank"), ("058", "GTBank"), ("011", "First Bank of Nigeria")];
const FLAGS: [&str; 5] = ["", "N", "NV", "NVB", "A"];
const ROWS: i64 = 70;

async fn scene(store: &Store) {
    for id in 1..=6 {
        user(store, id).await;
    }
    let mut raw = raw(store).await;
    run(&mut raw, "update users set username = 'Zo\u{eb}_Ada', first_name = 'B\u{e1}yo' where id = 3").await.unwrap();
    for n in 0..ROWS {
        let key = key(format!("k{n}"));
        let (code, name) = BANKS[usize::try_from(n % 3).unwrap()];
        let user = UserId::new(n % 6 + 1);
        // Few payouts and times, so that neighbours differ by their id alone.
        let mut new = request(user, (n / 2 * 7 % 9 + 1) * 100, &key);
        (new.bank_code, new.bank_name) = (code, name);
        new.flags = FLAGS[usize::try_from(n * 3 % 5).unwrap()];
        let id = insert(store, &new, at(u64::try_from(n / 3 * 11 % 8).unwrap())).await.unwrap();
        let state = WithdrawalState::ALL[usize::try_from(n * 5 % 12).unwrap()];
        let frozen = if state == WithdrawalState::Frozen { "'sent'" } else { "null" };
        let sql = format!(
            "update withdrawal set signed = 1, state = '{state}', frozen_from = {frozen}, open = {}, attempt = {} \
             where id = {id}",
            i64::from(state.is_open()),
            n % 3
        );
        run(&mut raw, &sql).await.unwrap();
    }
}

fn any_filter() -> impl Strategy<Value = Filter> {
    // Mostly one or two of them at once, or nothing would be left to compare.
    let rarely = |none: &'static str, some: &[&'static str]| {
        let some = some.to_vec();
        prop_oneof![3 => Just(none), 1 => prop::sample::select(some)]
    };
    let states = rarely("", &[",requested,signing,", ",paid,", ",frozen,unknown,sent,"]);
    let not_states = rarely("", &[",requested,signing,", ",paid,", ",frozen,unknown,sent,"]);
    let user = rarely("", &["user", "ada", "3", "first", "nobody"]);
    let banks = vec![("%bank%", "x"), ("%first%", "x"), ("nothing", "058")];
    let bank = prop_oneof![3 => Just(("", "")), 1 => prop::sample::select(banks)];
    let flags = rarely("%", &["%N%", "%N%V%", "%A%"]);
    let not_flag = rarely("-", &["%B%", "%A%"]);
    let words = (rarely("", &["user1", "gtbank", "vc-w-3", "paid", "7"]), rarely("", &["bank", "1"]));
    let payouts = (prop::option::weighted(0.2, 0..10_i64), prop::option::weighted(0.2, 0..10_i64));
    let times = (prop::option::weighted(0.2, 0..8_u64), prop::option::weighted(0.2, 0..8_u64));
    (states, not_states, user, bank, flags, not_flag, words, payouts, times, any::<bool>()).prop_map(
        |(states, not_states, user, bank, flags, not_flag, words, payouts, times, open_only)| {
            let mut filter = Filter {
                states: states.to_owned(),
                not_states: not_states.to_owned(),
                user: user.to_owned(),
                bank_like: bank.0.to_owned(),
                bank_code: bank.1.to_owned(),
                min_payout: payouts.0.map_or(i64::MIN, |n| n * 100),
                max_payout: payouts.1.map_or(i64::MAX, |n| n * 100),
                after: times.0.map_or(i64::MIN, |secs| at(secs).micros()),
                before: times.1.map_or(i64::MAX, |secs| at(secs).micros()),
                flags_like: flags.to_owned(),
                open_only,
                ..Filter::default()
            };
            filter.not_flags[2] = not_flag.to_owned();
            (filter.words[0], filter.words[2]) = (words.0.to_owned(), words.1.to_owned());
            filter
        },
    )
}

/// `like` with `%` only, which is all that filters use.
fn like(text: &str, pattern: &str) -> bool {
    let parts: Vec<&str> = pattern.split('%').collect();
    if let [whole] = parts[..] {
        return text == whole;
    }
    let (Some(rest), last) = (text.strip_prefix(parts[0]), parts[parts.len() - 1]) else { return false };
    let mut rest = rest;
    for part in &parts[1..parts.len() - 1] {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

fn matches(filter: &Filter, row: &Listed) -> bool {
    let w = &row.withdrawal;
    let state = format!(",{},", w.state);
    let name = format!("{} {}", row.username, row.first_name).to_ascii_lowercase();
    let all =
        format!("{} {} {} {} {} vc-w-{}-{}", w.id, row.username, row.first_name, w.bank_name, w.state, w.id, w.attempt)
            .to_ascii_lowercase();
    let (payout, created) = (w.payout.minor(), w.created_at.micros());
    (filter.states.is_empty() || filter.states.contains(&state))
        && (filter.not_states.is_empty() || !filter.not_states.contains(&state))
        && (filter.user.is_empty() || name.contains(&filter.user) || w.user.to_string() == filter.user)
        && (filter.bank_like.is_empty()
            || like(&w.bank_name.to_ascii_lowercase(), &filter.bank_like)
            || w.bank_code == filter.bank_code)
        && (filter.min_payout..=filter.max_payout).contains(&payout)
        && filter.after < created
        && created < filter.before
        && like(&w.flags, &filter.flags_like)
        && filter.not_flags.iter().all(|pattern| !like(&w.flags, pattern))
        && filter.words.iter().all(|word| all.contains(word.as_str()))
        && (!filter.open_only || w.state.is_open())
}

pub(crate) async fn windows_agree_with_a_plain_sort(store: &Store) {
    scene(store).await;
    let all = read!(store, |tx| listing::beyond(tx, &Filter::default(), false, false, (i64::MIN, 0), 1_000).await);
    assert_eq!(all.len(), usize::try_from(ROWS).unwrap());
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[7; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let (mut seen, mut hits) = (0, 0);
    for round in 0..160 {
        let filter = any_filter().new_tree(&mut runner).unwrap().current();
        let (by_payout, descending, limit) = (round % 2 == 0, round % 4 < 2, [3, 10, 100][round % 3]);
        let of = |row: &Listed| {
            let w = &row.withdrawal;
            (if by_payout { w.payout.minor() } else { w.created_at.micros() }, w.id.get())
        };
        let mut expected: Vec<&Listed> = all.iter().filter(|row| matches(&filter, row)).collect();
        expected.sort_by_key(|row| of(row));
        if descending {
            expected.reverse();
        }
        let mut key = if descending { (i64::MAX, i64::MAX) } else { (i64::MIN, i64::MIN) };
        let mut found = Vec::new();
        loop {
            let page = read!(store, |tx| listing::beyond(tx, &filter, by_payout, descending, key, limit).await);
            let Some(last) = page.last() else { break };
            key = of(last);
            found.extend(page);
        }
        assert_eq!(
            found.iter().collect::<Vec<_>>(),
            expected,
            "{filter:?} by_payout {by_payout} descending {descending}"
        );
        let sum = |rows: &[&Listed]| rows.iter().map(|row| row.withdrawal.payout.minor()).sum::<i64>();
        let tally = read!(store, |tx| listing::tally(tx, &filter, 1_000).await);
        assert_eq!(tally, (i64::try_from(expected.len()).unwrap(), Money::ngn_minor(sum(&expected))));
        let capped = read!(store, |tx| listing::tally(tx, &filter, 2).await).0;
        assert_eq!(capped, i64::try_from(expected.len().min(2)).unwrap());
        seen += expected.len();
        hits += usize::from(!expected.is_empty());
    }
    assert!(hits > 40 && seen > 300, "the filters must let something through: {hits} of 160, {seen} rows");
    let one = read!(store, |tx| listing::find(tx, all[4].withdrawal.id).await);
    assert_eq!(one.as_ref(), Some(&all[4]));
}
