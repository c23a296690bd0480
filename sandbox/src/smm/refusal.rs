//! What a panel says when it does not do what is asked, in its plain words and in its coded ones.

use super::shapes::{Errors, Shapes};
use super::text::{Object, quoted};
use crate::http::{JSON, Reply};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    Key,
    Action,
    /// An action that old panels do not know.
    ActionOfOld,
    TooMany,
    Missing,
    Service,
    Link,
    Quantity,
    Min(u64),
    Max(u64),
    Comments,
    NoDripFeed,
    Runs,
    Interval,
    Answer,
    Delay,
    Expiry,
    Funds,
    ActiveOrder,
    OrderId,
    RefillId,
    NotEligible,
    CannotCancel,
    /// The panel itself could not write the order down.
    Broken(String),
    /// A scripted text.
    Scripted {
        text: String,
        status: Option<u16>,
    },
}

impl Refusal {
    fn plain(&self) -> String {
        let text = match self {
            Self::Key => "Invalid API key",
            Self::Action => "Incorrect request",
            Self::ActionOfOld => "this action is invalid",
            Self::TooMany => "Too many requests",
            Self::Missing => "There are missing required parameters",
            Self::Service => "Incorrect service ID",
            Self::Link => "Bad link",
            Self::Quantity => "Incorrect quantity",
            Self::Min(min) => return format!("Quantity less than minimal {min}"),
            Self::Max(max) => return format!("Quantity more than maximum {max}"),
            Self::Comments => "Comments required",
            Self::NoDripFeed => "This service has no drip-feed support",
            Self::Runs => "Runs required",
            Self::Interval => "Interval required",
            Self::Answer => "Answer number is required",
            Self::Delay => "Incorrect delay",
            Self::Expiry => "Incorrect expiry",
            Self::Funds => "Not enough funds on balance",
            Self::ActiveOrder => "You have active order with this link. Please wait until order being completed.",
            Self::OrderId => "Incorrect order ID",
            Self::RefillId => "Incorrect refill ID",
            Self::NotEligible => "Order not eligible for refill.",
            Self::CannotCancel => "Cannot cancel",
            Self::Broken(why) => return format!("The order could not be recorded: {why}"),
            Self::Scripted { text, .. } => text,
        };
        text.to_owned()
    }

    fn code(&self) -> Option<&'static str> {
        Some(match self {
            Self::Service => "neworder.error.incorrect_service_id",
            Self::Link => "neworder.error.link",
            Self::Quantity => "neworder.error.quantity",
            Self::Min(_) => "neworder.error.min_quantity",
            Self::Max(_) => "neworder.error.max_quantity",
            Self::Comments => "neworder.error.comment",
            Self::Funds => "neworder.error.not_enough_funds",
            Self::ActiveOrder => "neworder.error.link_duplicate",
            Self::OrderId => "error.incorrect_order_id",
            Self::RefillId => "error.incorrect_refill_id",
            _ => return None,
        })
    }

    fn status(&self) -> u16 {
        match self {
            Self::Key => 401,
            Self::Funds => 402,
            Self::Service | Self::OrderId | Self::RefillId => 404,
            Self::Link | Self::Quantity | Self::Min(_) | Self::Max(_) => 422,
            Self::TooMany => 429,
            _ => 400,
        }
    }

    /// The text alone, as it stands within a batch.
    pub(super) fn text(&self, shapes: &Shapes) -> String {
        match (shapes.errors, self.code()) {
            (Errors::Coded | Errors::StatusCoded, Some(code)) => code.to_owned(),
            _ => self.plain(),
        }
    }

    /// The members that tell of it, within an answer or an item.
    pub(super) fn members(&self, object: Object, shapes: &Shapes) -> Object {
        let object = match shapes.errors {
            Errors::StatusCoded => object.text("status", "error").text("msg", &self.plain()),
            Errors::Plain | Errors::Coded => object,
        };
        object.raw("error", &quoted(&self.text(shapes)))
    }

    /// The whole answer; nothing was done.
    pub(super) fn reply(&self, shapes: &Shapes) -> Reply {
        let status = match self {
            Self::TooMany => 429,
            Self::Broken(_) => 500,
            Self::Scripted { status: Some(status), .. } => *status,
            _ => shapes.error_status.of(self.status()),
        };
        Reply::text(status, JSON, self.members(Object::new(), shapes).end()).declined()
    }
}
