//! SMM panels: the v2 protocol of PerfectPanel and its relatives (`smm-api-v2.md`).
//!
//! [`Smm::add`] is the only call that spends, [`classify_add`] the only place that judges it. Nothing here repeats it: the
//! protocol has no reference by which a second order could be told from the first. [`Smm::refill`] and [`Smm::cancel`] ask for something that is the panel's to
//! give and have the same four outcomes. Everything else is a read. Lists are asked for in chunks of 100; an id
//! without an answer is unanswered, not failed.
//!
//! A panel is a row that an operator may change at any time, so it is passed to every call. Its key is in the body of
//! a request and nowhere else.
//!
//! Absent on purpose: breakers, budgets, retries, and the choice among panels.

mod answer;
mod catalogue;
mod classify;
mod encode;
mod items;
mod log;
mod order;
mod refusal;
mod url;

use std::collections::{BTreeMap, BTreeSet};

use domain::Secret;
use domain::outcome::{LocalReason, Outcome};
use domain::smm::Adapter;
use reqwest::{Method, Url};

pub use catalogue::{Catalogue, PanelService};
pub use classify::classify_add;
pub use items::{ItemError, OrderStatus, RefillStatus};
pub use order::{Fields, NewOrder, Placed};
pub(crate) use url::PublicNames;
pub use url::{UrlProblem, check_host, check_url};

use answer::Item;
use catalogue::read_catalogue;
use encode::{Form, is_id, is_key};
use items::Question;
use log::Verdict;

use crate::http::{Auth, Body, Call, Exchange, HttpClient, Purpose, RawReply};
use crate::read::{ReadError, arrived, garbage};

/// The most ids of one request: some panels cut longer lists silently.
pub const IDS_MAX: usize = 100;

const BAD_ID: &str = "an id must be 1 to 64 of letters, digits, - and _";

/// How to reach a panel, and how it is spoken to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panel {
    /// Such as `plugsmms`: for log lines.
    pub name: String,
    /// Such as `https://plugsmmservice.com/api/v2`.
    pub url: String,
    /// Letters, digits, `,`, `-` and `_`.
    pub key: Secret,
    /// The legacy adapter knows `add` and `balance` only; every other call is refused here.
    pub adapter: Adapter,
    /// Beginnings of texts by which this panel says that it made no order, beside those that are known of every panel.
    pub refusals: Vec<String>,
}

/// The money at a panel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Balance {
    /// Decimal text; may be below zero.
    pub amount: String,
    /// As the panel spells it; empty when it does not say.
    pub currency: String,
}

/// What is known of each id that was asked about.
pub type Items<T> = BTreeMap<String, T>;

/// One call before it has a form.
#[derive(Clone, Copy)]
struct Request<'a> {
    panel: &'a Panel,
    action: &'static str,
    purpose: Purpose,
    correlation: &'a str,
}

/// What came back, and the same for the attempt's row.
struct Heard {
    raw: RawReply,
    exchange: Exchange,
}

/// The client of every panel; a clone shares its connections.
#[derive(Clone, Debug)]
pub struct Smm {
    http: HttpClient,
}

impl Smm {
    /// A client over `http`.
    pub fn new(http: HttpClient) -> Self {
        Self { http }
    }

    /// Places an order, once. The attempt must be committed as `sending` before this is called.
    pub async fn add(&self, panel: &Panel, order: &NewOrder, correlation: &str) -> (Outcome<Placed>, Exchange) {
        let mut form = Form::new(panel.adapter);
        let filled = order.fill(&mut form);
        let call = Request { panel, action: "add", purpose: Purpose::SmmAdd, correlation };
        let heard = self.ask(call, filled.map(|()| form)).await;
        let outcome = classify_add(heard.raw, order, &panel.refusals);
        log::ended(&call, &heard.exchange, Verdict::of(&outcome));
        (outcome, heard.exchange)
    }

    /// Everything the panel sells.
    pub async fn services(&self, panel: &Panel, correlation: &str) -> (Result<Catalogue, ReadError>, Exchange) {
        let call = Request { panel, action: "services", purpose: Purpose::SmmServices, correlation };
        let Heard { raw, exchange } = self.ask(call, Ok(Form::new(panel.adapter))).await;
        // Twenty megabytes take a while: not on a thread that others wait for.
        let read = tokio::task::spawn_blocking(move || read_catalogue(raw)).await;
        let result = read.unwrap_or_else(|_| Err(garbage("the catalogue could not be read")));
        log::ended(&call, &exchange, Verdict::of_read(&result));
        (result, exchange)
    }

    /// Where orders stand. One exchange for each chunk that was asked about.
    pub async fn status(
        &self,
        panel: &Panel,
        orders: &[String],
        correlation: &str,
    ) -> (Vec<Exchange>, Items<Result<OrderStatus, ItemError>>) {
        self.read_each(panel, Question::Status, orders, correlation, items::order_status).await
    }

    /// Asks the panel to fill up what dropped; the value is the id of the refill. Once: it is repeated by nothing here.
    pub async fn refill(
        &self,
        panel: &Panel,
        orders: &[String],
        correlation: &str,
    ) -> (Vec<Exchange>, Items<Outcome<String>>) {
        self.change_each(panel, Question::Refill, orders, correlation, items::refill_id).await
    }

    /// Where refills stand, by the ids that [`Smm::refill`] gave.
    pub async fn refill_status(
        &self,
        panel: &Panel,
        refills: &[String],
        correlation: &str,
    ) -> (Vec<Exchange>, Items<Result<RefillStatus, ItemError>>) {
        self.read_each(panel, Question::RefillStatus, refills, correlation, items::refill_status).await
    }

    /// Asks the panel to end orders. What is accepted is the request: whether an order ended its status will say.
    pub async fn cancel(
        &self,
        panel: &Panel,
        orders: &[String],
        correlation: &str,
    ) -> (Vec<Exchange>, Items<Outcome<()>>) {
        self.change_each(panel, Question::Cancel, orders, correlation, items::cancelled).await
    }

    /// The money at the panel. Only a number is one.
    pub async fn balance(&self, panel: &Panel, correlation: &str) -> (Result<Balance, ReadError>, Exchange) {
        let call = Request { panel, action: "balance", purpose: Purpose::SmmRead, correlation };
        let Heard { raw, exchange } = self.ask(call, Ok(Form::new(panel.adapter))).await;
        let result = read_balance(raw);
        log::ended(&call, &exchange, Verdict::of_read(&result));
        (result, exchange)
    }

    async fn read_each<T: Clone>(
        &self,
        panel: &Panel,
        question: Question,
        ids: &[String],
        correlation: &str,
        read: fn(&Item<'_>) -> Option<T>,
    ) -> (Vec<Exchange>, Items<Result<T, ItemError>>) {
        let (good, bad): (Vec<String>, Vec<String>) = ids.iter().cloned().partition(|id| is_id(id));
        let refused = ReadError::NotSent(LocalReason::Refused(BAD_ID.to_owned()));
        let mut all: Items<_> = bad.into_iter().map(|id| (id, Err(ItemError::Unavailable(refused.clone())))).collect();
        let mut exchanges = Vec::new();
        for chunk in chunks(good) {
            let call = Request { panel, action: question.action(), purpose: Purpose::SmmRead, correlation };
            let Heard { raw, exchange } = self.ask(call, Ok(ids_form(panel, question, &chunk))).await;
            let result = items::read_items(raw, &chunk, question, read);
            log::ended(&call, &exchange, Verdict::of_read(&result));
            match result {
                Ok(items) => all.extend(items),
                Err(error) => all.extend(chunk.into_iter().map(|id| (id, Err(ItemError::Unavailable(error.clone()))))),
            }
            exchanges.push(exchange);
        }
        (exchanges, all)
    }

    async fn change_each<T: Clone>(
        &self,
        panel: &Panel,
        question: Question,
        ids: &[String],
        correlation: &str,
        read: fn(&Item<'_>) -> Option<T>,
    ) -> (Vec<Exchange>, Items<Outcome<T>>) {
        let (good, bad): (Vec<String>, Vec<String>) = ids.iter().cloned().partition(|id| is_id(id));
        let refused = Outcome::NotSent(LocalReason::Refused(BAD_ID.to_owned()));
        let mut all = items::same(&bad, &refused);
        let mut exchanges = Vec::new();
        for chunk in chunks(good) {
            let call = Request { panel, action: question.action(), purpose: Purpose::SmmAdd, correlation };
            let Heard { raw, exchange } = self.ask(call, Ok(ids_form(panel, question, &chunk))).await;
            let (items, verdict) = items::change_items(raw, &chunk, question, read);
            log::ended(&call, &exchange, verdict);
            all.extend(items);
            exchanges.push(exchange);
        }
        (exchanges, all)
    }

    /// Makes one call, or says why it cannot be made.
    async fn ask(&self, call: Request<'_>, form: Result<Form, String>) -> Heard {
        let Request { panel, action, purpose, .. } = call;
        let ready = match (form, target(panel, action)) {
            (Ok(form), Ok(url)) => Ok((form, url)),
            (Err(why), _) | (_, Err(why)) => Err(why),
        };
        let (form, url) = match ready {
            Ok(ready) => ready,
            Err(why) => {
                let why = LocalReason::Refused(why);
                let exchange = Exchange::unsent(action, format!("POST {action}"), &why);
                return Heard { raw: RawReply::NothingLeft(why), exchange };
            }
        };
        log::request(&call);
        let request = format!("POST {action} {}", form.fields());
        let body = Body::Form(form.body(&panel.key, action));
        let method = Method::POST;
        // The correlation id is ours alone: panels know no such thing.
        let (auth, correlation, key) = (Auth::InRequest, None, &panel.key);
        let sent = Call { operation: action, purpose, method, url, key, auth, body, correlation };
        let answered = self.http.call(sent).await;
        let exchange = answered.exchange(action, request, &[]);
        Heard { raw: answered.raw, exchange }
    }
}

/// Where a call of this panel goes, or why it is refused here.
fn target(panel: &Panel, action: &str) -> Result<Url, String> {
    if panel.adapter == Adapter::Legacy && !matches!(action, "add" | "balance") {
        return Err("the legacy adapter knows add and balance only".to_owned());
    }
    if panel.key.is_empty() {
        return Err("no key is configured for this panel".to_owned());
    }
    if !is_key(&panel.key) {
        return Err("the panel's key holds characters that no key has".to_owned());
    }
    let url =
        Url::parse(panel.url.trim()).ok().filter(|url| url.has_host() && matches!(url.scheme(), "https" | "http"));
    url.ok_or_else(|| "the panel's URL is not valid".to_owned())
}

fn ids_form(panel: &Panel, question: Question, chunk: &[String]) -> Form {
    let mut form = Form::new(panel.adapter);
    form.set(question.field(chunk.len()), &chunk.join(","));
    form
}

/// Each id once, at most [`IDS_MAX`] together.
fn chunks(ids: Vec<String>) -> Vec<Vec<String>> {
    let mut seen = BTreeSet::new();
    let once: Vec<String> = ids.into_iter().filter(|id| seen.insert(id.clone())).collect();
    once.chunks(IDS_MAX).map(<[String]>::to_vec).collect()
}

/// An error beside a number is an error.
fn read_balance(raw: RawReply) -> Result<Balance, ReadError> {
    let reply = arrived(raw)?;
    let whole = answer::object(answer::body(&reply.body));
    let error = whole.as_ref().and_then(answer::call_error);
    let field = |name: &str| whole.as_ref()?.get(name).copied();
    match (error, answer::decimal(field("balance"))) {
        (None, Some(amount)) => {
            Ok(Balance { amount, currency: answer::currency(field("currency")).unwrap_or_default() })
        }
        (error, _) => Err(answer::read_error(&reply, error.as_deref())),
    }
}
