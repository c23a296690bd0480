//! Exports: all rows of a set into a file of the operator's own.

use super::{Runner, asked, store};
use crate::clean;
use crate::export;
use crate::message::{ExportSet, Format};
use app::view::boosts::BoostQuery;
use app::view::ipstock::ItemQuery;
use app::view::panels::PanelServiceQuery;
use app::view::vps::{MachineQuery, VpsQuery};
use app::view::{From, RowKey, WithdrawalQuery};
use domain::Timestamp;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

/// Rows of one export at most.
const EXPORT_MAX: usize = 100_000;
/// Rows that are read at a time.
const PAGE: u32 = 500;

type Rows = Vec<Vec<String>>;

impl Runner {
    /// Writes all rows of a set to a file of the operator's own; returns its path and how many rows.
    pub(super) async fn export(
        &self,
        set: ExportSet,
        format: Format,
        masked: bool,
        now: Timestamp,
    ) -> Result<(String, usize), String> {
        let (name, heads, rows) = match set {
            ExportSet::Withdrawals(query) => {
                ("withdrawals", &export::WITHDRAWAL_HEADS[..], self.all_withdrawals(*query, masked).await?)
            }
            ExportSet::Boosts(query) => ("boosts", &export::BOOST_HEADS[..], self.all_boosts(*query, masked).await?),
            ExportSet::Services(query) => ("services", &export::SERVICE_HEADS[..], self.all_services(*query).await?),
            ExportSet::Items(query) => ("ipstock", &export::ITEM_HEADS[..], self.all_items(*query).await?),
            ExportSet::VpsOrders(query) => {
                ("vps-orders", &export::VPS_HEADS[..], self.all_vps_orders(*query, masked).await?)
            }
            ExportSet::Machines(query) => {
                ("machines", &export::MACHINE_HEADS[..], self.all_machines(*query, masked).await?)
            }
            ExportSet::Providers => {
                let rows = self.app.providers(now).await.map_err(store)?;
                let rows = rows.iter().map(|row| export::provider(&clean::provider(row))).collect();
                ("providers", &export::PROVIDER_HEADS[..], rows)
            }
            ExportSet::Audit(words) => {
                let rows = self.app.audit_rows(&words, None, 10_000).await.map_err(store)?;
                let rows = rows.iter().map(|row| export::audit(&clean::audit(row))).collect();
                ("audit", &export::AUDIT_HEADS[..], rows)
            }
        };
        let count = rows.len();
        let path = export_path(name, format, now);
        let shown = path.display().to_string();
        let text = render(heads, &rows, format);
        let written = tokio::task::spawn_blocking(move || write_private(&path, &text)).await;
        match written {
            Ok(Ok(())) => Ok((shown, count)),
            Ok(Err(error)) => Err(format!("{shown}: {error}")),
            Err(_) => Err("the program is being stopped".to_owned()),
        }
    }

    async fn all_withdrawals(&self, query: WithdrawalQuery, masked: bool) -> Result<Rows, String> {
        let (mut rows, mut from) = (Vec::new(), From::First);
        loop {
            let asked = WithdrawalQuery { from, limit: PAGE, ..query.clone() };
            let window = self.app.withdrawals(&asked).await.map_err(store)?;
            let cleaned = window.rows.iter().map(|row| clean::row(row, &self.actor.name));
            rows.extend(cleaned.map(|row| export::withdrawal(&row, masked)));
            match window.rows.last() {
                Some(last) if window.after && rows.len() < EXPORT_MAX => from = From::After(last.key(query.sort)),
                _ => return Ok(rows),
            }
        }
    }

    async fn all_boosts(&self, query: BoostQuery, masked: bool) -> Result<Rows, String> {
        let (mut rows, mut from) = (Vec::new(), From::First);
        loop {
            let asked = BoostQuery { from, limit: PAGE, ..query.clone() };
            let window = self.app.boosts(&asked).await.map_err(store)?;
            rows.extend(window.rows.iter().map(|row| export::boost(&clean::boost(row), masked)));
            match window.rows.last() {
                Some(last) if window.after && rows.len() < EXPORT_MAX => from = From::After(last.key(query.sort)),
                _ => return Ok(rows),
            }
        }
    }

    async fn all_items(&self, query: ItemQuery) -> Result<Rows, String> {
        let (mut rows, mut from) = (Vec::new(), From::First);
        loop {
            let asked = ItemQuery { from, limit: PAGE, ..query.clone() };
            let window = self.app.ipstock_items(&asked).await.map_err(store)?;
            rows.extend(window.rows.iter().map(|row| export::item(&clean::item(row))));
            match window.rows.last() {
                Some(last) if window.after && rows.len() < EXPORT_MAX => from = From::After(last.key(query.sort)),
                _ => return Ok(rows),
            }
        }
    }

    async fn all_vps_orders(&self, query: VpsQuery, masked: bool) -> Result<Rows, String> {
        let (mut rows, mut from) = (Vec::new(), From::First);
        loop {
            let asked = VpsQuery { from, limit: PAGE, ..query.clone() };
            let window = self.app.vps_orders(&asked).await.map_err(store)?;
            rows.extend(window.rows.iter().map(|row| export::vps(&clean::vps_order(row), masked)));
            match window.rows.last() {
                Some(last) if window.after && rows.len() < EXPORT_MAX => from = From::After(last.key(query.sort)),
                _ => return Ok(rows),
            }
        }
    }

    async fn all_machines(&self, query: MachineQuery, masked: bool) -> Result<Rows, String> {
        let (mut rows, mut from) = (Vec::new(), From::First);
        loop {
            let asked = MachineQuery { from, limit: PAGE, ..query.clone() };
            let window = self.app.machines(&asked).await.map_err(store)?;
            rows.extend(window.rows.iter().map(|row| export::machine(&clean::machine(row), masked)));
            match window.rows.last() {
                Some(last) if window.after && rows.len() < EXPORT_MAX => from = From::After(last.key()),
                _ => return Ok(rows),
            }
        }
    }

    async fn all_services(&self, query: PanelServiceQuery) -> Result<Rows, String> {
        let (mut rows, mut from) = (Vec::new(), From::First);
        loop {
            let page = PanelServiceQuery { from, limit: PAGE, ..query.clone() };
            let window = self.app.panel_services_window(&page).await.map_err(asked)?;
            rows.extend(window.rows.iter().map(|row| export::service(&clean::panel_service(row))));
            match window.rows.last() {
                Some(last) if window.after && rows.len() < EXPORT_MAX => {
                    from = From::After(RowKey { value: last.id, id: last.id });
                }
                _ => return Ok(rows),
            }
        }
    }
}

fn render(heads: &[&str], rows: &[Vec<String>], format: Format) -> String {
    match format {
        Format::Csv => {
            let head: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
            let lines: String = rows.iter().map(|row| export::csv_line(row)).collect();
            export::csv_line(&head) + &lines
        }
        Format::Json => {
            let objects: Vec<String> = rows.iter().map(|row| export::json_object(heads, row)).collect();
            format!("[{}]\n", objects.join(",\n"))
        }
    }
}

fn export_path(name: &str, format: Format, now: Timestamp) -> PathBuf {
    let stamp: String = now.rfc3339().chars().filter(char::is_ascii_alphanumeric).collect();
    let ending = if format == Format::Csv { "csv" } else { "json" };
    let folder = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    folder.join(format!("viralcore-{name}-{stamp}.{ending}"))
}

fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}
