//! How the service behaves where nobody documented it: encodings, shapes, waits.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::clock::{Millis, scaled};

/// How often an answer is wrapped into a JSON string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Encode {
    /// In turn plain and once.
    Mixed,
    Plain,
    Double,
    Triple,
    /// One more than anybody unwraps.
    Fourfold,
    /// Quoted and escaped by hand: no JSON, because its lines are broken inside the quotes.
    Escaped,
}

impl Encode {
    pub(crate) fn text(self, answer: &Value, number: u64) -> String {
        let times = match self {
            Self::Plain => 0,
            Self::Mixed => usize::from(number.is_multiple_of(2)),
            Self::Double => 1,
            Self::Triple => 2,
            Self::Fourfold => 3,
            Self::Escaped => {
                let pretty = serde_json::to_string_pretty(answer).unwrap_or_default();
                return format!("\"{}\"", pretty.replace('"', "\\\""));
            }
        };
        (0..times).fold(answer.to_string(), |text, _| Value::String(text).to_string())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Numbers {
    Mixed,
    Number,
    Text,
}

/// The answer to a purchase.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BuyShape {
    /// An object with `IP`.
    Json,
    /// An object with `ip` in `data`.
    Lower,
    /// As `status` shows the machine.
    Machine,
    /// The address, and the package's name as `ip`.
    Several,
    /// Two addresses.
    Two,
    /// Success without an address.
    None,
    /// The address and nothing else.
    Text,
    /// The address as a JSON string.
    Quoted,
    /// A sentence with the address in it.
    Sentence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ActionShape {
    Text,
    Json,
    Empty,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Dates {
    Iso,
    IsoTime,
    Dmy,
    DmyDash,
    Words,
    Missing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum UserKey {
    /// `Usernane`.
    Misspelt,
    Right,
    Missing,
}

/// What a purchase of an empty package gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum WhenDry {
    /// An address of another package, and not a word about it.
    Fallback,
    /// `Package … has no available IPs`.
    Refuse,
    /// A refusal in words that nobody listed.
    Unlisted,
}

/// All habits; waits in milliseconds, those of `buy_ms` and `read_ms` in life's own time, the others by the clock.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paced {
    pub(crate) encode: Encode,
    pub(crate) numbers: Numbers,
    pub(crate) buy: BuyShape,
    pub(crate) actions: ActionShape,
    pub(crate) dates: Dates,
    pub(crate) user_key: UserKey,
    pub(crate) when_dry: WhenDry,
    pub(crate) buy_ms: u64,
    pub(crate) read_ms: u64,
    /// From the purchase to the password; the user name is there after half of it.
    pub(crate) credentials_ms: Millis,
    pub(crate) action_ms: Millis,
    pub(crate) format_ms: Millis,
}

impl Paced {
    pub(crate) fn usual(speed: f64) -> Self {
        Self {
            encode: Encode::Mixed,
            numbers: Numbers::Mixed,
            buy: BuyShape::Json,
            actions: ActionShape::Text,
            dates: Dates::Iso,
            user_key: UserKey::Misspelt,
            when_dry: WhenDry::Fallback,
            buy_ms: 0,
            read_ms: 0,
            credentials_ms: scaled(40_000, speed),
            action_ms: scaled(6_000, speed),
            format_ms: scaled(45_000, speed),
        }
    }

    /// These habits with some members replaced; an error names what is wrong.
    pub(crate) fn with(&self, changes: Map<String, Value>) -> Result<Self, String> {
        let mut all = match serde_json::to_value(self) {
            Ok(Value::Object(all)) => all,
            _ => return Err("the habits cannot be shown".to_owned()),
        };
        all.extend(changes);
        serde_json::from_value(Value::Object(all)).map_err(|problem| problem.to_string())
    }
}
