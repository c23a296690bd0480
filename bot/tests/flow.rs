//! From /start to a request, as a user does it.

mod common;

use common::{OPERATOR, OPS, World};
use domain::ledger::Purse;
use domain::withdrawal::WithdrawalState;
use domain::{Money, UserId};

const ADA: i64 = 5_501;

fn usd(units: i64) -> Money {
    Money::usd_minor(units * 1_000_000)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_start_to_a_request() {
    let world = World::running().await;
    world.earns(ADA, Purse::Affiliate, "25").await;
    world.walks_to_review(ADA, "5").await;
    world.presses(ADA, "Confirm").await;
    let done = world.reads(ADA, "is requested").await;
    assert!(done["text"].as_str().unwrap().contains("****4421"), "{done}");
    let profile = world.profile(ADA).await;
    assert_eq!((profile.affiliate, profile.affiliate_held), (usd(20), usd(5)));
    assert_eq!(profile.withdrawals.len(), 1);
    assert_eq!(profile.withdrawals[0].state, WithdrawalState::Requested);
    // The ops chat is told; a first payout is for the terminal.
    world.reads(OPS, "Decide in the terminal").await;
    world.presses(ADA, "My Withdrawals").await;
    world.reads(ADA, "Tap one").await;
    world.presses(ADA, "in review").await;
    world.reads(ADA, "We are reviewing it").await;
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_double_tap_makes_one_request() {
    let world = World::running().await;
    world.earns(ADA, Purse::Affiliate, "25").await;
    world.walks_to_review(ADA, "5").await;
    let (first, second) = tokio::join!(world.presses(ADA, "Confirm"), world.presses(ADA, "Confirm"));
    world.reads(ADA, "is requested").await;
    let texts = [world.answer_to(&first).await, world.answer_to(&second).await];
    assert!(texts.iter().any(|text| text.contains("used already")), "{texts:?}");
    assert_eq!(world.profile(ADA).await.withdrawals.len(), 1);
    assert_eq!(world.profile(ADA).await.affiliate, usd(20));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_in_the_middle_loses_nothing() {
    let mut world = World::running().await;
    world.earns(ADA, Purse::Affiliate, "25").await;
    world.walks_to_review(ADA, "5").await;
    world.stop().await.unwrap();
    // Pressed while nobody is there.
    world.presses(ADA, "Confirm").await;
    world.start();
    world.restart().await;
    world.reads(ADA, "is requested").await;
    assert_eq!(world.profile(ADA).await.withdrawals.len(), 1);
    // Half-way through a conversation.
    world.presses(ADA, "Main Menu").await;
    world.reads(ADA, "Welcome").await;
    world.presses(ADA, "My Balance").await;
    world.reads(ADA, "Affiliate earnings").await;
    world.presses(ADA, "Withdraw affiliate").await;
    world.reads(ADA, "Please type the amount").await;
    world.restart().await;
    world.says(ADA, "7").await;
    let banks = world.reads(ADA, "You are withdrawing $7.00").await;
    assert!(banks["buttons"].to_string().contains("Zenith bank PLC ****4421"), "{banks}");
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_saved_account_is_offered_and_reply_earnings_are_in_naira() {
    let world = World::running().await;
    world.earns(ADA, Purse::Affiliate, "25").await;
    world.walks_to_review(ADA, "5").await;
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is requested").await;
    world.earns(ADA, Purse::Reply, "12400").await;
    // The role is remembered for a minute; the balance shows it at once.
    world.says(ADA, "/balance").await;
    world.reads(ADA, "Reply earnings").await;
    world.presses(ADA, "Withdraw reply").await;
    world.reads(ADA, "Available: ₦12,400.00").await;
    world.says(ADA, "5000").await;
    world.reads(ADA, "Where should it go?").await;
    world.presses(ADA, "Zenith bank PLC ****4421").await;
    let review = world.reads(ADA, "Please check your withdrawal").await;
    assert!(!review["text"].as_str().unwrap().contains("Rate"), "{review}");
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is requested").await;
    assert_eq!(world.profile(ADA).await.reply_held, Money::ngn_minor(500_000));
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_foreign_and_stale_buttons_do_nothing() {
    let world = World::running().await;
    world.earns(ADA, Purse::Affiliate, "25").await;
    world.walks_to_review(ADA, "5").await;
    let review = world.reads(ADA, "Please check").await;
    let data = review["buttons"][0]["callback_data"].as_str().unwrap().to_owned();
    let keyboard = data.split('.').next().unwrap().to_owned();
    let id = review["message_id"].as_i64();
    let eve = 6_666;
    world.says(eve, "/start").await;
    world.reads(eve, "Welcome").await;
    // Somebody else's button, and data that nobody drew.
    for (user, data) in [
        (eve, data.as_str()),
        (eve, "admin_approve_withdrawal_1"),
        (ADA, &format!("{keyboard}.99")),
        (ADA, "0123456789abc.0"),
        (ADA, "'; drop table withdrawal; --.0"),
        (ADA, ""),
    ] {
        let press = world.sends_data(user, user, data, id).await;
        assert!(world.answer_to(&press).await.contains("does not work for you"), "{data}");
    }
    assert!(world.profile(ADA).await.withdrawals.is_empty());
    assert!(world.profile(eve).await.withdrawals.is_empty());
    // A stale one: the summary's button after the user went on.
    world.presses(ADA, "Back").await;
    world.reads(ADA, "Where should it go?").await;
    let stale = world.sends_data(ADA, ADA, &data, id).await;
    assert!(world.answer_to(&stale).await.contains("earlier step"));
    assert!(world.profile(ADA).await.withdrawals.is_empty());
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_link_counts_once_and_groups_are_left_alone() {
    let world = World::running().await;
    world.says(ADA, "/start").await;
    world.reads(ADA, "Welcome").await;
    for _ in 0..2 {
        world.says(6_001, "/start ref_5501").await;
        world.reads(6_001, "Welcome").await;
    }
    let own = world.says(ADA, "/start ref_5501").await;
    world.handled(own).await;
    assert_eq!(world.profile(ADA).await.referred, 1);
    let group =
        serde_json::json!({ "id": -1_001_234_i64, "title": "Raiders", "bot_status": "member", "members": [ADA] });
    world.control("POST", "/telegram/_groups", group).await;
    let said = serde_json::json!({ "user": ADA, "chat": -1_001_234_i64, "text": "/start" });
    let said = world.control("POST", "/telegram/_say", said).await;
    world.handled(said["update_id"].as_i64().unwrap()).await;
    let shown = world.chat(-1_001_234).await;
    assert!(!shown["messages"].to_string().contains("\"from_bot\":true"), "{shown}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_rejects_on_the_phone_and_nobody_else_can() {
    let world = World::running().await;
    world.earns(ADA, Purse::Affiliate, "25").await;
    world.walks_to_review(ADA, "5").await;
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is requested").await;
    let told = world.reads(OPS, "Decide in the terminal").await;
    assert!(told["text"].as_str().unwrap().contains("new payee"), "{told}");
    // The same request as one that may be decided here.
    let id = world.profile(ADA).await.withdrawals[0].id;
    let row = world.app.withdrawal(id).await.unwrap().unwrap().row;
    let request = app::notice::OpsWithdrawal {
        id,
        version: row.version,
        user: UserId::new(ADA),
        username: "@ada".into(),
        source: "affiliate".into(),
        amount: row.amount,
        payout: row.payout,
        bank: row.bank_name,
        account: "****4421".into(),
        name: "AD* *BI".into(),
        flags: Vec::new(),
        mode: "automatic".into(),
        decidable: true,
    };
    let notice = app::notice::Notice::OpsRequested(request);
    let message = app::telegram::OutboxNew {
        chat: OPS,
        kind: app::telegram::MessageKind::Ops,
        method: "notice".into(),
        payload: serde_json::to_string(&notice).unwrap(),
        key: None,
        event_id: None,
        correlation: String::new(),
    };
    let turn = app::telegram::Turn { messages: vec![message], ..Default::default() };
    world.app.complete(turn, world.app.now()).await.unwrap();
    let asked = world.reads(OPS, "@ada").await;
    assert!(asked["buttons"].to_string().contains("Approve"), "{asked}");

    let pressed = world.presses_in(OPS, 6_666, "Approve").await;
    assert!(world.answer_to(&pressed).await.contains("not linked to an operator"));
    // Risky ones need the terminal, whatever a button says.
    let pressed = world.presses_in(OPS, OPERATOR, "Approve").await;
    assert!(world.answer_to(&pressed).await.contains("terminal"));
    // The same button in another chat is nobody's.
    let data = asked["buttons"][0]["callback_data"].as_str().unwrap();
    let pressed = world.sends_data(OPERATOR, OPERATOR, data, None).await;
    assert!(world.answer_to(&pressed).await.contains("does not work for you"));
    assert_eq!(world.profile(ADA).await.withdrawals[0].state, WithdrawalState::Requested);

    world.presses_in(OPS, OPERATOR, "Reject").await;
    world.reads(OPS, "Why is it rejected?").await;
    world.presses_in(OPS, OPERATOR, "name does not match").await;
    world.reads(OPS, "Rejected by ada").await;
    let told = world.reads(ADA, "was declined").await;
    assert!(told["text"].as_str().unwrap().contains("does not match the name"), "{told}");
    assert_eq!(world.profile(ADA).await.affiliate, usd(25));
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn simulated_people_find_their_way_to_a_withdrawal() {
    let mut world = World::peopled(6).await;
    world.start();
    for user in world.sandbox.population_ids() {
        world.earns(user, Purse::Affiliate, "40").await;
    }
    world.sandbox.start_population();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    loop {
        let mut asked = 0;
        for user in world.sandbox.population_ids() {
            asked += world.profile(user).await.withdrawals.len();
        }
        if asked >= 2 {
            break;
        }
        assert!(tokio::time::Instant::now() < deadline, "nobody found the way");
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    world.no_problems().await;
}
