//! The money at providers: read regularly, told once when it runs low, and what wakes a provider that ran out of it.

use super::CallError;
use crate::notice::alarm;
use crate::{App, StoreError};
use domain::Timestamp;
use domain::breaker::CallClass;
use domain::decimal::Decimal;
use domain::smm::ProviderState;
use providers::smm::Balance;
use store::Tx;
use store::providers::{self as rows, Provider};
use tokio::task::JoinSet;

/// The word of a provider that rests until its balance is seen to be enough.
pub(crate) const OUT_OF_FUNDS: &str = "insufficient_funds";

/// True when a balance is at or below the mark of its provider. One that cannot be read, or is in another currency than
/// the mark, is not known to be low.
pub(super) fn is_low(row: &Provider, amount: &str, currency: &str) -> bool {
    let same = currency.is_empty() || currency.eq_ignore_ascii_case(&row.currency);
    match (Decimal::parse_panel(amount), Decimal::parse(&row.low_balance)) {
        (Ok(amount), Ok(low)) => same && amount <= low,
        _ => false,
    }
}

/// True when a balance ends a rest for want of funds: above the mark, and enough for what could not be paid.
fn is_enough(row: &Provider, balance: &Balance) -> bool {
    let Ok(amount) = Decimal::parse_panel(&balance.amount) else { return false };
    let needed = row.rest_needed.as_deref().and_then(|needed| Decimal::parse(needed).ok()).unwrap_or(Decimal::ZERO);
    amount.is_positive() && amount >= needed && !is_low(row, &balance.amount, &balance.currency)
}

impl App {
    /// Reads the balance of every provider that is not disabled, all at once: a slow one keeps nobody waiting. A failure
    /// is on the provider's row and its breaker, not this job's.
    pub(crate) async fn read_balances(&self) -> Result<(), StoreError> {
        let all = self.store().read(|mut tx| async move { rows::all(&mut tx).await }).await?;
        let mut reads = JoinSet::new();
        for row in all.into_iter().filter(|row| row.key.is_some() && row.state != ProviderState::Disabled) {
            let app = self.clone();
            reads.spawn(async move { app.read_balance(&row).await });
        }
        let mut result = Ok(());
        while let Some(read) = reads.join_next().await {
            match read {
                Ok(Ok(()) | Err(CallError::Skipped { .. })) => {}
                Ok(Err(CallError::Store(error))) => result = Err(error),
                Ok(Err(error)) => tracing::info!(error = %error, "A provider's balance was not read"),
                Err(panic) => tracing::error!(error = %panic, "Reading a provider's balance panicked"),
            }
        }
        result
    }

    /// Reads one provider's balance and keeps it.
    pub(crate) async fn read_balance(&self, row: &Provider) -> Result<(), CallError> {
        let object = row.object();
        let call = |smm: providers::Smm, panel: providers::Panel, correlation: String| async move {
            smm.balance(&panel, &correlation).await
        };
        let balance = &self.read_call(row, CallClass::Balance, &object, call).await?;
        let (now, object) = (self.now(), object.as_str());
        self.store()
            .write(|mut tx| async move { self.balance_in(&mut tx, row.id, balance, object, now).await })
            .await?;
        Ok(())
    }

    /// Keeps a balance as it was read. Low is told once per dip; what is enough wakes the provider.
    pub(crate) async fn balance_in(
        &self,
        tx: &mut Tx,
        id: i64,
        balance: &Balance,
        correlation: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(row) = rows::find_locked(tx, id).await? else { return Ok(()) };
        let low = is_low(&row, &balance.amount, &balance.currency);
        rows::set_balance(tx, id, &balance.amount, &balance.currency, low, now).await?;
        if low && !row.low_told {
            let text = format!(
                "{name} holds {} {currency}; {} or less is low. Top it up: without funds its orders go elsewhere or wait.",
                balance.amount,
                row.low_balance,
                name = row.name,
                currency = row.currency,
            );
            // The row says that it was told, so every dip is one of its own.
            let topic = format!("{}:low:{}", row.name, now.micros());
            alarm(tx, self, "funds", &topic, "Provider balance low", text, correlation, now).await?;
        }
        let other = !balance.currency.is_empty() && !balance.currency.eq_ignore_ascii_case(&row.currency);
        if other && row.balance_currency.as_deref() != Some(balance.currency.as_str()) {
            let text = format!(
                "{} says that its balance is in {}, its row says {}: prices and the low-balance mark may be wrong. \
                 Edit the provider's currency.",
                row.name, balance.currency, row.currency
            );
            let topic = format!("{}:currency", row.name);
            alarm(tx, self, "provider", &topic, "Provider's currency differs", text, correlation, now).await?;
        }
        let woken = row.rest_reason.as_deref() == Some(OUT_OF_FUNDS) && is_enough(&row, balance);
        if woken {
            rows::wake(tx, id, now).await?;
            tracing::info!(provider = %row.name, "A provider has funds again and takes orders");
        }
        if woken || low != row.low_told {
            let what = if woken { "woken" } else { "balance" };
            self.provider_event(tx, &row.name, what, correlation, now).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> Provider {
        super::super::blank("p".into(), String::new(), Timestamp::from_secs(0))
    }

    fn balance(amount: &str, currency: &str) -> Balance {
        Balance { amount: amount.into(), currency: currency.into() }
    }

    #[test]
    fn low_is_at_the_mark_or_below_it_in_its_own_currency() {
        let row = Provider { low_balance: "5".into(), ..row() };
        for (amount, currency, low) in [
            ("5.00001", "USD", false),
            ("5", "usd", true),
            ("4.99", "", true),
            ("-1", "USD", true),
            ("0", "UZS", false),
            ("N/A", "USD", false),
        ] {
            assert_eq!(is_low(&row, amount, currency), low, "{amount} {currency}");
        }
    }

    #[test]
    fn funds_are_enough_above_the_mark_and_for_what_was_refused() {
        let row = Provider { low_balance: "5".into(), rest_needed: Some("7.5".into()), ..row() };
        for (amount, enough) in [("5", false), ("6", false), ("7.49", false), ("7.5", true), ("100", true)] {
            assert_eq!(is_enough(&row, &balance(amount, "USD")), enough, "{amount}");
        }
        let free = Provider { low_balance: "0".into(), rest_needed: None, ..row };
        assert!(!is_enough(&free, &balance("0", "USD")) && is_enough(&free, &balance("0.01", "USD")));
    }
}
