//! The palette: every action by name, and the commands that take words.

use super::{actions, boosts, dialog, ipstock, keys, lock, payments, providers, session, vps, withdrawals};
use crate::filter;
use crate::key::{Code, Key};
use crate::keymap::{self, BINDINGS};
use crate::line_edit::LineEdit;
use crate::message::{Effect, Format};
use crate::model::{Model, Overlay, Tab};
use crate::review::Kind;
use domain::switch::Switch;
use domain::withdrawal::Mode;
use domain::{BoostId, InvoiceId, ItemId, MachineId, PaymentId, VpsId, WithdrawalId};

/// Commands beside the keymap: how it is written, what it does.
const COMMANDS: [(&str, &str); 24] = [
    ("goto ", "goto 4412: open a withdrawal"),
    ("order ", "order 91820: open a boost order"),
    ("provider ", "provider smmstone: open a provider"),
    ("item ", "item 5: open an item of IPStock"),
    ("vps ", "vps 17: open a VPS order"),
    ("invoice ", "invoice 17: open an invoice by its id"),
    ("transfer ", "transfer 3: open a transfer"),
    ("machine ", "machine 3: open a machine"),
    ("cases", "cases to sign"),
    ("switch pause withdrawals", "stop new payouts; look-ups go on"),
    ("switch pause payments", "stop new invoices and credits"),
    ("switch pause placements", "stop new orders at panels"),
    ("switch pause vps", "stop buying machines"),
    ("switch resume withdrawals", "let payouts go on"),
    ("switch resume payments", "let payments go on"),
    ("switch resume placements", "let placements go on"),
    ("switch resume vps", "let machines be bought"),
    ("rail resume", "let the payout rail go on"),
    ("mode automatic", "new withdrawals are sent by the payout worker"),
    ("mode manual", "new withdrawals are paid by a person"),
    ("export json", "export the filtered rows as JSON"),
    ("theme ", "theme dark, light, 16, contrast, safe or mono"),
    ("since ", "since 09:00: mark everything before as seen"),
    ("filter ", "filter state:open amt>=50k"),
];

/// What begins with, or contains, what is typed: (command, what it does, its key).
pub fn completions(model: &Model, typed: &str) -> Vec<(String, String, String)> {
    let place = model.place();
    let actions = BINDINGS.iter().filter(|b| b.places.contains(&place)).map(|b| {
        (b.name.to_owned(), b.help.to_owned(), b.keys.first().map(|key| (*key).to_owned()).unwrap_or_default())
    });
    let commands = COMMANDS.iter().map(|(name, help)| ((*name).to_owned(), (*help).to_owned(), String::new()));
    let all: Vec<_> = actions.chain(commands).collect();
    let typed = typed.trim_start();
    let mut found: Vec<_> = all.iter().filter(|(name, ..)| name.starts_with(typed)).cloned().collect();
    found.extend(all.iter().filter(|(name, ..)| !name.starts_with(typed) && name.contains(typed)).cloned());
    found
}

pub(super) fn key(model: &mut Model, key: Key, fx: &mut Vec<Effect>) {
    let Some(Overlay::Palette(line, chosen)) = model.overlays.last() else { return };
    let (typed, chosen) = (line.text(), *chosen);
    let found = completions(model, &typed);
    let pick = |model: &mut Model, text: &str, at: usize| {
        if let Some(Overlay::Palette(line, chosen)) = model.overlays.last_mut() {
            *line = LineEdit::new(text);
            *chosen = at;
        }
        model.touch();
    };
    match key.code {
        Code::Esc => {
            model.overlays.pop();
            model.touch();
        }
        Code::Up => pick(model, &typed, chosen.saturating_sub(1)),
        Code::Down => pick(model, &typed, (chosen + 1).min(found.len().saturating_sub(1))),
        Code::Tab => {
            if let Some((name, ..)) = found.get(chosen) {
                pick(model, name, 0);
            }
        }
        Code::Enter => {
            let whole = typed.trim().to_owned();
            // What is typed runs as it is, if it is a command; otherwise the chosen completion does.
            let command = match found.get(chosen) {
                Some((name, ..)) if !is_command(model, &whole) && !name.ends_with(' ') => name.clone(),
                Some((name, ..)) if !is_command(model, &whole) => return pick(model, name, 0),
                _ => whole,
            };
            model.overlays.pop();
            model.touch();
            run(model, &command, fx);
        }
        _ => {
            if let Some(Overlay::Palette(line, chosen)) = model.overlays.last_mut() {
                line.key(key);
                *chosen = 0;
            }
            model.touch();
        }
    }
}

fn is_command(model: &Model, typed: &str) -> bool {
    let first = typed.split(' ').next().unwrap_or("");
    let takes_words = matches!(
        first,
        "goto"
            | "order"
            | "provider"
            | "item"
            | "vps"
            | "invoice"
            | "transfer"
            | "machine"
            | "theme"
            | "since"
            | "filter"
            | "switch"
            | "rail"
            | "mode"
            | "export"
    );
    typed == "cases" || keymap::named(model.place(), typed).is_some() || (takes_words && typed.contains(' '))
}

/// Runs a command as typed, without its colon.
pub(super) fn run(model: &mut Model, command: &str, fx: &mut Vec<Effect>) {
    let command = command.trim();
    let (first, rest) = command.split_once(' ').unwrap_or((command, ""));
    match (first, rest.trim()) {
        ("cases", _) => actions::go(model, Tab::Cases, fx),
        ("goto", id) => goto_text(model, id, fx),
        ("order", id) => order(model, id, fx),
        ("item", id) => item(model, id, fx),
        ("vps", id) => server(model, id, fx),
        ("invoice", id) => invoice(model, id, fx),
        ("transfer", id) => transfer(model, id, fx),
        ("machine", id) => machine(model, id, fx),
        ("provider", name) if !name.is_empty() => providers::goto(model, name, true, fx),
        ("theme", name) => {
            if model.set_theme(name) {
                fx.push(model.session());
            } else {
                model.complain(format!("themes are {}", crate::theme::NAMES.join(", ")));
            }
        }
        ("since", time) => match filter::time_of_day(time, model.now) {
            Some(at) => {
                session::seen_until(model, at, fx);
            }
            None => model.complain("since takes a time of today in UTC: since 09:00"),
        },
        ("seen", "") => session::seen(model, fx),
        ("filter", text) if model.tab == Tab::Payments => keys::set_filter(model, text),
        ("filter", text) if model.tab == Tab::Ipstock => keys::set_filter(model, text),
        ("filter", text) if model.tab == Tab::Boosts => boosts::visit(model, text, fx),
        ("filter", text) => withdrawals::visit(model, text, fx),
        ("export", "json") => actions::export(model, Format::Json, fx),
        ("export", "csv") => actions::export(model, Format::Csv, fx),
        ("lock", "") => lock::lock(model, fx),
        ("switch", words) => switch(model, words, fx),
        ("rail", words) if words.starts_with("resume") => {
            dialog::open_plain(model, Kind::ResumeRail, words.trim_start_matches("resume").trim(), fx);
        }
        ("mode", words) => match words.split(' ').next().unwrap_or("").parse::<Mode>() {
            Ok(mode) => dialog::open_plain(model, Kind::SetMode(mode), "", fx),
            Err(_) => model.complain("mode automatic, or mode manual"),
        },
        _ => match keymap::named(model.place(), command) {
            Some(binding) => actions::act(model, binding.action, fx),
            None => model.complain(format!(
                "no command “{}” here; ? shows what there is",
                domain::text::clean_line(command, 40)
            )),
        },
    }
}

/// `pause withdrawals [reason]`.
fn switch(model: &mut Model, words: &str, fx: &mut Vec<Effect>) {
    let mut words = words.splitn(3, ' ');
    let paused = match words.next() {
        Some("pause") => true,
        Some("resume") => false,
        _ => return model.complain("switch pause or resume withdrawals, payments, placements or vps"),
    };
    match words.next().unwrap_or("").parse::<Switch>() {
        Ok(switch) => dialog::open_plain(model, Kind::Switch(switch, paused), words.next().unwrap_or("").trim(), fx),
        Err(_) => model.complain("switches are withdrawals, payments, placements and vps"),
    }
}

/// Opens a withdrawal from anywhere.
pub(super) fn goto_text(model: &mut Model, id: &str, fx: &mut Vec<Effect>) {
    let Ok(id) = id.parse::<WithdrawalId>() else {
        return model.complain("goto takes a withdrawal's number: goto 4412");
    };
    actions::go(model, Tab::Withdrawals, fx);
    let height = model.list_height();
    model.withdrawals.table.list.put_key(id.get(), height);
    withdrawals::open(model, id, fx);
}

/// Opens a boost order from anywhere.
pub(super) fn order(model: &mut Model, id: &str, fx: &mut Vec<Effect>) {
    match id.parse::<BoostId>() {
        Ok(id) => boosts::goto(model, id, fx),
        Err(_) => model.complain("order takes an order's number: order 91820"),
    }
}

/// Opens an item from anywhere.
pub(super) fn item(model: &mut Model, id: &str, fx: &mut Vec<Effect>) {
    match id.parse::<ItemId>() {
        Ok(id) => ipstock::goto(model, id, fx),
        Err(_) => model.complain("item takes an item's number: item 5"),
    }
}

/// Opens an invoice from anywhere.
pub(super) fn invoice(model: &mut Model, id: &str, fx: &mut Vec<Effect>) {
    match id.parse::<InvoiceId>() {
        Ok(id) => payments::goto_invoice(model, id, fx),
        Err(_) => model.complain("invoice takes an invoice's id: invoice 17"),
    }
}

/// Opens a transfer from anywhere.
pub(super) fn transfer(model: &mut Model, id: &str, fx: &mut Vec<Effect>) {
    match id.parse::<PaymentId>() {
        Ok(id) => payments::goto_transfer(model, id, fx),
        Err(_) => model.complain("transfer takes a transfer's number: transfer 3"),
    }
}

/// Opens a VPS order from anywhere.
pub(super) fn server(model: &mut Model, id: &str, fx: &mut Vec<Effect>) {
    match id.parse::<VpsId>() {
        Ok(id) => vps::goto_order(model, id, fx),
        Err(_) => model.complain("vps takes a VPS order's number: vps 17"),
    }
}

/// Opens a machine from anywhere.
pub(super) fn machine(model: &mut Model, id: &str, fx: &mut Vec<Effect>) {
    match id.parse::<MachineId>() {
        Ok(id) => vps::goto_machine(model, id, fx),
        Err(_) => model.complain("machine takes a machine's number: machine 3"),
    }
}
