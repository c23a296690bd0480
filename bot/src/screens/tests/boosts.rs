//! From a link to an order, and the list of orders.

use super::*;
use crate::conversation::BoostDraft;
use crate::render;
use app::notice::{BoostKind, BoostNews, Notice, OpsBoost};
use domain::IdempotencyKey;
use domain::boost::{BoostPlan, Platform, PostLink, Schedule, Targets};
use domain::money::Plan;

const LINK: &str = "https://x.com/ada/status/123";

fn with_credits(posts: &[(&str, i64)], accounts: &[&str]) -> World {
    let mut world = World { support: Some("https://t.me/help".to_owned()), ..World::default() };
    world.profile.posts = posts.iter().map(|(plan, left)| ((*plan).to_owned(), *left)).collect();
    world.accounts = accounts.iter().map(|name| (*name).to_owned()).collect();
    world
}

fn phone(posts: &[(&str, i64)], accounts: &[&str]) -> Phone {
    Phone::new(with_credits(posts, accounts))
}

fn at_summary() -> Phone {
    phone(&[("t1", 12), ("t2", 3)], &["ada"]).types(LINK).press("@ada · Tier 1")
}

#[test]
fn the_way_from_a_link_to_an_order() {
    let phone = phone(&[("t1", 12), ("t2", 3), ("tgt", 9)], &["ada", "ben"])
        .types("look: http://twitter.com/Ada/status/123?s=20");
    let choices =
        ["@ada · Tier 1 (12 left)", "@ada · Tier 2 (3 left)", "@ben · Tier 1 (12 left)", "@ben · Tier 2 (3 left)"];
    assert_eq!(phone.labels(), [&choices[..], &["➕ Another account", "✖️ Cancel"]].concat());
    assert!(phone.says().contains("https://x.com/Ada/status/123"), "{}", phone.says());
    let phone = phone.press("@ben · Tier 1");
    for part in [
        "https://x.com/Ada/status/123",
        "@ben · Tier 1",
        "2,000 views, 30 likes, 10 comments, 5 reposts",
        "Half of the views and likes comes about 30 minutes after you confirm",
        "The comments and reposts come from people",
        "uses 1 Tier 1 credit; 11 are left after it",
        "comes back by itself",
    ] {
        assert!(phone.says().contains(part), "{part} in {}", phone.says());
    }
    assert!(!phone.says().contains("run low") && !phone.says().contains("still running"));
    let phone = phone.press("Confirm");
    let Some(Command::Spend { keyboard, what: Spend::Boost(request) }) = &phone.command else { panic!() };
    assert_eq!(request.key, IdempotencyKey::button(keyboard).unwrap());
    assert_eq!((request.user, request.handle.as_str(), request.plan.as_str()), (ADA, "ben", "t1"));
    assert_eq!(request.link, PostLink::find("https://x.com/Ada/status/123").unwrap());
    let phone = phone.ordered(&Ok(Submitted { id: BoostId::new(17), replayed: false }));
    for part in ["Boost #17 is queued", "https://x.com/Ada/status/123", "@ben", "Tier 1: 11 are left"] {
        assert!(phone.says().contains(part), "{part} in {}", phone.says());
    }
    assert_eq!(phone.labels(), ["🔎 Follow it", "🚀 My Boosts", "🏠 Main Menu"]);
    assert_eq!(phone.conversation, Conversation::start());
    let mut phone = phone;
    phone.world.boosts = vec![boosted(17, OrderState::Queued, 0)];
    assert!(phone.press("Follow").says().contains("Boost #17: queued"));
}

#[test]
fn the_command_takes_one_link() {
    let submit = |typed: &str| phone(&[("t1", 12)], &["ada"]).on(&Event::SubmitLink(typed.to_owned()));
    assert!(submit(LINK).has("@ada · Tier 1 (12 left)"));
    for (typed, words) in [
        ("", "paste its link here"),
        ("https://x.com/a/status/1 https://x.com/a/status/2", "One link at a time"),
        ("https://x.com/ada", "which post"),
        ("hello", "which post"),
    ] {
        let phone = submit(typed);
        assert!(phone.says().contains(words) && phone.says().contains("t.me/channel/123"), "{}", phone.says());
        assert!(phone.has("Main Menu") && phone.conversation == Conversation::start());
    }
    // As every command, it works in the middle of something else.
    let phone = Phone { world: with_credits(&[("t1", 12)], &["ada"]), ..at_bank() };
    assert!(phone.on(&Event::SubmitLink(LINK.to_owned())).has("@ada · Tier 1"));
}

#[test]
fn a_pasted_link_is_taken_where_no_step_waits_for_words() {
    let telegram = "tg://resolve?domain=chan&post=12";
    for walk in [
        || phone(&[("t1", 12), ("tgt", 2)], &["ada"]),
        || phone(&[("t1", 12), ("tgt", 2)], &["ada"]).types(LINK),
        || phone(&[("t1", 12), ("tgt", 2)], &["ada"]).types(LINK).press("@ada · Tier 1"),
        || phone(&[("t1", 12), ("tgt", 2)], &[]).types(LINK),
    ] {
        let phone = walk().types(telegram);
        assert!(phone.says().contains("https://t.me/chan/12"), "{}", phone.says());
    }
    // An amount, a bank and an account are awaited: the words are theirs.
    let world = || with_credits(&[("t1", 12)], &["ada"]);
    let amount =
        Phone { world: world(), ..Phone::new(World::default()) }.press("My Balance").press("Withdraw").types(LINK);
    assert!(amount.says().contains("could not read"), "{}", amount.says());
    for walk in [at_bank, at_account, at_name, at_review] {
        let there = walk().conversation.step;
        let phone = Phone { world: world(), ..walk() }.types(LINK);
        assert!(!phone.conversation.step.is_boost() && phone.command.is_none());
        assert_eq!(std::mem::discriminant(&phone.conversation.step), std::mem::discriminant(&there));
    }
    // Several at once: the first, and it says so. An address that is no post is met with help.
    let phone = phone(&[("t1", 12)], &["ada"]).types(&format!("{LINK} https://x.com/ada/status/124"));
    assert!(phone.says().contains("One link at a time") && phone.says().contains("status/123"));
    let phone = phone.press("Cancel").types("https://x.com/ada");
    assert!(phone.says().contains("which post") && phone.has("My Balance"));
}

#[test]
fn no_credits_says_so_and_where_to_get_them() {
    let poor = phone(&[], &["ada"]).types(LINK);
    assert!(
        poor.says().contains("no post credits for X") && poor.says().contains("in the Service Menu"),
        "{}",
        poor.says()
    );
    assert_eq!(poor.labels(), ["🛍 Get credits", "🆘 Support", "🏠 Main Menu"]);
    assert_eq!(poor.conversation, Conversation::start());
    // Credits of the other platform are named, those of plans that nothing is ordered for do not count.
    let other = phone(&[("tgt", 4), ("x_poll", 50)], &["ada"]).types(LINK);
    assert!(
        other.says().contains("no post credits for X") && other.says().contains("Telegram (10 comments): 4 credits")
    );
    let mut frozen = with_credits(&[("t1", 12)], &["ada"]);
    frozen.profile.frozen = true;
    let frozen = Phone::new(frozen).types(LINK);
    assert!(frozen.says().contains("on hold") && frozen.conversation == Conversation::start());
}

#[test]
fn an_account_is_asked_for_once_and_the_link_goes_on() {
    let asked = phone(&[("t1", 12)], &[]).types(LINK);
    assert!(asked.says().contains("Which account") && asked.says().contains(LINK));
    assert_eq!(asked.labels(), ["@ada", "✖️ Cancel"]);
    // One plan: straight to the summary.
    for named in [asked.press("@ada"), phone(&[("t1", 12)], &[]).types(LINK).types(" @Ada ")] {
        assert!(named.has("Confirm") && named.says().contains("@ada · Tier 1"), "{}", named.says());
        assert_eq!(named.world.accounts, ["ada"]);
        assert!(named.press("Back").has("@ada · Tier 1 (12 left)"));
    }
    // Several: they are offered for the new account first.
    let named = phone(&[("t1", 12), ("t3", 2)], &["ben"]).types(LINK).press("Another account");
    assert!(named.has("Back"));
    let named = named.types("https://x.com/Ada");
    assert_eq!(named.labels()[..3], ["@ada · Tier 1 (12 left)", "@ada · Tier 3 (2 left)", "@ben · Tier 1 (12 left)"]);
    // What cannot be a name is asked for again, another link is taken instead.
    let wrong = phone(&[("t1", 12)], &[]).types(LINK).types("my name is ada");
    assert!(
        wrong.says().contains("cannot be a name") && wrong.says().contains(LINK) && wrong.world.accounts.is_empty()
    );
    let unreadable = wrong.on(&Event::Unreadable);
    assert!(unreadable.says().contains("cannot be a name"));
    assert!(unreadable.types("x.com/ben/status/9").says().contains("https://x.com/ben/status/9"));
    // Nobody owns `t.me/c/…`: there is nothing to offer.
    assert_eq!(phone(&[("tgt", 1)], &[]).types("https://t.me/c/177/20").labels(), ["✖️ Cancel"]);
    let full = World { accounts_full: true, ..with_credits(&[("t1", 12)], &["ben"]) };
    let full = Phone::new(full).types(LINK).press("Another account").types("ada");
    assert!(full.says().contains("as many accounts as can be kept") && full.has("@ben") && !full.has("@ada"));
}

#[test]
fn many_choices_are_turned_page_by_page() {
    let names = ["a1", "a2", "a3", "a4", "a5", "a6"];
    let phone = phone(&[("t1", 12), ("t2", 3), ("t3", 1)], &names).types(LINK);
    assert!(phone.has("@a3 · Tier 2") && !phone.has("@a3 · Tier 3") && !phone.has("Previous"));
    let phone = phone.press("Next").press("Next");
    assert!(phone.has("@a6 · Tier 3 (1 left)") && !phone.has("Next"));
    assert!(phone.types("hello").says().contains("use the buttons"));
}

#[test]
fn the_summary_warns_of_the_end_of_credits_and_of_a_running_order() {
    for (left, words) in [
        (12, None),
        (11, Some("run low: 10 are left after this one")),
        (2, Some("run low: 1 is left after this one")),
        (1, Some("your last Tier 1 credit")),
    ] {
        let phone = phone(&[("t1", left)], &["ada"]).types(LINK).press("@ada");
        match words {
            Some(words) => assert!(phone.says().contains(words), "{}", phone.says()),
            None => assert!(!phone.says().contains("run low") && !phone.says().contains("last"), "{}", phone.says()),
        }
        assert!(phone.has("Confirm"));
    }
    let running = |state, delivered| {
        let mut world = with_credits(&[("t1", 50)], &["ada"]);
        world.boosts = vec![boosted(7, state, delivered)];
        Phone::new(world).types("https://x.com/ada/status/1").press("@ada")
    };
    let phone = running(OrderState::Active, 1_500);
    assert!(phone.says().contains("Boost #7 for this post is still running (half done)"), "{}", phone.says());
    assert!(phone.press("Confirm").command.is_some());
    assert!(!running(OrderState::Done, 2_030).says().contains("still running"));
    assert!(!at_summary().says().contains("still running"));
}

#[test]
fn what_changed_meanwhile_is_shown_before_a_credit_is_taken() {
    // The plan's credits were used up elsewhere while the choice was on the screen.
    let mut phone = phone(&[("t1", 1), ("t2", 3)], &["ada"]).types(LINK);
    phone.world.profile.posts = vec![("t2".to_owned(), 3)];
    let phone = phone.press("Tier 1");
    assert!(phone.says().contains("no credits left") && phone.has("@ada · Tier 2 (3 left)") && !phone.has("Tier 1"));
    // A button of another step does nothing.
    let summary = at_summary();
    let keyboard = summary.conversation.keyboard.clone().unwrap();
    for action in [
        Action::BoostFor { handle: "ada".to_owned(), plan: "t1".to_owned() },
        Action::NewName,
        Action::Name("ada".to_owned()),
        Action::Page(1),
        Action::NameRight,
        Action::Approve,
    ] {
        let phone = at_summary().pressed(action.clone(), &keyboard);
        assert!(phone.toast.is_some() && phone.command.is_none(), "{action:?}");
    }
    let stale = summary.press("Back").pressed(Action::Confirm, &keyboard);
    assert!(stale.toast.is_some() && stale.command.is_none());
    // A plan that no button offered.
    let phone = at_summary().press("Back");
    let keyboard = phone.conversation.keyboard.clone().unwrap();
    let forged = phone.pressed(Action::BoostFor { handle: "ada".to_owned(), plan: "free".to_owned() }, &keyboard);
    assert!(forged.command.is_none() && !forged.has("Confirm"));
}

#[test]
fn every_refusal_says_what_comes_next() {
    use SubmitBoostError as E;
    for (why, words, button) in [
        (E::NoCredits { plan: "t1".to_owned() }, "no Tier 1 credits left", "Get credits"),
        (E::UnknownPlan("t1".to_owned()), "not offered any more", "Choose again"),
        (E::WrongPlatform("tgt".to_owned()), "Telegram (10 comments) credits are not for posts on X", "Main Menu"),
        (E::NoUser(ADA), "/start", "Main Menu"),
        (E::Frozen, "on hold", "Support"),
        (E::Closed("the disk is full".to_owned()), "closed for a short while", "Main Menu"),
        (E::KeyReused(IdempotencyKey::button("k").unwrap()), "choose again", "Choose again"),
    ] {
        let phone = at_summary().press("Confirm").ordered(&Err(why));
        assert!(phone.says().contains("Nothing was ordered") && phone.says().contains(words), "{}", phone.says());
        assert!(phone.says().contains("No credit was used") && !phone.says().contains("disk"));
        assert!(phone.has(button) && phone.conversation == Conversation::start(), "{:?}", phone.labels());
    }
    let again = at_summary().press("Confirm").ordered(&Err(E::UnknownPlan("t1".to_owned()))).press("Choose again");
    assert!(again.says().contains(LINK) && again.has("@ada · Tier 2"));
    let replayed = at_summary().press("Confirm").ordered(&Ok(Submitted { id: BoostId::new(7), replayed: true }));
    assert!(replayed.says().contains("#7 is queued already") && !replayed.says().contains("left"));
}

#[test]
fn orders_are_followed_one_by_one() {
    let mut world = with_credits(&[("t1", 12), ("tgt", 1)], &["ada"]);
    world.boosts = vec![
        boosted(9, OrderState::Queued, 0),
        boosted(8, OrderState::Active, 1_000),
        boosted(7, OrderState::Active, 1_015),
        boosted(6, OrderState::Done, 2_030),
        boosted(5, OrderState::Partial, 1_000),
        boosted(4, OrderState::Failed, 0),
        boosted(3, OrderState::Cancelled, 0),
    ];
    let list = Phone { world, ..Phone::new(World::default()) }.on(&Event::Boosts);
    assert!(list.says().contains("Tier 1: 12 credits") && list.says().contains("Telegram (10 comments): 1 credit"));
    assert_eq!(
        list.labels(),
        [
            "⏳ #9 Tier 1 · 21 Nov · queued",
            "▶️ #8 Tier 1 · 21 Nov · started",
            "🌓 #7 Tier 1 · 21 Nov · half done",
            "✅ #6 Tier 1 · 21 Nov · done",
            "⚠️ #5 Tier 1 · 21 Nov · ended early",
            "❌ #4 Tier 1 · 21 Nov · could not be delivered",
            "🛑 #3 Tier 1 · 21 Nov · cancelled",
            "🛍 Get credits",
            "🏠 Main Menu"
        ]
    );
    let phone = list.press("half done");
    for part in ["Boost #7: half done", "https://x.com/ada/status/1", "@ada · Tier 1", "about 50%", "10:16"] {
        assert!(phone.says().contains(part), "{part} in {}", phone.says());
    }
    let phone = phone.press("Refresh").press("Back").press("ended early");
    assert!(phone.says().contains("about 49%") && phone.says().contains("Refunded to your wallet: $0.12"));
    // What is over can be boosted again at once.
    let again = phone.press("Boost it again");
    assert!(again.has("@ada · Tier 1 (12 left)"));
    let foreign = again.pressed(Action::Go(Place::Boost(BoostId::new(99))), "kb1");
    assert!(foreign.says().contains("cannot show") && foreign.has("half done"));
    let none = Phone::new(World::default()).press("My Boosts");
    assert!(none.says().contains("no post credits yet") && none.says().contains("no boosts yet"));
}

#[test]
fn balances_name_the_credits_of_each_plan() {
    let phone = phone(&[("t1", 1_200), ("x_poll", 5)], &[]).on(&Event::Balance);
    assert!(phone.says().contains("Affiliate earnings: $25.00") && phone.says().contains("Tier 1: 1,200 credits"));
    assert!(phone.says().contains("x_poll: 5 credits") && phone.has("My Boosts"));
    let none = Phone::new(World::default()).on(&Event::Balance);
    assert!(none.says().contains("Post credits: none") && !none.has("My Boosts"));
}

#[test]
fn nothing_that_was_typed_or_kept_changes_a_screen() {
    let hostile = "<b>&\"</b>";
    let mut world = with_credits(&[("t1", 12)], &[hostile]);
    let mut order = boosted(7, OrderState::Active, 1);
    order.link = format!("javascript:alert(1)//{hostile}");
    order.handle = hostile.to_owned();
    order.plan = hostile.to_owned();
    world.boosts = vec![order];
    let start = || Phone { world: World::default(), ..Phone::new(World::default()) };
    let list = Phone { world, ..start() }.on(&Event::Boosts);
    let one = list.press("#7");
    assert!(one.says().contains(hostile) && !one.view.html.as_str().contains(hostile));
    // Telegram refuses a message for one bad address: it is not made a button.
    assert!(one.view.rows.iter().flatten().all(|button| !matches!(button.does, Does::Open(_))));
    let review = one.types(LINK).press(hostile);
    assert!(review.says().contains(hostile) && !review.view.html.as_str().contains(hostile));
    for typed in [
        hostile,
        "x.com/<b>/status/1",
        "https://x.com/a\"b/status/1",
        "https://t.me/<i>x</i>/5",
        "tg://resolve?domain=<b>",
    ] {
        let phone = phone(&[("t1", 12), ("tgt", 5)], &[]).types(LINK).types(typed);
        assert!(!phone.view.html.as_str().contains("<b>/") && !phone.view.html.as_str().contains("<i>"), "{typed}");
        assert!(phone.world.accounts.is_empty(), "{typed}");
    }
    let news = BoostNews {
        id: BoostId::new(7),
        link: hostile.to_owned(),
        plan: hostile.to_owned(),
        kind: BoostKind::Failed,
        refunded: None,
        credit_returned: true,
    };
    let people = OpsBoost {
        id: BoostId::new(7),
        user: ADA,
        platform: hostile.to_owned(),
        link: hostile.to_owned(),
        tasks: vec![(hostile.to_owned(), 5)],
        waits: true,
    };
    for notice in [Notice::Boost(news), Notice::OpsBoost(people)] {
        let (view, request) = render::notice(&notice);
        assert!(view.html.plain().contains(hostile) && !view.html.as_str().contains(hostile));
        assert!(request.is_none());
    }
}

#[test]
fn every_piece_of_news_has_words_and_leads_to_the_order() {
    for (kind, words) in [
        (BoostKind::Queued, "is queued"),
        (BoostKind::Delayed, "BOOST_TEMPORARILY_UNAVAILABLE"),
        (BoostKind::Started, "has started"),
        (BoostKind::Half, "half done"),
        (BoostKind::Done, "is done"),
        (BoostKind::Partial, "ended early"),
        (BoostKind::Failed, "could not be delivered"),
        (BoostKind::Cancelled, "was cancelled"),
    ] {
        let ended = matches!(kind, BoostKind::Failed | BoostKind::Cancelled);
        let news = BoostNews {
            id: BoostId::new(17),
            link: LINK.to_owned(),
            plan: "t1".to_owned(),
            kind,
            refunded: (kind == BoostKind::Partial).then(|| Money::usd_minor(120_000)),
            credit_returned: ended,
        };
        let (view, _) = render::notice(&Notice::Boost(news));
        let text = view.html.plain();
        assert!(
            text.contains(words) && text.contains("#17") && text.contains(LINK) && text.contains("Tier 1"),
            "{text}"
        );
        assert_eq!(text.contains("credit is back"), ended, "{text}");
        assert_eq!(text.contains("$0.12 was refunded"), kind == BoostKind::Partial, "{text}");
        assert_eq!(view.actions()[0], Action::Go(Place::Boost(BoostId::new(17))));
        assert_eq!(view.actions().len(), if kind == BoostKind::Failed { 2 } else { 1 });
    }
    let mut people = OpsBoost {
        id: BoostId::new(17),
        user: ADA,
        platform: "x".to_owned(),
        link: LINK.to_owned(),
        tasks: vec![("comments".to_owned(), 10), ("reposts".to_owned(), 5)],
        waits: false,
    };
    let text = |people: &OpsBoost| render::notice(&Notice::OpsBoost(people.clone())).0.html.plain();
    for part in ["New X post", "#17", LINK, "5501", "10 comments", "5 reposts"] {
        assert!(text(&people).contains(part), "{part} in {}", text(&people));
    }
    assert!(!text(&people).contains("waits for your word"));
    (people.waits, people.platform) = (true, "telegram".to_owned());
    assert!(text(&people).contains("waits for your word") && text(&people).contains("New Telegram post"));
}

#[test]
fn a_restart_finds_the_draft_where_it_was() {
    let summary = at_summary();
    let Step::BoostReview(BoostDraft { handle, plan, left, .. }) = &summary.conversation.step else { panic!() };
    assert_eq!((handle.as_str(), plan.as_str(), *left), ("ada", "t1", 12));
    let mut world = with_credits(&[("t1", 12)], &["ada"]);
    world.plans.schedule = Schedule::Batches;
    let batches = Phone::new(world).types(LINK).press("@ada");
    assert!(batches.says().contains("The views come 1,000 at a time"), "{}", batches.says());
}

/// D23: who has a custom plan and no linked account is not asked for one.
#[test]
fn d23_a_custom_plan_is_used_without_an_account() {
    let mut world = with_credits(&[("ct7", 3)], &[]);
    let targets = Targets { views: 1_000, ..Targets::default() };
    let plan = Plan::new("ct7").unwrap();
    world.profile.plans = vec![BoostPlan { plan, platform: Platform::X, targets, price: usd(0) }];
    let phone = Phone::new(world).types(LINK);
    assert!(phone.labels().contains(&"Custom plan 7 (3 left)"), "{:?}", phone.labels());
    let phone = phone.press("Custom plan 7");
    for part in ["For: @ada · Custom plan 7", "1,000 views", "2 are left after it"] {
        assert!(phone.says().contains(part), "{part} in {}", phone.says());
    }
    let phone = phone.press("Confirm");
    let Some(Command::Spend { what: Spend::Boost(request), .. }) = &phone.command else { panic!() };
    assert_eq!((request.handle.as_str(), request.plan.as_str()), ("ada", "ct7"));
}
