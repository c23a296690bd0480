//! A withdrawal from amount to request. Every step can be left by Back and Cancel, every refusal has words, and money
//! moves at one place only: the Confirm button of the summary that is on the screen.

use super::{Turn, place, shown, stepped, toast, with_home};
use crate::action::{Action, Place};
use crate::conversation::{Conversation, Draft, Step};
use crate::html::Html;
use crate::model::{Command, Model, Needs, Spend, account_digits};
use crate::text::{self, withdraw as words};
use crate::view::{Out, View};
use app::command::{Payee, Quote, RequestWithdrawal, RequestWithdrawalError};
use app::telegram::Requested;
use domain::IdempotencyKey;
use domain::withdrawal::Source;

/// Banks on one page.
const PAGE: usize = 8;

pub(super) fn begin_needs(source: Source) -> Needs {
    Needs { profile: true, bounds: Some(source), ..Needs::default() }
}

fn bank_needs(search: &str) -> Needs {
    Needs { profile: true, banks: Some(search.to_owned()), ..Needs::default() }
}

fn quote_needs(draft: &Draft) -> Needs {
    Needs { profile: true, quote: Some(draft.clone()), bounds: Some(draft.source), ..Needs::default() }
}

/// What a live button of a step needs.
pub(super) fn press_needs(step: &Step, action: &Action) -> Needs {
    match (step, action) {
        (Step::Amount { .. }, Action::Back) => Needs { profile: true, ..Needs::default() },
        (Step::Bank { draft, .. }, Action::Back) => begin_needs(draft.source),
        (Step::Bank { search, .. }, Action::Page(_)) => bank_needs(search),
        (Step::Bank { draft, .. }, Action::Saved(_)) => Needs { banks: Some(String::new()), ..quote_needs(draft) },
        (Step::Name { draft, .. }, Action::NameRight) | (Step::Review { draft, .. }, Action::Requote) => {
            quote_needs(draft)
        }
        (Step::Bank { .. }, Action::AllBanks) | (Step::Account { .. } | Step::Review { .. }, Action::Back) => {
            bank_needs("")
        }
        _ => Needs::default(),
    }
}

/// What typed words need.
pub(super) fn text_needs(step: &Step, typed: &str) -> Needs {
    match step {
        Step::Menu => Needs { role: true, ..Needs::default() },
        Step::Amount { source } => {
            let draft = Draft { source: *source, amount: typed.trim().to_owned() };
            Needs { banks: Some(String::new()), ..quote_needs(&draft) }
        }
        Step::Bank { .. } => bank_needs(search_words(typed).as_str()),
        Step::Account { bank_code, bank_name, .. } => {
            let digits = account_digits(typed);
            Needs { account: Some((bank_code.clone(), bank_name.clone(), digits)), ..Needs::default() }
        }
        _ => Needs::default(),
    }
}

/// Begins with the amount; `note` says why it is asked for again.
pub(super) fn begin(source: Source, note: Option<&str>, model: &Model) -> Turn {
    let (Some(profile), Some(bounds)) = (&model.profile, &model.bounds) else {
        return shown(with_home(View::of(text::hiccup())));
    };
    if source == Source::Reply && !model.reply_guy {
        return shown(place(Place::Balance, model));
    }
    let (available, naira) = match source {
        Source::Affiliate => (profile.affiliate, profile.affiliate_ngn),
        Source::Reply => (profile.reply, None),
    };
    let home = |html: Html| shown(with_home(View::of(html).button("⬅️ Back", Action::Go(Place::Balance))));
    if profile.frozen {
        return home(Html::new().text(words::FROZEN));
    }
    let bounds = match bounds {
        Ok(bounds) => bounds,
        Err(why) => return home(Html::new().text(&words::amount_refused(why, source))),
    };
    if available.minor() < bounds.min.minor() {
        return home(words::too_little(source, available, bounds.min));
    }
    let html = noted(note, words::amount(source, available, naira, bounds));
    stepped(Step::Amount { source }, ways_out(View::of(html)))
}

/// Words at a step of a withdrawal.
pub(super) fn text(conversation: Conversation, typed: &str, model: &Model) -> Turn {
    match conversation.step.clone() {
        Step::Amount { source } => match &model.quote {
            Some(Ok(quote)) => banks(Draft { source, amount: quote.amount.amount_text() }, "", 0, model),
            Some(Err(why)) => begin(source, Some(&words::amount_refused(why, source)), model),
            None => begin(source, None, model),
        },
        Step::Bank { draft, .. } => banks(draft, &search_words(typed), 0, model),
        Step::Account { draft, bank_code, bank_name } => match &model.account {
            Some(Ok(payee)) => name(draft, payee.clone(), None),
            Some(Err(why)) => {
                account(draft, bank_code, bank_name.clone(), Some(&words::account_refused(why, &bank_name)))
            }
            None => account(draft, bank_code, bank_name, None),
        },
        Step::Name { draft, payee } => name(draft, payee, Some("Please use the buttons below.")),
        Step::Review { draft, payee, quote: Some(quote) } => {
            review(draft, payee, quote, Some("Please use the buttons below."), model)
        }
        Step::Review { draft, payee, quote: None } => {
            refused(draft, payee, Html::new().text("Please use the buttons below."))
        }
        _ => shown(place(Place::Menu, model)),
    }
}

/// A live button at a step of a withdrawal.
pub(super) fn press(conversation: Conversation, action: &Action, keyboard: &str, model: &Model) -> Turn {
    match (conversation.step.clone(), action) {
        (Step::Amount { .. }, Action::Back) => shown(place(Place::Balance, model)),
        (Step::Bank { draft, .. }, Action::Back) => begin(draft.source, None, model),
        (Step::Bank { draft, search, .. }, Action::Page(page)) => banks(draft, &search, *page, model),
        (Step::Bank { draft, .. }, Action::AllBanks)
        | (Step::Account { draft, .. } | Step::Review { draft, .. }, Action::Back) => banks(draft, "", 0, model),
        (Step::Bank { draft, .. }, Action::Bank { code, name }) => account(draft, code.clone(), name.clone(), None),
        (Step::Bank { draft, .. }, Action::Saved(id)) => {
            let saved = model.profile.as_ref().and_then(|profile| profile.payees.iter().find(|payee| payee.id == *id));
            match saved {
                Some(saved) => quoted(draft, saved.payee.clone(), model),
                None => banks(draft, "", 0, model),
            }
        }
        (Step::Name { draft, payee }, Action::Back) => account(draft, payee.bank_code, payee.bank_name, None),
        (Step::Name { draft, payee }, Action::NameRight) | (Step::Review { draft, payee, .. }, Action::Requote) => {
            quoted(draft, payee, model)
        }
        (Step::Review { payee, quote: Some(quote), .. }, Action::Confirm) => {
            confirm(conversation, quote, payee, keyboard, model)
        }
        _ => toast(conversation, text::STALE),
    }
}

fn confirm(conversation: Conversation, quote: Quote, payee: Payee, keyboard: &str, model: &Model) -> Turn {
    // The keyboard's id was minted when the summary was drawn: a second tap is the same command.
    let Some(key) = IdempotencyKey::button(keyboard) else { return toast(conversation, text::STRANGE) };
    let request = RequestWithdrawal { user: model.user, quote, payee, key };
    let what = Spend::Withdrawal(request);
    (conversation, Vec::new(), Some(Command::Spend { keyboard: keyboard.to_owned(), what }))
}

/// What a request came to. Runs inside the request's transaction, perhaps twice: it only draws.
pub(crate) fn requested(
    conversation: &Conversation,
    request: &RequestWithdrawal,
    result: &Result<Requested, RequestWithdrawalError>,
    model: &Model,
) -> (Conversation, Vec<Out>) {
    let why = match result {
        Ok(done) => {
            let html = words::requested(done.id, done.replayed, &request.quote, &request.payee);
            let view = with_home(View::of(html).button("🧾 My Withdrawals", Action::Go(Place::Withdrawals)));
            return (Conversation::start(), vec![Out::Show(view)]);
        }
        Err(why) => why,
    };
    let source = request.quote.source;
    let html = words::request_refused(why, source, model.now);
    let turn = match (why, conversation.step.draft()) {
        (RequestWithdrawalError::QuoteOver, Some(draft)) => refused(draft.clone(), request.payee.clone(), html),
        (RequestWithdrawalError::Quote(_) | RequestWithdrawalError::KeyReused(_), _) => {
            shown(with_home(View::of(html).button("✏️ Another amount", Action::Withdraw(source))))
        }
        _ => shown(with_home(View::of(html))),
    };
    (turn.0, turn.1)
}

/// The offer ran out: a new one for the same account.
fn refused(draft: Draft, payee: Payee, html: Html) -> Turn {
    let view = ways_out(View::of(html).button("🔄 New offer", Action::Requote));
    stepped(Step::Review { draft, payee, quote: None }, view)
}

fn banks(draft: Draft, search: &str, page: usize, model: &Model) -> Turn {
    let found = model.banks.as_deref().unwrap_or_default();
    if found.is_empty() && search.is_empty() {
        return shown(with_home(View::of(words::no_banks())));
    }
    let pages = found.len().div_ceil(PAGE).max(1);
    let page = page.min(pages - 1);
    let payees = model.profile.as_ref().map(|profile| profile.payees.as_slice()).unwrap_or_default();
    let saved = if search.is_empty() && page == 0 { payees } else { &[] };
    let mut view = View::of(words::bank(&draft, search, found.len(), !saved.is_empty()));
    for payee in saved {
        let account = domain::text::mask_account(&payee.payee.account_number);
        view = view.button(format!("💳 {} {account}", payee.payee.bank_name), Action::Saved(payee.id));
    }
    for bank in found.iter().skip(page * PAGE).take(PAGE) {
        view = view.button(bank.name.clone(), Action::Bank { code: bank.code.clone(), name: bank.name.clone() });
    }
    let mut turn = Vec::new();
    if page > 0 {
        turn.push(("◀️ Previous".to_owned(), Action::Page(page - 1)));
    }
    if page + 1 < pages {
        turn.push(("Next ▶️".to_owned(), Action::Page(page + 1)));
    }
    view = view.row(turn);
    if !search.is_empty() {
        view = view.button("🔎 Search again in all", Action::AllBanks);
    }
    stepped(Step::Bank { draft, search: search.to_owned(), page }, ways_out(view))
}

fn account(draft: Draft, bank_code: String, bank_name: String, note: Option<&str>) -> Turn {
    let html = noted(note, words::account(&bank_name));
    stepped(Step::Account { draft, bank_code, bank_name }, ways_out(View::of(html)))
}

fn name(draft: Draft, payee: Payee, note: Option<&str>) -> Turn {
    let html = noted(note, words::name(&payee));
    let view = ways_out(View::of(html).button("✅ Yes, that is right", Action::NameRight));
    stepped(Step::Name { draft, payee }, view)
}

/// The summary at today's figures, or the amount again with the reason.
fn quoted(draft: Draft, payee: Payee, model: &Model) -> Turn {
    match &model.quote {
        Some(Ok(quote)) => review(draft, payee, quote.clone(), None, model),
        Some(Err(why)) => begin(draft.source, Some(&words::amount_refused(why, draft.source)), model),
        None => begin(draft.source, None, model),
    }
}

fn review(draft: Draft, payee: Payee, quote: Quote, note: Option<&str>, model: &Model) -> Turn {
    let html = noted(note, words::review(&quote, &payee, model.facts.rate_hold));
    let view = ways_out(View::of(html).button("✅ Confirm", Action::Confirm));
    stepped(Step::Review { draft, payee, quote: Some(quote) }, view)
}

fn noted(note: Option<&str>, html: Html) -> Html {
    match note {
        Some(note) => Html::new().text("⚠️ ").text(note).gap().then(&html),
        None => html,
    }
}

/// Back and Cancel, at every step.
fn ways_out(view: View) -> View {
    view.row(vec![("⬅️ Back".to_owned(), Action::Back), ("✖️ Cancel".to_owned(), Action::Cancel)])
}

/// What is searched for: one short line.
fn search_words(typed: &str) -> String {
    domain::text::clean_line(typed.trim(), 40)
}
