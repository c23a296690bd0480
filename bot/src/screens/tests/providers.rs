//! Operators' providers: what is shown to whom, and that a change passes its reason, its review and one button.

use super::*;
use crate::model::Look;
use crate::text::providers as words;
use app::command::{ActError, Acted};
use app::panels::ProviderChange;
use app::view::panels::{BreakerView, ProviderDetail, ProviderRow, ProviderStats, ProviderTest};
use domain::breaker::{BreakerState, CallClass, Force};
use domain::operator::{NotAllowed, Role};
use domain::smm::{Adapter, ProviderState};

/// Operators' side of a [`World`].
pub(super) struct Panels {
    role: Role,
    rows: Vec<ProviderRow>,
}

impl Panels {
    pub(super) fn desk(&self, look: Look) -> Desk {
        let row = self.rows.iter().find(|row| Some(row.id) == look.provider);
        let refused = row.is_some() && look.change.is_some() && self.role < Role::Approver;
        Desk { role: self.role, rows: self.rows.clone(), detail: row.map(in_full), refused }
    }
}

fn ago(secs: u64) -> Timestamp {
    Timestamp::from_micros(now().micros() - i64::try_from(secs * 1_000_000).unwrap())
}

fn stats(accepted: i64, of: i64) -> ProviderStats {
    ProviderStats {
        placements: of,
        accepted,
        success_bps: (of > 0).then(|| accepted * 10_000 / of.max(1)),
        p50_ms: (of > 0).then_some(640),
        p95_ms: (of > 0).then_some(1_940),
        errors: vec![("timeout".to_owned(), 2), ("<b>new</b>\u{202e}".to_owned(), 1)],
        ..ProviderStats::default()
    }
}

fn breaker(class: CallClass) -> BreakerView {
    BreakerView {
        class,
        state: BreakerState::Closed,
        forced: None,
        consecutive: 0,
        failures: 0,
        calls: 0,
        opened_at: None,
        next_probe_at: None,
        why: String::new(),
    }
}

fn panel(id: i64, name: &str) -> ProviderRow {
    ProviderRow {
        id,
        version: 4,
        name: name.to_owned(),
        state: "enabled".to_owned(),
        url: "https://panel.example/api/v2".to_owned(),
        has_key: true,
        priority: id,
        weight: 1,
        pinned: false,
        currency: "USD".to_owned(),
        markup_bps: 0,
        adapter: Adapter::Current,
        adapter_chosen: false,
        breakers: [CallClass::Order, CallClass::Status, CallClass::Balance].map(breaker).to_vec(),
        rest: None,
        balance: Some(("412.07".to_owned(), "USD".to_owned())),
        balance_at: Some(ago(180)),
        low_balance: "5".to_owned(),
        balance_low: false,
        queue: 3,
        placed: 40,
        failures_minute: 0,
        last_error: Some(("timeout".to_owned(), ago(300))),
        day: stats(1_209, 1_240),
        failures: Vec::new(),
        latency: Vec::new(),
        rank: id,
    }
}

fn in_full(row: &ProviderRow) -> ProviderDetail {
    ProviderDetail {
        row: row.clone(),
        week: stats(9, 10),
        calls: Vec::new(),
        changes: Vec::new(),
        services: Vec::new(),
        mappings: Vec::new(),
        syncs: Vec::new(),
        limits: (10, 5, 8),
        refusals: Vec::new(),
        breaker_overrides: "{}".to_owned(),
    }
}

/// Three providers, the second of them in trouble.
fn three() -> Vec<ProviderRow> {
    let mut bad = panel(2, "plugsmms");
    bad.breakers[0] = BreakerView {
        state: BreakerState::Open,
        opened_at: Some(ago(65)),
        next_probe_at: Some(now().plus(Duration::from_secs(55))),
        why: "5 calls in a row failed: <i>cloud</i>\nflare".to_owned(),
        ..breaker(CallClass::Order)
    };
    vec![ProviderRow { pinned: true, ..panel(1, "smmflare") }, bad, panel(3, "smmstone")]
}

fn operator(role: Role, rows: Vec<ProviderRow>) -> Phone {
    let world = World { desk: Some(Panels { role, rows }), ..World::default() };
    Phone { world, ..Phone::new(World::default()) }.on(&Event::Providers)
}

impl Phone {
    fn changed(mut self, result: &Result<Acted, ActError>) -> Self {
        let Some(Command::ChangeProvider { draft, .. }) = self.command.take() else { panic!("nothing was confirmed") };
        let model = self.world.model(&provider_needs(draft.provider));
        self.took(changed(&draft, result, &model));
        self
    }

    fn tested(mut self, result: &Result<ProviderTest, ActError>) -> Self {
        let Some(Command::TestProvider { provider, .. }) = self.command.take() else { panic!("nothing was asked") };
        let model = self.world.model(&provider_needs(provider));
        self.took(tested(provider, result, &model));
        self
    }
}

#[test]
fn the_table_says_how_each_provider_does() {
    let phone = operator(Role::Viewer, three());
    let said = phone.says();
    for part in [
        "🟢 smmflare ⭐ active\nenabled · breaker closed\n412.07 USD · 97.5 % of 1,240 · 1.9 s",
        "🔴 plugsmms\nenabled · order breaker open",
        "🟢 smmstone\n",
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    // A phone shows about so many characters in a line.
    assert!(said.lines().all(|line| line.chars().count() <= 44), "{said}");
    assert!(!said.contains("panel.example"));
    assert!(operator(Role::Viewer, Vec::new()).says().contains("There are none yet"));
}

#[test]
fn what_stands_against_a_provider_has_a_mark_and_words() {
    let plain = || panel(1, "smmflare");
    let with = |change: fn(&mut ProviderRow)| {
        let mut row = plain();
        change(&mut row);
        row
    };
    let until = now().plus(Duration::from_secs(600));
    let mut forced = plain();
    forced.breakers[1].forced = Some((Force::Closed, until));
    for (row, words) in [
        (plain(), "🟢 smmflare\nenabled · breaker closed"),
        (with(|row| row.state = "disabled".to_owned()), "⚪ smmflare\ndisabled"),
        (with(|row| row.state = "maintenance".to_owned()), "🟠 smmflare\nmaintenance"),
        (with(|row| row.has_key = false), "🔴 smmflare\nenabled · breaker closed · no key"),
        (with(|row| row.rest = Some(("slow".to_owned(), None))), "🟡 smmflare\nenabled · breaker closed · rests"),
        (with(|row| row.balance_low = true), "412.07 USD low!"),
        (with(|row| row.balance = None), "balance unread"),
        (with(|row| row.day = ProviderStats::default()), "no orders · -"),
        (with(|row| row.breakers[2].state = BreakerState::HalfOpen), "🟡 smmflare\nenabled · balance breaker probing"),
        (forced, "🟡 smmflare\nenabled · status breaker forced closed"),
    ] {
        let phone = operator(Role::Viewer, vec![row]);
        assert!(phone.says().contains(words), "{words} in {}", phone.says());
    }
}

#[test]
fn many_providers_are_turned_by_pages() {
    let rows: Vec<ProviderRow> = (1..=14).map(|n| panel(n, &format!("panel-with-a-long-name-for-{n:02}"))).collect();
    let phone = operator(Role::Admin, rows);
    assert!(phone.has("for-06") && !phone.has("for-07") && !phone.has("Previous"));
    let phone = phone.press("Next").press("Next");
    assert!(phone.has("for-14") && !phone.has("Next"));
    assert!(phone.press("Previous").has("for-07"));
    // A page that is not there any more is the last one.
    let mut fewer = operator(Role::Admin, three());
    fewer.world.desk = Some(Panels { role: Role::Admin, rows: three() });
    assert!(fewer.pressed(Action::Go(Place::Providers(9)), "kb1").has("smmstone"));
}

#[test]
fn a_detail_says_what_is_the_matter_and_cleans_what_others_said() {
    let phone = operator(Role::Admin, three()).press("plugsmms");
    for part in [
        "🔴 plugsmms",
        "enabled · current adapter",
        "order breaker open since 1m, probes in 55s",
        "5 calls in a row failed: <i>cloud</i> flare",
        "status breaker closed",
        "Balance 412.07 USD, read 3m ago",
        "Waiting 3, placed 40",
        "24 h: 97.5 % of 1,240, p50 640 ms, p95 1.9 s",
        "7 days: 90 % of 10",
        "Aims: 95 %, 2.0 s",
        "timeout 2",
        "Last failure: timeout, 5m ago",
    ] {
        assert!(phone.says().contains(part), "{part} in {}", phone.says());
    }
    let source = phone.view.html.as_str();
    assert!(
        source.contains("&lt;i&gt;cloud") && source.contains("&lt;b&gt;new") && !source.contains('\u{202e}'),
        "{source}"
    );
    let mut all = panel(1, &"n".repeat(80));
    let long = "w".repeat(500);
    let wrong = BreakerView {
        state: BreakerState::Open,
        why: long.clone(),
        opened_at: Some(ago(9)),
        ..breaker(CallClass::Order)
    };
    all.breakers = vec![wrong.clone(), wrong.clone(), wrong];
    all.rest = Some((long.clone(), None));
    all.balance = Some((long.clone(), long.clone()));
    all.last_error = Some((long.clone(), ago(9)));
    all.day.errors = vec![(long.clone(), 9); 30];
    // As long as it may be: the phone checks that it fits.
    let phone = operator(Role::Admin, vec![all]).press("nnn").press("Test connection");
    let test = ProviderTest { ok: false, balance: None, latency_ms: 1, text: long };
    assert!(phone.tested(&Ok(test)).says().contains("The test failed: www"));
}

#[test]
fn buttons_are_those_of_the_role() {
    let changes = ["Enable", "Disable", "Maintenance", "Make active", "Unpin"];
    for (role, tests, decides) in
        [(Role::Viewer, false, false), (Role::Operator, true, false), (Role::Approver, true, true)]
    {
        let phone = operator(role, three()).press("smmflare");
        assert_eq!(phone.has("Test connection"), tests);
        let drawn: Vec<&str> = changes.into_iter().filter(|label| phone.has(label)).collect();
        assert_eq!(drawn, if decides { vec!["Disable", "Maintenance", "Unpin"] } else { Vec::new() });
        // A button from the time when the role was larger.
        let change = ProviderChange::State(ProviderState::Disabled);
        let phone = phone.pressed(Action::ChangeProvider { provider: 1, change }, "old");
        assert_eq!(phone.says().starts_with(words::NOT_YOURS), !decides, "{}", phone.says());
        assert_eq!(phone.conversation.step == Step::Menu, !decides);
    }
    let mut off = three();
    off[2].state = "maintenance".to_owned();
    let phone = operator(Role::Admin, off).press("smmstone");
    assert!(phone.has("Enable") && phone.has("Disable") && !phone.has("Maintenance") && phone.has("Make active"));
}

#[test]
fn a_change_takes_a_reason_a_review_and_one_button() {
    let ways: [fn(Phone) -> Phone; 2] =
        [|phone| phone.press("Its orders fail"), |phone| phone.types("  Its orders\nfail ")];
    for way in ways {
        let phone = operator(Role::Approver, three()).press("smmstone").press("Maintenance");
        assert!(phone.says().contains("Why?") && phone.command.is_none(), "{}", phone.says());
        let phone = way(phone);
        for part in ["Maintenance: smmstone", "It is enabled now", "takes no orders for now", "Reason: Its orders fail"]
        {
            assert!(phone.says().contains(part), "{part} in {}", phone.says());
        }
        let again = phone.types("yes");
        assert!(again.says().starts_with(words::USE_BUTTONS) && again.command.is_none());
        let keyboard = again.conversation.keyboard.clone().unwrap();
        let phone = again.press("Confirm");
        let Some(Command::ChangeProvider { keyboard: used, draft }) = &phone.command else { panic!() };
        assert_eq!((used, draft.provider, draft.version, draft.name.as_str()), (&keyboard, 3, 4, "smmstone"));
        assert_eq!(draft.change, ProviderChange::State(ProviderState::Maintenance));
        assert_eq!((draft.reason.as_str(), &phone.conversation), ("Its orders fail", &Conversation::start()));
        let done = Acted { done: "smmstone: enabled -> maintenance".to_owned(), ..Acted::default() };
        let phone = phone.changed(&Ok(done));
        assert!(phone.says().starts_with("✅ smmstone: enabled -> maintenance"), "{}", phone.says());
        // The button again: its step is over.
        let phone = phone.pressed(Action::Confirm, &keyboard);
        assert!(phone.toast.is_some() && phone.command.is_none());
    }
}

#[test]
fn a_review_names_who_is_active_now() {
    let phone = operator(Role::Admin, three()).press("smmstone").press("Make active").press("best price");
    assert!(phone.says().contains("Active now: smmflare.") && phone.says().contains("above every policy"));
    let phone = operator(Role::Admin, three()).press("smmflare").press("Unpin").press("Back to the policy");
    assert!(phone.says().contains("Active now: smmflare.") && phone.says().contains("The policy chooses again"));
    let mut none = three();
    none[0].pinned = false;
    let phone = operator(Role::Admin, none).press("smmstone").press("Make active").press("best price");
    assert!(phone.says().contains("No provider is active now"));
}

#[test]
fn a_change_is_left_at_every_step() {
    let reason = || operator(Role::Admin, three()).press("smmstone").press("Disable");
    let review = || reason().press("No funds there");
    for phone in [reason().press("Back"), review().press("Leave it")] {
        assert!(phone.says().starts_with("🟢 smmstone") && phone.conversation == Conversation::start());
    }
    assert!(review().press("Back").says().contains("Why?"));
    for phone in [reason().on(&Event::Cancel), review().on(&Event::Cancel)] {
        assert!(phone.says().contains("Cancelled") && phone.conversation == Conversation::start());
    }
    assert!(reason().types("  ").says().contains("A reason is needed"));
    // Deleted, or the role taken away, while it is being decided.
    let mut gone = reason();
    gone.world.desk = Some(Panels { role: Role::Admin, rows: Vec::new() });
    assert_eq!(gone.types("why").says(), words::GONE);
    let mut less = reason();
    less.world.desk = Some(Panels { role: Role::Operator, rows: three() });
    let less = less.types("why");
    assert!(less.says().starts_with(words::NOT_YOURS) && less.command.is_none());
}

#[test]
fn every_end_of_an_action_has_words() {
    let confirmed =
        || operator(Role::Admin, three()).press("smmstone").press("Disable").press("No funds").press("Confirm");
    let role = NotAllowed::Role { name: "ada".to_owned(), has: "viewer", needed: "approver" };
    for (why, words) in [
        (ActError::NotAllowed(role), words::NOT_YOURS),
        (ActError::NotFound("provider x".to_owned()), words::GONE),
        (ActError::Changed { state: "disabled".to_owned(), version: 5 }, "❌ It changed while you looked"),
        (ActError::Refused("smmstone is disabled already".to_owned()), "❌ Nothing was done: smmstone is disabled"),
        (ActError::ReasonMissing, "❌ A reason is needed"),
        (ActError::Unreachable("timed out".to_owned()), "❌ It could not be asked: timed out"),
        (ActError::Store(app::StoreError::Busy), "❌ It could not be recorded"),
    ] {
        let phone = confirmed().changed(&Err(why));
        assert!(phone.says().starts_with(words) && phone.has("All providers"), "{}", phone.says());
        assert!(!phone.says().contains("viewer"));
    }
    let twice = confirmed().changed(&Ok(Acted { repeated: true, ..Acted::default() }));
    assert!(twice.says().starts_with("✅ This was done already"));
    let test =
        |ok| ProviderTest { ok, balance: None, latency_ms: 9, text: "answers in 9 ms, balance <1> USD".to_owned() };
    for (ok, words) in [(true, "✅ It answers in 9 ms, balance <1> USD"), (false, "❌ The test failed")] {
        let phone = operator(Role::Operator, three()).press("smmstone").press("Test connection").tested(&Ok(test(ok)));
        assert!(phone.says().starts_with(words), "{}", phone.says());
        assert!(phone.says().contains("smmstone") && phone.has("Test connection"));
    }
}

#[test]
fn who_is_no_operator_meets_nothing() {
    let change = ProviderChange::State(ProviderState::Disabled);
    for event in [
        Event::Providers,
        Event::Press { action: Action::Go(Place::Providers(0)), keyboard: "k".into(), live: false, used: false },
        Event::Press { action: Action::Go(Place::Provider(1)), keyboard: "k".into(), live: false, used: false },
        Event::Press { action: Action::TestProvider(1), keyboard: "k".into(), live: false, used: false },
        Event::Press {
            action: Action::ChangeProvider { provider: 1, change },
            keyboard: "k".into(),
            live: false,
            used: false,
        },
    ] {
        let unknown = Phone::new(World::default()).types("/dance").says();
        let phone = Phone::new(World::default()).on(&event);
        assert_eq!((phone.says(), phone.command.is_none()), (unknown, true), "{event:?}");
        assert!(!phone.has("Providers"));
    }
}

proptest::proptest! {
    #[test] // Whatever is pressed and typed, a provider changes by the button of the review on the screen only.
    fn a_provider_changes_at_one_place(steps in proptest::collection::vec((0_usize..14, 0_usize..6), 1..40)) {
        let mut phone = operator(Role::Admin, three());
        for (press, word) in steps {
            let actions = phone.view.actions();
            let before = phone.conversation.clone();
            phone = match actions.get(press) {
                Some(action) => {
                    let keyboard = format!("kb{}", phone.screens);
                    phone.pressed(action.clone(), &keyboard)
                }
                None => phone.types(["why", "", "/x", "5", "<b>", "x.com/ada/status/1"][word]),
            };
            match phone.command.clone() {
                Some(Command::ChangeProvider { draft, .. }) => {
                    proptest::prop_assert_eq!(actions.get(press), Some(&Action::Confirm));
                    proptest::prop_assert_eq!(&before.step, &Step::ProviderReview(draft));
                    phone = phone.changed(&Ok(Acted::default()));
                }
                Some(Command::TestProvider { .. }) => {
                    proptest::prop_assert!(matches!(actions.get(press), Some(Action::TestProvider(_))));
                    phone = phone.tested(&Err(ActError::ReasonMissing));
                }
                // What operators buy like everybody else is no provider's.
                Some(Command::Spend { what: Spend::Invoice(_), .. }) => {}
                other => proptest::prop_assert!(other.is_none(), "{:?}", other),
            }
        }
    }
}
