//! `[[operators]]`: who may act.

use super::kind::{COUNT, PATH, TEXT, USD_OR_NONE};
use super::problem::Problem;
use super::reader::Reader;
use domain::Secret;
use domain::operator::{Operator, Role};
use std::collections::BTreeMap;

/// Every operator. Names, Telegram accounts and, without passphrases, accounts of the system belong to one each.
pub(super) fn operators(r: &mut Reader, sandbox: bool) -> Vec<Operator> {
    let mut seen = BTreeMap::new();
    let tables = r.tables("operators");
    let operators: Vec<(String, Operator)> =
        tables.into_iter().map(|table| (table.clone(), operator(r, &table, &mut seen))).collect();
    if !sandbox {
        shared_accounts(r, &operators);
    }
    operators.into_iter().map(|(_, operator)| operator).collect()
}

fn operator(r: &mut Reader, table: &str, seen: &mut BTreeMap<String, String>) -> Operator {
    let key = |name: &str| format!("{table}.{name}");
    let name = r.take(&key("name"), TEXT.must(|text| word(text)), String::new());
    let os_user = r.take(&key("os_user"), TEXT.must(|text| os_user(text)), String::new());
    let telegram_id = r.take(&key("telegram_id"), COUNT.must(telegram), 0);
    let role_word = r.take(&key("role"), TEXT.must(|text| role(text)), String::new());
    for required in ["name", "os_user", "role"] {
        r.need(&key(required));
    }
    let role = role_word.parse().unwrap_or(Role::Viewer);
    let mut unique = |r: &mut Reader, what: &str, value: String| {
        if let Some(first) = seen.insert(format!("{what} {value}"), table.to_owned()) {
            r.refuse(&key(what), format!("is already that of {first}"));
        }
    };
    if !name.is_empty() {
        unique(r, "name", name.clone());
    }
    if telegram_id != 0 {
        unique(r, "telegram_id", telegram_id.to_string());
    }
    let approve_max = r.take(&key("approve_max"), USD_OR_NONE, None);
    let may = approve_max.is_none() || role >= Role::Approver;
    r.require(may, &key("approve_max"), &[&key("role")], "is only for the roles approver and admin");
    let passphrase_hash = passphrase(r, table);
    Operator {
        name,
        os_user,
        telegram_id: (telegram_id != 0).then_some(telegram_id),
        role,
        approve_max,
        passphrase_hash,
    }
}

/// A hash is made to be written down, so unlike a secret it may stand in the file.
fn passphrase(r: &mut Reader, table: &str) -> Option<Secret> {
    let (key, file_key) = (format!("{table}.passphrase_hash"), format!("{table}.passphrase_hash_file"));
    let here = r.take(&key, TEXT, String::new());
    let path = r.take(&file_key, PATH, None);
    let given = match path {
        Some(_) if !here.is_empty() => {
            r.refuse(&file_key, format!("{key} is set too: keep one of them"));
            None
        }
        Some(path) => r.secret_file(&file_key, &path),
        None => Some(here).filter(|hash| !hash.is_empty()),
    }?;
    r.show_as(&key, super::reader::REDACTED);
    let sound = argon2::PasswordHash::new(&given).is_ok_and(|hash| hash.algorithm.as_str().starts_with("argon2"));
    let blamed = if r.is_set(&key) { &key } else { &file_key };
    r.require(sound, blamed, &[], "must be an Argon2 hash such as $argon2id$v=19$m=19456,t=2,p=1$...");
    sound.then(|| Secret::new(given))
}

/// Several people behind one account of the system can be told apart only by passphrases.
fn shared_accounts(r: &mut Reader, operators: &[(String, Operator)]) {
    for (table, operator) in operators {
        let shared = operators.iter().filter(|(_, other)| other.os_user == operator.os_user).count() > 1;
        if shared && !operator.os_user.is_empty() && operator.passphrase_hash.is_none() {
            let key = format!("{table}.passphrase_hash");
            let file_key = format!("{key}_file");
            if r.is_set(&key) || r.is_set(&file_key) {
                continue; // It is wrong, and that was said.
            }
            let rule = format!("is required, because others share os_user {}", operator.os_user);
            r.problems.push(Problem { place: r.place(&format!("{table}.os_user")), key, value: None, rule });
        }
    }
}

fn word(name: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-".contains(c);
    let fine = (1..=32).contains(&name.len()) && name.chars().all(fits);
    (!fine).then_some("must be 1 to 32 of a-z, 0-9, ., _ and -")
}

fn os_user(name: &str) -> Option<&'static str> {
    let fine = (1..=64).contains(&name.len()) && !name.contains(char::is_whitespace);
    (!fine).then_some("must be the name of an account of this system")
}

fn telegram(id: &i64) -> Option<&'static str> {
    (*id < 0).then_some("must be the number of a Telegram user")
}

fn role(word: &str) -> Option<&'static str> {
    word.parse::<Role>().is_err().then_some("must be viewer, operator, approver or admin")
}
