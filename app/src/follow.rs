//! Finding out: every read of a transfer, whoever asked for it (the schedule, a webhook's hint, an operator, recovery).
//!
//! A read is compared with what was sent; a difference freezes the withdrawal. Found: its state is adopted. Not found:
//! not proof; after `timing.resend_after` and three spaced empty look-ups the same reference may be sent again
//! (`flutterwave.md` section 7). A paid withdrawal that reads as failed becomes a case, never an automatic flip.

use crate::jobs::{self, Again, Work};
use crate::notice::Notice;
use crate::payout::posting;
use crate::{App, StoreError, notice, record};
use domain::case::CaseKind;
use domain::event::EventType;
use domain::ledger::{Account, Journal};
use domain::outcome::Fault;
use domain::withdrawal::{FrozenFrom, WithdrawalEvent, WithdrawalState, WithdrawalState as S};
use domain::{Currency, IdempotencyKey, Money, Timestamp, WithdrawalId, schedule};
use providers::ReadError;
use providers::flutterwave::{Found, Transfer, TransferStatus, fault_of};
use providers::http::Exchange;
use serde_json::json;
use std::time::Duration;
use store::attempts::Attempt;
use store::holds::Close;
use store::jobs::Claimed;
use store::withdrawals::Withdrawal;
use store::{Tx, attempts, holds, ledger, withdrawals};

/// Empty look-ups that must have been seen, spaced, before the same reference may be sent again.
const EMPTIES_NEEDED: i64 = 3;

/// What the user is told of a failure: neutral, and what to do next.
pub(crate) fn user_reason(code: &str) -> &'static str {
    match code {
        "beneficiary" => "The bank could not find this account. Please check the bank and account number.",
        "blacklisted" => "The bank refused this account. Please use another one.",
        _ => "The bank could not complete the transfer. You can ask again, or use another account.",
    }
}

/// What a read says.
enum Seen {
    Transfer(Box<Transfer>),
    Nothing,
    Failed(ReadError),
}

impl App {
    /// Whether the same reference may be sent again.
    pub(crate) fn may_resend(&self, attempt: &Attempt, now: Timestamp) -> bool {
        let waited = attempt.sending_at.is_some_and(|at| now.since(at) >= self.settings().timing.resend_after);
        attempt.state == "unknown" && attempt.empties >= EMPTIES_NEEDED && waited
    }

    /// Reads the transfer of a withdrawal that is on its way and does what the answer says.
    pub(crate) async fn look_up(&self, job: &Claimed, id: WithdrawalId, now: Timestamp) -> Result<Again, StoreError> {
        let found = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let Some(w) = withdrawals::find(tx, id).await? else { return Ok(None) };
                Ok::<_, StoreError>(attempts::find(tx, id, w.attempt).await?.map(|attempt| (w, attempt)))
            })
            .await?;
        let Some((w, attempt)) = found else { return Ok(Again::Done) };
        if !matches!(w.state, S::Unknown | S::Sent | S::Frozen | S::Paid) || attempt.sends == 0 {
            return Ok(Again::Done);
        }
        let (seen, exchange) = self.read_transfer(&attempt).await;
        self.crash_point("looked");
        let now_read = self.now().max(now);
        let (seen, exchange, attempt) = (&seen, &exchange, &attempt);
        self.store()
            .write(|mut tx| async move { self.seen_in(&mut tx, job, attempt, seen, exchange, now_read).await })
            .await
    }

    async fn read_transfer(&self, attempt: &Attempt) -> (Seen, Exchange) {
        if let Some(provider_id) = attempt.provider_id {
            let (read, exchange) = self.flutterwave().get(provider_id).await;
            return match read {
                Ok(Some(transfer)) => (Seen::Transfer(Box::new(transfer)), exchange),
                Ok(None) => (Seen::Nothing, exchange),
                Err(error) => (Seen::Failed(error), exchange),
            };
        }
        let (read, exchange) = self.flutterwave().find(&attempt.reference).await;
        match read {
            Ok(Found::One(transfer)) => (Seen::Transfer(Box::new(transfer)), exchange),
            Ok(Found::None) => (Seen::Nothing, exchange),
            Err(error) => (Seen::Failed(error), exchange),
        }
    }

    async fn seen_in(
        &self,
        tx: &mut Tx,
        job: &Claimed,
        asked: &Attempt,
        seen: &Seen,
        exchange: &Exchange,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let id = asked.withdrawal;
        let Some(w) = withdrawals::find_locked(tx, id).await? else { return Ok(Again::Done) };
        let Some(attempt) = attempts::find(tx, id, w.attempt).await? else { return Ok(Again::Done) };
        let outcome = match seen {
            Seen::Transfer(_) => "found",
            Seen::Nothing => "none",
            Seen::Failed(error) => error.code(),
        };
        self.keep_exchange(tx, &w.object(), Some(asked), exchange, outcome, &w.correlation, now).await?;
        if (attempt.n, attempt.sends) != (asked.n, asked.sends) {
            // It was sent again while the rail was asked: the answer is about what was before.
            return Ok(Again::Later(self.settings().timing.lookup_first));
        }
        match (seen, w.state) {
            (_, S::Unknown | S::Sent | S::Frozen | S::Paid) => {}
            // Ruled or failed meanwhile: what the rail says now cannot move money, but it must be explained.
            (Seen::Transfer(transfer), S::Failed) if transfer.status != TransferStatus::Failed => {
                let what =
                    format!("{} is failed with us and {} at the rail", attempt.reference, transfer.status.as_str());
                self.difference_in(tx, &w.object(), &what, &w.correlation, now).await?;
                return Ok(Again::Done);
            }
            _ => return Ok(Again::Done),
        }
        match seen {
            Seen::Failed(error) => {
                self.metrics().count("flutterwave_api_errors_total", &[("error_code", error.code())]);
                let tries = u32::try_from(job.attempts).unwrap_or(1).saturating_sub(1);
                let wait = schedule::backoff(tries.min(6), self.roll(), error.retry_after());
                Ok(Again::Wait(self.scaled(wait), error.to_string()))
            }
            Seen::Nothing => self.nothing_in(tx, w, attempt, now).await,
            Seen::Transfer(transfer) => self.found_in(tx, w, attempt, transfer, now).await,
        }
    }

    async fn nothing_in(
        &self,
        tx: &mut Tx,
        w: Withdrawal,
        attempt: Attempt,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let timing = &self.settings().timing;
        if w.state != S::Unknown {
            // The rail had it and says now that it does not: nothing moves, a person looks.
            let what = format!("the rail does not find transfer {} any more", attempt.reference);
            self.difference_in(tx, &w.object(), &what, &w.correlation, now).await?;
            return Ok(if w.state == S::Sent { Again::Later(timing.lookup_spacing) } else { Again::Done });
        }
        let spaced = now.minus(timing.lookup_spacing - timing.lookup_spacing / 10);
        attempts::note_empty(tx, attempt.id, spaced, now).await?;
        let attempt = attempts::find(tx, w.id, w.attempt).await?.unwrap_or(attempt);
        if self.may_resend(&attempt, now) {
            tracing::info!(withdrawal.id = %w.id, correlation = %w.correlation, "The same reference is sent again");
            jobs::due(tx, Work::Send(w.id), now, now).await?;
        }
        Ok(Again::Later(timing.lookup_spacing))
    }

    async fn found_in(
        &self,
        tx: &mut Tx,
        mut w: Withdrawal,
        attempt: Attempt,
        transfer: &Transfer,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let Some(sent) = self.sent_transfer(&w, &attempt) else {
            return Ok(Again::Wait(self.settings().timing.follow, "the bank details cannot be opened".to_owned()));
        };
        let mut words: Vec<String> = transfer.differences(&sent).iter().map(ToString::to_string).collect();
        if let Some(known) = attempt.provider_id.filter(|known| *known != transfer.id) {
            words.push(format!("id is {}, was {known}", transfer.id));
        }
        if !words.is_empty() {
            return self.mismatch_in(tx, w, &words.join("; "), now).await;
        }
        if w.state == S::Frozen {
            // It reads well now, but it did not before: a person rules, and sees this in the trail.
            let why = format!("reads as it was sent now, {} at the rail", transfer.status.as_str());
            return self.frozen_read_in(tx, &w, &why, now).await;
        }
        if w.state == S::Paid {
            if transfer.status == TransferStatus::Failed {
                self.late_reversal_in(tx, &w, transfer, now).await?;
            }
            return Ok(Again::Done);
        }
        if w.state == S::Unknown && transfer.status != TransferStatus::Failed {
            attempts::advance(tx, attempt.id, "unknown", "accepted", None, now).await?;
            self.accept_in(tx, w, &attempt, transfer, now).await?;
            let Some(fresh) = withdrawals::find_locked(tx, attempt.withdrawal).await? else { return Ok(Again::Done) };
            w = fresh;
        }
        match transfer.status {
            TransferStatus::Successful => {
                self.pay_in(tx, w, &attempt, now).await?;
                Ok(Again::Done)
            }
            TransferStatus::Failed => {
                self.failed_in(tx, w, &attempt, transfer, now).await?;
                Ok(Again::Done)
            }
            _ => Ok(Again::Later(self.follow_wait(&attempt, now))),
        }
    }

    /// The longer a transfer is on its way, the more seldom it is asked for: a tenth of its age, at most as seldom as an
    /// unknown one.
    fn follow_wait(&self, attempt: &Attempt, now: Timestamp) -> Duration {
        let timing = &self.settings().timing;
        let age = attempt.sending_at.map_or(Duration::ZERO, |at| now.since(at));
        (age / 10).clamp(timing.follow, timing.lookup_spacing.max(timing.follow))
    }

    /// Proven paid.
    async fn pay_in(
        &self,
        tx: &mut Tx,
        mut w: Withdrawal,
        attempt: &Attempt,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        w.state = w.state.on(WithdrawalEvent::Pay).map_err(|e| StoreError::Constraint(e.to_string()))?;
        attempts::advance(tx, attempt.id, "accepted", "paid", None, now).await?;
        let fee = attempts::find(tx, w.id, attempt.n).await?.and_then(|attempt| attempt.fee);
        let journal = paid_journal(&w, attempt, fee, now);
        ledger::post(tx, &journal).await.map_err(posting)?;
        self.told_paid(tx, w, now).await
    }

    /// The row, the event and the user's news of a payment.
    pub(crate) async fn told_paid(&self, tx: &mut Tx, w: Withdrawal, now: Timestamp) -> Result<(), StoreError> {
        withdrawals::update(tx, &w, now).await?;
        let data =
            json!({ "withdrawal_id": w.id.get(), "user_id": w.user.get(), "payout": w.payout, "amount": w.amount });
        let kind = EventType::WithdrawalCompleted;
        let event = record::event(tx, self, kind, &w.object(), &w.correlation, &data, now).await?;
        let key = format!("{}:paid", w.object());
        notice::user(tx, w.user, &Notice::WithdrawalPaid(self.news(&w)), &key, &event, &w.correlation, now).await?;
        self.metrics().count("withdrawal_requests_total", &[("status", "paid")]);
        tracing::info!(withdrawal.id = %w.id, correlation = %w.correlation, "Withdrawal {} paid", w.id);
        Ok(())
    }

    /// Proven failed by the rail: ours goes back to the queue under the next reference, theirs back to the user.
    async fn failed_in(
        &self,
        tx: &mut Tx,
        mut w: Withdrawal,
        attempt: &Attempt,
        transfer: &Transfer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let fault = fault_of(&transfer.message);
        let captured = w.state == WithdrawalState::Sent;
        let from = if captured { "accepted" } else { "unknown" };
        attempts::note_provider(tx, attempt.id, transfer.id, transfer.fee, &transfer.fee_text, now).await?;
        attempts::advance(tx, attempt.id, from, "failed", Some(&transfer.message), now).await?;
        w.state = w.state.on(WithdrawalEvent::Fail(fault)).map_err(|e| StoreError::Constraint(e.to_string()))?;
        if captured {
            self.reverse_sent(tx, &mut w, attempt, fault == Fault::Ours, now).await?;
        } else if fault == Fault::Theirs {
            crate::approvals::release(tx, &w, "system", now).await?;
        }
        if fault == Fault::Theirs {
            if captured {
                give_back(tx, &w, attempt, now).await?;
            }
            return self.told_failed(tx, w, "transfer_failed", &transfer.message, now).await;
        }
        self.intend(tx, &mut w, now).await?;
        withdrawals::update(tx, &w, now).await?;
        let data = json!({ "withdrawal_id": w.id.get(), "state": "queued", "why": transfer.message });
        record::event(tx, self, EventType::WithdrawalChanged, &w.object(), &w.correlation, &data, now).await?;
        // Each failed attempt waits longer: an empty float is not filled by trying.
        let tries = u32::try_from(attempt.n).unwrap_or(1).clamp(1, 15);
        let asked = Some(self.settings().timing.rail_pause * tries);
        let wait = self.pause_rail(tx, "failed_ours", &transfer.message, asked, &w.correlation, now).await?;
        jobs::due(tx, Work::Send(w.id), now.plus(wait), now).await
    }

    /// Undoes the capture. With `hold` the money stays held, under a new hold row, for the next attempt.
    pub(crate) async fn reverse_sent(
        &self,
        tx: &mut Tx,
        w: &mut Withdrawal,
        attempt: &Attempt,
        hold: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let n = crate::users::attempt_number(attempt.n);
        let sent_key = IdempotencyKey::withdrawal_step(w.id, n, "sent");
        let original = ledger::journal_by_key(tx, sent_key.as_str()).await?;
        let original = original.ok_or_else(|| StoreError::Constraint(format!("{} was not captured", w.object())))?;
        let lines = ledger::lines_of_journal(tx, original).await?;
        let key = IdempotencyKey::withdrawal_step(w.id, n, "reversed");
        let mut journal = Journal::new(key, "withdrawal.reversed", "system", w.object(), now);
        journal.reverses = Some(original);
        for line in &lines {
            let amount = line.amount.checked_neg().map_err(|e| StoreError::Constraint(e.to_string()))?;
            let account = Account::named(line.account.clone(), line.amount.currency());
            journal.entries.push(domain::ledger::Entry { account, amount });
        }
        let posted = ledger::post(tx, &journal).await.map_err(posting)?;
        if hold {
            w.hold_n += 1;
            let held = Account::held(w.user, w.source.into());
            holds::open(tx, &w.object(), w.hold_n, &held, w.amount, posted.id, now).await?;
        }
        Ok(())
    }

    /// A read differs from what was sent: nothing moves until a person rules.
    async fn mismatch_in(
        &self,
        tx: &mut Tx,
        mut w: Withdrawal,
        what: &str,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        if w.state == S::Frozen {
            return self.frozen_read_in(tx, &w, &format!("still differs: {what}"), now).await;
        }
        if w.state == S::Paid {
            self.difference_in(tx, &w.object(), what, &w.correlation, now).await?;
            return Ok(Again::Done);
        }
        let from = match w.state {
            WithdrawalState::Sent => FrozenFrom::Sent,
            WithdrawalState::Sending => FrozenFrom::Sending,
            _ => FrozenFrom::Unknown,
        };
        w.state = w.state.on(WithdrawalEvent::Mismatch).map_err(|e| StoreError::Constraint(e.to_string()))?;
        w.frozen_from = Some(from);
        withdrawals::update(tx, &w, now).await?;
        let data = json!({ "withdrawal_id": w.id.get(), "difference": what });
        record::event(tx, self, EventType::WithdrawalFrozen, &w.object(), &w.correlation, &data, now).await?;
        let text =
            format!("Withdrawal {}: the rail's record differs: {what}. Nothing moves until it is settled.", w.id);
        notice::alarm(tx, self, "frozen", &w.object(), "Payout frozen", text, &w.correlation, now).await?;
        self.metrics().count("withdrawal_requests_total", &[("status", "frozen")]);
        Ok(Again::Done)
    }

    /// What a read of a frozen payout said, for the person who rules on it.
    async fn frozen_read_in(
        &self,
        tx: &mut Tx,
        w: &Withdrawal,
        why: &str,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let data = json!({ "withdrawal_id": w.id.get(), "state": "frozen", "why": why });
        record::event(tx, self, EventType::WithdrawalChanged, &w.object(), &w.correlation, &data, now).await?;
        Ok(Again::Done)
    }

    async fn late_reversal_in(
        &self,
        tx: &mut Tx,
        w: &Withdrawal,
        transfer: &Transfer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let what = format!("book {} of withdrawal {} as returned by the bank", w.payout, w.id);
        let payload = json!({ "withdrawal": w.id.get() });
        let reason = format!("the rail says {}: {}", transfer.status.as_str(), transfer.message);
        let (case, new) =
            self.system_case_in(tx, CaseKind::LateReversal, &w.object(), &what, &payload, &reason, now).await?;
        if new {
            let text = format!(
                "{} was paid and is now reported as failed. Case {} waits.",
                w.object(),
                notice::case_name(case)
            );
            notice::alarm(tx, self, "late_reversal", &w.object(), "Late reversal", text, &w.correlation, now).await?;
        }
        Ok(())
    }
}

/// Reversed money that lies in `:held` without a hold goes back to the purse.
pub(crate) async fn give_back(
    tx: &mut Tx,
    w: &Withdrawal,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = IdempotencyKey::withdrawal_step(w.id, crate::users::attempt_number(attempt.n), "given_back");
    let purse = w.source.into();
    let journal = Journal::new(key, "withdrawal.failed", "system", w.object(), now).transfer(
        Account::held(w.user, purse),
        Account::purse(w.user, purse),
        w.amount,
    );
    ledger::post(tx, &journal).await.map(|_| ()).map_err(posting)
}

/// Money that left clearing for the bank: the payout and the rail's fee.
pub(crate) fn paid_journal(w: &Withdrawal, attempt: &Attempt, fee: Option<Money>, now: Timestamp) -> Journal {
    let key = IdempotencyKey::withdrawal_step(w.id, crate::users::attempt_number(attempt.n), "paid");
    let clearing = Account::platform("clearing:flutterwave", Currency::Ngn);
    let bank = Account::bank(Currency::Ngn);
    let journal = Journal::new(key, "withdrawal.paid", "system", w.object(), now).transfer(
        clearing.clone(),
        bank.clone(),
        w.payout,
    );
    match fee.filter(|fee| fee.is_positive()) {
        Some(fee) => journal.transfer(clearing, bank, fee),
        None => journal,
    }
}

/// Captures a hold for an operator's ruling that the payout arrived.
pub(crate) async fn capture_ruled(
    tx: &mut Tx,
    w: &Withdrawal,
    kind: &'static str,
    actor: &str,
    now: Timestamp,
) -> Result<(), StoreError> {
    let hold = holds::find_open(tx, &w.object()).await?;
    let hold = hold.ok_or_else(|| StoreError::Constraint(format!("{} has no open hold", w.object())))?;
    let held = Account::held(w.user, w.source.into());
    let bank = Account::bank(Currency::Ngn);
    let key = IdempotencyKey::withdrawal_step(w.id, crate::users::attempt_number(w.attempt), "ruled");
    let mut journal = Journal::new(key, kind, actor, w.object(), now);
    if w.fee.is_positive() {
        journal = journal.transfer(held.clone(), Account::platform("revenue", w.fee.currency()), w.fee);
    }
    let net = w.amount.checked_sub(w.fee).unwrap_or(w.amount);
    journal = match w.amount.currency() {
        Currency::Ngn => journal.transfer(held, bank, net),
        _ => journal.exchange(held, net, bank, w.payout),
    };
    let posted = ledger::post(tx, &journal).await.map_err(posting)?;
    holds::close(tx, hold.id, Close::Captured, posted.id, now).await
}
