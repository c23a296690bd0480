//! From a link to an order, and the orders that a user made. Users never read a provider's name or words.

use super::{moment, money, plan_name, span};
use crate::conversation::BoostDraft;
use crate::html::Html;
use app::boosts::{SubmitBoost, SubmitBoostError};
use app::view::boosts::BoostBrief;
use domain::BoostId;
use domain::boost::{BATCH, Leg, OrderState, Platform, PostLink, Schedule, Targets};
use std::time::Duration;

/// Spending is frozen.
pub(crate) const FROZEN: &str = "Boosts from your account are on hold while we look into something. Your post credits are safe. Please contact support.";
/// Words where a button is awaited.
pub(crate) const USE_BUTTONS: &str = "Please use the buttons below, or paste another link.";
/// What was typed cannot be an account's name.
pub(crate) const NOT_A_NAME: &str =
    "That cannot be a name: letters, digits and _ only, at most 32 of them, for example @viralcore.";
/// No more accounts can be named.
pub(crate) const TOO_MANY_NAMES: &str =
    "You have named as many accounts as can be kept. Please choose one of them, or ask support to remove one.";
/// The credits of a plan went meanwhile.
pub(crate) const PLAN_GONE: &str = "That plan has no credits left. Please choose another.";

/// At so many credits or fewer, users are told that they end.
const LOW: i64 = 10;

/// A platform as its users call it.
const fn platform(platform: Platform) -> &'static str {
    match platform {
        Platform::X => "X",
        Platform::Telegram => "Telegram",
    }
}

fn credits(count: i64) -> String {
    if count == 1 { "1 credit".to_owned() } else { format!("{} credits", grouped(count)) }
}

/// `12,400`.
pub(super) fn grouped(count: i64) -> String {
    let digits = count.unsigned_abs().to_string();
    let mut out = String::new();
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    if count < 0 { format!("-{out}") } else { out }
}

/// `/submitlink` alone.
pub(crate) fn submit_what() -> Html {
    example(
        Html::new().bold("🚀 Boost a post").line().text("Just paste its link here, or write it behind the command:"),
    )
}

/// `/submitlink` with more than a link.
pub(crate) fn submit_one() -> Html {
    example(Html::new().text("One link at a time, please, and nothing behind it:"))
}

fn example(html: Html) -> Html {
    html.line().code("/submitlink https://x.com/name/status/1234567890").gap().text(SHAPES)
}

const SHAPES: &str =
    "Links to posts on X (they have “status” and a number in them) and Telegram links (t.me/channel/123) work.";

/// An address on X or Telegram that leads to no post.
pub(crate) fn not_a_post() -> Html {
    Html::new()
        .text("I cannot see which post this link leads to. Open the post itself, copy its link and paste it here.")
        .gap()
        .text(SHAPES)
}

/// True for words that were meant as a link.
pub(crate) fn looks_like_a_link(typed: &str) -> bool {
    let typed = typed.to_ascii_lowercase();
    ["x.com/", "twitter.com/", "t.me/", "telegram.me/", "telegram.dog/", "tg://"]
        .iter()
        .any(|part| typed.contains(part))
}

/// A note where several links were pasted at once.
pub(crate) fn several(typed: &str) -> Option<&'static str> {
    let links = typed.split_whitespace().filter(|word| PostLink::find(word).is_some()).count();
    (links > 1).then_some("One link at a time, please: this is the first one. Paste the next when this one is queued.")
}

/// No credits for posts there.
pub(crate) fn no_credits(on: Platform, posts: &[(String, i64)]) -> Html {
    let html =
        Html::new().bold(&format!("You have no post credits for {} left", platform(on))).line().text(WHERE_CREDITS);
    if posts.is_empty() { html } else { credit_lines(html.gap().text("What you have:"), posts) }
}

const WHERE_CREDITS: &str = "One credit boosts one post. You find them in the Service Menu.";

fn credit_lines(html: Html, posts: &[(String, i64)]) -> Html {
    posts
        .iter()
        .fold(html, |html, (plan, left)| html.line().text(&format!("{}: ", plan_name(plan))).bold(&credits(*left)))
}

/// Asks for whom the post is boosted.
pub(crate) fn ask_name(link: &PostLink) -> Html {
    Html::new().bold("Which account is this post from?").line().text(&link.url).gap().text(&format!(
        "Please type the {} name, for example @viralcore. I remember it, and go on with your link at once.",
        platform(link.platform)
    ))
}

/// Asks for the account and the plan.
pub(crate) fn choose(link: &PostLink) -> Html {
    Html::new()
        .bold("🚀 Boost this post")
        .line()
        .text(&link.url)
        .gap()
        .text("For which account, and from which plan? One credit is used when you have confirmed.")
}

/// An account and a plan, as a button; a custom plan can go without an account.
pub(crate) fn choice(handle: &str, plan: &str, left: i64) -> String {
    let of = if handle.is_empty() { String::new() } else { format!("@{handle} · ") };
    format!("{of}{plan} ({} left)", grouped(left))
}

fn whose(handle: &str) -> String {
    if handle.is_empty() { "this post".to_owned() } else { format!("@{handle}") }
}

/// `2,000 views, 30 likes, 10 comments, 5 reposts`.
pub(super) fn targets(targets: &Targets) -> String {
    let parts = Leg::ALL.into_iter().filter(|leg| targets.of(*leg) > 0).map(|leg| {
        let count = targets.of(leg);
        let word = leg.word();
        let word = if count == 1 { word.trim_end_matches('s') } else { word };
        format!("{} {word}", grouped(count))
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn listed(words: &[&str]) -> String {
    match words {
        [all @ .., last] if !all.is_empty() => format!("{} and {last}", all.join(", ")),
        words => words.join(""),
    }
}

/// When what is delivered, in plain words.
pub(crate) fn when(targets: &Targets, schedule: Schedule, interval: Duration) -> String {
    let of =
        |legs: [Leg; 2]| -> Vec<&str> { legs.into_iter().filter(|leg| targets.of(*leg) > 0).map(Leg::word).collect() };
    let (counted, written) = (of([Leg::Views, Leg::Likes]), of([Leg::Comments, Leg::Reposts]));
    let mut sentences = Vec::new();
    let first = span(interval);
    match (schedule, counted.is_empty()) {
        (_, true) => {}
        (Schedule::Halves, false) => sentences.push(format!(
            "Half of the {} comes about {first} after you confirm, the other half after about {}.",
            listed(&counted),
            span(interval * 2)
        )),
        (Schedule::Batches, false) if targets.views > BATCH => {
            let likes = if targets.likes > 0 { " The likes come with the last of them." } else { "" };
            sentences.push(format!(
                "The views come {} at a time, one lot every {first}, beginning {first} after you confirm.{likes}",
                grouped(BATCH)
            ));
        }
        (Schedule::Batches, false) => {
            sentences.push(format!("The {} come about {first} after you confirm.", listed(&counted)));
        }
    }
    if !written.is_empty() {
        sentences.push(format!("The {} come from people, as soon as they can.", listed(&written)));
    }
    sentences.join(" ")
}

/// The summary before a credit is taken.
pub(crate) fn review(draft: &BoostDraft, buys: &Targets, when: &str, running: Option<&BoostBrief>) -> Html {
    let plan = plan_name(&draft.plan);
    let left = draft.left - 1;
    let mut html = Html::new()
        .bold("Please check your boost")
        .gap()
        .text(&format!("Post: {}", draft.link.url))
        .line()
        .text("For: ")
        .bold(&whose(&draft.handle))
        .text(&format!(" · {plan}"))
        .line()
        .text("It gets: ")
        .bold(&targets(buys))
        .gap()
        .text(when)
        .gap()
        .text(&format!("Confirming uses 1 {plan} credit; {} after it.", remaining(left)))
        .text(" If nothing can be delivered, the credit comes back by itself.");
    if left <= LOW {
        html = html.gap().text(&format!("⚠️ {}", low(&plan, left)));
    }
    if let Some(order) = running {
        html = html.gap().text(&format!(
            "ℹ️ Boost #{} for this post is still running ({}). You can go on: this one adds to it.",
            order.id,
            short_state(order)
        ));
    }
    html
}

fn remaining(left: i64) -> String {
    if left <= 0 { "none is left".to_owned() } else { format!("{} left", credits_are(left)) }
}

fn credits_are(count: i64) -> String {
    if count == 1 { "1 is".to_owned() } else { format!("{} are", grouped(count)) }
}

fn low(plan: &str, left: i64) -> String {
    match left {
        ..=0 => format!("This is your last {plan} credit. To go on boosting, ask support for more in time."),
        left => format!("Your {plan} credits run low: {} left after this one. Support adds more.", credits_are(left)),
    }
}

/// The order was taken.
pub(crate) fn submitted(id: BoostId, replayed: bool, request: &SubmitBoost, left: Option<i64>) -> Html {
    let title = if replayed { "is queued already" } else { "is queued" };
    let plan = plan_name(request.plan.as_str());
    let mut html = Html::new()
        .bold(&format!("✅ Boost #{id} {title}"))
        .line()
        .text(&request.link.url)
        .line()
        .text(&format!("For {} · {plan}", whose(&request.handle)))
        .gap()
        .text("You get a message here when it starts, when it is half done and when it is done.");
    if let Some(left) = left {
        html = html.gap().text(&format!("{plan}: {}.", remaining(left)));
    }
    html
}

/// Why nothing was ordered.
pub(crate) fn refused(why: &SubmitBoostError, on: Platform) -> Html {
    use SubmitBoostError as E;
    let sentence = match why {
        E::NoCredits { plan } => format!("You have no {} credits left. {WHERE_CREDITS}", plan_name(plan)),
        E::UnknownPlan(_) => "This plan is not offered any more. Please choose another.".to_owned(),
        E::WrongPlatform(plan) => {
            format!("{} credits are not for posts on {}.", plan_name(plan), platform(on))
        }
        E::NoUser(_) => "I do not know you yet. Please send /start, then paste your link again.".to_owned(),
        E::Frozen => FROZEN.to_owned(),
        E::Closed(_) => "Boosts are closed for a short while. Please come back later.".to_owned(),
        E::KeyReused(_) => "This button was used for another order. Please choose again.".to_owned(),
        E::Store(_) => "Something went wrong on our side. Please try again in a minute.".to_owned(),
    };
    Html::new().bold("Nothing was ordered").line().text(&sentence).gap().text("No credit was used.")
}

/// Credits and the way to an order; the list stands in buttons.
pub(crate) fn list(posts: &[(String, i64)], none: bool) -> Html {
    let html = Html::new().bold("🚀 My Boosts").line();
    let html = if posts.is_empty() {
        html.text("You have no post credits yet. ").text(WHERE_CREDITS)
    } else {
        credit_lines(html.text("Your post credits:"), posts)
            .gap()
            .text("To boost a post, paste its X or Telegram link here.")
    };
    html.gap().text(if none {
        "There are no boosts yet. When you make one, you can follow it here."
    } else {
        "Tap a boost to see how it stands."
    })
}

/// Post credits in the list of balances.
pub(crate) fn balance(html: Html, posts: &[(String, i64)]) -> Html {
    if posts.is_empty() {
        return html.text("Post credits: ").bold("none");
    }
    credit_lines(html.text("Post credits:"), posts)
}

/// One line of the list, as a button.
pub(crate) fn label(order: &BoostBrief) -> String {
    let (plan, day) = (plan_name(&order.plan), super::day(order.created_at));
    format!("{} #{} {plan} · {day} · {}", mark(order), order.id, short_state(order))
}

/// One order.
pub(crate) fn order(order: &BoostBrief, interval: Duration) -> Html {
    let mut html = Html::new()
        .bold(&format!("{} Boost #{}: {}", mark(order), order.id, short_state(order)))
        .line()
        .text(&state(order, interval))
        .gap()
        .text(&format!("Post: {}", order.link))
        .line()
        .text(&format!("For: @{} · {}", order.handle, plan_name(&order.plan)))
        .line()
        .text(&format!("Ordered: {} (Lagos time)", moment(order.created_at)));
    if matches!(order.state, OrderState::Active | OrderState::Partial) && order.delivered > 0 {
        html = html.line().text(&format!("Delivered so far: about {}%", percent(order)));
    }
    if order.refunded.is_positive() {
        html = html.line().text(&format!("Refunded to your wallet: {}", money(order.refunded)));
    }
    html
}

/// An order that is not among the newest, or not this user's.
pub(crate) fn no_such_order() -> Html {
    Html::new().text("I cannot show that boost here. These are your newest ones:")
}

fn percent(order: &BoostBrief) -> i64 {
    if order.want <= 0 { 0 } else { (i128::from(order.delivered) * 100 / i128::from(order.want)).clamp(0, 100) as i64 }
}

fn half_done(order: &BoostBrief) -> bool {
    order.state == OrderState::Active && percent(order) >= 50
}

fn mark(order: &BoostBrief) -> &'static str {
    match order.state {
        OrderState::Queued => "⏳",
        OrderState::Active if half_done(order) => "🌓",
        OrderState::Active => "▶️",
        OrderState::Done => "✅",
        OrderState::Partial => "⚠️",
        OrderState::Failed => "❌",
        OrderState::Cancelled => "🛑",
    }
}

fn short_state(order: &BoostBrief) -> &'static str {
    match order.state {
        OrderState::Queued => "queued",
        OrderState::Active if half_done(order) => "half done",
        OrderState::Active => "started",
        OrderState::Done => "done",
        OrderState::Partial => "ended early",
        OrderState::Failed => "could not be delivered",
        OrderState::Cancelled => "cancelled",
    }
}

fn state(order: &BoostBrief, interval: Duration) -> String {
    match order.state {
        OrderState::Queued => {
            return format!("It is in line. What is counted begins about {} after you confirmed.", span(interval));
        }
        OrderState::Active if half_done(order) => "More than half of it is delivered; the rest is on its way.",
        OrderState::Active => "It is on its way. You get a message when half of it is delivered.",
        OrderState::Done => "Everything was delivered.",
        OrderState::Partial => "Not everything could be delivered.",
        OrderState::Failed => "Nothing could be delivered. Your post credit is back.",
        OrderState::Cancelled => "It was called off before anything was delivered. Your post credit is back.",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_delivered_when_is_said_in_plain_words() {
        let half_hour = Duration::from_secs(1_800);
        let buys = |views, likes, comments, reposts| Targets { views, likes, comments, reposts };
        for (wanted, schedule, words) in [
            (
                buys(2_000, 30, 10, 5),
                Schedule::Halves,
                "Half of the views and likes comes about 30 minutes after you confirm, the other half after about 60 \
                 minutes. The comments and reposts come from people, as soon as they can.",
            ),
            (
                buys(2_000, 30, 0, 0),
                Schedule::Batches,
                "The views come 1,000 at a time, one lot every 30 minutes, beginning 30 minutes after you confirm. \
                 The likes come with the last of them.",
            ),
            (buys(0, 30, 0, 0), Schedule::Batches, "The likes come about 30 minutes after you confirm."),
            (buys(0, 0, 10, 0), Schedule::Halves, "The comments come from people, as soon as they can."),
        ] {
            assert_eq!(when(&wanted, schedule, half_hour), words);
        }
        assert_eq!(targets(&buys(12_000, 1, 0, 5)), "12,000 views, 1 like, 5 reposts");
    }
}
