//! `[smartvps]`: where machines are bought, how long its calls may take, and how patient orders are.

use super::business::Scale;
use super::kind::{self, COUNT, Kind, URL, WAIT};
use super::reader::Reader;
use app::settings::VpsSettings;
use domain::Secret;
use providers::smartvps::{BadRefusal, Refusal};
use std::time::Duration;
use toml::Value;

/// The account at SmartVPS.
#[derive(Clone, Debug)]
pub(crate) struct SmartVpsAccess {
    /// `smartvps.base_url`; `None` is the usual place, or the stand-in in SANDBOX.
    pub(crate) base_url: Option<String>,
    /// The user name.
    pub(crate) username: Option<Secret>,
    /// The password.
    pub(crate) password: Option<Secret>,
}

const REFUSALS: Kind<Vec<Refusal>> = Kind::new(
    |value| {
        let Value::Array(items) = value else { return Err("must be a list of texts in quotes".to_owned()) };
        let read = |item: &Value| kind::text(item)?.parse().map_err(|error: BadRefusal| error.to_string());
        items.iter().map(read).collect()
    },
    |list| {
        let line = |refusal: &Refusal| Value::from(format!("{}: {}", refusal.about.word(), refusal.text));
        Value::Array(list.iter().map(line).collect())
    },
);

/// The account.
pub(super) fn access(r: &mut Reader) -> SmartVpsAccess {
    SmartVpsAccess {
        base_url: r.take("smartvps.base_url", URL, None),
        username: r.secret("smartvps.username"),
        password: r.secret("smartvps.password"),
    }
}

/// Everything else. `connect` is what a call's total must be above.
pub(super) fn vps(r: &mut Reader, scale: Scale, connect: Duration) -> VpsSettings {
    let d = VpsSettings::default();
    let wait = |r: &mut Reader, key: &str, default| scale.of(r.take(key, WAIT, default));
    let concurrency = COUNT.must(|n| (!(1..=1_000).contains(n)).then_some("must be from 1 to 1000"));
    let batch = COUNT.must(|n| (!(1..=1_000).contains(n)).then_some("must be from 1 to 1000"));
    let settings = VpsSettings {
        total: wait(r, "smartvps.total", d.total),
        buy_total: wait(r, "smartvps.buy_total", d.buy_total),
        refusals: r.take("smartvps.refusals", REFUSALS, d.refusals),
        concurrency: usize::try_from(r.take(
            "smartvps.concurrency",
            concurrency,
            i64::try_from(d.concurrency).unwrap_or(1),
        ))
        .unwrap_or(1),
        retry: wait(r, "smartvps.retry", d.retry),
        stock_look: wait(r, "smartvps.stock_look", d.stock_look),
        stock_wait: wait(r, "smartvps.stock_wait", d.stock_wait),
        poll_first: wait(r, "smartvps.poll_first", d.poll_first),
        poll_max: wait(r, "smartvps.poll_max", d.poll_max),
        credentials_wait: wait(r, "smartvps.credentials_wait", d.credentials_wait),
        action_wait: wait(r, "smartvps.action_wait", d.action_wait),
        status_every: wait(r, "smartvps.status_every", d.status_every),
        status_batch: r.take("smartvps.status_batch", batch, d.status_batch),
    };
    for (key, total) in [("smartvps.total", settings.total), ("smartvps.buy_total", settings.buy_total)] {
        r.require(total > connect, key, &["timing.connect"], "must be above timing.connect");
    }
    let patient = settings.poll_max >= settings.poll_first;
    r.require(patient, "smartvps.poll_max", &["smartvps.poll_first"], "must not be below smartvps.poll_first");
    settings
}
