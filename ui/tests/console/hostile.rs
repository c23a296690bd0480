//! Text made to break terminals, through every list, copy and export.

use crate::desk::Desk;
use crate::fixtures::detail;
use crate::screen::buffer;
use ui::message::{Effect, Event};

const CORPUS: [&str; 14] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "\u{9b}31mred",
    "pay\u{202e}0002\u{202c}",
    "a\u{200b}b\u{200d}c\u{feff}",
    "e\u{301}\u{301}\u{301}\u{301}\u{301}\u{301}",
    "你好世界你好世界你好世界你好世界",
    "👩‍👩‍👧‍👦 family",
    "🇳🇬🇳🇬",
    "line\nbreak\r\ttab",
    "=cmd|' /C calc'!A0",
    "@SUM(A1:A9)",
    "\u{0}\u{8}\u{7f}",
    "\u{1b}]52;c;ZXZpbA==\u{7}",
    "ﷺﷺﷺ",
];

fn hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[test]
fn nothing_hostile_reaches_a_cell_and_no_text_leaves_its_row() {
    let long = "x".repeat(10_000);
    for size in [(80, 24), (120, 40), (200, 60), (58, 14)] {
        for text in CORPUS.into_iter().chain([long.as_str()]) {
            let mut desk = Desk::new(size);
            for row in &mut desk.rows {
                row.username = text.into();
                row.bank_name = text.into();
                row.viewers = vec![text.into()];
            }
            desk.start().press("2jj").wait(200);
            for keys in ["", "a", "\u{1b}\n", "l", "l", "l", "l", "\u{1b}?", "\u{1b}1", ":x"] {
                desk.press(keys);
                let (buf, _) = buffer(&desk.model);
                for (at, cell) in buf.content().iter().enumerate() {
                    assert!(!cell.symbol().chars().any(hostile), "{text:?} at {at}: {:?}", cell.symbol());
                }
            }
        }
    }
}

#[test]
fn what_providers_and_users_wrote_stays_in_its_cells() {
    let long = "x".repeat(10_000);
    for size in [(80, 24), (120, 40), (58, 14)] {
        for text in CORPUS.into_iter().chain([long.as_str()]) {
            let mut desk = Desk::new(size);
            for row in &mut desk.orders {
                (row.username, row.reason, row.provider) = (text.into(), text.into(), text.into());
                (row.link, row.handle, row.plan) = (format!("https://{text}"), text.into(), text.into());
            }
            for row in &mut desk.panels {
                row.url = text.into();
                row.last_error = Some((text.into(), desk.now));
                row.balance = Some((text.into(), text.into()));
                row.rest = Some((text.into(), None));
                row.breakers[0].why = text.into();
            }
            desk.start();
            for keys in
                ["4jj", "M", "\u{1b}K", "\u{1b}\n", "l", "l", "l", "l", "l", "3", "jj\n", "l", "l", "l", "l", "l", "O"]
            {
                desk.press(keys);
                let (buf, _) = buffer(&desk.model);
                for (at, cell) in buf.content().iter().enumerate() {
                    assert!(!cell.symbol().chars().any(hostile), "{text:?} at {at}: {:?}", cell.symbol());
                }
            }
        }
    }
}

#[test]
fn what_is_written_about_machines_stays_in_its_cells() {
    let long = "x".repeat(10_000);
    for size in [(80, 24), (120, 40), (200, 60), (58, 14)] {
        for text in CORPUS.into_iter().chain([long.as_str()]) {
            let mut desk = Desk::new(size);
            for row in &mut desk.items {
                (row.title, row.name, row.pid, row.status) = (text.into(), text.into(), text.into(), text.into());
            }
            for row in &mut desk.vps {
                (row.title, row.name, row.username, row.reason) = (text.into(), text.into(), text.into(), text.into());
                (row.memory, row.os, row.ip, row.class) =
                    (text.into(), text.into(), Some(text.into()), Some(text.into()));
                row.attention = Some(text.into());
            }
            for row in &mut desk.machines {
                (row.ip, row.title, row.username, row.os) = (text.into(), text.into(), text.into(), text.into());
                (row.doing, row.attention) = (Some(text.into()), Some(text.into()));
            }
            desk.start().press("5").wait(200);
            for keys in ["j", "\n", "l", "l", "l", "\u{1b}M", "/", "\u{1b}\n", "\u{1b}O", "\n", "l", "l", "\u{1b}W"] {
                desk.press(keys).wait(200);
                let (buf, _) = buffer(&desk.model);
                for (at, cell) in buf.content().iter().enumerate() {
                    assert!(!cell.symbol().chars().any(hostile), "{text:?} at {at}: {:?}", cell.symbol());
                }
            }
            desk.press("5yY");
            let copies = desk.fx.iter().filter_map(|e| if let Effect::Copy(text) = e { Some(text) } else { None });
            assert!(copies.into_iter().all(|copy| !copy.chars().any(|c| hostile(c) && c != '\t')), "{text:?}");
        }
    }
}

#[test]
fn what_is_copied_or_exported_is_clean() {
    for text in CORPUS {
        let mut desk = Desk::new((80, 24));
        desk.rows[0].username = text.into();
        desk.rows[0].reference = Some(text.into());
        desk.start().press("2yY");
        let copies: Vec<&String> =
            desk.fx.iter().filter_map(|e| if let Effect::Copy(text) = e { Some(text) } else { None }).collect();
        assert_eq!(copies.len(), 2);
        assert!(copies.iter().all(|copy| !copy.chars().any(|c| hostile(c) && c != '\t')), "{copies:?}");
        let row = ui::clean::row(&desk.rows[0], "ada");
        let line = ui::export::csv_line(&ui::export::withdrawal(&row, false));
        assert!(!line.trim_end().chars().any(hostile) && !line.contains(",=") && !line.contains(",@"), "{line}");
    }
}

#[test]
fn providers_answers_and_reasons_are_clean_too() {
    let mut desk = Desk::live((80, 24));
    desk.press("2\n");
    for text in CORPUS {
        let mut data = detail(&desk.rows[0]);
        data.account_name = text.into();
        data.policy = vec![text.into()];
        data.trail[0].what = text.into();
        for attempt in &mut data.attempts {
            attempt.error = Some(text.into());
            attempt.exchanges[0].reply = text.repeat(20);
        }
        desk.model.detail.fetch.outdate(desk.now);
        let now = desk.now;
        let fx = ui::update::update(&mut desk.model, ui::message::Message { at: now, event: Event::Tick });
        let ticket = fx.iter().find_map(|e| if let Effect::Detail(t, _) = e { Some(*t) } else { None }).unwrap();
        desk.send(Event::Detail(ticket, Ok(Some(Box::new(data)))));
        for _ in 0..5 {
            desk.press("l");
            let (buf, _) = buffer(&desk.model);
            assert!(!buf.content().iter().any(|cell| cell.symbol().chars().any(hostile)), "{text:?}");
        }
    }
}
