//! What belongs to an operator: screen state, presence, the last look.

use crate::row::Columns;
use crate::{StoreError, Tx};
use domain::Timestamp;

/// Something kept for an operator.
pub async fn state(tx: &mut Tx, operator: &str, key: &str) -> Result<Option<String>, StoreError> {
    let row = sqlx::query("select value from operator_state where operator = $1 and key = $2").bind(operator).bind(key);
    row.fetch_optional(tx.conn()).await?.map(|row| row.text("value")).transpose()
}

/// Keeps something for an operator.
pub async fn save_state(tx: &mut Tx, operator: &str, key: &str, value: &str, now: Timestamp) -> Result<(), StoreError> {
    sqlx::query(
        "insert into operator_state (operator, key, value, at) values ($1, $2, $3, $4) \
         on conflict (operator, key) do update set value = excluded.value, at = excluded.at",
    )
    .bind(operator)
    .bind(key)
    .bind(value)
    .bind(now.micros())
    .execute(tx.conn())
    .await?;
    Ok(())
}

/// Announces what an operator's session has open; `None` closes it.
pub async fn present(
    tx: &mut Tx,
    operator: &str,
    session: &str,
    object: Option<&str>,
    now: Timestamp,
) -> Result<(), StoreError> {
    match object {
        Some(object) => {
            sqlx::query(
                "insert into presence (operator, session, object, at) values ($1, $2, $3, $4) \
                 on conflict (operator, session) do update set object = excluded.object, at = excluded.at",
            )
            .bind(operator)
            .bind(session)
            .bind(object)
            .bind(now.micros())
            .execute(tx.conn())
            .await?;
        }
        None => {
            sqlx::query("delete from presence where operator = $1 and session = $2")
                .bind(operator)
                .bind(session)
                .execute(tx.conn())
                .await?;
        }
    }
    Ok(())
}

/// Who has what open since `since`: (operator, object).
pub async fn presence(tx: &mut Tx, since: Timestamp) -> Result<Vec<(String, String)>, StoreError> {
    let rows = sqlx::query("select distinct operator, object from presence where at > $1 order by operator")
        .bind(since.micros())
        .fetch_all(tx.conn())
        .await?;
    rows.iter().map(|row| Ok((row.text("operator")?, row.text("object")?))).collect()
}
