//! `viralcore catalogue …`, `plans …`, `invoices …`, and the orders that people fulfil.

use super::Desk;
use super::ipstock::from;
use crate::cli::boosts::{Guard, Why};
use crate::cli::selling::{
    Catalogue, FulfilOne, FulfilWords, Invoices, ManualList, ManualWord, Plans, ProductChanges, TargetWords,
};
use crate::output::Failure;
use app::fulfilment::Fulfil;
use app::invoices::Dispute;
use app::plans::{MakePlan, PlanCard, PlanEdit};
use app::products::ProductEdit;
use app::view::RowKey;
use app::view::payments::{
    InvoiceFilter, InvoiceQuery, InvoiceSort, ManualQuery, ManualRow, PaymentFilter, PaymentQuery, PaymentRow,
};
use domain::boost::Targets;
use domain::fulfilment::ManualState;
use domain::invoice::{InvoiceState, PaymentState};
use domain::{Currency, InvoiceId, ManualId, Money, PaymentId, PlanId, Timestamp, UserId};
use serde_json::{Value, json};

/// `viralcore catalogue …`
pub(crate) async fn catalogue(desk: &Desk, words: Catalogue) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    match words {
        Catalogue::List { all } => {
            // A store that nobody has led yet has none.
            app.seed_products(*now).await?;
            let mut rows = app.product_rows().await?;
            rows.retain(|row| all || row.enabled);
            let columns =
                ["key", "title", "price", "presets", "min", "step", "max", "asks", "due_hours", "enabled", "version"];
            out.list(&rows, None, &columns);
        }
        Catalogue::Set { product, changes, why: Why { reason, guard: Guard { version, op } } } => {
            app.seed_products(*now).await?;
            let edit = product_edit(product, version, *changes)?;
            out.one(&app.edit_product(actor, &edit, &reason, &desk.op(op), *now).await?);
        }
    }
    Ok(())
}

fn product_edit(key: String, version: Option<i64>, words: ProductChanges) -> Result<ProductEdit, Failure> {
    let price = words.price.map(|text| Money::parse(&text, Currency::Usd)).transpose();
    let presets = match words.presets.as_deref() {
        None => Ok(None),
        Some("none") => Ok(Some(Vec::new())),
        Some(text) => text.split(',').map(|word| word.trim().parse()).collect::<Result<Vec<i64>, _>>().map(Some),
    };
    Ok(ProductEdit {
        key,
        version,
        price: price.map_err(|_| Failure::usage("--price is dollars such as 0.50"))?,
        presets: presets.map_err(|_| Failure::usage("--presets are numbers with commas between them, or none"))?,
        min: words.min,
        step: words.step,
        max: words.max,
        enabled: (words.on || words.off).then_some(words.on),
        title: words.title,
        words: words.words,
        due_hours: words.due_hours,
        position: words.position,
    })
}

/// `viralcore plans …`
pub(crate) async fn plans(desk: &Desk, words: Plans) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    match words {
        Plans::Create { user, name, targets, posts, expires, reason, op } => {
            let make = MakePlan {
                user: UserId::new(user),
                name,
                targets: over(Targets::default(), &targets),
                posts,
                expires_at: expires.as_deref().map(moment).transpose()?,
            };
            let (id, acted) = app.create_plan(actor, &make, &reason, &desk.op(op), *now).await?;
            out.one(&json!({ "id": id, "done": acted.done, "repeated": acted.repeated }));
        }
        Plans::List { user, page } => {
            let before = match from(&page)? {
                app::view::From::After(key) => Some((Timestamp::from_micros(key.value), PlanId::new(key.id))),
                _ => None,
            };
            let cards = app.custom_plans(user.map(UserId::new), before, i64::from(page.limit)).await?;
            let next = cards
                .last()
                .filter(|_| cards.len() >= page.limit as usize)
                .map(|card| cursor(RowKey { value: card.plan.created_at.micros(), id: card.plan.id.get() }));
            let rows: Vec<Value> = cards.iter().map(|card| shown(card, *now)).collect();
            let columns =
                ["id", "user", "name", "state", "views", "likes", "comments", "reposts", "posts", "left", "expires_at"];
            out.list(&rows, next, &columns);
        }
        Plans::Edit {
            id,
            name,
            targets,
            posts,
            expires,
            activate,
            why: Why { reason, guard: Guard { version, op } },
        } => {
            let id = PlanId::new(id);
            let missing = || Failure::refused("not_found", format!("no plan {id}"));
            let card = app.custom_plan(id).await?.ok_or_else(missing)?;
            let touched = [targets.views, targets.likes, targets.comments, targets.reposts].iter().any(Option::is_some);
            let edit = PlanEdit {
                name,
                targets: touched.then(|| over(card.plan.targets, &targets)),
                posts,
                expires_at: match expires.as_deref() {
                    None => None,
                    Some("never") => Some(None),
                    Some(text) => Some(Some(moment(text)?)),
                },
                active: activate.then_some(true),
            };
            // What was read here is what is changed, also where no version was given.
            let version = version.or(Some(card.plan.version));
            out.one(&app.edit_plan(actor, id, version, &edit, &reason, &desk.op(op), *now).await?);
        }
        Plans::Deactivate { id, why: Why { reason, guard: Guard { version, op } } } => {
            let edit = PlanEdit { active: Some(false), ..PlanEdit::default() };
            out.one(&app.edit_plan(actor, PlanId::new(id), version, &edit, &reason, &desk.op(op), *now).await?);
        }
    }
    Ok(())
}

fn over(targets: Targets, words: &TargetWords) -> Targets {
    Targets {
        views: words.views.unwrap_or(targets.views),
        likes: words.likes.unwrap_or(targets.likes),
        comments: words.comments.unwrap_or(targets.comments),
        reposts: words.reposts.unwrap_or(targets.reposts),
    }
}

fn moment(text: &str) -> Result<Timestamp, Failure> {
    let full = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    let wrong = || Failure::usage("--expires is a day such as 2026-12-31, or a moment such as 2026-12-31T18:00:00Z");
    Timestamp::parse_rfc3339(&full).ok_or_else(wrong)
}

fn shown(card: &PlanCard, now: Timestamp) -> Value {
    let plan = &card.plan;
    let state = match (plan.active, plan.usable(now)) {
        (true, true) => "active",
        (true, false) => "over",
        (false, _) => "off",
    };
    json!({
        "id": plan.id, "version": plan.version, "user": plan.user, "name": plan.name, "state": state,
        "views": plan.targets.views, "likes": plan.targets.likes, "comments": plan.targets.comments,
        "reposts": plan.targets.reposts, "posts": plan.posts, "left": card.left, "expires_at": plan.expires_at,
        "made_by": plan.made_by, "created_at": plan.created_at,
    })
}

/// `viralcore orders manual`
pub(super) async fn manual(desk: &Desk, words: ManualList) -> Result<(), Failure> {
    let ManualList { state, all, page } = words;
    let state = match (all, state) {
        (true, _) => None,
        (false, Some(ManualWord::Done)) => Some(ManualState::Done),
        (false, Some(ManualWord::Refunded)) => Some(ManualState::Refunded),
        (false, Some(ManualWord::Open) | None) => Some(ManualState::Open),
    };
    let query = ManualQuery { state, descending: false, from: from(&page)?, limit: page.limit };
    let window = desk.app.manual_orders(&query, desk.now).await?;
    let last = window.rows.last().filter(|_| window.after).map(ManualRow::key);
    let columns =
        ["id", "state", "due_at", "overdue", "username", "title", "quantity", "details", "price", "invoice", "version"];
    desk.out.list(&window.rows, last.map(cursor), &columns);
    Ok(())
}

/// `viralcore orders fulfil`
pub(super) async fn fulfil(desk: &Desk, words: FulfilOne) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    let FulfilOne { id, what: FulfilWords { refund, .. }, note, guard: Guard { version, op } } = words;
    let what = if refund { Fulfil::Refund } else { Fulfil::Done };
    out.one(&app.fulfil(actor, ManualId::new(id), version, what, &note, &desk.op(op), *now).await?);
    Ok(())
}

/// `viralcore invoices …`
pub(crate) async fn invoices(desk: &Desk, words: Invoices) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    match words {
        Invoices::List { state, method, attention, user, search, page } => {
            let (states, open) = states::<InvoiceState>(state.as_deref(), "invoice")?;
            let filter =
                InvoiceFilter { states, methods: commas(&method), open, attention, user, words: split(&search) };
            let query =
                InvoiceQuery { filter, descending: true, from: from(&page)?, limit: page.limit, ..Default::default() };
            let window = app.invoices(&query).await?;
            let last = window.rows.last().filter(|_| window.after).map(|row| row.key(InvoiceSort::Updated));
            let columns = [
                "id",
                "number",
                "state",
                "updated_at",
                "username",
                "title",
                "quantity",
                "price",
                "method",
                "asked",
                "received",
                "attention",
                "reason",
            ];
            out.list(&window.rows, last.map(cursor), &columns);
        }
        Invoices::Show { invoice } => {
            let missing = || Failure::refused("not_found", format!("no invoice {invoice}"));
            let id = named(desk, &invoice).await?;
            out.one(&app.invoice_detail(id, *now).await?.ok_or_else(missing)?);
        }
        Invoices::Payments { state, chain, attention, user, search, page } => {
            let (states, open) = states::<PaymentState>(state.as_deref(), "transfer")?;
            let filter = PaymentFilter { states, chains: commas(&chain), open, attention, user, words: split(&search) };
            let query = PaymentQuery { filter, descending: true, from: from(&page)?, limit: page.limit };
            let window = app.payments(&query).await?;
            let last = window.rows.last().filter(|_| window.after).map(PaymentRow::key);
            let columns = [
                "id",
                "state",
                "created_at",
                "chain",
                "tx",
                "amount",
                "usd",
                "username",
                "number",
                "claims",
                "attention",
                "reason",
            ];
            out.list(&window.rows, last.map(cursor), &columns);
        }
        Invoices::Payment { id } => {
            let missing = || Failure::refused("not_found", format!("no transfer {id}"));
            out.one(&app.payment_detail(PaymentId::new(id)).await?.ok_or_else(missing)?);
        }
        Invoices::Recheck { payment, why: Why { reason, guard: Guard { version, op } } } => {
            let id = PaymentId::new(payment);
            out.one(&app.recheck_payment(actor, id, version, &reason, &desk.op(op), *now).await?);
        }
        Invoices::Assign { payment, invoice, why: Why { reason, guard: Guard { version, op } } } => {
            let (id, invoice) = (PaymentId::new(payment), named(desk, &invoice).await?);
            out.one(&app.assign_payment(actor, id, version, invoice, &reason, &desk.op(op), *now).await?);
        }
        Invoices::Credit { payment, user, why: Why { reason, guard: Guard { version, op } } } => {
            let (id, user) = (PaymentId::new(payment), UserId::new(user));
            out.one(&app.credit_payment(actor, id, version, user, &reason, &desk.op(op), *now).await?);
        }
        Invoices::Decide { payment, whose, why: Why { reason, guard: Guard { version, op } } } => {
            let whose = match &whose.invoice {
                Some(invoice) => Dispute::For(named(desk, invoice).await?),
                None => Dispute::Nobody,
            };
            let id = PaymentId::new(payment);
            out.one(&app.decide_dispute(actor, id, version, whose, &reason, &desk.op(op), *now).await?);
        }
        Invoices::Refund { invoice, amount, why: Why { reason, guard: Guard { version, op } } } => {
            let id = named(desk, &invoice).await?;
            let amount = amount.map(|text| Money::parse(&text, Currency::Usd)).transpose();
            let amount = amount.map_err(|_| Failure::usage("--amount is dollars such as 2.50"))?;
            out.one(&app.refund_invoice(actor, id, version, amount, &reason, &desk.op(op), *now).await?);
        }
        Invoices::Reviews => {
            out.list(&app.payment_reviews().await?, None, &["object", "attention", "since", "what"]);
        }
        Invoices::Health => out.one(&app.payments_health(*now).await?),
    }
    Ok(())
}

/// The invoice that was named: by its id, its number or the bank's reference.
async fn named(desk: &Desk, invoice: &str) -> Result<InvoiceId, Failure> {
    let missing = || Failure::refused("not_found", format!("no invoice {}", domain::text::clean_line(invoice, 60)));
    desk.app.invoice_named(invoice).await?.ok_or_else(missing)
}

/// `viralcore prices`: what invoices are made with, and what each source says.
pub(crate) async fn prices(desk: &Desk) -> Result<(), Failure> {
    let health = desk.app.payments_health(desk.now).await?;
    desk.out.list(&health.prices, None, &["coin", "source", "usd", "at"]);
    Ok(())
}

fn cursor(key: RowKey) -> String {
    format!("{}:{}", key.value, key.id)
}

fn split(search: &str) -> Vec<String> {
    search.split_whitespace().map(str::to_owned).collect()
}

fn commas(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn states<S: std::str::FromStr>(text: Option<&str>, of: &str) -> Result<(Vec<S>, bool), Failure> {
    match text {
        None => Ok((Vec::new(), false)),
        Some("open") => Ok((Vec::new(), true)),
        Some(text) => {
            let unknown = |word: &str| Failure::usage(format!("no {of} is {word:?}"));
            let states = text.split(',').map(|word| word.trim().parse().map_err(|_| unknown(word)));
            Ok((states.collect::<Result<_, _>>()?, false))
        }
    }
}
