//! What people deliver: comments and reposts of X posts, and whatever no provider is mapped to.
//!
//! The ops chats are told once, with the order. An order of which panels deliver nothing waits for an operator's word;
//! one of which they deliver something ends with them.

use crate::App;
use crate::notice::{self, Notice, OpsBoost};
use domain::boost::{BoostPlan, Leg};
use domain::{BoostId, Timestamp};
use store::{StoreError, Tx};

use super::SubmitBoost;

impl App {
    /// Tells the ops chats what people are to do for an order, if anything.
    #[expect(clippy::too_many_arguments, reason = "an order's parts")]
    pub(super) async fn tell_people(
        &self,
        tx: &mut Tx,
        id: BoostId,
        plan: &BoostPlan,
        request: &SubmitBoost,
        by_people: bool,
        correlation: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut tasks = Vec::new();
        for leg in Leg::ALL {
            let target = plan.targets.of(leg);
            if target > 0 && (by_people || self.candidates_in(tx, &leg.service(plan.platform), now).await?.is_empty()) {
                tasks.push((leg.word().to_owned(), target));
            }
        }
        if tasks.is_empty() {
            return Ok(());
        }
        let notice = Notice::OpsBoost(OpsBoost {
            id,
            user: request.user,
            platform: plan.platform.word().to_owned(),
            link: request.link.url.clone(),
            tasks,
            waits: by_people,
        });
        notice::ops(tx, self, &notice, &format!("boost:{id}"), correlation, now).await
    }
}
