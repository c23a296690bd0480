//! Balances: every purse with its ways in and out, and what moved, page by page.

use super::with_home;
use crate::action::{Action, Place};
use crate::model::Model;
use crate::text::{self, purses as words};
use crate::view::View;

/// A page of what went in and out.
pub(super) fn history(page: usize, model: &Model) -> View {
    let Some((lines, more)) = &model.history else { return with_home(View::of(text::hiccup())) };
    let mut turn = Vec::new();
    if page > 0 {
        turn.push(("◀️ Newer".to_owned(), Action::Go(Place::History(page - 1))));
    }
    if *more {
        turn.push(("Older ▶️".to_owned(), Action::Go(Place::History(page + 1))));
    }
    with_home(View::of(words::history(lines, page)).row(turn).button("⬅️ Back", Action::Go(Place::Balance)))
}
