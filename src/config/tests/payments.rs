//! Deposit addresses, endpoints, prices and invoices: their mistakes, their variables, and what is off.

use super::{LIVE, lines, with};
use domain::chain::{Address, Chain};
use domain::quote::Tolerance;
use std::time::Duration;

const BSC: &str = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";
const TRON: &str = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";

#[test]
fn each_mistake_of_payments_has_its_rule() {
    let urls = "must be a list of URLs such as \"https://host/path\", without login, query or fragment";
    let dust = "must be a plain amount in quotes from \"0\" to \"1\", with at most 6 decimals";
    for (toml, expected) in [
        (
            format!("[chains.bsc]\ndeposit_address = \"{}\"", BSC.replace("BeAed", "Beaed")),
            "chains.bsc.deposit_address = \"0x5a[redacted]\": has a wrong checksum: a letter \
             or its case is not as it should be"
                .to_owned(),
        ),
        (
            format!("[chains.bsc]\ndeposit_address = \"{TRON}\""),
            "chains.bsc.deposit_address = \"TR7N[redacted]\": is an address of Tron, not of BNB Smart Chain".to_owned(),
        ),
        (
            "[chains.solana]\ndeposit_address = \"ours\"".to_owned(),
            "chains.solana.deposit_address = \"ours\": must be an address of Solana".to_owned(),
        ),
        (
            format!("[chains.tron]\ndeposit_address = \"{}\"", TRON.replace("Lj6t", "Lj6u")),
            "chains.tron.deposit_address = \"TR7N[redacted]\": has a wrong checksum: a letter or its \
             case is not as it should be"
                .to_owned(),
        ),
        (
            "[chains.bsc]\nrpc_urls = [\"https://a.example\", \"ftp://b\"]".to_owned(),
            format!("chains.bsc.rpc_urls = [\"https://a.example\", \"ftp://b\"]: {urls}"),
        ),
        (
            "[chains.solana]\nrpc_urls = \"https://a.example/?api-key=5\"".to_owned(),
            format!("chains.solana.rpc_urls = \"https://a.example/?api-key=5\": {urls}"),
        ),
        (
            "[chains.tron]\nbase_url = [\"https://a.example\", \"https://a.example/\"]".to_owned(),
            "chains.tron.base_url = [\"https://a.example\", \"https://a.example/\"]: must name a URL once".to_owned(),
        ),
        (
            "[chains.tron]\napi_key = \"canary-canary\"".to_owned(),
            "chains.tron.api_key = [redacted]: is a secret: set TRX_GRID_API_KEY, or name a file in \
             chains.tron.api_key_file"
                .to_owned(),
        ),
        ("[prices]\nmax_age = \"6m\"".to_owned(), "prices.max_age = \"6m\": must be from 10s to 5m".to_owned()),
        ("[prices]\nstop_bps = 2001".to_owned(), "prices.stop_bps = 2001: must be from 1 to 2000".to_owned()),
        ("[prices]\nwarn_bps = 501".to_owned(), "prices.warn_bps = 501: must not be above prices.stop_bps".to_owned()),
        ("[prices]\nrefresh = \"5m\"".to_owned(), "prices.refresh = \"5m\": must be below prices.max_age".to_owned()),
        ("[payments]\nwindow = \"30s\"".to_owned(), "payments.window = \"30s\": must be from 1m to 24h".to_owned()),
        (
            "[payments]\nnative_tolerance_bps = 501".to_owned(),
            "payments.native_tolerance_bps = 501: must be from 0 to 500".to_owned(),
        ),
        ("[payments]\nstable_dust = \"1.1\"".to_owned(), format!("payments.stable_dust = \"1.1\": {dust}")),
        ("[payments]\nstable_dust = \"-0.1\"".to_owned(), format!("payments.stable_dust = \"-0.1\": {dust}")),
        ("[payments]\nstable_dust = \"1e-2\"".to_owned(), format!("payments.stable_dust = \"1e-2\": {dust}")),
        ("[payments]\nhash_tries = 0".to_owned(), "payments.hash_tries = [redacted]: must be from 1 to 20".to_owned()),
        ("[payments]\nngn_spread = \"-1\"".to_owned(), "payments.ngn_spread = \"-1\": must not be below 0".to_owned()),
        (
            "[payments]\nmax_topup = \"0.50\"".to_owned(),
            "payments.max_topup = \"0.50\": must not be below payments.min_topup".to_owned(),
        ),
        (
            "[payments]\nmax_open_invoices = 101".to_owned(),
            "payments.max_open_invoices = 101: must be at most 100".to_owned(),
        ),
    ] {
        assert_eq!(lines(with(&toml, &[])), [format!("config.toml: {expected}")], "{toml}");
    }
    let insecure = format!("{LIVE}[chains.bsc]\nrpc_urls = [\"http://a.example\"]");
    assert_eq!(
        lines(with(&insecure, &[])),
        ["config.toml: chains.bsc.rpc_urls = [\"http://a.example\"]: must begin with https:// outside SANDBOX"]
    );
}

#[test]
fn a_chain_is_on_by_its_deposit_address() {
    let config = with(LIVE, &[("BSC_DEPOSIT_ADDRESS", BSC), ("TRX_DEPOSIT_ADDRESS", TRON)]).unwrap();
    let chains = &config.settings.chains;
    assert_eq!(chains.deposit(Chain::Bsc), Some(&Address::parse(Chain::Bsc, BSC).unwrap()));
    assert_eq!(chains.assets().count(), 4);
    assert_eq!((chains.deposit(Chain::Solana), chains.deposit(Chain::Aptos)), (None, None));
    let off: Vec<&String> = config.warnings.iter().filter(|warning| warning.contains(" is off, ")).collect();
    assert_eq!(
        off,
        [
            "SOL_DEPOSIT_ADDRESS is not set: Solana is off, nothing is paid with SOL and USDT",
            "APTOS_DEPOSIT_ADDRESS is not set: Aptos is off, nothing is paid with APT and USDT",
        ]
    );
    let alone: Vec<&String> = config.warnings.iter().filter(|warning| warning.contains("one host")).collect();
    assert!(alone.is_empty(), "{alone:?}");
    let keyed = with(LIVE, &[("TRX_DEPOSIT_ADDRESS", TRON), ("TRX_GRID_API_KEY", "grid-canary")]).unwrap();
    let words =
        "Tron is asked about at one host: payments from USD 500.00 on, which two must confirm, wait for a person";
    assert!(keyed.warnings.iter().any(|warning| warning == words), "{:?}", keyed.warnings);
    // In SANDBOX every chain is on, at made-up addresses or at ours.
    let sandbox = with("", &[("TRX_DEPOSIT_ADDRESS", TRON)]).unwrap();
    assert_eq!(sandbox.settings.chains.assets().count(), 8);
    assert_eq!(sandbox.settings.chains.deposit(Chain::Tron).map(Address::shown), Some(TRON.to_owned()));
}

#[test]
fn endpoints_have_their_keys_from_the_environment_and_none_is_shown() {
    let config = with(
        "[chains.bsc]\nrpc_urls = [\"https://bsc.example/v1/0123456789abcdefcanary\", \"https://b.example/short\"]",
        &[
            ("HELIUS_API_KEY", "helius-canary"),
            ("TRX_GRID_API_KEY", "grid-canary"),
            ("VIRALCORE__CHAINS__APTOS__BASE_URL", "http://127.0.0.1:9/v1, http://127.0.0.1:8/v1"),
            ("VIRALCORE__PRICES__COINGECKO_KEY", "CG-canary"),
        ],
    )
    .unwrap();
    assert_eq!(config.chains[&Chain::Bsc].urls[0], "https://bsc.example/v1/0123456789abcdefcanary");
    assert_eq!(config.chains[&Chain::Aptos].urls.len(), 2);
    assert_eq!(config.chains[&Chain::Solana].key.as_ref().unwrap().expose(), "helius-canary");
    for shown in [config.to_text(), config.to_json().to_string(), format!("{:?}", config.prices)] {
        assert!(!shown.contains("canary"), "{shown}");
    }
    assert!(config.to_text().contains("https://bsc.example/v1/[redacted]"), "{}", config.to_text());
    assert!(config.secrets().iter().any(|secret| secret.expose() == "0123456789abcdefcanary"));
    assert_eq!(config.secrets().len(), 4);
    assert_eq!(
        config.warnings,
        [
            "prices.coingecko_key is set and not used: SANDBOX talks to its own stand-in",
            "HELIUS_API_KEY is set and not used: SANDBOX talks to its own stand-in",
            "TRX_GRID_API_KEY is set and not used: SANDBOX talks to its own stand-in",
        ]
    );
}

#[test]
fn only_our_own_waits_are_scaled_and_the_share_of_referrers_is_one() {
    let config = with("[timing]\nscale = \"0.01\"\n[bot]\naffiliate_percent = 7", &[]).unwrap();
    let settings = &config.settings;
    assert_eq!(settings.payments.window, Duration::from_secs(1_200), "what was agreed with users is not a wait");
    assert_eq!(
        (settings.payments.bank_window, settings.prices.max_age),
        (Duration::from_secs(3_600), Duration::from_secs(300),)
    );
    assert_eq!(
        (settings.payments.check_every, settings.prices.refresh),
        (Duration::from_millis(200), Duration::from_millis(600),)
    );
    assert_eq!(settings.affiliate_bps(), 700);
    let exact = with("[payments]\nstable_dust = \"0\"\nnative_tolerance_bps = 0", &[]).unwrap().settings.payments;
    let tolerance = |asset| exact.tolerance(asset);
    assert_eq!(tolerance(domain::chain::Asset::UsdtBsc), Tolerance::Dust { units: 0 });
    assert_eq!(tolerance(domain::chain::Asset::Bnb), Tolerance::Share { bps: 0 });
}
