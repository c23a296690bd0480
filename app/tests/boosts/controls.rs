//! Controls: the fault matrix against routers that are wrong on purpose. A harness that cannot go red proves nothing.
//!
//! No switch of the program makes it wrong. What a wrong client would make of a lost answer is said to the right one by
//! a relay before the panel; what a build without the sending mark would leave in the store is what is left there. From
//! there on the real program runs, and the panels' own records must show the harm for every fault.

use crate::faults::{Comes, adds, mend, under_router};
use crate::*;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What is made of an answer to `add` that says nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// It is handed on as it is: the relay itself changes nothing.
    AsItIs,
    /// "Refused, nothing was created": another provider may take it.
    Refused,
    /// "Nothing was done, come back": the same provider is asked again.
    NotDone,
    /// "The link is wrong": the order ends and its credit goes back.
    Ended,
}

impl Reading {
    /// What the program reads in place of a lost answer.
    const fn said(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::AsItIs => None,
            Self::Refused => Some(("402 Payment Required", r#"{"error":"Not enough funds on balance"}"#)),
            Self::NotDone => Some(("429 Too Many Requests\r\nRetry-After: 1", r#"{"error":"Too many requests"}"#)),
            Self::Ended => Some(("200 OK", r#"{"error":"Bad link"}"#)),
        }
    }
}

/// The panel is given up sooner than the program would give it up.
const GIVEN_UP: Duration = Duration::from_millis(350);
/// More than a client reads.
const TOO_MUCH: usize = 1 << 20;

/// Puts a relay that reads answers so between the program and the first panel.
pub(crate) async fn between(world: &World, reading: Reading) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let panel = world.sandbox.url(&format!("smm.{FLARE}")).to_owned();
    let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    let http = http.timeout(GIVEN_UP).user_agent("viralcore-control").build().unwrap();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            tokio::spawn(relay(socket, panel.clone(), http.clone(), reading));
        }
    });
    let path = world.sandbox.url(&format!("smm.{FLARE}")).split_once("://").unwrap().1;
    let path = path.split_once('/').map_or("", |(_, path)| path);
    world.raw(&format!("update provider set url = 'http://{address}/{path}' where name = '{FLARE}'")).await;
}

/// One request, then the end of the connection.
async fn relay(mut socket: TcpStream, panel: String, http: reqwest::Client, reading: Reading) {
    let Some(body) = asked(&mut socket).await else { return };
    let is_add = body.contains("action=add");
    let form = http.post(panel).header("content-type", "application/x-www-form-urlencoded").body(body);
    let answer = async {
        let reply = form.send().await.ok()?;
        let status = reply.status();
        Some((status, reply.bytes().await.ok()?))
    };
    let answer = answer.await;
    let says_nothing = || answer.as_ref().is_none_or(|(status, body)| !says(status.is_success(), body));
    if let Some((status, body)) = reading.said().filter(|_| is_add && says_nothing()) {
        let reply = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len());
        let _ = socket.write_all(reply.as_bytes()).await;
    } else if let Some((status, body)) = answer {
        let head = format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        let _ = socket.write_all(head.as_bytes()).await;
        let _ = socket.write_all(&body).await;
    }
    let _ = socket.shutdown().await;
}

/// The body of a request.
async fn asked(socket: &mut TcpStream) -> Option<String> {
    let mut bytes = Vec::new();
    loop {
        if socket.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length =
            head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        if body.len() >= length.unwrap_or(0) {
            return Some(body.to_owned());
        }
    }
}

/// True for an answer that a right client reads as placed or refused; no fault of those here has a listed text.
fn says(well: bool, body: &[u8]) -> bool {
    let read = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let order = read["order"].as_i64().or_else(|| read["order"].as_str()?.parse().ok());
    body.len() <= TOO_MUCH && (order.is_some_and(|order| order > 0) || (well && read["error"].is_string()))
}

/// The faults under which a panel makes an order and the answer is lost.
fn lost() -> Vec<Value> {
    adds().into_iter().filter(|(_, comes)| *comes == Comes::Made).map(|(fault, _)| fault).collect()
}

/// Orders that panels made for a link.
async fn made_for(world: &World, url: &str) -> usize {
    let mut made = 0;
    for panel in [FLARE, PLUG, STONE] {
        made += world.made(panel).await.iter().filter(|order| order["link"] == url).count();
    }
    made
}

/// Runs every lost answer with a wrong reading; answers what the judge found wrong and, for each fault, how many orders
/// panels made and the order's own state.
async fn with_reading(reading: Reading, panels: usize) -> (Vec<String>, Vec<(String, usize, OrderState)>) {
    let world = World::with_panels(None, single(), panels).await;
    between(&world, reading).await;
    // Not every panel refuses a link that it has.
    world.panel(FLARE, "_panel", json!({ "rules": { "active_order": false } })).await;
    let (mut ids, mut given, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for fault in lost() {
        mend(&world).await;
        names.push(fault.to_string());
        world.panel_fault(FLARE, fault).await;
        let (user, id) = one_part(&world).await;
        ids.push(id);
        given.push((user, "one", 1));
        placed_soon(&world).await;
        // What is tried again is tried before the next fault.
        mend(&world).await;
        world.run_minutes(2).await;
    }
    world.run_minutes(30).await;
    let mut seen = Vec::new();
    for (id, name) in ids.iter().zip(names) {
        let row = world.boost(*id).await.row;
        seen.push((name, made_for(&world, &row.link).await, row.state));
    }
    (world.boost_wrongs(&ids, &given).await, seen)
}

/// True when the matrix itself fails with this reading.
async fn is_red(reading: Reading, panels: usize, fault: Value) -> bool {
    let local = tokio::task::LocalSet::new();
    let matrix = local.run_until(async {
        tokio::task::spawn_local(under_router(None, panels, vec![(fault, Comes::Made)], Some(reading))).await
    });
    matrix.await.is_err_and(|end| end.is_panic())
}

#[tokio::test]
async fn the_relay_alone_leaves_the_matrix_green() {
    let faults = adds().into_iter().filter(|(_, comes)| *comes == Comes::Made);
    under_router(None, 3, faults.collect(), Some(Reading::AsItIs)).await;
}

#[tokio::test]
async fn failing_over_on_a_lost_answer_is_seen_at_every_fault() {
    let (wrongs, seen) = with_reading(Reading::Refused, 3).await;
    for (fault, made, _) in &seen {
        assert!(*made > 1, "{fault}: {made} orders");
    }
    assert!(wrongs.len() >= seen.len(), "{wrongs:#?}");
    assert!(is_red(Reading::Refused, 3, lost().remove(0)).await);
}

#[tokio::test]
async fn asking_the_same_provider_again_is_seen_at_every_fault() {
    let (wrongs, seen) = with_reading(Reading::NotDone, 1).await;
    for (fault, made, _) in &seen {
        assert!(*made > 1, "{fault}: {made} orders");
    }
    assert!(wrongs.len() >= seen.len(), "{wrongs:#?}");
    assert!(is_red(Reading::NotDone, 1, lost().remove(0)).await);
}

#[tokio::test]
async fn giving_the_credit_back_for_a_lost_answer_is_seen_at_every_fault() {
    let (wrongs, seen) = with_reading(Reading::Ended, 3).await;
    for (fault, made, state) in &seen {
        assert_eq!((*made, *state), (1, OrderState::Failed), "{fault}");
    }
    assert!(wrongs.len() >= seen.len(), "{wrongs:#?}");
    assert!(is_red(Reading::Ended, 3, lost().remove(0)).await);
}

#[tokio::test]
async fn a_call_without_its_mark_is_seen() {
    let mut settings = single();
    settings.boosts.add_total = Duration::from_secs(20);
    for marked in [true, false] {
        let mut world = World::with_panels(None, settings.clone(), 3).await;
        world.panel_fault(FLARE, fault("add", "hang", json!({ "acted": true }))).await;
        let (user, id) = recovery::due(&world).await;
        recovery::dies_during_the_call(&world).await;
        if !marked {
            // As if the attempt had been written with its outcome only.
            for sql in [
                "update boost_part set state = 'scheduled' where state = 'sending'",
                "delete from placement where state = 'sending'",
            ] {
                world.raw(sql).await;
            }
        }
        recovery::back(&mut world).await;
        world.clear_panel_faults().await;
        world.run_minutes(30).await;
        let url = world.boost(id).await.row.link;
        assert_eq!(made_for(&world, &url).await, if marked { 1 } else { 2 });
        let wrongs = world.boost_wrongs(&[id], &[(user, "one", 1)]).await;
        assert_eq!(wrongs.is_empty(), marked, "{wrongs:?}");
    }
}
