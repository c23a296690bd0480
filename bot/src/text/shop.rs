//! What is sold, in words: shelves, products, quantities, and what their buyers are asked.

use super::boost::grouped;
use super::money;
use super::vps::noted;
use crate::action::Shelf;
use crate::html::Html;
use app::plans::PlanCard;
use domain::Timestamp;
use domain::product::{Asks, Details, DetailsError, Product, QuantityError};

/// Plans on one screen.
const PLANS: usize = 8;

/// What was typed is no number.
pub(crate) const NOT_A_COUNT: &str = "I could not read that as a number. Please type a whole number, for example 25.";

/// X or Telegram.
pub(crate) fn services() -> Html {
    Html::new().bold("🛍 Service Menu").line().text("Where do you want to grow?")
}

/// What there is for X.
pub(crate) fn x() -> Html {
    Html::new()
        .bold("🐦 Twitter / X")
        .line()
        .text("Engagement for your posts, followers for your profile, votes for your poll.")
}

/// What there is for Telegram.
pub(crate) fn telegram() -> Html {
    Html::new()
        .bold("✈️ Telegram")
        .line()
        .text("Comments and reactions for your posts, members for your channel, and more.")
}

/// Tiers of posts on X.
pub(crate) fn x_engagement(products: &[&Product]) -> Html {
    let html = Html::new()
        .bold("🚀 X engagement")
        .line()
        .text("You buy posts: paste the link of one whenever you like, and it gets what its tier says.");
    lines(html, products)
}

/// Followers on X.
pub(crate) fn x_followers(products: &[&Product]) -> Html {
    lines(
        Html::new().bold("👥 X followers").line().text("All at once, or spread over as many days as you like."),
        products,
    )
}

/// Posts on Telegram.
pub(crate) fn tg_engagement(products: &[&Product]) -> Html {
    let html = Html::new().bold("🚀 Telegram engagement").line().text(
        "You buy posts: paste the link of one whenever you like. Reactions are included. How many comments for each?",
    );
    lines(html, products)
}

fn lines(html: Html, products: &[&Product]) -> Html {
    if products.is_empty() {
        return html.gap().text("There is nothing here at the moment. Please look again a little later.");
    }
    products.iter().fold(html.line(), |html, product| {
        let html = html.line().text("• ").bold(&product.title).text(&format!(" · {}", price(product)));
        let html = if product.words.is_empty() { html } else { html.line().text(&product.words) };
        if product.enabled { html } else { html.line().text("Not available at the moment.") }
    })
}

/// What is agreed with the team.
pub(crate) fn agreed(shelf: Shelf, support: bool) -> Html {
    let (title, words) = match shelf {
        Shelf::Giveaway => (
            "🎁 Giveaway",
            "We run giveaways that bring followers to your profile. Size, prizes and price are agreed with you.",
        ),
        Shelf::Special => {
            ("⭐ Special Plans", "Campaigns, launches, long-term growth: plans for X that are made for you.")
        }
        Shelf::CustomOrder => (
            "🛠 Custom Order",
            "Other numbers than the tiers have? Tell us what one post should get, and we make a plan for you.",
        ),
        _ => ("➕ Extra Plans", "More for Telegram: groups, bots, campaigns. Tell us what you need."),
    };
    let how = if support { "Our team answers you in person." } else { "Please contact our team." };
    Html::new().bold(title).line().text(words).gap().text(how)
}

/// One of it, as its buyer counts.
const fn unit(product: &Product) -> (&'static str, &'static str) {
    match product.asks {
        Asks::XName | Asks::TgName => ("post", "posts"),
        Asks::Poll => ("vote", "votes"),
        Asks::XProfile | Asks::XProfileDays => ("follower", "followers"),
        // Members are sold by the fifty, months one by one.
        Asks::TgChannel if product.min > 1 => ("member", "members"),
        Asks::TgChannel => ("month", "months"),
        Asks::Nothing => ("piece", "pieces"),
    }
}

/// `25 posts`.
pub(crate) fn counted(product: &Product, count: i64) -> String {
    let (one, many) = unit(product);
    if count == 1 { format!("1 {one}") } else { format!("{} {many}", grouped(count)) }
}

/// `$0.50 a post`, `$10.00 for 1,000 followers`: cents that nobody can pay are not named.
fn price(product: &Product) -> String {
    let one = product.price;
    let whole_cents = one.minor() % 10_000 == 0;
    let (word, _) = unit(product);
    if whole_cents && product.min < 50 {
        return format!("{} a {word}", money(one));
    }
    let count = product.min.max(1);
    let total = product.total(count).unwrap_or(one);
    format!("{} for {}", money(total), counted(product, count))
}

/// A product as a button.
pub(crate) fn product_label(product: &Product) -> String {
    let title = domain::text::clean_line(&product.title, 40);
    if product.enabled { format!("{title} · {}", price(product)) } else { format!("{title} · not now") }
}

/// A product that cannot be had now.
pub(crate) fn not_sold(title: Option<&str>) -> Html {
    Html::new()
        .bold(&format!("{} is not available at the moment", title.unwrap_or("This")))
        .line()
        .text("Nothing was ordered. Please look at what else there is, or come back a little later.")
}

/// How many?
pub(crate) fn quantity(product: &Product, note: Option<&str>) -> Html {
    let mut html = Html::new().bold(&product.title).line();
    if !product.words.is_empty() {
        html = html.text(&product.words).line();
    }
    let (_, many) = unit(product);
    html = html.text(&price(product)).gap();
    let asked = if product.presets.is_empty() {
        format!("Please type how many {many} you want: {}.", limits(product))
    } else {
        format!("How many {many}? Choose below, or type a number: {}.", limits(product))
    };
    noted(note, html.text(&asked))
}

/// `10 to 10,000`, `100 to 1,000,000 in steps of 10`.
fn limits(product: &Product) -> String {
    let steps = if product.step > 1 { format!(", in steps of {}", grouped(product.step)) } else { String::new() };
    format!("{} to {}{steps}", grouped(product.min.max(1)), grouped(product.max))
}

/// A quantity as a button.
pub(crate) fn quantity_label(product: &Product, count: i64) -> String {
    let total = product.total(count).map_or_else(|_| String::new(), |total| format!(" · {}", money(total)));
    format!("{}{total}", counted(product, count))
}

/// Why so many are not sold.
pub(crate) fn quantity_refused(why: &QuantityError, product: &Product) -> String {
    let (_, many) = unit(product);
    match why {
        QuantityError::Below(min) => format!("The least is {} {many}.", grouped(*min)),
        QuantityError::Above(max) => {
            format!("The most at once is {} {many}. For more, please talk to our team.", grouped(*max))
        }
        QuantityError::Step(step) => {
            format!("It goes in steps of {}: for example {}.", grouped(*step), grouped(near(product)))
        }
    }
}

fn near(product: &Product) -> i64 {
    let step = product.step.max(1);
    (product.min.max(1) + step - 1) / step * step
}

/// A whole number as people type it: blanks, commas and a sign for posts around it are forgiven.
pub(crate) fn count(typed: &str) -> Option<i64> {
    let digits: String = typed.chars().filter(|c| !c.is_whitespace() && !matches!(c, ',' | '_' | '\'')).collect();
    let fits = (1..=12).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if fits { digits.parse().ok() } else { None }
}

/// Asks for what the product needs to know.
pub(crate) fn ask(product: &Product, count: i64, note: Option<&str>) -> Html {
    let (title, words) = match product.asks {
        Asks::XName => (
            "Which X account are the posts from?",
            "Please type its name, for example @viralcore. You can have others boosted later, too.",
        ),
        Asks::TgName => (
            "Which Telegram channel or account are the posts from?",
            "Please type its name, for example @viralcore, or paste its link.",
        ),
        Asks::Poll => (
            "Which poll?",
            "Please paste the link of the post with the poll, for example https://x.com/name/status/1234567890.",
        ),
        Asks::XProfile | Asks::XProfileDays => (
            "Which profile gets the followers?",
            "Please paste its link, for example https://x.com/viralcore, or type its name with @.",
        ),
        Asks::TgChannel => (
            "Which channel?",
            "Please type its name, for example @viralcore, or paste its link. An invite link of a private one works, too.",
        ),
        Asks::Nothing => ("Nothing more is needed", "Please go on to the payment."),
    };
    let html = chosen(product, count).gap().bold(title).line().text(words);
    let html = match product.asks {
        Asks::Nothing => html,
        Asks::XProfile | Asks::XProfileDays => html.line().text("The profile must be public while the followers come."),
        _ => html,
    };
    noted(note, html)
}

fn chosen(product: &Product, count: i64) -> Html {
    let total = product.total(count).map_or_else(|_| String::new(), |total| format!(" · {}", money(total)));
    Html::new().text(&format!("{}: {}{total}", product.title, counted(product, count)))
}

/// Asks for the second thing.
pub(crate) fn ask_second(product: &Product, first: &str, note: Option<&str>) -> Html {
    let html = Html::new().text(&product.title).line().text(&domain::text::clean_line(first, 200)).gap();
    let html = if product.asks == Asks::Poll {
        html.bold("Which option of the poll?").line().text("Count from the top: 1 is the first.")
    } else {
        html.bold("Over how many days?").line().text("Choose below, or type a number from 1 to 200.")
    };
    noted(note, html)
}

/// A number as a button.
pub(crate) fn number_label(asks: Asks, number: i64) -> String {
    if asks == Asks::Poll { format!("Option {number}") } else { format!("{number} days") }
}

/// An account as a button.
pub(crate) fn name_label(asks: Asks, name: &str) -> String {
    match asks {
        Asks::XProfile | Asks::XProfileDays => format!("x.com/{name}"),
        _ => format!("@{name}"),
    }
}

/// An account as it would be typed.
pub(crate) fn as_told(asks: Asks, name: &str) -> String {
    match asks {
        Asks::XProfile | Asks::XProfileDays => format!("https://x.com/{name}"),
        _ => format!("@{name}"),
    }
}

/// Why what was told is not taken, and what would be.
pub(crate) const fn details_refused(why: DetailsError) -> &'static str {
    match why {
        DetailsError::XName => {
            "That cannot be the name of an X account: letters, digits and _ only, at most 15 of them, for example @viralcore."
        }
        DetailsError::TgName => {
            "That cannot be a name on Telegram: 4 to 32 letters, digits and _, beginning with a letter, for example @viralcore."
        }
        DetailsError::PollLink => {
            "I cannot see a post in that. Open the poll on X, copy the post's link (it has “status” and a number in it) and paste it here."
        }
        DetailsError::PollOption => "The option is a number: 1, 2, 3 or 4.",
        DetailsError::Profile => {
            "That is no link to a profile. It looks like https://x.com/viralcore, or type the name with @, for example @viralcore."
        }
        DetailsError::Days => "The days are a number from 1 to 200.",
        DetailsError::Channel => {
            "I cannot see a channel in that. It looks like @viralcore or https://t.me/viralcore; a private one has an invite link."
        }
    }
}

/// What the buyer told, as a line.
pub(crate) fn details(details: &Details) -> Option<String> {
    Some(match details {
        Details::XName { x_name } => format!("X account: @{x_name}"),
        Details::TgName { tg_name } => format!("Telegram: @{tg_name}"),
        Details::Poll { poll, option } => format!("Poll: {poll}, option {option}"),
        Details::ProfileDays { profile, days } => format!("Profile: {profile}, over {days} days"),
        Details::Profile { profile } => format!("Profile: {profile}"),
        Details::Channel { channel } => format!("Channel: {channel}"),
        Details::Nothing {} => return None,
    })
}

/// The plans that were made for a user.
pub(crate) fn plans(plans: &[PlanCard], all: bool, now: Timestamp) -> Html {
    let title = if all { "📋 My plans" } else { "🎯 My custom plans" };
    let shown: Vec<&PlanCard> =
        plans.iter().filter(|card| all || (card.plan.usable(now) && card.left > 0)).rev().take(PLANS).collect();
    let html = Html::new().bold(title).line();
    if shown.is_empty() {
        let words = match all {
            true => "No plan was made for you yet. Custom Order tells you how to get one.",
            false => "No plan of yours can be used at the moment.",
        };
        return html.text(words);
    }
    let html = if all { html } else { html.text("Paste the link of a post and choose the plan for it.").line() };
    shown.into_iter().fold(html, |html, PlanCard { plan, left }| {
        let html = html.line().text("• ").bold(&plan.name).text(&format!(
            " (#{}) · {} of {} posts left",
            plan.id,
            grouped(*left),
            grouped(plan.posts)
        ));
        let html = html.line().text(&super::boost::targets(&plan.targets));
        let state = match (plan.usable(now), plan.expires_at) {
            (true, Some(end)) => format!("Active until {}", super::day(end)),
            (true, None) => "Active".to_owned(),
            (false, _) => "Not active".to_owned(),
        };
        if all { html.line().text(&format!("{state} · made {}", super::day(plan.created_at))) } else { html }
    })
}
