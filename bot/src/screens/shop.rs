//! What is sold: shelves, one product, how many of it, and what its buyer tells. Everything about a product (its title,
//! words, price, buttons, limits, whether it can be had) comes from its row.
//!
//! Promises: nothing is asked for after payment that can be asked before; what was typed is refused here, with words that
//! help, or it is what the invoice is frozen with; Back and Cancel stand at every step. Absent on purpose: paying (`pay`).

use super::{Turn, pay, place, shown, stepped, toast, with_home};
use crate::action::{Action, Place, Shelf};
use crate::conversation::{Conversation, Step};
use crate::model::{Model, Needs};
use crate::text::{self, shop as words};
use crate::view::View;
use app::invoices::Order;
use domain::boost::Platform;
use domain::product::{Asks, Details, DetailsError, Product};

/// Tiers of posts on X.
const TIERS: [&str; 5] = ["x_t1", "x_t2", "x_t3", "x_t4", "x_t5"];
/// Posts on Telegram, by comments.
const COMMENTS: [&str; 6] = ["tg_5", "tg_10", "tg_15", "tg_20", "tg_25", "tg_30"];
/// Followers on X.
const FOLLOWERS: [&str; 2] = ["direct_add", "slow_push"];
/// Days on buttons.
const DAYS: [i64; 6] = [7, 14, 30, 60, 100, 200];
/// Options of a poll.
const OPTIONS: [i64; 4] = [1, 2, 3, 4];
/// Accounts on buttons.
const NAMES: usize = 6;

/// What shelves need.
pub(super) fn shelf_needs(shelf: Shelf) -> Needs {
    match shelf {
        Shelf::XEngagement => Needs { products: true, plans: true, ..Needs::default() },
        Shelf::X | Shelf::XFollowers | Shelf::Telegram | Shelf::TgEngagement => {
            Needs { products: true, ..Needs::default() }
        }
        Shelf::Services | Shelf::Giveaway | Shelf::Special | Shelf::CustomOrder | Shelf::TgExtra => Needs::default(),
    }
}

/// What buying a product needs, from its beginning to its payment.
pub(super) fn buy_needs() -> Needs {
    Needs { products: true, names: true, ..Needs::default() }
}

/// What words and buttons at a step of a purchase need: where they complete the order, the choice of paying follows.
pub(super) fn step_needs(step: &Step, said: Option<&str>) -> Needs {
    match said.and_then(|said| completed(step, said).ok()) {
        Some(order) => Needs { offered: Some(order), ..buy_needs() },
        None => buy_needs(),
    }
}

/// What a live button at a step of a purchase needs.
pub(super) fn press_needs(step: &Step, action: &Action) -> Needs {
    match action {
        Action::Told(what) => step_needs(step, Some(what)),
        Action::Number(number) => step_needs(step, Some(&number.to_string())),
        _ => buy_needs(),
    }
}

/// A shelf.
pub(super) fn shelf(shelf: Shelf, model: &Model) -> View {
    let back = |view: View, to: Shelf| with_home(view.button("⬅️ Back", Action::Go(Place::Shelf(to))));
    match shelf {
        Shelf::Services => with_home(
            View::of(words::services())
                .button("🐦 Twitter / X", Action::Go(Place::Shelf(Shelf::X)))
                .button("✈️ Telegram", Action::Go(Place::Shelf(Shelf::Telegram)))
                .button("🖥 VPS", Action::Go(Place::Shop(0))),
        ),
        Shelf::X => {
            let view = View::of(words::x())
                .button("🚀 Engagement", Action::Go(Place::Shelf(Shelf::XEngagement)))
                .button("👥 Followers", Action::Go(Place::Shelf(Shelf::XFollowers)));
            let view =
                goods(view, &["x_poll"], model).button("⭐ Special Plans", Action::Go(Place::Shelf(Shelf::Special)));
            back(view, Shelf::Services)
        }
        Shelf::XEngagement => {
            let mut view = goods(View::of(words::x_engagement(&of(&TIERS, model))), &TIERS, model);
            if model.plans.as_ref().is_some_and(|plans| !plans.is_empty()) {
                view = view
                    .button("🎯 My Custom Plans", Action::Go(Place::Plans { all: false }))
                    .button("📋 View My Plans", Action::Go(Place::Plans { all: true }));
            }
            back(view.button("🛠 Custom Order", Action::Go(Place::Shelf(Shelf::CustomOrder))), Shelf::X)
        }
        Shelf::XFollowers => {
            let view = goods(View::of(words::x_followers(&of(&FOLLOWERS, model))), &FOLLOWERS, model);
            back(view.button("🎁 Giveaway", Action::Go(Place::Shelf(Shelf::Giveaway))), Shelf::X)
        }
        Shelf::Telegram => {
            let view =
                View::of(words::telegram()).button("🚀 Engagement", Action::Go(Place::Shelf(Shelf::TgEngagement)));
            let view = goods(view, &["tg_premium", "tg_automation"], model)
                .button("➕ Extra Plans", Action::Go(Place::Shelf(Shelf::TgExtra)));
            back(view, Shelf::Services)
        }
        Shelf::TgEngagement => {
            back(goods(View::of(words::tg_engagement(&of(&COMMENTS, model))), &COMMENTS, model), Shelf::Telegram)
        }
        Shelf::Giveaway => back(agreed(shelf, model), Shelf::XFollowers),
        Shelf::Special => back(agreed(shelf, model), Shelf::X),
        Shelf::CustomOrder => back(agreed(shelf, model), Shelf::XEngagement),
        Shelf::TgExtra => back(agreed(shelf, model), Shelf::Telegram),
    }
}

/// What is agreed with the team.
fn agreed(shelf: Shelf, model: &Model) -> View {
    let view = View::of(words::agreed(shelf, model.facts.support.is_some()));
    match &model.facts.support {
        Some(url) => view.link("💬 Talk to us", url),
        None => view,
    }
}

/// Products in the order of their keys; those that no row knows are left out.
fn of<'a>(keys: &[&str], model: &'a Model) -> Vec<&'a Product> {
    keys.iter().filter_map(|key| product(key, model)).collect()
}

fn product<'a>(key: &str, model: &'a Model) -> Option<&'a Product> {
    model.products.iter().flatten().find(|product| product.key == key)
}

/// A button for each product. One that cannot be had now has its button, too: it says so, and what there is.
fn goods(view: View, keys: &[&str], model: &Model) -> View {
    of(keys, model)
        .into_iter()
        .fold(view, |view, product| view.button(words::product_label(product), Action::Buy(product.key.clone())))
}

/// Where a product is found.
fn shelf_of(key: &str) -> Shelf {
    match key {
        key if TIERS.contains(&key) => Shelf::XEngagement,
        key if COMMENTS.contains(&key) => Shelf::TgEngagement,
        key if FOLLOWERS.contains(&key) => Shelf::XFollowers,
        "x_poll" => Shelf::X,
        "tg_premium" | "tg_automation" => Shelf::Telegram,
        _ => Shelf::Services,
    }
}

/// The way back to where a product is found.
pub(super) fn back_to_shelf(view: View, key: &str) -> View {
    view.button("⬅️ Back", Action::Go(Place::Shelf(shelf_of(key))))
}

/// The product cannot be had now: what else there is.
pub(super) fn not_sold(key: &str, model: &Model) -> View {
    let title = product(key, model).map(|product| product.title.as_str());
    with_home(
        back_to_shelf(View::of(words::not_sold(title)), key)
            .button("🛍 Service Menu", Action::Go(Place::Shelf(Shelf::Services))),
    )
}

/// Begins to buy: how many.
pub(super) fn begin(key: &str, note: Option<&str>, model: &Model) -> Turn {
    let Some(product) = product(key, model).filter(|product| product.enabled) else {
        return shown(not_sold(key, model));
    };
    let mut view = View::of(words::quantity(product, note));
    let presets: Vec<(String, Action)> = product
        .presets
        .iter()
        .filter(|count| product.check_quantity(**count).is_ok())
        .map(|count| (words::quantity_label(product, *count), Action::Number(*count)))
        .collect();
    for pair in presets.chunks(2) {
        view = view.row(pair.to_vec());
    }
    let view = view.row(vec![
        ("⬅️ Back".to_owned(), Action::Go(Place::Shelf(shelf_of(key)))),
        ("✖️ Cancel".to_owned(), Action::Cancel),
    ]);
    stepped(Step::Quantity { product: key.to_owned() }, view)
}

/// Words at a step of a purchase.
pub(super) fn text(conversation: &Conversation, typed: &str, model: &Model) -> Turn {
    match &conversation.step {
        Step::Quantity { product: key } => match words::count(typed) {
            Some(count) => counted(key, count, model),
            None => begin(key, Some(words::NOT_A_COUNT), model),
        },
        step => told(step, typed, model),
    }
}

/// A live button at a step of a purchase.
pub(super) fn press(conversation: Conversation, action: &Action, model: &Model) -> Turn {
    match (&conversation.step, action) {
        (Step::Quantity { product: key }, Action::Number(count)) => counted(key, *count, model),
        (Step::Details { product: key, .. }, Action::Back) => begin(key, None, model),
        (step @ Step::Details { .. }, Action::Told(what)) => told(step, what, model),
        (Step::Second { product: key, quantity, .. }, Action::Back) => ask(key, *quantity, None, model),
        (step @ Step::Second { .. }, Action::Number(number)) => told(step, &number.to_string(), model),
        _ => toast(conversation, text::STALE),
    }
}

/// The order that is complete once `said` is added at a step; otherwise what is still wrong or missing.
fn completed(step: &Step, said: &str) -> Result<Order, DetailsError> {
    let (product, quantity, details) = match step {
        Step::Details { product, quantity, asks } => (product, quantity, Details::parse(*asks, said)?),
        Step::Second { product, quantity, asks, first } => {
            // Somebody may type all of it again.
            let details = Details::parse(*asks, &format!("{first} {}", said.trim()));
            (product, quantity, details.or_else(|error| Details::parse(*asks, said).map_err(|_| error))?)
        }
        _ => return Err(DetailsError::XName),
    };
    Ok(Order::Buy { product: product.clone(), quantity: *quantity, details })
}

/// How many is known: what the product asks for comes next.
fn counted(key: &str, count: i64, model: &Model) -> Turn {
    let Some(product) = product(key, model).filter(|product| product.enabled) else {
        return shown(not_sold(key, model));
    };
    match product.check_quantity(count) {
        Ok(()) => ask(key, count, None, model),
        Err(why) => begin(key, Some(&words::quantity_refused(&why, product)), model),
    }
}

/// Asks for what the product needs to know.
pub(super) fn ask(key: &str, quantity: i64, note: Option<&str>, model: &Model) -> Turn {
    let Some(product) = product(key, model).filter(|product| product.enabled) else {
        return shown(not_sold(key, model));
    };
    let asks = product.asks;
    let mut view = View::of(words::ask(product, quantity, note));
    for name in offered_names(asks, model) {
        view = view.button(words::name_label(asks, &name), Action::Told(words::as_told(asks, &name)));
    }
    if asks == Asks::Nothing {
        view = view.button("➡️ Go on", Action::Told(String::new()));
    }
    stepped(Step::Details { product: key.to_owned(), quantity, asks }, ways_out(view))
}

/// Accounts that the user has named before, where one of them may be the answer.
fn offered_names(asks: Asks, model: &Model) -> Vec<String> {
    let platform = match asks {
        Asks::XName | Asks::XProfile | Asks::XProfileDays => Platform::X,
        Asks::TgName | Asks::TgChannel => Platform::Telegram,
        Asks::Poll | Asks::Nothing => return Vec::new(),
    };
    let fits = |name: &str| match Details::parse(asks, &words::as_told(asks, name)) {
        Ok(_) => true,
        Err(why) => is_second(why),
    };
    let names = model.names.iter().flatten().filter(|(on, name)| *on == platform && fits(name));
    names.map(|(_, name)| name.clone()).take(NAMES).collect()
}

/// What a product asks for was said, as words or by a button.
fn told(step: &Step, said: &str, model: &Model) -> Turn {
    let why = match completed(step, said) {
        Ok(order) => return pay::choose(order, None, model),
        Err(why) => why,
    };
    match step {
        // The first half is right: the second is asked for.
        Step::Details { product, quantity, asks } if is_second(why) => {
            let first = said.split(|c: char| c.is_whitespace() || c == ',').find(|word| !word.is_empty());
            let alone = said.split_whitespace().count() <= 1;
            let note = if alone { None } else { Some(words::details_refused(why)) };
            second(product, *quantity, *asks, first.unwrap_or_default(), note, model)
        }
        Step::Details { product, quantity, .. } => ask(product, *quantity, Some(words::details_refused(why)), model),
        Step::Second { product, quantity, asks, first } => {
            second(product, *quantity, *asks, first, Some(words::details_refused(why)), model)
        }
        _ => shown(place(Place::Shelf(Shelf::Services), model)),
    }
}

/// Asks for the option of a poll, or for the days.
fn second(key: &str, quantity: i64, asks: Asks, first: &str, note: Option<&str>, model: &Model) -> Turn {
    let Some(product) = product(key, model).filter(|product| product.enabled) else {
        return shown(not_sold(key, model));
    };
    let mut view = View::of(words::ask_second(product, first, note));
    let numbers: &[i64] = if asks == Asks::Poll { &OPTIONS } else { &DAYS };
    for row in numbers.chunks(if asks == Asks::Poll { 4 } else { 3 }) {
        view = view.row(row.iter().map(|n| (words::number_label(asks, *n), Action::Number(*n))).collect());
    }
    let (product, first) = (key.to_owned(), first.to_owned());
    stepped(Step::Second { product, quantity, asks, first }, ways_out(view))
}

/// Back and Cancel.
pub(super) fn ways_out(view: View) -> View {
    view.row(vec![("⬅️ Back".to_owned(), Action::Back), ("✖️ Cancel".to_owned(), Action::Cancel)])
}

/// The plans that were made for the user.
pub(super) fn plans(all: bool, model: &Model) -> View {
    let Some(plans) = &model.plans else { return with_home(View::of(text::hiccup())) };
    let mut view = View::of(words::plans(plans, all, model.now));
    view = match all {
        true => view.button("🎯 My Custom Plans", Action::Go(Place::Plans { all: false })),
        false => view.button("📋 View My Plans", Action::Go(Place::Plans { all: true })),
    };
    with_home(view.button("⬅️ Back", Action::Go(Place::Shelf(Shelf::XEngagement))))
}

/// The second half of what is asked for is missing or wrong.
const fn is_second(why: DetailsError) -> bool {
    matches!(why, DetailsError::PollOption | DetailsError::Days)
}
