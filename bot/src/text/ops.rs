//! What the ops chats read: requests to decide, alarms, and what became of a press.

use super::{clock, money, purse};
use crate::html::Html;
use app::command::{ActError, Acted, DecideError, Decided};
use app::notice::{OpsManual, OpsWithdrawal};
use domain::operator::NotAllowed;

/// Buttons under a request.
pub(crate) const APPROVE: &str = "✅ Approve";
/// Buttons under a request.
pub(crate) const REJECT: &str = "❌ Reject";
/// Back from the reasons.
pub(crate) const BACK: &str = "⬅️ Back";

/// Money is not given back from chats here.
pub(crate) const IN_THE_TERMINAL: &str = "Money is given back in the terminal here: orders manual, then fulfil.";
/// Buttons under an order that people fulfil.
pub(crate) const DONE: &str = "✅ Delivered";
/// Buttons under an order that people fulfil.
pub(crate) const GIVE_BACK: &str = "↩️ Give the money back";
/// Why the money of an order goes back; its buyer reads it.
pub(crate) const GIVE_BACK_REASONS: [&str; 4] = [
    "We cannot deliver it at the moment.",
    "The link or name does not work.",
    "The account or channel is private.",
    "You asked us to cancel it.",
];

/// Somebody who is not linked as an operator.
pub(crate) const NOT_AN_OPERATOR: &str =
    "This Telegram account is not linked to an operator, so it cannot decide. Ask an admin to link it.";

/// A request to decide.
pub(crate) fn requested(request: &OpsWithdrawal) -> Html {
    let who = if request.username.is_empty() { "user" } else { request.username.as_str() };
    let mut html = Html::new()
        .bold(&format!("💸 Withdrawal #{}", request.id))
        .text(&format!(" · {}", request.mode))
        .line()
        .text("User: ")
        .mention(who, request.user.get())
        .text(&format!(" ({})", request.user))
        .line()
        .text(&format!("From: {} {}", purse(&request.source), money(request.amount)))
        .line()
        .text("Pays: ")
        .bold(&money(request.payout))
        .line()
        .text(&format!("To: {} {}, {}", request.bank, request.account, request.name));
    if !request.flags.is_empty() {
        html = html.line().text(&format!("⚠️ {}", request.flags.join(", ")));
    }
    html
}

/// The line under a request that only the terminal may decide.
pub(crate) fn terminal_only(request: &OpsWithdrawal) -> Html {
    requested(request).gap().text("Decide in the terminal: ").code(&request.id.to_string())
}

/// The question behind Reject.
pub(crate) fn which_reason(request: &OpsWithdrawal) -> Html {
    requested(request).gap().bold("Why is it rejected?").text(" The user reads the reason.")
}

/// A request with what became of it.
pub(crate) fn with_result(request: &OpsWithdrawal, result: &str) -> Html {
    requested(request).gap().text(result)
}

/// What became of a decision.
pub(crate) fn decided(decided: &Decided, by: &str, reason: Option<&str>) -> String {
    match decided {
        Decided::Signed { signed, needed } => {
            format!("✍️ Signed by {by}: {signed} of {needed}. Another name is needed.")
        }
        Decided::Approved { grace_until } => {
            format!(
                "✅ Approved by {by}. It can be recalled in the terminal until {} (Lagos time).",
                clock(*grace_until)
            )
        }
        Decided::Delayed { until } => format!("✅ Approved by {by}, carried out from {} (Lagos time).", clock(*until)),
        Decided::Rejected => match reason {
            Some(reason) => format!("❌ Rejected by {by}: {reason}"),
            None => format!("❌ Rejected by {by}."),
        },
        Decided::Recalled => format!("↩️ Recalled by {by}."),
        Decided::CaseOpened { case, .. } => format!("A case was opened by {by}: c-{case}."),
        Decided::LookupQueued => "A look-up was asked for.".to_owned(),
        Decided::Already { state } => format!("This was decided already: it is {state}."),
    }
}

/// Why a decision was not taken, and what to do.
pub(crate) fn refused(why: &DecideError) -> String {
    match why {
        DecideError::NotFound(what) => format!("There is no {what}."),
        DecideError::Changed { state, .. } => {
            format!("It changed meanwhile and is {state} now. Please look at it in the terminal.")
        }
        DecideError::WrongState { state, action } => format!("It is {state} and cannot be {action} any more."),
        DecideError::NotAllowed(NotAllowed::Role { has, needed, .. }) => {
            format!("This takes the role {needed}; yours is {has}.")
        }
        DecideError::NotAllowed(NotAllowed::Limit { limit, .. }) => {
            format!("It is above your own limit of {}. Another approver is needed.", money(*limit))
        }
        DecideError::NotAllowed(NotAllowed::OwnSignature(_)) => {
            "You have signed this already. Another name is needed.".to_owned()
        }
        DecideError::RateOver(until) => {
            format!("Its rate held until {} (Lagos time). Reject it, so that the user can ask again.", clock(*until))
        }
        DecideError::NeedsTerminal(reason) => format!("Please decide this one in the terminal: {reason}."),
        DecideError::ReasonMissing => "A reason is needed.".to_owned(),
        DecideError::Stopped(reason) => format!("Payouts are stopped: {reason}."),
        DecideError::UserFrozen => "The user is frozen. Unfreeze first, or reject.".to_owned(),
        DecideError::Cap(why) => format!("Not now: {why}."),
        DecideError::Store(_) => "It could not be recorded. Please press again in a minute.".to_owned(),
    }
}

/// True when the request on the screen is no longer what is there, so its buttons go.
pub(crate) const fn is_over(why: &DecideError) -> bool {
    matches!(why, DecideError::Changed { .. } | DecideError::WrongState { .. } | DecideError::NotFound(_))
}

/// The question behind giving back.
pub(crate) fn why_give_back(order: &OpsManual) -> Html {
    super::sold_news::for_people(order).gap().bold("Why is the money given back?").text(" The buyer reads the reason.")
}

/// An order with what became of it.
pub(crate) fn order_with_result(order: &OpsManual, result: &str) -> Html {
    super::sold_news::for_people(order).gap().text(result)
}

/// What became of an order.
pub(crate) fn fulfilled(acted: &Acted, by: &str) -> String {
    if acted.repeated {
        return "This was done already.".to_owned();
    }
    format!("✅ {by}: {}", domain::text::clean_line(&acted.done, 200))
}

/// Why an order was not closed, and what to do.
pub(crate) fn not_fulfilled(why: &ActError) -> String {
    match why {
        ActError::NotFound(_) => "There is no such order.".to_owned(),
        ActError::Changed { state, .. } => format!("It changed meanwhile and is {state} now."),
        ActError::Refused(why) => format!("Nothing was done: {}.", domain::text::clean_line(why, 150)),
        ActError::ReasonMissing => "A reason is needed.".to_owned(),
        ActError::NotAllowed(NotAllowed::Role { has, needed, .. }) => {
            format!("This takes the role {needed}; yours is {has}.")
        }
        ActError::NotAllowed(NotAllowed::Limit { limit, .. }) => {
            format!("It is above your own limit of {}. Another approver is needed.", money(*limit))
        }
        ActError::NotAllowed(NotAllowed::OwnSignature(_)) => "Another name is needed.".to_owned(),
        ActError::Unreachable(_) | ActError::Store(_) => {
            "It could not be recorded. Please press again in a minute.".to_owned()
        }
    }
}

/// An alarm.
pub(crate) fn alarm(title: &str, text: &str, correlation: &str) -> Html {
    let html = Html::new().bold(&format!("🚨 {title}")).line().text(text);
    if correlation.is_empty() { html } else { html.line().code(correlation) }
}

/// The answer to a command in an ops chat.
pub(crate) fn help() -> Html {
    Html::new().text(
        "Withdrawal requests and alarms come to this chat. Linked approvers decide with the buttons. Operators see the providers with /providers, in their own chat with me. Everything else is decided in the terminal.",
    )
}
