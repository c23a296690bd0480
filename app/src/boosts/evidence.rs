//! What can be found out about a placement whose answer was lost, for the person who rules on it.
//!
//! Only reads: the balance after, and the orders that the panel made about then and that nobody here has. It decides
//! nothing.

use crate::jobs::Again;
use crate::panels::CallError;
use crate::{App, StoreError};
use domain::Timestamp;
use domain::breaker::CallClass;
use domain::decimal::Decimal;
use domain::smm::Adapter;
use std::time::Duration;
use store::boosts::placements::{self, Placement};
use store::boosts::track;
use store::providers::Provider;
use store::{boosts, providers};

/// So many ids between two known ones are asked about; more say nothing.
const IDS_MAX: u64 = 100;

impl App {
    /// Finds out what can be found out about a placement whose answer was lost.
    pub(crate) async fn gather_evidence(&self, placement: i64, now: Timestamp) -> Result<Again, StoreError> {
        let found = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let Some(placement) = placements::find(tx, placement).await?.filter(|found| found.state == "unknown")
                else {
                    return Ok(None);
                };
                let provider = providers::find(tx, placement.provider).await?;
                let neighbours = track::neighbours(tx, &placement).await?;
                let since = placement.balance_before_at.unwrap_or(placement.sending_at);
                let others = placements::others_since(tx, &placement, since).await?;
                Ok::<_, StoreError>(provider.map(|provider| (placement, provider, neighbours, others)))
            })
            .await?;
        let Some((lost, provider, neighbours, others)) = found else { return Ok(Again::Done) };
        let object = boosts::object(lost.order);
        let balance = self
            .read_call(&provider, CallClass::Balance, &object, |smm, panel, correlation| async move {
                smm.balance(&panel, &correlation).await
            })
            .await;
        let balance = match balance {
            Ok(balance) => balance,
            Err(CallError::Store(error)) => return Err(error),
            Err(error) => return Ok(Again::Wait(self.scaled(Duration::from_secs(60)), error.to_string())),
        };
        let mut lines = vec![balance_line(&lost, &balance.amount, others)];
        lines.extend(self.candidate_lines(&provider, &lost, neighbours, &object).await?);
        let (lines, amount, lost) = (&lines, balance.amount.as_str(), &lost);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                placements::add_evidence(tx, lost.id, lines, Some(amount)).await?;
                let data = serde_json::json!({ "boost_id": lost.order.get(), "why": "evidence was gathered" });
                let event = domain::event::EventType::BoostChanged;
                crate::record::event(tx, self, event, &boosts::object(lost.order), &lost.correlation, &data, now).await
            })
            .await?;
        Ok(Again::Done)
    }

    /// Orders that the panel made about then and that nobody here has.
    async fn candidate_lines(
        &self,
        provider: &Provider,
        lost: &Placement,
        (before, after): (Option<String>, Option<String>),
        object: &str,
    ) -> Result<Vec<String>, StoreError> {
        if self.adapter_of(provider) == Adapter::Legacy {
            return Ok(vec!["the legacy adapter cannot ask about orders".to_owned()]);
        }
        let number = |id: &Option<String>| id.as_deref().and_then(|id| id.parse::<u64>().ok());
        let Some(first) = number(&before) else {
            return Ok(vec!["no order of ours came before it, so its number cannot be guessed".to_owned()]);
        };
        let last = number(&after).unwrap_or(first.saturating_add(IDS_MAX + 1)).min(first.saturating_add(IDS_MAX + 1));
        let ids: Vec<String> = (first + 1..last).map(|id| id.to_string()).collect();
        if ids.is_empty() {
            return Ok(vec![format!(
                "the panel's orders {first} and {last} are ours and follow each other: no number is left for it"
            )]);
        }
        let answers = match self.ask_orders(provider, &ids, object).await {
            Ok(answers) => answers,
            Err(CallError::Store(error)) => return Err(error),
            Err(error) => return Ok(vec![format!("its orders could not be asked about: {error}")]),
        };
        let mut lines = Vec::new();
        for (id, answer) in &answers {
            let Ok(status) = answer else { continue };
            let known = self
                .store()
                .read(|mut tx| async move { placements::part_with_order(&mut tx, provider.id, id).await })
                .await?;
            if known.is_none() {
                let charge = status.charge.as_deref().unwrap_or("?");
                lines.push(format!(
                    "order {id} is at the panel and nobody's here: {}, charge {charge}, expected {}",
                    status.word, lost.quote_text
                ));
            }
        }
        if lines.is_empty() {
            lines.push(format!(
                "of the panel's orders {} to {} none answers that nobody here has",
                ids[0],
                ids[ids.len() - 1]
            ));
        }
        Ok(lines)
    }
}

/// The balance before and after, and what the difference says.
fn balance_line(lost: &Placement, after: &str, others: i64) -> String {
    let Some(before) = lost.balance_before.as_deref() else {
        return format!("the balance is {after}; it had not been read before");
    };
    let delta = Decimal::parse_panel(before).ok().zip(Decimal::parse_panel(after).ok());
    let delta = delta.and_then(|(before, after)| before.checked_sub(after).ok());
    let moved = delta.map_or_else(|| "?".to_owned(), |delta| delta.to_string());
    let trust = match others {
        0 => "no other order was on its way or taken meanwhile".to_owned(),
        n => format!("not to be trusted: {n} others were on their way or taken meanwhile"),
    };
    format!(
        "the balance went from {before} to {after}, {moved} less; the order would cost {}; {trust}",
        lost.quote_text
    )
}
