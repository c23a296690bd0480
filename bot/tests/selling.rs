//! Buying as a user does it: from the service menu to credits, a delivered order, a filled wallet; with coins, by bank, from
//! a balance. What came is judged by what the stand-ins paid, and by the ledger.

mod common;

use app::invoices::InvoiceShown;
use common::{OPERATOR, OPS, World, admin, settings};
use domain::invoice::InvoiceState;
use domain::ledger::Purse;
use domain::switch::Switch;
use domain::{Money, UserId};
use serde_json::{Value, json};
use std::time::Duration;

const ADA: i64 = 5_501;
const BEN: i64 = 5_502;

fn usd(units: i64) -> Money {
    Money::usd_minor(units * 1_000_000)
}

/// A shop that is open: products, prices and workers.
async fn shop() -> World {
    let mut world = World::with(settings()).await;
    world.app.begin_to_lead().await.unwrap();
    world.start();
    let app = world.app.clone();
    tokio::spawn(async move {
        loop {
            let _ = app.run_due_jobs().await;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    world
}

/// Money in the wallet, and the news of it read.
async fn has(world: &World, user: i64, dollars: &str) {
    world.earns(user, Purse::Wallet, dollars).await;
    world.reads(user, "Your balance changed").await;
}

async fn starts(world: &World, user: i64) {
    world.says(user, "/start").await;
    world.reads(user, "Welcome").await;
}

/// From the menu to the choice of paying for ten posts of tier 1.
async fn walks_to_payment(world: &World, user: i64) {
    world.says(user, "/shop").await;
    world.reads(user, "Where do you want to grow").await;
    world.presses(user, "Twitter").await;
    world.reads(user, "followers for your profile").await;
    world.presses(user, "Engagement").await;
    world.reads(user, "You buy posts").await;
    world.presses(user, "Tier 1").await;
    world.reads(user, "How many posts?").await;
    world.presses(user, "10 posts").await;
    world.reads(user, "Which X account").await;
    world.says(user, "@Ada_Writes").await;
    world.reads(user, "How do you want to pay?").await;
}

/// From there to an invoice in USDT on BNB Smart Chain.
async fn asks_for_usdt(world: &World, user: i64) -> InvoiceShown {
    world.presses(user, "Crypto").await;
    world.reads(user, "Which coin?").await;
    world.presses(user, "USDT").await;
    world.reads(user, "on which network").await;
    world.presses(user, "BEP20").await;
    world.reads(user, "Send exactly").await;
    newest(world, user).await
}

async fn newest(world: &World, user: i64) -> InvoiceShown {
    world.app.invoices_of(UserId::new(user), 1).await.unwrap().remove(0)
}

/// Sends a coin; answers the hash.
async fn sends(world: &World, invoice: &InvoiceShown, share: (u128, u128)) -> String {
    let coin = invoice.coin.as_ref().unwrap();
    let units = domain::chain::parse_units(&coin.amount, coin.asset.decimals()).unwrap() * share.0 / share.1;
    let pay = json!({ "asset": coin.asset.word(), "to": coin.address, "units": units.to_string() });
    let paid = world.control("POST", &format!("/{}/_pay", coin.asset.chain().word()), pay).await;
    paid["hash"].as_str().unwrap().to_owned()
}

async fn posts(world: &World, user: i64, plan: &str) -> i64 {
    let posts = world.profile(user).await.posts;
    posts.iter().find(|(code, _)| code == plan).map_or(0, |(_, left)| *left)
}

#[tokio::test(flavor = "multi_thread")]
async fn from_the_menu_to_credits_from_the_wallet_to_a_boost() {
    let world = shop().await;
    starts(&world, ADA).await;
    has(&world, ADA, "12").await;
    walks_to_payment(&world, ADA).await;
    world.presses(ADA, "Wallet ($12.00)").await;
    world.reads(ADA, "$12.00 now, $7.00 afterwards").await;
    let (first, second) = tokio::join!(world.presses(ADA, "Pay now"), world.presses(ADA, "Pay now"));
    world.reads(ADA, "Your credits are there").await;
    let answers = [world.answer_to(&first).await, world.answer_to(&second).await];
    assert!(answers.iter().any(|text| text.contains("used already")), "{answers:?}");
    let profile = world.profile(ADA).await;
    assert_eq!((profile.wallet, posts(&world, ADA, "t1").await), (usd(7), 10));
    assert_eq!(world.app.invoices_of(UserId::new(ADA), 9).await.unwrap().len(), 1, "a double tap makes one invoice");
    // The account that it was bought for is known: the link goes on at once.
    world.says(ADA, "https://x.com/ada_writes/status/123").await;
    world.reads(ADA, "For which account").await;
    world.presses(ADA, "@ada_writes · Tier 1 (10 left)").await;
    world.reads(ADA, "Please check your boost").await;
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is queued").await;
    assert_eq!(posts(&world, ADA, "t1").await, 9);
    world.says(ADA, "/balance").await;
    world.reads(ADA, "Wallet: $7.00").await;
    world.presses(ADA, "History").await;
    world.reads(ADA, "-$5.00").await;
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_fails_is_tried_again_and_credited_once() {
    let world = shop().await;
    starts(&world, ADA).await;
    walks_to_payment(&world, ADA).await;
    let invoice = asks_for_usdt(&world, ADA).await;
    // D17: menus in between drop nothing.
    world.presses(ADA, "Main Menu").await;
    world.reads(ADA, "Welcome").await;
    world.says(ADA, "/invoices").await;
    world.reads(ADA, "Tap one to see").await;
    world.presses(ADA, "to pay").await;
    world.reads(ADA, "Send exactly").await;
    world.presses(ADA, "I have paid").await;
    world.reads(ADA, "transaction hash, please").await;
    // An address, then a hash that is cut short, then one that nobody knows.
    world.says(ADA, &invoice.coin.as_ref().unwrap().address).await;
    world.reads(ADA, "That is an address").await;
    world.says(ADA, &format!("0x{}", "a".repeat(63))).await;
    world.reads(ADA, "64 more characters").await;
    // A transaction that failed on the chain pays nothing, and the invoice is as it was.
    let coin = invoice.coin.clone().unwrap();
    let units = domain::chain::parse_units(&coin.amount, coin.asset.decimals()).unwrap();
    let pay = json!({ "asset": "usdt_bsc", "to": coin.address, "units": units.to_string(), "fail": true });
    let failed = world.control("POST", "/bsc/_pay", pay).await["hash"].as_str().unwrap().to_owned();
    world.says(ADA, &failed).await;
    world.reads(ADA, "failed on the network").await;
    assert_eq!(newest(&world, ADA).await.state, InvoiceState::Open);
    assert_eq!(posts(&world, ADA, "t1").await, 0);
    // Once more, rightly: pasted as a link, in capitals, outside any step.
    let hash = sends(&world, &invoice, (1, 1)).await;
    let link = format!("https://bscscan.com/tx/0X{}", hash.trim_start_matches("0x").to_ascii_uppercase());
    world.says(ADA, &link).await;
    world.reads(ADA, "✅ Paid").await;
    assert_eq!(posts(&world, ADA, "t1").await, 10);
    // The same again is nothing new.
    world.says(ADA, &hash).await;
    world.reads(ADA, "no invoice that waits").await;
    assert_eq!(posts(&world, ADA, "t1").await, 10);
    world.presses(ADA, "My Invoices").await;
    world.reads(ADA, "Tap one to see").await;
    world.presses(ADA, "paid").await;
    world.reads(ADA, "Your credits are there").await;
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_short_payment_is_finished_from_the_wallet() {
    let world = shop().await;
    starts(&world, ADA).await;
    has(&world, ADA, "4").await;
    walks_to_payment(&world, ADA).await;
    let invoice = asks_for_usdt(&world, ADA).await;
    let hash = sends(&world, &invoice, (1, 2)).await;
    world.says(ADA, &hash).await;
    world.reads(ADA, "too small").await;
    world.presses(ADA, "Show the invoice").await;
    world.reads(ADA, "Less came than was asked for").await;
    world.presses(ADA, "Pay the rest").await;
    world.reads(ADA, "When you confirm").await;
    world.presses(ADA, "Pay now").await;
    world.reads(ADA, "Your credits are there").await;
    assert_eq!(posts(&world, ADA, "t1").await, 10);
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_else_s_hash_is_a_matter_for_people() {
    let world = shop().await;
    for user in [ADA, BEN] {
        starts(&world, user).await;
        walks_to_payment(&world, user).await;
        asks_for_usdt(&world, user).await;
    }
    let invoice = newest(&world, ADA).await;
    let hash = sends(&world, &invoice, (1, 1)).await;
    world.says(ADA, &hash).await;
    world.reads(ADA, "✅ Paid").await;
    world.says(BEN, &hash).await;
    world.reads(BEN, "being looked at").await;
    assert_eq!((posts(&world, ADA, "t1").await, posts(&world, BEN, "t1").await), (10, 0));
    world.reads(OPS, "Two claims").await;
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_deliver_and_the_buyer_is_told_at_each_step() {
    let world = shop().await;
    starts(&world, ADA).await;
    has(&world, ADA, "40").await;
    for (round, words) in [(0, "is delivered"), (1, "given up")] {
        world.says(ADA, "/shop").await;
        world.reads(ADA, "Where do you want to grow").await;
        world.presses(ADA, "Twitter").await;
        world.reads(ADA, "followers for your profile").await;
        world.presses(ADA, "Followers").await;
        world.reads(ADA, "X followers").await;
        world.presses(ADA, "Direct Add").await;
        world.reads(ADA, "How many followers?").await;
        world.presses(ADA, "1,000 followers").await;
        world.reads(ADA, "Which profile").await;
        world.says(ADA, "https://twitter.com/Ada?s=20").await;
        world.reads(ADA, "https://x.com/ada").await;
        world.presses(ADA, "Wallet").await;
        world.reads(ADA, "afterwards").await;
        world.presses(ADA, "Pay now").await;
        world.reads(ADA, "being worked on").await;
        let told = world.reads(OPS, "for you to fulfil").await;
        assert!(told["text"].as_str().unwrap().contains("https://x.com/ada"), "{told}");
        // Somebody who is no operator decides nothing (D02).
        let press = world.presses_in(OPS, BEN, "Delivered").await;
        assert!(world.answer_to(&press).await.contains("not linked"));
        if round == 0 {
            world.presses_in(OPS, OPERATOR, "Delivered").await;
        } else {
            world.presses_in(OPS, OPERATOR, "Give the money back").await;
            world.reads(OPS, "Why is the money given back?").await;
            world.presses_in(OPS, OPERATOR, "account or channel is private").await;
        }
        world.reads(ADA, words).await;
    }
    assert_eq!(world.profile(ADA).await.wallet, usd(30));
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_friend_buys_earns_what_can_be_withdrawn() {
    let world = shop().await;
    starts(&world, ADA).await;
    world.says(BEN, &format!("/start ref_{ADA}")).await;
    world.reads(BEN, "Welcome").await;
    world.presses(BEN, "Service Menu").await;
    world.reads(BEN, "Where do you want to grow").await;
    world.presses(BEN, "Twitter").await;
    world.reads(BEN, "followers for your profile").await;
    world.presses(BEN, "Engagement").await;
    world.reads(BEN, "You buy posts").await;
    world.presses(BEN, "Tier 5").await;
    world.reads(BEN, "How many posts?").await;
    world.presses(BEN, "25 posts").await;
    world.reads(BEN, "Which X account").await;
    world.says(BEN, "ben").await;
    world.reads(BEN, "Total: $75.00").await;
    let invoice = asks_for_usdt(&world, BEN).await;
    let hash = sends(&world, &invoice, (1, 1)).await;
    world.says(BEN, &hash).await;
    world.reads(BEN, "✅ Paid").await;
    let told = world.reads(ADA, "You earned $7.50").await;
    assert!(told["text"].as_str().unwrap().contains("$75.00"), "{told}");
    assert_eq!(world.profile(ADA).await.affiliate, Money::usd_minor(7_500_000));
    world.walks_to_review(ADA, "5").await;
    world.presses(ADA, "Confirm").await;
    world.reads(ADA, "is requested").await;
    world.no_problems().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn when_payments_are_paused_nothing_is_sold_and_the_reason_stays_inside() {
    let world = shop().await;
    starts(&world, ADA).await;
    has(&world, ADA, "12").await;
    walks_to_payment(&world, ADA).await;
    world.app.set_switch(&admin(), Switch::Payments, true, "a fraud case", world.app.now()).await.unwrap();
    world.presses(ADA, "Wallet").await;
    let said = world.reads(ADA, "closed for a short while").await;
    assert!(!said["text"].as_str().unwrap().contains("fraud"), "{said}");
    assert_eq!(world.profile(ADA).await.wallet, usd(12));
    assert!(world.app.invoices_of(UserId::new(ADA), 9).await.unwrap().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn forged_and_foreign_buttons_buy_nothing() {
    let world = shop().await;
    for user in [ADA, BEN] {
        starts(&world, user).await;
    }
    has(&world, ADA, "12").await;
    walks_to_payment(&world, ADA).await;
    world.presses(ADA, "Wallet").await;
    let review = world.reads(ADA, "Total: $5.00").await;
    let (data, id): (&str, Option<i64>) =
        (review["buttons"][0]["callback_data"].as_str().unwrap(), review["message_id"].as_i64());
    let keyboard = data.split('.').next().unwrap();
    let far = format!("{keyboard}.99");
    for (user, data) in [(BEN, data), (ADA, far.as_str()), (ADA, "qty_x_engagement_10"), (BEN, "payment_crypto")] {
        let press: Value = world.sends_data(user, user, data, id).await;
        assert!(world.answer_to(&press).await.contains("does not work for you"), "{data}");
    }
    // D07: a dearer thing is chosen meanwhile; the old summary's button buys neither.
    world.says(ADA, "/shop").await;
    world.reads(ADA, "Where do you want to grow").await;
    let stale = world.sends_data(ADA, ADA, data, id).await;
    assert!(world.answer_to(&stale).await.contains("earlier step"));
    assert_eq!(world.profile(ADA).await.wallet, usd(12));
    for user in [ADA, BEN] {
        assert!(world.app.invoices_of(UserId::new(user), 9).await.unwrap().is_empty());
    }
    world.no_problems().await;
}
#[tokio::test(flavor = "multi_thread")]
async fn a_bank_transfer_fills_the_wallet() {
    let world = shop().await;
    starts(&world, ADA).await;
    world.says(ADA, "/topup").await;
    world.reads(ADA, "Top up your wallet").await;
    world.presses(ADA, "$20.00").await;
    world.reads(ADA, "How do you want to pay?").await;
    world.presses(ADA, "Bank transfer").await;
    world.reads(ADA, "e-mail address").await;
    world.says(ADA, "nobody").await;
    world.reads(ADA, "does not look like").await;
    world.says(ADA, "ada@example.com").await;
    world.reads(ADA, "ada@example.com").await;
    world.presses(ADA, "Get the account").await;
    world.reads(ADA, "account to pay to is ready").await;
    world.presses(ADA, "Show the invoice").await;
    world.reads(ADA, "Transfer exactly").await;
    let invoice = newest(&world, ADA).await;
    let bank = invoice.bank.unwrap();
    let transfer = json!({ "account": bank.account.unwrap(), "amount": bank.amount.amount_text() });
    world.control("POST", "/flutterwave/_transfer", transfer).await;
    world.reads(ADA, "wallet is topped up").await;
    assert_eq!(world.profile(ADA).await.wallet, usd(20));
    assert!(!world.lies_open("ada@example.com"), "an address lies sealed in the store");
    world.no_problems().await;
}
