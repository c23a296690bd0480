//! What a review says of a provider: what is so now, and what will happen, the unpleasant included.

use super::{Lines, labelled};
use crate::form::{Name, ProviderValues, percent};
use crate::model::Model;
use crate::review::provider::ProviderAct;
use crate::review::{Review, Value, names};
use crate::view::marks;
use app::view::panels::{ProviderDetail, ProviderRow};
use domain::breaker::{CallClass, Force};
use domain::smm::{Adapter, ProviderState};
use ratatui::style::Style;
use ratatui::text::Line;

/// What it can do now, for its line.
pub(super) fn state(model: &Model, row: &ProviderRow) -> (String, Style) {
    let (text, tone) = marks::provider(row);
    let first = if row.pinned { "   active" } else { "" };
    (format!("{text}   {} wait, it has {}{first}", row.queue, row.placed), model.theme.tone(tone))
}

/// What one provider's review shows beyond its line.
pub(super) fn single(model: &Model, review: &Review, act: &ProviderAct, row: &ProviderRow, width: usize) -> Lines {
    let theme = &model.theme;
    let mut lines = vec![Line::default()];
    let detail = review.items.first().and_then(|item| item.about.provider_detail());
    let mut add = |label: &str, text: String, style: Style| lines.extend(labelled(model, label, &text, style, width));
    match act {
        ProviderAct::Edit(values) => {
            for (label, change) in changes(values, row, detail) {
                add(label, change, theme.strong);
            }
        }
        _ => add("Now", crate::view::provider::said(model, row).0, theme.text),
    }
    if act.level() == domain::policy::Level::TwoNames && model.approvers < 2 {
        add(
            "Names",
            "only one approver exists: it waits 30 minutes, under a daily cap, with an alert".into(),
            theme.busy,
        );
    }
    lines
}

/// What a new provider would be.
pub(super) fn added(model: &Model, values: &ProviderValues, width: usize) -> Lines {
    let theme = &model.theme;
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let number = |n: Option<i64>| n.unwrap_or_default();
    let mut lines = Vec::new();
    let mut add = |label: &str, text: String, style: Style| lines.extend(labelled(model, label, &text, style, width));
    add("Name", text(&values.name), theme.strong);
    add("Address", text(&values.url), theme.strong);
    add("Key", if values.key.is_some() { "given, not shown".into() } else { "none yet".into() }, theme.text);
    let choice = format!("priority {}, weight {}", number(values.priority), number(values.weight));
    add("Choice", choice, theme.text);
    let price = format!("in {}, markup {} %", text(&values.currency), percent(number(values.markup_bps)));
    add("Price", price, theme.text);
    let limits = format!(
        "{} requests in 10 s, {} at once, {} in flight, low below {}",
        number(values.rate_per_10s),
        number(values.burst),
        number(values.concurrency),
        text(&values.low_balance)
    );
    add("Limits", limits, theme.text);
    let then = match values.key {
        Some(_) => {
            "it is added, disabled; once a second name has signed its address and key it takes orders. Its \
                    catalogue has to be read (i) and mapped before anything goes there"
        }
        None => "it is added, disabled: without a key nothing can be asked or ordered there",
    };
    add("Then", then.to_owned(), theme.busy);
    lines.push(Line::default());
    lines
}

/// What will happen, and whether it is a risk.
pub(super) fn then(
    model: &Model,
    review: &Review,
    act: &ProviderAct,
    row: &ProviderRow,
    detail: Option<&ProviderDetail>,
) -> (String, bool) {
    let name = &row.name;
    let class = review.chosen(|value| if let Value::Class(class) = value { Some(*class) } else { None });
    let until = review
        .chosen(|value| if let Value::Span(span) = value { Some(model.frame_at.plus(*span)) } else { None })
        .map_or_else(String::new, |at| format!(" until {}", crate::view::lines::when(model, at)));
    match act {
        ProviderAct::Test => ("its balance is asked for; nothing is bought, orders are not touched".to_owned(), false),
        ProviderAct::Sync => (
            "its catalogue is read and the differences are taken over; if more than half were gone, nothing changes"
                .to_owned(),
            false,
        ),
        ProviderAct::Force(Force::Open) => (forced_open(review, class, &until, row), true),
        ProviderAct::Force(Force::Closed) => (
            format!(
                "a second name signs the case; then every {} call goes to {name}{until}, however many fail. The breaker \
                 protects nothing meanwhile: tries and time are lost there, and lost answers become work by hand",
                class.map_or("", CallClass::word)
            ),
            true,
        ),
        ProviderAct::Release => ("the breaker goes on from where it was before it was forced".to_owned(), false),
        ProviderAct::AllowProbe => match class {
            Some(CallClass::Order) => (
                format!(
                    "the next real order for {name} goes as a probe: it is paid for if it is accepted. One failure opens the breaker again"
                ),
                true,
            ),
            _ => ("one call goes as a probe; one failure opens the breaker again".to_owned(), false),
        },
        ProviderAct::Reset => match class {
            Some(CallClass::Order) => (
                format!("every order may go to {name} at once, {} wait for it; it opens again if they fail", row.queue),
                true,
            ),
            _ => ("every call of this class goes again; it opens again if they fail".to_owned(), false),
        },
        ProviderAct::Pin(true) => (pinned(model, row, detail), true),
        ProviderAct::Pin(false) => {
            let policy = model.overview.data.as_ref().map_or("", |data| data.boosts.policy.word());
            (format!("the policy {policy} chooses again, from the next part on"), false)
        }
        ProviderAct::Adapter => adapter(review, row),
        ProviderAct::State => stated(review, row),
        ProviderAct::Delete => {
            let used = detail.map_or(0, |detail| detail.mappings.len());
            let mapped = if used > 0 { format!(" {used} of our services are mapped to it.") } else { String::new() };
            (format!("it is gone with its key, breakers and catalogue; refused while anything uses it.{mapped}"), true)
        }
        ProviderAct::AcceptGone => (
            "the catalogue is read again and whatever is missing is switched off, however much; mappings to it stop"
                .to_owned(),
            true,
        ),
        ProviderAct::Edit(values) if values.moves_money() => {
            ("the old address and key are used until a second name signs the case".to_owned(), true)
        }
        ProviderAct::Edit(_) => ("it holds from the next call on".to_owned(), false),
        ProviderAct::Add(_) => (String::new(), false),
    }
}

fn forced_open(review: &Review, class: Option<CallClass>, until: &str, row: &ProviderRow) -> String {
    let name = &row.name;
    match class {
        Some(CallClass::Order) | None => {
            let elsewhere = if review.others.is_empty() {
                "nobody else takes orders now, so they wait".to_owned()
            } else {
                format!("what {} can take goes there, the rest waits", names(&review.others))
            };
            format!(
                "no new order goes to {name}{until}: {} that wait for it look elsewhere, {elsewhere}. The {} that it has run on and are followed",
                row.queue, row.placed
            )
        }
        Some(CallClass::Status) => {
            format!("its orders are not asked about{until}: the {} that it has run on, unseen", row.placed)
        }
        Some(CallClass::Balance) => {
            format!("balance and catalogue are not read{until}: an empty balance shows as refused orders")
        }
    }
}

fn pinned(model: &Model, row: &ProviderRow, detail: Option<&ProviderDetail>) -> String {
    let usable = detail.map_or(0, |detail| detail.mappings.iter().filter(|mapping| mapping.bar.is_empty()).count());
    let before = model.providers.rows.iter().find(|other| other.pinned && other.name != row.name);
    let before = before.map_or_else(String::new, |other| format!(" {} is no longer it.", other.name));
    let nothing =
        if usable == 0 { " Nothing of ours can be ordered there now, so it changes nothing yet." } else { "" };
    format!(
        "{} goes first above every policy, at whatever it costs, for the {usable} of our services that it can deliver; \
         the others are asked only where it cannot.{before}{nothing}",
        row.name
    )
}

fn adapter(review: &Review, row: &ProviderRow) -> (String, bool) {
    let to = review.chosen(|value| if let Value::Adapter(adapter) = value { Some(*adapter) } else { None });
    match to.flatten() {
        Some(Adapter::Legacy) => (
            format!(
                "from its next call on orders are placed as of old: no status, refill or cancel. The {} that it has are \
                 not followed meanwhile",
                row.placed
            ),
            true,
        ),
        Some(Adapter::Current) => {
            ("from its next call on every action is there again; its orders are followed".into(), false)
        }
        None => ("the configuration decides, at its next call and after every change of it".to_owned(), false),
    }
}

fn stated(review: &Review, row: &ProviderRow) -> (String, bool) {
    let to = review.chosen(|value| if let Value::State(state) = value { Some(*state) } else { None });
    let waits = format!("{} that wait for it look elsewhere", row.queue);
    match to {
        Some(ProviderState::Enabled) | None => ("it takes orders again, where the policy says".to_owned(), false),
        Some(ProviderState::Disabled) => (format!("no new order goes there; {waits}. What it has is followed"), true),
        Some(ProviderState::Maintenance) => {
            (format!("no new order goes there until it is enabled; {waits}. Balance and catalogue are read on"), true)
        }
    }
}

/// What an edit changes, as `old -> new`; of a key only that it changes.
fn changes(values: &ProviderValues, row: &ProviderRow, detail: Option<&ProviderDetail>) -> Vec<(&'static str, String)> {
    let mut changes = Vec::new();
    let mut change = |name: Name, old: String, new: Option<String>| {
        if let Some(new) = new {
            changes.push((name.words().0, format!("{old} -> {new}")));
        }
    };
    let limits = detail.map_or((0, 0, 0), |detail| detail.limits);
    let number = |n: Option<i64>| n.map(|n| n.to_string());
    change(Name::Url, row.url.clone(), values.url.clone());
    let key = values.key.as_ref().map(|_| "a new one, not shown".to_owned());
    change(Name::Key, if row.has_key { "the kept one" } else { "none" }.to_owned(), key);
    change(Name::Priority, row.priority.to_string(), number(values.priority));
    change(Name::Weight, row.weight.to_string(), number(values.weight));
    change(Name::Currency, row.currency.clone(), values.currency.clone());
    change(Name::Markup, percent(row.markup_bps), values.markup_bps.map(percent));
    change(Name::Rate, limits.0.to_string(), number(values.rate_per_10s));
    change(Name::Burst, limits.1.to_string(), number(values.burst));
    change(Name::Concurrency, limits.2.to_string(), number(values.concurrency));
    change(Name::LowBalance, row.low_balance.clone(), values.low_balance.clone());
    let listed = |texts: &[String]| if texts.is_empty() { "none".to_owned() } else { texts.join(" | ") };
    let refusals = values.refusals.as_ref().map(|texts| listed(texts));
    change(Name::Refusals, detail.map_or_else(String::new, |detail| listed(&detail.refusals)), refusals);
    let breakers = detail.map_or_else(String::new, |detail| detail.breaker_overrides.clone());
    change(Name::Breakers, breakers, values.breakers.clone());
    changes
}
