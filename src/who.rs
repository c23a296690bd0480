//! Who acts: the account of the operating system, and where several people share one, the operator whom
//! `VIRALCORE_OPERATOR` names and a passphrase proves.
//!
//! Somebody unknown is a viewer. In SANDBOX somebody unknown is an admin under their own name, nothing is asked for,
//! and `VIRALCORE_OPERATOR` may be any name, so that several people can be played.

use crate::output::Failure;
use app::settings::{Environment, Settings};
use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use domain::operator::{Actor, Operator, Role};
use std::io::IsTerminal;
use std::sync::Arc;

/// Says whether a passphrase is the operator's.
pub(crate) type Check = Arc<dyn Fn(&str) -> bool + Send + Sync>;

/// The name of the account that this process runs under.
pub(crate) fn os_user() -> String {
    use std::os::unix::fs::MetadataExt;
    let Ok(uid) = std::fs::metadata("/proc/self").map(|meta| meta.uid()) else {
        return std::env::var("USER").unwrap_or_else(|_| "unknown".to_owned());
    };
    let passwd = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let entry = passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid.to_string()).then(|| name.to_owned())
    });
    entry.unwrap_or_else(|| format!("uid{uid}"))
}

/// Who acts, with the check that opens the console's lock.
pub(crate) struct Who {
    /// The actor.
    pub(crate) actor: Actor,
    /// Opens the lock; none where no passphrase is configured.
    pub(crate) check: Option<Check>,
}

/// Finds out who acts, asking for a passphrase where one is needed.
pub(crate) fn who(settings: &Settings, named: Option<&str>, via: &'static str) -> Result<Who, Failure> {
    let os_user = os_user();
    let sandbox = settings.environment == Environment::Sandbox;
    let mine: Vec<&Operator> = settings.operators.iter().filter(|operator| operator.os_user == os_user).collect();
    let stranger =
        |name: &str, role| Who { actor: Actor { name: name.to_owned(), role, approve_max: None, via }, check: None };
    let operator = match (named, mine.as_slice()) {
        (Some(name), _) if sandbox => match settings.operators.iter().find(|operator| operator.name == name) {
            Some(operator) => operator,
            None => return Ok(stranger(name, Role::Admin)),
        },
        (Some(name), mine) => *mine.iter().find(|operator| operator.name == name).ok_or_else(|| {
            Failure::refused("not_allowed", format!("{name} is not an operator behind the account {os_user}"))
        })?,
        (None, [one]) => *one,
        (None, []) => return Ok(stranger(&os_user, if sandbox { Role::Admin } else { Role::Viewer })),
        (None, _) => {
            eprintln!("several operators share the account {os_user}: VIRALCORE_OPERATOR must name one; looking only");
            return Ok(stranger(&os_user, Role::Viewer));
        }
    };
    let check =
        operator.passphrase_hash.clone().map(|hash| -> Check { Arc::new(move |given| verify(given, hash.expose())) });
    if !sandbox && mine.len() > 1 {
        prove(operator, check.as_ref())?;
    }
    let actor = Actor { name: operator.name.clone(), role: operator.role, approve_max: operator.approve_max, via };
    Ok(Who { actor, check })
}

fn prove(operator: &Operator, check: Option<&Check>) -> Result<(), Failure> {
    let Some(check) = check else {
        let why = format!("{} shares an account and has no passphrase_hash in the configuration", operator.name);
        return Err(Failure::refused("not_allowed", why));
    };
    let given = match std::env::var("VIRALCORE_PASSPHRASE_FILE") {
        Ok(path) => std::fs::read_to_string(&path).map_err(|error| Failure::usage(format!("{path}: {error}")))?,
        Err(_) if std::io::stdin().is_terminal() => {
            rpassword::prompt_password(format!("Passphrase of {}: ", operator.name))
                .map_err(|error| Failure::usage(format!("no passphrase could be read: {error}")))?
        }
        Err(_) => return Err(Failure::refused("not_allowed", "a passphrase is needed: run in a terminal")),
    };
    if check(given.trim_end_matches(['\r', '\n'])) {
        return Ok(());
    }
    Err(Failure::refused("not_allowed", "wrong passphrase"))
}

fn verify(given: &str, hash: &str) -> bool {
    PasswordHash::new(hash).is_ok_and(|hash| argon2::Argon2::default().verify_password(given.as_bytes(), &hash).is_ok())
}

/// Asks twice for a passphrase and answers its hash for the configuration.
pub(crate) fn new_hash(random: &dyn Fn(&mut [u8])) -> Result<String, Failure> {
    let ask = |prompt: &str| {
        rpassword::prompt_password(prompt)
            .map_err(|error| Failure::usage(format!("no passphrase could be read: {error}")))
    };
    let first = ask("New passphrase: ")?;
    if first.chars().count() < 8 {
        return Err(Failure::usage("a passphrase has at least 8 characters"));
    }
    if ask("Once more: ")? != first {
        return Err(Failure::usage("the two differ"));
    }
    let mut bytes = [0_u8; 16];
    random(&mut bytes);
    let failed = |error: argon2::password_hash::Error| Failure::refused("failed", error);
    let salt = SaltString::encode_b64(&bytes).map_err(failed)?;
    argon2::Argon2::default().hash_password(first.as_bytes(), &salt).map(|hash| hash.to_string()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Secret;

    fn operator(name: &str, os_user: &str) -> Operator {
        Operator {
            name: name.into(),
            os_user: os_user.into(),
            telegram_id: None,
            role: Role::Approver,
            approve_max: None,
            passphrase_hash: None,
        }
    }

    #[test]
    fn strangers_look_and_named_operators_act() {
        let me = os_user();
        let mut settings = Settings::sandbox();
        assert_eq!(who(&settings, None, "shell").unwrap().actor.role, Role::Admin, "SANDBOX");
        assert_eq!(who(&settings, Some("zoe"), "shell").unwrap().actor.name, "zoe");
        settings.environment = Environment::Prod;
        assert_eq!(who(&settings, None, "shell").unwrap().actor.role, Role::Viewer);
        settings.operators = vec![operator("ada", &me)];
        assert_eq!(who(&settings, None, "shell").unwrap().actor.name, "ada");
        assert!(who(&settings, Some("ben"), "shell").is_err(), "not behind this account");
        settings.operators.push(operator("ben", &me));
        assert_eq!(who(&settings, None, "shell").unwrap().actor.role, Role::Viewer, "not told apart");
        assert!(who(&settings, Some("ben"), "shell").is_err(), "no passphrase is configured");
    }

    #[test]
    fn a_passphrase_is_verified_against_its_hash() {
        let salt = SaltString::encode_b64(&[7; 16]).unwrap();
        let hash = argon2::Argon2::default().hash_password(b"correct horse", &salt).unwrap().to_string();
        let secret = Secret::new(hash);
        assert!(verify("correct horse", secret.expose()) && !verify("correct hors", secret.expose()));
        assert!(!verify("x", "not a hash"));
    }
}
