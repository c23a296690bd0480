//! Tab 7: what the program says.

use super::{format, line};
use crate::log_feed::{LogLevel, LogLine};
use crate::model::Model;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

/// Draws the tab: the newest line last.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let height = usize::from(area.height);
    let width = usize::from(area.width);
    let mut lines: Vec<Vec<Span<'static>>> = Vec::new();
    for entry in chosen(model).rev().skip(if model.log.follow { 0 } else { model.log.back }) {
        let mut pieces = spans(model, entry, width);
        while let Some(piece) = pieces.pop() {
            lines.push(piece);
        }
        if lines.len() >= height {
            break;
        }
    }
    if lines.is_empty() {
        let text = format!("  no line at {} or above", model.log.level.word().trim_end());
        return line(buf, area, 1, vec![Span::styled(text, model.theme.dim)]);
    }
    lines.truncate(height);
    for (y, spans) in lines.into_iter().rev().enumerate() {
        line(buf, area, u16::try_from(y).unwrap_or(0), spans);
    }
}

fn chosen(model: &Model) -> impl DoubleEndedIterator<Item = &LogLine> {
    let words: Vec<String> = model.log.filter_text.split_whitespace().map(str::to_lowercase).collect();
    model.log.lines.iter().filter(move |entry| {
        let text = format!("{} {}", entry.target, entry.text).to_lowercase();
        entry.level >= model.log.level && words.iter().all(|word| text.contains(word.as_str()))
    })
}

fn style(model: &Model, level: LogLevel) -> Style {
    match level {
        LogLevel::Error => model.theme.bad,
        LogLevel::Warn => model.theme.busy,
        LogLevel::Info => model.theme.good,
        LogLevel::Debug | LogLevel::Trace => model.theme.dim,
    }
}

fn spans(model: &Model, entry: &LogLine, width: usize) -> Vec<Vec<Span<'static>>> {
    let theme = &model.theme;
    let time: String = entry.at.rfc3339().chars().skip(11).take(8).collect();
    let target = entry.target.split("::").take(2).collect::<Vec<_>>().join("::");
    let target = format::left(&target, 18);
    let lead = 1 + 8 + 1 + 5 + 1 + 18 + 1;
    let room = width.saturating_sub(lead).max(10);
    let pieces = if model.log.wrap { format::wrap(&entry.text, room) } else { vec![format::left(&entry.text, room)] };
    let head = vec![
        Span::styled(format!(" {time} "), theme.dim),
        Span::styled(entry.level.word(), style(model, entry.level)),
        Span::styled(format!(" {target} "), theme.dim),
    ];
    pieces
        .into_iter()
        .enumerate()
        .map(|(n, piece)| {
            let mut spans = if n == 0 { head.clone() } else { vec![Span::raw(" ".repeat(lead))] };
            spans.push(Span::styled(piece, theme.text));
            spans
        })
        .collect()
}

/// The last lines as plain records.
pub fn tail(model: &Model, height: usize) -> Vec<(String, Style)> {
    let mut lines: Vec<(String, Style)> = chosen(model)
        .rev()
        .take(height)
        .map(|entry| (format!("{} {}", entry.level.word(), entry.text), style(model, entry.level)))
        .collect();
    lines.reverse();
    lines
}

/// `following  INFO and above`.
pub fn summary(model: &Model) -> String {
    let log = &model.log;
    let state = match (log.paused, log.follow) {
        (true, _) => format!("paused, {} wait", log.held.len()),
        (false, true) => "following".to_owned(),
        (false, false) => format!("{} lines back", log.back),
    };
    format!("{state}  {} and above ", log.level.word().trim_end())
}

/// The newest line shown, for the clipboard.
pub fn newest(model: &Model) -> Option<&LogLine> {
    chosen(model).rev().nth(if model.log.follow { 0 } else { model.log.back })
}
