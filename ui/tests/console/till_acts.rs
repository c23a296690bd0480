//! Actions of the Payments tab, key by key: what it takes until a command leaves.

use crate::decisions::commands;
use crate::desk::Desk;
use crate::fixtures;
use crate::screen::text;
use domain::operator::Role;
use domain::{InvoiceId, Money, UserId};
use ui::key::Key;
use ui::message::{Command, OnTransfer};

fn after(role: Role, keys: &str) -> Vec<Command> {
    let mut desk = Desk::with((80, 24), "dark", &fixtures::options(role));
    desk.start().press(keys).wait(800).press("y");
    commands(&desk)
}

#[test]
fn a_transfer_is_decided_by_its_number_and_evidence() {
    let decided = |role, keys: &str| match &after(role, keys)[..] {
        [] => None,
        [Command::Transfer { id, version: 4, act, reason, .. }] => Some((id.get(), *act, reason.clone())),
        other => panic!("{other:?}"),
    };
    let to = |id: i64| OnTransfer::Invoice(InvoiceId::new(id));
    let why = || "seen".to_owned();
    assert_eq!(decided(Role::Approver, "8TjjU\tseen\n75"), Some((75, to(186), why())), "the first who named it");
    assert_eq!(decided(Role::Approver, "8TjjUj\tseen\n75"), Some((75, to(184), why())));
    assert_eq!(decided(Role::Approver, "8TjjUjj\t99 seen\n75"), Some((75, to(99), why())));
    let wallet = OnTransfer::Wallet(UserId::new(612_000_044));
    assert_eq!(decided(Role::Approver, "8TjjUjjj\t612000044 seen\n75"), Some((75, wallet, why())));
    assert_eq!(decided(Role::Approver, "8TjjUjjjj\tseen\n75"), Some((75, OnTransfer::Nobody, why())));
    for keys in ["8TjjUjj\tseen\n75", "8TjjU\tseen\n74", "8TjjU\tseen\n", "8TjjjjjU\tseen\n70"] {
        assert_eq!(decided(Role::Approver, keys), None, "{keys}");
    }
    assert_eq!(decided(Role::Operator, "8TjjU\tseen\n75"), None);
    assert_eq!(decided(Role::Operator, "8TLseen\n"), Some((77, OnTransfer::Recheck, why())));
    assert_eq!(decided(Role::Viewer, "8TLseen\n"), None);
}

#[test]
fn a_refund_takes_the_amount_that_goes_back() {
    let refunded = |role, keys: &str| match &after(role, keys)[..] {
        [] => None,
        [Command::RefundInvoice { id, version: 3, reason, .. }] => Some((id.get(), reason.clone())),
        other => panic!("{other:?}"),
    };
    assert_eq!(refunded(Role::Approver, "8jjjjjjKtwice\n9000"), Some((180, "twice".to_owned())));
    assert_eq!(refunded(Role::Approver, "8jjjjjjKtwice\n900"), None);
    assert_eq!(refunded(Role::Operator, "8jjjjjjKtwice\n9000"), None);
    assert_eq!(refunded(Role::Approver, "8Ktwice\n2500"), None, "nothing was paid for it yet");
    assert_eq!(refunded(Role::Approver, "8jjjjjjjjjKtwice\n3500"), None, "it was given back");
}

#[test]
fn what_people_fulfil_is_closed_or_given_back() {
    let closed = |role, keys: &str| match &after(role, keys)[..] {
        [] => None,
        [Command::Fulfil { id, version: 1, done, note, .. }] => Some((id.get(), *done, note.clone())),
        other => panic!("{other:?}"),
    };
    assert_eq!(closed(Role::Operator, "8ODall there\n"), Some((31, true, "all there".to_owned())));
    assert_eq!(closed(Role::Approver, "8OKgone\n31"), Some((31, false, "gone".to_owned())));
    assert_eq!(closed(Role::Approver, "8OKgone\n33"), None);
    assert_eq!(closed(Role::Operator, "8OKgone\n31"), None, "money takes an approver");
}

#[test]
fn a_product_sends_what_was_changed_and_nothing_else() {
    let mut desk = Desk::live((80, 24));
    desk.press("8CP").key(Key::ctrl('u'));
    desk.press("0.60\n").press("dearer now\n").wait(800).press("y");
    match &commands(&desk)[..] {
        [Command::EditProduct { edit, reason, .. }] => {
            assert_eq!((edit.key.as_str(), edit.version, reason.as_str()), ("x_t1", Some(2), "dearer now"));
            assert_eq!(edit.price, Some(Money::usd_minor(600_000)));
            assert!(edit.enabled.is_none() && edit.presets.is_none() && edit.title.is_none());
        }
        other => panic!("{other:?}"),
    }
    let mut desk = Desk::live((80, 24));
    desk.press("8CP\n");
    assert!(text(&desk.model).contains("nothing was changed"));
}

#[test]
fn an_invoice_that_moved_under_its_review_asks_again() {
    let mut desk = Desk::live((80, 24));
    desk.press("8jjjjjjKtwice\n9000").wait(800);
    desk.invoices[5].refunded = Money::usd_minor(10_000_000);
    desk.invoices[5].version = 4;
    desk.press("y");
    assert_eq!(commands(&desk), []);
    assert!(text(&desk.model).contains("! changed:"), "{}", text(&desk.model));
    desk.press("8000").wait(800).press("y");
    assert!(matches!(commands(&desk)[..], [Command::RefundInvoice { version: 4, .. }]), "{:?}", commands(&desk));
}

#[test]
fn lines_lead_from_an_invoice_to_its_transfer_and_back() {
    let mut desk = Desk::live((80, 24));
    desk.press("8jjjj\n\n");
    assert!(text(&desk.model).contains("transfer 76"), "{}", text(&desk.model));
    desk.press("\n");
    assert!(text(&desk.model).contains("invoice 186"), "{}", text(&desk.model));
    desk.press("\u{1b}O\n");
    assert!(text(&desk.model).contains("invoice 185"), "{}", text(&desk.model));
}
