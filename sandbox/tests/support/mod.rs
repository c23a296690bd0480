//! What every test here needs: a sandbox, a client that never uses a proxy, and short ways to ask.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(unreachable_pub, reason = "shared by several test binaries")]

use std::time::Duration;

use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

pub struct World {
    pub sandbox: Sandbox,
    pub http: reqwest::Client,
}

pub async fn world() -> World {
    with(SandboxConfig::default()).await
}

pub async fn with(config: SandboxConfig) -> World {
    let http = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap();
    World { sandbox: Sandbox::start(config).await.unwrap(), http }
}

impl World {
    /// The root of a service, for its control routes.
    pub fn root(&self, service: &str) -> String {
        self.sandbox.url(service).trim_end_matches("/v3").to_owned()
    }

    /// A control route reached through the `control` service.
    pub async fn control(&self, method: &str, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.sandbox.url("control"));
        let request = self.http.request(method.parse().unwrap(), url);
        let request = if body.is_null() { request } else { request.json(&body) };
        request.send().await.unwrap().json().await.unwrap()
    }

    pub async fn fault(&self, service: &str, fault: Value) {
        let answer = self.control("POST", &format!("/{service}/_faults"), fault).await;
        assert_eq!(answer, json!({ "ok": true }));
    }

    pub async fn record(&self, service: &str) -> Value {
        self.control("GET", &format!("/{service}/_record"), Value::Null).await
    }

    pub async fn advance(&self, service: &str, ms: i64) {
        self.control("POST", &format!("/{service}/_clock"), json!({ "advance_ms": ms })).await;
    }

    /// A call to Flutterwave; the status and the body as text.
    pub async fn flutterwave(
        &self,
        method: &str,
        path: &str,
        body: Option<&str>,
    ) -> Result<(u16, String), reqwest::Error> {
        let url = format!("{}{path}", self.sandbox.url("flutterwave"));
        let mut request = self.http.request(method.parse().unwrap(), url).bearer_auth(self.sandbox.key("flutterwave"));
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    pub async fn pay(&self, reference: &str, amount: &str) -> Result<(u16, String), reqwest::Error> {
        let body = format!(
            r#"{{"account_bank":"044","account_number":"0690000040","amount":{amount},"currency":"NGN","reference":"{reference}","narration":"test"}}"#
        );
        self.flutterwave("POST", "/transfers", Some(&body)).await
    }

    /// A Bot API call; status and whole body.
    pub async fn bot(&self, method: &str, body: Value) -> (u16, Value) {
        let url = format!("{}/bot{}/{method}", self.sandbox.url("telegram"), self.sandbox.key("telegram"));
        let answer = self.http.post(url).json(&body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    /// A call to an SMM panel with its key; the status and the body as text.
    pub async fn panel(&self, panel: &str, fields: &[(&str, &str)]) -> Result<(u16, String), reqwest::Error> {
        let (url, key) = (self.sandbox.url(panel), self.sandbox.key(panel));
        let [action, others @ ..] = fields else { panic!("an action is needed") };
        let all: Vec<(&str, &str)> = [("key", key), *action].into_iter().chain(others.iter().copied()).collect();
        let request = self.http.post(url).header("user-agent", "ViralCore/1").form(&all);
        let answer = request.send().await?;
        Ok((answer.status().as_u16(), answer.text().await?))
    }

    /// A call to `smm.smmflare`; the body as text.
    pub async fn flare(&self, fields: &[(&str, &str)]) -> String {
        self.panel("smm.smmflare", fields).await.unwrap().1
    }

    /// A thousand views for a link at `smm.smmflare`.
    pub async fn views(&self, link: &str) -> String {
        self.flare(&[("action", "add"), ("service", "8381"), ("link", link), ("quantity", "1000")]).await
    }

    pub async fn setup(&self, panel: &str, habits: Value) -> Value {
        self.control("POST", &format!("/{panel}/_panel"), habits).await
    }

    pub async fn telegram(&self, route: &str, body: Value) -> Value {
        self.control("POST", &format!("/telegram{route}"), body).await
    }

    pub async fn chat(&self, chat: i64) -> Value {
        self.control("GET", &format!("/telegram/_chat?chat={chat}"), Value::Null).await
    }
}

/// A receiver of webhooks that answers with `status` and hands over each request as text.
pub async fn receiver(status: u16) -> (String, tokio::sync::mpsc::UnboundedReceiver<String>) {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/webhooks/flutterwave", listener.local_addr().unwrap());
    let (sender, received) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            let mut chunk = [0_u8; 4_096];
            loop {
                let text = String::from_utf8_lossy(&bytes).into_owned();
                let length = text
                    .to_lowercase()
                    .split("content-length: ")
                    .nth(1)
                    .and_then(|rest| rest.lines().next()?.parse().ok());
                if let (Some((_, body)), Some(length)) = (text.split_once("\r\n\r\n"), length)
                    && body.len() >= length
                {
                    break;
                }
                match stream.read(&mut chunk).await {
                    Ok(0) | Err(_) => break,
                    Ok(n) => bytes.extend_from_slice(&chunk[..n]),
                }
            }
            let answer = format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
        }
    });
    (url, received)
}
