//! Simulated users of the bot, driven through the stand-in for Telegram.

use super::{LOOK, PATIENCE, Shop, until, within};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// A user with no answer for so long begins anew.
const IMPATIENCE: Duration = Duration::from_secs(3);

impl Shop {
    pub fn says(&self, user: i64, text: &str) -> Value {
        self.stand.post("/telegram/_say", json!({ "user": user, "text": text }))
    }

    pub fn presses(&self, user: i64, button: &str) -> Value {
        self.stand.post("/telegram/_press", json!({ "user": user, "button": button }))
    }

    /// A press that no keyboard offered.
    pub fn forges(&self, user: i64, data: &str, message: Option<i64>) -> Value {
        self.stand.post("/telegram/_press", json!({ "user": user, "data": data, "message_id": message }))
    }

    /// What the bot wrote to a chat, oldest first.
    pub fn chat(&self, chat: i64) -> Vec<Value> {
        let shown = self.stand.get(&format!("/telegram/_chat?chat={chat}"));
        let messages = shown["messages"].as_array().cloned().unwrap_or_default();
        messages.into_iter().filter(|message| message["from_bot"] == true).collect()
    }

    /// Waits until the bot's newest message contains the words.
    #[track_caller]
    pub fn reads(&self, chat: i64, words: &str) -> Value {
        let mut newest = Value::Null;
        let found = within(PATIENCE, || {
            newest = self.chat(chat).pop().unwrap_or_default();
            text(&newest).contains(words).then(|| newest.clone())
        });
        found.unwrap_or_else(|| panic!("{words:?} did not come; the newest message is {newest}"))
    }

    /// Says something and waits for a message that comes after it and contains the words.
    #[track_caller]
    pub fn asks(&self, user: i64, said: &str, words: &str) -> Value {
        let said = self.says(user, said)["message_id"].as_i64().unwrap();
        let later = |message: &Value| message["message_id"].as_i64().is_some_and(|id| id > said);
        let look = || self.chat(user).pop().filter(|newest| later(newest) && text(newest).contains(words));
        until(&format!("{words:?} in chat {user}"), look)
    }

    /// Waits until some message of the bot contains the words.
    #[track_caller]
    pub fn told(&self, chat: i64, words: &str) -> Value {
        let look = || self.chat(chat).into_iter().find(|message| text(message).contains(words));
        until(&format!("{words:?} in chat {chat}"), look)
    }

    /// What answered a press.
    #[track_caller]
    pub fn answer_to(&self, press: &Value) -> String {
        let id = press["callback_query_id"].clone();
        let answer = until("an answer to the press", || {
            let answers = self.stand.get("/telegram/_record")["answered_callbacks"].as_array().cloned()?;
            answers.into_iter().find(|answer| answer["callback_query_id"] == id)
        });
        answer["text"].as_str().unwrap_or_default().to_owned()
    }

    /// A user who is known and has affiliate earnings.
    pub fn user(&self, id: i64, affiliate: &str) {
        self.asks(id, "/start", "Welcome to ViralCore");
        self.credit(id, "affiliate", affiliate);
        self.told(id, "Your balance changed");
    }

    /// From the menu to the summary of a withdrawal, everything typed or pressed as asked.
    pub fn walks_to_review(&self, user: i64, amount: &str) {
        self.asks(user, "/start", "Welcome to ViralCore");
        self.presses(user, "My Balance");
        self.reads(user, "Affiliate earnings");
        self.presses(user, "Withdraw affiliate");
        self.reads(user, "Please type the amount");
        self.asks(user, amount, "Where should it go?");
        self.asks(user, "zenith bank", "Banks that match");
        self.presses(user, "Zenith Bank");
        self.reads(user, "10-digit account number");
        self.asks(user, &account_of(user), "Is this the right account?");
        self.presses(user, "Yes, that is right");
        self.reads(user, "Please check your withdrawal");
    }

    /// A withdrawal, requested in Telegram; its number as the user was told.
    pub fn requests(&self, user: i64, amount: &str) -> i64 {
        Person::new(self, user, amount).request(|| false).expect("the request is taken")
    }
}

pub fn text(message: &Value) -> &str {
    message["text"].as_str().unwrap_or_default()
}

/// An account that the stand-in's banks know.
pub fn account_of(user: i64) -> String {
    format!("20{:07}1", user % 10_000_000)
}

/// The number behind "withdrawal #" or "Boost #".
fn number(text: &str, before: &str) -> Option<i64> {
    let (_, rest) = text.split_once(before)?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Somebody who reads the screen and does what it asks for, whatever happens to the bot in between.
pub struct Person<'a> {
    shop: &'a Shop,
    user: i64,
    wish: Wish<'a>,
    seen: Vec<i64>,
}

/// What somebody wants of the bot.
#[derive(Clone, Copy)]
enum Wish<'a> {
    /// So much of the affiliate earnings in a bank account.
    Withdraw(&'a str),
    /// Another post boosted.
    Boost,
}

enum Move {
    Say(String),
    Press(&'static str),
}

impl<'a> Person<'a> {
    pub fn new(shop: &'a Shop, user: i64, amount: &'a str) -> Self {
        Self::wishing(shop, user, Wish::Withdraw(amount))
    }

    /// Somebody with post credits, who has one post after the other boosted.
    pub fn booster(shop: &'a Shop, user: i64) -> Self {
        Self::wishing(shop, user, Wish::Boost)
    }

    fn wishing(shop: &'a Shop, user: i64, wish: Wish<'a>) -> Self {
        let mut person = Self { shop, user, wish, seen: Vec::new() };
        person.seen = person.requested();
        person
    }

    /// Every withdrawal that the chat says is requested, or every boost that it says is queued.
    fn requested(&self) -> Vec<i64> {
        let (said, before) = match self.wish {
            Wish::Withdraw(_) => ("is requested", "Your withdrawal #"),
            Wish::Boost => ("is queued", "Boost #"),
        };
        let chat = self.shop.chat(self.user);
        chat.iter().filter(|m| text(m).contains(said)).filter_map(|m| number(text(m), before)).collect()
    }

    /// What it begins with; a post that was not boosted before.
    fn opening(&self) -> String {
        match self.wish {
            Wish::Withdraw(_) => "/start".to_owned(),
            Wish::Boost => format!("/submitlink https://x.com/crash/status/{}{:04}", self.user, self.seen.len()),
        }
    }

    /// Goes on until the bot says that a further one is requested, or until it is no use any more.
    pub fn request(&mut self, given_up: impl Fn() -> bool) -> Option<i64> {
        let mut acted_on = None;
        let mut at = Instant::now();
        self.shop.says(self.user, &self.opening());
        let deadline = Instant::now() + PATIENCE * 4;
        while Instant::now() < deadline && !given_up() {
            if let Some(id) = self.requested().into_iter().find(|id| !self.seen.contains(id)) {
                self.seen.push(id);
                return Some(id);
            }
            let screen = self.screen();
            let state = (screen["message_id"].clone(), screen["text"].clone());
            if acted_on.as_ref() != Some(&state)
                && let Some(next) = self.next(&screen)
            {
                acted_on = Some(state);
                at = Instant::now();
                self.act(next);
                continue;
            }
            if at.elapsed() > IMPATIENCE {
                at = Instant::now();
                acted_on = None;
                self.shop.says(self.user, &self.opening());
            }
            std::thread::sleep(LOOK);
        }
        None
    }

    /// The newest message that has buttons.
    fn screen(&self) -> Value {
        let chat = self.shop.chat(self.user);
        let offers = |message: &Value| message["buttons"].as_array().is_some_and(|buttons| !buttons.is_empty());
        chat.into_iter().rev().find(offers).unwrap_or_default()
    }

    fn next(&self, screen: &Value) -> Option<Move> {
        match self.wish {
            Wish::Withdraw(amount) => to_withdraw(self.user, amount, screen),
            Wish::Boost => to_boost(screen),
        }
    }

    fn act(&self, next: Move) {
        match next {
            Move::Say(words) => drop(self.shop.says(self.user, &words)),
            // The screen may have changed since it was read: then it is read again.
            Move::Press(button) => {
                let press = json!({ "user": self.user, "button": button });
                let url = format!("{}/telegram/_press", self.shop.stand.url("control").trim_end_matches('/'));
                drop(self.shop.stand.http().ask("POST", &url, Some(&press)));
            }
        }
    }
}

/// The next step to a withdrawal.
fn to_withdraw(user: i64, amount: &str, screen: &Value) -> Option<Move> {
    let words = text(screen);
    let has = |part: &str| words.contains(part);
    Some(if has("What would you like") || has("Here is what I can do") {
        Move::Press("My Balance")
    } else if has("Please type the amount") {
        Move::Say(amount.to_owned())
    } else if has("Banks that match") {
        Move::Press("Zenith Bank")
    } else if has("Where should it go?") {
        let saved = screen["buttons"].to_string().contains("💳");
        if saved { Move::Press("💳") } else { Move::Say("zenith bank".to_owned()) }
    } else if has("10-digit account number") {
        Move::Say(account_of(user))
    } else if has("Is this the right account?") {
        Move::Press("Yes, that is right")
    } else if has("Please check your withdrawal") {
        Move::Press("Confirm")
    } else if screen["buttons"].to_string().contains("Withdraw affiliate") {
        Move::Press("Withdraw affiliate")
    } else {
        return None;
    })
}

/// The next step to a boost.
fn to_boost(screen: &Value) -> Option<Move> {
    let words = text(screen);
    let has = |part: &str| words.contains(part);
    Some(if has("Please check your boost") {
        Move::Press("Confirm")
    } else if has("For which account") {
        Move::Press("@")
    } else if has("Which account") {
        Move::Say("crash".to_owned())
    } else {
        return None;
    })
}
