//! VPS orders, machines and reviews as operators see them: windows by keyset, one of each with everything about it.

use super::assign::{misfit, not_stock};
use super::renew::option_of;
use crate::console::{display_name, start};
use crate::detail::{self, event_words};
use crate::view::vps::{
    ActionView, BuyView, MachineDetail, MachineFilter, MachineQuery, MachineRow, MachinesOf, RenewalView, VpsDetail,
    VpsFilter, VpsQuery, VpsReviewRow, VpsRow, VpsSort,
};
use crate::view::{COUNT_CAP, From, TrailLine, Window};
use crate::{App, StoreError};
use domain::ledger::{Account, Purse};
use domain::vps::VpsState;
use domain::{ItemId, MachineId, VpsId, text};
use store::vps::actions::{self, Action};
use store::vps::buys::{self, Buy};
use store::vps::listing::{self, Among, Filter, ListedMachine, ListedOrder, Review as Found, Whose};
use store::vps::machines::{self, Machine};
use store::vps::renewals::{self, Renewal};
use store::{Tx, audit, events, holds, ledger};

/// Actions and renewals of a machine that are shown.
const PAST: i64 = 50;
/// Waiting orders that are compared with a machine in stock, and those of them that are shown.
const WAITING: i64 = 500;
const FITS: usize = 8;
/// Reviews that are shown: more than a person works through in a day.
const REVIEWS: i64 = 200;

fn list<'a>(words: impl IntoIterator<Item = &'a str>) -> String {
    let words: Vec<&str> = words.into_iter().collect();
    if words.is_empty() { String::new() } else { format!(",{},", words.join(",")) }
}

fn words(typed: &[String]) -> [String; 3] {
    std::array::from_fn(|n| typed.get(n).map(|word| word.to_lowercase()).unwrap_or_default())
}

fn user(typed: Option<&str>) -> String {
    typed.unwrap_or("").trim_start_matches('@').to_lowercase()
}

/// The binds of a filter of orders.
fn order_filter(wanted: &VpsFilter) -> Filter {
    let only_open = !wanted.states.is_empty() && wanted.states.iter().all(|state| state.is_open());
    let states = match (&wanted.states[..], wanted.attention && wanted.open) {
        // No index has both: what needs a person is read, and the word decides.
        ([], true) => VpsState::ALL.into_iter().filter(|state| state.is_open()).collect(),
        (states, _) => states.to_vec(),
    };
    Filter {
        states: list(states.iter().map(|state| state.word())),
        user: user(wanted.user.as_deref()),
        words: words(&wanted.words),
        item: wanted.item.map_or(0, ItemId::get),
        among: match (wanted.attention, wanted.open || only_open) {
            (true, _) => Among::Attention,
            (false, true) => Among::Open,
            (false, false) => Among::All,
        },
    }
}

fn machine_filter(wanted: &MachineFilter) -> (Filter, Whose) {
    let whose = match wanted.of {
        MachinesOf::All => Whose::All,
        MachinesOf::Customers => Whose::Customers,
        MachinesOf::Nobody => Whose::Nobodys,
    };
    let filter = Filter {
        states: list(wanted.states.iter().map(String::as_str)),
        user: user(wanted.user.as_deref()),
        words: words(&wanted.words),
        item: wanted.item.map_or(0, ItemId::get),
        among: Among::All,
    };
    (filter, whose)
}

fn order_row(listed: &ListedOrder) -> VpsRow {
    let order = &listed.order;
    VpsRow {
        id: order.id,
        version: order.version,
        state: order.state,
        attention: order.attention.clone(),
        attention_at: order.attention_at,
        created_at: order.created_at,
        updated_at: order.updated_at,
        user: order.user,
        username: display_name(&listed.username, &listed.first_name),
        item: order.item,
        pid: text::clean_line(&order.package.pid, 40),
        name: text::clean_line(&order.package.name, 60),
        title: text::clean_line(&order.title, 80),
        memory: text::clean_line(&order.memory, 20),
        gb: order.gb,
        os: order.os.clone(),
        months: order.months,
        price: order.price,
        ip: order.ip.clone(),
        machine: order.machine,
        class: order.class.clone(),
        reason: text::clean_line(order.reason.as_deref().unwrap_or(""), 300),
    }
}

fn machine_row(listed: &ListedMachine) -> MachineRow {
    let machine = &listed.machine;
    MachineRow {
        id: machine.id,
        version: machine.version,
        ip: text::clean_line(&machine.ip, 40),
        order: machine.order,
        user: machine.user,
        username: display_name(&listed.username, &listed.first_name),
        pid: text::clean_line(&machine.package.pid, 40),
        name: text::clean_line(&machine.package.name, 60),
        title: text::clean_line(&machine.title, 80),
        memory: text::clean_line(&machine.memory, 20),
        os: text::clean_line(&machine.os, 40),
        state: machine.state.word().to_owned(),
        doing: listed.doing.clone(),
        renewing: listed.renewing.clone(),
        attention: machine.attention.clone(),
        attention_at: machine.attention_at,
        has_credentials: machine.password.is_some(),
        expires_at: machine.expires_at,
        synced_at: machine.synced_at,
        created_at: machine.created_at,
    }
}

impl App {
    /// A window over the VPS orders. The cost does not depend on how many there are.
    pub async fn vps_orders(&self, query: &VpsQuery) -> Result<Window<VpsRow>, StoreError> {
        let binds = &order_filter(&query.filter);
        let limit = i64::from(query.limit.clamp(1, 500));
        let by_age = query.sort == VpsSort::Age;
        let (from, descending) = (&query.from, query.descending);
        let key_of = |listed: &ListedOrder| {
            let order = &listed.order;
            (if by_age { order.created_at } else { order.updated_at }.micros(), order.id.get())
        };
        let (rows, before, after) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let (reversed, key) = start(from, descending);
                let direction = descending != reversed;
                let mut rows = listing::orders(tx, binds, by_age, direction, key, limit + 1).await?;
                let more = i64::try_from(rows.len()).unwrap_or(0) > limit;
                rows.truncate(usize::try_from(limit).unwrap_or(500));
                let behind = match (from, rows.first()) {
                    (From::First | From::Last, _) | (_, None) => false,
                    (_, Some(first)) => {
                        !listing::orders(tx, binds, by_age, !direction, key_of(first), 1).await?.is_empty()
                    }
                };
                Ok::<_, StoreError>(ends(rows, reversed, more, behind))
            })
            .await?;
        Ok(Window { rows: rows.iter().map(order_row).collect(), before, after })
    }

    /// How many VPS orders a filter finds, stopping at [`COUNT_CAP`].
    pub async fn count_vps_orders(&self, wanted: &VpsFilter) -> Result<i64, StoreError> {
        let binds = &order_filter(wanted);
        self.store().read(|mut tx| async move { listing::count_orders(&mut tx, binds, COUNT_CAP).await }).await
    }

    /// These VPS orders, as the table shows them.
    pub async fn vps_orders_by_ids(&self, ids: &[VpsId]) -> Result<Vec<VpsRow>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let mut rows = Vec::with_capacity(ids.len());
                for id in ids {
                    rows.extend(listing::find_order(&mut tx, *id).await?.as_ref().map(order_row));
                }
                Ok(rows)
            })
            .await
    }

    /// Everything about one VPS order.
    pub async fn vps_detail(&self, id: VpsId) -> Result<Option<VpsDetail>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                match listing::find_order(tx, id).await? {
                    Some(listed) => order_detail(tx, &listed).await.map(Some),
                    None => Ok(None),
                }
            })
            .await
    }

    /// A window over the machines, by number. The cost does not depend on how many there are.
    pub async fn machines(&self, query: &MachineQuery) -> Result<Window<MachineRow>, StoreError> {
        let (binds, whose) = machine_filter(&query.filter);
        let binds = &binds;
        let limit = i64::from(query.limit.clamp(1, 500));
        let (from, descending) = (&query.from, query.descending);
        let (rows, before, after) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let (reversed, (_, key)) = start(from, descending);
                let direction = descending != reversed;
                let mut rows = listing::machines(tx, binds, whose, direction, key, limit + 1).await?;
                let more = i64::try_from(rows.len()).unwrap_or(0) > limit;
                rows.truncate(usize::try_from(limit).unwrap_or(500));
                let behind = match (from, rows.first()) {
                    (From::First | From::Last, _) | (_, None) => false,
                    (_, Some(first)) => {
                        let key = first.machine.id.get();
                        !listing::machines(tx, binds, whose, !direction, key, 1).await?.is_empty()
                    }
                };
                Ok::<_, StoreError>(ends(rows, reversed, more, behind))
            })
            .await?;
        Ok(Window { rows: rows.iter().map(machine_row).collect(), before, after })
    }

    /// How many machines a filter finds, stopping at [`COUNT_CAP`].
    pub async fn count_machines(&self, wanted: &MachineFilter) -> Result<i64, StoreError> {
        let (binds, whose) = machine_filter(wanted);
        let binds = &binds;
        self.store().read(|mut tx| async move { listing::count_machines(&mut tx, binds, whose, COUNT_CAP).await }).await
    }

    /// Everything about one machine, except its password.
    pub async fn machine_detail(&self, id: MachineId) -> Result<Option<MachineDetail>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                match listing::find_machine(tx, id).await? {
                    Some(listed) => machine_detail(tx, &listed).await.map(Some),
                    None => Ok(None),
                }
            })
            .await
    }

    /// What of orders, machines and renewals waits for a person, oldest first.
    pub async fn vps_reviews(&self) -> Result<Vec<VpsReviewRow>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let mut rows = Vec::new();
                for found in listing::reviews(tx, REVIEWS).await? {
                    rows.push(review_row(tx, found).await?);
                }
                Ok(rows)
            })
            .await
    }
}

/// The rows in their order, and whether there are more at either end.
fn ends<R>(mut rows: Vec<R>, reversed: bool, more: bool, behind: bool) -> (Vec<R>, bool, bool) {
    if reversed {
        rows.reverse();
        return (rows, more, behind);
    }
    (rows, behind, more)
}

/// A review with what it is about, and where it leads.
async fn review_row(tx: &mut Tx, found: Found) -> Result<VpsReviewRow, StoreError> {
    let mut row = VpsReviewRow {
        leads_to: found.object.clone(),
        object: found.object,
        attention: found.attention,
        since: found.since,
        what: String::new(),
        order: None,
        machine: None,
    };
    let number = row.object.split_once(':').and_then(|(kind, id)| Some((kind.to_owned(), id.parse::<i64>().ok()?)));
    let machine = match number {
        None => return Ok(row),
        Some((kind, id)) if kind == "vps" => {
            row.order = listing::find_order(tx, VpsId::new(id)).await?.map(|listed| Box::new(order_row(&listed)));
            None
        }
        Some((kind, id)) if kind == "machine" => Some(MachineId::new(id)),
        Some((_, id)) => renewals::find(tx, id).await?.map(|renewal| renewal.machine),
    };
    if let Some(id) = machine {
        row.leads_to = machines::object(id);
        row.machine = listing::find_machine(tx, id).await?.map(|listed| Box::new(machine_row(&listed)));
    }
    row.what = match (&row.order, &row.machine) {
        (Some(order), _) => text::clean_line(&format!("{}, {}", order.title, order.memory), 120),
        (None, Some(machine)) => text::clean_line(&format!("{}, {}", machine.ip, machine.title), 120),
        (None, None) => String::new(),
    };
    Ok(row)
}

async fn order_detail(tx: &mut Tx, listed: &ListedOrder) -> Result<VpsDetail, StoreError> {
    let order = &listed.order;
    let object = order.object();
    let machine = match order.machine {
        Some(id) => listing::find_machine(tx, id).await?,
        None => None,
    };
    Ok(VpsDetail {
        row: order_row(listed),
        purse: order.purse.clone(),
        hold: holds::last_state(tx, &object).await?.unwrap_or_default(),
        refunded: order.refunded,
        cost: order.cost.clone().map(|cost| (cost, order.cost_currency.clone().unwrap_or_default())),
        cost_usd: order.cost_usd,
        tries: order.tries,
        stock_until: order.stock_until,
        credentials_until: order.credentials_until,
        polls: order.polls,
        bought_at: order.bought_at,
        active_at: order.active_at,
        buys: buys::of_order(tx, order.id).await?.into_iter().map(buy_view).collect(),
        machine: machine.as_ref().map(machine_row),
        ledger: detail::lines_of(tx, &object).await?,
        trail: trail(tx, &object).await?,
        correlation: order.correlation.clone(),
    })
}

fn buy_view(buy: Buy) -> BuyView {
    BuyView {
        n: buy.n,
        name: text::clean_line(&buy.package.name, 60),
        gb: buy.gb,
        state: buy.state.word().to_owned(),
        stock_before: buy.stock_before.zip(buy.stock_before_at),
        stock_after: buy.stock_after.zip(buy.stock_after_at),
        status: buy.status,
        class: buy.class,
        text: text::clean_line(buy.text.as_deref().unwrap_or(""), 300),
        latency_ms: buy.latency_ms,
        ip: buy.ip.map(|ip| text::clean_line(&ip, 40)),
        evidence: clean_all(&buy.evidence),
        sending_at: buy.sending_at,
        ended_at: buy.ended_at,
        correlation: buy.correlation,
    }
}

async fn machine_detail(tx: &mut Tx, listed: &ListedMachine) -> Result<MachineDetail, StoreError> {
    let machine = &listed.machine;
    let short = |word: &Option<String>| text::clean_line(word.as_deref().unwrap_or(""), 60);
    let wallet = match machine.user {
        Some(user) => Some(ledger::balance(tx, &Account::purse(user, Purse::Wallet)).await?),
        None => None,
    };
    Ok(MachineDetail {
        row: machine_row(listed),
        login: short(&machine.username),
        power: short(&machine.power),
        machine_status: short(&machine.machine_status),
        action_status: short(&machine.action_status),
        expiry_text: short(&machine.expiry_text),
        sync_failures: machine.sync_failures,
        shown: machine.shown_at.map(|at| (at, machine.shown)),
        renewal_price: option_of(tx, machine).await?.map(|option| option.price),
        fits: fitting(tx, machine).await?,
        wallet,
        actions: actions::of_machine(tx, machine.id, PAST).await?.into_iter().map(action_view).collect(),
        renewals: renewals::of_machine(tx, machine.id, PAST).await?.into_iter().map(renewal_view).collect(),
        trail: trail(tx, &machine.object()).await?,
    })
}

/// The orders that a machine in stock could be given to.
async fn fitting(tx: &mut Tx, machine: &Machine) -> Result<Vec<VpsRow>, StoreError> {
    if not_stock(machine).is_some() {
        return Ok(Vec::new());
    }
    let states = list([VpsState::Pending, VpsState::OutOfStock].map(VpsState::word));
    let waiting = Filter { states, among: Among::Open, ..Filter::default() };
    let rows = listing::orders(tx, &waiting, true, false, (i64::MIN, i64::MIN), WAITING).await?;
    Ok(rows.iter().filter(|listed| misfit(machine, &listed.order).is_none()).take(FITS).map(order_row).collect())
}

fn action_view(action: Action) -> ActionView {
    ActionView {
        kind: action.kind.word().to_owned(),
        os: action.os,
        state: action.state.word().to_owned(),
        actor: text::clean_line(&action.actor, 60),
        text: text::clean_line(action.text.as_deref().unwrap_or(""), 300),
        polls: action.polls,
        created_at: action.created_at,
        ended_at: action.ended_at,
    }
}

fn renewal_view(renewal: Renewal) -> RenewalView {
    RenewalView {
        id: renewal.id,
        version: renewal.version,
        state: renewal.state.word().to_owned(),
        months: renewal.months,
        price: renewal.price,
        expires_before: renewal.expires_before,
        expires_after: renewal.expires_after,
        text: text::clean_line(renewal.text.as_deref().unwrap_or(""), 300),
        evidence: clean_all(&renewal.evidence),
        attention: renewal.attention,
        created_at: renewal.created_at,
        ended_at: renewal.ended_at,
    }
}

fn clean_all(lines: &[String]) -> Vec<String> {
    lines.iter().map(|line| text::clean_line(line, 200)).collect()
}

/// Events tell what happened, the audit who decided; together they are the trail.
async fn trail(tx: &mut Tx, object: &str) -> Result<Vec<TrailLine>, StoreError> {
    let happened = events::of_object(tx, object, 200).await?;
    let mut lines: Vec<TrailLine> = happened
        .iter()
        .map(|event| TrailLine { at: event.at, actor: "system".to_owned(), what: event_words(event) })
        .collect();
    lines.extend(audit::of_object(tx, object).await?.into_iter().map(|row| {
        let verb = row.action.split_once('.').map_or(row.action.as_str(), |(_, verb)| verb).to_owned();
        let refused = if row.result == "refused" { " refused" } else { "" };
        let what = text::clean_line(&format!("{verb}{refused}: {}", row.detail), 160);
        TrailLine { at: row.at, actor: row.actor, what }
    }));
    lines.sort_by_key(|line| line.at);
    Ok(lines)
}
