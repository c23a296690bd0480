//! The facts in which the four chains differ: tokens, the pace of blocks, and how hashes and addresses are written.

use sha2::{Digest as _, Sha256};
use sha3::Sha3_256;

use crate::clock::Millis;

/// Blocks are counted from here (10 January 2025).
const EPOCH: Millis = 1_736_467_200_000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Net {
    Bsc,
    Solana,
    Tron,
    Aptos,
}

impl Net {
    pub(crate) const ALL: [Self; 4] = [Self::Bsc, Self::Solana, Self::Tron, Self::Aptos];

    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Bsc => "bsc",
            Self::Solana => "solana",
            Self::Tron => "tron",
            Self::Aptos => "aptos",
        }
    }

    /// What follows the address in the URL that clients are given.
    pub(crate) fn base_path(self) -> &'static str {
        if self == Self::Aptos { "/v1" } else { "" }
    }

    pub(crate) fn has_key(self) -> bool {
        matches!(self, Self::Solana | Self::Tron)
    }

    /// The token of an asset's word: `None` within for the chain's own coin; `None` for an asset of another chain.
    pub(crate) fn token(self, asset: &str) -> Option<Option<&'static str>> {
        Some(match (self, asset) {
            (Self::Bsc, "bnb") | (Self::Solana, "sol") | (Self::Tron, "trx") | (Self::Aptos, "apt") => None,
            (Self::Bsc, "usdt_bsc") => Some("0x55d398326f99059ff775485246999027b3197955"),
            (Self::Solana, "usdt_solana") => Some("Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"),
            (Self::Tron, "usdt_tron") => Some("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
            (Self::Aptos, "usdt_aptos") => Some("0x357b0b74bc833e95a115ad22604854d6b0fca151cecd94111770e5d6ffc9dc2b"),
            _ => return None,
        })
    }

    /// Milliseconds a block, the first block's number, and how many blocks later a block is final.
    fn pace(self) -> (Millis, i64, i64) {
        match self {
            Self::Bsc => (450, 70_000_000, 2),
            Self::Solana => (400, 312_000_000, 32),
            Self::Tron => (3_000, 68_500_000, 19),
            // Each transaction is a version of its own, committed as it comes.
            Self::Aptos => (1, 2_500_000_000, 0),
        }
    }

    /// The last block at a time.
    pub(crate) fn head(self, now: Millis) -> i64 {
        let (interval, first, _) = self.pace();
        first + (now - EPOCH).div_euclid(interval)
    }

    /// When a block is made.
    pub(crate) fn block_time(self, height: i64) -> Millis {
        let (interval, first, _) = self.pace();
        EPOCH + (height - first).saturating_mul(interval)
    }

    /// The last final block at a time.
    pub(crate) fn final_head(self, now: Millis) -> i64 {
        self.head(now) - self.pace().2
    }

    /// A transaction's hash, from whatever makes it different.
    pub(crate) fn hash(self, of: &str) -> String {
        match self {
            Self::Bsc | Self::Aptos => format!("0x{}", hex(&digest(of))),
            Self::Tron => hex(&digest(of)),
            Self::Solana => bs58::encode([digest(of), digest(&format!("{of}'"))].concat()).into_string(),
        }
    }

    /// An address that belongs to nobody in particular.
    pub(crate) fn address(self, of: &str) -> String {
        let digest = digest(of);
        let (short, _) = digest.split_at(20);
        match self {
            Self::Bsc => format!("0x{}", hex(short)),
            Self::Solana => bs58::encode(digest).into_string(),
            Self::Tron => tron_text(short),
            Self::Aptos => format!("0x{}", hex(&digest)),
        }
    }

    /// Whether text may be an address here.
    pub(crate) fn is_address(self, text: &str) -> bool {
        let hexed = |range: std::ops::RangeInclusive<usize>| {
            text.strip_prefix("0x")
                .is_some_and(|digits| range.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit()))
        };
        match self {
            Self::Bsc => hexed(40..=40),
            Self::Aptos => hexed(1..=64),
            Self::Solana => bs58::decode(text).into_vec().is_ok_and(|bytes| bytes.len() == 32),
            Self::Tron => tron_bytes(text).is_some(),
        }
    }

    /// One spelling of a hash or an address.
    pub(crate) fn normal(self, text: &str) -> String {
        match self {
            Self::Bsc | Self::Aptos => text.to_ascii_lowercase(),
            Self::Tron if text.len() == 64 => text.to_ascii_lowercase(),
            Self::Solana | Self::Tron => text.to_owned(),
        }
    }
}

pub(crate) fn digest(of: &str) -> [u8; 32] {
    Sha256::digest(of.as_bytes()).into()
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The twenty bytes of `T…`.
pub(crate) fn tron_bytes(text: &str) -> Option<Vec<u8>> {
    let bytes = bs58::decode(text).into_vec().ok()?;
    let (payload, check) = bytes.split_last_chunk::<4>()?;
    let sum = Sha256::digest(Sha256::digest(payload));
    let (first, rest) = payload.split_first()?;
    (sum.starts_with(check) && *first == 0x41 && rest.len() == 20).then(|| rest.to_vec())
}

fn tron_text(bytes: &[u8]) -> String {
    let payload = [&[0x41], bytes].concat();
    let sum = Sha256::digest(Sha256::digest(&payload));
    let check = sum.iter().take(4).copied().collect::<Vec<u8>>();
    bs58::encode([payload, check].concat()).into_string()
}

/// An address of Aptos as nodes print it: without leading zeros.
pub(crate) fn aptos_short(text: &str) -> String {
    let digits = text.trim_start_matches("0x").trim_start_matches('0');
    format!("0x{}", if digits.is_empty() { "0" } else { digits })
}

/// The store in which an owner has an asset by default.
pub(crate) fn aptos_store(owner: &str, metadata: &str) -> String {
    let bytes = |text: &str| {
        let digits = format!("{:0>64}", text.trim_start_matches("0x"));
        let pairs = digits.as_bytes().chunks(2).filter_map(|pair| std::str::from_utf8(pair).ok());
        pairs.filter_map(|pair| u8::from_str_radix(pair, 16).ok()).collect::<Vec<u8>>()
    };
    let preimage = [bytes(owner), bytes(metadata), vec![0xfc]].concat();
    aptos_short(&format!("0x{}", hex(&Sha3_256::digest(preimage))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_the_chains_own() {
        for net in Net::ALL {
            assert!(net.is_address(&net.address("x")), "{net:?}");
            assert!(!net.is_address("") && !net.is_address("x"));
        }
        assert_eq!(
            hex(&tron_bytes("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t").unwrap()),
            "a614f803b6fd780986a42c78ec9c7f77e6ded13c"
        );
        let owner = "0x31deb490728ae8e1a89675ee4c1877af8e5849c526d2c9a64238c49d8ece08a0";
        assert_eq!(aptos_store(owner, "0xa"), "0x60d8ef2e962b1d1b4f602c72e23eed6fbba86eefb41853a7688073fc918d912");
    }

    #[test]
    fn a_block_is_the_last_one_until_the_next_is_due() {
        for net in Net::ALL {
            let head = net.head(1_795_000_000_123);
            assert!(net.block_time(head) <= 1_795_000_000_123 && net.block_time(head + 1) > 1_795_000_000_123);
        }
    }
}
