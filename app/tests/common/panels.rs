//! The stand-ins of panels as providers of a [`World`], its boost orders, and the judge of both: what panels really made.

use super::{World, ada, ben};
use app::boosts::{SubmitBoost, SubmitBoostError, Submitted};
use app::panels::NewProvider;
use app::settings::Settings;
use app::view::boosts::{BoostDetail, PartView};
use domain::boost::{OrderState, PartState, PostLink};
use domain::ledger::Purse;
use domain::money::Plan;
use domain::smm::ServiceType;
use domain::{BoostId, IdempotencyKey, Secret, UserId};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// The stand-ins, the preferred first.
pub const PANELS: [&str; 3] = ["smmflare", "plugsmms", "smmstone"];

/// What they call X views and X likes.
const SERVICES: [(&str, &str, &str); 3] =
    [("smmflare", "8381", "8646"), ("plugsmms", "6073", "11023"), ("smmstone", "5480", "6662")];

/// A link that no other test order has, of X.
pub fn link(n: u64) -> String {
    format!("https://x.com/ada/status/{}", 1_900_000_000_000 + n)
}

/// The plan of a purse.
pub fn plan(code: &str) -> Plan {
    Plan::new(code).unwrap()
}

impl World {
    /// A business with the first `panels` stand-ins as providers in their order, all good and fast, their catalogues
    /// read and mapped to our two X services.
    pub async fn with_panels(postgres: Option<&str>, mut settings: Settings, panels: usize) -> Self {
        settings.smm_providers.clear();
        let world = Self::on(postgres, settings).await;
        let (app, now) = (&world.app, world.now());
        for (key, name) in [("x_views", "X views"), ("x_likes", "X likes")] {
            app.add_service(&ada(), key, name, ServiceType::Default, &world.op(), now).await.unwrap();
        }
        for (priority, (panel, views, likes)) in (1..).zip(&SERVICES[..panels]) {
            let pace = json!({ "start_ms": 2_000, "run_ms": 10_000, "run_ms_per_1000": 0, "cancel_ms": 1_000 });
            world.panel(panel, "_panel", json!({ "character": "good", "pace": pace })).await;
            world.panel(panel, "_clock", json!({ "now_ms": now.micros() / 1_000 })).await;
            let like = NewProvider { priority, ..NewProvider::default() };
            world.add_panel(panel, like).await;
            app.sync_services(Some(&ada()), panel, now).await.unwrap();
            app.map_service(&ada(), "x_views", panel, views, &world.op(), now).await.unwrap();
            app.map_service(&ada(), "x_likes", panel, likes, &world.op(), now).await.unwrap();
        }
        world
    }

    /// Adds a stand-in as a provider with room for every call.
    pub async fn add_panel(&self, panel: &str, like: NewProvider) {
        let service = format!("smm.{panel}");
        let new = NewProvider {
            name: panel.to_owned(),
            url: self.sandbox.url(&service).to_owned(),
            key: Some(Secret::new(self.sandbox.key(&service))),
            rate_per_10s: 10_000,
            burst: 1_000,
            ..like
        };
        let added = self.app.add_provider(&ada(), &new, &self.op(), self.now()).await.unwrap();
        let rows = self.app.cases(true).await.unwrap();
        let case = rows.into_iter().find(|row| Some(row.id) == added.case).unwrap();
        self.app.sign_case(&ben(), case.id, case.version, self.now()).await.unwrap();
    }

    /// An operation id that no other has.
    pub fn op(&self) -> String {
        format!("op-{}", self.unique())
    }

    fn route(&self, panel: &str, route: &str) -> String {
        format!("{}/smm.{panel}/{route}", self.sandbox.url("control").trim_end_matches('/'))
    }

    /// A control route of a panel.
    pub async fn panel(&self, panel: &str, route: &str, body: Value) -> Value {
        let reply = self.http.post(self.route(panel, route)).json(&body).send().await.unwrap();
        let status = reply.status();
        let text = reply.text().await.unwrap();
        assert!(status.is_success(), "{panel}/{route}: {text}");
        serde_json::from_str(&text).unwrap_or(Value::Null)
    }

    pub async fn panel_fault(&self, panel: &str, fault: Value) {
        self.panel(panel, "_faults", fault).await;
    }

    pub async fn clear_panel_faults(&self) {
        for panel in PANELS {
            self.http.delete(self.route(panel, "_faults")).send().await.unwrap();
        }
    }

    /// What a panel was asked and what it really created.
    pub async fn panel_record(&self, panel: &str) -> Value {
        self.http.get(self.route(panel, "_record")).send().await.unwrap().json().await.unwrap()
    }

    /// Orders that a panel really created.
    pub async fn made(&self, panel: &str) -> Vec<Value> {
        self.panel_record(panel).await["orders"].as_array().cloned().unwrap()
    }

    /// How many orders each panel created, in the order of [`PANELS`].
    pub async fn made_at_each(&self) -> [usize; 3] {
        let mut counts = [0; 3];
        for (count, panel) in counts.iter_mut().zip(PANELS) {
            *count = self.made(panel).await.len();
        }
        counts
    }

    /// How often a panel was asked for an operation.
    pub async fn panel_asked(&self, panel: &str, op: &str) -> usize {
        let record = self.panel_record(panel).await;
        record["calls"].as_array().unwrap().iter().filter(|call| call["op"] == op).count()
    }

    /// Waits until a panel was asked so often for an operation.
    pub async fn panel_hears(&self, panel: &str, op: &str, times: usize) {
        let url = format!("{}?op={op}&at_least={times}&timeout_ms=8000", self.route(panel, "_record"));
        self.http.get(url).send().await.unwrap();
    }

    /// Lets time pass here and at the panels.
    pub async fn pass_everywhere(&self, time: Duration) {
        self.pass(time);
        let ms = u64::try_from(time.as_micros().div_ceil(1_000)).unwrap();
        for panel in PANELS {
            self.panel(panel, "_clock", json!({ "advance_ms": ms })).await;
        }
    }

    /// Lets so much time pass, running every job when it is due. Then the invariants hold.
    pub async fn run_for(&self, time: Duration) {
        let end = self.now().plus(time);
        loop {
            self.settle().await;
            let left = end.since(self.now());
            if left.is_zero() {
                break;
            }
            let ready = self.app.jobs("ready", 0, 1_000).await.unwrap();
            let next = ready.iter().map(|job| job.run_at.since(self.now())).min().unwrap_or(left);
            self.pass_everywhere(next.clamp(Duration::from_millis(1), left)).await;
        }
        self.sound().await;
    }

    /// [`World::run_for`] in minutes.
    pub async fn run_minutes(&self, minutes: u64) {
        self.run_for(Duration::from_secs(minutes * 60)).await;
    }

    /// Makes the schedules due and runs them once: balances are read, catalogues where they are due.
    pub async fn run_schedules(&self) {
        self.arm().await;
        self.settle().await;
    }

    /// A user with credits of a plan.
    pub async fn customer(&self, id: i64, code: &str, credits: u32) -> UserId {
        self.user(id, Purse::Posts(plan(code)), &credits.to_string()).await
    }

    pub fn for_link(&self, user: UserId, url: &str, code: &str) -> SubmitBoost {
        SubmitBoost {
            user,
            link: PostLink::find(url).unwrap(),
            handle: "ada".into(),
            plan: plan(code),
            key: IdempotencyKey::new(format!("btn:{user}:{}", self.unique())).unwrap(),
        }
    }

    pub async fn submit(&self, request: &SubmitBoost) -> Result<Submitted, SubmitBoostError> {
        self.app.submit_boost(request, self.now()).await
    }

    /// An order of plan t1 for a link of its own.
    pub async fn ordered(&self, user: UserId) -> BoostId {
        let request = self.for_link(user, &link(self.unique()), "t1");
        self.submit(&request).await.unwrap().id
    }

    pub async fn boost(&self, id: BoostId) -> BoostDetail {
        self.app.boost(id).await.unwrap().unwrap()
    }

    pub async fn order_state(&self, id: BoostId) -> OrderState {
        self.boost(id).await.row.state
    }

    /// The parts of an order, by number.
    pub async fn parts(&self, id: BoostId) -> Vec<PartView> {
        let mut parts: Vec<PartView> = self.boost(id).await.legs.into_iter().flat_map(|leg| leg.parts).collect();
        parts.sort_by_key(|part| part.n);
        parts
    }

    pub async fn part(&self, id: BoostId, n: i64) -> PartView {
        self.parts(id).await.into_iter().find(|part| part.n == n).unwrap()
    }

    /// The states of an order's parts, by number.
    pub async fn part_states(&self, id: BoostId) -> Vec<PartState> {
        self.parts(id).await.iter().map(|part| part.state).collect()
    }

    /// What a user was told of an order, oldest first.
    pub async fn news(&self, id: BoostId) -> Vec<String> {
        let told = self.told("boost").await.into_iter().filter(|notice| notice["id"] == id.get());
        told.map(|notice| notice["kind"].as_str().unwrap().to_owned()).collect()
    }

    /// The kinds of alarms that the ops chats were given, with their titles.
    pub async fn alarms(&self) -> BTreeSet<(String, String)> {
        let word = |notice: &Value, key: &str| notice[key].as_str().unwrap().to_owned();
        self.told("ops_alarm").await.iter().map(|notice| (word(notice, "kind"), word(notice, "title"))).collect()
    }

    pub async fn told(&self, tag: &str) -> Vec<Value> {
        let messages = self.app.due_messages(self.now(), 1_000).await.unwrap();
        let payloads = messages.iter().filter(|message| message.method == "notice");
        payloads.map(|m| serde_json::from_str::<Value>(&m.payload).unwrap()).filter(|n| n["notice"] == tag).collect()
    }

    /// The kinds of an order's journals, with how many there are.
    pub async fn journals(&self, id: BoostId) -> BTreeMap<String, i64> {
        let mut kinds = BTreeMap::new();
        for kind in ["ordered", "placed", "cost", "returned", "refunded", "released"] {
            let sql = format!("select count(*) from journal where cause = 'boost:{id}' and kind = 'boost.{kind}'");
            let n = super::number(&self.store_url, &sql).await;
            if n > 0 {
                kinds.insert(kind.to_owned(), n);
            }
        }
        kinds
    }

    /// The panels' records against our books. Every order at a panel belongs to one placed part of ours and is what that
    /// part asked for, or to one attempt of which it is unknown what it made; every placed part is at its panel; an
    /// order's hold stands as its parts do; credits are conserved for users who were `given` so many of a plan.
    pub async fn judge_boosts(&self, ids: &[BoostId], given: &[(UserId, &str, i64)]) {
        let wrongs = self.boost_wrongs(ids, given).await;
        assert!(wrongs.is_empty(), "{}", wrongs.join("\n"));
        self.sound().await;
    }

    /// What [`World::judge_boosts`] finds wrong, a sentence each.
    pub async fn boost_wrongs(&self, ids: &[BoostId], given: &[(UserId, &str, i64)]) -> Vec<String> {
        let mut wrongs = Vec::new();
        let (mut known, mut doubtful) = (BTreeMap::new(), Vec::new());
        let mut spent: BTreeMap<(UserId, String), i64> = BTreeMap::new();
        for id in ids {
            let detail = self.boost(*id).await;
            let parts: Vec<&PartView> = detail.legs.iter().flat_map(|leg| &leg.parts).collect();
            for part in &parts {
                if let Some(order) = &part.panel_order {
                    let asked = (detail.row.link.clone(), part.panel_service.clone(), part.quantity);
                    let twice = known.insert((part.provider.clone(), order.clone()), asked);
                    if twice.is_some() {
                        wrongs.push(format!("{} {order} belongs to two parts", part.provider));
                    }
                    let live: Vec<_> = part.attempts.iter().filter(|a| is_live(&a.state)).collect();
                    if !matches!(live.as_slice(), [one] if one.panel_order.as_ref() == Some(order)) {
                        wrongs.push(format!("boost {id} part {} is at {order}: {live:?}", part.n));
                    }
                }
                for attempt in part.attempts.iter().filter(|a| a.state == "unknown" || a.state == "ruled_not_placed") {
                    doubtful.push((attempt.provider.clone(), detail.row.link.clone(), part.quantity));
                }
            }
            let placed = parts.iter().any(|part| part.panel_order.is_some());
            let by_people = detail.legs.iter().any(|leg| leg.done_by == "people" && leg.delivered > 0);
            let hold = match (placed || by_people, detail.row.state.is_open()) {
                (true, _) => "captured",
                (false, true) => "open",
                (false, false) => "released",
            };
            if detail.hold != hold {
                wrongs.push(format!("the hold of boost {id} is {} and not {hold}: {:?}", detail.hold, detail.row));
            }
            if detail.refunded.minor() > detail.price.minor() {
                wrongs.push(format!("boost {id} was refunded {} of {}", detail.refunded, detail.price));
            }
            *spent.entry((detail.row.user, detail.row.plan.clone())).or_default() += i64::from(hold != "released");
        }
        for panel in PANELS {
            let record = self.panel_record(panel).await;
            if record["problems"] != json!([]) {
                wrongs.push(format!("{panel}: {}", record["problems"]));
            }
            for order in record["orders"].as_array().unwrap() {
                let order_id = order["id"].as_str().unwrap().to_owned();
                let (link, quantity) = (order["link"].as_str().unwrap(), order["quantity"].as_i64().unwrap());
                match known.remove(&(panel.to_owned(), order_id)) {
                    Some((asked_link, service, asked)) => {
                        if (link, quantity) != (asked_link.as_str(), asked) || order["service"] != service.as_str() {
                            wrongs.push(format!("{panel} made another order than {asked} of {service}: {order}"));
                        }
                    }
                    None => {
                        let of_it =
                            |lost: &(String, String, i64)| lost.0 == panel && lost.1 == link && lost.2 == quantity;
                        match doubtful.iter().position(of_it) {
                            Some(lost) => drop(doubtful.remove(lost)),
                            None => wrongs.push(format!("{panel} made an order that nobody here knows: {order}")),
                        }
                    }
                }
            }
        }
        wrongs.extend(known.keys().map(|(panel, order)| format!("{panel} does not have {order}")));
        for (user, code, credits) in given {
            let left: i64 = self.balance(*user, &format!("posts:{code}")).await.parse().unwrap();
            let away = spent.get(&(*user, (*code).to_owned())).copied().unwrap_or(0);
            if left + away != *credits {
                wrongs.push(format!("of {credits} credits of user {user} {left} are left and {away} are away"));
            }
        }
        wrongs
    }
}

/// An attempt that is an order at a panel.
fn is_live(state: &str) -> bool {
    matches!(state, "accepted" | "ruled_placed")
}
