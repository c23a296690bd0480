//! News of machines to their users. A credential is in none of them: it is fetched by a button.

use super::money;
use crate::html::Html;
use app::notice::{MachineKind, MachineNews, VpsKind, VpsNews};

/// How an order of a machine stands.
pub(crate) fn order(news: &VpsNews) -> Html {
    let id = news.id;
    let (title, rest) = match news.kind {
        VpsKind::Waiting => (
            format!("⏳ VPS order #{id} waits for stock"),
            "There is no free address at the moment. Your order keeps its place and goes on by itself as soon as there is \
             one; your money stays held for it."
                .to_owned(),
        ),
        VpsKind::Delayed => (
            format!("⏳ VPS order #{id} takes a little longer"),
            "We are checking it by hand. Your money is safe, and there is nothing you need to do.".to_owned(),
        ),
        VpsKind::Ready => (
            format!("✅ VPS order #{id} is ready"),
            "Open it to see the address and to fetch the user name and the password.".to_owned(),
        ),
        VpsKind::Refunded => (
            format!("↩️ VPS order #{id} was called off"),
            format!("{} is back in your wallet.", money(news.amount)),
        ),
    };
    let what = format!("{} · {}", news.title, news.memory);
    Html::new().bold(&title).line().text(&what).gap().text(&rest)
}

/// What happened to a machine.
pub(crate) fn machine(news: &MachineNews) -> Html {
    let what = news.what.as_deref().unwrap_or_default();
    let action = match what {
        "start" => "Starting",
        "stop" => "Stopping",
        "reboot" => "Rebooting",
        "reinstall" => "Reinstalling",
        _ => "What you asked for",
    };
    let (title, rest) = match news.kind {
        MachineKind::ActionDone if what == "reinstall" => {
            (format!("✅ {action} is done"), "The machine has a new password: fetch it under My servers.".to_owned())
        }
        MachineKind::ActionDone => {
            (format!("✅ {action} is done"), "You can see how it is under My servers.".to_owned())
        }
        MachineKind::ActionFailed => (
            format!("⚠️ {action} was not confirmed"),
            "Please look at it under My servers and try again, or contact support.".to_owned(),
        ),
        MachineKind::Renewed => {
            ("✅ Your server was renewed".to_owned(), "Its new end is under My servers.".to_owned())
        }
        MachineKind::RenewalFailed => (
            "↩️ Your server was not renewed".to_owned(),
            "The money is back in your wallet. Please try again.".to_owned(),
        ),
        MachineKind::Expiring => (
            format!("⏰ Your server ends in {what} day{}", if what == "1" { "" } else { "s" }),
            "Renew it under My servers to keep it and everything on it.".to_owned(),
        ),
        MachineKind::Expired => (
            "⛔ Your server has ended".to_owned(),
            "It can still be renewed for a short time under My servers; after that it is deleted.".to_owned(),
        ),
        MachineKind::Gone => ("🗑 Your server was deleted".to_owned(), "Its time was over.".to_owned()),
    };
    Html::new().bold(&title).line().text(&format!("{} · {}", news.title, news.ip)).gap().text(&rest)
}
