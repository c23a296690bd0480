//! My invoices: the newest ones, each a button to come back to.

use super::with_home;
use crate::action::{Action, Place, Shelf};
use crate::model::{Model, Needs};
use crate::text::{self, invoice as words};
use crate::view::View;

/// Invoices in the list.
const SHOWN: usize = 10;

/// What the list needs.
pub(super) fn needs() -> Needs {
    Needs { invoices: true, ..Needs::default() }
}

/// The newest invoices.
pub(super) fn list(note: Option<&str>, model: &Model) -> View {
    let Some(invoices) = &model.invoices else { return with_home(View::of(text::hiccup())) };
    let view = invoices.iter().take(SHOWN).fold(View::of(words::list(invoices.is_empty(), note)), |view, invoice| {
        view.button(words::label(invoice), Action::Go(Place::Invoice(invoice.id)))
    });
    let view = match invoices.is_empty() {
        true => view.button("🛍 Service Menu", Action::Go(Place::Shelf(Shelf::Services))),
        false => view,
    };
    with_home(view.button("⬅️ Back", Action::Go(Place::Balance)))
}
