//! What coins cost: read by a schedule from every source, judged, kept; an invoice is frozen with what was kept.
//!
//! Each source's word is a row of the table `rate` with the pair `<coin>/USD`; what was judged usable is one more, of the
//! source `quote`. When sources disagree or are silent none is written, and what was written ages until nobody may use
//! it. No network in a transaction: a quote is read from the store.

use crate::notice::alarm;
use crate::{App, StoreError};
use ::providers::prices::{SourceRead, readings};
use domain::chain::Asset;
use domain::quote::{self, Coin, QuoteRefusal};
use domain::{Rate, Timestamp, text};
use std::time::Duration;
use store::endpoints::{self, Endpoint};
use store::rates::{self, RateRow};
use store::{Tx, endpoints as rows};

/// The source under which a judged price is kept.
pub(crate) const JUDGED: &str = "quote";
/// The source under which it is kept that sources disagreed: what was judged before may not be used any more.
const STOPPED: &str = "stopped";
/// What stands for a chain in the health of price sources.
const PLACE: &str = "prices";

/// A coin's price as it may be used, for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CoinQuote {
    /// Which.
    pub coin: Coin,
    /// Dollars for one, as last judged.
    pub price: Option<Rate>,
    /// As of when.
    pub at: Option<Timestamp>,
    /// It may be used now.
    pub usable: bool,
    /// What each source said last: (source, price, when).
    pub sources: Vec<(String, Rate, Timestamp)>,
}

/// The sources that there are.
const SOURCES: [&str; 3] = ["binance", "coingecko", "kraken"];

fn pair(coin: Coin) -> String {
    format!("{}/USD", coin.word())
}

/// The coin whose price an asset depends on: a stablecoin's has to be a dollar.
fn coin_of(asset: Asset) -> Coin {
    asset.coin().and_then(Coin::from_word).unwrap_or(Coin::Tether)
}

/// Dollars for one of an asset by the newest judged price, or why it may not be used.
pub(super) async fn usable(
    tx: &mut Tx,
    asset: Asset,
    max_age: Duration,
    now: Timestamp,
) -> Result<Result<Rate, String>, StoreError> {
    let coin = coin_of(asset);
    let Some(row) = rates::newest(tx, &pair(coin), JUDGED).await? else {
        return Ok(Err(format!("no price of {} was read yet", coin.symbol())));
    };
    if !is_fresh(&row, max_age, now) {
        return Ok(Err(format!("the price of {} is of {}", coin.symbol(), row.at)));
    }
    if is_stopped(tx, coin, &row).await? {
        return Ok(Err(format!("the sources of {} disagree", coin.symbol())));
    }
    // A dollar on a chain is a dollar, as long as it is one.
    let dollar = Rate::new(1, 1).filter(|_| asset.is_stable());
    Ok(Ok(dollar.unwrap_or(row.rate)))
}

/// Sources were found to disagree after this price was theirs.
async fn is_stopped(tx: &mut Tx, coin: Coin, row: &RateRow) -> Result<bool, StoreError> {
    let stopped = rates::newest(tx, &pair(coin), STOPPED).await?;
    Ok(stopped.is_some_and(|stopped| stopped.at >= row.at))
}

fn is_fresh(row: &RateRow, max_age: Duration, now: Timestamp) -> bool {
    now.since(row.at) <= max_age && row.at.since(now) <= max_age
}

impl App {
    /// Reads the prices now unless those that are kept may be used: for the command that makes an invoice, before its
    /// transaction.
    pub async fn ready_prices(&self, now: Timestamp) -> Result<(), StoreError> {
        let max_age = self.settings().prices.max_age / 2;
        let fresh = self
            .store()
            .read(|mut tx| async move {
                for coin in Coin::ALL {
                    let row = rates::newest(&mut tx, &pair(coin), JUDGED).await?;
                    if row.is_none_or(|row| !is_fresh(&row, max_age, now)) {
                        return Ok(false);
                    }
                }
                Ok::<_, StoreError>(true)
            })
            .await?;
        if !fresh && let Err(why) = self.refresh_prices(now).await {
            // Whoever makes the invoice finds out which coin has no price.
            tracing::warn!(error = %why, "Prices could not be read for an invoice");
        }
        Ok(())
    }

    /// Reads every source, keeps what each says and what is judged of it. The reason of a failure is for operators.
    pub async fn refresh_prices(&self, now: Timestamp) -> Result<(), String> {
        let correlation = self.fresh_id();
        let began = std::time::Instant::now();
        let reads = self.price_sources().read(now, &correlation).await;
        let latency = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
        let rules = &self.settings().prices.rules();
        let judged = Coin::ALL.map(|coin| {
            let said = readings(&reads, coin);
            let quote = match coin {
                Coin::Tether => quote::judge_peg(&said, now, rules),
                _ => quote::judge(&said, now, rules),
            };
            (coin, said, quote)
        });
        let (judged, reads, correlation) = (&judged, &reads, correlation.as_str());
        let kept = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let known = rows::list(tx).await?;
                for read in reads {
                    endpoints::save(tx, &health(&known, read, latency, now)).await?;
                }
                for (coin, said, quote) in judged {
                    let pair = pair(*coin);
                    for reading in said {
                        rates::insert(tx, &pair, reading.price, &reading.source, reading.at).await?;
                    }
                    match quote {
                        Ok(quote) => {
                            rates::insert(tx, &pair, quote.price, JUDGED, quote.at).await?;
                            if quote.warned {
                                let words = format!(
                                    "The sources of {} are {} bps apart. Prices are still used.",
                                    coin.symbol(),
                                    quote.deviation_bps
                                );
                                alarm(tx, self, "prices", coin.word(), "Prices differ", words, correlation, now)
                                    .await?;
                            }
                        }
                        Err(why @ QuoteRefusal::TooFew { .. }) => {
                            let last = rates::newest(tx, &pair, JUDGED).await?;
                            let max_age = self.settings().prices.max_age;
                            if last.is_none_or(|row| !is_fresh(&row, max_age, now)) {
                                let words = format!("{}: {why}. Nothing is quoted in it.", coin.symbol());
                                alarm(tx, self, "prices", coin.word(), "No fresh price", words, correlation, now)
                                    .await?;
                            }
                        }
                        Err(why) => {
                            if let Some(mark) = Rate::new(1, 1) {
                                rates::insert(tx, &pair, mark, STOPPED, now).await?;
                            }
                            let words = format!("{}: {why}. Nothing is quoted in it.", coin.symbol());
                            alarm(tx, self, "prices", coin.word(), "No price is used", words, correlation, now).await?;
                        }
                    }
                }
                Ok::<_, StoreError>(())
            })
            .await;
        kept.map_err(|error| error.to_string())?;
        let refused = |(coin, _, quote): &(Coin, Vec<quote::Reading>, Result<quote::Quote, QuoteRefusal>)| {
            quote.as_ref().err().map(|why| format!("{}: {why}", coin.symbol()))
        };
        let troubles: Vec<String> = judged.iter().filter_map(refused).collect();
        if troubles.is_empty() { Ok(()) } else { Err(text::clean_line(&troubles.join("; "), 300)) }
    }

    /// The prices as they may be used now, for people.
    pub async fn coin_quotes(&self, now: Timestamp) -> Result<Vec<CoinQuote>, StoreError> {
        let max_age = self.settings().prices.max_age;
        self.store()
            .read(|mut tx| async move {
                let mut list = Vec::with_capacity(Coin::ALL.len());
                for coin in Coin::ALL {
                    let judged = rates::newest(&mut tx, &pair(coin), JUDGED).await?;
                    let mut sources = Vec::new();
                    for source in SOURCES {
                        if let Some(row) = rates::newest(&mut tx, &pair(coin), source).await? {
                            sources.push((source.to_owned(), row.rate, row.at));
                        }
                    }
                    let usable = match &judged {
                        Some(row) => is_fresh(row, max_age, now) && !is_stopped(&mut tx, coin, row).await?,
                        None => false,
                    };
                    list.push(CoinQuote {
                        coin,
                        price: judged.as_ref().map(|row| row.rate),
                        at: judged.as_ref().map(|row| row.at),
                        usable,
                        sources,
                    });
                }
                Ok(list)
            })
            .await
    }
}

/// How a source does after it was asked.
fn health(known: &[Endpoint], read: &SourceRead, latency: i64, now: Timestamp) -> Endpoint {
    let before = known.iter().find(|row| row.chain == PLACE && row.label == read.source);
    let failed = read.outcome.as_ref().err();
    Endpoint {
        chain: PLACE.to_owned(),
        label: read.source.to_owned(),
        state: if failed.is_some() { "failing" } else { "ok" }.to_owned(),
        calls: before.map_or(0, |row| row.calls) + 1,
        failures: before.map_or(0, |row| row.failures) + i64::from(failed.is_some()),
        latency_ms: Some(latency),
        last_ok_at: if failed.is_some() { before.and_then(|row| row.last_ok_at) } else { Some(now) },
        last_error: failed.map(|error| text::clean_line(&error.to_string(), 200)),
        updated_at: now,
    }
}
