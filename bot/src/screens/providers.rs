//! Operators' providers on a phone: the table, one in full, and the changes that an outage needs at once. Who looks is an
//! operator, or the screen is not there; who presses is authorised again where it is carried out.
//!
//! Every change takes a reason and a review; its Confirm button works once. Absent on purpose: keys, addresses, prices,
//! breakers by force. Those need the terminal.

use super::{Turn, menu, shown, stepped, toast, with_home};
use crate::action::{Action, Place};
use crate::conversation::{Conversation, ProviderDraft, Step};
use crate::model::{Command, Desk, Look, Model, Needs};
use crate::text::{self, providers as words};
use crate::view::{Out, View};
use app::command::{ActError, Acted};
use app::panels::ProviderChange;
use app::view::panels::{ProviderDetail, ProviderRow, ProviderTest};
use domain::operator::Role;
use domain::smm::ProviderState;
use domain::text::clean_line;

/// Providers on one page of the table.
const PAGE: usize = 6;
/// So much of a typed reason is kept.
const REASON: usize = 200;

/// What the table needs.
pub(super) fn list_needs() -> Needs {
    looking(Look::default())
}

/// What the screen of one provider needs.
pub(crate) fn one_needs(provider: i64) -> Needs {
    looking(Look { provider: Some(provider), change: None })
}

/// What a change that begins needs.
pub(super) fn change_needs(provider: i64, change: ProviderChange) -> Needs {
    looking(Look { provider: Some(provider), change: Some(change) })
}

fn looking(look: Look) -> Needs {
    // Who is no operator gets the menu, which shows the role.
    Needs { role: true, desk: Some(look), ..Needs::default() }
}

/// What words at a step of a change need; a review shows what it has.
pub(super) fn text_needs(step: &Step) -> Needs {
    match step {
        Step::ProviderReason { provider, change } => change_needs(*provider, *change),
        _ => Needs::default(),
    }
}

/// What a live button of a step of a change needs.
pub(super) fn press_needs(step: &Step, action: &Action) -> Needs {
    match (step, action) {
        (Step::ProviderReview(draft), Action::Back) => change_needs(draft.provider, draft.change),
        _ => text_needs(step),
    }
}

/// The screen of an operator, or what everybody sees who types words that mean nothing.
fn desk(model: &Model, draw: impl FnOnce(&Desk) -> Turn) -> Turn {
    model.desk.as_ref().map_or_else(|| shown(menu::not_understood("", model)), draw)
}

/// The table.
pub(super) fn list(page: usize, model: &Model) -> View {
    let Some(desk) = &model.desk else { return menu::not_understood("", model) };
    let pages = desk.rows.len().div_ceil(PAGE).max(1);
    let page = page.min(pages - 1);
    let rows: Vec<&ProviderRow> = desk.rows.iter().skip(page * PAGE).take(PAGE).collect();
    let html = rows.iter().fold(words::head(desk.rows.len()), |html, row| words::line(html, row));
    let view = rows.chunks(2).fold(View::of(html), |view, pair| {
        view.row(pair.iter().map(|row| (words::label(row), Action::Go(Place::Provider(row.id)))).collect())
    });
    let mut turning = Vec::new();
    if page > 0 {
        turning.push(("⬅️ Previous".to_owned(), Action::Go(Place::Providers(page - 1))));
    }
    if page + 1 < pages {
        turning.push(("➡️ Next".to_owned(), Action::Go(Place::Providers(page + 1))));
    }
    with_home(view.row(turning).button("🔄 Refresh", Action::Go(Place::Providers(page))))
}

/// One provider; a note of what came of a button stands first.
pub(super) fn one(provider: i64, note: Option<&str>, model: &Model) -> View {
    let Some(desk) = &model.desk else { return menu::not_understood("", model) };
    let Some(detail) = of(desk, provider) else {
        return View::of(crate::html::Html::new().text(words::GONE))
            .button("⬅️ All providers", Action::Go(Place::Providers(0)));
    };
    let row = &detail.row;
    let mut view = View::of(words::detail(detail, note, model.now));
    if desk.role >= Role::Operator {
        view = view.button("🔌 Test connection", Action::TestProvider(provider));
    }
    if desk.role >= Role::Approver {
        let change =
            |change: ProviderChange| (words::verb(change).to_owned(), Action::ChangeProvider { provider, change });
        let others = ProviderState::ALL.into_iter().filter(|state| state.word() != row.state);
        view = view.row(others.map(|state| change(ProviderChange::State(state))).collect());
        view = view.row(vec![change(if row.pinned { ProviderChange::Unpin } else { ProviderChange::Pin })]);
    }
    view.row(vec![
        ("🔄 Refresh".to_owned(), Action::Go(Place::Provider(provider))),
        ("⬅️ All providers".to_owned(), Action::Go(Place::Providers(0))),
    ])
}

fn of(desk: &Desk, provider: i64) -> Option<&ProviderDetail> {
    desk.detail.as_ref().filter(|detail| detail.row.id == provider)
}

/// Asks a provider, once its button was pressed.
pub(super) fn test(provider: i64, model: &Model) -> Turn {
    desk(model, |desk| match of(desk, provider) {
        Some(detail) => {
            let command = Command::TestProvider { provider, name: detail.row.name.clone() };
            (Conversation::start(), Vec::new(), Some(command))
        }
        None => shown(one(provider, None, model)),
    })
}

/// What a test showed.
pub(crate) fn tested(provider: i64, result: &Result<ProviderTest, ActError>, model: &Model) -> Vec<Out> {
    vec![Out::Show(one(provider, Some(&words::tested(result)), model))]
}

/// Begins a change: asks why.
pub(super) fn change(provider: i64, change: ProviderChange, note: Option<&str>, model: &Model) -> Turn {
    desk(model, |desk| {
        let Some(detail) = of(desk, provider) else { return shown(one(provider, None, model)) };
        if desk.refused {
            return shown(one(provider, Some(words::NOT_YOURS), model));
        }
        let at_hand = words::reasons(change).iter();
        let view = at_hand.fold(View::of(words::ask_reason(&detail.row, change, note)), |view, reason| {
            view.button(*reason, Action::Reason((*reason).to_owned()))
        });
        let view = view.button("⬅️ Back", Action::Go(Place::Provider(provider)));
        stepped(Step::ProviderReason { provider, change }, view)
    })
}

/// Words at a step of a change.
pub(super) fn text(conversation: &Conversation, typed: &str, model: &Model) -> Turn {
    match conversation.step.clone() {
        Step::ProviderReason { provider, change: wanted } => reasoned(provider, wanted, typed, model),
        Step::ProviderReview(draft) => review(draft, Some(words::USE_BUTTONS)),
        _ => shown(menu::main(model)),
    }
}

/// A live button at a step of a change.
pub(super) fn press(conversation: Conversation, action: &Action, keyboard: &str, model: &Model) -> Turn {
    match (conversation.step.clone(), action) {
        (Step::ProviderReason { provider, change }, Action::Reason(reason)) => {
            reasoned(provider, change, reason, model)
        }
        (Step::ProviderReview(draft), Action::Back) => change(draft.provider, draft.change, None, model),
        (Step::ProviderReview(draft), Action::Confirm) => {
            let command = Command::ChangeProvider { keyboard: keyboard.to_owned(), draft };
            (Conversation::start(), Vec::new(), Some(command))
        }
        _ => toast(conversation, text::STALE),
    }
}

fn reasoned(provider: i64, wanted: ProviderChange, typed: &str, model: &Model) -> Turn {
    let reason = clean_line(typed.trim(), REASON);
    desk(model, |desk| match of(desk, provider) {
        Some(detail) if !desk.refused && !reason.is_empty() => {
            let first = desk.rows.iter().find(|row| row.pinned).map(|row| row.name.clone());
            let was = match wanted {
                ProviderChange::State(_) => detail.row.state.clone(),
                ProviderChange::Pin | ProviderChange::Unpin => first.unwrap_or_default(),
            };
            let (name, version) = (detail.row.name.clone(), detail.row.version);
            review(ProviderDraft { provider, name, version, was, change: wanted, reason: reason.clone() }, None)
        }
        _ => change(provider, wanted, Some(words::REASON_MISSING), model),
    })
}

fn review(draft: ProviderDraft, note: Option<&str>) -> Turn {
    let view = View::of(words::review(&draft, note))
        .row(vec![("✅ Confirm".to_owned(), Action::Confirm), ("⬅️ Back".to_owned(), Action::Back)])
        .button("✖️ Leave it as it is", Action::Go(Place::Provider(draft.provider)));
    stepped(Step::ProviderReview(draft), view)
}

/// What became of a change.
pub(crate) fn changed(draft: &ProviderDraft, result: &Result<Acted, ActError>, model: &Model) -> Vec<Out> {
    vec![Out::Show(one(draft.provider, Some(&words::changed(result)), model))]
}
