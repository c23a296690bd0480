//! The other lists of the IPStock tab: orders, machines, what waits for a person.

use super::{dialog, ipstock, keys};
use crate::clean;
use crate::fetch::Fetch;
use crate::filter::Fault;
use crate::listing::{Keyed, Take};
use crate::message::{Answer, Effect};
use crate::model::{Filtered, Ipstock, Model, Shelf, Tab};
use crate::review::machine::MachineAct;
use crate::review::stock::VpsAct;
use crate::review::{Kind, Subject};
use crate::windowed::Windowed;
use app::view::Window;
use app::view::ipstock::ItemRow;
use app::view::vps::{
    MachineDetail, MachineQuery, MachineRow, VpsDetail, VpsFilter, VpsQuery, VpsReviewRow, VpsRow, VpsSort,
};
use domain::{MachineId, Timestamp, VpsId};
use std::time::Duration;

/// Asks for what is on screen, as it is due.
pub(super) fn pump(model: &mut Model, fx: &mut Vec<Effect>) {
    let (now, height, beside) = (model.now, model.list_height(), model.side_by_side());
    let place = model.ipstock.order_place();
    let (stock, tickets) = (&mut model.ipstock, &mut model.tickets);
    match stock.shelf {
        Shelf::Orders => {
            if let Some(ticket) = stock.orders.table.begin(now, tickets, height, place) {
                fx.push(Effect::VpsOrders(ticket, order_query(model), held(model)));
            }
            let (stock, tickets) = (&mut model.ipstock, &mut model.tickets);
            if let Some(ticket) = stock.orders.count_fetch.start(now, tickets) {
                fx.push(Effect::VpsCount(ticket, stock.orders.filter.clone()));
            }
            if let Some(id) = stock.order.id.filter(|_| stock.order.open || beside)
                && let Some(ticket) = stock.order.fetch.start(now, tickets)
            {
                fx.push(Effect::VpsOrder(ticket, id));
            }
        }
        Shelf::Machines => {
            if let Some(ticket) = stock.machines.table.begin(now, tickets, height, MachineRow::key) {
                fx.push(Effect::Machines(ticket, machine_query(model)));
            }
            let (stock, tickets) = (&mut model.ipstock, &mut model.tickets);
            if let Some(ticket) = stock.machines.count_fetch.start(now, tickets) {
                fx.push(Effect::MachineCount(ticket, stock.machines.filter.clone()));
            }
            if let Some(id) = stock.machine.id.filter(|_| stock.machine.open || beside)
                && let Some(ticket) = stock.machine.fetch.start(now, tickets)
            {
                fx.push(Effect::Machine(ticket, id));
            }
        }
        Shelf::Reviews => {
            if let Some(ticket) = stock.reviews_fetch.start(now, tickets) {
                fx.push(Effect::VpsReviews(ticket));
            }
        }
        Shelf::Items => {}
    }
}

/// When something of the list shown has to be asked.
pub(super) fn deadlines(model: &Model) -> [Option<Timestamp>; 4] {
    let (stock, beside) = (&model.ipstock, model.side_by_side());
    match stock.shelf {
        Shelf::Orders => [
            stock.orders.table.fetch.deadline(),
            stock.orders.count_fetch.deadline(),
            stock.order.id.filter(|_| stock.order.open || beside).and_then(|_| stock.order.fetch.deadline()),
            None,
        ],
        Shelf::Machines => [
            stock.machines.table.fetch.deadline(),
            stock.machines.count_fetch.deadline(),
            stock.machine.id.filter(|_| stock.machine.open || beside).and_then(|_| stock.machine.fetch.deadline()),
            None,
        ],
        Shelf::Reviews => [stock.reviews_fetch.deadline(), None, None, None],
        Shelf::Items => [None; 4],
    }
}

/// Wants what is on screen, at this pace.
pub(super) fn want(model: &mut Model, pace: Duration) {
    let now = model.now;
    let stock = &mut model.ipstock;
    match stock.shelf {
        Shelf::Orders => {
            stock.orders.table.fetch.want(now, pace);
            stock.orders.count_fetch.want(now, pace);
            if stock.order.id.is_some() {
                stock.order.fetch.want(now, pace);
            }
        }
        Shelf::Machines => {
            stock.machines.table.fetch.want(now, pace);
            stock.machines.count_fetch.want(now, pace);
            if stock.machine.id.is_some() {
                stock.machine.fetch.want(now, pace);
            }
        }
        Shelf::Reviews => stock.reviews_fetch.want(now, pace),
        Shelf::Items => {}
    }
}

/// The question for the present window of orders.
pub(super) fn order_query(model: &Model) -> VpsQuery {
    let orders = &model.ipstock.orders;
    VpsQuery {
        filter: orders.filter.clone(),
        sort: orders.sort,
        descending: orders.descending,
        from: orders.table.from.clone(),
        limit: Windowed::<VpsRow>::limit(model.list_height()),
    }
}

/// The question for the present window of machines.
pub(super) fn machine_query(model: &Model) -> MachineQuery {
    let machines = &model.ipstock.machines;
    MachineQuery {
        filter: machines.filter.clone(),
        descending: machines.descending,
        from: machines.table.from.clone(),
        limit: Windowed::<MachineRow>::limit(model.list_height()),
    }
}

/// The orders that stay on screen wherever they stand now: a change moves one to the top of the list.
fn held(model: &Model) -> Vec<VpsId> {
    let list = &model.ipstock.orders.table.list;
    if model.is_frozen() {
        return list.visible(model.list_height()).iter().map(|row| row.id).collect();
    }
    list.cursor().map(VpsId::new).into_iter().collect()
}

/// Takes a window of orders, and the rows that stay on screen besides.
pub(super) fn orders(model: &mut Model, ticket: u64, answer: Answer<(Window<VpsRow>, Vec<VpsRow>)>) {
    if !model.ipstock.orders.table.fetch.accept(ticket) {
        return;
    }
    let (frozen, height, now) = (model.is_frozen(), model.list_height(), model.now);
    let place = model.ipstock.order_place();
    let orders = &mut model.ipstock.orders;
    let mut refreshed = false;
    let answer = answer.map(|(window, held)| {
        for row in held.iter().map(clean::vps_order) {
            refreshed |= orders.table.list.refresh(row);
        }
        Window { rows: window.rows.iter().map(clean::vps_order).collect(), ..window }
    });
    let mut took = orders.table.answer(answer, (frozen, orders.descending), height, now, place);
    took.changed |= refreshed;
    model.show_window(took);
    if !took.failed {
        after_window(model, model.ipstock.order.id.is_none());
    }
}

/// Takes a window of machines.
pub(super) fn machines(model: &mut Model, ticket: u64, answer: Answer<Window<MachineRow>>) {
    if !model.ipstock.machines.table.fetch.accept(ticket) {
        return;
    }
    let (frozen, height, now) = (model.is_frozen(), model.list_height(), model.now);
    let machines = &mut model.ipstock.machines;
    let answer = answer.map(|window| Window { rows: window.rows.iter().map(clean::machine).collect(), ..window });
    let took = machines.table.answer(answer, (frozen, machines.descending), height, now, MachineRow::key);
    model.show_window(took);
    if !took.failed {
        after_window(model, model.ipstock.machine.id.is_none());
    }
}

fn after_window(model: &mut Model, nothing_shown: bool) {
    if nothing_shown && model.side_by_side() {
        ipstock::show_current(model);
    } else {
        ipstock::follow(model);
    }
}

/// Takes a count; true when it differs from the one before.
pub(super) fn took_count(count: &mut Option<i64>, fetch: &mut Fetch, answer: Answer<i64>, now: Timestamp) -> bool {
    match answer {
        Ok(found) => {
            fetch.succeed(now);
            count.replace(found) != Some(found)
        }
        Err(why) => {
            fetch.fail(now, why);
            false
        }
    }
}

/// Takes the count of the orders.
pub(super) fn order_count(model: &mut Model, ticket: u64, answer: Answer<i64>) {
    let now = model.now;
    let orders = &mut model.ipstock.orders;
    if orders.count_fetch.accept(ticket) && took_count(&mut orders.count, &mut orders.count_fetch, answer, now) {
        model.touch_feed();
    }
}

/// Takes the count of the machines.
pub(super) fn machine_count(model: &mut Model, ticket: u64, answer: Answer<i64>) {
    let now = model.now;
    let machines = &mut model.ipstock.machines;
    if machines.count_fetch.accept(ticket) && took_count(&mut machines.count, &mut machines.count_fetch, answer, now) {
        model.touch_feed();
    }
}

/// Takes an order in full.
pub(super) fn order(model: &mut Model, ticket: u64, answer: Answer<Option<Box<VpsDetail>>>) {
    let now = model.now;
    let detail = &mut model.ipstock.order;
    if !detail.fetch.accept(ticket) {
        return;
    }
    let shown = match answer {
        Ok(found) => {
            let found = found.map(|data| Box::new(clean::vps_detail(&data)));
            detail.take(found, now, |a, b| a.row.id == b.row.id)
        }
        Err(why) => {
            detail.fetch.fail(now, why);
            return model.touch_feed();
        }
    };
    model.show_detail(shown);
}

/// Takes a machine in full.
pub(super) fn machine(model: &mut Model, ticket: u64, answer: Answer<Option<Box<MachineDetail>>>) {
    let now = model.now;
    let detail = &mut model.ipstock.machine;
    if !detail.fetch.accept(ticket) {
        return;
    }
    let shown = match answer {
        Ok(found) => {
            let found = found.map(|data| Box::new(clean::machine_detail(&data)));
            detail.take(found, now, |a, b| a.row.id == b.row.id)
        }
        Err(why) => {
            detail.fetch.fail(now, why);
            return model.touch_feed();
        }
    };
    model.show_detail(shown);
}

/// Takes what waits for a person.
pub(super) fn reviews(model: &mut Model, ticket: u64, answer: Answer<Vec<VpsReviewRow>>) {
    let (now, height) = (model.now, model.list_height());
    let stock = &mut model.ipstock;
    if !stock.reviews_fetch.accept(ticket) {
        return;
    }
    match answer {
        Err(why) => {
            stock.reviews_fetch.fail(now, why);
            model.touch_feed();
        }
        Ok(rows) => {
            let first_time = stock.reviews_fetch.good_at().is_none();
            stock.reviews_fetch.succeed(now);
            let rows = rows.iter().map(clean::vps_review).collect();
            if stock.reviews.take(rows, (false, false), Take::Again, height, |_| false) || first_time {
                model.touch_feed();
            }
        }
    }
}

/// The order under the cursor, in the list or the detail.
pub(super) fn current_order(model: &Model) -> Option<&VpsRow> {
    let stock = &model.ipstock;
    if stock.shelf == Shelf::Reviews {
        return stock.reviews.current()?.order.as_deref();
    }
    if stock.order.open {
        return stock.order.data.as_ref().filter(|data| Some(data.row.id) == stock.order.id).map(|data| &data.row);
    }
    stock.orders.table.list.current()
}

/// The machine under the cursor, in the list or the detail.
pub(super) fn current_machine(model: &Model) -> Option<&MachineRow> {
    let stock = &model.ipstock;
    if stock.shelf == Shelf::Reviews {
        return stock.reviews.current()?.machine.as_deref();
    }
    if stock.machine.open {
        return stock.machine.data.as_ref().filter(|data| Some(data.row.id) == stock.machine.id).map(|data| &data.row);
    }
    stock.machines.table.list.current()
}

/// The next sorted column of the orders, or the same the other way round.
pub(super) fn reorder(orders: &mut Filtered<VpsRow, VpsFilter, VpsSort>, another: bool, now: Timestamp) {
    (orders.sort, orders.descending) = match (another, orders.sort) {
        (false, sort) => (sort, !orders.descending),
        (true, VpsSort::Updated) => (VpsSort::Age, true),
        (true, VpsSort::Age) => (VpsSort::Updated, true),
    };
    orders.table.ask_anew(now);
}

/// A list takes a filter as typed, read or not.
pub(super) fn filtered<R: Keyed + Clone + PartialEq, F: PartialEq, S>(
    list: &mut Filtered<R, F, S>,
    text: &str,
    read: Result<F, Fault>,
    now: Timestamp,
) {
    let text = text.trim_end();
    match read {
        Err(fault) => {
            list.fault = Some(fault);
            text.clone_into(&mut list.text);
        }
        Ok(filter) => {
            list.fault = None;
            let changed = list.filter != filter || list.text != text;
            text.clone_into(&mut list.text);
            list.filter = filter;
            if changed {
                list.count_fetch.outdate(now);
                list.table.ask_anew(now);
            }
        }
    }
}

/// The pane beside the list follows its cursor at that moment.
pub(super) fn follow(stock: &mut Ipstock, at: Option<Timestamp>) {
    match stock.shelf {
        Shelf::Orders => {
            let current = stock.orders.table.list.cursor().map(VpsId::new);
            stock.order.follow_at = at.filter(|_| !stock.order.open && current.is_some() && current != stock.order.id);
        }
        Shelf::Machines => {
            let current = stock.machines.table.list.cursor().map(MachineId::new);
            let other = !stock.machine.open && current.is_some() && current != stock.machine.id;
            stock.machine.follow_at = at.filter(|_| other);
        }
        Shelf::Items | Shelf::Reviews => {}
    }
}

/// Wants the row under the cursor in full.
pub(super) fn show_current(stock: &mut Ipstock, now: Timestamp) {
    match stock.shelf {
        Shelf::Orders => {
            let id = stock.orders.table.list.cursor().map(VpsId::new);
            if let Some(id) = id.filter(|id| Some(*id) != stock.order.id) {
                stock.order.show(id, now);
            }
        }
        Shelf::Machines => {
            let id = stock.machines.table.list.cursor().map(MachineId::new);
            if let Some(id) = id.filter(|id| Some(*id) != stock.machine.id) {
                stock.machine.show(id, now);
            }
        }
        Shelf::Items | Shelf::Reviews => {}
    }
}

/// Opens the row under the cursor over the whole screen; a review leads to what it is about.
pub(super) fn open(model: &mut Model, fx: &mut Vec<Effect>) {
    match model.ipstock.shelf {
        Shelf::Orders => {
            if let Some(id) = model.ipstock.orders.table.list.cursor().map(VpsId::new) {
                open_order(model, id);
            }
        }
        Shelf::Machines => {
            if let Some(id) = model.ipstock.machines.table.list.cursor().map(MachineId::new) {
                open_machine(model, id);
            }
        }
        Shelf::Reviews => {
            let leads_to = model.ipstock.reviews.current().map(|row| row.leads_to.clone());
            super::actions::goto_object(model, leads_to.as_deref(), fx);
        }
        Shelf::Items => {}
    }
}

/// From an order to its machine, and back.
pub(super) fn open_within(model: &mut Model, fx: &mut Vec<Effect>) {
    match model.ipstock.shelf {
        Shelf::Orders => {
            if let Some(id) = current_order(model).and_then(|row| row.machine) {
                goto_machine(model, id, fx);
            }
        }
        Shelf::Machines => {
            if let Some(id) = current_machine(model).and_then(|row| row.order) {
                goto_order(model, id, fx);
            }
        }
        Shelf::Items | Shelf::Reviews => {}
    }
}

fn open_order(model: &mut Model, id: VpsId) {
    model.ipstock.order.open = true;
    model.ipstock.order.show(id, model.now);
    model.touch();
}

fn open_machine(model: &mut Model, id: MachineId) {
    model.ipstock.machine.open = true;
    model.ipstock.machine.show(id, model.now);
    model.touch();
}

/// Opens an order from anywhere.
pub(super) fn goto_order(model: &mut Model, id: VpsId, fx: &mut Vec<Effect>) {
    super::actions::go(model, Tab::Ipstock, fx);
    ipstock::turn_to(model, Shelf::Orders);
    let height = model.list_height();
    model.ipstock.orders.table.list.put_key(id.get(), height);
    open_order(model, id);
}

/// Opens a machine from anywhere.
pub(super) fn goto_machine(model: &mut Model, id: MachineId, fx: &mut Vec<Effect>) {
    super::actions::go(model, Tab::Ipstock, fx);
    ipstock::turn_to(model, Shelf::Machines);
    let height = model.list_height();
    model.ipstock.machines.table.list.put_key(id.get(), height);
    open_machine(model, id);
}

/// The orders: of the item under the cursor, or all.
pub(super) fn show_orders(model: &mut Model) {
    let of = match model.ipstock.shelf {
        Shelf::Items => ipstock::current(model).map(exactly),
        _ => None,
    };
    ipstock::turn_to(model, Shelf::Orders);
    if let Some(of) = of {
        keys::set_filter(model, &of);
    }
}

/// The machines: of the item under the cursor, or all.
pub(super) fn show_machines(model: &mut Model) {
    let of = match model.ipstock.shelf {
        Shelf::Items => ipstock::current(model).map(exactly),
        _ => None,
    };
    ipstock::turn_to(model, Shelf::Machines);
    if let Some(of) = of {
        keys::set_filter(model, &of);
    }
}

/// The filter of an item's orders and machines: by its number, so that look-alikes of its name stay out.
fn exactly(row: &ItemRow) -> String {
    format!("item:{}", row.id)
}

/// Opens a review of the machine under the cursor, in its list, its detail or what waits for a person.
pub(super) fn decide_machine(model: &mut Model, act: MachineAct, fx: &mut Vec<Effect>) {
    if act == MachineAct::Assign && current_machine(model).is_none() && current_order(model).is_some() {
        return model.complain("machines that are nobody's are given to orders, not the other way: M lists them");
    }
    let found = current_machine(model).cloned().map(|row| Subject::Machine(Box::new(row), None));
    dialog::open_subjects(model, Kind::Machine(act), found.into_iter().collect(), (false, 0), fx);
}

/// Opens a review of the order under the cursor. Of what waits for a person, a ruling may be about a renewal.
pub(super) fn decide(model: &mut Model, act: VpsAct, fx: &mut Vec<Effect>) {
    if model.ipstock.shelf == Shelf::Reviews && current_order(model).is_none() {
        return match (act, current_machine(model)) {
            (VpsAct::Rule, Some(row)) if row.renewing.is_some() => decide_machine(model, MachineAct::RuleRenewal, fx),
            (_, Some(row)) => {
                let why = format!("machine {} is no order: enter opens it, A gives it to an order that waits", row.id);
                model.complain(why);
            }
            (_, None) => model.say("no row to decide on"),
        };
    }
    let found = current_order(model).cloned().map(|row| Subject::Vps(Box::new(row), None));
    dialog::open_subjects(model, Kind::Vps(act), found.into_iter().collect(), (false, 0), fx);
}
