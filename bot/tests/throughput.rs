//! How many updates pass from the queue of Telegram to the answers that it got, with the sending limits off. Prints
//! figures; asserts counts only.

mod common;

use common::{World, settings};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "measures; run with --release --ignored --nocapture"]
async fn updates_a_second() {
    let number = |name: &str, usual: usize| std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(usual);
    let (users, turns) = (number("BOT_USERS", 1_000), number("BOT_TURNS", 20));
    let mut world = World::with(settings()).await;
    let words = ["/start", "/balance", "hello", "/withdrawals", "/cancel"];
    for turn in 0..turns {
        let said: Vec<Value> = (0..users)
            .map(|user| json!({ "user": 1_000_000 + user, "text": words[turn.min(1) * (turn % words.len())] }))
            .collect();
        world.control("POST", "/telegram/_say", Value::Array(said)).await;
    }
    let began = Instant::now();
    world.start_with(bot::BotOptions { workers: 256, ..world.options() });
    let mut half = None;
    loop {
        let record = world.control("GET", "/telegram/_chat?chat=1", Value::Null).await;
        assert!(record.is_object());
        let waiting = world.app.open_updates(i64::MIN, 1).await.unwrap().len();
        let due = world.app.due_messages(world.app.now(), 1).await.unwrap().len();
        let offset = world.app.update_offset().await.unwrap();
        if waiting == 0 && due == 0 && offset >= 700_001 + i64::try_from(users * turns).unwrap() {
            break;
        }
        if half.is_none() && offset >= 700_001 + i64::try_from(users * turns / 2).unwrap() {
            half = Some(began.elapsed());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let took = began.elapsed();
    let rate = (users * turns) as f64 / took.as_secs_f64();
    println!("{} updates of {users} users in {took:?}: {rate:.0}/s (half of them kept after {half:?})", users * turns);
    world.stop().await.unwrap();
}
