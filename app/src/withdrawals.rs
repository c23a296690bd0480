//! A user asks for money: the quote, the payee, the request. What happens after is in `approvals`, `payout`, `follow`.
//!
//! The money is held when it is requested. A quote is judged again inside the request's transaction: balance, bounds,
//! counts and the user's state are those of that moment, and only the rate is the one that the user confirmed, for as
//! long as the quote said.

use crate::command::{Payee, Quote, QuoteError, RequestWithdrawal, RequestWithdrawalError, ResolveAccountError};
use crate::notice::{Notice, OpsWithdrawal, WithdrawalNews};
use crate::rates::RateError;
use crate::telegram::Requested;
use crate::{App, StoreError, notice, record};
use domain::event::EventType;
use domain::ledger::{Account, Journal, Purse};
use domain::money::{Rate, Rounding};
use domain::policy::{self, Facts, Flag, Level};
use domain::switch::Switch;
use domain::withdrawal::{Approved, Mode, Source};
use domain::{Currency, IdempotencyKey, Money, Timestamp, UserId, WithdrawalId, nuban, text};
use providers::flutterwave::ResolveError;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::time::Duration;
use store::users::NewPayee;
use store::withdrawals::{NewWithdrawal, Withdrawal, object};
use store::{Tx, holds, ledger, rail, users, withdrawals};

/// The setting that says who pays approved withdrawals.
pub(crate) const MODE: &str = "withdrawals.mode";

/// What may be withdrawn from a purse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// At least.
    pub min: Money,
    /// At most, in one withdrawal.
    pub max: Money,
    /// Kept by us of each.
    pub fee: Money,
}

/// What a request needs from outside its transaction: ids that a second run uses again, and the rate of the moment.
pub(crate) struct RequestIds {
    rate: Option<Rate>,
    account_nonce: [u8; 24],
    name_nonce: [u8; 24],
    correlation: String,
}

impl RequestIds {
    pub(crate) async fn fresh(app: &App, now: Timestamp) -> Self {
        let rate = app.usd_ngn(now).await.ok().map(|row| row.rate);
        Self { rate, account_nonce: app.nonce(), name_nonce: app.nonce(), correlation: app.short_id() }
    }
}

impl App {
    /// What may be withdrawn from a purse now.
    pub async fn withdraw_bounds(&self, source: Source, now: Timestamp) -> Result<Bounds, QuoteError> {
        match source {
            Source::Affiliate => self.bounds_at(source, None),
            Source::Reply => self.bounds_at(source, Some(self.rate_for_quote(now).await?.0)),
        }
    }

    fn bounds_at(&self, source: Source, rate: Option<Rate>) -> Result<Bounds, QuoteError> {
        let settings = &self.settings().withdrawals;
        match source {
            Source::Affiliate => {
                Ok(Bounds { min: settings.min_affiliate, max: settings.max_usd, fee: settings.fee_affiliate })
            }
            Source::Reply => {
                let rate = rate.ok_or_else(|| QuoteError::NoRate("no usable rate".to_owned()))?;
                let max = rate
                    .convert(settings.max_usd, Currency::Ngn, Rounding::Down)
                    .map_err(|_| QuoteError::NotAnAmount)?;
                Ok(Bounds { min: settings.min_reply, max, fee: settings.fee_reply })
            }
        }
    }

    async fn rate_for_quote(&self, now: Timestamp) -> Result<(Rate, Timestamp), QuoteError> {
        match self.usd_ngn(now).await {
            Ok(row) => Ok((row.rate, row.at)),
            Err(RateError::Unusable(why)) => Err(QuoteError::NoRate(why)),
            Err(RateError::Store(error)) => Err(QuoteError::Store(error)),
        }
    }

    /// Reads a typed amount and says what the bank would receive.
    pub async fn quote(&self, user: UserId, source: Source, typed: &str, now: Timestamp) -> Result<Quote, QuoteError> {
        let purse = Purse::from(source);
        let amount = Money::parse(typed, purse.currency()).map_err(|_| QuoteError::NotAnAmount)?;
        // Whole cents and whole kobo: nobody can be paid less.
        if purse.currency() == Currency::Usd && amount.minor() % 10_000 != 0 {
            return Err(QuoteError::NotAnAmount);
        }
        let bounds = self.withdraw_bounds(source, now).await?;
        let account = Account::purse(user, purse);
        let account = &account;
        let available = self.store().read(|mut tx| async move { ledger::balance(&mut tx, account).await }).await?;
        within(amount, bounds, available)?;
        let (payout, rate) = match source {
            Source::Affiliate => {
                let (rate, at) = self.rate_for_quote(now).await?;
                (payout(amount, bounds.fee, Some(rate))?, Some((rate, at)))
            }
            Source::Reply => (payout(amount, bounds.fee, None)?, None),
        };
        Ok(Quote {
            source,
            amount,
            fee: bounds.fee,
            payout,
            rate: rate.map(|(rate, _)| rate),
            rate_at: rate.map(|(_, at)| at),
            confirm_until: now.plus(self.settings().withdrawals.confirm_within),
        })
    }

    /// Asks the bank whose account it is. Calls out.
    pub async fn resolve_account(
        &self,
        bank_code: &str,
        account_number: &str,
        _now: Timestamp,
    ) -> Result<Payee, ResolveAccountError> {
        let unavailable = |error: StoreError| ResolveAccountError::Unavailable(error.to_string());
        if !nuban::is_account_number(account_number) {
            return Err(ResolveAccountError::NotAnAccount);
        }
        let bank = self.bank(bank_code).await.map_err(unavailable)?;
        let bank = bank.ok_or_else(|| ResolveAccountError::Unavailable("the bank is not on the list".to_owned()))?;
        match self.flutterwave().resolve(bank_code, account_number).await {
            Ok(resolved) => Ok(Payee {
                bank_code: bank.code,
                bank_name: bank.name,
                account_number: account_number.to_owned(),
                account_name: text::clean_line(&resolved.account_name, 100),
            }),
            Err(ResolveError::NotValidated) => Err(ResolveAccountError::NotFound),
            Err(ResolveError::Unavailable(error)) => {
                tracing::warn!(error = %error, "An account could not be looked up");
                Err(ResolveAccountError::Unavailable(error.to_string()))
            }
        }
    }

    /// Requests a withdrawal on its own, for callers other than the bot's turn.
    pub async fn request_withdrawal(
        &self,
        request: &RequestWithdrawal,
        now: Timestamp,
    ) -> Result<Requested, RequestWithdrawalError> {
        let ids = &RequestIds::fresh(self, now).await;
        self.store().write(|mut tx| async move { self.request_in(&mut tx, request, ids, now).await }).await
    }

    /// Requests a withdrawal in this transaction. Every refusal comes before the first change.
    pub(crate) async fn request_in(
        &self,
        tx: &mut Tx,
        request: &RequestWithdrawal,
        ids: &RequestIds,
        now: Timestamp,
    ) -> Result<Requested, RequestWithdrawalError> {
        let digest = request_digest(request);
        let purse = Purse::from(request.quote.source);
        // Lock first, then the key, then decide: two taps on PostgreSQL meet here.
        let available = ledger::balance_locked(tx, &Account::purse(request.user, purse)).await?;
        if let Some(earlier) = withdrawals::find_by_key(tx, &request.key).await? {
            if earlier.digest == digest {
                return Ok(Requested { id: earlier.id, replayed: true });
            }
            return Err(RequestWithdrawalError::KeyReused(request.key.clone()));
        }
        let vault = self.vault().ok_or_else(|| RequestWithdrawalError::Closed("no envelope key".to_owned()))?;
        self.admit(tx, request, available, ids.rate, now).await?;
        let (flags, hits) = self.screen(tx, request, &vault.account_hmac(&request.payee.account_number), now).await?;
        let usd = usd_of(request.quote.amount, ids.rate)?;
        let level = policy::level(&flags, usd, self.settings().withdrawals.two_signatures_above);
        let needed = policy::signatures_needed(level, self.settings().approvers());
        let hits = serde_json::to_string(&hits).unwrap_or_else(|_| "[]".to_owned());
        let account_hmac = vault.account_hmac(&request.payee.account_number);
        let new = NewWithdrawal {
            user: request.user,
            source: request.quote.source,
            amount: request.quote.amount,
            fee: request.quote.fee,
            payout: request.quote.payout,
            usd,
            rate: request.quote.rate,
            rate_until: request.quote.rate.map(|_| now.plus(self.settings().withdrawals.rate_hold)),
            bank_code: &request.payee.bank_code,
            bank_name: &text::clean_line(&request.payee.bank_name, 80),
            account_enc: &vault.seal("account", &request.payee.account_number, ids.account_nonce),
            account_hmac: &account_hmac,
            name_enc: &vault.seal("name", &request.payee.account_name, ids.name_nonce),
            mode: mode(tx).await?,
            flags: &Flag::letters(&flags),
            hits: &hits,
            level: i64::from(u8::from(level)),
            needed: i64::from(needed),
            key: &request.key,
            digest: &digest,
            correlation: &ids.correlation,
        };
        let id = self.record_request(tx, &new, now).await?;
        self.tell_request(tx, id, &flags, level, &request.payee, now).await?;
        self.auto_approve_in(tx, id, now).await?;
        Ok(Requested { id, replayed: false })
    }

    /// Every reason to refuse, none of which changes anything.
    async fn admit(
        &self,
        tx: &mut Tx,
        request: &RequestWithdrawal,
        available: Money,
        rate: Option<Rate>,
        now: Timestamp,
    ) -> Result<(), RequestWithdrawalError> {
        let settings = &self.settings().withdrawals;
        let quote = &request.quote;
        if *self.store().disk_full().borrow() {
            return Err(RequestWithdrawalError::Closed("the disk is full".to_owned()));
        }
        if now > quote.confirm_until {
            return Err(RequestWithdrawalError::QuoteOver);
        }
        if let Some(why) = rail::paused(tx, Switch::Withdrawals).await? {
            // Requests are still taken: the money is held and waits; only sending stands still.
            tracing::info!(reason = %why, "A withdrawal is requested while payouts are paused");
        }
        let user = users::find(tx, request.user).await?;
        match user {
            None => return Err(RequestWithdrawalError::Closed("unknown user".to_owned())),
            Some(user) if user.frozen.is_some() => return Err(RequestWithdrawalError::Frozen),
            Some(user) if quote.source == Source::Reply && user.role != "reply_guy" => {
                return Err(RequestWithdrawalError::Closed("not a reply earner".to_owned()));
            }
            Some(_) => {}
        }
        let recent = withdrawals::recent_of_user(tx, request.user, now.minus(Duration::from_secs(86_400))).await?;
        for (limit, span) in [(settings.per_hour, 3_600), (settings.per_day, 86_400)] {
            let span = Duration::from_secs(span);
            let within: Vec<Timestamp> = recent.iter().map(|(at, _)| *at).filter(|at| now.since(*at) < span).collect();
            if let Some(oldest) =
                within.get((limit as usize).saturating_sub(1)).filter(|_| within.len() >= limit as usize)
            {
                return Err(RequestWithdrawalError::TooMany { next: oldest.plus(span) });
            }
        }
        let expected = payout(quote.amount, quote.fee, quote.rate)?;
        let bounds = self.bounds_at(quote.source, rate)?;
        within(quote.amount, bounds, available)?;
        if expected != quote.payout
            || quote.fee != bounds.fee
            || quote.rate.is_some() != (quote.source == Source::Affiliate)
        {
            return Err(RequestWithdrawalError::QuoteOver);
        }
        Ok(())
    }

    async fn screen(
        &self,
        tx: &mut Tx,
        request: &RequestWithdrawal,
        hmac: &[u8],
        now: Timestamp,
    ) -> Result<(Vec<Flag>, Vec<policy::Hit>), StoreError> {
        let (others, other_accounts, since) =
            users::payee_facts(tx, request.user, &request.payee.bank_code, hmac).await?;
        let (_, paid_to_account) = withdrawals::paid_counts(tx, request.user, hmac).await?;
        let recent = withdrawals::recent_of_user(tx, request.user, now.minus(Duration::from_secs(86_400))).await?;
        let income = ledger::income(tx, &Account::purse(request.user, Purse::from(request.quote.source))).await?;
        let mut sum_day = request.quote.payout;
        for (_, payout) in &recent {
            sum_day = sum_day.checked_add(*payout).unwrap_or(sum_day);
        }
        let facts = Facts {
            paid_to_account,
            account_age: since.map_or(Duration::ZERO, |since| now.since(since)),
            had_other_account: other_accounts > 0,
            other_users_on_account: others,
            count_day: i64::try_from(recent.len()).unwrap_or(i64::MAX) + 1,
            sum_day,
            last_income_age: income.iter().map(|(_, _, at)| *at).max().map(|at| now.since(at)),
            affiliate: request.quote.source == Source::Affiliate,
        };
        let hits = policy::screen(&facts, &self.settings().withdrawals.velocity);
        let flags = Flag::ALL.into_iter().filter(|flag| hits.iter().any(|hit| hit.flag == *flag)).collect();
        Ok((flags, hits))
    }

    /// The hold's journal, the payee, the row, the hold: all or nothing.
    async fn record_request(
        &self,
        tx: &mut Tx,
        new: &NewWithdrawal<'_>,
        now: Timestamp,
    ) -> Result<WithdrawalId, RequestWithdrawalError> {
        let purse = Purse::from(new.source);
        let (from, held) = (Account::purse(new.user, purse), Account::held(new.user, purse));
        let payee = NewPayee {
            user: new.user,
            bank_code: new.bank_code,
            bank_name: new.bank_name,
            account_enc: new.account_enc,
            account_hmac: new.account_hmac,
            name_enc: new.name_enc,
        };
        users::save_payee(tx, &payee, now).await?;
        let id = withdrawals::insert(tx, new, now).await?;
        let key = IdempotencyKey::withdrawal_hold(id, 1);
        let journal = Journal::new(key, "withdrawal.requested", format!("user:{}", new.user), object(id), now)
            .transfer(from, held.clone(), new.amount);
        // The balance was read locked, so a refusal here is no answer to the user: everything is undone.
        let posted = ledger::post(tx, &journal).await.map_err(crate::payout::posting)?;
        holds::open(tx, &object(id), 1, &held, new.amount, posted.id, now).await?;
        let data = json!({
            "withdrawal_id": id.get(), "user_id": new.user.get(), "amount": new.amount, "payout": new.payout,
            "source": new.source.word(), "flags": new.flags, "mode": new.mode.word(),
        });
        record::event(tx, self, EventType::WithdrawalRequested, &object(id), new.correlation, &data, now).await?;
        tracing::info!(
            withdrawal.id = %id, user.id = %new.user, amount_minor = new.amount.minor(), currency = %new.amount.currency(),
            correlation = new.correlation, "Withdrawal {id} requested"
        );
        Ok(id)
    }

    async fn tell_request(
        &self,
        tx: &mut Tx,
        id: WithdrawalId,
        flags: &[Flag],
        level: Level,
        payee: &Payee,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.metrics().count("withdrawal_requests_total", &[("status", "requested")]);
        let Some(listed) = store::listing::find(tx, id).await? else { return Ok(()) };
        let w = listed.withdrawal;
        let notice = Notice::OpsRequested(OpsWithdrawal {
            id,
            version: w.version,
            user: w.user,
            username: crate::console::display_name(&listed.username, &listed.first_name),
            source: w.source.word().to_owned(),
            amount: w.amount,
            payout: w.payout,
            bank: w.bank_name.clone(),
            account: text::mask_account(&payee.account_number),
            name: text::mask(&payee.account_name, 2),
            flags: flags.iter().map(|flag| flag.legend().to_owned()).collect(),
            mode: w.mode.word().to_owned(),
            decidable: self.settings().withdrawals.telegram_approvals && level <= Level::Money,
        });
        notice::ops(tx, self, &notice, &format!("requested:{id}"), &w.correlation, now).await
    }
}

fn usd_of(amount: Money, rate: Option<Rate>) -> Result<Money, QuoteError> {
    crate::users::usd_at(amount, rate).ok_or_else(|| QuoteError::NoRate("no usable rate".to_owned()))
}

/// Who pays new withdrawals once approved.
pub(crate) async fn mode(tx: &mut Tx) -> Result<Mode, StoreError> {
    let kept = rail::setting(tx, MODE).await?;
    Ok(kept.and_then(|word| word.parse().ok()).unwrap_or(Mode::Automatic))
}

fn within(amount: Money, bounds: Bounds, available: Money) -> Result<(), QuoteError> {
    let at_least = |a: Money, b: Money| a.at_least(b).map_err(|_| QuoteError::NotAnAmount);
    if !at_least(amount, bounds.min)? || !amount.is_positive() {
        return Err(QuoteError::BelowMinimum(bounds.min));
    }
    if !at_least(bounds.max, amount)? {
        return Err(QuoteError::AboveMaximum(bounds.max));
    }
    if !at_least(available, amount)? {
        return Err(QuoteError::InsufficientBalance { available });
    }
    Ok(())
}

/// What the bank receives of `amount` after our fee, rounded down to kobo.
fn payout(amount: Money, fee: Money, rate: Option<Rate>) -> Result<Money, QuoteError> {
    let net = amount.checked_sub(fee).map_err(|_| QuoteError::NotAnAmount)?;
    let payout = match rate {
        Some(rate) => rate.convert(net, Currency::Ngn, Rounding::Down).map_err(|_| QuoteError::NotAnAmount)?,
        None if net.currency() == Currency::Ngn => net,
        None => return Err(QuoteError::NotAnAmount),
    };
    if payout.is_positive() { Ok(payout) } else { Err(QuoteError::NotAnAmount) }
}

/// What the key stands for: who, what, to whom.
fn request_digest(request: &RequestWithdrawal) -> [u8; 32] {
    let mut hash = Sha256::new();
    let rate = request.quote.rate.map_or((0, 0), Rate::parts);
    for part in [
        request.user.to_string(),
        request.quote.source.word().to_owned(),
        format!("{:?}", request.quote.amount),
        format!("{:?}", request.quote.payout),
        format!("{rate:?}"),
        request.payee.bank_code.clone(),
        request.payee.account_number.clone(),
    ] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

/// What names sign when they approve a withdrawal.
pub(crate) fn approval_digest(w: &Withdrawal) -> [u8; 32] {
    Approved {
        id: w.id,
        user: w.user,
        amount: w.amount,
        payout: w.payout,
        rate: w.rate,
        bank_code: &w.bank_code,
        account_hmac: &w.account_hmac,
        revision: w.revision,
    }
    .digest()
}

impl App {
    /// What a user is told of a withdrawal.
    pub(crate) fn news(&self, w: &Withdrawal) -> WithdrawalNews {
        let account = self.vault().and_then(|vault| vault.open("account", &w.account_enc).ok()).unwrap_or_default();
        WithdrawalNews {
            id: w.id,
            payout: w.payout,
            amount: w.amount,
            bank: w.bank_name.clone(),
            account: text::mask_account(&account),
            reason: w.reason.clone(),
            manual: w.mode == Mode::Manual,
            reference: (w.attempt > 0)
                .then(|| self.flutterwave().reference(w.id, crate::users::attempt_number(w.attempt))),
        }
    }
}
