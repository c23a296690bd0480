//! News as messages.

use crate::screens::ops;
use crate::text;
use crate::view::View;
use app::notice::{Notice, OpsWithdrawal};

/// A notice as a message, and the request that its buttons decide.
pub(crate) fn notice(notice: &Notice) -> (View, Option<&OpsWithdrawal>) {
    let html = match notice {
        Notice::WithdrawalApproved(news) => text::notice::approved(news),
        Notice::WithdrawalSent(news) => text::notice::sent(news),
        Notice::WithdrawalPaid(news) => text::notice::paid(news),
        Notice::WithdrawalFailed(news) => text::notice::failed(news),
        Notice::WithdrawalRejected(news) => text::notice::rejected(news),
        Notice::WithdrawalReturned(news) => text::notice::returned(news),
        Notice::BalanceAdjusted { purse, amount, reason } => text::notice::adjusted(purse, *amount, reason),
        Notice::OpsAlarm { title, text, correlation, .. } => text::ops::alarm(title, text, correlation),
        Notice::OpsRequested(request) => return (ops::request(request), Some(request)),
    };
    (View::of(html), None)
}
