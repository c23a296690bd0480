//! One transfer in full: what the chain or the bank says of it, who claims it, what was booked.

use super::super::lines::{Lines, field, ledger_lines, trail_lines, when};
use super::super::{absent, format, line, marks};
use super::invoice::one_claim;
use super::{beside, explained_transfer, titled, whole};
use crate::model::{Model, TillPart};
use app::view::payments::PaymentDetail;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The whole screen.
pub(super) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let pane = &model.payments.transfer;
    let head = head(model, data, usize::from(area.width));
    whole(model, (pane.part, pane.scroll), head, &|each, width| part(model, data, each, width), area, buf);
}

/// The side pane.
pub(super) fn pane(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let head = head(model, data, usize::from(area.width));
    beside(model, model.payments.transfer.part, head, &|each, width| part(model, data, each, width), area, buf);
}

/// The third pane.
pub(super) fn side(model: &Model, area: Rect, buf: &mut Buffer) {
    let detail = &model.payments.transfer;
    if let Some(data) = detail.data.as_ref().filter(|data| Some(data.row.id) == detail.id) {
        let lines = titled(model, &[TillPart::Trail], &|each, width| part(model, data, each, width), area.width.into());
        super::write(buf, area, lines, 0);
    }
}

/// How many lines the open part has.
pub(super) fn length(model: &Model, width: usize) -> usize {
    let detail = &model.payments.transfer;
    detail.data.as_ref().map_or(0, |data| part(model, data, detail.part, width).len())
}

fn ready<'a>(model: &'a Model, area: Rect, buf: &mut Buffer) -> Option<&'a PaymentDetail> {
    let detail = &model.payments.transfer;
    let Some(id) = detail.id else {
        line(buf, area, 1, vec![Span::styled("  no row is chosen", model.theme.dim)]);
        return None;
    };
    if detail.missing {
        line(buf, area, 1, vec![Span::styled(format!("  there is no transfer {id}"), model.theme.bad)]);
        return None;
    }
    // Never another transfer's data under this one's title.
    let data = detail.data.as_ref().filter(|data| !detail.open || data.row.id == id);
    if data.is_none() {
        absent(model, &detail.fetch, &format!("transfer {id}"), area, buf);
    }
    data.map(|data| &**data)
}

fn head(model: &Model, data: &PaymentDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let (state, tone) = marks::transfer(row);
    let room = width.saturating_sub(domain::text::width(&state) + 3);
    let title = format::left(&format!("{}  {} {}", row.id, super::chain(&row.chain), row.amount), room);
    vec![
        Line::from(vec![Span::styled(format!(" {title} "), theme.strong), Span::styled(state, theme.tone(tone))]),
        Line::styled(format::left(&format!(" {}", explained_transfer(model, row)), width), theme.dim),
    ]
}

fn part(model: &Model, data: &PaymentDetail, part: TillPart, width: usize) -> Lines {
    let theme = &model.theme;
    match part {
        TillPart::Summary => summary(model, data, width),
        TillPart::Evidence => {
            let mut lines: Lines =
                data.sources.iter().flat_map(|source| field(model, "Source", source, theme.text, width)).collect();
            if lines.is_empty() {
                lines.push(Line::styled(" no source has said anything yet", theme.dim));
            }
            lines.extend(data.claimants.iter().map(|claim| {
                one_claim(model, claim, data.row.invoice.is_some_and(|invoice| invoice != claim.invoice), width)
            }));
            lines
        }
        TillPart::Ledger if data.ledger.is_empty() => vec![Line::styled(" nothing was booked yet", theme.dim)],
        TillPart::Ledger => ledger_lines(model, &data.ledger, width),
        TillPart::Trail => trail_lines(model, &data.trail, width),
    }
}

fn summary(model: &Model, data: &PaymentDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let mut lines = Lines::new();
    let mut add = |label: &str, text: &str, style| {
        if !text.is_empty() {
            lines.extend(field(model, label, text, style, width));
        }
    };
    add("Tx", &format::name(&row.tx, model.mask), theme.text);
    let usd = row.usd.map_or_else(|| "worth not known".to_owned(), format::money);
    let amount = if row.amount.is_empty() { "not known yet".to_owned() } else { format!("{}, {usd}", row.amount) };
    add("Amount", &amount, theme.text);
    add("From", &format::name(&data.sender, model.mask), theme.text);
    add("User", &super::owner(model, row), theme.text);
    add("Invoice", if row.number.is_empty() { "none" } else { &row.number }, theme.text);
    let height = data.height.map_or_else(String::new, |height| format!("{height} "));
    add("Block", format!("{height}{}", format::name(&data.block, model.mask)).trim(), theme.text);
    let position = if data.position.is_empty() { String::new() } else { format!("at {}", data.position) };
    add("Place", &position, theme.dim);
    add("Sent", &data.block_at.map(|at| when(model, at)).unwrap_or_default(), theme.text);
    add("Fee", &data.fee, theme.text);
    add("Why", &row.reason, theme.busy);
    let next = data.next_at.map_or_else(|| "not any more".to_owned(), |at| format!("next {}", when(model, at)));
    add("Looked", &format!("{} times, {next}", data.tries), theme.text);
    let credited = data.credited_at.map_or_else(|| "to nobody".to_owned(), |at| when(model, at));
    add("Credited", &credited, theme.text);
    add("Known", &format!("since {}, v{}", when(model, row.created_at), row.version), theme.text);
    add("Trace", &data.correlation, theme.dim);
    lines
}
