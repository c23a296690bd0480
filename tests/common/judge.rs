//! The stand-in's own record of what was really transferred: what the program believes is held against it.

use super::Shop;
use serde_json::Value;
use std::collections::BTreeMap;

/// Transfers by withdrawal: (reference, status, kobo).
pub type Transfers = BTreeMap<i64, Vec<(String, String, i64)>>;

/// What a run came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    pub withdrawals: usize,
    pub paid: usize,
    /// Withdrawals with more than one successful transfer.
    pub doubled: usize,
    /// Paid here without a successful transfer, or transferred and not paid here.
    pub lost: usize,
}

/// An amount with at most two decimals, in hundredths.
pub fn hundredths(amount: &str) -> i64 {
    let (whole, part) = amount.split_once('.').unwrap_or((amount, ""));
    let (whole, part): (i64, &str) = (whole.parse().unwrap(), part.trim_end_matches('0'));
    assert!(part.len() <= 2, "{amount} has whole hundredths");
    whole * 100 + format!("{part:0<2}").parse::<i64>().unwrap()
}

impl Shop {
    /// Everything that the stand-in transferred or refused to.
    pub fn transfers(&self) -> Transfers {
        let record = self.stand.get("/flutterwave/_record?op=none");
        let mut found = Transfers::new();
        for transfer in record["transfers"].as_array().expect("the record has transfers") {
            let word = |name: &str| transfer[name].as_str().unwrap_or_default().to_owned();
            let reference = word("reference");
            let id =
                reference.split('-').nth(2).and_then(|id| id.parse().ok()).expect("a reference names its withdrawal");
            let amount = transfer["amount"].to_string();
            found.entry(id).or_default().push((reference, word("status"), hundredths(amount.trim_matches('"'))));
        }
        found
    }

    /// Every withdrawal, as the program lists them page by page.
    pub fn withdrawals(&self) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), None::<String>);
        loop {
            let mut args = vec!["withdrawals", "list", "--limit", "200"];
            args.extend(after.as_deref().map(|after| ["--after", after]).into_iter().flatten());
            let page = self.ok(&args);
            all.extend(page["items"].as_array().expect("a list has items").iter().cloned());
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => return all,
            }
        }
    }

    /// Holds the program's withdrawals against the record. Nothing may be under way any more.
    pub fn judge(&self) -> Verdict {
        let transfers = self.transfers();
        let rows = self.withdrawals();
        let mut verdict = Verdict { withdrawals: rows.len(), ..Verdict::default() };
        for row in &rows {
            let id = row["id"].as_i64().unwrap();
            let state = row["state"].as_str().unwrap();
            let payout = hundredths(row["payout"]["amount"].as_str().unwrap());
            let done: Vec<i64> =
                transfers.get(&id).into_iter().flatten().filter(|t| t.1 == "SUCCESSFUL").map(|t| t.2).collect();
            verdict.paid += usize::from(state == "paid");
            verdict.doubled += usize::from(done.len() > 1);
            // A frozen one waits for a person, who sees what was transferred.
            let explained = match state {
                "paid" => done == [payout],
                "frozen" => done.len() <= 1,
                "failed" | "rejected" | "returned" => done.is_empty(),
                _ => false,
            };
            if !explained {
                eprintln!("withdrawal {id} is {state}; transfers: {:?}", transfers.get(&id));
                verdict.lost += usize::from(done.len() <= 1);
            }
        }
        // What was sent and is in no row of ours.
        verdict.lost += transfers.keys().filter(|id| !rows.iter().any(|row| row["id"] == **id)).count();
        verdict
    }
}

/// What a run came to for boosts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BoostVerdict {
    pub orders: usize,
    /// Parts that a panel has.
    pub placed: usize,
    /// Parts whose answer was lost, parked for a person.
    pub unknown: usize,
    /// Parts that were sent again though they were placed or perhaps placed, and orders at panels that nobody wanted.
    pub doubled: usize,
    /// Parts that are nowhere, or that a panel is said to have and has not.
    pub lost: usize,
}

/// An order at a panel, as far as it can be told apart: the link, the panel's service, how much.
type Asked = (String, String, i64);

impl Shop {
    /// Every boost order in full.
    pub fn boosts(&self) -> Vec<Value> {
        let (mut all, mut after) = (Vec::new(), None::<String>);
        loop {
            let mut args = vec!["orders", "list", "--limit", "200"];
            args.extend(after.as_deref().map(|after| ["--after", after]).into_iter().flatten());
            let page = self.ok(&args);
            all.extend(page["items"].as_array().expect("a list has items").iter().map(|row| row["id"].to_string()));
            match page["next"].as_str() {
                Some(next) => after = Some(next.to_owned()),
                None => return all.iter().map(|id| self.ok(&["orders", "show", id])).collect(),
            }
        }
    }

    /// What panels really created, by panel and id.
    fn made(&self) -> BTreeMap<(String, String), Asked> {
        let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let mut made = BTreeMap::new();
        for panel in ["smmflare", "plugsmms", "smmstone"] {
            for order in self.panel_orders(panel) {
                let asked =
                    (plain(&order["link"]), plain(&order["service"]), plain(&order["quantity"]).parse().unwrap());
                made.insert((panel.to_owned(), plain(&order["id"])), asked);
            }
        }
        made
    }

    /// Holds boost orders against the panels' records. Nothing may be on its way to a panel any more.
    pub fn judge_boosts(&self, orders: &[Value]) -> BoostVerdict {
        let mut made = self.made();
        let (mut verdict, mut doubtful, mut wanted) = (BoostVerdict::default(), Vec::new(), Vec::new());
        for order in orders {
            verdict.orders += 1;
            let link = order["row"]["link"].as_str().unwrap().to_owned();
            for part in panel_parts(order) {
                let word = |name: &str| part[name].as_str().unwrap_or_default().to_owned();
                let quantity = part["quantity"].as_i64().unwrap();
                let attempts = part["attempts"].as_array().unwrap();
                let maybe =
                    |attempt: &&Value| matches!(attempt["state"].as_str(), Some("accepted" | "unknown" | "sending"));
                let last = attempts.last().map_or("none", |attempt| attempt["state"].as_str().unwrap());
                let maybes = attempts.iter().filter(maybe).count();
                // What is or may be at a panel is the last thing that was sent.
                let again = maybes > 1 || (maybes == 1 && !matches!(last, "accepted" | "unknown"));
                verdict.doubled += usize::from(again);
                wanted.push(link.clone());
                let found = part["panel_order"].as_str().map(|id| made.remove(&(word("provider"), id.to_owned())));
                let asked = (link.clone(), word("panel_service"), quantity);
                let explained = match (found, word("state").as_str()) {
                    (Some(found), _) => {
                        verdict.placed += 1;
                        found == Some(asked)
                    }
                    (None, "unknown") => {
                        verdict.unknown += 1;
                        doubtful.push((word("provider"), link.clone(), quantity));
                        last == "unknown"
                    }
                    (None, _) => false,
                };
                if !explained || again {
                    eprintln!("order {}: {part}", order["row"]["id"]);
                }
                verdict.lost += usize::from(!explained);
            }
        }
        // What panels made beyond that was made by calls whose answer was lost, one each.
        for ((panel, id), (link, service, quantity)) in made {
            match doubtful.iter().position(|lost| *lost == (panel.clone(), link.clone(), quantity)) {
                Some(lost) => drop(doubtful.remove(lost)),
                None => {
                    eprintln!("{panel} made {id}: {quantity} of {service} for {link}, which no part explains");
                    let (doubled, lost) = (wanted.contains(&link), !wanted.contains(&link));
                    verdict.doubled += usize::from(doubled);
                    verdict.lost += usize::from(lost);
                }
            }
        }
        verdict
    }
}

/// The parts of an order that panels deliver.
fn panel_parts(order: &Value) -> Vec<&Value> {
    let legs = order["legs"].as_array().unwrap().iter().filter(|leg| leg["done_by"] == "panel");
    legs.flat_map(|leg| leg["parts"].as_array().unwrap()).collect()
}
