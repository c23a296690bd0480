//! Which parts and placements are to be asked about.

use super::placements::Placement;
use super::{Part, part};
use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::Timestamp;

/// A provider's parts that are due to be asked about, the longest waiting first.
pub async fn due(tx: &mut Tx, provider: i64, now: Timestamp, limit: i64) -> Result<Vec<Part>, StoreError> {
    let rows = sqlx::query(
        "select * from boost_part where provider_id = $1 and poll_at is not null and poll_at <= $2 \
         order by poll_at limit $3",
    )
    .bind(provider)
    .bind(now.micros())
    .bind(limit)
    .fetch_all(tx.conn())
    .await?;
    rows.iter().map(part).collect()
}

/// When the next part or refill of a provider is to be asked about.
pub async fn next(tx: &mut Tx, provider: i64) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query(
        "select min(at) as at from (select min(poll_at) as at from boost_part where provider_id = $1 and poll_at is not null \
         union all select min(poll_at) as at from refill where provider_id = $1 and poll_at is not null) x",
    )
    .bind(provider)
    .fetch_one(tx.conn())
    .await?;
    row.opt_time("at")
}

/// The provider's order ids that were accepted last before an attempt was sent and first after it was given up:
/// whatever its lost answer made has an id between them, on panels that count. Those that were on their way beside it
/// are no bounds.
pub async fn neighbours(tx: &mut Tx, lost: &Placement) -> Result<(Option<String>, Option<String>), StoreError> {
    let before = sqlx::query(
        "select panel_order from placement where provider_id = $1 and state in ('accepted', 'ruled_placed') \
         and id < $2 and ended_at <= $3 and panel_order is not null order by id desc limit 1",
    );
    let before = before.bind(lost.provider).bind(lost.id).bind(lost.sending_at.micros());
    let before = before.fetch_optional(tx.conn()).await?;
    let after = sqlx::query(
        "select panel_order from placement where provider_id = $1 and state in ('accepted', 'ruled_placed') \
         and id > $2 and sending_at >= $3 and panel_order is not null order by id limit 1",
    );
    let given_up = lost.ended_at.unwrap_or(lost.sending_at);
    let after = after.bind(lost.provider).bind(lost.id).bind(given_up.micros());
    let after = after.fetch_optional(tx.conn()).await?;
    Ok((before.map(|row| row.text("panel_order")).transpose()?, after.map(|row| row.text("panel_order")).transpose()?))
}
