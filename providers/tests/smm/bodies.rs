//! Every row of the table of order types, and every other action, as the bytes that leave.

use domain::Secret;
use domain::outcome::{LocalReason, Outcome};
use domain::smm::Adapter;
use providers::ReadError;
use providers::smm::{Fields, ItemError, NewOrder, Panel};

use crate::panel::{Stand, full, order, smm};

fn own(text: &str) -> String {
    text.to_owned()
}

fn list(entries: &[&str]) -> Vec<String> {
    entries.iter().map(|entry| own(entry)).collect()
}

fn link() -> String {
    own("https://t.me/x?y=1&z=2")
}

const LINK: &str = "link=https%3A%2F%2Ft.me%2Fx%3Fy%3D1%26z%3D2";

/// The fields of each type, and what follows `key`, `action` and `service` in the body.
fn rows() -> Vec<(Fields, String)> {
    let quantity = 250;
    let default = |runs, interval| Fields::Default { link: link(), quantity, runs, interval };
    let subscription = |posts, old_posts, expiry: Option<&str>| Fields::Subscriptions {
        username: own("ada"),
        min: 100,
        max: 110,
        posts,
        old_posts,
        delay: 0,
        expiry: expiry.map(own),
    };
    let traffic = |kind, google_keyword: Option<&str>, referring_url: Option<&str>| Fields::WebTraffic {
        link: link(),
        quantity,
        country: own("United States"),
        device: 5,
        type_of_traffic: kind,
        google_keyword: google_keyword.map(own),
        referring_url: referring_url.map(own),
    };
    let dirty = list(&["  good pic\n:) ", "", " \r\n ", "wow\r\n\r\nnice"]);
    vec![
        (default(None, None), format!("{LINK}&quantity=250")),
        (default(Some(5), Some(30)), format!("{LINK}&quantity=250&runs=5&interval=30")),
        (Fields::Package { link: link() }, own(LINK)),
        (
            Fields::Seo { link: link(), quantity, keywords: list(&["a b+c~d*e", "é😀"]) },
            format!("{LINK}&quantity=250&keywords=a+b%2Bc%7Ed%2Ae%0A%C3%A9%F0%9F%98%80"),
        ),
        (
            Fields::CustomComments { link: link(), comments: dirty.clone(), send_quantity: false },
            format!("{LINK}&comments=good+pic%0A%3A%29%0Awow%0Anice"),
        ),
        (
            Fields::CustomComments { link: link(), comments: dirty, send_quantity: true },
            format!("{LINK}&comments=good+pic%0A%3A%29%0Awow%0Anice&quantity=4"),
        ),
        (
            Fields::CustomCommentsPackage { link: link(), comments: list(&["one", "two"]) },
            format!("{LINK}&comments=one%0Atwo"),
        ),
        (
            Fields::Mentions { link: link(), quantity, usernames: list(&["@ada", "bob"]) },
            format!("{LINK}&quantity=250&usernames=%40ada%0Abob"),
        ),
        (
            Fields::MentionsWithHashtags {
                link: link(),
                quantity,
                usernames: list(&["ada"]),
                hashtags: list(&["#a", "#b"]),
            },
            format!("{LINK}&quantity=250&usernames=ada&hashtags=%23a%0A%23b"),
        ),
        (
            Fields::MentionsCustomList { link: link(), usernames: list(&["ada", "bob"]) },
            format!("{LINK}&usernames=ada%0Abob"),
        ),
        (
            Fields::MentionsHashtag { link: link(), quantity, hashtag: own("#rust") },
            format!("{LINK}&quantity=250&hashtag=%23rust"),
        ),
        (
            Fields::MentionsUserFollowers { link: link(), quantity, username: own("ada") },
            format!("{LINK}&quantity=250&username=ada"),
        ),
        (
            Fields::MentionsMediaLikers { link: link(), quantity, media: own("https://x.com/m/1") },
            format!("{LINK}&quantity=250&media=https%3A%2F%2Fx.com%2Fm%2F1"),
        ),
        (
            Fields::CommentLikes { link: link(), quantity, username: own("ada") },
            format!("{LINK}&quantity=250&username=ada"),
        ),
        (
            Fields::CommentReplies {
                link: link(),
                username: own("ada"),
                comments: list(&["yes", "no"]),
                send_quantity: false,
            },
            format!("{LINK}&username=ada&comments=yes%0Ano"),
        ),
        (
            Fields::CommentReplies {
                link: link(),
                username: own("ada"),
                comments: list(&["yes", "no"]),
                send_quantity: true,
            },
            format!("{LINK}&username=ada&comments=yes%0Ano&quantity=2"),
        ),
        (
            Fields::Poll { link: link(), quantity, answer_number: own("2") },
            format!("{LINK}&quantity=250&answer_number=2"),
        ),
        (
            Fields::InvitesFromGroups { link: link(), quantity, groups: list(&["g1", "g2"]) },
            format!("{LINK}&quantity=250&groups=g1%0Ag2"),
        ),
        (subscription(None, None, None), own("username=ada&min=100&max=110&delay=0")),
        (
            subscription(Some(0), Some(5), Some("31/12/2026")),
            own("username=ada&min=100&max=110&posts=0&old_posts=5&delay=0&expiry=31%2F12%2F2026"),
        ),
        (
            traffic(1, Some("buy rust"), None),
            format!("{LINK}&quantity=250&country=United+States&device=5&type_of_traffic=1&google_keyword=buy+rust"),
        ),
        (
            traffic(2, None, Some("https://a.b/~c")),
            format!(
                "{LINK}&quantity=250&country=United+States&device=5&type_of_traffic=2&referring_url=https%3A%2F%2Fa.b%2F%7Ec"
            ),
        ),
        (traffic(3, None, None), format!("{LINK}&quantity=250&country=United+States&device=5&type_of_traffic=3")),
    ]
}

#[tokio::test]
async fn every_type_of_order_leaves_byte_for_byte() {
    let stand = Stand::always(full(200, r#"{"order":1}"#)).await;
    let smm = smm(5_000);
    for (fields, rest) in rows() {
        let order = NewOrder { service: own("6073"), fields };
        let (outcome, exchange) = smm.add(&stand.panel, &order, "c-1").await;
        assert_eq!(outcome.word(), "accepted", "{order:?}");
        let body = stand.bodies().pop().unwrap();
        assert_eq!(body, format!("key=plain-canary&action=add&service=6073&{rest}"), "{order:?}");
        assert_eq!(
            exchange.request,
            format!("POST add service=6073&{rest}"),
            "what is kept is what was sent, but the key"
        );
    }
    assert_eq!(stand.bodies().len(), rows().len());
}

#[tokio::test]
async fn the_legacy_adapter_differs_in_one_character() {
    let stand = Stand::always(full(200, r#"{"order":1}"#)).await;
    let legacy = Panel { adapter: Adapter::Legacy, ..stand.panel.clone() };
    let smm = smm(5_000);
    for (fields, rest) in rows() {
        let order = NewOrder { service: own("6073"), fields };
        smm.add(&legacy, &order, "c-1").await;
        let rest = rest.replace("%7E", "~");
        assert_eq!(stand.bodies().pop().unwrap(), format!("key=plain-canary&action=add&service=6073&{rest}"));
    }
    smm.balance(&legacy, "c-1").await.0.unwrap_err();
    assert_eq!(stand.bodies().pop().unwrap(), "key=plain-canary&action=balance");
}

#[tokio::test]
async fn the_legacy_adapter_knows_two_actions_and_refuses_the_others_here() {
    let stand = Stand::always(full(200, "{}")).await;
    let legacy = Panel { adapter: Adapter::Legacy, ..stand.panel.clone() };
    let (smm, ids) = (smm(5_000), list(&["1", "2"]));
    let refused = LocalReason::Refused(own("the legacy adapter knows add and balance only"));
    let read = ReadError::NotSent(refused.clone());
    let (services, exchange) = smm.services(&legacy, "c-1").await;
    assert_eq!((services, exchange.status, exchange.operation), (Err(read.clone()), None, "services"));
    for (_, status) in smm.status(&legacy, &ids, "c-1").await.1 {
        assert_eq!(status, Err(ItemError::Unavailable(read.clone())));
    }
    for (_, status) in smm.refill_status(&legacy, &ids, "c-1").await.1 {
        assert_eq!(status, Err(ItemError::Unavailable(read.clone())));
    }
    for (_, outcome) in smm.refill(&legacy, &ids, "c-1").await.1 {
        assert_eq!(outcome, Outcome::NotSent(refused.clone()));
    }
    for (_, outcome) in smm.cancel(&legacy, &ids, "c-1").await.1 {
        assert_eq!(outcome, Outcome::NotSent(refused.clone()));
    }
    assert!(stand.heard().is_empty());
}

#[tokio::test]
async fn every_other_action_leaves_byte_for_byte() {
    let stand = Stand::always(full(200, "{}")).await;
    let (smm, panel) = (smm(5_000), &stand.panel);
    let (one, two) = (list(&["23501"]), list(&["23501", "507f1f77bcf86cd799439011"]));
    let _ = smm.services(panel, "c").await;
    let _ = smm.balance(panel, "c").await;
    for ids in [&one, &two] {
        smm.status(panel, ids, "c").await;
        smm.refill(panel, ids, "c").await;
        smm.refill_status(panel, ids, "c").await;
        smm.cancel(panel, ids, "c").await;
    }
    let many = "23501%2C507f1f77bcf86cd799439011";
    let wanted = [
        own("action=services"),
        own("action=balance"),
        own("action=status&order=23501"),
        own("action=refill&order=23501"),
        own("action=refill_status&refill=23501"),
        own("action=cancel&orders=23501"),
        format!("action=status&orders={many}"),
        format!("action=refill&orders={many}"),
        format!("action=refill_status&refills={many}"),
        format!("action=cancel&orders={many}"),
    ];
    assert_eq!(stand.bodies(), wanted.map(|rest| format!("key=plain-canary&{rest}")));
    for heard in stand.heard() {
        assert!(heard.head.starts_with("post /api/v2 http/1.1\r\n"), "{heard:?}");
        assert!(heard.head.contains("\r\ncontent-type: application/x-www-form-urlencoded\r\n"), "{heard:?}");
        assert!(heard.head.contains("\r\nuser-agent: viralcore/"), "{heard:?}");
        for none in ["canary", "cookie", "authorization", "correlation", "expect:"] {
            assert!(!heard.head.contains(none), "{none}: {heard:?}");
        }
    }
}

#[tokio::test]
async fn what_could_not_be_right_is_refused_before_it_leaves() {
    let stand = Stand::always(full(200, r#"{"order":1}"#)).await;
    let smm = smm(5_000);
    let with = |fields| NewOrder { service: own("1"), fields };
    let default =
        |link: &str, quantity, runs, interval| with(Fields::Default { link: own(link), quantity, runs, interval });
    let subscription = |min, max, delay, expiry: Option<&str>| {
        let (username, expiry) = (own("ada"), expiry.map(own));
        with(Fields::Subscriptions { username, min, max, posts: None, old_posts: None, delay, expiry })
    };
    let traffic = |kind| {
        with(Fields::WebTraffic {
            link: own("x"),
            quantity: 1,
            country: own("US"),
            device: 1,
            type_of_traffic: kind,
            google_keyword: None,
            referring_url: None,
        })
    };
    for bad in [
        default(" ", 1, None, None),
        default("x", 0, None, None),
        default("x", -5, None, None),
        default("x", 1, Some(0), Some(5)),
        default("x", 1, Some(5), None),
        default("x", 1, None, Some(5)),
        with(Fields::CustomComments { link: own("x"), comments: list(&["", " \n "]), send_quantity: true }),
        with(Fields::Mentions { link: own("x"), quantity: 1, usernames: Vec::new() }),
        with(Fields::Poll { link: own("x"), quantity: 1, answer_number: own("") }),
        subscription(0, 5, 0, None),
        subscription(6, 5, 0, None),
        subscription(1, 5, 7, None),
        subscription(1, 5, -5, None),
        subscription(1, 5, 330, None),
        subscription(1, 5, 0, Some("2026-12-31")),
        subscription(1, 5, 0, Some("31/13/2026")),
        subscription(1, 5, 0, Some("1/1/2026")),
        traffic(1),
        traffic(2),
        traffic(0),
        NewOrder { service: own("1,2"), ..order() },
        NewOrder { service: own(""), ..order() },
        NewOrder { service: own("<b>"), ..order() },
    ] {
        let (outcome, exchange) = smm.add(&stand.panel, &bad, "c-1").await;
        assert!(matches!(&outcome, Outcome::NotSent(LocalReason::Refused(_))), "{bad:?}: {outcome:?}");
        assert_eq!((exchange.status, exchange.latency_ms, exchange.operation), (None, 0, "add"));
    }
    for delay in [0, 5, 10, 15, 30, 60, 90, 120, 150, 300, 360, 420, 480, 540, 600] {
        assert_eq!(smm.add(&stand.panel, &subscription(1, 5, delay, None), "c").await.0.word(), "accepted", "{delay}");
    }
    let before = stand.bodies().len();
    for (key, url) in [
        ("", stand.panel.url.as_str()),
        ("a key", stand.panel.url.as_str()),
        ("a&b=c", stand.panel.url.as_str()),
        ("plain-canary", "not a url"),
        ("plain-canary", "ftp://127.0.0.1/"),
    ] {
        let panel = Panel { key: Secret::new(key), url: own(url), ..stand.panel.clone() };
        assert_eq!(smm.add(&panel, &order(), "c-1").await.0.word(), "not_sent", "{key} {url}");
        assert!(matches!(smm.balance(&panel, "c-1").await.0, Err(ReadError::NotSent(LocalReason::Refused(_)))));
    }
    for id in ["", "1,2", " 1", "<b>", "%31", "é", &"9".repeat(65)] {
        let id = list(&[id]);
        assert_eq!(smm.cancel(&stand.panel, &id, "c").await.1[&id[0]].word(), "not_sent", "{id:?}");
        assert!(matches!(smm.status(&stand.panel, &id, "c").await.1[&id[0]], Err(ItemError::Unavailable(_))));
    }
    assert_eq!(stand.bodies().len(), before);
}
