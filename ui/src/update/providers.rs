//! The Providers tab: the table with the rail below it, the chosen provider in full, and what is decided about it. Its
//! services, mappings and syncs are in `services`.

use super::withdrawals::FOLLOW;
use super::{dialog, services};
use crate::clean;
use crate::listing::Take;
use crate::message::{Answer, Effect};
use crate::model::{Model, PanelLine, ProviderPart, Tab, service_place};
use crate::review::provider::ProviderAct;
use crate::review::{Kind, Subject};
use app::view::panels::{ProviderDetail, ProviderRow};
use std::time::Duration;

/// Asks for what is on screen, as it is due.
pub(super) fn pump(model: &mut Model, fx: &mut Vec<Effect>) {
    let now = model.now;
    let height = model.list_height();
    let p = &mut model.providers;
    let tickets = &mut model.tickets;
    if let Some(ticket) = p.fetch.start(now, tickets) {
        fx.push(Effect::Providers(ticket));
    }
    let Some(name) = p.detail.id.clone() else { return };
    if let Some(ticket) = p.detail.fetch.start(now, tickets) {
        fx.push(Effect::Provider(ticket, name.clone()));
    }
    let side_prices = model.size.0 >= 200 && !p.detail.open;
    match p.detail.part {
        _ if side_prices => {
            if let Some(ticket) = p.mappings.fetch.start(now, tickets) {
                fx.push(Effect::Ours(ticket));
            }
        }
        _ if !p.detail.open => {}
        ProviderPart::Services => {
            if let Some(ticket) = p.services.table.begin(now, tickets, height, service_place) {
                fx.push(Effect::Services(ticket, services::query(model)));
            }
        }
        ProviderPart::Mappings => {
            if let Some(ticket) = p.mappings.fetch.start(now, tickets) {
                fx.push(Effect::Ours(ticket));
            }
        }
        ProviderPart::Syncs => {
            if let Some(ticket) = p.syncs.fetch.start(now, tickets) {
                fx.push(Effect::Syncs(ticket, name));
            }
        }
        _ => {}
    }
}

/// When something of the tab has to be asked.
pub(super) fn deadlines(model: &Model) -> [Option<domain::Timestamp>; 3] {
    let p = &model.providers;
    let part = match p.detail.part {
        // What ours cost where stands beside a very wide list.
        _ if !p.detail.open && model.size.0 >= 200 => p.mappings.fetch.deadline(),
        _ if !p.detail.open => None,
        ProviderPart::Services => p.services.table.fetch.deadline(),
        ProviderPart::Mappings => p.mappings.fetch.deadline(),
        ProviderPart::Syncs => p.syncs.fetch.deadline(),
        _ => None,
    };
    [p.fetch.deadline(), p.detail.id.as_ref().and_then(|_| p.detail.fetch.deadline()), part]
}

/// Wants what is on screen, at this pace.
pub(super) fn want(model: &mut Model, pace: Duration) {
    let now = model.now;
    let p = &mut model.providers;
    p.fetch.want(now, pace);
    if p.detail.id.is_some() {
        p.detail.fetch.want(now, pace);
    }
    if model.size.0 >= 200 {
        p.mappings.fetch.want(now, pace);
    }
    if p.detail.open {
        match p.detail.part {
            ProviderPart::Services => p.services.table.fetch.want(now, pace),
            ProviderPart::Mappings => p.mappings.fetch.want(now, pace),
            ProviderPart::Syncs => p.syncs.fetch.want(now, pace),
            _ => {}
        }
    }
}

/// Takes the providers.
pub(super) fn answer(model: &mut Model, ticket: u64, answer: Answer<Vec<ProviderRow>>) {
    let now = model.now;
    let p = &mut model.providers;
    if !p.fetch.accept(ticket) {
        return;
    }
    match answer {
        Err(why) => {
            p.fetch.fail(now, why);
            model.touch_feed();
        }
        Ok(rows) => {
            let first_time = p.fetch.good_at().is_none();
            p.fetch.succeed(now);
            p.rows = rows.iter().map(clean::provider).collect();
            relist(model);
            if first_time {
                model.touch();
            }
            if model.providers.detail.id.is_none() {
                show_current(model);
            }
        }
    }
}

/// Makes the lines of the table of the providers and the payout rail.
pub(super) fn relist(model: &mut Model) {
    let p = &mut model.providers;
    if p.fetch.good_at().is_none() {
        return;
    }
    let mut lines: Vec<PanelLine> = p.rows.iter().cloned().map(|row| PanelLine::Provider(Box::new(row))).collect();
    lines.extend(model.overview.data.as_ref().map(|data| PanelLine::Rail(Box::new(data.rail.clone()))));
    let count = lines.len();
    let changed = p.list.take(lines, (false, false), Take::Again, count, |_| false);
    let height = model.list_height();
    model.providers.list.show_cursor(height);
    if changed && model.tab == Tab::Providers {
        model.touch_feed();
    }
}

/// Takes the chosen provider.
pub(super) fn detail(model: &mut Model, ticket: u64, answer: Answer<Option<Box<ProviderDetail>>>) {
    let now = model.now;
    let detail = &mut model.providers.detail;
    if !detail.fetch.accept(ticket) {
        return;
    }
    let shown = match answer {
        Ok(found) => {
            let found = found.map(|data| Box::new(clean::provider_detail(&data)));
            detail.take(found, now, |a, b| a.row.name == b.row.name)
        }
        Err(why) => {
            detail.fetch.fail(now, why);
            return model.touch_feed();
        }
    };
    model.show_detail(shown);
}

/// Moves the cursor of the table, or of the open part.
pub(super) fn move_by(model: &mut Model, by: isize) {
    let (height, now) = (model.list_height(), model.now);
    let p = &mut model.providers;
    let moved = match p.detail.part {
        _ if !p.detail.open => p.list.move_by(by, height),
        ProviderPart::Services => p.services.table.move_by(by, height, now, service_place),
        ProviderPart::Mappings => p.mappings.list.move_by(by, height),
        _ => {
            let last = crate::view::provider::length(model).saturating_sub(1);
            let scroll = &mut model.providers.detail.scroll;
            *scroll = scroll.saturating_add_signed(by).min(last);
            true
        }
    };
    if moved {
        model.touch();
        follow(model);
    }
}

/// To the first or last line.
pub(super) fn to_end(model: &mut Model, last: bool) {
    let (height, now) = (model.list_height(), model.now);
    let p = &mut model.providers;
    if p.detail.open && p.detail.part == ProviderPart::Services {
        p.services.table.to_end(last, height, now, service_place);
        return model.touch();
    }
    move_by(model, if last { 1_000_000 } else { -1_000_000 });
}

/// What stands below the table follows its cursor once the keys rest.
pub(super) fn follow(model: &mut Model) {
    if model.tab != Tab::Providers || model.providers.detail.open {
        return;
    }
    let name = model.providers.current().map(|row| row.name.clone());
    let p = &mut model.providers;
    p.detail.follow_at = (name.is_some() && name != p.detail.id).then(|| model.now.plus(FOLLOW));
}

/// Wants the provider under the cursor in full.
pub(super) fn show_current(model: &mut Model) {
    let name = model.providers.list.current().and_then(PanelLine::provider).map(|row| row.name.clone());
    if let Some(name) = name {
        show(model, name);
    }
}

fn show(model: &mut Model, name: String) {
    let p = &mut model.providers;
    if p.detail.id.as_deref() != Some(&name) {
        // Another provider's services and syncs are not this one's.
        p.services = Default::default();
        p.syncs = Default::default();
    }
    p.detail.show(name, model.now);
    model.touch();
}

/// Opens the provider under the cursor over the whole screen; the rail leads to the payouts that wait for it.
pub(super) fn open(model: &mut Model, fx: &mut Vec<Effect>) {
    match model.providers.list.current() {
        Some(PanelLine::Provider(row)) => {
            let name = row.name.clone();
            open_named(model, name);
        }
        Some(PanelLine::Rail(_)) => super::withdrawals::visit(model, "state:queued|sending|sent|unknown", fx),
        None => {}
    }
}

fn open_named(model: &mut Model, name: String) {
    model.providers.detail.open = true;
    show(model, name);
    want(model, Duration::ZERO);
}

/// Goes to a provider from anywhere; an empty name goes to the tab alone.
pub(super) fn goto(model: &mut Model, name: &str, open: bool, fx: &mut Vec<Effect>) {
    super::actions::go(model, Tab::Providers, fx);
    if name.is_empty() {
        return;
    }
    let height = model.list_height();
    // The first screen knows the providers before this tab was ever read.
    let mut known = model.overview.data.iter().flat_map(|data| &data.providers).chain(&model.providers.rows);
    if let Some(id) = known.find(|row| row.name == name).map(|row| row.id)
        && !model.providers.list.put_key(id, height)
    {
        model.providers.list.expect(id);
    }
    if open { open_named(model, name.to_owned()) } else { show(model, name.to_owned()) }
}

/// Turns to another part of the open provider, and asks for what it shows.
pub(super) fn turn(model: &mut Model, by: isize) {
    model.providers.detail.turn(&ProviderPart::ALL, by);
    want(model, Duration::ZERO);
    model.touch();
}

/// The next or previous provider, from within the detail.
pub(super) fn step(model: &mut Model, by: isize) {
    let height = model.list_height();
    let list = &mut model.providers.list;
    list.move_by(by, height);
    if let Some(name) = list.current().and_then(PanelLine::provider).map(|row| row.name.clone()) {
        open_named(model, name);
    }
}

/// Opens the provider at its last calls.
pub(super) fn show_errors(model: &mut Model, fx: &mut Vec<Effect>) {
    if !model.providers.detail.open {
        open(model, fx);
    }
    model.providers.detail.part = ProviderPart::Calls;
    model.providers.detail.scroll = 0;
    model.touch();
}

/// Opens a review of the provider under the cursor.
pub(super) fn decide(model: &mut Model, act: ProviderAct, fx: &mut Vec<Effect>) {
    match model.providers.current().cloned() {
        Some(row) => {
            let subject = Subject::Provider(Box::new(row), None);
            dialog::open_subjects(model, Kind::Provider(act), vec![subject], (false, 0), fx);
        }
        None => model.complain("the payout rail is decided about on its own: :rail resume, :switch pause withdrawals"),
    }
}
