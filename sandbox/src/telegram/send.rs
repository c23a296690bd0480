//! Methods that put a message into a chat, and the reading of content that edits share.

use serde_json::{Value, json};

use super::html::{Formatted, parse, utf16_length};
use super::params::Params;
use super::world::{BOT_ID, Content, Media, World};
use super::{ApiError, Telegram, keyboard};

const TEXT_MAX: usize = 4_096;
const CAPTION_MAX: usize = 1_024;

/// The text of `field` with its markup read; `None` when the field is absent.
pub(super) fn formatted(params: &Params, field: &str, mode_field: &str) -> Result<Option<Formatted>, ApiError> {
    let Some(source) = params.text(field) else { return Ok(None) };
    format(&source, params.text(mode_field).as_deref(), params.json("entities")).map(Some)
}

fn format(source: &str, mode: Option<&str>, entities: Option<Value>) -> Result<Formatted, ApiError> {
    match mode.map(str::to_ascii_lowercase).as_deref() {
        Some("html") => parse(source).map_err(|why| ApiError::bad(&format!("can't parse entities: {why}"))),
        Some("markdownv2") => match reserved(source) {
            Some((c, at)) => Err(ApiError::bad(&format!(
                "can't parse entities: Character '{c}' is reserved and must be escaped with the preceding '\\' (byte {at})"
            ))),
            None => Ok(Formatted { text: source.replace('\\', ""), entities: Vec::new() }),
        },
        Some("markdown" | "") | None => {
            let entities = entities.and_then(|list| list.as_array().cloned()).unwrap_or_default();
            Ok(Formatted { text: source.to_owned(), entities })
        }
        Some(_) => Err(ApiError::bad("unsupported parse_mode")),
    }
}

/// The first character that MarkdownV2 wants escaped outside any entity.
fn reserved(source: &str) -> Option<(char, usize)> {
    let mut escaped = false;
    for (at, c) in source.char_indices() {
        if !escaped && matches!(c, '>' | '#' | '+' | '-' | '=' | '|' | '{' | '}' | '.' | '!') {
            return Some((c, at));
        }
        escaped = c == '\\' && !escaped;
    }
    None
}

pub(super) fn check_text(text: Option<Formatted>, too_long: &str) -> Result<Formatted, ApiError> {
    match text {
        Some(formatted) if utf16_length(&formatted.text) > TEXT_MAX => Err(ApiError::bad(too_long)),
        Some(formatted) if !formatted.text.trim().is_empty() => Ok(formatted),
        _ => Err(ApiError::bad("message text is empty")),
    }
}

pub(super) fn check_caption(caption: Option<Formatted>) -> Result<Formatted, ApiError> {
    match caption {
        Some(formatted) if utf16_length(&formatted.text) > CAPTION_MAX => {
            Err(ApiError::bad("message caption is too long"))
        }
        other => Ok(other.unwrap_or_default()),
    }
}

/// Whether the bytes begin as an image does.
fn is_image(bytes: &[u8]) -> bool {
    let starts = |magic: &[u8]| bytes.starts_with(magic);
    starts(b"\x89PNG\r\n\x1a\n")
        || starts(b"\xff\xd8\xff")
        || starts(b"GIF8")
        || (starts(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"))
}

/// The media that `field` uploads or names.
fn media(world: &mut World, params: &Params, field: &str, kind: &'static str) -> Result<Media, ApiError> {
    if let Some(upload) = params.upload(field) {
        if upload.bytes.is_empty() {
            return Err(ApiError::bad("file must be non-empty"));
        }
        if kind == "photo" && !is_image(&upload.bytes) {
            return Err(ApiError::bad("IMAGE_PROCESS_FAILED"));
        }
        let prefix = if kind == "photo" { "AgACAgQAAx" } else { "BQACAgQAAx" };
        let file_id = format!("{prefix}{:012x}", world.next());
        let media = Media { kind, file_id, file_name: upload.file_name.clone(), size: upload.bytes.len() };
        world.put_file(media.clone());
        return Ok(media);
    }
    named_media(world, &params.text(field).unwrap_or_default(), kind)
}

/// A file that is already here, or an address, which is taken at its word.
fn named_media(world: &World, name: &str, kind: &'static str) -> Result<Media, ApiError> {
    if name.is_empty() {
        return Err(ApiError::bad(&format!("there is no {kind} in the request")));
    }
    if name.starts_with("http://") || name.starts_with("https://") {
        let file_name = name.rsplit('/').next().unwrap_or_default().to_owned();
        return Ok(Media { kind, file_id: name.to_owned(), file_name, size: 0 });
    }
    match world.files.get(name) {
        Some(media) if media.kind == kind => Ok(media.clone()),
        Some(_) => Err(ApiError::bad(&format!("can't use file of another type as {kind}"))),
        None => Err(ApiError::bad("wrong file identifier/HTTP URL specified")),
    }
}

impl Telegram {
    pub(super) fn send_message(&self, params: &Params) -> Result<Value, ApiError> {
        let mut world = self.world();
        let chat = self.open_chat(&world, params)?;
        let text = check_text(formatted(params, "text", "parse_mode")?, "message is too long")?;
        let markup = keyboard::check(params.json("reply_markup"))?;
        let content = Content { text: text.text, entities: text.entities, media: None, markup };
        self.post(&mut world, chat, params, content)
    }

    pub(super) fn send_media(&self, params: &Params, kind: &'static str) -> Result<Value, ApiError> {
        let mut world = self.world();
        let chat = self.open_chat(&world, params)?;
        let caption = check_caption(formatted(params, "caption", "parse_mode")?)?;
        let markup = keyboard::check(params.json("reply_markup"))?;
        let media = media(&mut world, params, kind, kind)?;
        let content = Content { text: caption.text, entities: caption.entities, media: Some(media), markup };
        self.post(&mut world, chat, params, content)
    }

    /// `copyMessage` and `forwardMessage`: the same content in another chat.
    pub(super) fn copy_message(&self, params: &Params, forward: bool) -> Result<Value, ApiError> {
        let mut world = self.world();
        let chat = self.open_chat(&world, params)?;
        let source = params.int("from_chat_id").and_then(|id| world.chats.get(&id));
        let original = params.int("message_id").and_then(|id| source.and_then(|chat| chat.messages.get(&id)));
        let verb = if forward { "forward" } else { "copy" };
        let mut content = original
            .map(|message| message.content.clone())
            .ok_or_else(|| ApiError::bad(&format!("message to {verb} not found")))?;
        content.markup = keyboard::check(params.json("reply_markup"))?;
        let posted = self.post(&mut world, chat, params, content)?;
        Ok(if forward { posted } else { json!({ "message_id": posted.get("message_id") }) })
    }

    /// Posts under the sending limits and returns the message.
    fn post(&self, world: &mut World, chat: i64, params: &Params, content: Content) -> Result<Value, ApiError> {
        let now = self.core.clock.now();
        let is_group = world.chat(chat).is_group();
        self.limits().take(chat, is_group, now).map_err(ApiError::too_many)?;
        let reply_to = params.json("reply_parameters").and_then(|reply| reply.get("message_id")?.as_i64());
        let room = world.chat(chat);
        if reply_to.is_some_and(|id| !room.messages.contains_key(&id)) {
            return Err(ApiError::bad("message to be replied not found"));
        }
        let id = world.post(chat, BOT_ID, now, reply_to, content);
        self.chats_changed.notify_waiters();
        let room = world.chats.get(&chat).ok_or_else(|| ApiError::bad("chat not found"))?;
        let message = room.messages.get(&id).ok_or_else(|| ApiError::bad("message not found"))?;
        Ok(world.message_json(room, message))
    }

    /// The media of `editMessageMedia`, with its caption.
    pub(super) fn input_media(&self, world: &mut World, params: &Params) -> Result<Content, ApiError> {
        let input = params.json("media").ok_or_else(|| ApiError::bad("there is no media in the request"))?;
        let text = |name: &str| input.get(name).and_then(Value::as_str);
        let kind = match text("type") {
            Some("photo") => "photo",
            Some("document") => "document",
            _ => return Err(ApiError::bad("can't parse InputMedia: this type is not supported")),
        };
        let source = text("media").unwrap_or_default();
        // `attach://name` is looked up by giving the reader a field of that content.
        let media = match source.strip_prefix("attach://") {
            Some(name) => media(world, params, name, kind)?,
            None => named_media(world, source, kind)?,
        };
        let caption = match text("caption") {
            Some(caption) => Some(format(caption, text("parse_mode"), input.get("caption_entities").cloned())?),
            None => None,
        };
        let caption = check_caption(caption)?;
        Ok(Content { text: caption.text, entities: caption.entities, media: Some(media), markup: None })
    }

    /// The chat that a call addresses, if the bot can write there.
    pub(super) fn open_chat(&self, world: &World, params: &Params) -> Result<i64, ApiError> {
        let id = params.int("chat_id").ok_or_else(|| match params.text("chat_id") {
            Some(text) if !text.is_empty() => ApiError::bad("chat not found"),
            _ => ApiError::bad("chat_id is empty"),
        })?;
        if let Some(user) = world.users.get(&id) {
            return match user {
                user if user.deactivated => Err(ApiError::forbidden("user is deactivated")),
                user if user.blocked => Err(ApiError::forbidden("bot was blocked by the user")),
                user if !user.started => Err(ApiError::forbidden("bot can't initiate conversation with a user")),
                _ => Ok(id),
            };
        }
        let chat = world.chats.get(&id).ok_or_else(|| ApiError::bad("chat not found"))?;
        if let Some(new) = chat.migrated_to {
            return Err(ApiError::migrated(new));
        }
        match chat.bot_status.as_str() {
            "kicked" | "left" => Err(ApiError::forbidden(&format!("bot was kicked from the {} chat", chat.kind))),
            _ => Ok(id),
        }
    }
}
