//! Tables: columns of fixed width, dropped by priority where the window is narrow, and the cells of a row.

use crate::theme::Theme;
use crate::view::format;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

/// On which side the filling stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text begins at the left.
    Left,
    /// Figures end at the right.
    Right,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// The head.
    pub title: &'static str,
    /// Blanks before it.
    pub gap: u16,
    /// Its width.
    pub width: u16,
    /// Takes its share of what is left over.
    pub grows: bool,
    /// Which side.
    pub align: Align,
    /// Higher stays longer.
    pub priority: u8,
}

/// A column with its place: (index, x, width).
pub type Placed = (usize, u16, u16);

/// Which columns fit, and where.
pub fn place(columns: &[Column], available: u16) -> Vec<Placed> {
    let mut kept: Vec<usize> = (0..columns.len()).collect();
    let total = |kept: &[usize]| kept.iter().map(|i| columns[*i].gap + columns[*i].width).sum::<u16>();
    while total(&kept) > available && kept.len() > 1 {
        let Some(least) = kept.iter().copied().min_by_key(|i| columns[*i].priority) else { break };
        kept.retain(|i| *i != least);
    }
    let spare = available.saturating_sub(total(&kept));
    let growing: Vec<usize> = kept.iter().copied().filter(|i| columns[*i].grows).collect();
    let share = |i: usize| match (growing.contains(&i), u16::try_from(growing.len())) {
        // The first one takes what cannot be divided.
        (true, Ok(n)) => spare / n + if growing.first() == Some(&i) { spare % n } else { 0 },
        _ => 0,
    };
    let mut x = 0;
    kept.into_iter()
        .map(|i| {
            let width = columns[i].width + share(i);
            let at = x + columns[i].gap;
            x = at + width;
            (i, at, width.min(available.saturating_sub(at)))
        })
        .collect()
}

/// Writes one cell of exactly its column's width.
pub fn cell(buf: &mut Buffer, x: u16, y: u16, width: u16, align: Align, text: &str, style: Style) {
    let columns = usize::from(width);
    let text = if align == Align::Left { format::left(text, columns) } else { format::right(text, columns) };
    buf.set_stringn(x, y, text, columns, style);
}

/// Writes the heads.
pub fn heads(buf: &mut Buffer, area: Rect, columns: &[Column], placed: &[Placed], lead: u16, theme: &Theme) {
    for (i, x, width) in placed {
        let column = &columns[*i];
        cell(buf, area.x + lead + x, area.y, *width, column.align, column.title, theme.head);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn column(width: u16, priority: u8, grows: bool) -> Column {
        Column { title: "", gap: 1, width, grows, align: Align::Left, priority }
    }

    #[test]
    fn columns_drop_by_priority_and_one_grows() {
        let columns = [column(5, 9, false), column(10, 1, false), column(4, 5, true)];
        assert_eq!(place(&columns, 30), [(0, 1, 5), (1, 7, 10), (2, 18, 12)]);
        assert_eq!(place(&columns, 12), [(0, 1, 5), (2, 7, 5)]);
        assert_eq!(place(&columns, 6), [(0, 1, 5)]);
    }
}
