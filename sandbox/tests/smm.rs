//! The SMM panels over real HTTP: what they offer, take, refuse, and in which shapes they say so.

mod support;

use serde_json::{Value, json};
use support::{World, with, world};

const LINK: &str = "https://x.com/somebody/status/1";

/// Fields of a call without its key.
type Fields<'a> = &'a [(&'a str, &'a str)];

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|problem| panic!("{problem}: {text}"))
}

/// The id of the first service of a type that a panel offers.
async fn service_of(world: &World, kind: &str) -> String {
    let services = parse(&world.flare(&[("action", "services")]).await);
    let found = services.as_array().unwrap().iter().find(|service| service["type"] == kind);
    found.unwrap_or_else(|| panic!("no {kind}"))["service"].to_string()
}

#[tokio::test]
async fn the_three_panels_have_their_known_services_and_their_own_prices() {
    let world = world().await;
    for (panel, views, likes) in
        [("smm.plugsmms", 6_073, 11_023), ("smm.smmflare", 8_381, 8_646), ("smm.smmstone", 5_480, 6_662)]
    {
        assert!(world.sandbox.url(panel).ends_with("/api/v2"));
        let (status, body) = world.panel(panel, &[("action", "services")]).await.unwrap();
        let services = parse(&body);
        assert_eq!((status, services.as_array().unwrap().len()), (200, 42), "{panel}");
        let find = |id: u64| services.as_array().unwrap().iter().find(|service| service["service"] == id).cloned();
        let (views, likes) = (find(views).unwrap(), find(likes).unwrap());
        assert_eq!([&views["type"], &likes["type"]], ["Default", "Default"]);
        assert!(views["name"].as_str().unwrap().starts_with("X Views"), "{views}");
        assert_eq!(
            (&views["refill"], &views["cancel"], &views["dripfeed"]),
            (&json!(true), &json!(true), &json!(true))
        );
        let (_, balance) = world.panel(panel, &[("action", "balance")]).await.unwrap();
        assert_eq!(parse(&balance)["currency"], "USD");
    }
    let keys: std::collections::BTreeSet<&str> =
        ["smmflare", "plugsmms", "smmstone"].map(|name| world.sandbox.key(&format!("smm.{name}"))).into();
    assert_eq!(keys.len(), 3);
}

#[tokio::test]
async fn more_panels_come_by_configuration() {
    use sandbox::{Character, PanelConfig, SandboxConfig};
    let panel = |name: &str| PanelConfig { name: name.to_owned(), character: Character::Good };
    let config = SandboxConfig { panels: vec![panel("x"), panel("smmstone")], ..SandboxConfig::default() };
    let world = with(config).await;
    let names: Vec<&String> = world.sandbox.services().keys().filter(|name| name.starts_with("smm.")).collect();
    assert_eq!(names, ["smm.plugsmms", "smm.smmflare", "smm.smmstone", "smm.x"]);
    let (_, balance) = world.panel("smm.smmstone", &[("action", "balance")]).await.unwrap();
    assert_eq!(balance, r#"{"balance":"5000","currency":"USD"}"#);
}

#[tokio::test]
async fn an_order_of_every_type_is_taken_recorded_and_paid() {
    let world = world().await;
    let orders: [(&str, Fields<'_>, u64); 17] = [
        ("Default", &[("link", LINK), ("quantity", "1000")], 1_000),
        ("Package", &[("link", LINK)], 1),
        ("SEO", &[("link", LINK), ("quantity", "100"), ("keywords", "a\nb")], 100),
        ("Custom Comments", &[("link", LINK), ("comments", "a\r\nb\n\nc\nd\ne")], 5),
        ("Custom Comments Package", &[("link", LINK), ("comments", "good pic\n:)")], 1),
        ("Mentions", &[("link", LINK), ("quantity", "100"), ("usernames", "a\nb")], 100),
        (
            "Mentions with Hashtags",
            &[("link", LINK), ("quantity", "100"), ("usernames", "a"), ("hashtags", "#goodphoto")],
            100,
        ),
        (
            "Mentions Custom List",
            &[("link", LINK), ("usernames", "a\nb\nc\nd\ne\nf\ng\nh\ni\nj\nk\nl\nm\nn\no\np\nq\nr\ns\nt")],
            20,
        ),
        ("Mentions Hashtag", &[("link", LINK), ("quantity", "100"), ("hashtag", "#a")], 100),
        ("Mentions User Followers", &[("link", LINK), ("quantity", "100"), ("username", "a")], 100),
        ("Mentions Media Likers", &[("link", LINK), ("quantity", "100"), ("media", "https://x.com/m")], 100),
        ("Comment Likes", &[("link", LINK), ("quantity", "10"), ("username", "a")], 10),
        ("Comment Replies", &[("link", LINK), ("username", "a"), ("comments", "x\ny")], 2),
        ("Poll", &[("link", LINK), ("quantity", "50"), ("answer_number", "2")], 50),
        ("Invites from Groups", &[("link", LINK), ("quantity", "100"), ("groups", "g1\ng2")], 100),
        ("Subscriptions", &[("username", "a"), ("min", "10"), ("max", "20"), ("posts", "3"), ("delay", "5")], 0),
        (
            "Web Traffic",
            &[
                ("link", LINK),
                ("quantity", "500"),
                ("country", "US"),
                ("device", "5"),
                ("type_of_traffic", "1"),
                ("google_keyword", "shoes"),
            ],
            500,
        ),
    ];
    let mut paid = 0.0;
    for (kind, fields, quantity) in orders {
        let service = service_of(&world, kind).await;
        let all: Vec<(&str, &str)> =
            [("action", "add"), ("service", service.as_str())].into_iter().chain(fields.iter().copied()).collect();
        let body = world.flare(&all).await;
        let id = parse(&body)["order"].as_u64().unwrap_or_else(|| panic!("{kind}: {body}"));
        let order = world.record("smm.smmflare").await["orders"].as_array().unwrap().last().unwrap().clone();
        assert_eq!((&order["id"], &order["service"]), (&json!(id.to_string()), &json!(service)), "{kind}");
        assert_eq!((&order["type"], &order["quantity"]), (&json!(kind), &json!(quantity)), "{kind}");
        paid += order["charge"].as_str().unwrap().parse::<f64>().unwrap();
        // Each of its fields is needed, and without it nothing is created.
        for without in fields.iter().map(|(name, _)| *name).filter(|name| *name != "posts") {
            let fewer: Vec<(&str, &str)> = all.iter().filter(|(name, _)| *name != without).copied().collect();
            let refused = parse(&world.flare(&fewer).await);
            assert!(refused["error"].is_string() && refused.get("order").is_none(), "{kind} without {without}");
        }
    }
    let record = world.record("smm.smmflare").await;
    assert_eq!(record["orders"].as_array().unwrap().len(), 17);
    let balance = record["balance"]["balance"].as_str().unwrap().parse::<f64>().unwrap();
    assert!((5_000.0 - paid - balance).abs() < 1e-9 && paid > 0.1, "{paid} of {balance}");
    assert_eq!(record["orders"][3]["fields"]["comments"], "a\r\nb\n\nc\nd\ne");
    assert_eq!(record["problems"], json!([]));
}

#[tokio::test]
async fn charges_are_exact() {
    let world = world().await;
    let change = json!({ "change": { "8381": { "rate": "0.0517" } } });
    world.control("POST", "/smm.smmflare/_catalogue", change).await;
    let add = [("action", "add"), ("service", "8381"), ("link", LINK), ("quantity", "1234")];
    let id = parse(&world.flare(&add).await)["order"].to_string();
    let status = world.flare(&[("action", "status"), ("order", &id)]).await;
    assert_eq!(
        status,
        r#"{"charge":"0.0637978","start_count":"0","status":"Pending","remains":"1234","currency":"USD"}"#
    );
    assert_eq!(world.flare(&[("action", "balance")]).await, r#"{"balance":"4999.9362022","currency":"USD"}"#);
}

#[tokio::test]
async fn refusals_use_the_listed_texts_in_three_shapes_and_create_nothing() {
    let world = world().await;
    world.views("https://x.com/busy").await;
    let poll = service_of(&world, "Poll").await;
    let followers = service_of(&world, "Subscriptions").await;
    let table: [(Fields<'_>, &str, &str, u16); 16] = [
        (&[("action", "dance")], "Incorrect request", "", 400),
        (&[("action", "add")], "Incorrect service ID", "neworder.error.incorrect_service_id", 404),
        (&[("action", "add"), ("service", "1")], "Incorrect service ID", "neworder.error.incorrect_service_id", 404),
        (&[("action", "add"), ("service", "8381"), ("link", "x")], "Bad link", "neworder.error.link", 422),
        (
            &[("action", "add"), ("service", "8381"), ("link", LINK)],
            "Incorrect quantity",
            "neworder.error.quantity",
            422,
        ),
        (
            &[("action", "add"), ("service", "8381"), ("link", LINK), ("quantity", "99")],
            "Quantity less than minimal 100",
            "neworder.error.min_quantity",
            422,
        ),
        (
            &[("action", "add"), ("service", "8381"), ("link", LINK), ("quantity", "1000001")],
            "Quantity more than maximum 1000000",
            "neworder.error.max_quantity",
            422,
        ),
        (
            &[("action", "add"), ("service", "8381"), ("link", LINK), ("quantity", "100"), ("runs", "2")],
            "Interval required",
            "",
            400,
        ),
        (
            &[("action", "add"), ("service", &poll), ("link", LINK), ("quantity", "50")],
            "Answer number is required",
            "",
            400,
        ),
        (
            &[
                ("action", "add"),
                ("service", &poll),
                ("link", LINK),
                ("quantity", "50"),
                ("answer_number", "1"),
                ("runs", "2"),
                ("interval", "5"),
            ],
            "This service has no drip-feed support",
            "",
            400,
        ),
        (
            &[
                ("action", "add"),
                ("service", &followers),
                ("username", "a"),
                ("min", "10"),
                ("max", "20"),
                ("delay", "7"),
            ],
            "Incorrect delay",
            "",
            400,
        ),
        (
            &[("action", "add"), ("service", "8381"), ("link", "https://x.com/busy"), ("quantity", "100")],
            "You have active order with this link. Please wait until order being completed.",
            "neworder.error.link_duplicate",
            400,
        ),
        (&[("action", "status"), ("order", "1")], "Incorrect order ID", "error.incorrect_order_id", 404),
        (&[("action", "status")], "Incorrect order ID", "error.incorrect_order_id", 404),
        (&[("action", "refill_status"), ("refill", "1")], "Incorrect refill ID", "error.incorrect_refill_id", 404),
        (
            &[("action", "add"), ("service", "8646"), ("link", LINK), ("quantity", "100000")],
            "Not enough funds on balance",
            "neworder.error.not_enough_funds",
            402,
        ),
    ];
    world.control("POST", "/smm.smmflare/_balance", json!({ "balance": "0.40" })).await;
    for (fields, plain, code, status) in table {
        world.setup("smm.smmflare", json!({ "shapes": { "errors": "plain", "error_status": 200 } })).await;
        let answer = world.panel("smm.smmflare", fields).await.unwrap();
        assert_eq!(answer, (200, json!({ "error": plain }).to_string()));
        world.setup("smm.smmflare", json!({ "shapes": { "errors": "coded", "error_status": "fitting" } })).await;
        let coded = if code.is_empty() { plain } else { code };
        let answer = world.panel("smm.smmflare", fields).await.unwrap();
        assert_eq!(answer, (status, json!({ "error": coded }).to_string()));
        world.setup("smm.smmflare", json!({ "shapes": { "errors": "status_coded", "error_status": 400 } })).await;
        let answer = world.panel("smm.smmflare", fields).await.unwrap();
        assert_eq!(answer, (400, format!(r#"{{"status":"error","msg":"{plain}","error":"{coded}"}}"#)));
    }
    let record = world.record("smm.smmflare").await;
    assert_eq!(record["orders"].as_array().unwrap().len(), 1);
    assert_eq!(record["balance"]["balance"], "0.4");
    let refused: Vec<&Value> =
        record["calls"].as_array().unwrap().iter().filter(|call| call["acted"] == json!(false)).collect();
    assert_eq!(refused.len(), 48, "what was refused was not acted");
}

#[tokio::test]
async fn a_wrong_key_a_wrong_method_and_a_wrong_path_lead_nowhere() {
    let world = world().await;
    let url = world.sandbox.url("smm.smmflare").to_owned();
    let form = [("key", "nonsense"), ("action", "balance")];
    let answer = world.http.post(&url).form(&form).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), r#"{"error":"Invalid API key"}"#);
    let in_query = format!("{url}?key={}&action=balance", world.sandbox.key("smm.smmflare"));
    let answer = world.http.get(in_query).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), r#"{"error":"Incorrect request"}"#);
    let answer = world.http.post(url.replace("v2", "v3")).form(&form).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    let problems = world.record("smm.smmflare").await["problems"].to_string();
    for problem in ["GET instead of POST", "a query", "no user agent"] {
        assert!(problems.contains(problem), "{problems}");
    }
}

#[tokio::test]
async fn careless_forms_are_noted_and_the_form_is_on_record_byte_by_byte() {
    let world = world().await;
    let send = async |body: String| {
        let request = world.http.post(world.sandbox.url("smm.smmflare")).header("user-agent", "x").body(body);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        request.send().await.unwrap().text().await.unwrap()
    };
    let key = world.sandbox.key("smm.smmflare");
    let well = format!("key={key}&action=add&service=8381&link=https%3A%2F%2Fx.com%2Fa%7Eb%3Fy+z&quantity=100");
    send(well.clone()).await;
    let record = world.record("smm.smmflare").await;
    assert_eq!((&record["problems"], &record["calls"][0]["form"]), (&json!([]), &json!(well)));
    for (tail, problem) in [
        ("&link=https://x.com&quantity=100", "link is not encoded as PHP does it"),
        ("&link=https%3a%2F%2Fx.com&quantity=100", "link is not encoded as PHP does it"),
        ("&link=https%3A%2F%2Fx.com%2Fa%20b&quantity=100", "link is not encoded as PHP does it"),
        ("&link=https%3A%2F%2Fx.com&quantity=100&runs=null", "instead of being left out"),
        ("&link=https%3A%2F%2Fx.com&quantity=100&comments=x", "comments has no use here"),
        ("&link=https%3A%2F%2Fx.com&quantity=100&quantity=200", "quantity comes twice"),
    ] {
        send(format!("key={key}&action=add&service=8381{tail}")).await;
        let problems = world.record("smm.smmflare").await["problems"].to_string();
        assert!(problems.contains(problem), "{tail}: {problems}");
        world.control("DELETE", "/smm.smmflare/_record", Value::Null).await;
    }
    send(format!("action=balance&key={key}")).await;
    assert!(world.record("smm.smmflare").await["problems"].to_string().contains("not the first fields"));
}

#[tokio::test]
async fn answers_take_every_shape() {
    let world = world().await;
    let shape = async |shapes: Value| {
        world.setup("smm.smmflare", json!({ "shapes": null })).await;
        let now = world.setup("smm.smmflare", json!({ "shapes": shapes })).await;
        assert!(now.get("error").is_none(), "{now}");
    };
    // add
    let mut ids = Vec::new();
    for (n, (shapes, status, before, after)) in [
        (json!({}), 200, r#"{"order":"#, "}"),
        (json!({ "ids": "text" }), 200, r#"{"order":""#, r#""}"#),
        (json!({ "ids": "hex" }), 200, r#"{"order":"65f0c1d2"#, r#""}"#),
        (json!({ "add": "status" }), 200, r#"{"status":"success","order":"#, "}"),
        (json!({ "add": "charge", "numbers": "number" }), 200, r#"{"order":"#, r#","charge":0.05,"currency":"USD"}"#),
        (json!({ "add": "created" }), 201, r#"{"order":"#, "}"),
    ]
    .into_iter()
    .enumerate()
    {
        shape(shapes).await;
        let link = format!("https://x.com/{n}");
        let add = [("action", "add"), ("service", "8381"), ("link", link.as_str()), ("quantity", "1000")];
        let (code, body) = world.panel("smm.smmflare", &add).await.unwrap();
        assert!(code == status && body.starts_with(before) && body.ends_with(after), "{body}");
        ids.push(parse(&body)["order"].as_str().map_or_else(|| parse(&body)["order"].to_string(), str::to_owned));
    }
    assert_eq!(ids[2].len(), 24);
    // status: one
    let (first, hex) = (ids[0].clone(), ids[2].clone());
    for (shapes, wanted) in [
        (json!({}), r#"{"charge":"0.05","start_count":"0","status":"Pending","remains":"1000","currency":"USD"}"#),
        (
            json!({ "numbers": "number", "charge": "long", "start_count": "null" }),
            r#"{"charge":0.05000000001,"start_count":null,"status":"Pending","remains":1000,"currency":"USD"}"#,
        ),
        (
            json!({ "charge": "missing", "start_count": "missing", "remains": "missing", "without_currency": true }),
            r#"{"status":"Pending"}"#,
        ),
        (
            json!({ "remains": "word", "start_count": "empty", "words": { "Pending": "Queued" } }),
            r#"{"charge":"0.05","start_count":"","status":"Queued","remains":"Unknown","currency":"USD"}"#,
        ),
    ] {
        shape(shapes).await;
        assert_eq!(world.flare(&[("action", "status"), ("order", &first)]).await, wanted);
        assert_eq!(world.flare(&[("action", "status"), ("order", &hex)]).await, wanted, "any form of an id");
    }
    // status: many
    let many = format!("{first},999,{hex}");
    let one = r#""charge":"0.05","start_count":"0","status":"Pending","remains":"1000","currency":"USD"}"#;
    for (shapes, orders, wanted) in [
        (json!({}), &many, format!(r#"{{"{first}":{{{one},"999":{{"error":"Incorrect order ID"}},"{hex}":{{{one}}}"#)),
        (
            json!({ "status_batch": "array" }),
            &many,
            format!(
                r#"[{{"order":{first},{one},{{"order":999,"error":"Incorrect order ID"}},{{"order":"{hex}",{one}]"#
            ),
        ),
        (json!({ "status_batch": "bare" }), &first, format!("{{{one}")),
        (json!({ "status_omits": ["999", hex] }), &many, format!(r#"{{"{first}":{{{one}}}"#)),
        (json!({ "status_echo": true }), &first, format!(r#"{{"{first}":{{"order":{first},{one}}}"#)),
    ] {
        shape(shapes).await;
        assert_eq!(world.flare(&[("action", "status"), ("orders", orders)]).await, wanted);
    }
    // balance
    shape(json!({ "balance_bare": true })).await;
    assert_eq!(world.flare(&[("action", "balance")]).await, r#"{"status":"success","balance":4999.7}"#);
    // around everything
    for (dirt, before) in [("bom", "\u{feff}{"), ("whitespace", "\n\n  {"), ("php_warning", "<br />\n<b>Warning</b>")] {
        shape(json!({ "dirt": dirt, "as_html": true })).await;
        let request = world.http.post(world.sandbox.url("smm.smmflare"));
        let form = [("key", world.sandbox.key("smm.smmflare")), ("action", "balance")];
        let answer = request.form(&form).send().await.unwrap();
        assert!(answer.headers()["content-type"].to_str().unwrap().starts_with("text/html"));
        assert!(String::from_utf8_lossy(&answer.bytes().await.unwrap()).starts_with(before), "{dirt}");
    }
}

#[tokio::test]
async fn services_take_every_shape() {
    let world = world().await;
    let first = async |shapes: Value| {
        world.setup("smm.smmflare", json!({ "shapes": null })).await;
        world.setup("smm.smmflare", json!({ "shapes": shapes })).await;
        let list = world.flare(&[("action", "services")]).await;
        list.split_inclusive('}').next().unwrap().to_owned()
    };
    assert_eq!(
        first(json!({})).await,
        r#"[{"service":8381,"name":"X Views | tweet | fast","type":"Default","category":"X Views","rate":"0.05","min":"100","max":"1000000","dripfeed":true,"refill":true,"cancel":true}"#
    );
    let other = json!({ "service_ids_text": true, "numbers": "number", "flags": "digit", "types": "lower", "services": "wrapped" });
    assert_eq!(
        first(other).await,
        r#"{"services":[{"service":"8381","name":"X Views | tweet | fast","type":"default","category":"X Views","rate":0.05,"min":100,"max":1000000,"dripfeed":"1","refill":"1","cancel":"1"}"#
    );
    assert!(!first(json!({ "flags": "missing" })).await.contains("refill"));
    assert!(first(json!({ "extras": true })).await.contains(r#""average_time":37"#));
    world.control("POST", "/smm.smmflare/_catalogue", json!({ "count": 0 })).await;
    assert_eq!(first(json!({})).await, "[]");
    assert_eq!(first(json!({ "services": "empty_data" })).await, r#"{"status":"success","data":"Empty Data"}"#);
}

#[tokio::test]
async fn the_catalogue_grows_shrinks_and_comes_back() {
    let world = world().await;
    let change = async |change: Value| {
        let answer = world.control("POST", "/smm.smmflare/_catalogue", change).await;
        assert_eq!(answer["ok"], true, "{answer}");
        parse(&world.flare(&[("action", "services")]).await).as_array().unwrap().clone()
    };
    let count = |rows: &[Value], id: u64| rows.iter().filter(|row| row["service"] == id).count();
    let rows = change(json!({ "count": 10_000 })).await;
    assert_eq!((rows.len(), count(&rows, 8_381)), (10_000, 1));
    assert_eq!(change(json!({ "keep_percent": 50 })).await.len(), 5_000);
    assert_eq!(change(json!({ "keep_percent": 100 })).await.len(), 10_000);
    let rows = change(json!({ "duplicates": 3, "garbage": 20 })).await;
    assert_eq!((rows.len(), count(&rows, 8_381), &rows[10_003]), (10_023, 2, &Value::Null));
    let rows = change(json!({ "restore": true })).await;
    assert_eq!(rows.len(), 42);
    let rows = change(json!({ "remove": [8_381], "rate_percent": 300, "change": { "8646": { "min": 7, "max": 70, "type": "Telepathy" } } })).await;
    let likes = rows.iter().find(|row| row["service"] == 8_646).unwrap();
    assert_eq!((&likes["rate"], &likes["min"], &likes["max"]), (&json!("1.35"), &json!("7"), &json!("70")));
    assert_eq!((&likes["type"], count(&rows, 8_381)), (&json!("Telepathy"), 0));
    assert_eq!(world.views(LINK).await, r#"{"error":"Incorrect service ID"}"#);
    let rows = change(json!({ "bring_back": [8_381], "rows": [{ "service": "a1" }] })).await;
    assert_eq!((count(&rows, 8_381), rows.last().unwrap()), (1, &json!({ "service": "a1" })));
    let refused = world.control("POST", "/smm.smmflare/_catalogue", json!({ "counts": 1 })).await;
    assert!(refused["error"].as_str().unwrap().contains("counts"), "{refused}");
}

#[tokio::test]
async fn panels_have_rules_of_their_own() {
    let world = world().await;
    let rules = async |rules: Value| world.setup("smm.smmflare", json!({ "rules": rules })).await;
    rules(json!({ "active_order": false })).await;
    assert_ne!(world.views(LINK).await, world.views(LINK).await);
    rules(json!({ "same_order_ms": 120_000 })).await;
    let same = world.views(LINK).await;
    assert_eq!(world.views(LINK).await, same);
    world.advance("smm.smmflare", 121_000).await;
    assert_ne!(world.views(LINK).await, same);
    rules(json!({ "comments_need_quantity": true })).await;
    let comments = service_of(&world, "Custom Comments").await;
    let add = [("action", "add"), ("service", comments.as_str()), ("link", LINK), ("comments", "a\nb\nc\nd\ne")];
    assert_eq!(world.flare(&add).await, r#"{"error":"Incorrect quantity"}"#);
    rules(json!({ "old": true })).await;
    assert_eq!(world.flare(&[("action", "cancel"), ("orders", "1")]).await, r#"{"error":"this action is invalid"}"#);
    rules(json!({ "requests_per_minute": 2 })).await;
    let statuses = async || {
        let mut statuses = Vec::new();
        for _ in 0..3 {
            statuses.push(world.panel("smm.smmflare", &[("action", "balance")]).await.unwrap().0);
        }
        statuses
    };
    assert_eq!(statuses().await, [200, 200, 429]);
    world.advance("smm.smmflare", 61_000).await;
    assert_eq!(statuses().await, [200, 200, 429]);
}

#[tokio::test]
async fn of_more_than_a_hundred_ids_the_last_are_not_looked_at() {
    let world = world().await;
    let ids: Vec<String> = (1..=101).map(|id| id.to_string()).collect();
    let answer = parse(&world.flare(&[("action", "status"), ("orders", &ids.join(","))]).await);
    assert_eq!(answer.as_object().unwrap().len(), 100);
    assert!(answer.get("101").is_none());
    assert!(world.record("smm.smmflare").await["problems"].to_string().contains("101 orders at once"));
}
