//! The day's rate and the list of banks: read on a schedule, kept with source and time, used only while fresh.
//!
//! A rate may be used when it is younger than `rates.max_age`, within the operators' bounds and within
//! `rates.deviation_bps` of Flutterwave's own rate where that is known (`money-safety.md` section 1).

use crate::{App, StoreError};
use domain::money::Rate;
use domain::{Timestamp, text};
use store::Tx;
use store::catalogue::currencies;
use store::rates::{self, RateRow};

const PAIR: &str = "USD/NGN";
const SOURCE: &str = "exchangerate-api";
const RAIL: &str = "flutterwave";

/// The pair of a currency, as rates are kept.
fn pair(currency: &str) -> String {
    format!("USD/{currency}")
}

/// A bank that payouts can go to.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Bank {
    /// The rail's code, kept as text.
    pub code: String,
    /// The name.
    pub name: String,
}

/// Why there is no rate to use.
#[derive(Debug, thiserror::Error)]
pub enum RateError {
    /// None may be used; the reason is for operators.
    #[error("{0}")]
    Unusable(String),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl App {
    /// The rate that may be used now.
    pub async fn usd_ngn(&self, now: Timestamp) -> Result<RateRow, RateError> {
        let (row, rail) = self
            .store()
            .read(|mut tx| async move {
                let row = rates::newest(&mut tx, PAIR, SOURCE).await?;
                Ok::<_, StoreError>((row, rates::newest(&mut tx, PAIR, RAIL).await?))
            })
            .await?;
        let row = row.ok_or_else(|| RateError::Unusable("no rate was read yet".to_owned()))?;
        self.judge(&row, rail.as_ref(), now).map_err(RateError::Unusable)?;
        Ok(row)
    }

    fn judge(&self, row: &RateRow, rail: Option<&RateRow>, now: Timestamp) -> Result<(), String> {
        let settings = &self.settings().rates;
        if now.since(row.at) > settings.max_age {
            return Err(format!("the rate of {} is too old", row.at));
        }
        let below = |a: Rate, b: Rate| {
            let ((an, ad), (bn, bd)) = (a.parts(), b.parts());
            i128::from(an) * i128::from(bd) < i128::from(bn) * i128::from(ad)
        };
        if below(row.rate, settings.min) || below(settings.max, row.rate) {
            return Err(format!("{} is outside {} to {}", row.rate, settings.min, settings.max));
        }
        let fresh = rail.filter(|rail| now.since(rail.at) <= settings.max_age);
        if let Some(rail) = fresh.filter(|rail| row.rate.deviation_bps(rail.rate) > settings.deviation_bps) {
            return Err(format!("{} differs too much from the payout rail's {}", row.rate, rail.rate));
        }
        Ok(())
    }

    /// Units of a provider's currency for one USD. `None` where no rate is known that may be used: what it charges has no
    /// price then.
    pub(crate) async fn per_usd_in(
        &self,
        tx: &mut Tx,
        currency: &str,
        now: Timestamp,
    ) -> Result<Option<Rate>, StoreError> {
        Ok(self.dated_per_usd_in(tx, currency, now).await?.map(|(rate, _)| rate))
    }

    /// The same with the time of its reading.
    pub(crate) async fn dated_per_usd_in(
        &self,
        tx: &mut Tx,
        currency: &str,
        now: Timestamp,
    ) -> Result<Option<(Rate, Timestamp)>, StoreError> {
        if currency == "USD" {
            return Ok(Rate::new(1, 1).map(|rate| (rate, now)));
        }
        let pair = pair(currency);
        let row = rates::newest(tx, &pair, SOURCE).await?;
        let rail = if pair == PAIR { rates::newest(tx, PAIR, RAIL).await? } else { None };
        let usable = row.filter(|row| match pair.as_str() {
            PAIR => self.judge(row, rail.as_ref(), now).is_ok(),
            _ => now.since(row.at) <= self.settings().rates.max_age,
        });
        Ok(usable.map(|row| (row.rate, row.at)))
    }

    /// Reads the rates from their sources and keeps them. The reason of a failure is for operators.
    pub async fn refresh_rates(&self, now: Timestamp) -> Result<(), String> {
        let quote = self.exchange_rate().usd_ngn().await.map_err(|error| error.to_string())?;
        // The rail's own rate is a second opinion; without it the first one is used.
        let rail = self.flutterwave().rate_usd_ngn().await.ok();
        let quote = &quote;
        let kept = self
            .store()
            .write(|mut tx| async move {
                rates::insert(&mut tx, PAIR, quote.rate, SOURCE, now).await?;
                if let Some(rail) = rail {
                    rates::insert(&mut tx, PAIR, rail, RAIL, now).await?;
                }
                let mut wanted = currencies(&mut tx).await?;
                wanted.push(self.settings().ipstock.cost_currency.clone());
                wanted.dedup();
                for currency in wanted {
                    if let Some(rate) = quote.others.get(&currency) {
                        rates::insert(&mut tx, &pair(&currency), *rate, SOURCE, now).await?;
                    }
                }
                Ok::<_, StoreError>(())
            })
            .await;
        kept.map_err(|error| error.to_string())
    }

    /// Reads the list of banks and keeps it. An empty or much shorter list is refused.
    pub async fn refresh_banks(&self, now: Timestamp) -> Result<usize, String> {
        let banks = self.flutterwave().banks().await.map_err(|error| error.to_string())?;
        let (known, _) = self
            .store()
            .read(|mut tx| async move { rates::banks(&mut tx).await })
            .await
            .map_err(|error| error.to_string())?;
        if banks.is_empty() || banks.len() * 2 < known.len() {
            return Err(format!("the rail lists {} banks, {} were known: the list is kept", banks.len(), known.len()));
        }
        let list: Vec<(String, String)> =
            banks.into_iter().map(|bank| (bank.code, text::clean_line(&bank.name, 80))).collect();
        let list = &list;
        self.store()
            .write(|mut tx| async move { rates::replace_banks(&mut tx, list, now).await })
            .await
            .map_err(|error| error.to_string())?;
        Ok(list.len())
    }

    /// Banks whose name contains every word of `search`, by name; all for an empty one.
    pub async fn banks(&self, search: &str) -> Result<Vec<Bank>, StoreError> {
        let (banks, _) = self.store().read(|mut tx| async move { rates::banks(&mut tx).await }).await?;
        let words: Vec<String> = search.split_whitespace().map(str::to_lowercase).collect();
        let fits = |name: &str| {
            let name = name.to_lowercase();
            words.iter().all(|word| name.contains(word.as_str()))
        };
        Ok(banks.into_iter().filter(|(_, name)| fits(name)).map(|(code, name)| Bank { code, name }).collect())
    }

    pub(crate) async fn bank(&self, code: &str) -> Result<Option<Bank>, StoreError> {
        Ok(self.banks("").await?.into_iter().find(|bank| bank.code == code))
    }
}
