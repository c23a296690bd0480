//! Laws of the console: whatever arrives, in whatever order, they hold.

use crate::decisions::commands;
use crate::desk::Desk;
use crate::fixtures::{self, row};
use crate::screen::buffer;
use domain::operator::Role;
use domain::withdrawal::WithdrawalState;
use proptest::prelude::*;
use std::collections::HashSet;
use std::time::Duration;
use ui::key::{Code, Key};
use ui::message::{Command, Effect, Event, Message};
use ui::model::Overlay;

/// Something that may happen.
#[derive(Clone, Debug)]
enum Happening {
    Key(Key),
    Wait(u64),
    Paste(String),
    Resize(u16, u16),
    Focus(bool),
    Changed,
    RowMoves(usize),
    RowGoes(usize),
    RowComes(i64),
    Fail,
}

fn key() -> impl Strategy<Value = Key> {
    let letters = "axuLyPFje0123456789pzs/S*v \\khl-cq?:tOTADorRiIMHU%KEWB";
    prop_oneof![
        8 => proptest::sample::select(letters.chars().collect::<Vec<_>>()).prop_map(Key::char),
        2 => proptest::sample::select(vec![Code::Enter, Code::Esc, Code::Tab, Code::Up, Code::Down, Code::Backspace]).prop_map(Key::plain),
        1 => proptest::sample::select(vec!['c', 'd', 'u', 'l', 'z']).prop_map(Key::ctrl),
    ]
}

/// Where a walk begins: lists and details of every tab that decides something.
fn place() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        "2j",
        "2j",
        "3j",
        "3jj\n",
        "3\nlll",
        "3\nllll",
        "4j",
        "4jj\n",
        "3jjO",
        "4jjU",
        "4jM",
        "3I",
        "5j",
        "5jj\n",
        "5MO",
        "5MOjjj\n",
        "5OMj\n",
        "5OMjj",
        "5OMjjP",
        "5OMjjF",
        "5OMjjR",
        "5WU",
        "8",
        "8jjjj\n",
        "8TjjU",
        "8jjjjjjK",
        "8OD",
        "8OK",
        "8CP",
        "8H",
        "5OMjA",
        "5WjjA",
        "5OMjjjjj\nU",
        "5W",
        "5jP",
        "5jH",
        "5R",
        "5MOjjjjU",
        "5MOK",
    ])
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        12 => key().prop_map(Happening::Key),
        4 => (0..1_500_u64).prop_map(Happening::Wait),
        1 => "[y0-9]{1,8}".prop_map(Happening::Paste),
        1 => ((40..210_u16), (10..70_u16)).prop_map(|(w, h)| Happening::Resize(w, h)),
        1 => proptest::bool::ANY.prop_map(Happening::Focus),
        1 => Just(Happening::Changed),
        1 => (0..12_usize).prop_map(Happening::RowMoves),
        1 => (0..12_usize).prop_map(Happening::RowGoes),
        1 => (4_600..4_700_i64).prop_map(Happening::RowComes),
        1 => Just(Happening::Fail),
    ]
}

fn happen(desk: &mut Desk, what: &Happening) {
    match what {
        Happening::Key(key) => {
            desk.key(*key);
        }
        Happening::Wait(millis) => {
            desk.wait(*millis);
        }
        Happening::Paste(text) => {
            desk.send(Event::Paste(text.clone()));
        }
        Happening::Resize(width, height) => {
            desk.send(Event::Resize(*width, *height));
        }
        Happening::Focus(focused) => {
            desk.send(Event::Focus(*focused));
        }
        Happening::Changed => {
            desk.send(Event::Changed);
        }
        Happening::RowMoves(at) => {
            if let Some(row) = desk.rows.get_mut(*at) {
                row.version += 1;
            }
            if let Some(row) = desk.orders.get_mut(*at) {
                row.version += 1;
                row.updated_at = desk.now;
            }
            if let Some(row) = desk.panels.get_mut(*at % 4) {
                row.version += 1;
            }
            if let Some(row) = desk.items.get_mut(*at) {
                row.version += 1;
            }
            if let Some(row) = desk.vps.get_mut(*at) {
                row.version += 1;
            }
            if let Some(row) = desk.machines.get_mut(*at) {
                row.version += 1;
            }
            if let Some(row) = desk.invoices.get_mut(*at) {
                row.version += 1;
            }
            if let Some(row) = desk.transfers.get_mut(*at) {
                row.version += 1;
            }
        }
        Happening::RowGoes(at) => {
            if *at < desk.rows.len() {
                desk.rows.remove(*at);
            }
            if *at < desk.orders.len() {
                desk.orders.remove(*at);
            }
            if *at < desk.panels.len() {
                desk.panels.remove(*at);
            }
            if *at < desk.items.len() {
                desk.items.remove(*at);
            }
            if *at < desk.vps.len() {
                desk.vps.remove(*at);
            }
            if *at < desk.machines.len() {
                desk.machines.remove(*at);
            }
            if *at < desk.invoices.len() {
                desk.invoices.remove(*at);
            }
            if *at < desk.people.len() {
                desk.people.remove(*at);
            }
        }
        Happening::RowComes(id) => {
            if !desk.rows.iter().any(|row| row.id.get() == *id) {
                desk.rows.push(row(*id, 30, "@new", 20_000, "Kuda", &[], WithdrawalState::Requested));
            }
        }
        Happening::Fail => {
            let now = desk.now;
            let fx = ui::update::update(&mut desk.model, Message { at: now, event: Event::Changed });
            for effect in fx {
                if let Effect::Withdrawals(ticket, _) = effect {
                    desk.send(Event::Withdrawals(ticket, Err("store busy".into())));
                }
            }
        }
    }
    desk.settle();
}

/// Commands but the one that reads the provider's list: it is what cures old data.
fn decided(desk: &Desk) -> usize {
    commands(desk).iter().filter(|command| **command != Command::SyncStock).count()
}

/// Whether the topmost dialog could be confirmed by `y` at this moment.
fn armed(desk: &Desk) -> bool {
    matches!(desk.model.overlays.last(), Some(Overlay::Review(review))
        if review.is_armed(desk.now) && ui::update::blocked(&desk.model, review).is_none())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test] // No command without a review on screen, armed, and `y` pressed on it; none twice under one operation id.
    fn no_money_effect_without_review_arm_and_confirm(
        start in place(),
        happenings in proptest::collection::vec(happening(), 1..80),
    ) {
        let mut desk = Desk::live((100, 30));
        desk.press(start);
        let mut ops = HashSet::new();
        for what in &happenings {
            let could = armed(&desk);
            let confirms = matches!(what, Happening::Key(key) if *key == Key::char('y'));
            let had = commands(&desk).len();
            happen(&mut desk, what);
            let new = commands(&desk);
            if new.len() > had {
                prop_assert!(could && confirms, "{what:?} submitted {:?}", new.last());
            }
            for command in &new[had..] {
                if let Some(op) = command.op() {
                    prop_assert!(ops.insert(op.to_owned()), "{op} twice");
                }
            }
        }
    }

    #[test] // A viewer sees everything and decides nothing.
    fn a_viewer_emits_no_command(start in place(), happenings in proptest::collection::vec(happening(), 1..60)) {
        let mut desk = Desk::with((100, 30), "dark", &fixtures::options(Role::Viewer));
        desk.start().press(start);
        for what in &happenings {
            happen(&mut desk, what);
            prop_assert_eq!(commands(&desk).len(), 0);
        }
    }

    #[test] // When the store has not answered for longer than the bound, nothing is decided on its rows.
    fn stale_data_emits_no_decision(keys in proptest::collection::vec(key(), 1..40)) {
        let mut desk = Desk::live((100, 30));
        desk.press("2j");
        desk.now = desk.now.plus(Duration::from_secs(40));
        for key in keys {
            let read_at = desk.now;
            desk.send(Event::Key { key, read_at });
            desk.fx.retain(|effect| matches!(effect, Effect::Decide { .. }));
            prop_assert_eq!(decided(&desk), 0);
            desk.now = desk.now.plus(Duration::from_millis(800));
        }
    }

    #[test] // The same for providers and orders, whose bound is wider; tests and look-ups move nothing and go.
    fn stale_orders_and_providers_emit_no_decision(tab in 3..6_u8, keys in proptest::collection::vec(key(), 1..40)) {
        let mut desk = Desk::live((100, 30));
        desk.press(&tab.to_string());
        desk.press("j");
        desk.now = desk.now.plus(Duration::from_secs(130));
        for key in keys.into_iter().filter(|key| !matches!(key.typed(), Some('0'..='9' | '-' | ':'))) {
            let read_at = desk.now;
            desk.send(Event::Key { key, read_at });
            desk.fx.retain(|effect| matches!(effect, Effect::Decide { .. }));
            prop_assert_eq!(decided(&desk), 0);
            desk.now = desk.now.plus(Duration::from_millis(800));
        }
    }

    #[test] // Orders change places whenever they change: their cursor and marks keep their keys all the same.
    fn orders_keep_their_cursor_and_marks(happenings in proptest::collection::vec(happening(), 1..40), marks in 0..3_usize) {
        let mut desk = Desk::live((100, 30));
        desk.press("4jj").press(&" ".repeat(marks)).wait(200);
        let cursor = desk.model.boosts.table.list.cursor();
        let marked: Vec<i64> = desk.model.boosts.table.marks.keys().copied().collect();
        for what in happenings.iter().filter(|what| !matches!(what, Happening::Key(_) | Happening::Paste(_))) {
            happen(&mut desk, what);
            prop_assert_eq!(desk.model.boosts.table.list.cursor(), cursor);
            prop_assert_eq!(desk.model.boosts.table.marks.keys().copied().collect::<Vec<_>>(), marked.clone());
        }
    }

    #[test] // The same of what the IPStock tab lists.
    fn stock_keeps_its_cursor(happenings in proptest::collection::vec(happening(), 1..40), orders in proptest::bool::ANY) {
        let mut desk = Desk::live((100, 30));
        desk.press(if orders { "5MOjj" } else { "5jj" }).wait(200);
        let cursor = |desk: &Desk| {
            let stock = &desk.model.ipstock;
            if orders { stock.orders.table.list.cursor() } else { stock.items.table.list.cursor() }
        };
        let before = cursor(&desk);
        for (n, what) in happenings.iter().enumerate() {
            if matches!(what, Happening::Key(_) | Happening::Paste(_)) {
                continue;
            }
            desk.items.rotate_left(n % 3);
            desk.vps.rotate_right(n % 3);
            if let Some(row) = desk.vps.get_mut(n % 9) {
                (row.updated_at, row.version) = (desk.now, row.version + 1);
            }
            if let Some(row) = desk.items.get_mut(n % 9) {
                row.quantity += 1;
            }
            happen(&mut desk, what);
            prop_assert_eq!(cursor(&desk), before);
        }
    }

    #[test] // Rows come, go and move: the cursor and the marks keep their keys.
    fn cursor_and_marks_keep_their_keys(happenings in proptest::collection::vec(happening(), 1..40), marks in 0..3_usize) {
        let mut desk = Desk::live((100, 30));
        desk.press("2jj").press(&" ".repeat(marks)).wait(200);
        let cursor = desk.model.withdrawals.table.list.cursor();
        let marked: Vec<i64> = desk.model.withdrawals.table.marks.keys().copied().collect();
        for what in happenings.iter().filter(|what| !matches!(what, Happening::Key(_) | Happening::Paste(_))) {
            happen(&mut desk, what);
            prop_assert_eq!(desk.model.withdrawals.table.list.cursor(), cursor);
            prop_assert_eq!(desk.model.withdrawals.table.marks.keys().copied().collect::<Vec<_>>(), marked.clone());
        }
    }

    #[test] // While a dialog is open nothing behind it hears a key.
    fn a_dialog_consumes_every_key(keys in proptest::collection::vec(key(), 1..30)) {
        let mut desk = Desk::live((100, 30));
        desk.press("2jja");
        let before = (desk.model.tab, desk.model.withdrawals.table.list.cursor(), desk.model.withdrawals.table.marks.len(), desk.model.mask);
        for key in keys {
            let leaves = key.code == Code::Esc || key.ctrl;
            if leaves || desk.model.overlays.is_empty() {
                break;
            }
            desk.key(key);
            let after = (desk.model.tab, desk.model.withdrawals.table.list.cursor(), desk.model.withdrawals.table.marks.len(), desk.model.mask);
            prop_assert_eq!(before, after, "{:?}", key);
        }
    }

    #[test] // Any order of anything at any size can be drawn.
    fn every_reachable_state_is_drawn(
        happenings in proptest::collection::vec(happening(), 1..60),
        tab in 0..9_usize,
        start in place(),
    ) {
        let mut desk = Desk::live((100, 30));
        desk.press(["1", "2", "3", "4", "5", "6", "7", ":cases\n", start][tab]);
        for what in &happenings {
            happen(&mut desk, what);
            let _ = buffer(&desk.model);
        }
    }
}
