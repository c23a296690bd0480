//! Users: what they see of themselves, and what operators do to them.

use crate::cases::Opened;
use crate::command::{Adjust, AdjustError, Adjusted, DecideError, Payee};
use crate::notice::Notice;
use crate::view::UserRow;
use crate::{App, StoreError, notice, record};
use domain::boost::BoostPlan;
use domain::case::CaseKind;
use domain::event::EventType;
use domain::ledger::{Account, Journal, Purse, Refusal};
use domain::money::Rounding;
use domain::operator::{Actor, NotAllowed, Role};
use domain::withdrawal::{Mode, WithdrawalState};
use domain::{Currency, Money, Timestamp, UserId, WithdrawalId, text};
use serde_json::json;
use store::ledger::PostError;
use store::users::User;
use store::{Tx, ledger, users, withdrawals};

/// A saved bank account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedPayee {
    /// Its id.
    pub id: i64,
    /// The account.
    pub payee: Payee,
}

/// A withdrawal as its user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "fields of the withdrawal, explained in view::WithdrawalRow")]
pub struct Brief {
    pub id: WithdrawalId,
    pub state: WithdrawalState,
    pub payout: Money,
    pub amount: Money,
    pub created_at: Timestamp,
    pub bank_name: String,
    /// `****1103`.
    pub account_masked: String,
    pub reason: Option<String>,
    pub reference: Option<String>,
    pub manual: bool,
}

/// What a user sees of themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "purses and names, explained in design section 3")]
pub struct Profile {
    pub user: UserId,
    pub username: String,
    pub first_name: String,
    /// `customer` or `reply_guy`.
    pub role: String,
    pub frozen: bool,
    pub wallet: Money,
    pub affiliate: Money,
    pub reply: Money,
    pub affiliate_held: Money,
    pub reply_held: Money,
    /// Post credits that can be spent: (the plan's code, how many), by code; plans without any are left out.
    pub posts: Vec<(String, i64)>,
    /// Their custom plans that can be used now.
    pub plans: Vec<BoostPlan>,
    /// The affiliate balance at the day's rate, where there is one.
    pub affiliate_ngn: Option<Money>,
    pub referred: i64,
    pub payees: Vec<SavedPayee>,
    pub withdrawals: Vec<Brief>,
}

impl App {
    /// What a user sees of themselves.
    pub async fn profile(&self, user: UserId, now: Timestamp) -> Result<Profile, StoreError> {
        let rate = self.usd_ngn(now).await.ok();
        let (row, accounts, referred, payees, list, own) = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                Ok::<_, StoreError>((
                    users::find(tx, user).await?,
                    ledger::user_accounts(tx, user).await?,
                    users::referred(tx, user).await?,
                    users::payees(tx, user).await?,
                    withdrawals::of_user(tx, user, 10).await?,
                    store::plans::of_user(tx, user).await?,
                ))
            })
            .await?;
        let balance = |account: Account| {
            let row = accounts.iter().find(|row| row.account == account);
            row.map_or(Money::zero(account.currency()), |row| row.balance)
        };
        let affiliate = balance(Account::purse(user, Purse::Affiliate));
        let ngn = rate.and_then(|row| row.rate.convert(affiliate, Currency::Ngn, Rounding::Down).ok());
        let mut posts: Vec<(String, i64)> = accounts
            .iter()
            .filter_map(|row| match row.account.currency() {
                Currency::Credits(plan) if row.account == Account::purse(user, Purse::Posts(plan)) => {
                    Some((plan.as_str().to_owned(), row.balance.minor()))
                }
                _ => None,
            })
            .filter(|(_, left)| *left > 0)
            .collect();
        posts.sort();
        let payees = payees.into_iter().filter_map(|row| {
            let payee = self.open_payee(row.bank_code, row.bank_name, &row.account_enc, &row.name_enc)?;
            Some(SavedPayee { id: row.id, payee })
        });
        let briefs = list.into_iter().map(|w| {
            let account = self.vault().and_then(|vault| vault.open("account", &w.account_enc).ok()).unwrap_or_default();
            Brief {
                id: w.id,
                state: w.state,
                payout: w.payout,
                amount: w.amount,
                created_at: w.created_at,
                bank_name: w.bank_name,
                account_masked: text::mask_account(&account),
                reason: w.reason,
                reference: (w.attempt > 0).then(|| self.flutterwave().reference(w.id, attempt_number(w.attempt))),
                manual: w.mode == Mode::Manual,
            }
        });
        Ok(Profile {
            user,
            username: row.as_ref().map_or(String::new(), |row| row.username.clone()),
            first_name: row.as_ref().map_or(String::new(), |row| row.first_name.clone()),
            role: row.as_ref().map_or("customer".to_owned(), |row| row.role.clone()),
            frozen: row.is_some_and(|row| row.frozen.is_some()),
            wallet: balance(Account::purse(user, Purse::Wallet)),
            affiliate,
            reply: balance(Account::purse(user, Purse::Reply)),
            affiliate_held: balance(Account::held(user, Purse::Affiliate)),
            reply_held: balance(Account::held(user, Purse::Reply)),
            posts,
            plans: own.iter().filter(|plan| plan.usable(now)).filter_map(crate::plans::boost_plan).collect(),
            affiliate_ngn: ngn,
            referred,
            payees: payees.collect(),
            withdrawals: briefs.collect(),
        })
    }

    fn open_payee(&self, bank_code: String, bank_name: String, account: &[u8], name: &[u8]) -> Option<Payee> {
        let vault = self.vault()?;
        let account_number = vault.open("account", account).ok()?;
        let account_name = vault.open("name", name).ok()?;
        Some(Payee { bank_code, bank_name, account_number, account_name })
    }

    /// Users after an id whose name contains `words`.
    pub async fn users(&self, words: &str, after: i64, limit: i64) -> Result<Vec<UserRow>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let mut rows = Vec::new();
                for user in users::list(tx, words, after, limit).await? {
                    rows.push(user_row(tx, user).await?);
                }
                Ok(rows)
            })
            .await
    }

    /// One user.
    pub async fn user(&self, id: UserId) -> Result<Option<UserRow>, StoreError> {
        self.store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                match users::find(tx, id).await? {
                    Some(user) => user_row(tx, user).await.map(Some),
                    None => Ok(None),
                }
            })
            .await
    }

    /// Stops or allows a user's spending.
    pub async fn set_frozen(
        &self,
        actor: &Actor,
        user: UserId,
        freeze: bool,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), DecideError> {
        let reason = text::clean_line(reason.trim(), 200);
        let object = format!("user:{user}");
        let action = if freeze { "user.freeze" } else { "user.unfreeze" };
        self.authorised(actor, Role::Approver, action, &object, now).await?;
        if reason.is_empty() {
            return Err(DecideError::ReasonMissing);
        }
        let op = self.short_id();
        let (reason, object, op) = (reason.as_str(), object.as_str(), op.as_str());
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                match users::set_frozen(tx, user, freeze.then_some(reason), now).await {
                    Err(StoreError::Stale) => return Err(DecideError::NotFound(format!("user {user}"))),
                    other => other?,
                }
                Ok(record::audited(tx, actor, action, object, true, reason, op, now).await?)
            })
            .await
    }

    /// Makes a user a reply guy, or a customer again.
    pub async fn set_role(&self, actor: &Actor, user: UserId, role: &str, now: Timestamp) -> Result<(), DecideError> {
        let object = format!("user:{user}");
        self.authorised(actor, Role::Admin, "user.set_role", &object, now).await?;
        if !matches!(role, "customer" | "reply_guy") {
            return Err(DecideError::Cap("a role is customer or reply_guy".to_owned()));
        }
        let op = self.short_id();
        let (object, op) = (object.as_str(), op.as_str());
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                match users::set_role(tx, user, role).await {
                    Err(StoreError::Stale) => return Err(DecideError::NotFound(format!("user {user}"))),
                    other => other?,
                }
                Ok(record::audited(tx, actor, "user.set_role", object, true, role, op, now).await?)
            })
            .await
    }

    /// Notes that messages reach the user, or not.
    pub async fn set_reachable(&self, user: UserId, reachable: bool, _now: Timestamp) -> Result<(), StoreError> {
        self.store().write(|mut tx| async move { users::set_unreachable(&mut tx, user, !reachable).await }).await
    }

    /// Moves money to or from a purse with a reason. Above `limits.adjustment_single` it opens a case instead.
    pub async fn adjust(&self, actor: &Actor, adjust: &Adjust, now: Timestamp) -> Result<Adjusted, AdjustError> {
        let object = format!("user:{}", adjust.user);
        if let Err(error) = self.authorised(actor, Role::Admin, "user.adjust", &object, now).await {
            return Err(match error {
                DecideError::NotAllowed(why) => AdjustError::NotAllowed(why),
                DecideError::Store(error) => AdjustError::Store(error),
                _ => AdjustError::NotAllowed(NotAllowed::Role {
                    name: actor.name.clone(),
                    has: actor.role.word(),
                    needed: "admin, at a terminal",
                }),
            });
        }
        if adjust.reason.trim().is_empty() {
            return Err(AdjustError::ReasonMissing);
        }
        if adjust.amount.is_zero() || adjust.amount.currency() != adjust.purse.currency() {
            return Err(AdjustError::BadAmount);
        }
        let usd = self.in_usd(adjust.amount, now).await;
        let small = usd.is_some_and(|usd| usd.minor().abs() <= self.settings().limits.adjustment_single.minor());
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                if users::find(tx, adjust.user).await?.is_none() {
                    return Err(AdjustError::NoUser(adjust.user));
                }
                // A key that is in the books is answered by the books: a replay, or another body.
                let known = ledger::journal_by_key(tx, adjust.key.as_str()).await?.is_some();
                if known || small || matches!(adjust.purse, Purse::Posts(_)) {
                    return self.adjust_in(tx, &actor.word(), &actor.name, actor.via, adjust, now).await;
                }
                let what = format!(
                    "{} {} on {} of user {}",
                    verb(adjust.amount),
                    absolute(adjust.amount),
                    adjust.purse,
                    adjust.user
                );
                let payload = json!({
                    "user": adjust.user.get(), "purse": adjust.purse.to_string(),
                    "amount": adjust.amount, "key": adjust.key.as_str(),
                    "usd_minor": usd.map_or(0, |usd| usd.minor().saturating_abs()),
                });
                if self.settings().approvers() <= 1
                    && let Err(error) = self.solo_cap(tx, usd.map_or(Money::zero(Currency::Usd), absolute), now).await
                {
                    return Err(match error {
                        DecideError::Store(error) => AdjustError::Store(error),
                        _ => {
                            let limit = self.settings().withdrawals.solo_daily_cap;
                            AdjustError::NotAllowed(NotAllowed::Limit { name: actor.name.clone(), limit })
                        }
                    });
                }
                let subject = format!("adjustment:{}", adjust.key);
                let (case, opened) = self
                    .open_case_in(tx, actor, CaseKind::Adjustment, &subject, &what, &payload, &adjust.reason, now)
                    .await?;
                if opened == Opened::Other {
                    return Err(AdjustError::KeyReused(adjust.key.clone()));
                }
                Ok(Adjusted::CaseOpened { case })
            })
            .await
    }

    /// Posts an adjustment in this transaction, tells the user and writes the audit.
    pub(crate) async fn adjust_in(
        &self,
        tx: &mut Tx,
        actor_word: &str,
        actor_name: &str,
        via: &'static str,
        adjust: &Adjust,
        now: Timestamp,
    ) -> Result<Adjusted, AdjustError> {
        let purse = Account::purse(adjust.user, adjust.purse);
        let ours = Account::platform("adjust", adjust.purse.currency());
        let amount = absolute(adjust.amount);
        let (from, to) = if adjust.amount.is_positive() { (ours, purse.clone()) } else { (purse.clone(), ours) };
        let reason = text::clean_line(adjust.reason.trim(), 200);
        let journal =
            Journal::new(adjust.key.clone(), "adjustment", actor_word, &reason, now).transfer(from, to, amount);
        let posted = ledger::post(tx, &journal).await.map_err(|error| match error {
            PostError::Refused(Refusal::InsufficientFunds { available, .. }) => AdjustError::Insufficient { available },
            PostError::Refused(Refusal::KeyReused(key)) => AdjustError::KeyReused(key),
            PostError::Store(error) => AdjustError::Store(error),
            PostError::Refused(_) | PostError::AlreadyReversed => AdjustError::BadAmount,
        })?;
        if !posted.replayed {
            let object = format!("user:{}", adjust.user);
            let data =
                json!({ "user_id": adjust.user.get(), "purse": adjust.purse.to_string(), "amount": adjust.amount });
            let correlation = adjust.key.as_str();
            let event = record::event(tx, self, EventType::BalanceAdjusted, &object, correlation, &data, now).await?;
            let news = Notice::BalanceAdjusted {
                purse: adjust.purse.to_string(),
                amount: adjust.amount,
                reason: reason.clone(),
            };
            notice::user(tx, adjust.user, &news, adjust.key.as_str(), &event, correlation, now).await?;
            let detail = format!("{} {} on {}: {reason}", verb(adjust.amount), amount, adjust.purse);
            let actor = Actor { name: actor_name.to_owned(), role: Role::Admin, approve_max: None, via };
            record::audited(tx, &actor, "user.adjust", &object, true, &detail, adjust.key.as_str(), now).await?;
        }
        let balance = ledger::balance(tx, &purse).await?;
        Ok(Adjusted::Posted { journal: posted.id.get(), balance })
    }

    /// An amount in USD for limits; `None` when there is no usable rate.
    pub(crate) async fn in_usd(&self, amount: Money, now: Timestamp) -> Option<Money> {
        usd_at(amount, self.usd_ngn(now).await.ok().map(|row| row.rate))
    }
}

/// An amount in USD at a rate, rounded up; `None` where that cannot be said.
pub(crate) fn usd_at(amount: Money, rate: Option<domain::Rate>) -> Option<Money> {
    match amount.currency() {
        Currency::Usd => Some(amount),
        Currency::Ngn => {
            let (num, den) = rate?.parts();
            domain::Rate::new(den, num)?.convert(amount, Currency::Usd, Rounding::Up).ok()
        }
        Currency::Credits(_) => None,
    }
}

fn verb(amount: Money) -> &'static str {
    if amount.is_negative() { "debit" } else { "credit" }
}

fn absolute(amount: Money) -> Money {
    if amount.is_negative() { amount.checked_neg().unwrap_or(amount) } else { amount }
}

pub(crate) fn attempt_number(n: i64) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

async fn user_row(tx: &mut Tx, user: User) -> Result<UserRow, StoreError> {
    let accounts = ledger::user_accounts(tx, user.id).await?;
    let prefix = format!("user:{}:", user.id);
    Ok(UserRow {
        id: user.id,
        username: user.username,
        first_name: user.first_name,
        role: user.role,
        created_at: user.created_at,
        frozen: user.frozen,
        unreachable: user.unreachable,
        referrer: user.referrer,
        balances: accounts
            .into_iter()
            .filter(|row| !row.balance.is_zero())
            .map(|row| (row.account.name().trim_start_matches(&prefix).to_owned(), row.balance))
            .collect(),
    })
}
