//! From the service menu to an invoice: every shelf, every question, every way to pay.

use super::stage::{plan, product};
use super::*;
use crate::conversation::PayAt;
use crate::screens::invoiced;
use app::invoices::{InvoiceError, Made, NewInvoice, Order};
use domain::IdempotencyKey;
use domain::chain::Asset;
use domain::invoice::{InvoiceState, Method};
use domain::product::{Asks, Details, QuantityError};

fn shopper() -> World {
    let mut world = World { support: Some("https://t.me/help".to_owned()), ..World::default() };
    world.profile.wallet = usd(30);
    world.stage.names = vec![
        (domain::boost::Platform::X, "ada_x".to_owned()),
        (domain::boost::Platform::Telegram, "ada_chan".to_owned()),
    ];
    world
}

fn services() -> Phone {
    Phone::new(shopper()).press("Service Menu")
}

fn tier_one() -> Phone {
    services().press("Twitter").press("Engagement").press("x_t1")
}

fn at_payment() -> Phone {
    tier_one().press("10 posts · $5.00").press("@ada_x")
}

impl Phone {
    /// What was asked of the business.
    fn new_invoice(&self) -> &NewInvoice {
        let Some(Command::Spend { what: Spend::Invoice(request), .. }) = &self.command else {
            panic!("no invoice was asked for under {}", self.says())
        };
        request
    }

    /// The business has answered.
    fn invoiced(mut self, result: &Result<Made, InvoiceError>) -> Self {
        let request = self.new_invoice().clone();
        let model = self.world.model(&Needs {
            offered: Some(request.order.clone()),
            invoices: true,
            products: true,
            names: true,
            ..Needs::default()
        });
        let (conversation, outs) = invoiced(&request, result, &model);
        self.command = None;
        self.conversation = conversation;
        self.took(outs);
        self
    }
}

#[test]
fn the_menus_are_those_of_the_rules() {
    let menu = services();
    assert_eq!(menu.labels(), ["🐦 Twitter / X", "✈️ Telegram", "🖥 VPS", "🏠 Main Menu"]);
    let x = menu.press("Twitter");
    for label in ["Engagement", "Followers", "x_poll", "Special Plans", "Back", "Main Menu"] {
        assert!(x.has(label), "{label} in {:?}", x.labels());
    }
    let tiers = x.press("Engagement");
    for label in ["x_t1", "x_t5", "$3.00 a post", "Custom Order"] {
        assert!(tiers.has(label), "{label} in {:?}", tiers.labels());
    }
    assert!(tiers.says().contains("What <b>it</b> is") && !tiers.has("Custom Plans"));
    let followers = tiers.press("Back").press("Followers");
    assert!(
        followers.has("$10.00 for 1,000 followers") && followers.has("$0.15 for 10 followers"),
        "{:?}",
        followers.labels()
    );
    for (shelf, words) in [("Giveaway", "giveaways"), ("Back", "Twitter")] {
        let phone = services().press("Twitter").press("Followers").press(shelf);
        assert!(phone.says().contains(words), "{}", phone.says());
    }
    let telegram = services().press("Telegram");
    assert!(telegram.has("$3.50 for 50 members") && telegram.has("$10.00 a month") && telegram.has("Extra Plans"));
    let comments = telegram.press("Engagement");
    for n in [5, 10, 15, 20, 25, 30] {
        assert!(comments.has(&format!("tg_{n}>")), "{n} in {:?}", comments.labels());
    }
    // What is agreed with the team has the way to it.
    for (shelf, button) in [("Twitter", "Special Plans"), ("Telegram", "Extra Plans")] {
        let phone = services().press(shelf).press(button);
        assert!(phone.has("Talk to us") && phone.has("Back"), "{:?}", phone.labels());
    }
}

#[test]
fn the_way_from_a_tier_to_an_invoice_in_coins() {
    let phone = tier_one();
    assert!(phone.says().contains("10 to 10,000") && phone.has("25 posts · $12.50") && phone.has("100 posts · $50.00"));
    let phone = phone.types("12");
    assert!(phone.says().contains("12 posts · $6.00") && phone.says().contains("Which X account"), "{}", phone.says());
    let pay = phone.types("https://x.com/Ada_Writes");
    for part in ["Quantity: 12", "$0.50 each", "X account: @ada_writes", "Total: $6.00", "Your wallet: $30.00"] {
        assert!(pay.says().contains(part), "{part} in {}", pay.says());
    }
    for label in ["Crypto", "Bank transfer", "Wallet ($30.00)", "Affiliate earnings ($25.00)", "Back", "Cancel"] {
        assert!(pay.has(label), "{label} in {:?}", pay.labels());
    }
    let coins = pay.press("Crypto");
    for label in ["USDT", "BNB", "SOL", "TRX", "APT"] {
        assert!(coins.has(label), "{label} in {:?}", coins.labels());
    }
    let networks = coins.press("USDT");
    for label in ["BEP20", "SPL", "TRC20", "Aptos"] {
        assert!(networks.has(label), "{label} in {:?}", networks.labels());
    }
    let keyboard = format!("kb{}", networks.screens);
    let phone = networks.press("TRC20");
    let request = phone.new_invoice();
    let details = Details::XName { x_name: "ada_writes".to_owned() };
    assert_eq!(request.order, Order::Buy { product: "x_t1".to_owned(), quantity: 12, details });
    assert_eq!((request.user, request.method, &request.email), (ADA, Method::Crypto(Asset::UsdtTron), &None));
    assert_eq!(Some(&request.key), IdempotencyKey::button(&keyboard).as_ref());
    let made =
        Made { invoice: stage::invoice(7, InvoiceState::Open, Method::Crypto(Asset::UsdtTron)), replayed: false };
    let phone = phone.invoiced(&Ok(made));
    for part in ["5.004300 USDT", "Tron (TRC20)", "0x5290", "2026-11-21 09:36 UTC", "20 minutes from now", "INV-5501-"]
    {
        assert!(phone.says().contains(part), "{part} in {}", phone.says());
    }
    assert!(phone.view.html.as_str().contains("<code>5.004300</code>"));
    assert_eq!(phone.conversation, Conversation::start());
}

#[test]
fn a_balance_pays_after_a_last_look() {
    let review = at_payment().press("Wallet ($30.00)");
    assert!(review.says().contains("$30.00 now, $25.00 afterwards") && review.command.is_none(), "{}", review.says());
    let review = review.types("yes");
    assert!(review.says().contains("use the buttons"));
    let phone = review.press("Pay now");
    assert_eq!(phone.new_invoice().method, Method::Wallet);
    let made = Made { invoice: stage::invoice(7, InvoiceState::Paid, Method::Wallet), replayed: false };
    let phone = phone.invoiced(&Ok(made));
    assert!(phone.says().contains("Paid. Your credits are there") && phone.has("My Boosts"), "{}", phone.says());
    // From affiliate earnings only where they suffice.
    let mut poor = shopper();
    (poor.profile.wallet, poor.profile.affiliate) = (usd(2), usd(4));
    let phone = Phone::new(poor).press("Service").press("Twitter").press("Engagement").press("x_t1");
    let phone = phone.press("10 posts").press("@ada_x");
    assert!(phone.says().contains("Your wallet: $2.00 ($3.00 short)"), "{}", phone.says());
    assert!(!phone.has("Wallet") && !phone.has("Affiliate"), "{:?}", phone.labels());
    // What went meanwhile is said, and the other ways stay.
    let mut phone = at_payment();
    phone.world.profile.wallet = usd(1);
    let phone = phone.press("Wallet ($30.00)");
    assert!(phone.says().contains("does not hold that much") && phone.has("Crypto"), "{}", phone.says());
}

#[test]
fn a_bank_transfer_asks_for_an_address_once() {
    let ask = at_payment().press("Bank transfer");
    assert!(ask.says().contains("e-mail address"), "{}", ask.says());
    for typed in ["ada", "ada@", "@example.com", "a b@example.com", "ada@example", ""] {
        let phone = at_payment().press("Bank transfer").types(typed);
        assert!(phone.says().contains("does not look like") && phone.has("Back"), "{typed}: {}", phone.says());
    }
    let review = ask.types(" ada@example.com ");
    assert!(review.says().contains("ada@example.com") && review.has("Another e-mail"), "{}", review.says());
    let phone = review.press("Get the account");
    let request = phone.new_invoice();
    assert_eq!((request.method, request.email.as_deref()), (Method::Bank, Some("ada@example.com")));
    let mut known = at_payment();
    known.world.stage.email_known = true;
    let review = known.press("Bank transfer");
    assert!(review.says().contains("the one that you gave before"), "{}", review.says());
    let phone = review.press("Another e-mail").types("b@example.com").press("Get the account");
    assert_eq!(phone.new_invoice().email.as_deref(), Some("b@example.com"));
}

#[test]
fn everything_is_asked_for_before_it_is_paid() {
    let details = |phone: &Phone| match &phone.conversation.step {
        Step::Pay { order: Order::Buy { details, .. }, at: PayAt::Method } => serde_json::to_string(details).unwrap(),
        step => panic!("{step:?}: {}", phone.says()),
    };
    let x = || services().press("Twitter");
    let poll = || x().press("x_poll").press("25 votes");
    for (phone, expected) in [
        (
            poll().types("https://x.com/ada/status/12?s=20").press("Option 3"),
            r#"{"poll":"https://x.com/ada/status/12","option":3}"#,
        ),
        (
            poll().types("https://mobile.twitter.com/ada/status/12, 2"),
            r#"{"poll":"https://x.com/ada/status/12","option":2}"#,
        ),
        (poll().types("x.com/ada/status/12").types("4"), r#"{"poll":"https://x.com/ada/status/12","option":4}"#),
        (
            x().press("Followers").press("direct_add").press("2,000").press("x.com/ada_x"),
            r#"{"profile":"https://x.com/ada_x"}"#,
        ),
        (
            x().press("Followers").press("slow_push").types("120").types("@ada").press("30 days"),
            r#"{"profile":"https://x.com/ada","days":30}"#,
        ),
        (
            x().press("Followers").press("slow_push").press("100").press("x.com/ada_x").types("199"),
            r#"{"profile":"https://x.com/ada_x","days":199}"#,
        ),
        (services().press("Telegram").press("tg_premium").types("50").types("t.me/chan"), r#"{"channel":"@chan"}"#),
        (
            services().press("Telegram").press("tg_automation").press("1 month").press("@ada_chan"),
            r#"{"channel":"@ada_chan"}"#,
        ),
        (
            services().press("Telegram").press("Engagement").press("tg_10>").types("1,000").press("@ada_chan"),
            r#"{"tg_name":"ada_chan"}"#,
        ),
    ] {
        assert_eq!(details(&phone), expected);
    }
    let total = services().press("Telegram").press("Engagement").press("tg_30").press("100 posts").types("@chan_a");
    assert!(total.says().contains("Total: $60.00"), "D41: {}", total.says());
}

#[test]
fn what_is_wrong_is_said_where_it_is_asked() {
    for (typed, words) in [
        ("9", "least is 10 posts"),
        ("10001", "most at once is 10,000 posts"),
        ("ten", "could not read"),
        ("1e3", "could not read"),
        ("-5", "could not read"),
        ("99999999999999999999", "could not read"),
        ("", "could not read"),
    ] {
        let phone = tier_one().types(typed);
        assert!(phone.says().contains(words) && phone.has("10 posts"), "{typed}: {}", phone.says());
    }
    let slow = || services().press("Twitter").press("Followers").press("slow_push");
    assert!(slow().types("105").says().contains("steps of 10"));
    let poll = || services().press("Twitter").press("x_poll").press("25 votes");
    for (phone, words) in [
        (tier_one().press("10 posts").types("not a name"), "cannot be the name of an X account"),
        (poll().types("https://t.me/chan/1"), "cannot see a post"),
        (poll().types("https://x.com/ada/status/12 9"), "1, 2, 3 or 4"),
        (poll().types("https://x.com/ada/status/12").types("seven"), "1, 2, 3 or 4"),
        (slow().press("100").types("ada"), "no link to a profile"),
        (slow().press("100").types("@ada").types("201"), "1 to 200"),
        (services().press("Telegram").press("tg_premium").types("60").types("https://x.com/a"), "cannot see a channel"),
        (
            services().press("Telegram").press("Engagement").press("tg_5>").press("10 posts").types("abc"),
            "4 to 32 letters",
        ),
    ] {
        assert!(phone.says().contains(words), "{words}: {}", phone.says());
        assert!(phone.has("Back") && phone.has("Cancel") && phone.command.is_none());
    }
    // Back leads one step back, and what was chosen stays.
    let phone = at_payment().press("Back");
    assert!(phone.says().contains("Which X account") && phone.says().contains("10 posts · $5.00"));
    let phone = phone.press("Back").press("Back");
    assert!(phone.says().contains("X engagement"), "{}", phone.says());
    let phone = poll().types("https://x.com/ada/status/12").press("Back");
    assert!(phone.says().contains("Which poll"));
    let networks = at_payment().press("Crypto").press("USDT").press("Back");
    assert!(networks.has("BNB") && networks.press("Back").has("Bank transfer"));
}

#[test]
fn what_cannot_be_had_says_so_and_leads_on() {
    let mut world = shopper();
    world.stage.products[0].enabled = false;
    let tiers = Phone::new(world).press("Service").press("Twitter").press("Engagement");
    assert!(tiers.says().contains("Not available at the moment") && tiers.has("not now"));
    let gone = tiers.press("x_t1");
    assert!(gone.says().contains("not available at the moment") && gone.has("Service Menu") && gone.has("Back"));
    // Taken off while somebody is at it: at every step.
    let steps: [fn() -> Phone; 4] =
        [tier_one, || tier_one().press("10 posts"), at_payment, || at_payment().press("Crypto")];
    for (step, press) in steps.into_iter().zip(["10 posts", "@ada_x", "Crypto", "BNB"]) {
        let mut phone = step();
        phone.world.stage.products[0].enabled = false;
        let mut phone = phone.press(press);
        if phone.command.is_some() {
            phone = phone.invoiced(&Err(InvoiceError::NotSold("x_t1".to_owned())));
        }
        assert!(phone.says().contains("not available"), "{press}: {}", phone.says());
    }
    let mut phone = at_payment();
    phone.world.stage.outside.clear();
    let phone = phone.press("Crypto");
    assert!(phone.says().contains("Crypto cannot be taken") && phone.has("Wallet"), "{}", phone.says());
}

#[test]
fn every_refusal_has_words_and_a_way_on() {
    use InvoiceError as E;
    for (why, words, button) in [
        (E::NotSold("x_t1".to_owned()), "not available", "Service Menu"),
        (E::Quantity(QuantityError::Below(20)), "least is 20", "Cancel"),
        (E::Details, "say it once more", "Cancel"),
        (E::NotOffered(Method::Crypto(Asset::Bnb)), "Crypto cannot be taken", "Wallet"),
        (E::NoPrice("sources are apart".to_owned()), "price for that is not certain", "Wallet"),
        (E::Insufficient { available: usd(1) }, "holds $1.00", "Crypto"),
        (E::TooManyOpen(5), "5 open invoices", "Back"),
        (E::TooDear(usd(100)), "more than one invoice may be for", "Service Menu"),
        (E::EmailNeeded, "e-mail", "Cancel"),
        (E::NoUser(ADA), "/start", "Main Menu"),
        (E::Frozen, "on hold", "Support"),
        (E::Closed("payments are paused: a test".to_owned()), "closed for a short while", "Main Menu"),
        (E::KeyReused(IdempotencyKey::button("k").unwrap()), "choose again", "Main Menu"),
    ] {
        let text = format!("{why:?}");
        let phone = at_payment().press("Crypto").press("BNB").invoiced(&Err(why));
        assert!(phone.says().contains(words), "{text}: {}", phone.says());
        assert!(!phone.says().contains("paused") && !phone.says().contains("apart"));
        assert!(phone.has(button), "{text}: {:?}", phone.labels());
    }
    // The same where the choice of paying is drawn.
    let mut phone = tier_one().press("10 posts");
    phone.world.stage.refuses = Some(|| E::Closed("payments are paused".to_owned()));
    let phone = phone.press("@ada_x");
    assert!(phone.says().contains("closed for a short while") && phone.has("Main Menu"));
}

#[test]
fn money_goes_into_the_wallet() {
    let phone = Phone::new(shopper()).press("My Balance").press("Top up");
    assert!(phone.says().contains("It holds $30.00 now"), "{}", phone.says());
    let pay = phone.press("$20.00");
    assert!(pay.says().contains("Total: $20.00") && !pay.has("👛") && pay.has("Crypto"), "{:?}", pay.labels());
    let phone = pay.press("Crypto").press("SOL");
    assert_eq!(phone.new_invoice().order, Order::Topup { amount: usd(20) });
    let at = || Phone::new(shopper()).on(&Event::Topup);
    for (typed, total) in [("12.5", "$12.50"), ("$ 1,000", "$1,000.00"), ("7$", "$7.00")] {
        assert!(at().types(typed).says().contains(&format!("Total: {total}")), "{typed}");
    }
    for typed in ["abc", "0", "-3", "1.005", "1e3", ""] {
        assert!(at().types(typed).says().contains("could not read"), "{typed}");
    }
    let refused = at().types("0.50");
    assert!(refused.says().contains("$1.00 to $10,000.00") && refused.has("Another amount"), "{}", refused.says());
    assert!(at().press("Back").says().contains("My Balance"));
    // A server that the wallet cannot pay: what is missing is offered, at least the least.
    let mut poor = vps::shelf_world();
    poor.profile.wallet = Money::usd_minor(3_004_999);
    let phone = Phone::new(poor).press("VPS").press("Ocean").press("8GB");
    let phone = phone.press("Top up $9.00");
    assert!(phone.says().contains("Total: $9.00"), "{}", phone.says());
}

#[test]
fn plans_of_one_s_own_are_shown_and_used() {
    let mut world = shopper();
    world.stage.plans = vec![plan(4, true, 12), plan(5, false, 3), plan(6, true, 0)];
    world.profile.posts = vec![("ct4".to_owned(), 12)];
    world.profile.plans = vec![domain::boost::BoostPlan {
        plan: domain::money::Plan::new("ct4").unwrap(),
        platform: domain::boost::Platform::X,
        targets: world.stage.plans[0].plan.targets,
        price: usd(0),
    }];
    let phone = Phone::new(world).press("Service").press("Twitter").press("Engagement").press("My Custom Plans");
    assert!(
        phone.says().contains("Launch <4> (#4) · 12 of 50 posts left") && !phone.says().contains("#5"),
        "{}",
        phone.says()
    );
    let phone = phone.press("View My Plans");
    for part in ["#4", "#5", "#6", "Not active", "1,000 views, 40 likes, 5 comments"] {
        assert!(phone.says().contains(part), "{part} in {}", phone.says());
    }
    // D23: no bought tier is needed.
    let phone = phone.types("https://x.com/ada/status/1").press("Launch <4> (12 left)");
    assert!(
        phone.says().contains("Please check your boost") && phone.says().contains("11 are left"),
        "{}",
        phone.says()
    );
    assert!(phone.press("Confirm").command.is_some());
}

#[test]
fn a_product_that_asks_nothing_goes_on() {
    let mut world = shopper();
    world.stage.products[0] = product("x_t1", 500, (1, 1, 5), &[1], Asks::Nothing);
    let phone = Phone::new(world).press("Service").press("Twitter").press("Engagement").press("x_t1");
    assert!(phone.press("1 piece").press("Go on").says().contains("Total: $0.50"));
}
