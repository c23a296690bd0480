//! How to pay: an order with its total, the ways that there are now, and the last look before a balance pays.
//!
//! Promises: what is paid for is the order in the conversation's row, never what a button carries; an invoice is made once
//! a keyboard, however often it is tapped; what cannot be had now says so and leaves the other ways. Absent on purpose:
//! the invoice itself (`invoice`).

use super::shop::{self, ways_out};
use super::{Turn, invoices, place, shown, stepped, toast, with_home};
use crate::action::{Action, Place, Shelf};
use crate::conversation::{Conversation, PayAt, Step};
use crate::model::{Command, Model, Needs, Spend};
use crate::text::{self, pay as words};
use crate::view::{Out, View};
use app::invoices::{InvoiceError, Made, NewInvoice, Offer, Order};
use domain::chain::Asset;
use domain::invoice::Method;
use domain::{IdempotencyKey, Money};

/// Amounts of a top-up on buttons, whole dollars.
const TOPUPS: [i64; 6] = [5, 10, 20, 50, 100, 200];

/// What a top-up needs before its amount is known.
pub(super) fn topup_needs(amount: Option<Money>) -> Needs {
    match amount {
        Some(amount) => offer_needs(&Order::Topup { amount }),
        None => Needs { profile: true, ..Needs::default() },
    }
}

/// What the choice of paying needs.
fn offer_needs(order: &Order) -> Needs {
    Needs { offered: Some(order.clone()), invoices: true, ..shop::buy_needs() }
}

/// What words at a step of paying need.
pub(super) fn text_needs(step: &Step, typed: &str) -> Needs {
    match step {
        Step::TopupAmount => topup_needs(words::dollars(typed)),
        Step::Pay { order, .. } => offer_needs(order),
        _ => Needs::default(),
    }
}

/// What a live button at a step of paying needs.
pub(super) fn press_needs(step: &Step, action: &Action) -> Needs {
    match (step, action) {
        (Step::TopupAmount, Action::Amount(amount)) => topup_needs(Some(*amount)),
        (Step::Pay { order: Order::Topup { .. }, at: PayAt::Method }, Action::Back) => topup_needs(None),
        (Step::Pay { order, .. }, _) => offer_needs(order),
        _ => Needs { profile: true, ..Needs::default() },
    }
}

/// Begins a top-up: how much, or, where that is known, how.
pub(super) fn topup(amount: Option<Money>, note: Option<&str>, model: &Model) -> Turn {
    if let Some(amount) = amount {
        return choose(Order::Topup { amount }, note, model);
    }
    let Some(profile) = &model.profile else { return shown(with_home(View::of(text::hiccup()))) };
    if profile.frozen {
        return shown(with_home(View::of(words::frozen())));
    }
    let mut view = View::of(words::topup(profile.wallet, note));
    for row in TOPUPS.chunks(3) {
        let row = row.iter().map(|dollars| Money::usd_minor(dollars * 1_000_000));
        view = view.row(row.map(|amount| (text::money(amount), Action::Amount(amount))).collect());
    }
    stepped(Step::TopupAmount, ways_out(view))
}

/// Words at a step of paying.
pub(super) fn text(conversation: Conversation, typed: &str, model: &Model) -> Turn {
    match conversation.step {
        Step::TopupAmount => match words::dollars(typed) {
            Some(amount) => topup(Some(amount), None, model),
            None => topup(None, Some(words::NOT_AN_AMOUNT), model),
        },
        Step::Pay { order, at: PayAt::Email } => match words::email(typed) {
            Some(email) => review(order, Method::Bank, Some(email), None, model),
            None => ask_email(order, Some(words::NOT_AN_EMAIL)),
        },
        Step::Pay { order, at } => again(order, &at, Some(words::USE_BUTTONS), model),
        _ => shown(place(Place::Shelf(Shelf::Services), model)),
    }
}

/// A live button at a step of paying.
pub(super) fn press(conversation: Conversation, action: &Action, keyboard: &str, model: &Model) -> Turn {
    match (conversation.step.clone(), action) {
        (Step::TopupAmount, Action::Back) => shown(place(Place::Balance, model)),
        (Step::TopupAmount, Action::Amount(amount)) => topup(Some(*amount), None, model),
        (Step::Pay { order, at: PayAt::Method }, Action::Back) => match order {
            Order::Buy { product, quantity, .. } => shop::ask(&product, quantity, None, model),
            Order::Topup { .. } => topup(None, None, model),
        },
        (Step::Pay { order, at: PayAt::Network }, Action::Back) | (Step::Pay { order, .. }, Action::Coins) => {
            coins(order, model)
        }
        (Step::Pay { order, .. }, Action::Back) => choose(order, None, model),
        (Step::Pay { order, .. }, Action::Networks) => networks(order, model),
        (Step::Pay { order, .. }, Action::Email) => ask_email(order, None),
        (Step::Pay { order, .. }, Action::Pay(method @ Method::Crypto(_))) => {
            make(conversation, order, *method, None, keyboard, model)
        }
        (Step::Pay { order, .. }, Action::Pay(Method::Bank)) => match &model.offered {
            Some(Ok(offer)) if !offer.email_known => ask_email(order, None),
            _ => review(order, Method::Bank, None, None, model),
        },
        (Step::Pay { order, .. }, Action::Pay(method)) => review(order, *method, None, None, model),
        (Step::Pay { order, at: PayAt::Review { method, email } }, Action::Confirm) => {
            make(conversation, order, method, email, keyboard, model)
        }
        _ => toast(conversation, text::STALE),
    }
}

/// The order, its total, and the ways to pay that there are now.
pub(super) fn choose(order: Order, note: Option<&str>, model: &Model) -> Turn {
    let offer = match offer(&order, model) {
        Ok(offer) => offer,
        Err(turn) => return *turn,
    };
    let mut view = View::of(words::choose(&order, offer, note));
    if offer.methods.iter().any(|method| method.asset().is_some()) {
        view = view.button("🪙 Crypto", Action::Coins);
    }
    for method in offer.methods.iter().filter(|method| method.asset().is_none()) {
        view = view.button(words::method_label(*method, offer), Action::Pay(*method));
    }
    stepped(Step::Pay { order, at: PayAt::Method }, ways_out(view))
}

/// What is offered for an order now, or the screen that says why nothing is.
fn offer<'a>(order: &Order, model: &'a Model) -> Result<&'a Offer, Box<Turn>> {
    match &model.offered {
        Some(Ok(offer)) => Ok(offer),
        Some(Err(why)) => Err(Box::new(refused(order, why, model))),
        None => Err(Box::new(shown(with_home(View::of(text::hiccup()))))),
    }
}

fn coins(order: Order, model: &Model) -> Turn {
    let offer = match offer(&order, model) {
        Ok(offer) => offer,
        Err(turn) => return *turn,
    };
    let assets = || offer.methods.iter().filter_map(|method| method.asset());
    if assets().next().is_none() {
        return choose(order, Some(words::NO_COINS), model);
    }
    let mut view = View::of(words::coins(offer));
    if assets().any(Asset::is_stable) {
        view = view.button("💵 USDT", Action::Networks);
    }
    let natives: Vec<(String, Action)> = assets()
        .filter(|asset| !asset.is_stable())
        .map(|asset| (asset.symbol().to_owned(), Action::Pay(Method::Crypto(asset))))
        .collect();
    for pair in natives.chunks(2) {
        view = view.row(pair.to_vec());
    }
    stepped(Step::Pay { order, at: PayAt::Coin }, ways_out(view))
}

fn networks(order: Order, model: &Model) -> Turn {
    let offer = match offer(&order, model) {
        Ok(offer) => offer,
        Err(turn) => return *turn,
    };
    let stable: Vec<Asset> =
        offer.methods.iter().filter_map(|method| method.asset()).filter(|asset| asset.is_stable()).collect();
    if stable.is_empty() {
        return choose(order, Some(words::NO_COINS), model);
    }
    let view = stable.into_iter().fold(View::of(words::networks(offer)), |view, asset| {
        view.button(asset.network(), Action::Pay(Method::Crypto(asset)))
    });
    stepped(Step::Pay { order, at: PayAt::Network }, ways_out(view))
}

fn ask_email(order: Order, note: Option<&str>) -> Turn {
    stepped(Step::Pay { order, at: PayAt::Email }, ways_out(View::of(words::ask_email(note))))
}

/// The last look before a balance pays, or before a bank account is asked for.
fn review(order: Order, method: Method, email: Option<String>, note: Option<&str>, model: &Model) -> Turn {
    let offer = match offer(&order, model) {
        Ok(offer) => offer,
        Err(turn) => return *turn,
    };
    if !offer.methods.contains(&method) {
        return choose(order, Some(words::not_now(method)), model);
    }
    let mut view = View::of(words::review(&order, method, email.as_deref(), offer, note))
        .button(words::confirm_label(method), Action::Confirm);
    if method == Method::Bank {
        view = view.button("✉️ Another e-mail address", Action::Email);
    }
    stepped(Step::Pay { order, at: PayAt::Review { method, email } }, ways_out(view))
}

fn again(order: Order, at: &PayAt, note: Option<&str>, model: &Model) -> Turn {
    match at {
        PayAt::Review { method, email } => review(order, *method, email.clone(), note, model),
        PayAt::Coin => coins(order, model),
        PayAt::Network => networks(order, model),
        PayAt::Method | PayAt::Email => choose(order, note, model),
    }
}

fn make(
    conversation: Conversation,
    order: Order,
    method: Method,
    email: Option<String>,
    keyboard: &str,
    model: &Model,
) -> Turn {
    // The keyboard's id was minted when the screen was drawn: a second tap is the same invoice.
    let Some(key) = IdempotencyKey::button(keyboard) else { return toast(conversation, text::STRANGE) };
    let what = Spend::Invoice(NewInvoice { user: model.user, order, method, email, key });
    (conversation, Vec::new(), Some(Command::Spend { keyboard: keyboard.to_owned(), what }))
}

/// What a choice of paying came to. Runs inside the invoice's transaction, perhaps twice: it only draws.
pub(crate) fn invoiced(
    request: &NewInvoice,
    result: &Result<Made, InvoiceError>,
    model: &Model,
) -> (Conversation, Vec<Out>) {
    let (conversation, outs, _) = match result {
        Ok(made) => shown(super::invoice::fresh(&made.invoice, made.replayed, model)),
        Err(why) => refused(&request.order, why, model),
    };
    (conversation, outs)
}

/// Why there is no invoice, and the way on.
fn refused(order: &Order, why: &InvoiceError, model: &Model) -> Turn {
    use InvoiceError as E;
    let offered = matches!(model.offered, Some(Ok(_)));
    match (why, order) {
        (E::NotSold(_), Order::Buy { product, .. }) => shown(shop::not_sold(product, model)),
        (E::Quantity(_), Order::Buy { product, .. }) => shop::begin(product, Some(&words::refused(why)), model),
        (E::Details, Order::Buy { product, quantity, .. }) => {
            shop::ask(product, *quantity, Some(&words::refused(why)), model)
        }
        (E::Amount { .. }, Order::Topup { .. }) => {
            let view = View::of(words::nothing_made(&words::refused(why)));
            shown(with_home(view.button("✏️ Another amount", Action::Topup(None))))
        }
        (E::EmailNeeded, _) => ask_email(order.clone(), Some(words::NOT_AN_EMAIL)),
        (E::NotOffered(_) | E::NoPrice(_) | E::Insufficient { .. }, _) if offered => {
            choose(order.clone(), Some(&words::refused(why)), model)
        }
        (E::TooManyOpen(_), _) => shown(invoices::list(Some(&words::refused(why)), model)),
        _ => {
            let view = View::of(words::nothing_made(&words::refused(why)));
            let view = match &model.facts.support {
                Some(url) if matches!(why, E::Frozen) => view.link("🆘 Support", url),
                _ => view.button("🛍 Service Menu", Action::Go(Place::Shelf(Shelf::Services))),
            };
            shown(with_home(view))
        }
    }
}

/// A button that puts what a price lacks in the wallet, in whole cents and not below the least that is taken.
pub(super) fn topup_button(view: View, price: Money, wallet: Money, model: &Model) -> View {
    const CENT: i64 = 10_000;
    let missing = price.minor().saturating_sub(wallet.minor()).max(model.facts.topup_min.minor());
    let missing = Money::usd_minor(missing.div_euclid(CENT).saturating_add(i64::from(missing % CENT != 0)) * CENT);
    view.button(words::topup_label(missing), Action::Topup(Some(missing)))
}
