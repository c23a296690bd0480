//! One invoice in words: what to send where until when, how it stands, what to do next; and what is said of a hash.

use super::vps::noted;
use super::{money, pay, span};
use crate::html::Html;
use crate::model::Model;
use app::invoices::{BankShown, ClaimError, Claimed, CoinShown, FinishError, InvoiceShown};
use domain::chain::{Chain, TxIdError};
use domain::invoice::{ChargeState, InvoiceKind, InvoiceState, PaymentState};
use domain::product::Details;
use domain::{Money, Timestamp};

/// It is not there, or not this user's.
pub(crate) const NO_SUCH: &str = "I cannot show that invoice here. These are yours:";
/// The button was pressed before.
pub(crate) const MADE_BEFORE: &str = "This invoice was made already: here it is.";
/// Words where a button was expected.
pub(crate) const USE_BUTTONS: &str = "Please use the buttons below.";

/// `2026-11-21 22:05 UTC`.
fn utc(at: Timestamp) -> String {
    format!("{} {} UTC", at.date(), at.clock())
}

/// The list.
pub(crate) fn list(empty: bool, note: Option<&str>) -> Html {
    let html = Html::new().bold("🧾 My Invoices").line();
    let html = match empty {
        true => html.text("There are none yet. When you buy something, you can follow it here."),
        false => html.text("Tap one to see where it is, or to go on with it."),
    };
    noted(note, html)
}

/// One invoice as a button.
pub(crate) fn label(invoice: &InvoiceShown) -> String {
    let title = domain::text::clean_line(&invoice.title, 28);
    format!("{} {title} · {} · {}", mark(invoice.state), money(invoice.price), word(invoice.state))
}

const fn mark(state: InvoiceState) -> &'static str {
    use InvoiceState as S;
    match state {
        S::Paid | S::Over => "✅",
        S::Open => "🕐",
        S::Seen | S::Confirming => "⏳",
        S::Short | S::Late | S::Disputed => "⚠️",
        S::Expired => "⌛",
        S::Refunded => "↩️",
    }
}

const fn word(state: InvoiceState) -> &'static str {
    use InvoiceState as S;
    match state {
        S::Open => "to pay",
        S::Seen => "being looked for",
        S::Confirming => "confirming",
        S::Paid | S::Over => "paid",
        S::Short => "partly paid",
        S::Expired => "ran out",
        S::Late => "came late",
        S::Refunded => "given back",
        S::Disputed => "being checked",
    }
}

/// One invoice.
pub(crate) fn invoice(invoice: &InvoiceShown, note: Option<&str>, now: Timestamp) -> Html {
    use InvoiceState as S;
    let mut html = Html::new().bold(&format!("{} {}", mark(invoice.state), invoice.title)).line();
    html = html.text("Invoice ").code(&invoice.number).line();
    if invoice.kind == InvoiceKind::Purchase {
        html = html.text(&format!("Quantity: {}", super::boost::grouped(invoice.quantity)));
        html = pay::told(html, &invoice.details).line();
    }
    html = html.text("Price: ").bold(&money(invoice.price)).gap();
    html = match (invoice.state, &invoice.coin, &invoice.bank) {
        (S::Open, Some(coin), _) => coin_steps(html, invoice, coin, now),
        (S::Open, None, Some(bank)) => bank_steps(html, invoice, bank, now),
        _ => html.text(&stands(invoice)),
    };
    if let Some(why) = invoice.refused.as_deref() {
        html = html.gap().text("⚠️ ").text(super::invoice_news::refused(Some(why)));
    }
    if matches!(invoice.state, S::Short | S::Expired)
        && let Some(coin) = &invoice.coin
    {
        html = html.gap().text("It was to be sent to ").code(&coin.address);
    }
    for payment in invoice.payments.iter().rev().take(3) {
        html = html.gap().text(payment_word(payment.state)).line().code(&domain::text::clean_line(&payment.tx, 100));
    }
    noted(note, html)
}

/// What to send where until when.
fn coin_steps(html: Html, invoice: &InvoiceShown, coin: &CoinShown, now: Timestamp) -> Html {
    let html = html
        .text("Send exactly (tap to copy):")
        .line()
        .code(&coin.amount)
        .text(&format!(" {}", coin.asset.symbol()))
        .gap()
        .text("Network: ")
        .bold(coin.asset.network())
        .line()
        .text("To this address:")
        .line()
        .code(&coin.address)
        .gap();
    ends(html, invoice.expires_at, now).gap().text(
        "The last digits are how we know your payment, so send the amount as it stands, on this network only; the fee \
             of your wallet or exchange comes on top. Then tap “I have paid” and send the transaction hash.",
    )
}

/// The account, or the wait for it.
fn bank_steps(html: Html, invoice: &InvoiceShown, bank: &BankShown, now: Timestamp) -> Html {
    match (bank.charge, &bank.account) {
        (ChargeState::Failed, _) => html.text(
            "The bank could not give an account for this transfer. Please choose another way to pay, or try again a \
             little later. Nothing was paid.",
        ),
        (_, Some(account)) => {
            let mut html = html
                .text("Transfer exactly (tap to copy):")
                .line()
                .text("₦")
                .code(&bank.amount.amount_text())
                .gap()
                .text("Bank: ")
                .bold(bank.bank.as_deref().unwrap_or("-"))
                .line()
                .text("Account: ")
                .code(account);
            if let Some(note) = bank.note.as_deref().filter(|note| !note.is_empty()) {
                html = html.line().text(&format!("Note of the bank: {}", domain::text::clean_line(note, 200)));
            }
            ends(html.gap(), invoice.expires_at, now).gap().text(
                "The account takes this one transfer. You get a message as soon as it is here; no hash is needed.",
            )
        }
        _ => html
            .text(&format!(
                "Your account for {} is being prepared. It takes some seconds: you get a message, or tap Refresh.",
                money(bank.amount)
            ))
            .gap()
            .text("Please do not transfer anything before."),
    }
}

fn ends(html: Html, at: Option<Timestamp>, now: Timestamp) -> Html {
    match at {
        Some(at) if at > now => html.text("Pay until: ").bold(&utc(at)).text(&format!(
            " (Lagos: {}), {} from now.",
            super::clock(at),
            span(at.since(now))
        )),
        Some(at) => html.text(&format!("Its time was over at {}.", utc(at))),
        None => html,
    }
}

/// How it stands, and what comes next.
fn stands(invoice: &InvoiceShown) -> String {
    use InvoiceState as S;
    let topup = invoice.kind == InvoiceKind::Topup;
    let came = money(invoice.received);
    match invoice.state {
        S::Open => "It waits for your payment.".to_owned(),
        S::Seen => {
            "We are looking for your transaction. Most are found within a minute or two; you get a message then.".to_owned()
        }
        S::Confirming => {
            "Your payment is found, and the network is confirming it. You get a message as soon as that is done; there is \
             nothing you need to do."
                .to_owned()
        }
        S::Paid | S::Over if topup => format!("Paid: {came} is in your wallet."),
        S::Paid if is_credits(&invoice.details) => {
            "Paid. Your credits are there: paste the link of a post whenever you like.".to_owned()
        }
        S::Paid => "Paid. Our team has it and you get a message when it is delivered.".to_owned(),
        S::Over => "Paid, with more than was asked for: the rest is in your wallet.".to_owned(),
        S::Short => {
            let rest = invoice.lacking.map_or_else(String::new, |rest| format!(" {} is missing.", money(rest)));
            format!(
                "Less came than was asked for: {came} is safe in your wallet.{rest} Send the rest in another payment and \
                 its hash, or pay it from your wallet."
            )
        }
        S::Expired => {
            "Its time is over, and nothing came. If you have paid, send the hash: a payment is never lost. Otherwise please \
             order again, at today's price."
                .to_owned()
        }
        S::Late => format!("Your payment came after its time: {came} is in your wallet, and you can buy with it at once."),
        S::Refunded => format!("{} was given back to your balance.", money(invoice.refunded)),
        S::Disputed => {
            "We are checking this payment by hand. Your money is safe; you get a message when it is decided.".to_owned()
        }
    }
}

const fn payment_word(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Waiting => "Transaction, being looked for:",
        PaymentState::Pending | PaymentState::Confirmed => "Transaction, being confirmed:",
        PaymentState::Credited => "Transaction, credited:",
        PaymentState::Refused => "Transaction that did not pay it:",
        PaymentState::Disputed | PaymentState::Orphan => "Transaction, being checked by our team:",
    }
}

/// Asks for the hash.
pub(crate) fn ask_hash(invoice: &InvoiceShown, note: Option<&str>) -> Html {
    let network = invoice.coin.as_ref().map_or("", |coin| coin.asset.network());
    let html = Html::new()
        .bold("🔗 Your transaction hash, please")
        .line()
        .text(&format!("For {}: {}, on {network}.", invoice.title, money(invoice.price)))
        .gap()
        .text(
            "Your wallet or exchange shows it in the details of the payment, as “transaction hash”, “TxID” or \
             “signature”. Copy it and paste it here; a link to an explorer works, too.",
        );
    noted(note, html)
}

/// A hash, but nothing that it could pay.
pub(crate) fn hash_for_nothing() -> Html {
    Html::new().text("That looks like a transaction hash, but you have no invoice that waits for one.").gap().text(
        "Under My Invoices you see what became of each. If you sent money without an invoice, please contact support.",
    )
}

/// Which invoice is it for?
pub(crate) fn which() -> Html {
    Html::new().bold("🔗 Which invoice is this payment for?").line().text("More than one of yours waits for a payment.")
}

/// A transaction was named.
pub(crate) fn claimed(done: &Claimed) -> Html {
    let html = Html::new()
        .bold("⏳ Thank you, we are looking for it")
        .line()
        .text("Invoice ")
        .code(&done.number)
        .line()
        .text("Transaction ")
        .code(&done.tx)
        .gap();
    let html = html.text(
        "Most payments are found and confirmed within some minutes. If the network or its servers are slow, we keep on \
         looking. You get a message at each step.",
    );
    match done.lacking {
        Some(rest) => html.gap().text(&format!("Until now {} is missing on this invoice.", money(rest))),
        None => html,
    }
}

fn chains(chains: &[Chain]) -> String {
    chains.iter().map(|chain| chain.name()).collect::<Vec<_>>().join(" or ")
}

/// Why a transaction was not taken: a sentence.
pub(crate) fn claim_refused(why: &ClaimError, model: &Model) -> String {
    use ClaimError as E;
    let asset = model.invoice.as_ref().and_then(|invoice| invoice.method.asset());
    let ours = asset.map_or("its network", |asset| asset.chain().name());
    match why {
        E::NotYours(_) => "I cannot find that invoice.".to_owned(),
        E::NotOpen(state) => format!("That invoice is {} and takes no hash.", word(*state)),
        E::Hash(TxIdError::Empty) => "I cannot see a transaction hash in that.".to_owned(),
        E::Hash(TxIdError::AnAddress) => {
            "That is an address. The hash of the payment is longer and stands in its details, as “hash” or “TxID”."
                .to_owned()
        }
        E::Hash(TxIdError::OtherChain(others)) => format!(
            "That is a transaction on {}, but this invoice is to be paid on {ours}. If you really sent it there, please \
             contact support; otherwise send the hash of the payment on {ours}.",
            chains(others)
        ),
        E::Hash(TxIdError::LedgerVersion) => {
            "That is a version number. Please send the transaction hash: it begins with 0x and has 64 more characters."
                .to_owned()
        }
        E::Hash(TxIdError::NotOne) => match asset.map(|asset| asset.chain()) {
            Some(Chain::Solana) => {
                "That is no transaction signature of Solana: it has 86 to 88 letters and digits. Maybe a part is missing."
                    .to_owned()
            }
            Some(Chain::Tron) => {
                "That is no transaction hash of Tron: it has 64 characters, 0-9 and a-f. Maybe a part is missing.".to_owned()
            }
            _ => format!(
                "That is no transaction hash of {ours}: it begins with 0x and has 64 more characters, 0-9 and a-f. Maybe a \
                 part is missing."
            ),
        },
        E::TooManyTries { next } => {
            format!("That was a lot of hashes. Please come back at {} (Lagos time).", super::clock(*next))
        }
        E::TakenByOther => "Somebody else named this transaction first, so our team looks at both. Nothing is lost; you \
             get a message when it is decided."
            .to_owned(),
        E::Already { state, number } => match state {
            PaymentState::Credited => format!("This transaction was credited already, for {number}."),
            PaymentState::Refused => format!("This transaction was looked at already, and does not pay {number}."),
            PaymentState::Disputed | PaymentState::Orphan => {
                "Our team is looking at this transaction. You get a message when it is decided.".to_owned()
            }
            _ => format!("We know this transaction already and are looking for it, for {number}."),
        },
        E::Closed(_) => "Payments are closed for a short while. Please send the hash again a little later: nothing is lost."
            .to_owned(),
        E::Store(_) => "Something went wrong on our side. Please send it again in a minute.".to_owned(),
    }
}

/// Why a transaction was not taken, as a screen.
pub(crate) fn not_claimed(why: &ClaimError, model: &Model) -> Html {
    Html::new().text("ℹ️ ").text(&claim_refused(why, model))
}

/// Paying the rest from the wallet, before it is done.
pub(crate) fn finish(invoice: &InvoiceShown, wallet: Money, note: Option<&str>) -> Html {
    let after = wallet.checked_sub(invoice.price).unwrap_or(wallet);
    let html = Html::new()
        .bold("Please check")
        .line()
        .text(&format!("{}, invoice {}", invoice.title, invoice.number))
        .gap()
        .text(&format!(
            "What you sent lies in your wallet. When you confirm, the whole price of {} is paid from there: {} now, {} \
             afterwards.",
            money(invoice.price),
            money(wallet),
            money(after)
        ));
    noted(note, html)
}

/// The wallet holds less than the price.
pub(crate) fn finish_too_little(invoice: &InvoiceShown, wallet: Money, missing: Money) -> Html {
    Html::new()
        .bold(&format!("You need {} more", money(missing)))
        .line()
        .text(&format!(
            "{} costs {}; your wallet, with what you sent, holds {}.",
            invoice.title,
            money(invoice.price),
            money(wallet)
        ))
        .gap()
        .text("Top up what is missing, or send another payment for this invoice.")
}

/// Why the rest was not paid.
pub(crate) fn not_finished(why: &FinishError) -> Html {
    use FinishError as E;
    let sentence = match why {
        E::NotYours(_) => "I cannot find that invoice.".to_owned(),
        E::NotShort(state) => format!("That invoice is {} now: there is nothing to add.", word(*state)),
        E::Insufficient { available } => {
            format!("Your wallet holds {}, which is less than the price. Please top up what is missing.", money(*available))
        }
        E::Closed(_) => "Payments are closed for a short while. Please come back a little later.".to_owned(),
        E::Frozen => {
            "Payments from your account are on hold while we look into something. Your money is safe. Please contact support."
                .to_owned()
        }
        E::Store(_) => "Something went wrong on our side. Please try again in a minute.".to_owned(),
    };
    Html::new().bold("Nothing was paid").line().text(&sentence)
}

/// What is bought so becomes credits.
pub(crate) const fn is_credits(details: &Details) -> bool {
    matches!(details, Details::XName { .. } | Details::TgName { .. })
}
