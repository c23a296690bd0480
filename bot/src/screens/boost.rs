//! A link from paste to order. The account is named where there is none, the plan is chosen, the order is shown; a post
//! credit is taken at one place only: the Confirm button of the summary that is on the screen.
//!
//! Absent on purpose: who delivers an order. No screen names a provider.

use super::{Turn, place, shown, stepped, toast, with_home};
use crate::action::{Action, Place, Shelf};
use crate::conversation::{BoostDraft, Conversation, Step};
use crate::html::Html;
use crate::model::{Command, Model, Needs, Spend};
use crate::text::{self, boost as words};
use crate::view::{Out, View};
use app::boosts::{SubmitBoost, SubmitBoostError, Submitted};
use app::view::boosts::BoostChoice;
use domain::IdempotencyKey;
use domain::boost::{self, BoostPlan, Platform, PostLink};
use domain::money::Plan;

/// Choices on one page.
const PAGE: usize = 8;

/// What a link of this platform needs, from its beginning to its summary.
pub(super) fn begin_needs(platform: Platform) -> Needs {
    Needs { profile: true, choices: Some(platform), boosts: true, plans: true, ..Needs::default() }
}

/// What `/submitlink` needs.
pub(super) fn command_needs(typed: &str) -> Needs {
    submitted_link(typed).map_or_else(|_| Needs::default(), |link| begin_needs(link.platform))
}

/// `/submitlink` with what stands behind it.
pub(super) fn command(typed: &str, model: &Model) -> Turn {
    match submitted_link(typed) {
        Ok(link) => begin(link, None, model),
        Err(help) => shown(with_home(View::of(help))),
    }
}

fn submitted_link(typed: &str) -> Result<PostLink, Html> {
    match typed.split_whitespace().count() {
        0 => Err(words::submit_what()),
        1 => PostLink::find(typed).ok_or_else(words::not_a_post),
        _ => Err(words::submit_one()),
    }
}

/// The link in words that no step waits for. Steps of a withdrawal take every word as their own.
pub(super) fn pasted(step: &Step, typed: &str) -> Option<PostLink> {
    match step {
        Step::Menu | Step::BoostChoice { .. } | Step::BoostReview(_) => PostLink::find(typed),
        _ => None,
    }
}

/// What words at a step of a boost need.
pub(super) fn text_needs(step: &Step, typed: &str) -> Needs {
    match step {
        Step::BoostName { link } => match read_name(link.platform, typed) {
            Named::Link(other) => begin_needs(other.platform),
            Named::Handle(_) | Named::Neither => begin_needs(link.platform),
        },
        Step::BoostChoice { link, .. } => begin_needs(link.platform),
        Step::BoostReview(draft) => begin_needs(draft.link.platform),
        _ => Needs::default(),
    }
}

/// Words at a step of a boost.
pub(super) fn text(conversation: Conversation, typed: &str, model: &Model) -> Turn {
    match conversation.step.clone() {
        Step::BoostName { link } => match read_name(link.platform, typed) {
            Named::Handle(handle) => link_account(conversation, link, handle),
            Named::Link(other) => begin(other, None, model),
            Named::Neither => ask_name(link, Some(words::NOT_A_NAME), model),
        },
        Step::BoostChoice { link, page, first } => choose(link, page, first, Some(words::USE_BUTTONS), model),
        Step::BoostReview(draft) => review(draft, Some(words::USE_BUTTONS), model),
        _ => shown(place(Place::Menu, model)),
    }
}

/// What a live button of a step needs.
pub(super) fn press_needs(step: &Step, action: &Action) -> Needs {
    let platform = match (step, action) {
        (Step::BoostName { link }, Action::Back)
        | (Step::BoostChoice { link, .. }, Action::Page(_) | Action::NewName | Action::BoostFor { .. }) => {
            link.platform
        }
        (Step::BoostReview(draft), Action::Back) => draft.link.platform,
        _ => return Needs::default(),
    };
    begin_needs(platform)
}

/// A live button at a step of a boost.
pub(super) fn press(conversation: Conversation, action: &Action, keyboard: &str, model: &Model) -> Turn {
    match (conversation.step.clone(), action) {
        (Step::BoostName { link }, Action::Back) => begin(link, None, model),
        (Step::BoostName { link }, Action::Name(name)) => match boost::handle(name) {
            Some(handle) => link_account(conversation, link, handle),
            None => toast(conversation, text::STRANGE),
        },
        (Step::BoostChoice { link, first, .. }, Action::Page(page)) => choose(link, *page, first, None, model),
        (Step::BoostChoice { link, .. }, Action::NewName) => ask_name(link, None, model),
        (Step::BoostChoice { link, .. }, Action::BoostFor { handle, plan }) => {
            // A custom plan needs no account: the one in the link is as good.
            let handle = if handle.is_empty() { owner(&link).unwrap_or_default() } else { handle.clone() };
            let draft = BoostDraft { link, handle, plan: plan.clone(), left: left(plan, model) };
            review(draft, None, model)
        }
        (Step::BoostReview(draft), Action::Back) => choose(draft.link, 0, Some(draft.handle), None, model),
        (Step::BoostReview(draft), Action::Confirm) => confirm(conversation, draft, keyboard, model),
        _ => toast(conversation, text::STALE),
    }
}

/// Begins with a link; `note` is said first.
pub(super) fn begin(link: PostLink, note: Option<&str>, model: &Model) -> Turn {
    choose(link, 0, None, note, model)
}

fn link_account(conversation: Conversation, link: PostLink, handle: String) -> Turn {
    (conversation, Vec::new(), Some(Command::LinkAccount { link, handle }))
}

/// Goes on with the link after its account was named; `linked` is false where the user has too many.
pub(super) fn named(link: PostLink, handle: String, linked: bool, model: &Model) -> Turn {
    if !linked {
        return choose(link, 0, None, Some(words::TOO_MANY_NAMES), model);
    }
    match plans_left(link.platform, model).as_slice() {
        [(plan, left)] => {
            let plan = plan.plan.as_str().to_owned();
            review(BoostDraft { link, handle, plan, left: *left }, None, model)
        }
        _ => choose(link, 0, Some(handle), None, model),
    }
}

/// Accounts and plans to choose from, or why there is nothing to choose.
fn choose(link: PostLink, page: usize, first: Option<String>, note: Option<&str>, model: &Model) -> Turn {
    if let Some(refusal) = refusal(link.platform, model) {
        return shown(refusal);
    }
    let choices = choices(link.platform, first.as_deref(), model);
    if choices.is_empty() {
        return ask_name(link, note, model);
    }
    let pages = choices.len().div_ceil(PAGE).max(1);
    let page = page.min(pages - 1);
    let mut view = View::of(noted(note, words::choose(&link)));
    for BoostChoice { handle, plan, left } in choices.iter().skip(page * PAGE).take(PAGE) {
        let action = Action::BoostFor { handle: handle.clone(), plan: plan.clone() };
        view = view.button(words::choice(handle, &plan_named(plan, model), *left), action);
    }
    let mut turn = Vec::new();
    if page > 0 {
        turn.push(("◀️ Previous".to_owned(), Action::Page(page - 1)));
    }
    if page + 1 < pages {
        turn.push(("Next ▶️".to_owned(), Action::Page(page + 1)));
    }
    let view = view.row(turn).button("➕ Another account", Action::NewName).button("✖️ Cancel", Action::Cancel);
    stepped(Step::BoostChoice { link, page, first }, view)
}

/// Why no link of a platform can be boosted now, and where help is.
fn refusal(platform: Platform, model: &Model) -> Option<View> {
    let Some(profile) = &model.profile else { return Some(with_home(View::of(text::hiccup()))) };
    if profile.frozen {
        return Some(with_help(View::of(Html::new().text(words::FROZEN)), model));
    }
    let none = plans_left(platform, model).is_empty();
    let view = || View::of(words::no_credits(platform, &profile.posts)).button("🛍 Get credits", shelf_for(platform));
    none.then(|| with_help(view(), model))
}

/// Where credits for links of a platform are bought.
const fn shelf_for(platform: Platform) -> Action {
    Action::Go(Place::Shelf(match platform {
        Platform::X => Shelf::XEngagement,
        Platform::Telegram => Shelf::TgEngagement,
    }))
}

fn with_help(view: View, model: &Model) -> View {
    let view = match &model.facts.support {
        Some(url) => view.link("🆘 Support", url),
        None => view,
    };
    with_home(view)
}

/// Plans for links of a platform that the user has credits of.
fn plans_left(platform: Platform, model: &Model) -> Vec<(&BoostPlan, i64)> {
    let own = model.profile.iter().flat_map(|profile| &profile.plans);
    let plans = model.facts.plans.iter().chain(own);
    let plans = plans.filter(|plan| plan.platform == platform && !plan.targets.is_empty());
    plans.map(|plan| (plan, left(plan.plan.as_str(), model))).filter(|(_, left)| *left > 0).collect()
}

/// A plan as its owner calls it.
fn plan_named(code: &str, model: &Model) -> String {
    let own = model.plans.iter().flatten().find(|card| code == format!("ct{}", card.plan.id));
    own.map_or_else(|| text::plan_name(code), |card| domain::text::clean_line(&card.plan.name, 30))
}

fn left(plan: &str, model: &Model) -> i64 {
    let posts = model.profile.as_ref().map(|profile| profile.posts.as_slice()).unwrap_or_default();
    posts.iter().find(|(code, _)| code == plan).map_or(0, |(_, left)| *left)
}

/// What can be chosen; the account that was just named first.
fn choices(platform: Platform, first: Option<&str>, model: &Model) -> Vec<BoostChoice> {
    let own = first.iter().flat_map(|handle| {
        plans_left(platform, model).into_iter().map(|(plan, left)| BoostChoice {
            handle: (*handle).to_owned(),
            plan: plan.plan.as_str().to_owned(),
            left,
        })
    });
    let known = model.choices.iter().flatten().filter(|choice| Some(choice.handle.as_str()) != first);
    own.chain(known.cloned()).collect()
}

fn ask_name(link: PostLink, note: Option<&str>, model: &Model) -> Turn {
    let mut view = View::of(noted(note, words::ask_name(&link)));
    if let Some(owner) = owner(&link) {
        view = view.button(format!("@{owner}"), Action::Name(owner));
    }
    let mut ways_out = vec![("✖️ Cancel".to_owned(), Action::Cancel)];
    if model.choices.as_ref().is_some_and(|known| !known.is_empty()) {
        ways_out.insert(0, ("⬅️ Back".to_owned(), Action::Back));
    }
    stepped(Step::BoostName { link }, view.row(ways_out))
}

/// The summary, with what the user should know before a credit is taken.
fn review(draft: BoostDraft, note: Option<&str>, model: &Model) -> Turn {
    let plans = plans_left(draft.link.platform, model);
    let Some((plan, left)) = plans.into_iter().find(|(plan, _)| plan.plan.as_str() == draft.plan) else {
        return choose(draft.link, 0, Some(draft.handle), Some(words::PLAN_GONE), model);
    };
    let draft = BoostDraft { left, ..draft };
    let orders = model.boosts.as_deref().unwrap_or_default();
    let running = orders.iter().find(|order| order.link == draft.link.url && order.state.is_open());
    let when = words::when(&plan.targets, model.facts.schedule, model.facts.interval);
    let html = noted(note, words::review(&draft, &plan.targets, &when, running));
    let view = View::of(html)
        .button("✅ Confirm", Action::Confirm)
        .row(vec![("⬅️ Back".to_owned(), Action::Back), ("✖️ Cancel".to_owned(), Action::Cancel)]);
    stepped(Step::BoostReview(draft), view)
}

fn confirm(conversation: Conversation, draft: BoostDraft, keyboard: &str, model: &Model) -> Turn {
    // The keyboard's id was minted when the summary was drawn: a second tap is the same command.
    let (Some(key), Some(plan)) = (IdempotencyKey::button(keyboard), Plan::new(&draft.plan)) else {
        return toast(conversation, text::STRANGE);
    };
    let what = Spend::Boost(SubmitBoost { user: model.user, link: draft.link, handle: draft.handle, plan, key });
    (conversation, Vec::new(), Some(Command::Spend { keyboard: keyboard.to_owned(), what }))
}

/// What an order came to. Runs inside the order's transaction, perhaps twice: it only draws.
pub(crate) fn submitted(
    conversation: &Conversation,
    request: &SubmitBoost,
    result: &Result<Submitted, SubmitBoostError>,
    model: &Model,
) -> (Conversation, Vec<Out>) {
    let view = match result {
        Ok(done) => {
            let left = match &conversation.step {
                Step::BoostReview(draft) if !done.replayed => Some(draft.left - 1),
                _ => None,
            };
            with_home(
                View::of(words::submitted(done.id, done.replayed, request, left))
                    .button("🔎 Follow it", Action::Go(Place::Boost(done.id)))
                    .button("🚀 My Boosts", Action::Go(Place::Boosts)),
            )
        }
        Err(why) => {
            let again = matches!(why, SubmitBoostError::UnknownPlan(_) | SubmitBoostError::KeyReused(_));
            let view = View::of(words::refused(why, request.link.platform));
            let view = match why {
                SubmitBoostError::NoCredits { .. } => view.button("🛍 Get credits", shelf_for(request.link.platform)),
                _ if again => view.button("🔁 Choose again", Action::Boost(request.link.clone())),
                _ => view,
            };
            with_help(view, model)
        }
    };
    (Conversation::start(), vec![Out::Show(view)])
}

fn noted(note: Option<&str>, html: Html) -> Html {
    match note {
        Some(note) => Html::new().text("⚠️ ").text(note).gap().then(&html),
        None => html,
    }
}

/// What was typed where a name was asked for.
enum Named {
    /// A name, or the address of a profile.
    Handle(String),
    /// Another post: the user changed their mind.
    Link(PostLink),
    Neither,
}

fn read_name(platform: Platform, typed: &str) -> Named {
    let typed = typed.trim();
    if let Some(handle) = boost::handle(typed).or_else(|| profile_name(platform, typed)) {
        return Named::Handle(handle);
    }
    PostLink::find(typed).map_or(Named::Neither, Named::Link)
}

/// The name in the address of a profile: `https://x.com/ada`.
fn profile_name(platform: Platform, typed: &str) -> Option<String> {
    let address = typed.split_once("://").map_or(typed, |(_, address)| address);
    let (host, path) = address.split_once('/')?;
    let host = host.to_ascii_lowercase();
    let ours: &[&str] = match platform {
        Platform::X => &["x.com", "twitter.com"],
        Platform::Telegram => &["t.me", "telegram.me", "telegram.dog"],
    };
    let host = host.strip_prefix("www.").or_else(|| host.strip_prefix("mobile.")).unwrap_or(&host);
    let name = path.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    if ours.contains(&host) && !name.starts_with('@') { boost::handle(name) } else { None }
}

/// Whose post a link most likely leads to: offered where a name is asked for.
fn owner(link: &PostLink) -> Option<String> {
    let mut parts = link.url.strip_prefix("https://")?.split('/').skip(1);
    let (name, next) = (parts.next()?, parts.next()?);
    let public = match link.platform {
        Platform::X => name != "i",
        // `t.me/c/…` and invitations name nobody.
        Platform::Telegram => name.len() >= 4 && next.bytes().all(|b| b.is_ascii_digit()),
    };
    if public { boost::handle(name) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_people_type_them() {
        let read = |platform, typed: &str| match read_name(platform, typed) {
            Named::Handle(handle) => handle,
            Named::Link(link) => link.url,
            Named::Neither => "?".to_owned(),
        };
        for (platform, typed, name) in [
            (Platform::X, "@Ada_1", "ada_1"),
            (Platform::X, " ada ", "ada"),
            (Platform::X, "https://x.com/Ada?s=20", "ada"),
            (Platform::X, "www.twitter.com/ada/", "ada"),
            (Platform::X, "https://x.com/ada/status/5", "https://x.com/ada/status/5"),
            (Platform::X, "https://t.me/chan", "https://t.me/chan"),
            (Platform::Telegram, "https://t.me/Chan", "chan"),
            (Platform::Telegram, "t.me/chan/12", "https://t.me/chan/12"),
            (Platform::Telegram, "https://evil.example/chan", "?"),
            (Platform::X, "my name is ada", "?"),
            (Platform::X, "<b>ada</b>", "?"),
            (Platform::X, "", "?"),
        ] {
            assert_eq!(read(platform, typed), name, "{typed}");
        }
    }

    #[test]
    fn the_owner_of_a_post_is_offered_where_the_link_names_one() {
        for (link, name) in [
            ("https://x.com/Ada/status/5", Some("ada")),
            ("https://x.com/i/web/status/5", None),
            ("https://t.me/my_chan/12", Some("my_chan")),
            ("https://t.me/c/177/20", None),
            ("https://t.me/my_chan", None),
            ("tg://join?invite=AbC-9", None),
        ] {
            assert_eq!(owner(&PostLink::find(link).unwrap()).as_deref(), name, "{link}");
        }
    }
}
