//! A console without a terminal, and the store that it talks to.

use crate::fixtures::{NOW, audit_rows, cases, detail, options, overview, reasons, rows};
use app::view::*;
use domain::operator::Role;
use domain::{Money, Timestamp, WithdrawalId};
use std::time::Duration;
use ui::Options;
use ui::key::{Code, Key};
use ui::message::{Effect, Event, Message, Reviewed};
use ui::model::Model;
use ui::theme::{self, Theme};

/// A console under test: messages in, effects out, answers as the store would give them.
pub struct Desk {
    pub model: Model,
    pub now: Timestamp,
    pub rows: Vec<WithdrawalRow>,
    pub fx: Vec<Effect>,
}

impl Desk {
    pub fn new(size: (u16, u16)) -> Self {
        Self::with(size, "dark", &options(Role::Admin))
    }

    pub fn with(size: (u16, u16), theme_name: &str, options: &Options) -> Self {
        let glyphs = if theme_name == "mono" { theme::ASCII } else { theme::UNICODE };
        let theme = Theme::named(theme_name, glyphs).unwrap();
        let model = Model::new(options, theme, size, NOW);
        Self { model, now: NOW, rows: rows(), fx: Vec::new() }
    }

    /// Started, with every answer given.
    pub fn live(size: (u16, u16)) -> Self {
        let mut desk = Self::new(size);
        desk.start();
        desk
    }

    pub fn start(&mut self) -> &mut Self {
        self.send(Event::Reasons(reasons()));
        self.send(Event::Start);
        self.settle()
    }

    /// A message now; its effects are kept.
    pub fn send(&mut self, event: Event) -> &mut Self {
        let fx = ui::update::update(&mut self.model, Message { at: self.now, event });
        self.fx.extend(fx);
        self
    }

    pub fn key(&mut self, key: Key) -> &mut Self {
        let read_at = self.now;
        self.send(Event::Key { key, read_at });
        self.settle()
    }

    /// Each character as a key.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for c in keys.chars() {
            self.key(match c {
                '\n' => Key::plain(Code::Enter),
                '\u{1b}' => Key::plain(Code::Esc),
                '\t' => Key::plain(Code::Tab),
                c => Key::char(c),
            });
        }
        self
    }

    pub fn wait(&mut self, millis: u64) -> &mut Self {
        let end = self.now.plus(Duration::from_millis(millis));
        for _ in 0..200 {
            match ui::update::next_deadline(&self.model).filter(|at| *at <= end) {
                Some(at) => self.now = at.max(self.now),
                None => break,
            }
            self.send(Event::Tick);
            self.settle();
        }
        self.now = end;
        self.send(Event::Tick);
        self.settle()
    }

    /// Answers every question as the store would, until none is open; commands stay.
    pub fn settle(&mut self) -> &mut Self {
        loop {
            let asked: Vec<Effect> = std::mem::take(&mut self.fx);
            let mut kept = Vec::new();
            let mut any = false;
            for effect in asked {
                match self.answer(&effect) {
                    Some(event) => {
                        any = true;
                        let fx = ui::update::update(&mut self.model, Message { at: self.now, event });
                        kept.extend(fx);
                    }
                    None => kept.push(effect),
                }
            }
            self.fx = kept;
            if !any {
                return self;
            }
        }
    }

    fn answer(&self, effect: &Effect) -> Option<Event> {
        Some(match effect {
            Effect::Withdrawals(ticket, query) => Event::Withdrawals(*ticket, Ok(self.window(query))),
            Effect::AllRows(ticket, query) => Event::AllRows(*ticket, Ok(self.window(query))),
            Effect::Tally(ticket, filter) => {
                let found: Vec<_> = self.rows.iter().filter(|row| matches(row, filter)).collect();
                let sum = found.iter().map(|row| row.payout.minor()).sum();
                let count = i64::try_from(found.len()).unwrap().min(COUNT_CAP);
                Event::Tally(*ticket, Ok(Tally { count, sum: Money::ngn_minor(sum) }))
            }
            Effect::Detail(ticket, id) => Event::Detail(*ticket, Ok(self.find(*id).map(|row| Box::new(detail(row))))),
            Effect::Overview(ticket) => Event::Overview(*ticket, Ok(Box::new(overview()))),
            Effect::Audit(ticket, ..) => Event::Audit(*ticket, Ok(audit_rows())),
            Effect::Cases(ticket, _) => Event::Cases(*ticket, Ok(cases())),
            Effect::Review { dialog, rows, case } => Event::Reviewed(
                *dialog,
                Ok(Box::new(Reviewed {
                    rows: rows.iter().map(|id| (*id, self.find(*id).map(detail))).collect(),
                    case: case.and_then(|id| cases().into_iter().find(|case| case.id == id)),
                    rail: Some(overview().rail),
                })),
            ),
            Effect::LoadState(key) => Event::State(key, None),
            _ => return None,
        })
    }

    pub fn find(&self, id: WithdrawalId) -> Option<&WithdrawalRow> {
        self.rows.iter().find(|row| row.id == id)
    }

    /// The window that a keyset query finds.
    fn window(&self, query: &WithdrawalQuery) -> Window<WithdrawalRow> {
        let key = |row: &WithdrawalRow| {
            let value = match query.sort {
                WithdrawalSort::Age => row.created_at.micros(),
                WithdrawalSort::Amount => row.payout.minor(),
            };
            RowKey { value, id: row.id.get() }
        };
        let mut all: Vec<WithdrawalRow> = self.rows.iter().filter(|row| matches(row, &query.filter)).cloned().collect();
        all.sort_by_key(key);
        if query.descending {
            all.reverse();
        }
        let earlier = |a: RowKey, b: RowKey| if query.descending { a > b } else { a < b };
        let limit = query.limit as usize;
        let len = all.len();
        let (from, to) = match query.from {
            From::First => (0, limit.min(len)),
            From::Last => (len.saturating_sub(limit), len),
            From::At(at) => {
                let from = all.iter().position(|row| !earlier(key(row), at)).unwrap_or(len);
                (from, (from + limit).min(len))
            }
            From::After(at) => {
                let from = all.iter().position(|row| earlier(at, key(row))).unwrap_or(len);
                (from, (from + limit).min(len))
            }
            From::Before(at) => {
                let to = all.iter().position(|row| !earlier(key(row), at)).unwrap_or(len);
                (to.saturating_sub(limit), to)
            }
        };
        Window { rows: all[from..to].to_vec(), before: from > 0, after: to < len }
    }
}

fn matches(row: &WithdrawalRow, filter: &WithdrawalFilter) -> bool {
    (filter.states.is_empty() || filter.states.contains(&row.state))
        && !filter.not_states.contains(&row.state)
        && filter.user.as_ref().is_none_or(|user| row.username.contains(user.as_str()))
        && filter.min_payout.is_none_or(|least| row.payout.minor() >= least.minor())
        && filter.max_payout.is_none_or(|most| row.payout.minor() <= most.minor())
        && filter.before.is_none_or(|before| row.created_at < before)
        && filter.flags.iter().all(|flag| row.flags.contains(flag))
        && filter.not_flags.iter().all(|flag| !row.flags.contains(flag))
        && filter.words.iter().all(|word| format!("{} {}", row.id, row.username).contains(word.as_str()))
}
