//! An invoice from its making to its end, and the hashes that are sent for it.

use super::stage::{HASH, invoice, invoices};
use super::*;
use crate::screens::{claimed, finished, invoice_needs};
use app::invoices::{ClaimError, Claimed, FinishError, InvoiceShown};
use domain::chain::{Asset, Chain, TxIdError};
use domain::invoice::{ChargeState, InvoiceState, Method, PaymentState};
use domain::{InvoiceId, PaymentId};

const SIGNATURE: &str = "2qfNzGs15dt999rt1AUJ7D1oPQaukMPPmHR2u5ZmDo4cVtr1Pr2Dax4Jo7ryTpM8jxjtXLi5NHy4uyr68MVh5my6";

fn with(invoices: Vec<InvoiceShown>) -> Phone {
    let mut world = World { support: Some("https://t.me/help".to_owned()), ..World::default() };
    world.profile.wallet = usd(10);
    world.stage.invoices = invoices;
    Phone::new(world)
}

fn open(id: i64, asset: Asset) -> InvoiceShown {
    invoice(id, InvoiceState::Open, Method::Crypto(asset))
}

impl Phone {
    fn claim(&self) -> Option<(i64, String)> {
        match &self.command {
            Some(Command::Claim { invoice, typed }) => Some((invoice.get(), typed.clone())),
            _ => None,
        }
    }

    /// The business has looked at the hash.
    fn claimed(mut self, result: &Result<Claimed, ClaimError>) -> Self {
        let Some(Command::Claim { invoice, .. }) = self.command.take() else { panic!("nothing was claimed") };
        let model = self.world.model(&invoice_needs(invoice));
        let (conversation, outs) = claimed(invoice, result, &model);
        self.conversation = conversation;
        self.took(outs);
        self
    }
}

#[test]
fn every_state_says_what_is_and_what_comes_next() {
    let of = |state, method| {
        let phone = with(vec![invoice(1, state, method)]).on(&Event::Invoices);
        assert!(phone.says().contains("My Invoices"));
        phone.press("X engagement")
    };
    use InvoiceState as S;
    let coin = Method::Crypto(Asset::UsdtBsc);
    for (state, method, words, button) in [
        (S::Open, coin, "Send exactly", "send the hash"),
        (S::Open, Method::Bank, "Transfer exactly", "Refresh"),
        (S::Seen, coin, "looking for your transaction", "send the hash"),
        (S::Confirming, coin, "is confirming it", "Refresh"),
        (S::Paid, coin, "Your credits are there", "My Boosts"),
        (S::Short, coin, "$2.00 is missing", "Pay the rest"),
        (S::Over, coin, "the rest is in your wallet", "My Boosts"),
        (S::Expired, coin, "a payment is never lost", "send the hash"),
        (S::Late, coin, "came after its time", "Service Menu"),
        (S::Refunded, coin, "$5.00 was given back", "My Invoices"),
        (S::Disputed, coin, "by hand", "Support"),
    ] {
        let phone = of(state, method);
        assert!(phone.says().contains(words), "{state}: {}", phone.says());
        assert!(
            phone.has(button) && phone.has("My Invoices") && phone.has("Main Menu"),
            "{state}: {:?}",
            phone.labels()
        );
    }
    let bank = of(S::Open, Method::Bank);
    for part in ["₦8299.00", "Wema <Bank>", "8817432190", "Viral & Core", "2026-11-21 09:36 UTC"] {
        assert!(bank.says().contains(part), "{part} in {}", bank.says());
    }
    assert!(bank.view.html.as_str().contains("<code>8817432190</code>") && !bank.has("hash"));
    for (charge, words) in [(ChargeState::Wanted, "being prepared"), (ChargeState::Failed, "could not give an account")]
    {
        let mut shown = invoice(1, S::Open, Method::Bank);
        let account = shown.bank.as_mut().unwrap();
        (account.charge, account.account) = (charge, None);
        let phone = with(vec![shown]).on(&Event::Invoices).press("X engagement");
        assert!(phone.says().contains(words), "{}", phone.says());
    }
    let foreign = with(Vec::new()).pressed(Action::Go(Place::Invoice(InvoiceId::new(9))), "kb1");
    assert!(foreign.says().contains("cannot show that invoice") && foreign.has("Service Menu"));
    // D17: no button of a menu drops an invoice; it is there to come back to.
    let phone = of(S::Open, coin).press("Main Menu").press("My Balance").press("My Invoices");
    assert!(phone.has("to pay"), "{:?}", phone.labels());
}

#[test]
fn a_hash_is_sent_for_an_invoice() {
    let ask = || with(vec![open(3, Asset::UsdtBsc)]).on(&Event::Invoices).press("X engagement").press("send the hash");
    assert!(ask().says().contains("BNB Smart Chain (BEP20)") && ask().has("Back"), "{}", ask().says());
    let phone = ask().types(&format!("my hash: {HASH}"));
    assert_eq!(phone.claim(), Some((3, format!("my hash: {HASH}"))));
    let done = Claimed {
        payment: PaymentId::new(9),
        number: "INV-5501-0A".to_owned(),
        tx: HASH.to_owned(),
        state: InvoiceState::Seen,
        lacking: None,
    };
    let done = phone.claimed(&Ok(done));
    assert!(done.says().contains("looking for it") && done.says().contains(HASH) && done.has("Show the invoice"));
    assert_eq!(done.conversation, Conversation::start());
    // Whatever is wrong with it, it is asked for again, and nothing is lost.
    for (why, words) in [
        (TxIdError::Empty, "cannot see a transaction hash"),
        (TxIdError::AnAddress, "That is an address"),
        (TxIdError::OtherChain(vec![Chain::Solana]), "a transaction on Solana"),
        (TxIdError::LedgerVersion, "version number"),
        (TxIdError::NotOne, "64 more characters"),
    ] {
        let phone = ask().types("0x12").claimed(&Err(ClaimError::Hash(why)));
        assert!(phone.says().contains(words) && phone.says().contains("transaction hash, please"), "{}", phone.says());
        assert_eq!(phone.conversation.step, Step::Hash { invoice: InvoiceId::new(3) });
    }
    for (why, words) in [
        (ClaimError::NotYours(InvoiceId::new(3)), "cannot find"),
        (ClaimError::NotOpen(InvoiceState::Refunded), "given back"),
        (ClaimError::TooManyTries { next: now() }, "at 10:16"),
        (ClaimError::TakenByOther, "Somebody else named this transaction first"),
        (
            ClaimError::Already { state: PaymentState::Credited, number: "INV-1".to_owned() },
            "credited already, for INV-1",
        ),
        (ClaimError::Already { state: PaymentState::Waiting, number: "INV-1".to_owned() }, "looking for it"),
        (ClaimError::Already { state: PaymentState::Refused, number: "INV-1".to_owned() }, "does not pay"),
        (ClaimError::Already { state: PaymentState::Disputed, number: "INV-1".to_owned() }, "Our team"),
        (ClaimError::Closed("paused".to_owned()), "nothing is lost"),
    ] {
        let phone = ask().types(HASH).claimed(&Err(why));
        assert!(phone.says().contains(words) && phone.has("Show the invoice"), "{words}: {}", phone.says());
        assert!(!phone.says().contains("paused"));
    }
}

#[test]
fn a_pasted_hash_finds_its_invoice() {
    let link = format!("https://bscscan.com/tx/{HASH}");
    for typed in [HASH, HASH.trim_start_matches("0x"), &link] {
        let phone = with(vec![open(3, Asset::UsdtBsc), invoice(4, InvoiceState::Paid, Method::Crypto(Asset::Bnb))])
            .types(typed);
        assert_eq!(phone.claim(), Some((3, typed.to_owned())));
    }
    // The chain tells two apart; where it does not, the user is asked.
    let two = || with(vec![open(3, Asset::UsdtBsc), open(4, Asset::Sol)]);
    assert_eq!(two().types(SIGNATURE).claim().map(|(id, _)| id), Some(4));
    assert_eq!(two().types(HASH).claim().map(|(id, _)| id), Some(3));
    let asked = with(vec![open(3, Asset::UsdtBsc), open(4, Asset::Bnb)]).types(HASH);
    assert!(asked.says().contains("Which invoice") && asked.claim().is_none());
    let keyboard = format!("kb{}", asked.screens);
    let phone = asked.pressed(Action::HashFor(InvoiceId::new(4)), &keyboard);
    assert_eq!(phone.claim(), Some((4, HASH.to_owned())));
    // Words while it is asked repeat the question; another hash is asked about anew.
    let again = with(vec![open(3, Asset::UsdtBsc), open(4, Asset::Bnb)]).types(HASH).types("the first");
    assert!(again.says().contains("Which invoice"));
    // Wrong chain for the only one: the rules say so.
    assert_eq!(with(vec![open(3, Asset::Sol)]).types(HASH).claim().map(|(id, _)| id), Some(3));
    // An expired one takes it too, after the open ones.
    let old = || invoice(5, InvoiceState::Expired, Method::Crypto(Asset::UsdtBsc));
    assert_eq!(with(vec![old()]).types(HASH).claim().map(|(id, _)| id), Some(5));
    assert_eq!(with(vec![old(), open(3, Asset::Bnb)]).types(HASH).claim().map(|(id, _)| id), Some(3));
    let none = with(vec![invoice(4, InvoiceState::Paid, Method::Crypto(Asset::Bnb))]).types(HASH);
    assert!(none.says().contains("no invoice that waits") && none.has("My Invoices") && none.claim().is_none());
    // While something else is being put together, too.
    let mut shopping = with(vec![open(3, Asset::UsdtBsc)]).press("Service").press("Twitter");
    shopping = shopping.press("Engagement").press("x_t1").types(HASH);
    assert_eq!(shopping.claim().map(|(id, _)| id), Some(3));
    // What merely looks alike is not one.
    for typed in ["hello", "0x1234", "12345678901234567890", "https://x.com/ada/status/1"] {
        assert!(with(vec![open(3, Asset::UsdtBsc)]).types(typed).claim().is_none(), "{typed}");
    }
}

#[test]
fn the_rest_is_paid_from_the_wallet() {
    let short = || invoice(3, InvoiceState::Short, Method::Crypto(Asset::UsdtBsc));
    let review = || with(vec![short()]).on(&Event::Invoices).press("X engagement").press("Pay the rest");
    assert!(review().says().contains("$10.00 now, $5.00 afterwards"), "{}", review().says());
    assert!(review().types("yes").says().contains("use the buttons"));
    let phone = review().press("Pay now");
    let Some(Command::Spend { what: Spend::Finish(id), .. }) = &phone.command else { panic!() };
    assert_eq!(id.get(), 3);
    let model = phone.world.model(&invoice_needs(*id));
    let (_, outs) = finished(&Ok(invoice(3, InvoiceState::Paid, Method::Crypto(Asset::UsdtBsc))), &model);
    assert!(matches!(&outs[..], [Out::Show(view)] if view.html.plain().contains("Paid.")));
    for (why, words) in [
        (FinishError::NotYours(InvoiceId::new(3)), "cannot find"),
        (FinishError::NotShort(InvoiceState::Paid), "nothing to add"),
        (FinishError::Insufficient { available: usd(1) }, "$1.00"),
        (FinishError::Closed("paused".to_owned()), "closed for a short while"),
        (FinishError::Frozen, "on hold"),
    ] {
        let (_, outs) = finished(&Err(why), &model);
        let [Out::Show(view)] = &outs[..] else { panic!() };
        assert!(view.html.plain().contains(words) && !view.rows.is_empty(), "{}", view.html.plain());
    }
    let mut poor = with(vec![short()]);
    poor.world.profile.wallet = usd(3);
    let phone = poor.on(&Event::Invoices).press("X engagement").press("Pay the rest");
    assert!(phone.says().contains("You need $2.00 more") && phone.has("Top up $2.00"), "{}", phone.says());
}

#[test]
fn balances_and_their_history_are_shown() {
    let mut phone = with(Vec::new());
    phone.world.profile.posts = vec![("t1".to_owned(), 12), ("tgt5".to_owned(), 3), ("ct4".to_owned(), 1)];
    phone.world.stage.history = 30;
    let balance = phone.press("My Balance");
    for part in [
        "Wallet: $10.00",
        "Affiliate earnings: $25.00 (about ₦39,000.00",
        "Tier 1: 12",
        "Telegram (5 comments): 3",
        "Custom plan 4: 1",
    ] {
        assert!(balance.says().contains(part), "{part} in {}", balance.says());
    }
    let history = balance.press("History");
    for part in ["+$5.00 · wallet · payment received", "-3 posts", "purchase"] {
        assert!(history.says().contains(part), "{part} in {}", history.says());
    }
    assert!(history.has("Older") && !history.has("Newer"));
    let last = history.press("Older").press("Older");
    assert!(last.has("Newer") && !last.has("Older"));
    let beyond = last.pressed(Action::Go(Place::History(40)), "kb1");
    assert!(beyond.says().contains("nothing older") && beyond.has("Newer"));
    let mut none = with(invoices());
    none.world.stage.history = 0;
    assert!(none.press("My Balance").press("History").says().contains("Nothing has come in"));
}
