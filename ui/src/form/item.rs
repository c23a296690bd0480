//! The forms of an item of IPStock: what customers read of it, and its memory options with what they cost.
//!
//! An option is one line: `9.90 cost 699 INR on`. What is not written stays as it is; an empty line takes the option
//! away.

use super::{Field, Form, Name, Purpose};
use app::ipstock::{ItemEdit, MemoryEdit};
use app::view::ipstock::{ItemDetail, MemoryView};
use domain::Money;
use domain::ipstock::Memory;
use domain::vps::Os;

impl Form {
    /// A form for what customers read of an item.
    pub fn item(detail: &ItemDetail) -> Self {
        let limit = detail.user_limit.map(|limit| limit.to_string()).unwrap_or_default();
        let fields = vec![
            Field::new(Name::Title, &detail.row.title),
            Field::new(Name::Text, &detail.description),
            Field::new(Name::Tags, &detail.tags.join(" ")),
            Field::new(Name::Os, &detail.default_os),
            Field::new(Name::Limit, &limit),
        ];
        Self::of(Purpose::Item(Box::new(detail.row.clone())), fields)
    }

    /// A form for an item's memory options, and one more.
    pub fn prices(detail: &ItemDetail) -> Self {
        let mut fields: Vec<Field> = (0..)
            .zip(&detail.memories)
            .map(|(n, option)| Field { label: option.label.clone(), ..Field::new(Name::Option(n), &written(option)) })
            .collect();
        fields.push(Field::new(Name::NewOption, ""));
        Self::of(Purpose::Prices(Box::new(detail.row.clone())), fields)
    }

    /// What the form changes of an item.
    pub fn item_edit(&self) -> Result<ItemEdit, (Name, String)> {
        let mut edit = ItemEdit::default();
        for field in &self.fields {
            if let Some(typed) = field.changed() {
                take(&mut edit, field, &typed).map_err(|why| (field.name, why))?;
            }
        }
        Ok(edit)
    }
}

fn take(edit: &mut ItemEdit, field: &Field, typed: &str) -> Result<(), String> {
    match field.name {
        Name::Title if typed.is_empty() => return Err("customers need a title".to_owned()),
        Name::Title => edit.title = Some(typed.to_owned()),
        Name::Text => edit.description = Some(typed.to_owned()),
        Name::Tags => edit.tags = Some(typed.split([' ', ',']).filter(|t| !t.is_empty()).map(str::to_owned).collect()),
        Name::Os => {
            let words: Vec<&str> = Os::ALL.iter().map(|os| os.word()).collect();
            edit.default_os = Some(typed.parse().map_err(|_| format!("there are {}", words.join(", ")))?);
        }
        Name::Limit if typed.is_empty() => edit.user_limit = Some(None),
        Name::Limit => {
            let limit = typed.parse::<i64>().ok().filter(|limit| *limit > 0);
            edit.user_limit = Some(Some(limit.ok_or("a whole number from 1, or nothing")?));
        }
        Name::Option(_) if typed.is_empty() => {
            edit.memories.push(MemoryEdit { label: field.label.clone(), drop: true, ..MemoryEdit::default() });
        }
        Name::Option(_) => edit.memories.push(changed(option(&field.label, typed)?, &field.was)),
        Name::NewOption => {
            let (label, rest) = typed.split_once(' ').ok_or("a size and a price: 16GB 24.90")?;
            let size = Memory::parse(label).map_err(|_| format!("“{label}” is no size; 16GB is one"))?;
            edit.memories.push(option(&size.label, rest.trim())?);
        }
        // Fields of other forms.
        _ => {}
    }
    Ok(())
}

/// An option as one line.
fn written(option: &MemoryView) -> String {
    let cost = option.cost.as_ref().map_or_else(String::new, |(amount, currency)| format!(" cost {amount} {currency}"));
    format!("{}{cost} {}", option.price.amount_text(), if option.enabled { "on" } else { "off" })
}

/// Reads `9.90 cost 699 INR on`. A line without a cost has none.
fn option(label: &str, text: &str) -> Result<MemoryEdit, String> {
    let mut words = text.split_whitespace();
    let price =
        words.next().and_then(|word| Money::parse(word, domain::Currency::Usd).ok()).filter(|p| p.is_positive());
    let price = price.ok_or("first the price in USD: 9.90")?;
    let mut edit =
        MemoryEdit { label: label.to_owned(), price: Some(price), cost: Some(None), enabled: None, drop: false };
    while let Some(word) = words.next() {
        match word {
            "on" => edit.enabled = Some(true),
            "off" => edit.enabled = Some(false),
            "cost" => {
                let (Some(amount), Some(currency)) = (words.next(), words.next()) else {
                    return Err("a cost has its currency: cost 699 INR".to_owned());
                };
                let fits = domain::decimal::Decimal::parse(amount).is_ok_and(|amount| !amount.is_negative());
                if !fits || currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                    return Err("a cost is a number and three letters: cost 699 INR".to_owned());
                }
                edit.cost = Some(Some((amount.to_owned(), currency.to_ascii_uppercase())));
            }
            other => return Err(format!("“{other}” is none of cost, on, off")),
        }
    }
    Ok(edit)
}

/// Only what differs from the line that stood there.
fn changed(mut edit: MemoryEdit, was: &str) -> MemoryEdit {
    if let Ok(before) = option(&edit.label, was) {
        edit.price = edit.price.filter(|price| before.price != Some(*price));
        edit.cost = edit.cost.filter(|cost| before.cost.as_ref() != Some(cost));
        edit.enabled = edit.enabled.filter(|enabled| before.enabled != Some(*enabled));
    }
    edit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_is_one_line_and_only_what_differs_is_changed() {
        let usd = |cents: i64| Some(Money::usd_minor(cents * 10_000));
        let was = "9.90 cost 699 INR on";
        let read = |text: &str| changed(option("4GB", text).unwrap(), was);
        assert_eq!(
            read("10.50 cost 699 INR on"),
            MemoryEdit { label: "4GB".into(), price: usd(1_050), ..MemoryEdit::default() }
        );
        let cost = Some(Some(("710.5".to_owned(), "INR".to_owned())));
        assert_eq!(read("9.90 cost 710.5 inr"), MemoryEdit { label: "4GB".into(), cost, ..MemoryEdit::default() });
        assert_eq!(read("9.90 on"), MemoryEdit { label: "4GB".into(), cost: Some(None), ..MemoryEdit::default() });
        let off = MemoryEdit { label: "4GB".into(), enabled: Some(false), ..MemoryEdit::default() };
        assert_eq!(read("9.90 cost 699 INR off"), off);
        for bad in
            ["", "free", "0", "-3", "9.90 cost", "9.90 cost 5", "9.90 cost x INR", "9.90 cost 5 RUPEES", "9.90 cheap"]
        {
            assert!(option("4GB", bad).is_err(), "{bad}");
        }
    }
}
