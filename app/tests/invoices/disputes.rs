//! Whose payment it is: the first who names it, unless its amount says otherwise; then a person decides, with every
//! claimant on the table.

use crate::common::{actor, ada};
use crate::till::{Till, ten_posts, usd, x_name};
use app::command::ActError;
use app::invoices::{ClaimError, Dispute, Order};
use domain::InvoiceId;
use domain::chain::{Asset, TxIdError};
use domain::invoice::{InvoiceState as S, PaymentState};
use domain::operator::Role;
use serde_json::json;
use std::time::Duration;
use store::invoices::claims;

#[tokio::test]
async fn the_second_claimant_of_a_transaction_is_a_dispute_with_both_visible() {
    let till = Till::new().await;
    let (first, second) = (till.buyer(1).await, till.buyer(2).await);
    let mine = till.invoice(first, ten_posts(), Asset::UsdtBsc).await;
    let theirs = till.invoice(second, ten_posts(), Asset::UsdtBsc).await;
    let hash = till.pays(&mine).await;
    till.claims(first, mine.id, &hash).await;
    let again = till.world.app.claim_payment(second, theirs.id, &hash.to_uppercase(), till.world.now()).await;
    assert!(matches!(again, Err(ClaimError::TakenByOther)), "{again:?}");
    assert_eq!(till.state(second, theirs.id).await, S::Disputed);
    till.until(first, mine.id, S::Paid).await;
    assert!(till.wallet(second).await.is_zero() && till.posts(second, "t1").await == 0);
    let payment = till.payment_of(Asset::UsdtBsc, &hash).await;
    assert_eq!(payment.attention.as_deref(), Some("dispute"));
    let id = payment.id;
    let claimants =
        till.world.app.store().read(|mut tx| async move { claims::of_payment(&mut tx, id).await }).await.unwrap();
    assert_eq!(claimants.iter().map(|claim| claim.user).collect::<Vec<_>>(), [first, second]);
    assert!(till.world.notices().await.contains(&"ops_alarm".to_owned()));
    // The second one's invoice shows the transfer, too, and whose it is: from there it is decided.
    let shown = till.world.app.invoice_detail(theirs.id, till.world.now()).await.unwrap().unwrap();
    assert_eq!(shown.payments.iter().map(|row| (row.id, row.invoice)).collect::<Vec<_>>(), [(id, Some(mine.id))]);
    assert_eq!(shown.claims.iter().map(|claim| claim.user).collect::<Vec<_>>(), [first, second]);
    assert!(shown.ledger.is_empty());
    // What is credited is not moved; the dispute ends with the first.
    let moved = till.decide(id, Dispute::For(theirs.id)).await;
    assert!(matches!(moved, Err(ActError::Refused(_))), "{moved:?}");
    till.decide(id, Dispute::For(mine.id)).await.unwrap();
    assert_eq!(till.state(second, theirs.id).await, S::Open);
    assert_eq!(till.payment_of(Asset::UsdtBsc, &hash).await.attention, None);
    till.sound().await;
}

#[tokio::test]
async fn an_amount_that_another_invoice_asks_for_is_not_the_thiefs() {
    let till = Till::new().await;
    let (victim, thief) = (till.buyer(1).await, till.buyer(2).await);
    let order = Order::Buy { product: "x_t1".into(), quantity: 100, details: x_name() };
    let theirs = till.invoice(victim, order, Asset::UsdtTron).await;
    let cheap = till.invoice(thief, ten_posts(), Asset::UsdtTron).await;
    let hash = till.pays(&theirs).await;
    // Everybody can see the hash on the chain; the thief is faster.
    till.claims(thief, cheap.id, &hash).await;
    till.pass(Duration::from_secs(180)).await;
    assert_eq!(till.state(thief, cheap.id).await, S::Disputed);
    assert!(till.wallet(thief).await.is_zero());
    let taken = till.world.app.claim_payment(victim, theirs.id, &hash, till.world.now()).await;
    assert!(matches!(taken, Err(ClaimError::TakenByOther)), "{taken:?}");
    assert_eq!(till.state(victim, theirs.id).await, S::Disputed);
    let payment = till.payment_of(Asset::UsdtTron, &hash).await;
    assert_eq!((payment.state, payment.class.as_deref()), (PaymentState::Disputed, Some("amount")));
    till.decide(payment.id, Dispute::For(theirs.id)).await.unwrap();
    assert_eq!((till.state(victim, theirs.id).await, till.posts(victim, "t1").await), (S::Paid, 100));
    assert_eq!((till.state(thief, cheap.id).await, till.journals("deposit").await), (S::Open, 1));
    till.sound().await;
}

#[tokio::test]
async fn a_disputed_payment_that_is_nobodys_credits_nobody() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let old = till.sends(Asset::UsdtTron, 5_000_000, json!({})).await;
    till.pass(Duration::from_secs(600)).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    till.claims(user, invoice.id, &old).await;
    till.pass(Duration::from_secs(60)).await;
    let payment = till.payment_of(Asset::UsdtTron, &old).await;
    assert_eq!((payment.state, payment.class.as_deref()), (PaymentState::Disputed, Some("early")));
    till.decide(payment.id, Dispute::Nobody).await.unwrap();
    assert_eq!(till.state(user, invoice.id).await, S::Open);
    assert!(till.wallet(user).await.is_zero());
    till.sound().await;
}

#[tokio::test]
async fn an_operator_credits_what_came_to_a_wallet_once() {
    let till = Till::new().await;
    let (user, other) = (till.buyer(1).await, till.buyer(2).await);
    let old = till.sends(Asset::UsdtTron, 5_000_000, json!({})).await;
    till.pass(Duration::from_secs(600)).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    till.claims(user, invoice.id, &old).await;
    till.pass(Duration::from_secs(60)).await;
    let payment = till.payment_of(Asset::UsdtTron, &old).await;
    let app = &till.world.app;
    let by = |name, role| actor(name, role);
    let now = till.world.now();
    let refused = app.credit_payment(&by("eve", Role::Operator), payment.id, None, other, "theirs", "op-1", now).await;
    assert!(matches!(refused, Err(ActError::NotAllowed(_))), "{refused:?}");
    let silent = app.credit_payment(&ada(), payment.id, None, other, " ", "op-2", now).await;
    assert!(matches!(silent, Err(ActError::ReasonMissing)), "{silent:?}");
    let done =
        app.credit_payment(&ada(), payment.id, Some(payment.version), other, "theirs", "op-3", now).await.unwrap();
    assert!(!done.repeated);
    let again = app.credit_payment(&ada(), payment.id, Some(payment.version), other, "theirs", "op-3", now).await;
    assert!(again.unwrap().repeated);
    let twice = app.credit_payment(&ada(), payment.id, None, user, "mine", "op-4", now).await;
    assert!(matches!(twice, Err(ActError::Refused(_))), "{twice:?}");
    assert_eq!((till.wallet(other).await, till.wallet(user).await), (usd("5"), usd("0")));
    till.sound().await;
}

#[tokio::test]
async fn what_is_named_is_understood_or_answered_helpfully() {
    let till = Till::new().await;
    let (user, other) = (till.buyer(1).await, till.buyer(2).await);
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtSolana).await;
    let claim = async |user, id, typed: &str| till.world.app.claim_payment(user, id, typed, till.world.now()).await;
    let foreign = claim(other, invoice.id, "x").await;
    assert!(matches!(foreign, Err(ClaimError::NotYours(_))), "{foreign:?}");
    assert!(matches!(claim(user, InvoiceId::new(999), "x").await, Err(ClaimError::NotYours(_))));
    assert!(matches!(claim(user, invoice.id, "").await, Err(ClaimError::Hash(TxIdError::Empty))));
    let bsc = format!("0x{}", "ab".repeat(32));
    let wrong = claim(user, invoice.id, &bsc).await;
    assert!(matches!(wrong, Err(ClaimError::Hash(TxIdError::OtherChain(_)))), "{wrong:?}");
    // What is no id of the chain is not counted; what is, is, ten times an hour.
    let bnb = till.invoice(user, ten_posts(), Asset::Bnb).await;
    let mut taken = 0;
    for n in 0..14 {
        match claim(user, bnb.id, &format!("0x{n:064x}")).await {
            Ok(_) => taken += 1,
            Err(ClaimError::TooManyTries { .. }) => {}
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(taken, 10);
    till.pass(Duration::from_secs(3_700)).await;
    till.sound().await;
}

#[tokio::test]
async fn a_transaction_that_nobody_ever_found_is_refused_and_may_be_named_again() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.invoice(user, ten_posts(), Asset::UsdtTron).await;
    let hash = "ab".repeat(32);
    till.claims(user, invoice.id, &hash).await;
    for _ in 0..14 {
        till.pass(Duration::from_secs(300)).await;
    }
    let payment = till.payment_of(Asset::UsdtTron, &hash).await;
    assert_eq!((payment.state, payment.class.as_deref()), (PaymentState::Refused, Some("not_found")));
    till.pass(Duration::from_secs(61)).await;
    assert_eq!(till.state(user, invoice.id).await, S::Expired);
    till.sends(Asset::UsdtTron, till.asked(&invoice), json!({ "hash": hash })).await;
    till.claims(user, invoice.id, &hash).await;
    till.until(user, invoice.id, S::Late).await;
    assert!(till.wallet(user).await.minor() >= 5_000_000);
    till.sound().await;
}

impl Till {
    async fn decide(&self, id: domain::PaymentId, whose: Dispute) -> Result<app::command::Acted, ActError> {
        let op = format!("op-{}", self.world.unique());
        self.world.app.decide_dispute(&ada(), id, None, whose, "looked at both", &op, self.world.now()).await
    }
}
