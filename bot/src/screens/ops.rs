//! Decisions in the ops chats. The message itself is the review; who presses is authorised when it is carried out.

use crate::action::Action;
use crate::text::{ops as words, sold_news};
use crate::view::{Out, View};
use app::command::{ActError, Acted, DecideError, Decided, Decision};
use app::fulfilment::Fulfil;
use app::notice::{OpsManual, OpsWithdrawal};
use app::settings::RejectReason;

/// What a press asks of the business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Decide {
    /// Approve it.
    Approve(Decision),
    /// Refuse it for a reason.
    Reject(Decision, RejectReason),
}

/// What a press in an ops chat leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// Only the message changes.
    Show(Vec<Out>),
    /// Something is decided.
    Decide(Decide),
}

/// The request as it is told to an ops chat.
pub(crate) fn request(request: &OpsWithdrawal) -> View {
    if !request.decidable {
        return View::of(words::terminal_only(request));
    }
    undecided(View::of(words::requested(request)))
}

fn undecided(view: View) -> View {
    view.row(vec![(words::APPROVE.to_owned(), Action::Approve), (words::REJECT.to_owned(), Action::Reject)])
}

/// A press by an operator.
pub(crate) fn press(action: &Action, keyboard: &str, request: &OpsWithdrawal, reasons: &[RejectReason]) -> Pressed {
    let decision = |what: &str| Decision {
        id: request.id,
        version: request.version,
        // The same button is the same operation, however often it is pressed.
        op: format!("tg-{keyboard}-{what}"),
    };
    match action {
        Action::Approve => Pressed::Decide(Decide::Approve(decision("approve"))),
        Action::Reject => {
            let view = reasons.iter().fold(View::of(words::which_reason(request)), |view, reason| {
                view.button(domain::text::clean_line(&reason.text, 60), Action::RejectFor(reason.code.clone()))
            });
            Pressed::Show(vec![Out::Show(view.button(words::BACK, Action::Undecided))])
        }
        Action::RejectFor(code) => match reasons.iter().find(|reason| reason.code == *code) {
            Some(reason) => Pressed::Decide(Decide::Reject(decision("reject"), reason.clone())),
            None => Pressed::Show(vec![toast("This reason is no longer in use. Please choose again.")]),
        },
        Action::Undecided => Pressed::Show(vec![Out::Show(undecided(View::of(words::requested(request))))]),
        _ => Pressed::Show(vec![toast(crate::text::STALE)]),
    }
}

/// What became of a decision.
pub(crate) fn result(
    request: &OpsWithdrawal,
    by: &str,
    reason: Option<&RejectReason>,
    result: &Result<Decided, DecideError>,
) -> Vec<Out> {
    match result {
        Ok(decided) => {
            let sentence = words::decided(decided, by, reason.map(|reason| reason.text.as_str()));
            vec![Out::Show(View::of(words::with_result(request, &sentence)))]
        }
        Err(why) => {
            let sentence = words::refused(why);
            let mut outs = vec![toast(&sentence)];
            if words::is_over(why) {
                outs.push(Out::Show(View::of(words::with_result(request, &sentence))));
            }
            outs
        }
    }
}

/// What a press under an order that people fulfil leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PressedOrder {
    /// Only the message changes.
    Show(Vec<Out>),
    /// The order is closed.
    Fulfil {
        /// How.
        what: Fulfil,
        /// What its buyer reads.
        note: String,
        /// The operation.
        op: String,
    },
}

/// An order that people fulfil, as it is told to an ops chat.
pub(crate) fn order(order: &OpsManual) -> View {
    open(View::of(sold_news::for_people(order)))
}

fn open(view: View) -> View {
    view.row(vec![(words::DONE.to_owned(), Action::Fulfilled), (words::GIVE_BACK.to_owned(), Action::GiveBack)])
}

/// A press by an operator under an order.
pub(crate) fn press_order(action: &Action, keyboard: &str, order: &OpsManual) -> PressedOrder {
    // The same button is the same operation, however often it is pressed.
    let fulfil = |what, note: &str, word: &str| PressedOrder::Fulfil {
        what,
        note: note.to_owned(),
        op: format!("tg-{keyboard}-{word}"),
    };
    match action {
        Action::Fulfilled => fulfil(Fulfil::Done, "", "done"),
        Action::GiveBack => {
            let view = View::of(words::why_give_back(order));
            let view = words::GIVE_BACK_REASONS
                .iter()
                .fold(view, |view, why| view.button(*why, Action::GiveBackFor((*why).to_owned())));
            PressedOrder::Show(vec![Out::Show(view.button(words::BACK, Action::Undecided))])
        }
        Action::GiveBackFor(why) => fulfil(Fulfil::Refund, why, "refund"),
        Action::Undecided => PressedOrder::Show(vec![Out::Show(self::order(order))]),
        _ => PressedOrder::Show(vec![toast(crate::text::STALE)]),
    }
}

/// What became of it.
pub(crate) fn fulfilled(order: &OpsManual, by: &str, result: &Result<Acted, ActError>) -> Vec<Out> {
    match result {
        Ok(acted) => vec![Out::Show(View::of(words::order_with_result(order, &words::fulfilled(acted, by))))],
        Err(why) => vec![toast(&words::not_fulfilled(why))],
    }
}

/// Money is not given back from chats here.
pub(crate) fn terminal_only() -> Vec<Out> {
    vec![toast(words::IN_THE_TERMINAL)]
}

/// Somebody who is no operator pressed.
pub(crate) fn not_allowed() -> Vec<Out> {
    vec![toast(words::NOT_AN_OPERATOR)]
}

fn toast(text: &str) -> Out {
    Out::Toast { text: text.to_owned(), alert: true }
}
