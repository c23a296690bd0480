//! IPStock as operators see it: windows over the items, one item with everything about it, the runs of the sync, and
//! how it all stands.

use super::sync_row;
use crate::view::ipstock::{
    Compared, IpSyncRow, IpstockBrief, ItemDetail, ItemFilter, ItemQuery, ItemRow, ItemSort, ItemState, MemoryView,
    RateView, WaitingOrder,
};
use crate::view::{COUNT_CAP, From, RowKey, TrailLine, Window};
use crate::{App, StoreError};
use domain::decimal::Decimal;
use domain::money::Rounding;
use domain::vps::{Pool, VpsState};
use domain::{Currency, ItemId, Money, Rate, Timestamp, text};
use store::ipstock::listing::{self, Filter, Key, Listed, Sort};
use store::ipstock::{self as rows, Item, MemoryOption, syncs};
use store::vps::listing as orders;
use store::{Tx, audit, vps};

/// Steps of a sparkline.
const STEPS: i64 = 60;
/// Half an hour each: a day and a bit.
const STEP_SECS: i64 = 1_800;
/// Quantities that are looked at.
const QUANTITIES_MAX: i64 = 500;
/// Waiting orders that are shown.
const WAITING_MAX: i64 = 50;

impl App {
    /// The binds of a filter.
    fn item_filter(&self, wanted: &ItemFilter) -> Filter {
        let mut words: Vec<&str> = wanted.states.iter().map(|state| state.word()).collect();
        words.extend(wanted.hidden.then_some("hidden"));
        words.extend(wanted.new.then_some("new"));
        Filter {
            states: if words.is_empty() { String::new() } else { format!(",{},", words.join(",")) },
            low: self.settings().ipstock.low,
            words: std::array::from_fn(|n| wanted.words.get(n).map(|word| word.to_lowercase()).unwrap_or_default()),
        }
    }

    fn item_row(&self, listed: &Listed) -> ItemRow {
        let item = &listed.item;
        ItemRow {
            id: item.id,
            version: item.version,
            pid: text::clean_line(&item.key.pid, 60),
            name: text::clean_line(&item.key.name, 60),
            title: text::clean_line(&item.title, 80),
            state: self.item_state(item),
            status: text::clean_line(&item.status, 40),
            available: item.available,
            quantity: item.quantity,
            visible: item.visible,
            new: item.approved_at.is_none(),
            min_gb: listed.min_gb,
            from_price: listed.from_price,
            seen_at: item.seen_at,
            missing_since: item.missing_since,
            waiting: listed.waiting,
            waiting_since: listed.waiting_since,
            unchecked: Pool::of(&item.key.name).is_none(),
            created_at: item.created_at,
        }
    }

    fn item_state(&self, item: &Item) -> ItemState {
        match item {
            Item { missing_since: Some(_), .. } => ItemState::Gone,
            Item { available: false, .. } => ItemState::Out,
            item if item.quantity <= self.settings().ipstock.low => ItemState::Low,
            _ => ItemState::In,
        }
    }

    /// A window over the items. The cost does not depend on how many there are.
    pub async fn ipstock_items(&self, query: &ItemQuery) -> Result<Window<ItemRow>, StoreError> {
        let binds = &self.item_filter(&query.filter);
        let limit = i64::from(query.limit.clamp(1, 500));
        let sort = match query.sort {
            ItemSort::Title => Sort::Title,
            ItemSort::Stock => Sort::Quantity,
            ItemSort::Age => Sort::Age,
        };
        let (from, descending) = (&query.from, query.descending);
        let (found, before, after) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let (reversed, key) = start(tx, from, sort, descending).await?;
                let direction = descending != reversed;
                let mut found = listing::beyond(tx, binds, sort, direction, &key, limit + 1).await?;
                let more = i64::try_from(found.len()).unwrap_or(0) > limit;
                found.truncate(usize::try_from(limit).unwrap_or(500));
                let behind = match (from, found.first()) {
                    (From::First | From::Last, _) | (_, None) => false,
                    (_, Some(first)) => {
                        let key = key_of(&first.item, sort);
                        !listing::beyond(tx, binds, sort, !direction, &key, 1).await?.is_empty()
                    }
                };
                if reversed {
                    found.reverse();
                }
                let (before, after) = if reversed { (more, behind) } else { (behind, more) };
                Ok::<_, StoreError>((found, before, after))
            })
            .await?;
        Ok(Window { rows: found.iter().map(|listed| self.item_row(listed)).collect(), before, after })
    }

    /// How many items a filter finds, stopping at [`COUNT_CAP`].
    pub async fn count_ipstock(&self, wanted: &ItemFilter) -> Result<i64, StoreError> {
        let binds = &self.item_filter(wanted);
        self.store().read(|mut tx| async move { listing::count(&mut tx, binds, COUNT_CAP).await }).await
    }

    /// These items, as the table shows them.
    pub async fn ipstock_by_ids(&self, ids: &[ItemId]) -> Result<Vec<ItemRow>, StoreError> {
        let found = self
            .store()
            .read(|mut tx| async move {
                let mut found = Vec::with_capacity(ids.len());
                for id in ids {
                    found.extend(listing::find(&mut tx, *id).await?);
                }
                Ok::<_, StoreError>(found)
            })
            .await?;
        Ok(found.iter().map(|listed| self.item_row(listed)).collect())
    }

    /// Everything about one item.
    pub async fn ipstock_item(&self, id: ItemId, now: Timestamp) -> Result<Option<ItemDetail>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let Some(listed) = listing::find(tx, id).await? else { return Ok(None) };
                let (row, item) = (self.item_row(&listed), listed.item);
                let options = rows::memories(tx, id).await?;
                let (memories, rates) = self.memory_views(tx, options, now).await?;
                let quantities = rows::quantities(tx, id, QUANTITIES_MAX).await?;
                let synced_at = syncs::last(tx).await?.1.map(|run| run.started_at);
                Ok(Some(ItemDetail {
                    compared: compared(&item, &row),
                    waiting: waiting(tx, id).await?,
                    spark: spark(&quantities, now),
                    spark_step: STEP_SECS,
                    quantities,
                    trail: trail(tx, &item.object()).await?,
                    description: text::clean_line(&item.description, 400),
                    tags: item.tags.iter().map(|tag| text::clean_line(tag, 30)).collect(),
                    server_type: text::clean_line(&item.server_type, 20),
                    default_os: text::clean_line(&item.default_os, 20),
                    user_limit: item.user_limit,
                    memories,
                    rates,
                    synced_at,
                    row,
                }))
            })
            .await
    }

    /// The options with what they leave over, and the rates that say so.
    async fn memory_views(
        &self,
        tx: &mut Tx,
        options: Vec<MemoryOption>,
        now: Timestamp,
    ) -> Result<(Vec<MemoryView>, Vec<RateView>), StoreError> {
        let mut rates: Vec<(String, Option<(Rate, Timestamp)>)> = Vec::new();
        let mut views = Vec::with_capacity(options.len());
        for option in options {
            let currency = option.cost_currency.clone().unwrap_or_default();
            if option.cost.is_some() && !rates.iter().any(|(known, _)| *known == currency) {
                let rate = self.dated_per_usd_in(tx, &currency, now).await?;
                rates.push((currency.clone(), rate));
            }
            let rate = rates.iter().find(|(known, _)| *known == currency).and_then(|(_, rate)| *rate);
            let cost_usd = option.cost.as_deref().zip(rate).and_then(|(cost, (rate, _))| in_usd(cost, rate));
            let margin = cost_usd.and_then(|cost| option.price.checked_sub(cost).ok());
            let bps = |margin: Money| {
                i64::try_from(i128::from(margin.minor()) * 10_000 / i128::from(option.price.minor().max(1)))
            };
            views.push(MemoryView {
                label: text::clean_line(&option.label, 20),
                gb: option.gb,
                price: option.price,
                cost: option.cost.zip(option.cost_currency),
                cost_usd,
                margin,
                margin_bps: margin.and_then(|margin| bps(margin).ok()),
                enabled: option.enabled,
            });
        }
        let view = |(currency, rate): (String, Option<(Rate, Timestamp)>)| {
            rate.map(|(rate, at)| RateView { currency, per_usd: rate.to_string(), at })
        };
        Ok((views, rates.into_iter().filter_map(view).collect()))
    }

    /// Runs before an id, newest first.
    pub async fn ipstock_syncs(&self, before: i64, limit: i64) -> Result<Vec<IpSyncRow>, StoreError> {
        let runs = self.store().read(|mut tx| async move { syncs::list(&mut tx, before, limit).await }).await?;
        Ok(runs.into_iter().map(sync_row).collect())
    }

    /// One run with the answer that it gave, where that is still kept.
    pub async fn ipstock_run_of(&self, id: i64) -> Result<Option<(IpSyncRow, Option<String>)>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let Some(run) = syncs::find(tx, id).await? else { return Ok(None) };
                Ok(Some((sync_row(run), syncs::body(tx, id).await?)))
            })
            .await
    }

    /// How the catalogue stands.
    pub async fn ipstock_brief(&self, now: Timestamp) -> Result<IpstockBrief, StoreError> {
        self.store().read(|mut tx| async move { self.ipstock_brief_in(&mut tx, now).await }).await
    }

    pub(crate) async fn ipstock_brief_in(&self, tx: &mut Tx, now: Timestamp) -> Result<IpstockBrief, StoreError> {
        let settings = &self.settings().ipstock;
        let standing = rows::standing(tx, settings.low).await?;
        let (last, done) = syncs::last(tx).await?;
        let running = syncs::running(tx).await?;
        let open = orders::standing(tx).await?;
        let without = open.iter().filter(|(state, ..)| state.holds_money());
        let reviews = orders::reviews(tx, COUNT_CAP).await?;
        let done_at = done.map(|run| run.started_at);
        let watched = self.has_smartvps() && !settings.sync.is_zero();
        Ok(IpstockBrief {
            items: standing.items,
            offered: standing.offered,
            on_sale: standing.on_sale,
            low: standing.low,
            out: standing.out,
            new: standing.new,
            stale: watched && last.is_some() && done_at.is_none_or(|at| now.since(at) > settings.stale),
            last: last.map(sync_row),
            done_at,
            running: running.map(sync_row),
            waiting: without.clone().map(|(_, n, _)| n).sum(),
            waiting_since: without.map(|(.., since)| *since).min(),
            reviews: i64::try_from(reviews.len()).unwrap_or(COUNT_CAP),
            review_since: reviews.first().map(|review| review.since),
            configured: self.has_smartvps(),
        })
    }
}

/// Where a window begins, and whether it is read backwards. By title a key names the row whose title counts.
async fn start(tx: &mut Tx, from: &From, sort: Sort, descending: bool) -> Result<(bool, Key), StoreError> {
    let (reversed, key) = match from {
        From::First => return Ok((false, Key::Start)),
        From::Last => return Ok((true, Key::Start)),
        From::After(key) => (false, *key),
        From::Before(key) => (true, *key),
        From::At(key) => (false, RowKey { value: key.value, id: if descending { key.id + 1 } else { key.id - 1 } }),
    };
    if sort != Sort::Title {
        return Ok((reversed, Key::Number(key.value, key.id)));
    }
    let named = match from {
        From::At(key) | From::After(key) | From::Before(key) => ItemId::new(key.id),
        From::First | From::Last => ItemId::new(key.id),
    };
    // Items are never deleted; one that does not exist begins where the list does.
    let title = rows::find(tx, named).await?.map(|item| item.title);
    Ok((reversed, title.map_or(Key::Start, |title| Key::Title(title, key.id))))
}

fn key_of(item: &Item, sort: Sort) -> Key {
    match sort {
        Sort::Title => Key::Title(item.title.clone(), item.id.get()),
        Sort::Quantity => Key::Number(item.quantity, item.id.get()),
        Sort::Age => Key::Number(item.created_at.micros(), item.id.get()),
    }
}

/// A cost in USD, rounded up: what is left over is never shown larger than it is.
fn in_usd(cost: &str, per_usd: Rate) -> Option<Money> {
    let (num, den) = per_usd.parts();
    let usd = Decimal::parse(cost).ok()?.mul_ratio(den, num, 6, Rounding::Up).ok()?;
    usd.to_money(Currency::Usd, Rounding::Up).ok()
}

/// What the provider said last beside what customers get.
fn compared(item: &Item, row: &ItemRow) -> Vec<Compared> {
    let gone = item.missing_since.is_some();
    let upstream = |text: String| if gone { String::new() } else { text };
    let sells = if gone {
        "not in the list"
    } else if item.available {
        "can be bought"
    } else {
        "cannot be bought"
    };
    let sold = if item.visible { "shown" } else { "hidden" };
    vec![
        Compared {
            what: "name",
            upstream: upstream(format!("{} (PID {})", row.name, row.pid)),
            ours: row.title.clone(),
            differs: gone,
        },
        Compared {
            what: "status",
            upstream: upstream(row.status.clone()),
            ours: row.state.word().to_owned(),
            differs: gone || (!item.available && item.quantity > 0),
        },
        Compared {
            what: "free",
            upstream: upstream(item.quantity.to_string()),
            ours: item.quantity.to_string(),
            differs: gone,
        },
        Compared {
            what: "sold",
            upstream: sells.to_owned(),
            ours: sold.to_owned(),
            differs: item.visible && !item.available,
        },
    ]
}

async fn waiting(tx: &mut Tx, id: ItemId) -> Result<Vec<WaitingOrder>, StoreError> {
    let mut found = Vec::new();
    for state in VpsState::ALL.into_iter().filter(|state| state.holds_money()) {
        found.extend(vps::of_item(tx, id, state, WAITING_MAX).await?);
    }
    found.sort_by_key(|order| (order.created_at, order.id));
    found.truncate(usize::try_from(WAITING_MAX).unwrap_or(50));
    let view = |order: vps::Order| WaitingOrder {
        id: order.id,
        state: order.state.word().to_owned(),
        memory: text::clean_line(&order.memory, 20),
        since: order.created_at,
        reason: text::clean_line(order.reason.as_deref().unwrap_or(""), 160),
    };
    Ok(found.into_iter().map(view).collect())
}

/// The quantity at the end of each step. Before the first that is kept it is taken to have been that one.
fn spark(quantities: &[(Timestamp, i64)], now: Timestamp) -> Vec<i64> {
    let Some((_, first)) = quantities.first() else { return Vec::new() };
    let at = |step: i64| {
        let end = now.micros() - (STEPS - 1 - step) * STEP_SECS * 1_000_000;
        quantities.iter().rev().find(|(at, _)| at.micros() <= end).map_or(*first, |(_, quantity)| *quantity)
    };
    (0..STEPS).map(at).collect()
}

async fn trail(tx: &mut Tx, object: &str) -> Result<Vec<TrailLine>, StoreError> {
    let mut lines: Vec<TrailLine> = audit::of_object(tx, object)
        .await?
        .into_iter()
        .map(|row| {
            let verb = row.action.trim_start_matches("ipstock.").to_owned();
            let refused = if row.result == "refused" { " refused" } else { "" };
            let what = text::clean_line(&format!("{verb}{refused}: {}", row.detail), 200);
            TrailLine { at: row.at, actor: row.actor, what }
        })
        .collect();
    lines.sort_by_key(|line| std::cmp::Reverse(line.at));
    Ok(lines)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_is_what_was_free_at_the_end_of_each_step() {
        let now = Timestamp::from_secs(1_000_000);
        let ago = |steps: i64| Timestamp::from_secs(1_000_000 - steps * STEP_SECS);
        let line = spark(&[(ago(10), 5), (ago(3), 2), (ago(1), 0)], now);
        assert_eq!(line.len(), 60);
        assert_eq!(line[..50], [5; 50]);
        assert_eq!(line[50..], [5, 5, 5, 5, 5, 5, 2, 2, 0, 0]);
        assert_eq!(spark(&[], now), Vec::<i64>::new());
    }

    #[test]
    fn a_cost_is_converted_at_the_rate_and_rounded_up() {
        let rate = Rate::new(8_350, 100).unwrap();
        assert_eq!(in_usd("835", rate), Some(Money::usd_minor(10_000_000)));
        assert_eq!(in_usd("0.01", rate), Some(Money::usd_minor(120)));
        assert_eq!(in_usd("699.5", rate), Some(Money::usd_minor(8_377_246)));
        assert_eq!(in_usd("a", rate), None);
    }
}
