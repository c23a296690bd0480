//! What a panel sells: `action=services`. Rows are read one by one, so that a bad one costs itself only.

use std::collections::HashSet;
use std::fmt;

use domain::smm::ServiceType;
use domain::text;
use serde::Deserializer;
use serde::de::{IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::answer::{self, Id, Item};
use super::encode::is_id;
use crate::http::{RawReply, TEXT_COLUMNS};
use crate::read::{ReadError, arrived, garbage};

/// No panel sells more; an answer with more rows is none.
const ROWS_MAX: usize = 200_000;
/// Errors that are kept, one a row.
const ERRORS_MAX: usize = 100;
/// Columns of a name and of a category.
const NAME_COLUMNS: usize = 250;
/// Columns of a description.
const DESCRIPTION_COLUMNS: usize = 1_000;

/// A panel's services.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// What could be read, in the panel's order, each id once.
    pub services: Vec<PanelService>,
    /// `Service NAME: what is wrong` for each row that could not; the first hundred, then how many more.
    pub errors: Vec<String>,
    /// The size of the answer.
    pub bytes: usize,
}

/// One service as the panel offers it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PanelService {
    /// The panel's id, opaque.
    pub service: String,
    /// One clean line.
    pub name: String,
    /// One clean line; may be empty.
    pub category: String,
    /// `None`: a type that we do not know and so do not sell.
    pub kind: Option<ServiceType>,
    /// The type as the panel spells it.
    pub kind_text: String,
    /// Decimal text in the panel's currency, for a thousand or for one: [`ServiceType::rate_per_unit`].
    pub rate: String,
    /// The smallest order.
    pub min: i64,
    /// The largest order.
    pub max: i64,
    /// What dropped can be filled up.
    pub refill: bool,
    /// Orders can be cancelled.
    pub cancel: bool,
    /// Orders can be spread over time by the panel.
    pub dripfeed: bool,
    /// One clean line; may be empty.
    pub description: String,
}

/// Reads the answer to `services`: a list of rows, bare or wrapped. Total; it holds no more than the rows' own texts.
pub(super) fn read_catalogue(raw: RawReply) -> Result<Catalogue, ReadError> {
    let reply = arrived(raw)?;
    // A name in another encoding costs that name, not the catalogue.
    let body = String::from_utf8_lossy(answer::body(&reply.body));
    let (body, bytes) = (body.as_bytes(), reply.body.len());
    if body.first() == Some(&b'[') {
        return read_rows(body, bytes).ok_or_else(|| answer::read_error(&reply, None))?;
    }
    let Some(whole) = answer::object(body) else { return Err(answer::read_error(&reply, None)) };
    if let Some(error) = answer::call_error(&whole) {
        return Err(answer::read_error(&reply, Some(&error)));
    }
    let rows = ["services", "data"].iter().find_map(|name| whole.get(*name).copied());
    match rows.map(RawValue::get) {
        Some(rows) if rows.starts_with('[') => {
            read_rows(rows.as_bytes(), bytes).ok_or_else(|| answer::read_error(&reply, None))?
        }
        // "Empty Data" beside a success: nothing is sold.
        Some(text) if text.to_lowercase().contains("empty") => Ok(Catalogue { bytes, ..Catalogue::default() }),
        _ => Err(answer::read_error(&reply, None)),
    }
}

/// `None`: no complete list.
fn read_rows(json: &[u8], bytes: usize) -> Option<Result<Catalogue, ReadError>> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let rows = deserializer.deserialize_seq(Rows::default()).ok()?;
    deserializer.end().ok()?;
    if rows.count > ROWS_MAX {
        return Some(Err(garbage(&format!("a catalogue of more than {ROWS_MAX} services"))));
    }
    let mut catalogue = Catalogue { services: rows.services, errors: rows.errors, bytes };
    if rows.bad > ERRORS_MAX {
        catalogue.errors.push(format!("… and {} more", rows.bad - ERRORS_MAX));
    }
    Some(Ok(catalogue))
}

/// Takes one row after the other, so that an answer full of rubbish costs no memory.
#[derive(Default)]
struct Rows {
    services: Vec<PanelService>,
    seen: HashSet<String>,
    errors: Vec<String>,
    bad: usize,
    count: usize,
}

impl<'de> Visitor<'de> for Rows {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of services")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut rows: A) -> Result<Self, A::Error> {
        while self.count < ROWS_MAX {
            let Some(row) = rows.next_element::<&RawValue>()? else { return Ok(self) };
            self.count += 1;
            self.take(row);
        }
        while rows.next_element::<IgnoredAny>()?.is_some() {
            self.count += 1;
        }
        Ok(self)
    }
}

impl Rows {
    fn take(&mut self, row: &RawValue) {
        let outcome = match answer::object(row.get().as_bytes()) {
            Some(item) => match read_service(&item) {
                Ok(service) if !self.seen.insert(service.service.clone()) => {
                    Err(format!("{}: its id {} stands there twice", service.name, service.service))
                }
                Ok(service) => Ok(service),
                Err(problem) => Err(format!("{}: {problem}", name_of(&item, self.count))),
            },
            None => Err(format!("{}: no object", self.count)),
        };
        match outcome {
            Ok(service) => self.services.push(service),
            Err(problem) => {
                self.bad += 1;
                if self.errors.len() < ERRORS_MAX {
                    self.errors.push(text::scrub(&format!("Service {problem}"), TEXT_COLUMNS));
                }
            }
        }
    }
}

/// What an error calls the service: its name, else its id, else its place in the list.
fn name_of(item: &Item<'_>, place: usize) -> String {
    let name = answer::line(item.get("name").copied(), NAME_COLUMNS);
    if !name.is_empty() {
        return name;
    }
    answer::scalar(item.get("service").copied()).map_or_else(|| format!("number {place}"), |id| format!("with id {id}"))
}

fn read_service(item: &Item<'_>) -> Result<PanelService, &'static str> {
    let field = |name: &str| item.get(name).copied();
    let Id::Some(service) = answer::id(field("service")) else { return Err("no id") };
    if !is_id(&service) {
        return Err("an id that cannot be asked for");
    }
    let name = answer::line(field("name"), NAME_COLUMNS);
    if name.is_empty() {
        return Err("no name");
    }
    let kind_text = answer::line(field("type"), answer::WORD_COLUMNS);
    let kind = ServiceType::read(&kind_text);
    let rate = answer::charge(field("rate")).ok_or("a rate that is no price")?;
    let (min, max) = match (answer::whole(field("min")), answer::whole(field("max"))) {
        (Some(min), Some(max)) if (0..=max).contains(&min) && max > 0 => (min, max),
        // One unit is one unit, whatever is said of limits.
        _ if kind.is_some_and(ServiceType::rate_per_unit) => (1, 1),
        (Some(_), Some(_)) => return Err("limits that allow no order"),
        _ => return Err("no limits"),
    };
    let flag = |name: &str| answer::flag(field(name));
    Ok(PanelService {
        service,
        name,
        category: answer::line(field("category"), NAME_COLUMNS),
        kind,
        kind_text,
        rate,
        min,
        max,
        refill: flag("refill"),
        cancel: flag("cancel"),
        dripfeed: flag("dripfeed"),
        description: answer::line(field("description").or(field("desc")), DESCRIPTION_COLUMNS),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Reply;
    use proptest::prelude::*;

    fn read(body: Vec<u8>) -> Result<Catalogue, ReadError> {
        read_catalogue(RawReply::Complete(Reply { status: 200, retry_after: None, body }))
    }

    proptest! {
        #[test] // Whatever a panel sells, each row is a service or an error, and no id is sold twice.
        fn every_row_is_accounted_for(
            rows in prop::collection::vec("(1|null|\\[\\]|\\{\"service\":[0-9]{1,2},\"name\":\"[a-z]?\",\"rate\":[0-9-]{1,3},\"min\":1,\"max\":[0-9]\\})", 0..30),
            cut in any::<prop::sample::Index>(),
        ) {
            let body = format!("[{}]", rows.join(","));
            if let Ok(catalogue) = read(body.clone().into_bytes()) {
                prop_assert_eq!(catalogue.services.len() + catalogue.errors.len(), rows.len());
                let ids: HashSet<&str> = catalogue.services.iter().map(|service| service.service.as_str()).collect();
                prop_assert_eq!(ids.len(), catalogue.services.len());
            } else {
                // A number such as `--1` makes no list at all.
                prop_assert!(serde_json::from_str::<serde_json::Value>(&body).is_err());
            }
            // A list that lost its end is none.
            let cut = cut.index(body.len());
            prop_assert!(read(body.as_bytes()[..cut].to_vec()).is_err());
        }
    }
}
