//! The chain that proves that the audit was not edited: each row's hash covers the one before it.

use sha2::{Digest, Sha256};

/// What a row says, in the order that is hashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Position, from 1.
    pub seq: i64,
    /// Unix microseconds.
    pub at: i64,
    /// Who.
    pub actor: &'a str,
    /// What: `withdrawal.approve`.
    pub action: &'a str,
    /// On what: `withdrawal:4412`.
    pub object: &'a str,
    /// `done` or `refused`.
    pub result: &'a str,
    /// The rest as canonical text; personal data stands elsewhere and only its digest is here.
    pub detail: &'a str,
}

/// The hash of a row after `prev` (32 zero bytes before the first).
pub fn hash(prev: &[u8], row: &Row<'_>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(prev);
    hash.update(row.seq.to_be_bytes());
    hash.update(row.at.to_be_bytes());
    for part in [row.actor, row.action, row.object, row.result, row.detail] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moving_a_byte_between_fields_changes_the_hash() {
        let row = Row { seq: 1, at: 2, actor: "ab", action: "c", object: "", result: "done", detail: "" };
        let moved = Row { actor: "a", action: "bc", ..row.clone() };
        assert_ne!(hash(&[0; 32], &row), hash(&[0; 32], &moved));
        assert_ne!(hash(&[0; 32], &row), hash(&[1; 32], &row));
    }
}
