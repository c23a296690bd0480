//! `reply_markup`: what the server accepts, and the buttons that a user sees.

use serde::Serialize;
use serde_json::Value;

use super::ApiError;

/// One inline button as a user sees it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Button {
    pub(crate) row: usize,
    pub(crate) text: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) callback_data: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) url: Option<String>,
}

const ACTIONS: [&str; 10] = [
    "url",
    "callback_data",
    "web_app",
    "login_url",
    "switch_inline_query",
    "switch_inline_query_current_chat",
    "switch_inline_query_chosen_chat",
    "copy_text",
    "callback_game",
    "pay",
];
const OTHER_MARKUPS: [&str; 3] = ["keyboard", "remove_keyboard", "force_reply"];

/// Checks a `reply_markup` and returns it as it is kept with the message; an empty inline keyboard is none.
pub(crate) fn check(markup: Option<Value>) -> Result<Option<Value>, ApiError> {
    let Some(markup) = markup else { return Ok(None) };
    let Some(fields) = markup.as_object() else {
        return Err(ApiError::bad("object expected as reply markup"));
    };
    if OTHER_MARKUPS.iter().any(|name| fields.contains_key(*name)) {
        return Ok(Some(markup));
    }
    let Some(rows) = fields.get("inline_keyboard").and_then(Value::as_array) else {
        return if fields.is_empty() {
            Ok(None)
        } else {
            Err(ApiError::bad("can't parse reply keyboard markup JSON object"))
        };
    };
    let mut count = 0;
    for row in rows {
        let row =
            row.as_array().ok_or_else(|| ApiError::bad("field \"inline_keyboard\" must be of type Array of Array"))?;
        for button in row {
            check_button(button)?;
            count += 1;
        }
    }
    match count {
        0 => Ok(None),
        1..=100 => Ok(Some(markup)),
        _ => Err(ApiError::bad("reply markup is too long")),
    }
}

fn check_button(button: &Value) -> Result<(), ApiError> {
    const AT: &str = "can't parse inline keyboard button";
    let fields = button.as_object().ok_or_else(|| ApiError::bad(&format!("{AT}: expected an Object")))?;
    if fields.get("text").and_then(Value::as_str).is_none_or(str::is_empty) {
        return Err(ApiError::bad(&format!("{AT}: Field \"text\" must be a non-empty String")));
    }
    let action = ACTIONS.iter().find(|name| fields.get(**name).is_some_and(|value| !value.is_null()));
    match action.map(|name| (*name, fields.get(*name).and_then(Value::as_str))) {
        None => Err(ApiError::bad(&format!("{AT}: Text buttons are unallowed in the inline keyboard"))),
        Some(("callback_data", data)) if !data.is_some_and(|data| (1..=64).contains(&data.len())) => {
            Err(ApiError::bad("BUTTON_DATA_INVALID"))
        }
        Some(("url", url)) if !url.is_some_and(|url| url.contains("://") || url.contains('.')) => {
            Err(ApiError::bad("BUTTON_URL_INVALID"))
        }
        Some(_) => Ok(()),
    }
}

/// The inline buttons of a checked markup, row by row.
pub(crate) fn buttons(markup: Option<&Value>) -> Vec<Button> {
    let rows = markup.and_then(|markup| markup.get("inline_keyboard")).and_then(Value::as_array);
    let mut found = Vec::new();
    for (index, row) in rows.into_iter().flatten().enumerate() {
        for button in row.as_array().into_iter().flatten() {
            let text = |name: &str| button.get(name).and_then(Value::as_str).map(str::to_owned);
            found.push(Button {
                row: index,
                text: text("text").unwrap_or_default(),
                callback_data: text("callback_data"),
                url: text("url"),
            });
        }
    }
    found
}
