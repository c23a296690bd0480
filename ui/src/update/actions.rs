//! What each action of the keymap does. What opens a review is in `decide`.

use super::{
    answers, boosts, decide, dialog, ipstock, keys, lock, palette, payments, providers, services, session, vps,
    wake_tab, withdrawals,
};
use crate::export;
use crate::keymap::Action;
use crate::line_edit::LineEdit;
use crate::log_feed::LogLevel;
use crate::message::{Effect, ExportSet, Format};
use crate::model::{BoostPart, Model, Overlay, Part, ProviderPart, Shelf, Tab, Till};
use crate::options::Exit;
use app::view::WithdrawalSort;
use app::view::boosts::BoostSort;
use domain::{BoostId, InvoiceId, ItemId, MachineId, PaymentId, VpsId, WithdrawalId};

/// Does an action of the open tab.
pub(super) fn act(model: &mut Model, action: Action, fx: &mut Vec<Effect>) {
    match action {
        Action::Down => step(model, 1),
        Action::Up => step(model, -1),
        Action::HalfDown => step(model, half(model)),
        Action::HalfUp => step(model, -half(model)),
        Action::First => to_end(model, false),
        Action::Last => to_end(model, true),
        Action::NextRow => next(model, 1, fx),
        Action::PrevRow => next(model, -1, fx),
        Action::Left => part(model, -1),
        Action::Right | Action::OtherPane => part(model, 1),
        Action::Errors => providers::show_errors(model, fx),
        Action::ShowLog => boosts::show_log(model),
        Action::Orders => vps::show_orders(model),
        Action::Machines => vps::show_machines(model),
        Action::Reviews => ipstock::turn_to(model, Shelf::Reviews),
        Action::Items => ipstock::turn_to(model, Shelf::Items),
        Action::Invoices => payments::turn_to(model, Till::Invoices),
        Action::Transfers => payments::turn_to(model, Till::Transfers),
        Action::People => payments::turn_to(model, Till::People),
        Action::Catalogue => payments::turn_to(model, Till::Products),
        Action::PaymentHealth => payments::turn_to(model, Till::Health),
        Action::LastView => go(model, model.last_tab, fx),
        Action::Tab(digit) => {
            if let Some((_, tab)) = Tab::NUMBERED.into_iter().find(|(d, _)| *d == digit) {
                go(model, tab, fx);
            }
        }
        Action::Open => open(model, fx),
        Action::Back => back(model, fx),
        Action::Mark if model.tab == Tab::Boosts => boosts::mark(model),
        Action::Mark => withdrawals::mark(model),
        Action::MarkAll if model.tab == Tab::Boosts => boosts::mark_all(model, fx),
        Action::MarkAll => withdrawals::mark_all(model, fx),
        Action::Range => range(model),
        Action::ClearMarks => clear_marks(model),
        Action::Quit => quit(model, fx),
        Action::Lock => lock::lock(model, fx),
        Action::Help => overlay(model, Overlay::Help(0)),
        Action::Palette => overlay(model, Overlay::Palette(LineEdit::default(), 0)),
        Action::Repaint => fx.push(Effect::Repaint),
        other if decide::decide(model, other, fx) => {}
        other => setting(model, other, fx),
    }
}

fn range(model: &mut Model) {
    match model.tab {
        Tab::Boosts => model.boosts.table.range(),
        _ => model.withdrawals.table.range(),
    }
    model.touch();
}

fn clear_marks(model: &mut Model) {
    match model.tab {
        Tab::Boosts => model.boosts.table.clear_marks(),
        _ => model.withdrawals.table.clear_marks(),
    }
    let_go_if_free(model);
    model.touch();
}

/// When nothing holds the order of the open tab any more, what waited is read.
pub(super) fn let_go_if_free(model: &mut Model) {
    match model.tab {
        Tab::Boosts => boosts::let_go_if_free(model),
        _ => withdrawals::let_go_if_free(model),
    }
}

/// Actions that change how things are shown, or take something out.
fn setting(model: &mut Model, action: Action, fx: &mut Vec<Effect>) {
    model.touch();
    match action {
        Action::Filter => keys::open_prompt(model),
        Action::Sort | Action::Reverse => {
            reorder(model, action == Action::Sort);
            fx.push(model.session());
        }
        Action::Freeze => {
            let table_frozen = match model.tab {
                Tab::Boosts => &mut model.boosts.table.frozen,
                _ => &mut model.withdrawals.table.frozen,
            };
            *table_frozen = !*table_frozen;
            let_go_if_free(model);
        }
        Action::Seen => session::seen(model, fx),
        Action::Mask => model.mask = !model.mask,
        Action::Mouse => {
            model.mouse = !model.mouse;
            fx.push(Effect::Mouse(model.mouse));
        }
        Action::Follow => match model.tab {
            Tab::Audit => {
                model.audit.follow = !model.audit.follow;
                model.audit.fetch.outdate(model.now);
            }
            _ => {
                model.log.follow = !model.log.follow;
                model.log.back = 0;
            }
        },
        Action::Wrap => model.log.wrap = !model.log.wrap,
        Action::MinLevel => {
            let at = LogLevel::ALL.iter().position(|level| *level == model.log.level).unwrap_or(0);
            model.log.level = LogLevel::ALL[(at + 1) % LogLevel::ALL.len()];
        }
        Action::Pause => {
            model.log.paused = !model.log.paused;
            if !model.log.paused {
                let held = std::mem::take(&mut model.log.held);
                answers::log(model, held);
            }
        }
        Action::ShowUser => {
            if !model.detail.open {
                open(model, fx);
            }
            model.detail.part = Part::History;
            model.detail.scroll = 0;
        }
        Action::CopyField => copy(model, export::field(model), fx),
        Action::CopyRow => copy(model, export::row(model), fx),
        Action::Export => export(model, Format::Csv, fx),
        _ => {}
    }
}

/// The next sorted column, or the same the other way round.
fn reorder(model: &mut Model, another: bool) {
    match model.tab {
        Tab::Boosts => {
            let (sort, descending) = match (another, model.boosts.sort) {
                (false, sort) => (sort, !model.boosts.descending),
                (true, BoostSort::Updated) => (BoostSort::Age, true),
                (true, BoostSort::Age) => (BoostSort::Updated, true),
            };
            boosts::reorder(model, sort, descending);
        }
        Tab::Ipstock => ipstock::reorder(model, another),
        Tab::Payments => payments::reorder(model, another),
        _ => {
            let (sort, descending) = match (another, model.withdrawals.sort) {
                (false, sort) => (sort, !model.withdrawals.descending),
                (true, WithdrawalSort::Age) => (WithdrawalSort::Amount, true),
                (true, WithdrawalSort::Amount) => (WithdrawalSort::Age, false),
            };
            withdrawals::reorder(model, sort, descending);
        }
    }
}

fn overlay(model: &mut Model, overlay: Overlay) {
    model.overlays.push(overlay);
    model.touch();
}

/// Goes to a tab.
pub(super) fn go(model: &mut Model, tab: Tab, fx: &mut Vec<Effect>) {
    if model.detail.open {
        model.detail.open = false;
        fx.push(Effect::Present(None));
    }
    model.providers.detail.open = false;
    model.boosts.detail.open = false;
    model.ipstock.close();
    model.payments.close();
    if model.tab != tab {
        model.last_tab = model.tab;
        model.tab = tab;
    }
    model.toast = model.toast.take().filter(|toast| toast.error);
    wake_tab(model);
    follow(model);
    model.touch();
}

fn follow(model: &mut Model) {
    withdrawals::follow(model);
    providers::follow(model);
    boosts::follow(model);
    ipstock::follow(model);
    payments::follow(model);
}

fn half(model: &Model) -> isize {
    isize::try_from(model.list_height() / 2).unwrap_or(1).max(1)
}

fn step(model: &mut Model, by: isize) {
    let height = model.list_height();
    let moved = match model.tab {
        Tab::Withdrawals if model.detail.open => {
            let last = crate::view::detail::length(model).saturating_sub(1);
            model.detail.scroll = model.detail.scroll.saturating_add_signed(by).min(last);
            true
        }
        Tab::Withdrawals => return withdrawals::move_by(model, by),
        Tab::Providers => return providers::move_by(model, by),
        Tab::Boosts if model.boosts.detail.open => {
            let last = crate::view::boost::length(model).saturating_sub(1);
            model.boosts.detail.scroll = model.boosts.detail.scroll.saturating_add_signed(by).min(last);
            true
        }
        Tab::Boosts => return boosts::move_by(model, by),
        Tab::Ipstock => return ipstock::move_by(model, by),
        Tab::Payments => return payments::move_by(model, by),
        Tab::Audit => {
            let moved = model.audit.list.move_by(by, height);
            more_audit(model);
            moved
        }
        Tab::Cases => model.cases.list.move_by(by, height),
        Tab::Overview => next_item(model, by),
        Tab::Log => {
            model.log.follow = false;
            model.log.back = model.log.back.saturating_add_signed(-by).min(model.log.lines.len().saturating_sub(1));
            true
        }
    };
    if moved {
        model.touch();
    }
}

/// The audit is read further back as the cursor nears its end.
fn more_audit(model: &mut Model) {
    let audit = &mut model.audit;
    let near = audit.list.position().unwrap_or(0) + 60 > audit.list.rows().len();
    if near && audit.list.after() && audit.want < 10_000 {
        audit.want = (audit.want * 2).min(10_000);
        audit.fetch.outdate(model.now);
    }
}

fn next_item(model: &mut Model, by: isize) -> bool {
    let last = model.overview.data.as_ref().map_or(0, |data| data.needs.len().saturating_sub(1));
    let to = model.overview.cursor.saturating_add_signed(by).min(last);
    std::mem::replace(&mut model.overview.cursor, to) != to
}

fn next(model: &mut Model, by: isize, fx: &mut Vec<Effect>) {
    match model.tab {
        Tab::Overview => {
            next_item(model, by);
            model.touch();
        }
        Tab::Providers => providers::step(model, by),
        Tab::Boosts => boosts::step(model, by),
        Tab::Ipstock => ipstock::step(model, by, fx),
        Tab::Payments => payments::step(model, by, fx),
        _ => withdrawals::step(model, by, fx),
    }
}

fn to_end(model: &mut Model, last: bool) {
    match model.tab {
        Tab::Withdrawals if !model.detail.open => withdrawals::to_end(model, last),
        Tab::Providers => providers::to_end(model, last),
        Tab::Boosts if !model.boosts.detail.open => boosts::to_end(model, last),
        Tab::Ipstock => ipstock::to_end(model, last),
        Tab::Payments => payments::to_end(model, last),
        Tab::Log => {
            model.log.follow = last;
            model.log.back = if last { 0 } else { model.log.lines.len().saturating_sub(1) };
            model.touch();
        }
        _ => step(model, if last { 1_000_000 } else { -1_000_000 }),
    }
}

fn part(model: &mut Model, by: isize) {
    match model.tab {
        Tab::Providers => return providers::turn(model, by),
        Tab::Boosts => model.boosts.detail.turn(&BoostPart::ALL, by),
        Tab::Ipstock => return ipstock::turn(model, by),
        Tab::Payments => return payments::turn(model, by),
        _ => model.detail.turn(&Part::ALL, by),
    }
    model.touch();
}

fn open(model: &mut Model, fx: &mut Vec<Effect>) {
    match model.tab {
        Tab::Withdrawals => {
            if let Some(id) = model.withdrawals.table.list.cursor().map(WithdrawalId::new) {
                withdrawals::open(model, id, fx);
            }
        }
        Tab::Providers if model.providers.detail.open => {
            if model.providers.detail.part == ProviderPart::Mappings {
                services::open_mapping(model);
            }
        }
        Tab::Providers => providers::open(model, fx),
        Tab::Boosts => {
            if let Some(id) = model.boosts.table.list.cursor().map(BoostId::new) {
                boosts::open(model, id);
            }
        }
        Tab::Ipstock => ipstock::open(model, fx),
        Tab::Payments => payments::open(model, fx),
        Tab::Overview => open_item(model, fx),
        Tab::Cases => {
            let subject = model.cases.list.current().map(|case| case.subject.clone());
            goto_object(model, subject.as_deref(), fx);
        }
        Tab::Audit => {
            let object = model.audit.list.current().map(|row| row.object.clone());
            goto_object(model, object.as_deref(), fx);
        }
        Tab::Log => {}
    }
}

/// Follows `withdrawal:4412`, `boost:91820`, `provider:smmstone`, `vps:17`, `machine:3`, `ipstock:5`.
pub(super) fn goto_object(model: &mut Model, object: Option<&str>, fx: &mut Vec<Effect>) {
    match object.and_then(|object| object.split_once(':')) {
        Some(("withdrawal", id)) if id.parse::<WithdrawalId>().is_ok() => palette::goto_text(model, id, fx),
        Some(("boost", id)) if id.parse::<BoostId>().is_ok() => palette::order(model, id, fx),
        Some(("vps", id)) if id.parse::<VpsId>().is_ok() => palette::server(model, id, fx),
        Some(("machine", id)) if id.parse::<MachineId>().is_ok() => palette::machine(model, id, fx),
        Some(("ipstock", id)) if id.parse::<ItemId>().is_ok() => palette::item(model, id, fx),
        Some(("invoice", id)) if id.parse::<InvoiceId>().is_ok() => palette::invoice(model, id, fx),
        Some(("payment", id)) if id.parse::<PaymentId>().is_ok() => palette::transfer(model, id, fx),
        Some(("manual", _)) => payments::visit(model, "people", fx),
        Some(("product", _)) => {
            go(model, Tab::Payments, fx);
            payments::turn_to(model, Till::Products);
        }
        Some(("provider", name)) => providers::goto(model, name, true, fx),
        _ => model.say("this line leads nowhere"),
    }
}

/// Goes where the line under Overview's cursor leads.
fn open_item(model: &mut Model, fx: &mut Vec<Effect>) {
    let Some(item) = model.overview.data.as_ref().and_then(|data| data.needs.get(model.overview.cursor)).cloned()
    else {
        return;
    };
    if let Some(command) = item.goto.strip_prefix(':') {
        return palette::run(model, command, fx);
    }
    let digit = item.goto.parse().unwrap_or(0);
    match Tab::NUMBERED.into_iter().find(|(d, _)| *d == digit) {
        Some((_, Tab::Withdrawals)) => withdrawals::visit(model, &item.filter, fx),
        Some((_, Tab::Providers)) => providers::goto(model, &item.filter, false, fx),
        Some((_, Tab::Boosts)) => boosts::visit(model, &item.filter, fx),
        Some((_, Tab::Ipstock)) => ipstock::visit(model, &item.filter, fx),
        Some((_, Tab::Payments)) => payments::visit(model, &item.filter, fx),
        Some((_, tab)) => go(model, tab, fx),
        None => model.say("that tab does not exist yet"),
    }
}

/// One step back; never quits.
fn back(model: &mut Model, fx: &mut Vec<Effect>) {
    model.touch();
    if model.toast.take().is_some_and(|toast| toast.error) {
        return;
    }
    let range = match model.tab {
        Tab::Boosts => model.boosts.table.range_from.take(),
        _ => model.withdrawals.table.range_from.take(),
    };
    if range.is_some() {
        return;
    }
    if model.detail.open {
        model.detail.open = false;
        model.detail.scroll = 0;
        fx.push(Effect::Present(None));
        withdrawals::follow(model);
    } else if model.tab == Tab::Providers && model.providers.detail.open {
        model.providers.detail.open = false;
        model.providers.detail.scroll = 0;
        providers::follow(model);
    } else if model.tab == Tab::Boosts && model.boosts.detail.open {
        model.boosts.detail.open = false;
        model.boosts.detail.scroll = 0;
        boosts::follow(model);
    } else if model.tab == Tab::Ipstock {
        ipstock::back(model);
    } else if model.tab == Tab::Payments {
        payments::back(model);
    } else if dialog::on_cases(model) {
        go(model, model.last_tab, fx);
    }
}

fn quit(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.runtime_inside {
        overlay(model, Overlay::Quit);
        model.keys_from = model.now;
    } else {
        dialog::leave(model, Exit::Leave, fx);
    }
}

fn copy(model: &mut Model, text: Option<String>, fx: &mut Vec<Effect>) {
    match text {
        Some(text) => {
            fx.push(Effect::Copy(text));
            model.say("sent to terminal");
        }
        None => model.say("nothing to copy"),
    }
}

/// Exports what the open tab lists.
pub(super) fn export(model: &mut Model, format: Format, fx: &mut Vec<Effect>) {
    let set = match model.tab {
        Tab::Audit => ExportSet::Audit(model.audit.filter_text.clone()),
        Tab::Boosts => ExportSet::Boosts(Box::new(boosts::query(model))),
        Tab::Ipstock => match model.ipstock.shelf {
            Shelf::Items => ExportSet::Items(Box::new(ipstock::query(model))),
            Shelf::Orders => ExportSet::VpsOrders(Box::new(vps::order_query(model))),
            Shelf::Machines => ExportSet::Machines(Box::new(vps::machine_query(model))),
            Shelf::Reviews => return model.say("there is no export of what waits"),
        },
        Tab::Payments => return model.say("there is no export of payments: viralcore invoices list has --json"),
        Tab::Providers if model.providers.detail.open => ExportSet::Services(Box::new(services::query(model))),
        Tab::Providers => ExportSet::Providers,
        _ => ExportSet::Withdrawals(Box::new(withdrawals::query(model))),
    };
    fx.push(Effect::Export { set, format, masked: model.mask });
    model.say(if model.mask { "exporting, masked" } else { "exporting" });
}
