//! The Providers tab as it is drawn: table, detail, services, mappings, syncs, forms, every dialog.

use crate::desk::Desk;
use crate::fixtures;
use crate::panels;
use crate::screen::{shot, text};
use crate::snapshots::{everywhere, once};
use domain::operator::Role;
use ui::message::Event;

#[test]
fn table() {
    everywhere("providers", |desk| {
        desk.start().press("3jj").wait(200);
    });
    everywhere("providers_marks", |desk| {
        desk.panels = panels::every_mark();
        desk.start().press("3jjjj").wait(200);
    });
    once("providers_rail", |desk| {
        desk.start().press("3G").wait(200);
    });
    once("providers_none", |desk| {
        desk.panels.clear();
        desk.start().press("3");
    });
}

#[test]
fn detail() {
    everywhere("provider", |desk| {
        desk.start().press("3jj\n");
    });
    everywhere("provider_calls", |desk| {
        desk.start().press("3jjE");
    });
    everywhere("provider_breakers", |desk| {
        desk.start().press("3jj\nll");
    });
    everywhere("provider_services", |desk| {
        desk.start().press("3jj\nllljj").wait(200);
    });
    everywhere("provider_mappings", |desk| {
        desk.start().press("3jj\nllllj").wait(200);
    });
    everywhere("provider_syncs", |desk| {
        desk.start().press("3jj\nlllll").wait(200);
    });
    once("provider_services_words", |desk| {
        desk.start().press("3\nlll/Views");
    });
    once("provider_services_none", |desk| {
        desk.services = 0;
        desk.start().press("3\nlll");
    });
}

#[test]
fn dialogs() {
    everywhere("provider_force_open", |desk| {
        desk.start().press("3jjO");
    });
    everywhere("provider_edit_form", |desk| {
        desk.start().press("3jj").wait(200).press("I");
        desk.press("\t\t").key(ui::key::Key::ctrl('u')).press("1\t");
    });
    once("provider_form_fault", |desk| {
        desk.start().press("3:add\n\n");
    });
    once("provider_edit", |desk| {
        desk.start().press("3jj").wait(200).press("I");
        desk.key(ui::key::Key::ctrl('u')).press("https://new.example/api/v2\tkey-12345678\n\tthey moved\nsmmstone");
    });
    once("provider_add", |desk| {
        desk.start().press("3:add\nsmmking\t").key(ui::key::Key::ctrl('u'));
        desk.press("https://smmking.com/api/v2\tabcdefgh1\n").press("smmking").wait(800);
    });
    for (name, keys) in [
        ("test", "3jjt"),
        ("sync", "3jji"),
        ("force_closed", "3jj:force closed\n"),
        ("probe", "3jjT\tback again\n"),
        ("reset", "3jjr\tkey is good\n"),
        ("active", "3jA\tcheapest now\nplugsmms"),
        ("unpin", "3:unpin\nback to prices\nsmmflare"),
        ("adapter", "3D\tfaults of the new one\n"),
        ("state", "3jjoj\tno money\n"),
        ("delete", "3jj:delete\nsmmstone"),
        ("accept_gone", "3:accept gone\nthey said so\n"),
        ("no_breaker_to_release", "3R"),
        ("map_theirs", "3\nlllM8381"),
        ("map_ours", "3\nlllljM"),
        ("unmap", "3\nllllU\twrong one\n"),
        ("price", "3\nllljjH"),
        ("markup_form", "3\nllll%"),
    ] {
        once(&format!("provider_do_{name}"), |desk| {
            desk.start();
            desk.press(&keys[..1]).wait(200).press(&keys[1..]).wait(800);
        });
    }
    once("provider_release", |desk| {
        desk.panels = panels::every_mark();
        desk.start().press("3jjjjR\tdone\n").wait(800);
    });
}

#[test]
fn troubles() {
    once("providers_broken", |desk| {
        desk.start().press("3");
        desk.model.providers.fetch.outdate(desk.now);
        let now = desk.now;
        let fx = ui::update::update(&mut desk.model, ui::message::Message { at: now, event: Event::Tick });
        for effect in fx {
            if let ui::message::Effect::Providers(ticket) = effect {
                desk.send(Event::Providers(ticket, Err("store busy".into())));
            }
        }
    });
}

#[test]
fn viewer() {
    let mut desk = Desk::with((80, 24), "dark", &fixtures::options(Role::Viewer));
    desk.start().press("3t").wait(800);
    insta::assert_snapshot!("provider_viewer_review", shot(&desk.model));
}

#[test]
fn no_two_states_differ_by_colour_alone() {
    let mut desk = Desk::new((200, 60));
    desk.panels = panels::every_mark();
    desk.start().press("3");
    let all = text(&desk.model);
    for mark in [
        "~ PROBE order",
        "x OPEN order",
        "x OPEN status",
        "# FORCED 10:16",
        "# FORCED 09:46",
        "- DISABLED",
        "= MAINT",
        "! NO KEY",
        "= REST 09:18",
    ] {
        assert!(all.contains(mark), "{mark}\n{all}");
    }
}
