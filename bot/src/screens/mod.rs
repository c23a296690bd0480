//! The screens: pure functions of (conversation, event, model) to (conversation, words, command). One family a file.
//!
//! [`needs`] says what must be read for an event, [`turn`] draws. Back, Cancel and the commands work at every step;
//! a button of an earlier step does nothing and says so.

mod history;
mod menu;
pub(crate) mod ops;
mod withdraw;

#[cfg(test)]
mod tests;

pub(crate) use menu::support_url;
pub(crate) use withdraw::requested;

use crate::action::{Action, Place};
use crate::conversation::{Conversation, Step};
use crate::event::Event;
use crate::model::{Command, Model, Needs};
use crate::text;
use crate::view::{Out, View};

/// What a turn comes to.
pub(crate) type Turn = (Conversation, Vec<Out>, Option<Command>);

/// What must be read before [`turn`] for this event.
pub(crate) fn needs(conversation: &Conversation, event: &Event) -> Needs {
    match event {
        Event::Press { action, live, used, .. } => match action {
            Action::Go(place) => place_needs(*place),
            Action::Cancel => place_needs(Place::Menu),
            Action::Withdraw(source) => withdraw::begin_needs(*source),
            _ if *used || !*live => Needs::default(),
            action => withdraw::press_needs(&conversation.step, action),
        },
        Event::Start | Event::Cancel => place_needs(Place::Menu),
        Event::Unreadable => withdraw::text_needs(&conversation.step, ""),
        Event::Balance => place_needs(Place::Balance),
        Event::Withdrawals => place_needs(Place::Withdrawals),
        Event::Text(typed) => withdraw::text_needs(&conversation.step, typed),
        Event::Strange => Needs::default(),
    }
}

fn place_needs(place: Place) -> Needs {
    match place {
        Place::Menu => Needs { role: true, ..Needs::default() },
        Place::Affiliate | Place::Balance | Place::Replies | Place::Withdrawals | Place::Withdrawal(_) => {
            Needs { profile: true, ..Needs::default() }
        }
    }
}

/// Draws what an event leads to.
pub(crate) fn turn(conversation: Conversation, event: &Event, model: &Model) -> Turn {
    match event {
        Event::Start => shown(menu::main(model)),
        Event::Cancel => shown(menu::cancelled(model)),
        Event::Balance => shown(place(Place::Balance, model)),
        Event::Withdrawals => shown(place(Place::Withdrawals, model)),
        Event::Strange => toast(conversation, text::STRANGE),
        Event::Text(typed) => match conversation.step {
            Step::Menu => shown(menu::not_understood(model)),
            _ => withdraw::text(conversation, typed, model),
        },
        Event::Unreadable => match conversation.step {
            Step::Menu => shown(menu::not_understood(model)),
            _ => withdraw::text(conversation, "", model),
        },
        Event::Press { action: Action::Go(to), .. } => shown(place(*to, model)),
        Event::Press { action: Action::Cancel, .. } => shown(menu::cancelled(model)),
        Event::Press { action: Action::Withdraw(source), .. } => withdraw::begin(*source, None, model),
        Event::Press { used: true, .. } => toast(conversation, text::USED),
        Event::Press { live: false, .. } => toast(conversation, text::STALE),
        Event::Press { action, keyboard, .. } => withdraw::press(conversation, action, keyboard, model),
    }
}

fn place(place: Place, model: &Model) -> View {
    match place {
        Place::Menu => menu::main(model),
        Place::Affiliate => menu::affiliate(model),
        Place::Balance => menu::balance(model),
        Place::Replies => menu::replies(model),
        Place::Withdrawals => history::list(model),
        Place::Withdrawal(id) => history::one(model, id),
    }
}

/// A screen at which nothing waits for words.
fn shown(view: View) -> Turn {
    (Conversation::start(), vec![Out::Show(view)], None)
}

/// A screen of a step.
fn stepped(step: Step, view: View) -> Turn {
    (Conversation::at(step), vec![Out::Show(view)], None)
}

/// A line over the screen; everything else stays.
fn toast(conversation: Conversation, text: &str) -> Turn {
    (conversation, vec![Out::Toast { text: text.to_owned(), alert: true }], None)
}

/// The way home under a screen.
fn with_home(view: View) -> View {
    view.button("🏠 Main Menu", Action::Go(Place::Menu))
}
