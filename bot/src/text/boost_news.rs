//! News of boost orders, to their users and to the people who work on them. Users never read a provider's name or words.

use super::{money, plan_name};
use crate::html::Html;
use app::notice::{BoostKind, BoostNews, OpsBoost};

/// The code that stands where a provider's words would.
const UNAVAILABLE: &str = "BOOST_TEMPORARILY_UNAVAILABLE";

/// To the user.
pub(crate) fn news(news: &BoostNews) -> Html {
    let id = news.id;
    let (title, rest) = match news.kind {
        BoostKind::Queued => (format!("⏳ Boost #{id} is queued"), "You get a message when it starts."),
        BoostKind::Delayed => (
            format!("⏳ Boost #{id} starts a little later"),
            "Boosting is busy at the moment. Your order keeps its place and goes on by itself; there is nothing you \
             need to do.",
        ),
        BoostKind::Started => {
            (format!("▶️ Boost #{id} has started"), "You get a message when half of it is delivered.")
        }
        BoostKind::Half => (format!("🌓 Boost #{id} is half done"), "The rest is on its way."),
        BoostKind::Done => (format!("✅ Boost #{id} is done"), "Everything was delivered. Thank you!"),
        BoostKind::Partial => (format!("⚠️ Boost #{id} ended early"), "Not everything could be delivered."),
        BoostKind::Failed => (
            format!("❌ Boost #{id} could not be delivered"),
            "Please check that the post is public and that its link works, then submit it again.",
        ),
        BoostKind::Cancelled => {
            (format!("🛑 Boost #{id} was cancelled"), "It was called off before anything was delivered.")
        }
    };
    let mut html =
        Html::new().bold(&title).line().text(&news.link).line().text(&plan_name(&news.plan)).gap().text(rest);
    if news.kind == BoostKind::Delayed {
        html = html.line().code(UNAVAILABLE);
    }
    if news.credit_returned {
        html = html.line().text("Your post credit is back.");
    }
    match news.refunded.filter(|refunded| refunded.is_positive()) {
        Some(refunded) => html.line().text(&format!("{} was refunded to your wallet.", money(refunded))),
        None => html,
    }
}

/// To the ops chats: what people are to do.
pub(crate) fn for_people(order: &OpsBoost) -> Html {
    let place = if order.platform == "telegram" { "Telegram" } else { "X" };
    let mut html = Html::new()
        .bold(&format!("📣 New {place} post · boost #{}", order.id))
        .line()
        .text(&order.link)
        .line()
        .text(&format!("From user {}", order.user))
        .gap()
        .text("Needed from people:");
    for (what, target) in &order.tasks {
        html = html.line().text(&format!("• {target} {what}"));
    }
    if order.waits {
        html = html.gap().text("This order waits for your word: when it is done, say so in the console, under Boosts.");
    }
    html
}
