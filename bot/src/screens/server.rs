//! What an owner does to a server: switch it, install it anew, renew it. Each passes a summary whose Confirm button works
//! once; what erases takes the server's address typed instead.

use super::{Turn, servers, shown, stepped, toast, with_home};
use crate::action::{Action, Place};
use crate::conversation::{Conversation, ServerChange, Step};
use crate::model::{Command, Model, Needs};
use crate::text::{self, servers as words};
use crate::view::{Out, View};
use app::vps::{MachineError, RenewError, ServerDetail};
use domain::vps::Os;
use domain::{IdempotencyKey, MachineId};

/// What the screen of one server needs, and everything that is done to it.
pub(crate) fn needs(id: MachineId) -> Needs {
    Needs { profile: true, servers: true, server: Some(id), ..Needs::default() }
}

fn detail(id: MachineId, model: &Model) -> Option<&ServerDetail> {
    model.server.as_ref().filter(|server| server.brief.id == id)
}

/// The systems that can be installed.
pub(super) fn systems(id: MachineId, model: &Model) -> Turn {
    let Some(server) = detail(id, model) else { return shown(servers::list(0, Some(words::NO_SUCH), model)) };
    if !server.can_reinstall() {
        return shown(servers::one(id, Some(words::NOT_NOW), model));
    }
    let button = |os: &Os| {
        let change = ServerChange::Reinstall(os.word().to_owned());
        (os.title().to_owned(), Action::Change { machine: id, change })
    };
    let buttons: Vec<(String, Action)> = Os::ALL.iter().map(button).collect();
    let view = View::of(words::systems(&server.brief));
    let view = buttons.chunks(2).fold(view, |view, pair| view.row(pair.to_vec()));
    shown(with_home(view.button("⬅️ Back", Action::Go(Place::Server(id)))))
}

/// Begins a change: its summary, or why it cannot be done.
pub(super) fn begin(id: MachineId, change: &ServerChange, note: Option<&str>, model: &Model) -> Turn {
    let Some(server) = detail(id, model) else { return shown(servers::list(0, Some(words::NO_SUCH), model)) };
    let fits = match change {
        ServerChange::Start => server.can_start(),
        ServerChange::Stop | ServerChange::Reboot => server.can_stop(),
        ServerChange::Reinstall(os) => server.can_reinstall() && os.parse::<Os>().is_ok(),
        ServerChange::Renew(_) => return renewal(server, note, model),
    };
    if !fits {
        return shown(servers::one(id, Some(words::NOT_NOW), model));
    }
    let view = View::of(words::review(server, change, note));
    let view = match change {
        ServerChange::Reinstall(_) => view,
        _ => view.button("✅ Confirm", Action::Confirm),
    };
    stepped(Step::ServerReview { machine: id, change: change.clone() }, ways_out(id, view))
}

fn ways_out(id: MachineId, view: View) -> View {
    view.row(vec![("⬅️ Back".to_owned(), Action::Go(Place::Server(id))), ("✖️ Cancel".to_owned(), Action::Cancel)])
}

/// The summary of a renewal at the price of this moment.
fn renewal(server: &ServerDetail, note: Option<&str>, model: &Model) -> Turn {
    let id = server.brief.id;
    let Some(profile) = &model.profile else { return shown(with_home(View::of(text::hiccup()))) };
    let Some(price) = server.renewal.filter(|_| server.can_renew()) else {
        return shown(servers::one(id, Some(words::NOT_NOW), model));
    };
    if profile.frozen {
        return shown(help(View::of(text::vps::frozen()), model));
    }
    let change = ServerChange::Renew(price);
    if profile.wallet.minor() < price.minor() {
        let view = View::of(words::too_little(&server.brief, price, profile.wallet));
        let view = super::pay::topup_button(view, price, profile.wallet, model)
            .button("🔄 Check again", Action::Change { machine: id, change })
            .button("⬅️ Back", Action::Go(Place::Server(id)));
        return shown(help(view, model));
    }
    let view =
        View::of(words::renewal(&server.brief, price, profile.wallet, note)).button("✅ Confirm", Action::Confirm);
    stepped(Step::ServerReview { machine: id, change }, ways_out(id, view))
}

fn help(view: View, model: &Model) -> View {
    let view = match &model.facts.support {
        Some(url) => view.link("🆘 Support", url),
        None => view,
    };
    with_home(view)
}

/// Words at a summary: the address, where something is erased.
pub(super) fn text(conversation: Conversation, typed: &str, model: &Model) -> Turn {
    let Step::ServerReview { machine, change } = conversation.step.clone() else {
        return shown(servers::list(0, None, model));
    };
    if !matches!(change, ServerChange::Reinstall(_)) {
        return begin(machine, &change, Some(words::USE_BUTTONS), model);
    }
    match (detail(machine, model), conversation.keyboard.clone()) {
        (Some(server), Some(keyboard)) if typed.trim() == server.brief.ip => {
            go(conversation, machine, change, &keyboard)
        }
        _ => begin(machine, &change, Some(words::NOT_THE_ADDRESS), model),
    }
}

/// A live button at a summary.
pub(super) fn press(conversation: Conversation, action: &Action, keyboard: &str, model: &Model) -> Turn {
    match (conversation.step.clone(), action) {
        (Step::ServerReview { machine, change }, Action::Confirm) => {
            let frozen = model.profile.as_ref().is_none_or(|profile| profile.frozen);
            match change {
                ServerChange::Reinstall(_) => toast(conversation, text::STALE),
                ServerChange::Renew(_) if frozen => shown(help(View::of(text::vps::frozen()), model)),
                change => go(conversation, machine, change, keyboard),
            }
        }
        _ => toast(conversation, text::STALE),
    }
}

/// The keyboard's id was minted when the summary was drawn: the same summary is the same command, however often.
fn go(conversation: Conversation, machine: MachineId, change: ServerChange, keyboard: &str) -> Turn {
    if IdempotencyKey::button(keyboard).is_none() {
        return toast(conversation, text::STRANGE);
    }
    let command = Command::ChangeServer { keyboard: keyboard.to_owned(), machine, change };
    (Conversation::start(), Vec::new(), Some(command))
}

/// What came of switching or installing.
pub(crate) fn acted(
    id: MachineId,
    change: &ServerChange,
    result: &Result<i64, MachineError>,
    model: &Model,
) -> Vec<Out> {
    let view = match result {
        Err(MachineError::NotFound) => servers::list(0, Some(words::NO_SUCH), model),
        result => servers::one(id, Some(&words::acted(change, result)), model),
    };
    vec![Out::Show(view)]
}

/// What came of a renewal; another price is asked about as the first was.
pub(crate) fn renewed(id: MachineId, result: &Result<i64, RenewError>, model: &Model) -> (Conversation, Vec<Out>) {
    let (conversation, outs, _) = match (result, detail(id, model)) {
        (Err(RenewError::PriceChanged(_) | RenewError::Insufficient { .. }), Some(server)) => {
            renewal(server, Some(&words::renewed(result)), model)
        }
        (Err(RenewError::NotFound), _) => shown(servers::list(0, Some(words::NO_SUCH), model)),
        (result, _) => shown(servers::one(id, Some(&words::renewed(result)), model)),
    };
    (conversation, outs)
}
