//! How one simulated person decides what to do next, from what is on the screen alone. Pure: no clock, no I/O; chance
//! is passed in. Screens that nobody foresaw lead back to `/start`, and a person gives up after a while.

use std::collections::HashMap;

use super::screen::{Choice, Screen, Wanted};
use crate::chance::Chance;

const STEPS_MAX: u32 = 18;
const STARTS_MAX: u32 = 2;
const SAME_BUTTON_MAX: u32 = 2;
const BANK_WORDS: [&str; 10] =
    ["zenith", "access", "guaranty", "first bank", "opay", "kuda", "united", "moniepoint", "fidelity", "sterling"];
const RISKY: [&str; 13] = [
    "withdraw",
    "confirm",
    "yes",
    "pay",
    "approve",
    "reject",
    "buy",
    "order",
    "submit",
    "admin",
    "delete",
    "reset",
    "unsubscribe",
];
const REFUSALS: [&str; 16] = [
    "insufficient",
    "not enough",
    "nothing to withdraw",
    "no earnings",
    "no balance",
    "balance is zero",
    "already have",
    "paused",
    "try again later",
    "unavailable",
    "not available",
    "0.00 available",
    "available: $0.00",
    "balance: $0.00",
    "nothing available",
    "cannot withdraw",
];

/// Accounts whose posts are boosted.
const POSTERS: [&str; 8] =
    ["ada_writes", "lagos_diary", "kemi_cooks", "naija_tech", "tunde_fc", "zainab_art", "obi_reads", "abuja_days"];

/// What a person came for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Goal {
    Withdraw,
    /// Sends the link of a post and has it boosted.
    Boost,
    Browse,
}

/// What a person does.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Move {
    Say(String),
    Press {
        message_id: i64,
        data: String,
    },
    /// Puts the phone away; true when what they came for was confirmed.
    Leave(bool),
}

/// One visit to the bot.
pub(crate) struct Visit {
    goal: Goal,
    steps: u32,
    starts: u32,
    confirmed: bool,
    pressed: HashMap<String, u32>,
    typed: HashMap<&'static str, u32>,
}

impl Visit {
    pub(crate) fn new(goal: Goal) -> Self {
        Self { goal, steps: 0, starts: 0, confirmed: false, pressed: HashMap::new(), typed: HashMap::new() }
    }

    /// Whether the person has done anything yet.
    pub(crate) fn has_begun(&self) -> bool {
        self.steps > 0
    }

    /// The next move; `screens` are the bot's latest messages, the newest first.
    pub(crate) fn next(&mut self, screens: &[Screen], chance: &mut Chance) -> Move {
        self.steps += 1;
        if self.steps == 1 {
            return if self.goal == Goal::Boost { link(chance) } else { self.start() };
        }
        if self.steps > STEPS_MAX {
            return Move::Leave(self.confirmed);
        }
        match self.goal {
            Goal::Browse => self.browse(screens, chance),
            Goal::Withdraw => self.withdraw(screens, chance),
            Goal::Boost => self.boost(screens, chance),
        }
    }

    fn start(&mut self) -> Move {
        self.starts += 1;
        if self.starts > STARTS_MAX { Move::Leave(self.confirmed) } else { Move::Say("/start".to_owned()) }
    }

    /// Looks at a few menus and touches nothing that costs.
    fn browse(&mut self, screens: &[Screen], chance: &mut Chance) -> Move {
        if self.steps > 3 && chance.one_in(3) {
            return Move::Leave(false);
        }
        let with_buttons = screens.iter().find(|screen| !screen.buttons.is_empty());
        let Some(screen) = with_buttons else { return Move::Leave(false) };
        let harmless: Vec<&Choice> = screen
            .buttons
            .iter()
            .filter(|choice| !RISKY.iter().any(|word| choice.label.contains(word)) && !self.is_tired_of(choice))
            .collect();
        match chance.pick(&harmless) {
            Some(choice) => self.press(screen, choice),
            None => Move::Leave(false),
        }
    }

    /// The link is sent: the account and the plan are chosen and confirmed, or there is nothing to choose.
    fn boost(&mut self, screens: &[Screen], chance: &mut Chance) -> Move {
        let Some(screen) = screens.iter().find(|screen| !screen.buttons.is_empty()) else {
            return Move::Leave(self.confirmed);
        };
        if self.confirmed || !screen.says(&["post", "boost", "account"]) {
            return Move::Leave(self.confirmed);
        }
        if let Some(choice) = screen.confirm() {
            self.confirmed = true;
            return self.press(screen, choice);
        }
        // An account is chosen, or named by its button; buttons that lead elsewhere do not begin with its sign.
        let accounts: Vec<&Choice> = screen.options().into_iter().filter(|choice| choice.label.contains('@')).collect();
        match chance.pick(&accounts).filter(|choice| !self.is_tired_of(choice)) {
            Some(choice) => self.press(screen, choice),
            None => Move::Leave(false),
        }
    }

    fn withdraw(&mut self, screens: &[Screen], chance: &mut Chance) -> Move {
        if self.confirmed && screens.first().is_none_or(|screen| screen.confirm().is_none() && screen.wants().is_none())
        {
            return Move::Leave(true);
        }
        let refused = |screen: &Screen| {
            screen.says(&REFUSALS)
                && screen.wants().is_none()
                && screen.confirm().is_none()
                && screen.button("withdraw").is_none()
        };
        if screens.first().is_some_and(refused) {
            return Move::Leave(self.confirmed);
        }
        // A notice may have come after the menu, so older messages are looked at too.
        for screen in screens {
            if let Some(done) = self.answer(screen, chance) {
                return done;
            }
        }
        self.start()
    }

    /// What this screen calls for on the way to a withdrawal; nothing when it is of no use.
    fn answer(&mut self, screen: &Screen, chance: &mut Chance) -> Option<Move> {
        if let Some(choice) =
            screen.confirm().filter(|_| screen.says(&["withdraw", "account", "bank", "₦", "ngn", "payout"]))
        {
            // Some people think better of it.
            let cancel = screen.button("cancel").filter(|_| chance.one_in(15));
            if let Some(cancel) = cancel {
                self.steps = STEPS_MAX;
                return Some(self.press(screen, cancel));
            }
            if !self.is_tired_of(choice) {
                self.confirmed |= screen.text.chars().filter(char::is_ascii_digit).count() >= 4;
                return Some(self.press(screen, choice));
            }
        }
        match screen.wants() {
            Some(Wanted::Something) => {}
            Some(Wanted::Bank) => return self.choose_bank(screen, chance),
            Some(wanted) => return self.type_in(wanted, screen, chance),
            None => {}
        }
        if screen.says(&["bank", "account"])
            && screen.says(&["choose", "select", "pick", "which", "where", "match", "saved"])
        {
            let options: Vec<&Choice> =
                screen.options().into_iter().filter(|choice| !self.is_tired_of(choice)).collect();
            if let Some(choice) = chance.pick(&options) {
                return Some(self.press(screen, choice));
            }
        }
        let towards = ["withdraw", "affiliate", "earnings", "balance", "wallet", "refer", "main menu", "back"];
        let choice = towards.iter().find_map(|part| {
            screen.buttons.iter().find(|choice| {
                choice.label.contains(part) && !choice.label.contains("history") && !self.is_tired_of(choice)
            })
        })?;
        Some(self.press(screen, choice))
    }

    fn choose_bank(&mut self, screen: &Screen, chance: &mut Chance) -> Option<Move> {
        let options = screen.options();
        let choice = chance.pick(&options).filter(|_| chance_presses(options.len(), self.times("bank")));
        match choice {
            Some(choice) => Some(self.press(screen, choice)),
            None => self.type_in(Wanted::Bank, screen, chance),
        }
    }

    fn type_in(&mut self, wanted: Wanted, screen: &Screen, chance: &mut Chance) -> Option<Move> {
        let name = match wanted {
            Wanted::Amount => "amount",
            Wanted::AccountNumber => "account",
            Wanted::Bank => "bank",
            Wanted::WholeAccount | Wanted::Something => "whole",
        };
        if self.times(name) >= 3 {
            return None;
        }
        let words = match wanted {
            Wanted::Amount => amount(screen, chance)?,
            Wanted::AccountNumber => account_number(chance, self.times(name) == 0),
            Wanted::Bank => (*chance.pick(&BANK_WORDS)?).to_owned(),
            Wanted::WholeAccount | Wanted::Something => {
                let number = account_number(chance, false);
                format!("{}, {number}, Zenith Bank", crate::names::account_holder(&number))
            }
        };
        *self.typed.entry(name).or_default() += 1;
        Some(Move::Say(words))
    }

    fn times(&self, name: &str) -> u32 {
        self.typed.get(name).copied().unwrap_or(0)
    }

    fn is_tired_of(&self, choice: &Choice) -> bool {
        self.pressed.get(&choice.label).is_some_and(|times| *times >= SAME_BUTTON_MAX)
    }

    fn press(&mut self, screen: &Screen, choice: &Choice) -> Move {
        *self.pressed.entry(choice.label.clone()).or_default() += 1;
        Move::Press { message_id: screen.message_id, data: choice.data.clone() }
    }
}

/// A post that somebody wants to be seen.
fn link(chance: &mut Chance) -> Move {
    let poster = chance.pick(&POSTERS).copied().unwrap_or("ada_writes");
    Move::Say(format!(
        "https://x.com/{poster}/status/{}",
        chance.between(1_700_000_000_000_000_000, 1_799_999_999_999_999_999)
    ))
}

/// A list of many banks is searched first, a short one is chosen from.
fn chance_presses(options: usize, searched: u32) -> bool {
    options > 0 && (options <= 12 || searched > 0)
}

/// Ten digits; now and then one is forgotten at the first try. It never ends in 0: numbers that end in 000 do not resolve.
fn account_number(chance: &mut Chance, first_try: bool) -> String {
    let serial = chance.between(0, 999_999_999);
    let mut number = format!("{serial:09}{}", chance.between(1, 9));
    if first_try && chance.one_in(30) {
        number.pop();
    }
    number
}

/// An amount between the least and most of what is available; `None` when nothing is.
fn amount(screen: &Screen, chance: &mut Chance) -> Option<String> {
    let (available, naira) = screen.available().unwrap_or((500, false));
    let floor = screen.floor().unwrap_or(if naira { 10_000 } else { 100 });
    if available < floor || available == 0 {
        return None;
    }
    let cap = if naira { 15_000_000 } else { 25_000 };
    let most = (available * 6 / 10).clamp(floor, cap.max(floor)).min(available);
    let cents = chance.between(floor, most);
    // Most people ask for round sums.
    let round = cents / 100 * 100;
    let cents = if round >= floor && !chance.one_in(4) { round } else { cents };
    Some(if cents % 100 == 0 { (cents / 100).to_string() } else { format!("{}.{:02}", cents / 100, cents % 100) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn screen(text: &str, labels: &[&str]) -> Screen {
        let choice = |label: &&str| Choice { label: label.to_lowercase(), data: format!("data:{label}") };
        Screen { message_id: 7, text: text.to_lowercase(), buttons: labels.iter().map(choice).collect() }
    }

    fn pressed(label: &str) -> Move {
        Move::Press { message_id: 7, data: format!("data:{label}") }
    }

    #[test]
    fn the_way_to_a_withdrawal_is_found() {
        let mut chance = Chance::new(3);
        let mut visit = Visit::new(Goal::Withdraw);
        let mut next = |text: &str, labels: &[&str]| visit.next(&[screen(text, labels)], &mut chance);
        assert_eq!(next("", &[]), Move::Say("/start".to_owned()));
        assert_eq!(next("Main menu", &["Service Menu", "Affiliate Program", "Support"]), pressed("Affiliate Program"));
        assert_eq!(next("Your referrals: 3", &["Balance", "Main Menu"]), pressed("Balance"));
        assert_eq!(next("Balance: $25.00", &["💸 Withdraw", "Back"]), pressed("💸 Withdraw"));
        let Move::Say(amount) = next("Available: $25.00. Enter the amount in USD", &["Cancel"]) else { panic!() };
        assert!((1.0..=25.0).contains(&amount.parse::<f64>().unwrap()), "{amount}");
        assert_eq!(next("Choose your bank or search", &["Zenith Bank", "Cancel"]), pressed("Zenith Bank"));
        let Move::Say(number) = next("Enter the account number", &["Cancel"]) else { panic!() };
        assert!(number.len() >= 9 && number.bytes().all(|b| b.is_ascii_digit()), "{number}");
        assert_eq!(
            next("ADA OBI, Zenith Bank, 0123456789. Withdraw $5?", &["✅ Confirm", "✏️ Edit"]),
            pressed("✅ Confirm")
        );
        assert_eq!(next("Your request was received", &["Main Menu"]), Move::Leave(true));
    }

    #[test]
    fn the_way_to_a_boost_is_found() {
        let mut chance = Chance::new(5);
        let mut visit = Visit::new(Goal::Boost);
        let mut next = |text: &str, labels: &[&str]| visit.next(&[screen(text, labels)], &mut chance);
        let Move::Say(link) = next("", &[]) else { panic!() };
        assert!(link.starts_with("https://x.com/") && link.contains("/status/1"), "{link}");
        assert_eq!(next("Which account is this post for?", &["@ada_writes", "Cancel"]), pressed("@ada_writes"));
        assert_eq!(
            next("Choose what to use for this post", &["@ada_writes · T1 (2 left)", "➕ Another account", "Cancel"]),
            pressed("@ada_writes · T1 (2 left)")
        );
        assert_eq!(next("Please check your boost", &["✅ Confirm", "Back", "Cancel"]), pressed("✅ Confirm"));
        assert_eq!(next("Boost #4 is queued", &["Follow it", "Main Menu"]), Move::Leave(true));
        let mut poor = Visit::new(Goal::Boost);
        poor.next(&[], &mut chance);
        assert_eq!(poor.next(&[screen("No post credits left", &["Main Menu"])], &mut chance), Move::Leave(false));
    }

    #[test]
    fn nobody_stays_for_ever() {
        for goal in [Goal::Withdraw, Goal::Boost, Goal::Browse] {
            for (text, labels) in [
                ("???", vec![]),
                ("???", vec!["Back"]),
                ("Enter the amount", vec![]),
                ("Insufficient balance", vec!["Withdraw"]),
                ("Confirm account 0123?", vec!["Confirm"]),
                ("Send the link", vec!["Withdraw", "Affiliate", "Balance", "Back"]),
            ] {
                let (mut visit, mut chance) = (Visit::new(goal), Chance::new(1));
                let left = (0..40).any(|_| matches!(visit.next(&[screen(text, &labels)], &mut chance), Move::Leave(_)));
                assert!(left, "{goal:?} {text}");
            }
        }
    }

    #[test]
    fn what_is_typed_fits_what_is_available() {
        let mut chance = Chance::new(9);
        for _ in 0..500 {
            let typed =
                amount(&screen("Available: ₦900.00, minimum ₦100. Enter the amount", &[]), &mut chance).unwrap();
            assert!((100.0..=900.0).contains(&typed.parse::<f64>().unwrap()), "{typed}");
        }
        assert_eq!(amount(&screen("Available: $0.40. Enter the amount", &[]), &mut chance), None);
    }
}
