//! What the ops chats are told of a catalogue: what is mapped and can no longer be sold.

use crate::notice::alarm;
use crate::{App, StoreError};
use domain::catalogue::Changes;
use domain::{Timestamp, text};
use store::Tx;
use store::catalogue::{Of, mappings};
use store::providers::Provider;

/// Names in an alarm; the rest is a number.
const NAMED: usize = 5;

impl App {
    /// What is mapped and cannot be sold any more since this run.
    pub(super) async fn tell_mapped(
        &self,
        tx: &mut Tx,
        provider: &Provider,
        id: i64,
        changes: &Changes<'_>,
        first: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (mut gone, mut jumped, mut other, mut absent) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for mapped in mappings(tx, Of::Provider(provider.id)).await? {
            let name = format!("{} ({})", mapped.service.key, mapped.panel_service);
            let Some(offer) = &mapped.offer else {
                // Told once: what a mapping names was never there.
                absent.extend(first.then_some(name));
                continue;
            };
            if changes.gone.iter().any(|known| known.id == offer.id) {
                gone.push(name);
            } else if let Some(change) = changes.changed.iter().find(|change| change.was.id == offer.id) {
                let fitted = change.was.offer.kind == Some(mapped.service.kind);
                if change.is_jump() {
                    let usual = change.rate_before.unwrap_or(change.was.offer.rate);
                    jumped.push(format!("{name} from {usual} to {} {}", change.offer.rate, provider.currency));
                } else if fitted && change.offer.kind != change.was.offer.kind {
                    other.push(format!("{name} is {} now", text::clean_line(&change.offer.kind_text, 40)));
                }
            }
        }
        for (what, title, names, then) in [
            (
                "gone",
                "A mapped service vanished",
                gone,
                "Nothing is placed there until it is back or another is mapped",
            ),
            ("price", "A mapped service's price jumped", jumped, "Nothing is placed there until somebody reviews it"),
            ("kind", "A mapped service's type changed", other, "Nothing is placed there until another is mapped"),
            ("absent", "A mapped service is not in the catalogue", absent, "Map one that is"),
        ] {
            if names.is_empty() {
                continue;
            }
            let more = names.len().saturating_sub(NAMED);
            let rest = if more > 0 { format!(" and {more} more") } else { String::new() };
            let names = names.into_iter().take(NAMED).collect::<Vec<_>>().join(", ");
            let text = format!("{}: {names}{rest}. {then}.", provider.name);
            self.tell(tx, provider, id, what, title, text, now).await?;
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "an alarm's parts")]
    pub(super) async fn tell(
        &self,
        tx: &mut Tx,
        provider: &Provider,
        id: i64,
        what: &str,
        title: &str,
        text: String,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let topic = format!("{}:{what}", provider.name);
        alarm(tx, self, "catalogue", &topic, title, text, &format!("sync-{id}"), now).await
    }
}
