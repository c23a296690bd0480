//! Servers that can be ordered: the shelf, one package, the summary, and words for every refusal.

use super::money;
use crate::conversation::VpsDraft;
use crate::html::Html;
use app::vps::{Offer, OfferDetail, OfferOption, OrderVps, OrderVpsError, Shop, VpsOrdered};
use domain::Money;

/// Words where a button was expected.
pub(crate) const USE_BUTTONS: &str = "Please use the buttons below.";

/// Spending is frozen.
pub(super) const FROZEN: &str =
    "Orders from your account are on hold while we look into something. Your money is safe. Please contact support.";

pub(super) const TOP_UP: &str = "Top up your wallet, then tap Check again.";

/// Nothing can be had now.
pub(crate) fn nothing() -> Html {
    Html::new()
        .bold("🖥 VPS")
        .line()
        .text("Everything is taken at the moment. New servers come in all the time: please look again a little later.")
}

/// A page of what can be had, by kind; the buttons lead on.
pub(crate) fn shop(note: Option<&str>, shop: &Shop) -> Html {
    let mut html =
        noted(note, Html::new().bold("🖥 VPS").line().text("These can be had right now. Tap one to see more."));
    let mut kind = None;
    for offer in &shop.offers {
        if kind != Some(&offer.kind) {
            html = html.gap().bold(&offer.kind);
            kind = Some(&offer.kind);
        }
        html = html.line().text(&format!("• {} · from {} a month · {}", offer.title, money(offer.from), stock(offer)));
    }
    html
}

/// How many are left, in a word.
const fn stock(offer: &Offer) -> &'static str {
    if offer.few { "only a few left" } else { "in stock" }
}

/// A package as a button.
pub(crate) fn offer_label(offer: &Offer) -> String {
    format!("{} · from {}", domain::text::clean_line(&offer.title, 40), money(offer.from))
}

/// One package.
pub(crate) fn offer(offer: &OfferDetail) -> Html {
    let mut html = Html::new().bold(&format!("🖥 {}", offer.offer.title)).line();
    html = html.text(&format!("{} · {}", offer.offer.kind, stock(&offer.offer)));
    if !offer.description.is_empty() {
        html = html.gap().text(&offer.description);
    }
    html = html.gap().text(&system(offer)).line().text("Prices are for a month.");
    if let Some(limit) = offer.user_limit {
        html = html.text(&format!(" You can have {limit} of this package."));
    }
    html.gap().text("How much memory do you need?")
}

fn system(offer: &OfferDetail) -> String {
    format!("It usually comes with {}.", offer.os)
}

/// A size as a button.
pub(crate) fn option_label(option: &OfferOption) -> String {
    format!("{} · {} a month", option.label, money(option.price))
}

/// It went meanwhile.
pub(crate) fn not_sold() -> Html {
    Html::new()
        .bold("This package cannot be had at the moment")
        .line()
        .text("It is sold out or not offered any more. Nothing was ordered, and your wallet is as it was.")
}

/// The summary before money is set aside.
pub(crate) fn review(draft: &VpsDraft, offer: &OfferDetail, wallet: Money, note: Option<&str>) -> Html {
    let after = wallet.checked_sub(draft.price).unwrap_or(wallet);
    let html = Html::new()
        .bold("Please check your order")
        .gap()
        .text("Package: ")
        .bold(&offer.offer.title)
        .line()
        .text(&format!("Memory: {}", draft.memory))
        .line()
        .text("Period: 1 month")
        .line()
        .text(&system(offer))
        .gap()
        .text("Price: ")
        .bold(&money(draft.price))
        .line()
        .text(&format!("Your wallet: {}; {} after this order.", money(wallet), money(after)))
        .gap()
        .text(
            "When you confirm, the price is set aside and your server is made from exactly this package. That usually \
             takes some minutes, and you get a message when it is ready. If it cannot be delivered, the money comes back \
             by itself.",
        );
    noted(note, html)
}

/// The wallet holds less than the price.
pub(crate) fn too_little(draft: &VpsDraft, title: &str, wallet: Money) -> Html {
    let missing = draft.price.checked_sub(wallet).unwrap_or(draft.price);
    Html::new()
        .bold(&format!("You need {} more", money(missing)))
        .line()
        .text(&format!("{title}, {}: {} a month", draft.memory, money(draft.price)))
        .line()
        .text(&format!("Your wallet: {}", money(wallet)))
        .gap()
        .text(TOP_UP)
        .gap()
        .text("Nothing was ordered.")
}

/// Orders and renewals from the account are on hold.
pub(crate) fn frozen() -> Html {
    Html::new().text(FROZEN)
}

/// The price moved between the summary and the tap.
pub(crate) fn price_changed(was: Money, is: Money) -> String {
    format!("The price changed from {} to {}. Nothing was ordered yet: please check it again.", money(was), money(is))
}

/// The order was taken.
pub(crate) fn ordered(done: &VpsOrdered, request: &OrderVps, title: Option<&str>) -> Html {
    let state = if done.replayed { "was taken already" } else { "is on its way" };
    let what = title.map_or_else(|| request.memory.clone(), |title| format!("{title} · {}", request.memory));
    Html::new()
        .bold(&format!("✅ VPS order #{} {state}", done.id))
        .line()
        .text(&what)
        .gap()
        .text(&format!("{} is set aside for it. ", money(request.price)))
        .text("You get a message here when your server is ready; then you fetch its password under My servers.")
}

/// Why nothing was ordered.
pub(crate) fn refused(why: &OrderVpsError) -> Html {
    use OrderVpsError as E;
    let sentence = match why {
        E::NotSold(_) => "It is sold out or not offered any more. Please choose another package.".to_owned(),
        E::UnknownMemory(_) => "This size is not offered any more. Please choose another.".to_owned(),
        E::PriceChanged(price) => format!("The price is {} now. Please choose again.", money(*price)),
        E::Insufficient { available } => format!("Your wallet holds {}. {TOP_UP}", money(*available)),
        E::Limit(limit) => {
            format!("You can have {limit} of this package, and you have that already. Please choose another package.")
        }
        E::NoUser(_) => "I do not know you yet. Please send /start, then choose again.".to_owned(),
        E::Frozen => return frozen(),
        E::Closed(_) => "Orders are closed for a short while. Please come back later.".to_owned(),
        E::KeyReused(_) => "This button was used for another order. Please choose again.".to_owned(),
        E::Store(_) => "Something went wrong on our side. Please try again in a minute.".to_owned(),
    };
    Html::new().bold("Nothing was ordered").line().text(&sentence).gap().text("Your wallet is as it was.")
}

/// A note that stands first.
pub(super) fn noted(note: Option<&str>, html: Html) -> Html {
    match note {
        Some(note) => Html::new().text("⚠️ ").text(note).gap().then(&html),
        None => html,
    }
}
