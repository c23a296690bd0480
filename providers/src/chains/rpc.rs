//! JSON-RPC 2.0 over POST, read strictly: whatever is not exactly an answer to our question is trouble with the endpoint.

use std::collections::BTreeMap;

use domain::text;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use serde_json::{Value, json};

use super::endpoints::{KeyIn, Line, Trouble};
use crate::http::{Reply, TEXT_COLUMNS};
use crate::json;
use crate::read::beginning;

#[derive(Deserialize)]
struct RpcError {
    code: i64,
    #[serde(default)]
    message: String,
}

/// The result of a call; `None` for a result of null, which is how the chains say that they do not know.
pub(super) async fn rpc<T: DeserializeOwned>(
    line: &Line<'_>,
    method: &'static str,
    params: Value,
    key: KeyIn,
) -> Result<Option<T>, Trouble> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let reply = line.post(method, &[], key, body.to_string().into_bytes()).await?;
    read(&reply)
}

/// Total over complete answers.
pub(super) fn read<T: DeserializeOwned>(reply: &Reply) -> Result<Option<T>, Trouble> {
    let envelope = json::object::<BTreeMap<String, Box<RawValue>>>(&reply.body).ok();
    let member = |name: &str| envelope.as_ref().and_then(|envelope| envelope.get(name)).map(|raw| raw.get());
    if let Some(error) = member("error").filter(|error| *error != "null") {
        // Some endpoints say it with a 4xx, some with 200.
        let error: RpcError =
            json::object(error.as_bytes()).map_err(|_| Trouble::odd(&format!("error {}", beginning(&reply.body))))?;
        return Err(Trouble::Rpc { code: error.code, message: text::scrub(&error.message, TEXT_COLUMNS) });
    }
    if reply.status != 200 {
        return Err(Trouble::status(reply));
    }
    match (member("jsonrpc"), member("id"), member("result")) {
        (Some("\"2.0\""), Some("1"), Some("null")) => Ok(None),
        (Some("\"2.0\""), Some("1"), Some(result)) => {
            serde_json::from_str(result).map(Some).map_err(|error| Trouble::odd(&error.to_string()))
        }
        _ => Err(Trouble::odd(&beginning(&reply.body))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Result<Option<String>, String> {
        let reply = Reply { status, retry_after: None, body: body.into() };
        read::<String>(&reply).map_err(|trouble| trouble.to_string())
    }

    #[test]
    fn only_a_whole_answer_to_our_question_is_one() {
        assert_eq!(answer(200, r#"{"jsonrpc":"2.0","id":1,"result":"0x38"}"#), Ok(Some("0x38".to_owned())));
        assert_eq!(answer(200, r#"{"jsonrpc":"2.0","id":1,"result":null}"#), Ok(None));
        for (status, body) in [
            (200, "{}"),                                        // an empty object is not "unknown"
            (200, r#"{"jsonrpc":"2.0","id":2,"result":null}"#), // somebody else's
            (200, r#"{"id":1,"result":null}"#),
            (200, r#"{"jsonrpc":"2.0","id":1}"#),
            (200, r#"[{"jsonrpc":"2.0","id":1,"result":null}]"#),
            (200, r#"{"jsonrpc":"2.0","id":1,"result":7}"#),
            (200, r#"{"jsonrpc":"2.0","id":1,"result":null"#),
            (500, r#"{"jsonrpc":"2.0","id":1,"result":null}"#),
            (429, r#"{"jsonrpc":"2.0","id":1,"result":null}"#),
            (200, "<html>"),
            (200, ""),
            // The words of a proxied explorer, with HTTP 200.
            (200, r#"{"status":"0","message":"NOTOK","result":"Max rate limit reached"}"#),
        ] {
            assert!(answer(status, body).is_err(), "{status} {body}");
        }
    }

    #[test]
    fn every_error_is_trouble_with_the_endpoint() {
        let archive = r#"{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"Archive requests require a personal token. Get one at: https://x.example"}}"#;
        let said = answer(200, archive).unwrap_err();
        assert!(said.contains("-32603") && said.contains("personal token"), "{said}");
        assert!(answer(400, r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32602,"message":"x"}}"#).is_err());
        assert!(answer(200, r#"{"jsonrpc":"2.0","id":1,"result":null,"error":"no"}"#).is_err());
    }
}
