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
