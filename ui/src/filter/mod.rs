//! The filter language of the lists: `user:kemi bank:gt* amt>=50k age>2h state:requested|signing flag:new -flag:aff`.
//!
//! Pure. A filter that cannot be read says where and why, so that the fault can be underlined and the last good result
//! kept. What a keyset query cannot answer (an `or` between different terms, a negated name) is refused by name. Here is
//! what a term is; what the terms of a tab mean is in a file for each.

mod boosts;
mod ipstock;
mod payments;
mod withdrawals;

pub use boosts::parse as boosts;
pub use ipstock::{items, machines, orders as vps_orders};
pub use payments::{invoices, transfers};
pub use withdrawals::parse as withdrawals;

use domain::Timestamp;
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

/// What the terms of a tab may be.
struct Grammar {
    /// Every key, for the message of an unknown one.
    keys: &'static [&'static str],
    /// Keys that compare, and so take `>=`.
    compares: &'static [&'static str],
    /// Keys that may be left out with `-`.
    leaves_out: &'static [&'static str],
    /// Keys whose values `or` may join.
    joins: &'static [&'static str],
}

impl Grammar {
    /// Reads a filter: what has a key goes to `keyed`, the free words come back.
    fn read(
        &self,
        text: &str,
        mut keyed: impl FnMut(&Term, &str, Op) -> Result<(), Fault>,
    ) -> Result<Vec<String>, Fault> {
        let mut words = Vec::new();
        let mut joining = false;
        for term in terms(text)? {
            let joined = std::mem::take(&mut joining);
            match (&term.key, term.value.as_str()) {
                (None, "and") => {}
                (None, "or") => joining = true,
                (None, word) if term.negated => {
                    let these = self.leaves_out.iter().map(|key| format!("{key}:")).collect::<Vec<_>>().join(" and ");
                    return Err(term.fault(format!("only {these} can be left out, not “{word}”")));
                }
                (None, word) => {
                    if joined {
                        return Err(term.fault(self.joined_badly()));
                    }
                    if words.len() == WORDS {
                        return Err(term.fault(format!("at most {WORDS} free words; quote those that belong together")));
                    }
                    words.push(word.to_owned());
                }
                (Some((key, op)), value) => {
                    let key = if key == "amount" { "amt" } else { key.as_str() };
                    if !self.keys.contains(&key) {
                        return Err(term.fault(format!("no “{key}”; there are {}", self.keys.join(", "))));
                    }
                    if joined && !self.joins.contains(&key) {
                        return Err(term.fault(self.joined_badly()));
                    }
                    if !self.compares.contains(&key) && *op != Op::Is {
                        return Err(term.fault(format!("{key} takes a colon, {key}:…")));
                    }
                    if term.negated && !self.leaves_out.contains(&key) {
                        return Err(term.fault(format!("{key} cannot be left out with - or not")));
                    }
                    if value.is_empty() {
                        return Err(term.fault(format!("{key}: needs a value")));
                    }
                    keyed(&term, key, *op)?;
                }
            }
        }
        Ok(words)
    }

    fn joined_badly(&self) -> String {
        format!("“or” joins {}s only; write state:requested|signing", self.joins.join("s and "))
    }
}

/// The ends of a span of ages, as moments: what was made before, what was made after.
fn age(term: &Term, op: Op, now: Timestamp) -> Result<(Option<Timestamp>, Option<Timestamp>), Fault> {
    let age = duration(&term.value).ok_or_else(|| term.fault("an age is 90s, 10m, 2h or 3d"))?;
    match op {
        Op::Least | Op::Above => Ok((Some(now.minus(age)), None)),
        Op::Most | Op::Below => Ok((None, Some(now.minus(age)))),
        Op::Is => Err(term.fault("age takes > or <: age>2h")),
    }
}

/// A moment since when rows are wanted.
fn since(term: &Term, now: Timestamp) -> Result<Timestamp, Fault> {
    time_of_day(&term.value, now).ok_or_else(|| term.fault("a time is 09:00 (UTC) or a date"))
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
