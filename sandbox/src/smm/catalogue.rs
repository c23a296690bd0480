//! What a panel offers: a few dozen services of every type, any number of generated ones, and rows that no careful
//! panel would list. Control routes take services away, alter them and bring them back.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::amount::Amount;
use super::kinds::{Count, Kind};
use super::shapes::{ServicesShape, Shapes};
use super::text::{Object, list, quoted};
use crate::chance::{Chance, hash};

const FIRST_GENERATED: u64 = 100_001;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) service: u64,
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) category: String,
    pub(super) rate: Amount,
    pub(super) min: u64,
    pub(super) max: u64,
    #[serde(default)]
    pub(super) refill: bool,
    #[serde(default)]
    pub(super) cancel: bool,
    #[serde(default)]
    pub(super) dripfeed: bool,
}

impl Service {
    /// What so many units cost.
    pub(super) fn cost(&self, quantity: u64) -> Amount {
        match Kind::of(&self.kind).count {
            Count::One => self.rate.times(quantity),
            _ => self.rate.times(quantity).share(1, 1_000),
        }
    }

    fn row(&self, shapes: &Shapes) -> String {
        let id = self.service.to_string();
        let row = Object::new()
            .raw("service", &if shapes.service_ids_text { quoted(&id) } else { id })
            .text("name", &self.name)
            .text("type", &shapes.type_word(&self.kind))
            .text("category", &self.category)
            .raw("rate", &shapes.number(&self.rate.to_string()))
            .raw("min", &shapes.number(&self.min.to_string()))
            .raw("max", &shapes.number(&self.max.to_string()))
            .maybe("dripfeed", shapes.flag(self.dripfeed))
            .maybe("refill", shapes.flag(self.refill))
            .maybe("cancel", shapes.flag(self.cancel));
        if !shapes.extras {
            return row.end();
        }
        row.text("desc", "Start: 0-1 hours\nSpeed: 10k/day").raw("average_time", "37").text("platform", "web").end()
    }
}

/// A change of one service.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Alteration {
    name: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    category: Option<String>,
    rate: Option<Amount>,
    min: Option<u64>,
    max: Option<u64>,
    refill: Option<bool>,
    cancel: Option<bool>,
    dripfeed: Option<bool>,
}

/// `POST /_catalogue`, carried out in the order of these members.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Change {
    /// Back to the catalogue of the start.
    restore: bool,
    /// Exactly so many services: the usual ones first, then generated ones.
    count: Option<usize>,
    add: Vec<Service>,
    remove: Vec<u64>,
    /// Brings removed ones back.
    bring_back: Vec<u64>,
    /// Hides all but so many of a hundred, evenly; 100 brings all back.
    keep_percent: Option<u64>,
    /// Every price at so many of a hundred.
    rate_percent: Option<u64>,
    change: BTreeMap<u64, Alteration>,
    /// So many services are listed twice.
    duplicates: Option<usize>,
    /// So many rows that are no services.
    garbage: Option<usize>,
    /// Rows that stand in the list as they are.
    rows: Option<Vec<Value>>,
}

pub(super) struct Catalogue {
    usual: Vec<Service>,
    services: Vec<Service>,
    hidden: BTreeSet<u64>,
    duplicates: usize,
    rows: Vec<Value>,
}

impl Catalogue {
    pub(super) fn of(panel: &str) -> Self {
        let usual = usual(panel);
        Self { services: usual.clone(), usual, hidden: BTreeSet::new(), duplicates: 0, rows: Vec::new() }
    }

    pub(super) fn find(&self, id: u64) -> Option<&Service> {
        self.services.iter().find(|service| service.service == id && !self.hidden.contains(&id))
    }

    pub(super) fn offered(&self) -> impl Iterator<Item = &Service> {
        self.services.iter().filter(|service| !self.hidden.contains(&service.service))
    }

    /// The answer to `services`.
    pub(super) fn shown(&self, shapes: &Shapes) -> String {
        let mut rows: Vec<String> = self.offered().map(|service| service.row(shapes)).collect();
        rows.extend_from_within(..self.duplicates.min(rows.len()));
        rows.extend(self.rows.iter().map(Value::to_string));
        let count = rows.len();
        match shapes.services {
            ServicesShape::EmptyData if count == 0 => r#"{"status":"success","data":"Empty Data"}"#.to_owned(),
            ServicesShape::List | ServicesShape::EmptyData => list(rows),
            ServicesShape::Wrapped => Object::new().raw("services", &list(rows)).raw("count", &count.to_string()).end(),
        }
    }

    pub(super) fn change(&mut self, change: Change) -> Result<(), String> {
        if change.restore {
            (self.services, self.hidden) = (self.usual.clone(), BTreeSet::new());
            (self.duplicates, self.rows) = (0, Vec::new());
        }
        if let Some(count) = change.count {
            self.services = self.usual.iter().cloned().chain(generated(self.usual.len())).take(count).collect();
            self.hidden.clear();
        }
        for service in change.add {
            self.services.retain(|known| known.service != service.service);
            self.hidden.remove(&service.service);
            self.services.push(service);
        }
        self.hidden.extend(change.remove);
        for id in change.bring_back {
            self.hidden.remove(&id);
        }
        if let Some(percent) = change.keep_percent {
            self.hidden.clear();
            let gone =
                self.services.iter().zip(0_u64..).filter(|(_, n)| n * percent.min(100) % 100 >= percent.min(100));
            self.hidden.extend(gone.map(|(service, _)| service.service));
        }
        if let Some(percent) = change.rate_percent {
            for service in &mut self.services {
                service.rate = service.rate.share(percent, 100);
            }
        }
        for (id, alteration) in change.change {
            let service = self.services.iter_mut().find(|service| service.service == id);
            alter(service.ok_or_else(|| format!("no service {id}"))?, alteration);
        }
        self.duplicates = change.duplicates.unwrap_or(self.duplicates);
        if let Some(rows) = change.rows {
            self.rows = rows;
        }
        if let Some(count) = change.garbage {
            self.rows = garbage().into_iter().cycle().take(count).collect();
        }
        Ok(())
    }
}

fn alter(service: &mut Service, alteration: Alteration) {
    let Alteration { name, kind, category, rate, min, max, refill, cancel, dripfeed } = alteration;
    fn put<T>(place: &mut T, value: Option<T>) {
        if let Some(value) = value {
            *place = value;
        }
    }
    put(&mut service.name, name);
    put(&mut service.kind, kind);
    put(&mut service.category, category);
    put(&mut service.rate, rate);
    put(&mut service.min, min);
    put(&mut service.max, max);
    put(&mut service.refill, refill);
    put(&mut service.cancel, cancel);
    put(&mut service.dripfeed, dripfeed);
}

/// Rows that a reader must survive.
fn garbage() -> Vec<Value> {
    vec![
        Value::Null,
        json!([]),
        json!("service"),
        json!({}),
        json!({ "service": null, "name": "No id", "type": "Default", "rate": "1", "min": "1", "max": "10" }),
        json!({ "service": 990_001, "type": "Default", "category": "X", "rate": "0.5", "min": "1", "max": "10" }),
        json!({ "service": 990_002, "name": "Free", "type": "Default", "category": "X", "rate": "free", "min": "1", "max": "10" }),
        json!({ "service": 990_003, "name": "Upside down", "type": "Default", "category": "X", "rate": "0.5", "min": "100", "max": "10" }),
        json!({ "service": 990_004, "name": "Generous", "type": "Default", "category": "X", "rate": "-0.5", "min": "1", "max": "10" }),
        json!({ "service": 990_005, "name": "Telepathy", "type": "Telepathy", "category": "X", "rate": "0.5", "min": "1", "max": "10" }),
        json!({ "service": 990_006, "name": { "en": "Nested" }, "type": ["Default"], "category": 7, "rate": [], "min": {}, "max": true }),
        json!({ "service": 990_007, "name": "Endless", "type": "Default", "category": "X", "rate": "0.5", "min": "1", "max": "1e30" }),
        json!({ "service": "", "name": "Empty id", "type": "Default", "category": "X", "rate": "0.5", "min": "1", "max": "10" }),
    ]
}

/// The ids of the X services for views and likes that the three known panels have.
fn view_and_like_ids(panel: &str) -> (u64, u64) {
    match panel {
        "plugsmms" => (6_073, 11_023),
        "smmflare" => (8_381, 8_646),
        "smmstone" => (5_480, 6_662),
        _ => (1_001, 1_002),
    }
}

/// Flags: refill, cancel, drip-feed. Rates in thousandths for 1000 units, or for one package.
#[rustfmt::skip]
const SHELF: [(&str, &str, &str, u32, u64, u64, &str); 40] = [
    ("Default", "X Followers | 50K/day | R30", "X Followers", 1_900, 50, 100_000, "rcd"),
    ("Default", "X Followers | HQ | no refill", "X Followers", 980, 100, 50_000, "c"),
    ("Default", "X Reposts | worldwide", "X Reposts", 720, 10, 20_000, "rd"),
    ("Default", "X Bookmarks", "X Engagement", 260, 20, 50_000, "d"),
    ("Default", "X Video Views | instant", "X Views", 12, 500, 10_000_000, "d"),
    ("Default", "X Profile Visits", "X Engagement", 30, 100, 1_000_000, "d"),
    ("Default", "X Impressions | slow", "X Views", 21, 100, 5_000_000, "cd"),
    ("Default", "X Likes | female", "X Likes", 900, 10, 5_000, "r"),
    ("Poll", "X Poll Votes", "X Engagement", 310, 50, 30_000, ""),
    ("Custom Comments", "X Custom Comments | USA", "X Comments", 14_000, 5, 1_000, "c"),
    ("Custom Comments Package", "X Crypto Comments | set of 10", "X Comments", 1_250, 1, 1, ""),
    ("Comment Likes", "X Reply Likes", "X Comments", 610, 10, 5_000, ""),
    ("Comment Replies", "X Replies to a Reply", "X Comments", 16_500, 2, 500, ""),
    ("Mentions", "X Mentions", "X Mentions", 3_100, 100, 100_000, ""),
    ("Mentions with Hashtags", "X Mentions with Hashtags", "X Mentions", 3_300, 100, 100_000, ""),
    ("Mentions Custom List", "X Mentions | your list", "X Mentions", 4_000, 20, 50_000, ""),
    ("Mentions Hashtag", "X Mentions | users of a hashtag", "X Mentions", 3_200, 100, 100_000, ""),
    ("Mentions User Followers", "X Mentions | followers of an account", "X Mentions", 3_400, 100, 100_000, ""),
    ("Mentions Media Likers", "X Mentions | likers of a post", "X Mentions", 3_600, 100, 100_000, ""),
    ("Subscriptions", "X Auto Likes for new posts", "X Subscriptions", 480, 10, 10_000, "c"),
    ("Subscriptions", "X Auto Views for new posts", "X Subscriptions", 60, 100, 1_000_000, "c"),
    ("Default", "Telegram Members | channel | R60", "Telegram Members", 1_150, 50, 200_000, "rc"),
    ("Default", "Telegram Members | online", "Telegram Members", 640, 100, 50_000, ""),
    ("Default", "Telegram Post Views | last post", "Telegram Views", 9, 50, 5_000_000, "d"),
    ("Default", "Telegram Reactions | 👍", "Telegram Reactions", 140, 10, 100_000, ""),
    ("Default", "Telegram Reactions | ❤️🔥👏 mixed", "Telegram Reactions", 150, 10, 100_000, ""),
    ("Custom Comments", "Telegram Comments", "Telegram Comments", 11_000, 5, 500, ""),
    ("Invites from Groups", "Telegram Members from your list of groups", "Telegram Members", 5_200, 100, 20_000, ""),
    ("Poll", "Telegram Poll Votes", "Telegram Engagement", 220, 20, 50_000, ""),
    ("Package", "Telegram Channel Starter | 500 members, 20 posts of views", "Telegram Packages", 2_750, 1, 1, ""),
    ("Default", "Instagram Followers | R30", "Instagram Followers", 1_350, 50, 500_000, "rcd"),
    ("Default", "Instagram Likes", "Instagram Likes", 310, 10, 200_000, "rd"),
    ("Default", "TikTok Views", "TikTok Views", 6, 100, 100_000_000, "d"),
    ("Default", "TikTok Followers", "TikTok Followers", 2_100, 50, 100_000, "r"),
    ("Default", "YouTube Views | real", "YouTube Views", 1_450, 500, 1_000_000, "rd"),
    ("Custom Comments", "YouTube Custom Comments", "YouTube Comments", 12_800, 5, 1_000, ""),
    ("Default", "Facebook Page Likes", "Facebook", 1_700, 100, 50_000, "r"),
    ("SEO", "Backlinks from your keywords", "SEO", 2_900, 100, 10_000, ""),
    ("Web Traffic", "Website Traffic | choose country and device", "Web Traffic", 380, 500, 1_000_000, "d"),
    ("Package", "Website Indexing | one address", "SEO", 900, 1, 1, ""),
];

fn usual(panel: &str) -> Vec<Service> {
    let (views, likes) = view_and_like_ids(panel);
    // The cheap one is the bad one.
    let (percent, max) = match panel {
        "plugsmms" => (115, 500_000),
        "smmstone" => (70, 250_000),
        _ => (100, 1_000_000),
    };
    let shelf = |(kind, name, category, rate, min, max, flags): &(&str, &str, &str, u32, u64, u64, &str), id| Service {
        service: id,
        name: (*name).to_owned(),
        kind: (*kind).to_owned(),
        category: (*category).to_owned(),
        rate: Amount::thousandths(*rate).share(percent, 100),
        min: *min,
        max: *max,
        refill: flags.contains('r'),
        cancel: flags.contains('c'),
        dripfeed: flags.contains('d'),
    };
    let own = [
        shelf(&("Default", "X Views | tweet | fast", "X Views", 50, 100, max, "rcd"), views),
        shelf(&("Default", "X Likes | tweet | real", "X Likes", 450, 10, max / 10, "rcd"), likes),
    ];
    // Ids of its own, scattered as they are where services come and go.
    let mut chance = Chance::new(hash(panel));
    let mut id = 1_100 + chance.between(0, 400);
    let mut others = Vec::new();
    for each in &SHELF {
        id += chance.between(1, 90);
        if id == views || id == likes {
            id += 1;
        }
        others.push(shelf(each, id));
    }
    own.into_iter().chain(others).collect()
}

/// Services without end; the same at every panel.
fn generated(from: usize) -> impl Iterator<Item = Service> {
    (0_u64..).zip(SHELF.iter().cycle().skip(from)).map(|(n, (kind, name, category, rate, min, max, flags))| Service {
        service: FIRST_GENERATED + n,
        name: format!("{name} #{n}"),
        kind: (*kind).to_owned(),
        category: format!("{category} {}", n / 40 % 50),
        rate: Amount::thousandths(*rate).share(80 + n % 41, 100),
        min: *min,
        max: *max,
        refill: flags.contains('r'),
        cancel: flags.contains('c'),
        dripfeed: flags.contains('d'),
    })
}

#[cfg(test)]
mod tests {
    use super::super::kinds::KINDS;
    use super::*;

    #[test]
    fn ids_are_unique_and_every_type_is_offered() {
        for panel in ["smmflare", "plugsmms", "smmstone", "another"] {
            let services = usual(panel);
            let ids: BTreeSet<u64> = services.iter().map(|service| service.service).collect();
            assert_eq!(ids.len(), services.len(), "{panel}");
            for kind in &KINDS {
                assert!(services.iter().any(|service| service.kind == kind.title), "{panel}: {}", kind.title);
            }
        }
    }

    #[test]
    fn halves_go_and_come_back() {
        let mut catalogue = Catalogue::of("smmflare");
        let change = |text: &str| serde_json::from_str::<Change>(text).unwrap();
        catalogue.change(change(r#"{"count": 10000}"#)).unwrap();
        assert_eq!(catalogue.offered().count(), 10_000);
        for (percent, left) in [(50, 5_000), (0, 0), (90, 9_000), (100, 10_000)] {
            catalogue.change(change(&format!(r#"{{"keep_percent": {percent}}}"#))).unwrap();
            assert_eq!(catalogue.offered().count(), left, "{percent}");
        }
    }
}
