//! The shapes that answers can have: panels agree on what they say and on nothing about how. Pure text; what is said
//! comes from the book.

use serde::{Deserialize, Serialize};

use super::amount::Amount;
use super::settings::Words;
use super::text::quoted;

/// One habit for each thing on which panels differ; the first of each is the usual one.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Shapes {
    pub(super) ids: Ids,
    /// Ids of services are text.
    pub(super) service_ids_text: bool,
    /// Rates, limits, charges, counts and balances.
    pub(super) numbers: Numbers,
    pub(super) flags: Flags,
    pub(super) types: TypeWords,
    pub(super) services: ServicesShape,
    /// `desc`, `average_time` and `platform` beside the usual members.
    pub(super) extras: bool,
    pub(super) add: AddShape,
    pub(super) errors: Errors,
    pub(super) error_status: ErrorStatus,
    pub(super) status_batch: BatchShape,
    /// Each status repeats its order.
    pub(super) status_echo: bool,
    /// Ids that a batch leaves out.
    pub(super) status_omits: Vec<String>,
    pub(super) start_count: StartCount,
    pub(super) remains: Remains,
    pub(super) charge: Charge,
    pub(super) without_currency: bool,
    /// This panel's words for states, by the usual word.
    pub(super) words: Words,
    pub(super) refill: RefillShape,
    pub(super) refill_refusal: RefillRefusal,
    /// A refill has the id of its order.
    pub(super) refill_is_order: bool,
    pub(super) refill_status_one: OneShape,
    pub(super) refill_status_batch: BatchShape,
    pub(super) cancel: CancelShape,
    /// `{"status":"success","balance":12.3}`
    pub(super) balance_bare: bool,
    /// JSON is announced as HTML.
    pub(super) as_html: bool,
    pub(super) dirt: Dirt,
}

macro_rules! habits {
    ($($(#[$note:meta])* $name:ident { $($(#[$word_note:meta])* $word:ident),* $(,)? })*) => {$(
        $(#[$note])*
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub(super) enum $name { $($(#[$word_note])* $word),* }
    )*};
}

habits! {
    /// Ids of orders and refills.
    Ids { #[default] Int, Text, /** 24 hexadecimal digits. */ Hex }
    Numbers { #[default] Text, Number }
    /// `refill`, `cancel`, `dripfeed` of a service.
    Flags { #[default] Bool, Int, Digit, Word, /** As if every flag were false. */ Missing }
    TypeWords { #[default] Title, Snake, Lower }
    ServicesShape { #[default] List, /** `{"services":[…],"count":n}` */ Wrapped, /** An empty one says `Empty Data`. */ EmptyData }
    AddShape { #[default] Plain, /** `"status":"success"` first. */ Status, /** With charge and currency. */ Charge, /** HTTP 201. */ Created }
    Errors { #[default] Plain, /** `neworder.error.…` where there is such a code. */ Coded, /** The code beside `status` and `msg`. */ StatusCoded }
    BatchShape { #[default] Usual, Array, Map, /** The object alone when one id was asked for. */ Bare }
    /// Before the start; `missing` at any time.
    StartCount { #[default] Zero, Null, Empty, Missing }
    Remains { #[default] Usual, /** More was delivered than ordered. */ Negative, Empty, Word, Missing }
    Charge { #[default] Usual, /** A number of eleven places. */ Long, Missing }
    RefillShape { #[default] Text, Int, /** Beside a sentence. */ Success }
    RefillRefusal { #[default] Error, /** Within `refill`. */ Nested }
    OneShape { #[default] Object, Array }
    /// `{"order":2,"cancel":1}`; by id; the only one alone; `{"order":2,"cancel":{"status":1}}`.
    CancelShape { #[default] Usual, Map, Single, Status }
    /// Around any answer.
    Dirt { #[default] None, Bom, Whitespace, PhpWarning }
}

/// The HTTP status of an answer with an error.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum ErrorStatus {
    Fixed(u16),
    Word(Fitting),
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Fitting {
    /// 400, 401, 402, 404, 422 or 429, as the error is.
    Fitting,
}

impl Default for ErrorStatus {
    fn default() -> Self {
        Self::Fixed(200)
    }
}

impl ErrorStatus {
    pub(super) fn of(self, fitting: u16) -> u16 {
        match self {
            Self::Fixed(status) => status,
            Self::Word(Fitting::Fitting) => fitting,
        }
    }
}

impl Shapes {
    /// The id as text, which is also what a caller gives back.
    pub(super) fn id_text(&self, id: u64) -> String {
        match self.ids {
            Ids::Int | Ids::Text => id.to_string(),
            Ids::Hex => format!("65f0c1d2{id:016x}"),
        }
    }

    pub(super) fn id(&self, id: u64) -> String {
        match self.ids {
            Ids::Int => id.to_string(),
            Ids::Text | Ids::Hex => quoted(&self.id_text(id)),
        }
    }

    pub(super) fn number(&self, text: &str) -> String {
        match self.numbers {
            Numbers::Number => text.to_owned(),
            Numbers::Text => quoted(text),
        }
    }

    pub(super) fn charge(&self, charge: Amount) -> Option<String> {
        match self.charge {
            Charge::Usual => Some(self.number(&charge.to_string())),
            Charge::Long => Some(charge.eleven_places()),
            Charge::Missing => None,
        }
    }

    pub(super) fn flag(&self, flag: bool) -> Option<String> {
        let text = match (self.flags, flag) {
            (Flags::Bool, true) => "true",
            (Flags::Bool, false) => "false",
            (Flags::Int, true) => "1",
            (Flags::Int, false) => "0",
            (Flags::Digit, true) => "\"1\"",
            (Flags::Digit, false) => "\"0\"",
            (Flags::Word, true) => "\"true\"",
            (Flags::Word, false) => "\"false\"",
            (Flags::Missing, _) => return None,
        };
        Some(text.to_owned())
    }

    pub(super) fn type_word(&self, title: &str) -> String {
        match self.types {
            TypeWords::Title => title.to_owned(),
            TypeWords::Snake => title.to_lowercase().replace([' ', '-'], "_"),
            TypeWords::Lower => title.to_lowercase(),
        }
    }

    pub(super) fn word(&self, usual: &str) -> String {
        self.words.get(usual).map_or(usual, String::as_str).to_owned()
    }
}

/// The number behind an id in any of its forms.
pub(super) fn parse_id(text: &str) -> Option<u64> {
    let text = text.trim();
    if text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return u64::from_str_radix(text.get(8..)?, 16).ok();
    }
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_an_id_leads_back() {
        for ids in [Ids::Int, Ids::Text, Ids::Hex] {
            let shapes = Shapes { ids, ..Shapes::default() };
            assert_eq!(parse_id(&shapes.id_text(23_501)), Some(23_501), "{ids:?}");
        }
        assert_eq!(Shapes { ids: Ids::Hex, ..Shapes::default() }.id_text(1).len(), 24);
        for text in ["", "x", "-1", "65f0c1d2000000000000000g"] {
            assert_eq!(parse_id(text), None, "{text}");
        }
    }
}
