//! Selling as operators see it: windows over invoices, transfers and orders that people fulfil, one of each with
//! everything about it, the catalogue, and how chains and prices do. Reads only.

mod detail;

use crate::console::{display_name, start};
use crate::fulfilment::told;
use crate::view::payments::{
    EndpointRow, InvoiceDetail, InvoiceFilter, InvoiceQuery, InvoiceRow, InvoiceSort, ManualQuery, ManualRow,
    PaymentDetail, PaymentFilter, PaymentQuery, PaymentRow, PaymentsHealth, PriceRow, ProductRow, Standing,
};
use crate::view::vps::ReviewRow;
use crate::view::{COUNT_CAP, From, Window};
use crate::{App, StoreError};
use domain::chain::{Address, Asset, Chain, units_text};
use domain::fulfilment::ManualState;
use domain::invoice::{InvoiceState, PaymentState};
use domain::money::Plan;
use domain::product::Details;
use domain::quote::Coin as Priced;
use domain::{InvoiceId, ManualId, Money, PaymentId, Rate, Timestamp, text};
use store::fulfilment::{self, ListedManual};
use store::invoices::listing::{self, Among, Filter, ListedInvoice, ListedPayment};
use store::invoices::payments;
use store::invoices::{self, Invoice};
use store::products::Product;
use store::{Tx, endpoints, rates};

/// Reviews that are shown: more than a person works through in a day.
const REVIEWS: i64 = 200;
/// Whose prices are shown, beside those that invoices are made with.
const PRICED_BY: [&str; 4] = ["quote", "coingecko", "binance", "kraken"];

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

/// The binds of a filter of invoices.
fn invoice_filter(wanted: &InvoiceFilter) -> Filter {
    let only_open = !wanted.states.is_empty() && wanted.states.iter().all(|state| state.is_open());
    let states = match (&wanted.states[..], wanted.attention && wanted.open) {
        // No index has both: what needs a person is read, and the word decides.
        ([], true) => InvoiceState::ALL.into_iter().filter(|state| state.is_open()).collect(),
        (states, _) => states.to_vec(),
    };
    Filter {
        states: list(states.iter().map(|state| state.word())),
        methods: list(wanted.methods.iter().map(String::as_str)),
        user: user(wanted.user.as_deref()),
        words: words(&wanted.words),
        among: match (wanted.attention, wanted.open || only_open) {
            (true, _) => Among::Attention,
            (false, true) => Among::Open,
            (false, false) => Among::All,
        },
    }
}

/// The binds of a filter of transfers.
fn payment_filter(wanted: &PaymentFilter) -> Filter {
    let states = match (&wanted.states[..], wanted.attention && wanted.open) {
        ([], true) => {
            let over = |state: &PaymentState| matches!(state, PaymentState::Credited | PaymentState::Refused);
            PaymentState::ALL.iter().copied().filter(|state| !over(state)).collect()
        }
        (states, _) => states.to_vec(),
    };
    Filter {
        states: list(states.iter().map(|state| state.word())),
        methods: list(wanted.chains.iter().map(String::as_str)),
        user: user(wanted.user.as_deref()),
        words: words(&wanted.words),
        among: match (wanted.attention, wanted.open) {
            (true, _) => Among::Attention,
            (false, true) => Among::Open,
            (false, false) => Among::All,
        },
    }
}

fn in_units(units: u128, asset: Asset) -> String {
    format!("{} {}", units_text(units, asset.decimals()), asset.symbol())
}

fn in_words(details: &Details) -> Vec<(String, String)> {
    told(details).into_iter().map(|(label, value)| (label, text::clean_line(&value, 200))).collect()
}

fn asked(invoice: &Invoice) -> String {
    match (invoice.method.asset(), &invoice.coin, &invoice.bank) {
        (Some(asset), Some(coin), _) => in_units(coin.expected, asset),
        (_, _, Some(bank)) => bank.naira.to_string(),
        _ => String::new(),
    }
}

/// What came, as the row keeps it: units of the asset, or kobo.
fn received(invoice: &Invoice) -> String {
    let Some(kept) = &invoice.received else { return String::new() };
    match (invoice.method.asset(), kept.parse::<u128>()) {
        (Some(asset), Ok(units)) => in_units(units, asset),
        (None, Ok(kobo)) => {
            i64::try_from(kobo).map_or_else(|_| kept.clone(), |kobo| Money::ngn_minor(kobo).to_string())
        }
        _ => text::clean_line(kept, 60),
    }
}

fn rate_text(rate: Rate) -> String {
    let (num, den) = rate.parts();
    let whole = i128::from(num) * 1_000_000 / i128::from(den);
    let digits = format!("{}.{:06}", whole / 1_000_000, whole % 1_000_000);
    digits.trim_end_matches('0').trim_end_matches('.').to_owned()
}

fn invoice_row(listed: &ListedInvoice) -> InvoiceRow {
    let invoice = &listed.invoice;
    InvoiceRow {
        id: invoice.id,
        version: invoice.version,
        number: invoice.number.clone(),
        state: invoice.state,
        attention: invoice.attention.clone(),
        attention_at: invoice.attention_at,
        created_at: invoice.created_at,
        updated_at: invoice.updated_at,
        expires_at: invoice.expires_at,
        paid_at: invoice.paid_at,
        user: invoice.user,
        username: display_name(&listed.username, &listed.first_name),
        kind: invoice.kind.word().to_owned(),
        product: invoice.product.clone(),
        title: text::clean_line(&invoice.title, 80),
        quantity: invoice.quantity,
        price: invoice.price,
        method: invoice.method.to_string(),
        asked: asked(invoice),
        received: received(invoice),
        received_usd: invoice.received_usd,
        paid_usd: invoice.paid_usd,
        refunded: invoice.refunded,
        reason: text::clean_line(invoice.reason.as_deref().unwrap_or(""), 300),
    }
}

fn payment_row(listed: &ListedPayment) -> PaymentRow {
    let payment = &listed.payment;
    let amount = match (payment.asset, payment.units, payment.naira) {
        (Some(asset), Some(units), _) => in_units(units, asset),
        (_, _, Some(naira)) => naira.to_string(),
        _ => String::new(),
    };
    PaymentRow {
        id: payment.id,
        version: payment.version,
        state: payment.state,
        attention: payment.attention.clone(),
        attention_at: payment.attention_at,
        chain: payment.chain.clone(),
        tx: text::clean_line(&payment.tx, 120),
        asset: payment.asset.map(|asset| asset.word().to_owned()),
        amount,
        usd: payment.usd,
        user: payment.user,
        username: display_name(&listed.username, &listed.first_name),
        invoice: payment.invoice,
        number: listed.number.clone(),
        claims: listed.claims,
        class: payment.class.clone(),
        reason: text::clean_line(payment.reason.as_deref().unwrap_or(""), 300),
        created_at: payment.created_at,
        updated_at: payment.updated_at,
    }
}

fn manual_row(listed: &ListedManual, now: Timestamp) -> ManualRow {
    let order = &listed.manual;
    ManualRow {
        id: order.id,
        version: order.version,
        invoice: order.invoice,
        state: order.state,
        overdue: order.state == ManualState::Open && order.due_at <= now,
        due_at: order.due_at,
        user: order.user,
        username: display_name(&listed.username, &listed.first_name),
        product: order.product.clone(),
        title: text::clean_line(&order.title, 80),
        quantity: order.quantity,
        details: in_words(&order.details),
        price: order.price,
        refunded: order.refunded,
        note: text::clean_line(order.note.as_deref().unwrap_or(""), 300),
        closed_by: order.closed_by.clone(),
        closed_at: order.closed_at,
        created_at: order.created_at,
        updated_at: order.updated_at,
    }
}

fn product_row(product: Product) -> ProductRow {
    let item = product.item;
    ProductRow {
        key: item.key,
        version: product.version,
        position: product.position,
        title: item.title,
        words: item.words,
        kind: item.kind.word().to_owned(),
        plan: item.plan.as_ref().map(|plan| Plan::as_str(plan).to_owned()),
        price: item.price,
        presets: item.presets,
        min: item.min,
        step: item.step,
        max: item.max,
        asks: item.asks.word().to_owned(),
        due_hours: item.due_hours,
        enabled: item.enabled,
        updated_by: product.updated_by,
        updated_at: product.updated_at,
    }
}

/// `$read` reads the rows beyond a key in a direction, `$key` says where a row stands.
macro_rules! window {
    ($app:expr, $query:expr, $read:expr, $key:expr) => {{
        let limit = i64::from($query.limit.clamp(1, 500));
        let (from, descending) = (&$query.from, $query.descending);
        $app.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let (reversed, key) = start(from, descending);
                let direction = descending != reversed;
                let mut rows = $read(tx, direction, key, limit + 1).await?;
                let more = i64::try_from(rows.len()).unwrap_or(0) > limit;
                rows.truncate(usize::try_from(limit).unwrap_or(500));
                let behind = match (from, rows.first()) {
                    (From::First | From::Last, _) | (_, None) => false,
                    (_, Some(first)) => !$read(tx, !direction, $key(first), 1).await?.is_empty(),
                };
                Ok::<_, StoreError>(ends(rows, reversed, more, behind))
            })
            .await?
    }};
}

/// The rows in their order, and whether there are more at either end.
fn ends<R>(mut rows: Vec<R>, reversed: bool, more: bool, behind: bool) -> (Vec<R>, bool, bool) {
    if reversed {
        rows.reverse();
        return (rows, more, behind);
    }
    (rows, behind, more)
}

impl App {
    /// A window over the invoices. The cost does not depend on how many there are.
    pub async fn invoices(&self, query: &InvoiceQuery) -> Result<Window<InvoiceRow>, StoreError> {
        let (binds, by_age) = (&invoice_filter(&query.filter), query.sort == InvoiceSort::Age);
        let key_of = |listed: &ListedInvoice| {
            let invoice = &listed.invoice;
            (if by_age { invoice.created_at } else { invoice.updated_at }.micros(), invoice.id.get())
        };
        let read = async |tx: &mut Tx, direction: bool, key: (i64, i64), limit: i64| {
            listing::invoices(tx, binds, by_age, direction, key, limit).await
        };
        let (rows, before, after) = window!(self, query, read, key_of);
        Ok(Window { rows: rows.iter().map(invoice_row).collect(), before, after })
    }

    /// How many invoices a filter finds, stopping at [`COUNT_CAP`].
    pub async fn count_invoices(&self, wanted: &InvoiceFilter) -> Result<i64, StoreError> {
        let binds = &invoice_filter(wanted);
        self.store().read(|mut tx| async move { listing::count_invoices(&mut tx, binds, COUNT_CAP).await }).await
    }

    /// These invoices, as the table shows them.
    pub async fn invoices_by_ids(&self, ids: &[InvoiceId]) -> Result<Vec<InvoiceRow>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let mut rows = Vec::with_capacity(ids.len());
                for id in ids {
                    rows.extend(listing::find_invoice(&mut tx, *id).await?.as_ref().map(invoice_row));
                }
                Ok(rows)
            })
            .await
    }

    /// Everything about one invoice.
    pub async fn invoice_detail(&self, id: InvoiceId, now: Timestamp) -> Result<Option<InvoiceDetail>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                match listing::find_invoice(tx, id).await? {
                    Some(listed) => detail::invoice_detail(tx, &listed, now).await.map(Some),
                    None => Ok(None),
                }
            })
            .await
    }

    /// The invoice that an operator names: by its id, its number, or the bank's reference.
    pub async fn invoice_named(&self, name: &str) -> Result<Option<InvoiceId>, StoreError> {
        let name = name.trim();
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let found = match name.parse() {
                    Ok(id) => invoices::find(tx, InvoiceId::new(id)).await?,
                    Err(_) => match invoices::find_by_number(tx, name).await? {
                        Some(invoice) => Some(invoice),
                        None => invoices::find_by_reference(tx, name).await?,
                    },
                };
                Ok(found.map(|invoice| invoice.id))
            })
            .await
    }

    /// A window over the transfers, by age. The cost does not depend on how many there are.
    pub async fn payments(&self, query: &PaymentQuery) -> Result<Window<PaymentRow>, StoreError> {
        let binds = &payment_filter(&query.filter);
        let key_of = |listed: &ListedPayment| (listed.payment.created_at.micros(), listed.payment.id.get());
        let read = async |tx: &mut Tx, direction: bool, key: (i64, i64), limit: i64| {
            listing::payments(tx, binds, direction, key, limit).await
        };
        let (rows, before, after) = window!(self, query, read, key_of);
        Ok(Window { rows: rows.iter().map(payment_row).collect(), before, after })
    }

    /// How many transfers a filter finds, stopping at [`COUNT_CAP`].
    pub async fn count_payments(&self, wanted: &PaymentFilter) -> Result<i64, StoreError> {
        let binds = &payment_filter(wanted);
        self.store().read(|mut tx| async move { listing::count_payments(&mut tx, binds, COUNT_CAP).await }).await
    }

    /// Everything about one transfer.
    pub async fn payment_detail(&self, id: PaymentId) -> Result<Option<PaymentDetail>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                match listing::find_payment(tx, id).await? {
                    Some(listed) => detail::payment_detail(tx, &listed).await.map(Some),
                    None => Ok(None),
                }
            })
            .await
    }

    /// A window over the orders that people fulfil, by when they are due.
    pub async fn manual_orders(&self, query: &ManualQuery, now: Timestamp) -> Result<Window<ManualRow>, StoreError> {
        let state = query.state;
        let key_of = |listed: &ListedManual| (listed.manual.due_at.micros(), listed.manual.id.get());
        let read = async |tx: &mut Tx, direction: bool, key: (i64, i64), limit: i64| {
            fulfilment::window(tx, state, direction, key, limit).await
        };
        let (rows, before, after) = window!(self, query, read, key_of);
        Ok(Window { rows: rows.iter().map(|row| manual_row(row, now)).collect(), before, after })
    }

    /// One order that people fulfil.
    pub async fn manual_order(&self, id: ManualId, now: Timestamp) -> Result<Option<ManualRow>, StoreError> {
        let found = self.store().read(|mut tx| async move { fulfilment::find_listed(&mut tx, id).await }).await?;
        Ok(found.map(|listed| manual_row(&listed, now)))
    }

    /// The catalogue as operators see it: everything, in its order.
    pub async fn product_rows(&self) -> Result<Vec<ProductRow>, StoreError> {
        Ok(self.products(true).await?.into_iter().map(product_row).collect())
    }

    /// What of invoices and transfers waits for a person, oldest first.
    pub async fn payment_reviews(&self) -> Result<Vec<ReviewRow>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let mut rows = Vec::new();
                for found in listing::reviews(tx, REVIEWS).await? {
                    let what = about(tx, &found.object).await?;
                    let (object, attention, since) = (found.object, found.attention, found.since);
                    rows.push(ReviewRow { leads_to: object.clone(), object, attention, since, what });
                }
                Ok(rows)
            })
            .await
    }

    /// How paying does: endpoints, prices, addresses, and what stands open.
    pub async fn payments_health(&self, now: Timestamp) -> Result<PaymentsHealth, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let mut health =
                    PaymentsHealth { manual: fulfilment::open_count(tx, now).await?, ..Default::default() };
                let address = |(chain, address): (&Chain, &Address)| (chain.word().to_owned(), address.shown());
                health.addresses = self.settings().chains.deposits.iter().map(address).collect();
                health.endpoints = endpoints::list(tx).await?.into_iter().map(endpoint_row).collect();
                for coin in Priced::ALL {
                    let pair = format!("{}/USD", coin.word());
                    for source in PRICED_BY {
                        let Some(row) = rates::newest(tx, &pair, source).await? else { continue };
                        let (coin, usd) = (coin.word().to_owned(), rate_text(row.rate));
                        health.prices.push(PriceRow { coin, source: row.source, usd, at: row.at });
                    }
                }
                let standing = |state: &str, count, since| Standing { state: state.to_owned(), count, since };
                let open = listing::standing(tx).await?;
                health.invoices = open.into_iter().map(|(s, n, at)| standing(s.word(), n, at)).collect();
                let open = payments::standing(tx).await?;
                health.payments = open.into_iter().map(|(s, n, at)| standing(s.word(), n, at)).collect();
                Ok(health)
            })
            .await
    }
}

fn endpoint_row(endpoint: endpoints::Endpoint) -> EndpointRow {
    EndpointRow {
        chain: endpoint.chain,
        label: text::clean_line(&endpoint.label, 60),
        state: endpoint.state,
        calls: endpoint.calls,
        failures: endpoint.failures,
        latency_ms: endpoint.latency_ms,
        last_ok_at: endpoint.last_ok_at,
        last_error: text::clean_line(endpoint.last_error.as_deref().unwrap_or(""), 200),
        updated_at: endpoint.updated_at,
    }
}

/// What a review is about.
async fn about(tx: &mut Tx, object: &str) -> Result<String, StoreError> {
    let id = |prefix: &str| object.strip_prefix(prefix).and_then(|id| id.parse::<i64>().ok());
    if let Some(id) = id("invoice:") {
        let found = invoices::find(tx, InvoiceId::new(id)).await?;
        return Ok(found.map_or_else(String::new, |invoice| {
            text::clean_line(&format!("{}, {}, {}", invoice.number, invoice.title, invoice.price), 120)
        }));
    }
    let Some(id) = id("payment:") else { return Ok(String::new()) };
    let found = payments::find(tx, PaymentId::new(id)).await?;
    Ok(found.map_or_else(String::new, |payment| text::clean_line(&format!("{}, {}", payment.chain, payment.tx), 120)))
}
