//! Sending a payout, exactly once: the sending mark, the call, the outcome (`money-safety.md` section 6).
//!
//! One code path sends; it is run by the job of one withdrawal, in a lane that runs one at a time. The intent and its
//! reference were committed with the approval. The mark is durable before the first byte; the outcome is one commit
//! that carries the fence of the mark. What is not proven is `unknown`, and `follow` finds out.

use crate::jobs::{self, Again, Work};
use crate::notice::Notice;
use crate::withdrawals::approval_digest;
use crate::{App, StoreError, notice, record};
use domain::event::EventType;
use domain::ledger::{Account, Journal, Purse};
use domain::outcome::{Fault, LocalReason, Outcome};
use domain::switch::Switch;
use domain::withdrawal::{Mode, WithdrawalEvent, WithdrawalState};
use domain::{Currency, IdempotencyKey, Money, Timestamp, WithdrawalId, text};
use providers::flutterwave::{NewTransfer, Transfer};
use providers::http::Exchange;
use serde_json::json;
use std::time::Duration;
use store::attempts::Attempt;
use store::holds::Close;
use store::jobs::Claimed;
use store::ledger::PostError;
use store::withdrawals::Withdrawal;
use store::{Tx, attempts, holds, ledger, rail, signatures, users, withdrawals};

/// The name of the payout rail in rows and metrics.
pub(crate) const RAIL: &str = "flutterwave";

/// So many sends in a row without a certain outcome pause the rail.
const UNKNOWN_RUN: i64 = 3;

/// A posting inside a state change: a refusal means that our books and states disagree, which is never retried.
pub(crate) fn posting(error: PostError) -> StoreError {
    match error {
        PostError::Store(error) => error,
        other => StoreError::Constraint(other.to_string()),
    }
}

/// What the mark's transaction decided.
enum Marked {
    /// Send this; the attempt's row carries the job's fence.
    Send(Box<Withdrawal>, Box<Attempt>),
    /// Not now; the reason is on the job's row.
    Wait(Duration, String),
    /// Nothing to do any more.
    Gone,
}

impl App {
    /// Sends one withdrawal, if it may be sent now.
    pub(crate) async fn send(&self, job: &Claimed, id: WithdrawalId, now: Timestamp) -> Result<Again, StoreError> {
        self.crash_point("claimed");
        let total = self.settings().timing.transfer_total;
        let lease_until = now.plus(total + Duration::from_secs(30));
        let marked =
            self.store().write(|mut tx| async move { self.mark_in(&mut tx, job, id, lease_until, now).await }).await?;
        let (w, attempt) = match marked {
            Marked::Send(w, attempt) => (w, attempt),
            Marked::Wait(wait, why) => return Ok(Again::Wait(wait, why)),
            Marked::Gone => return Ok(Again::Done),
        };
        self.crash_point("marked");
        let Some(transfer) = self.sent_transfer(&w, &attempt) else {
            // The mark stands, but nothing left: the bank details cannot be opened, which is ours to repair.
            let reason = LocalReason::Refused("the bank details cannot be opened with this envelope key".to_owned());
            let exchange = local_exchange(&reason);
            return self.settle_send(job.fence, *w, *attempt, Outcome::NotSent(reason), exchange, now).await;
        };
        let (outcome, exchange) = self.flutterwave().transfer(&transfer, &w.correlation).await;
        self.crash_point("called");
        let now = self.now();
        let settled = self.settle_send(job.fence, *w, *attempt, outcome, exchange, now).await;
        self.crash_point("settled");
        settled
    }

    /// The sending mark. Everything that can hold a payout back is asked here, in the same transaction.
    async fn mark_in(
        &self,
        tx: &mut Tx,
        job: &Claimed,
        id: WithdrawalId,
        lease_until: Timestamp,
        now: Timestamp,
    ) -> Result<Marked, StoreError> {
        let Some(mut w) = withdrawals::find_locked(tx, id).await? else { return Ok(Marked::Gone) };
        let resend = w.state == WithdrawalState::Unknown;
        let queued = w.state == WithdrawalState::Queued && w.mode == Mode::Automatic;
        if !(queued || resend) {
            return Ok(Marked::Gone);
        }
        if let Some((wait, why)) = self.held_back(tx, &w, now).await? {
            return Ok(Marked::Wait(wait, why));
        }
        let digest = approval_digest(&w);
        if !resend {
            let valid = signatures::valid(tx, &w.object(), &digest, now).await?;
            if (valid.len() as i64) < w.needed {
                self.approval_over(tx, w, now).await?;
                return Ok(Marked::Gone);
            }
        }
        let Some(attempt) = attempts::find(tx, id, w.attempt).await? else { return Ok(Marked::Gone) };
        if resend && !self.may_resend(&attempt, now) {
            return Ok(Marked::Gone);
        }
        if holds::find_open(tx, &w.object()).await?.is_none_or(|hold| hold.amount != w.amount) {
            return Err(StoreError::Constraint(format!("{} has no hold of its amount", w.object())));
        }
        attempts::mark_sending(tx, attempt.id, job.fence, lease_until, now).await?;
        w.state = w.state.on(WithdrawalEvent::Send).map_err(|error| StoreError::Constraint(error.to_string()))?;
        withdrawals::update(tx, &w, now).await?;
        w.version += 1;
        let data = json!({ "withdrawal_id": id.get(), "state": "sending", "reference": attempt.reference });
        record::event(tx, self, EventType::WithdrawalChanged, &w.object(), &w.correlation, &data, now).await?;
        Ok(Marked::Send(Box::new(w), Box::new(attempt)))
    }

    /// What holds sending back now: switch, failed invariant, rail, frozen user, ceiling, float.
    async fn held_back(
        &self,
        tx: &mut Tx,
        w: &Withdrawal,
        now: Timestamp,
    ) -> Result<Option<(Duration, String)>, StoreError> {
        let soon = Duration::from_secs(1);
        if let Some(reason) = rail::paused(tx, Switch::Withdrawals).await? {
            return Ok(Some((soon, format!("withdrawals are paused: {reason}"))));
        }
        let state = rail::rail(tx, RAIL).await?;
        match (state.state.as_str(), state.until) {
            ("ok", _) => {}
            (_, Some(until)) if until <= now => {}
            (_, Some(until)) => {
                return Ok(Some((until.since(now), format!("the payout rail pauses: {}", state.reason))));
            }
            (_, None) => return Ok(Some((soon * 5, format!("the payout rail is stopped: {}", state.reason)))),
        }
        if users::find(tx, w.user).await?.is_some_and(|user| user.frozen.is_some()) {
            return Ok(Some((soon * 60, "the user is frozen".to_owned())));
        }
        let hour = now.minus(Duration::from_secs(3_600));
        let sent = withdrawals::sent_since(tx, hour).await?;
        let ceiling = self.settings().withdrawals.hourly_ceiling;
        // What is sent again was counted when it was sent first, unless that is over an hour ago.
        let counted = w.state == WithdrawalState::Unknown
            && attempts::find(tx, w.id, w.attempt)
                .await?
                .is_some_and(|last| last.sending_at.is_some_and(|at| at > hour));
        let more = if counted { Money::zero(Currency::Ngn) } else { w.payout };
        let total = sent.checked_add(more).map_err(|error| StoreError::Constraint(error.to_string()))?;
        if total.minor() > ceiling.minor() {
            let why = format!("the hourly ceiling of {ceiling} would be passed ({sent} so far)");
            notice::alarm(tx, self, "ceiling", "hour", "Hourly payout ceiling", why.clone(), &w.correlation, now)
                .await?;
            return Ok(Some((soon * 60, why)));
        }
        self.float_short(tx, w, &state, now).await
    }

    /// A float that was read lately and is too small holds back what would only fail for it. Without a fresh reading the
    /// rail itself decides.
    async fn float_short(
        &self,
        tx: &mut Tx,
        w: &Withdrawal,
        state: &rail::Rail,
        now: Timestamp,
    ) -> Result<Option<(Duration, String)>, StoreError> {
        let every = self.settings().timing.float;
        let (Some(float), Some(at)) = (state.float, state.float_at) else { return Ok(None) };
        if now.since(at) > every * 3 || float.minor() >= w.payout.minor() {
            return Ok(None);
        }
        let why = format!("the payout float of {float} is too small for {}", w.payout);
        notice::alarm(tx, self, "float", "short", "Payout float short", why.clone(), &w.correlation, now).await?;
        Ok(Some((every, why)))
    }

    /// The signatures ran out before it was sent: it must be approved again.
    async fn approval_over(&self, tx: &mut Tx, mut w: Withdrawal, now: Timestamp) -> Result<(), StoreError> {
        w.state = w.state.on(WithdrawalEvent::Recall).map_err(|error| StoreError::Constraint(error.to_string()))?;
        w.revision += 1;
        w.signed = 0;
        signatures::void(tx, &w.object()).await?;
        if let Some(last) = attempts::find(tx, w.id, w.attempt).await?
            && matches!(last.state.as_str(), "intent" | "not_sent" | "rejected_ours")
        {
            attempts::advance(tx, last.id, &last.state, "void", Some("the approval ran out"), now).await?;
        }
        withdrawals::update(tx, &w, now).await?;
        let data = json!({ "withdrawal_id": w.id.get(), "why": "the approval ran out" });
        record::event(tx, self, EventType::WithdrawalRecalled, &w.object(), &w.correlation, &data, now).await?;
        let text = format!("Withdrawal {} was not sent before its approval ran out. Approve it again.", w.id);
        notice::alarm(tx, self, "approval", &w.object(), "Approval ran out", text, &w.correlation, now).await
    }

    /// What was, or will be, asked of the rail for an attempt; also what every read of it is compared with.
    pub(crate) fn sent_transfer(&self, w: &Withdrawal, attempt: &Attempt) -> Option<NewTransfer> {
        let vault = self.vault()?;
        Some(NewTransfer {
            reference: attempt.reference.clone(),
            bank_code: w.bank_code.clone(),
            account_number: vault.open("account", &w.account_enc).ok()?,
            beneficiary_name: vault.open("name", &w.name_enc).ok()?,
            amount: attempt.amount,
            narration: self.settings().withdrawals.narration.clone(),
        })
    }

    /// The outcome, in one commit that carries the mark's fence. A worker that lost its fence changes nothing, but tells
    /// what it saw, and the rail is asked again.
    async fn settle_send(
        &self,
        fence: i64,
        w: Withdrawal,
        attempt: Attempt,
        outcome: Outcome<Transfer>,
        exchange: Exchange,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let (w, attempt, outcome, exchange) = (&w, &attempt, &outcome, &exchange);
        let settled = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                self.keep_exchange(tx, &w.object(), Some(attempt), exchange, outcome.word(), &w.correlation, now)
                    .await?;
                self.outcome_in(tx, fence, w.id, attempt, outcome, now).await
            })
            .await;
        match settled {
            Err(StoreError::Stale) => {
                tracing::warn!(withdrawal.id = %w.id, correlation = %w.correlation, "An outcome came after its lease");
                self.store()
                    .write(|mut tx| async move {
                        let tx = &mut tx;
                        self.keep_exchange(
                            tx,
                            &w.object(),
                            Some(attempt),
                            exchange,
                            outcome.word(),
                            &w.correlation,
                            now,
                        )
                        .await?;
                        self.late_outcome_in(tx, w.id, attempt, outcome, now).await
                    })
                    .await?;
                Ok(Again::Done)
            }
            other => other,
        }
    }

    /// What a worker saw that had lost its lease: a success that matches answers the question; all else asks the rail.
    async fn late_outcome_in(
        &self,
        tx: &mut Tx,
        id: WithdrawalId,
        attempt: &Attempt,
        outcome: &Outcome<Transfer>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let found = withdrawals::find_locked(tx, id).await?;
        if let Outcome::Accepted(transfer) = outcome
            && let Some(w) = found.filter(|w| w.state == WithdrawalState::Unknown && w.attempt == attempt.n)
            && let Some(attempt) = attempts::find(tx, id, w.attempt).await?.filter(|last| last.state == "unknown")
        {
            attempts::advance(tx, attempt.id, "unknown", "accepted", None, now).await?;
            return self.accept_in(tx, w, &attempt, transfer, now).await;
        }
        jobs::due(tx, Work::Lookup(id), now, now).await
    }

    async fn outcome_in(
        &self,
        tx: &mut Tx,
        fence: i64,
        id: WithdrawalId,
        attempt: &Attempt,
        outcome: &Outcome<Transfer>,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let w = withdrawals::find_locked(tx, id).await?.ok_or(StoreError::Stale)?;
        if w.state != WithdrawalState::Sending {
            return Err(StoreError::Stale);
        }
        // The attempt as it was before the mark: a resend after a lost answer proves nothing about the first send.
        let resent = attempt.state == "unknown";
        match outcome {
            Outcome::Accepted(transfer) => {
                attempts::finish_sending(tx, attempt.id, fence, "accepted", None, now).await?;
                self.rail_works(tx, now).await?;
                self.accept_in(tx, w, attempt, transfer, now).await?;
                Ok(Again::Done)
            }
            Outcome::NotSent(reason) => {
                if resent {
                    return self.lost_in(tx, fence, w, attempt, "not_resent", &reason.to_string(), now).await;
                }
                attempts::finish_sending(tx, attempt.id, fence, "not_sent", Some(&reason.to_string()), now).await?;
                self.back_to_queue(tx, w, now).await?;
                let wait = self.not_sent(tx, attempt, reason, now).await?;
                Ok(Again::Wait(wait, reason.to_string()))
            }
            Outcome::Rejected(rejection) if resent => {
                if rejection.class == Fault::Ours {
                    let asked = rejection.retry_after_ms.map(Duration::from_millis);
                    self.pause_rail(tx, rejection.code, &rejection.text, asked, &w.correlation, now).await?;
                }
                self.lost_in(tx, fence, w, attempt, rejection.code, &rejection.text, now).await
            }
            Outcome::Rejected(rejection) => {
                let error = format!("{}: {}", rejection.code, rejection.text);
                if rejection.class == Fault::Theirs {
                    attempts::finish_sending(tx, attempt.id, fence, "rejected_theirs", Some(&error), now).await?;
                    self.fail_in(tx, w, rejection.code, &rejection.text, now).await?;
                    return Ok(Again::Done);
                }
                attempts::finish_sending(tx, attempt.id, fence, "rejected_ours", Some(&error), now).await?;
                let correlation = w.correlation.clone();
                self.back_to_queue(tx, w, now).await?;
                let asked = rejection.retry_after_ms.map(Duration::from_millis);
                let wait = self.pause_rail(tx, rejection.code, &rejection.text, asked, &correlation, now).await?;
                Ok(Again::Wait(wait, error))
            }
            Outcome::Unknown(evidence) => {
                self.lost_in(tx, fence, w, attempt, &evidence.code, &evidence.text, now).await
            }
        }
    }

    /// The answer was lost: `unknown`, with a look-up on its way.
    #[expect(clippy::too_many_arguments, reason = "an outcome's parts")]
    async fn lost_in(
        &self,
        tx: &mut Tx,
        fence: i64,
        mut w: Withdrawal,
        attempt: &Attempt,
        code: &str,
        words: &str,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let error = format!("{code}: {words}");
        attempts::finish_sending(tx, attempt.id, fence, "unknown", Some(&error), now).await?;
        self.become_unknown(tx, &mut w, &error, now).await?;
        // A rail that answers nothing certain would turn the whole queue unknown, one by one.
        if attempts::unknown_run(tx, RAIL, UNKNOWN_RUN).await? >= UNKNOWN_RUN {
            let words = format!("{UNKNOWN_RUN} sends in a row had no certain outcome");
            let wait = self.settings().timing.rail_pause * 5;
            self.pause_rail(tx, "unknown_run", &words, Some(wait), &w.correlation, now).await?;
        }
        Ok(Again::Done)
    }

    /// Marks a withdrawal unknown, tells the ops chats and asks the rail soon.
    pub(crate) async fn become_unknown(
        &self,
        tx: &mut Tx,
        w: &mut Withdrawal,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        w.state = w.state.on(WithdrawalEvent::LoseAnswer).map_err(|e| StoreError::Constraint(e.to_string()))?;
        withdrawals::update(tx, w, now).await?;
        w.version += 1;
        let data = json!({ "withdrawal_id": w.id.get(), "error": text::clean_line(error, 200) });
        record::event(tx, self, EventType::WithdrawalUnknown, &w.object(), &w.correlation, &data, now).await?;
        jobs::due(tx, Work::Lookup(w.id), now.plus(self.settings().timing.lookup_first), now).await?;
        let text = format!(
            "{} of withdrawal {}: {error}. It is looked up by its reference; nothing is sent again.",
            w.payout, w.id
        );
        notice::alarm(tx, self, "unknown", &w.object(), "Payout outcome unknown", text, &w.correlation, now).await?;
        self.metrics().count("withdrawal_requests_total", &[("status", "unknown")]);
        self.metrics().count("flutterwave_api_errors_total", &[("error_code", "unknown")]);
        tracing::warn!(withdrawal.id = %w.id, correlation = %w.correlation, "Withdrawal {} is unknown: {error}", w.id);
        Ok(())
    }

    /// The rail accepted it: the hold is captured, the transfer is followed.
    pub(crate) async fn accept_in(
        &self,
        tx: &mut Tx,
        mut w: Withdrawal,
        attempt: &Attempt,
        transfer: &Transfer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        w.state = w.state.on(WithdrawalEvent::Accept).map_err(|e| StoreError::Constraint(e.to_string()))?;
        attempts::note_provider(tx, attempt.id, transfer.id, transfer.fee, &transfer.fee_text, now).await?;
        let hold = holds::find_open(tx, &w.object()).await?;
        let hold = hold.ok_or_else(|| StoreError::Constraint(format!("{} has no open hold", w.object())))?;
        let journal = capture(&w, attempt, transfer, now);
        let posted = ledger::post(tx, &journal).await.map_err(posting)?;
        holds::close(tx, hold.id, Close::Captured, posted.id, now).await?;
        withdrawals::update(tx, &w, now).await?;
        let data = json!({ "withdrawal_id": w.id.get(), "reference": attempt.reference, "payout": w.payout });
        let kind = EventType::WithdrawalSent;
        let event = record::event(tx, self, kind, &w.object(), &w.correlation, &data, now).await?;
        let key = format!("{}:sent:{}", w.object(), attempt.n);
        notice::user(tx, w.user, &Notice::WithdrawalSent(self.news(&w)), &key, &event, &w.correlation, now).await?;
        let first = if transfer.status.is_final() { now } else { now.plus(self.settings().timing.follow) };
        jobs::due(tx, Work::Lookup(w.id), first, now).await?;
        self.metrics().count("withdrawal_requests_total", &[("status", "sent")]);
        tracing::info!(withdrawal.id = %w.id, correlation = %w.correlation, "Withdrawal {} accepted by the rail", w.id);
        Ok(())
    }

    /// Refused for a reason of the beneficiary before anything was captured: the money goes back.
    async fn fail_in(
        &self,
        tx: &mut Tx,
        mut w: Withdrawal,
        code: &str,
        words: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        w.state =
            w.state.on(WithdrawalEvent::Fail(Fault::Theirs)).map_err(|e| StoreError::Constraint(e.to_string()))?;
        crate::approvals::release(tx, &w, "system", now).await?;
        self.told_failed(tx, w, code, words, now).await
    }

    /// The row, the event, the user's and the ops chats' news of a failure whose money is back.
    pub(crate) async fn told_failed(
        &self,
        tx: &mut Tx,
        mut w: Withdrawal,
        code: &str,
        words: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        w.reason_code = Some(code.to_owned());
        w.reason = Some(crate::follow::user_reason(code).to_owned());
        withdrawals::update(tx, &w, now).await?;
        let data = json!({ "withdrawal_id": w.id.get(), "user_id": w.user.get(), "code": code });
        let kind = EventType::WithdrawalFailed;
        let event = record::event(tx, self, kind, &w.object(), &w.correlation, &data, now).await?;
        let key = format!("{}:failed", w.object());
        notice::user(tx, w.user, &Notice::WithdrawalFailed(self.news(&w)), &key, &event, &w.correlation, now).await?;
        let text =
            format!("Withdrawal {} of {} failed: {code}: {words}. The money is back with the user.", w.id, w.payout);
        notice::alarm(tx, self, "transfer_failed", &w.object(), "Transfer failed", text, &w.correlation, now).await?;
        self.metrics().count("withdrawal_requests_total", &[("status", "failed")]);
        tracing::warn!(withdrawal.id = %w.id, correlation = %w.correlation, "Withdrawal {} failed: {code}: {words}", w.id);
        Ok(())
    }

    async fn back_to_queue(&self, tx: &mut Tx, mut w: Withdrawal, now: Timestamp) -> Result<(), StoreError> {
        w.state = w.state.on(WithdrawalEvent::NotSent).map_err(|e| StoreError::Constraint(e.to_string()))?;
        withdrawals::update(tx, &w, now).await?;
        let data = json!({ "withdrawal_id": w.id.get(), "state": "queued" });
        record::event(tx, self, EventType::WithdrawalChanged, &w.object(), &w.correlation, &data, now).await?;
        Ok(())
    }

    /// Appends what was said on the wire.
    #[expect(clippy::too_many_arguments, reason = "an exchange's parts")]
    pub(crate) async fn keep_exchange(
        &self,
        tx: &mut Tx,
        object: &str,
        attempt: Option<&Attempt>,
        exchange: &Exchange,
        outcome: &str,
        correlation: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let kept = store::attempts::Exchange {
            object: object.to_owned(),
            attempt: attempt.map(|attempt| attempt.n),
            provider: RAIL.to_owned(),
            operation: exchange.operation.to_owned(),
            status: exchange.status.map(i64::from),
            latency_ms: exchange.latency_ms,
            outcome: outcome.to_owned(),
            request: exchange.request.clone(),
            reply: exchange.reply.clone(),
            correlation: correlation.to_owned(),
            at: now,
        };
        self.metrics().observe(
            "provider_api_latency_seconds",
            &[("provider", RAIL), ("endpoint", exchange.operation)],
            exchange.latency_ms,
        );
        attempts::append(tx, &kept).await
    }

    /// Ends the process at a named step when a test asked for it. Never in production: it takes an environment variable
    /// that only SANDBOX reads.
    pub(crate) fn crash_point(&self, name: &str) {
        if self.settings().environment == crate::settings::Environment::Sandbox
            && std::env::var("VIRALCORE_CRASH_AT").is_ok_and(|at| at == name)
        {
            tracing::error!("Ending the process at {name}, as asked");
            std::process::abort();
        }
    }
}

/// The journal of an accepted payout: held money leaves through clearing (through fx for USD), the fee is ours.
fn capture(w: &Withdrawal, attempt: &Attempt, transfer: &Transfer, now: Timestamp) -> Journal {
    let purse = Purse::from(w.source);
    let held = Account::held(w.user, purse);
    let clearing = Account::platform("clearing:flutterwave", Currency::Ngn);
    let key = IdempotencyKey::withdrawal_step(w.id, crate::users::attempt_number(attempt.n), "sent");
    let mut journal = Journal::new(key, "withdrawal.sent", "system", w.object(), now);
    if w.fee.is_positive() {
        journal = journal.transfer(held.clone(), Account::platform("revenue", w.fee.currency()), w.fee);
    }
    let net = w.amount.checked_sub(w.fee).unwrap_or(w.amount);
    journal = match w.amount.currency() {
        Currency::Ngn => journal.transfer(held, clearing.clone(), net),
        _ => journal.exchange(held, net, clearing.clone(), w.payout),
    };
    if transfer.fee.is_positive() {
        journal = journal.transfer(Account::platform("fees", Currency::Ngn), clearing, transfer.fee);
    }
    journal
}

fn local_exchange(reason: &LocalReason) -> Exchange {
    Exchange {
        operation: "transfer",
        status: None,
        latency_ms: 0,
        request: "nothing was sent".to_owned(),
        reply: reason.to_string(),
    }
}
