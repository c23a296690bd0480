//! What a review says of withdrawals.

use super::{Lines, format, labelled, plain};
use crate::model::Model;
use crate::review::{Item, Kind, Review};
use app::view::{WithdrawalDetail, WithdrawalRow};
use domain::Money;
use domain::policy::{Flag, Level};
use domain::withdrawal::Mode;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

/// What is paid in all, and what the float says to it.
pub(super) fn totals(model: &Model, review: &Review) -> Lines {
    let theme = &model.theme;
    let total = review.total();
    let rows = || review.items.iter().filter_map(|item| item.about.withdrawal());
    let has = |flag| rows().filter(|row| row.flags.contains(&flag)).count();
    let mut first = format!("NGN {}   USD {}", format::naira(total), format::usd(review.total_usd()));
    if review.items.len() > 1 {
        let largest = rows().map(|row| row.payout.minor()).max().unwrap_or(0);
        first += &format!(
            "   largest {}   new payees {}   bank changed {}",
            format::naira(Money::ngn_minor(largest)),
            has(Flag::NewPayee),
            has(Flag::BankChanged)
        );
    }
    let mut lines = vec![plain(first, theme.strong)];
    let automatic = rows().any(|row| row.mode == Mode::Automatic);
    match review.rail.as_ref().and_then(|rail| rail.float) {
        Some(float) if automatic => {
            let left = float.minor().saturating_sub(total.minor());
            let (text, style) = if left < 0 {
                let short = format::naira(Money::ngn_minor(-left));
                (format!("Float {} is short by {short}: top it up", format::naira(float)), theme.bad)
            } else {
                let after = format::naira(Money::ngn_minor(left));
                (format!("Float {} -> {after}", format::naira(float)), theme.text)
            };
            lines.push(Line::from(vec![
                Span::styled(text, style),
                Span::styled("   then grace: u recalls it", theme.dim),
            ]));
        }
        _ if automatic => lines.push(plain("Float not known yet   then grace: u recalls it", theme.dim)),
        _ => lines.push(plain("Manual: after grace a person pays it outside and records it with P", theme.busy)),
    }
    lines
}

/// The risk in words, and where the row is.
pub(super) fn risks(model: &Model, row: &WithdrawalRow) -> (String, Style) {
    let theme = &model.theme;
    let (state, _) = format::state(row, model.tick_at);
    let risky: Vec<&str> = Flag::ALL
        .iter()
        .filter(|flag| flag.is_risk() && row.flags.contains(flag))
        .map(|flag| if *flag == Flag::SharedAccount { "shared account" } else { flag.legend() })
        .collect();
    if risky.is_empty() {
        return (state, theme.text);
    }
    (format!("{state}   {}", risky.join(", ")), theme.busy)
}

/// Bank, account, flags and name: what a batch compares line by line.
pub(super) fn payee(
    model: &Model,
    row: &WithdrawalRow,
    detail: Option<&WithdrawalDetail>,
    masked: bool,
) -> (String, Style) {
    let theme = &model.theme;
    let bank = format::left(&format::bank(&row.bank_name), 7);
    let risky = row.flags.iter().any(|flag| flag.is_risk());
    let letters = Flag::letters(&row.flags);
    let text = match detail {
        Some(detail) => {
            let account = format::account(&detail.account_number, masked);
            format!("{bank} {account} {letters:<4} {}", format::name(&detail.account_name, masked))
        }
        None => format!("{bank} {letters}"),
    };
    (text, if risky { theme.busy } else { theme.text })
}

/// What one row's review shows beyond its line.
pub(super) fn single(model: &Model, review: &Review, item: &Item, masked: bool, width: usize) -> Lines {
    let theme = &model.theme;
    let (Some(row), Some(detail)) = (item.about.withdrawal(), item.about.withdrawal_detail()) else {
        return Vec::new();
    };
    let mut lines = vec![Line::default()];
    let mut add = |label: &str, text: String, style: Style| lines.extend(labelled(model, label, &text, style, width));
    add("Payee", format!("{}   {}", format::name(&detail.account_name, masked), detail.name_check), theme.strong);
    let account = format::account(&detail.account_number, masked);
    add("Bank", format!("{}  {account}   {}", row.bank_name, detail.account_age), theme.text);
    if !detail.policy.is_empty() {
        add("Rules", detail.policy.join("; "), theme.busy);
    }
    match &review.kind {
        Kind::Approve => add("Takes", detail.policy_text.clone(), theme.text),
        Kind::Recall => add("Then", "requested again; the signatures are void".into(), theme.text),
        Kind::Lookup => {
            add("Then", "the rail is asked by reference; only its answer changes the row".into(), theme.text)
        }
        Kind::Settle(_) => {
            let what = match review.kind.verb() {
                "rule it paid" => "the hold is captured: the user was paid",
                _ => "the hold is released: the money goes back to the user",
            };
            add("Then", format!("{what}; two names, unless it was paid outside in manual mode"), theme.text);
            for attempt in &detail.attempts {
                let reference = format::name(&attempt.reference, masked);
                let answer = attempt.exchanges.last().map(|call| call.reply.clone()).unwrap_or_default();
                add("Evidence", format!("{reference} {}  {answer}", attempt.state), theme.text);
            }
        }
        Kind::Reject => add("Then", format!("{} goes back to the user", format::money(row.amount)), theme.text),
        _ => {}
    }
    if review.kind == Kind::Approve && row.level == Level::TwoNames {
        let signed = format!("{} of {} names; yours is {}", row.signed, row.needed, row.signed + 1);
        let text = if model.approvers < 2 {
            "only one approver exists: typed, then it waits 30 minutes, under a daily cap, with an alert".to_owned()
        } else {
            signed
        };
        add("Names", text, theme.busy);
    }
    lines
}
