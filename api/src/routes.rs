//! What is answered where.

use crate::ApiOptions;
use crate::limit::{Limiter, client};
use crate::probe::Probe;
use crate::server::Peer;
use app::App;
use app::console::Readiness;
use app::webhooks::WebhookError;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as With};
use axum::http::header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::Secret;
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;
use tracing::Instrument;

const WEBHOOK_BYTES_MAX: usize = 256 * 1024;
/// A body must be there by then.
const BODY_WITHIN: Duration = Duration::from_secs(15);
/// The rail gives up after a minute; nobody waits for a store that long.
const KEPT_WITHIN: Duration = Duration::from_secs(20);
/// Gathering the metrics takes no longer, or they are not available.
const METRICS_WITHIN: Duration = Duration::from_secs(10);

/// What the routes share.
pub(crate) struct State {
    app: App,
    hashes: Arc<[Secret]>,
    sync_token: Option<Secret>,
    trusted: Vec<IpAddr>,
    limiter: Limiter,
    probe: Probe,
}

impl State {
    pub(crate) fn new(app: App, options: ApiOptions) -> Self {
        let limiter = Limiter::new(options.per_minute);
        Self {
            app,
            hashes: options.hashes.into(),
            sync_token: options.sync_token,
            trusted: options.trusted_proxies,
            limiter,
            probe: Probe::default(),
        }
    }

    pub(crate) fn app(&self) -> &App {
        &self.app
    }

    pub(crate) fn sync_token(&self) -> Option<&Secret> {
        self.sync_token.as_ref()
    }
}

/// For everybody.
pub(crate) fn public(state: Arc<State>) -> Router {
    let limited = middleware::from_fn_with_state(Arc::clone(&state), limit);
    let routes =
        common().route("/webhooks/flutterwave", post(flutterwave)).route("/api/smartvps/sync", post(crate::sync::sync));
    framed(routes, state).layer(limited)
}

/// For operators.
pub(crate) fn admin(state: Arc<State>) -> Router {
    framed(common().route("/metrics", get(metrics)), state)
}

fn common() -> Router<Arc<State>> {
    Router::new().route("/health", get(health)).route("/ready", get(ready))
}

fn framed(router: Router<Arc<State>>, state: Arc<State>) -> Router {
    router
        .fallback(async || error(StatusCode::NOT_FOUND, "not_found", "there is nothing here"))
        .method_not_allowed_fallback(async || {
            error(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "this path takes another method")
        })
        .layer(middleware::map_response(async |mut response: Response| {
            response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
            response.headers_mut().insert("x-content-type-options", HeaderValue::from_static("nosniff"));
            response
        }))
        .with_state(state)
}

pub(crate) fn error(status: StatusCode, code: &str, words: &str) -> Response {
    (status, Json(json!({"error": words, "code": code}))).into_response()
}

async fn limit(With(state): With<Arc<State>>, request: Request<Body>, next: Next) -> Response {
    let peer = request.extensions().get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0);
    let lines: Vec<&str> =
        request.headers().get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    let from = client(peer, lines.into_iter(), &state.trusted);
    match state.limiter.take(from, state.app.now()) {
        Ok(()) => next.run(request).await,
        Err(wait) => {
            let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
            let mut response =
                error(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "too many requests from this address");
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            response
        }
    }
}

async fn health(With(state): With<Arc<State>>) -> Response {
    Json(json!({"status": "healthy", "timestamp": state.app.now().rfc3339()})).into_response()
}

async fn ready(With(state): With<Arc<State>>) -> Response {
    let (status, body) = told(state.probe.readiness(&state.app).await);
    (status, Json(body)).into_response()
}

/// Without the store nothing works; without the payout rail much does, so traffic is still welcome.
fn told(readiness: Readiness) -> (StatusCode, Value) {
    match readiness {
        Readiness { database: false, .. } => {
            (StatusCode::SERVICE_UNAVAILABLE, json!({"status": "not_ready", "reason": "database_unavailable"}))
        }
        Readiness { external: false, .. } => {
            (StatusCode::OK, json!({"status": "degraded", "reason": "external_api_unavailable"}))
        }
        Readiness { .. } => (StatusCode::OK, json!({"status": "ready"})),
    }
}

async fn metrics(With(state): With<Arc<State>>) -> Response {
    let app = &state.app;
    match timeout(METRICS_WITHIN, app.metrics_text(app.now())).await {
        Ok(Ok(text)) => ([(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"))], text)
            .into_response(),
        Ok(Err(why)) => {
            tracing::warn!(error = %why, "The metrics could not be read");
            unavailable()
        }
        Err(_) => unavailable(),
    }
}

fn unavailable() -> Response {
    error(StatusCode::SERVICE_UNAVAILABLE, "database_unavailable", "the database does not answer, try again")
}

/// The payout rail's news. 200 means that it was kept; the rail sends anything else again.
async fn flutterwave(With(state): With<Arc<State>>, request: Request<Body>) -> Response {
    // An error span, so that its id is on every line at whatever level.
    let span = tracing::error_span!("webhook", correlation_id = state.app.short_id(), source = "flutterwave");
    take_webhook(&state, request).instrument(span).await
}

async fn take_webhook(state: &State, request: Request<Body>) -> Response {
    let (head, body) = request.into_parts();
    let headers = head.headers;
    let too_large = || error(StatusCode::PAYLOAD_TOO_LARGE, "too_large", "the body is larger than 256 KiB");
    if declared(&headers).is_some_and(|bytes| bytes > WEBHOOK_BYTES_MAX) {
        return too_large();
    }
    let body = match timeout(BODY_WITHIN, to_bytes(body, WEBHOOK_BYTES_MAX)).await {
        Ok(Ok(body)) => body,
        Ok(Err(why)) if is_too_large(&why) => return too_large(),
        Ok(Err(_)) => return error(StatusCode::BAD_REQUEST, "broken_body", "the body broke off"),
        Err(_) => return error(StatusCode::REQUEST_TIMEOUT, "timeout", "the body took too long"),
    };
    let bytes = body.len();
    // In a task of its own: a client that goes away must not stop what has begun in the store.
    let (app, hashes, now) = (state.app.clone(), Arc::clone(&state.hashes), state.app.now());
    let keeping = async move {
        let header = |name: &str| headers.get(name).and_then(|value| String::from_utf8(value.as_bytes().to_vec()).ok());
        app.flutterwave_webhook(header, &body, &hashes, now).await
    };
    match timeout(KEPT_WITHIN, tokio::spawn(keeping.in_current_span())).await {
        Ok(Ok(Ok(()))) => Json(json!({"status": "kept"})).into_response(),
        Ok(Ok(Err(WebhookError::Refused(why)))) => {
            tracing::warn!(why, bytes, "A webhook was refused");
            error(StatusCode::UNAUTHORIZED, "unauthorized", "not signed with a hash of ours")
        }
        Ok(Ok(Err(WebhookError::Store(why)))) => not_kept(&why),
        Ok(Err(why)) => not_kept(&why),
        Err(why) => not_kept(&why),
    }
}

fn not_kept(why: &dyn std::fmt::Display) -> Response {
    tracing::error!(error = %why, "A genuine webhook could not be kept; it will be sent again");
    unavailable()
}

fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_too_large(error: &axum::Error) -> bool {
    std::error::Error::source(error).is_some_and(|cause| cause.is::<http_body_util::LengthLimitError>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_is_told_by_what_is_missing() {
        for (database, external, status, body) in [
            (true, true, 200, json!({"status": "ready"})),
            (true, false, 200, json!({"status": "degraded", "reason": "external_api_unavailable"})),
            (false, false, 503, json!({"status": "not_ready", "reason": "database_unavailable"})),
            (false, true, 503, json!({"status": "not_ready", "reason": "database_unavailable"})),
        ] {
            let (got, told) = told(Readiness { database, external });
            assert_eq!((got.as_u16(), told), (status, body));
        }
    }
}
