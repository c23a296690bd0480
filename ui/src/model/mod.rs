//! The model: all that the console knows. Changed by `update` alone, drawn by `view` alone.

mod boosts;
mod detail;
mod ipstock;
mod over;
mod payments;
mod providers;
mod tabs;
mod withdrawals;

pub use boosts::{BoostPane, BoostPart, Boosts};
pub use detail::Detail;
pub use ipstock::{
    Filtered, Ipstock, ItemForm, ItemPane, ItemPart, MachinePane, MachinePart, OrderPane, OrderPart, Shelf,
};
pub use over::{Dirty, Link, Lock, Overlay, Toast};
pub use payments::{InvoicePane, Payments, Till, TillPart, TransferPane};
pub use providers::{
    Mappings, OurLine, PanelLine, ProviderPane, ProviderPart, Providers, Services, Syncs, service_place,
};
pub use tabs::{Audit, Cases, Log, OverviewTab, Prompt, Tab};
pub use withdrawals::{Part, WithdrawalPane, Withdrawals};

use crate::fetch::Fetch;
use crate::filter::Fault;
use crate::key::Key;
use crate::keymap::Place;
use crate::log_feed::LogLevel;
use crate::message::{Effect, Reason};
use crate::options::{Environment, Options};
use crate::theme::{self, Theme};
use crate::windowed::Took;
use app::view::WithdrawalSort;
use app::view::boosts::BoostSort;
use app::view::ipstock::ItemSort;
use domain::Timestamp;
use domain::operator::Actor;
use std::collections::VecDeque;
use std::time::Duration;

/// What is decided about cases, providers and orders may not be older than this.
const STALE: Duration = Duration::from_secs(120);

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
    pub detail: WithdrawalPane,
    pub providers: Providers,
    pub boosts: Boosts,
    pub ipstock: Ipstock,
    pub payments: Payments,
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
            filter: crate::filter::withdrawals("state:open", now).unwrap_or_default(),
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
            detail: WithdrawalPane::default(),
            providers: Providers::default(),
            boosts: Boosts::default(),
            ipstock: Ipstock::default(),
            payments: Payments::default(),
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
            Tab::Providers if !self.providers.detail.open => Place::Providers,
            Tab::Providers => match self.providers.detail.part {
                ProviderPart::Services => Place::Services,
                ProviderPart::Mappings => Place::Mappings,
                _ => Place::Provider,
            },
            Tab::Boosts if self.boosts.detail.open => Place::Boost,
            Tab::Boosts => Place::Boosts,
            Tab::Ipstock => match (self.ipstock.shelf, self.ipstock.is_open()) {
                (Shelf::Items, false) => Place::Ipstock,
                (Shelf::Items, true) => Place::Item,
                (Shelf::Orders, false) => Place::VpsOrders,
                (Shelf::Orders, true) => Place::VpsOrder,
                (Shelf::Machines, false) => Place::Machines,
                (Shelf::Machines, true) => Place::Machine,
                (Shelf::Reviews, _) => Place::Reviews,
            },
            Tab::Payments => match (self.payments.till, self.payments.is_open()) {
                (Till::Invoices, false) => Place::Invoices,
                (Till::Invoices, true) => Place::Invoice,
                (Till::Transfers, false) => Place::Transfers,
                (Till::Transfers, true) => Place::Transfer,
                (Till::People, _) => Place::People,
                (Till::Products, _) => Place::Products,
                (Till::Health, _) => Place::PaymentHealth,
            },
            Tab::Audit => Place::Audit,
            Tab::Log => Place::Log,
            Tab::Cases => Place::Cases,
        }
    }

    /// True when a detail has the whole screen.
    pub fn is_detail_open(&self) -> bool {
        match self.tab {
            Tab::Withdrawals => self.detail.open,
            Tab::Providers => self.providers.detail.open,
            Tab::Boosts => self.boosts.detail.open,
            Tab::Ipstock => self.ipstock.is_open(),
            Tab::Payments => self.payments.is_open(),
            _ => false,
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

    /// Lines of the open tab's list: the body without its column heads and what stands below.
    pub fn list_height(&self) -> usize {
        if self.is_tiny() {
            return usize::from(self.size.1).saturating_sub(2).max(1);
        }
        let body = self.body_height();
        match self.place() {
            // Heads and the line that explains the row under the cursor.
            Place::Boosts | Place::Boost => body.saturating_sub(2),
            Place::Ipstock
            | Place::Item
            | Place::VpsOrders
            | Place::VpsOrder
            | Place::Machines
            | Place::Machine
            | Place::Reviews
            | Place::Invoices
            | Place::Invoice
            | Place::Transfers
            | Place::Transfer
            | Place::People
            | Place::Products => body.saturating_sub(2),
            // All of them where there is room for the chosen one below: heads, summary, a line, and six of it.
            Place::Providers => self.providers.list.rows().len().min(body.saturating_sub(12).max(3)),
            // The row of parts, a blank one, heads.
            Place::Services | Place::Mappings => body.saturating_sub(3),
            _ => body.saturating_sub(1),
        }
        .max(1)
    }

    /// The filter of the open tab as it stands, where it has one.
    pub fn filter_text(&self) -> Option<&str> {
        match self.place() {
            Place::Withdrawals => Some(&self.withdrawals.filter_text),
            Place::Boosts => Some(&self.boosts.filter_text),
            Place::Ipstock | Place::VpsOrders | Place::Machines => self.ipstock.filter_text(),
            Place::Invoices | Place::Transfers => self.payments.filter_text(),
            Place::Services => Some(&self.providers.services.words),
            Place::Audit => Some(&self.audit.filter_text),
            Place::Log => Some(&self.log.filter_text),
            _ => None,
        }
    }

    /// What is wrong with the filter that is typed or stands there.
    pub fn fault(&self) -> Option<&Fault> {
        match self.tab {
            Tab::Withdrawals => self.withdrawals.fault.as_ref(),
            Tab::Boosts => self.boosts.fault.as_ref(),
            Tab::Ipstock => self.ipstock.fault(),
            Tab::Payments => self.payments.fault(),
            _ => None,
        }
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

    /// A frame for what taking a window did.
    pub fn show_window(&mut self, took: Took) {
        if took.awaited {
            self.touch();
        } else if took.changed || took.failed || took.recovered {
            self.touch_feed();
        }
        if took.recovered {
            self.say("the store answers again; this is as of now");
        }
    }

    /// A frame for a detail that was read: another one than before, or the same with something different.
    pub fn show_detail(&mut self, (other, changed): (bool, bool)) {
        if other {
            self.touch();
        } else if changed {
            self.touch_feed();
        }
    }

    /// The source of what the open tab shows.
    pub fn source(&self) -> &Fetch {
        match self.tab {
            Tab::Withdrawals => &self.withdrawals.table.fetch,
            Tab::Providers => &self.providers.fetch,
            Tab::Boosts => &self.boosts.table.fetch,
            Tab::Ipstock => self.ipstock.source(),
            Tab::Payments => self.payments.source(),
            Tab::Audit => &self.audit.fetch,
            Tab::Cases => &self.cases.fetch,
            Tab::Overview | Tab::Log => &self.overview.fetch,
        }
    }

    /// How fresh the open tab's data is.
    pub fn link(&self) -> Link {
        let Some(good_at) = self.source().good_at() else { return Link::Loading };
        let age = self.tick_at.since(good_at);
        let late = crate::fetch::HEARTBEAT * 2;
        match age {
            _ if age <= late => Link::Live,
            _ if age <= Duration::from_secs(60) => Link::Late(age),
            _ => Link::Offline(age),
        }
    }

    /// True when what the open tab decides about is too old for that.
    pub fn is_stale(&self) -> bool {
        match self.tab {
            Tab::Cases | Tab::Providers | Tab::Boosts | Tab::Ipstock | Tab::Payments => {
                self.source().older_than(self.now, STALE)
            }
            _ => self.withdrawals.table.fetch.older_than(self.now, self.stale_after),
        }
    }

    /// True when the order of the open tab's rows may not change.
    pub fn is_frozen(&self) -> bool {
        let deciding = self.overlays.iter().any(|o| matches!(o, Overlay::Review(_) | Overlay::MarkMany(_)));
        deciding
            || match self.tab {
                Tab::Boosts => self.boosts.table.is_held(),
                Tab::Providers => self.providers.services.table.is_held(),
                Tab::Payments => match self.payments.till {
                    Till::Invoices => self.payments.invoices.table.is_held(),
                    Till::Transfers => self.payments.transfers.table.is_held(),
                    Till::People => self.payments.people.is_held(),
                    Till::Products | Till::Health => false,
                },
                Tab::Ipstock => match self.ipstock.shelf {
                    Shelf::Items => self.ipstock.items.table.is_held(),
                    Shelf::Orders => self.ipstock.orders.table.is_held(),
                    Shelf::Machines => self.ipstock.machines.table.is_held(),
                    Shelf::Reviews => false,
                },
                _ => self.withdrawals.table.is_held(),
            }
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
        let (w, b, i) = (&self.withdrawals, &self.boosts, &self.ipstock.items);
        let session = serde_json::json!({
            "tab": self.tab.word(),
            "filter": w.filter_text,
            "sort": if w.sort == WithdrawalSort::Amount { "amount" } else { "age" },
            "descending": w.descending,
            "cursor": w.table.list.cursor(),
            "boosts": {
                "filter": b.filter_text,
                "sort": if b.sort == BoostSort::Age { "age" } else { "updated" },
                "descending": b.descending,
                "cursor": b.table.list.cursor(),
            },
            "ipstock": {
                "filter": i.text,
                "sort": match i.sort {
                    ItemSort::Title => "title",
                    ItemSort::Stock => "stock",
                    ItemSort::Age => "age",
                },
                "descending": i.descending,
                "cursor": i.table.list.cursor(),
            },
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
