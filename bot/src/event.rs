//! What happened in a chat, read from Telegram's raw JSON. Only what the bot uses is read, so that new kinds and fields
//! cannot break it; an update that is not what Telegram promises is an error, and is parked.

use crate::action::Action;
use domain::UserId;
use serde::Deserialize;

/// What a screen is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// `/start`, and whatever leads to the menu.
    Start,
    /// `/cancel`.
    Cancel,
    /// `/balance`.
    Balance,
    /// `/withdrawals`.
    Withdrawals,
    /// `/boosts`.
    Boosts,
    /// `/vps`.
    Shop,
    /// `/servers`.
    Servers,
    /// `/shop`.
    Services,
    /// `/invoices`.
    Invoices,
    /// `/topup`.
    Topup,
    /// `/providers`.
    Providers,
    /// `/submitlink` with what stands behind it.
    SubmitLink(String),
    /// Words.
    Text(String),
    /// A picture, a sticker, a voice message: nothing that the bot reads.
    Unreadable,
    /// A button whose keyboard belongs to this user.
    Press {
        /// What it does.
        action: Action,
        /// Its keyboard, which keys what it moves.
        keyboard: String,
        /// True when it belongs to the step the user is at and was not used up.
        live: bool,
        /// True when it was used up before.
        used: bool,
    },
    /// A button that is not this user's, or that nobody knows.
    Strange,
}

/// An update, as far as it is of use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Incoming {
    /// Somebody wrote.
    Message(Message),
    /// Somebody pressed a button.
    Press(Press),
    /// A user blocked the bot or came back.
    Reachable(UserId, bool),
    /// A group became a supergroup with another id: (old, new).
    Moved(i64, i64),
    /// Nothing to do.
    Nothing,
}

/// Who wrote, as Telegram names them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Person {
    /// Telegram's id.
    pub id: i64,
    /// Another bot.
    #[serde(default)]
    pub is_bot: bool,
    /// The first name; outside text.
    #[serde(default)]
    pub first_name: String,
    /// Without `@`; outside text.
    #[serde(default)]
    pub username: String,
}

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// Who.
    pub from: Person,
    /// Where.
    pub chat: i64,
    /// True for the user's own chat with the bot.
    pub private: bool,
    /// What; `None` where it is not text.
    pub text: Option<String>,
}

/// A pressed button.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Press {
    /// The id to answer to.
    pub id: String,
    /// Who, proven by Telegram.
    pub from: Person,
    /// What the button carried; comes from the phone, so it is not believed.
    pub data: String,
    /// The message under which it stands, where Telegram still knows it.
    pub message: Option<Shown>,
}

/// A message of the bot that a button stands under.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown {
    /// Where.
    pub chat: i64,
    /// Which.
    pub message_id: i64,
    /// It is a picture with a caption.
    pub picture: bool,
    /// False for one that is too old to be changed.
    pub editable: bool,
}

/// An update that is not as Telegram promises.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the update cannot be read (line {line}, column {column})")]
pub(crate) struct Unreadable {
    line: usize,
    column: usize,
}

#[derive(Deserialize)]
struct RawUpdate {
    message: Option<RawMessage>,
    callback_query: Option<RawPress>,
    my_chat_member: Option<RawMember>,
}

#[derive(Deserialize)]
struct RawMessage {
    message_id: i64,
    #[serde(default)]
    date: i64,
    from: Option<Person>,
    chat: RawChat,
    text: Option<String>,
    photo: Option<serde::de::IgnoredAny>,
    migrate_to_chat_id: Option<i64>,
}

#[derive(Deserialize)]
struct RawChat {
    id: i64,
    #[serde(rename = "type", default)]
    kind: String,
}

#[derive(Deserialize)]
struct RawPress {
    id: String,
    from: Person,
    #[serde(default)]
    data: String,
    message: Option<RawMessage>,
}

#[derive(Deserialize)]
struct RawMember {
    chat: RawChat,
    new_chat_member: RawStatus,
}

#[derive(Deserialize)]
struct RawStatus {
    #[serde(default)]
    status: String,
}

/// Reads an update.
pub(crate) fn read(body: &str) -> Result<Incoming, Unreadable> {
    let raw: RawUpdate =
        serde_json::from_str(body).map_err(|error| Unreadable { line: error.line(), column: error.column() })?;
    if let Some(press) = raw.callback_query {
        let message = press.message.map(|message| Shown {
            chat: message.chat.id,
            message_id: message.message_id,
            picture: message.photo.is_some(),
            // Telegram gives a date of 0 to messages that it no longer shows.
            editable: message.date != 0,
        });
        return Ok(Incoming::Press(Press { id: press.id, from: press.from, data: press.data, message }));
    }
    if let Some(message) = raw.message {
        if let Some(new) = message.migrate_to_chat_id {
            return Ok(Incoming::Moved(message.chat.id, new));
        }
        let private = message.chat.kind == "private";
        return Ok(match message.from {
            Some(from) if !from.is_bot => {
                Incoming::Message(Message { from, chat: message.chat.id, private, text: message.text })
            }
            _ => Incoming::Nothing,
        });
    }
    Ok(match raw.my_chat_member {
        Some(member) if member.chat.kind == "private" => {
            Incoming::Reachable(UserId::new(member.chat.id), member.new_chat_member.status == "member")
        }
        _ => Incoming::Nothing,
    })
}

#[derive(Deserialize)]
struct Envelope {
    update_id: i64,
}

#[derive(Deserialize)]
struct Sender {
    message: Option<Author>,
    callback_query: Option<Author>,
    my_chat_member: Option<Author>,
}

#[derive(Deserialize)]
struct Author {
    from: Option<AuthorId>,
}

#[derive(Deserialize)]
struct AuthorId {
    id: i64,
}

/// An update's id and whose order it is handled in (0 for nobody's); `None` when it has no id.
pub(crate) fn envelope(body: &str) -> Option<(i64, UserId)> {
    let id = serde_json::from_str::<Envelope>(body).ok()?.update_id;
    let sender = serde_json::from_str::<Sender>(body).ok();
    let author = sender.and_then(|sender| sender.message.or(sender.callback_query).or(sender.my_chat_member));
    Some((id, UserId::new(author.and_then(|author| author.from).map_or(0, |from| from.id))))
}

/// A private message as an event, and the referrer that a first link named.
pub(crate) fn message_event(text: Option<&str>) -> (Event, Option<UserId>) {
    let Some(text) = text else { return (Event::Unreadable, None) };
    let mut words = text.split_whitespace();
    let first = words.next().unwrap_or_default();
    // `/start@the_bot` is the same command.
    let command = first.split('@').next().unwrap_or_default();
    let event = match command {
        "/start" | "/menu" | "/help" => Event::Start,
        "/cancel" => Event::Cancel,
        "/balance" => Event::Balance,
        "/withdrawals" => Event::Withdrawals,
        "/boosts" => Event::Boosts,
        "/vps" => Event::Shop,
        "/servers" => Event::Servers,
        "/shop" => Event::Services,
        "/invoices" => Event::Invoices,
        "/topup" => Event::Topup,
        "/providers" => Event::Providers,
        "/submitlink" => Event::SubmitLink(words.clone().collect::<Vec<_>>().join(" ")),
        _ => Event::Text(text.to_owned()),
    };
    let referrer = if command == "/start" { words.next().and_then(referrer) } else { None };
    (event, referrer)
}

/// `ref_<id>`; anything else is ignored, because anybody can write such a link.
fn referrer(payload: &str) -> Option<UserId> {
    let digits = payload.strip_prefix("ref_")?;
    let plain = (1..=18).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    if plain { digits.parse().ok().filter(|id| *id > 0).map(UserId::new) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_events() {
        let id = |n| Some(UserId::new(n));
        for (text, event, from) in [
            ("/start", Event::Start, None),
            ("/start ref_9", Event::Start, id(9)),
            ("/start@x_bot ref_12", Event::Start, id(12)),
            ("/start ref_-9", Event::Start, None),
            ("/start ref_0", Event::Start, None),
            ("/start ref_99999999999999999999", Event::Start, None),
            ("/start promo", Event::Start, None),
            ("/help ref_9", Event::Start, None),
            ("/cancel", Event::Cancel, None),
            ("/balance", Event::Balance, None),
            ("/withdrawals", Event::Withdrawals, None),
            ("/boosts", Event::Boosts, None),
            ("/vps", Event::Shop, None),
            ("/servers", Event::Servers, None),
            ("/providers@x_bot", Event::Providers, None),
            ("/submitlink", Event::SubmitLink(String::new()), None),
            ("/submitlink@x_bot  a\n b ", Event::SubmitLink("a b".to_owned()), None),
            (" 25 ", Event::Text(" 25 ".to_owned()), None),
            ("start", Event::Text("start".to_owned()), None),
        ] {
            assert_eq!(message_event(Some(text)), (event, from), "{text}");
        }
        assert_eq!(message_event(None), (Event::Unreadable, None));
    }

    #[test]
    fn updates_are_read_as_far_as_they_are_of_use() {
        let read = |body: serde_json::Value| read(&body.to_string());
        let person = serde_json::json!({ "id": 5501, "is_bot": false, "first_name": "Ada" });
        let chat = serde_json::json!({ "id": 5501, "type": "private" });
        let said = read(serde_json::json!({ "update_id": 1, "message": { "message_id": 11, "date": 1, "chat": chat,
            "from": person, "text": "hi", "new_field": {} } }));
        let Ok(Incoming::Message(said)) = said else { panic!("{said:?}") };
        assert_eq!((said.private, said.text.as_deref(), said.from.username.as_str()), (true, Some("hi"), ""));

        let pressed = read(serde_json::json!({ "update_id": 2, "callback_query": { "id": "q", "from": person,
            "data": "k.1", "message": { "message_id": 12, "date": 0, "chat": chat } } }));
        let Ok(Incoming::Press(pressed)) = pressed else { panic!("{pressed:?}") };
        assert_eq!(
            pressed.message.map(|shown| (shown.message_id, shown.picture, shown.editable)),
            Some((12, false, false))
        );
        let without = read(serde_json::json!({ "update_id": 2, "callback_query": { "id": "q", "from": person } }));
        assert!(matches!(without, Ok(Incoming::Press(Press { message: None, .. }))), "{without:?}");

        for status in ["kicked", "member"] {
            let blocked = read(serde_json::json!({ "update_id": 3, "my_chat_member": { "chat": chat, "from": person,
                "new_chat_member": { "status": status } } }));
            assert_eq!(blocked, Ok(Incoming::Reachable(UserId::new(5501), status == "member")));
        }
        assert_eq!(read(serde_json::json!({ "update_id": 4, "poll": { "id": "9" } })), Ok(Incoming::Nothing));
        assert!(read(serde_json::json!({ "update_id": 5, "message": { "message_id": "x" } })).is_err());
        assert!(super::read("{").is_err());
    }

    #[test]
    fn whose_update_it_is() {
        for (body, found) in [
            (r#"{"update_id":7,"message":{"from":{"id":5}}}"#, Some((7, 5))),
            (r#"{"update_id":8,"callback_query":{"from":{"id":6}}}"#, Some((8, 6))),
            (r#"{"update_id":9,"poll":{}}"#, Some((9, 0))),
            (r#"{"update_id":10,"message":{"from":{"id":"x"}}}"#, Some((10, 0))),
            (r#"{"message":{}}"#, None),
        ] {
            assert_eq!(envelope(body), found.map(|(id, user)| (id, UserId::new(user))), "{body}");
        }
    }
}
