//! News as messages.

use crate::action::{Action, OpsAbout, Place};
use crate::screens::ops;
use crate::text;
use crate::view::View;
use app::notice::{
    BoostKind, BoostNews, InvoiceNews, InvoiceNewsKind, MachineKind, MachineNews, Notice, VpsKind, VpsNews,
};
use domain::boost::PostLink;

/// A notice as a message, and what its buttons decide. Buttons that decide nothing lead their user to screens.
pub(crate) fn notice(notice: &Notice) -> (View, Option<OpsAbout>) {
    let html = match notice {
        Notice::WithdrawalApproved(news) => text::notice::approved(news),
        Notice::WithdrawalSent(news) => text::notice::sent(news),
        Notice::WithdrawalPaid(news) => text::notice::paid(news),
        Notice::WithdrawalFailed(news) => text::notice::failed(news),
        Notice::WithdrawalRejected(news) => text::notice::rejected(news),
        Notice::WithdrawalReturned(news) => text::notice::returned(news),
        Notice::BalanceAdjusted { purse, amount, reason } => text::notice::adjusted(purse, *amount, reason),
        Notice::Boost(news) => return (boost(news), None),
        Notice::Vps(news) => return (vps(news), None),
        Notice::Machine(news) => return (machine(news), None),
        Notice::Invoice(news) => return (invoice(news), None),
        Notice::Manual(news) => {
            let view = View::of(text::sold_news::manual(news));
            return (view.button("🔎 Show the invoice", Action::Go(Place::Invoice(news.invoice))), None);
        }
        Notice::Bonus(news) => {
            let view = View::of(text::sold_news::bonus(news));
            return (view.button("🤝 Affiliate Program", Action::Go(Place::Affiliate)), None);
        }
        Notice::OpsManual(order) => return (ops::order(order), Some(OpsAbout::Order(order.clone()))),
        Notice::OpsBoost(order) => text::boost_news::for_people(order),
        Notice::OpsAlarm { title, text, correlation, .. } => text::ops::alarm(title, text, correlation),
        Notice::OpsRequested(request) => {
            return (ops::request(request), Some(OpsAbout::Withdrawal(request.clone())));
        }
    };
    (View::of(html), None)
}

/// News of an invoice, with the way to it.
fn invoice(news: &InvoiceNews) -> View {
    let view = View::of(text::invoice_news::news(news));
    let asks = matches!(news.kind, InvoiceNewsKind::Refused | InvoiceNewsKind::Expired);
    let view = view.button("🔎 Show the invoice", Action::Go(Place::Invoice(news.id)));
    if asks { view.button("🧾 My Invoices", Action::Go(Place::Invoices)) } else { view }
}

/// News of an order of a server, with the way to what it is about.
fn vps(news: &VpsNews) -> View {
    let view = View::of(text::vps_news::order(news));
    match news.machine.filter(|_| news.kind == VpsKind::Ready) {
        Some(machine) => view.button("🗄 Open it", Action::Go(Place::Server(machine))),
        None => view.button("🔎 Follow it", Action::Go(Place::ServerOrder(news.id))),
    }
}

/// News of a machine, with the way to it while there is one.
fn machine(news: &MachineNews) -> View {
    let view = View::of(text::vps_news::machine(news));
    match news.kind {
        MachineKind::Gone => view,
        _ => view.button("🗄 Open it", Action::Go(Place::Server(news.machine))),
    }
}

/// News of a boost order, with the way to it.
fn boost(news: &BoostNews) -> View {
    let view = View::of(text::boost_news::news(news)).button("🔎 Follow it", Action::Go(Place::Boost(news.id)));
    match PostLink::find(&news.link).filter(|_| news.kind == BoostKind::Failed) {
        Some(link) => view.button("🔁 Submit it again", Action::Boost(link)),
        None => view,
    }
}
