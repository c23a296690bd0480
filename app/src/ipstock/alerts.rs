//! What the ops chats are told of the catalogue and of buying, each trouble once and again when it comes back: no
//! successful sync for too long, a list that is not believed, access refused, too much that cannot be bought, purchases
//! that fail, and what waits for a person for too long. Packages that run low are told by the sync that saw it.

use crate::notice::alarm;
use crate::{App, StoreError};
use domain::Timestamp;
use domain::time::short_age;
use domain::vps::BuyState;
use std::collections::BTreeSet;
use std::time::Duration;
use store::ipstock::syncs::{self, Sync};
use store::ipstock::{self as rows, Standing};
use store::vps::{buys, listing};
use store::{Tx, rail};

/// The setting that keeps what was told and still is so.
const TOLD: &str = "ipstock.told";
/// Purchases of this span are looked at;
const SPAN: Duration = Duration::from_secs(3_600);
/// fewer say nothing.
const LEAST: i64 = 5;
/// So many things that wait for a person are looked at.
const REVIEWS_MAX: i64 = 200;

/// Something to be told.
struct Trouble {
    topic: String,
    title: &'static str,
    text: String,
}

impl App {
    /// Looks at the catalogue and tells what is new.
    pub(crate) async fn ipstock_alerts(&self, now: Timestamp) -> Result<(), StoreError> {
        let (troubles, told) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                Ok::<_, StoreError>((self.ipstock_troubles(tx, now).await?, told(tx).await?))
            })
            .await?;
        let is: BTreeSet<String> = troubles.iter().map(|trouble| trouble.topic.clone()).collect();
        // An ordinary minute writes nothing.
        if is == told {
            return Ok(());
        }
        let (troubles, is) = (&troubles, &is);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let before = self::told(tx).await?;
                for trouble in troubles.iter().filter(|trouble| !before.contains(&trouble.topic)) {
                    let topic = format!("{}:{}", trouble.topic, now.micros());
                    let text = trouble.text.clone();
                    alarm(tx, self, "ipstock", &topic, trouble.title, text, &trouble.topic, now).await?;
                }
                if before != *is {
                    rail::set_setting(tx, TOLD, &serde_json::json!(is).to_string(), "system", now).await?;
                }
                Ok(())
            })
            .await
    }

    async fn ipstock_troubles(&self, tx: &mut Tx, now: Timestamp) -> Result<Vec<Trouble>, StoreError> {
        let settings = &self.settings().ipstock;
        let (last, done) = syncs::last(tx).await?;
        let mut found = Vec::new();
        found.extend(last.as_ref().and_then(of_run));
        let first = if done.is_none() { syncs::list(tx, i64::MAX, 1_000).await?.pop() } else { None };
        let since = done.as_ref().or(first.as_ref()).map(|run| run.ended_at.unwrap_or(run.started_at));
        if self.has_smartvps() && !settings.sync.is_zero() {
            found.extend(since.and_then(|since| stale(since, last.as_ref(), settings.stale, now)));
        }
        found.extend(unavailable(&rows::standing(tx, settings.low).await?, settings.unavailable_percent));
        found.extend(failing(&buys::tally(tx, now.minus(SPAN)).await?, settings.failures_percent));
        for review in listing::reviews(tx, REVIEWS_MAX).await? {
            let age = now.since(review.since);
            if age > settings.review {
                found.push(Trouble {
                    topic: format!("review:{}:{}", review.object, review.since.micros()),
                    title: "Something waits for an operator",
                    text: format!(
                        "{} waits for a person since {} ({}): {}.",
                        review.object,
                        review.since.clock(),
                        short_age(age),
                        review.attention
                    ),
                });
            }
        }
        Ok(found)
    }
}

/// A run that was refused, or whose answer was not believed.
fn of_run(run: &Sync) -> Option<Trouble> {
    let why = run.error.as_deref().unwrap_or("it does not say why");
    if run.class.as_deref() == Some("auth") {
        return Some(Trouble {
            topic: "auth".to_owned(),
            title: "SmartVPS refuses our access",
            text: format!("{why}. Look at SMARTVPS_USERNAME and SMARTVPS_PASSWORD: nothing can be read or bought."),
        });
    }
    let confirm = |id: i64| format!("viralcore ipstock sync --confirm {id} --reason …");
    (run.state == "guarded").then(|| Trouble {
        topic: "guarded".to_owned(),
        title: "The list of packages looks incomplete",
        text: format!("{why}. If they really are gone: {}", confirm(run.id)),
    })
}

fn stale(since: Timestamp, last: Option<&Sync>, limit: Duration, now: Timestamp) -> Option<Trouble> {
    let age = now.since(since);
    let why = last.filter(|run| run.state != "done").and_then(|run| run.error.as_deref());
    (age > limit).then(|| Trouble {
        topic: "stale".to_owned(),
        title: "No successful sync of packages",
        text: format!(
            "The last one was at {}, {} ago{}.",
            since.clock(),
            short_age(age),
            why.map(|why| format!("; the last try: {why}")).unwrap_or_default()
        ),
    })
}

fn unavailable(standing: &Standing, percent: i64) -> Option<Trouble> {
    let all = standing.on_sale + standing.out;
    (standing.out * 100 > all * percent).then(|| Trouble {
        topic: "unavailable".to_owned(),
        title: "Most packages cannot be bought",
        text: format!("{} of {all} visible packages cannot be bought.", standing.out),
    })
}

/// Purchases that ended otherwise than with a machine of the package.
fn failing(tally: &[(BuyState, Option<String>, i64)], percent: i64) -> Option<Trouble> {
    let ended = || tally.iter().filter(|(state, ..)| *state != BuyState::Sending);
    let all: i64 = ended().map(|(.., n)| n).sum();
    let bad = || ended().filter(|(state, ..)| !matches!(state, BuyState::Accepted | BuyState::RuledBought));
    let failed: i64 = bad().map(|(.., n)| n).sum();
    let worst = bad().max_by_key(|(.., n)| *n).and_then(|(_, class, n)| Some((class.as_deref()?, n)));
    (all >= LEAST && failed * 100 > all * percent).then(|| Trouble {
        topic: "failing".to_owned(),
        title: "Purchases of machines fail",
        text: format!(
            "{failed} of {all} of the last hour{}.",
            worst.map(|(class, n)| format!(", {n} times {class}")).unwrap_or_default()
        ),
    })
}

async fn told(tx: &mut Tx) -> Result<BTreeSet<String>, StoreError> {
    let kept = rail::setting(tx, TOLD).await?;
    Ok(kept.and_then(|kept| serde_json::from_str(&kept).ok()).unwrap_or_default())
}
