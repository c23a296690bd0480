//! News of a user's money.

use super::{money, purse};
use crate::html::Html;
use app::notice::WithdrawalNews;
use domain::Money;

fn titled(title: &str, news: &WithdrawalNews) -> Html {
    Html::new().bold(title).line().text(&format!("{} to {} {}", money(news.payout), news.bank, news.account))
}

fn with_reason(html: Html, news: &WithdrawalNews) -> Html {
    match news.reason.as_deref().filter(|reason| !reason.is_empty()) {
        Some(reason) => html.line().text(&format!("Reason: {reason}")),
        None => html,
    }
}

fn with_reference(html: Html, news: &WithdrawalNews) -> Html {
    match &news.reference {
        Some(reference) => html.line().text("Reference: ").code(reference),
        None => html,
    }
}

/// Fully approved.
pub(crate) fn approved(news: &WithdrawalNews) -> Html {
    let next = if news.manual {
        "Our team pays it by hand, usually within 1 to 3 business days. You get a message when it is done."
    } else {
        "It goes to your bank next. You get a message when it is on its way."
    };
    titled(&format!("✅ Your withdrawal #{} is approved", news.id), news).gap().text(next)
}

/// On its way.
pub(crate) fn sent(news: &WithdrawalNews) -> Html {
    let html = titled(&format!("📤 Your withdrawal #{} is on its way", news.id), news);
    with_reference(html, news)
        .gap()
        .text("Most arrive within minutes, some banks take up to 24 hours. You get a message when it is paid.")
}

/// Paid.
pub(crate) fn paid(news: &WithdrawalNews) -> Html {
    let html = titled(&format!("🎉 Your withdrawal #{} is paid", news.id), news);
    with_reference(html, news).gap().text("Thank you for being with ViralCore!")
}

/// Failed; the money is back.
pub(crate) fn failed(news: &WithdrawalNews) -> Html {
    let html = titled(&format!("❌ Your withdrawal #{} could not be paid", news.id), news);
    with_reason(html, news).gap().text(&format!(
        "{} is back in your balance. Please check the account details, then send /start to try again.",
        money(news.amount)
    ))
}

/// Refused by an operator; the money is back.
pub(crate) fn rejected(news: &WithdrawalNews) -> Html {
    let html = titled(&format!("❌ Your withdrawal #{} was declined", news.id), news);
    with_reason(html, news)
        .gap()
        .text(&format!("{} is back in your balance. To make a new request, send /start.", money(news.amount)))
}

/// The bank sent it back after it was paid.
pub(crate) fn returned(news: &WithdrawalNews) -> Html {
    let html = titled(&format!("↩️ Your withdrawal #{} came back", news.id), news);
    with_reason(html, news).gap().text(&format!(
        "The bank returned it, and {} is in your balance again. Please check the account details, then send /start to try again.",
        money(news.amount)
    ))
}

/// An operator changed a balance.
pub(crate) fn adjusted(word: &str, amount: Money, reason: &str) -> Html {
    let sign = if amount.is_positive() { "+" } else { "" };
    let html = Html::new().bold("Your balance changed").line().text(&format!(
        "{sign}{} on your {}",
        money(amount),
        purse(word)
    ));
    let html = if reason.is_empty() { html } else { html.line().text(&format!("Reason: {reason}")) };
    html.gap().text("Send /balance to see it.")
}
