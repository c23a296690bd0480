//! A form: what is typed about a provider, a markup or an item, line by line, before a review shows what it changes.
//!
//! Pure. Invariant: a field that was not changed is not in the values, so that two operators who edit different fields
//! do not undo each other; what cannot be read names its field and sends nothing. A key is never shown or printed.

mod item;
mod product;

use crate::line_edit::LineEdit;
use app::view::ipstock::ItemRow;
use app::view::panels::{ProviderDetail, ProviderRow, ServiceRow};
use app::view::payments::ProductRow;
use domain::Secret;
use domain::decimal::Decimal;
use std::fmt;

/// What was typed about a provider; `None` leaves it as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is a field of the form with its words there")]
pub struct ProviderValues {
    pub name: Option<String>,
    pub url: Option<String>,
    pub key: Option<Secret>,
    pub priority: Option<i64>,
    pub weight: Option<i64>,
    pub currency: Option<String>,
    pub markup_bps: Option<i64>,
    pub rate_per_10s: Option<i64>,
    pub burst: Option<i64>,
    pub concurrency: Option<i64>,
    pub low_balance: Option<String>,
    pub refusals: Option<Vec<String>>,
    pub breakers: Option<String>,
}

impl ProviderValues {
    /// True when it changes where orders and money go: two names decide that.
    pub const fn moves_money(&self) -> bool {
        self.url.is_some() || self.key.is_some()
    }
}

/// What a field is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "each has its words in the table below")]
pub enum Name {
    Name,
    Url,
    Key,
    Priority,
    Weight,
    Currency,
    Markup,
    Rate,
    Burst,
    Concurrency,
    LowBalance,
    Refusals,
    Breakers,
    Title,
    Text,
    Tags,
    Os,
    Limit,
    Option(u8),
    NewOption,
    Price,
    Sold,
    Presets,
    Least,
    Step,
    Most,
    Due,
}

impl Name {
    /// The label and what may stand there.
    pub const fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Name => ("Name", "letters, digits, - and _; it stays"),
            Self::Url => ("Address", "https://host/api/v2; two names sign a change"),
            Self::Key => ("Key", "never shown; empty keeps the one that is there"),
            Self::Priority => ("Priority", "lower is preferred"),
            Self::Weight => ("Weight", "its share among equals"),
            Self::Currency => ("Currency", "what it charges in: USD, UZS"),
            Self::Markup => ("Markup %", "on top of its prices: 12.5"),
            Self::Rate => ("Per 10 s", "requests in ten seconds"),
            Self::Burst => ("Burst", "requests at once"),
            Self::Concurrency => ("In flight", "calls at the same time"),
            Self::LowBalance => ("Low below", "alert below this balance, in its currency"),
            Self::Refusals => ("Refusals", "texts that refuse an order there, split by |"),
            Self::Breakers => ("Breakers", "JSON by class: {\"order\":{\"consecutive\":3}}"),
            Self::Title => ("Title", "what customers see in the list"),
            Self::Text => ("Text", "what customers read before they buy"),
            Self::Tags => ("Tags", "words, split by blanks"),
            Self::Os => ("System", "what a new machine is assumed to have: ubuntu, 2022"),
            Self::Limit => ("Limit", "how many of it a user may have; empty is as many as they like"),
            Self::Option(_) => ("Option", "USD a month, then: cost 699 INR, on or off; an empty line takes it away"),
            Self::Price => ("Price", "USD for one: 0.50"),
            Self::Sold => ("Sold", "on or off"),
            Self::Presets => ("Buttons", "quantities on buttons, split by blanks"),
            Self::Least => ("Least", "the least that is sold"),
            Self::Step => ("Step", "a quantity is a multiple of it"),
            Self::Most => ("Most", "the most that is sold at once"),
            Self::Due => ("Due", "hours that people have to deliver it"),
            Self::NewOption => ("New", "one more: 16GB 24.90 cost 1499 INR"),
        }
    }
}

/// A line of a form.
#[derive(Clone, PartialEq, Eq)]
pub struct Field {
    /// What it is about.
    pub name: Name,
    /// What stands before it.
    pub label: String,
    /// What is typed.
    pub line: LineEdit,
    /// What stood there.
    pub was: String,
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Field");
        shown.field("name", &self.name);
        if self.name != Name::Key {
            shown.field("line", &self.line);
        }
        shown.finish_non_exhaustive()
    }
}

impl Field {
    fn new(name: Name, was: &str) -> Self {
        Self { name, label: name.words().0.to_owned(), line: LineEdit::new(was), was: was.to_owned() }
    }

    /// What is typed, if it differs from what stood there.
    fn changed(&self) -> Option<String> {
        let typed = self.line.text().trim().to_owned();
        (typed != self.was).then_some(typed)
    }
}

/// What a form is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A new provider.
    Add,
    /// A provider's settings.
    Edit(Box<ProviderRow>),
    /// The markup of one of our services, opened at a provider.
    Markup(Box<ServiceRow>, String),
    /// What customers read of an item.
    Item(Box<ItemRow>),
    /// The memory options of an item.
    Prices(Box<ItemRow>),
    /// A product of the catalogue.
    Product(Box<ProductRow>),
}

/// A form over the tab.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// What it is for.
    pub purpose: Purpose,
    /// Its lines.
    pub fields: Vec<Field>,
    /// The line that takes the keys.
    pub at: usize,
    /// What is wrong with which line.
    pub fault: Option<(Name, String)>,
}

impl Form {
    /// A form for a new provider.
    pub fn add() -> Self {
        let start = [
            (Name::Name, ""),
            (Name::Url, "https://"),
            (Name::Key, ""),
            (Name::Priority, "10"),
            (Name::Weight, "1"),
            (Name::Currency, "USD"),
            (Name::Markup, "0"),
            (Name::Rate, "10"),
            (Name::Burst, "5"),
            (Name::Concurrency, "8"),
            (Name::LowBalance, "5"),
            (Name::Refusals, ""),
        ];
        Self::of(Purpose::Add, start.iter().map(|(name, was)| Field::new(*name, was)).collect())
    }

    /// A form for what a provider has now.
    pub fn edit(detail: &ProviderDetail) -> Self {
        let row = &detail.row;
        let (rate, burst, concurrency) = detail.limits;
        let fields = vec![
            Field::new(Name::Url, &row.url),
            Field::new(Name::Key, ""),
            Field::new(Name::Priority, &row.priority.to_string()),
            Field::new(Name::Weight, &row.weight.to_string()),
            Field::new(Name::Currency, &row.currency),
            Field::new(Name::Markup, &percent(row.markup_bps)),
            Field::new(Name::Rate, &rate.to_string()),
            Field::new(Name::Burst, &burst.to_string()),
            Field::new(Name::Concurrency, &concurrency.to_string()),
            Field::new(Name::LowBalance, &row.low_balance),
            Field::new(Name::Refusals, &detail.refusals.join(" | ")),
            Field::new(Name::Breakers, &detail.breaker_overrides),
        ];
        Self::of(Purpose::Edit(Box::new(row.clone())), fields)
    }

    /// A form for the markup of one of our services.
    pub fn markup(service: &ServiceRow, provider: &str) -> Self {
        let field = Field::new(Name::Markup, &percent(service.markup_bps));
        Self::of(Purpose::Markup(Box::new(service.clone()), provider.to_owned()), vec![field])
    }

    fn of(purpose: Purpose, fields: Vec<Field>) -> Self {
        Self { purpose, fields, at: 0, fault: None }
    }

    /// The line that takes the keys.
    pub fn current(&mut self) -> Option<&mut Field> {
        self.fields.get_mut(self.at)
    }

    /// Goes `by` lines on.
    pub fn step(&mut self, by: isize) {
        self.at = self.at.saturating_add_signed(by).min(self.fields.len().saturating_sub(1));
    }

    /// What the form changes; a new provider takes every field.
    pub fn values(&self) -> Result<ProviderValues, (Name, String)> {
        let mut values = ProviderValues::default();
        for field in &self.fields {
            let typed = match (&self.purpose, field.changed()) {
                (_, Some(typed)) => typed,
                (Purpose::Add, None) => field.was.clone(),
                (_, None) => continue,
            };
            take(&mut values, field.name, &typed).map_err(|why| (field.name, why.to_owned()))?;
        }
        Ok(values)
    }
}

fn take(values: &mut ProviderValues, name: Name, typed: &str) -> Result<(), &'static str> {
    let whole = |least: i64| match typed.parse::<i64>() {
        Ok(n) if n >= least => Ok(Some(n)),
        _ if least > 0 => Err("a whole number from 1"),
        _ => Err("a whole number"),
    };
    match name {
        Name::Name => {
            let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
            if typed.is_empty() || typed.len() > 40 || !typed.chars().all(fits) {
                return Err("letters, digits, - and _");
            }
            values.name = Some(typed.to_owned());
        }
        Name::Url => {
            if !typed.starts_with("https://") && !typed.starts_with("http://") || typed.ends_with("://") {
                return Err("an address that begins with https://");
            }
            values.url = Some(typed.to_owned());
        }
        Name::Key if typed.is_empty() => {}
        Name::Key => values.key = Some(Secret::new(typed)),
        Name::Priority => values.priority = whole(i64::MIN)?,
        Name::Weight => values.weight = whole(1)?,
        Name::Currency => {
            if !(3..=5).contains(&typed.len()) || !typed.bytes().all(|b| b.is_ascii_alphabetic()) {
                return Err("a currency's letters: USD");
            }
            values.currency = Some(typed.to_ascii_uppercase());
        }
        Name::Markup => values.markup_bps = Some(bps(typed).ok_or("a percentage with at most two decimals: 12.5")?),
        Name::Rate => values.rate_per_10s = whole(1)?,
        Name::Burst => values.burst = whole(1)?,
        Name::Concurrency => values.concurrency = whole(1)?,
        Name::LowBalance => {
            Decimal::parse(typed).map_err(|_| "an amount: 5 or 2.50")?;
            values.low_balance = Some(typed.to_owned());
        }
        Name::Refusals => {
            let texts = typed.split('|').map(str::trim).filter(|text| !text.is_empty());
            values.refusals = Some(texts.map(str::to_owned).collect());
        }
        Name::Breakers => {
            let text = if typed.is_empty() { "{}" } else { typed };
            let object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(text);
            object.map_err(|_| "a JSON object by class: order, status, balance")?;
            values.breakers = Some(text.to_owned());
        }
        // Fields of a product's form, and of an item's.
        Name::Price | Name::Sold | Name::Presets | Name::Least | Name::Step | Name::Most | Name::Due => {}
        Name::Title | Name::Text | Name::Tags | Name::Os | Name::Limit | Name::Option(_) | Name::NewOption => {}
    }
    Ok(())
}

/// Ten-thousandths as a percentage: `12.5`.
pub fn percent(bps: i64) -> String {
    let sign = if bps < 0 { "-" } else { "" };
    let (whole, rest) = (bps.abs() / 100, bps.abs() % 100);
    match (rest, rest % 10) {
        (0, _) => format!("{sign}{whole}"),
        (_, 0) => format!("{sign}{whole}.{}", rest / 10),
        _ => format!("{sign}{whole}.{rest:02}"),
    }
}

/// A percentage in ten-thousandths; `None` for what is none.
fn bps(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |rest| (-1, rest));
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, ""));
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if whole.is_empty() || whole.len() > 4 || rest.len() > 2 || !all_digits(whole) || !all_digits(rest) {
        return None;
    }
    let cents: i64 = format!("{rest:0<2}").parse().ok()?;
    Some(sign * (whole.parse::<i64>().ok()? * 100 + cents))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_are_read_and_written() {
        for (text, value) in [("0", 0), ("12.5", 1_250), ("12.05", 1_205), ("-3", -300), ("100", 10_000)] {
            assert_eq!(bps(text), Some(value), "{text}");
            assert_eq!(percent(value), text);
        }
        for text in ["", "x", "1.234", "1,5", "12345", "-", "."] {
            assert_eq!(bps(text), None, "{text}");
        }
    }

    #[test]
    fn a_new_provider_takes_every_field_and_a_fault_names_its_own() {
        let mut form = Form::add();
        assert_eq!(form.values().map_err(|(name, _)| name), Err(Name::Name));
        form.fields[0].line = LineEdit::new("smmking");
        assert_eq!(form.values().map_err(|(name, _)| name), Err(Name::Url));
        form.fields[1].line = LineEdit::new("https://smmking.com/api/v2");
        form.fields[2].line = LineEdit::new("k-123");
        let values = form.values().unwrap();
        assert_eq!((values.name.as_deref(), values.priority, values.weight), (Some("smmking"), Some(10), Some(1)));
        assert_eq!(values.key, Some(Secret::new("k-123")));
        assert!(values.moves_money());
        assert!(!format!("{form:?} {values:?}").contains("k-123"), "a key is never printed");
        for (at, text) in [(4, "0"), (5, "dollars"), (6, "a lot"), (7, "-1"), (10, "five")] {
            let mut bad = form.clone();
            bad.fields[at].line = LineEdit::new(text);
            assert_eq!(bad.values().map_err(|(name, _)| name), Err(form.fields[at].name), "{text}");
        }
    }
}
