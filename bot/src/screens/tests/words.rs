//! Every refusal has words that say what comes next, and no text is too long or unescaped.

use super::*;
use crate::render;
use crate::screens::ops;
use app::command::{DecideError, Decided, Decision};
use app::notice::{Notice, OpsWithdrawal, WithdrawalNews};
use app::settings::{RejectReason, Settings};
use domain::CaseId;
use domain::IdempotencyKey;
use domain::operator::NotAllowed;

#[test]
fn amounts_that_are_refused_are_asked_for_again() {
    for (typed, words) in [
        ("abc", "could not read"),
        ("$5", "could not read"),
        ("1e3", "could not read"),
        ("-5", "could not read"),
        ("", "could not read"),
        ("0.5", "below the minimum of $1.00"),
        ("501", "above the maximum of $500.00"),
        ("26", "$25.00 can be withdrawn"),
    ] {
        let phone = Phone::new(World::default()).press("My Balance").press("Withdraw").types(typed);
        assert!(phone.says().contains(words), "{typed}: {}", phone.says());
        assert!(phone.says().contains("Please type the amount") && phone.has("Back") && phone.has("Cancel"));
        assert_eq!(phone.conversation.step, Step::Amount { source: Source::Affiliate });
    }
}

#[test]
fn a_withdrawal_that_cannot_begin_says_why() {
    let mut poor = World::default();
    poor.profile.affiliate = Money::usd_minor(400_000);
    let mut frozen = World::default();
    frozen.profile.frozen = true;
    let no_rate = World { bounds: Err(()), ..World::default() };
    for (world, words) in
        [(poor, "the least is $1.00"), (frozen, "on hold"), (no_rate, "exchange rate is not available")]
    {
        let phone = Phone::new(world).pressed(Action::Withdraw(Source::Affiliate), "kb9");
        assert!(phone.says().contains(words), "{}", phone.says());
        assert!(phone.has("Back") && phone.has("Main Menu") && phone.conversation == Conversation::start());
    }
}

#[test]
fn accounts_that_are_refused_are_asked_for_again() {
    for (why, words) in [
        (ResolveAccountError::NotAnAccount, "exactly 10 digits"),
        (ResolveAccountError::NotFound, "does not know this account number"),
        (ResolveAccountError::Unavailable("timed out".to_owned()), "cannot be asked"),
    ] {
        let mut phone = at_account();
        phone.world.account = Err(why);
        let phone = phone.types("2081554421");
        assert!(phone.says().contains(words) && phone.says().contains("Zenith Bank"), "{}", phone.says());
        assert!(!phone.says().contains("timed out"));
        assert!(matches!(phone.conversation.step, Step::Account { .. }));
    }
}

#[test]
fn a_request_that_is_refused_says_so_and_what_next() {
    use RequestWithdrawalError as E;
    let soon = now().plus(Duration::from_secs(3_600));
    for (why, words, button) in [
        (E::Quote(QuoteError::InsufficientBalance { available: usd(2) }), "$2.00 can be withdrawn", "Another amount"),
        (E::Quote(QuoteError::NoRate(String::new())), "exchange rate", "Another amount"),
        (E::QuoteOver, "ran out", "New offer"),
        (E::TooMany { next: soon }, "from 11:16 (Lagos time)", "Main Menu"),
        (E::TooMany { next: now().plus(Duration::from_secs(86_400)) }, "22 Nov 2026, 10:16", "Main Menu"),
        (E::Frozen, "on hold", "Main Menu"),
        (E::Closed("no envelope key".to_owned()), "closed for a short while", "Main Menu"),
        (E::KeyReused(IdempotencyKey::button("k").unwrap()), "start again", "Another amount"),
    ] {
        let phone = at_review().press("Confirm").answered(&Err(why));
        assert!(phone.says().contains("Nothing was requested") && phone.says().contains(words), "{}", phone.says());
        assert!(!phone.says().contains("envelope") && phone.has(button), "{:?}", phone.labels());
    }
    // A new offer for the same account.
    let phone = at_review().press("Confirm").answered(&Err(E::QuoteOver));
    assert!(phone.press("New offer").has("Confirm"));
    let replayed = at_review().press("Confirm").answered(&Ok(Requested { id: WithdrawalId::new(7), replayed: true }));
    assert!(replayed.says().contains("#7 is requested already"));
}

#[test]
fn words_that_nobody_waits_for_are_met_kindly() {
    for event in [Event::Text("hello there".to_owned()), Event::Text("/dance".to_owned()), Event::Unreadable] {
        let phone = Phone::new(World::default()).on(&event);
        assert!(phone.says().starts_with("Sorry, I did not understand") && phone.has("My Balance"));
    }
    for walk in [at_name, at_review] {
        let there = walk().conversation.step;
        let phone = walk().types("yes please");
        assert!(phone.says().contains("use the buttons"));
        assert_eq!(phone.conversation.step, there);
    }
}

fn news(reason: Option<&str>, manual: bool) -> WithdrawalNews {
    WithdrawalNews {
        id: WithdrawalId::new(17),
        payout: ngn(7_801),
        amount: usd(5),
        bank: "Zenith <Bank>".to_owned(),
        account: "****4421".to_owned(),
        reason: reason.map(str::to_owned),
        manual,
        reference: Some("vc-w-17-1".to_owned()),
    }
}

fn request(decidable: bool) -> OpsWithdrawal {
    OpsWithdrawal {
        id: WithdrawalId::new(17),
        version: 3,
        user: ADA,
        username: "@ada<b>".to_owned(),
        source: "affiliate".to_owned(),
        amount: usd(5),
        payout: ngn(7_801),
        bank: "Zenith Bank".to_owned(),
        account: "****4421".to_owned(),
        name: "AD* ***NS".to_owned(),
        flags: vec!["new payee".to_owned()],
        mode: "automatic".to_owned(),
        decidable,
    }
}

#[test]
fn all_news_reads_well() {
    for (notice, parts) in [
        (Notice::WithdrawalApproved(news(None, false)), vec!["#17 is approved", "goes to your bank next"]),
        (Notice::WithdrawalApproved(news(None, true)), vec!["by hand", "1 to 3 business days"]),
        (Notice::WithdrawalSent(news(None, false)), vec!["on its way", "vc-w-17-1"]),
        (Notice::WithdrawalPaid(news(None, false)), vec!["#17 is paid", "₦7,801.00 to Zenith <Bank> ****4421"]),
        (Notice::WithdrawalFailed(news(Some("Bank <down>"), false)), vec!["Reason: Bank <down>", "$5.00 is back"]),
        (Notice::WithdrawalRejected(news(Some("No match."), false)), vec!["declined", "No match.", "$5.00 is back"]),
        (Notice::WithdrawalReturned(news(None, false)), vec!["came back", "$5.00 is in your balance again"]),
        (
            Notice::BalanceAdjusted { purse: "reply".to_owned(), amount: ngn(-50), reason: "typo".to_owned() },
            vec!["-₦50.00 on your reply earnings", "Reason: typo"],
        ),
        (
            Notice::OpsAlarm {
                kind: "rail".to_owned(),
                title: "Rail <down>".to_owned(),
                text: "why ".repeat(150),
                correlation: "abc".to_owned(),
            },
            vec!["🚨 Rail <down>", "abc"],
        ),
        (Notice::OpsRequested(request(true)), vec!["#17 · automatic", "@ada<b> (5501)", "⚠️ new payee", "₦7,801.00"]),
        (Notice::OpsRequested(request(false)), vec!["Decide in the terminal: 17"]),
    ] {
        let (view, _) = render::notice(&notice);
        for part in parts {
            assert!(view.html.plain().contains(part), "{part} in {}", view.html.plain());
        }
        let decidable = matches!(&notice, Notice::OpsRequested(request) if request.decidable);
        assert_eq!(view.actions().len(), if decidable { 2 } else { 0 });
        assert!(!view.html.as_str().contains("<b>&lt;b>") && view.html.shown_len() < 1_024);
    }
}

#[test]
fn operators_decide_with_two_buttons_and_a_reason() {
    let reasons = Settings::sandbox().withdrawals.reject_reasons;
    let request = request(true);
    let decision = |what: &str| Decision { id: request.id, version: 3, op: format!("tg-kb-{what}") };
    let press = |action: Action| ops::press(&action, "kb", &request, &reasons);
    assert_eq!(press(Action::Approve), ops::Pressed::Decide(ops::Decide::Approve(decision("approve"))));
    let ops::Pressed::Show(outs) = press(Action::Reject) else { panic!() };
    let [Out::Show(view)] = outs.as_slice() else { panic!() };
    assert_eq!(view.actions().len(), reasons.len() + 1);
    let chosen: &RejectReason = &reasons[0];
    assert_eq!(view.actions()[0], Action::RejectFor(chosen.code.clone()));
    assert_eq!(
        press(Action::RejectFor(chosen.code.clone())),
        ops::Pressed::Decide(ops::Decide::Reject(decision("reject"), chosen.clone()))
    );
    for action in [Action::RejectFor("gone".to_owned()), Action::Confirm] {
        let pressed = press(action);
        assert!(matches!(&pressed, ops::Pressed::Show(outs) if matches!(outs[..], [Out::Toast { .. }])));
    }
    let ops::Pressed::Show(outs) = press(Action::Undecided) else { panic!() };
    assert!(matches!(&outs[..], [Out::Show(view)] if view.actions() == [Action::Approve, Action::Reject]));
}

#[test]
fn every_end_of_a_decision_has_words() {
    let until = now();
    for decided in [
        Decided::Signed { signed: 1, needed: 2 },
        Decided::Approved { grace_until: until },
        Decided::Delayed { until },
        Decided::Rejected,
        Decided::Recalled,
        Decided::CaseOpened { case: CaseId::new(2), done: false },
        Decided::LookupQueued,
        Decided::Already { state: WithdrawalState::Grace },
    ] {
        let outs = ops::result(&request(true), "ada", None, &Ok(decided));
        assert!(matches!(&outs[..], [Out::Show(view)] if view.rows.is_empty()));
    }
    let role = NotAllowed::Role { name: "ada".to_owned(), has: "viewer", needed: "approver" };
    for (why, over) in [
        (DecideError::NotFound("withdrawal 17".to_owned()), true),
        (DecideError::Changed { state: "grace".to_owned(), version: 4 }, true),
        (DecideError::WrongState { state: "paid".to_owned(), action: "approved" }, true),
        (DecideError::NotAllowed(role), false),
        (DecideError::NotAllowed(NotAllowed::Limit { name: "ada".to_owned(), limit: usd(50) }), false),
        (DecideError::NotAllowed(NotAllowed::OwnSignature("ada".to_owned())), false),
        (DecideError::RateOver(until), false),
        (DecideError::NeedsTerminal("new payee".to_owned()), false),
        (DecideError::ReasonMissing, false),
        (DecideError::Stopped("float".to_owned()), false),
        (DecideError::UserFrozen, false),
        (DecideError::Cap("the daily cap is reached".to_owned()), false),
        (DecideError::Store(app::StoreError::Busy), false),
    ] {
        let text = format!("{why:?}");
        let outs = ops::result(&request(true), "ada", None, &Err(why));
        assert_eq!(outs.len(), if over { 2 } else { 1 }, "{text}");
        assert!(matches!(&outs[0], Out::Toast { text, alert: true } if text.chars().count() <= 200));
    }
}

#[test]
fn a_name_cannot_change_a_screen() {
    let phone = Phone::new(World::default());
    assert!(phone.view.html.as_str().contains("Ada &lt;b&gt;"), "{}", phone.view.html.as_str());
    let search = at_bank().types("<i>zen</i>");
    assert!(search.view.html.as_str().contains("&lt;i&gt;zen&lt;/i&gt;"));
}
