//! The texts by which panels say no (`smm-api-v2.md` section 7), and what each is about.
//!
//! Invariants
//! - A listed text proves that nothing was created, so phrases match whole words only: `invalid key` is not in
//!   `invalid keyword`.
//! - Rows are tested top-down in the order of the table; a coded form is looked up by its whole code first, so that
//!   `link_duplicate` is never taken for `link`.
//! - Whatever is not here is not listed: panels in other languages, new texts, our own words echoed.

use std::borrow::Cow;

use domain::smm::RefusalClass;

/// What was asked: a text may be listed for one question and say nothing for another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// `add`.
    Add,
    /// `refill` and `cancel`.
    Change,
    /// Everything that changes nothing.
    Read,
}

/// How a phrase is found in a text.
#[derive(Clone, Copy)]
enum How {
    /// Anywhere, between the ends of words.
    Within,
    /// At the beginning, up to the end of a word.
    First,
}

use How::{First, Within};
use RefusalClass::{
    ActiveOrder, Auth, InsufficientFunds, Link, NotEligible, Quantity, RateLimited, Request, Service, Transient,
};

/// What stands behind `error.` in a coded form.
const CODES: &[(&str, RefusalClass)] = &[
    ("not_enough_funds", InsufficientFunds),
    ("insufficient_balance", InsufficientFunds),
    ("too_many_orders", RateLimited),
    ("account_banned", Auth),
    ("ip_not_allowed", Auth),
    ("incorrect_service_id", Service),
    ("service_not_found", Service),
    ("service_inactive", Service),
    ("invalid_service", Service),
    ("link", Link),
    ("invalid_link", Link),
    ("link_not_found", Link),
    ("min_quantity", Quantity),
    ("max_quantity", Quantity),
    ("invalid_quantity", Quantity),
    ("quantity", Quantity),
    ("comment", Request),
    ("comments", Request),
    ("schedule_time", Request),
    ("runs", Request),
    ("interval", Request),
    ("incorrect_request", Request),
    ("incorrect_order_id", NotEligible),
    ("incorrect_refill_id", NotEligible),
    ("link_duplicate", ActiveOrder),
    ("duplicate_order", ActiveOrder),
];

/// Phrases in lower case with spaces for underscores, in the order of the table.
const PHRASES: &[(How, &str, RefusalClass)] = &[
    (Within, "not enough funds", InsufficientFunds),
    (Within, "insufficient balance", InsufficientFunds),
    (Within, "insufficient funds", InsufficientFunds),
    (Within, "too many requests", RateLimited),
    (Within, "rate limit", RateLimited),
    (Within, "rate limited", RateLimited),
    (First, "flood", RateLimited),
    (Within, "flood control", RateLimited),
    (Within, "slow down", RateLimited),
    (Within, "too many orders", RateLimited),
    (Within, "ip temporarily blocked", RateLimited),
    (Within, "ip is temporarily blocked", RateLimited),
    (Within, "invalid api key", Auth),
    (Within, "incorrect api key", Auth),
    (Within, "invalid key", Auth),
    (Within, "api key not found", Auth),
    (First, "unauthorized", Auth),
    (First, "forbidden", Auth),
    (First, "user inactive", Auth),
    (First, "user banned", Auth),
    (First, "user is inactive", Auth),
    (First, "user is banned", Auth),
    (First, "account banned", Auth),
    (Within, "api is disable for this user", Auth),
    (Within, "api is disabled for this user", Auth),
    (Within, "ip not allowed", Auth),
    (Within, "ip is not allowed", Auth),
    (Within, "ip not whitelisted", Auth),
    (Within, "ip is not whitelisted", Auth),
    (Within, "incorrect service id", Service),
    (Within, "incorrect service", Service),
    (Within, "invalid service", Service),
    (Within, "service not found", Service),
    (Within, "service inactive", Service),
    (Within, "service is inactive", Service),
    (Within, "service disabled", Service),
    (Within, "service is disabled", Service),
    (Within, "service does not exist", Service),
    (Within, "service doesn't exist", Service),
    (Within, "bad link", Link),
    (Within, "incorrect link", Link),
    (Within, "invalid link", Link),
    (Within, "invalid url", Link),
    (Within, "private account", Link),
    (Within, "account is private", Link),
    (Within, "link not found", Link),
    (Within, "quantity less than minimal", Quantity),
    (Within, "quantity less than minimum", Quantity),
    (Within, "quantity less than maximum", Quantity),
    (Within, "quantity more than maximum", Quantity),
    (Within, "quantity more than maximal", Quantity),
    (Within, "incorrect quantity", Quantity),
    (Within, "invalid quantity", Quantity),
    (First, "min quantity", Quantity),
    (First, "max quantity", Quantity),
    (Within, "comments required", Request),
    (Within, "comments is required", Request),
    (Within, "comments are required", Request),
    (Within, "runs required", Request),
    (Within, "runs is required", Request),
    (Within, "interval required", Request),
    (Within, "interval is required", Request),
    (First, "answer number is", Request),
    (Within, "no drip-feed support", Request),
    (Within, "drip-feed is not supported", Request),
    (Within, "does not support drip-feed", Request),
    (Within, "incorrect request", Request),
    (Within, "missing required parameters", Request),
    (Within, "this action is invalid", Request),
    (Within, "incorrect order id", NotEligible),
    (Within, "incorrect refill id", NotEligible),
    (Within, "refill not found", NotEligible),
    (Within, "not eligible for refill", NotEligible),
    (Within, "refill too early", NotEligible),
    (Within, "cannot cancel", NotEligible),
    (Within, "active order with this link", ActiveOrder),
    (First, "link duplicate", ActiveOrder),
    (Within, "duplicate order", ActiveOrder),
    (Within, "order in progress", ActiveOrder),
    (Within, "maintenance", Transient),
    (Within, "temporarily unavailable", Transient),
    (Within, "server busy", Transient),
    (Within, "server is busy", Transient),
    (Within, "demo mode", Transient),
];

/// Beginnings that speak of the panel's insides and say nothing of an order. A read may simply be repeated.
const INTERNAL: &[&str] = &["unknown error, please try again later", "there was an error processing your request"];

/// Texts of ours that are shorter are not taken out of an answer: they would shred it.
const OWN_BYTES_MIN: usize = 6;
/// A configured refusal must say at least this much.
const CONFIGURED_BYTES_MIN: usize = 6;

/// What the text is about, if it is listed for what was asked.
pub(super) fn class_of(text: &str, asked: Asked) -> Option<RefusalClass> {
    let coded = text.trim().trim_end_matches('.').to_lowercase();
    let plain = plain(text);
    let class = match code(&coded) {
        Some(class) => Some(class),
        None => PHRASES.iter().find(|(how, phrase, _)| found(&plain, *how, phrase)).map(|(.., class)| *class),
    };
    match (class, asked) {
        // An order that is being made has no id yet: the text is about something else.
        (Some(NotEligible), Asked::Add) => None,
        (None, Asked::Read) if is_internal(&plain) => Some(Transient),
        (class, _) => class,
    }
}

/// What the text of an `add` is about, if it is listed for every panel or by this one's configuration. `own` are the
/// texts that we sent: a link that reads like a refusal must not make one.
pub(super) fn class_of_add(text: &str, own: &[&str], configured: &[String]) -> Option<RefusalClass> {
    let theirs = without(text, own);
    class_of(&theirs, Asked::Add).or_else(|| {
        let said = plain(&theirs);
        let listed = configured.iter().map(|text| plain(text)).filter(|text| text.len() >= CONFIGURED_BYTES_MIN);
        listed.into_iter().any(|text| found(&said, First, &text)).then_some(Transient)
    })
}

/// A code that is listed, out of `neworder.error.link_duplicate`.
fn code(text: &str) -> Option<RefusalClass> {
    let (_, code) = text.rsplit_once("error.")?;
    CODES.iter().find(|(listed, _)| *listed == code).map(|(_, class)| *class)
}

fn is_internal(plain: &str) -> bool {
    INTERNAL.iter().any(|text| found(plain, First, text))
}

/// Lower case, spaces for underscores and for runs of spaces, no mark at the end.
fn plain(text: &str) -> String {
    let lower = text.to_lowercase().replace('_', " ");
    let words: Vec<&str> = lower.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', '!', ' ']).to_owned()
}

fn found(text: &str, how: How, phrase: &str) -> bool {
    let ends = |rest: &str| !rest.starts_with(char::is_alphanumeric);
    match how {
        First => text.strip_prefix(phrase).is_some_and(ends),
        Within => text
            .match_indices(phrase)
            .any(|(at, phrase)| !text[..at].ends_with(char::is_alphanumeric) && ends(&text[at + phrase.len()..])),
    }
}

/// The text without ours, however either is spaced and capitalised.
fn without<'a>(text: &'a str, own: &[&str]) -> Cow<'a, str> {
    let own: Vec<String> = own.iter().map(|text| plain(text)).filter(|text| text.len() >= OWN_BYTES_MIN).collect();
    let said = plain(text);
    if !own.iter().any(|own| said.contains(own.as_str())) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(own.iter().fold(said, |said, own| said.replace(own.as_str(), "\u{fffd}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_whole() {
        for (text, class) in [
            ("Invalid key", Some(Auth)),
            ("Invalid keyword", None),
            ("Invalid keywords", None),
            ("INVALID  Api_Key!", Some(Auth)),
            ("Your link is forbidden", None),
            ("Forbidden", Some(Auth)),
            ("forbiddenness", None),
            ("neworder.error.link", Some(Link)),
            ("neworder.error.link_duplicate", Some(ActiveOrder)),
            ("neworder.error.link_blocked", None),
            ("NewOrder.Error.Min_Quantity.", Some(Quantity)),
            ("error.incorrect_service_id", Some(Service)),
            ("link", None),
            ("quantity", None),
            ("", None),
            ("   ", None),
        ] {
            assert_eq!(class_of(text, Asked::Add), class, "{text}");
        }
    }

    #[test]
    fn rows_are_tested_from_the_top() {
        assert_eq!(class_of("Not enough funds: invalid service", Asked::Add), Some(InsufficientFunds));
        assert_eq!(class_of("Incorrect service ID, bad link", Asked::Add), Some(Service));
        // Every phrase is found as itself, so that none is hidden by an earlier one of another class.
        for (_, phrase, class) in PHRASES {
            assert_eq!(class_of(phrase, Asked::Read), Some(*class), "{phrase}");
            assert_eq!(*phrase, plain(phrase), "a phrase must stand in the form that it is compared in");
        }
        for (listed, class) in CODES {
            assert_eq!(class_of(&format!("neworder.error.{listed}"), Asked::Read), Some(*class), "{listed}");
            assert_eq!(class_of(&format!("error.{listed}"), Asked::Change), Some(*class), "{listed}");
        }
    }

    #[test]
    fn what_we_sent_refuses_nothing() {
        let own = ["https://t.me/bad link", "no"];
        assert_eq!(class_of_add("Queue failed for HTTPS://t.me/bad_link", &own, &[]), None);
        assert_eq!(class_of_add("Bad link: https://t.me/bad link", &own, &[]), Some(Link));
        assert_eq!(class_of_add("Not enough funds", &own, &[]), Some(InsufficientFunds));
    }

    #[test]
    fn a_panel_may_list_texts_of_its_own() {
        let listed =
            ["Unknown error, please try again later".to_owned(), "saldo insuficiente".to_owned(), "e".to_owned()];
        for (text, class) in [
            ("Unknown error, please try again later.", Some(Transient)),
            ("Saldo insuficiente: 0.10", Some(Transient)),
            ("Saldo insuficientemente", None),
            ("Su saldo insuficiente", None),
            ("e", None),
            ("Not enough funds", Some(InsufficientFunds)),
        ] {
            assert_eq!(class_of_add(text, &[], &listed), class, "{text}");
        }
        assert_eq!(class_of_add("Unknown error, please try again later", &[], &[]), None);
        assert_eq!(class_of("Unknown error, please try again later", Asked::Read), Some(Transient));
        assert_eq!(class_of("Unknown error, please try again later", Asked::Change), None);
    }
}
