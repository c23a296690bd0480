//! The bank list as people can read it: the provider's has stray spaces, mixed lengths of code and codes that appear twice.

use std::collections::BTreeMap;

use domain::text;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::transfer::is_bank_code;
use crate::json;

/// One bank.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Bank {
    /// Three, five, six or seven digits, as text: leading zeros count.
    pub code: String,
    /// One clean line.
    pub name: String,
}

/// The banks by name. One code is one bank, under the name that came first; a row without a name or with a code that
/// is not text is left out, because money could not be sent there.
pub(super) fn clean(rows: &[Box<RawValue>]) -> Vec<Bank> {
    let mut by_code = BTreeMap::new();
    for row in rows {
        let Ok(row) = json::object::<Row>(row.get().as_bytes()) else { continue };
        let (code, name) = (row.code.trim(), words(&row.name));
        if is_bank_code(code) && !name.is_empty() {
            by_code.entry(code.to_owned()).or_insert(name);
        }
    }
    let mut banks: Vec<Bank> = by_code.into_iter().map(|(code, name)| Bank { code, name }).collect();
    banks.sort_by_cached_key(|bank| bank.name.to_lowercase());
    banks
}

#[derive(Deserialize)]
struct Row {
    code: String,
    name: String,
}

/// The name without the spaces that nobody meant.
fn words(name: &str) -> String {
    let joined = name.split_whitespace().collect::<Vec<_>>().join(" ");
    text::clean_line(&joined, 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(text: &str) -> Vec<Box<RawValue>> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn the_list_is_cleaned_and_codes_stay_text() {
        let list = r#"[{"id":31,"code":"305","name":" Paycom(OPay)"},{"id":57,"code":"401","name":"ASO Savings and  Loans"},
            {"id":1,"code":"044","name":"access Bank"},{"id":2,"code":"120001","name":"9 Payment Service Bank"},
            {"id":3,"code":"120001","name":"9PAYMENT SERVICE BANK LTD"},{"id":4,"code":44,"name":"A number"},
            {"id":5,"code":"045","name":"  "},{"id":6,"code":"0 4","name":"Odd"},{"id":7},7,null]"#;
        let shown: Vec<(String, String)> = clean(&rows(list)).into_iter().map(|bank| (bank.code, bank.name)).collect();
        let wanted = [
            ("120001", "9 Payment Service Bank"),
            ("044", "access Bank"),
            ("401", "ASO Savings and Loans"),
            ("305", "Paycom(OPay)"),
        ];
        assert_eq!(shown, wanted.map(|(code, name)| (code.to_owned(), name.to_owned())));
    }

    #[test]
    fn the_recorded_list_loses_nothing_but_its_duplicate() {
        let Some(path) = std::env::var_os("VIRALCORE_TEST_BANKS") else {
            println!("skipped: VIRALCORE_TEST_BANKS names no recorded bank list");
            return;
        };
        let rows = rows(&std::fs::read_to_string(path).unwrap());
        let banks = clean(&rows);
        assert_eq!((rows.len(), banks.len()), (665, 664));
        for bank in &banks {
            assert!(matches!(bank.code.len(), 3 | 5 | 6 | 7), "{bank:?}");
            assert!(
                bank.name == bank.name.trim() && !bank.name.contains("  ") && !bank.name.ends_with('…'),
                "{bank:?}"
            );
        }
        assert!(banks.iter().any(|bank| bank.code == "044" && bank.name == "Access Bank"));
        assert!(banks.windows(2).all(|pair| pair[0].name.to_lowercase() <= pair[1].name.to_lowercase()));
    }
}
