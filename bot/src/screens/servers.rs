//! My servers: orders on their way in plain words, and the machines that came of them. Everything is looked up among
//! what was read for this very user, so that a button of somebody else's finds nothing.

use super::{Turn, shown, toast, with_home};
use crate::action::{Action, Place};
use crate::conversation::{Conversation, ServerChange};
use crate::html::Html;
use crate::model::Model;
use crate::text::{self, servers as words};
use crate::view::{Out, View};
use app::vps::{ServerBrief, ServerDetail, Servers};
use domain::{MachineId, VpsId};

/// Entries on one page.
const PAGE: usize = 8;

fn servers(model: &Model, draw: impl FnOnce(&Servers) -> View) -> View {
    model.servers.as_ref().map_or_else(|| with_home(View::of(text::hiccup())), draw)
}

/// Orders, then machines.
pub(super) fn list(page: usize, note: Option<&str>, model: &Model) -> View {
    servers(model, |servers| {
        let orders = servers.orders.iter().map(|order| (words::order_label(order), Place::ServerOrder(order.id)));
        let machines = servers.machines.iter().map(|machine| (words::label(machine), Place::Server(machine.id)));
        let all: Vec<(String, Place)> = orders.chain(machines).collect();
        let pages = all.len().div_ceil(PAGE).max(1);
        let page = page.min(pages - 1);
        let view = View::of(words::list(note, all.is_empty()));
        let shown = all.into_iter().skip(page * PAGE).take(PAGE);
        let mut view = shown.fold(view, |view, (label, place)| view.button(label, Action::Go(place)));
        let mut turn = Vec::new();
        if page > 0 {
            turn.push(("◀️ Previous".to_owned(), Action::Go(Place::Servers(page - 1))));
        }
        if page + 1 < pages {
            turn.push(("Next ▶️".to_owned(), Action::Go(Place::Servers(page + 1))));
        }
        view = view.row(turn).button("🖥 Order a VPS", Action::Go(Place::Shop(0)));
        with_home(view)
    })
}

/// One server, if it is this user's.
pub(super) fn one(id: MachineId, note: Option<&str>, model: &Model) -> View {
    servers(model, |servers| {
        let Some(machine) = servers.machines.iter().find(|machine| machine.id == id) else {
            return list(0, Some(words::NO_SUCH), model);
        };
        let more = model.server.as_ref().filter(|server| server.brief.id == id);
        let mut view = View::of(words::one(machine, more, note, model.now));
        if machine.has_credentials {
            view = view.button("🔑 User name and password", Action::Credentials(id));
        }
        if let Some(more) = more {
            view = with_changes(view, more);
        }
        view = view.button("🔄 Refresh", Action::Go(Place::Server(id)));
        with_home(view.button("⬅️ My servers", Action::Go(Place::Servers(0))))
    })
}

/// What can be done to it now.
fn with_changes(view: View, server: &ServerDetail) -> View {
    let machine = server.brief.id;
    let change = |change: ServerChange| Action::Change { machine, change };
    let mut switches = Vec::new();
    if server.can_start() {
        switches.push(("▶️ Start".to_owned(), change(ServerChange::Start)));
    }
    if server.can_stop() {
        switches.push(("⏹ Stop".to_owned(), change(ServerChange::Stop)));
        switches.push(("🔁 Restart".to_owned(), change(ServerChange::Reboot)));
    }
    let mut view = view.row(switches);
    if server.can_reinstall() {
        view = view.button("💿 Install anew", Action::Systems(machine));
    }
    match server.renewal.filter(|_| server.can_renew()) {
        Some(price) => view.button("📅 Renew for a month", change(ServerChange::Renew(price))),
        None => view,
    }
}

/// One order, if it is this user's: its machine once that stands for it.
pub(super) fn order(id: VpsId, model: &Model) -> View {
    servers(model, |servers| {
        if let Some(order) = servers.orders.iter().find(|order| order.id == id) {
            let mut view = View::of(words::order(order));
            view = if order.state.is_open() {
                view.button("🔄 Refresh", Action::Go(Place::ServerOrder(id)))
            } else {
                view.button("🖥 Order a VPS", Action::Go(Place::Shop(0)))
            };
            return with_home(view.button("⬅️ My servers", Action::Go(Place::Servers(0))));
        }
        match servers.machines.iter().find(|machine| machine.order == Some(id)) {
            Some(machine) => one(machine.id, None, model),
            None => list(0, Some(words::NO_SUCH), model),
        }
    })
}

fn own(id: MachineId, model: &Model) -> Option<&ServerBrief> {
    model.servers.as_ref()?.machines.iter().find(|machine| machine.id == id)
}

/// Makes the message that credentials can be shown in: a new one, because only a new one can be protected.
pub(super) fn ask_credentials(conversation: Conversation, id: MachineId, model: &Model) -> Turn {
    match own(id, model) {
        Some(machine) if machine.has_credentials => {
            let view = View::of(words::ask_credentials(machine, model.facts.credentials_shown))
                .row(vec![("👁 Show them".to_owned(), Action::Reveal(id)), ("✖️ Not now".to_owned(), Action::Hide)]);
            (Conversation::start(), vec![Out::Say(View { protected: true, ..view })], None)
        }
        Some(_) => toast(conversation, words::NOT_YET),
        None => shown(list(0, Some(words::NO_SUCH), model)),
    }
}

/// Shows them where the button is, for a while.
pub(super) fn reveal(conversation: Conversation, id: MachineId, model: &Model) -> Turn {
    match own(id, model) {
        Some(machine) if machine.has_credentials => {
            let until = model.now.plus(model.facts.credentials_shown);
            let under = View::of(Html::new()).button("🙈 Hide now", Action::Hide);
            (conversation, vec![Out::Reveal { machine: id, until, under, hidden: hidden() }], None)
        }
        Some(_) => toast(conversation, words::NOT_YET),
        None => toast(conversation, text::STRANGE),
    }
}

/// What stands where credentials were, or could have been.
pub(super) fn hidden() -> View {
    View::of(words::hidden())
}
