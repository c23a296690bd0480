//! What a review says of a machine: whose it is, what is known of it, and what will happen to it.

use super::{Lines, labelled};
use crate::model::Model;
use crate::review::Review;
use crate::review::machine::{self, MachineAct};
use crate::view::{format, ipstock, marks};
use app::view::vps::{MachineDetail, MachineRow};
use domain::vps::ActionKind;
use ratatui::style::Style;

/// Lines of evidence that are shown; the detail has all of it.
const EVIDENCE: usize = 6;

/// What it does, for its line.
pub(super) fn state(model: &Model, row: &MachineRow) -> (String, Style) {
    let (text, tone) = marks::machine(row);
    (text, model.theme.tone(tone))
}

/// What the review shows beyond its line.
pub(super) fn single(
    model: &Model,
    act: MachineAct,
    row: &MachineRow,
    detail: Option<&MachineDetail>,
    masked: bool,
    width: usize,
) -> Lines {
    let theme = &model.theme;
    let mut lines = Lines::new();
    let mut add = |label: &str, text: &str, style| lines.extend(labelled(model, label, text, style, width));
    let owner = row.user.map_or_else(|| "nobody".to_owned(), |user| format::user(&row.username, user, masked));
    add("Owner", &owner, if row.user.is_none() { theme.busy } else { theme.text });
    add("Sold as", &format!("{} (PID {}), {}, {}", row.name, row.pid, row.memory, row.os), theme.text);
    let Some(detail) = detail else { return lines };
    match act {
        MachineAct::Power | MachineAct::Reinstall => {
            let read = row
                .synced_at
                .map_or_else(|| "never".to_owned(), |at| format!("{} ago", format::age(model.frame_at, at)));
            let power = if detail.power.is_empty() { "not known" } else { &detail.power };
            add("Status", &format!("power {power}, read {read}"), theme.text);
        }
        MachineAct::Renew => {
            let ends = row.expires_at.map_or_else(|| "not known".to_owned(), domain::Timestamp::date);
            add("Ends", &ends, theme.text);
            let wallet = detail.wallet.map_or_else(|| "-".to_owned(), format::money);
            let price = detail.renewal_price.map_or_else(|| "not sold".to_owned(), format::money);
            add("A month", &format!("{price}, its user's wallet holds {wallet}"), theme.strong);
        }
        MachineAct::Assign => {}
        MachineAct::RuleRenewal => {
            if let Some(renewal) = machine::doubtful(detail) {
                add("Renewal", &renewal.id.to_string(), theme.text);
                let mut evidence = ipstock::one_renewal(model, renewal, width);
                // The end of the story matters more than its beginning.
                while evidence.len() > EVIDENCE {
                    evidence.remove(2);
                }
                lines.extend(evidence);
            }
        }
    }
    lines
}

/// What will happen with it, and whether it is a risk.
pub(super) fn then(review: &Review, act: MachineAct, detail: &MachineDetail) -> (String, bool) {
    let renewal_price = || machine::doubtful(detail).map(|renewal| format::money(renewal.price)).unwrap_or_default();
    match (act, machine::renewed(&review.choices)) {
        (MachineAct::Power, _) => match machine::power(&review.choices) {
            Some(ActionKind::Start) => ("it is asked to start; it is done when its status says so".to_owned(), false),
            Some(ActionKind::Stop) => ("it is switched off: what runs on it ends until it is started".to_owned(), true),
            _ => ("it is stopped, and started once its status says so: what runs on it ends".to_owned(), true),
        },
        (MachineAct::Reinstall, _) => {
            let system = machine::system(&review.choices);
            let same = machine::present(&detail.row) == system;
            let title = system.map_or("its system", domain::vps::Os::title);
            let again = if same { ", as it has now," } else { "" };
            (
                format!("everything on it is lost; {title}{again} is installed, and its user fetches a new password"),
                true,
            )
        }
        (MachineAct::Renew, _) => {
            let price = detail.renewal_price.map(format::money).unwrap_or_default();
            (
                format!("{price} of its user are held, a month is bought, and they are taken once its end has moved"),
                true,
            )
        }
        (MachineAct::Assign, _) => match machine::order(&review.choices, detail) {
            Some(order) => (
                format!(
                    "the provider is asked for it; if it is there it is order {}'s: the {} held for that are taken, and \
                     its user fetches the login",
                    order.id,
                    format::money(order.price)
                ),
                true,
            ),
            None => (String::new(), false),
        },
        (MachineAct::RuleRenewal, Some(true)) => {
            (format!("the provider is asked when it ends; if that has moved, {} are taken", renewal_price()), true)
        }
        (MachineAct::RuleRenewal, _) => (
            format!(
                "once a second name has signed, {} go back to the user. If it was renewed after all, that month is paid \
                 for by us",
                renewal_price()
            ),
            true,
        ),
    }
}
