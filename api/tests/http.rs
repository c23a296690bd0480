//! The API over real sockets, before a real business on a SQLite file.

use api::{Api, ApiOptions};
use app::settings::Settings;
use app::vault::Vault;
use app::{App, Parts, Store};
use base64::Engine as _;
use domain::bucket::Size;
use domain::{Secret, Timestamp};
use hmac::{Hmac, Mac as _};
use providers::chains::Chains;
use providers::exchange_rate::ExchangeRate;
use providers::flutterwave::{Flutterwave, FlutterwaveConfig};
use providers::http::{HttpClient, Timeouts};
use providers::prices::{Prices, PricesConfig};
use providers::smartvps::{SmartVps, SmartVpsConfig};
use providers::smm::Smm;
use reqwest::StatusCode;
use serde_json::{Value, json};
use sha2::Sha256;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::watch;

const NOW: Timestamp = Timestamp::from_secs(1_790_000_000);
const HASH: &str = "the-hash-of-now";
const TOKEN: &str = "the-token-of-the-sync";
const NEWS: &str = r#"{"event":"transfer.completed","data":{"id":7,"reference":"vc-w-1-1","status":"SUCCESSFUL"}}"#;

struct World {
    app: App,
    public: SocketAddr,
    admin: SocketAddr,
    http: reqwest::Client,
    stop: watch::Sender<bool>,
    dir: PathBuf,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

async fn app(dir: &std::path::Path) -> App {
    let http = HttpClient::new(Timeouts::default()).unwrap();
    let nowhere = "http://127.0.0.1:1";
    let config = FlutterwaveConfig { base_url: nowhere.to_owned(), secret_key: None, reference_suffix: String::new() };
    let store = format!("sqlite://{}/viralcore.db", dir.display());
    let counter = AtomicU64::new(1);
    App::new(Parts {
        store: Store::open(&store, async |_| Ok(())).await.unwrap(),
        flutterwave: Flutterwave::new(config, http.clone()),
        exchange_rate: ExchangeRate::new(nowhere, None, http.clone()),
        prices: Prices::new(PricesConfig::default(), http.clone()),
        chains: Chains::new(std::collections::BTreeMap::new(), http.clone(), Arc::new(|| NOW)).unwrap(),
        smm: Smm::new(http.clone()),
        smartvps: SmartVps::new(SmartVpsConfig::default(), http),
        settings: Settings::sandbox(),
        vault: Some(Vault::new(&Secret::new("k".repeat(32)))),
        clock: Arc::new(|| NOW),
        random: Arc::new(move |bytes: &mut [u8]| {
            let n = counter.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            bytes.iter_mut().zip(n.iter().cycle()).for_each(|(byte, n)| *byte = *n);
        }),
    })
}

impl World {
    async fn new() -> Self {
        Self::with(1_000).await
    }

    /// With room for so many requests of one address in a minute.
    async fn with(capacity: u32) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!("viralcore-api-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let dir = std::env::temp_dir().join(name);
        let _ = std::fs::remove_dir_all(&dir);
        let app = app(&dir).await;
        let free = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let options = ApiOptions {
            bind: free,
            admin_bind: free,
            hashes: vec![Secret::new(HASH), Secret::new("the-hash-of-before")],
            sync_token: Some(Secret::new(TOKEN)),
            per_minute: Size { capacity, per: Duration::from_secs(60) },
            trusted_proxies: Vec::new(),
        };
        let api = Api::bind(options).await.unwrap();
        let (public, admin) = (api.address().unwrap(), api.admin_address().unwrap());
        let stop = watch::Sender::new(false);
        tokio::spawn(api.run(app.clone(), stop.subscribe()));
        Self { app, public, admin, http: reqwest::Client::new(), stop, dir }
    }

    async fn get(&self, at: SocketAddr, path: &str) -> (StatusCode, Value) {
        answer(self.http.get(format!("http://{at}{path}"))).await
    }

    fn webhook(&self) -> reqwest::RequestBuilder {
        self.http.post(format!("http://{}/webhooks/flutterwave", self.public))
    }

    async fn kept(&self) -> i64 {
        let before = NOW.minus(Duration::from_secs(1));
        self.app.store().read(async |mut tx| store::webhooks::count(&mut tx, before).await).await.unwrap()
    }

    /// Writes raw bytes and reads what comes back until the other end closes or a moment has passed.
    async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.public).await.unwrap();
        let _ = stream.write_all(bytes).await;
        let _ = stream.shutdown().await;
        let mut got = Vec::new();
        let _ = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut got)).await;
        String::from_utf8_lossy(&got).into_owned()
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (StatusCode, Value) {
    let response = request.send().await.unwrap();
    let status = response.status();
    let text = response.text().await.unwrap();
    (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
}

fn signature(body: &[u8]) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(HASH.as_bytes()).unwrap().chain_update(body);
    base64::engine::general_purpose::STANDARD.encode(mac.finalize().into_bytes())
}

#[tokio::test]
async fn health_and_readiness_say_what_they_must() {
    let world = World::new().await;
    for at in [world.public, world.admin] {
        let health = json!({"status": "healthy", "timestamp": NOW.rfc3339()});
        assert_eq!(world.get(at, "/health").await, (StatusCode::OK, health));
        assert_eq!(world.get(at, "/ready").await, (StatusCode::OK, json!({"status": "ready"})));
    }
}

#[tokio::test]
async fn metrics_are_for_operators_only() {
    let world = World::new().await;
    let (status, text) = world.get(world.admin, "/metrics").await;
    assert_eq!(status, StatusCode::OK);
    let text = text.as_str().unwrap();
    assert!(text.contains("# TYPE withdrawal_requests_total counter\n") && text.contains("\ncases_open 0\n"), "{text}");
    assert_eq!(world.get(world.public, "/metrics").await.0, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn other_paths_and_methods_are_told_in_json() {
    let world = World::new().await;
    let (status, body) = world.get(world.public, "/nowhere/../%00?x=1").await;
    assert_eq!((status, &body["code"]), (StatusCode::NOT_FOUND, &json!("not_found")));
    let (status, body) = world.get(world.public, "/webhooks/flutterwave").await;
    assert_eq!((status, &body["code"]), (StatusCode::METHOD_NOT_ALLOWED, &json!("method_not_allowed")));
    let response = world.http.get(format!("http://{}/health", world.public)).send().await.unwrap();
    assert_eq!(response.headers()["cache-control"], "no-store");
}

#[tokio::test]
async fn a_webhook_is_kept_when_a_hash_of_ours_stands_behind_it() {
    let world = World::new().await;
    let other = NEWS.replace("\"id\":7", "\"id\":8");
    let wrong = signature(b"another body");
    for (headers, body, status, kept) in [
        (&[][..], NEWS, 401, 0),
        (&[("verif-hash", "the-hash-of-nobody")][..], NEWS, 401, 0),
        (&[("verif-hash", "")][..], NEWS, 401, 0),
        (&[("flutterwave-signature", wrong.as_str()), ("verif-hash", HASH)][..], NEWS, 401, 0),
        (&[("verif-hash", HASH)][..], NEWS, 200, 1),
        (&[("verif-hash", HASH)][..], NEWS, 200, 1),
        (&[("flutterwave-signature", signature(other.as_bytes()).as_str())][..], other.as_str(), 200, 2),
        (&[("verif-hash", "the-hash-of-before")][..], "not JSON at all \u{0}", 200, 3),
        (&[("verif-hash", HASH)][..], "", 200, 4),
    ] {
        let request = headers.iter().fold(world.webhook(), |request, (name, value)| request.header(*name, *value));
        let (got, answer) = answer(request.body(body.to_owned())).await;
        assert_eq!((got.as_u16(), world.kept().await), (status, kept), "{headers:?} {body:?} {answer}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_declared_or_not() {
    let world = World::new().await;
    let large = "x".repeat(256 * 1024 + 1);
    let (status, body) = answer(world.webhook().header("verif-hash", HASH).body(large.clone())).await;
    assert_eq!((status, &body["code"]), (StatusCode::PAYLOAD_TOO_LARGE, &json!("too_large")));
    let head = format!(
        "POST /webhooks/flutterwave HTTP/1.1\r\nhost: h\r\nverif-hash: {HASH}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    let chunked = format!("{head}{:x}\r\n{large}\r\n0\r\n\r\n", large.len());
    assert!(world.raw(chunked.as_bytes()).await.starts_with("HTTP/1.1 413 "));
    let just = "x".repeat(256 * 1024);
    assert_eq!(answer(world.webhook().header("verif-hash", HASH).body(just)).await.0, StatusCode::OK);
    assert_eq!(world.kept().await, 1);
}

#[tokio::test]
async fn an_address_that_asks_too_often_is_told_when_to_come_back() {
    let world = World::with(3).await;
    for _ in 0..3 {
        assert_eq!(world.get(world.public, "/health").await.0, StatusCode::OK);
    }
    let response = world.webhook().header("verif-hash", HASH).header("x-forwarded-for", "1.2.3.4").body(NEWS).send();
    let response = response.await.unwrap();
    assert_eq!(
        (response.status(), &response.headers()["retry-after"]),
        (StatusCode::TOO_MANY_REQUESTS, &"21".parse().unwrap())
    );
    assert_eq!(response.json::<Value>().await.unwrap()["code"], "rate_limited");
    assert_eq!(world.kept().await, 0);
    // Operators are not counted.
    for _ in 0..5 {
        assert_eq!(world.get(world.admin, "/health").await.0, StatusCode::OK);
    }
}

#[tokio::test]
async fn it_ends_when_it_is_told_to() {
    let world = World::new().await;
    let idle = TcpStream::connect(world.public).await.unwrap();
    world.stop.send_replace(true);
    for _ in 0..100 {
        if TcpStream::connect(world.public).await.is_err() && TcpStream::connect(world.admin).await.is_err() {
            drop(idle);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it still takes connections");
}

#[tokio::test]
async fn an_address_that_is_taken_is_named() {
    let world = World::new().await;
    let options = ApiOptions {
        bind: world.public,
        admin_bind: world.admin,
        hashes: Vec::new(),
        sync_token: None,
        per_minute: Size { capacity: 1, per: Duration::from_secs(60) },
        trusted_proxies: Vec::new(),
    };
    let error = Api::bind(options).await.unwrap_err();
    assert!(error.to_string().starts_with(&format!("cannot listen on {}: ", world.public)), "{error}");
}

#[tokio::test]
async fn no_input_brings_it_down() {
    let world = World::with(1_000_000).await;
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        usize::try_from(seed % u64::try_from(below).unwrap()).unwrap()
    };
    let parts: [&[u8]; 16] = [
        b"GET /health HTTP/1.1\r\n",
        b"POST /webhooks/flutterwave HTTP/1.1\r\n",
        b"verif-hash: the-hash-of-now\r\n",
        b"content-length: 5\r\n",
        b"content-length: -1\r\n",
        b"content-length: 99999999999999999999\r\n",
        b"transfer-encoding: chunked\r\n",
        b"\r\n",
        b"{\"event\":\"transfer.completed\",\"data\":{\"id\":",
        b"ffffffffffffffff\r\n",
        b"\0\xff\xfe",
        b"host: h\r\n",
        b"x-forwarded-for: ,,::1,\xff\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /%",
        b"[[[[[[[[[[",
    ];
    for _ in 0..150 {
        let mut bytes = Vec::new();
        for _ in 0..next(12) {
            bytes.extend_from_slice(parts[next(parts.len())]);
        }
        world.raw(&bytes).await;
    }
    assert_eq!(world.get(world.public, "/health").await.0, StatusCode::OK);
}

/// An alert on a metric that nobody writes never fires and nobody notices.
#[tokio::test]
async fn the_alerting_rules_are_about_metrics_that_exist() {
    let rules = include_str!("../../deploy/prometheus-rules.yml");
    let world = World::new().await;
    let (_, text) = world.get(world.admin, "/metrics").await;
    let families: Vec<&str> = text.as_str().unwrap().lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    let known = |name: &str| {
        let family = name.strip_suffix("_bucket").unwrap_or(name);
        name == "up" || families.iter().any(|line| line.split(' ').next() == Some(family))
    };
    const WORDS: [&str; 9] = ["max", "min", "sum", "rate", "increase", "by", "histogram_quantile", "le", "provider"];
    let mut seen = 0;
    for line in rules.lines().filter_map(|line| line.trim().strip_prefix("expr: ")) {
        // Labels and ranges are no metrics.
        let bare: String =
            line.split('{').map(|part| part.rsplit('}').next().unwrap_or("")).collect::<Vec<_>>().join(" ");
        for name in bare.split(|c: char| !(c.is_ascii_lowercase() || c == '_')).filter(|name| name.len() > 1) {
            assert!(WORDS.contains(&name) || known(name), "{name} in {line}");
            seen += usize::from(known(name));
        }
    }
    assert!(seen >= 10, "{seen}");
}
