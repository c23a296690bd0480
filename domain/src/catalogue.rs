//! Catalogues of SMM panels: what a service is and costs, and what a catalogue that was read again changes.
//!
//! Pure: the caller brings rows and rates. Absent on purpose: fetching and keeping (`providers`, `store`), and who may
//! change what (`app`).

mod diff;
mod likeness;
mod price;

pub use diff::{Change, Changes, GUARDED_FROM, Guarded, Known, Rules, diff};
pub use likeness::{Likeness, Wanted, likeness};
pub use price::{MARKUP_MAX, Price, Tariff};

use crate::decimal::{Decimal, Per};
use crate::smm::ServiceType;
use crate::withdrawal::UnknownWord;
use std::str::FromStr;

/// A service as a panel offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The panel's id, opaque.
    pub service: String,
    /// One clean line.
    pub name: String,
    /// One clean line; may be empty.
    pub category: String,
    /// `None` is a type that we do not know: it is imported and never sold.
    pub kind: Option<ServiceType>,
    /// The type as the panel spells it.
    pub kind_text: String,
    /// For a thousand or for one ([`per`]), in the panel's currency.
    pub rate: Decimal,
    /// The smallest order.
    pub min: i64,
    /// The largest order.
    pub max: i64,
    /// What dropped can be filled up.
    pub refill: bool,
    /// Orders can be cancelled.
    pub cancel: bool,
    /// Orders can be spread over time by the panel.
    pub dripfeed: bool,
    /// One clean line; may be empty.
    pub description: String,
}

impl Offer {
    /// What makes it unusable, if anything does.
    pub fn problem(&self) -> Option<&'static str> {
        if self.service.is_empty() {
            return Some("it has no id");
        }
        if self.rate.is_negative() {
            return Some("its rate is below zero");
        }
        if self.min < 0 || self.max < self.min {
            return Some("its limits are not limits");
        }
        None
    }

    /// How it is named in a sentence.
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.service } else { &self.name }
    }

    /// Takes one field from another offer.
    fn take(&mut self, field: Field, from: &Self) {
        match field {
            Field::Name => self.name.clone_from(&from.name),
            Field::Category => self.category.clone_from(&from.category),
            Field::Kind => self.kind = from.kind,
            Field::Rate => self.rate = from.rate,
            Field::Min => self.min = from.min,
            Field::Max => self.max = from.max,
            Field::Refill => self.refill = from.refill,
            Field::Cancel => self.cancel = from.cancel,
            Field::Dripfeed => self.dripfeed = from.dripfeed,
            Field::Description => self.description.clone_from(&from.description),
        }
    }

    /// Sets one field from what an operator typed. The reason of a refusal is a sentence.
    pub fn set(&mut self, field: Field, value: &str) -> Result<(), String> {
        let value = value.trim();
        let flag = || match value {
            "yes" | "true" | "1" => Ok(true),
            "no" | "false" | "0" => Ok(false),
            _ => Err(format!("{} is yes or no", field.word())),
        };
        let count = || value.parse::<i64>().map_err(|_| format!("{} is a whole number", field.word()));
        let mut changed = self.clone();
        match field {
            Field::Name if value.is_empty() => return Err("a name is needed".to_owned()),
            Field::Name => changed.name = crate::text::clean_line(value, 200),
            Field::Category => changed.category = crate::text::clean_line(value, 200),
            Field::Kind => {
                let kind = ServiceType::read(value).ok_or_else(|| format!("no type of service is called {value}"))?;
                changed.kind = Some(kind);
            }
            Field::Rate => changed.rate = Decimal::parse(value).map_err(|error| format!("the rate is {error}"))?,
            Field::Min => changed.min = count()?,
            Field::Max => changed.max = count()?,
            Field::Refill => changed.refill = flag()?,
            Field::Cancel => changed.cancel = flag()?,
            Field::Dripfeed => changed.dripfeed = flag()?,
            Field::Description => changed.description = crate::text::clean_line(value, 400),
        }
        if let Some(problem) = changed.problem() {
            return Err(problem.to_owned());
        }
        *self = changed;
        Ok(())
    }
}

/// A field that an operator can set and lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields of Offer")]
pub enum Field {
    Name,
    Category,
    Kind,
    Rate,
    Min,
    Max,
    Refill,
    Cancel,
    Dripfeed,
    Description,
}

impl Field {
    /// Every field.
    pub const ALL: [Self; 10] = [
        Self::Name,
        Self::Category,
        Self::Kind,
        Self::Rate,
        Self::Min,
        Self::Max,
        Self::Refill,
        Self::Cancel,
        Self::Dripfeed,
        Self::Description,
    ];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Category => "category",
            Self::Kind => "kind",
            Self::Rate => "rate",
            Self::Min => "min",
            Self::Max => "max",
            Self::Refill => "refill",
            Self::Cancel => "cancel",
            Self::Dripfeed => "dripfeed",
            Self::Description => "description",
        }
    }
}

impl FromStr for Field {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let found = Self::ALL.into_iter().find(|field| field.word() == text);
        found.ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

/// A set of fields.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields(u16);

impl Fields {
    /// True when the field is in it.
    pub const fn has(self, field: Field) -> bool {
        self.0 & 1 << field as u16 != 0
    }

    /// With the field, or without it.
    #[must_use]
    pub const fn with(self, field: Field, there: bool) -> Self {
        let bit = 1 << field as u16;
        Self(if there { self.0 | bit } else { self.0 & !bit })
    }

    /// Those in it.
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |field| self.has(*field))
    }
}

impl FromIterator<Field> for Fields {
    fn from_iter<I: IntoIterator<Item = Field>>(fields: I) -> Self {
        fields.into_iter().fold(Self::default(), |set, field| set.with(field, true))
    }
}

/// How many units a rate of a type is for; of an unknown type, a thousand.
pub const fn per(kind: Option<ServiceType>) -> Per {
    match kind {
        Some(kind) if kind.rate_per_unit() => Per::Unit,
        _ => Per::Thousand,
    }
}

/// Whether an offer is sold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OfferState {
    /// It is.
    On,
    /// Not in the catalogue any more; on again when it is back.
    Gone,
    /// Its price jumped; an operator looks at it.
    Held,
    /// An operator keeps it off, whatever the catalogue says.
    Off,
}

impl OfferState {
    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::On => "on",
            Self::Gone => "gone",
            Self::Held => "held",
            Self::Off => "off",
        }
    }
}

impl FromStr for OfferState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        [Self::On, Self::Gone, Self::Held, Self::Off]
            .into_iter()
            .find(|state| state.word() == text)
            .ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}
