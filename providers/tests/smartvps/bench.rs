//! The stand-in with a patient and an impatient client.

use std::time::Duration;

use domain::Secret;
use domain::outcome::Outcome;
use providers::smartvps::{Bought, Refusal};
use providers::{Exchange, HttpClient, RawReply, Reply, SmartVps, SmartVpsConfig, Timeouts};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

pub(crate) struct Bench {
    pub(crate) sandbox: Sandbox,
    pub(crate) vps: SmartVps,
    pub(crate) hasty: SmartVps,
    control: reqwest::Client,
}

pub(crate) fn client(url: &str, username: &str, password: &str, ms: u64) -> SmartVps {
    let ms = Duration::from_millis(ms);
    let timeouts = Timeouts { connect: ms, vps: ms, vps_buy: ms, ..Timeouts::default() };
    let secret = |text: &str| Some(Secret::new(text));
    let (username, password) = (secret(username), secret(password));
    let config = SmartVpsConfig { base_url: url.to_owned(), username, password, refusals: Refusal::defaults() };
    SmartVps::new(config, HttpClient::new(timeouts).unwrap())
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let (user, password) = sandbox.key("smartvps").split_once(':').unwrap();
        let url = sandbox.url("smartvps");
        Self {
            vps: client(url, user, password, 20_000),
            hasty: client(url, user, password, 400),
            control: reqwest::Client::builder().no_proxy().build().unwrap(),
            sandbox,
        }
    }

    pub(crate) async fn post(&self, route: &str, body: Value) {
        let url = format!("{}/smartvps{route}", self.sandbox.url("control"));
        let reply = self.control.post(url).body(body.to_string()).send().await.unwrap();
        assert_eq!(reply.status(), 200, "{route} {body}");
    }

    pub(crate) async fn fault(&self, op: &str, kind: &str, more: Value) {
        let mut fault = json!({ "op": op, "fault": kind });
        fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post("/_faults", fault).await;
    }

    /// Takes the faults away and waits until the service takes connections again.
    pub(crate) async fn mend(&self) {
        let url = format!("{}/smartvps/_faults", self.sandbox.url("control"));
        self.control.delete(url).send().await.unwrap();
        let at = self.sandbox.url("smartvps").trim_start_matches("http://").to_owned();
        while tokio::net::TcpStream::connect(&at).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn record(&self) -> Value {
        let url = format!("{}/smartvps/_record", self.sandbox.url("control"));
        serde_json::from_str(&self.control.get(url).send().await.unwrap().text().await.unwrap()).unwrap()
    }

    pub(crate) async fn sales(&self) -> Vec<Value> {
        self.record().await["sales"].as_array().unwrap().clone()
    }

    /// How often an operation was asked for.
    pub(crate) async fn asked(&self, op: &str) -> usize {
        self.record().await["calls"].as_array().unwrap().iter().filter(|call| call["op"] == op).count()
    }

    /// Nothing that is kept of a call may hold a credential, ours or a machine's.
    pub(crate) async fn assert_clean(&self, shown: &str) {
        let (user, password) = self.sandbox.key("smartvps").split_once(':').unwrap();
        let record = self.record().await;
        let mut secrets = vec![password.to_owned(), "Basic".to_owned(), base64(&format!("{user}:{password}"))];
        let machines = record["machines"].as_array().unwrap();
        secrets.extend(machines.iter().filter_map(|machine| machine["password"].as_str().map(str::to_owned)));
        for secret in secrets {
            assert!(!shown.contains(&secret), "{secret} in {shown}");
        }
    }
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}

pub(crate) fn complete(status: u16, body: impl Into<Vec<u8>>) -> RawReply {
    RawReply::Complete(Reply { status, retry_after: None, body: body.into() })
}

pub(crate) fn code<T>(outcome: &Outcome<T>) -> String {
    match outcome {
        Outcome::Unknown(evidence) => evidence.code.clone(),
        Outcome::Rejected(rejection) => rejection.code.to_owned(),
        _ => String::new(),
    }
}

pub(crate) fn address(outcome: &Outcome<Bought>) -> Option<String> {
    match outcome {
        Outcome::Accepted(bought) => Some(bought.ip.to_string()),
        _ => None,
    }
}

pub(crate) fn assert_bounded(exchange: &Exchange) {
    assert!(exchange.reply.chars().count() <= 500 && !exchange.reply.contains('\n'), "{exchange:?}");
}
