//! What is done to a machine: start, stop, reboot, reinstall. One at a time, each call once, and what came of it is
//! judged by the machine's status, never by the answer to the call: a 2xx proves nothing, and a lost answer may have
//! wiped the machine.

use crate::jobs::{self, Again, Work};
use crate::notice::{self, MachineKind, MachineNews, Notice};
use crate::{App, StoreError, record};
use ::providers::ReadError;
use ::providers::smartvps::MachineStatus;
use domain::event::EventType;
use domain::operator::{Actor, Role};
use domain::outcome::{LocalReason, Outcome};
use domain::vps::{ActionKind, ActionState, MachineState, Os, Power, power};
use domain::{IdempotencyKey, MachineId, Timestamp, UserId, text};
use serde_json::json;
use std::net::Ipv4Addr;
use std::time::Duration;
use store::Tx;
use store::jobs::Claimed;
use store::vps::actions::{self, Action};
use store::vps::machines::{self, Machine};

/// After a call the status is asked after these, and then every two minutes.
const POLLS: [u64; 5] = [5, 15, 30, 60, 120];

/// What is asked of a machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActOnMachine {
    /// Which.
    pub machine: MachineId,
    /// What.
    pub kind: ActionKind,
    /// The system of a reinstall; the present one without it.
    pub os: Option<Os>,
    /// The button's or the operation's key.
    pub key: IdempotencyKey,
}

/// Why nothing is done to a machine.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// No such machine, or it is another user's.
    #[error("no such machine")]
    NotFound,
    /// Something is being done to it already.
    #[error("{0} is still going on")]
    Busy(String),
    /// It cannot be done in the state that the machine is in.
    #[error("a machine that is {0} cannot do that")]
    NotNow(MachineState),
    /// It is not any more as the operator saw it.
    #[error("it changed meanwhile: it is {state} now")]
    Changed {
        /// Where it is now.
        state: MachineState,
        /// Its version now.
        version: i64,
    },
    /// The operator may not.
    #[error(transparent)]
    NotAllowed(#[from] crate::command::DecideError),
    /// The key stands for something else.
    #[error("key {0} was already used for something else")]
    KeyReused(IdempotencyKey),
    /// The store failed.
    #[error("failed to record it")]
    Store(#[from] StoreError),
}

impl App {
    /// A user's action on their own machine: its number, the same for the same key.
    pub async fn act_on_machine(&self, user: UserId, ask: &ActOnMachine, now: Timestamp) -> Result<i64, MachineError> {
        let correlation = self.fresh_id();
        let correlation = correlation.as_str();
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let machine = machines::find_locked(tx, ask.machine).await?;
                let machine = machine.filter(|machine| machine.user == Some(user)).ok_or(MachineError::NotFound)?;
                self.ask_of_machine_in(tx, &machine, ask, &format!("user:{user}"), correlation, now).await
            })
            .await
    }

    /// An operator's action on any machine, if it is still the `version` that they saw.
    pub async fn act_on_machine_as(
        &self,
        actor: &Actor,
        ask: &ActOnMachine,
        version: Option<i64>,
        why: &str,
        now: Timestamp,
    ) -> Result<i64, MachineError> {
        let object = machines::object(ask.machine);
        self.authorised(actor, Role::Operator, "vps.action", &object, now).await?;
        let correlation = self.fresh_id();
        let correlation = correlation.as_str();
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let machine = machines::find_locked(tx, ask.machine).await?.ok_or(MachineError::NotFound)?;
                let known = actions::find_by_key(tx, &ask.key).await?.is_some();
                if !known && version.is_some_and(|seen| seen != machine.version) {
                    return Err(MachineError::Changed { state: machine.state, version: machine.version });
                }
                let id = self.ask_of_machine_in(tx, &machine, ask, &actor.word(), correlation, now).await?;
                let detail = format!("{}: {why}", ask.kind);
                let object = machine.object();
                record::audited(tx, actor, "vps.action", &object, true, &detail, ask.key.as_str(), now).await?;
                Ok(id)
            })
            .await
    }

    async fn ask_of_machine_in(
        &self,
        tx: &mut Tx,
        machine: &Machine,
        ask: &ActOnMachine,
        actor: &str,
        correlation: &str,
        now: Timestamp,
    ) -> Result<i64, MachineError> {
        let os = ask.os.filter(|_| ask.kind == ActionKind::Reinstall).map(Os::word);
        if let Some(earlier) = actions::find_by_key(tx, &ask.key).await? {
            let same = earlier.machine == machine.id && earlier.kind == ask.kind && earlier.os.as_deref() == os;
            return if same { Ok(earlier.id) } else { Err(MachineError::KeyReused(ask.key.clone())) };
        }
        if matches!(machine.state, MachineState::Building | MachineState::Expired | MachineState::Gone) {
            return Err(MachineError::NotNow(machine.state));
        }
        if let Some(open) = actions::open(tx, machine.id).await? {
            return Err(MachineError::Busy(open.kind.to_string()));
        }
        let id = actions::insert(tx, machine.id, ask.kind, os, actor, &ask.key, correlation, now).await?;
        jobs::due(tx, Work::Act(id), now, now).await?;
        self.machine_event_in(tx, machine, &format!("{} asked for", ask.kind), correlation, now).await?;
        Ok(id)
    }

    /// What happened to a machine, for consoles.
    pub(crate) async fn machine_event_in(
        &self,
        tx: &mut Tx,
        machine: &Machine,
        what: &str,
        correlation: &str,
        now: Timestamp,
    ) -> Result<String, StoreError> {
        let data = json!({ "machine_id": machine.id.get(), "what": what, "state": machine.state.word() });
        record::event(tx, self, EventType::MachineChanged, &machine.object(), correlation, &data, now).await
    }

    /// Carries an action on by one call or one look.
    pub(crate) async fn run_action(&self, job: &Claimed, id: i64, now: Timestamp) -> Result<Again, StoreError> {
        let found = self
            .store()
            .read(|mut tx| async move {
                let tx = &mut tx;
                let Some(action) = actions::find(tx, id).await? else { return Ok(None) };
                let machine = machines::find(tx, action.machine).await?;
                Ok::<_, StoreError>(machine.map(|machine| (action, machine)))
            })
            .await?;
        let Some((action, machine)) = found else { return Ok(Again::Done) };
        let address = || machine.ip.parse::<Ipv4Addr>();
        let ip = address().map_err(|_| StoreError::Corrupt(format!("the address of {}", machine.object())))?;
        match action.state {
            ActionState::Asked => self.send_action(job, action, ip, now).await,
            // Its worker died: what became of the call is for the status to say.
            ActionState::Sending => self.look_at_action(action, ip).await,
            ActionState::Waiting => self.look_at_action(action, ip).await,
            ActionState::Done | ActionState::Failed | ActionState::Unknown => Ok(Again::Done),
        }
    }

    /// Makes the next call of an action, once.
    async fn send_action(
        &self,
        job: &Claimed,
        action: Action,
        ip: Ipv4Addr,
        now: Timestamp,
    ) -> Result<Again, StoreError> {
        let Some(step) = next_step(&action) else {
            return self.end_action_from(action, ActionState::Asked, ActionState::Done).await;
        };
        let lease_until = now.plus(self.settings().vps.total + self.scaled(Duration::from_secs(30)));
        let before = action.step.clone();
        let mut marked = Action {
            state: ActionState::Sending,
            step: step.to_owned(),
            fence: Some(job.fence),
            lease_until: Some(lease_until),
            polls: 0,
            ..action
        };
        if !self.save_action(&marked, ActionState::Asked, now).await? {
            return Ok(Again::Done);
        }
        self.crash_point("vps_action_marked");
        let correlation = marked.correlation.as_str();
        let vps = self.smartvps();
        let (outcome, exchange) = match step {
            "start" => vps.start(ip, correlation).await,
            "stop" => vps.stop(ip, correlation).await,
            "format" => vps.format(ip, correlation).await,
            _ => vps.change_os(ip, marked.os.as_deref().unwrap_or_default(), correlation).await,
        };
        let now = self.now();
        let over = marked.created_at.plus(self.settings().vps.action_wait) <= now;
        marked.class = Some(outcome.word().to_owned());
        marked.text = Some(text::clean_line(&exchange.reply, 300));
        (marked.fence, marked.lease_until) = (None, None);
        let wait = match &outcome {
            Outcome::Accepted(()) | Outcome::Unknown(_) => {
                marked.state = ActionState::Waiting;
                self.scaled(Duration::from_secs(POLLS[0]))
            }
            // Nothing was done: the same call again later, or never when it is too late.
            Outcome::NotSent(LocalReason::Refused(_)) => {
                return self.end_action_from(marked, ActionState::Sending, ActionState::Failed).await;
            }
            Outcome::NotSent(_) | Outcome::Rejected(_) if over => {
                return self.end_action_from(marked, ActionState::Sending, ActionState::Failed).await;
            }
            Outcome::NotSent(_) | Outcome::Rejected(_) => {
                (marked.state, marked.step) = (ActionState::Asked, before);
                let asked = match &outcome {
                    Outcome::Rejected(rejection) => rejection.retry_after_ms.map(Duration::from_millis),
                    _ => None,
                };
                asked.unwrap_or(self.settings().vps.retry)
            }
        };
        let why = marked.text.clone().unwrap_or_default();
        Ok(match self.save_action(&marked, ActionState::Sending, now).await? {
            true => Again::Wait(wait, why),
            false => Again::Done,
        })
    }

    /// Asks the machine's status whether the call is done.
    async fn look_at_action(&self, action: Action, ip: Ipv4Addr) -> Result<Again, StoreError> {
        let (status, _) = self.smartvps().status(ip, &action.correlation).await;
        let (now, from) = (self.now(), action.state);
        let (status, action) = (&status, &action);
        let next = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut machine) = machines::find_locked(tx, action.machine).await? else { return Ok(None) };
                let confirmed = status.as_ref().is_ok_and(|said| self.confirms(&machine, action, said));
                self.note_status_in(tx, &mut machine, status, None, now).await?;
                let mut next = Action { polls: action.polls + 1, ..action.clone() };
                (next.fence, next.lease_until) = (None, None);
                next.state = if confirmed { ActionState::Asked } else { ActionState::Waiting };
                actions::update(tx, &next, from, now).await?;
                Ok::<_, StoreError>(Some(next))
            })
            .await;
        let next = match next {
            Ok(Some(next)) => next,
            Ok(None) | Err(StoreError::Stale) => return Ok(Again::Done),
            Err(error) => return Err(error),
        };
        if next.state == ActionState::Asked {
            return match next_step(&next) {
                // The provider has no reboot: a moment lies between its two halves.
                Some(_) => Ok(Again::Later(self.scaled(Duration::from_secs(2)))),
                None => self.finish_action(next, status).await,
            };
        }
        if next.created_at.plus(self.settings().vps.action_wait) <= now {
            let end = if status.is_ok() { ActionState::Failed } else { ActionState::Unknown };
            return self.end_action_from(next, ActionState::Waiting, end).await;
        }
        let at = usize::try_from(next.polls).unwrap_or(usize::MAX).min(POLLS.len() - 1);
        let why = format!("{} is not confirmed yet", next.step);
        Ok(Again::Wait(self.scaled(Duration::from_secs(POLLS[at])), why))
    }

    /// Whether a status says that an action's last call is done.
    fn confirms(&self, machine: &Machine, action: &Action, said: &MachineStatus) -> bool {
        if said.action.as_deref().is_some_and(|word| word.trim().eq_ignore_ascii_case("pending")) {
            return false;
        }
        let now = power(said.power.as_deref(), None);
        match action.step.as_str() {
            "start" => now == Power::Running,
            "stop" => now == Power::Stopped,
            "format" => {
                // A wiped machine has another password.
                let known = machine.password.as_deref().zip(self.vault());
                let known = known.and_then(|(sealed, vault)| vault.open(&super::purpose(machine.id), sealed).ok());
                said.password.as_ref().is_some_and(|password| known.as_deref() != Some(password.expose()))
            }
            _ => true,
        }
    }

    /// All calls are confirmed. A reinstall must have brought the system that was asked for.
    async fn finish_action(
        &self,
        mut action: Action,
        status: &Result<MachineStatus, ReadError>,
    ) -> Result<Again, StoreError> {
        let os = status.as_ref().ok().and_then(|said| said.os.clone()).unwrap_or_default().to_lowercase();
        let other = action.os.as_deref().is_some_and(|wanted| !os.contains(&wanted.to_lowercase()));
        if other {
            action.text = Some(text::clean_line(&format!("the system is \"{os}\""), 100));
        }
        let end = if other { ActionState::Failed } else { ActionState::Done };
        self.end_action_from(action, ActionState::Asked, end).await
    }

    /// Ends an action and tells whose machine it is.
    async fn end_action_from(&self, action: Action, from: ActionState, end: ActionState) -> Result<Again, StoreError> {
        let now = self.now();
        let ended = &Action { state: end, ..action };
        let done = self
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(machine) = machines::find_locked(tx, ended.machine).await? else { return Ok(()) };
                actions::update(tx, ended, from, now).await?;
                let what = format!("{} {end}", ended.kind);
                let event = self.machine_event_in(tx, &machine, &what, &ended.correlation, now).await?;
                let kind = match end {
                    ActionState::Done => MachineKind::ActionDone,
                    _ => MachineKind::ActionFailed,
                };
                let key = format!("action:{}", ended.id);
                self.tell_machine(tx, &machine, kind, Some(ended.kind.word()), &key, &event, now).await
            })
            .await;
        match done {
            Ok(()) | Err(StoreError::Stale) => {}
            Err(error) => return Err(error),
        }
        let labels = [("kind", ended.kind.word()), ("status", end.word())];
        self.metrics().count("vps_actions_total", &labels);
        Ok(Again::Done)
    }

    /// Writes an action that was read in state `from`; false when it is another worker's by now.
    async fn save_action(&self, action: &Action, from: ActionState, now: Timestamp) -> Result<bool, StoreError> {
        let saved = self.store().write(|mut tx| async move {
            let tx = &mut tx;
            machines::find_locked(tx, action.machine).await?;
            actions::update(tx, action, from, now).await
        });
        match saved.await {
            Ok(()) => Ok(true),
            Err(StoreError::Stale) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// News of a machine to its owner, once for each key.
    #[expect(clippy::too_many_arguments, reason = "a notice's parts")]
    pub(crate) async fn tell_machine(
        &self,
        tx: &mut Tx,
        machine: &Machine,
        kind: MachineKind,
        what: Option<&str>,
        key: &str,
        event_id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Some(user) = machine.user else { return Ok(()) };
        let news = Notice::Machine(MachineNews {
            machine: machine.id,
            title: machine.title.clone(),
            ip: machine.ip.clone(),
            kind,
            what: what.map(str::to_owned),
            expires_at: machine.expires_at,
        });
        let key = format!("machine:{}:{}:{key}", machine.id, kind.word());
        notice::user(tx, user, &news, &key, event_id, &machine.object(), now).await
    }

    /// A machine's open action; while a reinstall wipes it, its old password is none.
    pub(crate) async fn is_being_wiped(&self, tx: &mut Tx, machine: MachineId) -> Result<bool, StoreError> {
        let open = actions::open(tx, machine).await?;
        Ok(open.is_some_and(|open| open.step == "format"))
    }

    /// What was done to a machine, newest first.
    pub async fn machine_actions(&self, machine: MachineId, limit: i64) -> Result<Vec<Action>, StoreError> {
        self.store().read(|mut tx| async move { actions::of_machine(&mut tx, machine, limit).await }).await
    }
}

/// The call after the last one of an action, if there is one.
fn next_step(action: &Action) -> Option<&'static str> {
    let steps: &[&'static str] = match (action.kind, &action.os) {
        (ActionKind::Start, _) => &["start"],
        (ActionKind::Stop, _) => &["stop"],
        (ActionKind::Reboot, _) => &["stop", "start"],
        (ActionKind::Reinstall, Some(_)) => &["changeos", "format"],
        (ActionKind::Reinstall, None) => &["format"],
    };
    match steps.iter().position(|step| *step == action.step) {
        Some(at) => steps.get(at + 1).copied(),
        None => steps.first().copied(),
    }
}
