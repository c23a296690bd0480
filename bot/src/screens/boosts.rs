//! My boosts: credits, the newest orders and where each is. Never who delivers them.

use super::with_home;
use crate::action::{Action, Place, Shelf};
use crate::html::Html;
use crate::model::Model;
use crate::text::{self, boost as words};
use crate::view::View;
use app::view::boosts::BoostBrief;
use domain::BoostId;
use domain::boost::PostLink;

/// Orders in the list.
const SHOWN: usize = 10;

/// Credits and the newest orders.
pub(super) fn list(model: &Model) -> View {
    let (Some(profile), Some(orders)) = (&model.profile, &model.boosts) else {
        return with_home(View::of(text::hiccup()));
    };
    listed(words::list(&profile.posts, orders.is_empty()), orders, model)
}

/// One of them, if it is this user's.
pub(super) fn one(model: &Model, id: BoostId) -> View {
    let Some(orders) = &model.boosts else { return with_home(View::of(text::hiccup())) };
    match orders.iter().find(|order| order.id == id) {
        Some(order) => shown(order, model),
        None if orders.is_empty() => list(model),
        None => listed(words::no_such_order(), orders, model),
    }
}

fn shown(order: &BoostBrief, model: &Model) -> View {
    let mut view = View::of(words::order(order, model.facts.interval));
    // Telegram refuses a whole message for one bad address.
    let link = PostLink::find(&order.link).filter(|link| link.url == order.link);
    if let Some(link) = &link {
        view = view.link("🔗 Open the post", &link.url);
    }
    if order.state.is_open() {
        view = view.button("🔄 Refresh", Action::Go(Place::Boost(order.id)));
    } else if let Some(link) = link {
        view = view.button("🔁 Boost it again", Action::Boost(link));
    }
    with_home(view.button("⬅️ Back", Action::Go(Place::Boosts)))
}

fn listed(html: Html, orders: &[BoostBrief], model: &Model) -> View {
    let mut view = orders
        .iter()
        .take(SHOWN)
        .fold(View::of(html), |view, order| view.button(words::label(order), Action::Go(Place::Boost(order.id))));
    view = view.button("🛍 Get credits", Action::Go(Place::Shelf(Shelf::Services)));
    let none = model.profile.as_ref().is_some_and(|profile| profile.posts.is_empty());
    if let Some(url) = model.facts.support.as_ref().filter(|_| none) {
        view = view.link("🆘 Support", url);
    }
    with_home(view)
}
