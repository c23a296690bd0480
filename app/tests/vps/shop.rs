//! A shop of machines: items with a price, customers with money, the stand-in's packages, and the judge.

use crate::common::{World, ada, ben, brisk, postgres};
use app::settings::Settings;
use app::vps::OrderVps;
use domain::ipstock::PackageKey;
use domain::ledger::Purse;
use domain::vps::{MachineState, Pool, VpsState};
use domain::{CaseId, IdempotencyKey, ItemId, Money, UserId, VpsId};
use serde_json::{Value, json};
use std::time::Duration;
use store::ipstock::{MemoryOption, NewItem};
use store::vps::Order;
use store::vps::buys::Buy;
use store::vps::machines::Machine;

pub(crate) const PRICE: Money = Money::usd_minor(12_000_000);

/// Settings in which nothing waits for long.
pub(crate) fn patient() -> Settings {
    let mut settings = brisk();
    settings.vps.buy_total = Duration::from_secs(15);
    settings.vps.total = Duration::from_secs(15);
    settings
}

/// Runs a test on SQLite, and on PostgreSQL where there is one.
pub(crate) async fn on_both(settings: Settings, test: impl AsyncFn(&mut World)) {
    test(&mut World::shop(None, settings.clone()).await).await;
    if let Some(url) = postgres() {
        test(&mut World::shop(Some(&url), settings).await).await;
    }
}

impl World {
    pub(crate) async fn shop(postgres: Option<&str>, mut settings: Settings) -> Self {
        settings.smm_providers.clear();
        let world = Self::on(postgres, settings).await;
        world.vps("_clock", json!({ "now_ms": world.now().micros() / 1_000 })).await;
        world
    }

    fn vps_route(&self, route: &str) -> String {
        format!("{}/smartvps/{route}", self.sandbox.url("control").trim_end_matches('/'))
    }

    /// A control route of the stand-in.
    pub(crate) async fn vps(&self, route: &str, body: Value) {
        let reply = self.http.post(self.vps_route(route)).json(&body).send().await.unwrap();
        let status = reply.status();
        assert!(status.is_success(), "{route}: {}", reply.text().await.unwrap());
    }

    pub(crate) async fn vps_fault(&self, op: &str, kind: &str, more: Value) {
        let mut fault = json!({ "op": op, "fault": kind });
        fault.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.vps("_faults", fault).await;
    }

    pub(crate) async fn mend_vps(&self) {
        self.http.delete(self.vps_route("_faults")).send().await.unwrap();
        let at = self.sandbox.url("smartvps").trim_start_matches("http://").to_owned();
        while tokio::net::TcpStream::connect(&at).await.is_err() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn vps_record(&self) -> Value {
        self.http.get(self.vps_route("_record")).send().await.unwrap().json().await.unwrap()
    }

    /// What was really sold.
    pub(crate) async fn sales(&self) -> Vec<Value> {
        self.vps_record().await["sales"].as_array().unwrap().clone()
    }

    /// How often the stand-in was asked for an operation.
    pub(crate) async fn vps_asked(&self, op: &str) -> usize {
        self.vps_record().await["calls"].as_array().unwrap().iter().filter(|call| call["op"] == op).count()
    }

    /// Waits until the stand-in was asked so often for an operation.
    pub(crate) async fn vps_hears(&self, op: &str, times: usize) {
        let url = self.vps_route(&format!("_record?op={op}&at_least={times}&timeout_ms=8000"));
        self.http.get(url).send().await.unwrap();
    }

    /// An item on sale with options of 4 and 8 GB, as a sync and an operator leave it.
    pub(crate) async fn item(&self, pid: &str, name: &str) -> ItemId {
        let key = PackageKey::new(pid, name);
        let new = NewItem {
            key: key.clone(),
            title: format!("Ocean Linux - {name}"),
            description: String::new(),
            tags: vec!["smartvps".to_owned()],
            server_type: "Linux".to_owned(),
            default_os: "ubuntu".to_owned(),
            visible: true,
            available: true,
            status: "active".to_owned(),
            quantity: 50,
        };
        let option = |label: &str, gb: i64| MemoryOption {
            label: label.to_owned(),
            gb,
            price: PRICE,
            cost: Some("699.00".to_owned()),
            cost_currency: Some("INR".to_owned()),
            enabled: true,
        };
        let (new, options, now) = (&[new], &[option("4GB", 4), option("8GB", 8)], self.now());
        self.app
            .store()
            .write(|mut tx| async move {
                let tx = &mut tx;
                let made = store::ipstock::create(tx, new, now).await?;
                let id = made[0].1;
                store::ipstock::add_memories(tx, &[id], options, now).await?;
                Ok::<_, app::StoreError>(id)
            })
            .await
            .unwrap()
    }

    /// A user with money for a few machines.
    pub(crate) async fn buyer(&self) -> UserId {
        self.user(i64::try_from(40_000 + self.unique()).unwrap(), Purse::Wallet, "100").await
    }

    pub(crate) fn wants(&self, user: UserId, item: ItemId) -> OrderVps {
        let key = IdempotencyKey::new(format!("btn:{user}:{}", self.unique())).unwrap();
        OrderVps { user, item, memory: "8GB".to_owned(), os: None, price: PRICE, key }
    }

    pub(crate) async fn ordered_vps(&self, user: UserId, item: ItemId) -> VpsId {
        self.app.order_vps(&self.wants(user, item), self.now()).await.unwrap().id
    }

    /// A customer's order of a package that the stand-in sells.
    pub(crate) async fn one_order(&self) -> (UserId, VpsId) {
        let user = self.buyer().await;
        let item = self.item("5", "103.82.72").await;
        (user, self.ordered_vps(user, item).await)
    }

    pub(crate) async fn order(&self, id: VpsId) -> Order {
        self.app.vps_order(id).await.unwrap().unwrap()
    }

    pub(crate) async fn vps_state(&self, id: VpsId) -> VpsState {
        self.order(id).await.state
    }

    pub(crate) async fn buys(&self, id: VpsId) -> Vec<Buy> {
        let read = self.app.store().read(|mut tx| async move { store::vps::buys::of_order(&mut tx, id).await });
        read.await.unwrap()
    }

    pub(crate) async fn machine_of(&self, id: VpsId) -> Machine {
        let machine = self.order(id).await.machine.unwrap();
        self.app.machine(machine).await.unwrap().unwrap()
    }

    /// The living machine of an address.
    pub(crate) async fn machine_at(&self, ip: &str) -> Machine {
        let read = self.app.store().read(|mut tx| async move { store::vps::machines::living(&mut tx, ip).await });
        read.await.unwrap().unwrap()
    }

    /// Lets time pass here and at the stand-in, running every job when it is due. Then the invariants hold.
    pub(crate) async fn run_vps(&self, time: Duration) {
        let end = self.now().plus(time);
        loop {
            self.settle().await;
            let left = end.since(self.now());
            if left.is_zero() {
                break;
            }
            let ready = self.app.jobs("ready", 0, 1_000).await.unwrap();
            let next = ready.iter().map(|job| job.run_at.since(self.now())).min().unwrap_or(left);
            let next = next.clamp(Duration::from_millis(1), left);
            self.pass(next);
            let ms = u64::try_from(next.as_micros().div_ceil(1_000)).unwrap();
            self.vps("_clock", json!({ "advance_ms": ms })).await;
        }
        self.sound().await;
    }

    /// A second name signs the case.
    pub(crate) async fn signed(&self, case: Option<CaseId>) {
        let row = self.app.cases(true).await.unwrap().into_iter().find(|row| Some(row.id) == case).unwrap();
        self.app.sign_case(&ben(), row.id, row.version, self.now()).await.unwrap();
    }

    /// An operator's ruling that nothing was bought.
    pub(crate) async fn ruled_not_bought(&self, id: VpsId, refund: bool) {
        let ruling = app::vps::VpsRuling::NotBought { refund };
        let (op, now) = (self.op(), self.now());
        let acted = self.app.rule_vps(&ada(), id, None, ruling, "nothing there", &op, now).await.unwrap();
        self.signed(acted.case).await;
    }

    /// The stand-in's record against our books: no order has two machines that it may keep, a delivered one has exactly
    /// the machine that was sold for its package, and every user's money is held, spent or back.
    pub(crate) async fn judge_vps(&self, orders: &[VpsId]) {
        self.sound().await;
        let sales = self.sales().await;
        let mut seen = Vec::new();
        for id in orders {
            let order = self.order(*id).await;
            let buys = self.buys(*id).await;
            assert!(buys.iter().filter(|buy| buy.state.is_live()).count() <= 1, "order {id}: {buys:?}");
            if !order.state.has_machine() {
                continue;
            }
            let ip = order.ip.clone().unwrap();
            let sale = sales.iter().find(|sale| sale["ip"] == json!(ip));
            let sale = sale.unwrap_or_else(|| panic!("order {id} has {ip}, which was not sold: {sales:?}"));
            let package = &order.package;
            assert_eq!(
                (&sale["asked"], &sale["pool"], &sale["pid"], &sale["ram"]),
                (&json!(package.name), &json!(package.name), &json!(package.pid), &json!(order.gb.to_string())),
                "order {id} was delivered another package"
            );
            assert!(Pool::of(&package.name).unwrap().owns(ip.parse().unwrap()), "{ip} is not of {package}");
            assert!(!seen.contains(&ip), "{ip} was delivered twice");
            let machine = self.machine_of(*id).await;
            assert!(machine.state != MachineState::Gone && machine.user == Some(order.user), "{machine:?}");
            seen.push(ip);
        }
    }
}
