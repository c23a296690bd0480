//! Every invariant holds in a healthy store and goes red when its rule is broken behind the code's back.

use crate::engines::{raw, run};
use crate::invoices::{Made, made};
use crate::providers::{add, plain};
use crate::scene::*;
use domain::boost::{Leg, OrderState, PartPlan, PartState, Platform, Schedule, Targets};
use domain::chain::Asset;
use domain::event::EventType;
use domain::invoice::{InvoiceState, Method, PaymentState};
use domain::ipstock::PackageKey;
use domain::ledger::{Account, Journal, Purse};
use domain::money::Plan;
use domain::vps::{BuyState, VpsState};
use domain::{Currency, IdempotencyKey, Money};
use std::collections::BTreeSet;
use std::time::Duration;
use store::boosts::placements::{self, End, NewPlacement};
use store::boosts::{self, NewOrder};
use store::fulfilment::{self, Commission, NewManual};
use store::holds::Close;
use store::invoices;
use store::invoices::payments::{self, NewPayment};
use store::plans::{self, NewPlan};
use store::vps::machines::NewMachine;
use store::vps::renewals::{self, NewRenewal};
use store::vps::{self, buys};
use store::{Dialect, Store, StoreError, attempts, audit, check, events, holds, jobs, ledger, outbox, signatures};

const REVERSED: &str = "insert into journal (id, key, digest, kind, reverses, actor, cause, at) \
                        select 900, 'red', digest, 'test', (select min(id) from journal where reverses is not null), '', '', 0 \
                        from journal where key = 'fund'";

/// One withdrawal that waits, one that was sent; a reversal, a job, a message, an event.
async fn healthy(store: &Store) {
    let (one, key_a, key_b) = (user(store, 1).await, &key("a"), &key("b"));
    let purse = Account::purse(one, Purse::Affiliate);
    let held = Account::held(one, Purse::Affiliate);
    let fund = transfer("fund", adjust(), purse.clone(), 100_000_000);
    let mistake = transfer("mistake", adjust(), purse.clone(), 5);
    post(store, &fund).await.unwrap();
    let mistake_id = post(store, &mistake).await.unwrap().id;
    let undo = Journal { reverses: Some(mistake_id), ..transfer("undo", purse.clone(), adjust(), 5) };
    post(store, &undo).await.unwrap();
    let (purse, held) = (&purse, &held);
    let done: Result<(), ledger::PostError> = transact!(store, |tx| {
        for key in [key_a, key_b] {
            let new = request(one, 100_000, key);
            let id = store::withdrawals::insert(tx, &new, T0).await?;
            let hold = Journal::new(IdempotencyKey::withdrawal_hold(id, 1), "withdrawal.requested", "user:1", "", T0)
                .transfer(purse.clone(), held.clone(), new.amount);
            let journal = ledger::post(tx, &hold).await?.id;
            let object = store::withdrawals::object(id);
            holds::open(tx, &object, 1, held, new.amount, journal, T0).await?;
            if key.as_str() == "a" {
                continue;
            }
            let signature = signatures::NewSignature {
                subject: &object,
                digest: b"d",
                operator: "ada",
                via: "console",
                op: "op-1",
                expires_at: at(99),
            };
            signatures::insert(tx, &signature, T0).await?;
            let line = audit::NewAudit {
                actor: "ada",
                action: "withdrawal.approve",
                object: &object,
                done: true,
                detail: "",
                op: "op-1",
            };
            audit::append(tx, &line, T0).await?;
            attempts::insert(tx, id, 1, "vc-w-2-1", b"d", ngn(100_000), T0).await?;
            let attempt = attempts::find(tx, id, 1).await?.map_or(0, |attempt| attempt.id);
            attempts::mark_sending(tx, attempt, 1, at(70), T0).await?;
            attempts::finish_sending(tx, attempt, 1, "accepted", None, T0).await?;
            let sent =
                Journal::new(IdempotencyKey::withdrawal_step(id, 1, "sent"), "withdrawal.sent", "system", "", T0)
                    .transfer(held.clone(), Account::platform("clearing:flutterwave", Currency::Usd), new.amount);
            let captured = ledger::post(tx, &sent).await?.id;
            let hold = holds::find_open(tx, &object).await?.map_or(0, |hold| hold.id);
            holds::close(tx, hold, Close::Captured, captured, T0).await?;
            let mut row = store::withdrawals::find_locked(tx, id).await?.ok_or(StoreError::Stale)?;
            (row.signed, row.attempt, row.state) = (1, 1, domain::withdrawal::WithdrawalState::Sent);
            store::withdrawals::update(tx, &row, T0).await?;
        }
        let event = events::NewEvent {
            event_id: "e1",
            event_type: EventType::WithdrawalSent,
            correlation: "c",
            object: "withdrawal:2",
            data: "{}",
        };
        events::insert(tx, &event, T0).await?;
        let message = outbox::NewMessage {
            chat: 1,
            kind: outbox::Kind::Notice,
            method: "send".to_owned(),
            payload: "{}".to_owned(),
            key: None,
            event_id: Some("e1".to_owned()),
            correlation: "c".to_owned(),
        };
        outbox::insert(tx, &[message], T0).await?;
        let job = jobs::NewJob { kind: "k", lane: "a", key: "k", object: "withdrawal:2", payload: "{}", run_at: T0 };
        jobs::insert(tx, &job, T0).await?;
        jobs::claim(tx, "a", "me", at(70), T0).await?;
        Ok(())
    });
    done.unwrap();
    boosts(store).await;
    machines(store).await;
    sold(store).await;
}

/// An invoice that waits; one for credits that a coin paid, of which a part was given back; one that people fulfil, paid
/// from the wallet; and a custom plan.
async fn sold(store: &Store) {
    let usdt = Method::Crypto(Asset::UsdtBsc);
    let of = |name: &'static str, plan: Option<&'static str>, method| Made {
        name,
        user: 1,
        plan,
        method,
        ..Made::default()
    };
    made(store, &Made { expected: 5, ..of("ia", Some("t1"), usdt) }).await.unwrap();
    let credits = made(store, &Made { expected: 6, ..of("ib", Some("t1"), usdt) }).await.unwrap();
    let manual = made(store, &of("ic", None, Method::Wallet)).await.unwrap();
    let (one, referrer) = (user(store, 1).await, user(store, 9).await);
    let done: Result<(), ledger::PostError> =
        transact!(store, |tx, one, referrer, credits, manual| {
            let (one, referrer, credits, manual) = (*one, *referrer, *credits, *manual);
            let (purse, price, plan) = (Account::purse(one, Purse::Wallet), usd(5_000_000), Plan::new("t1").unwrap());
            let revenue = || Account::platform("revenue", Currency::Usd);
            // The deposit.
            let new = NewPayment {
                chain: "bsc",
                tx: "0xabc",
                asset: Some(Asset::UsdtBsc),
                invoice: Some(credits),
                user: Some(one),
                next_at: None,
                correlation: "c",
            };
            let payment = payments::insert(tx, &new, T0).await?;
            let key = IdempotencyKey::deposit("bsc", "0xabc").unwrap();
            let deposit = Journal::new(key, "deposit", "system", payments::object(payment), T0).transfer(
                Account::platform("clearing:bsc", Currency::Usd),
                purse.clone(),
                price,
            );
            ledger::post(tx, &deposit).await?;
            let mut row = payments::find_locked(tx, payment).await?.ok_or(StoreError::Stale)?;
            (row.state, row.usd, row.credited_at) = (PaymentState::Credited, Some(price), Some(T0));
            payments::update(tx, &row, T0).await?;
            // What it bought.
            let given = Money::new(10, Currency::Credits(plan));
            let pay = Journal::new(IdempotencyKey::invoice(credits, "pay"), "invoice.paid", "system", "", T0)
                .transfer(purse.clone(), revenue(), price)
                .transfer(
                    Account::platform("credits:t1", given.currency()),
                    Account::purse(one, Purse::Posts(plan)),
                    given,
                );
            ledger::post(tx, &pay).await?;
            let ours = || Account::platform("commission", Currency::Usd);
            let affiliate = Account::purse(referrer, Purse::Affiliate);
            let object = invoices::object(credits);
            let bonus = Journal::new(IdempotencyKey::bonus(credits), "commission.earned", "system", &object, T0)
                .transfer(ours(), affiliate.clone(), usd(500_000));
            ledger::post(tx, &bonus).await?;
            fulfilment::insert_commission(tx, credits, referrer, usd(500_000), T0).await?;
            let refund =
                Journal::new(IdempotencyKey::invoice(credits, "refund:1"), "invoice.refunded", "ada", &object, T0)
                    .transfer(revenue(), purse.clone(), usd(1_000_000))
                    .transfer(
                        Account::purse(one, Purse::Posts(plan)),
                        Account::platform("credits:t1", given.currency()),
                        Money::new(2, given.currency()),
                    );
            ledger::post(tx, &refund).await?;
            let back = Journal::new(IdempotencyKey::bonus_back(credits, 1), "commission.returned", "ada", &object, T0)
                .transfer(affiliate, ours(), usd(100_000));
            ledger::post(tx, &back).await?;
            let earned = fulfilment::commission_locked(tx, credits).await?.ok_or(StoreError::Stale)?;
            let clawed = Commission { clawed: usd(100_000), ..earned.clone() };
            fulfilment::update_commission(tx, &clawed, &earned, T0).await?;
            let mut row = invoices::find_locked(tx, credits).await?.ok_or(StoreError::Stale)?;
            (row.state, row.reserved, row.paid_usd, row.paid_at) = (InvoiceState::Paid, false, price, Some(T0));
            (row.refunded, row.refunds) = (usd(1_000_000), 1);
            invoices::update(tx, &row, T0).await?;
            // What people fulfil.
            let pay = Journal::new(IdempotencyKey::invoice(manual, "pay"), "invoice.paid", "user:1", "", T0).transfer(
                purse,
                revenue(),
                price,
            );
            ledger::post(tx, &pay).await?;
            let mut row = invoices::find_locked(tx, manual).await?.ok_or(StoreError::Stale)?;
            (row.state, row.paid_usd, row.paid_at) = (InvoiceState::Paid, price, Some(T0));
            invoices::update(tx, &row, T0).await?;
            let new = NewManual {
                invoice: manual,
                user: one,
                product: "x_poll",
                title: "t",
                quantity: 10,
                details: &row.details,
                price,
                due_at: at(60),
            };
            fulfilment::insert(tx, &new, T0).await?;
            // A custom plan.
            let targets = Targets { views: 5, ..Targets::default() };
            let new = NewPlan { user: one, name: "n", targets, posts: 50, expires_at: None, made_by: "ada" };
            let id = plans::insert(tx, &new, T0).await?;
            let own = Plan::new(&format!("ct{id}")).unwrap();
            let given = Money::new(50, Currency::Credits(own));
            let give = Journal::new(IdempotencyKey::plan(id, "give"), "plan.credits", "ada", plans::object(id), T0)
                .transfer(
                    Account::platform(&format!("credits:ct{id}"), given.currency()),
                    Account::purse(one, Purse::Posts(own)),
                    given,
                );
            ledger::post(tx, &give).await?;
            Ok(())
        });
    done.unwrap();
}

/// A VPS order that waits, one whose buy is on its way, and one that was delivered and is being renewed.
async fn machines(store: &Store) {
    let pool = PackageKey::new("123", "103.82.72");
    let item = crate::ipstock::create(store, vec![crate::ipstock::package("123", "103.82.72", 5)]).await[0];
    let one = user(store, 1).await;
    let (purse, held) = (wallet(1), Account::held(one, Purse::Wallet));
    let names = ["va", "vb", "vc"].map(key);
    post(store, &transfer("vps:fund", adjust(), purse.clone(), 100_000_000)).await.unwrap();
    let done: Result<(), ledger::PostError> = transact!(store, |tx, pool, purse, held, names| {
        let price = usd(9_990_000);
        for (n, key) in names.iter().enumerate() {
            let id = vps::insert(tx, &crate::vps::ordered(one, item, pool, key), T0).await?;
            let hold = Journal::new(IdempotencyKey::vps(id, "hold"), "vps.ordered", "user:1", vps::object(id), T0)
                .transfer(purse.clone(), held.clone(), price);
            let journal = ledger::post(tx, &hold).await?.id;
            holds::open(tx, &vps::object(id), 1, held, price, journal, T0).await?;
            if n == 0 {
                continue;
            }
            let new = buys::NewBuy {
                order: id,
                n: 1,
                package: pool,
                gb: 8,
                stock_before: 5,
                stock_before_at: T0,
                fence: 1,
                lease_until: at(210),
                correlation: "c",
            };
            let buy = buys::insert_sending(tx, &new, T0).await?;
            let mut order = vps::find_locked(tx, id).await?.ok_or(StoreError::Stale)?;
            order.state = VpsState::Buying;
            if n == 2 {
                let end = buys::End { ip: Some("103.82.72.9"), ..buys::End::default() };
                buys::finish(tx, buy, 1, BuyState::Accepted, &end, T0).await?;
                let machine = NewMachine {
                    ip: "103.82.72.9",
                    order: Some(id),
                    user: Some(one),
                    package: pool,
                    title: "t",
                    memory: "8GB",
                    gb: 8,
                    os: "ubuntu",
                };
                let machine = vps::machines::insert(tx, &machine, T0).await?;
                (order.state, order.ip, order.machine) =
                    (VpsState::Active, Some("103.82.72.9".to_owned()), Some(machine));
                let revenue = Account::platform("revenue", Currency::Usd);
                let capture =
                    Journal::new(IdempotencyKey::vps(id, "capture"), "vps.bought", "system", vps::object(id), T0)
                        .transfer(held.clone(), revenue, price);
                let captured = ledger::post(tx, &capture).await?.id;
                let hold = holds::find_open(tx, &vps::object(id)).await?.map_or(0, |hold| hold.id);
                holds::close(tx, hold, Close::Captured, captured, T0).await?;
                let renewal = NewRenewal {
                    machine,
                    user: one,
                    months: 1,
                    price,
                    purse: "wallet",
                    cost: None,
                    cost_currency: None,
                    expires_before: None,
                    key,
                    digest: b"d",
                    correlation: "c",
                };
                let renewal = renewals::insert(tx, &renewal, T0).await?;
                let object = renewals::object(renewal);
                let hold =
                    Journal::new(IdempotencyKey::renewal(renewal, "hold"), "vps.renewing", "user:1", &object, T0)
                        .transfer(purse.clone(), held.clone(), price);
                let journal = ledger::post(tx, &hold).await?.id;
                holds::open(tx, &object, 1, held, price, journal, T0).await?;
            }
            vps::update(tx, &order, T0).await?;
        }
        Ok(())
    });
    done.unwrap();
}

/// A boost order that waits, and one of which a panel has a part while another is on its way there.
async fn boosts(store: &Store) {
    let provider = add(store, plain("flare", 1)).await.unwrap();
    let (one, plan) = (user(store, 1).await, Plan::new("t1").unwrap());
    let (purse, held) = (Account::purse(one, Purse::Posts(plan)), Account::held(one, Purse::Posts(plan)));
    let (credit, code) = (Money::new(1, Currency::Credits(plan)), "t1".to_owned());
    let (spent, bought) =
        (Account::platform("credits:t1", credit.currency()), Account::platform("adjust", credit.currency()));
    post(store, &transfer("credits", bought, purse.clone(), 2)).await.unwrap();
    let done: Result<(), ledger::PostError> = transact!(store, |tx, provider, purse, held, credit, code, spent| {
        for name in ["ba", "bb"] {
            let key = key(name);
            let new = NewOrder {
                user: one,
                platform: Platform::X,
                link: "https://x.com/ada/status/1",
                handle: "ada",
                plan: code,
                targets: Targets { views: 2_000, ..Targets::default() },
                price: usd(500_000),
                schedule: Schedule::Halves,
                want: 2_000,
                key: &key,
                digest: b"d",
                correlation: "c",
            };
            let id = boosts::insert(tx, &new, T0).await?;
            let hold =
                Journal::new(IdempotencyKey::boost(id, "hold"), "boost.ordered", "user:1", boosts::object(id), T0)
                    .transfer(purse.clone(), held.clone(), *credit);
            let journal = ledger::post(tx, &hold).await?.id;
            holds::open(tx, &boosts::object(id), 1, held, *credit, journal, T0).await?;
            let half =
                PartPlan { leg: Leg::Views, quantity: 1_000, runs: 1, interval_minutes: 0, after: Duration::ZERO };
            let mut parts = Vec::new();
            for n in [1, 2] {
                parts.push(boosts::insert_part(tx, id, n, &half, false, PartState::Scheduled, T0, None, T0).await?);
            }
            if name == "ba" {
                continue;
            }
            for part in parts {
                let new = NewPlacement {
                    part,
                    order: id,
                    n: 1,
                    provider: *provider,
                    adapter: "current",
                    panel_service: "7",
                    quantity: 1_000,
                    digest: b"d",
                    probe: 0,
                    quote: usd(50_000),
                    quote_text: "0.05",
                    balance_before: None,
                    balance_before_at: None,
                    fence: 1,
                    lease_until: at(70),
                    correlation: "c",
                };
                let attempt = placements::insert_sending(tx, &new, T0).await?;
                let mut row = boosts::find_part(tx, part).await?.ok_or(StoreError::Stale)?;
                (row.provider, row.state) = (Some(*provider), PartState::Sending);
                if row.n == 1 {
                    let end = End { state: "accepted", panel_order: Some("77"), ..End::default() };
                    placements::finish(tx, attempt, 1, &end, T0).await?;
                    (row.panel_order, row.state) = (Some("77".to_owned()), PartState::Placed);
                }
                boosts::update_part(tx, &row, PartState::Scheduled, T0).await?;
            }
            let capture =
                Journal::new(IdempotencyKey::boost(id, "capture"), "boost.placed", "system", boosts::object(id), T0)
                    .transfer(held.clone(), spent.clone(), *credit);
            let captured = ledger::post(tx, &capture).await?.id;
            let hold = holds::find_open(tx, &boosts::object(id)).await?.map_or(0, |hold| hold.id);
            holds::close(tx, hold, Close::Captured, captured, T0).await?;
            let revenue = Account::platform("revenue", Currency::Usd);
            let refund = Journal::new(
                IdempotencyKey::boost_part(id, 1, "refund"),
                "boost.refunded",
                "system",
                boosts::object(id),
                T0,
            )
            .transfer(revenue, wallet(1), usd(5));
            ledger::post(tx, &refund).await?;
            let mut order = boosts::find_locked(tx, id).await?.ok_or(StoreError::Stale)?;
            (order.state, order.refunded) = (OrderState::Active, usd(5));
            boosts::update(tx, &order, T0).await?;
        }
        Ok(())
    });
    done.unwrap();
}

async fn broken(store: &Store) -> BTreeSet<&'static str> {
    let broken: Result<Vec<check::Broken>, StoreError> =
        store.snapshot(async |mut tx| check::run(&mut tx, T0).await).await;
    broken.unwrap().into_iter().map(|broken| broken.name).collect()
}

pub(crate) async fn a_healthy_store_has_nothing_broken(store: &Store) {
    assert_sound(store).await;
    healthy(store).await;
    assert_sound(store).await;
}

pub(crate) async fn every_invariant_can_go_red(store: &Store) {
    healthy(store).await;
    let sqlite = store.dialect() == Dialect::Sqlite;
    let unconstrained =
        |sqlite_sql: &str, postgres_sql: &str| (if sqlite { sqlite_sql } else { postgres_sql }).to_owned();
    let platform = "(select min(id) from account where name = 'platform:adjust')";
    let journal = |id: i64, amount: i64| {
        format!(
            "insert into journal (id, key, digest, kind, actor, cause, at) \
             select {id}, 'red{id}', digest, 'test', '', '', 0 from journal where key = 'fund'; \
             insert into entry (journal, seq, account, amount) values ({id}, 0, {platform}, {amount});"
        )
    };
    let attempt = "insert into attempt (withdrawal_id, n, reference, state, digest, amount, lease_until, created_at, \
                   updated_at) select id";
    // Each breaks one rule; what goes red is exactly the names.
    let breaks: Vec<(&[&str], String)> = vec![
        (&["journal_sums_to_zero"], journal(901, 5) + &journal(902, -5)),
        (&["journal_sums_to_zero", "currency_sums_to_zero"], journal(901, 5)),
        (
            &["balance_is_sum_of_entries"],
            "update account set posted = posted + 1 where name = 'user:1:affiliate'".to_owned(),
        ),
        (
            &["balance_not_below_floor"],
            unconstrained(
                "pragma ignore_check_constraints = on; update account set floor = posted + 1 where name = 'user:1:affiliate'",
                "alter table account drop constraint account_floor; \
                 update account set floor = posted + 1 where name = 'user:1:affiliate'",
            ),
        ),
        (
            &["versions_have_no_gap"],
            "update account set version = version + 1 where name = 'user:1:affiliate'".to_owned(),
        ),
        (&["reversal_reversed_once"], REVERSED.to_owned()),
        (&["held_is_sum_of_open_holds"], "update hold set amount = amount + 1 where state = 'open'".to_owned()),
        (&["unpaid_withdrawal_has_one_hold"], "update hold set object = 'order:1' where state = 'open' and object like 'withdrawal:%'".to_owned()),
        (&["unplaced_boost_has_one_hold"], "update hold set object = 'order:1' where state = 'open' and object like 'boost:%'".to_owned()),
        (
            &["placed_or_ended_boost_has_no_hold"],
            "update boost_order set state = 'cancelled', open = 0 where key = 'ba'".to_owned(),
        ),
        (
            &["placed_or_ended_boost_has_no_hold"],
            "update boost_part set panel_order = '78', provider_id = (select min(id) from provider) where n = 1 \
             and order_id = (select min(id) from boost_order where key = 'ba')"
                .to_owned(),
        ),
        (
            &["part_is_placed_once"],
            "drop index placement_one_live; insert into placement (part_id, order_id, n, provider_id, adapter, panel_service, \
             quantity, digest, state, quote, quote_text, correlation, sending_at) select part_id, order_id, 2, provider_id, \
             adapter, panel_service, quantity, digest, state, quote, quote_text, 'red', 0 from placement where state = 'accepted'"
                .to_owned(),
        ),
        (&["sending_placement_has_a_lease"], "update placement set lease_until = 9 where state = 'sending'".to_owned()),
        (&["sending_placement_has_a_lease"], "update placement set lease_until = null where state = 'sending'".to_owned()),
        (&["part_in_doubt_has_its_attempt"], "update placement set state = 'not_sent' where state = 'sending'".to_owned()),
        (&["attempt_in_doubt_has_its_part"], "update boost_part set state = 'waiting' where state = 'sending'".to_owned()),
        (&["captured_credit_was_accepted"], "update placement set state = 'rejected_ours' where state = 'accepted'".to_owned()),
        (&["refund_not_above_price"], "update boost_order set refunded = refunded - 1 where key = 'bb'".to_owned()),
        (&["unbought_vps_has_one_hold"], "update hold set object = 'order:1' where state = 'open' and object in (select 'vps:' || id from vps_order where key = 'va')".to_owned()),
        (&["bought_or_ended_vps_has_no_hold"], "update vps_order set state = 'failed', open = 0 where key = 'va'".to_owned()),
        (
            &["bought_vps_has_one_buy", "captured_vps_was_bought"],
            "update vps_buy set state = 'rejected' where state = 'accepted'".to_owned(),
        ),
        (
            &["vps_is_bought_once", "bought_vps_has_one_buy"],
            "drop index vps_buy_one_live; insert into vps_buy (order_id, n, pid, name, gb, state, ip, correlation, sending_at) \
             select order_id, 2, pid, name, gb, state, ip, 'red', 0 from vps_buy where state = 'accepted'"
                .to_owned(),
        ),
        (&["buy_is_of_the_ordered_package"], "update vps_buy set pid = '12' where state = 'accepted'".to_owned()),
        (&["buy_is_of_the_ordered_package"], "update vps_buy set gb = 4 where state = 'accepted'".to_owned()),
        (&["sending_buy_has_a_lease"], "update vps_buy set lease_until = 9 where state = 'sending'".to_owned()),
        (&["sending_buy_has_a_lease"], "update vps_buy set lease_until = null where state = 'sending'".to_owned()),
        (&["vps_in_doubt_has_its_buy"], "update vps_buy set state = 'not_sent' where state = 'sending'".to_owned()),
        (&["buy_in_doubt_has_its_vps"], "update vps_order set state = 'claimed' where key = 'vb'".to_owned()),
        (
            &["vps_in_doubt_has_its_buy", "buy_in_doubt_has_its_vps"],
            "update vps_order set state = 'unknown' where key = 'vb'".to_owned(),
        ),
        // A look-alike: the text begins alike, the octet is another.
        (
            &["delivered_machine_is_the_ordered_one"],
            "update machine set ip = '103.82.7.29'; update vps_order set ip = '103.82.7.29' where key = 'vc'".to_owned(),
        ),
        (
            &["delivered_machine_is_the_ordered_one"],
            "update machine set ip = '103.82.720.9'; update vps_order set ip = '103.82.720.9' where key = 'vc'".to_owned(),
        ),
        (&["delivered_machine_is_the_ordered_one"], "update machine set pid = '12'".to_owned()),
        (&["delivered_machine_is_the_ordered_one"], "update machine set gb = 4".to_owned()),
        (&["delivered_machine_is_the_ordered_one"], "update machine set user_id = null".to_owned()),
        (
            &["delivered_machine_is_the_ordered_one", "buy_is_of_the_ordered_package"],
            "update vps_order set name = '103.82.73' where key = 'vc'".to_owned(),
        ),
        (
            &["machine_has_one_order"],
            "drop index machine_living_ip; insert into machine (version, ip, pid, name, gb, os, state, created_at, updated_at) \
             select 1, ip, pid, name, gb, os, 'running', 0, 0 from machine"
                .to_owned(),
        ),
        (&["captured_vps_was_bought"], "update vps_order set refunded = 5 where key = 'vc'".to_owned()),
        (&["renewal_holds_what_its_state_says"], "update renewal set state = 'failed', ended_at = 9".to_owned()),
        (&["renewal_holds_what_its_state_says"], "update hold set object = 'order:1' where state = 'open' and object like 'renewal:%'".to_owned()),
        (
            &["ended_withdrawal_has_no_hold"],
            "update withdrawal set state = 'rejected', open = 0 where key = 'a'".to_owned(),
        ),
        (
            &["one_live_attempt"],
            format!(
                "drop index attempt_one_live; \
                 {attempt}, 2, 'red', 'intent', digest, 5, null, 0, 0 from withdrawal where key = 'b'"
            ),
        ),
        (
            &["sending_has_a_lease"],
            format!("{attempt}, 1, 'red', 'sending', digest, 5, 9, 0, 0 from withdrawal where key = 'a'"),
        ),
        (
            &["sending_has_a_lease"],
            format!("{attempt}, 1, 'red', 'sending', digest, 5, null, 0, 0 from withdrawal where key = 'a'"),
        ),
        (&["captured_hold_was_accepted"], "update attempt set state = 'unknown' where n = 1".to_owned()),
        (&["sent_was_signed"], "update signature set void = 1".to_owned()),
        (&["paid_invoice_is_booked_once"], "update invoice set paid_usd = paid_usd + 1 where key = 'ib'".to_owned()),
        (
            &["paid_invoice_is_booked_once"],
            "update invoice set state = 'paid', open = 0, reserved = 0, paid_usd = 5, paid_at = 9, plan = null, \
             kind = 'topup', product = null where key = 'ia'"
                .to_owned(),
        ),
        // Paid, and the row says nothing of it.
        (
            &["paid_invoice_is_booked_once", "manual_purchase_has_one_order"],
            "update invoice set state = 'expired', paid_usd = 0, paid_at = null where key = 'ic'".to_owned(),
        ),
        (&["credited_payment_is_booked_once"], "update payment set usd = usd + 1".to_owned()),
        (&["credited_payment_is_booked_once"], "update payment set user_id = 9".to_owned()),
        (&["credited_payment_is_booked_once"], "update payment set tx = '0xabd'".to_owned()),
        (&["credited_payment_is_booked_once"], "update payment set state = 'orphan', credited_at = null".to_owned()),
        (&["bought_credits_were_given_once"], "update invoice set quantity = 11 where key = 'ib'".to_owned()),
        (&["bought_credits_were_given_once"], "update invoice set plan = 't2' where key = 'ib'".to_owned()),
        (&["invoice_refund_is_booked"], "update invoice set refunded = refunded - 1 where key = 'ib'".to_owned()),
        (&["invoice_refund_is_booked"], "update invoice set refunded = 1 where key = 'ic'".to_owned()),
        (&["manual_purchase_has_one_order"], "delete from manual_order".to_owned()),
        (&["manual_purchase_has_one_order"], "update manual_order set refunded = 1".to_owned()),
        (&["commission_is_booked"], "update commission set amount = amount + 1".to_owned()),
        (&["commission_is_booked"], "update commission set clawed = clawed - 1".to_owned()),
        (&["commission_is_booked"], "update commission set referrer = 1".to_owned()),
        (&["commission_is_booked"], "delete from commission".to_owned()),
        (&["custom_plan_gave_its_posts"], "update custom_plan set posts = posts + 1".to_owned()),
        (
            &["open_invoice_waits_for_a_time"],
            unconstrained(
                "pragma ignore_check_constraints = on; update invoice set expires_at = null where key = 'ia'",
                "alter table invoice drop constraint invoice_expires; \
                 update invoice set expires_at = null where key = 'ia'",
            ),
        ),
        (
            &["open_invoice_waits_for_a_time"],
            unconstrained(
                "pragma ignore_check_constraints = on; update invoice set reserved = 1 where key = 'ic'",
                "alter table invoice drop constraint invoice_reserves; update invoice set reserved = 1, asset = 'usdt_bsc', \
                 expected = '9', chain = 'bsc', address = 'a', decimals = 18, coin_num = 1, coin_den = 1, method = 'crypto' \
                 where key = 'ic'",
            ),
        ),
        (&["running_job_has_a_lease"], "update job set lease_until = 9".to_owned()),
        (&["running_job_has_a_lease"], "update job set lease_until = null".to_owned()),
        (&["message_tells_of_an_event"], "update outbox set event_id = 'none'".to_owned()),
        (&["signed_decision_is_audited"], "update signature set op = 'none'".to_owned()),
    ];
    let mut seen = BTreeSet::new();
    for (names, sql) in breaks {
        let expected: BTreeSet<&str> = names.iter().copied().collect();
        assert_eq!(red(store, &sql).await, expected, "{sql}");
        seen.extend(expected);
        assert_sound(store).await;
    }
    assert_eq!(seen, check::names().collect(), "an invariant without a case here");
}

/// What is broken after `sql`: on a copy of the store (SQLite), or in a transaction that is rolled back (PostgreSQL).
async fn red(store: &Store, sql: &str) -> BTreeSet<&'static str> {
    match store.file() {
        Some(file) => {
            let copy = file.with_extension("red.db");
            store.backup(&copy).await.unwrap();
            let scratch = Store::open_current(&format!("sqlite://{}", copy.display())).await.unwrap();
            run(&mut raw(&scratch).await, sql).await.unwrap();
            let names = broken(&scratch).await;
            drop(scratch);
            std::fs::remove_file(copy).unwrap();
            names
        }
        None => {
            let mut conn = raw(store).await;
            run(&mut conn, "begin").await.unwrap();
            run(&mut conn, sql).await.unwrap();
            let names = broken_within(&mut conn).await;
            run(&mut conn, "rollback").await.unwrap();
            names
        }
    }
}

/// The same queries on a connection whose transaction is not committed.
async fn broken_within(conn: &mut sqlx::AnyConnection) -> BTreeSet<&'static str> {
    let mut names = BTreeSet::new();
    for (name, sql) in check::queries() {
        let rows = sqlx::query(sql).bind(T0.micros()).fetch_all(&mut *conn).await.unwrap();
        if !rows.is_empty() {
            names.insert(name);
        }
    }
    names
}
