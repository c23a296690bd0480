//! Links to explorers, which people paste where a transaction id is asked for: the id in them, and the chain that a
//! known explorer shows.

use super::Chain;

/// Explorers of one chain each. A host that ends in one of these (with a dot before it) is one, too.
const EXPLORERS: [(&str, Chain); 19] = [
    ("bscscan.com", Chain::Bsc),
    ("bsctrace.com", Chain::Bsc),
    ("bnbchain.org", Chain::Bsc),
    ("solscan.io", Chain::Solana),
    ("explorer.solana.com", Chain::Solana),
    ("solana.fm", Chain::Solana),
    ("solanabeach.io", Chain::Solana),
    ("xray.helius.xyz", Chain::Solana),
    ("orbmarkets.io", Chain::Solana),
    ("tronscan.org", Chain::Tron),
    ("tronscan.io", Chain::Tron),
    ("trongrid.io", Chain::Tron),
    ("tronscan.live", Chain::Tron),
    ("explorer.aptoslabs.com", Chain::Aptos),
    ("aptoscan.com", Chain::Aptos),
    ("tracemove.io", Chain::Aptos),
    ("aptoslabs.com", Chain::Aptos),
    ("apscan.io", Chain::Aptos),
    ("aptos.blockberry.one", Chain::Aptos),
];

/// What stands before the id in a path.
const BEFORE: [&str; 5] = ["tx", "txn", "transaction", "transactions", "txs"];

/// A link, taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Link<'a> {
    /// What may be the id; empty when there is no path.
    pub(super) id: &'a str,
    /// The chain that the explorer shows, if it is known.
    pub(super) chain: Option<Chain>,
}

/// Reads anything with a slash in it as a link. The scheme may be missing; query and fragment are dropped, but for a
/// fragment that is a path (`#/transaction/…`).
pub(super) fn link(text: &str) -> Option<Link<'_>> {
    let text = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (host, rest) = text.split_once('/')?;
    let (path, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let plain = |part: &'static str| move |text: &str| text.is_empty() || text == part;
    let fragment = fragment.trim_start_matches('!');
    let path = if fragment.starts_with('/') { fragment } else { path };
    let path = path.split('?').next().unwrap_or("");
    let segments: Vec<&str> = path.split('/').filter(|segment| !plain(".")(segment)).collect();
    let named = segments.iter().rposition(|segment| BEFORE.iter().any(|word| segment.eq_ignore_ascii_case(word)));
    let id = named.and_then(|at| segments.get(at + 1)).or(segments.last()).copied().unwrap_or("");
    Some(Link { id, chain: chain_of(host) })
}

fn chain_of(host: &str) -> Option<Chain> {
    let host = host.rsplit('@').next().unwrap_or("").split(':').next().unwrap_or("").to_ascii_lowercase();
    let shows = |known: &str| host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    EXPLORERS.iter().find(|(known, _)| shows(known)).map(|(_, chain)| *chain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_is_found_where_explorers_put_it() {
        for (text, id, chain) in [
            ("https://bscscan.com/tx/0xab", "0xab", Some(Chain::Bsc)),
            ("bscscan.com/tx/0xab#eventlog", "0xab", Some(Chain::Bsc)),
            ("https://testnet.bscscan.com/tx/0xab/", "0xab", Some(Chain::Bsc)),
            ("https://notbscscan.com/tx/0xab", "0xab", None),
            ("https://solscan.io/tx/5sig?cluster=devnet", "5sig", Some(Chain::Solana)),
            ("https://explorer.solana.com/tx/5sig?cluster=devnet#x", "5sig", Some(Chain::Solana)),
            ("https://tronscan.org/#/transaction/ab12", "ab12", Some(Chain::Tron)),
            ("https://tronscan.org/#/transaction/ab12?lang=en", "ab12", Some(Chain::Tron)),
            ("https://tronscan.org/#!/transaction/ab12", "ab12", Some(Chain::Tron)),
            ("https://explorer.aptoslabs.com/txn/0xab/userTxnOverview?network=mainnet", "0xab", Some(Chain::Aptos)),
            ("https://example.org/a/b/0xab?x=/tx/1", "0xab", None),
            ("https://bscscan.com/", "", Some(Chain::Bsc)),
            ("https://bscscan.com/tx/", "tx", Some(Chain::Bsc)),
        ] {
            assert_eq!(link(text), Some(Link { id, chain }), "{text}");
        }
        assert_eq!(link("0xab"), None);
    }
}
