//! Looking after machines: how they are, whether their passwords came, when they end.
//!
//! Machines are asked oldest look first, a few at a time; those with an open action are its job's. Reminders come 7, 3 and
//! 1 days before the end. A machine whose term is over is `expired` and can be renewed for as long as the provider knows
//! it; then it is `gone`.

use crate::notice::{MachineKind, alarm};
use crate::{App, StoreError};
use ::providers::ReadError;
use domain::Timestamp;
use domain::vps::MachineState;
use std::net::Ipv4Addr;
use std::time::Duration;
use store::vps::actions;
use store::vps::machines::{self, Machine};

/// Days before the end, the earliest first.
const REMINDERS: [i64; 3] = [7, 3, 1];
const DAY: Duration = Duration::from_secs(86_400);
/// So many looks in a row find no machine before it counts as gone.
const MISSES: i64 = 3;
/// No more reminders at a time.
const MANY: i64 = 500;

impl App {
    /// One round: the status of machines that are due, then terms and reminders.
    pub(crate) async fn look_after_machines(&self, now: Timestamp) -> Result<(), StoreError> {
        let settings = &self.settings().vps;
        if self.has_smartvps() {
            let before = now.minus(settings.status_every);
            let due =
                self.store()
                    .read(|mut tx| async move {
                        machines::due_for_status(&mut tx, before, false, settings.status_batch).await
                    })
                    .await?;
            for machine in due {
                self.sync_machine(&machine).await?;
            }
        }
        self.remind_of_terms(self.now()).await
    }

    /// Reads one machine's status.
    async fn sync_machine(&self, machine: &Machine) -> Result<(), StoreError> {
        let Ok(ip) = machine.ip.parse::<Ipv4Addr>() else { return Ok(()) };
        let id = machine.id;
        let busy = self.store().read(|mut tx| async move { actions::open(&mut tx, id).await }).await?;
        if busy.is_some() {
            return Ok(());
        }
        let (status, _) = self.smartvps().status(ip, &machine.object()).await;
        let (now, status) = (self.now(), &status);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let Some(mut machine) = machines::find_locked(tx, id).await? else { return Ok(()) };
                // Whoever acts on it reads it, too.
                if machine.state == MachineState::Gone || actions::open(tx, id).await?.is_some() {
                    return Ok(());
                }
                let was = machine.state;
                self.note_status_in(tx, &mut machine, status, None, now).await?;
                self.settle_renewal_in(tx, &machine, now).await?;
                let missing = matches!(status, Err(ReadError::Refused { status: 404, .. }));
                if missing && machine.sync_failures >= MISSES {
                    self.miss_machine_in(tx, &mut machine, now).await?;
                }
                if machine.state != was {
                    let what = format!("{was} to {}", machine.state);
                    self.machine_event_in(tx, &machine, &what, &machine.object(), now).await?;
                }
                Ok(())
            })
            .await
    }

    /// The provider does not know the machine any more: after its term that is its end, before it a person looks.
    async fn miss_machine_in(
        &self,
        tx: &mut store::Tx,
        machine: &mut Machine,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if machine.expires_at.is_some_and(|at| at <= now) {
            machine.state = MachineState::Gone;
            machines::update(tx, machine, now).await?;
            machine.version += 1;
            let event = self.machine_event_in(tx, machine, "gone", &machine.object(), now).await?;
            return self.tell_machine(tx, machine, MachineKind::Gone, None, "end", &event, now).await;
        }
        if machine.attention.as_deref() == Some("missing") {
            return Ok(());
        }
        machine.ask_for_attention("missing", now);
        machines::update(tx, machine, now).await?;
        machine.version += 1;
        let words =
            format!("Machine {} at {} is not known to SmartVPS and its term is not over", machine.id, machine.ip);
        let topic = machine.object();
        alarm(tx, self, "vps_machine", &topic, "A machine is missing", words, &topic, now).await
    }

    /// Reminders before the end of a term, and the end itself.
    async fn remind_of_terms(&self, now: Timestamp) -> Result<(), StoreError> {
        let before = now.plus(DAY * 7);
        let due = self.store().read(|mut tx| async move { machines::expiring(&mut tx, before, MANY).await }).await?;
        for machine in due {
            if word_of(&machine, now).is_none() {
                continue;
            }
            self.store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(mut machine) = machines::find_locked(tx, machine.id).await? else { return Ok(()) };
                    let Some((kind, days)) = word_of(&machine, now) else { return Ok(()) };
                    machine.told_expiry = Some(days);
                    if kind == MachineKind::Expired && machine.state.is_living() {
                        machine.state = MachineState::Expired;
                    }
                    machines::update(tx, &machine, now).await?;
                    let what = if days == 0 { "expired".to_owned() } else { format!("expires within {days} days") };
                    let event = self.machine_event_in(tx, &machine, &what, &machine.object(), now).await?;
                    let term = machine.expires_at.map_or(0, Timestamp::micros);
                    let key = format!("{term}:{days}");
                    let days = days.to_string();
                    self.tell_machine(tx, &machine, kind, Some(&days), &key, &event, now).await
                })
                .await?;
        }
        Ok(())
    }
}

/// What its owner is to be told of a machine's term now, with the days that are written down; `None` when it was told.
fn word_of(machine: &Machine, now: Timestamp) -> Option<(MachineKind, i64)> {
    let left = machine.expires_at?;
    let told = machine.told_expiry.unwrap_or(i64::MAX);
    if left <= now {
        return (told > 0).then_some((MachineKind::Expired, 0));
    }
    let within = |days: i64| left <= now.plus(DAY * u32::try_from(days).unwrap_or(0));
    let nearest = REMINDERS.into_iter().filter(|days| within(*days)).min()?;
    (told > nearest).then_some((MachineKind::Expiring, nearest))
}
