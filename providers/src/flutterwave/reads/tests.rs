use super::*;
use crate::http::Reply;

fn reply(status: u16, body: &str) -> RawReply {
    RawReply::Complete(Reply { status, retry_after: None, body: body.into() })
}

fn row(id: i64, reference: &str) -> String {
    format!(
        r#"{{"id":{id},"account_number":"0690000040","bank_code":"044","full_name":"A","currency":"NGN","amount":5500,
        "fee":26.875,"status":"PENDING","reference":"{reference}","complete_message":""}}"#
    )
}

fn list(rows: &[String], meta: &str) -> String {
    format!(r#"{{"status":"success","message":"Transfers fetched","meta":{meta},"data":[{}]}}"#, rows.join(","))
}

#[test]
fn nothing_is_found_only_when_the_answer_says_so() {
    let none = r#"{"page_info":{"total":0,"current_page":1,"total_pages":0}}"#;
    let some = r#"{"page_info":{"total":47,"current_page":9,"total_pages":5}}"#;
    let broken_twin = row(1, "r-1").replace("5500", "\"a lot\"");
    for (status, body, found) in [
        (200, list(&[], none), Ok(None)),
        (200, list(&[], "null"), Ok(None)),
        (200, list(&[row(7, "r-1")], "null"), Ok(Some(7))),
        (200, list(&[row(8, "r-10"), row(7, "r-1"), "7".to_owned()], "null"), Ok(Some(7))),
        (200, list(&[], some), Err("garbage")),
        (200, list(&[row(8, "r-10")], "null"), Err("garbage")),
        (200, list(&[row(8, "R-1")], "null"), Err("garbage")),
        (200, list(&[row(7, "r-1"), row(8, "r-1")], "null"), Err("garbage")),
        (200, list(&[broken_twin], "null"), Err("garbage")),
        (200, r#"{"status":"success","message":"","data":null}"#.to_owned(), Err("garbage")),
        (200, r#"{"status":"success","message":"","data":{}}"#.to_owned(), Err("garbage")),
        (200, r#"{"status":"success"}"#.to_owned(), Err("garbage")),
        (200, r#"{"status":"error","message":"x","data":[]}"#.to_owned(), Err("garbage")),
        (200, "[]".to_owned(), Err("garbage")),
        (200, String::new(), Err("garbage")),
        (404, list(&[], none), Err("garbage")),
        (404, r#"{"status":"error","message":"Not found","data":null}"#.to_owned(), Err("refused")),
        (400, r#"{"status":"error","message":"Please enable IP Whitelisting"}"#.to_owned(), Err("auth")),
        (302, list(&[], none), Err("garbage")),
        (401, list(&[], none), Err("auth")),
        (403, String::new(), Err("auth")),
        (429, list(&[], none), Err("rate_limited")),
        (503, list(&[], none), Err("server")),
    ] {
        let got = read_found(reply(status, &body), "r-1").map(|found| match found {
            Found::None => None,
            Found::One(transfer) => Some(transfer.id),
        });
        assert_eq!(got.map_err(|error| error.code()), found, "{status} {body}");
    }
}

#[test]
fn an_id_is_unknown_only_in_the_provider_s_words() {
    let one = |id| format!(r#"{{"status":"success","message":"Transfer fetched","data":{}}}"#, row(id, "r-1"));
    let error = |text: &str| format!(r#"{{"status":"error","message":"{text}","data":null}}"#);
    for (status, body, found) in [
        (200, one(7), Ok(Some(7))),
        (200, one(8), Err("garbage")),
        (200, r#"{"status":"success","data":null}"#.to_owned(), Err("garbage")),
        (404, error("Transfer not found"), Ok(None)),
        (400, error("Transfer not found"), Ok(None)),
        (400, error("Invalid authorization key"), Err("auth")),
        (400, error("An error occurred. Please contact support"), Err("refused")),
        (404, "<html>".to_owned(), Err("garbage")),
        (405, error("no"), Err("refused")),
        (500, error("Transfer not found"), Err("server")),
    ] {
        let got = read_one(reply(status, &body), 7).map(|found| found.map(|transfer| transfer.id));
        assert_eq!(got.map_err(|error| error.code()), found, "{status} {body}");
    }
}

#[test]
fn a_page_hides_no_row() {
    let meta = r#"{"page_info":{"total":12,"current_page":2,"total_pages":2}}"#;
    let foreign = row(5, "dashboard").replace("\"044\"", "null").replace("\"0690000040\"", "null");
    let rows = [row(7, "r-1"), foreign, row(0, "r-3"), "null".to_owned()];
    let page = read_page(reply(200, &list(&rows, meta)), 2).unwrap();
    assert_eq!((page.items.len(), page.unreadable.len(), page.total_pages), (2, 2, 2));
    assert_eq!(read_page(reply(200, &list(&rows, meta)), 1).map_err(|error| error.code()), Err("garbage"));
}

#[test]
fn an_account_is_refused_only_in_the_documented_words() {
    let name = |number: &str, name: &str| {
        format!(r#"{{"status":"success","message":"","data":{{"account_number":"{number}","account_name":"{name}"}}}}"#)
    };
    let error = |text: &str| format!(r#"{{"status":"error","message":"{text}","data":null}}"#);
    let refusal = "Sorry, recipient account could not be validated. Please try again";
    for (status, body, wanted) in [
        (200, name("0690000032", " Pastor \\u0000Bright "), "Pastor \u{fffd}Bright"),
        (400, error(refusal), "not validated"),
        (500, error(refusal), "unavailable server"),
        (200, error(refusal), "unavailable garbage"),
        (400, error("Unknown bank"), "unavailable refused"),
        (400, refusal.to_owned(), "unavailable garbage"),
        (200, name("0690000033", "Pastor Bright"), "unavailable garbage"),
        (200, name("0690000032", "  "), "unavailable garbage"),
        (200, r#"{"status":"success","data":{"account_number":"0690000032"}}"#.to_owned(), "unavailable garbage"),
    ] {
        let got = match read_resolved(reply(status, &body), "0690000032") {
            Ok(resolved) => resolved.account_name,
            Err(ResolveError::NotValidated) => "not validated".to_owned(),
            Err(ResolveError::Unavailable(error)) => format!("unavailable {}", error.code()),
        };
        assert_eq!(got, wanted, "{status} {body}");
    }
}

#[test]
fn the_provider_s_rate_is_a_ratio_of_its_amounts() {
    let raw = |text: &str| RawValue::from_string(text.to_owned()).unwrap();
    for (naira, dollars, parts) in [
        ("1560250.0", "1000.0", Some((6_241, 4))),
        ("1560250", "1000", Some((6_241, 4))),
        ("\"1560.255\"", "1", Some((312_051, 200))),
        ("1500.00000000000000000000000", "1", Some((1_500, 1))),
        ("0", "1000", None),
        ("1000", "0", None),
        ("-1", "1", None),
        ("1e3", "1", None),
        ("null", "1", None),
        ("99999999999999999999999999999999999999999999", "1", None),
    ] {
        assert_eq!(ratio(&raw(naira), &raw(dollars)).map(Rate::parts), parts, "{naira}/{dollars}");
    }
    let long = ratio(&raw("1560250.1234567890123"), &raw("1000.0000000000001")).unwrap();
    assert_eq!(long.to_string(), "1,560.2501");
}
