//! The simulated users against a small bot of a different make than ours: they must find their way by reading.

mod support;

use std::collections::HashMap;
use std::time::Duration;

use serde_json::{Value, json};
use support::{World, with};

/// Where a user stands in the small bot.
#[derive(Clone, Default)]
struct Talk {
    asked: &'static str,
    amount: f64,
    bank: String,
}

/// What the small bot answers: text, buttons by label (the label is the data too).
fn answer(talk: &mut Talk, funds: f64, said: &str) -> (String, Vec<&'static str>) {
    let asked = std::mem::take(&mut talk.asked);
    match (asked, said) {
        (_, "Affiliate Program") => (
            format!("🤝 Affiliate. Balance: ${funds:.2} (≈ ₦{:.0})", funds * 1560.0),
            vec!["💸 Withdraw", "🏠 Main Menu"],
        ),
        (_, "💸 Withdraw") if funds < 1.0 => ("You have nothing to withdraw yet.".to_owned(), vec!["🏠 Main Menu"]),
        (_, "💸 Withdraw") => {
            talk.asked = "amount";
            (
                format!("Available: ${funds:.2}\nRate: ₦1,560.25 per $1\nEnter the amount in USD, minimum $1.00"),
                vec!["❌ Cancel"],
            )
        }
        ("amount", typed) => match typed.parse::<f64>() {
            Ok(amount) if (1.0..=funds).contains(&amount) => {
                talk.amount = amount;
                talk.asked = "bank";
                (
                    "Which bank? Choose one or type a part of its name".to_owned(),
                    vec!["Access Bank", "Zenith Bank", "❌ Cancel"],
                )
            }
            _ => {
                talk.asked = "amount";
                (format!("That is not an amount. Available: ${funds:.2}. Enter the amount"), vec!["❌ Cancel"])
            }
        },
        ("bank", bank) => {
            talk.bank = bank.to_owned();
            talk.asked = "account";
            (format!("{bank}: enter the 10-digit account number"), vec!["❌ Cancel"])
        }
        ("account", number) if number.len() == 10 => {
            let text = format!("Withdraw ${} to {} {number}, ADA OBI?", talk.amount, talk.bank);
            talk.asked = "confirm";
            (text, vec!["✅ Confirm", "❌ Cancel"])
        }
        ("account", _) => {
            talk.asked = "account";
            ("Ten digits, please: enter the account number".to_owned(), vec!["❌ Cancel"])
        }
        ("confirm", "✅ Confirm") => ("Request received, you will be notified.".to_owned(), vec!["🏠 Main Menu"]),
        _ => ("Welcome to the small bot".to_owned(), vec!["Services", "Affiliate Program", "Support"]),
    }
}

/// Serves updates until `enough` withdrawals were confirmed; returns who confirmed what.
async fn small_bot(world: &World, funds: impl Fn(i64) -> f64, enough: usize) -> Vec<(i64, f64)> {
    let (mut talks, mut offset, mut confirmed) = (HashMap::<i64, Talk>::new(), 0, Vec::new());
    while confirmed.len() < enough {
        let (_, updates) = world.bot("getUpdates", json!({ "offset": offset, "timeout": 1 })).await;
        for update in updates["result"].as_array().unwrap() {
            offset = update["update_id"].as_i64().unwrap() + 1;
            let query = &update["callback_query"];
            let (user, said) = match query {
                Value::Null => (&update["message"]["from"], &update["message"]["text"]),
                query => (&query["from"], &query["data"]),
            };
            let (user, said) = (user["id"].as_i64().unwrap(), said.as_str().unwrap());
            let talk = talks.entry(user).or_default();
            if talk.asked == "confirm" && said == "✅ Confirm" {
                confirmed.push((user, talk.amount));
            }
            let (text, labels) = answer(talk, funds(user), said);
            let rows: Vec<Value> =
                labels.iter().map(|label| json!([{ "text": label, "callback_data": label }])).collect();
            if !query.is_null() {
                world.bot("answerCallbackQuery", json!({ "callback_query_id": query["id"] })).await;
            }
            let message = json!({ "chat_id": user, "text": text, "reply_markup": { "inline_keyboard": rows } });
            assert_eq!(world.bot("sendMessage", message).await.0, 200);
        }
    }
    confirmed
}

#[tokio::test]
async fn people_with_earnings_withdraw_and_the_others_do_not() {
    let config = sandbox::SandboxConfig { population: 12, speed: 40.0, seed: 7, ..Default::default() };
    let world = with(config).await;
    world.telegram("/_limits", json!({ "enabled": false })).await;
    let ids = world.sandbox.population_ids();
    assert_eq!(ids.len(), 12);
    world.sandbox.start_population();
    world.sandbox.start_population(); // once is enough
    let funds = |user: i64| if user % 2 == 0 { 25.0 } else { 0.0 };
    let confirmed = tokio::time::timeout(Duration::from_secs(60), small_bot(&world, funds, 6)).await.unwrap();
    assert!(confirmed.iter().all(|(user, amount)| user % 2 == 0 && (1.0..=25.0).contains(amount)), "{confirmed:?}");
    assert_eq!(world.record("telegram").await["problems"], json!([]));
}

#[tokio::test]
async fn nobody_keeps_writing_to_a_bot_that_does_not_answer() {
    let config = sandbox::SandboxConfig { population: 500, speed: 1_000.0, ..Default::default() };
    let world = with(config).await;
    world.sandbox.start_population();
    let mut last = -1;
    // The backlog grows to its bound and stays there.
    for _ in 0..40 {
        let waiting = world.record("telegram").await["updates_waiting"].as_i64().unwrap();
        assert!(waiting <= 160, "{waiting}");
        if waiting == last && waiting > 20 {
            return;
        }
        last = waiting;
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the backlog never settled: {last}");
}

#[test]
fn the_same_seed_makes_the_same_people() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let names = |seed: u64| {
        runtime.block_on(async {
            let world = with(sandbox::SandboxConfig { population: 3, seed, ..Default::default() }).await;
            let mut names = Vec::new();
            for id in world.sandbox.population_ids() {
                names.push(world.bot("getChat", json!({ "chat_id": id })).await.1["result"]["first_name"].clone());
            }
            (names, world.sandbox.key("telegram").to_owned())
        })
    };
    assert_eq!(names(5), names(5));
    assert_ne!(names(5), names(6));
}
