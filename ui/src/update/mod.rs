//! How the model changes: `update(model, message) -> effects`. Pure; the clock comes with the message.
//!
//! Start reading at [`update`]. Keys go through `keys`, what they ask for is in `actions` and `withdrawals`, decisions
//! are in `dialog`, answers of the store in `answers`.

mod actions;
mod answers;
mod blocked;
mod boosts;
mod decide;
mod dialog;
mod form;
mod ipstock;
mod keys;
mod lock;
mod outcome;
mod palette;
mod payments;
mod providers;
mod services;
mod session;
mod submit;
mod vps;
mod withdrawals;

pub use blocked::blocked;
pub use outcome::words as outcome_words;
pub use palette::completions;

use crate::message::{Effect, Event, Message};
use crate::model::{Dirty, Link, Model, Overlay, Tab};
use crate::options::Exit;
use app::view::WithdrawalRow;
use domain::Timestamp;
use domain::withdrawal::WithdrawalState;
use std::time::Duration;

/// How far apart feeds read the open tab again.
const PACE: Duration = Duration::from_millis(100);
/// How far apart feeds read the providers: their figures are sums over many rows.
const PACE_PROVIDERS: Duration = Duration::from_millis(250);
/// How far apart feeds read what the frame shows of the overview.
const PACE_FRAME: Duration = Duration::from_secs(1);

/// Takes a message; returns what has to be done outside.
pub fn update(model: &mut Model, message: Message) -> Vec<Effect> {
    let mut fx = Vec::new();
    model.now = message.at;
    take(model, message.event, &mut fx);
    let ticked = clockwork(model, &mut fx);
    pump(model, &mut fx);
    if model.dirty != Dirty::No {
        model.frame_at = model.now;
        model.tick_at = model.now;
    } else if ticked {
        // A countdown alone: ages and the clock stay those of the last frame.
        model.tick_at = model.now;
        model.dirty = Dirty::Feed;
    }
    fx
}

fn take(model: &mut Model, event: Event, fx: &mut Vec<Effect>) {
    match event {
        Event::Start => start(model, fx),
        Event::Key { key, read_at } => keys::key(model, key, read_at, fx),
        Event::Paste(text) => keys::paste(model, &text),
        Event::Wheel(lines) => keys::wheel(model, lines, fx),
        Event::Resize(columns, lines) => resize(model, columns, lines),
        Event::Focus(focused) => focus(model, focused),
        Event::Tick => {}
        Event::Changed => changed(model),
        Event::Log(lines) => answers::log(model, lines),
        Event::Reasons(reasons) => model.reasons = reasons,
        Event::Withdrawals(ticket, answer) => withdrawals::answer(model, ticket, answer),
        Event::Tally(ticket, answer) => withdrawals::tally(model, ticket, answer),
        Event::AllRows(ticket, answer) => withdrawals::mark_rows(model, ticket, answer),
        Event::Detail(ticket, answer) => withdrawals::detail(model, ticket, answer),
        Event::Boosts(ticket, answer) => boosts::answer(model, ticket, answer),
        Event::BoostCount(ticket, answer) => boosts::count(model, ticket, answer),
        Event::AllBoosts(ticket, answer) => boosts::mark_rows(model, ticket, answer),
        Event::Boost(ticket, answer) => boosts::detail(model, ticket, answer),
        Event::Providers(ticket, answer) => providers::answer(model, ticket, answer),
        Event::Provider(ticket, answer) => providers::detail(model, ticket, answer),
        Event::Services(ticket, answer) => services::window(model, ticket, answer),
        Event::Ours(ticket, answer) => services::ours(model, ticket, answer),
        Event::Syncs(ticket, answer) => services::syncs(model, ticket, answer),
        Event::Items(ticket, answer) => ipstock::answer(model, ticket, answer),
        Event::ItemCount(ticket, answer) => ipstock::count(model, ticket, answer),
        Event::Item(ticket, answer) => ipstock::detail(model, ticket, answer),
        Event::StockSyncs(ticket, answer) => ipstock::syncs(model, ticket, answer),
        Event::VpsOrders(ticket, answer) => vps::orders(model, ticket, answer),
        Event::VpsCount(ticket, answer) => vps::order_count(model, ticket, answer),
        Event::VpsOrder(ticket, answer) => vps::order(model, ticket, answer),
        Event::Machines(ticket, answer) => vps::machines(model, ticket, answer),
        Event::MachineCount(ticket, answer) => vps::machine_count(model, ticket, answer),
        Event::Machine(ticket, answer) => vps::machine(model, ticket, answer),
        Event::VpsReviews(ticket, answer) => vps::reviews(model, ticket, answer),
        Event::Invoices(ticket, answer) => payments::invoices(model, ticket, answer),
        Event::InvoiceCount(ticket, answer) => payments::count(model, ticket, true, answer),
        Event::Invoice(ticket, answer) => payments::invoice(model, ticket, answer),
        Event::Transfers(ticket, answer) => payments::transfers(model, ticket, answer),
        Event::TransferCount(ticket, answer) => payments::count(model, ticket, false, answer),
        Event::Transfer(ticket, answer) => payments::transfer(model, ticket, answer),
        Event::People(ticket, answer) => payments::people(model, ticket, answer),
        Event::Products(ticket, answer) => payments::products(model, ticket, answer),
        Event::PaymentsHealth(ticket, answer) => payments::health(model, ticket, answer),
        Event::Overview(ticket, answer) => answers::overview(model, ticket, answer),
        Event::Audit(ticket, answer) => answers::audit(model, ticket, answer),
        Event::Cases(ticket, answer) => answers::cases(model, ticket, answer),
        Event::Reviewed(serial, answer) => submit::reviewed(model, serial, answer, fx),
        Event::Decided { dialog, item, answer } => submit::decided(model, dialog, item, answer, fx),
        Event::State(key, value) => session::restore(model, key, value.as_deref()),
        Event::Unlock(right) => lock::answered(model, right),
        Event::Exported(Ok((file, rows))) => model.say(format!("{rows} rows written to {file}")),
        Event::Exported(Err(why)) => model.complain(format!("not exported: {why}")),
        Event::Trouble(text) => model.complain(text),
        Event::Shutdown => {
            model.say("the program is being stopped");
            dialog::leave(model, Exit::Quit, fx);
        }
        Event::Hangup => dialog::leave(model, Exit::Hangup, fx),
    }
}

fn start(model: &mut Model, fx: &mut Vec<Effect>) {
    model.started = true;
    fx.push(Effect::LoadState("console"));
    fx.push(Effect::LoadState("seen"));
    fx.push(Effect::LoadState("seen.boosts"));
    fx.push(Effect::LoadState("seen.ipstock"));
    model.overview.fetch.want(model.now, Duration::ZERO);
    wake_tab(model);
}

/// Asks for what the open tab shows.
fn wake_tab(model: &mut Model) {
    let now = model.now;
    match model.tab {
        Tab::Overview => model.overview.fetch.want(now, Duration::ZERO),
        Tab::Withdrawals => {
            model.withdrawals.table.fetch.want(now, Duration::ZERO);
            model.withdrawals.tally_fetch.want(now, Duration::ZERO);
        }
        Tab::Providers => providers::want(model, Duration::ZERO),
        Tab::Boosts => {
            model.boosts.table.fetch.want(now, Duration::ZERO);
            model.boosts.count_fetch.want(now, Duration::ZERO);
        }
        Tab::Ipstock => ipstock::want(model, Duration::ZERO),
        Tab::Payments => payments::want(model, Duration::ZERO),
        Tab::Audit => model.audit.fetch.want(now, Duration::ZERO),
        Tab::Cases => model.cases.fetch.want(now, Duration::ZERO),
        Tab::Log => {}
    }
}

/// Asks again for everything that a decision may have changed.
fn wake_lists(model: &mut Model) {
    let now = model.now;
    model.withdrawals.table.fetch.want(now, Duration::ZERO);
    model.boosts.table.fetch.want(now, Duration::ZERO);
    model.cases.fetch.want(now, Duration::ZERO);
    providers::want(model, Duration::ZERO);
    ipstock::want(model, Duration::ZERO);
    payments::want(model, Duration::ZERO);
}

fn changed(model: &mut Model) {
    let now = model.now;
    let pace = if model.tab == Tab::Overview { PACE } else { PACE_FRAME };
    model.overview.fetch.want(now, pace);
    match model.tab {
        Tab::Withdrawals => {
            model.withdrawals.table.fetch.want(now, PACE);
            model.withdrawals.tally_fetch.want(now, PACE);
            if model.detail.id.is_some() {
                model.detail.fetch.want(now, PACE);
            }
        }
        Tab::Providers => providers::want(model, PACE_PROVIDERS),
        Tab::Boosts => {
            model.boosts.table.fetch.want(now, PACE);
            model.boosts.count_fetch.want(now, PACE_FRAME);
            if model.boosts.detail.id.is_some() {
                model.boosts.detail.fetch.want(now, PACE);
            }
        }
        Tab::Ipstock => ipstock::want(model, PACE_PROVIDERS),
        Tab::Payments => payments::want(model, PACE_PROVIDERS),
        Tab::Audit => model.audit.fetch.want(now, PACE),
        Tab::Cases => model.cases.fetch.want(now, PACE),
        Tab::Overview | Tab::Log => {}
    }
}

fn resize(model: &mut Model, columns: u16, lines: u16) {
    model.size = (columns, lines);
    let height = model.list_height();
    model.withdrawals.table.list.show_cursor(height);
    model.audit.list.show_cursor(height);
    model.cases.list.show_cursor(height);
    model.providers.list.show_cursor(height);
    model.providers.services.table.list.show_cursor(height);
    model.providers.mappings.list.show_cursor(height);
    model.boosts.table.list.show_cursor(height);
    model.ipstock.items.table.list.show_cursor(height);
    model.ipstock.orders.table.list.show_cursor(height);
    model.ipstock.machines.table.list.show_cursor(height);
    model.ipstock.reviews.show_cursor(height);
    model.payments.invoices.table.list.show_cursor(height);
    model.payments.transfers.table.list.show_cursor(height);
    model.payments.people.list.show_cursor(height);
    model.payments.products.show_cursor(height);
    dialog::disarm(model);
    withdrawals::follow(model);
    boosts::follow(model);
    ipstock::follow(model);
    payments::follow(model);
    model.touch();
}

fn focus(model: &mut Model, focused: bool) {
    if model.focused != focused {
        model.focused = focused;
        model.keys_from = model.now;
        dialog::disarm(model);
        model.touch();
    }
}

/// Does what the time asks for; true when a countdown moved.
fn clockwork(model: &mut Model, fx: &mut Vec<Effect>) -> bool {
    let now = model.now;
    if model.toast.as_ref().is_some_and(|toast| toast.until.is_some_and(|until| until <= now)) {
        model.toast = None;
        model.touch();
    }
    if model.detail.follow_at.is_some_and(|at| at <= now) {
        model.detail.follow_at = None;
        withdrawals::show_current(model);
    }
    if model.boosts.detail.follow_at.is_some_and(|at| at <= now) {
        model.boosts.detail.follow_at = None;
        boosts::show_current(model);
    }
    if model.providers.detail.follow_at.is_some_and(|at| at <= now) {
        model.providers.detail.follow_at = None;
        providers::show_current(model);
    }
    if ipstock::follow_at(model).is_some_and(|at| at <= now) {
        ipstock::clear_follow(model);
        ipstock::show_current(model);
    }
    if payments::follow_at(model).is_some_and(|at| at <= now) {
        payments::clear_follow(model);
        payments::show_current(model);
    }
    if arms_at(model).is_some_and(|at| at <= now && model.tick_at < at) {
        model.touch();
    }
    if lock::due_at(model).is_some_and(|at| at <= now) {
        lock::lock(model, fx);
    }
    ticks_at(model).is_some_and(|at| at <= now)
}

/// Asks what is due of the sources that are on screen.
fn pump(model: &mut Model, fx: &mut Vec<Effect>) {
    if !model.started {
        return;
    }
    let now = model.now;
    if let Some(ticket) = model.overview.fetch.start(now, &mut model.tickets) {
        fx.push(Effect::Overview(ticket));
    }
    match model.tab {
        Tab::Withdrawals => withdrawals::pump(model, fx),
        Tab::Providers => providers::pump(model, fx),
        Tab::Boosts => boosts::pump(model, fx),
        Tab::Ipstock => ipstock::pump(model, fx),
        Tab::Payments => payments::pump(model, fx),
        Tab::Audit => {
            if let Some(ticket) = model.audit.fetch.start(now, &mut model.tickets) {
                fx.push(Effect::Audit(ticket, model.audit.filter_text.clone(), model.audit.want));
            }
        }
        Tab::Cases => {
            if let Some(ticket) = model.cases.fetch.start(now, &mut model.tickets) {
                fx.push(Effect::Cases(ticket, true));
            }
        }
        Tab::Overview | Tab::Log => {}
    }
}

/// When the model next has something to do without being told; `None` while all it can do is wait.
pub fn next_deadline(model: &Model) -> Option<Timestamp> {
    let mut at: Vec<Option<Timestamp>> = vec![
        model.overview.fetch.deadline(),
        model.toast.as_ref().and_then(|toast| toast.until),
        model.detail.follow_at,
        model.boosts.detail.follow_at,
        model.providers.detail.follow_at,
        ipstock::follow_at(model),
        payments::follow_at(model),
        ticks_at(model),
        arms_at(model),
        lock::due_at(model),
    ];
    match model.tab {
        Tab::Withdrawals => at.extend([
            model.withdrawals.table.fetch.deadline(),
            model.withdrawals.tally_fetch.deadline(),
            withdrawals::detail_wanted(model).and_then(|_| model.detail.fetch.deadline()),
        ]),
        Tab::Providers => at.extend(providers::deadlines(model)),
        Tab::Boosts => at.extend([
            model.boosts.table.fetch.deadline(),
            model.boosts.count_fetch.deadline(),
            boosts::detail_wanted(model).and_then(|_| model.boosts.detail.fetch.deadline()),
        ]),
        Tab::Ipstock => at.extend(ipstock::deadlines(model)),
        Tab::Payments => at.extend(payments::deadlines(model)),
        Tab::Audit => at.push(model.audit.fetch.deadline()),
        Tab::Cases => at.push(model.cases.fetch.deadline()),
        Tab::Overview | Tab::Log => {}
    }
    if !model.started {
        return None;
    }
    at.into_iter().flatten().min()
}

/// When a review on screen becomes armed.
fn arms_at(model: &Model) -> Option<Timestamp> {
    match model.overlays.last() {
        Some(Overlay::Review(review)) if review.arm_at > model.tick_at => Some(review.arm_at),
        _ => None,
    }
}

/// When a word on screen changes by itself: a countdown, lateness, a spinner.
fn ticks_at(model: &Model) -> Option<Timestamp> {
    if model.lock.is_some() {
        return None;
    }
    let second = model.tick_at.plus(Duration::from_secs(1));
    if counts_down(model) {
        return Some(second);
    }
    let source = model.source();
    if let Some(since) = source.loading_since() {
        return match model.tick_at.since(since).as_millis() {
            0..300 => Some(since.plus(Duration::from_millis(300))),
            300..10_000 => Some(model.tick_at.plus(Duration::from_millis(250))),
            _ => Some(second),
        };
    }
    match model.link() {
        Link::Loading | Link::Offline(_) => None,
        Link::Live => source.good_at().map(|at| at.plus(crate::fetch::HEARTBEAT * 2 + Duration::from_millis(1))),
        Link::Late(_) => Some(second),
    }
}

/// True while a grace countdown is on screen.
fn counts_down(model: &Model) -> bool {
    let counting = |row: &WithdrawalRow| {
        row.state == WithdrawalState::Grace && row.grace_until.is_some_and(|until| until > model.tick_at)
    };
    let in_review = matches!(model.overlays.last(), Some(Overlay::Review(review))
        if review.items.iter().any(|item| item.about.withdrawal().is_some_and(counting)));
    let listed = model.tab == Tab::Withdrawals
        && (model.withdrawals.table.list.visible(model.list_height()).iter().any(counting)
            || model.detail.data.as_ref().is_some_and(|detail| counting(&detail.row)));
    in_review || listed
}
