//! The texts by which a purchase is known not to have happened (`smartvps.md` section 7). A list of the
//! configuration: no source shows the service's own words, so the defaults are few and a text must match whole.

use std::str::FromStr;

/// What a listed refusal is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedFor {
    /// Nothing is free: it may be tried again when there is.
    OutOfStock,
    /// The package is switched off: an operator decides.
    NotActive,
    /// Our money there does not suffice.
    Funds,
}

impl RefusedFor {
    const ALL: [Self; 3] = [Self::OutOfStock, Self::NotActive, Self::Funds];

    /// A stable word for rows, metrics and the configuration.
    pub const fn word(self) -> &'static str {
        match self {
            Self::OutOfStock => "out_of_stock",
            Self::NotActive => "not_active",
            Self::Funds => "funds",
        }
    }
}

/// One listed text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What it is about.
    pub about: RefusedFor,
    /// The whole text, without regard to case, quotes and a full stop at its end; `<name>` is the package's name,
    /// `*` is anything.
    pub text: String,
}

/// The line is not `word: text`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be out_of_stock, not_active or funds, a colon and a text of letters")]
pub struct BadRefusal;

impl FromStr for Refusal {
    type Err = BadRefusal;

    fn from_str(line: &str) -> Result<Self, BadRefusal> {
        let (word, text) = line.split_once(':').ok_or(BadRefusal)?;
        let about = RefusedFor::ALL.into_iter().find(|about| about.word() == word.trim()).ok_or(BadRefusal)?;
        // Something that is nearly only wildcards would take every answer for a refusal.
        let letters = text.replace("<name>", "").chars().filter(char::is_ascii_alphabetic).count();
        if letters < 6 {
            return Err(BadRefusal);
        }
        Ok(Self { about, text: text.trim().to_owned() })
    }
}

impl Refusal {
    /// The texts of the reference page.
    pub fn defaults() -> Vec<Self> {
        [
            (RefusedFor::OutOfStock, "Package <name> not available"),
            (RefusedFor::OutOfStock, "Package <name> has no available IPs"),
            (RefusedFor::NotActive, "Package <name> is not active"),
        ]
        .into_iter()
        .map(|(about, text)| Self { about, text: text.to_owned() })
        .collect()
    }
}

/// What `text`, said about the package `name`, is about when it is listed.
pub(super) fn listed(text: &str, name: &str, refusals: &[Refusal]) -> Option<RefusedFor> {
    let text = normal(text);
    let fits = |refusal: &&Refusal| matches(&normal(&refusal.text.replace("<name>", name)), &text);
    refusals.iter().find(fits).map(|refusal| refusal.about)
}

/// Lower case, one space between words, neither quotes nor a full stop at the end.
fn normal(text: &str) -> String {
    let plain: String = text.to_lowercase().chars().filter(|c| !matches!(c, '"' | '\'' | '`' | '“' | '”')).collect();
    let words: Vec<&str> = plain.split_whitespace().collect();
    words.join(" ").trim_end_matches(['.', '!']).to_owned()
}

/// Whether the whole text fits a pattern in which `*` is anything.
fn matches(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_text_is_listed() {
        let usual = Refusal::defaults();
        let of = |text: &str| listed(text, "103.82.72", &usual);
        for (text, about) in [
            ("Package 103.82.72 not available", Some(RefusedFor::OutOfStock)),
            ("package \"103.82.72\"  is NOT active.", Some(RefusedFor::NotActive)),
            ("Package 103.82.72 has no available IPs", Some(RefusedFor::OutOfStock)),
            ("Package 103.82.72 not available, took one of 103.182.44 instead", None),
            ("Package 103.82.7 not available", None),
            ("Package 103.82.72x not available", None),
            ("Sorry: Package 103.82.72 not available", None),
            ("not available", None),
            ("", None),
        ] {
            assert_eq!(of(text), about, "{text}");
        }
    }

    #[test]
    fn the_configuration_may_list_more() {
        let wide: Refusal = "funds: Your balance * is too low for <name>*".parse().unwrap();
        let more = [wide];
        assert_eq!(listed("your balance 3 INR is too low for 10.0.0 (2)", "10.0.0", &more), Some(RefusedFor::Funds));
        assert_eq!(listed("your balance 3 INR is too low for 10.0.1", "10.0.0", &more), None);
        for bad in ["", "funds", "funds: *", "funds: <name> * abc", "stock: Package <name> is gone"] {
            assert_eq!(bad.parse::<Refusal>(), Err(BadRefusal), "{bad}");
        }
    }
}
