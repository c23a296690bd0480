//! The screens: pure functions of (conversation, event, model) to (conversation, words, command). One family a file.
//!
//! [`needs`] says what must be read for an event, [`turn`] draws. Back, Cancel and the commands work at every step;
//! a button of an earlier step does nothing and says so.

mod boost;
mod boosts;
mod history;
mod invoice;
mod invoices;
mod menu;
pub(crate) mod ops;
mod pay;
mod providers;
mod purses;
mod server;
mod servers;
mod shop;
mod vps;
mod withdraw;

#[cfg(test)]
mod tests;

pub(crate) use boost::submitted;
pub(crate) use invoice::{claimed, finished, needs as invoice_needs};
pub(crate) use menu::support_url;
pub(crate) use pay::invoiced;
pub(crate) use providers::{changed, one_needs as provider_needs, tested};
pub(crate) use server::{acted as server_acted, needs as server_needs, renewed as server_renewed};
pub(crate) use vps::ordered;
pub(crate) use withdraw::requested;

use crate::action::{Action, Place, Shelf};
use crate::conversation::{Conversation, Step};
use crate::event::Event;
use crate::model::{Command, Model, Needs};
use crate::text::{self, boost as words};
use crate::view::{Out, View};
use domain::boost::PostLink;

/// What a turn comes to.
pub(crate) type Turn = (Conversation, Vec<Out>, Option<Command>);

/// What must be read before [`turn`] for this event.
pub(crate) fn needs(conversation: &Conversation, event: &Event) -> Needs {
    match event {
        Event::Press { action, live, used, .. } => match action {
            Action::Go(place) => place_needs(*place),
            Action::Cancel => place_needs(Place::Menu),
            Action::Withdraw(source) => withdraw::begin_needs(*source),
            Action::Boost(link) => boost::begin_needs(link.platform),
            Action::Order { item, .. } => vps::review_needs(*item),
            Action::Buy(_) => shop::buy_needs(),
            Action::Topup(amount) => pay::topup_needs(*amount),
            Action::Hash(invoice) => invoice::needs(*invoice),
            Action::Finish(invoice) => Needs { profile: true, ..invoice::needs(*invoice) },
            Action::Credentials(_) | Action::Reveal(_) => place_needs(Place::Servers(0)),
            Action::Hide => Needs::default(),
            Action::Systems(machine) | Action::Change { machine, .. } => server::needs(*machine),
            Action::TestProvider(provider) => providers::one_needs(*provider),
            Action::ChangeProvider { provider, change } => providers::change_needs(*provider, *change),
            _ if *used || !*live => Needs::default(),
            _ if conversation.step.is_provider() => providers::press_needs(&conversation.step, action),
            _ if conversation.step.is_shop() => shop::press_needs(&conversation.step, action),
            _ if conversation.step.is_pay() => pay::press_needs(&conversation.step, action),
            _ if conversation.step.is_invoice() => invoice::step_needs(&conversation.step),
            _ if conversation.step.is_vps() => vps::step_needs(&conversation.step),
            _ if conversation.step.is_server() => step_server_needs(&conversation.step),
            action if conversation.step.is_boost() => boost::press_needs(&conversation.step, action),
            action => withdraw::press_needs(&conversation.step, action),
        },
        Event::Start | Event::Cancel => place_needs(Place::Menu),
        Event::Unreadable => text_needs(&conversation.step, ""),
        Event::Balance => place_needs(Place::Balance),
        Event::Withdrawals => place_needs(Place::Withdrawals),
        Event::Boosts => place_needs(Place::Boosts),
        Event::Shop => place_needs(Place::Shop(0)),
        Event::Servers => place_needs(Place::Servers(0)),
        Event::Services => place_needs(Place::Shelf(Shelf::Services)),
        Event::Invoices => place_needs(Place::Invoices),
        Event::Topup => pay::topup_needs(None),
        Event::Providers => providers::list_needs(),
        Event::SubmitLink(typed) => boost::command_needs(typed),
        Event::Text(typed) => text_needs(&conversation.step, typed),
        Event::Strange => Needs::default(),
    }
}

fn text_needs(step: &Step, typed: &str) -> Needs {
    if invoice::pasted(step, typed) {
        return invoices::needs();
    }
    match boost::pasted(step, typed) {
        Some(link) => boost::begin_needs(link.platform),
        None if step.is_boost() => boost::text_needs(step, typed),
        None if step.is_provider() => providers::text_needs(step),
        None if step.is_vps() => vps::step_needs(step),
        None if step.is_shop() => shop::step_needs(step, Some(typed)),
        None if step.is_pay() => pay::text_needs(step, typed),
        None if step.is_invoice() => invoice::step_needs(step),
        None if step.is_server() => step_server_needs(step),
        None => withdraw::text_needs(step, typed),
    }
}

fn step_server_needs(step: &Step) -> Needs {
    match step {
        Step::ServerReview { machine, .. } => server::needs(*machine),
        _ => Needs::default(),
    }
}

fn place_needs(place: Place) -> Needs {
    match place {
        Place::Menu => Needs { role: true, ..Needs::default() },
        Place::Affiliate | Place::Balance | Place::Replies | Place::Withdrawals | Place::Withdrawal(_) => {
            Needs { profile: true, ..Needs::default() }
        }
        Place::Boosts | Place::Boost(_) => Needs { profile: true, boosts: true, ..Needs::default() },
        Place::Shop(page) => Needs { shop: Some(page), ..Needs::default() },
        Place::Offer(item) => vps::offer_needs(item),
        Place::Server(id) => server::needs(id),
        Place::Servers(_) | Place::ServerOrder(_) => Needs { servers: true, ..Needs::default() },
        Place::Shelf(shelf) => shop::shelf_needs(shelf),
        Place::Plans { .. } => Needs { plans: true, ..Needs::default() },
        Place::Invoices => invoices::needs(),
        Place::Invoice(id) => invoice::needs(id),
        Place::History(page) => Needs { history: Some(page), ..Needs::default() },
        Place::Providers(_) => providers::list_needs(),
        Place::Provider(id) => providers::one_needs(id),
    }
}

/// Draws what an event leads to.
pub(crate) fn turn(conversation: Conversation, event: &Event, model: &Model) -> Turn {
    match event {
        Event::Start => shown(menu::main(model)),
        Event::Cancel => shown(menu::cancelled(model)),
        Event::Balance => shown(place(Place::Balance, model)),
        Event::Withdrawals => shown(place(Place::Withdrawals, model)),
        Event::Strange => toast(conversation, text::STRANGE),
        Event::Boosts => shown(place(Place::Boosts, model)),
        Event::Shop => shown(place(Place::Shop(0), model)),
        Event::Servers => shown(place(Place::Servers(0), model)),
        Event::Services => shown(place(Place::Shelf(Shelf::Services), model)),
        Event::Invoices => shown(place(Place::Invoices, model)),
        Event::Topup => pay::topup(None, None, model),
        Event::Providers => shown(place(Place::Providers(0), model)),
        Event::SubmitLink(typed) => boost::command(typed, model),
        Event::Text(typed) => said(conversation, typed, model),
        Event::Unreadable => said(conversation, "", model),
        Event::Press { action: Action::Go(to), .. } => shown(place(*to, model)),
        Event::Press { action: Action::Cancel, .. } => shown(menu::cancelled(model)),
        Event::Press { action: Action::Withdraw(source), .. } => withdraw::begin(*source, None, model),
        Event::Press { action: Action::Boost(link), .. } => boost::begin(link.clone(), None, model),
        Event::Press { action: Action::Order { item, memory }, .. } => vps::begin(*item, memory, None, model),
        Event::Press { action: Action::Buy(product), .. } => shop::begin(product, None, model),
        Event::Press { action: Action::Topup(amount), .. } => pay::topup(*amount, None, model),
        Event::Press { action: Action::Hash(_), .. } => invoice::ask_hash(None, model),
        Event::Press { action: Action::Finish(_), .. } => invoice::finish(None, model),
        Event::Press { action: Action::Credentials(id), .. } => servers::ask_credentials(conversation, *id, model),
        Event::Press { action: Action::Reveal(id), .. } => servers::reveal(conversation, *id, model),
        Event::Press { action: Action::Systems(id), .. } => server::systems(*id, model),
        Event::Press { action: Action::Change { machine, change }, .. } => server::begin(*machine, change, None, model),
        Event::Press { action: Action::Hide, .. } => (conversation, vec![Out::Show(servers::hidden())], None),
        Event::Press { action: Action::TestProvider(provider), .. } => providers::test(*provider, model),
        Event::Press { action: Action::ChangeProvider { provider, change }, .. } => {
            providers::change(*provider, *change, None, model)
        }
        Event::Press { used: true, .. } => toast(conversation, text::USED),
        Event::Press { live: false, .. } => toast(conversation, text::STALE),
        Event::Press { action, .. } if conversation.step.is_shop() => shop::press(conversation, action, model),
        Event::Press { action, keyboard, .. } if conversation.step.is_pay() => {
            pay::press(conversation, action, keyboard, model)
        }
        Event::Press { action, keyboard, .. } if conversation.step.is_invoice() => {
            invoice::press(conversation, action, keyboard)
        }
        Event::Press { action, keyboard, .. } if conversation.step.is_boost() => {
            boost::press(conversation, action, keyboard, model)
        }
        Event::Press { action, keyboard, .. } if conversation.step.is_provider() => {
            providers::press(conversation, action, keyboard, model)
        }
        Event::Press { action, keyboard, .. } if conversation.step.is_server() => {
            server::press(conversation, action, keyboard, model)
        }
        Event::Press { action, keyboard, .. } if conversation.step.is_vps() => {
            vps::press(conversation, action, keyboard, model)
        }
        Event::Press { action, keyboard, .. } => withdraw::press(conversation, action, keyboard, model),
    }
}

/// Goes on with what a [`Command::LinkAccount`] was for.
pub(crate) fn named(link: PostLink, handle: String, linked: bool, model: &Model) -> (Conversation, Vec<Out>) {
    let (conversation, outs, _) = boost::named(link, handle, linked, model);
    (conversation, outs)
}

/// What [`named`] needs.
pub(crate) fn named_needs(link: &PostLink) -> Needs {
    boost::begin_needs(link.platform)
}

/// Words: for the step that waits for them, or a link, or nothing that is understood.
fn said(conversation: Conversation, typed: &str, model: &Model) -> Turn {
    if invoice::pasted(&conversation.step, typed) {
        return invoice::found(conversation, typed, model);
    }
    match boost::pasted(&conversation.step, typed) {
        Some(link) => boost::begin(link, words::several(typed), model),
        None if conversation.step.is_boost() => boost::text(conversation, typed, model),
        None if conversation.step.is_provider() => providers::text(&conversation, typed, model),
        None if conversation.step.is_vps() => vps::text(&conversation, model),
        None if conversation.step.is_shop() => shop::text(&conversation, typed, model),
        None if conversation.step.is_pay() => pay::text(conversation, typed, model),
        None if conversation.step.is_invoice() => invoice::text(conversation, typed, model),
        None if conversation.step.is_server() => server::text(conversation, typed, model),
        None if conversation.step == Step::Menu => shown(menu::not_understood(typed, model)),
        None => withdraw::text(conversation, typed, model),
    }
}

fn place(place: Place, model: &Model) -> View {
    match place {
        Place::Menu => menu::main(model),
        Place::Affiliate => menu::affiliate(model),
        Place::Balance => menu::balance(model),
        Place::Replies => menu::replies(model),
        Place::Withdrawals => history::list(model),
        Place::Withdrawal(id) => history::one(model, id),
        Place::Boosts => boosts::list(model),
        Place::Boost(id) => boosts::one(model, id),
        Place::Shop(_) => vps::shop(None, model),
        Place::Offer(_) => vps::offer(model),
        Place::Servers(page) => servers::list(page, None, model),
        Place::Server(id) => servers::one(id, None, model),
        Place::ServerOrder(id) => servers::order(id, model),
        Place::Shelf(shelf) => shop::shelf(shelf, model),
        Place::Plans { all } => shop::plans(all, model),
        Place::Invoices => invoices::list(None, model),
        Place::Invoice(_) => invoice::one(None, model),
        Place::History(page) => purses::history(page, model),
        Place::Providers(page) => providers::list(page, model),
        Place::Provider(id) => providers::one(id, None, model),
    }
}

/// A screen at which nothing waits for words.
fn shown(view: View) -> Turn {
    (Conversation::start(), vec![Out::Show(view)], None)
}

/// A screen of a step.
fn stepped(step: Step, view: View) -> Turn {
    (Conversation::at(step), vec![Out::Show(view)], None)
}

/// A line over the screen; everything else stays.
fn toast(conversation: Conversation, text: &str) -> Turn {
    (conversation, vec![Out::Toast { text: text.to_owned(), alert: true }], None)
}

/// The way home under a screen.
fn with_home(view: View) -> View {
    view.button("🏠 Main Menu", Action::Go(Place::Menu))
}
