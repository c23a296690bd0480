//! From the amount to the request: every prompt, and words for every refusal.

use super::{clock, earnings, moment, money, span};
use crate::conversation::Draft;
use crate::html::Html;
use app::command::{Payee, Quote, QuoteError, RequestWithdrawalError, ResolveAccountError};
use app::withdrawals::Bounds;
use domain::withdrawal::Source;
use domain::{Currency, Money, Timestamp, WithdrawalId};
use std::time::Duration;

/// Spending is frozen.
pub(crate) const FROZEN: &str = "Withdrawals from your account are on hold while we look into something. Your money is safe. Please contact support.";

const fn currency(source: Source) -> Currency {
    match source {
        Source::Affiliate => Currency::Usd,
        Source::Reply => Currency::Ngn,
    }
}

const fn unit(source: Source) -> &'static str {
    match source {
        Source::Affiliate => "dollars (USD)",
        Source::Reply => "naira (NGN)",
    }
}

const fn example(source: Source) -> &'static str {
    match source {
        Source::Affiliate => "10 or 12.50",
        Source::Reply => "5000 or 7500.50",
    }
}

/// The amount of a draft as it was typed.
pub(crate) fn drafted(draft: &Draft) -> String {
    Money::parse(&draft.amount, currency(draft.source)).map_or_else(|_| draft.amount.clone(), money)
}

fn fee(fee: Money) -> String {
    if fee.is_zero() { "none".to_owned() } else { money(fee) }
}

/// Asks for the amount.
pub(crate) fn amount(source: Source, available: Money, naira: Option<Money>, bounds: &Bounds) -> Html {
    let mut html = Html::new()
        .bold(&format!("💸 Withdraw {}", earnings(source)))
        .line()
        .text("Available: ")
        .bold(&money(available));
    if let Some(naira) = naira.filter(|naira| naira.is_positive()) {
        html = html.text(&format!(" (about {})", money(naira)));
    }
    html.line()
        .text(&format!("Minimum: {}", money(bounds.min)))
        .line()
        .text(&format!("Maximum: {}", money(bounds.max)))
        .line()
        .text(&format!("Fee: {}", fee(bounds.fee)))
        .gap()
        .text(&format!("Please type the amount in {}, in digits only, for example {}.", unit(source), example(source)))
}

/// The purse holds less than the minimum.
pub(crate) fn too_little(source: Source, available: Money, minimum: Money) -> Html {
    Html::new().text(&format!(
        "There is not enough to withdraw yet: your {} hold {}, and the least is {}.",
        earnings(source),
        money(available),
        money(minimum)
    ))
}

/// Why an amount was not taken.
pub(crate) fn amount_refused(why: &QuoteError, source: Source) -> String {
    match why {
        QuoteError::NotAnAmount => {
            format!("I could not read that as an amount. Please use digits only, with at most two decimals, like {}.", example(source))
        }
        QuoteError::BelowMinimum(least) => format!("That is below the minimum of {}.", money(*least)),
        QuoteError::AboveMaximum(most) => format!("That is above the maximum of {} for one withdrawal.", money(*most)),
        QuoteError::InsufficientBalance { available } => {
            format!("That is more than you have: {} can be withdrawn.", money(*available))
        }
        QuoteError::NoRate(_) => {
            "Today's exchange rate is not available at the moment, so I cannot say what you would receive. Please come back in a few minutes.".to_owned()
        }
        QuoteError::Store(_) => "Something went wrong on our side. Please try again in a minute.".to_owned(),
    }
}

/// Asks for the bank. The word "amount" is left to the screen that asks for it.
pub(crate) fn bank(draft: &Draft, search: &str, found: usize, saved: bool) -> Html {
    let html = Html::new()
        .bold("🏦 Where should it go?")
        .line()
        .text(&format!("You are withdrawing {}.", drafted(draft)))
        .gap();
    if !search.is_empty() && found == 0 {
        return html
            .text("No bank matches “")
            .bold(search)
            .text("”. Please type another part of its name, for example “zenith” or “opay”.");
    }
    if !search.is_empty() {
        return html
            .text("Banks that match “")
            .bold(search)
            .text("”. Choose yours, or type another part of its name to search again.");
    }
    if saved {
        return html.text("Choose a saved account or your bank below, or type a part of the bank's name to search.");
    }
    html.text("Choose your bank below, or type a part of its name to search.")
}

/// The list of banks is empty: it was not read yet.
pub(crate) fn no_banks() -> Html {
    Html::new()
        .text("The list of banks is not available at the moment. Nothing was moved. Please come back in a few minutes.")
}

/// Asks for the account number.
pub(crate) fn account(bank_name: &str) -> Html {
    Html::new().bold(&format!("🏦 {bank_name}")).line().text("Please type the 10-digit account number.")
}

/// The bank is being asked.
pub(crate) fn asking(bank_name: &str) -> Html {
    Html::new().text(&format!("One moment, {bank_name} is being asked for the name on this account…"))
}

/// Why an account was not taken.
pub(crate) fn account_refused(why: &ResolveAccountError, bank_name: &str) -> String {
    match why {
        ResolveAccountError::NotAnAccount => "An account number has exactly 10 digits.".to_owned(),
        ResolveAccountError::NotFound => {
            format!(
                "{bank_name} does not know this account number. Please check the digits, or go back and choose another bank."
            )
        }
        ResolveAccountError::Unavailable(_) => {
            "The bank cannot be asked at the moment. Nothing was moved. Please try the number again in a minute."
                .to_owned()
        }
    }
}

/// Asks whether the name is right.
pub(crate) fn name(payee: &Payee) -> Html {
    Html::new()
        .bold("Is this the right account?")
        .gap()
        .text("Name: ")
        .bold(&payee.account_name)
        .line()
        .text(&format!("Bank: {}", payee.bank_name))
        .line()
        .text("Account: ")
        .code(&payee.account_number)
        .gap()
        .text("Please check the name with care. Money that goes to a wrong account cannot be called back.")
}

/// The summary before the money button.
pub(crate) fn review(quote: &Quote, payee: &Payee, rate_hold: Duration) -> Html {
    let mut html = Html::new()
        .bold("Please check your withdrawal")
        .gap()
        .text(&format!("From your {}: {}", earnings(quote.source), money(quote.amount)))
        .line()
        .text(&format!("Fee: {}", fee(quote.fee)))
        .line();
    if let Some(rate) = quote.rate {
        html = html.text(&format!("Rate: ₦{rate} for $1")).line();
    }
    html = html
        .text("You receive: ")
        .bold(&money(quote.payout))
        .line()
        .text("To: ")
        .bold(&payee.account_name)
        .line()
        .text(&format!("{}, account ", payee.bank_name))
        .code(&payee.account_number)
        .gap()
        .text(&format!("This offer holds until {} (Lagos time). ", clock(quote.confirm_until)));
    if quote.rate.is_some() {
        html = html.text(&format!("Once you confirm, the rate is kept for {} while we review. ", span(rate_hold)));
    }
    html.text(&format!("Confirming sets {} aside for this withdrawal.", money(quote.amount)))
}

/// The request was taken.
pub(crate) fn requested(id: WithdrawalId, replayed: bool, quote: &Quote, payee: &Payee) -> Html {
    let title = if replayed { "is requested already" } else { "is requested" };
    let account = domain::text::mask_account(&payee.account_number);
    Html::new()
        .bold(&format!("✅ Your withdrawal #{id} {title}"))
        .line()
        .text(&format!("{} to {} {account}", money(quote.payout), payee.bank_name))
        .gap()
        .text(&format!(
            "{} is set aside for it. We review every request, and you get a message here at each step.",
            money(quote.amount)
        ))
}

/// Why nothing was requested.
pub(crate) fn request_refused(why: &RequestWithdrawalError, source: Source, now: Timestamp) -> Html {
    use RequestWithdrawalError as E;
    let sentence = match why {
        E::Quote(why) => amount_refused(why, source),
        E::QuoteOver => "That offer ran out before you confirmed. Ask for a new one to see today's figures.".to_owned(),
        E::TooMany { next } => {
            let when = if next.since(now) < Duration::from_secs(12 * 3_600) { clock(*next) } else { moment(*next) };
            format!(
                "You have made as many withdrawals as can be made for now. The next is possible from {when} (Lagos time)."
            )
        }
        E::Frozen => FROZEN.to_owned(),
        E::Closed(_) => "Withdrawals are closed for a short while. Please come back later.".to_owned(),
        E::KeyReused(_) => "This button was used for another request. Please start again from the menu.".to_owned(),
        E::Store(_) => "Something went wrong on our side. Please try again in a minute.".to_owned(),
    };
    Html::new().bold("Nothing was requested").line().text(&sentence).gap().text("Your balance has not changed.")
}
