//! What can be paid with (`chains.md` section 2). Symbols and names on a chain are whatever their issuer likes; a token
//! is its contract, mint or metadata address and nothing else.

use super::Chain;
use crate::text::clean_line;
use crate::withdrawal::UnknownWord;
use std::fmt;
use std::str::FromStr;

/// A coin on a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asset {
    /// BNB.
    Bnb,
    /// SOL.
    Sol,
    /// TRX.
    Trx,
    /// APT.
    Apt,
    /// Tether dollars on BNB Smart Chain: 18 decimals there.
    UsdtBsc,
    /// Tether dollars on Solana.
    UsdtSolana,
    /// Tether dollars on Tron.
    UsdtTron,
    /// Tether dollars on Aptos.
    UsdtAptos,
}

impl Asset {
    /// Every asset: coins, then stable ones.
    pub const ALL: [Self; 8] =
        [Self::Bnb, Self::Sol, Self::Trx, Self::Apt, Self::UsdtBsc, Self::UsdtSolana, Self::UsdtTron, Self::UsdtAptos];

    /// The word in rows, configuration and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bnb => "bnb",
            Self::Sol => "sol",
            Self::Trx => "trx",
            Self::Apt => "apt",
            Self::UsdtBsc => "usdt_bsc",
            Self::UsdtSolana => "usdt_solana",
            Self::UsdtTron => "usdt_tron",
            Self::UsdtAptos => "usdt_aptos",
        }
    }

    /// Where it lives.
    pub const fn chain(self) -> Chain {
        match self {
            Self::Bnb | Self::UsdtBsc => Chain::Bsc,
            Self::Sol | Self::UsdtSolana => Chain::Solana,
            Self::Trx | Self::UsdtTron => Chain::Tron,
            Self::Apt | Self::UsdtAptos => Chain::Aptos,
        }
    }

    /// Decimal places of its smallest unit, as its chain counts them.
    pub const fn decimals(self) -> u32 {
        match self {
            Self::Bnb | Self::UsdtBsc => 18,
            Self::Sol => 9,
            Self::Apt => 8,
            Self::Trx | Self::UsdtSolana | Self::UsdtTron | Self::UsdtAptos => 6,
        }
    }

    /// Counted as a dollar.
    pub const fn is_stable(self) -> bool {
        matches!(self, Self::UsdtBsc | Self::UsdtSolana | Self::UsdtTron | Self::UsdtAptos)
    }

    /// What people call it: `BNB`, `USDT`.
    pub const fn symbol(self) -> &'static str {
        match self {
            Self::Bnb => "BNB",
            Self::Sol => "SOL",
            Self::Trx => "TRX",
            Self::Apt => "APT",
            Self::UsdtBsc | Self::UsdtSolana | Self::UsdtTron | Self::UsdtAptos => "USDT",
        }
    }

    /// What a sender has to choose as the network, in the words of exchanges.
    pub const fn network(self) -> &'static str {
        match self {
            Self::Bnb | Self::UsdtBsc => "BNB Smart Chain (BEP20)",
            Self::Sol => "Solana",
            Self::UsdtSolana => "Solana (SPL)",
            Self::Trx => "Tron",
            Self::UsdtTron => "Tron (TRC20)",
            Self::Apt | Self::UsdtAptos => "Aptos",
        }
    }

    /// The contract, mint or metadata address on the main network; `None` for a chain's own coin.
    pub const fn token(self) -> Option<&'static str> {
        match self {
            Self::UsdtBsc => Some("0x55d398326f99059fF775485246999027B3197955"),
            Self::UsdtSolana => Some("Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB"),
            Self::UsdtTron => Some("TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"),
            Self::UsdtAptos => Some("0x357b0b74bc833e95a115ad22604854d6b0fca151cecd94111770e5d6ffc9dc2b"),
            Self::Bnb | Self::Sol | Self::Trx | Self::Apt => None,
        }
    }

    /// What CoinGecko calls a coin; `None` for a stable one, which needs no price.
    pub const fn coin(self) -> Option<&'static str> {
        match self {
            Self::Bnb => Some("binancecoin"),
            Self::Sol => Some("solana"),
            Self::Trx => Some("tron"),
            Self::Apt => Some("aptos"),
            Self::UsdtBsc | Self::UsdtSolana | Self::UsdtTron | Self::UsdtAptos => None,
        }
    }
}

impl fmt::Display for Asset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

impl FromStr for Asset {
    type Err = UnknownWord;
    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        Self::ALL.into_iter().find(|asset| asset.word() == text).ok_or_else(|| UnknownWord(clean_line(text, 20)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chain::Address;

    #[test]
    fn words_read_back_and_serde_uses_them() {
        for asset in Asset::ALL {
            assert_eq!(asset.word().parse(), Ok(asset));
            assert_eq!(serde_json::to_string(&asset).unwrap(), format!("\"{}\"", asset.word()));
        }
        for chain in Chain::ALL {
            assert_eq!((chain.word().parse(), chain.native().chain()), (Ok(chain), chain));
            assert_eq!(serde_json::to_string(&chain).unwrap(), format!("\"{}\"", chain.word()));
        }
        assert!("usdt".parse::<Asset>().is_err() && "BNB".parse::<Asset>().is_err() && "ton".parse::<Chain>().is_err());
    }

    #[test]
    fn assets_are_as_the_chains_have_them() {
        let rows: Vec<_> =
            Asset::ALL.iter().map(|a| (a.symbol(), a.chain().word(), a.decimals(), a.is_stable())).collect();
        assert_eq!(
            rows,
            [
                ("BNB", "bsc", 18, false),
                ("SOL", "solana", 9, false),
                ("TRX", "tron", 6, false),
                ("APT", "aptos", 8, false),
                ("USDT", "bsc", 18, true), // not 6: the classic bug
                ("USDT", "solana", 6, true),
                ("USDT", "tron", 6, true),
                ("USDT", "aptos", 6, true),
            ]
        );
        for asset in Asset::ALL {
            assert_eq!(asset.token().is_some(), asset.is_stable());
            assert_eq!(asset.coin().is_none(), asset.is_stable());
            if let Some(token) = asset.token() {
                assert_eq!(Address::parse(asset.chain(), token).unwrap().shown(), token, "{asset}");
            }
        }
    }
}
