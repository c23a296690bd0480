//! Decisions in the ops chats. The message itself is the review; who presses is authorised when it is carried out.

use crate::action::Action;
use crate::text::ops as words;
use crate::view::{Out, View};
use app::command::{DecideError, Decided, Decision};
use app::notice::OpsWithdrawal;
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

/// Somebody who is no operator pressed.
pub(crate) fn not_allowed() -> Vec<Out> {
    vec![toast(words::NOT_AN_OPERATOR)]
}

fn toast(text: &str) -> Out {
    Out::Toast { text: text.to_owned(), alert: true }
}
