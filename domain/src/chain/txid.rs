//! Transaction ids as people paste them, understood and made one key (`chains.md` section 1).
//!
//! Promises: every spelling of one transaction on one chain (letter case, with and without `0x`, as a link, spaces
//! around and within) gives the same text, so that it cannot be claimed twice; Solana's letter case is never touched.
//! The chain is an argument: an id of BSC without its `0x` looks like one of Tron, and one of Aptos like one of BSC.

use super::address::{Address, base58};
use super::{Chain, explorer, hex};
use std::fmt;

/// Nothing that anybody pastes in earnest is longer.
const TYPED_MAX: usize = 2_000;
/// What may surround an id in a message.
const AROUND: [char; 14] = ['<', '>', '(', ')', '[', ']', '"', '\'', '`', ',', ';', '\u{feff}', '\u{200b}', '\u{200e}'];

/// The id of a transaction on one chain, in the one spelling that is a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TxId {
    chain: Chain,
    text: String,
}

/// Why what was typed is no transaction id of that chain.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TxIdError {
    /// Nothing was typed, or a link without an id.
    #[error("no transaction id")]
    Empty,
    /// An address: the sender's or the receiver's, not the transaction's id.
    #[error("this is an address, not a transaction id")]
    AnAddress,
    /// It is an id on these chains.
    #[error("this is a transaction of another chain")]
    OtherChain(Vec<Chain>),
    /// A ledger version of Aptos, which names a transaction, too, but is not its hash.
    #[error("this is a ledger version, not a transaction hash")]
    LedgerVersion,
    /// None of all that.
    #[error("not a transaction id")]
    NotOne,
}

impl TxId {
    /// Understands what was typed for a transaction on `chain`.
    pub fn parse(chain: Chain, typed: &str) -> Result<Self, TxIdError> {
        if typed.len() > TYPED_MAX {
            return Err(TxIdError::NotOne);
        }
        let words: Vec<&str> = typed.split_whitespace().map(|word| word.trim_matches(AROUND)).collect();
        let words: Vec<&str> = words.into_iter().filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Err(TxIdError::Empty),
            [word] => Self::read(chain, word),
            words => {
                // A sentence with one id in it, or an id that was broken into lines.
                let mut found: Vec<Self> = words.iter().filter_map(|word| Self::read(chain, word).ok()).collect();
                found.dedup();
                match <[Self; 1]>::try_from(found) {
                    Ok([id]) => Ok(id),
                    Err(several) if !several.is_empty() => Err(TxIdError::NotOne),
                    Err(_) => {
                        let hints = words.iter().filter_map(|word| Self::read(chain, word).err());
                        Self::read(chain, &words.concat())
                            .map_err(|error| hints.into_iter().find(|hint| *hint != TxIdError::NotOne).unwrap_or(error))
                    }
                }
            }
        }
    }

    fn read(chain: Chain, word: &str) -> Result<Self, TxIdError> {
        let (text, shown_on) = match explorer::link(word) {
            Some(link) => (link.id, link.chain),
            None => (word, None),
        };
        if text.is_empty() {
            return Err(TxIdError::Empty);
        }
        if let Some(other) = shown_on.filter(|other| *other != chain) {
            let fits = normal(other, text).is_some();
            return Err(if fits { TxIdError::OtherChain(vec![other]) } else { refusal(chain, text) });
        }
        normal(chain, text).map(|text| Self { chain, text }).ok_or_else(|| refusal(chain, text))
    }

    /// Its chain.
    pub fn chain(&self) -> Chain {
        self.chain
    }

    /// The normal spelling: the key of the transaction.
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for TxId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The normal spelling of an id on `chain`; a prefix that is missing or too much is forgiven.
fn normal(chain: Chain, text: &str) -> Option<String> {
    if chain == Chain::Solana {
        let fits = (64..=88).contains(&text.len()) && base58(text).is_some_and(|bytes| bytes.len() == 64);
        return fits.then(|| text.to_owned());
    }
    let digits = hex::strip(text).unwrap_or(text);
    let digits = hex::is(digits, 64).then(|| digits.to_ascii_lowercase())?;
    Some(if chain == Chain::Tron { digits } else { format!("0x{digits}") })
}

/// Whether an id is written as `chain` writes them.
fn is_native(chain: Chain, text: &str) -> bool {
    match chain {
        Chain::Solana => normal(chain, text).is_some(),
        Chain::Tron => hex::is(text, 64),
        Chain::Bsc | Chain::Aptos => hex::strip(text).is_some_and(|digits| hex::is(digits, 64)),
    }
}

fn refusal(chain: Chain, text: &str) -> TxIdError {
    let others: Vec<Chain> =
        Chain::ALL.into_iter().filter(|other| *other != chain && is_native(*other, text)).collect();
    if !others.is_empty() {
        TxIdError::OtherChain(others)
    } else if looks_like_address(text) {
        TxIdError::AnAddress
    } else if chain == Chain::Aptos && (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit()) {
        TxIdError::LedgerVersion
    } else {
        TxIdError::NotOne
    }
}

/// An address of any chain, a mistyped one too. A short one of Aptos has to be very short: a hash of which the last
/// digit was not copied has the same shape.
fn looks_like_address(text: &str) -> bool {
    let bsc = hex::strip(text).is_some_and(|digits| hex::is(digits, 40));
    let tron = text.len() == 34 && text.starts_with('T') && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let solana = Address::parse(Chain::Solana, text).is_ok();
    let aptos = text.len() <= 10 && Address::parse(Chain::Aptos, text).is_ok();
    bsc || tron || solana || aptos
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "d956d180f7533127ec59cb1885c46b16467d3ed890f0a6b89ad88e7933c0d62b";
    const SIGNATURE: &str = "2qfNzGs15dt999rt1AUJ7D1oPQaukMPPmHR2u5ZmDo4cVtr1Pr2Dax4Jo7ryTpM8jxjtXLi5NHy4uyr68MVh5my6";

    fn key(chain: Chain, typed: &str) -> String {
        TxId::parse(chain, typed).unwrap_or_else(|error| panic!("{typed}: {error}")).to_string()
    }

    #[test]
    fn all_spellings_of_a_transaction_are_one_key() {
        let upper = HASH.to_ascii_uppercase();
        let typed = [
            HASH.to_owned(),
            format!("0x{HASH}"),
            format!("0X{upper}"),
            upper,
            format!("  0x{HASH}\n"),
            format!("`0x{HASH}`"),
            format!("my hash: 0x{HASH}, thanks"),
            format!("0x{}\n{}", &HASH[..32], &HASH[32..]),
        ];
        for typed in &typed {
            assert_eq!(key(Chain::Bsc, typed), format!("0x{HASH}"), "{typed}");
            assert_eq!(key(Chain::Aptos, typed), format!("0x{HASH}"), "{typed}");
            assert_eq!(key(Chain::Tron, typed), HASH, "{typed}");
        }
        for (chain, typed, expected) in [
            (Chain::Bsc, format!("https://bscscan.com/tx/0x{HASH}#eventlog"), format!("0x{HASH}")),
            (Chain::Tron, format!("https://tronscan.org/#/transaction/{HASH}?lang=en"), HASH.to_owned()),
            (Chain::Aptos, format!("explorer.aptoslabs.com/txn/0x{HASH}/changes?network=mainnet"), format!("0x{HASH}")),
            (Chain::Solana, format!("see https://solscan.io/tx/{SIGNATURE}?cluster=x"), SIGNATURE.to_owned()),
            (Chain::Bsc, format!("https://unknown.example/tx/{HASH}"), format!("0x{HASH}")),
        ] {
            assert_eq!(key(chain, &typed), expected, "{typed}");
        }
    }

    #[test]
    fn the_letter_case_of_a_solana_signature_is_part_of_it() {
        assert_eq!(key(Chain::Solana, SIGNATURE), SIGNATURE);
        let lower = SIGNATURE.to_ascii_lowercase();
        assert_ne!(TxId::parse(Chain::Solana, &lower).map(|id| id.to_string()), Ok(SIGNATURE.to_owned()));
        let other = "3Zj5XkvE1Uec1frjue6SK2ND2cqhKPvPkZ1ZFPwo2v9iL4NX4b4WWG1wPNEQdnJJU8sVx7MMHjSH1HxoR21vEjoV";
        assert_eq!(key(Chain::Solana, other), other);
        assert_eq!(key(Chain::Solana, &"1".repeat(64)), "1".repeat(64)); // 64 bytes of zero
        for bad in
            ["1".repeat(63), "1".repeat(65), "z".repeat(88), format!("{SIGNATURE}1"), SIGNATURE.replace('2', "0")]
        {
            assert_eq!(TxId::parse(Chain::Solana, &bad), Err(TxIdError::NotOne), "{bad}");
        }
    }

    #[test]
    fn what_was_pasted_instead_is_named() {
        use TxIdError::{AnAddress, Empty, LedgerVersion, NotOne, OtherChain};
        let prefixed = format!("0x{HASH}");
        let aptos_link = format!("https://explorer.aptoslabs.com/txn/{prefixed}?network=mainnet");
        let tron_link = format!("https://tronscan.org/#/transaction/{HASH}");
        let address_link = "https://bscscan.com/address/0x55d398326f99059ff775485246999027b3197955";
        for (chain, typed, error) in [
            (Chain::Bsc, "", Empty),
            (Chain::Bsc, " \n\t ", Empty),
            (Chain::Bsc, "https://bscscan.com/", Empty),
            (Chain::Bsc, "0x55d398326f99059ff775485246999027b3197955", AnAddress),
            (Chain::Bsc, address_link, AnAddress),
            (Chain::Bsc, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t", AnAddress),
            (Chain::Tron, "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6T", AnAddress), // even mistyped
            (Chain::Solana, "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB", AnAddress),
            (Chain::Aptos, "0xa", AnAddress),
            (Chain::Bsc, SIGNATURE, OtherChain(vec![Chain::Solana])),
            (Chain::Solana, HASH, OtherChain(vec![Chain::Tron])),
            (Chain::Solana, &prefixed, OtherChain(vec![Chain::Bsc, Chain::Aptos])),
            (Chain::Bsc, &aptos_link, OtherChain(vec![Chain::Aptos])),
            (Chain::Aptos, &tron_link, OtherChain(vec![Chain::Tron])),
            (Chain::Aptos, "3509309", LedgerVersion),
            (Chain::Aptos, "https://explorer.aptoslabs.com/txn/3509309?network=mainnet", LedgerVersion),
            (Chain::Bsc, "3509309", NotOne),
            (Chain::Bsc, "I have paid", NotOne),
            (Chain::Bsc, &prefixed[..65], NotOne), // the last digit was not copied
            (Chain::Aptos, &prefixed[..65], NotOne),
            (Chain::Tron, "0x", NotOne),
        ] {
            assert_eq!(TxId::parse(chain, typed), Err(error), "{chain} {typed}");
        }
        let two = format!("0x{HASH} {}", HASH.replace('d', "e"));
        assert_eq!(TxId::parse(Chain::Bsc, &two), Err(NotOne), "two ids: which one is meant is not ours to guess");
        assert_eq!(TxId::parse(Chain::Bsc, &"0".repeat(100_000)), Err(NotOne));
    }

    proptest::proptest! {
        #[test] // However it is spelt, the key is the same, and the key is its own spelling.
        fn a_key_is_its_own_spelling(raw: [u8; 32], upper: bool, prefix: bool, which in 0..3_usize) {
            let chain = [Chain::Bsc, Chain::Tron, Chain::Aptos][which];
            let digits = hex::text(&raw);
            let digits = if upper { digits.to_ascii_uppercase() } else { digits };
            let id = TxId::parse(chain, &format!("{}{digits}", if prefix { "0x" } else { "" })).unwrap();
            proptest::prop_assert!(id.as_str().ends_with(&hex::text(&raw)));
            proptest::prop_assert_eq!(TxId::parse(chain, id.as_str()), Ok(id));
        }

        #[test]
        fn sixty_four_bytes_are_a_signature(raw: [u8; 32], more: [u8; 32]) {
            let text = bs58::encode([raw, more].concat()).into_string();
            let id = TxId::parse(Chain::Solana, &text).unwrap();
            proptest::prop_assert_eq!(id.as_str(), text);
        }

        #[test] // Whatever is typed, no panic, and what is taken is in normal form.
        fn any_text_is_an_id_or_not(text in "\\PC{0,120}|(https?://)?[a-z./#?!]{0,40}(0x)?[0-9a-fA-F]{0,66}[/?# ]{0,3}") {
            for chain in Chain::ALL {
                if let Ok(id) = TxId::parse(chain, &text) {
                    proptest::prop_assert_eq!(TxId::parse(chain, id.as_str()), Ok(id.clone()));
                    proptest::prop_assert_eq!(id.chain(), chain);
                }
            }
        }
    }
}
