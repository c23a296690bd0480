//! The main menu, balances, the affiliate program and the list of withdrawals.

use super::{day, earnings, moment, money};
use crate::html::Html;
use app::users::{Brief, Profile};
use domain::withdrawal::{Source, WithdrawalState};
use domain::{Money, UserId};

/// The main menu.
pub(crate) fn main(first_name: &str) -> Html {
    let name = domain::text::clean_line(first_name, 40);
    let hello = if name.trim().is_empty() {
        "Welcome to ViralCore!".to_owned()
    } else {
        format!("Welcome to ViralCore, {name}!")
    };
    Html::new()
        .bold(&hello)
        .text(" 👋")
        .line()
        .text("Boost your posts, invite friends, earn on what they buy, and withdraw to your Nigerian bank account.")
        .gap()
        .text("What would you like to do?")
}

/// The main menu after words that no screen was waiting for.
pub(crate) fn not_understood() -> Html {
    Html::new().text("Sorry, I did not understand that. Here is what I can do for you:")
}

/// The main menu after something was given up.
pub(crate) fn cancelled() -> Html {
    Html::new().text("Cancelled. Nothing was moved.").gap().text("What would you like to do?")
}

/// A user's own link.
pub(crate) fn referral_link(bot_name: &str, user: UserId) -> String {
    format!("https://t.me/{bot_name}?start=ref_{user}")
}

/// The affiliate program.
pub(crate) fn affiliate(profile: &Profile, bot_name: &str, percent: u32) -> Html {
    let html = Html::new()
        .bold("🤝 Affiliate Program")
        .line()
        .text(&format!("Share your link. You earn {percent}% of what the people who join with it buy."))
        .gap()
        .text("Your link (tap to copy):")
        .line()
        .code(&referral_link(bot_name, profile.user))
        .gap()
        .text("Friends who joined: ")
        .bold(&profile.referred.to_string())
        .line();
    purse_lines(html, "Earnings", profile.affiliate, profile.affiliate_ngn, profile.affiliate_held)
}

/// All purses.
pub(crate) fn balance(profile: &Profile, replies: bool) -> Html {
    let mut html = Html::new().bold("💰 My Balance").line();
    html = purse_lines(html, "Wallet", profile.wallet, None, Money::zero(profile.wallet.currency())).line();
    html = purse_lines(html, "Affiliate earnings", profile.affiliate, profile.affiliate_ngn, profile.affiliate_held);
    if replies || !profile.reply.is_zero() || !profile.reply_held.is_zero() {
        html = purse_lines(html.line(), "Reply earnings", profile.reply, None, profile.reply_held);
    }
    html = super::boost::balance(html.gap(), &profile.posts);
    if profile.frozen {
        html = html.gap().text(super::withdraw::FROZEN);
    }
    html
}

/// The panel of those who earn by replies.
pub(crate) fn replies(profile: &Profile) -> Html {
    let html = Html::new().bold("💬 Reply Panel").line();
    purse_lines(html, "Reply earnings", profile.reply, None, profile.reply_held)
}

fn purse_lines(html: Html, name: &str, amount: Money, naira: Option<Money>, held: Money) -> Html {
    let mut html = html.text(&format!("{name}: ")).bold(&money(amount));
    if let Some(naira) = naira.filter(|naira| naira.is_positive()) {
        html = html.text(&format!(" (about {} at today's rate)", money(naira)));
    }
    if held.is_zero() { html } else { html.line().text(&format!("Set aside for withdrawals: {}", money(held))) }
}

/// The list of withdrawals.
pub(crate) fn withdrawals(list: &[Brief]) -> Html {
    let html = Html::new().bold("🧾 My Withdrawals").line();
    if list.is_empty() {
        return html.text("There are none yet. When you make one, you can follow it here.");
    }
    html.text("Tap one to see where it is.")
}

/// One line of the list, as a button.
pub(crate) fn withdrawal_label(brief: &Brief) -> String {
    format!("{} {} · {} · {}", mark(brief.state), money(brief.payout), day(brief.created_at), short_state(brief.state))
}

/// One withdrawal.
pub(crate) fn withdrawal(brief: &Brief) -> Html {
    let source = if brief.amount.currency() == domain::Currency::Usd { Source::Affiliate } else { Source::Reply };
    let mut html = Html::new()
        .bold(&format!("{} Withdrawal #{}", mark(brief.state), brief.id))
        .line()
        .text(state(brief.state, brief.manual))
        .gap()
        .text("To your bank: ")
        .bold(&money(brief.payout))
        .line()
        .text(&format!("From your {}: {}", earnings(source), money(brief.amount)))
        .line()
        .text(&format!("Account: {} {}", brief.bank_name, brief.account_masked))
        .line()
        .text(&format!("Requested: {} (Lagos time)", moment(brief.created_at)));
    if let Some(reason) = brief.reason.as_deref().filter(|reason| !reason.is_empty()) {
        html = html.line().text(&format!("Reason: {reason}"));
    }
    if let Some(reference) = &brief.reference {
        html = html.line().text("Reference: ").code(reference);
    }
    html
}

/// A withdrawal that is not among the newest, or not this user's.
pub(crate) fn no_such_withdrawal() -> Html {
    Html::new().text("I cannot show that withdrawal here. These are your newest ones:")
}

const fn mark(state: WithdrawalState) -> &'static str {
    use WithdrawalState as S;
    match state {
        S::Paid => "✅",
        S::Failed | S::Rejected => "❌",
        S::Returned => "↩️",
        S::Sending | S::Sent => "📤",
        S::Requested | S::Signing | S::Grace | S::Queued | S::Unknown | S::Frozen => "⏳",
    }
}

const fn short_state(state: WithdrawalState) -> &'static str {
    use WithdrawalState as S;
    match state {
        S::Requested | S::Signing => "in review",
        S::Grace | S::Queued => "approved",
        S::Sending | S::Sent => "on its way",
        S::Unknown | S::Frozen => "being checked",
        S::Paid => "paid",
        S::Failed => "not paid",
        S::Rejected => "declined",
        S::Returned => "returned",
    }
}

const fn state(state: WithdrawalState, manual: bool) -> &'static str {
    use WithdrawalState as S;
    match (state, manual) {
        (S::Requested | S::Signing, _) => "We are reviewing it. You will get a message as soon as it is decided.",
        (S::Grace | S::Queued, true) => "Approved. Our team pays it by hand, usually within 1 to 3 business days.",
        (S::Grace | S::Queued, false) => "Approved. It is about to be sent to your bank.",
        (S::Sending | S::Sent, _) => "On its way to your bank. Most arrive within minutes, some take up to 24 hours.",
        (S::Unknown | S::Frozen, _) => {
            "We are checking with the bank where it is. Your money is safe; there is nothing you need to do."
        }
        (S::Paid, _) => "Paid to your account.",
        (S::Failed, _) => "The bank could not pay it. The money is back in your balance.",
        (S::Rejected, _) => "It was declined. The money is back in your balance.",
        (S::Returned, _) => "The bank sent it back. The money is in your balance again.",
    }
}
