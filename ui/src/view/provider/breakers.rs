//! The breakers of a provider: where each is, its last hour as a line of signs, and who changed it.

use super::super::lines::{Lines, when};
use super::super::{format, marks};
use crate::model::Model;
use crate::theme::Tone;
use app::view::panels::{BreakerChange, ProviderDetail};
use domain::Timestamp;
use domain::breaker::CallClass;
use ratatui::text::{Line, Span};
use std::time::Duration;

/// How far back the timeline goes.
const HOUR: Duration = Duration::from_secs(3_600);

/// A line and the last hour for each class.
pub(super) fn lines(model: &Model, data: &ProviderDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = vec![Line::styled(" breakers", theme.head)];
    for class in CallClass::ALL {
        let Some(view) = data.row.breakers.iter().find(|view| view.class == class) else {
            lines.push(Line::styled(format!(" {:<8} + OK, nothing was asked yet", class.word()), theme.dim));
            continue;
        };
        let (mark, tone) = marks::breaker(view);
        let count = format!("{}/{} failed", view.failures, view.calls);
        let probe = view.next_probe_at.map_or_else(String::new, |at| format!(", probe {}", at.clock()));
        lines.push(Line::from(vec![
            Span::styled(format!(" {:<8} ", class.word()), theme.text),
            Span::styled(format!("{mark:<8}"), theme.tone(tone)),
            Span::styled(format!("  {count}{probe}"), theme.dim),
        ]));
    }
    lines.push(Line::default());
    lines.extend(timeline(model, data, width));
    lines
}

/// Signs that need neither colour nor a wide character set: `.` closed, `~` probing, `x` open, `#` forced.
fn timeline(model: &Model, data: &ProviderDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let room = width.saturating_sub(11).clamp(10, 60);
    let scale = format!(" {:<8} -60m{:>rest$}", "hour", "now", rest = room.saturating_sub(4));
    let mut lines = vec![Line::styled(format::left(&scale, width), theme.dim)];
    for class in CallClass::ALL {
        let mut spans = vec![Span::styled(format!(" {:<8} ", class.word()), theme.dim)];
        let signs: Vec<(char, Tone)> = (0..room).map(|n| sign(model, data, class, n, room)).collect();
        // One span for each run of a sign.
        let mut at = 0;
        while at < signs.len() {
            let (sign, tone) = signs[at];
            let run = signs[at..].iter().take_while(|(other, _)| *other == sign).count();
            spans.push(Span::styled(sign.to_string().repeat(run), theme.tone(tone)));
            at += run;
        }
        lines.push(Line::from(spans));
    }
    lines.push(Line::styled(format::left(" . closed  ~ probing  x open  # forced", width), theme.dim));
    lines
}

/// What the breaker of a class was in the `n`th of `of` spans of the last hour: the worst of what it was.
fn sign(model: &Model, data: &ProviderDetail, class: CallClass, n: usize, of: usize) -> (char, Tone) {
    let span = HOUR.as_micros() / of.max(1) as u128;
    let ago = |n: usize| Duration::from_micros(u64::try_from(span * (of - n) as u128).unwrap_or(0));
    let (from, to) = (model.frame_at.minus(ago(n)), model.frame_at.minus(ago(n + 1)));
    let of_class = || data.changes.iter().filter(|change| change.class == class.word());
    let within = of_class().filter(|change| change.at > from && change.at <= to).map(|change| became(&change.became));
    within
        .chain([before(data, class, from, of_class())])
        .max_by_key(|(sign, _)| badness(*sign))
        .unwrap_or(('.', Tone::Dim))
}

/// What it was at a moment: what it last became before, or what it was before it first changed, or what it is.
fn before<'a>(
    data: &ProviderDetail,
    class: CallClass,
    at: Timestamp,
    changes: impl Iterator<Item = &'a BreakerChange>,
) -> (char, Tone) {
    let mut later = None;
    for change in changes {
        // Newest first.
        if change.at <= at {
            return became(&change.became);
        }
        later = Some(change);
    }
    match (later, data.row.breakers.iter().find(|view| view.class == class)) {
        (Some(change), _) => became(&change.was),
        (None, Some(view)) if view.forced.is_some() => became("forced"),
        (None, Some(view)) => became(view.state.word()),
        (None, None) => became("closed"),
    }
}

fn became(word: &str) -> (char, Tone) {
    match word {
        word if word.contains("forced") => ('#', Tone::Unknown),
        "open" => ('x', Tone::Bad),
        "half_open" => ('~', Tone::Busy),
        _ => ('.', Tone::Dim),
    }
}

const fn badness(sign: char) -> u8 {
    match sign {
        '#' => 3,
        'x' => 2,
        '~' => 1,
        _ => 0,
    }
}

/// Every change: when, of what, from what to what, why, by whom.
pub(super) fn changes(model: &Model, data: &ProviderDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let mut all = vec![Line::styled(" changes of breakers, newest first", theme.head)];
    for change in &data.changes {
        let (sign, tone) = became(&change.became);
        let word = |word: &str| word.replace('_', "-");
        let move_ = format!("{} -> {}", word(&change.was), word(&change.became));
        let by = if change.actor == "system" { String::new() } else { format!("  {}", change.actor) };
        let head = format!(" {:<11} {:<8} ", when(model, change.at), change.class);
        let room = width.saturating_sub(head.len() + 2 + 22);
        all.push(Line::from(vec![
            Span::styled(head, theme.dim),
            Span::styled(format!("{sign} {}", format::left(&move_, 22)), theme.tone(tone)),
            Span::styled(format::left(&format!("{}{by}", change.why), room), theme.text),
        ]));
    }
    if data.changes.is_empty() {
        all.push(Line::styled(" none was ever opened", theme.good));
    }
    all
}
