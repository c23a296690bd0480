//! What comes into the model and what it asks for. Time, answers and keys arrive here and nowhere else.

use crate::key::Key;
use crate::log_feed::LogLine;
use crate::options::Exit;
use app::command::{Decided, Decision, Ruling};
use app::view::{AuditRow, CaseRow, Overview, RailView, Tally, Window, WithdrawalDetail, WithdrawalFilter};
use app::view::{WithdrawalQuery, WithdrawalRow};
use domain::switch::Switch;
use domain::withdrawal::Mode;
use domain::{CaseId, Timestamp, WithdrawalId};

/// Something that happened, and when.
#[derive(Clone, Debug)]
pub struct Message {
    /// When it is handled.
    pub at: Timestamp,
    /// What.
    pub event: Event,
}

/// An answer, or why there is none.
pub type Answer<T> = Result<T, String>;

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// The first frame was drawn; data may be asked for.
    Start,
    /// A key, and when it was read from the terminal.
    Key {
        /// Which.
        key: Key,
        /// Keys read before a dialog changed were typed without seeing it.
        read_at: Timestamp,
    },
    /// Text pasted in one piece.
    Paste(String),
    /// The wheel: lines down.
    Wheel(i8),
    /// The window has this size now.
    Resize(u16, u16),
    /// The terminal gained or lost the focus.
    Focus(bool),
    /// A moment that the model asked for has come.
    Tick,
    /// Something was committed, by any process.
    Changed,
    /// New log lines.
    Log(Vec<LogLine>),
    /// The configured reasons of a rejection.
    Reasons(Vec<Reason>),
    /// Answer to [`Effect::Withdrawals`].
    Withdrawals(u64, Answer<Window<WithdrawalRow>>),
    /// Answer to [`Effect::Tally`].
    Tally(u64, Answer<Tally>),
    /// Answer to [`Effect::AllRows`].
    AllRows(u64, Answer<Window<WithdrawalRow>>),
    /// Answer to [`Effect::Detail`].
    Detail(u64, Answer<Option<Box<WithdrawalDetail>>>),
    /// Answer to [`Effect::Overview`].
    Overview(u64, Answer<Box<Overview>>),
    /// Answer to [`Effect::Audit`].
    Audit(u64, Answer<Vec<AuditRow>>),
    /// Answer to [`Effect::Cases`].
    Cases(u64, Answer<Vec<CaseRow>>),
    /// Answer to [`Effect::Review`].
    Reviewed(u64, Answer<Box<Reviewed>>),
    /// Answer to [`Effect::Decide`].
    Decided {
        /// The dialog.
        dialog: u64,
        /// The item of the dialog.
        item: usize,
        /// What became of it.
        answer: Result<Outcome, Refusal>,
    },
    /// Answer to [`Effect::LoadState`].
    State(&'static str, Option<String>),
    /// Whether the passphrase opens the lock.
    Unlock(bool),
    /// An export ended: the file and its rows.
    Exported(Answer<(String, usize)>),
    /// Something beside the screen failed; worth a toast.
    Trouble(String),
    /// The program is being stopped.
    Shutdown,
    /// The terminal is gone.
    Hangup,
}

/// A reason of a rejection: its code and the text that the user gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The code.
    pub code: String,
    /// The text.
    pub text: String,
}

/// What a review read from the store.
#[derive(Clone, Debug)]
pub struct Reviewed {
    /// The withdrawals; `None` for one that is not there.
    pub rows: Vec<(WithdrawalId, Option<WithdrawalDetail>)>,
    /// The case.
    pub case: Option<CaseRow>,
    /// The payout rail.
    pub rail: Option<RailView>,
}

/// What became of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Of a decision.
    Decided(Decided),
    /// A switch or mode was set.
    Set,
}

/// Why a command was not carried out, as a sentence with the next step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The sentence.
    pub text: String,
    /// The row moved: look at it again.
    pub changed: bool,
}

/// A command to the business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Approve one withdrawal.
    Approve(Decision),
    /// Reject one withdrawal.
    Reject {
        /// Which.
        decision: Decision,
        /// The reason's code.
        code: String,
        /// What the user is told.
        text: String,
    },
    /// Recall one.
    Recall(Decision),
    /// Ask the rail by reference.
    Lookup(Decision),
    /// Rule on one.
    Settle {
        /// Which.
        decision: Decision,
        /// How.
        ruling: Ruling,
        /// Why.
        evidence: String,
    },
    /// Sign a case.
    SignCase {
        /// Which.
        id: CaseId,
        /// As seen.
        version: i64,
    },
    /// Refuse a case.
    RefuseCase {
        /// Which.
        id: CaseId,
        /// As seen.
        version: i64,
        /// Why.
        reason: String,
    },
    /// Pause or resume.
    Switch {
        /// What.
        switch: Switch,
        /// Pause.
        paused: bool,
        /// Why.
        reason: String,
    },
    /// Let the payout rail go on.
    ResumeRail {
        /// Why.
        reason: String,
    },
    /// The mode of new withdrawals.
    SetMode {
        /// Which.
        mode: Mode,
        /// Why.
        reason: String,
    },
}

impl Command {
    /// The operation id, where the command carries one.
    pub fn op(&self) -> Option<&str> {
        match self {
            Self::Approve(d) | Self::Recall(d) | Self::Lookup(d) => Some(&d.op),
            Self::Reject { decision, .. } | Self::Settle { decision, .. } => Some(&decision.op),
            _ => None,
        }
    }
}

/// The format of an export.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma separated.
    Csv,
    /// One JSON array.
    Json,
}

/// What is exported.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportSet {
    /// The withdrawals of a query, all its windows.
    Withdrawals(Box<WithdrawalQuery>),
    /// The audit rows that these words find.
    Audit(String),
}

/// A passphrase on its way to the check; not printed.
#[derive(Clone, PartialEq, Eq)]
pub struct Passphrase(pub String);

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[redacted]")
    }
}

/// What the model asks for. Numbers are tickets that come back with the answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A window of withdrawals.
    Withdrawals(u64, WithdrawalQuery),
    /// Count and sum.
    Tally(u64, WithdrawalFilter),
    /// All rows of a filter, to mark them.
    AllRows(u64, WithdrawalQuery),
    /// One withdrawal.
    Detail(u64, WithdrawalId),
    /// The overview.
    Overview(u64),
    /// The newest audit rows that words find, at most so many.
    Audit(u64, String, u32),
    /// Cases.
    Cases(u64, bool),
    /// Reads again what a dialog decides on.
    Review {
        /// The dialog.
        dialog: u64,
        /// The withdrawals.
        rows: Vec<WithdrawalId>,
        /// The case.
        case: Option<CaseId>,
    },
    /// A command for an item of a dialog.
    Decide {
        /// The dialog.
        dialog: u64,
        /// The item.
        item: usize,
        /// What.
        command: Command,
    },
    /// Says which detail is open.
    Present(Option<WithdrawalId>),
    /// Reads what the operator's last session kept.
    LoadState(&'static str),
    /// Keeps something for the next session.
    SaveState(&'static str, String),
    /// Text for the terminal's clipboard.
    Copy(String),
    /// Rows to a file.
    Export {
        /// What.
        set: ExportSet,
        /// How.
        format: Format,
        /// Masked.
        masked: bool,
    },
    /// Asks whether a passphrase is right.
    CheckPassphrase(Passphrase),
    /// Mouse reports on or off.
    Mouse(bool),
    /// Clears and draws everything.
    Repaint,
    /// Ends the console.
    Exit(Exit),
}
