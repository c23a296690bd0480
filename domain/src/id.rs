//! Ids and keys as types of their own, so that a user's id cannot be passed for a withdrawal's.
//!
//! Ids are minted by the store (withdrawals, cases) or by Telegram (users); keys say what a command means,
//! not when it ran (`money-safety.md` section 3).

use std::fmt;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        #[serde(transparent)]
        pub struct $name(i64);

        impl $name {
            /// From the number that the store or Telegram uses.
            pub const fn new(raw: i64) -> Self {
                Self(raw)
            }
            /// The number.
            pub const fn get(self) -> i64 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = std::num::ParseIntError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map(Self)
            }
        }
    };
}

id!(
    /// A user: the id that Telegram gave. In a private chat it is the chat id too.
    UserId
);
id!(
    /// A withdrawal, counted from 1.
    WithdrawalId
);
id!(
    /// A case that operators decide, counted from 1.
    CaseId
);
id!(
    /// A boost order, counted from 1.
    BoostId
);
id!(
    /// A VPS order, counted from 1.
    VpsId
);
id!(
    /// A machine that was bought, counted from 1.
    MachineId
);
id!(
    /// An item of IPStock: a package that is or was offered, counted from 1.
    ItemId
);
id!(
    /// An invoice, counted from 1.
    InvoiceId
);
id!(
    /// A transfer that reached us or that somebody named, counted from 1.
    PaymentId
);
id!(
    /// An order that people fulfil, counted from 1.
    ManualId
);
id!(
    /// A custom plan, counted from 1. Its credits are those of the plan `ct<id>`.
    PlanId
);
id!(
    /// A journal of the ledger, counted from 1.
    JournalId
);
id!(
    /// A hold, counted from 1.
    HoldId
);

/// What a command means, once and for all: `wd:17:hold:1`, `btn:…`, `tg:700001`. Unique in the store for ever.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// A key from its text: 1 to 120 printable ASCII characters without blanks.
    pub fn new(text: impl Into<String>) -> Option<Self> {
        let text = text.into();
        let ok = (1..=120).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        ok.then_some(Self(text))
    }

    /// A pressed button: its callback id was minted when the screen was drawn, so every tap is the same command.
    pub fn button(callback: &str) -> Option<Self> {
        Self::new(format!("btn:{callback}"))
    }

    /// A typed command.
    pub fn update(update_id: i64) -> Self {
        Self(format!("tg:{update_id}"))
    }

    /// The `n`th hold of a withdrawal.
    pub fn withdrawal_hold(id: WithdrawalId, n: u32) -> Self {
        Self(format!("wd:{id}:hold:{n}"))
    }

    /// A step of a withdrawal's attempt: `sent`, `paid`, `reversed`.
    pub fn withdrawal_step(id: WithdrawalId, attempt: u32, step: &str) -> Self {
        Self(format!("wd:{id}:attempt:{attempt}:{step}"))
    }

    /// The hold of a boost order's credit, or what becomes of it: `hold`, `capture`, `release`.
    pub fn boost(id: BoostId, step: &str) -> Self {
        Self(format!("ord:{id}:{step}"))
    }

    /// A step of a boost order's part: `cost`, `returned:2`, `refund`.
    pub fn boost_part(id: BoostId, part: i64, step: &str) -> Self {
        Self(format!("ord:{id}:part:{part}:{step}"))
    }

    /// A step of a VPS order: `hold`, `capture`, `release`, `cost`, `refund`.
    pub fn vps(id: VpsId, step: &str) -> Self {
        Self(format!("vps:{id}:{step}"))
    }

    /// A step of a machine's renewal, by the renewal's number: `hold`, `capture`, `release`, `cost`.
    pub fn renewal(id: i64, step: &str) -> Self {
        Self(format!("renewal:{id}:{step}"))
    }

    /// A step of an invoice: `pay`, `refund:1`.
    pub fn invoice(id: InvoiceId, step: &str) -> Self {
        Self(format!("inv:{id}:{step}"))
    }

    /// A transfer that reached us, by its chain (or `flutterwave`) and its normalised id there; `None` when that is no
    /// id at all.
    pub fn deposit(chain: &str, tx: &str) -> Option<Self> {
        Self::new(format!("dep:{chain}:{tx}"))
    }

    /// The commission of an invoice.
    pub fn bonus(id: InvoiceId) -> Self {
        Self(format!("bonus:{id}"))
    }

    /// What is taken back of an invoice's commission with its `n`th refund.
    pub fn bonus_back(id: InvoiceId, n: i64) -> Self {
        Self(format!("bonus:{id}:back:{n}"))
    }

    /// A custom plan's credits: `give`, or a change by its version.
    pub fn plan(id: PlanId, step: &str) -> Self {
        Self(format!("plan:{id}:{step}"))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for IdempotencyKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
