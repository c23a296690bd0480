//! What operators read about providers on a phone: short lines that do not break on a narrow screen. Everything that a
//! provider said or chose is cleaned and cut here.

use super::boost::grouped;
use crate::conversation::ProviderDraft;
use crate::html::Html;
use app::command::{ActError, Acted};
use app::panels::ProviderChange;
use app::view::panels::{
    BreakerView, ProviderDetail, ProviderRow, ProviderStats, ProviderTest, TARGET_LATENCY_MS, TARGET_SUCCESS_BPS,
};
use domain::breaker::{BreakerState, Force};
use domain::smm::ProviderState;
use domain::text::clean_line;
use domain::time::short_age;
use domain::{Timestamp, breaker::CallClass};

/// Words where a button is awaited.
pub(crate) const USE_BUTTONS: &str = "Please use the buttons below, or send /cancel.";
/// What may be done takes a larger role, or none that this account has.
pub(crate) const NOT_YOURS: &str = "Your role does not allow this. Nothing was changed.";
/// It was deleted meanwhile.
pub(crate) const GONE: &str = "There is no such provider any more.";
/// Nothing was typed that could be a reason.
pub(crate) const REASON_MISSING: &str = "A reason is needed: it stands in the audit.";

/// Classes of errors in a detail.
const ERRORS: usize = 3;

/// The table's head.
pub(crate) fn head(count: usize) -> Html {
    match count {
        0 => Html::new().bold("🔌 Providers").line().text("There are none yet. They are added in the terminal."),
        _ => Html::new().bold("🔌 Providers").text(" · 24 h success, p95").line(),
    }
}

/// A provider in three narrow lines.
pub(crate) fn line(html: Html, row: &ProviderRow) -> Html {
    html.line().then(&name(row)).line().text(&standing(row)).line().text(&figures(row))
}

/// The same on a button.
pub(crate) fn label(row: &ProviderRow) -> String {
    format!("{} {}", mark(row), clean_line(&row.name, 32))
}

fn name(row: &ProviderRow) -> Html {
    let html = Html::new().text(mark(row)).text(" ").bold(&clean_line(&row.name, 32));
    if row.pinned { html.text(" ⭐ active") } else { html }
}

/// `enabled · breaker closed`.
fn standing(row: &ProviderRow) -> String {
    let mut parts = vec![clean_line(&row.state, 12), worst(row).map_or("breaker closed".to_owned(), breaker_words)];
    if !row.has_key {
        parts.push("no key".to_owned());
    }
    if row.rest.is_some() {
        parts.push("rests".to_owned());
    }
    parts.join(" · ")
}

/// `412.07 USD · 97.5 % of 1,240 · 1.9 s`.
fn figures(row: &ProviderRow) -> String {
    let p95 = row.day.p95_ms.map_or("-".to_owned(), latency);
    format!("{} · {} · {p95}", balance(row), success(&row.day))
}

fn balance(row: &ProviderRow) -> String {
    let Some((amount, currency)) = &row.balance else { return "balance unread".to_owned() };
    let low = if row.balance_low { " low!" } else { "" };
    format!("{} {}{low}", clean_line(amount, 14), clean_line(currency, 5))
}

fn success(stats: &ProviderStats) -> String {
    match stats.success_bps {
        Some(bps) => format!("{} of {}", share(bps), grouped(stats.placements)),
        None => "no orders".to_owned(),
    }
}

fn share(bps: i64) -> String {
    match bps % 100 / 10 {
        0 => format!("{} %", bps / 100),
        tenth => format!("{}.{tenth} %", bps / 100),
    }
}

fn latency(ms: i64) -> String {
    if ms < 1_000 { format!("{ms} ms") } else { format!("{}.{} s", ms / 1_000, ms % 1_000 / 100) }
}

/// What it can do now, at a glance; the words beside it say the same.
fn mark(row: &ProviderRow) -> &'static str {
    if row.state == ProviderState::Disabled.word() {
        return "⚪";
    }
    if row.state == ProviderState::Maintenance.word() {
        return "🟠";
    }
    match worst(row).map(badness) {
        Some(2..) => "🔴",
        _ if !row.has_key => "🔴",
        Some(_) => "🟡",
        None if row.rest.is_some() || row.balance_low => "🟡",
        None => "🟢",
    }
}

/// How far a breaker is from closed.
fn badness(view: &BreakerView) -> u8 {
    match (view.forced, view.state) {
        (Some((Force::Open, _)), _) => 3,
        (None, BreakerState::Open) => 2,
        (Some((Force::Closed, _)), _) | (None, BreakerState::HalfOpen) => 1,
        (None, BreakerState::Closed) => 0,
    }
}

/// The worst breaker that is not plainly closed.
fn worst(row: &ProviderRow) -> Option<&BreakerView> {
    row.breakers.iter().rev().max_by_key(|view| badness(view)).filter(|view| badness(view) > 0)
}

const fn class(class: CallClass) -> &'static str {
    match class {
        CallClass::Order => "order",
        CallClass::Status => "status",
        CallClass::Balance => "balance",
    }
}

/// `order breaker open`.
fn breaker_words(view: &BreakerView) -> String {
    let state = match (view.forced, view.state) {
        (Some((Force::Open, _)), _) => "forced open",
        (Some((Force::Closed, _)), _) => "forced closed",
        (None, BreakerState::Open) => "open",
        (None, BreakerState::HalfOpen) => "probing",
        (None, BreakerState::Closed) => "closed",
    };
    format!("{} breaker {state}", class(view.class))
}

/// Everything that a phone has room for.
pub(crate) fn detail(detail: &ProviderDetail, note: Option<&str>, now: Timestamp) -> Html {
    let row = &detail.row;
    let ago = |at: Timestamp| format!("{} ago", short_age(now.since(at)));
    let ahead = |at: Timestamp| format!("in {}", short_age(at.since(now)));
    let mut html = match note {
        Some(note) => Html::new().text(&clean_line(note, 220)).gap(),
        None => Html::new(),
    };
    html =
        html.then(&name(row)).line().text(&format!("{} · {} adapter", clean_line(&row.state, 12), row.adapter.word()));
    for view in &row.breakers {
        html = html.line().text(&breaker_words(view));
        if badness(view) > 0 {
            let since = view.opened_at.map_or(String::new(), |at| format!(" since {}", short_age(now.since(at))));
            let probe = match (view.forced, view.state, view.next_probe_at) {
                (Some((_, until)), ..) => format!(", ends {}", ahead(until)),
                (None, BreakerState::Open, Some(at)) => format!(", probes {}", ahead(at)),
                (None, BreakerState::Open, None) => ", until it is reset in the terminal".to_owned(),
                _ => String::new(),
            };
            html = html.text(&format!("{since}{probe}"));
            if !view.why.is_empty() {
                html = html.line().text(&format!("  {}", clean_line(&view.why, 60)));
            }
        }
    }
    if let Some((why, until)) = &row.rest {
        let until = until.map_or("until its balance is enough".to_owned(), |at| format!("ends {}", ahead(at)));
        html = html.line().text(&format!("rests, {until}: {}", clean_line(why, 60)));
    }
    let read = row.balance_at.map_or(String::new(), |at| format!(", read {}", ago(at)));
    html = html.gap().text(&format!("Balance {}{read}", balance(row)));
    html = html.line().text(&format!("Waiting {}, placed {}", grouped(row.queue), grouped(row.placed)));
    html = html.gap().text("24 h: ").then(&span(&row.day)).line().text("7 days: ").then(&span(&detail.week));
    html = html.line().text(&format!("Aims: {}, {}", share(TARGET_SUCCESS_BPS), latency(TARGET_LATENCY_MS)));
    if !row.day.errors.is_empty() {
        let errors = row.day.errors.iter().take(ERRORS);
        let words: Vec<String> = errors.map(|(word, n)| format!("{} {}", clean_line(word, 16), grouped(*n))).collect();
        html = html.line().text(&format!("Errors, 24 h: {}", words.join(", ")));
    }
    if let Some((word, at)) = &row.last_error {
        html = html.line().text(&format!("Last failure: {}, {}", clean_line(word, 24), ago(*at)));
    }
    html
}

/// `97.5 % of 1,240, p50 640 ms, p95 1.9 s`.
fn span(stats: &ProviderStats) -> Html {
    let Some((p50, p95)) = stats.p50_ms.zip(stats.p95_ms) else { return Html::new().text(&success(stats)) };
    Html::new().text(&format!("{}, p50 {}, p95 {}", success(stats), latency(p50), latency(p95)))
}

/// A change on its button.
pub(crate) const fn verb(change: ProviderChange) -> &'static str {
    match change {
        ProviderChange::State(ProviderState::Enabled) => "✅ Enable",
        ProviderChange::State(ProviderState::Disabled) => "⛔ Disable",
        ProviderChange::State(ProviderState::Maintenance) => "🟠 Maintenance",
        ProviderChange::Pin => "⭐ Make active",
        ProviderChange::Unpin => "☆ Unpin",
    }
}

/// Reasons that are at hand.
pub(crate) const fn reasons(change: ProviderChange) -> &'static [&'static str] {
    match change {
        ProviderChange::State(ProviderState::Enabled) => &["It works again", "The work there is over"],
        ProviderChange::State(_) => &["Its orders fail", "Work announced there", "No funds there"],
        ProviderChange::Pin => &["The others fail", "The best price now"],
        ProviderChange::Unpin => &["Back to the policy"],
    }
}

/// Asks for the reason of a change.
pub(crate) fn ask_reason(row: &ProviderRow, change: ProviderChange, note: Option<&str>) -> Html {
    let html = note.map_or_else(Html::new, |note| Html::new().text(note).gap());
    html.bold(&format!("{}: {}", verb(change), clean_line(&row.name, 32)))
        .gap()
        .text("Why? Type a short reason or tap one. It stands in the audit.")
}

/// What a change will do, before it is done.
pub(crate) fn review(draft: &ProviderDraft, note: Option<&str>) -> Html {
    let html = note.map_or_else(Html::new, |note| Html::new().text(note).gap());
    let does = match draft.change {
        ProviderChange::State(ProviderState::Enabled) => "It takes orders again.",
        ProviderChange::State(ProviderState::Disabled) => {
            "It takes no orders until it is enabled. What it has is followed on."
        }
        ProviderChange::State(ProviderState::Maintenance) => {
            "It takes no orders for now. What it has is followed on, its balance and catalogue are read on."
        }
        ProviderChange::Pin => "Orders go to it first, above every policy, until it is unpinned.",
        ProviderChange::Unpin => "The policy chooses again.",
    };
    let was = match draft.change {
        ProviderChange::State(_) => format!("It is {} now.", clean_line(&draft.was, 12)),
        _ if draft.was.is_empty() => "No provider is active now: the policy chooses.".to_owned(),
        _ => format!("Active now: {}.", clean_line(&draft.was, 32)),
    };
    html.bold(&format!("{}: {}", verb(draft.change), clean_line(&draft.name, 32)))
        .gap()
        .text(&was)
        .line()
        .text(does)
        .line()
        .text(&format!("Reason: {}", draft.reason))
}

/// While a provider is being asked.
pub(crate) fn asking(name: &str) -> String {
    format!("Asking {} …", clean_line(name, 32))
}

/// What a test showed.
pub(crate) fn tested(result: &Result<ProviderTest, ActError>) -> String {
    match result {
        Ok(test) if test.ok => format!("✅ It {}", clean_line(&test.text, 120)),
        Ok(test) => format!("❌ The test failed: {}", clean_line(&test.text, 120)),
        Err(why) => refused(why),
    }
}

/// What became of a change.
pub(crate) fn changed(result: &Result<Acted, ActError>) -> String {
    match result {
        Ok(acted) if acted.repeated => "✅ This was done already.".to_owned(),
        Ok(acted) => format!("✅ {}", clean_line(&acted.done, 120)),
        Err(why) => refused(why),
    }
}

/// Why nothing was done, and what to do.
fn refused(why: &ActError) -> String {
    match why {
        ActError::NotAllowed(_) => NOT_YOURS.to_owned(),
        ActError::NotFound(_) => GONE.to_owned(),
        ActError::Changed { .. } => {
            "❌ It changed while you looked, so nothing was done. This is how it is now.".to_owned()
        }
        ActError::Refused(why) => format!("❌ Nothing was done: {}", clean_line(why, 120)),
        ActError::ReasonMissing => format!("❌ {REASON_MISSING}"),
        ActError::Unreachable(why) => format!("❌ It could not be asked: {}", clean_line(why, 120)),
        ActError::Store(_) => "❌ It could not be recorded. Please press again in a minute.".to_owned(),
    }
}
