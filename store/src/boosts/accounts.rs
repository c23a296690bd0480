//! The X and Telegram names that users submit links for.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::boost::Platform;
use domain::{Timestamp, UserId};

/// A user links no more than this for one platform.
pub const MAX: i64 = 10;

/// Links a name; one that is linked stays as it is. False when the user has [`MAX`] others.
pub async fn link(
    tx: &mut Tx,
    user: UserId,
    platform: Platform,
    handle: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "insert into linked_account (user_id, platform, handle, created_at) select $1, $2, $3, $4 \
         where (select count(*) from linked_account where user_id = $1 and platform = $2) < $5 \
         on conflict (user_id, platform, handle) do nothing",
    )
    .bind(user.get())
    .bind(platform.word())
    .bind(handle)
    .bind(now.micros())
    .bind(MAX)
    .execute(tx.conn())
    .await?;
    Ok(done.rows_affected() == 1 || handles(tx, user, platform).await?.iter().any(|known| known == handle))
}

/// The names that a user linked, oldest first.
pub async fn handles(tx: &mut Tx, user: UserId, platform: Platform) -> Result<Vec<String>, StoreError> {
    let rows = sqlx::query("select handle from linked_account where user_id = $1 and platform = $2 order by id")
        .bind(user.get())
        .bind(platform.word())
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(|row| row.text("handle")).collect()
}
