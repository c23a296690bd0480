//! The IPStock tab as it is drawn: its lists, what is open, filters, troubles.

use crate::desk::Desk;
use crate::fixtures::NOW;
use crate::screen::text;
use crate::snapshots::{everywhere, once};
use crate::{fixtures, stock};
use app::view::ipstock::IpstockBrief;
use std::time::Duration;
use ui::key::{Code, Key};
use ui::message::Event;

#[test]
fn items() {
    everywhere("ipstock", |desk| {
        desk.start().press("5").wait(200);
    });
    once("ipstock_by_stock", |desk| {
        desk.start().press("5s").wait(200);
    });
}

#[test]
fn item() {
    everywhere("ipstock_item", |desk| {
        desk.start().press("5\n").wait(200);
    });
    for (name, keys) in [("stock", "l"), ("trail", "ll"), ("syncs", "lll")] {
        once(&format!("ipstock_item_{name}"), |desk| {
            desk.start().press("5j\n").press(keys).wait(200);
        });
    }
    once("ipstock_item_gone", |desk| {
        desk.start().press("5jjjj\n").wait(200);
    });
    once("ipstock_item_without_options", |desk| {
        desk.start().press("5G\n").wait(200);
    });
}

#[test]
fn orders() {
    everywhere("vps_orders", |desk| {
        desk.start().press("5MO").wait(200);
    });
    everywhere("vps_order_unknown", |desk| {
        desk.start().press("5MOjjjj\n").wait(200);
    });
    for (name, keys) in [("buys", "l"), ("trail", "ll"), ("ledger", "lll")] {
        once(&format!("vps_order_{name}"), |desk| {
            desk.start().press("5MOjjjj\n").press(keys).wait(200);
        });
    }
    once("vps_orders_of_item", |desk| {
        desk.start().press("5O").wait(200);
    });
    once("vps_order_delivered", |desk| {
        desk.start().press(":vps 5512\n").wait(200);
    });
}

#[test]
fn machines() {
    everywhere("machines", |desk| {
        desk.start().press("5OM").wait(200);
    });
    everywhere("machine", |desk| {
        desk.start().press("5OMjj\n").wait(200);
    });
    for (name, keys) in [("actions", "l"), ("renewals", "ll"), ("trail", "lll")] {
        once(&format!("machine_{name}"), |desk| {
            desk.start().press("5OMjjjjj\n").press(keys).wait(200);
        });
    }
}

#[test]
fn reviews() {
    everywhere("vps_reviews", |desk| {
        desk.start().press("5W").wait(200);
    });
    once("vps_reviews_none", |desk| {
        (desk.vps, desk.machines) = (Vec::new(), Vec::new());
        desk.start().press("5W").wait(200);
    });
}

#[test]
fn forms() {
    everywhere("ipstock_prices_form", |desk| {
        desk.start().press("5jP");
    });
    once("ipstock_edit_form", |desk| {
        desk.start().press("5jI");
    });
    once("ipstock_form_fault", |desk| {
        desk.start().press("5jP\tx\n");
    });
}

#[test]
fn reviews_of_items() {
    once("ipstock_do_sync", |desk| {
        desk.start().press("5R").wait(800);
    });
    everywhere("ipstock_do_prices", |desk| {
        desk.start().press("5jP").key(Key::ctrl('u'));
        desk.press("7.50 cost 699 INR on\t").key(Key::ctrl('u'));
        desk.press("\t\t32GB 49 cost 2999 INR\n").wait(800);
    });
    once("ipstock_do_edit", |desk| {
        desk.start().press("5jI").key(Key::ctrl('u'));
        desk.press("Ocean Linux Lagos\t\t\t\t").key(Key::ctrl('u'));
        desk.press("5\n").wait(800);
    });
    once("ipstock_do_show", |desk| {
        desk.start().press("5jjjjjH").wait(800);
    });
    once("ipstock_do_hide", |desk| {
        desk.start().press("5jH").wait(800);
    });
    everywhere("ipstock_do_confirm", |desk| {
        with_brief(desk, |brief| brief.last = Some(stock::run(904, 1, "guarded")));
        desk.start().press("5A").press("they closed that data centre\n14").wait(800);
    });
    once("ipstock_nothing_to_confirm", |desk| {
        desk.start().press("5A");
    });
    let mut desk = Desk::with((80, 24), "dark", &fixtures::options(domain::operator::Role::Viewer));
    desk.start().press("5jH").wait(800);
    insta::assert_snapshot!("ipstock_viewer_review", crate::screen::shot(&desk.model));
}

#[test]
fn reviews_of_orders() {
    everywhere("vps_do_rule_bought", |desk| {
        desk.start().press("5MOjjjjU\t").press("103.82.7.19 seen in their panel\n5518").wait(800);
    });
    once("vps_do_rule_not_an_address", |desk| {
        desk.start().press("5MOjjjjU\t").press("the one in their panel\n5518").wait(800);
    });
    once("vps_do_rule_not_bought", |desk| {
        desk.start().press("5MOjjjjUjj\t").press("their list of machines has none of that minute\n5518").wait(800);
    });
    once("vps_do_provision", |desk| {
        desk.start().press("5MOjjR").press("they added addresses\n").wait(800);
    });
    once("vps_do_refund", |desk| {
        desk.start().press(":vps 5512\nK").press("never came up\n5512").wait(800);
    });
    once("vps_do_wrong_state", |desk| {
        desk.start().press("5MOU");
    });
}

#[test]
fn reviews_of_machines() {
    everywhere("machine_do_power", |desk| {
        desk.start().press("5OMjjP").press("\tit hangs\n").wait(800);
    });
    once("machine_do_stop", |desk| {
        desk.start().press("5OMjjPh").press("\tabuse was reported\n").wait(800);
    });
    everywhere("machine_do_reinstall", |desk| {
        desk.start().press("5OMjjF").press("\tits user asked for it\n103.82.72.12").wait(800);
    });
    once("machine_do_reinstall_other", |desk| {
        desk.start()
            .press("5OMjjF")
            .key(Key::plain(Code::Left))
            .press("\tits user asked for it\n103.82.72.13")
            .wait(800);
    });
    everywhere("machine_do_renew", |desk| {
        desk.start().press("5OMjjR").press("asked by mail\n1250").wait(800);
    });
    once("machine_do_renew_short", |desk| {
        desk.wallet = domain::Money::usd_minor(3_000_000);
        desk.start().press("5OMjjR").press("asked by mail\n1250").wait(800);
    });
    everywhere("machine_do_rule_renewal", |desk| {
        desk.start().press("5WG").press("kkkkkkU").wait(200);
        desk.press("\u{1b}").press("5OMjjjjjU").press("j\tits term is what it was\n81").wait(800);
    });
    everywhere("machine_do_assign", |desk| {
        desk.start().press("5OMjA").press("j\ttheir panel has it\n5525").wait(800);
    });
    once("machine_do_rule_renewed", |desk| {
        desk.start().press("5OMjjjjj\nU").press("\ttheir panel says December\n8").wait(800);
    });
    for (name, keys) in [("busy", "5OMjjjjP"), ("nobodys", "5OMjR"), ("expired", "5OMjjjjjF"), ("no_doubt", "5OMjjU")] {
        once(&format!("machine_cannot_{name}"), |desk| {
            desk.start().press(keys);
        });
    }
}

fn with_brief(desk: &mut Desk, change: impl Fn(&mut IpstockBrief)) {
    let mut brief = stock::brief(&desk.items);
    change(&mut brief);
    desk.brief = Some(brief);
}

#[test]
fn troubles() {
    once("ipstock_loading", |desk| {
        desk.start();
        let read_at = desk.now;
        desk.send(Event::Key { key: Key::char('5'), read_at });
    });
    once("ipstock_not_configured", |desk| {
        desk.items.clear();
        with_brief(desk, |brief| *brief = IpstockBrief::default());
        desk.start().press("5");
    });
    once("ipstock_never_synced", |desk| {
        desk.items.clear();
        with_brief(desk, |brief| *brief = IpstockBrief { configured: true, ..IpstockBrief::default() });
        desk.start().press("5");
    });
    once("ipstock_sync_failed", |desk| {
        with_brief(desk, |brief| {
            (brief.last, brief.stale) = (Some(stock::run(905, 1, "failed")), true);
            brief.done_at = Some(fixtures::ago(34));
        });
        desk.start().press("5");
    });
    once("ipstock_sync_guarded", |desk| {
        with_brief(desk, |brief| brief.last = Some(stock::run(904, 1, "guarded")));
        desk.start().press("5");
    });
    once("ipstock_syncing", |desk| {
        with_brief(desk, |brief| brief.running = Some(stock::run(908, 0, "running")));
        desk.start().press("5");
    });
    once("ipstock_stale", |desk| {
        desk.start().press("5");
        desk.now = NOW.plus(Duration::from_secs(150));
        let read_at = desk.now;
        desk.send(Event::Key { key: Key::char('j'), read_at });
    });
    once("ipstock_nothing", |desk| {
        desk.start().press("5/state:in nowhere\n");
    });
    once("ipstock_fault", |desk| {
        desk.start().press("5/state:full");
    });
    once("vps_orders_masked", |desk| {
        desk.start().press("5MOp");
    });
}

#[test]
fn no_two_states_differ_by_colour_alone() {
    let mut desk = Desk::new((120, 40));
    desk.vps = stock::every_order();
    desk.start().press("5");
    let all = text(&desk.model);
    for mark in ["+ IN", "! LOW", "x OUT", "- GONE upstream", "+ IN new", "+ IN hidden"] {
        assert!(all.contains(mark), "{mark}\n{all}");
    }
    desk.press("MO");
    let all = text(&desk.model);
    for mark in [
        ". PENDING",
        "~ CLAIMED",
        "~ BUYING",
        "> BOUGHT",
        "= BUILDING",
        "+ ACTIVE",
        "= OUT OF STOCK",
        "x FAILED",
        "? UNKNOWN",
        "< REFUNDED",
    ] {
        assert!(all.contains(mark), "{mark}\n{all}");
    }
    desk.press("M/").key(Key::ctrl('u')).press("\n");
    let all = text(&desk.model);
    for mark in ["= BUILDING", "+ RUNNING !", "o STOPPED", "~ REBOOT", "x EXPIRED !", "- GONE"] {
        assert!(all.contains(mark), "{mark}\n{all}");
    }
}
