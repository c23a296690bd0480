//! Bank transfers in naira.

use crate::jobs::Again;
use crate::{App, StoreError};
use domain::{InvoiceId, Timestamp};
use store::jobs::Claimed;

/// What stands for the bank where payments of chains name their chain.
pub(super) const RAIL: &str = "flutterwave";

/// Bank transfers are offered.
pub(super) const TAKEN: bool = false;

impl App {
    pub(crate) async fn make_charge(
        &self,
        _job: &Claimed,
        _id: InvoiceId,
        _now: Timestamp,
    ) -> Result<Again, StoreError> {
        Ok(Again::Done)
    }

    pub(crate) async fn poll_bank(&self, _id: InvoiceId, _now: Timestamp) -> Result<Again, StoreError> {
        Ok(Again::Done)
    }
}
