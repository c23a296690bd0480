//! The workers that run what must happen, and what they find of those that died. The kinds of work are in `work`.
//!
//! Promises: a job is claimed by one worker, every write carries its fence; a job whose process died comes back; one
//! that keeps killing its process is dead. Sending is one at a time; a panic in a handler ends that run only. Waiting
//! for a switch, a rail or a date is not a try.

mod work;

pub(crate) use work::{Schedule, Work};

use crate::notice::alarm;
use crate::{App, StoreError, record};
use domain::event::EventType;
use domain::job::JobState;
use domain::withdrawal::WithdrawalState;
use domain::{Timestamp, schedule, text};
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use store::jobs::{Claimed, NewJob};
use store::{Tx, attempts, jobs, withdrawals};
use tokio::sync::{Mutex, watch};
use work::{AHEAD, LANES, PLACEMENT, PROVISION};

/// Jobs of the payout lane are claimed in batches of so many before other writers get a turn.
const BATCH: usize = 10;

/// A lane looks for work at least so often.
const IDLE: Duration = Duration::from_secs(1);

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Again {
    /// Nothing is left to do.
    Done,
    /// Once more after this; all is well.
    Later(Duration),
    /// Once more after this; the reason is shown.
    Wait(Duration, String),
}

/// Makes work due: it is added, or brought forward, or run again if it had ended.
pub(crate) async fn due(tx: &mut Tx, work: Work, run_at: Timestamp, now: Timestamp) -> Result<(), StoreError> {
    let (kind, lane, key, object) = work.parts();
    jobs::due(tx, &NewJob { kind, lane, key: &key, object: &object, payload: "{}", run_at }, now).await
}

impl App {
    /// What the new holder of the runtime lease does once, before any worker, endpoint or bot of its own runs: recovery
    /// ends whatever it finds under way, and would end theirs, too.
    pub async fn begin_to_lead(&self) -> Result<(), StoreError> {
        self.recover(self.now()).await?;
        self.load_mutes(self.now()).await?;
        self.restart_breakers(self.now()).await?;
        self.seed_providers(self.now()).await?;
        self.seed_products(self.now()).await?;
        self.arm_schedules(self.now()).await
    }

    /// Runs the workers until `shutdown` says so, then waits for what is under way. Only the holder of the runtime
    /// lease may call it, after [`App::begin_to_lead`]; `owner` is its name and epoch.
    pub async fn run_workers(&self, owner: &str, shutdown: watch::Receiver<bool>) -> Result<(), StoreError> {
        let mut workers = tokio::task::JoinSet::new();
        for (lane, width) in LANES {
            let width = match lane {
                PLACEMENT => self.settings().boosts.concurrency + AHEAD,
                PROVISION => self.settings().vps.concurrency,
                _ => width,
            };
            let lookout = Arc::new(Mutex::new(()));
            for n in 0..width {
                let (app, owner, shutdown) = (self.clone(), format!("{owner}/{lane}-{n}"), shutdown.clone());
                let lookout = Arc::clone(&lookout);
                workers.spawn(async move { app.run_lane(lane, &owner, &lookout, shutdown).await });
            }
        }
        let (app, sweep) = (self.clone(), shutdown.clone());
        workers.spawn(async move { app.sweep_leases(sweep).await });
        while let Some(ended) = workers.join_next().await {
            if let Err(error) = ended {
                tracing::error!(error = %error, "A worker ended by a panic; its lane is started again with the program");
            }
        }
        Ok(())
    }

    /// Runs every job that is due now, one after the other, and answers how many: for scripts and tests, which move the
    /// clock themselves. The caller must hold the runtime lease.
    pub async fn run_due_jobs(&self) -> Result<usize, StoreError> {
        let mut ran = 0;
        for (lane, _) in LANES {
            while let Some(job) = self.claim(lane, "due").await? {
                self.run_job(job).await;
                ran += 1;
            }
        }
        Ok(ran)
    }

    async fn arm_schedules(&self, now: Timestamp) -> Result<(), StoreError> {
        self.store()
            .write(|mut tx| async move {
                for schedule in Schedule::ALL {
                    due(&mut tx, Work::Every(schedule), now, now).await?;
                }
                Ok(())
            })
            .await
    }

    /// What a dead owner left: its jobs come back, its calls are unknown. Runs before any worker or endpoint.
    pub async fn recover(&self, now: Timestamp) -> Result<(), StoreError> {
        self.lose_sending(None, now).await?;
        self.lose_placements(None, now).await?;
        self.recover_vps(now).await?;
        self.recover_ipstock(now).await?;
        let back = self.take_jobs_back(Timestamp::from_micros(i64::MAX), now).await?;
        if back > 0 {
            tracing::warn!(jobs = back, "Jobs of a process that ended were taken back");
        }
        Ok(())
    }

    /// Takes back the jobs whose lease ended before a moment; those that kept killing their process are told of.
    async fn take_jobs_back(&self, expired_before: Timestamp, now: Timestamp) -> Result<i64, StoreError> {
        let crashes = i64::from(schedule::MAX_CRASHES);
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let back = jobs::take_back(tx, expired_before, crashes, now).await?;
                if back > 0 {
                    let dead = jobs::list(tx, "dead", 0, 1_000).await?;
                    for job in dead.iter().filter(|job| job.crashes >= crashes && job.updated_at == now) {
                        let error = job.error.as_deref().unwrap_or_default();
                        self.tell_dead(tx, job.id, &job.kind, &job.object, error, now).await?;
                    }
                }
                Ok(back)
            })
            .await
    }

    /// The event and the alarm of a job that is given up.
    async fn tell_dead(
        &self,
        tx: &mut Tx,
        id: i64,
        kind: &str,
        object: &str,
        error: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let correlation = format!("job-{id}");
        let data = json!({ "job_id": id, "state": "dead", "error": error });
        record::event(tx, self, EventType::JobChanged, object, &correlation, &data, now).await?;
        let words = format!("{kind} on {object} gave up: {error}. Run it again or discard it.");
        alarm(tx, self, "job", object, "A job is dead", words, &correlation, now).await
    }

    /// Attempts that are sending without a live lease: nobody knows what became of them. `None` takes every one, for
    /// the moment when the owner is known to be dead.
    async fn lose_sending(&self, expired_before: Option<Timestamp>, now: Timestamp) -> Result<(), StoreError> {
        let sending =
            self.store().read(|mut tx| async move { attempts::in_state(&mut tx, "sending", 1_000).await }).await?;
        for attempt in sending {
            if expired_before.is_some_and(|before| attempt.lease_until.is_some_and(|until| until >= before)) {
                continue;
            }
            let attempt = &attempt;
            let lost = self
                .store()
                .write(|mut tx| async move {
                    let tx = &mut tx;
                    let Some(mut w) = withdrawals::find_locked(tx, attempt.withdrawal).await? else { return Ok(()) };
                    // Sent again under another lease meanwhile: that one is alive.
                    let last = attempts::find(tx, w.id, attempt.n).await?;
                    if last.is_none_or(|last| (last.fence, last.sends) != (attempt.fence, attempt.sends)) {
                        return Ok(());
                    }
                    attempts::advance(tx, attempt.id, "sending", "unknown", Some("died: the process ended"), now)
                        .await?;
                    if w.state == WithdrawalState::Sending {
                        self.become_unknown(tx, &mut w, "died: the process ended during the call", now).await?;
                    }
                    Ok::<_, StoreError>(())
                })
                .await;
            match lost {
                // The worker came back between the read and the write: its outcome stands.
                Ok(()) | Err(StoreError::Stale) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn sweep_leases(&self, mut shutdown: watch::Receiver<bool>) {
        loop {
            tokio::select! {
                () = tokio::time::sleep(Duration::from_secs(5)) => {}
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
            let now = self.now();
            let swept = async {
                self.lose_sending(Some(now), now).await?;
                self.lose_placements(Some(now), now).await?;
                self.lose_buys(Some(now), now).await?;
                self.take_jobs_back(now, now).await
            };
            if let Err(error) = swept.await {
                tracing::warn!(error = %error, "Expired leases could not be looked at");
            }
        }
    }

    /// Of the workers without work in a lane one is on the lookout; when it finds work, the next one is.
    async fn run_lane(
        &self,
        lane: &'static str,
        owner: &str,
        lookout: &Mutex<()>,
        mut shutdown: watch::Receiver<bool>,
    ) {
        let mut changes = self.changes();
        let (mut in_row, mut looking) = (0, None);
        while !*shutdown.borrow() {
            changes.mark_unchanged();
            let mut failed = false;
            match self.claim(lane, owner).await {
                Ok(Some(job)) => {
                    looking = None;
                    self.run_job(job).await;
                    in_row += 1;
                    if in_row >= BATCH {
                        in_row = 0;
                        tokio::task::yield_now().await;
                    }
                    continue;
                }
                Ok(None) => in_row = 0,
                Err(error) => {
                    tracing::warn!(lane, error = %error, "No job could be claimed");
                    failed = true;
                }
            }
            if looking.is_none() {
                // Whoever was on the lookout has found something: there may be more.
                tokio::select! {
                    mine = lookout.lock() => looking = Some(mine),
                    _ = shutdown.wait_for(|stop| *stop) => return,
                }
                continue;
            }
            // What is due stays due while the store refuses: do not ask it in a tight loop.
            let wait = if failed { IDLE } else { self.until_due(lane).await };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = changes.changed(), if !failed => {}
                _ = shutdown.wait_for(|stop| *stop) => return,
            }
        }
    }

    async fn claim(&self, lane: &str, owner: &str) -> Result<Option<Claimed>, StoreError> {
        let now = self.now();
        // Cheap look first: an idle lane writes nothing.
        let next = self.store().read(|mut tx| async move { jobs::next_due(&mut tx, lane).await }).await?;
        if next.is_none_or(|at| at > now) {
            return Ok(None);
        }
        let lease_until = now.plus(self.job_lease());
        self.store().write(|mut tx| async move { jobs::claim(&mut tx, lane, owner, lease_until, now).await }).await
    }

    /// How long a worker owns a job without saying that it lives: the longest call and a bit.
    fn job_lease(&self) -> Duration {
        self.settings().timing.transfer_total + self.scaled(Duration::from_secs(30))
    }

    /// Keeps a job's lease alive at a third of it while the job runs. Ends only when the lease was lost; the job's own
    /// writes find that out by themselves.
    async fn keep_alive(&self, job: &Claimed) {
        loop {
            tokio::time::sleep(self.job_lease() / 3).await;
            let until = self.now().plus(self.job_lease());
            let kept = self
                .store()
                .write(|mut tx| async move { jobs::heartbeat(&mut tx, job.id, job.fence, until).await })
                .await;
            match kept {
                Ok(()) => {}
                Err(StoreError::Stale) => return,
                Err(error) => tracing::warn!(job.id = job.id, error = %error, "A lease could not be renewed"),
            }
        }
    }

    async fn until_due(&self, lane: &str) -> Duration {
        let next = self.store().read(|mut tx| async move { jobs::next_due(&mut tx, lane).await }).await;
        match next {
            Ok(Some(at)) => at.since(self.now()).clamp(Duration::from_millis(5), IDLE),
            _ => IDLE,
        }
    }

    /// Runs one job in a task of its own, so that a panic or a cancelled waiter cannot take the lane with it.
    async fn run_job(&self, job: Claimed) {
        let (app, mine) = (self.clone(), job.clone());
        let mut run = tokio::spawn(async move {
            let work = Work::read(&mine)?;
            Some((work, app.run_work(&mine, work).await))
        });
        let ran = tokio::select! {
            ran = &mut run => ran,
            () = self.keep_alive(&job) => run.await,
        };
        let now = self.now();
        let ended = match ran {
            Ok(Some((_, Ok(again)))) => self.end_job(&job, again, now).await,
            Ok(Some((work, Err(error)))) => {
                self.retry_job(&job, Some(work), &error.to_string(), is_final(&error), now).await
            }
            Ok(None) => self.retry_job(&job, None, "this program does not know this kind of job", true, now).await,
            Err(panic) => self.retry_job(&job, None, &format!("the handler panicked: {panic}"), false, now).await,
        };
        match ended {
            Ok(()) => {}
            // Another worker has it now; what it does stands.
            Err(StoreError::Stale) => tracing::warn!(job.id = job.id, job.kind = %job.kind, "A job's lease was lost"),
            Err(error) => tracing::error!(job.id = job.id, error = %error, "A job's end was not recorded"),
        }
    }

    async fn run_work(&self, job: &Claimed, work: Work) -> Result<Again, StoreError> {
        let now = self.now();
        match work {
            Work::GraceOver(id) => self.grace_over(id, now).await,
            Work::Send(id) => self.send(job, id, now).await,
            Work::Lookup(id) => self.look_up(job, id, now).await,
            Work::Case(id) => self.case_due(id, now).await.map(|()| Again::Done),
            Work::Place(part) => self.place(job, part, now).await,
            Work::Track(provider) => self.track(provider, now).await,
            Work::Evidence(placement) => self.gather_evidence(placement, now).await,
            Work::Provision(id) => self.provision(job, id, now).await,
            Work::Credentials(id) => self.await_credentials(id, now).await,
            Work::Act(id) => self.run_action(job, id, now).await,
            Work::Renew(id) => self.run_renewal(job, id, now).await,
            Work::PaymentCheck(id) => self.check_payment(job, id, now).await,
            Work::Charge(id) => self.make_charge(job, id, now).await,
            Work::PollBank(id) => self.poll_bank(id, now).await,
            Work::Every(schedule) => self.run_schedule(schedule, now).await,
        }
    }

    async fn run_schedule(&self, schedule: Schedule, now: Timestamp) -> Result<Again, StoreError> {
        let timing = &self.settings().timing;
        let soon = self.scaled(Duration::from_secs(60));
        let began = std::time::Instant::now();
        let (result, every) = match schedule {
            Schedule::Invariants => {
                (self.check_invariants(now).await.map(|_| ()).map_err(|e| e.to_string()), timing.invariants)
            }
            Schedule::Rates => (self.refresh_rates(now).await, timing.rates),
            Schedule::Banks => (self.refresh_banks(now).await.map(|_| ()), timing.banks),
            Schedule::Float => (self.read_float(now).await, timing.float),
            Schedule::Reconcile => (self.reconcile(now).await, timing.reconcile),
            Schedule::Prune => (self.prune(now).await.map_err(|e| e.to_string()), Duration::from_secs(3_600)),
            Schedule::Balances => {
                (self.read_balances().await.map_err(|e| e.to_string()), self.settings().boosts.balance)
            }
            Schedule::Syncs => (self.sync_due(now).await, crate::catalogue::due::LOOK),
            Schedule::Machines => (self.look_after_machines(now).await.map_err(|e| e.to_string()), soon),
            Schedule::PanelAlerts => (self.panel_alerts(now).await.map_err(|e| e.to_string()), soon),
            Schedule::Ages => (self.tell_ages(now).await.map_err(|e| e.to_string()), self.scaled(crate::ages::LOOK)),
            Schedule::Ipstock => {
                let every = self.settings().ipstock.sync;
                (self.ipstock_due(now).await, if every.is_zero() { soon } else { every })
            }
            Schedule::Prices => (self.refresh_prices(now).await, self.settings().prices.refresh),
            Schedule::Invoices => (self.look_after_invoices(now).await.map_err(|e| e.to_string()), soon),
            Schedule::IpstockAlerts => (self.ipstock_alerts(now).await.map_err(|e| e.to_string()), soon),
        };
        match result {
            // On a store so large that a check takes long it takes at most a twentieth of the time.
            Ok(()) if schedule == Schedule::Invariants => Ok(Again::Later(every.max(began.elapsed() * 20))),
            Ok(()) => Ok(Again::Later(every)),
            Err(why) => {
                tracing::warn!(schedule = schedule.word(), error = %why, "A schedule failed and is tried again");
                Ok(Again::Wait(soon.min(every), why))
            }
        }
    }

    async fn end_job(&self, job: &Claimed, again: Again, now: Timestamp) -> Result<(), StoreError> {
        let again = &again;
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                match again {
                    Again::Done => jobs::done(tx, job.id, job.fence, now).await,
                    Again::Later(wait) => jobs::again(tx, job.id, job.fence, now.plus(*wait), false, None, now).await,
                    Again::Wait(wait, why) => {
                        let why = text::clean_line(why, 300);
                        jobs::again(tx, job.id, job.fence, now.plus(*wait), true, Some(&why), now).await
                    }
                }
            })
            .await
    }

    async fn retry_job(
        &self,
        job: &Claimed,
        work: Option<Work>,
        error: &str,
        give_up: bool,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tries = u32::try_from(job.attempts).unwrap_or(u32::MAX);
        let spent = tries >= schedule::MAX_TRIES && !work.is_some_and(Work::never_dies);
        let error = &text::clean_line(error, 300);
        let wait = self.scaled(schedule::backoff(tries.saturating_sub(1), self.roll(), None));
        tracing::warn!(job.id = job.id, job.kind = %job.kind, error = %error, "A job failed");
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                if !(give_up || spent) {
                    return jobs::again(tx, job.id, job.fence, now.plus(wait), true, Some(error), now).await;
                }
                jobs::dead(tx, job.id, job.fence, error, now).await?;
                self.tell_dead(tx, job.id, &job.kind, &job.object, error, now).await
            })
            .await
    }

    /// A wait that shrinks with the rest of the timing in SANDBOX: as `timing.lookup_first` relates to its default.
    pub(crate) fn scaled(&self, wait: Duration) -> Duration {
        if self.settings().environment != crate::settings::Environment::Sandbox {
            return wait;
        }
        let real = Duration::from_secs(10).as_micros().max(1);
        let micros = wait.as_micros() * self.settings().timing.lookup_first.as_micros() / real;
        Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX)).min(wait)
    }

    async fn prune(&self, now: Timestamp) -> Result<(), StoreError> {
        let month = now.minus(Duration::from_secs(30 * 86_400));
        let week = now.minus(Duration::from_secs(7 * 86_400));
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                jobs::prune(tx, week, 500).await?;
                store::cases::expire(tx, now).await?;
                store::inbox::prune(tx, month, 500).await?;
                store::outbox::prune(tx, month, 500).await?;
                store::ipstock::syncs::prune(tx, now.minus(self.settings().ipstock.history), 1_000).await?;
                store::ipstock::prune_quantities(tx, now.minus(self.settings().ipstock.history), 5_000)
                    .await
                    .map(|_| ())
            })
            .await
    }

    /// Jobs after an id, of one state word or of all.
    pub async fn jobs(&self, state: &str, after: i64, limit: i64) -> Result<Vec<jobs::Job>, StoreError> {
        self.store().read(|mut tx| async move { jobs::list(&mut tx, state, after, limit).await }).await
    }

    /// One job.
    pub async fn job(&self, id: i64) -> Result<Option<jobs::Job>, StoreError> {
        self.store().read(|mut tx| async move { jobs::find(&mut tx, id).await }).await
    }

    /// Runs a dead job again, or gives it up.
    pub async fn rule_job(
        &self,
        actor: &domain::operator::Actor,
        id: i64,
        again: bool,
        reason: &str,
        now: Timestamp,
    ) -> Result<(), crate::command::DecideError> {
        use crate::command::DecideError;
        let object = format!("job:{id}");
        let action = if again { "job.retry" } else { "job.discard" };
        self.authorised(actor, domain::operator::Role::Operator, action, &object, now).await?;
        if reason.trim().is_empty() {
            return Err(DecideError::ReasonMissing);
        }
        let op = self.short_id();
        let (op, object) = (op.as_str(), object.as_str());
        self.store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let waits = jobs::find(tx, id).await?.is_some_and(|job| job.state == JobState::Ready);
                if waits && !again {
                    return Err(DecideError::Cap("it has not given up: only a dead job can be discarded".to_owned()));
                }
                match jobs::rule(tx, id, again, now).await {
                    Err(StoreError::Stale) => return Err(DecideError::NotFound(format!("dead or waiting job {id}"))),
                    other => other?,
                }
                Ok(record::audited(tx, actor, action, object, true, reason, op, now).await?)
            })
            .await
    }
}

/// An error that trying again cannot mend. A taken key can: somebody was faster, and the next run sees that.
fn is_final(error: &StoreError) -> bool {
    matches!(error, StoreError::Constraint(_) | StoreError::Corrupt(_))
}
