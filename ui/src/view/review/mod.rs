//! The review dialog: what will happen, to whom, what it takes, and what became of it.

mod entry;

use super::dialog::{Box_, frame};
use super::format;
use crate::model::Model;
use crate::review::{Confirm, Item, ItemEnd, Kind, Phase, Review};
use crate::update::outcome_words;
use domain::Money;
use domain::policy::{Flag, Level};
use domain::withdrawal::Mode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

type Lines = Vec<Line<'static>>;

/// Items shown at once.
const SHOWN: usize = 6;

/// Draws the review. Returns the terminal's cursor where text is typed.
pub fn draw(model: &Model, review: &Review, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    let width = usize::from(area.width.min(if area.width >= 120 { 96 } else { 80 }));
    let inner = width.saturating_sub(4);
    let mut lines = what(model, review, inner);
    lines.extend(notes(model, review, inner));
    let text_at = entry::text(model, review, inner, &mut lines);
    let typed_at = entry::verdict(model, review, inner, &mut lines);
    let box_ = Box_ { title: title(review), tag: tag(review), lines, footer: footer(review), width };
    let place = frame(model, box_, area, buf);
    let (line, column) = text_at.or(typed_at)?;
    let y = place.y + 1 + u16::try_from(line).ok()?;
    let x = place.x + 2 + u16::try_from(column).ok()?;
    (y < place.bottom() - 1 && x < place.right() - 1).then_some((x, y))
}

fn title(review: &Review) -> String {
    match (&review.kind, &review.items[..], &review.case) {
        (Kind::Approve, [item], _) => format!("Approve {}", item.row.id),
        (Kind::Approve, items, _) => format!("Approve {} withdrawals", items.len()),
        (Kind::Reject, [item, ..], _) => format!("Reject {}", item.row.id),
        (Kind::Recall, [item, ..], _) => format!("Recall {}", item.row.id),
        (Kind::Lookup, [item, ..], _) => format!("Look up {}", item.row.id),
        (Kind::Settle(_), [item, ..], _) => format!("Settle {}: {}", item.row.id, review.kind.verb()),
        (Kind::Sign, _, Some(case)) => format!("Sign case {}", case.id),
        (Kind::Refuse, _, Some(case)) => format!("Refuse case {}", case.id),
        (Kind::Switch(switch, true), ..) => format!("Pause {}", switch.word()),
        (Kind::Switch(switch, false), ..) => format!("Resume {}", switch.word()),
        (Kind::ResumeRail, ..) => "Resume the payout rail".to_owned(),
        (Kind::SetMode(mode), ..) => format!("New withdrawals: {}", mode.word()),
        _ => review.kind.verb().to_owned(),
    }
}

/// The operation id's beginning, as the audit shows it.
fn tag(review: &Review) -> String {
    let op = review.items.first().map(|item| item.op.as_str()).unwrap_or_default();
    let short: Vec<&str> = op.split('-').take(2).collect();
    match review.items.len() {
        0 => String::new(),
        1 => format!("op {}", short.join("-")),
        _ => format!("batch {}", short.join("-")),
    }
}

fn footer(review: &Review) -> Vec<(&'static str, &'static str)> {
    let cancel = ("esc", if review.phase == Phase::Done { "close" } else { "cancel" });
    let mut keys = vec![cancel];
    if review.phase == Phase::Ready {
        if review.editing {
            keys.push(("enter", "text is done"));
        } else if review.kind.text_label().is_some() {
            keys.push(("e", "edit text"));
        }
        if review.kind == Kind::Reject {
            keys.push(("j k", "reason"));
        } else if review.items.len() > 1 {
            keys.push(("j k", "look at a line"));
        }
        if matches!(review.confirm(), Confirm::Digits(_)) {
            keys.push(("", "paste and enter do nothing here"));
        }
    }
    keys
}

fn plain(text: impl Into<String>, style: Style) -> Line<'static> {
    Line::styled(text.into(), style)
}

/// Totals, float, then the items or the case.
fn what(model: &Model, review: &Review, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = Vec::new();
    if let Some(case) = &review.case {
        lines.extend(
            format::wrap(&format!("{}  {}", case.subject, case.what), width)
                .into_iter()
                .map(|l| plain(l, theme.strong)),
        );
        lines
            .extend(format::wrap(&format!("Reason: {}", case.reason), width).into_iter().map(|l| plain(l, theme.text)));
        let signed = crate::review::names(&case.signers);
        lines.push(plain(
            format!(
                "Opened by {}, {} ago. Signed by {signed}, {} of {} names.",
                case.made_by,
                format::age(model.frame_at, case.created_at),
                case.signers.len(),
                case.needed
            ),
            theme.text,
        ));
        lines.push(Line::default());
        return lines;
    }
    if review.items.is_empty() {
        return consequence(model, review);
    }
    if review.kind == Kind::Approve {
        lines.extend(totals(model, review));
    }
    let masked = model.mask && !review.unmasked;
    let top = review.scroll.min(review.items.len().saturating_sub(SHOWN));
    for item in review.items.iter().skip(top).take(SHOWN) {
        lines.push(item_line(model, review, item, masked, width));
    }
    let rest = review.items.len().saturating_sub(top + SHOWN);
    if rest > 0 {
        lines.push(plain(format!("    and {rest} more below"), theme.dim));
    }
    if let [item] = &review.items[..] {
        lines.extend(single(model, review, item, masked, width));
    }
    lines.push(Line::default());
    lines
}

fn consequence(model: &Model, review: &Review) -> Lines {
    let text = match &review.kind {
        Kind::Switch(domain::switch::Switch::Withdrawals, true) => {
            "Sending stops within a second; requests are still taken, look-ups go on.".to_owned()
        }
        Kind::Switch(switch, true) => format!("New {} stop within a second; look-ups go on.", switch.word()),
        Kind::Switch(switch, false) => format!("New {} go on; what waited is sent.", switch.word()),
        Kind::ResumeRail => "Approved payouts that wait are sent again, oldest first.".to_owned(),
        Kind::SetMode(Mode::Manual) => "New requests wait for a person who pays them outside.".to_owned(),
        Kind::SetMode(Mode::Automatic) => "New requests are sent by the payout worker once approved.".to_owned(),
        _ => String::new(),
    };
    vec![plain(text, model.theme.text), Line::default()]
}

fn totals(model: &Model, review: &Review) -> Lines {
    let theme = &model.theme;
    let total = review.total();
    let has = |flag| review.items.iter().filter(|item| item.row.flags.contains(&flag)).count();
    let mut first = format!("NGN {}   USD {}", format::naira(total), format::usd(review.total_usd()));
    if review.items.len() > 1 {
        let largest = review.items.iter().map(|item| item.row.payout.minor()).max().unwrap_or(0);
        first += &format!(
            "   largest {}   new payees {}   bank changed {}",
            format::naira(Money::ngn_minor(largest)),
            has(Flag::NewPayee),
            has(Flag::BankChanged)
        );
    }
    let mut lines = vec![plain(first, theme.strong)];
    let automatic = review.items.iter().any(|item| item.row.mode == Mode::Automatic);
    match review.rail.as_ref().and_then(|rail| rail.float) {
        Some(float) if automatic => {
            let left = float.minor().saturating_sub(total.minor());
            let (text, style) = if left < 0 {
                let short = format::naira(Money::ngn_minor(-left));
                (format!("Float {} is short by {short}: top it up", format::naira(float)), theme.bad)
            } else {
                let after = format::naira(Money::ngn_minor(left));
                (format!("Float {} -> {after}", format::naira(float)), theme.text)
            };
            lines.push(Line::from(vec![
                Span::styled(text, style),
                Span::styled("   then grace: u recalls it", theme.dim),
            ]));
        }
        _ if automatic => lines.push(plain("Float not known yet   then grace: u recalls it", theme.dim)),
        _ => lines.push(plain("Manual: after grace a person pays it outside and records it with P", theme.busy)),
    }
    lines
}

fn item_line(model: &Model, review: &Review, item: &Item, masked: bool, width: usize) -> Line<'static> {
    let theme = &model.theme;
    let row = &item.row;
    let alone = review.items.len() == 1;
    let cursor = !alone && review.items.get(review.scroll).is_some_and(|at| at.row.id == row.id);
    let mark = if cursor { "> " } else { "  " };
    let user = format::left(&format::user(row, masked), 12);
    let head = format!("{mark}{:>6}  {user} {:>11}  ", row.id, format::naira(row.payout));
    let room = width.saturating_sub(domain::text::width(&head));
    let (text, style) = match &item.end {
        Some(ItemEnd::Done(outcome)) => (format!("+ {}", outcome_words(outcome, model.tick_at)), theme.good),
        Some(ItemEnd::Refused(why)) => (format!("x {why}"), theme.bad),
        Some(ItemEnd::Skipped(why)) => (format!("- not tried: {why}"), theme.busy),
        None if item.submitted => ("~ with the store".to_owned(), theme.busy),
        None if alone => risks(model, item),
        None => payee(model, item, masked),
    };
    Line::from(vec![
        Span::styled(head, if cursor { theme.strong } else { theme.text }),
        Span::styled(format::left(&text, room), style),
    ])
}

/// The risk in words, and where the row is.
fn risks(model: &Model, item: &Item) -> (String, Style) {
    let theme = &model.theme;
    let (state, _) = format::state(&item.row, model.tick_at);
    let risky: Vec<&str> = Flag::ALL
        .iter()
        .filter(|flag| flag.is_risk() && item.row.flags.contains(flag))
        .map(|flag| if *flag == Flag::SharedAccount { "shared account" } else { flag.legend() })
        .collect();
    if risky.is_empty() {
        return (state, theme.text);
    }
    (format!("{state}   {}", risky.join(", ")), theme.busy)
}

/// Bank, account, flags and name: what a batch compares line by line.
fn payee(model: &Model, item: &Item, masked: bool) -> (String, Style) {
    let theme = &model.theme;
    let bank = format::left(&format::bank(&item.row.bank_name), 7);
    let risky = item.row.flags.iter().any(|flag| flag.is_risk());
    let letters = Flag::letters(&item.row.flags);
    let text = match &item.detail {
        Some(detail) => {
            let account = format::account(&detail.account_number, masked);
            format!("{bank} {account} {letters:<4} {}", format::name(&detail.account_name, masked))
        }
        None => format!("{bank} {letters}"),
    };
    (text, if risky { theme.busy } else { theme.text })
}

/// What one row's review shows beyond its line.
fn single(model: &Model, review: &Review, item: &Item, masked: bool, width: usize) -> Lines {
    let theme = &model.theme;
    let Some(detail) = &item.detail else { return Vec::new() };
    let mut lines = vec![Line::default()];
    let mut add = |label: &str, text: String, style: Style| {
        for (n, piece) in format::wrap(&text, width.saturating_sub(10)).into_iter().enumerate() {
            let label = if n == 0 { format!("{label:9} ") } else { " ".repeat(10) };
            lines.push(Line::from(vec![Span::styled(label, theme.dim), Span::styled(piece, style)]));
        }
    };
    add("Payee", format!("{}   {}", format::name(&detail.account_name, masked), detail.name_check), theme.strong);
    let account = format::account(&detail.account_number, masked);
    add("Bank", format!("{}  {account}   {}", item.row.bank_name, detail.account_age), theme.text);
    if !detail.policy.is_empty() {
        add("Rules", detail.policy.join("; "), theme.busy);
    }
    match &review.kind {
        Kind::Approve => add("Takes", detail.policy_text.clone(), theme.text),
        Kind::Recall => add("Then", "requested again; the signatures are void".into(), theme.text),
        Kind::Lookup => {
            add("Then", "the rail is asked by reference; only its answer changes the row".into(), theme.text)
        }
        Kind::Settle(_) => {
            let what = match review.kind.verb() {
                "rule it paid" => "the hold is captured: the user was paid",
                _ => "the hold is released: the money goes back to the user",
            };
            add("Then", format!("{what}; two names, unless it was paid outside in manual mode"), theme.text);
            for attempt in &detail.attempts {
                let reference = format::name(&attempt.reference, masked);
                let answer = attempt.exchanges.last().map(|call| call.reply.clone()).unwrap_or_default();
                add("Evidence", format!("{reference} {}  {answer}", attempt.state), theme.text);
            }
        }
        Kind::Reject => add("Then", format!("{} goes back to the user", format::money(item.row.amount)), theme.text),
        _ => {}
    }
    if review.kind == Kind::Approve && item.row.level == Level::TwoNames {
        let signed = format!("{} of {} names; yours is {}", item.row.signed, item.row.needed, item.row.signed + 1);
        let text = if model.approvers < 2 {
            "only one approver exists: typed, then it waits 30 minutes, under a daily cap, with an alert".to_owned()
        } else {
            signed
        };
        add("Names", text, theme.busy);
    }
    lines
}

fn notes(model: &Model, review: &Review, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = Vec::new();
    let mut add = |text: String, style: Style| {
        lines.extend(format::wrap(&text, width).into_iter().map(|piece| plain(piece, style)));
    };
    for note in &review.notes {
        add(format!("! changed: {note}"), theme.bad);
    }
    if review.hidden > 0 {
        let (hidden, all) = (review.hidden, review.items.len());
        add(format!("! {hidden} of {all} marked are hidden by the filter"), theme.bad);
    }
    let viewers = review.viewers();
    if !viewers.is_empty() && review.phase != Phase::Done {
        let names = viewers.join(", ");
        add(format!("! {names} also has this open: ask before you decide"), theme.busy);
    }
    lines
}
