//! The shipped file against the code: every key, its default and its sentence.

use super::super::check;
use super::super::source::{Ask, Leaves, read_toml};
use super::with;
use app::settings::Settings;
use domain::operator::Role;
use std::collections::BTreeSet;

const SHIPPED: &str = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/config.toml"));

#[test]
fn the_shipped_file_holds_every_key_with_the_defaults_of_the_code() {
    let from_code = check("config.toml", Leaves::new(), &Ask::default()).unwrap();
    let shipped = with(SHIPPED, &[]).unwrap();
    let leaves = read_toml("config.toml", SHIPPED).unwrap();
    for (key, entry) in &from_code.entries {
        assert!(entry.secret || leaves.contains_key(key), "{key} is missing in config.toml");
    }
    for (key, entry) in &shipped.entries {
        let table = key.split('.').any(|part| part.parse::<u32>().is_ok());
        assert!(
            table || entry.value == entry.default,
            "{key} = {} in config.toml, {} in the code",
            entry.value,
            entry.default
        );
        assert!(table || from_code.entries.contains_key(key), "{key}");
    }
    // The settings as a whole, reasons included, are the defaults'.
    assert_eq!(format!("{:?}", shipped.settings), format!("{:?}", Settings::sandbox()));
    assert_eq!((shipped.store_url.as_str(), shipped.warnings.len()), ("sqlite://viralcore.db", 0));
}

#[test]
fn every_key_of_the_shipped_file_has_a_sentence_above_it() {
    let (mut previous, mut in_table, mut explained) = ("", false, BTreeSet::new());
    for line in SHIPPED.lines() {
        let is_key = line.contains(" = ") && !line.starts_with('#');
        if line.starts_with('[') {
            in_table = line.starts_with("[[");
            // The tables of a list are explained once, above the first.
            let told = previous.starts_with("# ") && previous.ends_with('.');
            assert!(!in_table || !explained.insert(line) || told, "{line}: {previous:?}");
        }
        if is_key && !in_table {
            assert!(previous.starts_with("# ") && previous.ends_with('.'), "{line}: {previous:?}");
        }
        assert!(line.len() <= 120, "{line}");
        previous = line;
    }
}

#[test]
fn the_example_of_an_operator_is_one() {
    let (_, rest) = SHIPPED.split_once("# [[operators]]\n").unwrap();
    let (example, _) = rest.split_once("\n\n").unwrap();
    let example: String = example
        .lines()
        .map(|line| format!("{}\n", line.trim_start_matches("# ")))
        .filter(|l| l.contains(" = "))
        .collect();
    let config = with(&format!("[[operators]]\n{example}"), &[]).unwrap();
    let operator = &config.settings.operators[0];
    assert_eq!((operator.name.as_str(), operator.role, operator.telegram_id), ("ada", Role::Admin, None));
    // Every key of the table is in the example.
    let keys: BTreeSet<_> = config.entries.keys().filter_map(|key| key.strip_prefix("operators.0.")).collect();
    assert!(keys.iter().all(|key| example.contains(&format!("{key} = "))), "{keys:?}");
}
