//! Simulated Telegram users: they come, look at menus, those with earnings withdraw, and those with post credits have
//! posts boosted. They know the bot only as a person does, by its messages and buttons. One task moves all of them.

mod mind;
mod screen;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

use crate::SandboxConfig;
use crate::chance::Chance;
use crate::names;
use crate::stand::stopped;
use crate::telegram::{Telegram, User, Words};
use mind::{Goal, Move, Visit};
use screen::Screen;

const FIRST_ID: i64 = 710_000_001;
/// Nobody new comes while the bot has this many updates to fetch.
const BACKLOG_MAX: usize = 100;
const VISITORS_MAX: usize = 60;
/// How many of the bot's messages a person looks at.
const SCREENS: usize = 3;
const PATIENCE: Duration = Duration::from_secs(8);

pub(crate) struct Population {
    telegram: Arc<Telegram>,
    ids: Vec<i64>,
    seed: u64,
    speed: f64,
    begun: AtomicBool,
}

/// Somebody who is at it now.
struct Visitor {
    id: i64,
    goal: Goal,
    visit: Visit,
    /// When they look at the phone again.
    at: Instant,
    /// The chat's revision when they last did something, and when that was.
    acted: (u64, Instant),
}

/// Who is there and who comes next.
struct Crowd {
    chance: Chance,
    visitors: Vec<Visitor>,
    next_withdrawal: Instant,
    next_boost: Instant,
    next_browser: Instant,
    /// Visits in a row that came to nothing.
    failures: u32,
    /// Visits for a withdrawal so far.
    visits: u32,
}

impl Population {
    pub(crate) fn new(telegram: Arc<Telegram>, config: &SandboxConfig) -> Self {
        let mut chance = Chance::new(config.seed);
        let ids: Vec<i64> = (0..i64::from(config.population)).map(|index| FIRST_ID + index).collect();
        for id in &ids {
            let (first, last_name, username) = names::person(&mut chance);
            let user = User { last_name, username, started: true, ..User::new(*id, &first) };
            telegram.know_user(user);
        }
        let speed = if config.speed.is_finite() { config.speed.clamp(0.01, 1_000.0) } else { 1.0 };
        Self { telegram, ids, seed: config.seed, speed, begun: AtomicBool::new(false) }
    }

    pub(crate) fn ids(&self) -> Vec<i64> {
        self.ids.clone()
    }

    /// True for the first caller.
    pub(crate) fn begin(&self) -> bool {
        !self.begun.swap(true, Ordering::SeqCst) && !self.ids.is_empty()
    }

    /// Moves everybody until the sandbox is dropped.
    pub(crate) async fn run(self: Arc<Self>, mut stop: watch::Receiver<()>) {
        let now = Instant::now();
        let mut crowd = Crowd {
            chance: Chance::new(self.seed.wrapping_add(1)),
            visitors: Vec::new(),
            next_withdrawal: now + self.life(400),
            next_boost: now + self.life(6_000),
            next_browser: now + self.life(900),
            failures: 0,
            visits: 0,
        };
        loop {
            self.turn(&mut crowd);
            let wakes = crowd.visitors.iter().map(|visitor| visitor.at);
            let next = wakes
                .chain([crowd.next_withdrawal, crowd.next_boost, crowd.next_browser])
                .min()
                .unwrap_or_else(Instant::now);
            tokio::select! {
                () = tokio::time::sleep_until(next.max(Instant::now() + Duration::from_millis(20))) => {}
                () = stopped(&mut stop) => return,
            }
        }
    }

    /// `ms` of these people's life.
    fn life(&self, ms: u64) -> Duration {
        Duration::from_millis(ms).div_f64(self.speed)
    }

    fn turn(&self, crowd: &mut Crowd) {
        let now = Instant::now();
        self.welcome(crowd, now);
        let mut visitors = std::mem::take(&mut crowd.visitors);
        visitors.retain_mut(|visitor| visitor.at > now || self.act(visitor, crowd, now));
        crowd.visitors.append(&mut visitors);
    }

    /// Lets the next ones come: somebody who withdraws each ten to twenty seconds, somebody with a post each fifteen to
    /// thirty, somebody who looks around each five.
    fn welcome(&self, crowd: &mut Crowd, now: Instant) {
        let overrun = self.telegram.backlog() > BACKLOG_MAX || crowd.visitors.len() >= VISITORS_MAX;
        if now >= crowd.next_withdrawal {
            if !overrun {
                self.come(crowd, Goal::Withdraw, now);
            }
            // The first few come close together, so that there is something to see.
            crowd.visits += 1;
            let (low, high) = if crowd.visits < 3 { (1_500, 3_000) } else { (10_000, 20_000) };
            let pause = self.life(crowd.chance.between(low, high));
            crowd.next_withdrawal = now + pause;
        }
        if now >= crowd.next_boost {
            if !overrun {
                self.come(crowd, Goal::Boost, now);
            }
            let pause = self.life(crowd.chance.between(15_000, 30_000));
            crowd.next_boost = now + pause;
        }
        if now >= crowd.next_browser {
            if !overrun && crowd.visitors.len() < self.ids.len() {
                self.come(crowd, Goal::Browse, now);
            }
            let pause = self.life(crowd.chance.between(4_000, 9_000));
            crowd.next_browser = now + pause;
        }
    }

    fn come(&self, crowd: &mut Crowd, goal: Goal, now: Instant) {
        let absent: Vec<i64> =
            self.ids.iter().copied().filter(|id| crowd.visitors.iter().all(|visitor| visitor.id != *id)).collect();
        if let Some(id) = crowd.chance.pick(&absent).copied() {
            let acted = (self.telegram.revision(id), now);
            crowd.visitors.push(Visitor { id, goal, visit: Visit::new(goal), at: now, acted });
        }
    }

    /// One look at the phone. False when the visit is over.
    fn act(&self, visitor: &mut Visitor, crowd: &mut Crowd, now: Instant) -> bool {
        let revision = self.telegram.revision(visitor.id);
        let begun = visitor.visit.has_begun();
        if begun && revision == visitor.acted.0 {
            visitor.at = now + self.life(700).max(Duration::from_millis(50));
            let patient = now < visitor.acted.1 + PATIENCE;
            if !patient {
                self.left(crowd, visitor.goal, false, now);
            }
            return patient;
        }
        let (seen, _) = self.telegram.look(visitor.id);
        let screens: Vec<Screen> =
            seen.iter().rev().filter(|each| each.from_bot).take(SCREENS).map(Screen::of).collect();
        match visitor.visit.next(&screens, &mut crowd.chance) {
            Move::Say(text) => {
                if self.telegram.say(visitor.id, visitor.id, Words { text, ..Words::default() }).is_err() {
                    return false;
                }
            }
            Move::Press { message_id, data } => {
                self.telegram.press(visitor.id, visitor.id, Some(message_id), &data, false);
            }
            Move::Leave(withdrew) => {
                self.left(crowd, visitor.goal, withdrew, now);
                return false;
            }
        }
        visitor.acted = (revision, now);
        visitor.at = now + self.life(crowd.chance.between(700, 2_200)).max(Duration::from_millis(50));
        true
    }

    /// When a visit came to nothing another one follows soon, but ever later while none succeeds.
    fn left(&self, crowd: &mut Crowd, goal: Goal, withdrew: bool, now: Instant) {
        if goal != Goal::Withdraw {
            return;
        }
        crowd.failures = if withdrew { 0 } else { crowd.failures + 1 };
        if !withdrew {
            let soon = now + self.life(1_500) * 2_u32.pow(crowd.failures.min(4));
            crowd.next_withdrawal = crowd.next_withdrawal.min(soon);
        }
    }
}
