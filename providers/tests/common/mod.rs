//! The stand-in over real HTTP, with its record as the judge.

#![allow(dead_code, reason = "each test binary uses its part")]

use std::time::Duration;

use domain::{Money, Secret};
use providers::flutterwave::NewTransfer;
use providers::{Exchange, Flutterwave, FlutterwaveConfig, HttpClient, Timeouts};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    /// Patient: for calls that are to be answered.
    pub(crate) flutterwave: Flutterwave,
    /// Impatient: for calls that are not.
    pub(crate) hasty: Flutterwave,
    control: reqwest::Client,
    next: std::cell::Cell<u32>,
}

pub(crate) fn timeouts(ms: u64) -> Timeouts {
    let ms = Duration::from_millis(ms);
    Timeouts { connect: ms, read: ms, transfer: ms, smm_add: ms, smm_read: ms, smm_services: ms, vps: ms, vps_buy: ms }
}

pub(crate) fn client(base_url: &str, key: &str, ms: u64) -> Flutterwave {
    with_timeouts(base_url, key, timeouts(ms))
}

pub(crate) fn with_timeouts(base_url: &str, key: &str, timeouts: Timeouts) -> Flutterwave {
    let secret_key = Some(Secret::new(key));
    let config = FlutterwaveConfig { base_url: base_url.to_owned(), secret_key, reference_suffix: String::new() };
    Flutterwave::new(config, HttpClient::new(timeouts).unwrap())
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let (url, key) = (sandbox.url("flutterwave").to_owned(), sandbox.key("flutterwave").to_owned());
        Self {
            flutterwave: client(&url, &key, 20_000),
            hasty: client(&url, &key, 400),
            control: reqwest::Client::builder().no_proxy().build().unwrap(),
            sandbox,
            next: std::cell::Cell::new(1),
        }
    }

    /// A transfer with a reference of its own.
    pub(crate) fn new_transfer(&self) -> NewTransfer {
        let number = self.next.replace(self.next.get() + 1);
        NewTransfer {
            reference: format!("vc-w-{number}-1"),
            bank_code: "044".to_owned(),
            account_number: "0690000040".to_owned(),
            beneficiary_name: "Alexis Sanchez".to_owned(),
            amount: Money::ngn_minor(3_900_000 + i64::from(number)),
            narration: "ViralCore payout".to_owned(),
        }
    }

    fn route(&self, route: &str) -> String {
        format!("{}/flutterwave{route}", self.sandbox.url("control"))
    }

    pub(crate) async fn fault(&self, fault: Value) {
        let reply = self.control.post(self.route("/_faults")).body(fault.to_string()).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{fault}");
    }

    /// Takes the faults away and waits until the service takes connections again.
    pub(crate) async fn mend(&self) {
        self.control.delete(self.route("/_faults")).send().await.unwrap();
        let at = self.sandbox.url("flutterwave").trim_start_matches("http://").trim_end_matches("/v3");
        while tokio::net::TcpStream::connect(at).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn post(&self, route: &str, body: Value) {
        let reply = self.control.post(self.route(route)).body(body.to_string()).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{route}");
    }

    /// What it was really asked and what it really created, as text: amounts keep their digits.
    pub(crate) async fn record_text(&self) -> String {
        self.control.get(self.route("/_record")).send().await.unwrap().text().await.unwrap()
    }

    pub(crate) async fn record(&self) -> Value {
        serde_json::from_str(&self.record_text().await).unwrap()
    }

    /// The transfers that it really created under this reference.
    pub(crate) async fn created(&self, reference: &str) -> Vec<Value> {
        let record = self.record().await;
        let all = record["transfers"].as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|transfer| transfer["reference"] == json!(reference)).collect()
    }

    /// How often it was really asked for this transfer.
    pub(crate) async fn asked(&self, reference: &str) -> usize {
        let record = self.record().await;
        let calls = record["calls"].as_array().cloned().unwrap_or_default();
        calls.iter().filter(|call| call["op"] == "transfer" && call["body"]["reference"] == json!(reference)).count()
    }

    /// Nothing that is kept of a call may hold a secret, an address, a person or a whole account number.
    pub(crate) fn assert_clean(&self, shown: &str) {
        let key = self.sandbox.key("flutterwave");
        for secret in [key, self.sandbox.url("flutterwave"), "0690000040", "Alexis", "Bearer"] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
    }
}

pub(crate) fn assert_bounded(exchange: &Exchange) {
    assert!(domain::text::width(&exchange.reply) <= 2_000 && !exchange.reply.contains('\n'), "{exchange:?}");
}
