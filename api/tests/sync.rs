//! `POST /api/smartvps/sync` over real sockets: who may, what is answered, what happens when two ask at once.

use api::{Api, ApiOptions};
use app::settings::Settings;
use app::{App, Parts, Store};
use domain::bucket::Size;
use domain::{Secret, Timestamp};
use providers::chains::Chains;
use providers::exchange_rate::ExchangeRate;
use providers::flutterwave::{Flutterwave, FlutterwaveConfig};
use providers::http::{HttpClient, Timeouts};
use providers::prices::{Prices, PricesConfig};
use providers::smartvps::{SmartVps, SmartVpsConfig};
use providers::smm::Smm;
use reqwest::{Method, StatusCode};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::watch;

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
const TOKEN: &str = "the-token-of-the-sync";

struct World {
    sandbox: Sandbox,
    public: SocketAddr,
    http: reqwest::Client,
    _stop: watch::Sender<bool>,
    dir: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

async fn app(dir: &Path, sandbox: &Sandbox) -> App {
    let http = HttpClient::new(Timeouts::default()).unwrap();
    let nowhere = "http://127.0.0.1:1";
    let rail = FlutterwaveConfig { base_url: nowhere.to_owned(), secret_key: None, reference_suffix: String::new() };
    let (username, password) = sandbox.key("smartvps").split_once(':').unwrap();
    let machines = SmartVpsConfig {
        base_url: sandbox.url("smartvps").to_owned(),
        username: Some(Secret::new(username)),
        password: Some(Secret::new(password)),
        refusals: Vec::new(),
    };
    let counter = AtomicU64::new(1);
    let store = format!("sqlite://{}/viralcore.db", dir.display());
    App::new(Parts {
        store: Store::open(&store, async |_| Ok(())).await.unwrap(),
        flutterwave: Flutterwave::new(rail, http.clone()),
        exchange_rate: ExchangeRate::new(nowhere, None, http.clone()),
        prices: Prices::new(PricesConfig::default(), http.clone()),
        chains: Chains::new(std::collections::BTreeMap::new(), http.clone(), Arc::new(|| NOW)).unwrap(),
        smm: Smm::new(http.clone()),
        smartvps: SmartVps::new(machines, http),
        settings: Settings::sandbox(),
        vault: None,
        clock: Arc::new(|| NOW),
        random: Arc::new(move |bytes: &mut [u8]| {
            let n = counter.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            bytes.iter_mut().zip(n.iter().cycle()).for_each(|(byte, n)| *byte = *n);
        }),
    })
}

impl World {
    async fn new(token: Option<&str>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("viralcore-sync-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let app = app(&dir, &sandbox).await;
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let options = ApiOptions {
            bind: free,
            admin_bind: free,
            hashes: Vec::new(),
            sync_token: token.map(Secret::new),
            per_minute: Size { capacity: 1_000, per: Duration::from_secs(60) },
            trusted_proxies: Vec::new(),
        };
        let api = Api::bind(options).await.unwrap();
        let public = api.address().unwrap();
        let stop = watch::Sender::new(false);
        tokio::spawn(api.run(app, stop.subscribe()));
        Self { sandbox, public, http: reqwest::Client::new(), _stop: stop, dir }
    }

    async fn call(&self, method: Method, token: Option<&str>) -> (StatusCode, String) {
        let mut request = self.http.request(method, format!("http://{}/api/smartvps/sync", self.public));
        if let Some(token) = token {
            request = request.header("x-sync-token", token);
        }
        let response = request.header("content-type", "application/json").body("{}").send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    async fn control(&self, route: &str, body: Value) {
        let url = format!("{}/smartvps/{route}", self.sandbox.url("control").trim_end_matches('/'));
        assert!(self.http.post(url).json(&body).send().await.unwrap().status().is_success(), "{route}");
    }

    /// How often the provider was asked for its list.
    async fn asked(&self) -> usize {
        let url = format!("{}/smartvps/_record?op=ipstock", self.sandbox.url("control").trim_end_matches('/'));
        let record: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        record["calls"].as_array().unwrap().len()
    }
}

#[tokio::test]
async fn a_sync_takes_the_token_and_answers_as_the_document_says() {
    let world = World::new(Some(TOKEN)).await;
    for wrong in [None, Some(""), Some("wrong"), Some("the-token-of-the-syn"), Some("the-token-of-the-sync2")] {
        let (status, text) = world.call(Method::POST, wrong).await;
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!((status, &body["code"]), (StatusCode::UNAUTHORIZED, &json!("unauthorized")), "{wrong:?}");
        assert!(!text.contains(TOKEN), "{text}");
    }
    assert_eq!(world.asked().await, 0, "nothing is read for whoever may not");
    assert_eq!(world.call(Method::GET, Some(TOKEN)).await.0, StatusCode::METHOD_NOT_ALLOWED);
    let (status, text) = world.call(Method::POST, Some(TOKEN)).await;
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &body["success"]), (StatusCode::OK, &json!(true)));
    let summary = body["summary"].as_object().unwrap();
    let mut keys: Vec<&str> = summary.keys().map(String::as_str).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        ["created", "disabled", "reEnabled", "tookMs", "totalIPStockEntries", "totalPackagesInAPI", "updated"]
    );
    assert_eq!((&summary["created"], &summary["totalPackagesInAPI"]), (&json!(18), &json!(20)));
    assert_eq!(body["results"].as_array().unwrap().len(), 18);
}

#[tokio::test]
async fn without_a_token_of_ours_everybody_is_refused() {
    for ours in [None, Some("")] {
        let world = World::new(ours).await;
        for token in [None, Some(""), Some("anything")] {
            assert_eq!(world.call(Method::POST, token).await.0, StatusCode::UNAUTHORIZED, "{ours:?} {token:?}");
        }
        assert_eq!(world.asked().await, 0);
    }
}

#[tokio::test]
async fn a_second_call_joins_the_first() {
    let world = World::new(Some(TOKEN)).await;
    world.control("_habits", json!({ "read_ms": 400 })).await;
    let (a, b) = tokio::join!(world.call(Method::POST, Some(TOKEN)), world.call(Method::POST, Some(TOKEN)));
    assert_eq!(a, b);
    assert_eq!((a.0, world.asked().await), (StatusCode::OK, 1));
}

#[tokio::test]
async fn a_failure_is_a_500_that_says_so() {
    let world = World::new(Some(TOKEN)).await;
    world.control("_faults", json!({ "op": "ipstock", "fault": "status_before", "status": 503 })).await;
    let (status, text) = world.call(Method::POST, Some(TOKEN)).await;
    let body: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &body["success"]), (StatusCode::INTERNAL_SERVER_ERROR, &json!(false)));
    assert_eq!(body["error"], json!("the service answered 503"));
    // A list that is not believed is a failure too.
    world.control("_packages", json!({ "set": [] })).await;
    let (status, text) = world.call(Method::POST, Some(TOKEN)).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text.contains("the list of packages is empty"), "{text}");
}
