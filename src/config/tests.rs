//! A table of mistakes with their exact words, the environment over the file, and what real money asks for.

mod boosts;
mod payments;
mod shipped;

use super::source::{Ask, read_toml};
use super::{Config, Problems, check};
use app::settings::Environment;
use std::time::Duration;

const HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21l$wKUKzNqcYbWvXnKMb6dRW0DYnYXgVXrH4ZcWz0+hIBE";
const LIVE: &str = "[sandbox]\nenabled = false\n";

fn with(toml: &str, variables: &[(&str, &str)]) -> Result<Config, Problems> {
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let leaves = read_toml("config.toml", toml).unwrap();
    check("config.toml", leaves, &Ask { variables, ..Ask::default() })
}

fn lines(result: Result<Config, Problems>) -> Vec<String> {
    result.err().map(|problems| problems.0.iter().map(ToString::to_string).collect()).unwrap_or_default()
}

#[test]
fn each_mistake_has_its_place_key_value_and_rule() {
    for (toml, expected) in [
        ("[withdrawals]\nmin_affiliate = \"-5\"", "withdrawals.min_affiliate = \"-5\": must be above 0"),
        ("[withdrawals]\nmin_affiliate = -5", "withdrawals.min_affiliate = -5: must be above 0"),
        ("[withdrawals]\nfee_reply = \"-1\"", "withdrawals.fee_reply = \"-1\": must not be below 0"),
        (
            "[withdrawals]\nmax_usd = 5.5",
            "withdrawals.max_usd = 5.5: must be a plain amount in quotes, such as \"1.50\"",
        ),
        (
            "[withdrawals]\nmin_reply = \"1.005\"",
            "withdrawals.min_reply = \"1.005\": must have at most 2 decimals in NGN",
        ),
        (
            "[withdrawals]\nmax_usd = \"0.5\"",
            "withdrawals.max_usd = \"0.50\": must not be below withdrawals.min_affiliate",
        ),
        (
            "[withdrawals]\ngrace = 20",
            "withdrawals.grace = 20: must be a duration in quotes, such as \"20s\", \"30m\", \"24h\" or \"7d\"",
        ),
        ("[withdrawals]\nconfirm_within = \"0s\"", "withdrawals.confirm_within = \"0s\": must be above 0"),
        ("[withdrawals]\nper_day = 0", "withdrawals.per_day = 0: must be at least 1"),
        ("[withdrawals]\nper_day = 1.5", "withdrawals.per_day = 1.5: must be a whole number"),
        ("[withdrawals]\nauto_approve = \"perhaps\"", "withdrawals.auto_approve = \"perhaps\": must be true or false"),
        (
            "[withdrawals]\nauto_approve_max = \"301\"",
            "withdrawals.auto_approve_max = \"301.00\": must not be above withdrawals.two_signatures_above",
        ),
        (
            "[withdrawals]\nsolo_delay = \"soon\"",
            "withdrawals.solo_delay = \"soon\": must be \"auto\" or a duration such as \"30m\"",
        ),
        (
            "[withdrawals]\nmin_afiliate = \"1\"",
            "withdrawals.min_afiliate = \"1\": unknown key; did you mean withdrawals.min_affiliate?",
        ),
        ("[nowhere]\nat_all = 1", "nowhere.at_all = 1: unknown key"),
        ("timing = 5", "timing = 5: is a section: write [timing]"),
        ("[rates]\nmin = \"6000\"", "rates.max = \"5000\": must be above rates.min"),
        ("[rates]\nmin = 0", "rates.min = 0: must be a decimal number above 0 in quotes, such as \"1560.25\""),
        ("[limits]\nhttp = \"100\"", "limits.http = \"100\": must be a number in a time, such as \"100/1m\""),
        (
            "[timing]\nconnect = \"1m\"\nread_total = \"2m\"\nadd_total = \"2m\"\nservices_total = \"2m\"\n\
             [smartvps]\ntotal = \"2m\"",
            "timing.transfer_total = \"40s\": must be above timing.connect",
        ),
        ("[ipstock]\nguard_percent = 0", "ipstock.guard_percent = 0: must be from 1 to 100"),
        ("[ipstock]\nstale = \"2m\"", "ipstock.stale = \"2m\": must be above ipstock.sync"),
        (
            "[ipstock]\nprices = [\"8GB\"]",
            "ipstock.prices = [\"8GB\"]: must be a list of sizes with prices in dollars such as \"8GB=12.00\"",
        ),
        (
            "[ipstock]\nprices = [\"big=5\"]",
            "ipstock.prices = [\"big=5\"]: \"big\" is no memory size: write it as 8GB or 512MB",
        ),
        ("[ipstock]\nprices = [\"8GB=5\", \"8GB=6\"]", "ipstock.prices = [\"8GB=5\", \"8GB=6\"]: names 8GB twice"),
        (
            "[ipstock]\ndefault_os = \"beos\"",
            "ipstock.default_os = \"beos\": must be one of 2012, 2016, 2019, 2022, 2025, 11, centos, ubuntu",
        ),
        (
            "[ipstock]\ncost_currency = \"rupees\"",
            "ipstock.cost_currency = \"rupees\": must be three capital letters such as INR",
        ),
        (
            "[ipstock]\nsync_token = \"canary-canary\"",
            "ipstock.sync_token = [redacted]: is a secret: set SVPS_SYNC_TOKEN, or name a file in ipstock.sync_token_file",
        ),
        ("[http]\nbind = \"8080\"", "http.bind = \"8080\": must be an address with a port, such as \"127.0.0.1:8471\""),
        (
            "[http]\nadmin_bind = \"127.0.0.1:8471\"",
            "http.admin_bind = \"127.0.0.1:8471\": must not be that of http.bind",
        ),
        (
            "[notify]\nops_chats = [1, 0]",
            "notify.ops_chats = [1, 0]: must be a list of chat numbers such as -1001234567890",
        ),
        (
            "[console]\ntheme = \"pink\"",
            "console.theme = \"pink\": must be auto, dark, light, 16, contrast, safe or mono",
        ),
        ("[logs]\nmax_bytes = 5", "logs.max_bytes = 5: must be at least 10000"),
        (
            "[logs]\nlevel = \"loud\"",
            "logs.level = \"loud\": must be trace, debug, info, warn, error or off, by module if need be: \"info,app=debug\"",
        ),
        (
            "[store]\nurl = \"mysql://h/d\"",
            "store.url = \"mysql://h/d\": must be sqlite://PATH or postgres://USER@HOST/DATABASE",
        ),
        (
            "[store]\nurl = \"postgres://ada:hidden@h/d\"",
            "store.url = \"postgres://ada@h/d\": holds a password: set VIRALCORE__STORE__URL, or name a file in store.url_file",
        ),
        (
            "[telegram]\napi_url = \"ftp://h\"",
            "telegram.api_url = \"ftp://h\": must be a URL such as \"https://host/path\"",
        ),
        (
            "[telegram]\napi_url = \"https://a:b@h/\"",
            "telegram.api_url = \"https://a@h/\": must have no login, query or fragment",
        ),
        (
            "[telegram]\ntoken = \"1:canary-canary\"",
            "telegram.token = [redacted]: is a secret: set TELEGRAM_BOT_TOKEN, or name a file in telegram.token_file",
        ),
        ("[flutterwave]\nsecret_key = \"canary\"", "flutterwave.secret_key = [redacted]: unknown key"),
        (
            "[vault]\nenvelope_key_file = \"/nowhere\"",
            "vault.envelope_key_file = \"/nowhere\": the file cannot be read: No such file or directory (os error 2)",
        ),
        ("[bot]\naffiliate_percent = 101", "bot.affiliate_percent = 101: must be at most 100"),
        (
            "[sandbox]\nspeed = \"0\"",
            "sandbox.speed = \"0\": must be a decimal number above 0 in quotes, such as \"1560.25\"",
        ),
    ] {
        assert_eq!(lines(with(toml, &[])), [format!("config.toml: {expected}")], "{toml}");
    }
}

#[test]
fn operators_are_checked() {
    let ada = "[[operators]]\nname = \"ada\"\nos_user = \"ops\"\nrole = \"admin\"\n";
    let bola = "[[operators]]\nname = \"bola\"\nos_user = \"ops\"\nrole = \"approver\"\napprove_max = \"50\"\n";
    let viewer = "[[operators]]\nname = \"v\"\nos_user = \"v\"\nrole = \"viewer\"\n";
    for (toml, expected) in [
        ("operators = 5".to_owned(), "operators = 5: must be tables, each under [[operators]]"),
        ("[[operators]]\nname = \"ada\"\nrole = \"admin\"".to_owned(), "operators.0.os_user: is required"),
        (
            format!("{viewer}approve_max = \"5\""),
            "operators.0.approve_max = \"5.00\": is only for the roles approver and admin",
        ),
        (format!("{viewer}rank = 1"), "operators.0.rank = 1: unknown key"),
        (format!("{ada}{ada}"), "operators.1.name = \"ada\": is already that of operators.0"),
        (
            format!("{ada}telegram_id = 5\n{bola}telegram_id = 5"),
            "operators.1.telegram_id = 5: is already that of operators.0",
        ),
        (
            format!("{ada}passphrase_hash = \"canary\""),
            "operators.0.passphrase_hash = [redacted]: must be an Argon2 hash such as $argon2id$v=19$m=19456,t=2,p=1$...",
        ),
        (
            viewer.replace("viewer", "owner"),
            "operators.0.role = \"owner\": must be viewer, operator, approver or admin",
        ),
    ] {
        assert_eq!(lines(with(&toml, &[])), [format!("config.toml: {expected}")], "{toml}");
    }
    let shared = "is required, because others share os_user ops";
    assert_eq!(
        lines(with(&format!("{LIVE}{ada}{bola}passphrase_hash = \"{HASH}\""), &[])),
        [format!("config.toml: operators.0.passphrase_hash: {shared}")]
    );
    assert!(with(&format!("{ada}{bola}"), &[]).is_ok(), "in SANDBOX nobody needs a passphrase");
}

#[test]
fn every_mistake_is_told_at_once() {
    let toml =
        "[withdrawals]\nmin_affiliate = \"-5\"\ntypo = 1\n[telegram]\ntoken = \"x\"\n[timing]\nfollow = \"never\"";
    let got = lines(with(toml, &[("VIRALCORE__RATES__MAX_AGE", "old"), ("WITHDRAWAL_RETRY_COUNT", "-1")]));
    let duration = "must be a duration in quotes, such as \"20s\", \"30m\", \"24h\" or \"7d\"";
    assert_eq!(
        got,
        [
            "config.toml: withdrawals.min_affiliate = \"-5\": must be above 0".to_owned(),
            "WITHDRAWAL_RETRY_COUNT: withdrawals.retry_count = \"-1\": must not be below 0".to_owned(),
            format!("config.toml: timing.follow = \"never\": {duration}"),
            format!("VIRALCORE__RATES__MAX_AGE: rates.max_age = \"old\": {duration}"),
            "config.toml: telegram.token = [redacted]: is a secret: set TELEGRAM_BOT_TOKEN, or name a file in \
         telegram.token_file"
                .to_owned(),
            "config.toml: withdrawals.typo = 1: unknown key".to_owned(),
        ]
    );
}

#[test]
fn the_environment_lies_over_the_file() {
    let config = with(
        "[withdrawals]\ngrace = \"1m\"\nretry_count = 9",
        &[
            ("VIRALCORE__WITHDRAWALS__GRACE", "45s"),
            ("VIRALCORE__WITHDRAWALS__VELOCITY__COUNT_DAY", "7"),
            ("VIRALCORE__STORE__URL", "postgres://ada:hidden@h/d"),
            ("VIRALCORE__OPERATORS__0__NAME", "ada"),
            ("VIRALCORE__OPERATORS__0__OS_USER", "ada"),
            ("VIRALCORE__OPERATORS__0__ROLE", "admin"),
            ("WITHDRAWAL_RETRY_COUNT", "4"),
            ("WITHDRAWAL_RETRY_BACKOFF_SEC", "90"),
            ("DISABLE_ADMIN_APPROVAL", "True"),
            ("ADMIN_TELEGRAM_CHAT_ID", "-1001, 5"),
            ("MAIN_MENU_IMAGE_PATH", "./propic.jpeg"),
            ("FLUTTERWAVE_SECRET_HASH", "new-hash,old-hash"),
            ("TELEGRAM_WEBHOOK_SECRET", ""),
            ("VIRALCORE_OPERATOR", "ada"),
        ],
    )
    .unwrap();
    let withdrawals = &config.settings.withdrawals;
    assert_eq!(
        (withdrawals.grace, withdrawals.velocity.count_day, withdrawals.retry_count, withdrawals.retry_backoff),
        (Duration::from_secs(45), 7, 4, Duration::from_secs(90))
    );
    assert_eq!((withdrawals.auto_approve, &config.settings.ops_chats[..]), (true, &[-1001, 5][..]));
    assert_eq!((config.flutterwave.hashes.len(), config.telegram.webhook_secret.is_none()), (2, true));
    assert_eq!(config.settings.operators[0].name, "ada");
    assert_eq!(
        (config.store_url.as_str(), config.operator_name.as_deref()),
        ("postgres://ada:hidden@h/d", Some("ada"))
    );
    assert_eq!(config.entries["withdrawals.grace"].origin.to_string(), "VIRALCORE__WITHDRAWALS__GRACE");
}

#[test]
fn scale_moves_waits_in_sandbox_only() {
    let config =
        with("[timing]\nscale = \"0.01\"\nstale_after = \"50ms\"\n[withdrawals]\nsolo_delay = \"50s\"", &[]).unwrap();
    let settings = &config.settings;
    assert_eq!(
        (settings.timing.follow, settings.withdrawals.grace),
        (Duration::from_millis(150), Duration::from_millis(200))
    );
    assert_eq!(
        (settings.timing.stale_after, settings.withdrawals.solo_delay),
        (Duration::from_millis(10), Duration::from_millis(500))
    );
    assert_eq!(settings.rates.max_age, Duration::from_secs(36 * 3_600), "the age of a rate is not a wait of ours");
    let refused = lines(with(&format!("{LIVE}[timing]\nscale = \"0.5\""), &[]));
    assert_eq!(refused, ["config.toml: timing.scale = \"0.5\": is accepted only in SANDBOX"]);
}

#[test]
fn real_money_is_held_to_more_rules() {
    let live_key = ("FLUTTERWAVE_API_KEY", "FLWSECK-canary-X");
    let test_key = ("FLUTTERWAVE_API_KEY", "FLWSECK_TEST-canary-X");
    let suffix = ("VIRALCORE__WITHDRAWALS__REFERENCE_SUFFIX", "_PMCKDU_1");
    assert_eq!(
        lines(with(LIVE, &[live_key, suffix])),
        [
            "VIRALCORE__WITHDRAWALS__REFERENCE_SUFFIX: withdrawals.reference_suffix = \"_PMCKDU_1\": is for test keys only, \
         and the Flutterwave key is a live one"
        ]
    );
    let test = with(LIVE, &[test_key, suffix]).unwrap();
    assert_eq!(test.settings.environment, Environment::Test);
    assert_eq!(test.settings.withdrawals.solo_delay, Duration::from_secs(1_800));
    assert_eq!(with(LIVE, &[live_key]).unwrap().settings.environment, Environment::Prod);
    for (toml, variables, expected) in [
        (
            "[flutterwave]\nbase_url = \"https://api.flutterwave.com/v3\"",
            &[live_key][..],
            "config.toml: flutterwave.base_url = \"https://api.flutterwave.com/v3\": must not stand beside a live key in \
             SANDBOX: set sandbox.enabled = false for real money",
        ),
        (
            "",
            &[("FLUTTERWAVE_API_KEY", "FLWPUBK-canary")][..],
            "FLUTTERWAVE_API_KEY: flutterwave.key = [redacted]: is a public key: the secret key begins with FLWSECK",
        ),
        (
            "",
            &[("TELEGRAM_BOT_TOKEN", "canary")][..],
            "TELEGRAM_BOT_TOKEN: telegram.token = [redacted]: must be as BotFather gave it: a number, a colon, letters",
        ),
        (
            "",
            &[("VIRALCORE_ENVELOPE_KEY", "canary")][..],
            "VIRALCORE_ENVELOPE_KEY: vault.envelope_key = [redacted]: must have at least 32 characters, such as those of \
             openssl rand -hex 32",
        ),
        (
            "[sandbox]\nenabled = false\n[flutterwave]\nbase_url = \"http://example.com\"",
            &[][..],
            "config.toml: flutterwave.base_url = \"http://example.com\": must begin with https:// outside SANDBOX",
        ),
        (
            "[sandbox]\nenabled = false\n[timing]\nresend_after = \"29m\"",
            &[][..],
            "config.toml: timing.resend_after = \"29m\": must be at least 30m outside SANDBOX",
        ),
    ] {
        assert_eq!(lines(with(toml, variables)), [expected], "{toml}");
    }
}

#[test]
fn what_is_missing_is_told_with_what_it_disables() {
    assert_eq!(
        with(LIVE, &[]).unwrap().warnings,
        [
            "TELEGRAM_BOT_TOKEN is not set: the bot does not run",
            "FLUTTERWAVE_API_KEY is not set: payouts and bank look-ups are refused",
            "FLUTTERWAVE_SECRET_HASH is not set: webhooks are refused; transfers are followed by asking",
            "EXCHANGE_API_KEY is not set: there is no rate for dollars in naira, so affiliate withdrawals are refused",
            "BSC_DEPOSIT_ADDRESS is not set: BNB Smart Chain is off, nothing is paid with BNB and USDT",
            "SOL_DEPOSIT_ADDRESS is not set: Solana is off, nothing is paid with SOL and USDT",
            "TRX_DEPOSIT_ADDRESS is not set: Tron is off, nothing is paid with TRX and USDT",
            "APTOS_DEPOSIT_ADDRESS is not set: Aptos is off, nothing is paid with APT and USDT",
            "SMARTVPS_USERNAME is not set: no machine is bought, renewed or asked about",
            "SMARTVPS_PASSWORD is not set: no machine is bought, renewed or asked about",
            "SVPS_SYNC_TOKEN is not set: POST /api/smartvps/sync is refused for everybody; packages are read by the \
             schedule and by hand",
            "VIRALCORE_ENVELOPE_KEY is not set: bank details and providers' keys cannot be sealed, so payouts and \
             placements are refused",
            "ADMIN_TELEGRAM_CHAT_ID is not set: operators get no notices in Telegram",
            "SMMFLARE_API_KEY is not set: smmflare takes no orders, unless the store has its key",
            "PLUGSMMS_API_KEY is not set: plugsmms takes no orders, unless the store has its key",
            "SMMSTONE_API_KEY is not set: smmstone takes no orders, unless the store has its key",
            "no [[operators]] with the role approver or admin: nobody can approve withdrawals",
        ]
    );
    let alone =
        with(&format!("{LIVE}[[operators]]\nname = \"ada\"\nos_user = \"ada\"\nrole = \"admin\""), &[]).unwrap();
    assert_eq!(
        alone.warnings.last().unwrap(),
        "ada is the only approver: decisions for two names wait 30m, up to USD 2,000.00 a day"
    );
    let unused = with("", &[("FLUTTERWAVE_API_KEY", "FLWSECK-canary-X"), ("DISABLE_ADMIN_APPROVAL", "1")]).unwrap();
    assert_eq!(
        unused.warnings,
        [
            "FLUTTERWAVE_API_KEY is set and not used: SANDBOX talks to its own stand-in",
            "withdrawals.auto_approve is on and withdrawals.auto_approve_max is 0: nothing is approved automatically",
        ]
    );
}

#[test]
fn secrets_come_from_files_and_are_never_shown() {
    let dir = std::env::temp_dir().join(format!("viralcore-config-{}", std::process::id()));
    std::fs::create_dir_all(&dir).unwrap();
    let file = dir.join("token");
    std::fs::write(&file, "123456:canary-canary\n").unwrap();
    let path = file.to_str().unwrap();
    let toml = format!(
        "[telegram]\ntoken_file = \"{path}\"\n[[operators]]\nname = \"a\"\nos_user = \"a\"\nrole = \"admin\"\n\
                        passphrase_hash = \"{HASH}\""
    );
    let config = with(
        &toml,
        &[
            ("FLUTTERWAVE_API_KEY", "FLWSECK-canary-X"),
            ("VIRALCORE__STORE__URL", "postgres://a:canary@h/d"),
            ("SMARTVPS_PASSWORD", "machines-canary"),
            ("SVPS_SYNC_TOKEN", "sync-canary"),
        ],
    )
    .unwrap();
    assert_eq!(config.telegram.token.as_ref().unwrap().expose(), "123456:canary-canary");
    for shown in [config.to_text(), config.to_json().to_string(), format!("{config:?}{:?}", config.telegram)] {
        assert!(!shown.contains("canary") && !shown.contains("argon2id"), "{shown}");
    }
    let text = config.to_text();
    assert!(
        text.contains(&format!(
            "\n[telegram]\napi_url = \"\"\ntoken = [redacted]  # config.toml\ntoken_file = \"{path}\""
        )),
        "{text}"
    );
    assert!(text.contains("\nkey = [redacted]  # FLUTTERWAVE_API_KEY\n"), "{text}");
    assert!(text.contains("\nenvelope_key = [not set]\n"), "{text}");
    assert_eq!(config.secrets().len(), 6);

    let twice = with("", &[("TELEGRAM_BOT_TOKEN", "1:aaaaaaaaaaaa"), ("TELEGRAM_BOT_TOKEN_FILE", path)]);
    assert_eq!(
        lines(twice),
        [format!(
            "TELEGRAM_BOT_TOKEN_FILE: telegram.token_file = \"{path}\": TELEGRAM_BOT_TOKEN is set too: keep one of them"
        )]
    );
    std::fs::remove_dir_all(&dir).unwrap();
}

#[test]
fn a_file_that_is_not_toml_is_told_by_its_line_and_not_repeated() {
    let error = read_toml("config.toml", "[store]\nurl = \"x\"\n[telegram\ntoken = \"canary\"\n").unwrap_err();
    assert!(error.starts_with("line 3: ") && !error.contains("canary"), "{error}");
    let missing = super::load(&Ask { path: Some("/nowhere/config.toml".into()), ..Ask::default() }).unwrap_err();
    assert_eq!(missing.to_string(), "/nowhere/config.toml: cannot be read: No such file or directory (os error 2)");
    let quoted = lines(with("\"withdrawals.grace\" = \"1s\"", &[]));
    assert_eq!(quoted.len(), 1, "{quoted:?}");
}
