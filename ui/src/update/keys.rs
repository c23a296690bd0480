//! Where a key goes: the lock, the topmost overlay, the line being typed, or the keymap. Each consumes it.

use super::{actions, boosts, dialog, form, ipstock, lock, palette, payments, services, withdrawals};
use crate::key::{Code, Key};
use crate::keymap::{self, Action, Found};
use crate::line_edit::LineEdit;
use crate::message::Effect;
use crate::model::{Model, Overlay, Tab};
use domain::Timestamp;
use std::time::Duration;

/// How often a presence is said again.
const PRESENCE: Duration = Duration::from_secs(45);

pub(super) fn key(model: &mut Model, key: Key, read_at: Timestamp, fx: &mut Vec<Effect>) {
    model.last_key_at = model.now;
    if read_at < model.keys_from {
        // Typed before what it would act on was on screen.
        dialog::disarm(model);
        return;
    }
    if model.lock.is_some() {
        return lock::key(model, key, fx);
    }
    announce_again(model, fx);
    let interrupt = key == Key::ctrl('c');
    if interrupt && std::mem::replace(&mut model.interrupted, true) {
        model.interrupted = false;
        model.overlays.clear();
        model.prompt = None;
        return actions::act(model, Action::Quit, fx);
    }
    if !interrupt {
        model.interrupted = false;
    }
    if key == Key::ctrl('z') {
        return lock::lock(model, fx);
    }
    let key = if interrupt { Key::plain(Code::Esc) } else { key };
    if model.prompt.is_some() {
        return prompt_key(model, key, fx);
    }
    match model.overlays.last() {
        None => tab_key(model, key, fx),
        Some(Overlay::Help(_)) => help_key(model, key),
        Some(Overlay::Palette(..)) => palette::key(model, key, fx),
        Some(Overlay::Review(_)) => dialog::key(model, key, fx),
        Some(Overlay::Form(_)) => form::key(model, key, fx),
        Some(Overlay::Quit) => dialog::quit_key(model, key, fx),
        Some(Overlay::MarkMany(_)) => mark_many_key(model, key, fx),
    }
}

/// A presence runs out; while the operator is at work on a detail it is said again.
fn announce_again(model: &mut Model, fx: &mut Vec<Effect>) {
    let detail = &mut model.detail;
    let due = detail.presented_at.is_none_or(|at| model.now.since(at) > PRESENCE);
    if let Some(id) = detail.id.filter(|_| detail.open && due) {
        detail.presented_at = Some(model.now);
        fx.push(Effect::Present(Some(id)));
    }
}

fn tab_key(model: &mut Model, key: Key, fx: &mut Vec<Effect>) {
    let pending = model.pending.take();
    let found = match keymap::find(model.place(), pending, key) {
        // `g` then something else: the something else counts by itself.
        Found::Nothing if pending.is_some() => keymap::find(model.place(), None, key),
        found => found,
    };
    match found {
        Found::Action(action) => actions::act(model, action, fx),
        Found::Prefix => model.pending = Some(key),
        Found::Nothing => {}
    }
}

fn help_key(model: &mut Model, key: Key) {
    let Some(Overlay::Help(top)) = model.overlays.last_mut() else { return };
    match key.code {
        Code::Down | Code::Char('j') => *top += 1,
        Code::Up | Code::Char('k') => *top = top.saturating_sub(1),
        Code::PageDown | Code::Char(' ') => *top += 10,
        Code::PageUp => *top = top.saturating_sub(10),
        Code::Esc | Code::Char('?' | 'q') => {
            model.overlays.pop();
        }
        _ => return,
    }
    let last = crate::view::help::lines(model).len().saturating_sub(1);
    if let Some(Overlay::Help(top)) = model.overlays.last_mut() {
        *top = (*top).min(last);
    }
    model.touch();
}

/// The filter line of the open tab: checked while it is typed, applied with Enter.
fn prompt_key(model: &mut Model, key: Key, fx: &mut Vec<Effect>) {
    let Some(prompt) = &mut model.prompt else { return };
    match key.code {
        Code::Enter => {
            let text = prompt.line.text();
            model.prompt = None;
            set_filter(model, &text);
            if model.fault().is_none() {
                fx.push(model.session());
            }
        }
        Code::Esc => {
            model.prompt = None;
            check_filter(model);
        }
        _ => {
            if prompt.line.key(key) {
                check_filter(model);
            }
        }
    }
    model.touch();
}

/// Finds the fault of what is typed, or of what stands there.
fn check_filter(model: &mut Model) {
    let typed = model.prompt.as_ref().map(|prompt| prompt.line.text());
    let text = typed.or_else(|| model.filter_text().map(str::to_owned)).unwrap_or_default();
    match model.tab {
        Tab::Withdrawals => model.withdrawals.fault = crate::filter::withdrawals(text.trim_end(), model.now).err(),
        Tab::Boosts => model.boosts.fault = crate::filter::boosts(text.trim_end(), model.now).err(),
        Tab::Ipstock => ipstock::check_filter(model, &text),
        Tab::Payments => payments::check_filter(model, &text),
        _ => {}
    }
    model.touch();
}

/// Sets the open tab's filter; one that cannot be read keeps the last good rows.
pub(super) fn set_filter(model: &mut Model, text: &str) {
    match model.tab {
        Tab::Withdrawals => withdrawals::set_filter(model, text),
        Tab::Boosts => boosts::set_filter(model, text),
        Tab::Ipstock => ipstock::set_filter(model, text),
        Tab::Payments => payments::set_filter(model, text),
        Tab::Providers => services::set_words(model, text),
        Tab::Audit if model.audit.filter_text != text => {
            text.clone_into(&mut model.audit.filter_text);
            model.audit.fetch.outdate(model.now);
        }
        Tab::Log => text.clone_into(&mut model.log.filter_text),
        Tab::Audit | Tab::Overview | Tab::Cases => {}
    }
    model.touch();
}

/// The answer to whether so many rows should be marked.
fn mark_many_key(model: &mut Model, key: Key, fx: &mut Vec<Effect>) {
    match key.code {
        Code::Char('y') if key.typed().is_some() && !key.repeat => {
            dialog::close(model, fx);
            if model.tab == Tab::Boosts { boosts::ask_all(model, fx) } else { withdrawals::ask_all(model, fx) }
        }
        Code::Esc | Code::Char('n') => dialog::close(model, fx),
        _ => {}
    }
}

pub(super) fn paste(model: &mut Model, text: &str) {
    model.last_key_at = model.now;
    if let Some(lock) = &mut model.lock {
        lock.line.insert(text);
        return model.touch();
    }
    if let Some(prompt) = &mut model.prompt {
        prompt.line.insert(text);
        return check_filter(model);
    }
    match model.overlays.last_mut() {
        Some(Overlay::Palette(line, chosen)) => {
            line.insert(text);
            *chosen = 0;
            model.touch();
        }
        Some(Overlay::Review(_)) => dialog::paste(model, text),
        Some(Overlay::Form(_)) => form::paste(model, text),
        _ => {}
    }
}

pub(super) fn wheel(model: &mut Model, lines: i8, fx: &mut Vec<Effect>) {
    if model.lock.is_none() && model.overlays.is_empty() && model.prompt.is_none() {
        for _ in 0..lines.unsigned_abs().min(10) {
            actions::act(model, if lines > 0 { Action::Down } else { Action::Up }, fx);
        }
    }
}

/// Opens the filter line of the open tab.
pub(super) fn open_prompt(model: &mut Model) {
    let Some(text) = model.filter_text() else { return };
    let typed = if text.is_empty() { String::new() } else { format!("{text} ") };
    model.prompt = Some(crate::model::Prompt { line: LineEdit::new(&typed) });
    model.touch();
}
