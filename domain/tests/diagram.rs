//! `docs/withdrawal-states.md` draws the state machine that `WithdrawalState::on` is, `docs/boost-states.md` the one that
//! `PartState::on` is, `docs/vps-states.md` the one that `VpsState::on` is, and `docs/invoice-states.md` the one that
//! `InvoiceState::on` is, every arrow and no other.

use domain::boost::{PartEvent, PartState};
use domain::invoice::{InvoiceEvent, InvoiceState};
use domain::outcome::Fault;
use domain::vps::{VpsEvent, VpsState};
use domain::withdrawal::{FrozenFrom, WithdrawalEvent as E, WithdrawalState as S};

const PAGE: &str = include_str!("../../docs/withdrawal-states.md");
const BOOSTS: &str = include_str!("../../docs/boost-states.md");
const VPS: &str = include_str!("../../docs/vps-states.md");
const INVOICES: &str = include_str!("../../docs/invoice-states.md");

/// Every event with its words on an arrow. A new event has no words until it stands here: the match says so.
fn events() -> Vec<(E, &'static str)> {
    let all = [
        E::Sign,
        E::SignLast,
        E::Reject,
        E::Recall,
        E::GraceOver,
        E::Send,
        E::NotSent,
        E::Accept,
        E::LoseAnswer,
        E::Pay,
        E::PayOutside,
        E::Fail(Fault::Ours),
        E::Fail(Fault::Theirs),
        E::Mismatch,
        E::Thaw(FrozenFrom::Sending),
        E::Thaw(FrozenFrom::Sent),
        E::Thaw(FrozenFrom::Unknown),
        E::Reverse,
    ];
    let words = |event| match event {
        E::Sign => "signed, another name is needed",
        E::SignLast => "last signature",
        E::Reject => "rejected",
        E::Recall => "recalled",
        E::GraceOver => "grace is over",
        E::Send => "sending mark",
        E::NotSent => "nothing left",
        E::Accept => "accepted",
        E::LoseAnswer => "answer lost",
        E::Pay => "proven paid",
        E::PayOutside => "paid outside",
        E::Fail(Fault::Ours) => "failed, our reason",
        E::Fail(Fault::Theirs) => "failed, their reason",
        E::Mismatch => "a read differs",
        E::Thaw(FrozenFrom::Sending) => "ruled, was sending",
        E::Thaw(FrozenFrom::Sent) => "ruled, was sent",
        E::Thaw(FrozenFrom::Unknown) => "ruled, was unknown",
        E::Reverse => "sent back by the bank",
    };
    all.into_iter().map(|event| (event, words(event))).collect()
}

/// The diagram: arrows in the order of states and events, ends at the end.
fn diagram() -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned(), format!("    [*] --> {}: requested by the user", S::Requested)];
    for from in S::ALL {
        for (event, words) in events() {
            if let Ok(to) = from.on(event) {
                lines.push(format!("    {from} --> {to}: {words}"));
            }
        }
    }
    for state in S::ALL.into_iter().filter(|state| !state.is_open()) {
        lines.push(format!("    {state} --> [*]"));
    }
    lines.join("\n")
}

/// Every event of a part with its words on an arrow.
fn part_events() -> Vec<(PartEvent, &'static str)> {
    use PartEvent as P;
    let all = [
        P::Hold,
        P::Send,
        P::NotPlaced,
        P::Refuse,
        P::Accept,
        P::LoseAnswer,
        P::Deliver,
        P::EndShort,
        P::PanelCancel,
        P::PanelFail,
        P::Resume,
        P::CallOff,
        P::Retry,
    ];
    let words = |event| match event {
        P::Hold => "nobody can take it now",
        P::Send => "sending mark",
        P::NotPlaced => "nothing was created",
        P::Refuse => "refused for good",
        P::Accept => "a panel has it",
        P::LoseAnswer => "answer lost",
        P::Deliver => "delivered",
        P::EndShort => "ended short",
        P::PanelCancel => "the panel called it off",
        P::PanelFail => "the panel failed it",
        P::Resume => "the panel goes on with it",
        P::CallOff => "called off here",
        P::Retry => "tried again by an operator",
    };
    all.into_iter().map(|event| (event, words(event))).collect()
}

fn part_diagram() -> String {
    let mut lines =
        vec!["stateDiagram-v2".to_owned(), format!("    [*] --> {}: cut by the schedule", PartState::Scheduled)];
    for from in PartState::ALL {
        for (event, words) in part_events() {
            if let Ok(to) = from.on(event)
                && (from, event) != (PartState::Waiting, PartEvent::Hold)
            {
                lines.push(format!("    {from} --> {to}: {words}"));
            }
        }
    }
    for state in PartState::ALL.into_iter().filter(|state| !state.is_open()) {
        lines.push(format!("    {state} --> [*]"));
    }
    lines.join("\n")
}

/// Every event of a VPS order with its words on an arrow.
fn vps_events() -> Vec<(VpsEvent, &'static str)> {
    use VpsEvent as V;
    let all = [
        V::Claim,
        V::Release,
        V::RunDry,
        V::Mark,
        V::NotBought,
        V::Refuse,
        V::Accept,
        V::Assign,
        V::LoseAnswer,
        V::WrongAddress,
        V::Await,
        V::Deliver,
        V::GiveUp,
        V::Refund,
    ];
    let words = |event| match event {
        V::Claim => "a worker takes it",
        V::Release => "put back, nothing was asked for",
        V::RunDry => "no free address",
        V::Mark => "buying mark",
        V::NotBought => "nothing was bought",
        V::Refuse => "refused for good",
        V::Accept => "a machine of the package",
        V::Assign => "given a machine in stock",
        V::LoseAnswer => "answer lost",
        V::WrongAddress => "a machine outside the package",
        V::Await => "no password yet",
        V::Deliver => "user name and password are there",
        V::GiveUp => "called off or waited too long",
        V::Refund => "given back by ruling or policy",
    };
    all.into_iter().map(|event| (event, words(event))).collect()
}

fn vps_diagram() -> String {
    let mut lines = vec!["stateDiagram-v2".to_owned(), format!("    [*] --> {}: paid", VpsState::Pending)];
    for from in VpsState::ALL {
        for (event, words) in vps_events() {
            if let Ok(to) = from.on(event) {
                lines.push(format!("    {from} --> {to}: {words}"));
            }
        }
    }
    for state in VpsState::ALL.into_iter().filter(|state| !state.is_open()) {
        lines.push(format!("    {state} --> [*]"));
    }
    lines.join("\n")
}

/// Every event of an invoice with its words on an arrow.
fn invoice_diagram() -> String {
    use InvoiceEvent as I;
    let words = |event| match event {
        I::Name => "a payment is named",
        I::Find => "found, not final",
        I::Vanish => "not there any more",
        I::Drop => "no payment of it",
        I::Meet => "met",
        I::Exceed => "more than asked for came",
        I::FallShort => "too little came",
        I::ComeLate => "sent after its time",
        I::Expire => "its time is over",
        I::Dispute => "somebody else has a claim",
        I::Dismiss => "ruled not its payment",
        I::Refund => "all given back",
    };
    let mut lines = vec!["stateDiagram-v2".to_owned(), format!("    [*] --> {}: made", InvoiceState::Open)];
    for from in InvoiceState::ALL {
        for event in I::ALL {
            if let Ok(to) = from.on(event)
                && to != from
            {
                lines.push(format!("    {from} --> {to}: {}", words(event)));
            }
        }
    }
    for state in InvoiceState::ALL.into_iter().filter(|state| !state.is_open()) {
        lines.push(format!("    {state} --> [*]"));
    }
    lines.join("\n")
}

fn drawn(page: &str) -> &str {
    let drawn = page.split_once("```mermaid\n").and_then(|(_, rest)| rest.split_once("\n```"));
    drawn.map_or("", |(drawn, _)| drawn)
}

#[test]
fn the_pages_draw_the_state_machines() {
    let pages = [
        ("withdrawal-states", PAGE, diagram()),
        ("boost-states", BOOSTS, part_diagram()),
        ("vps-states", VPS, vps_diagram()),
        ("invoice-states", INVOICES, invoice_diagram()),
    ];
    for (name, page, expected) in pages {
        assert!(drawn(page) == expected, "the diagram of docs/{name}.md must be:\n\n{expected}\n");
    }
}
