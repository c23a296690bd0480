//! The life of an invoice.

use crate::withdrawal::UnknownWord;
use std::fmt;
use std::str::FromStr;

/// Where an invoice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceState {
    /// Made; nothing was named for it.
    Open,
    /// A payment was named for it, and is not found yet.
    Seen,
    /// A payment was found, and is not final.
    Confirming,
    /// Met.
    Paid,
    /// Less came than was asked for: it is in the wallet, and the rest may follow.
    Short,
    /// Met, and what came beyond it is in the wallet.
    Over,
    /// Its time is over, and nothing came.
    Expired,
    /// What was asked for came after its time: it is in the wallet.
    Late,
    /// Everything that was paid was given back.
    Refunded,
    /// Another has a claim to what was named for it, or it to what another's was met with; a person decides.
    Disputed,
}

/// What can happen to an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum InvoiceEvent {
    /// A payment was named for it.
    Name,
    /// The payment was found, and is not final.
    Find,
    /// The payment that was found is not there any more.
    Vanish,
    /// What was named for it is no payment of it.
    Drop,
    /// What came meets it.
    Meet,
    /// What came is more than was asked for.
    Exceed,
    /// What came is too little.
    FallShort,
    /// What came was sent after its time.
    ComeLate,
    /// Its time is over with nothing named for it.
    Expire,
    /// Somebody else has a claim to the payment, or it to somebody else's.
    Dispute,
    /// A person decided that the payment in dispute is not its.
    Dismiss,
    /// Everything that was paid was given back.
    Refund,
}

/// An event that the invoice's state does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an invoice that is {from} cannot take {event:?}")]
pub struct InvalidInvoice {
    /// The state.
    pub from: InvoiceState,
    /// The event.
    pub event: InvoiceEvent,
}

impl InvoiceEvent {
    /// Every event.
    pub const ALL: [Self; 12] = [
        Self::Name,
        Self::Find,
        Self::Vanish,
        Self::Drop,
        Self::Meet,
        Self::Exceed,
        Self::FallShort,
        Self::ComeLate,
        Self::Expire,
        Self::Dispute,
        Self::Dismiss,
        Self::Refund,
    ];
}

impl InvoiceState {
    /// Every state, in the order of its life.
    pub const ALL: [Self; 10] = [
        Self::Open,
        Self::Seen,
        Self::Confirming,
        Self::Paid,
        Self::Short,
        Self::Over,
        Self::Expired,
        Self::Late,
        Self::Refunded,
        Self::Disputed,
    ];

    /// The state after `event`, or why it is not allowed. An expired invoice can still be met: the payment was sent in
    /// time and found late. What is met is never unmet; it is refunded.
    pub fn on(self, event: InvoiceEvent) -> Result<Self, InvalidInvoice> {
        use {InvoiceEvent as E, InvoiceState as S};
        match (self, event) {
            (S::Open | S::Expired, E::Name) | (S::Confirming, E::Vanish) => Ok(S::Seen),
            (S::Open | S::Seen, E::Find) => Ok(S::Confirming),
            (S::Seen | S::Confirming, E::Drop) | (S::Disputed, E::Dismiss) => Ok(S::Open),
            (S::Open | S::Seen | S::Confirming | S::Short | S::Expired | S::Disputed, E::Meet) => Ok(S::Paid),
            (
                S::Open | S::Seen | S::Confirming | S::Short | S::Expired | S::Disputed | S::Paid | S::Over,
                E::Exceed,
            ) => Ok(S::Over),
            (S::Open | S::Seen | S::Confirming | S::Short | S::Expired | S::Disputed, E::FallShort) => Ok(S::Short),
            (S::Open | S::Seen | S::Confirming | S::Expired | S::Disputed, E::ComeLate) => Ok(S::Late),
            (S::Open, E::Expire) => Ok(S::Expired),
            (S::Open | S::Seen | S::Confirming | S::Short | S::Expired | S::Late, E::Dispute) => Ok(S::Disputed),
            (S::Paid | S::Over, E::Refund) => Ok(S::Refunded),
            (from, event) => Err(InvalidInvoice { from, event }),
        }
    }

    /// Something is still to be found out or decided; nothing that it waits for has ended.
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open | Self::Seen | Self::Confirming | Self::Disputed)
    }

    /// It was met: what was bought is, or was, the buyer's.
    pub const fn is_met(self) -> bool {
        matches!(self, Self::Paid | Self::Over)
    }

    /// The word, the same everywhere.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Seen => "seen",
            Self::Confirming => "confirming",
            Self::Paid => "paid",
            Self::Short => "short",
            Self::Over => "over",
            Self::Expired => "expired",
            Self::Late => "late",
            Self::Refunded => "refunded",
            Self::Disputed => "disputed",
        }
    }
}

impl fmt::Display for InvoiceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for InvoiceState {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|s| s.word() == text).ok_or_else(|| UnknownWord(crate::text::clean_line(text, 20)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use {InvoiceEvent as E, InvoiceState as S};

    #[test]
    fn invoice_transitions() {
        let allowed = [
            (S::Open, E::Name, S::Seen),
            (S::Open, E::Find, S::Confirming),
            (S::Open, E::Meet, S::Paid),
            (S::Open, E::Exceed, S::Over),
            (S::Open, E::FallShort, S::Short),
            (S::Open, E::ComeLate, S::Late),
            (S::Open, E::Expire, S::Expired),
            (S::Open, E::Dispute, S::Disputed),
            (S::Seen, E::Find, S::Confirming),
            (S::Seen, E::Drop, S::Open),
            (S::Seen, E::Meet, S::Paid),
            (S::Seen, E::Exceed, S::Over),
            (S::Seen, E::FallShort, S::Short),
            (S::Seen, E::ComeLate, S::Late),
            (S::Seen, E::Dispute, S::Disputed),
            (S::Confirming, E::Vanish, S::Seen),
            (S::Confirming, E::Drop, S::Open),
            (S::Confirming, E::Meet, S::Paid),
            (S::Confirming, E::Exceed, S::Over),
            (S::Confirming, E::FallShort, S::Short),
            (S::Confirming, E::ComeLate, S::Late),
            (S::Confirming, E::Dispute, S::Disputed),
            (S::Paid, E::Exceed, S::Over),
            (S::Paid, E::Refund, S::Refunded),
            (S::Short, E::Meet, S::Paid),
            (S::Short, E::Exceed, S::Over),
            (S::Short, E::FallShort, S::Short),
            (S::Short, E::Dispute, S::Disputed),
            (S::Over, E::Exceed, S::Over),
            (S::Over, E::Refund, S::Refunded),
            (S::Expired, E::Name, S::Seen),
            (S::Expired, E::Meet, S::Paid),
            (S::Expired, E::Exceed, S::Over),
            (S::Expired, E::FallShort, S::Short),
            (S::Expired, E::ComeLate, S::Late),
            (S::Expired, E::Dispute, S::Disputed),
            (S::Late, E::Dispute, S::Disputed),
            (S::Disputed, E::Dismiss, S::Open),
            (S::Disputed, E::Meet, S::Paid),
            (S::Disputed, E::Exceed, S::Over),
            (S::Disputed, E::FallShort, S::Short),
            (S::Disputed, E::ComeLate, S::Late),
        ];
        for from in S::ALL {
            for event in E::ALL {
                let expected = allowed.iter().find(|row| (row.0, row.1) == (from, event)).map(|row| row.2);
                assert_eq!(from.on(event).ok(), expected, "{from:?} on {event:?}");
            }
            assert_eq!(from.word().parse(), Ok(from));
            assert!(!(from.is_open() && from.is_met()), "{from}");
        }
    }

    /// What was met is given back or stays met: no path makes it payable a second time.
    #[test]
    fn no_path_leads_from_met_to_anything_but_refunded() {
        let mut reached = vec![S::Paid];
        let mut at = 0;
        while let Some(from) = reached.get(at).copied() {
            at += 1;
            for to in E::ALL.into_iter().filter_map(|event| from.on(event).ok()) {
                if !reached.contains(&to) {
                    reached.push(to);
                }
            }
        }
        reached.sort();
        assert_eq!(reached, [S::Paid, S::Over, S::Refunded]);
    }
}
