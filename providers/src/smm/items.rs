//! Answers that speak of many ids at once: status, refill, refill status, cancel.

use std::collections::BTreeMap;

use domain::outcome::{Evidence, Outcome};
use domain::smm::{PanelStatus, RefusalClass};
use domain::text;
use serde_json::value::RawValue;

use super::Items;
use super::answer::{self, Id, Item};
use super::encode::is_id;
use super::log::Verdict;
use super::refusal::{Asked, class_of};
use crate::http::{RawReply, TEXT_COLUMNS};
use crate::read::{ReadError, arrived};

/// Where an order stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderStatus {
    /// `None`: a word that is not listed. What was known before stays.
    pub status: Option<PanelStatus>,
    /// The panel's own word, one clean line.
    pub word: String,
    /// What the panel took, decimal text in `currency`: our cost, not the customer's price.
    pub charge: Option<String>,
    /// As the panel spells it.
    pub currency: Option<String>,
    /// The counter when the order began.
    pub start_count: Option<i64>,
    /// What is left to deliver; below zero when more was delivered than ordered.
    pub remains: Option<i64>,
    /// The orders that a drip-feed or a subscription has made.
    pub children: Vec<String>,
}

/// Where a refill stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefillStatus {
    /// `None`: a word that is not listed.
    pub status: Option<PanelStatus>,
    /// The panel's own word, one clean line.
    pub word: String,
}

/// Why nothing is known of one id out of several.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemError {
    /// The answer does not speak of it, or not of it in words that can be read. That is no failure of the order.
    #[error("the panel did not answer for this id")]
    Unanswered,
    /// Its whole chunk could not be asked about.
    #[error("{0}")]
    Unavailable(ReadError),
    /// The panel said no to this id.
    #[error("refused: {text}")]
    Refused {
        /// What the refusal is about.
        class: RefusalClass,
        /// The panel's words, scrubbed.
        text: String,
    },
}

impl ItemError {
    /// A stable word for rows and statistics.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unanswered => "unanswered",
            Self::Unavailable(error) => error.code(),
            Self::Refused { class, .. } => class.word(),
        }
    }
}

/// The question that an answer is about: what its items are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Question {
    Status,
    Refill,
    RefillStatus,
    Cancel,
}

impl Question {
    pub(super) const fn action(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Refill => "refill",
            Self::RefillStatus => "refill_status",
            Self::Cancel => "cancel",
        }
    }

    /// The field of the request that holds `count` ids. There is no documented single form of `cancel`.
    pub(super) const fn field(self, count: usize) -> &'static str {
        match (self, count) {
            (Self::Status | Self::Refill, 1) => "order",
            (Self::Status | Self::Refill | Self::Cancel, _) => "orders",
            (Self::RefillStatus, 1) => "refill",
            (Self::RefillStatus, _) => "refills",
        }
    }

    /// The field of an item that says which id it is about.
    const fn id(self) -> &'static str {
        match self {
            Self::RefillStatus => "refill",
            Self::Status | Self::Refill | Self::Cancel => "order",
        }
    }

    /// The field of an item that holds what was asked for, or an error in its place.
    const fn value(self) -> &'static str {
        match self {
            Self::Status | Self::RefillStatus => "status",
            Self::Refill => "refill",
            Self::Cancel => "cancel",
        }
    }
}

/// An answer taken apart.
enum Split<'a> {
    /// By id; ids that it does not speak of are missing.
    Items(BTreeMap<String, Item<'a>>),
    /// One error for all.
    Error(String),
    /// No JSON that could be one.
    Unreadable,
}

/// What a read of `asked` brought. An error of a whole chunk is one; that of a single id is the id's.
pub(super) fn read_items<T: Clone>(
    raw: RawReply,
    asked: &[String],
    question: Question,
    read: impl Fn(&Item<'_>) -> Option<T>,
) -> Result<Items<Result<T, ItemError>>, ReadError> {
    let reply = arrived(raw)?;
    let mut items = match split(answer::body(&reply.body), asked, question) {
        Split::Items(items) if items.is_empty() && reply.status >= 300 => {
            return Err(answer::read_error(&reply, None));
        }
        Split::Items(items) => items,
        Split::Error(text) => match answer::read_error(&reply, Some(&text)) {
            ReadError::Listed { class: class @ RefusalClass::NotEligible, text } if asked.len() == 1 => {
                return Ok(same(asked, &Err(ItemError::Refused { class, text })));
            }
            ReadError::Refused { status: 200..=299 | 400 | 404 | 422, text } if asked.len() == 1 => {
                return Ok(same(asked, &Err(ItemError::Refused { class: RefusalClass::NotEligible, text })));
            }
            error => return Err(error),
        },
        Split::Unreadable => return Err(answer::read_error(&reply, None)),
    };
    let mut one = |id: &String| {
        let item = items.remove(id).ok_or(ItemError::Unanswered)?;
        if let Some(error) = item_error(&item, question) {
            let class = class_of(&error, Asked::Read).unwrap_or(RefusalClass::NotEligible);
            return Err(ItemError::Refused { class, text: text::scrub(&error, TEXT_COLUMNS) });
        }
        read(&item).ok_or(ItemError::Unanswered)
    };
    Ok(asked.iter().map(|id| (id.clone(), one(id))).collect())
}

/// What a request to change `asked` is known to have done to each, and how the call as a whole ended.
pub(super) fn change_items<T: Clone>(
    raw: RawReply,
    asked: &[String],
    question: Question,
    read: impl Fn(&Item<'_>) -> Option<T>,
) -> (Items<Outcome<T>>, Option<Verdict>) {
    let every = |outcome: Outcome<T>| (same(asked, &outcome), Verdict::of(&outcome));
    let reply = match raw {
        RawReply::NothingLeft(why) => return every(Outcome::NotSent(why)),
        RawReply::Lost(evidence) => return every(Outcome::Unknown(evidence)),
        RawReply::Complete(reply) => reply,
    };
    let listed = |error: &str| class_of(error, Asked::Change).map(|class| answer::rejection(class, error, &reply));
    let all = |code: &str| match answer::refused_by_status(&reply) {
        Some(rejection) => Outcome::Rejected(rejection),
        None => Outcome::Unknown(answer::unproven(code, &reply)),
    };
    let mut items = match split(answer::body(&reply.body), asked, question) {
        Split::Items(items) if items.is_empty() => return every(all("unanswered")),
        Split::Items(items) => items,
        Split::Error(error) => {
            return every(match listed(&error).or_else(|| answer::refused_by_status(&reply)) {
                Some(rejection) => Outcome::Rejected(rejection),
                None => Outcome::Unknown(answer::unlisted(&error, &reply)),
            });
        }
        Split::Unreadable => return every(all("bad_json")),
    };
    let mut one = |id: &String| {
        let Some(item) = items.remove(id) else {
            return Outcome::Unknown(Evidence::new("unanswered", "the answer does not speak of this id"));
        };
        match item_error(&item, question) {
            Some(error) => match listed(&error) {
                Some(rejection) => Outcome::Rejected(rejection),
                None => Outcome::Unknown(answer::unlisted(&error, &reply)),
            },
            None => read(&item).map_or_else(|| all("no_id"), Outcome::Accepted),
        }
    };
    (asked.iter().map(|id| (id.clone(), one(id))).collect(), None)
}

/// Where an order stands, by its item.
pub(super) fn order_status(item: &Item<'_>) -> Option<OrderStatus> {
    let field = |name: &str| item.get(name).copied();
    let (status, word) = answer::status_word(field("status"))?;
    Some(OrderStatus {
        status,
        word,
        charge: answer::charge(field("charge")),
        currency: answer::currency(field("currency")),
        start_count: answer::whole(field("start_count")),
        remains: answer::whole(field("remains")),
        children: answer::ids(field("orders")),
    })
}

pub(super) fn refill_status(item: &Item<'_>) -> Option<RefillStatus> {
    let (status, word) = answer::status_word(item.get("status").copied())?;
    Some(RefillStatus { status, word })
}

/// The id of the refill that was made.
pub(super) fn refill_id(item: &Item<'_>) -> Option<String> {
    match answer::id(item.get("refill").copied()) {
        Id::Some(id) if is_id(&id) => Some(id),
        _ => None,
    }
}

/// The request to cancel was taken: `1`, an id, `"requested"`, `true`, `{"status":1}`.
pub(super) fn cancelled(item: &Item<'_>) -> Option<()> {
    let raw = item.get("cancel").copied()?;
    let words = ["true", "ok", "success", "accepted", "requested", "pending", "canceled", "cancelled"];
    let taken = |raw: &RawValue| match answer::scalar(Some(raw)) {
        Some(text) if text.bytes().all(|b| b.is_ascii_digit()) => text.bytes().any(|b| b != b'0'),
        Some(text) => words.contains(&text.to_lowercase().as_str()),
        None => raw.get() == "true",
    };
    let inner = answer::object(raw.get().as_bytes());
    let yes = match inner {
        Some(inner) => inner.get("status").copied().is_some_and(taken),
        None => taken(raw),
    };
    yes.then_some(())
}

/// The error of one item: beside its value, or in the value's place.
fn item_error(item: &Item<'_>, question: Question) -> Option<String> {
    let beside = answer::error_text(item.get("error").copied());
    beside.or_else(|| {
        let inside = answer::object(item.get(question.value())?.get().as_bytes())?;
        answer::error_text(inside.get("error").copied())
    })
}

fn split<'a>(text: &'a [u8], asked: &[String], question: Question) -> Split<'a> {
    if let Some(rows) = answer::list(text) {
        return Split::Items(by_row(&rows, asked, question));
    }
    let Some(whole) = answer::object(text) else { return Split::Unreadable };
    let items: BTreeMap<String, Item<'_>> =
        asked.iter().filter_map(|id| Some((id.clone(), as_item(whole.get(id).copied()?, question)?))).collect();
    if !items.is_empty() {
        return Split::Items(items);
    }
    if let Some(error) = answer::call_error(&whole) {
        return Split::Error(error);
    }
    match asked {
        [only] if speaks_of(&whole, only, question) => Split::Items(BTreeMap::from([(only.clone(), whole)])),
        _ => Split::Items(BTreeMap::new()),
    }
}

/// A list whose rows say which id they are about; a list of one need not, when one was asked about.
fn by_row<'a>(rows: &[&'a RawValue], asked: &[String], question: Question) -> BTreeMap<String, Item<'a>> {
    let mut items = BTreeMap::new();
    for row in rows {
        let Some(item) = answer::object(row.get().as_bytes()) else { continue };
        let id = match (answer::scalar(item.get(question.id()).copied()), asked) {
            (Some(id), _) => id,
            (None, [only]) if rows.len() == 1 => only.clone(),
            (None, _) => continue,
        };
        if asked.contains(&id) {
            items.entry(id).or_insert(item);
        }
    }
    items
}

/// The value of a map by id: an object, or what was asked for by itself.
fn as_item<'a>(raw: &'a RawValue, question: Question) -> Option<Item<'a>> {
    match answer::object(raw.get().as_bytes()) {
        Some(item) => Some(item),
        None => answer::scalar(Some(raw)).map(|_| Item::from([(question.value().to_owned(), raw)])),
    }
}

/// A bare object answers for the one id that was asked about, unless it names another. A bare "success" is a word
/// about the call, not about an order.
fn speaks_of(whole: &Item<'_>, only: &str, question: Question) -> bool {
    // In the answer to `refill` the id of the refill stands where others have the order's.
    let echo = answer::scalar(whole.get(question.id()).copied());
    if echo.is_some_and(|echo| echo != only) {
        return false;
    }
    let word = answer::line(whole.get("status").copied(), answer::WORD_COLUMNS).to_lowercase();
    question != Question::Status || word != "success" || whole.contains_key("charge") || whole.contains_key("remains")
}

/// The same for every id.
pub(super) fn same<T: Clone>(asked: &[String], value: &T) -> Items<T> {
    asked.iter().map(|id| (id.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Reply;
    use proptest::prelude::*;

    const QUESTIONS: [Question; 4] = [Question::Status, Question::Refill, Question::RefillStatus, Question::Cancel];

    fn any_body() -> impl Strategy<Value = Vec<u8>> {
        let scalars =
            ["1", "\"7\"", "\"Completed\"", "null", "true", "-1", "[]", "{}", "{\"error\":\"no\"}", "{\"status\":1}"];
        let names = ["order", "refill", "cancel", "status", "error", "charge", "remains", "orders", "msg", "1", "2"];
        let field = (prop::sample::select(names.to_vec()), prop::sample::select(scalars.to_vec()))
            .prop_map(|(name, value)| format!("\"{name}\":{value}"));
        let object = prop::collection::vec(field, 0..5).prop_map(|fields| format!("{{{}}}", fields.join(",")));
        let list = prop::collection::vec(object.clone(), 0..4).prop_map(|rows| format!("[{}]", rows.join(",")));
        let map = prop::collection::vec(object.clone(), 0..3).prop_map(|rows| {
            let rows: Vec<String> = rows.iter().enumerate().map(|(at, row)| format!("\"{}\":{row}", at + 1)).collect();
            format!("{{{}}}", rows.join(","))
        });
        prop_oneof![
            prop::collection::vec(any::<u8>(), 0..100),
            prop_oneof![object, list, map].prop_map(String::into_bytes),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test] // Every id that was asked about has one verdict, and none says more than the answer does.
        fn no_id_is_lost_and_none_is_made_up(body in any_body(), status in 200..600_u16, count in 1..4_usize) {
            let asked: Vec<String> = (1..=count).map(|id| id.to_string()).collect();
            let json = std::str::from_utf8(answer::body(&body)).is_ok_and(|text| text.starts_with(['{', '[']));
            for question in QUESTIONS {
                let raw = || RawReply::Complete(Reply { status, retry_after: None, body: body.clone() });
                let (items, _) = change_items(raw(), &asked, question, cancelled);
                prop_assert!(items.keys().eq(asked.iter()));
                for outcome in items.values() {
                    prop_assert!(!matches!(outcome, Outcome::NotSent(_)));
                    prop_assert!(json || !matches!(outcome, Outcome::Accepted(())));
                }
                if let Ok(items) = read_items(raw(), &asked, question, order_status) {
                    prop_assert!(json && items.keys().eq(asked.iter()));
                }
            }
        }
    }

    #[test]
    fn depth_is_no_way_to_exhaust_us() {
        let deep = "[".repeat(200_000);
        let shut = "]".repeat(200_000);
        for body in [
            deep.clone(),
            format!("{deep}{shut}"),
            format!("{{\"1\":{deep}{shut}}}"),
            format!("{{\"error\":{deep}{shut}}}"),
        ] {
            let raw = RawReply::Complete(Reply { status: 200, retry_after: None, body: body.into_bytes() });
            let (items, _) = change_items(raw, &["1".to_owned()], Question::Cancel, cancelled);
            assert_eq!(items["1"].word(), "unknown");
        }
    }
}
