//! `telegram`: the Bot API with chats, users and an update queue behind it. Start reading at [`Telegram::call`].
//!
//! Promises: what a user sees (`/_chat`) is what the bot's calls have made of it; nothing that the real server
//! refuses is taken; a refusal that is always the bot's own defect is noted among the record's `problems`.

mod control;
mod edit;
mod html;
mod keep;
mod keyboard;
mod limits;
mod params;
mod people;
mod send;
mod spec;
mod updates;
mod world;

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::sync::{Notify, watch};

use crate::OPS_CHAT;
use crate::fault::Plight;
use crate::http::{Ask, JSON, Reply};
use crate::journal::Place;
use crate::stand::{Core, Later, Stand, stopped};
use keep::Keep;
use limits::Limits;
use params::Params;
pub(crate) use people::{Seen, Words};
use spec::Spec;
use updates::Updates;
pub(crate) use world::User;
use world::{BOT_ID, BOT_NAME, Chat, World, bot_json, member_json};

pub(crate) struct Telegram {
    core: Arc<Core>,
    token: String,
    spec: Option<Spec>,
    world: Mutex<World>,
    limits: Mutex<Limits>,
    updates: Updates,
    chats_changed: Notify,
    keep: Option<Arc<Keep>>,
}

/// A refusal as the wire carries it.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: u16,
    description: String,
    parameters: Option<Value>,
}

impl ApiError {
    pub(crate) fn new(code: u16, description: &str) -> Self {
        Self { code, description: description.to_owned(), parameters: None }
    }

    pub(crate) fn bad(why: &str) -> Self {
        Self::new(400, &format!("Bad Request: {why}"))
    }

    pub(crate) fn forbidden(why: &str) -> Self {
        Self::new(403, &format!("Forbidden: {why}"))
    }

    pub(crate) fn conflict(why: &str) -> Self {
        Self::new(409, &format!("Conflict: {why}"))
    }

    pub(crate) fn too_many(seconds: u64) -> Self {
        let parameters = Some(json!({ "retry_after": seconds }));
        Self { code: 429, description: format!("Too Many Requests: retry after {seconds}"), parameters }
    }

    pub(crate) fn migrated(to: i64) -> Self {
        let parameters = Some(json!({ "migrate_to_chat_id": to }));
        Self { parameters, ..Self::bad("group chat was upgraded to a supergroup chat") }
    }

    /// Refusals that no state of the world explains, only a defect of the caller.
    fn is_defect(&self) -> bool {
        const DEFECTS: [&str; 12] = [
            "can't parse",
            "BUTTON_DATA_INVALID",
            "BUTTON_URL_INVALID",
            "is too long",
            "TOO_LONG",
            "text is empty",
            "is empty",
            "IMAGE_PROCESS_FAILED",
            "there is no ",
            "message identifier is not specified",
            "unsupported parse_mode",
            "object expected",
        ];
        self.code == 400 && DEFECTS.iter().any(|part| self.description.contains(part))
    }

    fn reply(&self) -> Reply {
        let mut body = json!({ "ok": false, "error_code": self.code, "description": self.description });
        if let (Some(parameters), Some(fields)) = (&self.parameters, body.as_object_mut()) {
            fields.insert("parameters".to_owned(), parameters.clone());
        }
        Reply::json(self.code, &body)
    }
}

impl Telegram {
    pub(crate) fn new(
        core: Arc<Core>,
        token: &str,
        spec: Option<&Path>,
        place: Option<&Place<'_>>,
    ) -> std::io::Result<Self> {
        let mut world = World::default();
        let mut ops = Chat::new(OPS_CHAT, "supergroup", "ViralCore Ops");
        ops.bot_status = "administrator".to_owned();
        world.chats.insert(OPS_CHAT, ops);
        let restored = place.map(|place| keep::restore(place, &mut world)).transpose()?;
        let keep = restored.as_ref().map(|restored| Arc::clone(&restored.keep));
        if let Some(restored) = &restored {
            core.clock.not_before(restored.at);
            world.commands.clone_from(&restored.settings.commands);
        }
        let this = Self {
            core,
            token: token.to_owned(),
            spec: spec.map(Spec::load).transpose()?,
            world: Mutex::new(world),
            limits: Mutex::default(),
            updates: restored.map_or_else(Updates::new, Updates::restored),
            chats_changed: Notify::new(),
            keep,
        };
        if let Some(keep) = &this.keep {
            this.save_whole(keep)?;
        }
        Ok(this)
    }

    /// Delivers to a webhook whenever one is set and saves what changes, until the sandbox is dropped.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<()>) {
        tokio::select! {
            () = self.updates.deliver() => {}
            () = self.keep_saving() => {}
            () = stopped(&mut stop) => {}
        }
    }

    fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn limits(&self) -> MutexGuard<'_, Limits> {
        self.limits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn call(&self, ask: &Ask) -> Reply {
        let segments = ask.segments();
        let [token, _, ..] = segments.as_slice() else {
            return ApiError::new(404, "Not Found").reply();
        };
        match token.strip_prefix("bot") {
            Some(token) if token == self.token => {}
            Some(_) => return ApiError::new(401, "Unauthorized").reply(),
            None => return ApiError::new(404, "Not Found").reply(),
        }
        let method = self.op(ask);
        let params = match Params::read(ask).and_then(|params| self.check(&method, params)) {
            Ok(params) => params,
            Err(refusal) => return refusal.reply(),
        };
        match self.method(&method, &params).await {
            Ok(result) => Reply::text(200, JSON, format!("{{\"ok\":true,\"result\":{result}}}")),
            Err(refusal) => {
                if refusal.is_defect() {
                    self.core.record.problem(json!({ "method": method, "problem": refusal.description }));
                }
                refusal.reply()
            }
        }
    }

    /// Checks a call against the specification; what it finds is recorded and refused.
    fn check(&self, method: &str, params: Params) -> Result<Params, ApiError> {
        let problems = self.spec.as_ref().map(|spec| spec.check(method, &params)).unwrap_or_default();
        match problems.first() {
            None => Ok(params),
            Some(first) => {
                let problem = json!({ "method": method, "problem": problems.join("; "), "params": params.fields });
                self.core.record.problem(problem);
                Err(ApiError::new(400, &format!("Bad Request: by the specification, {first}")))
            }
        }
    }

    /// The result as JSON text.
    async fn method(&self, method: &str, params: &Params) -> Result<String, ApiError> {
        let result = match method {
            "getupdates" => return self.updates.get(params).await,
            "getme" => me(),
            "sendmessage" => self.send_message(params)?,
            "sendphoto" => self.send_media(params, "photo")?,
            "senddocument" => self.send_media(params, "document")?,
            "copymessage" => self.copy_message(params, false)?,
            "forwardmessage" => self.copy_message(params, true)?,
            "editmessagetext" => self.edit_text(params)?,
            "editmessagecaption" => self.edit_caption(params)?,
            "editmessagereplymarkup" => self.edit_markup(params)?,
            "editmessagemedia" => self.edit_media(params)?,
            "deletemessage" => self.delete_message(params)?,
            "deletemessages" => self.delete_messages(params)?,
            "answercallbackquery" => self.answer_callback(params)?,
            "setwebhook" => self.updates.set_hook(params)?,
            "deletewebhook" => self.updates.set_hook(&without_url(params))?,
            "getwebhookinfo" => self.updates.hook_info(),
            "setmycommands" => {
                self.world().commands = params.json("commands").unwrap_or_default();
                json!(true)
            }
            "deletemycommands" => {
                self.world().commands = json!([]);
                json!(true)
            }
            "getmycommands" => match &self.world().commands {
                Value::Null => json!([]),
                commands => commands.clone(),
            },
            "getchat" => self.get_chat(params)?,
            "getchatmember" => self.get_chat_member(params)?,
            "getchatadministrators" => self.get_administrators(params)?,
            "sendchataction" | "leavechat" | "pinchatmessage" | "unpinchatmessage" | "setmessagereaction"
            | "setchatpermissions" | "restrictchatmember" | "banchatmember" | "unbanchatmember" => {
                let world = self.world();
                self.open_chat(&world, params)?;
                json!(true)
            }
            "setmyname"
            | "setmydescription"
            | "setmyshortdescription"
            | "setchatmenubutton"
            | "setmydefaultadministratorrights"
            | "logout"
            | "close" => json!(true),
            _ => return Err(ApiError::new(404, "Not Found")),
        };
        Ok(result.to_string())
    }

    fn get_chat(&self, params: &Params) -> Result<Value, ApiError> {
        let world = self.world();
        let id = params.int("chat_id").unwrap_or_default();
        let chat = world.chats.get(&id).ok_or_else(|| ApiError::bad("chat not found"))?;
        let mut value = world.chat_json(chat);
        if let Some(fields) = value.as_object_mut() {
            fields.insert("accent_color_id".to_owned(), json!(1));
            fields.insert("max_reaction_count".to_owned(), json!(11));
            let gifts = json!({ "unlimited_gifts": true, "limited_gifts": true, "unique_gifts": true,
                                "premium_subscription": true, "gifts_from_channels": true });
            fields.insert("accepted_gift_types".to_owned(), gifts);
        }
        Ok(value)
    }

    fn get_chat_member(&self, params: &Params) -> Result<Value, ApiError> {
        let world = self.world();
        let id = params.int("chat_id").unwrap_or_default();
        let chat = world.chats.get(&id).ok_or_else(|| ApiError::bad("chat not found"))?;
        let user = params.int("user_id").unwrap_or_default();
        if user == BOT_ID {
            return Ok(member_json(&bot_json(), &chat.bot_status));
        }
        let person = world.users.get(&user).ok_or_else(|| ApiError::bad("user not found"))?.json();
        let usual = if chat.is_group() { "left" } else { "member" };
        Ok(member_json(&person, chat.members.get(&user).map_or(usual, String::as_str)))
    }

    fn get_administrators(&self, params: &Params) -> Result<Value, ApiError> {
        let world = self.world();
        let id = params.int("chat_id").unwrap_or_default();
        let chat = world.chats.get(&id).ok_or_else(|| ApiError::bad("chat not found"))?;
        let leads = |status: &str| matches!(status, "creator" | "administrator");
        let of_members = chat.members.iter().filter(|member| leads(member.1));
        let mut found: Vec<Value> =
            of_members.filter_map(|(user, status)| Some(member_json(&world.users.get(user)?.json(), status))).collect();
        if leads(&chat.bot_status) {
            found.push(member_json(&bot_json(), &chat.bot_status));
        }
        Ok(json!(found))
    }
}

/// `deleteWebhook` is `setWebhook` without an address.
fn without_url(params: &Params) -> Params {
    let mut fields = params.fields.clone();
    fields.remove("url");
    Params { fields, textual: params.textual, ..Params::default() }
}

fn me() -> Value {
    json!({
        "id": BOT_ID, "is_bot": true, "first_name": "ViralCore Sandbox", "username": BOT_NAME,
        "can_join_groups": true, "can_read_all_group_messages": false, "supports_inline_queries": false,
        "can_connect_to_business": false, "has_main_web_app": false,
    })
}

impl Stand for Telegram {
    /// A poll that nobody waits for is over.
    fn outlasts_callers(&self) -> bool {
        false
    }

    fn op(&self, ask: &Ask) -> String {
        ask.segments().get(1).map_or_else(|| "unknown".to_owned(), |method| method.to_ascii_lowercase())
    }

    fn act<'a>(&'a self, ask: &'a Ask, _: &'a Plight) -> Later<'a, Reply> {
        Box::pin(self.call(ask))
    }

    fn control<'a>(&'a self, ask: &'a Ask) -> Later<'a, Option<Reply>> {
        Box::pin(self.control_route(ask))
    }

    fn created(&self) -> Vec<(&'static str, String)> {
        self.created_members()
    }

    fn refusal(&self, status: u16, message: Option<&str>, retry_after: Option<u64>) -> Reply {
        if status == 429 {
            return ApiError::too_many(retry_after.unwrap_or(1)).reply();
        }
        let usual = match status {
            401 => "Unauthorized",
            403 => "Forbidden: bot was blocked by the user",
            404 => "Not Found",
            400 => "Bad Request: chat not found",
            _ => "Internal Server Error",
        };
        ApiError::new(status, message.unwrap_or(usual)).reply()
    }

    fn echo_fields(&self) -> &'static [&'static str] {
        &["message_id", "update_id", "id", "username"]
    }

    fn shown_path(&self, ask: &Ask) -> String {
        ask.segments().get(1).map_or_else(|| ask.path.clone(), |method| format!("/bot…/{method}"))
    }
}
