//! A window below 60x15: one line a record, and no money actions.

use super::{format, line, marks, row};
use crate::listing::Keyed;
use crate::model::{Model, PanelLine, Shelf, Tab, Till};
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

/// Draws the open tab without frame or columns.
pub fn draw(model: &Model, area: Rect, buf: &mut Buffer) {
    let theme = &model.theme;
    let badge = theme.environments[model.environment as usize];
    let title = format!(" {} {}", model.tab.title(), model.frame_at.clock());
    line(buf, area, 0, vec![Span::styled(model.environment.word(), badge), Span::styled(title, theme.strong)]);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
    for (y, (text, style, cursor)) in records(model, usize::from(body.height)).into_iter().enumerate() {
        let at = row(body, u16::try_from(y).unwrap_or(0));
        let mark = if cursor { ">" } else { " " };
        line(buf, at, 0, vec![Span::styled(format!("{mark}{text}"), style)]);
        if cursor {
            buf.set_style(at, theme.cursor);
        }
    }
    let (text, style) = match &model.toast {
        Some(toast) => (toast.text.clone(), if toast.error { theme.bad } else { theme.strong }),
        None => ("window too small to approve safely".to_owned(), theme.bad),
    };
    line(buf, area, area.height - 1, vec![Span::styled(text, style)]);
}

fn records(model: &Model, height: usize) -> Vec<(String, Style, bool)> {
    let theme = &model.theme;
    match model.tab {
        Tab::Withdrawals => {
            let list = &model.withdrawals.table.list;
            let rows = list.visible(height).iter();
            rows.map(|row| {
                let (state, tone) = format::state(row, model.tick_at);
                let text = format!("{} {} {state}", row.id, format::naira(row.payout));
                (text, theme.tone(tone), list.cursor() == Some(row.id.get()))
            })
            .collect()
        }
        Tab::Providers => {
            let list = &model.providers.list;
            let rows = list.visible(height).iter();
            rows.map(|line| {
                let (name, (mark, tone)) = match line {
                    PanelLine::Provider(row) => (row.name.as_str(), marks::provider(row)),
                    PanelLine::Rail(rail) => ("payout", marks::rail(rail)),
                };
                (format!("{name} {mark}"), theme.tone(tone), list.cursor() == Some(line.key()))
            })
            .collect()
        }
        Tab::Boosts => {
            let list = &model.boosts.table.list;
            let rows = list.visible(height).iter();
            rows.map(|row| {
                let (state, tone) = marks::boost(row);
                let text = format!("{} {} {}/{} {state}", row.id, row.plan, row.delivered, row.want);
                (text, theme.tone(tone), list.cursor() == Some(row.id.get()))
            })
            .collect()
        }
        Tab::Ipstock => stock(model, height),
        Tab::Payments => till(model, height),
        Tab::Overview => {
            let needs = model.overview.data.iter().flat_map(|data| data.needs.iter()).take(height);
            needs
                .enumerate()
                .map(|(n, need)| {
                    (format!("{} {} {}", need.mark, need.count, need.what), theme.text, n == model.overview.cursor)
                })
                .collect()
        }
        Tab::Audit => {
            let list = &model.audit.list;
            let rows = list.visible(height).iter();
            rows.map(|row| {
                let text = format!("{} {} {} {}", row.at.clock(), row.actor, row.action, row.object);
                (text, theme.text, list.cursor() == Some(row.seq))
            })
            .collect()
        }
        Tab::Cases => {
            let list = &model.cases.list;
            let rows = list.visible(height).iter();
            rows.map(|row| (format!("{} {}", row.id, row.what), theme.text, list.cursor() == Some(row.id.get())))
                .collect()
        }
        Tab::Log => super::log::tail(model, height).into_iter().map(|(text, style)| (text, style, false)).collect(),
    }
}

/// The list of the Payments tab that is shown.
fn till(model: &Model, height: usize) -> Vec<(String, Style, bool)> {
    let theme = &model.theme;
    let p = &model.payments;
    match p.till {
        Till::Invoices => {
            let list = &p.invoices.table.list;
            let rows = list.visible(height).iter().map(|row| {
                let (state, tone) = marks::invoice(row);
                let text = format!("{} {} {state}", row.number, format::usd(row.price));
                (text, theme.tone(tone), list.cursor() == Some(Keyed::key(row)))
            });
            rows.collect()
        }
        Till::Transfers => {
            let list = &p.transfers.table.list;
            let rows = list.visible(height).iter().map(|row| {
                let (state, tone) = marks::transfer(row);
                let text = format!("{} {} {} {state}", row.id, row.chain, row.amount);
                (text, theme.tone(tone), list.cursor() == Some(Keyed::key(row)))
            });
            rows.collect()
        }
        Till::People => {
            let list = &p.people.list;
            let rows = list.visible(height).iter().map(|row| {
                let (state, tone) = marks::manual(row);
                (format!("{} {} {state}", row.id, row.title), theme.tone(tone), list.cursor() == Some(Keyed::key(row)))
            });
            rows.collect()
        }
        Till::Products => {
            let list = &p.products;
            let rows = list.visible(height).iter().map(|row| {
                let (state, tone) = marks::product(row);
                let text = format!("{} {} {state}", row.key, row.price.amount_text());
                (text, theme.tone(tone), list.cursor() == Some(Keyed::key(row)))
            });
            rows.collect()
        }
        Till::Health => vec![("endpoints and prices take a larger window".to_owned(), theme.dim, false)],
    }
}

/// The list of the IPStock tab that is shown.
fn stock(model: &Model, height: usize) -> Vec<(String, Style, bool)> {
    let theme = &model.theme;
    let stock = &model.ipstock;
    match stock.shelf {
        Shelf::Items => {
            let list = &stock.items.table.list;
            let rows = list.visible(height).iter().map(|row| {
                let (state, tone) = marks::item(row);
                let text = format!("{} {} {state}", row.name, row.quantity);
                (text, theme.tone(tone), list.cursor() == Some(row.id.get()))
            });
            rows.collect()
        }
        Shelf::Orders => {
            let list = &stock.orders.table.list;
            let rows = list.visible(height).iter().map(|row| {
                let (state, tone) = marks::vps(row);
                let text = format!("{} {} {} {state}", row.id, row.name, row.memory);
                (text, theme.tone(tone), list.cursor() == Some(row.id.get()))
            });
            rows.collect()
        }
        Shelf::Machines => {
            let list = &stock.machines.table.list;
            let rows = list.visible(height).iter().map(|row| {
                let (state, tone) = marks::machine(row);
                let text = format!("{} {} {state}", row.id, format::name(&row.ip, model.mask));
                (text, theme.tone(tone), list.cursor() == Some(row.id.get()))
            });
            rows.collect()
        }
        Shelf::Reviews => {
            let list = &stock.reviews;
            let rows = list.visible(height).iter().map(|row| {
                let text = format!("{} {}", row.object, marks::attention(&row.attention));
                (text, theme.bad, list.cursor() == Some(row.key()))
            });
            rows.collect()
        }
    }
}
