//! Operators: who may do what, and within which limits. A signature counts per name, wherever it is given.

use crate::withdrawal::UnknownWord;
use crate::{Money, Secret};
use std::str::FromStr;

/// What an operator may do; each role includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything, decides nothing.
    Viewer,
    /// Runs things that move no money: look-ups, jobs, switches that stop.
    Operator,
    /// Decides withdrawals and signs cases.
    Approver,
    /// Adjusts balances, resumes, manages operators.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Operator, Self::Approver, Self::Admin];

    /// The word.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Approver => "approver",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|s| s.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

/// An operator as configured.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name that signs and stands in the audit.
    pub name: String,
    /// The account of the operating system, shared where several people use one.
    pub os_user: String,
    /// Their Telegram account, if decisions from there are allowed.
    pub telegram_id: Option<i64>,
    /// What they may do.
    pub role: Role,
    /// The largest single withdrawal that they may sign, in USD; `None` is no limit of their own.
    pub approve_max: Option<Money>,
    /// The Argon2 hash of the passphrase that proves `VIRALCORE_OPERATOR` where an OS account is shared.
    pub passphrase_hash: Option<Secret>,
}

/// Why somebody may not act.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAllowed {
    /// The role is too small.
    #[error("this takes the role {needed}, {name} is {has}")]
    Role {
        /// Who.
        name: String,
        /// The role that they have.
        has: &'static str,
        /// The role that it takes.
        needed: &'static str,
    },
    /// Above the operator's own limit.
    #[error("above {name}'s own limit of {limit}: another approver is needed")]
    Limit {
        /// Who.
        name: String,
        /// Their limit.
        limit: Money,
    },
    /// A second signature by the same name.
    #[error("{0} has already signed this: another name is needed")]
    OwnSignature(String),
}

/// Who acts, proven when the session began. Carried by every command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The operator's name.
    pub name: String,
    /// Their role.
    pub role: Role,
    /// The largest single withdrawal that they may sign.
    pub approve_max: Option<Money>,
    /// Where they act from: `console`, `shell`, `telegram`.
    pub via: &'static str,
}

impl Actor {
    /// Allows `needed` or says why not.
    pub fn require(&self, needed: Role) -> Result<(), NotAllowed> {
        if self.role >= needed {
            return Ok(());
        }
        Err(NotAllowed::Role { name: self.name.clone(), has: self.role.word(), needed: needed.word() })
    }

    /// The actor's word for journals and the audit: `operator:ada`.
    pub fn word(&self) -> String {
        format!("operator:{}", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_includes_those_before_it() {
        for (has, needed, ok) in [
            (Role::Viewer, Role::Viewer, true),
            (Role::Viewer, Role::Operator, false),
            (Role::Operator, Role::Approver, false),
            (Role::Approver, Role::Approver, true),
            (Role::Admin, Role::Approver, true),
        ] {
            let actor = Actor { name: "ada".into(), role: has, approve_max: None, via: "shell" };
            assert_eq!(actor.require(needed).is_ok(), ok, "{has:?} for {needed:?}");
        }
    }
}
