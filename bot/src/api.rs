//! Calls to the Bot API: teloxide's types and HTTP client, our own reading of answers. The token stands in the URL, so no
//! URL and no transport error that carries one ever leaves this file.

use domain::Secret;
use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::time::Duration;
use teloxide::requests::Payload;

/// A call other than the long poll may take so long.
const CALL: Duration = Duration::from_secs(20);
/// Descriptions are kept to this length.
const DESCRIPTION_MAX: usize = 200;

/// The Bot API under one token.
#[derive(Clone)]
pub(crate) struct Api {
    bot: teloxide::Bot,
    base: Secret,
}

/// Why a call brought no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CallError {
    /// Telegram refused it.
    #[error("{code} {description}")]
    Refused {
        /// The HTTP status and error code.
        code: u16,
        /// Telegram's words.
        description: String,
        /// When to try again (429).
        retry_after: Option<u64>,
        /// Where the group went.
        migrate_to: Option<i64>,
    },
    /// No usable answer: broken connection, timeout, a proxy's page. The call may have been carried out.
    #[error("no answer: {0}")]
    Lost(&'static str),
}

impl CallError {
    /// Whether the description contains any of these.
    pub(crate) fn says(&self, parts: &[&str]) -> bool {
        match self {
            Self::Refused { description, .. } => parts.iter().any(|part| description.contains(part)),
            Self::Lost(_) => false,
        }
    }

    /// The error code of a refusal.
    pub(crate) const fn code(&self) -> Option<u16> {
        match self {
            Self::Refused { code, .. } => Some(*code),
            Self::Lost(_) => None,
        }
    }

    /// True when trying again may help.
    pub(crate) const fn is_transient(&self) -> bool {
        match self {
            Self::Refused { code, .. } => *code >= 500,
            Self::Lost(_) => true,
        }
    }
}

#[derive(Deserialize)]
struct Reply<'a> {
    ok: bool,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    error_code: Option<u16>,
    description: Option<String>,
    parameters: Option<Parameters>,
}

#[derive(Default, Deserialize)]
struct Parameters {
    retry_after: Option<u64>,
    migrate_to_chat_id: Option<i64>,
}

/// A configuration that cannot work.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// The URL of the API.
    #[error("telegram.api_url is not a URL")]
    Url,
    /// The HTTP client.
    #[error("no HTTP client could be made: {0}")]
    Client(String),
}

impl Api {
    /// The API at a URL.
    pub(crate) fn new(token: &Secret, api_url: &str, poll_timeout: Duration) -> Result<Self, Unusable> {
        let settings =
            teloxide::net::default_reqwest_settings().timeout(CALL + poll_timeout).pool_max_idle_per_host(64);
        // A proxy of the surroundings has no business with a server on this machine.
        let settings = if is_loopback(api_url) { settings.no_proxy() } else { settings };
        let client = settings.build().map_err(|error| Unusable::Client(error.without_url().to_string()))?;
        let bot = teloxide::Bot::with_client(token.expose(), client);
        let url = api_url.trim_end_matches('/');
        let bot = bot.set_api_url(url.parse().map_err(|_| Unusable::Url)?);
        Ok(Self { bot, base: Secret::new(format!("{url}/bot{}/", token.expose())) })
    }

    /// teloxide's own client, for uploads.
    pub(crate) fn teloxide(&self) -> &teloxide::Bot {
        &self.bot
    }

    /// A call of a method that teloxide has types for; the answer's result as JSON.
    pub(crate) async fn call<P: Payload + Serialize + Sync>(&self, payload: &P) -> Result<Box<RawValue>, CallError> {
        self.raw(P::NAME, payload, CALL).await
    }

    /// A call with any parameters.
    pub(crate) async fn raw(
        &self,
        method: &str,
        parameters: &(impl Serialize + Sync + ?Sized),
        patience: Duration,
    ) -> Result<Box<RawValue>, CallError> {
        let url = format!("{}{method}", self.base.expose());
        let request = self.bot.client().post(url).timeout(patience).json(parameters);
        let response =
            request.send().await.map_err(|error| CallError::Lost(why(error.is_timeout(), error.is_connect())))?;
        let status = response.status().as_u16();
        let body = response.bytes().await.map_err(|error| CallError::Lost(why(error.is_timeout(), false)))?;
        read(status, &body)
    }
}

fn is_loopback(url: &str) -> bool {
    let host = url.split("://").nth(1).unwrap_or(url);
    ["127.", "localhost", "[::1]"].iter().any(|here| host.starts_with(here))
}

const fn why(timeout: bool, connect: bool) -> &'static str {
    match (timeout, connect) {
        (true, _) => "timed out",
        (_, true) => "could not connect",
        _ => "the connection broke",
    }
}

fn read(status: u16, body: &[u8]) -> Result<Box<RawValue>, CallError> {
    let reply: Reply<'_> = match serde_json::from_slice(body) {
        Ok(reply) => reply,
        // A front proxy answers with a page of its own.
        Err(_) if status >= 500 => {
            let description = "not an answer of the Bot API".to_owned();
            return Err(CallError::Refused { code: status, description, retry_after: None, migrate_to: None });
        }
        Err(_) => return Err(CallError::Lost("the answer was not readable")),
    };
    match reply.result {
        Some(result) if reply.ok => Ok(result.to_owned()),
        _ if reply.ok => Err(CallError::Lost("the answer held no result")),
        _ => {
            let parameters = reply.parameters.unwrap_or_default();
            let description = reply.description.unwrap_or_default();
            Err(CallError::Refused {
                code: reply.error_code.unwrap_or(status),
                description: domain::text::clean_line(&description, DESCRIPTION_MAX),
                retry_after: parameters.retry_after,
                migrate_to: parameters.migrate_to_chat_id,
            })
        }
    }
}

/// The id of the message that a call sent or changed.
pub(crate) fn message_id(result: &RawValue) -> Option<i64> {
    #[derive(Deserialize)]
    struct Sent {
        message_id: Option<i64>,
        #[serde(rename = "chat")]
        _chat: Option<IgnoredAny>,
    }
    serde_json::from_str::<Sent>(result.get()).ok().and_then(|sent| sent.message_id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart() {
        let refused = |code, description: &str, retry_after, migrate_to| {
            Err(CallError::Refused { code, description: description.to_owned(), retry_after, migrate_to })
        };
        for (status, body, expected) in [
            (200, r#"{"ok":true,"result":{"message_id":7}}"#, Ok(r#"{"message_id":7}"#)),
            (200, r#"{"ok":true,"result":true}"#, Ok("true")),
            (200, r#"{"ok":true}"#, Err(CallError::Lost("the answer held no result"))),
            (
                429,
                r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 41","parameters":{"retry_after":41}}"#,
                refused(429, "Too Many Requests: retry after 41", Some(41), None),
            ),
            (
                400,
                r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1009}}"#,
                refused(400, "Bad Request: group chat was upgraded to a supergroup chat", None, Some(-1_009)),
            ),
            (502, "<html>bad gateway</html>", refused(502, "not an answer of the Bot API", None, None)),
            (200, "<html>", Err(CallError::Lost("the answer was not readable"))),
        ] {
            let read = read(status, body.as_bytes()).map(|result| result.get().to_owned());
            assert_eq!(read, expected.map(str::to_owned), "{body}");
        }
    }

    #[tokio::test]
    async fn no_error_carries_the_token() {
        let token = Secret::new("12345:canary-token");
        let api = Api::new(&token, "http://127.0.0.1:9", Duration::from_secs(1)).unwrap();
        let error = api.raw("getMe", &serde_json::json!({}), Duration::from_secs(2)).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error:?}");
        assert!(matches!(Api::new(&token, "not a url", Duration::ZERO), Err(Unusable::Url)));
    }
}
