//! One invoice in full: what was bought, what was asked and came, who claims which transfer, what was booked.

use super::super::lines::{Lines, field, ledger_lines, trail_lines, when};
use super::super::{absent, format, line, marks};
use super::{beside, explained, titled, whole};
use crate::model::{Model, TillPart};
use app::view::payments::{ClaimView, InvoiceDetail, PaymentRow};
use domain::InvoiceId;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

/// The whole screen.
pub(super) fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let pane = &model.payments.invoice;
    let head = head(model, data, usize::from(area.width));
    whole(model, (pane.part, pane.scroll), head, &|each, width| part(model, data, each, width), area, buf);
}

/// The side pane.
pub(super) fn pane(model: &Model, area: Rect, buf: &mut Buffer) {
    let Some(data) = ready(model, area, buf) else { return };
    let head = head(model, data, usize::from(area.width));
    beside(model, model.payments.invoice.part, head, &|each, width| part(model, data, each, width), area, buf);
}

/// The third pane.
pub(super) fn side(model: &Model, area: Rect, buf: &mut Buffer) {
    let detail = &model.payments.invoice;
    if let Some(data) = detail.data.as_ref().filter(|data| Some(data.row.id) == detail.id) {
        let lines = titled(model, &[TillPart::Trail], &|each, width| part(model, data, each, width), area.width.into());
        super::write(buf, area, lines, 0);
    }
}

/// How many lines the open part has.
pub(super) fn length(model: &Model, width: usize) -> usize {
    let detail = &model.payments.invoice;
    detail.data.as_ref().map_or(0, |data| part(model, data, detail.part, width).len())
}

fn ready<'a>(model: &'a Model, area: Rect, buf: &mut Buffer) -> Option<&'a InvoiceDetail> {
    let detail = &model.payments.invoice;
    let Some(id) = detail.id else {
        line(buf, area, 1, vec![Span::styled("  no row is chosen", model.theme.dim)]);
        return None;
    };
    if detail.missing {
        line(buf, area, 1, vec![Span::styled(format!("  there is no invoice {id}"), model.theme.bad)]);
        return None;
    }
    // Never another invoice's data under this one's title.
    let data = detail.data.as_ref().filter(|data| !detail.open || data.row.id == id);
    if data.is_none() {
        absent(model, &detail.fetch, &format!("invoice {id}"), area, buf);
    }
    data.map(|data| &**data)
}

fn head(model: &Model, data: &InvoiceDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let (state, tone) = marks::invoice(row);
    let room = width.saturating_sub(domain::text::width(&state) + 3);
    let title = format::left(&format!("{}  {}", row.number, format::money(row.price)), room);
    vec![
        Line::from(vec![Span::styled(format!(" {title} "), theme.strong), Span::styled(state, theme.tone(tone))]),
        Line::styled(format::left(&format!(" {}", explained(model, row)), width), theme.dim),
    ]
}

fn part(model: &Model, data: &InvoiceDetail, part: TillPart, width: usize) -> Lines {
    match part {
        TillPart::Summary => summary(model, data, width),
        TillPart::Evidence => evidence(model, data, width),
        TillPart::Ledger if data.ledger.is_empty() => vec![Line::styled(" nothing was booked yet", model.theme.dim)],
        TillPart::Ledger => ledger_lines(model, &data.ledger, width),
        TillPart::Trail => trail_lines(model, &data.trail, width),
    }
}

fn summary(model: &Model, data: &InvoiceDetail, width: usize) -> Lines {
    let theme = &model.theme;
    let row = &data.row;
    let mut lines = Lines::new();
    let mut add = |label: &str, text: &str, style| lines.extend(field(model, label, text, style, width));
    add("For", &super::super::review::bought(row), theme.text);
    if row.kind != "topup" {
        let plan = data.plan.as_ref().map_or_else(String::new, |plan| format!(", credits of {plan}"));
        add("Each", &format!("USD {}{plan}", data.unit_price.amount_text()), theme.text);
    }
    for (label, value) in &data.details {
        add(label, value, theme.text);
    }
    add("User", &format!("{}  id {}", format::user(&row.username, row.user, model.mask), row.user), theme.text);
    let asked = if row.asked.is_empty() { "from the balance".to_owned() } else { row.asked.clone() };
    add("Asked", &format!("{asked} by {}", row.method.replace('_', " ")), theme.text);
    if !data.rate.is_empty() {
        add("Rate", &format!("{}, frozen", data.rate), theme.text);
    }
    if let Some(address) = &data.address {
        add("To", &format::name(address, model.mask), theme.text);
    }
    if let Some((bank, number, note)) = &data.account {
        add("Account", &format!("{bank} {} {note}", format::account(number, model.mask)), theme.text);
    }
    if let Some(reference) = &data.reference {
        add("Ref", &format!("{}, charge {}", format::name(reference, model.mask), data.charge), theme.text);
    }
    let came = if row.received.is_empty() { "nothing yet".to_owned() } else { row.received.clone() };
    add("Came", &format!("{came}, {}", format::money(row.received_usd)), theme.text);
    let back = if row.refunded.is_positive() {
        format!(", {} given back", format::money(row.refunded))
    } else {
        String::new()
    };
    add("Booked", &format!("{}{back}", format::money(row.paid_usd)), theme.text);
    if let Some(manual) = &data.manual {
        let (state, tone) = marks::manual(manual);
        add("People", &format!("order {} {state}, due {}", manual.id, when(model, manual.due_at)), theme.tone(tone));
    }
    if let Some(commission) = &data.commission {
        let back =
            commission.clawed.is_positive().then(|| format!(", {} taken back", format::money(commission.clawed)));
        let owed = commission.owed.is_positive().then(|| format!(", {} owed", format::money(commission.owed)));
        let text = format!(
            "{} to id {}{}{}",
            format::money(commission.amount),
            commission.referrer,
            back.unwrap_or_default(),
            owed.unwrap_or_default()
        );
        add("Referrer", &text, theme.text);
    }
    let until = row.expires_at.map_or_else(|| "-".to_owned(), |at| when(model, at));
    let paid = row.paid_at.map_or_else(String::new, |at| format!(", paid {}", when(model, at)));
    add(
        "Made",
        &format!("{}, to be paid until {until}{paid}, v{}", when(model, row.created_at), row.version),
        theme.text,
    );
    add("Trace", &data.correlation, theme.dim);
    lines
}

/// What reached us for it, and who named what.
fn evidence(model: &Model, data: &InvoiceDetail, width: usize) -> Lines {
    let theme = &model.theme;
    if data.payments.is_empty() && data.claims.is_empty() {
        return vec![Line::styled(" no transfer was named or seen for it", theme.dim)];
    }
    let mut lines = Lines::new();
    for payment in &data.payments {
        lines.extend(one_transfer(model, payment, data.row.id, width));
    }
    for claim in &data.claims {
        lines.push(one_claim(model, claim, claim.invoice != data.row.id, width));
    }
    lines
}

/// `shown` is the invoice that it is shown with: a transfer that was named for it may be another's.
fn one_transfer(model: &Model, row: &PaymentRow, shown: InvoiceId, width: usize) -> Lines {
    let theme = &model.theme;
    let (state, tone) = marks::transfer(row);
    let mut lines = vec![Line::from(vec![
        Span::styled(
            format!(" {}  {} {}  ", when(model, row.created_at), super::chain(&row.chain), row.amount),
            theme.text,
        ),
        Span::styled(state, theme.tone(tone)),
    ])];
    let mut add = |text: String, style| {
        let pieces = format::wrap(&text, width.saturating_sub(4));
        lines.extend(pieces.into_iter().map(|piece| Line::styled(format!("   {piece}"), style)));
    };
    add(format!("transfer {}: {}", row.id, format::name(&row.tx, model.mask)), theme.dim);
    if row.invoice.is_some_and(|other| other != shown) {
        add(format!("it is {}'s", row.number), theme.busy);
    }
    if !row.reason.is_empty() {
        add(row.reason.clone(), theme.busy);
    }
    lines
}

/// Who named which transfer; `other` claims are for another invoice, which is what makes a dispute.
pub(super) fn one_claim(model: &Model, claim: &ClaimView, other: bool, width: usize) -> Line<'static> {
    let theme = &model.theme;
    let who = format::user(&claim.username, claim.user, model.mask);
    let text = format!(
        " {}  {who} named transfer {} for {}",
        when(model, claim.at),
        claim.payment,
        if claim.number.is_empty() { claim.invoice.to_string() } else { claim.number.clone() }
    );
    Line::styled(format::left(&text, width), if other { theme.busy } else { theme.text })
}
