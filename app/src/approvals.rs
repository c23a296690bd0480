//! Decisions on withdrawals: approve, reject, recall, look up. Each names the row version that the operator saw; the
//! store decides, once. Signatures count per name under a digest of what is paid to whom.

use crate::command::{DecideError, Decided, Decision, Ruling};
use crate::jobs::{self, Again, Work};
use crate::notice::Notice;
use crate::withdrawals::approval_digest;
use crate::{App, StoreError, notice, record};
use domain::event::EventType;
use domain::ledger::{Account, Journal, Purse};
use domain::operator::{Actor, NotAllowed, Role};
use domain::policy::{self, Level};
use domain::withdrawal::{Mode, WithdrawalEvent, WithdrawalState};
use domain::{Currency, IdempotencyKey, Money, Timestamp, WithdrawalId, text};
use serde_json::json;
use store::holds::Close;
use store::signatures::NewSignature;
use store::withdrawals::{Withdrawal, object};
use store::{Tx, attempts, audit, cases, holds, ledger, signatures, users, withdrawals};

/// What an operator does to one withdrawal.
pub(crate) enum Action<'a> {
    Approve,
    Reject { code: &'a str, reason: &'a str },
    Recall,
    Lookup,
    Settle { ruling: Ruling, evidence: &'a str },
}

impl Action<'_> {
    fn word(&self) -> &'static str {
        match self {
            Self::Approve => "withdrawal.approve",
            Self::Reject { .. } => "withdrawal.reject",
            Self::Recall => "withdrawal.recall",
            Self::Lookup => "withdrawal.lookup",
            Self::Settle { .. } => "withdrawal.settle",
        }
    }

    fn needed(&self) -> Role {
        if matches!(self, Self::Lookup) { Role::Operator } else { Role::Approver }
    }
}

impl App {
    /// Signs a withdrawal; the last signature needed opens its recall window.
    pub async fn approve(&self, actor: &Actor, decision: &Decision, now: Timestamp) -> Result<Decided, DecideError> {
        self.decide(actor, decision, Action::Approve, now).await
    }

    /// Refuses a withdrawal and gives the money back. The user gets `text`.
    pub async fn reject(
        &self,
        actor: &Actor,
        decision: &Decision,
        reason_code: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Decided, DecideError> {
        let reason = text::clean_line(reason.trim(), 300);
        if reason.is_empty() || reason_code.is_empty() {
            return Err(DecideError::ReasonMissing);
        }
        self.decide(actor, decision, Action::Reject { code: reason_code, reason: &reason }, now).await
    }

    /// Takes an approval back before anything is sent; signatures are void.
    pub async fn recall(&self, actor: &Actor, decision: &Decision, now: Timestamp) -> Result<Decided, DecideError> {
        self.decide(actor, decision, Action::Recall, now).await
    }

    /// Asks the rail about a withdrawal that is on its way, now.
    pub async fn lookup(&self, actor: &Actor, decision: &Decision, now: Timestamp) -> Result<Decided, DecideError> {
        self.decide(actor, decision, Action::Lookup, now).await
    }

    /// Rules on an unknown or frozen payout (two names), or records that a manual one was paid outside (one name).
    pub async fn settle(
        &self,
        actor: &Actor,
        decision: &Decision,
        ruling: Ruling,
        evidence: &str,
        now: Timestamp,
    ) -> Result<Decided, DecideError> {
        let evidence = text::clean_line(evidence.trim(), 400);
        if evidence.is_empty() {
            return Err(DecideError::ReasonMissing);
        }
        self.decide(actor, decision, Action::Settle { ruling, evidence: &evidence }, now).await
    }

    /// What every decision does first: authorise, find the row, know a repeat by its op id, compare the version.
    async fn decide(
        &self,
        actor: &Actor,
        decision: &Decision,
        action: Action<'_>,
        now: Timestamp,
    ) -> Result<Decided, DecideError> {
        let subject = object(decision.id);
        self.authorised(actor, action.needed(), action.word(), &subject, now).await?;
        let (action, subject) = (&action, subject.as_str());
        let result = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let found = withdrawals::find_locked(tx, decision.id).await?;
                let w = found.ok_or_else(|| DecideError::NotFound(format!("withdrawal {}", decision.id)))?;
                if audit::was_done(tx, subject, action.word(), &decision.op).await? {
                    return Ok(Decided::Already { state: w.state });
                }
                if w.version != decision.version {
                    return Err(DecideError::Changed { state: w.state.to_string(), version: w.version });
                }
                let op = decision.op.as_str();
                match *action {
                    Action::Approve => self.approve_in(tx, actor, op, w, now).await,
                    Action::Reject { code, reason } => self.reject_in(tx, actor, op, w, code, reason, now).await,
                    Action::Recall => self.recall_in(tx, actor, op, w, now).await,
                    Action::Lookup => self.lookup_in(tx, actor, op, w, now).await,
                    Action::Settle { ruling, evidence } => {
                        self.settle_in(tx, actor, op, w, ruling, evidence, now).await
                    }
                }
            })
            .await;
        if let Err(error) = &result
            && !matches!(error, DecideError::Store(_))
        {
            self.audit_refusal(actor, action.word(), subject, &error.to_string(), now).await;
        }
        result
    }

    async fn lookup_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        op: &str,
        w: Withdrawal,
        now: Timestamp,
    ) -> Result<Decided, DecideError> {
        use WithdrawalState as S;
        if !matches!(w.state, S::Unknown | S::Sent | S::Frozen | S::Paid) {
            return Err(DecideError::WrongState { state: w.state.to_string(), action: "looked up" });
        }
        jobs::due(tx, Work::Lookup(w.id), now, now).await?;
        record::audited(tx, actor, "withdrawal.lookup", &w.object(), true, w.state.word(), op, now).await?;
        Ok(Decided::LookupQueued)
    }

    async fn approve_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        op: &str,
        mut w: Withdrawal,
        now: Timestamp,
    ) -> Result<Decided, DecideError> {
        self.may_approve(tx, actor, &w, now).await?;
        // By the names that there are now: approvers come and go between the request and the decision.
        w.needed = i64::from(policy::signatures_needed(level_of(w.level), self.settings().approvers()));
        let digest = approval_digest(&w);
        signatures::void_stale(tx, &w.object(), &digest, now).await?;
        let expires_at = now.plus(self.settings().withdrawals.approval_expires);
        let subject = w.object();
        let new =
            NewSignature { subject: &subject, digest: &digest, operator: &actor.name, via: actor.via, op, expires_at };
        match signatures::insert(tx, &new, now).await {
            Err(StoreError::KeyTaken) => return Err(NotAllowed::OwnSignature(actor.name.clone()).into()),
            other => other?,
        }
        let signed = signatures::valid(tx, &subject, &digest, now).await?.len();
        w.signed = i64::try_from(signed).unwrap_or(i64::MAX);
        let detail = format!("{} to {} · {} of {}", w.payout, w.bank_name, w.signed, w.needed);
        record::audited(tx, actor, "withdrawal.approve", &subject, true, &detail, op, now).await?;
        if w.signed < w.needed {
            w.state = advance(&w, WithdrawalEvent::Sign, "approved")?;
            withdrawals::update(tx, &w, now).await?;
            let (signed, needed) = (count(w.signed), count(w.needed));
            let data = json!({ "withdrawal_id": w.id.get(), "signed": signed, "needed": needed });
            record::event(tx, self, EventType::WithdrawalSigned, &subject, &w.correlation, &data, now).await?;
            return Ok(Decided::Signed { signed, needed });
        }
        let solo = w.level >= i64::from(u8::from(Level::TwoNames)) && self.settings().approvers() <= 1;
        let delay = if solo { self.settings().withdrawals.solo_delay } else { std::time::Duration::ZERO };
        let grace_until = now.plus(delay).plus(self.settings().withdrawals.grace);
        if solo {
            let text =
                format!("{} approved {} of withdrawal {} alone, being the only approver.", actor.name, w.payout, w.id);
            notice::alarm(tx, self, "solo", &subject, "Approved by one name", text, &w.correlation, now).await?;
        }
        self.fully_signed(tx, w, grace_until, &actor.name, now).await?;
        if delay.is_zero() {
            Ok(Decided::Approved { grace_until })
        } else {
            Ok(Decided::Delayed { until: grace_until })
        }
    }

    /// The last signature: the recall window, the attempt's intent with its reference, the job that ends the window.
    async fn fully_signed(
        &self,
        tx: &mut Tx,
        mut w: Withdrawal,
        grace_until: Timestamp,
        by: &str,
        now: Timestamp,
    ) -> Result<(), DecideError> {
        w.state = advance(&w, WithdrawalEvent::SignLast, "approved")?;
        w.grace_until = Some(grace_until);
        self.intend(tx, &mut w, now).await?;
        withdrawals::update(tx, &w, now).await?;
        jobs::due(tx, Work::GraceOver(w.id), grace_until, now).await?;
        let data = json!({ "withdrawal_id": w.id.get(), "user_id": w.user.get(), "payout": w.payout, "by": by });
        let kind = EventType::WithdrawalApproved;
        let event = record::event(tx, self, kind, &w.object(), &w.correlation, &data, now).await?;
        let key = format!("{}:approved:{}", w.object(), w.revision);
        notice::user(tx, w.user, &Notice::WithdrawalApproved(self.news(&w)), &key, &event, &w.correlation, now).await?;
        self.metrics().count("withdrawal_requests_total", &[("status", "approved")]);
        Ok(())
    }

    /// The intent: the attempt whose reference the approval covers. An attempt that was never sent is used again.
    pub(crate) async fn intend(&self, tx: &mut Tx, w: &mut Withdrawal, now: Timestamp) -> Result<(), StoreError> {
        let digest = approval_digest(w);
        if let Some(last) = attempts::find(tx, w.id, w.attempt).await?
            && matches!(last.state.as_str(), "intent" | "not_sent" | "rejected_ours")
        {
            return Ok(());
        }
        w.attempt += 1;
        let reference = self.flutterwave().reference(w.id, crate::users::attempt_number(w.attempt));
        attempts::insert(tx, w.id, w.attempt, &reference, &digest, w.payout, now).await
    }

    async fn may_approve(&self, tx: &mut Tx, actor: &Actor, w: &Withdrawal, now: Timestamp) -> Result<(), DecideError> {
        if let Some(limit) = actor.approve_max.filter(|limit| w.usd.minor() > limit.minor()) {
            return Err(NotAllowed::Limit { name: actor.name.clone(), limit }.into());
        }
        if let Some(until) = w.rate_until.filter(|until| *until < now) {
            return Err(DecideError::RateOver(until));
        }
        if users::find(tx, w.user).await?.is_some_and(|user| user.frozen.is_some()) {
            return Err(DecideError::UserFrozen);
        }
        if actor.via == "telegram" {
            if !self.settings().withdrawals.telegram_approvals {
                return Err(DecideError::NeedsTerminal("approving in Telegram is switched off".to_owned()));
            }
            if w.level > i64::from(u8::from(Level::Money)) {
                return Err(DecideError::NeedsTerminal("this one is more than routine".to_owned()));
            }
        }
        let solo = w.level >= i64::from(u8::from(Level::TwoNames)) && self.settings().approvers() <= 1;
        if solo {
            // One that was signed before is in the sum already.
            let more = if w.signed > 0 { Money::zero(Currency::Usd) } else { w.usd };
            self.solo_cap(tx, more, now).await?;
        }
        Ok(())
    }

    /// What the only approver may decide alone in a day by actions that would take two names.
    pub(crate) async fn solo_cap(&self, tx: &mut Tx, amount: Money, now: Timestamp) -> Result<(), DecideError> {
        let cap = self.settings().withdrawals.solo_daily_cap;
        let since = now.minus(std::time::Duration::from_secs(86_400));
        let too_large = || DecideError::Cap("amount too large".to_owned());
        let mut used = withdrawals::two_name_usd_since(tx, since).await?;
        for payload in cases::payloads_since(tx, since).await? {
            let payload: serde_json::Value = serde_json::from_str(&payload).unwrap_or_default();
            let usd = Money::usd_minor(payload["usd_minor"].as_i64().unwrap_or(0));
            used = used.checked_add(usd).map_err(|_| too_large())?;
        }
        let total = used.checked_add(amount).map_err(|_| too_large())?;
        if total.minor() > cap.minor() {
            return Err(DecideError::Cap(format!(
                "the daily cap of {cap} for decisions that would take two names is used up ({used} so far)"
            )));
        }
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a decision's parts")]
    async fn reject_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        op: &str,
        mut w: Withdrawal,
        reason_code: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<Decided, DecideError> {
        if actor.via == "telegram" && !self.settings().withdrawals.telegram_approvals {
            return Err(DecideError::NeedsTerminal("deciding in Telegram is switched off".to_owned()));
        }
        w.state = advance(&w, WithdrawalEvent::Reject, "rejected")?;
        w.reason_code = Some(reason_code.to_owned());
        w.reason = Some(reason.to_owned());
        release(tx, &w, &actor.word(), now).await?;
        signatures::void(tx, &w.object()).await?;
        w.signed = 0;
        withdrawals::update(tx, &w, now).await?;
        let data = json!({ "withdrawal_id": w.id.get(), "user_id": w.user.get(), "reason_code": reason_code });
        let kind = EventType::WithdrawalRejected;
        let event = record::event(tx, self, kind, &w.object(), &w.correlation, &data, now).await?;
        let key = format!("{}:rejected", w.object());
        notice::user(tx, w.user, &Notice::WithdrawalRejected(self.news(&w)), &key, &event, &w.correlation, now).await?;
        let detail = format!("{reason_code}: {reason}");
        record::audited(tx, actor, "withdrawal.reject", &w.object(), true, &detail, op, now).await?;
        self.metrics().count("withdrawal_requests_total", &[("status", "rejected")]);
        Ok(Decided::Rejected)
    }

    async fn recall_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        op: &str,
        mut w: Withdrawal,
        now: Timestamp,
    ) -> Result<Decided, DecideError> {
        let from = w.state;
        w.state = advance(&w, WithdrawalEvent::Recall, "recalled")?;
        w.revision += 1;
        w.signed = 0;
        w.grace_until = None;
        signatures::void(tx, &w.object()).await?;
        // The attempt was never accepted, or proven refused: its reference is retired with the approval that wrote it.
        if let Some(last) = attempts::find(tx, w.id, w.attempt).await?
            && matches!(last.state.as_str(), "intent" | "not_sent" | "rejected_ours")
        {
            attempts::advance(tx, last.id, &last.state, "void", Some("recalled"), now).await?;
        }
        withdrawals::update(tx, &w, now).await?;
        let data = json!({ "withdrawal_id": w.id.get(), "from": from.word() });
        record::event(tx, self, EventType::WithdrawalRecalled, &w.object(), &w.correlation, &data, now).await?;
        record::audited(tx, actor, "withdrawal.recall", &w.object(), true, from.word(), op, now).await?;
        Ok(Decided::Recalled)
    }

    /// The recall window closed: the withdrawal waits for the payout worker, or for a person in manual mode.
    pub(crate) async fn grace_over(&self, id: WithdrawalId, now: Timestamp) -> Result<Again, StoreError> {
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut w) = withdrawals::find_locked(tx, id).await? else { return Ok(Again::Done) };
                if w.state != WithdrawalState::Grace {
                    return Ok(Again::Done);
                }
                // Recalled and approved again meanwhile: the window is a later one.
                if let Some(until) = w.grace_until.filter(|until| *until > now) {
                    return Ok(Again::Later(until.since(now)));
                }
                w.state = WithdrawalState::Queued;
                w.grace_until = None;
                withdrawals::update(tx, &w, now).await?;
                let data = json!({ "withdrawal_id": w.id.get(), "state": "queued" });
                record::event(tx, self, EventType::WithdrawalChanged, &w.object(), &w.correlation, &data, now).await?;
                if w.mode == Mode::Automatic {
                    jobs::due(tx, Work::Send(w.id), now, now).await?;
                }
                Ok(Again::Done)
            })
            .await
    }

    /// A policy approval, where configuration and experience allow it; recorded as such.
    pub(crate) async fn auto_approve_in(
        &self,
        tx: &mut Tx,
        id: WithdrawalId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let settings = &self.settings().withdrawals;
        if !settings.auto_approve {
            return Ok(());
        }
        let Some(mut w) = withdrawals::find_locked(tx, id).await? else { return Ok(()) };
        let routine = w.level <= i64::from(u8::from(Level::Money)) && w.needed == 1;
        if !routine || w.usd.minor() >= settings.auto_approve_max.minor() {
            return Ok(());
        }
        if withdrawals::paid_by_persons(tx, settings.auto_approve_after).await? < settings.auto_approve_after {
            return Ok(());
        }
        let digest = approval_digest(&w);
        let subject = w.object();
        let expires_at = now.plus(settings.approval_expires);
        let op = format!("policy-{}", policy::VERSION);
        let new =
            NewSignature { subject: &subject, digest: &digest, operator: "policy", via: "policy", op: &op, expires_at };
        signatures::insert(tx, &new, now).await?;
        w.signed = 1;
        let actor = Actor { name: "policy".to_owned(), role: Role::Approver, approve_max: None, via: "policy" };
        let detail = format!("rules version {}, below {}", policy::VERSION, settings.auto_approve_max);
        record::audited(tx, &actor, "withdrawal.approve", &subject, true, &detail, &op, now).await?;
        let grace_until = now.plus(settings.grace);
        self.fully_signed(tx, w, grace_until, "policy", now).await.map_err(|error| match error {
            DecideError::Store(error) => error,
            other => StoreError::Constraint(other.to_string()),
        })
    }
}

/// Gives the held money back in this transaction: the journal and the hold's end.
pub(crate) async fn release(tx: &mut Tx, w: &Withdrawal, actor: &str, now: Timestamp) -> Result<(), StoreError> {
    let purse = Purse::from(w.source);
    let hold = holds::find_open(tx, &w.object()).await?;
    let hold = hold.ok_or_else(|| StoreError::Constraint(format!("{} has no open hold", w.object())))?;
    let key = IdempotencyKey::new(format!("wd:{}:hold:{}:release", w.id, hold.n))
        .unwrap_or_else(|| IdempotencyKey::withdrawal_hold(w.id, 0));
    let journal = Journal::new(key, "withdrawal.released", actor, w.object(), now).transfer(
        Account::held(w.user, purse),
        Account::purse(w.user, purse),
        hold.amount,
    );
    let posted = ledger::post(tx, &journal).await.map_err(crate::payout::posting)?;
    holds::close(tx, hold.id, Close::Released, posted.id, now).await
}

/// The state after an event, or the refusal in an operator's words.
pub(crate) fn advance(
    w: &Withdrawal,
    event: WithdrawalEvent,
    action: &'static str,
) -> Result<WithdrawalState, DecideError> {
    w.state.on(event).map_err(|_| DecideError::WrongState { state: w.state.to_string(), action })
}

/// A stored level.
pub(crate) fn level_of(level: i64) -> Level {
    match level {
        0 => Level::Read,
        1 => Level::Reversible,
        2 => Level::Money,
        3 => Level::Risky,
        _ => Level::TwoNames,
    }
}

fn count(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(0)
}
