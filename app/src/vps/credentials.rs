//! From a bought machine to a delivered one: its status is asked until the password is there. The password is sealed
//! before it is written, opened only for its owner, and each time is in the audit. It is in no message and no line.

use crate::jobs::Again;
use crate::notice::{VpsKind, alarm};
use crate::{App, StoreError, record};
use ::providers::ReadError;
use ::providers::smartvps::MachineStatus;
use domain::event::EventType;
use domain::vps::{self as rules, BuyClass, MachineState, Power, VpsEvent, VpsState};
use domain::{MachineId, Secret, Timestamp, UserId, VpsId, text};
use serde_json::json;
use std::net::Ipv4Addr;
use std::time::Duration;
use store::audit::{self, NewAudit};
use store::vps::machines::{self, Machine};
use store::{Tx, vps};

/// A first term where the provider does not say when it ends.
const TERM: Duration = Duration::from_secs(30 * 86_400);
/// A machine that an operator was told of is still asked, this many times as seldom.
const PATIENCE: u32 = 5;

/// How to get into a machine. Cannot be printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Which.
    pub machine: MachineId,
    /// Its address.
    pub ip: String,
    /// The name to log in with.
    pub username: String,
    /// The password.
    pub password: Secret,
    /// The system, by the provider's word.
    pub os: String,
}

/// Why credentials were not given.
#[derive(Debug, thiserror::Error)]
pub enum CredentialsError {
    /// No such machine, or it is another user's.
    #[error("no such machine of this user")]
    NotFound,
    /// The password is not there yet.
    #[error("the machine has no password yet")]
    NotYet,
    /// The sealed password cannot be opened.
    #[error("the password cannot be opened with this envelope key")]
    Sealed,
    /// The store failed.
    #[error("failed to read the credentials")]
    Store(#[from] StoreError),
}

impl App {
    /// Asks for the credentials of an order's machine once, and delivers the order when they are there.
    pub(crate) async fn await_credentials(&self, id: VpsId, _now: Timestamp) -> Result<Again, StoreError> {
        let order = self.vps_order(id).await?;
        let open = |state| matches!(state, VpsState::Bought | VpsState::AwaitingCredentials);
        let Some(order) = order.filter(|order| open(order.state)) else { return Ok(Again::Done) };
        let ip = order.ip.as_deref().and_then(|ip| ip.parse::<Ipv4Addr>().ok());
        let ip = ip.ok_or_else(|| StoreError::Corrupt(format!("the address of {}", order.object())))?;
        let (status, _) = self.smartvps().status(ip, &order.correlation).await;
        let (status, now) = (&status, self.now());
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut order) = vps::find_locked(tx, id).await?.filter(|order| open(order.state)) else {
                    return Ok(Again::Done);
                };
                let machine = order.machine.ok_or_else(|| StoreError::Corrupt(order.object()))?;
                let mut machine = machines::find_locked(tx, machine).await?.ok_or(StoreError::Stale)?;
                let ready = self.note_status_in(tx, &mut machine, status, order.bought_at, now).await?;
                if !ready {
                    return self.not_yet_in(tx, &mut order, status, now).await;
                }
                order.os.clone_from(&machine.os);
                order.active_at = Some(now);
                (order.class, order.reason, order.credentials_until) = (None, None, None);
                order.settle_attention();
                let event = self.advance_vps_in(tx, &mut order, VpsEvent::Deliver, now).await?;
                self.tell_vps(tx, &mut order, VpsKind::Ready, &event, now).await?;
                Ok(Again::Done)
            })
            .await
    }

    /// No password yet: asked again, later each time; after the limit an operator is told.
    async fn not_yet_in(
        &self,
        tx: &mut Tx,
        order: &mut vps::Order,
        status: &Result<MachineStatus, ReadError>,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let settings = &self.settings().vps;
        let why = match status {
            Ok(_) => "the machine is being built".to_owned(),
            Err(error) => text::clean_line(&format!("its status cannot be read: {error}"), 200),
        };
        order.polls += 1;
        let doubled = settings.poll_first.saturating_mul(1_u32 << order.polls.clamp(0, 16));
        let mut wait = doubled.min(settings.poll_max);
        order.reason = Some(why.clone());
        if order.credentials_until.is_some_and(|until| until <= now) {
            wait = settings.poll_max.saturating_mul(PATIENCE);
            if order.attention.is_none() {
                order.class = Some(BuyClass::Credentials.word().to_owned());
                order.ask_for_attention(BuyClass::Credentials.word(), now);
                let words = format!("Order {} has its machine and no password: {why}", order.id);
                let topic = order.object();
                alarm(tx, self, "vps_order", &topic, "No credentials", words, &order.correlation, now).await?;
            }
        }
        if order.state == VpsState::Bought {
            self.advance_vps_in(tx, order, VpsEvent::Await, now).await?;
        } else {
            self.save_vps_in(tx, order, now).await?;
        }
        Ok(Again::Wait(wait, why))
    }

    /// Writes what a machine's status says. True when it has its password.
    pub(crate) async fn note_status_in(
        &self,
        tx: &mut Tx,
        machine: &mut Machine,
        status: &Result<MachineStatus, ReadError>,
        bought_at: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        machine.synced_at = Some(now);
        match status {
            Err(_) => machine.sync_failures += 1,
            Ok(said) => {
                machine.sync_failures = 0;
                self.apply_status(machine, said, bought_at, now);
            }
        }
        machines::update(tx, machine, now).await?;
        machine.version += 1;
        Ok(status.is_ok() && machine.password.is_some() && machine.state != MachineState::Building)
    }

    fn apply_status(&self, machine: &mut Machine, said: &MachineStatus, bought_at: Option<Timestamp>, now: Timestamp) {
        machine.power.clone_from(&said.power);
        machine.machine_status.clone_from(&said.machine);
        machine.action_status.clone_from(&said.action);
        if let Some(os) = &said.os {
            machine.os.clone_from(os);
        }
        match said.expiry.as_deref().map(|text| (text, rules::expiry(text))) {
            Some((_, Some(at))) => {
                // A later term is another one: its reminders begin again.
                if machine.expires_at.is_none_or(|before| at > before) {
                    machine.told_expiry = None;
                }
                (machine.expires_at, machine.expiry_text) = (Some(at), None);
                if machine.attention.as_deref() == Some("expiry") {
                    (machine.attention, machine.attention_at) = (None, None);
                }
            }
            Some((text, None)) => {
                machine.expiry_text = Some(text::clean_line(text, 40));
                machine.ask_for_attention("expiry", now);
            }
            None if machine.expires_at.is_none() && said.password.is_some() => {
                machine.expires_at = bought_at.map(|at| at.plus(TERM));
            }
            None => {}
        }
        if let (Some(password), Some(vault)) = (&said.password, self.vault()) {
            let purpose = purpose(machine.id);
            let known = machine.password.as_deref().and_then(|sealed| vault.open(&purpose, sealed).ok());
            if known.as_deref() != Some(password.expose()) {
                machine.password = Some(vault.seal(&purpose, password.expose(), self.nonce()));
            }
            machine.username = Some(rules::login(&machine.os, said.username.as_deref()));
        }
        let expired = said.machine.as_deref().is_some_and(|word| word.eq_ignore_ascii_case("expired"))
            || machine.expires_at.is_some_and(|at| at <= now);
        machine.state = match rules::power(said.power.as_deref(), said.action.as_deref()) {
            _ if machine.password.is_none() => machine.state,
            _ if expired => MachineState::Expired,
            Power::Unknown if machine.state == MachineState::Building => MachineState::Running,
            power => power.state(machine.state),
        };
    }

    /// Gives a machine's credentials to its owner; that they were is in the audit.
    pub async fn vps_credentials(
        &self,
        user: UserId,
        machine: MachineId,
        now: Timestamp,
    ) -> Result<Credentials, CredentialsError> {
        let op = self.short_id();
        let op = op.as_str();
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let row = machines::find_locked(tx, machine).await?;
                let Some(mut row) = row.filter(|row| row.user == Some(user) && row.state != MachineState::Gone) else {
                    // Somebody asks for what is not theirs: that is worth a line, too.
                    let (actor, object) = (format!("user:{user}"), machines::object(machine));
                    let detail = "via telegram: not the owner";
                    let action = "vps.credentials";
                    let new = NewAudit { actor: &actor, action, object: &object, done: false, detail, op };
                    audit::append(tx, &new, now).await?;
                    return Ok(Err(CredentialsError::NotFound));
                };
                if self.is_being_wiped(tx, machine).await? {
                    return Ok(Err(CredentialsError::NotYet));
                }
                let Some(sealed) = &row.password else { return Ok(Err(CredentialsError::NotYet)) };
                let opened = self.vault().and_then(|vault| vault.open(&purpose(machine), sealed).ok());
                let Some(password) = opened else { return Ok(Err(CredentialsError::Sealed)) };
                let credentials = Credentials {
                    machine,
                    ip: row.ip.clone(),
                    username: row.username.clone().unwrap_or_else(|| rules::login(&row.os, None)),
                    password: Secret::new(password),
                    os: row.os.clone(),
                };
                row.shown += 1;
                row.shown_at = Some(now);
                machines::update(tx, &row, now).await?;
                let (actor, object) = (format!("user:{user}"), row.object());
                let detail = "via telegram: shown";
                let new =
                    NewAudit { actor: &actor, action: "vps.credentials", object: &object, done: true, detail, op };
                audit::append(tx, &new, now).await?;
                let data = json!({ "machine_id": machine.get(), "what": "credentials shown" });
                record::event(tx, self, EventType::MachineChanged, &object, op, &data, now).await?;
                Ok::<_, StoreError>(Ok(credentials))
            })
            .await?
    }

    /// A user's machines that are not gone, newest first.
    pub async fn machines_of_user(&self, user: UserId, limit: i64) -> Result<Vec<Machine>, StoreError> {
        self.store().read(|mut tx| async move { machines::of_user(&mut tx, user, limit).await }).await
    }

    /// A machine.
    pub async fn machine(&self, id: MachineId) -> Result<Option<Machine>, StoreError> {
        self.store().read(|mut tx| async move { machines::find(&mut tx, id).await }).await
    }
}

/// What a sealed password is bound to: that of another machine does not open in its place.
pub(crate) fn purpose(machine: MachineId) -> String {
    format!("vps password of machine {machine}")
}
