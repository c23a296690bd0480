//! The list and the state of a machine, through every quirk that is known of them.

use std::net::Ipv4Addr;

use providers::ReadError;
use serde_json::json;

use crate::bench::Bench;

#[tokio::test]
async fn the_list_is_read_through_every_encoding() {
    let bench = Bench::start().await;
    let mut lists = Vec::new();
    for encode in ["plain", "double", "triple", "escaped", "mixed", "mixed"] {
        bench.post("/_habits", json!({ "encode": encode })).await;
        let list = bench.vps.ipstock("c-1").await.0.unwrap();
        assert_eq!((list.packages.len(), list.odd_rows), (20, 0), "{encode}");
        lists.push(list.packages);
    }
    assert!(lists.windows(2).all(|two| two[0] == two[1]));
    let first = &lists[0][0];
    assert_eq!((first.pid.as_str(), first.name.as_str(), first.free), ("5", "103.82.72", 71));
    let (second, suspended) = (&lists[0][1], &lists[0][7]);
    assert_eq!((second.pid.as_str(), second.free, suspended.status.as_str()), ("123", 1, "suspended"));
    bench.post("/_habits", json!({ "encode": "fourfold" })).await;
    assert!(matches!(bench.vps.ipstock("c-1").await.0, Err(ReadError::Garbage(_))));
    assert_eq!(bench.record().await["problems"], json!([]));
}

#[tokio::test]
async fn odd_rows_are_counted_and_never_taken_for_packages() {
    let bench = Bench::start().await;
    let rows = json!([
        { "id": "7", "name": "10.0.0", "ipv4": "12", "status": "ACTIVE" },
        { "id": 8, "name": "10.0.1", "ipv4": -4 },
        { "id": 9, "name": "10.0.2", "ipv4": "many", "status": null },
        { "id": 10, "name": "10.0.3", "ipv4": 1.5, "status": 3 },
        { "id": null, "name": "10.0.4" }, { "id": 1.5, "name": "10.0.5" }, { "id": "", "name": "10.0.6" },
        { "id": 11 }, { "id": 12, "name": "a\nb" }, "text", 5, null, [],
    ]);
    bench.post("/_packages", json!({ "set": [], "rows": rows })).await;
    let list = bench.vps.ipstock("c-1").await.0.unwrap();
    let read: Vec<_> = list.packages.iter().map(|p| (p.pid.as_str(), p.free, p.status.as_str())).collect();
    assert_eq!(read, [("7", 12, "ACTIVE"), ("8", 0, ""), ("9", 0, ""), ("10", 0, "3")]);
    assert_eq!(list.odd_rows, 9);
    // None at all is a list, too; what to make of it is not decided here.
    bench.fault("ipstock", "hidden", json!({})).await;
    assert!(bench.vps.ipstock("c-1").await.0.unwrap().packages.is_empty());
}

#[tokio::test]
async fn an_answer_without_a_list_is_an_error_and_never_an_empty_list() {
    let bench = Bench::start().await;
    for (body, wanted) in [
        (json!({}), "garbage"),
        (json!({ "packages": null }), "garbage"),
        (json!({ "packages": {} }), "garbage"),
        (json!({ "packages": "[]" }), "garbage"),
        (json!([]), "garbage"),
        (json!("<html>maintenance</html>"), "garbage"),
        (json!("{\"packages\":[{\"id\":1,"), "garbage"),
        (json!(""), "garbage"),
        (json!({ "packages": [], "error": "down" }), "refused"),
        (json!({ "success": false, "packages": [] }), "refused"),
    ] {
        bench.fault("ipstock", "status_before", json!({ "status": 200, "body": body })).await;
        let error = bench.vps.ipstock("c-1").await.0.unwrap_err();
        assert_eq!(error.code(), wanted, "{body}: {error:?}");
    }
}

#[tokio::test]
async fn a_machine_is_read_as_it_is_built() {
    let bench = Bench::start().await;
    let ip: Ipv4Addr = "103.82.72.2".parse().unwrap();
    assert!(matches!(bench.vps.status(ip, "c").await.0, Err(ReadError::Refused { status: 404, .. })));
    bench.vps.buy("103.82.72", 8, "c").await;
    let new = bench.vps.status(ip, "c").await.0.unwrap();
    assert_eq!((new.ip, new.password.is_none(), new.username.as_deref()), (Some(ip), true, None));
    bench.post("/_clock", json!({ "advance_ms": 60_000 })).await;
    for encode in ["plain", "double", "triple", "escaped"] {
        for key in ["misspelt", "right", "missing"] {
            bench.post("/_habits", json!({ "encode": encode, "user_key": key })).await;
            let ready = bench.vps.status(ip, "c").await.0.unwrap();
            assert!(ready.password.is_some_and(|password| password.expose().len() > 8), "{encode}");
            assert_eq!(ready.username.is_none(), key == "missing");
            assert_eq!((ready.os.as_deref(), ready.ram.as_deref()), (Some("2022"), Some("8")));
            assert_eq!((ready.power.as_deref(), ready.action.as_deref()), (Some("Online"), Some("completed")));
        }
    }
    for (os, user, login) in
        [("2022", Some("Boss"), "Boss"), ("2022", None, "Administrator"), ("Ubuntu 22", Some("Boss"), "root")]
    {
        let status = providers::smartvps::MachineStatus {
            os: Some(os.to_owned()),
            username: user.map(str::to_owned),
            ..Default::default()
        };
        assert_eq!(status.login(), login);
    }
}

#[tokio::test]
async fn a_status_that_is_none_says_nothing() {
    let bench = Bench::start().await;
    let ip: Ipv4Addr = "103.82.72.2".parse().unwrap();
    for (body, wanted) in [
        (json!({ "IP": "103.82.72.3", "Password": "x" }), "garbage"),
        (json!("VPS is being built"), "garbage"),
        (json!("\"Error: no such VPS\""), "refused"),
        (json!({ "error": "no such VPS" }), "refused"),
        (json!([1]), "garbage"),
    ] {
        bench.fault("status", "status_before", json!({ "status": 200, "body": body })).await;
        assert_eq!(bench.vps.status(ip, "c").await.0.unwrap_err().code(), wanted, "{body}");
    }
    // No body is an object without fields; so is one of which every field is odd.
    for body in
        [json!(""), json!({ "Password": null, "OS": "", "IP": "soon", "RAM": [] }), json!({ "Password": "a\nb" })]
    {
        bench.fault("status", "status_before", json!({ "status": 200, "body": body })).await;
        assert_eq!(bench.vps.status(ip, "c").await.0, Ok(Default::default()), "{body}");
    }
    for (status, wanted) in [(401, "auth"), (403, "auth"), (404, "refused"), (500, "server"), (302, "refused")] {
        bench.fault("any", "status_before", json!({ "status": status, "times": 2 })).await;
        assert_eq!(bench.vps.status(ip, "c").await.0.unwrap_err().code(), wanted, "{status}");
        assert_eq!(bench.vps.ipstock("c").await.0.unwrap_err().code(), wanted, "{status}");
    }
}
