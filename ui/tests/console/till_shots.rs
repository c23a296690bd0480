//! The Payments tab as it is drawn: its lists, what is open, its reviews.

use crate::desk::Desk;
use crate::screen::text;
use crate::snapshots::{everywhere, once};
use crate::till;
use ui::key::Key;

#[test]
fn invoices() {
    everywhere("payments", |desk| {
        desk.start().press("8").wait(200);
    });
    everywhere("payments_invoice", |desk| {
        desk.start().press("8jjjj\n").wait(200);
    });
    for (name, keys) in [("evidence", "l"), ("ledger", "ll"), ("trail", "lll")] {
        once(&format!("payments_invoice_{name}"), |desk| {
            desk.start().press("8jjjj\n").press(keys).wait(200);
        });
    }
    once("payments_invoice_by_bank", |desk| {
        desk.start().press("8jj\n").wait(200);
    });
    once("payments_filtered", |desk| {
        desk.start().press("8/state:late|short\n").wait(200);
    });
    once("payments_fault", |desk| {
        desk.start().press("8/state:payed");
    });
    once("payments_none", |desk| {
        desk.invoices.clear();
        desk.start().press("8").wait(200);
    });
    once("payments_masked", |desk| {
        desk.start().press("8p").wait(200);
    });
}

#[test]
fn transfers() {
    everywhere("transfers", |desk| {
        desk.start().press("8T").wait(200);
    });
    everywhere("transfer", |desk| {
        desk.start().press("8Tjj\n").wait(200);
    });
    once("transfer_evidence", |desk| {
        desk.start().press("8Tjj\nl").wait(200);
    });
}

#[test]
fn people_catalogue_and_health() {
    everywhere("payments_people", |desk| {
        desk.start().press("8O").wait(200);
    });
    everywhere("payments_catalogue", |desk| {
        desk.start().press("8C").wait(200);
    });
    everywhere("payments_health", |desk| {
        desk.start().press("8H").wait(200);
    });
    once("payments_product_form", |desk| {
        desk.start().press("8CP");
    });
    once("payments_product_fault", |desk| {
        desk.start().press("8CP").key(Key::ctrl('u'));
        desk.press("cheap\n");
    });
}

#[test]
fn reviews() {
    everywhere("payments_do_decide", |desk| {
        desk.start().press("8TjjU").press("j\ttheir wallet's screen shows it\n75").wait(800);
    });
    once("payments_do_credit", |desk| {
        desk.start().press("8TjjjU").press("j\t612000044 the bank's receipt\n74").wait(800);
    });
    once("payments_do_decide_without_id", |desk| {
        desk.start().press("8TjjjU").press("\tthe bank's receipt\n74").wait(800);
    });
    once("payments_do_recheck", |desk| {
        desk.start().press("8TL").press("they sent it an hour ago\n").wait(800);
    });
    everywhere("payments_do_refund", |desk| {
        desk.start().press("8jjjjjjK").press("bought twice\n9000").wait(800);
    });
    once("payments_do_fulfil", |desk| {
        desk.start().press("8OD").press("2000 added\n").wait(800);
    });
    once("payments_do_refund_people", |desk| {
        desk.start().press("8OK").press("the profile is gone\n31").wait(800);
    });
    once("payments_do_price", |desk| {
        desk.start().press("8CP").key(Key::ctrl('u'));
        desk.press("0.60\t").key(Key::ctrl('u'));
        desk.press("off\n").press("dearer, and not now\n").wait(800);
    });
    for (name, keys) in [("refund", "8K"), ("decide", "8TjjjjjU"), ("recheck", "8TjjL")] {
        once(&format!("payments_cannot_{name}"), |desk| {
            desk.start().press(keys);
        });
    }
}

#[test]
fn no_two_states_differ_by_colour_alone() {
    let mut desk = Desk::new((120, 40));
    desk.invoices = till::every_invoice();
    desk.start().press("8");
    let all = text(&desk.model);
    for mark in [
        "o WAITING",
        "~ SEEN",
        "~ CONFIRMING",
        "+ PAID",
        "! SHORT",
        "+ OVER",
        "- EXPIRED",
        "! LATE",
        "< REFUNDED",
        "! DISPUTED",
    ] {
        assert!(all.contains(mark), "{mark}\n{all}");
    }
    desk.press("T");
    let all = text(&desk.model);
    for mark in ["~ PENDING", "o WAITING", "! DISPUTED", "! ORPHAN", "x REFUSED", "+ CREDITED", "~ CONFIRMED"] {
        assert!(all.contains(mark), "{mark}\n{all}");
    }
}
