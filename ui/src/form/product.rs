//! The form of a product: what buyers see of it, its price and quantities, whether it is sold.

use super::{Field, Form, Name, Purpose};
use app::products::ProductEdit;
use app::view::payments::ProductRow;
use domain::{Currency, Money};

impl Form {
    /// A form for what a product is now.
    pub fn product(row: &ProductRow) -> Self {
        let presets: Vec<String> = row.presets.iter().map(i64::to_string).collect();
        let fields = vec![
            Field::new(Name::Price, &row.price.amount_text()),
            Field::new(Name::Sold, if row.enabled { "on" } else { "off" }),
            Field::new(Name::Presets, &presets.join(" ")),
            Field::new(Name::Least, &row.min.to_string()),
            Field::new(Name::Step, &row.step.to_string()),
            Field::new(Name::Most, &row.max.to_string()),
            Field::new(Name::Due, &row.due_hours.to_string()),
            Field::new(Name::Title, &row.title),
            Field::new(Name::Text, &row.words),
        ];
        Self::of(Purpose::Product(Box::new(row.clone())), fields)
    }

    /// What the form changes of a product.
    pub fn product_edit(&self) -> Result<ProductEdit, (Name, String)> {
        let Purpose::Product(row) = &self.purpose else { return Ok(ProductEdit::default()) };
        let mut edit = ProductEdit { key: row.key.clone(), version: Some(row.version), ..ProductEdit::default() };
        for field in &self.fields {
            if let Some(typed) = field.changed() {
                take(&mut edit, field.name, &typed).map_err(|why| (field.name, why.to_owned()))?;
            }
        }
        Ok(edit)
    }
}

fn take(edit: &mut ProductEdit, name: Name, typed: &str) -> Result<(), &'static str> {
    let whole = || typed.parse::<i64>().ok().filter(|n| *n > 0).ok_or("a whole number from 1");
    match name {
        Name::Price => {
            let price = Money::parse(typed, Currency::Usd).ok().filter(|price| price.is_positive());
            edit.price = Some(price.ok_or("a price in USD: 0.50")?);
        }
        Name::Sold => {
            edit.enabled = Some(match typed {
                "on" => true,
                "off" => false,
                _ => return Err("on or off"),
            });
        }
        Name::Presets => {
            let numbers = typed.split([' ', ',']).filter(|word| !word.is_empty());
            let numbers: Option<Vec<i64>> = numbers.map(|word| word.parse().ok().filter(|n: &i64| *n > 0)).collect();
            edit.presets = Some(numbers.ok_or("quantities, split by blanks: 10 25 50")?);
        }
        Name::Least => edit.min = Some(whole()?),
        Name::Step => edit.step = Some(whole()?),
        Name::Most => edit.max = Some(whole()?),
        Name::Due => edit.due_hours = Some(whole()?),
        Name::Title if typed.is_empty() => return Err("buyers need a title"),
        Name::Title => edit.title = Some(typed.to_owned()),
        Name::Text => edit.words = Some(typed.to_owned()),
        // Fields of other forms.
        _ => {}
    }
    Ok(())
}
