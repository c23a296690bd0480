//! What waits for an answer too long is told to the ops chats: money that nobody heard of is money at risk
//! (`money-safety.md` 11).
//!
//! Promises: told when the oldest of a kind passes its age, and again while it stands, every [`AGAIN`]; what is well is
//! not written about. Absent on purpose: doing anything about it, which is the look-ups' or a person's.

use crate::notice::alarm;
use crate::{App, StoreError};
use domain::{Timestamp, time};
use std::collections::BTreeMap;
use std::time::Duration;
use store::{Tx, attempts, boosts, cases, rail};

/// How often it is looked at.
pub(crate) const LOOK: Duration = Duration::from_secs(300);
/// What stands is told of again after this.
const AGAIN: Duration = Duration::from_secs(6 * 3_600);
/// The setting that keeps what was told, and when: a word and microseconds.
const TOLD: &str = "ages.told";

/// A kind of waiting with the age at which it is told of.
struct Kind {
    word: &'static str,
    after: Duration,
    title: &'static str,
    /// After the count: what they are.
    what: &'static str,
    /// What a person does.
    then: &'static str,
}

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(24 * 3_600);

const KINDS: [Kind; 5] = [
    Kind {
        word: "sending",
        after: Duration::from_secs(900),
        title: "Payouts hang in sending",
        what: "payouts are being sent",
        then: "Look whether the runtime is up.",
    },
    Kind {
        word: "unknown",
        after: HOUR,
        title: "Payouts stay unknown",
        what: "payouts have no certain outcome",
        then: "Look them up, or settle them as cases.",
    },
    Kind {
        word: "accepted",
        after: DAY,
        title: "Payouts stay with the bank",
        what: "payouts were sent and are neither paid nor failed",
        then: "Look them up, and ask Flutterwave.",
    },
    Kind {
        word: "boost",
        after: Duration::from_secs(2 * 3_600),
        title: "Boosts stay unknown",
        what: "parts of boosts have no certain outcome",
        then: "Rule on them in the Boosts tab.",
    },
    Kind {
        word: "case",
        after: DAY,
        title: "Cases wait",
        what: "cases wait for a signature",
        then: "Sign or refuse them: :cases.",
    },
];

/// How many of a kind wait, and since when the oldest.
type Ages = BTreeMap<&'static str, (i64, Timestamp)>;

impl App {
    /// Tells of what has waited too long.
    pub(crate) async fn tell_ages(&self, now: Timestamp) -> Result<(), StoreError> {
        let (ages, told) = self
            .store()
            .read(|mut tx| async move { Ok::<_, StoreError>((ages(&mut tx).await?, told(&mut tx).await?)) })
            .await?;
        let old =
            |kind: &Kind| ages.get(kind.word).is_some_and(|(_, since)| now.since(*since) >= self.scaled(kind.after));
        let fresh = |kind: &Kind| told.get(kind.word).is_some_and(|at| now.since(*at) < self.scaled(AGAIN));
        let tell: Vec<&Kind> = KINDS.iter().filter(|kind| old(kind) && !fresh(kind)).collect();
        let mut keep: BTreeMap<String, Timestamp> = told.clone();
        // What is well again is told of at once when it comes back.
        keep.retain(|word, _| KINDS.iter().any(|kind| kind.word == word && old(kind)));
        keep.extend(tell.iter().map(|kind| (kind.word.to_owned(), now)));
        if keep == told {
            return Ok(());
        }
        let (tell, ages, keep) = (&tell, &ages, &keep);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                for kind in tell {
                    let Some((count, since)) = ages.get(kind.word) else { continue };
                    let text = format!(
                        "{count} {}, the oldest for {}. {}",
                        kind.what,
                        time::short_age(now.since(*since)),
                        kind.then
                    );
                    let topic = now.micros().to_string();
                    alarm(tx, self, "age", &topic, kind.title, text, &format!("age:{}", kind.word), now).await?;
                }
                let kept: BTreeMap<&String, i64> = keep.iter().map(|(word, at)| (word, at.micros())).collect();
                rail::set_setting(tx, TOLD, &serde_json::json!(kept).to_string(), "system", now).await
            })
            .await
    }
}

async fn ages(tx: &mut Tx) -> Result<Ages, StoreError> {
    let mut ages = Ages::new();
    for (state, count, since) in attempts::standing(tx).await? {
        if let Some(kind) = KINDS.iter().find(|kind| kind.word == state) {
            ages.insert(kind.word, (count, since));
        }
    }
    let (_, parts) = boosts::listing::standing(tx).await?;
    if let Some((_, count, since)) = parts.iter().find(|(state, ..)| state == "unknown") {
        ages.insert("boost", (*count, Timestamp::from_micros(*since)));
    }
    if let (count, Some(since)) = cases::waiting(tx).await? {
        ages.insert("case", (count, since));
    }
    Ok(ages)
}

async fn told(tx: &mut Tx) -> Result<BTreeMap<String, Timestamp>, StoreError> {
    let kept: Option<BTreeMap<String, i64>> =
        rail::setting(tx, TOLD).await?.and_then(|kept| serde_json::from_str(&kept).ok());
    Ok(kept.unwrap_or_default().into_iter().map(|(word, at)| (word, Timestamp::from_micros(at))).collect())
}
