//! Calls to the outside over HTTP: Flutterwave, chains, SMM panels, SmartVPS, the dollar rate and the prices of coins.
//!
//! Promises: a call that spends ends as exactly one [`domain::outcome::Outcome`], decided by one pure classifier over
//! a [`http::RawReply`]; nothing here retries, follows a redirect or keeps anything; amounts are read and written as
//! decimal text; no error, evidence or [`http::Exchange`] holds a key, a URL or a whole account number.
//! Absent on purpose: the store, the breaker (chains have one for each endpoint), the decision what to do with an outcome.
//! Start reading at [`flutterwave::Flutterwave::transfer`] , [`smm::Smm::add`]
//! and [`smartvps::SmartVps::buy`].

pub mod chains;
pub mod exchange_rate;
pub mod flutterwave;
mod hide;
pub mod http;
mod json;
pub mod prices;
mod read;
pub mod smartvps;
pub mod smm;

pub use chains::{BadChainSetting, ChainSettings, Chains};
pub use exchange_rate::{ExchangeRate, Quote};
pub use flutterwave::{Flutterwave, FlutterwaveConfig};
pub use http::{Exchange, HttpClient, HttpError, RawReply, Reply, Timeouts};
pub use prices::{Prices, PricesConfig};
pub use read::ReadError;
pub use smartvps::{SmartVps, SmartVpsConfig};
pub use smm::{Panel, Smm};
