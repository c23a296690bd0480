//! Nigerian account numbers (`flutterwave.md` section 12): the format is a rule, the check digit only advice.

/// Ten ASCII digits.
pub fn is_account_number(text: &str) -> bool {
    text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit())
}

/// Whether the check digit fits the bank. Wallets and microfinance banks break it, so it may warn and never reject;
/// `None` where the bank's code has no check-digit rule (anything but 3 or 6 digits).
pub fn check_digit_fits(bank_code: &str, account: &str) -> Option<bool> {
    let padded = match bank_code.len() {
        3 => format!("000{bank_code}"),
        6 => bank_code.to_owned(),
        _ => return None,
    };
    if !is_account_number(account) || !padded.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (serial, check) = account.split_at(9);
    let weights = [3_u32, 7, 3].iter().cycle();
    let sum: u32 = padded.bytes().chain(serial.bytes()).zip(weights).map(|(d, w)| u32::from(d - b'0') * w).sum();
    Some(check.bytes().all(|b| u32::from(b - b'0') == (10 - sum % 10) % 10))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_examples_fit() {
        for (bank, account, fits) in [
            ("058", "0123456785", Some(true)),
            ("011", "0000014579", Some(true)),
            ("011", "0000000220", Some(true)),
            ("058", "0123456784", Some(false)),
            ("044", "0690000032", Some(true)),
            ("90405", "0123456785", None),
            ("058", "12345", None),
        ] {
            assert_eq!(check_digit_fits(bank, account), fits, "{bank} {account}");
        }
    }
}
