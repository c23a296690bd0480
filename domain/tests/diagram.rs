//! `docs/withdrawal-states.md` draws the state machine that `WithdrawalState::on` is, every arrow and no other.

use domain::outcome::Fault;
use domain::withdrawal::{FrozenFrom, WithdrawalEvent as E, WithdrawalState as S};

const PAGE: &str = include_str!("../../docs/withdrawal-states.md");

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

#[test]
fn the_page_draws_the_state_machine() {
    let drawn = PAGE.split_once("```mermaid\n").and_then(|(_, rest)| rest.split_once("\n```"));
    let drawn = drawn.map_or("", |(drawn, _)| drawn);
    let expected = diagram();
    assert!(drawn == expected, "the diagram of docs/withdrawal-states.md must be:\n\n{expected}\n");
}
