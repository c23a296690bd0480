//! `POST /api/smartvps/sync`: the packages are read again, for whoever has the token. What the document's cloud function
//! called, with its answer field for field; a second call joins the first.
//!
//! Promises: without the right `x-sync-token` nothing is read, and the comparison takes as long whatever is wrong with
//! it; without a token of ours everybody is refused. What was begun goes on when the caller leaves. A request's body is
//! not looked at.

use crate::routes::{State, error};
use app::ipstock::SyncBy;
use axum::body::Body;
use axum::extract::{Request, State as With};
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use domain::Secret;
use domain::secret::constant_time_eq;
use serde_json::json;
use sha2::{Digest, Sha256};
use std::sync::Arc;
use tracing::Instrument;

pub(crate) async fn sync(With(state): With<Arc<State>>, request: Request<Body>) -> Response {
    let given = request.headers().get("x-sync-token").map(HeaderValue::as_bytes);
    if !allowed(state.sync_token(), given) {
        let why = if state.sync_token().is_none() { "no token is configured" } else { "a wrong token, or none" };
        tracing::warn!(why, "A sync of the packages was refused");
        return error(StatusCode::UNAUTHORIZED, "unauthorized", "x-sync-token is not the one of this shop");
    }
    let app = state.app().clone();
    let span = tracing::error_span!("ipstock_sync", source = "http");
    // In a task of its own, because a client that goes away must not stop a run that others wait for.
    let run = async move { app.sync_ipstock(SyncBy::Http, app.now()).await };
    match tokio::spawn(run.instrument(span)).await {
        Ok(Ok(answer)) => {
            let status = if answer.is_done() { StatusCode::OK } else { StatusCode::INTERNAL_SERVER_ERROR };
            (status, [(CONTENT_TYPE, HeaderValue::from_static("application/json"))], answer.body).into_response()
        }
        Ok(Err(why)) => failed(&why),
        Err(why) => failed(&why),
    }
}

/// The document's shape of a failure. The cause is for the log.
fn failed(why: &dyn std::fmt::Display) -> Response {
    tracing::error!(error = %why, "A sync of the packages failed");
    let body = json!({ "success": false, "error": "the sync could not be carried out, try again" });
    (StatusCode::INTERNAL_SERVER_ERROR, axum::Json(body)).into_response()
}

/// Digests of both are compared, so that neither length nor content shows in the time.
fn allowed(ours: Option<&Secret>, given: Option<&[u8]>) -> bool {
    let digest = |bytes: &[u8]| Sha256::digest(bytes);
    let same = constant_time_eq(
        &digest(ours.map_or(b"", |ours| ours.expose().as_bytes())),
        &digest(given.unwrap_or_default()),
    );
    same && ours.is_some_and(|ours| !ours.is_empty()) && given.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_opens() {
        let ours = Secret::new("a-token");
        for (ours, given, opens) in [
            (Some(&ours), Some(&b"a-token"[..]), true),
            (Some(&ours), Some(b"a-toke"), false),
            (Some(&ours), Some(b"a-tokenn"), false),
            (Some(&ours), Some(b"A-token"), false),
            (Some(&ours), Some(b""), false),
            (Some(&ours), None, false),
            (None, Some(b"a-token"), false),
            (None, Some(b""), false),
            (None, None, false),
            (Some(&Secret::new("")), Some(b""), false),
        ] {
            assert_eq!(allowed(ours, given), opens, "{given:?}");
        }
    }
}
