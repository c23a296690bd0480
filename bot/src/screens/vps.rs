//! Servers from the shelf to the order: what can be had now, one package, its sizes, the summary. Money is set aside at
//! one place only: the Confirm button of the summary that is on the screen.
//!
//! Absent on purpose: how many addresses are free, and who sells them. A system cannot be chosen here, because a purchase
//! cannot name one; the screen says which is usual.

use super::{Turn, shown, stepped, toast, with_home};
use crate::action::{Action, Place};
use crate::conversation::{Conversation, Step, VpsDraft};
use crate::model::{Command, Model, Needs, Spend};
use crate::text::{self, vps as words};
use crate::view::{Out, View};
use app::vps::{OfferDetail, OrderVps, OrderVpsError, VpsOrdered};
use domain::{IdempotencyKey, ItemId, Money};

/// What the screen of one package needs.
pub(super) fn offer_needs(item: ItemId) -> Needs {
    Needs { offer: Some(item), ..Needs::default() }
}

/// What the summary of an order needs.
pub(super) fn review_needs(item: ItemId) -> Needs {
    Needs { profile: true, offer: Some(item), ..Needs::default() }
}

/// What words and buttons at a step of an order need.
pub(super) fn step_needs(step: &Step) -> Needs {
    match step {
        Step::VpsReview(draft) => review_needs(draft.item),
        _ => Needs::default(),
    }
}

/// A page of what can be had now.
pub(super) fn shop(note: Option<&str>, model: &Model) -> View {
    let Some(shop) = &model.shop else { return with_home(View::of(text::hiccup())) };
    if shop.offers.is_empty() {
        let view = View::of(words::nothing()).button("🔄 Look again", Action::Go(Place::Shop(0)));
        return with_servers(view);
    }
    let mut view = View::of(words::shop(note, shop));
    for offer in &shop.offers {
        view = view.button(words::offer_label(offer), Action::Go(Place::Offer(offer.id)));
    }
    let mut turn = Vec::new();
    if shop.page > 0 {
        turn.push(("◀️ Previous".to_owned(), Action::Go(Place::Shop(shop.page - 1))));
    }
    if shop.more {
        turn.push(("Next ▶️".to_owned(), Action::Go(Place::Shop(shop.page + 1))));
    }
    with_servers(view.row(turn))
}

fn with_servers(view: View) -> View {
    with_home(view.button("🗄 My servers", Action::Go(Place::Servers(0))))
}

/// One package with its sizes.
pub(super) fn offer(model: &Model) -> View {
    let Some(offer) = &model.offer else { return not_sold() };
    let view = offer.options.iter().fold(View::of(words::offer(offer)), |view, option| {
        let action = Action::Order { item: offer.offer.id, memory: option.label.clone() };
        view.button(words::option_label(option), action)
    });
    with_home(view.button("⬅️ All packages", Action::Go(Place::Shop(0))))
}

fn not_sold() -> View {
    with_home(View::of(words::not_sold()).button("🖥 See what there is", Action::Go(Place::Shop(0))))
}

/// Begins an order: the summary, or why there is none.
pub(super) fn begin(item: ItemId, memory: &str, note: Option<&str>, model: &Model) -> Turn {
    let Some(offer) = &model.offer else { return shown(not_sold()) };
    let Some(option) = offer.options.iter().find(|option| option.label == memory) else {
        return shown(self::offer(model));
    };
    review(VpsDraft { item, memory: memory.to_owned(), price: option.price }, offer, note, model)
}

fn review(draft: VpsDraft, offer: &OfferDetail, note: Option<&str>, model: &Model) -> Turn {
    let Some(profile) = &model.profile else { return shown(with_home(View::of(text::hiccup()))) };
    if profile.frozen {
        return shown(with_help(View::of(words::frozen()), model));
    }
    if profile.wallet.minor() < draft.price.minor() {
        return shown(too_little(&draft, offer, profile.wallet, model));
    }
    let view =
        View::of(words::review(&draft, offer, profile.wallet, note)).button("✅ Confirm", Action::Confirm).row(vec![
            ("⬅️ Back".to_owned(), Action::Go(Place::Offer(draft.item))),
            ("✖️ Cancel".to_owned(), Action::Cancel),
        ]);
    stepped(Step::VpsReview(draft), view)
}

fn too_little(draft: &VpsDraft, offer: &OfferDetail, wallet: Money, model: &Model) -> View {
    let again = Action::Order { item: draft.item, memory: draft.memory.clone() };
    let view = View::of(words::too_little(draft, &offer.offer.title, wallet));
    let view = super::pay::topup_button(view, draft.price, wallet, model)
        .button("🔄 Check again", again)
        .button("⬅️ Back", Action::Go(Place::Offer(draft.item)));
    with_help(view, model)
}

fn with_help(view: View, model: &Model) -> View {
    let view = match &model.facts.support {
        Some(url) => view.link("🆘 Support", url),
        None => view,
    };
    with_home(view)
}

/// Words at the summary.
pub(super) fn text(conversation: &Conversation, model: &Model) -> Turn {
    match &conversation.step {
        Step::VpsReview(draft) => begin(draft.item, &draft.memory, Some(words::USE_BUTTONS), model),
        _ => shown(shop(None, model)),
    }
}

/// A live button at the summary.
pub(super) fn press(conversation: Conversation, action: &Action, keyboard: &str, model: &Model) -> Turn {
    let (Step::VpsReview(draft), Action::Confirm) = (conversation.step.clone(), action) else {
        return toast(conversation, text::STALE);
    };
    // The keyboard's id was minted when the summary was drawn: a second tap is the same command.
    let Some(key) = IdempotencyKey::button(keyboard) else { return toast(conversation, text::STRANGE) };
    let VpsDraft { item, memory, price } = draft;
    let what = Spend::Vps(OrderVps { user: model.user, item, memory, os: None, price, key });
    (conversation, Vec::new(), Some(Command::Spend { keyboard: keyboard.to_owned(), what }))
}

/// What an order came to. Runs inside the order's transaction, perhaps twice: it only draws.
pub(crate) fn ordered(
    request: &OrderVps,
    result: &Result<VpsOrdered, OrderVpsError>,
    model: &Model,
) -> (Conversation, Vec<Out>) {
    let (conversation, outs, _) = match result {
        Ok(done) => {
            let title = model.offer.as_ref().map(|offer| offer.offer.title.as_str());
            let view = View::of(words::ordered(done, request, title))
                .button("🔎 Follow it", Action::Go(Place::ServerOrder(done.id)));
            shown(with_servers(view))
        }
        Err(why) => refused(request, why, model),
    };
    (conversation, outs)
}

fn refused(request: &OrderVps, why: &OrderVpsError, model: &Model) -> Turn {
    use OrderVpsError as E;
    let draft = |price| VpsDraft { item: request.item, memory: request.memory.clone(), price };
    match (why, &model.offer) {
        (E::NotSold(_), _) => shown(not_sold()),
        // The new price is asked about as the old one was.
        (E::PriceChanged(price), Some(offer)) => {
            let note = words::price_changed(request.price, *price);
            review(draft(*price), offer, Some(&note), model)
        }
        (E::Insufficient { available }, Some(offer)) => {
            shown(too_little(&draft(request.price), offer, *available, model))
        }
        (E::Frozen, _) => shown(with_help(View::of(words::frozen()), model)),
        (why, _) => {
            let view =
                View::of(words::refused(why)).button("⬅️ Back to the package", Action::Go(Place::Offer(request.item)));
            shown(with_help(view, model))
        }
    }
}
