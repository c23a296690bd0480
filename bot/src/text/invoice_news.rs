//! News of invoices.

use super::money;
use crate::html::Html;
use app::notice::{InvoiceNews, InvoiceNewsKind as Kind};

/// To the payer.
pub(crate) fn news(news: &InvoiceNews) -> Html {
    let what = if news.topup { news.title.clone() } else { format!("{} × {}", news.quantity, news.title) };
    let amount = news.amount.map(money).unwrap_or_default();
    let (title, rest) = match news.kind {
        Kind::AccountReady => (
            "🏦 Your account to pay to is ready",
            "Open the invoice to see the account and the exact amount.".to_owned(),
        ),
        Kind::NoAccount => (
            "🏦 Bank transfer is not available now",
            "No account could be made for this invoice. Please choose another way to pay.".to_owned(),
        ),
        Kind::Confirming => (
            "👀 Your payment was found",
            "The network is still confirming it. You get a message when it is done.".to_owned(),
        ),
        Kind::Delayed => (
            "⏳ Checking your payment takes longer",
            "The network cannot be reached at the moment. Nothing is lost: we keep trying.".to_owned(),
        ),
        Kind::Paid if news.topup => {
            ("✅ Your wallet is topped up", format!("{} is in your wallet.", money(news.received)))
        }
        Kind::Paid => ("✅ Paid", "Thank you!".to_owned()),
        Kind::Short => (
            "⚠️ Your payment was too small",
            format!(
                "{} of {} came. It is in your wallet: send the rest, or pay the invoice from your wallet.",
                money(news.received),
                money(news.price)
            ),
        ),
        Kind::Over => ("✅ Paid, and more came", format!("{amount} more than needed is in your wallet.")),
        Kind::Late => {
            ("⌛ Your payment came late", format!("{amount} is in your wallet. You can buy again and pay from there."))
        }
        Kind::Expired => (
            "⌛ The invoice has expired",
            "Nothing came for it. If you have paid, open the invoice and send the transaction.".to_owned(),
        ),
        Kind::Refunded => ("↩️ Money was given back", format!("{amount} is back in your balance.")),
        Kind::Disputed => (
            "🔍 Your payment is being looked at",
            "Somebody of our team has to look at it. Nothing is lost; you get a message.".to_owned(),
        ),
        Kind::Refused => ("❌ This is not a payment of the invoice", refused(news.why.as_deref()).to_owned()),
    };
    Html::new().bold(title).line().text(&what).line().code(&news.number).gap().text(&rest)
}

/// Why what was named is no payment.
pub(super) fn refused(why: Option<&str>) -> &'static str {
    match why {
        Some("not_found") => {
            "Nobody on the network knows the transaction. Check that you copied its id, and send it again."
        }
        Some("wrong_recipient") => {
            "The transaction did not reach our address. Check the address and send the right one."
        }
        Some("wrong_asset") => "The transaction moved another coin than the invoice's. Please contact support.",
        Some("failed_on_chain") => "The transaction failed on the network, so nothing was sent. Please send it again.",
        Some("dust") => "The amount is too small to count.",
        _ => "Please check the transaction, or contact support.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{InvoiceId, Money};

    #[test]
    fn every_kind_has_words_and_no_class_of_ours() {
        let kinds = [
            Kind::AccountReady,
            Kind::NoAccount,
            Kind::Confirming,
            Kind::Delayed,
            Kind::Paid,
            Kind::Short,
            Kind::Over,
            Kind::Late,
            Kind::Expired,
            Kind::Refunded,
            Kind::Disputed,
            Kind::Refused,
        ];
        for kind in kinds {
            for why in ["not_found", "wrong_recipient", "wrong_asset", "failed_on_chain", "dust", "ruled"] {
                let news = InvoiceNews {
                    id: InvoiceId::new(1),
                    number: "INV-1-00C0FFEE".to_owned(),
                    title: "T1 <b>".to_owned(),
                    quantity: 10,
                    topup: false,
                    kind,
                    price: Money::usd_minor(5_000_000),
                    received: Money::usd_minor(4_000_000),
                    amount: Some(Money::usd_minor(4_000_000)),
                    why: Some(why.to_owned()),
                };
                let html = super::news(&news).plain();
                assert!(html.contains("INV-1-00C0FFEE") && html.contains("T1 <b>") && html.len() < 4_096, "{html}");
                assert!(!html.contains('_'), "{html}");
            }
        }
    }
}
