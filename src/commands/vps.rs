//! `viralcore vps …`: orders, machines, and what is decided about them.
//!
//! A password is printed by none of these: its user fetches it in the private chat.

use super::Desk;
use super::ipstock::from;
use crate::cli::Page;
use crate::cli::boosts::{Guard, Why};
use crate::cli::vps::{OfWord, PowerWord, RenewalRulingWords, Vps, VpsRulingWords};
use crate::output::Failure;
use app::view::RowKey;
use app::view::vps::{MachineFilter, MachineQuery, MachinesOf, VpsFilter, VpsQuery, VpsSort};
use app::vps::{ActOnMachine, Assign, VpsRuling};
use domain::vps::{ActionKind, MachineState, Os, VpsState};
use domain::{IdempotencyKey, ItemId, MachineId, VpsId};
use serde_json::json;
use std::net::Ipv4Addr;

/// `viralcore vps …`
pub(crate) async fn vps(desk: &Desk, words: Vps) -> Result<(), Failure> {
    let Desk { app, actor, out, now } = desk;
    match words {
        Vps::Orders { state, attention, user, item, search, page } => {
            let (states, open) = states(state.as_deref())?;
            orders(
                desk,
                VpsFilter { states, open, attention, user, item: item.map(ItemId::new), words: split(&search) },
                &page,
            )
            .await?;
        }
        Vps::Machines { state, of, user, item, search, page } => {
            let of = match of {
                OfWord::All => MachinesOf::All,
                OfWord::Customers => MachinesOf::Customers,
                OfWord::Nobody => MachinesOf::Nobody,
            };
            let (states, item) = (machine_states(state.as_deref())?, item.map(ItemId::new));
            let filter = MachineFilter { states, of, user, item, words: split(&search) };
            machines(desk, filter, &page).await?;
        }
        Vps::Reviews => {
            out.list(&app.vps_reviews().await?, None, &["object", "attention", "since", "what", "leads_to"]);
        }
        Vps::Show { what } => show(desk, &what).await?,
        Vps::Provision { id, why: Why { reason, guard: Guard { version, op } } } => {
            out.one(&app.provision_vps(actor, VpsId::new(id), version, &reason, &desk.op(op), *now).await?);
        }
        Vps::Rule { id, ruling, why: Why { reason, guard: Guard { version, op } } } => {
            let ruling = match ruling {
                VpsRulingWords { bought: Some(ip), .. } => VpsRuling::Bought { ip },
                VpsRulingWords { refund, .. } => VpsRuling::NotBought { refund },
            };
            out.one(&app.rule_vps(actor, VpsId::new(id), version, ruling, &reason, &desk.op(op), *now).await?);
        }
        Vps::Refund { id, why: Why { reason, guard: Guard { version, op } } } => {
            out.one(&app.refund_vps(actor, VpsId::new(id), version, &reason, &desk.op(op), *now).await?);
        }
        Vps::Assign { machine, order, why: Why { reason, guard: Guard { version, op } } } => {
            let ask = Assign {
                machine: MachineId::new(machine),
                machine_version: None,
                order: VpsId::new(order),
                order_version: version,
            };
            out.one(&app.assign_machine(actor, &ask, &reason, &desk.op(op), *now).await?);
        }
        Vps::Power { machine, power, reason, op } => {
            let kind = match power {
                PowerWord::Start => ActionKind::Start,
                PowerWord::Stop => ActionKind::Stop,
                PowerWord::Reboot => ActionKind::Reboot,
            };
            act(desk, machine, kind, None, &reason, op).await?;
        }
        Vps::Reinstall { machine, os, address, reason, op } => {
            let os = os.map(|word| word.parse::<Os>()).transpose();
            let os = os.map_err(|_| Failure::usage("--os is 2012, 2016, 2019, 2022, 2025, 11, centos or ubuntu"))?;
            same_address(desk, machine, address).await?;
            act(desk, machine, ActionKind::Reinstall, os, &reason, op).await?;
        }
        Vps::Renew { machine, why: Why { reason, guard: Guard { version, op } } } => {
            let id = MachineId::new(machine);
            out.one(&app.renew_machine_as(actor, id, version, &reason, &desk.op(op), *now).await?);
        }
        Vps::RuleRenewal { id, ruling, reason, guard: Guard { version, op } } => {
            let RenewalRulingWords { renewed, .. } = ruling;
            out.one(&app.rule_renewal(actor, id, version, renewed, &reason, &desk.op(op), *now).await?);
        }
    }
    Ok(())
}

async fn orders(desk: &Desk, filter: VpsFilter, page: &Page) -> Result<(), Failure> {
    let query = VpsQuery { filter, sort: VpsSort::Updated, descending: true, from: from(page)?, limit: page.limit };
    let window = desk.app.vps_orders(&query).await?;
    let last = window.rows.last().filter(|_| window.after).map(|row| row.key(VpsSort::Updated));
    let columns = [
        "id",
        "state",
        "updated_at",
        "username",
        "title",
        "pid",
        "name",
        "memory",
        "price",
        "ip",
        "attention",
        "reason",
    ];
    desk.out.list(&window.rows, last.map(cursor), &columns);
    Ok(())
}

async fn machines(desk: &Desk, filter: MachineFilter, page: &Page) -> Result<(), Failure> {
    let query = MachineQuery { filter, descending: true, from: from(page)?, limit: page.limit };
    let window = desk.app.machines(&query).await?;
    let last = window.rows.last().filter(|_| window.after).map(app::view::vps::MachineRow::key);
    let columns =
        ["id", "ip", "state", "username", "order", "title", "memory", "os", "expires_at", "doing", "attention"];
    desk.out.list(&window.rows, last.map(cursor), &columns);
    Ok(())
}

/// An order by its number, a machine by `machine:N`.
async fn show(desk: &Desk, what: &str) -> Result<(), Failure> {
    let wrong = || Failure::usage("an order is a number or vps:17, a machine is machine:3");
    let (kind, id) = what.split_once(':').unwrap_or(("vps", what));
    let id: i64 = id.parse().map_err(|_| wrong())?;
    let missing = || Failure::refused("not_found", format!("no {kind} {id}"));
    match kind {
        "vps" => desk.out.one(&desk.app.vps_detail(VpsId::new(id)).await?.ok_or_else(missing)?),
        "machine" => desk.out.one(&desk.app.machine_detail(MachineId::new(id)).await?.ok_or_else(missing)?),
        _ => return Err(wrong()),
    }
    Ok(())
}

async fn act(
    desk: &Desk,
    machine: i64,
    kind: ActionKind,
    os: Option<Os>,
    reason: &str,
    op: Option<String>,
) -> Result<(), Failure> {
    let key = IdempotencyKey::new(format!("op:{}", desk.op(op)));
    let key = key.ok_or_else(|| Failure::usage("--op is 1 to 100 printable characters"))?;
    let ask = ActOnMachine { machine: MachineId::new(machine), kind, os, key };
    let id = desk.app.act_on_machine_as(&desk.actor, &ask, None, reason, desk.now).await?;
    desk.out.one(&json!({ "id": id, "machine": machine, "kind": kind.word(), "state": "asked" }));
    Ok(())
}

/// Everything on the machine is lost: its address is said twice.
async fn same_address(desk: &Desk, machine: i64, address: Ipv4Addr) -> Result<(), Failure> {
    let found = desk.app.machine(MachineId::new(machine)).await?;
    let found = found.ok_or_else(|| Failure::refused("not_found", format!("no machine {machine}")))?;
    match found.ip.parse::<Ipv4Addr>() {
        Ok(ip) if ip == address => Ok(()),
        _ => Err(Failure::refused("wrong_address", format!("machine {machine} has another address than {address}"))),
    }
}

fn split(search: &str) -> Vec<String> {
    search.split_whitespace().map(str::to_owned).collect()
}

fn states(text: Option<&str>) -> Result<(Vec<VpsState>, bool), Failure> {
    let unknown = |word: &str| {
        let words: Vec<&str> = VpsState::ALL.iter().map(|state| state.word()).collect();
        Failure::usage(format!("no state of an order {word:?}: open, {}", words.join(", ")))
    };
    match text {
        None => Ok((Vec::new(), false)),
        Some("open") => Ok((Vec::new(), true)),
        Some(text) => {
            let states = text.split(',').map(|word| word.trim().parse().map_err(|_| unknown(word)));
            Ok((states.collect::<Result<_, _>>()?, false))
        }
    }
}

fn machine_states(text: Option<&str>) -> Result<Vec<String>, Failure> {
    let words = text.unwrap_or_default().split(',').map(str::trim).filter(|word| !word.is_empty());
    words
        .map(|word| match word.parse::<MachineState>() {
            Ok(state) => Ok(state.word().to_owned()),
            Err(_) => Err(Failure::usage(format!(
                "no state of a machine {word:?}: building, running, stopped, busy, expired, gone"
            ))),
        })
        .collect()
}

fn cursor(key: RowKey) -> String {
    format!("{}:{}", key.value, key.id)
}
