//! A withdrawal: who is paid, where, from what, why it is risky, what happened, what the rail said.

use super::lines::{Lines, field, ledger_lines, split, trail_lines, when, write};
use super::{absent, format, line};
use crate::model::{Model, Part};
use crate::theme::Tone;
use app::view::{WithdrawalDetail, WithdrawalRow};
use domain::policy::Flag;
use domain::withdrawal::Mode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// The whole screen: one part below 120 columns, two side by side from there.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let head = head(model, data, usize::from(area.width));
    let used = write(buf, area, head, 0);
    parts_row(model, data, area, used, buf);
    let top = used + 2;
    let body = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
    if area.width < 120 {
        let lines = part(model, data, model.detail.part, usize::from(body.width));
        write(buf, body, lines, model.detail.scroll);
        return;
    }
    let (left, rest) = split(model, body, if area.width < 200 { 2 } else { 3 }, buf);
    write(buf, left, part(model, data, model.detail.part, usize::from(left.width)), model.detail.scroll);
    let beside = if model.detail.part == Part::Trail { Part::Summary } else { Part::Trail };
    let more = [beside, Part::History, Part::SameAccount];
    if area.width < 200 {
        write(buf, rest, titled(model, data, &more, usize::from(rest.width)), 0);
    } else {
        let (middle, right) = split(model, rest, 2, buf);
        write(buf, middle, titled(model, data, &more, usize::from(middle.width)), 0);
        write(buf, right, titled(model, data, &[Part::Raw], usize::from(right.width)), 0);
    }
}

/// The side pane.
pub fn pane(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let width = usize::from(area.width);
    let used = write(buf, area, head(model, data, width), 0);
    let mut lines = part(model, data, model.detail.part, width);
    if model.detail.part == Part::Summary {
        lines.push(Line::default());
        lines.extend(titled(model, data, &[Part::Trail], width));
        if model.size.0 < 200 {
            lines.extend(titled(model, data, &[Part::History, Part::SameAccount], width));
        } else {
            lines.extend(titled(model, data, &[Part::Raw], width));
        }
    } else {
        lines.insert(0, Line::styled(model.detail.part.title(), model.theme.head));
    }
    let top = used + 1;
    let body = Rect { y: area.y + top, height: area.height.saturating_sub(top), ..area };
    write(buf, body, lines, 0);
}

/// Parts under their titles, for a pane of their own.
pub fn side(model: &Model, parts: &[Part], area: Rect, buf: &mut Buffer) {
    if let Some(data) = model.detail.data.as_ref().filter(|data| Some(data.row.id) == model.detail.id) {
        write(buf, area, titled(model, data, parts, usize::from(area.width)), 0);
    }
}

/// How many lines the open part has.
pub fn length(model: &Model) -> usize {
    let width = usize::from(match model.size.0 {
        wide @ 200.. => wide / 3 - 1,
        wide @ 120.. => wide / 2 - 1,
        narrow => narrow,
    });
    model.detail.data.as_ref().map_or(0, |data| part(model, data, model.detail.part, width).len())
}

fn ready<'a>(model: &'a Model, area: Rect, buf: &mut Buffer) -> Option<&'a WithdrawalDetail> {
    let theme = &model.theme;
    let Some(id) = model.detail.id else {
        line(buf, area, 1, vec![Span::styled("  no row is chosen", theme.dim)]);
        return None;
    };
    if model.detail.missing {
        line(buf, area, 1, vec![Span::styled(format!("  there is no withdrawal {id}"), theme.bad)]);
        return None;
    }
    // Never another withdrawal's data under this one's title.
    let data = model.detail.data.as_ref().filter(|data| !model.detail.open || data.row.id == id);
    if data.is_none() {
        absent(model, &model.detail.fetch, &format!("withdrawal {id}"), area, buf);
    }
    data.map(|data| &**data)
}

/// Amount and state; the pane's head carries the id.
fn head(model: &Model, data: &WithdrawalDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let (state, tone) = format::state(row, model.tick_at);
    let id = if model.detail.open { String::new() } else { format!("{}  ", row.id) };
    let amount = format!("{id}NGN {}", format::naira(row.payout));
    let state = format!("{state}  {} of {}", row.signed, row.needed);
    let gap = width.saturating_sub(amount.len() + state.len() + 2).max(2);
    let mut lines = vec![Line::from(vec![
        Span::styled(format!(" {amount}"), theme.strong),
        Span::raw(" ".repeat(gap)),
        Span::styled(state, theme.tone(tone)),
    ])];
    let rate = match (data.rate, data.rate_until) {
        (Some(rate), Some(until)) => {
            format!(" at {rate}, until {}", when(model, until))
        }
        (Some(rate), None) => format!(" at {rate}"),
        _ => String::new(),
    };
    let text = format!(" {}{rate}  v{}", format::money(row.usd), row.version);
    lines.push(Line::styled(format::left(&text, width), theme.dim));
    lines
}

fn parts_row(model: &Model, data: &WithdrawalDetail, area: Rect, y: u16, buf: &mut Buffer) {
    let theme = &model.theme;
    let mut spans = vec![Span::raw(" ")];
    for part in Part::ALL {
        let count = match part {
            Part::History if area.width >= 72 => format!(" ({})", data.history.len()),
            Part::SameAccount if area.width >= 72 => format!(" ({})", data.same_account.len()),
            _ => String::new(),
        };
        let open = part == model.detail.part;
        let (a, z) = if open { ("[", "]") } else { (" ", " ") };
        let style = if open { theme.strong } else { theme.dim };
        spans.push(Span::styled(format!("{a}{}{count}{z} ", part.title()), style));
    }
    line(buf, area, y, spans);
}

fn part(model: &Model, data: &WithdrawalDetail, part: Part, width: usize) -> Lines {
    match part {
        Part::Summary => summary(model, data, width),
        Part::Trail => trail_lines(model, &data.trail, width),
        Part::History => rows(model, &data.history, width, "no other withdrawal"),
        Part::SameAccount => rows(model, &data.same_account, width, "nobody else was paid to this account"),
        Part::Raw => super::detail::raw::lines(model, data, width),
    }
}

fn titled(model: &Model, data: &WithdrawalDetail, parts: &[Part], width: usize) -> Lines {
    let mut lines = Vec::new();
    for each in parts {
        lines.push(Line::styled(format!(" {}", each.title()), model.theme.head));
        lines.extend(part(model, data, *each, width));
        lines.push(Line::default());
    }
    lines
}

fn summary(model: &Model, data: &WithdrawalDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let mut lines = Vec::new();
    let mut add = |label: &str, text: String, style: Style| lines.extend(field(model, label, &text, style, width));
    let flags: Vec<String> = Flag::ALL
        .iter()
        .filter(|flag| row.flags.contains(flag))
        .map(|flag| format!("{} {}", flag.letter(), flag.legend()))
        .collect();
    add("Payee", format::name(&data.account_name, model.mask), theme.strong);
    add("Name", data.name_check.clone(), theme.text);
    let account = format::account(&data.account_number, model.mask);
    add("Bank", format!("{}  {account}  {}", row.bank_name, data.account_age), theme.text);
    if !flags.is_empty() {
        add("Flags", flags.join(", "), theme.busy);
    }
    let since = format::age(model.frame_at, data.user_since);
    let frozen = if data.user_frozen { "  FROZEN" } else { "" };
    let user = format!(
        "{}  id {}  joined {since} ago  paid out before: {}{frozen}",
        format::user(&row.username, row.user, model.mask),
        format::name(&row.user.to_string(), model.mask),
        data.paid_before,
    );
    add("User", user, if data.user_frozen { theme.bad } else { theme.text });
    let holds = match data.open_holds {
        0 => "no open hold".to_owned(),
        1 => "one open hold".to_owned(),
        n => format!("{n} open holds"),
    };
    let purse = row.source.word();
    let ledger = format!("{purse} {} left, {} held, {holds}", format::money(data.purse), format::money(data.held));
    add("Ledger", ledger, theme.text);
    if !data.income.is_empty() {
        let income: Vec<String> =
            data.income.iter().map(|(kind, sum)| format!("{kind} {}", format::money(*sum))).collect();
        add("Source", income.join(" | "), theme.text);
    }
    if !data.policy.is_empty() {
        add("Rules", data.policy.join("; "), theme.text);
    }
    let manual = if row.mode == Mode::Manual { "; manual: a person pays it outside" } else { "" };
    add("Policy", format!("{}{manual}", data.policy_text), theme.text);
    if !data.signers.is_empty() {
        add("Signed", data.signers.join(", "), theme.text);
    }
    if let Some(reference) = &row.reference {
        add("Ref", format::name(reference, model.mask), theme.text);
    }
    if let Some(reason) = &data.reason {
        add("Told", reason.clone(), theme.text);
    }
    if let Some(case) = data.case {
        add("Case", format!("{case} is open about it (:cases)"), theme.bad);
    }
    if !row.viewers.is_empty() {
        add("Open by", row.viewers.join(", "), theme.busy);
    }
    lines
}

fn rows(model: &Model, rows: &[WithdrawalRow], width: usize, none: &str) -> Lines {
    let theme = &model.theme;
    let mut lines = Vec::new();
    for row in rows {
        let (state, tone) = format::state(row, model.tick_at);
        let age = format::age(model.frame_at, row.created_at);
        let fixed = 1 + 6 + 1 + 5 + 1 + 11 + 2 + 11;
        let user = if width > fixed + 10 {
            format!("  {}", format::left(&format::user(&row.username, row.user, model.mask), width - fixed - 2))
        } else {
            String::new()
        };
        lines.push(Line::from(vec![
            Span::styled(format!(" {:>6} {age:>5} {:>11}", row.id, format::naira(row.payout)), theme.text),
            Span::styled(format!("  {state:<11}"), theme.tone(tone)),
            Span::styled(user, theme.dim),
        ]));
    }
    if lines.is_empty() {
        lines.push(Line::styled(format!(" {none}"), theme.dim));
    }
    lines
}

/// Attempts with their raw answers, then the ledger lines.
mod raw {
    use super::{Lines, Model, Tone, WithdrawalDetail, format};
    use ratatui::text::{Line, Span};

    pub(super) fn lines(model: &Model, data: &WithdrawalDetail, width: usize) -> Lines {
        let theme = &model.theme;
        let mut lines = Vec::new();
        for attempt in &data.attempts {
            let tone = match attempt.state.as_str() {
                "paid" => Tone::Good,
                "unknown" => Tone::Unknown,
                "failed" | "rejected_ours" | "rejected_theirs" => Tone::Bad,
                _ => Tone::Busy,
            };
            let fee = attempt.fee.map(|fee| format!("  fee {}", format::money(fee))).unwrap_or_default();
            lines.push(Line::from(vec![
                Span::styled(format!(" attempt {}  ", attempt.number), theme.strong),
                Span::styled(format!("{}{fee}  ", format::name(&attempt.reference, model.mask)), theme.text),
                Span::styled(attempt.state.clone(), theme.tone(tone)),
            ]));
            if let Some(error) = &attempt.error {
                lines.extend(super::field(model, "error", error, theme.bad, width));
            }
            for call in &attempt.exchanges {
                let status = call.status.map_or_else(|| "no answer".to_owned(), |code| code.to_string());
                let text = format!("{} {status} {}  {}", call.operation, format::latency(call.latency_ms), call.reply);
                lines.extend(super::field(model, &call.at.clock(), &text, theme.dim, width));
            }
        }
        if data.attempts.is_empty() {
            lines.push(Line::styled(" no attempt to pay yet", theme.dim));
        }
        if !data.ledger.is_empty() {
            lines.push(Line::styled(" ledger", theme.head));
            lines.extend(super::ledger_lines(model, &data.ledger, width));
        }
        lines
    }
}
