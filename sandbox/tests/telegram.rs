//! The Bot API over real HTTP: updates and their acknowledgement, what users see, what is refused.

mod support;

use std::time::Duration;

use serde_json::{Value, json};
use support::{with, world};

fn ids(answer: &Value) -> Vec<i64> {
    answer["result"].as_array().unwrap().iter().map(|update| update["update_id"].as_i64().unwrap()).collect()
}

#[tokio::test]
async fn an_update_stays_until_an_offset_above_it() {
    let world = world().await;
    let first = world.telegram("/_say", json!({ "user": 5501, "text": "/start ref_9" })).await;
    let second = world.telegram("/_say", json!({ "user": 5501, "text": "hello" })).await;
    let (a, b) = (first["update_id"].as_i64().unwrap(), second["update_id"].as_i64().unwrap());
    assert_eq!(ids(&world.bot("getUpdates", json!({})).await.1), [a, b]);
    assert_eq!(ids(&world.bot("GetUpdates", json!({ "offset": a, "limit": 1 })).await.1), [a]);
    let (_, rest) = world.bot("GETUPDATES", json!({ "offset": a + 1 })).await;
    assert_eq!(ids(&rest), [b]);
    assert_eq!(world.record("telegram").await["updates_acked"], json!([a]));
    assert_eq!(rest["result"][0]["message"]["from"]["id"], 5501);
}

#[tokio::test]
async fn a_long_poll_ends_with_the_first_update() {
    let world = world().await;
    let poll = world.bot("getUpdates", json!({ "timeout": 30 }));
    let speak = async {
        world.control("GET", "/telegram/_record?op=getupdates&at_least=1", Value::Null).await;
        world.telegram("/_say", json!({ "user": 5501, "text": "hi" })).await
    };
    let ((_, answer), said) = tokio::join!(poll, speak);
    assert_eq!(ids(&answer), [said["update_id"].as_i64().unwrap()]);
}

#[tokio::test]
async fn a_second_poller_terminates_the_first() {
    let world = world().await;
    let first = world.bot("getUpdates", json!({ "timeout": 30 }));
    let second = async {
        world.control("GET", "/telegram/_record?op=getupdates&at_least=1", Value::Null).await;
        world.bot("getUpdates", json!({ "timeout": 0 })).await
    };
    let ((status, conflict), (other, _)) = tokio::join!(first, second);
    assert_eq!((status, other), (409, 200));
    assert!(conflict["description"].as_str().unwrap().contains("terminated by other getUpdates request"));

    world.bot("setWebhook", json!({ "url": "http://127.0.0.1:9/x" })).await;
    let (status, conflict) = world.bot("getUpdates", json!({})).await;
    assert_eq!(status, 409, "{conflict}");
    world.bot("deleteWebhook", json!({})).await;
    assert_eq!(world.bot("getUpdates", json!({})).await.0, 200);
}

#[tokio::test]
async fn a_user_sees_the_edited_message_and_presses_its_button() {
    let world = world().await;
    world.telegram("/_say", json!({ "user": 5501, "text": "/start" })).await;
    let keyboard = json!({ "inline_keyboard": [[{ "text": "✅ Confirm", "callback_data": "a1" }], [{ "text": "Back", "callback_data": "a2" }]] });
    let (_, sent) = world
        .bot(
            "sendMessage",
            json!({ "chat_id": 5501, "text": "<b>Sure?</b>", "parse_mode": "HTML", "reply_markup": keyboard }),
        )
        .await;
    let id = sent["result"]["message_id"].as_i64().unwrap();
    assert_eq!(sent["result"]["entities"][0]["type"], "bold");
    let edit = json!({ "chat_id": 5501, "message_id": id, "text": "Really sure?", "reply_markup": keyboard });
    assert_eq!(world.bot("editMessageText", edit.clone()).await.0, 200);
    let (status, same) = world.bot("editMessageText", edit).await;
    assert_eq!(status, 400);
    assert!(same["description"].as_str().unwrap().starts_with("Bad Request: message is not modified: "));

    let chat = world.chat(5501).await;
    let message = chat["messages"].as_array().unwrap().last().unwrap().clone();
    assert_eq!((&message["text"], &message["buttons"][0]["text"]), (&json!("Really sure?"), &json!("✅ Confirm")));
    let pressed = world.telegram("/_press", json!({ "user": 5501, "button": "confirm" })).await;
    let (_, updates) = world.bot("getUpdates", json!({ "offset": pressed["update_id"] })).await;
    let query = &updates["result"][0]["callback_query"];
    assert_eq!((&query["data"], &query["message"]["message_id"]), (&json!("a1"), &json!(id)));

    let answer = json!({ "callback_query_id": query["id"], "text": "ok" });
    assert_eq!(world.bot("answerCallbackQuery", answer.clone()).await.0, 200);
    assert_eq!(world.record("telegram").await["answered_callbacks"][0]["text"], "ok");
    world.advance("telegram", 61_000).await;
    let (status, late) = world.bot("answerCallbackQuery", answer).await;
    assert_eq!(status, 400);
    assert!(late["description"].as_str().unwrap().contains("query is too old"));
}

#[tokio::test]
async fn unreachable_people_are_refused_as_telegram_does() {
    let world = world().await;
    let send = async |chat: i64| world.bot("sendMessage", json!({ "chat_id": chat, "text": "hi" })).await;
    assert_eq!(send(404).await.1["description"], "Bad Request: chat not found");
    world.telegram("/_users", json!({ "id": 5502, "first_name": "Chidi" })).await;
    assert_eq!(send(5502).await.1["description"], "Forbidden: bot can't initiate conversation with a user");
    world.telegram("/_say", json!({ "user": 5502, "text": "/start" })).await;
    assert_eq!(send(5502).await.0, 200);
    let told = world.telegram("/_block", json!({ "user": 5502, "blocked": true })).await;
    let (status, refused) = send(5502).await;
    assert_eq!((status, &refused["description"]), (403, &json!("Forbidden: bot was blocked by the user")));
    let (_, updates) = world.bot("getUpdates", json!({ "offset": told["update_id"] })).await;
    assert_eq!(updates["result"][0]["my_chat_member"]["new_chat_member"]["status"], "kicked");
    world.telegram("/_groups", json!({ "id": -1_001_234, "title": "Raiders", "migrated_to": -1_009_999 })).await;
    assert_eq!(send(-1_001_234).await.1["parameters"]["migrate_to_chat_id"], -1_009_999);
}

#[tokio::test]
async fn malformed_calls_are_refused_and_noted() {
    let world = world().await;
    world.telegram("/_say", json!({ "user": 5501, "text": "/start" })).await;
    let long_data = "x".repeat(65);
    for (params, part) in [
        (json!({ "text": "<p>x</p>", "parse_mode": "HTML" }), "can't parse entities"),
        (json!({ "text": " " }), "message text is empty"),
        (json!({ "text": "x".repeat(4_097) }), "message is too long"),
        (
            json!({ "text": "x", "reply_markup": { "inline_keyboard": [[{ "text": "a", "callback_data": long_data }]] } }),
            "BUTTON_DATA_INVALID",
        ),
        (
            json!({ "text": "x", "reply_markup": { "inline_keyboard": [[{ "text": "a" }]] } }),
            "Text buttons are unallowed",
        ),
    ] {
        let mut params = params;
        params["chat_id"] = json!(5501);
        let (status, refused) = world.bot("sendMessage", params).await;
        assert_eq!(status, 400);
        assert!(refused["description"].as_str().unwrap().contains(part), "{refused}");
    }
    assert_eq!(world.record("telegram").await["problems"].as_array().unwrap().len(), 5);
    let url = format!("{}/bot123:wrong/getMe", world.sandbox.url("telegram"));
    assert_eq!(world.http.get(url).send().await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_photo_is_uploaded_once_and_sent_again_by_its_id() {
    let world = world().await;
    world.telegram("/_say", json!({ "user": 5501, "text": "/start" })).await;
    let url = format!("{}/bot{}/SendPhoto", world.sandbox.url("telegram"), world.sandbox.key("telegram"));
    let upload = async |bytes: &'static [u8]| {
        let part = reqwest::multipart::Part::bytes(bytes).file_name("menu.png");
        let form = reqwest::multipart::Form::new()
            .text("chat_id", "5501")
            .text("caption", "Menu")
            .text("photo", "attach://f1")
            .part("f1", part);
        let answer = world.http.post(&url).multipart(form).send().await.unwrap();
        answer.json::<Value>().await.unwrap()
    };
    assert_eq!(upload(b"not an image").await["description"], "Bad Request: IMAGE_PROCESS_FAILED");
    let sent = upload(b"\x89PNG\r\n\x1a\nrest").await;
    let file_id = &sent["result"]["photo"][1]["file_id"];
    let (status, again) = world.bot("sendPhoto", json!({ "chat_id": 5501, "photo": file_id })).await;
    assert_eq!(status, 200, "{again}");
    let id = again["result"]["message_id"].clone();
    let (status, edited) =
        world.bot("editMessageCaption", json!({ "chat_id": 5501, "message_id": id, "caption": "Now" })).await;
    assert_eq!((status, &edited["result"]["caption"]), (200, &json!("Now")));
    let (status, _) = world.bot("editMessageText", json!({ "chat_id": 5501, "message_id": id, "text": "No" })).await;
    assert_eq!(status, 400);
    assert_eq!(world.bot("deleteMessage", json!({ "chat_id": 5501, "message_id": id })).await.0, 200);
    assert_eq!(world.bot("deleteMessage", json!({ "chat_id": 5501, "message_id": id })).await.0, 400);
    assert_eq!(world.chat(5501).await["deleted"], json!([id]));
}

#[tokio::test]
async fn a_stream_to_one_chat_is_throttled_unless_limits_are_off() {
    let world = world().await;
    world.telegram("/_say", json!({ "user": 5501, "text": "/start" })).await;
    let mut statuses = Vec::new();
    for n in 0..14 {
        let (status, answer) = world.bot("sendMessage", json!({ "chat_id": 5501, "text": format!("{n}") })).await;
        statuses.push((status, answer["parameters"]["retry_after"].as_u64()));
    }
    assert_eq!(statuses[0], (200, None));
    assert_eq!(statuses[13], (429, Some(1)));
    world.telegram("/_limits", json!({ "enabled": false })).await;
    for n in 0..30 {
        assert_eq!(world.bot("sendMessage", json!({ "chat_id": 5501, "text": format!("{n}") })).await.0, 200);
    }
}

#[tokio::test]
async fn a_chat_can_be_awaited() {
    let world = world().await;
    world.telegram("/_say", json!({ "user": 5501, "text": "/start" })).await;
    let wait = world.control("GET", "/telegram/_chat?user=5501&after=0&timeout_ms=5000", Value::Null);
    let send = world.bot("sendMessage", json!({ "chat_id": 5501, "text": "welcome" }));
    let (chat, _) = tokio::time::timeout(Duration::from_secs(4), async { tokio::join!(wait, send) }).await.unwrap();
    assert_eq!(chat["messages"][1]["text"], "welcome");
}

#[tokio::test]
async fn calls_are_checked_against_the_specification() {
    let Some(path) = std::env::var_os("VIRALCORE_TEST_BOTAPI_SPEC") else {
        eprintln!("skipped: VIRALCORE_TEST_BOTAPI_SPEC is not set");
        return;
    };
    let world = with(sandbox::SandboxConfig { botapi_spec: Some(path.into()), ..Default::default() }).await;
    world.telegram("/_say", json!({ "user": 5501, "text": "/start" })).await;
    let button = json!({ "text": "a", "callback_data": "1" });
    let fine = json!({ "chat_id": 5501, "text": "hi", "reply_markup": { "inline_keyboard": [[button]] },
                       "link_preview_options": { "is_disabled": true } });
    assert_eq!(world.bot("SendMessage", fine).await.0, 200);
    for (method, params, part) in [
        ("sendMessage", json!({ "text": "hi" }), "chat_id is required"),
        ("sendMessage", json!({ "chat_id": 5501, "text": 7 }), "text must be of type String"),
        ("sendMessage", json!({ "chat_id": 5501, "text": "x", "colour": "red" }), "unknown parameter colour"),
        (
            "sendMessage",
            json!({ "chat_id": 5501, "text": "x", "link_preview_options": { "off": true } }),
            "link_preview_options.off",
        ),
        ("getUpdates", json!({ "allowed_updates": "message" }), "allowed_updates must be an array"),
        ("sendNothing", json!({}), "no method"),
    ] {
        let (status, refused) = world.bot(method, params).await;
        assert_eq!(status, 400);
        assert!(refused["description"].as_str().unwrap().contains(part), "{refused}");
    }
    assert_eq!(world.record("telegram").await["problems"].as_array().unwrap().len(), 6);

    // The same checks read a form, where everything is text.
    let url = format!("{}/bot{}/SendPhoto", world.sandbox.url("telegram"), world.sandbox.key("telegram"));
    let part = reqwest::multipart::Part::bytes(&b"\xff\xd8\xff"[..]).file_name("a.jpg");
    let form = reqwest::multipart::Form::new()
        .text("chat_id", "5501")
        .text("photo", "attach://f1")
        .text("reply_markup", r#"{"inline_keyboard":[[{"text":"a","callback_data":"1"}]]}"#)
        .part("f1", part);
    assert_eq!(world.http.post(url).multipart(form).send().await.unwrap().status(), 200);
}

#[tokio::test]
async fn the_same_update_can_come_twice_and_data_can_be_forged() {
    let world = world().await;
    let said = world.telegram("/_say", json!({ "user": 5501, "text": "hello" })).await;
    let (_, updates) = world.bot("getUpdates", json!({})).await;
    world.telegram("/_update", updates["result"].clone()).await;
    let id = said["update_id"].as_i64().unwrap();
    let (_, twice) = world.bot("getUpdates", json!({})).await;
    assert_eq!(ids(&twice), [id, id]);
    assert_eq!(twice["result"][0], twice["result"][1]);
    assert_eq!(ids(&world.bot("getUpdates", json!({ "offset": id + 1 })).await.1), Vec::<i64>::new());

    let forged = json!({ "user": 5509, "chat": 5501, "message_id": 77, "data": "not a button", "inaccessible": true });
    world.telegram("/_press", forged).await;
    let (_, updates) = world.bot("getUpdates", json!({ "offset": id + 1 })).await;
    let query = &updates["result"][0]["callback_query"];
    assert_eq!((&query["from"]["id"], &query["message"]["date"]), (&json!(5509), &json!(0)));
    let missing = world.telegram("/_press", json!({ "user": 5501, "button": "Pay" })).await;
    assert_eq!(missing["error"], "no such button");
}

#[tokio::test]
async fn a_webhook_gets_each_update_until_it_takes_it() {
    let (url, mut received) = support::receiver(200).await;
    let world = world().await;
    let hook = json!({ "url": url, "secret_token": "abc_1", "allowed_updates": ["message"] });
    assert_eq!(world.bot("setWebhook", hook).await.0, 200);
    world.telegram("/_say", json!({ "user": 5501, "text": "one" })).await;
    world.telegram("/_press", json!({ "user": 5501, "data": "not asked for" })).await;
    world.telegram("/_say", json!({ "user": 5501, "text": "two" })).await;
    for text in ["one", "two"] {
        let request = received.recv().await.unwrap();
        assert!(request.contains("x-telegram-bot-api-secret-token: abc_1"), "{request}");
        assert!(request.contains(&format!(r#""text":"{text}""#)), "{request}");
    }
    let (_, insecure) = world.bot("setWebhook", json!({ "url": "http://example.com/x" })).await;
    assert!(insecure["description"].as_str().unwrap().contains("HTTPS url must be provided"));
}

#[tokio::test]
async fn a_group_has_members_and_its_own_pace() {
    let world = world().await;
    let ops = sandbox::OPS_CHAT;
    assert_eq!(world.bot("sendMessage", json!({ "chat_id": ops, "text": "ready" })).await.0, 200);
    world.telegram("/_groups", json!({ "id": ops, "admins": [5501], "members": [5502] })).await;
    let status = async |user: i64| {
        world.bot("getChatMember", json!({ "chat_id": ops, "user_id": user })).await.1["result"]["status"].clone()
    };
    assert_eq!([status(5501).await, status(5502).await], ["administrator", "member"]);
    let said = world.telegram("/_say", json!({ "user": 5501, "chat": ops, "text": "/raid" })).await;
    let (_, updates) = world.bot("getUpdates", json!({ "offset": said["update_id"] })).await;
    let message = &updates["result"][0]["message"];
    assert_eq!(
        (&message["chat"]["type"], &message["entities"][0]["type"]),
        (&json!("supergroup"), &json!("bot_command"))
    );
    let mut refused = 0;
    for n in 0..25 {
        let (status, _) = world.bot("sendMessage", json!({ "chat_id": ops, "text": format!("{n}") })).await;
        refused += u32::from(status == 429);
    }
    assert!((4..=6).contains(&refused), "twenty a minute, one was sent before: {refused}");
    world.telegram("/_groups", json!({ "id": ops, "bot_status": "kicked" })).await;
    let (status, _) = world.bot("sendMessage", json!({ "chat_id": ops, "text": "still here?" })).await;
    assert_eq!(status, 403);
}
