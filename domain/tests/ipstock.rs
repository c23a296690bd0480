//! What a sync changes, which package an order gets, and the law that both serve: whatever the list looks like, the
//! package that is delivered is the one that was ordered.

use domain::ItemId;
use domain::ipstock::{Guarded, Item, Package, PackageKey, Unavailable, choose, deduplicated, diff};
use domain::vps::{Assigned, Pool, assigned};
use std::net::Ipv4Addr;

fn key(pid: &str, name: &str) -> PackageKey {
    PackageKey::new(pid, name)
}

fn package(pid: &str, name: &str, free: i64, status: &str) -> Package {
    Package { key: key(pid, name), free, status: status.to_owned() }
}

fn item(id: i64, of: &Package, missing: bool) -> Item {
    Item {
        id: ItemId::new(id),
        key: of.key.clone(),
        available: of.available() && !missing,
        status: of.status.clone(),
        quantity: if missing { 0 } else { of.free },
        missing,
    }
}

#[test]
fn the_package_of_an_order_is_chosen_by_id_and_name_as_strings() {
    let list = [
        package("5", "103.82.7", 9, "active"),
        package("5", "103.82.72", 9, "active"),
        package("123", "103.195.160.2", 50, "Active"),
        package("124", "103.195.160.2", 50, "active"),
        package("7", "10.1.1", 0, "active"),
        package("8", "10.1.2", 4, "suspended"),
        package("9", "10.1.3", 0, "suspended"),
        package("10", "10.1.4", 3, "active"),
        package("10", "10.1.4", 0, "suspended"),
    ];
    let gone = |pid: &str, name: &str| Unavailable::Gone(key(pid, name));
    for (ordered, expected) in [
        (key("123", "103.195.160.2"), Ok(2)),
        (key("124", "103.195.160.2"), Ok(3)),
        (key("5", "103.82.72"), Ok(1)),
        (key("5", "103.82.7"), Ok(0)),
        (key("10", "10.1.4"), Ok(7)),
        (key("125", "103.195.160.2"), Err(gone("125", "103.195.160.2"))),
        (key("5", "103.82"), Err(gone("5", "103.82"))),
        (key("05", "103.82.7"), Err(gone("05", "103.82.7"))),
        (key("5", "103.82.7 "), Err(gone("5", "103.82.7 "))),
        (key("7", "10.1.1"), Err(Unavailable::Dry { key: key("7", "10.1.1"), free: 0 })),
        (key("8", "10.1.2"), Err(Unavailable::Inactive { key: key("8", "10.1.2"), status: "suspended".to_owned() })),
        (key("9", "10.1.3"), Err(Unavailable::Inactive { key: key("9", "10.1.3"), status: "suspended".to_owned() })),
    ] {
        assert_eq!(choose(&list, &ordered), expected.map(|at: usize| &list[at]), "{ordered}");
    }
}

#[test]
fn refusals_are_the_sentences_of_the_document() {
    let key = || key("123", "103.195.160.2");
    for (why, text) in [
        (
            Unavailable::Gone(key()),
            "Package (PID: 123, Name: 103.195.160.2) no longer available in SmartVPS API. Customer ordered product that \
             is now unavailable.",
        ),
        (
            Unavailable::Dry { key: key(), free: 0 },
            "Package \"103.195.160.2\" (PID: 123) has no available IPs. IPv4 count: 0",
        ),
        (
            Unavailable::Inactive { key: key(), status: "suspended".to_owned() },
            "Package \"103.195.160.2\" (PID: 123) is not active. Status: suspended",
        ),
    ] {
        assert_eq!(why.to_string(), text);
    }
}

#[test]
fn every_package_and_every_lost_item_has_one_change() {
    let before = [
        package("1", "10.0.1", 5, "active"),
        package("2", "10.0.2", 0, "active"),
        package("3", "10.0.3", 5, "active"),
        package("4", "10.0.4", 5, "active"),
        package("5", "10.0.5", 0, "active"),
        package("6", "10.0.6", 5, "active"),
        package("7", "10.0.7", 5, "active"),
    ];
    let mut items: Vec<Item> = before.iter().zip(1..).map(|(package, id)| item(id, package, false)).collect();
    // Gone for long: it neither counts as lost again nor stays gone when it is back.
    items.push(item(8, &package("8", "10.0.8", 5, "active"), true));
    items.push(item(9, &package("9", "10.0.9", 5, "active"), true));
    let now = [
        package("1", "10.0.1", 5, "active"),
        package("2", "10.0.2", 3, "active"),
        package("3", "10.0.3", 0, "active"),
        package("6", "10.0.6", 5, "suspended"),
        package("7", "10.0.7", 4, "active"),
        package("8", "10.0.8", 2, "active"),
        package("8", "10.0.8", 0, "active"),
        package("4", "10.0.44", 5, "active"),
    ];
    let diff = diff(&items, &now, Some(50)).unwrap();
    let brief: Vec<_> = diff
        .changes
        .iter()
        .map(|change| (change.package.key.pid.as_str(), change.action(), change.differs()))
        .collect();
    assert_eq!(
        brief,
        [
            ("1", "updated", false),
            ("2", "re-enabled", true),
            ("3", "status-changed", true),
            ("6", "status-changed", true),
            ("7", "updated", true),
            ("8", "re-enabled", true),
            ("4", "created", true),
        ]
    );
    let ids = |items: Vec<&Item>| items.iter().map(|item| item.id.get()).collect::<Vec<_>>();
    assert_eq!(ids(diff.gone.clone()), [4, 5]);
    assert_eq!(ids(diff.disabled().collect()), [4], "what could not be bought before is not disabled");
    let renames = diff.renames();
    assert_eq!(renames.len(), 1);
    assert_eq!((renames[0].from.id.get(), renames[0].to.key.name.as_str()), (4, "10.0.44"));
    assert_eq!((diff.count("created"), diff.count("re-enabled")), (1, 2));
}

#[test]
fn an_answer_that_lacks_too_much_is_not_believed() {
    let packages: Vec<Package> = (0..10).map(|n| package(&n.to_string(), &format!("10.0.{n}"), 5, "active")).collect();
    let items: Vec<Item> = packages.iter().zip(1..).map(|(package, id)| item(id, package, false)).collect();
    let verdict = |read: usize, guard| diff(&items, &packages[..read], guard).map(|diff| diff.gone.len());
    assert_eq!(verdict(10, Some(50)), Ok(0));
    assert_eq!(verdict(5, Some(50)), Ok(5), "half is allowed, more is not");
    assert_eq!(verdict(4, Some(50)), Err(Guarded::Vanished { known: 10, missing: 6, read: 4 }));
    assert_eq!(verdict(0, Some(50)), Err(Guarded::Empty { known: 10 }));
    assert_eq!(verdict(0, Some(100)), Err(Guarded::Empty { known: 10 }), "an empty answer always is doubted");
    assert_eq!(verdict(0, None), Ok(10), "an operator said that they are gone");
    assert_eq!(verdict(4, None), Ok(6));
    // New ones do not make up for lost ones.
    let others: Vec<Package> = (20..40).map(|n| package(&n.to_string(), &format!("10.0.{n}"), 5, "active")).collect();
    assert!(diff(&items, &others, Some(50)).is_err());
    assert_eq!(diff(&[], &others, Some(50)).map(|diff| diff.changes.len()), Ok(20));
}

#[test]
fn names_that_read_alike_as_text_are_different_packages() {
    let list = [package("1", "2::3", 1, "active"), package("1::2", "3", 1, "active")];
    assert_eq!(deduplicated(&list).len(), 2);
    assert!(list.iter().all(|package| choose(&list, &package.key) == Ok(package)));
}

/// xorshift64*: the same worlds in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % n
    }

    fn one_of<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }
}

/// Names that are each other's prefixes, suffixes and neighbours.
const NAMES: [&str; 12] = [
    "103.82.7",
    "103.82.72",
    "103.82.72.116",
    "103.8.27",
    "103.82",
    "103.82.7x",
    "103.82.70",
    "03.82.7",
    "103.195.160.2",
    "103.195.160",
    "103.195.160.20",
    "103.195.16",
];
const PIDS: [&str; 6] = ["1", "12", "123", "01", "5", "103.82.7"];

/// What the provider sells for a name: an address that the name covers, written down here a second time and differently.
fn sell(dice: &mut Dice, name: &str) -> Ipv4Addr {
    let mut parts: Vec<String> = name.split('.').map(str::to_owned).collect();
    while parts.len() < 4 {
        parts.push(dice.below(256).to_string());
    }
    let parts: Vec<String> = parts.iter().map(|part| part.replace('x', &dice.below(10).to_string())).collect();
    parts.join(".").trim_start_matches('0').parse().expect("made of numbers below 256")
}

/// True when a name covers an address, by comparing texts cell by cell.
fn covers(name: &str, ip: Ipv4Addr) -> bool {
    let ip = ip.to_string();
    let cells: Vec<&str> = ip.split('.').collect();
    name.split('.')
        .zip(cells)
        .all(|(part, cell)| part.len() == cell.len() && part.chars().zip(cell.chars()).all(|(p, c)| p == c || p == 'x'))
}

/// Packages of a random list; some are duplicates, dry, suspended or share an id or a name.
fn catalogue(dice: &mut Dice) -> Vec<Package> {
    let status = ["active", "active", "ACTIVE", "suspended", ""];
    (0..dice.below(10))
        .map(|_| package(dice.one_of(&PIDS), dice.one_of(&NAMES), dice.below(4) as i64 - 1, dice.one_of(&status)))
        .collect()
}

/// 100 000 lists and orders against a provider that takes a name, sells from whatever is in the list under it, and,
/// where that is dry, silently from a neighbour (`smartvps.md` section 9, defect 4).
#[test]
fn the_delivered_package_is_the_ordered_one() {
    let mut dice = Dice(0x5eed_1234_abcd_0001);
    let (mut delivered, mut wrong, mut refused) = (0, 0, 0);
    for run in 0..100_000 {
        let list = catalogue(&mut dice);
        // Something that is in the list, or something that looks like it.
        let ordered = match list.get(dice.below(12) as usize) {
            Some(package) => package.key.clone(),
            None => key(dice.one_of(&PIDS), dice.one_of(&NAMES)),
        };
        // The sync keeps what the list says, whatever was known before.
        let known: Vec<Item> = deduplicated(&catalogue(&mut dice))
            .into_iter()
            .zip(1..)
            .map(|(package, id)| item(id, package, false))
            .collect();
        let synced = diff(&known, &list, None).expect("not guarded");
        for change in &synced.changes {
            assert_eq!(
                list.iter().find(|package| package.key == change.package.key),
                Some(change.package),
                "run {run}"
            );
        }
        let found = choose(&list, &ordered);
        let sold = list.iter().find(|package| package.key.pid == ordered.pid && package.key.name == ordered.name);
        assert_eq!(found.is_ok(), sold.is_some_and(|p| p.free > 0 && p.status.to_lowercase() == "active"), "run {run}");
        let (Ok(chosen), Some(pool)) = (found, Pool::of(&ordered.name)) else {
            refused += 1;
            continue;
        };
        assert_eq!(chosen.key, ordered, "run {run}");
        let dry_by_now = dice.below(3) == 0;
        let from = if dry_by_now { dice.one_of(&NAMES) } else { chosen.key.name.as_str() };
        let ip = sell(&mut dice, from);
        let answer = format!("{{\"IP\":\"{ip}\",\"package\":\"{}\"}}", chosen.key.name);
        let ip_text = ip.to_string();
        assert_eq!(assigned([ip_text.as_str()], &answer), Assigned::One(ip));
        assert_eq!(pool.owns(ip), covers(&ordered.name, ip), "run {run}: {} and {ip}", ordered.name);
        if pool.owns(ip) {
            assert!(covers(&ordered.name, ip), "run {run}: {ip} delivered for {ordered}");
            delivered += 1;
        } else {
            assert!(dry_by_now, "run {run}: {ip} was sold for {ordered}");
            wrong += 1;
        }
    }
    assert!(delivered > 5_000 && wrong > 1_000 && refused > 10_000, "{delivered} {wrong} {refused}");
}
