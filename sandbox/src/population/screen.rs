//! What a person reads on a screen: what it asks for, which figures it names, which buttons are of use.

use crate::telegram::Seen;

/// One message of the bot, as a reader takes it in.
pub(crate) struct Screen {
    pub(crate) message_id: i64,
    /// In lower case.
    pub(crate) text: String,
    pub(crate) buttons: Vec<Choice>,
}

/// A button that can be pressed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    /// In lower case.
    pub(crate) label: String,
    pub(crate) data: String,
}

/// What a screen wants typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Amount,
    AccountNumber,
    Bank,
    /// Name, number and bank in one line.
    WholeAccount,
    Something,
}

const ASKS: [&str; 15] = [
    "enter",
    "type",
    "send:",
    "send me",
    "send the",
    "send your",
    "reply with",
    "how much",
    "what amount",
    "please provide",
    "tell me",
    "which bank",
    "search",
    "write",
    "input",
];
const NAVIGATION: [&str; 19] = [
    "back", "cancel", "menu", "home", "prev", "next", "help", "support", "search", "change", "edit", "more", "close",
    "«", "»", "history", "remove", "delete", "again",
];
const CONFIRMS: [&str; 10] = [
    "confirm",
    "yes",
    "submit",
    "proceed",
    "correct",
    "looks right",
    "send it",
    "go ahead",
    "continue",
    "withdraw now",
];
const AVAILABLE: [&str; 8] =
    ["available", "balance", "withdrawable", "you have", "up to", "maximum", "max ", "earnings"];
const FLOORS: [&str; 4] = ["minimum", "at least", "min ", "min:"];

impl Screen {
    pub(crate) fn of(seen: &Seen) -> Self {
        let choices = seen.buttons.iter().filter_map(|button| {
            Some(Choice { label: button.text.trim().to_lowercase(), data: button.callback_data.clone()? })
        });
        Self { message_id: seen.message_id, text: seen.text.to_lowercase(), buttons: choices.collect() }
    }

    pub(crate) fn says(&self, any: &[&str]) -> bool {
        any.iter().any(|part| self.text.contains(part))
    }

    /// What is to be typed here, if anything is. A screen that offers to confirm shows figures, it does not ask for them.
    pub(crate) fn wants(&self) -> Option<Wanted> {
        if !self.says(&ASKS) || self.confirm().is_some() {
            return None;
        }
        let has = |part: &str| self.text.contains(part);
        Some(if has("account name") && has("account number") && has("bank") {
            Wanted::WholeAccount
        } else if has("account number") || has("10-digit") || has("10 digit") {
            Wanted::AccountNumber
        } else if has("amount") || has("how much") {
            Wanted::Amount
        } else if has("bank") {
            Wanted::Bank
        } else {
            Wanted::Something
        })
    }

    pub(crate) fn confirm(&self) -> Option<&Choice> {
        self.buttons
            .iter()
            .find(|choice| CONFIRMS.iter().any(|word| choice.label.contains(word)) && !choice.is_navigation())
    }

    /// The first button with this in its label.
    pub(crate) fn button(&self, part: &str) -> Option<&Choice> {
        self.buttons.iter().find(|choice| choice.label.contains(part))
    }

    /// Buttons that lead neither back nor elsewhere: the things to choose from.
    pub(crate) fn options(&self) -> Vec<&Choice> {
        self.buttons.iter().filter(|choice| !choice.is_navigation()).collect()
    }

    /// The figure that the text calls available, in hundredths, and whether it is naira.
    pub(crate) fn available(&self) -> Option<(u64, bool)> {
        self.figure_after(&AVAILABLE)
    }

    pub(crate) fn floor(&self) -> Option<u64> {
        self.figure_after(&FLOORS).map(|figure| figure.0)
    }

    /// The first figure within a short way behind one of `words`.
    fn figure_after(&self, words: &[&str]) -> Option<(u64, bool)> {
        let behind = |word: &&str| {
            self.text.match_indices(word).find_map(|(at, word)| {
                let rest: String = self.text.get(at + word.len()..)?.chars().take(60).collect();
                figure(&rest)
            })
        };
        words.iter().find_map(behind)
    }
}

impl Choice {
    pub(crate) fn is_navigation(&self) -> bool {
        NAVIGATION.iter().any(|word| self.label.contains(word))
    }
}

/// The first amount in `text`, in hundredths, and whether its sign says naira.
fn figure(text: &str) -> Option<(u64, bool)> {
    let start = text.find(|c: char| c.is_ascii_digit())?;
    let rest = text.get(start..)?;
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ',' && c != '.').unwrap_or(rest.len());
    let digits = rest.get(..end)?.trim_end_matches(['.', ',']).replace(',', "");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let cents = format!("{:0<2}", fraction.chars().take(2).collect::<String>()).parse::<u64>().ok()?;
    let amount = whole.parse::<u64>().ok()?.checked_mul(100)?.checked_add(cents)?;
    let before = text.get(..start)?.trim_end();
    let after = rest.get(end..)?.trim_start();
    let naira =
        before.ends_with('₦') || before.ends_with("ngn") || after.starts_with("ngn") || after.starts_with("naira");
    Some((amount, naira))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(text: &str, labels: &[&str]) -> Screen {
        let buttons = labels.iter().map(|label| Choice { label: label.to_lowercase(), data: "x".to_owned() }).collect();
        Screen { message_id: 1, text: text.to_lowercase(), buttons }
    }

    #[test]
    fn prompts_are_told_apart() {
        for (text, labels, wanted) in [
            ("Available: $25.50\nHow much do you want to withdraw?", vec!["Cancel"], Some(Wanted::Amount)),
            ("Enter the 10-digit account number at Zenith Bank", vec!["Back"], Some(Wanted::AccountNumber)),
            (
                "Choose your bank, or type a part of its name to search",
                vec!["Access Bank", "Cancel"],
                Some(Wanted::Bank),
            ),
            ("Send: Account Name, Account Number, Bank Name", vec![], Some(Wanted::WholeAccount)),
            ("Send your X username", vec![], Some(Wanted::Something)),
            ("Account number: 0123456789\nAmount: $5. Type carefully!", vec!["✅ Confirm", "Cancel"], None),
            ("Main menu", vec!["Affiliate Program"], None),
        ] {
            assert_eq!(screen(text, &labels).wants(), wanted, "{text}");
        }
    }

    #[test]
    fn the_available_figure_is_found() {
        for (text, figure) in [
            ("Your balance: $1,025.50 (≈ ₦1,600,000). Rate ₦1,560.25", Some((102_550, false))),
            ("Available: ₦12,400. Enter the amount", Some((1_240_000, true))),
            ("Available balance 7.5 USD", Some((750, false))),
            ("You can withdraw up to NGN 900", Some((90_000, true))),
            ("Nothing here", None),
        ] {
            assert_eq!(screen(text, &[]).available(), figure, "{text}");
        }
        assert_eq!(screen("Minimum is $2.00", &[]).floor(), Some(200));
    }
}
