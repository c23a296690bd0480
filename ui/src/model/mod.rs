//! The model: all that the console knows. Changed by `update` alone, drawn by `view` alone.

mod tabs;

pub use tabs::{Audit, Cases, Detail, Log, OverviewTab, Part, Prompt, Tab, Withdrawals};

use crate::key::Key;
use crate::keymap::Place;
use crate::line_edit::LineEdit;
use crate::log_feed::LogLevel;
use crate::message::{Effect, Reason};
use crate::options::{Environment, Options};
use crate::review::Review;
use crate::theme::{self, Theme};
use app::view::WithdrawalSort;
use domain::Timestamp;
use domain::operator::Actor;
use std::collections::VecDeque;
use std::time::Duration;

/// What lies over the tab. The topmost takes every key.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keymap, from a line on.
    Help(usize),
    /// The palette: what is typed and the chosen completion.
    Palette(LineEdit, usize),
    /// A decision.
    Review(Box<Review>),
    /// How to quit.
    Quit,
    /// Mark so many rows?
    MarkMany(i64),
}

/// A message in place of the hint row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// What.
    pub text: String,
    /// Stays until Esc.
    pub error: bool,
    /// Goes by itself then.
    pub until: Option<Timestamp>,
}

/// The locked screen.
#[derive(Clone, Debug, Default)]
pub struct Lock {
    /// What is typed.
    pub line: LineEdit,
    /// Being checked.
    pub checking: bool,
    /// Wrong tries.
    pub wrong: u32,
}

/// How urgent a new frame is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Dirty {
    /// Nothing visible changed.
    #[default]
    No,
    /// A feed changed something: frames keep their distance.
    Feed,
    /// An answer to the operator: at once.
    Now,
}

/// How fresh the data is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Link {
    /// Nothing was read yet.
    Loading,
    /// As fresh as expected.
    Live,
    /// Later than expected, by so much.
    Late(Duration),
    /// Long gone.
    Offline(Duration),
}

/// All that the console knows.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it; what needs words has them")]
pub struct Model {
    pub environment: Environment,
    pub actor: Actor,
    pub approvers: usize,
    pub read_only: bool,
    pub runtime_inside: bool,
    pub has_passphrase: bool,
    pub idle_lock: Duration,
    pub stale_after: Duration,
    pub reasons: Vec<Reason>,

    /// Columns and lines of the window.
    pub size: (u16, u16),
    pub focused: bool,
    pub theme: Theme,
    pub mask: bool,
    pub mouse: bool,

    /// When the last message was handled.
    pub now: Timestamp,
    /// The clock and ages on screen are of this moment.
    pub frame_at: Timestamp,
    /// Countdowns and lateness on screen are of this moment.
    pub tick_at: Timestamp,
    pub started: bool,
    pub dirty: Dirty,

    pub tab: Tab,
    pub last_tab: Tab,
    pub overview: OverviewTab,
    pub withdrawals: Withdrawals,
    pub detail: Detail,
    pub audit: Audit,
    pub log: Log,
    pub cases: Cases,

    pub prompt: Option<Prompt>,
    pub overlays: Vec<Overlay>,
    pub toast: Option<Toast>,
    pub lock: Option<Lock>,
    pub pending: Option<Key>,
    pub last_key_at: Timestamp,
    /// Keys read before this moment were typed without seeing what they would act on.
    pub keys_from: Timestamp,
    /// Ctrl-c was the last key.
    pub interrupted: bool,
    pub leaving: bool,

    /// The next ticket of a question.
    pub tickets: u64,
    op_seed: u64,
    op_count: u64,
}

impl Model {
    /// A model at `now`, before anything was read.
    pub fn new(options: &Options, theme: Theme, size: (u16, u16), now: Timestamp) -> Self {
        let withdrawals = Withdrawals {
            filter_text: "state:open".into(),
            filter: crate::filter::parse("state:open", now).unwrap_or_default(),
            ..Withdrawals::default()
        };
        Self {
            environment: options.environment,
            actor: options.actor.clone(),
            approvers: options.me.approvers,
            read_only: options.read_only,
            runtime_inside: options.runtime_inside,
            has_passphrase: options.passphrase_check.is_some(),
            idle_lock: options.idle_lock,
            stale_after: options.stale_after,
            reasons: Vec::new(),
            size,
            focused: true,
            theme,
            mask: options.mask,
            mouse: false,
            now,
            frame_at: now,
            tick_at: now,
            started: false,
            dirty: Dirty::Now,
            tab: Tab::Overview,
            last_tab: Tab::Withdrawals,
            overview: OverviewTab::default(),
            withdrawals,
            detail: Detail::default(),
            audit: Audit { want: 200, ..Audit::default() },
            log: Log {
                lines: VecDeque::new(),
                held: Vec::new(),
                follow: true,
                wrap: false,
                level: LogLevel::Info,
                paused: false,
                back: 0,
                filter_text: String::new(),
            },
            cases: Cases::default(),
            prompt: None,
            overlays: Vec::new(),
            toast: None,
            lock: None,
            pending: None,
            last_key_at: now,
            keys_from: Timestamp::from_micros(i64::MIN),
            interrupted: false,
            leaving: false,
            tickets: 0,
            op_seed: options.op_seed,
            op_count: 0,
        }
    }

    /// Where keys go when nothing lies over the tab.
    pub fn place(&self) -> Place {
        match self.tab {
            Tab::Overview => Place::Overview,
            Tab::Withdrawals if self.detail.open => Place::Detail,
            Tab::Withdrawals => Place::Withdrawals,
            Tab::Audit => Place::Audit,
            Tab::Log => Place::Log,
            Tab::Cases => Place::Cases,
        }
    }

    /// True when the window is wide enough for list and detail side by side.
    pub fn side_by_side(&self) -> bool {
        self.size.0 >= 120
    }

    /// True when the window is too small to decide anything.
    pub fn is_tiny(&self) -> bool {
        self.size.0 < 60 || self.size.1 < 15
    }

    /// Lines of the body.
    pub fn body_height(&self) -> usize {
        usize::from(self.size.1).saturating_sub(4)
    }

    /// Lines of the withdrawals list: the body without its column heads.
    pub fn list_height(&self) -> usize {
        if self.is_tiny() {
            return usize::from(self.size.1).saturating_sub(2).max(1);
        }
        self.body_height().saturating_sub(1).max(1)
    }

    /// Shows a message for six seconds; an error that stands there stays.
    pub fn say(&mut self, text: impl Into<String>) {
        if self.toast.as_ref().is_some_and(|toast| toast.error) {
            return;
        }
        self.toast =
            Some(Toast { text: text.into(), error: false, until: Some(self.now.plus(Duration::from_secs(6))) });
        self.dirty = Dirty::Now;
    }

    /// Shows an error until Esc.
    pub fn complain(&mut self, text: impl Into<String>) {
        self.toast = Some(Toast { text: text.into(), error: true, until: None });
        self.dirty = Dirty::Now;
    }

    /// A frame is needed for the operator.
    pub fn touch(&mut self) {
        self.dirty = Dirty::Now;
    }

    /// A frame is needed for a feed.
    pub fn touch_feed(&mut self) {
        self.dirty = self.dirty.max(Dirty::Feed);
    }

    /// How fresh the open tab's data is.
    pub fn link(&self) -> Link {
        let fetch = match self.tab {
            Tab::Withdrawals => &self.withdrawals.fetch,
            Tab::Audit => &self.audit.fetch,
            Tab::Cases => &self.cases.fetch,
            Tab::Overview | Tab::Log => &self.overview.fetch,
        };
        let Some(good_at) = fetch.good_at() else { return Link::Loading };
        let age = self.tick_at.since(good_at);
        let late = crate::fetch::HEARTBEAT * 2;
        match age {
            _ if age <= late => Link::Live,
            _ if age <= Duration::from_secs(60) => Link::Late(age),
            _ => Link::Offline(age),
        }
    }

    /// True when withdrawals are too old to decide on.
    pub fn is_stale(&self) -> bool {
        let bound = match self.tab {
            Tab::Cases => Duration::from_secs(120),
            _ => self.stale_after,
        };
        match self.tab {
            Tab::Cases => self.cases.fetch.older_than(self.now, bound),
            _ => self.withdrawals.fetch.older_than(self.now, bound),
        }
    }

    /// True when the order of the withdrawals may not change.
    pub fn is_frozen(&self) -> bool {
        let deciding = self.overlays.iter().any(|o| matches!(o, Overlay::Review(_) | Overlay::MarkMany(_)));
        self.withdrawals.frozen || !self.withdrawals.marks.is_empty() || deciding
    }

    /// A fresh operation id, unlike every other one of this session and of other sessions.
    pub fn next_op(&mut self) -> String {
        self.op_count += 1;
        let n = splitmix(self.op_seed.wrapping_add(self.op_count.wrapping_mul(0x9e37_79b9_7f4a_7c15)));
        format!("{:04X}-{:04X}-{:08X}", n >> 48, n >> 32 & 0xffff, n & 0xffff_ffff)
    }

    /// Changes the theme; false when there is none of that name.
    pub fn set_theme(&mut self, name: &str) -> bool {
        let theme = theme::Theme::named(name, self.theme.glyphs);
        let known = theme.is_some();
        if let Some(theme) = theme {
            self.theme = theme;
        }
        self.touch();
        known
    }

    /// What is kept for the next session.
    pub fn session(&self) -> Effect {
        let w = &self.withdrawals;
        let session = serde_json::json!({
            "tab": self.tab.word(),
            "filter": w.filter_text,
            "sort": if w.sort == WithdrawalSort::Amount { "amount" } else { "age" },
            "descending": w.descending,
            "cursor": w.list.cursor(),
            "theme": self.theme.name,
        });
        Effect::SaveState("console", session.to_string())
    }
}

/// Spreads a counter over 64 bits without repeats.
const fn splitmix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
