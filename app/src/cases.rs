//! Cases: what two names sign, and what a person must explain. A four-eyes action opens a case instead of acting; the
//! maker's signature is the first one. Where only one approver exists it waits for `withdrawals.solo_delay` instead.

use crate::command::{Adjust, AdjustError, DecideError, Decided, Ruling};
use crate::follow::{capture_ruled, give_back, paid_journal};
use crate::jobs::{self, Work};
use crate::notice::Notice;
use crate::payout::posting;
use crate::view::CaseRow;
use crate::{App, StoreError, notice, record};
use domain::case::{CaseKind, CaseState};
use domain::event::EventType;
use domain::ledger::{Account, Journal};
use domain::operator::{Actor, NotAllowed, Role};
use domain::outcome::Fault;
use domain::withdrawal::{FrozenFrom, Mode, WithdrawalEvent, WithdrawalState};
use domain::{CaseId, Currency, IdempotencyKey, Money, Timestamp, UserId, WithdrawalId};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::cases::{Case, NewCase};
use store::signatures::NewSignature;
use store::withdrawals::Withdrawal;
use store::{Tx, attempts, cases, ledger, signatures, withdrawals};

/// A case of an operator that nobody signs is void after this.
const EXPIRES: Duration = Duration::from_secs(7 * 86_400);
/// What the system found waits for its explanation however long that takes.
const EXPIRES_NEVER: Duration = Duration::from_secs(3_650 * 86_400);

/// How an operator's case stands after it was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// It is new.
    New,
    /// The same was open before.
    Same,
    /// Another command is open on the subject: that one is signed or refused first.
    Other,
}

/// Opens what nobody asked for. No operator may have this name.
const SYSTEM: &str = "system";

fn subject_of(id: CaseId) -> String {
    format!("case:{id}")
}

fn digest_of(kind: CaseKind, subject: &str, payload: &Value, reason: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in [kind.word(), subject, &payload.to_string(), reason] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

impl App {
    /// Cases, open ones first.
    pub async fn cases(&self, open_only: bool) -> Result<Vec<CaseRow>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let mut rows = Vec::new();
                for case in cases::list(tx, open_only, 200).await? {
                    let signers = signatures::names(tx, &subject_of(case.id)).await?;
                    rows.push(CaseRow {
                        id: case.id,
                        version: case.version,
                        kind: case.kind.word().to_owned(),
                        state: case.state.word().to_owned(),
                        subject: case.subject,
                        what: case.what,
                        reason: case.reason,
                        made_by: case.made_by,
                        created_at: case.created_at,
                        signers,
                        needed: u32::try_from(case.needed).unwrap_or(1),
                        due_at: case.due_at,
                    });
                }
                Ok(rows)
            })
            .await
    }

    /// Opens a case for an operator's four-eyes action. Its maker has signed; with one approver only it is delayed, and
    /// without a delay carried out at once.
    #[expect(clippy::too_many_arguments, reason = "what a case consists of, in the order of its row")]
    pub(crate) async fn open_case_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        kind: CaseKind,
        subject: &str,
        what: &str,
        payload: &Value,
        reason: &str,
        now: Timestamp,
    ) -> Result<(CaseId, Opened), StoreError> {
        let (id, new) = self.insert_case_in(tx, &actor.name, kind, subject, what, payload, reason, now).await?;
        let Some(case) = cases::find_locked(tx, id).await? else { return Ok((id, Opened::Other)) };
        if !new {
            return Ok((
                id,
                if serde_json::from_str::<Value>(&case.payload).is_ok_and(|said| said == *payload) {
                    Opened::Same
                } else {
                    Opened::Other
                },
            ));
        }
        let op = format!("case-{id}-open");
        self.sign_in(tx, actor, &case, &op, now).await?;
        record::audited(tx, actor, "case.open", &subject_of(id), true, &format!("{what}: {reason}"), &op, now).await?;
        if self.settings().approvers() <= 1 {
            let due_at = now.plus(self.settings().withdrawals.solo_delay);
            cases::advance(tx, &case, CaseState::Delayed, Some(due_at), None, now).await?;
            jobs::due(tx, Work::Case(id), due_at, now).await?;
        }
        let text = format!("{} opened {}: {what}. {reason}", actor.name, notice::case_name(id));
        notice::alarm(tx, self, "case", &subject_of(id), "Case to sign", text, &op, now).await?;
        Ok((id, Opened::New))
    }

    /// [`App::open_case_in`], carried out at once where the only approver need not wait: the flag says so. Another command
    /// that is open on the subject is a refusal.
    #[expect(clippy::too_many_arguments, reason = "what a case consists of, in the order of its row")]
    pub(crate) async fn four_eyes_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        kind: CaseKind,
        subject: &str,
        what: &str,
        payload: &Value,
        reason: &str,
        now: Timestamp,
    ) -> Result<(CaseId, bool), DecideError> {
        let (case, opened) = self.open_case_in(tx, actor, kind, subject, what, payload, reason, now).await?;
        if opened == Opened::Other {
            let name = notice::case_name(case);
            return Err(DecideError::Cap(format!("case {name} asks for something else here: sign or refuse it first")));
        }
        let done = self.settings().approvers() <= 1 && self.settings().withdrawals.solo_delay.is_zero();
        if done && let Some(open) = cases::find_locked(tx, case).await? {
            self.carry_out(tx, &open, actor, now).await?;
        }
        Ok((case, done))
    }

    /// Opens a case that the system found. False when one of its kind was open on the subject.
    #[expect(clippy::too_many_arguments, reason = "what a case consists of, in the order of its row")]
    pub(crate) async fn system_case_in(
        &self,
        tx: &mut Tx,
        kind: CaseKind,
        subject: &str,
        what: &str,
        payload: &Value,
        reason: &str,
        now: Timestamp,
    ) -> Result<(CaseId, bool), StoreError> {
        self.insert_case_in(tx, SYSTEM, kind, subject, what, payload, reason, now).await
    }

    #[expect(clippy::too_many_arguments, reason = "what a case consists of, in the order of its row")]
    async fn insert_case_in(
        &self,
        tx: &mut Tx,
        made_by: &str,
        kind: CaseKind,
        subject: &str,
        what: &str,
        payload: &Value,
        reason: &str,
        now: Timestamp,
    ) -> Result<(CaseId, bool), StoreError> {
        let digest = digest_of(kind, subject, payload, reason);
        let payload = payload.to_string();
        let needed = i64::from(kind.signatures().min(u32::try_from(self.settings().approvers().max(1)).unwrap_or(1)));
        let new = NewCase {
            kind,
            subject,
            what,
            payload: &payload,
            digest: &digest,
            reason,
            made_by,
            needed,
            expires_at: now.plus(if made_by == SYSTEM { EXPIRES_NEVER } else { EXPIRES }),
        };
        let (id, opened) = cases::open(tx, &new, now).await?;
        if opened {
            let data = json!({ "case_id": id.get(), "kind": kind.word(), "subject": subject });
            record::event(tx, self, EventType::CaseOpened, &subject_of(id), &subject_of(id), &data, now).await?;
        }
        Ok((id, opened))
    }

    /// A difference between our records and the rail's: a case and an alarm, once; the same one that a person has
    /// explained is not told again.
    pub(crate) async fn difference_in(
        &self,
        tx: &mut Tx,
        subject: &str,
        what: &str,
        correlation: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if cases::explained(tx, CaseKind::Difference, subject, what).await? {
            return Ok(());
        }
        let (case, new) = self
            .system_case_in(tx, CaseKind::Difference, subject, what, &json!({}), "found by reading the rail", now)
            .await?;
        if new {
            let text = format!("{subject}: {what}. Case {} waits for an explanation.", notice::case_name(case));
            notice::alarm(tx, self, "difference", subject, "Records differ", text, correlation, now).await?;
        }
        Ok(())
    }

    async fn sign_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        case: &Case,
        op: &str,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        let subject = subject_of(case.id);
        let new = NewSignature {
            subject: &subject,
            digest: &case.digest,
            operator: &actor.name,
            via: actor.via,
            op,
            expires_at: case.expires_at,
        };
        signatures::insert(tx, &new, now).await?;
        let valid = signatures::valid(tx, &subject, &case.digest, now).await?;
        Ok(i64::try_from(valid.len()).unwrap_or(i64::MAX))
    }

    /// Signs a case; the last name needed carries it out.
    pub async fn sign_case(
        &self,
        actor: &Actor,
        id: CaseId,
        version: i64,
        now: Timestamp,
    ) -> Result<Decided, DecideError> {
        let subject = subject_of(id);
        self.authorised(actor, Role::Approver, "case.sign", &subject, now).await?;
        let op = format!("case-{id}-{}", self.short_id());
        let (op, subject_ref) = (op.as_str(), subject.as_str());
        let result = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let case = self.open_case(tx, id, version, now).await?;
                let signed = match self.sign_in(tx, actor, &case, op, now).await {
                    Err(StoreError::KeyTaken) => return Err(NotAllowed::OwnSignature(actor.name.clone()).into()),
                    other => other?,
                };
                record::audited(tx, actor, "case.sign", subject_ref, true, &case.what, op, now).await?;
                if signed < case.needed {
                    let data = json!({ "case_id": id.get(), "signed": signed });
                    record::event(tx, self, EventType::CaseChanged, subject_ref, op, &data, now).await?;
                    cases::advance(tx, &case, CaseState::Open, None, None, now).await?;
                    return Ok(Decided::CaseOpened { case: id, done: false });
                }
                self.carry_out(tx, &case, actor, now).await?;
                Ok(Decided::CaseOpened { case: id, done: true })
            })
            .await;
        if let Err(error) = &result
            && !matches!(error, DecideError::Store(_))
        {
            self.audit_refusal(actor, "case.sign", &subject, &error.to_string(), now).await;
        }
        result
    }

    /// Refuses a case: nothing is done.
    pub async fn refuse_case(
        &self,
        actor: &Actor,
        id: CaseId,
        version: i64,
        reason: &str,
        now: Timestamp,
    ) -> Result<Decided, DecideError> {
        let subject = subject_of(id);
        self.authorised(actor, Role::Approver, "case.refuse", &subject, now).await?;
        let reason = domain::text::clean_line(reason.trim(), 300);
        if reason.is_empty() {
            return Err(DecideError::ReasonMissing);
        }
        let op = format!("case-{id}-{}", self.short_id());
        let (op, reason, subject) = (op.as_str(), reason.as_str(), subject.as_str());
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let case = self.open_case(tx, id, version, now).await?;
                signatures::void(tx, subject).await?;
                cases::advance(tx, &case, CaseState::Refused, None, Some(reason), now).await?;
                record::audited(tx, actor, "case.refuse", subject, true, reason, op, now).await?;
                let data = json!({ "case_id": id.get(), "state": "refused" });
                record::event(tx, self, EventType::CaseChanged, subject, op, &data, now).await?;
                Ok(Decided::CaseOpened { case: id, done: true })
            })
            .await
    }

    async fn open_case(&self, tx: &mut Tx, id: CaseId, version: i64, now: Timestamp) -> Result<Case, DecideError> {
        let case = cases::find_locked(tx, id).await?.ok_or_else(|| DecideError::NotFound(format!("case {id}")))?;
        let open = matches!(case.state, CaseState::Open | CaseState::Delayed);
        if !open || case.version != version || case.expires_at <= now {
            let state = if case.expires_at <= now { "expired" } else { case.state.word() };
            return Err(DecideError::Changed { state: state.to_owned(), version: case.version });
        }
        Ok(case)
    }

    /// The delay of the only approver's case is over.
    pub(crate) async fn case_due(&self, id: CaseId, now: Timestamp) -> Result<(), StoreError> {
        let done = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(case) = cases::find_locked(tx, id).await? else { return Ok(()) };
                if case.state != CaseState::Delayed || case.due_at.is_some_and(|due| due > now) {
                    return Ok(());
                }
                let actor = Actor { name: case.made_by.clone(), role: Role::Admin, approve_max: None, via: "delay" };
                self.carry_out(tx, &case, &actor, now).await
            })
            .await;
        match done {
            Ok(()) => Ok(()),
            Err(DecideError::Store(error)) => Err(error),
            Err(refused) => {
                // What the case would do is not possible any more: it ends with the reason.
                let why = refused.to_string();
                let why = why.as_str();
                self.store()
                    .write(|mut tx| async move {
                        match cases::find_locked(&mut tx, id).await? {
                            Some(case) if case.state == CaseState::Delayed => {
                                cases::advance(&mut tx, &case, CaseState::Refused, None, Some(why), now).await
                            }
                            _ => Ok(()),
                        }
                    })
                    .await
            }
        }
    }

    /// Does what the case says, in this transaction.
    async fn carry_out(&self, tx: &mut Tx, case: &Case, actor: &Actor, now: Timestamp) -> Result<(), DecideError> {
        let payload: Value =
            serde_json::from_str(&case.payload).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        // Before it is carried out, so that the database's constraints see a ruling that exists.
        cases::advance(tx, case, CaseState::Done, None, Some("done"), now).await?;
        match case.kind {
            CaseKind::Adjustment => self.carry_out_adjustment(tx, case, actor, &payload, now).await?,
            CaseKind::SettleUnknown | CaseKind::SettleFrozen => {
                self.carry_out_ruling(tx, case, actor, &payload, now).await?;
            }
            CaseKind::LateReversal => self.book_returned(tx, case, actor, now).await?,
            CaseKind::Provider => self.carry_out_provider(tx, case, actor, &payload, now).await?,
            CaseKind::BreakerClosed => self.carry_out_force(tx, case, actor, &payload, now).await?,
            CaseKind::PartNotPlaced => self.carry_out_not_placed(tx, case, &payload, now).await?,
            CaseKind::VpsNotBought if payload["renewal"].is_i64() => {
                self.carry_out_not_renewed(tx, case, actor, &payload, now).await?;
            }
            CaseKind::VpsNotBought => self.carry_out_not_bought(tx, case, actor, &payload, now).await?,
            CaseKind::Difference | CaseKind::Invariant => {}
        }
        let subject = subject_of(case.id);
        let op = format!("case-{}-done", case.id);
        record::audited(tx, actor, "case.done", &subject, true, &case.what, &op, now).await?;
        let data = json!({ "case_id": case.id.get(), "state": "done" });
        record::event(tx, self, EventType::CaseChanged, &subject, &op, &data, now).await?;
        Ok(())
    }

    async fn carry_out_adjustment(
        &self,
        tx: &mut Tx,
        case: &Case,
        actor: &Actor,
        payload: &Value,
        now: Timestamp,
    ) -> Result<(), DecideError> {
        let damaged = || StoreError::Corrupt(format!("the payload of {}", notice::case_name(case.id)));
        let amount: Money = serde_json::from_value(payload["amount"].clone()).map_err(|_| damaged())?;
        let key = payload["key"].as_str().and_then(IdempotencyKey::new).ok_or_else(damaged)?;
        let adjust = Adjust {
            user: UserId::new(payload["user"].as_i64().ok_or_else(damaged)?),
            purse: payload["purse"].as_str().and_then(|purse| purse.parse().ok()).ok_or_else(damaged)?,
            amount,
            reason: case.reason.clone(),
            key,
        };
        let word = format!("case:{}", case.id);
        match self.adjust_in(tx, &word, &actor.name, actor.via, &adjust, now).await {
            Ok(_) => Ok(()),
            Err(AdjustError::Store(error)) => Err(error.into()),
            Err(other) => Err(DecideError::Cap(other.to_string())),
        }
    }

    /// Rules on an unknown or frozen payout (two names), or records that a manual one was paid outside (one name).
    #[expect(clippy::too_many_arguments, reason = "a decision's parts")]
    pub(crate) async fn settle_in(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        op: &str,
        w: Withdrawal,
        ruling: Ruling,
        evidence: &str,
        now: Timestamp,
    ) -> Result<Decided, DecideError> {
        let kind = match w.state {
            WithdrawalState::Unknown => CaseKind::SettleUnknown,
            WithdrawalState::Frozen => CaseKind::SettleFrozen,
            WithdrawalState::Queued if w.mode == Mode::Manual && ruling == Ruling::Paid => {
                return self.paid_outside(tx, actor, op, w, evidence, now).await;
            }
            state => return Err(DecideError::WrongState { state: state.to_string(), action: "settled" }),
        };
        if self.settings().approvers() <= 1 {
            self.solo_cap(tx, w.usd, now).await?;
        }
        let words = match ruling {
            Ruling::Paid => "was paid",
            Ruling::NotPaid => "was not paid, give the money back",
        };
        let what = format!("rule that {} of withdrawal {} {words}", w.payout, w.id);
        let payload = json!({ "withdrawal": w.id.get(), "ruling": ruling, "usd_minor": w.usd.minor() });
        let (case, opened) = self.open_case_in(tx, actor, kind, &w.object(), &what, &payload, evidence, now).await?;
        if opened == Opened::Other {
            let name = notice::case_name(case);
            return Err(DecideError::Cap(format!(
                "case {name} asks for the other ruling: sign or refuse that one first"
            )));
        }
        record::audited(tx, actor, "withdrawal.settle", &w.object(), true, &format!("{what}: {evidence}"), op, now)
            .await?;
        let done = self.settings().approvers() <= 1 && self.settings().withdrawals.solo_delay.is_zero();
        if done && let Some(open) = cases::find_locked(tx, case).await? {
            self.carry_out(tx, &open, actor, now).await?;
        }
        Ok(Decided::CaseOpened { case, done })
    }

    async fn paid_outside(
        &self,
        tx: &mut Tx,
        actor: &Actor,
        op: &str,
        mut w: Withdrawal,
        evidence: &str,
        now: Timestamp,
    ) -> Result<Decided, DecideError> {
        record::audited(tx, actor, "withdrawal.paid_outside", &w.object(), true, evidence, op, now).await?;
        capture_ruled(tx, &w, "withdrawal.paid_outside", &actor.word(), now).await?;
        if let Some(attempt) = attempts::find(tx, w.id, w.attempt).await? {
            attempts::advance(tx, attempt.id, &attempt.state, "paid", Some("paid outside"), now).await?;
        }
        w.state = w.state.on(WithdrawalEvent::PayOutside).map_err(|e| StoreError::Constraint(e.to_string()))?;
        self.told_paid(tx, w, now).await?;
        Ok(Decided::Already { state: WithdrawalState::Paid })
    }

    async fn carry_out_ruling(
        &self,
        tx: &mut Tx,
        case: &Case,
        actor: &Actor,
        payload: &Value,
        now: Timestamp,
    ) -> Result<(), DecideError> {
        let (mut w, attempt) = self.ruled_on(tx, payload).await?;
        let damaged = || StoreError::Corrupt(format!("the payload of {}", notice::case_name(case.id)));
        let ruling: Ruling = serde_json::from_value(payload["ruling"].clone()).map_err(|_| damaged())?;
        let captured = match (w.state, w.frozen_from) {
            (WithdrawalState::Unknown, _) => false,
            (WithdrawalState::Frozen, Some(from)) => {
                let thawed =
                    w.state.on(WithdrawalEvent::Thaw(from)).map_err(|e| StoreError::Constraint(e.to_string()))?;
                w.state = thawed;
                w.frozen_from = None;
                from == FrozenFrom::Sent
            }
            (state, _) => return Err(DecideError::WrongState { state: state.to_string(), action: "settled" }),
        };
        let word = actor.word();
        match ruling {
            Ruling::Paid => {
                if captured {
                    let journal = paid_journal(&w, &attempt, attempt.fee, now);
                    ledger::post(tx, &journal).await.map_err(posting)?;
                } else {
                    capture_ruled(tx, &w, "withdrawal.ruled_paid", &word, now).await?;
                }
                attempts::advance(tx, attempt.id, &attempt.state, "paid", Some(&case.reason), now).await?;
                w.state = w.state.on(WithdrawalEvent::Pay).map_err(|e| StoreError::Constraint(e.to_string()))?;
                self.told_paid(tx, w, now).await?;
            }
            Ruling::NotPaid => {
                attempts::advance(tx, attempt.id, &attempt.state, "failed", Some(&case.reason), now).await?;
                if captured {
                    self.reverse_sent(tx, &mut w, &attempt, false, now).await?;
                    give_back(tx, &w, &attempt, now).await?;
                } else {
                    crate::approvals::release(tx, &w, &word, now).await?;
                }
                let failed = WithdrawalEvent::Fail(Fault::Theirs);
                w.state = w.state.on(failed).map_err(|e| StoreError::Constraint(e.to_string()))?;
                self.told_failed(tx, w, "ruled_not_paid", &case.reason, now).await?;
            }
        }
        Ok(())
    }

    async fn ruled_on(&self, tx: &mut Tx, payload: &Value) -> Result<(Withdrawal, attempts::Attempt), DecideError> {
        let id = WithdrawalId::new(payload["withdrawal"].as_i64().unwrap_or(0));
        let missing = || DecideError::NotFound(format!("withdrawal {id}"));
        let w = withdrawals::find_locked(tx, id).await?.ok_or_else(missing)?;
        let attempt = attempts::find(tx, id, w.attempt).await?.ok_or_else(missing)?;
        Ok((w, attempt))
    }

    /// A paid withdrawal came back: the money is the user's again, our fee and the rail's stay spent.
    async fn book_returned(&self, tx: &mut Tx, case: &Case, actor: &Actor, now: Timestamp) -> Result<(), DecideError> {
        let payload: Value =
            serde_json::from_str(&case.payload).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let (mut w, attempt) = self.ruled_on(tx, &payload).await?;
        w.state = crate::approvals::advance(&w, WithdrawalEvent::Reverse, "booked as returned")?;
        let purse = Account::purse(w.user, w.source.into());
        let clearing = Account::platform("clearing:flutterwave", Currency::Ngn);
        let key = IdempotencyKey::withdrawal_step(w.id, crate::users::attempt_number(attempt.n), "returned");
        let net = w.amount.checked_sub(w.fee).unwrap_or(w.amount);
        let journal = Journal::new(key, "withdrawal.returned", actor.word(), w.object(), now).transfer(
            Account::bank(Currency::Ngn),
            clearing.clone(),
            w.payout,
        );
        let journal = match w.amount.currency() {
            Currency::Ngn => journal.transfer(clearing, purse, net),
            _ => journal.exchange(clearing, w.payout, purse, net),
        };
        ledger::post(tx, &journal).await.map_err(posting)?;
        withdrawals::update(tx, &w, now).await?;
        let data = json!({ "withdrawal_id": w.id.get(), "user_id": w.user.get(), "payout": w.payout });
        let kind = EventType::WithdrawalReturned;
        let event = record::event(tx, self, kind, &w.object(), &w.correlation, &data, now).await?;
        let key = format!("{}:returned", w.object());
        notice::user(tx, w.user, &Notice::WithdrawalReturned(self.news(&w)), &key, &event, &w.correlation, now).await?;
        Ok(())
    }
}
