//! The IPStock tab: which of its lists is shown, the items, the item in full, the runs of the sync. Orders, machines and
//! reviews are in `vps`.

use super::withdrawals::FOLLOW;
use super::{dialog, keys, vps};
use crate::clean;
use crate::filter;
use crate::message::{Answer, Effect};
use crate::model::{ItemForm, ItemPart, MachinePart, Model, OrderPart, Shelf, Tab};
use crate::review::stock::StockAct;
use crate::review::{Kind, Subject};
use crate::windowed::Windowed;
use app::view::Window;
use app::view::ipstock::{IpSyncRow, ItemDetail, ItemQuery, ItemRow, ItemSort};
use domain::{ItemId, Timestamp};
use std::time::Duration;

/// Asks for what is on screen, as it is due.
pub(super) fn pump(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.ipstock.shelf != Shelf::Items {
        return vps::pump(model, fx);
    }
    let (now, height) = (model.now, model.list_height());
    let place = model.ipstock.item_place();
    if let Some(ticket) = model.ipstock.items.table.begin(now, &mut model.tickets, height, place) {
        fx.push(Effect::Items(ticket, query(model)));
    }
    if let Some(ticket) = model.ipstock.items.count_fetch.start(now, &mut model.tickets) {
        fx.push(Effect::ItemCount(ticket, model.ipstock.items.filter.clone()));
    }
    if let Some(id) = detail_wanted(model)
        && let Some(ticket) = model.ipstock.item.fetch.start(now, &mut model.tickets)
    {
        fx.push(Effect::Item(ticket, id));
    }
    if syncs_wanted(model)
        && let Some(ticket) = model.ipstock.syncs_fetch.start(now, &mut model.tickets)
    {
        fx.push(Effect::StockSyncs(ticket));
    }
}

/// The item that is on screen.
fn detail_wanted(model: &Model) -> Option<ItemId> {
    let stock = &model.ipstock;
    stock.item.id.filter(|_| stock.item.open || stock.form_awaited.is_some() || model.side_by_side())
}

/// The runs stand in the open item, and beside a very wide list.
fn syncs_wanted(model: &Model) -> bool {
    model.ipstock.item.open || model.size.0 >= 200
}

/// Wants an item in full though it is not on screen: a form is made of it.
pub(super) fn want_item(model: &mut Model, id: ItemId, form: ItemForm) {
    model.ipstock.item.show(id, model.now);
    model.ipstock.form_awaited = Some(form);
}

/// When something of the tab has to be asked.
pub(super) fn deadlines(model: &Model) -> [Option<Timestamp>; 4] {
    let stock = &model.ipstock;
    match stock.shelf {
        Shelf::Items => [
            stock.items.table.fetch.deadline(),
            stock.items.count_fetch.deadline(),
            detail_wanted(model).and_then(|_| stock.item.fetch.deadline()),
            syncs_wanted(model).then(|| stock.syncs_fetch.deadline()).flatten(),
        ],
        _ => vps::deadlines(model),
    }
}

/// Wants what is on screen, at this pace.
pub(super) fn want(model: &mut Model, pace: Duration) {
    if model.ipstock.shelf != Shelf::Items {
        return vps::want(model, pace);
    }
    let (now, syncs) = (model.now, syncs_wanted(model));
    let stock = &mut model.ipstock;
    stock.items.table.fetch.want(now, pace);
    stock.items.count_fetch.want(now, pace);
    if stock.item.id.is_some() {
        stock.item.fetch.want(now, pace);
    }
    if syncs {
        stock.syncs_fetch.want(now, pace);
    }
}

/// The question for the present window.
pub(super) fn query(model: &Model) -> ItemQuery {
    let items = &model.ipstock.items;
    ItemQuery {
        filter: items.filter.clone(),
        sort: items.sort,
        descending: items.descending,
        from: items.table.from.clone(),
        limit: Windowed::<ItemRow>::limit(model.list_height()),
    }
}

/// Takes a window of items.
pub(super) fn answer(model: &mut Model, ticket: u64, answer: Answer<Window<ItemRow>>) {
    if !model.ipstock.items.table.fetch.accept(ticket) {
        return;
    }
    let (frozen, height, now) = (model.is_frozen(), model.list_height(), model.now);
    let place = model.ipstock.item_place();
    let items = &mut model.ipstock.items;
    let answer = answer.map(|window| Window { rows: window.rows.iter().map(clean::item).collect(), ..window });
    let took = items.table.answer(answer, (frozen, items.descending), height, now, place);
    model.show_window(took);
    if took.failed {
        return;
    }
    if model.ipstock.item.id.is_none() && model.side_by_side() {
        show_current(model);
    } else {
        follow(model);
    }
}

/// Takes the count.
pub(super) fn count(model: &mut Model, ticket: u64, answer: Answer<i64>) {
    let now = model.now;
    let items = &mut model.ipstock.items;
    if items.count_fetch.accept(ticket) && super::vps::took_count(&mut items.count, &mut items.count_fetch, answer, now)
    {
        model.touch_feed();
    }
}

/// Takes the item in full.
pub(super) fn detail(model: &mut Model, ticket: u64, answer: Answer<Option<Box<ItemDetail>>>) {
    let now = model.now;
    let detail = &mut model.ipstock.item;
    if !detail.fetch.accept(ticket) {
        return;
    }
    let shown = match answer {
        Ok(found) => {
            let found = found.map(|data| Box::new(clean::item_detail(&data)));
            detail.take(found, now, |a, b| a.row.id == b.row.id)
        }
        Err(why) => {
            detail.fetch.fail(now, why);
            model.ipstock.form_awaited = None;
            return model.touch_feed();
        }
    };
    model.show_detail(shown);
    let wanted = current(model).map(|row| row.id);
    let read = model.ipstock.item.data.as_ref().map(|data| data.row.id);
    // Opened once, if it is still what the cursor is on: an item that is gone is not asked for again.
    if let Some(form) = model.ipstock.form_awaited.take()
        && wanted.is_some()
        && wanted == read
        && model.tab == Tab::Ipstock
        && model.overlays.is_empty()
        && model.prompt.is_none()
    {
        super::form::of_item(model, form);
    }
}

/// Takes the runs of the sync.
pub(super) fn syncs(model: &mut Model, ticket: u64, answer: Answer<Vec<IpSyncRow>>) {
    let now = model.now;
    let stock = &mut model.ipstock;
    if !stock.syncs_fetch.accept(ticket) {
        return;
    }
    match answer {
        Err(why) => {
            stock.syncs_fetch.fail(now, why);
            model.touch_feed();
        }
        Ok(rows) => {
            let first_time = stock.syncs_fetch.good_at().is_none();
            stock.syncs_fetch.succeed(now);
            let rows: Vec<IpSyncRow> = rows.iter().map(clean::stock_sync).collect();
            if std::mem::replace(&mut stock.syncs, rows.clone()) != rows || first_time {
                model.touch_feed();
            }
        }
    }
}

/// The item under the cursor, in the list or the detail.
pub(super) fn current(model: &Model) -> Option<&ItemRow> {
    let stock = &model.ipstock;
    if stock.item.open {
        return stock.item.data.as_ref().filter(|data| Some(data.row.id) == stock.item.id).map(|data| &data.row);
    }
    stock.items.table.list.current()
}

/// Moves the cursor of the list shown, or scrolls what is open.
pub(super) fn move_by(model: &mut Model, by: isize) {
    if model.ipstock.is_open() {
        let last = crate::view::stock_length(model).saturating_sub(1);
        let stock = &mut model.ipstock;
        let scroll = match stock.shelf {
            Shelf::Orders => &mut stock.order.scroll,
            Shelf::Machines => &mut stock.machine.scroll,
            _ => &mut stock.item.scroll,
        };
        *scroll = scroll.saturating_add_signed(by).min(last);
        return model.touch();
    }
    move_list(model, by);
}

/// Moves the cursor of the list shown, whether or not a detail lies over it.
fn move_list(model: &mut Model, by: isize) {
    let (height, now) = (model.list_height(), model.now);
    let (items, orders) = (model.ipstock.item_place(), model.ipstock.order_place());
    let stock = &mut model.ipstock;
    let moved = match stock.shelf {
        Shelf::Items => stock.items.table.move_by(by, height, now, items),
        Shelf::Orders => stock.orders.table.move_by(by, height, now, orders),
        Shelf::Machines => stock.machines.table.move_by(by, height, now, app::view::vps::MachineRow::key),
        Shelf::Reviews => stock.reviews.move_by(by, height),
    };
    if moved {
        model.touch();
        follow(model);
    }
}

/// To the first or last row of the list shown, whether or not it is in the window.
pub(super) fn to_end(model: &mut Model, last: bool) {
    if model.ipstock.is_open() {
        return move_by(model, if last { 1_000_000 } else { -1_000_000 });
    }
    let (height, now) = (model.list_height(), model.now);
    let (items, orders) = (model.ipstock.item_place(), model.ipstock.order_place());
    let stock = &mut model.ipstock;
    let moved = match stock.shelf {
        Shelf::Items => stock.items.table.to_end(last, height, now, items),
        Shelf::Orders => stock.orders.table.to_end(last, height, now, orders),
        Shelf::Machines => stock.machines.table.to_end(last, height, now, app::view::vps::MachineRow::key),
        Shelf::Reviews => stock.reviews.move_by(if last { 1_000_000 } else { -1_000_000 }, height),
    };
    if moved {
        model.touch();
        follow(model);
    }
}

/// The next sorted column, or the same the other way round.
pub(super) fn reorder(model: &mut Model, another: bool) {
    let now = model.now;
    let stock = &mut model.ipstock;
    match stock.shelf {
        Shelf::Items => {
            let items = &mut stock.items;
            (items.sort, items.descending) = match (another, items.sort) {
                (false, sort) => (sort, !items.descending),
                // What runs dry and what is new come first.
                (true, ItemSort::Title) => (ItemSort::Stock, false),
                (true, ItemSort::Stock) => (ItemSort::Age, true),
                (true, ItemSort::Age) => (ItemSort::Title, false),
            };
            items.table.ask_anew(now);
        }
        Shelf::Orders => vps::reorder(&mut stock.orders, another, now),
        Shelf::Machines => {
            stock.machines.descending = !stock.machines.descending;
            stock.machines.table.ask_anew(now);
        }
        Shelf::Reviews => {}
    }
    model.touch();
}

/// Sets the filter of the list shown; one that cannot be read is underlined and the last good rows stay.
pub(super) fn set_filter(model: &mut Model, text: &str) {
    let now = model.now;
    let stock = &mut model.ipstock;
    match stock.shelf {
        Shelf::Items => vps::filtered(&mut stock.items, text, filter::items(text.trim_end()), now),
        Shelf::Orders => vps::filtered(&mut stock.orders, text, filter::vps_orders(text.trim_end()), now),
        Shelf::Machines => vps::filtered(&mut stock.machines, text, filter::machines(text.trim_end()), now),
        Shelf::Reviews => {}
    }
    model.touch();
}

/// Finds the fault of what is typed as the filter of the list shown.
pub(super) fn check_filter(model: &mut Model, text: &str) {
    let text = text.trim_end();
    let stock = &mut model.ipstock;
    match stock.shelf {
        Shelf::Items => stock.items.fault = filter::items(text).err(),
        Shelf::Orders => stock.orders.fault = filter::vps_orders(text).err(),
        Shelf::Machines => stock.machines.fault = filter::machines(text).err(),
        Shelf::Reviews => {}
    }
}

/// The detail pane follows the cursor once the keys rest.
pub(super) fn follow(model: &mut Model) {
    if model.tab != Tab::Ipstock {
        return;
    }
    let at = model.side_by_side().then(|| model.now.plus(FOLLOW));
    let stock = &mut model.ipstock;
    match stock.shelf {
        Shelf::Items => {
            let current = stock.items.table.list.cursor().map(ItemId::new);
            stock.item.follow_at = at.filter(|_| !stock.item.open && current.is_some() && current != stock.item.id);
        }
        _ => vps::follow(stock, at),
    }
}

/// Wants the row under the cursor in full.
pub(super) fn show_current(model: &mut Model) {
    let now = model.now;
    let stock = &mut model.ipstock;
    match stock.shelf {
        Shelf::Items => {
            let id = stock.items.table.list.cursor().map(ItemId::new);
            if let Some(id) = id.filter(|id| Some(*id) != stock.item.id) {
                stock.item.show(id, now);
            }
        }
        _ => vps::show_current(stock, now),
    }
    model.touch();
}

/// When a pane follows the cursor.
pub(super) fn follow_at(model: &Model) -> Option<Timestamp> {
    let stock = &model.ipstock;
    match stock.shelf {
        Shelf::Items => stock.item.follow_at,
        Shelf::Orders => stock.order.follow_at,
        Shelf::Machines => stock.machine.follow_at,
        Shelf::Reviews => None,
    }
}

/// The pane has followed.
pub(super) fn clear_follow(model: &mut Model) {
    let stock = &mut model.ipstock;
    (stock.item.follow_at, stock.order.follow_at, stock.machine.follow_at) = (None, None, None);
}

/// Opens the row under the cursor over the whole screen; a review leads to what it is about.
pub(super) fn open(model: &mut Model, fx: &mut Vec<Effect>) {
    if model.ipstock.is_open() {
        return vps::open_within(model, fx);
    }
    match model.ipstock.shelf {
        Shelf::Items => {
            if let Some(id) = model.ipstock.items.table.list.cursor().map(ItemId::new) {
                open_item(model, id);
            }
        }
        _ => vps::open(model, fx),
    }
}

fn open_item(model: &mut Model, id: ItemId) {
    model.ipstock.item.open = true;
    model.ipstock.item.show(id, model.now);
    want(model, Duration::ZERO);
    model.touch();
}

/// Opens an item from anywhere.
pub(super) fn goto(model: &mut Model, id: ItemId, fx: &mut Vec<Effect>) {
    super::actions::go(model, Tab::Ipstock, fx);
    turn_to(model, Shelf::Items);
    let height = model.list_height();
    model.ipstock.items.table.list.put_key(id.get(), height);
    open_item(model, id);
}

/// The next or previous row, from within the detail.
pub(super) fn step(model: &mut Model, by: isize, fx: &mut Vec<Effect>) {
    move_list(model, by);
    let stock = &mut model.ipstock;
    (stock.item.open, stock.order.open, stock.machine.open) = (false, false, false);
    open(model, fx);
}

/// Turns to another part of what is open, or of the pane beside the list.
pub(super) fn turn(model: &mut Model, by: isize) {
    let stock = &mut model.ipstock;
    match stock.shelf {
        Shelf::Items => stock.item.turn(&ItemPart::ALL, by),
        Shelf::Orders => stock.order.turn(&OrderPart::ALL, by),
        Shelf::Machines => stock.machine.turn(&MachinePart::ALL, by),
        Shelf::Reviews => {}
    }
    want(model, Duration::ZERO);
    model.touch();
}

/// Shows another of the tab's lists.
pub(super) fn turn_to(model: &mut Model, shelf: Shelf) {
    model.ipstock.close();
    model.ipstock.shelf = shelf;
    want(model, Duration::ZERO);
    follow(model);
    model.touch();
}

/// One step back: out of the detail, then to the items. False when there is nothing to leave.
pub(super) fn back(model: &mut Model) -> bool {
    if model.ipstock.close() {
        follow(model);
    } else if model.ipstock.shelf != Shelf::Items {
        turn_to(model, Shelf::Items);
    } else {
        return false;
    }
    true
}

/// Goes to the tab as Overview's lines do: `orders` shows those that are open, `review` what waits for a person, anything
/// else is a filter of the items.
pub(super) fn visit(model: &mut Model, filter: &str, fx: &mut Vec<Effect>) {
    super::actions::go(model, Tab::Ipstock, fx);
    match filter {
        "review" => turn_to(model, Shelf::Reviews),
        "orders" => {
            turn_to(model, Shelf::Orders);
            keys::set_filter(model, "state:open");
        }
        _ => {
            turn_to(model, Shelf::Items);
            if !filter.is_empty() {
                keys::set_filter(model, filter);
            }
        }
    }
}

/// Opens a review of the item under the cursor.
pub(super) fn decide(model: &mut Model, act: StockAct, fx: &mut Vec<Effect>) {
    let subjects: Vec<Subject> =
        current(model).cloned().map(|row| Subject::Item(Box::new(row), None)).into_iter().collect();
    dialog::open_subjects(model, Kind::Stock(act), subjects, (false, 0), fx);
}

/// Opens a review of the newest run, if it was guarded.
pub(super) fn confirm(model: &mut Model, fx: &mut Vec<Effect>) {
    let last = model.overview.data.as_ref().and_then(|data| data.ipstock.last.clone());
    let Some(run) = last else { return model.say("no sync to confirm") };
    dialog::open_subjects(model, Kind::Stock(StockAct::Confirm), vec![Subject::Run(Box::new(run))], (false, 0), fx);
}
