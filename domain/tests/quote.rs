//! The rules of prices and of amounts: what is a quote, what is paid, what a dollar costs in naira.

use std::time::Duration;

use domain::decimal::Decimal;
use domain::money::MoneyError;
use domain::quote::{
    Amount, Coin, Quote, QuoteRefusal, QuoteRules, Reading, Tolerance, accepted, bank_amount, bank_rate, judge,
    judge_peg, price,
};
use domain::{Money, Rate, Timestamp};
use proptest::prelude::*;

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn usd(text: &str) -> Money {
    Money::parse(text, domain::Currency::Usd).unwrap()
}

fn ngn(text: &str) -> Money {
    Money::parse(text, domain::Currency::Ngn).unwrap()
}

fn rate(text: &str) -> Rate {
    Rate::parse(text).unwrap()
}

/// Readings of sources `a`, `b`, …, each with its age in seconds.
fn said(prices: &[(&str, u64)]) -> Vec<Reading> {
    let names = ["a", "b", "c", "d", "e"];
    let reading = |((price, age), source): (&(&str, u64), &&str)| Reading {
        source: (*source).to_owned(),
        price: rate(price),
        at: NOW.minus(Duration::from_secs(*age)),
    };
    prices.iter().zip(&names).map(reading).collect()
}

fn judged(prices: &[(&str, u64)]) -> Result<Quote, QuoteRefusal> {
    judge(&said(prices), NOW, &QuoteRules::default())
}

#[test]
fn of_two_prices_the_lower_is_taken_and_of_three_the_middle_one() {
    for (prices, taken, bps) in [
        (vec![("100", 0), ("101", 0)], "100", 100),
        (vec![("101", 0), ("100", 0)], "100", 100),
        (vec![("100", 0), ("103", 0), ("101", 0)], "101", 199),
        (vec![("100", 0), ("101", 0), ("102", 0), ("103", 0)], "101", 199),
        (vec![("100", 300), ("100", 300)], "100", 0),
        // The lower of two that are still there counts when the third is old.
        (vec![("100", 0), ("90", 301), ("101", 0)], "100", 100),
        (vec![("0.27", 0), ("0.2701", 0)], "0.27", 4),
    ] {
        let quote = judged(&prices).unwrap();
        assert_eq!((quote.price, quote.deviation_bps, quote.warned), (rate(taken), bps, false), "{prices:?}");
    }
}

#[test]
fn one_source_is_no_quote_and_an_old_one_is_none() {
    for (prices, have) in [
        (vec![], 0),
        (vec![("100", 0)], 1),
        (vec![("100", 0), ("100", 301)], 1),
        (vec![("100", 301), ("100", 400), ("100", 9_999)], 0),
    ] {
        assert_eq!(judged(&prices), Err(QuoteRefusal::TooFew { have, need: 2 }), "{prices:?}");
    }
    // One source twice is one source, and its newer word counts; the future is as wrong as the past.
    let mut twice = said(&[("100", 60), ("90", 0)]);
    twice.iter_mut().for_each(|reading| reading.source = "a".to_owned());
    assert_eq!(judge(&twice, NOW, &QuoteRules::default()), Err(QuoteRefusal::TooFew { have: 1, need: 2 }));
    twice.extend(said(&[("70", 9_999), ("91", 30)]));
    let quote = judge(&twice, NOW, &QuoteRules::default()).unwrap();
    assert_eq!((quote.price, quote.at), (rate("90"), NOW.minus(Duration::from_secs(30))));
    let mut ahead = said(&[("100", 0), ("100", 0)]);
    ahead[0].at = NOW.plus(Duration::from_secs(301));
    assert_eq!(judge(&ahead, NOW, &QuoteRules::default()), Err(QuoteRefusal::TooFew { have: 1, need: 2 }));
}

#[test]
fn above_two_percent_warns_and_above_five_stops() {
    for (other, warned, stopped) in [
        ("102", false, None),
        ("102.000001", true, None),
        ("105", true, None),
        ("105.000001", true, Some(501)),
        ("200", true, Some(10_000)),
        ("9000000000", true, Some(u32::MAX)),
    ] {
        let judged = judged(&[("100", 0), (other, 0)]);
        match stopped {
            None => assert_eq!(judged.map(|quote| quote.warned), Ok(warned), "{other}"),
            Some(bps) => {
                let refusal = QuoteRefusal::Apart { deviation_bps: bps, stop_bps: 500 };
                assert_eq!(judged, Err(refusal), "{other}");
            }
        }
    }
    // A third source that lies by half stops it as well: somebody is wrong, and nobody knows who.
    assert!(matches!(judged(&[("100", 0), ("100", 0), ("50", 0)]), Err(QuoteRefusal::Apart { .. })));
}

#[test]
fn a_tether_that_is_no_dollar_stops_stablecoins() {
    for (prices, holds) in [
        (vec![("1", 0)], true),
        (vec![("0.98", 0)], true),
        (vec![("1.02", 0)], true),
        (vec![("0.979999999", 0)], false),
        (vec![("1.020000001", 0)], false),
        (vec![("0.9", 0), ("0.99", 0), ("1.0", 0)], true),
        (vec![("0.9", 0), ("0.97", 0), ("1.0", 0)], false),
    ] {
        let peg = judge_peg(&said(&prices), NOW, &QuoteRules::default());
        assert_eq!(peg.is_ok(), holds, "{prices:?}: {peg:?}");
        assert!(holds || matches!(peg, Err(QuoteRefusal::Depegged(_))), "{peg:?}");
    }
    let none = judge_peg(&said(&[("1", 301)]), NOW, &QuoteRules::default());
    assert_eq!(none, Err(QuoteRefusal::TooFew { have: 0, need: 1 }));
}

#[test]
fn prices_keep_nine_decimals_and_are_above_zero() {
    for (text, kept) in [
        ("95.23", Some("95.23")),
        ("0.0000001", Some("0.0000001")),
        ("95.12345678999", Some("95.123456789")),
        ("0.0000000009", None),
        ("0", None),
        ("-1", None),
        ("9999999999.999999999", None),
        ("999999999.999999999", Some("999999999.999999999")),
    ] {
        assert_eq!(price(Decimal::parse(text).unwrap()), kept.map(rate), "{text}");
    }
    assert_eq!(Coin::ALL.map(Coin::word), ["binancecoin", "solana", "tron", "aptos", "tether"]);
    assert!(Coin::ALL.into_iter().all(|coin| Coin::from_word(coin.word()) == Some(coin)));
    assert_eq!(Coin::from_word("bitcoin"), None);
}

/// D09: the original took a payment that differed by up to fifty cents, whatever the order cost.
#[test]
fn d09_a_tolerance_is_a_share_so_small_orders_are_not_free() {
    let (share, dust) = (Tolerance::Share { bps: 50 }, Tolerance::Dust { units: 10_000 });
    let short = |missing| Amount::Short { missing };
    for (expected, received, tolerance, is) in [
        // A fifty-cent order and nothing, a dollar order and half.
        (500_000, 0, dust, short(500_000)),
        (500_000, 0, share, short(500_000)),
        (1_000_000, 500_000, dust, short(500_000)),
        (1_000_000, 500_000, share, short(500_000)),
        // A stablecoin is exact down to the dust.
        (1_000_000, 1_000_000, dust, Amount::Paid),
        (1_000_000, 990_000, dust, Amount::Paid),
        (1_000_000, 989_999, dust, short(10_001)),
        (1_000_000, 1_000_001, dust, Amount::Over { excess: 1 }),
        // A coin may lack half a percent.
        (1_000_000, 995_000, share, Amount::Paid),
        (1_000_000, 994_999, share, short(5_001)),
        (1_000_001, 995_000, share, short(5_001)),
        (1_000_000, 2_000_000, share, Amount::Over { excess: 1_000_000 }),
        // No tolerance makes a tenth vanish, and none makes a payment of nothing.
        (20_000, 10_000, dust, short(10_000)),
        (10, 9, Tolerance::Share { bps: 10_000 }, Amount::Paid),
        (10, 8, Tolerance::Share { bps: u32::MAX }, short(2)),
        (1, 0, Tolerance::Dust { units: u128::MAX }, short(1)),
        (0, 0, share, short(0)),
        (0, 5, share, Amount::Over { excess: 5 }),
        (u128::MAX, u128::MAX, share, Amount::Paid),
    ] {
        assert_eq!(accepted(expected, received, &tolerance), is, "{received} of {expected}, {tolerance:?}");
    }
}

#[test]
fn a_dollar_costs_the_market_s_naira_and_the_spread() {
    for (market, spread, dollars, naira) in [
        ("1560.25", "100", "1.00", "1660.25"),
        ("1560.25", "0", "1.00", "1560.25"),
        ("1560.257", "100", "1.00", "1660.26"),
        ("1560.25", "100", "0.30", "498.08"),
        ("1560.25", "99.99", "0.000001", "0.01"),
    ] {
        let rate = bank_rate(rate(market), ngn(spread)).unwrap();
        assert_eq!(bank_amount(usd(dollars), rate), Ok(ngn(naira)), "{dollars} at {market} + {spread}");
    }
    assert_eq!(bank_rate(rate("1560"), usd("1")), Err(MoneyError::CurrencyMismatch));
    assert_eq!(bank_rate(rate("1560"), Money::ngn_minor(-1)), Err(MoneyError::CurrencyMismatch));
    assert_eq!(bank_amount(ngn("1"), rate("1660")), Err(MoneyError::CurrencyMismatch));
    assert_eq!(bank_amount(usd("9000000000000"), rate("1660000")), Err(MoneyError::Overflow));
}

fn readings() -> impl Strategy<Value = Vec<Reading>> {
    let one = (1_i64..1_000_000, 0_u64..600, 0_usize..5).prop_map(|(cents, age, source)| Reading {
        source: format!("s{source}"),
        price: Rate::new(cents, 100).unwrap(),
        at: NOW.minus(Duration::from_secs(age)),
    });
    prop::collection::vec(one, 0..8)
}

proptest! {
    #[test] // Whatever is said in whatever order: a quote is one of the fresh prices, and nobody fresh is far from it.
    fn a_quote_is_between_fresh_prices_that_agree(readings in readings()) {
        let rules = QuoteRules::default();
        let mut turned = readings.clone();
        turned.reverse();
        if let Ok(quote) = judge(&readings, NOW, &rules) {
            prop_assert!(quote.sources.len() >= 2 && quote.deviation_bps <= rules.stop_bps);
            prop_assert!(NOW.since(quote.at) <= rules.max_age);
            let fresh = |r: &&Reading| NOW.since(r.at) <= rules.max_age;
            prop_assert!(readings.iter().filter(fresh).any(|r| r.price == quote.price));
            // Those at or above it are at least as many as those below: of two it is the lower.
            let used: Vec<_> = quote.sources.iter().collect();
            prop_assert_eq!(used.windows(2).all(|pair| pair[0] < pair[1]), true);
        }
        let sources: std::collections::BTreeSet<_> = readings.iter().map(|r| &r.source).collect();
        if sources.len() == readings.len() {
            prop_assert_eq!(judge(&readings, NOW, &rules), judge(&turned, NOW, &rules));
        }
    }

    #[test] // What is paid is at least nine tenths and never nothing; more money is never worse.
    fn more_is_never_worse(expected in 1_u128..u128::MAX, received: u128, more: u128, bps in 0_u32..20_000, dust: u128) {
        for tolerance in [Tolerance::Share { bps }, Tolerance::Dust { units: dust }] {
            let enough = |units| !matches!(accepted(expected, units, &tolerance), Amount::Short { .. });
            prop_assert!(!enough(0) && enough(expected));
            if enough(received) {
                prop_assert!(received >= expected - expected / 10);
                prop_assert!(enough(received.saturating_add(more)));
            }
            match accepted(expected, received, &tolerance) {
                Amount::Paid => prop_assert!(received > 0 && received <= expected),
                Amount::Short { missing } => prop_assert_eq!(received + missing, expected),
                Amount::Over { excess } => prop_assert_eq!(expected + excess, received),
            }
        }
    }

    #[test] // The payer never pays less than the market and the spread, and never a whole kobo more.
    fn naira_are_rounded_up_by_less_than_a_kobo(minor in 1_i64..1_000_000_000_000, market in 1_i64..100_000_000,
                                                spread in 0_i64..1_000_000) {
        let market = Rate::new(market, 10_000).unwrap();
        let naira = bank_amount(Money::usd_minor(minor), bank_rate(market, Money::ngn_minor(spread)).unwrap()).unwrap();
        let exact = i128::from(minor) * (i128::from(market.parts().0) + i128::from(spread) * 100);
        let shown = i128::from(naira.minor()) * 100_000_000;
        prop_assert!(shown >= exact && shown - exact < 100_000_000);
    }
}
