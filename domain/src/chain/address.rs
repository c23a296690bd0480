//! Addresses, understood: checksums where the chain has them, one value for all spellings (`chains.md` section 1).
//!
//! Promises: equal addresses are equal whatever their letter case, their leading zeros or their prefix; an address with
//! a wrong checksum is never taken. A Solana address carries no checksum: a mistyped one of the right length is one.

use super::{Chain, hex};
use sha2::{Digest as _, Sha256};
use sha3::{Keccak256, Sha3_256};
use std::fmt;

/// The first byte of every address on Tron's main network.
const TRON: u8 = 0x41;
/// No address is longer; longer text is not looked at.
const LENGTH_MAX: usize = 80;
/// What ends the preimage of a derived object's address on Aptos.
const FROM_OBJECT: u8 = 0xfc;

/// An address on one chain. Compared by what it means, not by how it was written.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address(Raw);

#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Raw {
    Bsc([u8; 20]),
    Solana([u8; 32]),
    Tron([u8; 20]),
    Aptos([u8; 32]),
}

/// Why text is no address of that chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing was there.
    #[error("no address")]
    Empty,
    /// The right shape, but a letter is wrong.
    #[error("the address has a wrong checksum: a letter or its case is not as it should be")]
    BadChecksum,
    /// It is an address of these chains.
    #[error("the address is of another chain")]
    OtherChain(Vec<Chain>),
    /// No address at all.
    #[error("not an address")]
    NotOne,
}

impl Address {
    /// Understands an address of `chain`, spaces around it left out.
    pub fn parse(chain: Chain, text: &str) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.len() > LENGTH_MAX || !text.is_ascii() {
            return Err(AddressError::NotOne);
        }
        match Self::read(chain, text) {
            Err(AddressError::NotOne) => {
                // 40 digits are one of Aptos, too, but nobody leaves out so many zeros.
                let others = Chain::ALL.into_iter().filter(|other| *other != chain);
                let fitting: Vec<Chain> = others.filter(|other| Self::read(*other, text).is_ok()).collect();
                Err(if fitting.is_empty() { AddressError::NotOne } else { AddressError::OtherChain(fitting) })
            }
            read => read,
        }
    }

    fn read(chain: Chain, text: &str) -> Result<Self, AddressError> {
        match chain {
            Chain::Bsc => read_bsc(text),
            Chain::Solana => {
                let bytes = base58(text).filter(|_| (32..=44).contains(&text.len()));
                let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
                bytes.map(|bytes| Self(Raw::Solana(bytes))).ok_or(AddressError::NotOne)
            }
            Chain::Tron => read_tron(text),
            Chain::Aptos => {
                let digits = hex::strip(text).filter(|digits| (1..=64).contains(&digits.len()));
                let bytes = digits.and_then(|digits| hex::bytes(&format!("{digits:0>64}")));
                let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
                bytes.map(|bytes| Self(Raw::Aptos(bytes))).ok_or(AddressError::NotOne)
            }
        }
    }

    /// From its own bytes: 20 on BSC and Tron (without Tron's leading `41`), 32 elsewhere.
    pub fn from_bytes(chain: Chain, bytes: &[u8]) -> Option<Self> {
        Some(Self(match chain {
            Chain::Bsc => Raw::Bsc(bytes.try_into().ok()?),
            Chain::Solana => Raw::Solana(bytes.try_into().ok()?),
            Chain::Tron => Raw::Tron(bytes.try_into().ok()?),
            Chain::Aptos => Raw::Aptos(bytes.try_into().ok()?),
        }))
    }

    /// Its own bytes, see [`Address::from_bytes`].
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Raw::Bsc(bytes) | Raw::Tron(bytes) => bytes,
            Raw::Solana(bytes) | Raw::Aptos(bytes) => bytes,
        }
    }

    /// Its chain.
    pub fn chain(&self) -> Chain {
        match self.0 {
            Raw::Bsc(_) => Chain::Bsc,
            Raw::Solana(_) => Chain::Solana,
            Raw::Tron(_) => Chain::Tron,
            Raw::Aptos(_) => Chain::Aptos,
        }
    }

    /// As people are shown it and as it is kept: with the checksum where there is one, on Aptos with all its digits.
    pub fn shown(&self) -> String {
        match &self.0 {
            Raw::Bsc(bytes) => format!("0x{}", eip55(&hex::text(bytes))),
            Raw::Solana(bytes) => bs58::encode(bytes).into_string(),
            Raw::Tron(bytes) => {
                let payload = [&[TRON], bytes.as_slice()].concat();
                bs58::encode([payload.as_slice(), &check(&payload)].concat()).into_string()
            }
            Raw::Aptos(bytes) => format!("0x{}", hex::text(bytes)),
        }
    }

    /// The store in which this owner on Aptos has that fungible asset by default; `None` unless both are of Aptos.
    pub fn primary_store(&self, metadata: &Self) -> Option<Self> {
        let (Raw::Aptos(owner), Raw::Aptos(metadata)) = (&self.0, &metadata.0) else { return None };
        let preimage = [owner.as_slice(), metadata, &[FROM_OBJECT]].concat();
        Some(Self(Raw::Aptos(Sha3_256::digest(preimage).into())))
    }
}

fn read_bsc(text: &str) -> Result<Address, AddressError> {
    let digits = hex::strip(text).filter(|digits| hex::is(digits, 40)).ok_or(AddressError::NotOne)?;
    let lower = digits.to_ascii_lowercase();
    let mixed = digits != lower && digits.bytes().any(|byte| byte.is_ascii_lowercase());
    if mixed && eip55(&lower) != digits {
        return Err(AddressError::BadChecksum);
    }
    let bytes = hex::bytes(&lower).and_then(|bytes| bytes.try_into().ok()).ok_or(AddressError::NotOne)?;
    Ok(Address(Raw::Bsc(bytes)))
}

/// `T…` with its checksum, or the 42 digits `41…` that nodes answer with.
fn read_tron(text: &str) -> Result<Address, AddressError> {
    if hex::is(text, 42) {
        let bytes = hex::bytes(text).ok_or(AddressError::NotOne)?;
        let (first, rest) = bytes.split_first().ok_or(AddressError::NotOne)?;
        let rest = rest.try_into().ok().filter(|_| *first == TRON);
        return rest.map(|bytes| Address(Raw::Tron(bytes))).ok_or(AddressError::NotOne);
    }
    if text.len() != 34 || !text.starts_with('T') {
        return Err(AddressError::NotOne);
    }
    let bytes = base58(text).ok_or(AddressError::NotOne)?;
    // `T` and 34 characters make 25 bytes of which the first may still be another one.
    let (payload, sum) = bytes.split_last_chunk::<4>().ok_or(AddressError::NotOne)?;
    if check(payload) != *sum {
        return Err(AddressError::BadChecksum);
    }
    let address = payload.strip_prefix(&[TRON]).and_then(|rest| rest.try_into().ok());
    address.map(|bytes| Address(Raw::Tron(bytes))).ok_or(AddressError::NotOne)
}

/// The bytes of base58 text of bounded length.
pub(super) fn base58(text: &str) -> Option<Vec<u8>> {
    if text.len() > 100 {
        return None;
    }
    bs58::decode(text).into_vec().ok()
}

/// The first four bytes of the double SHA-256.
fn check(payload: &[u8]) -> [u8; 4] {
    let [a, b, c, d, ..]: [u8; 32] = Sha256::digest(Sha256::digest(payload)).into();
    [a, b, c, d]
}

/// Forty lower-case digits in the letter case that says their checksum (EIP-55).
fn eip55(lower: &str) -> String {
    let hash = hex::text(&Keccak256::digest(lower.as_bytes()));
    let raised = |(digit, nibble): (char, char)| if nibble >= '8' { digit.to_ascii_uppercase() } else { digit };
    lower.chars().zip(hash.chars()).map(raised).collect()
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.shown())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.chain(), self.shown())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(chain: Chain, text: &str) -> Address {
        Address::parse(chain, text).unwrap_or_else(|error| panic!("{text}: {error}"))
    }

    #[test]
    fn keccak_is_not_sha3() {
        assert!(hex::text(&Keccak256::digest(b"")).starts_with("c5d24601"));
        assert!(hex::text(&Keccak256::digest(b"")).ends_with("85a470"));
        assert_ne!(Keccak256::digest(b""), Sha3_256::digest(b""));
    }

    #[test]
    fn a_bsc_address_in_mixed_case_proves_its_checksum() {
        for shown in [
            "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
            "0x55d398326f99059fF775485246999027B3197955",
            "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d",
        ] {
            let address = read(Chain::Bsc, shown);
            assert_eq!(address.shown(), shown);
            assert_eq!(read(Chain::Bsc, &shown.to_ascii_lowercase()), address);
            assert_eq!(read(Chain::Bsc, &format!(" 0x{}\n", shown[2..].to_ascii_uppercase())), address);
            let swapped = shown.replace('f', "F").replace("Cd", "cD").replace("Ae", "aE");
            assert_eq!(Address::parse(Chain::Bsc, &swapped), Err(AddressError::BadChecksum), "{swapped}");
        }
    }

    #[test]
    fn a_tron_address_is_base58check_or_hex() {
        let usdt = read(Chain::Tron, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t");
        assert_eq!(read(Chain::Tron, "41a614f803b6fd780986a42c78ec9c7f77e6ded13c"), usdt);
        assert_eq!(hex::text(usdt.bytes()), "a614f803b6fd780986a42c78ec9c7f77e6ded13c");
        assert_eq!(usdt.shown(), "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t");
        let wrong = Address::parse(Chain::Tron, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T");
        assert_eq!(wrong, Err(AddressError::BadChecksum));
        for bad in ["42a614f803b6fd780986a42c78ec9c7f77e6ded13c", "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6", "T"] {
            assert_eq!(Address::parse(Chain::Tron, bad), Err(AddressError::NotOne), "{bad}");
        }
    }

    #[test]
    fn a_solana_address_is_thirty_two_bytes() {
        for shown in [
            "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB",
            "11111111111111111111111111111111",
            "So11111111111111111111111111111111111111112",
        ] {
            assert_eq!(read(Chain::Solana, shown).shown(), shown);
        }
        for bad in [
            "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNY0", // 0 is no digit of base58
            "1111111111111111111111111111111",              // 31 bytes
            "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", // 33 bytes
        ] {
            assert_eq!(Address::parse(Chain::Solana, bad), Err(AddressError::NotOne), "{bad}");
        }
    }

    #[test]
    fn an_aptos_address_may_lack_leading_zeros() {
        let short = read(Chain::Aptos, "0xA");
        assert_eq!(short, read(Chain::Aptos, &format!("0x{:0>64}", "a")));
        assert_eq!(short.shown(), format!("0x{:0>64}", "a"));
        let owner = read(Chain::Aptos, "0x31deb490728ae8e1a89675ee4c1877af8e5849c526d2c9a64238c49d8ece08a0");
        let store = owner.primary_store(&short).unwrap();
        assert_eq!(store.shown(), "0x060d8ef2e962b1d1b4f602c72e23eed6fbba86eefb41853a7688073fc918d912");
        assert_eq!(store, read(Chain::Aptos, "0x60d8ef2e962b1d1b4f602c72e23eed6fbba86eefb41853a7688073fc918d912"));
        let bsc = read(Chain::Bsc, "0x55d398326f99059ff775485246999027b3197955");
        assert_eq!((owner.primary_store(&bsc), bsc.primary_store(&owner)), (None, None));
        for bad in ["0x", "0xg", "a"] {
            assert_eq!(Address::parse(Chain::Aptos, bad), Err(AddressError::NotOne), "{bad}");
        }
    }

    #[test]
    fn an_address_of_another_chain_is_named() {
        let tron = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t";
        for (chain, text, fits) in [
            (Chain::Bsc, tron, vec![Chain::Tron]),
            (Chain::Tron, "0x55d398326f99059ff775485246999027b3197955", vec![Chain::Bsc, Chain::Aptos]),
            (Chain::Aptos, "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB", vec![Chain::Solana]),
        ] {
            assert_eq!(Address::parse(chain, text), Err(AddressError::OtherChain(fits)), "{chain} {text}");
        }
        for chain in Chain::ALL {
            assert_eq!(Address::parse(chain, " \n"), Err(AddressError::Empty));
            assert_eq!(Address::parse(chain, "hello"), Err(AddressError::NotOne));
            assert_eq!(Address::parse(chain, &"1".repeat(10_000)), Err(AddressError::NotOne));
        }
    }

    proptest::proptest! {
        #[test] // What is shown reads back as the same address, on its chain only or on one that shares the spelling.
        fn addresses_round_trip(raw: [u8; 32], which in 0..4_usize) {
            let chain = Chain::ALL[which];
            let length = if matches!(chain, Chain::Bsc | Chain::Tron) { 20 } else { 32 };
            let address = Address::from_bytes(chain, &raw[..length]).unwrap();
            proptest::prop_assert_eq!(Address::parse(chain, &address.shown()), Ok(address));
            proptest::prop_assert_eq!(address.bytes(), &raw[..length]);
        }

        #[test] // Whatever is typed, no panic.
        fn any_text_is_an_address_or_not(text in "\\PC{0,90}|0x[0-9a-fA-F]{0,66}|T[1-9A-HJ-NP-Za-km-z]{33}") {
            for chain in Chain::ALL {
                if let Ok(address) = Address::parse(chain, &text) {
                    proptest::prop_assert_eq!(Address::parse(chain, &address.shown()), Ok(address));
                }
            }
        }
    }
}
