//! Names of people who do not exist: account holders at the bank, users on Telegram.

use crate::chance::{Chance, hash};

const FIRST: [&str; 48] = [
    "Ada", "Chidi", "Ngozi", "Emeka", "Tunde", "Bisi", "Yemi", "Kemi", "Segun", "Funke", "Ifeanyi", "Amaka", "Uche",
    "Obinna", "Nneka", "Chioma", "Kelechi", "Ikenna", "Zainab", "Musa", "Aisha", "Ibrahim", "Halima", "Sani", "Fatima",
    "Yusuf", "Blessing", "Godwin", "Precious", "Samuel", "Esther", "Daniel", "Ruth", "Tobi", "Damilola", "Ayo",
    "Folake", "Wale", "Bukola", "Sade", "Efe", "Osas", "Ebuka", "Somto", "Ini", "Idara", "Ekene", "Temitope",
];

const LAST: [&str; 44] = [
    "Okafor",
    "Adeyemi",
    "Balogun",
    "Eze",
    "Okonkwo",
    "Nwosu",
    "Obi",
    "Adebayo",
    "Ogunleye",
    "Bello",
    "Abubakar",
    "Lawal",
    "Danjuma",
    "Yakubu",
    "Suleiman",
    "Ojo",
    "Akande",
    "Olawale",
    "Ibe",
    "Chukwu",
    "Onyeka",
    "Nnamdi",
    "Udo",
    "Effiong",
    "Etim",
    "Bassey",
    "Omoruyi",
    "Osagie",
    "Igbinedion",
    "Oladipo",
    "Fashola",
    "Akinola",
    "Afolabi",
    "Ajayi",
    "Salami",
    "Garba",
    "Usman",
    "Mohammed",
    "Okoro",
    "Nwachukwu",
    "Onyema",
    "Ekwueme",
    "Odili",
    "Alabi",
];

fn of<'a>(list: &'a [&'a str], number: u64) -> &'a str {
    let index = usize::try_from(number % (list.len().max(1) as u64)).unwrap_or(0);
    list.get(index).copied().unwrap_or("Ada")
}

/// The name that a bank has for an account: always the same for the same number.
pub(crate) fn account_holder(account_number: &str) -> String {
    let number = hash(account_number);
    let (first, middle, last) = (of(&FIRST, number), of(&FIRST, number >> 16), of(&LAST, number >> 32));
    match number >> 60 {
        0..=5 => format!("{first} {last}"),
        6..=10 => format!("{} {} {}", last.to_uppercase(), first.to_uppercase(), middle.to_uppercase()),
        _ => format!("{first} {middle} {last}"),
    }
}

/// One Telegram user: first name, last name (not everybody gives one), username (nor that).
pub(crate) fn person(chance: &mut Chance) -> (String, Option<String>, Option<String>) {
    let (first, last) = (of(&FIRST, chance.next()), of(&LAST, chance.next()));
    let number = chance.between(1, 99);
    let username = match chance.below(5) {
        0 => None,
        1 => Some(format!("{}_{}", first.to_lowercase(), last.to_lowercase())),
        2 => Some(format!("{}{}{number}", first.to_lowercase(), last.to_lowercase())),
        3 => Some(format!("{}_ng{number}", first.to_lowercase())),
        _ => Some(format!("{}{number}", last.to_lowercase())),
    };
    (first.to_owned(), (!chance.one_in(4)).then(|| last.to_owned()), username)
}
