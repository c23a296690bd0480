//! A console without a terminal, and the store that it talks to.

use crate::fixtures::{NOW, audit_rows, cases, detail, options, overview, reasons, rows};
use crate::{orders, panels, stock, till};
use app::view::boosts::{BoostFilter, BoostQuery, BoostRow, MoveQuote};
use app::view::ipstock::{IpstockBrief, ItemFilter, ItemQuery, ItemRow};
use app::view::panels::{PanelServiceQuery, PanelServiceRow, ProviderRow};
use app::view::payments::{
    InvoiceFilter, InvoiceQuery, InvoiceRow, ManualQuery, ManualRow, PaymentFilter, PaymentQuery, PaymentRow,
    ProductRow,
};
use app::view::vps::{MachineFilter, MachineQuery, MachineRow, MachinesOf, VpsFilter, VpsQuery, VpsRow};
use app::view::*;
use domain::operator::Role;
use domain::{BoostId, Money, Timestamp, WithdrawalId};
use std::time::Duration;
use ui::Options;
use ui::key::{Code, Key};
use ui::message::{Ask, Effect, Event, Message, Read};
use ui::model::Model;
use ui::theme::{self, Theme};

/// A console under test: messages in, effects out, answers as the store would give them.
pub struct Desk {
    pub model: Model,
    pub now: Timestamp,
    pub rows: Vec<WithdrawalRow>,
    pub orders: Vec<BoostRow>,
    pub panels: Vec<ProviderRow>,
    /// How many services each provider has.
    pub services: i64,
    /// Prices of a move, where they differ from the usual ones.
    pub quotes: Option<Vec<MoveQuote>>,
    pub items: Vec<ItemRow>,
    pub vps: Vec<VpsRow>,
    pub machines: Vec<MachineRow>,
    /// How the catalogue stands, where that is not what the items say.
    pub brief: Option<IpstockBrief>,
    pub invoices: Vec<InvoiceRow>,
    pub transfers: Vec<PaymentRow>,
    pub people: Vec<ManualRow>,
    pub products: Vec<ProductRow>,
    /// What every user's wallet holds.
    pub wallet: Money,
    pub fx: Vec<Effect>,
}

impl Desk {
    pub fn new(size: (u16, u16)) -> Self {
        Self::with(size, "dark", &options(Role::Admin))
    }

    pub fn with(size: (u16, u16), theme_name: &str, options: &Options) -> Self {
        let glyphs = if theme_name == "mono" { theme::ASCII } else { theme::UNICODE };
        let theme = Theme::named(theme_name, glyphs).unwrap();
        let model = Model::new(options, theme, size, NOW);
        Self {
            model,
            now: NOW,
            rows: rows(),
            orders: orders::orders(),
            panels: panels::panels(),
            services: 12,
            quotes: None,
            items: stock::items(),
            vps: stock::orders(),
            machines: stock::machines(),
            brief: None,
            invoices: till::invoices(),
            transfers: till::transfers(),
            people: till::people(),
            products: till::products(),
            wallet: Money::usd_minor(40_000_000),
            fx: Vec::new(),
        }
    }

    /// Started, with every answer given.
    pub fn live(size: (u16, u16)) -> Self {
        let mut desk = Self::new(size);
        desk.start();
        desk
    }

    pub fn start(&mut self) -> &mut Self {
        self.send(Event::Reasons(reasons()));
        self.send(Event::Start);
        self.settle()
    }

    /// A message now; its effects are kept.
    pub fn send(&mut self, event: Event) -> &mut Self {
        let fx = ui::update::update(&mut self.model, Message { at: self.now, event });
        self.fx.extend(fx);
        self
    }

    pub fn key(&mut self, key: Key) -> &mut Self {
        let read_at = self.now;
        self.send(Event::Key { key, read_at });
        self.settle()
    }

    /// Each character as a key.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for c in keys.chars() {
            self.key(match c {
                '\n' => Key::plain(Code::Enter),
                '\u{1b}' => Key::plain(Code::Esc),
                '\t' => Key::plain(Code::Tab),
                c => Key::char(c),
            });
        }
        self
    }

    pub fn wait(&mut self, millis: u64) -> &mut Self {
        let end = self.now.plus(Duration::from_millis(millis));
        for _ in 0..200 {
            match ui::update::next_deadline(&self.model).filter(|at| *at <= end) {
                Some(at) => self.now = at.max(self.now),
                None => break,
            }
            self.send(Event::Tick);
            self.settle();
        }
        self.now = end;
        self.send(Event::Tick);
        self.settle()
    }

    /// Answers every question as the store would, until none is open; commands stay.
    pub fn settle(&mut self) -> &mut Self {
        loop {
            let asked: Vec<Effect> = std::mem::take(&mut self.fx);
            let mut kept = Vec::new();
            let mut any = false;
            for effect in asked {
                match self.answer(&effect) {
                    Some(event) => {
                        any = true;
                        let fx = ui::update::update(&mut self.model, Message { at: self.now, event });
                        kept.extend(fx);
                    }
                    None => kept.push(effect),
                }
            }
            self.fx = kept;
            if !any {
                return self;
            }
        }
    }

    fn answer(&self, effect: &Effect) -> Option<Event> {
        Some(match effect {
            Effect::Withdrawals(ticket, query) => Event::Withdrawals(*ticket, Ok(self.window(query))),
            Effect::AllRows(ticket, query) => Event::AllRows(*ticket, Ok(self.window(query))),
            Effect::Tally(ticket, filter) => {
                let found: Vec<_> = self.rows.iter().filter(|row| matches(row, filter)).collect();
                let sum = found.iter().map(|row| row.payout.minor()).sum();
                let count = i64::try_from(found.len()).unwrap().min(COUNT_CAP);
                Event::Tally(*ticket, Ok(Tally { count, sum: Money::ngn_minor(sum) }))
            }
            Effect::Detail(ticket, id) => Event::Detail(*ticket, Ok(self.find(*id).map(|row| Box::new(detail(row))))),
            Effect::Overview(ticket) => Event::Overview(*ticket, Ok(Box::new(self.overview()))),
            Effect::Audit(ticket, ..) => Event::Audit(*ticket, Ok(audit_rows())),
            Effect::Cases(ticket, _) => Event::Cases(*ticket, Ok(cases())),
            Effect::Boosts(ticket, query, held) => {
                let held = held.iter().filter_map(|id| self.order(*id)).cloned().collect();
                Event::Boosts(*ticket, Ok((self.boosts(query), held)))
            }
            Effect::AllBoosts(ticket, query) => Event::AllBoosts(*ticket, Ok(self.boosts(query))),
            Effect::BoostCount(ticket, filter) => {
                let count = self.orders.iter().filter(|row| boost_matches(row, filter)).count();
                Event::BoostCount(*ticket, Ok(i64::try_from(count).unwrap().min(COUNT_CAP)))
            }
            Effect::Boost(ticket, id) => {
                Event::Boost(*ticket, Ok(self.order(*id).map(|row| Box::new(orders::detail(row)))))
            }
            Effect::Providers(ticket) => Event::Providers(*ticket, Ok(self.panels.clone())),
            Effect::Provider(ticket, name) => {
                Event::Provider(*ticket, Ok(self.panel(name).map(|row| Box::new(panels::detail(row)))))
            }
            Effect::Services(ticket, query) => Event::Services(*ticket, Ok(self.services(query))),
            Effect::Ours(ticket) => Event::Ours(*ticket, Ok(panels::ours())),
            Effect::Syncs(ticket, name) => Event::Syncs(*ticket, Ok(panels::syncs(name))),
            Effect::Items(ticket, query) => Event::Items(*ticket, Ok(self.items(query))),
            Effect::ItemCount(ticket, filter) => {
                let count = self.items.iter().filter(|row| item_matches(row, filter)).count();
                Event::ItemCount(*ticket, Ok(i64::try_from(count).unwrap()))
            }
            Effect::Item(ticket, id) => {
                let found = self.items.iter().find(|row| row.id == *id);
                Event::Item(*ticket, Ok(found.map(|row| Box::new(stock::item_detail(row)))))
            }
            Effect::StockSyncs(ticket) => Event::StockSyncs(*ticket, Ok(stock::runs())),
            Effect::VpsOrders(ticket, query, held) => {
                let held = self.vps.iter().filter(|row| held.contains(&row.id)).cloned().collect();
                Event::VpsOrders(*ticket, Ok((self.vps_orders(query), held)))
            }
            Effect::VpsCount(ticket, filter) => {
                let count = self.vps.iter().filter(|row| vps_matches(row, filter)).count();
                Event::VpsCount(*ticket, Ok(i64::try_from(count).unwrap()))
            }
            Effect::VpsOrder(ticket, id) => {
                let found = self.vps.iter().find(|row| row.id == *id);
                Event::VpsOrder(*ticket, Ok(found.map(|row| Box::new(stock::order_detail(row)))))
            }
            Effect::Machines(ticket, query) => Event::Machines(*ticket, Ok(self.machines(query))),
            Effect::MachineCount(ticket, filter) => {
                let count = self.machines.iter().filter(|row| machine_matches(row, filter)).count();
                Event::MachineCount(*ticket, Ok(i64::try_from(count).unwrap()))
            }
            Effect::Machine(ticket, id) => {
                let found = self.machines.iter().find(|row| row.id == *id);
                Event::Machine(*ticket, Ok(found.map(|row| Box::new(stock::machine_detail(row, self.wallet)))))
            }
            Effect::VpsReviews(ticket) => Event::VpsReviews(*ticket, Ok(stock::reviews(&self.vps, &self.machines))),
            Effect::Invoices(ticket, query) => Event::Invoices(*ticket, Ok(self.invoices(query))),
            Effect::InvoiceCount(ticket, filter) => {
                let count = self.invoices.iter().filter(|row| invoice_matches(row, filter)).count();
                Event::InvoiceCount(*ticket, Ok(i64::try_from(count).unwrap()))
            }
            Effect::Invoice(ticket, id) => {
                let found = self.invoices.iter().find(|row| row.id == *id);
                Event::Invoice(*ticket, Ok(found.map(|row| Box::new(till::invoice_detail(row)))))
            }
            Effect::Transfers(ticket, query) => Event::Transfers(*ticket, Ok(self.transfers(query))),
            Effect::TransferCount(ticket, filter) => {
                let count = self.transfers.iter().filter(|row| transfer_matches(row, filter)).count();
                Event::TransferCount(*ticket, Ok(i64::try_from(count).unwrap()))
            }
            Effect::Transfer(ticket, id) => {
                let found = self.transfers.iter().find(|row| row.id == *id);
                Event::Transfer(*ticket, Ok(found.map(|row| Box::new(till::transfer_detail(row)))))
            }
            Effect::People(ticket, query) => Event::People(*ticket, Ok(self.people(query))),
            Effect::Products(ticket) => Event::Products(*ticket, Ok(self.products.clone())),
            Effect::PaymentsHealth(ticket) => Event::PaymentsHealth(*ticket, Ok(Box::new(till::health()))),
            Effect::Review { dialog, ask } => Event::Reviewed(*dialog, Ok(Box::new(self.read(ask)))),
            Effect::LoadState(key) => Event::State(key, None),
            _ => return None,
        })
    }

    /// What a review is told.
    fn read(&self, ask: &Ask) -> Read {
        match ask {
            Ask::Withdrawals(ids) => Read::Withdrawals {
                rows: ids.iter().map(|id| (*id, self.find(*id).map(detail))).collect(),
                rail: Box::new(overview().rail),
            },
            Ask::Case(id) => Read::Case(cases().into_iter().find(|case| case.id == *id).map(Box::new)),
            Ask::Boosts { ids, quotes } => Read::Boosts {
                rows: ids.iter().map(|id| (*id, self.order(*id).map(orders::detail))).collect(),
                quotes: quotes.map(|part| (part, self.quotes.clone().unwrap_or_else(|| orders::quotes(part)))),
            },
            Ask::Provider(name) => Read::Provider {
                name: name.clone(),
                detail: self.panel(name).map(|row| Box::new(panels::detail(row))),
                others: self.panels.iter().map(|row| row.name.clone()).filter(|other| other != name).collect(),
            },
            Ask::Run => Read::Run(self.overview().ipstock.last.map(Box::new)),
            Ask::Item(id) => {
                let found = self.items.iter().find(|row| row.id == *id);
                Read::Item(found.map(|row| Box::new(stock::item_detail(row))))
            }
            Ask::Vps(id) => {
                let found = self.vps.iter().find(|row| row.id == *id);
                Read::Vps(found.map(|row| Box::new(stock::order_detail(row))))
            }
            Ask::Machine(id) => {
                let found = self.machines.iter().find(|row| row.id == *id);
                Read::Machine(found.map(|row| Box::new(stock::machine_detail(row, self.wallet))))
            }
            Ask::Invoice(id) => {
                let found = self.invoices.iter().find(|row| row.id == *id);
                Read::Invoice(found.map(|row| Box::new(till::invoice_detail(row))))
            }
            Ask::Transfer(id) => {
                let found = self.transfers.iter().find(|row| row.id == *id);
                Read::Transfer(found.map(|row| Box::new(till::transfer_detail(row))))
            }
            Ask::Manual(id) => Read::Manual(self.people.iter().find(|row| row.id == *id).cloned().map(Box::new)),
            Ask::Product(key) => Read::Product(self.products.iter().find(|row| row.key == *key).cloned().map(Box::new)),
            Ask::Theirs { provider, service } => Read::Theirs {
                row: panels::services(provider, self.services)
                    .into_iter()
                    .find(|row| row.service == *service)
                    .map(Box::new),
                ours: panels::ours(),
            },
            Ask::Ours { key, provider } => Read::Ours {
                row: panels::ours().into_iter().find(|row| row.key == *key).map(Box::new),
                suggestions: panels::suggestions(provider),
            },
        }
    }

    fn overview(&self) -> Overview {
        let open = self.orders.iter().filter(|row| row.state.is_open()).count();
        let attention = self.orders.iter().filter(|row| row.attention > 0).count();
        let base = overview();
        Overview {
            boosts: BoostsBrief {
                open: i64::try_from(open).unwrap(),
                attention: i64::try_from(attention).unwrap(),
                ..base.boosts
            },
            providers: self.panels.clone(),
            payments: till::brief(&self.invoices, &self.transfers, &self.people),
            ipstock: self.brief.clone().unwrap_or_else(|| stock::brief(&self.items)),
            ..base
        }
    }

    pub fn order(&self, id: BoostId) -> Option<&BoostRow> {
        self.orders.iter().find(|row| row.id == id)
    }

    pub fn panel(&self, name: &str) -> Option<&ProviderRow> {
        self.panels.iter().find(|row| row.name == name)
    }

    pub fn find(&self, id: WithdrawalId) -> Option<&WithdrawalRow> {
        self.rows.iter().find(|row| row.id == id)
    }

    fn window(&self, query: &WithdrawalQuery) -> Window<WithdrawalRow> {
        let rows = self.rows.iter().filter(|row| matches(row, &query.filter)).cloned().collect();
        keyset(rows, |row| row.key(query.sort), query.descending, &query.from, query.limit)
    }

    fn boosts(&self, query: &BoostQuery) -> Window<BoostRow> {
        let rows = self.orders.iter().filter(|row| boost_matches(row, &query.filter)).cloned().collect();
        keyset(rows, |row: &BoostRow| row.key(query.sort), query.descending, &query.from, query.limit)
    }

    fn items(&self, query: &ItemQuery) -> Window<ItemRow> {
        let rows = self.items.iter().filter(|row| item_matches(row, &query.filter)).cloned().collect();
        keyset(rows, |row: &ItemRow| row.key(query.sort), query.descending, &query.from, query.limit)
    }

    fn vps_orders(&self, query: &VpsQuery) -> Window<VpsRow> {
        let rows = self.vps.iter().filter(|row| vps_matches(row, &query.filter)).cloned().collect();
        keyset(rows, |row: &VpsRow| row.key(query.sort), query.descending, &query.from, query.limit)
    }

    fn machines(&self, query: &MachineQuery) -> Window<MachineRow> {
        let rows = self.machines.iter().filter(|row| machine_matches(row, &query.filter)).cloned().collect();
        keyset(rows, MachineRow::key, query.descending, &query.from, query.limit)
    }

    fn invoices(&self, query: &InvoiceQuery) -> Window<InvoiceRow> {
        let rows = self.invoices.iter().filter(|row| invoice_matches(row, &query.filter)).cloned().collect();
        keyset(rows, |row: &InvoiceRow| row.key(query.sort), query.descending, &query.from, query.limit)
    }

    fn transfers(&self, query: &PaymentQuery) -> Window<PaymentRow> {
        let rows = self.transfers.iter().filter(|row| transfer_matches(row, &query.filter)).cloned().collect();
        keyset(rows, PaymentRow::key, query.descending, &query.from, query.limit)
    }

    fn people(&self, query: &ManualQuery) -> Window<ManualRow> {
        let fits = |row: &&ManualRow| query.state.is_none_or(|state| row.state == state);
        keyset(
            self.people.iter().filter(fits).cloned().collect(),
            ManualRow::key,
            query.descending,
            &query.from,
            query.limit,
        )
    }

    fn services(&self, query: &PanelServiceQuery) -> Window<PanelServiceRow> {
        let mut rows = panels::services(&query.provider, self.services);
        rows.retain(|row| query.words.split(' ').all(|word| format!("{} {}", row.service, row.name).contains(word)));
        keyset(rows, |row| RowKey { value: row.id, id: row.id }, false, &query.from, query.limit)
    }
}

/// The window that a keyset query finds.
fn keyset<R: Clone>(
    mut all: Vec<R>,
    key: impl Fn(&R) -> RowKey,
    descending: bool,
    from: &From,
    limit: u32,
) -> Window<R> {
    all.sort_by_key(&key);
    if descending {
        all.reverse();
    }
    let earlier = |a: RowKey, b: RowKey| if descending { a > b } else { a < b };
    let (limit, len) = (limit as usize, all.len());
    let (from, to) = match from {
        From::First => (0, limit.min(len)),
        From::Last => (len.saturating_sub(limit), len),
        From::At(at) => {
            let from = all.iter().position(|row| !earlier(key(row), *at)).unwrap_or(len);
            (from, (from + limit).min(len))
        }
        From::After(at) => {
            let from = all.iter().position(|row| earlier(*at, key(row))).unwrap_or(len);
            (from, (from + limit).min(len))
        }
        From::Before(at) => {
            let to = all.iter().position(|row| !earlier(key(row), *at)).unwrap_or(len);
            (to.saturating_sub(limit), to)
        }
    };
    Window { rows: all[from..to].to_vec(), before: from > 0, after: to < len }
}

fn item_matches(row: &ItemRow, filter: &ItemFilter) -> bool {
    let beside = (filter.hidden && !row.visible) || (filter.new && row.new);
    let any = filter.states.is_empty() && !filter.hidden && !filter.new;
    let has = |word: &String| format!("{} {} {}", row.pid, row.name, row.title).to_lowercase().contains(word.as_str());
    (any || beside || filter.states.contains(&row.state)) && filter.words.iter().all(has)
}

fn vps_matches(row: &VpsRow, filter: &VpsFilter) -> bool {
    (filter.states.is_empty() || filter.states.contains(&row.state))
        && (!filter.open || row.state.is_open())
        && (!filter.attention || row.attention.is_some())
        && filter.user.as_ref().is_none_or(|user| row.username.contains(user.as_str()))
        && filter.item.is_none_or(|item| row.item == item)
        && filter.words.iter().all(|word| format!("{} {} {}", row.id, row.name, row.title).contains(word.as_str()))
}

fn machine_matches(row: &MachineRow, filter: &MachineFilter) -> bool {
    let items = stock::items();
    let package = |item| items.iter().find(|row| row.id == item).map(|row| (row.pid.clone(), row.name.clone()));
    let of = match filter.of {
        MachinesOf::All => true,
        MachinesOf::Customers => row.user.is_some(),
        MachinesOf::Nobody => row.user.is_none(),
    };
    (filter.states.is_empty() || filter.states.contains(&row.state))
        && of
        && filter.user.as_ref().is_none_or(|user| row.username.contains(user.as_str()))
        && filter.item.is_none_or(|item| package(item) == Some((row.pid.clone(), row.name.clone())))
        && filter.words.iter().all(|word| format!("{} {} {}", row.id, row.ip, row.name).contains(word.as_str()))
}

fn invoice_matches(row: &InvoiceRow, filter: &InvoiceFilter) -> bool {
    (filter.states.is_empty() || filter.states.contains(&row.state))
        && (!filter.attention || row.attention.is_some())
        && filter.user.as_ref().is_none_or(|user| row.username.contains(user.as_str()))
        && filter
            .words
            .iter()
            .all(|word| format!("{} {}", row.number, row.title).to_lowercase().contains(word.as_str()))
}

fn transfer_matches(row: &PaymentRow, filter: &PaymentFilter) -> bool {
    (filter.states.is_empty() || filter.states.contains(&row.state))
        && (filter.chains.is_empty() || filter.chains.contains(&row.chain))
        && (!filter.attention || row.attention.is_some())
        && filter.words.iter().all(|word| format!("{} {}", row.id, row.tx).contains(word.as_str()))
}

fn boost_matches(row: &BoostRow, filter: &BoostFilter) -> bool {
    (filter.states.is_empty() || filter.states.contains(&row.state))
        && (!filter.open || row.state.is_open())
        && (filter.parts.is_empty() || row.part.is_some_and(|part| filter.parts.contains(&part)))
        && (!filter.attention || row.attention > 0)
        && filter.user.as_ref().is_none_or(|user| row.username.contains(user.as_str()))
        && filter.provider.as_ref().is_none_or(|name| row.provider == *name)
        && filter.plan.as_ref().is_none_or(|plan| row.plan == *plan)
        && filter.words.iter().all(|word| format!("{} {} {}", row.id, row.username, row.link).contains(word.as_str()))
}

fn matches(row: &WithdrawalRow, filter: &WithdrawalFilter) -> bool {
    (filter.states.is_empty() || filter.states.contains(&row.state))
        && !filter.not_states.contains(&row.state)
        && filter.user.as_ref().is_none_or(|user| row.username.contains(user.as_str()))
        && filter.min_payout.is_none_or(|least| row.payout.minor() >= least.minor())
        && filter.max_payout.is_none_or(|most| row.payout.minor() <= most.minor())
        && filter.before.is_none_or(|before| row.created_at < before)
        && filter.flags.iter().all(|flag| row.flags.contains(flag))
        && filter.not_flags.iter().all(|flag| !row.flags.contains(flag))
        && filter.words.iter().all(|word| format!("{} {}", row.id, row.username).contains(word.as_str()))
}
