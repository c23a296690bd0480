//! News of what was sold and people deliver, and of what purchases earn a referrer.

use super::{moment, money};
use crate::html::Html;
use app::notice::{BonusNews, ManualKind, ManualNews, OpsManual};

/// To the buyer.
pub(crate) fn manual(news: &ManualNews) -> Html {
    let what = format!("{} × {}", news.quantity, news.title);
    let (title, rest) = match news.kind {
        ManualKind::Taken => (
            "🛠 Your order is being worked on".to_owned(),
            format!(
                "It will be delivered by {} (Lagos time) at the latest. You get a message then.",
                moment(news.due_at)
            ),
        ),
        ManualKind::Done => ("✅ Your order is delivered".to_owned(), "Thank you!".to_owned()),
        ManualKind::Refunded => {
            ("↩️ Your order was given up".to_owned(), format!("{} is back in your balance.", money(news.amount)))
        }
    };
    let html = Html::new().bold(&title).line().text(&what).line().code(&news.number).gap().text(&rest);
    match &news.note {
        Some(note) => html.line().text(note),
        None => html,
    }
}

/// To the referrer.
pub(crate) fn bonus(news: &BonusNews) -> Html {
    let who = if news.from.is_empty() { "Somebody you referred" } else { news.from.as_str() };
    if news.taken_back {
        return Html::new()
            .bold(&format!("↩️ {} of commission was taken back", money(news.amount)))
            .gap()
            .text(&format!("A purchase by {who} was refunded."));
    }
    Html::new()
        .bold(&format!("🎉 You earned {}", money(news.amount)))
        .gap()
        .text(&format!("{who} paid {}. The commission is in your affiliate earnings.", money(news.paid)))
}

/// To the ops chats: what people are to deliver.
pub(crate) fn for_people(order: &OpsManual) -> Html {
    let mut html = Html::new()
        .bold(&format!("🛒 New order #{} for you to fulfil", order.id))
        .line()
        .text(&format!("{} × {}", order.quantity, order.title))
        .line()
        .text(&format!("From {} ({})", if order.username.is_empty() { "user" } else { &order.username }, order.user));
    for (label, value) in &order.details {
        html = html.line().text(&format!("• {label}: {value}"));
    }
    html.line().text(&format!("Paid {} · ", money(order.paid))).code(&order.number).gap().text(&format!(
        "Due by {} (Lagos time). Say here, or in the console under Payments, when it is done.",
        moment(order.due_at)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::{InvoiceId, ManualId, Money, Timestamp, UserId};

    const DUE: Timestamp = Timestamp::from_secs(1_795_000_000);

    fn news(kind: ManualKind) -> ManualNews {
        ManualNews {
            id: ManualId::new(3),
            invoice: InvoiceId::new(7),
            number: "INV-5-0A1B2C3D".to_owned(),
            title: "Followers <fast>".to_owned(),
            quantity: 1_000,
            kind,
            note: (kind != ManualKind::Taken).then(|| "sorry & thanks".to_owned()),
            amount: Money::usd_minor(10_000_000),
            due_at: DUE,
        }
    }

    #[test]
    fn each_step_says_what_comes_next() {
        for (kind, parts) in [
            (ManualKind::Taken, vec!["being worked on", "1000 × Followers <fast>", "at the latest"]),
            (ManualKind::Done, vec!["is delivered", "sorry & thanks"]),
            (ManualKind::Refunded, vec!["$10.00 is back", "INV-5-0A1B2C3D"]),
        ] {
            let text = manual(&news(kind)).plain();
            for part in parts {
                assert!(text.contains(part), "{part}: {text}");
            }
        }
    }

    /// D24: names with characters of markup are words, in every template.
    #[test]
    fn d24_a_referrers_notice_is_never_broken_by_a_name() {
        let bonus_of = |from: &str, taken_back| {
            let news = BonusNews {
                from: from.to_owned(),
                paid: Money::usd_minor(10_000_000),
                amount: Money::usd_minor(1_000_000),
                taken_back,
            };
            bonus(&news)
        };
        assert!(bonus_of("@ada_<b>", false).plain().contains("@ada_<b> paid $10.00"));
        assert!(
            !bonus_of("@ada_<b>", false).as_str().contains("<b>paid")
                && bonus_of("", true).plain().contains("Somebody")
        );
        let order = OpsManual {
            id: ManualId::new(3),
            number: "INV-5-0A1B2C3D".to_owned(),
            user: UserId::new(5),
            username: "@x<y>".to_owned(),
            title: "Poll votes".to_owned(),
            quantity: 25,
            details: vec![
                ("poll".to_owned(), "https://x.com/a/status/1".to_owned()),
                ("option".to_owned(), "2".to_owned()),
            ],
            paid: Money::usd_minor(750_000),
            due_at: DUE,
        };
        let text = for_people(&order).plain();
        for part in ["#3", "25 × Poll votes", "@x<y> (5)", "• option: 2", "Paid $0.75"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
