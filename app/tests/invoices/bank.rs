//! Bank transfers: an account for each invoice, every transfer credited once by its own id, nothing by hearsay.

use crate::common::ada;
use crate::till::{Till, ten_posts, usd};
use app::invoices::{InvoiceError, InvoiceShown, NewInvoice};
use domain::invoice::{ChargeState, InvoiceState as S, Method, PaymentState};
use domain::{Money, Secret, UserId};
use serde_json::{Value, json};
use std::time::Duration;
use store::invoices::payments::{self, Payment};

const SECRET: &str = "a webhook secret";

impl Till {
    /// An invoice with its account.
    async fn by_bank(&self, user: UserId) -> InvoiceShown {
        let request =
            NewInvoice { email: Some("ada@example.com".into()), ..self.request(user, ten_posts(), Method::Bank) };
        let made = self.world.app.make_invoice(&request, self.world.now()).await.unwrap().invoice;
        self.world.settle().await;
        let shown = self.shown(user, made.id).await;
        assert_eq!(shown.bank.as_ref().unwrap().charge, ChargeState::Made, "{shown:?}");
        shown
    }

    async fn reference(&self, id: domain::InvoiceId) -> String {
        let found = self.world.app.store().read(|mut tx| async move { store::invoices::find(&mut tx, id).await }).await;
        found.unwrap().unwrap().bank.unwrap().reference
    }

    /// Somebody transfers; the ids of the bank.
    async fn transfers(&self, reference: &str, more: Value) -> Vec<i64> {
        let mut body = json!({ "tx_ref": reference, "webhooks": 0 });
        for (key, value) in more.as_object().cloned().unwrap_or_default() {
            body[key] = value;
        }
        let answer = self.control("flutterwave", "_transfer", body).await;
        answer["ids"].as_array().unwrap_or_else(|| panic!("{answer}")).iter().map(|id| id.as_i64().unwrap()).collect()
    }

    async fn hook(&self, id: i64, reference: &str, secret: &str) -> bool {
        let body = json!({ "event": "charge.completed", "data": { "id": id, "tx_ref": reference, "amount": 9_999_999,
            "currency": "NGN", "status": "successful", "payment_type": "bank_transfer" } });
        let header = |name: &str| (name == "verif-hash").then(|| secret.to_owned());
        let body = body.to_string();
        let hashes = [Secret::new(SECRET)];
        self.world.app.flutterwave_webhook(header, body.as_bytes(), &hashes, self.world.now()).await.is_ok()
    }

    async fn transfer(&self, id: i64) -> Option<Payment> {
        let key = id.to_string();
        let key = key.as_str();
        let found = self
            .world
            .app
            .store()
            .read(|mut tx| async move { payments::find_by_tx(&mut tx, "flutterwave", key).await });
        found.await.unwrap()
    }
}

#[tokio::test]
async fn d06_a_transfer_is_found_by_polling_and_credited_once() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let without = till.make(user, ten_posts(), Method::Bank).await;
    assert!(matches!(without, Err(InvoiceError::EmailNeeded)), "{without:?}");
    let invoice = till.by_bank(user).await;
    let bank = invoice.bank.clone().unwrap();
    assert!(bank.account.is_some() && bank.amount.minor() % 100 == 0, "{bank:?}");
    assert!(till.world.app.offer(user, &ten_posts(), till.world.now()).await.unwrap().email_known);
    let reference = till.reference(invoice.id).await;
    till.pass(Duration::from_secs(120)).await;
    assert_eq!(till.state(user, invoice.id).await, S::Open, "not found is not failed");
    let ids = till.transfers(&reference, json!({ "status": "pending" })).await;
    till.pass(Duration::from_secs(21)).await;
    till.pass(Duration::from_secs(21)).await;
    assert_eq!((till.state(user, invoice.id).await, till.wallet(user).await), (S::Confirming, usd("0")));
    till.control("flutterwave", "_payment", json!({ "id": ids[0], "status": "successful" })).await;
    till.until(user, invoice.id, S::Paid).await;
    assert_eq!((till.posts(user, "t1").await, till.ours("revenue").await), (10, 5_000_000));
    till.pass(Duration::from_secs(600)).await;
    assert!(till.hook(ids[0], &reference, SECRET).await);
    till.pass(Duration::from_secs(60)).await;
    assert_eq!((till.journals("deposit").await, till.journals("invoice.paid").await), (1, 1));
    till.sound().await;
}

#[tokio::test]
async fn d06_another_currency_or_a_failed_transfer_pays_nothing() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let dollars = till.by_bank(user).await;
    let ids = till.transfers(&till.reference(dollars.id).await, json!({ "currency": "GHS" })).await;
    till.pass(Duration::from_secs(21)).await;
    let payment = till.transfer(ids[0]).await.unwrap();
    assert_eq!((payment.state, payment.class.as_deref()), (PaymentState::Disputed, Some("currency")));
    let failed = till.by_bank(user).await;
    let ids = till.transfers(&till.reference(failed.id).await, json!({ "status": "failed" })).await;
    till.pass(Duration::from_secs(21)).await;
    assert_eq!(till.transfer(ids[0]).await.unwrap().state, PaymentState::Refused);
    assert_eq!((till.state(user, failed.id).await, till.journals("deposit").await), (S::Open, 0));
    till.sound().await;
}

#[tokio::test]
async fn too_little_too_much_and_twice_are_decided_by_rule() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.by_bank(user).await;
    let reference = till.reference(invoice.id).await;
    let asked = invoice.bank.as_ref().unwrap().amount;
    let half = Money::ngn_minor(asked.minor() / 2);
    let first = till.transfers(&reference, json!({ "amount": half.amount_text() })).await;
    till.until(user, invoice.id, S::Short).await;
    let wallet = till.wallet(user).await;
    assert!(wallet.minor() > 2_400_000 && wallet.minor() < 2_600_000, "{wallet:?}");
    let rest = Money::ngn_minor(asked.minor() - half.minor());
    till.transfers(&reference, json!({ "amount": rest.amount_text() })).await;
    till.until(user, invoice.id, S::Paid).await;
    assert_eq!(till.posts(user, "t1").await, 10);
    // Twice at once: polling sees the newest, webhooks tell of each.
    let other = till.buyer(2).await;
    let invoice = till.by_bank(other).await;
    let reference = till.reference(invoice.id).await;
    let ids = till.transfers(&reference, json!({ "twice": true })).await;
    for id in &ids {
        assert!(till.hook(*id, &reference, SECRET).await && till.hook(*id, &reference, SECRET).await);
    }
    till.until(other, invoice.id, S::Over).await;
    till.pass(Duration::from_secs(60)).await;
    let wallet = till.wallet(other).await;
    assert!(wallet.minor() > 4_990_000 && wallet.minor() < 5_010_000, "{wallet:?}");
    assert_eq!((till.posts(other, "t1").await, till.journals("deposit").await), (10, 4));
    assert!(till.transfer(first[0]).await.unwrap().credited_at.is_some());
    till.sound().await;
}

#[tokio::test]
async fn a_webhook_is_a_hint_and_moves_nothing_by_itself() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.by_bank(user).await;
    let reference = till.reference(invoice.id).await;
    assert!(!till.hook(4_711, &reference, "forged").await);
    assert!(till.transfer(4_711).await.is_none());
    // Genuine and wrong: nobody has paid.
    assert!(till.hook(4_711, &reference, SECRET).await);
    till.pass(Duration::from_secs(60)).await;
    assert_eq!((till.wallet(user).await, till.state(user, invoice.id).await), (usd("0"), S::Open));
    // It names another's transfer: what the bank says of the reference counts.
    let other = till.buyer(2).await;
    let theirs = till.by_bank(other).await;
    let ids = till.transfers(&till.reference(theirs.id).await, json!({})).await;
    assert!(till.hook(ids[0], &reference, SECRET).await);
    till.pass(Duration::from_secs(60)).await;
    assert!(till.wallet(user).await.is_zero() && till.posts(user, "t1").await == 0);
    till.sound().await;
}

#[tokio::test]
async fn d17_d18_a_transfer_after_the_time_and_after_restarts_is_never_lost() {
    let mut till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.by_bank(user).await;
    let reference = till.reference(invoice.id).await;
    till.pass(Duration::from_secs(2 * 3_600)).await;
    till.world.restart().await;
    till.world.arm().await;
    till.transfers(&reference, json!({ "late": true })).await;
    for _ in 0..20 {
        till.pass(Duration::from_secs(300)).await;
    }
    let shown = till.shown(user, invoice.id).await;
    let came = shown.paid.minor() + till.wallet(user).await.minor();
    assert!(matches!(shown.state, S::Paid | S::Late) && came >= 4_900_000, "{shown:?}");
    assert_eq!(till.journals("deposit").await, 1);
    till.sound().await;
}

#[tokio::test]
async fn an_orphan_is_assigned_by_an_operator_and_credited_once() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    let invoice = till.by_bank(user).await;
    let amount = invoice.bank.as_ref().unwrap().amount;
    // An account that our books know nothing of.
    let url = format!("{}/charges?type=bank_transfer", till.world.sandbox.url("flutterwave").trim_end_matches('/'));
    let body = json!({ "tx_ref": "vc-d-lost", "amount": 1_000, "currency": "NGN", "email": "a@b.example",
        "is_permanent": false, "expires": 3_600 });
    let asked = till.world.http.post(url).bearer_auth(till.world.sandbox.key("flutterwave")).json(&body).send().await;
    assert!(asked.unwrap().status().is_success());
    let ids = till.transfers("vc-d-lost", json!({ "amount": amount.amount_text() })).await;
    assert!(till.hook(ids[0], "vc-d-lost", SECRET).await);
    till.pass(Duration::from_secs(30)).await;
    let orphan = till.transfer(ids[0]).await.unwrap();
    assert_eq!((orphan.state, orphan.attention.as_deref()), (PaymentState::Orphan, Some("orphan")), "{orphan:?}");
    let (app, now) = (&till.world.app, till.world.now());
    app.assign_payment(&ada(), orphan.id, Some(orphan.version), invoice.id, "their receipt", "op-1", now)
        .await
        .unwrap();
    let again = app.assign_payment(&ada(), orphan.id, None, invoice.id, "their receipt", "op-2", now).await.unwrap();
    assert!(again.done.contains("stays"), "{again:?}");
    assert_eq!((till.state(user, invoice.id).await, till.posts(user, "t1").await), (S::Paid, 10));
    assert_eq!(till.journals("deposit").await, 1);
    till.sound().await;
}

#[tokio::test]
async fn an_account_that_cannot_be_had_is_told_of() {
    let till = Till::new().await;
    let user = till.buyer(1).await;
    till.control(
        "flutterwave",
        "_faults",
        json!({ "op": "charge", "fault": "status_before", "status": 500, "times": 0 }),
    )
    .await;
    let request = NewInvoice { email: Some("ada@example.com".into()), ..till.request(user, ten_posts(), Method::Bank) };
    let made = till.world.app.make_invoice(&request, till.world.now()).await.unwrap().invoice;
    for _ in 0..10 {
        till.pass(Duration::from_secs(21)).await;
    }
    let shown = till.shown(user, made.id).await;
    assert_eq!((shown.state, shown.bank.unwrap().charge), (S::Expired, ChargeState::Failed));
    till.sound().await;
}
