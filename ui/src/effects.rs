//! What the model asked for, done: calls into `app` on the runtime's handle, answers back as messages.
//!
//! Nothing here runs on the thread that draws, except handing over. The model keeps at most one question of a kind under
//! way, so what is spawned is bounded.

use crate::export;
use crate::message::{Command, Effect, Event, ExportSet, Format, Outcome, Refusal, Reviewed};
use app::command::DecideError;
use app::view::{From, WithdrawalQuery};
use app::{App, StoreError};
use domain::operator::Actor;
use domain::{CaseId, Timestamp, WithdrawalId};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

/// Rows of a batch that are read at a time.
const READS: usize = 16;
/// How long leaving waits for the store.
const PARTING: Duration = Duration::from_millis(500);
/// Rows of one export at most.
const EXPORT_MAX: usize = 100_000;

/// Runs effects that concern the business.
#[derive(Clone)]
pub struct Runner {
    /// The business.
    pub app: App,
    /// Where calls run.
    pub runtime: tokio::runtime::Handle,
    /// Who acts.
    pub actor: Actor,
    /// The clock.
    pub clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Opens the lock.
    pub passphrase: Option<crate::options::PassphraseCheck>,
    /// Where answers go.
    pub answers: Sender<Event>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").field("actor", &self.actor).finish_non_exhaustive()
    }
}

impl Runner {
    /// Begins an effect; its answer comes as an event. Effects of the terminal are not for here.
    pub fn begin(&self, effect: Effect) {
        let runner = self.clone();
        self.runtime.spawn(async move {
            if let Some(event) = runner.carry_out(effect).await {
                // Nobody listens once the console has ended.
                let _ = runner.answers.send(event);
            }
        });
    }

    /// Carries an effect out on this thread, within a bound: for what must not be lost when the process ends.
    pub fn finish(&self, effect: Effect) {
        let work = async { tokio::time::timeout(PARTING, self.carry_out(effect)).await };
        if self.runtime.block_on(work).is_err() {
            tracing::warn!("The console left before the store answered");
        }
    }

    async fn carry_out(&self, effect: Effect) -> Option<Event> {
        let (app, now) = (&self.app, (self.clock)());
        Some(match effect {
            Effect::Withdrawals(ticket, query) => {
                Event::Withdrawals(ticket, app.withdrawals(&query).await.map_err(store))
            }
            Effect::Tally(ticket, filter) => Event::Tally(ticket, app.tally(&filter).await.map_err(store)),
            Effect::AllRows(ticket, query) => Event::AllRows(ticket, app.withdrawals(&query).await.map_err(store)),
            Effect::Detail(ticket, id) => {
                Event::Detail(ticket, app.withdrawal(id).await.map(|found| found.map(Box::new)).map_err(store))
            }
            Effect::Overview(ticket) => Event::Overview(ticket, app.overview(now).await.map(Box::new).map_err(store)),
            Effect::Audit(ticket, words, limit) => {
                Event::Audit(ticket, app.audit_rows(&words, None, limit).await.map_err(store))
            }
            Effect::Cases(ticket, open) => Event::Cases(ticket, app.cases(open).await.map_err(store)),
            Effect::Review { dialog, rows, case } => Event::Reviewed(dialog, self.review(rows, case, now).await),
            Effect::Decide { dialog, item, command } => {
                let answer = self.decide(command, now).await.map_err(|error| refusal(&error));
                Event::Decided { dialog, item, answer }
            }
            Effect::Present(id) => {
                if let Err(error) = app.present(&self.actor, id, now).await {
                    tracing::warn!(error = %error, "Presence could not be announced");
                }
                return None;
            }
            Effect::LoadState(key) => {
                let kept = app.operator_state(&self.actor.name, key).await;
                if let Err(error) = &kept {
                    tracing::warn!(error = %error, "The last session could not be read");
                }
                Event::State(key, kept.ok().flatten())
            }
            Effect::SaveState(key, value) => {
                if let Err(error) = app.save_operator_state(&self.actor.name, key, &value, now).await {
                    tracing::warn!(error = %error, "The session could not be kept");
                }
                return None;
            }
            Effect::Export { set, format, masked } => Event::Exported(self.export(set, format, masked, now).await),
            Effect::CheckPassphrase(typed) => {
                let check = self.passphrase.clone();
                // A deliberately slow hash does not belong on a worker of the runtime.
                let right = tokio::task::spawn_blocking(move || check.is_none_or(|check| check(&typed.0))).await;
                Event::Unlock(right.unwrap_or(false))
            }
            Effect::Copy(_) | Effect::Mouse(_) | Effect::Repaint | Effect::Exit(_) => return None,
        })
    }

    async fn review(
        &self,
        ids: Vec<WithdrawalId>,
        case: Option<CaseId>,
        now: Timestamp,
    ) -> Result<Box<Reviewed>, String> {
        let mut rows = Vec::with_capacity(ids.len());
        for some in ids.chunks(READS) {
            let asked: Vec<_> = some
                .iter()
                .map(|id| {
                    let (app, id) = (self.app.clone(), *id);
                    (id, tokio::spawn(async move { app.withdrawal(id).await }))
                })
                .collect();
            for (id, task) in asked {
                let read = task.await.map_err(|_| "the program is being stopped".to_owned())?;
                rows.push((id, read.map_err(store)?));
            }
        }
        let case = match case {
            Some(id) => self.app.cases(false).await.map_err(store)?.into_iter().find(|row| row.id == id),
            None => None,
        };
        let rail = self.app.overview(now).await.map_err(store)?.rail;
        Ok(Box::new(Reviewed { rows, case, rail: Some(rail) }))
    }

    async fn decide(&self, command: Command, now: Timestamp) -> Result<Outcome, DecideError> {
        let (app, actor) = (&self.app, &self.actor);
        let decided = match command {
            Command::Approve(decision) => app.approve(actor, &decision, now).await?,
            Command::Reject { decision, code, text } => app.reject(actor, &decision, &code, &text, now).await?,
            Command::Recall(decision) => app.recall(actor, &decision, now).await?,
            Command::Lookup(decision) => app.lookup(actor, &decision, now).await?,
            Command::Settle { decision, ruling, evidence } => {
                app.settle(actor, &decision, ruling, &evidence, now).await?
            }
            Command::SignCase { id, version } => app.sign_case(actor, id, version, now).await?,
            Command::RefuseCase { id, version, reason } => app.refuse_case(actor, id, version, &reason, now).await?,
            Command::Switch { switch, paused, reason } => {
                app.set_switch(actor, switch, paused, &reason, now).await?;
                return Ok(Outcome::Set);
            }
            Command::ResumeRail { reason } => {
                app.resume_rail(actor, &reason, now).await?;
                return Ok(Outcome::Set);
            }
            Command::SetMode { mode, reason } => {
                app.set_mode(actor, mode, &reason, now).await?;
                return Ok(Outcome::Set);
            }
        };
        Ok(Outcome::Decided(decided))
    }

    /// Writes all rows of a set to a file of the operator's own; returns its path and how many rows.
    async fn export(
        &self,
        set: ExportSet,
        format: Format,
        masked: bool,
        now: Timestamp,
    ) -> Result<(String, usize), String> {
        let (name, heads, rows) = match set {
            ExportSet::Withdrawals(query) => {
                ("withdrawals", &export::WITHDRAWAL_HEADS[..], self.all_withdrawals(*query, masked).await?)
            }
            ExportSet::Audit(words) => {
                let rows = self.app.audit_rows(&words, None, 10_000).await.map_err(store)?;
                let rows = rows.iter().map(|row| export::audit(&crate::clean::audit(row))).collect();
                ("audit", &export::AUDIT_HEADS[..], rows)
            }
        };
        let count = rows.len();
        let path = export_path(name, format, now);
        let shown = path.display().to_string();
        let text = render(heads, &rows, format);
        let written = tokio::task::spawn_blocking(move || write_private(&path, &text)).await;
        match written {
            Ok(Ok(())) => Ok((shown, count)),
            Ok(Err(error)) => Err(format!("{shown}: {error}")),
            Err(_) => Err("the program is being stopped".to_owned()),
        }
    }

    async fn all_withdrawals(&self, query: WithdrawalQuery, masked: bool) -> Result<Vec<Vec<String>>, String> {
        let mut rows = Vec::new();
        let mut from = From::First;
        loop {
            let asked = WithdrawalQuery { from, limit: 500, ..query.clone() };
            let window = self.app.withdrawals(&asked).await.map_err(store)?;
            rows.extend(
                window.rows.iter().map(|row| export::withdrawal(&crate::clean::row(row, &self.actor.name), masked)),
            );
            match window.rows.last() {
                Some(last) if window.after && rows.len() < EXPORT_MAX => {
                    from = From::After(last.key(query.sort));
                }
                _ => return Ok(rows),
            }
        }
    }
}

fn render(heads: &[&str], rows: &[Vec<String>], format: Format) -> String {
    match format {
        Format::Csv => {
            let head: Vec<String> = heads.iter().map(|head| (*head).to_owned()).collect();
            let lines: String = rows.iter().map(|row| export::csv_line(row)).collect();
            export::csv_line(&head) + &lines
        }
        Format::Json => {
            let objects: Vec<String> = rows.iter().map(|row| export::json_object(heads, row)).collect();
            format!("[{}]\n", objects.join(",\n"))
        }
    }
}

fn export_path(name: &str, format: Format, now: Timestamp) -> PathBuf {
    let stamp: String = now.rfc3339().chars().filter(char::is_ascii_alphanumeric).collect();
    let ending = if format == Format::Csv { "csv" } else { "json" };
    let folder = std::env::var_os("HOME").map_or_else(std::env::temp_dir, PathBuf::from);
    folder.join(format!("viralcore-{name}-{stamp}.{ending}"))
}

fn write_private(path: &std::path::Path, text: &str) -> std::io::Result<()> {
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// A store's failure for the status line; what the driver said goes to the log only.
#[expect(clippy::needless_pass_by_value, reason = "passed to map_err")]
fn store(error: StoreError) -> String {
    tracing::warn!(error = %error, "The console could not read the store");
    match error {
        StoreError::Busy | StoreError::Contended => "store busy".to_owned(),
        StoreError::DiskFull => "the disk is full".to_owned(),
        _ => "the store does not answer".to_owned(),
    }
}

/// A refusal with the next step.
fn refusal(error: &DecideError) -> Refusal {
    let changed = matches!(error, DecideError::Changed { .. });
    let text = match error {
        DecideError::Changed { state, .. } => {
            format!("somebody else was first, or it changed: it is {state} now; esc, look again")
        }
        DecideError::Stopped(why) => {
            format!("payouts are stopped ({why}); an admin resumes with :switch resume withdrawals")
        }
        DecideError::Store(cause) => {
            tracing::error!(error = %cause, "A decision could not be recorded");
            "the store could not record it; it was not decided, or L and the trail will show it: look again".to_owned()
        }
        other => other.to_string(),
    };
    Refusal { text, changed }
}
