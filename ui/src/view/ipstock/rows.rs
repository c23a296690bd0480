//! What the tab's lists have in common: columns, the cursor, what is new, the line below that explains a row; and the
//! list of what waits for a person.

use super::super::table::{self, Align, Column};
use super::super::{absent, format, line, marks, retry, row};
use crate::fetch::Fetch;
use crate::listing::{Keyed, Listing};
use crate::model::Model;
use crate::theme::Tone;
use app::view::vps::VpsReviewRow;
use domain::vps::VpsState;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Modifier;
use ratatui::text::Span;

/// Cursor and news before the columns.
const LEAD: u16 = 3;

/// A column that does not grow.
pub(in crate::view) const fn column(title: &'static str, gap: u16, width: u16, align: Align, priority: u8) -> Column {
    Column { title, gap, width, grows: false, align, priority }
}

/// A cell's text by its column's title and width, and its tone.
type Cell<'a, R> = &'a dyn Fn(&R, &'static str, usize) -> (String, Option<Tone>);

/// A list as it is drawn.
pub(in crate::view) struct List<'a, R> {
    pub(in crate::view) list: &'a Listing<R>,
    pub(in crate::view) fetch: &'a Fetch,
    /// What is loaded, in words.
    pub(in crate::view) what: &'static str,
    pub(in crate::view) columns: &'a [Column],
    pub(in crate::view) cell: Cell<'a, R>,
    /// Carries `+`.
    pub(in crate::view) is_new: &'a dyn Fn(&R) -> bool,
    /// The line below the list.
    pub(in crate::view) explained: &'a dyn Fn(&R) -> String,
}

impl<R: Keyed + Clone + PartialEq> List<'_, R> {
    /// Draws heads, rows and the line below; answers where to say which kind of empty it is, if it is.
    pub(in crate::view) fn draw(&self, model: &Model, area: Rect, buf: &mut Buffer) -> Option<Rect> {
        let placed = table::place(self.columns, area.width.saturating_sub(LEAD));
        table::heads(buf, area, self.columns, &placed, LEAD, &model.theme);
        let body = Rect { y: area.y + 1, height: area.height.saturating_sub(2), ..area };
        let below = row(area, area.height.saturating_sub(1));
        if let Some(failure) = self.fetch.failure().filter(|_| self.fetch.good_at().is_some()) {
            let text = format!(" {}", retry(failure, model));
            line(buf, below, 0, vec![Span::styled(format::left(&text, usize::from(area.width)), model.theme.bad)]);
        } else if let Some(current) = self.list.current() {
            let text = format::left(&format!(" {}", (self.explained)(current)), usize::from(area.width));
            line(buf, below, 0, vec![Span::styled(text, model.theme.dim)]);
        }
        if self.list.rows().is_empty() {
            if self.fetch.good_at().is_some() {
                return Some(body);
            }
            absent(model, self.fetch, self.what, body, buf);
        }
        for (y, each) in self.list.visible(usize::from(body.height)).iter().enumerate() {
            self.row(model, each, row(body, u16::try_from(y).unwrap_or(0)), &placed, buf);
        }
        None
    }

    fn row(&self, model: &Model, each: &R, area: Rect, placed: &[table::Placed], buf: &mut Buffer) {
        let theme = &model.theme;
        let key = each.key();
        let at_cursor = self.list.cursor() == Some(key);
        let old = self.list.is_gone(key) || model.is_stale();
        let mut base = if old { theme.dim } else { theme.text };
        if at_cursor {
            base = base.patch(theme.cursor);
            buf.set_style(area, base);
        }
        buf.set_string(area.x, area.y, if at_cursor { ">" } else { " " }, base);
        let news = if (self.is_new)(each) { ("+", base.patch(theme.good)) } else { (" ", base) };
        buf.set_string(area.x + 1, area.y, news.0, news.1);
        for (i, x, width) in placed {
            let column = &self.columns[*i];
            let (text, tone) = (self.cell)(each, column.title, usize::from(*width));
            // What is stale shows it at its age.
            let text = if old && matches!(column.title, "AGE" | "SYNC" | "SINCE") { format!("{text}'") } else { text };
            let style = match tone {
                Some(tone) if !old || tone != Tone::Good => base.patch(theme.tone(tone)),
                _ => base,
            };
            // Dim text on the cursor's row would vanish into it.
            let style = if at_cursor { style.remove_modifier(Modifier::DIM) } else { style };
            table::cell(buf, area.x + LEAD + x, area.y, *width, column.align, &text, style);
        }
    }
}

const REVIEWS: [Column; 4] = [
    column("WHAT", 0, 12, Align::Left, 10),
    column("SINCE", 1, 5, Align::Right, 9),
    Column { grows: true, ..column("WHY", 2, 24, Align::Left, 8) },
    Column { grows: true, ..column("ABOUT", 1, 24, Align::Left, 7) },
];

/// What waits for a person.
pub(super) fn reviews(model: &Model, area: Rect, buf: &mut Buffer) {
    let stock = &model.ipstock;
    let list = List {
        list: &stock.reviews,
        fetch: &stock.reviews_fetch,
        what: "reviews",
        columns: &REVIEWS,
        cell: &|row: &VpsReviewRow, title, _| match title {
            "WHAT" => (row.object.replace(':', " "), None),
            "SINCE" => (format::age(model.frame_at, row.since), None),
            "WHY" => (format!("! {}", marks::attention(&row.attention)), Some(Tone::Bad)),
            _ => (row.what.clone(), None),
        },
        is_new: &|_| false,
        explained: &|row| {
            let next = match (&row.order, row.object.split(':').next()) {
                (Some(order), _) if order.state != VpsState::Unknown => ", R works on it again",
                (Some(_), _) | (None, Some("renewal")) => ", U rules on it",
                _ => ", A gives it to an order that waits",
            };
            format!("enter opens {} with its evidence{next}", row.leads_to.replace(':', " "))
        },
    };
    if let Some(body) = list.draw(model, area, buf) {
        line(buf, body, 1, vec![Span::styled("  nothing waits for a person", model.theme.good)]);
    }
}
