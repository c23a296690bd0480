//! News as messages.

use crate::action::{Action, Place};
use crate::screens::ops;
use crate::text;
use crate::view::View;
use app::notice::{BoostKind, BoostNews, MachineKind, MachineNews, Notice, OpsWithdrawal, VpsKind, VpsNews};
use domain::boost::PostLink;

/// A notice as a message, and the request that its buttons decide. Buttons without a request lead their user to screens.
pub(crate) fn notice(notice: &Notice) -> (View, Option<&OpsWithdrawal>) {
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
        Notice::Invoice(news) => text::invoice_news::news(news),
        Notice::Manual(news) => text::sold_news::manual(news),
        Notice::Bonus(news) => text::sold_news::bonus(news),
        Notice::OpsManual(order) => text::sold_news::for_people(order),
        Notice::OpsBoost(order) => text::boost_news::for_people(order),
        Notice::OpsAlarm { title, text, correlation, .. } => text::ops::alarm(title, text, correlation),
        Notice::OpsRequested(request) => return (ops::request(request), Some(request)),
    };
    (View::of(html), None)
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
