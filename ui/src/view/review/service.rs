//! What a review says of a service: theirs, ours, and what a mapping or a price would do.

use super::{Lines, labelled};
use crate::form::percent;
use crate::model::Model;
use crate::review::service::{ServiceAct, mapped};
use crate::review::{Review, Subject, Value};
use crate::view::{format, marks};
use app::view::panels::PanelServiceRow;
use ratatui::style::Style;

/// Where a provider's service is, for its line.
pub(super) fn state(model: &Model, row: &PanelServiceRow) -> (String, Style) {
    let (word, tone) = marks::service(&row.state);
    (word.to_owned(), model.theme.tone(tone))
}

/// What the review shows beyond the line.
pub(super) fn single(model: &Model, review: &Review, about: &Subject, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = Vec::new();
    let mut add = |label: &str, text: String, style: Style| lines.extend(labelled(model, label, &text, style, width));
    let theirs = match about {
        Subject::Theirs(row) => Some(&**row),
        Subject::Ours(..) => {
            let id = review.service_there();
            review.suggestions.iter().map(|found| &found.service).find(|row| Some(&row.service) == id.as_ref())
        }
        _ => None,
    };
    if let Some(row) = theirs {
        add("", String::new(), theme.text);
        add("Theirs", format!("{} {}", row.service, row.name), theme.strong);
        let kind = row.kind.clone().unwrap_or_else(|| format!("unknown type “{}”", row.kind_text));
        let can: Vec<&str> = [(row.refill, "refills"), (row.cancel, "cancels"), (row.dripfeed, "drip-feeds")]
            .into_iter()
            .filter_map(|(can, word)| can.then_some(word))
            .collect();
        let unit = if row.per_unit { "each" } else { "per 1000" };
        let facts = format!(
            "{}, {} {unit}, {} to {}{}{}",
            kind.replace('_', " "),
            row.rate,
            format::grouped(row.min),
            format::grouped(row.max),
            if can.is_empty() { "" } else { ", " },
            can.join(", ")
        );
        add("", facts, theme.text);
        if let Some(found) = review.suggestions.iter().find(|found| found.service.service == row.service) {
            add("Alike", format!("{} %: {}", found.score, found.why), theme.text);
        }
    }
    lines
}

/// What will happen, and whether it is a risk.
pub(super) fn then(review: &Review, act: &ServiceAct, about: &Subject) -> (String, bool) {
    match (act, about) {
        (ServiceAct::Map, Subject::Theirs(row)) => {
            let ours = review.chosen(|value| if let Value::Ours(key) = value { Some(key.clone()) } else { None });
            let before = review.ours.iter().find(|service| Some(&service.key) == ours.as_ref());
            map(&ours.unwrap_or_default(), &row.provider, before.and_then(|service| mapped(service, &row.provider)))
        }
        (ServiceAct::Map, Subject::Ours(row, provider)) => map(&row.key, provider, mapped(row, provider)),
        (ServiceAct::Unmap, Subject::Ours(row, provider)) => {
            (format!("nothing of {} goes to {provider} any more; what it has of it runs on", row.key), true)
        }
        (ServiceAct::Price, _) => {
            ("it decides for every order from now on; running ones keep their price".to_owned(), false)
        }
        (ServiceAct::Markup(bps), Subject::Ours(row, _)) => (
            format!(
                "prices of {} are taken as {} % above what providers charge, instead of {} %; it weighs in the choice \
                 and in what is too dear",
                row.key,
                percent(*bps),
                percent(row.markup_bps)
            ),
            false,
        ),
        _ => (String::new(), false),
    }
}

fn map(key: &str, provider: &str, before: Option<&str>) -> (String, bool) {
    let instead = before.map_or_else(String::new, |id| format!(", instead of {id}"));
    (
        format!(
            "every order of {key} that goes to {provider} buys this{instead}, from the next part on. A wrong one sells \
             the wrong thing until somebody sees it"
        ),
        true,
    )
}
