//! Boost orders and the stand-in panels that they are judged by.

use super::{Shop, until};
use serde_json::{Value, json};

/// Whose credits are spent.
const USER: i64 = 5_501;

impl Shop {
    /// Catalogues are read and a user has post credits of plan t1.
    #[track_caller]
    pub fn panels_ready(&self) {
        self.says(USER, "/start");
        until("the user is known", || (self.run(&["users", "show", &USER.to_string()]).code == 0).then_some(()));
        self.credit(USER, "posts:t1", "20");
        for panel in ["smmflare", "plugsmms", "smmstone"] {
            until("the provider is there", || (self.run(&["providers", "show", panel]).code == 0).then_some(()));
            // A stand-in is in no hurry to be spared.
            let unlimited = ["--rate-per-10s", "1000", "--burst", "100", "--reason", "a test"];
            self.ok(&[&["providers", "edit", panel][..], &unlimited].concat());
            self.ok(&["services", "sync", panel]);
        }
    }

    /// An order of plan t1 that an operator makes for a user.
    #[track_caller]
    pub fn orders(&self, user: i64, link: &str) -> i64 {
        let user = user.to_string();
        self.ok(&["orders", "create", "--user", &user, "--link", link, "--plan", "t1", "--reason", "a test"]);
        self.newest_order()
    }

    #[track_caller]
    pub fn newest_order(&self) -> i64 {
        let listed = self.ok(&["orders", "list", "--limit", "50"]);
        let ids = listed["items"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap());
        ids.max().expect("there is an order")
    }

    /// Waits until an order is in one of the states.
    #[track_caller]
    pub fn order_reaches(&self, id: i64, states: &[&str]) -> String {
        let mut last = Value::Null;
        let look = || {
            last = self.ok(&["orders", "show", &id.to_string()]);
            let state = last["row"]["state"].as_str().unwrap().to_owned();
            states.contains(&state.as_str()).then_some(state)
        };
        super::within(super::PATIENCE, look)
            .unwrap_or_else(|| panic!("order {id} did not become {states:?}: {} {}", last["row"], last["trail"]))
    }

    /// Waits until panels have every part of an order.
    #[track_caller]
    pub fn order_is_placed(&self, id: i64) {
        until(&format!("order {id} is placed"), || {
            let row = self.ok(&["orders", "show", &id.to_string()])["row"].clone();
            (row["parts"][0] == row["parts"][1]).then_some(())
        });
    }

    /// What a panel really created.
    pub fn panel_orders(&self, panel: &str) -> Vec<Value> {
        let record = self.stand.get(&format!("/smm.{panel}/_orders"));
        record["orders"].as_array().cloned().unwrap_or_default()
    }

    /// What a panel has to pay with.
    pub fn panel_balance(&self, panel: &str, amount: &str) {
        self.stand.post(&format!("/smm.{panel}/_balance"), json!({ "balance": amount }));
    }
}
