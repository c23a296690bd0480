//! One invoice: what to send where until when, how it stands, the hash of a payment, the rest from the wallet.
//!
//! Promises: no button drops an invoice; a hash is matched to the user's own open invoice or asked about; a mistyped one
//! says what it is, and costs nothing. Absent on purpose: verifying (`app`).

use super::{Turn, invoices, shown, stepped, toast, with_home};
use crate::action::{Action, Place, Shelf};
use crate::conversation::{Conversation, Step};
use crate::model::{Command, Model, Needs, Spend};
use crate::text::{self, invoice as words};
use crate::view::{Out, View};
use app::invoices::{ClaimError, Claimed, FinishError, InvoiceShown};
use domain::InvoiceId;
use domain::chain::{Chain, TxId};
use domain::invoice::{ChargeState, InvoiceState};

/// What one invoice needs.
pub(crate) fn needs(id: InvoiceId) -> Needs {
    Needs { invoice: Some(id), invoices: true, ..Needs::default() }
}

/// What words and buttons at a step of an invoice need.
pub(super) fn step_needs(step: &Step) -> Needs {
    match step {
        Step::Hash { invoice } => needs(*invoice),
        Step::FinishReview { invoice } => Needs { profile: true, ..needs(*invoice) },
        _ => invoices::needs(),
    }
}

/// One invoice, if it is this user's.
pub(super) fn one(note: Option<&str>, model: &Model) -> View {
    match &model.invoice {
        Some(invoice) => drawn(invoice, note, model),
        None => invoices::list(Some(words::NO_SUCH), model),
    }
}

/// One that was just made.
pub(super) fn fresh(invoice: &InvoiceShown, replayed: bool, model: &Model) -> View {
    drawn(invoice, replayed.then_some(words::MADE_BEFORE), model)
}

fn drawn(invoice: &InvoiceShown, note: Option<&str>, model: &Model) -> View {
    let mut view = View::of(words::invoice(invoice, note, model.now));
    let id = invoice.id;
    let waits = matches!(
        invoice.state,
        InvoiceState::Open
            | InvoiceState::Seen
            | InvoiceState::Confirming
            | InvoiceState::Short
            | InvoiceState::Expired
    );
    if invoice.coin.is_some() && waits {
        view = view.button("🔗 I have paid: send the hash", Action::Hash(id));
    }
    if invoice.state == InvoiceState::Short {
        view = view.button("👛 Pay the rest from my wallet", Action::Finish(id));
    }
    match invoice.state {
        InvoiceState::Paid | InvoiceState::Over if words::is_credits(&invoice.details) => {
            view = view.button("🚀 My Boosts", Action::Go(Place::Boosts));
        }
        InvoiceState::Paid | InvoiceState::Over | InvoiceState::Late | InvoiceState::Refunded
            if !words::is_credits(&invoice.details) =>
        {
            view = view.button("💰 My Balance", Action::Go(Place::Balance));
        }
        InvoiceState::Expired | InvoiceState::Late => {
            view = view.button("🛍 Service Menu", Action::Go(Place::Shelf(Shelf::Services)));
        }
        _ => {}
    }
    if !matches!(invoice.state, InvoiceState::Paid | InvoiceState::Over | InvoiceState::Refunded) {
        view = view.button("🔄 Refresh", Action::Go(Place::Invoice(id)));
    }
    let failed = invoice.bank.as_ref().is_some_and(|bank| bank.charge == ChargeState::Failed);
    if let Some(url) = model.facts.support.as_ref().filter(|_| failed || invoice.state == InvoiceState::Disputed) {
        view = view.link("🆘 Support", url);
    }
    with_home(view.button("🧾 My Invoices", Action::Go(Place::Invoices)))
}

/// Asks for the hash of a payment.
pub(super) fn ask_hash(note: Option<&str>, model: &Model) -> Turn {
    let Some(invoice) = &model.invoice else { return shown(invoices::list(Some(words::NO_SUCH), model)) };
    if invoice.coin.is_none() {
        return shown(drawn(invoice, None, model));
    }
    let view = View::of(words::ask_hash(invoice, note)).row(vec![
        ("⬅️ Back".to_owned(), Action::Go(Place::Invoice(invoice.id))),
        ("🏠 Main Menu".to_owned(), Action::Go(Place::Menu)),
    ]);
    stepped(Step::Hash { invoice: invoice.id }, view)
}

/// Words that can only be a transaction's id, where no other words are awaited.
pub(super) fn pasted(step: &Step, typed: &str) -> bool {
    let free = matches!(step, Step::Menu | Step::WhichInvoice { .. } | Step::FinishReview { .. })
        || step.is_shop()
        || step.is_pay()
        || step.is_boost();
    free && typed.len() <= 2_000 && Chain::ALL.into_iter().any(|chain| TxId::parse(chain, typed).is_ok())
}

/// A transaction's id without a word about what it pays: the only invoice that it can be for, or the question which.
pub(super) fn found(conversation: Conversation, typed: &str, model: &Model) -> Turn {
    let waiting: Vec<&InvoiceShown> =
        model.invoices.iter().flatten().filter(|invoice| invoice.coin.is_some() && takes_hash(invoice.state)).collect();
    // Where the chain tells them apart, it does.
    let fits = |invoice: &&&InvoiceShown| {
        let chain = invoice.method.asset().map(|asset| asset.chain());
        chain.is_some_and(|chain| TxId::parse(chain, typed).is_ok())
    };
    let of_chain: Vec<&InvoiceShown> = waiting.iter().filter(fits).copied().collect();
    let candidates = if of_chain.is_empty() { &waiting } else { &of_chain };
    // One that still waits comes before one whose time is over.
    let open: Vec<&InvoiceShown> = candidates.iter().filter(|invoice| invoice.state.is_open()).copied().collect();
    let candidates = if open.is_empty() { candidates } else { &open };
    match candidates.as_slice() {
        [] => {
            let view = View::of(words::hash_for_nothing()).button("🧾 My Invoices", Action::Go(Place::Invoices));
            shown(with_home(view))
        }
        [only] => claim(conversation, only.id, typed),
        several => {
            let view = several.iter().take(8).fold(View::of(words::which()), |view, invoice| {
                view.button(words::label(invoice), Action::HashFor(invoice.id))
            });
            let view = view.button("✖️ Cancel", Action::Cancel);
            stepped(Step::WhichInvoice { typed: domain::text::clean_line(typed, 400) }, view)
        }
    }
}

/// An invoice for which a transaction can be named.
const fn takes_hash(state: InvoiceState) -> bool {
    matches!(
        state,
        InvoiceState::Open
            | InvoiceState::Seen
            | InvoiceState::Confirming
            | InvoiceState::Short
            | InvoiceState::Expired
            | InvoiceState::Late
    )
}

fn claim(conversation: Conversation, invoice: InvoiceId, typed: &str) -> Turn {
    (conversation, Vec::new(), Some(Command::Claim { invoice, typed: typed.to_owned() }))
}

/// What naming a transaction came to. Runs inside its transaction, perhaps twice: it only draws.
pub(crate) fn claimed(
    invoice: InvoiceId,
    result: &Result<Claimed, ClaimError>,
    model: &Model,
) -> (Conversation, Vec<Out>) {
    let home = |view: View| {
        let view = view
            .button("🔎 Show the invoice", Action::Go(Place::Invoice(invoice)))
            .button("🧾 My Invoices", Action::Go(Place::Invoices));
        with_home(view)
    };
    let (conversation, outs, _) = match result {
        Ok(done) => shown(home(View::of(words::claimed(done)))),
        // Asked for again: nothing is lost by a wrong one.
        Err(why @ ClaimError::Hash(_)) if model.invoice.is_some() => {
            ask_hash(Some(&words::claim_refused(why, model)), model)
        }
        Err(why) => {
            let view = View::of(words::not_claimed(why, model));
            let view = match &model.facts.support {
                Some(url) if matches!(why, ClaimError::TakenByOther) => view.link("🆘 Support", url),
                _ => view,
            };
            shown(home(view))
        }
    };
    (conversation, outs)
}

/// What paying the rest from the wallet comes to.
pub(super) fn finish(note: Option<&str>, model: &Model) -> Turn {
    let (Some(invoice), Some(profile)) = (&model.invoice, &model.profile) else {
        return shown(invoices::list(Some(words::NO_SUCH), model));
    };
    let (InvoiceState::Short, Some(lacking)) = (invoice.state, invoice.lacking) else {
        return shown(drawn(invoice, None, model));
    };
    if profile.wallet.minor() < invoice.price.minor() {
        let missing = invoice.price.checked_sub(profile.wallet).unwrap_or(lacking);
        let view = View::of(words::finish_too_little(invoice, profile.wallet, missing));
        let view = super::pay::topup_button(view, invoice.price, profile.wallet, model);
        return shown(with_home(view.button("⬅️ Back", Action::Go(Place::Invoice(invoice.id)))));
    }
    let view = View::of(words::finish(invoice, profile.wallet, note)).button("✅ Pay now", Action::Confirm).row(vec![
        ("⬅️ Back".to_owned(), Action::Go(Place::Invoice(invoice.id))),
        ("🏠 Main Menu".to_owned(), Action::Go(Place::Menu)),
    ]);
    stepped(Step::FinishReview { invoice: invoice.id }, view)
}

/// What came of it. Runs inside its transaction, perhaps twice: it only draws.
pub(crate) fn finished(result: &Result<InvoiceShown, FinishError>, model: &Model) -> (Conversation, Vec<Out>) {
    let view = match result {
        Ok(invoice) => drawn(invoice, None, model),
        Err(why) => {
            let view = View::of(words::not_finished(why));
            with_home(view.button("🧾 My Invoices", Action::Go(Place::Invoices)))
        }
    };
    let (conversation, outs, _) = shown(view);
    (conversation, outs)
}

/// Words at a step of an invoice.
pub(super) fn text(conversation: Conversation, typed: &str, model: &Model) -> Turn {
    match conversation.step {
        // Whatever it is, the rules of its chain say what is wrong with it.
        Step::Hash { invoice } if model.invoice.is_some() => claim(conversation, invoice, typed),
        Step::FinishReview { .. } => finish(Some(words::USE_BUTTONS), model),
        Step::WhichInvoice { typed: ref before } => {
            let before = before.clone();
            found(conversation, &before, model)
        }
        _ => shown(invoices::list(None, model)),
    }
}

/// A live button at a step of an invoice.
pub(super) fn press(conversation: Conversation, action: &Action, keyboard: &str) -> Turn {
    match (conversation.step.clone(), action) {
        (Step::WhichInvoice { typed }, Action::HashFor(invoice)) => claim(conversation, *invoice, &typed),
        (Step::FinishReview { invoice }, Action::Confirm) => {
            let what = Spend::Finish(invoice);
            (conversation, Vec::new(), Some(Command::Spend { keyboard: keyboard.to_owned(), what }))
        }
        _ => toast(conversation, text::STALE),
    }
}
