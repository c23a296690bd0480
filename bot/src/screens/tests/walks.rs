//! Where every button leads.

use super::*;

type Walk = fn() -> Phone;

#[test]
fn the_way_to_a_withdrawal() {
    let phone = at_review();
    for part in ["$5.00", "₦1,560.25 for $1", "₦7,801.00", "ADA <OBI> & SONS", "2081554421", "10:26", "24 hours"] {
        assert!(phone.says().contains(part), "{part} in {}", phone.says());
    }
    assert!(phone.view.html.as_str().contains("ADA &lt;OBI&gt; &amp; SONS"));
    let phone = phone.press("Confirm");
    let Some(Command::Spend { keyboard, what: Spend::Withdrawal(request) }) = &phone.command else { panic!() };
    assert_eq!(request.key.as_str(), format!("btn:{keyboard}"));
    assert_eq!((request.user, &request.payee, request.quote.amount), (ADA, &payee(), usd(5)));
    let phone = phone.answered(&Ok(Requested { id: WithdrawalId::new(17), replayed: false }));
    assert!(phone.says().contains("#17 is requested"), "{}", phone.says());
    assert_eq!(phone.conversation, Conversation::start());
}

#[test]
fn reply_earnings_are_withdrawn_in_naira_without_a_rate() {
    let phone = Phone::new(World::reply_guy()).press("Reply Panel").press("Withdraw");
    assert!(phone.says().contains("Available: ₦12,400.00") && phone.says().contains("naira"), "{}", phone.says());
    let phone = phone.types("5000").press("Bank <3>").types("2081554421").press("Yes");
    assert!(!phone.says().contains("Rate") && phone.says().contains("reply earnings: ₦5,000.00"), "{}", phone.says());
    assert!(phone.press("Confirm").command.is_some());
}

#[test]
fn a_saved_account_goes_straight_to_the_summary() {
    let mut world = World::default();
    world.profile.payees = vec![SavedPayee { id: 4, payee: payee() }];
    let phone = Phone { world, ..Phone::new(World::default()) }.press("My Balance").press("Withdraw").types("5");
    assert_eq!(phone.labels()[0], "💳 Zenith Bank ****4421");
    let phone = phone.press("Zenith Bank ****4421");
    assert!(phone.has("Confirm") && phone.says().contains("2081554421"));
    // A saved account that is gone meanwhile asks again.
    let keyboard = phone.conversation.keyboard.clone().unwrap();
    let back = phone.press("Back");
    assert_ne!(back.conversation.keyboard, Some(keyboard));
    let mut gone = back;
    gone.world.profile.payees.clear();
    assert!(gone.press("Zenith Bank ****4421").says().contains("Where should it go?"));
}

#[test]
fn back_leads_one_step_back_and_cancel_ends_everything() {
    let steps: [(Walk, &str); 5] = [
        (|| Phone::new(World::default()).press("Affiliate Program").press("Withdraw"), "My Balance"),
        (at_bank, "Withdraw affiliate earnings"),
        (at_account, "Where should it go?"),
        (at_name, "10-digit account number"),
        (at_review, "Where should it go?"),
    ];
    for (walk, before) in steps {
        assert!(walk().press("Back").says().contains(before), "{before}");
        for phone in [walk().press("Cancel"), walk().on(&Event::Cancel)] {
            assert!(phone.says().contains("Cancelled"), "{}", phone.says());
            assert_eq!(phone.conversation, Conversation::start());
        }
        let phone = walk().on(&Event::Start);
        assert!(phone.says().contains("Welcome") && phone.conversation == Conversation::start());
        let there = walk().conversation.step;
        assert_eq!(walk().on(&Event::Unreadable).conversation.step, there);
    }
}

#[test]
fn every_button_of_every_screen_leads_somewhere() {
    let mut world = World::reply_guy();
    world.support = Some("https://t.me/help".to_owned());
    world.profile.payees = vec![SavedPayee { id: 4, payee: payee() }];
    world.profile.withdrawals = WithdrawalState::ALL.into_iter().zip(1..).map(|(state, id)| brief(id, state)).collect();
    world.profile.posts = vec![("t1".to_owned(), 12), ("t5".to_owned(), 1), ("tgt".to_owned(), 3)];
    world.boosts = OrderState::ALL.into_iter().zip(1..).map(|(state, id)| boosted(id, state, 1_500)).collect();
    world.profile.wallet = usd(30);
    world.stage.invoices = stage::invoices();
    world.stage.plans = vec![stage::plan(4, true, 12), stage::plan(5, false, 3)];
    world.stage.names = vec![(domain::boost::Platform::X, "ada".to_owned())];
    world.stage.history = 30;
    world.stage.products[1].enabled = false;
    let mut pages = vec![(Conversation::start(), Phone::new(World::default()).view, 1)];
    let start = Phone { world, ..Phone::new(World::default()) }.on(&Event::Start);
    pages.push((start.conversation, start.view, start.screens));
    let mut world = start.world;
    let mut seen = Vec::new();
    while let Some((conversation, view, screens)) = pages.pop() {
        if seen.contains(&(view.html.plain(), view.rows.len())) {
            continue;
        }
        seen.push((view.html.plain(), view.rows.len()));
        for action in view.actions() {
            let phone = Phone {
                world,
                conversation: conversation.clone(),
                screens,
                view: view.clone(),
                toast: None,
                command: None,
                revealed: None,
            };
            let phone = phone.pressed(action.clone(), &format!("kb{screens}"));
            assert!(phone.toast.is_none(), "{action:?} under {}", view.html.plain());
            assert!(phone.command.is_some() || !phone.view.rows.is_empty(), "{action:?} is a dead end");
            assert_eq!(phone.command.is_some(), action.is_single() || matches!(action, Action::HashFor(_)));
            pages.push((phone.conversation, phone.view, phone.screens));
            // Where words are awaited, some are typed.
            world = phone.world;
            let (conversation, view, screens) = pages.last().cloned().unwrap();
            let link = "https://x.com/ada/status/1";
            let hash = stage::HASH;
            for typed in [
                "150",
                "zenith",
                "2081554421",
                "none",
                "/dance",
                "<b>&",
                link,
                "t.me/chan/5",
                "ada",
                "@ada",
                "a@b.co",
                hash,
            ] {
                let phone = Phone {
                    world,
                    conversation: conversation.clone(),
                    screens,
                    view: view.clone(),
                    toast: None,
                    command: None,
                    revealed: None,
                };
                let phone = phone.types(typed);
                pages.push((phone.conversation, phone.view, phone.screens));
                world = phone.world;
            }
        }
    }
    assert!(seen.len() > 60, "{}", seen.len());
}

#[test]
fn the_list_of_banks_is_turned_and_searched() {
    let phone = at_bank();
    assert!(phone.has("Bank <0>") && phone.has("Bank <7>") && !phone.has("Bank <8>") && !phone.has("Previous"));
    let phone = phone.press("Next").press("Next");
    assert!(phone.has("Bank <19>") && !phone.has("Next"));
    let phone = phone.press("Previous");
    assert!(phone.has("Bank <8>") && phone.has("Next"));
    let phone = phone.types("none");
    assert!(phone.says().contains("No bank matches “none”"), "{}", phone.says());
    let phone = phone.press("Search again");
    assert!(phone.has("Bank <0>"));
    // A page that is not there any more is the last one.
    let mut phone = phone.press("Next").press("Next");
    phone.world.banks = 3;
    let keyboard = phone.conversation.keyboard.clone().unwrap();
    assert!(phone.pressed(Action::Page(9), &keyboard).has("Bank <2>"));
    let empty = Phone { world: World { banks: 0, ..World::default() }, ..Phone::new(World::default()) };
    assert!(empty.press("My Balance").press("Withdraw").types("5").says().contains("not available"));
}

#[test]
fn what_a_user_does_not_have_is_not_shown() {
    let phone = Phone::new(World::default());
    assert_eq!(phone.labels(), ["🛍 Service Menu", "🚀 My Boosts", "🖥 VPS", "🤝 Affiliate Program", "💰 My Balance"]);
    assert!(phone.view.picture);
    let mut world = World { support: Some("https://t.me/help".to_owned()), ..World::default() };
    world.profile.affiliate = usd(0);
    let phone = Phone::new(world);
    assert_eq!(
        phone.labels(),
        ["🛍 Service Menu", "🚀 My Boosts", "🖥 VPS", "🤝 Affiliate Program", "💰 My Balance", "🆘 Support"]
    );
    let phone = phone.press("Affiliate Program");
    assert_eq!(phone.labels(), ["📣 Share my link", "🏠 Main Menu"]);
    assert!(phone.says().contains("https://t.me/viral_bot?start=ref_5501"));
    let phone = phone.press("Main Menu").press("My Balance");
    assert_eq!(phone.labels(), ["➕ Top up wallet", "🧾 My Invoices", "📜 History", "🏠 Main Menu"]);
    assert!(!phone.says().contains("Reply") && phone.says().contains("Wallet: $0.00"));
    // A button from the time when the role was there shows what is there now.
    assert!(phone.pressed(Action::Go(Place::Replies), "old").says().contains("My Balance"));
    assert!(Phone::new(World::reply_guy()).has("Reply Panel"));
}

#[test]
fn withdrawals_are_followed_one_by_one() {
    let mut world = World::default();
    world.profile.withdrawals = vec![brief(18, WithdrawalState::Rejected), brief(17, WithdrawalState::Paid)];
    let phone = Phone { world, ..Phone::new(World::default()) }.on(&Event::Withdrawals);
    assert_eq!(phone.labels()[..2], ["❌ ₦39,000.00 · 21 Nov · declined", "✅ ₦39,000.00 · 21 Nov · paid"]);
    let phone = phone.press("declined");
    for part in ["Withdrawal #18", "back in your balance", "Reason: The account name <differs>.", "vc-w-18-1", "10:16"]
    {
        assert!(phone.says().contains(part), "{part} in {}", phone.says());
    }
    let phone = phone.press("Refresh").press("Back");
    let foreign = phone.pressed(Action::Go(Place::Withdrawal(WithdrawalId::new(99))), "kb1");
    assert!(foreign.says().contains("cannot show") && foreign.has("paid"));
    let none = Phone::new(World::default()).on(&Event::Withdrawals);
    assert!(none.says().contains("none yet"));
}

#[test]
fn a_button_of_an_earlier_step_does_nothing() {
    let confirm = |phone: Phone, keyboard: &str| phone.pressed(Action::Confirm, keyboard);
    let phone = at_review();
    let current = phone.conversation.keyboard.clone().unwrap();
    let before = phone.conversation.clone();
    let phone = confirm(phone, "kb1");
    assert_eq!((phone.toast.as_deref(), &phone.conversation), (Some(crate::text::STALE), &before));
    assert!(phone.command.is_none());
    // The summary's button after another screen was opened.
    let phone = confirm(phone.press("Back"), &current);
    assert!(phone.toast.is_some() && phone.command.is_none());
    // The right keyboard with an action that does not belong to the step.
    let phone = at_bank();
    let keyboard = phone.conversation.keyboard.clone().unwrap();
    for action in [Action::Confirm, Action::NameRight, Action::Requote, Action::Approve] {
        let phone = Phone { ..at_bank() }.pressed(action.clone(), &keyboard);
        assert!(phone.toast.is_some() && phone.command.is_none(), "{action:?}");
    }
    // Used up.
    let used = Event::Press { action: Action::Confirm, keyboard, live: false, used: true };
    let phone = phone.on(&used);
    assert_eq!((phone.toast.as_deref(), phone.command.is_none()), (Some(crate::text::USED), true));
    assert_eq!(phone.on(&Event::Strange).toast.as_deref(), Some(crate::text::STRANGE));
}

proptest::proptest! {
    #[test] // Whatever is pressed and typed, money moves by the button of the summary on the screen only.
    fn money_moves_at_one_place(steps in proptest::collection::vec((0_usize..16, 0_usize..12), 1..60)) {
        let mut world = World::reply_guy();
        world.profile.wallet = usd(500);
        world.profile.payees = vec![SavedPayee { id: 4, payee: payee() }];
        world.profile.posts = vec![("t1".to_owned(), 12), ("tgt".to_owned(), 3)];
        let mut phone = Phone { world, ..Phone::new(World::default()) }.on(&Event::Start);
        for (press, word) in steps {
            let actions = phone.view.actions();
            let before = phone.conversation.clone();
            phone = match actions.get(press) {
                Some(action) => {
                    let keyboard = format!("kb{}", phone.screens);
                    phone.pressed(action.clone(), &keyboard)
                }
                None => phone.types(
                    ["150", "5", "zenith", "2081554421", "none", "", "/x", "ada", "x.com/ada/status/1", "t.me/chan/5", "@ada", "a@b.co"][word],
                ),
            };
            let confirmed = actions.get(press).is_some_and(Action::is_single);
            proptest::prop_assert_eq!(phone.command.is_some(), confirmed);
            match &phone.command {
                Some(Command::Spend { what: Spend::Withdrawal(request), .. }) => {
                    let Step::Review { payee, quote: Some(quote), .. } = before.step else { panic!("{before:?}") };
                    proptest::prop_assert_eq!((&request.payee, &request.quote), (&payee, &quote));
                }
                Some(Command::Spend { what: Spend::Boost(request), .. }) => {
                    let Step::BoostReview(draft) = before.step else { panic!("{before:?}") };
                    proptest::prop_assert_eq!((&request.link, &request.handle), (&draft.link, &draft.handle));
                    proptest::prop_assert_eq!(request.plan.as_str(), draft.plan);
                }
                // D07: what is paid for is what the summary shows, whatever was pressed before.
                Some(Command::Spend { what: Spend::Invoice(request), .. }) => {
                    let Step::Pay { order, .. } = before.step else { panic!("{before:?}") };
                    proptest::prop_assert_eq!(&request.order, &order);
                }
                _ => {}
            }
        }
    }
}
