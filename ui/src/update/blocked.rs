//! Why a review cannot be confirmed: every refusal that needs no question to the store, each with the next step.

use crate::model::Model;
use crate::review::{Item, Kind, Review};
use domain::policy::Level;

/// Why what is reviewed cannot be confirmed now, as a sentence with the next step.
pub fn blocked(model: &Model, review: &Review) -> Option<String> {
    let needed = review.role();
    if model.read_only {
        return Some("view only: this console was started with --read-only".into());
    }
    if model.actor.role < needed {
        return Some(format!("view only: you are {}, this takes {}", model.actor.role.word(), needed.word()));
    }
    if model.is_tiny() {
        return Some("window too small to approve safely: 60x15 is the least".into());
    }
    if !model.focused {
        return Some("the window has no focus".into());
    }
    if review.kind.is_money() && (!review.items.is_empty() || review.case.is_some()) && model.is_stale() {
        return Some("the data is stale: nothing is decided on it; wait until the store answers".into());
    }
    if let Some(case) = &review.case
        && review.kind == Kind::Sign
        && case.signers.contains(&model.actor.name)
    {
        return Some(format!("you have signed case {}: another name is needed", case.id));
    }
    let accounts = review.items.iter().any(|item| item.about.withdrawal().is_some());
    if review.level() >= Level::Risky && model.mask && !review.unmasked && accounts {
        return Some("accounts are masked: p shows them in this review alone".into());
    }
    review.items.iter().find_map(|item| item_blocked(model, review, item)).or_else(|| review.barred())
}

fn item_blocked(model: &Model, review: &Review, item: &Item) -> Option<String> {
    if let Some(why) = review.kind.wrong_state(&item.about) {
        return Some(why);
    }
    if review.kind != Kind::Approve {
        return None;
    }
    let row = item.about.withdrawal()?;
    let id = row.id;
    if let Some(limit) = model.actor.approve_max.filter(|limit| row.usd.minor() > limit.minor()) {
        return Some(format!("{id} is above your own limit of {limit}: another approver is needed"));
    }
    let detail = item.about.withdrawal_detail()?;
    if detail.signers.contains(&model.actor.name) {
        return Some(format!("you have signed {id}: another name is needed"));
    }
    if detail.user_frozen {
        return Some(format!("the user of {id} is frozen: unfreeze first, or reject"));
    }
    if detail.rate_until.is_some_and(|until| until < model.now) {
        return Some(format!("the rate of {id} no longer holds: x rejects it, so that the user can ask again"));
    }
    None
}
