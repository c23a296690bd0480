//! What is typed into a review, and what can be done with it now.

use super::{Lines, format, plain};
use crate::model::Model;
use crate::review::{Choice, Confirm, ItemEnd, Kind, Phase, Review};
use crate::update::blocked;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// What can be chosen: on one line each, or with a line for each option.
pub(super) fn choices(model: &Model, review: &Review, width: usize, lines: &mut Lines) {
    let theme = &model.theme;
    if review.phase == Phase::Done {
        return;
    }
    for (n, choice) in review.choices.iter().enumerate() {
        let here = n == review.choosing && !review.editing;
        let mark = if here { "> " } else { "  " };
        if choice.options.is_empty() {
            // One that waits for another says nothing while that one is empty.
            if n == 0 || review.choices[..n].iter().all(|before| !before.options.is_empty()) {
                lines.push(plain(format!("{mark}{}: nothing fits", choice.label), theme.bad));
            }
            continue;
        }
        if !choice.tall {
            lines.push(wide(model, choice, mark, width));
            continue;
        }
        lines.push(Line::from(vec![
            Span::styled(mark, theme.key),
            Span::styled(choice.label, if here { theme.strong } else { theme.dim }),
        ]));
        let widest = choice.options.iter().map(|option| domain::text::width(&option.word)).max().unwrap_or(0).min(24);
        for (at, option) in choice.options.iter().enumerate() {
            let chosen = at == choice.at;
            let barred = !option.bar.is_empty();
            let style = match (chosen, barred) {
                (true, false) => theme.strong,
                (true, true) => theme.bad,
                (false, true) => theme.dim,
                (false, false) => theme.text,
            };
            let sign = if chosen { "(*)" } else { "( )" };
            let bar = if barred { format!("  x {}", option.bar) } else { String::new() };
            let text = format!("    {sign} {}  {}{bar}", format::left(&option.word, widest), option.note);
            lines.push(plain(format::left(&text, width), style));
        }
    }
    if !review.choices.is_empty() {
        lines.push(Line::default());
    }
}

/// `For   15 min  [1 hour]  4 hours`, with the note of what is chosen behind.
fn wide(model: &Model, choice: &Choice, mark: &'static str, width: usize) -> Line<'static> {
    let theme = &model.theme;
    let mut spans = vec![Span::styled(mark, theme.key), Span::styled(format::left(choice.label, 9), theme.dim)];
    let mut used = 11;
    for (at, option) in choice.options.iter().enumerate() {
        let (a, z, style) = if at == choice.at { ("[", "]", theme.strong) } else { (" ", " ", theme.text) };
        let text = format!("{a}{}{z}", option.word);
        used += domain::text::width(&text);
        spans.push(Span::styled(text, style));
    }
    if let Some(option) = choice.chosen().filter(|option| !option.note.is_empty()) {
        spans.push(Span::styled(format::left(&format!("  {}", option.note), width.saturating_sub(used)), theme.dim));
    }
    Line::from(spans)
}

/// The reasons of a rejection and the text being typed. Returns where its cursor stands.
pub(super) fn text(model: &Model, review: &Review, width: usize, lines: &mut Lines) -> Option<(usize, usize)> {
    let theme = &model.theme;
    let label = review.text_label()?;
    if review.phase == Phase::Done {
        return None;
    }
    if review.kind == Kind::Reject {
        for (n, reason) in model.reasons.iter().enumerate() {
            let chosen = n == review.reason;
            let mark = if chosen { ">" } else { " " };
            let style = if chosen { theme.strong } else { theme.text };
            lines.push(plain(format::left(&format!("{mark} {} {}", n + 1, reason.code), width), style));
        }
        lines.push(Line::default());
    }
    lines.push(plain(format!("{label}:"), theme.dim));
    let typed = review.text.text();
    if typed.is_empty() && !review.editing {
        let key = if review.confirm().is_digits() { "e" } else { "tab" };
        lines.push(plain(format!("{key} writes it; it stands in the audit"), theme.busy));
        lines.push(Line::default());
        return None;
    }
    let style = if review.editing { theme.strong } else { theme.text };
    let before: String = typed.chars().take(review.text.cursor()).collect();
    if !review.editing {
        lines.extend(format::wrap(&typed, width).into_iter().map(|piece| plain(piece, style)));
        lines.push(Line::default());
        return None;
    }
    // While it is edited the line scrolls sideways with its cursor.
    let used = domain::text::width(&before);
    let skip = used.saturating_sub(width.saturating_sub(2));
    let mut passed = 0;
    let shown: String = typed
        .chars()
        .skip_while(|c| {
            passed += domain::text::width(c.encode_utf8(&mut [0; 4]));
            passed <= skip
        })
        .collect();
    lines.push(plain(format::left(&shown, width), style.add_modifier(ratatui::style::Modifier::UNDERLINED)));
    let at = (lines.len() - 1, used - skip);
    lines.push(Line::default());
    Some(at)
}

/// What can be done now. Returns where the typed digits end.
pub(super) fn verdict(model: &Model, review: &Review, width: usize, lines: &mut Lines) -> Option<(usize, usize)> {
    let theme = &model.theme;
    let mut say = |text: String, style: Style| {
        lines.extend(format::wrap(&text, width).into_iter().map(|piece| plain(piece, style)));
    };
    match review.phase {
        Phase::Reading => say("reading what is true now...".into(), theme.dim),
        Phase::Checking => say("reading once more before it is submitted...".into(), theme.busy),
        Phase::Submitting(at) if review.items.len() > 1 => {
            say(format!("submitted {} of {}; esc stops after this one", at + 1, review.items.len()), theme.busy);
        }
        Phase::Submitting(_) => say("submitted; the store decides...".into(), theme.busy),
        Phase::Done => done(model, review, &mut say),
        Phase::Ready => {
            if let Some(why) = blocked(model, review) {
                say(why, theme.bad);
                return None;
            }
            return confirm_lines(model, review, width, lines);
        }
    }
    None
}

fn done(model: &Model, review: &Review, say: &mut impl FnMut(String, Style)) {
    let theme = &model.theme;
    if let Some(ItemEnd::Refused(why)) = &review.end {
        say(format!("x refused: {why}"), theme.bad);
    }
    if let ([item], Some(ItemEnd::Refused(why))) = (&review.items[..], review.items.first().and_then(|i| i.end.clone()))
    {
        say(format!("x {} was not decided: {why}", item.about.name()), theme.bad);
    }
    let done = review.items.iter().filter(|item| matches!(item.end, Some(ItemEnd::Done(_)))).count();
    if review.items.len() > 1 {
        let ago = review.submitted_at.map(|at| model.frame_at.since(at).as_secs()).unwrap_or(0);
        say(
            format!("{done} of {} decided, {ago} s ago; what was not keeps its mark", review.items.len()),
            theme.strong,
        );
    }
}

fn confirm_lines(model: &Model, review: &Review, width: usize, lines: &mut Lines) -> Option<(usize, usize)> {
    let theme = &model.theme;
    let verb = review.verb();
    let armed = review.is_armed(model.tick_at.max(model.frame_at));
    let mut at = None;
    if let Confirm::Typed { wanted, what } = review.confirm() {
        let digits = if review.confirm().is_digits() { ", digits only" } else { "" };
        let prompt = format!("Type the {what} to {verb}{digits}: ");
        at = (!review.editing).then_some((lines.len(), prompt.len() + review.typed.len()));
        let off = !wanted.starts_with(&review.typed);
        lines.push(Line::from(vec![
            Span::styled(prompt, theme.text),
            Span::styled(review.typed.clone(), if off { theme.fault } else { theme.strong }),
        ]));
    }
    let again = review.claim_known && !review.viewers().is_empty();
    let (text, style) = match armed {
        true if again => (format!("somebody else has it open: y {verb} all the same"), theme.busy),
        true => (format!("y {verb}"), theme.strong),
        false => match review.missing() {
            Some(what) => (what, theme.dim),
            None => (format!("{verb} is not armed"), theme.dim),
        },
    };
    let buttons = format!("[ Cancel ]   {text}");
    let gap = width.saturating_sub(domain::text::width(&buttons));
    lines.push(Line::from(vec![
        Span::raw(" ".repeat(gap)),
        Span::styled("[ Cancel ]", theme.strong),
        Span::raw("   "),
        Span::styled(text, style),
    ]));
    at
}
