//! A user's servers and the orders that lead to them, in plain words.

use super::vps::noted;
use super::{day, moment, money, span};
use crate::conversation::ServerChange;
use crate::html::Html;
use app::vps::{Credentials, CredentialsError, MachineError, OrderBrief, RenewError, ServerBrief, ServerDetail};
use domain::vps::{ActionKind, MachineState, Os, VpsState};
use domain::{Money, Timestamp};
use std::time::Duration;

/// Not this user's, or not there any more.
pub(crate) const NO_SUCH: &str = "I cannot show that one here. This is what you have:";

/// A button under a message that Telegram does not let us change any more.
pub(crate) const TOO_OLD: &str = "This message is too old. Please open My servers and ask for the password again.";

/// The password is not there yet.
pub(crate) const NOT_YET: &str =
    "The password is not there yet: the server is being set up. You get a message as soon as it can be fetched.";

/// Before they are shown.
pub(crate) fn ask_credentials(machine: &ServerBrief, shown: Duration) -> Html {
    Html::new().bold("🔑 User name and password").line().text("For ").code(&machine.ip).gap().text(&format!(
        "They are shown here for {} and hidden after that. Is nobody looking over your shoulder?",
        span(shown)
    ))
}

/// The credentials themselves. They are drawn by the sender, straight into the chat.
pub(crate) fn credentials(credentials: &Credentials, shown: Duration) -> Html {
    Html::new()
        .bold("🔑 User name and password")
        .gap()
        .text("Address: ")
        .code(&credentials.ip)
        .line()
        .text("User name: ")
        .code(&credentials.username)
        .line()
        .text("Password: ")
        .code(credentials.password.expose())
        .gap()
        .text(&format!("Tap to copy. Hidden after {}. We never ask you for them.", span(shown)))
}

/// Why they are not shown.
pub(crate) fn no_credentials(why: &CredentialsError) -> Html {
    Html::new().text(match why {
        CredentialsError::NotFound => "I cannot show that server here. Please open My servers.",
        CredentialsError::NotYet => NOT_YET,
        CredentialsError::Sealed | CredentialsError::Store(_) => {
            "The password cannot be shown at the moment. Please contact support."
        }
    })
}

/// What stands in their place afterwards.
pub(crate) fn hidden() -> Html {
    Html::new().text("🔒 Hidden. To see the user name and the password, open My servers again.")
}

/// The list; its entries stand in buttons.
pub(crate) fn list(note: Option<&str>, none: bool) -> Html {
    let html = Html::new().bold("🗄 My servers").line();
    let html = html.text(if none {
        "There are none yet. When you order one, you find it here."
    } else {
        "Tap one to see how it is."
    });
    noted(note, html)
}

/// An order as a button.
pub(crate) fn order_label(order: &OrderBrief) -> String {
    let title = domain::text::clean_line(&order.title, 30);
    format!("{} Order #{} · {title} · {}", order_mark(order.state), order.id, short_order(order.state))
}

/// A server as a button.
pub(crate) fn label(machine: &ServerBrief) -> String {
    format!("{} {} · {} · {}", mark(machine.state), machine.ip, machine.memory, short(machine.state))
}

/// One order.
pub(crate) fn order(order: &OrderBrief) -> Html {
    Html::new()
        .bold(&format!("{} VPS order #{}: {}", order_mark(order.state), order.id, short_order(order.state)))
        .line()
        .text(order_state(order.state))
        .gap()
        .text(&format!("{} · {}", order.title, order.memory))
        .line()
        .text(&format!("Price: {} for a month", money(order.price)))
        .line()
        .text(&format!("Ordered: {} (Lagos time)", moment(order.created_at)))
}

const fn order_mark(state: VpsState) -> &'static str {
    use VpsState as S;
    match state {
        S::Active => "✅",
        S::Failed | S::Refunded => "↩️",
        _ => "⏳",
    }
}

const fn short_order(state: VpsState) -> &'static str {
    use VpsState as S;
    match state {
        S::Pending | S::Claimed | S::Buying => "on its way",
        S::Bought | S::AwaitingCredentials => "being set up",
        S::OutOfStock => "waits for stock",
        S::Unknown => "being checked",
        S::Active => "ready",
        S::Failed | S::Refunded => "called off",
    }
}

const fn order_state(state: VpsState) -> &'static str {
    use VpsState as S;
    match state {
        S::Pending | S::Claimed => "It is in line. You get a message as soon as your server is ready.",
        S::Buying => "Your server is being made right now.",
        S::Bought | S::AwaitingCredentials => {
            "Your server is there and is being set up. You get a message as soon as its password can be fetched."
        }
        S::OutOfStock => {
            "There is no free address at the moment. Your order keeps its place and goes on by itself; your money stays \
             set aside for it."
        }
        S::Unknown => "We are checking it by hand. Your money is safe, and there is nothing you need to do.",
        S::Active => "It was delivered: you find the server under My servers.",
        S::Failed | S::Refunded => "It could not be delivered. The money is back in your wallet.",
    }
}

/// One server.
pub(crate) fn one(machine: &ServerBrief, more: Option<&ServerDetail>, note: Option<&str>, now: Timestamp) -> Html {
    let mut html = Html::new()
        .bold(&format!("{} {}", mark(machine.state), machine.title))
        .line()
        .text(state(machine.state))
        .gap()
        .text("Address: ")
        .code(&machine.ip)
        .line()
        .text(&format!("System: {}", machine.os))
        .line()
        .text(&format!("Memory: {}", machine.memory))
        .line()
        .text(&expiry(machine, now));
    if let Some(at) = machine.synced_at {
        html = html.line().text(&format!("Last checked: {} (Lagos time)", moment(at)));
    }
    if let Some(more) = more {
        if let Some(doing) = more.doing {
            html = html.gap().text(&format!("⏳ {} You get a message when it is done.", going_on(doing)));
        }
        if more.renewing {
            html = html.gap().text("⏳ It is being renewed. You get a message when it is done.");
        }
    }
    match note {
        // Good news is no warning.
        Some(done) if done.starts_with('✅') => Html::new().text(done).gap().then(&html),
        note => noted(note, html),
    }
}

fn expiry(machine: &ServerBrief, now: Timestamp) -> String {
    match machine.expires_at {
        None => "Paid until: not known yet".to_owned(),
        Some(at) if at <= now => format!("Ended: {}", moment(at)),
        Some(at) => {
            let days = at.since(now).as_secs() / 86_400;
            let left = match days {
                0 => "ends within a day".to_owned(),
                1 => "1 day left".to_owned(),
                days => format!("{days} days left"),
            };
            format!("Paid until: {} ({left})", day(at))
        }
    }
}

const fn mark(state: MachineState) -> &'static str {
    use MachineState as S;
    match state {
        S::Building => "🛠",
        S::Running => "🟢",
        S::Stopped => "⚪️",
        S::Busy => "⏳",
        S::Expired | S::Gone => "⌛️",
    }
}

const fn short(state: MachineState) -> &'static str {
    use MachineState as S;
    match state {
        S::Building => "being set up",
        S::Running => "running",
        S::Stopped => "switched off",
        S::Busy => "busy",
        S::Expired | S::Gone => "ended",
    }
}

const fn state(state: MachineState) -> &'static str {
    use MachineState as S;
    match state {
        S::Building => "It is being set up. You get a message as soon as its password can be fetched.",
        S::Running => "It is running.",
        S::Stopped => "It is switched off.",
        S::Busy => "Something that was asked for is still going on. Please look again in a minute.",
        S::Expired | S::Gone => "Its time is over, and what is on it may be deleted at any moment.",
    }
}

/// Words where a button was expected.
pub(crate) const USE_BUTTONS: &str = super::vps::USE_BUTTONS;

/// The state does not allow it any more.
pub(crate) const NOT_NOW: &str = "That cannot be done right now. This is how it is:";

/// What was typed is not the server's address.
pub(crate) const NOT_THE_ADDRESS: &str = "That is not its address. Nothing was erased.";

const fn going_on(kind: ActionKind) -> &'static str {
    match kind {
        ActionKind::Start => "It is being switched on.",
        ActionKind::Stop => "It is being switched off.",
        ActionKind::Reboot => "It is being restarted.",
        ActionKind::Reinstall => "It is being installed anew.",
    }
}

/// The systems to choose from.
pub(crate) fn systems(machine: &ServerBrief) -> Html {
    Html::new()
        .bold("💿 Install anew")
        .line()
        .code(&machine.ip)
        .text(&format!(" has {} now.", machine.os))
        .gap()
        .text("Everything on the server is erased, and it gets a new password. Which system should it have?")
}

/// What is about to be done.
pub(crate) fn review(server: &ServerDetail, change: &ServerChange, note: Option<&str>) -> Html {
    let ip = &server.brief.ip;
    let html = Html::new();
    let html = match change {
        ServerChange::Start => html.bold("▶️ Switch it on?").line().code(ip),
        ServerChange::Stop => {
            html.bold("⏹ Switch it off?").line().code(ip).gap().text("What runs on it stops. Its time goes on.")
        }
        ServerChange::Reboot => html
            .bold("🔁 Restart it?")
            .line()
            .code(ip)
            .gap()
            .text("What runs on it stops; it is back after a minute or two."),
        ServerChange::Reinstall(os) => html
            .bold(&format!("💿 Install {}?", os.parse::<Os>().map_or("it anew", Os::title)))
            .gap()
            .bold("Everything on the server is erased and cannot be brought back.")
            .text(" It gets a new password.")
            .gap()
            .text("To go on, please type its address: ")
            .code(ip),
        ServerChange::Renew(price) => html.bold("📅 Renew it?").line().text(&money(*price)),
    };
    noted(note, html)
}

/// A renewal before money is set aside.
pub(crate) fn renewal(machine: &ServerBrief, price: Money, wallet: Money, note: Option<&str>) -> Html {
    let after = wallet.checked_sub(price).unwrap_or(wallet);
    let until = machine.expires_at.map_or_else(|| "not known yet".to_owned(), day);
    let html = Html::new()
        .bold("📅 Please check the renewal")
        .gap()
        .text(&format!("{} · {} · ", machine.title, machine.memory))
        .code(&machine.ip)
        .line()
        .text(&format!("Paid until: {until}"))
        .line()
        .text("Period: 1 month more")
        .gap()
        .text("Price: ")
        .bold(&money(price))
        .line()
        .text(&format!("Your wallet: {}; {} after this.", money(wallet), money(after)))
        .gap()
        .text("When you confirm, the price is set aside. You get a message with the new end, or the money is back.");
    noted(note, html)
}

/// The wallet holds less than a month costs.
pub(crate) fn too_little(machine: &ServerBrief, price: Money, wallet: Money) -> Html {
    let missing = price.checked_sub(wallet).unwrap_or(price);
    Html::new()
        .bold(&format!("You need {} more", money(missing)))
        .line()
        .text(&format!("Another month of {}: {}", machine.ip, money(price)))
        .line()
        .text(&format!("Your wallet: {}", money(wallet)))
        .gap()
        .text(super::vps::TOP_UP)
        .gap()
        .text("Nothing was taken.")
}

/// What came of switching or installing, in a line.
pub(crate) fn acted(change: &ServerChange, result: &Result<i64, MachineError>) -> String {
    use MachineError as E;
    match result {
        Ok(_) => match change {
            ServerChange::Start => "✅ It was asked to start.",
            ServerChange::Stop => "✅ It was asked to stop.",
            ServerChange::Reboot => "✅ It was asked to restart.",
            ServerChange::Reinstall(_) => "✅ It is about to be installed anew.",
            ServerChange::Renew(_) => "✅ It is about to be renewed.",
        }
        .to_owned(),
        Err(E::Busy(_)) => "Something else is still going on. Please wait for it to end.".to_owned(),
        Err(E::NotNow(_) | E::Changed { .. }) => NOT_NOW.to_owned(),
        Err(E::KeyReused(_)) => "This button was used for something else. Please choose again.".to_owned(),
        Err(E::NotFound | E::NotAllowed(_)) => NO_SUCH.to_owned(),
        Err(E::Store(_)) => "Something went wrong on our side. Please try again in a minute.".to_owned(),
    }
}

/// What came of a renewal, in a line.
pub(crate) fn renewed(result: &Result<i64, RenewError>) -> String {
    use RenewError as E;
    match result {
        Ok(_) => "✅ The renewal was taken, and its price is set aside.".to_owned(),
        Err(E::Open) => "It is being renewed already. Nothing more was taken.".to_owned(),
        Err(E::NotSold) => "This server cannot be renewed here any more. Please contact support.".to_owned(),
        Err(E::PriceChanged(price)) => {
            format!("The price is {} now. Nothing was taken yet: please check it again.", money(*price))
        }
        Err(E::Insufficient { .. }) => "Your wallet holds less than that by now. Nothing was taken.".to_owned(),
        Err(E::Frozen) => super::vps::FROZEN.to_owned(),
        Err(E::Closed(_)) => "Renewals are closed for a short while. Please come back later.".to_owned(),
        Err(E::KeyReused(_)) => "This button was used for something else. Please choose again.".to_owned(),
        Err(E::NotFound) => NO_SUCH.to_owned(),
        Err(E::Store(_)) => "Something went wrong on our side. Please try again in a minute.".to_owned(),
    }
}
