//! What reviews and windows read.

use super::{Runner, asked, store};
use crate::message::{Ask, Read};
use app::StoreError;
use app::view::Window;
use app::view::boosts::{BoostQuery, BoostRow};
use app::view::panels::ProviderRow;
use app::view::vps::{VpsQuery, VpsRow};
use domain::breaker::{BreakerState, CallClass};
use domain::smm::ProviderState;
use domain::{BoostId, Timestamp, VpsId};

/// Rows of a batch that are read at a time.
const READS: usize = 16;
/// Services that a person can choose from.
const SUGGESTIONS: usize = 8;

impl Runner {
    /// A window, and these rows wherever they stand now.
    pub(super) async fn boosts(
        &self,
        query: &BoostQuery,
        held: &[BoostId],
    ) -> Result<(Window<BoostRow>, Vec<BoostRow>), StoreError> {
        let window = self.app.boosts(query).await?;
        let missing: Vec<BoostId> =
            held.iter().copied().filter(|id| !window.rows.iter().any(|row| row.id == *id)).collect();
        let held = if missing.is_empty() { Vec::new() } else { self.app.boosts_by_ids(&missing).await? };
        Ok((window, held))
    }

    /// A window of VPS orders, and these rows wherever they stand now.
    pub(super) async fn vps_orders(
        &self,
        query: &VpsQuery,
        held: &[VpsId],
    ) -> Result<(Window<VpsRow>, Vec<VpsRow>), StoreError> {
        let window = self.app.vps_orders(query).await?;
        let missing: Vec<VpsId> =
            held.iter().copied().filter(|id| !window.rows.iter().any(|row| row.id == *id)).collect();
        let held = if missing.is_empty() { Vec::new() } else { self.app.vps_orders_by_ids(&missing).await? };
        Ok((window, held))
    }

    /// What a review is about, as it is now.
    pub(super) async fn review(&self, ask: Ask, now: Timestamp) -> Result<Read, String> {
        let app = &self.app;
        Ok(match ask {
            Ask::Withdrawals(ids) => {
                let read = |id| {
                    let app = app.clone();
                    tokio::spawn(async move { app.withdrawal(id).await })
                };
                let rows = in_turn(ids, read).await?;
                Read::Withdrawals { rows, rail: Box::new(app.overview(now).await.map_err(store)?.rail) }
            }
            Ask::Case(id) => {
                let found = app.cases(false).await.map_err(store)?.into_iter().find(|row| row.id == id);
                Read::Case(found.map(Box::new))
            }
            Ask::Boosts { ids, quotes } => {
                let only = ids.first().copied();
                let read = |id| {
                    let app = app.clone();
                    tokio::spawn(async move { app.boost(id).await })
                };
                let rows = in_turn(ids, read).await?;
                let quotes = match (only, quotes) {
                    (Some(id), Some(part)) => Some((part, app.move_quotes(id, part, now).await.map_err(asked)?)),
                    _ => None,
                };
                Read::Boosts { rows, quotes }
            }
            Ask::Provider(name) => {
                let detail = app.provider(&name, now).await.map_err(store)?.map(Box::new);
                let all = app.providers(now).await.map_err(store)?;
                let others = all.into_iter().filter(|row| row.name != name && takes_orders(row));
                let others = others.map(|row| row.name).collect();
                Read::Provider { name, detail, others }
            }
            Ask::Run => {
                let newest = app.ipstock_syncs(i64::MAX, 1).await.map_err(store)?;
                Read::Run(newest.into_iter().next().map(Box::new))
            }
            Ask::Item(id) => Read::Item(app.ipstock_item(id, now).await.map_err(store)?.map(Box::new)),
            Ask::Vps(id) => Read::Vps(app.vps_detail(id).await.map_err(store)?.map(Box::new)),
            Ask::Machine(id) => Read::Machine(app.machine_detail(id).await.map_err(store)?.map(Box::new)),
            Ask::Invoice(id) => Read::Invoice(app.invoice_detail(id, now).await.map_err(store)?.map(Box::new)),
            Ask::Transfer(id) => Read::Transfer(app.payment_detail(id).await.map_err(store)?.map(Box::new)),
            Ask::Manual(id) => Read::Manual(app.manual_order(id, now).await.map_err(store)?.map(Box::new)),
            Ask::Product(key) => {
                let found = app.product_rows().await.map_err(store)?.into_iter().find(|row| row.key == key);
                Read::Product(found.map(Box::new))
            }
            Ask::Theirs { provider, service } => {
                let row = app.panel_service(&provider, &service).await.map_err(asked)?.map(Box::new);
                Read::Theirs { row, ours: app.our_services(now).await.map_err(store)? }
            }
            Ask::Ours { key, provider } => {
                let ours = app.our_services(now).await.map_err(store)?;
                let row = ours.into_iter().find(|row| row.key == key).map(Box::new);
                let suggestions = app.suggest_mappings(&key, &provider, SUGGESTIONS).await.map_err(asked)?;
                Read::Ours { row, suggestions }
            }
        })
    }
}

/// True for a provider that new orders can go to now.
fn takes_orders(row: &ProviderRow) -> bool {
    let open = |class| row.breakers.iter().any(|view| view.class == class && view.state == BreakerState::Open);
    row.state == ProviderState::Enabled.word() && row.has_key && row.rest.is_none() && !open(CallClass::Order)
}

/// Reads rows of a batch, some at a time; `None` for one that is not there.
async fn in_turn<I: Copy, T>(
    ids: Vec<I>,
    read: impl Fn(I) -> tokio::task::JoinHandle<Result<Option<T>, StoreError>>,
) -> Result<Vec<(I, Option<T>)>, String> {
    let mut rows = Vec::with_capacity(ids.len());
    for some in ids.chunks(READS) {
        let asked: Vec<_> = some.iter().map(|id| (*id, read(*id))).collect();
        for (id, task) in asked {
            let found = task.await.map_err(|_| "the program is being stopped".to_owned())?;
            rows.push((id, found.map_err(store)?));
        }
    }
    Ok(rows)
}
