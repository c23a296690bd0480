//! Boost orders and providers: their mistakes in words, the variables of old, and what SANDBOX changes.

use super::{LIVE, lines, with};
use domain::boost::Platform;
use domain::smm::Adapter;
use std::time::Duration;

const PLAN: &str = "[[boosts.plans]]\ncode = \"t9\"\nplatform = \"x\"\nviews = 500\nprice = \"0.25\"\n";
const PANEL: &str = "[[smm_providers]]\nname = \"other\"\nurl = \"https://panel.example.com/api/v2\"\n";

#[test]
fn each_mistake_has_its_place_key_value_and_rule() {
    for (toml, expected) in [
        ("[boosts]\nschedule = \"thirds\"", "boosts.schedule = \"thirds\": must be halves or batches"),
        ("[boosts]\npolicy = \"dearest\"", "boosts.policy = \"dearest\": must be priority, cheapest or balanced"),
        ("[boosts]\nshortfall = \"forget\"", "boosts.shortfall = \"forget\": must be top_up, refund or keep"),
        ("[boosts]\nplugsmms_adapter = \"new\"", "boosts.plugsmms_adapter = \"new\": must be current or legacy"),
        ("[boosts]\ntop_ups = -1", "boosts.top_ups = -1: must be from 0 to 20"),
        ("[boosts]\nconcurrency = 0", "boosts.concurrency = 0: must be from 1 to 1000"),
        ("[boosts]\nsync_guard_percent = 0", "boosts.sync_guard_percent = 0: must be from 1 to 100"),
        ("[boosts]\nactive_give_up = \"1m\"", "boosts.active_give_up = \"1m\": must not be below boosts.active_wait"),
        ("[timing]\nadd_total = \"5s\"", "timing.add_total = \"5s\": must be above timing.connect"),
        ("[timing]\nservices_total = \"1s\"", "timing.services_total = \"1s\": must be above timing.connect"),
        ("[boosts.breaker]\nconsecutive = 0", "boosts.breaker.consecutive = 0: must be 1 to 1000"),
        ("[boosts.breaker]\nfailure_percent = 101", "boosts.breaker.failure_percent = 101: must be 1 to 100"),
        ("[boosts.breaker]\nopen_for = \"100ms\"", "boosts.breaker.open_for = \"100ms\": must be a second to an hour"),
        (
            "[boosts.breaker]\nopen_max = \"30s\"",
            "boosts.breaker.open_max = \"30s\": must be boosts.breaker.open_for to a day",
        ),
        (
            "[boosts.breaker]\nconsecutiv = 3",
            "boosts.breaker.consecutiv = 3: unknown key; did you mean boosts.breaker.consecutive?",
        ),
        ("[boosts]\nplans = 3", "boosts.plans = 3: must be tables, each under [[boosts.plans]]"),
        ("smm_providers = 3", "smm_providers = 3: must be tables, each under [[smm_providers]]"),
    ] {
        assert_eq!(lines(with(toml, &[])), [format!("config.toml: {expected}")], "{toml}");
    }
}

#[test]
fn plans_are_checked() {
    for (toml, expected) in [
        (PLAN.replace("t9", "T 9"), "boosts.plans.0.code = \"T 9\": must be 1 to 12 of a-z, 0-9 and _"),
        (PLAN.replace("\"x\"", "\"y\""), "boosts.plans.0.platform = \"y\": must be x or telegram"),
        (PLAN.replace("500", "-1"), "boosts.plans.0.views = -1: must be from 0 to 10000000"),
        (
            PLAN.replace("500", "0"),
            "boosts.plans.0.code = \"t9\": orders nothing: give it views, likes, comments or reposts",
        ),
        (PLAN.replace("0.25", "0"), "boosts.plans.0.price = \"0\": must be above 0"),
        (PLAN.replace("price = \"0.25\"\n", ""), "boosts.plans.0.price: is required"),
        (format!("{PLAN}{PLAN}"), "boosts.plans.1.code = \"t9\": must be unique"),
        (format!("{PLAN}shares = 1"), "boosts.plans.0.shares = 1: unknown key"),
    ] {
        assert_eq!(lines(with(&toml, &[])), [format!("config.toml: {expected}")], "{toml}");
    }
    let plans = with(PLAN, &[]).unwrap().settings.boosts.plans;
    assert_eq!((plans.len(), plans[0].targets.views, plans[0].platform), (1, 500, Platform::X));
}

#[test]
fn providers_are_checked() {
    let live = |more: &str| format!("{LIVE}{PANEL}{more}");
    for (toml, expected) in [
        ("[[smm_providers]]\nurl = \"\"".to_owned(), "smm_providers.0.name: is required"),
        (
            "[[smm_providers]]\nname = \"A B\"".to_owned(),
            "smm_providers.0.name = \"A B\": must be 1 to 32 of a-z, 0-9, _ and -",
        ),
        (
            "[[smm_providers]]\nname = \"flutterwave\"".to_owned(),
            "smm_providers.0.name = \"flutterwave\": cannot be used: the variable of its key is another's",
        ),
        (
            "[[smm_providers]]\nname = \"plugsmms\"\n[[smm_providers]]\nname = \"plugsmms\"".to_owned(),
            "smm_providers.1.name = \"plugsmms\": must be unique",
        ),
        (
            PANEL.to_owned(),
            "smm_providers.0.url = \"https://panel.example.com/api/v2\": must be on this machine in SANDBOX: set \
             sandbox.enabled = false for real providers",
        ),
        (
            live("").replace("https://", "http://"),
            "smm_providers.0.url = \"http://panel.example.com/api/v2\": cannot be used: the URL must begin with https://",
        ),
        (
            live("").replace("panel.example.com", "10.0.0.7"),
            "smm_providers.0.url = \"https://10.0.0.7/api/v2\": cannot be used: the URL must name a public host",
        ),
        (
            format!("{LIVE}[[smm_providers]]\nname = \"other\""),
            "smm_providers.0.url = \"\": is required: only the address of a known provider is known",
        ),
        (
            live("key = \"canary-canary\""),
            "smm_providers.0.key = [redacted]: is a secret: set OTHER_API_KEY, or name a file in smm_providers.0.key_file",
        ),
        (live("priority = 0"), "smm_providers.0.priority = 0: must be from 1 to 1000"),
        (live("currency = \"usd\""), "smm_providers.0.currency = \"usd\": must be a currency's code such as USD"),
        (
            live("low_balance = \"-1\""),
            "smm_providers.0.low_balance = \"-1\": must be a plain amount in the provider's currency, such as \"5\"",
        ),
        (
            live("services = [\"x_wishes=5\"]"),
            "smm_providers.0.services = [\"x_wishes=5\"]: must be a list such as [\"x_views=8381\"]: our service, the \
             provider's id of it",
        ),
        (
            live("services = [\"x_views=5\", \"x_views=6\"]"),
            "smm_providers.0.services = [\"x_views=5\", \"x_views=6\"]: must name a service of ours once",
        ),
    ] {
        assert_eq!(lines(with(&toml, &[])), [format!("config.toml: {expected}")], "{toml}");
    }
    let twice = with(
        &live("[[smm_providers]]\nname = \"other\"\nurl = \"\""),
        &[("OTHER_API_KEY", "canary"), ("OTHER_API_KEY_FILE", "/nowhere")],
    );
    assert_eq!(lines(twice).len(), 3, "the second name and both files");
}

#[test]
fn a_provider_has_its_key_from_the_variable_of_its_name() {
    let key = |toml: &str, variables: &[(&str, &str)], at: usize| {
        let seeds = with(toml, variables).unwrap().settings.smm_providers;
        seeds[at].key.as_ref().map(|key| key.expose().to_owned())
    };
    let live = format!("{LIVE}{PANEL}[[smm_providers]]\nname = \"two-words\"\nurl = \"https://b.example.com\"");
    let variables =
        [("OTHER_API_KEY", "canary-1"), ("TWO_WORDS_API_KEY", "canary-2"), ("SMMSTONE_API_KEY", "canary-3")];
    assert_eq!(key(&live, &variables, 0).as_deref(), Some("canary-1"));
    assert_eq!(key(&live, &variables, 1).as_deref(), Some("canary-2"));
    assert_eq!(key(LIVE, &variables, 2).as_deref(), Some("canary-3"), "the presets stand without a table");
    let config = with(&live, &variables).unwrap();
    assert_eq!(config.secrets().len(), 2);
    for shown in [config.to_text(), config.to_json().to_string(), format!("{:?}", config.settings)] {
        assert!(!shown.contains("canary"), "{shown}");
    }
    assert!(config.to_text().contains("\n[smm_providers.1]\n"), "{}", config.to_text());
    assert_eq!(config.entries["smm_providers.1.key"].origin.to_string(), "TWO_WORDS_API_KEY");
}

#[test]
fn the_variables_of_old_choose_adapter_and_tracking() {
    let boosts = |variables: &[(&str, &str)]| {
        let boosts = with("", variables).unwrap().settings.boosts;
        (boosts.plugsmms_adapter, boosts.plugsmms_tracking)
    };
    assert_eq!(boosts(&[]), (Adapter::Current, true));
    for (text, adapter) in [
        ("true", Adapter::Current),
        (" TRUE ", Adapter::Current),
        ("false", Adapter::Legacy),
        ("1", Adapter::Legacy),
        ("yes", Adapter::Legacy),
        ("", Adapter::Current),
    ] {
        assert_eq!(boosts(&[("PLUGSMM_USE_NEW_API", text)]).0, adapter, "{text:?}");
    }
    assert!(!boosts(&[("PLUGSMM_ENABLE_ORDER_TRACKING", "false")]).1);
    assert_eq!(
        lines(with("", &[("PLUGSMM_ENABLE_ORDER_TRACKING", "perhaps")])),
        ["PLUGSMM_ENABLE_ORDER_TRACKING: boosts.plugsmms_tracking = \"perhaps\": must be true or false"]
    );
}

#[test]
fn in_sandbox_providers_without_an_address_are_stand_ins() {
    let config =
        with("", &[("SMMFLARE_API_KEY", "canary-1"), ("VIRALCORE__SMM_PROVIDERS__1__URL", "http://127.0.0.1:9/")])
            .unwrap();
    assert_eq!(config.unplaced_providers, ["smmflare", "smmstone"]);
    assert_eq!(config.settings.smm_providers[1].url, "http://127.0.0.1:9");
    assert_eq!(config.warnings, ["SMMFLARE_API_KEY is set and not used: SANDBOX talks to its own stand-in"]);
    assert!(with("smm_providers = []", &[]).unwrap().settings.smm_providers.is_empty());
    // The demo takes stand-ins even where the configuration names real ones.
    let leaves = super::read_toml("config.toml", &format!("{PANEL}[[smm_providers]]\nname = \"smmflare\"")).unwrap();
    let ask = super::Ask { stand_ins: true, ..super::Ask::default() };
    assert_eq!(super::check("config.toml", leaves, &ask).unwrap().unplaced_providers, ["other", "smmflare"]);
}

#[test]
fn waits_of_boosts_are_scaled_and_breakers_stay_workable() {
    let scaled = with("[timing]\nscale = \"0.001\"", &[]).unwrap().settings.boosts;
    assert_eq!((scaled.interval, scaled.active_wait), (Duration::from_millis(1_800), Duration::from_millis(600)));
    assert_eq!((scaled.track, scaled.add_total), (Duration::from_millis(60), Duration::from_millis(30)));
    assert_eq!(scaled.breaker.open_for, Duration::from_secs(1));
    assert_eq!(scaled.breaker.check(), Ok(()));
    let by_hand = with("[timing]\nscale = \"0.001\"\nsync = \"0s\"", &[]).unwrap().settings.boosts;
    assert!(by_hand.sync.is_zero(), "only by hand stays only by hand");
}
