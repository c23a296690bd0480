//! How to pay, in words: the order and its ways, coins and networks, balances, bank transfers, and every refusal.

use super::vps::noted;
use super::{money, shop};
use crate::html::Html;
use app::invoices::{InvoiceError, Offer, Order};
use domain::invoice::Method;
use domain::product::{Details, QuantityError};
use domain::{Currency, Money};

/// Words where a button was expected.
pub(crate) const USE_BUTTONS: &str = "Please use the buttons below.";
/// What was typed is no amount.
pub(crate) const NOT_AN_AMOUNT: &str =
    "I could not read that as an amount. Please type it in dollars, for example 25 or 12.50.";
/// What was typed is no e-mail address.
pub(crate) const NOT_AN_EMAIL: &str = "That does not look like an e-mail address. It looks like name@example.com.";
/// No coin can be taken now.
pub(crate) const NO_COINS: &str =
    "Crypto cannot be taken at the moment. Please choose another way, or come back in a few minutes.";

const FROZEN: &str =
    "Payments from your account are on hold while we look into something. Your money is safe. Please contact support.";

/// Spending is frozen.
pub(crate) fn frozen() -> Html {
    Html::new().text(FROZEN)
}

/// An amount of dollars as people type it.
pub(crate) fn dollars(typed: &str) -> Option<Money> {
    let typed: String = typed.chars().filter(|c| !c.is_whitespace() && *c != ',').collect();
    let plain = typed.strip_prefix('$').or_else(|| typed.strip_suffix('$')).unwrap_or(&typed);
    let amount = Money::parse(plain, Currency::Usd).ok().filter(|amount| amount.is_positive())?;
    // Nobody pays parts of a cent.
    (amount.minor() % 10_000 == 0).then_some(amount)
}

/// An e-mail address as people type it; whether it is one only its owner knows.
pub(crate) fn email(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let plain =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_graphic() && !b"<>()[],;:\\\"@".contains(&b));
    let (name, host) = typed.split_once('@')?;
    let dotted = host.contains('.') && !host.starts_with('.') && !host.ends_with('.') && !host.contains("..");
    (typed.len() <= 254 && plain(name) && plain(host) && dotted).then(|| typed.to_owned())
}

/// How much goes into the wallet?
pub(crate) fn topup(wallet: Money, note: Option<&str>) -> Html {
    let html = Html::new()
        .bold("➕ Top up your wallet")
        .line()
        .text(&format!("It holds {} now. Your wallet pays for everything here, at once.", money(wallet)))
        .gap()
        .text("How much? Choose below, or type an amount in dollars.");
    noted(note, html)
}

/// A top-up of what is missing, as a button.
pub(crate) fn topup_label(missing: Money) -> String {
    format!("➕ Top up {}", money(missing))
}

/// What the order is.
fn ordered(order: &Order, offer: &Offer) -> Html {
    let html = Html::new().bold(&offer.title);
    match order {
        Order::Topup { .. } => html,
        Order::Buy { details, .. } => {
            let html = html.line().text(&format!("Quantity: {}", super::boost::grouped(offer.quantity)));
            let html = html.text(&format!(" · {} each", money(offer.unit_price)));
            told(html, details)
        }
    }
}

/// What the buyer told, as a line.
pub(crate) fn told(html: Html, details: &Details) -> Html {
    match shop::details(details) {
        Some(line) => html.line().text(&line),
        None => html,
    }
}

/// The order, its total, and how to pay.
pub(crate) fn choose(order: &Order, offer: &Offer, note: Option<&str>) -> Html {
    let mut html = ordered(order, offer).gap().text("Total: ").bold(&money(offer.total)).gap();
    if matches!(order, Order::Buy { .. }) {
        html = html.text(&format!("Your wallet: {}", money(offer.wallet)));
        if !offer.methods.contains(&Method::Wallet) {
            let missing = offer.total.checked_sub(offer.wallet).unwrap_or(offer.total);
            html = html.text(&format!(" ({} short)", money(missing)));
        }
        if offer.affiliate.is_positive() {
            html = html.line().text(&format!("Your affiliate earnings: {}", money(offer.affiliate)));
        }
        html = html.gap();
    }
    let html = match offer.methods.is_empty() {
        true => html.text("It cannot be paid at the moment. Please come back in a few minutes."),
        false => html.bold("How do you want to pay?"),
    };
    noted(note, html)
}

/// A way to pay, as a button.
pub(crate) fn method_label(method: Method, offer: &Offer) -> String {
    match method {
        Method::Crypto(asset) => format!("🪙 {}", asset.symbol()),
        Method::Bank => "🏦 Bank transfer (₦)".to_owned(),
        Method::Wallet => format!("👛 Wallet ({})", money(offer.wallet)),
        Method::Affiliate => format!("🤝 Affiliate earnings ({})", money(offer.affiliate)),
    }
}

/// Which coin?
pub(crate) fn coins(offer: &Offer) -> Html {
    Html::new()
        .bold("🪙 Which coin?")
        .line()
        .text(&format!("{}: {}", offer.title, money(offer.total)))
        .gap()
        .text("USDT is counted as dollars; of other coins the amount is fixed at today's price when you choose.")
}

/// Which network?
pub(crate) fn networks(offer: &Offer) -> Html {
    Html::new()
        .bold("💵 USDT: on which network?")
        .line()
        .text(&format!("{}: {}", offer.title, money(offer.total)))
        .gap()
        .text("Choose the network that you will send on: what is sent on another one does not arrive.")
}

/// Asks for an e-mail address.
pub(crate) fn ask_email(note: Option<&str>) -> Html {
    let html = Html::new()
        .bold("🏦 Bank transfer")
        .line()
        .text("The bank needs an e-mail address for the transfer. Please type yours, for example name@example.com.")
        .gap()
        .text("It is asked once, kept encrypted, and given to the bank only.");
    noted(note, html)
}

/// The last look.
pub(crate) fn review(order: &Order, method: Method, email: Option<&str>, offer: &Offer, note: Option<&str>) -> Html {
    let html = ordered(order, offer).gap().text("Total: ").bold(&money(offer.total)).gap();
    let from = |html: Html, name: &str, purse: Money| {
        let after = purse.checked_sub(offer.total).unwrap_or(purse);
        html.text(&format!("It is paid from your {name} at once: {} now, {} afterwards.", money(purse), money(after)))
    };
    let html = match method {
        Method::Wallet => from(html, "wallet", offer.wallet),
        Method::Affiliate => from(html, "affiliate earnings", offer.affiliate),
        _ => {
            let html = match email {
                Some(email) => html.text("E-mail: ").code(email).line(),
                None => html.text("E-mail: the one that you gave before").line(),
            };
            html.text(
                "You get an account of a Nigerian bank that takes one transfer of an exact amount in naira, at today's rate. \
                 Nothing is paid yet.",
            )
        }
    };
    noted(note, html)
}

/// The button under the last look.
pub(crate) const fn confirm_label(method: Method) -> &'static str {
    match method {
        Method::Bank => "✅ Get the account",
        _ => "✅ Pay now",
    }
}

/// A way to pay that is not there any more.
pub(crate) const fn not_now(method: Method) -> &'static str {
    match method {
        Method::Crypto(_) => NO_COINS,
        Method::Bank => {
            "Bank transfers cannot be taken at the moment. Please choose another way, or come back in a few minutes."
        }
        Method::Wallet => "Your wallet does not hold that much any more. Please choose another way.",
        Method::Affiliate => "Your affiliate earnings are not that much any more. Please choose another way.",
    }
}

/// Why there is no invoice: a sentence.
pub(crate) fn refused(why: &InvoiceError) -> String {
    use InvoiceError as E;
    match why {
        E::NotSold(_) => "It is not available at the moment.".to_owned(),
        E::Quantity(QuantityError::Below(min)) => format!("The least is {} now.", super::boost::grouped(*min)),
        E::Quantity(QuantityError::Above(max)) => format!("The most is {} now.", super::boost::grouped(*max)),
        E::Quantity(QuantityError::Step(step)) => format!("It goes in steps of {} now.", super::boost::grouped(*step)),
        E::Details => "Something about your order is missing. Please say it once more.".to_owned(),
        E::Amount { min, max } => format!("You can top up {} to {} at a time.", money(*min), money(*max)),
        E::NotOffered(method) => not_now(*method).to_owned(),
        E::NoPrice(_) => {
            "Today's price for that is not certain at the moment. Please choose another way, or try again in a minute."
                .to_owned()
        }
        E::Insufficient { available } => format!("That balance holds {} only.", money(*available)),
        E::TooDear(most) => {
            format!(
                "That is more than one invoice may be for ({}). Please order less at once, or talk to our team.",
                money(*most)
            )
        }
        E::TooManyOpen(most) => {
            format!(
                "You have {most} open invoices, and more cannot be open at once. Please pay one, or let one run out."
            )
        }
        E::EmailNeeded => NOT_AN_EMAIL.to_owned(),
        E::NoUser(_) => "I do not know you yet. Please send /start, then choose again.".to_owned(),
        E::Frozen => FROZEN.to_owned(),
        E::Closed(_) => "Payments are closed for a short while. Please come back a little later.".to_owned(),
        E::KeyReused(_) => "This button was used for another order. Please choose again.".to_owned(),
        E::Store(_) => "Something went wrong on our side. Please try again in a minute.".to_owned(),
    }
}

/// Nothing came of it.
pub(crate) fn nothing_made(sentence: &str) -> Html {
    Html::new().bold("Nothing was ordered").line().text(sentence).gap().text("Your balances are as they were.")
}
