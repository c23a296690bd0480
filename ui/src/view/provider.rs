//! A provider in full: its breakers and their hour, figures beside their targets, the last calls, what it offers, what of
//! ours it delivers, when its catalogue was read.

mod breakers;
mod figures;
mod lists;

use super::lines::{Lines, split, write};
use super::{absent, format, line, marks};
use crate::model::{Model, ProviderPart};
use crate::theme::Tone;
use app::view::panels::{BreakerView, ProviderDetail, ProviderRow};
use domain::breaker::BreakerState;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The whole screen: the row of parts, then the open one; from 120 columns more of it beside what is no list.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    parts_row(model, data, area, buf);
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let detail = &model.providers.detail;
    match detail.part {
        ProviderPart::Services => return lists::services(model, body, buf),
        ProviderPart::Mappings => return lists::mappings(model, data, body, buf),
        _ => {}
    }
    if area.width < 120 {
        let lines = part(model, data, detail.part, usize::from(body.width));
        write(buf, body, lines, detail.scroll);
        return;
    }
    let (left, rest) = split(model, body, if area.width < 200 { 2 } else { 3 }, buf);
    write(buf, left, part(model, data, detail.part, usize::from(left.width)), detail.scroll);
    let beside: &[ProviderPart] = match detail.part {
        ProviderPart::Summary => &[ProviderPart::Calls, ProviderPart::Breakers],
        ProviderPart::Calls => &[ProviderPart::Summary, ProviderPart::Breakers],
        _ => &[ProviderPart::Summary, ProviderPart::Calls],
    };
    if area.width < 200 {
        write(buf, rest, titled(model, data, beside, usize::from(rest.width)), 0);
        return;
    }
    let (middle, right) = split(model, rest, 2, buf);
    write(buf, middle, titled(model, data, &beside[..1], usize::from(middle.width)), 0);
    write(buf, right, titled(model, data, &beside[1..], usize::from(right.width)), 0);
}

/// How many lines the open part has.
pub fn length(model: &Model) -> usize {
    let width = usize::from(match model.size.0 {
        wide @ 200.. => wide / 3 - 1,
        wide @ 120.. => wide / 2 - 1,
        narrow => narrow,
    });
    let detail = &model.providers.detail;
    detail.data.as_ref().map_or(0, |data| part(model, data, detail.part, width).len())
}

fn ready<'a>(model: &'a Model, area: Rect, buf: &mut Buffer) -> Option<&'a ProviderDetail> {
    let detail = &model.providers.detail;
    let name = detail.id.clone().unwrap_or_default();
    if detail.missing {
        line(buf, area, 1, vec![Span::styled(format!("  there is no provider {name}"), model.theme.bad)]);
        return None;
    }
    // Never another provider's data under this one's title.
    let data = detail.data.as_ref().filter(|data| data.row.name == name);
    if data.is_none() {
        absent(model, &detail.fetch, &name, area, buf);
    }
    data.map(|data| &**data)
}

fn parts_row(model: &Model, data: &ProviderDetail, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let mut spans = vec![Span::raw(" ")];
    for part in ProviderPart::ALL {
        let count = match part {
            ProviderPart::Services => data.services.iter().map(|(_, count)| *count).sum(),
            ProviderPart::Mappings => i64::try_from(data.mappings.len()).unwrap_or(0),
            _ => 0,
        };
        let count = if count > 0 { format!(" ({})", format::quantity(count)) } else { String::new() };
        let open = part == model.providers.detail.part;
        let (a, z) = if open { ("[", "]") } else { (" ", " ") };
        let style = if open { theme.strong } else { theme.dim };
        spans.push(Span::styled(format!("{a}{}{count}{z} ", part.title()), style));
    }
    line(buf, area, 0, spans);
}

fn part(model: &Model, data: &ProviderDetail, part: ProviderPart, width: usize) -> Lines {
    match part {
        ProviderPart::Summary => standing(model, data, width),
        ProviderPart::Calls => calls(model, data, width),
        ProviderPart::Breakers => {
            let mut lines = breakers::lines(model, data, width);
            lines.push(Line::default());
            lines.extend(breakers::changes(model, data, width));
            lines
        }
        ProviderPart::Syncs => lists::syncs(model, data, width),
        // Lists of their own.
        ProviderPart::Services | ProviderPart::Mappings => Vec::new(),
    }
}

fn titled(model: &Model, data: &ProviderDetail, parts: &[ProviderPart], width: usize) -> Lines {
    let mut lines = Vec::new();
    for each in parts {
        lines.extend(match each {
            // How the breakers stand is in the summary, which is always there.
            ProviderPart::Breakers => breakers::changes(model, data, width),
            other => part(model, data, *other, width),
        });
        lines.push(Line::default());
    }
    lines
}

/// The matter with a provider, in words: what is wrong first, what is well last.
pub(super) fn said(model: &Model, row: &ProviderRow) -> (String, Tone) {
    let mut said: Vec<(String, Tone)> = Vec::new();
    if row.state != "enabled" {
        said.push((format!("{}: it takes no orders", row.state), Tone::Busy));
    }
    if !row.has_key {
        said.push(("no key: nothing can be asked or ordered".to_owned(), Tone::Bad));
    }
    let well = |view: &&BreakerView| view.forced.is_none() && view.state == BreakerState::Closed;
    said.extend(row.breakers.iter().filter(|view| !well(view)).map(of_breaker));
    let left = row.balance.as_ref().map_or_else(|| "?".to_owned(), format::balance);
    match &row.rest {
        Some((why, Some(until))) => said.push((format!("rests until {}: {why}", until.clock()), Tone::Busy)),
        Some((why, None)) => {
            said.push((format!("rests until more than {left} is seen there: {why}"), Tone::Bad));
        }
        None if row.balance_low => said.push((format!("balance {left} is low"), Tone::Bad)),
        None => {}
    }
    let tone = said.iter().map(|(_, tone)| *tone).max_by_key(|tone| gravity(*tone)).unwrap_or(Tone::Plain);
    let ok: Vec<&str> = row.breakers.iter().filter(well).map(|view| view.class.word()).collect();
    if said.is_empty() {
        let read = row.balance_at.map_or_else(
            || "balance not read yet".to_owned(),
            |at| format!("balance read {} ago", format::age(model.frame_at, at)),
        );
        said.push((format!("every breaker is closed, {read}"), Tone::Plain));
    } else if !ok.is_empty() {
        said.push((format!("{} ok", ok.join(", ")), Tone::Plain));
    }
    (said.into_iter().map(|(text, _)| text).collect::<Vec<_>>().join(" | "), tone)
}

/// `order open 09:05, 5 calls in a row failed, probe 09:20`.
fn of_breaker(view: &BreakerView) -> (String, Tone) {
    let since = view.opened_at.map_or_else(String::new, |at| format!(" {}", at.clock()));
    let (mark, tone) = marks::breaker(view);
    let (_, word) = mark.split_once(' ').unwrap_or(("", &mark));
    let probe = match (view.forced, view.state, view.next_probe_at) {
        (None, BreakerState::Open, Some(at)) => format!(", probe {}", at.clock()),
        (None, BreakerState::Open, None) => ", until an operator resets it (r)".to_owned(),
        _ => String::new(),
    };
    let why = if view.why.is_empty() || view.forced.is_some() { String::new() } else { format!(", {}", view.why) };
    (format!("{} {}{since}{why}{probe}", view.class.word(), word.to_lowercase()), tone)
}

const fn gravity(tone: Tone) -> u8 {
    match tone {
        Tone::Bad => 3,
        Tone::Unknown => 2,
        Tone::Busy => 1,
        _ => 0,
    }
}

/// As much as fits below a narrow table: figures in two lines, then the last calls.
pub(super) fn short(model: &Model, data: &ProviderDetail, width: usize, height: usize) -> Lines {
    let mut lines = figures::brief(model, data, width);
    if height > lines.len() + 2 {
        lines.push(Line::default());
        lines.extend(figures::calls(model, data, width));
    }
    lines
}

/// The classes of errors and the last calls.
pub(super) fn calls(model: &Model, data: &ProviderDetail, width: usize) -> Lines {
    let mut lines = figures::errors(model, data, width);
    lines.push(Line::default());
    lines.extend(figures::calls(model, data, width));
    lines
}

/// How it stands: breakers and their hour, figures, facts.
pub(super) fn standing(model: &Model, data: &ProviderDetail, width: usize) -> Lines {
    let mut lines = breakers::lines(model, data, width);
    lines.push(Line::default());
    lines.extend(figures::lines(model, data, width));
    lines.push(Line::default());
    lines.extend(figures::facts(model, data, width));
    lines
}

/// Every provider's hour, and what our services cost where.
pub(super) fn everyone(model: &Model, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = vec![Line::styled(" every provider's last hour", theme.head)];
    for row in &model.providers.rows {
        let (mark, tone) = marks::provider(row);
        lines.push(Line::from(vec![
            Span::styled(format!(" {}  ", row.name), theme.text),
            Span::styled(mark, theme.tone(tone)),
        ]));
        lines.extend(super::providers::hour(model, &row.failures, &row.latency, width));
    }
    lines.push(Line::default());
    lines.extend(lists::prices(model, width));
    lines
}
