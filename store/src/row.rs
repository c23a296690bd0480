//! Reading columns of `Any` rows: 64-bit integers, text and blobs only.

use crate::StoreError;
use domain::{Currency, Money, Timestamp};
use sqlx::Row;
use sqlx::any::AnyRow;

/// Short readers of columns by name.
pub(crate) trait Columns {
    fn int(&self, name: &str) -> Result<i64, StoreError>;
    fn opt_int(&self, name: &str) -> Result<Option<i64>, StoreError>;
    fn text(&self, name: &str) -> Result<String, StoreError>;
    fn opt_text(&self, name: &str) -> Result<Option<String>, StoreError>;
    fn blob(&self, name: &str) -> Result<Vec<u8>, StoreError>;
    fn opt_blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError>;

    fn time(&self, name: &str) -> Result<Timestamp, StoreError> {
        self.int(name).map(Timestamp::from_micros)
    }
    fn opt_time(&self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.opt_int(name)?.map(Timestamp::from_micros))
    }
    fn flag(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.int(name)? != 0)
    }
    fn money(&self, name: &str, currency: Currency) -> Result<Money, StoreError> {
        Ok(Money::new(self.int(name)?, currency))
    }
    /// A closed list of words.
    fn word<T: std::str::FromStr>(&self, name: &str) -> Result<T, StoreError> {
        let text = self.text(name)?;
        text.parse().map_err(|_| StoreError::Corrupt(format!("{name} = {}", domain::text::clean_line(&text, 40))))
    }
    /// A word that may be absent.
    fn opt_word<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, StoreError> {
        if self.opt_text(name)?.is_none() { Ok(None) } else { self.word(name).map(Some) }
    }
}

impl Columns for AnyRow {
    fn int(&self, name: &str) -> Result<i64, StoreError> {
        Ok(self.try_get(name)?)
    }
    fn opt_int(&self, name: &str) -> Result<Option<i64>, StoreError> {
        Ok(self.try_get(name)?)
    }
    fn text(&self, name: &str) -> Result<String, StoreError> {
        Ok(self.try_get(name)?)
    }
    fn opt_text(&self, name: &str) -> Result<Option<String>, StoreError> {
        Ok(self.try_get(name)?)
    }
    fn blob(&self, name: &str) -> Result<Vec<u8>, StoreError> {
        Ok(self.try_get(name)?)
    }
    fn opt_blob(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.try_get(name)?)
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

/// Exactly one row must have changed; none means that somebody was faster.
pub(crate) fn one(changed: u64) -> Result<(), StoreError> {
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}
