//! My withdrawals: the newest ones and where each is.

use super::with_home;
use crate::action::{Action, Place};
use crate::html::Html;
use crate::model::Model;
use crate::text::{self, menu};
use crate::view::View;
use app::users::Profile;
use domain::WithdrawalId;

/// The newest withdrawals.
pub(super) fn list(model: &Model) -> View {
    match &model.profile {
        Some(profile) => listed(menu::withdrawals(&profile.withdrawals), profile),
        None => with_home(View::of(text::hiccup())),
    }
}

/// One of them, if it is this user's.
pub(super) fn one(model: &Model, id: WithdrawalId) -> View {
    let Some(profile) = &model.profile else { return with_home(View::of(text::hiccup())) };
    match profile.withdrawals.iter().find(|brief| brief.id == id) {
        Some(brief) => with_home(
            View::of(menu::withdrawal(brief))
                .button("🔄 Refresh", Action::Go(Place::Withdrawal(id)))
                .button("⬅️ Back", Action::Go(Place::Withdrawals)),
        ),
        None => listed(menu::no_such_withdrawal(), profile),
    }
}

fn listed(html: Html, profile: &Profile) -> View {
    let view = profile.withdrawals.iter().fold(View::of(html), |view, brief| {
        view.button(menu::withdrawal_label(brief), Action::Go(Place::Withdrawal(brief.id)))
    });
    with_home(view.button("⬅️ Back", Action::Go(Place::Balance)))
}
