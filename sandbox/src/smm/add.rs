//! `add`: what a panel insists on for each type of service, then the acceptance.

use super::amount::Amount;
use super::book::Wanted;
use super::catalogue::Service;
use super::form::Form;
use super::kinds::{Count, Kind};
use super::order::{Ending, Series};
use super::refusal::Refusal;
use super::settings::{Rules, Tempo};
use super::shapes::{AddShape, Shapes};
use super::text::{Object, quoted};
use super::{POSTS_MAX, Panel, Shop};
use crate::clock::{Millis, civil};
use crate::fault::{Kind as FaultKind, Plight};
use crate::http::{JSON, Reply};
use crate::spoil;

/// Minutes that a subscription may wait after a post.
const DELAYS: [u64; 19] = [0, 5, 10, 15, 30, 60, 90, 120, 150, 180, 210, 240, 270, 300, 360, 420, 480, 540, 600];
const DAY_MS: Millis = 86_400_000;

/// A link that a panel would send somebody to.
fn is_link(link: &str) -> bool {
    let host = link
        .strip_prefix("https://")
        .or_else(|| link.strip_prefix("http://"))
        .map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let named = link.strip_prefix('@').is_some_and(|name| !name.is_empty());
    let telegram = link.strip_prefix("tg://").is_some_and(|rest| !rest.is_empty());
    !link.contains(char::is_whitespace) && (host.is_some_and(|host| host.contains(['.', ':'])) || named || telegram)
}

/// `d/m/Y`, as the end of that day.
fn expiry(text: &str) -> Option<Millis> {
    let parts: Vec<i64> = text.split('/').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [day, month, year @ 1_970..=9_999] = parts.as_slice() else { return None };
    // A day's number from its date, by looking: eight thousand years have fewer than 3 000 leap days.
    let near = (year - 1970) * 365;
    (near..near + 3_000).find(|number| civil(*number) == (*year, *month, *day)).map(|number| (number + 1) * DAY_MS)
}

/// An order of a service as the form describes it, or what the panel says of it.
fn read(form: &Form, service: &Service, rules: &Rules, tempo: &Tempo) -> Result<Wanted, Refusal> {
    let kind = Kind::of(&service.kind);
    if kind.needs.contains(&"link") {
        form.get("link").filter(|link| is_link(link)).ok_or(Refusal::Link)?;
    }
    for name in kind.needs {
        if form.get(name).is_none() {
            return Err(match *name {
                "comments" => Refusal::Comments,
                "answer_number" => Refusal::Answer,
                _ => Refusal::Missing,
            });
        }
    }
    check_fields(form, kind)?;
    let quantity = match kind.count {
        Count::Given => given_quantity(form)?,
        Count::Lines("comments") if rules.comments_need_quantity => given_quantity(form)?,
        Count::Lines(name) => form.lines(name),
        Count::One => 1,
        Count::EachPost => 0,
    };
    let series = match kind.count {
        Count::EachPost => Some(subscription(form, service, tempo)?),
        _ => runs(form, service)?,
    };
    if !matches!(kind.count, Count::One | Count::EachPost) {
        within(quantity, service)?;
    }
    let times = if let Some(Series::Runs { runs, .. }) = &series { *runs } else { 1 };
    let charge = if kind.count == Count::EachPost { Amount::ZERO } else { service.cost(quantity).times(times) };
    Ok(Wanted {
        service: service.service,
        kind: service.kind.clone(),
        link: form.get("link").or_else(|| form.get("username")).unwrap_or_default().to_owned(),
        quantity,
        series,
        fields: form.others(),
        rate: service.rate,
        charge,
        ending: None,
    })
}

fn given_quantity(form: &Form) -> Result<u64, Refusal> {
    form.number("quantity").filter(|quantity| *quantity > 0).ok_or(Refusal::Quantity)
}

fn within(quantity: u64, service: &Service) -> Result<(), Refusal> {
    match quantity {
        less if less < service.min => Err(Refusal::Min(service.min)),
        more if more > service.max => Err(Refusal::Max(service.max)),
        _ => Ok(()),
    }
}

/// Codes and numbers that have closed lists.
fn check_fields(form: &Form, kind: &Kind) -> Result<(), Refusal> {
    match kind.title {
        "Poll" => form.number("answer_number").filter(|number| *number > 0).ok_or(Refusal::Answer).map(drop),
        "Web Traffic" => {
            let known = form.number("device").is_some_and(|device| (1..=5).contains(&device));
            let named = match form.number("type_of_traffic") {
                Some(1) => form.get("google_keyword").is_some(),
                Some(2) => form.get("referring_url").is_some(),
                Some(3) => true,
                _ => false,
            };
            if known && named { Ok(()) } else { Err(Refusal::Missing) }
        }
        _ => Ok(()),
    }
}

/// Runs of a drip-feed order.
fn runs(form: &Form, service: &Service) -> Result<Option<Series>, Refusal> {
    match (form.has("runs"), form.has("interval")) {
        (false, false) => return Ok(None),
        _ if !service.dripfeed => return Err(Refusal::NoDripFeed),
        _ => {}
    }
    let runs = form.number("runs").filter(|runs| (1..=1_000).contains(runs)).ok_or(Refusal::Runs)?;
    let interval = form.number("interval").filter(|minutes| *minutes > 0).ok_or(Refusal::Interval)?;
    Ok(Some(Series::Runs { runs, interval }))
}

fn subscription(form: &Form, service: &Service, tempo: &Tempo) -> Result<Series, Refusal> {
    let bound = |name: &str| form.number(name).ok_or(Refusal::Quantity);
    let (min, max) = (bound("min")?, bound("max")?);
    within(min, service)?;
    within(max, service)?;
    if max < min {
        return Err(Refusal::Quantity);
    }
    let minutes = form.number("delay").filter(|delay| DELAYS.contains(delay)).ok_or(Refusal::Delay)?;
    let delay_ms = tempo.wait(tempo.pace.minute_ms.saturating_mul(i64::try_from(minutes).unwrap_or(0)));
    let expires_at = form.get("expiry").map(|text| expiry(text).ok_or(Refusal::Expiry)).transpose()?;
    let count = |name: &str| form.number(name).map(|count| count.min(POSTS_MAX)).filter(|count| *count > 0);
    Ok(Series::Posts {
        min,
        max,
        limit: count("posts"),
        old: count("old_posts").unwrap_or(0),
        delay_ms,
        expires_at,
        expiry: form.get("expiry").unwrap_or_default().to_owned(),
    })
}

impl Panel {
    pub(super) fn add(&self, shop: &mut Shop, form: &Form, plight: &Plight, now: Millis) -> Result<Reply, Refusal> {
        let service = form.number("service").and_then(|id| shop.catalogue.find(id)).ok_or(Refusal::Service)?;
        let tempo = self.tempo(&shop.settings);
        let (rules, shapes) = (&shop.settings.rules, &shop.settings.shapes);
        let mut wanted = read(form, service, rules, &tempo)?;
        if plight.outcome_is(FaultKind::Fail).is_some() {
            wanted.ending = Some(Ending::Fails);
        }
        if plight.outcome_is(FaultKind::Stuck).is_some() {
            wanted.ending = Some(Ending::Never);
        }
        if rules.same_order_ms > 0 {
            let since = now.saturating_sub(rules.same_order_ms);
            if let Some(same) = shop.book.same(&wanted, since) {
                return Ok(accepted(shapes, &shapes.id(same.id), same.charge, &shop.settings.currency.0));
            }
        }
        if rules.active_order && shop.book.is_running(wanted.service, &wanted.link) {
            return Err(Refusal::ActiveOrder);
        }
        if wanted.charge > shop.book.balance {
            return Err(Refusal::Funds);
        }
        let accepted_as = shop.book.accept(wanted, now, &tempo).map_err(|why| Refusal::Broken(why.to_string()))?;
        let (id, charge) = (shapes.id(accepted_as.id), accepted_as.charge);
        if shop.settings.lost.contains(&shop.book.asked_for) {
            return Ok(spoil::gateway(504));
        }
        let special = plight.outcome.as_ref().map(|fault| (fault.fault, fault.message.as_deref()));
        Ok(match special {
            Some((FaultKind::NoId, _)) => Reply::text(200, JSON, "{}"),
            Some((FaultKind::OrderZero, _)) => accepted(shapes, "\"0\"", charge, &shop.settings.currency.0),
            Some((FaultKind::WithError, text)) => {
                let text = text.unwrap_or("Unknown error, please try again later");
                Reply::text(200, JSON, Object::new().raw("order", &id).text("error", text).end())
            }
            _ => accepted(shapes, &id, charge, &shop.settings.currency.0),
        })
    }
}

/// The answer to an order that was accepted under an id.
fn accepted(shapes: &Shapes, id: &str, charge: Amount, currency: &str) -> Reply {
    let object = Object::new();
    let (status, object) = match shapes.add {
        AddShape::Plain => (200, object.raw("order", id)),
        AddShape::Created => (201, object.raw("order", id)),
        AddShape::Status => (200, object.text("status", "success").raw("order", id)),
        AddShape::Charge => {
            let object = object.raw("order", id).maybe("charge", shapes.charge(charge));
            (200, object.raw("currency", &quoted(currency)))
        }
    };
    Reply::text(status, JSON, object.end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expiry_is_the_end_of_its_day() {
        assert_eq!(expiry("01/01/1970"), Some(DAY_MS));
        assert_eq!(expiry("31/12/2026"), Some(1_798_761_600_000));
        for text in ["", "31-12-2026", "31/02/2026", "2026/12/31", "1/1/99999999999999999999"] {
            assert_eq!(expiry(text), None, "{text}");
        }
    }

    #[test]
    fn a_link_names_a_place() {
        for link in
            ["https://x.com/a/status/1", "http://t.me/b", "@channel", "tg://join?invite=1", "https://127.0.0.1:1/"]
        {
            assert!(is_link(link), "{link}");
        }
        for link in ["", "x", "https://", "https://localhost", "https://x.com/a b", "@", "javascript:alert(1)"] {
            assert!(!is_link(link), "{link}");
        }
    }
}
