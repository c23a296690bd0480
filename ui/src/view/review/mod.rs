//! The review dialog: what will happen, to whom, what it takes, and what became of it.

mod boost;
mod entry;
mod machine;
mod payment;
mod provider;
mod service;
mod stock;
mod withdrawal;

use super::dialog::{Box_, frame};
use super::format;
use crate::model::Model;
use crate::review::boost::BoostAct;
use crate::review::machine::MachineAct;
use crate::review::payment::PaymentAct;
use crate::review::provider::ProviderAct;
use crate::review::service::ServiceAct;
use crate::review::stock::{StockAct, VpsAct};
use crate::review::{Confirm, Item, ItemEnd, Kind, Phase, Review, Subject};
use crate::update::outcome_words;
use domain::withdrawal::Mode;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

pub(in crate::view) use payment::bought;

type Lines = Vec<Line<'static>>;

/// Items shown at once.
const SHOWN: usize = 6;

/// Draws the review. Returns the terminal's cursor where text is typed.
pub fn draw(model: &Model, review: &Review, area: Rect, buf: &mut Buffer) -> Option<(u16, u16)> {
    let width = usize::from(area.width.min(if area.width >= 120 { 96 } else { 80 }));
    let inner = width.saturating_sub(4);
    let mut lines = what(model, review, inner);
    lines.extend(notes(model, review, inner));
    entry::choices(model, review, inner, &mut lines);
    lines.extend(then(model, review, inner));
    let text_at = entry::text(model, review, inner, &mut lines);
    let typed_at = entry::verdict(model, review, inner, &mut lines);
    let box_ = Box_ { title: title(review), tag: tag(review), lines, footer: footer(review), width };
    let place = frame(model, box_, area, buf);
    let (line, column) = text_at.or(typed_at)?;
    let y = place.y + 1 + u16::try_from(line).ok()?;
    let x = place.x + 2 + u16::try_from(column).ok()?;
    (y < place.bottom() - 1 && x < place.right() - 1).then_some((x, y))
}

fn title(review: &Review) -> String {
    let name = review.items.first().map(|item| item.about.name()).unwrap_or_default();
    let many = review.items.len();
    match (&review.kind, &review.case) {
        (Kind::Approve, _) if many > 1 => format!("Approve {many} withdrawals"),
        (Kind::Settle(_), _) => format!("Settle {name}: {}", review.kind.verb()),
        (Kind::Sign, Some(case)) => format!("Sign case {}", case.id),
        (Kind::Refuse, Some(case)) => format!("Refuse case {}", case.id),
        (Kind::Switch(switch, true), _) => format!("Pause {}", switch.word()),
        (Kind::Switch(switch, false), _) => format!("Resume {}", switch.word()),
        (Kind::ResumeRail, _) => "Resume the payout rail".to_owned(),
        (Kind::SetMode(mode), _) => format!("New withdrawals: {}", mode.word()),
        (Kind::Boost(_), _) if many > 1 => format!("{} {many} orders", capital(review.kind.verb())),
        (Kind::Boost(BoostAct::Rule), _) => format!("Rule on order {name}"),
        (Kind::Boost(_), _) => format!("{} order {name}", capital(review.kind.verb())),
        (Kind::Provider(act), _) => match act {
            ProviderAct::Add(values) => format!("Add {}", values.name.clone().unwrap_or_default()),
            ProviderAct::Adapter => format!("Adapter of {name}"),
            ProviderAct::State => format!("State of {name}"),
            ProviderAct::AllowProbe => format!("Allow {name} a probe"),
            ProviderAct::Pin(true) => format!("Make {name} active"),
            ProviderAct::AcceptGone => format!("What {name} no longer offers"),
            _ => format!("{} {name}", capital(review.kind.verb())),
        },
        (Kind::Service(act), _) => match act {
            ServiceAct::Price => format!("Price of {name}"),
            ServiceAct::Markup(_) => format!("Markup of {name}"),
            _ => format!("{} {name}", capital(review.kind.verb())),
        },
        (Kind::Stock(act), _) => match act {
            StockAct::Sync => "Read the provider's list".to_owned(),
            StockAct::Confirm => format!("Confirm {name}: packages are gone"),
            StockAct::Show => format!("Show or hide {name}"),
            StockAct::Edit(_) => format!("Change {name}"),
        },
        (Kind::Vps(VpsAct::Rule), _) => format!("Rule on VPS order {name}"),
        (Kind::Vps(act), _) => format!("{} VPS order {name}", capital(act.verb())),
        (Kind::Payment(PaymentAct::Decide), _) => format!("Whose is {name}"),
        (Kind::Machine(MachineAct::Assign), _) => format!("Give {name} to an order"),
        (Kind::Machine(MachineAct::Power), _) => format!("Power of {name}"),
        (Kind::Machine(MachineAct::RuleRenewal), _) => format!("Rule on the renewal of {name}"),
        _ => format!("{} {name}", capital(review.kind.verb())),
    }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}

/// The operation id's beginning, as the audit shows it.
fn tag(review: &Review) -> String {
    let short: Vec<&str> = review.op.split('-').take(2).collect();
    match review.items.len() {
        0 => String::new(),
        1 => format!("op {}", short.join("-")),
        _ => format!("batch {}", short.join("-")),
    }
}

fn footer(review: &Review) -> Vec<(&'static str, &'static str)> {
    let cancel = ("esc", if review.phase == Phase::Done { "close" } else { "cancel" });
    let mut keys = vec![cancel];
    if review.phase == Phase::Ready {
        if review.editing {
            keys.push(("enter", "text is done"));
        } else if review.text_label().is_some() {
            keys.push((if review.confirm().is_digits() { "e" } else { "tab" }, "edit text"));
        }
        if !review.editing && review.choices.iter().any(|choice| choice.options.len() > 1) {
            keys.push((if review.confirm().is_digits() { "h l" } else { "arrows" }, "choose"));
            if review.choices.len() > 1 {
                keys.push(("tab", "next"));
            }
        }
        if review.kind == Kind::Reject {
            keys.push(("j k", "reason"));
        } else if review.items.len() > 1 {
            keys.push(("j k", "look at a line"));
        }
        if matches!(review.confirm(), Confirm::Typed { .. }) {
            keys.push(("", "paste and enter do nothing here"));
        }
    }
    keys
}

fn plain(text: impl Into<String>, style: Style) -> Line<'static> {
    Line::styled(text.into(), style)
}

/// Totals, float, then the items or the case.
fn what(model: &Model, review: &Review, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = Vec::new();
    if let Some(case) = &review.case {
        lines.extend(
            format::wrap(&format!("{}  {}", case.subject, case.what), width)
                .into_iter()
                .map(|l| plain(l, theme.strong)),
        );
        lines
            .extend(format::wrap(&format!("Reason: {}", case.reason), width).into_iter().map(|l| plain(l, theme.text)));
        let signed = crate::review::names(&case.signers);
        lines.push(plain(
            format!(
                "Opened by {}, {} ago. Signed by {signed}, {} of {} names.",
                case.made_by,
                format::age(model.frame_at, case.created_at),
                case.signers.len(),
                case.needed
            ),
            theme.text,
        ));
        lines.push(Line::default());
        return lines;
    }
    if let Kind::Provider(ProviderAct::Add(values)) = &review.kind {
        return provider::added(model, values, width);
    }
    if review.items.is_empty() {
        return consequence(model, review);
    }
    if review.kind == Kind::Approve {
        lines.extend(withdrawal::totals(model, review));
    }
    let masked = model.mask && !review.unmasked;
    let top = review.scroll.min(review.items.len().saturating_sub(SHOWN));
    for item in review.items.iter().skip(top).take(SHOWN) {
        lines.push(item_line(model, review, item, masked, width));
    }
    let rest = review.items.len().saturating_sub(top + SHOWN);
    if rest > 0 {
        lines.push(plain(format!("    and {rest} more below"), theme.dim));
    }
    if let [item] = &review.items[..] {
        lines.extend(match (&item.about, &review.kind) {
            (Subject::Withdrawal(..), _) => withdrawal::single(model, review, item, masked, width),
            (Subject::Boost(..), Kind::Boost(act)) => boost::single(model, review, *act, item, width),
            (Subject::Provider(row, _), Kind::Provider(act)) => provider::single(model, review, act, row, width),
            (about, Kind::Stock(act)) => stock::single(model, about, Some(act), width),
            (about, Kind::Vps(_)) => stock::single(model, about, None, width),
            (about, kind @ (Kind::Invoice(_) | Kind::Payment(_) | Kind::Manual(_) | Kind::Product(_))) => {
                payment::single(model, kind, about, masked, width)
            }
            (Subject::Machine(row, detail), Kind::Machine(act)) => {
                machine::single(model, *act, row, detail.as_deref(), masked, width)
            }
            (about, Kind::Service(_)) => service::single(model, review, about, width),
            _ => Vec::new(),
        });
    }
    lines.push(Line::default());
    lines
}

/// What will happen with what is chosen.
fn then(model: &Model, review: &Review, width: usize) -> Lines {
    let theme = &model.theme;
    if review.phase == Phase::Done {
        return Vec::new();
    }
    let said = match (&review.kind, &review.items[..]) {
        (Kind::Boost(act), [item]) => item.about.boost_detail().map(|detail| boost::then(review, *act, detail)),
        (Kind::Boost(act), items) => Some((boost::batch(items, *act), *act == BoostAct::Retry)),
        (Kind::Provider(act), [item]) => {
            item.about.provider().map(|row| provider::then(model, review, act, row, item.about.provider_detail()))
        }
        (Kind::Stock(act), [item]) => Some(stock::then(review, act, &item.about)),
        (Kind::Vps(act), [item]) => match &item.about {
            Subject::Vps(row, _) => Some(stock::then_vps(review, *act, row)),
            _ => None,
        },
        (Kind::Invoice(_) | Kind::Payment(_) | Kind::Manual(_) | Kind::Product(_), [item]) => {
            Some(payment::then(review, &item.about))
        }
        (Kind::Machine(act), [item]) => match &item.about {
            Subject::Machine(_, Some(detail)) => Some(machine::then(review, *act, detail)),
            _ => None,
        },
        (Kind::Service(act), [item]) => Some(service::then(review, act, &item.about)),
        _ => None,
    };
    let Some((text, risky)) = said.filter(|(text, _)| !text.is_empty()) else { return Vec::new() };
    let mut lines = labelled(model, "Then", &text, if risky { theme.busy } else { theme.text }, width);
    lines.push(Line::default());
    lines
}

/// One item: what it is called, then what became of it, or what tells it from others.
fn item_line(model: &Model, review: &Review, item: &Item, masked: bool, width: usize) -> Line<'static> {
    let theme = &model.theme;
    let alone = review.items.len() == 1;
    let cursor = !alone && review.items.get(review.scroll).is_some_and(|at| at.op == item.op);
    let mark = if cursor { "> " } else { "  " };
    let head = format!(
        "{mark}{}",
        match &item.about {
            Subject::Withdrawal(row, _) => {
                let user = format::left(&format::user(&row.username, row.user, masked), 12);
                format!("{:>6}  {user} {:>11}  ", row.id, format::naira(row.payout))
            }
            Subject::Boost(row, _) => {
                let user = format::left(&format::user(&row.username, row.user, masked), 12);
                let target = format::left(&format::link(&row.link, 17, masked), 17);
                format!("{:>7}  {user} {target} {:<4} ", row.id, format::left(&row.plan, 4))
            }
            Subject::Provider(row, _) => format!("{}  ", row.name),
            Subject::Theirs(row) => format!("{} {}  ", row.provider, row.service),
            Subject::Ours(row, provider) => format!("{} at {provider}  ", row.key),
            Subject::Run(run) => format!("run {}  ", run.id),
            Subject::Item(row, _) => format!("{}  ", row.title),
            Subject::Vps(row, _) => {
                format!("{:>6}  {}  ", row.id, format::user(&row.username, row.user, masked))
            }
            Subject::Machine(row, _) => format!("{:>6}  {}  ", row.id, format::name(&row.ip, masked)),
            Subject::Invoice(..) | Subject::Transfer(..) | Subject::Manual(_) | Subject::Product(_) => {
                format!("{}  ", item.about.name())
            }
        }
    );
    let room = width.saturating_sub(domain::text::width(&head));
    let (text, style) = match &item.end {
        Some(ItemEnd::Done(outcome)) => (format!("+ {}", outcome_words(outcome, model.tick_at)), theme.good),
        Some(ItemEnd::Refused(why)) => (format!("x {why}"), theme.bad),
        Some(ItemEnd::Skipped(why)) => (format!("- not tried: {why}"), theme.busy),
        None if item.submitted => ("~ with the store".to_owned(), theme.busy),
        None => match &item.about {
            Subject::Withdrawal(row, _) if alone => withdrawal::risks(model, row),
            Subject::Withdrawal(row, detail) => withdrawal::payee(model, row, detail.as_deref(), masked),
            Subject::Boost(row, _) => boost::state(model, row),
            Subject::Provider(row, _) => provider::state(model, row),
            Subject::Theirs(row) => service::state(model, row),
            Subject::Ours(row, _) => (row.name.clone(), theme.text),
            Subject::Run(run) => stock::run_state(model, run),
            Subject::Item(row, _) => stock::item_state(model, row),
            Subject::Vps(row, _) => stock::order_state(model, row),
            Subject::Machine(row, _) => machine::state(model, row),
            about @ (Subject::Invoice(..) | Subject::Transfer(..) | Subject::Manual(_) | Subject::Product(_)) => {
                payment::state(model, about)
            }
        },
    };
    Line::from(vec![
        Span::styled(head, if cursor { theme.strong } else { theme.text }),
        Span::styled(format::left(&text, room), style),
    ])
}

/// A label and its text, wrapped under itself.
fn labelled(model: &Model, label: &str, text: &str, style: Style, width: usize) -> Lines {
    let mut lines = Vec::new();
    for (n, piece) in format::wrap(text, width.saturating_sub(10)).into_iter().enumerate() {
        let label = if n == 0 { format!("{label:9} ") } else { " ".repeat(10) };
        lines.push(Line::from(vec![Span::styled(label, model.theme.dim), Span::styled(piece, style)]));
    }
    lines
}

fn consequence(model: &Model, review: &Review) -> Lines {
    let text = match &review.kind {
        Kind::Switch(domain::switch::Switch::Withdrawals, true) => {
            "Sending stops within a second; requests are still taken, look-ups go on.".to_owned()
        }
        Kind::Switch(switch, true) => format!("New {} stop within a second; look-ups go on.", switch.word()),
        Kind::Switch(switch, false) => format!("New {} go on; what waited is sent.", switch.word()),
        Kind::Stock(StockAct::Sync) => {
            "The provider's list is read now; titles, prices and options stay as they are.".to_owned()
        }
        Kind::ResumeRail => "Approved payouts that wait are sent again, oldest first.".to_owned(),
        Kind::SetMode(Mode::Manual) => "New requests wait for a person who pays them outside.".to_owned(),
        Kind::SetMode(Mode::Automatic) => "New requests are sent by the payout worker once approved.".to_owned(),
        _ => String::new(),
    };
    vec![plain(text, model.theme.text), Line::default()]
}

fn notes(model: &Model, review: &Review, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = Vec::new();
    let mut add = |text: String, style: Style| {
        lines.extend(format::wrap(&text, width).into_iter().map(|piece| plain(piece, style)));
    };
    for note in &review.notes {
        add(format!("! changed: {note}"), theme.bad);
    }
    if review.hidden > 0 {
        let (hidden, all) = (review.hidden, review.items.len());
        add(format!("! {hidden} of {all} marked are hidden by the filter"), theme.bad);
    }
    let viewers = review.viewers();
    if !viewers.is_empty() && review.phase != Phase::Done {
        let names = viewers.join(", ");
        add(format!("! {names} also has this open: ask before you decide"), theme.busy);
    }
    lines
}
