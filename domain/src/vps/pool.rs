//! The addresses that a package's name stands for.

use std::net::Ipv4Addr;

/// The addresses of a package, read from its name: a whole address (`103.195.160.2`), whole octets (`103.82.72`), or
/// whole octets and one that ends in wildcard letters (`103.109.18x`, `103.109.x`), perhaps followed by `x` octets.
///
/// Octets are compared as numbers, so that `103.82.7` does not own `103.82.72.1`. A name with fewer than two whole
/// octets, or with anything else in it, stands for no pool: what was bought under it could not be checked, so it is not
/// bought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    whole: Vec<u8>,
    /// The digits before the wildcard letters of the octet after the whole ones.
    prefix: Option<String>,
}

impl Pool {
    /// The pool of a package's name, if it names one.
    pub fn of(name: &str) -> Option<Self> {
        let mut whole = Vec::new();
        let mut prefix: Option<String> = None;
        let mut octets = 0;
        for part in name.trim().split('.') {
            octets += 1;
            let digits = part.trim_end_matches(['x', 'X']);
            let wild = digits.len() < part.len();
            match &prefix {
                None if wild => prefix = Some(leading(digits)?.to_owned()),
                None => whole.push(octet(part)?),
                // After a wildcard there is nothing but wildcards.
                Some(_) if wild && digits.is_empty() => {}
                Some(_) => return None,
            }
        }
        (octets <= 4 && whole.len() >= 2).then_some(Self { whole, prefix })
    }

    /// True when an address belongs to it.
    pub fn owns(&self, ip: Ipv4Addr) -> bool {
        let octets = ip.octets();
        if octets[..self.whole.len()] != self.whole[..] {
            return false;
        }
        match &self.prefix {
            None => true,
            Some(prefix) if prefix.is_empty() => true,
            // Each wildcard letter is at least one digit: `18x` is 180 to 189, never 18.
            Some(prefix) => {
                let text = octets[self.whole.len()].to_string();
                text.len() > prefix.len() && text.starts_with(prefix.as_str())
            }
        }
    }

    /// The one address that the name is, if it is a whole one.
    pub fn single(&self) -> Option<Ipv4Addr> {
        let [a, b, c, d] = self.whole[..] else { return None };
        Some(Ipv4Addr::new(a, b, c, d))
    }
}

/// An octet as it is written: 0 to 255 without leading zeros.
fn octet(text: &str) -> Option<u8> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    (plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok()).flatten()
}

/// The digits before wildcard letters: none, or the beginning of an octet of two or three digits.
fn leading(text: &str) -> Option<&str> {
    if text.is_empty() {
        return Some(text);
    }
    let number = octet(text)?;
    (number > 0 && number <= 25).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_address_belongs_octet_by_octet() {
        for (name, ip, owns) in [
            ("103.82.72", "103.82.72.116", true),
            ("103.82.72", "103.82.7.116", false),
            ("103.82.7", "103.82.72.1", false),
            ("103.82.7", "103.82.7.255", true),
            ("103.82.7", "103.82.70.1", false),
            ("3.82.7", "103.82.7.1", false),
            ("103.181.91", "103.182.44.9", false),
            ("103.195.160.2", "103.195.160.2", true),
            ("103.195.160.2", "103.195.160.20", false),
            ("103.195.160.2", "103.195.160.3", false),
            ("103.195", "103.195.1.2", true),
            ("103.195", "103.196.1.2", false),
            ("103.109.18x", "103.109.180.1", true),
            ("103.109.18x", "103.109.189.1", true),
            ("103.109.18x", "103.109.18.1", false),
            ("103.109.18x", "103.109.190.1", false),
            ("103.109.18X", "103.109.185.7", true),
            ("103.109.1x", "103.109.19.7", true),
            ("103.109.1xx", "103.109.199.7", true),
            ("103.109.1x", "103.109.2.7", false),
            ("103.109.x", "103.109.200.7", true),
            ("103.109.18x.x", "103.109.181.7", true),
            ("103.82.72.x", "103.82.72.9", true),
            ("103.82.72.1x", "103.82.72.15", true),
            ("103.82.72.1x", "103.82.72.25", false),
            (" 103.82.72 ", "103.82.72.1", true),
        ] {
            let pool = Pool::of(name).unwrap_or_else(|| panic!("{name} is a pool"));
            assert_eq!(pool.owns(ip.parse().unwrap()), owns, "{name} {ip}");
        }
    }

    #[test]
    fn a_name_that_is_no_pool_is_none() {
        for name in [
            "",
            "103",
            "103.",
            "103.82.",
            ".103.82",
            "103.82.72.1.5",
            "103.82.256",
            "103.082.7",
            "103.82.7x2",
            "103.x.72",
            "Diamond 3.1GHz",
            "103.82.-7",
            "103.82.72/24",
            "x.x.x",
            "103.82.72.0x",
            "103.82.26x",
            "103.82.0x",
            "１０３.82.72",
            "103.82.*",
            "103..82.72",
        ] {
            assert_eq!(Pool::of(name), None, "{name:?}");
        }
    }

    proptest! {
        #[test] // Whole octets mean exactly those octets, whatever the digits look like.
        fn whole_octets_are_equality(pool in prop::collection::vec(any::<u8>(), 2..=4), ip: [u8; 4]) {
            let name: Vec<String> = pool.iter().map(u8::to_string).collect();
            let owns = Pool::of(&name.join(".")).unwrap().owns(ip.into());
            prop_assert_eq!(owns, ip[..pool.len()] == pool[..]);
        }

        #[test]
        fn any_name_is_read_without_a_panic(name in "\\PC{0,40}", ip: [u8; 4]) {
            if let Some(pool) = Pool::of(&name) {
                let _ = pool.owns(ip.into());
            }
        }
    }
}
