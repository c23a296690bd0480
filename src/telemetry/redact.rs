//! The last line of defence of the logs: what looks like a key, a token or an account number does not get in. Code
//! that logs is expected to leave such things out by itself.

use domain::Secret;

const HIDDEN: &str = "[redacted]";
/// Shorter secrets would shred ordinary text.
const KNOWN_CHARS_MIN: usize = 6;
/// A run of letters and digits as long as this is no word and no id of ours (those have 26 characters).
const KEY_CHARS_MIN: usize = 32;
const HEX_CHARS_MIN: usize = 40;
const DIGITS_MIN: usize = 10;

/// Cleans text; knows the secrets of this process.
#[derive(Clone, Default)]
pub(crate) struct Redactor {
    known: Vec<String>,
}

impl Redactor {
    pub(crate) fn new(secrets: &[Secret]) -> Self {
        let known = secrets.iter().map(|secret| secret.expose().trim().to_owned());
        let mut known: Vec<String> = known.filter(|secret| secret.len() >= KNOWN_CHARS_MIN).collect();
        // The longest first, so that none is left in pieces by a shorter one within it.
        known.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Self { known }
    }

    /// The text without our own secrets only: for ids, which look like keys and are none.
    pub(crate) fn without_known(&self, text: &str) -> String {
        self.known.iter().fold(text.to_owned(), |out, secret| {
            if out.contains(secret.as_str()) { out.replace(secret.as_str(), HIDDEN) } else { out }
        })
    }

    /// The text without anything that looks like a secret.
    pub(crate) fn clean(&self, text: &str) -> String {
        let text = self.without_known(text);
        let mut out = String::with_capacity(text.len());
        let (mut before, mut between) = ("", "");
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let length = rest.find(|c| !is_run(c)).unwrap_or(rest.len());
            let (run, tail) = rest.split_at(length);
            let gap = tail.find(is_run).unwrap_or(tail.len());
            let (separator, tail) = tail.split_at(gap);
            if !run.is_empty() {
                push_run(&mut out, before, between, run);
                before = run;
            }
            out.push_str(separator);
            between = separator;
            rest = tail;
        }
        out
    }

    /// The value of a field, by its name and text.
    pub(crate) fn field(&self, name: &str, text: &str) -> String {
        if is_secret_name(name) { HIDDEN.to_owned() } else { self.clean(text) }
    }
}

fn is_run(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

/// A name whose value is never wanted in a log.
pub(super) fn is_secret_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["token", "secret", "password", "passphrase", "api_key", "apikey", "authorization"]
        .iter()
        .any(|w| name.ends_with(w))
}

fn push_run(out: &mut String, before: &str, between: &str, run: &str) {
    let digits = run.bytes().filter(u8::is_ascii_digit).count();
    let letters = run.bytes().any(|b| b.is_ascii_alphabetic());
    let assigned = is_secret_name(before) && between.contains(['=', ':']);
    let given = (assigned || before.eq_ignore_ascii_case("bearer")) && run.len() >= 8 && digits > 0;
    let hex = run.strip_prefix("0x").unwrap_or(run);
    let is_hex = hex.len() >= HEX_CHARS_MIN && hex.bytes().all(|b| b.is_ascii_hexdigit());
    let is_key = run.len() >= KEY_CHARS_MIN && letters && digits >= 4;
    if given || is_hex || is_key || run.starts_with("FLWSECK") || run.starts_with("FLWPUBK") {
        out.push_str(HIDDEN);
    } else {
        push_digits(out, run);
    }
}

/// Copies a run; ten digits or more in a row keep their last four.
fn push_digits(out: &mut String, run: &str) {
    let mut rest = run;
    while !rest.is_empty() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (number, tail) = rest.split_at(digits);
        if number.len() >= DIGITS_MIN {
            out.push_str("******");
            out.push_str(&number[number.len() - 4..]);
        } else {
            out.push_str(number);
        }
        let other = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
        out.push_str(&tail[..other]);
        rest = &tail[other..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_secret_is_hidden_and_what_does_not_is_kept() {
        let redactor = Redactor::new(&[Secret::new("open sesame"), Secret::new("abc")]);
        for (text, clean) in [
            ("Withdrawal 4412 approved by ada", "Withdrawal 4412 approved by ada"),
            ("paid to 0690000034 at 044", "paid to ******0034 at 044"),
            ("key FLWSECK_TEST-abc-X refused", "key [redacted] refused"),
            ("POST /bot123456:AAE_canary-canary-canary-12345678/getMe", "POST /bot123456:[redacted]/getMe"),
            ("Authorization: Bearer canary123", "Authorization: Bearer [redacted]"),
            ("token=canary-42, code=7", "token=[redacted], code=7"),
            ("unexpected token: expected value", "unexpected token: expected value"),
            ("hash 0xdeadbeefdeadbeefdeadbeefdeadbeefdeadbeef", "hash [redacted]"),
            ("hash deadbeefdeadbeefdeadbeefdeadbeefdeadbeef", "hash [redacted]"),
            ("say open sesame twice: open sesame", "say [redacted] twice: [redacted]"),
            ("abc is too short to be one", "abc is too short to be one"),
            ("reference vc-w-4412-1_PMCKDU_1", "reference vc-w-4412-1_PMCKDU_1"),
            ("id 0h5r8z6k1p2q3s4t5v6w7x8y9z", "id 0h5r8z6k1p2q3s4t5v6w7x8y9z"),
            ("naïve – “quotes” 你好", "naïve – “quotes” 你好"),
            ("acct0690000034x", "acct******0034x"),
            ("", ""),
        ] {
            assert_eq!(redactor.clean(text), clean, "{text}");
        }
        assert_eq!(redactor.field("bot_token", "anything"), "[redacted]");
        assert_eq!(redactor.field("user.name", "ada"), "ada");
    }
}
