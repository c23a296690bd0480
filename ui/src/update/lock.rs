//! The lock: a blank screen that the operator's passphrase opens. Dialogs are cancelled, the runtime is untouched.

use crate::key::{Code, Key};
use crate::line_edit::LineEdit;
use crate::message::{Effect, Passphrase};
use crate::model::{Lock, Model};
use domain::Timestamp;

/// When the screen locks by itself.
pub(super) fn due_at(model: &Model) -> Option<Timestamp> {
    (model.lock.is_none() && !model.idle_lock.is_zero()).then(|| model.last_key_at.plus(model.idle_lock))
}

pub(super) fn lock(model: &mut Model, fx: &mut Vec<Effect>) {
    model.lock = Some(Lock::default());
    model.overlays.clear();
    model.prompt = None;
    model.pending = None;
    model.keys_from = model.now;
    fx.push(Effect::Present(None));
    model.touch();
}

pub(super) fn key(model: &mut Model, key: Key, fx: &mut Vec<Effect>) {
    let Some(lock) = &mut model.lock else { return };
    if lock.checking {
        return;
    }
    match key.code {
        Code::Enter if !model.has_passphrase => open(model),
        Code::Enter if !lock.line.is_empty() => {
            lock.checking = true;
            let typed = std::mem::take(&mut lock.line);
            fx.push(Effect::CheckPassphrase(Passphrase(typed.text())));
        }
        Code::Esc => lock.line = LineEdit::default(),
        _ => {
            lock.line.key(key);
        }
    }
    model.touch();
}

pub(super) fn answered(model: &mut Model, right: bool) {
    let Some(lock) = &mut model.lock else { return };
    lock.checking = false;
    if right {
        open(model);
    } else {
        lock.wrong += 1;
    }
    model.touch();
}

fn open(model: &mut Model) {
    model.lock = None;
    model.keys_from = model.now;
    super::wake_tab(model);
}
