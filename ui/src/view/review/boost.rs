//! What a review says of boost orders: the part it is about, the evidence, and what will happen.

use super::{Lines, labelled, plain};
use crate::model::Model;
use crate::review::boost::{BoostAct, chosen_part, parts};
use crate::review::{Fate, Item, Review};
use crate::view::{boosts, format, marks};
use app::view::boosts::{BoostDetail, BoostRow, PartView};
use domain::Money;
use domain::boost::PartState;
use ratatui::style::Style;
use ratatui::text::Line;

/// Lines of evidence that are shown; the log has all of it.
const EVIDENCE: usize = 8;

/// Where an order is, for its line.
pub(super) fn state(model: &Model, row: &BoostRow) -> (String, Style) {
    let (text, tone) = marks::boost(row);
    (text, model.theme.tone(tone))
}

/// What one order's review shows beyond its line: the evidence of a lost answer, or where the part is.
pub(super) fn single(model: &Model, review: &Review, act: BoostAct, item: &Item, width: usize) -> Lines {
    let theme = &model.theme;
    let Some(detail) = item.about.boost_detail() else { return Vec::new() };
    let part = chosen_part(detail, &review.choices);
    let mut lines = Vec::new();
    match (act, part) {
        (BoostAct::Rule, Some((_, part))) if part.state == PartState::Unknown => {
            lines.push(Line::default());
            lines.extend(evidence(model, part, width));
        }
        (_, Some((leg, part))) => {
            lines.push(Line::default());
            let at = match &part.panel_order {
                Some(order) => format!("{} order {order}", part.provider),
                None if part.provider.is_empty() => "with nobody yet".to_owned(),
                None => format!("for {}", part.provider),
            };
            let why = if part.reason.is_empty() { String::new() } else { format!("; {}", part.reason) };
            let count = format::grouped(part.quantity * part.runs);
            let what = format!("{} {} of {count}, {at}{why}", part.n, leg.leg.word());
            lines.extend(labelled(model, "Part", &what, theme.text, width));
        }
        _ => {
            let (what, _) = boosts::explained(&detail.row);
            lines.extend(
                format::wrap(&what, width.saturating_sub(4)).into_iter().map(|l| plain(format!("    {l}"), theme.dim)),
            );
        }
    }
    lines
}

/// What a batch would do, in one sentence.
pub(super) fn batch(items: &[Item], act: BoostAct) -> String {
    let failed: i64 = items.iter().filter_map(|item| item.about.boost()).map(|row| row.failed).sum();
    match act {
        BoostAct::Retry => format!(
            "{failed} failed parts, and what waits, are tried again, each is paid for at its provider; one order at a time"
        ),
        BoostAct::Cancel => "what was not placed is called off; providers are asked to cancel the rest, and what they \
                             refuse runs on"
            .to_owned(),
        BoostAct::ReviewDone => "what was noted of them goes and is not noted again; nothing is ordered".to_owned(),
        BoostAct::Refill => "each provider is asked to refill what its service refills; it costs nothing".to_owned(),
        _ => "each provider is asked once; only its answer changes an order".to_owned(),
    }
}

/// What will happen, and whether it is a risk.
pub(super) fn then(review: &Review, act: BoostAct, detail: &BoostDetail) -> (String, bool) {
    let part = chosen_part(detail, &review.choices).map(|(_, part)| part);
    match act {
        BoostAct::Retry => {
            let waits = part.is_some_and(|part| part.state == PartState::Waiting);
            let how = if waits { "tried now instead of later" } else { "placed again" };
            (format!("it is {how}, where the policy says; that provider is paid for it"), false)
        }
        BoostAct::Move => moved(review),
        BoostAct::Cancel => cancelled(detail),
        BoostAct::Refill => ("the provider is asked for what dropped; it costs nothing".to_owned(), false),
        BoostAct::LookUp => ("the providers are asked now; only their answers change the order".to_owned(), false),
        BoostAct::ReviewDone => {
            let short = part.is_some_and(|part| part.placed_at.is_some() && !part.state.is_open());
            let rest = if short { "; what is missing stays missing" } else { "" };
            (format!("the note goes and the same is not noted again{rest}; nothing is ordered, no money moves"), false)
        }
        BoostAct::Rule => match review.fate() {
            Some(Fate::Placed) => (
                "it counts as placed under this id: its cost is booked, the credit taken, it is followed. A wrong id \
                 follows another order, and this one runs unseen"
                    .to_owned(),
                true,
            ),
            Some(Fate::NotPlaced) => (
                "once a second name has signed, it is placed again. If it was placed after all, it is delivered and \
                 paid twice"
                    .to_owned(),
                true,
            ),
            Some(Fate::Done) => ("the part counts as delivered".to_owned(), false),
            Some(Fate::Failed) => ("the part fails; with nothing else placed the credit goes back".to_owned(), false),
            None => (String::new(), false),
        },
    }
}

fn moved(review: &Review) -> (String, bool) {
    let target = review.choices.get(1).and_then(crate::review::Choice::chosen);
    let quotes = review.quotes.as_ref().map_or(&[][..], |(_, quotes)| quotes);
    let quote = target.and_then(|option| quotes.iter().find(|quote| quote.provider == option.word));
    let Some(quote) = quote else { return ("its price is read first".to_owned(), false) };
    let price =
        quote.price.map_or_else(|| "at no known price".to_owned(), |price| format!("for {}", format::cost(price)));
    let by = quote.difference.unwrap_or(Money::usd_minor(0));
    (
        format!("{} gets the part {price}, {}; it waits for nobody else", quote.provider, format::more(by)),
        by.is_positive(),
    )
}

fn cancelled(detail: &BoostDetail) -> (String, bool) {
    let count = |fits: &dyn Fn(&PartView) -> bool| parts(detail).filter(|(_, part)| fits(part)).count();
    let unplaced = count(&|part| matches!(part.state, PartState::Scheduled | PartState::Waiting));
    let asked = count(&|part| part.state == PartState::Placed && part.can_cancel);
    let runs = count(&|part| part.state == PartState::Placed && !part.can_cancel);
    let unknown = count(&|part| matches!(part.state, PartState::Unknown | PartState::Sending));
    let mut said = vec![format!("{unplaced} not placed: called off")];
    if asked > 0 {
        said.push(format!("{asked} running: the provider is asked to cancel, and may refuse"));
    }
    if runs > 0 {
        said.push(format!("{runs} running where nothing can be cancelled: runs on"));
    }
    if unknown > 0 {
        said.push(format!("{unknown} not known or on its way: stays as it is"));
    }
    let nothing = asked + runs + unknown == 0 && detail.row.delivered == 0;
    said.push(if nothing { "the credit goes back".to_owned() } else { "the credit stays as it is".to_owned() });
    (said.join("; "), asked + runs + unknown > 0)
}

/// What is known of a lost answer.
fn evidence(model: &Model, part: &PartView, width: usize) -> Lines {
    let all = crate::view::boost::of_part(model, part, width);
    let hidden = all.len().saturating_sub(EVIDENCE);
    if all.is_empty() {
        return vec![plain("Evidence: none was gathered", model.theme.busy)];
    }
    // The newest attempt stands last.
    let mut lines: Lines = all.into_iter().skip(hidden).collect();
    if hidden > 0 {
        lines.insert(0, plain(format!(" {hidden} older lines: E shows them"), model.theme.dim));
    }
    lines
}
